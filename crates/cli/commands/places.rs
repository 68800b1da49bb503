//! `tuban places`: the collections of places are made, and what is in them is checked.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use engine::places::{Assignments, Scope};
use engine::{Engine, EngineSettings, Profile};
use ledger::place::{
    ADMIN_UNITS, ALLEYS, ASSIGNED_BY, AdminUnit, COLLECTIONS, FOCUS_AREAS, GRID_CELLS,
    PLANNING_LAYERS, PlaceRow, RESPONSIBILITIES, UnitReader, check, check_places,
    check_responsibilities, codes_of_units,
};
use serde_json::json;
use server::places::assignments;
use spatial::{Collection, CollectionId, Crs, Snapshot, SourceCrs};
use store::{FeatureStore, GeoPackageStore, Load, LoadItem, LoadMode};
use tokio::sync::mpsc;

use super::query::open;
use super::{CommandError, now, registry, with_key};
use crate::args::{PlacesAction, PlacesArgs};
use crate::config::Config;
use crate::local::Opened;
use crate::output::{say, tell};

/// Makes the collections, or checks them.
pub async fn places(args: PlacesArgs, config: &Config) -> Result<ExitCode, CommandError> {
    match args.action {
        PlacesAction::Init { store, crs } => {
            init(&store, &crs, config).await.map(|()| ExitCode::SUCCESS)
        }
        PlacesAction::Check { store, json } => {
            let engine = open(&store, config).await?;
            check_all(&engine, json).await
        }
    }
}

async fn init(path: &Path, crs: &str, config: &Config) -> Result<(), CommandError> {
    let crs = crs.parse::<SourceCrs>()?.storage();
    // A CRS that nothing can be drawn from is found out before anything is made.
    registry(config)?.projector(&crs, &Crs::WEB_MERCATOR)?;
    let opened =
        Opened::open(path, |path| Ok(with_key(GeoPackageStore::open_or_create(path)?, config)))?;
    let known = opened.collections().await?;
    for one in COLLECTIONS {
        if known.iter().any(|known| known.id.as_str() == one.id) {
            say(format_args!("{} is there already", one.id));
            continue;
        }
        let load = Load {
            collection: one.collection(crs.clone())?,
            mode: LoadMode::Create,
            actor: "local".to_owned(),
            reason: "places init".to_owned(),
            recorded_at: now(),
        };
        let (sender, source) = mpsc::channel(1);
        let _sent = sender.send(LoadItem::Finish).await;
        let made = opened.target().load(load, source).await.map_err(|source| {
            CommandError::Import { path: path.to_path_buf(), source: Box::new(source) }
        })?;
        say(format_args!("{} is made, revision {}", one.id, made.revision));
    }
    Ok(())
}

/// Every defect of the places, in words.
fn defects(state: &Snapshot) -> Result<Vec<String>, CommandError> {
    let id = CollectionId::try_from(ADMIN_UNITS)?;
    let Some(held) = state.collections.get(&id) else {
        return Ok(vec![format!("the store has no {ADMIN_UNITS}; `tuban places init` makes it")]);
    };
    let Some(reader) = UnitReader::of(held.collection()) else {
        return Ok(vec![format!("{ADMIN_UNITS} needs the text fields code and level")]);
    };
    let mut rows = Vec::with_capacity(held.len());
    held.each(&mut |shard, slots| {
        rows.extend(slots.iter().map(|slot| reader.row(shard.feature(usize::from(*slot)))));
    });
    rows.sort_by_key(|row| row.row);
    let mut defects: Vec<String> = check(&rows).iter().map(ToString::to_string).collect();
    let units: Vec<AdminUnit> = rows.iter().filter_map(|row| row.read().0).collect();
    let mut codes = codes_of_units(&units);
    for name in [GRID_CELLS, ALLEYS, FOCUS_AREAS, PLANNING_LAYERS] {
        let rows = place_rows(state, name)?;
        let found = check_places(name, &rows, &units, &mut codes);
        defects.extend(found.iter().map(ToString::to_string));
    }
    let found = check_responsibilities(&place_rows(state, RESPONSIBILITIES)?, &codes);
    defects.extend(found.iter().map(ToString::to_string));
    Ok(defects)
}

