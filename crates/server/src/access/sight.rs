//! What senders of requests may see: their profile and class by role, their area by their account.

use std::collections::BTreeMap;

use engine::accounts::Day;
use engine::{Audience, View, now};
use ledger::point::{Role, Roles};
use spatial::FieldClass;

use super::{AccountRole, Standing};

/// Who sees what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Whoever reaches a server without accounts.
    pub local: View,
    /// Up to which class the keys of collections may be for accounts of a role to see them. Others see
    /// those up to L1.
    pub roles: BTreeMap<Role, FieldClass>,
    /// The profile of accounts, by the word of their role. Others have `internal`.
    pub profiles: BTreeMap<String, Audience>,
}

impl Sight {
    /// Of a sender.
    pub(super) fn of(&self, standing: &Standing) -> View {
        match standing {
            Standing::Local => self.local.clone(),
            Standing::Anonymous | Standing::Refused(_) => everyone(),
            Standing::Known(bearer) => {
                let actor = &bearer.actor;
                // What is said of a role itself goes before what is said of the one that it is like.
                let named = [actor.role(), actor.kind()];
                let said = |role: &Role| self.profiles.get(role.identifier());
                let audience = match named.iter().flatten().find_map(said) {
                    Some(audience) => Some(audience),
                    None => self.profiles.get(actor.account_role_word()),
                };
                let audience = audience.copied().unwrap_or(Audience::Internal);
                let sees = match audience {
                    Audience::Public => FieldClass::L1,
                    Audience::Internal | Audience::Enforce => named
                        .iter()
                        .flatten()
                        .find_map(|role| self.roles.get(role))
                        .map_or(FieldClass::L1, |class| (*class).max(FieldClass::L1)),
                };
                // Without any area, whenever, an account is limited to none.
                let areas = (!actor.scope().is_empty()).then(|| {
                    let mut areas: Vec<String> =
                        actor.areas_on(Day::of(now())).map(str::to_owned).collect();
                    areas.sort_unstable();
                    areas.dedup();
                    areas.into()
                });
                View { audience, sees, areas }
            }
        }
    }
}

/// What everyone sees of a server whose readers are everyone.
pub fn everyone() -> View {
    View::everywhere(Audience::Public, FieldClass::L1)
}

/// Those who enforce for district and city (自拟).
const ENFORCES: [Role; 3] = [Role::DISTRICT, Role::DISTRICT_CHECKER, Role::CITY];

/// The classes of roles unless a city says otherwise (自拟): enterprises are known to all who work in
/// the ledger, special groups and tracks of patrols to those who enforce for district and city.
pub fn default_roles() -> BTreeMap<Role, FieldClass> {
    let class = |role: &Role| if ENFORCES.contains(role) { FieldClass::L4 } else { FieldClass::L2 };
    Role::SHIPPED.iter().map(|role| (*role, class(role))).collect()
}

/// The profiles of roles unless a city says otherwise (自拟).
pub fn default_profiles() -> BTreeMap<String, Audience> {
    let audience = |role: AccountRole| match role {
        AccountRole::Ledger { role, .. } if ENFORCES.contains(&role) => Audience::Enforce,
        _ => Audience::Internal,
    };
    let roles = Roles::default();
    AccountRole::all(&roles).map(|role| (role.word().to_owned(), audience(role))).collect()
}
