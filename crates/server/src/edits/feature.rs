//! GeoJSON features of a request as features of a collection.

use std::borrow::Cow;

use engine::{Assigned, Engine, EngineError, Given, Profile};
use formats::datetime::{WithoutZone, utc_time};
use formats::{Json, JsonKind};
use spatial::{AxisOrder, Collection, Feature, FeatureId, Field, FieldType, Geometry, Value};

use super::Findings;
use crate::crs_uri::OfferedCrs;
use crate::planner::east_first;
use crate::schema::id_name;

/// Longest name that a message repeats, in characters.
const SHOWN: usize = 60;
/// Names that a message lists.
const LISTED: usize = 20;

/// How much of a feature a request gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// All of it: a field that is not named has no value.
    Whole,
    /// A merge patch (RFC 7396): what is not named stays.
    Patch,
}

/// Reads features of one collection, given in one CRS.
#[derive(Clone, Debug)]
pub struct FeatureReader<'a> {
    collection: &'a Collection,
    given: Given,
    axis_order: AxisOrder,
    profile: Profile,
}

impl<'a> FeatureReader<'a> {
    /// Reads features of `collection` whose geometries are in `crs`, sent by whom `profile` is of.
    pub fn new(
        engine: &Engine,
        collection: &'a Collection,
        crs: &OfferedCrs,
        profile: Profile,
    ) -> Result<Self, EngineError> {
        let given = engine.given(collection, &crs.crs)?;
        Ok(Self { collection, given, axis_order: crs.axis_order, profile })
    }

    /// A new feature; where something is wrong with it, what can be said of the rest.
    pub fn new_feature(&self, json: Json<'_>, place: &str, findings: &mut Findings) -> Feature {
        let Assigned { geometry, values } = self.read(json, place, (Form::Whole, None), findings);
        let mut properties = vec![Value::Null; self.collection.fields.len()];
        for (position, value) in values {
            properties[position] = value;
        }
        Feature { id: None, geometry: geometry.flatten(), properties }
    }

    /// What the feature called `id` gets.
    pub fn assigned(
        &self,
        json: Json<'_>,
        place: &str,
        (form, id): (Form, FeatureId),
        findings: &mut Findings,
    ) -> Assigned {
        self.read(json, place, (form, Some(id)), findings)
    }

    fn read(
        &self,
        json: Json<'_>,
        place: &str,
        (form, id): (Form, Option<FeatureId>),
        findings: &mut Findings,
    ) -> Assigned {
        let mut assigned = Assigned::default();
        if json.kind() != JsonKind::Object {
            findings.malformed(place, format!("a feature is expected, not {}", json.kind().name()));
            return assigned;
        }
        if form == Form::Whole {
            let readable = self.collection.fields.iter().enumerate();
            let readable = readable
                .filter(|(_, field)| field.class <= self.profile.highest_of(self.collection));
            assigned.values = readable.map(|(position, _)| (position, Value::Null)).collect();
        }
        let mut seen = [false; 3];
        for (name, value) in json.members() {
            let at = format!("{place}/{}", escaped(&name));
            match &*name {
                "type" => {
                    seen[0] = true;
                    if value.text().as_deref() != Some("Feature") {
                        findings.add(at, "the type is \"Feature\"");
                    }
                }
                "geometry" => {
                    seen[1] = true;
                    assigned.geometry = Some(self.geometry(value, &at, findings));
                }
                "properties" => {
                    seen[2] = true;
                    self.properties(value, &at, (form, id), &mut assigned, findings);
                }
                // A new feature gets its id from the store.
                "id" if id.is_some_and(|id| !is_id(value, id)) => {
                    findings.malformed(at, "the id of a feature stays as it is; leave it out");
                }
                "place" if value.kind() != JsonKind::Null => {
                    findings.add(at, "it is not read; send geometry, its CRS in Content-Crs");
                }
                "crs" if value.kind() != JsonKind::Null => {
                    findings.add(at, "it is not read; name the CRS in the header Content-Crs");
                }
                _ => {}
            }
        }
        if form == Form::Whole {
            for (seen, name) in seen.iter().zip(["type", "geometry", "properties"]) {
                if !seen {
                    let problem = format!("member {name:?} is missing; it may be null");
                    let problem =
                        if name == "type" { "member \"type\" is missing" } else { &problem };
                    findings.add(place, problem);
                }
            }
        }
        assigned
    }

    fn geometry(&self, json: Json<'_>, place: &str, findings: &mut Findings) -> Option<Geometry> {
        if json.kind() == JsonKind::Null {
            return None;
        }
        let read = match json.geometry() {
            Ok(Some(read)) => read,
            Ok(None) => {
                findings.add(place, "there is no vertex; send null for a feature without a place");
                return None;
            }
            Err(fault) => {
                findings.add(place, fault.to_string());
                return None;
            }
        };
        if read.unclosed_at.is_some() {
            findings.add(place, "a ring is not closed; repeat its first position at the end");
            return None;
        }
        match self.given.store(east_first(read.geometry, self.axis_order)) {
            Ok(geometry) => Some(geometry),
            Err(defects) => {
                for defect in defects {
                    findings.add(format!("{place}{}", defect.place), defect.problem);
                }
                None
            }
        }
    }

