//! A table from keys of 64 bits to value indexes: open addressing, at most half full, without
//! any order that could reach a tile.

use std::ops::RangeInclusive;

/// Sizes to begin with; powers of two.
const SIZES: RangeInclusive<usize> = 1 << 7..=1 << 15;

/// Keys and what they stand for. Memory is kept from tile to tile.
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    entries: Vec<Entry>,
    /// How many of the entries are in use as a table, a power of two; 0 for no table.
    size: usize,
    used: usize,
    /// Entries of other epochs are free.
    epoch: u32,
    /// Room for the next size.
    spare: Vec<Entry>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    key: u64,
    index: u32,
    epoch: u32,
}

/// Where `key` is looked for first in a table of `size` entries, a power of two.
#[inline]
fn start(key: u64, size: usize) -> usize {
    // Multiplied, so that every bit of the key reaches the upper ones.
    let mixed = (key ^ key >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as usize & (size - 1)
}

impl Lookup {
    /// Forgets every key; about `expected` of them come.
    pub fn clear(&mut self, expected: usize) {
        let size = expected.min(*SIZES.end()).next_power_of_two() * 2;
        self.size = size.clamp(*SIZES.start(), *SIZES.end());
        self.used = 0;
        if self.epoch == u32::MAX {
            self.entries.clear();
            self.epoch = 0;
        }
        self.epoch += 1;
        if self.entries.len() < self.size {
            self.entries.resize(self.size, Entry::default());
        }
    }

    /// Forgets every key; the table is made when it is first [expected](Self::expect) to be used.
    pub fn forget(&mut self) {
        self.size = 0;
    }

    /// Makes the table for about `expected` keys, unless it is in use.
    #[inline]
    pub fn expect(&mut self, expected: usize) {
        if self.size == 0 {
            self.clear(expected);
        }
    }

    /// The index under `key` for which `is_it` holds, or else `fresh`, which is kept there now.
    #[inline]
    pub fn index_or(&mut self, key: u64, fresh: u32, is_it: impl Fn(u32) -> bool) -> u32 {
        let entries = &mut self.entries[..self.size];
        let mut place = start(key, entries.len());
        loop {
            let entry = entries[place];
            if entry.epoch != self.epoch {
                break;
            }
            if entry.key == key && is_it(entry.index) {
                return entry.index;
            }
            place = (place + 1) & (entries.len() - 1);
        }
        entries[place] = Entry { key, index: fresh, epoch: self.epoch };
        self.used += 1;
        if self.used * 2 > self.size {
            self.grow();
        }
        fresh
    }

    #[cold]
    fn grow(&mut self) {
        let old = &self.entries[..self.size];
        let size = old.len() * 2;
        self.spare.clear();
        self.spare.resize(size, Entry::default());
        for &entry in old.iter().filter(|entry| entry.epoch == self.epoch) {
            let mut place = start(entry.key, size);
            while self.spare[place].epoch == self.epoch {
                place = (place + 1) & (size - 1);
            }
            self.spare[place] = entry;
        }
        std::mem::swap(&mut self.entries, &mut self.spare);
        self.size = size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_keeps_its_first_index_while_the_table_grows() {
        let mut lookup = Lookup::default();
        for _ in 0..2 {
            lookup.clear(0);
            for round in 0..2 {
                for number in 0..5_000_u32 {
                    let key = u64::from(number) << 20;
                    assert_eq!(lookup.index_or(key, number + round * 9_000, |_| true), number);
                }
            }
        }
    }

    #[test]
    fn one_key_may_stand_for_several_values() {
        let mut lookup = Lookup::default();
        lookup.clear(usize::MAX);
        for _ in 0..2 {
            for index in 0..600 {
                assert_eq!(lookup.index_or(7, index, |found| found == index), index);
            }
        }
    }
}
