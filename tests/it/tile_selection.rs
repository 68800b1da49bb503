//! Tiles of some features and some attributes.

use std::sync::LazyLock;

use tile::inspect::decode;

use crate::running::{Response, Server, folder_with, imported, point};

/// Forty points in a row within one tile, of two states, each on a day of its own; and one other
/// collection.
static TOWN: LazyLock<(Server, tempfile::TempDir)> = LazyLock::new(|| {
    let features: Vec<String> = (0..40)
        .map(|n| {
            let state = if n % 2 == 0 { "open" } else { "closed" };
            let day = format!("2026-{:02}-{:02}", n / 28 + 1, n % 28 + 1);
            let properties = format!(r#"{{"state":"{state}","rank":{n},"day":"{day}","张":"李"}}"#);
            point(&properties, 116.400 + 0.0004 * f64::from(n), 39.605)
        })
        .collect();
    let collection = |features: &[String]| {
        format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
    };
    let shops = [point(r#"{"kind":"food"}"#, 116.405, 39.604)];
    let folder = folder_with(&[
        ("points.geojson", collection(&features).as_bytes()),
        ("shops.geojson", collection(&shops).as_bytes()),
    ]);
    let (answer, _) = imported(folder.path(), &["points.geojson", "shops.geojson"]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    (Server::start(&folder.path().join("s.gpkg"), &[]), folder)
});

const TILE: &str = "12/3372/1556";

fn get(target: &str) -> Response {
    TOWN.0.get(target)
}

/// Ids and names of attributes of the first layer.
fn shown(tile: &Response) -> (Vec<u64>, Vec<String>) {
    if tile.status == 204 {
        return (Vec::new(), Vec::new());
    }
    assert_eq!(tile.status, 200, "{}", String::from_utf8_lossy(&tile.body));
    let layer = decode(&tile.body).unwrap().remove(0);
    let mut ids: Vec<u64> = layer.features.iter().filter_map(|feature| feature.id).collect();
    ids.sort_unstable();
    let mut names = layer.keys;
    names.sort();
    (ids, names)
}

/// The filter `state = …` as CQL2 JSON in a URL.
fn in_json(state: &str) -> String {
    let filter = format!(r#"{{"op":"=","args":[{{"property":"state"}},"{state}"]}}"#);
    let escaped: String = filter.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("filter-lang=cql2-json&filter={escaped}")
}

fn check(query: &str, expected: impl Iterator<Item = u64>) {
    let expected: Vec<u64> = expected.collect();
    for path in [
        format!("/xyz/points/{TILE}.mvt?{query}"),
        format!("/collections/points/tiles/WebMercatorQuad/12/1556/3372?{query}"),
        format!("/tiles/WebMercatorQuad/12/1556/3372?collections=points&{query}"),
    ] {
        assert_eq!(shown(&get(&path)).0, expected, "{path}");
    }
}

#[test]
fn a_tile_shows_what_the_conditions_leave() {
    check("", 1..=40);
    check("filter=state='open'", (1..=40).step_by(2));
    check("filter=rank%3E=10%20AND%20rank%3C12", 11..=12);
    check(&in_json("closed"), (2..=40).step_by(2));
    check("filter=S_INTERSECTS(geometry,BBOX(116.399,39.6,116.4005,39.61))", 1..=2);
    check("datetime=2026-01-03/2026-01-05", 3..=5);
    check("ids=7,3,7,39,400", [3, 7, 39].into_iter());
    check("ids=7,8,9&filter=state='open'&datetime=2026-01-01/2026-01-08", [7].into_iter());
    check("filter=state='none'", std::iter::empty());
}

#[test]
fn only_the_attributes_asked_for_are_sent() {
    let names = |query: &str| shown(&get(&format!("/xyz/points/{TILE}.mvt?{query}"))).1;
    assert_eq!(names("properties=state,rank"), ["rank", "state"]);
    assert_eq!(names("properties=%E5%BC%A0"), ["张"]);
    assert_eq!(names("properties="), [""; 0]);
    assert_eq!(names("properties=day&filter=rank=1"), ["day"]);
    // A name that one of the collections has is no mistake.
    let both = get(&format!("/xyz/points,shops/{TILE}.mvt?properties=kind,state"));
    let layers = decode(&both.body).unwrap();
    let keys: Vec<_> = layers.iter().map(|layer| layer.keys.clone()).collect();
    assert_eq!(keys, [["state"], ["kind"]]);
}

#[test]
fn equal_filters_share_a_tag_and_others_do_not() {
    let tag = |query: &str| {
        let tile = get(&format!("/xyz/points/{TILE}.mvt?{query}"));
        tile.header("etag").unwrap().to_owned()
    };
    let open = tag("filter=state='open'");
    assert_eq!(tag("filter=%20state%20=%20'open'"), open);
    assert_eq!(tag(&in_json("open")), open);
    for other in ["", "filter=state='closed'", "filter=state='open'&properties=rank", "ids=1"] {
        assert_ne!(tag(other), open, "{other}");
    }
    let target = format!("/xyz/points/{TILE}.mvt?filter=state='open'");
    let again = TOWN.0.ask("GET", &target, &[("If-None-Match", &open)]);
    assert_eq!(again.status, 304);
}

#[test]
fn what_cannot_be_chosen_is_refused_in_tiles_and_in_tilejson() {
    for query in [
        "filter=state=",
        "filter=nothing=1",
        "filter=S_INTERSECTS(geometry,POLYGON((0%200,1%201)))",
        "filter-lang=sql&filter=state='a'",
        "datetime=yesterday",
        "ids=a",
        "ids=0",
        "properties=nothing",
        "colour=red",
    ] {
        for path in [format!("/xyz/points/{TILE}.mvt?"), "/xyz/points/tilejson.json?".to_owned()] {
            let answer = get(&format!("{path}{query}"));
            assert_eq!(answer.status, 400, "{path}{query}: {}", answer.text());
        }
    }
    let many: Vec<String> = (1..1002).map(|n| n.to_string()).collect();
    let answer = get(&format!("/xyz/points/{TILE}.mvt?ids={}", many.join(",")));
    assert_eq!(answer.status, 400, "{}", answer.text());
}

#[test]
fn tilejson_passes_the_selection_on() {
    let json = get("/xyz/points/tilejson.json?filter=state%3D'open'&properties=rank").json();
    let url = json["tiles"][0].as_str().unwrap();
    let (path, query) = url.split_once('?').unwrap();
    assert!(path.ends_with("/xyz/points/{z}/{x}/{y}.mvt"), "{url}");
    let tile = get(&format!("/xyz/points/{TILE}.mvt?{query}"));
    assert_eq!(shown(&tile), ((1..=40).step_by(2).collect(), vec!["rank".to_owned()]));
}
