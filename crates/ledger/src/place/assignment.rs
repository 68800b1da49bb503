//! How a feature says to which units it belongs, and who said so.

use std::fmt;

use spatial::{Field, FieldClass, FieldType};
use thiserror::Error;

use super::Level;

/// Field that says who assigned a feature; a collection that has it is assigned.
pub const ASSIGNED_BY: &str = "assigned_by";
/// Field with the code of the grid cell.
pub const GRID: &str = "grid";
/// Longest reason of an assignment by hand, in characters.
pub const MAX_REASON: usize = 500;

const POLYGON: &str = "polygon";
const MANUAL: &str = "manual:";

/// Who assigned a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssignedBy {
    /// The polygons of units and grid cells: assigned anew when the feature or a boundary moves.
    Polygon,
    /// A person: it stays whatever the polygons say.
    Manual {
        /// Why.
        reason: String,
    },
}

/// A text that says nothing of an assignment.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidAssignedBy {
    /// Neither of the two.
    #[error("it is \"polygon\", or \"manual: \" with a reason")]
    Unknown,
    /// By hand, without saying why.
    #[error("an assignment by hand says why: \"manual: \" with a reason")]
    NoReason,
    /// A reason that is too long.
    #[error("a reason has at most {MAX_REASON} characters")]
    LongReason,
}

impl AssignedBy {
    /// Reads the field; an empty one is `None`, nobody yet.
    pub fn read(text: &str) -> Result<Option<Self>, InvalidAssignedBy> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if text == POLYGON {
            return Ok(Some(Self::Polygon));
        }
        let reason = text.strip_prefix(MANUAL).or_else(|| text.strip_prefix("manual："));
        let Some(reason) = reason.map(str::trim) else {
            // The bare word means a person, too, and lacks the reason.
            let is_bare = text == "manual";
            return Err(if is_bare {
                InvalidAssignedBy::NoReason
            } else {
                InvalidAssignedBy::Unknown
            });
        };
        match reason.chars().count() {
            0 => Err(InvalidAssignedBy::NoReason),
            1..=MAX_REASON => Ok(Some(Self::Manual { reason: reason.to_owned() })),
            _ => Err(InvalidAssignedBy::LongReason),
        }
    }
}

impl fmt::Display for AssignedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Polygon => f.write_str(POLYGON),
            Self::Manual { reason } => write!(f, "{MANUAL} {reason}"),
        }
    }
}

/// The columns of assignment below a district, the coarsest first.
pub const BELOW_DISTRICT: [&str; 3] = ["town", "village", "courtyard"];

/// The unit at which a row counts that a unit answers for: the finest in which it lies, by its columns
/// [`BELOW_DISTRICT`], where that is below the unit; else the unit itself.
pub fn counted_at<'a>(unit: Option<&'a str>, lies_in: [Option<&'a str>; 3]) -> Option<&'a str> {
    let from = lies_in.iter().position(|code| code.is_some() && *code == unit);
    from.and_then(|from| lies_in[from..].iter().rev().find_map(|code| *code)).or(unit)
}

/// The fields of a collection whose features are assigned: codes of the units from district to
/// courtyard, of the grid cell, and who assigned them.
pub fn assignment_fields() -> Vec<Field> {
    let field = |name: &str, alias: &str| Field {
        name: name.to_owned(),
        alias: Some(alias.to_owned()),
        field_type: FieldType::Text,
        class: FieldClass::L1,
    };
    let levels = Level::ALL.into_iter().filter_map(|level| Some((level.field()?, level.chinese())));
    let mut fields: Vec<Field> = levels.map(|(name, alias)| field(name, alias)).collect();
    fields.push(field(GRID, "网格"));
    fields.push(field(ASSIGNED_BY, "归属依据"));
    fields
}
