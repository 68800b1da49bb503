//! A shard: a few thousand neighbouring features, immutable, as a struct of arrays.
//!
//! *Invariant:* a shard never changes; an edit builds a new one. Slots are positions in it.

use std::ops::Range;

use crate::geometry::PathRole;
use crate::number_sums::{ColumnRuns, NumberSums};
use crate::packed_tree::PackedTree;
use crate::run_sums::{RunSums, Sum};
use crate::{Column, Envelope, FeatureId, GeometryType, ValueRef, WorldBox, WorldPoint, hilbert};

/// Most features of one shard; codes of a column are 16 bits wide and one is null.
pub const MAX_SHARD_FEATURES: usize = 4096;

/// Neighbouring features in Hilbert order.
///
/// Feature `slot` has the paths `first_path[slot]..first_path[slot + 1]`; path `p` has the
/// coordinates `first_coord[p]..first_coord[p + 1]`, exact in `coords` and on the world grid
/// in `world`. Rings are closed.
#[derive(Clone, Debug)]
pub struct Shard {
    pub(crate) ids: Vec<FeatureId>,
    pub(crate) types: Vec<Option<GeometryType>>,
    pub(crate) envelopes: Vec<Envelope>,
    pub(crate) world_boxes: Vec<WorldBox>,
    pub(crate) world_areas: Vec<f64>,
    /// Zoom from which on a feature's rings keep apart, by slot.
    pub(crate) firm: Vec<u8>,
    pub(crate) first_path: Vec<u32>,
    pub(crate) roles: Vec<PathRole>,
    pub(crate) first_coord: Vec<u32>,
    pub(crate) coords: Vec<[f64; 2]>,
    pub(crate) world: Vec<WorldPoint>,
    /// First zoom that needs each vertex; see [`crate::levels`].
    pub(crate) levels: Vec<u8>,
    pub(crate) z: Vec<f64>,
    pub(crate) m: Vec<f64>,
    pub(crate) columns: Vec<Column>,
    /// Plane area by slot.
    pub(crate) areas: Vec<f64>,
    pub(crate) area_runs: RunSums<f64>,
    /// Sums kept of the columns, one a column.
    pub(crate) number_runs: Vec<ColumnRuns>,
    /// Slots in the order of their ids.
    pub(crate) slots_by_id: Vec<u16>,
    pub(crate) tree: PackedTree<Envelope>,
    pub(crate) world_tree: PackedTree<WorldBox>,
}

impl Shard {
    /// Number of features.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no feature.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The feature at `slot`.
    ///
    /// # Panics
    /// When `slot` is not below [`Shard::len`].
    #[inline]
    pub fn feature(&self, slot: usize) -> FeatureRef<'_> {
        assert!(slot < self.len(), "slot {slot} of a shard of {}", self.len());
        FeatureRef { shard: self, slot }
    }

    /// Feature ids by slot.
    #[inline]
    pub fn ids(&self) -> &[FeatureId] {
        &self.ids
    }

    /// Envelopes by slot, in the storage CRS; empty for a placeless feature.
    pub fn envelopes(&self) -> &[Envelope] {
        &self.envelopes
    }

    /// World boxes by slot; empty for a placeless feature.
    #[inline]
    pub fn world_boxes(&self) -> &[WorldBox] {
        &self.world_boxes
    }

    /// Columns, in the order of the collection's fields.
    #[inline]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The slot of the feature called `id`.
    pub fn slot_of(&self, id: FeatureId) -> Option<usize> {
        let position = self.slots_by_id.binary_search_by_key(&id, |slot| self.ids[*slot as usize]);
        position.ok().map(|position| usize::from(self.slots_by_id[position]))
    }

    /// Planar area of the features at `slots`, in squared units of the storage CRS; holes
    /// do not count.
    ///
    /// # Panics
    /// When `slots` does not lie in `0..len()`.
    pub fn area(&self, slots: Range<usize>) -> f64 {
        self.area_runs.over(slots, |slot| self.areas[slot])
    }

    /// What the numbers of the column at position `column` add up to over `slots`; of one that
    /// holds none, an integer column of nothing.
    ///
    /// # Panics
    /// When there is no such column, or `slots` does not lie in `0..len()`.
    pub fn numbers(&self, column: usize, slots: Range<usize>) -> NumberSums {
        let found = self.number_runs[column].over(&self.columns[column], slots);
        found.unwrap_or(NumberSums::Int(Sum::NOTHING))
    }

    /// The tree over [`Shard::envelopes`].
    pub fn tree(&self) -> &PackedTree<Envelope> {
        &self.tree
    }

    /// The tree over [`Shard::world_boxes`].
    pub fn world_tree(&self) -> &PackedTree<WorldBox> {
        &self.world_tree
    }

    /// Place of the feature at `slot` in the order of a collection: along the Hilbert curve,
    /// then by id.
    pub fn rank(&self, slot: usize) -> (u64, FeatureId) {
        (hilbert::box_key(&self.world_boxes[slot]), self.ids[slot])
    }

    /// Bytes of memory that the shard holds.
    pub fn heap_bytes(&self) -> usize {
        fn bytes<T>(values: &Vec<T>) -> usize {
            values.capacity() * size_of::<T>()
        }
        bytes(&self.ids)
            + bytes(&self.types)
            + bytes(&self.envelopes)
            + bytes(&self.world_boxes)
            + bytes(&self.world_areas)
            + bytes(&self.firm)
            + bytes(&self.first_path)
            + bytes(&self.roles)
            + bytes(&self.first_coord)
            + bytes(&self.coords)
            + bytes(&self.world)
            + bytes(&self.levels)
            + bytes(&self.z)
            + bytes(&self.m)
            + bytes(&self.areas)
            + self.area_runs.heap_bytes()
            + self.number_runs.iter().map(ColumnRuns::heap_bytes).sum::<usize>()
            + bytes(&self.slots_by_id)
            + self.tree.heap_bytes()
            + self.world_tree.heap_bytes()
            + self.columns.iter().map(Column::heap_bytes).sum::<usize>()
    }
}

