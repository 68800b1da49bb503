//! Edits as a client sends them: new features, new values of some fields, removals. They are made
//! out against one state, and anew when another edit came between that nobody had ruled out.
//!
//! *Invariant:* what an edit does not name stays as it is at the moment of the commit, whoever else
//! writes: the store refuses a change that was made out against an older state of the feature.

mod left_behind;
mod make_out;
mod named;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use spatial::{
    ChangeSet, CollectionId, Commit, Feature, FeatureId, Geometry, Revision, Snapshot, Value,
};
use store::StoreError;

use crate::check::Records;
use crate::ledger::guarded;
use crate::{Defect, Engine, EngineError, now};

/// How often a set is made out anew before it is refused.
const ATTEMPTS: usize = 8;
/// How long a state that the store already has may take to become visible.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(5);

/// Edits that happen together or not at all.
#[derive(Clone, Debug)]
pub struct EditSet {
    /// Who does it: the authenticated principal, or `local`.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// What, in order; a later edit sees what an earlier one made.
    pub edits: Vec<FeatureEdit>,
}

/// One edit.
#[derive(Clone, Debug)]
pub struct FeatureEdit {
    /// Where it stands in the request, as a JSON pointer; defects of its feature are at
    /// `…/feature`, one of its id at `…/id`.
    pub place: String,
    /// Collection of the feature.
    pub collection: CollectionId,
    /// What is done.
    pub op: EditOp,
    /// Refuse when the feature changed after this revision.
    pub unchanged_since: Option<Revision>,
}

/// What is done to one feature.
#[derive(Clone, Debug)]
pub enum EditOp {
    /// A new feature in the storage CRS, one value a field.
    Insert(Feature),
    /// New values of a feature that is there.
    Assign(FeatureId, Assigned),
    /// The feature goes.
    Delete(FeatureId),
}

/// What a feature gets; all else of it stays.
#[derive(Clone, Debug, Default)]
pub struct Assigned {
    /// Its geometry in the storage CRS; the inner `None` takes it away.
    pub geometry: Option<Option<Geometry>>,
    /// Positions of fields with their new values.
    pub values: Vec<(usize, Value)>,
}

impl Engine {
    /// Applies `edits`, all or none; see [`Engine::apply`].
    ///
    /// # Errors
    /// [`EngineError::Invalid`] lists every defect; [`EngineError::FeatureChanged`] says that a
    /// feature changed after the revision that its edit names.
    pub async fn edit(&self, edits: EditSet) -> Result<Commit, EngineError> {
        self.check_edited(&edits)?;
        let asked = Arc::new(edits);
        for _attempt in 0..ATTEMPTS {
            let state = self.current();
            let edits = guarded(&state, &asked)?;
            let (changes, defects) = self.made_out(&state, &edits).await?;
            if !defects.is_empty() {
                return Err(EngineError::Invalid { defects });
            }
            match self.apply(changes).await {
                Err(EngineError::Store(StoreError::FeatureChanged {
                    collection,
                    id,
                    changed,
                    ..
                })) if edits.allowed(&collection, id).is_none_or(|since| changed <= since) => {
                    let seen = tokio::time::timeout(PUBLISHED_WITHIN, self.reach(changed)).await;
                    seen.map_err(|_elapsed| EngineError::Internal {
                        what: format!("revision {changed} was never published"),
                    })?;
                }
                Err(EngineError::Store(StoreError::DuplicateKey { collection, .. })) => {
                    return Err(self.duplicates(edits, collection).await);
                }
                Err(EngineError::Store(StoreError::FeatureChanged {
                    collection,
                    id,
                    expected,
                    changed,
                })) => {
                    let expected = edits.allowed(&collection, id).unwrap_or(expected);
                    return Err(EngineError::FeatureChanged { collection, id, expected, changed });
                }
                Err(EngineError::Invalid { defects }) => {
                    let defects = defects.into_iter().map(|defect| edits.placed(defect));
                    return Err(EngineError::Invalid { defects: defects.collect() });
                }
                done => return done,
            }
        }
        Err(EngineError::KeepsChanging)
    }

