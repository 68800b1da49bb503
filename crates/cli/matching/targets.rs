//! What rows are held against: the features of some collections of one state, with their codes,
//! addresses, names and places.

use std::sync::Arc;

use engine::Engine;
use geo::InteriorPoint;
use ledger::matching::{Matcher, Matters};
use ledger::place::{ADMIN_UNITS, split_names};
use ledger::record::business::{ENTERPRISES, OUTLETS};
use ledger::rows::POINTS;
use spatial::{
    Collection, CollectionId, CollectionSnapshot, FeatureId, FeatureRef, Snapshot, ValueRef,
};
use thiserror::Error;

use super::columns::parcel_codes;

/// Fields with an address, the best first.
const ADDRESSES: [&str; 5] = ["address", "ZL", "zl", "坐落", "地址"];
/// Fields with a name.
const NAMES: [&str; 3] = ["name", "名称", "title"];
/// Most features of one collection that rows are held against.
const MAX_TARGETS: usize = 5_000_000;

/// Rows cannot be held against this.
#[derive(Debug, Error)]
pub enum TargetsFault {
    /// There is no such collection.
    #[error("there is no collection {name:?}; the store has {known}")]
    Unknown {
        /// What was asked for, cut.
        name: String,
        /// What there is.
        known: String,
    },
    /// It has nothing by which rows could be found.
    #[error(
        "collection {id} has no code, no address and no name by which rows could be found; leave it out"
    )]
    Bare {
        /// The collection.
        id: CollectionId,
    },
    /// There are too many.
    #[error("collection {id} has {count} features, more than {MAX_TARGETS}")]
    TooMany {
        /// The collection.
        id: CollectionId,
        /// How many.
        count: usize,
    },
}

/// The targets of one collection.
#[derive(Debug)]
pub struct Targets {
    /// Finds them, by their numbers.
    pub matcher: Matcher,
    held: Arc<CollectionSnapshot>,
    ids: Vec<FeatureId>,
    label: Option<usize>,
}

/// Fields by which features of a collection are found.
struct Columns {
    credit_code: Option<usize>,
    codes: Vec<usize>,
    name: Option<usize>,
    address: Option<usize>,
    is_parcel: bool,
}

impl Columns {
    fn of(collection: &Collection) -> Self {
        let at = |name: &&str| collection.field_position(name);
        let first = |names: &[&str]| names.iter().find_map(at);
        let id = collection.id.as_str();
        let key = collection.key.as_deref();
        let codes: Vec<&str> = match id {
            POINTS => vec!["id", "code"],
            OUTLETS | ENTERPRISES => vec!["code"],
            "parcels" => vec!["ZDDM", "zddm", "BDCDYH", "bdcdyh", "code"],
            _ => key.into_iter().collect(),
        };
        Self {
            credit_code: first(&["uscc"]),
            codes: codes.iter().filter_map(at).collect(),
            name: first(&NAMES),
            address: first(&ADDRESSES),
            is_parcel: id == "parcels",
        }
    }

    fn matters(&self, feature: FeatureRef<'_>) -> Matters {
        let value = |at: usize| text(feature.value(at));
        let codes = self.codes.iter().filter_map(|at| value(*at));
        let codes = match self.is_parcel {
            true => codes.flat_map(|code| parcel_codes(&code)).collect(),
            false => codes.collect(),
        };
        Matters {
            credit_code: self.credit_code.and_then(value),
            codes,
            name: self.name.and_then(value),
            address: self.address.and_then(value),
        }
    }
}

impl Targets {
    /// Reads the features of the collection called `name`.
    pub fn read(engine: &Engine, name: &str) -> Result<Self, TargetsFault> {
        let state = engine.snapshot();
        let id = CollectionId::try_from(name).ok();
        let Some(held) = id.and_then(|id| state.collections.get(&id)) else {
            let known: Vec<&str> = state.collections.keys().map(CollectionId::as_str).collect();
            let name = name.chars().take(40).collect();
            return Err(TargetsFault::Unknown { name, known: known.join(", ") });
        };
        let collection = held.collection();
        let columns = Columns::of(collection);
        let by_nothing = columns.credit_code.is_none() && columns.codes.is_empty();
        if by_nothing && columns.name.is_none() && columns.address.is_none() {
            return Err(TargetsFault::Bare { id: collection.id.clone() });
        }
        if held.len() > MAX_TARGETS {
            let id = collection.id.clone();
            return Err(TargetsFault::TooMany { id, count: held.len() });
        }
        let mut features = Vec::with_capacity(held.len());
        held.each(&mut |shard, slots| {
            features.extend(slots.iter().map(|slot| shard.feature(usize::from(*slot))));
        });
        // Candidates come in the order of ids, whatever edits did.
        features.sort_unstable_by_key(|one| one.id());
        let mut matcher = Matcher::new(units(&state));
        for feature in &features {
            matcher.add(&columns.matters(*feature));
        }
        let ids = features.iter().map(|one| one.id()).collect();
        let key = collection.key.as_deref().and_then(|key| collection.field_position(key));
        let code = collection.field_position("code").filter(|_| collection.id.as_str() == POINTS);
        let label = code.or(key).or(columns.codes.first().copied());
        Ok(Self { matcher, held: Arc::clone(held), ids, label })
    }

    /// The collection.
    pub fn collection(&self) -> &Collection {
        self.held.collection()
    }

    /// The feature of a target.
    pub fn feature(&self, target: usize) -> Option<FeatureRef<'_>> {
        self.ids.get(target).and_then(|id| self.held.get(*id))
    }

    /// How a target is called: its number or key, else its id.
    pub fn name(&self, target: usize) -> String {
        let feature = self.feature(target);
        let label = feature.zip(self.label).and_then(|(feature, at)| text(feature.value(at)));
        label.or_else(|| feature.map(|feature| feature.id().to_string())).unwrap_or_default()
    }

    /// The position that stands for a target, in its storage CRS: inside of a polygon.
    pub fn position(&self, target: usize) -> Option<[f64; 2]> {
        let point = self.feature(target)?.shape()?.interior_point()?;
        Some([point.x(), point.y()])
    }
}

/// Units and their other names.
fn units(state: &Snapshot) -> Vec<(String, Vec<String>)> {
    let id = CollectionId::try_from(ADMIN_UNITS).ok();
    let Some(held) = id.and_then(|id| state.collections.get(&id)) else { return Vec::new() };
    let at = |name: &str| held.collection().field_position(name);
    let (Some(name), Some(aliases)) = (at("name"), at("aliases")) else { return Vec::new() };
    let mut units = Vec::new();
    held.each(&mut |shard, slots| {
        for slot in slots {
            let unit = shard.feature(usize::from(*slot));
            if let (Some(name), Some(aliases)) = (text(unit.value(name)), text(unit.value(aliases)))
            {
                units.push((name, split_names(&aliases).map(str::to_owned).collect()));
            }
        }
    });
    units
}

/// A value as text without blanks around it; `None` when nothing is left.
pub(super) fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Text(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        ValueRef::Int(number) => Some(number.to_string()),
        _ => None,
    }
}
