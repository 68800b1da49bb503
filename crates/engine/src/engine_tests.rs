//! The engine over the store in memory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use geo_types::{Coord, Geometry as Shape, Polygon, Rect};
use spatial::{
    Change, ChangeOp, ChangeSet, Collection, CollectionId, Crs, CrsRegistry, Envelope, Feature,
    FeatureId, Field, FieldClass, FieldType, Geometry, GeometryType, Revision, Timestamp, Value,
    WorldProjector, Zooms,
};
use store::{FeatureStore, Load, LoadItem, LoadMode, MemoryStore};
use tile::inspect::{self, DecodedLayer};
use tile::{TileCoord, WEB_MERCATOR_QUAD};
use tokio::sync::mpsc;

use crate::metrics::TILES_RENDERED;
use crate::{Encoding, Engine, EngineError, EngineSettings, Profile, TileAnswer, TileRequest};

pub(crate) const WEST: f64 = 116.30;
pub(crate) const SOUTH: f64 = 39.70;
/// Degrees along one side of a parcel.
pub(crate) const SIDE: f64 = 0.0004;

pub(crate) fn id(name: &str) -> CollectionId {
    CollectionId::try_from(name).unwrap()
}

pub(crate) fn fid(value: i64) -> FeatureId {
    FeatureId::try_from(value).unwrap()
}

pub(crate) fn collection(name: &str) -> Collection {
    let field = |name: &str, field_type, class| Field {
        name: name.to_owned(),
        alias: None,
        field_type,
        class,
    };
    Collection {
        id: id(name),
        title: name.to_owned(),
        description: String::new(),
        attribution: String::new(),
        crs: Crs::CGCS2000,
        geometry_type: GeometryType::MultiPolygon,
        has_z: false,
        has_m: false,
        fields: vec![
            field("state", FieldType::Text, FieldClass::L0),
            field("ZDDM", FieldType::Text, FieldClass::L1),
            field("QLRMC", FieldType::Text, FieldClass::L3),
            field("ZDMJ", FieldType::Real, FieldClass::L1),
            field("scan", FieldType::Bytes, FieldClass::L1),
        ],
        key: None,
        zooms: Zooms { min: 5, max: 18 },
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    }
}

/// A square parcel at a place of the chequerboard, every second cell of which is free.
pub(crate) fn parcel(column: i32, row: i32) -> Feature {
    let at = [WEST + f64::from(column) * SIDE * 2.0, SOUTH + f64::from(row) * SIDE * 2.0];
    let far = Coord { x: at[0] + SIDE, y: at[1] + SIDE };
    let shape: Polygon<f64> = Rect::new(Coord { x: at[0], y: at[1] }, far).to_polygon();
    Feature {
        id: None,
        geometry: Some(Shape::Polygon(shape).into()),
        properties: vec![
            Value::Text("done".to_owned()),
            Value::Text(format!("JC{column:03}{row:03}")),
            Value::Text("张三".to_owned()),
            Value::Real(160.5),
            Value::Bytes(vec![1, 2, 3]),
        ],
    }
}

pub(crate) async fn load(
    store: &dyn FeatureStore,
    name: &str,
    mode: LoadMode,
    features: Vec<Feature>,
) {
    let (sender, receiver) = mpsc::channel(4);
    sender.send(LoadItem::Features(features)).await.unwrap();
    sender.send(LoadItem::Finish).await.unwrap();
    let load = Load {
        collection: collection(name),
        mode,
        actor: "local".to_owned(),
        reason: "test".to_owned(),
        recorded_at: Timestamp(1_000),
    };
    store.load(load, receiver).await.unwrap();
}

/// A store with 400 parcels, ids row by row from 1, and an engine over it.
pub(crate) async fn town() -> (Arc<MemoryStore>, Engine) {
    let store = Arc::new(MemoryStore::new());
    let parcels = (0..400).map(|n| parcel(n % 20, n / 20)).collect();
    load(&*store, "parcels", LoadMode::Create, parcels).await;
    (Arc::clone(&store), open(Arc::clone(&store) as _).await)
}

pub(crate) async fn open(store: Arc<dyn FeatureStore>) -> Engine {
    let settings = EngineSettings { threads: 2, ..EngineSettings::default() };
    Engine::open(store, Arc::new(CrsRegistry::default()), settings).await.unwrap()
}

