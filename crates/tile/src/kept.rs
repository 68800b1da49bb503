//! Commands of polygons that were drawn before.
//!
//! Rounding happens on the grid of a zoom, so that every tile that holds a polygon whole draws it
//! alike: its commands are the same but for where they begin. They are kept by shard and zoom, up to
//! a number of bytes; what was used longest ago goes first. A shard never changes, so that nothing
//! kept is ever wrong; that of a shard which is gone is never asked for again.

use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;
use spatial::Shard;

use crate::figure::Point;
use crate::wire::BLOCK;

/// Bytes before the commands of a polygon: its first point on the grid of the zoom, their length.
const HEAD: usize = 10;

/// Keeps commands for the tiles to come; made once, shared by all threads.
#[derive(Debug)]
pub struct CommandCache {
    kept: Mutex<Kept>,
    /// Bytes.
    most: usize,
    /// Features of a shard.
    least: usize,
}

#[derive(Debug, Default)]
struct Kept {
    shards: FxHashMap<Key, (u64, ShardCommands)>,
    bytes: usize,
    /// Counts what was given back: the lower, the longer ago.
    clock: u64,
}

/// Whose commands: the number of the shard, the zoom, and the level that its vertices have there.
type Key = (u64, u8, u8);

impl CommandCache {
    /// Keeps up to `most` bytes of shards of at least `least` features: those that an edit made are
    /// small and soon gone.
    pub fn new(most: usize, least: usize) -> Self {
        Self { kept: Mutex::default(), most, least }
    }

    /// Bytes that are kept.
    pub fn bytes(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }

    /// Lends what is kept of a shard. Whoever asks meanwhile finds nothing and begins anew.
    fn lend(&self, key: Key) -> Option<ShardCommands> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, commands) = kept.shards.remove(&key)?;
        kept.bytes -= commands.bytes();
        Some(commands)
    }

    fn give_back(&self, key: Key, commands: ShardCommands) {
        let mut guard = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = &mut *guard;
        kept.clock += 1;
        match kept.shards.entry(key) {
            Entry::Vacant(place) => {
                kept.bytes += commands.bytes();
                place.insert((kept.clock, commands));
            }
            // Someone else began anew meanwhile: the longer of both stays.
            Entry::Occupied(mut place) => {
                let (time, other) = place.get_mut();
                *time = kept.clock;
                if other.used < commands.used {
                    kept.bytes = kept.bytes + commands.bytes() - other.bytes();
                    *other = commands;
                }
            }
        }
        if kept.bytes > self.most {
            // A good part at once, so that this is rare.
            let mut times: Vec<u64> = kept.shards.values().map(|(time, _)| *time).collect();
            let middle = times.len() / 2;
            let last = *times.select_nth_unstable(middle).1;
            kept.shards.retain(|_, (time, _)| *time > last);
            kept.bytes = kept.shards.values().map(|(_, commands)| commands.bytes()).sum();
        }
    }
}

/// Commands of the polygons of one shard at one zoom.
#[derive(Debug)]
struct ShardCommands {
    /// Where those of each slot stand, one more than the offset; 0 for none.
    places: Box<[u32]>,
    records: Vec<u8>,
    /// Bytes of `records` in use; behind them there is room to read a block from anywhere.
    used: usize,
}

impl ShardCommands {
    fn new(slots: usize) -> Self {
        Self { places: vec![0; slots].into_boxed_slice(), records: Vec::new(), used: 0 }
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.places) + self.records.capacity()
    }

    #[inline]
    fn get(&self, slot: usize) -> Option<Record<'_>> {
        let place = self.places[slot].checked_sub(1)? as usize;
        let (head, commands) = self.records[place..].split_first_chunk::<HEAD>()?;
        let number =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let len = usize::from(u16::from_le_bytes([head[8], head[9]]));
        Some(Record { first: [number(0), number(4)], commands, len })
    }

    fn put(&mut self, slot: usize, first: [u32; 2], commands: &[u8]) {
        let Ok(len) = u16::try_from(commands.len()) else { return };
        let end = self.used + HEAD + commands.len();
        let Ok(place) = u32::try_from(self.used + 1) else { return };
        if self.records.len() < end + BLOCK {
            // By halves: many tiles keep a few polygons of a shard.
            self.records.resize((end + BLOCK) * 3 / 2, 0);
        }
        let room = &mut self.records[self.used..end];
        room[..4].copy_from_slice(&first[0].to_le_bytes());
        room[4..8].copy_from_slice(&first[1].to_le_bytes());
        room[8..HEAD].copy_from_slice(&len.to_le_bytes());
        room[HEAD..].copy_from_slice(commands);
        self.used = end;
        self.places[slot] = place;
    }
}

