//! Builds polygons anew whose boundaries cross.

use std::panic::{AssertUnwindSafe, catch_unwind};

use geo_types::{Coord, Geometry as Shape, GeometryCollection, LineString, MultiPolygon, Polygon};
use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::i_float::int::point::IntPoint;

use super::clean;
use crate::validity::{self, Segments, meets_more_often_than};
use crate::{Envelope, Geometry};

/// Places in which the boundaries of one geometry may meet: more would make the overlay slow
/// and its answer useless.
const MAX_CROSSINGS: usize = 50_000;
/// Holes times vertices of their exterior, bounded because each hole is laid over it alone.
const MAX_HOLE_WORK: usize = 20_000_000;
/// Rounded crossings may cross again; this many passes settle it or nothing does.
const MAX_PASSES: usize = 4;

type Contour = Vec<IntPoint<i64>>;
type Shapes = Vec<Vec<Contour>>;

/// `shape` with its polygons built anew; `None` when that fails or leaves nothing.
pub(super) fn rebuild(shape: &Shape<f64>) -> Option<Geometry> {
    let shape = rebuild_shape(shape)?;
    let geometry = Geometry::from(shape);
    validity::check(&geometry).is_empty().then_some(geometry)
}

fn rebuild_shape(shape: &Shape<f64>) -> Option<Shape<f64>> {
    match shape {
        Shape::Polygon(polygon) => {
            let mut polygons = rebuild_polygons(std::slice::from_ref(polygon))?;
            Some(if polygons.len() == 1 {
                Shape::Polygon(polygons.remove(0))
            } else {
                Shape::MultiPolygon(MultiPolygon(polygons))
            })
        }
        Shape::MultiPolygon(polygons) => {
            Some(Shape::MultiPolygon(MultiPolygon(rebuild_polygons(&polygons.0)?)))
        }
        Shape::GeometryCollection(shapes) => {
            let shapes: Option<Vec<_>> = shapes.0.iter().map(rebuild_shape).collect();
            Some(Shape::GeometryCollection(GeometryCollection(shapes?)))
        }
        other => Some(other.clone()),
    }
}

fn rebuild_polygons(polygons: &[Polygon<f64>]) -> Option<Vec<Polygon<f64>>> {
    let mut polygons = polygons.to_vec();
    for _ in 0..MAX_PASSES {
        let shape = Geometry::from(Shape::MultiPolygon(MultiPolygon(polygons)));
        if validity::check(&shape).is_empty() {
            let Shape::MultiPolygon(polygons) = shape.shape else { return None };
            return Some(polygons.0);
        }
        let Shape::MultiPolygon(crossing) = &shape.shape else { return None };
        let hole_work = |p: &Polygon<f64>| p.interiors().len() * p.exterior().0.len();
        if crossing.iter().map(hole_work).sum::<usize>() > MAX_HOLE_WORK
            || meets_more_often_than(&Segments::of(&crossing.0), MAX_CROSSINGS)
        {
            return None;
        }
        let grid = Grid::of(&shape.envelope());
        // i_overlay is not proved to be free of panics; it holds no state that one could break.
        let built = catch_unwind(AssertUnwindSafe(|| structure(&grid, &crossing.0)));
        let rebuilt = Shape::MultiPolygon(MultiPolygon(built.ok()?));
        let Shape::MultiPolygon(cleaned) = clean::clean(&rebuilt.into(), &mut Vec::new())?.shape
        else {
            return None;
        };
        polygons = cleaned.0;
    }
    None
}

/// The union of all polygons, each ring by what it winds round.
fn structure(grid: &Grid, polygons: &[Polygon<f64>]) -> Vec<Polygon<f64>> {
    let mut parts: Shapes = Vec::new();
    for polygon in polygons {
        let shell =
            overlay(&vec![grid.contour(polygon.exterior())], &Vec::new(), OverlayRule::Subject);
        let (mut holes, mut apart): (Vec<Contour>, Vec<Contour>) = (Vec::new(), Vec::new());
        for hole in polygon.interiors() {
            let hole = overlay(&vec![grid.contour(hole)], &Vec::new(), OverlayRule::Subject);
            let hole: Vec<Contour> = hole.into_iter().flatten().collect();
            let within = overlay(&hole, &flat(&shell), OverlayRule::Intersect);
            if within.is_empty() { apart.extend(hole) } else { holes.extend(hole) }
        }
        let rest = overlay(&flat(&shell), &holes, OverlayRule::Difference);
        parts.extend(rest);
        parts.extend(overlay(&apart, &Vec::new(), OverlayRule::Subject));
    }
    let united = overlay(&flat(&parts), &Vec::new(), OverlayRule::Subject);
    united
        .into_iter()
        .filter_map(|shape| {
            let mut rings = shape.iter().map(|contour| grid.ring(contour));
            let exterior = rings.next()?;
            Some(Polygon::new(exterior, rings.collect()))
        })
        .collect()
}

fn flat(shapes: &Shapes) -> Vec<Contour> {
    shapes.iter().flatten().cloned().collect()
}

fn overlay(subject: &Vec<Contour>, clip: &Vec<Contour>, rule: OverlayRule) -> Shapes {
    // A vertex on a straight border may be a corner of the neighbour: all are kept.
    let options = IntOverlayOptions { ogc: true, ..IntOverlayOptions::keep_all_points() };
    Overlay::<i64>::from_subj_and_clip_custom(subject, clip, options, Default::default())
        .overlay(rule, FillRule::NonZero)
}

/// The integer grid whose steps are the last bits of the largest x and the largest y: vertices
/// lie on it (those of smaller magnitude are rounded to it), and each grid point is an `f64`.
/// The steps are powers of two, so that neither way rounds; x and y may have different steps,
/// which changes no crossing.
struct Grid {
    origin: [f64; 2],
    step: [f64; 2],
}

impl Grid {
    fn of(envelope: &Envelope) -> Self {
        let step = |low: f64, high: f64| {
            let largest = low.abs().max(high.abs());
            let bits = largest.to_bits() >> 52;
            // 2^(exponent − 52); magnitudes are bounded far from both ends of the exponents.
            f64::from_bits(bits.saturating_sub(52) << 52)
        };
        let step_x = step(envelope.min_x, envelope.max_x);
        let step_y = step(envelope.min_y, envelope.max_y);
        let [x, y] = envelope.center();
        // The middle, rounded to the grid, so that offsets stay below 2^53.
        let origin = [(x / step_x).round() * step_x, (y / step_y).round() * step_y];
        Self { origin, step: [step_x, step_y] }
    }

    fn contour(&self, ring: &LineString<f64>) -> Contour {
        let open = &ring.0[..ring.0.len().saturating_sub(1)];
        open.iter()
            .map(|c| {
                let cell = |value: f64, axis: usize| {
                    (value / self.step[axis] - self.origin[axis] / self.step[axis]).round() as i64
                };
                IntPoint::new(cell(c.x, 0), cell(c.y, 1))
            })
            .collect()
    }

    fn ring(&self, contour: &Contour) -> LineString<f64> {
        let value = |cell: i64, axis: usize| cell as f64 * self.step[axis] + self.origin[axis];
        let mut ring: Vec<_> =
            contour.iter().map(|p| Coord { x: value(p.x, 0), y: value(p.y, 1) }).collect();
        ring.extend(ring.first().copied());
        LineString(ring)
    }
}
