//! The overlay of two geometries in one CRS: what both cover, either, one alone.
//!
//! Polygons go through i_overlay on an integer grid of 58 bits about their own middle: vertices
//! lie on it exactly, new crossings are rounded to it, far below the last bit of a coordinate.
//! Areas are summed in integers on that grid, so that |A∩B| + |A∪B| = |A| + |B| holds to the
//! last digits wherever on earth a parcel lies. Lines and points can be cut by polygons.
//!
//! *Invariant:* what comes back has the dimension of the smaller operand (polygons that share an
//! edge intersect in nothing here), passes [`crate::validity::check`], and depends on the sets
//! of points alone: rings start at their lowest vertex, parts are sorted.

mod canonical;
mod grid;
mod lines;
#[cfg(test)]
mod overlay_tests;
mod polygons;

use geo::CoordsIter;
use geo_types::{Coord, Geometry as Shape, MultiPoint, MultiPolygon, Point};
use thiserror::Error;

pub(crate) use grid::{Grid, twice_area};
pub use polygons::Overlayer;
pub(crate) use polygons::{
    IntShapes, Ring, Vertices, assemble, crosses_on_grid, rings_of, settle, unite, wound,
};

use crate::complexity::{self, MAX_CROSSINGS};
use crate::point_side::{Side, side_of};
use crate::relate::GeometryFault;
use crate::validity::{MAX_VERTICES, MIN_EXTENT};
use crate::{Envelope, Geometry};

/// What to do with two geometries a and b.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OverlayOp {
    /// What both cover.
    Intersection,
    /// What at least one of them covers.
    Union,
    /// What a covers and b does not.
    Difference,
    /// What exactly one of them covers.
    SymDifference,
}

impl OverlayOp {
    /// Every operation.
    pub const ALL: [Self; 4] =
        [Self::Intersection, Self::Union, Self::Difference, Self::SymDifference];

    /// The name in requests and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Intersection => "intersection",
            Self::Union => "union",
            Self::Difference => "difference",
            Self::SymDifference => "symDifference",
        }
    }

    /// The operation called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.name() == name)
    }
}

/// Why two geometries have no overlay.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OverlayFault {
    /// A coordinate is not usable, or the engine gave up.
    #[error(transparent)]
    Geometry(#[from] GeometryFault),
    /// The operands are of kinds that the operation is not defined for here.
    #[error(
        "{op} of {a} and {b} is not supported: polygons with polygons, and intersection or \
         difference of points or lines with polygons"
    )]
    Operands {
        /// Name of the operation.
        op: &'static str,
        /// Kind of the first operand.
        a: &'static str,
        /// Kind of the second operand.
        b: &'static str,
    },
    /// More vertices than one geometry may have.
    #[error("{vertices} vertices are too many for an overlay, at most {most}; simplify it")]
    Vertices {
        /// How many there are.
        vertices: usize,
        /// How many there may be.
        most: usize,
    },
    /// So small that its numbers carry no shape: below [`MIN_EXTENT`].
    #[error(
        "a geometry narrower than 1e-11 units of its coordinate system is too small for an overlay"
    )]
    TooSmall,
    /// The boundaries cross so often that the answer would be useless and slow.
    #[error("the boundaries cross more than {most} times; cut or simplify them")]
    Crossings {
        /// How often they may cross.
        most: usize,
    },
}

/// The overlay of two geometries.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlaid {
    /// What is left, an empty multi-geometry when nothing is.
    pub geometry: Geometry,
    /// Its plane area in squared CRS units: that of the exact shape, before its new vertices
    /// are rounded to coordinates. 0 for lines and points.
    pub area: f64,
}

/// What is left of `a` and `b`, both valid and in one CRS, edges straight in it.
///
/// Z and M are not carried.
pub fn overlay(op: OverlayOp, a: &Shape<f64>, b: &Shape<f64>) -> Result<Overlaid, OverlayFault> {
    let kinds = check(op, a, b)?;
    match (op, kinds) {
        (_, [Kind::Polygons, Kind::Polygons]) => polygons::overlay(op, a, b),
        (OverlayOp::Intersection, [Kind::Lines, Kind::Polygons]) => lines::clip(a, b, op),
        (OverlayOp::Intersection, [Kind::Polygons, Kind::Lines]) => lines::clip(b, a, op),
        (OverlayOp::Difference, [Kind::Lines, Kind::Polygons]) => lines::clip(a, b, op),
        (OverlayOp::Intersection, [Kind::Points, Kind::Polygons]) => Ok(sift(a, b, op)),
        (OverlayOp::Intersection, [Kind::Polygons, Kind::Points]) => Ok(sift(b, a, op)),
        (OverlayOp::Difference, [Kind::Points, Kind::Polygons]) => Ok(sift(a, b, op)),
        // What has no area takes none away.
        (OverlayOp::Difference, [Kind::Polygons, _]) => {
            polygons::overlay(op, a, &Shape::MultiPolygon(MultiPolygon(Vec::new())))
        }
        _ => Err(OverlayFault::Operands { op: op.name(), a: kind_name(a), b: kind_name(b) }),
    }
}

