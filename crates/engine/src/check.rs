//! Whether a change set fits the collections: every defect, each with its place.

use std::collections::BTreeSet;

use spatial::geometry::visit_paths;
use spatial::{
    ChangeOp, ChangeSet, Collection, CollectionId, Feature, FeatureId, FieldType, Geometry,
    GeometryType, PathRole, Snapshot, Value,
};

use crate::Defect;

/// Everything that keeps `changes` from being applied to `snapshot`; empty when they fit.
/// Uniqueness of keys is the store's to check.
pub(crate) fn check(snapshot: &Snapshot, changes: &ChangeSet) -> Vec<Defect> {
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
        if let ChangeOp::Insert(feature) | ChangeOp::Replace(_, feature) = &change.op {
            defects.check_feature(&format!("{place}/feature"), state.collection(), feature);
        }
    }
    defects.0
}

#[derive(Default)]
struct Defects(Vec<Defect>);

impl Defects {
    fn add(&mut self, place: &str, problem: &str) {
        self.0.push(Defect { place: place.to_owned(), problem: problem.to_owned() });
    }

    fn check_feature(&mut self, place: &str, collection: &Collection, feature: &Feature) {
        let (fields, values) = (&collection.fields, &feature.properties);
        if fields.len() != values.len() {
            let problem = format!(
                "{} values for {} fields; send one a field, null where there is none",
                values.len(),
                fields.len()
            );
            self.add(&format!("{place}/properties"), &problem);
        }
        for (field, value) in fields.iter().zip(values) {
            if let Some(problem) = value_problem(field.field_type, value) {
                self.add(&format!("{place}/properties/{}", escaped(&field.name)), &problem);
            }
        }
        if let Some(geometry) = &feature.geometry {
            self.check_geometry(&format!("{place}/geometry"), collection, geometry);
        }
    }

    fn check_geometry(&mut self, place: &str, collection: &Collection, geometry: &Geometry) {
        let (declared, found) = (collection.geometry_type, geometry.geometry_type());
        if !holds(declared, found) {
            self.add(place, &format!("the collection holds {declared:?}, this is {found:?}"));
        }
        let vertices = geometry.vertex_count();
        if vertices == 0 {
            self.add(place, "there is no vertex; send null for a feature without a place");
        }
        for (axis, values) in [("Z", &geometry.z), ("M", &geometry.m)] {
            if !values.is_empty() && values.len() != vertices {
                let problem = format!("{} {axis} values for {vertices} vertices", values.len());
                self.add(place, &problem);
            }
            if values.iter().any(|value| !value.is_finite()) {
                self.add(place, &format!("a {axis} value is no finite number"));
            }
        }
        for (axis, has, values) in
            [("Z", collection.has_z, &geometry.z), ("M", collection.has_m, &geometry.m)]
        {
            if !has && !values.is_empty() {
                self.add(place, &format!("the collection has no {axis} values"));
            }
        }
        let mut path_number = 0;
        visit_paths(&geometry.shape, &mut |role, path| {
            if let Some(problem) = path_problem(role, path) {
                self.add(&format!("{place}/paths/{path_number}"), &problem);
            }
            path_number += 1;
        });
    }
}

/// What is wrong with one path; at most one defect each.
fn path_problem(role: PathRole, path: &[geo_types::Coord<f64>]) -> Option<String> {
    if let Some(vertex) = path.iter().position(|c| !(c.x.is_finite() && c.y.is_finite())) {
        return Some(format!("vertex {vertex} is no finite number"));
    }
    let (least, name) = match role {
        PathRole::Points => (1, "a point"),
        PathRole::Line => (2, "a line"),
        PathRole::Exterior | PathRole::Hole => (4, "a ring"),
    };
    if path.len() < least {
        return Some(format!("{name} has at least {least} vertices, not {}", path.len()));
    }
    let ring = matches!(role, PathRole::Exterior | PathRole::Hole);
    (ring && path.first() != path.last())
        .then(|| "the ring is not closed; repeat its first vertex at the end".to_owned())
}

/// Whether a collection declared as `declared` holds a geometry of type `found`.
fn holds(declared: GeometryType, found: GeometryType) -> bool {
    use GeometryType as T;
    match declared {
        T::Any => true,
        T::MultiPoint => matches!(found, T::Point | T::MultiPoint),
        T::MultiLineString => matches!(found, T::LineString | T::MultiLineString),
        T::MultiPolygon => matches!(found, T::Polygon | T::MultiPolygon),
        T::Point | T::LineString | T::Polygon => declared == found,
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
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
