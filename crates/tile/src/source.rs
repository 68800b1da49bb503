//! What a layer is drawn from.

use crate::kept::CommandCache;
use spatial::{CollectionSnapshot, Portion, Shard, Size, WorldBox};

/// A searchable set of features.
pub trait FeatureSource: Sync {
    /// Number of features in all, drawn or not.
    fn count(&self) -> u64;

    /// Calls `visit` with each shard that has features whose world box meets `area`, and their
    /// slots in ascending order. The order of shards is the same whatever the area, so that
    /// neighbouring tiles agree.
    fn search<'a>(&'a self, area: &WorldBox, visit: &mut dyn FnMut(&'a Shard, &[u16]));

    /// As [`FeatureSource::search`], of features of class `least` and above; points are.
    fn search_large<'a>(
        &'a self,
        area: &WorldBox,
        least: Size,
        visit: &mut dyn FnMut(&'a Shard, &[u16]),
    ) {
        let mut large = Vec::new();
        self.search(area, &mut |shard, slots| {
            large.clear();
            large.extend(slots.iter().filter(|slot| shard.sizes()[usize::from(**slot)] >= least));
            if !large.is_empty() {
                visit(shard, &large);
            }
        });
    }

    /// Number of features whose world box meets `area`; `None` when that would cost as much as
    /// finding them.
    fn count_in(&self, _area: &WorldBox) -> Option<usize> {
        None
    }

    /// Visits whole shards whose features may meet `area`, with the slots that do not count, and
    /// features apart from them. `false` when features can only be had one by one.
    fn portions<'a>(&'a self, _area: &WorldBox, _visit: &mut dyn FnMut(Portion<'a, '_>)) -> bool {
        false
    }
}

impl FeatureSource for CollectionSnapshot {
    fn count(&self) -> u64 {
        self.collection().count
    }

    fn search<'a>(&'a self, area: &WorldBox, visit: &mut dyn FnMut(&'a Shard, &[u16])) {
        self.search_world(area, visit);
    }

    fn search_large<'a>(
        &'a self,
        area: &WorldBox,
        least: Size,
        visit: &mut dyn FnMut(&'a Shard, &[u16]),
    ) {
        self.search_large(area, least, visit);
    }

    fn count_in(&self, area: &WorldBox) -> Option<usize> {
        Some(self.count_world(area))
    }

    fn portions<'a>(&'a self, area: &WorldBox, visit: &mut dyn FnMut(Portion<'a, '_>)) -> bool {
        self.portions(area, visit);
        true
    }
}

/// One layer of a tile.
#[derive(Clone, Copy)]
pub struct LayerInput<'a> {
    /// Name of the tile layer; unique in its tile.
    pub name: &'a str,
    /// The features.
    pub source: &'a dyn FeatureSource,
    /// Columns that become attributes: position in the shard and name of the attribute.
    pub columns: &'a [(usize, &'a str)],
    /// Where commands of its polygons are kept from tile to tile, if at all.
    pub commands: Option<&'a CommandCache>,
}

impl std::fmt::Debug for LayerInput<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LayerInput")
            .field("name", &self.name)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}
