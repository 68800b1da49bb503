//! Files put together: one walk over each collection for all of them, then each by itself.

use ::ledger::dossier::{
    BuildingFile, Completeness, Contents, LineFile, Measure, Method, Photo, Record, ShareRow,
    SubjectKind, SubjectName, UnitName, Via, floors,
};
use ::ledger::rows::ENFORCEMENT;
use geo_types::Geometry as Shape;
use rustc_hash::{FxHashMap, FxHashSet};
use spatial::{Budget, Crs, FeatureRef, Snapshot, measure};

use super::gather::{Found, Gathered, Sources};
use super::parcel::{Ground, Surveyor, apart};
use super::parts::{Presence, is_there};
use super::plane::Planes;
use super::rows::{Rows, key};
use crate::EngineError;
use crate::clues::source::{position, text};
use crate::query::fault;

/// Most points of one file.
const MAX_POINTS: usize = 1_000;

/// The files of `subjects`, in their order, without what history says.
pub(super) fn assemble<'a>(
    sources: Sources<'a>,
    planes: &Planes<'_>,
    (kind, subjects): (&SubjectKind, &[Found<'a>]),
    budget: &Budget<'_>,
) -> Result<Vec<Contents>, EngineError> {
    let gathered = sources.gather(kind, subjects);
    let around = codes_around(sources, planes, &gathered)?;
    let doors = sources.doors(&|code| around.contains(code));
    let surveyor = Surveyor { sources, planes, doors: &doors };
    let mut files = Vec::with_capacity(subjects.len());
    for subject in subjects {
        budget.spend(1, 0).map_err(|cause| EngineError::TooCostly { cause })?;
        files.push(file(surveyor, kind, subject, (&gathered, budget))?);
    }
    building_units(sources, &mut files);
    enforcement(sources, &mut files);
    Ok(files)
}

/// The codes of the parcels that were found and of those near them.
fn codes_around<'a>(
    sources: Sources<'a>,
    planes: &Planes<'_>,
    gathered: &Gathered<'a>,
) -> Result<FxHashSet<&'a str>, EngineError> {
    let set = sources.set;
    let mut codes: FxHashSet<&str> = gathered.parcels.keys().copied().collect();
    let Some(rows) = sources.rows(&set.parcels.collection) else { return Ok(codes) };
    let Some(code) = rows.at(&set.parcels.code) else { return Ok(codes) };
    for row in gathered.parcels.values() {
        if row.geometry_type().is_none() {
            continue;
        }
        let plane = planes.plane(&rows.held.collection().crs, &row.envelope())?;
        let Some(shape) = planes.shape(rows, *row, &plane)? else { continue };
        let near = planes.around(rows, (&plane, &shape), set.reach.across.max(set.reach.border))?;
        codes.extend(near.into_iter().filter_map(|row| key(row, code)));
    }
    Ok(codes)
}

