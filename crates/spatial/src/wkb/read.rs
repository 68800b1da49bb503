//! Reads well-known binary.

use geo_types::{
    Coord, Geometry as Shape, GeometryCollection, LineString, MultiLineString, MultiPoint,
    MultiPolygon, Point, Polygon,
};

use super::arc::{MAX_ARC_VERTICES, Vertex, push_arc};
use super::{DecodeError, DecodeReason, Decoded, MAX_CURVE_VERTICES, MAX_DEPTH};
use crate::Geometry;

const POINT: u32 = 1;
const LINE_STRING: u32 = 2;
const POLYGON: u32 = 3;
const MULTI_POINT: u32 = 4;
const MULTI_LINE_STRING: u32 = 5;
const MULTI_POLYGON: u32 = 6;
const GEOMETRY_COLLECTION: u32 = 7;
const CIRCULAR_STRING: u32 = 8;
const COMPOUND_CURVE: u32 = 9;
const CURVE_POLYGON: u32 = 10;
const MULTI_CURVE: u32 = 11;
const MULTI_SURFACE: u32 = 12;

/// Bytes of the smallest member: byte order, type, and a count of zero.
const MIN_MEMBER: usize = 9;

/// Reads one geometry that fills `bytes`.
pub fn decode(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    decode_at(bytes, 0)
}

/// Reads the geometry that fills `bytes` from byte `offset` on; errors count from byte 0.
pub fn decode_at(bytes: &[u8], offset: usize) -> Result<Decoded, DecodeError> {
    let mut reader = Reader::new(bytes, offset);
    let head = reader.head()?;
    let shape = reader.shape(head, 0)?;
    let left = bytes.len() - reader.at;
    if left > 0 {
        return Err(reader.error(DecodeReason::Trailing(left)));
    }
    let pad = |mut values: Vec<f64>| {
        if !values.is_empty() {
            values.resize(reader.vertices, f64::NAN);
        }
        values
    };
    Ok(Decoded {
        geometry: Geometry { shape, z: pad(reader.z), m: pad(reader.m) },
        srid: reader.srid,
        arcs: reader.arcs,
        closed_rings: reader.closed_rings,
        unclosed_at: reader.unclosed_at,
    })
}

/// x and y if the geometry at `offset` is a point that is not empty; `None` for anything else.
pub(crate) fn read_point(bytes: &[u8], offset: usize) -> Result<Option<[f64; 2]>, DecodeError> {
    let mut reader = Reader::new(bytes, offset);
    let head = reader.head()?;
    if head.kind != POINT {
        return Ok(None);
    }
    Ok(reader.point(head)?.map(|point| [point.x(), point.y()]))
}

/// What stands before the body of every geometry.
#[derive(Clone, Copy)]
struct Head {
    kind: u32,
    little: bool,
    z: bool,
    m: bool,
}

impl Head {
    fn stride(self) -> usize {
        16 + 8 * (usize::from(self.z) + usize::from(self.m))
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Vertices so far; `z` and `m` are padded to it where a path has none.
    vertices: usize,
    z: Vec<f64>,
    m: Vec<f64>,
    srid: Option<u32>,
    arcs: u32,
    closed_rings: u32,
    unclosed_at: Option<[f64; 2]>,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self {
            bytes,
            at: offset.min(bytes.len()),
            vertices: 0,
            z: Vec::new(),
            m: Vec::new(),
            srid: None,
            arcs: 0,
            closed_rings: 0,
            unclosed_at: None,
        }
    }

    fn error(&self, reason: DecodeReason) -> DecodeError {
        DecodeError { offset: self.at, reason }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let left = &self.bytes[self.at..];
        let Some(taken) = left.get(..count) else {
            return Err(self.error(DecodeReason::Truncated(count - left.len())));
        };
        self.at += count;
        Ok(taken)
    }

    fn u32(&mut self, little: bool) -> Result<u32, DecodeError> {
        let bytes = self.take(4)?;
        let array = [bytes[0], bytes[1], bytes[2], bytes[3]];
        Ok(if little { u32::from_le_bytes(array) } else { u32::from_be_bytes(array) })
    }

