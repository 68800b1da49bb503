//! `tuban inspect`: what a store holds, and what one of its tiles holds.

use std::sync::Arc;

use engine::{Encoding, Engine, Profile, TileRequest};
use serde_json::{Value, json};
use spatial::CollectionId;
use store::{FeatureStore, GeoPackageStore, KeptOut};
use tile::inspect::{decode, defects};
use tile::{TileCoord, TileMatrixSet};

use super::collection::{find, read_only};
use super::serve::engine_settings;
use super::{CommandError, registry};
use crate::args::InspectArgs;
use crate::config::Config;
use crate::output::{say, say_columns};

/// Most defects of a tile that are listed one by one.
const SHOWN_DEFECTS: usize = 20;

/// Most rows that are kept out and listed one by one.
const SHOWN_KEPT_OUT: usize = 20;
/// Most of them that are counted.
const COUNTED_KEPT_OUT: usize = 100_000;

/// Prints the collections, or one tile.
pub async fn inspect(args: InspectArgs, config: &Config) -> Result<(), CommandError> {
    let store = read_only(&args.store)?;
    let only = match &args.collection {
        Some(id) => Some(find(&store, id).await?.id),
        None => None,
    };
    match &args.tile {
        Some(place) => tile(store, place, only, config, args.json).await,
        None => collections(&store, only, args.json).await,
    }
}

async fn collections(
    store: &GeoPackageStore,
    only: Option<CollectionId>,
    as_json: bool,
) -> Result<(), CommandError> {
    let revision = store.revision().await?;
    let mut all = store.collections().await?;
    all.retain(|c| only.as_ref().is_none_or(|id| c.id == *id));
    let kept_out = store.kept_out(only.as_ref(), COUNTED_KEPT_OUT).await?;
    if as_json {
        let listed: Vec<Value> = all
            .iter()
            .map(|c| {
                json!({
                    "id": c.id.as_str(), "title": c.title, "count": c.count,
                    "geometry": format!("{:?}", c.geometry_type), "crs": c.crs.to_string(),
                    "fields": c.fields.iter().map(|f| json!({
                        "name": f.name, "type": format!("{:?}", f.field_type), "class": format!("{:?}", f.class)
                    })).collect::<Vec<_>>()
                })
            })
            .collect();
        let kept_out: Vec<Value> = kept_out
            .iter()
            .map(|k| json!({ "table": k.collection, "id": k.fid, "pointer": k.place, "detail": k.reason }))
            .collect();
        say(json!({ "revision": revision.0, "collections": listed, "keptOut": kept_out }));
        return Ok(());
    }
    say(format_args!("revision {revision}, {} collections", all.len()));
    let rows = all.iter().map(|c| {
        [
            c.id.to_string(),
            c.count.to_string(),
            format!("{:?}", c.geometry_type),
            c.crs.to_string(),
            format!("{} fields", c.fields.len()),
        ]
    });
    say_columns(&rows.collect::<Vec<_>>(), &[1, 4]);
    if !kept_out.is_empty() {
        say(format_args!(
            "kept out, as another program wrote them; mend them in the file: {}",
            kept_out.len()
        ));
    }
    for KeptOut { collection, fid, place, reason, .. } in kept_out.iter().take(SHOWN_KEPT_OUT) {
        match fid {
            Some(fid) => say(format_args!("  {collection} {fid} {place}: {reason}")),
            None => say(format_args!("  {collection}: {reason}")),
        }
    }
    Ok(())
}

async fn tile(
    store: GeoPackageStore,
    place: &str,
    only: Option<CollectionId>,
    config: &Config,
    as_json: bool,
) -> Result<(), CommandError> {
    let coord = coord(place)?;
    let engine = Engine::open(Arc::new(store), registry(config)?, engine_settings(config)).await?;
    let collections = match only {
        Some(id) => vec![id],
        None => engine.snapshot().collections.keys().cloned().collect(),
    };
    let mut sizes = Vec::new();
    let mut plain = None;
    for encoding in [Encoding::Identity, Encoding::Gzip, Encoding::Zstd] {
        let request = TileRequest {
            collections: collections.clone(),
            matrix_set: &tile::WEB_MERCATOR_QUAD,
            coord,
            encoding,
            profile: Profile::default(),
            state: None,
            selection: None,
        };
        let answer = engine.tile(&request).await?;
        sizes.push((encoding.name(), answer.bytes.len()));
        plain.get_or_insert(answer);
    }
    let Some(answer) = plain else { return Ok(()) };
    let layers = decode(&answer.bytes).map_err(|error| CommandError::Argument {
        name: "--tile",
        value: place.to_owned(),
        reason: error.to_string(),
    })?;
    let faults = defects(&layers);
    if as_json {
        let listed: Vec<Value> = layers
            .iter()
            .map(|l| {
                json!({ "name": l.name, "extent": l.extent, "features": l.features.len(), "bytes": l.bytes, "keys": l.keys })
            })
            .collect();
        let sizes: serde_json::Map<String, Value> =
            sizes.iter().map(|(name, bytes)| ((*name).to_owned(), json!(bytes))).collect();
        let aggregation = answer.aggregation.map(|said| {
            json!({ "own": said.own, "cells": said.cells, "summed": said.summed, "least": said.least, "without": said.left_out })
        });
        say(
            json!({ "tile": place, "bytes": sizes, "layers": listed, "aggregation": aggregation, "defects": faults.len() }),
        );
        return Ok(());
    }
    let sizes: Vec<String> = sizes.iter().map(|(name, n)| format!("{n} bytes {name}")).collect();
    say(format_args!("tile {place}: {}", sizes.join(", ")));
    if let Some(said) = answer.aggregation {
        let tile::Aggregation { own, cells, summed, left_out, .. } = &*said;
        say(format_args!("{own} features as themselves, {summed} summed up in {cells} cells"));
        if !left_out.is_empty() {
            say(format_args!("without {}", left_out.join(", ")));
        }
    }
    let rows = layers.iter().map(|layer| {
        let vertices: usize = layer.features.iter().flat_map(|f| &f.paths).map(Vec::len).sum();
        [
            layer.name.clone(),
            format!("{} features", layer.features.len()),
            format!("{vertices} vertices"),
            format!("{} bytes", layer.bytes),
            layer.keys.join(", "),
        ]
    });
    say_columns(&rows.collect::<Vec<_>>(), &[1, 2, 3]);
    say(format_args!("{} defects", faults.len()));
    for fault in faults.iter().take(SHOWN_DEFECTS) {
        say(format_args!("  {} feature {:?}: {:?}", fault.layer, fault.id, fault.defect));
    }
    Ok(())
}

/// Reads `Z/X/Y`.
fn coord(place: &str) -> Result<TileCoord, CommandError> {
    let numbers: Vec<u32> = place.split('/').filter_map(|part| part.parse().ok()).collect();
    let set: &TileMatrixSet = &tile::WEB_MERCATOR_QUAD;
    match numbers.as_slice() {
        [z, x, y] if place.matches('/').count() == 2 => Ok(TileCoord::new(set, *z, *x, *y)?),
        _ => Err(CommandError::Argument {
            name: "--tile",
            value: place.to_owned(),
            reason: "three whole numbers are expected: Z/X/Y".to_owned(),
        }),
    }
}
