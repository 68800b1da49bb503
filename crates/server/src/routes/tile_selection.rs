//! The parameters of tiles that choose features and attributes: `filter`, `datetime`, `ids`,
//! `properties`; and `labels`, which adds layers of label points.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{ItemsQuery, Labels, LayerSelection, Profile, ReadableField, TileSelection};
use spatial::{CollectionId, FeatureId, Snapshot};

use super::items::parameters::{Reader, feature_id};
use crate::as_of::AS_OF;
use crate::problem::{Code, Problem};
use crate::query_string::QueryString;
use crate::schema::{geometry_name, id_name};
use crate::state::App;

/// Parameters of every tile.
pub const PARAMETERS: [&str; 8] =
    [AS_OF, LABELS, "filter", "filter-lang", "filter-crs", "datetime", "ids", "properties"];
/// The parameter that asks for layers of label points.
pub const LABELS: &str = "labels";
/// Most ids of one tile.
const MAX_IDS: usize = 1000;

/// What `query` chooses of `collections`, if it chooses.
pub fn selection(
    app: &App,
    query: &QueryString,
    snapshot: &Snapshot,
    collections: &[CollectionId],
) -> Result<Option<Arc<TileSelection>>, Problem> {
    let profile = app.engine.profile();
    let labels = labels(query)?;
    let chooses =
        PARAMETERS.iter().any(|key| ![AS_OF, LABELS].contains(key) && query.value(key).is_some());
    if !chooses {
        // Layers of which nothing is said are whole.
        let only_labels =
            || Arc::new(TileSelection { words: LABELS.into(), layers: BTreeMap::new(), labels });
        return Ok((labels == Labels::With).then(only_labels));
    }
    let ids = ids(query)?;
    let mut layers = BTreeMap::new();
    let mut words = String::new();
    for id in collections {
        let Some(held) = snapshot.collections.get(id) else { continue };
        let offered = app.crs_lists.of(&app.engine, held);
        let collection = held.collection();
        let registry = app.engine.registry();
        let reader = Reader { registry, query, collection, offered: &offered, profile };
        if let Some(canonical) = reader.canonical_filter()? {
            words = canonical;
        }
        let layer = LayerSelection {
            query: ItemsQuery { profile, ..reader.selection()? },
            ids: ids.clone(),
            fields: None,
        };
        layers.insert(id.clone(), layer);
    }
    if let Some(names) = query.value("properties") {
        choose_fields(names, snapshot, &mut layers, profile)?;
        words.push_str(&format!("\u{1f}properties={names}"));
    }
    for key in ["datetime", "ids"] {
        if let Some(value) = query.value(key) {
            words.push_str(&format!("\u{1f}{key}={value}"));
        }
    }
    if labels == Labels::With {
        words.push_str("\u{1f}labels");
    }
    Ok(Some(Arc::new(TileSelection { words: words.into(), layers, labels })))
}

/// Whether `query` asks for layers of label points.
pub fn labels(query: &QueryString) -> Result<Labels, Problem> {
    Ok(match query.choice(LABELS, &["true", "false"])? {
        Some("true") => Labels::With,
        _ => Labels::Without,
    })
}

/// Each name is a field of at least one of the collections.
fn choose_fields(
    names: &str,
    snapshot: &Snapshot,
    layers: &mut BTreeMap<CollectionId, LayerSelection>,
    profile: Profile,
) -> Result<(), Problem> {
    for layer in layers.values_mut() {
        layer.fields = Some(Vec::new());
    }
    for name in names.split(',').filter(|name| !name.is_empty()) {
        let mut refusal = None;
        let mut is_known = false;
        for (id, layer) in layers.iter_mut() {
            let collection = snapshot.collections[id].collection();
            // Id and geometry are always there.
            if name == id_name(collection) || name == geometry_name(collection) {
                is_known = true;
                continue;
            }
            match ReadableField::find(collection, name, profile) {
                Ok(field) => {
                    is_known = true;
                    layer.fields.get_or_insert_default().push(field);
                }
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        if let Some(refusal) = refusal.filter(|_| !is_known) {
            return Err(refusal.into());
        }
    }
    Ok(())
}

fn ids(query: &QueryString) -> Result<Option<Vec<FeatureId>>, Problem> {
    let Some(text) = query.value("ids") else { return Ok(None) };
    let mut ids: Vec<FeatureId> =
        text.split(',').take(MAX_IDS + 1).map(feature_id).collect::<Result<_, _>>()?;
    if ids.len() > MAX_IDS {
        let detail = format!("ids names more than {MAX_IDS} features; ask for fewer");
        return Err(Problem::new(Code::InvalidParameter, detail));
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(Some(ids))
}
