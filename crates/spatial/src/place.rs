//! The revision of a place: when anything within a box last changed.
//!
//! A persistent quadtree over the world grid. Copies share their nodes, so that each snapshot
//! keeps its own answers; a change costs the depth of the tree whatever the number of tiles
//! over it. Answers are never too old; near a changed place they may be too new.

use std::sync::Arc;

use crate::{Revision, WorldBox};

/// Finest cells: 2^16 along a side, 611 m at the equator.
const MAX_DEPTH: u32 = 16;
/// How many levels below the cells of its own size a question looks.
const EXTRA_DEPTH: u32 = 3;
/// Most nodes; beyond it everything is said to have changed, and the tree starts anew.
const MAX_NODES: usize = 1 << 20;

/// When each part of the world last changed.
#[derive(Clone, Debug)]
pub struct PlaceRevisions {
    root: Node,
    /// Nodes ever added since the tree started.
    nodes: usize,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// Last change of the whole cell.
    whole: Revision,
    /// Last change of anything in the cell.
    newest: Revision,
    children: [Option<Arc<Node>>; 4],
}

impl PlaceRevisions {
    /// Everything last changed at `floor`.
    pub fn new(floor: Revision) -> Self {
        Self { root: Node { whole: floor, newest: floor, ..Node::default() }, nodes: 0 }
    }

    /// Notes a change within `area` at `revision`, which is no older than any noted before.
    pub fn stamp(&mut self, area: &WorldBox, revision: Revision) {
        if area.is_empty() {
            self.root.newest = revision;
            return;
        }
        if self.nodes > MAX_NODES {
            *self = Self::new(revision);
            return;
        }
        let depth = depth_of(area);
        let shift = 32 - depth;
        let cells = |axis: usize| cell(area.min[axis], shift)..=cell(area.max[axis], shift);
        for x in cells(0) {
            for y in cells(1) {
                self.nodes += mark(&mut self.root, depth, x, y, revision);
            }
        }
    }

    /// The newest change within `area`, or close to it.
    pub fn newest(&self, area: &WorldBox) -> Revision {
        if area.is_empty() {
            return Revision(0);
        }
        let depth = (depth_of(area) + EXTRA_DEPTH).min(MAX_DEPTH);
        newest_in(&self.root, 0, [0, 0], area, depth)
    }

    /// The newest change anywhere.
    pub fn newest_anywhere(&self) -> Revision {
        self.root.newest
    }
}

/// The finest depth at which `area` lies in at most two by two cells.
fn depth_of(area: &WorldBox) -> u32 {
    let spread = |depth: u32, axis: usize| {
        cell(area.max[axis], 32 - depth) - cell(area.min[axis], 32 - depth)
    };
    (0..=MAX_DEPTH)
        .rev()
        .find(|depth| spread(*depth, 0) <= 1 && spread(*depth, 1) <= 1)
        .unwrap_or(0)
}

fn cell(coord: u32, shift: u32) -> u64 {
    u64::from(coord) >> shift
}

/// Stamps the cell (x, y) of `depth` levels below `node`; answers how many nodes it added.
fn mark(node: &mut Node, depth: u32, x: u64, y: u64, revision: Revision) -> usize {
    node.newest = revision;
    if depth == 0 {
        node.whole = revision;
        node.children = Default::default();
        return 0;
    }
    let below = depth - 1;
    let child = &mut node.children[((x >> below & 1) << 1 | (y >> below & 1)) as usize];
    let added = usize::from(child.is_none());
    let child = Arc::make_mut(child.get_or_insert_default());
    added + mark(child, below, x, y, revision)
}

fn newest_in(node: &Node, level: u32, [x, y]: [u64; 2], area: &WorldBox, depth: u32) -> Revision {
    let shift = 32 - level;
    let bounds = |coord: u64| (coord << shift, ((coord + 1) << shift) - 1);
    let (cell_x, cell_y) = (bounds(x), bounds(y));
    let (area_x, area_y) = (
        (u64::from(area.min[0]), u64::from(area.max[0])),
        (u64::from(area.min[1]), u64::from(area.max[1])),
    );
    let meets = |(a0, a1): (u64, u64), (b0, b1): (u64, u64)| a0 <= b1 && b0 <= a1;
    let holds = |(a0, a1): (u64, u64), (b0, b1): (u64, u64)| a0 <= b0 && b1 <= a1;
    if !(meets(cell_x, area_x) && meets(cell_y, area_y)) {
        return Revision(0);
    }
    if level == depth || holds(area_x, cell_x) && holds(area_y, cell_y) {
        return node.newest;
    }
    let mut newest = node.whole;
    for (quadrant, child) in node.children.iter().enumerate() {
        if let Some(child) = child {
            let at = [x << 1 | (quadrant as u64 >> 1), y << 1 | (quadrant as u64 & 1)];
            newest = newest.max(newest_in(child, level + 1, at, area, depth));
        }
    }
    newest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn boxes() -> impl Strategy<Value = WorldBox> {
        (any::<[u32; 2]>(), 0..33_u32, any::<[u32; 2]>()).prop_map(|(min, bits, size)| {
            let side = |axis: usize| size[axis].checked_shr(bits).unwrap_or(0);
            let max = [min[0].saturating_add(side(0)), min[1].saturating_add(side(1))];
            WorldBox { min, max }
        })
    }

    proptest! {
        #[test]
        fn a_place_is_never_older_than_what_changed_in_it(
            changes in prop::collection::vec(boxes(), 0..30),
            questions in prop::collection::vec(boxes(), 1..10),
        ) {
            let mut places = PlaceRevisions::new(Revision(1));
            for (position, change) in changes.iter().enumerate() {
                places.stamp(change, Revision(position as u64 + 2));
            }
            for question in &questions {
                let last = changes.iter().rposition(|change| change.intersects(question));
                let expected = last.map_or(1, |position| position as u64 + 2);
                let newest = places.newest(question);
                prop_assert!(newest.0 >= expected, "{newest} for {expected}");
                prop_assert!(newest <= places.newest_anywhere());
            }
        }
    }

    #[test]
    fn a_far_change_leaves_a_place_and_an_older_copy_alone() {
        let tile = |x: u32, y: u32| WorldBox {
            min: [x << 18, y << 18],
            max: [(x << 18) + (1 << 18) - 1, (y << 18) + (1 << 18) - 1],
        };
        let mut places = PlaceRevisions::new(Revision(3));
        let before = places.clone();
        let [x, y] = [13_500 << 18, 6_200 << 18];
        places.stamp(&WorldBox { min: [x + 9, y + 9], max: [x + 900, y + 700] }, Revision(4));
        assert_eq!(places.newest(&tile(13_500, 6_200)), Revision(4));
        assert_eq!(places.newest(&tile(13_502, 6_200)), Revision(3));
        assert_eq!(places.newest(&WorldBox { min: [0; 2], max: [u32::MAX; 2] }), Revision(4));
        assert_eq!(before.newest(&tile(13_500, 6_200)), Revision(3));
    }

    #[test]
    fn too_many_places_make_everything_new_instead_of_growing() {
        let mut places = PlaceRevisions::new(Revision(1));
        places.nodes = MAX_NODES + 1;
        places.stamp(&WorldBox { min: [5; 2], max: [5; 2] }, Revision(2));
        assert_eq!(
            places.newest(&WorldBox { min: [u32::MAX; 2], max: [u32::MAX; 2] }),
            Revision(2)
        );
    }
}
