//! One form for each set of points: rings start at their lowest vertex, parts are sorted.

use std::cmp::Ordering;

use geo_types::{Coord, LineString, Polygon};

/// By x, then by y.
pub(super) fn compare(a: &[f64; 2], b: &[f64; 2]) -> Ordering {
    a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1]))
}

fn compare_coords(a: &Coord<f64>, b: &Coord<f64>) -> Ordering {
    compare(&[a.x, a.y], &[b.x, b.y])
}

fn compare_lines(a: &LineString<f64>, b: &LineString<f64>) -> Ordering {
    let differs = a.0.iter().zip(&b.0).map(|(a, b)| compare_coords(a, b)).find(|o| o.is_ne());
    differs.unwrap_or(a.0.len().cmp(&b.0.len()))
}

/// Turns a closed ring so that it starts at its lowest vertex.
fn turn_ring(ring: &mut LineString<f64>) {
    ring.0.pop();
    let lowest = (0..ring.0.len()).min_by(|a, b| compare_coords(&ring.0[*a], &ring.0[*b]));
    ring.0.rotate_left(lowest.unwrap_or(0));
    ring.0.extend(ring.0.first().copied());
}

/// Polygons in canonical form; windings stay.
pub(super) fn polygons(polygons: Vec<Polygon<f64>>) -> Vec<Polygon<f64>> {
    let mut polygons: Vec<Polygon<f64>> = polygons
        .into_iter()
        .map(|polygon| {
            let (mut exterior, mut holes) = polygon.into_inner();
            turn_ring(&mut exterior);
            holes.iter_mut().for_each(turn_ring);
            holes.sort_by(compare_lines);
            Polygon::new(exterior, holes)
        })
        .collect();
    polygons.sort_by(|a, b| compare_lines(a.exterior(), b.exterior()));
    polygons
}

/// Lines in canonical order; directions stay.
pub(super) fn lines(mut lines: Vec<LineString<f64>>) -> Vec<LineString<f64>> {
    lines.sort_by(compare_lines);
    lines
}
