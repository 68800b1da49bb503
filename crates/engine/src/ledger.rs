//! The ledger: points moved by events, and by nothing else.
//!
//! Points and events are rows of two collections of the store (`ledger::rows`). An event becomes
//! durable together with what it makes of its point, in one change set; a batch shares one. Points
//! are folded from the rows of a snapshot: nothing of them is kept besides, but an `index` of which
//! rows are a point's.
//!
//! *Invariant:* the columns of `points` that follow from events are what the fold of the rows of
//! `point_events` says. `raise` alone writes them, `guard` refuses other edits, and `mend` puts back
//! what another program wrote over them in the file; of records, what cannot be.

mod batch;
mod books;
mod counted;
mod enforcement;
mod evidence;
mod fact_list;
mod facts;
mod guard;
mod held;
mod index;
mod load_names;
mod mend;
mod mend_records;
mod named_evidence;
mod pieces;
mod position;
mod raise;
mod record_sums;
mod reports;
mod sums_asked;
mod tasks;
mod told_rows;
mod towns;
mod trace;
pub(crate) mod units;
mod units_below;
mod whistles;
mod work_sources;
mod worklist;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use books::{BookLine, BookPage, BookQuery, BookRow, MAX_BOOK_ROWS};
use counted::KeptCounts;
pub use enforcement::Records;
pub use evidence::{KeptEvidence, NewEvidence};
pub use fact_list::FactList;
use facts::KeptFacts;
pub use facts::LedgerFacts;
pub(crate) use guard::guarded;
use held::Held;
pub(crate) use held::{assign, blank};
use index::Index;
use ledger::{EventId, Payload, Point, PointId, Refusal, point::Role};
pub use load_names::LoadNames;
pub(crate) use position::moved_away;
pub use record_sums::record_units;
pub use reports::{ProgressReport, latest_reports};
use spatial::{Geometry, Revision, Timestamp, Value};
use store::KeptOut;
pub use sums_asked::SumsAsked;
pub use towns::{Ground, TownLists, TownPlan, TownProgress, TownRow};
pub use trace::{Step, Trace};
pub use units::{KnownUnits, UnitSource, known_units, unit_tree};
pub(crate) use units_below::UnitsBelow;
pub use whistles::{FoundWhistle, NewWhistle, Tale};
pub use worklist::{WorkAsked, WorkItem, WorkPage};

use crate::Defect;

/// Whether an event that is refused keeps the others of its batch from being taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking {
    /// Each event that may be taken is.
    Each,
    /// Those of a point all are, or none.
    WholePoints,
    /// All of the batch are, or none.
    AllOrNone,
}

/// Events of one actor that go in together, each with an outcome of its own.
#[derive(Clone, Debug)]
pub struct Raising {
    /// What a refusal does to the others.
    pub taking: Taking,
    /// Who raises them: the authenticated principal, or `local`.
    pub actor: String,
    /// The actor's unit, if it has one.
    pub unit: Option<String>,
    /// Them, in order; those of one point are raised in this order.
    pub events: Vec<NewEvent>,
}

/// An event as the client tells it.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Made by the client.
    pub id: EventId,
    /// The point that it belongs to; a report begins it.
    pub point: PointId,
    /// What happened. A registration without a number gets the next one.
    pub payload: Payload,
    /// In which role.
    pub role: Role,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// 补录: history, for a ledger without events of its own.
    pub backfilled: bool,
    /// Where the point lies, in the storage CRS of the points; of a report only.
    pub geometry: Option<Geometry>,
    /// Columns of the point that do not follow from events, with their values; of a report only.
    pub values: Vec<(String, Value)>,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is the point's last event now, its number so many.
    New {
        /// Its place among the events of the point, from 1 on.
        seq: u32,
    },
    /// It was there before: nothing changed.
    Again,
    /// It might be taken, but another event was refused of those that are taken all or none.
    Withheld,
    /// It is not the point's.
    Refused(Refusal),
    /// The report cannot be a feature of the points. Places are pointers into geometry or values.
    Invalid(Vec<Defect>),
}

/// What became of a batch.
#[derive(Clone, Debug)]
pub struct RaisedBatch {
    /// A state that holds all that was taken.
    pub revision: Revision,
    /// When it was recorded; none when nothing was new.
    pub recorded_at: Option<Timestamp>,
    /// One outcome an event, in order.
    pub outcomes: Vec<Outcome>,
    /// The points of the batch as they are now, in the order in which it names them.
    pub points: Vec<Point>,
}

/// What the engine keeps of the ledger beside its rows.
#[derive(Debug, Default)]
pub(crate) struct LedgerState {
    /// Held by whoever raises events, or mends: one at a time.
    raising: tokio::sync::Mutex<()>,
    /// Held by whoever writes a row of evidence: one at a time.
    keeping: tokio::sync::Mutex<()>,
    /// Held by whoever tells of a call of departments: one at a time.
    calling: tokio::sync::Mutex<()>,
    /// Held while a review of a clue is taken in.
    pub(crate) reviewing: tokio::sync::Mutex<()>,
    index: Mutex<Option<Index>>,
    /// What was put back, oldest first.
    put_back: Mutex<Vec<KeptOut>>,
    facts: KeptFacts,
    counts: KeptCounts,
}

impl LedgerState {
    fn index(&self) -> MutexGuard<'_, Option<Index>> {
        // Nothing panics while it is held.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_back(&self) -> MutexGuard<'_, Vec<KeptOut>> {
        self.put_back.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
