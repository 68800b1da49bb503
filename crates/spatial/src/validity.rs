//! Says what is wrong with a geometry, where, and nothing when nothing is.
//!
//! The rules are OGC's (06-103r4, 6.1.11): rings are simple; rings of one polygon, and polygons
//! of one multipolygon, meet in single points only; holes lie inside; interiors are connected.
//! On top stand this store's own: exteriors wind counter-clockwise and holes clockwise (RFC
//! 7946), no vertex is repeated, and numbers keep within bounds in which geometry code is safe.
//! Orientation tests are exact, so the answer does not depend on where on earth a parcel lies.
//! Lines may cross themselves, and points may repeat.

mod contact;
mod nesting;
mod ring;
mod segments;
#[cfg(test)]
mod validity_tests;

use std::fmt;

use geo_types::{Coord, Geometry as Shape, LineString, Polygon};

use crate::{Envelope, Geometry};
pub(crate) use contact::{Contact, boxes_meet, contact, turn};
pub(crate) use nesting::meets_more_often_than;
pub(crate) use ring::RingFacts;
use ring::find_self_contact;
pub(crate) use segments::Segments;

/// Vertices that a stored geometry may have.
pub const MAX_VERTICES: usize = 200_000;
/// Smallest extent of a line or polygon, in CRS units: a micrometre in degrees, and in metres
/// less than the step between neighbouring coordinates of a projected CRS.
pub const MIN_EXTENT: f64 = 1e-11;
/// Coordinates other than 0 lie between 1 / this and this, so that no product of four of them
/// leaves the range of `f64`, where orientation tests stop being exact.
pub(crate) const MAX_MAGNITUDE: f64 = 1e70;
/// Defects that one check lists before it stops looking.
const MAX_DEFECTS: usize = 64;
/// Segments of a lone ring up to which every pair is tested; a tree pays off above.
const MAX_BRUTE_FORCE: usize = 40;

/// What can be wrong with a geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DefectKind {
    /// A coordinate is NaN, infinite, or beyond 1e70.
    NotFinite,
    /// More than [`MAX_VERTICES`]; nothing else was checked.
    TooManyVertices,
    /// Narrower than [`MIN_EXTENT`] but not flat, or a coordinate that is almost 0.
    ExtentTooSmall,
    /// First and last vertex of a ring differ.
    RingNotClosed,
    /// A ring of fewer than three, or a line of fewer than two different vertices.
    TooFewPoints,
    /// A vertex repeats the one before it.
    DuplicatePoint,
    /// All vertices of a ring lie on one line.
    ZeroArea,
    /// Boundaries cross, run along each other, or a ring touches itself.
    SelfIntersection,
    /// A hole lies outside its exterior, or inside another hole.
    HoleOutside,
    /// A polygon lies inside another of the same multipolygon.
    NestedShells,
    /// Rings that touch each other cut the interior into pieces.
    DisconnectedInterior,
    /// An exterior winds clockwise, or a hole counter-clockwise.
    WrongWinding,
    /// So many segments lie over each other that the check was given up.
    TooComplex,
}

impl DefectKind {
    /// The stable name, in snake case.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotFinite => "not_finite",
            Self::TooManyVertices => "too_many_vertices",
            Self::ExtentTooSmall => "extent_too_small",
            Self::RingNotClosed => "ring_not_closed",
            Self::TooFewPoints => "too_few_points",
            Self::DuplicatePoint => "duplicate_point",
            Self::ZeroArea => "zero_area",
            Self::SelfIntersection => "self_intersection",
            Self::HoleOutside => "hole_outside",
            Self::NestedShells => "nested_shells",
            Self::DisconnectedInterior => "disconnected_interior",
            Self::WrongWinding => "wrong_winding",
            Self::TooComplex => "too_complex",
        }
    }

    /// Whether predicates, areas and tiles are right in spite of it: repeated vertices and
    /// winding matter only to the store's own form.
    pub fn is_harmless(self) -> bool {
        matches!(self, Self::DuplicatePoint | Self::WrongWinding)
    }
}

impl fmt::Display for DefectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Defect {
    /// What.
    pub kind: DefectKind,
    /// Where, in the geometry's CRS; NaN when the geometry has no finite vertex there.
    pub place: [f64; 2],
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} {}", self.kind, self.place[0], self.place[1])
    }
}

/// Everything that is wrong with `geometry`, at most a few dozen defects; empty when it is in
/// the form in which the store keeps geometries.
pub fn check(geometry: &Geometry) -> Vec<Defect> {
    let mut defects = Defects(Vec::new());
    let count = geometry.vertex_count();
    if count > MAX_VERTICES {
        defects.push(DefectKind::TooManyVertices, geometry.envelope().center());
    } else {
        check_shape(&geometry.shape, &mut defects);
    }
    defects.0
}

