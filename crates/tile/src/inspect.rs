//! Reads a tile back and says what is in it and what is wrong with it.
//!
//! A decoder of its own, strict where the specification of Mapbox vector tiles 2.1 says MUST;
//! it shares no code with the encoder. Rings are checked pair by pair in order of their western
//! ends, which is plain rather than fast.

use thiserror::Error;

use crate::polygon_defects::{PolygonDefect, polygon_defects};

/// A layer, decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedLayer {
    /// Name.
    pub name: String,
    /// Units along one side of the tile.
    pub extent: u32,
    /// Names of attributes.
    pub keys: Vec<String>,
    /// Number of entries of the value table.
    pub values: usize,
    /// Encoded size, without the field's own tag and length.
    pub bytes: usize,
    /// Features in order.
    pub features: Vec<DecodedFeature>,
}

/// A feature, decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedFeature {
    /// Id, if it has one.
    pub id: Option<u64>,
    /// Points, lines or rings.
    pub kind: DecodedKind,
    /// Points: one path. Rings without their closing point, in order.
    pub paths: Vec<Vec<[i32; 2]>>,
    /// Attributes in order.
    pub properties: Vec<(String, DecodedValue)>,
}

/// Kind of a decoded geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodedKind {
    /// Points.
    Points,
    /// Lines.
    Lines,
    /// Polygons.
    Polygons,
}

/// An attribute's value, decoded.
#[derive(Clone, Debug, PartialEq)]
pub enum DecodedValue {
    /// Text.
    Text(String),
    /// A single.
    Float(f32),
    /// A double.
    Double(f64),
    /// A signed integer, whichever way it was written.
    Int(i64),
    /// An unsigned integer.
    Uint(u64),
    /// A truth value.
    Bool(bool),
}

/// Why bytes are not a vector tile.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("not a vector tile: {reason} at byte {at} of {part}")]
pub struct InvalidTile {
    /// What is wrong.
    pub reason: &'static str,
    /// `tile`, `layer`, `feature`, `geometry`, `value` or `tags`.
    pub part: &'static str,
    /// Where in that part.
    pub at: usize,
}

/// What is wrong with one feature of a tile that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureDefect {
    /// Name of the layer.
    pub layer: String,
    /// Position of the feature in it.
    pub feature: usize,
    /// Its id, if it has one.
    pub id: Option<u64>,
    /// What is wrong.
    pub defect: PolygonDefect,
}

/// Every defect of the polygons of `layers`.
pub fn defects(layers: &[DecodedLayer]) -> Vec<FeatureDefect> {
    let mut all = Vec::new();
    for layer in layers {
        for (position, feature) in layer.features.iter().enumerate() {
            if feature.kind != DecodedKind::Polygons {
                continue;
            }
            all.extend(polygon_defects(&feature.paths).into_iter().map(|defect| FeatureDefect {
                layer: layer.name.clone(),
                feature: position,
                id: feature.id,
                defect,
            }));
        }
    }
    all
}

/// Decodes an uncompressed tile.
pub fn decode(bytes: &[u8]) -> Result<Vec<DecodedLayer>, InvalidTile> {
    let mut layers: Vec<DecodedLayer> = Vec::new();
    let mut reader = Reader::new(bytes, "tile");
    while let Some((field, wire)) = reader.field()? {
        if field != 3 {
            reader.skip(wire)?;
            continue;
        }
        let layer = decode_layer(reader.bytes(wire)?)?;
        if layers.iter().any(|other| other.name == layer.name) {
            return Err(reader.error("two layers of one name"));
        }
        layers.push(layer);
    }
    Ok(layers)
}

