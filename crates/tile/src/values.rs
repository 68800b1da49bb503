//! The value table of a tile layer: each distinct value once, as far as that is cheap.
//!
//! A column is looked up as long as that finds something: keys, addresses and measures, which
//! hardly ever repeat, are written as they come from some point on, and a repeated one stands
//! twice, which the specification allows (4.1: SHOULD). That
//! point follows from the values in the order of the features, whichever shards they are in.
//!
//! While features are drawn the table holds where each value is to be found; the bytes are
//! written at the end, straight from the shards.

use std::hash::Hasher;

use rustc_hash::FxHasher;
use spatial::{Column, Distinct, Shard, Texts};

use crate::lookup::Lookup;
use crate::output::Output;
use crate::tally::SumValue;
use crate::wire::{BLOCK, MAX_VARINT, copy_short, put_varint, varint_len, zigzag64};

/// Values of a column that are looked up before it is told whether that was worth it.
const WINDOW: u32 = 64;
/// One in so many must have been there already.
const WORTH: u32 = 32;

/// Memory of a value table.
#[derive(Debug, Default)]
pub(crate) struct ValueBuffers {
    /// Value by value, its code in the column and shard of its source.
    places: Vec<u16>,
    columns: Vec<ColumnState>,
    texts: Lookup,
    ints: Lookup,
    reals: Lookup,
    /// Features that were announced, up to what is looked up first.
    expected: usize,
    /// Values of what stands for many features: behind all others.
    sums: Vec<SumValue>,
    epoch: u32,
}

/// What is known of a column.
#[derive(Debug, Default)]
struct ColumnState {
    /// By code: upper half the epoch, lower half the value index; valid for one shard.
    codes: Vec<u64>,
    looked_up: u32,
    found: u32,
    /// Whether looking up was given up.
    keys: bool,
}

/// A column of a shard and the index of the first value that was taken from it.
#[derive(Clone, Copy, Debug)]
struct Source<'a> {
    column: &'a Column,
    first: usize,
}

/// Features of one shard in a batch: from number `first` on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    pub shard: &'a Shard,
    pub first: usize,
    /// Tells what `ColumnState::codes` say of this shard from what they said of others.
    pub epoch: u32,
}

/// The values of one layer.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    columns: &'a [(usize, &'a str)],
    buffers: &'a mut ValueBuffers,
    sources: Vec<Source<'a>>,
    /// One more than the index of each.
    truths: [Option<u32>; 2],
}

