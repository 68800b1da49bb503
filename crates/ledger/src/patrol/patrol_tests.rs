//! Coverage against a naive one that samples alleys densely.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::{AlleyLine, Covered, Fix, Intervals, Near, PatrolRules, covered};
use proptest::prelude::*;

/// Samples of a metre of alley.
const A_METRE: f64 = 20.0;

/// Every place of a line that is sampled: part, place along the line, position.
fn samples(parts: &[Vec<[f64; 2]>]) -> Vec<(usize, f64, [f64; 2])> {
    let (mut samples, mut along) = (Vec::new(), 0.0);
    for (number, part) in parts.iter().enumerate() {
        for pair in part.windows(2) {
            let [dx, dy] = [pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]];
            let length = dx.hypot(dy);
            let steps = (length * A_METRE).ceil().max(1.0) as usize;
            for step in 0..=steps {
                let share = step as f64 / steps as f64;
                let position = [pair[0][0] + share * dx, pair[0][1] + share * dy];
                samples.push((number, along + share * length, position));
            }
            along += length;
        }
    }
    samples
}

/// How much of each alley is covered, by asking every sample whether two positions hold it between
/// them; positions are put on alleys by the nearest sample.
fn naive(
    alleys: &[Vec<Vec<[f64; 2]>>],
    track: &[([f64; 2], i64, f64)],
    said: Option<usize>,
    rules: &PatrolRules,
) -> Vec<f64> {
    let all: Vec<_> = alleys.iter().map(|parts| samples(parts)).collect();
    // Of each position: alley, part and place.
    let own: Vec<Option<(usize, usize, f64)>> = track
        .iter()
        .map(|(at, _, reach)| {
            let mut best: Option<(bool, f64, usize, usize, f64)> = None;
            for (alley, samples) in all.iter().enumerate() {
                for (part, along, position) in samples {
                    let distance = (at[0] - position[0]).hypot(at[1] - position[1]);
                    let is_other = Some(alley) != said;
                    let is_better = best
                        .is_none_or(|(other, nearest, ..)| (is_other, distance) < (other, nearest));
                    if distance <= *reach && is_better {
                        best = Some((is_other, distance, alley, *part, *along));
                    }
                }
            }
            best.map(|(_, _, alley, part, along)| (alley, part, along))
        })
        .collect();
    let mut lengths = vec![0.0; alleys.len()];
    for (alley, samples) in all.iter().enumerate() {
        let mut spans: Vec<(usize, f64, f64)> = Vec::new();
        for (j, second) in own.iter().enumerate() {
            let Some((a, part, to)) = second.filter(|own| own.0 == alley) else { continue };
            let earlier = own[..j]
                .iter()
                .rposition(|own| own.is_some_and(|(other, of, _)| other == a && of == part));
            let Some(i) = earlier else { continue };
            let (from, (p, t, r), (q, u, s)) = (own[i].unwrap().2, track[i], track[j]);
            let metres = (p[0] - q[0]).hypot(p[1] - q[1]);
            let in_time = (u - t) / 1000 <= i64::from(rules.gap_seconds);
            let along = (to - from).abs() <= rules.gap_m + r + s;
            if in_time && metres <= rules.gap_m && along {
                spans.push((part, from.min(to), from.max(to)));
            }
        }
        for pair in samples.windows(2) {
            let [(part, from, _), (next, to, _)] = [pair[0], pair[1]];
            let middle = f64::midpoint(from, to);
            let holds = |(of, start, end): &(usize, f64, f64)| {
                *of == part && middle >= *start && middle <= *end
            };
            if part == next && spans.iter().any(holds) {
                lengths[alley] += to - from;
            }
        }
    }
    lengths
}

fn engine_way(
    alleys: &[Vec<Vec<[f64; 2]>>],
    track: &[([f64; 2], i64, f64)],
    said: Option<usize>,
    rules: &PatrolRules,
) -> (Vec<AlleyLine>, Covered) {
    let lines: Vec<AlleyLine> = alleys.iter().map(|parts| AlleyLine::new(parts.clone())).collect();
    let fixes: Vec<Fix> = track
        .iter()
        .map(|(at, time, reach)| {
            let near = lines.iter().enumerate();
            let near =
                near.filter_map(|(alley, line)| Some(Near { alley, on: line.nearest(*at)? }));
            Fix { at: *at, time: *time, reach: *reach, near: near.collect() }
        })
        .collect();
    let covered = covered(&fixes, said, rules);
    (lines, covered)
}

/// Alleys that never come near themselves: they go east, each part after the last.
fn alley() -> impl Strategy<Value = Vec<Vec<[f64; 2]>>> {
    let part = (2_usize..6).prop_flat_map(|count| prop::collection::vec(-40.0..40.0_f64, count));
    (0.0..200.0_f64, prop::collection::vec(part, 1..3)).prop_map(|(north, parts)| {
        let mut east = 0.0;
        let vertex = |northing: f64, east: &mut f64| {
            *east += 90.0;
            [*east, north + northing]
        };
        let part = |northings: Vec<f64>| {
            northings.into_iter().map(|northing| vertex(northing, &mut east)).collect()
        };
        parts.into_iter().map(part).collect()
    })
}

