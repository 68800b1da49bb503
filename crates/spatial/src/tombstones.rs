//! Which slots of a shard do not count.

use std::ops::Range;

use crate::shard::MAX_SHARD_FEATURES;

const WORDS: usize = MAX_SHARD_FEATURES / 64;

/// One bit a slot; set where the feature was removed or lives on in the delta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstones {
    words: Box<[u64; WORDS]>,
    count: usize,
}

impl Default for Tombstones {
    fn default() -> Self {
        Self { words: Box::new([0; WORDS]), count: 0 }
    }
}

impl Tombstones {
    /// Marks `slot`.
    pub(crate) fn insert(&mut self, slot: u16) {
        let word = &mut self.words[usize::from(slot) / 64];
        let bit = 1 << (slot % 64);
        self.count += usize::from(*word & bit == 0);
        *word |= bit;
    }

    /// What is marked in either.
    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (word, more) in both.words.iter_mut().zip(other.words.iter()) {
            *word |= more;
        }
        both.count = both.words.iter().map(|word| word.count_ones() as usize).sum();
        both
    }

    /// Marks what is not marked and the other way round, of the first `slots`.
    pub(crate) fn inverted(&self, slots: usize) -> Self {
        let mut words = self.words.clone();
        for (number, word) in words.iter_mut().enumerate() {
            let below = slots.saturating_sub(number * 64).min(64);
            *word = !*word & if below == 64 { u64::MAX } else { (1 << below) - 1 };
        }
        let count = words.iter().map(|word| word.count_ones() as usize).sum();
        Self { words, count }
    }

    /// Whether `slot` is marked.
    pub fn contains(&self, slot: u16) -> bool {
        self.words[usize::from(slot) / 64] >> (slot % 64) & 1 == 1
    }

    /// Number of marked slots in `range`.
    pub fn count_in(&self, range: Range<usize>) -> usize {
        let bits = |word: usize| {
            let start = range.start.saturating_sub(word * 64).min(64);
            let end = range.end.saturating_sub(word * 64).min(64);
            let below = |bit: usize| if bit == 64 { u64::MAX } else { (1 << bit) - 1 };
            (self.words[word] & below(end) & !below(start)).count_ones() as usize
        };
        if self.count == 0 || range.is_empty() {
            return 0;
        }
        (range.start / 64..range.end.div_ceil(64).min(WORDS)).map(bits).sum()
    }

    /// Number of marked slots.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether no slot is marked.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}