fn file<'a>(
    surveyor: Surveyor<'a>,
    kind: &SubjectKind,
    subject: &Found<'a>,
    (gathered, budget): (&Gathered<'a>, &Budget<'_>),
) -> Result<Contents, EngineError> {
    let Surveyor { sources, planes, .. } = surveyor;
    let set = sources.set;
    let gone = || EngineError::Internal { what: format!("collection {} is gone", kind.collection) };
    let rows = sources.rows(&kind.collection).ok_or_else(gone)?;
    let mut notes = Vec::new();
    let shares: &[ShareRow] = gathered.shares.get(subject.id).map_or(&[], Vec::as_slice);
    let named = sources.parcels_of(kind, subject, shares);
    if named.is_empty() && (kind.parcel.is_some() || kind.is_household) {
        notes.push("没有填写宗地代码".to_owned());
    }
    let mut grounds = Vec::with_capacity(named.len());
    for one in &named {
        let row = gathered.parcels.get(one.0).copied();
        grounds.push(surveyor.parcel(*one, row, &mut notes)?);
    }
    let buildings = buildings(surveyor, kind, (subject, shares), (gathered, &grounds), &mut notes)?;
    let line = line(planes, rows, subject.row)?;
    let place = place_of(sources, rows, subject.row, &grounds);
    let units = units(sources, planes, place.as_ref(), budget)?;
    let lon_lat = place
        .as_ref()
        .and_then(|(at, crs)| planes.way(crs, &Crs::CGCS2000).ok()?.project(*at).ok());
    let photos = photos(sources, gathered.photos.get(subject.id).map_or(&[], Vec::as_slice));
    let points = points(surveyor, kind, subject, (gathered, &grounds, line.as_ref()))?;
    let presence = Presence {
        parcels: (named.len(), grounds.iter().filter(|one| one.file.feature.is_some()).count()),
        has_building: kind.is_building || !buildings.is_empty(),
        has_photo: !photos.is_empty(),
        has_share: !shares.is_empty(),
    };
    let completeness = Completeness::of(kind, |part| is_there(rows, subject.row, part, &presence));
    let name = kind.name.as_deref().and_then(|field| rows.at(field));
    Ok(Contents {
        revision: sources.state.revision,
        subject: SubjectName {
            kind: kind.kind.clone(),
            kind_title: kind.title.clone(),
            id: subject.id.to_owned(),
            name: name.and_then(|at| text(subject.row, at)),
            collection: rows.id().clone(),
            feature: subject.row.id(),
            lon_lat,
        },
        units,
        fields: rows.shown(subject.row, &kind.fields),
        personal: None,
        shares: shares.to_vec(),
        floors: floors(buildings.iter()),
        parcels: grounds.into_iter().map(|ground| ground.file).collect(),
        buildings,
        line,
        photos,
        points,
        enforcement: sources.rows(ENFORCEMENT).map(|_| Vec::new()),
        history: Vec::new(),
        completeness,
        notes: {
            let mut seen = FxHashSet::default();
            notes.retain(|note| seen.insert(note.clone()));
            if set.red_lines.is_empty() {
                notes.push("没有指定红线图层".to_owned());
            }
            notes
        },
    })
}

fn buildings<'a>(
    surveyor: Surveyor<'a>,
    kind: &SubjectKind,
    (subject, shares): (&Found<'a>, &[ShareRow]),
    (gathered, grounds): (&Gathered<'a>, &[Ground<'a>]),
    notes: &mut Vec<String>,
) -> Result<Vec<BuildingFile>, EngineError> {
    let (mut all, mut seen) = (Vec::new(), FxHashSet::default());
    for ground in grounds {
        let code = ground.file.code.as_str();
        let named = gathered.buildings.get(code).map_or(&[][..], Vec::as_slice);
        let mut of_parcel = surveyor.buildings(ground, named, &mut seen, notes)?;
        if kind.is_building {
            of_parcel.retain(|one| one.feature == subject.row.id());
        }
        // Where a share says which buildings are its own, the others of the parcel are not.
        let own: Vec<&str> = shares
            .iter()
            .filter(|share| share.parcel == code)
            .flat_map(|share| share.buildings.iter().map(String::as_str))
            .collect();
        if !own.is_empty() {
            of_parcel.retain(|one| own.contains(&one.code.as_str()));
            of_parcel.iter_mut().for_each(|one| one.via = Via::Share);
        }
        all.extend(of_parcel);
    }
    if kind.is_building && all.is_empty() {
        // Its parcel is not there, or it is far off it.
        let nothing = Ground::nothing();
        let own = std::slice::from_ref(&subject.row);
        all = surveyor.buildings(&nothing, own, &mut FxHashSet::default(), notes)?;
    }
    Ok(all)
}

