//! `tuban restore`: back to an earlier state, as a new one.

use spatial::Revision;
use store::{GeoPackageStore, NewCollections, Restore, RestoreSummary, RestoredCollection};

use super::collection::read_only;
use super::{CommandError, now, with_key};
use crate::args::RestoreArgs;
use crate::config::Config;
use crate::output::{say, tell};

/// Restores a store, or says what that would change.
pub async fn restore(args: RestoreArgs, config: &Config) -> Result<(), CommandError> {
    let to = Revision(args.to_revision);
    let new_collections =
        if args.remove_new { NewCollections::Remove } else { NewCollections::Empty };
    let done = if args.dry_run {
        with_key(read_only(&args.store)?, config).plan_restore(to).await?
    } else {
        let restore = Restore {
            to,
            new_collections,
            actor: "local".to_owned(),
            reason: args.reason,
            recorded_at: now(),
        };
        if !args.store.exists() {
            return Err(CommandError::NoStore { path: args.store });
        }
        with_key(GeoPackageStore::open(&args.store)?, config).restore(restore).await?
    };
    let RestoreSummary { revision, collections, gone } = done;
    for collection in &collections {
        say(line(collection, new_collections));
        for field in &collection.lost_fields {
            tell(format_args!(
                "  note: {field:?} had values at revision {to}, but {} has no such field any more: \
                 they are not brought back",
                collection.id
            ));
        }
    }
    for id in gone {
        tell(format_args!(
            "note: a collection {id} was removed; what it held at revision {to} does not come back: \
             take it from a backup"
        ));
    }
    say(match args.dry_run {
        true => format!("nothing was changed; the store is at revision {revision}"),
        false => format!("the store is at revision {revision}, with the features of revision {to}"),
    });
    Ok(())
}

fn line(collection: &RestoredCollection, new_collections: NewCollections) -> String {
    let RestoredCollection { id, is_new, revived, replaced, removed, .. } = collection;
    match (is_new, new_collections) {
        (true, NewCollections::Remove) => {
            format!("{id}: came later, removed with {removed} features")
        }
        (true, NewCollections::Empty) => {
            format!("{id}: came later, emptied of {removed} features; --remove-new would remove it")
        }
        (false, _) => format!("{id}: {revived} come back, {replaced} as before, {removed} removed"),
    }
}
