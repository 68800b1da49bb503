//! What can go wrong in a store.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use spatial::{Collection, CollectionId, FeatureId, FieldClass, Revision, Timestamp};
use thiserror::Error;

use crate::accounts::AccountFault;

/// A store's refusal or failure.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no such collection.
    #[error("collection {id} does not exist")]
    UnknownCollection {
        /// The id asked for.
        id: CollectionId,
    },
    /// There is one already.
    #[error("collection {id} exists already")]
    CollectionExists {
        /// The id asked for.
        id: CollectionId,
    },
    /// The id belonged to a collection whose history stays.
    #[error("collection id {id} was used before and its history stays; choose another id")]
    RetiredId {
        /// The id asked for.
        id: CollectionId,
    },
    /// What is asked of a collection contradicts its schema, or no schema can be so.
    #[error("collection {collection}: {reason}")]
    Schema {
        /// The collection.
        collection: CollectionId,
        /// What does not fit, naming the field.
        reason: String,
    },
    /// A feature does not fit the schema of its collection.
    #[error("a feature does not fit collection {collection}: {field}: {reason}")]
    Unfit {
        /// The collection.
        collection: CollectionId,
        /// The field, or `geometry`.
        field: String,
        /// What is wrong; never the value, which may be personal.
        reason: &'static str,
    },
    /// Two features would have the same key.
    #[error("collection {collection} has two features whose {field} is {value}; keys are unique")]
    DuplicateKey {
        /// The collection.
        collection: CollectionId,
        /// Its key field.
        field: String,
        /// The value that both have.
        value: String,
    },
    /// Accounts cannot be changed as asked.
    #[error(transparent)]
    Accounts(#[from] AccountFault),
    /// What is to be kept as a head of the audit log is none.
    #[error(
        "row {seq} of the audit log has another hash, or the signature does not hold: sign the newest \
         row anew (`tuban audit head`), and if it fails again look with `tuban audit verify`"
    )]
    AuditHead {
        /// The row that it names.
        seq: u64,
    },
    /// There is no such feature.
    #[error("feature {id} of collection {collection} does not exist")]
    UnknownFeature {
        /// Where it was looked for.
        collection: CollectionId,
        /// The id asked for.
        id: FeatureId,
    },
    /// The store is at another revision than the change set expects.
    #[error("the store is at revision {actual}, not at {expected}")]
    RevisionMismatch {
        /// What the change set expects.
        expected: Revision,
        /// Where the store is.
        actual: Revision,
    },
    /// A feature has changed since the state that a change was made out against.
    #[error(
        "feature {id} of collection {collection} changed at revision {changed}, after {expected}; read it again"
    )]
    FeatureChanged {
        /// Where.
        collection: CollectionId,
        /// Which feature.
        id: FeatureId,
        /// The newest revision that the change would have accepted.
        expected: Revision,
        /// When the feature changed last.
        changed: Revision,
    },
    /// Another process writes to the store.
    #[error("{path} is held by {owner}; stop it, or send the change through it")]
    Held {
        /// The store.
        path: PathBuf,
        /// The process that holds it, by name and number.
        owner: String,
    },
    /// Another program writes to the file and does not end.
    #[error(
        "another program has been writing to {path} for {seconds} s; end its edits (in QGIS: save or cancel them), then try again"
    )]
    Locked {
        /// The store.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// The file system cannot hold a store.
    #[error(
        "{path} lies on a {kind} file system, where SQLite's write-ahead log cannot work; copy the store to a local disk"
    )]
    NetworkShare {
        /// The store.
        path: PathBuf,
        /// Kind of the file system, e.g. `nfs4`.
        kind: String,
    },
    /// The file is no store of this program.
    #[error("{path} is not a Tuban store: {reason}")]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A load ended before it was finished; nothing of it was kept.
    #[error("the load of {id} was given up; nothing of it was kept")]
    LoadAbandoned {
        /// The collection.
        id: CollectionId,
    },
    /// The master key is not at hand.
    #[error(
        "the key file {path} {reason}: past values of classes L3 and L4 and personal values can be \
         neither read nor kept, all else works. Put the right file there from its copy, or name it with key_file under \
         [history] in tuban.toml; when it is lost, so are these values: a new key is made once \
         `tuban erase` has erased them"
    )]
    Key {
        /// Where it is looked for.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A value cannot be erased.
    #[error("collection {collection}: {field} cannot be erased: {reason}")]
    NotErasable {
        /// The collection.
        collection: CollectionId,
        /// The field.
        field: String,
        /// Why, and what can be done.
        reason: &'static str,
    },
    /// A value is erased, but copies of it may remain outside the file proper.
    #[error(
        "the values are erased, but {path}-wal may still hold copies: someone reads the store; \
         end other programs and erase again"
    )]
    Unscrubbed {
        /// The store.
        path: PathBuf,
    },
    /// A state is asked for that was let go.
    #[error("past states are kept from revision {whole_from} on")]
    HistoryDropped {
        /// The oldest revision whose state is whole.
        whole_from: Revision,
        /// When it was recorded.
        since: Timestamp,
    },
    /// The store was opened for reading.
    #[error("{path} is open for reading only")]
    ReadOnly {
        /// The store.
        path: PathBuf,
    },
    /// The store was written by a newer program.
    #[error("{path} has store format {found}; this program knows {known}: use a newer one")]
    NewerFormat {
        /// The store.
        path: PathBuf,
        /// Its format number.
        found: i64,
        /// The newest number known here.
        known: i64,
    },
    /// What the store holds contradicts itself.
    #[error("{path} is damaged at {place}: {reason}")]
    Damaged {
        /// The store.
        path: PathBuf,
        /// Which table and feature.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// A backup cannot stand where it is to.
    #[error("{path} cannot take the backup: {reason}")]
    Target {
        /// Where it is to stand.
        path: PathBuf,
        /// What is in the way, and the way out.
        reason: String,
    },
    /// A backup was broken off.
    #[error("stopped; nothing was written to {path}")]
    BackupStopped {
        /// Where it was to stand.
        path: PathBuf,
    },
    /// A revision that is not there yet.
    #[error("the store is at revision {newest}; there is no revision {asked} yet")]
    UnknownRevision {
        /// The revision asked for.
        asked: Revision,
        /// The newest one.
        newest: Revision,
    },
    /// The thread that writes has ended.
    #[error("{path} is closed")]
    Closed {
        /// The store.
        path: PathBuf,
    },
    /// The file system failed.
    #[error("{operation} {path}: {source}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// SQLite failed.
    #[error("{operation} {path}: {source}")]
    Sqlite {
        /// What was tried.
        operation: &'static str,
        /// The store.
        path: PathBuf,
        /// Why it failed.
        source: rusqlite::Error,
    },
}

