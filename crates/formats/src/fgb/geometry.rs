//! Geometry tables of FlatGeobuf to and from shapes.

use ::flatbuffers::{FlatBufferBuilder, Vector, WIPOffset};
use ::flatgeobuf::{Geometry as Table, GeometryArgs, GeometryType as FgbType};
use geo_types::{
    Coord, Geometry as Shape, GeometryCollection, LineString, MultiLineString, MultiPoint,
    MultiPolygon, Point, Polygon,
};
use spatial::{Geometry, GeometryType};

use crate::assembly::Assembly;
use crate::{ReadGeometry, RowDefect};

/// How deep collections may nest.
const MAX_DEPTH: usize = 8;

fn bad(reason: &'static str) -> RowDefect {
    RowDefect::new("bad_geometry", reason)
}

/// The geometry of a verified table; `None` when it has no vertex.
pub(super) fn decode(
    table: Table<'_>,
    header_type: FgbType,
) -> Result<Option<ReadGeometry>, RowDefect> {
    let kind = if header_type == FgbType::Unknown { table.type_() } else { header_type };
    let mut assembly = Assembly::default();
    let shape = decode_shape(table, kind, 0, &mut assembly)?;
    Ok(shape.map(|shape| assembly.finish(shape)))
}

fn decode_shape(
    table: Table<'_>,
    kind: FgbType,
    depth: usize,
    assembly: &mut Assembly,
) -> Result<Option<Shape<f64>>, RowDefect> {
    if depth > MAX_DEPTH {
        return Err(bad("collections nested too deep"));
    }
    Ok(match kind {
        FgbType::Point => {
            let coords = Runs::new(table)?.rest(assembly);
            coords.first().map(|&coord| Shape::Point(Point(coord)))
        }
        FgbType::MultiPoint => {
            let points: Vec<_> = Runs::new(table)?.rest(assembly).into_iter().map(Point).collect();
            (!points.is_empty()).then_some(Shape::MultiPoint(MultiPoint(points)))
        }
        FgbType::LineString => {
            let line = Runs::new(table)?.rest(assembly);
            (!line.is_empty()).then_some(Shape::LineString(LineString(line)))
        }
        FgbType::MultiLineString => {
            let lines = Runs::new(table)?.each_end(table, assembly, |line, _| LineString(line))?;
            (!lines.is_empty()).then_some(Shape::MultiLineString(MultiLineString(lines)))
        }
        FgbType::Polygon | FgbType::Triangle => {
            decode_polygon(table, assembly)?.map(Shape::Polygon)
        }
        FgbType::MultiPolygon => {
            let mut polygons = Vec::new();
            for part in table.parts().iter().flatten() {
                polygons.extend(decode_polygon(part, assembly)?);
            }
            (!polygons.is_empty()).then_some(Shape::MultiPolygon(MultiPolygon(polygons)))
        }
        FgbType::GeometryCollection => {
            let mut shapes = Vec::new();
            for part in table.parts().iter().flatten() {
                shapes.extend(decode_shape(part, part.type_(), depth + 1, assembly)?);
            }
            (!shapes.is_empty()).then_some(Shape::GeometryCollection(GeometryCollection(shapes)))
        }
        FgbType::Unknown if table.xy().is_none() && table.parts().is_none() => None,
        FgbType::Unknown => return Err(bad("a geometry of no type")),
        _ => return Err(bad("curves and surfaces are not read from FlatGeobuf")),
    })
}

fn decode_polygon(
    table: Table<'_>,
    assembly: &mut Assembly,
) -> Result<Option<Polygon<f64>>, RowDefect> {
    let mut runs = Runs::new(table)?;
    if table.ends().is_none_or(|ends| ends.len() < 2) {
        let ring = runs.rest(assembly);
        return Ok((!ring.is_empty()).then(|| Polygon::new(assembly.ring(ring), Vec::new())));
    }
    let mut rings =
        runs.each_end(table, assembly, |ring, assembly| assembly.ring(ring))?.into_iter();
    Ok(rings.next().map(|exterior| Polygon::new(exterior, rings.collect())))
}

/// The coordinate arrays of one table, taken run by run.
struct Runs<'a> {
    xy: &'a [u8],
    z: Option<&'a [u8]>,
    m: Option<&'a [u8]>,
}

