//! A store opened for writing, by whatever way there is.

use std::path::Path;

use spatial::{Collection, CollectionId, Revision, Timestamp};
use store::accounts::{AccountChange, TokenId};
use store::audit::{AuditEntry, AuditHead};
use store::{AccountStore, AuditStore, FeatureStore, GeoPackageStore, StoreError};

use super::Client;
use crate::commands::CommandError;
use crate::import::Target;

/// A store that this command may write to.
#[derive(Debug)]
pub enum Opened {
    /// It holds the store itself.
    Own(Box<GeoPackageStore>),
    /// A server holds it.
    Through(Box<Client>),
}

impl Opened {
    /// Opens what `open` opens at `path`; where a server holds it, the way through that server.
    pub fn open(
        path: &Path,
        open: impl FnOnce(&Path) -> Result<GeoPackageStore, StoreError>,
    ) -> Result<Self, StoreError> {
        match open(path) {
            Ok(store) => Ok(Self::Own(Box::new(store))),
            Err(held @ StoreError::Held { .. }) => match Client::find(path)? {
                Some(client) => Ok(Self::Through(Box::new(client))),
                None => Err(held),
            },
            Err(error) => Err(error),
        }
    }

    /// Where an import goes.
    pub fn target(&self) -> Target<'_> {
        match self {
            Self::Own(store) => Target::Own(&**store),
            Self::Through(client) => Target::Through(client),
        }
    }

    /// Every collection, ordered by id.
    pub async fn collections(&self) -> Result<Vec<Collection>, StoreError> {
        match self {
            Self::Own(store) => store.collections().await,
            Self::Through(client) => client.collections().await,
        }
    }

    /// Changes what is said of a collection.
    pub async fn describe(&self, collection: &Collection) -> Result<Revision, CommandError> {
        Ok(match self {
            Self::Own(store) => store.describe(collection).await?,
            Self::Through(client) => client.describe(collection).await?,
        })
    }

    /// Gives a collection another id.
    pub async fn rename(
        &self,
        from: &CollectionId,
        to: &CollectionId,
    ) -> Result<Revision, CommandError> {
        Ok(match self {
            Self::Own(store) => store.rename(from, to).await?,
            Self::Through(client) => client.rename(from, to).await?,
        })
    }

    /// Removes a collection and its features.
    pub async fn remove(&self, id: &CollectionId) -> Result<Revision, CommandError> {
        Ok(match self {
            Self::Own(store) => store.remove(id).await?,
            Self::Through(client) => client.remove(id).await?,
        })
    }

    /// Changes accounts; the number of a new token. Every request to the server is checked against
    /// it from when this returns on.
    pub async fn change_accounts(
        &self,
        change: AccountChange,
        by: String,
        at: Timestamp,
    ) -> Result<Option<TokenId>, CommandError> {
        Ok(match self {
            Self::Own(store) => store.change_accounts(change, by, at).await?,
            Self::Through(client) => client.change_accounts(change, by, at).await?,
        })
    }

    /// Keeps an entry of the audit log.
    pub async fn audit(&self, entry: AuditEntry) -> Result<(), CommandError> {
        match self {
            Self::Own(store) => store.audit(entry).await.map(|_row| ())?,
            Self::Through(client) => client.audit(entry).await?,
        }
        Ok(())
    }

    /// Keeps a signed head of the audit log.
    pub async fn add_audit_head(&self, head: AuditHead) -> Result<(), CommandError> {
        match self {
            Self::Own(store) => store.add_audit_head(head).await?,
            Self::Through(client) => client.add_audit_head(head).await?,
        }
        Ok(())
    }

    /// Puts a style where QGIS finds it.
    pub async fn set_style(
        &self,
        id: &CollectionId,
        name: &str,
        qml: &str,
    ) -> Result<Revision, CommandError> {
        Ok(match self {
            Self::Own(store) => store.set_style(id, name, qml, "").await?,
            Self::Through(client) => client.set_style(id, name, qml).await?,
        })
    }
}
