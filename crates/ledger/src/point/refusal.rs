//! Why an event is refused, and what to do about it.

use std::collections::BTreeSet;
use std::fmt;

use spatial::Timestamp;
use thiserror::Error;

use super::{EventId, EventKind, EvidenceId, PointId, Quantities, State, moment::Utc, table};
use crate::PointCodeFault;

/// The reason for which an event is refused. The point is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The first event of a point is something else than a report.
    #[error("point {point} does not exist: {kind} may not begin it; raise report first")]
    NotReported {
        /// Which point.
        point: PointId,
        /// The kind that was to begin it.
        kind: EventKind,
    },
    /// The kind may not follow the point's state.
    #[error("point {point} is {state}: {kind} may not follow; {}", Followers(*.state))]
    WrongState {
        /// Which point.
        point: PointId,
        /// Its state.
        state: State,
        /// The kind that may not follow.
        kind: EventKind,
    },
    /// The report is part of another point.
    #[error("report {point} was merged into point {into}: raise {kind} at that point")]
    Merged {
        /// The report.
        point: PointId,
        /// The point that stands for both.
        into: PointId,
        /// The kind that may not follow.
        kind: EventKind,
    },
    /// A report merged into itself.
    #[error("report {point} may not be merged into itself: name the other point")]
    IntoItself {
        /// The report.
        point: PointId,
    },
    /// The role may not raise the kind.
    #[error("{role} may not raise {kind} at point {point}: leave it to {}", Roles(.allowed))]
    Role {
        /// Which point.
        point: PointId,
        /// The kind.
        kind: EventKind,
        /// Who may not, by word and name.
        role: String,
        /// Who may.
        allowed: Vec<String>,
    },
    /// It happened before the point came to its state.
    #[error(
        "event {event} is out of order: it occurred at {}, point {point} is {state} since {}; \
         correct occurred_at (only old history, which goes into a ledger without events, is marked as \
         backfilled, 补录)",
        Utc(*.occurred_at), Utc(*.since)
    )]
    OutOfOrder {
        /// Which point.
        point: PointId,
        /// The event.
        event: EventId,
        /// When it happened.
        occurred_at: Timestamp,
        /// The point's state.
        state: State,
        /// Since when it is in it.
        since: Timestamp,
    },
    /// It happened after the server heard of it.
    #[error(
        "event {event} at point {point} occurred at {}, after it was recorded at {}, and the \
         clocks may differ by {minutes} minutes: set the clock of the device",
        Utc(*.occurred_at), Utc(*.recorded_at)
    )]
    AheadOfClock {
        /// Which point.
        point: PointId,
        /// The event.
        event: EventId,
        /// When it happened.
        occurred_at: Timestamp,
        /// When the server heard of it.
        recorded_at: Timestamp,
        /// What [`ahead_minutes`](super::Rules::ahead_minutes) allows.
        minutes: u32,
    },
    /// The point has an event of this id that tells something else.
    #[error(
        "event {event} is known at point {point} with other content: what was raised stays; \
         raise a new event with a new id"
    )]
    OtherContent {
        /// Which point.
        point: PointId,
        /// The event.
        event: EventId,
    },
    /// Something that the kind needs is blank, empty or zero.
    #[error("{kind} at point {point} lacks {what}: give it and raise the event again")]
    Missing {
        /// Which point.
        point: PointId,
        /// The kind.
        kind: EventKind,
        /// What it needs.
        what: &'static str,
    },
    /// A report or registration names what is no unit.
    #[error(
        "point {point}: {unit:?} is the code of no unit that day; name the unit of administration that \
         answers for it. A report that names none is of the town in whose area it lies"
    )]
    UnknownUnit {
        /// The point.
        point: PointId,
        /// What it names.
        unit: String,
    },
    /// A report lies neither in the unit that it names nor in another one.
    #[error("report {point} lies neither in {unit} nor in another unit: correct its position")]
    OutsideUnit {
        /// The report.
        point: PointId,
        /// The unit that it names.
        unit: String,
    },
    /// The point is beyond the area that is given to whoever raises the event, or would be.
    #[error(
        "point {point} is not in the area that is given to you, or would not be: correct its position \
         and unit, or leave it to whoever has that area"
    )]
    OutsideArea {
        /// Which point.
        point: PointId,
    },
    /// The point is given to a unit beyond the area that is given to whoever raises the event.
    #[error(
        "point {point}: unit {unit} is not in the area that is given to you: name a unit of it, or leave \
         this to whoever has that area"
    )]
    UnitOutsideArea {
        /// Which point.
        point: PointId,
        /// Who is to answer for it.
        unit: String,
    },
    /// The task is none of the city's.
    #[error(
        "point {point}: {task:?} is no task of this ledger; there are {}: name one of them by its code or its \
         name; another one is added to the file of tasks",
        .known.join(", ")
    )]
    UnknownTask {
        /// Which point.
        point: PointId,
        /// The task, cut.
        task: String,
        /// Those that there are, the first of them.
        known: Vec<String>,
    },
    /// A report from nobody's area.
    #[error("report {point} lies in the area of no unit: name its unit, or correct its position")]
    OutsideJurisdiction {
        /// The report.
        point: PointId,
    },
    /// A report that says neither whose it is nor where.
    #[error("report {point} has neither a unit nor a position: give it one of them")]
    Nowhere {
        /// The report.
        point: PointId,
    },
    /// A date that must lie after another one.
    #[error(
        "{kind} at point {point} names {} as {what}, which is not after {}: name a later one",
        Utc(*.given), Utc(*.after)
    )]
    NotAfter {
        /// Which point.
        point: PointId,
        /// The kind.
        kind: EventKind,
        /// What the date is.
        what: &'static str,
        /// The date.
        given: Timestamp,
        /// What it must lie after.
        after: Timestamp,
    },
    /// One photo as before and after.
    #[error("photo {photo} at point {point} cannot be from before and from after: give two")]
    BeforeAndAfter {
        /// Which point.
        point: PointId,
        /// The photo.
        photo: EvidenceId,
    },
    /// The quantity of a submission is not the sum of all progress.
    #[error(
        "submit at point {point} says {claimed}, its progress adds up to {progress}: raise the \
         progress that is missing, correct what is wrong, or submit what was done"
    )]
    ActualDiffers {
        /// Which point.
        point: PointId,
        /// What the submission says.
        claimed: Quantities,
        /// The sum of all progress.
        progress: Quantities,
    },
    /// A correction of what tells no quantity that is corrected.
    #[error(
        "correct at point {point} names event {event}, which is neither its register nor a progress: name \
         one of them as to_event; what was submitted is taken back with withdraw"
    )]
    NoQuantity {
        /// Which point.
        point: PointId,
        /// The event that it names.
        event: EventId,
    },
    /// A sum beyond what can be counted.
    #[error("progress of {done} at point {point} is beyond what can be added: correct it")]
    TooMuch {
        /// Which point.
        point: PointId,
        /// The progress.
        done: Quantities,
    },
    /// The submitter is the one who checks.
    #[error("{actor:?} submitted point {point} and may not check it: let another person do so")]
    BySubmitter {
        /// Which point.
        point: PointId,
        /// The submitter.
        actor: String,
    },
    /// Somebody else takes a submission back.
    #[error(
        "{actor:?} did not submit point {point} and may not withdraw it: let the submitter do \
         so, or a checker raise fail"
    )]
    NotSubmitter {
        /// Which point.
        point: PointId,
        /// Who wants to withdraw.
        actor: String,
    },
    /// Papers do not close a point.
    #[error(
        "papers do not prove that point {point} is done: look at the site or at images, then \
         close it"
    )]
    NoProof {
        /// Which point.
        point: PointId,
    },
    /// All evidence of a rebound was there before.
    #[error("all evidence of the rebound of point {point} was known before: add a new photo")]
    KnownEvidence {
        /// Which point.
        point: PointId,
    },
    /// Evidence that the point does not have, where it must come before the event.
    #[error(
        "{kind} at point {point} names evidence that is not there: {}; send it with POST \
         /points/{point}/evidence, then raise the event again", Listed(.pieces)
    )]
    EvidenceAbsent {
        /// Which point.
        point: PointId,
        /// The kind.
        kind: EventKind,
        /// What is not there.
        pieces: Vec<EvidenceId>,
    },
    /// Evidence that shows something else than the event says.
    #[error(
        "{piece} at point {point} is {is}, and submit names it as {wanted}: name a photo that is \
         {wanted}"
    )]
    OtherEvidence {
        /// Which point.
        point: PointId,
        /// The piece.
        piece: EvidenceId,
        /// What it is.
        is: &'static str,
        /// What it is to be.
        wanted: &'static str,
    },
    /// Evidence that is another piece under a new id.
    #[error("{piece} at point {point} is, byte by byte, {other}: take a new photo")]
    SameBytes {
        /// Which point.
        point: PointId,
        /// The piece.
        piece: EvidenceId,
        /// The one that it is.
        other: EvidenceId,
    },
    /// A photo of what was done from before there was anything to do.
    #[error(
        "{piece} at point {point} was taken at {}, before {what} at {}, and submit names it as \
         after: name a photo that was taken when the work was done",
        Utc(*.captured_at), Utc(*.at)
    )]
    TakenEarly {
        /// Which point.
        point: PointId,
        /// The piece.
        piece: EvidenceId,
        /// When it was taken, by the device's clock.
        captured_at: Timestamp,
        /// What it may not come before.
        what: &'static str,
        /// When that was.
        at: Timestamp,
    },
    /// A report that would join what is no point of the ledger.
    #[error(
        "report {point} may not join {into}, which is {}: name a point that is on the ledger",
        Stands(*.state)
    )]
    MergeTarget {
        /// The report.
        point: PointId,
        /// What it names.
        into: PointId,
        /// Where that one stands, if it is there.
        state: Option<State>,
    },
    /// A number that another point has, or had.
    #[error("point {point} may not get number {code}, which is that of point {by}: leave code out")]
    CodeTaken {
        /// Which point.
        point: PointId,
        /// The number.
        code: String,
        /// Whose it is.
        by: PointId,
    },
    /// A number that is none of the ledger, or none that can be issued.
    #[error("point {point}: {fault}")]
    Code {
        /// Which point.
        point: PointId,
        /// What is wrong.
        fault: PointCodeFault,
    },
    /// History for a ledger that has begun.
    #[error(
        "event {event} at point {point} is backfilled (补录), and the ledger has events of its own: \
         old history goes into an empty ledger only; raise it without backfilled"
    )]
    HasBegun {
        /// Which point.
        point: PointId,
        /// The event.
        event: EventId,
    },
    /// A reply to nothing.
    #[error("point {point} waits for no reply to event {to}: name an open supervise event")]
    NotSupervised {
        /// Which point.
        point: PointId,
        /// What the reply names.
        to: EventId,
    },
    /// Somebody would answer for an event that the point does not have.
    #[error("point {point} has no event {event}: name the event that is answered for")]
    NoSuchEvent {
        /// Which point.
        point: PointId,
        /// What is named.
        event: EventId,
    },
}

