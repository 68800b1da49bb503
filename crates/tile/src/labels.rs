//! A layer of label points beside a layer of polygons: one point a feature and zoom.
//!
//! The point is the middle of a large circle inside the feature's largest polygon, with the
//! feature's id and attributes. It stands in the one tile that holds it (western and northern
//! border included, the others not; no buffer), in units of that tile, `0..4096`. Polygons whose
//! circle is smaller than [`MIN_RADIUS`] have no label at the zoom, which bounds the layer; where
//! polygons lie upon one another, at most [`MAX_LABELS`] stay, the largest circles first. Features
//! are in that order, and [`RADIUS`] tells a client how large each circle is.

use std::cmp::Reverse;

use rustc_hash::FxHashMap;
use spatial::{LabelPoint, Shard, ValueRef, WorldPoint};

use crate::coord::TileCoord;
use crate::matrix_set::{EXTENT, UNIT_ZOOM};
use crate::source::LayerInput;
use crate::wire::{MAX_VARINT, put_varint, zigzag, zigzag64};

/// Tile units of the smallest circle that has a label: six pixels of a 512-pixel tile, half a
/// line of writing.
pub const MIN_RADIUS: u32 = 48;
/// Most labels of one layer in a tile: one on 11 by 11 pixels.
pub const MAX_LABELS: usize = 2048;
/// Name of the attribute that holds a circle's radius in tile units, an integer.
pub const RADIUS: &str = "tuban:radius";

/// The labels of the polygons of `layer` in the tile at `coord`, as field 3 of a tile; empty when
/// there is none. Bytes of layers one behind the other are a tile.
pub fn labels(layer: &LayerInput<'_>, coord: TileCoord) -> Vec<u8> {
    let found = find(layer, coord);
    if found.is_empty() { Vec::new() } else { encode(layer, coord, &found) }
}

/// One label: its circle, and the feature that it names.
type Label<'a> = (LabelPoint, &'a Shard, usize);

fn find<'a>(layer: &LayerInput<'a>, coord: TileCoord) -> Vec<Label<'a>> {
    let least = f64::from(MIN_RADIUS) * world_units(coord);
    let least_area = std::f64::consts::PI * least * least;
    let mut found = Vec::new();
    layer.source.search(&coord.world_box(0), &mut |shard, slots| {
        for slot in slots.iter().map(|slot| usize::from(*slot)) {
            let feature = shard.feature(slot);
            let bounds = feature.world_box();
            let narrow = [0, 1]
                .iter()
                .any(|axis| f64::from(bounds.max[*axis] - bounds.min[*axis]) < 2.0 * least);
            // What cannot hold the circle is not searched for one.
            if narrow || feature.world_area() < least_area {
                continue;
            }
            let Some(point) = feature.label_point() else { continue };
            let here = TileCoord::holding(coord.z(), point.world) == coord;
            if here && f64::from(point.radius) >= least {
                found.push((point, shard, slot));
            }
        }
    });
    // Radii are positive: their bits are in the order of their values.
    found.sort_unstable_by_key(|(point, shard, slot)| {
        (Reverse(point.radius.to_bits()), shard.ids()[*slot])
    });
    found.truncate(MAX_LABELS);
    found
}

/// World units of a tile unit.
fn world_units(coord: TileCoord) -> f64 {
    2_f64.powi(i32::from(UNIT_ZOOM) - i32::from(coord.z()))
}

/// Tile units of a world point in the tile that holds it: rounded down, so that it stays there.
fn local(point: WorldPoint, coord: TileCoord) -> [u32; 2] {
    [0, 1].map(|axis| {
        let units = (u64::from(point[axis]) << coord.z()) >> UNIT_ZOOM;
        units as u32 & (EXTENT - 1)
    })
}

fn encode(layer: &LayerInput<'_>, coord: TileCoord, found: &[Label<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut values = ValueTable::default();
    field(&mut body, 0x0a, layer.name.as_bytes());
    let mut feature = Vec::new();
    let mut packed = Vec::new();
    for (point, shard, slot) in found {
        feature.clear();
        packed.clear();
        feature.push(0x08);
        varint(&mut feature, shard.ids()[*slot].value().cast_unsigned());
        for (key, (column, _)) in layer.columns.iter().enumerate() {
            let value = shard.columns().get(*column).map_or(ValueRef::Null, |c| c.value(*slot));
            if let Some(number) = values.number_of(value) {
                varint(&mut packed, key as u64);
                varint(&mut packed, number);
            }
        }
        let radius = (f64::from(point.radius) / world_units(coord)) as i64;
        if let Some(number) = values.number_of(ValueRef::Int(radius)) {
            varint(&mut packed, layer.columns.len() as u64);
            varint(&mut packed, number);
        }
        field(&mut feature, 0x12, &packed);
        // A point, by one command to move there.
        let [x, y] = local(point.world, coord).map(|v| zigzag(v.cast_signed()));
        packed.clear();
        packed.push(1 | 1 << 3);
        varint(&mut packed, u64::from(x));
        varint(&mut packed, u64::from(y));
        feature.extend([0x18, 1]);
        field(&mut feature, 0x22, &packed);
        field(&mut body, 0x12, &feature);
    }
    for (_, key) in layer.columns {
        field(&mut body, 0x1a, key.as_bytes());
    }
    field(&mut body, 0x1a, RADIUS.as_bytes());
    body.extend(&values.bytes);
    body.push(0x28);
    varint(&mut body, u64::from(EXTENT));
    body.extend([0x78, 2]);
    let mut bytes = Vec::with_capacity(body.len() + 1 + MAX_VARINT);
    field(&mut bytes, 0x1a, &body);
    bytes
}

/// The values of a layer, each once, in the order of their first use.
#[derive(Default)]
struct ValueTable {
    numbers: FxHashMap<Vec<u8>, u64>,
    bytes: Vec<u8>,
}

impl ValueTable {
    /// The number of a value; none for what tiles do not carry.
    fn number_of(&mut self, value: ValueRef<'_>) -> Option<u64> {
        let mut message = Vec::new();
        match value {
            ValueRef::Null | ValueRef::Bytes(_) => return None,
            ValueRef::Bool(v) => message.extend([0x38, u8::from(v)]),
            ValueRef::Int(v) => {
                message.push(0x30);
                varint(&mut message, zigzag64(v));
            }
            ValueRef::Real(v) => {
                message.push(0x19);
                message.extend(v.to_le_bytes());
            }
            ValueRef::Text(v) => field(&mut message, 0x0a, v.as_bytes()),
        }
        let next = self.numbers.len() as u64;
        Some(*self.numbers.entry(message).or_insert_with_key(|message| {
            field(&mut self.bytes, 0x22, message);
            next
        }))
    }
}

fn varint(bytes: &mut Vec<u8>, value: u64) {
    let mut room = [0; MAX_VARINT];
    let end = put_varint(&mut room, 0, value);
    bytes.extend(&room[..end]);
}

fn field(bytes: &mut Vec<u8>, tag: u8, payload: &[u8]) {
    bytes.push(tag);
    varint(bytes, payload.len() as u64);
    bytes.extend(payload);
}
