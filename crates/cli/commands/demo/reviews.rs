//! What people of the sample city said of clues: of a house that reaches beyond its parcel and whose point is
//! on the ledger, that it is so; where the report was rejected, that it is not.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::ledger::State;
use ::ledger::clue::Verdict;
use ::ledger::point::{EventId, moment};
use ::ledger::record::{named, reviews::CLUE_REVIEWS};
use ::ledger::{rows, text_hash};
use engine::places::LoadAssigner;
use spatial::{
    CollectionId, Crs, CrsRegistry, Feature, FeatureId, Field, Timestamp, Value, ValueRef,
};
use store::{FeatureStore, GeoPackageStore};

use super::load::{append, create};
use crate::commands::CommandError;
use crate::styles::style_of;
use crate::synth::{LedgerPoint, OPENED};

/// The rule that finds such houses, and the edition that ships.
const RULE: [&str; 2] = ["over_parcel", "2026-01"];

/// Makes the collection and gives the reviews, recorded at a moment.
pub(super) async fn load_reviews(
    store: &GeoPackageStore,
    registry: &Arc<CrsRegistry>,
    told: &[Vec<LedgerPoint>],
    recorded_at: Timestamp,
) -> Result<(), CommandError> {
    let Some(shipped) = named(CLUE_REVIEWS) else { return Ok(()) };
    let mut collection = shipped.collection(Crs::CGCS2000)?;
    collection.style = style_of(CLUE_REVIEWS).map(str::to_owned);
    let assigner = LoadAssigner::read(store, registry, &collection, OPENED).await?.map(Arc::new);
    create(store, collection.clone(), assigner.clone(), |_none| Ok(())).await?;
    let buildings = ids(store, "buildings", "ZRZH").await?;
    let parcels = ids(store, "parcels", "ZDDM").await?;
    let columns = rows::points::fields();
    let reviews = told.iter().flatten().filter_map(|point| {
        let text = |name: &str| text(&columns, &point.row, name);
        let building = buildings.get(text("building")?)?;
        let parcel = parcels.get(text("parcel")?)?;
        let clue = format!("buildings/{building},parcels/{parcel}");
        let state = State::from_identifier(text("state")?)?;
        let properties =
            collection.fields.iter().map(|field| value(&field.name, (&clue, state), recorded_at));
        let properties = properties.collect::<Option<Vec<Value>>>()?;
        Some(Feature { id: None, geometry: point.row.geometry.clone(), properties })
    });
    let reviews: Vec<Feature> = reviews.collect();
    append(store, &collection, assigner, (reviews, recorded_at)).await
}

/// The value of a column; none where nobody has looked yet.
fn value(column: &str, (clue, state): (&str, State), recorded_at: Timestamp) -> Option<Value> {
    let (verdict, decision, reason) = match state {
        State::Reported => return None,
        State::Rejected => (Verdict::Dismissed, None, Some("现场核实：在批准范围内（虚构）")),
        _ => (
            Verdict::Confirmed,
            Some(format!("虚构〔2026〕{}号", text_hash(clue) % 900 + 100)),
            None,
        ),
    };
    let text = |text: &str| Value::Text(text.to_owned());
    Some(match column {
        "id" => text(&id(clue, recorded_at)?.to_string()),
        "rule" => text(RULE[0]),
        "edition" => text(RULE[1]),
        "clue" => text(clue),
        "verdict" => text(verdict.identifier()),
        "decision" => decision.as_deref().map_or(Value::Null, text),
        "reason" => reason.map_or(Value::Null, text),
        "actor" => text("zhen-hecha"),
        "role" => text("town_checker"),
        "recorded_at" => text(&moment::written(recorded_at)),
        _ => Value::Null,
    })
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
    let all = store.collections().await?;
    let fields = all.into_iter().find(|one| one.id == id).map(|one| one.fields).unwrap_or_default();
    let features = store.all_features(&id).await?;
    let key = |feature: &Feature| Some((text(&fields, feature, field)?.to_owned(), feature.id?));
    Ok(features.iter().filter_map(key).collect())
}

fn text<'f>(fields: &[Field], feature: &'f Feature, name: &str) -> Option<&'f str> {
    let at = fields.iter().position(|field| field.name == name)?;
    match feature.properties.get(at)?.as_ref() {
        ValueRef::Text(text) => Some(text),
        _ => None,
    }
}
