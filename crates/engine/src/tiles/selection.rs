//! Tiles of some of the features, with some of the attributes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use spatial::{Collection, CollectionId, FeatureId, GeometryType, Shard, WorldBox};
use tile::FeatureSource;

use crate::items::Conditions;
use crate::{ItemsQuery, ReadableField};

/// What a tile shows of its collections, when that is not all.
#[derive(Clone, Debug)]
pub struct TileSelection {
    /// Tells one selection from another: equal words mean the same of the same collections.
    pub words: Arc<str>,
    /// The part of each collection.
    pub layers: BTreeMap<CollectionId, LayerSelection>,
    /// Whether polygons have a layer of label points beside theirs; part of the words.
    pub labels: Labels,
}

/// Layers of label points in a tile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Labels {
    /// None.
    #[default]
    Without,
    /// One beside each layer that holds polygons, called as [`label_layer`] says.
    With,
}

/// Name of the layer of label points of a collection. No id of a collection has a colon.
pub fn label_layer(id: &CollectionId) -> String {
    format!("{id}:labels")
}

/// Whether the collection has a layer of label points: what never holds a polygon has none.
pub fn has_labels(collection: &Collection) -> bool {
    matches!(
        collection.geometry_type,
        GeometryType::Polygon | GeometryType::MultiPolygon | GeometryType::Any
    )
}

/// What a layer shows of its collection.
#[derive(Clone, Debug)]
pub struct LayerSelection {
    /// Conditions on features; of these, time, equal values and the filter count.
    pub query: ItemsQuery,
    /// Features called so, ascending; all when absent.
    pub ids: Option<Vec<FeatureId>>,
    /// Attributes; all when absent.
    pub fields: Option<Vec<ReadableField>>,
}

/// The features of a collection that a selection takes. Once the time is over it takes none
/// more, and says so.
pub(super) struct Selected<'a> {
    collection: &'a Collection,
    source: &'a dyn FeatureSource,
    selection: &'a LayerSelection,
    deadline: Instant,
    is_over: AtomicBool,
}

impl<'a> Selected<'a> {
    pub(super) fn new(
        collection: &'a Collection,
        source: &'a dyn FeatureSource,
        selection: &'a LayerSelection,
        deadline: Instant,
    ) -> Self {
        Self { collection, source, selection, deadline, is_over: AtomicBool::new(false) }
    }

    /// Whether features were left out because the time was over.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn holds_id(&self, id: FeatureId) -> bool {
        self.selection.ids.as_ref().is_none_or(|ids| ids.binary_search(&id).is_ok())
    }
}

impl FeatureSource for Selected<'_> {
    fn count(&self) -> u64 {
        self.source.count()
    }

    fn search<'a>(&'a self, area: &WorldBox, visit: &mut dyn FnMut(&'a Shard, &[u16])) {
        let query = &self.selection.query;
        let mut conditions = Conditions::new(query, self.collection);
        let mut kept = Vec::new();
        self.source.search(area, &mut |shard, slots| {
            if self.is_over() || Instant::now() > self.deadline {
                self.is_over.store(true, Ordering::Relaxed);
                return;
            }
            let mut filter = query.filter.as_deref().map(|filter| filter.on(shard));
            kept.clear();
            kept.extend(slots.iter().copied().filter(|slot| {
                self.holds_id(shard.ids()[usize::from(*slot)])
                    && conditions.hold(shard, usize::from(*slot))
                    && filter.as_mut().is_none_or(|filter| filter.matches(*slot))
            }));
            if !kept.is_empty() {
                visit(shard, &kept);
            }
        });
    }
}
