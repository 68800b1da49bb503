//! A query geometry, prepared: segments under a tree, and a grid of what lies where.

use geo_types::{Coord, Geometry as Shape, Polygon};
use thiserror::Error;

use super::edges::{Edge, Position, crosses_box, ray_meets};
use super::grid::{Cell, Grid};
use super::ring_overlay::{Shift, ray_meets_from};
use crate::geometry::{PathRole, visit_paths};
use crate::validity::{self, Defect, Segments};
use crate::{Envelope, Geometry};

/// Vertices that a query geometry may have unless its caller says otherwise.
pub const MAX_AREA_VERTICES: usize = 20_000;
/// Least extent of a query line or polygon, in CRS units.
pub const MIN_AREA_EXTENT: f64 = 1e-6;

/// Why a geometry cannot be asked about.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum AreaFault {
    /// It has no vertex.
    #[error("the query geometry is empty; give it at least one vertex")]
    Empty,
    /// A coordinate is infinite or not a number.
    #[error("vertex {vertex} of the query geometry is not finite")]
    NotFinite {
        /// Its position in the geometry, from 0.
        vertex: usize,
    },
    /// More vertices than are let in.
    #[error("the query geometry has {count} vertices, at most {limit} are let in; simplify it")]
    TooManyVertices {
        /// How many it has.
        count: usize,
        /// How many it may have.
        limit: usize,
    },
    /// It is smaller than [`MIN_AREA_EXTENT`].
    #[error("the query geometry measures {extent} across, which is less than {MIN_AREA_EXTENT}")]
    TooSmall {
        /// The larger of its width and height, CRS units.
        extent: f64,
    },
    /// It breaks a rule of valid geometry.
    #[error("the query geometry is not valid: {0}; mend it, or ask for its repair")]
    Invalid(Defect),
}

/// Where a box lies to an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// No point in common.
    Outside,
    /// Not decided: the boundary of the area passes through, or very close by.
    Boundary,
    /// Every point lies in the interior of the area.
    Inside,
}

/// A query geometry in the storage CRS, prepared once, shared by threads.
#[derive(Debug)]
pub struct Area {
    shape: Shape<f64>,
    envelope: Envelope,
    vertices: usize,
    form: Form,
    /// What makes the grid over a polygon of it, also on another plane.
    grid: fn(&Segments) -> Grid,
}

/// The indexed parts of an area.
#[derive(Debug)]
pub(super) enum Form {
    /// Polygons: rings under the tree, and the grid over them.
    Areal(Segments, Grid),
    /// Lines.
    Lines(Segments),
    /// Points, from west to east.
    Points(Vec<Coord<f64>>),
    /// A collection of shapes, each prepared on its own.
    Mixed(Vec<Area>),
}

impl Area {
    /// Prepares `geometry`, in the storage CRS of the collections that it will be asked of.
    /// At most `most_vertices` are let in; [`MAX_AREA_VERTICES`] is a good bound.
    pub fn new(geometry: &Geometry, most_vertices: usize) -> Result<Self, AreaFault> {
        Self::checked(geometry, most_vertices)?;
        Ok(Self::prepare(geometry.shape.clone(), Grid::over))
    }

    /// The same for one question or two: it is prepared sooner, and answers later.
    pub fn for_few(geometry: &Geometry, most_vertices: usize) -> Result<Self, AreaFault> {
        Self::checked(geometry, most_vertices)?;
        Ok(Self::prepare(geometry.shape.clone(), |_segments| Grid::of_one_cell()))
    }

