//! The pieces of work that points wait for.

use crate::point::{EventKind, Role, Rules, State, named::named};

named! {
    /// What is to be done at a point.
    Work
    Decide "decide" "待立账" "A report waits to be registered, rejected or merged."
    Dispatch "dispatch" "待派发" "A receiver is to be named."
    Accept "accept" "待接收" "The receiver is to take it or give it back."
    Handle "handle" "待处置" "It is to be worked on and submitted."
    Resume "resume" "待恢复" "The date until which work rests has passed."
    Verify "verify" "待核查" "The town is to see that it is done."
    Close "close" "待销账" "The district is to take it off the ledger."
    Reply "reply" "待回复" "An answer is owed to whoever supervises (督办)."
    Patrol "patrol" "待巡查" "A closed point is to be looked at again (长效管护)."
}

impl Work {
    /// The event that does it.
    pub fn done_by(self) -> EventKind {
        match self {
            Self::Decide => EventKind::Register,
            Self::Dispatch => EventKind::Dispatch,
            Self::Accept => EventKind::Accept,
            Self::Handle => EventKind::Submit,
            Self::Resume => EventKind::Resume,
            Self::Verify => EventKind::TownVerify,
            Self::Close => EventKind::DistrictClose,
            Self::Reply => EventKind::Reply,
            Self::Patrol => EventKind::SpotCheck,
        }
    }

    /// Whether it waits for a role: that may raise the event that does it.
    pub fn waits_for(self, role: Role, rules: &Rules) -> bool {
        rules.may_raise(role, self.done_by())
    }

    /// Whether it is the receiver's as well as that of the unit that is responsible.
    pub fn is_receivers(self) -> bool {
        matches!(self, Self::Accept | Self::Handle | Self::Reply)
    }

    /// What a state waits for; a suspended point only beyond its date, a closed one only for its
    /// patrols.
    pub(super) fn of_state(state: State) -> Option<Self> {
        match state {
            State::Reported => Some(Self::Decide),
            State::Registered | State::Returned | State::Rebounded | State::Transferred => {
                Some(Self::Dispatch)
            }
            State::Dispatched => Some(Self::Accept),
            State::InProgress => Some(Self::Handle),
            State::Suspended => Some(Self::Resume),
            State::Submitted => Some(Self::Verify),
            State::VerifiedTown => Some(Self::Close),
            State::Closed => Some(Self::Patrol),
            State::Rejected | State::Void => None,
        }
    }
}
