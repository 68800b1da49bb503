//! Which event may follow which state, and where it leads.

use super::{EventKind, Finding, Payload, State};

/// Whether an event of a kind may follow a state. Nothing follows the state of a report that was
/// merged; this table does not know of that.
pub fn follows(from: State, kind: EventKind) -> bool {
    match kind {
        EventKind::Report => false,
        EventKind::Reject | EventKind::Register | EventKind::Merge => from == State::Reported,
        EventKind::Dispatch => matches!(
            from,
            State::Registered | State::Returned | State::Rebounded | State::Transferred
        ),
        EventKind::Return | EventKind::Accept => from == State::Dispatched,
        EventKind::Suspend | EventKind::Submit | EventKind::Progress => from == State::InProgress,
        // What was submitted is the sum of all progress: it is taken back before that changes.
        EventKind::Correct => {
            from.is_open() && !matches!(from, State::Submitted | State::VerifiedTown)
        }
        EventKind::Resume => from == State::Suspended,
        EventKind::TownVerify | EventKind::Withdraw => from == State::Submitted,
        EventKind::DistrictClose => from == State::VerifiedTown,
        EventKind::Fail => matches!(from, State::Submitted | State::VerifiedTown),
        EventKind::SpotCheck | EventKind::Rebound => from == State::Closed,
        EventKind::Transfer | EventKind::Void | EventKind::Extend | EventKind::Supervise => {
            from.is_open()
        }
        EventKind::Reply => from.is_open() || from == State::Closed,
        // A report that nobody took up or a number that was struck out is answered for, too.
        EventKind::HoldAccountable => true,
    }
}

/// The state after an event that may follow; `from` itself for events that leave it.
pub fn next(from: State, payload: &Payload) -> State {
    match payload {
        Payload::Report { .. } => State::Reported,
        Payload::Reject { .. } => State::Rejected,
        Payload::Register { .. } => State::Registered,
        Payload::Dispatch { .. } => State::Dispatched,
        Payload::Return { .. } => State::Returned,
        Payload::Accept
        | Payload::Resume
        | Payload::Fail { .. }
        | Payload::Withdraw
        | Payload::SpotCheck { finding: Finding::NeverCleared, .. } => State::InProgress,
        Payload::Suspend { .. } => State::Suspended,
        Payload::Submit { .. } => State::Submitted,
        Payload::TownVerify => State::VerifiedTown,
        Payload::DistrictClose { .. } => State::Closed,
        Payload::Rebound { .. } | Payload::SpotCheck { finding: Finding::Reappeared, .. } => {
            State::Rebounded
        }
        Payload::Transfer { .. } => State::Transferred,
        Payload::Void { .. } => State::Void,
        Payload::SpotCheck { finding: Finding::Pass, .. }
        | Payload::Extend { .. }
        | Payload::Merge { .. }
        | Payload::Progress { .. }
        | Payload::Correct { .. }
        | Payload::Supervise { .. }
        | Payload::Reply { .. }
        | Payload::HoldAccountable { .. } => from,
    }
}
