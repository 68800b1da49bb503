//! Whether a task that somebody asks about is one. No HTTP here: the routes and the command line share it.

use std::collections::BTreeSet;

use engine::{Engine, EngineError};
use ledger::book::{Book, Field};
use ledger::task::Tasks;
use spatial::CollectionId;
use thiserror::Error;

use crate::indicators::Indicators;

/// Most tasks that a refusal lists.
const SHOWN: usize = 100;

/// Why a task is not asked about.
#[derive(Debug, Error)]
pub enum TaskRefusal {
    /// Nothing knows it.
    #[error("{task:?} is no task here; there are {}", .known.join(", "))]
    Unknown {
        /// What was asked about, cut.
        task: String,
        /// Those that there are, the first of them.
        known: Vec<String>,
    },
    /// The engine refuses or fails.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What knows tasks beside the points.
#[derive(Clone, Copy, Debug)]
pub struct KnownTasks<'a> {
    /// The file of tasks.
    pub file: &'a Tasks,
    /// Targets and what is to be cleared, where these are asked about.
    pub indicators: Option<&'a Indicators>,
    /// The ledger whose rows are asked for.
    pub book: Option<&'a Book>,
}

impl KnownTasks<'_> {
    /// Refuses a task that neither a file nor a row knows: its figures would all be zero.
    ///
    /// # Errors
    /// When there is no such task, with those that there are; when rows cannot be read.
    pub async fn check(self, engine: &Engine, task: Option<&str>) -> Result<(), TaskRefusal> {
        let Some(task) = task else { return Ok(()) };
        let mut known = self.file.codes();
        known.extend(self.of_targets());
        if known.contains(task) {
            return Ok(());
        }
        known.extend(engine.tasks_of_rows(self.of_rows()).await?);
        if known.contains(task) {
            return Ok(());
        }
        let task = task.chars().take(60).collect();
        Err(TaskRefusal::Unknown { task, known: known.into_iter().take(SHOWN).collect() })
    }

    fn of_targets(&self) -> BTreeSet<String> {
        let Some(Indicators { targets, clearings, .. }) = self.indicators else {
            return BTreeSet::new();
        };
        let cleared = clearings.iter().map(|one| one.task.clone());
        targets.iter().map(|one| one.task.clone()).chain(cleared).collect()
    }

    /// The column of the rows asked for that says their task, where it is not that of their point.
    fn of_rows(&self) -> Option<(CollectionId, String)> {
        let book = self.book?;
        match &book.task {
            Some(Field::Own(name)) => {
                Some((CollectionId::try_from(book.collection.as_str()).ok()?, name.clone()))
            }
            _ => None,
        }
    }
}
