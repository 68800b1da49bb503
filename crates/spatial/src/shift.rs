//! GCJ-02 and BD-09, the shifted coordinates of China's web maps, and the way back.
//!
//! Forms as publicly reverse-engineered; nobody outside can compare them with the official
//! plug-in, so coordinates that came back are good to metres ("GCJ-derived"), while the
//! inverse here agrees with the forward form to 10⁻⁹ degrees. Longitude and latitude in degrees
//! throughout. Meant for cleaning files that users took from phone maps.

use std::f64::consts::PI;

/// A shifted system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// GCJ-02 (国测局坐标).
    Gcj02,
    /// BD-09 (百度坐标): GCJ-02 shifted once more.
    Bd09,
}

impl Shift {
    /// The WGS 84 point that this system shows at `shifted`.
    pub fn to_wgs84(self, shifted: [f64; 2]) -> [f64; 2] {
        match self {
            Self::Gcj02 => gcj02_to_wgs84(shifted),
            Self::Bd09 => gcj02_to_wgs84(bd09_to_gcj02(shifted)),
        }
    }

    /// Where this system shows the WGS 84 point `point`.
    pub fn from_wgs84(self, point: [f64; 2]) -> [f64; 2] {
        match self {
            Self::Gcj02 => wgs84_to_gcj02(point),
            Self::Bd09 => gcj02_to_bd09(wgs84_to_gcj02(point)),
        }
    }
}

/// Krassovsky's semi-major axis, metres.
const A: f64 = 6_378_245.0;
/// Krassovsky's squared eccentricity.
const EE: f64 = 0.006_693_421_622_965_943;
/// The inverses end when a step is shorter than this, degrees; the next would be at most 0.02 of it.
const TOLERANCE: f64 = 1e-10;
/// The inverses settle within 5 steps in Beijing; only across the border of the shifted region,
/// where the form jumps, they may not.
const MAX_STEPS: usize = 10;

/// GCJ-02 of a WGS 84 point; outside China's rectangle nothing is shifted.
pub fn wgs84_to_gcj02([lon, lat]: [f64; 2]) -> [f64; 2] {
    if !(72.004..=137.8347).contains(&lon) || !(0.8293..=55.8271).contains(&lat) {
        return [lon, lat];
    }
    let (x, y) = (lon - 105.0, lat - 35.0);
    let sin = |turns: f64| (turns * PI).sin();
    let ripple = (20.0 * sin(6.0 * x) + 20.0 * sin(2.0 * x)) * 2.0 / 3.0;
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + ripple
        + (20.0 * sin(y) + 40.0 * sin(y / 3.0)) * 2.0 / 3.0
        + (160.0 * sin(y / 12.0) + 320.0 * sin(y / 30.0)) * 2.0 / 3.0;
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + ripple
        + (20.0 * sin(x) + 40.0 * sin(x / 3.0)) * 2.0 / 3.0
        + (150.0 * sin(x / 12.0) + 300.0 * sin(x / 30.0)) * 2.0 / 3.0;
    let (sin_lat, cos_lat) = lat.to_radians().sin_cos();
    let m = 1.0 - EE * sin_lat * sin_lat;
    let meridian = A * (1.0 - EE) / (m * m.sqrt());
    let parallel = A / m.sqrt() * cos_lat;
    [lon + (east / parallel).to_degrees(), lat + (north / meridian).to_degrees()]
}

/// WGS 84 of a GCJ-02 point.
pub fn gcj02_to_wgs84(gcj: [f64; 2]) -> [f64; 2] {
    settle(gcj, gcj, wgs84_to_gcj02)
}

/// BD-09 of a GCJ-02 point.
pub fn gcj02_to_bd09([x, y]: [f64; 2]) -> [f64; 2] {
    let radius = x.hypot(y) + 2e-5 * (y * BD_TURN).sin();
    let angle = y.atan2(x) + 3e-6 * (x * BD_TURN).cos();
    [radius * angle.cos() + BD_OFFSET[0], radius * angle.sin() + BD_OFFSET[1]]
}

/// GCJ-02 of a BD-09 point.
pub fn bd09_to_gcj02(bd: [f64; 2]) -> [f64; 2] {
    settle(bd, [bd[0] - BD_OFFSET[0], bd[1] - BD_OFFSET[1]], gcj02_to_bd09)
}

const BD_TURN: f64 = PI * 3000.0 / 180.0;
const BD_OFFSET: [f64; 2] = [0.0065, 0.006];

/// The point whose `forward` image is `goal`, from a guess nearby.
fn settle(goal: [f64; 2], guess: [f64; 2], forward: fn([f64; 2]) -> [f64; 2]) -> [f64; 2] {
    let mut point = guess;
    for _ in 0..MAX_STEPS {
        let image = forward(point);
        let step = [image[0] - goal[0], image[1] - goal[1]];
        point = [point[0] - step[0], point[1] - step[1]];
        if step[0].abs().max(step[1].abs()) < TOLERANCE {
            break;
        }
    }
    point
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check_near(a: [f64; 2], b: [f64; 2], tolerance: f64) {
        let apart = (a[0] - b[0]).abs().max((a[1] - b[1]).abs());
        assert!(apart <= tolerance, "{a:?} {b:?}");
    }

    #[test]
    fn known_points_shift_and_come_back() {
        let cases = [
            (
                [116.377_817, 39.911_954],
                [116.384_047_225, 39.913_345_455],
                [116.390_454_713, 39.919_575_551],
            ),
            (
                [116.403_988, 39.914_266],
                [116.410_232_407, 39.915_670_251],
                [116.416_615_601, 39.921_965_801],
            ),
        ];
        for (wgs, gcj, bd) in cases {
            check_near(Shift::Gcj02.from_wgs84(wgs), gcj, 1e-9);
            check_near(Shift::Bd09.from_wgs84(wgs), bd, 1e-9);
            check_near(Shift::Gcj02.to_wgs84(gcj), wgs, 2e-9);
            check_near(Shift::Bd09.to_wgs84(bd), wgs, 2e-9);
        }
    }

    #[test]
    fn outside_china_nothing_is_shifted_by_gcj02() {
        for point in [[-0.1, 51.5], [139.7, 35.7], [116.4, -20.0], [f64::NAN, 0.0], [0.0, 1e300]] {
            let shown = Shift::Gcj02.from_wgs84(point);
            let back = Shift::Gcj02.to_wgs84(point);
            assert_eq!(shown.map(f64::to_bits), point.map(f64::to_bits));
            assert!(back[0].to_bits() == point[0].to_bits() || point[0].is_nan());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn every_point_of_beijing_comes_back(lon in 115.4..117.5f64, lat in 39.4..41.1f64) {
            for shift in [Shift::Gcj02, Shift::Bd09] {
                let shown = shift.from_wgs84([lon, lat]);
                prop_assert!((shown[0] - lon).abs() > 0.004, "not shifted: {shown:?}");
                check_near(shift.to_wgs84(shown), [lon, lat], 1e-11);
            }
        }
    }
}
