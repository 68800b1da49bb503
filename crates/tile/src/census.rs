//! Counts, before anything is drawn, what a tile would hold of a layer and weighs it.

use spatial::size::SIZES;
use spatial::{Distinct, Shard, Size, WorldBox};

use crate::select::Selection;
use crate::{LayerInput, TileCoord};

/// Bytes of a feature around its geometry and its tags: id, kind, lengths.
const HEAD: f64 = 13.0;
/// Bytes of one command sequence's frame, and of a vertex.
const PATH: f64 = 4.0;
const VERTEX: f64 = 2.3;
/// Bytes of a tag.
const TAG: f64 = 3.5;
/// A column is a key when more than one in so many values is like no other.
const KEY: f64 = 2.0;

/// What a tile would hold of a layer.
#[derive(Clone, Debug)]
pub(crate) struct Census {
    /// Features of each size class.
    sizes: [f64; SIZES],
    points: f64,
    /// Vertices a feature.
    vertices: f64,
    columns: Vec<ColumnWeight>,
    /// Where they lie, as far as that is in the tile.
    extent: WorldBox,
}

/// What a column weighs.
#[derive(Clone, Copy, Debug, Default)]
struct ColumnWeight {
    /// Bytes of its values, a feature.
    bytes: f64,
    /// Whether most of its values are texts that stand once.
    key: bool,
    /// Numbers, which cells sum up.
    number: bool,
}

/// Sums up shards, as far as they lie in the tile.
struct Weighing {
    sizes: [f64; SIZES],
    points: f64,
    features: f64,
    vertices: f64,
    columns: Vec<ColumnSums>,
    extent: WorldBox,
}

#[derive(Clone, Copy, Default)]
struct ColumnSums {
    /// Features and distinct values of the shards seen.
    features: f64,
    distinct: f64,
    /// Bytes of the values, were each shard's own, and of the longest table of a shard.
    bytes: f64,
    longest: f64,
    text: bool,
    number: bool,
}

impl Census {
    /// The census of features that are known one by one.
    pub fn of_selection(layer: &LayerInput<'_>, selection: &Selection<'_>) -> Self {
        let mut weighing = Weighing::new(layer);
        for (shard, slots) in selection.runs() {
            let part = slots.len() as f64 / shard.len().max(1) as f64;
            weighing.columns(layer, shard, part);
            for slot in slots {
                weighing.count(shard.sizes()[usize::from(*slot)], 1.0);
            }
        }
        weighing.finish()
    }

    /// The census of whole shards, each in part.
    pub fn of_shards<'a>(
        layer: &LayerInput<'_>,
        shards: impl Iterator<Item = (&'a Shard, f64)>,
    ) -> Self {
        let mut weighing = Weighing::new(layer);
        for (shard, part) in shards {
            weighing.columns(layer, shard, part);
            let counts = shard.size_counts();
            for (class, count) in counts[..SIZES].iter().enumerate() {
                weighing.count(Size::class(class as u8), f64::from(*count) * part);
            }
            weighing.count(Size::POINT, f64::from(counts[SIZES]) * part);
        }
        weighing.finish()
    }

    /// Features of class `least` and above, and of points if `points`.
    pub fn large(&self, least: usize, points: bool) -> f64 {
        let points = if points { self.points } else { 0.0 };
        self.sizes[least.min(SIZES)..].iter().sum::<f64>() + points
    }

    /// Features of a size or points.
    pub fn all(&self) -> f64 {
        self.large(0, true)
    }

    /// Points.
    pub fn points(&self) -> f64 {
        self.points
    }

