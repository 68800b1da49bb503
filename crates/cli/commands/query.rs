//! `tuban query`: the planner's operations on a store, or on geometries in a file.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{Engine, EngineSettings, Pool};
use formats::OutputFormat;
use serde_json::{Map, Value, json};
use server::planner::{self, ClusterRequest, FoundFeatures, JoinRequest, Refusal, SearchRequest};
use spatial::{Budget, Costs};

use super::collection::read_only;
use super::export::schema;
use super::{CommandError, registry};
use crate::args::{GivenArgs, QueryArgs, QueryOperation, SearchArgs, SearchFlags, StoredArgs};
use crate::config::Config;
use crate::output::{say, tell};

/// Longest time of one query: whoever waits at a terminal can end it.
const QUERY_TIME: Duration = Duration::from_secs(600);
/// Largest request that is read, in bytes.
const MAX_REQUEST: u64 = 256 << 20;

/// Asks, and prints or writes the answer.
pub async fn query(args: QueryArgs, config: &Config) -> Result<(), CommandError> {
    match args.operation {
        QueryOperation::Search(args) => search(*args, config).await,
        QueryOperation::Join(args) => {
            let (engine, body) = opened(&args, config).await?;
            let request = JoinRequest::read(&body, engine.registry());
            let request = request.map_err(refused(Some(&args.request)))?;
            let answer = request.answer(&engine).await.map_err(refused(Some(&args.request)))?;
            put(args.out.as_deref(), &answer.body)
        }
        QueryOperation::Cluster(args) => {
            let (engine, body) = opened(&args, config).await?;
            let request = ClusterRequest::read(&body, engine.registry());
            let request = request.map_err(refused(Some(&args.request)))?;
            let answer = request.answer(&engine).await.map_err(refused(Some(&args.request)))?;
            put(args.out.as_deref(), &answer.body)
        }
        QueryOperation::Relate(args) => batch(args, planner::relate).await,
        QueryOperation::Overlay(args) => batch(args, planner::overlay_pairs).await,
        QueryOperation::Validate(args) => batch(args, planner::validate).await,
    }
}

type Operation = fn(&[u8], &Budget<'_>) -> Result<String, Refusal>;

async fn batch(args: GivenArgs, operation: Operation) -> Result<(), CommandError> {
    let body = request(&args.request)?;
    let pool = Pool::new(0, 1)?;
    let deadline = Instant::now() + QUERY_TIME;
    let answer = pool.run(move || {
        let expired = || Instant::now() > deadline;
        operation(&body, &Budget::new(Costs::UNBOUNDED, &expired))
    });
    let answer = answer.await?.map_err(refused(Some(&args.request)))?;
    put(args.out.as_deref(), answer.as_bytes())
}

async fn search(args: SearchArgs, config: &Config) -> Result<(), CommandError> {
    let body = match &args.request {
        Some(path) => request(path)?,
        None => said_by_flags(&args.flags)?,
    };
    let engine = open(&args.store, config).await?;
    let refused = refused(args.request.as_deref());
    let request = SearchRequest::read(&body, None, engine.registry()).map_err(&refused)?;
    let format = args.out.as_deref().and_then(|out| match out.extension() {
        // The answer itself is JSON, too.
        Some(ending) if ending == "json" => None,
        _ => OutputFormat::of_path(out),
    });
    match (args.out.as_deref(), format) {
        (Some(out), Some(format)) => {
            let most = args.flags.limit.map(|most| usize::try_from(most).unwrap_or(usize::MAX));
            features(&engine, request, (out, format), most).await
        }
        (out, _) => put(out, &request.answer(&engine).await.map_err(refused)?.body),
    }
}

/// Writes the features found to a file of their own format.
async fn features(
    engine: &Engine,
    request: SearchRequest,
    (out, format): (&Path, OutputFormat),
    most: Option<usize>,
) -> Result<(), CommandError> {
    let found = request.all_features(engine, most).await.map_err(refused(None))?;
    let FoundFeatures { pinned, ids, fields, crs } = found;
    let held = pinned.collection();
    let mut collection = (**held.collection()).clone();
    collection.count = ids.len() as u64;
    let shown: Vec<usize> = fields.iter().map(|field| field.position()).collect();
    let schema = schema(&collection, &shown, &crs, engine.registry())?;
    let projector = engine.registry().projector(&collection.crs, &crs)?;
    let mut writer = formats::create(out, format, &schema)?;
    for feature in ids.iter().filter_map(|id| held.get(*id)) {
        let mut feature = feature.to_feature();
        if let Some(geometry) = &mut feature.geometry {
            projector.project_geometry(geometry)?;
        }
        let values = std::mem::take(&mut feature.properties);
        feature.properties =
            shown.iter().filter_map(|column| values.get(*column).cloned()).collect();
        writer.write(&feature)?;
    }
    let written = writer.finish()?;
    for note in &written.notes {
        tell(format_args!("note: {note}"));
    }
    say(format_args!("{}: {} features, {}", out.display(), written.features, crs));
    Ok(())
}

/// The request that the flags stand for.
fn said_by_flags(flags: &SearchFlags) -> Result<Vec<u8>, CommandError> {
    let mut members = Map::new();
    members.insert("collections".to_owned(), json!(flags.collection));
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    };
    add("geometry", flags.area.as_deref().map(area).transpose()?);
    add("crs", flags.crs.as_ref().map(|crs| json!(crs)));
    add("predicate", flags.predicate.as_ref().map(|name| json!(name)));
    add("distance", flags.distance.map(|metres| json!(metres)));
    add("nearest", flags.nearest.map(|k| json!({ "k": k })));
    add("filter", flags.filter.as_ref().map(|filter| json!(filter)));
    add("return", flags.returned.as_ref().map(|what| json!(what)));
    add("sortby", flags.sortby.as_ref().map(|fields| json!(fields)));
    add("areaCrs", flags.area_crs.as_ref().map(|crs| json!(crs)));
    add("groupBy", (!flags.group_by.is_empty()).then(|| json!(flags.group_by)));
    let aggregates: Vec<Value> = flags.aggregate.iter().map(|text| aggregate(text)).collect();
    add("aggregates", (!aggregates.is_empty()).then(|| json!(aggregates)));
    add("limit", flags.limit.map(|most| json!(most.min(engine::MAX_PAGE as u64))));
    Ok(Value::Object(members).to_string().into_bytes())
}

