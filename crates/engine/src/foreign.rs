//! What other programs write into the store while it is served: noticed, taken in, shown.
//!
//! The store makes a revision of it; the snapshot follows feature by feature, so that one row
//! changed in QGIS costs as much as one edit.

use std::collections::HashMap;
use std::time::Duration;

use spatial::{
    Collection, CollectionId, CollectionSnapshot, Edit, Feature, FeatureId, Revision, Timestamp,
};
use store::{ChangeRecord, FeatureStore, ForeignSummary, KeptOut, Operation};

use crate::{Engine, EngineError};

/// A collection of which one in so many features changed is read anew; below, feature by feature.
const WHOLE_FROM: usize = 8;
/// So many features are always read one by one.
const FEW: usize = 1000;

/// Takes in what other programs wrote into `store`, and says so in the log: for a store that no
/// engine has opened yet.
pub async fn take_in_foreign(
    store: &dyn FeatureStore,
    recorded_at: Timestamp,
) -> Result<Option<ForeignSummary>, EngineError> {
    let taken = store.take_in_foreign(recorded_at).await?;
    taken.iter().for_each(tell);
    Ok(taken)
}

impl Engine {
    /// Takes in what other programs wrote, if they did, and shows it to every reader.
    pub async fn take_in_foreign(
        &self,
        recorded_at: Timestamp,
    ) -> Result<Option<ForeignSummary>, EngineError> {
        let taken = take_in_foreign(&*self.0.store, recorded_at).await?;
        if taken.is_some() && self.0.store.revision().await? != self.current().revision {
            self.refresh().await?;
        }
        Ok(taken)
    }

    /// Looks `every` so often whether other programs wrote, by the time that `clock` tells. Never
    /// ends; a failure is logged and the next look comes all the same.
    pub async fn follow_foreign(&self, every: Duration, clock: impl Fn() -> Timestamp) {
        if let Err(error) = self.mend_ledger().await {
            tracing::error!(%error, "the ledger was not compared with what other programs wrote");
        }
        let mut looks = tokio::time::interval(every);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            if let Err(error) = self.take_in_foreign(clock()).await {
                tracing::error!(%error, "what other programs wrote was not taken in");
            }
        }
    }

    /// The rows of a collection's table that are no features, or the table itself, and why, then
    /// those of the ledger that were put back; at most `limit`.
    pub async fn kept_out(
        &self,
        id: &CollectionId,
        limit: usize,
    ) -> Result<Vec<KeptOut>, EngineError> {
        if !self.sees(id) {
            return Ok(Vec::new());
        }
        let mut listed = self.0.store.kept_out(Some(id), limit).await?;
        listed.extend(self.put_back(id));
        listed.truncate(limit);
        Ok(listed)
    }

    /// The state of a collection after `records`, each of one feature, without reading the whole of
    /// it; none when reading the whole is less work, or needed.
    pub(crate) async fn caught_up(
        &self,
        known: &CollectionSnapshot,
        collection: &Collection,
        revision: Revision,
        records: &[ChangeRecord],
    ) -> Result<Option<CollectionSnapshot>, EngineError> {
        let id = &collection.id;
        let mut ids = Vec::new();
        for record in records.iter().filter(|record| record.collection == *id) {
            match record.id {
                Some(id) if record.operation != Operation::Load => ids.push(id),
                _ => return Ok(None),
            }
        }
        ids.sort_unstable();
        ids.dedup();
        if ids.len() > FEW.max(known.len() / WHOLE_FROM) {
            return Ok(None);
        }
        let found = self.0.store.features(id, &ids).await?;
        let projector = self.projector(collection)?;
        let known = known.clone();
        let next = move || {
            let edits = edits(&ids, &found);
            known.apply(revision, &edits, &|coords, world| projector.project_all(coords, world))
        };
        let next = self.0.pool.run_waiting(next).await?;
        // Whatever else happened meanwhile, the store's own count decides.
        Ok((next.len() as u64 == collection.count).then_some(next))
    }
}

/// What became of `ids`, by the features of them that are there.
fn edits<'a>(ids: &[FeatureId], found: &'a [Feature]) -> Vec<Edit<'a>> {
    let by_id: HashMap<_, _> = found.iter().map(|feature| (feature.id, feature)).collect();
    ids.iter().map(|id| Edit { id: *id, feature: by_id.get(&Some(*id)).copied() }).collect()
}

fn tell(taken: &ForeignSummary) {
    let ForeignSummary { revision, inserted, replaced, deleted, kept_out, notes } = taken;
    tracing::info!(
        revision = revision.0,
        inserted,
        replaced,
        deleted,
        kept_out,
        "another program has written to the store"
    );
    for note in notes {
        tracing::warn!(revision = revision.0, "another program changed a table: {note}");
    }
}
