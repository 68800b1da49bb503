//! What was found lately, kept for whoever asks the same.
//!
//! *Invariant:* an answer is given again as it is only where every collection that it was made from is the
//! very one that it was made from. A change of one of them ends it; a change of any other does not, nor
//! does the passing of states. Behind few changes whoever asks is told it with the features that are
//! others, and where they lay and lie: they mend it, or find that it stands.

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rustc_hash::FxBuildHasher;
use spatial::{Changes, CollectionSnapshot, Footprint};

/// Most answers of one kind.
const MOST_ANSWERS: usize = 64;
/// Most features of a collection that may be others where an answer is mended.
const MOST_CHANGED: usize = 256;

/// Features edited lately up to which a collection's footprint is kept.
const MOST_EDITED: usize = 2_048;

/// Answers of type `A` to questions of type `Q`, the latest last.
#[derive(Debug)]
pub(crate) struct KeptAnswers<Q, A> {
    kept: Mutex<Vec<Kept<Q, A>>>,
    /// Most items of all answers together.
    most_items: usize,
    /// Whether answers of before are mended.
    is_mended: bool,
}

/// Small, since all are looked at.
#[derive(Debug)]
struct Kept<Q, A> {
    /// That of the question.
    mark: u64,
    items: usize,
    answer: Arc<A>,
    of: Box<Asked<Q>>,
}

#[derive(Debug)]
struct Asked<Q> {
    read: Vec<Read>,
    question: Q,
}

/// What tells questions that are the same: they share a mark, which others hardly do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Same<F> {
    pub(crate) mark: u64,
    pub(crate) is_same: F,
}

/// A mark of numbers and texts.
pub(crate) fn mark(of: impl Hash) -> u64 {
    FxBuildHasher.hash_one(of)
}

/// A collection that an answer was made from.
#[derive(Clone, Debug)]
struct Read {
    /// Holds its place in memory, so that no later collection has the same address.
    held: Weak<CollectionSnapshot>,
    /// Where answers are mended.
    footprint: Option<Arc<Footprint>>,
}

/// An answer of before, and the features of each collection that are others since.
#[derive(Debug)]
pub(crate) struct Earlier<A> {
    pub(crate) answer: Arc<A>,
    /// In the order of the collections.
    pub(crate) changed: Vec<Changes>,
}

impl<Q, A> KeptAnswers<Q, A> {
    /// Keeps answers of at most so many items together.
    pub(crate) fn new(most_items: usize) -> Self {
        Self { kept: Mutex::default(), most_items, is_mended: false }
    }

    /// The same, and with each where its collections lay, for [`earlier`](Self::earlier).
    pub(crate) fn mended(most_items: usize) -> Self {
        Self { is_mended: true, ..Self::new(most_items) }
    }

    /// What was answered from these collections to a question that is the same.
    pub(crate) fn find(
        &self,
        read: &[&Arc<CollectionSnapshot>],
        same: Same<impl Fn(&Q) -> bool>,
    ) -> Option<Arc<A>> {
        let mut kept = self.kept();
        let at = kept.iter().position(|one| one.is_asked_by(&same) && one.is_made_from(read))?;
        let found = kept.remove(at);
        let answer = Arc::clone(&found.answer);
        kept.push(found);
        Some(answer)
    }

    /// The latest answer to a question that is the same, of which few features are others in these
    /// collections.
    pub(crate) fn earlier(
        &self,
        read: &[&Arc<CollectionSnapshot>],
        same: Same<impl Fn(&Q) -> bool>,
    ) -> Option<Earlier<A>> {
        let of = |one: &Kept<Q, A>| {
            let footprints = one.of.read.iter().map(|read| read.footprint.clone());
            Some((Arc::clone(&one.answer), footprints.collect::<Option<Vec<_>>>()?))
        };
        let found: Vec<_> = {
            let kept = self.kept();
            kept.iter().rev().filter(|one| one.is_asked_by(&same)).filter_map(of).collect()
        };
        found.into_iter().find_map(|(answer, footprints)| {
            Some(Earlier { answer, changed: changed(&footprints, read)? })
        })
    }

    /// Keeps an answer of so many items, unless that is too many. Of answers to a question that is the
    /// same, those of collections that are no more make room.
    pub(crate) fn keep(
        &self,
        read: &[&Arc<CollectionSnapshot>],
        (question, same): (Q, Same<impl Fn(&Q) -> bool>),
        answer: &Arc<A>,
        items: usize,
    ) {
        if items > self.most_items {
            return;
        }
        let read = read.iter().map(|held| Read {
            held: Arc::downgrade(held),
            footprint: if self.is_mended { self.footprint(held) } else { None },
        });
        let read = read.collect();
        let mut kept = self.kept();
        // One that stands is kept once, of the latest collections.
        kept.retain(|one| !Arc::ptr_eq(&one.answer, answer));
        kept.retain(|one| !one.is_asked_by(&same) || one.is_held());
        let of = Box::new(Asked { read, question });
        kept.push(Kept { mark: same.mark, items, answer: Arc::clone(answer), of });
        while kept.len() > MOST_ANSWERS
            || kept.iter().map(|one| one.items).sum::<usize>() > self.most_items
        {
            kept.remove(0);
        }
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        self.kept().clear();
    }

    /// The footprint of a collection: that of another answer that was made from it, if there is one.
    fn footprint(&self, held: &Arc<CollectionSnapshot>) -> Option<Arc<Footprint>> {
        let is_its = |one: &&Read| one.held.as_ptr() == Arc::as_ptr(held);
        let known = self.kept().iter().rev().flat_map(|one| &one.of.read).find(is_its).cloned();
        match known {
            Some(known) => known.footprint,
            None => held.footprint(MOST_EDITED).map(Arc::new),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept<Q, A>>> {
        // Nothing panics while it is held.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What changed of each collection since; none where that is much or cannot be told.
fn changed(
    footprints: &[Arc<Footprint>],
    read: &[&Arc<CollectionSnapshot>],
) -> Option<Vec<Changes>> {
    if footprints.len() != read.len() {
        return None;
    }
    let each = footprints.iter().zip(read);
    each.map(|(then, now)| now.changed_since(then, MOST_CHANGED)).collect()
}

impl<Q, A> Kept<Q, A> {
    fn is_asked_by(&self, same: &Same<impl Fn(&Q) -> bool>) -> bool {
        self.mark == same.mark && (same.is_same)(&self.of.question)
    }

    fn is_made_from(&self, read: &[&Arc<CollectionSnapshot>]) -> bool {
        let own = &self.of.read;
        own.len() == read.len()
            && own.iter().zip(read).all(|(own, held)| own.held.as_ptr() == Arc::as_ptr(held))
    }

    /// Whether all collections that it was made from are still there.
    fn is_held(&self) -> bool {
        self.of.read.iter().all(|one| one.held.strong_count() > 0)
    }
}

/// Two rows of things that are in order, as one: what is kept of before, and what was found now.
pub(crate) fn merged<T>(
    kept: impl Iterator<Item = T>,
    fresh: Vec<T>,
    order: impl Fn(&T, &T) -> Ordering,
) -> Vec<T> {
    let mut all = Vec::with_capacity(kept.size_hint().1.unwrap_or(0) + fresh.len());
    let mut fresh = fresh.into_iter().peekable();
    for one in kept {
        while let Some(before) = fresh.next_if(|fresh| order(fresh, &one).is_lt()) {
            all.push(before);
        }
        all.push(one);
    }
    all.extend(fresh);
    all
}