fn track() -> impl Strategy<Value = Vec<([f64; 2], i64, f64)>> {
    let step = (-20.0..80.0_f64, -30.0..30.0_f64, 1_i64..240, 20.0..60.0_f64);
    (0.0..200.0_f64, prop::collection::vec(step, 1..40)).prop_map(|(north, steps)| {
        let (mut at, mut time) = ([60.0, north], 0);
        let fix = |(east, north, seconds, reach): (f64, f64, i64, f64)| {
            at = [at[0] + east, at[1] + north];
            time += seconds * 1000;
            (at, time, reach)
        };
        steps.into_iter().map(fix).collect()
    })
}

proptest! {
    #[test]
    fn what_is_covered_is_what_dense_samples_say(
        alleys in prop::collection::vec(alley(), 1..4), track in track(), said in 0_usize..5,
    ) {
        let rules = PatrolRules::default();
        let said = Some(said).filter(|said| *said < alleys.len());
        let (lines, found) = engine_way(&alleys, &track, said, &rules);
        let expected = naive(&alleys, &track, said, &rules);
        for (alley, expected) in expected.into_iter().enumerate() {
            let found = found.get(&alley);
            let length = found.map_or(0.0, Intervals::length);
            // A sample on either side of each end; a tie of distances may fall to another place.
            let slack = 0.1 * track.len() as f64 + 0.5;
            prop_assert!((length - expected).abs() < slack, "{length} m, by samples {expected} m");
            prop_assert!(length <= lines[alley].length() + 1e-6);
            let cut: f64 = found.into_iter().flat_map(Intervals::iter)
                .flat_map(|between| lines[alley].cut(between))
                .map(|line| AlleyLine::new([line]).length())
                .sum();
            prop_assert!((cut - length).abs() < 1e-6, "{cut} m of line for {length} m");
        }
        // Walked once more, and back, nothing else is covered.
        let last = track.last().map_or(0, |fix| fix.1);
        let again = track.iter().map(|(at, time, reach)| (*at, time + last + 600_000, *reach));
        let twice: Vec<_> = track.iter().copied().chain(again).collect();
        prop_assert_eq!(engine_way(&alleys, &twice, said, &rules).1, found);
    }

    #[test]
    fn a_union_of_intervals_holds_what_each_holds(
        spans in prop::collection::vec((0_u8..60, 0_u8..60), 0..30),
    ) {
        let mut union = Intervals::default();
        let mut cells = [false; 60];
        for (one, other) in &spans {
            union.add(f64::from(*one), f64::from(*other));
            cells[usize::from(*one.min(other))..usize::from(*one.max(other))].fill(true);
        }
        prop_assert_eq!(union.length(), cells.iter().filter(|cell| **cell).count() as f64);
        let all: Vec<[f64; 2]> = union.iter().collect();
        prop_assert!(all.windows(2).all(|pair| pair[0][1] < pair[1][0]), "{all:?}");
        let mut again = union.clone();
        again.extend(&union);
        prop_assert_eq!(again, union);
    }
}

#[test]
fn neither_a_leap_nor_a_pause_nor_a_short_cut_covers() {
    let rules = PatrolRules::default();
    let straight = vec![vec![vec![[0.0, 0.0], [1000.0, 0.0]]]];
    let length = |alleys: &[Vec<Vec<[f64; 2]>>], track: &[([f64; 2], i64, f64)]| {
        engine_way(alleys, track, None, &rules).1.get(&0).map_or(0.0, Intervals::length)
    };
    let walk = [([0.0, 5.0], 0, 20.0), ([100.0, 5.0], 90_000, 20.0)];
    assert_eq!(length(&straight, &walk), 100.0);
    assert_eq!(length(&straight, &[walk[0], ([400.0, 5.0], 90_000, 20.0)]), 0.0, "a leap");
    assert_eq!(length(&straight, &[walk[0], ([100.0, 5.0], 300_000, 20.0)]), 0.0, "a pause");
    assert_eq!(length(&straight, &walk[..1]), 0.0, "one position");
    assert_eq!(length(&straight, &[([0.0, 25.0], 0, 20.0), walk[1]]), 0.0, "beyond the tolerance");
    assert_eq!(length(&straight, &[([0.0, 25.0], 0, 30.0), walk[1]]), 100.0, "as it is inaccurate");
    // Up, across and down again: the ends are near each other, the way is not.
    let bow = vec![vec![vec![[0.0, 0.0], [0.0, 400.0], [100.0, 400.0], [100.0, 0.0]]]];
    assert_eq!(length(&bow, &[([0.0, 0.0], 0, 20.0), ([100.0, 0.0], 60_000, 20.0)]), 0.0);
    // Across a junction the side alley gets nothing; of two side by side the nearer one.
    let cross = vec![straight[0].clone(), vec![vec![[50.0, -100.0], [50.0, 100.0]]]];
    let steps: Vec<([f64; 2], i64, f64)> =
        (0..=20).map(|step| ([f64::from(step) * 5.0, 1.0], i64::from(step) * 4000, 20.0)).collect();
    let (_, found) = engine_way(&cross, &steps, None, &rules);
    assert_eq!(found.get(&0).unwrap().length(), 100.0);
    assert_eq!(found.get(&1), None);
    let beside = vec![straight[0].clone(), vec![vec![[0.0, 15.0], [1000.0, 15.0]]]];
    assert_eq!(engine_way(&beside, &walk, None, &rules).1.keys().collect::<Vec<_>>(), [&0]);
    let said = engine_way(&beside, &walk, Some(1), &rules).1;
    assert_eq!(said.keys().collect::<Vec<_>>(), [&1], "the one that was said");
    assert_eq!(rules.reach(Some(101.0)), None);
}
