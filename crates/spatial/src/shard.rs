//! A shard: a few thousand neighbouring features, immutable, as a struct of arrays.
//!
//! *Invariant:* a shard never changes; an edit builds a new one. Slots are positions in it.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::geometry::PathRole;
use crate::label_point::{LabelPoint, label_point};
use crate::number_sums::{ColumnRuns, NumberSums};
use crate::packed_tree::PackedTree;
use crate::placement::{self, Placement};
use crate::run_sums::{RunSums, Sum};
use crate::size::SIZES;
use crate::tight::tighten;
use crate::{
    Column, Envelope, FeatureId, GeometryType, Outline, ShardCells, Size, ValueRef, WorldBox,
    WorldPoint, hilbert,
};

/// Most features of one shard; codes of a column are 16 bits wide and one is null.
pub const MAX_SHARD_FEATURES: usize = 4096;

/// Neighbouring features in Hilbert order, and where they lie on one world grid. Rings are closed.
#[derive(Clone, Debug)]
pub struct Shard {
    /// What is the same on every grid; shards of other grids share it.
    pub(crate) body: Arc<Body>,
    /// Where it lies on this one; on that of Web Mercator unless [`Shard::placed`] made it.
    pub(crate) placement: Placement,
    /// First zoom that needs each vertex, the same on every grid; see [`crate::levels`].
    pub(crate) levels: Arc<Vec<u8>>,
    serial: u64,
}

/// The features of a shard as a struct of arrays.
///
/// Feature `slot` has the paths `first_path[slot]..first_path[slot + 1]`; path `p` has the
/// vertices `first_coord[p]..first_coord[p + 1]`, exact in `coords`.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) ids: Vec<FeatureId>,
    pub(crate) types: Vec<Option<GeometryType>>,
    pub(crate) envelopes: Vec<Envelope>,
    pub(crate) outlines: Vec<Outline>,
    pub(crate) first_path: Vec<u32>,
    pub(crate) roles: Vec<PathRole>,
    pub(crate) first_coord: Vec<u32>,
    pub(crate) coords: Vec<[f64; 2]>,
    pub(crate) z: Vec<f64>,
    pub(crate) m: Vec<f64>,
    pub(crate) columns: Vec<Column>,
    pub(crate) area_runs: RunSums<f64>,
    /// Sums kept of the columns, one a column.
    pub(crate) number_runs: Vec<ColumnRuns>,
    /// Slots in the order of their ids.
    pub(crate) slots_by_id: Vec<u16>,
    pub(crate) tree: PackedTree<Envelope>,
    pub(crate) kind: Kind,
}

/// What those of the features of a shard are that have a geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One point each.
    Points,
    /// Polygons.
    Areas,
    Any,
}

impl Kind {
    pub(crate) fn of(types: &[Option<GeometryType>]) -> Self {
        let all = |wanted: fn(GeometryType) -> bool| types.iter().flatten().all(|one| wanted(*one));
        if all(|one| one == GeometryType::Point) {
            Self::Points
        } else if all(GeometryType::is_areal) {
            Self::Areas
        } else {
            Self::Any
        }
    }
}

impl Body {
    /// The paths of a feature.
    #[inline]
    pub(crate) fn paths(&self, slot: usize) -> Range<usize> {
        self.first_path[slot] as usize..self.first_path[slot + 1] as usize
    }

    /// The vertices of a path.
    #[inline]
    pub(crate) fn path_vertices(&self, path: usize) -> Range<usize> {
        self.first_coord[path] as usize..self.first_coord[path + 1] as usize
    }

    /// The vertices of a feature.
    #[inline]
    pub(crate) fn vertices(&self, slot: usize) -> Range<usize> {
        let paths = self.paths(slot);
        self.first_coord[paths.start] as usize..self.first_coord[paths.end] as usize
    }

    /// Planar area of a feature in squared units of the storage CRS; holes do not count.
    pub(crate) fn area(&self, slot: usize) -> f64 {
        let area = |path: usize| {
            self.roles[path].area_sign() * ring_area(&self.coords[self.path_vertices(path)])
        };
        self.paths(slot).map(area).sum()
    }
}

fn next_serial() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

impl Shard {
    /// Number of features.
    pub fn len(&self) -> usize {
        self.body.ids.len()
    }

    /// Whether there is no feature.
    pub fn is_empty(&self) -> bool {
        self.body.ids.is_empty()
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
        &self.body.ids
    }

    /// Envelopes by slot, in the storage CRS; empty for a placeless feature.
    pub fn envelopes(&self) -> &[Envelope] {
        &self.body.envelopes
    }

