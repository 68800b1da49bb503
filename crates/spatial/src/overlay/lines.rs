//! Lines cut by polygons.

use geo::CoordsIter;
use geo_types::{Geometry as Shape, LineString, MultiLineString};
use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::IntOverlayOptions;
use i_overlay::i_float::int::point::IntPoint;
use i_overlay::string::clip::ClipRule;
use i_overlay::string::overlay::StringOverlay;
use rustc_hash::FxHashMap;

use super::{Grid, Overlaid, OverlayFault, OverlayOp, canonical, rings_of};
use crate::geometry::visit_paths;
use crate::relate::guarded;
use crate::{Envelope, PathRole};

type Path = Vec<IntPoint<i64>>;

/// The part of `lines` that lies in `area`, its border included, or the part outside.
pub(super) fn clip(
    lines: &Shape<f64>,
    area: &Shape<f64>,
    op: OverlayOp,
) -> Result<Overlaid, OverlayFault> {
    let both = lines.coords_iter().chain(area.coords_iter()).map(|c| [c.x, c.y]);
    let Some(grid) = Grid::fine(&Envelope::of(both)) else {
        let nothing = Shape::MultiLineString(MultiLineString(Vec::new()));
        return Ok(Overlaid { geometry: nothing.into(), area: 0.0 });
    };
    let outside = op == OverlayOp::Difference;
    let mut paths = guarded(op.name(), || {
        let mut engine = StringOverlay::with_options(64, IntOverlayOptions::keep_all_points());
        for ring in rings_of(area) {
            engine.add_shape_contour_iter(ring.iter().skip(1).map(|vertex| grid.point(*vertex)));
        }
        visit_paths(lines, &mut |role, path| {
            if role == PathRole::Line {
                let mut path: Path = path.iter().map(|c| grid.point([c.x, c.y])).collect();
                path.dedup();
                engine.add_string_path(&path);
            }
        });
        let rule = ClipRule { invert: outside, boundary_included: true };
        engine.clip_string_lines(FillRule::NonZero, rule)
    })?;
    paths.sort_unstable();
    let lines = chain(paths).into_iter().filter_map(|path| {
        let mut line: Vec<_> = path.into_iter().map(|point| grid.coord(point)).collect();
        line.dedup();
        (line.len() > 1).then_some(LineString(line))
    });
    let mut lines = canonical::lines(lines.collect());
    let shape = match lines.len() {
        1 => Shape::LineString(lines.remove(0)),
        _ => Shape::MultiLineString(MultiLineString(lines)),
    };
    Ok(Overlaid { geometry: shape.into(), area: 0.0 })
}

/// Joins paths where one ends and just one other starts, so that a line is cut at the border
/// alone.
fn chain(paths: Vec<Path>) -> Vec<Path> {
    // How many ends lie at a point, and which path starts there.
    let mut ends: FxHashMap<IntPoint<i64>, (usize, usize, usize)> = FxHashMap::default();
    for (place, path) in paths.iter().enumerate() {
        if let [first, .., last] = path.as_slice() {
            let entry = ends.entry(*first).or_default();
            *entry = (entry.0 + 1, entry.1, place);
            ends.entry(*last).or_default().1 += 1;
        }
    }
    let next = |path: &Path| match ends.get(path.last()?) {
        Some((1, 1, next)) => Some(*next),
        _ => None,
    };
    let mut followers = vec![false; paths.len()];
    for (place, path) in paths.iter().enumerate() {
        if let Some(next) = next(path).filter(|next| *next != place) {
            followers[next] = true;
        }
    }
    let mut used = vec![false; paths.len()];
    let mut chained = Vec::new();
    // Starts first, then what is left: circles, from their lowest path on.
    let starts = (0..paths.len()).filter(|place| !followers[*place]);
    for start in starts.chain(0..paths.len()) {
        let mut path = Path::new();
        let mut place = Some(start);
        while let Some(at) = place.filter(|at| !used[*at]) {
            used[at] = true;
            let skip = usize::from(!path.is_empty());
            path.extend(paths[at].iter().skip(skip));
            place = next(&paths[at]);
        }
        if path.len() > 1 {
            chained.push(path);
        }
    }
    chained
}
