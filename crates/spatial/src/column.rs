//! Dictionary-coded columns: each distinct value of a shard is stored once.

use std::hash::Hasher;
use std::ops::Range;
use std::sync::OnceLock;

use rustc_hash::FxHasher;

use crate::by_text::ByText;
use crate::number_sums::NumberSums;
use crate::tight::tighten;
use crate::{FieldType, Value};

/// Code of "no value".
pub(crate) const NULL: u16 = u16::MAX;

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
    codes: Codes,
    values: Dictionary,
    /// Made when it is first asked for.
    by_text: OnceLock<Box<ByText>>,
}

/// Which value each slot has.
#[derive(Clone, Debug)]
enum Codes {
    /// [`NULL`] for a slot without one.
    Listed { codes: Vec<u16>, full: bool },
    /// Each slot has one of its own, whose code it is: keys.
    Slots,
}

/// Where the values of a dictionary lie in its bytes.
#[derive(Clone, Debug)]
enum Ends {
    /// By code.
    Each(Vec<u32>),
    /// So many of them, all of one length: codes of one kind.
    Alike { len: u32, count: u32 },
}

impl Ends {
    fn count(&self) -> usize {
        match self {
            Self::Each(ends) => ends.len(),
            Self::Alike { count, .. } => *count as usize,
        }
    }

    #[inline]
    fn span(&self, code: u16) -> Range<usize> {
        let code = usize::from(code);
        match self {
            Self::Each(ends) => {
                let start = if code == 0 { 0 } else { ends[code - 1] as usize };
                start..ends[code] as usize
            }
            Self::Alike { len, .. } => {
                let len = *len as usize;
                code * len..(code + 1) * len
            }
        }
    }

    fn push(&mut self, end: usize) {
        if let Self::Each(ends) = self {
            ends.push(end as u32);
        }
    }

    fn finish(&mut self) {
        let Self::Each(ends) = self else { return };
        let (len, count) = (ends.first().copied().unwrap_or(0), ends.len() as u32);
        if ends.iter().zip(1..).all(|(end, number)| u64::from(*end) == u64::from(len) * number) {
            *self = Self::Alike { len, count };
        } else {
            tighten(ends);
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Self::Each(ends) => ends.capacity() * 4,
            Self::Alike { .. } => 0,
        }
    }
}

#[derive(Clone, Debug)]
enum Dictionary {
    Bool,
    Int(Vec<i64>),
    Real(Vec<f64>),
    Text { ends: Ends, bytes: String },
    Bytes { ends: Ends, bytes: Vec<u8> },
}

