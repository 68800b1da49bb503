//! What records wait for, as data; random rows wait as a naive reading of the table says.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use spatial::{Collection, Crs, FeatureId, Timestamp, ValueRef};

use super::{Filling, RECORDS, RecordRules, Subject, WaitingRecords, Work};
use crate::point::{Lamp, Rules};
use crate::record::named;

fn of(id: &str) -> (&'static WaitingRecords, Collection) {
    let records = RECORDS.iter().find(|one| one.collection == id).unwrap();
    (records, named(id).unwrap().collection(Crs::CGCS2000).unwrap())
}

/// Values of a row by the names of its columns.
type Row<'a> = &'a [(&'a str, &'a str)];

fn at(text: &str) -> Timestamp {
    crate::clue::read_moment(text).unwrap()
}

/// What a row waits for, until when, with the lamp of 2026-11-20T00:00:00Z.
fn check_waits(id: &str, row: Row<'_>, rest: &[&str], expected: Option<(Work, &str, Lamp)>) {
    let (records, collection) = of(id);
    let bound = records.bind(&collection).unwrap();
    let value = |at: usize| {
        let known = row.iter().find(|(name, _)| *name == collection.fields[at].name);
        known.map_or(ValueRef::Null, |(_, text)| ValueRef::Text(text))
    };
    let fid = FeatureId::try_from(7).unwrap();
    let found = bound.waiting((fid, &value), &|name| rest.contains(&name), &RecordRules::default());
    let now = at("2026-11-20T00:00:00Z");
    let told = found.map(|one| (one.work, one.due, one.lamp(now, &Rules::default())));
    let expected = expected.map(|(work, due, lamp)| match due {
        "" => (work, None, None),
        due => (work, Some(at(due)), Some(lamp)),
    });
    assert_eq!(told, expected, "{id} {row:?}");
    if let Some(one) = found {
        assert_eq!((one.subject, one.person, one.task), (Subject::Record(fid), None, None));
    }
}

#[test]
fn records_wait_for_the_first_step_that_is_not_done() {
    use Lamp::{Green, Red, Yellow};
    let sent = ("sent_at", "2026-11-10T01:00:00.000Z");
    let due = ("due_at", "2026-12-01T04:00:00.000Z");
    let [read, accepted, done] = ["read_at", "accepted_at", "done_at"];
    let day = "2026-11-11T00:00:00.000Z";
    let own = "2026-12-01T04:00:00Z";
    for (row, expected) in [
        (&[sent, due][..], Some((Work::Read, own, Green))),
        // Without a date of its own an order is to be read within a day.
        (&[sent], Some((Work::Read, "2026-11-11T01:00:00Z", Red))),
        (&[sent, (read, day)], Some((Work::TakeOn, "", Green))),
        (&[sent, due, (read, day), (accepted, day)], Some((Work::Finish, own, Green))),
        // What is done counts what comes before.
        (&[sent, due, (accepted, day)], Some((Work::Finish, own, Green))),
        (&[sent, due, (done, day)], None),
        (&[sent, due, (read, " ")], Some((Work::Read, own, Green))),
        (&[due], Some((Work::Read, own, Green))),
        (&[("due_at", "soon")], Some((Work::Read, "", Green))),
    ] {
        check_waits("orders", row, &[], expected);
    }
    // A day is over at its end in Shanghai.
    let until = ("due", "2026-11-20");
    let last = "2026-11-20T15:59:59.999Z";
    check_waits("decisions", &[until], &[], Some((Work::CarryOut, last, Yellow)));
    check_waits("decisions", &[until, ("done", "2026-11-19")], &[], None);
    check_waits("decisions", &[], &[], Some((Work::CarryOut, "", Green)));
    let called = ("occurred_at", "2026-11-19T00:00:00.000Z");
    let respond = (Work::Respond, "2026-11-20T00:00:00Z", Yellow);
    let resolve = (Work::Resolve, "2026-12-04T00:00:00Z", Green);
    check_waits("complaints", &[called], &[], Some(respond));
    check_waits("complaints", &[called, ("responded_at", day)], &[], Some(resolve));
    check_waits("complaints", &[called, ("resolved_at", day)], &[], None);
}

