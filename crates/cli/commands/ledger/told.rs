//! Tells what became of the rows of a spreadsheet.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use crate::EXIT_PARTIAL;
use crate::output::{say, tell};
use crate::register::{Fate, RowFate};

/// Defects that are printed; as JSON all are.
const SHOWN: usize = 50;

/// How the rows are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// In sentences.
    Words,
    /// As JSON.
    Json,
}

/// A spreadsheet whose rows were taken into a ledger.
#[derive(Debug)]
pub struct Taken<'a> {
    /// The file.
    pub file: &'a Path,
    /// What its good rows became.
    pub made: Fate,
    /// What a user should know of how it was understood.
    pub notes: &'a [String],
    /// What it calls its columns.
    pub headers: &'a BTreeMap<String, String>,
}

/// Prints what became of the rows of a spreadsheet, columns by its own headers; the exit code says
/// whether every row is in the ledger.
pub fn told(taken: &Taken<'_>, mut fates: Vec<RowFate>, telling: Telling) -> ExitCode {
    for defect in fates.iter_mut().flat_map(|one| &mut one.defects) {
        if let Some(header) = taken.headers.get(&defect.column) {
            defect.column.clone_from(header);
        }
    }
    match telling {
        Telling::Json => say(serde_json::to_string_pretty(&fates).unwrap_or_default()),
        Telling::Words => print(taken, &fates),
    }
    let is_whole = fates.iter().all(|one| !matches!(one.fate, Fate::Refused | Fate::Withheld));
    if is_whole { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTIAL) }
}

fn print(taken: &Taken<'_>, fates: &[RowFate]) {
    let Taken { file, made, notes, .. } = *taken;
    let count = |fate| fates.iter().filter(|one| one.fate == fate).count();
    let mut line = format!(
        "{}: {} of {} rows {}",
        file.display(),
        count(made),
        fates.len(),
        if made == Fate::Raised { "raised" } else { "registered" }
    );
    for (fate, said) in [
        (Fate::Changed, "gave points new values"),
        (Fate::Known, "were known"),
        (Fate::Refused, "refused"),
        (Fate::Withheld, "good, but withheld for the others"),
    ] {
        if count(fate) > 0 {
            line.push_str(&format!(", {} {said}", count(fate)));
        }
    }
    say(line);
    for note in notes {
        tell(format_args!("  note: {note}"));
    }
    let defects = fates.iter().flat_map(|one| one.defects.iter().map(|defect| (one.row, defect)));
    let total = defects.clone().count();
    for (row, defect) in defects.take(SHOWN) {
        let column = match defect.column.as_str() {
            "" => String::new(),
            column => format!(", {column}"),
        };
        tell(format_args!("  row {row}{column}: {}", defect.reason));
    }
    if total > SHOWN {
        tell(format_args!("  … and {} more defects; --json prints all", total - SHOWN));
    }
}
