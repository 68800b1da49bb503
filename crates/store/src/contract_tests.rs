//! The contract of a store, held over every implementor.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use geo_types::{Geometry as Shape, point, polygon};
use spatial::{
    Change, ChangeOp, ChangeSet, Collection, CollectionId, Commit, Crs, Envelope, Feature,
    FeatureId, Field, FieldClass, FieldType, Geometry, GeometryType, Revision, Timestamp, Value,
    Zooms,
};
use tokio::sync::mpsc;

use crate::{
    FeatureStore, GeoPackageStore, Load, LoadItem, LoadMode, LoadSummary, MemoryStore, Operation,
    StoreError,
};

pub(crate) fn id(name: &str) -> CollectionId {
    CollectionId::try_from(name).unwrap()
}

pub(crate) fn fid(value: i64) -> FeatureId {
    FeatureId::try_from(value).unwrap()
}

fn field(name: &str, field_type: FieldType, class: FieldClass) -> Field {
    Field { name: name.to_owned(), alias: None, field_type, class }
}

/// Parcels with one field of each type; `ZDDM` is the key.
pub(crate) fn parcels(name: &str) -> Collection {
    Collection {
        id: id(name),
        title: "宗地".to_owned(),
        description: "每一块地".to_owned(),
        attribution: "© 示意".to_owned(),
        crs: Crs::Epsg(4548),
        geometry_type: GeometryType::MultiPolygon,
        has_z: false,
        has_m: false,
        fields: vec![
            field("ZDDM", FieldType::Text, FieldClass::L1),
            Field {
                alias: Some("面积".to_owned()),
                ..field("ZDMJ", FieldType::Real, FieldClass::L0)
            },
            field("count", FieldType::Int, FieldClass::L1),
            field("built", FieldType::Bool, FieldClass::L1),
            field("day", FieldType::Date, FieldClass::L1),
            field("at", FieldType::DateTime, FieldClass::L2),
            field("说明 \"x\"", FieldType::Bytes, FieldClass::L4),
        ],
        key: Some("ZDDM".to_owned()),
        zooms: Zooms { min: 3, max: 18 },
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    }
}

pub(crate) fn square(x: f64, y: f64, size: f64) -> Geometry {
    let ring = polygon![(x: x, y: y), (x: x + size, y: y), (x: x + size, y: y + size), (x: x, y: y + size), (x: x, y: y)];
    Shape::MultiPolygon(geo_types::MultiPolygon(vec![ring])).into()
}

/// A parcel whose key is `key`, at `x`.
pub(crate) fn parcel(key: &str, x: f64) -> Feature {
    Feature {
        id: None,
        geometry: Some(square(500_000.0 + x, 4_400_000.0, 10.0)),
        properties: vec![
            Value::Text(key.to_owned()),
            Value::Real(100.5 + x),
            Value::Int(-7),
            Value::Bool(true),
            Value::Text("2026-11-22".to_owned()),
            Value::Text("2026-11-22T08:00:00.000Z".to_owned()),
            Value::Bytes(vec![0, 255, 7]),
        ],
    }
}

fn placeless(key: Value) -> Feature {
    let mut properties = vec![Value::Null; 7];
    properties[0] = key;
    Feature { id: None, geometry: None, properties }
}

pub(crate) fn with_id(id: i64, feature: Feature) -> Feature {
    Feature { id: Some(fid(id)), ..feature }
}

pub(crate) async fn load(
    store: &dyn FeatureStore,
    collection: Collection,
    mode: LoadMode,
    features: Vec<Feature>,
) -> Result<LoadSummary, StoreError> {
    let (sender, source) = mpsc::channel(4);
    let load = Load {
        collection,
        mode,
        actor: "local".to_owned(),
        reason: "import".to_owned(),
        recorded_at: Timestamp(1_000),
    };
    let send = async move {
        for part in features.chunks(100) {
            // A refused load hangs up.
            if sender.send(LoadItem::Features(part.to_vec())).await.is_err() {
                return;
            }
        }
        let _ = sender.send(LoadItem::Finish).await;
    };
    tokio::join!(store.load(load, source), send).0
}

