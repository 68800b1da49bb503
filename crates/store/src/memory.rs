//! A store in memory: the oracle of the contract tests, and a store for other crates' tests.
//!
//! Written to be obviously right: every write clones the state, changes the clone and puts it
//! in place, so a refused write leaves no trace.

mod accounts;
mod audit;
mod erase;
mod fences;
mod past;
mod personal;
mod retention;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use spatial::{
    Change, ChangeOp, ChangeSet, Collection, CollectionId, Commit, CommittedChange, Envelope,
    Feature, FeatureId, Revision, Timestamp, Value,
};
use tokio::sync::{Mutex, mpsc};

use crate::fit::{check_same_schema, check_schema, erasable_names, fit};
use crate::{
    AccountStore, AuditStore, ChangeRecord, Erasure, FeatureStore, FenceStore, ForeignSummary,
    FormerState, HistoryStart, KeptOut, Load, LoadItem, LoadMode, LoadSummary, Operation,
    PersonalStore, StoreError, Version,
};

/// A [`FeatureStore`] that lives as long as the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    watched: Mutex<fences::Watched>,
    known: Mutex<accounts::Known>,
    audited: Mutex<audit::Audited>,
}

#[derive(Clone, Debug, Default)]
struct State {
    revision: Revision,
    collections: BTreeMap<CollectionId, Held>,
    /// Last id given under a name that no collection has any more.
    retired: BTreeMap<CollectionId, i64>,
    log: Vec<ChangeRecord>,
    history: BTreeMap<(CollectionId, FeatureId), Vec<Version>>,
    /// Fields whose past values are of a class that can be erased.
    sealed: BTreeSet<(CollectionId, FeatureId, String)>,
    /// Where history begins; none when it is whole.
    start: Option<HistoryStart>,
    /// Personal values, by field.
    personal: BTreeMap<(CollectionId, FeatureId), personal::Values>,
    /// When features came of which past states were let go.
    arrived: BTreeMap<(CollectionId, FeatureId), Revision>,
}

#[derive(Clone, Debug)]
struct Held {
    collection: Collection,
    features: BTreeMap<FeatureId, (Revision, Feature)>,
    last_id: i64,
}

/// Who changes something, why and when.
#[derive(Clone, Copy)]
struct Origin<'a> {
    revision: Revision,
    actor: &'a str,
    reason: &'a str,
    recorded_at: Timestamp,
}

impl MemoryStore {
    /// An empty store at revision 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `write` on a copy that takes the place of the state when it succeeds.
    async fn write<T>(
        &self,
        write: impl FnOnce(&mut State) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut state = self.state.lock().await;
        let mut next = state.clone();
        next.revision.0 += 1;
        let answer = write(&mut next)?;
        *state = next;
        Ok(answer)
    }
}

impl State {
    fn held(&mut self, id: &CollectionId) -> Result<&mut Held, StoreError> {
        self.collections.get_mut(id).ok_or_else(|| StoreError::UnknownCollection { id: id.clone() })
    }

    fn check_free(&self, id: &CollectionId) -> Result<(), StoreError> {
        match self.collections.keys().find(|k| k.as_str().eq_ignore_ascii_case(id.as_str())) {
            Some(_) => Err(StoreError::CollectionExists { id: id.clone() }),
            None => Ok(()),
        }
    }

    /// Ends the state of a feature; answers its envelope.
    fn end(
        &mut self,
        collection: &CollectionId,
        id: FeatureId,
        origin: Origin<'_>,
    ) -> Result<Option<Envelope>, StoreError> {
        let held = self.held(collection)?;
        let (from, feature) = held
            .features
            .remove(&id)
            .ok_or_else(|| StoreError::UnknownFeature { collection: collection.clone(), id })?;
        let fields = held.collection.fields.iter().map(|field| field.name.clone()).collect();
        let envelope = envelope_of(&feature);
        if from < origin.revision {
            let described = held.collection.clone();
            self.seal_state((collection, id), &described, &feature);
            self.history.entry((collection.clone(), id)).or_default().push(Version {
                from,
                until: origin.revision,
                actor: origin.actor.to_owned(),
                reason: origin.reason.to_owned(),
                recorded_at: origin.recorded_at,
                fields,
                feature,
            });
        }
        Ok(envelope)
    }