impl<'a> Runs<'a> {
    fn new(table: Table<'a>) -> Result<Self, RowDefect> {
        let bytes = |values: Option<Vector<'a, f64>>| values.map(|values| values.bytes());
        let xy = bytes(table.xy()).unwrap_or_default();
        let per_vertex = |values: Option<&'a [u8]>| match values {
            Some([]) => Ok(None),
            Some(values) if values.len() * 2 != xy.len() => {
                Err(bad("not as many Z or M values as vertices"))
            }
            values => Ok(values),
        };
        if xy.len() % 16 != 0 {
            return Err(bad("an odd number of ordinates"));
        }
        Ok(Self { xy, z: per_vertex(bytes(table.z()))?, m: per_vertex(bytes(table.m()))? })
    }

    /// The next `count` vertices, of at least as many left.
    fn take(&mut self, count: usize, assembly: &mut Assembly) -> Vec<Coord<f64>> {
        let (run, rest) = self.xy.split_at(count * 16);
        self.xy = rest;
        if self.z.is_none() && self.m.is_none() {
            assembly.push_plain(count);
        } else {
            let measure = |values: &mut Option<&'a [u8]>| {
                let (value, rest) = values.as_ref()?.split_first_chunk::<8>()?;
                *values = Some(rest);
                Some(f64::from_le_bytes(*value))
            };
            for _ in 0..count {
                assembly.push(measure(&mut self.z), measure(&mut self.m));
            }
        }
        let (pairs, _) = run.as_chunks::<16>();
        pairs
            .iter()
            .map(|&[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]| Coord {
                x: f64::from_le_bytes([a, b, c, d, e, f, g, h]),
                y: f64::from_le_bytes([i, j, k, l, m, n, o, p]),
            })
            .collect()
    }

    fn rest(&mut self, assembly: &mut Assembly) -> Vec<Coord<f64>> {
        self.take(self.xy.len() / 16, assembly)
    }

    /// One item a run that ends at each of the table's `ends`; all vertices are one run where
    /// there are none.
    fn each_end<T>(
        &mut self,
        table: Table<'_>,
        assembly: &mut Assembly,
        mut item: impl FnMut(Vec<Coord<f64>>, &mut Assembly) -> T,
    ) -> Result<Vec<T>, RowDefect> {
        let Some(ends) = table.ends() else {
            let run = self.rest(assembly);
            return Ok(if run.is_empty() { Vec::new() } else { vec![item(run, assembly)] });
        };
        let mut items = Vec::with_capacity(ends.len());
        let mut start = 0;
        for end in ends {
            let count = (end as usize).checked_sub(start).filter(|c| *c <= self.xy.len() / 16);
            let count = count.ok_or_else(|| bad("a part ends beyond the vertices"))?;
            start = end as usize;
            let run = self.take(count, assembly);
            if !run.is_empty() {
                items.push(item(run, assembly));
            }
        }
        Ok(items)
    }
}

/// The FlatGeobuf type of a geometry, each singly typed.
pub(super) fn fgb_type(kind: GeometryType) -> FgbType {
    match kind {
        GeometryType::Point => FgbType::Point,
        GeometryType::MultiPoint => FgbType::MultiPoint,
        GeometryType::LineString => FgbType::LineString,
        GeometryType::MultiLineString => FgbType::MultiLineString,
        GeometryType::Polygon => FgbType::Polygon,
        GeometryType::MultiPolygon => FgbType::MultiPolygon,
        GeometryType::Any => FgbType::GeometryCollection,
    }
}

/// The type that a header declares; mixed geometries say their own, one by one.
pub(super) fn header_type(declared: GeometryType) -> FgbType {
    match fgb_type(declared) {
        FgbType::GeometryCollection => FgbType::Unknown,
        kind => kind,
    }
}

type Builder = FlatBufferBuilder<'static>;
type TableOffset = WIPOffset<Table<'static>>;

/// Writes the tables of geometries; keeps its buffers from one to the next.
#[derive(Default)]
pub(super) struct GeometryEncoder {
    xy: Vec<f64>,
    ends: Vec<u32>,
}

impl GeometryEncoder {
    /// Puts `geometry` into `builder`, as a multi-geometry when `declared` asks for one, and
    /// says its type.
    pub(super) fn encode(
        &mut self,
        builder: &mut Builder,
        geometry: &Geometry,
        declared: GeometryType,
    ) -> (TableOffset, FgbType) {
        let mut cursor = Measures { geometry, vertex: 0 };
        match (&geometry.shape, declared) {
            (Shape::Polygon(polygon), GeometryType::MultiPolygon) => {
                self.multi_polygon(builder, std::slice::from_ref(polygon), &mut cursor)
            }
            (Shape::LineString(line), GeometryType::MultiLineString) => {
                self.multi_line(builder, std::slice::from_ref(line), &mut cursor)
            }
            (Shape::Point(point), GeometryType::MultiPoint) => {
                self.path(&[point.0]);
                (self.table(builder, FgbType::MultiPoint, &mut cursor), FgbType::MultiPoint)
            }
            (shape, _) => self.shape(builder, shape, &mut cursor),
        }
    }

