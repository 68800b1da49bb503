//! Polygons laid over polygons.

use std::fmt;

use geo_types::{Geometry as Shape, LineString, MultiPolygon, Polygon};
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
use crate::{Envelope, Geometry, PathRole, repair, validity};

/// A closed ring: an exterior winds counter-clockwise, a hole clockwise.
pub(crate) type Ring = Vec<[f64; 2]>;
/// Polygons on a grid: contours are open, the first of a shape is its exterior.
pub(crate) type IntShapes = Vec<Vec<Vec<IntPoint<i64>>>>;

/// The rings of the polygons in `shape`, turned as the engine wants them.
pub(crate) fn rings_of(shape: &Shape<f64>) -> Vec<Ring> {
    let mut rings = Vec::new();
    visit_paths(shape, &mut |role, path| {
        let mut ring: Ring = path.iter().map(|c| [c.x, c.y]).collect();
        let clockwise = signed_ring_area(ring.iter().copied()) < 0.0;
        let wanted = match role {
            PathRole::Exterior => false,
            PathRole::Hole => true,
            PathRole::Points | PathRole::Line => return,
        };
        if clockwise != wanted {
            ring.reverse();
        }
        rings.push(ring);
    });
    rings
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
        Self { engine: engine(IntOverlayOptions::default()), found: FlatContoursBuffer::default() }
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

fn engine(options: IntOverlayOptions<u128>) -> Overlay<i64> {
    // Callers use their own threads.
    let solver = Solver { multithreading: None, ..Solver::AUTO };
    Overlay::new_custom(64, options, solver)
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
    let (Some(fine), Some(coarse), false) =
        (Grid::fine(&both), Grid::of_coordinates(&both), nothing)
    else {
        return Ok(Overlaid { geometry: multi(Vec::new()).into(), area: 0.0 });
    };
    let shapes = guarded(op.name(), || on_grid(&fine, op, &a, &b))?;
    let area = fine.area(shapes.iter().flatten().map(|contour| twice_area(contour)).sum());
    let sound = |shapes: &IntShapes, grid: &Grid| {
        let geometry = Geometry::from(multi(polygons_of(shapes, grid)));
        validity::check(&geometry).is_empty().then_some(geometry)
    };
    if let Some(geometry) = sound(&shapes, &fine) {
        return Ok(Overlaid { geometry, area });
    }
    // Rounding new vertices to coordinates broke the shape. On the grid of coordinates nothing
    // is rounded afterwards.
    let shapes = guarded(op.name(), || on_grid(&coarse, op, &a, &b))?;
    if let Some(geometry) = sound(&shapes, &coarse) {
        return Ok(Overlaid { geometry, area });
    }
    // What is left are slivers a few last bits wide, where the operands all but share a border:
    // they are mended one by one, and those without extent are left out.
    let polygons = polygons_of(&shapes, &coarse);
    let kept: Vec<_> = polygons.into_iter().flat_map(|one| mended(multi(vec![one]))).collect();
    let kept = Geometry::from(multi(canonical::polygons(kept)));
    if validity::check(&kept).is_empty() {
        return Ok(Overlaid { geometry: kept, area });
    }
    let polygons = canonical::polygons(mended(kept.shape));
    if polygons.is_empty() {
        return Err(GeometryFault::Failed { operation: op.name() }.into());
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
    // A vertex on a straight border may be a corner of the neighbour: all are kept.
    let options = IntOverlayOptions { ogc: true, ..IntOverlayOptions::keep_all_points() };
    let mut engine = engine(options);
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
