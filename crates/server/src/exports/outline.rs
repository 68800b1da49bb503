//! Ground as the audit log keeps it: the hull of its cells in well-known text, through the middles of the
//! cells at its corners, so that the very cells are found again.

use formats::{read_wkt, write_wkt};
use geo_types::{Coord, Geometry as Shape, LineString, Point, Polygon};
use spatial::world::{from_lon_lat, to_lon_lat};
use spatial::{Geometry, WorldBox};

use super::cells::{Cell, Ground, cell_box};

/// Decimals of a degree: a metre, of cells of a hundred.
const PLACES: f64 = 1e5;

/// The outline in longitude and latitude; none of no ground.
pub fn written(ground: &Ground) -> Option<String> {
    let corners: Vec<Coord<f64>> = ground.corners.iter().copied().map(middle).collect();
    let shape: Shape<f64> = match corners.as_slice() {
        [] => return None,
        [one] => Point(*one).into(),
        [_, _] => LineString(corners).into(),
        _ => Polygon::new(LineString(corners), Vec::new()).into(),
    };
    let mut text = String::new();
    write_wkt(&Geometry::from(shape), &mut text);
    Some(text)
}

/// Every ground of a text, which may be one outline or a collection of them; what is none is left out.
pub fn read(text: &str) -> Vec<Ground> {
    let Ok(Some(read)) = read_wkt(text) else { return Vec::new() };
    let members = match read.geometry.shape {
        Shape::GeometryCollection(members) => members.0,
        shape => vec![shape],
    };
    members.into_iter().filter_map(ground).collect()
}

fn ground(shape: Shape<f64>) -> Option<Ground> {
    let at = |at: [f64; 2]| {
        let point = from_lon_lat(at);
        WorldBox { min: point, max: point }
    };
    Ground::covered(Geometry::from(shape).coords().into_iter().map(at))
}

fn middle(cell: Cell) -> Coord<f64> {
    let WorldBox { min, max } = cell_box(cell);
    let middle = [0, 1].map(|axis| (f64::from(min[axis]) + f64::from(max[axis])) / 2.0);
    let [x, y] = to_lon_lat(middle).map(|angle| (angle * PLACES).round() / PLACES);
    Coord { x, y }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    /// Numbers that look like chance.
    fn numbers(seed: u32) -> impl FnMut(u32) -> u32 {
        let mut state = u64::from(seed) * 2 + 1;
        move |below| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) as u32) % below
        }
    }

    #[test]
    fn the_very_cells_are_found_again() {
        let (mut shapes, mut all) = (Vec::new(), String::from("GEOMETRYCOLLECTION("));
        for seed in 0..200 {
            let mut below = numbers(seed);
            let size = 1 + below(60);
            let count = 1 + below(12);
            let [x, y] = from_lon_lat([116.3, 39.7]);
            let boxes: Vec<WorldBox> = (0..count)
                .map(|_| {
                    let min = [x + (below(size) << 14), y + (below(size) << 14)];
                    WorldBox { min, max: min.map(|at| at + (1 << 13)) }
                })
                .collect();
            let ground = Ground::covered(boxes.into_iter()).unwrap();
            let text = written(&ground).unwrap();
            assert_eq!(read(&text), std::slice::from_ref(&ground), "{text}");
            all.push_str(&text);
            all.push(if seed == 199 { ')' } else { ',' });
            shapes.push(ground);
        }
        assert_eq!(read(&all), shapes);
        assert_eq!(written(&Ground::default()), None);
        for odd in ["", "x", "POINT EMPTY", "POLYGON((1 2"] {
            assert!(read(odd).is_empty(), "{odd}");
        }
    }
}
