//! The content of one `.shp` record as a geometry.

use geo_types::{
    Coord, Geometry as Shape, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};
use spatial::{Geometry, GeometryType};

use super::rings::{Ring, TooManyRings, group};
use super::shp::{le_f64, le_u32};
use crate::RowDefect;
use crate::assembly::{ReadGeometry, UNCLOSED_RING};

/// Kind of a ring that the file winds against its role.
const WRONG_WINDING: &str = "wrong_winding";
/// Measures below this mean "no data" by the format's specification.
const NO_DATA: f64 = -1e38;

/// Shape type of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    form: Form,
    measures: Measures,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Null,
    Point,
    Line,
    Polygon,
    MultiPoint,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measures {
    None,
    M,
    /// Z, and M where the record is long enough.
    Z,
}

impl Kind {
    pub(super) fn from_code(code: u32) -> Result<Self, String> {
        let measures = match code / 10 {
            0 => Measures::None,
            1 => Measures::Z,
            2 => Measures::M,
            3 => {
                return Err(
                    "MultiPatch (three-dimensional surfaces) is not read; convert it with \
                            ogr2ogr -nlt MULTIPOLYGONZ"
                        .to_owned(),
                );
            }
            _ => return Err(format!("shape type {code} is unknown")),
        };
        let form = match (code % 10, code) {
            (0, 0) => Form::Null,
            (1, _) => Form::Point,
            (3, _) => Form::Line,
            (5, _) => Form::Polygon,
            (8, _) => Form::MultiPoint,
            _ => return Err(format!("shape type {code} is unknown")),
        };
        Ok(Self { form, measures })
    }

    /// The type that holds every shape of the file; a polygon record may have several parts.
    pub(super) fn geometry_type(self) -> GeometryType {
        match self.form {
            Form::Null => GeometryType::Any,
            Form::Point => GeometryType::Point,
            Form::Line => GeometryType::MultiLineString,
            Form::Polygon => GeometryType::MultiPolygon,
            Form::MultiPoint => GeometryType::MultiPoint,
        }
    }

    pub(super) fn has_z(self) -> bool {
        self.measures == Measures::Z
    }

    /// Whether vertices have an M, by the range that the file's header gives.
    pub(super) fn has_m(self, [min, max]: [f64; 2]) -> bool {
        match self.measures {
            Measures::None => false,
            Measures::M => true,
            Measures::Z => (min != 0.0 || max != 0.0) && min > NO_DATA && max > NO_DATA,
        }
    }
}

/// Reads the content of a record of a file of `kind`.
pub(super) fn read_geometry(
    kind: Kind,
    has_m: bool,
    content: &[u8],
) -> Result<Option<ReadGeometry>, RowDefect> {
    if content.len() < 4 {
        return Err(bad("the record is shorter than a shape type"));
    }
    let code = le_u32(content, 0);
    if code == 0 {
        return Ok(None);
    }
    if Kind::from_code(code) != Ok(kind) {
        return Err(bad(&format!("shape type {code} is not that of the file")));
    }
    let vertices = match kind.form {
        Form::Null => return Ok(None),
        Form::Point => Vertices::of_point(kind, has_m, content)?,
        Form::MultiPoint => Vertices::read(kind, has_m, content, 0)?,
        Form::Line | Form::Polygon => {
            let parts = content.get(36..40).map(|bytes| le_u32(bytes, 0));
            let parts = parts.ok_or_else(|| bad("the record ends before its counts"))?;
            Vertices::read(kind, has_m, content, parts)?
        }
    };
    if vertices.xy.is_empty() {
        return Ok(None);
    }
    if let Some(at) = vertices.xy.iter().position(|c| !c.x.is_finite() || !c.y.is_finite()) {
        return Err(bad(&format!("vertex {} is not a finite number", at + 1)));
    }
    match kind.form {
        Form::Polygon => vertices.into_polygons().map(Some),
        _ => Ok(Some(vertices.into_simple(kind.form))),
    }
}

fn bad(reason: &str) -> RowDefect {
    RowDefect { kind: "bad_geometry", field: None, reason: reason.to_owned() }
}

/// Vertices in file order, with where each part begins.
struct Vertices {
    xy: Vec<Coord<f64>>,
    z: Vec<f64>,
    m: Vec<f64>,
    parts: Vec<usize>,
}

impl Vertices {
    fn of_point(kind: Kind, has_m: bool, content: &[u8]) -> Result<Self, RowDefect> {
        let numbers: Vec<f64> = content[4..].chunks_exact(8).map(|b| le_f64(b, 0)).collect();
        let [x, y, rest @ ..] = numbers.as_slice() else {
            return Err(bad("the record ends inside its point"));
        };
        let (z, m) = match kind.measures {
            Measures::None => (None, None),
            Measures::M => (None, rest.first()),
            Measures::Z => (rest.first(), rest.get(1)),
        };
        if kind.has_z() && z.is_none() {
            return Err(bad("the record ends before its Z"));
        }
        Ok(Self {
            xy: vec![Coord { x: *x, y: *y }],
            z: z.copied().into_iter().collect(),
            m: known_measures(m.filter(|_| has_m).copied()),
            parts: vec![0],
        })
    }

