//! The state of a feature before and after a commit: from the snapshots on both sides where these
//! tell it, from history where they do not.

use std::collections::BTreeMap;

use geo_types::Geometry as Shape;
use spatial::{
    CollectionId, Envelope, FeatureId, Geometry, Operation, Revision, Snapshot, Timestamp,
};
use store::{FenceStore, Version};

use super::evaluate::Batch;
use crate::{Engine, EngineError};

/// A feature of a collection.
pub(super) type Key = (CollectionId, FeatureId);

/// One feature and one commit that touched it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Touch {
    pub(super) key: Key,
    pub(super) revision: Revision,
    pub(super) recorded_at: Timestamp,
    /// Whether the feature came with this commit.
    born: bool,
}

/// What the states are read from.
#[derive(Debug)]
pub(super) struct States {
    /// Every feature and commit, in the order of the log; of one commit a feature stands once.
    pub(super) touches: Vec<Touch>,
    /// Past states of features that snapshots do not tell.
    versions: BTreeMap<Key, Vec<Version>>,
    /// When features came, where that is known.
    births: BTreeMap<Key, Revision>,
}

impl States {
    /// Reads what is needed for those commits of `batch` that `near` marks, row by row.
    pub(super) async fn read(
        engine: &Engine,
        store: &dyn FenceStore,
        batch: &Batch,
        near: &[bool],
    ) -> Result<Self, EngineError> {
        let mut touches: Vec<Touch> = Vec::new();
        let mut places: BTreeMap<(Revision, Key), usize> = BTreeMap::new();
        let mut wanted: Vec<bool> = Vec::new();
        for (record, near) in batch.records.iter().zip(near) {
            let mut touch = |id: FeatureId, born: bool| {
                let key = (record.collection.clone(), id);
                let place = *places.entry((record.revision, key.clone())).or_insert(touches.len());
                if place == touches.len() {
                    let (revision, recorded_at) = (record.revision, record.recorded_at);
                    touches.push(Touch { key, revision, recorded_at, born });
                    wanted.push(false);
                }
                wanted[place] |= *near;
            };
            match record.id {
                Some(id) => touch(id, record.operation == Operation::Insert),
                None if *near => {
                    let loaded = store.loaded(&record.collection, record.revision).await?;
                    loaded.ended.into_iter().for_each(|id| touch(id, false));
                    loaded.added.into_iter().for_each(|id| touch(id, true));
                }
                None => {}
            }
        }
        let mut births: BTreeMap<Key, Revision> = BTreeMap::new();
        let mut counts: BTreeMap<Key, usize> = BTreeMap::new();
        for touch in &touches {
            *counts.entry(touch.key.clone()).or_default() += 1;
            if touch.born {
                births.insert(touch.key.clone(), touch.revision);
            }
        }
        let mut wanted = wanted.into_iter();
        touches.retain(|_| wanted.next().unwrap_or(false));
        let mut versions = BTreeMap::new();
        for Touch { key, born, .. } in &touches {
            let once = counts.get(key) == Some(&1);
            // One commit between two known states, or a feature that came and changed no more.
            let told = once && batch.is_complete && (batch.before.is_some() || *born);
            if !told && !versions.contains_key(key) {
                versions.insert(key.clone(), engine.store().history(&key.0, key.1).await?);
            }
        }
        Ok(Self { touches, versions, births })
    }

    /// A box that holds both states, where snapshots tell it without making shapes.
    pub(super) fn reach(&self, touch: &Touch, batch: &Batch) -> Option<Envelope> {
        if self.versions.contains_key(&touch.key) {
            return None;
        }
        let (collection, id) = &touch.key;
        let snapshots = batch.before.as_ref().into_iter().chain([&batch.after]);
        let states = snapshots.filter_map(|s| s.collections.get(collection)?.get(*id));
        Some(states.fold(Envelope::EMPTY, |all, one| all.union(&one.envelope())))
    }

    /// The shapes before and after a commit; none where the feature was not there, or had no
    /// place.
    pub(super) fn around(&self, touch: &Touch, batch: &Batch) -> [Option<Shape<f64>>; 2] {
        let (before, after) = (batch.before.as_deref(), &*batch.after);
        let Some(versions) = self.versions.get(&touch.key) else {
            let was = if touch.born { None } else { before.and_then(|s| present(s, &touch.key)) };
            return [was, present(after, &touch.key)];
        };
        let was = (!touch.born)
            .then(|| self.at(versions, &touch.key, Revision(touch.revision.0 - 1), after));
        [was.flatten(), self.at(versions, &touch.key, touch.revision, after)]
    }

    /// The shape as of `revision`.
    fn at(
        &self,
        versions: &[Version],
        key: &Key,
        revision: Revision,
        after: &Snapshot,
    ) -> Option<Shape<f64>> {
        let held = versions.iter().find(|v| v.from <= revision && revision < v.until);
        if let Some(version) = held {
            return version.feature.geometry.as_ref().map(|Geometry { shape, .. }| shape.clone());
        }
        let began = versions.last().map(|last| last.until);
        let began = began.or_else(|| self.births.get(key).copied());
        match began {
            Some(began) if revision < began => None,
            _ => present(after, key),
        }
    }
}

fn present(snapshot: &Snapshot, (collection, id): &Key) -> Option<Shape<f64>> {
    snapshot.collections.get(collection)?.get(*id)?.shape()
}
