//! What an indicator asks of a point, compact: made of a fold, or of the point's row and the rows of
//! its events. Both ways give equal facts.
//!
//! Facts are those of one moment: whoever asks for an earlier one hands in the facts of that moment,
//! made of the events that were recorded by then.

use std::sync::Arc;

use spatial::Timestamp;

use crate::point::{
    Closing, Event, EventId, EventKind, Finding, Payload, Point, PointId, Quantities, State,
    ToldAnew,
};

/// One stretch in which a point was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Closed {
    /// Since when.
    pub from: Timestamp,
    /// The deadline at that time.
    pub deadline: Timestamp,
    /// When and how it ended, if it did.
    pub ended: Option<(Timestamp, Ending)>,
}

/// How a closing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// A spot check found that it was never cleared: this closing counts nowhere.
    Refuted,
    /// It came back.
    Rebounded,
}

/// What was done at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Done {
    /// When.
    pub at: Timestamp,
    /// What, besides what was done before.
    pub quantities: Quantities,
}

/// What indicators ask of a point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointFacts {
    /// The point.
    pub id: PointId,
    /// The code of the unit at which it counts: here the responsible one; who counts by the place
    /// puts the unit there in whose area the point lies. None, or one that is no unit, is 未落界.
    pub unit: Option<Arc<str>>,
    /// The task that it is counted under.
    pub task: Option<Arc<str>>,
    /// The year that it is counted under.
    pub year: Option<i32>,
    /// Where it stands.
    pub state: State,
    /// When it went on the ledger.
    pub registered_at: Option<Timestamp>,
    /// Until when it is to be done.
    pub deadline: Option<Timestamp>,
    /// What is to be done.
    pub planned: Quantities,
    /// What was done.
    pub actual: Quantities,
    /// Each closing, in order.
    pub closings: Vec<Closed>,
    /// When it came back, each time.
    pub rebounds: Vec<Timestamp>,
    /// Each progress, in order, as it was corrected last.
    pub progress: Vec<Done>,
}

/// What a row of the collection of points tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointRow<'a> {
    /// The point.
    pub id: PointId,
    /// Columns `unit`, or what is below it …
    pub unit: Option<&'a str>,
    /// … `task` …
    pub task: Option<&'a str>,
    /// … `year` …
    pub year: Option<i32>,
    /// … `state` …
    pub state: State,
    /// … `registered_at` …
    pub registered_at: Option<Timestamp>,
    /// … `deadline` …
    pub deadline: Option<Timestamp>,
    /// … `planned_*` …
    pub planned: Quantities,
    /// … and `actual_*`.
    pub actual: Quantities,
}

/// What a row of the collection of events tells an indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Column `kind` …
    pub kind: EventKind,
    /// … `occurred_at` …
    pub occurred_at: Timestamp,
    /// … `due_at`, the deadline that a registration or an extension sets …
    pub due_at: Option<Timestamp>,
    /// … `finding`, of a spot check …
    pub finding: Option<Finding>,
    /// … `id` of a progress, or `to_event` of a correction …
    pub progress: Option<EventId>,
    /// … and the quantities of a progress …
    pub done: Quantities,
    /// … or of a correction.
    pub anew: ToldAnew,
}

impl EventRow {
    /// Whether events of a kind tell an indicator anything; the others need not be read.
    pub fn is_needed(kind: EventKind) -> bool {
        matches!(
            kind,
            EventKind::Register
                | EventKind::Extend
                | EventKind::Progress
                | EventKind::Correct
                | EventKind::DistrictClose
                | EventKind::SpotCheck
                | EventKind::Rebound
        )
    }
}

impl From<&Event> for EventRow {
    fn from(event: &Event) -> Self {
        let (mut due_at, mut finding) = (None, None);
        let (mut progress, mut done, mut anew) = (None, Quantities::default(), ToldAnew::default());
        match &event.payload {
            Payload::Register { deadline, .. } | Payload::Extend { deadline, .. } => {
                due_at = Some(*deadline);
            }
            Payload::SpotCheck { finding: found, .. } => finding = Some(*found),
            Payload::Progress { done: part } => (progress, done) = (Some(event.id), *part),
            Payload::Correct { of, quantities, .. } => (progress, anew) = (Some(*of), *quantities),
            _ => {}
        }
        Self {
            kind: event.kind(),
            occurred_at: event.occurred_at,
            due_at,
            finding,
            progress,
            done,
            anew,
        }
    }
}

