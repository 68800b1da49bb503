//! Work lists (待办): what waits at a point or in a record, for which role and unit, and until when.
//!
//! What is asked of a point stands in its row as well as in its fold: [`Standing`] is read from
//! either. A point waits for at most one piece of [`Work`] by its state, and for a reply besides
//! where one is owed. Whom a piece of work waits for follows from [`Rules::raisers`]: whoever may
//! raise the event that does it, and who patrols by [`RecordRules`]. Records beside the points (吹哨, 派单, 议定事项, 接诉即办) wait by the
//! table [`RECORDS`], each for one piece of work at most, and for the roles of [`RecordRules`].
//!
//! *Invariant:* the same standing at the same moment waits for the same; the order by
//! [`Waiting::urgency`] has no ties but those of one point or record and one piece of work.
//!
//! [`Rules::raisers`]: crate::Rules::raisers

mod patrol;
mod record_rules;
mod records;
mod standing;
mod waiting;
mod work;

#[cfg(test)]
mod records_tests;
#[cfg(test)]
mod worklist_tests;

pub use patrol::next_patrol;
pub use record_rules::RecordRules;
pub use records::{BoundRecords, Filling, RECORDS, Rests, WaitingRecords};
pub use standing::{COLUMNS, Standing};
pub use waiting::{Part, Subject, Urgency, Waiting, days_left, waiting};
pub use work::Work;
