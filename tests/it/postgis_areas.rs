//! Areas of household files beside PostGIS, which projects with PROJ: parcels, some of them with a hole, and
//! buildings of a village. Two steps of `tests/postgis/run`, as those of `postgis`.

use std::collections::BTreeMap;
use std::fs;

use geo_types::{Coord, Geometry as Shape, LineString, Polygon};
use serde_json::{Value as Json, json};
use spatial::{Crs, Feature, Value};
use tuban::synth::{Layer, Synth};

use crate::postgis::{answer, folder, hex};
use crate::running::{Server, run};

const PARCELS: u64 = 300;
/// So many parcels have one with a hole among them.
const HOLED: usize = 10;
/// A square centimetre, in square metres.
const SQUARE_CENTIMETRE: f64 = 1e-4;

/// Code, code of the parcel, and shape of each feature of a layer, in degrees.
fn features(layer: Layer) -> Vec<(String, String, Shape<f64>)> {
    let synth = Synth::new(1, PARCELS, Some(1), &Crs::CGCS2000).unwrap();
    let read = |feature: Result<Feature, _>| {
        let feature: Feature = feature.unwrap();
        let text = |at: usize| match &feature.properties[at] {
            Value::Text(text) => text.clone(),
            other => panic!("{other:?}"),
        };
        (text(0), text(1), feature.geometry.clone().unwrap().shape)
    };
    synth.features(layer).map(read).collect()
}

/// A polygon with a third of itself taken out of its middle.
fn holed(shape: Shape<f64>) -> Shape<f64> {
    let Shape::Polygon(polygon) = shape else { panic!("no polygon") };
    let ring = polygon.exterior().clone();
    let count = (ring.0.len() - 1) as f64;
    let sum = ring.0[1..].iter().fold([0.0, 0.0], |[x, y], at| [x + at.x, y + at.y]);
    let [x, y] = sum.map(|sum| sum / count);
    let inner = ring.0.iter().rev();
    let inner = inner.map(|at| Coord { x: x + (at.x - x) * 0.3, y: y + (at.y - y) * 0.3 });
    let hole = LineString(inner.collect());
    Shape::Polygon(Polygon::new(ring, vec![hole]))
}

fn parcels() -> Vec<(String, Shape<f64>)> {
    let all = features(Layer::Parcels).into_iter().enumerate();
    all.map(|(number, (code, _, shape))| {
        (code, if number % HOLED == 0 { holed(shape) } else { shape })
    })
    .collect()
}

#[test]
#[ignore = "a step of tests/postgis/run"]
fn ground_is_written_for_postgis() {
    let buildings = features(Layer::Buildings).into_iter().map(|(code, _, shape)| (code, shape));
    let all = parcels().into_iter().chain(buildings);
    let rows: Vec<String> = all.map(|(code, shape)| format!("{code},{}", hex(&shape))).collect();
    fs::write(folder().join("ground.csv"), rows.join("\n") + "\n").unwrap();
}

/// A layer as lines of GeoJSON.
fn lines(features: impl Iterator<Item = (Json, Shape<f64>)>) -> String {
    let line = |(properties, shape): (Json, Shape<f64>)| {
        let ring =
            |ring: &LineString<f64>| ring.0.iter().map(|at| [at.x, at.y]).collect::<Vec<_>>();
        let geometry = match &shape {
            Shape::Polygon(polygon) => {
                let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
                json!({ "type": "Polygon", "coordinates": rings.map(ring).collect::<Vec<_>>() })
            }
            Shape::Point(at) => json!({ "type": "Point", "coordinates": [at.x(), at.y()] }),
            other => panic!("{other:?}"),
        };
        json!({ "type": "Feature", "geometry": geometry, "properties": properties }).to_string()
    };
    features.map(line).collect::<Vec<_>>().join("\n")
}

#[test]
#[ignore = "a step of tests/postgis/run"]
fn areas_of_files_are_those_of_postgis() {
    let theirs: BTreeMap<String, f64> = answer("ground_areas.csv")
        .into_iter()
        .map(|row| (row[0].clone(), row[1].parse().unwrap()))
        .collect();
    let place = folder().join("files");
    fs::create_dir_all(&place).unwrap();
    let of_parcels = parcels().into_iter().map(|(code, shape)| (json!({ "ZDDM": code }), shape));
    let of_buildings = features(Layer::Buildings).into_iter();
    let of_buildings =
        of_buildings.map(|(code, of, shape)| (json!({ "ZRZH": code, "ZDDM": of }), shape));
    let households = features(Layer::Households);
    let of_households = households
        .iter()
        .map(|(no, of, at)| (json!({ "household_no": no, "ZDDM": of }), at.clone()));
    for (name, text) in [
        ("parcels", lines(of_parcels)),
        ("buildings", lines(of_buildings)),
        ("households", lines(of_households)),
    ] {
        let file = format!("{name}.geojsonl");
        fs::write(place.join(&file), text).unwrap();
        let done = run(&place, &["import", "s.gpkg", &file, "--crs", "EPSG:4490"]);
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    }
    let server = Server::start(&place.join("s.gpkg"), &[]);
    let (mut holes, mut measured, mut worst) = (0, 0, 0.0_f64);
    let mut compare = |code: &Json, ours: &Json| {
        let code = code.as_str().unwrap();
        assert_eq!(ours["crs"], "EPSG:4548", "{code}");
        let off = (ours["value"].as_f64().unwrap() - theirs[code]).abs();
        assert!(off <= SQUARE_CENTIMETRE, "{code}: {ours} here, {} there", theirs[code]);
        measured += 1;
        worst = worst.max(off);
    };
    for (number, ..) in &households {
        let file = server.get(&format!("/dossiers/{number}")).json();
        for parcel in file["parcels"].as_array().unwrap() {
            compare(&parcel["code"], &parcel["area"]);
            // The table closes, round holes too.
            assert_eq!(parcel["boundary"]["misclosure"], json!([0.0, 0.0]), "{number}");
            let points = parcel["boundary"]["points"].as_array().unwrap();
            let home = points.iter().filter(|point| point["to"] == "J1").count();
            assert_eq!(home, 1, "{number}");
            let names: Vec<&Json> = points.iter().map(|point| &point["point"]).collect();
            assert!(points.iter().all(|point| names.contains(&&point["to"])), "{number}");
            let rings = points.windows(2).filter(|pair| pair[0]["to"] != pair[1]["point"]).count();
            holes += rings;
        }
        for building in file["buildings"].as_array().unwrap() {
            compare(&building["code"], &building["footprint"]);
        }
    }
    assert!(measured > 500 && holes > 15, "{measured} areas, {holes} holes");
    eprintln!("{measured} areas are those of PostGIS within {:.2} cm²", worst * 1e4);
}