/// The rows of a collection by id; none where the store does not have it.
fn place_rows(state: &Snapshot, name: &str) -> Result<Vec<PlaceRow>, CommandError> {
    let Some(held) = state.collections.get(&CollectionId::try_from(name)?) else {
        return Ok(Vec::new());
    };
    let mut rows = Vec::with_capacity(held.len());
    held.each(&mut |shard, slots| {
        let features = slots.iter().map(|slot| shard.feature(usize::from(*slot)));
        rows.extend(features.map(|feature| PlaceRow::of(held.collection(), feature)));
    });
    rows.sort_by_key(|row| row.row);
    Ok(rows)
}

async fn check_all(engine: &Engine, as_json: bool) -> Result<ExitCode, CommandError> {
    let state = engine.snapshot();
    let defects = defects(&state)?;
    let mut assigned: Vec<(&CollectionId, Assignments)> = Vec::new();
    for id in state.collections.keys() {
        if let Some(told) = engine.assignments(id, Profile::default()).await? {
            assigned.push((id, told));
        }
    }
    if as_json {
        let shown = assigned.iter().map(|(id, told)| assignments(id.as_str(), told));
        let shown = json!({ "defects": defects, "assignments": shown.collect::<Vec<_>>() });
        say(serde_json::to_string_pretty(&shown).unwrap_or_default());
    } else {
        defects.iter().for_each(say);
        for (id, told) in &assigned {
            let Assignments { by_polygon, by_hand, unassigned, nowhere, contested, .. } = told;
            say(format_args!(
                "{id}: {by_polygon} by polygon ({nowhere} 未落界), {by_hand} by hand, \
                 {unassigned} not assigned"
            ));
            for one in contested {
                let none = || "null".to_owned();
                say(format_args!(
                    "  feature {}: {} is {} by hand ({}), {} by polygon",
                    one.id,
                    one.field,
                    one.by_hand.clone().unwrap_or_else(none),
                    one.reason,
                    one.by_polygon.clone().unwrap_or_else(none)
                ));
            }
        }
        say(match defects.len() {
            0 => "no defect".to_owned(),
            1 => "1 defect".to_owned(),
            count => format!("{count} defects"),
        });
    }
    Ok(if defects.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether loading `touched` moves boundaries of features that are assigned.
pub fn moves_boundaries(collections: &[Collection], touched: &[String]) -> bool {
    let is_boundary = |id: &str| [ADMIN_UNITS, GRID_CELLS].contains(&id);
    touched.iter().any(|id| is_boundary(id))
        && collections.iter().any(|one| one.field_position(ASSIGNED_BY).is_some())
}

/// Assigns every feature of a store that no server holds, by the polygons of today.
pub async fn assign(path: &Path, config: &Config, reason: &str) -> Result<(), CommandError> {
    let store: Arc<dyn FeatureStore> = Arc::new(with_key(GeoPackageStore::open(path)?, config));
    let settings = EngineSettings {
        tile_cache_bytes: 0,
        threads: config.tiles.threads,
        ..EngineSettings::default()
    };
    let engine = Engine::open(store, registry(config)?, settings).await?;
    let swept = engine.sweep_places(&Scope::all(), reason).await?;
    tell(format_args!("assigned to units: {} of {} features", swept.changed, swept.looked_at));
    let found = defects(&engine.snapshot())?.len();
    if found > 0 {
        tell(format_args!(
            "units and places do not fit together: `tuban places check {}` lists what is wrong ({found})",
            path.display()
        ));
    }
    Ok(())
}
