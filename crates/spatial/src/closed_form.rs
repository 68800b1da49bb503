//! Projections in closed form, for the coordinate systems on hot paths: Web Mercator and the
//! Gauss-Krüger zones of CGCS2000.
//!
//! Gauss-Krüger after Krüger (1912), series in the third flattening n to the 6th order
//! (Karney, "Transverse Mercator with an accuracy of a few nanometers", 2011). The latitudes pass
//! through series too, and sines of sums through the addition theorems, so that a point costs two
//! or three calls of a transcendental function. Angles are
//! degrees outside, radians inside; eastings and northings are metres.

use std::f64::consts::FRAC_PI_2;

use crate::Crs;
use crate::world::{MERCATOR_RADIUS, WorldPoint, from_lon_lat, from_lon_sin_lat, from_mercator};
use crate::zones::{ChinaDatum, Zone};

/// Semi-major axis of the CGCS2000 ellipsoid, metres (GB/T 22021-2008).
pub(crate) const SEMI_MAJOR_AXIS: f64 = 6_378_137.0;
/// Flattening of the CGCS2000 ellipsoid.
pub(crate) const FLATTENING: f64 = 1.0 / 298.257_222_101;
/// Square of the first eccentricity.
pub(crate) const E2: f64 = FLATTENING * (2.0 - FLATTENING);
/// Third flattening, and its powers.
pub(crate) const N: f64 = FLATTENING / (2.0 - FLATTENING);
pub(crate) const N2: f64 = N * N;
pub(crate) const N3: f64 = N2 * N;
pub(crate) const N4: f64 = N3 * N;
pub(crate) const N5: f64 = N4 * N;
const N6: f64 = N5 * N;
/// Radius of the rectifying sphere, metres.
pub(crate) const RECTIFYING: f64 =
    SEMI_MAJOR_AXIS / (1.0 + N) * (1.0 + N2 / 4.0 + N4 / 64.0 + N6 / 256.0);

/// From the conformal sphere to the plane.
const ALPHA: [f64; 6] = [
    N / 2.0 - 2.0 / 3.0 * N2 + 5.0 / 16.0 * N3 + 41.0 / 180.0 * N4 - 127.0 / 288.0 * N5
        + 7891.0 / 37800.0 * N6,
    13.0 / 48.0 * N2 - 3.0 / 5.0 * N3 + 557.0 / 1440.0 * N4 + 281.0 / 630.0 * N5
        - 1_983_433.0 / 1_935_360.0 * N6,
    61.0 / 240.0 * N3 - 103.0 / 140.0 * N4 + 15061.0 / 26880.0 * N5 + 167_603.0 / 181_440.0 * N6,
    49561.0 / 161_280.0 * N4 - 179.0 / 168.0 * N5 + 6_601_661.0 / 7_257_600.0 * N6,
    34729.0 / 80640.0 * N5 - 3_418_889.0 / 1_995_840.0 * N6,
    212_378_941.0 / 319_334_400.0 * N6,
];

/// From the plane to the conformal sphere.
const BETA: [f64; 6] = [
    N / 2.0 - 2.0 / 3.0 * N2 + 37.0 / 96.0 * N3 - N4 / 360.0 - 81.0 / 512.0 * N5
        + 96199.0 / 604_800.0 * N6,
    N2 / 48.0 + N3 / 15.0 - 437.0 / 1440.0 * N4 + 46.0 / 105.0 * N5
        - 1_118_711.0 / 3_870_720.0 * N6,
    17.0 / 480.0 * N3 - 37.0 / 840.0 * N4 - 209.0 / 4480.0 * N5 + 5569.0 / 90720.0 * N6,
    4397.0 / 161_280.0 * N4 - 11.0 / 504.0 * N5 - 830_251.0 / 7_257_600.0 * N6,
    4583.0 / 161_280.0 * N5 - 108_847.0 / 3_991_680.0 * N6,
    20_648_693.0 / 638_668_800.0 * N6,
];