    fn properties(
        &self,
        json: Json<'_>,
        place: &str,
        (form, id): (Form, Option<FeatureId>),
        assigned: &mut Assigned,
        findings: &mut Findings,
    ) {
        match json.kind() {
            JsonKind::Object => {}
            JsonKind::Null => {
                // To take the properties away is to take away each that the writer can see.
                if form == Form::Patch {
                    let fields = self.collection.fields.iter().enumerate();
                    let readable = fields.filter(|(_, field)| {
                        field.class <= self.profile.highest_of(self.collection)
                    });
                    assigned.values.extend(readable.map(|(position, _)| (position, Value::Null)));
                }
                return;
            }
            kind => {
                return findings.add(place, format!("an object is expected, not {}", kind.name()));
            }
        }
        for (name, value) in json.members() {
            let at = format!("{place}/{}", escaped(&name));
            let Some(position) = self.collection.field_position(&name) else {
                if name == id_name(self.collection) {
                    if id.is_some_and(|id| value.kind() != JsonKind::Null && !is_id(value, id)) {
                        findings.add(at, "the id of a feature stays as it is; leave it out");
                    }
                } else {
                    findings.add(at, self.unknown());
                }
                continue;
            };
            let field = &self.collection.fields[position];
            if field.class > self.profile.highest_of(self.collection) {
                findings.hidden(&field.name);
                continue;
            }
            match value_of(field, value) {
                Ok(value) => assigned.values.push((position, value)),
                Err(wanted) => findings
                    .add(at, format!("the field holds {wanted}; this is {}", value.kind().name())),
            }
        }
    }

    fn unknown(&self) -> String {
        let readable = self
            .collection
            .fields
            .iter()
            .filter(|field| field.class <= self.profile.highest_of(self.collection));
        let names: Vec<&str> = readable.map(|field| field.name.as_str()).collect();
        let more = if names.len() > LISTED { ", …" } else { "" };
        let listed = &names[..names.len().min(LISTED)];
        format!("there is no such property; there are: {}{more}", listed.join(", "))
    }
}

/// `json` as a value of `field`, or what the field holds.
fn value_of(field: &Field, json: Json<'_>) -> Result<Value, &'static str> {
    if json.kind() == JsonKind::Null {
        return Ok(Value::Null);
    }
    let text = || (json.kind() == JsonKind::Text).then(|| json.text()).flatten();
    let owned = |text: Cow<'_, str>| Value::Text(text.into_owned());
    let (value, wanted) = match field.field_type {
        FieldType::Bool => (json.truth().map(Value::Bool), "true or false"),
        FieldType::Int => (whole_number(json).map(Value::Int), "a whole number of 64 bits"),
        FieldType::Real => {
            let number = (json.kind() == JsonKind::Number).then(|| json.number()).flatten();
            (number.map(Value::Real), "a finite number")
        }
        FieldType::Text => (text().map(owned), "text"),
        FieldType::Date => {
            let date = text().filter(|text| formats::datetime::is_date(text));
            (date.map(owned), "a date as text, YYYY-MM-DD")
        }
        FieldType::DateTime => {
            let time = text().and_then(|text| utc_time(&text, WithoutZone::Utc));
            (time.map(Value::Text), "a time as text, such as 2026-11-22T08:00:00Z")
        }
        FieldType::Bytes => {
            let bytes = text().and_then(|text| bytes_of(&text));
            (bytes.map(Value::Bytes), "bytes as text, two hexadecimal digits each")
        }
    };
    value.ok_or(wanted)
}

/// The integer, however it is written: some writers make `3.0` of 3.
fn whole_number(json: Json<'_>) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if json.kind() != JsonKind::Number {
        return None;
    }
    let real = || json.number().filter(|real| real.fract() == 0.0 && real.abs() <= EXACT);
    json.raw().parse().ok().or_else(|| real().map(|real| real as i64))
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks_exact(2);
    pairs.map(|pair| Some(digit(pair[0])? * 16 + digit(pair[1])?)).collect()
}

/// Whether `json` is the id, as a number or as text.
fn is_id(json: Json<'_>, id: FeatureId) -> bool {
    match json.kind() {
        JsonKind::Number => whole_number(json) == Some(id.value()),
        JsonKind::Text => json.text().is_some_and(|text| text == id.to_string()),
        _ => false,
    }
}

/// The first characters of a name, inside a JSON pointer (RFC 6901).
pub(super) fn escaped(name: &str) -> String {
    let shown: String = name.chars().take(SHOWN).collect();
    shown.replace('~', "~0").replace('/', "~1")
}
