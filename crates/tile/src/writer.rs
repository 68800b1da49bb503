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

    /// Whether the polygon at `slot` of `shard` was drawn whole in an earlier tile and is sound.
    fn knows(&mut self, _shard: &Shard, _slot: usize) -> bool {
        false
    }

    /// Adds the polygon at `slot` of the shard entered last, which this tile holds whole, from what was
    /// kept of it, if something was.
    fn write_kept(&mut self, _slot: usize) -> bool {
        false
    }

    /// Keeps the polygon written last, the one at `slot`, which every tile that holds it whole draws
    /// as `figure`.
    fn keep(&mut self, _slot: usize, _figure: &Figure) {}

    /// Adds what stands for many features, drawn as `figure`; its values are under `keys`, which
    /// are the same each time. No single feature comes after the first of these.
    fn write_summed(&mut self, summed: &Summed<'_>, keys: &[String], figure: &Figure);

    /// The layer as field 3 of a tile; empty when it has no feature.
    fn finish(self) -> Vec<u8>;
}
