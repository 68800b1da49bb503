//! Puts back what another program wrote into records in the file and what cannot be: answered before
//! asked, more content than asked.
//!
//! *Invariant:* a column that another program left alone stays as it is, whatever it says.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::record::Consistency;
use spatial::{ChangeOp, CollectionId, Feature, FeatureId, Snapshot, Timestamp};
use store::StoreError;

use super::held::blank;
use super::mend::{ATTEMPTS, TOGETHER};
use crate::check::Records;
use crate::{Engine, EngineError};

/// Why the columns of some rows are put back, and how.
type Puts = BTreeMap<(String, String), Vec<(FeatureId, ChangeOp)>>;

impl Engine {
    /// Gives the columns at fault of these rows, where another program wrote them last, the values that
    /// they had before, none where the row is new.
    pub(super) async fn mend_records(
        &self,
        id: &CollectionId,
        rows: &[FeatureId],
    ) -> Result<(), EngineError> {
        for _attempt in 0..ATTEMPTS {
            let state = self.current();
            let puts = self.records_to_put(&state, id, rows).await?;
            if puts.is_empty() {
                return Ok(());
            }
            for ((columns, why), ops) in puts {
                for ops in ops.chunks(TOGETHER) {
                    match self.put_in(&state, id, ops.to_vec(), (&columns, &why)).await {
                        Err(EngineError::Store(StoreError::FeatureChanged { changed, .. })) => {
                            self.published(changed).await?;
                        }
                        done => done?,
                    }
                }
            }
        }
        Err(EngineError::KeepsChanging)
    }

    async fn records_to_put(
        &self,
        state: &Snapshot,
        id: &CollectionId,
        rows: &[FeatureId],
    ) -> Result<Puts, EngineError> {
        let mut puts = Puts::new();
        let latest = Records::now(self, None).latest;
        let held = state.collections.get(id);
        let held = held.and_then(|held| Some((held, Consistency::of(held.collection())?)));
        let Some((held, consistency)) = held else { return Ok(puts) };
        let suspects = {
            let (held, consistency, rows) = (Arc::clone(held), consistency.clone(), rows.to_vec());
            let is_suspect = move |row: &FeatureId| {
                let row = held.get(*row);
                let found = row.map(|row| consistency.contradictions(&|at| row.value(at), latest));
                found.is_some_and(|found| !found.is_empty())
            };
            self.pool().run_waiting(move || rows.into_iter().filter(is_suspect).collect::<Vec<_>>())
        };
        let is_sound = |row: &Feature| {
            consistency.contradictions(&|at| row.properties[at].as_ref(), latest).is_empty()
        };
        for row in suspects.await? {
            let was = self.past_or(id, row, &is_sound).await?.own;
            let was = was.unwrap_or_else(|| blank(held.collection()));
            let Some(mut feature) = held.get(row).map(|row| row.to_feature()) else { continue };
            let (mut columns, mut reasons) = (Vec::new(), Vec::new());
            while let Some((at, reason)) = fault(&consistency, &feature, &was, latest, &|at| {
                held.collection().fields[at].name.clone()
            }) {
                feature.properties[at].clone_from(&was.properties[at]);
                columns.push(held.collection().fields[at].name.clone());
                reasons.push(reason);
            }
            if !columns.is_empty() {
                let why = format!(
                    "{}; another program wrote it in the file, and it is as it was before, null in \
                     a new row",
                    reasons.join("; ")
                );
                let ops = puts.entry((columns.join(", "), why)).or_default();
                ops.push((row, ChangeOp::Replace(row, feature)));
            }
        }
        Ok(puts)
    }
}

/// A column at fault that is not as it was, and why it is, without any value. Each that is put back is
/// one less.
fn fault(
    consistency: &Consistency,
    feature: &Feature,
    was: &Feature,
    latest: Timestamp,
    name: &dyn Fn(usize) -> String,
) -> Option<(usize, String)> {
    let value = |at: usize| feature.properties[at].as_ref();
    let is_new = |at: &usize| feature.properties[*at] != was.properties[*at];
    let found = consistency.contradictions(&value, latest);
    found.iter().find_map(|one| Some((one.columns().find(is_new)?, one.told(name))))
}
