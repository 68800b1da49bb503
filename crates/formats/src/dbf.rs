//! dBASE tables: the attributes of a Shapefile, or a table of their own.
//!
//! Read from the raw bytes, twice: once to learn encoding and number types from every row, once
//! for the values. The `dbase` crate decodes with one encoding named beforehand, replaces what
//! it cannot decode, and so could neither choose an encoding nor name the bad row.
//!
//! Bounds: a header has at most 65,535 bytes and a row as many; the row count of the header is
//! checked against the length of the file.

#[cfg(test)]
mod dbf_tests;
mod fields;

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;
use spatial::{Feature, Field, GeometryType, Value};

use crate::detect::ReadOptions;
use crate::encoding::{Claim, RowEncoding, Tally, Text, bad_encoding, encoding_by_ldid};
use crate::{DeclaredCrs, FormatError, LayerReader, LayerSchema, Row, RowDefect};
use fields::{Column, Survey};

const FORMAT: &str = "DBF";
const DELETED: u8 = b'*';

/// A DBF that stands alone, e.g. the table 权利人 of a cadastral database: features without a
/// place.
pub fn open(path: &Path, options: &ReadOptions) -> Result<Vec<Box<dyn LayerReader>>, FormatError> {
    let (claim, mut notes) = claim_beside(path)?;
    let table = Table::open(path, options.named_encoding(path)?, claim)?;
    notes.extend(table.notes.iter().cloned());
    notes.push("a table without geometry: its features have no place".to_owned());
    let schema = LayerSchema {
        name: stem(path),
        crs: DeclaredCrs::Unknown,
        geometry_type: GeometryType::Any,
        has_z: false,
        has_m: false,
        fields: table.fields(),
        place_columns: Vec::new(),
        count: Some(table.count - table.deleted),
        notes,
    };
    Ok(vec![Box::new(Layer { schema, table })])
}

struct Layer {
    schema: LayerSchema,
    table: Table,
}

impl LayerReader for Layer {
    fn schema(&self) -> &LayerSchema {
        &self.schema
    }

    fn next_rows(&mut self, limit: usize) -> Result<Vec<Row>, FormatError> {
        let mut rows = Vec::new();
        while rows.len() < limit
            && let Some((number, record)) = self.table.next_record()?
        {
            if let Record::Live(properties) = record {
                let feature =
                    properties.map(|properties| Feature { id: None, geometry: None, properties });
                rows.push(Row::new(number, feature));
            }
        }
        Ok(rows)
    }
}

/// The stem of `path`, for a layer that has no other name.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

/// The file beside `path` with another extension, whatever its case.
pub(crate) fn sibling(path: &Path, extension: &str) -> Option<PathBuf> {
    let exact = path.with_extension(extension);
    if exact.is_file() {
        return Some(exact);
    }
    let wanted = format!("{}.{extension}", stem(path)).to_lowercase();
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().to_lowercase() == wanted)?;
    Some(found.path()).filter(|path| path.is_file())
}

/// What the `.cpg` beside `path` claims, and a note when it cannot be used.
pub(crate) fn claim_beside(path: &Path) -> Result<(Option<Claim>, Vec<String>), FormatError> {
    /// Longer than any name of an encoding.
    const CPG_BYTES: u64 = 64;
    let Some(cpg) = sibling(path, "cpg") else { return Ok((None, Vec::new())) };
    let mut bytes = Vec::new();
    File::open(&cpg)
        .and_then(|file| file.take(CPG_BYTES).read_to_end(&mut bytes))
        .map_err(|source| FormatError::Io { path: cpg, source })?;
    let label = String::from_utf8_lossy(&bytes);
    let label = label.lines().next().unwrap_or("").trim();
    Ok(match crate::encoding::encoding_by_label(label) {
        Some(encoding) => (Some(Claim { encoding, source: format!(".cpg ({label})") }), Vec::new()),
        None => (None, vec![format!(".cpg names no encoding known here: {label:?}")]),
    })
}

/// One row of a table.
#[derive(Debug)]
pub(crate) enum Record {
    /// Marked as deleted.
    Deleted,
    /// Its values in field order, or why they cannot be read.
    Live(Result<Vec<Value>, RowDefect>),
}

/// An open DBF.
#[derive(Debug)]
pub(crate) struct Table {
    path: PathBuf,
    file: BufReader<File>,
    /// Rows, deleted ones included.
    pub count: u64,
    /// Deleted rows.
    pub deleted: u64,
    /// How the table was understood.
    pub notes: Vec<String>,
    columns: Vec<Column>,
    encoding: RowEncoding,
    record: Vec<u8>,
    next: u64,
}

/// The fixed part of the header.
struct Header {
    count: u64,
    header_bytes: u64,
    record_bytes: usize,
    ldid: u8,
}

