//! Whether a point lies inside rings, on them or outside, exactly.

use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo_types::Coord;

/// Where a point lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// In the interior.
    Inside,
    /// On a ring.
    Border,
    /// In the exterior.
    Outside,
}

/// The side of `point` of the polygons that `rings` bound: closed rings of a valid geometry,
/// exteriors and holes in any order and winding.
#[inline]
pub(crate) fn side_of<'a>(
    point: [f64; 2],
    rings: impl IntoIterator<Item = &'a [[f64; 2]]>,
) -> Side {
    let mut inside = false;
    for ring in rings {
        match side_of_ring(point, ring) {
            Side::Border => return Side::Border,
            Side::Inside => inside = !inside,
            Side::Outside => {}
        }
    }
    if inside { Side::Inside } else { Side::Outside }
}

/// The side of `point` of one closed ring.
#[inline]
pub(crate) fn side_of_ring(point: [f64; 2], ring: &[[f64; 2]]) -> Side {
    let [x, y] = point;
    let Some(&[mut ax, mut ay]) = ring.first() else { return Side::Outside };
    let mut inside = false;
    for &[bx, by] in &ring[1..] {
        if (ay > y) != (by > y) {
            // The edge crosses the line to the east of the point, or passes it in the west.
            if ax > x && bx > x {
                inside = !inside;
            } else if ax >= x || bx >= x {
                match turn([ax, ay], [bx, by], point) {
                    Orientation::Collinear => return Side::Border,
                    side => {
                        let upward = by > ay;
                        inside ^= upward == (side == Orientation::CounterClockwise);
                    }
                }
            }
        } else if by == y && (bx == x || ay == y && (ax <= x) != (bx < x)) {
            return Side::Border;
        }
        (ax, ay) = (bx, by);
    }
    if inside { Side::Inside } else { Side::Outside }
}

/// Half a unit in the last place of 1, times what Shewchuk's first filter allows.
const TURN_ERROR: f64 = 3.330_669_073_875_471_6e-16;

/// Which way `a → b → c` turns. The plain determinant decides unless rounding could.
#[inline]
pub(crate) fn turn(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> Orientation {
    let left = (a[0] - c[0]) * (b[1] - c[1]);
    let right = (a[1] - c[1]) * (b[0] - c[0]);
    let twice = left - right;
    if twice.abs() > TURN_ERROR * (left.abs() + right.abs()) {
        return if twice > 0.0 { Orientation::CounterClockwise } else { Orientation::Clockwise };
    }
    let coord = |[x, y]: [f64; 2]| Coord { x, y };
    <RobustKernel as Kernel<f64>>::orient2d(coord(a), coord(b), coord(c))
}

#[cfg(test)]
mod tests {
    use geo::coordinate_position::{CoordPos, CoordinatePosition};
    use geo_types::{LineString, Polygon};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// A small grid, so that points hit vertices and edges all the time; any ring, for
        /// even-odd is defined for all, and geo's oracle asks for simple ones: stars about 0.
        #[test]
        fn sides_are_those_that_geo_finds(
            radii in prop::collection::vec(1..5i32, 8),
            shift in prop::sample::select(vec![0.0, 39_447_000.3, 0.1]),
        ) {
            const STAR: [[i32; 2]; 8] =
                [[1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]];
            let mut ring: Vec<[f64; 2]> = STAR
                .iter()
                .zip(radii)
                .map(|([x, y], r)| [f64::from(x * r) + shift, f64::from(y * r) + shift])
                .collect();
            ring.push(ring[0]);
            let line: LineString<f64> = ring.iter().copied().collect();
            let polygon = Polygon::new(line, vec![]);
            for x in -10..=10 {
                for y in -10..=10 {
                    let point = [f64::from(x) / 2.0 + shift, f64::from(y) / 2.0 + shift];
                    let coord = Coord { x: point[0], y: point[1] };
                    let expected = match polygon.coordinate_position(&coord) {
                        CoordPos::Inside => Side::Inside,
                        CoordPos::OnBoundary => Side::Border,
                        CoordPos::Outside => Side::Outside,
                    };
                    prop_assert_eq!(side_of_ring(point, &ring), expected, "{:?} {:?}", point, ring);
                }
            }
        }
    }
}
