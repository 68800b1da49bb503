//! What a person says of a clue (线索核实): that it is so, by a decision, or that it is not, and why.
//! Whoever finds a rebound raises that event at the point instead.

use spatial::Timestamp;
use thiserror::Error;

use super::Kind;
use crate::point::named::named;
use crate::point::{EventId, Role};

/// Longest decision or reason, in characters.
pub const MAX_REVIEW_TEXT: usize = 2_000;

named! {
    /// What somebody found who looked.
    Verdict
    Confirmed "confirmed" "属实" "It is so."
    Dismissed "dismissed" "不属实" "It is not so."
}

/// What somebody said of one clue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Made by the client.
    pub id: EventId,
    /// The clue, as its rule names it.
    pub clue: String,
    /// What was found.
    pub verdict: Verdict,
    /// Number of the decision.
    pub decision: Option<String>,
    /// Why, in words.
    pub reason: Option<String>,
    /// Who says so.
    pub actor: String,
    /// In which role; none of whoever works at the machine.
    pub role: Option<Role>,
    /// The unit of who says so, if it has one.
    pub unit: Option<String>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// Why a review is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReviewRefusal {
    /// Confirmed without a decision.
    #[error("a clue is confirmed by a decision: give its number as decision")]
    NoDecision,
    /// Dismissed without a reason.
    #[error("a clue is dismissed for a reason: give it as reason")]
    NoReason,
    /// A rebound is an event.
    #[error(
        "a rebound is confirmed by the event that `confirm` of the clue names; dismissed clues of the \
         rule are told here"
    )]
    ByEvent,
}

impl ReviewRefusal {
    /// The member of a review that is amiss.
    pub fn member(&self) -> &'static str {
        match self {
            Self::NoDecision => "decision",
            Self::NoReason => "reason",
            Self::ByEvent => "verdict",
        }
    }
}

impl Review {
    /// Whether it says what its verdict needs, for a rule of a kind.
    ///
    /// # Errors
    /// What it lacks.
    pub fn check(&self, kind: &Kind) -> Result<(), ReviewRefusal> {
        match (self.verdict, kind) {
            (Verdict::Confirmed, Kind::Rebound(_)) => Err(ReviewRefusal::ByEvent),
            (Verdict::Confirmed, _) if self.decision.is_none() => Err(ReviewRefusal::NoDecision),
            (Verdict::Dismissed, _) if self.reason.is_none() => Err(ReviewRefusal::NoReason),
            _ => Ok(()),
        }
    }

    /// Whether another one of the same id says the same.
    pub fn says_the_same(&self, other: &Self) -> bool {
        (&self.clue, self.verdict, &self.decision, &self.reason, &self.actor)
            == (&other.clue, other.verdict, &other.decision, &other.reason, &other.actor)
    }
}
