//! Work lists (待办): what waits at a point, for which role and unit, and until when.
//!
//! What is asked of a point stands in its row as well as in its fold: [`Standing`] is read from
//! either. A point waits for at most one piece of [`Work`] by its state, and for a reply besides
//! where one is owed. Whom a piece of work waits for follows from [`Rules::raisers`]: whoever may
//! raise the event that does it.
//!
//! *Invariant:* the same standing at the same moment waits for the same; the order by
//! [`Waiting::urgency`] has no ties but those of one point and one piece of work.
//!
//! [`Rules::raisers`]: crate::Rules::raisers

mod patrol;
mod standing;
mod waiting;
mod work;

#[cfg(test)]
mod worklist_tests;

pub use patrol::next_patrol;
pub use standing::{COLUMNS, Standing};
pub use waiting::{Urgency, Waiting, waiting};
pub use work::Work;
