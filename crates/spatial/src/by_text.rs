//! The slots of a column by its texts.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use crate::ValueRef;
use crate::column::{Column, NULL};

/// Which slots have which text, blanks around it apart.
#[derive(Clone, Debug)]
pub(crate) struct ByText {
    /// Codes by the hash of their text, open addressing, at most half full.
    table: Vec<u16>,
    /// Where the slots of each code begin, and at last where they end.
    starts: Vec<u32>,
    /// Slots code by code, ascending.
    slots: Vec<u16>,
}

impl ByText {
    /// Of a column over `len` slots; one that holds no text has none of any.
    pub(crate) fn of(column: &Column, len: usize) -> Self {
        let distinct = column.distinct();
        let mut table = vec![NULL; (distinct * 2).next_power_of_two().max(2)];
        for code in 0..distinct as u16 {
            let Some(text) = trimmed(column, code) else { continue };
            let mut at = place_of(text, &table);
            while table[at] != NULL {
                at = (at + 1) & (table.len() - 1);
            }
            table[at] = code;
        }
        let mut starts = vec![0_u32; distinct + 1];
        let codes = || (0..len as u16).filter_map(|slot| Some((slot, column.code(slot.into())?)));
        for (_, code) in codes() {
            starts[usize::from(code) + 1] += 1;
        }
        for code in 0..distinct {
            starts[code + 1] += starts[code];
        }
        let mut next = starts.clone();
        let mut slots = vec![0; starts[distinct] as usize];
        for (slot, code) in codes() {
            let next = &mut next[usize::from(code)];
            slots[*next as usize] = slot;
            *next += 1;
        }
        Self { table, starts, slots }
    }

    /// Adds the slots of `column` that have `text`, ascending.
    pub(crate) fn extend(&self, column: &Column, text: &str, slots: &mut Vec<u16>) {
        let (text, before) = (text.trim(), slots.len());
        let mut found = 0;
        let mut at = place_of(text, &self.table);
        while self.table[at] != NULL {
            let code = self.table[at];
            if trimmed(column, code) == Some(text) {
                let code = usize::from(code);
                let (start, end) = (self.starts[code] as usize, self.starts[code + 1] as usize);
                slots.extend_from_slice(&self.slots[start..end]);
                found += 1;
            }
            at = (at + 1) & (self.table.len() - 1);
        }
        // It is written in several ways.
        if found > 1 {
            slots[before..].sort_unstable();
        }
    }

    /// Bytes of memory that it holds.
    pub(crate) fn heap_bytes(&self) -> usize {
        (self.table.capacity() + self.slots.capacity()) * 2 + self.starts.capacity() * 4
    }
}

fn trimmed(column: &Column, code: u16) -> Option<&str> {
    match column.decode(code) {
        ValueRef::Text(text) => Some(text.trim()),
        _ => None,
    }
}

fn place_of(text: &str, table: &[u16]) -> usize {
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish() as usize & (table.len() - 1)
}
