//! `tuban responsible`: who is responsible at a position on a day, as the server would answer.

use engine::places::{PLACES, ResponsibleQuery};
use engine::{EngineError, Profile};
use ledger::place::Day;
use server::places;

use super::query::open;
use super::{CommandError, now};
use crate::args::ResponsibleArgs;
use crate::config::Config;
use crate::output::say;

/// Prints the answer as JSON.
pub async fn responsible(args: ResponsibleArgs, config: &Config) -> Result<(), CommandError> {
    let engine = open(&args.store, config).await?;
    let query = ResponsibleQuery {
        positions: vec![[args.lon, args.lat]],
        day: args.date.unwrap_or_else(|| Day::of(now())),
        places: PLACES.to_vec(),
        alley_within: args.alley,
        as_of: None,
        profile: Profile::default(),
    };
    let day = query.day;
    let found = engine.responsible(query).await.map_err(|error| match error {
        EngineError::UnknownCollection { id } => CommandError::Argument {
            name: "store",
            value: args.store.display().to_string(),
            reason: format!("it has no collection {id}; `tuban places init` makes it"),
        },
        error => error.into(),
    })?;
    let here = found.here.first();
    let answer = here.map(|here| places::responsible(day, found.revision, (here, &[])));
    say(serde_json::to_string_pretty(&answer).unwrap_or_default());
    Ok(())
}
