//! The section `[whistles]` of the configuration: who calls departments, comes, and closes a call, and
//! which departments there are.

use std::collections::BTreeSet;

use ledger::point::{Role, Roles};
use ledger::whistle::WhistleRules;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::role_config::{read_roles, write_roles};

/// Most departments of a city.
const MAX_DEPARTMENTS: usize = 200;
/// Longest name of a department, in characters.
const MAX_NAME: usize = 100;

/// Which roles may do what with calls of departments.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct WhistlesConfig {
    /// Who calls.
    #[serde(deserialize_with = "read_roles", serialize_with = "write_roles")]
    pub callers: BTreeSet<Role>,
    /// Who says that a department came; accounts of departments say it of their own alone.
    #[serde(deserialize_with = "read_roles", serialize_with = "write_roles")]
    pub arrivers: BTreeSet<Role>,
    /// Who closes a call; an account with a unit those of its own unit alone.
    #[serde(deserialize_with = "read_roles", serialize_with = "write_roles")]
    pub closers: BTreeSet<Role>,
    /// The departments that may be called, as accounts of departments have them for their unit; any
    /// when the list is empty.
    #[serde(deserialize_with = "read_departments")]
    pub departments: BTreeSet<String>,
}

impl Default for WhistlesConfig {
    fn default() -> Self {
        let WhistleRules { callers, arrivers, closers, departments } = WhistleRules::default();
        Self { callers, arrivers, closers, departments }
    }
}

impl WhistlesConfig {
    /// As the server of a city with these roles takes it.
    pub fn rules(&self, roles: &Roles) -> WhistleRules {
        let [callers, arrivers, closers] =
            [&self.callers, &self.arrivers, &self.closers].map(|named| roles.with_like(named));
        let departments = self.departments.clone();
        WhistleRules { callers, arrivers, closers, departments }
    }
}

fn read_departments<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeSet<String>, D::Error> {
    let names = BTreeSet::<String>::deserialize(from)?;
    if names.len() > MAX_DEPARTMENTS {
        let said = format!("{} departments; {MAX_DEPARTMENTS} are the most", names.len());
        return Err(D::Error::custom(said));
    }
    let is_usable = |name: &&String| {
        let long = name.chars().count() > MAX_NAME;
        !(name.is_empty() || name.trim() != *name || name.contains(char::is_control) || long)
    };
    match names.iter().find(|name| !is_usable(name)) {
        None => Ok(names),
        Some(odd) => {
            let shown: String = odd.chars().take(40).collect();
            Err(D::Error::custom(format!(
                "{shown:?} is no name of a department; give one line of 1 to {MAX_NAME} characters \
                 without blanks around it"
            )))
        }
    }
}
