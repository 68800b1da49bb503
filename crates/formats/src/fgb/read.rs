//! Reads the layer of a FlatGeobuf file, feature by feature.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ::flatgeobuf::{
    ColumnType, GeometryType as FgbType, Header, size_prefixed_root_as_feature,
    size_prefixed_root_as_header,
};
use spatial::{Feature, Field, FieldClass, FieldType, GeometryType};

use super::{DATE_METADATA, FORMAT, MAGIC, MAX_HEADER_BYTES, geometry, index, properties};
use crate::reader::{make_names_unique, stem};
use crate::{DeclaredCrs, FormatError, LayerReader, LayerSchema, ReadGeometry, Row, RowDefect};

/// Opens the one layer of a FlatGeobuf file.
pub fn open(path: &Path) -> Result<Vec<Box<dyn LayerReader>>, FormatError> {
    let io = |source| FormatError::io(path)(source);
    let malformed = |reason: &str| FormatError::malformed(path, FORMAT, reason);
    let file = File::open(path).map_err(io)?;
    let mut remaining = file.metadata().map_err(io)?.len();
    let mut input = BufReader::with_capacity(1 << 18, file);

    let mut start = [0; 12];
    if remaining < start.len() as u64 {
        return Err(malformed("shorter than a header"));
    }
    input.read_exact(&mut start).map_err(io)?;
    remaining -= start.len() as u64;
    let [magic @ .., s0, s1, s2, s3] = start;
    if magic[..3] != MAGIC[..3] || magic[4..7] != MAGIC[4..7] || magic[3] > MAGIC[3] {
        return Err(malformed("the first bytes are not those of FlatGeobuf 3 or older"));
    }
    let size = u32::from_le_bytes([s0, s1, s2, s3]) as usize;
    if !(8..=MAX_HEADER_BYTES).contains(&size) || size as u64 > remaining {
        return Err(malformed("the header is longer than the file or than 10 MiB"));
    }
    let mut bytes = vec![0; size + 4];
    bytes[..4].copy_from_slice(&[s0, s1, s2, s3]);
    input.read_exact(&mut bytes[4..]).map_err(io)?;
    remaining -= size as u64;
    let header = size_prefixed_root_as_header(&bytes)
        .map_err(|error| FormatError::malformed(path, FORMAT, format_args!("header: {error}")))?;

    let count = header.features_count();
    let index_bytes = index::byte_size(count, header.index_node_size());
    let index_bytes = index_bytes.filter(|&size| size <= remaining);
    let index_bytes = index_bytes.ok_or_else(|| malformed("the file ends within its index"))?;
    input.seek(SeekFrom::Current(index_bytes.cast_signed())).map_err(io)?;
    remaining -= index_bytes;

    let columns: Vec<ColumnType> =
        header.columns().map(|c| c.iter().map(|c| c.type_()).collect()).unwrap_or_default();
    let reader = FgbReader {
        path: path.to_owned(),
        input,
        remaining,
        count,
        next: 1,
        columns,
        header_type: header.geometry_type(),
        schema: schema(path, &header),
        buffer: Vec::new(),
    };
    Ok(vec![Box::new(reader)])
}

struct FgbReader {
    path: PathBuf,
    input: BufReader<File>,
    /// Bytes of the file not yet read.
    remaining: u64,
    /// Features the header promises; 0 when it does not say.
    count: u64,
    /// Number of the next row.
    next: u64,
    columns: Vec<ColumnType>,
    header_type: FgbType,
    schema: LayerSchema,
    /// The current feature with its size before it, as the flatbuffer wants it.
    buffer: Vec<u8>,
}

impl LayerReader for FgbReader {
    fn schema(&self) -> &LayerSchema {
        &self.schema
    }

    fn next_rows(&mut self, limit: usize) -> Result<Vec<Row>, FormatError> {
        let mut rows = Vec::with_capacity(limit.min(4096));
        while rows.len() < limit && self.fill_buffer()? {
            rows.push(self.row());
            self.next += 1;
        }
        Ok(rows)
    }
}

