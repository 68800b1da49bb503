//! Prints tables for people, or writes them to a file.

use std::path::Path;

use formats::report::{save_report, table_csv, workbook};
use serde_json::Value;
use spatial::Table;

use super::CommandError;
use crate::output::say;

/// Prints tables, or the document where JSON is asked for; or writes the tables to a file, of which
/// one of CSV has the first.
pub(super) fn tell(
    (out, json): (Option<&Path>, bool),
    document: impl FnOnce() -> Value,
    tables: &[Table],
) -> Result<(), CommandError> {
    let Some(out) = out else {
        if json {
            say(serde_json::to_string_pretty(&document()).unwrap_or_default());
            return Ok(());
        }
        for table in tables {
            let headings: Vec<&str> = table.columns.iter().map(|one| one.name.as_str()).collect();
            say(format_args!("{}\n{}", table.title, headings.join("\t")));
            for row in &table.rows {
                let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
                say(cells.join("\t"));
            }
            table.notes.iter().for_each(say);
        }
        return Ok(());
    };
    let first = tables.first().cloned().unwrap_or_default();
    save(out, &first, tables)?;
    say(format_args!("{}: {} rows", out.display(), first.rows.len()));
    Ok(())
}

/// Writes one table as CSV, or all as a workbook, by the ending of the file.
pub(super) fn save(out: &Path, one: &Table, all: &[Table]) -> Result<(), CommandError> {
    let value = out.display().to_string();
    let refused = |reason: String| CommandError::Argument { name: "--out", value, reason };
    let bytes = match out.extension().and_then(|ending| ending.to_str()).unwrap_or_default() {
        "csv" => table_csv(one),
        "xlsx" => workbook(all),
        _ => return Err(refused("a name that ends in .csv or .xlsx is expected".to_owned())),
    };
    match bytes {
        Ok(bytes) => Ok(save_report(out, &bytes)?),
        Err(fault) => Err(refused(fault.to_string())),
    }
}
