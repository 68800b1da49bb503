//! What a city may set as it likes: who raises what, and how long is long.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{EventKind, named::named};

named! {
    /// In which role somebody raises an event.
    Role
    GridWorker "grid_worker" "网格员" "A grid worker."
    Town "town" "街乡" "A town or street office."
    TownChecker "town_checker" "街乡核查" "Who checks for the town."
    District "district" "区" "The district."
    DistrictChecker "district_checker" "区核查" "Who checks for the district."
    City "city" "市" "The city."
    Department "department" "部门" "A department."
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.identifier(), self.chinese())
    }
}

/// The rules of a city. Those of [`Default`] are a proposal of ours, not an official text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
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
    /// The tasks that points may be registered under; none: any.
    pub tasks: Option<BTreeSet<String>>,
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
        let (yellow_days, late_hours, ahead_minutes, tasks) = (7, 72, 5, None);
        Self { raisers, yellow_days, late_hours, ahead_minutes, patrol_days, tasks }
    }
}

fn default_raisers(kind: EventKind) -> &'static [Role] {
    use Role::{City, Department, District, DistrictChecker, GridWorker, Town, TownChecker};
    match kind {
        EventKind::Report => &Role::ALL,
        EventKind::Reject | EventKind::Register | EventKind::Merge => &[Town, District],
        EventKind::Dispatch => &[Town, District, City],
        EventKind::Return
        | EventKind::Accept
        | EventKind::Submit
        | EventKind::Withdraw
        | EventKind::Progress => &[GridWorker, Town, Department],
        EventKind::Suspend | EventKind::Resume | EventKind::Extend | EventKind::Transfer => {
            &[Town, District]
        }
        EventKind::TownVerify => &[TownChecker],
        EventKind::DistrictClose => &[DistrictChecker],
        EventKind::Fail => &[TownChecker, DistrictChecker],
        EventKind::SpotCheck => &[City],
        EventKind::Rebound => &[Town, TownChecker, District, DistrictChecker, City],
        EventKind::Void => &[District, City],
        EventKind::Supervise | EventKind::HoldAccountable => &[District, City],
        EventKind::Reply => &[Town, District, Department],
    }
}
