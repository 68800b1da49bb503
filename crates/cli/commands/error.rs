//! What ends a command.

use std::net::SocketAddr;
use std::path::PathBuf;

use spatial::collection::InvalidCollectionId;
use spatial::{CrsError, ParseCrsError};
use thiserror::Error;

use crate::config::ConfigError;
use crate::import::ImportError;
use crate::synth::SynthError;

/// A command that did not do its work.
#[derive(Debug, Error)]
pub enum CommandError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A coordinate system cannot be used.
    #[error(transparent)]
    Crs(#[from] CrsError),
    /// A text names no coordinate system.
    #[error(transparent)]
    ParseCrs(#[from] ParseCrsError),
    /// The store refuses or fails.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The server that holds the store refuses or cannot be reached.
    #[error(transparent)]
    Local(#[from] crate::local::LocalError),
    /// No token can be made.
    #[error(transparent)]
    Token(#[from] server::NoRandomness),
    /// The engine refuses or fails.
    #[error(transparent)]
    Engine(#[from] engine::EngineError),
    /// An archive of tiles cannot be served.
    #[error(transparent)]
    Archive(#[from] server::ArchiveError),
    /// Indicators have no answer.
    #[error(transparent)]
    Indicators(#[from] server::indicators::IndicatorRefusal),
    /// A table cannot be written.
    #[error(transparent)]
    Report(#[from] formats::report::ReportFault),
    /// A file of definitions cannot be used.
    #[error(transparent)]
    Definitions(#[from] crate::data_files::DataFileError),
    /// A query has no answer.
    #[error("{}{refusal}", request.as_ref().map(|path| format!("{}: ", path.display())).unwrap_or_default())]
    Query {
        /// File of the request, if there is one.
        request: Option<PathBuf>,
        /// What is wrong, and where.
        refusal: Box<server::planner::Refusal>,
    },
    /// The import did not happen.
    #[error("{}{source}", if source.names(path) { String::new() } else { format!("{}: ", path.display()) })]
    Import {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<ImportError>,
    },
    /// The generator failed.
    #[error(transparent)]
    Synth(#[from] SynthError),
    /// A file cannot be written.
    #[error(transparent)]
    Format(#[from] formats::FormatError),
    /// No collection can have this name.
    #[error(transparent)]
    CollectionId(#[from] InvalidCollectionId),
    /// There is no such tile.
    #[error(transparent)]
    TileCoord(#[from] tile::InvalidTileCoord),
    /// A value of the command line cannot be used.
    #[error("{name} {value:?}: {reason}")]
    Argument {
        /// The flag or argument.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is wrong, and the way out.
        reason: String,
    },
    /// There is no such task.
    #[error("--task: {0}")]
    Task(#[from] server::tasks::TaskRefusal),
    /// There is no such unit.
    #[error("--unit: {0}")]
    Unit(#[from] server::units::UnitRefusal),
    /// A collection must be named.
    #[error("name one collection with --collection; the store has {}", if ids.is_empty() { "none" } else { ids })]
    ChooseCollection {
        /// What there is, with commas between.
        ids: String,
    },
    /// Nothing was changed, for nobody said yes.
    #[error("{id} was not removed: confirm with y, or say --yes where there is no terminal")]
    NotConfirmed {
        /// The collection.
        id: spatial::CollectionId,
    },
    /// There is no such store.
    #[error(
        "{path} does not exist; create it with `tuban import {path} FILE`, or see `tuban demo`"
    )]
    NoStore {
        /// The path.
        path: PathBuf,
    },
    /// The address may not be listened on.
    #[error(
        "{address} can be reached from other machines and the store has no accounts: listen on \
         127.0.0.1, make accounts with `tuban user add`, or say --public if the whole map may be \
         read by everyone who reaches it"
    )]
    NotLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; choose another with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file or folder cannot be used.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Work on another thread was cut off.
    #[error("a part of the work was cut off: {0}")]
    Ended(#[from] tokio::task::JoinError),
    /// The runtime does not start.
    #[error("the runtime does not start: {0}")]
    Runtime(std::io::Error),
}
