//! Who holds the households of the sample city: nobody that there is, in the table that keeps personal
//! values apart, encrypted.

use std::sync::Arc;

use spatial::{CollectionId, Value};
use store::personal::{PersonalLoad, PersonalRow};
use store::{GeoPackageStore, PersonalStore};

use crate::commands::CommandError;
use crate::synth::{Layer, OPENED, PEOPLE, Synth};

/// Keeps the holders of every household.
pub(super) async fn load_people(
    store: &GeoPackageStore,
    synth: &Arc<Synth>,
) -> Result<(), CommandError> {
    let collection = CollectionId::try_from(Layer::Households.id())?;
    let part = |rows, total| PersonalLoad {
        collection: collection.clone(),
        fields: PEOPLE.map(|(name, class)| (name.to_owned(), class)).to_vec(),
        rows,
        actor: "local".to_owned(),
        reason: "sample city".to_owned(),
        at: OPENED,
        total,
    };
    let mut values = 0;
    for village in 0..synth.villages() {
        let rows = synth.people(village)?.into_iter().map(|holder| PersonalRow {
            key: Value::Text(holder.household),
            values: holder.values.map(Some).to_vec(),
        });
        values += store.put_personal(part(rows.collect(), None)).await?.values;
    }
    store.put_personal(part(Vec::new(), Some(values))).await?;
    Ok(())
}
