//! What the package has otherwise than the store: rows of tables, households with their shares and personal
//! values, photos.
//!
//! *Invariant:* what a package does not speak of stays: rows that it has no more, parcels outside it, and
//! persons of households that hold something outside it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use geo::InteriorPoint;
use geo_types::Geometry as Shape;
use ledger::survey::{Meaning, SurveyTables, TableRole};
use spatial::{CrsRegistry, FieldClass, Geometry, Value};

use super::SurveyOptions;
use super::changes::{Changes, Place};
use super::held::{PersonalValues, Store, base_of, household_kind};
use super::holders::Household;
use super::links::{KeyedRows, Linked, spares};
use super::photos::SubjectPhoto;
use crate::import::ImportError;

/// What a photo of a package is called.
const PHOTO_TITLE: &str = "调查照片";

/// A package against what the store has.
pub(super) struct Differences<'a> {
    pub(super) linked: &'a Linked<'a>,
    pub(super) households: &'a [Household],
    pub(super) store: &'a Store,
    pub(super) options: &'a SurveyOptions,
    pub(super) registry: &'a CrsRegistry,
    /// New names of parcels that the store knows by another.
    pub(super) renamed: &'a HashMap<String, String>,
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

impl Differences<'_> {
    /// The name of a parcel by now.
    fn named(&self, code: &str) -> String {
        self.renamed.get(code).map_or(code, String::as_str).to_owned()
    }

    /// Parcels, buildings, units, boundary points and lines.
    pub(super) fn tables(&self, changes: &mut Changes) -> Result<(), ImportError> {
        let Linked { parcels, buildings, units, points, lines, .. } = self.linked;
        for rows in [parcels, buildings, units, points, lines] {
            self.table(rows, changes)?;
        }
        Ok(())
    }

    fn table(&self, rows: &KeyedRows<'_>, changes: &mut Changes) -> Result<(), ImportError> {
        let of = rows.of;
        let Some(held) = self.store.tables.get(&of.table) else { return Ok(()) };
        let (mut there, mut parcels) = (HashSet::new(), BTreeSet::new());
        let parcel_at = of.at(Meaning::Parcel);
        let key = of.at(Meaning::Key).or_else(|| of.at(Meaning::Code));
        for (code, row) in &rows.rows {
            let old = || spares(of, row).find_map(|spare| held.find(&spare));
            let at = held.find(code).or_else(old);
            there.extend(at);
            parcels.extend(row.text(parcel_at));
            let columns = of.columns.iter().enumerate();
            let columns = columns
                .filter(|(at, column)| !column.personal && (rows.has[*at] || Some(*at) == key));
            let values = columns.filter_map(|(at, column)| {
                Some((column.field.as_deref()?, row.values[at].clone()))
            });
            // A row without a shape says nothing of where it is.
            let place = match &row.geometry {
                Some(_) => Place::At(row.geometry.as_ref()),
                None => Place::Or(None),
            };
            changes.put(held, at, values, place)?;
        }
        // Of a parcel that was surveyed anew the old boundary goes.
        let is_boundary = matches!(of.table, TableRole::BoundaryPoints | TableRole::BoundaryLines);
        let field = parcel_at.and_then(|at| of.columns[at].field.as_deref());
        if let (true, Some(field)) = (is_boundary, field) {
            for at in (0..held.features.len()).filter(|at| !there.contains(at)) {
                let parcel = held.text(at, field).map(|code| self.named(code));
                if parcel.is_some_and(|parcel| parcels.contains(parcel.as_str())) {
                    changes.remove(held, at);
                }
            }
        }
        Ok(())
    }

    /// The rows of households.
    pub(super) fn households(&self, changes: &mut Changes) -> Result<(), ImportError> {
        let kind = household_kind(&self.options.dossiers)?;
        let held = &self.store.households;
        let parcels = &self.linked.parcels;
        let way = self.registry.projector(&parcels.crs, &held.collection.crs)?;
        for one in self.households {
            let at = held.find(&one.number);
            let mut values = vec![(kind.id.as_str(), text(&one.number))];
            if let Some(field) = &kind.parcel {
                let now = at.and_then(|at| held.text(at, field)).map(|code| self.named(code));
                // A parcel outside the package is none that it could have lost.
                let holds = |code: &String| {
                    !parcels.has_key(code) || one.parcels.iter().any(|(parcel, _)| parcel == code)
                };
                let first = one.parcels.first().map(|(parcel, _)| parcel.clone());
                let parcel = now.filter(holds).or(first);
                values.extend(parcel.map(|parcel| (field.as_str(), Value::Text(parcel))));
            }
            let door = one.door.as_deref().zip(kind.name.as_deref());
            let door = door.filter(|(_, field)| at.is_none_or(|at| held.text(at, field).is_none()));
            values.extend(door.map(|(door, field)| (field, text(door))));
            // Whoever put a household at its gate knew better.
            let inside = || -> Option<Geometry> {
                let row = one.parcels.iter().find_map(|(code, _)| parcels.get(code))?;
                let point = row.geometry.as_ref()?.shape.interior_point()?;
                let mut point = Geometry::from(Shape::Point(point));
                way.project_geometry(&mut point).ok()?;
                Some(point)
            };
            changes.put(held, at, values, Place::Or(inside()))?;
        }
        match &kind.parcel {
            Some(field) => self.ended(&kind.id, field, changes),
            None => Ok(()),
        }
    }

    /// Households that name a parcel of the package which others hold by now: they name another parcel that
    /// they have a share in, or none.
    fn ended(&self, id: &str, field: &str, changes: &mut Changes) -> Result<(), ImportError> {
        let held = &self.store.households;
        let numbers: HashSet<&str> = self.households.iter().map(|one| &*one.number).collect();
        let surveyed = self.surveyed();
        let mut elsewhere: HashMap<&str, String> = HashMap::new();
        for (_, household, parcel) in self.store.each_share(&self.options.dossiers) {
            let parcel = self.named(parcel);
            if !surveyed.contains(parcel.as_str()) {
                elsewhere.entry(household).or_insert(parcel);
            }
        }
        for at in 0..held.features.len() {
            let (Some(number), Some(parcel)) = (held.text(at, id), held.text(at, field)) else {
                continue;
            };
            if surveyed.contains(self.named(parcel).as_str()) && !numbers.contains(number) {
                let other = elsewhere.get(number).map_or(Value::Null, |parcel| text(parcel));
                changes.put(held, Some(at), [(field, other)], Place::Or(None))?;
            }
        }
        Ok(())
    }

    /// The parcels of which the package says who holds them.
    fn surveyed(&self) -> HashSet<&str> {
        let all = self.households.iter().flat_map(|one| &one.parcels);
        all.map(|(parcel, _)| parcel.as_str()).collect()
    }

    /// The shares of households; of a parcel of the package others end.
    pub(super) fn shares(&self, changes: &mut Changes) -> Result<(), ImportError> {
        let (held, table) = (&self.store.shares, &self.options.dossiers.set().shares);
        let mut there: BTreeMap<(String, String), usize> = BTreeMap::new();
        for (at, household, parcel) in self.store.each_share(&self.options.dossiers) {
            there.entry((household.to_owned(), self.named(parcel))).or_insert(at);
        }
        let surveyed = self.surveyed();
        for one in self.households {
            for (parcel, portion) in &one.parcels {
                let at = there.remove(&(one.number.clone(), parcel.clone()));
                let mut values = vec![
                    (table.household.as_str(), text(&one.number)),
                    (table.parcel.as_str(), text(parcel)),
                ];
                let told = portion.as_deref();
                values.extend(told.map(|told| (table.portion.as_str(), text(told))));
                if at.is_none() {
                    values.push(("code", Value::Text(format!("{}/{parcel}", one.number))));
                }
                changes.put(held, at, values, Place::Or(None))?;
            }
        }
        for ((_, parcel), at) in there {
            if surveyed.contains(parcel.as_str()) {
                changes.remove(held, at);
            }
        }
        Ok(())
    }

    /// Photos; those that their files do not have yet.
    pub(super) fn photos(
        &self,
        photos: Vec<SubjectPhoto>,
        changes: &mut Changes,
    ) -> Result<Vec<SubjectPhoto>, ImportError> {
        let (held, table) = (&self.store.photos, &self.options.dossiers.set().photos);
        let mut there: HashMap<[String; 3], Option<usize>> = HashMap::new();
        for at in 0..held.features.len() {
            let of = |field: &String| held.text(at, field).unwrap_or_default().to_owned();
            let key = [&table.kind, &table.subject, &table.hash].map(of);
            there.entry(key).or_insert(Some(at));
        }
        let mut new = Vec::new();
        for photo in photos {
            let key = [photo.kind.clone(), photo.subject.clone(), photo.sha256.clone()];
            match there.insert(key, None) {
                // The same picture of the same subject twice in the package.
                Some(None) => {}
                Some(at) => changes.put(held, at, [], Place::Or(None))?,
                None => {
                    let code = format!("{}/{}", photo.subject, &photo.sha256[..12]);
                    let values = [
                        (table.code.as_str(), Value::Text(code)),
                        (table.kind.as_str(), text(&photo.kind)),
                        (table.subject.as_str(), text(&photo.subject)),
                        (table.title.as_str(), text(PHOTO_TITLE)),
                        (table.hash.as_str(), text(&photo.sha256)),
                    ];
                    changes.put(held, None, values, Place::Or(None))?;
                    new.push(photo);
                }
            }
        }
        Ok(new)
    }

    /// The personal values that households are to have, of those who have others now.
    pub(super) fn personal(&self) -> Vec<(String, PersonalValues)> {
        let mut held: HashMap<&str, Vec<String>> = HashMap::new();
        for (_, household, parcel) in self.store.each_share(&self.options.dossiers) {
            held.entry(household).or_default().push(self.named(parcel));
        }
        let nothing = PersonalValues::new();
        let changed = self.households.iter().filter_map(|one| {
            let known = self.store.personal.get(&one.number).unwrap_or(&nothing);
            let parcels = held.get(one.number.as_str()).map_or(&[][..], Vec::as_slice);
            // Whoever holds something elsewhere, too, is told of by other packages.
            let is_whole = parcels.iter().all(|parcel| self.linked.parcels.has_key(parcel));
            let mut wanted = one.personal.clone();
            for (field, value) in known {
                if !is_whole || class_of_field(field, &self.options.tables).is_none() {
                    wanted.insert(field.clone(), value.clone());
                }
            }
            (wanted != *known).then(|| (one.number.clone(), wanted))
        });
        changed.collect()
    }

    /// Every field that changed personal values write or take away, with its class.
    pub(super) fn personal_fields(
        &self,
        changed: &[(String, PersonalValues)],
    ) -> Vec<(String, FieldClass)> {
        let mut names = BTreeSet::new();
        for (number, values) in changed {
            names.extend(values.keys());
            names.extend(self.store.personal.get(number).into_iter().flat_map(BTreeMap::keys));
        }
        let of_package =
            |name: &String| Some((name.clone(), class_of_field(name, &self.options.tables)?));
        names.into_iter().filter_map(of_package).collect()
    }
}

/// The class of a personal field that packages bring; of others none.
fn class_of_field(field: &str, tables: &SurveyTables) -> Option<FieldClass> {
    let base = base_of(field);
    let mut columns = tables.set().tables.iter().flat_map(|table| &table.columns);
    let column = columns.find(|one| one.personal && one.field.as_deref() == Some(base))?;
    Some(column.personal_class())
}
