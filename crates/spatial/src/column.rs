//! Dictionary-coded columns: each distinct value of a shard is stored once.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use crate::{FieldType, Value};

/// Code of "no value".
const NULL: u16 = u16::MAX;

/// A property value read in place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// No value.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A real number.
    Real(f64),
    /// Text, a date or a date-time.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl ValueRef<'_> {
    /// The value on its own.
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(v) => Value::Bool(v),
            Self::Int(v) => Value::Int(v),
            Self::Real(v) => Value::Real(v),
            Self::Text(v) => Value::Text(v.to_owned()),
            Self::Bytes(v) => Value::Bytes(v.to_owned()),
        }
    }
}

/// The values of one field over the slots of a shard.
#[derive(Clone, Debug)]
pub struct Column {
    codes: Vec<u16>,
    values: Dictionary,
}

#[derive(Clone, Debug)]
enum Dictionary {
    Bool,
    Int(Vec<i64>),
    Real(Vec<f64>),
    Text { ends: Vec<u32>, bytes: String },
    Bytes { ends: Vec<u32>, bytes: Vec<u8> },
}

impl Column {
    /// Number of distinct values, null apart. Codes are `0..distinct()`.
    #[inline]
    pub fn distinct(&self) -> usize {
        match &self.values {
            Dictionary::Bool => 2,
            Dictionary::Int(values) => values.len(),
            Dictionary::Real(values) => values.len(),
            Dictionary::Text { ends, .. } | Dictionary::Bytes { ends, .. } => ends.len(),
        }
    }

    /// Code of the value at `slot`, `None` for null. Equal codes mean equal values.
    #[inline]
    pub fn code(&self, slot: usize) -> Option<u16> {
        let code = self.codes[slot];
        (code != NULL).then_some(code)
    }

    /// The value that `code` stands for.
    #[inline]
    pub fn decode(&self, code: u16) -> ValueRef<'_> {
        let code = usize::from(code);
        let span = |ends: &[u32]| {
            let start = if code == 0 { 0 } else { ends[code - 1] as usize };
            start..ends[code] as usize
        };
        match &self.values {
            Dictionary::Bool => ValueRef::Bool(code == 1),
            Dictionary::Int(values) => ValueRef::Int(values[code]),
            Dictionary::Real(values) => ValueRef::Real(values[code]),
            Dictionary::Text { ends, bytes } => ValueRef::Text(&bytes[span(ends)]),
            Dictionary::Bytes { ends, bytes } => ValueRef::Bytes(&bytes[span(ends)]),
        }
    }

    /// The value at `slot`.
    pub fn value(&self, slot: usize) -> ValueRef<'_> {
        self.code(slot).map_or(ValueRef::Null, |code| self.decode(code))
    }

    /// Bytes of memory that the column holds.
    pub fn heap_bytes(&self) -> usize {
        let values = match &self.values {
            Dictionary::Bool => 0,
            Dictionary::Int(values) => values.capacity() * 8,
            Dictionary::Real(values) => values.capacity() * 8,
            Dictionary::Text { ends, bytes } => ends.capacity() * 4 + bytes.capacity(),
            Dictionary::Bytes { ends, bytes } => ends.capacity() * 4 + bytes.capacity(),
        };
        self.codes.capacity() * 2 + values
    }
}

/// Collects the values of one field.
#[derive(Debug)]
pub(crate) struct ColumnBuilder {
    column: Column,
    numbers: FxHashMap<u64, u16>,
    strings: FxHashMap<Box<[u8]>, u16>,
}

impl ColumnBuilder {
    pub(crate) fn new(field_type: FieldType, capacity: usize) -> Self {
        let values = match field_type {
            FieldType::Bool => Dictionary::Bool,
            FieldType::Int => Dictionary::Int(Vec::new()),
            FieldType::Real => Dictionary::Real(Vec::new()),
            FieldType::Text | FieldType::Date | FieldType::DateTime => {
                Dictionary::Text { ends: Vec::new(), bytes: String::new() }
            }
            FieldType::Bytes => Dictionary::Bytes { ends: Vec::new(), bytes: Vec::new() },
        };
        Self {
            column: Column { codes: Vec::with_capacity(capacity), values },
            numbers: FxHashMap::default(),
            strings: FxHashMap::default(),
        }
    }

    /// Adds the value of the next slot. A value of another type than the column's is null:
    /// the store has checked types before.
    pub(crate) fn push(&mut self, value: ValueRef<'_>) {
        let code = match (&mut self.column.values, value) {
            (Dictionary::Bool, ValueRef::Bool(v)) => u16::from(v),
            (Dictionary::Int(values), ValueRef::Int(v)) => {
                intern(&mut self.numbers, v.cast_unsigned(), || {
                    values.push(v);
                    values.len()
                })
            }
            (Dictionary::Real(values), ValueRef::Int(v)) => {
                let v = v as f64;
                intern(&mut self.numbers, v.to_bits(), || {
                    values.push(v);
                    values.len()
                })
            }
            (Dictionary::Real(values), ValueRef::Real(v)) => {
                intern(&mut self.numbers, v.to_bits(), || {
                    values.push(v);
                    values.len()
                })
            }
            (Dictionary::Text { ends, bytes }, ValueRef::Text(v)) => {
                intern_bytes(&mut self.strings, v.as_bytes(), || {
                    bytes.push_str(v);
                    ends.push(bytes.len() as u32);
                    ends.len()
                })
            }
            (Dictionary::Bytes { ends, bytes }, ValueRef::Bytes(v)) => {
                intern_bytes(&mut self.strings, v, || {
                    bytes.extend_from_slice(v);
                    ends.push(bytes.len() as u32);
                    ends.len()
                })
            }
            _ => NULL,
        };
        self.column.codes.push(code);
    }

    pub(crate) fn finish(self) -> Column {
        let mut column = self.column;
        column.codes.shrink_to_fit();
        match &mut column.values {
            Dictionary::Bool => {}
            Dictionary::Int(values) => values.shrink_to_fit(),
            Dictionary::Real(values) => values.shrink_to_fit(),
            Dictionary::Text { ends, bytes } => {
                ends.shrink_to_fit();
                bytes.shrink_to_fit();
            }
            Dictionary::Bytes { ends, bytes } => {
                ends.shrink_to_fit();
                bytes.shrink_to_fit();
            }
        }
        column
    }
}

/// Code of `key`; a new key gets the code one below the count that `add` answers.
fn intern<K: Eq + Hash>(codes: &mut FxHashMap<K, u16>, key: K, add: impl FnOnce() -> usize) -> u16 {
    *codes.entry(key).or_insert_with(|| (add() - 1) as u16)
}

fn intern_bytes(
    codes: &mut FxHashMap<Box<[u8]>, u16>,
    key: &[u8],
    add: impl FnOnce() -> usize,
) -> u16 {
    if let Some(code) = codes.get(key) {
        return *code;
    }
    intern(codes, key.into(), add)
}
