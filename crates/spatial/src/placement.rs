//! Where the features of a shard lie on a world grid.
//!
//! *Invariant:* one point a vertex, one box and one area a feature, in the order of the shard.

use std::ops::Range;
use std::sync::OnceLock;

use crate::geometry::PathRole;
use crate::label_point::LabelPoint;
use crate::packed_tree::PackedTree;
use crate::shard::Body;
use crate::size::SIZES;
use crate::{ShardCells, Size, WorldBox, WorldPoint};

/// Appends the points on another grid of the vertices of features, which are given as ranges, and
/// answers feature by feature whether it has a place there.
pub type ToGrid<'a> = &'a dyn Fn(&[[f64; 2]], &[Range<usize>], &mut Vec<WorldPoint>) -> Vec<bool>;

/// Where the features of a shard lie on one grid.
#[derive(Clone, Debug)]
pub(crate) struct Placement {
    /// By vertex.
    pub(crate) points: Vec<WorldPoint>,
    /// By slot; empty for a feature without a place.
    pub(crate) boxes: Vec<WorldBox>,
    /// Twice the planar area by slot, in squared world units; holes do not count. [`MANY`] where
    /// that is no number below it.
    pub(crate) areas2: Vec<u32>,
    pub(crate) sizes: Vec<Size>,
    /// Features of each size class, then points.
    pub(crate) size_counts: [u16; SIZES + 1],
    pub(crate) cells: ShardCells,
    /// Label points by slot, each found when it is first asked for; 16 bytes a feature, and only
    /// in shards of which a label was asked.
    pub(crate) labels: OnceLock<Box<[OnceLock<LabelPoint>]>>,
    /// The tree over the boxes, once the shard is finished.
    pub(crate) tree: PackedTree<WorldBox>,
}

/// Stands for an area that does not fit.
pub(crate) const MANY: u32 = u32::MAX;

impl Placement {
    /// No feature yet, room for `capacity`.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            points: Vec::with_capacity(capacity * 8),
            boxes: Vec::with_capacity(capacity),
            areas2: Vec::with_capacity(capacity),
            sizes: Vec::new(),
            size_counts: [0; SIZES + 1],
            cells: ShardCells::default(),
            labels: OnceLock::new(),
            tree: PackedTree::build(&[]),
        }
    }

    /// Adds what follows from the points of the next feature of `body`, which are there.
    pub(crate) fn push(&mut self, body: &Body) {
        let slot = self.boxes.len();
        let mut world_box = WorldBox::EMPTY;
        for point in &self.points[body.vertices(slot)] {
            world_box.extend(*point);
        }
        self.boxes.push(world_box);
        let area2 = self.sum_area(body, slot) * 2.0;
        let fits = (0.0..f64::from(MANY)).contains(&area2);
        // A whole number: rings have vertices at whole numbers.
        self.areas2.push(if fits { area2 as u32 } else { MANY });
    }

    /// Planar area of a feature of `body` in squared world units; holes do not count.
    #[inline]
    pub(crate) fn area(&self, body: &Body, slot: usize) -> f64 {
        match self.areas2[slot] {
            MANY => self.sum_area(body, slot),
            area2 => f64::from(area2) / 2.0,
        }
    }

    fn sum_area(&self, body: &Body, slot: usize) -> f64 {
        let area =
            |path: usize| ring_area(body.roles[path], &self.points[body.path_vertices(path)]);
        body.paths(slot).map(area).sum()
    }

    /// All features of `body` on the grid that `to_world` leads to, without the tree.
    pub(crate) fn of(body: &Body, to_world: ToGrid<'_>) -> Self {
        let features: Vec<Range<usize>> =
            (0..body.ids.len()).map(|slot| body.vertices(slot)).collect();
        let mut points = Vec::with_capacity(body.coords.len());
        let placed = to_world(&body.coords, &features, &mut points);
        assert_eq!(points.len(), body.coords.len(), "one world point a coordinate");
        assert_eq!(placed.len(), features.len(), "one answer a feature");
        let mut placement = Self { points, ..Self::with_capacity(0) };
        placement.boxes.reserve_exact(features.len());
        placement.areas2.reserve_exact(features.len());
        for is_placed in placed {
            placement.push(body);
            if let (false, Some(last)) = (is_placed, placement.boxes.last_mut()) {
                *last = WorldBox::EMPTY;
            }
        }
        placement
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.points.capacity() * size_of::<WorldPoint>()
            + self.boxes.capacity() * size_of::<WorldBox>()
            + self.areas2.capacity() * size_of::<u32>()
            + self.sizes.capacity() * size_of::<Size>()
            + self.cells.heap_bytes()
            + self.labels.get().map_or(0, |labels| size_of_val(&**labels))
            + self.tree.heap_bytes()
    }
}

/// Area of a ring in squared world units: negative for a hole, which takes from its exterior; 0
/// for points and lines.
pub(crate) fn ring_area(role: PathRole, ring: &[WorldPoint]) -> f64 {
    match role.area_sign() {
        0.0 => 0.0,
        sign => sign * turned_area2(ring).abs() / 2.0,
    }
}

/// Twice the area of a ring in squared world units, positive when it turns right on the map (y
/// south).
pub(crate) fn turned_area2(ring: &[WorldPoint]) -> f64 {
    let Some(&origin) = ring.first() else { return 0.0 };
    let relative = |p: &WorldPoint| [0, 1].map(|k| (i64::from(p[k]) - i64::from(origin[k])) as f64);
    let mut sum = 0.0;
    let mut previous = [0.0; 2];
    for point in ring {
        let point = relative(point);
        sum += previous[0] * point[1] - point[0] * previous[1];
        previous = point;
    }
    sum
}