/// The distinct values of a column, by code.
#[derive(Clone, Copy, Debug)]
pub enum Distinct<'a> {
    /// Code 0 is false, code 1 true.
    Bool,
    /// Integers.
    Int(&'a [i64]),
    /// Real numbers; equal ones differ in their bits.
    Real(&'a [f64]),
    /// Texts, dates and date-times.
    Text(Texts<'a>),
    /// Bytes; [`Column::decode`] reads them.
    Bytes,
}

/// The distinct texts of a column, by code.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'a> {
    ends: &'a Ends,
    bytes: &'a [u8],
}

impl<'a> Texts<'a> {
    /// All texts one after the other, in UTF-8.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where the text of `code` stands in [`Texts::bytes`].
    ///
    /// # Panics
    /// When no text has that code.
    #[inline]
    pub fn span(&self, code: u16) -> Range<usize> {
        self.ends.span(code)
    }
}

impl Column {
    /// Number of distinct values, null apart. Codes are `0..distinct()`.
    #[inline]
    pub fn distinct(&self) -> usize {
        match &self.values {
            Dictionary::Bool => 2,
            Dictionary::Int(values) => values.len(),
            Dictionary::Real(values) => values.len(),
            Dictionary::Text { ends, .. } | Dictionary::Bytes { ends, .. } => ends.count(),
        }
    }

    /// The distinct values, in bulk.
    #[inline]
    pub fn values(&self) -> Distinct<'_> {
        match &self.values {
            Dictionary::Bool => Distinct::Bool,
            Dictionary::Int(values) => Distinct::Int(values),
            Dictionary::Real(values) => Distinct::Real(values),
            Dictionary::Text { ends, bytes } => {
                Distinct::Text(Texts { ends, bytes: bytes.as_bytes() })
            }
            Dictionary::Bytes { .. } => Distinct::Bytes,
        }
    }

    /// Adds the codes of the values at `slots` to `codes`; `false`, and nothing added, when not every
    /// slot of the shard has a value.
    #[inline]
    pub fn extend_full(&self, slots: &[u16], codes: &mut Vec<u16>) -> bool {
        match &self.codes {
            Codes::Listed { codes: all, full: true } => {
                codes.extend(slots.iter().map(|slot| all[usize::from(*slot)]));
            }
            Codes::Listed { .. } => return false,
            Codes::Slots => codes.extend_from_slice(slots),
        }
        true
    }

    /// Code of the value at `slot`, `None` for null. Equal codes mean equal values.
    #[inline]
    pub fn code(&self, slot: usize) -> Option<u16> {
        match &self.codes {
            Codes::Listed { codes, .. } => Some(codes[slot]).filter(|code| *code != NULL),
            Codes::Slots => Some(slot as u16),
        }
    }

    /// Whether every slot has a value, none of them twice.
    #[inline]
    pub fn is_unique(&self) -> bool {
        matches!(self.codes, Codes::Slots)
    }

    /// The value that `code` stands for.
    #[inline]
    pub fn decode(&self, code: u16) -> ValueRef<'_> {
        let place = usize::from(code);
        match &self.values {
            Dictionary::Bool => ValueRef::Bool(place == 1),
            Dictionary::Int(values) => ValueRef::Int(values[place]),
            Dictionary::Real(values) => ValueRef::Real(values[place]),
            Dictionary::Text { ends, bytes, .. } => ValueRef::Text(&bytes[ends.span(code)]),
            Dictionary::Bytes { ends, bytes } => ValueRef::Bytes(&bytes[ends.span(code)]),
        }
    }

    /// The value at `slot`.
    pub fn value(&self, slot: usize) -> ValueRef<'_> {
        self.code(slot).map_or(ValueRef::Null, |code| self.decode(code))
    }

    /// Adds the slots that have `text`, blanks around it apart, ascending. `len` is the number of slots.
    pub(crate) fn extend_with_text(&self, text: &str, len: usize, slots: &mut Vec<u16>) {
        let by_text = self.by_text.get_or_init(|| Box::new(ByText::of(self, len)));
        by_text.extend(self, text, slots);
    }

    /// The sum of no number of the column; absent when it holds none.
    pub(crate) fn numbers(&self) -> Option<NumberSums> {
        match &self.values {
            Dictionary::Int(_) => NumberSums::empty(FieldType::Int),
            Dictionary::Real(_) => NumberSums::empty(FieldType::Real),
            Dictionary::Bool | Dictionary::Text { .. } | Dictionary::Bytes { .. } => None,
        }
    }

    /// Bytes of memory that the column holds.
    pub fn heap_bytes(&self) -> usize {
        let values = match &self.values {
            Dictionary::Bool => 0,
            Dictionary::Int(values) => values.capacity() * 8,
            Dictionary::Real(values) => values.capacity() * 8,
            Dictionary::Text { ends, bytes } => ends.heap_bytes() + bytes.capacity(),
            Dictionary::Bytes { ends, bytes } => ends.heap_bytes() + bytes.capacity(),
        };
        let codes = match &self.codes {
            Codes::Listed { codes, .. } => codes.capacity() * 2,
            Codes::Slots => 0,
        };
        codes + values + self.by_text.get().map_or(0, |by_text| by_text.heap_bytes())
    }
}

/// Collects the values of one field.
#[derive(Debug)]
pub(crate) struct ColumnBuilder {
    codes: Vec<u16>,
    /// Without its codes.
    column: Column,
    /// Codes by the hash of their value, open addressing, at most half full: the values
    /// themselves are in the dictionary already, so a shard of names costs no copy of each.
    table: Vec<u16>,
}

