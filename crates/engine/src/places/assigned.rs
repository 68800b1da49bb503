//! Which collections are assigned, and what a feature says of its assignment.

use ledger::place::{ADMIN_UNITS, GRID_CELLS};
use ledger::place::{ASSIGNED_BY, AssignedBy, GRID, InvalidAssignedBy, Level};
use spatial::{Collection, FieldType, ValueRef};

use super::index::{PlaceIndex, Rung};

/// The fields of an assigned collection.
#[derive(Clone, Debug)]
pub(crate) struct AssignedFields {
    /// What each field is assigned to, and its position.
    pub(crate) fields: Vec<(Rung, usize)>,
    /// Position of the field that says who assigned.
    pub(super) by: usize,
}

impl AssignedFields {
    /// Those of `collection`; `None` when it is not assigned. Units and cells themselves are not.
    pub(crate) fn of(collection: &Collection) -> Option<Self> {
        if [ADMIN_UNITS, GRID_CELLS].contains(&collection.id.as_str()) {
            return None;
        }
        let text = |name: &str| {
            let at = collection.field_position(name)?;
            (collection.fields[at].field_type == FieldType::Text).then_some(at)
        };
        let by = text(ASSIGNED_BY)?;
        let levels = Level::ALL.into_iter();
        let levels = levels.filter_map(|level| Some((Rung::Unit(level), text(level.field()?)?)));
        let grid = text(GRID).map(|at| (Rung::Cell, at));
        let fields: Vec<_> = levels.chain(grid).collect();
        (!fields.is_empty()).then_some(Self { fields, by })
    }

    /// Those fields to which `index` has polygons.
    pub(super) fn within<'a>(
        &'a self,
        index: &'a PlaceIndex,
    ) -> impl Iterator<Item = (Rung, usize)> + 'a {
        self.fields.iter().copied().filter(|(rung, _)| index.has(*rung))
    }
}

/// Who assigned, by the value of the field; a value of another type is no text.
pub(super) fn assigned_by(value: ValueRef<'_>) -> Result<Option<AssignedBy>, InvalidAssignedBy> {
    match value {
        ValueRef::Text(text) => AssignedBy::read(text),
        _ => Ok(None),
    }
}