fn decode_layer(bytes: &[u8]) -> Result<DecodedLayer, InvalidTile> {
    let mut reader = Reader::new(bytes, "layer");
    let (mut version, mut name, mut extent) = (None, None, None);
    let (mut keys, mut values, mut features) = (Vec::new(), Vec::new(), Vec::new());
    while let Some((field, wire)) = reader.field()? {
        match field {
            15 => version = Some(reader.number(wire)?),
            1 => name = Some(reader.text(wire)?),
            5 => extent = Some(reader.number(wire)?),
            2 => features.push(reader.bytes(wire)?),
            3 => keys.push(reader.text(wire)?),
            4 => values.push(decode_value(reader.bytes(wire)?)?),
            _ => reader.skip(wire)?,
        }
    }
    if version != Some(2) {
        return Err(reader.error("no version 2"));
    }
    let name = name.ok_or_else(|| reader.error("no name"))?;
    let extent = extent
        .and_then(|extent| u32::try_from(extent).ok())
        .filter(|extent| *extent > 0)
        .ok_or_else(|| reader.error("no extent"))?;
    let mut sorted: Vec<_> = keys.iter().collect();
    sorted.sort();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(reader.error("a key twice"));
    }
    let decoded: Result<Vec<_>, _> =
        features.into_iter().map(|feature| decode_feature(feature, &keys, &values)).collect();
    let features = decoded?;
    if features.is_empty() {
        return Err(reader.error("no feature"));
    }
    Ok(DecodedLayer { name, extent, keys, values: values.len(), bytes: bytes.len(), features })
}

