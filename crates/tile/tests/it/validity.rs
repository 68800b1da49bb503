//! Whatever goes in, polygons come out valid, in their place, and alike in neighbouring tiles.

use geo_types::Geometry as Shape;
use proptest::prelude::*;
use tile::Limits;
use tile::inspect::DecodedKind;

use crate::features::{Features, coord, distance, holds, multi, polygon, rectangle, valid_layer};

/// World units a tile unit at zoom 14.
const UNIT: f64 = 64.0;
/// The tile that the cases lie around, and its north-western corner.
const TILE: [u32; 2] = [13_489, 6_210];
const CORNER: [f64; 2] = [13_489.0 * 4096.0 * UNIT, 6_210.0 * 4096.0 * UNIT];

/// Places the points of a shape, given in tile units, in the world.
fn placed(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    points.iter().map(|[x, y]| [CORNER[0] + x * UNIT, CORNER[1] + y * UNIT]).collect()
}

fn placed_polygon(rings: &[&[[f64; 2]]]) -> geo_types::Polygon<f64> {
    let rings: Vec<_> = rings.iter().map(|ring| placed(ring)).collect();
    let rings: Vec<_> = rings.iter().map(Vec::as_slice).collect();
    polygon(&rings)
}

/// Draws at every zoom around the tile, with both encoders; every polygon must be valid.
fn check_valid(shape: &Shape<f64>) {
    let shapes = [shape.clone()];
    for source in [Features::new(&shapes, 1), Features::bulk(&shapes)] {
        for z in [0_u32, 5, 9, 12, 13, 14, 15, 16, 18, 20, 22] {
            let here = |tile: u32| if z <= 14 { tile >> (14 - z) } else { tile << (z - 14) };
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let last = (1_u64 << z) as u32 - 1;
                let (x, y) = ((here(TILE[0]) + dx).min(last), (here(TILE[1]) + dy).min(last));
                let rendered = source.draw(coord(z, x, y), &Limits::default());
                assert_eq!(rendered.layers[0].dropped.broken, 0);
                valid_layer(&rendered);
            }
        }
    }
}

