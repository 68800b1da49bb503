//! `tuban rules`: the spatial rules in force, and what one of them proposes, printed or as a file, as the
//! server answers.

use std::sync::Arc;

use engine::clues::{CluesQuery, MAX_CLUES_PAGE};
use ledger::place::Day;
use serde_json::{Value, json};
use server::clues;

use super::query::open;
use super::tables::save;
use super::{CommandError, now};
use crate::args::{ReviewArg, RulesArgs};
use crate::config::Config;
use crate::data_files::{read_catalogue, read_rules};
use crate::ledger_config::named;
use crate::output::say;

/// Prints the rules, or what one of them proposes, as JSON; or writes that to a file as a table.
pub async fn rules(args: RulesArgs, config: &Config) -> Result<(), CommandError> {
    let file = args.rules.as_deref().or(named(&config.ledger.spatial_rules));
    let catalogue = args.catalogue.as_deref().or(named(&config.ledger.catalogue));
    let rules = read_rules(file, &config.ledger.roles)?.with_catalogue(read_catalogue(catalogue)?);
    let engine = open(&args.store, config).await?;
    let Some(code) = &args.rule else {
        let described = rules
            .all()
            .iter()
            .map(|rule| clues::rule(rule, rules.edition(), &engine.missing_inputs(rule)));
        let described: Vec<Value> = described.collect();
        return print(&json!({ "edition": rules.edition(), "rules": described }));
    };
    let rule = rules.named(code).ok_or_else(|| {
        let codes: Vec<&str> = rules.all().iter().map(|rule| rule.code.as_str()).collect();
        CommandError::Argument {
            name: "rule",
            value: code.clone(),
            reason: format!("there is no such rule; the rules are {}", codes.join(", ")),
        }
    })?;
    let query = CluesQuery {
        rule: rule.clone(),
        place: args.bbox,
        unit: args.unit,
        key: args.key,
        id: None,
        as_of: args.as_of,
        today: args.date.unwrap_or_else(|| Day::of(args.as_of.unwrap_or_else(now))),
        catalogue: Arc::clone(rules.catalogue()),
        // Whoever has the file may read what rules read.
        profile: engine.profile(),
        reviewed: args.review.map(ReviewArg::of),
        offset: args.offset,
        limit: args.limit.unwrap_or(if args.out.is_some() { MAX_CLUES_PAGE } else { clues::CLUES }),
    };
    let found = engine.clues(query.clone()).await?;
    if let Some(out) = &args.out {
        let table = clues::table(&query, &found);
        save(out, &table, std::slice::from_ref(&table))?;
        say(format_args!("{}: {} of {} clues", out.display(), found.clues.len(), found.count));
        return Ok(());
    }
    let mut described = clues::rule(rule, rules.edition(), &engine.missing_inputs(rule));
    described["confirm"] = clues::confirm(rule, "");
    let text = clues::found(&query, &found, &described, ("", None));
    print(&serde_json::from_str(&text).unwrap_or_default())
}

fn print(document: &Value) -> Result<(), CommandError> {
    say(serde_json::to_string_pretty(document).unwrap_or_default());
    Ok(())
}
