//! The value table of a tile layer: each distinct value once, as far as that is cheap.
//!
//! In a text column whose values all differ within a shard, as keys and addresses do, looking each
//! one up costs more than all the rest of the tile and hardly ever finds anything: there a value that
//! another shard repeats is written twice, which the specification allows (4.1: SHOULD).

use std::hash::Hasher;

use rustc_hash::FxHasher;
use spatial::{Column, Shard, ValueRef};

use crate::wire::{push_varint, varint_len, zigzag64};

/// Distinct values in order of first use, encoded as layer fields.
///
/// A value is looked up by its code first (an array a column, valid for one shard at a time),
/// and only a code not seen before by its bytes.
#[derive(Debug, Default)]
pub(crate) struct Values {
    /// The encoded values, one after the other.
    pub bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Open addressing: upper half the hash, lower half value index + 1; 0 is free.
    table: Vec<u64>,
    /// Entries of the table in use.
    entries: usize,
    /// By column: upper half the epoch, lower half the value index.
    codes: Vec<Vec<u64>>,
    /// By column: whether no two features of the shard share a value.
    unique: Vec<bool>,
    epoch: u32,
}

/// Smallest size of the table; a power of two.
const TABLE: usize = 512;

/// Fewest differing values that tell a column of keys from one that differs by chance.
const TELLING: usize = 256;

impl Values {
    /// Forgets every value.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.table.clear();
        self.table.resize(TABLE, 0);
        self.entries = 0;
    }

    /// Makes room for the codes of `columns` of `shard`, and forgets those of the last shard.
    pub fn enter(&mut self, shard: &Shard, columns: &[(usize, &str)]) {
        if self.epoch == u32::MAX {
            self.codes.clear();
            self.epoch = 0;
        }
        self.epoch += 1;
        self.codes.resize_with(columns.len().max(self.codes.len()), Vec::new);
        self.unique.clear();
        for (codes, (column, _)) in self.codes.iter_mut().zip(columns) {
            let distinct = shard.columns().get(*column).map_or(0, Column::distinct);
            if codes.len() < distinct {
                codes.resize(distinct, 0);
            }
            // Numbers that differ within a shard, such as areas, meet again in the next one.
            let is_text = shard.columns().get(*column).is_some_and(|column| {
                distinct > 0 && matches!(column.decode(0), ValueRef::Text(_))
            });
            self.unique.push(is_text && distinct == shard.len() && distinct >= TELLING);
        }
    }

    /// Index of the value at `slot` of `column`, the one at `position` of the layer's columns;
    /// `None` for null and for what no tile carries.
    #[inline]
    pub fn index(&mut self, position: usize, column: &Column, slot: usize) -> Option<u32> {
        let code = column.code(slot)?;
        let known = self.codes[position][usize::from(code)];
        if (known >> 32) as u32 == self.epoch {
            return Some(known as u32);
        }
        let value = column.decode(code);
        let index = if self.unique[position] { self.append(value) } else { self.add(value) }?;
        self.codes[position][usize::from(code)] = u64::from(self.epoch) << 32 | u64::from(index);
        Some(index)
    }

    fn append(&mut self, value: ValueRef<'_>) -> Option<u32> {
        if !push_value(&mut self.bytes, value) {
            return None;
        }
        self.ends.push(self.bytes.len());
        Some(self.ends.len() as u32 - 1)
    }

    /// Index of `value` in the table, appended if it is not there.
    fn add(&mut self, value: ValueRef<'_>) -> Option<u32> {
        let start = self.bytes.len();
        if !push_value(&mut self.bytes, value) {
            return None;
        }
        let hash = {
            let mut hasher = FxHasher::default();
            hasher.write(&self.bytes[start..]);
            // The low bits of this hash are the mixed ones.
            hasher.finish() as u32
        };
        let mask = self.table.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let entry = self.table[place];
            if entry == 0 {
                break;
            }
            let index = entry as u32 - 1;
            if (entry >> 32) as u32 == hash && self.value(index) == &self.bytes[start..] {
                self.bytes.truncate(start);
                return Some(index);
            }
            place = (place + 1) & mask;
        }
        let index = self.ends.len() as u32;
        self.ends.push(self.bytes.len());
        self.table[place] = u64::from(hash) << 32 | u64::from(index + 1);
        self.entries += 1;
        if self.entries * 2 > self.table.len() {
            self.grow();
        }
        Some(index)
    }

    fn value(&self, index: u32) -> &[u8] {
        let index = index as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    fn grow(&mut self) {
        let mut table = vec![0; self.table.len() * 4];
        let mask = table.len() - 1;
        for &entry in self.table.iter().filter(|entry| **entry != 0) {
            let mut place = (entry >> 32) as usize & mask;
            while table[place] != 0 {
                place = (place + 1) & mask;
            }
            table[place] = entry;
        }
        self.table = table;
    }
}

/// Appends a value as field 4 of a layer. Integers are always `sint`, so that a client sees one
/// type an attribute. Answers `false` for what no tile carries.
fn push_value(bytes: &mut Vec<u8>, value: ValueRef<'_>) -> bool {
    const LAYER_VALUE: u8 = 0x22;
    const STRING: u8 = 0x0a;
    const DOUBLE: u8 = 0x19;
    const SINT: u8 = 0x30;
    const BOOL: u8 = 0x38;
    match value {
        ValueRef::Null | ValueRef::Bytes(_) => return false,
        ValueRef::Bool(v) => bytes.extend_from_slice(&[LAYER_VALUE, 2, BOOL, u8::from(v)]),
        ValueRef::Int(v) => {
            let v = zigzag64(v);
            bytes.extend_from_slice(&[LAYER_VALUE, 1 + varint_len(v) as u8, SINT]);
            push_varint(bytes, v);
        }
        ValueRef::Real(v) => {
            bytes.extend_from_slice(&[LAYER_VALUE, 9, DOUBLE]);
            bytes.extend_from_slice(&v.to_le_bytes());
        }
        ValueRef::Text(v) => {
            let len = v.len() as u64;
            bytes.push(LAYER_VALUE);
            push_varint(bytes, 1 + varint_len(len) as u64 + len);
            bytes.push(STRING);
            push_varint(bytes, len);
            bytes.extend_from_slice(v.as_bytes());
        }
    }
    true
}
