//! Levels of small shapes, of a tessellation, and of states after edits.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use geo_types::{Coord, Geometry as Shape, LineString, Polygon};
use proptest::prelude::*;

use super::{NEVER, level_of};
use crate::snapshot::sample::{collection, edited, feature, grid_shape, id, to_world};
use crate::{CollectionSnapshot, Edit, FeatureId, Revision, Stage};

fn polygon(points: &[[f64; 2]]) -> Shape<f64> {
    let ring = points.iter().map(|[x, y]| Coord { x: *x, y: *y }).collect();
    Shape::Polygon(Polygon::new(LineString(ring), Vec::new()))
}

fn line(points: &[[f64; 2]]) -> Shape<f64> {
    Shape::LineString(points.iter().map(|[x, y]| Coord { x: *x, y: *y }).collect())
}

fn build(shapes: &[(i64, Option<Shape<f64>>)]) -> CollectionSnapshot {
    let features: Vec<_> = shapes.iter().map(|(n, shape)| feature(*n, shape.clone())).collect();
    let stage = Stage::new(&collection(), &features, &to_world);
    CollectionSnapshot::build(collection(), Revision(1), vec![stage])
}

fn levels(snapshot: &CollectionSnapshot) -> BTreeMap<FeatureId, Vec<u8>> {
    let mut all = BTreeMap::new();
    snapshot.each(&mut |shard, slots| {
        for slot in slots {
            let feature = shard.feature(usize::from(*slot));
            all.insert(feature.id(), feature.levels().to_vec());
        }
    });
    all
}

#[test]
fn a_vertex_is_needed_from_the_zoom_at_which_it_is_half_a_unit_off() {
    // Half a world unit is half a tile unit at zoom 20; twice as far, one zoom earlier.
    for (distance, level) in [(0.5, 20), (0.99, 20), (1.0, 19), (0.49, 21), (512.0, 10), (1e9, 0)] {
        assert_eq!(level_of(distance * distance), level, "{distance}");
    }
    assert_eq!(level_of(0.0), NEVER);
}

#[test]
fn ends_and_places_where_lines_part_are_nodes() {
    let [a, b, c, d] = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0]];
    let alone = levels(&build(&[(1, Some(line(&[a, b, c, d])))]));
    assert_eq!(alone[&id(1)], [0, NEVER, NEVER, 0]);
    let crossed = build(&[(1, Some(line(&[a, b, c, d]))), (2, Some(line(&[[1.0, 5.0], b])))]);
    assert_eq!(levels(&crossed)[&id(1)], [0, 0, NEVER, 0]);
    // A line along it that ends on the way.
    let along = build(&[(1, Some(line(&[a, b, c, d]))), (2, Some(line(&[c, b, a])))]);
    assert_eq!(levels(&along)[&id(1)], [0, NEVER, 0, 0]);
    assert_eq!(levels(&along)[&id(2)], [0, NEVER, 0]);
}

#[test]
fn neighbours_keep_the_same_vertices_of_what_they_share() {
    // An island and the hole that it fills start at different vertices and run in different
    // directions.
    let round = |n: usize| {
        let angle = n as f64 / 24.0 * std::f64::consts::TAU;
        Coord { x: 20.0 + 5.0 * angle.cos(), y: 20.0 + 3.0 * angle.sin() }
    };
    let island: LineString<f64> = (0..=24).map(round).collect();
    let hole: LineString<f64> = (7..=31).rev().map(|n| round(n % 24)).collect();
    let frame = LineString(
        [[0.0, 0.0], [40.0, 0.0], [40.0, 40.0], [0.0, 40.0], [0.0, 0.0]]
            .map(|[x, y]| Coord { x, y })
            .to_vec(),
    );
    let shapes = [
        (1, Some(Polygon::new(island, vec![]).into())),
        (2, Some(Polygon::new(frame, vec![hole]).into())),
    ];
    let snapshot = build(&shapes);
    let (island, frame) = (snapshot.get(id(1)).unwrap(), snapshot.get(id(2)).unwrap());
    let by_place = |path: crate::PathRef<'_>| -> BTreeMap<_, _> {
        path.world.iter().copied().zip(path.levels.iter().copied()).collect()
    };
    let island = by_place(island.paths().next().unwrap());
    assert_eq!(island, by_place(frame.paths().nth(1).unwrap()));
    let kept = |zoom: u8| island.values().filter(|level| **level <= zoom).count();
    assert!(kept(0) < kept(2) && kept(2) < 24, "{island:?}");
    assert_eq!(kept(20), 24);
}

