//! What lies on what, and what QGIS is told.
#![allow(clippy::unwrap_used, reason = "tests")]

use spatial::{Collection, CollectionId, Crs, Envelope, GeometryType, Zooms};

use super::{StyleClient, document, qml};

fn collection(
    id: &str,
    geometry_type: GeometryType,
    count: u64,
    style: Option<&str>,
) -> Collection {
    Collection {
        id: CollectionId::try_from(id).unwrap(),
        title: id.to_owned(),
        description: String::new(),
        attribution: String::new(),
        crs: Crs::CGCS2000,
        geometry_type,
        has_z: false,
        has_m: false,
        fields: Vec::new(),
        key: None,
        zooms: Zooms { min: 0, max: 18 },
        style: style.map(str::to_owned),
        extent: Envelope::EMPTY,
        count,
    }
}

fn check_order(client: StyleClient, expected: &[&str]) {
    let city = [
        collection("buildings", GeometryType::Polygon, 50_000, None),
        collection("districts", GeometryType::MultiPolygon, 16, None),
        collection("households", GeometryType::Point, 20_000, None),
        collection("lanes", GeometryType::LineString, 2_000, None),
        collection("parcels", GeometryType::Polygon, 20_000, None),
        collection("points", GeometryType::Point, 1_000, None),
    ];
    let style = document("city", &city.each_ref(), client, "http://a/t", "http://a/x");
    let drawn: Vec<&str> = style["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| layer["id"].as_str().unwrap())
        .collect();
    assert_eq!(drawn, expected);
}

const FROM_BELOW: [&str; 10] = [
    "background",
    "districts-fill-0",
    "parcels-fill-0",
    "buildings-fill-0",
    "buildings-line-1",
    "parcels-line-1",
    "lanes-line-0",
    "districts-line-1",
    "households-circle-0",
    "points-circle-0",
];

#[test]
fn large_areas_lie_below_small_ones_and_the_many_points_below_the_few() {
    check_order(StyleClient::MapLibre, &FROM_BELOW);
}

#[test]
fn qgis_gets_no_ground_that_would_hide_its_other_layers() {
    check_order(StyleClient::Qgis, &FROM_BELOW[1..]);
}

#[test]
fn qml_takes_fill_opacity_and_outline_from_the_style() {
    let cases = [
        (
            r##"[{"type":"fill","paint":{"fill-color":"#f00","fill-opacity":0.2}},{"type":"line","paint":{"line-color":"#00f"}}]"##,
            ["\"255,0,0,51\"", "k=\"style\" v=\"solid\"", "k=\"outline_color\" v=\"0,0,255,255\""],
        ),
        (
            r##"[{"type":"line","paint":{"line-color":"#00f"}}]"##,
            ["\"0,0,255,0\"", "k=\"style\" v=\"no\"", "k=\"outline_color\" v=\"0,0,255,255\""],
        ),
        (
            r##"[{"type":"fill","paint":{"fill-color":["match",["get","a"],"x","#0f0","#999"]}}]"##,
            ["value=\"x\"", "\"0,255,0,255\"", "k=\"outline_color\" v=\"0,255,0,255\""],
        ),
    ];
    for (style, expected) in cases {
        let text = qml(&collection("areas", GeometryType::Polygon, 1, Some(style)));
        for part in expected {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}

#[test]
fn a_reader_is_told_which_names_are_names_of_areas() {
    let named = r#"[{"type":"symbol","layout":{"text-field":["get","name"]}}]"#;
    let told = |geometry_type, client| {
        let all = [collection("towns", geometry_type, 2, Some(named))];
        let style = document("t", &all.each_ref(), client, "http://a/t", "http://a/x");
        let symbol = style["layers"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(symbol["type"], "symbol");
        symbol["metadata"]["tuban:names"].clone()
    };
    assert_eq!(told(GeometryType::MultiPolygon, StyleClient::MapLibre), "areas");
    assert_eq!(told(GeometryType::Polygon, StyleClient::MapLibre), "areas");
    assert!(told(GeometryType::LineString, StyleClient::MapLibre).is_null());
    assert!(told(GeometryType::MultiPolygon, StyleClient::Qgis).is_null());
}
