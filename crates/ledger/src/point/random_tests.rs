//! Whatever is raised at random, a point stays within the table of states.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use spatial::Timestamp;

use super::{
    Event, Finding, Payload, Point, Quantities, Raised, Role, Rules, SquareMetres, State, ToldAnew,
    events_tests::{NAMES, at, event, hour, part, payload, photo, submit},
    matrix_tests::{MATRIX, expected},
    moment::HOUR_MS,
};

/// One event to be raised, by numbers from which `made` makes it.
#[derive(Clone, Debug)]
struct Step {
    /// Whether to pick among what may follow.
    is_fitting: bool,
    pick: usize,
    /// Hours after the event before it; may be less than 0.
    hours: i64,
    flaw: Flaw,
}

#[derive(Clone, Copy, Debug)]
enum Flaw {
    None,
    Role(usize),
    Actor(usize),
    KnownId(usize),
    Again(usize),
    Backfilled,
    Blank,
    Ahead,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let flaw = prop_oneof![
        12 => Just(Flaw::None),
        1 => (0..Role::SHIPPED.len()).prop_map(Flaw::Role),
        1 => (0..3_usize).prop_map(Flaw::Actor),
        1 => any::<usize>().prop_map(Flaw::KnownId),
        1 => any::<usize>().prop_map(Flaw::Again),
        1 => Just(Flaw::Backfilled),
        1 => Just(Flaw::Blank),
        1 => Just(Flaw::Ahead),
    ];
    let step = (prop::bool::weighted(0.8), any::<usize>(), -2..20_i64, flaw)
        .prop_map(|(is_fitting, pick, hours, flaw)| Step { is_fitting, pick, hours, flaw });
    prop::collection::vec(step, 0..60)
}

/// What a step picks, as a name of `payload`.
fn name(point: &Point, step: &Step) -> &'static str {
    let (_, row) = MATRIX.iter().find(|(name, _)| *name == point.state().identifier()).unwrap();
    match step.is_fitting && !row.is_empty() {
        true => row[step.pick % row.len()].0,
        false => NAMES[step.pick % NAMES.len()],
    }
}

/// The payload of a name as this point may take it: fitting sums, fresh photos, later deadlines.
fn fitted(point: &Point, name: &str, number: u64) -> Payload {
    let asked = point.open_supervisions().next().map(|open| open.event);
    match payload(name) {
        Payload::Submit { .. } => {
            let progress = point.progress();
            let actual = if progress.is_zero() { part() } else { progress };
            submit(&[1000 + number], &[2000 + number], actual)
        }
        Payload::Rebound { confirmed_by, .. } => {
            Payload::Rebound { confirmed_by, evidence: vec![photo(3000 + number)] }
        }
        Payload::Extend { approval, .. } => {
            let deadline = point.deadline().map_or(hour(1), |at| Timestamp(at.0 + HOUR_MS));
            Payload::Extend { approval, deadline }
        }
        Payload::Correct { of, quantities, reason } => {
            let told = point.events().iter().rev().filter(|event| tells_quantity(event));
            let of = told.map(|event| event.id).nth(number as usize % 2).unwrap_or(of);
            let area = SquareMetres::from_hundredths(number * 50);
            let quantities =
                ToldAnew { build_area_m2: number.is_multiple_of(3).then_some(area), ..quantities };
            Payload::Correct { of, quantities, reason }
        }
        Payload::Reply { to, answer } => Payload::Reply { to: asked.unwrap_or(to), answer },
        other => other,
    }
}

/// Whether an event tells what may be corrected.
fn tells_quantity(event: &Event) -> bool {
    matches!(event.payload, Payload::Register { .. } | Payload::Progress { .. })
}

/// What an event of a point tells, as the corrections of it have it.
fn as_corrected(point: &Point, event: &Event, told: Quantities) -> Quantities {
    let corrections = point.events().iter().filter_map(|other| match other.payload {
        Payload::Correct { of, quantities, .. } if of == event.id => Some(quantities),
        _ => None,
    });
    corrections.fold(told, |told, anew| Quantities {
        build_area_m2: anew.build_area_m2.unwrap_or(told.build_area_m2),
        land_area_m2: anew.land_area_m2.unwrap_or(told.land_area_m2),
        count: anew.count.unwrap_or(told.count),
    })
}

/// The event of a step.
fn made(point: &Point, step: &Step, number: u64, now: Timestamp) -> Event {
    let known = |pick: usize| &point.events()[pick % point.events().len()];
    let good = Event {
        occurred_at: now,
        recorded_at: now,
        ..event(number, fitted(point, name(point, step), number))
    };
    let good = match (&good.payload, point.submitter()) {
        (Payload::Withdraw, Some(submitter)) => Event { actor: submitter.to_owned(), ..good },
        _ => good,
    };
    match step.flaw {
        Flaw::None => good,
        Flaw::Role(role) => Event { role: Role::SHIPPED[role], ..good },
        Flaw::Actor(actor) => Event { actor: format!("a{actor}"), ..good },
        Flaw::KnownId(pick) => Event { id: known(pick).id, ..good },
        Flaw::Again(pick) => known(pick).clone(),
        Flaw::Backfilled => Event { backfilled: true, ..good },
        Flaw::Blank => Event { actor: String::new(), ..good },
        Flaw::Ahead => Event { recorded_at: Timestamp(now.0 - HOUR_MS), ..good },
    }
}

