//! Whether geometries lie over each other so often that an exact answer would take too long.

use geo_types::{Geometry as Shape, LineString, Polygon};

use crate::validity::{Segments, meets_more_often_than};

/// Crossings of boundaries that one overlay or relation may have.
pub const MAX_CROSSINGS: usize = 200_000;

/// Whether segments of `shapes` meet in more than `most` places, neighbours in a path apart;
/// also when finding that out takes too long.
pub(crate) fn crosses_more_often(shapes: &[&Shape<f64>], most: usize) -> bool {
    let mut rings = Vec::new();
    for shape in shapes {
        collect(shape, &mut rings);
    }
    let segments: usize = rings.iter().map(|ring| ring.exterior().0.len()).sum();
    // Not more than every segment with every other.
    segments.saturating_mul(segments) / 2 > most
        && meets_more_often_than(&Segments::of(&rings), most)
}

/// Every path as a ring of its own; a line gets one edge too many, which does no harm.
fn collect(shape: &Shape<f64>, rings: &mut Vec<Polygon<f64>>) {
    crate::geometry::visit_paths(shape, &mut |role, path| {
        if role != crate::PathRole::Points {
            rings.push(Polygon::new(LineString(path.to_vec()), Vec::new()));
        }
    });
}
