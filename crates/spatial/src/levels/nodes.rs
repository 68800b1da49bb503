//! Finds the nodes among the vertices of some features.

use crate::{FeatureRef, PathRole, WorldPoint};

/// What is known of a place on the world grid that some vertex lies on.
#[derive(Clone, Copy)]
struct Entry {
    place: u64,
    /// Sum over the two neighbours, whichever comes first; [`NODE`] where two sums met.
    around: u64,
}

const NODE: u64 = 0;
/// World coordinates make any number but this one: the farthest corner of the world, which is of
/// no tile.
const FREE: u64 = u64::MAX;

/// Places of vertices and whether they are nodes; open addressing, at most half full.
#[derive(Default)]
pub(super) struct Nodes {
    entries: Vec<Entry>,
    shift: u32,
}

/// One vertex of an arc or ring: which of its path, and where it lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vertex {
    pub position: u32,
    pub at: WorldPoint,
}

#[inline]
fn place([x, y]: WorldPoint) -> u64 {
    u64::from(x) << 32 | u64::from(y)
}

#[inline]
fn mixed(place: u64) -> u64 {
    let place = place.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (place ^ place >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

impl Nodes {
    /// Forgets everything and makes room for `count` vertices.
    pub fn clear(&mut self, count: usize) {
        let size = (2 * count).next_power_of_two().max(64);
        self.shift = 64 - size.trailing_zeros();
        self.entries.clear();
        self.entries.resize(size, Entry { place: FREE, around: NODE });
    }

    #[inline]
    fn find(&self, place: u64) -> usize {
        let mask = self.entries.len() - 1;
        let mut slot = (mixed(place) >> self.shift) as usize;
        while self.entries[slot].place != place && self.entries[slot].place != FREE {
            slot = (slot + 1) & mask;
        }
        slot
    }

    /// Whether a vertex at `point` is a node.
    #[inline]
    pub fn is_node(&self, point: WorldPoint) -> bool {
        self.entries[self.find(place(point))].around == NODE
    }

    /// Takes in the vertices of a feature whose levels are asked for.
    pub fn add(&mut self, feature: FeatureRef<'_>, vertices: &mut Vec<Vertex>) {
        self.walk(feature, vertices, |nodes, place, around| {
            let slot = nodes.find(place);
            let entry = &mut nodes.entries[slot];
            if entry.place == FREE {
                *entry = Entry { place, around };
            } else if entry.around != around {
                entry.around = NODE;
            }
        });
    }

    /// Takes in what a feature beside says of vertices that were added.
    pub fn meet(&mut self, feature: FeatureRef<'_>, vertices: &mut Vec<Vertex>) {
        self.walk(feature, vertices, |nodes, place, around| {
            let slot = nodes.find(place);
            let entry = &mut nodes.entries[slot];
            if entry.place != FREE && entry.around != around {
                entry.around = NODE;
            }
        });
    }

    #[inline]
    fn walk(
        &mut self,
        feature: FeatureRef<'_>,
        vertices: &mut Vec<Vertex>,
        mut take: impl FnMut(&mut Self, u64, u64),
    ) {
        for path in feature.paths() {
            let ring = match path.role {
                PathRole::Points => continue,
                PathRole::Line => false,
                PathRole::Exterior | PathRole::Hole => true,
            };
            distinct(path.world, ring, vertices);
            let count = vertices.len();
            for number in 0..count {
                let here = place(vertices[number].at);
                let around = if !ring && (number == 0 || number + 1 == count) {
                    NODE
                } else {
                    let before = vertices[if number == 0 { count - 1 } else { number - 1 }].at;
                    let after = vertices[if number + 1 == count { 0 } else { number + 1 }].at;
                    let (before, after) = (place(before), place(after));
                    // A spike's tip is a node.
                    match before == after {
                        true => NODE,
                        false => mixed(before).wrapping_add(mixed(after)).max(1),
                    }
                };
                take(self, here, around);
            }
        }
    }
}

/// The vertices of a path without those that repeat their predecessor, a ring without its closing
/// vertex.
pub(super) fn distinct(path: &[WorldPoint], ring: bool, vertices: &mut Vec<Vertex>) {
    vertices.clear();
    let mut last = None;
    for (position, point) in path.iter().enumerate() {
        if last != Some(*point) {
            vertices.push(Vertex { position: position as u32, at: *point });
            last = Some(*point);
        }
    }
    while ring && vertices.len() > 1 && vertices.first().map(|v| v.at) == last {
        vertices.pop();
        last = vertices.last().map(|v| v.at);
    }
}
