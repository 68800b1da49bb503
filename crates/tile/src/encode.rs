//! Our own encoder: features become bytes in one pass, in scratch that is used again.

use spatial::{PathRole, Shard};

use crate::draw::Kind;
use crate::figure::{Figure, Point};
use crate::matrix_set::EXTENT;
use crate::values::Values;
use crate::wire::{MAX_VARINT, put_bytes, put_pair, put_varint, varint_len, zigzag};
use crate::writer::LayerWriter;

const MOVE_TO: u32 = 1;
const LINE_TO: u32 = 2;
const CLOSE_PATH: u8 = 7 | 1 << 3;

/// Buffers of the encoder.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    features: Vec<u8>,
    geometry: Vec<u8>,
    tags: Vec<u8>,
    values: Values,
}

/// Writes one layer into [`Buffers`].
#[derive(Debug)]
pub(crate) struct Encoder<'a> {
    name: &'a str,
    columns: &'a [(usize, &'a str)],
    buffers: &'a mut Buffers,
    /// Bytes of `buffers.features` in use.
    used: usize,
}

impl<'a> Encoder<'a> {
    pub fn new(name: &'a str, columns: &'a [(usize, &'a str)], buffers: &'a mut Buffers) -> Self {
        buffers.values.clear();
        let room = columns.len() * 2 * MAX_VARINT;
        if buffers.tags.len() < room {
            buffers.tags.resize(room, 0);
        }
        Self { name, columns, buffers, used: 0 }
    }

    #[inline]
    fn tags(&mut self, shard: &Shard, slot: usize) -> usize {
        let mut at = 0;
        for (position, (column, _)) in self.columns.iter().enumerate() {
            let Some(column) = shard.columns().get(*column) else { continue };
            if let Some(value) = self.buffers.values.index(position, column, slot) {
                at = put_varint(&mut self.buffers.tags, at, position as u64);
                at = put_varint(&mut self.buffers.tags, at, u64::from(value));
            }
        }
        at
    }
}

impl LayerWriter for Encoder<'_> {
    fn enter(&mut self, shard: &Shard) {
        self.buffers.values.enter(shard, self.columns);
    }

    #[inline]
    fn write(&mut self, shard: &Shard, slot: usize, kind: Kind, figure: &Figure) {
        // Two bytes a number, and for each path its commands.
        let room = figure.point_count() * 4 + figure.paths().len() * (2 * MAX_VARINT + 1) + 4;
        if self.buffers.geometry.len() < room {
            self.buffers.geometry.resize(room.next_power_of_two(), 0);
        }
        let geometry = put_geometry(&mut self.buffers.geometry, kind, figure);
        let tags = self.tags(shard, slot);
        let id = shard.ids()[slot].value().cast_unsigned();
        let list = |len: usize| 1 + varint_len(len as u64) + len;
        let body = 1 + varint_len(id) + if tags > 0 { list(tags) } else { 0 } + 2 + list(geometry);
        let needed = self.used + body + 1 + MAX_VARINT;
        let features = &mut self.buffers.features;
        if features.len() < needed {
            features.resize(needed.next_power_of_two().max(1 << 16), 0);
        }
        let mut at = self.used;
        features[at] = 0x12;
        at = put_varint(features, at + 1, body as u64);
        features[at] = 0x08;
        at = put_varint(features, at + 1, id);
        if tags > 0 {
            at = put_bytes(features, at, 0x12, &self.buffers.tags[..tags]);
        }
        features[at] = 0x18;
        features[at + 1] = kind as u8;
        self.used = put_bytes(features, at + 2, 0x22, &self.buffers.geometry[..geometry]);
    }

    fn finish(self) -> Vec<u8> {
        if self.used == 0 {
            return Vec::new();
        }
        let mut head = vec![0; self.name.len() + 2 * MAX_VARINT];
        let end = put_bytes(&mut head, 0, 0x0a, self.name.as_bytes());
        head.truncate(end);
        let mut keys =
            vec![0; self.columns.iter().map(|(_, key)| key.len() + MAX_VARINT + 1).sum()];
        let end = self
            .columns
            .iter()
            .fold(0, |at, (_, key)| put_bytes(&mut keys, at, 0x1a, key.as_bytes()));
        keys.truncate(end);
        let mut tail = [0; 16];
        tail[0] = 0x28;
        let end = put_varint(&mut tail, 1, u64::from(EXTENT));
        tail[end..end + 2].copy_from_slice(&[0x78, 2]);
        let parts = [
            &head[..],
            &self.buffers.features[..self.used],
            &keys,
            &self.buffers.values.bytes,
            &tail[..end + 2],
        ];
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let mut layer = Vec::with_capacity(1 + MAX_VARINT + len);
        layer.push(0x1a);
        crate::wire::push_varint(&mut layer, len as u64);
        for part in parts {
            layer.extend_from_slice(part);
        }
        layer
    }
}

/// Writes the commands of `figure`; answers their length in bytes.
#[inline]
fn put_geometry(bytes: &mut [u8], kind: Kind, figure: &Figure) -> usize {
    let command = |id: u32, count: usize| u64::from(id) | (count as u64) << 3;
    let mut at = 0;
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
        bytes[at] = (MOVE_TO | 1 << 3) as u8;
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
