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
            *word = !*word & below(slots.saturating_sub(number * 64));
        }
        let count = words.iter().map(|word| word.count_ones() as usize).sum();
        Self { words, count }
    }

    /// The slots that are marked in one of both alone, ascending.
    pub(crate) fn difference(&self, other: &Self) -> impl Iterator<Item = usize> + use<> {
        let words: Vec<u64> =
            self.words.iter().zip(other.words.iter()).map(|(own, other)| own ^ other).collect();
        let slots = 0..words.len() * 64;
        slots.filter(move |slot| words[slot / 64] >> (slot % 64) & 1 == 1)
    }

    /// Whether `slot` is marked.
    pub fn contains(&self, slot: u16) -> bool {
        self.words[usize::from(slot) / 64] >> (slot % 64) & 1 == 1
    }

    /// The slots that are not marked, of the first `slots`, ascending.
    pub(crate) fn unmarked(&self, slots: usize) -> impl Iterator<Item = usize> + '_ {
        self.words[..slots.div_ceil(64)].iter().enumerate().flat_map(move |(number, word)| {
            let mut left = !*word & below(slots - number * 64);
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                (left != 0).then(|| {
                    left &= left - 1;
                    number * 64 + bit
                })
            })
        })
    }

    /// Number of marked slots in `range`.
    pub fn count_in(&self, range: Range<usize>) -> usize {
        let bits = |word: usize| {
            let bound = |slot: usize| below(slot.saturating_sub(word * 64));
            (self.words[word] & bound(range.end) & !bound(range.start)).count_ones() as usize
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

/// The lowest `bits` of a word, all of them from 64 on.
fn below(bits: usize) -> u64 {
    if bits < 64 { (1 << bits) - 1 } else { u64::MAX }
}
