//! That what ships holds together, and that what does not is told.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::place::COLLECTIONS;
use crate::record::named;
use crate::rows::{ENFORCEMENT, EVIDENCE, POINT_EVENTS};

fn areas(text: &str) -> Result<AreaRules, Vec<String>> {
    let told = |faults: Vec<crate::DataFault>| faults.iter().map(ToString::to_string).collect();
    AreaRules::new(toml::from_str(text).unwrap()).map_err(told)
}

#[test]
fn every_shipped_collection_without_a_place_has_a_rule() {
    let rules = areas(DEFAULT_AREAS).unwrap();
    let shipped = crate::record::collections().chain(COLLECTIONS);
    for one in shipped.filter(|one| one.geometry_type == spatial::GeometryType::Any) {
        assert!(rules.of(one.id).is_some(), "{} would be withheld from everyone", one.id);
    }
    for id in [POINT_EVENTS, EVIDENCE, ENFORCEMENT] {
        assert!(rules.of(id).is_some(), "{id}");
    }
    // Columns are those of the collections.
    for rule in crate::record::collections().filter_map(|one| rules.of(one.id)) {
        let columns = named(&rule.collection).unwrap().columns;
        let has = |name: &String| columns.iter().any(|(column, ..)| column == name);
        assert!(rule.units.iter().chain(&rule.beside).all(has), "{rule:?}");
        assert!(rule.of.iter().all(|owner| has(&owner.column)), "{rule:?}");
    }
}

#[test]
fn rules_that_lead_in_a_circle_are_told() {
    let circle = "[[collections]]\ncollection = \"a\"\nof = [{ column = \"b\", collection = \"b\" }]\n\
                  [[collections]]\ncollection = \"b\"\nof = [{ column = \"a\", collection = \"a\" }]\n";
    let faults = areas(circle).unwrap_err();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("area rule \"a\", of: \"b\" leads back"), "{faults:?}");
    let faults = areas("[[collections]]\ncollection = \"a\"\n").unwrap_err();
    assert!(faults[0].contains("units, beside and of"), "{faults:?}");
}

#[test]
fn everyone_sees_no_parcel_building_household_or_point() {
    let view = PublicView::new(toml::from_str(DEFAULT_PUBLIC).unwrap()).unwrap();
    assert_eq!(view.least_count(), 5);
    assert!(view.of("admin_units").is_some());
    for id in ["parcels", "buildings", "households", "points", "point_events", "enterprises"] {
        assert!(view.of(id).is_none(), "{id}");
    }
    let set = PublicSet { least_count: 2, collections: Vec::new() };
    let faults = PublicView::new(set).unwrap_err();
    assert!(faults[0].to_string().contains("least_count: \"2\" must be 3, 4 or 5"), "{faults:?}");
}
