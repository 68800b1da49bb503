//! Cases for the text of `.prj` files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::project::tests::REGISTRY;

/// A projected system as ESRI writes it.
fn esri(name: &str, datum: &str, method: &str, parameters: [f64; 5]) -> String {
    let [easting, northing, meridian, scale, latitude] = parameters;
    format!(
        "PROJCS[\"{name}\",GEOGCS[\"GCS_{datum}\",DATUM[\"D_{datum}\",SPHEROID[\"S\",6378137.0,298.25]],\
         PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]],PROJECTION[\"{method}\"],\
         PARAMETER[\"False_Easting\",{easting:?}],PARAMETER[\"False_Northing\",{northing:?}],\
         PARAMETER[\"Central_Meridian\",{meridian:?}],PARAMETER[\"Scale_Factor\",{scale:?}],\
         PARAMETER[\"Latitude_Of_Origin\",{latitude:?}],UNIT[\"Meter\",1.0]]"
    )
}

fn gk(name: &str, datum: &str, meridian: f64, easting: f64) -> String {
    esri(name, datum, "Gauss_Kruger", [easting, 0.0, meridian, 1.0, 0.0])
}

fn geographic(name: &str, datum: &str) -> String {
    format!(
        "GEOGCS[\"{name}\",DATUM[\"{datum}\",SPHEROID[\"S\",6378137.0,298.257222101]],\
         PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]]"
    )
}

fn check_is(text: &str, code: u32) {
    assert_eq!(identify(text), Ok(Crs::Epsg(code)), "{text}");
}

#[test]
fn esri_names_are_known() {
    check_is(&gk("CGCS2000_3_Degree_GK_CM_117E", "China_2000", 117.0, 5e5), 4548);
    check_is(&gk("CGCS2000_3_Degree_GK_Zone_39", "China_2000", 117.0, 39.5e6), 4527);
    check_is(&gk("CGCS2000_GK_CM_117E", "China_2000", 117.0, 5e5), 4509);
    check_is(&gk("CGCS2000_GK_Zone_20", "China_2000", 117.0, 20.5e6), 4498);
    check_is(&gk("Xian_1980_3_Degree_GK_CM_117E", "Xian_1980", 117.0, 5e5), 2384);
    check_is(&gk("Xian_1980_GK_Zone_20", "Xian_1980", 117.0, 20.5e6), 2334);
    check_is(&gk("Beijing_1954_3_Degree_GK_Zone_39", "Beijing_1954", 117.0, 39.5e6), 2415);
    check_is(&gk("Beijing_1954_GK_Zone_20N", "Beijing_1954", 117.0, 5e5), 21460);
    check_is(&gk("Beijing_1954_Gauss_Kruger_CM_117E", "Beijing_1954", 117.0, 5e5), 21460);
    check_is(&gk("New_Beijing_3_Degree_Gauss_Kruger_CM_117E", "New_Beijing", 117.0, 5e5), 4796);
    check_is(&geographic("GCS_China_Geodetic_Coordinate_System_2000", "D_China_2000"), 4490);
    check_is(&geographic("GCS_WGS_1984", "D_WGS_1984"), 4326);
    check_is(&geographic("GCS_Xian_1980", "D_Xian_1980"), 4610);
    check_is(&geographic("GCS_Beijing_1954", "D_Beijing_1954"), 4214);
    let utm = esri(
        "WGS_1984_UTM_Zone_50N",
        "WGS_1984",
        "Transverse_Mercator",
        [5e5, 0.0, 117.0, 0.9996, 0.0],
    );
    check_is(&utm, 32650);
    check_is(
        &esri(
            "WGS_1984_Web_Mercator_Auxiliary_Sphere",
            "WGS_1984",
            "Mercator_Auxiliary_Sphere",
            [0.0; 5],
        ),
        3857,
    );
}

#[test]
fn parameters_stand_in_for_an_unknown_name() {
    check_is(&gk("农村宅基地", "China_2000", 117.0, 5e5), 4548);
    check_is(&gk("x", "China_2000", 117.0, 39.5e6), 4527);
    check_is(&gk("x", "China_2000", 117.0, 20.5e6), 4498);
    check_is(&gk("x", "Xian_1980", 114.0, 5e5), 2383);
    check_is(&geographic("x", "World Geodetic System 1984"), 4326);
    check_is(&esri("x", "WGS_1984", "Transverse_Mercator", [5e5, 1e7, 33.0, 0.9996, 0.0]), 32736);
}