    /// Everything that keeps `edits` from being applied to the present state.
    pub async fn check_edits(&self, edits: EditSet) -> Result<Vec<Defect>, EngineError> {
        if let Err(EngineError::Invalid { defects }) = self.check_edited(&edits) {
            return Ok(defects);
        }
        let state = self.current();
        Ok(self.made_out(&state, &Arc::new(edits)).await?.1)
    }

    /// Refuses edits of features that this handle does not see, as if they were not there.
    fn check_edited(&self, edits: &EditSet) -> Result<(), EngineError> {
        let named = edits.edits.iter().filter_map(|edit| Some((edit, edit.id()?)));
        let unseen = named.filter(|(edit, id)| self.check_seen(&edit.collection, *id).is_err());
        let defects: Vec<Defect> = unseen
            .map(|(edit, id)| Defect {
                place: format!("{}/id", edit.place),
                problem: format!("feature {id} does not exist in {}", edit.collection),
            })
            .collect();
        if defects.is_empty() { Ok(()) } else { Err(EngineError::Invalid { defects }) }
    }

    /// The change set that `edits` are against `state`, with what keeps it from being applied.
    async fn made_out(
        &self,
        state: &Arc<Snapshot>,
        edits: &Arc<EditSet>,
    ) -> Result<(ChangeSet, Vec<Defect>), EngineError> {
        let (engine, state, edits) = (self.clone(), Arc::clone(state), Arc::clone(edits));
        let make = move || {
            let records = Records::now(&engine, Some(engine.profile()));
            let rows = engine.unconcealed().snapshot();
            let collections = |id: &CollectionId| engine.sees(id);
            let profile = engine.profile();
            let seen = left_behind::Seen { state: &rows, collections: &collections, profile };
            make_out::make_out((engine.registry(), records), (&state, seen), &edits)
        };
        let made = self.pool().run_waiting(make).await??;
        let changes = ChangeSet {
            expect: None,
            actor: made.actor,
            reason: made.reason,
            recorded_at: now(),
            changes: made.changes,
        };
        Ok((changes, made.defects))
    }

    /// A key that the store has refused, as defects of every edit that would repeat one.
    async fn duplicates(&self, edits: Arc<EditSet>, collection: CollectionId) -> EngineError {
        let state = self.current();
        let found = self.pool().run_waiting(move || make_out::repeated_keys(&state, &edits)).await;
        match found {
            Ok(defects) if defects.is_empty() => EngineError::KeyTaken { collection },
            Ok(defects) => EngineError::Invalid { defects },
            Err(error) => error,
        }
    }
}

impl EditSet {
    /// A defect of the change set as one of the edits, which are as many and in the same order.
    fn placed(&self, defect: Defect) -> Defect {
        let rest = defect.place.strip_prefix("/changes/").unwrap_or_default();
        let (number, inside) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        match number.parse().ok().and_then(|number: usize| self.edits.get(number)) {
            Some(edit) => Defect { place: format!("{}{inside}", edit.place), ..defect },
            None => defect,
        }
    }

    /// The newest revision at which the feature may have changed; `None` for any.
    fn allowed(&self, collection: &CollectionId, id: FeatureId) -> Option<Revision> {
        let edits = self.edits.iter();
        let of_it = edits.filter(|edit| edit.id() == Some(id) && edit.collection == *collection);
        of_it.filter_map(|edit| edit.unchanged_since).min()
    }
}

impl FeatureEdit {
    /// The feature that is edited; none for a new one.
    pub fn id(&self) -> Option<FeatureId> {
        match self.op {
            EditOp::Insert(_) => None,
            EditOp::Assign(id, _) | EditOp::Delete(id) => Some(id),
        }
    }
}

/// States of features that edits of the set have made so far; `None` for one that is gone.
type Made = HashMap<(CollectionId, FeatureId), Option<Feature>>;
