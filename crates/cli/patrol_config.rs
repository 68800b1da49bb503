//! The section `[patrols]` of the configuration: how near positions must be to what they cover, and
//! what patrollers look at.

use std::path::PathBuf;

use ledger::patrol::PatrolRules;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// How far from an alley a position may be set to belong to it, metres.
const MAX_TOLERANCE_M: f64 = 100.0;
/// Most metres between two positions of an alley, and most that an accuracy may be set to.
const MAX_METRES: f64 = 1_000.0;
/// Most seconds between two positions: an hour.
const MAX_SECONDS: u32 = 3_600;

/// How near positions must be, and by which checklists results are made.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PatrolConfig {
    /// How far from an alley a position may be that belongs to it, metres; one that is less accurate
    /// may be as far off as it says. Closed points within it of a patrol are looked at.
    #[serde(deserialize_with = "tolerance")]
    pub tolerance_m: f64,
    /// Positions that are less accurate than so many metres say nothing.
    #[serde(deserialize_with = "metres")]
    pub worst_accuracy_m: f64,
    /// Between two positions an alley is covered when they are at most so many metres apart …
    #[serde(deserialize_with = "metres")]
    pub gap_m: f64,
    /// … and at most so many seconds.
    #[serde(deserialize_with = "seconds")]
    pub gap_seconds: u32,
    /// File of checklists, in TOML; empty: those that come with the program.
    pub checklists: PathBuf,
}

impl Default for PatrolConfig {
    fn default() -> Self {
        let PatrolRules { tolerance_m, worst_accuracy_m, gap_m, gap_seconds } =
            PatrolRules::default();
        let checklists = PathBuf::new();
        Self { tolerance_m, worst_accuracy_m, gap_m, gap_seconds, checklists }
    }
}

impl PatrolConfig {
    /// As the engine takes it.
    pub fn rules(&self) -> PatrolRules {
        let Self { tolerance_m, worst_accuracy_m, gap_m, gap_seconds, .. } = *self;
        PatrolRules { tolerance_m, worst_accuracy_m, gap_m, gap_seconds }
    }
}

fn tolerance<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    within(f64::deserialize(from)?, MAX_TOLERANCE_M).map_err(D::Error::custom)
}

fn metres<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    within(f64::deserialize(from)?, MAX_METRES).map_err(D::Error::custom)
}

fn within(number: f64, most: f64) -> Result<f64, String> {
    let fits = (1.0..=most).contains(&number);
    fits.then_some(number).ok_or_else(|| format!("{number} is not usable; give 1 to {most} metres"))
}

fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let number = u32::deserialize(from)?;
    match (1..=MAX_SECONDS).contains(&number) {
        true => Ok(number),
        false => Err(D::Error::custom(format!("{number} is not usable; give 1 to {MAX_SECONDS}"))),
    }
}
