//! Well-known binary: the bytes in which GeoPackage, PostGIS and most files hold a geometry.
//!
//! Reads ISO 13249-3 (types +1000 Z, +2000 M, +3000 ZM) and EWKB (flag bits, optional SRID) in
//! either byte order; writes ISO, little endian. Every count is checked against the bytes that
//! remain before anything is allocated. x and y must be finite; Z and M may be NaN, which means
//! "no value". Curves are replaced by chords, unclosed rings are closed, and both are counted
//! in [`Decoded`], so that nothing changes in silence.

mod arc;
mod read;
#[cfg(test)]
mod wkb_tests;
mod write;

use thiserror::Error;

use crate::Geometry;

pub(crate) use read::read_point;
pub use read::{decode, decode_at};
pub use write::{encode, encode_into};

/// How deep geometry collections may lie in each other.
pub const MAX_DEPTH: u32 = 8;
/// How many vertices the curves of one geometry may be replaced by.
pub const MAX_CURVE_VERTICES: usize = 1_000_000;

/// A geometry as it was read, with what was done to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The shape with its Z and M. An empty point is an empty `MultiPoint`, for geo-types has
    /// no empty point; inside a multipoint empty points are left out.
    pub geometry: Geometry,
    /// The SRID of EWKB, if it was said.
    pub srid: Option<u32>,
    /// Circular arcs that were replaced by chords.
    pub arcs: u32,
    /// Rings that were closed by repeating their first vertex.
    pub closed_rings: u32,
    /// Where the first of them ended.
    pub unclosed_at: Option<[f64; 2]>,
}

/// Why bytes are no geometry, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("geometry, byte {offset}: {reason}")]
pub struct DecodeError {
    /// Byte at which reading failed, counted from the start of the buffer.
    pub offset: usize,
    /// What is wrong there.
    pub reason: DecodeReason,
}

/// What is wrong with the bytes of a geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeReason {
    /// The bytes end inside a number.
    #[error("the bytes end here, {0} more were expected")]
    Truncated(usize),
    /// Neither 0 nor 1.
    #[error("byte order {0}, expected 0 (big endian) or 1 (little endian)")]
    ByteOrder(u8),
    /// No type of the standard.
    #[error("type code {0} names no geometry type")]
    UnknownType(u32),
    /// A surface that is not flat: polyhedral surface, TIN, triangle.
    #[error("type code {0} (a surface in space) is not read; convert it to polygons first")]
    UnsupportedType(u32),
    /// A member that its parent cannot hold.
    #[error("type {member} cannot be a member of type {parent}")]
    Member {
        /// Type that holds.
        parent: u32,
        /// Type that is held.
        member: u32,
    },
    /// More items than the remaining bytes could hold.
    #[error("{0} items cannot fit into the bytes that remain")]
    Count(u32),
    /// Collections nested deeper than [`MAX_DEPTH`].
    #[error("collections lie deeper in each other than {MAX_DEPTH}")]
    TooDeep,
    /// NaN or infinite x or y, or infinite Z or M.
    #[error("a coordinate is not a finite number")]
    NotFinite,
    /// An arc needs three points, each further one two more.
    #[error("a circular string of {0} points, expected an odd number from 3")]
    ArcPoints(u32),
    /// Arcs that become more than [`MAX_CURVE_VERTICES`].
    #[error("curves of more than {MAX_CURVE_VERTICES} vertices")]
    TooManyVertices,
    /// Bytes after the end of the geometry.
    #[error("{0} bytes are left after the geometry")]
    Trailing(usize),
    /// A GeoPackage geometry that does not start with `GP`.
    #[error("no GeoPackage geometry: it does not start with GP")]
    Magic,
    /// A GeoPackage geometry of another version than 0.
    #[error("GeoPackage geometry version {0}, expected 0")]
    Version(u8),
    /// A reserved kind of envelope.
    #[error("envelope kind {0}, expected 0 to 4")]
    EnvelopeKind(u8),
    /// An extended GeoPackage geometry, whose body is no WKB.
    #[error("an extended GeoPackage geometry is not read; convert it to a standard one first")]
    Extended,
}
