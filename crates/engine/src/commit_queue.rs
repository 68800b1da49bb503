//! Change sets that wait for their turn.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use spatial::{ChangeSet, Commit};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::EngineError;

/// Most change sets of one group, and most changes of them together beyond the first set.
const GROUP_SETS: usize = 256;
const GROUP_CHANGES: usize = 4096;
/// A commit that takes no longer is not worth waiting for others.
const QUICK: Duration = Duration::from_millis(2);
/// Longest wait for others.
const LONGEST_WAIT: Duration = Duration::from_millis(2);

/// A change set that waits for its turn.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) set: ChangeSet,
    pub(crate) answer: oneshot::Sender<Result<Commit, EngineError>>,
}

/// Those who wait, oldest first.
#[derive(Debug, Default)]
pub(crate) struct CommitQueue {
    state: Mutex<State>,
    came: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Waiting>,
    /// How many change sets were under way when the last group had become durable.
    under_way: usize,
    /// How long that took.
    took: Duration,
}

impl CommitQueue {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, waiting: Waiting) {
        self.state().waiting.push(waiting);
        self.came.notify_one();
    }

    /// Notes that a group of `sets` became durable within `took`.
    pub(crate) fn committed(&self, sets: usize, took: Duration) {
        let mut state = self.state();
        state.under_way = sets + state.waiting.len();
        state.took = took;
    }

    /// Waits a little for clients that were answered just now and will be back with their next
    /// change: where a flush to the disk is slow, all of them in one group do better than two
    /// groups that take turns. Not when fewer are under way, nor when commits are quick.
    pub(crate) async fn gather(&self) {
        let (until, expected) = {
            let state = self.state();
            if state.waiting.is_empty() || state.took < QUICK {
                return;
            }
            (Instant::now() + (state.took / 4).min(LONGEST_WAIT), state.under_way.min(GROUP_SETS))
        };
        while self.state().waiting.len() < expected {
            if timeout_at(until, self.came.notified()).await.is_err() {
                break;
            }
        }
    }

    /// Takes the change sets whose turn it is, oldest first.
    pub(crate) fn next_group(&self) -> Vec<Waiting> {
        let mut state = self.state();
        let mut changes = 0;
        let fits = state.waiting.iter().take(GROUP_SETS).take_while(|one| {
            changes += one.set.changes.len();
            changes <= GROUP_CHANGES
        });
        let count = fits.count().max(1).min(state.waiting.len());
        state.waiting.drain(..count).collect()
    }
}
