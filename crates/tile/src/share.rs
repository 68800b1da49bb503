//! Which features a tile draws as themselves, which it sums up and which it leaves to its
//! neighbours.
//!
//! *Invariant:* over the tiles of a zoom each feature is either drawn as itself, in every tile that
//! it shows in, or counts in one cell of one tile, though each tile has a plan of its own: what
//! crosses a border is drawn by both sides, or is too small for any. What lies in the buffer alone is
//! drawn only while no neighbour can be heavy enough to sum it up.

use spatial::{Shard, Size, WorldBox};

use crate::coord::TileCoord;
use crate::limits::Limits;
use crate::plan::Plan;
use crate::source::LayerInput;

/// Bytes that a feature weighs hardly more than.
const HEAVY: f64 = 300.0;

/// What becomes of a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Drawn,
    Summed,
    /// A neighbour draws or sums it up.
    Left,
}

/// The plan of a layer at the place of its tile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    /// The tile without its buffer; its far borders are those of the next tiles.
    core: WorldBox,
    /// Below this size features are drawn in no tile of the zoom.
    unseen: Size,
    plan: Plan,
    /// Whether what lies in the buffer alone is drawn.
    guests: bool,
}

impl Share {
    pub fn new(coord: TileCoord, plan: Plan, guests: bool) -> Self {
        let core = core(coord);
        Self { core, unseen: Plan::everything(coord).least, plan, guests }
    }

    /// Whether features of this size are summed up, but for what crosses a border.
    #[inline]
    pub fn sums(&self, size: Size) -> bool {
        size < self.plan.least || (self.plan.points && size == Size::POINT)
    }

    /// What becomes of the feature at `slot` of `shard`.
    #[inline]
    pub fn part(&self, shard: &Shard, slot: usize) -> Part {
        let size = shard.sizes()[slot];
        if self.sums(size) {
            let crosses = size >= self.unseen && size != Size::POINT && self.crosses(shard, slot);
            return if crosses { Part::Drawn } else { Part::Summed };
        }
        if self.guests || self.core.intersects(&shard.world_boxes()[slot]) {
            Part::Drawn
        } else {
            Part::Left
        }
    }

    /// Whether some features are summed up that would be drawn if they crossed a border.
    pub fn has_crossing(&self) -> bool {
        self.unseen < self.plan.least
    }

    /// Whether the box of the feature crosses a border of the tile.
    #[inline]
    pub fn crosses(&self, shard: &Shard, slot: usize) -> bool {
        let area = &shard.world_boxes()[slot];
        self.core.intersects(area) && !self.core.contains(area)
    }

    /// Visits features of classes that are summed up though they cross a border, each once.
    pub fn each_crossing<'a>(
        &self,
        layer: &LayerInput<'a>,
        visit: &mut dyn FnMut(&'a Shard, usize),
    ) {
        if !self.has_crossing() {
            return;
        }
        let WorldBox { min, max } = self.core;
        let borders = [
            WorldBox { min, max: [max[0], min[1]] },
            WorldBox { min: [min[0], max[1]], max },
            WorldBox { min, max: [min[0], max[1]] },
            WorldBox { min: [max[0], min[1]], max },
        ];
        for (number, border) in borders.iter().enumerate() {
            layer.source.search_large(border, self.unseen, &mut |shard, slots| {
                for slot in slots {
                    let slot = usize::from(*slot);
                    let area = &shard.world_boxes()[slot];
                    let seen = borders[..number].iter().any(|border| border.intersects(area));
                    let size = shard.sizes()[slot];
                    let counts = self.sums(size) && size != Size::POINT;
                    if !seen && counts && self.crosses(shard, slot) {
                        visit(shard, slot);
                    }
                }
            });
        }
    }
}

/// The tile without its buffer, without the first units of the next tiles.
fn core(coord: TileCoord) -> WorldBox {
    let side = 1_u64 << (32 - u32::from(coord.z()));
    let low = [coord.x(), coord.y()].map(|tile| u64::from(tile) * side);
    WorldBox { min: low.map(|v| v as u32), max: low.map(|v| (v + side - 1) as u32) }
}

/// Whether no neighbour of the tile at `coord`, which has `own` features, can hold so much of the
/// layer that it sums up what it could draw: whether all of them together are light. Follows from
/// the features alone.
pub(crate) fn neighbours_are_light(
    layer: &LayerInput<'_>,
    coord: TileCoord,
    limits: &Limits,
    own: f64,
) -> bool {
    let most = (limits.raw_bytes() as f64 / HEAVY).min(limits.features as f64);
    if own > most {
        return false;
    }
    let WorldBox { min, max } = core(coord);
    let side = max[0] - min[0];
    let around = WorldBox {
        min: min.map(|v| v.saturating_sub(side)),
        max: max.map(|v| v.saturating_add(side)),
    };
    match layer.source.count_in(&around) {
        Some(count) => count as f64 <= most,
        None => own * 4.0 <= most,
    }
}