impl PointFacts {
    /// The facts of a fold, counted under a year.
    pub fn of(point: &Point, year: Option<i32>) -> Self {
        let mut rebounds = point.rebounds().iter();
        let happened =
            |id| point.events().iter().find(|event| event.id == id).map(|event| event.occurred_at);
        let closed = |closing: &Closing| {
            let ended = match closing.refuted_by {
                Some(by) => happened(by).map(|at| (at, Ending::Refuted)),
                // Each closing that was not refuted ends with the next rebound, if with any.
                None => rebounds.next().map(|rebound| (rebound.at, Ending::Rebounded)),
            };
            Closed { from: closing.at, deadline: closing.deadline, ended }
        };
        let progress = point
            .progress_by_event()
            .filter_map(|(event, quantities)| happened(event).map(|at| Done { at, quantities }));
        Self {
            id: point.id(),
            unit: point.unit().map(Arc::from),
            task: point.task().map(Arc::from),
            year,
            state: point.state(),
            registered_at: point.registered_at(),
            deadline: point.deadline(),
            planned: point.planned(),
            actual: point.actual(),
            closings: point.closings().iter().map(closed).collect(),
            rebounds: point.rebounds().iter().map(|rebound| rebound.at).collect(),
            progress: progress.collect(),
        }
    }

    /// The facts of a row, and of the rows of its events in the order in which they were raised.
    /// Those of a kind that tells nothing may be left out.
    pub fn of_rows(row: &PointRow<'_>, events: impl IntoIterator<Item = EventRow>) -> Self {
        let mut facts = Self {
            id: row.id,
            unit: row.unit.map(Arc::from),
            task: row.task.map(Arc::from),
            year: row.year,
            state: row.state,
            registered_at: row.registered_at,
            deadline: row.deadline,
            planned: row.planned,
            actual: row.actual,
            closings: Vec::new(),
            rebounds: Vec::new(),
            progress: Vec::new(),
        };
        let (mut deadline, mut told) = (None, Vec::new());
        for event in events {
            let at = event.occurred_at;
            match (event.kind, event.finding) {
                (EventKind::Register | EventKind::Extend, _) => {
                    deadline = event.due_at.or(deadline)
                }
                (EventKind::Progress, _) => {
                    told.push(event.progress);
                    facts.progress.push(Done { at, quantities: event.done });
                }
                // One of the registration is in the point's row.
                (EventKind::Correct, _) => {
                    if let Some(at) = told.iter().position(|progress| *progress == event.progress) {
                        let told = &mut facts.progress[at].quantities;
                        *told = event.anew.over(*told);
                    }
                }
                (EventKind::DistrictClose, _) => {
                    let deadline = deadline.unwrap_or(at);
                    facts.closings.push(Closed { from: at, deadline, ended: None });
                }
                (EventKind::SpotCheck, Some(Finding::NeverCleared)) => {
                    facts.end_closing(at, Ending::Refuted);
                }
                (EventKind::Rebound, _) | (EventKind::SpotCheck, Some(Finding::Reappeared)) => {
                    facts.end_closing(at, Ending::Rebounded);
                    facts.rebounds.push(at);
                }
                _ => {}
            }
        }
        facts
    }

    fn end_closing(&mut self, at: Timestamp, ending: Ending) {
        if let Some(last) = self.closings.last_mut() {
            last.ended = Some((at, ending));
        }
    }

    /// Whether it counts as a point of the ledger: registered at some time and not void.
    pub fn is_counted(&self) -> bool {
        self.registered_at.is_some() && self.state != State::Void
    }

    /// The closing that lasts, while it is closed.
    pub fn closing(&self) -> Option<&Closed> {
        self.closings.last().filter(|_| self.state == State::Closed)
    }

    /// Whether it was closed at a moment, as far as is known now.
    pub fn was_closed_at(&self, at: Timestamp) -> bool {
        self.closings.iter().any(|closed| match closed.ended {
            Some((_, Ending::Refuted)) => false,
            Some((ended, Ending::Rebounded)) => closed.from < at && at <= ended,
            None => closed.from < at,
        })
    }
}
