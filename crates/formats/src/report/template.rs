//! Fills an office's own workbook: cells that hold `{{NAME}}`, and cells that have a defined name.
//!
//! Only the cells that are filled are rewritten, each with its style; every other byte of a sheet
//! stays, and every other part of the workbook is copied packed as it is. Formulas are computed anew
//! when the workbook is opened.

mod book;
mod sheet;
mod xml;

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use spatial::TableCell;
use zip::{ZipArchive, ZipWriter};

use self::book::Book;
use self::sheet::Asked;
use super::ReportFault;
use super::workbook::options;

/// Largest template, packed.
const MAX_PACKED_BYTES: usize = 64 << 20;
/// What its sheets may unpack to together; they are held in memory.
const MAX_UNPACKED_BYTES: u64 = 256 << 20;
const MAX_ENTRIES: usize = 10_000;
/// How many names a message shows.
const SHOWN: usize = 10;

/// What was filled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// How many cells.
    pub cells: usize,
    /// Defined names of the workbook that stand for a cell and were not filled: nothing is known of
    /// them, or their sheet has no cells. An office's workbook has names for purposes of its own.
    pub unfilled_names: Vec<String>,
}

/// Fills a workbook with values by name. Upper and lower case are alike, as in spreadsheets.
///
/// A cell that holds nothing but `{{NAME}}` gets the value with its type, another one the text
/// around it too. A defined name fills the cell that it stands for, the first one of a range.
///
/// # Errors
/// When the bytes are no workbook, when a `{{NAME}}` is not known, when a name stands for a cell
/// with a formula, or when nothing is asked for. Nothing is filled by halves.
pub fn fill_template(
    template: &[u8],
    values: impl IntoIterator<Item = (String, TableCell)>,
) -> Result<(Vec<u8>, Filled), ReportFault> {
    let values: BTreeMap<String, TableCell> =
        values.into_iter().map(|(name, cell)| (name.to_lowercase(), cell)).collect();
    let mut parts = Parts::open(template)?;
    let book = Book::read(&mut parts)?;
    let mut filled = Filled::default();
    let mut named: BTreeMap<&str, BTreeMap<super::place::Place, (&str, &TableCell)>> =
        BTreeMap::new();
    for (name, sheet, place) in &book.names {
        match values.get(&name.to_lowercase()) {
            Some(value) => {
                let sheet = named.entry(sheet.as_str()).or_default();
                sheet.insert(*place, (name.as_str(), value));
            }
            None => filled.unfilled_names.push(name.clone()),
        }
    }
    let mut rewritten = BTreeMap::new();
    let mut unknown = Vec::new();
    let mut has_formulas = false;
    for (name, part) in &book.sheets {
        let text = parts.text(part)?;
        let asked = Asked {
            sheet: name,
            shared: &book.shared,
            values: &values,
            named: named.remove(name.as_str()).unwrap_or_default(),
        };
        let done = sheet::fill(&text, asked)?;
        has_formulas |= done.has_formulas;
        filled.cells += done.cells;
        unknown.extend(done.unknown);
        if done.cells > 0 {
            rewritten.insert(part.clone(), done.text);
        }
    }
    filled.unfilled_names.extend(
        named.values().flat_map(|cells| cells.values().map(|(name, _)| (*name).to_owned())),
    );
    let known = || shown(values.keys().map(String::as_str));
    if !unknown.is_empty() {
        return Err(ReportFault::Unknown {
            asked: shown(unknown.iter().map(String::as_str)),
            known: known(),
        });
    }
    if filled.cells == 0 {
        return Err(ReportFault::NothingAsked { known: known() });
    }
    if has_formulas {
        rewritten.insert(book.part.clone(), book::computed_anew(&book.text)?);
    }
    Ok((parts.written(&rewritten)?, filled))
}

fn shown<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let more = if names.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", names[..names.len().min(SHOWN)].join(", "))
}

fn broken(part: &str, reason: impl std::fmt::Display) -> ReportFault {
    ReportFault::NotAWorkbook { reason: format!("{part}: {reason}") }
}

/// The parts of a workbook.
struct Parts<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    left: u64,
}

impl<'a> Parts<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, ReportFault> {
        if bytes.len() > MAX_PACKED_BYTES {
            let reason = format!("{} bytes; at most {MAX_PACKED_BYTES} are read", bytes.len());
            return Err(ReportFault::NotAWorkbook { reason });
        }
        let zip = ZipArchive::new(Cursor::new(bytes))
            .map_err(|error| ReportFault::NotAWorkbook { reason: error.to_string() })?;
        if zip.len() > MAX_ENTRIES {
            let reason = format!("{} parts; at most {MAX_ENTRIES} are read", zip.len());
            return Err(ReportFault::NotAWorkbook { reason });
        }
        Ok(Self { zip, left: MAX_UNPACKED_BYTES })
    }

    /// A part as text, as long as the limit holds.
    fn text(&mut self, name: &str) -> Result<String, ReportFault> {
        let entry = self.zip.by_name(name).map_err(|error| broken(name, error))?;
        let mut bytes = Vec::new();
        let limit = self.left.saturating_add(1);
        entry.take(limit).read_to_end(&mut bytes).map_err(|error| broken(name, error))?;
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(|| {
            broken(name, format!("its sheets unpack to more than {MAX_UNPACKED_BYTES} bytes"))
        })?;
        String::from_utf8(bytes).map_err(|_refused| broken(name, "it is not UTF-8"))
    }

    /// The workbook with some parts written anew.
    fn written(&mut self, rewritten: &BTreeMap<String, String>) -> Result<Vec<u8>, ReportFault> {
        let mut out = ZipWriter::new(Cursor::new(Vec::new()));
        for slot in 0..self.zip.len() {
            let entry = self.zip.by_index_raw(slot);
            let entry = entry.map_err(|error| broken(&format!("part {}", slot + 1), error))?;
            let name = entry.name().map(|name| name.into_owned());
            let name = name.map_err(|error| broken(&format!("part {}", slot + 1), error))?;
            let fault = |error: zip::result::ZipError| broken(&name, error);
            match rewritten.get(&name) {
                None => out.raw_copy_file(entry).map_err(fault)?,
                Some(text) => {
                    out.start_file(&name, options()).map_err(fault)?;
                    out.write_all(text.as_bytes()).map_err(|error| broken(&name, error))?;
                }
            }
        }
        let bytes = out.finish().map_err(|error| broken("the end", error))?;
        Ok(bytes.into_inner())
    }
}