fn aggregate(text: &str) -> Value {
    match text.split_once(':') {
        Some((op, field)) => json!({ "op": op, "property": field }),
        None => json!({ "op": text }),
    }
}

/// The geometry in a GeoJSON file: of the only feature, or bare.
fn area(path: &Path) -> Result<Value, CommandError> {
    let refused = |reason: String| CommandError::Argument {
        name: "--area",
        value: path.display().to_string(),
        reason,
    };
    let text = request(path)?;
    let mut found: Value =
        serde_json::from_slice(&text).map_err(|error| refused(format!("no GeoJSON: {error}")))?;
    if found["type"] == "FeatureCollection" {
        let features = found["features"].as_array().map_or(0, Vec::len);
        if features != 1 {
            let reason = format!("one feature is expected, not {features}");
            return Err(refused(reason));
        }
        found = found["features"][0].take();
    }
    Ok(if found["type"] == "Feature" { found["geometry"].take() } else { found })
}

async fn opened(args: &StoredArgs, config: &Config) -> Result<(Engine, Vec<u8>), CommandError> {
    let body = request(&args.request)?;
    Ok((open(&args.store, config).await?, body))
}

/// A store that exists, read into memory.
pub(super) async fn open(store: &Path, config: &Config) -> Result<Engine, CommandError> {
    let store = Arc::new(read_only(store)?);
    let settings = EngineSettings {
        tile_cache_bytes: 0,
        threads: config.tiles.threads,
        query_time: QUERY_TIME,
        ledger: config.ledger.rules(),
        patrols: config.patrols.rules(),
        worklist: config.worklist_rules(),
        ..EngineSettings::default()
    };
    Ok(Engine::open(store, registry(config)?, settings).await?)
}

/// The bytes of a file, or of standard input for `-`.
pub(super) fn request(path: &Path) -> Result<Vec<u8>, CommandError> {
    let failed = |source| CommandError::Io { path: path.to_path_buf(), source };
    let mut bytes = Vec::new();
    let read = match path == Path::new("-") {
        true => std::io::stdin().lock().take(MAX_REQUEST).read_to_end(&mut bytes),
        false => std::fs::File::open(path)
            .and_then(|file| file.take(MAX_REQUEST).read_to_end(&mut bytes)),
    };
    read.map_err(failed)?;
    Ok(bytes)
}

/// Prints an answer, or writes it to a file.
fn put(out: Option<&Path>, body: &[u8]) -> Result<(), CommandError> {
    match out {
        None => {
            // A reader that has gone away is no error.
            let _gone = std::io::stdout().lock().write_all(body);
            Ok(())
        }
        Some(path) => std::fs::write(path, body)
            .map_err(|source| CommandError::Io { path: path.to_path_buf(), source }),
    }
}

/// Names the file of a request that is refused.
fn refused(request: Option<&Path>) -> impl Fn(Refusal) -> CommandError {
    let request: Option<PathBuf> = request.map(Path::to_path_buf);
    move |refusal| CommandError::Query { request: request.clone(), refusal: Box::new(refusal) }
}