#[test]
fn torture_comes_out_valid() {
    let square = rectangle(500.0, 500.0, 2000.0, 2000.0);
    let hole = rectangle(900.0, 900.0, 300.0, 300.0);
    let touching_corner = rectangle(1200.0, 1200.0, 300.0, 300.0);
    let touching_edge = rectangle(1200.0, 900.0, 300.0, 300.0);
    let at_border = rectangle(500.0, 900.0, 300.0, 300.0);
    let across = rectangle(2300.0, 900.0, 400.0, 300.0);
    let island = rectangle(1000.0, 1000.0, 100.0, 100.0);
    let comb: Vec<[f64; 2]> = (0..60)
        .map(|n| [f64::from(n) * 70.0, if n % 2 == 0 { 4000.0 } else { 4300.0 }])
        .chain([[4130.0, 3000.0], [0.0, 3000.0]])
        .collect();
    let fine_comb: Vec<[f64; 2]> = (0..400)
        .map(|n| [100.0 + f64::from(n) * 0.3, if n % 2 == 0 { 100.0 } else { 160.0 }])
        .chain([[220.0, 90.0], [100.0, 90.0]])
        .collect();
    let cases: Vec<Vec<geo_types::Polygon<f64>>> = vec![
        // Bow-ties.
        vec![placed_polygon(&[&[[0.0, 0.0], [300.0, 300.0], [300.0, 0.0], [0.0, 300.0]]])],
        vec![placed_polygon(&[&[[0.0, 0.0], [300.0, 310.0], [300.0, 0.0], [7.0, 300.0]]])],
        // A figure of eight that touches itself in a point.
        vec![placed_polygon(&[&[
            [100.0, 100.0],
            [200.0, 200.0],
            [300.0, 100.0],
            [300.0, 300.0],
            [200.0, 200.0],
            [100.0, 300.0],
        ]])],
        // A U over the eastern border, and over the corner.
        vec![placed_polygon(&[&[
            [3900.0, 100.0],
            [4300.0, 100.0],
            [4300.0, 400.0],
            [3900.0, 400.0],
            [3900.0, 300.0],
            [4200.0, 300.0],
            [4200.0, 200.0],
            [3900.0, 200.0],
        ]])],
        vec![placed_polygon(&[&[
            [4000.0, 3900.0],
            [4400.0, 3900.0],
            [4400.0, 4400.0],
            [3900.0, 4400.0],
            [3900.0, 4000.0],
            [4000.0, 4000.0],
            [4000.0, 4300.0],
            [4300.0, 4300.0],
            [4300.0, 4000.0],
            [4000.0, 3990.0],
        ]])],
        // Holes: touching each other, touching and crossing the exterior, nested, covering all.
        vec![placed_polygon(&[&square, &hole, &touching_corner])],
        vec![placed_polygon(&[&square, &hole, &touching_edge])],
        vec![placed_polygon(&[&square, &at_border])],
        vec![placed_polygon(&[&square, &across])],
        vec![placed_polygon(&[&square, &hole, &island])],
        vec![placed_polygon(&[&square, &square])],
        vec![placed_polygon(&[&square, &hole]), placed_polygon(&[&island])],
        // Parts that overlap, share an edge, or are the same.
        vec![placed_polygon(&[&square]), placed_polygon(&[&across])],
        vec![placed_polygon(&[&hole]), placed_polygon(&[&touching_edge])],
        vec![placed_polygon(&[&square]), placed_polygon(&[&square])],
        // Covers the tile, its corner, and nearly nothing.
        vec![placed_polygon(&[&rectangle(-9e6, -9e6, 2e7, 2e7)])],
        vec![placed_polygon(&[
            &rectangle(-5000.0, -5000.0, 15_000.0, 15_000.0),
            &rectangle(4000.0, 4000.0, 400.0, 400.0),
        ])],
        vec![placed_polygon(&[&[[-5000.0, 4200.0], [4200.0, -5000.0], [-5000.0, -5000.0]]])],
        vec![placed_polygon(&[&rectangle(4096.0, 0.0, 50.0, 50.0)])],
        vec![placed_polygon(&[&rectangle(4160.0, 4160.0, 50.0, 50.0)])],
        vec![placed_polygon(&[&rectangle(10.2, 10.2, 0.3, 0.3)])],
        vec![placed_polygon(&[&rectangle(10.2, 10.2, 3000.0, 0.3)])],
        vec![placed_polygon(&[&rectangle(10.2, 10.2, 0.0, 0.0)])],
        // Spikes and combs.
        vec![placed_polygon(&[&[
            [0.0, 0.0],
            [500.0, 0.0],
            [900.0, 0.0],
            [500.0, 0.0],
            [500.0, 500.0],
            [0.0, 500.0],
        ]])],
        vec![placed_polygon(&[&comb])],
        vec![placed_polygon(&[&fine_comb])],
    ];
    for case in cases {
        let turned: Vec<_> = case
            .iter()
            .map(|part| {
                let mut exterior = part.exterior().clone();
                exterior.0.reverse();
                geo_types::Polygon::new(exterior, part.interiors().to_vec())
            })
            .collect();
        check_valid(&multi(&case));
        check_valid(&multi(&turned));
    }
}

/// A ring around the centre with a radius for each of its directions: simple by construction.
fn star(centre: [f64; 2], radii: &[f64]) -> Vec<[f64; 2]> {
    let step = std::f64::consts::TAU / radii.len() as f64;
    radii
        .iter()
        .enumerate()
        .map(|(number, radius)| {
            let (sin, cos) = (number as f64 * step).sin_cos();
            [centre[0] + radius * cos, centre[1] + radius * sin]
        })
        .collect()
}

