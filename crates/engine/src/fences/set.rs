//! The fences together: which of them an envelope may touch, each prepared in the storage CRS of
//! a collection when it is first needed there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};
use spatial::query::Area;
use spatial::{Crs, CrsRegistry, Envelope, Snapshot};
use store::fences::{Fence, FenceDefinition, FenceId};

use crate::EngineError;
use crate::feed::enclosing;
use crate::query::Resolved;
use crate::shown::is_lon_lat;

/// Fences by envelope in one CRS.
type Tree = RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>;

/// Every fence.
pub(super) struct FenceSet {
    watched: Vec<Arc<Watched>>,
    /// By storage CRS; made when a collection stored in it first changes.
    trees: Mutex<BTreeMap<Crs, Arc<Tree>>>,
}

/// One fence, and what is made of it.
pub(super) struct Watched {
    pub(super) fence: Fence,
    /// Id of the last event that its webhook has taken.
    delivered: AtomicU64,
    /// The area by storage CRS; none where it has no place.
    areas: Mutex<BTreeMap<Crs, Option<Arc<Area>>>>,
}

impl FenceSet {
    pub(super) fn new(fences: Vec<Fence>) -> Self {
        let watched = fences.into_iter().map(|fence| Arc::new(Watched::new(fence)));
        Self { watched: watched.collect(), trees: Mutex::default() }
    }

    /// This set and a fence whose number is higher than any in it.
    pub(super) fn and(&self, fence: Fence) -> Self {
        let mut watched = self.watched.clone();
        watched.push(Arc::new(Watched::new(fence)));
        Self { watched, trees: Mutex::default() }
    }

    /// This set without one fence.
    pub(super) fn without(&self, id: FenceId) -> Self {
        let left = self.watched.iter().filter(|watched| watched.fence.id != id);
        Self { watched: left.cloned().collect(), trees: Mutex::default() }
    }

    /// Notes what the webhook of a fence has taken.
    pub(super) fn note_delivered(&self, id: FenceId, event: u64) {
        if let Some(watched) = self.find(id) {
            watched.delivered.fetch_max(event, Ordering::Relaxed);
        }
    }

    pub(super) fn find(&self, id: FenceId) -> Option<&Watched> {
        let place = self.watched.binary_search_by_key(&id, |watched| watched.fence.id).ok()?;
        self.watched.get(place).map(|watched| &**watched)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Watched> {
        self.watched.iter().map(|watched| &**watched)
    }

    pub(super) fn len(&self) -> usize {
        self.watched.len()
    }

    /// The fences whose envelope in `crs` shares a point with `envelope`, by number, each with its
    /// envelope.
    pub(super) fn near(
        &self,
        crs: &Crs,
        envelope: &Envelope,
        registry: &CrsRegistry,
    ) -> Vec<(Envelope, &Watched)> {
        if envelope.is_empty() || self.watched.is_empty() {
            return Vec::new();
        }
        let tree = self.tree(crs, registry);
        let (low, high) = ([envelope.min_x, envelope.min_y], [envelope.max_x, envelope.max_y]);
        let found = tree.locate_in_envelope_intersecting(AABB::from_corners(low, high));
        let mut near: Vec<(usize, Envelope)> = found
            .map(|found| {
                let ([min_x, min_y], [max_x, max_y]) = (found.geom().lower(), found.geom().upper());
                (found.data, Envelope::new(min_x, min_y, max_x, max_y))
            })
            .collect();
        near.sort_unstable_by_key(|(place, _)| *place);
        let named =
            |(place, envelope): (usize, Envelope)| Some((envelope, &**self.watched.get(place)?));
        near.into_iter().filter_map(named).collect()
    }

    fn tree(&self, crs: &Crs, registry: &CrsRegistry) -> Arc<Tree> {
        let mut trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tree) = trees.get(crs) {
            return Arc::clone(tree);
        }
        let items = self.watched.iter().enumerate().filter_map(|(place, watched)| {
            let e = watched.envelope(crs, registry)?;
            let corners = Rectangle::from_corners([e.min_x, e.min_y], [e.max_x, e.max_y]);
            Some(GeomWithData::new(corners, place))
        });
        let tree = Arc::new(RTree::bulk_load(items.collect()));
        trees.insert(crs.clone(), Arc::clone(&tree));
        tree
    }
}

impl Watched {
    fn new(fence: Fence) -> Self {
        let delivered = AtomicU64::new(fence.delivered);
        Self { fence, delivered, areas: Mutex::default() }
    }

    /// The fence as it is now.
    pub(super) fn shown(&self) -> Fence {
        let delivered = self.delivered.load(Ordering::Relaxed);
        Fence { delivered, ..self.fence.clone() }
    }

    /// A box in `crs` that holds the area; none where it has no place there.
    fn envelope(&self, crs: &Crs, registry: &CrsRegistry) -> Option<Envelope> {
        let FenceDefinition { geometry, crs: own, .. } = &self.fence.definition;
        let envelope = geometry.envelope();
        if own == crs || is_lon_lat(own) && is_lon_lat(crs) {
            return Some(envelope);
        }
        let way = registry.projector(own, crs).ok();
        // What lies partly beyond the reach of a CRS is measured as it is asked.
        way.and_then(|way| enclosing(&envelope, &way))
            .or_else(|| self.area(crs, registry).map(|area| area.envelope()))
    }

    /// The area prepared in `crs`.
    pub(super) fn area(&self, crs: &Crs, registry: &CrsRegistry) -> Option<Arc<Area>> {
        let mut areas = self.areas.lock().unwrap_or_else(PoisonError::into_inner);
        let made = areas.entry(crs.clone()).or_insert_with(|| {
            match prepared(&self.fence.definition, crs, registry) {
                Ok(area) => Some(Arc::new(area)),
                Err(error) => {
                    let id = self.fence.id;
                    tracing::warn!(%error, fence = %id, %crs, "a fence has no place in this CRS");
                    None
                }
            }
        });
        made.clone()
    }
}

fn prepared(
    definition: &FenceDefinition,
    crs: &Crs,
    registry: &CrsRegistry,
) -> Result<Area, EngineError> {
    Resolved::new(definition.geometry.clone(), definition.crs.clone()).area(crs, registry)
}

/// Refuses what is no polygon, is not valid, or has no place where a collection is that it names.
pub(super) fn check(
    definition: &FenceDefinition,
    snapshot: &Snapshot,
    registry: &CrsRegistry,
) -> Result<(), EngineError> {
    let own = prepared(definition, &definition.crs, registry)?;
    if !own.is_areal() {
        let reason = "a fence is a polygon or a multipolygon".to_owned();
        return Err(EngineError::UnusableGeometry { reason, at: None });
    }
    for id in &definition.collections {
        if let Some(held) = snapshot.collections.get(id) {
            prepared(definition, &held.collection().crs, registry)?;
        }
    }
    Ok(())
}
