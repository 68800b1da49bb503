//! Which rows of `evidence` are whose: a part of the ledger's index.

use ledger::PointId;
use ledger::point::EvidenceId;
use ledger::rows::ID;
use rustc_hash::FxHashMap;
use spatial::{Collection, CollectionSnapshot, FeatureId, FeatureRef, ValueRef};

/// Rows of evidence by id and by point.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    rows: FxHashMap<EvidenceId, (FeatureId, PointId)>,
    of_point: FxHashMap<PointId, Vec<FeatureId>>,
}

impl Pieces {
    /// Those of a collection.
    pub(super) fn build(held: &CollectionSnapshot) -> Self {
        let mut pieces = Self::default();
        held.each(&mut |shard, slots| {
            for slot in slots {
                pieces.add(held.collection(), shard.feature(usize::from(*slot)));
            }
        });
        pieces
    }

    /// The row of a piece.
    pub(super) fn row(&self, id: EvidenceId) -> Option<FeatureId> {
        self.rows.get(&id).map(|(row, _)| *row)
    }

    /// The point of a piece.
    pub(super) fn point(&self, id: EvidenceId) -> Option<PointId> {
        self.rows.get(&id).map(|(_, point)| *point)
    }

    /// The rows of a point, in the order in which they came.
    pub(super) fn of(&self, point: PointId) -> Vec<FeatureId> {
        self.of_point.get(&point).cloned().unwrap_or_default()
    }

    /// Goes on to a row as it is after a change.
    pub(super) fn follow(
        &mut self,
        row: FeatureId,
        before: &CollectionSnapshot,
        after: &CollectionSnapshot,
    ) {
        if let Some(feature) = before.get(row) {
            self.drop(before.collection(), feature);
        }
        if let Some(feature) = after.get(row) {
            self.add(after.collection(), feature);
        }
    }

    fn add(&mut self, collection: &Collection, feature: FeatureRef<'_>) {
        let Some((id, point)) = ids(collection, feature) else { return };
        self.rows.insert(id, (feature.id(), point));
        let rows = self.of_point.entry(point).or_default();
        let place = rows.partition_point(|known| *known < feature.id());
        rows.insert(place, feature.id());
    }

    fn drop(&mut self, collection: &Collection, feature: FeatureRef<'_>) {
        let Some((id, point)) = ids(collection, feature) else { return };
        if self.row(id) == Some(feature.id()) {
            self.rows.remove(&id);
        }
        if let Some(rows) = self.of_point.get_mut(&point) {
            rows.retain(|known| *known != feature.id());
        }
    }
}

fn ids(collection: &Collection, feature: FeatureRef<'_>) -> Option<(EvidenceId, PointId)> {
    let text = |name: &str| match feature.value(collection.field_position(name)?) {
        ValueRef::Text(text) => Some(text),
        _ => None,
    };
    Some((EvidenceId::try_from(text(ID)?).ok()?, PointId::try_from(text("point")?).ok()?))
}
