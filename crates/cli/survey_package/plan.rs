//! A package read, checked and compared with the store, so that nothing is left but to write.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use engine::dossier::Planes;
use ledger::normal_form;
use ledger::survey::{DefectKind, SurveyDefect, TableRole};
use spatial::{Crs, CrsRegistry, FieldClass};
use store::GeoPackageStore;

use super::changes::Changes;
use super::differences::Differences;
use super::ground::{Vertices, measured};
use super::held::{Held, PersonalValues, Store, collections, household_kind};
use super::holders::{Household, households_of};
use super::links::{KeyedRows, Linked, Present, link, spares};
use super::package::Package;
use super::people::Tokens;
use super::photos::{SubjectPhoto, Subjects, photos_of};
use super::tables::Reading;
use super::{Defects, SurveyOptions, SurveyOutcome};
use crate::import::report::{Action, Report};
use crate::import::{ImportError, Watch};

/// What taking in a package goes by.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// Where the store is or will be.
    pub store_path: &'a Path,
    /// What is read of it; none when there is none yet.
    pub reader: Option<&'a GeoPackageStore>,
    /// The package.
    pub package: &'a Path,
    /// Coordinate systems.
    pub registry: &'a Arc<CrsRegistry>,
    /// How.
    pub options: &'a SurveyOptions,
    /// What is shown, and how it is stopped.
    pub watch: &'a Watch,
}

/// What is to be written.
pub struct Plan {
    /// What photos are read from once more; an archive is unpacked for as long.
    pub(super) package: Package,
    pub(super) store: Store,
    pub(super) changes: Changes,
    pub(super) photos: Vec<SubjectPhoto>,
    pub(super) personal: Vec<(String, PersonalValues)>,
    /// Fields of personal values with their classes.
    pub(super) fields: Vec<(String, FieldClass)>,
    pub(super) outcome: SurveyOutcome,
}

/// Reads, checks and compares a package; nothing is written but the list of defects.
///
/// # Errors
/// When something cannot be read, or cannot go into the store.
pub async fn plan(job: Job<'_>) -> Result<Plan, ImportError> {
    let Job { reader, options, registry, watch, .. } = job;
    let known = collections(reader).await?;
    let (mut defects, mut notes) = (Defects::default(), Vec::new());
    let package = Package::open(job.package, options.photos.as_deref(), &options.read)?;
    let reading = Reading { package: &package, options, registry, watch, known: &known };
    let tables = tokio::task::block_in_place(|| reading.tables(&mut defects, &mut notes))?;
    watch.finish();
    let storage = tables.get(&TableRole::Parcels).map_or(Crs::CGCS2000, |table| table.crs.clone());
    let store = Store::read(reader, (&options.tables, &options.dossiers), &storage).await?;
    let points_crs = tables.get(&TableRole::BoundaryPoints).map(|table| table.crs.clone());
    let linked = tokio::task::block_in_place(|| {
        let planes = Planes::new(registry);
        let within = options.tables.set().tolerance.vertex;
        let points_crs = points_crs.unwrap_or(storage);
        let mut of =
            |parcels: &KeyedRows<'_>| Vertices::of(&planes, parcels, (&points_crs, within));
        let keys = |role| store.tables.get(&role).map(Held::keys).into_iter().flatten().cloned();
        let present = Present {
            parcels: keys(TableRole::Parcels).collect(),
            buildings: keys(TableRole::Buildings).collect(),
        };
        let (linked, vertices) = link(tables, &present, &mut of, &mut defects)?;
        let tolerance = &options.tables.set().tolerance;
        measured(&linked, &vertices, (&planes, tolerance), &mut defects)?;
        Ok::<_, ImportError>(linked)
    })?;
    let renamed = renamed(&linked.parcels, &store);
    let named = |code: &str| renamed.get(code).cloned().unwrap_or_else(|| code.to_owned());
    let tokens = Tokens::new()?;
    let known = store.known_households(&options.dossiers, &options.tables, (&tokens, &named))?;
    let households = households_of(&linked, &known, &tokens, options, &mut defects);
    let subjects = subjects(&linked, &households, &store, (options, &named))?;
    let most = options.max_photo_bytes;
    let photos =
        tokio::task::block_in_place(|| photos_of(&package.photos, &subjects, most, &mut defects))?;
    let of = Differences {
        linked: &linked,
        households: &households,
        store: &store,
        options,
        registry,
        renamed: &renamed,
    };
    let mut changes = Changes::since(store.revision);
    of.tables(&mut changes)?;
    of.households(&mut changes)?;
    of.shares(&mut changes)?;
    let photos = of.photos(photos, &mut changes)?;
    let personal = of.personal();
    let fields = of.personal_fields(&personal);
    for ((collection, field), count) in &changes.not_kept {
        let (place, detail) = ((collection.as_str(), 0), format!("{count} values"));
        defects.add(place, DefectKind::FieldNotKept, Some(field), detail);
    }
    let hashes: BTreeSet<&str> = photos.iter().map(|one| one.sha256.as_str()).collect();
    let outcome = SurveyOutcome {
        collections: changes.counts.clone(),
        personal: personal.len() as u64,
        photos: hashes.len() as u64,
        is_partial: defects.0.iter().any(|one| one.kind.leaves_out()),
        notes,
        dry_run: options.dry_run,
        revision: None,
        ..report(&mut defects.0, &options.report).map_err(ImportError::Report)?
    };
    Ok(Plan { package, store, changes, photos, personal, fields, outcome })
}

