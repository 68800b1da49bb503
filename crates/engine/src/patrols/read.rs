//! Collections of a state and values of their rows, by name.

use std::sync::Arc;

use ledger::clue::read_moment;
use ledger::record::named;
use spatial::{CollectionId, CollectionSnapshot, FeatureRef, Snapshot, Timestamp, Value, ValueRef};

use crate::{EngineError, Profile, ReadableField};

/// The collection called `name`, if it is there and has the columns that it ships with.
pub(super) fn record(state: &Snapshot, name: &str) -> Option<Arc<CollectionSnapshot>> {
    let held = held(state, name)?;
    named(name).is_some_and(|one| one.is(held.collection())).then_some(held)
}

/// The collection called `name`, if it is there.
pub(super) fn held(state: &Snapshot, name: &str) -> Option<Arc<CollectionSnapshot>> {
    let id = CollectionId::try_from(name).ok()?;
    state.collections.get(&id).map(Arc::clone)
}

/// Those of `names` that are there now.
pub(super) fn there(state: &Snapshot, names: &[&str]) -> Vec<CollectionId> {
    let ids = names.iter().filter_map(|name| CollectionId::try_from(*name).ok());
    ids.filter(|id| state.collections.contains_key(id)).collect()
}

/// Where a field is that the reader may read.
pub(super) fn readable(
    held: &CollectionSnapshot,
    name: &str,
    profile: Profile,
) -> Result<usize, EngineError> {
    ReadableField::find(held.collection(), name, profile).map(ReadableField::position)
}

/// Visits every row.
pub(super) fn each<'a>(held: &'a CollectionSnapshot, visit: &mut dyn FnMut(FeatureRef<'a>)) {
    held.each(&mut |shard, slots| {
        for slot in slots {
            visit(shard.feature(usize::from(*slot)));
        }
    });
}

/// A text that is not blank.
pub(super) fn text(row: FeatureRef<'_>, at: usize) -> Option<&str> {
    match row.value(at) {
        ValueRef::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
        _ => None,
    }
}

/// A moment, or the first one of a day.
pub(super) fn moment(row: FeatureRef<'_>, at: usize) -> Option<Timestamp> {
    text(row, at).and_then(read_moment)
}

/// A number; 0 where there is none.
pub(super) fn number(row: FeatureRef<'_>, at: usize) -> f64 {
    match row.value(at) {
        ValueRef::Real(number) if number.is_finite() => number,
        ValueRef::Int(number) => number as f64,
        _ => 0.0,
    }
}

/// A value of text; null where there is none.
pub(super) fn value(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| Value::Text(text.to_owned()))
}
