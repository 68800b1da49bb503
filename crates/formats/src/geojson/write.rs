//! Writes GeoJSON as RFC 7946 wants it: longitude and latitude of WGS 84, exteriors
//! counterclockwise, and no more digits than read back the same.

use std::io::Write;

use spatial::Feature;

use super::FORMAT;
use super::text::{Positions, push_key, push_string, push_value};
use crate::atomic_file::AtomicFile;
use crate::writer::typed_values;
use crate::{DeclaredCrs, FeatureWriter, FormatError, LayerSchema, Written};

/// How the features lie in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// In one collection.
    Collection,
    /// One a line, and nothing around them.
    Lines,
}

/// Bytes of text that wait before they go to the file.
const BUFFER_BYTES: usize = 1 << 16;

/// Writes features as text in the order given.
pub(crate) struct GeoJsonWriter {
    file: AtomicFile,
    layout: Layout,
    schema: LayerSchema,
    /// Names of the fields as JSON, with the colon.
    keys: Vec<String>,
    text: String,
    count: u64,
    drops_m: bool,
}

impl GeoJsonWriter {
    pub(crate) fn new(
        file: AtomicFile,
        schema: &LayerSchema,
        layout: Layout,
    ) -> Result<Self, FormatError> {
        if schema.crs != DeclaredCrs::Epsg(4326) {
            return Err(FormatError::Unwritable {
                path: file.path().to_owned(),
                format: FORMAT,
                reason: "it holds longitude and latitude of WGS 84 alone; \
                         transform to EPSG:4326 first"
                    .to_owned(),
            });
        }
        let keys = schema.fields.iter().map(|field| {
            let mut key = String::new();
            push_key(&mut key, &field.name);
            key
        });
        let mut text = String::with_capacity(BUFFER_BYTES * 2);
        if layout == Layout::Collection {
            text.push_str("{\"type\":\"FeatureCollection\",\"name\":");
            push_string(&mut text, &schema.name);
            text.push_str(",\"features\":[");
        }
        let (schema, keys) = (schema.clone(), keys.collect());
        Ok(Self { file, layout, schema, keys, text, count: 0, drops_m: false })
    }

    fn flush(&mut self) -> Result<(), FormatError> {
        self.file.write_all(self.text.as_bytes()).map_err(FormatError::io(self.file.path()))?;
        self.text.clear();
        Ok(())
    }
}

impl FeatureWriter for GeoJsonWriter {
    fn write(&mut self, feature: &Feature) -> Result<(), FormatError> {
        let text = &mut self.text;
        match self.layout {
            Layout::Collection => text.push_str(if self.count == 0 { "\n" } else { ",\n" }),
            Layout::Lines => {}
        }
        text.push_str("{\"type\":\"Feature\",");
        if let Some(id) = feature.id {
            text.push_str("\"id\":");
            text.push_str(itoa::Buffer::new().format(id.value()));
            text.push(',');
        }
        text.push_str("\"geometry\":");
        match &feature.geometry {
            Some(geometry) => {
                self.drops_m |= !geometry.m.is_empty();
                Positions::EAST_FIRST.push_geometry(text, geometry);
            }
            None => text.push_str("null"),
        }
        text.push_str(",\"properties\":{");
        let values = typed_values(self.file.path(), FORMAT, &self.schema.fields, feature);
        for (position, (key, value)) in self.keys.iter().zip(values).enumerate() {
            if position > 0 {
                text.push(',');
            }
            text.push_str(key);
            push_value(text, value?);
        }
        text.push_str("}}");
        if self.layout == Layout::Lines {
            text.push('\n');
        }
        self.count += 1;
        if self.text.len() > BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<Written, FormatError> {
        if self.layout == Layout::Collection {
            self.text.push_str("\n]}\n");
        }
        self.flush()?;
        self.file.finish()?;
        let mut notes = Vec::new();
        if self.drops_m {
            notes.push("measures (M) are left out; GeoJSON does not hold them".to_owned());
        }
        Ok(Written { features: self.count, notes })
    }
}
