//! Commits against fences: what happened at which.

use std::sync::Arc;

use geo_types::{Coord, Geometry as Shape, LineString};
use spatial::geometry::visit_paths;
use spatial::query::{Area, Side};
use spatial::relate::relate;
use spatial::{Crs, CrsRegistry, Envelope, Geometry, PathRole, Predicate, Revision, Snapshot};
use store::ChangeRecord;
use store::fences::{FenceEvent, FenceEventKind};

use super::fence_store;
use super::set::{FenceSet, Watched};
use super::states::{States, Touch};
use crate::{Engine, EngineError};

/// Some commits, one after the other, and the states around them.
pub(super) struct Batch {
    pub(super) set: Arc<FenceSet>,
    /// The state that they begin at.
    pub(super) since: Revision,
    /// Rows of the log, oldest first, whole commits.
    pub(super) records: Vec<ChangeRecord>,
    /// The state `since`, if it is at hand.
    pub(super) before: Option<Arc<Snapshot>>,
    /// A state that holds all of them, perhaps more.
    pub(super) after: Arc<Snapshot>,
    /// Whether `records` hold every commit up to `after`.
    pub(super) is_complete: bool,
}

/// The events of a batch: by commit, then in the order of the log, then by fence.
pub(super) async fn events(
    engine: &Engine,
    mut batch: Batch,
) -> Result<Vec<FenceEvent>, EngineError> {
    batch.records.retain(|record| engine.sees(&record.collection));
    let registry = Arc::clone(engine.registry());
    let looked = engine.pool().run_waiting(move || {
        let near = batch.records.iter();
        let near = near.map(|record| is_near(record, &batch.set, &batch.after, &registry));
        (near.collect::<Vec<bool>>(), batch)
    });
    let (near, batch) = looked.await?;
    if !near.contains(&true) {
        return Ok(Vec::new());
    }
    let states = States::read(engine, fence_store(engine)?, &batch, &near).await?;
    let registry = Arc::clone(engine.registry());
    engine.pool().run_waiting(move || evaluate(&batch, &states, &registry)).await
}

/// Whether what a row of the log speaks of may concern a fence.
fn is_near(
    record: &ChangeRecord,
    set: &FenceSet,
    after: &Snapshot,
    registry: &CrsRegistry,
) -> bool {
    let Some(held) = after.collections.get(&record.collection) else { return false };
    // A load by upsert does not say where features were before.
    if record.id.is_none() {
        return true;
    }
    let envelopes = [record.before, record.after].into_iter().flatten();
    let reach = envelopes.fold(Envelope::EMPTY, |all, one| all.union(&one));
    !set.near(&held.collection().crs, &reach, registry).is_empty()
}

fn evaluate(batch: &Batch, states: &States, registry: &CrsRegistry) -> Vec<FenceEvent> {
    let mut events = Vec::new();
    for touch in states.touches.iter().filter(|touch| touch.revision > batch.since) {
        let Some(held) = batch.after.collections.get(&touch.key.0) else { continue };
        let crs = &held.collection().crs;
        let reach = states.reach(touch, batch);
        if reach.is_some_and(|reach| batch.set.near(crs, &reach, registry).is_empty()) {
            continue;
        }
        let [before, after] = states.around(touch, batch);
        if !same(before.as_ref(), after.as_ref()) {
            let (before, after) = (State::of(before), State::of(after));
            let reach = before.envelope.union(&after.envelope);
            for (envelope, watched) in batch.set.near(crs, &reach, registry) {
                if !may_concern(&envelope, &before.envelope, &after.envelope) {
                    continue;
                }
                let kind = kind_at(watched, touch, (&before, &after), crs, registry);
                events.extend(kind.map(|kind| FenceEvent {
                    id: 0,
                    fence: watched.fence.id,
                    kind,
                    revision: touch.revision,
                    collection: touch.key.0.clone(),
                    feature: touch.key.1,
                    recorded_at: touch.recorded_at,
                }));
            }
        }
    }
    events
}

