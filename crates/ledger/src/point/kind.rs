//! The kinds of events.

use std::fmt;

use super::named::named;

named! {
    /// What sort of thing happened to a point, in the order of a point's way.
    EventKind
    Report "report" "上报" "Somebody found it."
    Reject "reject" "不予立账" "It stays off the ledger."
    Register "register" "挂账" "It goes on the ledger."
    Dispatch "dispatch" "派发" "A receiver gets it."
    Return "return" "退回" "The receiver gives it back."
    Accept "accept" "接收" "The receiver takes it."
    Suspend "suspend" "挂起" "Work rests."
    Resume "resume" "恢复" "Work goes on."
    Submit "submit" "申请销账" "It is said to be done."
    TownVerify "town_verify" "街乡核查通过" "The town saw that it is done."
    DistrictClose "district_close" "销账" "The district takes it off the ledger."
    Fail "fail" "核查不通过" "A checker saw that it is not done."
    SpotCheck "spot_check" "市级抽查" "The city looked at a closed point."
    Rebound "rebound" "反弹" "It came back."
    Transfer "transfer" "移交" "Another department gets it."
    Void "void" "作废" "It was on the ledger by mistake."
    Extend "extend" "延期" "It gets a later deadline."
    Withdraw "withdraw" "撤回" "The submitter takes a submission back."
    Merge "merge" "并案" "A report joins a point that is there already."
    Progress "progress" "进展" "A part is done (分期拆除)."
    Correct "correct" "更正" "A quantity that was told wrong is told anew."
    Supervise "supervise" "督办" "Somebody above wants an answer."
    Reply "reply" "督办回复" "The answer."
    HoldAccountable "hold_accountable" "追责" "Somebody answers for what was done or left undone."
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.identifier())
    }
}