    /// A count of items of at least `size` bytes each.
    fn count(&mut self, head: Head, size: usize) -> Result<usize, DecodeError> {
        let at = self.at;
        let count = self.u32(head.little)?;
        if count as usize > (self.bytes.len() - self.at) / size {
            return Err(DecodeError { offset: at, reason: DecodeReason::Count(count) });
        }
        Ok(count as usize)
    }

    fn head(&mut self) -> Result<Head, DecodeError> {
        let start = self.at;
        let little = match self.take(1)?[0] {
            0 => false,
            1 => true,
            other => {
                let reason = DecodeReason::ByteOrder(other);
                return Err(DecodeError { offset: start, reason });
            }
        };
        let offset = self.at;
        let code = self.u32(little)?;
        let (iso, flags) = (code & 0x0fff_ffff, code >> 28);
        let (kind, dims) = (iso % 1000, iso / 1000);
        if dims > 3 || flags & 1 != 0 || kind == 0 || kind > 17 {
            return Err(DecodeError { offset, reason: DecodeReason::UnknownType(code) });
        }
        if kind > MULTI_SURFACE {
            return Err(DecodeError { offset, reason: DecodeReason::UnsupportedType(code) });
        }
        if flags & 2 != 0 {
            let srid = self.u32(little)?;
            self.srid.get_or_insert(srid);
        }
        let z = flags & 8 != 0 || dims & 1 != 0;
        let m = flags & 4 != 0 || dims & 2 != 0;
        Ok(Head { kind, little, z, m })
    }

    fn shape(&mut self, head: Head, depth: u32) -> Result<Shape<f64>, DecodeError> {
        Ok(match head.kind {
            POINT => match self.point(head)? {
                Some(point) => Shape::Point(point),
                None => Shape::MultiPoint(MultiPoint(Vec::new())),
            },
            LINE_STRING => Shape::LineString(LineString(self.path(head)?)),
            POLYGON | CURVE_POLYGON => Shape::Polygon(self.polygon(head)?),
            CIRCULAR_STRING | COMPOUND_CURVE => Shape::LineString(self.curve_line(head)?),
            MULTI_POINT => {
                let points = self.members(head, &[POINT], Self::point)?;
                Shape::MultiPoint(MultiPoint(points.into_iter().flatten().collect()))
            }
            MULTI_LINE_STRING => Shape::MultiLineString(MultiLineString(self.members(
                head,
                &[LINE_STRING],
                |reader, head| Ok(LineString(reader.path(head)?)),
            )?)),
            MULTI_CURVE => Shape::MultiLineString(MultiLineString(self.members(
                head,
                &[LINE_STRING, CIRCULAR_STRING, COMPOUND_CURVE],
                Self::curve_line,
            )?)),
            MULTI_POLYGON => {
                Shape::MultiPolygon(MultiPolygon(self.members(head, &[POLYGON], Self::polygon)?))
            }
            MULTI_SURFACE => Shape::MultiPolygon(MultiPolygon(self.members(
                head,
                &[POLYGON, CURVE_POLYGON],
                Self::polygon,
            )?)),
            _ => {
                if depth == MAX_DEPTH {
                    return Err(self.error(DecodeReason::TooDeep));
                }
                let count = self.count(head, MIN_MEMBER)?;
                let mut shapes = Vec::with_capacity(count);
                for _ in 0..count {
                    let member = self.head()?;
                    shapes.push(self.shape(member, depth + 1)?);
                }
                debug_assert_eq!(head.kind, GEOMETRY_COLLECTION);
                Shape::GeometryCollection(GeometryCollection(shapes))
            }
        })
    }

    fn members<T>(
        &mut self,
        head: Head,
        allowed: &[u32],
        mut read: impl FnMut(&mut Self, Head) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.count(head, MIN_MEMBER)?;
        let mut members = Vec::with_capacity(count);
        for _ in 0..count {
            let offset = self.at;
            let member = self.head()?;
            if !allowed.contains(&member.kind) {
                let reason = DecodeReason::Member { parent: head.kind, member: member.kind };
                return Err(DecodeError { offset, reason });
            }
            members.push(read(self, member)?);
        }
        Ok(members)
    }

