//! Patrols (巡查): which parts of which alleys a track covers, and what of that counts.
//!
//! Positions are metres east and north in a [`Plane`]; lengths and places along an alley are metres.
//!
//! *Invariants:* a position belongs to one alley at most; what is covered of an alley is a union of
//! intervals, so that nothing counts twice; between two positions an alley is covered only where they
//! are near in time and place.

mod alley_line;
mod intervals;
#[cfg(test)]
mod patrol_tests;
mod plane;
mod snap;

pub use alley_line::{AlleyLine, OnAlley};
pub use intervals::Intervals;
pub use plane::Plane;
pub use snap::{Covered, Fix, Near, covered};

/// What a city sets for patrols.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PatrolRules {
    /// How far from an alley a position may be that belongs to it, metres; a position that is less
    /// accurate may be as far off as it says.
    pub tolerance_m: f64,
    /// What is less accurate than so many metres says nothing.
    pub worst_accuracy_m: f64,
    /// Between two positions of an alley that are at most so many metres apart …
    pub gap_m: f64,
    /// … and at most so many seconds, it is covered.
    pub gap_seconds: u32,
}

impl Default for PatrolRules {
    fn default() -> Self {
        Self { tolerance_m: 20.0, worst_accuracy_m: 100.0, gap_m: 150.0, gap_seconds: 180 }
    }
}

impl PatrolRules {
    /// How far from an alley a position of that accuracy may be; none when it says nothing.
    pub fn reach(&self, accuracy_m: Option<f64>) -> Option<f64> {
        let accuracy = accuracy_m.unwrap_or(0.0);
        (accuracy <= self.worst_accuracy_m).then(|| self.tolerance_m.max(accuracy))
    }
}
