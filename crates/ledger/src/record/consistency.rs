//! What a record cannot say: that it was answered before it was asked, that more were content than were
//! asked, or what has not happened yet.
//!
//! *Invariant:* which collections are held to what is the table [`RULES`]; a collection is held to it by
//! the columns that ship, and to nothing where it lacks one.

use spatial::{Collection, Timestamp, ValueRef};

use super::business::{ENTERPRISES, GREEN_PLOTS, LAND_RELEASES, MARKETS, OUTLETS};
use super::calls::{ARRIVALS, COMPLAINTS, DECISIONS, ORDERS, PROGRESS_REPORTS, SURVEYS, WHISTLES};
use super::patrols::{CHECKLIST_RESULTS, PATROL_FINDINGS, PATROLS};
use super::towns::{
    COMMENTS, LEGAL_STEPS, MILESTONES, NOTICES, PLANS, POINT_AREAS, PROBLEMS, PROJECTS,
    SPECIAL_GROUPS,
};
use crate::clue::read_moment;
use crate::place::Day;
use crate::rows::{ENFORCEMENT, is_of_ledger};

/// What records of a collection are held to.
struct Rules {
    collection: &'static str,
    /// Columns of which the second is no earlier than the first. A day is compared with a moment as a
    /// whole, and moments by the second.
    follow: &'static [(&'static str, &'static str)],
    /// Columns that tell what happened: nothing of it lies in the future.
    happened: &'static [&'static str],
    /// Columns of numbers of which the first is no larger than the second.
    within: &'static [(&'static str, &'static str)],
    /// Columns of numbers that count or measure something: none is negative.
    counted: &'static [&'static str],
}

impl Rules {
    const fn of(collection: &'static str) -> Self {
        Self { collection, follow: &[], happened: &[], within: &[], counted: &[] }
    }
}

const RULES: [Rules; 25] = [
    Rules {
        follow: &[
            ("occurred_at", "responded_at"),
            ("occurred_at", "resolved_at"),
            ("responded_at", "resolved_at"),
        ],
        happened: &["occurred_at", "responded_at", "resolved_at"],
        ..Rules::of(COMPLAINTS)
    },
    Rules {
        follow: &[("called_at", "closed_at")],
        happened: &["called_at", "closed_at"],
        ..Rules::of(WHISTLES)
    },
    Rules {
        follow: &[("called_at", "arrived_at")],
        happened: &["called_at", "arrived_at"],
        ..Rules::of(ARRIVALS)
    },
    Rules {
        follow: &[
            ("sent_at", "due_at"),
            ("sent_at", "read_at"),
            ("sent_at", "accepted_at"),
            ("sent_at", "done_at"),
            ("read_at", "accepted_at"),
            ("accepted_at", "done_at"),
        ],
        happened: &["sent_at", "read_at", "accepted_at", "done_at"],
        ..Rules::of(ORDERS)
    },
    Rules {
        follow: &[("decided_at", "due"), ("decided_at", "done")],
        happened: &["decided_at", "done"],
        ..Rules::of(DECISIONS)
    },
    Rules {
        follow: &[("period_from", "period_to"), ("period_from", "reported_at")],
        happened: &["reported_at"],
        ..Rules::of(PROGRESS_REPORTS)
    },
    Rules {
        happened: &["held"],
        within: &[("satisfied", "asked")],
        counted: &["asked", "satisfied"],
        ..Rules::of(SURVEYS)
    },
    Rules { follow: &[("found", "solved")], happened: &["found", "solved"], ..Rules::of(PROBLEMS) },
    Rules {
        follow: &[("started", "due"), ("started", "done")],
        happened: &["done"],
        ..Rules::of(PROJECTS)
    },
    Rules { follow: &[("valid_from", "valid_to")], ..Rules::of(PLANS) },
    Rules { happened: &["done"], ..Rules::of(MILESTONES) },
    Rules { follow: &[("published", "until")], ..Rules::of(NOTICES) },
    Rules {
        follow: &[("received_at", "answered_at")],
        happened: &["received_at", "answered_at"],
        ..Rules::of(COMMENTS)
    },
    Rules { happened: &["done"], ..Rules::of(LEGAL_STEPS) },
    Rules { happened: &["drawn"], ..Rules::of(POINT_AREAS) },
    Rules { happened: &["visited"], counted: &["persons"], ..Rules::of(SPECIAL_GROUPS) },
    Rules {
        follow: &[("opened", "closed")],
        happened: &["opened", "closed"],
        counted: &["area_m2"],
        ..Rules::of(OUTLETS)
    },
    Rules {
        follow: &[("opened", "exited")],
        happened: &["opened", "exited"],
        counted: &["released_m2"],
        ..Rules::of(ENTERPRISES)
    },
    Rules {
        follow: &[("started", "done")],
        happened: &["done"],
        within: &[("stalls_left", "stalls")],
        counted: &["stalls", "stalls_left", "area_m2", "vacated_m2"],
        ..Rules::of(MARKETS)
    },
    Rules {
        follow: &[("released_at", "done")],
        happened: &["released_at", "done"],
        counted: &["greened_m2"],
        ..Rules::of(LAND_RELEASES)
    },
    Rules { happened: &["done"], ..Rules::of(GREEN_PLOTS) },
    Rules {
        follow: &[("started_at", "ended_at")],
        happened: &["started_at", "ended_at"],
        counted: &["covered_m", "findings"],
        ..Rules::of(PATROLS)
    },
    Rules { happened: &["found_at"], ..Rules::of(PATROL_FINDINGS) },
    Rules { happened: &["checked_at"], ..Rules::of(CHECKLIST_RESULTS) },
    Rules { happened: &["occurred_at"], ..Rules::of(ENFORCEMENT) },
];

