//! The two years of the sample city, as a store would have lived through them: the ledger is written every
//! evening, the records come at the end of the month.

use std::sync::Arc;

use engine::now;
use spatial::{CrsRegistry, Timestamp};
use store::{FeatureStore, GeoPackageStore};

use super::ledger::Ledger;
use super::records::RecordRows;
use super::{evidence, reviews};
use crate::commands::CommandError;
use crate::synth::{LedgerPoint, Synth, ends_of_months};

/// Brings in the ledger and the records in the order of the moments at which they were recorded, then what
/// was said of clues; at last a meeting of every town that is told the present state.
pub(super) async fn live_through(
    store: &GeoPackageStore,
    registry: &Arc<CrsRegistry>,
    (synth, told): (&Synth, &[Vec<LedgerPoint>]),
) -> Result<(), CommandError> {
    let end = ends_of_months().fold(now(), Timestamp::max);
    let mut ledger = Ledger::open(store, registry, (synth, told)).await?;
    let mut records = RecordRows::open(store, registry, (synth, told), end).await?;
    let mut evenings = ledger.evenings().into_iter().peekable();
    let last = ends_of_months().max();
    let months = ends_of_months().map(|month| (month, month));
    for (known_before, recorded_at) in months.chain([(Timestamp(i64::MAX), end)]) {
        let mut sets = Vec::new();
        while let Some((evening, points)) = evenings.next_if(|(evening, _)| *evening < recorded_at)
        {
            sets.push(ledger.hear(evening, &points)?);
        }
        let (few, many) = records.take(known_before, recorded_at)?;
        sets.extend(Some(few).filter(|set| !set.changes.is_empty()));
        // A month becomes durable at once, each set of it as a revision of its own.
        for answer in store.commit_all(sets.into()).await {
            answer?;
        }
        records.load(store, many, recorded_at).await?;
        // Not at the present moment: the same seed gives the same tiles.
        if Some(known_before) == last {
            reviews::load_reviews(store, registry, told, recorded_at).await?;
            evidence::load_evidence(store, told, recorded_at).await?;
        }
    }
    Ok(())
}