/// The plane area of [`overlay`], without building its geometry.
pub fn overlay_area(op: OverlayOp, a: &Shape<f64>, b: &Shape<f64>) -> Result<f64, OverlayFault> {
    match check(op, a, b)? {
        [Kind::Polygons, Kind::Polygons] => {
            let (a, b) = (rings_of(a), rings_of(b));
            Overlayer::new().area(op, &borrowed(&a), &borrowed(&b)).map_err(OverlayFault::from)
        }
        _ => overlay(op, a, b).map(|overlaid| overlaid.area),
    }
}

fn borrowed(rings: &[Ring]) -> Vec<&[[f64; 2]]> {
    rings.iter().map(Vec::as_slice).collect()
}

/// What an operand is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Points,
    Lines,
    Polygons,
    Mixed,
}

fn kind(shape: &Shape<f64>) -> Kind {
    match shape {
        Shape::Point(_) | Shape::MultiPoint(_) => Kind::Points,
        Shape::Line(_) | Shape::LineString(_) | Shape::MultiLineString(_) => Kind::Lines,
        Shape::Polygon(_) | Shape::MultiPolygon(_) | Shape::Rect(_) | Shape::Triangle(_) => {
            Kind::Polygons
        }
        Shape::GeometryCollection(_) => Kind::Mixed,
    }
}

fn kind_name(shape: &Shape<f64>) -> &'static str {
    match kind(shape) {
        Kind::Points => "points",
        Kind::Lines => "lines",
        Kind::Polygons => "polygons",
        Kind::Mixed => "a geometry collection",
    }
}

/// Refuses what no overlay can answer for in bounded time.
fn check(op: OverlayOp, a: &Shape<f64>, b: &Shape<f64>) -> Result<[Kind; 2], OverlayFault> {
    let kinds = [kind(a), kind(b)];
    let polygonal = kinds.contains(&Kind::Polygons) && !kinds.contains(&Kind::Mixed);
    let alike = kinds == [Kind::Polygons; 2];
    let reduces = op == OverlayOp::Difference || op == OverlayOp::Intersection;
    // Lines less polygons, and polygons less lines, both have an answer.
    if !(alike || polygonal && reduces) {
        return Err(OverlayFault::Operands { op: op.name(), a: kind_name(a), b: kind_name(b) });
    }
    for (shape, kind) in [a, b].into_iter().zip(kinds) {
        check_operand(shape, kind)?;
    }
    if complexity::crosses_more_often(&[a, b], MAX_CROSSINGS) {
        return Err(OverlayFault::Crossings { most: MAX_CROSSINGS });
    }
    Ok(kinds)
}

fn check_operand(shape: &Shape<f64>, kind: Kind) -> Result<(), OverlayFault> {
    let vertices = shape.coords_count();
    if vertices > MAX_VERTICES {
        return Err(OverlayFault::Vertices { vertices, most: MAX_VERTICES });
    }
    grid::check_numbers(shape)?;
    let envelope = Envelope::of(shape.coords_iter().map(|c| [c.x, c.y]));
    let flat = envelope.width().max(envelope.height()) < MIN_EXTENT;
    if kind != Kind::Points && !envelope.is_empty() && flat {
        return Err(OverlayFault::TooSmall);
    }
    Ok(())
}

/// The points of `points` that `area` covers, or those that it does not.
fn sift(points: &Shape<f64>, area: &Shape<f64>, op: OverlayOp) -> Overlaid {
    let rings = rings_of(area);
    let keeps_covered = op == OverlayOp::Intersection;
    let mut kept: Vec<[f64; 2]> = points
        .coords_iter()
        .map(|c| [c.x, c.y])
        .filter(|point| {
            let side = side_of(*point, rings.iter().map(Vec::as_slice));
            (side != Side::Outside) == keeps_covered
        })
        .collect();
    kept.sort_by(canonical::compare);
    kept.dedup();
    let mut kept: Vec<Point<f64>> = kept.into_iter().map(|[x, y]| Point(Coord { x, y })).collect();
    let shape = match (kept.len(), points) {
        (1, Shape::Point(_)) => Shape::Point(kept.remove(0)),
        _ => Shape::MultiPoint(MultiPoint(kept)),
    };
    Overlaid { geometry: shape.into(), area: 0.0 }
}
