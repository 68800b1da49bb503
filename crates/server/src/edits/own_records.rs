//! Records of departments (执法信息共享): a department writes its own and no others', with those fields
//! that it alone reads; so does a town, under its own code. The district and the city write anybody's.

use engine::{EditOp, Profile};
use ledger::point::Role;
use ledger::rows::ENFORCEMENT;
use spatial::{Collection, CollectionSnapshot, FieldClass, Value, ValueRef};

use crate::actor::Actor;
use crate::problem::{Code, Problem};

/// The column that says whose record it is.
const DEPARTMENT: &str = "department";

/// What an account may do to records of departments that writes those of its own unit alone.
#[derive(Clone, Debug)]
pub struct OwnRecords {
    /// The department or town.
    unit: String,
    position: usize,
    is_department: bool,
}

impl OwnRecords {
    /// Of records of departments; none where an account may write them all.
    pub fn of(actor: &Actor, collection: &Collection) -> Option<Self> {
        let kind = actor.kind().filter(|_| collection.id.as_str() == ENFORCEMENT)?;
        let position = collection.field_position(DEPARTMENT)?;
        let is_own =
            matches!(kind, Role::DEPARTMENT | Role::GRID_WORKER | Role::TOWN | Role::TOWN_CHECKER);
        is_own.then(|| Self {
            unit: actor.unit().unwrap_or_default().to_owned(),
            position,
            is_department: kind == Role::DEPARTMENT,
        })
    }

    /// The fields that it may write of them.
    pub fn profile(&self, profile: Profile) -> Profile {
        match self.is_department {
            true => Profile { highest: profile.highest.max(FieldClass::L2), ..profile },
            false => profile,
        }
    }

    /// Refuses what makes, changes or removes another one's record.
    pub fn check(&self, held: &CollectionSnapshot, op: &EditOp) -> Result<(), Problem> {
        let is_own = |value: &Value| matches!(value, Value::Text(text) if *text == self.unit);
        let was_own = |id| {
            // What is not there is told by whoever looks for it.
            let row = held.get(id);
            row.is_none_or(|row| row.value(self.position) == ValueRef::Text(&self.unit))
        };
        let is_allowed = !self.unit.is_empty()
            && match op {
                EditOp::Insert(feature) => {
                    feature.properties.get(self.position).is_some_and(is_own)
                }
                EditOp::Assign(id, assigned) => {
                    let given = assigned.values.iter().rev().find(|(at, _)| *at == self.position);
                    was_own(*id) && given.is_none_or(|(_, value)| is_own(value))
                }
                EditOp::Delete(id) => was_own(*id),
            };
        match is_allowed {
            true => Ok(()),
            false => Err(Problem::new(
                Code::RoleMayNot,
                format!(
                    "records of departments are written by whose they are: {DEPARTMENT} must be {:?}, the \
                     unit of this account",
                    self.unit
                ),
            )),
        }
    }
}
