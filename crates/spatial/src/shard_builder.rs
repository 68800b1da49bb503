//! Building a shard, feature by feature, in the order of the slots.

use std::sync::Arc;

use crate::column::{ColumnBuilder, ValueRef};
use crate::geometry::visit_paths;
use crate::levels::{Vertex, outline};
use crate::number_sums::ColumnRuns;
use crate::packed_tree::PackedTree;
use crate::placement::Placement;
use crate::run_sums::RunSums;
use crate::shard::{Body, Kind, MAX_SHARD_FEATURES};
use crate::tight::tighten;
use crate::{Envelope, Feature, FeatureId, FeatureRef, Field, Geometry, Shard, Value, WorldPoint};

/// Appends the world points of storage coordinates, one each.
pub type ToWorld<'a> = &'a (dyn Fn(&[[f64; 2]], &mut Vec<WorldPoint>) + Sync);

/// Builds one shard.
#[derive(Debug)]
pub struct ShardBuilder {
    body: Body,
    placement: Placement,
    levels: Vec<u8>,
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
        let body = Body {
            ids: Vec::with_capacity(capacity),
            types: Vec::with_capacity(capacity),
            envelopes: Vec::with_capacity(capacity),
            outlines: Vec::with_capacity(capacity),
            first_path: first(capacity),
            roles: Vec::with_capacity(capacity),
            first_coord: first(capacity),
            coords: Vec::with_capacity(capacity * 8),
            z: Vec::new(),
            m: Vec::new(),
            columns: Vec::new(),
            area_runs: RunSums::default(),
            number_runs: Vec::new(),
            slots_by_id: Vec::new(),
            tree: PackedTree::build(&[]),
            kind: Kind::Any,
        };
        let placement = Placement::with_capacity(capacity);
        let levels = Vec::with_capacity(capacity * 8);
        Self { body, placement, levels, columns, vertices: Vec::new() }
    }

    /// Number of features so far.
    pub fn len(&self) -> usize {
        self.body.ids.len()
    }

    /// Whether there is no feature yet.
    pub fn is_empty(&self) -> bool {
        self.body.ids.is_empty()
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
        let Self { body, placement, .. } = self;
        let start = body.coords.len();
        if let Some(geometry) = geometry {
            visit_paths(&geometry.shape, &mut |role, path| {
                body.roles.push(role);
                body.coords.extend(path.iter().map(|c| [c.x, c.y]));
                body.first_coord.push(body.coords.len() as u32);
            });
            to_world(&body.coords[start..], &mut placement.points);
            assert_eq!(placement.points.len(), body.coords.len(), "one world point a coordinate");
            self.levels.resize(placement.points.len(), 0);
            extend_measures(&mut body.z, &geometry.z, start, body.coords.len());
            extend_measures(&mut body.m, &geometry.m, start, body.coords.len());
        }
        body.first_path.push(body.roles.len() as u32);
        body.ids.push(id);
        body.types.push(geometry.map(Geometry::geometry_type));
        body.envelopes.push(Envelope::of(body.coords[start..].iter().copied()));
        placement.push(body);
        let slot = body.ids.len() - 1;
        body.outlines.push(outline(body, placement, slot, &mut self.vertices));
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
        let Self { body, placement, .. } = self;
        let start = body.coords.len();
        for path in feature.paths() {
            body.roles.push(path.role);
            body.coords.extend_from_slice(path.coords);
            placement.points.extend_from_slice(path.world);
            self.levels.extend_from_slice(path.levels);
            body.first_coord.push(body.coords.len() as u32);
        }
        extend_measures(&mut body.z, feature.z(), start, body.coords.len());
        extend_measures(&mut body.m, feature.m(), start, body.coords.len());
        body.first_path.push(body.roles.len() as u32);
        body.ids.push(feature.id());
        body.types.push(feature.geometry_type());
        body.envelopes.push(feature.envelope());
        body.outlines.push(feature.shard.body.outlines[feature.slot]);
        placement.boxes.push(feature.world_box());
        placement.areas2.push(feature.shard.placement.areas2[feature.slot]);
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
        let start = self.body.coords.len();
        self.push_ref(feature);
        let coords = &mut self.body.coords[start..];
        let moved = reproject(coords) && coords.iter().flatten().all(|value| value.is_finite());
        let envelope = if moved { Envelope::of(coords.iter().copied()) } else { Envelope::EMPTY };
        if let Some(last) = self.body.envelopes.last_mut() {
            *last = envelope;
        }
        moved
    }

    /// The finished shard.
    pub fn finish(self) -> Shard {
        let Shard { body, placement, levels, .. } = self.finish_unindexed();
        // Nobody else holds it yet.
        let mut body = Arc::unwrap_or_clone(body);
        let len = body.ids.len();
        body.area_runs = RunSums::build(len, |slot| body.area(slot));
        body.number_runs =
            body.columns.iter().map(|column| ColumnRuns::build(column, len)).collect();
        body.slots_by_id = (0..len as u16).collect();
        body.slots_by_id.sort_unstable_by_key(|slot| body.ids[usize::from(*slot)]);
        body.tree = PackedTree::build(&body.envelopes);
        body.kind = Kind::of(&body.types);
        Shard::finished(Arc::new(body), placement, levels)
    }

    /// The features alone: no index, no areas.
    pub(crate) fn finish_unindexed(self) -> Shard {
        let columns = self.columns.into_iter().map(ColumnBuilder::finish).collect();
        let (mut body, mut placement, mut levels) = (self.body, self.placement, self.levels);
        tighten(&mut body.coords);
        tighten(&mut body.roles);
        tighten(&mut body.first_coord);
        tighten(&mut body.z);
        tighten(&mut body.m);
        tighten(&mut placement.points);
        tighten(&mut levels);
        body.columns = columns;
        Shard::new(Arc::new(body), placement, Arc::new(levels))
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
