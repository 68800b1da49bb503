//! Records that wait, as a table: which rows of which collection, for what, for whom and until when.
//!
//! A record goes through steps in order. A step is done when its column is filled, and with it all
//! before; the record waits for the first that is not. Rows of another collection may keep it from
//! waiting. A text that is no day and no time is no date; what another program wrote is not refused
//! here.

use spatial::{Collection, Day, FeatureId, Timestamp, ValueRef};

use super::{RecordRules, Subject, Waiting, Work};
use crate::clue::read_moment;
use crate::point::moment::{HOUR_MS, later};
use crate::record::calls::{ARRIVALS, COMPLAINTS, DECISIONS, ORDERS, WHISTLES};

/// Rows of one collection that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingRecords {
    /// Id of the collection.
    pub collection: &'static str,
    /// What a record waits for, in order, each with the column that says that it is done.
    pub steps: &'static [(Work, &'static str)],
    /// The column that says since when.
    since: &'static str,
    /// The column of its date; without one, or where it is empty, [`RecordRules::hours`] count.
    due: Option<&'static str>,
    /// Columns of the units that it waits for, at most two.
    units: &'static [&'static str],
    /// What keeps it from waiting.
    pub rests: Option<Rests>,
    /// What is told of it in work lists: a member, and the column that it is read from.
    pub told: &'static [(&'static str, &'static str)],
}

/// Rows of another collection that keep records from waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rests {
    /// Id of the other collection.
    pub collection: &'static str,
    /// The column of the record …
    own: &'static str,
    /// … and the column of the other rows that has the same text.
    pub named: &'static str,
    /// The column of those rows that decides.
    pub column: &'static str,
    /// What it must be in one of them.
    pub when: Filling,
}

/// Whether a column has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filling {
    /// It has.
    Filled,
    /// It has none, or a text of blanks.
    Empty,
}

impl Filling {
    /// That of a value.
    pub fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Empty,
            ValueRef::Text(text) if text.trim().is_empty() => Self::Empty,
            _ => Self::Filled,
        }
    }
}

/// Every kind of record that waits.
pub const RECORDS: [WaitingRecords; 5] = [
    // Whoever called sees who has not come.
    WaitingRecords {
        collection: ARRIVALS,
        steps: &[(Work::Arrive, "arrived_at")],
        since: "called_at",
        due: None,
        units: &["department", "unit"],
        rests: Some(Rests {
            collection: WHISTLES,
            own: "whistle",
            named: "code",
            column: "closed_at",
            when: Filling::Filled,
        }),
        told: &[
            ("code", "code"),
            ("unit", "unit"),
            ("receiver", "department"),
            ("whistle", "whistle"),
            ("since", "called_at"),
        ],
    },
    WaitingRecords {
        collection: WHISTLES,
        steps: &[(Work::CloseCall, "closed_at")],
        since: "called_at",
        due: None,
        units: &["caller"],
        rests: Some(Rests {
            collection: ARRIVALS,
            own: "code",
            named: "whistle",
            column: "arrived_at",
            when: Filling::Empty,
        }),
        told: &[
            ("code", "code"),
            ("unit", "caller"),
            ("subject", "subject"),
            ("point", "point"),
            ("whistle", "code"),
            ("since", "called_at"),
        ],
    },
    WaitingRecords {
        collection: ORDERS,
        steps: &[(Work::Read, "read_at"), (Work::TakeOn, "accepted_at"), (Work::Finish, "done_at")],
        since: "sent_at",
        due: Some("due_at"),
        units: &["to_unit"],
        rests: None,
        told: &[
            ("code", "code"),
            ("from", "from_unit"),
            ("receiver", "to_unit"),
            ("subject", "subject"),
            ("point", "point"),
            ("since", "sent_at"),
        ],
    },
    WaitingRecords {
        collection: DECISIONS,
        steps: &[(Work::CarryOut, "done")],
        since: "decided_at",
        due: Some("due"),
        units: &["unit"],
        rests: None,
        told: &[
            ("code", "code"),
            ("unit", "unit"),
            ("subject", "text"),
            ("point", "point"),
            ("meeting", "meeting"),
            ("since", "decided_at"),
        ],
    },
    WaitingRecords {
        collection: COMPLAINTS,
        steps: &[(Work::Respond, "responded_at"), (Work::Resolve, "resolved_at")],
        since: "occurred_at",
        due: None,
        units: &["handled_by"],
        rests: None,
        told: &[
            ("code", "code"),
            ("receiver", "handled_by"),
            ("subject", "category"),
            ("point", "point"),
            ("since", "occurred_at"),
        ],
    },
];

