//! What was asked lately: what is asked once is not worth keeping, and most questions are, such as who is
//! responsible where a patroller stands.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};

/// Questions that are remembered, by two: the latest two that fall on a pair, so that two that take turns both stay.
const PAIRS: usize = 1 << 13;

/// Marks of the questions asked lately.
#[derive(Debug)]
pub struct Seen {
    marks: Box<[[AtomicU32; 2]]>,
    hasher: RandomState,
}

impl Default for Seen {
    fn default() -> Self {
        let marks = std::iter::repeat_with(Default::default).take(PAIRS).collect();
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
        let [latest, before] = &self.marks[hash as usize % PAIRS];
        if [latest, before].iter().any(|slot| slot.load(Ordering::Relaxed) == mark) {
            return true;
        }
        before.store(latest.swap(mark, Ordering::Relaxed), Ordering::Relaxed);
        false
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

    #[test]
    fn two_questions_that_take_turns_are_both_remembered() {
        let seen = Seen::default();
        let place = |question: &u32| seen.hasher.hash_one(question) as usize % PAIRS;
        let other = (1..).find(|other| place(other) == place(&0)).unwrap_or_default();
        for turn in 0..3 {
            for question in [0, other] {
                assert_eq!(seen.asked(&question), turn > 0, "{turn} {question}");
            }
        }
    }
}
