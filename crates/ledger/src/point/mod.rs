//! The rectification point (整治点位): the states that it passes through, the events that move
//! it, and what a fold of these events knows.
//!
//! A point is nothing but its events, in the order in which they were raised. [`Point::report`]
//! begins one, [`Point::raise`] adds an event or refuses it and leaves the point as it was,
//! [`Point::fold`] does both for a whole history. Who may raise what, and how many days a lamp
//! takes, is data: [`Rules`].
//!
//! *Invariant:* `table` alone says which event may follow which state; `guards` alone says what an
//! event must bring; `fold` alone changes a point.

mod event;
mod facts;
mod fold;
mod guards;
mod ids;
mod kind;
mod lamp;
pub mod moment;
pub(crate) mod named;
mod payload;
mod quantities;
mod refusal;
mod role;
mod rules;
mod state;
mod table;

#[cfg(test)]
pub(crate) mod events_tests;
#[cfg(test)]
mod facts_tests;
#[cfg(test)]
mod guards_tests;
#[cfg(test)]
mod matrix_tests;
#[cfg(test)]
mod random_tests;

pub use event::Event;
pub use facts::{Closing, Rebound, Supervision};
pub use fold::{Point, Raised};
pub use ids::{EventId, EvidenceId, InvalidId, InvalidIdText, PatrolId, PointId};
pub use kind::EventKind;
pub use lamp::Lamp;
pub use payload::{Finding, Payload, Proof};
pub use quantities::{InvalidArea, Quantities, SquareMetres, ToldAnew};
pub use refusal::{Ground, Refusal};
pub use role::{Role, RoleDefinition, Roles, RolesFault};
pub use rules::Rules;
pub use state::State;
pub use table::{follows, next};
