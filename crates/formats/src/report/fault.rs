//! Why a report cannot be written.

use thiserror::Error;

/// A table that no workbook can hold, or a template that cannot be filled.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReportFault {
    /// A workbook needs a sheet.
    #[error("there is no table to write; a workbook needs one at least")]
    NoTable,
    /// The parts of a workbook cannot be packed.
    #[error("the workbook cannot be packed: {reason}; write CSV")]
    Unpacked {
        /// What the packer said.
        reason: String,
    },
    /// More than a sheet can hold.
    #[error("sheet {sheet:?}: {found} {what}; a sheet holds at most {most}: write CSV")]
    TooMuch {
        /// The title of the table.
        sheet: String,
        /// Rows, columns or characters of a cell.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many a sheet can hold.
        most: usize,
    },
    /// A row has more or fewer cells than there are columns.
    #[error("table {table:?}, row {row}: {found} cells for {columns} columns")]
    Ragged {
        /// The title of the table.
        table: String,
        /// The row, from 1.
        row: usize,
        /// Its cells.
        found: usize,
        /// The columns.
        columns: usize,
    },
    /// The bytes are no pack of files.
    #[error("it is no pack that can be read: {reason}")]
    NotAPack {
        /// What is wrong.
        reason: String,
    },
    /// The template is no workbook, or a damaged one.
    #[error(
        "the template is no readable .xlsx workbook: {reason}; save it anew in the office program"
    )]
    NotAWorkbook {
        /// What is wrong, and where.
        reason: String,
    },
    /// The template asks for names that there are none of.
    #[error("the template asks for what is not known: {asked}; there are for example {known}")]
    Unknown {
        /// The first names, each with its sheet and cell.
        asked: String,
        /// Some names that are known.
        known: String,
    },
    /// A name stands for a cell with a formula.
    #[error(
        "sheet {sheet:?}, cell {cell}: {name:?} stands for a formula; clear the cell, or name another"
    )]
    Formula {
        /// The sheet.
        sheet: String,
        /// The cell.
        cell: String,
        /// The name.
        name: String,
    },
    /// Nothing in the template is asked for.
    #[error(
        "the template asks for nothing: write {{{{NAME}}}} into a cell, or give a cell a NAME of \
         its own; there are for example {known}"
    )]
    NothingAsked {
        /// Some names that are known.
        known: String,
    },
}
