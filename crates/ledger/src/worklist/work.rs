//! The pieces of work that points and records wait for.

use super::RecordRules;
use crate::point::{EventKind, Role, Rules, State, named::named};

named! {
    /// What is to be done at a point or about a record.
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
    Arrive "arrive" "待报到" "A department that was called is to come (吹哨报到)."
    CloseCall "close_call" "吹哨待办结" "All who were called came: the caller is to close the call."
    Read "read" "待阅知" "An order (派单) is to be read."
    TakeOn "take_on" "待受理" "An order that was read is to be taken on."
    Finish "finish" "待办结" "An order that was taken on is to be done."
    CarryOut "carry_out" "待落实" "What a meeting decided (议定事项) is to be done."
    Respond "respond" "待响应" "An order of a citizen (接诉即办) is to be answered."
    Resolve "resolve" "待解决" "An order of a citizen that was answered is to be solved."
}

impl Work {
    /// The event that does it; none of what records wait for. A patrol (巡查) is done by a record, too.
    pub fn done_by(self) -> Option<EventKind> {
        Some(match self {
            Self::Decide => EventKind::Register,
            Self::Dispatch => EventKind::Dispatch,
            Self::Accept => EventKind::Accept,
            Self::Handle => EventKind::Submit,
            Self::Resume => EventKind::Resume,
            Self::Verify => EventKind::TownVerify,
            Self::Close => EventKind::DistrictClose,
            Self::Reply => EventKind::Reply,
            Self::Patrol => EventKind::SpotCheck,
            Self::Arrive
            | Self::CloseCall
            | Self::Read
            | Self::TakeOn
            | Self::Finish
            | Self::CarryOut
            | Self::Respond
            | Self::Resolve => return None,
        })
    }

    /// Whether it waits for a role: that may raise the event that does it, or does it in records.
    pub fn waits_for(self, role: Role, (rules, records): (&Rules, &RecordRules)) -> bool {
        self.done_by().is_some_and(|kind| rules.may_raise(role, kind))
            || records.doers.get(&self).is_some_and(|roles| roles.contains(&role))
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
