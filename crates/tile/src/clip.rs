//! Clips paths to the buffered tile, in integers.
//!
//! Rings after Sutherland and Hodgman, one border after the other: a ring that leaves the tile
//! and comes back keeps bridges along the border, which validity finds and repair cuts. Lines
//! fall into pieces. A crossing point is the exact one, rounded, whichever way its edge runs,
//! so that features that share an edge still do.

use crate::figure::Point;
use crate::frame::{Frame, LocalBox};

/// A point in tile integers that may lie far outside the tile.
pub(crate) type Wide = [i64; 2];

/// The borders that a box crosses: axis, position, and which side stays.
fn borders(frame: &Frame, local: &LocalBox) -> impl Iterator<Item = Border> {
    let (min, max) = (i64::from(frame.min), i64::from(frame.max));
    let all = [
        (local.min[0] < min, Border { axis: 0, at: min, keep_above: true }),
        (local.max[0] > max, Border { axis: 0, at: max, keep_above: false }),
        (local.min[1] < min, Border { axis: 1, at: min, keep_above: true }),
        (local.max[1] > max, Border { axis: 1, at: max, keep_above: false }),
    ];
    all.into_iter().filter_map(|(crossed, border)| crossed.then_some(border))
}

/// The only border that a box crosses.
pub(crate) fn sole_border(frame: &Frame, local: &LocalBox) -> Option<Border> {
    let mut borders = borders(frame, local);
    borders.next().filter(|_| borders.next().is_none())
}

/// A border of the buffered tile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Border {
    axis: usize,
    at: i64,
    keep_above: bool,
}

impl Border {
    fn keeps(self, point: Wide) -> bool {
        let value = point[self.axis];
        if self.keep_above { value >= self.at } else { value <= self.at }
    }

    /// Where the edge from `a` to `b` crosses: rounded half up, the same for `b` to `a`.
    #[inline]
    fn crossing(self, a: Wide, b: Wide) -> Wide {
        let (along, across) = (self.axis, 1 - self.axis);
        let (a, b) = if a[along] < b[along] { (a, b) } else { (b, a) };
        let run = b[along] - a[along];
        let rise = b[across] - a[across];
        let part = self.at - a[along];
        let narrow = 1 << 30;
        let step = if run < narrow && rise.abs() < narrow {
            (2 * rise * part + run).div_euclid(2 * run)
        } else {
            let (run, rise, part) = (i128::from(run), i128::from(rise), i128::from(part));
            // Between 0 and `rise`, which is an i64.
            (2 * rise * part + run).div_euclid(2 * run) as i64
        };
        let mut point = [0; 2];
        point[along] = self.at;
        point[across] = a[across] + step;
        point
    }
}

/// Most points of a ring that [`cut_ring`] takes.
const MOST_CUT: usize = 64;

/// Points that [`cut_ring`] looks at together.
pub(crate) const STEP: usize = 16;

/// Clips an open ring at one border in place, the first `len` points of `ring`, which has room for [`STEP`]
/// more; answers how many are left. `None`, and the ring as it was, unless the ring crosses the border
/// twice, has no point on it, and something is left.
#[inline]
pub(crate) fn cut_ring(ring: &mut [Point], len: usize, border: Border) -> Option<usize> {
    if !(3..=MOST_CUT).contains(&len) {
        return None;
    }
    let (at, axis) = (border.at as i32, border.axis);
    let inwards = |point: &Point| {
        if border.keep_above { point[axis] - at } else { at - point[axis] }
    };
    let (mut inside, mut on) = (0_u64, 0_u64);
    // In steps of so many points, whatever is behind the last one: no end to guess wrong.
    for (step, points) in ring[..len.next_multiple_of(STEP)].chunks_exact(STEP).enumerate() {
        let mut step_inside = 0;
        let mut step_on = 0;
        for (place, point) in points.iter().enumerate() {
            let inwards = inwards(point);
            step_inside |= u64::from(inwards > 0) << place;
            step_on |= u64::from(inwards == 0) << place;
        }
        inside |= step_inside << (step * STEP);
        on |= step_on << (step * STEP);
    }
    let all = u64::MAX >> (MOST_CUT - len);
    (inside, on) = (inside & all, on & all);
    let before = inside << 1 | inside >> (len - 1);
    let entries = inside & !before;
    if on != 0 || entries.count_ones() != 1 {
        return None;
    }
    let kept = inside.count_ones() as usize;
    let entry = entries.trailing_zeros() as usize;
    // Behind the last point inside.
    let exit = (entry + kept) % len;
    let crossing = |from: usize, to: usize| {
        let [x, y] = border.crossing(ring[from].map(i64::from), ring[to].map(i64::from));
        [x as i32, y as i32]
    };
    let into = crossing((entry + len - 1) % len, entry);
    let out = crossing((exit + len - 1) % len, exit);
    let crossings = 1 + usize::from(into != out);
    if kept + crossings < 3 {
        return None;
    }
    // From the way out to the way in along the border; where both are one point, it stands once.
    if entry + kept <= len {
        ring.copy_within(entry..entry + kept, crossings);
        ring[0] = out;
        ring[crossings - 1] = into;
    } else {
        ring.copy_within(entry..len, exit + crossings);
        ring[exit] = out;
        ring[exit + crossings - 1] = into;
    }
    Some(kept + crossings)
}

