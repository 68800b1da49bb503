//! Where a point stands, as far as work lists ask.

use spatial::{Timestamp, ValueRef};

use crate::place::counted_at;
use crate::point::{EventKind, Point, PointId, Role, Rules, State, follows, moment};

/// The columns of `points` that [`Standing::read`] asks for; the last four may be missing.
pub const COLUMNS: [&str; 18] = [
    "id",
    "state",
    "state_since",
    "deadline",
    "suspended_until",
    "closed_at",
    "checked_at",
    "reply_by",
    "unit",
    "receiver",
    "person",
    "submitted_by",
    "merged_into",
    "task",
    "co_units",
    "town",
    "village",
    "courtyard",
];

/// Where a point stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing<'a> {
    /// The point.
    pub id: PointId,
    /// Its state.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// Until when it is to be done.
    pub deadline: Option<Timestamp>,
    /// Until when work rests.
    pub suspended_until: Option<Timestamp>,
    /// When it was closed, while it is.
    pub closed_at: Option<Timestamp>,
    /// When the last spot check left it closed, while it is.
    pub checked_at: Option<Timestamp>,
    /// The first deadline of an answer that it owes.
    pub reply_by: Option<Timestamp>,
    /// The unit that is responsible.
    pub unit: Option<&'a str>,
    /// Who has it to do.
    pub receiver: Option<&'a str>,
    /// The person who is responsible.
    pub person: Option<&'a str>,
    /// Who submitted it last.
    pub submitter: Option<&'a str>,
    /// Whether another point stands for it.
    pub is_merged: bool,
    /// The code of its task.
    pub task: Option<&'a str>,
    /// Those who help whoever has it to do (协办单位), parted as other names are; no event says so.
    pub co_units: Option<&'a str>,
}

impl<'a> Standing<'a> {
    /// As the events of a point say.
    pub fn of(point: &'a Point) -> Self {
        Self {
            id: point.id(),
            state: point.state(),
            since: point.state_since(),
            deadline: point.deadline(),
            suspended_until: point.suspended_until(),
            closed_at: point.closed_at(),
            checked_at: point.checked_at(),
            reply_by: point.reply_by(),
            unit: point.unit(),
            receiver: point.receiver(),
            person: point.person(),
            submitter: point.submitter(),
            is_merged: point.merged_into().is_some(),
            task: point.task(),
            co_units: None,
        }
    }

    /// As a row of `points` says, by its values of [`COLUMNS`]; none of a row that is no point's.
    pub fn read(values: [ValueRef<'a>; COLUMNS.len()]) -> Option<Self> {
        let text = |value| match value {
            ValueRef::Text(text) => Some(text),
            _ => None,
        };
        let time = |value| text(value).and_then(moment::read);
        let [id, state, since, deadline, suspended_until, closed_at, checked_at, ..] = values;
        let [.., reply_by, unit, receiver, person, submitter, merged_into, task, co_units, _, _, _] =
            values;
        let [.., town, village, courtyard] = values;
        Some(Self {
            id: PointId::try_from(text(id)?).ok()?,
            state: State::from_identifier(text(state)?)?,
            since: time(since)?,
            deadline: time(deadline),
            suspended_until: time(suspended_until),
            closed_at: time(closed_at),
            checked_at: time(checked_at),
            reply_by: time(reply_by),
            unit: counted_at(text(unit), [town, village, courtyard].map(text)),
            receiver: text(receiver),
            person: text(person),
            submitter: text(submitter),
            is_merged: text(merged_into).is_some(),
            task: text(task),
            co_units: text(co_units),
        })
    }

    /// The events that may follow now, in the order of a point's way: in this role, or in any
    /// where none is said. Whoever submitted neither verifies nor closes it, and nobody else
    /// withdraws it.
    pub fn may_raise(&self, role: Option<Role>, actor: &str, rules: &Rules) -> Vec<EventKind> {
        let is_submitter = self.submitter == Some(actor);
        let may = |kind: &EventKind| {
            let is_ones_own = match kind {
                EventKind::Withdraw => is_submitter,
                EventKind::TownVerify | EventKind::DistrictClose => !is_submitter,
                EventKind::Reply => self.reply_by.is_some(),
                _ => true,
            };
            let raisers = rules.raisers.get(kind);
            let has_role = raisers.is_some_and(|raisers| match role {
                Some(role) => raisers.contains(&role),
                None => !raisers.is_empty(),
            });
            is_ones_own && has_role && !self.is_merged && follows(self.state, *kind)
        };
        EventKind::ALL.into_iter().filter(may).collect()
    }
}
