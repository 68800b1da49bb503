//! Building a shard, feature by feature, in the order of the slots.

use crate::column::{ColumnBuilder, ValueRef};
use crate::geometry::visit_paths;
use crate::levels::{Vertex, firm_from};
use crate::number_sums::ColumnRuns;
use crate::packed_tree::PackedTree;
use crate::run_sums::RunSums;
use crate::shard::MAX_SHARD_FEATURES;
use crate::{
    Envelope, Feature, FeatureId, FeatureRef, Field, Geometry, Shard, Value, WorldBox, WorldPoint,
};

/// Appends the world points of storage coordinates, one each.
pub type ToWorld<'a> = &'a (dyn Fn(&[[f64; 2]], &mut Vec<WorldPoint>) + Sync);

/// Builds one shard.
#[derive(Debug)]
pub struct ShardBuilder {
    shard: Shard,
    columns: Vec<ColumnBuilder>,
    vertices: Vec<Vertex>,
}

impl ShardBuilder {
    /// A builder for about `capacity` features with these fields.
    pub fn new(fields: &[Field], capacity: usize) -> Self {
        let columns =
            fields.iter().map(|field| ColumnBuilder::new(field.field_type, capacity)).collect();
        let first = |capacity: usize| {
            let mut values = Vec::with_capacity(capacity + 1);
            values.push(0);
            values
        };
        let shard = Shard {
            ids: Vec::with_capacity(capacity),
            types: Vec::with_capacity(capacity),
            envelopes: Vec::with_capacity(capacity),
            world_boxes: Vec::with_capacity(capacity),
            world_areas: Vec::with_capacity(capacity),
            firm: Vec::with_capacity(capacity),
            first_path: first(capacity),
            roles: Vec::with_capacity(capacity),
            first_coord: first(capacity),
            coords: Vec::with_capacity(capacity * 8),
            world: Vec::with_capacity(capacity * 8),
            levels: Vec::with_capacity(capacity * 8),
            z: Vec::new(),
            m: Vec::new(),
            columns: Vec::new(),
            areas: Vec::new(),
            area_runs: RunSums::default(),
            number_runs: Vec::new(),
            slots_by_id: Vec::new(),
            tree: PackedTree::build(&[]),
            world_tree: PackedTree::build(&[]),
        };
        Self { shard, columns, vertices: Vec::new() }
    }

    /// Number of features so far.
    pub fn len(&self) -> usize {
        self.shard.ids.len()
    }

    /// Whether there is no feature yet.
    pub fn is_empty(&self) -> bool {
        self.shard.ids.is_empty()
    }