impl<'a> Values<'a> {
    /// An empty table for about `expected` features; `columns` are at most 2^16.
    pub fn new(
        columns: &'a [(usize, &'a str)],
        buffers: &'a mut ValueBuffers,
        expected: usize,
    ) -> Self {
        buffers.places.clear();
        buffers.columns.resize_with(columns.len().max(buffers.columns.len()), ColumnState::default);
        for column in &mut buffers.columns {
            (column.looked_up, column.found, column.keys) = (0, 0, false);
        }
        buffers.texts.clear(expected.min(WINDOW as usize) * columns.len());
        buffers.expected = expected.min(WINDOW as usize);
        buffers.ints.forget();
        buffers.reals.forget();
        buffers.sums.clear();
        Self { columns, buffers, sources: Vec::new(), truths: [None; 2] }
    }

    /// Number of values so far.
    pub fn count(&self) -> usize {
        self.buffers.places.len()
    }

    /// Features come from `shard` from number `first` of a batch on.
    pub fn enter(&mut self, shard: &'a Shard, first: usize) -> Segment<'a> {
        if self.buffers.epoch == u32::MAX {
            self.buffers.columns.iter_mut().for_each(|column| column.codes.clear());
            self.buffers.epoch = 0;
        }
        self.buffers.epoch += 1;
        for (state, (column, _)) in self.buffers.columns.iter_mut().zip(self.columns) {
            let column = shard.columns().get(*column).filter(|column| !column.is_unique());
            let distinct = column.map_or(0, Column::distinct);
            if state.codes.len() < distinct {
                state.codes.resize(distinct, 0);
            }
        }
        Segment { shard, first, epoch: self.buffers.epoch }
    }

    /// Finds the values of a batch: into `tags`, column by column and feature by feature, one more
    /// than the index; 0 for null and what no tile carries.
    pub fn index_batch(&mut self, segments: &[Segment<'a>], slots: &[u16], tags: &mut Vec<u32>) {
        tags.reserve(slots.len() * self.columns.len());
        for position in 0..self.columns.len() {
            for (number, segment) in segments.iter().enumerate() {
                let end = segments.get(number + 1).map_or(slots.len(), |next| next.first);
                let slots = &slots[segment.first..end];
                match segment.shard.columns().get(self.columns[position].0) {
                    _ if slots.is_empty() => {}
                    Some(column) => {
                        self.sources.push(Source { column, first: self.buffers.places.len() });
                        self.index_run((position, column), segment.epoch, slots, tags);
                    }
                    None => tags.resize(tags.len() + slots.len(), 0),
                }
            }
        }
    }

    fn index_run(
        &mut self,
        (position, column): (usize, &Column),
        epoch: u32,
        slots: &[u16],
        tags: &mut Vec<u32>,
    ) {
        let values = column.values();
        let codes = slots.iter().map(|slot| column.code(usize::from(*slot)));
        match values {
            Distinct::Bytes => tags.resize(tags.len() + slots.len(), 0),
            Distinct::Bool => tags.extend(codes.map(|code| {
                let Some(code) = code else { return 0 };
                let index = self.truths[usize::from(code)].unwrap_or_else(|| self.push(code));
                self.truths[usize::from(code)] = Some(index);
                index
            })),
            Distinct::Text(_) | Distinct::Int(_) | Distinct::Real(_) => {
                let start = tags.len();
                for code in codes {
                    if self.buffers.columns[position].keys {
                        break;
                    }
                    let index = code.map(|code| self.look_up((position, epoch), code, column));
                    tags.push(index.map_or(0, |index| index + 1));
                }
                self.push_keys(column, &slots[tags.len() - start..], tags);
            }
        }
    }

    /// Adds the values of `column` at `slots`, whether they are there or not.
    fn push_keys(&mut self, column: &Column, slots: &[u16], tags: &mut Vec<u32>) {
        let places = &mut self.buffers.places;
        let next = places.len() as u32 + 1;
        if column.extend_full(slots, places) {
            tags.extend(next..next + slots.len() as u32);
            return;
        }
        for slot in slots {
            let code = column.code(usize::from(*slot));
            places.extend(code);
            tags.push(code.map_or(0, |_| places.len() as u32));
        }
    }

    /// Adds a value; answers one more than its index.
    #[inline]
    fn push(&mut self, code: u16) -> u32 {
        self.buffers.places.push(code);
        self.buffers.places.len() as u32
    }

    /// Index of a value, the next free one if it is not there.
    #[inline]
    fn look_up(&mut self, (position, epoch): (usize, u32), code: u16, column: &Column) -> u32 {
        let fresh = self.buffers.places.len() as u32;
        let index = if column.is_unique() {
            // No other feature of the shard has it.
            self.find(code, column.values(), fresh)
        } else {
            let known = self.buffers.columns[position].codes[usize::from(code)];
            if (known >> 32) as u32 == epoch {
                known as u32
            } else {
                let index = self.find(code, column.values(), fresh);
                let known = u64::from(epoch) << 32 | u64::from(index);
                self.buffers.columns[position].codes[usize::from(code)] = known;
                index
            }
        };
        if index == fresh {
            self.buffers.places.push(code);
        }
        let column = &mut self.buffers.columns[position];
        column.looked_up += 1;
        column.found += u32::from(index != fresh);
        if column.looked_up == WINDOW {
            column.keys = column.found < WINDOW / WORTH;
            (column.looked_up, column.found) = (0, 0);
        }
        index
    }

    /// Index of the value that `code` stands for among `values`, `fresh` if it is not there.
    fn find(&mut self, code: u16, values: Distinct<'_>, fresh: u32) -> u32 {
        let expected = self.buffers.expected;
        let ValueBuffers { places, texts: lookup, ints, reals, .. } = &mut *self.buffers;
        match values {
            Distinct::Text(texts) => {
                let text = &texts.bytes()[texts.span(code)];
                let is_it = |index: u32| text_at(index, places, &self.sources) == text;
                let mut hasher = FxHasher::default();
                hasher.write(text);
                lookup.index_or(hasher.finish(), fresh, is_it)
            }
            Distinct::Int(values) => {
                ints.expect(expected);
                ints.index_or(values[usize::from(code)].cast_unsigned(), fresh, |_| true)
            }
            Distinct::Real(values) => {
                reals.expect(expected);
                reals.index_or(values[usize::from(code)].to_bits(), fresh, |_| true)
            }
            Distinct::Bool | Distinct::Bytes => fresh,
        }
    }

    /// Index of a value of what stands for many features. No value of a single one comes after.
    pub fn sum_index(&mut self, value: SumValue) -> u32 {
        let ValueBuffers { places, sums, ints, reals, .. } = &mut *self.buffers;
        let first = places.len() as u32;
        let fresh = first + sums.len() as u32;
        let index = match value {
            SumValue::Word(_) => {
                let found = sums.iter().position(|known| *known == value);
                found.map_or(fresh, |position| first + position as u32)
            }
            SumValue::Int(value) => {
                ints.expect(0);
                ints.index_or(value.cast_unsigned(), fresh, |_| true)
            }
            SumValue::Real(value) => {
                reals.expect(0);
                reals.index_or(value.to_bits(), fresh, |_| true)
            }
        };
        if index == fresh {
            sums.push(value);
        }
        index
    }

    /// Writes the values in the order of their indexes, as fields 4 of a layer.
    pub fn write(&self, output: &mut Output) {
        let ends = self.sources.iter().skip(1).map(|source| source.first);
        let ends = ends.chain([self.buffers.places.len()]);
        for (source, end) in self.sources.iter().zip(ends) {
            let values = source.column.values();
            for code in &self.buffers.places[source.first..end] {
                put_value(output, values, *code);
            }
        }
        for value in &self.buffers.sums {
            match *value {
                SumValue::Word(word) => put_any_text(output, word.as_bytes()),
                SumValue::Int(value) => put_int(output, value),
                SumValue::Real(value) => put_real(output, value),
            }
        }
    }
}

/// The text at `index` of the table; nothing when that is none.
fn text_at<'a>(index: u32, places: &[u16], sources: &[Source<'a>]) -> &'a [u8] {
    let index = index as usize;
    let source = sources.partition_point(|source| source.first <= index) - 1;
    match sources[source].column.values() {
        Distinct::Text(texts) => &texts.bytes()[texts.span(places[index])],
        _ => &[],
    }
}

