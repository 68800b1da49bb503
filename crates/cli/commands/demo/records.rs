//! The records of the sample city: who trades, calls and patrols there, and what its towns plan; brought
//! in at the end of the month in which they were known.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::places::LoadAssigner;
use ledger::rows::enforcement_collection;
use spatial::{ChangeOp, ChangeSet, Collection, CrsRegistry, Feature, Timestamp};
use store::{FeatureStore, GeoPackageStore};

use super::load::{REASON, append, change, change_set, create};
use crate::commands::CommandError;
use crate::styles::style_of;
use crate::synth::{Layer, LedgerPoint, OPENED, Records, Synth, record_collections};

/// Most rows of a collection that come with others: more are a load of their own, which is one row of the
/// change log.
const FEW: usize = 200;

/// The records that are not in the store yet.
pub(super) struct RecordRows {
    /// Each with what assigns its features.
    collections: Vec<(Collection, Option<Arc<LoadAssigner>>)>,
    records: Records,
}

/// Rows to be loaded, by the number of their collection.
pub(super) type Loads = BTreeMap<usize, Vec<Feature>>;

impl RecordRows {
    /// Makes every collection of records that gets rows, with those that are older than the two years.
    /// `end` is when the last meeting is held.
    pub(super) async fn open(
        store: &GeoPackageStore,
        registry: &Arc<CrsRegistry>,
        (synth, told): (&Synth, &[Vec<LedgerPoint>]),
        end: Timestamp,
    ) -> Result<Self, CommandError> {
        let mut records = Records::default();
        for (village, points) in told.iter().enumerate() {
            synth.records(village, points, &mut records)?;
        }
        synth.meetings_at(end, &mut records);
        if let Some(folder) = store.evidence_folder() {
            for (hash, bytes) in records.pictures() {
                folder.put(hash, Arc::new(bytes)).await?;
            }
        }
        let described = synth.collection(Layer::Points)?;
        let mut all = Vec::new();
        for one in record_collections() {
            let mut collection = one.collection(described.crs.clone())?;
            collection.description =
                format!("{}。{}", collection.description, described.description);
            collection.style = style_of(one.id).map(str::to_owned);
            all.push(collection);
        }
        all.push(enforcement_collection(&described.crs)?);
        all.retain(|one| records.has(one.id.as_str()));
        let mut collections = Vec::new();
        for collection in all {
            let assigner = LoadAssigner::read(store, registry, &collection, OPENED).await?;
            let assigner = assigner.map(Arc::new);
            let rows = records.take(collection.id.as_str(), OPENED);
            create(store, collection.clone(), assigner.clone(), move |sending| {
                rows.into_iter().try_for_each(|row| sending.add(row))
            })
            .await?;
            collections.push((collection, assigner));
        }
        Ok(Self { collections, records })
    }

    /// Takes what is known before a moment: few rows of a collection as one change set of all, many by the
    /// collection.
    pub(super) fn take(
        &mut self,
        known_before: Timestamp,
        recorded_at: Timestamp,
    ) -> Result<(ChangeSet, Loads), CommandError> {
        let (mut changes, mut loads) = (Vec::new(), Loads::new());
        for (number, (collection, assigner)) in self.collections.iter().enumerate() {
            let mut rows = self.records.take(collection.id.as_str(), known_before);
            if rows.len() > FEW {
                loads.insert(number, rows);
                continue;
            }
            if let Some(assigner) = assigner {
                assigner.assign(&mut rows)?;
            }
            let inserts = rows.into_iter().map(ChangeOp::Insert);
            changes.extend(inserts.map(|op| change(&collection.id, op)));
        }
        Ok((change_set(REASON, recorded_at, changes), loads))
    }

    /// Loads what was taken for it.
    pub(super) async fn load(
        &self,
        store: &GeoPackageStore,
        loads: Loads,
        recorded_at: Timestamp,
    ) -> Result<(), CommandError> {
        for (number, rows) in loads {
            let (collection, assigner) = &self.collections[number];
            append(store, collection, assigner.clone(), (rows, recorded_at)).await?;
        }
        Ok(())
    }
}
