//! What became of the subject of a file, its parcels and buildings, and what changed since the last
//! survey: the state that the history of the store has before the shape of now.

use ::ledger::dossier::{Change, Contents, Dossiers, HistoryLine};
use spatial::{
    CollectionId, Crs, FeatureId, Geometry, Operation, OverlayOp, Snapshot, measure, overlay_area,
};

use super::plane::Planes;
use crate::{Engine, EngineError, HistoryEntry};

/// Most lines that a file tells; the latest stay.
const MAX_LINES: usize = 500;

/// A row whose history is told.
struct Told {
    collection: CollectionId,
    id: FeatureId,
    name: String,
}

impl Engine {
    /// Adds history and changes to a file of `state`.
    pub(super) async fn add_history(
        &self,
        file: &mut Contents,
        dossiers: &Dossiers,
        state: &Snapshot,
    ) -> Result<(), EngineError> {
        let set = dossiers.set();
        let named = |name: &str| CollectionId::try_from(name).ok();
        let mut lines = Vec::new();
        let subject = &file.subject;
        let told = Told {
            collection: subject.collection.clone(),
            id: subject.feature,
            name: format!("{} {}", subject.kind_title, subject.id),
        };
        self.tell(&told, state, &mut lines).await?;
        if let Some(collection) = named(&set.parcels.collection) {
            for parcel in &mut file.parcels {
                let Some(id) = parcel.feature else { continue };
                let name = format!("宗地 {}", parcel.code);
                let told = Told { collection: collection.clone(), id, name };
                let entries = self.tell(&told, state, &mut lines).await?;
                if let (Some(plane), Some(shape)) = (&parcel.plane, &parcel.shape) {
                    parcel.change = self.change(&entries, &told, (state, plane, shape))?;
                }
            }
        }
        if let Some(collection) = named(&set.buildings.collection) {
            for building in &mut file.buildings {
                let name = format!("建筑 {}", building.code);
                let told = Told { collection: collection.clone(), id: building.feature, name };
                let is_subject =
                    told.id == subject.feature && told.collection == subject.collection;
                let mut nowhere = Vec::new();
                let lines = if is_subject { &mut nowhere } else { &mut lines };
                let entries = self.tell(&told, state, lines).await?;
                let (plane, shape) = (&building.footprint.crs, &building.shape);
                building.change = self.change(&entries, &told, (state, plane, shape))?;
            }
        }
        lines.sort_by_key(|line: &HistoryLine| line.revision);
        let first = lines.len().saturating_sub(MAX_LINES);
        file.history = lines.split_off(first);
        Ok(())
    }

    /// Adds the lines of a row; its entries up to the state.
    async fn tell(
        &self,
        told: &Told,
        state: &Snapshot,
        lines: &mut Vec<HistoryLine>,
    ) -> Result<Vec<HistoryEntry>, EngineError> {
        let entries = self.history(&told.collection, told.id, self.profile()).await;
        let mut entries = match entries {
            // Gone since, with its history.
            Err(EngineError::UnknownFeature { .. }) => return Ok(Vec::new()),
            entries => entries?,
        };
        entries.retain(|entry| entry.revision <= state.revision);
        lines.extend(entries.iter().map(|entry| HistoryLine {
            revision: entry.revision,
            recorded_at: entry.recorded_at,
            collection: told.collection.clone(),
            name: told.name.clone(),
            operation: entry.operation,
            fields: match entry.operation {
                // All of them came.
                Operation::Load | Operation::Insert => Vec::new(),
                _ => entry.fields.iter().map(|field| field.name.clone()).collect(),
            },
            is_moved: entry.geometry.is_some(),
        }));
        Ok(entries)
    }

    /// The last change of the shape; what came with a bulk load was there from the beginning.
    fn change(
        &self,
        entries: &[HistoryEntry],
        told: &Told,
        (state, plane, shape): (&Snapshot, &Crs, &Geometry),
    ) -> Result<Option<Change>, EngineError> {
        let is_change =
            |entry: &&HistoryEntry| entry.geometry.is_some() && entry.operation != Operation::Load;
        let Some(entry) = entries.iter().rev().find(is_change) else { return Ok(None) };
        let Some(held) = state.collections.get(&told.collection) else { return Ok(None) };
        let before = entry.geometry.as_ref().and_then(|[before, _]| before.clone());
        let planes = Planes::new(self.registry());
        let storage = &held.collection().crs;
        let before = before.map(|before| planes.moved(before, storage, plane)).transpose()?;
        let after_m2 = measure::area(shape);
        let less = |a: &Geometry, b: &Geometry| {
            overlay_area(OverlayOp::Difference, &a.shape, &b.shape).map_err(|fault| {
                EngineError::UnusableGeometry { reason: fault.to_string(), at: None }
            })
        };
        let [gained_m2, lost_m2] = match &before {
            Some(before) => [less(shape, before)?, less(before, shape)?],
            None => [after_m2, 0.0],
        };
        Ok(Some(Change {
            revision: entry.revision,
            recorded_at: entry.recorded_at,
            before_m2: before.as_ref().map(measure::area),
            after_m2,
            gained_m2,
            lost_m2,
        }))
    }
}