impl ColumnBuilder {
    pub(crate) fn new(field_type: FieldType, capacity: usize) -> Self {
        let values = match field_type {
            FieldType::Bool => Dictionary::Bool,
            FieldType::Int => Dictionary::Int(Vec::new()),
            FieldType::Real => Dictionary::Real(Vec::new()),
            FieldType::Text | FieldType::Date | FieldType::DateTime => {
                Dictionary::Text { ends: Ends::Each(Vec::new()), bytes: String::new() }
            }
            FieldType::Bytes => {
                Dictionary::Bytes { ends: Ends::Each(Vec::new()), bytes: Vec::new() }
            }
        };
        let column = Column { codes: Codes::Slots, values, by_text: OnceLock::new() };
        Self { codes: Vec::with_capacity(capacity), column, table: Vec::new() }
    }

    /// Adds the value of the next slot. A value of another type than the column's is null:
    /// the store has checked types before.
    pub(crate) fn push(&mut self, value: ValueRef<'_>) {
        let code = match (&self.column.values, value) {
            (Dictionary::Bool, ValueRef::Bool(v)) => u16::from(v),
            (Dictionary::Real(_), ValueRef::Int(v)) => self.intern(ValueRef::Real(v as f64)),
            (Dictionary::Int(_), ValueRef::Int(_))
            | (Dictionary::Real(_), ValueRef::Real(_))
            | (Dictionary::Text { .. }, ValueRef::Text(_))
            | (Dictionary::Bytes { .. }, ValueRef::Bytes(_)) => self.intern(value),
            _ => NULL,
        };
        self.codes.push(code);
    }

    /// Code of `value`, which is of the dictionary's type.
    fn intern(&mut self, value: ValueRef<'_>) -> u16 {
        let distinct = self.column.distinct();
        if (distinct + 1) * 2 > self.table.len() {
            self.table = vec![NULL; (self.table.len() * 2).max(16)];
            for code in 0..distinct as u16 {
                let value = self.column.decode(code);
                let at = self.find(value, hash_of(value));
                self.table[at] = code;
            }
        }
        let at = self.find(value, hash_of(value));
        if self.table[at] == NULL {
            self.table[at] = distinct as u16;
            self.column.values.push(value);
        }
        self.table[at]
    }

    /// Where the code of `value`, whose hash is given, stands in the table, or would stand.
    fn find(&self, value: ValueRef<'_>, hash: u64) -> usize {
        let mask = self.table.len() - 1;
        let mut at = hash as usize & mask;
        while self.table[at] != NULL && !same(self.column.decode(self.table[at]), value) {
            at = (at + 1) & mask;
        }
        at
    }

    pub(crate) fn finish(self) -> Column {
        let Self { mut codes, mut column, .. } = self;
        if !(0..).zip(&codes).all(|(slot, code)| slot == *code) {
            tighten(&mut codes);
            let full = !codes.contains(&NULL);
            column.codes = Codes::Listed { codes, full };
        }
        match &mut column.values {
            Dictionary::Bool => {}
            Dictionary::Int(values) => tighten(values),
            Dictionary::Real(values) => tighten(values),
            Dictionary::Text { ends, bytes } => {
                ends.finish();
                *bytes = bytes.as_str().to_owned();
            }
            Dictionary::Bytes { ends, bytes } => {
                ends.finish();
                tighten(bytes);
            }
        }
        column
    }
}

impl Dictionary {
    /// Adds a value of the dictionary's type.
    fn push(&mut self, value: ValueRef<'_>) {
        match (self, value) {
            (Self::Int(values), ValueRef::Int(v)) => values.push(v),
            (Self::Real(values), ValueRef::Real(v)) => values.push(v),
            (Self::Text { ends, bytes }, ValueRef::Text(v)) => {
                bytes.push_str(v);
                ends.push(bytes.len());
            }
            (Self::Bytes { ends, bytes }, ValueRef::Bytes(v)) => {
                bytes.extend_from_slice(v);
                ends.push(bytes.len());
            }
            _ => {}
        }
    }
}

