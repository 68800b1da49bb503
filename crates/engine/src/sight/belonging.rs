//! Whether features of one collection belong to a jurisdiction: by their columns of assignment, else
//! by their place, else by what the rules of the store say ([`ledger::sight::AreaRules`]). What nothing
//! tells does not belong.

use std::hash::BuildHasher;
use std::sync::Arc;

use ledger::place::ADMIN_UNITS;
use ledger::sight::AreaRule;
use rustc_hash::{FxBuildHasher, FxHashSet};
use spatial::{Collection, CollectionSnapshot, CrsRegistry, FeatureRef, ValueRef};

use crate::places::{AssignedFields, Finder, Jurisdiction, Rung};

/// Columns by which a feature is named where it has no key, or beside it.
const NAMES: [&str; 2] = ["code", "id"];

/// Names of the features that belong, of one collection.
#[derive(Debug, Default)]
pub(super) struct Names {
    all: FxHashSet<Box<str>>,
    mark: u64,
}

impl Names {
    /// Those of every feature of `held`.
    pub(super) fn of(held: &CollectionSnapshot) -> Self {
        let mut names = Self::default();
        let columns = columns(held.collection());
        held.each(&mut |shard, slots| {
            for slot in slots {
                names.add(&columns, shard.feature(usize::from(*slot)));
            }
        });
        names
    }

    fn add(&mut self, columns: &[usize], feature: FeatureRef<'_>) {
        for name in columns.iter().filter_map(|column| text(feature, *column)) {
            if !self.all.contains(name) {
                // In whatever order they come, the same names make the same mark.
                self.mark = self.mark.wrapping_add(FxBuildHasher.hash_one(name));
                self.all.insert(name.into());
            }
        }
    }

    /// Another number means other names.
    pub(super) fn mark(&self) -> u64 {
        self.mark
    }

    pub(super) fn hold(&self, name: &str) -> bool {
        self.all.contains(name)
    }
}

/// Columns that name a feature.
fn columns(collection: &Collection) -> Vec<usize> {
    let names = collection.key.as_deref().into_iter().chain(NAMES);
    let mut columns: Vec<usize> =
        names.filter_map(|name| collection.field_position(name)).collect();
    columns.dedup();
    columns
}

/// The names of a feature.
pub(super) fn names_of<'a>(
    collection: &Collection,
    feature: FeatureRef<'a>,
) -> impl Iterator<Item = &'a str> {
    columns(collection).into_iter().filter_map(move |column| text(feature, column))
}

/// What is in a column of text, if it is anything.
fn text(feature: FeatureRef<'_>, column: usize) -> Option<&str> {
    match feature.value(column) {
        ValueRef::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
        _ => None,
    }
}

/// Finds the names that belong of a collection.
pub(super) type NamesOf<'a> = &'a dyn Fn(&str) -> Option<Arc<Names>>;

/// Decides feature by feature.
pub(super) struct Belonging<'a> {
    jurisdiction: &'a Jurisdiction,
    /// The column with its own code, where these are the units.
    code: Option<usize>,
    assigned: Vec<usize>,
    finder: Finder<'a>,
    units: Vec<usize>,
    owners: Vec<(usize, Arc<Names>)>,
}

impl<'a> Belonging<'a> {
    /// Of features of `collection`, with the names that belong of each collection that `rule` names.
    pub(super) fn new(
        jurisdiction: &'a Jurisdiction,
        registry: &'a CrsRegistry,
        collection: &'a Collection,
        (rule, names): (Option<&AreaRule>, NamesOf<'_>),
    ) -> Self {
        let is_units = collection.id.as_str() == ADMIN_UNITS;
        let at = |name: &str| collection.field_position(name);
        let assigned = AssignedFields::of(collection).map_or(Vec::new(), |assigned| {
            let units = assigned.fields.iter().filter(|(rung, _)| *rung != Rung::Cell);
            units.map(|(_, position)| *position).collect()
        });
        let units = rule.map_or(&[][..], |rule| &rule.units);
        let owners = rule.map_or(&[][..], |rule| &rule.of);
        Self {
            jurisdiction,
            code: is_units.then(|| at("code")).flatten(),
            assigned,
            finder: jurisdiction.finder(registry, &collection.crs),
            units: units.iter().filter_map(|name| at(name)).collect(),
            owners: owners
                .iter()
                .filter_map(|owner| Some((at(&owner.column)?, names(&owner.collection)?)))
                .collect(),
        }
    }

    /// Whether the feature belongs there; `beside` are names that belong as well.
    pub(super) fn holds(&self, feature: FeatureRef<'_>, beside: &FxHashSet<String>) -> bool {
        let names = |column: &usize| {
            text(feature, *column).is_some_and(|code| self.jurisdiction.names(code))
        };
        if let Some(code) = &self.code {
            return names(code);
        }
        if self.assigned.iter().any(|column| text(feature, *column).is_some()) {
            // Columns say nothing of focus areas.
            return self.assigned.iter().any(names) || self.finder.is_in_focus(feature);
        }
        if let Some(is_there) = self.finder.holds(feature) {
            return is_there;
        }
        let owned = |(column, known): &(usize, Arc<Names>)| {
            text(feature, *column).is_some_and(|name| known.hold(name) || beside.contains(name))
        };
        self.units.iter().any(names) || self.owners.iter().any(owned)
    }
}
