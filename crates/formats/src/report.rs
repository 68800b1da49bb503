//! Tables for people: CSV, workbooks, and an office's own workbook filled by name.
//!
//! *Invariant:* no cell that is written here is a formula; the same tables give the same bytes.

mod cell_text;
mod csv;
mod fault;
mod pack;
mod place;
#[cfg(test)]
mod report_tests;
mod template;
#[cfg(test)]
mod template_tests;
mod workbook;

use std::io::Write;
use std::path::Path;

pub use csv::table_csv;
pub use fault::ReportFault;
pub use pack::{PackedFile, pack, unpack};
pub use template::{Filled, fill_template};
pub use workbook::workbook;

use crate::FormatError;
use crate::atomic_file::AtomicFile;

/// Puts the bytes of a report at `path`, whole or not at all.
///
/// # Errors
/// When the system refuses.
pub fn save_report(path: &Path, bytes: &[u8]) -> Result<(), FormatError> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes).map_err(FormatError::io(path))?;
    file.finish()
}
