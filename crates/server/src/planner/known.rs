//! Searches that were made out before: a body that comes again, as those of a map that follows edits do,
//! is not taken apart anew in each state of the store. It is kept when it comes for the second time.
//!
//! *Invariant:* what a search means depends on its body and on the collection in its path alone.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use spatial::CollectionId;

use super::SearchRequest;
use crate::seen::Seen;

/// Memory for them, in bytes.
const BUDGET: u64 = 32 << 20;
/// Longest body that is kept, in bytes.
const MAX_BODY_BYTES: usize = 1 << 20;
/// Bytes in memory for one of a body, at most, as conditions of short terms take them; and beside them.
const OF_A_BYTE: usize = 16;
const ENTRY_OVERHEAD: usize = 1 << 10;
/// Size of a common entry: it sizes the table, not the budget.
const COMMON_BYTES: u64 = 8 << 10;

/// The collection in the path, and the body.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key(Option<CollectionId>, Box<[u8]>);

/// The same, borrowed.
struct Asked<'a>(Option<&'a CollectionId>, &'a [u8]);

impl Hash for Asked<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
        self.1.hash(state);
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Asked(self.0.as_ref(), &self.1).hash(state);
    }
}

impl Equivalent<Key> for Asked<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.0 == key.0.as_ref() && *self.1 == *key.1
    }
}

#[derive(Clone, Debug)]
struct ByBytes;

impl Weighter<Key, Arc<SearchRequest>> for ByBytes {
    fn weight(&self, Key(_, body): &Key, _: &Arc<SearchRequest>) -> u64 {
        (body.len() * (1 + OF_A_BYTE) + ENTRY_OVERHEAD) as u64
    }
}

/// Searches by their bodies, within a budget of bytes.
#[derive(Debug)]
pub struct KnownSearches {
    kept: Cache<Key, Arc<SearchRequest>, ByBytes>,
    seen: Seen,
}

impl Default for KnownSearches {
    fn default() -> Self {
        let kept = Cache::with_weighter((BUDGET / COMMON_BYTES) as usize, BUDGET, ByBytes);
        Self { kept, seen: Seen::default() }
    }
}

impl KnownSearches {
    /// What was made of a body before, of a search of `one` collection or of those that it lists.
    pub fn find(&self, one: Option<&CollectionId>, body: &[u8]) -> Option<SearchRequest> {
        Some((*self.kept.get(&Asked(one, body))?).clone())
    }

    /// Keeps what was made of a body that came lately.
    pub fn keep(&self, one: Option<&CollectionId>, body: &[u8], made: &SearchRequest) {
        if body.len() <= MAX_BODY_BYTES && self.seen.asked(&Asked(one, body)) {
            self.kept.insert(Key(one.cloned(), body.into()), Arc::new(made.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use spatial::CrsRegistry;

    use super::*;

    #[test]
    fn a_search_is_known_by_its_body_and_the_collection_in_its_path() {
        let registry = CrsRegistry::default();
        let ids = ["parcels", "points"].map(|id| CollectionId::try_from(id).unwrap());
        let bodies = [r#"{"return":"count"}"#, r#"{"return":"ids"}"#, r#"{"return":"count" }"#];
        let known = KnownSearches::default();
        let read =
            |id, body: &str| SearchRequest::read(body.as_bytes(), Some(id), &registry).unwrap();
        for id in &ids {
            for body in &bodies[..2] {
                assert!(known.find(Some(id), body.as_bytes()).is_none(), "{id} {body}");
                known.keep(Some(id), body.as_bytes(), &read(id, body));
                assert!(known.find(Some(id), body.as_bytes()).is_none(), "{id} {body} came once");
                known.keep(Some(id), body.as_bytes(), &read(id, body));
            }
        }
        for id in &ids {
            for body in &bodies[..2] {
                let found = known.find(Some(id), body.as_bytes()).unwrap();
                assert_eq!(format!("{found:?}"), format!("{:?}", read(id, body)));
            }
            assert!(known.find(Some(id), bodies[2].as_bytes()).is_none());
        }
        assert!(known.find(None, bodies[0].as_bytes()).is_none());
        let long = format!("{}{}", " ".repeat(MAX_BODY_BYTES), bodies[0]);
        for _ in 0..2 {
            known.keep(Some(&ids[0]), long.as_bytes(), &read(&ids[0], bodies[0]));
        }
        assert!(known.find(Some(&ids[0]), long.as_bytes()).is_none());
    }
}