    fn commit(&mut self, set: &ChangeSet) -> Result<Commit, StoreError> {
        let actual = Revision(self.revision.0 - 1);
        if let Some(expected) = set.expect.filter(|expected| *expected != actual) {
            return Err(StoreError::RevisionMismatch { expected, actual });
        }
        let recorded_at = self.recorded_at(set.recorded_at);
        let origin =
            Origin { revision: self.revision, actor: &set.actor, reason: &set.reason, recorded_at };
        let mut committed = Vec::with_capacity(set.changes.len());
        for change in &set.changes {
            committed.push(self.apply(change.clone(), origin)?);
            self.held(&change.collection)?.check_keys()?;
        }
        Ok(Commit { revision: self.revision, recorded_at, changes: committed })
    }

    /// `asked`, or the moment of the newest row of the log when that is later.
    fn recorded_at(&self, asked: Timestamp) -> Timestamp {
        self.log.last().map_or(asked, |last| last.recorded_at.max(asked))
    }

    fn apply(
        &mut self,
        Change { collection, op, unchanged_since }: Change,
        origin: Origin<'_>,
    ) -> Result<CommittedChange, StoreError> {
        if let (Some(expected), ChangeOp::Replace(id, _) | ChangeOp::Delete(id)) =
            (unchanged_since, &op)
            && let Some((changed, _)) = self.held(&collection)?.features.get(id)
            && (*changed > expected && *changed < origin.revision)
        {
            let (id, changed) = (*id, *changed);
            return Err(StoreError::FeatureChanged { collection, id, expected, changed });
        }
        let (operation, id, before, feature) = match op {
            ChangeOp::Insert(feature) => {
                (Operation::Insert, self.held(&collection)?.give_id(), None, Some(feature))
            }
            ChangeOp::Replace(id, feature) => {
                (Operation::Replace, id, self.end(&collection, id, origin)?, Some(feature))
            }
            ChangeOp::Delete(id) => {
                (Operation::Delete, id, self.end(&collection, id, origin)?, None)
            }
        };
        let after = match feature {
            Some(feature) => self.held(&collection)?.put(id, origin.revision, feature)?,
            None => None,
        };
        self.log.push(ChangeRecord {
            revision: origin.revision,
            collection: collection.clone(),
            operation,
            id: Some(id),
            before,
            after,
            actor: origin.actor.to_owned(),
            reason: origin.reason.to_owned(),
            recorded_at: origin.recorded_at,
        });
        Ok(CommittedChange { collection, operation, id, before, after })
    }

    fn load(&mut self, load: Load, features: Vec<Feature>) -> Result<LoadSummary, StoreError> {
        let id = load.collection.id.clone();
        let recorded_at = self.recorded_at(load.recorded_at);
        let origin = Origin {
            revision: self.revision,
            actor: &load.actor,
            reason: &load.reason,
            recorded_at,
        };
        let mut summary =
            LoadSummary { revision: self.revision, inserted: 0, updated: 0, removed: 0 };
        let before = self.collections.get(&id).map(Held::extent).filter(|e| !e.is_empty());
        self.prepare(&load)?;
        if load.mode == LoadMode::Replace {
            let ids: Vec<_> = self.held(&id)?.features.keys().copied().collect();
            summary.removed = ids.len() as u64;
            for feature in ids {
                self.end(&id, feature, origin)?;
            }
            let raised = erasable_names(&load.collection, Some(&self.held(&id)?.collection));
            self.seal_past(&id, &raised);
            let other_crs = self.held(&id)?.collection.crs != load.collection.crs;
            for (_, versions) in self.history.iter_mut().filter(|((of, _), _)| *of == id) {
                for version in versions.iter_mut().filter(|_| other_crs) {
                    version.feature.geometry = None;
                }
            }
            self.held(&id)?.collection = load.collection.clone();
        }
        let mut after = Envelope::EMPTY;
        for feature in features {
            let held = self.held(&id)?;
            let same = match load.mode {
                LoadMode::Upsert => held.with_key_of(&feature),
                _ => None,
            };
            let feature_id = match same {
                Some(feature_id) => {
                    self.end(&id, feature_id, origin)?;
                    summary.updated += 1;
                    feature_id
                }
                None => {
                    summary.inserted += 1;
                    held.give_id()
                }
            };
            let envelope = self.held(&id)?.put(feature_id, origin.revision, feature)?;
            after = after.union(&envelope.unwrap_or(Envelope::EMPTY));
        }
        self.held(&id)?.check_keys()?;
        self.log.push(ChangeRecord {
            revision: self.revision,
            collection: id,
            operation: Operation::Load,
            id: None,
            before: before.filter(|_| load.mode == LoadMode::Replace),
            after: Some(after).filter(|e| !e.is_empty()),
            actor: load.actor,
            reason: load.reason,
            recorded_at,
        });
        Ok(summary)
    }

