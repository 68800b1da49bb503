//! What can go wrong in a store.

use std::path::PathBuf;

use spatial::{CollectionId, FeatureId, Revision};
use thiserror::Error;

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
    /// Another process writes to the store.
    #[error("{path} is held by {owner}; stop it, or send the change through it")]
    Held {
        /// The store.
        path: PathBuf,
        /// The process that holds it, by name and number.
        owner: String,
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
}
