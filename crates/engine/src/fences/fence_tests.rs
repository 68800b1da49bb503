//! Fences against an oracle: geo's intersects on every state of every feature.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use geo::{BoundingRect, Intersects, Translate};
use geo_types::{Coord, Geometry as Shape, Line, LineString, MultiPolygon, Polygon};
use spatial::{ChangeOp, CollectionId, Crs, Feature, FeatureId, Revision, Timestamp, Value};
use store::fences::{FenceDefinition, FenceEventKind, FenceId};
use store::{FeatureStore, LoadMode, MemoryStore};

use super::{FenceSettings, Fences};
use crate::engine_tests::{SIDE, SOUTH, WEST, changes, fid, id, load, open, parcel, town};
use crate::feed::feed_tests::Numbers;
use crate::{Engine, EngineError};

/// Where features are.
type Shapes = BTreeMap<FeatureId, Option<MultiPolygon<f64>>>;
type Seen = (u64, FenceId, FenceEventKind, FeatureId);

/// Commits of tests are recorded long ago.
fn forever() -> FenceSettings {
    FenceSettings { keep: Duration::MAX, ..FenceSettings::default() }
}

fn fence(name: &str, ring: &[[f64; 2]], crs: Crs) -> FenceDefinition {
    let ring: Vec<Coord<f64>> = ring.iter().map(|[x, y]| Coord { x: *x, y: *y }).collect();
    let polygon = Polygon::new(LineString(ring), Vec::new());
    FenceDefinition {
        name: name.to_owned(),
        geometry: Shape::Polygon(polygon).into(),
        crs,
        collections: Vec::new(),
        detect: FenceEventKind::ALL.to_vec(),
        webhook: None,
        actor: "local".to_owned(),
        created_at: Timestamp(0),
    }
}

/// A triangle whose envelope is far larger than itself, and a square.
fn fences_of_town() -> [FenceDefinition; 2] {
    let at = |x: f64, y: f64| [WEST + x * SIDE, SOUTH + y * SIDE];
    [
        fence("triangle", &[at(2.3, 3.1), at(30.7, 5.2), at(9.4, 33.9), at(2.3, 3.1)], Crs::WGS84),
        fence(
            "square",
            &[at(12.0, 12.0), at(24.0, 12.0), at(24.0, 24.0), at(12.0, 24.0), at(12.0, 12.0)],
            Crs::CGCS2000,
        ),
    ]
}

/// The states that the oracle knows.
#[derive(Default)]
struct Oracle {
    present: Shapes,
    expected: Vec<Seen>,
}

fn areas(shape: &Shape<f64>) -> MultiPolygon<f64> {
    match shape {
        Shape::Polygon(polygon) => MultiPolygon(vec![polygon.clone()]),
        Shape::MultiPolygon(polygons) => polygons.clone(),
        other => panic!("{other:?}"),
    }
}

impl Oracle {
    fn of(engine: &Engine) -> Self {
        let mut present = BTreeMap::new();
        engine.snapshot().collections[&id("parcels")].each(&mut |shard, slots| {
            for slot in slots {
                let feature = shard.feature(usize::from(*slot));
                present.insert(feature.id(), feature.shape().map(|shape| areas(&shape)));
            }
        });
        Self { present, expected: Vec::new() }
    }

    /// What the commit `revision` that leaves `after` does at the fences.
    fn commit(
        &mut self,
        revision: u64,
        after: Shapes,
        order: &[FeatureId],
        fences: &[(FenceId, MultiPolygon<f64>)],
    ) {
        for feature in order {
            let was = self.present.get(feature).cloned().flatten();
            let is = after.get(feature).cloned().flatten();
            if was == is {
                continue;
            }
            for (fence, area) in fences {
                let meets = |state: &Option<MultiPolygon<f64>>| {
                    state.as_ref().is_some_and(|shape| shape.intersects(area))
                };
                let middle = |state: &Option<MultiPolygon<f64>>| {
                    let rect = state.as_ref()?.bounding_rect()?;
                    Some(Coord {
                        x: f64::midpoint(rect.min().x, rect.max().x),
                        y: f64::midpoint(rect.min().y, rect.max().y),
                    })
                };
                let kind = match (meets(&was), meets(&is)) {
                    (false, true) => FenceEventKind::Enter,
                    (true, false) => FenceEventKind::Exit,
                    (true, true) => FenceEventKind::Inside,
                    (false, false) => match (middle(&was), middle(&is)) {
                        (Some(a), Some(b)) if a != b && Line::new(a, b).intersects(area) => {
                            FenceEventKind::Cross
                        }
                        _ => continue,
                    },
                };
                self.expected.push((revision, *fence, kind, *feature));
            }
        }
        self.present = after;
    }
}

