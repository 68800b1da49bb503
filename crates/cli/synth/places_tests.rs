//! Places of the fictional towns: units without a defect, cells that make up their villages, plans within
//! their towns, and posts that answer for all of them.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use geo::{Area, BoundingRect};
use ledger::place::{
    ADMIN_UNITS, COLLECTIONS, CodeScheme, FOCUS_AREAS, GRID_CELLS, Level, PLANNING_LAYERS,
    PlaceRow, RESPONSIBILITIES, UnitRow, check, check_places, check_responsibilities,
    codes_of_units,
};
use ledger::{GridCode, ShippedCollection};
use spatial::{Crs, Feature};

use super::Synth;
use super::ground::NATIVE;
use super::ledger_rows::text_of;

fn shipped(id: &str) -> ShippedCollection {
    COLLECTIONS.into_iter().find(|one| one.id == id).unwrap()
}

fn area(feature: &Feature) -> f64 {
    feature.geometry.as_ref().unwrap().shape.unsigned_area()
}

#[test]
fn towns_and_villages_are_units_without_defect_below_their_district() {
    let units = shipped(ADMIN_UNITS);
    let synth = Synth::new(1, 20_000, Some(2), &Crs::CGCS2000).unwrap();
    let rows = synth.units(&units).unwrap();
    assert_eq!(rows.len(), 2 + synth.villages());
    let fields = units.fields();
    let read: Vec<UnitRow> = rows
        .iter()
        .zip(1..)
        .map(|(feature, row)| {
            assert_eq!(feature.geometry.as_ref().unwrap().geometry_type(), units.geometry_type);
            let text = |name| text_of(&fields, feature, name);
            UnitRow {
                row,
                code: text("code"),
                codes: vec![(CodeScheme::Stat12, text("stat12"))],
                name: text("name"),
                level: text("level"),
                parent: text("parent"),
                valid_from: text("valid_from"),
                ..UnitRow::default()
            }
        })
        .collect();
    // The district above is not of the generator.
    let defects = check(&read);
    assert!(defects.iter().all(|defect| defect.to_string().contains("110115")), "{defects:?}");
    let towns = read.iter().filter(|row| Level::named(&row.level) == Some(Level::Town)).count();
    assert_eq!((towns, defects.len()), (2, 2));
}

#[test]
fn the_cells_of_a_village_make_it_up() {
    let synth = Synth::new(1, 20_000, Some(2), &NATIVE).unwrap();
    let (of_units, of_cells) = (shipped(ADMIN_UNITS), shipped(GRID_CELLS));
    let mut villages = BTreeMap::new();
    for unit in synth.units(&of_units).unwrap() {
        villages.insert(text_of(&of_units.fields(), &unit, "code"), area(&unit));
    }
    villages.retain(|code, _| code.len() == 12);
    let cells = synth.grid_cells(&of_cells).unwrap();
    assert_eq!(cells.len(), 4 * villages.len());
    let mut norths = Vec::new();
    for cell in &cells {
        let [code, village] =
            ["code", "village"].map(|name| text_of(&of_cells.fields(), cell, name));
        let serial = GridCode::try_from(code.as_str()).unwrap();
        assert!(code.starts_with(&village), "{code} of {village}");
        *villages.get_mut(&village).unwrap() -= area(cell);
        let bounds = cell.geometry.as_ref().unwrap().shape.bounding_rect().unwrap();
        norths.push((village, serial.serial().to_owned(), bounds.center()));
    }
    for (village, left) in villages {
        assert!(left.abs() < 1.0, "{village}: {left} m² in no cell or in two");
    }
    // From west to east, and from north to south.
    for four in norths.chunks(4) {
        let [nw, ne, sw, se] = [0, 1, 2, 3].map(|at| four[at].2);
        assert!(nw.x < ne.x && sw.x < se.x && nw.y > sw.y && ne.y > se.y, "{four:?}");
    }
}

#[test]
fn posts_answer_for_places_that_there_are() {
    let synth = Synth::new(1, 1000, Some(2), &Crs::CGCS2000).unwrap();
    let units = shipped(ADMIN_UNITS);
    let rows = |collection: &ShippedCollection, features: &[Feature]| -> Vec<PlaceRow> {
        let fields = collection.fields();
        let text = |feature: &Feature, name: &str| text_of(&fields, feature, name);
        let texts = |feature: &Feature| {
            let named = fields.iter().map(|field| (field.name.clone(), text(feature, &field.name)));
            named.filter(|(_, text)| !text.is_empty()).collect()
        };
        (1..).zip(features).map(|(row, one)| PlaceRow { row, texts: texts(one) }).collect()
    };
    let of_units = synth.units(&units).unwrap();
    let known: Vec<UnitRow> = rows(&units, &of_units)
        .into_iter()
        .map(|PlaceRow { row, texts }| UnitRow {
            row,
            code: texts["code"].clone(),
            name: texts["name"].clone(),
            level: texts["level"].clone(),
            ..UnitRow::default()
        })
        .collect();
    let known: Vec<_> = known.iter().filter_map(|row| row.read().0).collect();
    let mut codes = codes_of_units(&known);
    for (id, features) in [
        (GRID_CELLS, synth.grid_cells(&shipped(GRID_CELLS)).unwrap()),
        (FOCUS_AREAS, synth.focus_areas(&units, &shipped(FOCUS_AREAS)).unwrap()),
        (PLANNING_LAYERS, synth.planning_layers(&shipped(PLANNING_LAYERS)).unwrap()),
    ] {
        let defects = check_places(id, &rows(&shipped(id), &features), &known, &mut codes);
        assert!(defects.is_empty(), "{id}: {defects:?}");
    }
    let posts = synth.responsibilities(&units, &shipped(RESPONSIBILITIES)).unwrap();
    let rows = rows(&shipped(RESPONSIBILITIES), &posts);
    let defects = check_responsibilities(&rows, &codes);
    assert!(defects.is_empty(), "{defects:?}");
    // Two a town; of a village one, and one a cell.
    assert_eq!(rows.len(), 2 * 2 + 5 * synth.villages());
    assert!(rows.iter().all(|row| !row.texts.contains_key("person")));
}
