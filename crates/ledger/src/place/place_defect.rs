//! What can be wrong with grid cells, alleys, areas and responsibilities, in words.

use thiserror::Error;

use super::{Day, InvalidDay, Level, Validity};

/// One defect. Rows are named by the id of their feature; a person is never named.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlaceDefect {
    /// No code.
    #[error("{collection} {row} has no code: nobody can be responsible for it")]
    NoCode {
        /// Which collection.
        collection: String,
        /// Which row.
        row: i64,
    },
    /// A grid cell whose code is none.
    #[error("{collection} {row}: {fault}")]
    BadCode {
        /// Which collection.
        collection: String,
        /// Which row.
        row: i64,
        /// What is wrong.
        fault: String,
    },
    /// A day that is none.
    #[error("{field} of {collection} {row}: {fault}")]
    BadDay {
        /// Which collection.
        collection: String,
        /// Which row.
        row: i64,
        /// `valid_from` or `valid_to`.
        field: &'static str,
        /// What is wrong.
        fault: InvalidDay,
    },
    /// It ends before it begins.
    #[error(
        "{collection} {row} is valid {validity}, on no day: valid_to is the first day on which it \
         holds no more"
    )]
    NeverValid {
        /// Which collection.
        collection: String,
        /// Which row.
        row: i64,
        /// What is said.
        validity: Validity,
    },
    /// Two rows of one code that are valid at the same time.
    #[error(
        "{collection} {row} and {other} both have the code {code} {both}: end one where the other \
         begins"
    )]
    Overlap {
        /// Which collection.
        collection: String,
        /// One row.
        row: i64,
        /// The other.
        other: i64,
        /// Their code.
        code: String,
        /// When both are valid.
        both: Validity,
    },
    /// A unit that is not there.
    #[error("{collection} {row} names the {level} {unit}, which is no such unit")]
    UnknownUnit {
        /// Which collection.
        collection: String,
        /// Which row.
        row: i64,
        /// The level of the unit.
        level: Level,
        /// What it names.
        unit: String,
    },
    /// A responsibility without a role.
    #[error("responsibility {row} has no role, such as 网格员, 街巷长 or 责任规划师")]
    NoRole {
        /// Which row.
        row: i64,
    },
    /// A responsibility that is nobody's.
    #[error("responsibility {row} names neither a unit nor a person")]
    Nobody {
        /// Which row.
        row: i64,
    },
    /// A responsibility for something that is not there.
    #[error(
        "responsibility {row} is for {code} of {collection}, which is not there: area_collection is \
         admin_units, grid_cells, alleys, focus_areas or planning_layers, area_code a code of it"
    )]
    UnknownArea {
        /// Which row.
        row: i64,
        /// What it names as collection.
        collection: String,
        /// What it names as code.
        code: String,
    },
    /// A responsibility that outlasts what it is for.
    #[error(
        "responsibility {row} is valid {validity}, {code} of {collection} not {}",
        OnDay(*.since)
    )]
    AreaNotValid {
        /// Which row.
        row: i64,
        /// When it is valid.
        validity: Validity,
        /// What it names as collection.
        collection: String,
        /// What it names as code.
        code: String,
        /// The first day without it; `None` is before every day.
        since: Option<Day>,
    },
}

/// A day on which something is missing.
pub(super) struct OnDay(pub(super) Option<Day>);

impl std::fmt::Display for OnDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(day) => write!(f, "on {day}"),
            None => f.write_str("from its beginning on"),
        }
    }
}
