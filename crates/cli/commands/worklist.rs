//! `tuban worklist`: what waits for a unit, a person, a role, as the server would answer.

use engine::ledger::WorkAsked;
use serde_json::{Map, Value};
use server::tasks::KnownTasks;
use server::units::AskedUnit;
use server::worklist::{self, Telling};
use spatial::Day;

use super::query::open;
use super::tables::save;
use super::{CommandError, now};
use crate::args::WorklistArgs;
use crate::config::Config;
use crate::data_files::read_tasks;
use crate::ledger_config::named;
use crate::output::say;

/// Prints the list, or writes it to a file.
pub async fn worklist(args: WorklistArgs, config: &Config) -> Result<(), CommandError> {
    let refused = |name, value: &str, reason: String| CommandError::Argument {
        name,
        value: value.to_owned(),
        reason,
    };
    let as_of = args.as_of.as_deref();
    let as_of = as_of
        .map(|text| worklist::moment(text).map_err(|reason| refused("--as-of", text, reason)))
        .transpose()?;
    if let Some(role) = args.role.filter(|role| !config.ledger.roles.has(*role)) {
        let reason = format!("use one of {}", config.ledger.roles.words());
        return Err(refused("--role", role.identifier(), reason));
    }
    let tasks = read_tasks(named(&config.ledger.tasks))?;
    let engine = open(&args.store, config).await?;
    let known = KnownTasks { file: &tasks, indicators: None, book: None };
    known.check(&engine, args.task.as_deref()).await?;
    let asked = WorkAsked {
        unit: args.unit,
        person: args.person,
        task: args.task,
        work: args.work,
        role: args.role,
        raiser: None,
        lamp: args.lamp,
        actor: String::new(),
        as_of,
        now: as_of.unwrap_or_else(now),
        limit: args.limit,
        after: None,
    };
    let page = engine.worklist(asked.clone()).await?;
    let (is_known, has_rows) = (page.unit_is_known, page.total() > 0);
    let unit =
        AskedUnit { code: asked.unit.as_deref(), day: Day::of(asked.now), is_known, has_rows };
    unit.check(&engine).await?;
    let roles = &config.ledger.roles;
    let telling = Telling { asked: &asked, profile: engine.profile(), tasks: &tasks, roles };
    let Some(out) = args.out.as_deref() else {
        if args.json {
            let no_links = |_: &Map<String, Value>| Vec::new();
            let document = worklist::document(telling, &page, &no_links);
            say(serde_json::to_string_pretty(&document).unwrap_or_default());
        } else {
            let table = worklist::table(telling, &page);
            for row in &table.rows {
                let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
                say(cells.join("\t"));
            }
            table.notes.iter().for_each(say);
        }
        return Ok(());
    };
    let table = worklist::table(telling, &page);
    save(out, &table, std::slice::from_ref(&table))?;
    say(format_args!("{}: {} of {} pieces of work", out.display(), page.items.len(), page.total()));
    Ok(())
}
