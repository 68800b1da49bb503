//! One row on its way into the store: transformed, repaired, fitted to the collection.

use engine::ledger::LoadNames;
use engine::places::LoadAssigner;
use formats::Row;
use formats::datetime::{Written, millis_of, utc_of_millis, written};
use geo_types::{Geometry as Shape, MultiLineString, MultiPoint, MultiPolygon};
use ledger::record::Consistency;
use spatial::repair::repair;
use spatial::validity::{self, DefectKind};
use spatial::{Collection, Day, Feature, FieldType, Geometry, GeometryType};
use spatial::{SHANGHAI_AHEAD_MINUTES, Timestamp, Value};

use super::transform::SourceTransform;

/// How rows become features of the collection.
#[derive(Debug)]
pub struct Preparation {
    /// From the file's coordinates to the storage CRS.
    pub transform: SourceTransform,
    /// A field of the file for each field of the collection.
    pub columns: Vec<Option<usize>>,
    /// Where they go.
    pub collection: Collection,
    /// Position of the field that must not be empty: the key of an upsert.
    pub key: Option<usize>,
    /// Whether features are there that the rows take the place of.
    pub replaces: bool,
    /// What their values are held to where they are records that ship, and after when nothing that they
    /// tell has happened.
    pub consistency: Option<(Consistency, Timestamp)>,
    /// What they may name, where they are records that name something.
    pub names: Option<LoadNames>,
    /// What assigns them to units, where they are to be assigned.
    pub assigner: Option<LoadAssigner>,
}

/// Why a row is left out, or to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Stable kind in snake case.
    pub kind: &'static str,
    /// The field, when it lies in one.
    pub field: Option<String>,
    /// What is wrong, for a person; never a value.
    pub reason: String,
}

/// A row that is kept, and the kinds of mends it took.
#[derive(Debug)]
pub struct Prepared {
    /// What goes into the store.
    pub feature: Feature,
    /// Stable kinds in snake case; mostly empty.
    pub mended: Vec<&'static str>,
    /// What is to be looked at.
    pub warned: Vec<Flaw>,
}

impl Preparation {
    /// The feature that the store shall hold for `row`.
    pub fn prepare(&self, row: Row) -> Result<Prepared, Flaw> {
        let feature = row.feature.map_err(|defect| Flaw {
            kind: defect.kind,
            field: defect.field,
            reason: defect.reason,
        })?;
        let mut mended = row.mended;
        let geometry =
            feature.geometry.map(|geometry| self.place(geometry, &mut mended)).transpose()?;
        let properties = self.fit(feature.properties)?;
        self.check_consistency(&properties)?;
        let warned = self.unknown_names(&properties);
        Ok(Prepared { feature: Feature { id: None, geometry, properties }, mended, warned })
    }

    /// Refuses values of which one contradicts another, or the clock.
    fn check_consistency(&self, values: &[Value]) -> Result<(), Flaw> {
        let Some((consistency, latest)) = &self.consistency else { return Ok(()) };
        let found = consistency.contradictions(&|at| values[at].as_ref(), *latest);
        let name = |at: usize| self.collection.fields[at].name.clone();
        match found.first() {
            None => Ok(()),
            Some(found) => Err(Flaw {
                kind: "contradiction",
                field: found.columns().next().map(name),
                reason: found.told(&name),
            }),
        }
    }

    /// What the values name and the store does not have.
    fn unknown_names(&self, values: &[Value]) -> Vec<Flaw> {
        let unknown = self.names.iter().flat_map(|names| names.unknown(values));
        let warning = |(at, words): (usize, &str)| Flaw {
            kind: "names_nothing",
            field: Some(self.collection.fields[at].name.clone()),
            reason: format!("it is the code of no {words} that is there"),
        };
        unknown.map(warning).collect()
    }

