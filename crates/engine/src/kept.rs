//! What was found lately, kept for whoever asks the same of the same collections.
//!
//! *Invariant:* an answer is given again only where every collection that it was made from is the very
//! one that it was made from. A change of one of them ends it; a change of any other does not, nor does
//! the passing of states.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use spatial::CollectionSnapshot;

/// Most answers of one kind.
const MOST_ANSWERS: usize = 64;

/// Answers of type `A` to questions of type `Q`, the latest last.
#[derive(Debug)]
pub(crate) struct KeptAnswers<Q, A> {
    kept: Mutex<Vec<Kept<Q, A>>>,
    /// Most items of all answers together.
    most_items: usize,
}

#[derive(Debug)]
struct Kept<Q, A> {
    /// Hold their places in memory, so that no later collection has the same address.
    read: Vec<Weak<CollectionSnapshot>>,
    question: Q,
    answer: Arc<A>,
    items: usize,
}

impl<Q, A> KeptAnswers<Q, A> {
    /// Keeps answers of at most so many items together.
    pub(crate) fn new(most_items: usize) -> Self {
        Self { kept: Mutex::default(), most_items }
    }

    /// What was answered from these collections to a question that is the same.
    pub(crate) fn find(
        &self,
        read: &[&Arc<CollectionSnapshot>],
        is_same: impl Fn(&Q) -> bool,
    ) -> Option<Arc<A>> {
        let mut kept = self.kept();
        let at = kept.iter().position(|one| one.is_made_from(read) && is_same(&one.question))?;
        let found = kept.remove(at);
        let answer = Arc::clone(&found.answer);
        kept.push(found);
        Some(answer)
    }

    /// Keeps an answer of so many items, unless that is too many.
    pub(crate) fn keep(
        &self,
        read: &[&Arc<CollectionSnapshot>],
        question: Q,
        answer: &Arc<A>,
        items: usize,
    ) {
        if items > self.most_items {
            return;
        }
        let read: Vec<_> = read.iter().copied().map(Arc::downgrade).collect();
        let mut kept = self.kept();
        kept.retain(|one| one.read.iter().all(|held| held.strong_count() > 0));
        kept.push(Kept { read, question, answer: Arc::clone(answer), items });
        while kept.len() > MOST_ANSWERS
            || kept.iter().map(|one| one.items).sum::<usize>() > self.most_items
        {
            kept.remove(0);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept<Q, A>>> {
        // Nothing panics while it is held.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Q, A> Kept<Q, A> {
    fn is_made_from(&self, read: &[&Arc<CollectionSnapshot>]) -> bool {
        self.read.len() == read.len()
            && self.read.iter().zip(read).all(|(own, held)| own.as_ptr() == Arc::as_ptr(held))
    }
}