fn somewhere(numbers: &mut Numbers) -> Feature {
    let mut feature = parcel(0, 0);
    let mut step = || numbers.below(40_000) as f64 / 1000.0 * SIDE;
    let (x, y) = (step(), step());
    if let Some(geometry) = &mut feature.geometry {
        geometry.shape.translate_mut(x, y);
    }
    feature
}

/// A commit of a few random changes; ids touched in their order, and the states after it.
fn random_commit(
    numbers: &mut Numbers,
    oracle: &Oracle,
    next_id: &mut i64,
) -> (Vec<ChangeOp>, Vec<FeatureId>, Shapes) {
    let (mut ops, mut order, mut after) = (Vec::new(), Vec::new(), oracle.present.clone());
    for _ in 0..1 + numbers.below(4) {
        let ids: Vec<FeatureId> = after.keys().copied().collect();
        let chosen = ids[numbers.below(ids.len() as u64) as usize];
        let mut feature = somewhere(numbers);
        let kind = numbers.below(8);
        if kind == 7 {
            feature.geometry = None;
        }
        let shape = feature.geometry.as_ref().map(|geometry| areas(&geometry.shape));
        let touched = match kind {
            0 => {
                let born = fid(*next_id);
                *next_id += 1;
                after.insert(born, shape);
                ops.push(ChangeOp::Insert(feature));
                born
            }
            1 => {
                after.remove(&chosen);
                ops.push(ChangeOp::Delete(chosen));
                chosen
            }
            2 => {
                // Attributes alone.
                let old = after[&chosen].clone();
                feature.geometry = old.map(|shape| Shape::MultiPolygon(shape).into());
                feature.properties[0] = Value::Text(format!("{}", numbers.below(1000)));
                ops.push(ChangeOp::Replace(chosen, feature));
                chosen
            }
            _ => {
                after.insert(chosen, shape);
                ops.push(ChangeOp::Replace(chosen, feature));
                chosen
            }
        };
        if !order.contains(&touched) {
            order.push(touched);
        }
    }
    (ops, order, after)
}

