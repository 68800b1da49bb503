//! What indicators read of the rows of both collections, without making points or events of them.
//!
//! Rows are read column by column at positions that the caller looked up once: columns stand in the
//! order of [`POINT_COLUMNS`] and [`EVENT_COLUMNS`].

use spatial::{Timestamp, ValueRef};

use super::events::{Unfit, unfit};
use crate::indicator::{EventRow, PointRow};
use crate::place::counted_at;
use crate::point::{
    EventKind, Finding, InvalidIdText, PointId, Quantities, SquareMetres, State, ToldAnew, moment,
};

/// The columns of `points` that indicators ask; those behind [`NEEDED`] may be missing.
pub const POINT_COLUMNS: [&str; 16] = [
    "id",
    "unit",
    "task",
    "year",
    "state",
    "registered_at",
    "deadline",
    "planned_build_area_m2",
    "planned_land_area_m2",
    "planned_count",
    "actual_build_area_m2",
    "actual_land_area_m2",
    "actual_count",
    "town",
    "village",
    "courtyard",
];

/// How many columns of [`POINT_COLUMNS`] every ledger has.
pub const NEEDED: usize = 13;

/// The columns of `point_events` that indicators ask.
pub const EVENT_COLUMNS: [&str; 11] = [
    "point",
    "seq",
    "kind",
    "occurred_at",
    "due_at",
    "finding",
    "build_area_m2",
    "land_area_m2",
    "count",
    "id",
    "to_event",
];

/// What a row of `points` tells; none of one that no event has made a point of. `value` knows the
/// columns by their places in [`POINT_COLUMNS`].
///
/// # Errors
/// The first column whose value no point could have.
pub fn point_row<'a>(value: &dyn Fn(usize) -> ValueRef<'a>) -> Result<Option<PointRow<'a>>, Unfit> {
    let read = Reader { columns: &POINT_COLUMNS, value };
    let Some(state) = read.text(4)? else { return Ok(None) };
    let state =
        State::from_identifier(state).ok_or_else(|| read.odd(4, "no state is called so"))?;
    let year = match value(3) {
        ValueRef::Null => None,
        ValueRef::Int(year) => {
            Some(i32::try_from(year).map_err(|_large| read.odd(3, "no year is that large"))?)
        }
        _ => return Err(read.odd(3, "a year is expected")),
    };
    Ok(Some(PointRow {
        id: read.id(0)?,
        unit: counted_at(read.text(1)?, [read.text(13)?, read.text(14)?, read.text(15)?]),
        task: read.text(2)?,
        year,
        state,
        registered_at: read.moment(5)?,
        deadline: read.moment(6)?,
        planned: read.quantities(7)?,
        actual: read.quantities(10)?,
    }))
}

/// What a row of `point_events` tells: of which point, its place among that point's events, and what
/// it says; none of a kind that tells an indicator nothing. `value` knows the columns by their places
/// in [`EVENT_COLUMNS`].
///
/// # Errors
/// The first column whose value no event could have.
pub fn event_row<'a>(
    value: &dyn Fn(usize) -> ValueRef<'a>,
) -> Result<Option<(PointId, u32, EventRow)>, Unfit> {
    let read = Reader { columns: &EVENT_COLUMNS, value };
    let kind = read.text(2)?.and_then(EventKind::from_identifier);
    let kind = kind.ok_or_else(|| read.odd(2, "no kind of event is called so"))?;
    if !EventRow::is_needed(kind) {
        return Ok(None);
    }
    let seq = u32::try_from(read.count(1)?).map_err(|_large| read.odd(1, "it is too large"))?;
    let missing = || read.odd(3, "it is missing");
    let mut row = EventRow {
        kind,
        occurred_at: read.moment(3)?.ok_or_else(missing)?,
        due_at: None,
        finding: None,
        progress: None,
        done: Quantities::default(),
        anew: ToldAnew::default(),
    };
    match kind {
        EventKind::Register | EventKind::Extend => row.due_at = read.moment(4)?,
        EventKind::SpotCheck => {
            let finding = read.text(5)?.and_then(Finding::from_identifier);
            row.finding = Some(finding.ok_or_else(|| read.odd(5, "no finding is called so"))?);
        }
        EventKind::Progress => {
            row.progress = Some(read.id(9)?);
            row.done = read.quantities(6)?;
        }
        EventKind::Correct => {
            row.progress = Some(read.id(10)?);
            let told = [6, 7, 8].map(|at| !matches!(value(at), ValueRef::Null));
            row.anew = ToldAnew::of(read.quantities(6)?, told);
        }
        _ => {}
    }
    Ok(Some((read.id(0)?, seq, row)))
}

