//! Finds the features of a layer whose box meets the tile.

use spatial::{Portion, Shard, Size, WorldBox};

use crate::source::LayerInput;

/// Candidates of one layer in snapshot order: at least every feature that shows in the tile.
#[derive(Debug, Default)]
pub(crate) struct Selection<'a> {
    shards: Vec<(&'a Shard, usize)>,
    slots: Vec<u16>,
}

impl<'a> Selection<'a> {
    /// Whatever meets `area`.
    pub fn of(layer: &LayerInput<'a>, area: &WorldBox) -> Self {
        let mut selection = Self { shards: Vec::with_capacity(8), slots: Vec::with_capacity(512) };
        layer.source.search(area, &mut |shard, slots| selection.push(shard, slots));
        selection
    }

    /// What of it is of class `least` or above, points too.
    pub fn large(layer: &LayerInput<'a>, area: &WorldBox, least: Size) -> Self {
        let mut selection = Self::default();
        layer.source.search_large(area, least, &mut |shard, slots| selection.push(shard, slots));
        selection
    }

    fn push(&mut self, shard: &'a Shard, slots: &[u16]) {
        self.slots.extend_from_slice(slots);
        self.shards.push((shard, self.slots.len()));
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

/// The shards of a layer that meet `area`, each with the part of it that does, when they hold
/// more than `few` features there, which are better not looked at one by one.
pub(crate) fn many<'a>(
    layer: &LayerInput<'a>,
    area: &WorldBox,
    few: u64,
) -> Option<Vec<(&'a Shard, f64)>> {
    if layer.source.count() <= few {
        return None;
    }
    let mut shards = Vec::new();
    let mut features = 0;
    let known = layer.source.portions(area, &mut |portion| match portion {
        Portion::Shard { shard, gone } => {
            let part = part_within(&shard.world_tree().bounds(), area);
            let live = (shard.len() - gone.len()) as f64 / shard.len().max(1) as f64;
            features += (shard.len() as f64 * part) as u64;
            shards.push((shard, part * live));
        }
        Portion::Feature(shard, _) => {
            features += 1;
            shards.push((shard, 1.0 / shard.len() as f64));
        }
    });
    (known && features > few).then_some(shards)
}

/// Which part of `inner` lies within `area`, by area.
fn part_within(inner: &WorldBox, area: &WorldBox) -> f64 {
    [0, 1]
        .map(|axis| {
            let (low, high) =
                (inner.min[axis].max(area.min[axis]), inner.max[axis].min(area.max[axis]));
            let side = f64::from(inner.max[axis].saturating_sub(inner.min[axis])) + 1.0;
            (f64::from(high.saturating_sub(low)) + 1.0) / side
        })
        .iter()
        .product()
}
