//! Cases for the way onto the world grid.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::project::tests::REGISTRY;

fn check_lands_on(code: u32, lon_lat: [f64; 2]) {
    let (registry, crs) = (&*REGISTRY, Crs::Epsg(code));
    let stored = registry.projector(&Crs::WGS84, &crs).unwrap().project(lon_lat).unwrap();
    let way = WorldProjector::new(registry, &crs).unwrap();
    let (point, expected) = (way.project(stored), from_lon_lat(lon_lat));
    for axis in 0..2 {
        assert!(point[axis].abs_diff(expected[axis]) <= 1, "{code} {lon_lat:?}: {point:?}");
    }
    let mut all = vec![[7, 7]];
    way.project_all(&[stored, stored], &mut all);
    assert_eq!(all, [[7, 7], point, point]);
}

#[test]
fn a_system_that_only_proj_knows_lands_on_the_world_grid() {
    check_lands_on(27700, [-0.128, 51.504]);
    check_lands_on(6677, [139.767, 35.681]);
    check_lands_on(32650, [116.4, 39.9]);
}

#[test]
fn every_point_has_a_place() {
    let registry = &*REGISTRY;
    for code in [4326, 4490, 3857, 4548, 4527, 27700] {
        let way = WorldProjector::new(registry, &Crs::Epsg(code)).unwrap();
        for x in [0.0, -1e9, 1e9, f64::MAX, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for y in [0.0, 90.0, -90.0, 1e300, f64::NAN, f64::NEG_INFINITY] {
                let mut all = Vec::new();
                way.project_all(&[[x, y]], &mut all);
                assert_eq!(all, [way.project([x, y])], "{code} {x} {y}");
            }
        }
    }
    let way = WorldProjector::new(registry, &Crs::WGS84).unwrap();
    assert_eq!(way.project([180.0, -90.0]), [u32::MAX; 2]);
    assert_eq!(way.project([-180.0, 90.0]), [0; 2]);
}

proptest! {
    #[test]
    fn closed_forms_land_on_the_world_grid(lon in 115.4..117.5f64, lat in 39.4..41.1f64) {
        for code in [4326, 4490, 3857, 4548, 4527, 4498, 4509, 4526, 4547] {
            check_lands_on(code, [lon, lat]);
        }
    }
}