    /// Makes the collection of a load, or checks that the load fits it.
    fn prepare(&mut self, load: &Load) -> Result<(), StoreError> {
        let asked = &load.collection;
        check_schema(asked)?;
        match load.mode {
            LoadMode::Create => {
                self.check_free(&asked.id)?;
                let last_id = self.retired.get(&asked.id).copied().unwrap_or(0);
                let held = Held { collection: asked.clone(), features: BTreeMap::new(), last_id };
                self.collections.insert(asked.id.clone(), held);
                self.seal_past(&asked.id, &erasable_names(asked, None));
                Ok(())
            }
            LoadMode::Replace => self.held(&asked.id).map(|_| ()),
            LoadMode::Append => check_same_schema(&self.held(&asked.id)?.collection, asked),
            LoadMode::Upsert => {
                let held = self.held(&asked.id)?;
                check_same_schema(&held.collection, asked)?;
                if asked.key.is_none() {
                    let reason = "an upsert goes by the collection's key; set one".to_owned();
                    return Err(StoreError::Schema { collection: asked.id.clone(), reason });
                }
                if held.collection.key != asked.key {
                    held.collection.key.clone_from(&asked.key);
                    held.check_keys()?;
                }
                Ok(())
            }
        }
    }
}

impl Held {
    fn give_id(&mut self) -> FeatureId {
        self.last_id += 1;
        FeatureId::try_from(self.last_id).unwrap_or(FeatureId::MAX)
    }

    fn put(
        &mut self,
        id: FeatureId,
        revision: Revision,
        mut feature: Feature,
    ) -> Result<Option<Envelope>, StoreError> {
        fit(&self.collection, &mut feature)?;
        feature.id = Some(id);
        let envelope = envelope_of(&feature);
        self.features.insert(id, (revision, feature));
        Ok(envelope)
    }

    fn key_of<'a>(&self, feature: &'a Feature) -> Option<&'a Value> {
        let position = self.collection.field_position(self.collection.key.as_deref()?)?;
        feature.properties.get(position).filter(|value| **value != Value::Null)
    }

    fn with_key_of(&self, feature: &Feature) -> Option<FeatureId> {
        let key = self.key_of(feature)?;
        let same = |(_, stored): &(Revision, Feature)| self.key_of(stored) == Some(key);
        self.features.iter().find(|(_, stored)| same(stored)).map(|(id, _)| *id)
    }

    fn check_keys(&self) -> Result<(), StoreError> {
        let mut seen = HashSet::new();
        for (_, feature) in self.features.values() {
            let Some(key) = self.key_of(feature) else { continue };
            let value = show_key(key);
            if !seen.insert(value.clone()) {
                let field = self.collection.key.as_deref().unwrap_or_default();
                return Err(StoreError::duplicate_key(&self.collection, field, value));
            }
        }
        Ok(())
    }

    fn extent(&self) -> Envelope {
        let envelopes = self.features.values().filter_map(|(_, feature)| envelope_of(feature));
        envelopes.fold(Envelope::EMPTY, |all, one| all.union(&one))
    }
}

