//! What is drawn of one feature, in tile integers.

use std::ops::Range;

use spatial::PathRole;

use crate::clip::{Border, STEP, cut_ring};

/// A point of a buffered tile.
pub(crate) type Point = [i32; 2];

/// Paths of one kind: points, lines, or rings. Rings are open (the first point is not
/// repeated), without repeated points and without spikes.
#[derive(Debug, Default)]
pub(crate) struct Figure {
    points: Vec<Point>,
    len: usize,
    paths: Vec<Path>,
    /// Whether the last ring is a star.
    star: bool,
    /// Whether the last ring came with spikes.
    spiked: bool,
}

/// Says nothing of any point: all are kept.
pub(crate) const ALL: std::iter::Empty<bool> = std::iter::empty();

#[derive(Clone, Copy, Debug)]
pub(crate) struct Path {
    start: u32,
    end: u32,
    pub role: PathRole,
}

impl Path {
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Twice the signed area of the triangle, positive when it turns right on the map (y south).
#[inline]
pub(crate) fn cross(a: Point, b: Point, c: Point) -> i32 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// What one walk round a ring shows.
struct Seen {
    /// Twice the signed area, positive for exteriors (surveyor's formula, y south).
    area2: i64,
    /// Whether some point lies on one line with its neighbours, or on one of them.
    collinear: bool,
    /// Whether every edge turns the same way around the point that was looked from, once in all.
    star: bool,
}

impl Seen {
    /// Looks from the point at half of `about`.
    #[inline]
    fn of(ring: &[Point], about: Point) -> Self {
        let seen = |point: Point| [2 * point[0] - about[0], 2 * point[1] - about[1]];
        let [.., before, last] = ring else {
            return Self { area2: 0, collinear: false, star: false };
        };
        let mut previous = seen(*last);
        let mut edge = [last[0] - before[0], last[1] - before[1]];
        let mut area = 0;
        let mut collinear = false;
        // The sign of `right` stays clear when every turn is above 0, that of `left` stays set
        // when every turn is below.
        let (mut right, mut left, mut sides) = (0, -1, 0);
        let mut at = *last;
        for &point in ring {
            let next = [point[0] - at[0], point[1] - at[1]];
            collinear |= edge[0] * next[1] == edge[1] * next[0];
            let place = seen(point);
            let turn = previous[0] * place[1] - place[0] * previous[1];
            area += i64::from(turn);
            right |= turn - 1;
            left &= turn;
            sides -= (previous[1] ^ place[1]) >> 31;
            (previous, edge, at) = (place, next, point);
        }
        Self { area2: area / 4, collinear, star: sides == 2 && (right >= 0 || left < 0) }
    }
}

/// Whether the way over `a`, `b` and `c` turns back on itself in `b`.
#[inline]
fn turns_back(a: Point, b: Point, c: Point) -> bool {
    let onward = (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1]);
    cross(a, b, c) == 0 && onward <= 0
}

/// Takes points out of a ring that repeat their predecessor; answers how many are left.
fn without_repeated(ring: &mut [Point]) -> usize {
    let mut last = 0;
    for place in 1..ring.len() {
        let point = ring[place];
        last += usize::from(point != ring[last]);
        ring[last] = point;
    }
    let mut len = (last + 1).min(ring.len());
    while len > 1 && ring[0] == ring[len - 1] {
        len -= 1;
    }
    len
}

/// Takes spikes out of a ring; answers where the rest lies.
fn without_spikes(ring: &mut [Point]) -> (usize, usize) {
    let mut len = 0;
    let (mut a, mut b) = ([0; 2], [0; 2]);
    for position in 0..ring.len() {
        let point = ring[position];
        while len > 1 && turns_back(a, b, point) {
            len -= 1;
            b = a;
            a = if len > 1 { ring[len - 2] } else { b };
        }
        if len == 0 || b != point {
            ring[len] = point;
            len += 1;
            (a, b) = (b, point);
        }
    }
    let mut first = 0;
    while len - first > 2 {
        if turns_back(ring[len - 2], ring[len - 1], ring[first]) {
            len -= 1;
        } else if turns_back(ring[len - 1], ring[first], ring[first + 1]) {
            first += 1;
        } else {
            break;
        }
    }
    (first, len)
}

