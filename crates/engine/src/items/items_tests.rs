//! Pages of features over the store in memory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use spatial::{ChangeOp, Crs, Envelope, Feature, FieldClass, Revision, Value};

use super::*;
use crate::EngineSettings;
use crate::engine_tests::{SIDE, SOUTH, WEST, changes, fid, id, parcel, town};

fn find(engine: &Engine, name: &str) -> ReadableField {
    let pinned = engine.pin(&id("parcels"), None).unwrap();
    ReadableField::find(pinned.collection().collection(), name, Profile::default()).unwrap()
}

/// Every page of `query`; each says the same number of matches.
async fn pages(engine: &Engine, query: &ItemsQuery, limit: usize) -> (Vec<i64>, u64) {
    let (mut ids, mut cursor, mut matched) = (Vec::new(), None::<String>, None);
    loop {
        let pinned = engine.pin(&id("parcels"), cursor.as_deref()).unwrap();
        let page = engine.items(&pinned, query.clone(), limit).await.unwrap();
        assert!(page.ids.len() <= limit);
        assert_eq!(*matched.get_or_insert(page.matched), page.matched);
        ids.extend(page.ids.iter().map(|id| id.value()));
        match page.next {
            Some(next) => cursor = Some(next),
            None => return (ids, page.matched),
        }
    }
}