/// Whether nothing but harmless defects is found.
pub fn is_valid(geometry: &Geometry) -> bool {
    check(geometry).iter().all(|defect| defect.kind.is_harmless())
}

/// The defects so far, bounded.
struct Defects(Vec<Defect>);

impl Defects {
    fn push(&mut self, kind: DefectKind, place: [f64; 2]) {
        if self.0.len() < MAX_DEFECTS {
            self.0.push(Defect { kind, place });
        }
    }
}

fn check_shape(shape: &Shape<f64>, defects: &mut Defects) {
    match shape {
        Shape::Point(point) => check_numbers(&[point.0], defects),
        Shape::MultiPoint(points) => {
            for point in &points.0 {
                check_numbers(&[point.0], defects);
            }
        }
        Shape::Line(line) => check_line(&[line.start, line.end], defects),
        Shape::LineString(line) => check_line(&line.0, defects),
        Shape::MultiLineString(lines) => {
            for line in &lines.0 {
                check_line(&line.0, defects);
            }
        }
        Shape::Polygon(polygon) => check_polygons(std::slice::from_ref(polygon), defects),
        Shape::MultiPolygon(polygons) => check_polygons(&polygons.0, defects),
        Shape::Rect(rect) => check_polygons(&[rect.to_polygon()], defects),
        Shape::Triangle(triangle) => check_polygons(&[triangle.to_polygon()], defects),
        Shape::GeometryCollection(shapes) => {
            for shape in &shapes.0 {
                check_shape(shape, defects);
            }
        }
    }
}

/// Finds the first coordinate that is not a usable number.
fn check_numbers(coords: &[Coord<f64>], defects: &mut Defects) {
    let usable = |value: f64| {
        let size = value.abs();
        size == 0.0 || (1.0 / MAX_MAGNITUDE..=MAX_MAGNITUDE).contains(&size)
    };
    if let Some(bad) = coords.iter().find(|c| !(usable(c.x) && usable(c.y))) {
        let large = |value: f64| !value.is_finite() || value.abs() > MAX_MAGNITUDE;
        let kind = if large(bad.x) || large(bad.y) {
            DefectKind::NotFinite
        } else {
            DefectKind::ExtentTooSmall
        };
        defects.push(kind, [bad.x, bad.y]);
    }
}

fn check_line(line: &[Coord<f64>], defects: &mut Defects) {
    let Some(first) = line.first() else { return };
    let before = defects.0.len();
    check_numbers(line, defects);
    if defects.0.len() > before {
        return;
    }
    if line.iter().all(|c| c == first) {
        return defects.push(DefectKind::TooFewPoints, [first.x, first.y]);
    }
    let envelope = Envelope::of(line.iter().map(|c| [c.x, c.y]));
    if envelope.width().max(envelope.height()) < MIN_EXTENT {
        defects.push(DefectKind::ExtentTooSmall, [first.x, first.y]);
    }
    if let Some(pair) = line.windows(2).find(|pair| pair[0] == pair[1]) {
        defects.push(DefectKind::DuplicatePoint, [pair[0].x, pair[0].y]);
    }
}

/// Checks the polygons of one shape, each ring alone and then all together.
fn check_polygons(polygons: &[Polygon<f64>], defects: &mut Defects) {
    let mut plain = true;
    let mut sound = true;
    let mut rings = 0;
    let mut widest = 0;
    for polygon in polygons {
        if polygon.exterior().0.is_empty() && polygon.interiors().is_empty() {
            continue;
        }
        for (place, ring) in
            std::iter::once(polygon.exterior()).chain(polygon.interiors()).enumerate()
        {
            let facts = RingFacts::of(&ring.0);
            facts.report(&ring.0, place > 0, defects);
            plain &= facts.duplicate.is_none();
            sound &= facts.is_sound();
            rings += 1;
            widest = widest.max(ring.0.len());
        }
    }
    // Without proper rings there is no inside, and nothing to say about how rings lie.
    if !sound || rings == 0 {
        return;
    }
    if rings == 1 && plain && widest <= MAX_BRUTE_FORCE + 1 {
        let exterior = polygons.iter().map(Polygon::exterior).find(|ring| !ring.0.is_empty());
        if let Some([x, y]) = exterior.and_then(|LineString(ring)| find_self_contact(ring)) {
            defects.push(DefectKind::SelfIntersection, [x, y]);
        }
        return;
    }
    nesting::check(&Segments::of(polygons), defects, nesting::MAX_WORK);
}
