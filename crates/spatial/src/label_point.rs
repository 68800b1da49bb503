//! Where the name of a polygon goes: the middle of the largest circle that fits inside.
//!
//! The pole of inaccessibility of the largest part, holes respected: cells are halved best first,
//! as Mapbox's polylabel does it, until no cell can hold a circle more than 1 % wider. The cells
//! and the edges looked at are bounded; a polygon that would cost more (a spiral, a long thin
//! sliver) gets the best point found so far, which lies inside, too: the search starts from the
//! middles of the widest spans along a few horizontal lines. Ties go by potential, then from the
//! west and the north, so that equal polygons get equal points.
//!
//! Coordinates are world units, x east, y south; distances are world units, too.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::shard::FeatureRef;
use crate::{PathRole, WorldPoint};

/// Part of the radius that is not searched for.
const SLACK: f64 = 0.01;
/// Most cells of one polygon.
const MAX_CELLS: usize = 4096;
/// Most edges measured for one polygon, over all its cells: about a quarter of a second.
const MAX_MEASURED: usize = 1 << 26;
/// Most cells along the longer side of a box at the start.
const MAX_FIRST: f64 = 32.0;
/// Horizontal lines whose widest spans are tried first.
const LINES: u32 = 7;

/// The middle of a large circle inside a polygon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelPoint {
    /// On the world grid; inside the polygon when `radius` is at least 1.
    pub world: WorldPoint,
    /// Distance to the nearest border before rounding to the grid, world units.
    pub radius: f32,
}

/// The label point of the largest polygon of `feature`; `None` where there is none, or none with
/// an inside.
pub(crate) fn label_point(feature: FeatureRef<'_>) -> Option<LabelPoint> {
    let mut largest: Option<(f64, Vec<&[WorldPoint]>)> = None;
    let mut part: Option<(f64, Vec<&[WorldPoint]>)> = None;
    let settle = |part: &mut Option<(f64, Vec<_>)>, largest: &mut Option<(f64, Vec<_>)>| {
        let part = part.take();
        if part.as_ref().is_some_and(|part| largest.as_ref().is_none_or(|most| part.0 > most.0)) {
            *largest = part;
        }
    };
    for path in feature.paths() {
        match path.role {
            PathRole::Exterior => {
                settle(&mut part, &mut largest);
                part = Some((path.world_area(), vec![path.world]));
            }
            PathRole::Hole => {
                if let Some((area, rings)) = &mut part {
                    *area += path.world_area();
                    rings.push(path.world);
                }
            }
            PathRole::Points | PathRole::Line => {}
        }
    }
    settle(&mut part, &mut largest);
    pole(&largest?.1)
}

/// The pole of the polygon that `rings` bound, closed and exterior first.
fn pole(rings: &[&[WorldPoint]]) -> Option<LabelPoint> {
    let polygon = Polygon::of(rings)?;
    let mut best = Cell { middle: [0.0; 2], half: 0.0, distance: 0.0 };
    let mut measured = 0;
    let mut cells = BinaryHeap::new();
    let improve = |best: &mut Cell, cell: Cell| {
        if cell.distance > best.distance {
            *best = cell;
        }
    };
    for number in 1..=LINES {
        if let Some(middle) = polygon.widest_span(f64::from(number) / f64::from(LINES + 1)) {
            improve(&mut best, polygon.cell(middle, 0.0));
        }
    }
    let [width, height] = polygon.size;
    let side = width.min(height).max(width.max(height) / MAX_FIRST);
    let count = |length: f64| (length / side).ceil().max(1.0) as u32;
    for row in 0..count(height) {
        for column in 0..count(width) {
            let middle = [column, row].map(|at| (f64::from(at) + 0.5) * side);
            cells.push(polygon.cell(middle, side / 2.0));
        }
    }
    for cell in &cells {
        improve(&mut best, *cell);
    }
    let mut made = cells.len();
    while let Some(cell) = cells.pop() {
        let enough = best.distance * (1.0 + SLACK);
        measured += 4 * polygon.edges.len();
        if cell.potential() <= enough || made > MAX_CELLS || measured > MAX_MEASURED {
            break;
        }
        let half = cell.half / 2.0;
        for [x, y] in [[-half, -half], [half, -half], [-half, half], [half, half]] {
            let quarter = polygon.cell([cell.middle[0] + x, cell.middle[1] + y], half);
            improve(&mut best, quarter);
            if quarter.potential() > best.distance * (1.0 + SLACK) {
                cells.push(quarter);
                made += 1;
            }
        }
    }
    let world = [0, 1].map(|axis| {
        // Inside the box of a ring of u32.
        (i64::from(polygon.origin[axis]) + best.middle[axis].round() as i64) as u32
    });
    (best.distance > 0.0).then_some(LabelPoint { world, radius: best.distance as f32 })
}

