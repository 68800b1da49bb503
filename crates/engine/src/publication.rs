//! What a new state brought: told to whoever subscribes, once readers see it.

use std::sync::Arc;

use spatial::{ChangeSet, Commit, Snapshot};
use store::ChangeRecord;
use tokio::sync::broadcast;

use crate::Engine;

/// Publications that wait for a slow subscriber; it misses the oldest beyond them and is told so.
pub(crate) const WAITING: usize = 256;

/// One swap of the current state. It may hold several commits that became durable together.
#[derive(Clone, Debug)]
pub struct Publication {
    /// What readers saw until now.
    pub before: Arc<Snapshot>,
    /// What they see from now on.
    pub after: Arc<Snapshot>,
    /// The rows of the change log between the two, oldest first. None where only a description
    /// changed, or a collection was renamed or removed.
    pub records: Vec<ChangeRecord>,
}

impl Engine {
    /// Every state published from now on. A receiver that lags more than 256 publications
    /// behind gets `Lagged` and goes on from the change log of the store.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Publication>> {
        self.0.publications.subscribe()
    }

    /// Makes `after` the current state, then tells the subscribers.
    pub(crate) fn publish(&self, after: Arc<Snapshot>, records: Vec<ChangeRecord>) {
        let before = self.0.current.swap(Arc::clone(&after));
        self.forget_seen();
        self.0.grids.sweep();
        self.follow_ledger(&before, &after, &records);
        // Nobody may be listening.
        let _ = self.0.publications.send(Arc::new(Publication { before, after, records }));
    }
}

/// The rows of the change log that `commit` wrote.
pub(crate) fn records_of(changes: &ChangeSet, commit: &Commit) -> Vec<ChangeRecord> {
    let record = |change: &spatial::CommittedChange| ChangeRecord {
        revision: commit.revision,
        collection: change.collection.clone(),
        operation: change.operation,
        id: Some(change.id),
        before: change.before,
        after: change.after,
        actor: changes.actor.clone(),
        reason: changes.reason.clone(),
        recorded_at: commit.recorded_at,
    };
    commit.changes.iter().map(record).collect()
}
