//! Checks of grid cells, alleys, focus areas and plans, and of who answers for them.

use std::collections::{BTreeMap, BTreeSet};

use spatial::{Collection, FeatureRef, ValueRef};

use super::check::each_overlap;
use super::{ADMIN_UNITS, ALLEYS, AdminUnit, GRID_CELLS, Level, PlaceDefect, Validity};
use crate::GridCode;

/// A row of one of the collections of places, or a responsibility. An absent text is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceRow {
    /// The id of its feature.
    pub row: i64,
    /// Every text by the name of its field.
    pub texts: BTreeMap<String, String>,
}

impl PlaceRow {
    /// The row that `feature` is.
    pub fn of(collection: &Collection, feature: FeatureRef<'_>) -> Self {
        let text = |at: usize| match feature.value(at) {
            ValueRef::Text(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            _ => None,
        };
        let fields = collection.fields.iter().enumerate();
        let texts = fields.filter_map(|(at, field)| Some((field.name.clone(), text(at)?)));
        Self { row: feature.id().value(), texts: texts.collect() }
    }

    fn text(&self, field: &str) -> &str {
        self.texts.get(field).map_or("", String::as_str)
    }

    /// When it is valid; `None` where a day is none, which is a defect.
    fn validity(&self, collection: &str, defects: &mut Vec<PlaceDefect>) -> Option<Validity> {
        let (row, collection) = (self.row, collection.to_owned());
        let mut day = |field: &'static str| match self.text(field) {
            "" => Some(None),
            text => match text.parse() {
                Ok(day) => Some(Some(day)),
                Err(fault) => {
                    let collection = collection.clone();
                    defects.push(PlaceDefect::BadDay { collection, row, field, fault });
                    None
                }
            },
        };
        let (from, to) = (day("valid_from"), day("valid_to"));
        let validity = Validity { from: from?, to: to? };
        if validity.is_empty() {
            defects.push(PlaceDefect::NeverValid { collection, row, validity });
            return None;
        }
        Some(validity)
    }
}

/// When each code of each collection is valid.
pub type ValidCodes = BTreeMap<(String, String), Vec<Validity>>;

/// The codes of units.
pub fn codes_of_units(units: &[AdminUnit]) -> ValidCodes {
    let mut codes = ValidCodes::new();
    for unit in units {
        let key = (ADMIN_UNITS.to_owned(), unit.code.clone());
        codes.entry(key).or_default().push(unit.validity);
    }
    codes
}

/// Every defect of the rows of `collection`, which is one of the collections of places beside the
/// units; adds its codes to `codes`.
pub fn check_places(
    collection: &str,
    rows: &[PlaceRow],
    units: &[AdminUnit],
    codes: &mut ValidCodes,
) -> Vec<PlaceDefect> {
    let mut defects = Vec::new();
    let mut by_code: BTreeMap<&str, Vec<(Validity, i64)>> = BTreeMap::new();
    let named = || collection.to_owned();
    let known: BTreeSet<(Level, &str)> =
        units.iter().map(|unit| (unit.level, unit.code.as_str())).collect();
    for row in rows {
        let code = row.text("code");
        if code.is_empty() {
            defects.push(PlaceDefect::NoCode { collection: named(), row: row.row });
        } else if collection == GRID_CELLS
            && let Err(fault) = GridCode::try_from(code)
        {
            let (row, fault) = (row.row, fault.to_string());
            defects.push(PlaceDefect::BadCode { collection: named(), row, fault });
        }
        let parent = match collection {
            GRID_CELLS => Some((Level::Village, row.text("village"))),
            ALLEYS => Some((Level::Town, row.text("town"))),
            _ => None,
        };
        if let Some((level, unit)) = parent.filter(|(_, unit)| !unit.is_empty())
            && !known.contains(&(level, unit))
        {
            let (row, unit) = (row.row, unit.to_owned());
            defects.push(PlaceDefect::UnknownUnit { collection: named(), row, level, unit });
        }
        let validity = row.validity(collection, &mut defects);
        if let (Some(validity), false) = (validity, code.is_empty()) {
            by_code.entry(code).or_default().push((validity, row.row));
            codes.entry((named(), code.to_owned())).or_default().push(validity);
        }
    }
    for (code, spans) in by_code {
        each_overlap(&spans, &mut |row, other, both| {
            let (collection, code) = (named(), code.to_owned());
            defects.push(PlaceDefect::Overlap { collection, row, other, code, both });
        });
    }
    defects
}

/// Every defect of responsibilities for the places of `codes`.
pub fn check_responsibilities(rows: &[PlaceRow], codes: &ValidCodes) -> Vec<PlaceDefect> {
    let mut defects = Vec::new();
    for row in rows {
        let number = row.row;
        if row.text("role").is_empty() {
            defects.push(PlaceDefect::NoRole { row: number });
        }
        if row.text("unit").is_empty() && row.text("person").is_empty() {
            defects.push(PlaceDefect::Nobody { row: number });
        }
        let Some(validity) = row.validity("responsibility", &mut defects) else { continue };
        let (collection, code) = (row.text("area_collection"), row.text("area_code"));
        let (collection, code) = (collection.to_owned(), code.to_owned());
        match codes.get(&(collection.clone(), code.clone())) {
            None => defects.push(PlaceDefect::UnknownArea { row: number, collection, code }),
            Some(spans) => {
                if let Some(since) = validity.first_uncovered(spans) {
                    let row = number;
                    defects.push(PlaceDefect::AreaNotValid {
                        row,
                        validity,
                        collection,
                        code,
                        since,
                    });
                }
            }
        }
    }
    defects
}
