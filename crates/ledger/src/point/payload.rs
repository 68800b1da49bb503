//! What an event brings with it.

use spatial::Timestamp;

use super::{EventId, EventKind, EvidenceId, PointId, Quantities, ToldAnew, named::named};

named! {
    /// How a checker made sure.
    Proof
    Site "site" "现场核查" "Stood there."
    Image "image" "影像核查" "Saw photos or an aerial or satellite image."
    Papers "papers" "书面核查" "Read papers. Not enough to close a point."
}

named! {
    /// What a spot check of a closed point (市级抽查) found.
    Finding
    Pass "pass" "合格" "All is well: the point stays closed."
    NeverCleared "never_cleared" "未清除" "It was never cleared: work goes on; this is no rebound."
    Reappeared "reappeared" "反弹" "It was cleared and is there again: a rebound."
}

/// An event's kind with what that kind needs. Texts are refused where they are blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// See [`EventKind::Report`].
    Report {
        /// The unit in whose area the position lies, as the caller found it; none when it lies in
        /// nobody's.
        unit: Option<String>,
        /// What shows it; may be empty.
        evidence: Vec<EvidenceId>,
    },
    /// See [`EventKind::Reject`].
    Reject {
        /// Why.
        reason: String,
    },
    /// See [`EventKind::Register`].
    Register {
        /// The point's number on the ledger, which is never given again.
        code: String,
        /// The task (任务) that it is counted under.
        task: String,
        /// The unit that is responsible.
        unit: String,
        /// The person who is responsible there, if one is named.
        person: Option<String>,
        /// What is to be done.
        planned: Quantities,
        /// Until when.
        deadline: Timestamp,
    },
    /// See [`EventKind::Dispatch`].
    Dispatch {
        /// Who gets it.
        receiver: String,
        /// The person there; none leaves the one who was named before.
        person: Option<String>,
    },
    /// See [`EventKind::Return`].
    Return {
        /// Why.
        reason: String,
    },
    /// See [`EventKind::Accept`].
    Accept,
    /// See [`EventKind::Suspend`].
    Suspend {
        /// The decision that allows it.
        approval: String,
        /// Until when.
        until: Timestamp,
    },
    /// See [`EventKind::Resume`].
    Resume,
    /// See [`EventKind::Submit`].
    Submit {
        /// Photos from before.
        before: Vec<EvidenceId>,
        /// Photos from after.
        after: Vec<EvidenceId>,
        /// What was done over all: the sum of all progress, if there is any.
        actual: Quantities,
    },
    /// See [`EventKind::TownVerify`].
    TownVerify,
    /// See [`EventKind::DistrictClose`].
    DistrictClose {
        /// How the checker made sure.
        proof: Proof,
    },
    /// See [`EventKind::Fail`].
    Fail {
        /// What is not done.
        reason: String,
    },
    /// See [`EventKind::SpotCheck`].
    SpotCheck {
        /// What was found.
        finding: Finding,
        /// What shows it; may be empty.
        evidence: Vec<EvidenceId>,
    },
    /// See [`EventKind::Rebound`].
    Rebound {
        /// The person who confirms what a rule suspected.
        confirmed_by: String,
        /// What shows it; at least one piece that the point did not have.
        evidence: Vec<EvidenceId>,
    },
    /// See [`EventKind::Transfer`].
    Transfer {
        /// The department that gets it.
        department: String,
        /// The unit that is responsible from then on; none leaves the one that was.
        unit: Option<String>,
    },
    /// See [`EventKind::Void`].
    Void {
        /// The decision that allows it.
        approval: String,
    },
    /// See [`EventKind::Extend`].
    Extend {
        /// The decision that allows it.
        approval: String,
        /// The new deadline.
        deadline: Timestamp,
    },
    /// See [`EventKind::Withdraw`].
    Withdraw,
    /// See [`EventKind::Merge`].
    Merge {
        /// The point that stands for both from now on.
        into: PointId,
    },
    /// See [`EventKind::Progress`].
    Progress {
        /// What was done, besides what was done before.
        done: Quantities,
    },
    /// See [`EventKind::Correct`].
    Correct {
        /// The registration or the progress of this point that told it wrong.
        of: EventId,
        /// What it should have told of what is to be done, or of what was done besides what was done
        /// before.
        quantities: ToldAnew,
        /// Why.
        reason: String,
    },
    /// See [`EventKind::Supervise`].
    Supervise {
        /// What is wanted.
        demand: String,
        /// Until when an answer is wanted.
        reply_by: Timestamp,
    },
    /// See [`EventKind::Reply`].
    Reply {
        /// The event that asked.
        to: EventId,
        /// The answer.
        answer: String,
    },
    /// See [`EventKind::HoldAccountable`].
    HoldAccountable {
        /// The event of this point that is answered for.
        for_event: EventId,
        /// The unit that answers.
        unit: String,
        /// The person there, if one is named.
        person: Option<String>,
        /// What was done wrong or left undone.
        reason: String,
        /// Number of the decision that says so.
        decision: String,
        /// The paper, and what else shows it; may be empty.
        evidence: Vec<EvidenceId>,
    },
}

impl Payload {
    /// The kind, without what it brings.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Report { .. } => EventKind::Report,
            Self::Reject { .. } => EventKind::Reject,
            Self::Register { .. } => EventKind::Register,
            Self::Dispatch { .. } => EventKind::Dispatch,
            Self::Return { .. } => EventKind::Return,
            Self::Accept => EventKind::Accept,
            Self::Suspend { .. } => EventKind::Suspend,
            Self::Resume => EventKind::Resume,
            Self::Submit { .. } => EventKind::Submit,
            Self::TownVerify => EventKind::TownVerify,
            Self::DistrictClose { .. } => EventKind::DistrictClose,
            Self::Fail { .. } => EventKind::Fail,
            Self::SpotCheck { .. } => EventKind::SpotCheck,
            Self::Rebound { .. } => EventKind::Rebound,
            Self::Transfer { .. } => EventKind::Transfer,
            Self::Void { .. } => EventKind::Void,
            Self::Extend { .. } => EventKind::Extend,
            Self::Withdraw => EventKind::Withdraw,
            Self::Merge { .. } => EventKind::Merge,
            Self::Progress { .. } => EventKind::Progress,
            Self::Correct { .. } => EventKind::Correct,
            Self::Supervise { .. } => EventKind::Supervise,
            Self::Reply { .. } => EventKind::Reply,
            Self::HoldAccountable { .. } => EventKind::HoldAccountable,
        }
    }

    /// Every piece of evidence that it brings.
    pub fn evidence(&self) -> impl Iterator<Item = EvidenceId> {
        let (some, more): (&[EvidenceId], &[EvidenceId]) = match self {
            Self::Report { evidence, .. }
            | Self::SpotCheck { evidence, .. }
            | Self::Rebound { evidence, .. }
            | Self::HoldAccountable { evidence, .. } => (evidence, &[]),
            Self::Submit { before, after, .. } => (before, after),
            Self::Reject { .. }
            | Self::Register { .. }
            | Self::Dispatch { .. }
            | Self::Return { .. }
            | Self::Accept
            | Self::Suspend { .. }
            | Self::Resume
            | Self::TownVerify
            | Self::DistrictClose { .. }
            | Self::Fail { .. }
            | Self::Transfer { .. }
            | Self::Void { .. }
            | Self::Extend { .. }
            | Self::Withdraw
            | Self::Merge { .. }
            | Self::Progress { .. }
            | Self::Correct { .. }
            | Self::Supervise { .. }
            | Self::Reply { .. } => (&[], &[]),
        };
        some.iter().chain(more).copied()
    }
}
