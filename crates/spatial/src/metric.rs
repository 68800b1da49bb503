//! How distances are measured: on the plane of the storage CRS, or in metres around a place.

use geo_types::{Coord, Geometry as Shape};

use crate::closed_form::ClosedForm;
use crate::densify::{Densifier, DensifyError};
use crate::near_meridian::NearMeridian;
use crate::{Crs, Envelope};

/// Least metres of a degree of latitude on the ellipsoid (at the equator: 110,574).
const METRES_A_DEGREE: f64 = 110_500.0;

/// How far edges may be off on the plane where distances are measured, metres.
const FOLLOWED: f64 = 0.01;
/// Most vertices that follow the edges of one feature on that plane: an edge of 50 degrees takes some 8,000.
pub(crate) const MOST_FOLLOWING: usize = 20_000;
/// Edges as short as this bend by less than 3 mm there, degrees. An edge of L metres at an azimuth of α whose longitudes
/// span w metres along the equator bends by L w sin φ (1 + cos² α) / 8R at most, and by 0.64 L² / 8R for the plane up to
/// 40 degrees from its meridian.
const STRAIGHT_DEGREES: f64 = 0.003;

/// The unit of distances, and the plane on which they are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Plane distances in the unit of the storage CRS.
    Plane,
    /// Metres, for a storage CRS of longitude and latitude in degrees.
    ///
    /// Measured on the transverse Mercator plane of CGCS2000 whose central meridian runs through
    /// the middle of the query's geometry, or of one of two geometries. Edges are straight in degrees, and are
    /// followed there to a centimetre. What would take more than 20,000 vertices for that has no place. Its scale grows with
    /// the square of the easting: 0.0123 % too long at 100 km, less than 0.02 % in all. Up to 30
    /// degrees of longitude from the middle are measured; beyond, everything is far away.
    Metres,
}

impl Metric {
    /// The metric of the unit in which people expect the distances of a storage CRS: metres for
    /// longitude and latitude, the CRS's own unit otherwise.
    pub fn of(crs: &Crs) -> Self {
        match ClosedForm::of(crs) {
            Some(ClosedForm::LonLat) => Self::Metres,
            _ => Self::Plane,
        }
    }

    /// The plane around `middle`.
    pub(crate) fn plane(self, middle: [f64; 2]) -> MetricPlane {
        MetricPlane(match self {
            Self::Plane => None,
            Self::Metres => Some((middle[0], NearMeridian::of(middle))),
        })
    }

    /// A storage box outside of which nothing is as near as `distance` to `storage`.
    pub fn grown(self, storage: &Envelope, distance: f64) -> Envelope {
        self.plane(storage.center()).window(storage, distance)
    }
}

/// The plane on which one query measures: the one of the storage CRS, or the one of a central
/// meridian, in degrees, with what is near its middle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MetricPlane(Option<(f64, NearMeridian)>);

impl MetricPlane {
    /// Degrees of longitude from the middle up to which points have a place.
    pub(crate) const REACH: f64 = 30.0;

    /// The point on the plane; infinitely far off when it has none.
    #[inline]
    pub(crate) fn point(self, storage: [f64; 2]) -> [f64; 2] {
        match &self.0 {
            None => storage,
            Some((meridian, near)) => {
                near.point(storage).unwrap_or_else(|| far(*meridian, storage))
            }
        }
    }

    /// Tells the vertices on the plane of a path whose edges are straight in the storage CRS, and what follows its
    /// edges between them: at most `left`, of which it takes away what it tells. A path that wants more has no place,
    /// and a vertex of it is infinitely far off.
    pub(crate) fn path(self, path: &[[f64; 2]], left: &mut usize, push: &mut impl FnMut([f64; 2])) {
        if self.0.is_none() {
            path.iter().for_each(|vertex| push(*vertex));
            return;
        }
        let place = |at: Coord<f64>| Ok(coord(self.point([at.x, at.y])));
        let mut densifier = Densifier::new(&place, FOLLOWED, STRAIGHT_DEGREES).within(*left);
        let mut before: Option<([f64; 2], [f64; 2])> = None;
        for vertex in path {
            let placed = self.point(*vertex);
            if let Some((last, last_placed)) = before
                && [last_placed, placed].as_flattened().iter().all(|value| value.is_finite())
            {
                let (from, to) = ([last, *vertex].map(coord), [last_placed, placed].map(coord));
                if densifier.edge(from, to, &mut |at| push([at.x, at.y])).is_err() {
                    push([f64::INFINITY; 2]);
                    break;
                }
            }
            push(placed);
            before = Some((*vertex, placed));
        }
        *left = densifier.left();
    }

