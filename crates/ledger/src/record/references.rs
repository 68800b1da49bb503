//! What records name: points of the ledger, units, other records.
//!
//! *Invariant:* which column names what is the table [`REFERENCES`]. Columns in which offices write
//! departments as well as units are not in it, nor orders above others, which may be of another office's store,
//! nor what phones send of patrols, which is judged where it comes in and names points that are reported with it.

use std::borrow::Cow;

use spatial::{Collection, FieldType};

use super::business::{ENTERPRISES, LAND_RELEASES, OUTLETS};
use super::calls::{ARRIVALS, COMPLAINTS, DECISIONS, MEETINGS, ORDERS, SURVEYS, WHISTLES};
use super::towns::{
    COMMENTS, LEGAL_STEPS, MILESTONES, NOTICES, PLANS, POINT_AREAS, PROBLEMS, PROJECTS,
    SPECIAL_GROUPS,
};
use crate::place::ADMIN_UNITS;
use crate::point::PointId;
use crate::rows::{ENFORCEMENT, ID, POINTS, is_of_ledger};

/// What a column names: rows of a collection, by one of its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Referred {
    /// The collection.
    pub collection: &'static str,
    /// Columns by which rows of it are named.
    pub by: &'static [&'static str],
    /// In words, such as "point of the ledger".
    pub words: &'static str,
}

impl Referred {
    /// Where a collection has the columns by which rows of it are named; `None` where it is something else
    /// that is called so.
    pub fn columns(&self, collection: &Collection) -> Option<Vec<usize>> {
        let at = |name: &&str| {
            let at = collection.field_position(name)?;
            (collection.fields[at].field_type == FieldType::Text).then_some(at)
        };
        self.by.iter().map(at).collect()
    }

    /// A name as rows have it: without blanks around it, the id of a point in its usual form.
    pub fn canonical<'n>(&self, name: &'n str) -> Cow<'n, str> {
        match PointId::try_from(name.trim()) {
            Ok(id) if self.collection == POINTS => Cow::Owned(id.to_string()),
            _ => Cow::Borrowed(name.trim()),
        }
    }
}

const POINT: Referred =
    Referred { collection: POINTS, by: &["code", ID], words: "point of the ledger" };
const UNIT: Referred =
    Referred { collection: ADMIN_UNITS, by: &["code"], words: "unit of administration" };

const fn record(collection: &'static str, words: &'static str) -> Referred {
    Referred { collection, by: &["code"], words }
}

/// Columns of a collection, and what they name.
type Columns = &'static [(&'static str, Referred)];

const REFERENCES: [(&str, Columns); 18] = [
    (COMPLAINTS, &[("point", POINT)]),
    (WHISTLES, &[("point", POINT)]),
    (ARRIVALS, &[("whistle", record(WHISTLES, "call"))]),
    (ORDERS, &[("point", POINT)]),
    (DECISIONS, &[("meeting", record(MEETINGS, "meeting")), ("point", POINT)]),
    (SURVEYS, &[("unit", UNIT)]),
    (PROBLEMS, &[("unit", UNIT), ("project", record(PROJECTS, "project")), ("point", POINT)]),
    (PROJECTS, &[("unit", UNIT)]),
    (PLANS, &[("unit", UNIT)]),
    (MILESTONES, &[("plan", record(PLANS, "plan"))]),
    (NOTICES, &[("point", POINT)]),
    (COMMENTS, &[("notice", record(NOTICES, "notice"))]),
    (LEGAL_STEPS, &[("point", POINT)]),
    (POINT_AREAS, &[("point", POINT)]),
    (SPECIAL_GROUPS, &[("point", POINT)]),
    (OUTLETS, &[("replaced_by", record(OUTLETS, "outlet"))]),
    (ENTERPRISES, &[("point", POINT)]),
    (LAND_RELEASES, &[("point", POINT)]),
];
/// Those of enforcement records, which belong to the ledger itself.
const OF_ENFORCEMENT: Columns = &[("point", POINT)];

/// The columns of a collection that name something, by their positions; none of a collection that does
/// not ship.
pub fn references(collection: &Collection) -> Vec<(usize, Referred)> {
    let id = collection.id.as_str();
    let columns = match super::named(id) {
        Some(shipped) if shipped.is(collection) => REFERENCES
            .iter()
            .find(|(known, _)| *known == id)
            .map_or(&[][..], |(_, columns)| columns),
        None if id == ENFORCEMENT && is_of_ledger(collection) => OF_ENFORCEMENT,
        _ => &[],
    };
    let at = |(name, referred): &(&'static str, Referred)| {
        Some((collection.field_position(name)?, *referred))
    };
    columns.iter().filter_map(at).collect()
}

/// By what rows of a collection are named; `None` where nothing names any.
pub fn named_by(collection: &str) -> Option<Referred> {
    let mut all = REFERENCES.iter().flat_map(|(_, columns)| *columns);
    all.find(|(_, referred)| referred.collection == collection).map(|(_, referred)| *referred)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use spatial::Crs;

    use super::*;

    #[test]
    fn every_reference_is_of_columns_that_ship() {
        let shipped = crate::place::COLLECTIONS.into_iter().chain(super::super::collections());
        let shipped = shipped.map(|one| one.collection(Crs::CGCS2000).unwrap());
        let ledger = crate::rows::collections(&Crs::CGCS2000).unwrap();
        let targets: Vec<Collection> = shipped.chain(ledger).collect();
        for (id, columns) in REFERENCES {
            let collection = super::super::named(id).unwrap().collection(Crs::CGCS2000).unwrap();
            assert_eq!(references(&collection).len(), columns.len(), "{id}");
            for (column, referred) in columns {
                let target = targets.iter().find(|one| one.id.as_str() == referred.collection);
                assert!(referred.columns(target.unwrap()).is_some(), "{id}.{column}");
            }
        }
        let enforcement = crate::rows::enforcement_collection(&Crs::CGCS2000).unwrap();
        assert_eq!(references(&enforcement).len(), OF_ENFORCEMENT.len());
        for (_, columns) in REFERENCES {
            for (_, referred) in columns {
                assert_eq!(
                    named_by(referred.collection),
                    Some(*referred),
                    "called otherwise elsewhere"
                );
            }
        }
    }

    #[test]
    fn a_name_is_looked_for_as_rows_have_it() {
        let id = "0198F000-0000-7000-8000-00000000000A";
        for (referred, name, expected) in
            [(POINT, " ZZ-1 ", "ZZ-1"), (POINT, id, &id.to_lowercase()), (UNIT, id, id)]
        {
            assert_eq!(referred.canonical(name), expected, "{name}");
        }
    }
}