#[test]
fn a_long_spiral_is_levelled_in_time_in_proportion_to_its_length() {
    let at = |n: usize| {
        let turn = n as f64 * 0.002;
        [2000.0 + turn.cos() * (1.0 + turn), 2000.0 + turn.sin() * (1.0 + turn)]
    };
    let points: Vec<_> = (0..30_000).map(at).collect();
    let levels = levels(&build(&[(1, Some(line(&points)))]));
    let kept = levels[&id(1)].iter().filter(|level| **level <= 4).count();
    assert!((100..5_000).contains(&kept), "{kept}");
}

/// A net of cells whose sides are broken lines, by number: cells share their sides.
fn net(side: i64, shift: f64) -> Vec<(i64, Option<Shape<f64>>)> {
    let wave = |n: f64| ((n * 7.3).sin() + shift * (n * 1.7).cos()) * 0.2;
    let cell = |column: i64, row: i64| {
        let [x, y] = [column as f64, row as f64].map(|v| 10.0 + v * 4.0);
        let steps = || (0..4).map(f64::from);
        let mut ring: Vec<[f64; 2]> = Vec::new();
        let bend = |along: f64, other: f64| {
            if along % 4.0 == 2.0 { 0.0 } else { wave(along + 31.0 * other) }
        };
        ring.extend(steps().map(|n| [x + n, y + bend(x + n, y)]));
        ring.extend(steps().map(|n| [x + 4.0 + bend(y + n, x + 4.0), y + n]));
        ring.extend(steps().map(|n| [x + 4.0 - n, y + 4.0 + bend(x + 4.0 - n, y + 4.0)]));
        ring.extend(steps().map(|n| [x + bend(y + 4.0 - n, x), y + 4.0 - n]));
        ring.push(ring[0]);
        polygon(&ring)
    };
    let cells = (0..side * side).map(|n| (n + 1, Some(cell(n % side, n / side))));
    cells.collect()
}

#[test]
fn where_nothing_parts_any_more_is_no_node_any_more() {
    let [a, b, c] = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]];
    let built = build(&[(1, Some(line(&[a, b, c]))), (2, Some(line(&[[1.0, 5.0], b])))]);
    assert_eq!(levels(&built)[&id(1)], [0, 0, 0]);
    let after = built.apply(Revision(2), &[Edit { id: id(2), feature: None }], &to_world);
    assert_eq!(levels(&after)[&id(1)], [0, NEVER, 0]);
    assert_eq!((after.len(), after.delta.len()), (1, 1));
}

#[test]
fn one_edit_of_a_net_reaches_only_its_neighbours() {
    let before = net(8, 0.0);
    let snapshot = build(&before);
    let mut gone = before.clone();
    gone.remove(3);
    let after = snapshot.apply(Revision(2), &[Edit { id: id(4), feature: None }], &to_world);
    assert_eq!(levels(&after), levels(&build(&gone)));
    assert!(after.delta.len() <= 5, "{}", after.delta.len());
    assert_eq!(after.len(), 63);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn edits_leave_the_levels_of_a_state_that_is_built_anew(
        shapes in prop::collection::vec(grid_shape(), 1..60),
    ) {
        let model: Vec<_> = (1..).zip(shapes.iter().cloned()).collect();
        prop_assert_eq!(levels(&edited(&shapes)), levels(&build(&model)));
        prop_assert_eq!(levels(&edited(&shapes).fold()), levels(&build(&model)));
    }

    #[test]
    fn edits_of_a_net_leave_the_levels_of_a_net_that_is_built_anew(
        commits in prop::collection::vec(
            prop::collection::vec((0..36_usize, 0..3_usize), 1..6), 1..6),
    ) {
        // Cells come, go, and become those of another net that fits at the corners only.
        let kinds = [net(6, 0.0), net(6, 1.0), (1..=36).map(|n| (n, None)).collect()];
        let mut model: BTreeMap<i64, Option<Shape<f64>>> = kinds[0].iter().cloned().collect();
        let mut snapshot = build(&kinds[0]);
        for (number, commit) in commits.into_iter().enumerate() {
            let commit: BTreeMap<usize, usize> = commit.into_iter().collect();
            let features: Vec<_> = commit
                .iter()
                .map(|(cell, kind)| feature(*cell as i64 + 1, kinds[*kind][*cell].1.clone()))
                .collect();
            for ((cell, kind), _) in commit.iter().zip(&features) {
                model.insert(*cell as i64 + 1, kinds[*kind][*cell].1.clone());
            }
            let edits: Vec<_> = features
                .iter()
                .map(|feature| Edit { id: feature.id.unwrap(), feature: Some(feature) })
                .collect();
            snapshot = snapshot.apply(Revision(number as u64 + 2), &edits, &to_world);
            let anew: Vec<_> = model.clone().into_iter().collect();
            prop_assert_eq!(levels(&snapshot), levels(&build(&anew)));
        }
    }
}
