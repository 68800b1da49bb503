//! The change log and the history in the order in which a check meets them: by collection, by
//! feature, by time.

use rusqlite::types::ValueRef;
use rusqlite::{Row, Rows};
use spatial::{Envelope, FeatureId, gpb};

use super::super::catalogue::read_envelope;
use super::super::{history, log};
use super::Report;
use crate::{Operation, StoreError};

/// Changes of single features; SQLite sorts them, in files of its own when they are many.
pub(super) const EVENTS: &str = "
SELECT collection, fid, seq, revision, operation,
       before_min_x, before_min_y, before_max_x, before_max_y,
       after_min_x, after_min_y, after_max_x, after_max_y
FROM tuban_change_log WHERE operation <> 'load' ORDER BY collection, fid, seq";

/// Past states, in the order of their index.
pub(super) const STATES: &str = "
SELECT collection, fid, seq, from_revision, until_revision, properties, geometry
FROM tuban_history ORDER BY collection, fid, until_revision";

/// One change of one feature.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) revision: u64,
    pub(super) operation: Operation,
    pub(super) before: Option<Envelope>,
    pub(super) after: Option<Envelope>,
}

/// One past state of one feature.
#[derive(Debug)]
pub(super) struct State {
    pub(super) from: u64,
    pub(super) until: u64,
    /// Envelope of its geometry; outer none when that cannot be read, or was let go.
    pub(super) envelope: Option<Option<Envelope>>,
    /// Whether it was let go, and only its end is known.
    pub(super) let_go: bool,
}

/// A row with the feature that it is of.
#[derive(Debug)]
pub(super) struct Of<T> {
    pub(super) collection: String,
    pub(super) fid: i64,
    pub(super) row: T,
}

/// Reads a row; none when it was told as a defect.
type Read<T> = fn(&Row<'_>, &Report) -> Result<Option<Of<T>>, StoreError>;

/// Rows that can be looked at before they are taken.
pub(super) struct Cursor<'s, T> {
    rows: Rows<'s>,
    read: Read<T>,
    table: &'static str,
    next: Option<Of<T>>,
    /// Rows read.
    pub(super) count: u64,
    /// Whether reading ended before the last row.
    pub(super) broken: bool,
}

impl<'s, T> Cursor<'s, T> {
    fn new(rows: Rows<'s>, table: &'static str, report: &Report, read: Read<T>) -> Self {
        let mut cursor = Self { rows, read, table, next: None, count: 0, broken: false };
        cursor.advance(report);
        cursor
    }

    /// The row that [`Cursor::take`] answers next.
    pub(super) fn head(&self) -> Option<&Of<T>> {
        self.next.as_ref()
    }

    pub(super) fn take(&mut self, report: &Report) -> Option<Of<T>> {
        let taken = self.next.take();
        self.advance(report);
        taken
    }

    fn advance(&mut self, report: &Report) {
        while !self.broken {
            let read = match self.rows.next() {
                Ok(Some(row)) => (self.read)(row, report),
                Ok(None) => return,
                Err(error) => Err(error.into()),
            };
            self.count += 1;
            match read {
                Ok(Some(next)) => {
                    self.next = Some(next);
                    return;
                }
                // The row was told as a defect.
                Ok(None) => {}
                Err(error) => {
                    report.unreadable(self.table, &error);
                    self.broken = true;
                }
            }
        }
    }
}

pub(super) fn events<'s>(rows: Rows<'s>, report: &Report) -> Cursor<'s, Event> {
    Cursor::new(rows, "tuban_change_log", report, |row, report| {
        let seq: i64 = row.get(2)?;
        let wrong = |reason: &str| {
            report.tell("tuban_change_log", None, format!("row {seq}: {reason}"));
            Ok(None)
        };
        let operation = row.get_ref(4)?.as_str().ok().and_then(log::operation);
        let Some(operation) = operation else { return wrong("the operation is unknown") };
        let Some((collection, fid)) = place(row) else { return wrong("it names no feature") };
        let Ok(revision) = row.get(3) else { return wrong("it has no revision") };
        let border = |column: usize| match row.get_ref(column) {
            Ok(ValueRef::Real(border)) => Some(border),
            Ok(ValueRef::Integer(border)) => Some(border as f64),
            _ => None,
        };
        let envelope = |first: usize| read_envelope([0, 1, 2, 3].map(|n| border(first + n)));
        let event = Event { revision, operation, before: envelope(5), after: envelope(9) };
        Ok(Some(Of { collection, fid, row: event }))
    })
}

pub(super) fn states<'s>(rows: Rows<'s>, report: &Report) -> Cursor<'s, State> {
    Cursor::new(rows, "tuban_history", report, |row, report| {
        let seq: i64 = row.get(2)?;
        let wrong = |fid: Option<i64>, reason: String| {
            report.tell("tuban_history", fid, format!("row {seq}: {reason}"));
        };
        let Some((collection, fid)) = place(row) else {
            wrong(None, "it names no feature".to_owned());
            return Ok(None);
        };
        let (Ok(from), Ok(until)) = (row.get(3), row.get(4)) else {
            wrong(Some(fid), "it has no revisions".to_owned());
            return Ok(None);
        };
        let properties = row.get_ref(5)?.as_blob().unwrap_or_default();
        let let_go = history::is_dropped(properties);
        if !let_go && history::decode(properties).is_none() {
            wrong(Some(fid), "the properties cannot be read".to_owned());
        }
        let envelope = match row.get_ref(6)? {
            ValueRef::Null if let_go => None,
            ValueRef::Null => Some(None),
            ValueRef::Blob(bytes) => match gpb::decode(bytes) {
                Ok((_, decoded)) => {
                    Some(Some(decoded.geometry.envelope()).filter(|e| !e.is_empty()))
                }
                Err(error) => {
                    wrong(Some(fid), format!("the geometry cannot be read: {error}"));
                    None
                }
            },
            _ => {
                wrong(Some(fid), "the geometry is no bytes".to_owned());
                None
            }
        };
        Ok(Some(Of { collection, fid, row: State { from, until, envelope, let_go } }))
    })
}

fn place(row: &Row<'_>) -> Option<(String, i64)> {
    let fid: i64 = row.get(1).ok()?;
    Some((row.get(0).ok()?, FeatureId::try_from(fid).ok()?.value()))
}
