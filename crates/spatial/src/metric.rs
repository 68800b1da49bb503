//! How distances are measured: on the plane of the storage CRS, or in metres around a feature.

use crate::closed_form::ClosedForm;
use crate::{Crs, Envelope};

/// Least metres of a degree of latitude on the ellipsoid (at the equator: 110,574).
const METRES_A_DEGREE: f64 = 110_500.0;

/// The unit of distances, and the plane on which they are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Plane distances in the unit of the storage CRS.
    Plane,
    /// Metres, for a storage CRS of longitude and latitude in degrees.
    ///
    /// Measured on the transverse Mercator plane of CGCS2000 whose central meridian runs through
    /// the middle of one of the two geometries; edges are straight on that plane. Its scale grows
    /// with the square of the easting: 0.0123 % too long at 100 km.
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
            Self::Metres => {
                Some(ClosedForm::GaussKruger { central_meridian: middle[0], false_easting: 0.0 })
            }
        })
    }

    /// An envelope that holds everything not farther than `distance` from `envelope`; both in
    /// the storage CRS.
    pub(crate) fn grown(self, envelope: &Envelope, distance: f64) -> Envelope {
        let Envelope { min_x, min_y, max_x, max_y } = *envelope;
        let (dx, dy) = match self {
            Self::Plane => (distance, distance),
            Self::Metres => {
                let dy = distance / METRES_A_DEGREE;
                // A degree of longitude is shortest where the envelope comes nearest to a pole.
                let latitude = (min_y.abs().max(max_y.abs()) + dy).min(90.0);
                (dy / latitude.to_radians().cos().max(1e-3), dy)
            }
        };
        Envelope::new(min_x - dx, min_y - dy, max_x + dx, max_y + dy)
    }
}

/// The plane on which distances from one place are measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MetricPlane(Option<ClosedForm>);

impl MetricPlane {
    /// The point on the plane; infinitely far off when it has none.
    #[inline]
    pub(crate) fn point(self, storage: [f64; 2]) -> [f64; 2] {
        match self.0 {
            None => storage,
            Some(form) => {
                let [x, y] = form.from_lon_lat(storage);
                if x.is_finite() && y.is_finite() { [x, y] } else { [f64::INFINITY; 2] }
            }
        }
    }
}