/// One feature of a shard, read in place.
#[derive(Clone, Copy, Debug)]
pub struct FeatureRef<'a> {
    pub(crate) shard: &'a Shard,
    pub(crate) slot: usize,
}

/// One path of a feature, read in place: `coords` and `world` hold the same vertices.
#[derive(Clone, Copy, Debug)]
pub struct PathRef<'a> {
    /// What the path is.
    pub role: PathRole,
    /// Exact vertices, east and north, in the storage CRS.
    pub coords: &'a [[f64; 2]],
    /// The same vertices on the world grid.
    pub world: &'a [WorldPoint],
    /// First zoom that needs each vertex: one is drawn from its level on, 0 everywhere when
    /// nobody has looked. The closing vertex of a ring has the level of the first.
    pub levels: &'a [u8],
}

impl PathRef<'_> {
    /// Area of a ring in squared world units: negative for a hole, which takes from its
    /// exterior; 0 for points and lines.
    pub fn world_area(&self) -> f64 {
        let sign = self.role.area_sign();
        let Some(&origin) = self.world.first() else { return 0.0 };
        if sign == 0.0 {
            return 0.0;
        }
        let relative =
            |p: &WorldPoint| [0, 1].map(|k| (i64::from(p[k]) - i64::from(origin[k])) as f64);
        let mut sum = 0.0;
        let mut previous = [0.0; 2];
        for point in self.world {
            let point = relative(point);
            sum += previous[0] * point[1] - point[0] * previous[1];
            previous = point;
        }
        sign * sum.abs() / 2.0
    }
}

impl<'a> FeatureRef<'a> {
    /// The id.
    #[inline]
    pub fn id(self) -> FeatureId {
        self.shard.ids[self.slot]
    }

    /// Position in its shard.
    pub fn slot(self) -> usize {
        self.slot
    }

    /// Type of the geometry, `None` for a placeless feature.
    #[inline]
    pub fn geometry_type(self) -> Option<GeometryType> {
        self.shard.types[self.slot]
    }

    /// Envelope in the storage CRS.
    pub fn envelope(self) -> Envelope {
        self.shard.envelopes[self.slot]
    }

    /// Box on the world grid.
    #[inline]
    pub fn world_box(self) -> WorldBox {
        self.shard.world_boxes[self.slot]
    }

    /// Planar area in squared world units; holes do not count.
    #[inline]
    pub fn world_area(self) -> f64 {
        self.shard.world_areas[self.slot]
    }

    /// The zoom from which on neither rounding nor levels can make the rings of the feature meet
    /// themselves or each other, told on the Web Mercator grid; 255 when nobody knows.
    #[inline]
    pub fn firm_from(self) -> u8 {
        self.shard.firm[self.slot]
    }

    /// The paths, exterior before its holes.
    #[inline]
    pub fn paths(self) -> impl ExactSizeIterator<Item = PathRef<'a>> {
        let shard = self.shard;
        (shard.first_path[self.slot] as usize..shard.first_path[self.slot + 1] as usize).map(
            move |path| {
                let span = shard.first_coord[path] as usize..shard.first_coord[path + 1] as usize;
                PathRef {
                    role: shard.roles[path],
                    coords: &shard.coords[span.clone()],
                    world: &shard.world[span.clone()],
                    levels: &shard.levels[span],
                }
            },
        )
    }

    /// The value of the field at `column`.
    pub fn value(self, column: usize) -> ValueRef<'a> {
        self.shard.columns[column].value(self.slot)
    }

    /// Z values in vertex order; empty when the shard has none.
    pub fn z(self) -> &'a [f64] {
        self.span(&self.shard.z)
    }

    /// M values in vertex order; empty when the shard has none.
    pub fn m(self) -> &'a [f64] {
        self.span(&self.shard.m)
    }

    /// Planar area in squared units of the storage CRS; holes do not count.
    pub fn area(self) -> f64 {
        self.paths().map(|path| path.role.area_sign() * ring_area(path.coords)).sum()
    }

    /// Levels in vertex order, see [`PathRef::levels`].
    pub(crate) fn levels(self) -> &'a [u8] {
        self.span(&self.shard.levels)
    }

    fn span<T>(self, values: &'a [T]) -> &'a [T] {
        let coord =
            |slot: usize| self.shard.first_coord[self.shard.first_path[slot] as usize] as usize;
        if values.is_empty() { values } else { &values[coord(self.slot)..coord(self.slot + 1)] }
    }
}

/// Area of a closed ring; 0 for fewer than three edges.
fn ring_area(ring: &[[f64; 2]]) -> f64 {
    let Some([x0, y0]) = ring.first().copied() else { return 0.0 };
    // Relative to the first vertex: the terms stay small and keep their digits.
    let cross = |pair: &[[f64; 2]]| {
        (pair[0][0] - x0) * (pair[1][1] - y0) - (pair[1][0] - x0) * (pair[0][1] - y0)
    };
    (ring.windows(2).map(cross).sum::<f64>() / 2.0).abs()
}
