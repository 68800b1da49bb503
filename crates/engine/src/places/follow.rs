//! Assigns anew what moved boundaries, loads, other programs and new days call for, in the
//! background.
//!
//! Begins with every feature: what a process that ended has left undone is done then. From there
//! on each publication says where boundaries were and are. Nothing is kept on disk.

use std::sync::{Arc, Weak};
use std::time::Duration;

use ledger::place::{ADMIN_UNITS, Day, GRID_CELLS, ValidityReader};
use spatial::{CollectionId, Snapshot};
use store::{EXTERNAL, Operation};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::task::JoinHandle;

use super::assigned::AssignedFields;
use super::sweep::Scope;
use crate::now;
use crate::open::Parts;
use crate::{Engine, Publication};

/// How often it is looked whether a new day has begun.
const LOOK: Duration = Duration::from_secs(30);
/// Pauses after failures: each twice as long as the one before, up to a longest.
const RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// Follows what `engine` publishes until it is dropped. To be called within a tokio runtime.
pub fn start(engine: &Engine) -> JoinHandle<()> {
    // Subscribed first, so that no publication falls between this and the first look.
    let publications = engine.subscribe();
    tokio::spawn(follow(engine.weak(), publications))
}

async fn follow(
    parts: Weak<Parts>,
    mut publications: tokio::sync::broadcast::Receiver<Arc<Publication>>,
) {
    let mut work = Work { scope: Scope::all(), reason: "assigned at the start".to_owned() };
    let mut swept_on = Day::of(now());
    let mut pause = RETRY;
    loop {
        if !work.scope.is_empty() {
            let Some(parts) = parts.upgrade() else { return };
            let engine = Engine::of(parts);
            match engine.sweep_places(&work.scope, &work.reason).await {
                Ok(swept) if swept.changed > 0 => {
                    let (looked_at, changed) = (swept.looked_at, swept.changed);
                    tracing::info!(looked_at, changed, reason = work.reason, "assigned anew");
                    work = Work::default();
                }
                Ok(_) => work = Work::default(),
                Err(error) => {
                    tracing::error!(%error, "features could not be assigned; trying again");
                    drop(engine);
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_RETRY);
                }
            }
        }
        if work.scope.is_empty() {
            pause = RETRY;
        }
        let next = match work.scope.is_empty() {
            true => tokio::time::timeout(LOOK, publications.recv()).await,
            // What failed is tried again with whatever came meanwhile.
            false => Ok(match publications.try_recv() {
                Ok(publication) => Ok(publication),
                Err(TryRecvError::Empty) => continue,
                Err(TryRecvError::Lagged(missed)) => Err(RecvError::Lagged(missed)),
                Err(TryRecvError::Closed) => Err(RecvError::Closed),
            }),
        };
        match next {
            Ok(Ok(publication)) => work.take(&publication),
            Ok(Err(RecvError::Lagged(_))) => work.add_everything("assigned after many changes"),
            Ok(Err(RecvError::Closed)) => return,
            Err(_elapsed) => {}
        }
        // What waits already is done in one go.
        while let Ok(publication) = publications.try_recv() {
            work.take(&publication);
        }
        let today = Day::of(now());
        if today > swept_on {
            let Some(parts) = parts.upgrade() else { return };
            work.turn(&Engine::of(parts).current(), swept_on, today);
            swept_on = today;
        }
    }
}

/// What is to be looked at, and why.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) scope: Scope,
    pub(super) reason: String,
}

impl Work {
    fn add_everything(&mut self, reason: &str) {
        self.scope.everything = true;
        reason.clone_into(&mut self.reason);
    }

    /// Adds what a publication calls for.
    pub(super) fn take(&mut self, publication: &Publication) {
        for record in &publication.records {
            let id = &record.collection;
            let is_boundary = [ADMIN_UNITS, GRID_CELLS].contains(&id.as_str());
            let at = || format!("{id} changed at revision {}", record.revision);
            if is_boundary && record.id.is_none() {
                self.add_everything(&at());
            } else if is_boundary {
                let crs = [&publication.after, &publication.before].into_iter();
                let crs = crs.filter_map(|state| state.collections.get(id));
                let Some(crs) = crs.map(|held| held.collection().crs.clone()).next() else {
                    continue;
                };
                let envelopes = [record.before, record.after].into_iter().flatten();
                self.scope.boundaries.extend(envelopes.map(|one| (crs.clone(), one)));
                self.reason = at();
            } else if record.id.is_none() || record.actor == EXTERNAL {
                let held = publication.after.collections.get(id);
                if held.is_none_or(|held| AssignedFields::of(held.collection()).is_none()) {
                    continue;
                }
                match record.id {
                    None => {
                        self.scope.collections.insert(id.clone());
                    }
                    Some(_) if record.operation == Operation::Delete => continue,
                    Some(feature) => {
                        self.scope.features.entry(id.clone()).or_default().insert(feature);
                    }
                }
                self.reason = at();
            }
        }
    }

    /// Adds the units and cells that begin or end after `last`, up to `today`.
    pub(super) fn turn(&mut self, state: &Snapshot, last: Day, today: Day) {
        for name in [ADMIN_UNITS, GRID_CELLS] {
            let Ok(id) = CollectionId::try_from(name) else { continue };
            let Some(held) = state.collections.get(&id) else { continue };
            let reader = ValidityReader::of(held.collection());
            let crs = &held.collection().crs;
            held.each(&mut |shard, slots| {
                for slot in slots {
                    let feature = shard.feature(usize::from(*slot));
                    let turns =
                        reader.validity(feature).is_some_and(|v| v.turns_within(last, today));
                    if turns && !feature.envelope().is_empty() {
                        self.scope.boundaries.push((crs.clone(), feature.envelope()));
                        self.reason = format!("{name} begin or end on {today}");
                    }
                }
            });
        }
    }
}
