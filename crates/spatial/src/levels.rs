//! Levels: the first zoom at which each vertex of a ring or line is needed.
//!
//! A vertex is a *node* where features that use it go on to different neighbours, and where a
//! line ends. Nodes cut rings and lines into arcs, and every arc is simplified by itself, in a way
//! that does not depend on the direction in which a feature runs along it: features that share
//! an arc keep the same vertices of it. Distances are taken on the world grid. A vertex of level
//! `l` is drawn at zooms `l` and above, nodes at every zoom, so that a zoom is a pure filter.

mod arcs;
mod clearance;
mod nodes;
mod shards;

#[cfg(test)]
mod levels_tests;

pub(crate) use clearance::outline;
pub(crate) use nodes::Vertex;
pub(crate) use shards::{Members, levels_of};

/// Level of a vertex that no zoom needs: it repeats its predecessor, or lies exactly between its
/// neighbours.
pub const NEVER: u8 = u8::MAX;

/// Zoom at which a tile unit is one world unit.
const UNIT_ZOOM: i32 = 20;
/// Levels of vertices that lie less than a world unit off end here.
const LAST: i32 = 24;
/// What the outline may move by, in tile units.
const TOLERANCE: f64 = 0.5;

/// Level of a vertex that lies the square root of `distance2` world units off the line that is
/// drawn without it.
fn level_of(distance2: f64) -> u8 {
    first_zoom(distance2, TOLERANCE)
}

/// The first zoom at which the square root of `distance2` world units are at least `units` tile
/// units; [`NEVER`] when that is far beyond the world grid.
fn first_zoom(distance2: f64, units: f64) -> u8 {
    let ratio = distance2 / (units * units);
    // The smallest zoom `z` with 4^(20 − z) ≤ ratio; the exponent of a float is its logarithm,
    // rounded down.
    let exponent = (ratio.to_bits() >> 52) as i32 - 1023;
    if exponent < -2 * (LAST - UNIT_ZOOM) {
        return NEVER;
    }
    (UNIT_ZOOM - exponent.div_euclid(2)).clamp(0, LAST) as u8
}
