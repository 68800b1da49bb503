//! Features that share an edge still share it in tiles, at every zoom.

use std::collections::BTreeMap;

use geo_types::Geometry as Shape;
use spatial::{
    Collection, CollectionId, CollectionSnapshot, Crs, Edit, Envelope, Feature, FeatureId,
    GeometryType, Revision, Stage, Zooms,
};
use tile::inspect::decode;
use tile::{LayerInput, Limits, WEB_MERCATOR_QUAD};

use crate::features::{Features, coord, polygon, valid_layer};

/// Cells along a side of the net.
const SIDE: i64 = 24;
/// Vertices along a side of a cell.
const STEPS: i64 = 12;
/// World units along a side of a cell.
const CELL: f64 = 60_000.0;
/// North-western corner of the net.
const CORNER: [f64; 2] = [3_221_200_000.0, 1_627_300_000.0];

fn noise(x: i64, y: i64, salt: i64) -> f64 {
    let mut v = ((x * 73_856_093) ^ (y * 19_349_663) ^ (salt * 83_492_791)).cast_unsigned();
    v = (v ^ v >> 31).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    v = (v ^ v >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (v >> 40) as f64 / f64::from(1 << 23) - 1.0
}

/// A vertex of the net: ragged along the sides of cells, whose corners are far out of line.
fn vertex(i: i64, j: i64) -> [f64; 2] {
    let corner = i % STEPS == 0 && j % STEPS == 0;
    let reach = if corner { 0.2 } else { 0.015 } * CELL;
    // Along a side, corners pull the vertices with them.
    let pulled = |axis: i64| {
        let at = |i: i64, j: i64| noise(i, j, axis) * 0.2 * CELL;
        let (low_i, low_j) = (i.div_euclid(STEPS) * STEPS, j.div_euclid(STEPS) * STEPS);
        let part = ((i - low_i) + (j - low_j)) as f64 / STEPS as f64;
        let high = if i == low_i { at(i, low_j + STEPS) } else { at(low_i + STEPS, j) };
        at(low_i, low_j) * (1.0 - part) + high * part
    };
    let own = |axis: i64| {
        if corner { noise(i, j, axis) * reach } else { pulled(axis) + noise(i, j, axis) * reach }
    };
    let unit = CELL / STEPS as f64;
    [CORNER[0] + i as f64 * unit + own(1), CORNER[1] + j as f64 * unit + own(2)]
}

fn cell(column: i64, row: i64) -> Shape<f64> {
    let (i, j) = (column * STEPS, row * STEPS);
    let ring: Vec<[f64; 2]> = (0..STEPS)
        .map(|n| vertex(i + n, j))
        .chain((0..STEPS).map(|n| vertex(i + STEPS, j + n)))
        .chain((0..STEPS).map(|n| vertex(i + STEPS - n, j + STEPS)))
        .chain((0..STEPS).map(|n| vertex(i, j + STEPS - n)))
        .collect();
    Shape::Polygon(polygon(&[&ring]))
}

fn feature(number: i64) -> Feature {
    Feature {
        id: Some(FeatureId::try_from(number + 1).unwrap()),
        geometry: Some(cell(number % SIDE, number / SIDE).into()),
        properties: Vec::new(),
    }
}

fn to_world(coords: &[[f64; 2]], world: &mut Vec<[u32; 2]>) {
    world.extend(coords.iter().map(|[x, y]| [*x as u32, *y as u32]));
}

fn net() -> CollectionSnapshot {
    let collection = Collection {
        id: CollectionId::try_from("cells").unwrap(),
        title: String::new(),
        description: String::new(),
        attribution: String::new(),
        crs: Crs::WEB_MERCATOR,
        geometry_type: GeometryType::Polygon,
        has_z: false,
        has_m: false,
        fields: Vec::new(),
        key: None,
        zooms: Zooms { min: 0, max: 22 },
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    };
    let features: Vec<_> = (0..SIDE * SIDE).map(feature).collect();
    let stage = Stage::new(&collection, &features, &to_world);
    CollectionSnapshot::build(collection, Revision(1), vec![stage])
}

/// Draws the tile in the middle of the net.
fn draw(source: &CollectionSnapshot, z: u32) -> (u32, u32, Vec<u8>) {
    let middle = CORNER.map(|v| (v + CELL * SIDE as f64 / 2.0) as u32 >> (32 - z));
    let layer = LayerInput { name: "cells", source, columns: &[], commands: None };
    let at = coord(z, middle[0], middle[1]);
    let rendered = tile::render(&[layer], &WEB_MERCATOR_QUAD, at, &Limits::UNBOUNDED);
    assert_eq!(rendered.layers[0].dropped.broken, 0);
    valid_layer(&rendered);
    (middle[0], middle[1], rendered.bytes)
}

/// Edges of a tile, and how many more features have them on one side than on the other.
fn sides(bytes: &[u8]) -> BTreeMap<[[i32; 2]; 2], i32> {
    let mut edges: BTreeMap<[[i32; 2]; 2], i32> = BTreeMap::new();
    let features = &decode(bytes).unwrap()[0].features;
    for path in features.iter().flat_map(|feature| &feature.paths) {
        for (a, b) in path.iter().zip(path.iter().skip(1).chain(path.first())) {
            *edges.entry([*a.min(b), *a.max(b)]).or_default() += if a < b { 1 } else { -1 };
        }
    }
    edges
}

#[test]
fn where_rounding_squeezes_a_feature_its_neighbours_meet() {
    // The waist of the middle one comes to lie on the straight edge, or beyond it.
    for waist in [[500.0, 250.4], [500.6, 250.32], [499.4, 249.72], [502.4, 251.21]] {
        let unit = 2_f64.powi(6);
        let placed = |points: &[[f64; 2]]| {
            let corner = [13_489.0 * 4096.0 * unit, 6_210.0 * 4096.0 * unit];
            let at = |point: &[f64; 2]| [0, 1].map(|axis| corner[axis] + point[axis] * unit);
            let ring: Vec<_> = points.iter().map(at).collect();
            Shape::Polygon(polygon(&[&ring]))
        };
        let (west, east) = ([0.0, 0.0], [1000.0, 500.0]);
        let lobes = [[250.0, 133.0], [750.0, 383.0]];
        let shapes = [
            placed(&[west, east, [1000.0, -300.0], [0.0, -300.0]]),
            placed(&[west, east, lobes[1], waist, lobes[0]]),
            placed(&[west, lobes[0], waist, lobes[1], east, [1000.0, 900.0], [0.0, 900.0]]),
        ];
        let rendered = Features::bulk(&shapes).draw(coord(14, 13_489, 6_210), &Limits::default());
        valid_layer(&rendered);
        let outline = |[a, b]: [[i32; 2]; 2]| {
            let along = |axis: usize, at: [i32; 2]| a[axis] == b[axis] && at.contains(&a[axis]);
            along(0, [0, 1000]) || along(1, [-64, 900])
        };
        for (edge, sides) in sides(&rendered.bytes) {
            assert!(sides == 0 || outline(edge), "{waist:?}: {edge:?}");
        }
    }
}

#[test]
fn an_edge_within_a_net_belongs_to_two_cells_or_none() {
    let net = net();
    let mut vertices = Vec::new();
    for z in 8..=18 {
        let (x, y, bytes) = draw(&net, z);
        let edges = sides(&bytes);
        vertices.push(edges.len());
        // What lies on the outline of the net, or on the border of the tile, has one side.
        let unit = 2_f64.powi(20 - z as i32);
        let inside = |point: [i32; 2]| {
            [(point[0], x, CORNER[0]), (point[1], y, CORNER[1])].iter().all(|(v, tile, corner)| {
                let world = (f64::from(*tile) * 4096.0 + f64::from(*v)) * unit - corner;
                (CELL..CELL * (SIDE - 1) as f64).contains(&world) && (-60..4156).contains(v)
            })
        };
        for (edge, sides) in &edges {
            assert!(*sides == 0 || !edge.iter().all(|end| inside(*end)), "z{z}: {edge:?}");
        }
    }
    // The zoom filters: at the lowest a side of a cell is one edge, at the highest all are there.
    let sides = (2 * SIDE * (SIDE + 1)) as usize;
    assert!(vertices[0] == sides && vertices[3] > 8 * sides, "{vertices:?}");
}

#[test]
fn edits_leave_the_tiles_of_a_net_that_is_built_anew() {
    let net = net();
    let ids = [1, 40, 41, 289, 300, 301, 320];
    let gone: Vec<_> = ids
        .iter()
        .map(|id| Edit { id: FeatureId::try_from(*id).unwrap(), feature: None })
        .collect();
    let back: Vec<_> = ids.iter().map(|id| feature(id - 1)).collect();
    let edits: Vec<_> = back
        .iter()
        .map(|feature| Edit { id: feature.id.unwrap(), feature: Some(feature) })
        .collect();
    let without = net.apply(Revision(2), &gone, &to_world);
    let again = without.apply(Revision(3), &edits, &to_world);
    for z in 8..=16 {
        assert!(draw(&without, z).2 != draw(&net, z).2);
        assert!(draw(&again, z).2 == draw(&net, z).2, "z{z}");
        assert!(draw(&without.fold(), z).2 == draw(&without, z).2, "z{z}");
    }
}