/// Reads columns by their places.
struct Reader<'r, 'a> {
    columns: &'static [&'static str],
    value: &'r dyn Fn(usize) -> ValueRef<'a>,
}

impl<'a> Reader<'_, 'a> {
    fn odd(&self, at: usize, problem: &str) -> Unfit {
        unfit(self.columns[at], problem)
    }

    fn text(&self, at: usize) -> Result<Option<&'a str>, Unfit> {
        match (self.value)(at) {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => Ok(Some(text)),
            _ => Err(self.odd(at, "text is expected")),
        }
    }

    fn id<T: TryFrom<&'a str, Error = InvalidIdText>>(&self, at: usize) -> Result<T, Unfit> {
        let text = self.text(at)?.ok_or_else(|| self.odd(at, "it is missing"))?;
        T::try_from(text).map_err(|odd| unfit(self.columns[at], odd.to_string()))
    }

    fn moment(&self, at: usize) -> Result<Option<Timestamp>, Unfit> {
        let Some(text) = self.text(at)? else { return Ok(None) };
        let moment = moment::read(text);
        moment
            .map(Some)
            .ok_or_else(|| self.odd(at, "a time such as 2026-11-22T08:00:00.000Z is expected"))
    }

    fn count(&self, at: usize) -> Result<u64, Unfit> {
        match (self.value)(at) {
            ValueRef::Null => Ok(0),
            ValueRef::Int(count @ 0..) => Ok(count as u64),
            _ => Err(self.odd(at, "a whole number from 0 on is expected")),
        }
    }

    fn area(&self, at: usize) -> Result<SquareMetres, Unfit> {
        let area = match (self.value)(at) {
            ValueRef::Null => 0.0,
            ValueRef::Real(area) => area,
            ValueRef::Int(area) => area as f64,
            _ => return Err(self.odd(at, "a number of square metres is expected")),
        };
        SquareMetres::try_from(area).map_err(|odd| unfit(self.columns[at], odd.to_string()))
    }

    /// Built area, land area and count, one after the other.
    fn quantities(&self, at: usize) -> Result<Quantities, Unfit> {
        Ok(Quantities {
            build_area_m2: self.area(at)?,
            land_area_m2: self.area(at + 1)?,
            count: self.count(at + 2)?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn id() -> String {
        PointId::try_from(0x7 << 76 | 0b10 << 62).unwrap().to_string()
    }

    #[test]
    fn rows_that_no_event_could_have_made_say_which_column() {
        let id = id();
        let good = |at: usize| match at {
            0 => ValueRef::Text(&id),
            1 => ValueRef::Int(3),
            2 => ValueRef::Text("spot_check"),
            3 => ValueRef::Text("2026-11-22T08:00:00.000Z"),
            5 => ValueRef::Text("never_cleared"),
            _ => ValueRef::Null,
        };
        let (_, seq, row) = event_row(&good).unwrap().unwrap();
        assert_eq!((seq, row.finding), (3, Some(Finding::NeverCleared)));
        for (at, value) in [
            (0, ValueRef::Text("7")),
            (1, ValueRef::Int(-1)),
            (1, ValueRef::Int(i64::MAX)),
            (2, ValueRef::Text("closed")),
            (3, ValueRef::Null),
            (3, ValueRef::Text("today")),
            (5, ValueRef::Null),
        ] {
            let odd = event_row(&|asked| if asked == at { value } else { good(asked) });
            assert_eq!(odd.unwrap_err().column, EVENT_COLUMNS[at]);
        }
        let unneeded = |at: usize| if at == 2 { ValueRef::Text("dispatch") } else { good(at) };
        assert_eq!(event_row(&unneeded), Ok(None));
        let point = |state: ValueRef<'static>, year: ValueRef<'static>| {
            let id = id.clone();
            let value = move |at: usize| match at {
                3 => year,
                4 => state,
                _ => ValueRef::Null,
            };
            point_row(&|at| if at == 0 { ValueRef::Text(&id) } else { value(at) })
                .map(|row| row.map(|row| (row.state, row.year)))
                .map_err(|odd| odd.column)
        };
        let state = ValueRef::Text("closed");
        assert_eq!(point(state, ValueRef::Int(2026)), Ok(Some((State::Closed, Some(2026)))));
        assert_eq!(point(ValueRef::Null, ValueRef::Null), Ok(None));
        assert_eq!(point(ValueRef::Text("open"), ValueRef::Null), Err("state"));
        assert_eq!(point(state, ValueRef::Int(i64::MAX)), Err("year"));
    }
}