    /// `None` for an empty point, whose x and y are NaN.
    fn point(&mut self, head: Head) -> Result<Option<Point<f64>>, DecodeError> {
        let offset = self.at;
        let body = self.take(head.stride())?;
        let x = number(body, 0, head.little);
        let y = number(body, 1, head.little);
        if x.is_nan() && y.is_nan() {
            return Ok(None);
        }
        if !(x.is_finite() && y.is_finite()) {
            return Err(DecodeError { offset, reason: DecodeReason::NotFinite });
        }
        self.measures(head, body, offset)?;
        self.vertices += 1;
        Ok(Some(Point::new(x, y)))
    }

    /// The vertices of a line or ring, straight from the bytes.
    fn path(&mut self, head: Head) -> Result<Vec<Coord<f64>>, DecodeError> {
        let stride = head.stride();
        let count = self.count(head, stride)?;
        let offset = self.at;
        let body = self.take(count * stride)?;
        let coords = match (head.little, stride) {
            (true, 16) => plain(body, f64::from_le_bytes),
            (false, 16) => plain(body, f64::from_be_bytes),
            _ => body
                .chunks_exact(stride)
                .map(|vertex| Coord {
                    x: number(vertex, 0, head.little),
                    y: number(vertex, 1, head.little),
                })
                .collect(),
        };
        if let Some(bad) = coords.iter().position(|c| !(c.x.is_finite() && c.y.is_finite())) {
            let offset = offset + bad * stride;
            return Err(DecodeError { offset, reason: DecodeReason::NotFinite });
        }
        self.measures(head, body, offset)?;
        self.vertices += count;
        Ok(coords)
    }

    /// Keeps Z and M of the vertices in `body`, which begins at byte `offset`.
    fn measures(&mut self, head: Head, body: &[u8], offset: usize) -> Result<(), DecodeError> {
        for (present, place, values) in
            [(head.z, 2, &mut self.z), (head.m, 2 + usize::from(head.z), &mut self.m)]
        {
            if !present {
                continue;
            }
            values.resize(self.vertices, f64::NAN);
            for (row, vertex) in body.chunks_exact(head.stride()).enumerate() {
                let value = number(vertex, place, head.little);
                if value.is_infinite() {
                    let offset = offset + row * head.stride();
                    return Err(DecodeError { offset, reason: DecodeReason::NotFinite });
                }
                values.push(value);
            }
        }
        Ok(())
    }

    fn polygon(&mut self, head: Head) -> Result<Polygon<f64>, DecodeError> {
        let curved = head.kind == CURVE_POLYGON;
        let count = self.count(head, if curved { MIN_MEMBER } else { 4 })?;
        if count == 0 {
            return Ok(Polygon::new(LineString(Vec::new()), Vec::new()));
        }
        let exterior = self.ring(head, curved)?;
        let mut holes = Vec::with_capacity(count - 1);
        for _ in 1..count {
            holes.push(self.ring(head, curved)?);
        }
        Ok(Polygon::new(exterior, holes))
    }

    fn ring(&mut self, head: Head, curved: bool) -> Result<LineString<f64>, DecodeError> {
        let first = self.vertices;
        let mut ring = if curved {
            let offset = self.at;
            let member = self.head()?;
            if ![LINE_STRING, CIRCULAR_STRING, COMPOUND_CURVE].contains(&member.kind) {
                let reason = DecodeReason::Member { parent: head.kind, member: member.kind };
                return Err(DecodeError { offset, reason });
            }
            self.curve_line(member)?
        } else {
            LineString(self.path(head)?)
        };
        // Closed here, not by geo-types, so that Z and M stay one a vertex.
        if !ring.is_closed() {
            let end = ring.0.last().map(|end| [end.x, end.y]);
            self.unclosed_at = self.unclosed_at.or(end);
            ring.0.push(ring.0[0]);
            for values in [&mut self.z, &mut self.m] {
                if let Some(value) = values.get(first).copied() {
                    values.push(value);
                }
            }
            self.vertices += 1;
            self.closed_rings += 1;
        }
        Ok(ring)
    }