/// The tile of zoom `z` over the middle of a parcel's place.
pub(crate) fn tile_at(z: u8, column: i32, row: i32) -> TileRequest {
    let projector = WorldProjector::new(&CrsRegistry::default(), &Crs::CGCS2000).unwrap();
    let center = parcel(column, row).geometry.unwrap().envelope().center();
    TileRequest {
        collections: vec![id("parcels")],
        matrix_set: &WEB_MERCATOR_QUAD,
        coord: TileCoord::holding(z, projector.project(center)),
        encoding: Encoding::Identity,
        profile: Profile::default(),
        state: None,
        selection: None,
    }
}

pub(crate) fn changes(ops: Vec<ChangeOp>) -> ChangeSet {
    let change = |op| Change { collection: id("parcels"), op, unchanged_since: None };
    ChangeSet {
        expect: None,
        actor: "local".to_owned(),
        reason: "test".to_owned(),
        recorded_at: Timestamp(2_000),
        changes: ops.into_iter().map(change).collect(),
    }
}

fn decoded(answer: &TileAnswer) -> Vec<DecodedLayer> {
    let bytes = match answer.encoding {
        Encoding::Identity => answer.bytes.to_vec(),
        Encoding::Zstd => zstd::bulk::decompress(&answer.bytes, 1 << 22).unwrap(),
        Encoding::Gzip => panic!("no test asks for gzip"),
    };
    inspect::decode(&bytes).unwrap()
}

async fn ids(engine: &Engine, request: &TileRequest) -> Vec<u64> {
    let layers = decoded(&engine.tile(request).await.unwrap());
    let features = layers.iter().flat_map(|layer| &layer.features);
    let mut ids: Vec<_> = features.filter_map(|feature| feature.id).collect();
    ids.sort_unstable();
    ids
}

fn rendered(engine: &Engine) -> u64 {
    let reading = engine.reading();
    reading.numbers.iter().find(|(name, ..)| *name == TILES_RENDERED).unwrap().2
}

#[tokio::test]
async fn a_tile_carries_only_what_its_reader_may_see() {
    let (_, engine) = town().await;
    let request = tile_at(15, 3, 4);
    for (highest, expected) in [
        (FieldClass::L0, vec!["state"]),
        (FieldClass::L1, vec!["ZDDM", "ZDMJ", "state"]),
        (FieldClass::L4, vec!["ZDDM", "ZDMJ", "state"]),
    ] {
        let request =
            TileRequest { profile: Profile { highest, ..Profile::default() }, ..request.clone() };
        let answer = engine.tile(&request).await.unwrap();
        let mut keys = decoded(&answer).remove(0).keys;
        keys.sort_unstable();
        assert_eq!(keys, expected);
    }
}

#[tokio::test]
async fn a_tile_is_rendered_once_and_found_again_by_its_tag() {
    let (_, engine) = town().await;
    let request = tile_at(14, 3, 4);
    let etag = engine.etag(&request).unwrap();
    assert_eq!(rendered(&engine), 0);
    let many = (0..40).map(|_| {
        let (engine, request) = (engine.clone(), request.clone());
        tokio::spawn(async move { engine.tile(&request).await.unwrap() })
    });
    for answer in many.collect::<Vec<_>>() {
        let answer = answer.await.unwrap();
        assert_eq!((&answer.etag, answer.revision), (&etag, Revision(1)));
    }
    assert_eq!(rendered(&engine), 1);
    assert!(engine.tile(&request).await.unwrap().cached);

    let twice = vec![id("parcels"), id("parcels")];
    let same = TileRequest { collections: twice, ..request.clone() };
    assert!(engine.tile(&same).await.unwrap().cached);
    let zstd = TileRequest { encoding: Encoding::Zstd, ..request.clone() };
    let packed = engine.tile(&zstd).await.unwrap();
    assert_ne!(packed.etag, etag);
    assert_eq!(decoded(&packed), decoded(&engine.tile(&request).await.unwrap()));
}

#[tokio::test]
async fn what_is_not_there_is_empty_or_refused() {
    let (_, engine) = town().await;
    for request in [tile_at(4, 3, 4), tile_at(19, 3, 4), tile_at(14, 3000, 4)] {
        let request = TileRequest { encoding: Encoding::Gzip, ..request };
        let answer = engine.tile(&request).await.unwrap();
        assert_eq!((answer.bytes.len(), answer.encoding), (0, Encoding::Identity));
        assert!(engine.tile(&request).await.unwrap().cached);
    }
    let unknown = TileRequest { collections: vec![id("wells")], ..tile_at(14, 3, 4) };
    let refused = engine.tile(&unknown).await;
    assert!(
        matches!(refused, Err(EngineError::UnknownCollection { id }) if id.as_str() == "wells")
    );
    for count in [0, crate::MAX_TILE_COLLECTIONS + 1] {
        let collections = (0..count).map(|n| id(&format!("c{n}"))).collect();
        let request = TileRequest { collections, ..tile_at(14, 3, 4) };
        assert!(matches!(engine.etag(&request), Err(EngineError::TileCollections { .. })));
    }
}

