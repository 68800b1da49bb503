//! `tuban serve`

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{
    Audience, Engine, EngineSettings, HIGHEST_IN_TILES, MAX_TILE_COLLECTIONS, View, key_class,
};
use server::{
    Access, Archives, EvidenceReaders, FenceSettings, LinkSettings, Readers, ServerSettings, Sight,
    WebhookSettings,
};
use spatial::{FieldClass, Timestamp};
use store::{AccountStore, FeatureStore, GeoPackageStore};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use super::{CommandError, now, registry, with_key};
use crate::archives::{ArchiveConfig, storage_keys};
use crate::args::ServeArgs;
use crate::audit_heads;
use crate::config::{Config, Editors, GridConfig, Keep};
use crate::data_files::{
    ledger_rules, read_areas, read_catalogue, read_checklists, read_dossiers, read_ledgers,
    read_public, read_rules, read_tasks,
};
use crate::indicator_files::read_indicators;
use crate::ledger_config::named;
use crate::local::{DocumentRules, Listener};
use crate::output::{say, tell};

/// Serves a store until it is told to end.
pub async fn serve(args: ServeArgs, config: &Config) -> Result<(), CommandError> {
    let mut config = config.clone();
    if let Some(listen) = args.listen {
        config.server.listen = listen;
    }
    if let Some(url) = args.public_url {
        config.server.public_url = url;
    }
    config.server.public |= args.public;
    for archive in &args.archive {
        config.archives.push(ArchiveConfig::of_argument(archive)?);
    }
    run(&args.store, &config).await
}

/// Opens the store at `path`, listens, prints the URLs, answers until SIGTERM or SIGINT.
pub async fn run(path: &Path, config: &Config) -> Result<(), CommandError> {
    let address = config.server.listen;
    if !LinkSettings::is_base(&config.server.public_url) {
        return Err(CommandError::Argument {
            name: "--public-url",
            value: config.server.public_url.clone(),
            reason: "expected http:// or https://, a host and perhaps a path, such as \
                     https://map.example/tuban"
                .to_owned(),
        });
    }
    if !path.exists() {
        return Err(CommandError::NoStore { path: path.to_path_buf() });
    }
    if !address.ip().is_loopback() && !config.server.public && !has_accounts(path).await? {
        return Err(CommandError::NotLoopback { address });
    }
    // Taken first: a port that is in use should not cost the time of opening the store.
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| CommandError::Listen { address, source })?;
    let address = listener.local_addr().unwrap_or(address);

    let started = Instant::now();
    let registry = registry(config)?;
    let store = Arc::new(with_key(GeoPackageStore::open(path)?, config));
    // What other programs wrote while nobody served comes before the first answer.
    engine::take_in_foreign(&*store, now()).await?;
    let served: Arc<dyn FeatureStore> = Arc::<GeoPackageStore>::clone(&store);
    let tasks = read_tasks(named(&config.ledger.tasks))?;
    let settings = EngineSettings {
        ledger: ledger_rules(&config.ledger, &tasks),
        areas: Arc::new(read_areas(named(&config.accounts.areas))?),
        public: Arc::new(read_public(named(&config.accounts.public))?),
        ..engine_settings(config)
    };
    let engine = Arc::new(Engine::open(served, registry, settings).await?);
    let ledgers = read_ledgers(named(&config.ledger.ledgers))?;
    let dossiers = read_dossiers(named(&config.ledger.dossiers))?;
    let checklists = read_checklists(named(&config.patrols.checklists))?;
    let catalogue = read_catalogue(named(&config.ledger.catalogue))?;
    let rules = read_rules(named(&config.ledger.spatial_rules), &config.ledger.roles)?
        .with_catalogue(catalogue);
    let access = access(config, &engine, address).await?;
    let archives = archives(config, &engine).await?;
    let indicators = read_indicators(&config.ledger, (path, &engine.snapshot()))?;
    let audit_key = audit_heads::key(&config.audit)?;
    let taking = DocumentRules::read(config)?;
    let mut beside = beside(path, config, &store, (&engine, &access), taking);
    if let Some(pair) = audit_key {
        beside.push(tokio::spawn(audit_heads::sign_daily(Arc::clone(&store), pair)));
    }
    announce(path, address, config, &engine, started.elapsed());
    announce_access(address, config, &access);

    let public_url = &config.server.public_url;
    let settings = ServerSettings {
        links: LinkSettings {
            public_url: (!public_url.is_empty()).then(|| public_url.clone()),
            trusted_proxies: config.server.trusted_proxies.clone(),
        },
        request_timeout: Duration::from_secs(config.server.request_timeout_seconds),
        max_body_bytes: config.server.max_body_bytes,
        max_batch_bytes: config.server.max_batch_bytes,
        offers_edits: match config.server.edits {
            Editors::Nobody => false,
            // Every change needs a token then.
            _ if access.has_accounts() => true,
            editors => editors.may_edit_at(address, config.server.public),
        },
        max_transaction_changes: config.server.max_transaction_changes,
        require_if_match: config.server.require_if_match,
        edit_origins: config.server.edit_origins.clone(),
        max_url_bytes: config.server.max_url_bytes,
        tile_max_age: config.tiles.max_age_seconds,
        ready_bytes: ready_bytes(config),
        max_stream_readers: config.changes.max_readers,
        heartbeat: Duration::from_secs(u64::from(config.changes.heartbeat_seconds.get())),
        fences: FenceSettings {
            max_fences: config.fences.max_fences,
            max_events: config.fences.max_events,
            keep: Duration::from_secs(u64::from(config.fences.max_days) * 86_400),
        },
        webhooks: WebhookSettings {
            hosts: config.webhooks.hosts.clone(),
            insecure_loopback: config.webhooks.insecure_loopback,
            ..WebhookSettings::default()
        },
        max_evidence_bytes: config.evidence.max_bytes,
        evidence_readers: match address.ip().is_loopback() && !config.server.public {
            true => EvidenceReaders::Local,
            false => EvidenceReaders::Accounts,
        },
        whistles: config.whistle_rules(),
        archives,
        indicators: Some(Arc::new(indicators)),
        access,
        ledgers: Arc::new(ledgers),
        tasks: Arc::new(tasks),
        dossiers: Some(Arc::new(dossiers)),
        rules: Arc::new(rules),
        checklists: Arc::new(checklists),
        exports: Arc::new(config.exports.settings()),
    };
    server::serve(listener, engine, settings, told_to_end()).await;
    for task in beside {
        task.abort();
        // The store closes when its last user has gone.
        let _ended = task.await;
    }
    Ok(())
}

