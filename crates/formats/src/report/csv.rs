//! A table as CSV: the headings, the rows, and after an empty line the notes.

use spatial::{Table, TableCell};

use super::ReportFault;
use crate::csv_write::{guarded, push_cell};

/// A table as CSV that Excel opens rightly: UTF-8 with a byte order mark, lines ended by CR LF.
/// Numbers are numbers; text that a spreadsheet would run as a formula begins with an apostrophe.
/// Title and notes stand below the rows, so that the first line is that of the headings.
///
/// # Errors
/// When a row has not a cell for each column.
pub fn table_csv(table: &Table) -> Result<Vec<u8>, ReportFault> {
    let mut out = String::from("\u{feff}");
    let mut line = String::new();
    let mut end = |line: &mut String| {
        // The comma before the first cell.
        out.push_str(line.get(1..).unwrap_or_default());
        out.push_str("\r\n");
        line.clear();
    };
    for column in &table.columns {
        push_cell(&mut line, &guarded(&column.heading()));
    }
    end(&mut line);
    for (number, row) in (1..).zip(&table.rows) {
        super::workbook::check_row(table, number, row)?;
        for cell in row {
            match cell {
                TableCell::Text(text) => push_cell(&mut line, &guarded(text)),
                other => push_cell(&mut line, &other.to_string()),
            }
        }
        end(&mut line);
    }
    end(&mut line);
    for note in std::iter::once(&table.title).chain(&table.notes) {
        push_cell(&mut line, &guarded(note));
        end(&mut line);
    }
    Ok(out.into_bytes())
}
