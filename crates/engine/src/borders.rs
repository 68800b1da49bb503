//! 四至 on a plane: which stretches of a parcel's boundary it shares with which others, and toward which
//! side each looks.
//!
//! An edge looks to the side that its outward normal points to. Two edges share what lies within a
//! tolerance of both, so that parcels need not have the same vertices. Everything is in metres.

use ::ledger::clue::Toward;
use spatial::{FeatureId, measure};

/// Two ends; on a ring that goes counterclockwise the outside lies to the right.
pub(crate) type Edge = [[f64; 2]; 2];

/// A stretch of a boundary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stretch {
    /// The side that it looks to.
    pub(crate) toward: Toward,
    /// Who shares it; none where nobody does.
    pub(crate) neighbour: Option<FeatureId>,
    /// Where it is, in the direction of its edge.
    pub(crate) line: Edge,
}

impl Stretch {
    /// How long it is.
    pub(crate) fn metres(&self) -> f64 {
        let [a, b] = self.line;
        (b[0] - a[0]).hypot(b[1] - a[1])
    }
}

/// The edges of a closed ring, counterclockwise.
pub(crate) fn ring_edges(ring: &[[f64; 2]]) -> impl Iterator<Item = Edge> + '_ {
    let is_clockwise = measure::signed_ring_area(ring.iter().copied()) < 0.0;
    ring.windows(2)
        .filter(|edge| edge[0] != edge[1])
        .map(move |edge| if is_clockwise { [edge[1], edge[0]] } else { [edge[0], edge[1]] })
}

/// The stretches of the exterior edges `own` that lie along edges of others, by others in their order,
/// and what is left of each edge; what is no longer than the tolerance is a corner and counts for
/// nothing by itself.
pub(crate) fn stretches(
    own: &[Edge],
    others: &[(FeatureId, Vec<Edge>)],
    tolerance: f64,
) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    for edge in own {
        let mut all = Vec::new();
        for (id, others) in others {
            let mut shared: Vec<[f64; 2]> =
                others.iter().filter_map(|other| common(*edge, *other, tolerance)).collect();
            let shared = joined(&mut shared);
            all.extend(&shared);
            stretches.extend(shared.into_iter().map(|part| stretch(*edge, Some(*id), part)));
        }
        let shared = joined(&mut all);
        stretches.extend(left(&shared).into_iter().map(|part| stretch(*edge, None, part)));
    }
    stretches
}

fn stretch([a, b]: Edge, neighbour: Option<FeatureId>, [from, to]: [f64; 2]) -> Stretch {
    let d = [b[0] - a[0], b[1] - a[1]];
    let at = |t: f64| [a[0] + d[0] * t, a[1] + d[1] * t];
    // Counterclockwise, the outside lies to the right.
    Stretch { toward: Toward::of([d[1], -d[0]]), neighbour, line: [at(from), at(to)] }
}

/// The stretch of `edge`, from 0 to 1, along which `other` runs within `tolerance`.
fn common(edge: Edge, other: Edge, tolerance: f64) -> Option<[f64; 2]> {
    let [a, b] = edge;
    let d = [b[0] - a[0], b[1] - a[1]];
    let length = d[0].hypot(d[1]);
    let along = |p: [f64; 2]| ((p[0] - a[0]) * d[0] + (p[1] - a[1]) * d[1]) / (length * length);
    let aside = |p: [f64; 2]| ((p[0] - a[0]) * d[1] - (p[1] - a[1]) * d[0]) / length;
    let (t, u) = (other.map(along), other.map(aside));
    let span = t[1] - t[0];
    let [from, to] = [t[0].min(t[1]).max(0.0), t[0].max(t[1]).min(1.0)];
    // A corner that is only touched shares nothing.
    if (to - from) * length <= tolerance || span == 0.0 {
        return None;
    }
    let off = |at: f64| (u[0] + (u[1] - u[0]) * (at - t[0]) / span).abs();
    (off(from) <= tolerance && off(to) <= tolerance).then_some([from, to])
}

/// The stretches put together where they overlap, in order.
fn joined(stretches: &mut [[f64; 2]]) -> Vec<[f64; 2]> {
    stretches.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let mut joined: Vec<[f64; 2]> = Vec::new();
    for [from, to] in stretches.iter().copied() {
        match joined.last_mut() {
            Some(last) if from <= last[1] => last[1] = last[1].max(to),
            _ => joined.push([from, to]),
        }
    }
    joined
}

/// What is left of an edge beside these stretches.
fn left(stretches: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let ends = std::iter::once(0.0).chain(stretches.iter().map(|one| one[1]));
    let starts = stretches.iter().map(|one| one[0]).chain([1.0]);
    ends.zip(starts).map(|(from, to)| [from, to]).filter(|[from, to]| to > from).collect()
}
