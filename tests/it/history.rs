//! Past states and histories over HTTP.

use std::sync::LazyLock;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::running::{Server, folder_with, imported, point};

/// A server over three points, of which one was moved, one removed, and one added since.
struct Past {
    server: Server,
    /// Moments at which revisions 1 to 4 had been recorded, and nothing later.
    moments: Vec<String>,
    _folder: tempfile::TempDir,
}

static PAST: LazyLock<Past> = LazyLock::new(|| {
    let features: Vec<String> = (0..3)
        .map(|n| {
            point(
                &format!(r#"{{"name":"P{n}","state":"open"}}"#),
                116.3 + 0.01 * f64::from(n),
                39.9,
            )
        })
        .collect();
    let file = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    let folder = folder_with(&[("points.geojson", file.as_bytes())]);
    let (answer, _) = imported(folder.path(), &["points.geojson"]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    let server = Server::start(&folder.path().join("s.gpkg"), &[]);
    let moved = json!({ "type": "Point", "coordinates": [116.4, 39.9] });
    let added = json!({
        "type": "Feature", "properties": { "name": "P3", "state": "open" },
        "geometry": { "type": "Point", "coordinates": [116.35, 39.95] }
    });
    let mut moments = vec![now()];
    for changes in [
        json!([{ "collection": "points", "op": "update", "id": 1,
                 "feature": { "geometry": moved, "properties": { "state": "closed" } } }]),
        json!([{ "collection": "points", "op": "delete", "id": 2 }]),
        json!([{ "collection": "points", "op": "insert", "feature": added }]),
    ] {
        // So that each moment lies between two commits.
        sleep(Duration::from_millis(3));
        let body = json!({ "reason": "复核", "changes": changes }).to_string();
        let answer = server.post("/transactions", &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        moments.push(answer.json()["at"].as_str().unwrap().to_owned());
        sleep(Duration::from_millis(3));
    }
    Past { server, moments, _folder: folder }
});

fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    formats::datetime::utc_of_millis(since.as_millis() as i64)
}

/// Names of the points, by id, as of each revision.
const NAMES: [&[&str]; 4] =
    [&["P0", "P1", "P2"], &["P0", "P1", "P2"], &["P0", "P2"], &["P0", "P2", "P3"]];

fn names(features: &Value) -> Vec<String> {
    let mut all: Vec<_> = features["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["id"].as_i64(), f["properties"]["name"].as_str().unwrap().to_owned()))
        .collect();
    all.sort();
    all.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn items_searches_and_tiles_are_answered_as_of_a_moment() {
    let Past { server, moments, .. } = &*PAST;
    let tile = |query: &str| server.get(&format!("/xyz/points/12/3371/1551.mvt{query}")).body;
    for (revision, (moment, expected)) in moments.iter().zip(NAMES).enumerate() {
        let items = server.get(&format!("/collections/points/items?as-of={moment}"));
        assert_eq!(items.status, 200, "{}", items.text());
        assert_eq!(names(&items.json()), expected, "as of {moment}");
        assert_eq!(items.header("tuban-revision"), Some((revision + 1).to_string().as_str()));
        let body = json!({ "asOf": moment, "return": "count" }).to_string();
        let found = server.post("/collections/points/search", &body);
        assert_eq!(found.json()["count"], expected.len(), "{}", found.text());
        // One page a feature; the second comes by the cursor.
        let first = server.get(&format!("/collections/points/items?as-of={moment}&limit=1")).json();
        let mut seen = names(&first);
        let mut next = next_of(&first);
        while let Some(href) = next {
            let page = server
                .get(
                    href.split_once("/collections")
                        .map(|(_, rest)| format!("/collections{rest}"))
                        .unwrap()
                        .as_str(),
                )
                .json();
            seen.extend(names(&page));
            next = next_of(&page);
        }
        seen.sort();
        assert_eq!(seen, expected);
    }
    let [first, last] = [&moments[0], &moments[3]];
    assert_ne!(tile(&format!("?as-of={first}")), tile(""));
    assert_eq!(tile(&format!("?as-of={last}")), tile(""));
    let one =
        |moment: &str| server.get(&format!("/collections/points/items/1?as-of={moment}")).json();
    assert_eq!(one(first)["properties"]["state"], "open");
    assert_eq!(one(last)["properties"]["state"], "closed");
    let gone =
        |moment: &str| server.get(&format!("/collections/points/items/2?as-of={moment}")).status;
    assert_eq!((gone(&moments[1]), gone(&moments[2])), (200, 404));
    // Before the beginning there was nothing.
    let before = server.get("/collections/points/items?as-of=1999-01-01T00:00:00Z");
    assert_eq!(before.json()["numberMatched"], 0);
}

fn next_of(page: &Value) -> Option<String> {
    let links = page["links"].as_array()?;
    let next = links.iter().find(|link| link["rel"] == "next")?;
    Some(next["href"].as_str()?.to_owned())
}

#[test]
fn what_is_no_moment_is_refused() {
    let server = &PAST.server;
    for path in
        ["/collections/points/items?", "/collections/points/items/1?", "/xyz/points/3/6/3.mvt?"]
    {
        for moment in ["", "now", "2026-13-01", "2026-11-22T08:00:00"] {
            let answer = server.get(&format!("{path}as-of={moment}"));
            assert_eq!(answer.status, 400, "{path} {moment}");
            assert_eq!(answer.json()["code"], "invalid_parameter");
        }
    }
    let answer = server.post("/collections/points/search", r#"{"asOf":"never"}"#);
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("asOf"), "{}", answer.text());
}

#[test]
fn a_history_says_who_changed_what_and_why() {
    let Past { server, moments, .. } = &*PAST;
    let history = server.get("/collections/points/items/1/history");
    assert_eq!(history.status, 200, "{}", history.text());
    let history = history.json();
    let changes = history["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[0]["operation"], "load");
    assert_eq!(changes[0]["properties"]["state"], json!({ "before": null, "after": "open" }));
    let edit = &changes[1];
    assert_eq!((&edit["author"], &edit["reason"]), (&json!("local"), &json!("复核")));
    assert_eq!((&edit["revision"], &edit["at"]), (&json!(2), &json!(moments[1])));
    assert_eq!(edit["properties"], json!({ "state": { "before": "open", "after": "closed" } }));
    assert_eq!(edit["geometry"]["before"]["coordinates"], json!([116.3, 39.9]));
    assert_eq!(edit["geometry"]["after"]["coordinates"], json!([116.4, 39.9]));
    // What is gone still has one; a page at a time.
    let page = server.get("/collections/points/items/2/history?limit=1").json();
    let next = next_of(&page).unwrap();
    let next = next.split_once("/collections").unwrap().1;
    let rest = server.get(&format!("/collections{next}")).json();
    assert_eq!(rest["changes"][0]["operation"], "delete");
    assert!(next_of(&rest).is_none());
    for (path, status) in [
        ("/collections/points/items/99/history", 404),
        ("/collections/points/items/x/history", 404),
        ("/collections/none/items/1/history", 404),
        ("/collections/points/items/1/history?limit=0", 400),
        ("/collections/points/items/1/history?since=-1", 400),
        ("/collections/points/items/1/history?sort=a", 400),
    ] {
        assert_eq!(server.get(path).status, status, "{path}");
    }
}
