//! Who sees collections that are not there for everyone: those whose key is above class L1.

use std::collections::BTreeMap;

use ledger::point::Role;
use spatial::FieldClass;

use super::Standing;

/// Up to which class the keys of collections may be for somebody to see them. Others see those up to
/// L1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Of whoever reaches a server without accounts.
    pub local: FieldClass,
    /// Of accounts, by role.
    pub roles: BTreeMap<Role, FieldClass>,
}

impl Sight {
    /// Of a sender.
    pub(super) fn of(&self, standing: &Standing) -> FieldClass {
        let class = match standing {
            Standing::Local => Some(self.local),
            Standing::Anonymous | Standing::Refused(_) => None,
            Standing::Known(bearer) => {
                bearer.actor.role().and_then(|role| self.roles.get(&role)).copied()
            }
        };
        class.unwrap_or(FieldClass::L1).max(FieldClass::L1)
    }
}

/// The classes of roles unless a city says otherwise (自拟): enterprises are known to all who work in
/// the ledger, special groups and tracks of patrols to those who enforce for district and city.
pub fn default_roles() -> BTreeMap<Role, FieldClass> {
    let enforces = [Role::District, Role::DistrictChecker, Role::City];
    let class = |role: &Role| if enforces.contains(role) { FieldClass::L4 } else { FieldClass::L2 };
    Role::ALL.iter().map(|role| (*role, class(role))).collect()
}
