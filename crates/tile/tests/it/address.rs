//! Tiles are addressed within their tile matrix set.

use spatial::WorldBox;
use tile::{TileCoord, TileMatrixSets, WEB_MERCATOR_QUAD};

use crate::features::coord;

fn check_refused(z: u32, x: u32, y: u32, message: &str) {
    let error = TileCoord::new(&WEB_MERCATOR_QUAD, z, x, y).unwrap_err();
    assert_eq!(error.to_string(), message);
}

#[test]
fn an_address_outside_the_set_is_refused_with_its_bounds() {
    check_refused(30, 0, 0, "zoom 30 is not in 0..=22 of WebMercatorQuad");
    check_refused(300, 0, 0, "zoom 300 is not in 0..=22 of WebMercatorQuad");
    check_refused(3, 8, 0, "column 8 is not in 0..=7 of WebMercatorQuad at zoom 3");
    check_refused(0, 0, 1, "row 1 is not in 0..=0 of WebMercatorQuad at zoom 0");
    assert_eq!(coord(22, 4_194_303, 0).to_string(), "22/4194303/0");
}

#[test]
fn the_world_box_holds_the_buffered_tile_and_half_a_unit() {
    let unit = 1 << 6;
    let tile = coord(14, 3, 5).world_box(64);
    let west = 3 * 4096 * unit;
    let north = 5 * 4096 * unit;
    assert_eq!(tile.min, [west - 64 * unit - unit / 2, north - 64 * unit - unit / 2]);
    assert_eq!(tile.max, [west + 4160 * unit + unit / 2, north + 4160 * unit + unit / 2]);
    let world = WorldBox { min: [0; 2], max: [u32::MAX; 2] };
    assert_eq!(coord(0, 0, 0).world_box(64), world);
    let corner = coord(22, 0, 4_194_303).world_box(64);
    assert_eq!(corner.min, [0, u32::MAX - 1023 - 17]);
    assert_eq!(corner.max, [1024 + 16, u32::MAX]);
}

#[test]
fn a_point_is_held_by_one_tile_a_zoom() {
    let point = [3_538_944_000, 1_627_389_952];
    for z in 0..=22 {
        let tile = TileCoord::holding(z, point);
        let around = tile.world_box(0);
        assert!(around.contains(&WorldBox { min: point, max: point }), "{tile}");
        assert_eq!(TileCoord::new(&WEB_MERCATOR_QUAD, z.into(), tile.x(), tile.y()), Ok(tile));
    }
}

#[test]
fn scale_denominators_are_those_of_the_standard() {
    let set = TileMatrixSets::default().find("WebMercatorQuad").unwrap();
    assert!((set.scale_denominator(0) - 559_082_264.028_717_8).abs() < 1e-3);
    assert_eq!(set.matrix_width(22), 4_194_304);
    assert_eq!(TileMatrixSets::default().find("webmercatorquad"), None);
}