    fn checked(geometry: &Geometry, most_vertices: usize) -> Result<(), AreaFault> {
        let count = geometry.vertex_count();
        if count == 0 {
            return Err(AreaFault::Empty);
        }
        if count > most_vertices {
            return Err(AreaFault::TooManyVertices { count, limit: most_vertices });
        }
        let (mut vertex, mut odd, mut flat) = (0, None, true);
        visit_paths(&geometry.shape, &mut |role, path| {
            flat &= role == PathRole::Points;
            for c in path {
                if odd.is_none() && !(c.x.is_finite() && c.y.is_finite()) {
                    odd = Some(vertex);
                }
                vertex += 1;
            }
        });
        if let Some(vertex) = odd {
            return Err(AreaFault::NotFinite { vertex });
        }
        let envelope = geometry.envelope();
        let extent = envelope.width().max(envelope.height());
        if !flat && extent < MIN_AREA_EXTENT {
            return Err(AreaFault::TooSmall { extent });
        }
        let defects = validity::check(geometry);
        if let Some(defect) = defects.into_iter().find(|defect| !defect.kind.is_harmless()) {
            return Err(AreaFault::Invalid(defect));
        }
        Ok(())
    }

    /// Prepares another shape, finite, valid and not empty, for as many questions.
    pub(super) fn prepare_like(&self, shape: Shape<f64>) -> Self {
        Self::prepare(shape, self.grid)
    }

    fn prepare(shape: Shape<f64>, grid: fn(&Segments) -> Grid) -> Self {
        let form = form_of(&shape, grid);
        let geometry = Geometry::from(shape);
        let (envelope, vertices) = (geometry.envelope(), geometry.vertex_count());
        Self { shape: geometry.shape, envelope, vertices, form, grid }
    }

    /// The geometry itself.
    pub fn shape(&self) -> &Shape<f64> {
        &self.shape
    }

    /// Its envelope, in the storage CRS.
    pub fn envelope(&self) -> Envelope {
        self.envelope
    }

    /// How many vertices it has.
    pub fn vertices(&self) -> usize {
        self.vertices
    }

    pub(super) fn form(&self) -> &Form {
        &self.form
    }

    /// Whether it is made of polygons.
    pub fn is_areal(&self) -> bool {
        matches!(self.form, Form::Areal(..))
    }

    /// Where `envelope` lies. An empty one lies outside.
    pub fn side(&self, envelope: &Envelope) -> Side {
        if envelope.is_empty() || !self.envelope.intersects(envelope) {
            return Side::Outside;
        }
        let side = |meets: bool| if meets { Side::Boundary } else { Side::Outside };
        match &self.form {
            Form::Areal(segments, grid) => match grid.cell_of_box(envelope) {
                Some(Cell::Inside) => Side::Inside,
                Some(Cell::Outside) => Side::Outside,
                Some(Cell::Boundary) => Side::Boundary,
                None => {
                    if segments.any(envelope, |_, segment| crosses_box(segment.ends, envelope)) {
                        return Side::Boundary;
                    }
                    let corner = Coord { x: envelope.min_x, y: envelope.min_y };
                    match self.position(corner) {
                        Position::Inside => Side::Inside,
                        Position::Outside => Side::Outside,
                        Position::Boundary => Side::Boundary,
                    }
                }
            },
            Form::Lines(segments) => {
                side(segments.any(envelope, |_, segment| crosses_box(segment.ends, envelope)))
            }
            Form::Points(points) => side(points_in(points, envelope).next().is_some()),
            Form::Mixed(parts) => {
                side(parts.iter().any(|part| part.side(envelope) != Side::Outside))
            }
        }
    }

    /// Whether `point` (storage CRS, east first) lies in the polygons or on their boundary, exactly;
    /// lines and points cover nothing here.
    pub fn covers(&self, [x, y]: [f64; 2]) -> bool {
        self.position(Coord { x, y }) != Position::Outside
    }

    /// Where `point` lies to the polygons, exactly; outside when there are none.
    pub(super) fn position(&self, point: Coord<f64>) -> Position {
        let Form::Areal(segments, grid) = &self.form else { return Position::Outside };
        position_in(segments, Some(grid), &self.envelope, point)
    }

