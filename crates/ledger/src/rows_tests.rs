//! Events go into rows and come back; the columns of a point say what its fold knows.
#![allow(clippy::unwrap_used, reason = "tests")]

use spatial::{FieldType, Value, ValueRef};

use crate::point::{
    Event, EventKind, Payload, Point, PointId, Rules, State,
    events_tests::{NAMES, at, event, payload, point_id},
};
use crate::rows::{
    collections,
    events::{self, StoredEvent, Unfit, brought_by},
    is_of_ledger, points,
};

fn stored(event: Event) -> StoredEvent {
    StoredEvent { point: point_id(1), seq: 3, unit_of_actor: Some("110115001".into()), event }
}

fn read(row: &[(&'static str, Value)]) -> Result<StoredEvent, Unfit> {
    StoredEvent::read(&|name| {
        row.iter().find(|(known, _)| *known == name).map_or(ValueRef::Null, |(_, v)| v.as_ref())
    })
}

#[test]
fn every_event_comes_back_from_its_row() {
    for (name, number) in NAMES.into_iter().zip(1..) {
        let event = stored(Event { backfilled: number % 2 == 0, ..event(number, payload(name)) });
        assert_eq!(read(&event.values()), Ok(event), "{name}");
    }
    let empty = Payload::Report { unit: None, evidence: vec![] };
    let empty = StoredEvent { unit_of_actor: None, ..stored(event(1, empty)) };
    assert_eq!(read(&empty.values()), Ok(empty));
}

#[test]
fn a_row_fills_the_columns_of_its_kind_with_values_of_their_types() {
    let fields = events::fields();
    for (name, number) in NAMES.into_iter().zip(1..) {
        let event = stored(event(number, payload(name)));
        for (column, value) in event.values() {
            let field = fields.iter().find(|field| field.name == column).unwrap();
            let fits = matches!(
                (field.field_type, &value),
                (FieldType::Text | FieldType::DateTime, Value::Text(_))
                    | (FieldType::Int, Value::Int(_))
                    | (FieldType::Real, Value::Real(_))
                    | (FieldType::Bool, Value::Bool(_))
            );
            assert!(fits, "{name}: {column} is {value:?}");
            let of_all = fields.iter().position(|field| field.name == column).unwrap() < 10;
            let brought = brought_by(event.event.kind());
            assert!(of_all || brought.contains(&column), "{name} brings {column}");
        }
    }
    for kind in EventKind::ALL {
        for column in brought_by(kind) {
            assert!(fields.iter().any(|field| field.name == *column), "{column}");
        }
    }
}

#[test]
fn a_row_that_is_no_event_is_refused_by_its_column() {
    let row = stored(event(1, payload("district_close"))).values();
    let check = |column: &'static str, value: Value, part: &str| {
        let mut row = row.clone();
        row.retain(|(name, _)| *name != column);
        row.push((column, value));
        let fault = read(&row).unwrap_err();
        assert_eq!(fault.column, column);
        assert!(fault.problem.contains(part), "{fault}");
    };
    check("id", Value::Text("7".into()), "UUID of version 7");
    check("point", Value::Null, "missing");
    check("kind", Value::Text("close".into()), "district_close");
    check("role", Value::Text("镇长".into()), "letters a to z");
    check("proof", Value::Text("hearsay".into()), "papers");
    check("occurred_at", Value::Text("yesterday".into()), "2026-11-22T08:00:00.000Z");
    check("seq", Value::Int(-1), "whole number");
}

#[test]
fn the_columns_of_a_point_say_what_its_fold_knows() {
    for state in State::ALL {
        let point = at(state);
        let values: Vec<_> = points::derived(&point).collect();
        let value = |name: &str| values.iter().find(|(known, _)| *known == name).unwrap().1.clone();
        assert_eq!(value("id"), Value::Text(point.id().to_string()));
        assert_eq!(value("state"), Value::Text(state.identifier().to_owned()));
        assert_eq!(value("events"), Value::Int(point.events().len() as i64));
        assert_eq!(value("closed_at") == Value::Null, state != State::Closed, "{state}");
        let is_registered = point.registered_at().is_some();
        assert_eq!(value("year"), if is_registered { Value::Int(2026) } else { Value::Null });
        assert_eq!(value("planned_build_area_m2") == Value::Real(240.0), is_registered);
        assert!(values.iter().all(|(name, _)| points::is_derived(name)));
        assert_eq!(points::underived().count() + 1, values.len());
    }
}

#[test]
fn a_collection_is_of_the_ledger_by_name_and_columns() {
    let [of_points, of_events] = collections(&spatial::Crs::CGCS2000).unwrap();
    assert!(is_of_ledger(&of_points) && is_of_ledger(&of_events));
    let collection = |id: &str, fields: Vec<spatial::Field>| spatial::Collection {
        id: spatial::CollectionId::try_from(id).unwrap(),
        fields,
        ..of_points.clone()
    };
    assert!(is_of_ledger(&collection("points", points::fields())));
    assert!(is_of_ledger(&collection("point_events", events::fields())));
    assert!(!is_of_ledger(&collection("points", events::fields())));
    assert!(!is_of_ledger(&collection("other", points::fields())));
    let mut turned = points::fields();
    turned.reverse();
    assert!(is_of_ledger(&collection("points", turned.clone())));
    turned.retain(|field| field.name != "state");
    assert!(!is_of_ledger(&collection("points", turned)));
}

#[test]
fn an_id_is_read_as_it_is_written() {
    let id = point_id(77);
    assert_eq!(PointId::try_from(id.to_string().as_str()), Ok(id));
    assert_eq!(PointId::try_from(id.to_string().to_uppercase().as_str()), Ok(id));
    for odd in
        ["", "77", "0190-1", "01908f3c-7b00-4000-8000-000000000001", "村村村村村村村村村村村村"]
    {
        assert!(PointId::try_from(odd).is_err(), "{odd}");
    }
}

#[test]
fn a_single_submission_says_what_was_done_until_it_is_taken_back() {
    let rules = Rules::default();
    let mut point = at(State::Dispatched);
    let mut number = 50;
    let mut raise = |point: &mut Point, payload: Payload| {
        number += 1;
        point.raise(&event(number, payload), &rules).unwrap();
    };
    raise(&mut point, Payload::Accept);
    raise(&mut point, payload("submit"));
    let part = point.actual();
    assert!(!part.is_zero() && point.progress().is_zero());
    raise(&mut point, payload("withdraw"));
    assert!(point.actual().is_zero());
    raise(&mut point, payload("submit"));
    raise(&mut point, payload("fail"));
    assert!(point.actual().is_zero());
    raise(&mut point, payload("progress"));
    raise(&mut point, payload("submit"));
    assert_eq!((point.actual(), point.progress()), (part, part));
}
