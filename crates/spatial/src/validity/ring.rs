//! What one ring alone shows, in one pass over its vertices.

use geo::kernels::Orientation;
use geo_types::Coord;

use super::contact::{Contact, boxes_meet, contact, turn};
use super::{DefectKind, Defects, MAX_MAGNITUDE, MIN_EXTENT, check_numbers};

/// What is known of a ring.
pub(crate) struct RingFacts {
    /// Whether every number can be used.
    finite: bool,
    closed: bool,
    /// The first vertex that repeats the one before it.
    pub(super) duplicate: Option<usize>,
    /// Vertices that differ from the one before.
    steps: usize,
    width: f64,
    height: f64,
    winding: Orientation,
}

impl RingFacts {
    pub(crate) fn of(ring: &[Coord<f64>]) -> Self {
        let mut facts = Self {
            finite: true,
            closed: ring.first() == ring.last(),
            duplicate: None,
            steps: 0,
            width: 0.0,
            height: 0.0,
            winding: Orientation::Collinear,
        };
        let Some(&origin) = ring.first() else { return facts };
        let (mut low, mut high) = (origin, origin);
        let mut twice_area = 0.0;
        let mut last = origin;
        let mut from = Coord { x: 0.0, y: 0.0 };
        for (place, &c) in ring.iter().enumerate() {
            let (x, y) = (c.x.abs(), c.y.abs());
            facts.finite &= (x <= MAX_MAGNITUDE) & (y <= MAX_MAGNITUDE);
            facts.finite &= (x >= 1.0 / MAX_MAGNITUDE) | (x == 0.0);
            facts.finite &= (y >= 1.0 / MAX_MAGNITUDE) | (y == 0.0);
            low = Coord { x: low.x.min(c.x), y: low.y.min(c.y) };
            high = Coord { x: high.x.max(c.x), y: high.y.max(c.y) };
            let to = Coord { x: c.x - origin.x, y: c.y - origin.y };
            twice_area += from.x * to.y - to.x * from.y;
            from = to;
            if c != last {
                facts.steps += 1;
            } else if place > 0 && facts.duplicate.is_none() {
                facts.duplicate = Some(place);
            }
            last = c;
        }
        (facts.width, facts.height) = (high.x - low.x, high.y - low.y);
        // Each of the n terms is rounded by no more than a few ulps of the box's area.
        let doubt = ring.len() as f64 * 8.0 * f64::EPSILON * facts.width * facts.height;
        facts.winding = if twice_area > doubt {
            Orientation::CounterClockwise
        } else if twice_area < -doubt {
            Orientation::Clockwise
        } else if facts.finite {
            winding_at_lowest(ring)
        } else {
            Orientation::Collinear
        };
        facts
    }

    /// Whether the ring has an inside, so that it makes sense to look at crossings.
    pub(crate) fn is_sound(&self) -> bool {
        self.finite
            && self.closed
            && self.steps >= 3
            && self.winding != Orientation::Collinear
            && self.width.min(self.height) >= MIN_EXTENT
    }

    /// Whether the inside lies left of the ring.
    pub(crate) fn is_counter_clockwise(&self) -> bool {
        self.winding == Orientation::CounterClockwise
    }

    pub(super) fn report(&self, ring: &[Coord<f64>], hole: bool, defects: &mut Defects) {
        let place = ring.first().map_or([f64::NAN; 2], |c| [c.x, c.y]);
        if !self.finite {
            return check_numbers(ring, defects);
        }
        if !self.closed {
            defects.push(DefectKind::RingNotClosed, place);
        }
        if let Some(repeated) = self.duplicate {
            defects.push(DefectKind::DuplicatePoint, [ring[repeated].x, ring[repeated].y]);
        }
        let (least, most) = (self.width.min(self.height), self.width.max(self.height));
        if self.steps < 3 {
            defects.push(DefectKind::TooFewPoints, place);
        } else if (least > 0.0 && least < MIN_EXTENT) || most < MIN_EXTENT {
            defects.push(DefectKind::ExtentTooSmall, place);
        } else if self.winding == Orientation::Collinear {
            defects.push(DefectKind::ZeroArea, place);
        } else if (self.winding == Orientation::Clockwise) != hole {
            defects.push(DefectKind::WrongWinding, place);
        }
    }
}

/// How a closed ring whose area is lost in rounding winds: the turn at its lowest, leftmost
/// vertex if the ring is simple; collinear only if all vertices lie on one line.
fn winding_at_lowest(ring: &[Coord<f64>]) -> Orientation {
    let mut open: Vec<Coord<f64>> = ring.to_vec();
    open.dedup();
    if open.len() > 1 && open.first() == open.last() {
        open.pop();
    }
    let count = open.len();
    let lowest = (0..count).min_by(|&a, &b| {
        (open[a].y, open[a].x)
            .partial_cmp(&(open[b].y, open[b].x))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let Some(lowest) = lowest.filter(|_| count >= 3) else { return Orientation::Collinear };
    let at = |step: usize| open[(lowest + step) % count];
    match turn(at(count - 1), at(0), at(1)) {
        // A spike or a straight run along the bottom: any turn shows that there is an inside,
        // and one that is no simple ring is told as a crossing.
        Orientation::Collinear => (0..count)
            .map(|step| turn(at(step), at(step + 1), at(step + 2)))
            .find(|turn| *turn != Orientation::Collinear)
            .unwrap_or(Orientation::Collinear),
        turn => turn,
    }
}

/// The first place where a closed ring without repeated vertices crosses or touches itself;
/// tests every pair of segments, so only for few.
pub(super) fn find_self_contact(ring: &[Coord<f64>]) -> Option<[f64; 2]> {
    let count = ring.len() - 1;
    for place in 0..count {
        let next = if place + 1 == count { 1 } else { place + 2 };
        if is_spike(ring[place], ring[place + 1], ring[next]) {
            return Some([ring[place + 1].x, ring[place + 1].y]);
        }
    }
    for first in 0..count.saturating_sub(2) {
        let a = [ring[first], ring[first + 1]];
        // The last segment is a neighbour of the first one.
        let end = if first == 0 { count - 1 } else { count };
        for second in first + 2..end {
            let b = [ring[second], ring[second + 1]];
            if boxes_meet(a, b) {
                match contact(a, b) {
                    Contact::None => {}
                    Contact::Touch(c) | Contact::Overlap(c) => return Some([c.x, c.y]),
                    Contact::Cross(place) => return Some(place),
                }
            }
        }
    }
    None
}

/// Whether the path runs back along itself at `b`.
pub(super) fn is_spike(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>) -> bool {
    let (there, back) = (b - a, c - b);
    there.x * back.x + there.y * back.y < 0.0 && turn(a, b, c) == Orientation::Collinear
}
