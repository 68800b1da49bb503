//! What a city may set as it likes: who raises what, and how long is long.

use std::collections::{BTreeMap, BTreeSet};

use super::{EventKind, Role, Roles};
use crate::task::Tasks;

/// The rules of a city. Those of [`Default`] are a proposal of ours, not an official text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The roles that there are.
    pub roles: Roles,
    /// Which roles may raise which events; a kind that is missing may be raised by nobody.
    pub raisers: BTreeMap<EventKind, BTreeSet<Role>>,
    /// The lamp turns yellow so many days of 24 hours before the deadline.
    pub yellow_days: u32,
    /// An event is late when it was recorded more than so many hours after it happened.
    pub late_hours: u32,
    /// How far the clock of a device may be ahead of the server's, in minutes.
    pub ahead_minutes: u32,
    /// A closed point is to be looked at again so many days of 24 hours after closing (长效管护),
    /// in rising order.
    pub patrol_days: Vec<u32>,
    /// The tasks that there are; events may call them by name.
    pub tasks: Tasks,
    /// Whether points are registered under these alone; else those of the points of the ledger are tasks, too,
    /// and its first points may be of any.
    pub tasks_are_all: bool,
}

impl Rules {
    /// Whether a role may raise events of a kind.
    pub fn may_raise(&self, role: Role, kind: EventKind) -> bool {
        self.raisers.get(&kind).is_some_and(|roles| roles.contains(&role))
    }
}

impl Default for Rules {
    fn default() -> Self {
        let raisers = EventKind::ALL
            .into_iter()
            .map(|kind| (kind, default_raisers(kind).iter().copied().collect()))
            .collect();
        let patrol_days = vec![7, 30, 90];
        Self {
            roles: Roles::default(),
            raisers,
            yellow_days: 7,
            late_hours: 72,
            ahead_minutes: 5,
            patrol_days,
            tasks: Tasks::default(),
            tasks_are_all: false,
        }
    }
}

fn default_raisers(kind: EventKind) -> &'static [Role] {
    const GRID_WORKER: Role = Role::GRID_WORKER;
    const TOWN: Role = Role::TOWN;
    const TOWN_CHECKER: Role = Role::TOWN_CHECKER;
    const DISTRICT: Role = Role::DISTRICT;
    const DISTRICT_CHECKER: Role = Role::DISTRICT_CHECKER;
    const CITY: Role = Role::CITY;
    const DEPARTMENT: Role = Role::DEPARTMENT;
    match kind {
        EventKind::Report => &Role::SHIPPED,
        EventKind::Reject | EventKind::Register | EventKind::Merge => &[TOWN, DISTRICT],
        EventKind::Dispatch => &[TOWN, DISTRICT, CITY],
        EventKind::Return
        | EventKind::Accept
        | EventKind::Submit
        | EventKind::Withdraw
        | EventKind::Progress => &[GRID_WORKER, TOWN, DEPARTMENT],
        EventKind::Suspend
        | EventKind::Resume
        | EventKind::Extend
        | EventKind::Transfer
        | EventKind::Correct => &[TOWN, DISTRICT],
        EventKind::TownVerify => &[TOWN_CHECKER],
        EventKind::DistrictClose => &[DISTRICT_CHECKER],
        EventKind::Fail => &[TOWN_CHECKER, DISTRICT_CHECKER],
        EventKind::SpotCheck => &[CITY],
        EventKind::Rebound => &[TOWN, TOWN_CHECKER, DISTRICT, DISTRICT_CHECKER, CITY],
        EventKind::Void => &[DISTRICT, CITY],
        EventKind::Supervise | EventKind::HoldAccountable => &[DISTRICT, CITY],
        EventKind::Reply => &[TOWN, DISTRICT, DEPARTMENT],
    }
}