/// Clips an open ring in place; `spare` is scratch.
pub(crate) fn clip_ring(
    ring: &mut Vec<Wide>,
    spare: &mut Vec<Wide>,
    frame: &Frame,
    local: &LocalBox,
) {
    for border in borders(frame, local) {
        let Some(&last) = ring.last() else { return };
        // A point more for each edge that crosses.
        spare.clear();
        spare.resize(2 * ring.len(), [0; 2]);
        let mut len = 0;
        let (mut previous, mut kept) = (last, border.keeps(last));
        for &point in &*ring {
            let keep = border.keeps(point);
            if keep != kept {
                spare[len] = border.crossing(previous, point);
                len += 1;
            }
            // Written in any case and counted when it stays: no branch to guess wrong.
            spare[len] = point;
            len += usize::from(keep);
            (previous, kept) = (point, keep);
        }
        spare.truncate(len);
        std::mem::swap(ring, spare);
    }
}

/// Clips a line into pieces. `points` holds them one after the other, `ends` their ends;
/// `spare` is scratch.
pub(crate) fn clip_line(
    points: &mut Vec<Wide>,
    ends: &mut Vec<usize>,
    spare: &mut Vec<Wide>,
    frame: &Frame,
    local: &LocalBox,
) {
    ends.clear();
    ends.push(points.len());
    for border in borders(frame, local) {
        spare.clear();
        let mut pieces = Vec::with_capacity(ends.len());
        let mut start = 0;
        for &end in &*ends {
            clip_piece(&points[start..end], border, spare, &mut pieces);
            start = end;
        }
        std::mem::swap(points, spare);
        *ends = pieces;
    }
}

fn clip_piece(piece: &[Wide], border: Border, points: &mut Vec<Wide>, ends: &mut Vec<usize>) {
    let mut previous: Option<(Wide, bool)> = None;
    for &point in piece {
        let keep = border.keeps(point);
        if let Some((before, kept)) = previous
            && keep != kept
        {
            points.push(border.crossing(before, point));
            if kept {
                ends.push(points.len());
            }
        }
        if keep {
            points.push(point);
        }
        previous = Some((point, keep));
    }
    if previous.is_some_and(|(_, kept)| kept) {
        ends.push(points.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TileCoord, WEB_MERCATOR_QUAD};

    /// A ring round a middle, of as many points as there are distances.
    fn ring(middle: Point, distances: &[i32]) -> Vec<Point> {
        let turn = std::f64::consts::TAU / distances.len() as f64;
        let point = |(number, distance): (usize, &i32)| {
            let (sin, cos) = (turn * number as f64).sin_cos();
            let along =
                |axis: usize, part: f64| middle[axis] + (f64::from(*distance) * part) as i32;
            [along(0, cos), along(1, sin)]
        };
        distances.iter().enumerate().map(point).collect()
    }

    /// Holds what is cut at a border against what is clipped there; answers whether it was cut.
    fn check_cut(points: &[Point], border: Border) -> bool {
        let coord = TileCoord::new(&WEB_MERCATOR_QUAD, 14, 5, 5).expect("it is in the grid");
        let frame = Frame::new(&WEB_MERCATOR_QUAD, coord, 64);
        let mut cut = points.to_vec();
        cut.resize(points.len() + STEP, [i32::MAX / 4; 2]);
        let Some(len) = cut_ring(&mut cut, points.len(), border) else {
            assert_eq!(&cut[..points.len()], points, "what is not cut stays as it is");
            return false;
        };
        cut.truncate(len);
        let mut clipped: Vec<Wide> = points.iter().map(|point| point.map(i64::from)).collect();
        let far =
            |v: i64| if v == border.at { if border.keep_above { v - 1 } else { v + 1 } } else { 0 };
        let mut local = LocalBox { min: [0; 2], max: [0; 2] };
        if border.keep_above {
            local.min[border.axis] = far(border.at);
        } else {
            local.max[border.axis] = far(border.at);
        }
        clip_ring(&mut clipped, &mut Vec::new(), &frame, &local);
        let mut clipped: Vec<Point> = clipped.iter().map(|p| p.map(|v| v as i32)).collect();
        clipped.dedup();
        if clipped.len() > 1 && clipped.first() == clipped.last() {
            clipped.pop();
        }
        let first = clipped.iter().position(|point| *point == cut[0]).expect("the same points");
        clipped.rotate_left(first);
        assert_eq!(cut, clipped, "{points:?} at {border:?}");
        true
    }

    #[test]
    fn a_ring_that_crosses_a_border_twice_is_cut_as_it_is_clipped() {
        let mut seed = 1_u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        let mut cut = 0;
        for _ in 0..4_000 {
            let distances: Vec<i32> = (0..3 + random(62)).map(|_| 3 + random(90) as i32).collect();
            let (axis, keep_above) = (random(2) as usize, random(2) == 0);
            let border = Border { axis, at: if keep_above { -64 } else { 4160 }, keep_above };
            let mut middle = [2_000; 2];
            middle[axis] = border.at as i32 + random(160) as i32 - 80;
            cut += usize::from(check_cut(&ring(middle, &distances), border));
        }
        assert!(cut > 500, "{cut}");
    }

    #[test]
    fn a_ring_with_points_on_the_border_or_more_ways_over_it_is_left_alone() {
        let west = Border { axis: 0, at: 0, keep_above: true };
        let left = |points: &[Point]| assert!(!check_cut(points, west), "{points:?}");
        left(&[[0, 0], [9, 0], [9, 9], [-3, 9]]);
        left(&[[5, 0], [-5, 4], [5, 8], [5, 12], [-5, 16], [5, 20]]);
        left(&[[1, 0], [5, 0], [5, 5]]);
        left(&[[-1, 0], [-5, 0], [-5, 5]]);
        // A needle's point: nothing but its one point would be left.
        left(&[[1, 0], [-4_000, 0], [-4_000, 1]]);
    }
}
