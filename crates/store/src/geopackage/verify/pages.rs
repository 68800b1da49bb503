//! SQLite's own check: every page, every entry of every index, every node of every R-tree.

use rusqlite::{Connection, OptionalExtension};

use super::Report;
use crate::StoreError;

/// Most findings that SQLite is asked for: a broken file has as many as one likes.
const MOST: u32 = 10_000;

/// Tells what SQLite finds.
pub(super) fn check(db: &Connection, report: &Report) {
    if let Err(error) = run(db, report) {
        report.unreadable("file", &error);
    }
}

fn run(db: &Connection, report: &Report) -> Result<(), StoreError> {
    let mut statement = db.prepare(&format!("PRAGMA integrity_check({MOST})"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let found: String = row.get(0)?;
        let mut table = None;
        for line in found.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if line == "ok" || line.starts_with("***") {
                continue;
            }
            // `In RTree main.rtree_p_geom:` stands above what is wrong with it.
            if let Some(name) = line.strip_prefix("In RTree ") {
                let name = name.trim_end_matches(':');
                table = Some(name.strip_prefix("main.").unwrap_or(name).to_owned());
                continue;
            }
            let owner = match &table {
                Some(table) => table.clone(),
                None => owner(db, line).unwrap_or_else(|| "file".to_owned()),
            };
            report.tell(owner, row_of(line), line);
        }
    }
    Ok(())
}

/// The table whose index a finding names, as in `row 7 missing from index tuban_key_p`.
fn owner(db: &Connection, line: &str) -> Option<String> {
    let (_, index) = line.split_once("index ")?;
    let sql = "SELECT tbl_name FROM sqlite_schema WHERE type = 'index' AND name = ?1";
    db.query_row(sql, [index], |row| row.get(0)).optional().ok()?
}

/// The row of a finding that begins with `row N`.
fn row_of(line: &str) -> Option<i64> {
    line.strip_prefix("row ")?.split(' ').next()?.parse().ok()
}
