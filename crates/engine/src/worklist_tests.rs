//! Work lists from rows are those of naive folds, over random histories, all that may be asked and
//! past states; units stand with those beneath them.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use ledger::point::{Finding, Lamp, Role};
use ledger::rows::POINTS;
use ledger::worklist::{Standing, Urgency, Work, waiting};
use ledger::{Payload, Point, PointId, Rules, State};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use spatial::{Timestamp, Value};
use store::LoadMode;

use crate::Engine;
use crate::engine_tests::id;
use crate::ledger::{NewEvent, Outcome, WorkAsked};
use crate::ledger_tests::{START, empty_ledger, new, pid, raise, report, some_payload};
use crate::places::sample;

const HOUR: i64 = 3_600_000;
const POINT_COUNT: u64 = 12;

fn all(now: i64) -> WorkAsked {
    WorkAsked {
        unit: None,
        person: None,
        role: None,
        lamp: None,
        actor: "ann".to_owned(),
        as_of: None,
        now: Timestamp(now),
        limit: usize::MAX,
        after: None,
    }
}

/// A payload as `some_payload` has it, and now and then one that work lists look at besides.
fn payload(point: Option<&Point>, pick: u64, number: u64) -> Payload {
    let at = START + number as i64 * HOUR;
    let open = point.filter(|point| point.is_open());
    let asked = point.and_then(|point| point.open_supervisions().next()).map(|one| one.event);
    match (pick % 11, open, asked) {
        (0, Some(_), _) => Payload::Supervise {
            demand: "when".into(),
            reply_by: Timestamp(at + (1 + pick as i64 % 90) * HOUR),
        },
        (1 | 2, _, Some(to)) => Payload::Reply { to, answer: "soon".into() },
        (3 | 9 | 10, Some(point), _) if point.state() == State::InProgress => Payload::Suspend {
            approval: "A".into(),
            until: Timestamp(at + (1 + pick as i64 % 50) * HOUR),
        },
        // Refused: it rests.
        (3.., Some(point), _) if point.state() == State::Suspended => Payload::Accept,
        (4..8, _, _) if point.is_some_and(|point| point.state() == State::Closed) => {
            Payload::SpotCheck { finding: Finding::Pass, evidence: vec![] }
        }
        _ => some_payload(point, pick, number),
    }
}

/// The list of work as the folds say, without what makes it fast.
async fn naive(engine: &Engine, asked: &WorkAsked) -> Vec<(Urgency, Option<Lamp>)> {
    let rules = Rules::default();
    let mut found = Vec::new();
    for number in 1..=POINT_COUNT {
        let name = pid(number).to_string();
        let Some(trace) = engine.trace(&name, asked.as_of).await.unwrap() else { continue };
        for one in waiting(Standing::of(&trace.point), asked.now, &rules) {
            let lamp = one.lamp(asked.now, &rules);
            let unit = asked.unit.as_deref();
            let is_meant = |known: &str| Some(known) == unit;
            let fits = (unit.is_none() || one.is_of_unit(&is_meant))
                && asked.role.is_none_or(|role| one.work.waits_for(role, &rules))
                && (asked.lamp.is_none() || asked.lamp == lamp)
                && (asked.person.is_none() || asked.person.as_deref() == trace.point.person());
            if fits {
                found.push((one.urgency(), lamp));
            }
        }
    }
    found.sort_unstable_by_key(|(urgency, _)| *urgency);
    found
}

/// All pages of a question, a few pieces of work each.
async fn paged(engine: &Engine, asked: &WorkAsked) -> Vec<(PointId, Work, Option<Lamp>)> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = engine.worklist(WorkAsked { limit: 3, after, ..asked.clone() }).await.unwrap();
        let column = page.points.collection().field_position("id").unwrap();
        for item in &page.items {
            let row = page.points.get(item.row).unwrap();
            let Value::Text(text) = row.value(column).to_value() else { unreachable!() };
            found.push((PointId::try_from(text.as_str()).unwrap(), item.work, item.lamp));
        }
        after = page.next;
        if after.is_none() {
            return found;
        }
        assert_eq!(page.items.len(), 3);
    }
}