impl Plan {
    /// What will become of the package.
    pub fn outcome(&self) -> &SurveyOutcome {
        &self.outcome
    }
}

/// Parcels that the store knows by a spare number and the package by their code: old name, new one.
fn renamed(parcels: &KeyedRows<'_>, store: &Store) -> HashMap<String, String> {
    let Some(held) = store.tables.get(&TableRole::Parcels) else { return HashMap::new() };
    let mut renamed = HashMap::new();
    for (code, row) in parcels.rows.iter().filter(|(code, _)| held.find(code).is_none()) {
        let old = spares(parcels.of, row).find(|spare| spare != code && held.find(spare).is_some());
        if let Some(old) = old {
            renamed.insert(old, code.clone());
        }
    }
    renamed
}

/// What a photo may call the subjects of files.
fn subjects(
    linked: &Linked<'_>,
    households: &[Household],
    store: &Store,
    (options, named): (&SurveyOptions, &dyn Fn(&str) -> String),
) -> Result<Subjects, ImportError> {
    let kind = household_kind(&options.dossiers)?;
    let mut subjects = Subjects::new();
    let mut add = |name: &str, kind: &str, number: &str| {
        let of = subjects.entry(normal_form(name)).or_default();
        of.insert((kind.to_owned(), number.to_owned()));
    };
    let mut surveyed = BTreeSet::new();
    for one in households {
        add(&one.number, &kind.kind, &one.number);
        for (parcel, _) in &one.parcels {
            add(parcel, &kind.kind, &one.number);
            surveyed.insert(parcel.as_str());
        }
    }
    for at in 0..store.households.features.len() {
        if let Some(number) = store.households.text(at, &kind.id) {
            add(number, &kind.kind, number);
        }
    }
    // Whose share in a parcel of the package ends has no photo of it.
    for (_, number, parcel) in store.each_share(&options.dossiers) {
        let parcel = named(parcel);
        if !surveyed.contains(parcel.as_str()) {
            add(&parcel, &kind.kind, number);
        }
    }
    let building = options.dossiers.set().subjects.iter().find(|one| one.is_building);
    for (code, _) in building.iter().flat_map(|_| &linked.buildings.rows) {
        add(code, building.map_or("", |one| &one.kind), code);
    }
    Ok(subjects)
}

/// Lists the defects; what is told of them.
fn report(defects: &mut [SurveyDefect], path: &Path) -> std::io::Result<SurveyOutcome> {
    defects.sort_by(|a, b| (&a.layer, a.row, a.kind).cmp(&(&b.layer, b.row, b.kind)));
    let mut report = Report::new(path.to_owned(), false);
    for one in defects.iter() {
        let action = match one.kind {
            DefectKind::ShapeRepaired => Action::Repaired,
            kind if kind.leaves_out() => Action::Skipped,
            _ => Action::Warned,
        };
        let reason = match one.detail.is_empty() {
            true => one.kind.advice().to_owned(),
            false => format!("{}; {}", one.detail, one.kind.advice()),
        };
        report.add(
            &one.layer,
            one.row,
            action,
            one.kind.identifier(),
            one.field.as_deref(),
            &reason,
        )?;
    }
    let mut counts = BTreeMap::new();
    for ((_, kind), count) in report.counts() {
        *counts.entry(kind.clone()).or_default() += count;
    }
    Ok(SurveyOutcome {
        collections: <_>::default(),
        personal: 0,
        photos: 0,
        defects: counts,
        is_partial: false,
        notes: Vec::new(),
        dry_run: false,
        revision: None,
        report: report.finish()?,
    })
}