fn line(
    planes: &Planes<'_>,
    rows: Rows<'_>,
    row: FeatureRef<'_>,
) -> Result<Option<LineFile>, EngineError> {
    let is_line = row
        .shape()
        .is_some_and(|shape| matches!(shape, Shape::LineString(_) | Shape::MultiLineString(_)));
    if !is_line {
        return Ok(None);
    }
    let plane = planes.plane(&rows.held.collection().crs, &row.envelope())?;
    let shape = planes.shape(rows, row, &plane)?;
    Ok(shape.map(|shape| LineFile {
        length: Measure {
            value: measure::length(&shape),
            method: Method::PlanarLength,
            crs: plane,
        },
        shape,
    }))
}

/// A place that stands for the subject, and its CRS: its own, or one in its first parcel.
fn place_of(
    sources: Sources<'_>,
    rows: Rows<'_>,
    row: FeatureRef<'_>,
    grounds: &[Ground<'_>],
) -> Option<([f64; 2], Crs)> {
    let own = position(row).map(|at| (at, rows.held.collection().crs.clone()));
    own.or_else(|| {
        let parcels = sources.rows(&sources.set.parcels.collection)?;
        let id = grounds.iter().find_map(|ground| ground.file.feature)?;
        let at = position(parcels.held.get(id)?)?;
        Some((at, parcels.held.collection().crs.clone()))
    })
}

/// The units that a place lies in; of several of a level the lowest id.
fn units(
    sources: Sources<'_>,
    planes: &Planes<'_>,
    place: Option<&([f64; 2], Crs)>,
    budget: &Budget<'_>,
) -> Result<Vec<UnitName>, EngineError> {
    let Some((at, crs)) = place else { return Ok(Vec::new()) };
    let mut units = Vec::new();
    for layer in &sources.set.units {
        let Some(rows) = sources.rows(&layer.collection) else { continue };
        let Ok(at) = planes.way(crs, &rows.held.collection().crs)?.project(*at) else { continue };
        let mut found: Option<FeatureRef<'_>> = None;
        let mut visit = |unit: FeatureRef<'_>| {
            if found.is_none_or(|found| unit.id() < found.id()) {
                found = rows.held.get(unit.id());
            }
        };
        rows.held.locate(at, budget, &mut visit).map_err(fault)?;
        let Some(unit) = found else { continue };
        let value = |field: &str| rows.at(field).and_then(|at| text(unit, at)).unwrap_or_default();
        units.push(UnitName {
            level: layer.level.clone(),
            title: layer.title.clone(),
            code: value(&layer.code),
            name: value(&layer.name),
        });
    }
    Ok(units)
}

fn photos(sources: Sources<'_>, rows_of: &[FeatureRef<'_>]) -> Vec<Photo> {
    let table = &sources.set.photos;
    let Some(rows) = sources.rows(&table.collection) else { return Vec::new() };
    let of = |row: FeatureRef<'_>, field: &str| rows.at(field).and_then(|at| text(row, at));
    let photo = |row: &FeatureRef<'_>| Photo {
        code: of(*row, &table.code).unwrap_or_else(|| row.id().to_string()),
        title: of(*row, &table.title).unwrap_or_else(|| "照片".to_owned()),
        captured_at: of(*row, &table.captured),
        hash: of(*row, &table.hash),
    };
    rows_of.iter().map(photo).collect()
}

