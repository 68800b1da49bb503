//! Planes against the geodesic; what is taken is covered as it was answered, in degrees and in metres.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use geo_types::{Geometry as Shape, LineString, MultiLineString};
use ledger::patrol::Plane;
use ledger::place::{ALLEYS, Day};
use ledger::point::PatrolId;
use ledger::record::patrols::{PATROL_TRACKS, PATROLS};
use ledger::rows::evidence::PositionSource;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use spatial::{Collection, Crs, Geometry, Timestamp, measure};
use store::{LoadMode, MemoryStore};

use super::{CoverageAsked, NewPatrol, PatrolOutcome, TrackFix};
use crate::engine_tests::{id, open};
use crate::ledger_tests::{START, uuid};
use crate::places::sample;
use crate::{Engine, Profile};

const HERE: [f64; 2] = [116.35, 39.73];

/// A town of crooked alleys, a collection each of alleys, patrols and tracks in `crs`.
async fn town(crs: &Crs, alleys: &[Vec<[f64; 2]>]) -> Engine {
    let store = Arc::new(MemoryStore::new());
    let registry = spatial::CrsRegistry::new(Default::default()).unwrap();
    let described = Collection { crs: crs.clone(), ..sample::places(ALLEYS) };
    let feature = |(number, line): (usize, &Vec<[f64; 2]>)| {
        let shape: Shape<f64> = MultiLineString(vec![LineString::from(line.clone())]).into();
        let mut geometry = Geometry::from(shape);
        if *crs != Crs::CGCS2000 {
            let way = registry.projector(&Crs::CGCS2000, crs).unwrap();
            way.project_geometry(&mut geometry).unwrap();
        }
        let code = format!("J-{number}");
        sample::feature(&described, Some(geometry.shape), &[("code", &code), ("town", "T")])
    };
    let features = alleys.iter().enumerate().map(feature).collect();
    sample::load(&*store, described.clone(), LoadMode::Create, features).await;
    for name in [PATROLS, PATROL_TRACKS] {
        let collection = ledger::record::named(name).unwrap().collection(crs.clone()).unwrap();
        sample::load(&*store, collection, LoadMode::Create, Vec::new()).await;
    }
    open(store).await
}

fn patrol(number: u64, day: i64, track: Vec<TrackFix>) -> NewPatrol {
    NewPatrol {
        code: PatrolId::try_from(uuid(number)).unwrap(),
        role: "r".to_owned(),
        unit: "T".to_owned(),
        person: None,
        alley: None,
        point: None,
        started_at: Timestamp(START + day * 86_400_000),
        ended_at: Timestamp(START + day * 86_400_000 + 80_000_000),
        device: None,
        source: PositionSource::Cgcs2000,
        track,
        results: Vec::new(),
        findings: Vec::new(),
    }
}

/// Crooked lines that go east, one above the other.
fn alleys() -> impl Strategy<Value = Vec<Vec<[f64; 2]>>> {
    let bends = proptest::collection::vec(-25.0..25.0_f64, 3..7);
    proptest::collection::vec(bends, 1..4).prop_map(|all| {
        let plane = Plane::about(HERE);
        let vertex = |row: usize, (column, bend): (usize, &f64)| {
            plane.lon_lat([column as f64 * 70.0, row as f64 * 120.0 + bend])
        };
        let line = |(row, bends): (usize, &Vec<f64>)| {
            bends.iter().enumerate().map(|one| vertex(row, one)).collect()
        };
        all.iter().enumerate().map(line).collect()
    })
}

/// Metres east and north, and seconds.
type Step = (f64, f64, i64);

/// Walks, each of a day.
fn walks() -> impl Strategy<Value = Vec<(i64, Vec<Step>)>> {
    let step = (-20.0..60.0_f64, -25.0..25.0_f64, 5_i64..200);
    let walk = (0_i64..3, proptest::collection::vec(step, 2..40));
    proptest::collection::vec(walk, 1..5)
}

