//! The transverse Mercator plane of CGCS2000 about a point, for points that are near it.
//!
//! The series in the difference of longitude (Snyder, "Map Projections – A Working Manual", 1987,
//! eq. 8-9 and 8-10, multiplied out so that the poles divide nothing) and Helmert's of the
//! meridian arc in the third flattening. Functions of the latitude are those of the middle, turned:
//! a point costs no call of a transcendental function. What comes out agrees with the closed form
//! that holds everywhere to 0.1 µm up to [`REACH`].

use crate::closed_form::{
    Circular, E2, N, N2, N3, N4, N5, RECTIFYING, SEMI_MAJOR_AXIS, sine_series,
};

/// Radians of longitude, and of latitude, up to which a point is near: 0.5°.
const REACH: f64 = 0.5 * std::f64::consts::PI / 180.0;

/// Square of the second eccentricity.
const SECOND_E2: f64 = E2 / (1.0 - E2);

/// From the latitude to the arc of the meridian, in radii of the rectifying sphere.
const ARC: [f64; 6] = [
    -3.0 / 2.0 * N + 9.0 / 16.0 * N3 - 3.0 / 32.0 * N5,
    15.0 / 16.0 * N2 - 15.0 / 32.0 * N4,
    -35.0 / 48.0 * N3 + 105.0 / 256.0 * N5,
    315.0 / 512.0 * N4,
    -693.0 / 1280.0 * N5,
    0.0,
];

/// The middle of a plane: its meridian is the central one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NearMeridian {
    /// Radians.
    lon: f64,
    lat: f64,
    at: Circular,
}

impl NearMeridian {
    /// Of a middle in degrees of longitude and latitude.
    pub(crate) fn of([lon, lat]: [f64; 2]) -> Self {
        let lat = lat.to_radians();
        Self { lon: lon.to_radians(), lat, at: Circular::of(lat) }
    }

    /// Easting from the middle's meridian and northing, metres, of a longitude and latitude in
    /// degrees; none of a point that is not near.
    #[inline]
    pub(crate) fn point(&self, [lon, lat]: [f64; 2]) -> Option<[f64; 2]> {
        let (u, lat) = (lon.to_radians() - self.lon, lat.to_radians());
        let turn = lat - self.lat;
        if !(u.abs() <= REACH && turn.abs() <= REACH) {
            return None;
        }
        let at = self.at.turned(turn);
        let Circular { sin, cos } = at;
        let (u2, s2, c2) = (u * u, sin * sin, cos * cos);
        let normal = SEMI_MAJOR_AXIS / (1.0 - E2 * s2).sqrt();
        let bent = SECOND_E2 * c2;
        let x3 = c2 * (1.0 + bent) - s2;
        let x5 = c2 * (c2 * (5.0 + 72.0 * bent - 58.0 * SECOND_E2) - 18.0 * s2) + s2 * s2;
        let x = normal * u * cos * (1.0 + u2 / 6.0 * (x3 + u2 / 20.0 * x5));
        let y4 = c2 * (5.0 + bent * (9.0 + 4.0 * bent)) - s2;
        let y6 = c2 * (61.0 * c2 - 58.0 * s2) + s2 * s2;
        let arc = RECTIFYING * (lat + sine_series(&ARC, at.doubled()));
        let y = arc + normal * sin * cos * u2 * (0.5 + u2 / 24.0 * (y4 + u2 / 30.0 * y6));
        Some([x, y])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::closed_form::ClosedForm;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn what_is_near_lies_where_the_closed_form_has_it(
            lon in -180.0..180.0f64,
            lat in -89.0..89.0f64,
            east in -0.499..0.499f64,
            north in -0.499..0.499f64,
        ) {
            let near = NearMeridian::of([lon, lat]);
            let form = ClosedForm::GaussKruger { central_meridian: lon, false_easting: 0.0 };
            let asked = [lon + east, lat + north];
            let (point, expected) = (near.point(asked).unwrap(), form.from_lon_lat(asked));
            let off = (point[0] - expected[0]).hypot(point[1] - expected[1]);
            prop_assert!(off < 1e-7, "{off} m");
        }
    }

    #[test]
    fn what_is_far_is_left_to_others() {
        let near = NearMeridian::of([116.0, 40.0]);
        for far in
            [[116.51, 40.0], [115.49, 40.0], [116.0, 40.51], [f64::NAN, 40.0], [116.0, f64::NAN]]
        {
            assert_eq!(near.point(far), None);
        }
    }
}
