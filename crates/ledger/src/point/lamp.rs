//! Deadlines as lamps.

use spatial::Timestamp;

use super::{Point, Rules, moment::DAY_MS, named::named};

named! {
    /// How near the deadline of an open point is.
    Lamp
    Green "green" "绿灯" "More than `yellow_days` left."
    Yellow "yellow" "黄灯" "At most `yellow_days` left, to the deadline itself."
    Red "red" "红灯" "Overdue."
}

impl Lamp {
    /// The lamp of a deadline at a moment.
    pub fn of(deadline: Timestamp, at: Timestamp, rules: &Rules) -> Self {
        let left_ms = deadline.0.saturating_sub(at.0);
        match left_ms {
            ..0 => Self::Red,
            _ if left_ms <= i64::from(rules.yellow_days) * DAY_MS => Self::Yellow,
            _ => Self::Green,
        }
    }
}

impl Point {
    /// Whether the point is open at its last event and its deadline lies before `at`. At the
    /// deadline itself it is not overdue.
    pub fn is_overdue(&self, at: Timestamp) -> bool {
        self.is_open() && self.deadline().is_some_and(|deadline| at > deadline)
    }

    /// The lamp at a moment; none for a point that is not open.
    pub fn lamp(&self, at: Timestamp, rules: &Rules) -> Option<Lamp> {
        let deadline = self.deadline().filter(|_| self.is_open())?;
        Some(Lamp::of(deadline, at, rules))
    }
}
