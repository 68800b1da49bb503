//! Flat geometry on paper: clipping to a box, what lies in a ring, boxes of labels against each other.
//!
//! A box is [left, top, right, bottom] in millimetres, y downwards.

/// A corner or vertex.
pub(crate) type Place = [f64; 2];
/// Left, top, right, bottom.
pub(crate) type Frame = [f64; 4];
/// Corners of a label in order.
pub(crate) type Quad = [Place; 4];

/// The part of a ring within a box (Sutherland and Hodgman): joins along the box's edge included.
pub(crate) fn clipped_ring(ring: &[Place], frame: Frame) -> Vec<Place> {
    let mut kept = ring.to_vec();
    for side in 0..4 {
        let inside = |at: &Place| match side {
            0 => at[0] - frame[0],
            1 => at[1] - frame[1],
            2 => frame[2] - at[0],
            _ => frame[3] - at[1],
        };
        let mut next = Vec::with_capacity(kept.len() + 4);
        for (from, to) in kept.iter().zip(kept.iter().cycle().skip(1)) {
            let (a, b) = (inside(from), inside(to));
            if a >= 0.0 {
                next.push(*from);
            }
            if (a > 0.0 && b < 0.0) || (a < 0.0 && b > 0.0) {
                let part = a / (a - b);
                next.push([from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part]);
            }
        }
        kept = next;
    }
    kept
}

/// The part of an edge within a box (Liang and Barsky).
pub(crate) fn clipped_edge(from: Place, to: Place, frame: Frame) -> Option<[Place; 2]> {
    let along = [to[0] - from[0], to[1] - from[1]];
    let (mut begin, mut end) = (0.0_f64, 1.0_f64);
    for axis in 0..2 {
        for (step, room) in
            [(-along[axis], from[axis] - frame[axis]), (along[axis], frame[axis + 2] - from[axis])]
        {
            if step == 0.0 {
                if room < 0.0 {
                    return None;
                }
            } else if step < 0.0 {
                begin = begin.max(room / step);
            } else {
                end = end.min(room / step);
            }
        }
    }
    let at = |part: f64| [from[0] + along[0] * part, from[1] + along[1] * part];
    (begin < end).then(|| [at(begin), at(end)])
}

/// The pieces of a line within a box.
pub(crate) fn clipped_line(line: &[Place], frame: Frame) -> Vec<Vec<Place>> {
    let mut pieces: Vec<Vec<Place>> = Vec::new();
    for pair in line.windows(2) {
        let Some([from, to]) = clipped_edge(pair[0], pair[1], frame) else { continue };
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&from) => piece.push(to),
            _ => pieces.push(vec![from, to]),
        }
    }
    pieces
}

/// A ring as a line that ends where it begins.
pub(crate) fn closed(ring: &[Place]) -> Vec<Place> {
    ring.iter().chain(ring.first()).copied().collect()
}

/// Whether a place lies in rings by the even-odd rule.
pub(crate) fn is_within(at: Place, rings: &[Vec<Place>]) -> bool {
    let mut odd = false;
    for ring in rings {
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            if (a[1] > at[1]) != (b[1] > at[1])
                && at[0] < a[0] + (at[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
            {
                odd = !odd;
            }
        }
    }
    odd
}

/// Whether two convex boxes share more than an edge: none of their sides parts them.
pub(crate) fn do_overlap(a: &Quad, b: &Quad) -> bool {
    const TOUCH: f64 = 1e-6;
    let is_apart = |sides: &Quad| {
        (0..2).any(|side| {
            let (from, to) = (sides[side], sides[side + 1]);
            let (x, y) = (to[0] - from[0], to[1] - from[1]);
            let long = x.hypot(y).max(1e-12);
            let axis = [x / long, y / long];
            let span = |quad: &Quad| {
                quad.iter()
                    .map(|at| at[0] * axis[0] + at[1] * axis[1])
                    .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), one| {
                        (least.min(one), most.max(one))
                    })
            };
            let ((a0, a1), (b0, b1)) = (span(a), span(b));
            a1 <= b0 + TOUCH || b1 <= a0 + TOUCH
        })
    };
    !is_apart(a) && !is_apart(b)
}

/// Whether an edge touches a box of corners.
pub(crate) fn does_cross(quad: &Quad, from: Place, to: Place) -> bool {
    // An edge is a flat box; one of no length has no sides that could part.
    let (x, y) = (to[0] - from[0], to[1] - from[1]);
    let long = x.hypot(y).max(1e-12);
    let thick = [-y / long * 1e-4, x / long * 1e-4];
    let edge = [
        [from[0] - thick[0], from[1] - thick[1]],
        [to[0] - thick[0], to[1] - thick[1]],
        [to[0] + thick[0], to[1] + thick[1]],
        [from[0] + thick[0], from[1] + thick[1]],
    ];
    do_overlap(quad, &edge)
}

/// The corners of a box.
pub(crate) fn corners([left, top, right, bottom]: Frame) -> Quad {
    [[left, top], [right, top], [right, bottom], [left, bottom]]
}

/// The box around places.
pub(crate) fn around<'p>(places: impl IntoIterator<Item = &'p Place>) -> Option<Frame> {
    places.into_iter().fold(None, |frame, [x, y]| {
        let [left, top, right, bottom] = frame.unwrap_or([*x, *y, *x, *y]);
        Some([left.min(*x), top.min(*y), right.max(*x), bottom.max(*y)])
    })
}

/// Places inside rings, the roomiest first: those of a grid over their box by their distance to the edges.
pub(crate) fn inner_places(rings: &[Vec<Place>]) -> Vec<Place> {
    const STEPS: usize = 13;
    let Some([left, top, right, bottom]) = around(rings.iter().flatten()) else {
        return Vec::new();
    };
    let step =
        |from: f64, to: f64, at: usize| from + (to - from) * (at as f64 + 0.5) / STEPS as f64;
    let mut found: Vec<(f64, Place)> = (0..STEPS * STEPS)
        .map(|at| [step(left, right, at % STEPS), step(top, bottom, at / STEPS)])
        .filter(|at| is_within(*at, rings))
        .map(|at| (distance_to_edges(at, rings), at))
        .collect();
    // Of places with about the same room the one nearest to the middle is best looked at.
    let middle = [f64::midpoint(left, right), f64::midpoint(top, bottom)];
    let far = |at: &Place| (at[0] - middle[0]).hypot(at[1] - middle[1]);
    let room = |distance: f64| (distance / 1.5).floor();
    found.sort_by(|a, b| room(b.0).total_cmp(&room(a.0)).then(far(&a.1).total_cmp(&far(&b.1))));
    found.into_iter().map(|(_, at)| at).collect()
}

fn distance_to_edges(at: Place, rings: &[Vec<Place>]) -> f64 {
    let mut least = f64::INFINITY;
    for ring in rings {
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            let (x, y) = (b[0] - a[0], b[1] - a[1]);
            let long = x * x + y * y;
            let part = match long > 0.0 {
                true => (((at[0] - a[0]) * x + (at[1] - a[1]) * y) / long).clamp(0.0, 1.0),
                false => 0.0,
            };
            least = least.min((at[0] - a[0] - x * part).hypot(at[1] - a[1] - y * part));
        }
    }
    least
}