    fn place(
        &self,
        mut geometry: Geometry,
        mended: &mut Vec<&'static str>,
    ) -> Result<Geometry, Flaw> {
        let skip = |kind, reason: String| Flaw { kind, field: None, reason };
        self.transform
            .apply(&mut geometry)
            .map_err(|error| skip("not_transformable", error.to_string()))?;
        let defects = validity::check(&geometry);
        if let Some(defect) = defects.first() {
            let repaired = repair(geometry);
            mended.extend(repaired.fixes.iter().map(|fix| fix.name()));
            geometry =
                repaired.geometry.ok_or_else(|| skip(defect.kind.name(), hopeless(defect.kind)))?;
        }
        let wanted = self.collection.geometry_type;
        let found = geometry.geometry_type();
        promote(geometry, wanted).ok_or_else(|| {
            skip("wrong_geometry_type", format!("{found:?} in a collection of {wanted:?}"))
        })
    }

    /// The values in the order of the collection's fields, each of its field's type.
    fn fit(&self, mut values: Vec<Value>) -> Result<Vec<Value>, Flaw> {
        let mut fitted = Vec::with_capacity(self.columns.len());
        for (position, (field, column)) in
            self.collection.fields.iter().zip(&self.columns).enumerate()
        {
            let value = column
                .and_then(|column| values.get_mut(column))
                .map_or(Value::Null, |value| std::mem::replace(value, Value::Null));
            if self.key == Some(position) && value == Value::Null {
                return Err(Flaw {
                    kind: "missing_key",
                    field: Some(field.name.clone()),
                    reason: "the key is empty".to_owned(),
                });
            }
            fitted.push(cast(value, field.field_type).ok_or_else(|| Flaw {
                kind: "wrong_type",
                field: Some(field.name.clone()),
                reason: unlike(field.field_type),
            })?);
        }
        Ok(fitted)
    }
}

/// Why a geometry with such a defect cannot be kept, and the way out where there is one.
fn hopeless(kind: DefectKind) -> String {
    match kind {
        DefectKind::TooManyVertices => {
            format!("more than {} vertices; split it, or simplify it", validity::MAX_VERTICES)
        }
        _ => "cannot be repaired".to_owned(),
    }
}

/// The value as `field_type`, when nothing is lost by it.
pub(crate) fn cast(value: Value, field_type: FieldType) -> Option<Value> {
    Some(match (field_type, value) {
        (_, Value::Null) => Value::Null,
        (FieldType::Bool, Value::Bool(v)) => Value::Bool(v),
        (FieldType::Bool, Value::Int(v @ (0 | 1))) => Value::Bool(v == 1),
        (FieldType::Int, Value::Int(v)) => Value::Int(v),
        (FieldType::Int, Value::Bool(v)) => Value::Int(i64::from(v)),
        (FieldType::Int, Value::Real(v)) if v.fract() == 0.0 && v.abs() < 9e15 => {
            Value::Int(v as i64)
        }
        (FieldType::Int, Value::Text(v)) => Value::Int(v.trim().parse().ok()?),
        (FieldType::Real, Value::Real(v)) if v.is_finite() => Value::Real(v),
        (FieldType::Real, Value::Int(v)) => Value::Real(v as f64),
        (FieldType::Real, Value::Text(v)) => {
            Value::Real(v.trim().parse().ok().filter(|v: &f64| v.is_finite())?)
        }
        (FieldType::Text, Value::Text(v)) => Value::Text(v),
        (FieldType::Date, Value::Text(v)) => Value::Text(day(&v)?),
        (FieldType::DateTime, Value::Text(v)) => Value::Text(moment(&v)?),
        (FieldType::Text, Value::Int(v)) => Value::Text(v.to_string()),
        (FieldType::Text, Value::Real(v)) => Value::Text(v.to_string()),
        (FieldType::Text, Value::Bool(v)) => Value::Text(v.to_string()),
        (FieldType::Bytes, Value::Bytes(v)) => Value::Bytes(v),
        _ => return None,
    })
}

/// What a text says as a day of Asia/Shanghai.
fn day(text: &str) -> Option<String> {
    match written(text, SHANGHAI_AHEAD_MINUTES)? {
        Written::Day(day) => Some(day),
        Written::Moment(utc) => Some(Day::of(Timestamp(millis_of(&utc, 0)?)).to_string()),
    }
}