impl WaitingRecords {
    /// The columns that decide what waits.
    pub fn columns(&self) -> impl Iterator<Item = &'static str> + use<> {
        let steps = self.steps.iter().map(|(_, column)| *column);
        let rests = self.rests.map(|rests| rests.own);
        let units = self.units.iter().copied();
        steps.chain([self.since]).chain(self.due).chain(units).chain(rests)
    }

    /// The same over the rows of `collection`; none where a column that decides is not there.
    pub fn bind(&'static self, collection: &Collection) -> Option<BoundRecords> {
        let at = |name: &str| collection.field_position(name);
        let steps = self.steps.iter().map(|(work, column)| Some((*work, at(column)?)));
        let mut units = [None; 2];
        for (unit, column) in units.iter_mut().zip(self.units) {
            *unit = Some(at(column)?);
        }
        Some(BoundRecords {
            steps: steps.collect::<Option<_>>()?,
            since: at(self.since)?,
            due: match self.due {
                Some(column) => Some(at(column)?),
                None => None,
            },
            units,
            rests: match self.rests {
                Some(rests) => Some(at(rests.own)?),
                None => None,
            },
        })
    }
}

/// Records whose columns were looked up in a collection.
#[derive(Clone, Debug)]
pub struct BoundRecords {
    steps: Vec<(Work, usize)>,
    since: usize,
    due: Option<usize>,
    units: [Option<usize>; 2],
    rests: Option<usize>,
}

impl BoundRecords {
    /// What a row waits for, by its values at the positions of its fields; nothing where its name is
    /// among those that `rest`.
    pub fn waiting<'v>(
        &self,
        (row, value): (FeatureId, &dyn Fn(usize) -> ValueRef<'v>),
        rest: &dyn Fn(&str) -> bool,
        rules: &RecordRules,
    ) -> Option<Waiting<'v>> {
        let is_done = |(_, column): &(Work, usize)| Filling::of(value(*column)) == Filling::Filled;
        let done = self.steps.iter().rposition(is_done).map_or(0, |last| last + 1);
        let (work, _) = *self.steps.get(done)?;
        if self.rests.and_then(|column| text(value(column))).is_some_and(rest) {
            return None;
        }
        let since = text(value(self.since)).and_then(read_moment);
        let said = self.due.and_then(|column| text(value(column))).and_then(last_moment);
        let hours = || rules.hours.get(&work).zip(since);
        let due =
            said.or_else(|| hours().map(|(hours, at)| later(at, i64::from(*hours) * HOUR_MS)));
        Some(Waiting {
            subject: Subject::Record(row),
            work,
            since,
            due,
            units: self.units.map(|column| column.and_then(|column| text(value(column)))),
            co_units: None,
            person: None,
            task: None,
        })
    }
}

/// A moment; of a day, its last millisecond in Asia/Shanghai.
fn last_moment(text: &str) -> Option<Timestamp> {
    match text.parse::<Day>() {
        Ok(day) => Some(Timestamp(day.end().0 - 1)),
        Err(_no_day) => read_moment(text),
    }
}

/// A text without blanks around it; none when nothing is left.
fn text(value: ValueRef<'_>) -> Option<&str> {
    match value {
        ValueRef::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
        _ => None,
    }
}