/// On what ground an event is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Who raises it may not.
    Person,
    /// It is beyond the area of whoever raises it.
    Area,
    /// The point, or another one, stands otherwise than the event takes for granted.
    State,
    /// It lacks something, or says what cannot be.
    Content,
}

impl Refusal {
    /// Refuses a task that is none of those that there are.
    pub fn unknown_task(point: PointId, task: &str, known: BTreeSet<String>) -> Self {
        const SHOWN: usize = 100;
        let task = task.chars().take(60).collect();
        Self::UnknownTask { point, task, known: known.into_iter().take(SHOWN).collect() }
    }

    /// The member of the event that is wrong, where one is.
    pub fn member(&self) -> Option<&'static str> {
        Some(match self {
            Self::UnknownTask { .. }
            | Self::Code { fault: PointCodeFault::Task { .. }, .. }
            | Self::Missing { what: "the task", .. } => "task",
            Self::UnknownUnit { .. }
            | Self::Code { fault: PointCodeFault::Unit { .. }, .. }
            | Self::Missing { what: "the unit", .. } => "unit",
            Self::Code { .. } | Self::CodeTaken { .. } => "code",
            Self::OutsideUnit { .. } | Self::OutsideJurisdiction { .. } | Self::Nowhere { .. } => {
                "geometry"
            }
            Self::NotAfter { kind: EventKind::Register | EventKind::Extend, .. } => "due_at",
            _ => return None,
        })
    }

    /// On what ground the event is refused.
    pub fn ground(&self) -> Ground {
        match self {
            Self::Role { .. } | Self::BySubmitter { .. } | Self::NotSubmitter { .. } => {
                Ground::Person
            }
            Self::OutsideArea { .. } | Self::UnitOutsideArea { .. } => Ground::Area,
            Self::NotReported { .. }
            | Self::WrongState { .. }
            | Self::Merged { .. }
            | Self::OutOfOrder { .. }
            | Self::OtherContent { .. }
            | Self::ActualDiffers { .. }
            | Self::KnownEvidence { .. }
            | Self::EvidenceAbsent { .. }
            | Self::OtherEvidence { .. }
            | Self::SameBytes { .. }
            | Self::TakenEarly { .. }
            | Self::MergeTarget { .. }
            | Self::CodeTaken { .. }
            | Self::HasBegun { .. }
            | Self::NotSupervised { .. }
            | Self::NoSuchEvent { .. } => Ground::State,
            Self::IntoItself { .. }
            | Self::AheadOfClock { .. }
            | Self::Missing { .. }
            | Self::OutsideJurisdiction { .. }
            | Self::Nowhere { .. }
            | Self::UnknownTask { .. }
            | Self::UnknownUnit { .. }
            | Self::OutsideUnit { .. }
            | Self::NotAfter { .. }
            | Self::BeforeAndAfter { .. }
            | Self::NoQuantity { .. }
            | Self::TooMuch { .. }
            | Self::NoProof { .. }
            | Self::Code { .. } => Ground::Content,
        }
    }
}