impl FgbReader {
    /// Reads the bytes of the next feature; `false` at the end.
    fn fill_buffer(&mut self) -> Result<bool, FormatError> {
        let at_end = if self.count > 0 { self.next > self.count } else { self.remaining == 0 };
        if at_end {
            return Ok(false);
        }
        let mut prefix = [0; 4];
        let size = if self.remaining >= 4 {
            self.input.read_exact(&mut prefix).map_err(FormatError::io(&self.path))?;
            self.remaining -= 4;
            u64::from(u32::from_le_bytes(prefix))
        } else {
            u64::MAX
        };
        if size > self.remaining {
            let reason = format!("the file ends within feature {}", self.next);
            return Err(FormatError::malformed(&self.path, FORMAT, reason));
        }
        self.buffer.resize(size as usize + 4, 0);
        self.buffer[..4].copy_from_slice(&prefix);
        self.input.read_exact(&mut self.buffer[4..]).map_err(FormatError::io(&self.path))?;
        self.remaining -= size;
        Ok(true)
    }

    fn row(&self) -> Row {
        match self.feature() {
            Ok((feature, mended)) => Row { number: self.next, feature: Ok(feature), mended },
            Err(defect) => Row::new(self.next, Err(defect)),
        }
    }

    fn feature(&self) -> Result<(Feature, Vec<&'static str>), RowDefect> {
        // The smallest size-prefixed table; the accessors below are for verified bytes only.
        let table = (self.buffer.len() >= 12).then(|| size_prefixed_root_as_feature(&self.buffer));
        let Some(Ok(table)) = table else {
            return Err(RowDefect::new("bad_feature", "the feature is not a sound flatbuffer"));
        };
        if table.columns().is_some() {
            return Err(RowDefect::new("bad_feature", "the feature has columns of its own"));
        }
        let read = match table.geometry() {
            Some(geometry) => geometry::decode(geometry, self.header_type)?,
            None => None,
        };
        let bytes = table.properties().map(|bytes| bytes.bytes()).unwrap_or_default();
        let properties = properties::decode(bytes, &self.columns, &self.schema.fields)?;
        let (geometry, mended) = match read {
            Some(ReadGeometry { geometry, mended, .. }) => (Some(geometry), mended),
            None => (None, Vec::new()),
        };
        Ok((Feature { id: None, geometry, properties }, mended))
    }
}

fn schema(path: &Path, header: &Header<'_>) -> LayerSchema {
    let mut notes = Vec::new();
    let fields = header.columns().map(|columns| {
        columns
            .iter()
            .map(|column| Field {
                name: column.name().to_owned(),
                alias: column.title().map(str::to_owned),
                field_type: properties::field_type(
                    column.type_(),
                    column.metadata() == Some(DATE_METADATA),
                ),
                class: FieldClass::L1,
            })
            .collect::<Vec<_>>()
    });
    let mut fields = fields.unwrap_or_default();
    make_names_unique(&mut fields, &mut notes);
    if fields.iter().any(|field| field.field_type == FieldType::DateTime) {
        notes.push("times without a zone are read as UTC".to_owned());
    }
    LayerSchema {
        name: header.name().filter(|n| !n.is_empty()).map_or_else(|| stem(path), str::to_owned),
        crs: declared_crs(header),
        geometry_type: match header.geometry_type() {
            FgbType::Point => GeometryType::Point,
            FgbType::MultiPoint => GeometryType::MultiPoint,
            FgbType::LineString => GeometryType::LineString,
            FgbType::MultiLineString => GeometryType::MultiLineString,
            FgbType::Polygon | FgbType::Triangle => GeometryType::Polygon,
            FgbType::MultiPolygon => GeometryType::MultiPolygon,
            _ => GeometryType::Any,
        },
        has_z: header.has_z(),
        has_m: header.has_m(),
        fields,
        place_columns: Vec::new(),
        count: (header.features_count() > 0).then(|| header.features_count()),
        notes,
    }
}

fn declared_crs(header: &Header<'_>) -> DeclaredCrs {
    let Some(crs) = header.crs() else { return DeclaredCrs::Unknown };
    let org = crs.org().unwrap_or("EPSG");
    let code = u32::try_from(crs.code()).ok().filter(|&code| code > 0);
    match code {
        Some(code) if org.eq_ignore_ascii_case("EPSG") => DeclaredCrs::Epsg(code),
        _ if org.eq_ignore_ascii_case("OGC") && crs.code_string() == Some("CRS84") => {
            DeclaredCrs::Epsg(4326)
        }
        _ => match crs.wkt() {
            Some(wkt) if !wkt.is_empty() => DeclaredCrs::Wkt(wkt.to_owned()),
            _ => DeclaredCrs::Unknown,
        },
    }
}
