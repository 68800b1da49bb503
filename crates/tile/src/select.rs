//! Finds the features of a layer whose box meets the tile.

use spatial::{Shard, WorldBox};

use crate::source::LayerInput;

/// Candidates of one layer in snapshot order: at least every feature that shows in the tile.
#[derive(Debug, Default)]
pub(crate) struct Selection<'a> {
    shards: Vec<(&'a Shard, usize)>,
    slots: Vec<u16>,
}

impl<'a> Selection<'a> {
    pub fn of(layer: &LayerInput<'a>, area: &WorldBox) -> Self {
        let mut selection = Self::default();
        layer.source.search(area, &mut |shard, slots| {
            selection.slots.extend_from_slice(slots);
            selection.shards.push((shard, selection.slots.len()));
        });
        selection
    }

    /// Number of candidates.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Candidates shard by shard.
    pub fn runs(&self) -> impl Iterator<Item = (&'a Shard, &[u16])> + Clone {
        let mut start = 0;
        self.shards.iter().map(move |(shard, end)| {
            let slots = &self.slots[start..*end];
            start = *end;
            (*shard, slots)
        })
    }
}
