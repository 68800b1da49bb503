//! What assignment has come to in one collection, and where hands and polygons disagree.

use std::sync::Arc;
use std::time::Instant;

use ledger::place::{AssignedBy, Day};
use spatial::{
    Budget, CollectionId, Costs, FeatureId, FeatureRef, GeometryType, Revision, ValueRef,
};

use super::assigned::{AssignedFields, assigned_by};
use super::index::{FoundByLevel, PlaceIndex};
use super::subject::Ways;
use crate::now;
use crate::{Engine, EngineError, Profile, ReadableField};

/// Most disagreements of one answer.
pub const MAX_CONTESTED: usize = 10_000;

/// How the features of a collection are assigned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignments {
    /// The state that was read.
    pub revision: Revision,
    /// Assigned by polygons.
    pub by_polygon: u64,
    /// Assigned by hand.
    pub by_hand: u64,
    /// Not assigned, for want of a place or of polygons.
    pub unassigned: u64,
    /// Those assigned by polygons of which no polygon holds the coarsest level (未落界).
    pub nowhere: u64,
    /// Assignments by hand where the polygons of today say otherwise, at most [`MAX_CONTESTED`].
    pub contested: Vec<Contested>,
    /// Whether all of them are listed.
    pub is_complete: bool,
}

/// One field of an assignment by hand where the polygons say otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contested {
    /// The feature.
    pub id: FeatureId,
    /// The field.
    pub field: String,
    /// What a person said.
    pub by_hand: Option<String>,
    /// What the polygons say.
    pub by_polygon: Option<String>,
    /// Why the person said so.
    pub reason: String,
}

impl Engine {
    /// How the features of the collection `id` are assigned today; `None` when it is not an
    /// assigned one, or a field of its assignment may not be read by `profile`.
    pub async fn assignments(
        &self,
        id: &CollectionId,
        profile: Profile,
    ) -> Result<Option<Assignments>, EngineError> {
        let (engine, id) = (self.clone(), id.clone());
        self.pool().run(move || engine.assignments_now(&id, profile)).await?
    }

    fn assignments_now(
        &self,
        id: &CollectionId,
        profile: Profile,
    ) -> Result<Option<Assignments>, EngineError> {
        let state = self.snapshot();
        let held = state.collections.get(id);
        let held = held.ok_or_else(|| EngineError::UnknownCollection { id: id.clone() })?;
        let collection = held.collection();
        let Some(fields) = AssignedFields::of(collection) else { return Ok(None) };
        let positions = fields.fields.iter().map(|(_, at)| *at).chain([fields.by]);
        for at in positions {
            if ReadableField::find(collection, &collection.fields[at].name, profile).is_err() {
                return Ok(None);
            }
        }
        let index = self.0.places.index(&state, Day::of(now()));
        let ways = index.as_ref().map(|index| Ways::new(self.registry(), &collection.crs, index));
        let ways = ways.transpose()?;
        let index: Option<Arc<PlaceIndex>> = index;
        let coarsest = index.as_ref().and_then(|index| fields.within(index).next());
        let mut all = Assignments { is_complete: true, ..Assignments::default() };
        all.revision = state.revision;
        let deadline = Instant::now() + self.settings().query_time;
        let expired = || Instant::now() > deadline;
        let budget = Budget::new(Costs::UNBOUNDED, &expired);
        let mut spent = Ok(());
        held.each(&mut |shard, slots| {
            if spent.is_ok() {
                spent = budget.spend(slots.len() as u64, 0);
            }
            for slot in slots.iter().filter(|_| spent.is_ok()) {
                let feature = shard.feature(usize::from(*slot));
                match assigned_by(feature.value(fields.by)) {
                    Ok(Some(AssignedBy::Polygon)) => {
                        all.by_polygon += 1;
                        let value = coarsest.map(|(_, at)| feature.value(at));
                        all.nowhere += u64::from(value == Some(ValueRef::Null));
                    }
                    Ok(Some(AssignedBy::Manual { reason })) => {
                        all.by_hand += 1;
                        if let (Some(index), Some(ways)) = (&index, &ways) {
                            all.contest(feature, (&fields, index, ways), &reason, collection);
                        }
                    }
                    Ok(None) | Err(_) => all.unassigned += 1,
                }
            }
        });
        spent?;
        Ok(Some(all))
    }
}

impl Assignments {
    fn contest(
        &mut self,
        feature: FeatureRef<'_>,
        (fields, index, ways): (&AssignedFields, &PlaceIndex, &Ways<'_>),
        reason: &str,
        collection: &spatial::Collection,
    ) {
        let Some(found) = found(feature, index, ways) else { return };
        for (rung, at) in fields.within(index) {
            let by_hand = match feature.value(at) {
                ValueRef::Text(code) => Some(code),
                _ => None,
            };
            let by_polygon = index.code(rung, &found);
            if by_hand == by_polygon {
                continue;
            }
            if self.contested.len() == MAX_CONTESTED {
                self.is_complete = false;
                return;
            }
            self.contested.push(Contested {
                id: feature.id(),
                field: collection.fields[at].name.clone(),
                by_hand: by_hand.map(str::to_owned),
                by_polygon: by_polygon.map(str::to_owned),
                reason: reason.to_owned(),
            });
        }
    }
}

/// Where a feature lies; `None` for one without a place, or whose place cannot be compared.
pub(super) fn found(
    feature: FeatureRef<'_>,
    index: &PlaceIndex,
    ways: &Ways<'_>,
) -> Option<[FoundByLevel; 2]> {
    if feature.geometry_type()? == GeometryType::Point {
        let envelope = feature.envelope();
        return Some(ways.find_point(index, [envelope.min_x, envelope.min_y]));
    }
    if let Some(found) = ways.find_whole(index, &feature.envelope()) {
        return Some(found);
    }
    match ways.find(index, &feature.geometry()?) {
        Ok(found) => Some(found),
        Err(error) => {
            tracing::warn!(%error, feature = %feature.id(), "a feature could not be assigned");
            None
        }
    }
}
