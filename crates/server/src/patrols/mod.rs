//! Patrols as JSON: what phones send, what became of it, what was covered and done. No HTTP here: the
//! routes and the command line share it.
//!
//! A body is one patrol or a list of them. Each has an outcome of its own: one that is not readable
//! keeps no other from being taken. Points that findings report are raised after their patrols are
//! taken, in the order of the body, by the events that they carry.

mod checklists;
mod coverage;
mod read;
mod statistics;

use std::collections::VecDeque;

use engine::Engine;
use engine::ledger::Taking;
use engine::patrols::{NewPatrol, PatrolCovered, PatrolOutcome};
use ledger::checklist::Checklists;
use serde_json::{Value as Json, json};
use spatial::TableCell;

pub use checklists::{described, point_results, results, results_table};
pub use coverage::{CoverageTable, coverage, coverage_tables};
pub use read::MAX_PATROLS;
use read::{Told, read};
pub use statistics::{statistics, statistics_table};

use crate::actor::Actor;
use crate::crs_uri::OfferedCrs;
use crate::point_events::{self, Asking, At};
use crate::problem::{Code, Problem};

/// What a body of patrols came to.
#[derive(Debug)]
pub struct Answer {
    /// The document.
    pub body: Json,
    /// A state that holds all that was taken.
    pub revision: u64,
    /// Whether any patrol was new.
    pub is_new: bool,
    /// Whether the body was a list.
    pub is_list: bool,
    /// The refusal of the first patrol that was refused.
    pub refused: Option<Problem>,
}

/// Takes the patrols of a body; findings report `most_events` points at most.
///
/// # Errors
/// When the body is no patrol and no list of them, when the store keeps none, or when nothing could
/// be written. What was taken before is taken: the same body, sent again, goes on from there.
pub async fn take(
    engine: &Engine,
    checklists: &Checklists,
    body: Vec<u8>,
    (actor, most_events): (&Actor, usize),
) -> Result<Answer, Problem> {
    let (lists, sender) = (checklists.clone(), actor.clone());
    let read = engine.pool().run(move || read(&body, &lists, &sender)).await??;
    let count: usize = read.patrols.iter().map(Told::reports).sum();
    if count > most_events {
        let detail =
            format!("findings report {count} points; send at most {most_events} at a time");
        return Err(Problem::new(Code::BodyTooLarge, detail));
    }
    let readable = read.patrols.iter().filter_map(|told| told.patrol.as_ref().ok());
    let news: Vec<NewPatrol> = readable.map(|patrol| patrol.new.clone()).collect();
    let taken = engine.take_patrols(actor.name().to_owned(), news).await?;
    let mut revision = taken.revision.0;
    let mut outcomes = taken.outcomes.into_iter();
    let mut results: Vec<(Told, Result<PatrolOutcome, Problem>)> = Vec::new();
    for mut told in read.patrols {
        let outcome = match &told.patrol {
            Ok(_) => match outcomes.next() {
                Some(PatrolOutcome::Differs) => Err(differs(told.code.as_deref())),
                Some(PatrolOutcome::OutsideArea(defects)) => {
                    Err(Problem::with_defects(Code::OutsideArea, defects))
                }
                Some(PatrolOutcome::Invalid(defects)) => {
                    Err(Problem::with_defects(Code::InvalidPatrol, defects))
                }
                Some(outcome) => Ok(outcome),
                None => Err(Problem::internal(&"a patrol without an outcome")),
            },
            Err(_) => {
                let refused = std::mem::replace(&mut told.patrol, Err(Problem::internal(&"told")));
                Err(refused.err().unwrap_or_else(|| Problem::internal(&"no refusal")))
            }
        };
        results.push((told, outcome));
    }
    let of_taken = results.iter().filter(|(_, outcome)| outcome.is_ok());
    let events: Vec<&Json> = of_taken.flat_map(|(told, _)| told.events()).collect();
    let mut raised = VecDeque::new();
    if !events.is_empty() {
        let crs = OfferedCrs::crs84();
        let taking = Taking::Each;
        let asking = Asking { actor, crs: &crs, at: At::Any, most: most_events, taking };
        let body = json!(events).to_string().into_bytes();
        let mut answer = point_events::raise(engine, body, asking).await?;
        revision = revision.max(answer.revision);
        if let Some(events) = answer.body["events"].as_array_mut() {
            raised = std::mem::take(events).into();
        }
    }
    let is_new = results.iter().any(|(_, outcome)| matches!(outcome, Ok(PatrolOutcome::New(_))));
    let entries: Vec<Json> = results
        .iter()
        .map(|(told, outcome)| {
            let count = if outcome.is_ok() { told.reports() } else { 0 };
            let events: Vec<Json> = raised.drain(..count.min(raised.len())).collect();
            entry(told.code.as_deref(), outcome, events)
        })
        .collect();
    let body = json!({ "revision": revision, "patrols": entries });
    let refused = results.into_iter().find_map(|(_, outcome)| outcome.err());
    Ok(Answer { body, revision, is_new, is_list: read.is_list, refused })
}

