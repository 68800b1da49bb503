//! Records of the fictional towns: keys are unique, what they name is there, every collection that is
//! told has rows.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;

use ledger::record::business::ENTERPRISES;
use ledger::rows::points;
use ledger::{CreditCode, PointCode};
use spatial::{Feature, Field, Timestamp, Value};

use super::ground::NATIVE;
use super::history::LAST_DAY;
use super::records::patrols::{CHECKLIST, ITEMS};
use super::{Records, Synth, record_collections};

/// 2026-10-01T00:00:00Z.
const RECORDED: Timestamp = Timestamp((LAST_DAY as i64 + 1) * 86_400_000);

fn text<'f>(fields: &[Field], row: &'f Feature, name: &str) -> Option<&'f str> {
    match &row.properties[fields.iter().position(|field| field.name == name)?] {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

#[test]
fn records_have_keys_of_their_own_and_name_what_is_there() {
    let synth = Synth::new(1, 20_000, Some(2), &NATIVE).unwrap();
    let (mut records, mut again) = (Records::default(), Records::default());
    let (mut codes, of_points) = (BTreeSet::new(), points::fields());
    for village in 0..synth.villages() {
        let points = synth.ledger(village, RECORDED).unwrap();
        for point in &points {
            codes.extend(
                ["id", "code"]
                    .map(|name| text(&of_points, &point.row, name))
                    .map(|value| value.unwrap_or_default().to_owned()),
            );
        }
        synth.records(village, &points, &mut records).unwrap();
        synth.records(village, &points, &mut again).unwrap();
    }
    for one in record_collections() {
        let (fields, rows) = (one.fields(), records.take(one.id));
        assert!(!rows.is_empty(), "{}", one.id);
        assert_eq!(rows, again.take(one.id), "{}", one.id);
        let mut keys = BTreeSet::new();
        for row in &rows {
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
    assert!(codes.iter().any(|code| PointCode::try_from(code.as_str()).is_ok()));
}
