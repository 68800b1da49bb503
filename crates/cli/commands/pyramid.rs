//! `tuban export STORE OUT.pmtiles|OUT.mbtiles`: a whole pyramid of tiles.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::Arc;

use engine::{Engine, EngineError, HIGHEST_IN_TILES, Pyramid, key_class};
use formats::{
    ArchiveFormat, ArchiveInfo, ArchivePart, FormatError, TileType, archive_order, finish_archive,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use spatial::{Collection, CollectionId, CollectionSnapshot, Envelope};
use store::FeatureStore;
use tile::{MAX_ZOOM, TileCoord, WEB_MERCATOR_QUAD};
use tokio::task::spawn_blocking;

use super::collection::read_only;
use super::on_record::{Leaving, in_degrees, leaves};
use super::serve::engine_settings;
use super::{CommandError, registry};
use crate::args::ExportArgs;
use crate::config::Config;
use crate::output::{say, tell};

/// Tiles that are cut and written at a time: what a cut-off export does again, at most.
const BATCH: usize = 256;
/// Batches that are cut at a time, so that no thread waits for the last tile of one.
const AHEAD: usize = 2;

/// Writes the tiles of some collections to one archive. What an earlier run for the same state
/// left is gone on with.
pub async fn pyramid(
    args: ExportArgs,
    format: ArchiveFormat,
    config: &Config,
) -> Result<(), CommandError> {
    if let Some(crs) = &args.crs {
        return Err(refused("--crs", crs, "tiles have the CRS of their grid, EPSG:3857"));
    }
    let store = Arc::new(read_only(&args.store)?);
    let made = store.fingerprint().to_owned();
    let is_drawn = |one: &&Collection| key_class(one) <= HIGHEST_IN_TILES;
    let known: Vec<CollectionId> =
        store.collections().await?.iter().filter(is_drawn).map(|one| one.id.clone()).collect();
    let collections = match &args.collection {
        None => known,
        Some(names) => names
            .split(',')
            .map(|name| {
                let id = CollectionId::try_from(name).ok().filter(|id| known.contains(id));
                id.ok_or_else(|| {
                    refused("--collection", name, "there is no such collection that tiles may show")
                })
            })
            .collect::<Result<_, _>>()?,
    };
    if collections.is_empty() {
        let store = args.store.display().to_string();
        return Err(refused("STORE", &store, "it has no collection to cut tiles from"));
    }
    let engine = Engine::open(store, registry(config)?, engine_settings(config)).await?;
    let pyramid = engine.pyramid(&collections, &WEB_MERCATOR_QUAD)?;
    let layers: Vec<&CollectionSnapshot> =
        pyramid.collections().iter().map(|id| &*pyramid.state().collections[id]).collect();
    let zooms = zooms(args.zoom.as_deref(), &layers)?;
    let levels = engine.filled_tiles(&pyramid, zooms.clone()).await?;

    let limits = engine.settings().limits;
    let purpose = format!(
        "{} {made} revision {} {:?} zooms {zooms:?} {} {} {}",
        env!("CARGO_PKG_VERSION"),
        pyramid.state().revision,
        pyramid.collections().iter().map(CollectionId::as_str).collect::<Vec<_>>(),
        limits.features,
        limits.bytes,
        limits.buffer
    );
    let part = ArchivePart::open(&args.out, &purpose)?;
    let total: usize = levels.iter().map(Vec::len).sum();
    let mut extent = Envelope::EMPTY;
    for layer in &layers {
        let Collection { extent: own, crs, .. } = &**layer.collection();
        extent = extent.union(&in_degrees(own, crs, engine.registry())?);
    }
    let names: Vec<&str> = pyramid.collections().iter().map(CollectionId::as_str).collect();
    let object = format!("tiles of {}", names.join(","));
    leaves(&args.store, config, Leaving { object, count: total as u64, extent }).await?;
    let bar = progress(total as u64);
    if part.last().is_some() {
        tell(format_args!("{}: going on where an earlier export stood", args.out.display()));
    }
    // Across zooms: the first ones have a tile or two each, and each takes long.
    let mut coords = levels.concat();
    coords.sort_by_cached_key(|coord| archive_order(*coord));
    let done = match part.last() {
        Some(last) => coords.partition_point(|coord| archive_order(*coord) <= last),
        None => 0,
    };
    bar.inc(done as u64);
    let part = cut_and_write(&engine, &pyramid, part, &coords[done..], &bar).await?;
    bar.finish_and_clear();
    let info = info(&layers, &zooms);
    let summary = finish_archive(part, format, &args.out, &info)?;
    say(format_args!(
        "{}: {} tiles of zoom {} to {}, {} different ones, {} bytes",
        args.out.display(),
        summary.tiles,
        zooms.start(),
        zooms.end(),
        summary.contents,
        summary.bytes
    ));
    Ok(())
}

/// Adds the tiles at `coords`, which ascend in the archive's order. Some batches are cut while the
/// one before them is written.
async fn cut_and_write(
    engine: &Engine,
    pyramid: &Pyramid,
    part: ArchivePart,
    coords: &[TileCoord],
    bar: &ProgressBar,
) -> Result<ArchivePart, CommandError> {
    let mut batches = coords.chunks(BATCH);
    let mut cutting = VecDeque::new();
    let mut writing = tokio::spawn(std::future::ready(Ok(part)));
    loop {
        while cutting.len() < AHEAD
            && let Some(batch) = batches.next()
        {
            let (engine, pyramid, batch) = (engine.clone(), pyramid.clone(), batch.to_vec());
            cutting.push_back(tokio::spawn(async move {
                let tiles = engine.cut(&pyramid, batch.clone()).await?;
                Ok::<_, EngineError>((batch, tiles))
            }));
        }
        let Some(next) = cutting.pop_front() else { return Ok(writing.await??) };
        let (batch, tiles) = next.await??;
        let part = writing.await??;
        bar.inc(batch.len() as u64);
        writing = spawn_blocking(move || add(part, &batch, &tiles));
    }
}

/// Adds one batch. Blocks.
fn add(
    mut part: ArchivePart,
    batch: &[TileCoord],
    tiles: &[Arc<[u8]>],
) -> Result<ArchivePart, FormatError> {
    let Some(last) = batch.last() else { return Ok(part) };
    let filled: Vec<(TileCoord, &[u8])> = batch
        .iter()
        .zip(tiles)
        .filter(|(_, bytes)| !bytes.is_empty())
        .map(|(coord, bytes)| (*coord, &**bytes))
        .collect();
    part.add(&filled, *last)?;
    Ok(part)
}

/// The zooms asked for, or those of the layers.
fn zooms(
    asked: Option<&str>,
    layers: &[&CollectionSnapshot],
) -> Result<RangeInclusive<u8>, CommandError> {
    let Some(text) = asked else {
        let of = || layers.iter().map(|layer| layer.collection().zooms);
        let first = of().map(|zooms| zooms.min).min().unwrap_or(0);
        return Ok(first..=of().map(|zooms| zooms.max).max().unwrap_or(0));
    };
    let ends = text.split_once("..").and_then(|(first, last)| {
        let last = last.strip_prefix('=').unwrap_or(last);
        Some((first.parse::<u8>().ok()?, last.parse::<u8>().ok()?))
    });
    match ends {
        Some((first, last)) if first <= last && last <= MAX_ZOOM => Ok(first..=last),
        _ => {
            let reason = format!("say two zooms from 0 to {MAX_ZOOM}, such as 0..16");
            Err(refused("--zoom", text, &reason))
        }
    }
}

fn info(layers: &[&CollectionSnapshot], zooms: &RangeInclusive<u8>) -> ArchiveInfo {
    let document = server::tilejson(layers, "");
    let numbers = |name: &str| -> Vec<f64> {
        let values = document[name].as_array();
        values.into_iter().flatten().filter_map(serde_json::Value::as_f64).collect()
    };
    let bounds = <[f64; 4]>::try_from(numbers("bounds")).unwrap_or([-180.0, -85.0, 180.0, 85.0]);
    let center = match numbers("center")[..] {
        [lon, lat, zoom] => (lon, lat, (zoom as u8).clamp(*zooms.start(), *zooms.end())),
        _ => (0.0, 0.0, *zooms.start()),
    };
    let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
    ArchiveInfo {
        name: text("name"),
        attribution: text("attribution"),
        tile_type: TileType::Mvt,
        zooms: (*zooms.start(), *zooms.end()),
        bounds,
        center,
        vector_layers: document["vector_layers"].clone(),
    }
}

fn progress(total: u64) -> ProgressBar {
    let target = ProgressDrawTarget::stderr_with_hz(8);
    let template = "{bar:30} {human_pos}/{human_len} tiles, {per_sec}, {eta} left";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(total), target).with_style(style)
}

fn refused(name: &'static str, value: &str, reason: &str) -> CommandError {
    CommandError::Argument { name, value: value.to_owned(), reason: reason.to_owned() }
}