impl Table {
    /// Opens `path` and surveys every row. `forced` overrides every claim.
    pub(crate) fn open(
        path: &Path,
        forced: Option<&'static Encoding>,
        claim: Option<Claim>,
    ) -> Result<Self, FormatError> {
        let io = |source| FormatError::Io { path: path.to_owned(), source };
        let malformed = |reason: String| FormatError::Malformed {
            path: path.to_owned(),
            format: FORMAT,
            reason,
        };
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let mut file = BufReader::with_capacity(1 << 18, file);
        let mut bytes = Vec::new();
        // A header is at most 65,535 bytes long.
        (&mut file).take(u64::from(u16::MAX)).read_to_end(&mut bytes).map_err(io)?;
        let header = Header::read(&bytes).map_err(malformed)?;
        let fits = length.saturating_sub(header.header_bytes) / header.record_bytes as u64;
        if header.count > fits {
            return Err(malformed(format!(
                "the header says {} rows, the {length} bytes of the file hold {fits}: it is cut \
                 off; copy it anew",
                header.count
            )));
        }
        let descriptors = bytes.get(32..header.header_bytes as usize).unwrap_or_default();
        let (mut columns, mut notes) =
            fields::read_columns(descriptors, header.record_bytes).map_err(malformed)?;
        if header.count < fits {
            notes.push(format!(
                "{} rows beyond the header's count are not read",
                fits - header.count
            ));
        }
        let claim = claim.or_else(|| {
            let source = format!("LDID 0x{:02X}", header.ldid);
            encoding_by_ldid(header.ldid).map(|encoding| Claim { encoding, source })
        });
        let mut table = Self {
            path: path.to_owned(),
            file,
            count: header.count,
            deleted: 0,
            notes: Vec::new(),
            columns: Vec::new(),
            encoding: RowEncoding::fixed(encoding_rs::UTF_8),
            record: vec![0; header.record_bytes],
            next: 0,
        };
        table.rewind(header.header_bytes)?;
        let mut tally = Tally::new(claim);
        let names: Vec<Text<'_>> = columns.iter().map(Column::name_text).collect();
        tally.row(&names);
        let mut survey = Survey::new(&columns);
        while table.read_record()? {
            if table.record[0] == DELETED {
                table.deleted += 1;
            } else {
                tally.row(&texts(&columns, &table.record));
                survey.row(&columns, &table.record);
            }
        }
        let (encoding, why) = match forced {
            Some(encoding) => {
                let why = format!("text encoding {}: said by --encoding", encoding.name());
                (RowEncoding::fixed(encoding), vec![why])
            }
            None => tally.choose(),
        };
        notes.splice(0..0, why);
        notes.extend(survey.finish(&mut columns));
        notes.extend(fields::name_columns(&mut columns, encoding));
        if table.deleted > 0 {
            notes.push(format!("{} rows are marked as deleted and left out", table.deleted));
        }
        (table.columns, table.encoding, table.notes) = (columns, encoding, notes);
        table.rewind(header.header_bytes)?;
        let cut = table.count_cut_values()?;
        if cut > 0 {
            table.notes.push(format!(
                "{cut} values fill their column and end inside a character; the dangling bytes \
                 are dropped"
            ));
        }
        table.rewind(header.header_bytes)?;
        Ok(table)
    }

    /// The fields, in column order.
    pub(crate) fn fields(&self) -> Vec<Field> {
        self.columns.iter().map(Column::field).collect()
    }

    /// The next row and its number from 1; `None` at the end.
    pub(crate) fn next_record(&mut self) -> Result<Option<(u64, Record)>, FormatError> {
        if !self.read_record()? {
            return Ok(None);
        }
        if self.record[0] == DELETED {
            return Ok(Some((self.next, Record::Deleted)));
        }
        Ok(Some((self.next, Record::Live(self.values()))))
    }

    fn values(&self) -> Result<Vec<Value>, RowDefect> {
        let texts = texts(&self.columns, &self.record);
        let Some(encoding) = self.encoding.of(&texts) else {
            let culprit = self.columns.iter().filter(|c| c.is_text()).zip(&texts);
            let culprit = culprit
                .filter(|(_, text)| self.encoding.of(&[**text]).is_none())
                .map(|(column, _)| column.name.as_str())
                .next();
            return Err(bad_encoding(culprit, self.encoding));
        };
        self.columns.iter().map(|column| column.value(&self.record, encoding)).collect()
    }

    fn count_cut_values(&mut self) -> Result<u64, FormatError> {
        let mut cut = 0;
        while self.read_record()? {
            if self.record[0] == DELETED || self.record.is_ascii() {
                continue;
            }
            let texts = texts(&self.columns, &self.record);
            if let Some(encoding) = self.encoding.of(&texts) {
                let decoded = texts.iter().filter_map(|t| crate::encoding::decode(encoding, *t));
                cut += decoded.filter(|(_, cut)| *cut).count() as u64;
            }
        }
        Ok(cut)
    }

    /// Reads the bytes of the next row; false at the end.
    fn read_record(&mut self) -> Result<bool, FormatError> {
        if self.next == self.count {
            return Ok(false);
        }
        self.next += 1;
        self.file
            .read_exact(&mut self.record)
            .map_err(|source| FormatError::Io { path: self.path.clone(), source })?;
        Ok(true)
    }

    fn rewind(&mut self, header_bytes: u64) -> Result<(), FormatError> {
        self.next = 0;
        self.file
            .seek(SeekFrom::Start(header_bytes))
            .map_err(|source| FormatError::Io { path: self.path.clone(), source })?;
        Ok(())
    }
}

fn texts<'a>(columns: &[Column], record: &'a [u8]) -> Vec<Text<'a>> {
    columns.iter().filter(|column| column.is_text()).map(|column| column.text(record)).collect()
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let Some(fixed) = bytes.first_chunk::<32>() else {
            return Err(format!("{} bytes, a header alone has 33", bytes.len()));
        };
        if fixed[0] & 7 == 4 {
            return Err("a dBASE 7 table; save it as dBASE III or IV".to_owned());
        }
        let header_bytes = u16::from_le_bytes([fixed[8], fixed[9]]);
        let record_bytes = usize::from(u16::from_le_bytes([fixed[10], fixed[11]]));
        if header_bytes < 33 || usize::from(header_bytes) > bytes.len() {
            return Err(format!("header length {header_bytes}, with {} bytes there", bytes.len()));
        }
        if record_bytes == 0 {
            return Err("row length 0".to_owned());
        }
        Ok(Self {
            count: u64::from(u32::from_le_bytes([fixed[4], fixed[5], fixed[6], fixed[7]])),
            header_bytes: u64::from(header_bytes),
            record_bytes,
            ldid: fixed[29],
        })
    }
}
