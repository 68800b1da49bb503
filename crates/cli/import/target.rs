//! Where an import goes: a store of this process's own, or one that a server holds.

use std::path::Path;
use std::sync::Arc;

use engine::ledger::LoadNames;
use engine::places::LoadAssigner;
use ledger::rows::is_kept_by_events;
use spatial::{ChangeSet, Collection, CollectionId, CrsRegistry, Revision, Timestamp};
use store::personal::{PersonalLoad, PersonalSummary};
use store::{FeatureStore, GeoPackageStore, Load, LoadItem, LoadSummary};
use tokio::sync::mpsc;

use super::ImportError;
use crate::local::Client;

/// A store to write to.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    /// This process holds it.
    Own(&'a dyn FeatureStore),
    /// A server holds it and does what is asked.
    Through(&'a Client),
}

impl Target<'_> {
    /// Every collection, ordered by id.
    pub async fn collections(&self) -> Result<Vec<Collection>, ImportError> {
        Ok(match self {
            Self::Own(store) => store.collections().await?,
            Self::Through(client) => client.collections().await?,
        })
    }

    /// What assigns features on their way into a collection to the units that the store has.
    pub async fn assigner(
        &self,
        path: &Path,
        registry: &Arc<CrsRegistry>,
        into: &Collection,
        moment: Timestamp,
    ) -> Result<Option<LoadAssigner>, ImportError> {
        if !LoadAssigner::concerns(into) {
            return Ok(None);
        }
        Ok(match self {
            Self::Own(store) => LoadAssigner::read(*store, registry, into, moment).await?,
            // The server's units are those of the file, which others may read beside it.
            Self::Through(_) => {
                let store = GeoPackageStore::open_read_only(path)?;
                LoadAssigner::read(&store, registry, into, moment).await?
            }
        })
    }

    /// What rows on their way into a collection may name.
    pub async fn names(
        &self,
        path: &Path,
        into: &Collection,
    ) -> Result<Option<LoadNames>, ImportError> {
        if !LoadNames::concerns(into) {
            return Ok(None);
        }
        Ok(Some(match self {
            Self::Own(store) => LoadNames::read(*store, into).await?,
            Self::Through(_) => {
                LoadNames::read(&GeoPackageStore::open_read_only(path)?, into).await?
            }
        }))
    }

    /// Loads features in bulk, in one transaction.
    pub async fn load(
        &self,
        load: Load,
        source: mpsc::Receiver<LoadItem>,
    ) -> Result<LoadSummary, ImportError> {
        self.refuse_ledger(&load.collection.id).await?;
        Ok(match self {
            Self::Own(store) => store.load(load, source).await?,
            Self::Through(client) => client.load(load, source).await?,
        })
    }

    /// Applies changes of several collections, all or none.
    pub async fn apply(&self, changes: ChangeSet) -> Result<Revision, ImportError> {
        Ok(match self {
            Self::Own(store) => store.commit(changes).await?.revision,
            Self::Through(client) => client.apply(changes).await?,
        })
    }

    /// Keeps personal values apart from features.
    pub async fn put_personal(&self, load: PersonalLoad) -> Result<PersonalSummary, ImportError> {
        Ok(match self {
            Self::Own(store) => match store.personal_store() {
                Some(personal) => personal.put_personal(load).await?,
                None => PersonalSummary::default(),
            },
            Self::Through(client) => client.put_personal(load).await?,
        })
    }

    /// What events alone change is not loaded.
    async fn refuse_ledger(&self, id: &CollectionId) -> Result<(), ImportError> {
        let all = self.collections().await?;
        match all.iter().any(|known| known.id == *id && is_kept_by_events(known)) {
            true => Err(ImportError::Ledger { id: id.clone() }),
            false => Ok(()),
        }
    }

    /// Removes a collection and its features.
    pub async fn remove(&self, id: &CollectionId) -> Result<Revision, ImportError> {
        Ok(match self {
            Self::Own(store) => store.remove(id).await?,
            Self::Through(client) => client.remove(id).await?,
        })
    }
}