/// From geodetic to conformal latitude.
const GAMMA: [f64; 6] = [
    -2.0 * N + 2.0 / 3.0 * N2 + 4.0 / 3.0 * N3 - 82.0 / 45.0 * N4
        + 32.0 / 45.0 * N5
        + 4642.0 / 4725.0 * N6,
    5.0 / 3.0 * N2 - 16.0 / 15.0 * N3 - 13.0 / 9.0 * N4 + 904.0 / 315.0 * N5 - 1522.0 / 945.0 * N6,
    -26.0 / 15.0 * N3 + 34.0 / 21.0 * N4 + 8.0 / 5.0 * N5 - 12686.0 / 2835.0 * N6,
    1237.0 / 630.0 * N4 - 12.0 / 5.0 * N5 - 24832.0 / 14175.0 * N6,
    -734.0 / 315.0 * N5 + 109_598.0 / 31185.0 * N6,
    444_337.0 / 155_925.0 * N6,
];

/// From conformal to geodetic latitude.
const DELTA: [f64; 6] = [
    2.0 * N - 2.0 / 3.0 * N2 - 2.0 * N3 + 116.0 / 45.0 * N4 + 26.0 / 45.0 * N5
        - 2854.0 / 675.0 * N6,
    7.0 / 3.0 * N2 - 8.0 / 5.0 * N3 - 227.0 / 45.0 * N4 + 2704.0 / 315.0 * N5 + 2323.0 / 945.0 * N6,
    56.0 / 15.0 * N3 - 136.0 / 35.0 * N4 - 1262.0 / 105.0 * N5 + 73814.0 / 2835.0 * N6,
    4279.0 / 630.0 * N4 - 332.0 / 35.0 * N5 - 399_572.0 / 14175.0 * N6,
    4174.0 / 315.0 * N5 - 144_838.0 / 6237.0 * N6,
    601_676.0 / 22275.0 * N6,
];

/// A coordinate system whose way to longitude and latitude is a formula.
///
/// WGS 84 and CGCS2000 longitude and latitude are taken as equal: both realise the ITRS, the
/// ellipsoids differ by 0.1 mm of the semi-minor axis, the frames by centimetres to decimetres
/// with the epoch (Yang, Chinese Science Bulletin 54, 2009). EPSG names no transformation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ClosedForm {
    /// Longitude and latitude in degrees, WGS 84 or CGCS2000.
    LonLat,
    /// Web Mercator metres.
    Mercator,
    /// A Gauss-Krüger zone of CGCS2000.
    GaussKruger {
        /// Longitude of the central meridian, degrees.
        central_meridian: f64,
        /// Easting of the central meridian, metres.
        false_easting: f64,
    },
}

impl ClosedForm {
    /// The closed form of a coordinate system; none when it needs PROJ.
    pub fn of(crs: &Crs) -> Option<Self> {
        match *crs {
            Crs::Epsg(4326 | 4490) => Some(Self::LonLat),
            Crs::Epsg(3857) => Some(Self::Mercator),
            Crs::Epsg(code) => {
                let zone = Zone::of(code).filter(|zone| zone.datum == ChinaDatum::Cgcs2000)?;
                Some(Self::GaussKruger {
                    central_meridian: zone.central_meridian(),
                    false_easting: zone.false_easting(),
                })
            }
            Crs::Site(_) => None,
        }
    }

    /// Longitude and latitude, degrees, of a point of this system.
    #[inline]
    pub fn to_lon_lat(self, [x, y]: [f64; 2]) -> [f64; 2] {
        match self {
            Self::LonLat => [x, y],
            Self::Mercator => {
                let lat = (y / MERCATOR_RADIUS).sinh().atan();
                [(x / MERCATOR_RADIUS).to_degrees(), lat.to_degrees()]
            }
            Self::GaussKruger { central_meridian, false_easting } => {
                let [lon, lat] = plane_to_geodetic([x - false_easting, y]);
                [central_meridian + lon.to_degrees(), lat.to_degrees()]
            }
        }
    }

