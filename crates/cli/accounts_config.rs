//! The section `[accounts]` of the configuration: which roles see and change what.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use engine::Audience;
use ledger::EditRules;
use ledger::point::{Role, Roles};
use serde::{Deserialize, Serialize};
use spatial::{CollectionId, FieldClass};

use crate::role_config::{
    edits_over_defaults, profiles_over_defaults, read_roles, sees_over_defaults, write_edits,
    write_profiles, write_roles, write_sees,
};

/// What accounts may do.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountsConfig {
    /// Roles whose accounts change features and fences.
    #[serde(deserialize_with = "read_roles", serialize_with = "write_roles")]
    pub editors: BTreeSet<Role>,
    /// Which of these roles change features of which collection. A collection that is not named keeps
    /// its default, all of them where it has none; an empty list lets nobody.
    #[serde(deserialize_with = "edits_over_defaults", serialize_with = "write_edits")]
    pub edits: BTreeMap<CollectionId, BTreeSet<Role>>,
    /// Which collections accounts see, by role: those whose key is of this class (`L1` to `L4`) or
    /// below. A role that is not named keeps its default; readers and administrators see L1.
    #[serde(deserialize_with = "sees_over_defaults", serialize_with = "write_sees")]
    pub sees: BTreeMap<Role, FieldClass>,
    /// The profile of accounts, by role: `public`, `internal` or `enforce`. A role that is not named
    /// keeps its default.
    #[serde(deserialize_with = "profiles_over_defaults", serialize_with = "write_profiles")]
    pub profiles: BTreeMap<String, Audience>,
    /// File of what everyone may read; empty: what comes with the program.
    pub public: PathBuf,
    /// File of where rows without a place belong; empty: the rules that come with the program.
    pub areas: PathBuf,
}

impl Default for AccountsConfig {
    fn default() -> Self {
        let EditRules { editors, collections: edits } = EditRules::default();
        Self {
            editors,
            edits,
            sees: server::default_roles(),
            profiles: server::default_profiles(),
            public: PathBuf::new(),
            areas: PathBuf::new(),
        }
    }
}

impl AccountsConfig {
    /// Who changes features, as the server of a city with these roles takes it.
    pub fn edit_rules(&self, roles: &Roles) -> EditRules {
        let (editors, collections) = (self.editors.clone(), self.edits.clone());
        EditRules { editors, collections }.with_like(roles)
    }
}
