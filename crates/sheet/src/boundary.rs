//! The order of a boundary's points: clockwise from the north-west, outer rings before their holes, which go on
//! with the numbers.

use crate::dossier::{Area, BoundaryPoint, Ring};

/// The boundary points of some areas: J1 is the vertex of the first outer ring nearest to the north-western corner
/// of its box, the others follow clockwise; lengths are planar. Longitudes and latitudes are left to the caller.
pub fn boundary(areas: &[Area]) -> Vec<BoundaryPoint> {
    let mut points = Vec::new();
    let rings = areas.iter().flat_map(|area| std::iter::once(&area.exterior).chain(&area.holes));
    for (number, ring) in rings.enumerate() {
        let ring = ordered(ring);
        for (at, next) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            points.push(BoundaryPoint {
                ring: number,
                name: format!("J{}", points.len() + 1),
                at: *at,
                lon_lat: None,
                length: (next[0] - at[0]).hypot(next[1] - at[1]),
            });
        }
    }
    points
}

/// A ring without the repeated vertex, clockwise, from the north-west.
fn ordered(ring: &Ring) -> Ring {
    let mut ring = opened(ring);
    if doubled_area(&ring) > 0.0 {
        ring.reverse();
    }
    let west = ring.iter().map(|at| at[0]).fold(f64::INFINITY, f64::min);
    let north = ring.iter().map(|at| at[1]).fold(f64::NEG_INFINITY, f64::max);
    let far = |at: &[f64; 2]| (at[0] - west).hypot(at[1] - north);
    let first = (0..ring.len()).min_by(|a, b| far(&ring[*a]).total_cmp(&far(&ring[*b])));
    ring.rotate_left(first.unwrap_or(0));
    ring
}

/// A ring without repeated vertices.
pub(crate) fn opened(ring: &Ring) -> Ring {
    let mut ring = ring.clone();
    ring.dedup();
    while ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    ring
}

/// Twice the area, positive for a ring that goes counter-clockwise (north up).
pub(crate) fn doubled_area(ring: &[[f64; 2]]) -> f64 {
    let Some([x0, y0]) = ring.first().copied() else { return 0.0 };
    ring.iter()
        .zip(ring.iter().cycle().skip(1))
        .map(|([ax, ay], [bx, by])| (ax - x0) * (by - y0) - (bx - x0) * (ay - y0))
        .sum()
}
