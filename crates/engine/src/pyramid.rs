//! Whole pyramids: which tiles have something in them, and many tiles at a time.

use std::ops::RangeInclusive;
use std::sync::Arc;

use spatial::{CollectionId, FieldClass, Snapshot};
use tile::{TileCoord, TileMatrixSet};

use crate::compress::for_archive;
use crate::grids::Grids;
use crate::pool::each_in_parallel;
use crate::tiles::{Content, HIGHEST_IN_TILES, cut};
use crate::{Encoding, Engine, EngineError};

/// A pyramid to cut: one state of some collections on one grid.
#[derive(Clone, Debug)]
pub struct Pyramid {
    state: Arc<Snapshot>,
    /// Ascending, each once.
    collections: Arc<[CollectionId]>,
    matrix_set: &'static TileMatrixSet,
}

impl Engine {
    /// The pyramid of the current state of `collections`.
    pub fn pyramid(
        &self,
        collections: &[CollectionId],
        matrix_set: &'static TileMatrixSet,
    ) -> Result<Pyramid, EngineError> {
        // A collection whose key is above the class of tiles is in none.
        let state = self.seeing(HIGHEST_IN_TILES).snapshot();
        let mut collections = collections.to_vec();
        collections.sort_unstable();
        collections.dedup();
        if let Some(id) = collections.iter().find(|id| !state.collections.contains_key(*id)) {
            return Err(EngineError::UnknownCollection { id: id.clone() });
        }
        Ok(Pyramid { state, collections: collections.into(), matrix_set })
    }

    /// For each of `zooms` the tiles in which a feature may show.
    pub async fn filled_tiles(
        &self,
        pyramid: &Pyramid,
        zooms: RangeInclusive<u8>,
    ) -> Result<Vec<Vec<TileCoord>>, EngineError> {
        let (pyramid, buffer) = (pyramid.clone(), self.settings().limits.buffer);
        let grids = Arc::clone(&self.0.grids);
        let find = move || {
            let mut levels: Vec<Vec<TileCoord>> = Vec::new();
            let first = pyramid.matrix_set.min_zoom();
            for zoom in first..=*zooms.end() {
                let candidates = match levels.last() {
                    None => pyramid.all_of(zoom),
                    Some(above) => {
                        let below = |coord: &TileCoord| {
                            let (x, y) = (coord.x() * 2, coord.y() * 2);
                            [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)]
                        };
                        pyramid.coords(above.iter().flat_map(below), zoom)
                    }
                };
                let filled = each_in_parallel(&candidates, |coord| {
                    pyramid.is_filled(&grids, *coord, buffer)
                });
                let filled = filled.into_iter().collect::<Result<Vec<_>, _>>()?;
                let filled = candidates.into_iter().zip(filled).filter(|(_, filled)| *filled);
                levels.push(filled.map(|(coord, _)| coord).collect());
            }
            let above = zooms.start().saturating_sub(first);
            levels.drain(..usize::from(above).min(levels.len()));
            Ok(levels)
        };
        self.pool().run_waiting(find).await?
    }

    /// The tiles at `coords` compressed by gzip, in the same order; empty bytes for one in which
    /// nothing shows. They are cut on all threads and not kept.
    pub async fn cut(
        &self,
        pyramid: &Pyramid,
        coords: Vec<TileCoord>,
    ) -> Result<Vec<Arc<[u8]>>, EngineError> {
        let (pyramid, limits) = (pyramid.clone(), self.settings().limits);
        let grids = Arc::clone(&self.0.grids);
        let cut_all = move || {
            let shown = Content {
                collections: &pyramid.collections,
                highest: FieldClass::L1,
                // Each is drawn once.
                commands: None,
                selection: None,
            };
            let cut_one = |coord: &TileCoord| {
                let place = (pyramid.matrix_set, *coord);
                let state = (&*pyramid.state, &*grids);
                let (tile, _) = cut(state, &shown, place, &limits, Encoding::Identity)?;
                for_archive(&tile.bytes)
            };
            each_in_parallel(&coords, cut_one).into_iter().collect()
        };
        self.pool().run_waiting(cut_all).await?
    }
}

impl Pyramid {
    /// The state that is cut.
    pub fn state(&self) -> &Arc<Snapshot> {
        &self.state
    }

    /// The collections, ascending.
    pub fn collections(&self) -> &[CollectionId] {
        &self.collections
    }

    fn coords(&self, places: impl IntoIterator<Item = (u32, u32)>, zoom: u8) -> Vec<TileCoord> {
        let coord = |(x, y)| TileCoord::new(self.matrix_set, u32::from(zoom), x, y).ok();
        places.into_iter().filter_map(coord).collect()
    }

    /// Every tile of a zoom.
    fn all_of(&self, zoom: u8) -> Vec<TileCoord> {
        let (columns, rows) =
            (self.matrix_set.matrix_width(zoom), self.matrix_set.matrix_height(zoom));
        self.coords((0..columns).flat_map(|x| (0..rows).map(move |y| (x, y))), zoom)
    }

    /// Whether a feature lies in the tile or close by, at whatever zoom it shows.
    fn is_filled(&self, grids: &Grids, coord: TileCoord, buffer: u32) -> Result<bool, EngineError> {
        let area = coord.world_box(buffer);
        for id in self.collections.iter() {
            let layer = &self.state.collections[id];
            let found = match grids.source(layer, self.matrix_set, &area)? {
                Some(placed) => !placed.is_empty(),
                None => {
                    let mut found = false;
                    layer.search_world(&area, &mut |_shard, _slots| found = true);
                    found
                }
            };
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
