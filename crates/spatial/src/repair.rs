//! Mends a geometry, or says that it cannot be mended.
//!
//! First come the mends that keep every vertex that means something, with its Z and M: repeated
//! vertices go, rings and lines without extent go, rings are turned. If boundaries still cross,
//! the polygons are built anew by the rules of GEOS' `ST_MakeValid(…, 'method=structure')`:
//! each ring encloses whatever it winds round (non-zero, so both wings of a bow tie stay),
//! exteriors unite, holes are cut out, and a hole that lies apart from its exterior is an
//! exterior of its own. This works on the grid of the coordinates' own last bits, where it is
//! exact but for new crossings, which are rounded to that grid. What is given back passes
//! [`validity::check`] without any defect.

mod clean;
mod rebuild;
#[cfg(test)]
mod repair_tests;

use std::fmt;

use crate::Geometry;
use crate::validity::{self, DefectKind};

/// What was done to a geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fix {
    /// Repeated vertices were dropped.
    DuplicatePoint,
    /// Rings or lines without extent were dropped, others of the geometry stay.
    DegenerateDropped,
    /// Rings were turned round.
    WrongWinding,
    /// Polygons were built anew because their boundaries crossed.
    SelfIntersection,
    /// Z and M were dropped, for they do not belong to the new vertices.
    ZDropped,
}

impl Fix {
    /// The stable name, in snake case.
    pub fn name(self) -> &'static str {
        match self {
            Self::DuplicatePoint => "duplicate_point",
            Self::DegenerateDropped => "degenerate_dropped",
            Self::WrongWinding => "wrong_winding",
            Self::SelfIntersection => "self_intersection",
            Self::ZDropped => "z_dropped",
        }
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A mended geometry.
#[derive(Clone, Debug, PartialEq)]
pub struct Repaired {
    /// The geometry in the form in which it is stored; `None` when it cannot be mended.
    pub geometry: Option<Geometry>,
    /// What was done, each kind once, in order; empty when nothing was wrong.
    pub fixes: Vec<Fix>,
}

/// Mends `geometry` until [`validity::check`] finds no defect. Nothing is invented: NaN, tiny
/// extents and very many vertices or crossings are not mended.
pub fn repair(geometry: Geometry) -> Repaired {
    let defects = validity::check(&geometry);
    if defects.is_empty() {
        return Repaired { geometry: Some(geometry), fixes: Vec::new() };
    }
    let hopeless = [DefectKind::NotFinite, DefectKind::TooManyVertices, DefectKind::TooComplex];
    let beyond = Repaired { geometry: None, fixes: Vec::new() };
    if defects.iter().any(|defect| hopeless.contains(&defect.kind)) {
        return beyond;
    }
    let mut fixes = Vec::new();
    let Some(cleaned) = clean::clean(&geometry, &mut fixes) else { return beyond };
    let left = validity::check(&cleaned);
    let geometry = if left.is_empty() {
        Some(cleaned)
    } else if left.iter().any(|defect| hopeless.contains(&defect.kind)) {
        None
    } else {
        fixes.push(Fix::SelfIntersection);
        if !(cleaned.z.is_empty() && cleaned.m.is_empty()) {
            fixes.push(Fix::ZDropped);
        }
        rebuild::rebuild(&cleaned.shape)
    };
    fixes.sort_unstable();
    fixes.dedup();
    match geometry {
        Some(_) => Repaired { geometry, fixes },
        None => beyond,
    }
}