/// The commands of one polygon.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    /// The first point, in tile units of the zoom from the north-western corner of the world.
    first: [u32; 2],
    /// All that follows the first point, and at least [`BLOCK`] bytes more.
    pub commands: &'a [u8],
    pub len: usize,
}

impl Record<'_> {
    /// The first point in a tile whose corner is `corner`.
    #[inline]
    pub fn first_in(&self, corner: [u32; 2]) -> Point {
        [0, 1].map(|axis| self.first[axis].wrapping_sub(corner[axis]).cast_signed())
    }
}

/// What a tile takes from a [`CommandCache`] and leaves there.
#[derive(Debug)]
pub(crate) struct Borrowed<'c> {
    cache: Option<&'c CommandCache>,
    zoom: u8,
    level: u8,
    /// The corner of the tile, in tile units of the zoom.
    corner: [u32; 2],
    lent: Option<Lent>,
}

/// The shard that a tile is at, if its commands are kept.
#[derive(Debug)]
struct Lent {
    key: Key,
    slots: usize,
    /// Absent until something is kept.
    commands: Option<ShardCommands>,
}

impl<'c> Borrowed<'c> {
    pub fn new(cache: Option<&'c CommandCache>, (zoom, level): (u8, u8), corner: [u32; 2]) -> Self {
        Self { cache, zoom, level, corner, lent: None }
    }

    /// Turns to the commands of `shard`.
    pub fn enter(&mut self, shard: &Shard) {
        let Some(cache) = self.cache else { return };
        let key = (shard.serial(), self.zoom, self.level);
        if self.lent.as_ref().is_some_and(|lent| lent.key == key) {
            return;
        }
        self.leave();
        let slots = shard.len();
        self.lent = (slots >= cache.least).then(|| Lent { key, slots, commands: cache.lend(key) });
    }

    /// The commands of the polygon at `slot`, and where its first point is in the tile.
    #[inline]
    pub fn get(&self, slot: usize) -> Option<(Point, Record<'_>)> {
        let record = self.lent.as_ref()?.commands.as_ref()?.get(slot)?;
        Some((record.first_in(self.corner), record))
    }

    /// Keeps what follows the first point of the polygon at `slot`.
    #[inline]
    pub fn put(&mut self, slot: usize, first: Point, commands: &[u8]) {
        if let Some(Lent { slots, commands: kept, .. }) = &mut self.lent {
            let first = [0, 1].map(|axis| self.corner[axis].wrapping_add_signed(first[axis]));
            kept.get_or_insert_with(|| ShardCommands::new(*slots)).put(slot, first, commands);
        }
    }

    fn leave(&mut self) {
        if let (Some(cache), Some(Lent { key, commands: Some(commands), .. })) =
            (self.cache, self.lent.take())
        {
            cache.give_back(key, commands);
        }
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(cache: &CommandCache, shard: u64, commands: &[u8]) {
        let mut kept = ShardCommands::new(10);
        kept.put(3, [5, 6], commands);
        cache.give_back((shard, 14, 14), kept);
    }

    #[test]
    fn what_was_used_longest_ago_goes_first_and_the_bytes_are_kept() {
        let cache = CommandCache::new(2_000, 1);
        for shard in 0..100 {
            keep(&cache, shard, &[shard as u8; 100]);
            // The first one is used all the time.
            let kept = cache.lend((0, 14, 14)).expect("it was just used");
            let record = kept.get(3).expect("it was put there");
            assert_eq!(record.first_in([1, 2]), [4, 4]);
            assert_eq!(record.commands[..record.len], [0; 100]);
            cache.give_back((0, 14, 14), kept);
            assert!(cache.bytes() <= 2_000);
        }
        // Two that were lent the same place give it back: the longer one stays.
        keep(&cache, 99, &[1; 3]);
        assert!(cache.lend((50, 14, 14)).is_none());
        let last = cache.lend((99, 14, 14)).expect("it was just used");
        assert_eq!(last.get(3).map(|record| record.len), Some(100));
    }

    #[test]
    fn commands_of_any_length_come_back_and_the_longest_are_not_kept() {
        let mut kept = ShardCommands::new(6);
        for (slot, len) in [0, 1, BLOCK, BLOCK + 1, 65_535, 65_536].into_iter().enumerate() {
            kept.put(slot, [7, u32::MAX], &vec![slot as u8; len]);
        }
        for (slot, len) in [0, 1, BLOCK, BLOCK + 1, 65_535].into_iter().enumerate() {
            let record = kept.get(slot).expect("it was put there");
            assert_eq!(record.first_in([7, u32::MAX]), [0, 0]);
            assert_eq!(record.commands[..record.len], vec![slot as u8; len]);
            assert!(record.commands.len() >= record.len + BLOCK);
        }
        assert!(kept.get(5).is_none());
    }
}
