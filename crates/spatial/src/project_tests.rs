//! Cases for coordinate systems, their facts, and the ways between them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::LazyLock;

use geo_types::{Rect, coord, line_string, polygon};

use crate::zones::{Zone, cgcs2000_alike};
use crate::*;

fn crs(text: &str) -> Crs {
    Crs::from_str(text).unwrap()
}

/// Facts of a code take milliseconds to read: one registry serves all cases.
pub(crate) static REGISTRY: LazyLock<CrsRegistry> = LazyLock::new(CrsRegistry::default);

fn projector(from: &str, to: &str) -> Result<Projector, CrsError> {
    REGISTRY.projector(&crs(from), &crs(to))
}

/// A grid like those that cities keep; its parameters are made up.
const SITE: &str = "+proj=tmerc +lat_0=0 +lon_0=116.5 +k=1 +x_0=300000 +y_0=-4000000 +ellps=GRS80";

fn registry_with_site() -> CrsRegistry {
    CrsRegistry::new(BTreeMap::from([("made-up".to_owned(), SITE.to_owned())])).unwrap()
}

#[test]
fn reads_every_way_to_name_a_crs() {
    let cases = [
        ("EPSG:4548", 4548),
        ("epsg:4548", 4548),
        (" 4548 ", 4548),
        ("[EPSG:4490]", 4490),
        ("urn:ogc:def:crs:EPSG::4490", 4490),
        ("urn:ogc:def:crs:EPSG:9.8:4490", 4490),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", 4326),
        ("http://www.opengis.net/def/crs/EPSG/0/4490", 4490),
        ("https://www.opengis.net/def/crs/OGC/1.3/CRS84", 4326),
        ("http://www.opengis.net/gml/srs/epsg.xml#4326", 4326),
        ("OGC:CRS84", 4326),
        ("CRS84", 4326),
        ("EPSG:900913", 3857),
        ("ESRI:102100", 3857),
    ];
    for (text, code) in cases {
        assert_eq!(crs(text), Crs::Epsg(code), "{text}");
        assert_eq!(SourceCrs::from_str(text).unwrap(), SourceCrs::Crs(Crs::Epsg(code)));
        assert_eq!(crs::is_crs84(text), text.ends_with("CRS84"), "{text}");
    }
    assert_eq!(crs("site:北京-1"), Crs::Site("北京-1".to_owned()));
    assert_eq!(crs(&crs("site:北京-1").to_string()), crs("site:北京-1"));
    assert_eq!(SourceCrs::from_str("GCJ-02").unwrap(), SourceCrs::Gcj02);
    assert_eq!(SourceCrs::from_str("bd09").unwrap(), SourceCrs::Bd09);
    let long = "9".repeat(1000);
    let bad = [
        "",
        "EPSG:",
        "EPSG:0",
        "EPSG:-1",
        "EPSG:4548.0",
        "EPSG:99999999999",
        "IGNF:LAMB93",
        "OGC:CRS84h",
        "site:",
        "site:a b",
        "site:a/b",
        "http://www.opengis.net/def/crs/EPSG/4490",
        "urn:ogc:def:crs:",
        "gcj03",
        "图斑",
        &long,
    ];
    for text in bad {
        assert!(Crs::from_str(text).is_err() && SourceCrs::from_str(text).is_err(), "{text}");
        assert!(Crs::from_str(text).unwrap_err().to_string().len() < 300);
    }
    assert!(Crs::from_str("gcj02").is_err(), "no collection is stored in a shifted system");
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[test]
fn a_known_point_lands_where_it_must() {
    self_test().unwrap();
}

#[test]
fn projects_known_points() {
    // Expected values by GDAL 3.6 with PROJ 9.1 (gdaltransform), independent of this build.
    let cases = [
        ("EPSG:4490", "EPSG:4548", [116.39125, 39.90725], [447_946.050_033, 4_419_408.060_371]),
        ("EPSG:4326", "EPSG:4527", [116.39125, 39.90725], [39_447_946.050_033, 4_419_408.060_371]),
        ("EPSG:4548", "EPSG:4509", [447_946.05, 4_419_408.06], [447_946.05, 4_419_408.06]),
        ("EPSG:27700", "EPSG:4258", [530_000.0, 180_000.0], [-0.128_353_940, 51.503_990_829]),
    ];
    for (from, to, point, expected) in cases {
        let projected = projector(from, to).unwrap().project(point).unwrap();
        assert!(distance(projected, expected) < 1e-5, "{from} {to}: {projected:?}");
    }
}

#[test]
fn a_datum_without_transformation_is_refused_with_a_way_out() {
    let old = ["EPSG:4610", "EPSG:2384", "EPSG:4214", "EPSG:2436", "EPSG:21460", "EPSG:4796"];
    for code in old {
        for other in ["EPSG:4490", "EPSG:4326", "EPSG:4548", "EPSG:3857"] {
            for (from, to) in [(code, other), (other, code)] {
                let error = projector(from, to).unwrap_err();
                assert_eq!(error, CrsError::NoDatumTransformation { from: crs(from), to: crs(to) });
                let text = error.to_string();
                assert!(
                    text.contains("--assume-datum cgcs2000") && text.contains("site:"),
                    "{text}"
                );
            }
        }
    }
    assert!(projector("EPSG:2384", "EPSG:2436").is_err(), "two old datums");
}

#[test]
fn within_one_old_datum_coordinates_still_project() {
    let way = projector("EPSG:2384", "EPSG:4610").unwrap();
    let [lon, lat] = way.project([447_946.0, 4_419_408.0]).unwrap();
    assert!((116.3..116.5).contains(&lon) && (39.8..40.0).contains(&lat), "{lon} {lat}");
    let back = projector("EPSG:4610", "EPSG:2384").unwrap().project([lon, lat]).unwrap();
    assert!(distance(back, [447_946.0, 4_419_408.0]) < 1e-3, "{back:?}");
}

#[test]
fn what_lies_outside_is_an_error_and_not_a_value() {
    let outside = |code, vertex| CrsError::OutsideArea { crs: Crs::Epsg(code), vertex };
    let cases = [
        ("EPSG:4326", "EPSG:4548", [0.0, 51.0], outside(4548, 1)),
        ("EPSG:4548", "EPSG:4326", [39_447_946.0, 4_419_408.0], outside(4548, 1)),
        ("EPSG:4548", "EPSG:4326", [4_419_408.0, 447_946.0], outside(4548, 1)),
        ("EPSG:4490", "EPSG:3857", [447_946.0, 4_419_408.0], outside(4490, 1)),
        ("EPSG:4326", "EPSG:27700", [116.4, 39.9], outside(27700, 1)),
        ("EPSG:27700", "EPSG:3857", [9e6, 9e6], outside(27700, 1)),
        ("EPSG:4326", "EPSG:4548", [f64::NAN, 40.0], CrsError::NotFinite { vertex: 1 }),
        ("EPSG:4326", "EPSG:4326", [f64::INFINITY, 40.0], CrsError::NotFinite { vertex: 1 }),
    ];
    for (from, to, point, expected) in cases {
        let way = projector(from, to).unwrap();
        let mut good = match from {
            "EPSG:4548" => [447_946.0, 4_419_408.0],
            "EPSG:27700" => [530_000.0, 180_000.0],
            _ if to == "EPSG:27700" => [0.0, 51.0],
            _ => [116.4, 39.9],
        };
        let error = way.project_all(&mut [good, point]).unwrap_err();
        match error {
            CrsError::Refused { vertex: 1, .. } => assert_eq!(point, [9e6, 9e6]),
            error => assert_eq!(error, expected, "{from} {to}"),
        }
        good = way.project(good).unwrap();
        assert!(good[0].is_finite());
    }
}

#[test]
fn a_site_system_projects_and_keeps_its_parameters() {
    let registry = registry_with_site();
    let site = crs("site:made-up");
    let facts = registry.facts(&site).unwrap();
    assert_eq!((facts.name.as_str(), &facts.unit), ("site:made-up", &CrsUnit::Metre));
    assert_eq!((&facts.wkt1, &facts.wkt2, &facts.datum, facts.area), (&None, &None, &None, None));
    let there = registry.projector(&Crs::CGCS2000, &site).unwrap();
    let back = registry.projector(&site, &crs("EPSG:4548")).unwrap();
    let [x, y] = there.project([116.5, 40.0]).unwrap();
    assert!((x - 300_000.0).abs() < 1e-6 && (400_000.0..450_000.0).contains(&y), "{x} {y}");
    let plane = back.project([x, y]).unwrap();
    let direct = projector("EPSG:4490", "EPSG:4548").unwrap().project([116.5, 40.0]).unwrap();
    assert!(distance(plane, direct) < 1e-6, "{plane:?} {direct:?}");
    let said = format!("{registry:?} {there:?} {back:?} {facts:?}");
    assert!(!said.contains("tmerc") && !said.contains("300000"), "{said}");
    let unknown = registry.projector(&site, &crs("site:other")).unwrap_err();
    assert_eq!(unknown, CrsError::UnknownSite { name: "other".to_owned() });
}

#[test]
fn a_bad_site_definition_is_refused_without_being_said() {
    let long = format!("+proj=tmerc{}", " ".repeat(20_000));
    for definition in ["EPSG:2384", "+init=epsg:2384", "", "+proj=nonsense", "PROJCS[", &long] {
        let sites = BTreeMap::from([("x".to_owned(), definition.to_owned())]);
        let error = CrsRegistry::new(sites).unwrap_err();
        assert_eq!(error, CrsError::BadSite { name: "x".to_owned() });
    }
}

#[test]
fn facts_come_from_the_registry() {
    let registry = &*REGISTRY;
    let cases = [
        (4326, "WGS 84", CrsKind::Geographic, AxisOrder::NorthEast, CrsUnit::Degree),
        (
            4490,
            "China Geodetic Coordinate System 2000",
            CrsKind::Geographic,
            AxisOrder::NorthEast,
            CrsUnit::Degree,
        ),
        (
            4548,
            "CGCS2000 / 3-degree Gauss-Kruger CM 117E",
            CrsKind::Projected,
            AxisOrder::NorthEast,
            CrsUnit::Metre,
        ),
        (
            3857,
            "WGS 84 / Pseudo-Mercator",
            CrsKind::Projected,
            AxisOrder::EastNorth,
            CrsUnit::Metre,
        ),
        (
            27700,
            "OSGB36 / British National Grid",
            CrsKind::Projected,
            AxisOrder::EastNorth,
            CrsUnit::Metre,
        ),
        (
            2230,
            "NAD83 / California zone 6 (ftUS)",
            CrsKind::Projected,
            AxisOrder::EastNorth,
            CrsUnit::Other { name: "US survey foot".to_owned(), factor: 0.304_800_609_601_219 },
        ),
        (
            32761,
            "WGS 84 / UPS South (N,E)",
            CrsKind::Projected,
            AxisOrder::NorthEast,
            CrsUnit::Metre,
        ),
        (
            3031,
            "WGS 84 / Antarctic Polar Stereographic",
            CrsKind::Projected,
            AxisOrder::EastNorth,
            CrsUnit::Metre,
        ),
    ];
    for (code, name, kind, order, unit) in cases {
        let facts = registry.facts(&Crs::Epsg(code)).unwrap();
        assert_eq!(
            (facts.name.as_str(), facts.kind, facts.axis_order, &facts.unit),
            (name, kind, order, &unit)
        );
        assert!(facts.area.is_some() && facts.datum.is_some() && facts.wkt2.is_some(), "{code}");
    }
    for (code, error) in [
        (1, CrsError::UnknownCode { code: 1 }),
        (999_999, CrsError::UnknownCode { code: 999_999 }),
        // Geocentric, three-dimensional, vertical, compound; an ellipsoid is no system at all.
        (4978, CrsError::UnsupportedKind { code: 4978 }),
        (4979, CrsError::UnsupportedKind { code: 4979 }),
        (5773, CrsError::UnsupportedKind { code: 5773 }),
        (7405, CrsError::UnsupportedKind { code: 7405 }),
        (7030, CrsError::UnknownCode { code: 7030 }),
    ] {
        assert_eq!(registry.facts(&Crs::Epsg(code)).unwrap_err(), error);
    }
}

/// Expected texts are those of GDAL 3.6 without the codes of datum, ellipsoid and units.
#[test]
fn wkt1_is_what_gdal_writes() {
    let registry = &*REGISTRY;
    let cases = [
        (
            4490,
            "GEOGCS[\"China Geodetic Coordinate System 2000\",DATUM[\"China_2000\",\
             SPHEROID[\"CGCS2000\",6378137,298.257222101]],PRIMEM[\"Greenwich\",0],\
             UNIT[\"degree\",0.0174532925199433],AXIS[\"Latitude\",NORTH],\
             AXIS[\"Longitude\",EAST],AUTHORITY[\"EPSG\",\"4490\"]]",
        ),
        (
            4548,
            "PROJCS[\"CGCS2000 / 3-degree Gauss-Kruger CM 117E\",\
             GEOGCS[\"China Geodetic Coordinate System 2000\",DATUM[\"China_2000\",\
             SPHEROID[\"CGCS2000\",6378137,298.257222101]],PRIMEM[\"Greenwich\",0],\
             UNIT[\"degree\",0.0174532925199433],AUTHORITY[\"EPSG\",\"4490\"]],\
             PROJECTION[\"Transverse_Mercator\"],PARAMETER[\"latitude_of_origin\",0],\
             PARAMETER[\"central_meridian\",117],PARAMETER[\"scale_factor\",1],\
             PARAMETER[\"false_easting\",500000],PARAMETER[\"false_northing\",0],\
             UNIT[\"metre\",1],AXIS[\"Northing\",NORTH],AXIS[\"Easting\",EAST],\
             AUTHORITY[\"EPSG\",\"4548\"]]",
        ),
        (
            3857,
            "PROJCS[\"WGS 84 / Pseudo-Mercator\",GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",\
             SPHEROID[\"WGS 84\",6378137,298.257223563]],PRIMEM[\"Greenwich\",0],\
             UNIT[\"degree\",0.0174532925199433],AUTHORITY[\"EPSG\",\"4326\"]],\
             PROJECTION[\"Mercator_1SP\"],PARAMETER[\"central_meridian\",0],\
             PARAMETER[\"scale_factor\",1],PARAMETER[\"false_easting\",0],\
             PARAMETER[\"false_northing\",0],UNIT[\"metre\",1],AXIS[\"Easting\",EAST],\
             AXIS[\"Northing\",NORTH],EXTENSION[\"PROJ4\",\"+proj=merc +a=6378137 +b=6378137 \
             +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null +wktext \
             +no_defs\"],AUTHORITY[\"EPSG\",\"3857\"]]",
        ),
        (
            27700,
            "PROJCS[\"OSGB36 / British National Grid\",GEOGCS[\"OSGB36\",\
             DATUM[\"Ordnance_Survey_of_Great_Britain_1936\",\
             SPHEROID[\"Airy 1830\",6377563.396,299.3249646]],PRIMEM[\"Greenwich\",0],\
             UNIT[\"degree\",0.0174532925199433],AUTHORITY[\"EPSG\",\"4277\"]],\
             PROJECTION[\"Transverse_Mercator\"],PARAMETER[\"latitude_of_origin\",49],\
             PARAMETER[\"central_meridian\",-2],PARAMETER[\"scale_factor\",0.9996012717],\
             PARAMETER[\"false_easting\",400000],PARAMETER[\"false_northing\",-100000],\
             UNIT[\"metre\",1],AXIS[\"Easting\",EAST],AXIS[\"Northing\",NORTH],\
             AUTHORITY[\"EPSG\",\"27700\"]]",
        ),
    ];
    for (code, expected) in cases {
        let facts = registry.facts(&Crs::Epsg(code)).unwrap();
        assert_eq!(facts.wkt1.as_deref(), Some(expected));
    }
    // PROJ reads our text as the system that it is of.
    for code in [4326, 4490, 4548, 4527, 2384, 3857, 27700, 2154, 2230, 32650] {
        let facts = registry.facts(&Crs::Epsg(code)).unwrap();
        let read = proj::Proj::new(facts.wkt1.as_ref().unwrap()).unwrap();
        let text = read.as_wkt(None, None).unwrap();
        let conversion = |text: &str| -> Vec<f64> {
            let node = crs_wkt::Node::parse(text).unwrap();
            let parameters = node.find(&["CONVERSION"]).map(crs_wkt::Node::children);
            let parameters = parameters.into_iter().flatten();
            let mut numbers: Vec<f64> = parameters
                .filter(|child| child.keyword == "PARAMETER")
                .map(|child| child.numbers().next().unwrap())
                .collect();
            numbers.sort_by(f64::total_cmp);
            numbers
        };
        assert_eq!(conversion(&text), conversion(facts.wkt2.as_ref().unwrap()), "{code}");
    }
    // A method that WKT1 is not written for.
    let facts = registry.facts(&Crs::Epsg(3035)).unwrap();
    assert_eq!((&facts.wkt1, facts.definition()), (&None, facts.wkt2.as_deref()));
}

#[test]
fn a_geometry_projects_vertex_by_vertex_and_keeps_its_heights() {
    let way = projector("EPSG:4490", "EPSG:4548").unwrap();
    let back = projector("EPSG:4548", "EPSG:4490").unwrap();
    let ring = polygon![
        exterior: [(x: 116.0, y: 39.0), (x: 117.0, y: 39.0), (x: 117.0, y: 40.0), (x: 116.0, y: 39.0)],
        interiors: [[(x: 116.7, y: 39.2), (x: 116.8, y: 39.2), (x: 116.8, y: 39.3), (x: 116.7, y: 39.2)]],
    ];
    let line = line_string![(x: 116.0, y: 39.5), (x: 116.1, y: 39.6)];
    let square = Rect::new(coord! { x: 116.0, y: 39.0 }, coord! { x: 116.5, y: 39.5 });
    let shapes: [geo_types::Geometry<f64>; 3] = [
        ring.clone().into(),
        geo_types::Geometry::GeometryCollection(geo_types::GeometryCollection(vec![
            line.into(),
            ring.into(),
        ])),
        square.into(),
    ];
    for shape in shapes {
        let mut geometry = Geometry::from(shape);
        geometry.z = vec![7.0; geometry.vertex_count()];
        let before = geometry.clone();
        way.project_geometry(&mut geometry).unwrap();
        assert_eq!((&geometry.z, geometry.vertex_count()), (&before.z, before.vertex_count()));
        assert!(geometry.envelope().min_y > 4e6);
        for (lon_lat, plane) in before.coords().into_iter().zip(geometry.coords()) {
            assert_eq!(way.project(lon_lat).unwrap(), plane);
        }
        back.project_geometry(&mut geometry).unwrap();
        for (a, b) in before.coords().into_iter().zip(geometry.coords()) {
            assert!(distance(a, b) < 1e-12, "{a:?} {b:?}");
        }
    }
    let mut far = Geometry::from(geo_types::Geometry::from(
        line_string![(x: 116.0, y: 39.5), (x: 0.0, y: 0.0)],
    ));
    let before = far.clone();
    assert_eq!(
        way.project_geometry(&mut far).unwrap_err(),
        CrsError::OutsideArea { crs: Crs::Epsg(4548), vertex: 1 }
    );
    assert_eq!(far, before);
}

#[test]
fn shifted_coordinates_come_back_on_the_way() {
    let registry = &*REGISTRY;
    let cases =
        [("gcj02", [116.384_047_225, 39.913_345_455]), ("bd09", [116.390_454_713, 39.919_575_551])];
    for (name, shown) in cases {
        let source = SourceCrs::from_str(name).unwrap();
        let way = registry.source_projector(&source, &source.storage()).unwrap();
        assert!(!way.is_identity());
        assert!(distance(way.project(shown).unwrap(), [116.377_817, 39.911_954]) < 4e-9);
        let plane = registry.source_projector(&source, &Crs::Epsg(4548)).unwrap();
        let direct = projector("EPSG:4326", "EPSG:4548").unwrap();
        let expected = direct.project([116.377_817, 39.911_954]).unwrap();
        assert!(distance(plane.project(shown).unwrap(), expected) < 1e-3);
        let error = plane.project([447_946.0, 4_419_408.0]).unwrap_err();
        assert_eq!(error, CrsError::OutsideArea { crs: Crs::WGS84, vertex: 0 });
    }
}

#[test]
fn a_projector_serves_every_thread() {
    let way = projector("EPSG:27700", "EPSG:4326").unwrap();
    let expected = way.project([530_000.0, 180_000.0]).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let way = way.clone();
            scope.spawn(move || {
                assert_eq!(way.project([530_000.0, 180_000.0]).unwrap(), expected);
            });
        }
    });
}

