//! Whether features of one collection belong to a jurisdiction: by their columns of assignment, else
//! by their place, else by what the rules of the store say ([`ledger::sight::AreaRules`]). What nothing
//! tells does not belong.

use std::hash::BuildHasher;
use std::sync::{Arc, OnceLock, Weak};

use ledger::place::ADMIN_UNITS;
use ledger::sight::AreaRule;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use spatial::{Collection, CollectionSnapshot, CrsRegistry, FeatureRef, Shard, ValueRef};

use crate::places::{AssignedFields, Finder, Jurisdiction, Rung};

/// Columns by which a feature is named where it has no key, or beside it.
const NAMES: [&str; 2] = ["code", "id"];

/// Names of the features that belong, of one collection.
#[derive(Debug, Default)]
pub(super) struct Names {
    part: Option<Arc<CollectionSnapshot>>,
    mark: u64,
    /// Gathered when the first is asked for.
    all: OnceLock<FxHashSet<Box<str>>>,
}

impl Names {
    /// Those of every feature of `part`; `mark` is what [`NameSums`] tells of them.
    pub(super) fn of(part: Arc<CollectionSnapshot>, mark: u64) -> Self {
        Self { part: Some(part), mark, all: OnceLock::new() }
    }

    /// Another number means other names.
    pub(super) fn mark(&self) -> u64 {
        self.mark
    }

    pub(super) fn hold(&self, name: &str) -> bool {
        self.all.get_or_init(|| self.gathered()).contains(name)
    }

    fn gathered(&self) -> FxHashSet<Box<str>> {
        let mut all: FxHashSet<Box<str>> = FxHashSet::default();
        let Some(part) = &self.part else { return all };
        let columns = columns(part.collection());
        part.each(&mut |shard, slots| {
            for slot in slots {
                for name in texts(&columns, shard.feature(usize::from(*slot))) {
                    if !all.contains(name) {
                        all.insert(name.into());
                    }
                }
            }
        });
        all
    }
}

/// Sums of the hashes of names by shard: a publication costs the shards that it changed.
#[derive(Debug, Default)]
pub(super) struct NameSums {
    /// What else they depend on.
    context: u64,
    /// With how many features of the shard were there: of those that are there no other is left
    /// out from one state to the next while their number is the same.
    by_shard: FxHashMap<usize, (Weak<Shard>, usize, u64)>,
}

