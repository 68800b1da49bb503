//! Polygons laid over polygons.

use std::fmt;

use geo_types::{Coord, Geometry as Shape, LineString, MultiPolygon, Polygon};
use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::core::solver::Solver;
use i_overlay::i_float::int::point::IntPoint;
use i_overlay::i_shape::flat::buffer::FlatContoursBuffer;

use super::{Grid, Overlaid, OverlayFault, OverlayOp, canonical, twice_area};
use crate::geometry::visit_paths;
use crate::measure::signed_ring_area;
use crate::relate::{GeometryFault, guarded};
use crate::validity::{Segments, meets_more_often_than};
use crate::{Envelope, Geometry, PathRole, repair, validity};

/// A closed ring: an exterior winds counter-clockwise, a hole clockwise.
pub(crate) type Ring = Vec<[f64; 2]>;
/// Polygons on a grid: contours are open, the first of a shape is its exterior.
pub(crate) type IntShapes = Vec<Vec<Vec<IntPoint<i64>>>>;

/// The rings of the polygons in `shape`, turned as the engine wants them.
pub(crate) fn rings_of(shape: &Shape<f64>) -> Vec<Ring> {
    let mut rings = Vec::new();
    visit_paths(shape, &mut |role, path| {
        if matches!(role, PathRole::Exterior | PathRole::Hole) {
            rings.push(wound(role, path.iter().map(|c| [c.x, c.y]).collect()));
        }
    });
    rings
}

/// A ring, wound as its role wants it.
pub(crate) fn wound(role: PathRole, mut ring: Ring) -> Ring {
    let clockwise = signed_ring_area(ring.iter().copied()) < 0.0;
    if clockwise != (role == PathRole::Hole) {
        ring.reverse();
    }
    ring
}

/// Which vertices a result keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vertices {
    /// Those in which the border turns: enough for an area.
    Corners,
    /// All: a vertex on a straight border may be a corner of the neighbour.
    All,
}

impl Vertices {
    fn options(self) -> IntOverlayOptions<u128> {
        match self {
            Self::Corners => IntOverlayOptions::default(),
            Self::All => IntOverlayOptions { ogc: true, ..IntOverlayOptions::keep_all_points() },
        }
    }
}

impl OverlayOp {
    fn rule(self) -> OverlayRule {
        match self {
            Self::Intersection => OverlayRule::Intersect,
            Self::Union => OverlayRule::Union,
            Self::Difference => OverlayRule::Difference,
            Self::SymDifference => OverlayRule::Xor,
        }
    }

    /// Whether nothing is left of two geometries that have no point in common.
    fn needs_contact(self) -> bool {
        self == Self::Intersection
    }
}

/// Areas of many overlays one after the other, in memory that is used again.
pub struct Overlayer {
    engine: Overlay<i64>,
    found: FlatContoursBuffer<i64>,
}

impl fmt::Debug for Overlayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overlayer").finish_non_exhaustive()
    }
}

impl Default for Overlayer {
    fn default() -> Self {
        Self::new()
    }
}

impl Overlayer {
    /// An engine at rest.
    pub fn new() -> Self {
        Self { engine: engine(Vertices::Corners), found: FlatContoursBuffer::default() }
    }

    /// The plane area of `a` `op` `b`, squared CRS units.
    ///
    /// Both are closed rings of finite coordinates, exteriors counter-clockwise and holes
    /// clockwise; what they wind round counts, so that a ring cut to a window may run along its
    /// border back and forth. The caller bounds how often the boundaries cross.
    pub fn area(
        &mut self,
        op: OverlayOp,
        a: &[&[[f64; 2]]],
        b: &[&[[f64; 2]]],
    ) -> Result<f64, GeometryFault> {
        let envelopes = [a, b].map(|rings| Envelope::of(rings.iter().copied().flatten().copied()));
        if op.needs_contact() && !envelopes[0].intersects(&envelopes[1]) {
            return Ok(0.0);
        }
        let Some(grid) = Grid::fine(&envelopes[0].union(&envelopes[1])) else { return Ok(0.0) };
        self.engine.clear();
        for (rings, side) in [(a, ShapeType::Subject), (b, ShapeType::Clip)] {
            for ring in rings {
                let open = ring.iter().skip(1);
                self.engine.add_path_iter(open.map(|vertex| grid.point(*vertex)), side);
            }
        }
        let found = guarded(op.name(), || {
            self.engine.overlay_into(op.rule(), FillRule::NonZero, &mut self.found);
        });
        if found.is_err() {
            // What a panic left half done is thrown away.
            *self = Self::new();
        }
        found?;
        let contours = self.found.ranges.iter().map(|range| &self.found.points[range.clone()]);
        Ok(grid.area(contours.map(twice_area).sum()))
    }
}

fn engine(vertices: Vertices) -> Overlay<i64> {
    // Callers use their own threads.
    let solver = Solver { multithreading: None, ..Solver::AUTO };
    Overlay::new_custom(64, vertices.options(), solver)
}

/// What `contours` wind round.
pub(crate) fn unite(contours: &[Vec<IntPoint<i64>>], vertices: Vertices) -> IntShapes {
    let mut engine = engine(vertices);
    for contour in contours {
        engine.add_contour(contour, ShapeType::Subject);
    }
    engine.overlay(OverlayRule::Subject, FillRule::NonZero)
}

