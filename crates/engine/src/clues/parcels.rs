//! Buildings against parcels (疑似超占), and parcels against each other: overlaps and gaps.

use ::ledger::clue::{Finding, OverParcel, ParcelGap, ParcelOverlap};
use geo_types::{Geometry as Shape, Polygon};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use spatial::join::JoinOn;
use spatial::query::{Area, Selection, Test};
use spatial::union::{UnionFault, union_of_shapes};
use spatial::{FeatureId, FeatureRef, Geometry, OverlayOp, Predicate};

use super::Clue;
use super::ground::{Ground, NOISE_M2};
use super::source::{Ask, Side, Source, is_among};
use crate::EngineError;
use crate::query::{fault, metric};

/// How far the border of a gap may lie from those of its parcels, in metres: what the overlay rounds.
const BORDER_M: f64 = 0.01;

/// Which parcel holds most of a building.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    pub(super) parcel: FeatureId,
    /// So much of the building it holds, in square metres; `None` for all of it.
    pub(super) inside_m2: Option<f64>,
}

/// For each of the buildings asked for that shares ground with a parcel, the parcel that holds most
/// of it; of those that hold as much the lowest id.
pub(super) fn holders(
    ask: &Ask<'_>,
    (buildings, asked): (Source<'_>, Option<&FxHashSet<FeatureId>>),
    parcels: Source<'_>,
) -> Result<FxHashMap<FeatureId, Holder>, EngineError> {
    let within = JoinOn::Predicate(Predicate::Within);
    let mut holders: FxHashMap<FeatureId, Holder> = FxHashMap::default();
    for (building, parcel) in ask.pairs(Side::from(buildings).among(asked), parcels, within)? {
        // By ids: the first is the lowest.
        holders.entry(building).or_insert(Holder { parcel, inside_m2: None });
    }
    let is_left = |feature: FeatureRef<'_>| !holders.contains_key(&feature.id());
    let meeting = JoinOn::Predicate(Predicate::Intersects);
    let left = Side::kept(buildings, &is_left).among(asked);
    let pairs = ask.pairs(left, parcels, meeting)?;
    let ground = Ground::of(ask, buildings, parcels)?;
    let measured = pairs.par_iter().map(|(building, parcel)| {
        ask.budget.spend(1, 0).map_err(|cause| EngineError::TooCostly { cause })?;
        let inside = match ground.moved(parcels.get(*parcel)?)? {
            Some(shape) => ground.common(buildings.get(*building)?, &shape)?,
            None => 0.0,
        };
        Ok((*building, *parcel, inside))
    });
    let measured: Vec<_> = measured.collect::<Result<_, EngineError>>()?;
    for (building, parcel, inside) in measured {
        if inside <= NOISE_M2 {
            continue;
        }
        let holder = holders.entry(building);
        let holder = holder.or_insert(Holder { parcel, inside_m2: Some(inside) });
        if holder.inside_m2.is_some_and(|most| inside > most) {
            *holder = Holder { parcel, inside_m2: Some(inside) };
        }
    }
    Ok(holders)
}

/// Buildings of which more than a little lies outside the parcel that holds most of them.
pub(super) fn over_parcel(ask: &Ask<'_>, rule: &OverParcel) -> Result<Vec<Clue>, EngineError> {
    let (buildings, parcels) = (ask.source(&rule.buildings)?, ask.source(&rule.parcels)?);
    let asked = ask.asked(buildings)?;
    let holders = holders(ask, (buildings, asked.as_ref()), parcels)?;
    let ground = Ground::of(ask, buildings, parcels)?;
    let mut clues = Vec::new();
    for (building, holder) in holders {
        let Some(inside) = holder.inside_m2 else { continue };
        let (building, parcel) = (buildings.get(building)?, parcels.get(holder.parcel)?);
        let whole = ground.whole(building)?;
        if whole - inside <= rule.least_m2 {
            continue;
        }
        let outside = match (building.shape(), ground.moved(parcel)?) {
            (Some(a), Some(b)) => ground.overlay(OverlayOp::Difference, &a, &b)?,
            _ => continue,
        };
        let finding = Finding::OverParcel {
            building: buildings.name(building),
            parcel: parcels.name(parcel),
            outside_m2: whole - inside,
            building_m2: whole,
            least_m2: rule.least_m2,
        };
        let subjects = vec![buildings.subject(building), parcels.subject(parcel)];
        clues.push(Clue { finding, subjects, geometry: Some(outside.0) });
    }
    Ok(clues)
}

/// Pairs of parcels that share more than a little ground.
pub(super) fn overlaps(ask: &Ask<'_>, rule: &ParcelOverlap) -> Result<Vec<Clue>, EngineError> {
    let parcels = ask.source(&rule.parcels)?;
    let asked = ask.asked(parcels)?;
    // Neighbours that only touch are the most by far: their overlay is cheaper than their relation.
    let on = JoinOn::Predicate(Predicate::Intersects);
    let pairs = ask.pairs(Side::from(parcels).among(asked.as_ref()), parcels, on)?;
    let ordered = pairs.into_iter().filter(|(a, b)| a != b).map(|(a, b)| (a.min(b), a.max(b)));
    let mut pairs: Vec<_> = ordered.collect();
    pairs.sort_unstable();
    pairs.dedup();
    let ground = Ground::of(ask, parcels, parcels)?;
    let clue = |(first, second): &(FeatureId, FeatureId)| {
        let (first, second) = (parcels.get(*first)?, parcels.get(*second)?);
        let most = ground.at_most(&first.envelope(), &second.envelope());
        if most <= rule.least_m2 {
            return Ok(None);
        }
        ask.budget.spend(1, 0).map_err(|cause| EngineError::TooCostly { cause })?;
        let (Some(a), Some(b)) = (first.shape(), second.shape()) else { return Ok(None) };
        let (common, common_m2) = ground.overlay(OverlayOp::Intersection, &a, &b)?;
        let finding = Finding::ParcelOverlap {
            first: parcels.name(first),
            second: parcels.name(second),
            common_m2,
            least_m2: rule.least_m2,
        };
        let subjects = vec![parcels.subject(first), parcels.subject(second)];
        let clue = Clue { finding, subjects, geometry: Some(common) };
        Ok((common_m2 > rule.least_m2).then_some(clue))
    };
    let clues: Vec<Option<Clue>> =
        pairs.par_iter().map(clue).collect::<Result<_, EngineError>>()?;
    Ok(clues.into_iter().flatten().collect())
}

/// Ground that parcels enclose and none of them covers.
pub(super) fn gaps(ask: &Ask<'_>, rule: &ParcelGap) -> Result<Vec<Clue>, EngineError> {
    let parcels = ask.source(&rule.parcels)?;
    let asked = ask.asked(parcels)?;
    let mut shapes = Vec::new();
    parcels.each(&mut |feature| {
        if is_among(asked.as_ref(), feature) {
            shapes.extend(feature.shape());
        }
    });
    let united = union_of_shapes(&shapes, ask.budget).map_err(union_fault)?;
    let polygons = match united.geometry.shape {
        Shape::Polygon(polygon) => vec![polygon],
        Shape::MultiPolygon(polygons) => polygons.0,
        _ => Vec::new(),
    };
    let ground = Ground::of(ask, parcels, parcels)?;
    let holes = polygons.into_iter().flat_map(|polygon| polygon.into_inner().1);
    let holes: Vec<Shape<f64>> =
        holes.map(|hole| Shape::Polygon(Polygon::new(hole, Vec::new()))).collect();
    let (metric, units) = metric(&parcels.held.collection().crs, ask.registry)?;
    let mut clues = Vec::new();
    for hole in holes {
        let hole = Geometry::from(hole);
        let area_m2 = ground.area(hole.clone())?;
        if !(rule.least_m2..=rule.most_m2).contains(&area_m2) {
            continue;
        }
        // What is too small to be looked around was too small to be told, too.
        let Ok(area) = Area::new(&hole, spatial::query::MAX_AREA_VERTICES) else { continue };
        let test = Test::WithinDistance(BORDER_M * units, metric);
        let selection = Selection { area: Some((&area, test)), ..Selection::default() };
        let mut around = parcels.held.ids(&selection, ask.budget).map_err(fault)?;
        around.sort_unstable();
        let around: Vec<FeatureRef<'_>> =
            around.into_iter().map(|id| parcels.get(id)).collect::<Result<_, _>>()?;
        // A parcel that was not asked for may fill it.
        let mut filled = 0.0;
        if asked.is_some() {
            for parcel in around.iter().filter(|one| !is_among(asked.as_ref(), **one)) {
                filled += ground.common(*parcel, &hole.shape)?;
            }
        }
        if filled > NOISE_M2 {
            continue;
        }
        let finding = Finding::ParcelGap {
            parcels: around.iter().map(|parcel| parcels.name(*parcel)).collect(),
            area_m2,
            most_m2: rule.most_m2,
        };
        let subjects = around.iter().map(|parcel| parcels.subject(*parcel)).collect();
        clues.push(Clue { finding, subjects, geometry: Some(hole) });
    }
    Ok(clues)
}

pub(super) fn union_fault(fault: UnionFault) -> EngineError {
    match fault {
        UnionFault::Budget(cause) => EngineError::TooCostly { cause },
        fault => EngineError::Unmeasurable { what: fault.to_string() },
    }
}