    /// The point of the world grid at a point of this system. Clamped to the border; a point out
    /// of a zone's reach falls on the north-western corner.
    #[inline]
    pub fn to_world(self, [x, y]: [f64; 2]) -> WorldPoint {
        match self {
            Self::LonLat => from_lon_lat([x, y]),
            Self::Mercator => from_mercator([x, y]),
            Self::GaussKruger { central_meridian, false_easting } => {
                // The world grid asks for the sine of the latitude alone.
                let (lon, conformal) = plane_to_conformal([x - false_easting, y]);
                let sin = conformal.turned(sine_series(&DELTA, conformal.doubled())).sin;
                from_lon_sin_lat([central_meridian + lon.to_degrees(), sin])
            }
        }
    }

    /// The point of this system at a longitude and latitude, degrees.
    #[inline]
    pub fn from_lon_lat(self, [lon, lat]: [f64; 2]) -> [f64; 2] {
        match self {
            Self::LonLat => [lon, lat],
            Self::Mercator => {
                let y = lat.to_radians().tan().asinh();
                [lon.to_radians() * MERCATOR_RADIUS, y * MERCATOR_RADIUS]
            }
            Self::GaussKruger { central_meridian, false_easting } => {
                let lon = (lon - central_meridian).to_radians();
                let [x, y] = geodetic_to_plane([lon, lat.to_radians()]);
                [x + false_easting, y]
            }
        }
    }
}

/// Reach of the series to each side of the central meridian, in radians: 40°, where they still
/// agree with PROJ to micrometres. Beyond there is no value, rather than a wrong one.
const REACH: f64 = 0.7;
/// The same on the plane, at the equator, in radii: a little more than atanh(sin 0.7).
const PLANE_REACH: f64 = 0.77;

/// Easting from the central meridian and northing, metres, of radians from it.
fn geodetic_to_plane([lon, lat]: [f64; 2]) -> [f64; 2] {
    if lon.abs() > REACH {
        return [f64::NAN; 2];
    }
    let geodetic = Circular::of(lat);
    let conformal = geodetic.turned(sine_series(&GAMMA, geodetic.doubled()));
    let meridian = Circular::of(lon);
    let along = conformal.cos * meridian.cos;
    let tanh = conformal.cos * meridian.sin;
    let xi = conformal.sin.atan2(along);
    let eta = 0.5 * ((1.0 + tanh) / (1.0 - tanh)).ln();
    // tanh² + along² + sin² = 1: the doubled arguments follow without another function call.
    let rest = 1.0 - tanh * tanh;
    let double_xi = Circular {
        sin: 2.0 * conformal.sin * along / rest,
        cos: (along * along - conformal.sin * conformal.sin) / rest,
    };
    let double_eta = Hyperbolic { sinh: 2.0 * tanh / rest, cosh: (1.0 + tanh * tanh) / rest };
    let [d_xi, d_eta] = complex_sine_series(&ALPHA, double_xi, double_eta);
    [RECTIFYING * (eta + d_eta), RECTIFYING * (xi + d_xi)]
}

/// Longitude from the central meridian and latitude, radians, of plane metres.
fn plane_to_geodetic(plane: [f64; 2]) -> [f64; 2] {
    let (lon, conformal) = plane_to_conformal(plane);
    let lat = conformal.sin.atan2(conformal.cos);
    [lon, lat + sine_series(&DELTA, conformal.doubled())]
}

/// Longitude from the central meridian, radians, and conformal latitude of plane metres.
fn plane_to_conformal([x, y]: [f64; 2]) -> (f64, Circular) {
    let (xi, eta) = (y / RECTIFYING, x / RECTIFYING);
    if eta.abs() > PLANE_REACH || xi.abs() > FRAC_PI_2 {
        return (f64::NAN, Circular { sin: f64::NAN, cos: f64::NAN });
    }
    let (circular, hyperbolic) = (Circular::of(xi), Hyperbolic::of(eta));
    let [d_xi, d_eta] = complex_sine_series(&BETA, circular.doubled(), hyperbolic.doubled());
    let (circular, hyperbolic) = (circular.turned(-d_xi), hyperbolic.turned(-d_eta));
    let lon = hyperbolic.sinh.atan2(circular.cos);
    let along = (hyperbolic.sinh * hyperbolic.sinh + circular.cos * circular.cos).sqrt();
    (lon, Circular { sin: circular.sin / hyperbolic.cosh, cos: along / hyperbolic.cosh })
}

