//! Prepared places of queries: one that is asked about again, by another route or in another state
//! of the store, is not brought into the storage CRS and indexed anew.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use spatial::query::Area;
use spatial::{Crs, CrsRegistry, wkb};

use super::Resolved;
use crate::EngineError;
use crate::weighed::{self, Room};

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
        let room = Room { bytes: KEPT_BYTES, items: 256, is_whole: true };
        Ok(Self(weighed::cache("kept areas", room, ByBytes)?))
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
