//! 四至 of a parcel on its plane: who shares each stretch of its boundary, and what lies beyond where
//! nobody does.

use ::ledger::clue::Toward;
use ::ledger::dossier::{Border, Neighbour, Side};
use geo_types::Geometry as Shape;
use spatial::geometry::visit_paths;
use spatial::{FeatureId, PathRole};

use crate::borders::{Edge, Stretch, ring_edges, stretches};

/// The sides in the order in which people name them.
const ORDER: [Toward; 4] = [Toward::East, Toward::South, Toward::West, Toward::North];

/// A parcel near the one whose sides are told.
pub(super) struct Near {
    pub(super) id: FeatureId,
    pub(super) name: Neighbour,
    pub(super) edges: Vec<Edge>,
}

/// A lane near it.
pub(super) struct Lane {
    pub(super) name: String,
    pub(super) edges: Vec<Edge>,
}

/// The edges of a shape: of exterior rings, of holes too, or of lines.
pub(super) fn edges(shape: &Shape<f64>, is_wanted: impl Fn(PathRole) -> bool) -> Vec<Edge> {
    let mut edges = Vec::new();
    visit_paths(shape, &mut |role, path| {
        if !is_wanted(role) {
            return;
        }
        let path: Vec<[f64; 2]> = path.iter().map(|c| [c.x, c.y]).collect();
        match role {
            PathRole::Exterior | PathRole::Hole => edges.extend(ring_edges(&path)),
            _ => edges.extend(path.windows(2).map(|edge| [edge[0], edge[1]])),
        }
    });
    edges
}

/// The four sides; what is no longer than `tolerance` is a corner. Beyond a stretch that nobody shares
/// is looked `across` metres, from its middle straight out.
pub(super) fn sides(
    own: &[Edge],
    near: &[Near],
    lanes: &[Lane],
    [tolerance, across]: [f64; 2],
) -> Vec<Side> {
    let others: Vec<(FeatureId, Vec<Edge>)> =
        near.iter().map(|one| (one.id, one.edges.clone())).collect();
    let all = stretches(own, &others, tolerance);
    ORDER
        .into_iter()
        .map(|toward| {
            let of_side = all.iter().filter(|stretch| stretch.toward == toward);
            let mut borders: Vec<Border> = Vec::new();
            for stretch in of_side {
                let border = match stretch.neighbour {
                    Some(id) => Border {
                        neighbour: near.iter().find(|one| one.id == id).map(|one| one.name.clone()),
                        lane: None,
                        across: None,
                        metres: stretch.metres(),
                    },
                    None => beyond(stretch, near, lanes, across),
                };
                let alike = |one: &&mut Border| {
                    one.neighbour == border.neighbour
                        && one.lane == border.lane
                        && (one.across == border.across || one.lane.is_some())
                };
                match borders.iter_mut().find(alike) {
                    Some(one) => {
                        one.metres += border.metres;
                        one.across = one.across.take().or(border.across);
                    }
                    None => borders.push(border),
                }
            }
            borders.retain(|border| border.metres > tolerance);
            // Stable: of equal length, what comes first along the boundary.
            borders.sort_by(|a, b| b.metres.total_cmp(&a.metres));
            Side { toward, borders }
        })
        .collect()
}

/// What a ray from the middle of a stretch meets within `reach` metres: the nearest lane, unless a
/// parcel is nearer, and the nearest parcel.
fn beyond(stretch: &Stretch, near: &[Near], lanes: &[Lane], reach: f64) -> Border {
    let [a, b] = stretch.line;
    let metres = stretch.metres();
    let from = [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
    let out = [(b[1] - a[1]) / metres, (a[0] - b[0]) / metres];
    let ray = [from, [from[0] + out[0] * reach, from[1] + out[1] * reach]];
    let first = |edges: &[Edge]| {
        edges.iter().filter_map(|edge| crossing(ray, *edge)).min_by(f64::total_cmp)
    };
    let nearest_lane = lanes.iter().filter_map(|lane| Some((first(&lane.edges)?, lane)));
    let lane = nearest_lane.min_by(|a, b| a.0.total_cmp(&b.0));
    let nearest_parcel = near.iter().filter_map(|one| Some((first(&one.edges)?, one)));
    let parcel = nearest_parcel.min_by(|a, b| a.0.total_cmp(&b.0));
    let lane = lane.filter(|(t, _)| parcel.as_ref().is_none_or(|(other, _)| t <= other));
    Border {
        neighbour: None,
        lane: lane.map(|(_, lane)| lane.name.clone()),
        across: parcel.map(|(_, one)| one.name.clone()),
        metres,
    }
}

/// Where `ray` meets `edge`, as a share of the ray.
fn crossing([a, b]: Edge, [c, d]: Edge) -> Option<f64> {
    let cross = |u: [f64; 2], v: [f64; 2]| u[0] * v[1] - u[1] * v[0];
    let minus = |p: [f64; 2], q: [f64; 2]| [p[0] - q[0], p[1] - q[1]];
    let (along, edge) = (minus(b, a), minus(d, c));
    let apart = cross(along, edge);
    if apart == 0.0 {
        return None;
    }
    let (t, s) = (cross(minus(c, a), edge) / apart, cross(minus(c, a), along) / apart);
    ((0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&s)).then_some(t)
}
