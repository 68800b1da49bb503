//! Replaces circular arcs by chords.

use std::f64::consts::{FRAC_PI_2, TAU};

/// x, y, z, m; z and m are NaN where there is none.
pub(super) type Vertex = [f64; 4];

/// Chords a quarter circle, as PostGIS' `ST_CurveToLine` takes by default; the chord then
/// leaves the arc by at most 3.0e-4 of the radius.
const CHORDS_A_QUARTER: f64 = 32.0;
/// Upper bound of the vertices that one arc becomes: two halves, each less than a full turn.
pub(super) const MAX_ARC_VERTICES: usize = 4 * CHORDS_A_QUARTER as usize + 2;

/// Appends the arc from `start` (which is already there) over `middle` to `end`.
///
/// The three given vertices stay exact. An arc gives the same vertices in either direction, so
/// that two neighbours along it still share every vertex.
pub(super) fn push_arc(start: Vertex, middle: Vertex, end: Vertex, out: &mut Vec<Vertex>) {
    if (end[0], end[1]) < (start[0], start[1]) {
        let from = out.len();
        push_arc_forward(end, middle, start, out);
        // The end of the reversed arc is the start, which the caller has.
        out.pop();
        out[from..].reverse();
        out.push(end);
    } else {
        push_arc_forward(start, middle, end, out);
    }
}

fn push_arc_forward(start: Vertex, middle: Vertex, end: Vertex, out: &mut Vec<Vertex>) {
    let [bx, by] = [middle[0] - start[0], middle[1] - start[1]];
    let [cx, cy] = [end[0] - start[0], end[1] - start[1]];
    let (b2, c2) = (bx * bx + by * by, cx * cx + cy * cy);
    let turn = 2.0 * (bx * cy - by * cx);
    // A closed arc is a full circle whose middle lies opposite its start.
    let [ux, uy] = if cx == 0.0 && cy == 0.0 {
        [bx / 2.0, by / 2.0]
    } else {
        [(cy * b2 - by * c2) / turn, (bx * c2 - cx * b2) / turn]
    };
    let straight = !(ux.is_finite() && uy.is_finite()) || b2 == 0.0;
    let radius = ux.hypot(uy);
    let angle = |x: f64, y: f64| (y - uy).atan2(x - ux);
    let mut chords = |from: Vertex, to: Vertex| {
        if !straight {
            let begin = angle(from[0] - start[0], from[1] - start[1]);
            let finish = angle(to[0] - start[0], to[1] - start[1]);
            let mut sweep = (finish - begin).rem_euclid(TAU);
            if turn < 0.0 {
                sweep -= TAU;
            }
            let count = (sweep.abs() / FRAC_PI_2 * CHORDS_A_QUARTER).ceil();
            for step in 1..count as usize {
                let part = step as f64 / count;
                let (sin, cos) = (begin + sweep * part).sin_cos();
                let x = start[0] + ux + radius * cos;
                let y = start[1] + uy + radius * sin;
                let between = |axis: usize| from[axis] + (to[axis] - from[axis]) * part;
                out.push([x, y, between(2), between(3)]);
            }
        }
        out.push(to);
    };
    chords(start, middle);
    chords(middle, end);
}
