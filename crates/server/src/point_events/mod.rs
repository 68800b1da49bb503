//! Events of rectification points as JSON: flat members named as the columns of `point_events`.
//!
//! A body is one event or a list of them. Each event of a list has an answer of its own, in the
//! order of the list: one that is not readable keeps no other from being raised. Points go by id or
//! number.

mod document;
mod numbers;
mod raiser;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::ledger::{NewEvent, Outcome, RaisedBatch, Raising, Taking};
use engine::{Engine, now};
use ledger::point::Ground;
use ledger::{PointId, Refusal};
use serde_json::Value;

pub use document::{event_documents, member, trace};
use raiser::Raiser;
pub use read::At;
use read::{Told, read};

use crate::actor::Actor;
use crate::crs_uri::OfferedCrs;
use crate::problem::{Code, Problem};

/// What a body of events came to.
#[derive(Debug)]
pub struct Answer {
    /// The document.
    pub body: Value,
    /// A state that holds all that was taken.
    pub revision: u64,
    /// Whether anything was new.
    pub is_new: bool,
    /// Whether the body was a list.
    pub is_list: bool,
    /// The refusal of the first event that was refused.
    pub refused: Option<Problem>,
}

/// How a body is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// Who sends it.
    pub actor: &'a Actor,
    /// What the geometries of reports are in.
    pub crs: &'a OfferedCrs,
    /// Which points it may be about.
    pub at: At,
    /// Most events.
    pub most: usize,
    /// Whether an event that is refused keeps the others from being taken.
    pub taking: Taking,
}

/// Raises the events of a body.
///
/// # Errors
/// When the body is no event and no list of them, when the store has no ledger, or when nothing
/// could be written: then nothing was changed.
pub async fn raise(engine: &Engine, body: Vec<u8>, asking: Asking<'_>) -> Result<Answer, Problem> {
    let Asking { actor, crs, at, most, taking } = asking;
    let raiser = Raiser::of(actor);
    let (reading, crs, sender) = (engine.clone(), crs.clone(), (actor.clone(), raiser.clone()));
    let body = Arc::new(body);
    let looked_at = Arc::clone(&body);
    let numbers = engine.pool().run(move || numbers::numbers(&looked_at)).await?;
    let numbered = match numbers.is_empty() {
        true => BTreeMap::new(),
        false => engine.points_numbered(numbers).await?,
    };
    let read = move || {
        let sender = (&crs, &sender.0, &sender.1);
        read(&reading, &body, sender, (at, &numbered), most)
    };
    let told = engine.pool().run(read).await??;
    let is_list = told.is_list;
    let (mut events, mut unread): (Vec<NewEvent>, Vec<Option<Problem>>) = (Vec::new(), Vec::new());
    let mut names = Vec::with_capacity(told.events.len());
    for Told { id, point, event } in told.events {
        names.push((id, point));
        match event {
            Ok(event) => {
                events.push(event);
                unread.push(None);
            }
            Err(problem) => unread.push(Some(problem)),
        }
    }
    let unread_points: BTreeSet<Option<String>> = names
        .iter()
        .zip(&unread)
        .filter(|(_, problem)| problem.is_some())
        .map(|((_, point), _)| point.clone())
        .collect();
    // What cannot be read is refused: it keeps those from being taken that go with it.
    let goes_in = |event: &NewEvent| match taking {
        Taking::Each => true,
        Taking::WholePoints => !unread_points.contains(&Some(event.point.to_string())),
        Taking::AllOrNone => unread_points.is_empty(),
    };
    let taken: Vec<bool> = events.iter().map(goes_in).collect();
    let mut kept = taken.iter();
    events.retain(|_| kept.next().copied().unwrap_or(false));
    let mut taken = taken.into_iter();
    let raising = Raising { taking, actor: raiser.name, unit: raiser.unit, events };
    let RaisedBatch { revision, recorded_at, outcomes, points } = engine.raise(raising).await?;
    let is_new = recorded_at.is_some();
    let mut outcomes = outcomes.into_iter();
    let results: Vec<Result<Outcome, Problem>> = unread
        .into_iter()
        .map(|problem| match problem {
            Some(problem) => Err(problem),
            None if !taken.next().unwrap_or(false) => Ok(Outcome::Withheld),
            None => match outcomes.next() {
                Some(Outcome::Refused(refusal)) => Err(refused(&refusal)),
                Some(Outcome::Invalid(defects)) => {
                    Err(Problem::with_defects(Code::InvalidEvent, defects))
                }
                Some(done) => Ok(done),
                None => Err(Problem::internal(&"an event without an outcome")),
            },
        })
        .collect();
    let events = names
        .iter()
        .zip(&results)
        .map(|((id, point), result)| document::outcome(id.as_deref(), point.as_deref(), result));
    let now = recorded_at.unwrap_or_else(now);
    let body = document::answer(
        (revision, recorded_at),
        events.collect(),
        points.iter().map(|point| document::summary(engine, point, now)).collect(),
    );
    let refused = results.into_iter().find_map(Result::err);
    Ok(Answer { body, revision: revision.0, is_new, is_list, refused })
}

/// Raises a list of events for a caller on this machine, who is the actor of a store without
/// accounts; geometries are longitudes and latitudes. Answers what `POST /points/events` does.
///
/// # Errors
/// What is wrong, in a sentence, when nothing was changed.
pub async fn raise_here(engine: &Engine, body: Vec<u8>, taking: Taking) -> Result<Value, String> {
    let (actor, crs) = (Actor::local(), OfferedCrs::crs84());
    let asking = Asking { actor: &actor, crs: &crs, at: At::Any, most: usize::MAX, taking };
    let answer = raise(engine, body, asking).await;
    answer.map(|answer| answer.body).map_err(|problem| problem.said())
}

/// A refusal as the outside sees it.
fn refused(refusal: &Refusal) -> Problem {
    let code = match refusal.ground() {
        Ground::Person => Code::EventForbidden,
        Ground::Area => Code::OutsideArea,
        Ground::State => Code::EventConflict,
        Ground::Content => Code::InvalidEvent,
    };
    let problem = Problem::new(code, refusal.to_string());
    match refusal.member() {
        Some(member) => problem.at(&format!("/{member}")),
        None => problem,
    }
}

/// The point of a path, by id or number; of a report that begins it, by the id alone.
pub async fn point_at(engine: &Engine, name: &str) -> Result<PointId, Problem> {
    if let Some(known) = engine.point_called(name).await? {
        return Ok(known);
    }
    PointId::try_from(name).map_err(|_odd| no_point(name))
}

/// There is no such point.
pub fn no_point(name: &str) -> Problem {
    let shown: String = name.chars().take(60).collect();
    let detail = format!(
        "the ledger has no point {shown:?}, by id or number; a report under a new id begins one"
    );
    Problem::new(Code::PointNotFound, detail)
}
