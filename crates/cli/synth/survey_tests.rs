//! The ground as surveyed: few parcels with one vertex more, houses on vacant parcels, and a survey before
//! that has most of the buildings.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use geo::{Area, Contains};
use geo_types::{Geometry as Shape, Polygon};
use spatial::{Crs, Feature};

use super::ground::NATIVE;
use super::ledger_rows::text_of;
use super::{Layer, Synth, SynthError};

fn all(features: impl Iterator<Item = Result<Feature, SynthError>>) -> Vec<Feature> {
    features.map(Result::unwrap).collect()
}

fn polygon(feature: &Feature) -> &Polygon {
    match &feature.geometry.as_ref().unwrap().shape {
        Shape::Polygon(polygon) => polygon,
        other => unreachable!("{other:?}"),
    }
}

/// How many parcels reach into a neighbour and how many leave a gap.
fn check_flaws(parcels: u64, expected: [usize; 2]) {
    let synth = Synth::new(1, parcels, Some(2), &NATIVE).unwrap();
    let (plain, surveyed) =
        (all(synth.features(Layer::Parcels)), all(synth.surveyed(Layer::Parcels)));
    assert_eq!(plain.len(), surveyed.len());
    let mut flaws = [0; 2];
    for (plain, surveyed) in plain.iter().zip(&surveyed) {
        assert_eq!(plain.properties[..], surveyed.properties[..plain.properties.len()]);
        if plain.geometry == surveyed.geometry {
            continue;
        }
        let [plain, surveyed] = [plain, surveyed].map(polygon);
        assert_eq!(surveyed.exterior().0.len(), plain.exterior().0.len() + 1);
        let more = surveyed.unsigned_area() - plain.unsigned_area();
        assert!((0.5..20.0).contains(&more.abs()), "{more} m²");
        flaws[usize::from(more < 0.0)] += 1;
    }
    assert_eq!(flaws, expected, "{parcels} parcels");
}

#[test]
fn few_parcels_overlap_or_leave_a_gap() {
    check_flaws(600, [1, 1]);
    check_flaws(20_000, [10, 10]);
}

#[test]
fn few_houses_stand_on_vacant_parcels_and_in_no_survey_before() {
    let synth = Synth::new(1, 20_000, Some(2), &Crs::CGCS2000).unwrap();
    let (parcels, fields) = (all(synth.features(Layer::Parcels)), Layer::Buildings.fields());
    let (plain, surveyed) =
        (all(synth.features(Layer::Buildings)), all(synth.surveyed(Layer::Buildings)));
    assert_eq!(surveyed[..plain.len()], plain[..]);
    let households = all(synth.features(Layer::Households)).into_iter();
    let of_household = |one: Feature| text_of(&Layer::Households.fields(), &one, "ZDDM");
    let filed: BTreeSet<String> = households.map(of_household).collect();
    let houses = &surveyed[plain.len()..];
    assert!((5..30).contains(&houses.len()), "{}", houses.len());
    let mut codes: BTreeSet<String> =
        plain.iter().map(|one| text_of(&fields, one, "ZRZH")).collect();
    for house in houses {
        let code = text_of(&fields, house, "ZDDM");
        assert!(!filed.contains(&code), "{code}");
        let parcel =
            parcels.iter().find(|one| text_of(&Layer::Parcels.fields(), one, "ZDDM") == code);
        assert!(polygon(parcel.unwrap()).contains(polygon(house)), "{code}");
        assert!(codes.insert(text_of(&fields, house, "ZRZH")), "{code}");
    }

    let collection = synth.last_survey().unwrap();
    let before = all(synth.buildings_before());
    assert!(before.iter().all(|one| one.properties.len() == collection.fields.len()));
    let code = |one: &Feature| text_of(&collection.fields, one, "ZRZH");
    let of_before: BTreeSet<String> = before.iter().map(code).collect();
    let lacks = |one: &&Feature| !of_before.contains(&code(one));
    assert!((10..40).contains(&plain.iter().filter(lacks).count()));
    let outlines: BTreeSet<String> =
        plain.iter().map(|one| format!("{:?}", one.geometry)).collect();
    let is_smaller = |one: &&Feature| !outlines.contains(&format!("{:?}", one.geometry));
    assert!((10..40).contains(&before.iter().filter(is_smaller).count()));
}
