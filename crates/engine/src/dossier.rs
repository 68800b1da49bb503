//! Household files (一户一档) of one state: the subject with its parcels, buildings, photos and points,
//! what was measured of them, and how complete the files of a place are.
//!
//! *Invariants:* a file tells one state and only what its reader may read; measures are on a named plane,
//! never on that of Web Mercator; nothing here names a person.

mod assemble;
mod buildings;
#[cfg(test)]
mod dossier_tests;
mod gather;
mod gone;
mod history;
mod overview;
mod parcel;
mod parts;
mod photos;
mod plane;
mod rows;
mod sides;
#[cfg(test)]
mod sides_tests;
mod streets;

use std::sync::Arc;
use std::time::Instant;

use ::ledger::dossier::{Contents, Dossiers, SubjectKind};
use rustc_hash::FxHashSet;
use spatial::{Budget, CollectionId, Costs, Snapshot, Timestamp};

use crate::{Engine, EngineError};
use gather::Sources;
pub(crate) use gone::Surveys;

pub use overview::{FileLine, Overview, OverviewQuery, UnitLine};
pub use photos::{KeptPhoto, NewPhoto};
pub use plane::Planes;
pub use streets::UnitStreets;

/// Most files that are put together at a time.
pub const MAX_FILES: usize = 1_000;
/// A walk over each collection, and what lies around each parcel.
const COSTS: Costs = Costs { candidates: 50_000_000, vertices: 5_000_000_000 };

/// Of what files are asked for.
#[derive(Clone, Debug)]
pub struct DossierQuery {
    /// What files are made of.
    pub dossiers: Arc<Dossiers>,
    /// The kind of the subjects; without one whatever has the number, households first.
    pub kind: Option<String>,
    /// The numbers of the subjects.
    pub ids: Vec<String>,
    /// The state that had been recorded by then; the current one when absent.
    pub as_of: Option<Timestamp>,
    /// Whether history is told, which reads the store.
    pub with_history: bool,
}

impl Engine {
    /// The files of the subjects that there are, in the order of their rows; of ids that nothing has,
    /// none.
    ///
    /// # Errors
    /// When more than [`MAX_FILES`] are asked for, or it takes longer than a query may.
    pub async fn dossiers(&self, query: DossierQuery) -> Result<Vec<Contents>, EngineError> {
        if query.ids.len() > MAX_FILES {
            let what = format!("{} files at a time; ask for {MAX_FILES} at most", query.ids.len());
            return Err(EngineError::Unmeasurable { what });
        }
        let state = self.dossier_state(&query.dossiers, query.as_of).await?;
        let (engine, asked, of) = (self.clone(), query.clone(), Arc::clone(&state));
        let run = move || engine.assembled(&of, &asked);
        let mut files = self.pool().run(run).await??;
        if query.with_history {
            let former = self.former_buildings(&query.dossiers, &state).await?;
            for file in &mut files {
                self.add_history(file, &query.dossiers, &state).await?;
                self.add_gone(file, &former, (&query.dossiers, &state)).await?;
            }
        }
        Ok(files)
    }

    /// The state that files are of, as this handle sees it.
    async fn dossier_state(
        &self,
        dossiers: &Dossiers,
        as_of: Option<Timestamp>,
    ) -> Result<Arc<Snapshot>, EngineError> {
        let current = self.snapshot();
        let names = dossiers.collections();
        let ids: Vec<CollectionId> =
            assemble::known(&current, &names).into_iter().cloned().collect();
        self.state(as_of, &ids).await
    }

    fn assembled(
        &self,
        state: &Snapshot,
        query: &DossierQuery,
    ) -> Result<Vec<Contents>, EngineError> {
        let sources = Sources { set: query.dossiers.set(), state, profile: self.profile() };
        let planes = Planes::new(self.registry());
        let ids: FxHashSet<&str> = query.ids.iter().map(String::as_str).collect();
        let deadline = Instant::now() + self.settings().query_time;
        let expired = || Instant::now() > deadline;
        let budget = Budget::new(COSTS, &expired);
        let kinds: Vec<&SubjectKind> = match &query.kind {
            Some(name) => query.dossiers.kind(Some(name)).into_iter().collect(),
            None => query.dossiers.set().subjects.iter().collect(),
        };
        for kind in kinds {
            let subjects = sources.subjects(kind, &|id| ids.contains(id));
            if !subjects.is_empty() {
                return assemble::assemble(sources, &planes, (kind, &subjects), &budget);
            }
        }
        Ok(Vec::new())
    }
}
