//! The feed against what it must say: every commit once, and the tiles that differ.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use spatial::{
    ChangeOp, Collection, CollectionId, Crs, Envelope, Feature, Field, FieldClass, Revision, Value,
};
use store::{FeatureStore, LoadMode};
use tile::{TileCoord, WEB_MERCATOR_QUAD};

use super::{ChangeBoxes, ChangesQuery, Feed, FeedReader, Next, TileList, Told, Viewport};
use crate::engine_tests::{SIDE, SOUTH, WEST, changes, collection, fid, id, load, parcel, town};
use crate::{Encoding, Engine, Profile, TileRequest};

/// A sequence of numbers that look random and are the same each time.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.below(1 << 20) as f64 / f64::from(1 << 20)
    }
}

async fn next(reader: &mut FeedReader) -> Next {
    let waited = tokio::time::timeout(Duration::from_secs(20), reader.next());
    waited.await.expect("something is told").unwrap().expect("the engine lives")
}

async fn told(reader: &mut FeedReader) -> Arc<Told> {
    loop {
        if let Next::Told(told) = next(reader).await {
            return told;
        }
    }
}

/// Revisions of the changes, each as often as it is told.
fn revisions(told: &Told) -> Vec<u64> {
    told.changes.iter().map(|change| change.placed.record.revision.0).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_commit_is_told_once_however_readers_come_and_go() {
    const WRITERS: i64 = 4;
    const EDITS: i64 = 60;
    const LAST: u64 = 1 + (WRITERS * EDITS) as u64;
    let (_, engine) = town().await;
    let feed = Feed::start(&engine);
    let writers = (0..WRITERS).map(|writer| {
        let engine = engine.clone();
        tokio::spawn(async move {
            for edit in 0..EDITS {
                let moved = parcel((writer * 5) as i32, edit as i32);
                let op = ChangeOp::Replace(fid(1 + writer), moved);
                engine.apply(changes(vec![op])).await.unwrap();
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let readers = (0..4_u64).map(|seed| {
        let (engine, feed) = (engine.clone(), Arc::clone(&feed));
        tokio::spawn(async move {
            let mut numbers = Numbers(seed);
            let (mut seen, mut cursor) = (Vec::new(), Revision(1));
            while cursor.0 < LAST {
                // Connects, reads a few, and goes away.
                let mut reader = feed.read(&engine, cursor);
                for _ in 0..1 + numbers.below(12) {
                    match next(&mut reader).await {
                        Next::CaughtUp(revision) => assert_eq!(revision, cursor),
                        Next::Told(told) => {
                            assert_eq!(told.since, cursor, "no gap before what is told");
                            assert!(told.described.is_empty());
                            seen.extend(revisions(&told));
                            cursor = told.revision;
                            // What is told can be read.
                            assert!(engine.snapshot().revision >= cursor);
                        }
                    }
                    if cursor.0 == LAST {
                        break;
                    }
                }
                if numbers.below(3) == 0 {
                    tokio::time::sleep(Duration::from_millis(numbers.below(20))).await;
                }
            }
            assert_eq!(seen, (2..=LAST).collect::<Vec<_>>(), "each revision exactly once");
        })
    });
    for task in readers.collect::<Vec<_>>().into_iter().chain(writers) {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_reader_that_fell_behind_goes_on_from_the_log() {
    let (_, engine) = town().await;
    let feed = Feed::start(&engine);
    let mut reader = feed.read(&engine, Revision(1));
    assert!(matches!(next(&mut reader).await, Next::CaughtUp(Revision(1))));
    for edit in 0..300 {
        engine.apply(changes(vec![ChangeOp::Replace(fid(1), parcel(edit % 9, 30))])).await.unwrap();
    }
    let mut seen = Vec::new();
    while seen.last() != Some(&301) {
        let more = told(&mut reader).await;
        seen.extend(revisions(&more));
    }
    assert_eq!(seen, (2..=301).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_attribute_is_told_with_its_value_and_a_hidden_one_not_at_all() {
    let (_, engine) = town().await;
    let feed = Feed::start(&engine);
    let mut reader = feed.read(&engine, Revision(1));
    let mut changed = parcel(0, 0);
    changed.properties[0] = Value::Text("closed".to_owned());
    changed.properties[2] = Value::Text("李四".to_owned());
    changed.properties[4] = Value::Bytes(vec![9]);
    engine.apply(changes(vec![ChangeOp::Replace(fid(1), changed.clone())])).await.unwrap();
    let first = told(&mut reader).await;
    let [change] = first.changes.as_slice() else { panic!("{first:?}") };
    assert_eq!(change.state, [("state".to_owned(), Value::Text("closed".to_owned()))]);
    assert!(change.redrawn.is_empty() && change.recoloured.is_some());
    let at = Envelope::new(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE);
    assert_eq!((change.placed.before, change.placed.after), (Some(at), Some(at)));

    // Only what nobody may read differs: no tile differs either.
    changed.properties[2] = Value::Text("王五".to_owned());
    engine.apply(changes(vec![ChangeOp::Replace(fid(1), changed.clone())])).await.unwrap();
    let second = told(&mut reader).await;
    let change = &second.changes[0];
    assert!(change.state.is_empty() && change.recoloured.is_none() && change.redrawn.is_empty());

    // Geometry and attribute: the tile is drawn anew.
    let moved = Feature { geometry: parcel(3, 30).geometry, ..changed };
    engine.apply(changes(vec![ChangeOp::Replace(fid(1), moved)])).await.unwrap();
    let third = told(&mut reader).await;
    assert_eq!(third.changes[0].redrawn.len(), 2);
    assert!(third.changes[0].recoloured.is_none());
}

#[tokio::test]
async fn descriptions_and_loads_are_told_live_and_from_the_log() {
    let (store, engine) = town().await;
    let feed = Feed::start(&engine);
    let mut live = feed.read(&engine, Revision(1));
    assert!(matches!(next(&mut live).await, Next::CaughtUp(_)));
    let titled = Collection { title: "宗地".to_owned(), ..collection("parcels") };
    store.describe(&titled).await.unwrap();
    engine.refresh().await.unwrap();
    let described = told(&mut live).await;
    assert_eq!(described.described, BTreeSet::from([id("parcels")]));
    assert_eq!((described.since, described.revision), (Revision(1), Revision(2)));

    load(&*store, "parcels", LoadMode::Append, vec![parcel(40, 40)]).await;
    load(&*store, "shops", LoadMode::Create, vec![parcel(50, 50)]).await;
    engine.refresh().await.unwrap();
    let loaded = told(&mut live).await;
    assert_eq!(revisions(&loaded), [3, 4]);
    assert!(loaded.changes.iter().all(|change| change.redrawn.len() == 1));
    assert_eq!(loaded.collections(), BTreeSet::from([&id("parcels"), &id("shops")]));

    let mut late = feed.read(&engine, Revision(1));
    let caught = told(&mut late).await;
    assert_eq!(revisions(&caught), [3]);
    assert_eq!(caught.described.len(), 2, "a commit without a row may have described anything");
    let more = told(&mut late).await;
    assert_eq!(revisions(&more), [4]);
    assert!(matches!(next(&mut late).await, Next::CaughtUp(Revision(4))));

    store.remove(&id("shops")).await.unwrap();
    engine.refresh().await.unwrap();
    for reader in [&mut live, &mut late] {
        assert_eq!(told(reader).await.described, BTreeSet::from([id("shops")]));
    }
    let mut last = feed.read(&engine, Revision(4));
    assert_eq!(told(&mut last).await.revision, Revision(5));
}

/// Every tile of `view` at `zooms`.
fn every_tile(view: &Envelope, zooms: std::ops::RangeInclusive<u8>) -> Vec<TileCoord> {
    let mut tiles = Vec::new();
    for zoom in zooms {
        let corner = |x, y| TileCoord::holding(zoom, spatial::world::from_lon_lat([x, y]));
        let (first, last) = (corner(view.min_x, view.max_y), corner(view.max_x, view.min_y));
        for x in first.x()..=last.x() {
            for y in first.y()..=last.y() {
                tiles.push(TileCoord::new(&WEB_MERCATOR_QUAD, zoom.into(), x, y).unwrap());
            }
        }
    }
    tiles
}

fn request(coord: TileCoord) -> TileRequest {
    TileRequest {
        collections: vec![id("parcels")],
        matrix_set: &WEB_MERCATOR_QUAD,
        coord,
        encoding: Encoding::Identity,
        profile: Profile::default(),
        state: None,
        selection: None,
    }
}

fn random_op(numbers: &mut Numbers, live: &mut Vec<i64>, next_id: &mut i64) -> ChangeOp {
    let place = |numbers: &mut Numbers| {
        let mut feature = parcel(0, 0);
        let (x, y) = (numbers.within(0.0, 0.016), numbers.within(0.0, 0.016));
        use geo::Translate;
        if let Some(geometry) = &mut feature.geometry {
            geometry.shape.translate_mut(x, y);
        }
        feature
    };
    let at = numbers.below(live.len() as u64) as usize;
    match numbers.below(4) {
        0 => {
            live.push(*next_id);
            *next_id += 1;
            ChangeOp::Insert(place(numbers))
        }
        1 if live.len() > 50 => ChangeOp::Delete(fid(live.swap_remove(at))),
        _ => ChangeOp::Replace(fid(live[at]), place(numbers)),
    }
}

#[tokio::test]
async fn the_tiles_named_are_those_that_changed() {
    let (_, engine) = town().await;
    let feed = Feed::start(&engine);
    let mut reader = feed.read(&engine, Revision(1));
    assert!(matches!(next(&mut reader).await, Next::CaughtUp(_)));
    // Only a part of the town is looked at.
    let view = Envelope::new(WEST + 0.002, SOUTH + 0.002, WEST + 0.012, SOUTH + 0.010);
    let viewport = |zoom: u8| {
        Viewport::new((&WEB_MERCATOR_QUAD, None), &[view], zoom..=zoom, tile::DEFAULT_BUFFER)
    };
    let mut numbers = Numbers(20_261_125);
    let (mut live, mut next_id) = ((1..=400).collect::<Vec<i64>>(), 401);
    let (mut changed_tiles, mut silent) = (0, 0);
    for round in 0..60 {
        let zoom = 13 + (round % 6) as u8;
        let tiles = every_tile(&view, zoom..=zoom);
        let mut before = Vec::new();
        for tile in &tiles {
            let answer = engine.tile(&request(*tile)).await.unwrap();
            before.push((answer.etag, answer.bytes));
        }
        let count = 1 + numbers.below(3);
        let mut ops: Vec<ChangeOp> = Vec::new();
        for _ in 0..count {
            let op = random_op(&mut numbers, &mut live, &mut next_id);
            ops.push(op);
        }
        engine.apply(changes(ops)).await.unwrap();
        let told = told(&mut reader).await;
        let redrawn: Vec<_> = told.changes.iter().flat_map(|c| c.redrawn.clone()).collect();
        let TileList::Tiles(named) = viewport(zoom).tiles(&redrawn) else {
            panic!("few edits name few tiles")
        };
        for (tile, (etag, bytes)) in tiles.iter().zip(before) {
            let after = engine.tile(&request(*tile)).await.unwrap();
            let is_named = named.contains(tile);
            if after.bytes != bytes {
                changed_tiles += 1;
                assert!(is_named, "round {round}: {tile} changed and is not named");
            }
            if is_named {
                assert_ne!(after.etag, etag, "round {round}: {tile} is named and has the same tag");
            } else {
                silent += 1;
            }
        }
        assert!(named.iter().all(|tile| tiles.contains(tile)), "only of the viewport");
    }
    assert!(changed_tiles > 50 && silent > 200, "{changed_tiles} {silent}");
}

#[test]
fn too_many_tiles_are_all_of_them() {
    let view = [Envelope::new(-180.0, -85.0, 180.0, 85.0)];
    let everywhere = spatial::WorldBox { min: [0; 2], max: [u32::MAX; 2] };
    let point = spatial::WorldBox { min: [1 << 31; 2], max: [1 << 31; 2] };
    let at = |zooms| Viewport::new((&WEB_MERCATOR_QUAD, None), &view, zooms, 64);
    assert_eq!(at(0..=22).tiles(&[everywhere]), TileList::All);
    let TileList::Tiles(few) = at(0..=22).tiles(&[point]) else { panic!("a point is in few") };
    // At zoom 0 one tile; below it the corner of four.
    assert_eq!(few.len(), 1 + 22 * 4);
    let TileList::Tiles(small) = at(3..=4).tiles(&[everywhere]) else { panic!("320 tiles") };
    assert_eq!(small.len(), 64 + 256);
    let elsewhere = [Envelope::new(10.0, 10.0, 11.0, 11.0)];
    let far = Viewport::new((&WEB_MERCATOR_QUAD, None), &elsewhere, 0..=22, 64);
    let TileList::Tiles(none) = far.tiles(&[point]) else { panic!("none") };
    assert!(none.iter().all(|tile| tile.z() < 6), "{none:?}");
}

fn asked(since: u64, limit: usize) -> ChangesQuery {
    ChangesQuery { since: Revision(since), collections: None, boxes: None, limit }
}

#[tokio::test]
async fn pages_of_changes_leave_nothing_out_and_part_no_commit() {
    let (_, engine) = town().await;
    let mut numbers = Numbers(7);
    let mut expected = vec![(1, None)];
    for revision in 2..=40_u64 {
        let mut ops = Vec::new();
        for n in 0..1 + numbers.below(5) as i64 {
            let feature = 1 + (revision as i64 * 7 + n) % 400;
            expected.push((revision, Some(fid(feature))));
            ops.push(ChangeOp::Replace(fid(feature), parcel((n * 3) as i32, revision as i32)));
        }
        engine.apply(changes(ops)).await.unwrap();
    }
    let middle = Envelope::new(WEST, SOUTH + SIDE * 20.0, WEST + SIDE * 9.0, SOUTH + SIDE * 40.0);
    let boxes = ChangeBoxes(vec![middle]);
    for filtered in [false, true] {
        for limit in [1, 2, 5, 1000] {
            let (mut seen, mut since) = (Vec::new(), 0);
            loop {
                let mut query = asked(since, limit);
                query.boxes = filtered.then(|| boxes.clone());
                let page = engine.changes(&query).await.unwrap();
                assert_eq!(page.revision, Revision(40));
                let commits: BTreeSet<_> =
                    page.changes.iter().map(|placed| placed.record.revision).collect();
                assert!(page.changes.len() <= limit || commits.len() == 1, "{limit}");
                seen.extend(
                    page.changes.into_iter().map(|p| (p.record.revision.0, p.record.id, p)),
                );
                if page.next == page.revision {
                    break;
                }
                assert!(page.next.0 > since, "a page gets on");
                since = page.next.0;
            }
            let of_log = engine.changes(&asked(0, 10_000)).await.unwrap().changes;
            let wanted = of_log.iter().filter(|placed| !filtered || boxes.hold(placed));
            let wanted: Vec<_> =
                wanted.map(|placed| (placed.record.revision.0, placed.record.id)).collect();
            let found: Vec<_> = seen.iter().map(|(revision, id, _)| (*revision, *id)).collect();
            assert_eq!(found, wanted, "limit {limit}, filtered {filtered}");
            if !filtered {
                assert_eq!(found, expected);
            } else {
                assert!(wanted.len() > 5 && wanted.len() < expected.len());
            }
        }
    }
    let other = BTreeSet::from([CollectionId::try_from("shops").unwrap()]);
    let query = ChangesQuery { collections: Some(other), ..asked(3, 10) };
    let page = engine.changes(&query).await.unwrap();
    assert!(page.changes.is_empty() && page.next == page.revision);
}

#[tokio::test]
async fn envelopes_of_a_plane_are_told_in_degrees_that_hold_them() {
    let store = Arc::new(store::MemoryStore::new());
    let crs = Crs::Epsg(4548);
    let mut held = collection("plots");
    held.crs = crs.clone();
    held.fields = vec![Field { class: FieldClass::L1, ..held.fields[0].clone() }];
    let (sender, receiver) = tokio::sync::mpsc::channel(2);
    let corner = [452_345.0, 4_390_000.0];
    let shape: geo_types::Polygon<f64> = geo_types::Rect::new(
        geo_types::Coord { x: corner[0], y: corner[1] },
        geo_types::Coord { x: corner[0] + 40.0, y: corner[1] + 30.0 },
    )
    .to_polygon();
    let geometry = Some(geo_types::Geometry::Polygon(shape).into());
    let feature = Feature { id: None, geometry, properties: vec![Value::Null] };
    sender.send(store::LoadItem::Features(vec![feature])).await.unwrap();
    sender.send(store::LoadItem::Finish).await.unwrap();
    let load = store::Load {
        collection: held,
        mode: LoadMode::Create,
        actor: String::new(),
        reason: String::new(),
        recorded_at: spatial::Timestamp(1),
    };
    store.load(load, receiver).await.unwrap();
    let engine = crate::engine_tests::open(store).await;
    let page = engine.changes(&asked(0, 10)).await.unwrap();
    let told = page.changes[0].after.unwrap();
    let back = engine.registry().projector(&crs, &Crs::WGS84).unwrap();
    for x in [0.0, 20.0, 40.0] {
        for y in [0.0, 15.0, 30.0] {
            let [lon, lat] = back.project([corner[0] + x, corner[1] + y]).unwrap();
            assert!(told.contains(&Envelope::new(lon, lat, lon, lat)));
        }
    }
    assert!(told.width() < 0.0006 && told.height() < 0.0004, "{told:?}");
}

/// That the reader ends with the engine, and the engine with its last handle.
#[tokio::test]
async fn a_feed_keeps_no_engine_alive() {
    let (store, engine) = town().await;
    let feed = Feed::start(&engine);
    drop(engine);
    for _ in 0..200 {
        if Arc::strong_count(&store) == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the engine lives on behind {feed:?}");
}

#[tokio::test]
async fn a_reader_of_the_newest_state_waits() {
    let (_, engine): (_, Engine) = town().await;
    let feed = Feed::start(&engine);
    let mut reader = feed.read(&engine, Revision(1));
    assert!(matches!(next(&mut reader).await, Next::CaughtUp(Revision(1))));
    let waited = tokio::time::timeout(Duration::from_millis(50), reader.next()).await;
    waited.unwrap_err();
}
