//! Letting past states go that ended long ago.

use spatial::{CollectionId, FeatureId, Revision, Timestamp};

use super::State;
use crate::{HistoryStart, StoreError};

impl State {
    /// Lets at most `most` states go that ended before `moment`; whether more may be there.
    pub(super) fn drop_history(&mut self, moment: Timestamp, most: usize) -> bool {
        let mut old: Vec<(Revision, Timestamp, (CollectionId, FeatureId))> = Vec::new();
        for (key, versions) in &self.history {
            let ended = versions.iter().filter(|version| version.recorded_at < moment);
            old.extend(ended.map(|version| (version.until, version.recorded_at, key.clone())));
        }
        old.sort();
        old.truncate(most);
        for (until, recorded_at, key) in &old {
            if let Some(versions) = self.history.get_mut(key) {
                if let Some(first) = versions.first() {
                    self.arrived.entry(key.clone()).or_insert(first.from);
                }
                versions.retain(|version| version.until != *until);
                if versions.is_empty() {
                    self.history.remove(key);
                    self.sealed.retain(|(of, id, _)| (of, id) != (&key.0, &key.1));
                }
            }
            self.start = Some(HistoryStart { revision: *until, recorded_at: *recorded_at });
        }
        old.len() == most
    }

    /// Refuses a revision whose state is not whole any more.
    pub(super) fn check_whole(&self, revision: Revision) -> Result<(), StoreError> {
        match self.start {
            Some(start) if revision < start.revision => {
                let (whole_from, since) = (start.revision, start.recorded_at);
                Err(StoreError::HistoryDropped { whole_from, since })
            }
            _ => Ok(()),
        }
    }
}
