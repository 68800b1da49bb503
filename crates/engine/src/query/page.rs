//! Ids of a page: in the order of the collection or of fields, from a cursor on.

use std::ops::ControlFlow;

use spatial::query::Selection;
use spatial::{Budget, CollectionSnapshot, FeatureId, Rank};

use super::search::fault;
use crate::items::{Cursor, Position, SortKey, first_of_order, whole_order};
use crate::{Engine, EngineError};

/// A page before its cursor is written.
pub(super) struct Page {
    pub(super) ids: Vec<FeatureId>,
    pub(super) matched: u64,
    pub(super) next: Option<Position>,
}

/// The page of at most `limit` features in the order of the collection.
pub(super) fn by_rank(
    collection: &CollectionSnapshot,
    selection: Selection<'_>,
    cursor: Option<Cursor>,
    limit: usize,
    budget: &Budget<'_>,
) -> Result<Page, EngineError> {
    let after = cursor.and_then(|cursor| match cursor.position {
        Position::Rank(rank) => Some(rank),
        Position::Offset(_) => None,
    });
    let (mut ids, mut last, mut more) = (Vec::new(), None::<Rank>, false);
    let from_here = Selection { after, ..selection };
    let visit = collection.select(&from_here, budget, &mut |shard, slots| {
        for slot in slots {
            if ids.len() == limit {
                more = true;
                return ControlFlow::Break(());
            }
            let rank = shard.rank(usize::from(*slot));
            ids.push(rank.1);
            last = Some(rank);
        }
        ControlFlow::Continue(())
    });
    visit.map_err(fault)?;
    let matched = match cursor {
        Some(cursor) => cursor.matched,
        None if more => collection.count(&selection, budget).map_err(fault)?,
        None => ids.len() as u64,
    };
    Ok(Page { ids, matched, next: last.filter(|_| more).map(Position::Rank) })
}

/// The page of at most `limit` features in the order of `keys`; `fingerprint` names the query.
pub(super) fn by_order(
    (engine, fingerprint): (&Engine, u64),
    collection: &CollectionSnapshot,
    (selection, keys): (Selection<'_>, &[SortKey]),
    (cursor, limit): (Option<Cursor>, usize),
    budget: &Budget<'_>,
) -> Result<Page, EngineError> {
    let start = cursor.map_or(0, |cursor| match cursor.position {
        Position::Offset(offset) => usize::try_from(offset).unwrap_or(usize::MAX),
        Position::Rank(_) => 0,
    });
    let all = || collection.ids(&selection, budget).map_err(fault);
    let (ids, matched) = if start == 0 {
        let found = all()?;
        let matched = found.len();
        (first_of_order(collection, found, keys, limit), matched)
    } else {
        let key = (collection.collection().id.clone(), collection.revision(), fingerprint);
        let sorted = engine.orders().order(&key, || Ok(whole_order(collection, all()?, keys)))?;
        let end = start.saturating_add(limit).min(sorted.len());
        (sorted.get(start..end).unwrap_or_default().to_vec(), sorted.len())
    };
    let end = start + ids.len();
    let next = (end < matched).then_some(Position::Offset(end as u64));
    Ok(Page { ids, matched: matched as u64, next })
}
