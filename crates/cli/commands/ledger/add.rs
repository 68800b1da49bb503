//! `tuban ledger add`: collections beside those of a ledger, empty.

use std::path::Path;
use std::process::ExitCode;

use ledger::record;
use ledger::rows::{
    EVIDENCE, POINT_EVENTS, POINTS, enforcement_collection, evidence_collection, is_of_ledger,
};
use spatial::{Collection, Crs};
use store::GeoPackageStore;

use super::init::make;
use crate::commands::{CommandError, with_key};
use crate::config::Config;
use crate::local::Opened;
use crate::output::say;

/// Adds the collections to a store that has a ledger and lacks them; none when one of them is there.
pub async fn add(path: &Path, parts: &[String], config: &Config) -> Result<ExitCode, CommandError> {
    if !path.exists() {
        return Err(CommandError::NoStore { path: path.to_path_buf() });
    }
    let store = Opened::open(path, |path| Ok(with_key(GeoPackageStore::open(path)?, config)))?;
    let all = store.collections().await?;
    let refused = |reason: String| {
        let value = path.display().to_string();
        CommandError::Argument { name: "STORE", value, reason }
    };
    let of_ledger = |name: &str| {
        let named = |c: &&Collection| c.id.as_str() == name && is_of_ledger(c);
        all.iter().find(named)
    };
    let (Some(points), Some(_)) = (of_ledger(POINTS), of_ledger(POINT_EVENTS)) else {
        let reason = "the store has no ledger; make one with `tuban ledger init`";
        return Err(refused(reason.to_owned()));
    };
    let mut wanted = Vec::with_capacity(parts.len());
    for part in parts {
        let collection = described(part, &points.crs)?;
        if let Some(there) = all.iter().find(|c| c.id == collection.id) {
            return Err(refused(match is_of_ledger(there) || is_record(there) {
                true => format!("the ledger has {} already; nothing was touched", there.id),
                false => format!(
                    "it has a collection {} that is none of a ledger; rename it first with \
                     `tuban collection rename`",
                    there.id
                ),
            }));
        }
        if !wanted.contains(&collection) {
            wanted.push(collection);
        }
    }
    for collection in wanted {
        let id = collection.id.clone();
        let revision = make(&store, path, collection, "a part of the ledger").await?;
        say(format_args!("{id} from revision {revision}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn described(part: &str, crs: &Crs) -> Result<Collection, CommandError> {
    Ok(match record::named(part) {
        Some(record) => record.collection(crs.clone())?,
        None if part == EVIDENCE => evidence_collection(crs)?,
        None => enforcement_collection(crs)?,
    })
}

fn is_record(collection: &Collection) -> bool {
    record::named(collection.id.as_str()).is_some_and(|one| one.is(collection))
}
