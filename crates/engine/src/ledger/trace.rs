//! A point with its events, in order, and what each of them changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::{
    Point, PointId, Refusal,
    rows::{EVIDENCE, POINT_EVENTS, POINTS, events::StoredEvent, points},
};
use spatial::{CollectionId, CollectionSnapshot, FeatureId, Revision, Timestamp, Value};

use super::held::{Held, find_evidence};
use super::index::Index;
use crate::{Engine, EngineError, FieldChange};

/// A point of the ledger in one state.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The state.
    pub revision: Revision,
    /// The fold of its events.
    pub point: Point,
    /// Its row in `points`; none when another program keeps it from being a feature.
    pub row: Option<FeatureId>,
    /// The points of the state.
    pub points: Arc<CollectionSnapshot>,
    /// The events of the state.
    pub events: Arc<CollectionSnapshot>,
    /// The evidence of the state, if it keeps any.
    pub evidence: Option<Arc<CollectionSnapshot>>,
    /// Rows of evidence that are the point's, in the order in which they came.
    pub pieces: Vec<FeatureId>,
    /// Its events, in the order in which they were raised.
    pub steps: Vec<Step>,
}

/// One event of a point.
#[derive(Clone, Debug)]
pub struct Step {
    /// The event.
    pub stored: StoredEvent,
    /// The columns of the point that it changed.
    pub changed: Vec<FieldChange>,
    /// Whether the store heard of it late.
    pub is_late: bool,
}

impl Engine {
    /// The point that `name` calls by id or number; none when no point is called so now.
    pub async fn point_called(&self, name: &str) -> Result<Option<PointId>, EngineError> {
        let state = self.snapshot();
        let held = Held::of(&state).ok_or(EngineError::NoLedger)?;
        let id = PointId::try_from(name).ok();
        self.with_index(&state, &held, |index| match id {
            Some(id) => index.events.get(&id).is_some_and(|rows| !rows.is_empty()).then_some(id),
            None => index.codes.get(name).copied(),
        })
        .await
    }

    /// The point that `name` calls now, as [`Engine::point_called`] finds it.
    ///
    /// # Errors
    /// When this handle does not see it, or the store has no ledger.
    pub(crate) async fn seen_point(&self, name: &str) -> Result<Option<PointId>, EngineError> {
        let Some(id) = self.point_called(name).await? else { return Ok(None) };
        let state = self.current();
        let held = Held::of(&state).ok_or(EngineError::NoLedger)?;
        let row = self.with_index(&state, &held, |index| index.points.get(&id).copied()).await?;
        let collection = &held.points.collection().id;
        let is_seen = row.is_none_or(|row| self.check_seen(collection, row).is_ok());
        let outside = || EngineError::OutsideArea { collection: collection.clone() };
        is_seen.then_some(Some(id)).ok_or_else(outside)
    }

    /// The points that have these numbers now; numbers that no point has are not in there.
    pub async fn points_numbered(
        &self,
        numbers: BTreeSet<String>,
    ) -> Result<BTreeMap<String, PointId>, EngineError> {
        let state = self.snapshot();
        let held = Held::of(&state).ok_or(EngineError::NoLedger)?;
        let find = |index: &Index| {
            let known = numbers.into_iter().filter_map(|number| {
                let point = *index.codes.get(&number)?;
                Some((number, point))
            });
            known.collect()
        };
        self.with_index(&state, &held, find).await
    }

    /// The point that `name` calls, as it had been recorded at `as_of`, or as it is now; none when
    /// there was no such point.
    pub async fn trace(
        &self,
        name: &str,
        as_of: Option<Timestamp>,
    ) -> Result<Option<Trace>, EngineError> {
        let Some(id) = self.point_called(name).await? else { return Ok(None) };
        let now = self.snapshot();
        let held = Held::of(&now).ok_or(EngineError::NoLedger)?;
        let (row, rows, mut pieces) = self
            .with_index(&now, &held, |index| {
                let events = index.events.get(&id).cloned().unwrap_or_default();
                (index.points.get(&id).copied(), events, index.pieces.of(id))
            })
            .await?;
        let mut ids = vec![POINTS, POINT_EVENTS];
        ids.extend(find_evidence(&now).map(|_| EVIDENCE));
        let ids: Vec<CollectionId> =
            ids.into_iter().map(CollectionId::try_from).collect::<Result<_, _>>().map_err(
                |error| EngineError::Internal { what: format!("an id of the ledger: {error}") },
            )?;
        let state = match as_of {
            Some(_) => self.state(as_of, &ids).await?,
            None => now,
        };
        let held = Held::of(&state).ok_or(EngineError::NoLedger)?;
        let evidence = find_evidence(&state);
        pieces.retain(|row| evidence.as_ref().is_some_and(|held| held.get(*row).is_some()));
        let rules = self.settings().ledger.clone();
        let revision = state.revision;
        let trace = move || -> Result<Option<Trace>, EngineError> {
            let history = held.history(&rows)?;
            let mut folded: Option<Point> = None;
            let mut steps = Vec::with_capacity(history.len());
            let mut before: Vec<Value> = Vec::new();
            let unreadable = |refusal: Refusal| EngineError::LedgerRow {
                collection: held.events.collection().id.clone(),
                id: rows.first().copied().unwrap_or(FeatureId::MAX),
                reason: refusal.to_string(),
            };
            for stored in history {
                let event = &stored.event;
                let next = match folded.take() {
                    Some(mut point) => point.add(event, &rules).map(|()| Some(point)),
                    None => Point::fold(id, [event], &rules),
                };
                let Some(point) = next.map_err(unreadable)? else { continue };
                let after: Vec<(&'static str, Value)> = points::derived(&point).collect();
                steps.push(Step {
                    changed: changed(&before, &after),
                    is_late: event.is_late(&rules),
                    stored,
                });
                before = after.into_iter().map(|(_, value)| value).collect();
                folded = Some(point);
            }
            let row = row.filter(|row| held.points.get(*row).is_some());
            let Held { points, events } = held;
            let trace =
                |point| Trace { revision, point, row, points, events, evidence, pieces, steps };
            Ok(folded.map(trace))
        };
        self.pool().run(trace).await?
    }
}

/// The columns with another value than before; at first there was none.
fn changed(before: &[Value], after: &[(&'static str, Value)]) -> Vec<FieldChange> {
    let was = |position: usize| before.get(position).cloned().unwrap_or(Value::Null);
    let all = after.iter().enumerate().map(|(position, (name, value))| FieldChange {
        name: (*name).to_owned(),
        before: was(position),
        after: value.clone(),
    });
    all.filter(|change| change.before != change.after && change.name != "events").collect()
}
