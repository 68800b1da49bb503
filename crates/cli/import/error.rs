//! Why an import ends without having happened.

use std::path::{Path, PathBuf};

use formats::FormatError;
use spatial::collection::InvalidCollectionId;
use spatial::{CollectionId, CrsError};
use store::StoreError;
use thiserror::Error;

use crate::local::LocalError;

/// An import that did not happen; the store is as it was.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The store refuses or fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server that holds the store refuses or cannot be reached.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// The coordinates cannot be brought into the storage CRS.
    #[error(transparent)]
    Crs(#[from] CrsError),
    /// The units of the store, by which features are assigned, cannot be used.
    #[error("features cannot be assigned to units: {0}")]
    Places(#[from] engine::EngineError),
    /// No collection can have this name.
    #[error("{0}; name one with --collection")]
    CollectionId(#[from] InvalidCollectionId),
    /// The collection is there already.
    #[error(
        "collection {id} exists already: add to it with --append, put the file in its place with \
         --replace, merge by a key field with --upsert KEY, or choose another id with --collection"
    )]
    CollectionExists {
        /// The id.
        id: CollectionId,
    },
    /// Events alone change the ledger.
    #[error(
        "collection {id} belongs to the ledger, which events alone change: register points from a \
         spreadsheet with `tuban ledger register`, or POST /points/events; or import under another \
         id with --collection"
    )]
    Ledger {
        /// The id.
        id: CollectionId,
    },
    /// A file without a layer.
    #[error("{path} holds no table")]
    NoLayer {
        /// The file.
        path: PathBuf,
    },
    /// More rows than one spreadsheet may have.
    #[error("there are more than {most} rows; part the file")]
    TooManyRows {
        /// How many there may be.
        most: usize,
    },
    /// A package without parcels.
    #[error(
        "{path} has no table of parcels (ZD, ZDJBXX, …) among {}; `[ledger] survey` names a file that says \
         which layer it is", if layers.is_empty() { "no layers".to_owned() } else { layers.join(", ") }
    )]
    NoParcels {
        /// The package.
        path: PathBuf,
        /// Names of the layers that it has.
        layers: Vec<String>,
    },
    /// A collection is not what a survey package needs.
    #[error("collection {collection}: {reason}")]
    Unsuited {
        /// The collection.
        collection: String,
        /// What is missing, and the way out.
        reason: String,
    },
    /// A file or folder of a package cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Personal values cannot go by this key.
    #[error(
        "collection {id} is not told apart by {key}: set its key with `tuban collection set --key {key}`, \
         or name its own key with --personal"
    )]
    OtherKey {
        /// The id.
        id: CollectionId,
        /// The field that was named.
        key: String,
    },
    /// There is nothing to add to.
    #[error("collection {id} does not exist: leave out --append or --upsert to create it")]
    NoCollection {
        /// The id.
        id: CollectionId,
    },
    /// One id cannot name several layers.
    #[error("{path} has {layers} layers: leave out --collection, each is named after its layer")]
    OneIdForManyLayers {
        /// The file.
        path: PathBuf,
        /// Number of layers.
        layers: usize,
    },
    /// The file has a field that the collection does not have.
    #[error(
        "field {field:?} is not one of collection {collection} ({}); --replace takes the file's \
         fields instead", known.join(", ")
    )]
    UnknownField {
        /// Where the features should go.
        collection: CollectionId,
        /// The file's field.
        field: String,
        /// The collection's fields.
        known: Vec<String>,
    },
    /// The file has no such field to keep.
    #[error("--keep {field:?}: the file has no such field; it has {}", known.join(", "))]
    UnknownKeep {
        /// What was asked to be kept.
        field: String,
        /// The file's fields.
        known: Vec<String>,
    },
    /// The field cannot be a key.
    #[error("--upsert {key:?}: no text or integer field of that name; there are {}", known.join(", "))]
    BadKey {
        /// What was asked for.
        key: String,
        /// The collection's fields.
        known: Vec<String>,
    },
    /// The coordinates cannot be understood or transformed.
    #[error("{layer}: {reason}")]
    Coordinates {
        /// Name of the layer.
        layer: String,
        /// What is wrong, and the way out.
        reason: String,
    },
    /// Replacing would leave nothing.
    #[error(
        "none of the {read} rows can be imported ({}), so that --replace would leave nothing; the \
         collection is as it was{}", kinds.join(", "), listed(report.as_deref())
    )]
    NothingToReplaceWith {
        /// Rows of the layer.
        read: u64,
        /// How many were left out, and why.
        kinds: Vec<String>,
        /// Where the rows are listed.
        report: Option<PathBuf>,
    },
    /// The report cannot be written.
    #[error("the report cannot be written: {0}; name another place with --report")]
    Report(std::io::Error),
    /// The user asked to stop.
    #[error("stopped; the store is as it was before this {what}")]
    Stopped {
        /// What has not happened: the file, or the layer of it that was under way.
        what: &'static str,
    },
    /// The reader broke down.
    #[error("the reader of this format broke down; please report the file")]
    ReaderPanicked,
}

impl ImportError {
    /// Whether the message begins with this file, so that it need not be named again.
    pub fn names(&self, file: &Path) -> bool {
        match self {
            Self::Format(error) => error.path() == file,
            Self::OneIdForManyLayers { path, .. }
            | Self::NoParcels { path, .. }
            | Self::Io { path, .. } => path == file,
            _ => false,
        }
    }
}

fn listed(report: Option<&Path>) -> String {
    report.map_or_else(String::new, |path| format!("; row by row: {}", path.display()))
}
