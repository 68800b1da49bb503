//! Buildings without a file of a household (全覆盖), with shares by unit, and households with
//! several parcels (疑似一户多宅).

use std::collections::{BTreeMap, BTreeSet};

use ::ledger::clue::{Finding, NoFile, SeveralHomesteads, Units};
use rustc_hash::{FxHashMap, FxHashSet};
use spatial::{FeatureId, FeatureRef};

use super::ground::Ground;
use super::parcels::holders;
use super::source::{Ask, Source, is_among, position, text};
use super::{Clue, Subject, UnitShare};
use crate::EngineError;
use crate::query::fault;

/// Buildings on no parcel, or mostly on one that no file names; and their shares by unit.
pub(super) fn no_file(
    ask: &Ask<'_>,
    rule: &NoFile,
) -> Result<(Vec<Clue>, Vec<UnitShare>), EngineError> {
    let (buildings, parcels) = (ask.source(&rule.buildings)?, ask.source(&rule.parcels)?);
    let asked = ask.asked(buildings)?;
    let key = parcels.field(&rule.parcel_key)?;
    let files = rule.files.as_ref();
    let files = files.and_then(|files| Some((ask.optional(&files.collection)?, files)));
    let mut filed: Option<FxHashSet<String>> = match files {
        None => None,
        Some((source, files)) => {
            let parcel = source.field(&files.parcel)?;
            let mut filed = FxHashSet::default();
            source.each(&mut |file| filed.extend(text(file, parcel)));
            Some(filed)
        }
    };
    let shares_of = rule.shares.as_ref().filter(|_| filed.is_some());
    let shares_of = shares_of.and_then(|one| Some((ask.optional(&one.collection)?, one)));
    if let (Some(filed), Some((source, shares))) = (&mut filed, shares_of) {
        let parcel = source.field(&shares.parcel)?;
        source.each(&mut |share| filed.extend(text(share, parcel)));
    }
    let holders = holders(ask, (buildings, asked.as_ref()), parcels)?;
    let ground = Ground::of(ask, buildings, parcels)?;
    let mut all = Vec::new();
    buildings.each(&mut |feature| {
        if is_among(asked.as_ref(), feature) && feature.geometry_type().is_some() {
            all.push(feature);
        }
    });
    let mut clues = Vec::new();
    let mut without: FxHashSet<FeatureId> = FxHashSet::default();
    for building in &all {
        let holder = holders.get(&building.id());
        let parcel = holder.map(|holder| parcels.get(holder.parcel)).transpose()?;
        let is_filed = |parcel: FeatureRef<'_>| match &filed {
            None => true,
            Some(filed) => text(parcel, key).is_some_and(|key| filed.contains(&key)),
        };
        if parcel.is_some_and(is_filed) {
            continue;
        }
        without.insert(building.id());
        let finding = Finding::NoFile {
            building: buildings.name(*building),
            parcel: parcel.map(|parcel| parcels.name(parcel)),
            building_m2: ground.whole(*building)?,
        };
        let mut subjects = vec![buildings.subject(*building)];
        subjects.extend(parcel.map(|parcel| parcels.subject(parcel)));
        clues.push(Clue { finding, subjects, geometry: None });
    }
    let shares = match &rule.units {
        Some(units) => shares(ask, (buildings, &all, &without), units)?,
        None => Vec::new(),
    };
    Ok((clues, shares))
}

/// How many of the buildings of each unit are without a file; a building is of the unit that covers
/// its position, of several the lowest id.
fn shares(
    ask: &Ask<'_>,
    (buildings, all, without): (Source<'_>, &[FeatureRef<'_>], &FxHashSet<FeatureId>),
    units: &Units,
) -> Result<Vec<UnitShare>, EngineError> {
    let Some(source) = ask.optional(&units.collection) else { return Ok(Vec::new()) };
    let (code, name) = (source.field(&units.code)?, source.field(&units.name)?);
    let mover = ask.mover(buildings, source)?;
    let positions: Vec<[f64; 2]> = all
        .iter()
        .map(|building| {
            let at = position(*building);
            let at = at.and_then(|at| match &mover {
                Some(mover) => mover.project(at).ok(),
                None => Some(at),
            });
            // A building without a place is in no unit.
            at.unwrap_or([f64::NAN; 2])
        })
        .collect();
    let located = source.held.locate_all(&positions, ask.budget).map_err(fault)?;
    let mut unit_of: FxHashMap<u32, FeatureRef<'_>> = FxHashMap::default();
    for one in located {
        unit_of.entry(one.point).or_insert(one.feature);
    }
    let mut shares: BTreeMap<String, UnitShare> = BTreeMap::new();
    for (number, building) in all.iter().enumerate() {
        let unit = u32::try_from(number).ok().and_then(|number| unit_of.get(&number));
        let value = |field| unit.and_then(|unit| text(*unit, field)).unwrap_or_default();
        let code = value(code);
        let share = shares.entry(code.clone()).or_insert_with(|| UnitShare {
            code,
            name: value(name),
            ..UnitShare::default()
        });
        share.buildings += 1;
        share.without += u64::from(without.contains(&building.id()));
    }
    Ok(shares.into_values().collect())
}

/// Households that a table of shares gives several parcels.
pub(super) fn several_homesteads(
    ask: &Ask<'_>,
    rule: &SeveralHomesteads,
) -> Result<Vec<Clue>, EngineError> {
    let shares = ask.source(&rule.shares)?;
    let (household, parcel) = (shares.field(&rule.household)?, shares.field(&rule.parcel)?);
    let mut held: BTreeMap<String, (BTreeSet<String>, Vec<Subject>)> = BTreeMap::new();
    shares.each(&mut |share| {
        if let (Some(household), Some(parcel)) = (text(share, household), text(share, parcel)) {
            let (parcels, rows) = held.entry(household).or_default();
            parcels.insert(parcel);
            rows.push(shares.subject(share));
        }
    });
    held.retain(|_, (parcels, _)| parcels.len() > 1);
    let of_parcels = rule.parcels.as_ref();
    let of_parcels = of_parcels.and_then(|one| Some((ask.optional(&one.collection)?, &one.parcel)));
    let source = of_parcels.map(|(source, _)| source);
    let mut subjects: FxHashMap<String, Subject> = FxHashMap::default();
    if let Some((source, field)) = of_parcels {
        let field = source.field(field)?;
        let wanted: FxHashSet<&str> =
            held.values().flat_map(|(parcels, _)| parcels.iter().map(String::as_str)).collect();
        source.each(&mut |parcel| {
            if let Some(key) = text(parcel, field).filter(|key| wanted.contains(key.as_str())) {
                subjects.insert(key, source.subject(parcel));
            }
        });
    }
    // Where it is asked is where the parcels are; without them the table has no place.
    let asked = ask.asked(source.unwrap_or(shares))?;
    let mut clues = Vec::new();
    for (household, (parcels, mut rows)) in held {
        rows.sort_by_key(|row| row.id);
        let of_parcels = parcels.iter().filter_map(|parcel| subjects.get(parcel).cloned());
        let of_parcels: Vec<Subject> = of_parcels.collect();
        let looked_at = if source.is_some() { &of_parcels } else { &rows };
        let is_asked =
            asked.as_ref().is_none_or(|ids| looked_at.iter().any(|one| ids.contains(&one.id)));
        if is_asked {
            let finding =
                Finding::SeveralHomesteads { household, parcels: parcels.into_iter().collect() };
            let subjects = of_parcels.into_iter().chain(rows).collect();
            clues.push(Clue { finding, subjects, geometry: None });
        }
    }
    Ok(clues)
}
