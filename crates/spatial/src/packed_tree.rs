//! A packed R-tree over boxes that lie in order already: sixteen to a node, no pointers.
//!
//! Node `n` of a level covers the items `n · 16^level .. (n + 1) · 16^level`, so that a whole
//! subtree is one contiguous range of items.

use std::ops::Range;

use crate::tight::tighten;
use crate::{Envelope, WorldBox};

/// Children of a node.
pub(crate) const FANOUT: usize = 16;

/// A box that a tree can be packed over.
pub trait Bounds: Copy {
    /// The box of no point.
    const EMPTY: Self;
    /// Whether no point lies inside.
    fn is_empty(&self) -> bool;
    /// The smallest box that holds both.
    fn union(&self, other: &Self) -> Self;
    /// Whether they share at least one point.
    fn intersects(&self, other: &Self) -> bool;
    /// Whether `other` lies inside, borders included.
    fn contains(&self, other: &Self) -> bool;
}

impl Bounds for WorldBox {
    const EMPTY: Self = Self::EMPTY;
    fn is_empty(&self) -> bool {
        self.is_empty()
    }
    fn union(&self, other: &Self) -> Self {
        self.union(other)
    }
    fn intersects(&self, other: &Self) -> bool {
        self.intersects(other)
    }
    fn contains(&self, other: &Self) -> bool {
        self.contains(other)
    }
}

impl Bounds for Envelope {
    const EMPTY: Self = Self::EMPTY;
    fn is_empty(&self) -> bool {
        self.is_empty()
    }
    fn union(&self, other: &Self) -> Self {
        self.union(other)
    }
    fn intersects(&self, other: &Self) -> bool {
        self.intersects(other)
    }
    fn contains(&self, other: &Self) -> bool {
        self.contains(other)
    }
}

/// What a visitor wants of the subtree under a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descent {
    /// Nothing of it.
    Skip,
    /// All of it, unseen.
    Take,
    /// To see its parts; for a single item: that item.
    Open,
}

/// A node of a tree: its level, counted from 1, and its position there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    level: usize,
    position: usize,
}

impl Node {
    /// Whether items lie directly under it.
    pub fn is_leaf(self) -> bool {
        self.level == 1
    }
}

/// What lies under a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Another node.
    Node(Node),
    /// The item at this position.
    Item(usize),
}

/// The tree over a slice of boxes that its owner keeps.
#[derive(Clone, Debug)]
pub struct PackedTree<B> {
    nodes: Vec<B>,
    /// Where each level starts in `nodes`, finest first, and the end of the last.
    levels: Vec<usize>,
}

impl<B: Bounds> PackedTree<B> {
    /// The tree over `items`.
    pub fn build(items: &[B]) -> Self {
        let union = |boxes: &[B]| boxes.iter().fold(B::EMPTY, |all, one| all.union(one));
        let mut nodes: Vec<B> = items.chunks(FANOUT).map(union).collect();
        let mut levels = vec![0, nodes.len()];
        let mut start = 0;
        while nodes.len() - start > 1 {
            let parents: Vec<B> = nodes[start..].chunks(FANOUT).map(union).collect();
            start = nodes.len();
            nodes.extend(parents);
            levels.push(nodes.len());
        }
        tighten(&mut nodes);
        Self { nodes, levels }
    }

    /// The box of all items.
    pub fn bounds(&self) -> B {
        self.nodes.last().copied().unwrap_or(B::EMPTY)
    }

    /// The lowest nodes: node n is the box of the items `n · 16 .. (n + 1) · 16`.
    pub(crate) fn lowest(&self) -> &[B] {
        &self.nodes[..self.levels[1]]
    }

    /// Walks down from the root in the order of the items. `classify` sees the box of a node
    /// or item and says what is wanted; `found` gets ranges of items and whether they were
    /// taken unseen (`true`) or opened one by one (`false`).
    ///
    /// `items` must be the slice that the tree was built over.
    pub fn walk(
        &self,
        items: &[B],
        classify: &mut impl FnMut(&B) -> Descent,
        found: &mut impl FnMut(Range<usize>, bool),
    ) {
        let top = self.levels.len() - 1;
        self.walk_nodes(top, self.levels[top - 1]..self.levels[top], items, classify, found);
    }

    /// Walks the children `range` of one node: nodes of `level` (counted from 1), whose
    /// positions in `nodes` they are.
    fn walk_nodes(
        &self,
        level: usize,
        range: Range<usize>,
        items: &[B],
        classify: &mut impl FnMut(&B) -> Descent,
        found: &mut impl FnMut(Range<usize>, bool),
    ) {
        let start = self.levels[level - 1];
        for node in range {
            let position = node - start;
            match classify(&self.nodes[node]) {
                Descent::Skip => {}
                Descent::Take => {
                    let span = FANOUT.pow(level as u32);
                    found(position * span..((position + 1) * span).min(items.len()), true);
                }
                Descent::Open if level == 1 => {
                    let end = ((position + 1) * FANOUT).min(items.len());
                    let start = position * FANOUT;
                    for (item, bounds) in items[start..end].iter().enumerate() {
                        let item = start + item;
                        match classify(bounds) {
                            Descent::Skip => {}
                            verdict => found(item..item + 1, verdict == Descent::Take),
                        }
                    }
                }
                Descent::Open => {
                    let below = self.levels[level - 2];
                    let end = (below + (position + 1) * FANOUT).min(start);
                    self.walk_nodes(
                        level - 1,
                        below + position * FANOUT..end,
                        items,
                        classify,
                        found,
                    );
                }
            }
        }
    }

