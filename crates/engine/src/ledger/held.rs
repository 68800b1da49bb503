//! The two collections of the ledger in one state, read as points and events.

use std::sync::Arc;

use ledger::{
    Point, PointId, Rules,
    rows::{EVIDENCE, POINT_EVENTS, POINTS, events::StoredEvent, is_of_ledger, points},
};
use spatial::{
    Collection, CollectionId, CollectionSnapshot, Feature, FeatureId, FeatureRef, Snapshot, Value,
    ValueRef,
};

use crate::EngineError;

/// The collections of a ledger.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) points: Arc<CollectionSnapshot>,
    pub(super) events: Arc<CollectionSnapshot>,
}

impl Held {
    /// Those of a state, if it has a ledger.
    pub(super) fn of(state: &Snapshot) -> Option<Self> {
        let held = Self { points: find(state, POINTS)?, events: find(state, POINT_EVENTS)? };
        let is_whole =
            is_of_ledger(held.points.collection()) && is_of_ledger(held.events.collection());
        is_whole.then_some(held)
    }

    /// The events of rows that are there, in the order in which they were raised.
    pub(super) fn history(&self, rows: &[FeatureId]) -> Result<Vec<StoredEvent>, EngineError> {
        let collection = self.events.collection();
        let present = rows.iter().filter_map(|row| self.events.get(*row));
        let read = present.map(|row| {
            StoredEvent::read(&|name| column(collection, row, name)).map_err(|unfit| {
                EngineError::LedgerRow {
                    collection: collection.id.clone(),
                    id: row.id(),
                    reason: unfit.to_string(),
                }
            })
        });
        let mut events = read.collect::<Result<Vec<_>, _>>()?;
        events.sort_by_key(|event| event.seq);
        Ok(events)
    }

    /// The point that rows of events tell; none when there are none.
    pub(super) fn point(
        &self,
        id: PointId,
        rows: &[FeatureId],
        rules: &Rules,
    ) -> Result<Option<Point>, EngineError> {
        let events = self.history(rows)?;
        Point::fold(id, events.iter().map(|stored| &stored.event), rules).map_err(|refusal| {
            EngineError::LedgerRow {
                collection: self.events.collection().id.clone(),
                id: rows.first().copied().unwrap_or(FeatureId::MAX),
                reason: refusal.to_string(),
            }
        })
    }
}

fn find(state: &Snapshot, name: &str) -> Option<Arc<CollectionSnapshot>> {
    let id = CollectionId::try_from(name).ok()?;
    state.collections.get(&id).map(Arc::clone)
}

/// The evidence of a state, if it keeps any.
pub(super) fn find_evidence(state: &Snapshot) -> Option<Arc<CollectionSnapshot>> {
    find(state, EVIDENCE).filter(|held| is_of_ledger(held.collection()))
}

/// The value of a column by its name; null where there is no such column.
pub(super) fn column<'a>(collection: &Collection, row: FeatureRef<'a>, name: &str) -> ValueRef<'a> {
    collection.field_position(name).map_or(ValueRef::Null, |position| row.value(position))
}

/// Gives a feature values by the names of its columns.
pub(crate) fn assign<'n>(
    collection: &Collection,
    feature: &mut Feature,
    values: impl IntoIterator<Item = (&'n str, Value)>,
) {
    for (name, value) in values {
        let place = collection.field_position(name);
        if let Some(place) = place.and_then(|place| feature.properties.get_mut(place)) {
            *place = value;
        }
    }
}

/// A feature without any value.
pub(crate) fn blank(collection: &Collection) -> Feature {
    Feature { id: None, geometry: None, properties: vec![Value::Null; collection.fields.len()] }
}

/// The columns of a point's row that say something else than `point`, by name.
pub(super) fn differing(
    collection: &Collection,
    feature: &Feature,
    point: Option<&Point>,
) -> Vec<&'static str> {
    let wanted: Vec<(&'static str, Value)> = match point {
        Some(point) => points::derived(point).collect(),
        None => points::underived().collect(),
    };
    let differs = |(name, value): &(&'static str, Value)| {
        let position = collection.field_position(name);
        position.and_then(|position| feature.properties.get(position)) != Some(value)
    };
    wanted.iter().filter(|one| differs(one)).map(|(name, _)| *name).collect()
}
