//! Names, keys and classes of all collections of records.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;

use spatial::{Crs, FieldClass};

use super::{collections, named};
use crate::place;
use crate::rows;

#[test]
fn each_collection_has_a_name_of_its_own_and_a_key_among_its_columns() {
    let mut ids: BTreeSet<&str> = place::COLLECTIONS.iter().map(|one| one.id).collect();
    ids.extend([rows::POINTS, rows::POINT_EVENTS, rows::EVIDENCE, rows::ENFORCEMENT]);
    for one in collections() {
        assert!(ids.insert(one.id), "{}", one.id);
        let collection = one.collection(Crs::CGCS2000).unwrap();
        let mut names = BTreeSet::new();
        for field in &collection.fields {
            assert!(names.insert(&field.name), "{}: {} twice", one.id, field.name);
        }
        let key = collection.key.as_deref().unwrap();
        assert!(collection.field_position(key).is_some(), "{}", one.id);
        assert!(one.is(&collection), "{}", one.id);
        assert_eq!(named(one.id).unwrap(), one);
    }
}

#[test]
fn what_is_for_enforcement_alone_has_a_key_of_the_highest_class() {
    let hidden: Vec<&str> = collections()
        .filter(|one| {
            let collection = one.collection(Crs::CGCS2000).unwrap();
            let key = collection.field_position(collection.key.as_deref().unwrap()).unwrap();
            collection.fields[key].class == FieldClass::L4
        })
        .map(|one| one.id)
        .collect();
    assert_eq!(hidden, ["patrol_tracks", "special_groups"]);
}
