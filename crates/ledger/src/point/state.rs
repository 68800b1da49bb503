//! The states of a point.

use std::fmt;

use super::named::named;

named! {
    /// Where a rectification point stands, in the order of a point's way.
    State
    Reported "reported" "上报" "Found, not on the ledger yet."
    Rejected "rejected" "不予立账" "Looked at, and kept off the ledger."
    Registered "registered" "挂账" "On the ledger."
    Dispatched "dispatched" "派发" "Given to a receiver."
    Returned "returned" "退回" "Given back by the receiver."
    InProgress "in_progress" "处置中" "Being worked on."
    Suspended "suspended" "挂起" "Work rests until a date."
    Submitted "submitted" "申请销账" "Said to be done."
    VerifiedTown "verified_town" "街乡核查通过" "Seen to be done by the town."
    Closed "closed" "销账" "Off the ledger, done."
    Rebounded "rebounded" "反弹" "Came back after closing."
    Transferred "transferred" "移交" "Given to another department."
    Void "void" "作废" "On the ledger by mistake; its number is never given again."
}

impl State {
    /// Whether a point in this state is on the ledger and still to be done.
    pub fn is_open(self) -> bool {
        match self {
            Self::Registered
            | Self::Dispatched
            | Self::Returned
            | Self::InProgress
            | Self::Suspended
            | Self::Submitted
            | Self::VerifiedTown
            | Self::Rebounded
            | Self::Transferred => true,
            Self::Reported | Self::Rejected | Self::Closed | Self::Void => false,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.identifier(), self.chinese())
    }
}