fn sorted(mut ids: Vec<i64>) -> Vec<i64> {
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn pages_together_are_the_whole_and_count_it() {
    let (_, engine) = town().await;
    for limit in [1, 7, 399, 400, 10_000] {
        let (ids, matched) = pages(&engine, &ItemsQuery::default(), limit).await;
        assert_eq!(matched, 400);
        assert_eq!(sorted(ids), (1..=400).collect::<Vec<_>>(), "by {limit}");
    }
}

#[tokio::test]
async fn what_is_skipped_is_left_out_once_and_still_counts() {
    let (_, engine) = town().await;
    let code = SortBy::Field(find(&engine, "ZDDM"));
    for order in [vec![], vec![SortKey { by: code, descending: false }]] {
        let (all, _) =
            pages(&engine, &ItemsQuery { order: order.clone(), ..<_>::default() }, 400).await;
        for skip in [0, 1, 390, 400, 1_000_000] {
            let query = ItemsQuery { skip, order: order.clone(), ..<_>::default() };
            let (ids, matched) = pages(&engine, &query, 7).await;
            assert_eq!((ids.as_slice(), matched), (all.get(skip..).unwrap_or_default(), 400));
        }
    }
}

#[tokio::test]
async fn conditions_are_joined_by_and() {
    let (_, engine) = town().await;
    let column = |count: f64| WEST + SIDE * 2.0 * count;
    let row = |count: f64| SOUTH + SIDE * 2.0 * count;
    let bbox = |west, south, east, north| {
        Some(Bbox { boxes: vec![Envelope::new(west, south, east, north)], crs: Crs::WGS84 })
    };
    let zddm = find(&engine, "ZDDM");
    let cases = [
        // Columns 3 to 5, all rows; the free cells between hold nothing.
        (ItemsQuery { bbox: bbox(column(3.0), 0.0, column(5.0), 60.0), ..<_>::default() }, 60),
        (ItemsQuery { bbox: bbox(column(3.6), 0.0, column(3.9), 60.0), ..<_>::default() }, 0),
        (ItemsQuery { bbox: bbox(-180.0, -90.0, 180.0, 90.0), ..<_>::default() }, 400),
        (ItemsQuery { bbox: bbox(39.0, 116.0, 41.0, 118.0), ..<_>::default() }, 0),
        (ItemsQuery { phrases: vec!["jc00".into()], ..<_>::default() }, 200),
        (ItemsQuery { phrases: vec!["jc001".into(), "JC002".into()], ..<_>::default() }, 40),
        (ItemsQuery { phrases: vec!["张三".into()], ..<_>::default() }, 0),
        (ItemsQuery { equal: vec![(zddm, Value::Text("JC003004".into()))], ..<_>::default() }, 1),
        (
            ItemsQuery {
                phrases: vec!["jc001".into()],
                bbox: bbox(0.0, row(4.0), 180.0, row(5.0)),
                ..<_>::default()
            },
            2,
        ),
        (ItemsQuery { id: Some(fid(7)), ..<_>::default() }, 1),
    ];
    for (query, expected) in cases {
        let (ids, matched) = pages(&engine, &query, 9).await;
        assert_eq!((ids.len() as u64, matched), (expected, expected), "{query:?}");
    }
}

#[tokio::test]
async fn a_box_in_another_crs_means_the_same_place() {
    let (_, engine) = town().await;
    let lon_lat = Envelope::new(WEST + SIDE * 4.1, SOUTH, WEST + SIDE * 10.2, SOUTH + SIDE * 7.0);
    let query = |boxes, crs| ItemsQuery { bbox: Some(Bbox { boxes, crs }), ..<_>::default() };
    let (expected, _) = pages(&engine, &query(vec![lon_lat], Crs::CGCS2000), 100).await;
    assert_eq!(expected.len(), 16);
    // In Web Mercator the same box is a box again.
    let projector = engine.registry().projector(&Crs::WGS84, &Crs::WEB_MERCATOR).unwrap();
    let low = projector.project([lon_lat.min_x, lon_lat.min_y]).unwrap();
    let high = projector.project([lon_lat.max_x, lon_lat.max_y]).unwrap();
    let mercator = Envelope::of([low, high]);
    let (found, _) = pages(&engine, &query(vec![mercator], Crs::WEB_MERCATOR), 100).await;
    assert_eq!(found, expected);
    // A plane box over everything, one far away, and the two halves of the globe.
    let plane = Envelope::new(-1e7, -1e7, 1e8, 1e8);
    let (all, _) = pages(&engine, &query(vec![plane], Crs::Epsg(4548)), 100).await;
    assert_eq!(all.len(), 400);
    let far = Envelope::new(116.0, 39.0, 117.0, 41.0);
    let (none, _) = pages(&engine, &query(vec![far], Crs::Epsg(4548)), 100).await;
    assert_eq!(none, [0_i64; 0]);
    let halves =
        vec![Envelope::new(177.0, -90.0, 180.0, 90.0), Envelope::new(-180.0, -90.0, 117.0, 90.0)];
    let (all, _) = pages(&engine, &query(halves, Crs::WGS84), 100).await;
    assert_eq!(all.len(), 400);
}

#[tokio::test]
async fn an_order_holds_over_all_pages_and_ties_go_by_id() {
    let (_, engine) = town().await;
    let (state, code) = (find(&engine, "state"), find(&engine, "ZDDM"));
    let key = |by, descending| SortKey { by, descending };
    let by_code = ItemsQuery { order: vec![key(SortBy::Field(code), false)], ..<_>::default() };
    // Codes go column by column, ids row by row.
    let expected: Vec<i64> = (0..400).map(|n| n % 20 * 20 + n / 20 + 1).collect();
    for limit in [13, 400] {
        assert_eq!(pages(&engine, &by_code, limit).await, (expected.clone(), 400));
    }
    let tied = ItemsQuery {
        order: vec![key(SortBy::Field(state), true), key(SortBy::Id, true)],
        ..<_>::default()
    };
    assert_eq!(pages(&engine, &tied, 50).await.0, (1..=400).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_cursor_goes_on_in_its_own_state_whatever_is_edited() {
    let (_, engine) = town().await;
    let query = ItemsQuery { phrases: vec!["JC".into()], ..<_>::default() };
    let pinned = engine.pin(&id("parcels"), None).unwrap();
    let first = engine.items(&pinned, query.clone(), 150).await.unwrap();
    let cursor = first.next.unwrap();
    let gone = (1..=400).map(|n| ChangeOp::Delete(fid(n))).collect();
    engine.apply(changes(gone)).await.unwrap();
    let later = engine.pin(&id("parcels"), Some(&cursor)).unwrap();
    assert_eq!((later.revision(), later.collection().len()), (Revision(1), 400));
    let second = engine.items(&later, query, 10_000).await.unwrap();
    assert_eq!((second.ids.len(), second.matched, second.next), (250, 400, None));
    let all = first.ids.iter().chain(&second.ids).map(|id| id.value()).collect();
    assert_eq!(sorted(all), (1..=400).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_cursor_is_for_one_collection_one_query_and_a_while() {
    let (store, engine) = town().await;
    let settings = EngineSettings { cursor_life: Duration::ZERO, ..EngineSettings::default() };
    let hasty = Engine::open(store, Arc::clone(engine.registry()), settings).await.unwrap();
    let pinned = hasty.pin(&id("parcels"), None).unwrap();
    let page = hasty.items(&pinned, ItemsQuery::default(), 10).await.unwrap();
    let cursor = page.next.unwrap();
    let pin = |engine: &Engine, text: &str| engine.pin(&id("parcels"), Some(text));
    for odd in ["", "x", &cursor[1..], &cursor.replace('1', "2"), &"宗".repeat(32)] {
        assert!(matches!(pin(&hasty, odd), Err(EngineError::CursorInvalid)), "{odd}");
    }
    assert!(matches!(pin(&engine, &cursor), Err(EngineError::CursorInvalid)), "another process");
    let held = pin(&hasty, &cursor).unwrap();
    let other = ItemsQuery { id: Some(fid(1)), ..<_>::default() };
    let refused = hasty.items(&held, other, 10).await;
    assert!(matches!(refused, Err(EngineError::CursorOfAnotherQuery)));
    hasty.apply(changes(vec![ChangeOp::Insert(parcel(30, 30))])).await.unwrap();
    assert!(matches!(pin(&hasty, &cursor), Err(EngineError::CursorGone)));
}

#[tokio::test]
async fn the_placeless_match_every_box_and_come_last() {
    let (_, engine) = town().await;
    let placeless = Feature { geometry: None, ..parcel(0, 0) };
    engine.apply(changes(vec![ChangeOp::Insert(placeless)])).await.unwrap();
    for boxes in
        [vec![Envelope::new(0.0, 0.0, 1.0, 1.0)], vec![Envelope::new(0.0, 0.0, 180.0, 90.0)]]
    {
        let query = ItemsQuery { bbox: Some(Bbox { boxes, crs: Crs::WGS84 }), ..<_>::default() };
        assert_eq!(pages(&engine, &query, 3).await.0.last(), Some(&401));
    }
}

#[tokio::test]
async fn what_may_not_be_read_may_not_be_named() {
    let (_, engine) = town().await;
    let pinned = engine.pin(&id("parcels"), None).unwrap();
    let collection = pinned.collection().collection();
    let find = |name, highest| {
        ReadableField::find(collection, name, Profile { highest, ..Profile::default() })
    };
    assert!(matches!(
        find("QLRMC", FieldClass::L1),
        Err(EngineError::HiddenField { name }) if name == "QLRMC"
    ));
    assert!(matches!(find("ZDDM", FieldClass::L0), Err(EngineError::HiddenField { .. })));
    assert!(matches!(find("zddm", FieldClass::L1), Err(EngineError::UnknownField { .. })));
    assert_eq!(find("QLRMC", FieldClass::L3).unwrap().position(), 2);
    let tag = |highest| engine.collection_tag(&pinned, Profile { highest, ..Profile::default() });
    assert_ne!(tag(FieldClass::L0), tag(FieldClass::L1));
}
