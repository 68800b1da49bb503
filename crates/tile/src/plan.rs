//! Decides, before drawing, what a layer leaves out so that its tile keeps the limits.
//!
//! Small polygons merge into larger squares first, which keeps their area in sight; only when
//! that is not enough are features sampled by a rank that is the same in every tile.

use spatial::{FeatureId, PathRole};

use crate::frame::Frame;
use crate::select::Selection;

/// Side of the squares of a tile within limits: a quarter of a pixel of a 512-pixel tile.
const MIN_SIDE: usize = 2;
/// Side of the largest squares: five pixels.
const MAX_SIDE: usize = 40;

/// How one layer is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Side of the squares that small polygons merge into, in tile units.
    pub side: i32,
    /// Features of this rank and above are left out.
    pub rank_below: u64,
}

impl Plan {
    /// Everything is drawn.
    pub const ALL: Self = Self { side: MIN_SIDE as i32, rank_below: u64::MAX };

    /// A plan under which about `share` features or fewer are written.
    pub fn within(share: usize, selection: &Selection<'_>, frame: &Frame) -> Self {
        let sizes = Sizes::of(selection, frame);
        let count = selection.len();
        let fits = (MIN_SIDE..=MAX_SIDE).find(|side| sizes.written(*side) <= share as f64);
        if let Some(side) = fits {
            return Self { side: side as i32, ..Self::ALL };
        }
        let kept = (share as f64 / sizes.written(MAX_SIDE) * count as f64) as usize;
        let mut ranks: Vec<u32> = selection
            .runs()
            .flat_map(|(shard, slots)| slots.iter().map(|slot| rank(shard.ids()[*slot as usize])))
            .collect();
        let (_, first_out, _) = ranks.select_nth_unstable(kept.min(count - 1));
        Self { side: MAX_SIDE as i32, rank_below: u64::from(*first_out) }
    }

    /// Whether the feature is drawn.
    #[inline]
    pub fn keeps(&self, id: FeatureId) -> bool {
        self.rank_below == u64::MAX || u64::from(rank(id)) < self.rank_below
    }
}

/// Areas of a layer's polygons by the side of the square they would make.
struct Sizes {
    counts: [usize; MAX_SIDE + 1],
    areas: [f64; MAX_SIDE + 1],
}

impl Sizes {
    fn of(selection: &Selection<'_>, frame: &Frame) -> Self {
        let mut sizes = Self { counts: [0; MAX_SIDE + 1], areas: [0.0; MAX_SIDE + 1] };
        for (shard, slots) in selection.runs() {
            for slot in slots {
                let feature = shard.feature(usize::from(*slot));
                let merges = feature
                    .paths()
                    .all(|path| matches!(path.role, PathRole::Exterior | PathRole::Hole));
                let area = feature.world_area() * frame.area_scale;
                let side = if merges { (area.sqrt() as usize).min(MAX_SIDE) } else { MAX_SIDE };
                sizes.counts[side] += 1;
                sizes.areas[side] += area;
            }
        }
        sizes
    }

    /// Features written when polygons below `side`² merge.
    fn written(&self, side: usize) -> f64 {
        let merged: usize = self.counts[..side].iter().sum();
        let area: f64 = self.areas[..side].iter().sum();
        let whole: usize = self.counts[side..].iter().sum();
        whole as f64 + (area / (side * side) as f64).min(merged as f64)
    }
}

/// Order in which features are left out: highest first. Spread evenly, equal in every tile.
fn rank(id: FeatureId) -> u32 {
    // The finalizer of SplitMix64.
    let mut mixed = id.value().cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed >> 32) as u32 ^ mixed as u32
}

/// Shares `budget` out: who wants little gets it, the rest is split evenly.
pub(crate) fn fair_shares(wants: &[usize], budget: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..wants.len()).collect();
    order.sort_by_key(|position| wants[*position]);
    let mut shares = vec![0; wants.len()];
    let mut left = budget;
    for (served, position) in order.into_iter().enumerate() {
        let share = wants[position].min(left / (wants.len() - served));
        shares[position] = share;
        left -= share;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_little_gets_it() {
        assert_eq!(fair_shares(&[10, 200, 90], 150), [10, 70, 70]);
        assert_eq!(fair_shares(&[10, 20], 150), [10, 20]);
        assert_eq!(fair_shares(&[], 150), [0; 0]);
        assert_eq!(fair_shares(&[5, 5, 5], 0), [0, 0, 0]);
    }
}
