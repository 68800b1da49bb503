//! Work lists from rows are those of naive folds and of records read one by one, over random histories
//! and records, all that may be asked and past states; units stand with those beneath them.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::point::{Finding, Lamp, Role};
use ledger::rows::POINTS;
use ledger::worklist::{RecordRules, Standing, Subject, Urgency, Work, waiting};
use ledger::{Payload, Point, PointId, Rules, State};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use spatial::{Crs, FeatureId, FieldClass, FieldType, Timestamp, Value};
use store::{FeatureStore, LoadMode};

use crate::engine_tests::id;
use crate::ledger::{NewEvent, Outcome, WorkAsked};
use crate::ledger_tests::{START, empty_ledger, new, pid, raise, report, some_payload};
use crate::places::sample;
use crate::{Audience, Engine, View};

const HOUR: i64 = 3_600_000;
const POINT_COUNT: u64 = 12;

fn all(now: i64) -> WorkAsked {
    WorkAsked {
        unit: None,
        person: None,
        task: None,
        work: None,
        role: None,
        raiser: None,
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

/// The list of work as the folds and the records say, without what makes it fast.
async fn naive(engine: &Engine, asked: &WorkAsked) -> Vec<(Urgency, Option<Lamp>)> {
    let (rules, records) = (Rules::default(), RecordRules::default());
    let mut found = Vec::new();
    for one in naive_records(engine) {
        let lamp = one.due.map(|due| Lamp::of(due, asked.now, &rules));
        let of_unit = |unit: &String| one.units.contains(unit);
        let fits = asked.unit.as_ref().is_none_or(of_unit)
            && asked.role.is_none_or(|role| one.work.waits_for(role, (&rules, &records)))
            && (asked.lamp.is_none() || asked.lamp == lamp)
            && (asked.work.is_none() || asked.work == Some(one.work))
            && asked.person.is_none()
            && asked.task.is_none();
        if fits {
            let due = one.due.unwrap_or(Timestamp(i64::MAX));
            found.push(((due, one.since, Subject::Record(one.row), one.work), lamp));
        }
    }
    for number in 1..=POINT_COUNT {
        let name = pid(number).to_string();
        let Some(trace) = engine.trace(&name, asked.as_of).await.unwrap() else { continue };
        for one in waiting(Standing::of(&trace.point), asked.now, &rules) {
            let lamp = one.lamp(asked.now, &rules);
            let unit = asked.unit.as_deref();
            let is_meant = |known: &str| Some(known) == unit;
            let fits = (unit.is_none() || one.part_of(&is_meant).is_some())
                && asked.role.is_none_or(|role| one.work.waits_for(role, (&rules, &records)))
                && (asked.work.is_none() || asked.work == Some(one.work))
                && (asked.task.is_none() || asked.task.as_deref() == trace.point.task())
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
async fn paged(engine: &Engine, asked: &WorkAsked) -> Vec<(Subject, Work, Option<Lamp>)> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = engine.worklist(WorkAsked { limit: 3, after, ..asked.clone() }).await.unwrap();
        for item in &page.items {
            let row = item.held.get(item.row).unwrap();
            let subject = match item.held.collection().field_position("deadline") {
                Some(_) => {
                    let column = item.held.collection().field_position("id").unwrap();
                    let Value::Text(text) = row.value(column).to_value() else { unreachable!() };
                    Subject::Point(PointId::try_from(text.as_str()).unwrap())
                }
                None => Subject::Record(item.row),
            };
            found.push((subject, item.work, item.lamp));
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

/// A record that waits, as somebody reads it who looks at one collection at a time.
struct NaiveRecord {
    row: FeatureId,
    work: Work,
    since: Timestamp,
    due: Option<Timestamp>,
    units: Vec<String>,
}

/// The rows of a collection by the names of their columns.
fn rows(engine: &Engine, collection: &str) -> Vec<(FeatureId, BTreeMap<String, String>)> {
    let held = Arc::clone(&engine.snapshot().collections[&id(collection)]);
    let mut rows = Vec::new();
    held.each(&mut |shard, slots| {
        for slot in slots {
            let row = shard.feature(usize::from(*slot));
            let fields = held.collection().fields.iter().enumerate();
            let filled = fields.filter_map(|(at, field)| match row.value(at).to_value() {
                Value::Text(text) => Some((field.name.clone(), text)),
                _ => None,
            });
            rows.push((row.id(), filled.collect()));
        }
    });
    rows
}

fn naive_records(engine: &Engine) -> Vec<NaiveRecord> {
    let at = |row: &BTreeMap<String, String>, column: &str| {
        row.get(column).map(|text| ledger::clue::read_moment(text).unwrap())
    };
    let mut found = Vec::new();
    let mut add = |row: FeatureId, work, (since, due): (Option<Timestamp>, _), units: Vec<_>| {
        let since = since.unwrap_or(Timestamp(i64::MAX));
        found.push(NaiveRecord {
            row,
            work,
            since,
            due,
            units: units.into_iter().flatten().collect(),
        });
    };
    let hours = |since: Option<Timestamp>, hours| since.map(|at| Timestamp(at.0 + hours * HOUR));
    let unit = |row: &BTreeMap<String, String>, column: &str| row.get(column).cloned();
    let (calls, called) = (rows(engine, "whistles"), rows(engine, "arrivals"));
    for (fid, row) in &called {
        let is_over = calls.iter().any(|(_, call)| {
            call.get("code") == row.get("whistle") && call.contains_key("closed_at")
        });
        if !row.contains_key("arrived_at") && !is_over {
            let since = at(row, "called_at");
            let units = vec![unit(row, "department"), unit(row, "unit")];
            add(*fid, Work::Arrive, (since, hours(since, 2)), units);
        }
    }
    for (fid, row) in &calls {
        let mut its = called.iter().filter(|(_, one)| one.get("whistle") == row.get("code"));
        if !row.contains_key("closed_at") && its.all(|(_, one)| one.contains_key("arrived_at")) {
            add(*fid, Work::CloseCall, (at(row, "called_at"), None), vec![unit(row, "caller")]);
        }
    }
    for (fid, row) in rows(engine, "orders") {
        let [read, accepted, done] =
            ["read_at", "accepted_at", "done_at"].map(|column| row.contains_key(column));
        let (since, due) = (at(&row, "sent_at"), at(&row, "due_at"));
        let (work, due) = match (read, accepted, done) {
            (_, _, true) => continue,
            (_, true, _) => (Work::Finish, due),
            (true, ..) => (Work::TakeOn, due),
            _ => (Work::Read, due.or(hours(since, 24))),
        };
        add(fid, work, (since, due), vec![unit(&row, "to_unit")]);
    }
    for (fid, row) in rows(engine, "decisions") {
        if !row.contains_key("done") {
            // The first moment of the next day, less one millisecond.
            let due = at(&row, "due").map(|day| Timestamp(day.0 + 24 * HOUR - 1));
            add(fid, Work::CarryOut, (at(&row, "decided_at"), due), vec![unit(&row, "unit")]);
        }
    }
    for (fid, row) in rows(engine, "complaints") {
        let since = at(&row, "occurred_at");
        let (work, most) = match ["responded_at", "resolved_at"].map(|one| row.contains_key(one)) {
            [_, true] => continue,
            [true, false] => (Work::Resolve, 360),
            [false, false] => (Work::Respond, 24),
        };
        add(fid, work, (since, hours(since, most)), vec![unit(&row, "handled_by")]);
    }
    found
}

/// Random records of every kind that waits, each column filled or not.
async fn load_records(store: &dyn FeatureStore, runner: &mut TestRunner) {
    for name in ["whistles", "arrivals", "orders", "decisions", "complaints"] {
        let collection = ledger::record::named(name).unwrap().collection(Crs::CGCS2000).unwrap();
        let mut features = Vec::new();
        for number in 0..20_u64 {
            let mut values = Vec::new();
            for field in &collection.fields {
                let pick = proptest::num::u64::ANY.new_tree(runner).unwrap().current();
                let day = format!("2026-09-{:02}", 1 + pick / 8 % 28);
                let value = match (field.name.as_str(), field.field_type) {
                    ("code", _) if name == "arrivals" => format!("A-{number}"),
                    ("code", _) => format!("W-{number}"),
                    _ if pick.is_multiple_of(2) => continue,
                    ("whistle", _) => format!("W-{}", pick / 8 % 6),
                    ("unit" | "caller" | "to_unit" | "handled_by" | "department", _) => {
                        ["110115001", "town team", "other"][pick as usize / 8 % 3].to_owned()
                    }
                    (_, FieldType::Date) => day,
                    (_, FieldType::DateTime) => format!("{day}T01:00:00.000Z"),
                    _ => continue,
                };
                values.push((field.name.as_str(), value));
            }
            let values: Vec<(&str, &str)> =
                values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            features.push(sample::feature(&collection, None, &values));
        }
        sample::load(store, collection.clone(), LoadMode::Create, features).await;
    }
}

#[tokio::test]
async fn work_lists_are_those_of_naive_folds_over_random_histories() {
    let (store, engine) = empty_ledger().await;
    let mut runner = TestRunner::deterministic();
    load_records(&*store, &mut runner).await;
    engine.refresh().await.unwrap();
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
        for role in Role::SHIPPED {
            check(&engine, &WorkAsked { role: Some(role), ..all(now) }).await;
        }
        for lamp in Lamp::ALL {
            check(&engine, &WorkAsked { lamp: Some(lamp), ..all(now) }).await;
        }
        check(&engine, &WorkAsked { person: Some("p".into()), ..all(now) }).await;
        check(&engine, &WorkAsked { task: Some("CW".into()), ..all(now) }).await;
        for work in Work::ALL {
            check(&engine, &WorkAsked { work: Some(work), ..all(now) }).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    assert_eq!(seen.len(), Work::ALL.len(), "some work never waited: {seen:?}");
    for at in moments.iter().step_by(moments.len() / 5) {
        check(&engine, &WorkAsked { as_of: Some(*at), ..all(START + 500 * HOUR) }).await;
    }
}

#[tokio::test]
async fn records_are_listed_for_those_who_may_read_what_decides() {
    let (store, engine) = empty_ledger().await;
    let collection = |name: &str| ledger::record::named(name).unwrap().collection(Crs::CGCS2000);
    let mut complaints = collection("complaints").unwrap();
    let resolved = complaints.field_position("resolved_at").unwrap();
    complaints.fields[resolved].class = FieldClass::L3;
    for collection in [complaints, collection("decisions").unwrap()] {
        let row = sample::feature(&collection, None, &[("code", "1")]);
        sample::load(&*store, collection, LoadMode::Create, vec![row]).await;
    }
    engine.refresh().await.unwrap();
    for (audience, expected) in [
        (Audience::Enforce, vec![Work::CarryOut, Work::Respond]),
        (Audience::Internal, vec![Work::CarryOut]),
    ] {
        let reader = engine.viewing(View::everywhere(audience, FieldClass::L4));
        let counts = reader.worklist(all(START)).await.unwrap().counts;
        let works: Vec<Work> = counts.into_keys().map(|(work, _)| work).collect();
        assert_eq!(works, expected, "{audience:?}");
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
