//! When states were recorded, and which state held at a time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use spatial::{Revision, Timestamp};

use crate::{Engine, EngineError};

/// Most that is kept of either; few are asked for again and again.
const MOST: usize = 4096;

/// Times of revisions and revisions of times, as far as they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    times: Known<Revision, Timestamp>,
    /// Of times before the last change alone: later ones are not over.
    revisions: Known<Timestamp, Revision>,
}

/// What was found out and never changes.
#[derive(Debug)]
struct Known<K, V>(Mutex<BTreeMap<K, V>>);

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord, V: Copy> Known<K, V> {
    fn find(&self, key: K) -> Option<V> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&key).copied()
    }

    fn keep(&self, key: K, value: V) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, value);
    }
}

impl Engine {
    /// When `revision` was recorded, or where it changed no feature, the first change after it;
    /// `None` when the store cannot tell.
    pub async fn recorded_at(&self, revision: Revision) -> Result<Option<Timestamp>, EngineError> {
        if revision == Revision(0) {
            return Ok(None);
        }
        if let Some(time) = self.recorded().times.find(revision) {
            return Ok(Some(time));
        }
        let time = match self.first_change_after(Revision(revision.0 - 1)).await? {
            Some((_, time)) => Some(time),
            None => self.snapshot().recorded_at,
        };
        if let Some(time) = time {
            self.recorded().times.keep(revision, time);
        }
        Ok(time)
    }

    /// The newest revision that was recorded at `moment` or before; 0 when none was.
    pub async fn revision_at(&self, moment: Timestamp) -> Result<Revision, EngineError> {
        if let Some(revision) = self.recorded().revisions.find(moment) {
            return Ok(revision);
        }
        let is_over = self.current().recorded_at.is_some_and(|recorded| moment < recorded);
        let revision = self.store().revision_at(moment).await?;
        if is_over {
            self.recorded().revisions.keep(moment, revision);
        }
        Ok(revision)
    }

    async fn first_change_after(
        &self,
        revision: Revision,
    ) -> Result<Option<(Revision, Timestamp)>, EngineError> {
        let records = self.store().changes(revision, 1).await?;
        Ok(records.first().map(|first| (first.revision, first.recorded_at)))
    }
}
