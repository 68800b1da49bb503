//! Places: to which units of administration and grid cells features belong, and who answers for a
//! position.
//!
//! A collection is *assigned* when it has the text field `assigned_by` and one of `district`,
//! `town`, `village`, `courtyard`, `grid`. These then hold the code of the unit, valid on the day of
//! the commit, in whose polygon a feature lies: a point by its position, a line by its middle, a
//! polygon by the largest common area; of equals the smallest code. It happens where features are
//! written, within the commit (`write`) or before a bulk load (`loading`), and again when polygons change (`follow`, `sweep`), as
//! commits of their own by the actor `tuban`: what was true before stays in history. A commit gives no
//! place a code that another one of its collection has on the same days (`taken`), and no unit a level, day or
//! parent that is none (`written_units`).
//!
//! *Invariants:* what a person assigned by hand, with a reason, no polygon overrules; a level without
//! a polygon that day is left as it was written; a feature without a place is not assigned.

mod account_place;
mod answerable;
mod assigned;
mod contested;
mod follow;
mod index;
mod jurisdiction;
mod loading;
mod position;
mod responsible;
mod subject;
mod sweep;
mod taken;
mod write;
mod written_units;

#[cfg(test)]
mod places_tests;
#[cfg(test)]
mod responsible_tests;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod sweep_tests;

pub use account_place::AccountPlace;
pub(crate) use assigned::AssignedFields;
pub use contested::{Assignments, Contested, MAX_CONTESTED};
pub use follow::start;
pub(crate) use index::{KeptIndex, Rung};
pub(crate) use jurisdiction::{Finder, Jurisdiction, focus_areas};
pub use loading::LoadAssigner;
pub use position::{AtPosition, UnitHere, UnitsRead, Within, at_position, is_unit, within_unit};
pub(crate) use responsible::{KeptResponsible, kept_responsible};
pub use responsible::{
    MAX_POSITIONS, MAX_RESPONSIBILITIES, PLACES, PlaceHere, Responsibility, ResponsibleFound,
    ResponsibleHere, ResponsibleQuery,
};
pub use sweep::{ACTOR, Scope, Swept};
pub(crate) use taken::TakenCodes;
pub(crate) use write::assign_written;
pub(crate) use written_units::unfit_units;
