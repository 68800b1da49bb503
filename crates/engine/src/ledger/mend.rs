//! Puts back what another program wrote over the ledger in the file: events as they were raised,
//! points as their events say and where they lay, records (`mend_records`) that cannot be, each with a
//! change set that says so, and a defect that is listed.
//!
//! Rows that the store keeps out because of a flaw are listed by the store, and are mended once
//! their flaw is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::{
    PointId,
    record::Consistency,
    rows::{ID, POINT_EVENTS, POINTS, is_of_ledger, points},
};
use spatial::{
    Change, ChangeOp, ChangeSet, Collection, CollectionId, CollectionSnapshot, Feature, FeatureId,
    Revision, Snapshot, Value,
};
use store::{EXTERNAL, KeptOut, StoreError, Version};

use super::held::{Held, assign, blank, differing};
use crate::check::escaped;
use crate::now;
use crate::{Engine, EngineError};

/// Who puts things back.
const ACTOR: &str = "tuban";
/// How a change set that puts something back begins.
const PUT_BACK: &str = "put back ";
/// What is put back of a point that lost its position.
const GEOMETRY: &str = "geometry";
/// Most entries that are listed, the newest of all.
const MOST_LISTED: usize = 10_000;
/// Rows of the change log that are read at a time.
const LOG_ROWS: usize = 10_000;
/// How often a row is looked at anew when it keeps changing.
pub(super) const ATTEMPTS: usize = 8;
/// Why what follows from events is put back.
const EVENTS_ONLY: &str = "changed in the file by another program, and only events change it; POST \
    /points/{id}/events";
/// Why a position is.
const POSITION_STAYS: &str = "taken away in the file by another program, and a point of the ledger \
    keeps a position; move it instead";

/// Rows that are put back together.
pub(super) const TOGETHER: usize = 1_000;

