//! FlatGeobuf as a stream: header and features, without an index, which would have to come first.

use spatial::{Envelope, Field, GeometryType};

use super::encode::{FeatureEncoder, HeaderFacts, header};
use super::{MAGIC, geometry};
use crate::DeclaredCrs;
use crate::stream::{FeatureStream, StreamFeature};

/// What is known of a stream before its features.
#[derive(Clone, Debug)]
pub struct FgbLayer {
    /// Name of the layer.
    pub name: String,
    /// Fields, in the order of the values.
    pub fields: Vec<Field>,
    /// What the coordinates, east first, are in.
    pub crs: DeclaredCrs,
    /// Type of every geometry.
    pub geometry_type: GeometryType,
    /// Whether vertices have a Z.
    pub has_z: bool,
    /// Whether vertices have an M.
    pub has_m: bool,
    /// Number of features.
    pub count: u64,
}

/// Writes features one by one.
pub struct FgbStream {
    layer: FgbLayer,
    encoder: FeatureEncoder,
}

impl FgbStream {
    /// A stream of `layer`.
    pub fn new(layer: FgbLayer) -> Self {
        Self { layer, encoder: FeatureEncoder::default() }
    }
}

impl FeatureStream for FgbStream {
    fn begin(&mut self, out: &mut Vec<u8>) {
        let layer = &self.layer;
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&header(&HeaderFacts {
            name: &layer.name,
            fields: &layer.fields,
            crs: &layer.crs,
            geometry_type: geometry::header_type(layer.geometry_type),
            has_z: layer.has_z,
            has_m: layer.has_m,
            extent: Envelope::EMPTY,
            count: layer.count,
            indexed: false,
        }));
    }

    fn feature(&mut self, out: &mut Vec<u8>, feature: &StreamFeature<'_>) {
        self.encoder.begin();
        for (column, value) in feature.values.iter().enumerate() {
            self.encoder.push(column as u16, *value);
        }
        self.encoder.end(feature.geometry, self.layer.geometry_type);
        out.extend_from_slice(self.encoder.bytes());
    }

    fn end(&mut self, _out: &mut Vec<u8>) {}
}
