//! What every request shares.

use std::sync::Arc;
use std::time::Duration;

use engine::feed::Feed;
use engine::fences::{FenceSettings, Fences};
use engine::{Audience, Engine, HIGHEST_IN_TILES, View, now};
use ledger::checklist::Checklists;
use ledger::clue::Rules;
use ledger::dossier::Dossiers;
use ledger::task::Tasks;
use ledger::whistle::WhistleRules;
use tokio::sync::{Semaphore, watch};

use crate::access::Access;
use crate::archives::{Archive, Archives};
use crate::base_url::LinkSettings;
use crate::crs_uri::CrsLists;
use crate::event_stream::Streams;
use crate::evidence::EvidenceReaders;
use crate::exports::{ExportSettings, Exports};
use crate::indicators::Indicators;
use crate::ledgers::Ledgers;
use crate::planner::KnownSearches;
use crate::ready::Ready;
use crate::reveals::Reveals;
use crate::routes::Answers;
use crate::tallies::Tallies;
use crate::webhooks::{WebhookSettings, Webhooks};

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
    /// Memory for answers with tiles that are ready to be given again, in bytes.
    pub ready_bytes: u64,
    /// Most readers of change streams and fence streams at a time.
    pub max_stream_readers: usize,
    /// How often a reader hears something although nothing happens.
    pub heartbeat: Duration,
    /// How many fences there may be, and how long their events are kept.
    pub fences: FenceSettings,
    /// Where events of fences may be posted.
    pub webhooks: WebhookSettings,
    /// Largest photo or document, in bytes.
    pub max_evidence_bytes: usize,
    /// Who sees photos and documents.
    pub evidence_readers: EvidenceReaders,
    /// Who calls departments, says that they came, and closes calls.
    pub whistles: WhistleRules,
    /// Tiles that others made, beside those of the store.
    pub archives: Archives,
    /// What is counted of the ledger, and what is to be reached; without it nothing is.
    pub indicators: Option<Arc<Indicators>>,
    /// Who may ask, and what.
    pub access: Access,
    /// Ledgers as lists; none unless they are given.
    pub ledgers: Arc<Ledgers>,
    /// The tasks of special actions.
    pub tasks: Arc<Tasks>,
    /// What household files are made of; none are served without it.
    pub dossiers: Option<Arc<Dossiers>>,
    /// Spatial rules; none unless they are given.
    pub rules: Arc<Rules>,
    /// Checklists; none unless they are given.
    pub checklists: Arc<Checklists>,
    /// How much of the cadastre an account may take.
    pub exports: Arc<ExportSettings>,
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
            ready_bytes: 128 << 20,
            max_stream_readers: 1_000,
            heartbeat: Duration::from_secs(15),
            fences: FenceSettings::default(),
            webhooks: WebhookSettings::default(),
            max_evidence_bytes: 20 << 20,
            evidence_readers: EvidenceReaders::default(),
            whistles: WhistleRules::default(),
            archives: Archives::default(),
            indicators: None,
            access: Access::default(),
            ledgers: Arc::default(),
            tasks: Arc::default(),
            dossiers: None,
            rules: Arc::default(),
            checklists: Arc::default(),
            exports: Arc::default(),
        }
    }
}

/// The engine and the settings, shared by all requests of those who see the same.
#[derive(Clone, Debug)]
pub struct App {
    /// What answers, as those who ask may see it.
    pub engine: Arc<Engine>,
    /// How.
    pub settings: ServerSettings,
    /// How often.
    pub answers: Arc<Answers>,
    /// What can be given again as it is.
    pub ready: Arc<Ready>,
    /// Searches by their bodies.
    pub searches: Arc<KnownSearches>,
    /// What each collection is offered in.
    pub crs_lists: Arc<CrsLists>,
    /// What changes, as it happens.
    pub feed: Arc<Feed>,
    /// Readers of streams.
    pub streams: Arc<Streams>,
    /// Areas that are watched; none when the store's could not be read.
    pub fences: Option<Arc<Fences>>,
    /// Where their events are posted.
    pub webhooks: Arc<Webhooks>,
    /// What of the cadastre was taken.
    pub exports: Arc<Exports>,
    /// What stands in the audit log once a minute.
    pub tallies: Arc<Tallies>,
    /// Who has seen how many personal values in the clear.
    pub reveals: Arc<Reveals>,
    /// Places for photos and documents that come in at the same time.
    pub uploads: Arc<Semaphore>,
}

/// Photos and documents that are held in memory while they come in.
const MAX_UPLOADS: usize = 16;

impl App {
    /// The archive called `name`; a collection of the same name comes first.
    pub fn archive(&self, name: &str) -> Option<Arc<Archive>> {
        self.settings.archives.find(name, &self.engine.snapshot())
    }

    /// The same for those who see so much.
    pub fn viewing(&self, view: View) -> Self {
        let is_part = view.areas.is_some() || view.audience == Audience::Public;
        let archives = match is_part {
            true => self.settings.archives.opened(),
            false => self.settings.archives.clone(),
        };
        let settings = ServerSettings { archives, ..self.settings.clone() };
        // What is offered depends on the extents that are seen.
        let crs_lists = Arc::default();
        let engine = Arc::new(self.engine.viewing(view));
        Self { engine, settings, crs_lists, ..self.clone() }
    }

    /// Nothing answered yet. Follows what `engine` publishes from now on, and evaluates fences;
    /// streams end when `ending` becomes true.
    pub async fn start(
        engine: Arc<Engine>,
        settings: ServerSettings,
        ending: watch::Receiver<bool>,
    ) -> Self {
        let feed = Feed::start(&engine);
        let streams = Streams::new(settings.max_stream_readers, settings.heartbeat, ending);
        let streams = Arc::new(streams);
        let webhooks = Arc::new(Webhooks::new(settings.webhooks.clone()));
        // Fences tell others by webhooks: they watch what everyone may see.
        let fences = match Fences::start(&engine.seeing(HIGHEST_IN_TILES), settings.fences).await {
            Ok(fences) => Some(fences),
            Err(error) => {
                tracing::error!(%error, "fences cannot be read; they are not served");
                None
            }
        };
        if let Some(fences) = &fences {
            webhooks.start(fences);
        }
        let recalled = Exports::recalled(&engine, &settings.exports, now()).await;
        let exports = recalled.unwrap_or_else(|error| {
            tracing::error!(%error, "what accounts took before is not known; it counts from now on");
            Exports::default()
        });
        let (answers, searches, crs_lists, tallies) = Default::default();
        let ready = Arc::new(Ready::new(settings.ready_bytes));
        let uploads = Arc::new(Semaphore::new(MAX_UPLOADS));
        let reveals = Arc::default();
        Self {
            engine,
            settings,
            answers,
            ready,
            searches,
            crs_lists,
            feed,
            streams,
            fences,
            webhooks,
            exports: Arc::new(exports),
            tallies,
            reveals,
            uploads,
        }
    }
}