    /// The node over all others; none of an empty tree.
    pub fn root(&self) -> Option<Node> {
        self.nodes.last().map(|_| Node { level: self.levels.len() - 1, position: 0 })
    }

    /// Visits what lies directly under a node with its box.
    ///
    /// `items` must be the slice that the tree was built over.
    pub fn parts(&self, node: Node, items: &[B], visit: &mut impl FnMut(Part, &B)) {
        let Node { level, position } = node;
        let first = position * FANOUT;
        if level == 1 {
            let end = (first + FANOUT).min(items.len());
            for (item, bounds) in (first..).zip(&items[first..end]) {
                visit(Part::Item(item), bounds);
            }
        } else {
            let (start, end) = (self.levels[level - 2], self.levels[level - 1]);
            for place in first..(first + FANOUT).min(end - start) {
                let node = Node { level: level - 1, position: place };
                visit(Part::Node(node), &self.nodes[start + place]);
            }
        }
    }

    /// Finds the items that intersect `area`, as ranges in ascending order.
    pub fn search(&self, items: &[B], area: &B, found: &mut impl FnMut(Range<usize>)) {
        // The box of no point has the borders of the whole world, turned inside out.
        let meets = |bounds: &B| !bounds.is_empty() && area.intersects(bounds);
        if area.is_empty() {
            return;
        }
        let mut classify = |bounds: &B| {
            if !meets(bounds) {
                Descent::Skip
            } else if area.contains(bounds) {
                Descent::Take
            } else {
                Descent::Open
            }
        };
        // A node that is taken whole may hold empty boxes: they are in no area.
        self.walk(items, &mut classify, &mut |range, taken| {
            if !taken || range.len() == 1 {
                return found(range);
            }
            let mut start = range.start;
            for item in range.clone() {
                if !meets(&items[item]) {
                    if start < item {
                        found(start..item);
                    }
                    start = item + 1;
                }
            }
            if start < range.end {
                found(start..range.end);
            }
        });
    }

    /// Bytes of memory that the tree holds.
    pub fn heap_bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<B>() + self.levels.capacity() * size_of::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shares_a_point(a: &WorldBox, b: &WorldBox) -> bool {
        (0..2).all(|axis| a.min[axis].max(b.min[axis]) <= a.max[axis].min(b.max[axis]))
    }

    fn world_box() -> impl Strategy<Value = WorldBox> {
        (0..100_u32, 0..100_u32, 0..20_u32, 0..20_u32, 0..10_u8).prop_map(|(x, y, w, h, kind)| {
            match kind {
                0 => WorldBox::EMPTY,
                1 => WorldBox { min: [0; 2], max: [u32::MAX; 2] },
                _ => WorldBox { min: [x, y], max: [x + w, y + h] },
            }
        })
    }

    proptest! {
        #[test]
        fn search_finds_what_a_scan_finds(
            items in prop::collection::vec(world_box(), 0..600),
            area in world_box(),
        ) {
            let tree = PackedTree::build(&items);
            let mut found = Vec::new();
            tree.search(&items, &area, &mut |range| found.extend(range));
            let expected: Vec<usize> =
                (0..items.len()).filter(|i| shares_a_point(&area, &items[*i])).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn taking_the_root_takes_every_item_once(
            items in prop::collection::vec(world_box(), 0..600),
        ) {
            let tree = PackedTree::build(&items);
            let mut found = Vec::new();
            tree.walk(&items, &mut |_| Descent::Open, &mut |range, _| found.extend(range));
            prop_assert_eq!(found, (0..items.len()).collect::<Vec<_>>());
            let mut taken = Vec::new();
            tree.walk(&items, &mut |_| Descent::Take, &mut |range, _| taken.extend(range));
            prop_assert_eq!(taken, (0..items.len()).collect::<Vec<_>>());
            let (mut open, mut parts) = (Vec::from_iter(tree.root()), Vec::new());
            while let Some(node) = open.pop() {
                tree.parts(node, &items, &mut |part, bounds| match part {
                    Part::Node(node) => open.push(node),
                    Part::Item(item) => {
                        assert_eq!(*bounds, items[item]);
                        parts.push(item);
                    }
                });
            }
            parts.sort_unstable();
            prop_assert_eq!(parts, (0..items.len()).collect::<Vec<_>>());
        }
    }
}