#[tokio::test]
async fn what_was_answered_is_what_is_told_of_one_patrol_and_a_union_of_several() {
    let mut runner = TestRunner::deterministic();
    let mut covered = 0.0;
    for round in 0..24 {
        let crs = if round % 2 == 0 { Crs::CGCS2000 } else { Crs::Epsg(4548) };
        let alleys = alleys().new_tree(&mut runner).unwrap().current();
        let engine = town(&crs, &alleys).await;
        let plane = Plane::about(HERE);
        let mut by_day = [0.0; 3];
        let mut counts = [0; 3];
        for (number, (day, steps)) in
            walks().new_tree(&mut runner).unwrap().current().into_iter().enumerate()
        {
            let (mut at, mut time) = ([0.0, number as f64 * 60.0], START + day * 86_400_000);
            let fix = |(east, north, seconds): Step| {
                at = [at[0] + east, at[1] + north];
                time += seconds * 1000;
                TrackFix {
                    lon_lat: plane.lon_lat(at),
                    at: Timestamp(time),
                    accuracy_m: Some((time % 30_000) as f64 / 1000.0),
                }
            };
            let track = steps.into_iter().map(fix).collect();
            let new = patrol(round * 10 + number as u64, day, track);
            let taken = engine.take_patrols("ann".to_owned(), vec![new.clone()]).await.unwrap();
            let PatrolOutcome::New(answer) = &taken.outcomes[0] else {
                unreachable!("{:?}", taken.outcomes)
            };
            let sum: f64 = answer.alleys.iter().map(|(_, metres)| metres).sum();
            assert!((sum - answer.covered_m).abs() < 0.4, "{answer:?}");
            let again = engine.take_patrols("ann".to_owned(), vec![new]).await.unwrap();
            let same = PatrolOutcome::Again { covered_m: answer.covered_m };
            assert_eq!((again.outcomes, again.revision), (vec![same], taken.revision));
            let day = usize::try_from(day).unwrap();
            let before = by_day[day];
            by_day[day] += answer.covered_m;
            counts[day] += 1;
            let day = Day::of(Timestamp(START + day as i64 * 86_400_000));
            let (profile, as_of, unit) = (Profile::default(), None, None);
            let asked = CoverageAsked { unit, from: day, to: day, as_of, profile };
            let told = engine.patrol_coverage(asked).await.unwrap();
            // The first of a day is told to the decimetre; later ones overlap.
            let total = told.total.covered_m;
            if before == 0.0 {
                assert!((total - answer.covered_m).abs() < 0.5, "{total} of {answer:?}");
            }
            assert!(
                total
                    <= by_day[usize::try_from(day.0 - Day::of(Timestamp(START)).0).unwrap()] + 0.5
            );
            assert!(total + 0.5 >= answer.covered_m && total <= told.total.duty_m);
            let towns: f64 = told.towns.iter().map(|town| town.covered_m).sum();
            let of_alleys: f64 = told.alleys.iter().map(|alley| alley.covered_m).sum();
            assert!((towns - total).abs() < 1e-6 && (of_alleys - total).abs() < 1e-6);
            covered += total;
        }
        let all: usize = counts.iter().sum();
        assert_eq!(engine.snapshot().collections[&id(PATROLS)].len(), all);
    }
    assert!(covered > 1_000.0, "hardly anything was covered: {covered} m");
}

#[test]
fn a_plane_measures_as_the_geodesic_does() {
    let mut runner = TestRunner::deterministic();
    let places = (73.0..135.0_f64, 18.0..54.0_f64, -900.0..900.0_f64, -900.0..900.0_f64);
    for _ in 0..2_000 {
        let (lon, lat, east, north) = places.new_tree(&mut runner).unwrap().current();
        let plane = Plane::about([lon, lat]);
        let there = plane.lon_lat([east, north]);
        let back = plane.metres(there);
        assert!((back[0] - east).abs() < 1e-5 && (back[1] - north).abs() < 1e-5);
        let line = Shape::LineString(LineString::from(vec![[lon, lat], there]));
        let geodesic = measure::geodesic_length(&Geometry::from(line));
        assert!((geodesic - east.hypot(north)).abs() < 0.01 + geodesic * 3e-4, "{geodesic}");
    }
}
