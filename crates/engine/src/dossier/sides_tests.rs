//! 四至 over random tessellations against a walk along each edge that looks a centimetre outward.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use ::ledger::clue::Toward;
use ::ledger::dossier::Neighbour;
use spatial::FeatureId;

use super::sides::{Lane, Near, sides};
use crate::borders::{Edge, ring_edges};
use crate::clues::sample::Dice;

type Ring = Vec<[f64; 2]>;

/// How far apart the walker looks, and how far outward: a centimetre.
const STEP: f64 = 0.01;

/// Rows of cells with cuts of their own, so that neighbours share parts of edges, turned; some cells
/// are left out.
fn tessellation(dice: &mut Dice) -> Vec<Ring> {
    let (sin, cos) = dice.roll(6.3).sin_cos();
    let turned = |[x, y]: [f64; 2]| [x * cos - y * sin, x * sin + y * cos];
    let mut rings = Vec::new();
    let mut south = 0.0;
    for _row in 0..3 {
        let north = south + 4.0 + dice.roll(4.0);
        let mut west = dice.roll(1.0);
        for _cell in 0..4 {
            let east = west + 3.0 + dice.roll(4.0);
            if dice.roll(1.0) < 0.8 {
                // Counterclockwise or clockwise, as files have them.
                let mut ring =
                    [[west, south], [east, south], [east, north], [west, north], [west, south]]
                        .map(turned)
                        .to_vec();
                if dice.roll(1.0) < 0.5 {
                    ring.reverse();
                }
                rings.push(ring);
            }
            west = east;
        }
        south = north;
    }
    rings
}

fn contains(ring: &Ring, [x, y]: [f64; 2]) -> bool {
    let mut inside = false;
    for edge in ring.windows(2) {
        let [[ax, ay], [bx, by]] = [edge[0], edge[1]];
        if (ay > y) != (by > y) && x < ax + (y - ay) * (bx - ax) / (by - ay) {
            inside = !inside;
        }
    }
    inside
}

fn name(at: usize) -> Neighbour {
    Neighbour { code: format!("Z{at}"), name: format!("{at}号") }
}

/// Metres toward each side by the number of the neighbour, walked.
fn walked(rings: &[Ring], own: usize) -> BTreeMap<(Toward, Option<String>), f64> {
    let mut found = BTreeMap::new();
    for [a, b] in ring_edges(&rings[own]) {
        let d = [b[0] - a[0], b[1] - a[1]];
        let length = d[0].hypot(d[1]);
        let out = [d[1] / length * STEP, -d[0] / length * STEP];
        let toward = match (out[0].abs() >= out[1].abs(), out[0] > 0.0, out[1] > 0.0) {
            (true, true, _) => Toward::East,
            (true, false, _) => Toward::West,
            (false, _, true) => Toward::North,
            (false, _, false) => Toward::South,
        };
        let steps = (length / STEP).round();
        for step in 0..steps as usize {
            let t = (step as f64 + 0.5) / steps;
            let at = [a[0] + d[0] * t + out[0], a[1] + d[1] * t + out[1]];
            let other = (0..rings.len()).find(|n| *n != own && contains(&rings[*n], at));
            *found.entry((toward, other.map(|n| name(n).name))).or_insert(0.0) += length / steps;
        }
    }
    found
}

#[test]
fn sides_are_those_that_a_walk_along_the_boundary_finds() {
    let mut dice = Dice(23);
    let mut shared = 0;
    for _ in 0..60 {
        let rings = tessellation(&mut dice);
        for own in 0..rings.len() {
            let near: Vec<Near> = (0..rings.len())
                .filter(|n| *n != own)
                .map(|n| Near {
                    id: FeatureId::try_from(n as i64 + 1).unwrap(),
                    name: name(n),
                    edges: ring_edges(&rings[n]).collect(),
                })
                .collect();
            let edges: Vec<Edge> = ring_edges(&rings[own]).collect();
            let mut told = BTreeMap::new();
            for side in sides(&edges, &near, &[], [0.005, 0.0]) {
                for border in side.borders {
                    let name = border.neighbour.map(|one| one.name);
                    shared += usize::from(name.is_some());
                    *told.entry((side.toward, name)).or_insert(0.0) += border.metres;
                }
            }
            let expected = walked(&rings, own);
            // A few steps at a corner may be anybody's.
            for key in told.keys().chain(expected.keys()) {
                let of = |all: &BTreeMap<_, f64>| all.get(key).copied().unwrap_or_default();
                let (found, walked) = (of(&told), of(&expected));
                assert!((found - walked).abs() < 6.0 * STEP, "{key:?}: {found} {walked}");
            }
        }
    }
    assert!(shared > 1_000, "{shared}");
}

#[test]
fn beyond_a_free_border_there_is_the_lane_and_the_parcel_on_its_other_side() {
    let square = |x: f64, y: f64| -> Vec<Edge> {
        let ring = [[x, y], [x + 10.0, y], [x + 10.0, y + 10.0], [x, y + 10.0], [x, y]];
        ring_edges(&ring).collect()
    };
    let near = |n: i64, x: f64, y: f64| Near {
        id: FeatureId::try_from(n).unwrap(),
        name: name(n as usize),
        edges: square(x, y),
    };
    let lane = |name: &str, line: Edge| Lane { name: name.to_owned(), edges: vec![line] };
    // North across a lane, west right behind a yard that lies before the lane, south nothing.
    let all = [near(1, 0.0, 14.0), near(2, -12.0, 0.0), near(3, 10.0, 0.0)];
    let lanes = [
        lane("北巷", [[-50.0, 12.0], [50.0, 12.0]]),
        lane("西巷", [[-13.0, -50.0], [-13.0, 50.0]]),
    ];
    let told = sides(&square(0.0, 0.0), &all, &lanes, [0.05, 15.0]);
    let words: Vec<String> = told.iter().map(::ledger::dossier::side_words).collect();
    assert_eq!(
        words,
        [
            "3号（10.00米）",
            "未登记宗地（10.00米）",
            "空地，对面为2号（10.00米）",
            "北巷，隔巷为1号（10.00米）"
        ]
    );
}