async fn check(engine: &Engine, asked: &WorkAsked) -> usize {
    let expected = naive(engine, asked).await;
    let names: Vec<_> = expected.iter().map(|(one, lamp)| (one.2, one.3, *lamp)).collect();
    assert_eq!(paged(engine, asked).await, names, "{asked:?}");
    let mut counts = BTreeMap::new();
    for (urgency, lamp) in &expected {
        *counts.entry((urgency.3, *lamp)).or_insert(0) += 1;
    }
    let whole = engine.worklist(asked.clone()).await.unwrap();
    assert_eq!(whole.counts, counts, "{asked:?}");
    assert_eq!((whole.total() as usize, whole.next), (expected.len(), None));
    expected.len()
}

#[tokio::test]
async fn work_lists_are_those_of_naive_folds_over_random_histories() {
    let (_store, engine) = empty_ledger().await;
    let mut runner = TestRunner::deterministic();
    let picks = proptest::collection::vec((1..=POINT_COUNT, proptest::num::u64::ANY), 1..8);
    let (mut number, mut seen, mut moments) = (0, BTreeMap::new(), Vec::new());
    for round in 0..60_usize {
        let mut events: Vec<NewEvent> = Vec::new();
        for (point, pick) in picks.new_tree(&mut runner).unwrap().current() {
            number += 1;
            let name = pid(point).to_string();
            let trace = engine.trace(&name, None).await.unwrap();
            let payload = payload(trace.as_ref().map(|trace| &trace.point), pick, number);
            events.push(new(point, number, payload));
        }
        let done = raise(&engine, ["ann", "bob", "eve"][round % 3], events).await;
        let news = done.outcomes.iter().filter(|one| matches!(one, Outcome::New { .. })).count();
        moments.extend(done.recorded_at.filter(|_| news > 0));
        if round % 6 != 5 {
            continue;
        }
        let now = START + (number as i64 + round as i64 * 40) * HOUR;
        for (work, _) in engine.worklist(all(now)).await.unwrap().counts.keys() {
            *seen.entry(*work).or_insert(0) += 1;
        }
        check(&engine, &all(now)).await;
        for unit in ["110115001", "town team", "nobody"] {
            check(&engine, &WorkAsked { unit: Some(unit.into()), ..all(now) }).await;
        }
        for role in Role::ALL {
            check(&engine, &WorkAsked { role: Some(role), ..all(now) }).await;
        }
        for lamp in Lamp::ALL {
            check(&engine, &WorkAsked { lamp: Some(lamp), ..all(now) }).await;
        }
        check(&engine, &WorkAsked { person: Some("p".into()), ..all(now) }).await;
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    assert_eq!(seen.len(), Work::ALL.len(), "some work never waited: {seen:?}");
    for at in moments.iter().step_by(moments.len() / 5) {
        check(&engine, &WorkAsked { as_of: Some(*at), ..all(START + 500 * HOUR) }).await;
    }
}

#[tokio::test]
async fn a_unit_stands_with_those_beneath_it() {
    let (store, engine) = empty_ledger().await;
    raise(&engine, "ann", vec![new(1, 1, report())]).await;
    let asked = |unit: &str| WorkAsked { unit: Some(unit.into()), ..all(START) };
    let district = engine.worklist(asked("110115")).await.unwrap();
    // Without a table of units a code stands for itself: no code is a prefix of another.
    assert_eq!((district.total(), district.unit_is_known), (0, false));
    assert_eq!(engine.worklist(asked("110115001")).await.unwrap().total(), 1);
    let units = sample::places("admin_units");
    let rows = [("110115", "district", ""), ("110115001", "town", "110115")];
    let row = |(code, level, parent)| {
        let values = [("code", code), ("level", level), ("parent", parent)];
        sample::feature(&units, None, &values)
    };
    let features = rows.into_iter().map(row).collect();
    sample::load(&*store, units.clone(), LoadMode::Create, features).await;
    engine.refresh().await.unwrap();
    let district = engine.worklist(asked("110115")).await.unwrap();
    assert_eq!((district.total(), district.unit_is_known), (1, true));
    assert_eq!(engine.snapshot().collections[&id(POINTS)].len(), 1);
}