fn hash_of(value: ValueRef<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    match value {
        ValueRef::Int(v) => hasher.write_u64(v.cast_unsigned()),
        ValueRef::Real(v) => hasher.write_u64(v.to_bits()),
        ValueRef::Text(v) => hasher.write(v.as_bytes()),
        ValueRef::Bytes(v) => hasher.write(v),
        ValueRef::Null | ValueRef::Bool(_) => {}
    }
    hasher.finish()
}

/// Whether two values of a dictionary are one: reals by their bits, so that -0 stays -0.
fn same(a: ValueRef<'_>, b: ValueRef<'_>) -> bool {
    match (a, b) {
        (ValueRef::Real(a), ValueRef::Real(b)) => a.to_bits() == b.to_bits(),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "tests")]

    use super::*;

    fn check(field_type: FieldType, values: &[ValueRef<'_>], distinct: usize) {
        let mut builder = ColumnBuilder::new(field_type, 0);
        values.iter().for_each(|value| builder.push(*value));
        let column = builder.finish();
        assert_eq!(column.distinct(), distinct);
        assert_eq!(column.is_unique(), distinct == values.len());
        for (slot, value) in values.iter().enumerate() {
            assert!(same(column.value(slot), *value), "{:?} for {value:?}", column.value(slot));
        }
        let slots: Vec<u16> = (0..values.len() as u16).collect();
        let expected: Option<Vec<u16>> =
            slots.iter().map(|slot| column.code(usize::from(*slot))).collect();
        let mut codes = Vec::new();
        assert_eq!(column.extend_full(&slots, &mut codes), expected.is_some());
        assert_eq!(codes, expected.unwrap_or_default());
    }

    #[test]
    fn a_column_gives_back_what_was_put_in_and_keeps_each_value_once() {
        use ValueRef::{Bool, Bytes, Int, Null, Real, Text};
        check(FieldType::Bool, &[Bool(true), Null, Bool(false)], 2);
        check(FieldType::Bool, &[Bool(false), Bool(true)], 2);
        check(FieldType::Real, &[Real(0.5), Real(0.0), Real(2.5)], 3);
        check(FieldType::Text, &[Text("甲"), Text("乙"), Text("丙")], 3);
        check(FieldType::Text, &[Text("甲"), Text("乙"), Text("b"), Null, Text("a")], 4);
        check(FieldType::Bytes, &[Bytes(&[])], 1);
        check(FieldType::Int, &[Int(-1), Int(i64::MAX), Null, Int(-1), Int(0)], 3);
        check(FieldType::Real, &[Real(0.0), Real(-0.0), Real(2.5), Real(0.0)], 3);
        check(FieldType::Text, &[Text(""), Text("村"), Null, Text("村"), Text("")], 2);
        check(FieldType::Bytes, &[Bytes(&[0]), Bytes(&[]), Bytes(&[0])], 2);
        let names: Vec<String> = (0..4096).map(|n| format!("JC{:05}", n % 4000)).collect();
        let names: Vec<_> = names.iter().map(|name| Text(name)).collect();
        check(FieldType::Date, &names, 4000);
    }

    #[test]
    fn a_value_of_another_type_is_null_and_an_integer_is_a_real() {
        let mut builder = ColumnBuilder::new(FieldType::Real, 2);
        builder.push(ValueRef::Text("7"));
        builder.push(ValueRef::Int(7));
        let column = builder.finish();
        assert_eq!((column.value(0), column.value(1)), (ValueRef::Null, ValueRef::Real(7.0)));
    }

    #[test]
    fn texts_are_read_in_bulk() {
        let column = |values: &[&str]| {
            let mut builder = ColumnBuilder::new(FieldType::Text, 0);
            values.iter().for_each(|value| builder.push(ValueRef::Text(value)));
            builder.finish()
        };
        let column = column(&["村", "", "李庄", "村"]);
        let Distinct::Text(one) = column.values() else { panic!("columns of text hold texts") };
        let texts: Vec<_> = (0..3).map(|code| &one.bytes()[one.span(code)]).collect();
        assert_eq!(texts, ["村".as_bytes(), b"", "李庄".as_bytes()]);
    }
}