pub(crate) async fn commit(
    store: &dyn FeatureStore,
    expect: Option<u64>,
    changes: Vec<(&str, ChangeOp)>,
) -> Result<Commit, StoreError> {
    let changes = changes.into_iter().map(|(name, op)| Change {
        collection: id(name),
        op,
        unchanged_since: None,
    });
    store
        .commit(ChangeSet {
            expect: expect.map(Revision),
            actor: "王".to_owned(),
            reason: "复核".to_owned(),
            recorded_at: Timestamp(2_000),
            changes: changes.collect(),
        })
        .await
}

/// Every feature of a collection, by id.
pub(crate) async fn scan(store: &dyn FeatureStore, name: &str) -> Vec<Feature> {
    let (sender, mut features) = mpsc::channel::<Vec<Feature>>(1);
    let name = id(name);
    let collect = async move {
        let mut all = Vec::new();
        while let Some(mut part) = features.recv().await {
            assert!(part.len() <= 3, "a chunk is longer than asked for");
            all.append(&mut part);
        }
        assert!(all.is_sorted_by_key(|feature| feature.id), "features come by rising id");
        all
    };
    let (done, all) = tokio::join!(store.scan(&name, 3, sender), collect);
    done.unwrap();
    all
}

async fn only(store: &dyn FeatureStore) -> Collection {
    let mut all = store.collections().await.unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// Runs `check` over an empty store of every kind.
pub(crate) async fn each(check: impl AsyncFn(&dyn FeatureStore)) {
    check(&MemoryStore::new()).await;
    let folder = tempfile::tempdir().unwrap();
    check(&GeoPackageStore::create(&folder.path().join("a.gpkg")).unwrap()).await;
}

#[tokio::test]
async fn a_created_collection_gives_back_what_was_loaded() {
    each(async |store| {
        let features: Vec<_> =
            (0..250).map(|n| parcel(&format!("k{n}"), f64::from(n) * 20.0)).collect();
        let summary =
            load(store, parcels("parcels"), LoadMode::Create, features.clone()).await.unwrap();
        assert_eq!(
            summary,
            LoadSummary { revision: Revision(1), inserted: 250, updated: 0, removed: 0 }
        );
        let expected: Vec<_> =
            (1..).zip(features).map(|(n, feature)| with_id(n, feature)).collect();
        assert_eq!(scan(store, "parcels").await, expected);
        assert_eq!(
            only(store).await,
            Collection {
                count: 250,
                extent: Envelope::new(500_000.0, 4_400_000.0, 504_990.0, 4_400_010.0),
                ..parcels("parcels")
            }
        );
        assert_eq!(store.revision().await.unwrap(), Revision(1));
    })
    .await;
}

#[tokio::test]
async fn a_load_is_one_row_of_the_log_and_no_history() {
    each(async |store| {
        let features = vec![parcel("a", 0.0), placeless(Value::Null)];
        load(store, parcels("parcels"), LoadMode::Create, features).await.unwrap();
        let log = store.changes(Revision(0), 10).await.unwrap();
        let [record] = log.as_slice() else { panic!("{log:?}") };
        assert_eq!(record.operation, Operation::Load);
        assert_eq!(
            (record.revision, record.id, record.before, record.recorded_at),
            (Revision(1), None, None, Timestamp(1_000))
        );
        assert_eq!(
            record.after,
            Some(Envelope::new(500_000.0, 4_400_000.0, 500_010.0, 4_400_010.0))
        );
        assert!(store.history(&id("parcels"), fid(1)).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_commit_changes_features_log_and_history_together() {
    each(async |store| {
        let two = vec![parcel("a", 0.0), parcel("b", 50.0)];
        load(store, parcels("parcels"), LoadMode::Create, two).await.unwrap();
        let changes = vec![
            ("parcels", ChangeOp::Replace(fid(1), parcel("a", 100.0))),
            ("parcels", ChangeOp::Delete(fid(2))),
            ("parcels", ChangeOp::Insert(parcel("c", 200.0))),
        ];
        let done = commit(store, Some(1), changes).await.unwrap();
        let at =
            |x: f64| Some(Envelope::new(500_000.0 + x, 4_400_000.0, 500_010.0 + x, 4_400_010.0));
        let seen: Vec<_> = done.changes.iter().map(|c| (c.id, c.before, c.after)).collect();
        assert_eq!(
            seen,
            [(fid(1), at(0.0), at(100.0)), (fid(2), at(50.0), None), (fid(3), None, at(200.0))]
        );
        assert_eq!(done.revision, Revision(2));
        assert_eq!(
            scan(store, "parcels").await,
            [with_id(1, parcel("a", 100.0)), with_id(3, parcel("c", 200.0))]
        );
        let extent = Envelope::new(500_100.0, 4_400_000.0, 500_210.0, 4_400_010.0);
        let collection = only(store).await;
        assert_eq!((collection.count, collection.extent), (2, extent));

        let log = store.changes(Revision(1), 100).await.unwrap();
        let seen: Vec<_> =
            log.iter().map(|r| (r.operation, r.id, r.before, r.after, r.actor.as_str())).collect();
        assert_eq!(
            seen,
            [
                (Operation::Replace, Some(fid(1)), at(0.0), at(100.0), "王"),
                (Operation::Delete, Some(fid(2)), at(50.0), None, "王"),
                (Operation::Insert, Some(fid(3)), None, at(200.0), "王"),
            ]
        );
        commit(store, None, vec![("parcels", ChangeOp::Delete(fid(3)))]).await.unwrap();
        for (feature, from, until, state) in [
            (1, 1, 2, with_id(1, parcel("a", 0.0))),
            (2, 1, 2, with_id(2, parcel("b", 50.0))),
            (3, 2, 3, with_id(3, parcel("c", 200.0))),
        ] {
            let versions = store.history(&id("parcels"), fid(feature)).await.unwrap();
            let [version] = versions.as_slice() else { panic!("{versions:?}") };
            assert_eq!((version.from, version.until), (Revision(from), Revision(until)));
            assert_eq!(version.feature, state);
            assert_eq!(version.fields[1], "ZDMJ");
            assert_eq!((version.reason.as_str(), version.recorded_at), ("复核", Timestamp(2_000)));
        }
    })
    .await;
}

#[tokio::test]
async fn a_refused_commit_changes_nothing() {
    each(async |store| {
        load(store, parcels("parcels"), LoadMode::Create, vec![parcel("a", 0.0)]).await.unwrap();
        let before = scan(store, "parcels").await;
        let insert = || ("parcels", ChangeOp::Insert(parcel("b", 1.0)));
        let mut wrong_type = parcel("c", 0.0);
        wrong_type.properties[2] = Value::Text("seven".to_owned());
        let point = Feature {
            geometry: Some(Shape::Point(point!(x: 1.0, y: 2.0)).into()),
            ..parcel("c", 0.0)
        };
        let cases: Vec<(&str, Option<u64>, (&str, ChangeOp))> = vec![
            ("feature 9 of collection parcels", None, ("parcels", ChangeOp::Delete(fid(9)))),
            (
                "feature 9 of collection parcels",
                None,
                ("parcels", ChangeOp::Replace(fid(9), parcel("z", 0.0))),
            ),
            ("collection streets does not exist", None, ("streets", ChangeOp::Delete(fid(1)))),
            ("revision 1, not at 7", Some(7), insert()),
            ("whose ZDDM is a", None, ("parcels", ChangeOp::Insert(parcel("a", 3.0)))),
            ("parcels: count:", None, ("parcels", ChangeOp::Insert(wrong_type))),
            ("parcels: geometry:", None, ("parcels", ChangeOp::Insert(point))),
        ];
        for (message, expect, change) in cases {
            let error = commit(store, expect, vec![insert(), change]).await.unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
        assert_eq!(scan(store, "parcels").await, before);
        assert_eq!(store.revision().await.unwrap(), Revision(1));
        assert_eq!(store.changes(Revision(0), 100).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn ids_are_never_given_again() {
    each(async |store| {
        let three = vec![parcel("a", 0.0), parcel("b", 1.0), parcel("c", 2.0)];
        load(store, parcels("parcels"), LoadMode::Create, three.clone()).await.unwrap();
        commit(store, None, vec![("parcels", ChangeOp::Delete(fid(3)))]).await.unwrap();
        let done = commit(store, None, vec![("parcels", ChangeOp::Insert(parcel("d", 3.0)))]).await;
        assert_eq!(done.unwrap().changes[0].id, fid(4));
        let summary =
            load(store, parcels("parcels"), LoadMode::Replace, three.clone()).await.unwrap();
        assert_eq!((summary.inserted, summary.removed), (3, 3));
        assert_eq!(scan(store, "parcels").await[0].id, Some(fid(5)));
        store.remove(&id("parcels")).await.unwrap();
        load(store, parcels("parcels"), LoadMode::Create, three).await.unwrap();
        assert_eq!(scan(store, "parcels").await[0].id, Some(fid(8)));
    })
    .await;
}

#[tokio::test]
async fn of_keys_that_appear_again_the_first_is_named() {
    each(async |store| {
        let twice = ["b", "a", "b", "a"].map(|key| parcel(key, 0.0)).to_vec();
        let error = load(store, parcels("parcels"), LoadMode::Create, twice).await.unwrap_err();
        let StoreError::DuplicateKey { value, .. } = &error else { panic!("{error}") };
        assert_eq!(value, "b", "{error}");
    })
    .await;
}

#[tokio::test]
async fn an_upsert_brings_its_key_or_nothing() {
    each(async |store| {
        let mut keyless = Collection { key: None, ..parcels("parcels") };
        keyless.fields[0].class = FieldClass::L3;
        let twice = vec![parcel("a", 0.0), parcel("secret", 1.0), parcel("secret", 2.0)];
        load(store, keyless.clone(), LoadMode::Create, twice).await.unwrap();
        let error = load(store, parcels("parcels"), LoadMode::Upsert, vec![parcel("d", 4.0)])
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::DuplicateKey { .. }), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
        assert_eq!(only(store).await.key, None);
        load(store, keyless.clone(), LoadMode::Replace, vec![parcel("a", 0.0)]).await.unwrap();
        let summary = load(store, parcels("parcels"), LoadMode::Upsert, vec![parcel("a", 4.0)])
            .await
            .unwrap();
        assert_eq!((summary.inserted, summary.updated), (0, 1));
        assert_eq!(only(store).await.key, parcels("parcels").key);
    })
    .await;
}

#[tokio::test]
async fn an_upsert_goes_by_the_key() {
    each(async |store| {
        let first = vec![parcel("a", 0.0), placeless(Value::Null), parcel("b", 1.0)];
        load(store, parcels("parcels"), LoadMode::Create, first).await.unwrap();
        let next =
            vec![parcel("b", 9.0), parcel("c", 2.0), placeless(Value::Null), parcel("c", 3.0)];
        let summary = load(store, parcels("parcels"), LoadMode::Upsert, next).await.unwrap();
        assert_eq!((summary.inserted, summary.updated, summary.removed), (2, 2, 0));
        let keys: Vec<_> = scan(store, "parcels")
            .await
            .iter()
            .map(|f| (f.id.unwrap().value(), f.properties[0].clone(), f.geometry.is_some()))
            .collect();
        let text = |key: &str| Value::Text(key.to_owned());
        assert_eq!(
            keys,
            [
                (1, text("a"), true),
                (2, Value::Null, false),
                (3, text("b"), true),
                (4, text("c"), true),
                (5, Value::Null, false)
            ]
        );
        let old = store.history(&id("parcels"), fid(3)).await.unwrap();
        assert_eq!(old[0].feature, with_id(3, parcel("b", 1.0)));
        assert_eq!((old[0].from, old[0].until), (Revision(1), Revision(2)));
        assert!(store.history(&id("parcels"), fid(4)).await.unwrap().is_empty());
        commit(store, None, vec![("parcels", ChangeOp::Delete(fid(3)))]).await.unwrap();
        let old = store.history(&id("parcels"), fid(3)).await.unwrap();
        assert_eq!((old[1].from, old[1].until), (Revision(2), Revision(3)));
    })
    .await;
}

#[tokio::test]
async fn a_replace_keeps_what_was_there_in_history_and_may_bring_a_new_schema() {
    each(async |store| {
        load(store, parcels("parcels"), LoadMode::Create, vec![parcel("a", 0.0)]).await.unwrap();
        let mut plain = parcels("parcels");
        plain.fields.truncate(2);
        plain.crs = Crs::CGCS2000;
        plain.extent = Envelope::EMPTY;
        let mut feature = parcel("z", 3.0);
        feature.properties.truncate(2);
        load(store, plain.clone(), LoadMode::Replace, vec![feature.clone()]).await.unwrap();
        assert_eq!(scan(store, "parcels").await, [with_id(2, feature)]);
        let collection = only(store).await;
        assert_eq!((collection.crs, collection.fields), (plain.crs, plain.fields));
        let old = store.history(&id("parcels"), fid(1)).await.unwrap();
        // Where it was is not told: its coordinates are of another CRS than the collection's now.
        let then = Feature { geometry: None, ..parcel("a", 0.0) };
        assert_eq!(old[0].feature, with_id(1, then));
        assert_eq!(old[0].fields.len(), 7);
    })
    .await;
}

#[tokio::test]
async fn a_refused_or_abandoned_load_leaves_no_trace() {
    each(async |store| {
        load(store, parcels("parcels"), LoadMode::Create, vec![parcel("a", 0.0)]).await.unwrap();
        let mut unlike = parcels("parcels");
        unlike.fields[1].name = "MJ".to_owned();
        let mut no_such_key = parcels("streets");
        no_such_key.key = Some("nowhere".to_owned());
        let mut twice = parcels("streets");
        twice.fields[1].name = "zddm".to_owned();
        let mut bad = parcel("y", 0.0);
        bad.properties[4] = Value::Text("22.11.2026".to_owned());
        let keyless = Collection { key: None, ..parcels("parcels") };
        let cases = [
            ("exists already", parcels("parcels"), LoadMode::Create, parcel("x", 0.0)),
            ("exists already", parcels("PARCELS"), LoadMode::Create, parcel("x", 0.0)),
            ("does not exist", parcels("streets"), LoadMode::Append, parcel("x", 0.0)),
            ("ZDMJ", unlike, LoadMode::Append, parcel("x", 0.0)),
            ("nowhere", no_such_key, LoadMode::Create, parcel("x", 0.0)),
            ("appears twice", twice, LoadMode::Create, parcel("x", 0.0)),
            ("ZDDM is a", parcels("parcels"), LoadMode::Append, parcel("a", 0.0)),
            ("day: not a date", parcels("parcels"), LoadMode::Append, bad),
            ("goes by the collection's key", keyless, LoadMode::Upsert, parcel("x", 0.0)),
        ];
        for (message, collection, mode, feature) in cases {
            let error =
                load(store, collection, mode, vec![parcel("ok", 5.0), feature]).await.unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
        for mode in [LoadMode::Append, LoadMode::Replace] {
            let (sender, source) = mpsc::channel(4);
            sender.send(LoadItem::Features(vec![parcel("b", 0.0)])).await.unwrap();
            drop(sender);
            let given_up = Load {
                collection: parcels("parcels"),
                mode,
                actor: "local".to_owned(),
                reason: String::new(),
                recorded_at: Timestamp(0),
            };
            let error = store.load(given_up, source).await.unwrap_err();
            assert!(matches!(error, StoreError::LoadAbandoned { .. }), "{error}");
        }
        assert_eq!(scan(store, "parcels").await, [with_id(1, parcel("a", 0.0))]);
        assert_eq!(store.revision().await.unwrap(), Revision(1));
        assert_eq!(only(store).await.count, 1);
    })
    .await;
}

#[tokio::test]
async fn a_collection_can_be_described_renamed_and_removed() {
    each(async |store| {
        load(store, parcels("parcels"), LoadMode::Create, vec![parcel("a", 0.0)]).await.unwrap();
        let mut said = only(store).await;
        said.title = "新标题".to_owned();
        said.key = None;
        said.style = Some("[{\"id\":\"x\"}]".to_owned());
        said.fields[1].alias = None;
        said.fields[2].alias = Some("户数".to_owned());
        said.fields[2].class = FieldClass::L3;
        said.zooms = Zooms { min: 0, max: 22 };
        assert_eq!(store.describe(&said).await.unwrap(), Revision(2));
        assert_eq!(only(store).await, said);
        let mut other_type = said.clone();
        other_type.fields[2].field_type = FieldType::Text;
        let error = store.describe(&other_type).await.unwrap_err();
        assert!(matches!(error, StoreError::Schema { .. }), "{error}");

        let change = ChangeOp::Replace(fid(1), parcel("a", 9.0));
        commit(store, None, vec![("parcels", change)]).await.unwrap();
        assert_eq!(store.rename(&id("parcels"), &id("lots")).await.unwrap(), Revision(4));
        assert_eq!(only(store).await.id, id("lots"));
        assert_eq!(scan(store, "lots").await, [with_id(1, parcel("a", 9.0))]);
        let old = store.history(&id("lots"), fid(1)).await.unwrap();
        assert_eq!(old[0].feature, with_id(1, parcel("a", 0.0)));
        assert_eq!(store.changes(Revision(0), 9).await.unwrap()[1].collection, id("lots"));

        load(store, parcels("parcels"), LoadMode::Create, vec![parcel("a", 0.0)]).await.unwrap();
        let error = store.rename(&id("parcels"), &id("lots")).await.unwrap_err();
        assert!(matches!(error, StoreError::CollectionExists { .. }), "{error}");
        assert_eq!(scan(store, "parcels").await[0].id, Some(fid(2)));
        store.remove(&id("parcels")).await.unwrap();
        assert_eq!(only(store).await.id, id("lots"));
        let error = store.rename(&id("lots"), &id("parcels")).await.unwrap_err();
        assert!(matches!(error, StoreError::RetiredId { .. }), "{error}");
        let error = store.remove(&id("parcels")).await.unwrap_err();
        assert!(matches!(error, StoreError::UnknownCollection { .. }), "{error}");
        assert_eq!(store.history(&id("lots"), fid(1)).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn single_parts_are_stored_as_the_declared_multi_part() {
    each(async |store| {
        let mut feature = parcel("a", 0.0);
        let Some(Shape::MultiPolygon(parts)) = feature.geometry.map(|g| g.shape) else { panic!() };
        feature.geometry = Some(Shape::Polygon(parts.0[0].clone()).into());
        feature.properties[1] = Value::Int(3);
        load(store, parcels("parcels"), LoadMode::Create, vec![feature]).await.unwrap();
        let stored = scan(store, "parcels").await.remove(0);
        assert_eq!(stored.geometry, parcel("a", 0.0).geometry);
        assert_eq!(stored.properties[1], Value::Real(3.0));
    })
    .await;
}

#[tokio::test]
async fn the_log_is_read_in_whole_commits() {
    each(async |store| {
        load(store, parcels("parcels"), LoadMode::Create, vec![]).await.unwrap();
        for commits in 0..3 {
            let insert =
                |n: i32| ("parcels", ChangeOp::Insert(parcel(&format!("{commits}-{n}"), 0.0)));
            commit(store, None, vec![insert(0), insert(1)]).await.unwrap();
        }
        for (since, limit, expected) in [
            (0, 1, vec![1]),
            (0, 2, vec![1]),
            (0, 3, vec![1, 2, 2]),
            (1, 1, vec![2, 2]),
            (1, 5, vec![2, 2, 3, 3]),
            (4, 5, vec![]),
        ] {
            let log = store.changes(Revision(since), limit).await.unwrap();
            let seen: Vec<_> = log.iter().map(|record| record.revision.0).collect();
            assert_eq!(seen, expected, "since {since}, at most {limit}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_scan_ends_when_nobody_listens() {
    each(async |store| {
        let many = (0..500).map(|n| parcel(&n.to_string(), 0.0)).collect();
        load(store, parcels("parcels"), LoadMode::Create, many).await.unwrap();
        let (sender, mut features) = mpsc::channel::<Vec<Feature>>(1);
        let name = id("parcels");
        let listen = async move {
            assert_eq!(features.recv().await.unwrap().len(), 10);
        };
        let (done, ()) = tokio::join!(store.scan(&name, 10, sender), listen);
        done.unwrap();
        let (sender, _features) = mpsc::channel(1);
        let error = store.scan(&id("nowhere"), 10, sender).await.unwrap_err();
        assert!(matches!(error, StoreError::UnknownCollection { .. }), "{error}");
    })
    .await;
}
