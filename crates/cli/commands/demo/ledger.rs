//! The ledger of the sample city: history of two years, brought in afterwards (补录).

use std::sync::Arc;

use engine::places::LoadAssigner;
use ledger::rows::collections;
use spatial::{CrsRegistry, Timestamp};
use store::GeoPackageStore;

use super::load::load;
use crate::commands::CommandError;
use crate::styles::style_of;
use crate::synth::{Layer, Synth};

/// Loads the points, each with the units that it lies in, and their events.
pub(super) async fn load_ledger(
    store: &GeoPackageStore,
    registry: &Arc<CrsRegistry>,
    synth: &Arc<Synth>,
    recorded_at: Timestamp,
) -> Result<(), CommandError> {
    let layer = synth.collection(Layer::Points)?;
    for (mut collection, is_points) in collections(&layer.crs)?.into_iter().zip([true, false]) {
        collection.description = layer.description.clone();
        if is_points {
            collection.zooms = layer.zooms;
        }
        collection.style = style_of(collection.id.as_str()).map(str::to_owned);
        let assigner = LoadAssigner::read(store, registry, &collection, recorded_at).await?;
        let synth = Arc::clone(synth);
        load(store, collection, assigner, move |sending| {
            for village in 0..synth.villages() {
                for point in synth.ledger(village, recorded_at)? {
                    match is_points {
                        true => sending.add(point.row)?,
                        false => {
                            point.events.into_iter().try_for_each(|row| sending.add(row))?;
                        }
                    }
                }
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}
