//! The engine itself: what it is made of, and how it starts.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use spatial::{CrsRegistry, Revision, Snapshot};
use store::FeatureStore;
use tile::CommandCache;
use tokio::sync::{Mutex, broadcast};

use crate::cache::TileCache;
use crate::clues::{KeptClues, kept_clues};
use crate::commit_queue::CommitQueue;
use crate::dossier::Surveys;
use crate::grids::Grids;
use crate::items::{Cursors, Orders};
use crate::ledger::LedgerState;
use crate::metrics::{
    COMMAND_BYTES, FEATURES, GRID_BYTES, REVISION, Reading, SNAPSHOT_BYTES, TILE_CACHE_BYTES,
    Watching,
};
use crate::past::PastStates;
use crate::places::{KeptIndex, KeptResponsible, kept_responsible};
use crate::query::{KeptAreas, KeptJoins, KeptSearches, kept_joins, kept_searches};
use crate::recorded::Recorded;
use crate::sight::{Lens, Lenses, View};
use crate::{EngineError, Metrics, Pool, Publication, publication};

/// What the operator may set.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// Threads that render; 0 is one a core.
    pub threads: usize,
    /// Jobs that may wait for a thread before requests are refused.
    pub queue: usize,
    /// Budget of the tile cache.
    pub tile_cache_bytes: u64,
    /// Budget of the past states that are kept; one is kept whatever its size.
    pub past_bytes: usize,
    /// Tile matrix sets of the site, beside those built in.
    pub grids: Vec<tile::GridDefinition>,
    /// Budget of what is kept of the places of features on grids other than Web Mercator's. A
    /// tile that shows more holds it while it is cut.
    pub grid_bytes: u64,
    /// What one tile may hold.
    pub limits: tile::Limits,
    /// Longest time that one query works.
    pub query_time: Duration,
    /// How long a cursor holds once its collection has changed.
    pub cursor_life: Duration,
    /// Who raises which event at a point, and how long is long.
    pub ledger: ledger::Rules,
    /// What is asked of evidence.
    pub evidence: ledger::rows::evidence::EvidenceRules,
    /// How near positions of a patrol must be to what it covers.
    pub patrols: ledger::patrol::PatrolRules,
    /// Who does what records wait for, and how long it may take.
    pub worklist: ledger::worklist::RecordRules,
    /// Where rows without a place belong; without rules what has none is withheld from whoever sees
    /// an area only.
    pub areas: Arc<ledger::sight::AreaRules>,
    /// What everyone may read of a store whose readers are everyone; nothing unless it is given.
    pub public: Arc<ledger::sight::PublicView>,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            threads: 0,
            queue: 64,
            tile_cache_bytes: 512 << 20,
            past_bytes: 256 << 20,
            grids: Vec::new(),
            grid_bytes: 256 << 20,
            limits: tile::Limits::default(),
            query_time: Duration::from_secs(4),
            cursor_life: Duration::from_secs(600),
            ledger: ledger::Rules::default(),
            evidence: ledger::rows::evidence::EvidenceRules::default(),
            patrols: ledger::patrol::PatrolRules::default(),
            worklist: ledger::worklist::RecordRules::default(),
            areas: Arc::default(),
            public: Arc::default(),
        }
    }
}

/// Budget of the commands of polygons that are kept for the tiles to come.
const MAX_COMMAND_BYTES: usize = 128 << 20;
/// Features from which on commands of a shard are kept.
const KEPT_SHARD: usize = 64;

/// One store, served from memory. Clones are handles to the same engine; what a handle sees, its view
/// says ([`Engine::viewing`]).
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<Parts>, pub(crate) Arc<Lens>);

pub(crate) struct Parts {
    pub(crate) store: Arc<dyn FeatureStore>,
    pub(crate) registry: Arc<CrsRegistry>,
    pub(crate) settings: EngineSettings,
    pub(crate) pool: Pool,
    pub(crate) current: ArcSwap<Snapshot>,
    /// The current state as others than the program see it, as far as they have asked.
    pub(crate) lenses: Lenses,
    /// The lens of the program itself.
    everything: Arc<Lens>,
    /// Where new states are told.
    pub(crate) publications: broadcast::Sender<Arc<Publication>>,
    /// Change sets that wait for their turn.
    pub(crate) queue: CommitQueue,
    /// Held by whoever publishes the next snapshot.
    pub(crate) writing: Mutex<()>,
    /// Whether folding is under way.
    pub(crate) folding: AtomicBool,
    pub(crate) cache: TileCache,
    pub(crate) commands: Arc<CommandCache>,
    pub(crate) grids: Arc<Grids>,
    pub(crate) past: PastStates,
    pub(crate) clues: KeptClues,
    pub(crate) surveys: Surveys,
    pub(crate) places: KeptIndex,
    pub(crate) ledger: LedgerState,
    /// Held by whoever takes patrols: one at a time.
    pub(crate) patrolling: Mutex<()>,
    pub(crate) cursors: Cursors,
    pub(crate) orders: Orders,
    pub(crate) areas: KeptAreas,
    pub(crate) joins: KeptJoins,
    pub(crate) searches: KeptSearches,
    pub(crate) responsible: KeptResponsible,
    pub(crate) metrics: Metrics,
    pub(crate) fingerprint: u64,
    identity: u64,
    recorded: Recorded,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let revision = self.snapshot().revision;
        f.debug_struct("Engine").field("revision", &revision).finish_non_exhaustive()
    }
}