/// What a text says as a moment; of a day of Asia/Shanghai, its first.
fn moment(text: &str) -> Option<String> {
    match written(text, SHANGHAI_AHEAD_MINUTES)? {
        Written::Day(day) => millis_of(&day, SHANGHAI_AHEAD_MINUTES).map(utc_of_millis),
        Written::Moment(utc) => Some(utc),
    }
}

/// What a value of a type looks like that is none.
fn unlike(field_type: FieldType) -> String {
    match field_type {
        FieldType::Date => {
            "the value is no day such as 2026-11-01, 2026/11/1 or 2026年11月1日".to_owned()
        }
        FieldType::DateTime => {
            "the value is no time such as 2026-11-01 08:00, which is of Asia/Shanghai, or \
                                2026-11-01T08:00:00+08:00, and no day"
                .to_owned()
        }
        other => format!("the value is no {other:?}"),
    }
}

/// The geometry as the declared type `wanted`; a single part becomes a multi of one.
fn promote(geometry: Geometry, wanted: GeometryType) -> Option<Geometry> {
    let found = geometry.geometry_type();
    if found == wanted || wanted == GeometryType::Any {
        return Some(geometry);
    }
    let Geometry { shape, z, m } = geometry;
    let shape = match (shape, wanted) {
        (Shape::Point(p), GeometryType::MultiPoint) => Shape::MultiPoint(MultiPoint(vec![p])),
        (Shape::LineString(l), GeometryType::MultiLineString) => {
            Shape::MultiLineString(MultiLineString(vec![l]))
        }
        (Shape::Polygon(p), GeometryType::MultiPolygon) => {
            Shape::MultiPolygon(MultiPolygon(vec![p]))
        }
        // A multi of one part is as good as the part.
        (Shape::MultiPoint(mut p), GeometryType::Point) if p.0.len() == 1 => {
            Shape::Point(p.0.pop()?)
        }
        (Shape::MultiLineString(mut l), GeometryType::LineString) if l.0.len() == 1 => {
            Shape::LineString(l.0.pop()?)
        }
        (Shape::MultiPolygon(mut p), GeometryType::Polygon) if p.0.len() == 1 => {
            Shape::Polygon(p.0.pop()?)
        }
        _ => return None,
    };
    Some(Geometry { shape, z, m })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cast_only_without_loss() {
        let text = |t: &str| Value::Text(t.to_owned());
        let cases = [
            (FieldType::Int, Value::Real(3.0), Some(Value::Int(3))),
            (FieldType::Int, Value::Real(3.5), None),
            (FieldType::Int, text(" 42 "), Some(Value::Int(42))),
            (FieldType::Int, text("4x"), None),
            (FieldType::Real, Value::Int(2), Some(Value::Real(2.0))),
            (FieldType::Real, text("inf"), None),
            (FieldType::Text, Value::Int(7), Some(text("7"))),
            (FieldType::Bool, Value::Int(2), None),
            (FieldType::Date, Value::Int(20_261_122), None),
            (FieldType::Bytes, Value::Null, Some(Value::Null)),
            (FieldType::Date, text("2026/11/2"), Some(text("2026-11-02"))),
            (FieldType::Date, text("2026-11-01 18:00:00"), Some(text("2026-11-01"))),
            (FieldType::Date, text("2026-11-01T18:00:00Z"), Some(text("2026-11-02"))),
            (FieldType::Date, text("明天"), None),
            (FieldType::DateTime, text("2026-11-01"), Some(text("2026-10-31T16:00:00.000Z"))),
            (FieldType::DateTime, text("2026/11/1 8:00"), Some(text("2026-11-01T00:00:00.000Z"))),
            (FieldType::DateTime, text("明天"), None),
        ];
        for (field_type, value, expected) in cases {
            assert_eq!(cast(value.clone(), field_type), expected, "{value:?} as {field_type:?}");
        }
    }
}
