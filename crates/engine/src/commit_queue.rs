//! Change sets that wait for their turn.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use spatial::{ChangeSet, Commit};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::EngineError;
use crate::check::judged_by;

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

    /// Takes the change sets whose turn it is, oldest first. All of a group are judged against one state: what
    /// is judged by rows that another one of them writes is left for the next.
    pub(crate) fn next_group(&self) -> Vec<Waiting> {
        let mut state = self.state();
        let mut changes = 0;
        let mut written: BTreeSet<&str> = BTreeSet::new();
        let fits = state.waiting.iter().take(GROUP_SETS).take_while(|one| {
            changes += one.set.changes.len();
            let is_judged = judged_by(&one.set).iter().any(|id| written.contains(id));
            written.extend(one.set.changes.iter().map(|change| change.collection.as_str()));
            changes <= GROUP_CHANGES && !is_judged
        });
        let count = fits.count().max(1).min(state.waiting.len());
        state.waiting.drain(..count).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use ledger::place::ADMIN_UNITS;
    use ledger::rows::{POINT_EVENTS, POINTS};
    use spatial::{Change, ChangeOp, CollectionId, Feature, FeatureId, Timestamp};

    use super::*;

    fn set(collections: &[&str]) -> ChangeSet {
        let change = |id: &&str| Change {
            collection: CollectionId::try_from(*id).unwrap(),
            op: ChangeOp::Replace(
                FeatureId::try_from(1).unwrap(),
                Feature { id: None, geometry: None, properties: Vec::new() },
            ),
            unchanged_since: None,
        };
        ChangeSet {
            expect: None,
            actor: "local".to_owned(),
            reason: String::new(),
            recorded_at: Timestamp(0),
            changes: collections.iter().map(change).collect(),
        }
    }

    /// How many sets go together, of sets that write these collections.
    #[track_caller]
    fn check_groups(sets: &[&[&str]], expected: &[usize]) {
        let queue = CommitQueue::default();
        for one in sets {
            queue.push(Waiting { set: set(one), answer: oneshot::channel().0 });
        }
        let mut groups = Vec::new();
        while groups.iter().sum::<usize>() < sets.len() {
            groups.push(queue.next_group().len());
        }
        assert_eq!(groups, expected, "{sets:?}");
    }

    #[test]
    fn what_is_judged_by_what_another_writes_is_left_for_the_next_group() {
        let events: &[&str] = &[POINTS, POINT_EVENTS];
        check_groups(&[&["parcels"], &["parcels"], &["buildings"]], &[3]);
        check_groups(&[events, events, events], &[3]);
        check_groups(&[&[ADMIN_UNITS], &["parcels"], &[ADMIN_UNITS]], &[2, 1]);
        // Units are judged by the points that name them.
        check_groups(&[&[ADMIN_UNITS], events, &["parcels"]], &[3]);
        check_groups(&[events, &[ADMIN_UNITS], &[ADMIN_UNITS]], &[1, 1, 1]);
    }
}
