//! Excel workbooks: every sheet with a header row is a layer.
//!
//! Cells are read one by one into rows of what is there, never into the rectangle that a sheet
//! claims to span. The header is the first of the top rows that is all text and spans most of
//! the sheet: titles above it are common, and noted.

#[cfg(test)]
mod xlsx_tests;

use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use calamine::{Data, DataRef, ExcelDateTime, Reader, Xls, Xlsx};

use crate::detect::ReadOptions;
use crate::table::{self, Cell, CellRow, CellRows, Table};
use crate::{FormatError, LayerReader, zipped};

const FORMAT: &str = "Excel";
/// Cells of one sheet; 100,000 rows of 200 columns.
const MAX_CELLS: usize = 20_000_000;
const MAX_COLUMNS: u32 = 2000;
/// What a workbook may unpack to; it is held in memory.
const MAX_UNPACKED_BYTES: u64 = 1 << 30;
/// A header stands within so many rows from the first.
const HEADER_WITHIN: usize = 10;

/// Opens every sheet of the workbook at `path` that has a header row.
pub fn open(path: &Path, options: &ReadOptions) -> Result<Vec<Box<dyn LayerReader>>, FormatError> {
    let refuse =
        |reason: String| FormatError::Malformed { path: path.to_owned(), format: FORMAT, reason };
    let io = |source| FormatError::Io { path: path.to_owned(), source };
    let mut magic = [0; 4];
    let mut file = File::open(path).map_err(io)?;
    std::io::Read::read_exact(&mut file, &mut magic).map_err(io)?;
    let packed = &magic == b"PK\x03\x04";
    if packed {
        zipped::check_size(path, options.max_unzipped_bytes.min(MAX_UNPACKED_BYTES))?;
    }
    // The reader of workbooks is not ours and has panicked on damaged ones before.
    let sheets =
        catch_unwind(AssertUnwindSafe(|| if packed { read_xlsx(path) } else { read_xls(path) }));
    let sheets = sheets.unwrap_or_else(|_| Err("its structure is damaged".to_owned()));
    let mut layers = Vec::new();
    for (name, sheet) in sheets.map_err(refuse)? {
        let sheet_refuse = |reason| refuse(format!("sheet {name:?}: {reason}"));
        let Some((header, rows, mut notes)) = split_header(sheet.rows) else { continue };
        if sheet.errors > 0 {
            notes.push(format!("{} cells hold an error such as #N/A; read as empty", sheet.errors));
        }
        let rows = Box::new(Rows { rows, next: 0 });
        let table = Table { name: name.clone(), header, rows, notes };
        layers.push(table::open(table, options, &sheet_refuse)?);
    }
    if layers.is_empty() {
        return Err(refuse("no sheet has a header row with rows below it".to_owned()));
    }
    Ok(layers)
}

/// The rows of one sheet that hold anything, with their numbers from 1.
#[derive(Default)]
struct Sheet {
    rows: Vec<(u64, Vec<Cell>)>,
    cells: usize,
    /// Cells with an error value.
    errors: u64,
}

impl Sheet {
    fn put(&mut self, (row, column): (u32, u32), cell: Cell) -> Result<(), String> {
        if cell == Cell::Empty {
            return Ok(());
        }
        if column >= MAX_COLUMNS {
            return Err(format!("more than {MAX_COLUMNS} columns"));
        }
        let number = u64::from(row) + 1;
        match self.rows.last().map(|(last, _)| *last) {
            Some(last) if last > number => return Err(format!("row {number} after row {last}")),
            Some(last) if last == number => {}
            _ => self.rows.push((number, Vec::new())),
        }
        if let Some((_, cells)) = self.rows.last_mut() {
            let column = column as usize;
            self.cells += (column + 1).saturating_sub(cells.len());
            if self.cells > MAX_CELLS {
                return Err(format!("more than {MAX_CELLS} cells; save it as CSV"));
            }
            if cells.len() <= column {
                cells.resize(column + 1, Cell::Empty);
            }
            cells[column] = cell;
        }
        Ok(())
    }
}

type Sheets = Result<Vec<(String, Sheet)>, String>;

fn read_xlsx(path: &Path) -> Sheets {
    let mut book: Xlsx<BufReader<File>> =
        calamine::open_workbook(path).map_err(|error| text_of(&error))?;
    let mut sheets = Vec::new();
    for name in book.sheet_names() {
        let mut sheet = Sheet::default();
        // Sheets that are charts have no cells.
        if let Ok(mut cells) = book.worksheet_cells_reader(&name) {
            while let Some(cell) = cells.next_cell().map_err(|error| text_of(&error))? {
                let value = match cell.get_value() {
                    DataRef::SharedString(text) => text_cell(text),
                    other => cell_of(&Data::from(other.clone()), &mut sheet.errors),
                };
                let put = sheet.put(cell.get_position(), value);
                put.map_err(|reason| format!("sheet {name:?}: {reason}"))?;
            }
        }
        sheets.push((name, sheet));
    }
    Ok(sheets)
}

