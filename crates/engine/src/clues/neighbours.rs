//! 四至 of one parcel: with which parcels it shares its border on each side, and where with none.
//!
//! An edge looks to the side that its outward normal points to. Two edges share what lies within a
//! tolerance of both, so that parcels need not have the same vertices.

use std::collections::BTreeMap;

use ::ledger::clue::{Finding, Neighbours, Toward};
use geo_types::{Coord, Geometry as Shape, LineString, MultiLineString};
use spatial::query::{Area, MAX_AREA_VERTICES, Selection, Test};
use spatial::{FeatureId, FeatureRef, Geometry, Metric, PathRole, ValueRef, measure};

use super::Clue;
use super::source::{Ask, Source};
use crate::EngineError;
use crate::query::{fault, metric};

/// Degrees over which the length of a degree is taken.
const STEP: f64 = 1e-4;

/// The neighbours of the parcel that is asked for by its key.
pub(super) fn neighbours(ask: &Ask<'_>, rule: &Neighbours) -> Result<Vec<Clue>, EngineError> {
    let parcels = ask.source(&rule.parcels)?;
    let parcel = asked_for(ask, parcels, rule)?;
    let Some(geometry) = parcel.geometry() else { return Ok(Vec::new()) };
    let (metric, units) = metric(&parcels.held.collection().crs, ask.registry)?;
    let area = Area::new(&geometry, MAX_AREA_VERTICES)
        .map_err(|fault| EngineError::UnusableGeometry { reason: fault.to_string(), at: None })?;
    let test = Test::WithinDistance(rule.metres * units, metric);
    let selection = Selection { area: Some((&area, test)), ..Selection::default() };
    let mut around = parcels.held.ids(&selection, ask.budget).map_err(fault)?;
    around.retain(|id| *id != parcel.id());
    around.sort_unstable();
    let scale = Scale::about(parcel, metric, units);
    let others: Vec<(FeatureId, Vec<[[f64; 2]; 2]>)> = around
        .into_iter()
        .map(|id| Ok((id, edges(parcels.get(id)?, scale, false))))
        .collect::<Result<_, EngineError>>()?;
    let mut sides: BTreeMap<(Toward, Option<FeatureId>), Side> = BTreeMap::new();
    for edge in edges(parcel, scale, true) {
        let mut all = Vec::new();
        for (id, others) in &others {
            let mut shared: Vec<[f64; 2]> =
                others.iter().filter_map(|other| common(edge, *other, rule.metres)).collect();
            let shared = joined(&mut shared);
            all.extend(&shared);
            add(&mut sides, (edge, Some(*id)), &shared, scale);
        }
        let shared = joined(&mut all);
        add(&mut sides, (edge, None), &left(&shared), scale);
    }
    let mut clues = Vec::new();
    for ((toward, id), side) in sides {
        // What is shorter than the tolerance is a corner.
        if side.metres <= rule.metres {
            continue;
        }
        let neighbour = id.map(|id| parcels.get(id)).transpose()?;
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

/// The parcel whose key is asked for; of several the lowest id.
fn asked_for<'a>(
    ask: &Ask<'a>,
    parcels: Source<'a>,
    rule: &Neighbours,
) -> Result<FeatureRef<'a>, EngineError> {
    let refused = |reason: String| EngineError::Unmeasurable { what: reason };
    if let Some(id) = ask.query.id {
        let found = parcels.held.get(id);
        return found.ok_or_else(|| refused(format!("{} has no feature {id}", rule.parcels)));
    }
    let key = ask.query.key.as_deref().ok_or_else(|| {
        refused(format!(
            "rule {} is asked of one parcel; send key= with a value of field {:?} of {}, or id=",
            ask.query.rule.code, rule.parcel, rule.parcels
        ))
    })?;
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
    found.ok_or_else(|| {
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
fn edges(parcel: FeatureRef<'_>, scale: Scale, exterior: bool) -> Vec<[[f64; 2]; 2]> {
    let mut edges = Vec::new();
    for path in parcel.paths() {
        let is_ring = path.role == PathRole::Exterior || path.role == PathRole::Hole && !exterior;
        if !is_ring {
            continue;
        }
        let ring: Vec<[f64; 2]> = path.coords.iter().map(|at| scale.metres(*at)).collect();
        let is_clockwise = measure::signed_ring_area(ring.iter().copied()) < 0.0;
        edges.extend(
            ring.windows(2)
                .filter(|edge| edge[0] != edge[1])
                .map(|edge| if is_clockwise { [edge[1], edge[0]] } else { [edge[0], edge[1]] }),
        );
    }
    edges
}

/// The stretch of `edge`, from 0 to 1, along which `other` runs within `tolerance`.
fn common(edge: [[f64; 2]; 2], other: [[f64; 2]; 2], tolerance: f64) -> Option<[f64; 2]> {
    let [a, b] = edge;
    let d = [b[0] - a[0], b[1] - a[1]];
    let length = d[0].hypot(d[1]);
    let along = |p: [f64; 2]| ((p[0] - a[0]) * d[0] + (p[1] - a[1]) * d[1]) / (length * length);
    let aside = |p: [f64; 2]| ((p[0] - a[0]) * d[1] - (p[1] - a[1]) * d[0]) / length;
    let (t, u) = (other.map(along), other.map(aside));
    let span = t[1] - t[0];
    let [from, to] = [t[0].min(t[1]).max(0.0), t[0].max(t[1]).min(1.0)];
    // A corner that is only touched shares nothing.
    if (to - from) * length <= tolerance || span == 0.0 {
        return None;
    }
    let off = |at: f64| (u[0] + (u[1] - u[0]) * (at - t[0]) / span).abs();
    (off(from) <= tolerance && off(to) <= tolerance).then_some([from, to])
}

/// The stretches put together where they overlap, in order.
fn joined(stretches: &mut [[f64; 2]]) -> Vec<[f64; 2]> {
    stretches.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let mut joined: Vec<[f64; 2]> = Vec::new();
    for [from, to] in stretches.iter().copied() {
        match joined.last_mut() {
            Some(last) if from <= last[1] => last[1] = last[1].max(to),
            _ => joined.push([from, to]),
        }
    }
    joined
}

/// What is left of an edge beside these stretches.
fn left(stretches: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let ends = std::iter::once(0.0).chain(stretches.iter().map(|one| one[1]));
    let starts = stretches.iter().map(|one| one[0]).chain([1.0]);
    ends.zip(starts).map(|(from, to)| [from, to]).filter(|[from, to]| to > from).collect()
}

/// Adds stretches of an edge to its side.
fn add(
    sides: &mut BTreeMap<(Toward, Option<FeatureId>), Side>,
    (edge, id): ([[f64; 2]; 2], Option<FeatureId>),
    stretches: &[[f64; 2]],
    scale: Scale,
) {
    let [a, b] = edge;
    let d = [b[0] - a[0], b[1] - a[1]];
    for [from, to] in stretches {
        // Counterclockwise, the outside lies to the right.
        let side = sides.entry((Toward::of([d[1], -d[0]]), id)).or_default();
        side.metres += (to - from) * d[0].hypot(d[1]);
        let at = |t: &f64| scale.storage([a[0] + d[0] * t, a[1] + d[1] * t]);
        side.lines.push(LineString(vec![at(from), at(to)]));
    }
}