/// Whether the store at `path` has accounts.
async fn has_accounts(path: &Path) -> Result<bool, CommandError> {
    let all = GeoPackageStore::open_read_only(path)?.accounts().await?;
    Ok(!all.accounts.is_empty())
}

/// Who may ask, by the accounts of the store.
async fn access(
    config: &Config,
    engine: &Arc<Engine>,
    address: SocketAddr,
) -> Result<Access, CommandError> {
    let readers = match config.server.public {
        true => Readers::Everyone,
        false => Readers::WithToken,
    };
    // Whoever reaches a server on loopback could open the file itself.
    let local = match address.ip().is_loopback() && !config.server.public {
        true => View::EVERYTHING,
        false if config.server.public => server::everyone(),
        false => View::everywhere(Audience::Internal, FieldClass::L1),
    };
    let roles = config.accounts.sees.clone();
    let sight = Sight { local, roles, profiles: config.accounts.profiles.clone() };
    let edits = config.accounts.edit_rules(&config.ledger.roles);
    Ok(Access::open(engine, readers, edits, sight).await?)
}

/// Opens the archives that are served beside the store.
async fn archives(config: &Config, engine: &Engine) -> Result<Archives, CommandError> {
    let keys = storage_keys();
    let settings = config.archives.iter().map(|archive| archive.settings(keys.as_ref()));
    let settings = settings.collect::<Result<Vec<_>, _>>()?;
    Ok(Archives::open(settings, &engine.snapshot()).await?)
}

/// Past states that are let go at a time: a few milliseconds of the writer.
const DROPPED_AT_ONCE: usize = 200;
/// What commits have for themselves in between.
const BETWEEN_DROPS: Duration = Duration::from_millis(50);
const DAY: Duration = Duration::from_secs(86_400);

/// Lets past states go when they ended longer ago than they are kept: now and once a day.
async fn keep_history(engine: Engine, keep: Keep) {
    let Keep::Days(days) = keep else { return };
    loop {
        let moment = Timestamp(now().0 - i64::from(days) * 86_400_000);
        loop {
            match engine.store().drop_history(moment, DROPPED_AT_ONCE).await {
                Ok(true) => tokio::time::sleep(BETWEEN_DROPS).await,
                Ok(false) => break,
                Err(error) => {
                    tracing::error!(%error, "past states could not be let go");
                    break;
                }
            }
        }
        tokio::time::sleep(DAY).await;
    }
}