#[tokio::test]
async fn an_edit_shows_at_every_zoom_of_its_place_and_nowhere_else() {
    let (store, engine) = town().await;
    let far = tile_at(17, 19, 19);
    let far_tag = engine.etag(&far).unwrap();
    let near: Vec<_> = (5..=18).map(|z| tile_at(z, 30, 0)).collect();
    let mut before = Vec::new();
    for request in &near {
        before.push(engine.tile(request).await.unwrap());
    }
    let ops = vec![
        ChangeOp::Insert(parcel(30, 0)),
        ChangeOp::Replace(fid(1), parcel(30, 1)),
        ChangeOp::Delete(fid(2)),
    ];
    let commit = engine.apply(changes(ops)).await.unwrap();
    assert_eq!(commit.changes[0].id, fid(401));
    for (request, before) in near.iter().zip(&before) {
        let after = engine.tile(request).await.unwrap();
        assert!(!after.cached && after.etag != before.etag, "{}", request.coord);
        assert_eq!(after.revision, commit.revision);
        if request.coord.z() > 12 {
            assert_ne!(after.bytes, before.bytes, "{}", request.coord);
        }
    }
    assert_eq!(ids(&engine, &tile_at(18, 30, 0)).await, [1, 401]);
    assert!(!ids(&engine, &tile_at(17, 0, 0)).await.contains(&1));
    assert!(!ids(&engine, &tile_at(17, 1, 0)).await.contains(&2));
    assert_eq!(engine.etag(&far).unwrap(), far_tag);

    // Opened anew, the same store gives the same tiles.
    let again = open(store).await;
    for request in &near {
        let bytes = again.tile(request).await.unwrap().bytes;
        assert_eq!(bytes, engine.tile(request).await.unwrap().bytes, "{}", request.coord);
    }
}

