//! The states of a point.

use std::fmt;

/// Where a rectification point stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// 上报: found, not on the ledger yet.
    Reported,
    /// 不予立账: looked at, and kept off the ledger.
    Rejected,
    /// 挂账: on the ledger.
    Registered,
    /// 派发: given to a receiver.
    Dispatched,
    /// 退回: given back by the receiver.
    Returned,
    /// 处置中: being worked on.
    InProgress,
    /// 挂起: work rests until a date.
    Suspended,
    /// 申请销账: said to be done.
    Submitted,
    /// 街乡核查通过: seen to be done by the town.
    VerifiedTown,
    /// 销账: off the ledger, done.
    Closed,
    /// 反弹: came back after closing.
    Rebounded,
    /// 移交: given to another department.
    Transferred,
    /// 作废: on the ledger by mistake; its number is never given again.
    Void,
}

impl State {
    /// Every state, in the order of a point's way.
    pub const ALL: [Self; 13] = [
        Self::Reported,
        Self::Rejected,
        Self::Registered,
        Self::Dispatched,
        Self::Returned,
        Self::InProgress,
        Self::Suspended,
        Self::Submitted,
        Self::VerifiedTown,
        Self::Closed,
        Self::Rebounded,
        Self::Transferred,
        Self::Void,
    ];

    /// The name that files and interfaces use.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Rejected => "rejected",
            Self::Registered => "registered",
            Self::Dispatched => "dispatched",
            Self::Returned => "returned",
            Self::InProgress => "in_progress",
            Self::Suspended => "suspended",
            Self::Submitted => "submitted",
            Self::VerifiedTown => "verified_town",
            Self::Closed => "closed",
            Self::Rebounded => "rebounded",
            Self::Transferred => "transferred",
            Self::Void => "void",
        }
    }

    /// The name that people see.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Reported => "上报",
            Self::Rejected => "不予立账",
            Self::Registered => "挂账",
            Self::Dispatched => "派发",
            Self::Returned => "退回",
            Self::InProgress => "处置中",
            Self::Suspended => "挂起",
            Self::Submitted => "申请销账",
            Self::VerifiedTown => "街乡核查通过",
            Self::Closed => "销账",
            Self::Rebounded => "反弹",
            Self::Transferred => "移交",
            Self::Void => "作废",
        }
    }

    /// The state of an identifier.
    pub fn from_identifier(identifier: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.identifier() == identifier)
    }

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