/// What is put back, in words, and how.
type Put = (&'static str, ChangeOp);

/// A row that another program wrote.
type Row = (CollectionId, FeatureId);

/// Whether what another program writes into a collection may have to be put back.
pub(super) fn is_mended(collection: &Collection) -> bool {
    match collection.id.as_str() {
        POINTS | POINT_EVENTS => is_of_ledger(collection),
        _ => Consistency::of(collection).is_some(),
    }
}

impl Engine {
    /// Looks through the change log for what other programs wrote over the ledger, for a store that
    /// was written to while nobody served it, and puts it back.
    pub async fn mend_ledger(&self) -> Result<(), EngineError> {
        let state = self.current();
        let held = state.collections.iter().filter(|(_, held)| is_mended(held.collection()));
        let mended: BTreeSet<&CollectionId> = held.map(|(id, _)| id).collect();
        if mended.is_empty() {
            return Ok(());
        }
        let mut foreign: BTreeSet<Row> = BTreeSet::new();
        let mut since = Revision(0);
        // Collections into which another program loaded many rows at once.
        let mut loaded: BTreeSet<CollectionId> = BTreeSet::new();
        loop {
            let records = self.store().changes(since, LOG_ROWS).await?;
            let Some(last) = records.last() else { break };
            since = last.revision;
            for record in records {
                let is_mended = mended.contains(&record.collection);
                if is_mended && record.id.is_none() && record.actor == EXTERNAL {
                    loaded.insert(record.collection.clone());
                }
                let Some(id) = record.id.filter(|_| is_mended) else { continue };
                if record.actor == ACTOR && record.reason.starts_with(PUT_BACK) {
                    let (since, reason) = (record.recorded_at, record.reason.clone());
                    self.list(self.entry(&record.collection, id, reason, since));
                }
                match record.actor == EXTERNAL {
                    true => foreign.insert((record.collection, id)),
                    false => foreign.remove(&(record.collection, id)),
                };
            }
        }
        for id in loaded {
            let rows = self.rows_of(&id);
            if !matches!(id.as_str(), POINTS | POINT_EVENTS) {
                // Who wrote them is asked of those alone that cannot be.
                foreign.extend(rows.into_iter().map(|row| (id.clone(), row)));
                continue;
            }
            for row in rows {
                let came = self.store().arrival(&id, row).await?;
                if came.is_some_and(|came| came.actor == EXTERNAL) {
                    foreign.insert((id.clone(), row));
                }
            }
        }
        self.mend(foreign).await
    }

    /// Every row of a collection.
    fn rows_of(&self, id: &CollectionId) -> Vec<FeatureId> {
        let state = self.current();
        let mut rows = Vec::new();
        if let Some(held) = state.collections.get(id) {
            held.each(&mut |shard, slots| {
                rows.extend(slots.iter().map(|slot| shard.ids()[usize::from(*slot)]));
            });
        }
        rows
    }

    /// Puts back what another program wrote into these rows, soon.
    pub(super) fn mend_later(&self, rows: Vec<Row>) {
        let engine = self.clone();
        tokio::spawn(async move {
            if let Err(error) = engine.mend(rows.into_iter().collect()).await {
                tracing::error!(%error, "what was written over the ledger was not put back");
            }
        });
    }

    /// What was put back in a collection, oldest first.
    pub(crate) fn put_back(&self, id: &CollectionId) -> Vec<KeptOut> {
        let listed = self.0.ledger.put_back();
        listed.iter().filter(|one| one.collection == id.as_str()).cloned().collect()
    }

    /// A row that was put back for a `reason`, at the first column that it names.
    fn entry(
        &self,
        id: &CollectionId,
        row: FeatureId,
        reason: String,
        since: spatial::Timestamp,
    ) -> KeptOut {
        let rest = reason.strip_prefix(PUT_BACK).unwrap_or_default();
        let first = rest.split([',', ':']).next().unwrap_or_default();
        let state = self.current();
        let held = state.collections.get(id);
        let has_field =
            |held: &Arc<CollectionSnapshot>| held.collection().field_position(first).is_some();
        let place = match first {
            GEOMETRY => "/geometry".to_owned(),
            _ if held.is_some_and(has_field) => format!("/properties/{}", escaped(first)),
            _ => String::new(),
        };
        KeptOut { collection: id.to_string(), fid: Some(row.value()), place, reason, since }
    }

    fn list(&self, one: KeptOut) {
        let mut listed = self.0.ledger.put_back();
        let is_known = |known: &&KeptOut| {
            (&known.collection, known.fid, known.since) == (&one.collection, one.fid, one.since)
        };
        if listed.iter().rev().take_while(|known| known.since >= one.since).any(|k| is_known(&k)) {
            return;
        }
        if listed.len() >= MOST_LISTED {
            listed.remove(0);
        }
        listed.push(one);
    }

    async fn mend(&self, rows: BTreeSet<Row>) -> Result<(), EngineError> {
        let _one_at_a_time = self.0.ledger.raising.lock().await;
        let mut suspects: BTreeMap<PointId, Option<FeatureId>> = BTreeMap::new();
        let mut drawn: BTreeSet<FeatureId> = BTreeSet::new();
        let (mut events, mut of_points) = (Vec::<Row>::new(), Vec::<Row>::new());
        let mut records: BTreeMap<CollectionId, Vec<FeatureId>> = BTreeMap::new();
        for (collection, row) in rows {
            match collection.as_str() {
                POINT_EVENTS => events.push((collection, row)),
                POINTS => of_points.push((collection, row)),
                _ => records.entry(collection).or_default().push(row),
            }
        }
        for (collection, rows) in records {
            if let Err(error) = self.mend_records(&collection, &rows).await {
                tracing::error!(%collection, %error, "records were not put back");
            }
        }
        let mut puts: BTreeMap<&'static str, Vec<(FeatureId, ChangeOp)>> = BTreeMap::new();
        let mut of_events = None;
        for (collection, row) in events {
            let (touched, put) = self.mend_event(&collection, row).await?;
            for point in touched {
                suspects.entry(point).or_default();
            }
            if let Some((what, op)) = put {
                puts.entry(what).or_default().push((row, op));
            }
            of_events = Some(collection);
        }
        for (what, ops) in puts {
            for ops in ops.chunks(TOGETHER) {
                if let Some(collection) = &of_events {
                    self.put(collection, ops.to_vec(), (what, EVENTS_ONLY)).await?;
                }
            }
        }
        for (collection, row) in of_points {
            if let Err(error) = self.mend_position(&collection, row).await {
                tracing::error!(%row, %error, "the position of a point was not put back");
            }
            let past = self.past(&collection, row).await?;
            let held = self.ledger_now()?;
            let present = held.points.get(row).map(|row| row.to_feature());
            let before = past.own.as_ref().and_then(|own| point_of(&held.points, own));
            let now = present.as_ref().and_then(|row| point_of(&held.points, row));
            for point in before.iter().chain(&now) {
                suspects.entry(*point).or_default().get_or_insert(row);
            }
            if present.is_some() && before.is_none() {
                drawn.insert(row);
            }
        }
        for (point, row) in suspects {
            if let Err(error) = self.mend_point(point, row).await {
                // One that cannot be mended keeps no other from it.
                tracing::error!(%point, %error, "a point was not put back");
            }
        }
        for row in drawn {
            self.mend_drawn(row).await?;
        }
        Ok(())
    }

    fn ledger_now(&self) -> Result<Held, EngineError> {
        Held::of(&self.current()).ok_or(EngineError::NoLedger)
    }

    /// What gives a row of an event its own values again, and the points that it may have touched.
    async fn mend_event(
        &self,
        collection: &CollectionId,
        row: FeatureId,
    ) -> Result<(Vec<PointId>, Option<Put>), EngineError> {
        let past = self.past(collection, row).await?;
        let (state, held) = (self.current(), self.ledger_now()?);
        let present = held.events.get(row).map(|row| row.to_feature());
        let point = |feature: &Feature| {
            let position = held.events.collection().field_position("point")?;
            match feature.properties.get(position)? {
                Value::Text(text) => PointId::try_from(text.as_str()).ok(),
                _ => None,
            }
        };
        let both = [past.own.as_ref(), present.as_ref()];
        let touched: Vec<PointId> = both.into_iter().flatten().filter_map(point).collect();
        let (what, op) = match (past.own, present) {
            (Some(own), Some(present)) if own == present => return Ok((touched, None)),
            (Some(own), Some(_)) => ("an event that was changed", ChangeOp::Replace(row, own)),
            (Some(own), None) if !self.is_kept_out(collection, row).await? => {
                // It may be there already, as another row.
                let event = point_event(&held, &own);
                let is_there = self.with_index(&state, &held, |index| {
                    event.is_some_and(|event| index.known.contains_key(&event))
                });
                if is_there.await? {
                    return Ok((touched, None));
                }
                ("an event that was removed", ChangeOp::Insert(Feature { id: None, ..own }))
            }
            (None, Some(_)) if past.is_foreign => {
                ("an event that nobody raised", ChangeOp::Delete(row))
            }
            // What it was is not kept any more: it is left as it is, and said.
            (None, Some(_)) => {
                let reason = "an event was changed in the file by another program, and what it was \
                    is not kept any more; restore it from a backup";
                self.list(self.entry(collection, row, reason.to_owned(), now()));
                return Ok((touched, None));
            }
            (Some(_) | None, None) => return Ok((touched, None)),
        };
        Ok((touched, Some((what, op))))
    }

    /// Makes the row of a point say what its events say. `row` is where it was.
    async fn mend_point(&self, id: PointId, row: Option<FeatureId>) -> Result<(), EngineError> {
        for _attempt in 0..ATTEMPTS {
            let state = self.current();
            let held = self.ledger_now()?;
            let collection = held.points.collection();
            let found = self.with_index(&state, &held, |index| {
                (index.points.get(&id).copied(), index.events.get(&id).cloned().unwrap_or_default())
            });
            let (known, rows) = found.await?;
            let point = held.point(id, &rows, &self.settings().ledger)?;
            let present = known.and_then(|row| Some((row, held.points.get(row)?.to_feature())));
            let (at, op, what) = match (point, present) {
                (None, Some((row, _))) => return self.mend_drawn(row).await,
                (None, None) => return Ok(()),
                (Some(point), Some((row, mut feature))) => {
                    let names = differing(collection, &feature, Some(&point));
                    if names.is_empty() {
                        return Ok(());
                    }
                    assign(collection, &mut feature, points::derived(&point));
                    (row, ChangeOp::Replace(row, feature), names.join(", "))
                }
                (Some(point), None) => {
                    let Some(row) = row else { return Ok(()) };
                    if self.is_kept_out(&collection.id, row).await? {
                        return Ok(());
                    }
                    let present = held.points.get(row).map(|row| row.to_feature());
                    let past = self.past(&collection.id, row).await?;
                    let kept = present.clone().or(past.own).unwrap_or_else(|| blank(collection));
                    let mut feature = Feature { id: None, ..kept };
                    assign(collection, &mut feature, points::derived(&point));
                    match present {
                        // Its id was written over.
                        Some(_) => (row, ChangeOp::Replace(row, feature), ID.to_owned()),
                        None => (row, ChangeOp::Insert(feature), "a point that was removed".into()),
                    }
                }
            };
            match self.put(&collection.id, vec![(at, op)], (&what, EVENTS_ONLY)).await {
                Err(EngineError::Store(StoreError::FeatureChanged { changed, .. })) => {
                    self.published(changed).await?;
                }
                done => return done,
            }
        }
        Err(EngineError::KeepsChanging)
    }

    /// Gives a point that has events and lost its position the one that it had last, or where no unit
    /// is there, the last that no other program wrote.
    async fn mend_position(&self, id: &CollectionId, row: FeatureId) -> Result<(), EngineError> {
        let held = self.ledger_now()?;
        let lost = held.points.get(row).map(|row| row.to_feature());
        let Some(lost) = lost.filter(|row| row.geometry.is_none()) else { return Ok(()) };
        let Some(own) = self.past(id, row).await?.own else { return Ok(()) };
        let events = held.points.collection().field_position("events");
        if !events.is_some_and(|at| matches!(own.properties.get(at), Some(Value::Int(1..)))) {
            return Ok(());
        }
        let versions = self.store().history(id, row).await?;
        let last = versions.into_iter().rev().find_map(|version| version.feature.geometry);
        for geometry in [last, own.geometry].into_iter().flatten() {
            let there = Feature { geometry: Some(geometry), ..lost.clone() };
            let ops = vec![(row, ChangeOp::Replace(row, there))];
            match self.put(id, ops, (GEOMETRY, POSITION_STAYS)).await {
                Err(EngineError::Invalid { .. }) => {}
                done => return done,
            }
        }
        Ok(())
    }

    /// Takes from a row without events what only events give.
    async fn mend_drawn(&self, row: FeatureId) -> Result<(), EngineError> {
        let held = self.ledger_now()?;
        let collection = held.points.collection();
        let Some(mut feature) = held.points.get(row).map(|row| row.to_feature()) else {
            return Ok(());
        };
        if let Some(id) = point_of(&held.points, &feature) {
            let state = self.current();
            let has_events = self.with_index(&state, &held, |index| {
                index.events.get(&id).is_some_and(|rows| !rows.is_empty())
            });
            if has_events.await? {
                return Ok(());
            }
        }
        let names = differing(collection, &feature, None);
        if names.is_empty() {
            return Ok(());
        }
        assign(collection, &mut feature, points::underived());
        let op = ChangeOp::Replace(row, feature);
        self.put(&collection.id, vec![(row, op)], (&names.join(", "), EVENTS_ONLY)).await
    }

    /// Commits what puts rows back that are as they are now, and lists them with what is put back and why.
    async fn put(
        &self,
        collection: &CollectionId,
        ops: Vec<(FeatureId, ChangeOp)>,
        words: (&str, &str),
    ) -> Result<(), EngineError> {
        self.put_in(&self.current(), collection, ops, words).await
    }

    /// The same for rows as they were in a state; those that have changed since are refused.
    pub(super) async fn put_in(
        &self,
        state: &Snapshot,
        collection: &CollectionId,
        ops: Vec<(FeatureId, ChangeOp)>,
        (what, why): (&str, &str),
    ) -> Result<(), EngineError> {
        let reason = format!("{PUT_BACK}{what}: {why}");
        let rows: Vec<FeatureId> = ops.iter().map(|(row, _)| *row).collect();
        let change = |op| Change {
            collection: collection.clone(),
            op,
            unchanged_since: Some(state.revision),
        };
        let at = state.recorded_at.map_or(now(), |recorded| recorded.max(now()));
        let set = ChangeSet {
            expect: None,
            actor: ACTOR.to_owned(),
            reason: reason.clone(),
            recorded_at: at,
            changes: ops.into_iter().map(|(_, op)| change(op)).collect(),
        };
        match self.apply(set).await {
            Ok(commit) => {
                tracing::warn!(%collection, rows = rows.len(), reason, "the ledger was mended");
                for change in commit.changes {
                    self.list(self.entry(
                        collection,
                        change.id,
                        reason.clone(),
                        commit.recorded_at,
                    ));
                }
                Ok(())
            }
            Err(EngineError::Store(StoreError::DuplicateKey { .. })) => {
                let reason = format!(
                    "{what} could not be put back: another row of the file has its id; give that \
                     row another id"
                );
                for row in rows {
                    self.list(self.entry(collection, row, reason.clone(), at));
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn is_kept_out(
        &self,
        collection: &CollectionId,
        row: FeatureId,
    ) -> Result<bool, EngineError> {
        let listed = self.store().kept_out(Some(collection), MOST_LISTED).await?;
        Ok(listed.iter().any(|one| one.fid == Some(row.value())))
    }

    /// The last state of a row that no other program wrote.
    async fn past(&self, id: &CollectionId, row: FeatureId) -> Result<Past, EngineError> {
        self.past_or(id, row, &|_| false).await
    }

    /// The same, or a later state that another program wrote and that `is_sound`.
    pub(super) async fn past_or(
        &self,
        id: &CollectionId,
        row: FeatureId,
        is_sound: &(dyn Fn(&Feature) -> bool + Sync),
    ) -> Result<Past, EngineError> {
        let versions = self.store().history(id, row).await?;
        let came = self.store().arrival(id, row).await?;
        let came_from = came.map_or(String::new(), |came| came.actor);
        let is_foreign = came_from == EXTERNAL;
        let state = self.current();
        let held = state.collections.get(id);
        let held = held.ok_or_else(|| EngineError::UnknownCollection { id: id.clone() })?;
        // Whoever ended a state wrote the next one.
        let writers = std::iter::once(&came_from).chain(versions.iter().map(|v| &v.actor));
        let states = versions.iter().map(|version| fitted(held, version)).zip(writers);
        let own = states.filter(|(state, writer)| *writer != EXTERNAL || is_sound(state)).last();
        let last_writer = versions.last().map_or(&came_from, |last| &last.actor);
        let present = held.get(row).map(|row| row.to_feature());
        match (present, last_writer == EXTERNAL) {
            (Some(present), false) => Ok(Past { own: Some(present), is_foreign }),
            _ => Ok(Past { own: own.map(|(state, _)| state), is_foreign }),
        }
    }
}

/// What a row was.
pub(super) struct Past {
    /// Its last state that no other program wrote, if there was one.
    pub(super) own: Option<Feature>,
    /// Whether another program made it.
    is_foreign: bool,
}

/// A past state in the columns of today.
fn fitted(held: &CollectionSnapshot, version: &Version) -> Feature {
    let collection = held.collection();
    let mut feature = blank(collection);
    let values = version.fields.iter().map(String::as_str);
    assign(collection, &mut feature, values.zip(version.feature.properties.iter().cloned()));
    feature.geometry.clone_from(&version.feature.geometry);
    Feature { id: version.feature.id, ..feature }
}

fn text<'f>(held: &CollectionSnapshot, feature: &'f Feature, name: &str) -> Option<&'f str> {
    match feature.properties.get(held.collection().field_position(name)?)? {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn point_of(held: &CollectionSnapshot, feature: &Feature) -> Option<PointId> {
    text(held, feature, ID).and_then(|text| PointId::try_from(text).ok())
}

fn point_event(held: &Held, feature: &Feature) -> Option<ledger::EventId> {
    text(&held.events, feature, ID).and_then(|text| ledger::EventId::try_from(text).ok())
}