    /// Adds a feature. `values` are in the order of the fields, a missing one is null.
    ///
    /// # Panics
    /// When the shard already holds [`MAX_SHARD_FEATURES`].
    pub fn push<'v>(
        &mut self,
        id: FeatureId,
        geometry: Option<&Geometry>,
        to_world: ToWorld<'_>,
        values: impl IntoIterator<Item = ValueRef<'v>>,
    ) {
        assert!(self.len() < MAX_SHARD_FEATURES, "a shard holds {MAX_SHARD_FEATURES} features");
        let shard = &mut self.shard;
        let start = shard.coords.len();
        if let Some(geometry) = geometry {
            visit_paths(&geometry.shape, &mut |role, path| {
                shard.roles.push(role);
                shard.coords.extend(path.iter().map(|c| [c.x, c.y]));
                shard.first_coord.push(shard.coords.len() as u32);
            });
            to_world(&shard.coords[start..], &mut shard.world);
            assert_eq!(shard.world.len(), shard.coords.len(), "one world point a coordinate");
            shard.levels.resize(shard.world.len(), 0);
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
        let slot = shard.ids.len() - 1;
        let area = FeatureRef { shard, slot }.paths().map(|path| path.world_area()).sum();
        shard.world_areas.push(area);
        let firm = firm_from(FeatureRef { shard, slot }, &mut self.vertices);
        shard.firm.push(firm);
        let mut values = values.into_iter();
        for column in &mut self.columns {
            column.push(values.next().unwrap_or(ValueRef::Null));
        }
    }

    /// Adds a feature of the store under `id`.
    ///
    /// # Panics
    /// When the shard already holds [`MAX_SHARD_FEATURES`].
    pub fn push_feature(&mut self, id: FeatureId, feature: &Feature, to_world: ToWorld<'_>) {
        let values = feature.properties.iter().map(Value::as_ref);
        self.push(id, feature.geometry.as_ref(), to_world, values);
    }

    /// Adds a feature of another shard with the same fields.
    ///
    /// # Panics
    /// When the shard already holds [`MAX_SHARD_FEATURES`].
    pub fn push_ref(&mut self, feature: FeatureRef<'_>) {
        assert!(self.len() < MAX_SHARD_FEATURES, "a shard holds {MAX_SHARD_FEATURES} features");
        let shard = &mut self.shard;
        let start = shard.coords.len();
        for path in feature.paths() {
            shard.roles.push(path.role);
            shard.coords.extend_from_slice(path.coords);
            shard.world.extend_from_slice(path.world);
            shard.levels.extend_from_slice(path.levels);
            shard.first_coord.push(shard.coords.len() as u32);
        }
        extend_measures(&mut shard.z, feature.z(), start, shard.coords.len());
        extend_measures(&mut shard.m, feature.m(), start, shard.coords.len());
        shard.first_path.push(shard.roles.len() as u32);
        shard.ids.push(feature.id());
        shard.types.push(feature.geometry_type());
        shard.envelopes.push(feature.envelope());
        shard.world_boxes.push(feature.world_box());
        shard.world_areas.push(feature.world_area());
        shard.firm.push(feature.firm_from());
        for (position, column) in self.columns.iter_mut().enumerate() {
            column.push(feature.value(position));
        }
    }

    /// Adds a feature of another shard with the same fields in other coordinates: `reproject`
    /// moves them, or refuses; then the feature is added without a place. World points stay.
    /// Whether it was moved.
    ///
    /// # Panics
    /// When the shard already holds [`MAX_SHARD_FEATURES`].
    pub(crate) fn push_moved(
        &mut self,
        feature: FeatureRef<'_>,
        reproject: &dyn Fn(&mut [[f64; 2]]) -> bool,
    ) -> bool {
        let start = self.shard.coords.len();
        self.push_ref(feature);
        let coords = &mut self.shard.coords[start..];
        let moved = reproject(coords) && coords.iter().flatten().all(|value| value.is_finite());
        let envelope = if moved { Envelope::of(coords.iter().copied()) } else { Envelope::EMPTY };
        if let Some(last) = self.shard.envelopes.last_mut() {
            *last = envelope;
        }
        moved
    }

    /// The finished shard.
    pub fn finish(self) -> Shard {
        let mut shard = self.finish_unindexed();
        shard.coords.shrink_to_fit();
        shard.world.shrink_to_fit();
        shard.levels.shrink_to_fit();
        shard.roles.shrink_to_fit();
        shard.first_coord.shrink_to_fit();
        shard.z.shrink_to_fit();
        shard.m.shrink_to_fit();
        shard.areas = (0..shard.len()).map(|slot| shard.feature(slot).area()).collect();
        shard.area_runs = RunSums::build(shard.len(), |slot| shard.areas[slot]);
        let runs = |column| ColumnRuns::build(column, shard.len());
        shard.number_runs = shard.columns.iter().map(runs).collect();
        shard.slots_by_id = (0..shard.len() as u16).collect();
        shard.slots_by_id.sort_unstable_by_key(|slot| shard.ids[usize::from(*slot)]);
        shard.tree = PackedTree::build(&shard.envelopes);
        shard.world_tree = PackedTree::build(&shard.world_boxes);
        shard
    }

    /// The features alone: no index, no areas.
    pub(crate) fn finish_unindexed(self) -> Shard {
        let columns = self.columns.into_iter().map(ColumnBuilder::finish).collect();
        Shard { columns, ..self.shard }
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
