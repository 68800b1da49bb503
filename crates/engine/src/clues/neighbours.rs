//! 四至 of parcels: with which parcels each shares its border on each side, and where with none.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use ::ledger::clue::{Finding, Neighbours, Toward};
use geo_types::{Coord, Geometry as Shape, LineString, MultiLineString};
use spatial::{FeatureId, FeatureRef, Geometry, Metric, PathRole, ValueRef, measure};

use super::Clue;
use super::source::{Ask, Source};
use crate::EngineError;
use crate::borders::{Edge, ring_edges, stretches};
use crate::pool::each_in_parallel;
use crate::query::metric;

/// Degrees over which the length of a degree is taken.
const STEP: f64 = 1e-4;

/// The neighbours of the parcel that is asked for by its key, or of each where it is asked.
pub(super) fn neighbours(ask: &Ask<'_>, rule: &Neighbours) -> Result<Vec<Clue>, EngineError> {
    let parcels = ask.source(&rule.parcels)?;
    let clues = each_in_parallel(&asked_for(ask, parcels, rule)?, |parcel| {
        neighbours_of(*parcel, parcels, ask, rule)
    });
    let clues: Vec<Vec<Clue>> = clues.into_iter().collect::<Result<_, EngineError>>()?;
    Ok(clues.into_iter().flatten().collect())
}

fn neighbours_of(
    parcel: FeatureRef<'_>,
    parcels: Source<'_>,
    ask: &Ask<'_>,
    rule: &Neighbours,
) -> Result<Vec<Clue>, EngineError> {
    if parcel.envelope().is_empty() {
        return Ok(Vec::new());
    }
    let (metric, units) = metric(&parcels.held.collection().crs, ask.registry)?;
    // Borders tell which of those whose boxes come near are neighbours.
    let near = metric.grown(&parcel.envelope(), rule.metres * units);
    let mut around: Vec<FeatureRef<'_>> = Vec::new();
    parcels.held.walk(None, Some(&near), &mut |shard, slots| {
        let all = slots.iter().map(|slot| shard.feature(usize::from(*slot)));
        around.extend(all.filter(|one| one.id() != parcel.id()));
        ControlFlow::Continue(())
    });
    around.sort_unstable_by_key(|one| one.id());
    ask.budget.spend(around.len() as u64, 0).map_err(|cause| EngineError::TooCostly { cause })?;
    let scale = Scale::about(parcel, metric, units);
    let others: Vec<(FeatureId, Vec<Edge>)> =
        around.iter().map(|one| (one.id(), edges(*one, scale, false))).collect();
    let mut sides: BTreeMap<(Toward, Option<FeatureId>), Side> = BTreeMap::new();
    for stretch in stretches(&edges(parcel, scale, true), &others, rule.metres) {
        let side = sides.entry((stretch.toward, stretch.neighbour)).or_default();
        side.metres += stretch.metres();
        side.lines.push(LineString(stretch.line.map(|at| scale.storage(at)).to_vec()));
    }
    let mut clues = Vec::new();
    for ((toward, id), side) in sides {
        // What is shorter than the tolerance is a corner.
        if side.metres <= rule.metres {
            continue;
        }
        let at = id.and_then(|id| around.binary_search_by_key(&id, |one| one.id()).ok());
        let neighbour = at.map(|at| around[at]);
        let finding = Finding::Neighbour {
            parcel: parcels.name(parcel),
            toward,
            neighbour: neighbour.map(|one| parcels.name(one)),
            shared_m: side.metres,
        };
        let mut subjects = vec![parcels.subject(parcel)];
        subjects.extend(neighbour.map(|one| parcels.subject(one)));
        let lines = Shape::MultiLineString(MultiLineString(side.lines));
        clues.push(Clue { finding, subjects, geometry: Some(Geometry::from(lines)) });
    }
    Ok(clues)
}