/// The name by which the matrix knows an event.
fn matrix_name(event: &Event) -> &'static str {
    match &event.payload {
        Payload::SpotCheck { finding: Finding::Pass, .. } => "spot_check pass",
        Payload::SpotCheck { finding: Finding::NeverCleared, .. } => "spot_check never cleared",
        Payload::SpotCheck { finding: Finding::Reappeared, .. } => "spot_check reappeared",
        other => other.kind().identifier(),
    }
}

/// Raises one event and holds the point to what must be so whatever it is.
fn check_step(point: &mut Point, event: &Event, rules: &Rules) {
    let before = point.clone();
    let was_known = before.events().iter().any(|known| known.id == event.id);
    match point.raise(event, rules) {
        Err(refusal) => {
            assert_eq!(*point, before, "{refusal}");
            assert!(!refusal.to_string().is_empty());
        }
        Ok(Raised::Again) => {
            assert_eq!(*point, before);
            assert!(was_known);
        }
        Ok(Raised::New) => {
            let name = matrix_name(event);
            assert!(!was_known && before.merged_into().is_none(), "{name}");
            assert_eq!(Some(point.state()), expected(before.state(), name), "{name}");
            assert!(rules.may_raise(event.role, event.kind()), "{name}");
            assert!(event.backfilled || event.occurred_at >= before.state_since(), "{name}");
            assert!(point.state_since() >= before.state_since(), "{name}");
            assert_eq!(point.events().split_last(), Some((event, before.events())));
            let came_back = matches!(name, "rebound" | "spot_check reappeared");
            let rebounds = before.rebound_count() + u32::from(came_back);
            assert_eq!(point.rebound_count(), rebounds, "{name}");
            assert_eq!(point.rebounds().len(), rebounds as usize, "{name}");
        }
    }
}

fn check_whole(point: &Point, rules: &Rules) {
    assert_eq!(Point::fold(point.id(), point.events(), rules), Ok(Some(point.clone())));
    let mut again = point.clone();
    for event in point.events() {
        assert_eq!(again.raise(event, rules), Ok(Raised::Again));
    }
    assert_eq!(again, *point);
    let done = point.events().iter().filter_map(|event| match &event.payload {
        Payload::Progress { done } => Some(as_corrected(point, event, *done)),
        _ => None,
    });
    let sum = done.fold(Quantities::default(), |sum, done| sum.checked_add(done).unwrap());
    assert_eq!(point.progress(), sum);
    let planned = point.events().iter().find_map(|event| match &event.payload {
        Payload::Register { planned, .. } => Some(as_corrected(point, event, *planned)),
        _ => None,
    });
    assert_eq!(point.planned(), planned.unwrap_or_default());
    if !sum.is_zero() {
        assert_eq!(point.actual(), sum);
    } else if matches!(point.state(), State::Submitted | State::VerifiedTown | State::Closed) {
        assert_eq!(point.actual(), part());
    }
    assert_eq!(point.closed_at().is_some(), point.state() == State::Closed);
    assert_eq!(point.code().is_some(), point.registered_at().is_some());
    assert_eq!(point.suspended_until().is_some(), point.state() == State::Suspended);
}

/// A cell of the matrix: a state, and the name of what followed it.
type Cell = (State, &'static str);

/// Raises all steps at a point that starts in a state, and gathers which cells were taken.
fn run(start: State, steps: &[Step]) -> BTreeSet<Cell> {
    let rules = Rules::default();
    let mut point = at(start);
    let mut now = point.state_since();
    let mut cells = BTreeSet::new();
    for (step, number) in steps.iter().zip(100..) {
        now = Timestamp(now.0 + step.hours * HOUR_MS);
        let event = made(&point, step, number, now);
        let before = (point.state(), point.events().len());
        check_step(&mut point, &event, &rules);
        if point.events().len() > before.1 {
            cells.insert((before.0, matrix_name(&event)));
        }
    }
    check_whole(&point, &rules);
    cells
}

fn starts_and_steps() -> impl Strategy<Value = (State, Vec<Step>)> {
    (prop::sample::select(&State::ALL[..]), steps())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_sequence_of_events_leaves_the_table((start, steps) in starts_and_steps()) {
        run(start, &steps);
    }

    #[test]
    fn progress_adds_up_in_any_order(parts in prop::collection::vec(0..10_000_u64, 1..20)) {
        let quantity = |n: &u64| Quantities { count: *n, ..part() };
        let sum = |parts: &mut dyn Iterator<Item = &u64>| {
            parts.map(quantity).try_fold(Quantities::default(), Quantities::checked_add)
        };
        prop_assert_eq!(sum(&mut parts.iter()), sum(&mut parts.iter().rev()));
    }
}

#[test]
fn random_sequences_take_every_cell_of_the_table() {
    let mut runner = TestRunner::deterministic();
    let mut cells = BTreeSet::new();
    for _ in 0..500 {
        let (start, steps) = starts_and_steps().new_tree(&mut runner).unwrap().current();
        cells.extend(run(start, &steps));
    }
    let all = MATRIX.iter().flat_map(|(state, row)| {
        row.iter().map(|(name, _)| (State::from_identifier(state).unwrap(), *name))
    });
    assert_eq!(cells, all.collect::<BTreeSet<Cell>>());
}
