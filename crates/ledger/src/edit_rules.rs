//! Who changes features by plain edits: data of a city.

use std::collections::{BTreeMap, BTreeSet};

use spatial::CollectionId;

use crate::place::{ADMIN_UNITS, ALLEYS, GRID_CELLS, PLANNING_LAYERS, RESPONSIBILITIES};
use crate::point::{Role, Roles};
use crate::record::calls::{ARRIVALS, COMPLAINTS, DECISIONS, MEETINGS, SURVEYS, WHISTLES};
use crate::record::patrols::{CHECKLIST_RESULTS, PATROL_FINDINGS, PATROL_TRACKS, PATROLS};

/// Collections that operations of their own write, or whose figures and places the district answers
/// for. Orders (派单) are not among them: each level adds, reads and does them by plain edits.
const OF_DISTRICT: [&str; 13] = [
    PATROLS,
    PATROL_TRACKS,
    PATROL_FINDINGS,
    CHECKLIST_RESULTS,
    WHISTLES,
    ARRIVALS,
    MEETINGS,
    SURVEYS,
    ADMIN_UNITS,
    GRID_CELLS,
    ALLEYS,
    PLANNING_LAYERS,
    RESPONSIBILITIES,
];

/// Collections whose rows towns and departments answer and carry out by plain edits.
const OF_UNITS: [&str; 2] = [COMPLAINTS, DECISIONS];

/// In which roles somebody changes features.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditRules {
    /// Who changes any at all.
    pub editors: BTreeSet<Role>,
    /// Who of them changes those of these collections; the others are for all.
    pub collections: BTreeMap<CollectionId, BTreeSet<Role>>,
}

impl EditRules {
    /// Who changes which collections unless a city says otherwise: 自拟.
    pub fn default_collections() -> BTreeMap<CollectionId, BTreeSet<Role>> {
        let district = BTreeSet::from([Role::DISTRICT, Role::DISTRICT_CHECKER, Role::CITY]);
        let mut units = district.clone();
        units.extend([Role::TOWN, Role::DEPARTMENT]);
        let of_district = OF_DISTRICT.into_iter().map(|id| (id, &district));
        let all = of_district.chain(OF_UNITS.into_iter().map(|id| (id, &units)));
        all.filter_map(|(id, roles)| Some((CollectionId::try_from(id).ok()?, roles.clone())))
            .collect()
    }

    /// The same, each role with those that are like it.
    pub fn with_like(&self, roles: &Roles) -> Self {
        let of = |(id, named): (&CollectionId, _)| (id.clone(), roles.with_like(named));
        Self {
            editors: roles.with_like(&self.editors),
            collections: self.collections.iter().map(of).collect(),
        }
    }

    /// Whether a role changes features at all.
    pub fn may_edit(&self, role: Role) -> bool {
        self.editors.contains(&role)
    }

    /// The roles that change features of a collection.
    pub fn editors_of(&self, collection: &CollectionId) -> BTreeSet<Role> {
        match self.collections.get(collection) {
            Some(named) => named.intersection(&self.editors).copied().collect(),
            None => self.editors.clone(),
        }
    }
}

impl Default for EditRules {
    fn default() -> Self {
        let collections = Self::default_collections();
        Self { editors: Role::SHIPPED.into(), collections }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::point::RoleDefinition;

    #[test]
    fn the_collections_of_the_district_ship() {
        let shipped = crate::place::COLLECTIONS.into_iter().chain(crate::record::collections());
        let shipped: BTreeSet<&str> = shipped.map(|one| one.id).collect();
        for id in EditRules::default_collections().keys() {
            assert!(shipped.contains(id.as_str()), "{id}");
        }
    }

    #[test]
    fn a_list_of_a_collection_narrows_the_editors_and_takes_those_alike_along() {
        let definition = |role: &str, like: Option<&str>| RoleDefinition {
            role: role.to_owned(),
            name: role.to_owned(),
            like: like.map(str::to_owned),
        };
        let chief = definition("chief", Some("district"));
        let roles = [definition("town", None), definition("district", None), chief];
        let roles = Roles::new(&roles, &|_| false).unwrap();
        let id = |id: &str| CollectionId::try_from(id).unwrap();
        let rules = EditRules {
            editors: [Role::TOWN, Role::DISTRICT].into(),
            collections: BTreeMap::from([
                (id("patrols"), [Role::DISTRICT, Role::CITY].into()),
                (id("surveys"), BTreeSet::new()),
            ]),
        };
        let rules = rules.with_like(&roles);
        let chief = roles.named("chief").unwrap();
        assert!(rules.may_edit(chief) && !rules.may_edit(Role::CITY));
        for (collection, expected) in [
            ("patrols", vec![chief, Role::DISTRICT]),
            ("surveys", vec![]),
            ("problems", vec![chief, Role::DISTRICT, Role::TOWN]),
        ] {
            let editors = rules.editors_of(&id(collection));
            assert_eq!(editors, expected.into_iter().collect(), "{collection}");
        }
    }
}
