//! What a read may cost, counted while it runs.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use thiserror::Error;

/// Limits of one read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    /// Features looked at one by one; what is taken unseen, a subtree at a time, is free.
    pub candidates: u64,
    /// Vertices of them that exact tests walk.
    pub vertices: u64,
}

impl Costs {
    /// No limit.
    pub const UNBOUNDED: Self = Self { candidates: u64::MAX, vertices: u64::MAX };
}

impl Default for Costs {
    fn default() -> Self {
        Self { candidates: 2_000_000, vertices: 100_000_000 }
    }
}

/// A read went beyond what it may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OverBudget {
    /// Its time is up.
    #[error("the query took longer than it may; ask for a smaller area or fewer collections")]
    Time,
    /// Too many features had to be looked at.
    #[error("the query looks at more than {limit} features one by one; narrow it")]
    Candidates {
        /// How many may be looked at.
        limit: u64,
    },
    /// Exact tests walk too many vertices.
    #[error("the query tests more than {limit} vertices; simplify its geometry or narrow it")]
    Vertices {
        /// How many may be walked.
        limit: u64,
    },
}

/// Limits, and what is spent of them; shared by the threads of one read.
///
/// This crate reads no clock: whoever makes a budget says when time is up.
pub struct Budget<'a> {
    costs: Costs,
    expired: &'a (dyn Fn() -> bool + Sync),
    candidates: AtomicU64,
    vertices: AtomicU64,
}

impl fmt::Debug for Budget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget").field("costs", &self.costs).finish_non_exhaustive()
    }
}

impl<'a> Budget<'a> {
    /// A budget of which nothing is spent; `expired` answers whether time is up, and is asked
    /// once a few hundred features.
    pub fn new(costs: Costs, expired: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self { costs, expired, candidates: AtomicU64::new(0), vertices: AtomicU64::new(0) }
    }

    /// A budget that nothing exceeds.
    pub fn unbounded() -> Self {
        Self::new(Costs::UNBOUNDED, &|| false)
    }

    /// Counts `features` looked at and `vertices` walked, and looks at the time. Call it once a
    /// node or chunk, not once a vertex.
    pub fn spend(&self, features: u64, vertices: u64) -> Result<(), OverBudget> {
        let Costs { candidates: most_candidates, vertices: most_vertices } = self.costs;
        let seen = self.candidates.fetch_add(features, Ordering::Relaxed);
        if seen.saturating_add(features) > most_candidates {
            return Err(OverBudget::Candidates { limit: most_candidates });
        }
        let walked = self.vertices.fetch_add(vertices, Ordering::Relaxed);
        if walked.saturating_add(vertices) > most_vertices {
            return Err(OverBudget::Vertices { limit: most_vertices });
        }
        if (self.expired)() { Err(OverBudget::Time) } else { Ok(()) }
    }

    /// Features looked at so far.
    pub fn candidates(&self) -> u64 {
        self.candidates.load(Ordering::Relaxed)
    }

    /// Vertices walked so far.
    pub fn vertices(&self) -> u64 {
        self.vertices.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_adds_up_to_the_limit() {
        let costs = Costs { candidates: 10, vertices: 100 };
        let budget = Budget::new(costs, &|| false);
        assert_eq!(budget.spend(10, 60), Ok(()));
        assert_eq!(budget.spend(0, 41), Err(OverBudget::Vertices { limit: 100 }));
        assert_eq!(budget.spend(1, 0), Err(OverBudget::Candidates { limit: 10 }));
        assert_eq!(Budget::new(costs, &|| true).spend(1, 1), Err(OverBudget::Time));
        assert_eq!(Budget::unbounded().spend(u64::MAX, u64::MAX), Ok(()));
    }
}
