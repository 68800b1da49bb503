//! States of the store in memory as of a revision.

use std::collections::BTreeMap;

use spatial::{CollectionId, FeatureId, Revision};

use super::State;
use crate::fit::refit;
use crate::{FormerState, StoreError};

impl State {
    /// What is past of a collection goes by its new name.
    pub(super) fn rename_past(&mut self, from: &CollectionId, to: &CollectionId) {
        self.history = std::mem::take(&mut self.history)
            .into_iter()
            .map(|((id, feature), versions)| {
                ((if id == *from { to.clone() } else { id }, feature), versions)
            })
            .collect();
        self.personal = std::mem::take(&mut self.personal)
            .into_iter()
            .map(|((id, feature), values)| {
                ((if id == *from { to.clone() } else { id }, feature), values)
            })
            .collect();
        self.arrived = std::mem::take(&mut self.arrived)
            .into_iter()
            .map(|((id, feature), came)| {
                ((if id == *from { to.clone() } else { id }, feature), came)
            })
            .collect();
        self.sealed = std::mem::take(&mut self.sealed)
            .into_iter()
            .map(|(id, feature, name)| (if id == *from { to.clone() } else { id }, feature, name))
            .collect();
    }

    /// What [`FeatureStore::former_states`] sends, by rising id.
    pub(super) fn former_states(
        &mut self,
        id: &CollectionId,
        revision: Revision,
    ) -> Result<Vec<FormerState>, StoreError> {
        let mut states = BTreeMap::new();
        let held = self.held(id)?.clone();
        self.check_whole(revision)?;
        // Ids up to here are of a removed collection that had the same name.
        let floor = self.retired.get(id).copied().unwrap_or(0);
        for ((collection, feature), versions) in &self.history {
            let after = versions.iter().find(|version| version.until > revision);
            if let Some(version) = after.filter(|_| collection == id && feature.value() > floor) {
                let then = (version.from <= revision)
                    .then(|| refit(&held.collection, &version.fields, version.feature.clone()));
                states.insert(*feature, then);
            }
        }
        for (feature, (from, _)) in &held.features {
            if *from > revision {
                states.entry(*feature).or_insert(None);
            }
        }
        Ok(states.into_iter().collect())
    }

    /// The revision at which a feature came.
    pub(super) fn first_revision(
        &self,
        collection: &CollectionId,
        id: FeatureId,
    ) -> Option<Revision> {
        let past = self.history.get(&(collection.clone(), id)).and_then(|all| all.first());
        let present = self.collections.get(collection)?.features.get(&id);
        let arrived = self.arrived.get(&(collection.clone(), id)).copied();
        arrived.or(past.map(|version| version.from)).or(present.map(|(from, _)| *from))
    }
}