    /// A line string, circular string or compound curve as one line string.
    fn curve_line(&mut self, head: Head) -> Result<LineString<f64>, DecodeError> {
        if head.kind == LINE_STRING {
            return Ok(LineString(self.path(head)?));
        }
        let mut has = (head.z, head.m);
        let vertices = self.curve(head, &mut has)?;
        for (present, axis, values) in [(has.0, 2, &mut self.z), (has.1, 3, &mut self.m)] {
            if present {
                values.resize(self.vertices, f64::NAN);
                values.extend(vertices.iter().map(|vertex| vertex[axis]));
            }
        }
        self.vertices += vertices.len();
        Ok(LineString(vertices.iter().map(|v| Coord { x: v[0], y: v[1] }).collect()))
    }

    /// The vertices of a curve; `has` learns whether any member holds Z or M.
    fn curve(&mut self, head: Head, has: &mut (bool, bool)) -> Result<Vec<Vertex>, DecodeError> {
        *has = (has.0 || head.z, has.1 || head.m);
        if head.kind == COMPOUND_CURVE {
            let pieces =
                self.members(head, &[LINE_STRING, CIRCULAR_STRING], |reader, member| {
                    reader.curve(member, has)
                })?;
            let mut vertices: Vec<Vertex> = Vec::with_capacity(pieces.iter().map(Vec::len).sum());
            for piece in pieces {
                let joined = matches!((vertices.last(), piece.first()),
                    (Some(a), Some(b)) if a[..2] == b[..2]);
                vertices.extend_from_slice(&piece[usize::from(joined)..]);
            }
            return Ok(vertices);
        }
        let offset = self.at;
        let stride = head.stride();
        let count = self.count(head, stride)?;
        let start = self.at;
        let body = self.take(count * stride)?;
        let mut control = Vec::with_capacity(count);
        for (row, bytes) in body.chunks_exact(stride).enumerate() {
            let value = |place: usize| number(bytes, place, head.little);
            let z = if head.z { value(2) } else { f64::NAN };
            let m = if head.m { value(stride / 8 - 1) } else { f64::NAN };
            let (x, y) = (value(0), value(1));
            if !(x.is_finite() && y.is_finite()) || z.is_infinite() || m.is_infinite() {
                let offset = start + row * stride;
                return Err(DecodeError { offset, reason: DecodeReason::NotFinite });
            }
            control.push([x, y, z, m]);
        }
        if head.kind == LINE_STRING || count == 0 {
            return Ok(control);
        }
        if count < 3 || count.is_multiple_of(2) {
            return Err(DecodeError { offset, reason: DecodeReason::ArcPoints(count as u32) });
        }
        let arcs = count / 2;
        self.arcs += arcs as u32;
        if self.arcs as usize > MAX_CURVE_VERTICES / MAX_ARC_VERTICES {
            return Err(DecodeError { offset, reason: DecodeReason::TooManyVertices });
        }
        let mut vertices = vec![control[0]];
        for arc in control.windows(3).step_by(2) {
            push_arc(arc[0], arc[1], arc[2], &mut vertices);
        }
        Ok(vertices)
    }
}

/// The `place`-th number of `bytes`, which holds it.
fn number(bytes: &[u8], place: usize, little: bool) -> f64 {
    let mut array = [0; 8];
    array.copy_from_slice(&bytes[place * 8..place * 8 + 8]);
    if little { f64::from_le_bytes(array) } else { f64::from_be_bytes(array) }
}

/// Vertices of x and y alone.
fn plain(body: &[u8], number: impl Fn([u8; 8]) -> f64) -> Vec<Coord<f64>> {
    let (numbers, _) = body.as_chunks::<8>();
    numbers.chunks_exact(2).map(|xy| Coord { x: number(xy[0]), y: number(xy[1]) }).collect()
}
