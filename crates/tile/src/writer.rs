//! The seam between drawing and bytes.

use spatial::Shard;

use crate::draw::Kind;
use crate::figure::Figure;
use crate::tally::Summed;

/// Writes the features of one tile layer.
pub(crate) trait LayerWriter<'a> {
    /// Features come from `shard` from now on.
    fn enter(&mut self, shard: &'a Shard);

    /// Adds the feature at `slot` of `shard`, the one entered last, drawn as `figure`.
    fn write(&mut self, shard: &Shard, slot: usize, kind: Kind, figure: &Figure);

    /// Adds what stands for many features, drawn as `figure`; its values are under `keys`, which
    /// are the same each time. No single feature comes after the first of these.
    fn write_summed(&mut self, summed: &Summed<'_>, keys: &[String], figure: &Figure);

    /// The layer as field 3 of a tile; empty when it has no feature.
    fn finish(self) -> Vec<u8>;
}