#[tokio::test]
async fn folded_edits_leave_every_tile_as_it_was() {
    let (_, engine) = town().await;
    let ops = (0..2100).map(|n| ChangeOp::Insert(parcel(n % 50, 20 + n / 50))).collect();
    engine.apply(changes(ops)).await.unwrap();
    let request = tile_at(13, 10, 20);
    let unfolded = engine.tile(&request).await.unwrap();
    for _ in 0..200 {
        if !engine.snapshot().collections.values().any(|c| c.wants_fold()) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let snapshot = engine.snapshot();
    assert!(!snapshot.collections[&id("parcels")].wants_fold());
    assert_eq!(
        (snapshot.revision, snapshot.collections[&id("parcels")].len()),
        (Revision(2), 2500)
    );
    let other = TileRequest {
        profile: Profile { highest: FieldClass::L4, ..Profile::default() },
        ..request.clone()
    };
    assert!(engine.tile(&other).await.unwrap().cached, "above L1 all profiles are one");
    // Another encoding is another key: rendered from the folded state.
    let zstd = TileRequest { encoding: Encoding::Zstd, ..request };
    assert_eq!(decoded(&engine.tile(&zstd).await.unwrap()), decoded(&unfolded));
}

#[tokio::test]
async fn a_bad_change_set_is_refused_with_every_defect_and_its_place() {
    let (_, engine) = town().await;
    let mut unfit = parcel(1, 1);
    unfit.properties[0] = Value::Int(3);
    unfit.properties[3] = Value::Real(f64::NAN);
    let mut open_ring = parcel(1, 1);
    let ring = vec![[0.0, 0.0], [1.0, f64::INFINITY], [1.0, 1.0], [0.0, 0.0]];
    let ring = ring.into_iter().map(|[x, y]| Coord { x, y }).collect();
    open_ring.geometry =
        Some(Shape::Polygon(Polygon::new(geo_types::LineString(ring), Vec::new())).into());
    let point = Feature {
        geometry: Some(Geometry::from(Shape::Point([1.0, 2.0].into()))),
        properties: Vec::new(),
        id: None,
    };
    let mut set = changes(vec![
        ChangeOp::Insert(unfit),
        ChangeOp::Replace(fid(3), open_ring),
        ChangeOp::Insert(point),
        ChangeOp::Delete(fid(999)),
        ChangeOp::Delete(fid(7)),
        ChangeOp::Delete(fid(7)),
    ]);
    set.changes.push(Change {
        collection: id("wells"),
        op: ChangeOp::Delete(fid(1)),
        unchanged_since: None,
    });
    let Err(EngineError::Invalid { defects }) = engine.apply(set).await else { panic!() };
    let places: Vec<_> = defects.iter().map(|defect| defect.place.as_str()).collect();
    assert_eq!(
        places,
        [
            "/changes/0/feature/properties/state",
            "/changes/0/feature/properties/ZDMJ",
            "/changes/1/feature/geometry/coordinates/0",
            "/changes/2/feature/properties",
            "/changes/2/feature/geometry",
            "/changes/3/id",
            "/changes/5/id",
            "/changes/6/collection",
        ]
    );
    assert_eq!(engine.snapshot().revision, Revision(1));
    let Err(EngineError::Invalid { defects }) = engine.apply(changes(Vec::new())).await else {
        panic!()
    };
    assert_eq!(defects[0].place, "/changes");
}

#[tokio::test]
async fn dates_and_times_are_checked() {
    let set = |field_type, value: &str| {
        let mut collection = collection("parcels");
        collection.fields.truncate(1);
        collection.fields[0].field_type = field_type;
        let feature =
            Feature { id: None, geometry: None, properties: vec![Value::Text(value.to_owned())] };
        let state = spatial::CollectionSnapshot::build(collection, Revision(1), Vec::new());
        let snapshot = spatial::Snapshot {
            revision: Revision(1),
            recorded_at: None,
            collections: [(id("parcels"), Arc::new(state))].into(),
        };
        let records = crate::check::Records { latest: Timestamp(0), profile: None };
        let changes = changes(vec![ChangeOp::Insert(feature)]);
        crate::check::check(&snapshot, &changes, records).is_empty()
    };
    for (field_type, value, fits) in [
        (FieldType::Date, "2024-02-29", true),
        (FieldType::Date, "2023-02-29", false),
        (FieldType::Date, "2023-2-9", false),
        (FieldType::Date, "2023-04-31", false),
        (FieldType::Date, "二〇二三年", false),
        (FieldType::DateTime, "2026-11-22T08:00:00.000Z", true),
        (FieldType::DateTime, "2026-11-22T08:00:00Z", true),
        (FieldType::DateTime, "2026-11-22T24:00:00Z", false),
        (FieldType::DateTime, "2026-11-22T08:00:00+08:00", false),
        (FieldType::DateTime, "2026-11-22", false),
    ] {
        assert_eq!(set(field_type, value), fits, "{value}");
    }
}

#[tokio::test]
async fn refresh_follows_what_others_did_to_the_store() {
    let (store, engine) = town().await;
    let request = tile_at(15, 3, 4);
    let first = engine.etag(&request).unwrap();
    let same = engine.snapshot();
    let kept = engine.refresh().await.unwrap();
    let id = id("parcels");
    assert!(Arc::ptr_eq(&same.collections[&id], &kept.collections[&id]));

    let mut described = collection("parcels");
    described.fields[1].class = FieldClass::L2;
    store.describe(&described).await.unwrap();
    engine.refresh().await.unwrap();
    assert_ne!(engine.etag(&request).unwrap(), first);
    let keys = decoded(&engine.tile(&request).await.unwrap()).remove(0).keys;
    assert!(!keys.contains(&"ZDDM".to_owned()) && keys.contains(&"ZDMJ".to_owned()));

    load(&*store, "parcels", LoadMode::Append, vec![parcel(40, 40)]).await;
    engine.refresh().await.unwrap();
    assert_eq!(ids(&engine, &tile_at(18, 40, 40)).await, [401]);

    let plots = CollectionId::try_from("plots").unwrap();
    store.rename(&id, &plots).await.unwrap();
    let renamed = engine.refresh().await.unwrap();
    assert_eq!(renamed.collections.keys().collect::<Vec<_>>(), [&plots]);
    assert_eq!(renamed.collections[&plots].len(), 401);
    store.remove(&plots).await.unwrap();
    assert!(engine.refresh().await.unwrap().collections.is_empty());
}

#[tokio::test]
async fn a_commit_past_the_engine_is_caught_up_with() {
    let (store, engine) = town().await;
    store.commit(changes(vec![ChangeOp::Delete(fid(5))])).await.unwrap();
    engine.apply(changes(vec![ChangeOp::Delete(fid(6))])).await.unwrap();
    let snapshot = engine.snapshot();
    assert_eq!(snapshot.revision, Revision(3));
    let parcels = &snapshot.collections[&id("parcels")];
    assert!(parcels.get(fid(5)).is_none() && parcels.get(fid(6)).is_none());
}
