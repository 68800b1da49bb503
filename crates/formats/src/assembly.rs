//! Puts a geometry together vertex by vertex: Z and M beside the shape, rings closed.

use geo_types::{Coord, Geometry as Shape, LineString};
use spatial::Geometry;

/// A geometry as a file gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadGeometry {
    /// The geometry; its rings are closed.
    pub geometry: Geometry,
    /// Stable kinds of what was mended, e.g. `unclosed_ring`.
    pub mended: Vec<&'static str>,
    /// Where the first ring that was closed ended; absent when none was, or it is not known.
    pub unclosed_at: Option<[f64; 2]>,
}

/// Kind of a ring that did not end where it began and was closed.
pub(crate) const UNCLOSED_RING: &str = "unclosed_ring";

/// The Z and M values of a geometry under construction.
///
/// Callers push each vertex here in the order in which they put it into the shape. As soon as
/// one vertex has a Z (or M) the others hold 0.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    vertices: usize,
    z: Vec<f64>,
    m: Vec<f64>,
    /// Last vertex of the first ring that did not end where it began.
    unclosed_at: Option<[f64; 2]>,
}

impl Assembly {
    /// Notes the next vertex.
    #[inline]
    pub(crate) fn push(&mut self, z: Option<f64>, m: Option<f64>) {
        push_measure(&mut self.z, self.vertices, z);
        push_measure(&mut self.m, self.vertices, m);
        self.vertices += 1;
    }

    /// Notes `count` vertices without Z and M.
    pub(crate) fn push_plain(&mut self, count: usize) {
        self.vertices += count;
        for values in [&mut self.z, &mut self.m] {
            if !values.is_empty() {
                values.resize(self.vertices, 0.0);
            }
        }
    }

    /// Closes `ring`, whose vertices are the last ones pushed.
    pub(crate) fn ring(&mut self, mut ring: Vec<Coord<f64>>) -> LineString<f64> {
        if let (Some(&first), Some(&last)) = (ring.first(), ring.last())
            && first != last
        {
            let at = self.vertices - ring.len();
            self.push(self.z.get(at).copied(), self.m.get(at).copied());
            ring.push(first);
            self.unclosed_at.get_or_insert([last.x, last.y]);
        }
        LineString(ring)
    }

    /// The geometry, once every vertex is pushed.
    pub(crate) fn finish(self, shape: Shape<f64>) -> ReadGeometry {
        let Self { z, m, unclosed_at, .. } = self;
        let mended = if unclosed_at.is_some() { vec![UNCLOSED_RING] } else { Vec::new() };
        ReadGeometry { geometry: Geometry { shape, z, m }, mended, unclosed_at }
    }
}

#[inline]
fn push_measure(values: &mut Vec<f64>, vertices: usize, value: Option<f64>) {
    match value {
        Some(value) => {
            values.resize(vertices, 0.0);
            values.push(value);
        }
        None if values.is_empty() => {}
        None => values.push(0.0),
    }
}
