//! What is late or lacking after a closing or an exit: licences that live on (封堵后仍持照), exits
//! (退出逾期) and legal steps of demolitions.

use std::collections::BTreeMap;

use ::ledger::State;
use ::ledger::clue::{ExitOverdue, Finding, Left, LegalSteps, LicenceAlive};
use ::ledger::place::Day;
use rustc_hash::FxHashMap;
use spatial::{FeatureId, FeatureRef};

use super::Clue;
use super::risk::Tied;
use super::source::{Ask, Source, day, is_among, moment, number, text};
use crate::EngineError;

/// Closed points, and on which day they were closed.
fn closed(points: Source<'_>, tasks: &[String]) -> Result<FxHashMap<FeatureId, Day>, EngineError> {
    let [task, state, closed_at] =
        [points.field("task")?, points.field("state")?, points.field("closed_at")?];
    let mut closed = FxHashMap::default();
    points.each(&mut |point| {
        let is_of_task =
            tasks.is_empty() || text(point, task).is_some_and(|one| tasks.contains(&one));
        let state = text(point, state).and_then(|state| State::from_identifier(&state));
        let on = moment(point, closed_at).map(Day::of);
        if let Some(on) = on.filter(|_| is_of_task && state == Some(State::Closed)) {
            closed.insert(point.id(), on);
        }
    });
    Ok(closed)
}

/// Enterprises whose licence lives on although their point was closed longer ago than it may take.
pub(super) fn licence_alive(ask: &Ask<'_>, rule: &LicenceAlive) -> Result<Vec<Clue>, EngineError> {
    let (source, points) = (ask.source(&rule.enterprises)?, ask.source(&rule.points)?);
    source.key()?;
    let (tied, state) = (source.field(&rule.point)?, source.field(&rule.licence_state)?);
    let (closed, names) = (closed(points, &rule.tasks)?, Tied::of(points)?);
    let asked = ask.asked(source)?;
    let mut clues = Vec::new();
    source.each(&mut |enterprise| {
        let alive = text(enterprise, state).filter(|state| rule.alive.contains(state));
        let point = text(enterprise, tied).and_then(|name| names.point(&name));
        let (Some(state), Some(point)) = (alive, point.and_then(|point| points.get(point).ok()))
        else {
            return;
        };
        let Some(on) = closed.get(&point.id()).filter(|_| is_among(asked.as_ref(), enterprise))
        else {
            return;
        };
        let days = ask.query.today.days_since(*on);
        if days <= i64::from(rule.days) {
            return;
        }
        let left = Left::Licence {
            enterprise: source.name(enterprise),
            point: points.name(point),
            state,
            closed: *on,
            days,
        };
        let subjects = vec![source.subject(enterprise), points.subject(point)];
        clues.push(Clue { finding: Finding::Left(left), subjects, geometry: None });
    });
    Ok(clues)
}

/// Listed exits that are not done by their day, and exits of which no released land is known.
pub(super) fn exit_overdue(ask: &Ask<'_>, rule: &ExitOverdue) -> Result<Vec<Clue>, EngineError> {
    let source = ask.source(&rule.enterprises)?;
    source.key()?;
    let state = source.field(&rule.exit_state)?;
    let [due, exited] = [source.field(&rule.exit_due)?, source.field(&rule.exited)?];
    let released = source.field(&rule.released_m2)?;
    let asked = ask.asked(source)?;
    let today = ask.query.today;
    let found = |enterprise: FeatureRef<'_>| -> Option<Left> {
        let state = text(enterprise, state)?;
        let name = source.name(enterprise);
        if !rule.done.contains(&state) {
            let due = day(enterprise, due)?;
            let days = today.days_since(due);
            return (days > 0).then_some(Left::Exit { enterprise: name, state, due, days });
        }
        let exited = day(enterprise, exited)?;
        let days = today.days_since(exited);
        let has_land = number(enterprise, released).is_some_and(|area| area > 0.0);
        let is_late = days > i64::from(rule.days) && !has_land;
        is_late.then_some(Left::Land { enterprise: name, exited, days })
    };
    let mut clues = Vec::new();
    source.each(&mut |enterprise| {
        if let Some(left) = found(enterprise).filter(|_| is_among(asked.as_ref(), enterprise)) {
            let subjects = vec![source.subject(enterprise)];
            clues.push(Clue { finding: Finding::Left(left), subjects, geometry: None });
        }
    });
    Ok(clues)
}

/// When a step of a point was done and had to be: the first of several rows.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    done: Option<Day>,
    due: Option<Day>,
}

/// Closed points of which a step is not recorded as done, was done after its day, or before the one
/// that goes before it.
pub(super) fn legal_steps(ask: &Ask<'_>, rule: &LegalSteps) -> Result<Vec<Clue>, EngineError> {
    let (points, steps) = (ask.source(&rule.points)?, ask.source(&rule.steps)?);
    let [tied, step] = [steps.field(&rule.point)?, steps.field(&rule.step)?];
    let [done, due] = [steps.field(&rule.done)?, steps.field(&rule.due)?];
    let (closed, names) = (closed(points, &rule.tasks)?, Tied::of(points)?);
    let mut taken: FxHashMap<FeatureId, BTreeMap<String, Step>> = FxHashMap::default();
    steps.each(&mut |row| {
        let point = text(row, tied).and_then(|name| names.point(&name));
        let (Some(point), Some(name)) = (point, text(row, step)) else { return };
        let told = taken.entry(point).or_default().entry(name).or_default();
        let earliest = |a: Option<Day>, b: Option<Day>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        told.done = earliest(told.done, day(row, done));
        told.due = earliest(told.due, day(row, due));
    });
    let asked = ask.asked(points)?;
    let none = BTreeMap::new();
    let mut clues = Vec::new();
    points.each(&mut |point| {
        if !closed.contains_key(&point.id()) || !is_among(asked.as_ref(), point) {
            return;
        }
        let taken = taken.get(&point.id()).unwrap_or(&none);
        let (mut missing, mut late, mut disordered) = (Vec::new(), Vec::new(), Vec::new());
        let mut before: Option<Day> = None;
        for name in &rule.order {
            let step = taken.get(name).copied().unwrap_or_default();
            let Some(done) = step.done else {
                missing.push(name.clone());
                continue;
            };
            if step.due.is_some_and(|due| done > due) {
                late.push(name.clone());
            }
            if before.is_some_and(|before| done < before) {
                disordered.push(name.clone());
            }
            before = before.max(Some(done));
        }
        if missing.is_empty() && late.is_empty() && disordered.is_empty() {
            return;
        }
        let left = Left::Steps { point: points.name(point), missing, late, disordered };
        let subjects = vec![points.subject(point)];
        clues.push(Clue { finding: Finding::Left(left), subjects, geometry: None });
    });
    Ok(clues)
}
