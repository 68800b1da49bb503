//! Figures from the rows of a snapshot are those of the folds of all traces, now and as of earlier
//! states, also after batches that came late.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger::indicator::{
    Basis, Better, Condition, Definition, DefinitionSet, Definitions, Extent, Figures, Formula,
    Measure, Moment, OutsideSums, PointFacts, Population, Question, Targets, Term, Window, Years,
    evaluate,
};
use ledger::place::Day;
use ledger::point::{Finding, Role};
use ledger::rows::{POINT_EVENTS, POINTS, collections, events::StoredEvent, points};
use ledger::{Event, EventId, EventKind, Payload, Point, PointId, Rules, State};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use spatial::{Crs, Feature, Timestamp, Value};
use store::{FeatureStore, Load, LoadItem, LoadMode, MemoryStore};
use tokio::sync::mpsc;

use crate::engine_tests::id;
use crate::ledger::{FactList, NewEvent, Outcome, UnitSource, unit_tree};
use crate::ledger_tests::{
    START, area, empty_ledger, ledger_at, new, open, photo, pid, raise, register, report,
    some_payload, uuid,
};
use crate::{Engine, EngineError, Profile};

fn definitions() -> Definitions {
    let terms = |measure: Measure, conditions: &[Condition]| {
        vec![Term { measure, conditions: conditions.to_vec(), times: 1 }]
    };
    let one = |code: &str, extent, years, unit: &str, formula| Definition {
        by_name: false,
        code: code.to_owned(),
        name: code.to_owned(),
        population: Population { tasks: Vec::new(), years },
        extent,
        formula,
        unit_of_measure: unit.to_owned(),
        factor: None,
        decimals: 2,
        better: Better::More,
        basis: Basis::Local,
        source: "test".to_owned(),
    };
    let rate = |above, below| Formula::Rate {
        numerator: terms(Measure::Points, above),
        denominator: terms(Measure::Points, below),
    };
    let done = terms(Measure::DoneBuildArea, &[]);
    let all = vec![
        one("done", Extent::Flow, Years::All, "㎡", Formula::Sum { terms: done }),
        one("closed", Extent::Stock, Years::This, "%", rate(&[Condition::Closed], &[])),
        one(
            "in_time",
            Extent::Stock,
            Years::ThisAndCarriedOver,
            "%",
            rate(&[Condition::ClosedInTime], &[Condition::Closed]),
        ),
        one(
            "rebounds",
            Extent::Flow,
            Years::All,
            "%",
            rate(&[Condition::ReboundsInWindow(1)], &[Condition::ClosedBeforeWindowEnd]),
        ),
        one(
            "days",
            Extent::Stock,
            Years::All,
            "天",
            Formula::MedianDays { conditions: Vec::new() },
        ),
    ];
    let set = DefinitionSet { edition: "2026-01".to_owned(), sums: Vec::new(), indicators: all };
    Definitions::new(set).unwrap()
}

/// The figures of facts, of the town of all points and its parts.
fn figures(engine: &Engine, facts: &FactList, at: Timestamp) -> Figures {
    let state = engine.snapshot();
    let (units, source) = unit_tree(&state, Day::of(at), facts, []).unwrap();
    assert_eq!(source, UnitSource::Codes);
    let window = Window { from: Timestamp(START), to: Timestamp(START + 200 * 86_400_000) };
    let question = Question {
        definitions: &definitions(),
        units: &units,
        root: units.root(),
        task: None,
        moment: Moment { at, window },
        targets: &Targets::default(),
        outside: &OutsideSums::new(),
        takes_strays: true,
    };
    evaluate(&question, facts.iter())
}

/// The figures as of a moment, from rows and from the folds of all traces, which must be equal.
async fn check_figures(engine: &Engine, as_of: Option<Timestamp>, most: u64) -> Figures {
    let mut folds = Vec::new();
    for number in 1..=most {
        let trace = engine.trace(&pid(number).to_string(), as_of).await.unwrap();
        let Some(Point { .. }) = trace.as_ref().map(|trace| &trace.point) else { continue };
        let point = trace.unwrap().point;
        let year = point.registered_at().map(ledger::indicator::year_of);
        folds.push(PointFacts::of(&point, year));
    }
    let read = engine.ledger_facts(as_of, Profile::default(), &[]).await.unwrap();
    assert!(read.points.iter().eq(&folds), "as of {as_of:?}");
    let at = as_of.unwrap_or(Timestamp(START + 150 * 86_400_000));
    let (from_rows, from_folds) =
        (figures(engine, &read.points, at), figures(engine, &FactList::new(folds), at));
    assert_eq!(from_rows, from_folds);
    from_rows
}

