//! What people of the sample city said of clues: of a house that reaches beyond its parcel and whose point is
//! on the ledger, that it is so; where the report was rejected, that it is not. Of a licence that lives on
//! where the point is closed, one or the other, or nothing yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::ledger::State;
use ::ledger::clue::Verdict;
use ::ledger::point::{EventId, moment};
use ::ledger::record::business::ENTERPRISES;
use ::ledger::record::{named, reviews};
use ::ledger::{rows, text_hash};
use engine::places::LoadAssigner;
use spatial::{
    Collection, CollectionId, Crs, CrsRegistry, Feature, FeatureId, Field, Geometry, Timestamp,
    Value, ValueRef,
};
use store::{FeatureStore, GeoPackageStore};

use super::load::{append, create};
use crate::commands::CommandError;
use crate::styles::style_of;
use crate::synth::{LedgerPoint, OPENED};

/// Edition of the rules that ship.
const EDITION: &str = "2026-01";

/// What is said of one clue.
struct Said {
    rule: &'static str,
    clue: String,
    is_so: bool,
    place: Option<Geometry>,
}

/// Makes the collections and gives the reviews, recorded at a moment.
pub(super) async fn load_reviews(
    store: &GeoPackageStore,
    registry: &Arc<CrsRegistry>,
    told: &[Vec<LedgerPoint>],
    recorded_at: Timestamp,
) -> Result<(), CommandError> {
    let of_houses = of_houses(store, told).await?;
    let of_enterprises = of_enterprises(store, told).await?;
    for (id, said) in
        [(reviews::CLUE_REVIEWS, of_houses), (reviews::ENTERPRISE_REVIEWS, of_enterprises)]
    {
        let Some(shipped) = named(id) else { continue };
        let mut collection = shipped.collection(Crs::CGCS2000)?;
        collection.style = style_of(id).map(str::to_owned);
        let assigner =
            LoadAssigner::read(store, registry, &collection, OPENED).await?.map(Arc::new);
        create(store, collection.clone(), assigner.clone(), |_none| Ok(())).await?;
        let rows = said.iter().filter_map(|said| row(&collection, said, recorded_at)).collect();
        append(store, &collection, assigner, (rows, recorded_at)).await?;
    }
    Ok(())
}

/// Of houses that are points of the ledger; nothing where nobody has looked yet.
async fn of_houses(
    store: &GeoPackageStore,
    told: &[Vec<LedgerPoint>],
) -> Result<Vec<Said>, CommandError> {
    let buildings = ids(store, "buildings", "ZRZH").await?;
    let parcels = ids(store, "parcels", "ZDDM").await?;
    let columns = rows::points::fields();
    let said = told.iter().flatten().filter_map(|point| {
        let text = |name: &str| text(&columns, &point.row, name);
        let building = buildings.get(text("building")?)?;
        let parcel = parcels.get(text("parcel")?)?;
        let state = State::from_identifier(text("state")?)?;
        (state != State::Reported).then(|| Said {
            rule: "over_parcel",
            clue: format!("buildings/{building},parcels/{parcel}"),
            is_so: state != State::Rejected,
            place: point.row.geometry.clone(),
        })
    });
    Ok(said.collect())
}

/// Of enterprises whose licence is alive although their point is closed: of every third nothing yet.
async fn of_enterprises(
    store: &GeoPackageStore,
    told: &[Vec<LedgerPoint>],
) -> Result<Vec<Said>, CommandError> {
    let points = ids(store, rows::POINTS, "code").await?;
    let columns = rows::points::fields();
    let closed = told
        .iter()
        .flatten()
        .filter(|point| text(&columns, &point.row, "state") == Some(State::Closed.identifier()));
    let closed: BTreeMap<&str, Option<&Geometry>> = closed
        .filter_map(|point| {
            Some((text(&columns, &point.row, "code")?, point.row.geometry.as_ref()))
        })
        .collect();
    let id = CollectionId::try_from(ENTERPRISES)?;
    let fields = fields(store, &id).await?;
    let enterprises = store.all_features(&id).await?;
    let said = enterprises.iter().filter_map(|row| {
        let point = text(&fields, row, "point")?;
        let place = *closed.get(point)?;
        let clue = format!("{ENTERPRISES}/{},points/{}", row.id?, points.get(point)?);
        let part = text_hash(&clue) % 3;
        let is_found = text(&fields, row, "licence_state") == Some("存续") && part > 0;
        let is_so = part == 1;
        is_found.then(|| Said { rule: "licence_alive", clue, is_so, place: place.cloned() })
    });
    Ok(said.collect())
}

fn row(collection: &Collection, said: &Said, recorded_at: Timestamp) -> Option<Feature> {
    let Said { rule, clue, is_so, place } = said;
    let verdict = if *is_so { Verdict::Confirmed } else { Verdict::Dismissed };
    let text = |text: &str| Value::Text(text.to_owned());
    let decision = || text(&format!("虚构〔2026〕{}号", text_hash(clue) % 900 + 100));
    let reason = match *rule {
        "over_parcel" => "现场核实：在批准范围内（虚构）",
        _ => "现场核实：已迁往他处经营（虚构）",
    };
    let id = id(clue, recorded_at)?.to_string();
    let value = |field: &Field| match field.name.as_str() {
        "id" => text(&id),
        "rule" => text(rule),
        "edition" => text(EDITION),
        "clue" => text(clue),
        "verdict" => text(verdict.identifier()),
        "decision" if *is_so => decision(),
        "reason" if !*is_so => text(reason),
        "actor" => text("zhen-hecha"),
        "role" => text("town_checker"),
        "recorded_at" => text(&moment::written(recorded_at)),
        _ => Value::Null,
    };
    let properties = collection.fields.iter().map(value).collect();
    Some(Feature { id: None, geometry: place.clone(), properties })
}

/// A UUID of version 7 of a moment, another one for every clue.
fn id(clue: &str, at: Timestamp) -> Option<EventId> {
    let hash = text_hash(clue);
    let ms = u128::try_from(at.0).ok()?;
    let (high, low) = (hash >> 116, hash & ((1 << 62) - 1));
    EventId::try_from(ms << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low).ok()
}

/// The ids of features by a text field.
async fn ids(
    store: &GeoPackageStore,
    collection: &str,
    field: &str,
) -> Result<BTreeMap<String, FeatureId>, CommandError> {
    let id = CollectionId::try_from(collection)?;
    let fields = fields(store, &id).await?;
    let features = store.all_features(&id).await?;
    let key = |feature: &Feature| Some((text(&fields, feature, field)?.to_owned(), feature.id?));
    Ok(features.iter().filter_map(key).collect())
}

async fn fields(store: &GeoPackageStore, id: &CollectionId) -> Result<Vec<Field>, CommandError> {
    let all = store.collections().await?;
    Ok(all.into_iter().find(|one| one.id == *id).map(|one| one.fields).unwrap_or_default())
}

fn text<'f>(fields: &[Field], feature: &'f Feature, name: &str) -> Option<&'f str> {
    let at = fields.iter().position(|field| field.name == name)?;
    match feature.properties.get(at)?.as_ref() {
        ValueRef::Text(text) => Some(text),
        _ => None,
    }
}
