//! Groups the rings of one polygon record into polygons with holes.
//!
//! The format says clockwise outside, counter-clockwise holes, in any order. Writers get both
//! wrong, so nesting decides: a ring inside an even number of others is an exterior, inside an
//! odd number a hole of the smallest of them. When nesting and winding disagree, the ring is
//! wound as nesting says, and that is told.

use geo_types::Coord;
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

/// Edge tests that one record may cost; about a second.
const MAX_EDGE_TESTS: usize = 300_000_000;

/// One closed ring, as positions of its vertices.
#[derive(Debug)]
pub(super) struct Ring {
    /// Positions in the coordinates of the record.
    pub vertices: Vec<usize>,
    /// Twice the signed area, positive when counter-clockwise.
    area: f64,
    min: [f64; 2],
    max: [f64; 2],
}

/// Rings by position: an exterior and its holes.
#[derive(Debug)]
pub(super) struct Grouped {
    pub polygons: Vec<(usize, Vec<usize>)>,
    /// Whether a ring was wound against its role.
    pub wrong_winding: bool,
}

/// The nesting would take longer than one record may.
#[derive(Debug)]
pub(super) struct TooManyRings;

impl Ring {
    pub(super) fn new(vertices: Vec<usize>, xy: &[Coord<f64>]) -> Self {
        // Areas relative to the first vertex: northings of 4.4 million would eat the digits.
        let origin = xy[vertices[0]];
        let (mut area, mut min, mut max) = (0.0, [f64::MAX; 2], [f64::MIN; 2]);
        for pair in vertices.windows(2) {
            let (a, b) = (xy[pair[0]] - origin, xy[pair[1]] - origin);
            area += a.x * b.y - b.x * a.y;
        }
        for &vertex in &vertices {
            let c = xy[vertex];
            min = [f64::min(min[0], c.x), f64::min(min[1], c.y)];
            max = [f64::max(max[0], c.x), f64::max(max[1], c.y)];
        }
        Self { vertices, area, min, max }
    }

    fn contains_box(&self, other: &Self) -> bool {
        (0..2).all(|axis| self.min[axis] <= other.min[axis] && self.max[axis] >= other.max[axis])
    }
}

/// Groups `rings`; turns those that are wound against their role.
pub(super) fn group(rings: &mut [Ring], xy: &[Coord<f64>]) -> Result<Grouped, TooManyRings> {
    let containers = nest(rings, xy)?;
    let mut polygon_of = vec![usize::MAX; rings.len()];
    let mut polygons = Vec::new();
    for (ring, around) in containers.iter().enumerate() {
        if around.len() % 2 == 0 {
            polygon_of[ring] = polygons.len();
            polygons.push((ring, Vec::new()));
        }
    }
    for (ring, around) in containers.iter().enumerate() {
        if around.len() % 2 == 1 {
            // The innermost ring around a hole is the one with the most rings around itself.
            let parent = around.iter().copied().max_by_key(|&around| containers[around].len());
            let polygon = parent.map_or(usize::MAX, |parent| polygon_of[parent]);
            match polygons.get_mut(polygon) {
                Some((_, holes)) => holes.push(ring),
                // Rings that cross have no proper nesting; validity tells of it later.
                None => polygons.push((ring, Vec::new())),
            }
        }
    }
    let mut wrong_winding = false;
    for (exterior, holes) in &polygons {
        wrong_winding |= wind(&mut rings[*exterior], false);
        for hole in holes {
            wrong_winding |= wind(&mut rings[*hole], true);
        }
    }
    Ok(Grouped { polygons, wrong_winding })
}

/// Winds a ring as OGC wants it, exteriors counter-clockwise; whether the file had it the wrong
/// way by its own rule, which is the opposite.
fn wind(ring: &mut Ring, hole: bool) -> bool {
    let clockwise = ring.area < 0.0;
    if clockwise != hole {
        ring.vertices.reverse();
    }
    ring.area != 0.0 && clockwise == hole
}

/// For each ring, the rings that contain it.
fn nest(rings: &[Ring], xy: &[Coord<f64>]) -> Result<Vec<Vec<usize>>, TooManyRings> {
    let mut containers = vec![Vec::new(); rings.len()];
    if rings.len() < 2 {
        return Ok(containers);
    }
    let boxes = rings
        .iter()
        .enumerate()
        .map(|(slot, ring)| GeomWithData::new(Rectangle::from_corners(ring.min, ring.max), slot));
    let tree = RTree::bulk_load(boxes.collect());
    let mut edge_tests = 0;
    for (inner, ring) in rings.iter().enumerate() {
        for candidate in tree.locate_in_envelope_intersecting(AABB::from_point(ring.min)) {
            let outer = candidate.data;
            edge_tests += 1;
            if outer == inner
                || rings[outer].area.abs() <= ring.area.abs()
                || !rings[outer].contains_box(ring)
            {
                continue;
            }
            if contains(&rings[outer], ring, xy, &mut edge_tests) {
                containers[inner].push(outer);
            }
            if edge_tests > MAX_EDGE_TESTS {
                return Err(TooManyRings);
            }
        }
    }
    Ok(containers)
}

/// Whether `inner`, the smaller one, lies in `outer`: by the first of its vertices, then of its
/// edges' middles, that is not on the boundary.
fn contains(outer: &Ring, inner: &Ring, xy: &[Coord<f64>], edge_tests: &mut usize) -> bool {
    let vertices = inner.vertices.iter().map(|&vertex| xy[vertex]);
    let middles = inner.vertices.windows(2).map(|pair| (xy[pair[0]] + xy[pair[1]]) / 2.0);
    for point in vertices.chain(middles) {
        *edge_tests += outer.vertices.len();
        if let Some(inside) = locate(point, outer, xy) {
            return inside;
        }
        if *edge_tests > MAX_EDGE_TESTS {
            return false;
        }
    }
    false
}

/// Whether `point` is inside `ring`; `None` on its boundary.
fn locate(point: Coord<f64>, ring: &Ring, xy: &[Coord<f64>]) -> Option<bool> {
    let mut inside = false;
    for pair in ring.vertices.windows(2) {
        let (a, b) = (xy[pair[0]] - point, xy[pair[1]] - point);
        let side = a.x * b.y - b.x * a.y;
        let between = a.x.min(b.x) <= 0.0 && a.x.max(b.x) >= 0.0;
        if side == 0.0 && between && a.y.min(b.y) <= 0.0 && a.y.max(b.y) >= 0.0 {
            return None;
        }
        if (a.y > 0.0) != (b.y > 0.0) && (side > 0.0) == (b.y > a.y) {
            inside = !inside;
        }
    }
    Some(inside)
}