    /// The same of a shape.
    pub(crate) fn shape(self, shape: &Shape<f64>) -> Result<Shape<f64>, DensifyError> {
        let place = |at: Coord<f64>| Ok(coord(self.point([at.x, at.y])));
        Densifier::new(&place, FOLLOWED, STRAIGHT_DEGREES).shape(shape)
    }

    /// How far what is measured on the plane may lie outside of the boxes of what is stored: between the places
    /// where an edge is looked at, a little farther than where it is.
    pub(crate) fn beside(self) -> f64 {
        if self.0.is_some() { 1.1 * FOLLOWED } else { 0.0 }
    }

    /// A box on the plane that holds every point of a storage box; absent when a part of it has
    /// no place there.
    pub(crate) fn envelope(self, storage: &Envelope) -> Option<Envelope> {
        let Some((central_meridian, _)) = self.0 else { return Some(*storage) };
        let Envelope { min_x, min_y, max_x, max_y } = *storage;
        let far = |lon: f64| (lon - central_meridian).abs() > Self::REACH;
        if far(min_x) || far(max_x) || min_y < -89.0 || max_y > 89.0 {
            return None;
        }
        // Along a parallel the northing turns at the central meridian only, along a meridian
        // the easting turns at the equator only.
        let between = |low: f64, turn: f64, high: f64| (low < turn && turn < high).then_some(turn);
        let last = |low: f64, high: f64| (low < high).then_some(high);
        let lons = [Some(min_x), between(min_x, central_meridian, max_x), last(min_x, max_x)];
        let lats = [Some(min_y), between(min_y, 0.0, max_y), last(min_y, max_y)];
        let corners = lons
            .into_iter()
            .flatten()
            .flat_map(|lon| lats.into_iter().flatten().map(move |lat| self.point([lon, lat])));
        let Envelope { min_x, min_y, max_x, max_y } = Envelope::of(corners);
        // A micrometre for the rounding of the series.
        let slack = 1e-6;
        Some(Envelope::new(min_x - slack, min_y - slack, max_x + slack, max_y + slack))
    }

    /// A storage box outside of which nothing is as near as `distance` to a storage box.
    pub(crate) fn window(self, storage: &Envelope, distance: f64) -> Envelope {
        let Envelope { min_x, min_y, max_x, max_y } = *storage;
        let (dx, dy) = if self.0.is_none() {
            // What is a rounding beyond is looked at too.
            let most = [min_x, min_y, max_x, max_y].map(f64::abs).into_iter().fold(0.0, f64::max);
            let slack = 4.0 * f64::EPSILON * (most + distance);
            (distance + slack, distance + slack)
        } else {
            // Scale is 0.1 % off near by, and edges on both sides.
            let degrees = (distance + 3.0 * FOLLOWED) * 1.01 / METRES_A_DEGREE;
            let (south, north) = (min_y - degrees, max_y + degrees);
            let cos = south.abs().max(north.abs()).to_radians().cos();
            let around = if cos > 0.01 { degrees / cos } else { 360.0 };
            (around, degrees)
        };
        Envelope::new(min_x - dx, min_y - dy, max_x + dx, max_y + dy)
    }
}

fn coord([x, y]: [f64; 2]) -> Coord<f64> {
    Coord { x, y }
}

/// A point of any distance on the plane of a central meridian.
fn far(central_meridian: f64, storage: [f64; 2]) -> [f64; 2] {
    let form = ClosedForm::GaussKruger { central_meridian, false_easting: 0.0 };
    let [x, y] = form.from_lon_lat(storage);
    if x.is_finite() && y.is_finite() { [x, y] } else { [f64::INFINITY; 2] }
}