/// What goes on beside the answers: following what other programs write into the file, assigning
/// features where boundaries moved, letting old past states go, and doing what commands ask by the
/// socket.
fn beside(
    path: &Path,
    config: &Config,
    store: &Arc<GeoPackageStore>,
    (engine, access): (&Engine, &Access),
    taking: DocumentRules,
) -> Vec<JoinHandle<()>> {
    let mut tasks = vec![tokio::spawn(keep_history(engine.clone(), config.history.keep))];
    tasks.push(engine::places::start(engine));
    let every = Duration::from_millis(config.server.foreign_poll_ms);
    if !every.is_zero() {
        let engine = engine.clone();
        tasks.push(tokio::spawn(async move { engine.follow_foreign(every, now).await }));
    }
    match Listener::bind(path) {
        Ok(listener) => {
            tasks.push(tokio::spawn(listener.answer(
                Arc::clone(store),
                (engine.clone(), access.clone()),
                taking,
            )));
        }
        Err(error) => tracing::warn!(
            %error, store.path = %path.display(),
            "no socket beside the store: commands that write are refused while it is served"
        ),
    }
    tasks
}

/// Says what clients enter: of a store that everyone may read, what everyone may.
fn announce(path: &Path, address: SocketAddr, config: &Config, engine: &Engine, took: Duration) {
    let snapshot = engine.snapshot();
    let features: usize = snapshot.collections.values().map(|c| c.len()).sum();
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => "localhost".to_owned(),
        IpAddr::V6(ip) if ip.is_unspecified() => "localhost".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let base = match config.server.public_url.trim_end_matches('/') {
        "" => format!("http://{host}:{}", address.port()),
        url => url.to_owned(),
    };
    let readers = match config.server.public {
        true => engine.viewing(server::everyone()),
        false => engine.clone(),
    };
    let readable = readers.snapshot();
    let drawn = readable.collections.values().filter(|held| {
        key_class(held.collection()) <= HIGHEST_IN_TILES && !held.collection().extent.is_empty()
    });
    say(format_args!(
        "{}: {features} features in {} collections, ready in {:.2} s on {address}",
        path.display(),
        snapshot.collections.len(),
        took.as_secs_f64()
    ));
    say(format_args!("  browser   {base}/"));
    let drawn = drawn.take(MAX_TILE_COLLECTIONS).map(|held| held.collection().id.as_str());
    let drawn: Vec<&str> = drawn.collect();
    if let Some(first) = drawn.first() {
        let example = if drawn.contains(&"parcels") { "parcels" } else { first };
        say(format_args!(
            "  QGIS      {base}/xyz/{example}/{{z}}/{{x}}/{{y}}.pbf   (new vector tile connection, zoom 0 to 18)"
        ));
        say(format_args!("            {base}/styles/{example}?client=qgis   (its style URL)"));
        say(format_args!("  TileJSON  {base}/xyz/{}/tilejson.json", drawn.join(",")));
    }
    for archive in &config.archives {
        say(format_args!("  archive   {base}/xyz/{}/tilejson.json", archive.id));
    }
    say("  Ctrl-C ends the server");
}

/// Says who may ask, where the store has accounts.
fn announce_access(address: SocketAddr, config: &Config, access: &Access) {
    if !access.has_accounts() {
        return;
    }
    match config.server.public {
        true => say("  accounts  changes need a token, reading does not"),
        false => say("  accounts  every request needs a token (`tuban user token`)"),
    }
    let encrypted = config.server.public_url.starts_with("https://");
    if !address.ip().is_loopback() && !encrypted {
        tell(
            "tokens pass unencrypted: have a proxy in front speak HTTPS, and name its URL with \
             --public-url",
        );
    }
}

/// Ends with the first SIGINT or SIGTERM.
async fn told_to_end() {
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => {
            tracing::warn!(%error, "SIGTERM is not listened for");
            let _ = tokio::signal::ctrl_c().await;
            return;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    tell("ending: running requests are answered first");
}

/// What of the memory for tiles holds whole answers, in bytes. They mostly share the tiles of the
/// engine's cache, but need not.
fn ready_bytes(config: &Config) -> u64 {
    (config.tiles.cache_mib << 20) / 4
}

/// How the engine works by this configuration, but for what files say that it names.
pub fn engine_settings(config: &Config) -> EngineSettings {
    EngineSettings {
        tile_cache_bytes: (config.tiles.cache_mib << 20) - ready_bytes(config),
        threads: config.tiles.threads,
        grids: config.grids.iter().map(GridConfig::definition).collect(),
        grid_bytes: config.tiles.grid_mib << 20,
        limits: tile::Limits {
            features: config.tiles.max_features,
            bytes: config.tiles.max_bytes,
            ..tile::Limits::default()
        },
        query_time: Duration::from_secs(config.server.request_timeout_seconds).mul_f64(0.8),
        ledger: config.ledger.rules(),
        evidence: config.evidence.rules(),
        patrols: config.patrols.rules(),
        worklist: config.worklist_rules(),
        ..EngineSettings::default()
    }
}
