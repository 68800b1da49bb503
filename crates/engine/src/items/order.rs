//! Sorted answers: features by the values of fields, ties by id, features without a value last.

use std::cmp::Ordering;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use rayon::slice::ParallelSliceMut;
use spatial::{CollectionId, CollectionSnapshot, FeatureId, Revision, ValueRef};

use super::{SortBy, SortKey};
use crate::EngineError;
use crate::weighed::{self, Room};

/// Bytes of sorted answers that are kept for their later pages.
const KEPT_BYTES: u64 = 64 << 20;

/// A collection, its state, and the fingerprint of a query.
pub(crate) type OrderKey = (CollectionId, Revision, u64);

#[derive(Clone, Debug)]
struct ByBytes;

impl Weighter<OrderKey, Arc<[FeatureId]>> for ByBytes {
    fn weight(&self, _key: &OrderKey, ids: &Arc<[FeatureId]>) -> u64 {
        (ids.len() * size_of::<FeatureId>() + 256) as u64
    }
}

/// Sorted answers: each is sorted once for all its pages behind the first.
#[derive(Debug)]
pub(crate) struct Orders(Cache<OrderKey, Arc<[FeatureId]>, ByBytes>);

impl Orders {
    pub(crate) fn new() -> Result<Self, EngineError> {
        let room = Room { bytes: KEPT_BYTES, items: 64, is_whole: true };
        Ok(Self(weighed::cache("sorted answers", room, ByBytes)?))
    }

    /// The answer of `key`, kept or made by `make`.
    pub(crate) fn order(
        &self,
        key: &OrderKey,
        make: impl FnOnce() -> Result<Vec<FeatureId>, EngineError>,
    ) -> Result<Arc<[FeatureId]>, EngineError> {
        if let Some(kept) = self.0.get(key) {
            return Ok(kept);
        }
        let made: Arc<[FeatureId]> = make()?.into();
        self.0.insert(key.clone(), Arc::clone(&made));
        Ok(made)
    }
}

/// The first `limit` of `ids` in the order of `keys`.
pub(crate) fn first(
    collection: &CollectionSnapshot,
    ids: Vec<FeatureId>,
    keys: &[SortKey],
    limit: usize,
) -> Vec<FeatureId> {
    let mut rows = rows(collection, ids, keys);
    if limit < rows.len() {
        rows.select_nth_unstable_by(limit, |a, b| compare(a, b, keys));
        rows.truncate(limit);
    }
    rows.sort_unstable_by(|a, b| compare(a, b, keys));
    rows.into_iter().map(|row| row.id).collect()
}

/// All of `ids` in the order of `keys`.
pub(crate) fn all(
    collection: &CollectionSnapshot,
    ids: Vec<FeatureId>,
    keys: &[SortKey],
) -> Vec<FeatureId> {
    let mut rows = rows(collection, ids, keys);
    rows.par_sort_unstable_by(|a, b| compare(a, b, keys));
    rows.into_iter().map(|row| row.id).collect()
}

/// A feature with the values that it is sorted by, the first one beside it.
struct Row<'a> {
    id: FeatureId,
    first: ValueRef<'a>,
    rest: Box<[ValueRef<'a>]>,
}

fn rows<'a>(
    collection: &'a CollectionSnapshot,
    ids: Vec<FeatureId>,
    keys: &[SortKey],
) -> Vec<Row<'a>> {
    let value = |id: FeatureId, key: &SortKey| match key.by {
        SortBy::Id => ValueRef::Int(id.value()),
        SortBy::Field(field) => {
            collection.get(id).map_or(ValueRef::Null, |feature| feature.value(field.position()))
        }
    };
    let row = |id: FeatureId| {
        let (first, rest) = match keys.split_first() {
            None => (ValueRef::Null, &[][..]),
            Some((first, rest)) => (value(id, first), rest),
        };
        Row { id, first, rest: rest.iter().map(|key| value(id, key)).collect() }
    };
    ids.into_iter().map(row).collect()
}

fn compare(a: &Row<'_>, b: &Row<'_>, keys: &[SortKey]) -> Ordering {
    let a_values = std::iter::once(a.first).chain(a.rest.iter().copied());
    let b_values = std::iter::once(b.first).chain(b.rest.iter().copied());
    for (key, (a, b)) in keys.iter().zip(a_values.zip(b_values)) {
        let order = match (a, b) {
            (ValueRef::Null, ValueRef::Null) => Ordering::Equal,
            (ValueRef::Null, _) => return Ordering::Greater,
            (_, ValueRef::Null) => return Ordering::Less,
            (a, b) if key.descending => compare_values(b, a),
            (a, b) => compare_values(a, b),
        };
        if order.is_ne() {
            return order;
        }
    }
    a.id.cmp(&b.id)
}

/// Values of one field: numbers by size, texts by code point.
pub(crate) fn compare_values(a: ValueRef<'_>, b: ValueRef<'_>) -> Ordering {
    match (a, b) {
        (ValueRef::Bool(a), ValueRef::Bool(b)) => a.cmp(&b),
        (ValueRef::Int(a), ValueRef::Int(b)) => a.cmp(&b),
        (ValueRef::Real(a), ValueRef::Real(b)) => a.total_cmp(&b),
        (ValueRef::Text(a), ValueRef::Text(b)) => a.cmp(b),
        (ValueRef::Bytes(a), ValueRef::Bytes(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}