/// Every place of the tile farther than two units from an edge is on the right side of it.
fn check_places(rings: &[Vec<[f64; 2]>]) {
    let borrowed: Vec<_> = rings.iter().map(Vec::as_slice).collect();
    let shapes = [Shape::Polygon(placed_polygon(&borrowed))];
    for source in [Features::new(&shapes, 1), Features::bulk(&shapes)] {
        let rendered = source.draw(coord(14, TILE[0], TILE[1]), &Limits::default());
        let layer = valid_layer(&rendered);
        let drawn: Vec<Vec<[f64; 2]>> = layer
            .iter()
            .flat_map(|layer| &layer.features)
            .flat_map(|feature| &feature.paths)
            .map(|path| path.iter().map(|p| p.map(f64::from)).collect())
            .collect();
        for column in -1..=16 {
            for row in -1..=16 {
                let place = [f64::from(column) * 251.0 + 13.0, f64::from(row) * 251.0 + 17.0];
                let within =
                    (-62.0..4158.0).contains(&place[0]) && (-62.0..4158.0).contains(&place[1]);
                if within && distance(rings, place) > 2.0 {
                    assert_eq!(holds(&drawn, place), holds(rings, place), "{place:?}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn scribbles_come_out_valid(
        points in prop::collection::vec((-300..4400_i32, -300..4400_i32), 3..60),
        grain in 1..40_i32,
    ) {
        let ring: Vec<_> = points
            .iter()
            .map(|(x, y)| [f64::from(x / grain) * 1.3, f64::from(y / grain) * 1.3])
            .collect();
        let shapes = [Shape::Polygon(placed_polygon(&[&ring]))];
        for source in [Features::new(&shapes, 1), Features::bulk(&shapes)] {
            for z in [11, 14] {
                let tile = TILE.map(|tile| tile >> (14 - z));
                let rendered = source.draw(coord(z, tile[0], tile[1]), &Limits::default());
                prop_assert_eq!(rendered.layers[0].dropped.broken, 0);
                valid_layer(&rendered);
            }
        }
    }

    #[test]
    fn a_polygon_covers_the_places_that_it_covered(
        x in -500.0..4500.0,
        y in -500.0..4500.0,
        radii in prop::collection::vec(300.0..3000.0, 5..90),
        hole in prop::collection::vec(20.0..250.0, 3..12),
    ) {
        check_places(&[star([x, y], &radii), star([x, y], &hole)]);
        check_places(&[star([x, y], &radii)]);
    }

    #[test]
    fn neighbouring_tiles_agree_where_they_overlap(
        places in prop::collection::vec((-60.0..60.0, 0.0..4096.0, 0.3..40.0), 1..40),
        z in 8..17_u32,
    ) {
        let unit = f64::from(1 << (20 - z));
        let (east, row) = (TILE[0] << 3 >> (17 - z), TILE[1] << 3 >> (17 - z));
        let border = f64::from(east) * 4096.0 * unit;
        let north = f64::from(row) * 4096.0 * unit;
        let shapes: Vec<_> = places
            .iter()
            .map(|(x, y, size)| {
                let corner = [border + x * unit, north + y * unit];
                let points = rectangle(corner[0], corner[1], size * unit, size * unit * 0.7);
                Shape::Polygon(polygon(&[&points]))
            })
            .collect();
        let source = Features::bulk(&shapes);
        let mut seen = [east - 1, east].map(|column| {
            let rendered = source.draw(coord(z, column, row), &Limits::default());
            let mut inside: Vec<(Option<u64>, Vec<[i64; 2]>)> = Vec::new();
            for feature in valid_layer(&rendered).iter().flat_map(|layer| &layer.features) {
                let shift = i64::from(column) * 4096 - i64::from(east) * 4096;
                let path: Vec<_> = feature.paths[0]
                    .iter()
                    .map(|p| [i64::from(p[0]) + shift, i64::from(p[1])])
                    .collect();
                let overlap = |p: &[i64; 2]| (-63..=63).contains(&p[0]);
                // What is too small to be drawn as it is shows in one tile alone.
                let drawn = feature.id.is_some_and(|id| {
                    places.get(id as usize - 1).is_some_and(|place| place.2 * place.2 * 0.7 > 4.2)
                });
                if drawn && path.iter().all(overlap) {
                    inside.push((feature.id, path));
                }
            }
            inside.sort();
            inside
        });
        for side in &mut seen {
            side.retain(|(_, path)| path.iter().all(|p| p[0].abs() < 60));
        }
        prop_assert_eq!(&seen[0], &seen[1]);
    }
}

#[test]
fn holes_stay_holes() {
    let square = rectangle(100.0, 100.0, 1000.0, 1000.0);
    let hole = rectangle(300.0, 300.0, 200.0, 200.0);
    let source = Features::bulk(&[Shape::Polygon(placed_polygon(&[&square, &hole]))]);
    let rendered = source.draw(coord(14, TILE[0], TILE[1]), &Limits::default());
    let layer = valid_layer(&rendered).unwrap();
    let feature = &layer.features[0];
    assert_eq!((feature.kind, feature.paths.len()), (DecodedKind::Polygons, 2));
    assert_eq!(rendered.layers[0].repaired, 0);
}

#[test]
fn a_ring_of_a_million_points_is_drawn() {
    let radii: Vec<f64> = (0..1_000_000).map(|n| 1900.0 + f64::from(n % 3) * 0.4).collect();
    let ring = star([2048.0, 2048.0], &radii);
    let source = Features::bulk(&[Shape::Polygon(placed_polygon(&[&ring]))]);
    for (z, shift) in [(14, 0), (9, 5)] {
        let tile = TILE.map(|tile| tile >> shift);
        let rendered = source.draw(coord(z, tile[0], tile[1]), &Limits::default());
        assert_eq!(valid_layer(&rendered).unwrap().features.len(), 1);
    }
}
