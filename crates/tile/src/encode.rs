//! Our own encoder: features become bytes batch by batch, values follow from where they lie.
//!
//! Some features are gathered with their commands, then their tags are found column by column,
//! which keeps each column's table at hand, then all is put together. Batches are so many features,
//! whichever shards they are in, so that these leave no trace in a tile.

use spatial::{FeatureId, PathRole, Shard};

use crate::draw::Kind;
use crate::figure::{Figure, Point};
use crate::kept::{Borrowed, Record};
use crate::matrix_set::EXTENT;
use crate::output::Output;
use crate::tally::Summed;
use crate::values::{Segment, ValueBuffers, Values};
use crate::wire::{
    BLOCK, MAX_VARINT, TAG_ROOM, WORD_KEYS, WORD_VALUES, close, copy_short, put_bytes, put_pair,
    put_tag, put_varint, put_word, tag_word, varint_len, zigzag,
};
use crate::writer::LayerWriter;

const MOVE_TO: u32 = 1;
const LINE_TO: u32 = 2;
const CLOSE_PATH: u8 = 7 | 1 << 3;
/// MoveTo of one point.
const ONE_MOVE: u8 = (MOVE_TO | 1 << 3) as u8;

/// Most columns that a layer shows; the rest is left out.
const MAX_COLUMNS: usize = 1 << 16;
/// Bytes that a feature weighs about. A wrong guess of a layer's length costs one move of it.
const USUAL_BYTES: usize = 144;
/// Features that memory is reserved for at most before the first comes.
const RESERVED: usize = 1 << 19;

/// Features of a batch.
const BATCH: usize = 512;
/// Memory of the encoder.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    output: Output,
    values: ValueBuffers,
    batch: Batch,
}

/// Features that wait for their tags.
#[derive(Debug, Default)]
struct Batch {
    slots: Vec<u16>,
    kinds: Vec<Kind>,
    /// Where the commands of each end.
    ends: Vec<usize>,
    /// Commands, feature after feature, and room behind them.
    commands: Vec<u8>,
    /// Column by column, feature by feature: one more than the index of the value; 0 for none.
    tags: Vec<u32>,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.slots.len() == BATCH
    }

    /// Makes room for a feature whose commands take at most so many bytes; answers where they begin.
    #[inline]
    fn begin(&mut self, slot: usize, kind: Kind, most: usize) -> usize {
        let start = self.ends.last().copied().unwrap_or(0);
        let needed = start + most + BLOCK;
        if self.commands.len() < needed {
            self.commands.resize(needed.next_power_of_two(), 0);
        }
        self.slots.push(slot as u16);
        self.kinds.push(kind);
        start
    }

    fn clear(&mut self) {
        self.slots.clear();
        self.kinds.clear();
        self.ends.clear();
        self.tags.clear();
    }
}

/// Writes one layer.
#[derive(Debug)]
pub(crate) struct Encoder<'a> {
    columns: &'a [(usize, &'a str)],
    output: &'a mut Output,
    values: Values<'a>,
    batch: &'a mut Batch,
    /// The shards of the batch, and which of its features they have.
    segments: Vec<Segment<'a>>,
    /// Where the layer's name begins: after its tag and the length, as it was guessed.
    start: usize,
    features: usize,
    kept: Borrowed<'a>,
    /// Keys behind those of the columns.
    keys: Vec<String>,
}

