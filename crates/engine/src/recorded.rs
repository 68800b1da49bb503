//! When states were recorded, and which state held at a time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use spatial::{Revision, Timestamp};

use crate::{Engine, EngineError};

/// Times that are kept; few revisions are asked for again and again.
const MOST: usize = 4096;

/// Times of revisions, as far as they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Recorded(Mutex<BTreeMap<Revision, Timestamp>>);

impl Recorded {
    fn find(&self, revision: Revision) -> Option<Timestamp> {
        let times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        times.get(&revision).copied()
    }

    fn keep(&self, revision: Revision, time: Timestamp) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if times.len() >= MOST {
            times.clear();
        }
        times.insert(revision, time);
    }
}

impl Engine {
    /// When `revision` was recorded, or where it changed no feature, the first change after it;
    /// `None` when the store cannot tell.
    pub async fn recorded_at(&self, revision: Revision) -> Result<Option<Timestamp>, EngineError> {
        if revision == Revision(0) {
            return Ok(None);
        }
        if let Some(time) = self.recorded().find(revision) {
            return Ok(Some(time));
        }
        let time = match self.first_change_after(Revision(revision.0 - 1)).await? {
            Some((_, time)) => Some(time),
            None => self.snapshot().recorded_at,
        };
        if let Some(time) = time {
            self.recorded().keep(revision, time);
        }
        Ok(time)
    }

    /// The newest revision that was recorded at `moment` or before; 0 when none was.
    pub async fn revision_at(&self, moment: Timestamp) -> Result<Revision, EngineError> {
        Ok(self.store().revision_at(moment).await?)
    }

    async fn first_change_after(
        &self,
        revision: Revision,
    ) -> Result<Option<(Revision, Timestamp)>, EngineError> {
        let records = self.store().changes(revision, 1).await?;
        Ok(records.first().map(|first| (first.revision, first.recorded_at)))
    }
}
