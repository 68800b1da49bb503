//! Evidence over a store whose points are on a plane: kept once whoever comes first, measured from
//! its point, found after every kind of change, and bounded.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use geo_types::{Geometry as Shape, point};
use ledger::point::EvidenceId;
use ledger::rows::evidence::{EvidenceKind, GivenPosition, PositionSource};
use ledger::rows::{collections, evidence_collection};
use spatial::shift::Shift;
use spatial::{Crs, CrsRegistry, Geometry};
use store::{FeatureStore, GeoPackageStore};

use crate::ledger::NewEvidence;
use crate::ledger_tests::{by, make, new, pid, report, uuid};
use crate::{Engine, EngineError, EngineSettings};

const HERE: [f64; 2] = [116.3385, 39.7285];

fn piece(number: u64) -> EvidenceId {
    EvidenceId::try_from(uuid(number)).unwrap()
}

fn photo(number: u64, bytes: &[u8]) -> NewEvidence {
    NewEvidence {
        id: piece(number),
        point: pid(1),
        kind: EvidenceKind::Photo,
        phase: None,
        media_type: "image/jpeg".to_owned(),
        bytes: bytes.to_vec(),
        sha256: None,
        captured_at: None,
        position: None,
        device: None,
        actor: "local".to_owned(),
        unit: None,
    }
}

/// An engine over a ledger on the plane of the 39th zone, with one point.
async fn engine(folder: &std::path::Path) -> Engine {
    let store = GeoPackageStore::create(&folder.join("s.gpkg")).unwrap();
    let crs: Crs = "EPSG:4548".parse().unwrap();
    for collection in collections(&crs).unwrap() {
        make(&store, collection).await;
    }
    make(&store, evidence_collection(&crs).unwrap()).await;
    let store: Arc<dyn FeatureStore> = Arc::new(store);
    let registry = Arc::new(CrsRegistry::new(Default::default()).unwrap());
    let projector = registry.projector(&Crs::WGS84, &crs).unwrap();
    let engine = Engine::open(store, registry, EngineSettings::default()).await.unwrap();
    let [x, y] = projector.project(HERE).unwrap();
    let mut first = new(1, 1, report());
    first.geometry = Some(Geometry::from(Shape::Point(point!(x: x, y: y))));
    engine.raise(by("local", vec![first])).await.unwrap();
    engine
}

#[tokio::test]
async fn of_two_that_send_one_id_at_once_one_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path()).await;
    let (one, other) =
        tokio::join!(engine.keep_evidence(photo(10, b"a")), engine.keep_evidence(photo(10, b"b")));
    let kept = [&one, &other].into_iter().filter(|kept| kept.is_ok()).count();
    assert_eq!(kept, 1, "{one:?} {other:?}");
    let refused = one.err().or(other.err()).unwrap();
    assert!(matches!(refused, EngineError::EvidenceDiffers { .. }), "{refused}");
    // The same from both is one piece.
    let (one, other) =
        tokio::join!(engine.keep_evidence(photo(11, b"c")), engine.keep_evidence(photo(11, b"c")));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one.is_new != other.is_new);
    assert_eq!(one.evidence, other.evidence);
    let found = engine.evidence(piece(11)).await.unwrap().unwrap();
    assert_eq!(engine.evidence_bytes(&found.evidence).await.unwrap(), b"c");
    assert_eq!(engine.trace(&pid(1).to_string(), None).await.unwrap().unwrap().pieces.len(), 2);
    assert!(engine.evidence(piece(12)).await.unwrap().is_none());
}

#[tokio::test]
async fn distances_are_measured_on_the_ground_wherever_points_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path()).await;
    let given = |lon_lat, source| Some(GivenPosition { lon_lat, source, accuracy_m: None });
    for (number, position, metres, is_far) in [
        (10, given(HERE, PositionSource::Wgs84), 0.0, false),
        (11, given(Shift::Bd09.from_wgs84(HERE), PositionSource::Bd09), 0.0, false),
        // A minute of latitude there is 1850.5 m.
        (12, given([HERE[0], HERE[1] + 1.0 / 60.0], PositionSource::Cgcs2000), 1850.48, true),
        (13, given([HERE[0], HERE[1] + 0.0009], PositionSource::Wgs84), 99.93, false),
        (14, given([HERE[0], HERE[1] + 0.00091], PositionSource::Wgs84), 101.04, true),
    ] {
        let kept = engine.keep_evidence(NewEvidence { position, ..photo(number, b"x") }).await;
        let evidence = kept.unwrap().evidence;
        assert!((evidence.distance_m.unwrap() - metres).abs() < 0.1, "{evidence:?}");
        assert_eq!(evidence.is_far, Some(is_far), "{evidence:?}");
    }
}

#[tokio::test]
async fn a_point_has_a_thousand_pieces_at_most_and_the_index_is_made_anew_alike() {
    let folder = tempfile::tempdir().unwrap();
    let made = engine(folder.path()).await;
    for number in 0..1000 {
        made.keep_evidence(photo(100 + number, b"same")).await.unwrap();
    }
    let refused = made.keep_evidence(photo(9, b"other")).await.unwrap_err();
    assert!(matches!(refused, EngineError::TooMuchEvidence { most: 1000, .. }), "{refused}");
    assert!(!made.keep_evidence(photo(100, b"same")).await.unwrap().is_new);
    let pieces = |engine: &Engine| {
        let engine = engine.clone();
        async move { engine.trace(&pid(1).to_string(), None).await.unwrap().unwrap().pieces }
    };
    let led = pieces(&made).await;
    assert_eq!(led.len(), 1000);
    drop(made);
    let store = GeoPackageStore::open(&folder.path().join("s.gpkg")).unwrap();
    let registry = Arc::new(CrsRegistry::new(Default::default()).unwrap());
    let again = Engine::open(Arc::new(store), registry, EngineSettings::default()).await.unwrap();
    assert_eq!(pieces(&again).await, led);
}
