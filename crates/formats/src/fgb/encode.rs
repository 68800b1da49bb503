//! Header and features of FlatGeobuf as bytes.

use ::flatbuffers::FlatBufferBuilder;
use ::flatgeobuf::{
    Column, ColumnArgs, Crs, CrsArgs, Feature as Table, FeatureArgs, GeometryType as FgbType,
    Header, HeaderArgs,
};
use spatial::{Envelope, Field, FieldType, Geometry, GeometryType, ValueRef};

use super::geometry::GeometryEncoder;
use super::{DATE_METADATA, NODE_SIZE, properties};
use crate::DeclaredCrs;

/// Encodes one feature after the other: [`FeatureEncoder::begin`], its values, then
/// [`FeatureEncoder::end`]. Keeps its buffers.
pub(super) struct FeatureEncoder {
    builder: FlatBufferBuilder<'static>,
    geometry: GeometryEncoder,
    properties: Vec<u8>,
}

impl Default for FeatureEncoder {
    fn default() -> Self {
        Self {
            builder: FlatBufferBuilder::with_capacity(4096),
            geometry: GeometryEncoder::default(),
            properties: Vec::new(),
        }
    }
}

impl FeatureEncoder {
    /// Begins a feature.
    pub(super) fn begin(&mut self) {
        self.properties.clear();
        self.builder.reset();
    }

    /// Adds a value of the type of its column.
    pub(super) fn push(&mut self, column: u16, value: ValueRef<'_>) {
        properties::encode(&mut self.properties, column, value);
    }

    /// Ends the feature; the type of its geometry.
    pub(super) fn end(
        &mut self,
        geometry: Option<&Geometry>,
        declared: GeometryType,
    ) -> Option<FgbType> {
        let encoded =
            geometry.map(|geometry| self.geometry.encode(&mut self.builder, geometry, declared));
        let properties = (!self.properties.is_empty())
            .then(|| self.builder.create_vector(self.properties.as_slice()));
        let (table, kind) = encoded.unzip();
        let args = FeatureArgs { geometry: table, properties, columns: None };
        let table = Table::create(&mut self.builder, &args);
        self.builder.finish_size_prefixed(table, None);
        kind
    }

    /// The feature with its length before it.
    pub(super) fn bytes(&self) -> &[u8] {
        self.builder.finished_data()
    }
}

/// What a header says.
pub(super) struct HeaderFacts<'a> {
    pub(super) name: &'a str,
    pub(super) fields: &'a [Field],
    pub(super) crs: &'a DeclaredCrs,
    pub(super) geometry_type: FgbType,
    pub(super) has_z: bool,
    pub(super) has_m: bool,
    pub(super) extent: Envelope,
    pub(super) count: u64,
    pub(super) indexed: bool,
}

/// The header with its length before it.
pub(super) fn header(facts: &HeaderFacts<'_>) -> Vec<u8> {
    let mut builder = FlatBufferBuilder::new();
    let columns: Vec<_> = facts
        .fields
        .iter()
        .map(|field| {
            let is_date = field.field_type == FieldType::Date;
            let args = ColumnArgs {
                name: Some(builder.create_string(&field.name)),
                type_: properties::column_type(field.field_type),
                title: field.alias.as_ref().map(|alias| builder.create_string(alias)),
                metadata: is_date.then(|| builder.create_string(DATE_METADATA)),
                ..ColumnArgs::default()
            };
            Column::create(&mut builder, &args)
        })
        .collect();
    let crs = match facts.crs {
        DeclaredCrs::Unknown => None,
        DeclaredCrs::Epsg(code) => Some(CrsArgs {
            org: Some(builder.create_string("EPSG")),
            code: code.cast_signed(),
            ..CrsArgs::default()
        }),
        DeclaredCrs::Wkt(wkt) => {
            Some(CrsArgs { wkt: Some(builder.create_string(wkt)), ..CrsArgs::default() })
        }
    };
    let extent = facts.extent;
    let borders = [extent.min_x, extent.min_y, extent.max_x, extent.max_y];
    let args = HeaderArgs {
        name: Some(builder.create_string(facts.name)),
        envelope: (!extent.is_empty()).then(|| builder.create_vector(&borders)),
        geometry_type: facts.geometry_type,
        has_z: facts.has_z,
        has_m: facts.has_m,
        columns: (!columns.is_empty()).then(|| builder.create_vector(&columns)),
        features_count: facts.count,
        index_node_size: if facts.indexed { NODE_SIZE } else { 0 },
        crs: crs.map(|crs| Crs::create(&mut builder, &crs)),
        ..HeaderArgs::default()
    };
    let header = Header::create(&mut builder, &args);
    builder.finish_size_prefixed(header, None);
    builder.finished_data().to_owned()
}
