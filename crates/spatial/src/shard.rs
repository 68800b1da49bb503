//! A shard: a few thousand neighbouring features, immutable, as a struct of arrays.
//!
//! *Invariant:* a shard never changes; an edit builds a new one. Slots are positions in it.

use crate::column::{ColumnBuilder, ValueRef};
use crate::geometry::{PathRole, visit_paths};
use crate::{Column, Envelope, FeatureId, Field, Geometry, GeometryType, WorldBox, WorldPoint};

/// Most features of one shard; codes of a column are 16 bits wide and one is null.
pub const MAX_SHARD_FEATURES: usize = 4096;

/// Neighbouring features in Hilbert order.
///
/// Feature `slot` has the paths `first_path[slot]..first_path[slot + 1]`; path `p` has the
/// coordinates `first_coord[p]..first_coord[p + 1]`, exact in `coords` and on the world grid
/// in `world`. Rings are closed.
#[derive(Clone, Debug)]
pub struct Shard {
    ids: Vec<FeatureId>,
    types: Vec<Option<GeometryType>>,
    envelopes: Vec<Envelope>,
    world_boxes: Vec<WorldBox>,
    first_path: Vec<u32>,
    roles: Vec<PathRole>,
    first_coord: Vec<u32>,
    coords: Vec<[f64; 2]>,
    world: Vec<WorldPoint>,
    z: Vec<f64>,
    m: Vec<f64>,
    columns: Vec<Column>,
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
    pub fn feature(&self, slot: usize) -> FeatureRef<'_> {
        assert!(slot < self.len(), "slot {slot} of a shard of {}", self.len());
        FeatureRef { shard: self, slot }
    }

    /// Feature ids by slot.
    pub fn ids(&self) -> &[FeatureId] {
        &self.ids
    }

    /// Envelopes by slot, in the storage CRS; empty for a placeless feature.
    pub fn envelopes(&self) -> &[Envelope] {
        &self.envelopes
    }

    /// World boxes by slot; empty for a placeless feature.
    pub fn world_boxes(&self) -> &[WorldBox] {
        &self.world_boxes
    }

    /// Columns, in the order of the collection's fields.
    pub fn columns(&self) -> &[Column] {
        &self.columns
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
            + bytes(&self.first_path)
            + bytes(&self.roles)
            + bytes(&self.first_coord)
            + bytes(&self.coords)
            + bytes(&self.world)
            + bytes(&self.z)
            + bytes(&self.m)
            + self.columns.iter().map(Column::heap_bytes).sum::<usize>()
    }
}

/// One feature of a shard, read in place.
#[derive(Clone, Copy, Debug)]
pub struct FeatureRef<'a> {
    shard: &'a Shard,
    slot: usize,
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
}

impl<'a> FeatureRef<'a> {
    /// The id.
    pub fn id(self) -> FeatureId {
        self.shard.ids[self.slot]
    }

    /// Position in its shard.
    pub fn slot(self) -> usize {
        self.slot
    }

    /// Type of the geometry, `None` for a placeless feature.
    pub fn geometry_type(self) -> Option<GeometryType> {
        self.shard.types[self.slot]
    }

    /// Envelope in the storage CRS.
    pub fn envelope(self) -> Envelope {
        self.shard.envelopes[self.slot]
    }

    /// Box on the world grid.
    pub fn world_box(self) -> WorldBox {
        self.shard.world_boxes[self.slot]
    }

