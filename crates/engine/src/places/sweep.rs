//! Assigns features anew that are there: those whose assignment differs from what the polygons of
//! the day say are written, in change sets of their own, beside whoever else writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use geo_types::{Coord, Rect};
use ledger::place::{AssignedBy, Day};
use spatial::{
    Change, ChangeOp, ChangeSet, CollectionId, CollectionSnapshot, Crs, CrsRegistry, Envelope,
    FeatureId, FeatureRef, Geometry, Shard, Snapshot, ValueRef,
};
use store::StoreError;

use super::assigned::{AssignedFields, assigned_by};
use super::index::PlaceIndex;
use super::subject::Ways;
use crate::now;
use crate::query::Resolved;
use crate::{Engine, EngineError};

/// Who assigns features anew.
pub const ACTOR: &str = "tuban";
/// Features that one job of the pool looks at: some milliseconds.
const LOOKED_AT_ONCE: usize = 8_192;
/// Features of one change set: other writers wait for one of them at most.
const WRITTEN_AT_ONCE: usize = 128;
/// How often a change set is made anew because others changed its features.
const ATTEMPTS: usize = 16;
/// Boundaries that are looked at one by one; more are taken as one box.
const MAX_BOUNDARIES: usize = 64;

/// Which features are looked at.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Every feature of every assigned collection.
    pub everything: bool,
    /// Every feature of these collections.
    pub collections: BTreeSet<CollectionId>,
    /// These features.
    pub features: BTreeMap<CollectionId, BTreeSet<FeatureId>>,
    /// Those whose envelope meets one of these, each in its CRS.
    pub boundaries: Vec<(Crs, Envelope)>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Features that were looked at.
    pub looked_at: u64,
    /// Features that were assigned otherwise.
    pub changed: u64,
}

impl Scope {
    /// Every feature.
    pub fn all() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// Whether nothing is looked at.
    pub fn is_empty(&self) -> bool {
        !self.everything
            && self.collections.is_empty()
            && self.features.is_empty()
            && self.boundaries.is_empty()
    }
}

impl Engine {
    /// Assigns the features of `scope` anew by the polygons of today; `reason` stands in the change
    /// log.
    pub async fn sweep_places(&self, scope: &Scope, reason: &str) -> Result<Swept, EngineError> {
        let mut swept = Swept::default();
        let state = self.current();
        for (id, held) in &state.collections {
            if AssignedFields::of(held.collection()).is_some() {
                let ids = self.astray(&state, id, scope, &mut swept).await?;
                for ids in ids.chunks(WRITTEN_AT_ONCE) {
                    swept.changed += self.assign_anew(id, ids, reason).await?;
                }
            }
        }
        Ok(swept)
    }

    /// The features of `scope` in a collection whose assignment differs from the polygons.
    async fn astray(
        &self,
        state: &Arc<Snapshot>,
        id: &CollectionId,
        scope: &Scope,
        swept: &mut Swept,
    ) -> Result<Vec<FeatureId>, EngineError> {
        let (engine, held, scope) =
            (self.clone(), Arc::clone(&state.collections[id]), scope.clone());
        let looked_at = move || scoped(&held, &scope, engine.registry());
        let ids = self.pool().run_waiting(looked_at).await?;
        swept.looked_at += ids.len() as u64;
        let mut astray = Vec::new();
        let ids: Arc<[FeatureId]> = ids.into();
        for start in (0..ids.len()).step_by(LOOKED_AT_ONCE) {
            let (engine, state, id) = (self.clone(), Arc::clone(state), id.clone());
            let ids = Arc::clone(&ids);
            let look = move || {
                let end = (start + LOOKED_AT_ONCE).min(ids.len());
                differing(&engine, &state, &id, &ids[start..end])
            };
            astray.append(&mut self.pool().run_waiting(look).await??);
        }
        Ok(astray)
    }

