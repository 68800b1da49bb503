//! Rows that were found, as features of a collection: at the place of what they are of.
//!
//! *Invariant:* a code is written once, whether it is there already or stands in the file twice.

use std::collections::{BTreeMap, BTreeSet};

use geo_types::{Geometry as Shape, Point};
use ledger::rows::POINTS;
use ledger::{CreditCode, normal_form};
use spatial::{Collection, CrsError, CrsRegistry, Feature, Geometry, GeometryType, Value};

use super::{RowOutcome, Targets};
use crate::import::cast;
use crate::register::{IdOf, SheetRow, uuid};

/// What becomes of the rows.
#[derive(Debug, Default)]
pub struct Appended {
    /// New features, in the storage CRS and in the order of the collection's fields.
    pub features: Vec<Feature>,
    /// Rows whose code, or which themselves, are there already.
    pub known: usize,
    /// Rows without a place.
    pub placeless: usize,
    /// Values that do not fit their columns, as row and column.
    pub unfit: Vec<(u64, String)>,
}

/// A collection that rows are appended to.
#[derive(Debug)]
pub struct Appending<'a> {
    /// The collection.
    pub into: &'a Collection,
    /// Codes that it has, in normal form.
    pub codes: BTreeSet<String>,
    /// What the rows were held against.
    pub targets: &'a [Targets],
    /// The coordinate systems.
    pub registry: &'a CrsRegistry,
}

impl Appending<'_> {
    /// Why rows cannot be appended to a collection, if they cannot.
    pub fn refused(into: &Collection) -> Option<String> {
        let takes_points = matches!(into.geometry_type, GeometryType::Point | GeometryType::Any);
        match (takes_points, into.key.as_deref()) {
            (false, _) => {
                Some(format!("it takes {:?}, and rows become points", into.geometry_type))
            }
            (true, None) => Some(
                "it has no key by which a row is known again; set one with `tuban collection set`"
                    .to_owned(),
            ),
            (true, Some(_)) => None,
        }
    }

    /// Makes features of the rows that were found.
    ///
    /// # Errors
    /// When a place cannot be brought into the collection's CRS.
    pub fn make(
        mut self,
        rows: &[SheetRow],
        outcomes: &[RowOutcome],
    ) -> Result<Appended, CrsError> {
        let mut made = Appended::default();
        let own = self.targets.iter().position(|one| one.collection().id == self.into.id);
        for (row, outcome) in rows.iter().zip(outcomes) {
            let mut found = outcome.found().peekable();
            if found.peek().is_none() {
                continue;
            }
            let mut cells = row.cells.clone();
            let mut place = None;
            let mut is_known = false;
            for (at, target) in found {
                let Some(targets) = self.targets.get(at) else { continue };
                is_known |= own == Some(at);
                if place.is_none() {
                    place = self.place(targets, target)?;
                }
                let column = match targets.collection().id.as_str() {
                    POINTS => "point",
                    "parcels" => "parcel",
                    _ => continue,
                };
                cells.entry(column.to_owned()).or_insert_with(|| targets.name(target));
            }
            // What fails the check may be another number, of a person for instance: it is not kept.
            let given = cells.remove("uscc");
            match given.as_deref().map(CreditCode::try_from) {
                Some(Ok(code)) => {
                    cells.insert("uscc".to_owned(), code.to_string());
                }
                Some(Err(_)) => made.unfit.push((row.number, "uscc".to_owned())),
                None => {}
            }
            let code = code_of(&cells);
            if is_known || !self.codes.insert(normal_form(&code)) {
                made.known += 1;
                continue;
            }
            let Some(place) = place else {
                made.placeless += 1;
                continue;
            };
            let key = self.into.key.clone().unwrap_or_default();
            cells.insert(key, code);
            let geometry = Geometry::from(Shape::Point(Point::from(place)));
            let properties = self.values(row.number, &mut cells, &mut made.unfit);
            made.features.push(Feature { id: None, geometry: Some(geometry), properties });
        }
        Ok(made)
    }

    fn place(&self, targets: &Targets, target: usize) -> Result<Option<[f64; 2]>, CrsError> {
        let Some(at) = targets.position(target) else { return Ok(None) };
        let projector = self.registry.projector(&targets.collection().crs, &self.into.crs)?;
        projector.project(at).map(Some)
    }

    fn values(
        &self,
        row: u64,
        cells: &mut BTreeMap<String, String>,
        unfit: &mut Vec<(u64, String)>,
    ) -> Vec<Value> {
        let mut values = Vec::with_capacity(self.into.fields.len());
        for field in &self.into.fields {
            let Some(text) = cells.remove(&field.name) else {
                values.push(Value::Null);
                continue;
            };
            let value = cast(Value::Text(text), field.field_type);
            if value.is_none() {
                unfit.push((row, field.name.clone()));
            }
            values.push(value.unwrap_or(Value::Null));
        }
        values
    }
}

/// The code of a row: its own, else its credit code, else one that is made of what it says, so that
/// the same row, read again, has the same.
fn code_of(cells: &BTreeMap<String, String>) -> String {
    let given = ["code", "uscc"].into_iter().find_map(|column| cells.get(column));
    given.cloned().unwrap_or_else(|| {
        let said = ["name", "address"]
            .map(|column| cells.get(column).map(|text| normal_form(text)).unwrap_or_default());
        uuid(IdOf::Row, 0, &said.join("\u{1f}"))
    })
}
