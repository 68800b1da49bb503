//! Cases for the worlds of other grids.

#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::project::tests::REGISTRY;

const ZONE: Crs = Crs::Epsg(4548);
const ZONE_WIDTH: f64 = 8_388_608.0;

fn degrees() -> WorldGrid {
    WorldGrid::new(&REGISTRY, &Crs::CGCS2000, [-180.0, 90.0], 360.0).unwrap()
}

fn zone() -> WorldGrid {
    let origin = [500_000.0 - ZONE_WIDTH / 2.0, ZONE_WIDTH];
    WorldGrid::new(&REGISTRY, &ZONE, origin, ZONE_WIDTH).unwrap()
}

#[test]
fn a_known_point_lies_where_arithmetic_says() {
    let place =
        |grid: &WorldGrid, crs: Crs, point| grid.projector(&REGISTRY, &crs).unwrap().project(point);
    // 天安门.
    let (lon_lat, plane) = ([116.391_25, 39.907_25], [447_946.050_033, 4_419_408.060_371]);
    let expected = [
        ((116.391_25 + 180.0) / 360.0 * WORLD_UNITS) as u32,
        ((90.0 - 39.907_25) / 360.0 * WORLD_UNITS) as u32,
    ];
    assert_eq!(place(&degrees(), Crs::CGCS2000, lon_lat), Some(expected));
    assert_eq!(place(&degrees(), Crs::WGS84, lon_lat), Some(expected));
    // 512 units a metre.
    let expected = [
        ((plane[0] - 500_000.0 + ZONE_WIDTH / 2.0) * 512.0) as u32,
        ((ZONE_WIDTH - plane[1]) * 512.0) as u32,
    ];
    for (crs, point) in [(ZONE, plane), (Crs::CGCS2000, lon_lat)] {
        let found = place(&zone(), crs.clone(), point).unwrap();
        for axis in 0..2 {
            assert!(found[axis].abs_diff(expected[axis]) <= 1, "{crs} {found:?} {expected:?}");
        }
    }
    // Through PROJ, in the UTM zone of the same meridian, and through Web Mercator.
    for code in [32650, 3857] {
        let way = REGISTRY.projector(&Crs::WGS84, &Crs::Epsg(code)).unwrap();
        let found = place(&zone(), Crs::Epsg(code), way.project(lon_lat).unwrap()).unwrap();
        for axis in 0..2 {
            assert!(found[axis].abs_diff(expected[axis]) <= 2, "{code} {found:?} {expected:?}");
        }
    }
}

#[test]
fn what_lies_beyond_has_no_place() {
    let way = zone().projector(&REGISTRY, &Crs::WGS84).unwrap();
    // London and a village in the next zone but one are out of reach of the zone.
    assert_eq!(way.project([-0.128, 51.504]), None);
    assert_eq!(way.project([124.0, 40.0]), None);
    let coords = [[116.0, 40.0], [116.1, 40.0], [-0.1, 51.5], [116.2, 40.0], [-0.1, 51.5]];
    let mut world = Vec::new();
    let placed = way.project_features(&coords, &[0..2, 2..3, 3..5, 5..5], &mut world);
    assert_eq!(placed, [true, false, false, true]);
    assert_eq!(world.len(), 5);
    assert_eq!(world[0], way.project([116.0, 40.0]).unwrap());
    // A square of four degrees.
    let grid = WorldGrid::new(&REGISTRY, &Crs::CGCS2000, [115.0, 42.0], 4.0).unwrap();
    let way = grid.projector(&REGISTRY, &Crs::CGCS2000).unwrap();
    assert_eq!(way.project([115.0, 42.0]), Some([0, 0]));
    assert_eq!(way.project([119.0, 38.0]), Some([u32::MAX; 2]));
    assert_eq!(way.project([117.0, 40.0]), Some([1 << 31; 2]));
    assert_eq!(way.project([114.99, 40.0]), None);
    assert_eq!(way.project([117.0, 42.01]), None);
}

#[test]
fn boxes_out_of_reach_are_empty_or_everything_that_is_in_reach() {
    let grid = zone();
    let london = lon_lat_box(&Envelope::new(-0.2, 51.4, 0.1, 51.6));
    assert_eq!(grid.of_mercator(&london), WorldBox::EMPTY);
    assert_eq!(grid.of_mercator(&WorldBox::EMPTY), WorldBox::EMPTY);
    assert_eq!(grid.to_mercator(&WorldBox::EMPTY), WorldBox::EMPTY);
    // The whole square reaches over the globe; in reach are the zone and three degrees around.
    let reach = grid.to_mercator(&WorldBox::WORLD);
    assert!(reach.contains(&lon_lat_box(&Envelope::new(115.0, 30.0, 119.0, 45.0))));
    assert!(!reach.intersects(&london));
    let world = degrees().to_mercator(&WorldBox::WORLD);
    assert_eq!(world, WorldBox::WORLD);
    assert!(degrees().of_mercator(&WorldBox::WORLD).max[1] >= 1 << 31);
}

proptest! {
    /// What both ways of boxes promise: nothing gets lost between vertices either.
    #[test]
    fn boxes_hold_what_they_stand_for(
        lon in 113.0..120.0_f64, lat in 25.0..50.0_f64,
        size in -5.0..0.3_f64, turn in 0.0..6.3_f64, share in 0.0..=1.0_f64,
        plane: bool,
    ) {
        let grid = if plane { zone() } else { degrees() };
        let way = grid.projector(&REGISTRY, &Crs::WGS84).unwrap();
        let length = 10_f64.powf(size);
        let ends = [[lon, lat], [lon + length * turn.cos(), lat + length * turn.sin()]];
        let [Some(a), Some(b)] = ends.map(|point| way.project(point)) else {
            return Err(TestCaseError::reject("out of reach"));
        };
        let mut mercator = WorldBox::EMPTY;
        let mut here = WorldBox::EMPTY;
        for (point, placed) in ends.into_iter().zip([a, b]) {
            mercator.extend(from_lon_lat(point));
            here.extend(placed);
        }
        prop_assert!(grid.of_mercator(&mercator).contains(&here), "{here:?}");
        prop_assert!(grid.to_mercator(&here).contains(&mercator), "{mercator:?}");
        // A point on the straight edge of this grid: its tile finds the feature.
        let on_edge = [0, 1].map(|axis| {
            (f64::from(a[axis]) + (f64::from(b[axis]) - f64::from(a[axis])) * share) as u32
        });
        let point = WorldBox { min: on_edge, max: on_edge };
        let around = grid.to_mercator(&point);
        prop_assert!(around.intersects(&mercator.bulged()), "{around:?} {mercator:?}");
        prop_assert!(grid.of_mercator(&mercator.bulged()).contains(&point));
    }
}
