//! Buildings that the last survey did not have.

use ::ledger::clue::{Finding, NewBuilding, Permits};
use geo_types::Geometry as Shape;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use spatial::join::JoinOn;
use spatial::union::union_of_shapes;
use spatial::{FeatureId, FeatureRef, OverlayOp, Predicate, ValueRef};

use super::Clue;
use super::ground::Ground;
use super::parcels::union_fault;
use super::source::{Ask, Side, Source, text};
use crate::EngineError;

/// Buildings of which more than a little lies on no building of the last survey.
pub(super) fn new_buildings(ask: &Ask<'_>, rule: &NewBuilding) -> Result<Vec<Clue>, EngineError> {
    let (buildings, earlier) = (ask.source(&rule.buildings)?, ask.source(&rule.earlier)?);
    let asked = ask.asked(buildings)?;
    let has_place = |feature: FeatureRef<'_>| feature.geometry_type().is_some();
    let places = Side::kept(buildings, &has_place).among(asked.as_ref());
    // What lies in an earlier one is not new at all, and that is nearly everything.
    let within = JoinOn::Predicate(Predicate::Within);
    let rest = ask.without(places, earlier, within)?;
    let rest = match &rule.permits {
        None => rest,
        Some(permits) => without_permit(ask, buildings, permits, rest)?,
    };
    let left = Side::from(buildings).among(Some(&rest));
    let meeting = JoinOn::Predicate(Predicate::Intersects);
    let ground = Ground::of(ask, buildings, earlier)?;
    let mut met: FxHashMap<FeatureId, Vec<FeatureId>> = FxHashMap::default();
    for (building, before) in ask.pairs(left, earlier, meeting)? {
        met.entry(building).or_default().push(before);
    }
    let mut rest: Vec<FeatureId> = rest.into_iter().collect();
    rest.sort_unstable();
    let clue = |id: &FeatureId| {
        let building = buildings.get(*id)?;
        let building_m2 = ground.whole(building)?;
        let (geometry, new_m2) = match (met.get(id), building.shape()) {
            (Some(before), Some(shape)) => {
                let shapes: Vec<Option<Shape<f64>>> = before
                    .iter()
                    .map(|id| ground.moved(earlier.get(*id)?))
                    .collect::<Result<_, EngineError>>()?;
                let shapes: Vec<Shape<f64>> = shapes.into_iter().flatten().collect();
                let (left, m2) = match shapes.as_slice() {
                    [one] => ground.overlay(OverlayOp::Difference, &shape, one)?,
                    shapes => {
                        let united = union_of_shapes(shapes, ask.budget).map_err(union_fault)?;
                        ground.overlay(OverlayOp::Difference, &shape, &united.geometry.shape)?
                    }
                };
                (Some(left), m2)
            }
            _ => (None, building_m2),
        };
        let finding = Finding::NewBuilding {
            building: buildings.name(building),
            new_m2,
            building_m2,
            least_m2: rule.least_m2,
        };
        let clue = Clue { finding, subjects: vec![buildings.subject(building)], geometry };
        Ok((new_m2 > rule.least_m2).then_some(clue))
    };
    let clues: Vec<Option<Clue>> = rest.par_iter().map(clue).collect::<Result<_, EngineError>>()?;
    Ok(clues.into_iter().flatten().collect())
}

/// Those of the buildings whose parcel has no permit.
fn without_permit(
    ask: &Ask<'_>,
    buildings: Source<'_>,
    permits: &Permits,
    mut rest: FxHashSet<FeatureId>,
) -> Result<FxHashSet<FeatureId>, EngineError> {
    let source = ask.source(&permits.collection)?;
    let (parcel, named) = (source.field(&permits.parcel)?, buildings.field(&permits.building)?);
    let mut on: FxHashMap<String, Vec<FeatureId>> = FxHashMap::default();
    for id in &rest {
        if let Some(parcel) = text(buildings.get(*id)?, named) {
            on.entry(parcel).or_default().push(*id);
        }
    }
    source.each(&mut |permit| {
        let ids = match permit.value(parcel) {
            ValueRef::Text(parcel) => on.get(parcel.trim()),
            ValueRef::Int(parcel) => on.get(&parcel.to_string()),
            _ => None,
        };
        for id in ids.into_iter().flatten() {
            rest.remove(id);
        }
    });
    Ok(rest)
}
