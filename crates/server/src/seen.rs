//! What was asked lately: what is asked once is not worth keeping, and most questions are, such as who is
//! responsible where a patroller stands.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};

/// Questions that are remembered: a later one may take the place of an earlier.
const SLOTS: usize = 1 << 14;

/// Marks of the questions asked lately.
#[derive(Debug)]
pub struct Seen {
    marks: Box<[AtomicU32]>,
    hasher: RandomState,
}

impl Default for Seen {
    fn default() -> Self {
        let marks = std::iter::repeat_with(AtomicU32::default).take(SLOTS).collect();
        Self { marks, hasher: RandomState::new() }
    }
}

impl Seen {
    /// Whether the same was asked lately; from now on it was. Of some billion that were not, one passes for
    /// one that was, and is kept at once.
    pub fn asked(&self, question: &impl Hash) -> bool {
        let hash = self.hasher.hash_one(question);
        // An empty slot is nobody's mark.
        let mark = (hash >> 32) as u32 | 1;
        let slot = &self.marks[hash as usize % SLOTS];
        slot.load(Ordering::Relaxed) == mark || slot.swap(mark, Ordering::Relaxed) == mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_was_asked_once_it_was() {
        let seen = Seen::default();
        for question in 0..1_000 {
            assert!(!seen.asked(&question), "{question}");
            assert!(seen.asked(&question), "{question}");
        }
    }
}