#[test]
fn calls_wait_for_departments_and_then_for_their_caller() {
    let row = &[("code", "CS-1-01"), ("whistle", "CS-1"), ("called_at", "2026-11-19T00:00:00Z")];
    let arrive = Some((Work::Arrive, "2026-11-19T02:00:00Z", Lamp::Red));
    check_waits("arrivals", row, &["CS-2"], arrive);
    check_waits("arrivals", row, &["CS-1"], None);
    let call = &[("code", "CS-1"), ("called_at", "2026-11-19T00:00:00Z")];
    check_waits("whistles", call, &[], Some((Work::CloseCall, "", Lamp::Green)));
    check_waits("whistles", call, &["CS-1"], None);
    let closed = [&call[..], &[("closed_at", "2026-11-19T03:00:00Z")]].concat();
    check_waits("whistles", &closed, &[], None);
    for (empty, filled) in [("", "x"), (" ", "0")] {
        assert_eq!(Filling::of(ValueRef::Text(empty)), Filling::Empty);
        assert_eq!(Filling::of(ValueRef::Text(filled)), Filling::Filled);
    }
}

#[test]
fn the_table_names_columns_that_there_are_and_each_work_once() {
    let mut works = Vec::new();
    for records in &RECORDS {
        let (_, collection) = of(records.collection);
        let told = records.told.iter().map(|(_, column)| *column);
        for column in records.columns().chain(told) {
            assert!(collection.field_position(column).is_some(), "{} {column}", collection.id);
        }
        if let Some(rests) = records.rests {
            let (_, other) = of(rests.collection);
            let has = |name| other.field_position(name).is_some();
            assert!(has(rests.named) && has(rests.column), "{}", records.collection);
        }
        works.extend(records.steps.iter().map(|(work, _)| *work));
    }
    let of_records: Vec<Work> =
        Work::ALL.into_iter().filter(|work| work.done_by().is_none()).collect();
    assert_eq!(works.iter().copied().collect::<BTreeSet<_>>().len(), works.len());
    assert_eq!(works.len(), of_records.len());
}

proptest! {
    /// Read column by column, in the plainest way.
    #[test]
    fn random_rows_wait_as_a_naive_reading_says(
        pick in 0..RECORDS.len(),
        filled in proptest::collection::vec(any::<bool>(), 20),
        rests in any::<bool>(),
    ) {
        let (records, collection) = of(RECORDS[pick].collection);
        let bound = records.bind(&collection).unwrap();
        let is_filled = |name: &str| filled[collection.field_position(name).unwrap()];
        let value = |at: usize| match filled[at] {
            true => ValueRef::Text("2026-11-19T00:00:00Z"),
            false => ValueRef::Null,
        };
        let fid = FeatureId::try_from(1).unwrap();
        let found = bound.waiting((fid, &value), &|_| rests, &RecordRules::default());
        let mut work = None;
        for (step, column) in records.steps.iter().rev() {
            if is_filled(column) {
                break;
            }
            work = Some(*step);
        }
        let names_another = match records.collection {
            "arrivals" => is_filled("whistle"),
            "whistles" => is_filled("code"),
            _ => false,
        };
        let expected = work.filter(|_| !(rests && names_another));
        prop_assert_eq!(found.map(|one| one.work), expected);
        let units = match records.collection {
            "arrivals" => vec!["department", "unit"],
            "whistles" => vec!["caller"],
            "orders" => vec!["to_unit"],
            "decisions" => vec!["unit"],
            _ => vec!["handled_by"],
        };
        let units = units.into_iter().filter(|column| is_filled(column)).count();
        if let Some(one) = found {
            prop_assert_eq!(one.units.into_iter().flatten().count(), units);
        }
    }
}
