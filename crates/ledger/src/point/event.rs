//! One thing that happened to a point.

use spatial::Timestamp;

use super::{
    EventId, EventKind, Payload, Role, Rules,
    moment::{HOUR_MS, later},
};

/// Something that happened to a point, as the client tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Made by the client, so that a lost answer may be asked for again.
    pub id: EventId,
    /// What happened.
    pub payload: Payload,
    /// Who raised it: the authenticated principal.
    pub actor: String,
    /// In which role.
    pub role: Role,
    /// When it happened, by the clock of the device. Deadlines go by this one.
    pub occurred_at: Timestamp,
    /// When the server heard of it.
    pub recorded_at: Timestamp,
    /// 补录: history brought in afterwards. It may be out of order and is never late.
    pub backfilled: bool,
}

impl Event {
    /// The kind of what happened.
    pub fn kind(&self) -> EventKind {
        self.payload.kind()
    }

    /// Whether the client tells the same: all is equal but the server's clock, which differs when
    /// an event is sent again.
    pub fn same_content(&self, other: &Self) -> bool {
        self.id == other.id
            && self.payload == other.payload
            && self.actor == other.actor
            && self.role == other.role
            && self.occurred_at == other.occurred_at
            && self.backfilled == other.backfilled
    }

    /// Whether the server heard of it more than `late_hours` after it happened.
    pub fn is_late(&self, rules: &Rules) -> bool {
        let limit = later(self.occurred_at, i64::from(rules.late_hours) * HOUR_MS);
        !self.backfilled && self.recorded_at > limit
    }
}
