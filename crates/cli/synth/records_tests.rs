//! Records of the fictional towns: keys are unique, what they name is there, every collection that is
//! told has rows, and none is known before it happened.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use ledger::point::Payload;
use ledger::record::Consistency;
use ledger::record::business::ENTERPRISES;
use ledger::record::patrols::PATROL_TRACKS;
use ledger::{CreditCode, PointCode};
use spatial::{Crs, Feature, Field, FieldType, Timestamp, Value};

use super::ground::NATIVE;
use super::records::patrols::{CHECKLIST, ITEMS};
use super::{LedgerPoint, Records, Synth, record_collections};

/// The first moment of July 2025 in Shanghai, and what texts of dates and times before it are less than.
const JULY: (Timestamp, &str) = (Timestamp(1_751_299_200_001), "2025-06-30T16");
/// 2026-10-01T00:00:00Z: everything has happened by then.
const TOLD: Timestamp = Timestamp(1_790_812_800_000);
/// Later than everything.
const AT_LAST: Timestamp = Timestamp(i64::MAX);
/// Columns that may tell of a later time.
const TO_COME: [&str; 5] = ["due", "due_at", "exit_due", "until", "valid_to"];

fn text<'f>(fields: &[Field], row: &'f Feature, name: &str) -> Option<&'f str> {
    match &row.properties[fields.iter().position(|field| field.name == name)?] {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// The records of two towns; and how they call the points, by number or id, with the moment since when the
/// ledger knows each.
fn told() -> (Records, BTreeMap<String, Timestamp>) {
    let synth = Synth::new(1, 20_000, Some(2), &NATIVE).unwrap();
    let (mut records, mut points) = (Records::default(), BTreeMap::new());
    for village in 0..synth.villages() {
        let told = synth.ledger(village).unwrap();
        points.extend(told.iter().filter_map(LedgerPoint::name));
        let reported = told.iter().filter_map(|one| one.events.first());
        points.extend(reported.map(|one| (one.point.to_string(), one.event.recorded_at)));
        synth.records(village, &told, &mut records).unwrap();
    }
    (records, points)
}

#[test]
fn no_record_is_known_before_what_it_tells_happened() {
    let (mut records, points) = told();
    let mut begun = 0;
    for one in record_collections() {
        let fields = one.fields();
        let latest = |row: &Feature| {
            let times = fields.iter().filter(|field| !TO_COME.contains(&field.name.as_str()));
            let times =
                times.filter(|one| matches!(one.field_type, FieldType::Date | FieldType::DateTime));
            let times = times.filter_map(|field| text(&fields, row, &field.name));
            times.max().unwrap_or_default().to_owned()
        };
        let early = records.take(one.id, JULY.0);
        for row in &early {
            assert!(latest(row).as_str() < JULY.1, "{}: {row:?}", one.id);
            let point = text(&fields, row, "point");
            assert!(point.is_none_or(|point| points[point] < JULY.0), "{}: {row:?}", one.id);
        }
        // What is left tells of July, or names a point of July.
        for row in records.take(one.id, AT_LAST) {
            let point = text(&fields, &row, "point");
            let is_named_later = point.is_some_and(|point| points.get(point) > Some(&JULY.0));
            let is_later = latest(&row).as_str() >= JULY.1 || one.id == PATROL_TRACKS;
            assert!(is_later || is_named_later, "{}: {row:?}", one.id);
        }
        begun += usize::from(!early.is_empty());
    }
    assert!(begun > 15, "{begun} collections have rows by then");
}

#[test]
fn records_have_keys_of_their_own_and_name_what_is_there() {
    let ((mut records, points), (mut again, _)) = (told(), told());
    let codes: BTreeSet<&str> = points.keys().map(String::as_str).collect();
    for one in record_collections() {
        let (fields, rows) = (one.fields(), records.take(one.id, AT_LAST));
        assert!(!rows.is_empty(), "{}", one.id);
        assert_eq!(rows, again.take(one.id, AT_LAST), "{}", one.id);
        let consistency = Consistency::of(&one.collection(Crs::CGCS2000).unwrap());
        let mut keys = BTreeSet::new();
        for row in &rows {
            let value = |at: usize| row.properties[at].as_ref();
            let found = consistency.as_ref().map(|held| held.contradictions(&value, TOLD));
            assert!(found.is_none_or(|found| found.is_empty()), "{}: {row:?}", one.id);
            // What a patrol walked has no name of its own.
            let key = text(&fields, row, "code").or(text(&fields, row, "patrol")).unwrap();
            assert!(keys.insert(key), "{} {key}", one.id);
            if let Some(point) = text(&fields, row, "point") {
                assert!(codes.contains(point), "{} {key}: {point}", one.id);
            }
            if one.id == ENTERPRISES
                && let Some(code) = text(&fields, row, "uscc")
            {
                assert!(CreditCode::try_from(code).is_ok(), "{code}");
            }
        }
    }
    let checklists = crate::data_files::read_checklists(None).unwrap();
    let of = checklists.all().iter().find(|one| one.code == CHECKLIST[0]).unwrap();
    assert_eq!(of.version, CHECKLIST[1]);
    assert_eq!(of.items.iter().map(|item| item.code.as_str()).collect::<Vec<_>>(), ITEMS);
    assert!(codes.iter().any(|code| PointCode::try_from(*code).is_ok()));
}

#[test]
fn points_about_trade_name_the_enterprise_that_names_them() {
    let synth = Synth::new(1, 20_000, Some(2), &NATIVE).unwrap();
    let (mut records, mut named) = (Records::default(), BTreeSet::new());
    let columns = ledger::rows::points::fields();
    for village in 0..synth.villages() {
        let told = synth.ledger(village).unwrap();
        for point in &told {
            let task = point.events.iter().find_map(|stored| match &stored.event.payload {
                Payload::Register { task, .. } => Some(task.as_str()),
                _ => None,
            });
            let enterprise = text(&columns, &point.row, "enterprise").map(str::to_owned);
            let is_about_trade = task.is_none_or(|task| ["KQ", "WZ"].contains(&task));
            assert!(enterprise.is_none() || is_about_trade, "{task:?}: {enterprise:?}");
            named.extend(enterprise.map(|code| (code, point.name().unwrap().0)));
        }
        synth.records(village, &told, &mut records).unwrap();
    }
    let shipped = record_collections().find(|one| one.id == ENTERPRISES).unwrap();
    let fields = shipped.fields();
    let tied = records.take(ENTERPRISES, AT_LAST).into_iter().filter_map(|row| {
        let [code, point] = ["code", "point"].map(|name| text(&fields, &row, name));
        Some((code?.to_owned(), point?.to_owned()))
    });
    assert!(named.len() > 50, "{}", named.len());
    assert_eq!(named, tied.collect());
}
