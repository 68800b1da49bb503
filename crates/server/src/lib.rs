//! HTTP: routes, wire documents, styles, the viewer's files.
//!
//! *Invariant:* no SQL, no geometry algorithm, no tile byte is made here.

mod actor;
mod as_of;
mod asked;
mod assets;
mod base_url;
mod conditional;
mod cors;
mod crs_uri;
mod edits;
mod html;
mod http_date;
mod links;
mod listen;
mod negotiate;
mod openapi;
pub mod planner;
mod problem;
mod query_string;
mod request_body;
mod routes;
mod schema;
mod state;
mod streaming;
pub mod style;

use std::future::Future;
use std::sync::Arc;

use engine::Engine;
use spatial::CollectionSnapshot;
use tokio::net::TcpListener;

pub use base_url::LinkSettings;
pub use state::ServerSettings;

/// TileJSON of tiles with these layers, whose URLs begin with `base`.
pub fn tilejson(layers: &[&CollectionSnapshot], base: &str) -> serde_json::Value {
    routes::tilejson_document(layers, base)
}

/// Answers on `listener` until `shutdown` ends, then lets running requests finish.
pub async fn serve(
    listener: TcpListener,
    engine: Arc<Engine>,
    settings: ServerSettings,
    shutdown: impl Future<Output = ()>,
) {
    let app = Arc::new(state::App::new(engine, settings));
    listen::serve(listener, routes::router(app), shutdown).await;
}