fn decode_value(bytes: &[u8]) -> Result<DecodedValue, InvalidTile> {
    let mut reader = Reader::new(bytes, "value");
    let mut value = None;
    while let Some((field, wire)) = reader.field()? {
        if value.is_some() {
            return Err(reader.error("two values in one"));
        }
        value = Some(match field {
            1 => DecodedValue::Text(reader.text(wire)?),
            2 => DecodedValue::Float(f32::from_le_bytes(reader.fixed(wire, 5)?)),
            3 => DecodedValue::Double(f64::from_le_bytes(reader.fixed(wire, 1)?)),
            4 => DecodedValue::Int(reader.number(wire)?.cast_signed()),
            5 => DecodedValue::Uint(reader.number(wire)?),
            6 => {
                let raw = reader.number(wire)?;
                DecodedValue::Int((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
            }
            7 => DecodedValue::Bool(reader.number(wire)? != 0),
            _ => return Err(reader.error("a value of no known type")),
        });
    }
    value.ok_or_else(|| reader.error("an empty value"))
}

fn decode_feature(
    bytes: &[u8],
    keys: &[String],
    values: &[DecodedValue],
) -> Result<DecodedFeature, InvalidTile> {
    let mut reader = Reader::new(bytes, "feature");
    let (mut id, mut tags, mut kind, mut geometry) = (None, None, None, None);
    while let Some((field, wire)) = reader.field()? {
        match field {
            1 => id = Some(reader.number(wire)?),
            2 => tags = Some(reader.bytes(wire)?),
            3 => kind = Some(reader.number(wire)?),
            4 => geometry = Some(reader.bytes(wire)?),
            _ => reader.skip(wire)?,
        }
    }
    let kind = match kind {
        Some(1) => DecodedKind::Points,
        Some(2) => DecodedKind::Lines,
        Some(3) => DecodedKind::Polygons,
        _ => return Err(reader.error("no known geometry type")),
    };
    let geometry = geometry.ok_or_else(|| reader.error("no geometry"))?;
    let mut properties = Vec::new();
    let mut tag_reader = Reader::new(tags.unwrap_or_default(), "tags");
    while !tag_reader.is_done() {
        let key = keys.get(tag_reader.varint()? as usize);
        let key = key.ok_or_else(|| tag_reader.error("a key that the layer has not"))?;
        let value = values.get(tag_reader.varint()? as usize);
        let value = value.ok_or_else(|| tag_reader.error("a value that the layer has not"))?;
        properties.push((key.clone(), value.clone()));
    }
    Ok(DecodedFeature { id, kind, paths: decode_geometry(geometry, kind)?, properties })
}

fn decode_geometry(bytes: &[u8], kind: DecodedKind) -> Result<Vec<Vec<[i32; 2]>>, InvalidTile> {
    let mut reader = Reader::new(bytes, "geometry");
    let mut cursor = [0_i32; 2];
    let mut paths = Vec::new();
    if kind == DecodedKind::Points {
        let count = reader.command(1)?;
        paths.push(reader.points(count, &mut cursor)?);
        if count == 0 || !reader.is_done() {
            return Err(reader.error("points are not one MoveTo"));
        }
        return Ok(paths);
    }
    while !reader.is_done() {
        if reader.command(1)? != 1 {
            return Err(reader.error("a path does not start with one MoveTo"));
        }
        let mut path = reader.points(1, &mut cursor)?;
        let count = reader.command(2)?;
        let least = if kind == DecodedKind::Polygons { 2 } else { 1 };
        if count < least {
            return Err(reader.error("a path is too short"));
        }
        for point in reader.points(count, &mut cursor)? {
            if path.last() == Some(&point) {
                return Err(reader.error("a LineTo stays in place"));
            }
            path.push(point);
        }
        if kind == DecodedKind::Polygons {
            if reader.command(7)? != 1 {
                return Err(reader.error("a ring is not closed once"));
            }
            if path.first() == path.last() {
                return Err(reader.error("a ring repeats its first point"));
            }
        }
        paths.push(path);
    }
    if paths.is_empty() {
        return Err(reader.error("an empty geometry"));
    }
    Ok(paths)
}

/// Reads protocol buffer primitives; knows where it is.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    part: &'static str,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], part: &'static str) -> Self {
        Self { bytes, at: 0, part }
    }

    fn error(&self, reason: &'static str) -> InvalidTile {
        InvalidTile { reason, part: self.part, at: self.at }
    }

    fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn varint(&mut self) -> Result<u64, InvalidTile> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(self.at).ok_or_else(|| self.error("cut short"))?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.error("a number of more than 64 bits"))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], InvalidTile> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..count).ok_or_else(|| self.error("cut short"))?;
        self.at += count;
        Ok(taken)
    }

    /// Number and wire type of the next field; `None` at the end.
    fn field(&mut self) -> Result<Option<(u64, u8)>, InvalidTile> {
        if self.is_done() {
            return Ok(None);
        }
        let tag = self.varint()?;
        Ok(Some((tag >> 3, (tag & 7) as u8)))
    }

    fn number(&mut self, wire: u8) -> Result<u64, InvalidTile> {
        if wire != 0 {
            return Err(self.error("a field of the wrong wire type"));
        }
        self.varint()
    }

    fn bytes(&mut self, wire: u8) -> Result<&'a [u8], InvalidTile> {
        if wire != 2 {
            return Err(self.error("a field of the wrong wire type"));
        }
        let len = self.varint()?;
        let len = usize::try_from(len).ok().filter(|len| *len <= self.bytes.len());
        let len = len.ok_or_else(|| self.error("a length beyond the end"))?;
        self.take(len)
    }

    fn text(&mut self, wire: u8) -> Result<String, InvalidTile> {
        let bytes = self.bytes(wire)?;
        std::str::from_utf8(bytes)
            .map(str::to_owned)
            .ok()
            .ok_or_else(|| self.error("text that is not UTF-8"))
    }

    fn fixed<const N: usize>(&mut self, wire: u8, expected: u8) -> Result<[u8; N], InvalidTile> {
        if wire != expected {
            return Err(self.error("a field of the wrong wire type"));
        }
        let bytes = self.take(N)?;
        bytes.try_into().ok().ok_or_else(|| self.error("cut short"))
    }

    fn skip(&mut self, wire: u8) -> Result<(), InvalidTile> {
        match wire {
            0 => self.varint().map(drop),
            1 => self.take(8).map(drop),
            2 => self.bytes(wire).map(drop),
            5 => self.take(4).map(drop),
            _ => Err(self.error("an unknown wire type")),
        }
    }

    /// Count of the next command, which must be `id`.
    fn command(&mut self, id: u64) -> Result<usize, InvalidTile> {
        let command = self.varint()?;
        if command & 7 != id {
            return Err(self.error("an unexpected command"));
        }
        Ok((command >> 3) as usize)
    }

    fn points(
        &mut self,
        count: usize,
        cursor: &mut [i32; 2],
    ) -> Result<Vec<[i32; 2]>, InvalidTile> {
        // A point takes two bytes at least.
        if count > self.bytes.len() / 2 {
            return Err(self.error("more points than bytes"));
        }
        let mut points = Vec::with_capacity(count);
        for _ in 0..count {
            for axis in cursor.iter_mut() {
                let raw = self.varint()? as u32;
                let delta = (raw >> 1).cast_signed() ^ -(raw & 1).cast_signed();
                *axis = axis.wrapping_add(delta);
            }
            points.push(*cursor);
        }
        Ok(points)
    }
}