/// Whether both states have the same vertices; a single part and a multi-geometry of one part are
/// the same.
fn same(before: Option<&Shape<f64>>, after: Option<&Shape<f64>>) -> bool {
    let (Some(before), Some(after)) = (before, after) else {
        return before.is_none() && after.is_none();
    };
    let paths = |shape: &Shape<f64>| {
        let mut paths: Vec<(PathRole, Vec<Coord<f64>>)> = Vec::new();
        visit_paths(shape, &mut |role, path| paths.push((role, path.to_vec())));
        paths
    };
    before == after || paths(before) == paths(after)
}

/// A shape with its envelope.
struct State {
    shape: Option<Shape<f64>>,
    envelope: Envelope,
}

impl State {
    fn of(shape: Option<Shape<f64>>) -> Self {
        let Some(shape) = shape else { return Self { shape: None, envelope: Envelope::EMPTY } };
        let geometry = Geometry::from(shape);
        let envelope = geometry.envelope();
        Self { shape: Some(geometry.shape), envelope }
    }
}

/// What happened at one fence, if it is to be told.
fn kind_at(
    watched: &Watched,
    touch: &Touch,
    (before, after): (&State, &State),
    crs: &Crs,
    registry: &CrsRegistry,
) -> Option<FenceEventKind> {
    let definition = &watched.fence.definition;
    let named = &definition.collections;
    if touch.revision <= watched.fence.since
        || !named.is_empty() && named.binary_search(&touch.key.0).is_err()
    {
        return None;
    }
    let area = watched.area(crs, registry)?;
    let kind = match (meets(&area, before), meets(&area, after)) {
        (false, true) => FenceEventKind::Enter,
        (true, false) => FenceEventKind::Exit,
        (true, true) => FenceEventKind::Inside,
        (false, false) if passes(&area, &before.envelope, &after.envelope) => FenceEventKind::Cross,
        (false, false) => return None,
    };
    definition.detect.contains(&kind).then_some(kind)
}

/// Whether a fence with this envelope may be touched by a state, or by the way between them. Spares
/// preparing and testing the many fences that lie only somewhere between.
fn may_concern(fence: &Envelope, before: &Envelope, after: &Envelope) -> bool {
    if fence.intersects(before) || fence.intersects(after) {
        return true;
    }
    if before.is_empty() || after.is_empty() {
        return false;
    }
    let ([x0, y0], [x1, y1]) = (before.center(), after.center());
    // A little wider than the fence: the exact test is for the area to make.
    let margin = (fence.width() + fence.height() + (x1 - x0).abs() + (y1 - y0).abs()) * 1e-9;
    let (mut first, mut last) = (0.0_f64, 1.0_f64);
    for (from, step, low, high) in
        [(x0, x1 - x0, fence.min_x, fence.max_x), (y0, y1 - y0, fence.min_y, fence.max_y)]
    {
        let (low, high) = (low - margin, high + margin);
        if step == 0.0 {
            if from < low || from > high {
                return false;
            }
            continue;
        }
        let (a, b) = ((low - from) / step, (high - from) / step);
        first = first.max(a.min(b));
        last = last.min(a.max(b));
    }
    first <= last
}

/// Whether a state shares a point with the area.
fn meets(area: &Area, state: &State) -> bool {
    let Some(shape) = &state.shape else { return false };
    match area.side(&state.envelope) {
        Side::Outside => false,
        Side::Inside => true,
        // What cannot be related is most likely invalid; its envelope must do.
        Side::Boundary => relate(shape, area.shape())
            .map_or(true, |relation| relation.holds(Predicate::Intersects)),
    }
}

/// Whether the straight way from the middle of one envelope to that of the other leads through.
fn passes(area: &Area, from: &Envelope, to: &Envelope) -> bool {
    if from.is_empty() || to.is_empty() || from.center() == to.center() {
        return false;
    }
    let [start, end] = [from.center(), to.center()].map(|[x, y]| Coord { x, y });
    meets(area, &State::of(Some(Shape::LineString(LineString(vec![start, end])))))
}
