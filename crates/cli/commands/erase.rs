//! `tuban erase`

use spatial::{CollectionId, FeatureId};
use store::{Erasure, FeatureStore, GeoPackageStore};

use super::{CommandError, now, with_key};
use crate::args::EraseArgs;
use crate::config::Config;
use crate::output::say;

/// Erases values of one feature for good.
pub async fn erase(args: EraseArgs, config: &Config) -> Result<(), CommandError> {
    let collection = CollectionId::try_from(args.collection.as_str())?;
    let id = FeatureId::try_from(args.id).map_err(|error| CommandError::Argument {
        name: "ID",
        value: args.id.to_string(),
        reason: error.to_string(),
    })?;
    let erasure = Erasure {
        collection: collection.clone(),
        id,
        fields: args.field,
        actor: "local".to_owned(),
        reason: args.reason,
        recorded_at: now(),
    };
    if !args.store.exists() {
        return Err(CommandError::NoStore { path: args.store });
    }
    let store = with_key(GeoPackageStore::open(&args.store)?, config);
    let commit = store.erase(erasure).await?;
    say(format_args!(
        "values of feature {id} of {collection} are gone from revision {}; backups and exports \
         made before still hold them",
        commit.revision
    ));
    Ok(())
}