    /// World boxes by slot; empty for a placeless feature.
    #[inline]
    pub fn world_boxes(&self) -> &[WorldBox] {
        &self.placement.boxes
    }

    /// Size classes by slot.
    #[inline]
    pub fn sizes(&self) -> &[Size] {
        &self.placement.sizes
    }

    /// What is known of the outlines, by slot.
    #[inline]
    pub fn outlines(&self) -> &[Outline] {
        &self.body.outlines
    }

    /// Number of features of each size class, and of points behind them.
    pub fn size_counts(&self) -> &[u16; SIZES + 1] {
        &self.placement.size_counts
    }

    /// What the features add up to, cell by cell.
    pub fn cells(&self) -> &ShardCells {
        &self.placement.cells
    }

    /// Number of vertices.
    pub fn vertices(&self) -> usize {
        self.placement.points.len()
    }

    /// Columns, in the order of the collection's fields.
    #[inline]
    pub fn columns(&self) -> &[Column] {
        &self.body.columns
    }

    /// The slot of the feature called `id`.
    pub fn slot_of(&self, id: FeatureId) -> Option<usize> {
        let position =
            self.body.slots_by_id.binary_search_by_key(&id, |slot| self.body.ids[*slot as usize]);
        position.ok().map(|position| usize::from(self.body.slots_by_id[position]))
    }

    /// Planar area of the features at `slots`, in squared units of the storage CRS; holes
    /// do not count.
    ///
    /// # Panics
    /// When `slots` does not lie in `0..len()`.
    pub fn area(&self, slots: Range<usize>) -> f64 {
        self.body.area_runs.over(slots, |slot| self.body.area(slot))
    }

    /// What the numbers of the column at position `column` add up to over `slots`; of one that
    /// holds none, an integer column of nothing.
    ///
    /// # Panics
    /// When there is no such column, or `slots` does not lie in `0..len()`.
    pub fn numbers(&self, column: usize, slots: Range<usize>) -> NumberSums {
        let found = self.body.number_runs[column].over(&self.body.columns[column], slots);
        found.unwrap_or(NumberSums::Int(Sum::NOTHING))
    }

    /// The tree over [`Shard::envelopes`].
    pub fn tree(&self) -> &PackedTree<Envelope> {
        &self.body.tree
    }

    /// The tree over [`Shard::world_boxes`].
    pub fn world_tree(&self) -> &PackedTree<WorldBox> {
        &self.placement.tree
    }

    /// Place of the feature at `slot` in the order of a collection: along the Hilbert curve on the
    /// grid of the shard, which for a collection is that of Web Mercator, then by id.
    pub fn rank(&self, slot: usize) -> (u64, FeatureId) {
        (hilbert::box_key(&self.placement.boxes[slot]), self.body.ids[slot])
    }

    /// Bytes of memory that the shard holds.
    pub fn heap_bytes(&self) -> usize {
        fn bytes<T>(values: &Vec<T>) -> usize {
            values.capacity() * size_of::<T>()
        }
        let body = &*self.body;
        bytes(&body.ids)
            + bytes(&body.types)
            + bytes(&body.envelopes)
            + bytes(&body.outlines)
            + bytes(&self.levels)
            + bytes(&body.first_path)
            + bytes(&body.roles)
            + bytes(&body.first_coord)
            + bytes(&body.coords)
            + bytes(&body.z)
            + bytes(&body.m)
            + body.area_runs.heap_bytes()
            + body.number_runs.iter().map(ColumnRuns::heap_bytes).sum::<usize>()
            + bytes(&body.slots_by_id)
            + body.tree.heap_bytes()
            + body.columns.iter().map(Column::heap_bytes).sum::<usize>()
            + size_of::<Body>()
            + self.placement.heap_bytes()
    }

    /// The same features on another grid: `to_world` appends a world point a vertex, in order, and
    /// answers whether each feature, of which it gets the vertices, has a place there. One that has
    /// none is not found by its place.
    pub fn placed(&self, to_world: placement::ToGrid<'_>) -> Self {
        let placement = Placement::of(&self.body, to_world);
        Self::finished(Arc::clone(&self.body), placement, Arc::clone(&self.levels))
    }

    pub(crate) fn new(body: Arc<Body>, placement: Placement, levels: Arc<Vec<u8>>) -> Self {
        Self { body, placement, levels, serial: next_serial() }
    }

