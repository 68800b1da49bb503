//! Whether a change set fits the collections: every defect, each with its place.

mod geometry;
mod place;
mod range;
mod record;

use std::collections::BTreeSet;

use ::ledger::place::ADMIN_UNITS;
use ::ledger::rows::{POINTS, is_of_ledger, points};
use spatial::{
    ChangeOp, ChangeSet, Collection, CollectionId, Feature, FeatureId, FeatureRef, FieldType,
    Snapshot, Value,
};

use crate::Defect;
pub(crate) use range::Range;
pub(crate) use record::Records;

/// Everything that keeps `changes` from being applied to `snapshot`; empty when they fit.
/// Uniqueness of keys is the store's to check. What a feature has already is not judged again.
pub(crate) fn check(snapshot: &Snapshot, changes: &ChangeSet, records: Records) -> Vec<Defect> {
    let mut defects = Defects::default();
    if changes.changes.is_empty() {
        defects.add("/changes", "there is no change; send at least one");
    }
    let mut gone: BTreeSet<(&CollectionId, FeatureId)> = BTreeSet::new();
    for (position, change) in changes.changes.iter().enumerate() {
        let place = format!("/changes/{position}");
        let Some(state) = snapshot.collections.get(&change.collection) else {
            let problem = format!("collection {} does not exist", change.collection);
            defects.add(&format!("{place}/collection"), &problem);
            continue;
        };
        if let ChangeOp::Replace(id, _) | ChangeOp::Delete(id) = &change.op {
            let known = state.get(*id).is_some() && !gone.contains(&(&change.collection, *id));
            if !known {
                let problem = format!("feature {id} does not exist in {}", change.collection);
                defects.add(&format!("{place}/id"), &problem);
            }
            if matches!(change.op, ChangeOp::Delete(_)) {
                gone.insert((&change.collection, *id));
            }
        }
        let (feature, present) = match &change.op {
            ChangeOp::Insert(feature) => (feature, None),
            ChangeOp::Replace(id, feature) => (feature, state.get(*id)),
            ChangeOp::Delete(_) => continue,
        };
        let place = format!("{place}/feature");
        let collection = state.collection();
        defects.check_feature(&place, collection, feature, present);
        match present {
            Some(was) => {
                let was = |at: usize| was.value(at);
                records.check(&mut defects, &place, (collection, feature), Some(&was));
            }
            None => records.check(&mut defects, &place, (collection, feature), None),
        }
    }
    defects.0
}

/// The collections by whose rows a change set is judged, beside those that its own changes replace.
pub(crate) fn judged_by(changes: &ChangeSet) -> &'static [&'static str] {
    let writes_units =
        changes.changes.iter().any(|change| change.collection.as_str() == ADMIN_UNITS);
    if writes_units { &[ADMIN_UNITS, POINTS] } else { &[] }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Defects(pub(crate) Vec<Defect>);

impl Defects {
    pub(crate) fn add(&mut self, place: &str, problem: &str) {
        self.0.push(Defect { place: place.to_owned(), problem: problem.to_owned() });
    }

    fn check_feature(
        &mut self,
        place: &str,
        collection: &Collection,
        feature: &Feature,
        present: Option<FeatureRef<'_>>,
    ) {
        let (fields, values) = (&collection.fields, &feature.properties);
        if fields.len() != values.len() {
            let problem = format!(
                "{} values for {} fields; send one a field, null where there is none",
                values.len(),
                fields.len()
            );
            self.add(&format!("{place}/properties"), &problem);
        }
        for (position, value) in values.iter().enumerate().take(fields.len()) {
            let is_kept = present.is_some_and(|present| present.value(position) == value.as_ref());
            if !is_kept {
                self.check_value(place, collection, position, value);
            }
        }
        if let Some(geometry) = &feature.geometry {
            let is_kept = present.is_some_and(|p| p.geometry().as_ref() == Some(geometry));
            if !is_kept {
                self.check_geometry(&format!("{place}/geometry"), collection, geometry, None);
            }
        }
    }

    /// Lists what is wrong with the value of the field at `position` of the feature at `place`.
    pub(crate) fn check_value(
        &mut self,
        place: &str,
        collection: &Collection,
        position: usize,
        value: &Value,
    ) {
        let field = &collection.fields[position];
        let of_points = || match collection.id.as_str() == POINTS && is_of_ledger(collection) {
            true => points::misfit(&field.name, value),
            false => None,
        };
        if let Some(problem) = value_problem(field.field_type, value).or_else(of_points) {
            self.add(&format!("{place}/properties/{}", escaped(&field.name)), &problem);
        }
    }
}

/// What is wrong with a value of a field; never says the value.
fn value_problem(field_type: FieldType, value: &Value) -> Option<String> {
    let wanted = match field_type {
        FieldType::Bool => "true or false",
        FieldType::Int => "an integer",
        FieldType::Real => "a finite number",
        FieldType::Text => "text",
        FieldType::Date => "a date as text, YYYY-MM-DD",
        FieldType::DateTime => "a time as text, YYYY-MM-DDThh:mm:ssZ",
        FieldType::Bytes => "bytes",
    };
    let fits = match (field_type, value) {
        (_, Value::Null)
        | (FieldType::Bool, Value::Bool(_))
        | (FieldType::Int | FieldType::Real, Value::Int(_))
        | (FieldType::Text, Value::Text(_))
        | (FieldType::Bytes, Value::Bytes(_)) => true,
        (FieldType::Real, Value::Real(v)) => v.is_finite(),
        (FieldType::Date, Value::Text(v)) => is_date(v),
        (FieldType::DateTime, Value::Text(v)) => is_time(v),
        _ => false,
    };
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Int(_) => "an integer",
        Value::Real(_) => "a real number",
        Value::Text(_) => "text",
        Value::Bytes(_) => "bytes",
    };
    (!fits).then(|| format!("the field holds {wanted}; this {found} is none"))
}

/// `YYYY-MM-DD`, a day that exists.
fn is_date(text: &str) -> bool {
    let digits = |range: std::ops::Range<usize>| {
        let part = text.get(range)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u32>().ok())?
    };
    let separated = text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    let (Some(year), Some(month), Some(day)) = (digits(0..4), digits(5..7), digits(8..10)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    separated && (1..=days).contains(&day)
}

/// RFC 3339 in UTC, with or without a fraction of a second.
fn is_time(text: &str) -> bool {
    let (Some(date), Some(time)) = (text.get(..10), text.get(10..)) else { return false };
    let Some(time) = time.strip_prefix('T').and_then(|time| time.strip_suffix('Z')) else {
        return false;
    };
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = clock
        .split(':')
        .map(|part| (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then_some(part));
    let mut below = |limit: &str| parts.next().flatten().is_some_and(|part| part < limit);
    let in_range = below("24") && below("60") && below("60");
    let digits = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    in_range && parts.next().is_none() && digits && is_date(date)
}

/// A field name inside a JSON pointer (RFC 6901).
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
