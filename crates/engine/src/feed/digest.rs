//! Makes a [`Told`] of a publication, or of the change log where the states are not at hand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use spatial::{
    CollectionId, CollectionSnapshot, FeatureId, FeatureRef, FieldType, Revision, Snapshot, Value,
};

use super::place::{Placer, world_box};
use super::{LOG_ROWS, PlacedRecord, Told, ToldChange};
use crate::{Engine, EngineError, Profile, Publication, ReadableField};

/// What `publication` brought.
pub(super) async fn of(engine: &Engine, publication: Arc<Publication>) -> Told {
    let (registry, held) = (Arc::clone(engine.registry()), Arc::clone(&publication));
    let digested = engine.pool().run_waiting(move || {
        let placer = Placer::new(&held.after, &registry);
        digest(&held, placer)
    });
    match digested.await {
        Ok(told) => told,
        Err(error) => {
            tracing::error!(%error, "a publication could not be digested; every tile is named");
            let (since, revision) = (publication.before.revision, publication.after.revision);
            let described = publication.after.collections.keys().cloned().collect();
            let at = publication.after.recorded_at;
            Told { since, revision, at, described, changes: Vec::new() }
        }
    }
}

fn digest(publication: &Publication, mut placer: Placer<'_>) -> Told {
    let Publication { before, after, records } = publication;
    // Of a feature that changed more than once, the last change says what came of it.
    let mut last: BTreeMap<(&CollectionId, FeatureId), usize> = BTreeMap::new();
    for (at, record) in records.iter().enumerate() {
        if let Some(id) = record.id {
            last.insert((&record.collection, id), at);
        }
    }
    let changes = records.iter().enumerate().map(|(at, record)| {
        let placed = placer.place(record.clone());
        match record.id {
            Some(id) if last.get(&(&record.collection, id)) != Some(&at) => bare(placed),
            Some(id) => compared(placed, id, before, after),
            None => whole(placed),
        }
    });
    let changes = changes.collect();
    let changed: BTreeSet<&CollectionId> = records.iter().map(|r| &r.collection).collect();
    let same = |id: &CollectionId| match (before.collections.get(id), after.collections.get(id)) {
        (Some(was), Some(is)) => Arc::ptr_eq(was, is),
        (was, is) => was.is_none() && is.is_none(),
    };
    let ids = before.collections.keys().chain(after.collections.keys());
    let described = ids.filter(|id| !changed.contains(id) && !same(id)).cloned().collect();
    let (since, revision) = (before.revision, after.revision);
    Told { since, revision, at: after.recorded_at, described, changes }
}

fn bare(placed: PlacedRecord) -> ToldChange {
    ToldChange { placed, redrawn: Vec::new(), recoloured: None, state: Vec::new() }
}

/// A change known by its envelopes alone: everything in them may look different.
pub(super) fn whole(placed: PlacedRecord) -> ToldChange {
    let redrawn = [placed.before, placed.after].iter().flatten().map(world_box).collect();
    ToldChange { redrawn, ..bare(placed) }
}

fn compared(
    placed: PlacedRecord,
    id: FeatureId,
    before: &Snapshot,
    after: &Snapshot,
) -> ToldChange {
    let name = &placed.record.collection;
    let (was, is) = (before.collections.get(name), after.collections.get(name));
    let find =
        |held: Option<&Arc<CollectionSnapshot>>| held.and_then(|held| held.get(id).map(|_| ()));
    let (Some(()), Some(()), Some(was), Some(is)) = (find(was), find(is), was, is) else {
        let boxes = [was, is].into_iter().flatten().filter_map(|held| held.get(id));
        let redrawn = boxes.map(FeatureRef::world_box).filter(|area| !area.is_empty()).collect();
        return ToldChange { redrawn, ..bare(placed) };
    };
    let (Some(old), Some(new)) = (was.get(id), is.get(id)) else { return bare(placed) };
    if !same_geometry(old, new) {
        let boxes = [old, new].map(FeatureRef::world_box);
        let redrawn = boxes.into_iter().filter(|area| !area.is_empty()).collect();
        return ToldChange { redrawn, ..bare(placed) };
    }
    let state = differing(was, old, is, new);
    let area = new.world_box();
    let recoloured = (!state.is_empty() && !area.is_empty()).then_some(area);
    ToldChange { recoloured, state, ..bare(placed) }
}

