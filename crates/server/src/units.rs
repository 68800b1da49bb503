//! Whether a unit that somebody asks about is one. No HTTP here: the routes and the command line share it.

use engine::ledger::known_units;
use engine::{Engine, EngineError};
use spatial::Day;
use thiserror::Error;

/// Units that a refusal names.
const SHOWN: usize = 5;

/// Why a unit is not asked about.
#[derive(Debug, Error)]
pub enum UnitRefusal {
    /// The table of units has none of this code.
    #[error("{unit:?} is the code of no unit on {day}; there are for example {}", .some.join(", "))]
    Unknown {
        /// What was asked about, cut.
        unit: String,
        /// The day that is asked about.
        day: Day,
        /// Some of those that there are on some day.
        some: Vec<String>,
    },
    /// The engine fails.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// A unit that is asked about, and what an answer found of it.
#[derive(Clone, Copy, Debug)]
pub struct AskedUnit<'a> {
    /// Its code; none: of all units.
    pub code: Option<&'a str>,
    /// The day that is asked about.
    pub day: Day,
    /// Whether the table of units has it on that day.
    pub is_known: bool,
    /// Whether there are rows of it.
    pub has_rows: bool,
}

impl AskedUnit<'_> {
    /// Refuses a unit that neither the table of units nor a row has: its answer would be empty. A store without
    /// the table knows no unit but by rows, and takes any.
    ///
    /// # Errors
    /// When there is no such unit, with some that there are; when the pool ends.
    pub async fn check(self, engine: &Engine) -> Result<(), UnitRefusal> {
        let Some(code) = self.code.filter(|_| !self.is_known && !self.has_rows) else {
            return Ok(());
        };
        let state = engine.snapshot();
        let known = engine.pool().run(move || known_units(&state)).await?;
        let Some(known) = known else { return Ok(()) };
        let unit = code.chars().take(60).collect();
        let some = known.into_iter().take(SHOWN).collect();
        Err(UnitRefusal::Unknown { unit, day: self.day, some })
    }
}