/// What rows of a collection are held to, its columns looked up.
#[derive(Clone, Debug)]
pub struct Consistency {
    follow: Vec<(usize, usize)>,
    happened: Vec<usize>,
    within: Vec<(usize, usize)>,
    counted: Vec<usize>,
}

/// Something that cannot be; columns by their positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// One lies before another that it follows.
    Before {
        /// Which.
        column: usize,
        /// What it follows.
        other: usize,
    },
    /// One tells what happened, and lies in the future.
    Ahead {
        /// Which.
        column: usize,
    },
    /// One is more than the whole.
    More {
        /// Which.
        column: usize,
        /// The whole.
        other: usize,
    },
    /// One is less than nothing.
    Negative {
        /// Which.
        column: usize,
    },
}

impl Consistency {
    /// Of a collection that ships; none of another.
    pub fn of(collection: &Collection) -> Option<Self> {
        let rules = RULES.iter().find(|rules| rules.collection == collection.id.as_str())?;
        let ships = match super::named(rules.collection) {
            Some(shipped) => shipped.is(collection),
            None => is_of_ledger(collection),
        };
        let at = |name: &&'static str| collection.field_position(name);
        let both = |(one, other): &(&'static str, &'static str)| Some((at(one)?, at(other)?));
        ships.then_some(())?;
        Some(Self {
            follow: rules.follow.iter().map(both).collect::<Option<_>>()?,
            happened: rules.happened.iter().map(at).collect::<Option<_>>()?,
            within: rules.within.iter().map(both).collect::<Option<_>>()?,
            counted: rules.counted.iter().map(at).collect::<Option<_>>()?,
        })
    }

    /// What cannot be of a row with these values by position, where nothing happened after `latest`.
    /// Values that are no moments, days or numbers are for others to judge.
    pub fn contradictions<'v>(
        &self,
        value: &dyn Fn(usize) -> ValueRef<'v>,
        latest: Timestamp,
    ) -> Vec<Contradiction> {
        let is_before = |column, other| Some(time(value(column))?.1 < time(value(other))?.0);
        let is_ahead =
            |column: &usize| time(value(*column)).is_some_and(|(from, _)| from > second(latest));
        let is_more = |column, other| Some(number(value(column))? > number(value(other))?);
        let is_negative =
            |column: &usize| number(value(*column)).is_some_and(|number| number < 0.0);
        let before = self.follow.iter().filter_map(|(other, column)| {
            let (column, other) = (*column, *other);
            is_before(column, other)?.then_some(Contradiction::Before { column, other })
        });
        let ahead = self.happened.iter().copied().filter(is_ahead);
        let more = self.within.iter().filter_map(|(column, other)| {
            let (column, other) = (*column, *other);
            is_more(column, other)?.then_some(Contradiction::More { column, other })
        });
        let negative = self.counted.iter().copied().filter(is_negative);
        before
            .chain(ahead.map(|column| Contradiction::Ahead { column }))
            .chain(more)
            .chain(negative.map(|column| Contradiction::Negative { column }))
            .collect()
    }
}

impl Contradiction {
    /// The columns that it is of, the one at fault first.
    pub fn columns(&self) -> impl Iterator<Item = usize> + use<> {
        let (column, other) = match *self {
            Self::Before { column, other } | Self::More { column, other } => (column, Some(other)),
            Self::Ahead { column } | Self::Negative { column } => (column, None),
        };
        [column].into_iter().chain(other)
    }

    /// In words; `told` names a column and, to whoever may read it, its value.
    pub fn told(&self, told: &dyn Fn(usize) -> String) -> String {
        match *self {
            Self::Before { column, other } => {
                format!("{} lies before {}, which it follows", told(column), told(other))
            }
            Self::Ahead { column } => {
                format!("{} lies in the future; it tells what happened", told(column))
            }
            Self::More { column, other } => {
                format!("{} is more than {}, of which it is a part", told(column), told(other))
            }
            Self::Negative { column } => {
                format!("{} is negative; it counts or measures something", told(column))
            }
        }
    }
}

/// The first and the last second of a moment or day, counted from 1970.
fn time(value: ValueRef<'_>) -> Option<(i64, i64)> {
    let ValueRef::Text(text) = value else { return None };
    match text.trim().parse::<Day>() {
        Ok(day) => Some((second(day.start()), second(day.end()) - 1)),
        Err(_no_day) => read_moment(text.trim()).map(|at| (second(at), second(at))),
    }
}

