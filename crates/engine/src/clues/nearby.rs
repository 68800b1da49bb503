//! What lies near closed points: new reports of their task (疑似反弹), and complaints.

use ::ledger::State;
use ::ledger::clue::{ComplaintNearClosed, Finding, Rebound};
use ::ledger::place::Day;
use spatial::{FeatureRef, Timestamp, ValueRef};

use super::Clue;
use super::ground::Ruler;
use super::source::{Ask, Side, Source, is_among, moment, number, text};
use crate::EngineError;

/// Worst accuracy of a position that still widens a search, in metres; beyond it a position says
/// too little to suspect anybody.
const MAX_ACCURACY_M: f64 = 200.0;

/// Columns of the ledger's points.
struct Points {
    task: usize,
    state: usize,
    state_since: usize,
    registered_at: usize,
    closed_at: usize,
}

impl Points {
    fn of(source: Source<'_>) -> Result<Self, EngineError> {
        Ok(Self {
            task: source.field("task")?,
            state: source.field("state")?,
            state_since: source.field("state_since")?,
            registered_at: source.field("registered_at")?,
            closed_at: source.field("closed_at")?,
        })
    }

    fn state(&self, feature: FeatureRef<'_>) -> Option<State> {
        State::from_identifier(&text(feature, self.state)?)
    }

    fn is_closed(&self, feature: FeatureRef<'_>) -> bool {
        let closed = State::Closed.identifier();
        matches!(feature.value(self.state), ValueRef::Text(text) if text.trim() == closed)
    }

    /// When a point that is closed was closed.
    fn closed(&self, feature: FeatureRef<'_>) -> Option<Timestamp> {
        self.is_closed(feature).then(|| moment(feature, self.closed_at)).flatten()
    }

    /// When a point that is open and was never closed came up.
    fn came_up(&self, feature: FeatureRef<'_>) -> Option<Timestamp> {
        match self.state(feature)? {
            State::Reported => moment(feature, self.state_since),
            state if state.is_open() && text(feature, self.closed_at).is_none() => {
                moment(feature, self.registered_at)
            }
            _ => None,
        }
    }
}

/// New points near closed ones of their task; one that has no task yet may be of any.
pub(super) fn rebound(ask: &Ask<'_>, rule: &Rebound) -> Result<Vec<Clue>, EngineError> {
    let source = ask.source(&rule.points)?;
    let points = Points::of(source)?;
    let accuracy = rule.accuracy.as_deref().and_then(|name| source.field(name).ok());
    let accuracy_of = |feature: FeatureRef<'_>| {
        let metres = accuracy.and_then(|field| number(feature, field)).unwrap_or(0.0);
        metres.clamp(0.0, MAX_ACCURACY_M)
    };
    let mut reach = rule.metres;
    if accuracy.is_some() {
        source.each(&mut |feature| reach = reach.max(accuracy_of(feature)));
    }
    let asked = ask.asked(source)?;
    let is_new = |f: FeatureRef<'_>| is_among(asked.as_ref(), f) && points.came_up(f).is_some();
    let is_closed = |feature: FeatureRef<'_>| points.closed(feature).is_some();
    let ruler = Ruler::of(ask, source, source)?;
    let (new, closed) = (Side::kept(source, &is_new), Side::kept(source, &is_closed));
    ask.map_pairs(new, closed, ruler.around(reach), &|new, closed| {
        let (came_up, closed_at) = (points.came_up(new)?, points.closed(closed)?);
        let task = text(new, points.task);
        let is_of_task = task.is_none() || task == text(closed, points.task);
        let by = accuracy_of(new).max(accuracy_of(closed));
        let within_m = rule.metres.max(by);
        let distance_m = ruler.metres(new, closed)?;
        if came_up <= closed_at || !is_of_task || distance_m > within_m {
            return None;
        }
        let finding = Finding::Rebound {
            reported: source.name(new),
            closed: source.name(closed),
            task,
            distance_m,
            within_m,
            by_accuracy: by > rule.metres,
            days_since_closed: Day::of(came_up).days_since(Day::of(closed_at)),
        };
        let subjects = vec![source.subject(new), source.subject(closed)];
        Some(Clue { finding, subjects, geometry: None })
    })
}

/// Complaints near points within days of their closing.
pub(super) fn complaints(
    ask: &Ask<'_>,
    rule: &ComplaintNearClosed,
) -> Result<Vec<Clue>, EngineError> {
    let (complaints, held) = (ask.source(&rule.complaints)?, ask.source(&rule.points)?);
    let points = Points::of(held)?;
    let occurred = complaints.field(&rule.occurred)?;
    let asked = ask.asked(complaints)?;
    let is_closed = |feature: FeatureRef<'_>| points.is_closed(feature);
    let ruler = Ruler::of(ask, complaints, held)?;
    let asked = Side::from(complaints).among(asked.as_ref());
    let closed = Side::kept(held, &is_closed);
    ask.map_pairs(asked, closed, ruler.around(rule.metres), &|complaint, point| {
        let day = Day::of(moment(complaint, occurred)?);
        let days = day.days_since(Day::of(points.closed(point)?));
        if !(0..=i64::from(rule.days)).contains(&days) {
            return None;
        }
        let distance_m = ruler.metres(complaint, point)?;
        if distance_m > rule.metres {
            return None;
        }
        let finding = Finding::Complaint {
            complaint: complaints.name(complaint),
            point: held.name(point),
            distance_m,
            within_m: rule.metres,
            days_since_closed: days,
            within_days: rule.days,
        };
        let subjects = vec![complaints.subject(complaint), held.subject(point)];
        Some(Clue { finding, subjects, geometry: None })
    })
}