    /// Reads a record of `parts` parts; 0 for a multipoint, which counts none.
    fn read(kind: Kind, has_m: bool, content: &[u8], parts: u32) -> Result<Self, RowDefect> {
        let short = || bad("the record is shorter than its counts say");
        // Type, envelope, then the counts.
        let counts = if kind.form == Form::MultiPoint { 36 } else { 40 };
        let points = content.get(counts..counts + 4).map(|bytes| le_u32(bytes, 0));
        let points = points.ok_or_else(short)? as usize;
        let mut at = counts + 4;
        // Everything below is bounded by the content that is there.
        let part_bytes = (parts as usize).checked_mul(4).ok_or_else(short)?;
        let starts = content[at..].get(..part_bytes).ok_or_else(short)?;
        let starts = starts.chunks_exact(4).map(|bytes| le_u32(bytes, 0) as usize);
        let parts: Vec<usize> = if parts == 0 { vec![0] } else { starts.collect() };
        if parts[0] != 0 || !parts.is_sorted() || parts.last() > Some(&points) {
            return Err(bad("parts do not begin in order inside the shape"));
        }
        at += part_bytes;
        let xy_bytes = points.checked_mul(16).ok_or_else(short)?;
        let xy = content[at..].get(..xy_bytes).ok_or_else(short)?;
        let xy = xy.chunks_exact(16).map(|b| Coord { x: le_f64(b, 0), y: le_f64(b, 8) });
        let xy: Vec<Coord<f64>> = xy.collect();
        at += xy_bytes;
        // A range of two numbers stands before the values.
        let mut measures = || {
            let values = content[at..].get(16..16 + points * 8)?;
            at += 16 + points * 8;
            Some(values.chunks_exact(8).map(|bytes| le_f64(bytes, 0)).collect::<Vec<f64>>())
        };
        let z = match kind.measures {
            Measures::Z => measures().ok_or_else(short)?,
            _ => Vec::new(),
        };
        let m = if has_m { measures().unwrap_or_default() } else { Vec::new() };
        Ok(Self { xy, z, m: known_measures(m), parts })
    }

    fn spans(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let ends = self.parts.iter().skip(1).copied().chain([self.xy.len()]);
        self.parts.iter().copied().zip(ends).map(|(start, end)| start..end)
    }

    fn into_simple(self, form: Form) -> ReadGeometry {
        let line = |span: std::ops::Range<usize>| LineString(self.xy[span].to_vec());
        let shape = match form {
            Form::Point => Shape::Point(Point(self.xy[0])),
            Form::Line => {
                let mut lines: Vec<_> = self.spans().filter(|s| !s.is_empty()).map(line).collect();
                match lines.len() {
                    1 => Shape::LineString(lines.swap_remove(0)),
                    _ => Shape::MultiLineString(MultiLineString(lines)),
                }
            }
            _ => Shape::MultiPoint(MultiPoint(self.xy.iter().copied().map(Point).collect())),
        };
        ReadGeometry {
            geometry: Geometry { shape, z: self.z, m: self.m },
            mended: Vec::new(),
            unclosed_at: None,
        }
    }

    /// Polygons by containment, exteriors counter-clockwise, holes clockwise.
    fn into_polygons(self) -> Result<ReadGeometry, RowDefect> {
        let mut rings = Vec::with_capacity(self.parts.len());
        let mut unclosed = false;
        for span in self.spans().filter(|span| !span.is_empty()) {
            let mut ring: Vec<usize> = span.collect();
            let (first, last) = (ring[0], ring[ring.len() - 1]);
            if self.xy[first] != self.xy[last] {
                ring.push(first);
                unclosed = true;
            }
            rings.push(Ring::new(ring, &self.xy));
        }
        let grouped = group(&mut rings, &self.xy)
            .map_err(|TooManyRings| bad("its rings are too many and too entangled to be nested"))?;
        let mended = [(unclosed, UNCLOSED_RING), (grouped.wrong_winding, WRONG_WINDING)];
        let mended = mended.into_iter().filter_map(|(found, kind)| found.then_some(kind)).collect();
        let mut order: Vec<usize> = Vec::with_capacity(self.xy.len() + rings.len());
        let mut line = |ring: usize| {
            order.extend(&rings[ring].vertices);
            LineString(rings[ring].vertices.iter().map(|&vertex| self.xy[vertex]).collect())
        };
        let mut polygons = Vec::with_capacity(grouped.polygons.len());
        for (exterior, holes) in grouped.polygons {
            let exterior = line(exterior);
            polygons.push(Polygon::new(exterior, holes.into_iter().map(&mut line).collect()));
        }
        let sorted = |values: &[f64]| match values {
            [] => Vec::new(),
            values => order.iter().map(|&vertex| values[vertex]).collect(),
        };
        let (z, m) = (sorted(&self.z), sorted(&self.m));
        let shape = match polygons.len() {
            1 => Shape::Polygon(polygons.swap_remove(0)),
            _ => Shape::MultiPolygon(MultiPolygon(polygons)),
        };
        Ok(ReadGeometry { geometry: Geometry { shape, z, m }, mended, unclosed_at: None })
    }
}

/// Measures with NaN for "no data"; none at all when none is known.
fn known_measures(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let known = |m: f64| if m > NO_DATA { m } else { f64::NAN };
    let values: Vec<f64> = values.into_iter().map(known).collect();
    if values.iter().all(|m| m.is_nan()) { Vec::new() } else { values }
}
