//! Tasks that are to be cleared as they come: small ledgers whose numbers are known.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use spatial::Timestamp;

use super::cases_tests::{Asked, BEGIN, point};
use super::histories_tests::{DAY_MS, shipped};
use super::{Clearing, Closed, Ending, PointFacts, cleared, clearing_faults, evaluate};
use crate::point::{Lamp, State};

fn day(number: i64) -> Timestamp {
    Timestamp(BEGIN + number * DAY_MS)
}

fn closing(from: i64, ended: Option<(i64, Ending)>) -> Closed {
    let ended = ended.map(|(at, how)| (day(at), how));
    Closed { from: day(from), deadline: day(300), ended }
}

/// A point that was registered and then closed so; open unless the last closing lasts.
fn history(unit: &str, registered: i64, closings: &[Closed]) -> PointFacts {
    let lasts = closings.last().is_some_and(|last| last.ended.is_none());
    let rebounds = closings.iter().filter_map(|closing| match closing.ended {
        Some((at, Ending::Rebounded)) => Some(at),
        _ => None,
    });
    PointFacts {
        state: if lasts { State::Closed } else { State::InProgress },
        registered_at: Some(day(registered)),
        closings: closings.to_vec(),
        rebounds: rebounds.collect(),
        ..point(unit, "ZD", 0)
    }
}

fn clearing(unit: Option<&str>, days: u32) -> Clearing {
    Clearing { task: "ZD".to_owned(), unit: unit.map(str::to_owned), days }
}

/// Unit, days allowed, open, late, oldest, closed, twice the median, lamp.
type Row<'a> = (&'a str, u32, u64, u64, Option<i64>, u64, Option<i64>, Lamp);

fn check_cleared(clearings: &[Clearing], facts: &[PointFacts], expected: &[Row<'_>]) {
    let asked = Asked::new(shipped(), Vec::new());
    let question = asked.question();
    let figures = evaluate(&question, facts);
    let found = cleared(&question, clearings, &figures, facts);
    let rows: Vec<Row<'_>> = found
        .iter()
        .map(|one| {
            assert_eq!(one.reason.is_some(), one.lamp != Lamp::Green, "{one:?}");
            let counts = (one.open, one.late, one.oldest_days);
            let (code, took) = (one.code.as_str(), one.twice_median_days);
            (code, one.days, counts.0, counts.1, counts.2, one.closed, took, one.lamp)
        })
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn what_is_open_is_counted_from_registering_or_coming_back() {
    // It is the 146th day.
    let facts = [
        history("t1", 116, &[]),
        history("t1", 115, &[]),
        history("t1", 10, &[closing(20, Some((140, Ending::Rebounded)))]),
        history("t2", 100, &[closing(110, None)]),
        history("t2", 100, &[closing(103, None)]),
        // It was never cleared: open since it was registered.
        history("t3", 145, &[closing(146, Some((146, Ending::Refuted)))]),
        PointFacts { task: Some(Arc::from("CW")), ..history("t3", 1, &[]) },
        PointFacts { unit: None, ..history("", 1, &[closing(2, None)]) },
        PointFacts { state: State::Void, ..history("t2", 1, &[]) },
    ];
    let expected = [
        ("d", 30, 4, 1, Some(31), 4, Some(13), Lamp::Red),
        ("t1", 30, 3, 1, Some(31), 1, Some(20), Lamp::Red),
        ("t2", 30, 0, 0, None, 2, Some(13), Lamp::Green),
        ("t3", 30, 1, 0, Some(1), 0, None, Lamp::Yellow),
    ];
    check_cleared(&[clearing(None, 30)], &facts, &expected);
    // A unit goes by its own days; those of a town are not the district's.
    let own = [clearing(None, 30), clearing(Some("t1"), 31)];
    let mut with_own = expected;
    with_own[1] = ("t1", 31, 3, 0, Some(31), 1, Some(20), Lamp::Yellow);
    check_cleared(&own, &facts, &with_own);
    check_cleared(&own[1..], &facts, &with_own[1..2]);
    check_cleared(&[], &facts, &[]);
}

#[test]
fn what_cannot_be_cleared_is_told() {
    let faulty = [
        Clearing { task: " ".to_owned(), ..clearing(None, 1) },
        clearing(Some("t9"), 1),
        clearing(None, 0),
        clearing(None, 3_651),
    ];
    let faults = clearing_faults(&faulty, |unit| unit != "t9");
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "clearing 1, task: \" \" must name a task",
            "clearing 2, unit: \"t9\" is the code of no unit",
            "clearing 3, days: \"0\" is no number of days from 1 to 3650",
            "clearing 4, days: \"3651\" is no number of days from 1 to 3650",
            "clearing 4, task: \"ZD\" is to be cleared already, there; leave one out",
        ]
    );
    assert!(clearing_faults(&[clearing(None, 30), clearing(Some("t1"), 30)], |_| true).is_empty());
}
