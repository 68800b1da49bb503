//! The change log in pages of whole commits, for whoever asks instead of listening.

use std::collections::BTreeSet;
use std::sync::Arc;

use spatial::{CollectionId, Revision};
use store::ChangeRecord;

use super::place::{ChangeBoxes, Placer};
use super::{LOG_ROWS, PlacedRecord};
use crate::{Engine, EngineError};

/// Most changes of a page, unless one commit has more.
pub const MAX_CHANGES: usize = 10_000;
/// Rows of the change log that one page looks at before it says how far it came.
const MAX_LOOKED: usize = 50_000;

/// The same where each row is judged by an area.
const MAX_JUDGED: usize = 5_000;

/// Which changes.
#[derive(Clone, Debug)]
pub struct ChangesQuery {
    /// Those of commits after this one.
    pub since: Revision,
    /// Of these collections; of all when there is no list.
    pub collections: Option<BTreeSet<CollectionId>>,
    /// Those that touch one of these boxes, or have no place.
    pub boxes: Option<ChangeBoxes>,
    /// Most changes; a commit is never parted, so that its changes may be more.
    pub limit: usize,
}

/// A page of changes.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangesPage {
    /// The changes, oldest first.
    pub changes: Vec<PlacedRecord>,
    /// Every commit up to here has been looked at: where the next page begins.
    pub next: Revision,
    /// The newest state that readers see.
    pub revision: Revision,
}

impl ChangesQuery {
    fn asks_for(&self, placed: &PlacedRecord) -> bool {
        let named = |named: &BTreeSet<_>| named.contains(&placed.record.collection);
        self.collections.as_ref().is_none_or(named)
            && self.boxes.as_ref().is_none_or(|boxes| boxes.hold(placed))
    }
}

impl Engine {
    /// The changes of the commits after `query.since`, in whole commits: none is left out that is
    /// asked for, up to [`ChangesPage::next`].
    pub async fn changes(&self, query: &ChangesQuery) -> Result<ChangesPage, EngineError> {
        let revision = self.snapshot().revision;
        let mut page = ChangesPage { changes: Vec::new(), next: query.since, revision };
        let mut looked = 0;
        // Each row costs a look into the history where an area limits what is told.
        let most = match self.view().areas {
            Some(_) => MAX_JUDGED,
            None => MAX_LOOKED,
        };
        while page.next < revision && looked < most && page.changes.len() < query.limit {
            let rows = LOG_ROWS.min(query.limit.saturating_add(1));
            let mut records = self.store().changes(page.next, rows).await?;
            // What is durable but not published yet is not told.
            records.retain(|record| record.revision <= revision);
            let Some(last) = records.last().map(|record| record.revision) else {
                page.next = revision;
                break;
            };
            looked += records.len();
            records.retain(|record| self.sees(&record.collection));
            let told = self.told_of(records).await?;
            let records: Vec<ChangeRecord> = told.into_iter().flatten().collect();
            let (snapshot, registry, asked) =
                (self.snapshot(), Arc::clone(self.registry()), query.clone());
            let found = move || {
                let mut placer = Placer::new(&snapshot, &registry);
                let placed = records.into_iter().map(|record| placer.place(record));
                placed.filter(|placed| asked.asks_for(placed)).collect::<Vec<_>>()
            };
            let found = self.pool().run_waiting(found).await?;
            if !page.take(found, query.limit) {
                break;
            }
            page.next = last;
        }
        Ok(page)
    }
}

impl ChangesPage {
    /// Appends commits while they fit; false when one did not.
    fn take(&mut self, found: Vec<PlacedRecord>, limit: usize) -> bool {
        for commit in found.chunk_by(|a, b| a.record.revision == b.record.revision) {
            if !self.changes.is_empty() && self.changes.len() + commit.len() > limit {
                return false;
            }
            self.changes.extend_from_slice(commit);
            if let Some(last) = commit.last() {
                self.next = last.record.revision;
            }
        }
        true
    }
}
