//! Whether what is said of survey packages holds together: looked at once, before anything is read.

use std::collections::BTreeSet;

use spatial::CollectionId;

use super::{Meaning, SurveySet, SurveyTable, TableRole};
use crate::data_check::{Check, DataFault};
use crate::normal_form;

/// Most columns of a table, and most names of one.
const MAX_COLUMNS: usize = 200;
/// Widest tolerance, metres and square metres.
const MAX_TOLERANCE: f64 = 100.0;

/// Tables of survey packages whose definitions hold together.
#[derive(Clone, Debug, PartialEq)]
pub struct SurveyTables(SurveySet);

impl SurveyTables {
    /// Takes what is said of survey packages.
    ///
    /// # Errors
    /// Every fault that is found.
    pub fn new(set: SurveySet) -> Result<Self, Vec<DataFault>> {
        let mut check = Check::new("survey");
        check.line("edition", &set.edition);
        check.line("source", &set.source);
        let tolerance = set.tolerance;
        for (key, value) in [
            ("tolerance.vertex", tolerance.vertex),
            ("tolerance.edge", tolerance.edge),
            ("tolerance.area_m2", tolerance.area_m2),
            ("tolerance.area_share", tolerance.area_share),
            ("tolerance.outside_m2", tolerance.outside_m2),
        ] {
            if !(value > 0.0 && value <= MAX_TOLERANCE) {
                let reason = format!("is not usable; give a number above 0, up to {MAX_TOLERANCE}");
                check.fault(key, &value.to_string(), &reason);
            }
        }
        for role in TableRole::ALL {
            let count = set.tables.iter().filter(|table| table.table == role).count();
            if count != 1 {
                let name = format!("{role:?}");
                check.fault("table", &name, "must stand there once");
            }
        }
        for table in &set.tables {
            check.of.clone_from(&table.title);
            check.table(table);
        }
        check.finish(Self(set))
    }

    /// What is said.
    pub fn set(&self) -> &SurveySet {
        &self.0
    }

    /// The table of that role.
    ///
    /// # Panics
    /// Never: each role was found to be there.
    pub fn table(&self, role: TableRole) -> &SurveyTable {
        let found = self.0.tables.iter().find(|table| table.table == role);
        found.unwrap_or(&self.0.tables[0])
    }
}

/// Meanings that a table must have a column of.
fn needed(role: TableRole) -> &'static [Meaning] {
    match role {
        TableRole::Parcels => &[Meaning::Code],
        TableRole::Buildings => &[Meaning::Code, Meaning::Parcel],
        TableRole::Units => &[Meaning::Key, Meaning::Building],
        TableRole::Holders => &[Meaning::Parcel, Meaning::Person],
        TableRole::BoundaryPoints => &[Meaning::Key, Meaning::Parcel, Meaning::Number],
        TableRole::BoundaryLines => &[Meaning::Key, Meaning::Parcel],
    }
}

impl Check {
    fn table(&mut self, table: &SurveyTable) {
        self.line("title", &table.title);
        self.count("names", table.names.len(), 1..=MAX_COLUMNS);
        self.count("columns", table.columns.len(), 1..=MAX_COLUMNS);
        match &table.collection {
            Some(name) => {
                if let Err(unusable) = CollectionId::try_from(name.as_str()) {
                    self.fault("collection", name, &unusable.to_string());
                }
            }
            None if table.table != TableRole::Holders => {
                self.fault("collection", "", "is missing; say where the rows go");
            }
            None => {}
        }
        for meaning in needed(table.table) {
            if table.at(*meaning).is_none() {
                let reason = "has no column; say which one it is by `is`";
                self.fault("columns.is", &format!("{meaning:?}"), reason);
            }
        }
        let mut fields = BTreeSet::new();
        for column in &table.columns {
            let name = column.field.as_deref().or(column.from.first().map(String::as_str));
            let Some(name) = name else {
                self.fault("columns", "", "one has no name at all; give it `field` or `from`");
                continue;
            };
            self.line("columns.field", name);
            if !fields.insert(normal_form(name)) {
                self.fault("columns.field", name, "stands there twice; leave one of them out");
            }
        }
    }
}
