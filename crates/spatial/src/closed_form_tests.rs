//! Closed forms against PROJ.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::proj_link::{End, Link};

/// The way of PROJ from the longitude and latitude of the same datum.
fn by_proj(code: u32) -> Link {
    let epsg = |code, north_first| End::Epsg { code, north_first };
    match code {
        3857 => Link::new(epsg(4326, true), epsg(3857, false)),
        code => Link::new(epsg(4490, true), epsg(code, true)),
    }
}

/// Largest distance, metres, from PROJ over a lattice of points up to `reach` degrees from the
/// central meridian, from the equator to 60°; every point must come back to 0.1 µm.
fn distance_from_proj(code: u32, reach: f64) -> f64 {
    let form = ClosedForm::of(&Crs::Epsg(code)).unwrap();
    let centre = match form {
        ClosedForm::GaussKruger { central_meridian, .. } => central_meridian,
        _ => 116.0,
    };
    let mut angles = Vec::new();
    for i in 0..=20 {
        for j in 0..=20 {
            let across = (f64::from(i) / 10.0 - 1.0) * reach;
            angles.push([centre + across, f64::from(j) * 3.0 + 0.123_456]);
        }
    }
    let mut expected = angles.clone();
    by_proj(code).convert(&mut expected).unwrap();
    angles.iter().zip(&expected).fold(0.0, |worst: f64, (&angle, plane)| {
        let point = form.from_lon_lat(angle);
        let back = form.to_lon_lat(point);
        assert!((back[0] - angle[0]).hypot(back[1] - angle[1]) < 1e-12, "{code} {angle:?}");
        worst.max((point[0] - plane[0]).hypot(point[1] - plane[1]))
    })
}

#[test]
fn every_closed_form_agrees_with_proj() {
    let worst = (4491..=4554)
        .chain([3857])
        .map(|code| (distance_from_proj(code, 3.5), code))
        .fold((0.0, 0), |worst, next| if next.0 > worst.0 { next } else { worst });
    assert!(worst.0 < 1e-7, "{} m off at EPSG:{}", worst.0, worst.1);
}

#[test]
fn far_from_its_meridian_a_zone_is_still_exact() {
    let worst = distance_from_proj(4548, 39.0);
    assert!(worst < 1e-5, "{worst} m");
}

#[test]
fn longitude_and_latitude_are_their_own_form() {
    for code in [4326, 4490] {
        let form = ClosedForm::of(&Crs::Epsg(code)).unwrap();
        assert_eq!(form.from_lon_lat(form.to_lon_lat([116.4, 39.9])), [116.4, 39.9]);
    }
    for crs in [Crs::Epsg(4610), Crs::Epsg(2384), Crs::Epsg(27700), Crs::Site("x".to_owned())] {
        assert_eq!(ClosedForm::of(&crs), None);
    }
}

#[test]
fn the_far_side_of_the_earth_has_no_place_in_a_zone() {
    let form = ClosedForm::of(&Crs::Epsg(4548)).unwrap();
    assert!(form.from_lon_lat([-63.0, 40.0]).iter().all(|number| number.is_nan()));
    for plane in [[39_447_946.0, 4_419_408.0], [447_946.0, 1.2e7], [-9e6, 0.0], [f64::NAN, 0.0]] {
        assert!(form.to_lon_lat(plane).iter().all(|number| number.is_nan()), "{plane:?}");
    }
}

proptest! {
    #[test]
    fn random_points_of_beijing_agree_with_proj(lon in 115.4..117.5f64, lat in 39.4..41.1f64) {
        for code in [4548, 4527, 4547, 4526, 4498, 4509, 3857] {
            let point = ClosedForm::of(&Crs::Epsg(code)).unwrap().from_lon_lat([lon, lat]);
            let mut expected = [[lon, lat]];
            by_proj(code).convert(&mut expected).unwrap();
            let off = (point[0] - expected[0][0]).hypot(point[1] - expected[0][1]);
            prop_assert!(off < 1e-7, "EPSG:{code}: {off} m");
        }
    }
}