/// Like `some_payload`, with extensions and spot checks, in towns and villages.
fn payload(point: Option<&Point>, pick: u64, number: u64) -> Payload {
    let units = ["110115001", "110115002", "110115002200", "110115"];
    match (some_payload(point, pick, number), point.map(Point::state)) {
        (Payload::Register { code, task, person, planned, deadline, .. }, _) => Payload::Register {
            code,
            task,
            unit: units[(pick % 4) as usize].to_owned(),
            person,
            planned,
            deadline,
        },
        (_, Some(State::InProgress)) if pick.is_multiple_of(5) => Payload::Extend {
            approval: "A".to_owned(),
            deadline: Timestamp(START + (4000 + number as i64) * 3_600_000),
        },
        (Payload::Rebound { .. }, _) if !pick.is_multiple_of(3) => Payload::SpotCheck {
            finding: [Finding::Pass, Finding::NeverCleared, Finding::Reappeared]
                [(pick % 3) as usize],
            evidence: vec![photo(number * 11)],
        },
        (other, _) => other,
    }
}

#[tokio::test]
async fn figures_are_those_of_the_folds_and_stay_after_late_batches() {
    const POINTS: u64 = 14;
    let folder = tempfile::tempdir().unwrap();
    let (_store, engine) = ledger_at(&folder.path().join("s.gpkg")).await;
    let mut runner = TestRunner::deterministic();
    let picks = proptest::collection::vec((1..=POINTS, proptest::num::u64::ANY), 1..12);
    let (mut number, mut past) = (0, Vec::new());
    let mut kinds = std::collections::BTreeSet::new();
    for round in 0..50 {
        let mut events = Vec::new();
        for (point, pick) in picks.new_tree(&mut runner).unwrap().current() {
            number += 1;
            let trace = engine.trace(&pid(point).to_string(), None).await.unwrap();
            let event = new(point, number, payload(trace.as_ref().map(|t| &t.point), pick, number));
            // What happened at these points is told long after what happened later at the others.
            let early = Timestamp(START + number as i64 * 36_000);
            let occurred_at = if point > 10 { early } else { event.occurred_at };
            events.push(NewEvent { occurred_at, ..event });
        }
        let kinds_of: Vec<EventKind> = events.iter().map(|event| event.payload.kind()).collect();
        let done = raise(&engine, ["ann", "bob", "eve"][round % 3], events).await;
        let new = done.outcomes.iter().zip(kinds_of);
        kinds.extend(
            new.filter(|(o, _)| matches!(o, Outcome::New { .. }))
                .map(|(_, kind)| kind.identifier()),
        );
        if round % 6 == 5 {
            // A past state is told apart by the millisecond.
            let at = engine.snapshot().recorded_at.unwrap();
            tokio::time::sleep(Duration::from_millis(3)).await;
            past.push((at, check_figures(&engine, Some(at), POINTS).await));
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    for kind in ["extend", "spot_check", "rebound", "progress", "district_close"] {
        assert!(kinds.contains(kind), "{kind} is missing of {kinds:?}");
    }
    check_figures(&engine, None, POINTS).await;
    for (at, then) in past {
        assert_eq!(check_figures(&engine, Some(at), POINTS).await, then, "as of {at:?}");
    }
}

#[tokio::test]
async fn units_are_told_by_the_digits_of_their_codes() {
    let (_store, engine) = empty_ledger().await;
    let none = engine.ledger_facts(None, Profile::default(), &[]).await.unwrap();
    let day = Day::of(Timestamp(START));
    let tree = |facts: &FactList, others: &[&str]| {
        let others = others.iter().map(|code| (*code).to_owned());
        let (units, _) = unit_tree(&engine.snapshot(), day, facts, others).unwrap();
        let below = units.below(units.root()).into_iter();
        let shown = |slot: usize| {
            let parent = units.parent(slot).map(|above| units.unit(above).code.clone());
            (units.unit(slot).code.clone(), parent.unwrap_or_default())
        };
        below.map(shown).collect::<Vec<_>>()
    };
    let pair = |code: &str, parent: &str| (code.to_owned(), parent.to_owned());
    assert_eq!(tree(&none.points, &[]), [pair("all", "")]);
    assert_eq!(
        tree(&none.points, &["110115002200", "110115001"]),
        [
            pair("110115", ""),
            pair("110115001", "110115"),
            pair("110115002", "110115"),
            pair("110115002200", "110115002"),
        ]
    );
    assert_eq!(
        tree(&none.points, &["110115", "110116", "城管", "all"]),
        [
            pair("all-", ""),
            pair("110115", "all-"),
            pair("110116", "all-"),
            pair("all", "all-"),
            pair("城管", "all-"),
        ]
    );
    raise(&engine, "ann", vec![new(1, 1, report()), new(1, 2, register(""))]).await;
    let some = engine.ledger_facts(None, Profile::default(), &[]).await.unwrap();
    assert_eq!(tree(&some.points, &[]), [pair("110115", ""), pair("110115001", "110115")]);
    // The same revisions tell the same, without reading anew.
    let again = engine.ledger_facts(None, Profile::default(), &[]).await.unwrap();
    assert!(Arc::ptr_eq(&some.points, &again.points) && !Arc::ptr_eq(&some.points, &none.points));
}

#[tokio::test]
async fn there_are_no_facts_of_columns_that_may_not_be_read_or_of_no_ledger() {
    let (_store, engine) = empty_ledger().await;
    let shy = Profile { highest: spatial::FieldClass::L0, within: spatial::FieldClass::L0 };
    let refused = engine.ledger_facts(None, shy, &[]).await;
    assert!(matches!(refused, Err(EngineError::HiddenField { .. })), "{refused:?}");
    let engine = open(Arc::new(MemoryStore::new())).await;
    let refused = engine.ledger_facts(None, Profile::default(), &[]).await;
    assert!(matches!(refused, Err(EngineError::NoLedger)), "{refused:?}");
}

/// The rows of a point that was registered, worked on and closed.
fn rows_of(number: u64) -> (Point, Vec<StoredEvent>) {
    let point = PointId::try_from(uuid(number)).unwrap();
    let way = [
        report(),
        register(&format!("110115001-CW-2026-{number:05}")),
        Payload::Dispatch { receiver: "team".to_owned(), person: None },
        Payload::Accept,
        Payload::Progress { done: area(1 + number % 50) },
        Payload::Submit {
            before: vec![photo(number * 2)],
            after: vec![photo(number * 2 + 1)],
            actual: area(1 + number % 50),
        },
    ];
    let rules = Rules::default();
    let event = |(at, payload): (u64, Payload)| {
        let may = |role: &Role| rules.may_raise(*role, payload.kind());
        let at_ms = Timestamp(START + at as i64 * 3_600_000);
        Event {
            id: EventId::try_from(uuid(number * 10 + at)).unwrap(),
            actor: "ann".to_owned(),
            role: Role::SHIPPED.into_iter().find(may).unwrap(),
            occurred_at: at_ms,
            recorded_at: at_ms,
            backfilled: false,
            payload,
        }
    };
    let stored: Vec<StoredEvent> = (1..)
        .zip(way)
        .map(|(seq, payload)| StoredEvent {
            point,
            seq: seq as u32,
            unit_of_actor: None,
            event: event((seq, payload)),
        })
        .collect();
    let folded = Point::fold(point, stored.iter().map(|one| &one.event), &rules);
    (folded.unwrap().unwrap(), stored)
}

/// Says how long facts of a large ledger take. `cargo test -p engine --release -- --ignored facts_of`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn facts_of_three_hundred_thousand_points() {
    const MANY: u64 = 300_000;
    let store = Arc::new(MemoryStore::new());
    for collection in collections(&Crs::CGCS2000).unwrap() {
        let row = |values: Vec<(&'static str, Value)>| {
            let mut feature = Feature {
                id: None,
                geometry: None,
                properties: vec![Value::Null; collection.fields.len()],
            };
            for (name, value) in values {
                feature.properties[collection.field_position(name).unwrap()] = value;
            }
            feature
        };
        let (sender, receiver) = mpsc::channel(4);
        let is_points = collection.id == id(POINTS);
        assert!(is_points || collection.id == id(POINT_EVENTS));
        let load = Load {
            collection: collection.clone(),
            mode: LoadMode::Create,
            actor: "local".to_owned(),
            reason: "test".to_owned(),
            recorded_at: Timestamp(1_000),
        };
        let loaded = tokio::spawn({
            let store = Arc::clone(&store);
            async move { store.load(load, receiver).await.unwrap() }
        });
        for first in (1..=MANY).step_by(1000) {
            let rows = (first..first + 1000).flat_map(|number| {
                let (point, stored) = rows_of(number);
                match is_points {
                    true => vec![row(points::derived(&point).collect())],
                    false => stored.iter().map(|one| row(one.values())).collect(),
                }
            });
            sender.send(LoadItem::Features(rows.collect())).await.unwrap();
        }
        sender.send(LoadItem::Finish).await.unwrap();
        drop(sender);
        loaded.await.unwrap();
    }
    let engine = open(store).await;
    let start = Instant::now();
    let facts = engine.ledger_facts(None, Profile::default(), &[]).await.unwrap();
    let read = start.elapsed();
    let start = Instant::now();
    let found = figures(&engine, &facts.points, Timestamp(START));
    assert_eq!(found.rows[0].figures[1].denominator, Some(i128::from(MANY) * 100));
    panic!("read in {read:?}, {} indicators in {:?}", found.rows[0].figures.len(), start.elapsed());
}