const LAYER_VALUE: u8 = 0x22;
const STRING: u8 = 0x0a;
const DOUBLE: u8 = 0x19;
const SINT: u8 = 0x30;
const BOOL: u8 = 0x38;

/// Writes a value as field 4 of a layer. Integers are always `sint`, so that a client sees one
/// type an attribute.
#[inline]
fn put_value(output: &mut Output, values: Distinct<'_>, code: u16) {
    match values {
        Distinct::Text(texts) => put_text(output, texts, code),
        Distinct::Real(values) => put_real(output, values[usize::from(code)]),
        Distinct::Int(values) => put_int(output, values[usize::from(code)]),
        Distinct::Bool => output.push(&[LAYER_VALUE, 2, BOOL, u8::from(code == 1)]),
        Distinct::Bytes => {}
    }
}

#[inline]
fn put_real(output: &mut Output, value: f64) {
    let mut field = [0; 11];
    field[..3].copy_from_slice(&[LAYER_VALUE, 9, DOUBLE]);
    field[3..].copy_from_slice(&value.to_le_bytes());
    output.push(&field);
}

#[inline]
fn put_int(output: &mut Output, value: i64) {
    let value = zigzag64(value);
    let room = output.room(3 + MAX_VARINT);
    room[..3].copy_from_slice(&[LAYER_VALUE, 1 + varint_len(value) as u8, SINT]);
    let end = put_varint(room, 3, value);
    output.advance(end);
}

/// Longest text whose field has lengths of one byte each.
const SHORT: usize = 0x7f - 2;

#[inline]
fn put_text(output: &mut Output, texts: Texts<'_>, code: u16) {
    let (bytes, span) = (texts.bytes(), texts.span(code));
    let len = span.len();
    if len > SHORT || span.start + len + BLOCK > bytes.len() {
        return put_any_text(output, &bytes[span]);
    }
    let room = output.room(4 + SHORT + BLOCK);
    room[..4].copy_from_slice(&[LAYER_VALUE, len as u8 + 2, STRING, len as u8]);
    copy_short(&mut room[4..], &bytes[span.start..], len);
    output.advance(4 + len);
}

#[cold]
fn put_any_text(output: &mut Output, text: &[u8]) {
    let len = text.len() as u64;
    let room = output.room(2 + 2 * MAX_VARINT);
    room[0] = LAYER_VALUE;
    let at = put_varint(room, 1, 1 + varint_len(len) as u64 + len);
    room[at] = STRING;
    let end = put_varint(room, at + 1, len);
    output.advance(end);
    output.push(text);
}
