//! `tuban ledger add`: a collection beside those of a ledger, empty.

use std::path::Path;
use std::process::ExitCode;

use ledger::rows::{
    POINT_EVENTS, POINTS, enforcement_collection, evidence_collection, is_of_ledger,
};
use spatial::Collection;
use store::GeoPackageStore;

use super::init::make;
use crate::args::LedgerPart;
use crate::commands::{CommandError, with_key};
use crate::config::Config;
use crate::local::Opened;
use crate::output::say;

/// Adds the collection to a store that has a ledger and lacks it.
pub async fn add(path: &Path, part: LedgerPart, config: &Config) -> Result<ExitCode, CommandError> {
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
    let collection = match part {
        LedgerPart::Evidence => evidence_collection(&points.crs)?,
        LedgerPart::EnforcementRecords => enforcement_collection(&points.crs)?,
    };
    if let Some(there) = all.iter().find(|c| c.id == collection.id) {
        return Err(refused(match is_of_ledger(there) {
            true => format!("the ledger has {} already; it was not touched", there.id),
            false => format!(
                "it has a collection {} that is none of a ledger; rename it first with \
                 `tuban collection rename`",
                there.id
            ),
        }));
    }
    let revision = make(&store, path, &collection, "a part of the ledger").await?;
    say(format_args!("{} from revision {revision}", collection.id));
    Ok(ExitCode::SUCCESS)
}
