//! How two segments meet, decided exactly.

use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo_types::Coord;

/// What two segments have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Contact {
    /// Nothing.
    None,
    /// One point, which is an end of at least one of them.
    Touch(Coord<f64>),
    /// A point inside both; its place is rounded.
    Cross([f64; 2]),
    /// A stretch, which begins or ends here.
    Overlap(Coord<f64>),
}

/// Which way `a → b → c` turns.
#[inline]
pub(crate) fn turn(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>) -> Orientation {
    <RobustKernel as Kernel<f64>>::orient2d(a, b, c)
}

/// Whether the boxes of the segments share a point.
#[inline]
pub(crate) fn boxes_meet(a: [Coord<f64>; 2], b: [Coord<f64>; 2]) -> bool {
    let span = |p: f64, q: f64| if p < q { (p, q) } else { (q, p) };
    let (ax, bx) = (span(a[0].x, a[1].x), span(b[0].x, b[1].x));
    let (ay, by) = (span(a[0].y, a[1].y), span(b[0].y, b[1].y));
    (ax.0 <= bx.1) & (bx.0 <= ax.1) & (ay.0 <= by.1) & (by.0 <= ay.1)
}

/// How the segments meet. Neither may have length 0.
pub(crate) fn contact(a: [Coord<f64>; 2], b: [Coord<f64>; 2]) -> Contact {
    if !boxes_meet(a, b) {
        return Contact::None;
    }
    let flat = Orientation::Collinear;
    let (b0, b1) = (turn(a[0], a[1], b[0]), turn(a[0], a[1], b[1]));
    if b0 == b1 && b0 != flat {
        return Contact::None;
    }
    let (a0, a1) = (turn(b[0], b[1], a[0]), turn(b[0], b[1], a[1]));
    if a0 == a1 && a0 != flat {
        return Contact::None;
    }
    if b0 == flat && b1 == flat {
        return along_one_line(a, b);
    }
    for (orientation, end, other) in [(b0, b[0], a), (b1, b[1], a), (a0, a[0], b), (a1, a[1], b)] {
        if orientation == flat {
            return if boxes_meet([end, end], other) { Contact::Touch(end) } else { Contact::None };
        }
    }
    Contact::Cross(crossing(a, b))
}

/// How two segments of one line meet, by the axis along which they are longer.
fn along_one_line(a: [Coord<f64>; 2], b: [Coord<f64>; 2]) -> Contact {
    let by_x = (a[1].x - a[0].x).abs() >= (a[1].y - a[0].y).abs();
    let key = |c: &Coord<f64>| if by_x { c.x } else { c.y };
    let sorted = |s: [Coord<f64>; 2]| if key(&s[0]) <= key(&s[1]) { s } else { [s[1], s[0]] };
    let (a, b) = (sorted(a), sorted(b));
    let low = if key(&a[0]) >= key(&b[0]) { a[0] } else { b[0] };
    let high = if key(&a[1]) <= key(&b[1]) { a[1] } else { b[1] };
    match key(&low).partial_cmp(&key(&high)) {
        Some(std::cmp::Ordering::Less) => Contact::Overlap(low),
        Some(std::cmp::Ordering::Equal) => Contact::Touch(low),
        _ => Contact::None,
    }
}

/// The rounded crossing of two segments that cross.
fn crossing(a: [Coord<f64>; 2], b: [Coord<f64>; 2]) -> [f64; 2] {
    let (r, s, d) = (a[1] - a[0], b[1] - b[0], b[0] - a[0]);
    let part = (d.x * s.y - d.y * s.x) / (r.x * s.y - r.y * s.x);
    let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.5 };
    [a[0].x + r.x * part, a[0].y + r.y * part]
}

/// Whether `q` lies strictly left of the path `before → at → after`, looked at from `at`: in
/// the sector that one sweeps counter-clockwise from `after` to `before`.
pub(super) fn is_left([before, at, after]: [Coord<f64>; 3], q: Coord<f64>) -> bool {
    let left = Orientation::CounterClockwise;
    let (of_first, of_second) = (turn(before, at, q) == left, turn(at, after, q) == left);
    if turn(before, at, after) == Orientation::Clockwise {
        of_first || of_second
    } else {
        of_first && of_second
    }
}
