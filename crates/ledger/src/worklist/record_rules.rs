//! What a city sets for the work that records wait for.

use std::collections::{BTreeMap, BTreeSet};

use super::Work;
use crate::point::{Role, Roles};
use crate::whistle::WhistleRules;

/// The rules of a city for records. Those of [`Default`] are a proposal of ours, not an official text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRules {
    /// In which roles somebody does what records wait for, and what a record does at a point; work
    /// that is missing waits for no role but those that may raise the event that does it.
    pub doers: BTreeMap<Work, BTreeSet<Role>>,
    /// How many hours work may take since its record was made, where that has no date of its own;
    /// work that is missing has no date then.
    pub hours: BTreeMap<Work, u32>,
}

impl RecordRules {
    /// Of a city with these roles; who comes to calls and closes them is for the rules of calls to say.
    pub fn new(roles: &Roles, whistles: &WhistleRules, hours: BTreeMap<Work, u32>) -> Self {
        let of = |named: &[Role]| roles.with_like(&named.iter().copied().collect());
        let (town, district, department) = (Role::TOWN, Role::DISTRICT, Role::DEPARTMENT);
        let receivers = of(&[Role::GRID_WORKER, town, district, department]);
        let units = of(&[town, district, department]);
        let patrollers = of(&[Role::GRID_WORKER, town]);
        let doers = BTreeMap::from([
            (Work::Patrol, patrollers),
            (Work::Arrive, whistles.arrivers.clone()),
            (Work::CloseCall, whistles.closers.clone()),
            (Work::Read, receivers.clone()),
            (Work::TakeOn, receivers.clone()),
            (Work::Finish, receivers),
            (Work::CarryOut, units.clone()),
            (Work::Respond, units.clone()),
            (Work::Resolve, units),
        ]);
        Self { doers, hours }
    }

    /// The hours unless a city says otherwise, those of 吹哨到场率 and 派单阅知率 among them: 自拟.
    pub fn default_hours() -> BTreeMap<Work, u32> {
        BTreeMap::from([
            (Work::Arrive, 2),
            (Work::Read, 24),
            (Work::Respond, 24),
            (Work::Resolve, 15 * 24),
        ])
    }
}

impl Default for RecordRules {
    fn default() -> Self {
        Self::new(&Roles::default(), &WhistleRules::default(), Self::default_hours())
    }
}
