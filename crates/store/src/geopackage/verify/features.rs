//! The features of one collection: every row can be read, the R-tree has its box and no other, and
//! what is said of all of them is so.

use rusqlite::{Connection, OptionalExtension};
use spatial::{Envelope, gpb};

use super::super::catalogue::{self, Table};
use super::super::rtree::Cell;
use super::super::schema::ident;
use super::super::{notes, row};
use super::Report;
use super::record::{Found, Record};
use crate::StoreError;
use crate::fit::fit;
use crate::memory::envelope_of;

/// A box may be wider than the envelope by so many steps of 32-bit floats: each writer rounds
/// outward in its own way.
const SLACK: i64 = 4;

/// Reads every feature, tells `record` of it, and answers how many there are.
pub(super) fn check(
    db: &Connection,
    table: &Table,
    record: &mut Record<'_>,
    report: &Report,
) -> Result<u64, StoreError> {
    let columns = &table.columns;
    let name = &columns.table;
    let rtree = ident(&columns.rtree());
    let boxes = format!("SELECT minx, maxx, miny, maxy FROM {rtree} WHERE id = ?1");
    let mut boxes = match db.prepare(&boxes) {
        Ok(boxes) => Some(boxes),
        Err(error) => {
            report.unreadable(&columns.rtree(), &error.into());
            None
        }
    };
    let sql = format!("{} ORDER BY {}", row::select_sql(table), ident(&columns.fid));
    let mut statement = db.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let (mut count, mut placed, mut last, mut all) = (0, 0_u64, 0, 0);
    let mut extent = Envelope::EMPTY;
    while let Some(found) = rows.next()? {
        let fid: i64 = found.get(0)?;
        last = last.max(fid);
        all += 1;
        if record.apart().ids.contains(&fid) {
            record.present(fid, Found::Unreadable);
            continue;
        }
        count += 1;
        let defect = |reason: String| report.tell(name, Some(fid), reason);
        let read = row::read(table, found).and_then(|mut feature| {
            fit(&table.collection, &mut feature)?;
            Ok(feature)
        });
        let place = match read {
            Ok(feature) => envelope_of(&feature),
            Err(StoreError::Damaged { reason, place, .. }) => {
                defect(format!("{}: {reason}", place.rsplit(", ").next().unwrap_or_default()));
                record.present(fid, Found::Unreadable);
                continue;
            }
            Err(StoreError::Unfit { field, reason, .. }) => {
                defect(format!("{field}: {reason}"));
                record.present(fid, Found::Unreadable);
                continue;
            }
            Err(error) => return Err(error),
        };
        if let Ok(bytes) = found.get_ref(1)?.as_blob()
            && let Ok(header) = gpb::read_header(bytes)
            && header.envelope.is_some_and(|said| said != place.unwrap_or(Envelope::EMPTY))
        {
            defect("the geometry's header has another envelope than its coordinates".to_owned());
        }
        record.present(fid, Found::At(place));
        extent = extent.union(&place.unwrap_or(Envelope::EMPTY));
        let Some(boxes) = &mut boxes else { continue };
        let found = boxes.query_row([fid], |row| {
            let borders = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
            Ok(Cell { id: fid, borders })
        });
        match (found.optional(), place) {
            (Ok(None), None) => {}
            (Ok(None), Some(_)) => defect("it is not in the R-tree".to_owned()),
            (Ok(Some(_)), None) => {
                placed += 1;
                defect("it has no place, but it is in the R-tree".to_owned());
            }
            (Ok(Some(cell)), Some(place)) => {
                placed += 1;
                if !is_round(&cell, &Cell::new(fid, &place)) {
                    defect("its box in the R-tree is not that of its geometry".to_owned());
                }
            }
            (Err(error), _) => defect(format!("the R-tree cannot be read: {error}")),
        }
    }
    if boxes.is_some() {
        check_extra_boxes(db, table, placed, report);
    }
    if !record.apart().pending {
        check_sums(table, count, extent, report);
    }
    check_counter(db, table, all, report)?;
    check_said(db, table, last, report)?;
    Ok(count)
}

/// Whether `cell` holds the smallest box round an envelope, and little more.
fn is_round(cell: &Cell, smallest: &Cell) -> bool {
    let steps = |from: f32, to: f32| i64::from(ordered(to)) - i64::from(ordered(from));
    let ([a, b, c, d], [e, f, g, h]) = (cell.borders, smallest.borders);
    [steps(a, e), steps(f, b), steps(c, g), steps(h, d)].iter().all(|n| (0..=SLACK).contains(n))
}

