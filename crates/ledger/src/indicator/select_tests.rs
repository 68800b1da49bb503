//! Every condition and measure at its bounds.
#![allow(clippy::unwrap_used, reason = "tests")]

use spatial::Timestamp;

use super::histories_tests::{DAY_MS, window};
use super::{
    Closed, Condition, Done, Ending, Measure, Moment, PointFacts, Population, States, Years,
    select::Asked,
};
use crate::point::{PointId, Quantities, SquareMetres, State};

/// 2026-01-01 in Asia/Shanghai.
const BEGIN: i64 = 1_767_196_800_000;

fn day(days: i64) -> Timestamp {
    Timestamp(BEGIN + days * DAY_MS)
}

fn quantities(number: u64) -> Quantities {
    Quantities {
        build_area_m2: SquareMetres::from_hundredths(number),
        land_area_m2: SquareMetres::from_hundredths(number + 1),
        count: number + 2,
    }
}

/// Registered on day -100, due on day 10, open.
fn facts() -> PointFacts {
    PointFacts {
        id: PointId::try_from(0x7 << 76 | 0b10 << 62).unwrap(),
        unit: None,
        task: Some("CW".into()),
        year: Some(2025),
        state: State::InProgress,
        registered_at: Some(day(-100)),
        deadline: Some(day(10)),
        planned: quantities(10),
        actual: quantities(20),
        closings: Vec::new(),
        rebounds: Vec::new(),
        progress: Vec::new(),
    }
}

fn closed(from: i64, ended: Option<(i64, Ending)>) -> Closed {
    let ended = ended.map(|(at, ending)| (day(at), ending));
    Closed { from: day(from), deadline: day(10), ended }
}

fn at(days: i64, after_ms: i64) -> Asked {
    Asked::from(Moment { at: Timestamp(day(days).0 + after_ms), window: window("2026") })
}

#[test]
fn conditions_hold_up_to_their_bounds() {
    let open = facts();
    let closed_at = |from: Timestamp| PointFacts {
        state: State::Closed,
        closings: vec![Closed { from, ..closed(0, None) }],
        ..facts()
    };
    let after = |days: i64, ms: i64| Timestamp(day(days).0 + ms);
    let rebounds = |rebounds: &[i64]| PointFacts {
        rebounds: rebounds.iter().map(|days| day(*days)).collect(),
        ..facts()
    };
    let ended = |ended| PointFacts { closings: vec![closed(3, Some(ended))], ..facts() };
    let states = || Condition::InStates(States(vec![State::Submitted, State::InProgress]));
    for (condition, facts, moment, expected) in [
        (Condition::Open, &open, at(0, 0), true),
        (Condition::Open, &closed_at(day(1)), at(0, 0), false),
        (Condition::Closed, &open, at(0, 0), false),
        (Condition::Overdue, &open, at(10, 0), false),
        (Condition::Overdue, &open, at(10, 1), true),
        (Condition::Overdue, &closed_at(day(1)), at(99, 0), false),
        (Condition::DueWithinDays(7), &open, at(3, 0), true),
        (Condition::DueWithinDays(7), &open, at(3, -1), false),
        (Condition::DueWithinDays(7), &open, at(10, 0), true),
        (Condition::DueWithinDays(7), &open, at(10, 1), false),
        (Condition::ClosedInTime, &closed_at(day(10)), at(0, 0), true),
        (Condition::ClosedInTime, &closed_at(after(10, 1)), at(0, 0), false),
        (Condition::ClosedLate, &closed_at(day(10)), at(0, 0), false),
        (Condition::ClosedLate, &closed_at(after(10, 1)), at(0, 0), true),
        (Condition::ClosedLate, &open, at(0, 0), false),
        (Condition::OfEarlierYear, &open, at(0, 0), true),
        (Condition::OfEarlierYear, &PointFacts { year: Some(2026), ..facts() }, at(0, 0), false),
        (Condition::RegisteredInWindow, &open, at(0, 0), false),
        (Condition::ClosedInWindow, &closed_at(day(0)), at(0, 0), true),
        (Condition::ClosedInWindow, &closed_at(after(0, -1)), at(0, 0), false),
        (Condition::ClosedInWindow, &closed_at(day(365)), at(0, 0), false),
        (Condition::ClosedInWindow, &ended((9, Ending::Rebounded)), at(0, 0), false),
        (Condition::ClosedBeforeWindowEnd, &closed_at(after(365, -1)), at(0, 0), true),
        (Condition::ClosedBeforeWindowEnd, &closed_at(day(365)), at(0, 0), false),
        (Condition::ClosedBeforeWindowEnd, &ended((9, Ending::Rebounded)), at(0, 0), true),
        (Condition::ClosedBeforeWindowEnd, &ended((9, Ending::Refuted)), at(0, 0), false),
        (Condition::ReboundsInWindow(2), &rebounds(&[-1, 0, 364]), at(0, 0), true),
        (Condition::ReboundsInWindow(2), &rebounds(&[-1, 0, 365]), at(0, 0), false),
        (states(), &open, at(0, 0), true),
        (states(), &closed_at(day(1)), at(0, 0), false),
    ] {
        assert_eq!(condition.holds(facts, moment), expected, "{condition:?} {facts:?}");
    }
}

