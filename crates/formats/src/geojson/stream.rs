//! GeoJSON as a stream, plain (RFC 7946) or as JSON-FG (OGC 21-045).

use spatial::{Field, FieldType, ValueRef};

use super::text::{Positions, push_key, push_string, push_value};
use crate::stream::{FeatureStream, StreamFeature};

/// Which GeoJSON.
#[derive(Clone, Debug)]
pub enum Profile {
    /// RFC 7946.
    Plain,
    /// JSON-FG: the plain geometry, and `place` in another CRS and axis order.
    FeaturesAndGeometries {
        /// How `place` is written.
        place: Positions,
        /// Position among the values of the one that says when the feature was.
        time: Option<usize>,
    },
}

/// Writes a feature collection, or single features.
#[derive(Debug)]
pub struct GeoJsonStream {
    profile: Profile,
    geometry: Positions,
    /// Names of the fields as JSON, each with its colon.
    keys: Vec<String>,
    is_time_a_day: bool,
    members: String,
    count: u64,
    text: String,
}

impl GeoJsonStream {
    /// A stream of features with `fields`. `members` is JSON text of further members of the
    /// collection (`"a":1,"b":2`), or of the feature when there is but one.
    pub fn new(profile: Profile, geometry: Positions, fields: &[&Field], members: String) -> Self {
        let key = |field: &&Field| {
            let mut key = String::new();
            push_key(&mut key, &field.name);
            key
        };
        let is_time_a_day = match &profile {
            Profile::FeaturesAndGeometries { time: Some(time), .. } => {
                fields.get(*time).is_some_and(|field| field.field_type == FieldType::Date)
            }
            _ => false,
        };
        let keys = fields.iter().map(key).collect();
        Self { profile, geometry, keys, is_time_a_day, members, count: 0, text: String::new() }
    }

    /// Appends one feature that stands alone, with the further members.
    pub fn single(&mut self, out: &mut Vec<u8>, feature: &StreamFeature<'_>) {
        self.text.clear();
        let members = std::mem::take(&mut self.members);
        self.push(feature, &members);
        out.extend_from_slice(self.text.as_bytes());
    }

    fn push(&mut self, feature: &StreamFeature<'_>, members: &str) {
        let text = &mut self.text;
        text.push_str("{\"type\":\"Feature\",\"id\":");
        text.push_str(itoa::Buffer::new().format(feature.id.value()));
        if !members.is_empty() {
            text.push(',');
            text.push_str(members);
        }
        if let Profile::FeaturesAndGeometries { place, time } = &self.profile {
            text.push_str(",\"time\":");
            let time = time.and_then(|time| feature.values.get(time));
            match time {
                Some(ValueRef::Text(value)) => {
                    text.push_str(if self.is_time_a_day {
                        "{\"date\":"
                    } else {
                        "{\"timestamp\":"
                    });
                    push_string(text, value);
                    text.push('}');
                }
                _ => text.push_str("null"),
            }
            text.push_str(",\"place\":");
            push_place(text, *place, feature.place);
        }
        text.push_str(",\"geometry\":");
        push_place(text, self.geometry, feature.geometry);
        text.push_str(",\"properties\":{");
        for (position, (key, value)) in self.keys.iter().zip(feature.values).enumerate() {
            if position > 0 {
                text.push(',');
            }
            text.push_str(key);
            push_value(text, *value);
        }
        text.push_str("}}");
    }
}

fn push_place(text: &mut String, positions: Positions, geometry: Option<&spatial::Geometry>) {
    match geometry {
        Some(geometry) => positions.push_geometry(text, geometry),
        None => text.push_str("null"),
    }
}

impl FeatureStream for GeoJsonStream {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"type\":\"FeatureCollection\"");
        if !self.members.is_empty() {
            out.push(b',');
            out.extend_from_slice(self.members.as_bytes());
        }
        out.extend_from_slice(b",\"features\":[");
    }

    fn feature(&mut self, out: &mut Vec<u8>, feature: &StreamFeature<'_>) {
        self.text.clear();
        self.text.push_str(if self.count == 0 { "\n" } else { ",\n" });
        self.count += 1;
        self.push(feature, "");
        out.extend_from_slice(self.text.as_bytes());
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\n]}\n");
    }
}
