//! The segments of many rings, and a tree over them in their natural order.
//!
//! Neighbours in a ring are neighbours in the plane, so boxes over runs of eight segments, and
//! over eight such boxes, make a good tree without any sorting (as Tidwall's `tg` does).

use geo_types::{Coord, Polygon};

use super::ring::RingFacts;
use crate::Envelope;

const FANOUT: usize = 8;

/// One ring: its run of segments.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    /// First segment.
    pub start: usize,
    /// One past the last segment.
    pub end: usize,
    /// Which polygon of the shape.
    pub polygon: usize,
    /// Whether it is a hole.
    pub hole: bool,
    /// Whether its inside lies left of it.
    pub counter_clockwise: bool,
    /// Its envelope.
    pub envelope: Envelope,
}

/// One edge of a ring, never of length 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    /// Begin and end.
    pub ends: [Coord<f64>; 2],
    /// Which ring.
    pub ring: usize,
}

/// All segments of some polygons, repeated vertices left out.
#[derive(Debug)]
pub(crate) struct Segments {
    /// The segments, ring by ring.
    pub all: Vec<Segment>,
    /// The rings, an exterior before its holes.
    pub rings: Vec<Ring>,
    /// Boxes over eight boxes of the level below; level 0 lies over the segments.
    levels: Vec<Vec<Envelope>>,
}

/// Too many boxes lie over each other.
#[derive(Debug)]
pub(crate) struct TooMany;

impl Segments {
    /// The segments of the rings of `polygons`.
    pub(crate) fn of(polygons: &[Polygon<f64>]) -> Self {
        let mut segments = Self { all: Vec::new(), rings: Vec::new(), levels: Vec::new() };
        for (polygon, shape) in polygons.iter().enumerate() {
            for (place, line) in
                std::iter::once(shape.exterior()).chain(shape.interiors()).enumerate()
            {
                segments.push_ring(&line.0, polygon, place > 0);
            }
        }
        segments.indexed()
    }

    /// The segments of `lines`, each of which stands as a "ring" that need not be closed.
    pub(crate) fn of_lines<'a>(lines: impl IntoIterator<Item = &'a [Coord<f64>]>) -> Self {
        let mut segments = Self { all: Vec::new(), rings: Vec::new(), levels: Vec::new() };
        for (number, line) in lines.into_iter().enumerate() {
            segments.push_ring(line, number, false);
        }
        segments.indexed()
    }

    fn push_ring(&mut self, line: &[Coord<f64>], polygon: usize, hole: bool) {
        let (ring, start) = (self.rings.len(), self.all.len());
        for edge in line.windows(2).filter(|edge| edge[0] != edge[1]) {
            self.all.push(Segment { ends: [edge[0], edge[1]], ring });
        }
        if self.all.len() > start {
            self.rings.push(Ring {
                start,
                end: self.all.len(),
                polygon,
                hole,
                counter_clockwise: RingFacts::of(line).is_counter_clockwise(),
                envelope: Envelope::of(line.iter().map(|c| [c.x, c.y])),
            });
        }
    }

    fn indexed(mut self) -> Self {
        let mut boxes: Vec<Envelope> = self.all.iter().map(Segment::envelope).collect();
        while boxes.len() > 1 {
            boxes = boxes
                .chunks(FANOUT)
                .map(|run| run.iter().fold(Envelope::EMPTY, |sum, one| sum.union(one)))
                .collect();
            self.levels.push(boxes.clone());
        }
        self
    }

    /// Whether `test` holds for a segment whose box shares a point with `window`; they are
    /// tried in order.
    #[inline]
    pub(crate) fn any(
        &self,
        window: &Envelope,
        mut test: impl FnMut(usize, &Segment) -> bool,
    ) -> bool {
        let mut place = 0;
        'next: while place < self.all.len() {
            // The boxes that begin here, largest first; 0 begins all of them.
            let begun = (place.trailing_zeros() / FANOUT.ilog2()) as usize;
            for level in (0..begun.min(self.levels.len())).rev() {
                let shift = FANOUT.ilog2() * (level as u32 + 1);
                if !self.levels[level][place >> shift].intersects(window) {
                    place += 1 << shift;
                    continue 'next;
                }
            }
            let end = (place + FANOUT).min(self.all.len());
            for (number, segment) in (place..).zip(&self.all[place..end]) {
                if segment.envelope().intersects(window) && test(number, segment) {
                    return true;
                }
            }
            place = end;
        }
        false
    }

    /// The segment after `place` in its ring.
    pub(crate) fn next(&self, place: usize) -> usize {
        let ring = &self.rings[self.all[place].ring];
        if place + 1 == ring.end { ring.start } else { place + 1 }
    }

    /// The segment before `place` in its ring.
    pub(crate) fn previous(&self, place: usize) -> usize {
        let ring = &self.rings[self.all[place].ring];
        if place == ring.start { ring.end - 1 } else { place - 1 }
    }

    /// Visits segments in `from..to` whose box shares a point with `window`, in order, until
    /// `visit` says stop. `work` goes down by one a box; at 0 the search is given up.
    pub(crate) fn search(
        &self,
        window: &Envelope,
        (from, to): (usize, usize),
        work: &mut usize,
        visit: &mut dyn FnMut(usize),
    ) -> Result<(), TooMany> {
        // A jump over a whole box moves `place` to the first segment after it.
        let mut place = from;
        while place < to {
            let mut skipped = false;
            if place.is_multiple_of(FANOUT) {
                let (mut size, mut jump) = (FANOUT, 0);
                for level in &self.levels {
                    *work = work.checked_sub(1).ok_or(TooMany)?;
                    if !place.is_multiple_of(size) || level[place / size].intersects(window) {
                        break;
                    }
                    jump = size;
                    size *= FANOUT;
                }
                if jump > 0 {
                    place += jump;
                    skipped = true;
                }
            }
            if !skipped {
                *work = work.checked_sub(1).ok_or(TooMany)?;
                if self.all[place].envelope().intersects(window) {
                    visit(place);
                }
                place += 1;
            }
        }
        Ok(())
    }
}

impl Segment {
    pub(crate) fn envelope(&self) -> Envelope {
        let [a, b] = self.ends;
        Envelope::new(a.x.min(b.x), a.y.min(b.y), a.x.max(b.x), a.y.max(b.y))
    }
}