    fn shape(
        &mut self,
        builder: &mut Builder,
        shape: &Shape<f64>,
        cursor: &mut Measures<'_>,
    ) -> (TableOffset, FgbType) {
        let kind = match shape {
            Shape::Point(point) => {
                self.path(&[point.0]);
                FgbType::Point
            }
            Shape::MultiPoint(points) => {
                self.xy.extend(points.iter().flat_map(|point| [point.x(), point.y()]));
                FgbType::MultiPoint
            }
            Shape::Line(line) => {
                self.path(&[line.start, line.end]);
                FgbType::LineString
            }
            Shape::LineString(line) => {
                self.path(&line.0);
                FgbType::LineString
            }
            Shape::MultiLineString(lines) => return self.multi_line(builder, &lines.0, cursor),
            Shape::Polygon(polygon) => {
                return (self.polygon(builder, polygon, cursor), FgbType::Polygon);
            }
            Shape::MultiPolygon(polygons) => {
                return self.multi_polygon(builder, &polygons.0, cursor);
            }
            Shape::Rect(rect) => {
                return (self.polygon(builder, &rect.to_polygon(), cursor), FgbType::Polygon);
            }
            Shape::Triangle(triangle) => {
                return (self.polygon(builder, &triangle.to_polygon(), cursor), FgbType::Polygon);
            }
            Shape::GeometryCollection(shapes) => {
                let parts: Vec<_> =
                    shapes.iter().map(|shape| self.shape(builder, shape, cursor).0).collect();
                return parted(builder, &parts, FgbType::GeometryCollection);
            }
        };
        (self.table(builder, kind, cursor), kind)
    }

    fn multi_line(
        &mut self,
        builder: &mut Builder,
        lines: &[LineString<f64>],
        cursor: &mut Measures<'_>,
    ) -> (TableOffset, FgbType) {
        for line in lines {
            self.part(&line.0);
        }
        (self.table(builder, FgbType::MultiLineString, cursor), FgbType::MultiLineString)
    }

    fn multi_polygon(
        &mut self,
        builder: &mut Builder,
        polygons: &[Polygon<f64>],
        cursor: &mut Measures<'_>,
    ) -> (TableOffset, FgbType) {
        let parts: Vec<_> =
            polygons.iter().map(|polygon| self.polygon(builder, polygon, cursor)).collect();
        parted(builder, &parts, FgbType::MultiPolygon)
    }

    fn polygon(
        &mut self,
        builder: &mut Builder,
        polygon: &Polygon<f64>,
        cursor: &mut Measures<'_>,
    ) -> TableOffset {
        self.part(&polygon.exterior().0);
        for hole in polygon.interiors() {
            self.part(&hole.0);
        }
        self.table(builder, FgbType::Polygon, cursor)
    }

    fn path(&mut self, coords: &[Coord<f64>]) {
        self.xy.extend(coords.iter().flat_map(|coord| [coord.x, coord.y]));
    }

    fn part(&mut self, coords: &[Coord<f64>]) {
        self.path(coords);
        self.ends.push((self.xy.len() / 2) as u32);
    }

    /// A table of the vertices collected so far, which are then let go.
    fn table(
        &mut self,
        builder: &mut Builder,
        kind: FgbType,
        cursor: &mut Measures<'_>,
    ) -> TableOffset {
        let vertices = cursor.vertex..cursor.vertex + self.xy.len() / 2;
        cursor.vertex = vertices.end;
        let z = cursor.geometry.z.get(vertices.clone()).filter(|z| !z.is_empty());
        let m = cursor.geometry.m.get(vertices).filter(|m| !m.is_empty());
        let args = GeometryArgs {
            xy: Some(builder.create_vector(&self.xy)),
            ends: (self.ends.len() > 1).then(|| builder.create_vector(&self.ends)),
            z: z.map(|z| builder.create_vector(z)),
            m: m.map(|m| builder.create_vector(m)),
            type_: kind,
            ..GeometryArgs::default()
        };
        self.xy.clear();
        self.ends.clear();
        Table::create(builder, &args)
    }
}

/// The Z and M of a geometry, and how many of its vertices are written.
struct Measures<'a> {
    geometry: &'a Geometry,
    vertex: usize,
}

fn parted(builder: &mut Builder, parts: &[TableOffset], kind: FgbType) -> (TableOffset, FgbType) {
    let parts = Some(builder.create_vector(parts));
    let args = GeometryArgs { parts, type_: kind, ..GeometryArgs::default() };
    (Table::create(builder, &args), kind)
}