async fn seen(fences: &Fences, ids: &[FenceId], upto: Revision) -> Vec<Seen> {
    for _ in 0..2000 {
        if fences.evaluated().await >= upto {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(fences.evaluated().await >= upto, "evaluated in time");
    let mut all = Vec::new();
    for fence in ids {
        let mut after = 0;
        loop {
            let page = fences.events(*fence, after, 7).await.unwrap();
            assert_eq!(page.gone, 0);
            let Some(last) = page.events.last() else { break };
            after = last.id;
            all.extend(page.events);
        }
    }
    all.sort_by_key(|event| event.id);
    assert!(all.windows(2).all(|pair| pair[0].id < pair[1].id), "every id once");
    all.into_iter().map(|e| (e.revision.0, e.fence, e.kind, e.feature)).collect()
}

fn kinds_of(seen: &[Seen]) -> BTreeMap<FenceEventKind, usize> {
    let mut kinds = BTreeMap::new();
    for (_, _, kind, _) in seen {
        *kinds.entry(*kind).or_default() += 1;
    }
    kinds
}

#[tokio::test]
async fn events_are_those_of_the_oracle_live_and_after_restarts() {
    let (_, engine) = town().await;
    let mut fences = Fences::start(&engine, forever()).await.unwrap();
    let mut areas_of = Vec::new();
    for definition in fences_of_town() {
        let area = areas(&definition.geometry.shape);
        areas_of.push((fences.add(definition).await.unwrap().id, area));
    }
    let ids: Vec<FenceId> = areas_of.iter().map(|(id, _)| *id).collect();
    let mut oracle = Oracle::of(&engine);
    let (mut numbers, mut next_id) = (Numbers(3), 401);
    for part in 0..6 {
        // Parts without evaluation are caught up with from the log and history.
        if part % 2 == 1 {
            drop(fences);
            for _ in 0..60 {
                let (ops, order, after) = random_commit(&mut numbers, &oracle, &mut next_id);
                let commit = engine.apply(changes(ops)).await.unwrap();
                oracle.commit(commit.revision.0, after, &order, &areas_of);
            }
            fences = Fences::start(&engine, forever()).await.unwrap();
        } else {
            for _ in 0..60 {
                let (ops, order, after) = random_commit(&mut numbers, &oracle, &mut next_id);
                let commit = engine.apply(changes(ops)).await.unwrap();
                oracle.commit(commit.revision.0, after, &order, &areas_of);
            }
        }
        let found = seen(&fences, &ids, engine.snapshot().revision).await;
        assert_eq!(found, oracle.expected, "part {part}");
    }
    let kinds = kinds_of(&oracle.expected);
    assert!(FenceEventKind::ALL.iter().all(|kind| kinds.get(kind) > Some(&20)), "{kinds:?}");
}

#[tokio::test]
async fn a_load_brings_events_live_and_from_the_log() {
    let (store, engine) = town().await;
    let fences = Fences::start(&engine, forever()).await.unwrap();
    let [triangle, _] = fences_of_town();
    let area = areas(&triangle.geometry.shape);
    let fence = fences.add(triangle).await.unwrap().id;
    let meets =
        |feature: &Feature| areas(&feature.geometry.as_ref().unwrap().shape).intersects(&area);
    let mut numbers = Numbers(11);
    let mut fresh = |count: usize| (0..count).map(|_| somewhere(&mut numbers)).collect::<Vec<_>>();

    let added = fresh(200);
    let entered: Vec<_> =
        (401..).zip(&added).filter(|(_, f)| meets(f)).map(|(n, _)| fid(n)).collect();
    load(&*store, "parcels", LoadMode::Append, added.clone()).await;
    engine.refresh().await.unwrap();
    let live = seen(&fences, &[fence], Revision(2)).await;
    let expected: Vec<Seen> =
        entered.iter().map(|id| (2, fence, FenceEventKind::Enter, *id)).collect();
    assert_eq!(live, expected);
    drop(fences);

    // Unwatched: all go, others come, and one of these moves away afterwards.
    let replaced = fresh(100);
    let inside: Vec<_> = Oracle::of(&engine).present.into_iter().collect();
    load(&*store, "parcels", LoadMode::Replace, replaced.clone()).await;
    engine.refresh().await.unwrap();
    let first_in = (601..).zip(&replaced).find(|(_, f)| meets(f)).map(|(n, _)| fid(n)).unwrap();
    engine.apply(changes(vec![ChangeOp::Replace(first_in, parcel(300, 300))])).await.unwrap();
    let fences = Fences::start(&engine, forever()).await.unwrap();
    let all = seen(&fences, &[fence], engine.snapshot().revision).await;
    let left: Vec<_> = all[expected.len()..].to_vec();
    let mut wanted: Vec<Seen> = inside
        .iter()
        .filter(|(_, shape)| shape.as_ref().is_some_and(|shape| shape.intersects(&area)))
        .map(|(id, _)| (3, fence, FenceEventKind::Exit, *id))
        .collect();
    let came = (601..).zip(&replaced).filter(|(_, f)| meets(f)).map(|(n, _)| fid(n));
    wanted.extend(came.map(|id| (3, fence, FenceEventKind::Enter, id)));
    wanted.push((4, fence, FenceEventKind::Exit, first_in));
    assert_eq!(left, wanted);
}

#[tokio::test]
async fn several_commits_of_one_publication_are_looked_at_one_by_one() {
    let (store, engine) = town().await;
    let fences = Fences::start(&engine, forever()).await.unwrap();
    let [_, square] = fences_of_town();
    let fence = fences.add(square).await.unwrap().id;
    // Past the engine: in, on, and out again before anybody publishes.
    for place in [parcel(8, 8), parcel(9, 9), parcel(100, 100)] {
        store.commit(changes(vec![ChangeOp::Replace(fid(1), place)])).await.unwrap();
    }
    engine.refresh().await.unwrap();
    let found = seen(&fences, &[fence], Revision(4)).await;
    let kinds = [FenceEventKind::Enter, FenceEventKind::Inside, FenceEventKind::Exit];
    let expected: Vec<Seen> =
        (2..).zip(kinds).map(|(revision, kind)| (revision, fence, kind, fid(1))).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn only_what_is_asked_for_is_told_from_the_moment_it_is_asked_for() {
    let (_, engine) = town().await;
    let fences = Fences::start(&engine, FenceSettings { max_fences: 2, ..forever() });
    let fences = fences.await.unwrap();
    engine.apply(changes(vec![ChangeOp::Replace(fid(1), parcel(8, 8))])).await.unwrap();
    let [_, square] = fences_of_town();
    let leaving = FenceDefinition { detect: vec![FenceEventKind::Exit], ..square.clone() };
    let unknown = FenceDefinition {
        collections: vec![CollectionId::try_from("x").unwrap()],
        ..square.clone()
    };
    assert!(matches!(fences.add(unknown).await, Err(EngineError::UnknownCollection { .. })));
    let bow =
        fence("bow", &[[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], Crs::WGS84);
    assert!(matches!(fences.add(bow).await, Err(EngineError::UnusableGeometry { .. })));
    let first = fences.add(leaving.clone()).await.unwrap();
    let named = FenceDefinition { collections: vec![id("parcels")], ..leaving };
    let second = fences.add(named).await.unwrap();
    assert!(matches!(fences.add(square).await, Err(EngineError::TooManyFences { most: 2 })));
    assert_eq!(first.since, Revision(2));
    engine.apply(changes(vec![ChangeOp::Replace(fid(1), parcel(9, 9))])).await.unwrap();
    engine.apply(changes(vec![ChangeOp::Delete(fid(1))])).await.unwrap();
    let found = seen(&fences, &[first.id, second.id], Revision(4)).await;
    let exit = |fence| (4, fence, FenceEventKind::Exit, fid(1));
    assert_eq!(found, [exit(first.id), exit(second.id)]);
    assert_eq!(*fences.newest().borrow(), 2);
    assert!(fences.remove(first.id).await.unwrap());
    assert!(fences.one(first.id).await.is_none() && fences.one(second.id).await.is_some());
}

#[tokio::test]
async fn a_fence_in_another_crs_follows_its_own_edges() {
    let store = Arc::new(MemoryStore::new());
    load(&*store, "parcels", LoadMode::Create, vec![parcel(0, 0), parcel(40, 40)]).await;
    let engine = open(store).await;
    let fences = Fences::start(&engine, forever()).await.unwrap();
    let to = engine.registry().projector(&Crs::WGS84, &Crs::Epsg(4548)).unwrap();
    let at = |x: f64, y: f64| to.project([WEST + x * SIDE, SOUTH + y * SIDE]).unwrap();
    let ring = [at(10.0, 10.0), at(20.0, 10.0), at(20.0, 20.0), at(10.0, 20.0), at(10.0, 10.0)];
    let fence = fences.add(fence("plane", &ring, Crs::Epsg(4548))).await.unwrap().id;
    engine.apply(changes(vec![ChangeOp::Replace(fid(1), parcel(7, 7))])).await.unwrap();
    engine.apply(changes(vec![ChangeOp::Replace(fid(1), parcel(0, 0))])).await.unwrap();
    engine.apply(changes(vec![ChangeOp::Replace(fid(1), parcel(30, 30))])).await.unwrap();
    let found = seen(&fences, &[fence], Revision(4)).await;
    let kinds: Vec<_> = found.iter().map(|(_, _, kind, _)| *kind).collect();
    assert_eq!(kinds, [FenceEventKind::Enter, FenceEventKind::Exit, FenceEventKind::Cross]);
}