    /// Writes features once more, so that the commit assigns them; how many that were.
    async fn assign_anew(
        &self,
        id: &CollectionId,
        ids: &[FeatureId],
        reason: &str,
    ) -> Result<u64, EngineError> {
        let ids: Arc<[FeatureId]> = ids.into();
        for _attempt in 0..ATTEMPTS {
            let (engine, state) = (self.clone(), self.current());
            let (ids, collection) = (Arc::clone(&ids), id.clone());
            let make = move || changes(&engine, &state, &collection, &ids);
            let changes = self.pool().run_waiting(make).await??;
            if changes.is_empty() {
                return Ok(0);
            }
            let count = changes.len() as u64;
            let set = ChangeSet {
                expect: None,
                actor: ACTOR.to_owned(),
                reason: reason.to_owned(),
                recorded_at: now(),
                changes,
            };
            match self.apply(set).await {
                Ok(_commit) => return Ok(count),
                // Another writer came between: read what it made of the features.
                Err(EngineError::Store(StoreError::FeatureChanged { changed, .. })) => {
                    self.reach(changed).await;
                }
                Err(EngineError::Invalid { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(EngineError::KeepsChanging)
    }
}

/// The features of `scope`, each once, in the order of the collection.
fn scoped(held: &CollectionSnapshot, scope: &Scope, registry: &CrsRegistry) -> Vec<FeatureId> {
    let collection = held.collection();
    let mut ids = Vec::new();
    let mut take = |shard: &Shard, slots: &[u16]| {
        ids.extend(slots.iter().map(|slot| shard.ids()[usize::from(*slot)]));
    };
    if scope.everything || scope.collections.contains(&collection.id) {
        held.each(&mut take);
        return ids;
    }
    let mut boundaries = Vec::with_capacity(scope.boundaries.len());
    for (crs, envelope) in &scope.boundaries {
        match reach(envelope, crs, &collection.crs, registry) {
            Some(reach) => boundaries.push(reach),
            None => {
                held.each(&mut take);
                return ids;
            }
        }
    }
    if boundaries.len() > MAX_BOUNDARIES {
        let all = boundaries.iter().fold(Envelope::EMPTY, |all, one| all.union(one));
        boundaries = vec![all];
    }
    for envelope in &boundaries {
        held.search(envelope, &mut take);
    }
    ids.extend(scope.features.get(&collection.id).into_iter().flatten());
    if boundaries.len() > 1 || scope.features.contains_key(&collection.id) {
        ids.sort_unstable();
        ids.dedup();
    }
    ids
}

/// A box in `to` that holds all of `envelope`; `None` where it has no coordinates there.
fn reach(envelope: &Envelope, from: &Crs, to: &Crs, registry: &CrsRegistry) -> Option<Envelope> {
    if from == to {
        return Some(*envelope);
    }
    // A box without an extent has no area; a centimetre more finds no feature too few.
    let (margin_x, margin_y) = (envelope.width() * 0.01 + 1e-6, envelope.height() * 0.01 + 1e-6);
    let corner = |x, y| Coord { x, y };
    let rect = Rect::new(
        corner(envelope.min_x - margin_x, envelope.min_y - margin_y),
        corner(envelope.max_x + margin_x, envelope.max_y + margin_y),
    );
    let geometry = Geometry::from(geo_types::Geometry::Polygon(rect.to_polygon()));
    let area = Resolved::new(geometry, from.clone()).area(to, registry).ok()?;
    Some(area.envelope())
}

/// Those of `ids` whose assignment differs from the polygons of today.
fn differing(
    engine: &Engine,
    state: &Snapshot,
    id: &CollectionId,
    ids: &[FeatureId],
) -> Result<Vec<FeatureId>, EngineError> {
    let Some(held) = state.collections.get(id) else { return Ok(Vec::new()) };
    let Some(fields) = AssignedFields::of(held.collection()) else { return Ok(Vec::new()) };
    let index = engine.0.places.index(state, Day::of(now()));
    let Some(index) = index else { return Ok(Vec::new()) };
    let ways = Ways::new(engine.registry(), &held.collection().crs, &index)?;
    let features = ids.iter().filter_map(|id| held.get(*id));
    let astray = features.filter(|feature| differs(*feature, &fields, &index, &ways));
    Ok(astray.map(FeatureRef::id).collect())
}

/// Whether a feature is not assigned as the polygons say, and nobody assigned it by hand.
fn differs(
    feature: FeatureRef<'_>,
    fields: &AssignedFields,
    index: &PlaceIndex,
    ways: &Ways<'_>,
) -> bool {
    let by = assigned_by(feature.value(fields.by));
    let found = match by {
        Ok(Some(AssignedBy::Manual { .. })) => return false,
        _ => super::contested::found(feature, index, ways),
    };
    let Some(found) = found else { return false };
    let mut has_any = false;
    let other = fields.within(index).any(|(rung, at)| {
        has_any = true;
        let code = index.code(rung, &found);
        feature.value(at) != code.map_or(ValueRef::Null, ValueRef::Text)
    });
    other || has_any && !matches!(by, Ok(Some(AssignedBy::Polygon)))
}

/// The features as they are, where they still differ: the commit assigns them. What another program
/// wrote into the fields against the polygons does not stand in its way.
fn changes(
    engine: &Engine,
    state: &Snapshot,
    id: &CollectionId,
    ids: &[FeatureId],
) -> Result<Vec<Change>, EngineError> {
    let Some(held) = state.collections.get(id) else { return Ok(Vec::new()) };
    let Some(fields) = AssignedFields::of(held.collection()) else { return Ok(Vec::new()) };
    let astray = differing(engine, state, id, ids)?;
    let changes = astray.into_iter().filter_map(|feature| {
        let mut written = held.get(feature)?.to_feature();
        // Words that say nothing of an assignment are no reason to keep it.
        if assigned_by(written.properties[fields.by].as_ref()).is_err() {
            written.properties[fields.by] = spatial::Value::Null;
        }
        Some(Change {
            collection: id.clone(),
            op: ChangeOp::Replace(feature, written),
            unchanged_since: Some(state.revision),
        })
    });
    Ok(changes.collect())
}