impl From<rusqlite::Error> for StoreError {
    /// Operation and path are added where they are known, by `StoreError::during`.
    fn from(source: rusqlite::Error) -> Self {
        Self::Sqlite { operation: "using", path: PathBuf::new(), source }
    }
}

impl StoreError {
    /// Whether the disk has no room for what was to be written.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Sqlite { source, .. } => {
                source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
            }
            Self::Io { source, .. } => {
                matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
            }
            _ => false,
        }
    }

    /// Two features have the same key; a value above class L1 is not shown.
    pub(crate) fn duplicate_key(collection: &Collection, field: &str, value: String) -> Self {
        let is_open = collection
            .field_position(field)
            .is_some_and(|position| collection.fields[position].class <= FieldClass::L1);
        Self::DuplicateKey {
            collection: collection.id.clone(),
            field: field.to_owned(),
            value: if is_open { value } else { "the same".to_owned() },
        }
    }

    /// Says what was tried on which store, where an inner call could not.
    pub(crate) fn during(self, operation: &'static str, store: &Path) -> Self {
        match self {
            Self::Sqlite { path, source, .. } if path.as_os_str().is_empty() => {
                Self::Sqlite { operation, path: store.to_owned(), source }
            }
            Self::Damaged { path, place, reason } if path.as_os_str().is_empty() => {
                Self::Damaged { path: store.to_owned(), place, reason }
            }
            other => other,
        }
    }

    /// A contradiction found at `place`; the path is added by [`StoreError::during`].
    pub(crate) fn damaged(place: impl Into<String>, reason: impl ToString) -> Self {
        Self::Damaged { path: PathBuf::new(), place: place.into(), reason: reason.to_string() }
    }
}