impl Figure {
    pub fn clear(&mut self) {
        self.len = 0;
        self.paths.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    pub fn paths(&self) -> &[Path] {
        &self.paths
    }

    pub fn points(&self, path: Path) -> &[Point] {
        &self.points[path.range()]
    }

    pub fn point_count(&self) -> usize {
        self.len
    }

    /// Forgets the paths from number `path` on.
    pub fn truncate(&mut self, path: usize) {
        if let Some(first) = self.paths.get(path) {
            self.len = first.start as usize;
            self.paths.truncate(path);
        }
    }

    /// Adds points; one that repeats its predecessor is left out.
    pub fn push_points(&mut self, points: impl ExactSizeIterator<Item = Point>) {
        let start = self.len;
        self.reserve(points.len());
        for point in points {
            if self.len == start || self.points[self.len - 1] != point {
                self.points[self.len] = point;
                self.len += 1;
            }
        }
        self.close_path(start, PathRole::Points);
    }

    /// Adds a line without repeated points and points on the way between their neighbours.
    /// Answers whether anything is left of it.
    pub fn push_line(&mut self, points: impl Iterator<Item = Point>, most: usize) -> bool {
        let start = self.len;
        self.reserve(most);
        for point in points {
            let count = self.len - start;
            if count > 0 && self.points[self.len - 1] == point {
                continue;
            }
            if count > 1 {
                let (a, b) = (self.points[self.len - 2], self.points[self.len - 1]);
                let onward = (b[0] - a[0]) * (point[0] - b[0]) + (b[1] - a[1]) * (point[1] - b[1]);
                if cross(a, b, point) == 0 && onward > 0 {
                    self.len -= 1;
                }
            }
            self.points[self.len] = point;
            self.len += 1;
        }
        if self.len - start < 2 {
            self.len = start;
            return false;
        }
        self.close_path(start, PathRole::Line);
        true
    }

    /// Adds a ring, closed or not, of the points that are `kept` (all, when that says nothing of
    /// any), without repeated points and spikes, turned as its role asks. Points on the way between their neighbours stay: the ring
    /// beside may have a corner there. Answers twice its area; a ring of no area is left out.
    /// `about` is twice a point that it may be a star about, see [`Figure::is_star`].
    #[inline]
    pub fn push_ring(
        &mut self,
        role: PathRole,
        points: impl ExactSizeIterator<Item = Point>,
        kept: impl ExactSizeIterator<Item = bool>,
        about: Point,
    ) -> i64 {
        let start = self.len;
        let mut len = points.len();
        self.reserve(len);
        let room = &mut self.points[start..start + len];
        // First all, which takes few steps, then those that stay closer together.
        for (place, point) in room.iter_mut().zip(points) {
            *place = point;
        }
        if kept.len() > 0 {
            len = 0;
            for (place, kept) in (0..room.len()).zip(kept) {
                // Written in any case and counted when it stays: no branch to guess wrong.
                room[len] = room[place];
                len += usize::from(kept);
            }
        }
        let mut seen = Seen::of(&room[..len], about);
        let mut first = 0;
        self.spiked = false;
        // A point that repeats its predecessor lies on one line with anything.
        if seen.collinear {
            len = without_repeated(&mut room[..len]);
            let clean = len;
            (first, len) = without_spikes(&mut room[..len]);
            self.spiked = (first, len) != (0, clean);
            seen = Seen::of(&room[first..len], about);
        }
        if len - first < 3 || seen.area2 == 0 {
            return 0;
        }
        if (seen.area2 > 0) != (role == PathRole::Exterior) {
            room[first..len].reverse();
        }
        self.star = seen.star;
        self.len = start + len;
        self.close_path(start + first, role);
        seen.area2.abs()
    }

    /// Adds an exterior that is known to be simple and without spikes, of the points that are `kept`,
    /// turned as it should.
    #[inline]
    pub fn push_firm(
        &mut self,
        points: impl ExactSizeIterator<Item = Point>,
        kept: impl ExactSizeIterator<Item = bool>,
        turns_right: bool,
    ) {
        let len = self.place_kept(points, kept);
        self.close_firm(len, turns_right);
    }

    /// Adds what a border leaves of such an exterior, when that is known to be simple too: `false`,
    /// and nothing added, unless [`cut_ring`] takes it. Parts of it that are no neighbours must be more
    /// than a tile unit apart, for the points on the border are rounded along it.
    pub fn push_firm_cut(
        &mut self,
        points: impl ExactSizeIterator<Item = Point>,
        kept: impl ExactSizeIterator<Item = bool>,
        turns_right: bool,
        border: Border,
    ) -> bool {
        let len = self.place_kept(points, kept);
        let Some(len) = cut_ring(&mut self.points[self.len..], len, border) else { return false };
        self.close_firm(len, turns_right);
        true
    }

    /// Puts the points that are `kept` behind all others, where there is room for [`STEP`] more; answers
    /// how many they are.
    #[inline]
    fn place_kept(
        &mut self,
        points: impl ExactSizeIterator<Item = Point>,
        kept: impl ExactSizeIterator<Item = bool>,
    ) -> usize {
        self.reserve(points.len() + STEP);
        let room = &mut self.points[self.len..self.len + points.len()];
        let mut len = 0;
        for (point, kept) in points.zip(kept) {
            // Written in any case and counted when it stays: no branch to guess wrong.
            room[len] = point;
            len += usize::from(kept);
        }
        len
    }

    #[inline]
    fn close_firm(&mut self, len: usize, turns_right: bool) {
        let start = self.len;
        if !turns_right {
            self.points[start..start + len].reverse();
        }
        self.spiked = false;
        self.len = start + len;
        self.close_path(start, PathRole::Exterior);
    }

    /// Whether there is one ring and all of it is seen from the point that it was told to be
    /// about; such a ring is simple. `false` when nobody knows.
    #[inline]
    pub fn is_star(&self) -> bool {
        self.star && self.paths.len() == 1
    }

    /// Whether there is one ring that lost no spikes.
    pub fn is_sound_ring(&self) -> bool {
        let role = self.paths.first().map(|path| path.role);
        self.paths.len() == 1 && role == Some(PathRole::Exterior) && !self.spiked
    }

    /// Whether the last ring that was pushed lost spikes.
    pub fn is_spiked(&self) -> bool {
        self.spiked
    }

    fn reserve(&mut self, count: usize) {
        let needed = self.len + count;
        if self.points.len() < needed {
            self.points.resize(needed.next_power_of_two().max(64), [0; 2]);
        }
    }

    fn close_path(&mut self, start: usize, role: PathRole) {
        self.paths.push(Path { start: start as u32, end: self.len as u32, role });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::validity::{Contact, Validity};

    fn ring() -> impl Strategy<Value = Vec<Point>> {
        (1..12_i32, 3..9_usize).prop_flat_map(|(size, len)| {
            let point = (-size..=size, -size..=size).prop_map(|(x, y)| [x, y]);
            prop::collection::vec(point, len)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_star_is_simple(points in ring(), about in (-9..9_i32, -9..9_i32)) {
            let mut figure = Figure::default();
            let area =
                figure.push_ring(PathRole::Exterior, points.into_iter(), ALL, [about.0, about.1]);
            if figure.is_star() {
                prop_assert!(area > 0);
                prop_assert!(Validity::default().holds(&figure, Contact::Refused));
            }
        }

        #[test]
        fn a_ring_keeps_no_spike_and_no_repeated_point(points in ring()) {
            let mut figure = Figure::default();
            let area = figure.push_ring(PathRole::Exterior, points.clone().into_iter(), ALL, [1; 2]);
            let sum = |ring: &[Point]| -> i64 {
                let followers = ring.iter().skip(1).chain(ring.first());
                ring.iter().zip(followers).map(|(a, b)| i64::from(a[0] * b[1] - a[1] * b[0])).sum()
            };
            prop_assert_eq!(area, sum(&points).abs());
            for path in figure.paths() {
                let ring = figure.points(*path);
                prop_assert_eq!(sum(ring), area);
                for position in 0..ring.len() {
                    let at = |ahead: usize| ring[(position + ahead) % ring.len()];
                    prop_assert!(!turns_back(at(0), at(1), at(2)), "{ring:?}");
                }
            }
        }
    }

    #[test]
    fn rectangles_and_jagged_parcels_are_stars() {
        let rings: [&[Point]; 2] = [
            &[[0, 0], [1, 5], [6, 4], [5, -1]],
            &[[0, 0], [4, 1], [8, 0], [9, 4], [8, 8], [4, 7], [0, 8], [1, 4]],
        ];
        for ring in rings {
            let mut figure = Figure::default();
            figure.push_ring(PathRole::Exterior, ring.iter().copied(), ALL, [7, 7]);
            assert!(figure.is_star(), "{ring:?}");
        }
    }
}