/// Points that name the subject or its parcels, and those that lie on them; along an alley those near it.
fn points<'a>(
    surveyor: Surveyor<'a>,
    kind: &SubjectKind,
    subject: &Found<'a>,
    (gathered, grounds, line): (&Gathered<'a>, &[Ground<'a>], Option<&LineFile>),
) -> Result<Vec<Record>, EngineError> {
    let Surveyor { sources, planes, .. } = surveyor;
    let layer = &sources.set.points;
    let Some(rows) = sources.rows(&layer.collection) else { return Ok(Vec::new()) };
    let codes = grounds.iter().map(|ground| ground.file.code.as_str());
    let keys = codes.chain(kind.is_named_by_points().then_some(subject.id));
    let mut found: Vec<(FeatureRef<'a>, Via)> = Vec::new();
    for key in keys {
        let named = gathered.points.get(key).map_or(&[][..], Vec::as_slice);
        found.extend(named.iter().map(|row| (*row, Via::Field)));
    }
    let shapes = grounds
        .iter()
        .filter_map(|ground| Some((ground.file.plane.as_ref()?, ground.file.shape.as_ref()?, 0.0)));
    let along = line.map(|line| (&line.length.crs, &line.shape, sources.set.reach.alley));
    for (plane, shape, metres) in shapes.chain(along) {
        for row in planes.around(rows, (plane, shape), metres)? {
            let Some(at) = planes.shape(rows, row, plane)? else { continue };
            if apart(&at.shape, &shape.shape) <= metres {
                found.push((row, Via::Place));
            }
        }
    }
    // Stable: what a field says comes before what the place does.
    found.sort_by_key(|(row, _)| row.id());
    found.dedup_by_key(|(row, _)| row.id());
    found.truncate(MAX_POINTS);
    let record = |(row, via): (FeatureRef<'a>, Via)| Record {
        collection: rows.id().clone(),
        feature: row.id(),
        via,
        fields: rows.shown(row, &layer.fields),
    };
    Ok(found.into_iter().map(record).collect())
}

/// Adds the units of the buildings of files, by one walk over them.
fn building_units(sources: Sources<'_>, files: &mut [Contents]) {
    let Some(table) = &sources.set.building_units else { return };
    let Some(rows) = sources.rows(&table.collection) else { return };
    let buildings = || files.iter().flat_map(|file| &file.buildings);
    let codes: FxHashSet<String> = buildings().map(|one| one.code.clone()).collect();
    if codes.is_empty() {
        return;
    }
    let mut units: FxHashMap<&str, Vec<FeatureRef<'_>>> = FxHashMap::default();
    rows.each_key(&table.building, &mut |building, row| {
        if codes.contains(building) {
            units.entry(building).or_default().push(row);
        }
    });
    units.values_mut().for_each(|rows| rows.sort_unstable_by_key(|row| row.id()));
    for building in files.iter_mut().flat_map(|file| &mut file.buildings) {
        let of = units.get(building.code.as_str()).map_or(&[][..], Vec::as_slice);
        building.units = of.iter().map(|row| rows.shown(*row, &table.fields)).collect();
    }
}

/// Adds what departments did at the points of files, by one walk over their records.
fn enforcement(sources: Sources<'_>, files: &mut [Contents]) {
    let Some(rows) = sources.rows(ENFORCEMENT) else { return };
    let layer = &sources.set.points;
    let Some(points) = sources.rows(&layer.collection) else { return };
    let names = [&layer.id, &layer.code].map(|field| points.at(field));
    let mut files_of: FxHashMap<String, Vec<usize>> = FxHashMap::default();
    for (at, file) in files.iter().enumerate() {
        for point in &file.points {
            let Some(row) = points.held.get(point.feature) else { continue };
            for name in names.iter().flatten().filter_map(|at| text(row, *at)) {
                files_of.entry(name).or_default().push(at);
            }
        }
    }
    if files_of.is_empty() {
        return;
    }
    rows.each_key("point", &mut |point, row| {
        for at in files_of.get(point).into_iter().flatten() {
            let record = Record {
                collection: rows.id().clone(),
                feature: row.id(),
                via: Via::Field,
                fields: rows.all(row),
            };
            if let Some(records) = &mut files[*at].enforcement {
                records.push(record);
            }
        }
    });
    for file in files {
        let records = file.enforcement.iter_mut();
        records.for_each(|records| records.sort_by_key(|record| record.feature));
    }
}

/// The collections of a state that a file has to know of besides.
pub(super) fn known<'a>(state: &'a Snapshot, names: &[&str]) -> Vec<&'a spatial::CollectionId> {
    state.collections.keys().filter(|id| names.contains(&id.as_str())).collect()
}

impl Ground<'_> {
    /// No parcel at all.
    fn nothing() -> Self {
        let file = ::ledger::dossier::ParcelFile::of("", Via::Field);
        Ground { file, near: Vec::new() }
    }
}
