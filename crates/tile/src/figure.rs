//! What is drawn of one feature, in tile integers.

use std::ops::Range;

use spatial::PathRole;

/// A point of a buffered tile.
pub(crate) type Point = [i32; 2];

/// Paths of one kind: points, lines, or rings. Rings are open (the first point is not
/// repeated), without repeated or collinear points.
#[derive(Debug, Default)]
pub(crate) struct Figure {
    points: Vec<Point>,
    len: usize,
    paths: Vec<Path>,
}

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

/// Twice the signed area of a ring; positive for exteriors (surveyor's formula, y south).
#[inline]
pub(crate) fn area2(ring: &[Point]) -> i64 {
    let Some(&last) = ring.last() else { return 0 };
    let mut previous = last;
    let mut sum = 0_i64;
    for &point in ring {
        sum += i64::from(previous[0] * point[1] - point[0] * previous[1]);
        previous = point;
    }
    sum
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
    pub fn push_line(&mut self, points: impl ExactSizeIterator<Item = Point>) -> bool {
        let start = self.len;
        self.reserve(points.len());
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

    /// Adds a ring, closed or not, without repeated points, spikes and collinear points, turned
    /// as its role asks. Answers twice its area; a ring of no area is left out.
    #[inline]
    pub fn push_ring(
        &mut self,
        role: PathRole,
        points: impl ExactSizeIterator<Item = Point>,
    ) -> i64 {
        let start = self.len;
        self.reserve(points.len());
        let room = &mut self.points[start..];
        let mut len = 0;
        for point in points {
            while len > 1 && cross(room[len - 2], room[len - 1], point) == 0 {
                len -= 1;
            }
            if len != 1 || room[0] != point {
                room[len] = point;
                len += 1;
            }
        }
        let mut first = 0;
        while len - first > 2 {
            if cross(room[len - 2], room[len - 1], room[first]) == 0 {
                len -= 1;
            } else if cross(room[len - 1], room[first], room[first + 1]) == 0 {
                first += 1;
            } else {
                break;
            }
        }
        if len - first < 3 {
            return 0;
        }
        let ring = &mut room[first..len];
        let area = area2(ring);
        if area == 0 {
            return 0;
        }
        if (area > 0) != (role == PathRole::Exterior) {
            ring.reverse();
        }
        self.len = start + len;
        self.close_path(start + first, role);
        area.abs()
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
