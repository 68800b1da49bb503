//! Places: the units of administration and what lies beside them (grid cells, alleys, focus areas,
//! planning layers), who answers for them, and how features are assigned to them.
//!
//! A unit is known by one code at a time, has codes of further schemes beside it, other names, one
//! level, a parent one level up, and a validity in days. Its kind (街道, 镇, 地区 …) is never inferred
//! from a code: areas that are towns stand among the streets' numbers.
//!
//! *Invariants:* days are those of Asia/Shanghai; a validity holds its first day and not its last
//! ([`Validity`]); `check` says every defect in words and changes nothing.

mod assignment;
mod check;
mod check_places;
mod code_scheme;
mod defect;
mod level;
mod names;
mod place_defect;
mod row;
mod schema;
mod unit;

#[cfg(test)]
mod check_tests;
#[cfg(test)]
mod place_tests;
mod validity;

pub use assignment::{
    ASSIGNED_BY, AssignedBy, BELOW_DISTRICT, GRID, InvalidAssignedBy, MAX_REASON,
    assignment_fields, counted_at,
};
pub use check::check;
pub use check_places::{
    PlaceRow, ValidCodes, check_places, check_responsibilities, codes_of_units,
};
pub use code_scheme::CodeScheme;
pub use defect::UnitDefect;
pub use level::Level;
pub use names::{called, split_names};
pub use place_defect::PlaceDefect;
pub use row::{CodeReader, UnitReader, UnitRow, ValidityReader};
pub use schema::{
    ADMIN_UNITS, ALLEYS, COLLECTIONS, FOCUS_AREAS, GRID_CELLS, PLANNING_LAYERS, RESPONSIBILITIES,
};
pub use spatial::{Day, InvalidDay};
pub use unit::AdminUnit;
pub use validity::Validity;
