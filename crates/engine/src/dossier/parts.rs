//! Which parts of a complete file are there.

use ::ledger::dossier::{Part, PartKind};
use spatial::{FeatureRef, ValueRef};

use super::rows::Rows;

/// What was found of a subject beside its row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Presence {
    /// How many parcels it names, and how many of them there are.
    pub(super) parcels: (usize, usize),
    pub(super) has_building: bool,
    pub(super) has_photo: bool,
    pub(super) has_share: bool,
}

/// Whether a part of the file of `row` is there.
pub(super) fn is_there(
    rows: Rows<'_>,
    row: FeatureRef<'_>,
    part: &Part,
    presence: &Presence,
) -> bool {
    match part.part {
        PartKind::Parcel => presence.parcels.0 > 0 && presence.parcels.0 == presence.parcels.1,
        PartKind::Building => presence.has_building,
        PartKind::Photo => presence.has_photo,
        PartKind::Share => presence.has_share,
        PartKind::Place => row.geometry_type().is_some(),
        PartKind::Field => {
            let at = part.field.as_deref().and_then(|field| rows.at(field));
            at.is_some_and(|at| match row.value(at) {
                ValueRef::Null => false,
                ValueRef::Text(text) => !text.trim().is_empty(),
                _ => true,
            })
        }
    }
}