    /// The shard of features that are all there: whatever follows from where they lie is made here,
    /// on every grid alike.
    pub(crate) fn finished(
        body: Arc<Body>,
        mut placement: Placement,
        levels: Arc<Vec<u8>>,
    ) -> Self {
        tighten(&mut placement.points);
        placement.tree = PackedTree::build(&placement.boxes);
        let mut shard = Self::new(body, placement, levels);
        let sizes: Vec<Size> = (0..shard.len()).map(|slot| Size::of(shard.feature(slot))).collect();
        let mut counts = [0; SIZES + 1];
        for size in sizes.iter().filter(|size| **size != Size::PLACELESS) {
            counts[size.position().unwrap_or(SIZES)] += 1;
        }
        shard.placement.sizes = sizes;
        shard.placement.size_counts = counts;
        shard.placement.cells = ShardCells::build(&shard);
        shard
    }

    /// A number that no other shard of this process has, but a copy; also told from what it was by
    /// other levels.
    #[inline]
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// Gives its vertices other levels.
    pub(crate) fn set_levels(&mut self, levels: Vec<u8>) {
        self.levels = Arc::new(levels);
        self.serial = next_serial();
    }

    /// Bytes of memory that belong to this grid alone.
    pub fn placement_bytes(&self) -> usize {
        size_of::<Self>() + self.placement.heap_bytes()
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
        placement::ring_area(self.role, self.world)
    }
}

impl<'a> FeatureRef<'a> {
    /// The id.
    #[inline]
    pub fn id(self) -> FeatureId {
        self.shard.body.ids[self.slot]
    }

    /// Position in its shard.
    pub fn slot(self) -> usize {
        self.slot
    }

    /// Type of the geometry, `None` for a placeless feature.
    #[inline]
    pub fn geometry_type(self) -> Option<GeometryType> {
        self.shard.body.types[self.slot]
    }

    /// Envelope in the storage CRS.
    pub fn envelope(self) -> Envelope {
        self.shard.body.envelopes[self.slot]
    }

    /// What is known of the outline.
    #[inline]
    pub fn outline(self) -> Outline {
        self.shard.body.outlines[self.slot]
    }

    /// Box on the world grid.
    #[inline]
    pub fn world_box(self) -> WorldBox {
        self.shard.placement.boxes[self.slot]
    }

    /// Planar area in squared world units; holes do not count.
    #[inline]
    pub fn world_area(self) -> f64 {
        self.shard.placement.area(&self.shard.body, self.slot)
    }

    /// Where the name of its largest polygon goes; `None` without one. Found once and kept: the
    /// first call costs microseconds, for a ring of 100,000 vertices some tenths of a second.
    pub fn label_point(self) -> Option<LabelPoint> {
        let none = || (0..self.shard.len()).map(|_| OnceLock::new()).collect();
        let kept = &self.shard.placement.labels.get_or_init(none)[self.slot];
        let nowhere = LabelPoint { world: [0; 2], radius: 0.0 };
        let point = *kept.get_or_init(|| label_point(self).unwrap_or(nowhere));
        (point.radius > 0.0).then_some(point)
    }

    /// Whether both have the same paths, vertex by vertex to the last bit, in the same order.
    pub fn has_same_paths(self, other: FeatureRef<'_>) -> bool {
        self.paths().len() == other.paths().len()
            && self
                .paths()
                .zip(other.paths())
                .all(|(a, b)| a.role == b.role && a.coords == b.coords)
    }

    /// The paths, exterior before its holes.
    #[inline]
    pub fn paths(self) -> impl ExactSizeIterator<Item = PathRef<'a>> {
        let Shard { body, placement, levels, .. } = self.shard;
        body.paths(self.slot).map(move |path| {
            let span = body.path_vertices(path);
            PathRef {
                role: body.roles[path],
                coords: &body.coords[span.clone()],
                world: &placement.points[span.clone()],
                levels: &levels[span],
            }
        })
    }

    /// The value of the field at `column`.
    pub fn value(self, column: usize) -> ValueRef<'a> {
        self.shard.body.columns[column].value(self.slot)
    }

    /// Z values in vertex order; empty when the shard has none.
    pub fn z(self) -> &'a [f64] {
        self.span(&self.shard.body.z)
    }

    /// M values in vertex order; empty when the shard has none.
    pub fn m(self) -> &'a [f64] {
        self.span(&self.shard.body.m)
    }

    /// Planar area in squared units of the storage CRS; holes do not count.
    pub fn area(self) -> f64 {
        self.shard.body.area(self.slot)
    }

    /// Levels in vertex order, see [`PathRef::levels`].
    pub(crate) fn levels(self) -> &'a [u8] {
        self.span(&self.shard.levels)
    }

    fn span<T>(self, values: &'a [T]) -> &'a [T] {
        if values.is_empty() { values } else { &values[self.shard.body.vertices(self.slot)] }
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
