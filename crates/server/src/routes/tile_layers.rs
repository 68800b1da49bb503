//! Which collections are the layers of a tile, and what of them enters it.

use engine::MAX_TILE_COLLECTIONS;
use spatial::{
    Collection, CollectionId, CollectionSnapshot, Envelope, Field, FieldClass, FieldType, Snapshot,
};

use super::extent::lon_lat_extent;
use crate::problem::{Code, Problem};

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

/// The collection called `name`.
pub fn known(snapshot: &Snapshot, name: &str) -> Result<CollectionId, Problem> {
    CollectionId::try_from(name).ok().filter(|id| snapshot.collections.contains_key(id)).ok_or_else(
        || {
            Problem::new(
                Code::CollectionNotFound,
                format!("there is no collection {name:?}; see /collections"),
            )
        },
    )
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
        None => Ok(snapshot.collections.keys().take(MAX_TILE_COLLECTIONS).cloned().collect()),
    }
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

/// Extent of all layers in degrees; absent when nothing has a place.
pub fn extent_of(layers: &[&CollectionSnapshot]) -> Option<Envelope> {
    let extents = layers.iter().filter_map(|layer| lon_lat_extent(layer));
    extents.reduce(|all, one| all.union(&one))
}

/// Ids with commas between, as a part of a URL. An id is made of letters, digits, `_` and `-`, so
/// that only what is not ASCII is escaped.
pub fn joined<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for id in ids {
        if !text.is_empty() {
            text.push(',');
        }
        for byte in id.bytes() {
            if byte.is_ascii() {
                text.push(char::from(byte));
            } else {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_any_script_become_part_of_a_url() {
        assert_eq!(joined(["parcels", "b-2_c"].into_iter()), "parcels,b-2_c");
        assert_eq!(joined(["地块"].into_iter()), "%E5%9C%B0%E5%9D%97");
        assert_eq!(joined(std::iter::empty()), "");
    }
}