    /// Whether `point` lies in the polygons when they are shifted as [`Shift`] says.
    pub(super) fn holds_shifted(&self, point: Coord<f64>) -> bool {
        let Form::Areal(segments, grid) = &self.form else { return false };
        let mut window = Envelope::new(point.x, point.y, point.x, point.y);
        if !self.envelope.intersects(&window) {
            return false;
        }
        let (mut inside, target) = grid.right_of(point);
        if target == point.x {
            return inside;
        }
        window.max_x = target;
        segments.any(&window, |_, segment| {
            inside ^= ray_meets_from(segment.ends, point, target, Shift::Against);
            false
        });
        inside
    }
}

/// Those of `points`, which lie from west to east, that lie in `envelope`.
pub(super) fn points_in<'a>(
    points: &'a [Coord<f64>],
    envelope: &Envelope,
) -> impl Iterator<Item = Coord<f64>> + use<'a> {
    let Envelope { min_x, min_y, max_x, max_y } = *envelope;
    let first = points.partition_point(|c| c.x < min_x);
    let points = points[first..].iter().copied().take_while(move |c| c.x <= max_x);
    points.filter(move |c| min_y <= c.y && c.y <= max_y)
}

/// Where `point` lies to the rings of `segments`, whose envelope is `envelope`.
pub(super) fn position_in(
    segments: &Segments,
    grid: Option<&Grid>,
    envelope: &Envelope,
    point: Coord<f64>,
) -> Position {
    let mut window = Envelope::new(point.x, point.y, point.x, point.y);
    if !envelope.intersects(&window) {
        return Position::Outside;
    }
    let (mut inside, target) = grid.map_or((false, f64::INFINITY), |grid| grid.right_of(point));
    if target == point.x {
        return if inside { Position::Inside } else { Position::Outside };
    }
    window.max_x = target;
    let on_boundary =
        segments.any(&window, |_, segment| match ray_meets(segment.ends, point, target) {
            Position::Outside => false,
            Position::Inside => {
                inside = !inside;
                false
            }
            Position::Boundary => true,
        });
    match (on_boundary, inside) {
        (true, _) => Position::Boundary,
        (false, true) => Position::Inside,
        (false, false) => Position::Outside,
    }
}

fn form_of(shape: &Shape<f64>, grid: fn(&Segments) -> Grid) -> Form {
    let areal = |polygons: &[Polygon<f64>]| {
        let segments = Segments::of(polygons);
        let grid = grid(&segments);
        Form::Areal(segments, grid)
    };
    match shape {
        Shape::Polygon(polygon) => areal(std::slice::from_ref(polygon)),
        Shape::MultiPolygon(polygons) => areal(&polygons.0),
        Shape::Rect(rect) => areal(&[rect.to_polygon()]),
        Shape::Triangle(triangle) => areal(&[triangle.to_polygon()]),
        Shape::Line(line) => Form::Lines(Segments::of_lines([[line.start, line.end].as_slice()])),
        Shape::LineString(line) => Form::Lines(Segments::of_lines([line.0.as_slice()])),
        Shape::MultiLineString(lines) => {
            Form::Lines(Segments::of_lines(lines.0.iter().map(|line| line.0.as_slice())))
        }
        Shape::Point(point) => Form::Points(vec![point.0]),
        Shape::MultiPoint(points) => {
            let mut points: Vec<_> = points.0.iter().map(|point| point.0).collect();
            points.sort_unstable_by(|a, b| a.x.total_cmp(&b.x));
            Form::Points(points)
        }
        Shape::GeometryCollection(shapes) => {
            Form::Mixed(shapes.0.iter().map(|shape| Area::prepare(shape.clone(), grid)).collect())
        }
    }
}

impl Edge {
    /// The segment at `place`, with the side on which the interior lies.
    pub(super) fn of(segments: &Segments, place: usize) -> Self {
        let segment = segments.all[place];
        let ring = &segments.rings[segment.ring];
        Self { ends: segment.ends, left_inside: ring.counter_clockwise != ring.hole }
    }
}
