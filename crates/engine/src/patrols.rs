//! Patrols: taken from phones, snapped to alleys, and what they cover.
//!
//! *Invariants:* where somebody was exactly is kept in `patrol_tracks` alone, as a value of class L4;
//! what `patrols` shows are parts of alleys. A patrol is taken once, whole, under the code that its
//! client made. Coverage is asked of the geometries of `patrols`, whoever wrote them, and of the alleys
//! of the same state.

mod alleys;
mod check;
mod coverage;
mod done;
mod named;
#[cfg(test)]
mod patrols_tests;
mod places;
mod read;
mod results;
mod statistics;
mod take;
mod walked;
mod write;

use ledger::PointId;
use ledger::point::PatrolId;
use ledger::rows::evidence::PositionSource;
use spatial::{Revision, Timestamp};

pub use coverage::{AlleyCoverage, Coverage, CoverageAsked, MAX_COVERAGE_DAYS, TownCoverage};
pub(crate) use done::PatrolsDone;
pub use results::{ItemShare, PointResult, ResultsAsked, ResultsByTown, Share, TownShares};
pub use statistics::{Grouping, PatrolStatistics, Period, StatisticsAsked, StatisticsRow};

use crate::Defect;

/// Most positions of one patrol: one every ten seconds of a day.
pub const MAX_FIXES: usize = 8_640;
/// Most results of checklists and most findings of one patrol, each.
pub const MAX_FINDINGS: usize = 500;

/// A patrol as a phone sends it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPatrol {
    /// Made by the client.
    pub code: PatrolId,
    /// What the patroller is: 街巷长, 小巷管家, 网格员 …
    pub role: String,
    /// Code of the unit that the patrol is for.
    pub unit: String,
    /// Who patrolled.
    pub person: Option<String>,
    /// Code of the alley that it was on.
    pub alley: Option<String>,
    /// Id or number of the point that it was to.
    pub point: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// What recorded it.
    pub device: Option<String>,
    /// The system that its positions are of.
    pub source: PositionSource,
    /// Where it was, in the order of time.
    pub track: Vec<TrackFix>,
    /// What was looked at.
    pub results: Vec<NewResult>,
    /// What was found.
    pub findings: Vec<NewFinding>,
}

/// A position of a track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackFix {
    /// Longitude and latitude as given, degrees.
    pub lon_lat: [f64; 2],
    /// When.
    pub at: Timestamp,
    /// How far off it may be, metres, if the device says so.
    pub accuracy_m: Option<f64>,
}

/// An item of a checklist that was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Code of the checklist.
    pub checklist: String,
    /// Its version.
    pub version: String,
    /// Code of the item.
    pub item: String,
}

/// One result by an item of a checklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewResult {
    /// By which item.
    pub looked: Looked,
    /// Whether it was as it must be.
    pub passed: bool,
    /// Code of the alley; that of the patrol when absent.
    pub alley: Option<String>,
    /// Id or number of the point; that of the patrol when absent.
    pub point: Option<String>,
    /// When; the end of the patrol when absent.
    pub checked_at: Option<Timestamp>,
    /// More.
    pub note: Option<String>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFinding {
    /// By which item of a checklist.
    pub looked: Option<Looked>,
    /// Code of the alley; that of the patrol when absent.
    pub alley: Option<String>,
    /// Where it goes.
    pub about: About,
    /// When; the end of the patrol when absent.
    pub found_at: Option<Timestamp>,
    /// More.
    pub note: Option<String>,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Nothing that the ledger has.
    Nothing,
    /// A known point, by id or number.
    Known(String),
    /// A point that it reports, with the id of the event.
    Reported {
        /// The point.
        point: PointId,
        /// Id of the event.
        event: String,
    },
}

/// What became of a patrol.
#[derive(Clone, Debug, PartialEq)]
pub enum PatrolOutcome {
    /// It is taken.
    New(PatrolCovered),
    /// It was there before, the same: nothing changed.
    Again {
        /// Metres of alleys that it covered.
        covered_m: f64,
    },
    /// Its code is known with other content, which stays.
    Differs,
    /// It names what is not of the area of whoever sends it; places are pointers into the patrol.
    OutsideArea(Vec<Defect>),
    /// It says what cannot be; places are pointers into the patrol.
    Invalid(Vec<Defect>),
}

/// What a patrol covers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PatrolCovered {
    /// Metres altogether.
    pub covered_m: f64,
    /// Codes of alleys, each with its metres.
    pub alleys: Vec<(Option<String>, f64)>,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct TakenPatrols {
    /// A state that holds all that was taken.
    pub revision: Revision,
    /// One outcome a patrol, in order.
    pub outcomes: Vec<PatrolOutcome>,
}