/// An integer that grows by one from each float to the next.
fn ordered(value: f32) -> i32 {
    let bits = value.to_bits() as i32;
    if bits < 0 { i32::MIN - bits } else { bits }
}

/// Boxes of features that are not there.
fn check_extra_boxes(db: &Connection, table: &Table, placed: u64, report: &Report) {
    let columns = &table.columns;
    let rowids = ident(&format!("{}_rowid", columns.rtree()));
    let look = || {
        let count = db.query_row(&format!("SELECT count(*) FROM {rowids}"), [], |r| r.get(0))?;
        if placed == count {
            return Ok(());
        }
        let mut extra = db.prepare(&format!(
            "SELECT r.rowid FROM {rowids} r WHERE NOT EXISTS
             (SELECT 1 FROM {} f WHERE f.{} = r.rowid)",
            ident(&columns.table),
            ident(&columns.fid)
        ))?;
        let mut rows = extra.query([])?;
        while let Some(row) = rows.next()? {
            let fid = row.get(0)?;
            report.tell(&columns.table, Some(fid), "it is in the R-tree, but not in the table");
        }
        Ok::<(), rusqlite::Error>(())
    };
    if let Err(error) = look() {
        report.unreadable(&columns.rtree(), &error.into());
    }
}

/// Count and extent as the catalogue has them.
fn check_sums(table: &Table, count: u64, extent: Envelope, report: &Report) {
    let (collection, name) = (&table.collection, &table.columns.table);
    if collection.count != count {
        let reason =
            format!("{name} is said to have {} features, and has {count}", collection.count);
        report.tell("tuban_shown", None, reason);
    }
    if collection.extent != extent && !(collection.extent.is_empty() && extent.is_empty()) {
        let reason = format!("the extent of {name} is not that of its features");
        report.tell("tuban_shown", None, reason);
    }
}

/// The number of rows that GDAL and QGIS go by.
fn check_counter(
    db: &Connection,
    table: &Table,
    rows: u64,
    report: &Report,
) -> Result<(), StoreError> {
    let name = &table.columns.table;
    let sql = "SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = ?1";
    let said = db.query_row(sql, [name], |row| row.get::<_, Option<u64>>(0)).optional()?.flatten();
    if said != Some(rows) {
        let said = said.map_or_else(|| "no number of".to_owned(), |said| said.to_string());
        let reason = format!("{name} is said to have {said} rows, and has {rows}");
        report.tell("gpkg_ogr_contents", None, reason);
    }
    Ok(())
}

/// What else the catalogue says, and what keeps it true when others write.
fn check_said(
    db: &Connection,
    table: &Table,
    last: i64,
    report: &Report,
) -> Result<(), StoreError> {
    let (collection, columns) = (&table.collection, &table.columns);
    let name = &columns.table;
    let given = catalogue::last_fid(db, columns)?;
    if given < last {
        let reason = format!("the last id of {name} is said to be {given}, but {last} is there");
        report.tell("sqlite_sequence", None, reason);
    }
    let sql = "SELECT ifnull(max(position) + 1, 0) FROM tuban_fields WHERE collection = ?1";
    let fields: usize = db.query_row(sql, [name], |row| row.get(0))?;
    if fields != collection.fields.len() {
        report.tell("tuban_fields", None, format!("{name} has lost fields"));
    }
    let has = |kind: &str, wanted: &str| {
        let sql = "SELECT 1 FROM sqlite_schema WHERE type = ?1 AND name = ?2 AND tbl_name = ?3";
        db.query_row(sql, (kind, wanted, name), |_| Ok(())).optional().map(|found| found.is_some())
    };
    if let Some(key) = &collection.key
        && !has("index", &columns.key_name())?
    {
        report.tell(name, None, format!("the unique index of its key {key} is missing"));
    }
    for trigger in columns.trigger_names() {
        if !has("trigger", &trigger)? {
            let reason = format!(
                "the trigger {trigger} is missing: what other programs write would not reach the index"
            );
            report.tell(name, None, reason);
        }
    }
    if !notes::has_triggers(db, table)? {
        let reason = "triggers that note what other programs write are missing or were changed";
        report.tell(name, None, reason.to_owned());
    }
    Ok(())
}
