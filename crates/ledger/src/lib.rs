//! Rules of the one ledger and the household file: codes and their checks, which columns are
//! personal, which places there are, how a rectification point moves, which spatial rules propose
//! something to look at, and what a survey package is.
//!
//! *Invariant:* rules only. Nothing here stores, sends, reads a clock, or prints a value that
//! may be personal: errors about identity and mobile numbers carry no value, and both types
//! show themselves masked.

pub mod book;
mod building_code;
pub mod catalogue;
pub mod checklist;
pub mod clue;
mod credit_code;
mod data_check;
mod division_code;
pub mod dossier;
mod edit_rules;
mod fault;
mod grid_code;
mod identity_number;
pub mod indicator;
mod mask;
pub mod matching;
mod mobile_number;
mod normal_form;
mod parcel_code;
pub mod patrol;
pub mod personal;
mod personal_names;
pub mod place;
pub mod point;
mod point_code;
pub mod record;
pub mod rows;
mod shipped;
pub mod sight;
pub mod survey;
pub mod task;
mod text_hash;
mod unit_code;
pub mod whistle;
mod word_list;
pub mod worklist;

#[cfg(test)]
mod codes_tests;
#[cfg(test)]
mod personal_tests;
#[cfg(test)]
mod rows_tests;

pub use building_code::BuildingCode;
pub use credit_code::CreditCode;
pub use data_check::DataFault;
pub use division_code::{DivisionCode, DivisionLevel};
pub use edit_rules::EditRules;
pub use fault::{CodeWarning, Fault, InvalidCode, Scheme};
pub use grid_code::GridCode;
pub use identity_number::IdentityNumber;
pub use mask::masked;
pub use mobile_number::MobileNumber;
pub use normal_form::normal_form;
pub use parcel_code::ParcelCode;
pub use personal::{PersonalDetector, PersonalKind, PersonalReason};
pub use personal_names::class_of;
pub use point::{
    Event, EventId, EventKind, Payload, Point, PointId, Raised, Refusal, Rules, State,
};
pub use point_code::{PointCode, PointCodeFault, PointSeries};
pub use shipped::ShippedCollection;
pub use text_hash::text_hash;
pub use unit_code::{Fixture, UnitCode};
pub use word_list::words_of;