/// Sine and cosine of one angle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circular {
    pub(crate) sin: f64,
    pub(crate) cos: f64,
}

impl Circular {
    pub(crate) fn of(angle: f64) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self { sin, cos }
    }

    pub(crate) fn doubled(self) -> Self {
        Self { sin: 2.0 * self.sin * self.cos, cos: 1.0 - 2.0 * self.sin * self.sin }
    }

    /// Of the angle and a small one more, below 0.01: Taylor's series is then exact.
    pub(crate) fn turned(self, by: f64) -> Self {
        let square = by * by;
        let sin = by * (1.0 - square / 6.0 * (1.0 - square / 20.0));
        let cos = 1.0 - square / 2.0 * (1.0 - square / 12.0 * (1.0 - square / 30.0));
        Self { sin: self.sin * cos + self.cos * sin, cos: self.cos * cos - self.sin * sin }
    }
}

/// Hyperbolic sine and cosine of one number; exact to the last digit of 1, which is what the
/// sums here need, not to the last digit of a small sine.
#[derive(Clone, Copy)]
struct Hyperbolic {
    sinh: f64,
    cosh: f64,
}

impl Hyperbolic {
    fn of(number: f64) -> Self {
        let grown = number.exp();
        let shrunk = grown.recip();
        Self { sinh: (grown - shrunk) / 2.0, cosh: f64::midpoint(grown, shrunk) }
    }

    fn doubled(self) -> Self {
        Self { sinh: 2.0 * self.sinh * self.cosh, cosh: 1.0 + 2.0 * self.sinh * self.sinh }
    }

    /// Of the number and a small one more, below 0.01.
    fn turned(self, by: f64) -> Self {
        let square = by * by;
        let sinh = by * (1.0 + square / 6.0 * (1.0 + square / 20.0));
        let cosh = 1.0 + square / 2.0 * (1.0 + square / 12.0 * (1.0 + square / 30.0));
        Self {
            sinh: self.sinh * cosh + self.cosh * sinh,
            cosh: self.cosh * cosh + self.sinh * sinh,
        }
    }
}

/// Σ c[j−1] sin 2j(ξ + iη), real and imaginary part, of the functions of 2ξ and 2η, by
/// Clenshaw's recurrence.
fn complex_sine_series(
    coefficients: &[f64; 6],
    Circular { sin, cos }: Circular,
    Hyperbolic { sinh, cosh }: Hyperbolic,
) -> [f64; 2] {
    let (re, im) = (2.0 * cos * cosh, -2.0 * sin * sinh);
    let (mut b1, mut b2) = ([0.0; 2], [0.0; 2]);
    for c in coefficients.iter().rev() {
        let b0 = [re * b1[0] - im * b1[1] - b2[0] + c, re * b1[1] + im * b1[0] - b2[1]];
        (b2, b1) = (b1, b0);
    }
    let (re, im) = (sin * cosh, cos * sinh);
    [re * b1[0] - im * b1[1], re * b1[1] + im * b1[0]]
}

/// Σ c[j−1] sin 2jx of the functions of 2x, by Clenshaw's recurrence.
pub(crate) fn sine_series(coefficients: &[f64; 6], Circular { sin, cos }: Circular) -> f64 {
    let (mut b1, mut b2) = (0.0, 0.0);
    for c in coefficients.iter().rev() {
        (b2, b1) = (b1, 2.0 * cos * b1 - b2 + c);
    }
    sin * b1
}

#[cfg(test)]
#[path = "closed_form_tests.rs"]
mod tests;
