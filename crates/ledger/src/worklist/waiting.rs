//! What waits at a moment, at a point or in a record.

use spatial::{FeatureId, Timestamp};

use super::{Standing, Work, next_patrol};
use crate::place::split_names;
use crate::point::{Lamp, PointId, Rules, moment::DAY_MS, named::named};

named! {
    /// How a piece of work is a unit's.
    Part
    Lead "lead" "主办" "It waits for the unit."
    Assist "assist" "协办" "It waits for another one, whom the unit helps."
}

/// What waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A point.
    Point(PointId),
    /// A row of the collection whose records wait for the work.
    Record(FeatureId),
}

/// One piece of work that a point or a record waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting<'a> {
    /// What waits.
    pub subject: Subject,
    /// The work.
    pub work: Work,
    /// Since when; none of a record that does not say.
    pub since: Option<Timestamp>,
    /// Until when it is to be done: the point's deadline, that of the answer, the end of the
    /// suspension, the day of the patrol; the date of the record, or the end of the hours that it may
    /// take. None for a report, and for records without either.
    pub due: Option<Timestamp>,
    /// The units that it waits for: that of the point, and the receiver's where the work is the
    /// receiver's too; those that the record names.
    pub units: [Option<&'a str>; 2],
    /// Those who help with it, in one text: the co-units of the point, where the work is the receiver's.
    pub co_units: Option<&'a str>,
    /// The person who answers for the point; none of a record.
    pub person: Option<&'a str>,
    /// The code of the point's task; none of a record.
    pub task: Option<&'a str>,
}

/// Orders work: what is due first, first; what has no date last, oldest first. What waits and the
/// work tell apart what is equal.
pub type Urgency = (Timestamp, Timestamp, Subject, Work);

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
        Some((work, due))
    });
    let reply = at.reply_by.map(|by| (Work::Reply, Some(by)));
    by_state.into_iter().chain(reply).map(move |(work, due)| Waiting {
        subject: Subject::Point(at.id),
        work,
        since: Some(at.since),
        due,
        units: [at.unit, at.receiver.filter(|_| work.is_receivers())],
        co_units: at.co_units.filter(|_| work.is_receivers()),
        person: at.person,
        task: at.task,
    })
}

/// Whole days of 24 hours until a date, rounded down: -1 as soon as it has passed.
pub fn days_left(due: Timestamp, now: Timestamp) -> i64 {
    due.0.saturating_sub(now.0).div_euclid(DAY_MS)
}

impl Waiting<'_> {
    /// How near its date is; none without one.
    pub fn lamp(&self, now: Timestamp, rules: &Rules) -> Option<Lamp> {
        self.due.map(|due| Lamp::of(due, now, rules))
    }

    /// Its place among others.
    pub fn urgency(&self) -> Urgency {
        let last = Timestamp(i64::MAX);
        (self.due.unwrap_or(last), self.since.unwrap_or(last), self.subject, self.work)
    }

    /// How it is work of the units that `is_meant`; none where it is not theirs.
    pub fn part_of(&self, is_meant: &dyn Fn(&str) -> bool) -> Option<Part> {
        let mut helpers = self.co_units.into_iter().flat_map(split_names);
        match self.units.into_iter().flatten().any(is_meant) {
            true => Some(Part::Lead),
            false => helpers.any(is_meant).then_some(Part::Assist),
        }
    }
}