impl<'a> Encoder<'a> {
    /// Writes the layer `name` into the memory of `bytes`; about `expected` features come.
    pub fn new(
        (name, columns): (&'a str, &'a [(usize, &'a str)]),
        buffers: &'a mut Buffers,
        bytes: Vec<u8>,
        (expected, kept): (usize, Borrowed<'a>),
    ) -> Self {
        let Buffers { output, values, batch } = buffers;
        batch.clear();
        let columns = &columns[..columns.len().min(MAX_COLUMNS)];
        let start = 1 + varint_len(expected.saturating_mul(USUAL_BYTES) as u64);
        output.start(bytes, expected.min(RESERVED) * USUAL_BYTES);
        output.push(&[0; 1 + MAX_VARINT][..start]);
        push_field(output, 0x0a, name.as_bytes());
        let values = Values::new(columns, values, expected);
        let (segments, keys) = (Vec::new(), Vec::new());
        Self { columns, output, values, batch, segments, start, features: 0, kept, keys }
    }
}

impl<'a> LayerWriter<'a> for Encoder<'a> {
    fn enter(&mut self, shard: &'a Shard) {
        self.kept.enter(shard);
        let segment = self.values.enter(shard, self.batch.slots.len());
        self.segments.push(segment);
    }

    #[inline]
    fn write(&mut self, _shard: &Shard, slot: usize, kind: Kind, figure: &Figure) {
        if self.batch.is_full() {
            self.end_batch();
        }
        let start = self.batch.begin(slot, kind, commands_room(figure));
        self.features += 1;
        let Batch { ends, commands, .. } = &mut *self.batch;
        ends.push(put_geometry(commands, start, kind, figure));
    }

    fn knows(&mut self, shard: &Shard, slot: usize) -> bool {
        self.kept.enter(shard);
        self.kept.get(slot).is_some()
    }

    #[inline]
    fn write_kept(&mut self, slot: usize) -> bool {
        if self.batch.is_full() {
            self.end_batch();
        }
        let Some((first, record)) = self.kept.get(slot) else { return false };
        self.features += 1;
        let Record { commands: kept, len, .. } = record;
        let start = self.batch.begin(slot, Kind::Polygons, 1 + 4 + len);
        let Batch { ends, commands, .. } = &mut *self.batch;
        commands[start] = ONE_MOVE;
        let at = put_deltas(commands, start + 1, &mut [0; 2], &[first]);
        copy_short(&mut commands[at..], kept, len);
        ends.push(at + len);
        true
    }

    fn keep(&mut self, slot: usize, figure: &Figure) {
        let Batch { ends, commands, .. } = &*self.batch;
        let (Some(end), Some(path)) = (ends.last(), figure.paths().first()) else { return };
        let Some(&first) = figure.points(*path).first() else { return };
        let start = ends.iter().rev().nth(1).copied().unwrap_or(0);
        // Behind the first point, however long that is.
        let start = put_deltas(&mut [0; 4], 0, &mut [0; 2], &[first]) + start + 1;
        self.kept.put(slot, first, &commands[start..*end]);
    }

    fn write_summed(&mut self, summed: &Summed<'_>, keys: &[String], figure: &Figure) {
        if self.keys.is_empty() {
            self.keys.extend_from_slice(keys);
        }
        self.end_batch();
        let first = self.columns.len();
        let needed = commands_room(figure) + summed.values.len() * TAG_ROOM + AROUND;
        let (room, values) = (self.output.room(needed), &mut self.values);
        let end = put_feature(
            room,
            (summed.id, summed.kind),
            |room, at| {
                let tag = |at, (key, value): &(usize, _)| {
                    put_tag(room, at, (first + key) as u32, values.sum_index(*value))
                };
                summed.values.iter().fold(at, tag)
            },
            |room, at| put_geometry(room, at, summed.kind, figure),
        );
        self.output.advance(end);
        self.features += 1;
    }

    fn finish(mut self) -> Vec<u8> {
        self.end_batch();
        let Self { columns, output, values, start, features, keys, .. } = self;
        for (_, key) in columns {
            push_field(output, 0x1a, key.as_bytes());
        }
        for key in &keys {
            push_field(output, 0x1a, key.as_bytes());
        }
        values.write(output);
        let mut extent = [0; 1 + MAX_VARINT];
        extent[0] = 0x28;
        let end = put_varint(&mut extent, 1, u64::from(EXTENT));
        output.push(&extent[..end]);
        output.push(&[0x78, 2]);
        let mut bytes = output.finish();
        if features == 0 {
            bytes.clear();
            return bytes;
        }
        let mut head = [0; 1 + MAX_VARINT];
        head[0] = 0x1a;
        let end = put_varint(&mut head, 1, (bytes.len() - start) as u64);
        if end == start {
            bytes[..end].copy_from_slice(&head[..end]);
        } else {
            bytes.splice(..start, head[..end].iter().copied());
        }
        bytes
    }
}

/// Bytes that the commands of `figure` take at most: two a number, and for each path what says
/// how many there are.
#[inline]
fn commands_room(figure: &Figure) -> usize {
    figure.point_count() * 4 + figure.paths().len() * (2 * MAX_VARINT + 1) + 4
}

/// Bytes that stand around the tags and the commands of a feature at most.
const AROUND: usize = 5 * MAX_VARINT;

impl Encoder<'_> {
    /// Writes the features that wait.
    fn end_batch(&mut self) {
        let Batch { slots, kinds, ends, commands, tags } = &mut *self.batch;
        self.values.index_batch(&self.segments, slots, tags);
        let (features, columns) = (slots.len(), self.columns.len());
        let words = columns <= WORD_KEYS && self.values.count() <= WORD_VALUES;
        if words {
            tags.iter_mut().for_each(|tag| *tag = tag_word(*tag));
        }
        let mut segments = self.segments.iter();
        let mut ids: &[FeatureId] = &[];
        let mut next = segments.next();
        let mut start = 0;
        for (number, slot) in slots.iter().enumerate() {
            while let Some(segment) = next.filter(|segment| segment.first <= number) {
                ids = segment.shard.ids();
                next = segments.next();
            }
            let len = ends[number] - start;
            let commands = &commands[start..];
            let room = self.output.room(len + BLOCK + columns * TAG_ROOM + AROUND);
            let id = ids[usize::from(*slot)].value().cast_unsigned();
            let end = put_feature(
                room,
                (id, kinds[number]),
                |room, at| {
                    let tag = |column: usize| tags[column * features + number];
                    if words {
                        let put = |at, key| put_word(room, at, key as u8, tag(key));
                        return (0..columns).fold(at, put);
                    }
                    (0..columns).fold(at, |at, key| match tag(key) {
                        0 => at,
                        index => put_tag(room, at, key as u32, index - 1),
                    })
                },
                |room, at| {
                    copy_short(&mut room[at..], commands, len);
                    at + len
                },
            );
            self.output.advance(end);
            start += len;
        }
        self.batch.clear();
        // The last shard may go on.
        if let Some(last) = self.segments.pop() {
            self.segments.clear();
            self.segments.push(Segment { first: 0, ..last });
        }
    }
}

/// Writes a feature whose tags and commands are put where it says; answers the position after it.
#[inline]
fn put_feature(
    room: &mut [u8],
    (id, kind): (u64, Kind),
    put_tags: impl FnOnce(&mut [u8], usize) -> usize,
    put_commands: impl FnOnce(&mut [u8], usize) -> usize,
) -> usize {
    // The fields are closed from the inside outwards, when their lengths are known.
    room[0] = 0x12;
    room[2] = 0x08;
    let mut at = put_varint(room, 3, id);
    let tags = at + 1;
    let end = put_tags(room, tags + 1);
    if end > tags + 1 {
        room[at] = 0x12;
        at = close(room, tags, end);
    }
    room[at..at + 3].copy_from_slice(&[0x18, kind as u8, 0x22]);
    let end = put_commands(room, at + 4);
    let end = close(room, at + 3, end);
    close(room, 1, end)
}

fn push_field(output: &mut Output, tag: u8, payload: &[u8]) {
    let room = output.room(1 + MAX_VARINT + payload.len());
    let end = put_bytes(room, 0, tag, payload);
    output.advance(end);
}

/// Writes the commands of `figure` at `at`; answers the position after them.
#[inline]
fn put_geometry(bytes: &mut [u8], mut at: usize, kind: Kind, figure: &Figure) -> usize {
    let command = |id: u32, count: usize| u64::from(id) | (count as u64) << 3;
    let mut cursor: Point = [0; 2];
    if kind == Kind::Points {
        at = put_varint(bytes, at, command(MOVE_TO, figure.point_count()));
        for path in figure.paths() {
            at = put_deltas(bytes, at, &mut cursor, figure.points(*path));
        }
        return at;
    }
    for path in figure.paths() {
        let points = figure.points(*path);
        let (first, rest) = points.split_at(1);
        bytes[at] = ONE_MOVE;
        at = put_deltas(bytes, at + 1, &mut cursor, first);
        at = put_varint(bytes, at, command(LINE_TO, rest.len()));
        at = put_deltas(bytes, at, &mut cursor, rest);
        if path.role != PathRole::Line {
            bytes[at] = CLOSE_PATH;
            at += 1;
        }
    }
    at
}

#[inline]
fn put_deltas(bytes: &mut [u8], mut at: usize, cursor: &mut Point, points: &[Point]) -> usize {
    for &point in points {
        let delta = [point[0] - cursor[0], point[1] - cursor[1]];
        at = put_pair(bytes, at, zigzag(delta[0]), zigzag(delta[1]));
        *cursor = point;
    }
    at
}
