//! Features of a bulk load, assigned before they are stored: a load writes each of them once.

use std::sync::Arc;

use ledger::place::{ADMIN_UNITS, AssignedBy, Day, GRID_CELLS};
use spatial::{
    Collection, CollectionSnapshot, CrsRegistry, Feature, Snapshot, Stage, Timestamp, Value,
    WorldProjector,
};
use store::FeatureStore;

use super::assigned::{AssignedFields, assigned_by};
use super::index::{KeptIndex, PlaceIndex};
use super::subject::Ways;
use crate::{EngineError, Pool};

/// Assigns features on their way into one collection, by the polygons that the store has.
#[derive(Debug)]
pub struct LoadAssigner {
    index: Arc<PlaceIndex>,
    registry: Arc<CrsRegistry>,
    into: Collection,
    fields: AssignedFields,
}

impl LoadAssigner {
    /// Whether features of `into` are assigned at all.
    pub fn concerns(into: &Collection) -> bool {
        AssignedFields::of(into).is_some()
    }

    /// Reads units and cells of `store` that are valid on the day of `moment`; `None` when `into`
    /// is no assigned collection, or there is no polygon.
    pub async fn read(
        store: &dyn FeatureStore,
        registry: &Arc<CrsRegistry>,
        into: &Collection,
        moment: Timestamp,
    ) -> Result<Option<Self>, EngineError> {
        let Some(fields) = AssignedFields::of(into) else { return Ok(None) };
        let is_layer = |one: &Collection| [ADMIN_UNITS, GRID_CELLS].contains(&one.id.as_str());
        let layers = store.collections().await?.into_iter().filter(is_layer);
        let layers: Vec<Collection> = layers.collect();
        if layers.is_empty() {
            return Ok(None);
        }
        let revision = store.revision().await?;
        let pool = Pool::new(0, 1)?;
        let mut state = Snapshot { revision, recorded_at: None, collections: <_>::default() };
        for collection in layers {
            let id = collection.id.clone();
            let features = store.all_features(&id).await?;
            let projector = WorldProjector::new(registry, &collection.crs).map_err(|error| {
                EngineError::NotOnTheMap { id: id.clone(), reason: error.to_string() }
            })?;
            let build = move || {
                let stage = Stage::new(&collection, &features, &|coords, world| {
                    projector.project_all(coords, world)
                });
                CollectionSnapshot::build(collection, revision, vec![stage])
            };
            state.collections.insert(id, Arc::new(pool.run_waiting(build).await?));
        }
        let index = KeptIndex::default().index(&state, Day::of(moment));
        let (registry, into) = (Arc::clone(registry), into.clone());
        Ok(index.map(|index| Self { index, registry, into, fields }))
    }

    /// Assigns `features`, in the storage CRS and in the order of the collection's fields. What
    /// they say of their units gives way to the polygons, unless it was said by hand.
    pub fn assign(&self, features: &mut [Feature]) -> Result<(), EngineError> {
        let ways = Ways::new(&self.registry, &self.into.crs, &self.index)?;
        for feature in features {
            let by = feature.properties.get(self.fields.by).map(Value::as_ref);
            let is_by_hand =
                by.is_none_or(|by| matches!(assigned_by(by), Ok(Some(AssignedBy::Manual { .. }))));
            let Some(geometry) = feature.geometry.as_ref().filter(|_| !is_by_hand) else {
                continue;
            };
            // What cannot be compared is left for whoever opens the store next.
            let Ok(found) = ways.find(&self.index, geometry) else { continue };
            for (rung, at) in self.fields.within(&self.index) {
                let code = self.index.code(rung, &found).map(str::to_owned);
                feature.properties[at] = code.map_or(Value::Null, Value::Text);
                feature.properties[self.fields.by] = Value::Text(AssignedBy::Polygon.to_string());
            }
        }
        Ok(())
    }
}
