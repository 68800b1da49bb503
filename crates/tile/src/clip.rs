//! Clips paths to the buffered tile, in integers.
//!
//! Rings after Sutherland and Hodgman, one border after the other: a ring that leaves the tile
//! and comes back keeps bridges along the border, which validity finds and repair cuts. Lines
//! fall into pieces. A crossing point is the exact one, rounded, whichever way its edge runs,
//! so that features that share an edge still do.

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

#[derive(Clone, Copy, Debug)]
struct Border {
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
