//! The places of the sample city: the city, the districts of the background, the fictional towns and
//! villages with cells of the grid, areas and plans, and which posts answer for these.

use std::sync::Arc;

use ledger::ShippedCollection;
use ledger::place::{
    ADMIN_UNITS, COLLECTIONS, FOCUS_AREAS, GRID_CELLS, PLANNING_LAYERS, RESPONSIBILITIES,
};
use spatial::{Collection, CollectionId, Crs, Feature, Value, ValueRef};
use store::{FeatureStore, GeoPackageStore};

use super::load::create;
use crate::commands::CommandError;
use crate::styles::style_of;
use crate::synth::Synth;

const CITY: [&str; 2] = ["110000", "北京市"];

/// Makes the units, the cells of the grid, the focus areas, the layers of plans and the responsibilities.
pub(super) async fn load_places(
    store: &GeoPackageStore,
    synth: &Arc<Synth>,
) -> Result<(), CommandError> {
    let Some(units) = COLLECTIONS.into_iter().find(|one| one.id == ADMIN_UNITS) else {
        return Ok(());
    };
    for place in COLLECTIONS {
        let rows = match place.id {
            ADMIN_UNITS => {
                let mut rows = upper_units(store, &units).await?;
                rows.append(&mut synth.units(&units)?);
                rows
            }
            GRID_CELLS => synth.grid_cells(&place)?,
            FOCUS_AREAS => synth.focus_areas(&units, &place)?,
            PLANNING_LAYERS => synth.planning_layers(&place)?,
            RESPONSIBILITIES => synth.responsibilities(&units, &place)?,
            // Alleys come with the records.
            _ => continue,
        };
        let mut collection = place.collection(Crs::CGCS2000)?;
        collection.style = style_of(place.id).map(str::to_owned);
        load_all(store, collection, rows).await?;
    }
    Ok(())
}

async fn load_all(
    store: &GeoPackageStore,
    collection: Collection,
    features: Vec<Feature>,
) -> Result<(), CommandError> {
    create(store, collection, None, move |sending| {
        features.into_iter().try_for_each(|feature| sending.add(feature))
    })
    .await
}

/// The city, which has no outline of its own, and its districts.
async fn upper_units(
    store: &GeoPackageStore,
    units: &ShippedCollection,
) -> Result<Vec<Feature>, CommandError> {
    let id = CollectionId::try_from("districts")?;
    let all = store.collections().await?;
    let fields = all.into_iter().find(|one| one.id == id).map(|one| one.fields).unwrap_or_default();
    let [code, name] = ["adcode", "name"].map(|name| fields.iter().position(|f| f.name == name));
    let districts = store.all_features(&id).await?;
    let mut rows = vec![unit(units, CITY, ["city", ""])];
    for district in districts {
        let text = |at: Option<usize>| match at.map(|at| district.properties[at].as_ref()) {
            Some(ValueRef::Text(text)) => text.to_owned(),
            _ => String::new(),
        };
        let row = unit(units, [&text(code), &text(name)], ["district", CITY[0]]);
        rows.push(Feature { geometry: district.geometry, ..row });
    }
    Ok(rows)
}

fn unit(units: &ShippedCollection, [code, name]: [&str; 2], [level, parent]: [&str; 2]) -> Feature {
    let value = |field: &str| match field {
        "code" => code,
        "name" => name,
        "level" => level,
        "parent" => parent,
        "valid_from" => "2020-01-01",
        _ => "",
    };
    let properties = units.fields().into_iter().map(|field| match value(&field.name) {
        "" => Value::Null,
        text => Value::Text(text.to_owned()),
    });
    Feature { id: None, geometry: None, properties: properties.collect() }
}
