//! Label points in tiles, asked for over HTTP: in step with documents, selections, edits and
//! past states.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use tile::inspect::{DecodedLayer, decode};

use crate::edit_town::{Town, square_at};
use crate::running::{Response, Server, folder_with, imported, point};

/// Two parcels, side by side, and a point.
static TOWN: LazyLock<(Server, tempfile::TempDir)> = LazyLock::new(|| {
    let parcels = [parcel("a", 116.402), parcel("b", 116.412)];
    let shops = [point(r#"{"kind":"food"}"#, 116.405, 39.604)];
    let collection = |features: &[String]| {
        format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
    };
    let folder = folder_with(&[
        ("parcels.geojson", collection(&parcels).as_bytes()),
        ("shops.geojson", collection(&shops).as_bytes()),
    ]);
    let (answer, _) = imported(folder.path(), &["parcels.geojson", "shops.geojson"]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    (Server::start(&folder.path().join("s.gpkg"), &[]), folder)
});

fn rectangle(west: f64) -> String {
    let (east, south, north) = (west + 0.008, 39.600, 39.606);
    format!(
        r#"{{"type":"Polygon","coordinates":[[[{west},{south}],[{east},{south}],[{east},{north}],[{west},{north}],[{west},{south}]]]}}"#
    )
}

fn parcel(state: &str, west: f64) -> String {
    let geometry = rectangle(west);
    format!(r#"{{"type":"Feature","properties":{{"state":"{state}"}},"geometry":{geometry}}}"#)
}

const TILE: &str = "12/3372/1556";

fn get(target: &str) -> Response {
    TOWN.0.get(target)
}

fn layers(target: &str) -> Vec<DecodedLayer> {
    let tile = get(target);
    assert_eq!(tile.status, 200, "{target}: {}", String::from_utf8_lossy(&tile.body));
    decode(&tile.body).unwrap()
}

fn names(target: &str) -> Vec<String> {
    layers(target).into_iter().map(|layer| layer.name).collect()
}

#[test]
fn labels_are_layers_beside_the_polygons_for_who_asks() {
    for path in [
        format!("/xyz/parcels,shops/{TILE}.mvt?"),
        "/tiles/WebMercatorQuad/12/1556/3372?collections=parcels,shops&".to_owned(),
    ] {
        assert_eq!(names(&path), ["parcels", "shops"]);
        assert_eq!(names(&format!("{path}labels=false")), ["parcels", "shops"]);
        let labelled = names(&format!("{path}labels=true"));
        assert_eq!(labelled, ["parcels", "shops", "parcels:labels"]);
    }
    let path = "/collections/parcels/tiles/WebMercatorQuad/12/1556/3372?labels=true";
    let all = layers(path);
    let ids = |layer: &DecodedLayer| -> BTreeSet<u64> {
        layer.features.iter().filter_map(|feature| feature.id).collect()
    };
    assert_eq!(all[1].features.len(), 2);
    assert_eq!(ids(&all[1]), ids(&all[0]));
    assert_eq!(get(&format!("/xyz/parcels/{TILE}.mvt?labels=yes")).status, 400);
}

#[test]
fn labels_obey_filter_and_properties_and_have_a_tag_of_their_own() {
    let selected = format!("/xyz/parcels/{TILE}.mvt?labels=true&filter=state='b'&properties=");
    let labels = layers(&selected).remove(1);
    assert_eq!(labels.features.iter().map(|f| f.id).collect::<Vec<_>>(), [Some(2)]);
    assert_eq!(labels.keys, ["tuban:radius"]);
    let tag = |query: &str| {
        get(&format!("/xyz/parcels/{TILE}.mvt?{query}")).header("etag").unwrap().to_owned()
    };
    assert_ne!(tag("labels=true"), tag(""));
    assert_eq!(tag("labels=false"), tag(""));
    assert_ne!(tag("labels=true&ids=1,2"), tag("ids=1,2"));
}

#[test]
fn documents_name_the_layers_that_tiles_have() {
    let json = get("/xyz/parcels,shops/tilejson.json?labels=true").json();
    let ids = |list: &serde_json::Value| -> Vec<String> {
        let all = list.as_array().unwrap().iter();
        all.map(|layer| layer["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&json["vector_layers"]), ["parcels", "shops", "parcels:labels"]);
    assert_eq!(json["vector_layers"][2]["fields"]["tuban:radius"], "Number");
    assert!(json["tiles"][0].as_str().unwrap().ends_with("{y}.mvt?labels=true"), "{json}");
    let plain = get("/xyz/parcels,shops/tilejson.json").json();
    assert_eq!(ids(&plain["vector_layers"]), ["parcels", "shops"]);

    let tileset = get("/tiles/WebMercatorQuad?f=json&collections=parcels&labels=true").json();
    assert_eq!(ids(&tileset["layers"]), ["parcels", "parcels:labels"]);
    assert_eq!(tileset["layers"][1]["geometryDimension"], 0);
    let links = tileset["links"].as_array().unwrap();
    let item = links.iter().find(|link| link["rel"] == "item").unwrap()["href"].as_str().unwrap();
    assert!(item.ends_with("{tileCol}?collections=parcels&labels=true"), "{item}");
    let tilejson = get("/collections/parcels/tiles/WebMercatorQuad?f=tilejson&labels=true").json();
    assert!(tilejson["tiles"][0].as_str().unwrap().ends_with("?labels=true"), "{tilejson}");
}

/// The ids that are named in a tile at zoom 16 of parcels.
fn named(town: &Town, place: &str, query: &str) -> Vec<u64> {
    let tile = town.server.get(&format!("/xyz/parcels/16/{place}.mvt?labels=true{query}"));
    let layers = if tile.status == 204 { Vec::new() } else { decode(&tile.body).unwrap() };
    let labels = layers.iter().filter(|layer| layer.name == "parcels:labels");
    labels.flat_map(|layer| layer.features.iter().filter_map(|feature| feature.id)).collect()
}

#[test]
fn a_label_moves_with_its_feature_and_stays_where_it_was_in_the_past() {
    let town = Town::new();
    let (from, to) = ("53958/24905", "53961/24905");
    assert!(named(&town, from, "").contains(&2));
    assert!(!named(&town, to, "").contains(&2));
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let before = formats::datetime::utc_of_millis(since.as_millis() as i64);
    // So that the moment lies before the commit.
    std::thread::sleep(std::time::Duration::from_millis(3));
    let moved = format!(r#"{{"geometry":{}}}"#, square_at(116.42, 39.6));
    assert_eq!(town.change("PATCH", "parcels/items/2", &[], &moved).status, 204);
    assert!(!named(&town, from, "").contains(&2));
    assert_eq!(named(&town, to, ""), [2]);
    let past = format!("&as-of={before}");
    assert!(named(&town, from, &past).contains(&2));
    assert!(!named(&town, to, &past).contains(&2));
}
