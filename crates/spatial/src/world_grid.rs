//! World grids of other coordinate systems than Web Mercator.
//!
//! The square world of a tile matrix set is 2^32 units wide whatever its CRS. Vertices are
//! projected one by one and edges between them are straight on each grid. What changed when, and
//! where shards are, is known on the Web Mercator grid alone: boxes are brought over so that they
//! never get smaller.

use std::ops::Range;
use std::sync::Arc;

use crate::closed_form::ClosedForm;
use crate::world::{WORLD_UNITS, from_lon_lat, to_lon_lat};
use crate::{Crs, CrsError, CrsRegistry, Envelope, Projector, WorldBox, WorldPoint};

/// Points along a side of a box whose likeness on another grid is sought.
const SIDE_POINTS: usize = 17;
/// Part of its size by which the likeness of a box may bulge between two of these points, with
/// room to spare: a side of 6,000 km bulges by 3 km between two, and this is 23 km.
const BULGE: f64 = 1.0 / 256.0;
/// Units by which a point may miss its place: rounded down here and there.
const ROUNDING: u32 = 3;
/// Part of a box by which a point may return displaced, and still counts as returned.
const RETURN: f64 = 1e-3;

/// The square world of one CRS. Cheap to clone, free to share between threads.
#[derive(Clone, Debug)]
pub struct WorldGrid(Arc<Square>);

#[derive(Debug)]
struct Square {
    crs: Crs,
    /// North-western corner, x east and y north, in units of the CRS.
    origin: [f64; 2],
    /// World units a unit of the CRS.
    scale: f64,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// Longitude and latitude of WGS 84 or CGCS2000, which are taken alike.
    LonLat,
    /// Anything else, from and to longitude and latitude of WGS 84.
    Plane {
        there: Projector,
        back: Projector,
        /// Part of the Web Mercator grid outside which nothing has a place on this one.
        reach: WorldBox,
    },
}

impl WorldGrid {
    /// The square of `width` south-east of `origin` (east, north), in units of `crs`.
    pub fn new(
        registry: &CrsRegistry,
        crs: &Crs,
        origin: [f64; 2],
        width: f64,
    ) -> Result<Self, CrsError> {
        let way = if ClosedForm::of(crs) == Some(ClosedForm::LonLat) {
            Way::LonLat
        } else {
            let there = registry.projector(&Crs::WGS84, crs)?;
            let back = registry.projector(crs, &Crs::WGS84)?;
            let reach = there.reach().map_or(WorldBox::WORLD, |area| lon_lat_box(&area));
            Way::Plane { there, back, reach }
        };
        Ok(Self(Arc::new(Square { crs: crs.clone(), origin, scale: WORLD_UNITS / width, way })))
    }

    /// The way onto the grid from a storage CRS.
    pub fn projector(&self, registry: &CrsRegistry, from: &Crs) -> Result<GridProjector, CrsError> {
        let start = if *from == self.0.crs {
            Start::Own
        } else {
            match ClosedForm::of(from) {
                Some(form) => Start::Closed(form),
                None => Start::Linked(registry.projector(from, &Crs::WGS84)?),
            }
        };
        Ok(GridProjector { grid: self.clone(), start })
    }

    /// A box of the Web Mercator grid that holds everything within `area` of this one. A feature
    /// that shows in `area` may reach it with edges alone: its [`WorldBox::bulged`] box meets what
    /// is answered.
    pub fn to_mercator(&self, area: &WorldBox) -> WorldBox {
        if area.is_empty() {
            return WorldBox::EMPTY;
        }
        let corners = self.envelope(area);
        let found = match &self.0.way {
            Way::LonLat => lon_lat_box(&corners),
            Way::Plane { there, back, reach } => {
                let size = corners.width().max(corners.height());
                let like = sides(&corners).try_fold(WorldBox::EMPTY, |mut found, point| {
                    let lon_lat = back.project(point).ok()?;
                    // Far away a formula may answer something, and not what leads back.
                    let again = there.project(lon_lat).ok()?;
                    let missed = (again[0] - point[0]).abs().max((again[1] - point[1]).abs());
                    found.extend(from_lon_lat(lon_lat));
                    (missed <= size * RETURN).then_some(found)
                });
                like.map_or(*reach, |like| like.widened(bulge(&like)).intersection(reach))
            }
        };
        found.widened(ROUNDING)
    }

    /// A box of this grid that holds everything within `area` of the Web Mercator grid that has a
    /// place here; empty when nothing has.
    pub fn of_mercator(&self, area: &WorldBox) -> WorldBox {
        let area = match &self.0.way {
            Way::LonLat => *area,
            Way::Plane { reach, .. } => area.intersection(reach),
        };
        if area.is_empty() {
            return WorldBox::EMPTY;
        }
        let [west, north] = to_lon_lat(area.min.map(f64::from));
        let [east, south] = to_lon_lat(area.max.map(|v| f64::from(v) + 1.0));
        // The borders of the square stand for what lies beyond them.
        let north = if area.min[1] == 0 { 90.0 } else { north };
        let south = if area.max[1] == u32::MAX { -90.0 } else { south };
        let corners = Envelope::new(west, south, east, north);
        match &self.0.way {
            Way::LonLat => self.clipped(&corners).widened(ROUNDING),
            Way::Plane { there, .. } => {
                let found = sides(&corners).try_fold(Envelope::EMPTY, |mut found, point| {
                    found.extend(there.project(point).ok()?);
                    Some(found)
                });
                let Some(found) = found else { return WorldBox::WORLD };
                let margin = found.width().max(found.height()) * BULGE;
                let wider = Envelope::new(
                    found.min_x - margin,
                    found.min_y - margin,
                    found.max_x + margin,
                    found.max_y + margin,
                );
                self.clipped(&wider).widened(ROUNDING)
            }
        }
    }