fn read_xls(path: &Path) -> Sheets {
    let mut book: Xls<BufReader<File>> =
        calamine::open_workbook(path).map_err(|error| text_of(&error))?;
    let mut sheets = Vec::new();
    for name in book.sheet_names() {
        let mut sheet = Sheet::default();
        // A sheet of this format has at most 65,536 rows of 256 cells.
        let range = book.worksheet_range(&name).map_err(|error| text_of(&error))?;
        let (top, left) = range.start().unwrap_or((0, 0));
        for (row, column, value) in range.used_cells() {
            let cell = cell_of(value, &mut sheet.errors);
            let put = sheet.put((top + row as u32, left + column as u32), cell);
            put.map_err(|reason| format!("sheet {name:?}: {reason}"))?;
        }
        sheets.push((name, sheet));
    }
    Ok(sheets)
}

fn text_of(error: &dyn std::error::Error) -> String {
    error.to_string()
}

fn cell_of(value: &Data, errors: &mut u64) -> Cell {
    match value {
        Data::Int(number) => Cell::Number(*number as f64),
        Data::Float(number) if number.is_finite() => Cell::Number(*number),
        Data::String(text) | Data::DurationIso(text) => text_cell(text),
        Data::DateTimeIso(text) => match text.strip_suffix("T00:00:00") {
            Some(day) if crate::datetime::is_date(day) => Cell::Date(day.to_owned()),
            _ if crate::datetime::is_date(text) => Cell::Date(text.clone()),
            _ => text_cell(text),
        },
        Data::Bool(truth) => Cell::Bool(*truth),
        Data::DateTime(moment) => moment_cell(*moment),
        Data::Empty => Cell::Empty,
        Data::Float(_) | Data::Error(_) => {
            *errors += 1;
            Cell::Empty
        }
    }
}

fn text_cell(text: &str) -> Cell {
    match text.trim() {
        "" => Cell::Empty,
        text => Cell::Text(text.to_owned()),
    }
}

/// A day; or text, for a sheet knows no time zone.
fn moment_cell(moment: ExcelDateTime) -> Cell {
    if moment.is_duration() {
        return Cell::Number(moment.as_f64());
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    let date = format!("{year:04}-{month:02}-{day:02}");
    if moment.as_f64() < 1.0 {
        Cell::Text(time)
    } else if moment.as_f64().fract() == 0.0 {
        Cell::Date(date)
    } else {
        Cell::Text(format!("{date} {time}"))
    }
}

type HeaderAndRows = (Vec<String>, Vec<(u64, Vec<Cell>)>, Vec<String>);

/// The header, the rows below it, and a note on rows above it; `None` without one.
fn split_header(mut rows: Vec<(u64, Vec<Cell>)>) -> Option<HeaderAndRows> {
    let filled = |cells: &[Cell]| cells.iter().filter(|cell| **cell != Cell::Empty).count();
    let widest = rows.iter().map(|(_, cells)| filled(cells)).max()?;
    let at = rows.iter().take(HEADER_WITHIN).position(|(_, cells)| {
        filled(cells) * 2 > widest
            && cells.iter().all(|cell| matches!(cell, Cell::Text(_) | Cell::Empty))
    })?;
    let below = rows.split_off(at + 1);
    let (number, header) = rows.pop()?;
    let mut notes = Vec::new();
    if number > 1 && !rows.is_empty() {
        notes
            .push(format!("the header is row {number}; {} rows above it are not read", rows.len()));
    }
    let header = header.into_iter().map(|cell| match cell {
        Cell::Text(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        _ => String::new(),
    });
    (!below.is_empty()).then(|| (header.collect(), below, notes))
}

struct Rows {
    rows: Vec<(u64, Vec<Cell>)>,
    next: usize,
}

impl CellRows for Rows {
    fn rewind(&mut self) -> Result<(), FormatError> {
        self.next = 0;
        Ok(())
    }

    fn next_row(&mut self) -> Result<Option<CellRow>, FormatError> {
        let row = self.rows.get(self.next).map(|(number, cells)| (*number, Ok(cells.clone())));
        self.next += 1;
        Ok(row)
    }
}