/// Whether contours cross in more than `most` places.
pub(crate) fn crosses_on_grid(contours: &[Vec<IntPoint<i64>>], most: usize) -> bool {
    let segments: usize = contours.iter().map(Vec::len).sum();
    if segments.saturating_mul(segments) / 2 <= most {
        return false;
    }
    let ring = |contour: &Vec<IntPoint<i64>>| {
        let coord = |point: &IntPoint<i64>| Coord { x: point.x as f64, y: point.y as f64 };
        Polygon::new(LineString(contour.iter().map(coord).collect()), Vec::new())
    };
    let rings: Vec<_> = contours.iter().map(ring).collect();
    meets_more_often_than(&Segments::of(&rings), most)
}

/// [`super::overlay`] of two polygonal shapes.
pub(super) fn overlay(
    op: OverlayOp,
    a: &Shape<f64>,
    b: &Shape<f64>,
) -> Result<Overlaid, OverlayFault> {
    let (a, b) = (rings_of(a), rings_of(b));
    let envelopes = [&a, &b].map(|rings| Envelope::of(rings.iter().flatten().copied()));
    let both = envelopes[0].union(&envelopes[1]);
    let nothing = op.needs_contact() && !envelopes[0].intersects(&envelopes[1]);
    let (Some(fine), false) = (Grid::fine(&both), nothing) else {
        return Ok(assemble(&[], 0.0, op.name())?);
    };
    let shapes = guarded(op.name(), || on_grid(&fine, op, &a, &b))?;
    let area = fine.area(shapes.iter().flatten().map(|contour| twice_area(contour)).sum());
    let again = |coarse: &Grid| on_grid(coarse, op, &a, &b);
    Ok(settle((&fine, &shapes), area, op.name(), again)?)
}

/// The shapes of a fine grid as a valid geometry; `again` finds them on a coarser one, should
/// rounding to coordinates break them.
pub(crate) fn settle(
    (fine, shapes): (&Grid, &IntShapes),
    area: f64,
    operation: &'static str,
    again: impl FnOnce(&Grid) -> IntShapes,
) -> Result<Overlaid, GeometryFault> {
    let polygons = polygons_of(shapes, fine);
    let geometry = Geometry::from(multi(polygons));
    if validity::check(&geometry).is_empty() {
        return Ok(Overlaid { geometry, area });
    }
    // On the grid of coordinates nothing is rounded afterwards.
    let Some(coarse) = Grid::of_coordinates(&geometry.envelope()) else {
        return assemble(&[], area, operation);
    };
    let shapes = guarded(operation, || again(&coarse))?;
    assemble(&polygons_of(&shapes, &coarse), area, operation)
}

/// A valid geometry of polygons that all but are. What is wrong with them are slivers a few last
/// bits wide, where the operands nearly share a border: they are mended one by one, and those
/// without extent are left out.
pub(crate) fn assemble(
    polygons: &[Polygon<f64>],
    area: f64,
    operation: &'static str,
) -> Result<Overlaid, GeometryFault> {
    let geometry = Geometry::from(multi(polygons.to_vec()));
    if validity::check(&geometry).is_empty() {
        return Ok(Overlaid { geometry, area });
    }
    let one_by_one = polygons.iter().flat_map(|one| mended(Shape::Polygon(one.clone())));
    let geometry = Geometry::from(multi(canonical::polygons(one_by_one.collect())));
    if validity::check(&geometry).is_empty() {
        return Ok(Overlaid { geometry, area });
    }
    let polygons = canonical::polygons(mended(geometry.shape));
    if polygons.is_empty() {
        return Err(GeometryFault::Failed { operation });
    }
    Ok(Overlaid { geometry: multi(polygons).into(), area })
}

/// The polygons of a shape once it is mended, none when it cannot be.
fn mended(shape: Shape<f64>) -> Vec<Polygon<f64>> {
    match repair::repair(shape.into()).geometry.map(|geometry| geometry.shape) {
        Some(Shape::Polygon(polygon)) => vec![polygon],
        Some(Shape::MultiPolygon(polygons)) => polygons.0,
        _ => Vec::new(),
    }
}

fn on_grid(grid: &Grid, op: OverlayOp, a: &[Ring], b: &[Ring]) -> IntShapes {
    let mut engine = engine(Vertices::All);
    for (rings, side) in [(a, ShapeType::Subject), (b, ShapeType::Clip)] {
        for ring in rings {
            engine.add_path_iter(ring.iter().skip(1).map(|vertex| grid.point(*vertex)), side);
        }
    }
    engine.overlay(op.rule(), FillRule::NonZero)
}

/// Shapes of a grid as polygons of coordinates, in canonical form. Rings that rounding leaves
/// without extent are left out.
pub(crate) fn polygons_of(shapes: &IntShapes, grid: &Grid) -> Vec<Polygon<f64>> {
    let ring = |contour: &Vec<IntPoint<i64>>| {
        let mut ring: Vec<_> = contour.iter().map(|point| grid.coord(*point)).collect();
        ring.dedup();
        while ring.len() > 1 && ring.first() == ring.last() {
            ring.pop();
        }
        ring.extend(ring.first().copied());
        (ring.len() > 3).then_some(LineString(ring))
    };
    let polygon = |shape: &Vec<Vec<IntPoint<i64>>>| {
        let (exterior, holes) = shape.split_first()?;
        Some(Polygon::new(ring(exterior)?, holes.iter().filter_map(ring).collect()))
    };
    canonical::polygons(shapes.iter().filter_map(polygon).collect())
}

/// One polygon as such, several or none as a multipolygon.
pub(super) fn multi(polygons: Vec<Polygon<f64>>) -> Shape<f64> {
    match <[_; 1]>::try_from(polygons) {
        Ok([polygon]) => Shape::Polygon(polygon),
        Err(polygons) => Shape::MultiPolygon(MultiPolygon(polygons)),
    }
}