fn second(moment: Timestamp) -> i64 {
    moment.0.div_euclid(1000)
}

fn number(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::Int(number) => Some(number as f64),
        ValueRef::Real(number) => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use spatial::{Crs, Value};

    use super::*;

    /// 2026-06-01T00:00:00Z.
    const LATEST: Timestamp = Timestamp(1_780_272_000_000);

    /// The contradictions of a row of a collection that ships, its columns by name.
    fn check_row(collection: &str, row: &[(&str, Value)], expected: &[&str]) {
        let crs = Crs::CGCS2000;
        let collection = match super::super::named(collection) {
            Some(shipped) => shipped.collection(crs).unwrap(),
            None => crate::rows::enforcement_collection(&crs).unwrap(),
        };
        let values: Vec<Value> = collection
            .fields
            .iter()
            .map(|field| {
                let given = row.iter().find(|(name, _)| *name == field.name);
                given.map_or(Value::Null, |(_, value)| value.clone())
            })
            .collect();
        let consistency = Consistency::of(&collection).unwrap();
        let found = consistency.contradictions(&|at| values[at].as_ref(), LATEST);
        let name = |at: usize| collection.fields[at].name.clone();
        let found: Vec<String> = found.iter().map(|one| one.told(&name)).collect();
        assert_eq!(found.len(), expected.len(), "{row:?}: {found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{row:?}: {found:?}");
        }
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn every_rule_is_of_columns_that_ship() {
        for rules in &RULES {
            let names = rules.follow.iter().chain(rules.within).flat_map(|(a, b)| [*a, *b]);
            let names = names.chain(rules.happened.iter().chain(rules.counted).copied());
            let fields = match super::super::named(rules.collection) {
                Some(shipped) => shipped.fields(),
                None => crate::rows::enforcement::fields(),
            };
            for name in names {
                let known = fields.iter().any(|field| field.name == name);
                assert!(known, "{}: {name}", rules.collection);
            }
        }
    }

    #[test]
    fn a_row_is_told_what_cannot_be() {
        let at = |day: &str| text(&format!("{day}T01:00:00Z"));
        let (early, late) = (at("2026-03-01"), at("2026-03-02"));
        for (collection, row, expected) in [
            ("surveys", vec![("asked", Value::Int(10)), ("satisfied", Value::Int(10))], &[][..]),
            (
                "surveys",
                vec![("asked", Value::Int(10)), ("satisfied", Value::Int(500))],
                &["satisfied is more than asked"],
            ),
            ("surveys", vec![("asked", Value::Int(-1))], &["asked is negative"]),
            ("orders", vec![("sent_at", early.clone()), ("read_at", late.clone())], &[]),
            (
                "orders",
                vec![("sent_at", late.clone()), ("read_at", early.clone())],
                &["read_at lies before sent_at"],
            ),
            ("orders", vec![("sent_at", early.clone()), ("due_at", at("2099-01-01"))], &[]),
            ("orders", vec![("read_at", at("2099-01-01"))], &["read_at lies in the future"]),
            // By the second, and to the second.
            ("whistles", vec![("called_at", text("2026-06-01T00:00:00.900Z"))], &[]),
            (
                "whistles",
                vec![("called_at", text("2026-06-01T00:00:01Z"))],
                &["called_at lies in the future"],
            ),
            (
                "arrivals",
                vec![
                    ("called_at", text("2026-03-01T01:00:00.700Z")),
                    ("arrived_at", early.clone()),
                ],
                &[],
            ),
            // Days of Shanghai, as wholes; the last is the one that has begun there.
            ("decisions", vec![("decided_at", early.clone()), ("done", text("2026-03-01"))], &[]),
            (
                "decisions",
                vec![("decided_at", early.clone()), ("done", text("2026-02-28"))],
                &["done lies before decided_at"],
            ),
            ("outlets", vec![("opened", text("2026-06-01"))], &[]),
            ("outlets", vec![("opened", text("2026-06-02"))], &["opened lies in the future"]),
            (
                "outlets",
                vec![("opened", text("2025-06-02")), ("closed", text("2025-06-01"))],
                &["closed lies before opened"],
            ),
            (
                "enforcement_records",
                vec![("occurred_at", at("2036-01-01"))],
                &["occurred_at lies in the future"],
            ),
            // What is no moment is for others to judge.
            ("orders", vec![("sent_at", text("soon")), ("read_at", early)], &[]),
        ] {
            check_row(collection, &row, expected);
        }
    }

    #[test]
    fn a_collection_that_lacks_a_column_is_held_to_nothing() {
        let mut collection =
            super::super::named(SURVEYS).unwrap().collection(Crs::CGCS2000).unwrap();
        assert!(Consistency::of(&collection).is_some());
        collection.fields.retain(|field| field.name != "unit");
        assert!(Consistency::of(&collection).is_none());
    }
}