/// Ids of evidence, the first few of them.
struct Listed<'a>(&'a [EvidenceId]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 5;
        let shown: Vec<_> = self.0.iter().take(SHOWN).map(EvidenceId::to_string).collect();
        f.write_str(&shown.join(", "))?;
        match self.0.len() > SHOWN {
            true => write!(f, " and {} more", self.0.len() - SHOWN),
            false => Ok(()),
        }
    }
}

/// Where a point stands that may not be there.
struct Stands(Option<State>);

impl fmt::Display for Stands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(state) => state.fmt(f),
            None => f.write_str("unknown here"),
        }
    }
}

/// What may follow a state.
struct Followers(State);

impl fmt::Display for Followers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<_> = EventKind::ALL
            .into_iter()
            .filter(|kind| table::follows(self.0, *kind))
            .map(EventKind::identifier)
            .collect();
        let kinds = kinds.join(", ");
        match self.0 {
            State::Rejected | State::Void => {
                write!(f, "only {kinds} may; report what is there as a new point")
            }
            _ => write!(f, "only {kinds} may; read the point again"),
        }
    }
}

struct Roles<'a>(&'a [String]);

impl fmt::Display for Roles<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nobody until the rules name a role");
        }
        f.write_str(&self.0.join(", "))
    }
}
