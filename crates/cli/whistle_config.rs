//! The section `[whistles]` of the configuration: who calls departments, comes, and closes a call.

use std::collections::BTreeSet;

use ledger::point::Role;
use ledger::whistle::WhistleRules;
use serde::{Deserialize, Serialize};

use crate::ledger_config::{read_roles, write_roles};

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
}

impl Default for WhistlesConfig {
    fn default() -> Self {
        let WhistleRules { callers, arrivers, closers } = WhistleRules::default();
        Self { callers, arrivers, closers }
    }
}

impl WhistlesConfig {
    /// As the server takes it.
    pub fn rules(&self) -> WhistleRules {
        let Self { callers, arrivers, closers } = self.clone();
        WhistleRules { callers, arrivers, closers }
    }
}
