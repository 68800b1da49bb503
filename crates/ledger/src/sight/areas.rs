//! Where rows belong that have neither columns of assignment nor a place: by the units that they name,
//! or with the features of another collection that they name. What no rule tells is withheld from
//! whoever sees an area only.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::data_check::{Check, DataFault};

/// The rules that come with the program.
pub const DEFAULT_AREAS: &str = include_str!("../../areas.toml");
/// Most rules.
const MAX_RULES: usize = 1_000;
/// Most columns and owners of a rule.
const MAX_PARTS: usize = 16;

/// Rules as they are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AreaRuleSet {
    /// One a collection.
    pub collections: Vec<AreaRule>,
}

/// How rows of a collection tell where they belong: by any of these.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AreaRule {
    /// The collection.
    pub collection: String,
    /// Columns with codes of units or areas.
    #[serde(default)]
    pub units: Vec<String>,
    /// Columns with codes of units to which a row belongs as well, wherever it lies.
    #[serde(default)]
    pub beside: Vec<String>,
    /// Columns that name a feature of another collection, and which.
    #[serde(default)]
    pub of: Vec<Owner>,
}

/// A column that names a feature of another collection, by its key or its code.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// The column.
    pub column: String,
    /// The other collection.
    pub collection: String,
}

/// Rules that hold together: no collection belongs with itself, whatever the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AreaRules(Vec<AreaRule>);

impl AreaRules {
    /// Takes the rules of a city.
    ///
    /// # Errors
    /// Every fault that is found.
    pub fn new(set: AreaRuleSet) -> Result<Self, Vec<DataFault>> {
        let mut check = Check::new("area rule");
        check.count("collections", set.collections.len(), 0..=MAX_RULES);
        let rules = Self(set.collections);
        let mut seen = BTreeSet::new();
        for rule in &rules.0 {
            check.of.clone_from(&rule.collection);
            check.line("collection", &rule.collection);
            if !seen.insert(rule.collection.as_str()) {
                check.fault("collection", &rule.collection, "stands there twice; join the rules");
            }
            let parts = rule.units.len() + rule.beside.len() + rule.of.len();
            check.count("units, beside and of", parts, 1..=MAX_PARTS);
            rule.units.iter().for_each(|column| check.line("units", column));
            rule.beside.iter().for_each(|column| check.line("beside", column));
            for owner in &rule.of {
                check.line("of", &owner.column);
                if rules.leads(&owner.collection, &rule.collection, 0) {
                    let reason = "leads back to the collection itself; take one of the ways out";
                    check.fault("of", &owner.collection, reason);
                }
            }
        }
        check.finish(rules)
    }

    /// The rule of a collection.
    pub fn of(&self, collection: &str) -> Option<&AreaRule> {
        self.0.iter().find(|rule| rule.collection == collection)
    }

    /// Whether the rule of `from` leads to `to`, itself included.
    fn leads(&self, from: &str, to: &str, depth: usize) -> bool {
        let owners = self.of(from).map_or(&[][..], |rule| &rule.of);
        from == to
            || depth > MAX_PARTS
            || owners.iter().any(|owner| self.leads(&owner.collection, to, depth + 1))
    }
}
