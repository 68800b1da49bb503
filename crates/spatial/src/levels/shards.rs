//! Levels of the features of a shard, with those of other shards around them in view.

use super::arcs::{Arcs, unset};
use super::nodes::{Nodes, Vertex, distinct};
use crate::{FeatureRef, PathRole};

/// Scratch that a thread uses again.
#[derive(Default)]
pub(crate) struct Members {
    nodes: Nodes,
    arcs: Arcs,
    vertices: Vec<Vertex>,
}

/// Levels of the vertices of `features`, one after the other, seen beside `others`: at least all
/// features of the state that share a vertex with them, themselves left out.
pub(crate) fn levels_of<'a>(
    scratch: &mut Members,
    features: impl Iterator<Item = FeatureRef<'a>> + Clone,
    others: impl Iterator<Item = FeatureRef<'a>>,
) -> Vec<u8> {
    let Members { nodes, arcs, vertices } = scratch;
    let count = features.clone().map(FeatureRef::vertex_count).sum();
    nodes.clear(count);
    for feature in features.clone() {
        nodes.add(feature, vertices);
    }
    for feature in others {
        nodes.meet(feature, vertices);
    }
    let mut levels = vec![0; count];
    let mut start = 0;
    for path in features.flat_map(FeatureRef::paths) {
        let end = start + path.world.len();
        let span = &mut levels[start..end];
        start = end;
        let ring = match path.role {
            PathRole::Points => continue,
            PathRole::Line => false,
            PathRole::Exterior | PathRole::Hole => true,
        };
        unset(span);
        distinct(path.world, ring, vertices);
        arcs.level(vertices, ring, nodes, span);
        if ring
            && let Some(first) = span.first().copied()
            && let Some(last) = span.last_mut()
        {
            *last = first;
        }
    }
    levels
}
