//! Readers beside a writer that never rests: no reader sees half of a change, and no page skips
//! or repeats a feature.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use geo_types::{Coord, Geometry as Shape, Rect};
use spatial::{ChangeOp, Commit, Crs, Geometry, Predicate, Revision};
use store::{GeoPackageStore, LoadMode};

use crate::engine_tests::{SIDE, SOUTH, WEST, changes, fid, id, load, open, parcel, town};
use crate::query::{Aggregate, AggregateOp, Found, Place, Relation, SearchQuery, Wanted};
use crate::{Engine, ItemsQuery, Profile};

/// How often the parcel moves.
const MOVES: usize = 10_000;
/// Columns of the places that the parcel moves between.
const PLACES: [i32; 2] = [100, 200];

/// The place of one parcel at `column` of the first row, and a margin.
fn place(column: i32) -> Place {
    let west = WEST + f64::from(column) * SIDE * 2.0;
    let low = Coord { x: west - SIDE / 2.0, y: SOUTH - SIDE / 2.0 };
    let high = Coord { x: west + SIDE * 1.5, y: SOUTH + SIDE * 1.5 };
    let shape = Shape::Polygon(Rect::new(low, high).to_polygon());
    Place::Given { geometry: Geometry::from(shape), crs: Crs::CGCS2000 }
}

fn query(place: Option<Place>, wanted: Wanted) -> SearchQuery {
    let place = place.map(|place| (place, Relation::Predicate(Predicate::Intersects)));
    SearchQuery { place, condition: None, wanted, profile: Profile::default() }
}

/// Moves parcel 1 to and fro, and parcel 2 the other way in the same change set.
async fn write(engine: Engine) {
    for step in 0..MOVES {
        let [first, second] = [PLACES[step % 2], PLACES[(step + 1) % 2]];
        let ops = vec![
            ChangeOp::Replace(fid(1), parcel(first, 0)),
            ChangeOp::Replace(fid(2), parcel(second, 0)),
        ];
        engine.apply(changes(ops)).await.unwrap();
    }
}

/// Counts both places in one state.
async fn count(engine: &Engine) {
    let pinned = engine.pin_all(None, &[id("parcels")]).await.unwrap();
    for column in PLACES {
        let found = engine.search(pinned.clone(), query(Some(place(column)), Wanted::Count)).await;
        assert_eq!(found.unwrap()[0].count, 1, "at {column}");
    }
}

/// The sum of all areas, in square metres.
async fn area(engine: &Engine) -> f64 {
    let pinned = engine.pin_all(None, &[id("parcels")]).await.unwrap();
    let aggregates = vec![Aggregate { op: AggregateOp::Area, name: "area".to_owned() }];
    let wanted = Wanted::Aggregate { aggregates, group_by: Vec::new(), area_crs: None };
    match &*engine.search(pinned, query(None, wanted)).await.unwrap().remove(0).found {
        Found::Groups { groups, .. } => match groups[0].values[0] {
            spatial::Value::Real(area) => area,
            ref other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// All pages of one state.
async fn pages(engine: &Engine) {
    let (mut ids, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let pinned = engine.pin(&id("parcels"), cursor.as_deref()).unwrap();
        let page = engine.items(&pinned, ItemsQuery::default(), 37).await.unwrap();
        ids.extend(page.ids.iter().map(|id| id.value()));
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    ids.sort_unstable();
    assert_eq!(ids, (1..=400).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_beside_a_writer_see_whole_states_only() {
    // In memory where the system has such a place: what the disk takes is no matter here.
    let folder = match tempfile::tempdir_in("/dev/shm") {
        Ok(folder) => folder,
        Err(_) => tempfile::tempdir().unwrap(),
    };
    let store = Arc::new(GeoPackageStore::create(&folder.path().join("a.gpkg")).unwrap());
    let parcels = (0..400).map(|n| parcel(n % 20, n / 20)).collect();
    load(&*store, "parcels", LoadMode::Create, parcels).await;
    let engine = open(store).await;
    engine
        .apply(changes(vec![
            ChangeOp::Replace(fid(1), parcel(PLACES[1], 0)),
            ChangeOp::Replace(fid(2), parcel(PLACES[0], 0)),
        ]))
        .await
        .unwrap();
    let whole = area(&engine).await;
    let writing = Arc::new(tokio::spawn(write(engine.clone())));
    let rounds = Arc::new([const { AtomicUsize::new(0) }; 3]);
    let readers = (0..3).map(|kind| {
        let (engine, writing, rounds) = (engine.clone(), Arc::clone(&writing), Arc::clone(&rounds));
        tokio::spawn(async move {
            let mut last = Revision(0);
            while !writing.is_finished() {
                match kind {
                    0 => count(&engine).await,
                    1 => assert!((area(&engine).await / whole - 1.0).abs() < 1e-9),
                    _ => pages(&engine).await,
                }
                let revision = engine.snapshot().revision;
                assert!(revision >= last);
                last = revision;
                rounds[kind].fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        reader.await.unwrap();
    }
    Arc::into_inner(writing).unwrap().await.unwrap();
    assert_eq!(engine.snapshot().revision, Revision(MOVES as u64 + 2));
    assert!(rounds.iter().all(|rounds| rounds.load(Ordering::Relaxed) > 20), "{rounds:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn change_sets_sent_together_each_make_a_revision_of_their_own() {
    let (store, engine) = town().await;
    let sent = (0..200).map(|number| {
        let engine = engine.clone();
        // Every tenth asks for a feature that another one has removed, or soon will.
        let op = match number % 10 {
            0 => ChangeOp::Delete(fid(7)),
            _ => ChangeOp::Replace(fid(number + 100), parcel(30, number as i32)),
        };
        tokio::spawn(async move { engine.apply(changes(vec![op])).await })
    });
    let mut done: Vec<Commit> = Vec::new();
    let mut refused = 0;
    for answer in sent.collect::<Vec<_>>() {
        match answer.await.unwrap() {
            Ok(commit) => done.push(commit),
            Err(crate::EngineError::Invalid { defects }) => {
                assert_eq!(defects[0].place, "/changes/0/id");
                refused += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((done.len(), refused), (181, 19));
    let mut revisions: Vec<_> = done.iter().map(|commit| commit.revision.0).collect();
    revisions.sort_unstable();
    assert_eq!(revisions, (2..=182).collect::<Vec<_>>());
    let log = store::FeatureStore::changes(&*store, Revision(1), 1000).await.unwrap();
    assert_eq!(log.len(), 181);
    assert_eq!(engine.snapshot().collections[&id("parcels")].len(), 399);
}