impl Engine {
    /// Forgets what was found lately, as when what it was found in is erased.
    pub(crate) fn forget_answers(&self) {
        self.0.clues.clear();
        self.0.joins.clear();
        self.0.searches.clear();
        self.0.responsible.clear();
    }

    /// Reads every collection of `store` into memory.
    pub async fn open(
        store: Arc<dyn FeatureStore>,
        registry: Arc<CrsRegistry>,
        settings: EngineSettings,
    ) -> Result<Self, EngineError> {
        let empty =
            Snapshot { revision: Revision(0), recorded_at: None, collections: BTreeMap::new() };
        let identity = identity(&*store).await?;
        let fingerprint = fingerprint(&*store, &settings, identity).await?;
        let parts = Arc::new(Parts {
            pool: Pool::new(settings.threads, settings.queue)?,
            cache: TileCache::new(settings.tile_cache_bytes)?,
            commands: Arc::new(CommandCache::new(MAX_COMMAND_BYTES, KEPT_SHARD)),
            grids: Arc::new(Grids::new(&settings.grids, settings.grid_bytes, &registry)?),
            past: PastStates::default(),
            clues: kept_clues(),
            surveys: Surveys::default(),
            places: KeptIndex::default(),
            ledger: LedgerState::default(),
            patrolling: Mutex::default(),
            cursors: Cursors::default(),
            orders: Orders::new()?,
            areas: KeptAreas::new()?,
            joins: kept_joins(),
            searches: kept_searches(),
            responsible: kept_responsible(),
            current: ArcSwap::from_pointee(empty),
            lenses: Lenses::default(),
            everything: Arc::new(Lens::new(View::EVERYTHING)),
            publications: broadcast::Sender::new(publication::WAITING),
            queue: CommitQueue::default(),
            writing: Mutex::new(()),
            folding: AtomicBool::new(false),
            metrics: Metrics::default(),
            store,
            registry,
            settings,
            fingerprint,
            identity,
            recorded: Recorded::default(),
        });
        let engine = Self::of(parts);
        engine.refresh().await?;
        engine.index_ledger().await?;
        Ok(engine)
    }

    /// The handle of the program itself.
    pub(crate) fn of(parts: Arc<Parts>) -> Self {
        let lens = Arc::clone(&parts.everything);
        Self(parts, lens)
    }

    /// The system of record.
    pub fn store(&self) -> &Arc<dyn FeatureStore> {
        &self.0.store
    }

    /// The coordinate systems.
    pub fn registry(&self) -> &Arc<CrsRegistry> {
        &self.0.registry
    }

    /// The settings that the engine runs with.
    pub fn settings(&self) -> &EngineSettings {
        &self.0.settings
    }

    /// The threads for work that takes the processor.
    pub fn pool(&self) -> &Pool {
        &self.0.pool
    }

    /// Every number of [`crate::metrics`] now.
    pub fn reading(&self) -> Reading {
        let snapshot = self.snapshot();
        let features =
            snapshot.collections.values().map(|collection| collection.len()).sum::<usize>();
        let mut reading = self.0.metrics.read();
        reading.numbers.extend([
            (FEATURES, false, features as u64),
            (REVISION, false, snapshot.revision.0),
            (SNAPSHOT_BYTES, false, snapshot.heap_bytes() as u64),
            (TILE_CACHE_BYTES, false, self.0.cache.weight()),
            (COMMAND_BYTES, false, self.0.commands.bytes() as u64),
            (GRID_BYTES, false, self.0.grids.bytes()),
        ]);
        reading
    }

    /// Counters of whoever listens for changes.
    pub fn watching(&self) -> &Watching {
        &self.0.metrics.watching
    }

    /// A handle that keeps nothing alive.
    pub(crate) fn weak(&self) -> Weak<Parts> {
        Arc::downgrade(&self.0)
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn cache(&self) -> &TileCache {
        &self.0.cache
    }

    pub(crate) fn cursors(&self) -> &Cursors {
        &self.0.cursors
    }

    pub(crate) fn orders(&self) -> &Orders {
        &self.0.orders
    }

    pub(crate) fn fingerprint(&self) -> u64 {
        self.0.fingerprint
    }

    pub(crate) fn recorded(&self) -> &Recorded {
        &self.0.recorded
    }

    pub(crate) fn identity(&self) -> u64 {
        self.0.identity
    }
}

/// Tells this store from others, for as long as it lives: made of its first commit.
async fn identity(store: &dyn FeatureStore) -> Result<u64, EngineError> {
    let mut hasher = rustc_hash::FxHasher::default();
    for record in store.changes(Revision(0), 1).await?.iter().take(1) {
        (record.recorded_at, &record.collection, &record.actor).hash(&mut hasher);
    }
    Ok(hasher.finish())
}

/// Tells tags of this store and these settings from those of another: made of the store's
/// identity, its collections as they are now, the tile limits and this program's version.
async fn fingerprint(
    store: &dyn FeatureStore,
    settings: &EngineSettings,
    identity: u64,
) -> Result<u64, EngineError> {
    let mut hasher = rustc_hash::FxHasher::default();
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    let limits = settings.limits;
    (limits.features, limits.bytes, limits.buffer).hash(&mut hasher);
    identity.hash(&mut hasher);
    for grid in &settings.grids {
        format!("{grid:?}").hash(&mut hasher);
    }
    for collection in store.collections().await? {
        (&collection.id, &collection.crs, collection.count).hash(&mut hasher);
        let extent = collection.extent;
        for border in [extent.min_x, extent.min_y, extent.max_x, extent.max_y] {
            border.to_bits().hash(&mut hasher);
        }
    }
    Ok(hasher.finish())
}