/// The parcel that is asked for by its id or key, of several with the key the one of the lowest id;
/// without them those that lie where it is asked.
fn asked_for<'a>(
    ask: &Ask<'a>,
    parcels: Source<'a>,
    rule: &Neighbours,
) -> Result<Vec<FeatureRef<'a>>, EngineError> {
    let refused = |reason: String| EngineError::Unmeasurable { what: reason };
    if let Some(id) = ask.query.id {
        let found = parcels.held.get(id).map(|parcel| vec![parcel]);
        return found.ok_or_else(|| refused(format!("{} has no feature {id}", rule.parcels)));
    }
    let Some(key) = ask.query.key.as_deref() else {
        let mut ids: Vec<FeatureId> = match ask.asked(parcels)? {
            Some(ids) => ids.into_iter().collect(),
            None => {
                return Err(refused(format!(
                    "rule {} is asked of some parcels; send key= with a value of field {:?} of {}, \
                     id=, bbox= or unit=",
                    ask.query.rule.code, rule.parcel, rule.parcels
                )));
            }
        };
        ids.sort_unstable();
        return ids.into_iter().map(|id| parcels.get(id)).collect();
    };
    let field = parcels.field(&rule.parcel)?;
    let number = key.parse::<i64>().ok();
    let is_named = |parcel: FeatureRef<'_>| match parcel.value(field) {
        ValueRef::Text(text) => text.trim() == key && !key.is_empty(),
        ValueRef::Int(value) => number == Some(value),
        _ => false,
    };
    let mut found: Option<FeatureRef<'a>> = None;
    parcels.each(&mut |parcel| {
        let is_first = found.is_none_or(|found| parcel.id() < found.id());
        if is_first && is_named(parcel) {
            found = Some(parcel);
        }
    });
    found.map(|parcel| vec![parcel]).ok_or_else(|| {
        let shown: String = key.chars().take(60).collect();
        refused(format!("no parcel of {} has {:?} = {shown:?}", rule.parcels, rule.parcel))
    })
}

/// What is shared toward one side.
#[derive(Default)]
struct Side {
    metres: f64,
    lines: Vec<LineString<f64>>,
}

/// Metres a unit of the storage CRS, east and north, about a place.
#[derive(Clone, Copy)]
struct Scale {
    from: [f64; 2],
    metres: [f64; 2],
}

impl Scale {
    fn about(parcel: FeatureRef<'_>, metric: Metric, units: f64) -> Self {
        let from = parcel.envelope().center();
        let length = |step: [f64; 2]| {
            let coord = |[x, y]: [f64; 2]| Coord { x, y };
            let to = [from[0] + step[0], from[1] + step[1]];
            let line = Shape::LineString(LineString(vec![coord(from), coord(to)]));
            measure::geodesic_length(&Geometry::from(line)) / STEP
        };
        let metres = match metric {
            Metric::Plane => [1.0 / units; 2],
            Metric::Metres => [length([STEP, 0.0]), length([0.0, STEP])],
        };
        Self { from, metres }
    }

    fn metres(self, at: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|axis: usize| (at[axis] - self.from[axis]) * self.metres[axis])
    }

    fn storage(self, at: [f64; 2]) -> Coord<f64> {
        let [x, y] = [0, 1].map(|axis: usize| at[axis] / self.metres[axis] + self.from[axis]);
        Coord { x, y }
    }
}

/// The edges in metres about the parcel, counterclockwise; of exterior rings alone, or of all.
fn edges(parcel: FeatureRef<'_>, scale: Scale, exterior: bool) -> Vec<Edge> {
    let mut edges = Vec::new();
    for path in parcel.paths() {
        if path.role == PathRole::Exterior || path.role == PathRole::Hole && !exterior {
            let ring: Vec<[f64; 2]> = path.coords.iter().map(|at| scale.metres(*at)).collect();
            edges.extend(ring_edges(&ring));
        }
    }
    edges
}