impl NameSums {
    /// A number for the names of `part`, made under `context`: another one means other names. In
    /// whatever order they come, the same names make the same number.
    pub(super) fn mark(&mut self, part: &CollectionSnapshot, context: u64) -> u64 {
        let columns = columns(part.collection());
        let context = FxBuildHasher.hash_one((context, &columns));
        if self.context != context {
            self.by_shard.clear();
            self.context = context;
        }
        let address = |shard: &Shard| std::ptr::from_ref(shard) as usize;
        let mut counts: FxHashMap<usize, usize> = FxHashMap::default();
        part.each(&mut |shard, slots| *counts.entry(address(shard)).or_default() += slots.len());
        self.by_shard.retain(|at, _| counts.contains_key(at));
        let mut changed: FxHashMap<usize, u64> = counts
            .iter()
            .filter(|(at, count)| self.by_shard.get(at).is_none_or(|(_, known, _)| known != *count))
            .map(|(at, _)| (*at, 0))
            .collect();
        if !changed.is_empty() {
            part.each(&mut |shard, slots| {
                let Some(sum) = changed.get_mut(&address(shard)) else { return };
                for slot in slots {
                    let names = texts(&columns, shard.feature(usize::from(*slot)));
                    let hashes = names.map(|name| FxBuildHasher.hash_one(name));
                    *sum = hashes.fold(*sum, u64::wrapping_add);
                }
            });
            part.each_shard(&mut |shard| {
                let at = address(shard);
                if let (Some(sum), Some(count)) = (changed.get(&at), counts.get(&at)) {
                    self.by_shard.insert(at, (Arc::downgrade(shard), *count, *sum));
                }
            });
        }
        self.by_shard.values().map(|(.., sum)| *sum).fold(0, u64::wrapping_add)
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

/// What is in these columns of text.
fn texts<'a>(columns: &[usize], feature: FeatureRef<'a>) -> impl Iterator<Item = &'a str> {
    columns.iter().filter_map(move |column| text(feature, *column))
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
    beside: Vec<usize>,
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
        let beside = rule.map_or(&[][..], |rule| &rule.beside);
        let owners = rule.map_or(&[][..], |rule| &rule.of);
        Self {
            jurisdiction,
            code: is_units.then(|| at("code")).flatten(),
            assigned,
            finder: jurisdiction.finder(registry, &collection.crs),
            units: units.iter().filter_map(|name| at(name)).collect(),
            beside: beside.iter().filter_map(|name| at(name)).collect(),
            owners: owners
                .iter()
                .filter_map(|owner| Some((at(&owner.column)?, names(&owner.collection)?)))
                .collect(),
        }
    }

    /// Whether the feature belongs there; `beside` are names that belong as well.
    pub(super) fn holds(&self, feature: FeatureRef<'_>, beside: &FxHashSet<String>) -> bool {
        self.beside.iter().any(|column| self.names(feature, *column))
            || self.is_placed(feature, beside)
    }

    /// Whether the feature belongs there whoever else answers for it, and is assigned to no unit
    /// beyond.
    pub(super) fn lies(&self, feature: FeatureRef<'_>, beside: &FxHashSet<String>) -> bool {
        let is_beyond = |column: &usize| {
            text(feature, *column).is_some_and(|code| !self.jurisdiction.knows(code))
        };
        let is_parted = self.assigned.iter().any(is_beyond);
        self.is_placed(feature, beside) && (!is_parted || self.finder.is_in_focus(feature))
    }

    /// Whether a unit may be made to answer for what belongs there.
    pub(super) fn answers(&self, unit: &str) -> bool {
        self.jurisdiction.answers(unit)
    }

    fn names(&self, feature: FeatureRef<'_>, column: usize) -> bool {
        text(feature, column).is_some_and(|code| self.jurisdiction.names(code))
    }

    fn is_placed(&self, feature: FeatureRef<'_>, beside: &FxHashSet<String>) -> bool {
        let names = |column: &usize| self.names(feature, *column);
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use geo_types::{Geometry as Shape, Point};
    use proptest::prelude::*;
    use spatial::{
        Edit, Feature, FeatureId, Field, FieldClass, FieldType, Mask, Revision, Stage, Value,
        WorldPoint,
    };

    use super::*;
    use crate::engine_tests::collection;

    fn to_world(coords: &[[f64; 2]], world: &mut Vec<WorldPoint>) {
        world.extend(coords.iter().map(|[x, y]| [(x * 1e6) as u32, (y * 1e6) as u32]));
    }

    fn feature(number: i64, name: u8) -> Feature {
        let at = Point::new((number % 50) as f64, f64::from(name));
        let name = (name > 0).then(|| Value::Text(format!("n{name}")));
        Feature {
            id: Some(FeatureId::try_from(number).unwrap()),
            geometry: Some(Shape::Point(at).into()),
            properties: vec![name.unwrap_or(Value::Null)],
        }
    }

    fn sorted(part: &CollectionSnapshot) -> Vec<String> {
        let mut names = Vec::new();
        part.each(&mut |shard, slots| {
            for slot in slots {
                names.extend(texts(&[0], shard.feature(usize::from(*slot))).map(str::to_owned));
            }
        });
        names.sort_unstable();
        names
    }

    proptest! {
        /// A mark that is led from state to state is that of the state alone, and tells names apart.
        #[test]
        fn marks_tell_of_the_names_that_are_there(
            commits in prop::collection::vec(
                prop::collection::vec((1_i64..60, prop::option::of(0_u8..6)), 1..5),
                1..12,
            ),
            leaves_out in 2_i64..9,
            folds in any::<u16>(),
        ) {
            let text = Field {
                name: "code".to_owned(),
                alias: None,
                field_type: FieldType::Text,
                class: FieldClass::L1,
            };
            let described = Collection { fields: vec![text], ..collection("owners") };
            let features: Vec<Feature> = (1..40).map(|number| feature(number, number as u8 % 5)).collect();
            let stage = Stage::new(&described, &features, &to_world);
            let mut whole = CollectionSnapshot::build(described, Revision(1), vec![stage]);
            let (mut led, mut told) = (NameSums::default(), Vec::new());
            for (at, commit) in commits.iter().enumerate() {
                let made: Vec<(FeatureId, Option<Feature>)> = commit
                    .iter()
                    .map(|(number, name)| {
                        let id = FeatureId::try_from(*number).unwrap();
                        (id, name.map(|name| feature(*number, name)))
                    })
                    .collect();
                let edits: Vec<Edit<'_>> =
                    made.iter().map(|(id, feature)| Edit { id: *id, feature: feature.as_ref() }).collect();
                whole = whole.apply(Revision(at as u64 + 2), &edits, &to_world);
                if folds >> at & 1 == 1 {
                    whole = whole.fold();
                }
                let part = whole.masked(&mut |shard| {
                    Mask::of(shard, &mut |feature| feature.id().value() % leaves_out != 0)
                });
                let mark = led.mark(&part, 7);
                prop_assert_eq!(mark, NameSums::default().mark(&part, 7));
                let names = sorted(&part);
                for (other, known) in &told {
                    prop_assert_eq!(*other == mark, *known == names, "{:?} {:?}", known, names);
                }
                let gathered = Names::of(Arc::new(part), mark);
                for name in (1..6).map(|one| format!("n{one}")) {
                    prop_assert_eq!(gathered.hold(&name), names.contains(&name), "{}", name);
                }
                told.push((mark, names));
            }
        }
    }
}
