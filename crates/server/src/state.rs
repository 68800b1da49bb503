//! What every request shares.

use std::sync::Arc;
use std::time::Duration;

use engine::Engine;

use crate::base_url::LinkSettings;
use crate::crs_uri::CrsLists;
use crate::routes::Answers;

/// How the server answers.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// How links are made absolute.
    pub links: LinkSettings,
    /// Longest time for one request.
    pub request_timeout: Duration,
    /// Largest request body, in bytes.
    pub max_body_bytes: usize,
    /// Largest body of a batch of geometries and of an edit, in bytes.
    pub max_batch_bytes: usize,
    /// Longest path and query, in bytes.
    pub max_url_bytes: usize,
    /// Whether features may be changed at all.
    pub offers_edits: bool,
    /// Most changes of one transaction.
    pub max_transaction_changes: usize,
    /// Whether a change of a feature must say which state of it is expected.
    pub require_if_match: bool,
    /// Origins, beside the server's own, whose pages may change something.
    pub edit_origins: Vec<String>,
    /// Seconds a client may use a tile without asking again.
    pub tile_max_age: u32,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            links: LinkSettings::default(),
            request_timeout: Duration::from_secs(5),
            max_body_bytes: 1 << 20,
            max_batch_bytes: 16 << 20,
            max_url_bytes: 8192,
            offers_edits: true,
            max_transaction_changes: 10_000,
            require_if_match: false,
            edit_origins: Vec::new(),
            tile_max_age: 0,
        }
    }
}

/// The engine and the settings, shared by all requests.
#[derive(Debug)]
pub struct App {
    /// What answers.
    pub engine: Arc<Engine>,
    /// How.
    pub settings: ServerSettings,
    /// How often.
    pub answers: Answers,
    /// What each collection is offered in.
    pub crs_lists: CrsLists,
}

impl App {
    /// Nothing answered yet.
    pub fn new(engine: Arc<Engine>, settings: ServerSettings) -> Self {
        Self { engine, settings, answers: Answers::default(), crs_lists: CrsLists::default() }
    }
}