/// Whether both have the same geometry to the last bit; a single part and a multi-geometry of one
/// part are the same.
fn same_geometry(a: FeatureRef<'_>, b: FeatureRef<'_>) -> bool {
    a.geometry_type().is_some() == b.geometry_type().is_some()
        && a.has_same_paths(b)
        && a.z() == b.z()
        && a.m() == b.m()
}

/// Fields that whoever reads tiles may read, with their new values where these differ.
fn differing(
    was: &CollectionSnapshot,
    old: FeatureRef<'_>,
    is: &CollectionSnapshot,
    new: FeatureRef<'_>,
) -> Vec<(String, Value)> {
    let fields = ReadableField::all(is.collection(), Profile::default());
    let fields = fields.filter(|(_, field)| field.field_type != FieldType::Bytes);
    fields
        .filter_map(|(readable, field)| {
            let value = new.value(readable.position());
            let position = was.collection().field_position(&field.name);
            let same = position.is_some_and(|position| old.value(position) == value);
            (!same).then(|| (field.name.clone(), value.to_value()))
        })
        .collect()
}

/// The next commits after `since` and up to `bound`, from the change log: at least one state
/// unless there is none.
pub(super) async fn page(
    engine: &Engine,
    since: Revision,
    bound: Revision,
) -> Result<Vec<Told>, EngineError> {
    let mut records = engine.store().changes(since, LOG_ROWS).await?;
    records.retain(|record| record.revision <= bound);
    let snapshot = engine.snapshot();
    let registry = Arc::clone(engine.registry());
    let digested = move || {
        let mut placer = Placer::new(&snapshot, &registry);
        let everything = || snapshot.collections.keys().cloned().collect::<BTreeSet<_>>();
        let mut states: Vec<Told> = Vec::new();
        for record in records {
            let previous = states.last().map_or(since, |told| told.revision);
            let (revision, at) = (record.revision, Some(record.recorded_at));
            let change = whole(placer.place(record));
            match states.last_mut().filter(|told| told.revision == revision) {
                Some(told) => told.changes.push(change),
                None => {
                    // Commits that the log has no row of described a collection, or renamed it.
                    let silent = revision.0 > previous.0 + 1;
                    let described = if silent { everything() } else { BTreeSet::new() };
                    let changes = vec![change];
                    states.push(Told { since: previous, revision, at, described, changes });
                }
            }
        }
        if states.is_empty() && since < bound {
            let (at, changes) = (snapshot.recorded_at, Vec::new());
            states.push(Told { since, revision: bound, at, described: everything(), changes });
        }
        states
    };
    engine.pool().run_waiting(digested).await
}

/// Every state after `since` up to `bound`, from the change log; where that fails, one state in
/// which everything may differ.
pub(super) async fn from_log(engine: &Engine, since: Revision, bound: Revision) -> Vec<Told> {
    let mut states: Vec<Told> = Vec::new();
    loop {
        let reached = states.last().map_or(since, |told| told.revision);
        if reached >= bound {
            return states;
        }
        match page(engine, reached, bound).await {
            Ok(more) if !more.is_empty() => states.extend(more),
            other => {
                tracing::error!(?other, "the change log could not be read; every tile is named");
                let snapshot = engine.snapshot();
                let described = snapshot.collections.keys().cloned().collect();
                let (since, at, changes) = (reached, snapshot.recorded_at, Vec::new());
                states.push(Told { since, revision: bound, at, described, changes });
                return states;
            }
        }
    }
}
