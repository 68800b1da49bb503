//! Writes a FlatGeobuf file: features aside first, then header, index and features.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};

use ::flatbuffers::FlatBufferBuilder;
use ::flatgeobuf::{
    Column, ColumnArgs, Crs, CrsArgs, Feature as Table, FeatureArgs, GeometryType as FgbType,
    Header, HeaderArgs,
};
use spatial::{Envelope, Feature, FieldType};

use super::geometry::GeometryEncoder;
use super::index::{IndexBuilder, write_node};
use super::{DATE_METADATA, FORMAT, MAGIC, NODE_SIZE, geometry, properties};
use crate::atomic_file::{AtomicFile, folder};
use crate::writer::typed_values;
use crate::{DeclaredCrs, FeatureWriter, FormatError, LayerSchema, Written};

/// Writes features in the order given, which the index keeps: give them in Hilbert order.
///
/// Memory is bounded: features and leaves of the index wait in temporary files. The same
/// features give the same bytes.
pub(crate) struct FgbWriter {
    file: AtomicFile,
    schema: LayerSchema,
    features: BufWriter<File>,
    leaves: BufWriter<File>,
    builder: FlatBufferBuilder<'static>,
    geometry: GeometryEncoder,
    properties: Vec<u8>,
    index: IndexBuilder,
    extent: Envelope,
    /// Bytes of features so far.
    offset: u64,
    count: u64,
    placeless: u64,
    /// The type of all geometries, `Unknown` when they differ.
    common_type: Option<FgbType>,
    has_z: bool,
    has_m: bool,
}

impl FgbWriter {
    pub(crate) fn new(file: AtomicFile, schema: &LayerSchema) -> Result<Self, FormatError> {
        if schema.fields.len() > usize::from(u16::MAX) {
            return Err(FormatError::Unwritable {
                path: file.path().to_owned(),
                format: FORMAT,
                reason: format!("{} fields, at most 65535 fit", schema.fields.len()),
            });
        }
        let spill = || {
            let spilled = tempfile::tempfile_in(folder(file.path()));
            let spilled = spilled.map_err(FormatError::io(file.path()))?;
            Ok(BufWriter::with_capacity(1 << 18, spilled))
        };
        Ok(Self {
            features: spill()?,
            leaves: spill()?,
            file,
            schema: schema.clone(),
            builder: FlatBufferBuilder::with_capacity(4096),
            geometry: GeometryEncoder::default(),
            properties: Vec::new(),
            index: IndexBuilder::default(),
            extent: Envelope::EMPTY,
            offset: 0,
            count: 0,
            placeless: 0,
            common_type: None,
            has_z: false,
            has_m: false,
        })
    }

    /// Puts the feature into the builder.
    fn encode(&mut self, feature: &Feature) -> Result<(), FormatError> {
        self.properties.clear();
        let values = typed_values(self.file.path(), FORMAT, &self.schema.fields, feature);
        for (column, value) in values.enumerate() {
            properties::encode(&mut self.properties, column as u16, value?);
        }
        self.builder.reset();
        let geometry = feature.geometry.as_ref().map(|geometry| {
            let declared = self.schema.geometry_type;
            let (table, kind) = self.geometry.encode(&mut self.builder, geometry, declared);
            let common = self.common_type.get_or_insert(kind);
            if *common != kind {
                *common = FgbType::Unknown;
            }
            self.has_z |= !geometry.z.is_empty();
            self.has_m |= !geometry.m.is_empty();
            table
        });
        let properties = (!self.properties.is_empty())
            .then(|| self.builder.create_vector(self.properties.as_slice()));
        let args = FeatureArgs { geometry, properties, columns: None };
        let table = Table::create(&mut self.builder, &args);
        self.builder.finish_size_prefixed(table, None);
        Ok(())
    }

    /// Header and index, then the features from their temporary file.
    fn assemble(&mut self, indexed: bool) -> io::Result<()> {
        let header = self.header(indexed);
        let out = &mut self.file;
        out.write_all(&MAGIC)?;
        out.write_all(&header)?;
        if indexed {
            self.index.write_above_leaves(out)?;
            copy(&mut self.leaves, out)?;
        }
        copy(&mut self.features, out)
    }

    fn header(&self, indexed: bool) -> Vec<u8> {
        let mut builder = FlatBufferBuilder::new();
        let columns: Vec<_> = self
            .schema
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
        let crs = match &self.schema.crs {
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
        let extent = self.extent;
        let extent = [extent.min_x, extent.min_y, extent.max_x, extent.max_y];
        let declared = geometry::fgb_type(self.schema.geometry_type);
        let declared =
            if declared == FgbType::GeometryCollection { FgbType::Unknown } else { declared };
        let args = HeaderArgs {
            name: Some(builder.create_string(&self.schema.name)),
            envelope: (!self.extent.is_empty()).then(|| builder.create_vector(&extent)),
            geometry_type: self.common_type.unwrap_or(declared),
            has_z: self.has_z,
            has_m: self.has_m,
            columns: (!columns.is_empty()).then(|| builder.create_vector(&columns)),
            features_count: self.count,
            index_node_size: if indexed { NODE_SIZE } else { 0 },
            crs: crs.map(|crs| Crs::create(&mut builder, &crs)),
            ..HeaderArgs::default()
        };
        let header = Header::create(&mut builder, &args);
        builder.finish_size_prefixed(header, None);
        builder.finished_data().to_owned()
    }
}

impl FeatureWriter for FgbWriter {
    fn write(&mut self, feature: &Feature) -> Result<(), FormatError> {
        self.encode(feature)?;
        let envelope = feature.geometry.as_ref().map_or(Envelope::EMPTY, |g| g.envelope());
        self.placeless += u64::from(envelope.is_empty());
        self.extent = self.extent.union(&envelope);
        self.index.push(envelope);
        let bytes = self.builder.finished_data();
        write_node(&mut self.leaves, &envelope, self.offset)
            .and_then(|()| self.features.write_all(bytes))
            .map_err(FormatError::io(self.file.path()))?;
        self.offset += bytes.len() as u64;
        self.count += 1;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Written, FormatError> {
        let mut written = Written { features: self.count, notes: Vec::new() };
        if self.placeless > 0 {
            written.notes.push(format!(
                "{} features have no geometry; FlatGeobuf cannot index them, so the file has no \
                 spatial index",
                self.placeless
            ));
        }
        let indexed = self.placeless == 0 && self.count > 0;
        self.assemble(indexed).map_err(FormatError::io(self.file.path()))?;
        self.file.finish()?;
        Ok(written)
    }
}

fn copy(from: &mut BufWriter<File>, to: &mut impl Write) -> io::Result<()> {
    from.flush()?;
    let mut file = from.get_ref();
    file.rewind()?;
    io::copy(&mut file, to).map(|_bytes| ())
}
