//! HTTP: routes, wire documents, styles, the viewer's files.
//!
//! *Invariant:* no SQL, no geometry algorithm, no tile byte is made here.

mod access;
mod account_document;
mod actor;
mod answer;
mod approval;
mod archives;
mod as_of;
mod asked;
mod assets;
mod base_url;
mod changes;
pub mod clues;
mod conditional;
mod connection_timer;
mod cors;
mod crs_uri;
mod door;
pub mod dossiers;
mod edits;
pub mod enforcement;
mod event_stream;
mod evidence;
mod exports;
mod fence_document;
mod front;
mod html;
mod http_date;
pub mod indicators;
pub mod ledgers;
mod links;
mod listen;
mod negotiate;
mod object_body;
mod openapi;
pub mod patrols;
pub mod places;
pub mod planner;
mod point_events;
pub mod points;
mod problem;
mod query_string;
mod ready;
mod repeats;
mod request_body;
mod request_ends;
mod reveals;
mod reviews;
mod routes;
mod schema;
mod seen;
mod sender;
mod state;
mod streaming;
pub mod style;
mod tallies;
pub mod tasks;
mod tls;
pub mod towns;
mod turn;
pub mod units;
mod webhooks;
mod whistles;
pub mod worklist;
mod xml;

use std::future::Future;
use std::sync::Arc;

use engine::Engine;
use spatial::CollectionSnapshot;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use access::{
    Access, AccountRole, NoRandomness, Readers, Sight, default_profiles, default_roles, everyone,
    hash_of, new_token,
};
pub use account_document::{accounts_document, token_state};
pub use archives::{
    ArchiveError, ArchivePlace, ArchiveReadError, ArchiveSettings, Archives, ObjectAddress,
    StorageKeys, UnusableUrl,
};
pub use as_of::moment;
pub use base_url::LinkSettings;
pub use engine::fences::FenceSettings;
pub use evidence::EvidenceReaders;
pub use exports::{Approval, ExportSettings};
pub use point_events::raise_here as raise_events;
pub use routes::audit::document as audit_row;
pub use state::ServerSettings;
pub use webhooks::WebhookSettings;
pub use whistles::{Step as WhistleStep, take_here as take_whistle};

/// TileJSON of tiles with these layers, whose URLs begin with `base`.
pub fn tilejson(layers: &[&CollectionSnapshot], base: &str) -> serde_json::Value {
    routes::tilejson_document(layers, base, engine::Labels::Without)
}

/// Answers on `listener` until `shutdown` ends, then lets running requests finish.
pub async fn serve(
    listener: TcpListener,
    engine: Arc<Engine>,
    settings: ServerSettings,
    shutdown: impl Future<Output = ()>,
) {
    let (end, ending) = watch::channel(false);
    let app = Arc::new(state::App::start(engine, settings, ending).await);
    // Streams have no end of their own: they end first, so that nothing waits for them.
    let shutdown = async move {
        shutdown.await;
        end.send_replace(true);
    };
    listen::serve(listener, app, shutdown).await;
}