    /// World point of a point of the CRS; none outside the square.
    #[inline]
    fn place(&self, [x, y]: [f64; 2]) -> Option<WorldPoint> {
        let square = &*self.0;
        let point = [(x - square.origin[0]) * square.scale, (square.origin[1] - y) * square.scale];
        // A unit to spare: corners are given in decimals.
        let is_inside = point.iter().all(|v| (-1.0..=WORLD_UNITS + 1.0).contains(v));
        // `as` saturates, so the far border becomes the last unit.
        is_inside.then(|| point.map(|v| v.floor() as u32))
    }

    /// A box in units of the CRS, a unit of the grid wider.
    fn envelope(&self, area: &WorldBox) -> Envelope {
        let Square { origin: [west, north], scale, .. } = *self.0;
        let low = area.min.map(|v| (f64::from(v) - 1.0) / scale);
        let high = area.max.map(|v| (f64::from(v) + 2.0) / scale);
        Envelope::new(west + low[0], north - high[1], west + high[0], north - low[1])
    }

    /// The part of an envelope of the CRS that lies in the square.
    fn clipped(&self, envelope: &Envelope) -> WorldBox {
        let Square { origin: [west, north], scale, .. } = *self.0;
        let x = [(envelope.min_x - west) * scale, (envelope.max_x - west) * scale];
        let y = [(north - envelope.max_y) * scale, (north - envelope.min_y) * scale];
        let meets = |[low, high]: [f64; 2]| low <= WORLD_UNITS && high >= 0.0;
        if !(meets(x) && meets(y)) {
            return WorldBox::EMPTY;
        }
        let unit = |v: f64| v.floor() as u32;
        WorldBox { min: [unit(x[0]), unit(y[0])], max: [unit(x[1]), unit(y[1])] }
    }
}

/// By how much the likeness of a box may be larger than that of points along its border.
fn bulge(like: &WorldBox) -> u32 {
    if like.is_empty() {
        return 0;
    }
    let side = |axis: usize| like.max[axis] - like.min[axis];
    (f64::from(side(0).max(side(1))) * BULGE).ceil() as u32
}

/// Points along the border of an envelope.
fn sides(envelope: &Envelope) -> impl Iterator<Item = [f64; 2]> {
    let e = *envelope;
    (0..SIDE_POINTS).flat_map(move |step| {
        let share = step as f64 / (SIDE_POINTS - 1) as f64;
        let (x, y) = (e.min_x + share * e.width(), e.min_y + share * e.height());
        [[x, e.min_y], [x, e.max_y], [e.min_x, y], [e.max_x, y]]
    })
}

/// A box of longitude and latitude on the Web Mercator grid.
fn lon_lat_box(area: &Envelope) -> WorldBox {
    let point =
        |lon: f64, lat: f64| from_lon_lat([lon.clamp(-180.0, 180.0), lat.clamp(-90.0, 90.0)]);
    WorldBox { min: point(area.min_x, area.max_y), max: point(area.max_x, area.min_y) }
}

/// The way from a storage CRS onto a grid. Cheap to clone, free to share between threads.
#[derive(Clone, Debug)]
pub struct GridProjector {
    grid: WorldGrid,
    start: Start,
}

#[derive(Clone, Debug)]
enum Start {
    /// The storage CRS is that of the grid.
    Own,
    Closed(ClosedForm),
    Linked(Projector),
}

impl GridProjector {
    /// World point of a stored point; none when it has no place on the grid.
    pub fn project(&self, point: [f64; 2]) -> Option<WorldPoint> {
        let mut points = [point];
        self.bring(&mut points).then(|| self.grid.place(points[0])).flatten()
    }

    /// As [`crate::placement::ToGrid`] asks: a feature has a place when each of its vertices has.
    pub fn project_features(
        &self,
        coords: &[[f64; 2]],
        features: &[Range<usize>],
        world: &mut Vec<WorldPoint>,
    ) -> Vec<bool> {
        let mut points = coords.to_vec();
        // One point that cannot be projected spoils the whole row; then features are tried one
        // by one.
        let all = self.bring(&mut points);
        let mut feature = |range: &Range<usize>| {
            let points = &mut points[range.clone()];
            if !all {
                points.copy_from_slice(&coords[range.clone()]);
                if !self.bring(points) {
                    world.extend(points.iter().map(|_| [0; 2]));
                    return false;
                }
            }
            let mut is_placed = true;
            world.extend(points.iter().map(|point| {
                self.grid.place(*point).unwrap_or_else(|| {
                    is_placed = false;
                    [0; 2]
                })
            }));
            is_placed
        };
        features.iter().map(&mut feature).collect()
    }

    /// Brings stored points into the CRS of the grid; whether that can be done.
    fn bring(&self, points: &mut [[f64; 2]]) -> bool {
        match &self.start {
            Start::Own => return true,
            Start::Closed(form) => {
                points.iter_mut().for_each(|point| *point = form.to_lon_lat(*point));
            }
            Start::Linked(projector) => {
                if projector.project_all(points).is_err() {
                    return false;
                }
            }
        }
        match &self.grid.0.way {
            Way::LonLat => true,
            Way::Plane { there, .. } => there.project_all(points).is_ok(),
        }
    }
}

#[cfg(test)]
#[path = "world_grid_tests.rs"]
mod tests;
