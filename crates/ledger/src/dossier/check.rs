//! Whether what is said of household files holds together: looked at once, before anything is asked.

use std::collections::BTreeSet;

use spatial::CollectionId;

use super::{DossierSet, Part, PartKind, SubjectKind};
use crate::data_check::{Check, DataFault};

/// Most kinds of subjects, layers of units, lanes or red lines.
const MAX_PARTS: usize = 40;
/// Most fields that are shown of one thing.
const MAX_FIELDS: usize = 100;
/// Highest weight of a part.
const MAX_WEIGHT: u32 = 1_000;
/// Farthest that is looked, metres.
const MAX_METRES: f64 = 2_000.0;
/// Farthest that a surveyed point may be from its vertex, metres.
const MAX_APART: f64 = 1.0;

/// Household files whose definitions hold together.
#[derive(Clone, Debug, PartialEq)]
pub struct Dossiers(DossierSet);

impl Dossiers {
    /// Takes what is said of household files.
    ///
    /// # Errors
    /// Every fault that is found.
    pub fn new(set: DossierSet) -> Result<Self, Vec<DataFault>> {
        let mut check = Check::new("dossiers");
        check.line("edition", &set.edition);
        check.line("source", &set.source);
        for (key, metres) in [
            ("reach.border", set.reach.border),
            ("reach.across", set.reach.across),
            ("reach.red_line", set.reach.red_line),
            ("reach.alley", set.reach.alley),
        ] {
            if !(metres > 0.0 && metres <= MAX_METRES) {
                let reason = format!("is not usable; give metres above 0, up to {MAX_METRES}");
                check.fault(key, &metres.to_string(), &reason);
            }
        }
        let collections = [
            ("parcels.collection", &set.parcels.collection),
            ("buildings.collection", &set.buildings.collection),
            ("shares.collection", &set.shares.collection),
            ("photos.collection", &set.photos.collection),
            ("points.collection", &set.points.collection),
        ];
        collections.into_iter().for_each(|(key, name)| check.collection(key, name));
        if let Some(points) = &set.boundary_points {
            check.collection("boundary_points.collection", &points.collection);
            if !(points.within > 0.0 && points.within <= MAX_APART) {
                let reason = format!("is not usable; give metres above 0, up to {MAX_APART}");
                check.fault("boundary_points.within", &points.within.to_string(), &reason);
            }
        }
        if let Some(units) = &set.building_units {
            check.collection("building_units.collection", &units.collection);
            check.count("building_units.fields", units.fields.len(), 1..=MAX_FIELDS);
        }
        check.count("units", set.units.len(), 0..=MAX_PARTS);
        let mut levels = BTreeSet::new();
        for unit in &set.units {
            check.name("units.level", &unit.level);
            check.line("units.title", &unit.title);
            check.collection("units.collection", &unit.collection);
            if !levels.insert(&unit.level) {
                check.fault(
                    "units.level",
                    &unit.level,
                    "stands there twice; give one another name",
                );
            }
        }
        check.count("lanes", set.lanes.len(), 0..=MAX_PARTS);
        set.lanes.iter().for_each(|lane| check.collection("lanes.collection", &lane.collection));
        check.count("red_lines", set.red_lines.len(), 0..=MAX_PARTS);
        for line in &set.red_lines {
            check.collection("red_lines.collection", &line.collection);
            check.line("red_lines.title", &line.title);
        }
        if let Some(ortho) = &set.ortho {
            check.collection("ortho.collection", &ortho.collection);
            let said = [("ortho.source", &ortho.source), ("ortho.captured", &ortho.captured)];
            for (key, text) in said {
                text.iter().for_each(|text| check.line(key, text));
            }
        }
        check.count("subjects", set.subjects.len(), 1..=MAX_PARTS);
        let mut kinds = BTreeSet::new();
        for subject in &set.subjects {
            check.of.clone_from(&subject.kind);
            if !kinds.insert(&subject.kind) {
                check.fault("kind", &subject.kind, "stands there twice; give one another name");
            }
            check.subject(subject);
        }
        check.finish(Self(set))
    }

    /// What is said.
    pub fn set(&self) -> &DossierSet {
        &self.0
    }

    /// The kind of that name; the first one when none is named.
    pub fn kind(&self, name: Option<&str>) -> Option<&SubjectKind> {
        match name {
            None => self.0.subjects.first(),
            Some(name) => self.0.subjects.iter().find(|one| one.kind == name),
        }
    }

    /// Every collection that files read, each once.
    pub fn collections(&self) -> Vec<&str> {
        let set = &self.0;
        let mut all = vec![
            set.parcels.collection.as_str(),
            &set.buildings.collection,
            &set.shares.collection,
            &set.photos.collection,
            &set.points.collection,
            crate::rows::ENFORCEMENT,
        ];
        all.extend(set.boundary_points.iter().map(|one| one.collection.as_str()));
        all.extend(set.building_units.iter().map(|one| one.collection.as_str()));
        all.extend(set.units.iter().map(|one| one.collection.as_str()));
        all.extend(set.lanes.iter().map(|one| one.collection.as_str()));
        all.extend(set.red_lines.iter().map(|one| one.collection.as_str()));
        all.extend(set.subjects.iter().map(|one| one.collection.as_str()));
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl Check {
    fn collection(&mut self, key: &'static str, name: &str) {
        if let Err(unusable) = CollectionId::try_from(name) {
            self.fault(key, name, &unusable.to_string());
        }
    }

    fn subject(&mut self, subject: &SubjectKind) {
        self.name("kind", &subject.kind);
        self.line("title", &subject.title);
        self.collection("collection", &subject.collection);
        self.line("id", &subject.id);
        self.count("fields", subject.fields.len(), 0..=MAX_FIELDS);
        for field in &subject.fields {
            self.line("fields.field", &field.field);
            self.line("fields.title", &field.title);
        }
        self.count("parts", subject.parts.len(), 1..=MAX_FIELDS);
        subject.parts.iter().for_each(|part| self.part(part));
    }

    fn part(&mut self, part: &Part) {
        self.line("parts.title", &part.title);
        if !(1..=MAX_WEIGHT).contains(&part.weight) {
            let reason = format!("is not usable; give 1 to {MAX_WEIGHT}");
            self.fault("parts.weight", &part.weight.to_string(), &reason);
        }
        match (part.part, &part.field) {
            (PartKind::Field, None) => {
                self.fault("parts.field", "", "is missing; say which field has a value");
            }
            (PartKind::Field, Some(field)) => self.line("parts.field", field),
            (_, Some(field)) => {
                self.fault("parts.field", field, "is of parts \"field\" alone; leave it out");
            }
            (_, None) => {}
        }
    }
}
