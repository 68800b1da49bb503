//! What waits at a point at a moment.

use spatial::Timestamp;

use super::{Standing, Work, next_patrol};
use crate::point::{EventKind, Lamp, PointId, Role, Rules, follows, moment::DAY_MS};

/// One piece of work that a point waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting<'a> {
    /// The point.
    pub at: Standing<'a>,
    /// The work.
    pub work: Work,
    /// Until when it is to be done: the point's deadline, that of the answer, the end of the
    /// suspension, the day of the patrol. None for a report.
    pub due: Option<Timestamp>,
}

/// Orders work: what is due first, first; what has no date last, oldest first. The id of the point
/// and the work tell apart what is equal.
pub type Urgency = (Timestamp, Timestamp, PointId, Work);

/// What waits at a point at `now`, at most two pieces of work: that of its state, and a reply. A
/// suspended point waits beyond its date, a closed one as soon as the lamp of its next patrol is
/// not green.
pub fn waiting<'a>(
    at: Standing<'a>,
    now: Timestamp,
    rules: &Rules,
) -> impl Iterator<Item = Waiting<'a>> + use<'a> {
    let by_state = Work::of_state(at.state).filter(|_| !at.is_merged).and_then(|work| {
        let due = match work {
            Work::Decide => None,
            Work::Resume => Some(at.suspended_until.filter(|until| now > *until)?),
            Work::Patrol => {
                let due = next_patrol(at.closed_at?, at.checked_at, &rules.patrol_days)?;
                (Lamp::of(due, now, rules) != Lamp::Green).then_some(due)?;
                Some(due)
            }
            _ => at.deadline,
        };
        Some(Waiting { at, work, due })
    });
    let reply = at.reply_by.map(|by| Waiting { at, work: Work::Reply, due: Some(by) });
    by_state.into_iter().chain(reply)
}

impl Waiting<'_> {
    /// How near its date is; none without one.
    pub fn lamp(&self, now: Timestamp, rules: &Rules) -> Option<Lamp> {
        self.due.map(|due| Lamp::of(due, now, rules))
    }

    /// Whole days of 24 hours until its date, rounded down: -1 as soon as it has passed.
    pub fn days_left(&self, now: Timestamp) -> Option<i64> {
        self.due.map(|due| due.0.saturating_sub(now.0).div_euclid(DAY_MS))
    }

    /// Its place among others.
    pub fn urgency(&self) -> Urgency {
        let last = Timestamp(i64::MAX);
        (self.due.unwrap_or(last), self.at.since, self.at.id, self.work)
    }

    /// Whether it waits for one of the units that `is_meant`: that of the point, or the receiver's
    /// where the work is the receiver's too.
    pub fn is_of_unit(&self, is_meant: &dyn Fn(&str) -> bool) -> bool {
        let receiver = self.at.receiver.filter(|_| self.work.is_receivers());
        self.at.unit.is_some_and(is_meant) || receiver.is_some_and(is_meant)
    }

    /// The events that may follow now, in the order of a point's way: in this role, or in any
    /// where none is said. Whoever submitted neither verifies nor closes it, and nobody else
    /// withdraws it.
    pub fn may_raise(&self, role: Option<Role>, actor: &str, rules: &Rules) -> Vec<EventKind> {
        let is_submitter = self.at.submitter == Some(actor);
        let may = |kind: &EventKind| {
            let is_ones_own = match kind {
                EventKind::Withdraw => is_submitter,
                EventKind::TownVerify | EventKind::DistrictClose => !is_submitter,
                EventKind::Reply => self.at.reply_by.is_some(),
                _ => true,
            };
            let may = |role: Role| rules.may_raise(role, *kind);
            let has_role = role.map_or_else(|| Role::ALL.into_iter().any(may), may);
            is_ones_own && has_role && !self.at.is_merged && follows(self.at.state, *kind)
        };
        EventKind::ALL.into_iter().filter(may).collect()
    }
}
