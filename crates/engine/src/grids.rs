//! The grids that tiles are cut on, and shards as they lie on those other than Web Mercator's.
//!
//! Shards never change, so that their placement on a grid is made once, when a tile first needs
//! it, and kept within a budget of bytes; an edit brings other shards. What is kept of a shard
//! that is no more is let go with the next state.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use rustc_hash::FxHashMap;
use spatial::{
    CollectionSnapshot, Crs, CrsRegistry, GridProjector, PlacedSlots, Shard, WorldBox, WorldGrid,
};
use tile::{FeatureSource, GridDefinition, TileCoord, TileMatrixSet, TileMatrixSets};

use crate::weighed::{self, Room};
use crate::{Engine, EngineError};

/// Bytes of an entry beside the placement: key, links and counters.
const ENTRY_OVERHEAD: u64 = 160;

/// The tile matrix sets of an engine and what is known of their worlds.
pub(crate) struct Grids {
    sets: TileMatrixSets,
    registry: Arc<CrsRegistry>,
    /// By the name of the set; none for one that shares the world of Web Mercator.
    worlds: BTreeMap<&'static str, World>,
    shards: Cache<Key, Placed, ByBytes>,
}

/// One world, and the ways onto it by storage CRS.
struct World {
    grid: WorldGrid,
    /// Tells worlds apart in keys.
    number: u16,
    ways: Mutex<FxHashMap<Crs, GridProjector>>,
}

/// Address of the shard of Web Mercator, and the number of the world. The entry keeps the address
/// from being used again.
type Key = (usize, u16);

#[derive(Clone)]
struct Placed {
    original: Weak<Shard>,
    shard: Arc<Shard>,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Key, Placed> for ByBytes {
    fn weight(&self, _key: &Key, placed: &Placed) -> u64 {
        placed.shard.placement_bytes() as u64 + ENTRY_OVERHEAD
    }
}

impl Grids {
    /// The built-in sets and those of `own`; placements within `bytes`.
    pub(crate) fn new(
        own: &[GridDefinition],
        bytes: u64,
        registry: &Arc<CrsRegistry>,
    ) -> Result<Self, EngineError> {
        let sets = TileMatrixSets::with(own.to_vec(), registry)?;
        let mut worlds = BTreeMap::new();
        for (number, set) in (0..).zip(sets.iter()) {
            if !set.is_web_mercator() {
                let grid = WorldGrid::new(registry, &set.coordinates, set.origin, set.width);
                let grid =
                    grid.map_err(|cause| tile::GridError::Crs { id: set.id.to_owned(), cause })?;
                worlds.insert(set.id, World { grid, number, ways: Mutex::default() });
            }
        }
        // The placement of a full shard of parcels.
        let items = (bytes / 300_000).max(64) as usize;
        let shards = weighed::cache("placements", Room { bytes, items, is_whole: false }, ByBytes)?;
        Ok(Self { sets, registry: Arc::clone(registry), worlds, shards })
    }

    /// A box of the Web Mercator grid that holds everything that may show in `area` of `set`.
    pub(crate) fn to_mercator(&self, set: &TileMatrixSet, area: &WorldBox) -> WorldBox {
        self.worlds.get(set.id).map_or(*area, |world| world.grid.to_mercator(area))
    }

    /// What `layer` shows within `area` of `set`; none when that is its state itself, which lies
    /// on the grid of Web Mercator.
    pub(crate) fn source(
        &self,
        layer: &CollectionSnapshot,
        set: &TileMatrixSet,
        area: &WorldBox,
    ) -> Result<Option<GridSource>, EngineError> {
        let Some(world) = self.worlds.get(set.id) else { return Ok(None) };
        let way = self.way(world, layer)?;
        let around = world.grid.to_mercator(area);
        let shards = layer.search_grid(area, &around, &|shard| self.placed(world, &way, shard));
        Ok(Some(GridSource { count: layer.collection().count, area: *area, shards }))
    }

