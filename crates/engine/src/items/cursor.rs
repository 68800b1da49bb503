//! Cursors: where a page ended and in which state, as text that nobody else can make.
//!
//! A cursor holds as long as its state is the collection's current one; after that the state is
//! kept for a while. Both are bounded: in number of states and in time.

use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use spatial::{CollectionId, FeatureId, Rank, Revision, Snapshot};

/// Most states that are kept for cursors.
const MAX_KEPT: usize = 64;
/// Numbers in a cursor: revision, query, count, and two for the place.
const NUMBERS: usize = 5;

/// Where a page ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Position {
    /// At the feature of this rank.
    Rank(Rank),
    /// After so many features of a sorted answer.
    Offset(u64),
}

/// What a cursor says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cursor {
    /// Revision of the collection.
    pub(crate) revision: Revision,
    /// Fingerprint of the query.
    pub(crate) query: u64,
    /// How many features match it.
    pub(crate) matched: u64,
    pub(crate) position: Position,
}

/// Makes and reads cursors, and keeps the states that they belong to.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    /// Drawn when the engine starts: a cursor is of this process, or of none.
    keys: RandomState,
    kept: Mutex<Vec<Kept>>,
}

#[derive(Debug)]
struct Kept {
    /// By whom it was seen so.
    view: u64,
    collection: CollectionId,
    snapshot: Arc<Snapshot>,
    until: Instant,
}

impl Kept {
    fn revision(&self) -> Option<Revision> {
        Some(self.snapshot.collections.get(&self.collection)?.revision())
    }
}

impl Cursors {
    /// Tells one query from another.
    pub(crate) fn fingerprint(&self, query: &impl std::fmt::Debug) -> u64 {
        self.keys.hash_one(format!("{query:?}"))
    }

    pub(crate) fn write(
        &self,
        (view, collection): (u64, &CollectionId),
        cursor: &Cursor,
    ) -> String {
        let (first, second) = match cursor.position {
            Position::Rank((key, id)) => (key, id.value().cast_unsigned()),
            // No feature has the id 0.
            Position::Offset(offset) => (offset, 0),
        };
        let numbers = [cursor.revision.0, cursor.query, cursor.matched, first, second];
        let mut text = String::with_capacity((NUMBERS + 1) * 16);
        for number in numbers.into_iter().chain([self.seal((view, collection), &numbers)]) {
            let _ = write!(text, "{number:016x}");
        }
        text
    }

    /// What `text` says; `None` when it was not written here for this collection.
    pub(super) fn read(
        &self,
        (view, collection): (u64, &CollectionId),
        text: &str,
    ) -> Option<Cursor> {
        if text.len() != (NUMBERS + 1) * 16 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let number = |at: usize| u64::from_str_radix(text.get(at * 16..at * 16 + 16)?, 16).ok();
        let mut numbers = [0; NUMBERS];
        for (at, slot) in numbers.iter_mut().enumerate() {
            *slot = number(at)?;
        }
        if number(NUMBERS)? != self.seal((view, collection), &numbers) {
            return None;
        }
        let [revision, query, matched, first, second] = numbers;
        let position = match second {
            0 => Position::Offset(first),
            id => Position::Rank((first, FeatureId::try_from(id.cast_signed()).ok()?)),
        };
        Some(Cursor { revision: Revision(revision), query, matched, position })
    }

    /// Keeps `snapshot` for cursors of `collection` for `life` from now on.
    pub(crate) fn keep(
        &self,
        (view, collection): (u64, &CollectionId),
        snapshot: &Arc<Snapshot>,
        life: Duration,
    ) {
        let now = Instant::now();
        let entry = Kept {
            view,
            collection: collection.clone(),
            snapshot: Arc::clone(snapshot),
            until: now + life,
        };
        let revision = entry.revision();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| {
            let is_same = kept.view == view && kept.collection == *collection;
            kept.until > now && !(is_same && kept.revision() == revision)
        });
        if kept.len() >= MAX_KEPT {
            kept.remove(0);
        }
        // Used last, stands last.
        kept.push(entry);
    }

    /// Lets the states go that are kept for cursors of `collection`.
    pub(crate) fn forget(&self, collection: &CollectionId) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // The state of another cursor holds this collection too.
        kept.retain(|kept| !kept.snapshot.collections.contains_key(collection));
    }

    /// The kept state in which `collection` is at `revision`.
    pub(super) fn kept(
        &self,
        (view, collection): (u64, &CollectionId),
        revision: Revision,
    ) -> Option<Arc<Snapshot>> {
        let now = Instant::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| kept.until > now);
        let found = kept.iter().find(|kept| {
            let is_same = kept.view == view && kept.collection == *collection;
            is_same && kept.revision() == Some(revision)
        });
        found.map(|kept| Arc::clone(&kept.snapshot))
    }

    /// A keyed hash over all that a cursor says.
    fn seal(&self, of: (u64, &CollectionId), numbers: &[u64; NUMBERS]) -> u64 {
        self.keys.hash_one((of, numbers))
    }
}