    /// Bytes of the features of class `least` and above, and of points if `points`, in a tile of
    /// `unit` world units a tile unit (log2); without the columns that are keys unless `keys`.
    pub fn bytes(&self, (least, points): (usize, bool), unit: i32, keys: bool) -> f64 {
        let kept = |column: &&ColumnWeight| keys || !column.key;
        let values: f64 = self.columns.iter().filter(kept).map(|c| c.bytes + TAG).sum();
        let mut bytes = 0.0;
        for class in least.min(SIZES)..SIZES {
            // Longer outlines keep more of their vertices.
            let side = 2_f64.powf(class as f64 / 2.0 - f64::from(unit));
            let vertices = self.vertices.min(4.0 + 4.0 * side);
            bytes += self.sizes[class] * (HEAD + PATH + VERTEX * vertices + values);
        }
        if points {
            bytes += self.points * (HEAD + PATH + VERTEX + values);
        }
        bytes
    }

    /// Most cells that are filled of a tile at `coord` with 2^`bits` cells along a side.
    pub fn cells(&self, coord: TileCoord, bits: u8) -> f64 {
        let tile = coord.world_box(0);
        let level = coord.z() + bits;
        let along = |axis: usize| {
            let low = self.extent.min[axis].max(tile.min[axis]);
            let high = self.extent.max[axis].min(tile.max[axis]);
            let cell = |v: u32| (u64::from(v) >> (32 - level)) as f64;
            if low > high {
                0.0
            } else {
                (cell(high) - cell(low) + 1.0).min(2_f64.powi(bits.into()))
            }
        };
        along(0) * along(1)
    }

    /// Bytes of the sums of one cell, about.
    pub fn cell_bytes(&self) -> f64 {
        let numbers = self.columns.iter().filter(|column| column.number).count();
        let categories = self.columns.iter().filter(|c| !c.number && !c.key).count();
        HEAD + 24.0 + 14.0 * numbers as f64 + 9.0 * categories as f64
    }

    /// Whether the column at `position` of the layer is a key.
    pub fn is_key(&self, position: usize) -> bool {
        self.columns[position].key
    }
}

impl Weighing {
    fn new(layer: &LayerInput<'_>) -> Self {
        Self {
            sizes: [0.0; SIZES],
            points: 0.0,
            features: 0.0,
            vertices: 0.0,
            columns: vec![ColumnSums::default(); layer.columns.len()],
            extent: WorldBox::EMPTY,
        }
    }

    #[inline]
    fn count(&mut self, size: Size, features: f64) {
        match size.position() {
            Some(class) => self.sizes[class] += features,
            None if size == Size::POINT => self.points += features,
            None => {}
        }
    }

    fn columns(&mut self, layer: &LayerInput<'_>, shard: &Shard, part: f64) {
        self.features += shard.len() as f64 * part;
        self.vertices += shard.vertices() as f64 * part;
        self.extent = self.extent.union(&shard.world_tree().bounds());
        for (sums, (position, _)) in self.columns.iter_mut().zip(layer.columns) {
            let Some(column) = shard.columns().get(*position) else { continue };
            let distinct = column.distinct() as f64;
            let bytes = match column.values() {
                Distinct::Text(texts) => {
                    sums.text = true;
                    texts.bytes().len() as f64 + 4.0 * distinct
                }
                Distinct::Int(_) => {
                    sums.number = true;
                    6.0 * distinct
                }
                Distinct::Real(_) => {
                    sums.number = true;
                    11.0 * distinct
                }
                Distinct::Bool | Distinct::Bytes => 0.0,
            };
            sums.features += shard.len() as f64;
            sums.distinct += distinct;
            sums.bytes += bytes * part;
            sums.longest = sums.longest.max(bytes);
        }
    }

    fn finish(self) -> Census {
        let features = self.features.max(1.0);
        let column = |sums: &ColumnSums| {
            let mostly = sums.distinct * KEY > sums.features;
            // Values that come again in every shard stand once.
            let bytes = if mostly || sums.number { sums.bytes } else { sums.longest };
            let bytes = bytes.min(sums.bytes) / features;
            ColumnWeight { bytes, key: sums.text && mostly, number: sums.number }
        };
        Census {
            sizes: self.sizes,
            points: self.points,
            vertices: self.vertices / features,
            extent: self.extent,
            columns: self.columns.iter().map(column).collect(),
        }
    }
}