    fn placed(&self, world: &World, way: &GridProjector, shard: &Arc<Shard>) -> Arc<Shard> {
        let key = (Arc::as_ptr(shard).addr(), world.number);
        let place = || {
            let placed = shard
                .placed(&|coords, features, points| way.project_features(coords, features, points));
            let (original, shard) = (Arc::downgrade(shard), Arc::new(placed));
            Ok::<_, std::convert::Infallible>(Placed { original, shard })
        };
        let Ok(placed) = self.shards.get_or_insert_with(&key, place);
        placed.shard
    }

    fn way(&self, world: &World, layer: &CollectionSnapshot) -> Result<GridProjector, EngineError> {
        let crs = &layer.collection().crs;
        let mut ways = world.ways.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(way) = ways.get(crs) {
            return Ok(way.clone());
        }
        let way = world.grid.projector(&self.registry, crs);
        let way = way.map_err(|error| EngineError::NotOnTheMap {
            id: layer.collection().id.clone(),
            reason: error.to_string(),
        })?;
        ways.insert(crs.clone(), way.clone());
        Ok(way)
    }

    /// Lets go of what belongs to shards that are no more.
    pub(crate) fn sweep(&self) {
        if !self.shards.is_empty() {
            self.shards.retain(|_key, placed| placed.original.strong_count() > 0);
        }
    }

    /// Bytes of the placements that are kept.
    pub(crate) fn bytes(&self) -> u64 {
        self.shards.weight()
    }
}

impl Engine {
    /// The tile matrix sets that tiles are cut on.
    pub fn matrix_sets(&self) -> &TileMatrixSets {
        &self.0.grids.sets
    }

    /// A box of the Web Mercator grid that holds everything that may show in the tile, its buffer
    /// included: what a feature that shows there meets with its [`WorldBox::bulged`] box.
    pub fn around(&self, set: &TileMatrixSet, coord: TileCoord) -> WorldBox {
        self.0.grids.to_mercator(set, &coord.world_box(self.settings().limits.buffer))
    }

    /// A box of the Web Mercator grid that holds the tile alone.
    pub fn tile_ground(&self, set: &TileMatrixSet, coord: TileCoord) -> WorldBox {
        let shift = 32 - u32::from(coord.z());
        let first = |at: u32| at.checked_shl(shift).unwrap_or(0);
        let last = |at: u32| first(at) | 1_u32.checked_shl(shift).unwrap_or(0).wrapping_sub(1);
        let (x, y) = (coord.x(), coord.y());
        let area = WorldBox { min: [first(x), first(y)], max: [last(x), last(y)] };
        self.0.grids.to_mercator(set, &area)
    }

    /// A box on the grid of `set` that holds everything within `area` of the Web Mercator grid;
    /// empty when nothing of it has a place there.
    pub fn box_on(&self, set: &TileMatrixSet, area: &WorldBox) -> WorldBox {
        self.0.grids.worlds.get(set.id).map_or(*area, |world| world.grid.of_mercator(area))
    }

    /// The world of `set`; none when it is that of Web Mercator.
    pub fn world_grid(&self, set: &TileMatrixSet) -> Option<WorldGrid> {
        self.0.grids.worlds.get(set.id).map(|world| world.grid.clone())
    }
}

/// What a collection shows within an area of another grid than Web Mercator's.
pub(crate) struct GridSource {
    count: u64,
    area: WorldBox,
    shards: Vec<PlacedSlots>,
}

impl GridSource {
    /// Whether nothing is there.
    pub(crate) fn is_empty(&self) -> bool {
        self.shards.is_empty()
    }
}

impl FeatureSource for GridSource {
    fn count(&self) -> u64 {
        self.count
    }

    fn search<'a>(&'a self, area: &WorldBox, visit: &mut dyn FnMut(&'a Shard, &[u16])) {
        debug_assert!(self.area.contains(area), "gathered for another area");
        let mut kept = Vec::new();
        for (shard, slots) in &self.shards {
            if area.contains(&self.area) {
                visit(shard, slots);
                continue;
            }
            let boxes = shard.world_boxes();
            kept.clear();
            kept.extend(slots.iter().filter(|slot| boxes[usize::from(**slot)].intersects(area)));
            if !kept.is_empty() {
                visit(shard, &kept);
            }
        }
    }
}
