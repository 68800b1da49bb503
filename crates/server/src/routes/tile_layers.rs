//! Which collections are the layers of a tile, and what of them enters it.

use engine::{Labels, MAX_TILE_COLLECTIONS, has_labels};
use spatial::{
    Collection, CollectionId, CollectionSnapshot, Envelope, Field, FieldClass, FieldType, Snapshot,
};

use super::collections::known;
use super::extent::lon_lat_extent;
use crate::problem::{Code, Problem};
use crate::query_string::encode;

/// The collections that `names` lists with commas between, in that order.
pub fn chosen(snapshot: &Snapshot, names: &str) -> Result<Vec<CollectionId>, Problem> {
    let mut ids = Vec::new();
    for name in names.split(',') {
        let id = known(snapshot, name)?;
        // Layer names are unique in a tile; a repeated name must not multiply the work.
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.len() > MAX_TILE_COLLECTIONS {
        return Err(Problem::new(
            Code::InvalidParameter,
            format!("{} collections; a tile has at most {MAX_TILE_COLLECTIONS}", ids.len()),
        ));
    }
    Ok(ids)
}

/// The layers of a dataset tile: those that the parameter `collections` names, or all, as far as
/// one tile holds them.
pub fn of_dataset(
    snapshot: &Snapshot,
    collections: Option<&str>,
) -> Result<Vec<CollectionId>, Problem> {
    match collections {
        Some(names) => chosen(snapshot, names).map_err(|_unknown| {
            Problem::new(
                Code::InvalidParameter,
                format!(
                    "collections={names:?} is not a list of 1 to {MAX_TILE_COLLECTIONS} \
                     collections with commas between; see /collections"
                ),
            )
        }),
        None => Ok(of_whole_map(snapshot)),
    }
}

/// All collections that a map can show, as far as one tile holds them: rows without any place, such
/// as events, are left out.
pub fn of_whole_map(snapshot: &Snapshot) -> Vec<CollectionId> {
    let has_place = |layer: &CollectionSnapshot| layer.is_empty() || !layer.world_box().is_empty();
    let placed = snapshot.collections.iter().filter(|(_, layer)| has_place(layer));
    placed.map(|(id, _)| id.clone()).take(MAX_TILE_COLLECTIONS).collect()
}

/// The states of these collections, which `snapshot` has.
pub fn snapshots<'a>(snapshot: &'a Snapshot, ids: &[CollectionId]) -> Vec<&'a CollectionSnapshot> {
    ids.iter().filter_map(|id| snapshot.collections.get(id)).map(AsRef::as_ref).collect()
}

/// The states of all collections.
pub fn all(snapshot: &Snapshot) -> Vec<&CollectionSnapshot> {
    snapshot.collections.values().map(AsRef::as_ref).collect()
}

/// The fields that become attributes in tiles: nothing above L1, and no bytes.
pub fn fields_in_tiles(collection: &Collection) -> impl Iterator<Item = &Field> {
    let shown =
        |field: &&Field| field.class <= FieldClass::L1 && field.field_type != FieldType::Bytes;
    collection.fields.iter().filter(shown)
}

/// Those of `layers` that have a layer of label points beside them.
pub fn with_labels<'a>(
    layers: &[&'a CollectionSnapshot],
    labels: Labels,
) -> impl Iterator<Item = &'a CollectionSnapshot> {
    let labelled =
        move |layer: &&CollectionSnapshot| labels == Labels::With && has_labels(layer.collection());
    layers.iter().copied().filter(labelled)
}

/// What a reader sees of a layer of label points.
pub fn label_title(collection: &Collection) -> String {
    format!("{}: one label point a feature", collection.title)
}

/// Extent of all layers in degrees; absent when nothing has a place.
pub fn extent_of(layers: &[&CollectionSnapshot]) -> Option<Envelope> {
    let extents = layers.iter().filter_map(|layer| lon_lat_extent(layer));
    extents.reduce(|all, one| all.union(&one))
}

/// Ids with commas between, as a part of a URL.
pub fn joined<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    encode(&ids.collect::<Vec<_>>().join(","))
}