/// Takes the patrols of a body for a caller on this machine, who is the actor of a store without
/// accounts. Answers what `POST /patrols` does; one patrol alone that is refused is answered, too.
///
/// # Errors
/// What is wrong, in a sentence, when the body is not readable or no more could be written.
pub async fn take_here(
    engine: &Engine,
    checklists: &Checklists,
    body: Vec<u8>,
    most_events: usize,
) -> Result<Json, String> {
    let taken = take(engine, checklists, body, (&Actor::local(), most_events)).await;
    taken.map(|answer| answer.body).map_err(|problem| problem.said())
}

fn differs(code: Option<&str>) -> Problem {
    let code = code.unwrap_or_default();
    let detail = format!(
        "patrol {code} is known with other content, which stays; send another patrol under a code of \
         its own"
    );
    Problem::new(Code::PatrolStays, detail)
}

/// What became of one patrol, with what became of the events of its findings.
fn entry(code: Option<&str>, outcome: &Result<PatrolOutcome, Problem>, events: Vec<Json>) -> Json {
    let mut entry = json!({ "code": code });
    match outcome {
        Ok(PatrolOutcome::New(PatrolCovered { covered_m, alleys })) => {
            let alley = |(code, metres): &(Option<String>, f64)| json!({ "alley": code, "covered_m": metres });
            entry["outcome"] = json!("new");
            entry["covered_m"] = json!(covered_m);
            entry["alleys"] = alleys.iter().map(alley).collect();
        }
        Ok(PatrolOutcome::Again { covered_m }) => {
            entry["outcome"] = json!("again");
            entry["covered_m"] = json!(covered_m);
        }
        Ok(PatrolOutcome::Differs | PatrolOutcome::OutsideArea(_) | PatrolOutcome::Invalid(_)) => {}
        Err(problem) => {
            entry["outcome"] = json!("refused");
            entry["problem"] = problem.document();
            return entry;
        }
    }
    entry["events"] = events.into();
    entry
}

/// A share as JSON: of nothing there is none.
fn share(part: f64, whole: f64) -> Json {
    (whole > 0.0).then(|| (part / whole * 10_000.0).round() / 10_000.0).into()
}

/// A share as a cell: per cent to a tenth.
fn per_cent(part: f64, whole: f64) -> TableCell {
    match whole > 0.0 {
        true => decimal(part / whole * 100.0),
        false => TableCell::Empty,
    }
}

/// A number to a tenth.
fn decimal(number: f64) -> TableCell {
    TableCell::Number { scaled: (number * 10.0).round() as i128, decimals: 1 }
}

/// A number to a tenth as JSON.
fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

fn count(number: u64) -> TableCell {
    TableCell::Number { scaled: i128::from(number), decimals: 0 }
}

fn optional(text: Option<&str>) -> TableCell {
    text.map_or(TableCell::Empty, TableCell::from)
}
