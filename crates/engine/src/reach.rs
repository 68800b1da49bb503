//! Waiting until readers see a state.

use std::sync::Arc;

use spatial::{Revision, Snapshot};
use tokio::sync::broadcast::error::RecvError;

use crate::Engine;

impl Engine {
    /// The first state seen at `revision` or later; waits for it however long that takes.
    pub async fn reach(&self, revision: Revision) -> Arc<Snapshot> {
        // Subscribed first: a state published from here on is not missed.
        let mut news = self.subscribe();
        loop {
            let snapshot = self.snapshot();
            if snapshot.revision >= revision {
                return snapshot;
            }
            // One that lags looks at the state anew. The sender lives as long as the engine.
            if let Err(RecvError::Closed) = news.recv().await {
                std::future::pending::<()>().await;
            }
        }
    }
}