#[test]
fn a_code_in_the_text_counts() {
    let coded = |text: &str, node: &str| format!("{},{node}]", text.strip_suffix(']').unwrap());
    check_is(&coded(&gk("x", "China_2000", 117.0, 5e5), "AUTHORITY[\"EPSG\",\"4509\"]"), 4509);
    let british =
        esri("x", "OSGB_1936", "Transverse_Mercator", [4e5, -1e5, -2.0, 0.999_601_271_7, 49.0]);
    check_is(&coded(&british, "AUTHORITY[\"EPSG\",\"27700\"]"), 27700);
    let wrong = coded(&geographic("x", "D_Xian_1980"), "AUTHORITY[\"EPSG\",\"4326\"]");
    assert!(matches!(identify(&wrong), Err(IdentifyError::Contradictory { said: Crs::WGS84, .. })));
}

/// What PROJ writes of every code, with its code and without.
#[test]
fn what_proj_writes_is_known() {
    let registry = &*REGISTRY;
    let others = [4326, 4490, 4610, 4214, 4555, 3857, 32650];
    let zones = (2327..=2442).chain(4491..=4822).chain(21_413..=21_463);
    for code in zones.filter(|code| Zone::of(*code).is_some()).chain(others) {
        let facts = registry.facts(&Crs::Epsg(code)).unwrap();
        let text = facts.wkt2.as_ref().unwrap();
        check_is(text, code);
        let wkt1 = facts.wkt1.as_ref().unwrap();
        check_is(wkt1, code);
        let (head, _) = wkt1.rsplit_once(",AUTHORITY[").unwrap();
        check_is(&format!("{head}]"), code);
        let (head, _) = text.rsplit_once(",\n    ID[").unwrap();
        check_is(&format!("{head}]"), code);
    }
}

#[test]
fn name_and_parameters_must_agree() {
    let cases = [
        gk("CGCS2000_3_Degree_GK_CM_117E", "China_2000", 117.0, 39.5e6),
        gk("CGCS2000_3_Degree_GK_CM_117E", "China_2000", 114.0, 5e5),
        gk("CGCS2000_3_Degree_GK_CM_117E", "Xian_1980", 117.0, 5e5),
        gk("CGCS2000_3_Degree_GK_CM_117E", "China_2000", 116.5, 5e5),
        esri(
            "CGCS2000_3_Degree_GK_CM_117E",
            "China_2000",
            "Gauss_Kruger",
            [5e5, 7.0, 117.0, 1.0, 0.0],
        ),
    ];
    for text in cases {
        let error = identify(&text).unwrap_err();
        assert!(matches!(error, IdentifyError::Contradictory { .. }), "{text}: {error}");
    }
}

#[test]
fn what_is_unknown_is_quoted_by_name_only() {
    let text = gk("Beijing_Local", "Krasovsky", 116.350_251_8, 504_321.0);
    let error = identify(&text).unwrap_err();
    assert_eq!(error, IdentifyError::Unknown { name: "Beijing_Local".to_owned() });
    let said = error.to_string();
    assert!(!said.contains("116") && !said.contains("504") && !said.contains("Kras"), "{said}");
    for text in
        ["LOCAL_CS[\"x\"]", "GEOCCS[\"x\",DATUM[\"D_WGS_1984\"]]", "PROJCS[\"x\"]", "PROJCS[]"]
    {
        assert!(matches!(identify(text), Err(IdentifyError::Unknown { .. })), "{text}");
    }
}

#[test]
fn what_is_no_well_known_text_is_refused() {
    let deep = format!("{}{}", "A[".repeat(100_000), "]".repeat(100_000));
    let deep_but_short = format!("{}1{}", "A[".repeat(40), "]".repeat(40));
    let wide = format!("A[{}1]", "1,".repeat(20_000));
    let texts = [
        "",
        " ",
        "EPSG:4548",
        "PROJCS",
        "PROJCS[\"x\"",
        "PROJCS[\"x",
        "PROJCS[\"x\"]]",
        "A[1e999]",
        "A[--]",
        "A[1)",
        &deep,
        &deep_but_short,
        &wide,
    ];
    for text in texts {
        assert!(matches!(identify(text), Err(IdentifyError::Wkt(_))), "{:.40}", text);
    }
}

proptest! {
    #[test]
    fn nothing_panics(text in "[PROJCSGEOGCS\\[\\](),\"0-9.eE+ _\u{7f}-\u{ff}]{0,200}", cut in 0usize..600) {
        prop_assert!(identify(&text).is_ok_and(|crs| crs != Crs::Epsg(0)) || identify(&text).is_err());
        let whole = gk("CGCS2000_3_Degree_GK_CM_117E", "China_2000", 117.0, 5e5);
        let cut = cut.min(whole.len() - 1);
        prop_assert!(identify(&whole[..cut]).is_err());
    }
}