/// A square of the search and how far its middle is from the border; negative outside.
#[derive(Clone, Copy, Debug)]
struct Cell {
    middle: [f64; 2],
    half: f64,
    distance: f64,
}

impl Cell {
    /// No point of the cell is farther inside.
    fn potential(&self) -> f64 {
        self.distance + self.half * std::f64::consts::SQRT_2
    }
}

impl Ord for Cell {
    fn cmp(&self, other: &Self) -> Ordering {
        self.potential()
            .total_cmp(&other.potential())
            .then_with(|| other.middle[0].total_cmp(&self.middle[0]))
            .then_with(|| other.middle[1].total_cmp(&self.middle[1]))
            .then_with(|| self.half.total_cmp(&other.half))
    }
}

impl PartialOrd for Cell {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Cell {}

/// Edges relative to the north-western corner of their box: small numbers, exact in `f64`.
struct Polygon {
    origin: WorldPoint,
    size: [f64; 2],
    edges: Vec<[[f64; 2]; 2]>,
}

impl Polygon {
    /// `None` without an extent in both directions.
    fn of(rings: &[&[WorldPoint]]) -> Option<Self> {
        let mut bounds = crate::WorldBox::EMPTY;
        for point in rings.first()?.iter() {
            bounds.extend(*point);
        }
        let relative =
            |p: WorldPoint| [0, 1].map(|k| (i64::from(p[k]) - i64::from(bounds.min[k])) as f64);
        let size = relative(bounds.max);
        let edges = rings
            .iter()
            .flat_map(|ring| ring.windows(2))
            .filter(|pair| pair[0] != pair[1])
            .map(|pair| [relative(pair[0]), relative(pair[1])])
            .collect();
        (!bounds.is_empty() && size[0] > 0.0 && size[1] > 0.0).then_some(Self {
            origin: bounds.min,
            size,
            edges,
        })
    }

    fn cell(&self, middle: [f64; 2], half: f64) -> Cell {
        Cell { middle, half, distance: self.distance(middle) }
    }

    /// Distance from `point` to the nearest edge; negative outside.
    fn distance(&self, [x, y]: [f64; 2]) -> f64 {
        let mut inside = false;
        let mut nearest = f64::INFINITY;
        for [[ax, ay], [bx, by]] in &self.edges {
            if (*ay > y) != (*by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax {
                inside = !inside;
            }
            let (dx, dy) = (bx - ax, by - ay);
            let along = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
            let (ex, ey) = (x - ax - along * dx, y - ay - along * dy);
            nearest = nearest.min(ex * ex + ey * ey);
        }
        let distance = nearest.sqrt();
        if inside { distance } else { -distance }
    }

    /// The middle of the widest span inside the polygon, at this part of its height.
    fn widest_span(&self, part: f64) -> Option<[f64; 2]> {
        let y = self.size[1] * part;
        let mut at: Vec<f64> = self
            .edges
            .iter()
            .filter(|[a, b]| (a[1] > y) != (b[1] > y))
            .map(|[a, b]| a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]))
            .collect();
        at.sort_unstable_by(f64::total_cmp);
        let spans = at.chunks_exact(2).map(|span| (span[1] - span[0], span[0]));
        let widest = spans.reduce(|best, span| if span.0 > best.0 { span } else { best })?;
        Some([widest.1 + widest.0 / 2.0, y])
    }
}

#[cfg(test)]
#[path = "label_point_tests.rs"]
mod tests;