/// A key as an error shows it.
pub(crate) fn show_key(key: &Value) -> String {
    match key {
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

/// Envelope of a feature that has a place.
pub(crate) fn envelope_of(feature: &Feature) -> Option<Envelope> {
    feature.geometry.as_ref().map(|geometry| geometry.envelope()).filter(|e| !e.is_empty())
}

#[async_trait]
impl FeatureStore for MemoryStore {
    fn fence_store(&self) -> Option<&dyn FenceStore> {
        Some(self)
    }

    fn personal_store(&self) -> Option<&dyn PersonalStore> {
        Some(self)
    }

    fn audit_store(&self) -> Option<&dyn AuditStore> {
        Some(self)
    }

    fn account_store(&self) -> Option<&dyn AccountStore> {
        Some(self)
    }

    async fn revision(&self) -> Result<Revision, StoreError> {
        Ok(self.state.lock().await.revision)
    }

    async fn collections(&self) -> Result<Vec<Collection>, StoreError> {
        let state = self.state.lock().await;
        let described = |held: &Held| Collection {
            extent: held.extent(),
            count: held.features.len() as u64,
            ..held.collection.clone()
        };
        Ok(state.collections.values().map(described).collect())
    }

    async fn describe(&self, collection: &Collection) -> Result<Revision, StoreError> {
        self.write(|state| {
            let held = state.held(&collection.id)?;
            check_schema(collection)?;
            check_same_schema(&held.collection, collection)?;
            let before = std::mem::replace(&mut held.collection, collection.clone());
            held.check_keys()?;
            state.seal_past(&collection.id, &erasable_names(collection, Some(&before)));
            Ok(state.revision)
        })
        .await
    }

    async fn rename(&self, from: &CollectionId, to: &CollectionId) -> Result<Revision, StoreError> {
        self.write(|state| {
            let last_id = state.held(from)?.last_id;
            state.check_free(to)?;
            if state.retired.contains_key(to) {
                return Err(StoreError::RetiredId { id: to.clone() });
            }
            if let Some(mut held) = state.collections.remove(from) {
                held.collection.id = to.clone();
                state.collections.insert(to.clone(), held);
            }
            state.retired.insert(from.clone(), last_id);
            for record in state.log.iter_mut().filter(|record| record.collection == *from) {
                record.collection = to.clone();
            }
            state.rename_past(from, to);
            Ok(state.revision)
        })
        .await
    }

    async fn remove(&self, id: &CollectionId) -> Result<Revision, StoreError> {
        self.write(|state| {
            let last_id = state.held(id)?.last_id;
            state.collections.remove(id);
            state.personal.retain(|(of, _), _| of != id);
            state.retired.insert(id.clone(), last_id);
            Ok(state.revision)
        })
        .await
    }

    async fn scan(
        &self,
        id: &CollectionId,
        chunk: usize,
        sink: mpsc::Sender<Vec<Feature>>,
    ) -> Result<(), StoreError> {
        let features: Vec<Feature> = {
            let mut state = self.state.lock().await;
            state.held(id)?.features.values().map(|(_, feature)| feature.clone()).collect()
        };
        for part in features.chunks(chunk.max(1)) {
            if sink.send(part.to_vec()).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    async fn load(
        &self,
        load: Load,
        mut source: mpsc::Receiver<LoadItem>,
    ) -> Result<LoadSummary, StoreError> {
        self.state.lock().await.clone().prepare(&load)?;
        let mut all = Vec::new();
        loop {
            match source.recv().await {
                Some(LoadItem::Features(mut features)) => all.append(&mut features),
                Some(LoadItem::Finish) => break,
                None => return Err(StoreError::LoadAbandoned { id: load.collection.id }),
            }
        }
        self.write(|state| state.load(load, all)).await
    }

    async fn commit_all(&self, sets: Arc<[ChangeSet]>) -> Vec<Result<Commit, StoreError>> {
        let mut answers = Vec::with_capacity(sets.len());
        for set in &*sets {
            answers.push(self.write(|state| state.commit(set)).await);
        }
        answers
    }

    async fn features(
        &self,
        id: &CollectionId,
        ids: &[FeatureId],
    ) -> Result<Vec<Feature>, StoreError> {
        let mut state = self.state.lock().await;
        let held = state.held(id)?;
        Ok(ids.iter().filter_map(|id| held.features.get(id)).map(|(_, f)| f.clone()).collect())
    }

    async fn take_in_foreign(
        &self,
        _recorded_at: Timestamp,
    ) -> Result<Option<ForeignSummary>, StoreError> {
        Ok(None)
    }

    async fn kept_out(
        &self,
        _collection: Option<&CollectionId>,
        _limit: usize,
    ) -> Result<Vec<KeptOut>, StoreError> {
        Ok(Vec::new())
    }

    async fn changes(
        &self,
        since: Revision,
        limit: usize,
    ) -> Result<Vec<ChangeRecord>, StoreError> {
        let state = self.state.lock().await;
        let newer: Vec<&ChangeRecord> =
            state.log.iter().filter(|record| record.revision > since).collect();
        let mut answer = Vec::new();
        for commit in newer.chunk_by(|a, b| a.revision == b.revision) {
            if !answer.is_empty() && answer.len() + commit.len() > limit {
                break;
            }
            answer.extend(commit.iter().map(|record| (*record).clone()));
        }
        Ok(answer)
    }

    async fn revision_at(&self, moment: Timestamp) -> Result<Revision, StoreError> {
        let state = self.state.lock().await;
        let before = state.log.iter().filter(|record| record.recorded_at <= moment);
        Ok(before.map(|record| record.revision).max().unwrap_or_default())
    }

    async fn former_states(
        &self,
        id: &CollectionId,
        revision: Revision,
        chunk: usize,
        sink: mpsc::Sender<Vec<FormerState>>,
    ) -> Result<(), StoreError> {
        let states = self.state.lock().await.former_states(id, revision)?;
        for part in states.chunks(chunk.max(1)) {
            if sink.send(part.to_vec()).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    async fn arrival(
        &self,
        collection: &CollectionId,
        id: FeatureId,
    ) -> Result<Option<ChangeRecord>, StoreError> {
        let state = self.state.lock().await;
        let Some(first) = state.first_revision(collection, id) else { return Ok(None) };
        let came = |record: &&ChangeRecord| {
            record.collection == *collection
                && record.revision == first
                && match record.operation {
                    Operation::Insert => record.id == Some(id),
                    operation => operation == Operation::Load,
                }
        };
        Ok(state.log.iter().find(came).cloned())
    }

    async fn history(
        &self,
        collection: &CollectionId,
        id: FeatureId,
    ) -> Result<Vec<Version>, StoreError> {
        let state = self.state.lock().await;
        Ok(state.history.get(&(collection.clone(), id)).cloned().unwrap_or_default())
    }

    async fn erase(&self, erasure: Erasure) -> Result<Commit, StoreError> {
        let (commit, entry) = self.write(|state| state.erase(&erasure)).await?;
        self.audited.lock().await.append(entry);
        Ok(commit)
    }

    async fn erasures(
        &self,
        collection: &CollectionId,
        id: FeatureId,
    ) -> Result<Vec<ChangeRecord>, StoreError> {
        let state = self.state.lock().await;
        let of = |record: &&ChangeRecord| {
            record.operation == Operation::Erase
                && record.collection == *collection
                && record.id == Some(id)
        };
        Ok(state.log.iter().filter(of).cloned().collect())
    }

    async fn drop_history(&self, ended_before: Timestamp, most: usize) -> Result<bool, StoreError> {
        Ok(self.state.lock().await.drop_history(ended_before, most))
    }

    async fn history_start(&self) -> Result<Option<HistoryStart>, StoreError> {
        Ok(self.state.lock().await.start)
    }
}
