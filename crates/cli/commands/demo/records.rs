//! The records of the sample city: who trades, calls and patrols there, and what its towns plan.

use std::sync::Arc;

use engine::now;
use engine::places::LoadAssigner;
use ledger::rows::{ENFORCEMENT, enforcement_collection};
use spatial::{CrsRegistry, Timestamp};
use store::{FeatureStore, GeoPackageStore};

use super::load::load;
use crate::commands::CommandError;
use crate::styles::style_of;
use crate::synth::{Layer, Records, Synth, pictures, record_collections};

/// Loads every collection of records that has rows, each feature with the units that it lies in.
pub(super) async fn load_records(
    store: &GeoPackageStore,
    registry: &Arc<CrsRegistry>,
    synth: &Arc<Synth>,
    recorded_at: Timestamp,
) -> Result<(), CommandError> {
    let mut records = Records::default();
    for village in 0..synth.villages() {
        let points = synth.ledger(village, recorded_at)?;
        synth.records(village, &points, &mut records)?;
    }
    // Nothing was recorded at the moments of those of the two years: their history came afterwards.
    synth.meetings_at(now(), &mut records);
    if let Some(folder) = store.evidence_folder() {
        for (hash, bytes) in pictures() {
            folder.put(hash, Arc::new(bytes)).await?;
        }
    }
    let described = synth.collection(Layer::Points)?;
    for one in record_collections() {
        let mut collection = one.collection(described.crs.clone())?;
        collection.description = format!("{}。{}", collection.description, described.description);
        collection.style = style_of(one.id).map(str::to_owned);
        let rows = records.take(one.id);
        if rows.is_empty() {
            continue;
        }
        let assigner = LoadAssigner::read(store, registry, &collection, recorded_at).await?;
        load(store, collection, assigner, move |sending| {
            rows.into_iter().try_for_each(|row| sending.add(row))
        })
        .await?;
    }
    let acts = records.take(ENFORCEMENT);
    load(store, enforcement_collection(&described.crs)?, None, move |sending| {
        acts.into_iter().try_for_each(|row| sending.add(row))
    })
    .await?;
    Ok(())
}
