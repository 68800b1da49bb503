//! Why an expression is no filter of a collection.

use thiserror::Error;

use super::TimeFault;
use crate::GeometryFault;
use crate::densify::DensifyError;
use crate::validity::Defect;

/// Why an expression cannot filter a collection.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum FilterError {
    /// No field is called so.
    #[error("property {name:?} is unknown; known: {}", .known.join(", "))]
    UnknownProperty {
        /// The name in the filter.
        name: String,
        /// The geometry and every field that the reader may read.
        known: Vec<String>,
    },
    /// The reader may not read the field, so neither filter by it.
    #[error("property {name:?} may not be filtered by: it needs rights that this reader lacks")]
    Unreadable {
        /// The name in the filter.
        name: String,
    },
    /// CQL2 names no such function, nor does this server.
    #[error("function {name:?} is unknown; known: {}", .known.join(", "))]
    UnknownFunction {
        /// The name in the filter.
        name: String,
        /// Every function offered.
        known: Vec<&'static str>,
    },
    /// A function has too few or too many arguments.
    #[error("function {name} takes {wanted} arguments, not {found}")]
    ArgumentCount {
        /// The function.
        name: &'static str,
        /// How many it takes.
        wanted: usize,
        /// How many stand there.
        found: usize,
    },
    /// Something is of another kind than its place wants.
    #[error("{operand} is {found}, but {place} takes {wanted}")]
    Kind {
        /// What stands there, e.g. `property "area"`.
        operand: String,
        /// What it is.
        found: &'static str,
        /// The operator or function around it.
        place: String,
        /// What it takes.
        wanted: &'static str,
    },
    /// Two things of different kinds are compared.
    #[error("{left} is {left_kind} and {right} is {right_kind}; they cannot be compared")]
    Mixed {
        /// What stands left.
        left: String,
        /// What it is.
        left_kind: &'static str,
        /// What stands right.
        right: String,
        /// What it is.
        right_kind: &'static str,
    },
    /// Text that is compared with a time is none.
    #[error(transparent)]
    Time(#[from] TimeFault),
    /// An interval ends before it begins.
    #[error("the interval from {start} to {end} ends before it begins")]
    Interval {
        /// Where it begins.
        start: String,
        /// Where it ends.
        end: String,
    },
    /// A box with a lower corner above its upper one.
    #[error("the box {corners:?} has its lower border above its upper one")]
    Bbox {
        /// The corners as written.
        corners: [f64; 4],
    },
    /// A geometry in the filter is not valid.
    #[error("a geometry of the filter is not valid: {defect}")]
    InvalidGeometry {
        /// What is wrong, and where in the coordinates of the filter.
        defect: Defect,
    },
    /// A geometry in the filter cannot be brought into the storage CRS.
    #[error("a geometry of the filter cannot be used here: {0}")]
    Projection(#[from] DensifyError),
    /// Two geometries in the filter cannot be related.
    #[error("two geometries of the filter cannot be compared: {0}")]
    Geometry(#[from] GeometryFault),
}
