//! What a point remembers for the indicators: each closing, rebound and supervision.

use spatial::Timestamp;

use super::EventId;

/// One time that a point was closed (销账).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Closing {
    /// The event that closed it.
    pub event: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// The deadline at that time.
    pub deadline: Timestamp,
    /// The spot check that found it never cleared, if one did.
    pub refuted_by: Option<EventId>,
}

impl Closing {
    /// 按期: closed at the deadline or before.
    pub fn is_in_time(&self) -> bool {
        self.at <= self.deadline
    }
}

/// One time that a point came back (反弹).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rebound {
    /// The rebound, or the spot check that found it.
    pub event: EventId,
    /// When it happened.
    pub at: Timestamp,
}

/// One time that somebody above wanted an answer (督办).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Supervision {
    /// The event that asked.
    pub event: EventId,
    /// When it asked.
    pub at: Timestamp,
    /// Until when an answer is wanted.
    pub reply_by: Timestamp,
    /// When the answer came.
    pub replied_at: Option<Timestamp>,
}

impl Supervision {
    /// Whether the answer came after its deadline, or is missing at `at`, which is after it.
    pub fn is_overdue(&self, at: Timestamp) -> bool {
        self.replied_at.unwrap_or(at) > self.reply_by
    }
}
