//! Which events lead a point to a state, and how many days lie between them.

use ledger::point::{EventKind, Finding, State};

use super::random::Random;

/// How the points of a town stand at the end of the two years.
pub(super) const STATES: &[(u32, State)] = &[
    (5, State::Reported),
    (3, State::Rejected),
    (5, State::Registered),
    (5, State::Dispatched),
    (2, State::Returned),
    (13, State::InProgress),
    (3, State::Suspended),
    (5, State::Submitted),
    (4, State::VerifiedTown),
    (47, State::Closed),
    (4, State::Rebounded),
    (2, State::Transferred),
    (2, State::Void),
];

/// An event to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub kind: EventKind,
    /// What a spot check finds.
    pub finding: Finding,
    /// Days after the event before.
    pub after: u64,
}

/// Events so far, and the numbers that the next ones are drawn with.
struct Plan<'r> {
    random: &'r mut Random,
    steps: Vec<Step>,
}

impl Plan<'_> {
    /// One more event, `least` to `most` days after the last.
    fn then(&mut self, kind: EventKind, [least, most]: [u64; 2]) {
        self.checked_by_city(kind, Finding::Pass, [least, most]);
    }

    fn checked_by_city(&mut self, kind: EventKind, finding: Finding, [least, most]: [u64; 2]) {
        let after = least + self.random.below(most - least + 1);
        self.steps.push(Step { kind, finding, after });
    }

    /// From the ledger to the hands that work.
    fn hand_over(&mut self) {
        self.then(EventKind::Dispatch, [0, 3]);
        self.then(EventKind::Accept, [1, 2]);
    }

    /// Work, with what comes between.
    fn work(&mut self) {
        for _part in 0..self.random.below(3) {
            self.then(EventKind::Progress, [4, 20]);
            if self.random.chance(0.04) {
                self.then(EventKind::Correct, [1, 5]);
            }
        }
        if self.random.chance(0.10) {
            self.then(EventKind::Supervise, [3, 12]);
            if self.random.chance(0.85) {
                self.then(EventKind::Reply, [1, 8]);
            }
        }
        if self.random.chance(0.06) {
            self.then(EventKind::Suspend, [2, 8]);
            self.then(EventKind::Resume, [15, 50]);
        }
        if self.random.chance(0.12) {
            self.then(EventKind::Extend, [3, 15]);
        }
    }

    /// Said to be done, once or after a second thought.
    fn submit(&mut self) {
        self.then(EventKind::Submit, [2, 18]);
        if self.random.chance(0.05) {
            self.then(EventKind::Withdraw, [0, 1]);
            self.then(EventKind::Submit, [2, 10]);
        }
        if self.random.chance(0.12) {
            self.then(EventKind::Fail, [1, 4]);
            self.then(EventKind::Submit, [4, 15]);
        }
    }

    fn verify(&mut self) {
        self.submit();
        self.then(EventKind::TownVerify, [1, 4]);
    }

    fn close(&mut self) {
        self.verify();
        if self.random.chance(0.04) {
            self.then(EventKind::Fail, [1, 3]);
            self.verify();
        }
        self.then(EventKind::DistrictClose, [1, 6]);
    }

    /// Closed, there again, and in hands again; of some once more, and sooner.
    fn come_back(&mut self) {
        self.rebound();
        self.hand_over();
        if self.random.chance(0.35) {
            self.close();
            self.then(EventKind::Rebound, [10, 60]);
            self.hand_over();
        }
    }

    /// Closed, and there again.
    fn rebound(&mut self) {
        self.close();
        if self.random.chance(0.3) {
            self.checked_by_city(EventKind::SpotCheck, Finding::Reappeared, [20, 150]);
        } else {
            self.then(EventKind::Rebound, [15, 180]);
        }
    }
}

/// Events that lead to a state, first the report.
pub(super) fn plan(random: &mut Random, state: State) -> Vec<Step> {
    let mut plan = Plan { random, steps: Vec::new() };
    plan.then(EventKind::Report, [0, 0]);
    match state {
        State::Reported => return plan.steps,
        State::Rejected => {
            plan.then(EventKind::Reject, [1, 5]);
            return plan.steps;
        }
        _ => plan.then(EventKind::Register, [1, 6]),
    }
    match state {
        State::Registered => return plan.steps,
        State::Void => {
            plan.then(EventKind::Void, [3, 25]);
            return plan.steps;
        }
        State::Dispatched => {
            plan.then(EventKind::Dispatch, [0, 3]);
            return plan.steps;
        }
        _ => {}
    }
    if state == State::Returned || plan.random.chance(0.08) {
        plan.then(EventKind::Dispatch, [0, 3]);
        plan.then(EventKind::Return, [1, 3]);
        if state == State::Returned {
            return plan.steps;
        }
    }
    plan.hand_over();
    match state {
        State::Transferred => plan.then(EventKind::Transfer, [3, 20]),
        State::InProgress => {
            if plan.random.chance(0.07) {
                plan.come_back();
            }
            plan.work();
        }
        State::Suspended => {
            plan.work();
            plan.then(EventKind::Suspend, [2, 10]);
        }
        State::Submitted => {
            plan.work();
            plan.submit();
        }
        State::VerifiedTown => {
            plan.work();
            plan.verify();
        }
        State::Rebounded => {
            plan.work();
            if plan.random.chance(0.15) {
                plan.rebound();
                plan.hand_over();
            }
            plan.rebound();
        }
        _ => {
            plan.work();
            if plan.random.chance(0.06) {
                plan.come_back();
            }
            plan.close();
            if plan.random.chance(0.03) {
                plan.checked_by_city(EventKind::SpotCheck, Finding::NeverCleared, [15, 60]);
                plan.then(EventKind::HoldAccountable, [3, 9]);
                plan.close();
            }
            if plan.random.chance(0.2) {
                plan.then(EventKind::SpotCheck, [15, 90]);
            }
        }
    }
    plan.steps
}
