//! The API described in OpenAPI 3.0.3, made of the collections as they are.
//!
//! By hand, because clients read details that generators leave out: `style` and `explode` are
//! always said, path parameters stand at the operation, and each collection has its own items
//! path with its fields as parameters.

mod accounts;
mod audit;
mod checklists;
mod dossiers;
mod edits;
mod evidence;
mod examples;
mod facades;
mod features;
mod indicators;
mod ledgers;
mod parts;
mod patrols;
mod personal;
mod places;
mod planner;
mod points;
mod rules;
mod styles;
mod tiles;
mod watching;
mod whistles;
mod worklist;

use engine::{HIGHEST_IN_TILES, key_class};
use serde_json::{Map, Value, json};
use spatial::Snapshot;

use crate::state::App;

/// The collections of a state that are drawn.
fn drawn(state: &Snapshot) -> Snapshot {
    let mut drawn = state.clone();
    drawn.collections.retain(|_, held| key_class(held.collection()) <= HIGHEST_IN_TILES);
    drawn
}

/// The document; `base` is where the API is reached.
pub fn document(app: &App, base: &str) -> Value {
    let snapshot = app.engine.snapshot();
    let mut paths = Map::new();
    features::add_paths(&mut paths, app, &snapshot);
    if app.settings.offers_edits {
        edits::add_paths(&mut paths, app, &snapshot);
    }
    // Nothing whose key is above the class of tiles is drawn.
    let drawn = drawn(&snapshot);
    tiles::add_paths(&mut paths, &drawn, app.engine.matrix_sets());
    styles::add_paths(&mut paths, &drawn);
    facades::add_paths(&mut paths, &drawn, app.engine.matrix_sets());
    planner::add_paths(&mut paths, &snapshot);
    places::add_paths(&mut paths, &snapshot);
    watching::add_paths(&mut paths, app);
    personal::add_paths(&mut paths);
    audit::add_paths(&mut paths, app);
    accounts::add_paths(&mut paths, &app.settings.access);
    points::add_paths(&mut paths, app);
    indicators::add_paths(&mut paths, app);
    rules::add_paths(&mut paths, app);
    worklist::add_paths(&mut paths, app);
    evidence::add_paths(&mut paths, app);
    ledgers::add_paths(&mut paths, app);
    dossiers::add_paths(&mut paths, app);
    patrols::add_paths(&mut paths, app);
    checklists::add_paths(&mut paths);
    whistles::add_paths(&mut paths, app);
    examples::add(&mut paths);
    let mut schemas = parts::schemas();
    if let Some(schemas) = schemas.as_object_mut() {
        schemas.extend(planner::schemas());
        schemas.extend(places::schemas());
        schemas.extend(rules::schemas());
        schemas.extend(ledgers::schemas());
        schemas.extend(dossiers::schemas());
        schemas.extend(watching::schemas());
        schemas.extend(edits::schemas());
        schemas.extend(accounts::schemas());
        schemas.extend(audit::schemas());
        schemas.extend(checklists::schemas());
        if app.engine.has_ledger() {
            schemas.extend(points::schemas(&app.engine.settings().ledger.roles));
            schemas.extend(indicators::schemas());
            schemas.extend(worklist::schemas());
            schemas.extend(evidence::schemas());
            schemas.extend(patrols::schemas());
            schemas.extend(whistles::schemas());
        }
    }
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "Tuban 图斑",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Features and live vector tiles of one store, each answer made from \
                one revision of it. OGC API – Features, OGC API – Tiles.",
            "license": { "name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0" }
        },
        "servers": [{ "url": base }],
        "tags": [
            { "name": "Capabilities", "description": "What there is" },
            { "name": "Features", "description": "Features of collections" },
            { "name": "Edits", "description": "Changes of features" },
            { "name": "Tiles", "description": "Vector tiles" },
            { "name": "Styles", "description": "Map styles" },
            { "name": "Facades", "description": "The same tiles as WMTS and as Esri's VectorTileServer" },
            { "name": "Changes", "description": "What changed, and what happens in an area" },
            { "name": "Places", "description": "Units of administration, and who answers for a place" },
            { "name": "Ledger", "description": "Points and their events" },
            { "name": "Planner", "description": "What is inside an area, and how geometries lie" }
        ],
        "paths": paths,
        "components": {
            "parameters": parts::parameters(),
            "schemas": schemas,
            "responses": parts::responses(),
            "securitySchemes": accounts::security_schemes()
        }
    })
}
