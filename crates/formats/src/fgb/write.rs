//! Writes a FlatGeobuf file: features aside first, then header, index and features.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};

use ::flatgeobuf::GeometryType as FgbType;
use spatial::{Envelope, Feature};

use super::encode::{FeatureEncoder, HeaderFacts, header};
use super::index::{IndexBuilder, write_node};
use super::{FORMAT, MAGIC, geometry};
use crate::atomic_file::{AtomicFile, folder};
use crate::writer::typed_values;
use crate::{FeatureWriter, FormatError, LayerSchema, Written};

/// Writes features in the order given, which the index keeps: give them in Hilbert order.
///
/// Memory is bounded: features and leaves of the index wait in temporary files. The same
/// features give the same bytes.
pub(crate) struct FgbWriter {
    file: AtomicFile,
    schema: LayerSchema,
    features: BufWriter<File>,
    leaves: BufWriter<File>,
    encoder: FeatureEncoder,
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
            encoder: FeatureEncoder::default(),
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

    /// Puts the feature into the encoder.
    fn encode(&mut self, feature: &Feature) -> Result<(), FormatError> {
        self.encoder.begin();
        let values = typed_values(self.file.path(), FORMAT, &self.schema.fields, feature);
        for (column, value) in values.enumerate() {
            self.encoder.push(column as u16, value?);
        }
        let geometry = feature.geometry.as_ref();
        if let Some(kind) = self.encoder.end(geometry, self.schema.geometry_type) {
            let common = self.common_type.get_or_insert(kind);
            if *common != kind {
                *common = FgbType::Unknown;
            }
        }
        if let Some(geometry) = geometry {
            self.has_z |= !geometry.z.is_empty();
            self.has_m |= !geometry.m.is_empty();
        }
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
        let declared = geometry::header_type(self.schema.geometry_type);
        header(&HeaderFacts {
            name: &self.schema.name,
            fields: &self.schema.fields,
            crs: &self.schema.crs,
            geometry_type: self.common_type.unwrap_or(declared),
            has_z: self.has_z,
            has_m: self.has_m,
            extent: self.extent,
            count: self.count,
            indexed,
        })
    }
}

impl FeatureWriter for FgbWriter {
    fn write(&mut self, feature: &Feature) -> Result<(), FormatError> {
        self.encode(feature)?;
        let envelope = feature.geometry.as_ref().map_or(Envelope::EMPTY, |g| g.envelope());
        self.placeless += u64::from(envelope.is_empty());
        self.extent = self.extent.union(&envelope);
        self.index.push(envelope);
        let bytes = self.encoder.bytes();
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
