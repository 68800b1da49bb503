//! Prepared places of queries: one that is asked about again, by another route or in another state
//! of the store, is not brought into the storage CRS and indexed anew.

use std::sync::Arc;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use spatial::query::Area;
use spatial::{Crs, CrsRegistry, wkb};

use super::Resolved;
use crate::EngineError;

/// Bytes of prepared places that are kept.
const KEPT_BYTES: u64 = 32 << 20;

/// A geometry as WKB, what its numbers are in, and the storage CRS.
type AreaKey = (Box<[u8]>, Crs, Crs);

#[derive(Clone, Debug)]
struct ByBytes;

impl Weighter<AreaKey, Arc<Area>> for ByBytes {
    fn weight(&self, (wkb, ..): &AreaKey, area: &Arc<Area>) -> u64 {
        // A vertex, its segment and its part of the tree; the grid has at most 2^14 cells, or a few more.
        (wkb.len() + area.vertices() * 160 + (96 << 10)) as u64
    }
}

/// Places as they were prepared, by what they were made of.
#[derive(Debug)]
pub(crate) struct KeptAreas(Cache<AreaKey, Arc<Area>, ByBytes>);

impl KeptAreas {
    pub(crate) fn new() -> Result<Self, EngineError> {
        let options = OptionsBuilder::new()
            .weight_capacity(KEPT_BYTES)
            .estimated_items_capacity(256)
            // One place may fill a good part of the budget.
            .shards(1)
            .build()
            .map_err(|error| EngineError::Internal { what: format!("kept areas: {error}") })?;
        let hash = DefaultHashBuilder::default();
        Ok(Self(Cache::with_options(options, ByBytes, hash, DefaultLifecycle::default())))
    }

    /// `place` prepared for collections stored in `storage`.
    pub(super) fn area(
        &self,
        place: &Resolved,
        storage: &Crs,
        registry: &CrsRegistry,
    ) -> Result<Arc<Area>, EngineError> {
        let wkb = wkb::encode(place.geometry()).into_boxed_slice();
        let key = (wkb, place.crs().clone(), storage.clone());
        self.0.get_or_insert_with(&key, || Ok(Arc::new(place.area(storage, registry)?)))
    }
}
