//! The union of many polygons: what a selection covers, overlaps counted once.
//!
//! All contours go to one grid of 58 bits; neighbours along the Hilbert curve unite in batches,
//! the batches four by four, on all threads. Borders that neighbours share vanish early, so the
//! work stays near that of one pass. The area is summed in integers at the end: the sum of all
//! areas less this one is what overlaps, down to the last digits.

#[cfg(test)]
mod union_tests;

use std::cmp::Ordering;

use geo_types::Geometry as Shape;
use i_overlay::i_float::int::point::IntPoint;
use rayon::prelude::*;
use thiserror::Error;

use crate::overlay::{
    Grid, IntShapes, Overlaid, OverlayFault, Ring, Vertices, assemble, crosses_on_grid, rings_of,
    twice_area, unite,
};
use crate::relate::{GeometryFault, guarded};
use crate::validity::MAX_MAGNITUDE;
use crate::{Budget, Envelope, FeatureRef, OverBudget, PathRole, hilbert};

/// Vertices of a first batch: small enough to be done within a millisecond or two.
const BATCH_VERTICES: usize = 2048;
/// Results that unite at once.
const MERGE: usize = 4;

/// Why polygons have no union.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UnionFault {
    /// The overlay has no answer.
    #[error(transparent)]
    Overlay(#[from] OverlayFault),
    /// It costs more than it may.
    #[error(transparent)]
    Budget(#[from] OverBudget),
}

impl From<GeometryFault> for UnionFault {
    fn from(fault: GeometryFault) -> Self {
        Self::Overlay(OverlayFault::Geometry(fault))
    }
}

/// The plane area that `features` cover, squared CRS units. Features without polygons cover
/// nothing. Costs a candidate a feature, and its vertices for every time they are looked at.
pub fn union_area(features: &[FeatureRef<'_>], budget: &Budget<'_>) -> Result<f64, UnionFault> {
    let Some((grid, shapes)) = united(members(features), Vertices::Corners, budget)? else {
        return Ok(0.0);
    };
    Ok(area(&grid, &shapes))
}

/// What `features` cover, as one valid geometry in canonical form, and its area.
pub fn union(features: &[FeatureRef<'_>], budget: &Budget<'_>) -> Result<Overlaid, UnionFault> {
    geometry(members(features), budget)
}

/// What `shapes` cover; those without polygons cover nothing.
pub fn union_of_shapes(shapes: &[Shape<f64>], budget: &Budget<'_>) -> Result<Overlaid, UnionFault> {
    geometry(shapes.iter().map(rings_of).collect(), budget)
}

fn geometry(members: Vec<Vec<Ring>>, budget: &Budget<'_>) -> Result<Overlaid, UnionFault> {
    let Some((grid, shapes)) = united(members, Vertices::All, budget)? else {
        return Ok(assemble(&[], 0.0, "union")?);
    };
    let again = |coarse: &Grid| {
        let contours = shapes.iter().flatten().map(|contour| {
            contour
                .iter()
                .map(|point| {
                    let c = grid.coord(*point);
                    coarse.point([c.x, c.y])
                })
                .collect()
        });
        unite(&contours.collect::<Vec<_>>(), Vertices::All)
    };
    let area = area(&grid, &shapes);
    Ok(crate::overlay::settle((&grid, &shapes), area, "union", again)?)
}

fn area(grid: &Grid, shapes: &IntShapes) -> f64 {
    grid.area(shapes.iter().flatten().map(|contour| twice_area(contour)).sum())
}

/// The rings of each feature that has polygons.
fn members(features: &[FeatureRef<'_>]) -> Vec<Vec<Ring>> {
    let rings = |feature: &FeatureRef<'_>| {
        let areal = |role| matches!(role, PathRole::Exterior | PathRole::Hole);
        let paths = feature.paths().filter(|path| areal(path.role));
        paths.map(|path| crate::overlay::wound(path.role, path.coords.to_vec())).collect()
    };
    features.iter().map(rings).collect()
}

type Contour = Vec<IntPoint<i64>>;

/// The union on its grid; `None` of nothing.
fn united(
    members: Vec<Vec<Ring>>,
    vertices: Vertices,
    budget: &Budget<'_>,
) -> Result<Option<(Grid, IntShapes)>, UnionFault> {
    let mut all = Envelope::EMPTY;
    for (number, vertex) in members.iter().flatten().flatten().enumerate() {
        if !vertex.iter().all(|value| value.abs() <= MAX_MAGNITUDE) {
            return Err(GeometryFault::NotFinite { vertex: number }.into());
        }
        all.extend(*vertex);
    }
    let Some(grid) = Grid::fine(&all) else { return Ok(None) };
    let on_grid = |rings: &&Vec<Ring>| -> Vec<Contour> {
        let open = |ring: &Ring| ring.iter().skip(1).map(|vertex| grid.point(*vertex)).collect();
        rings.iter().map(open).collect()
    };
    let mut layers: Vec<Vec<Contour>> = batches(&members, &all)
        .into_par_iter()
        .map(|batch| {
            budget.spend(batch.len() as u64, 0)?;
            let parts: Vec<Vec<Contour>> = batch.iter().map(on_grid).collect();
            Ok(flat(unite_within(&parts, vertices, budget)?))
        })
        .collect::<Result<_, UnionFault>>()?;
    while layers.len() > 1 {
        layers = layers
            .par_chunks(MERGE)
            .map(|group| Ok(flat(unite_within(group, vertices, budget)?)))
            .collect::<Result<_, UnionFault>>()?;
    }
    // Once more, as shapes: contours lie in one another now.
    Ok(Some((grid, unite_within(&layers, vertices, budget)?)))
}

fn flat(shapes: IntShapes) -> Vec<Contour> {
    shapes.into_iter().flatten().collect()
}

/// The union of parts, at once, or half by half when many lie over each other: their union has
/// fewer borders than they have.
fn unite_within(
    parts: &[Vec<Contour>],
    vertices: Vertices,
    budget: &Budget<'_>,
) -> Result<IntShapes, UnionFault> {
    let contours = parts.concat();
    budget.spend(0, contours.iter().map(|contour| contour.len() as u64).sum())?;
    let most = crate::complexity::MAX_CROSSINGS;
    if !crosses_on_grid(&contours, most) {
        return Ok(guarded("union", || unite(&contours, vertices))?);
    }
    if parts.len() < 2 {
        return Err(OverlayFault::Crossings { most }.into());
    }
    let (left, right) = parts.split_at(parts.len() / 2);
    let halves =
        [flat(unite_within(left, vertices, budget)?), flat(unite_within(right, vertices, budget)?)];
    let contours = halves.concat();
    if crosses_on_grid(&contours, most) {
        return Err(OverlayFault::Crossings { most }.into());
    }
    Ok(guarded("union", || unite(&contours, vertices))?)
}

/// Members in runs of neighbours, by the place of their first vertex along the Hilbert curve;
/// equal ones once.
fn batches<'m>(members: &'m [Vec<Ring>], all: &Envelope) -> Vec<Vec<&'m Vec<Ring>>> {
    let side = all.width().max(all.height()).max(f64::MIN_POSITIVE);
    let unit = |value: f64, low: f64| ((value - low) / side * f64::from(u32::MAX)) as u32;
    let mut order: Vec<(u64, &Vec<Ring>)> = members
        .iter()
        .filter_map(|rings| {
            let [x, y] = *rings.first()?.first()?;
            Some((hilbert::key([unit(x, all.min_x), unit(y, all.min_y)]), rings))
        })
        .collect();
    // By their numbers last, so that the order in which they came does not matter.
    order.sort_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
    order.dedup();
    let mut batches: Vec<Vec<&Vec<Ring>>> = Vec::new();
    let mut room = 0;
    for (_, rings) in order {
        let vertices: usize = rings.iter().map(Vec::len).sum();
        if room < vertices || batches.is_empty() {
            batches.push(Vec::new());
            room = BATCH_VERTICES;
        }
        room = room.saturating_sub(vertices);
        if let Some(batch) = batches.last_mut() {
            batch.push(rings);
        }
    }
    batches
}