/// Every code of the table in the registry: name, zone, central meridian, false easting, and
/// the CGCS2000 code alike.
#[test]
fn every_gauss_kruger_code_is_what_the_registry_says() {
    let registry = &*REGISTRY;
    let mut codes = 0;
    for code in (2327..=2442).chain(4491..=4830).chain(21_400..=21_490) {
        let Some(zone) = Zone::of(code) else { continue };
        codes += 1;
        let facts = registry.facts(&Crs::Epsg(code)).unwrap();
        let text = facts.wkt2.as_ref().unwrap();
        let parameter = |name: &str| {
            let node = crs_wkt::Node::parse(text).unwrap();
            let conversion = node.find(&["CONVERSION"]).unwrap();
            let found = conversion.children().find(|child| child.name() == Some(name)).unwrap();
            found.numbers().next().unwrap()
        };
        assert_eq!(parameter("Longitude of natural origin"), zone.central_meridian(), "{code}");
        assert_eq!(parameter("False easting"), zone.false_easting(), "{code}");
        assert_eq!(parameter("Scale factor at natural origin"), 1.0, "{code}");
        assert_eq!(facts.axis_order, AxisOrder::NorthEast, "{code}");
        let alike = cgcs2000_alike(code).or((4491..=4554).contains(&code).then_some(code));
        let alike = registry.facts(&Crs::Epsg(alike.unwrap())).unwrap();
        let tail = |name: &str| name.split_once(" / ").unwrap().1.to_owned();
        if !(21_473..=21_483).contains(&code) {
            assert_eq!(tail(&facts.name), tail(&alike.name), "{code}");
            assert_eq!(zone.code(), Some(code));
        }
    }
    assert_eq!(codes, 4 * 64 + 11);
}
