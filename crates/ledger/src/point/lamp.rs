//! Deadlines as lamps.

use spatial::Timestamp;

use super::{Point, Rules, moment::DAY_MS};

/// How near the deadline of an open point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lamp {
    /// 绿灯: more than `yellow_days` left.
    Green,
    /// 黄灯: at most `yellow_days` left, to the deadline itself.
    Yellow,
    /// 红灯: overdue.
    Red,
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
        let left_ms = deadline.0.saturating_sub(at.0);
        Some(match left_ms {
            ..0 => Lamp::Red,
            _ if left_ms <= i64::from(rules.yellow_days) * DAY_MS => Lamp::Yellow,
            _ => Lamp::Green,
        })
    }
}
