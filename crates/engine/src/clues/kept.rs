//! What rules found lately and does not stand on one page, so that the next page need not look for it again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use spatial::Snapshot;

use super::{Clue, CluesQuery, UnitShare};

/// Most answers that are kept.
const MAX_KEPT_ANSWERS: usize = 8;
/// Most clues of all of them together: some 60 MB.
const MAX_KEPT_CLUES: usize = 100_000;

/// Everything that a rule found.
#[derive(Debug)]
pub(super) struct All {
    /// In their order.
    pub(super) clues: Vec<Clue>,
    pub(super) shares: Vec<UnitShare>,
}

/// Answers of several pages, the latest last.
#[derive(Debug, Default)]
pub(crate) struct KeptClues(Mutex<Vec<Kept>>);

#[derive(Debug)]
struct Kept {
    /// Holds the place in memory, so that no later state has the same address.
    state: Weak<Snapshot>,
    query: CluesQuery,
    all: Arc<All>,
}

impl KeptClues {
    /// What this very state answers to a query, whatever page is asked for.
    pub(super) fn find(&self, state: &Arc<Snapshot>, query: &CluesQuery) -> Option<Arc<All>> {
        let kept = self.kept();
        let found = kept.iter().find(|one| {
            std::ptr::eq(one.state.as_ptr(), Arc::as_ptr(state)) && one.query.asks_as(query)
        });
        found.map(|one| Arc::clone(&one.all))
    }

    /// Keeps what was found, unless it is too much.
    pub(super) fn keep(&self, state: &Arc<Snapshot>, query: &CluesQuery, all: &Arc<All>) {
        if all.clues.len() > MAX_KEPT_CLUES {
            return;
        }
        let mut kept = self.kept();
        kept.retain(|one| one.state.strong_count() > 0);
        kept.push(Kept {
            state: Arc::downgrade(state),
            query: query.clone(),
            all: Arc::clone(all),
        });
        let clues = |kept: &[Kept]| kept.iter().map(|one| one.all.clues.len()).sum::<usize>();
        while kept.len() > MAX_KEPT_ANSWERS || clues(&kept) > MAX_KEPT_CLUES {
            kept.remove(0);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CluesQuery {
    /// Whether another query asks the same, but for the page.
    fn asks_as(&self, other: &Self) -> bool {
        let Self { rule, place, unit, key, id, as_of, today, catalogue, profile, .. } = self;
        (place, unit, key, id) == (&other.place, &other.unit, &other.key, &other.id)
            && (as_of, today, profile) == (&other.as_of, &other.today, &other.profile)
            && Arc::ptr_eq(catalogue, &other.catalogue)
            && *rule == other.rule
    }
}