    /// The paths, exterior before its holes.
    pub fn paths(self) -> impl ExactSizeIterator<Item = PathRef<'a>> {
        let shard = self.shard;
        (shard.first_path[self.slot] as usize..shard.first_path[self.slot + 1] as usize).map(
            move |path| {
                let span = shard.first_coord[path] as usize..shard.first_coord[path + 1] as usize;
                PathRef {
                    role: shard.roles[path],
                    coords: &shard.coords[span.clone()],
                    world: &shard.world[span],
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

    fn span(self, values: &'a [f64]) -> &'a [f64] {
        let coord =
            |slot: usize| self.shard.first_coord[self.shard.first_path[slot] as usize] as usize;
        if values.is_empty() { values } else { &values[coord(self.slot)..coord(self.slot + 1)] }
    }
}

/// Builds one shard, feature by feature, in the order of the slots.
#[derive(Debug)]
pub struct ShardBuilder {
    shard: Shard,
    columns: Vec<ColumnBuilder>,
}

impl ShardBuilder {
    /// A builder for about `capacity` features with these fields.
    pub fn new(fields: &[Field], capacity: usize) -> Self {
        let columns =
            fields.iter().map(|field| ColumnBuilder::new(field.field_type, capacity)).collect();
        let shard = Shard {
            ids: Vec::with_capacity(capacity),
            types: Vec::with_capacity(capacity),
            envelopes: Vec::with_capacity(capacity),
            world_boxes: Vec::with_capacity(capacity),
            first_path: vec![0],
            roles: Vec::with_capacity(capacity),
            first_coord: vec![0],
            coords: Vec::with_capacity(capacity * 8),
            world: Vec::with_capacity(capacity * 8),
            z: Vec::new(),
            m: Vec::new(),
            columns: Vec::new(),
        };
        Self { shard, columns }
    }

    /// Number of features so far.
    pub fn len(&self) -> usize {
        self.shard.ids.len()
    }

    /// Whether there is no feature yet.
    pub fn is_empty(&self) -> bool {
        self.shard.ids.is_empty()
    }

    /// Adds a feature. `to_world` maps storage coordinates to the world grid; `values` are in
    /// the order of the fields, a missing one is null.
    ///
    /// # Panics
    /// When the shard already holds [`MAX_SHARD_FEATURES`].
    pub fn push<'v>(
        &mut self,
        id: FeatureId,
        geometry: Option<&Geometry>,
        to_world: &mut dyn FnMut([f64; 2]) -> WorldPoint,
        values: impl IntoIterator<Item = ValueRef<'v>>,
    ) {
        assert!(self.len() < MAX_SHARD_FEATURES, "a shard holds {MAX_SHARD_FEATURES} features");
        let shard = &mut self.shard;
        let start = shard.coords.len();
        if let Some(geometry) = geometry {
            visit_paths(&geometry.shape, &mut |role, path| {
                shard.roles.push(role);
                for c in path {
                    shard.coords.push([c.x, c.y]);
                    shard.world.push(to_world([c.x, c.y]));
                }
                shard.first_coord.push(shard.coords.len() as u32);
            });
            extend_measures(&mut shard.z, &geometry.z, start, shard.coords.len());
            extend_measures(&mut shard.m, &geometry.m, start, shard.coords.len());
        }
        shard.first_path.push(shard.roles.len() as u32);
        shard.ids.push(id);
        shard.types.push(geometry.map(Geometry::geometry_type));
        shard.envelopes.push(Envelope::of(shard.coords[start..].iter().copied()));
        let mut world_box = WorldBox::EMPTY;
        for point in &shard.world[start..] {
            world_box.extend(*point);
        }
        shard.world_boxes.push(world_box);
        let mut values = values.into_iter();
        for column in &mut self.columns {
            column.push(values.next().unwrap_or(ValueRef::Null));
        }
    }

    /// The finished shard.
    pub fn finish(mut self) -> Shard {
        self.shard.coords.shrink_to_fit();
        self.shard.world.shrink_to_fit();
        self.shard.columns = self.columns.into_iter().map(ColumnBuilder::finish).collect();
        self.shard
    }
}

/// Appends one feature's Z or M values; `values` stays empty until the first feature that has
/// any, and vertices without one hold 0 from then on.
fn extend_measures(values: &mut Vec<f64>, added: &[f64], start: usize, end: usize) {
    if values.is_empty() && added.is_empty() {
        return;
    }
    values.resize(start, 0.0);
    values.extend_from_slice(added);
    values.resize(end, 0.0);
}
