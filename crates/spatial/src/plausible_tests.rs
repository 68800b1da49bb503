//! Cases of numbers that fit their CRS, and of numbers that do not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::project::tests::REGISTRY;

const DEGREES: [f64; 2] = [116.35, 39.72];
const ZONE_39: [f64; 2] = [39_444_260.0, 4_398_650.0];
const CENTRAL_117: [f64; 2] = [444_260.0, 4_398_650.0];
const MERCATOR: [f64; 2] = [12_951_000.0, 4_823_000.0];
const LOCAL: [f64; 2] = [501_234.0, 298_765.0];

fn swap([x, y]: [f64; 2]) -> [f64; 2] {
    [y, x]
}

fn judged(declared: &str, point: [f64; 2]) -> Verdict {
    judge(&REGISTRY, &declared.parse().unwrap(), &[point]).unwrap()
}

fn names(candidates: &[SourceCrs]) -> Vec<String> {
    candidates.iter().map(ToString::to_string).collect()
}

fn check_contradicts(declared: &str, point: [f64; 2], because: Mismatch, expected: &[&str]) {
    for point in [point, swap(point)] {
        match judged(declared, point) {
            Verdict::Contradicts { because: found, candidates } => {
                assert_eq!(
                    (found, names(&candidates)),
                    (because, expected.iter().map(ToString::to_string).collect()),
                    "{declared} {point:?}"
                );
            }
            verdict => panic!("{declared} {point:?}: {verdict:?}"),
        }
    }
}

#[test]
fn numbers_that_fit_fit_and_swapped_ones_are_told() {
    let cases = [
        ("4490", DEGREES),
        ("4326", DEGREES),
        ("gcj02", DEGREES),
        ("bd09", DEGREES),
        ("4548", CENTRAL_117),
        ("4509", CENTRAL_117),
        ("4527", ZONE_39),
        ("2384", CENTRAL_117),
        ("2415", ZONE_39),
        ("4326", [139.767, 35.681]),
        ("6677", [-5_994.0, -35_367.0]),
        // Beijing's western edge, formally of the next zone.
        ("4548", [363_000.0, 4_420_000.0]),
    ];
    for (declared, point) in cases {
        assert_eq!(judged(declared, point), Verdict::Fits, "{declared} {point:?}");
        if declared != "6677" {
            assert_eq!(judged(declared, swap(point)), Verdict::Swapped, "{declared} {point:?}");
        }
    }
    // Both orders are possible: what is declared holds.
    assert_eq!(judged("3857", MERCATOR), Verdict::Fits);
    assert_eq!(judged("27700", [530_000.0, 180_000.0]), Verdict::Fits);
    assert_eq!(judged("4326", [-0.128, 51.504]), Verdict::Fits);
    assert_eq!(judged("4326", [51.504, -0.128]), Verdict::Fits);
    // On the Tibetan plateau both numbers are below 90.
    assert_eq!(judged("4490", [85.0, 30.0]), Verdict::Fits);
    assert_eq!(judged("4490", [30.0, 85.0]), Verdict::Swapped);
}

#[test]
fn numbers_that_contradict_are_refused_with_suggestions() {
    let degrees = ["EPSG:4490", "EPSG:4326", "gcj02", "bd09"];
    check_contradicts("4490", CENTRAL_117, Mismatch::NotDegrees, &["EPSG:4548"]);
    check_contradicts("4326", ZONE_39, Mismatch::NotDegrees, &["EPSG:4527"]);
    check_contradicts("gcj02", MERCATOR, Mismatch::NotDegrees, &["EPSG:3857"]);
    check_contradicts("4548", DEGREES, Mismatch::Degrees, &degrees);
    check_contradicts("3857", DEGREES, Mismatch::Degrees, &degrees);
    check_contradicts("27700", [-0.128, 51.504], Mismatch::Degrees, &["EPSG:4326"]);
    check_contradicts("4548", ZONE_39, Mismatch::ZonePrefix, &["EPSG:4527"]);
    check_contradicts("4527", CENTRAL_117, Mismatch::NoZonePrefix, &["EPSG:4548"]);
    check_contradicts("2415", CENTRAL_117, Mismatch::NoZonePrefix, &["EPSG:2436"]);
    check_contradicts("4548", MERCATOR, Mismatch::Elsewhere, &["EPSG:3857"]);
    check_contradicts("4490", LOCAL, Mismatch::LocalGrid, &[]);
    check_contradicts("4548", LOCAL, Mismatch::LocalGrid, &[]);
    check_contradicts("4490", [f64::NAN, 1.0], Mismatch::NoPoints, &[]);
}

#[test]
fn one_stray_point_is_not_blamed_on_the_crs() {
    let registry = &*REGISTRY;
    let points = [CENTRAL_117, CENTRAL_117, [0.0, 0.0], [f64::NAN, 0.0]];
    let verdict = judge(registry, &SourceCrs::Crs(Crs::Epsg(4548)), &points).unwrap();
    assert_eq!(verdict, Verdict::Fits);
}

#[test]
fn suggests_what_numbers_look_like() {
    let cases: [([f64; 2], &[&str]); 7] = [
        (DEGREES, &["EPSG:4490", "EPSG:4326", "gcj02", "bd09"]),
        ([139.767, 35.681], &["EPSG:4326"]),
        (CENTRAL_117, &["EPSG:4548"]),
        ([650_000.0, 4_420_000.0], &["EPSG:4547"]),
        ([20_444_260.0, 4_398_650.0], &["EPSG:4498"]),
        (MERCATOR, &["EPSG:3857"]),
        (LOCAL, &[]),
    ];
    for (point, expected) in cases {
        assert_eq!(names(&suggest(&[point])), expected, "{point:?}");
        assert_eq!(names(&suggest(&[swap(point)])), expected, "{point:?}");
    }
    assert!(suggest(&[]).is_empty() && suggest(&[[f64::INFINITY, 1.0]]).is_empty());
}