#[test]
fn points_of_earlier_years_are_carried_over_while_they_are_open() {
    let carried = Population { tasks: Vec::new(), years: Years::ThisAndCarriedOver };
    let with = |closings: Vec<Closed>| PointFacts { closings, ..facts() };
    for (facts, expected) in [
        (facts(), true),
        (with(vec![closed(-5, None)]), false),
        (with(vec![closed(0, None)]), true),
        (with(vec![closed(-5, Some((-1, Ending::Rebounded)))]), true),
        (with(vec![closed(-5, None)]), false),
        (PointFacts { rebounds: vec![day(0)], ..with(vec![closed(-5, None)]) }, true),
        (PointFacts { rebounds: vec![day(365)], ..with(vec![closed(-5, None)]) }, false),
        (with(vec![closed(-5, Some((30, Ending::Refuted)))]), true),
        (with(vec![closed(-9, Some((-8, Ending::Rebounded))), closed(-5, None)]), false),
        (PointFacts { state: State::Void, ..facts() }, false),
        (PointFacts { registered_at: Some(day(3)), ..facts() }, true),
        (PointFacts { year: Some(2027), ..facts() }, false),
        (PointFacts { year: None, ..facts() }, false),
        (PointFacts { year: Some(2026), ..with(vec![closed(-5, None)]) }, true),
        (PointFacts { year: Some(2026), registered_at: Some(day(365)), ..facts() }, false),
        (PointFacts { year: Some(2026), registered_at: None, ..facts() }, false),
    ] {
        assert_eq!(carried.holds(&facts, at(9, 0)), expected, "{facts:?}");
    }
    let this = Population { years: Years::This, ..carried };
    assert!(!this.holds(&facts(), at(9, 0)));
    let of_task = |task: &str| Population { tasks: vec![task.to_owned()], years: Years::All };
    assert!(of_task("CW").holds(&facts(), at(9, 0)));
    assert!(!of_task("KQ").holds(&facts(), at(9, 0)));
}

#[test]
fn measures_are_told_in_hundredths() {
    let mut facts = facts();
    let done = |days, number| Done { at: day(days), quantities: quantities(number) };
    facts.progress = vec![done(-1, 1000), done(0, 1), done(364, 2), done(365, 4000)];
    for (measure, expected) in [
        (Measure::Points, 100),
        (Measure::PlannedCount, 1200),
        (Measure::PlannedBuildArea, 10),
        (Measure::PlannedLandArea, 11),
        (Measure::ActualCount, 2200),
        (Measure::ActualBuildArea, 20),
        (Measure::ActualLandArea, 21),
        (Measure::DoneCount, 700),
        (Measure::DoneBuildArea, 3),
        (Measure::DoneLandArea, 5),
        (Measure::Target, 0),
    ] {
        assert_eq!(measure.of(&facts, at(0, 0)), expected, "{measure:?}");
    }
}
