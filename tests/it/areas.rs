//! Areas of jurisdiction and profiles over every route that the OpenAPI document lists: whoever is given
//! one town is told nothing of the other, and answers for one are never those for another.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::areas_town::{Areas, MARKS, SECRET, SIDES, shipped};
use crate::points_town::uuid;
use crate::ready::{count_for, repeated};
use crate::running::Response;

/// Whether an answer holds a text.
pub fn tells(answer: &Response, text: &str) -> bool {
    answer.body.windows(text.len()).any(|window| window == text.as_bytes())
}

pub fn shown(answer: &Response) -> String {
    String::from_utf8_lossy(&answer.body).chars().take(3000).collect()
}

/// That nothing of the second town is told, but what the question named itself.
fn check_silent(answer: &Response, asked: &str) {
    for mark in MARKS.iter().filter(|mark| !asked.contains(*mark)) {
        assert!(!tells(answer, mark), "{asked} tells {mark}: {}", shown(answer));
    }
}

/// What stands for the parameters of paths.
fn values(store: &Areas) -> BTreeMap<&'static str, Vec<String>> {
    let all = store.get(&store.whole, "/collections").json();
    let ids = all["collections"].as_array().unwrap().iter();
    let ids: Vec<String> = ids.map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    let of = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let [first, second] = SIDES.map(|side| uuid(side.point));
    let number = |letter: usize| format!("{}-CW-2025-00001", SIDES[letter].code);
    let fids = (1..=8).map(|fid| fid.to_string()).collect();
    BTreeMap::from([
        ("collectionId", ids.clone()),
        ("featureId", fids),
        ("fenceId", of(&["1"])),
        ("tileMatrixSetId", of(&["WebMercatorQuad"])),
        ("styleId", [ids.clone(), of(&["all"])].concat()),
        ("layer", [ids.clone(), of(&["all"])].concat()),
        ("service", ids),
        ("style", of(&["default"])),
        ("ledgerId", of(&["rebound", "problems", "projects", "outlets", "land", "markets"])),
        ("indicator", of(&["closing_rate"])),
        ("rule", of(&["rebound", "idle_land", "service_gap", "high_risk", "licence_alive"])),
        ("code", of(&["QA-whistles", "QB-whistles", "shi_wu"])),
        ("townCode", of(&["110115001", "110115002"])),
        ("id", vec![first, second, number(0), number(1), uuid(15), uuid(25)]),
        ("dossierId", of(&["QA-enterprises", "QB-enterprises", "QB-alleys", "H-1"])),
        ("photo", of(&["1"])),
        ("name", of(&["anna", "ben"])),
        ("tokenId", of(&["1"])),
        // Tiles over the border, one of each town, and one with parcels of the first.
        (
            "tile",
            of(&["12/1554/3372", "14/6218/13491", "14/6218/13486", "8/97/210", "14/6218/13485"]),
        ),
    ])
}

/// Every way to fill in the parameters of a path.
fn filled(path: &str, values: &BTreeMap<&'static str, Vec<String>>) -> Vec<String> {
    let mut all = vec![path.to_owned()];
    for tile in ["{tileMatrix}/{tileRow}/{tileCol}", "{level}/{row}/{column}"] {
        if path.contains(tile) {
            let tiles = values["tile"].iter();
            all = tiles.map(|one| path.replace(tile, one)).collect();
        }
    }
    while let Some(open) = all[0].find('{') {
        let name = all[0][open + 1..].split('}').next().unwrap().to_owned();
        let known = values.get(name.as_str());
        let known = known.unwrap_or_else(|| panic!("{path}: say what {name} may be in this test"));
        let fill = |one: &String| {
            let one = one.clone();
            let name = format!("{{{name}}}");
            known.iter().map(move |value| one.replace(&name, value)).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(fill).collect();
    }
    all
}

/// Paths with a method, from the document that lists them all, filled in.
pub fn targets(store: &Areas, method: &str) -> Vec<String> {
    let api = store.get(&store.whole, "/api").json();
    let values = values(store);
    let paths = api["paths"].as_object().unwrap().iter();
    let offered = paths.filter(|(_, operations)| operations.get(method).is_some());
    offered.flat_map(|(path, _)| filled(path, &values)).collect()
}

/// Questions in general and those about the other town, by the end of their path.
pub fn asked(target: &str) -> Vec<String> {
    let end = target.rsplit('/').next().unwrap();
    let more: &[&str] = match end {
        "items" => &[
            "?q=%E4%B9%99",
            "?f=csv&limit=1000",
            "?f=html",
            "?bbox=116.4,39.7,116.5,39.8",
            "?as-of=2100-01-01",
        ],
        "responsible" => &["?lon=116.435&lat=39.735", "?lon=116.335&lat=39.735"],
        "worklist" => &["?unit=*&role=*", "?unit=110115002&role=*"],
        "indicators" | "targets" => &["", "?f=csv", "?unit=110115002", "?depth=3"],
        "changes" => &["?since=0&limit=10000", "?since=0&collections=parcels"],
        "coverage" | "statistics" => &["", "?unit=110115002"],
        "results" => &["", "?unit=110115002"],
        "stream" => return Vec::new(),
        _ => &["", "?f=html"],
    };
    more.iter().map(|query| format!("{target}{query}")).collect()
}

#[test]
fn a_town_is_told_nothing_of_another_by_any_route() {
    let store = Areas::new();
    let mut answered: BTreeMap<u16, usize> = BTreeMap::new();
    let all = targets(&store, "get");
    assert!(all.len() > 500, "{}", all.len());
    for target in all.iter().flat_map(|target| asked(target)) {
        for token in [&store.first, &store.first_enforcing] {
            let answer = store.get(token, &target);
            check_silent(&answer, &target);
            assert_ne!(answer.status, 500, "{target}: {}", shown(&answer));
            *answered.entry(answer.status).or_default() += 1;
            let may_read_it = token == &store.first_enforcing;
            assert!(may_read_it || !tells(&answer, SECRET), "{target}: {}", shown(&answer));
        }
    }
    assert!(answered[&200] > 1_000, "{answered:?}");
    // Whoever is given the district is told of both.
    let seen = store.get(&store.whole, "/collections/parcels/items");
    assert!(tells(&seen, "乙街3号") && tells(&seen, "甲街3号"), "{}", shown(&seen));
}

#[test]
fn each_town_sees_its_own_rows_and_together_they_are_all() {
    let store = Areas::new();
    let names = shipped().into_iter().map(|one| one.id);
    let names = names.chain(["parcels", "points", "point_events", "evidence"]);
    for name in names.filter(|name| !["special_groups", "patrol_tracks"].contains(name)) {
        let [first, second] = [&store.first, &store.second].map(|token| store.ids(token, name));
        let whole = store.ids(&store.whole, name);
        assert!(!first.is_empty() && first.len() == second.len(), "{name}: {first:?} {second:?}");
        let mut both = [first, second].concat();
        both.sort_unstable();
        let mut whole = whole;
        whole.sort_unstable();
        assert_eq!(both, whole, "{name}");
    }
    // The district itself is nobody's.
    let units = store.ids(&store.first, "admin_units");
    assert_eq!((units.len(), store.ids(&store.whole, "admin_units").len()), (2, 5));
    for name in ["special_groups", "patrol_tracks"] {
        assert_eq!(store.ids(&store.first_enforcing, name).len(), 1, "{name}");
    }
    let described = store.get(&store.first, "/collections/parcels").json();
    let extent = &described["extent"]["spatial"]["bbox"][0];
    assert!(extent[2].as_f64().unwrap() < 116.402, "{extent}");
    let found = store.ask(
        &store.first,
        "POST",
        "/search",
        r#"{"collections":["parcels"],"return":"count"}"#,
    );
    assert!(tells(&found, ":4"), "{}", shown(&found));
}

/// What is asked by POST, by the path.
pub fn questions(path: &str) -> Vec<String> {
    let everywhere =
        r#"{"type":"Polygon","coordinates":[[[116,39],[117,39],[117,40],[116,40],[116,39]]]}"#;
    match path.rsplit('/').next().unwrap() {
        "search" => vec![
            r#"{"collections":["parcels","points","admin_units"],"return":"features"}"#.to_owned(),
            r#"{"return":"features"}"#.to_owned(),
            r#"{"return":"aggregate","aggregates":[{"op":"count"}],"groupBy":["ZL"]}"#.to_owned(),
            r#"{"return":"aggregate","aggregates":[{"op":"count"}],"groupBy":["note"]}"#.to_owned(),
            format!(r#"{{"collections":["points"],"return":"features","geometry":{everywhere}}}"#),
            r#"{"collections":["parcels"],"geometry":{"collection":"parcels","id":1},"return":"features"}"#.to_owned(),
        ],
        "join" => vec![
            r#"{"first":"points","second":"admin_units","predicate":"within","pairs":true}"#.to_owned(),
            r#"{"first":"parcels","second":"parcels","predicate":"intersects"}"#.to_owned(),
        ],
        "cluster" => vec![
            r#"{"collection":"points","distance":50000,"minPoints":1,"ids":true}"#.to_owned(),
        ],
        "relate" | "overlay" | "validate" => vec!["{}".to_owned()],
        other => panic!("POST {path}: say what {other} is asked in this test"),
    }
}

#[test]
fn questions_and_changes_reach_nothing_of_another_town() {
    let store = Areas::new();
    let api = store.get(&store.whole, "/api").json();
    let (values, paths) = (values(&store), api["paths"].as_object().unwrap().clone());
    let before = store.get(&store.whole, "/changes?since=0&limit=10000").json();
    let feature = |west: f64| {
        let at = json!({ "type": "Point", "coordinates": [west, 39.74] });
        json!({ "type": "Feature", "geometry": at, "properties": { "code": "X-1" } }).to_string()
    };
    let event = |point: u64| {
        json!({
            "id": uuid(77), "point": uuid(point), "kind": "accept",
            "occurred_at": "2025-09-02T00:00:00+08:00"
        })
    };
    for (path, operations) in &paths {
        for method in operations.as_object().unwrap().keys().filter(|method| *method != "get") {
            for target in filled(path, &values) {
                let bodies = match (method.as_str(), path.as_str()) {
                    ("post", path) if path.ends_with("search") => questions(path),
                    ("post", path) if ["/join", "/cluster"].contains(&path) => questions(path),
                    ("post", path) if path.starts_with("/geometry") => questions(path),
                    // Of the other town's place and rows: what is sent must change nothing.
                    ("post", path) if path.ends_with("/items") => vec![feature(116.45)],
                    ("post", "/points/{id}/events") => vec![event(2).to_string()],
                    ("post", "/points/events") => vec![json!([event(2)]).to_string()],
                    ("post", _) => vec!["{}".to_owned()],
                    ("put" | "patch" | "delete", _) => vec![r#"{"properties":{}}"#.to_owned()],
                    (method, path) => panic!("{method} {path}: say what is sent in this test"),
                };
                let is_own = target.contains(&uuid(1)) || target.contains("110115001");
                let is_item = target.contains("/items/") && method != "post";
                for body in bodies.iter().filter(|_| !(is_own || is_item)) {
                    let answer = store.ask(&store.first, &method.to_uppercase(), &target, body);
                    check_silent(&answer, &format!("{method} {target} {body}"));
                    assert_ne!(answer.status, 500, "{method} {target}: {}", shown(&answer));
                }
            }
        }
    }
    let after = store.get(&store.whole, "/changes?since=0&limit=10000").json();
    assert_eq!(before["changes"], after["changes"], "nothing was changed");
    // Every feature of the other town is none, to whoever would change or remove it.
    for name in ["parcels", "outlets", "complaints", "problems", "admin_units"] {
        for fid in store.ids(&store.second, name) {
            let target = format!("/collections/{name}/items/{fid}");
            let none = store.ask(
                &store.first_enforcing,
                "DELETE",
                &format!("/collections/{name}/items/999"),
                "",
            );
            let gone = store.ask(&store.first_enforcing, "DELETE", &target, "");
            assert_eq!((gone.status, none.status), (404, 404), "{target}: {}", shown(&gone));
            let patch = store.ask(&store.first_enforcing, "PATCH", &target, r#"{"properties":{}}"#);
            assert_eq!(patch.status, 404, "{target}: {}", shown(&patch));
        }
    }
    // Its own it may change, but not move away.
    let own = store.ids(&store.first, "outlets")[0];
    let target = format!("/collections/outlets/items/{own}");
    let away = json!({ "geometry": { "type": "Point", "coordinates": [116.45, 39.74] } });
    let moved = store.ask(&store.first, "PATCH", &target, &away.to_string());
    assert_eq!(moved.status, 403, "{}", shown(&moved));
    assert_eq!(moved.json()["code"], "outside_area");
    let patch = store.ask(&store.first, "PATCH", &target, r#"{"properties":{"name":"甲店"}}"#);
    assert_eq!(patch.status, 204, "{}", shown(&patch));
    let new = store.ask(&store.first, "POST", "/collections/outlets/items", &feature(116.35));
    assert_eq!(new.status, 201, "{}", shown(&new));
    let raised = store.ask(
        &store.first,
        "POST",
        &format!("/points/{}/events", uuid(1)),
        &json!({
            "id": uuid(78), "kind": "accept", "occurred_at": "2025-09-02T00:00:00+08:00"
        })
        .to_string(),
    );
    assert_eq!(raised.status, 201, "{}", shown(&raised));
}

/// What a stream of changes tells from the first revision on, until it is silent.
fn stream(store: &Areas, token: &str, change: &dyn Fn()) -> String {
    let mut open = TcpStream::connect(store.town.server.address).unwrap();
    open.set_read_timeout(Some(Duration::from_millis(900))).unwrap();
    let head = format!(
        "GET /changes/stream?since=0 HTTP/1.1\r\nHost: a.example\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    open.write_all(head.as_bytes()).unwrap();
    let (mut heard, mut part) = (Vec::new(), [0; 65_536]);
    let mut listen = |heard: &mut Vec<u8>| {
        while let Ok(read @ 1..) = open.read(&mut part) {
            heard.extend_from_slice(&part[..read]);
        }
    };
    listen(&mut heard);
    change();
    listen(&mut heard);
    String::from_utf8_lossy(&heard).into_owned()
}

/// The changes of one feature that somebody is told of: what was done, and whether before and after.
fn told(store: &Areas, token: &str, fid: i64) -> Vec<(String, bool, bool)> {
    let page = store.get(token, "/changes?since=0&collections=parcels&limit=10000").json();
    let changes = page["changes"].as_array().unwrap().iter();
    let of_it = changes.filter(|change| change["id"] == fid);
    let told = |change: &Value| {
        let is = |name: &str| change.get(name).is_some_and(|value| !value.is_null());
        (change["operation"].as_str().unwrap().to_owned(), is("before"), is("after"))
    };
    of_it.map(told).collect()
}

#[test]
fn what_leaves_a_town_is_told_as_gone_and_what_comes_as_new() {
    let store = Areas::new();
    let gone = |operation: &str, before: bool, after: bool| (operation.to_owned(), before, after);
    assert_eq!(told(&store, &store.first, 1), [gone("delete", true, false)]);
    assert_eq!(told(&store, &store.second, 1), [gone("insert", false, true)]);
    assert_eq!(told(&store, &store.first, 2), [gone("insert", false, true)]);
    assert_eq!(told(&store, &store.whole, 1), [gone("replace", true, true)]);
    let history = |token: &str, fid: i64| {
        store.get(token, &format!("/collections/parcels/items/{fid}/history"))
    };
    let (left, came) = (history(&store.first, 1), history(&store.first, 2));
    assert!(tells(&left, "\"delete\"") && !tells(&left, "乙"), "{}", shown(&left));
    assert!(tells(&came, "\"insert\"") && tells(&came, "甲迁"), "{}", shown(&came));
    assert!(!tells(&came, "乙"), "{}", shown(&came));
    // As it happens, too.
    let patch = |fid: i64, west: f64, word: &str| {
        let (x, y) = (west + 0.06, 39.76);
        let ring = json!([[[[x, y], [x + 0.001, y], [x + 0.001, y + 0.001], [x, y]]]]);
        let body = json!({
            "geometry": { "type": "MultiPolygon", "coordinates": ring }, "properties": { "ZL": word }
        });
        let target = format!("/collections/parcels/items/{fid}");
        let answer = store.ask(&store.whole, "PATCH", &target, &body.to_string());
        assert_eq!(answer.status, 204, "{}", shown(&answer));
    };
    let heard = stream(&store, &store.first, &|| {
        patch(4, 116.3, "甲又");
        patch(3, 116.4, "乙又");
        patch(6, 116.4, "乙三");
    });
    let told: Vec<&str> = heard.lines().filter(|line| line.contains("\"parcels\"")).collect();
    for mark in MARKS {
        assert!(!heard.contains(mark), "the stream tells {mark}: {heard}");
    }
    let about = |fid: i64| told.iter().filter(|l| l.contains(&format!("\"id\":{fid}"))).count();
    assert!(about(4) == 1 && about(3) == 1 && about(6) == 0, "{told:#?}");
    // And tiles and lists follow at once.
    let mut ids = store.ids(&store.first, "parcels");
    ids.sort_unstable();
    assert_eq!(ids, [2, 4, 5, 7]);
}

#[test]
fn a_past_state_holds_what_lay_in_the_town_then() {
    let store = Areas::new();
    let changes = store.get(&store.whole, "/changes?since=0&collections=parcels").json();
    let times = changes["changes"].as_array().unwrap().iter();
    let loaded = times.map(|change| change["at"].as_str().unwrap_or_default()).min().unwrap();
    assert!(!loaded.is_empty(), "{changes}");
    let then = format!("/collections/parcels/items?as-of={loaded}&limit=100");
    let items = |token: &str| {
        let answer = store.get(token, &then);
        assert_eq!(answer.status, 200, "{}", shown(&answer));
        let ids = answer.json()["features"].as_array().unwrap().clone();
        (ids.iter().map(|one| one["id"].as_i64().unwrap()).collect::<Vec<_>>(), answer)
    };
    let (mut ids, answer) = items(&store.first);
    ids.sort_unstable();
    assert_eq!(ids, [1, 3, 5, 7], "{}", shown(&answer));
    check_silent(&answer, &then);
    let (whole, _) = items(&store.whole);
    assert_eq!(whole.len(), 8);
    let tile = format!("/xyz/parcels,points/12/3371/1554.mvt?as-of={loaded}");
    check_silent(&store.get(&store.first, &tile), &tile);
}

/// A text without times of day.
fn without_clock(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(':') {
        let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        let before = at.checked_sub(2).and_then(|start| rest.get(start..at)).is_some_and(digits);
        let after = rest.get(at + 1..at + 3).is_some_and(digits);
        let is_time = before && after;
        kept.push_str(&rest[..if is_time { at - 2 } else { at + 1 }]);
        rest = rest[at + 1..]
            .trim_start_matches(|c: char| is_time && (c.is_ascii_digit() || ".:".contains(c)));
    }
    kept.push_str(rest);
    kept
}

/// Targets whose answers are compared from reader to reader.
fn compared(store: &Areas) -> Vec<String> {
    let all = targets(store, "get").into_iter();
    let is_passing = |target: &String| {
        // What counts answers, or never ends, is another each time.
        let is_further = (3..9).any(|fid| target.contains(&format!("/items/{fid}")));
        let is_counted = ["/metrics", "/health"].contains(&target.as_str());
        is_counted || is_further || target.ends_with("stream")
    };
    all.filter(|target| !is_passing(target)).flat_map(|target| asked(&target)).collect()
}

#[test]
fn answers_for_one_are_never_given_to_another() {
    let mut store = Areas::new();
    let who = |store: &Areas| {
        [&store.first, &store.second, &store.whole, &store.first_enforcing, &store.reader]
            .map(String::clone)
    };
    let (tokens, all) = (who(&store), compared(&store));
    let without_time = |answer: Response| {
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let text = without_clock(&text);
        let mut value: Value = serde_json::from_str(&text).unwrap_or(json!(text));
        if let Some(members) = value.as_object_mut() {
            members.remove("next");
        }
        (answer.status, answer.header("etag").map(str::to_owned), value.to_string())
    };
    // One after the other over one server, twice, so that whatever is kept is met.
    let mut mixed: Vec<Vec<_>> = Vec::new();
    for round in 0..2 {
        for (at, target) in all.iter().enumerate() {
            let answers = tokens.each_ref().map(|token| without_time(store.get(token, target)));
            match round {
                0 => mixed.push(answers.to_vec()),
                _ => assert_eq!(mixed[at], answers, "{target}"),
            }
        }
    }
    for (at, token) in tokens.iter().enumerate() {
        store = store.anew();
        for (target, answers) in all.iter().zip(&mixed) {
            let alone = without_time(store.get(token, target));
            let is_cursor = alone.2.contains("cursor=");
            // Tags of a server that begins anew are of a later revision.
            let is_same = (alone.0, &alone.2) == (answers[at].0, &answers[at].2);
            assert!(is_cursor || is_same, "{target}: {alone:?} {:?}", answers[at]);
        }
    }
    // Tags, too: where bytes differ, tags do.
    for (target, answers) in all.iter().zip(&mixed) {
        for (one, other) in answers.iter().zip(&answers[1..]) {
            let same_tag = one.1.is_some() && one.1 == other.1 && one.0 == 200 && other.0 == 200;
            assert!(!same_tag || one.2 == other.2, "{target}: {:?}", one.1);
        }
    }
}

#[test]
fn a_tile_for_some_is_private_and_an_area_that_ends_shows_nothing() {
    let store = Areas::new();
    let tile = "/xyz/parcels/12/3371/1554.mvt";
    let answer = store.get(&store.first, tile);
    assert_eq!(answer.status, 200);
    let control = answer.header("cache-control").unwrap().to_owned();
    assert!(control.contains("private"), "{control}");
    let fences = store.get(&store.first, "/fences");
    assert_eq!((fences.status, fences.json()["code"].as_str()), (403, Some("outside_area")));
    assert_eq!(store.get(&store.whole, "/fences").status, 200);
    let place = store.town.folder.path();
    let end = ["user", "scope", "s.gpkg", "anna", "110115001", "--end", "2024-06-30"];
    let ended = crate::running::run(place, &end);
    assert_eq!(ended.code, 0, "{}", ended.err);
    for name in ["parcels", "points", "admin_units", "problems"] {
        assert_eq!(store.ids(&store.first, name), [0_i64; 0], "{name}");
    }
    // A village of the other town is an area as well.
    let given = ["user", "scope", "s.gpkg", "anna", "110115002201", "--from", "2024-07-01"];
    assert_eq!(crate::running::run(place, &given).code, 0);
    assert_eq!(store.ids(&store.first, "points").len(), 1);
    assert_eq!(store.ids(&store.first, "admin_units").len(), 1);
    // And so is a focus area, whatever units it lies in.
    store.draw_focus_area();
    for arguments in [
        ["user", "scope", "s.gpkg", "anna", "110115002201", "--end", "2024-07-02"],
        ["user", "scope", "s.gpkg", "anna", "F-1", "--from", "2024-08-01"],
    ] {
        assert_eq!(crate::running::run(place, &arguments).code, 0);
    }
    assert_eq!(store.ids(&store.first, "points").len(), 1);
    assert_eq!(store.ids(&store.first, "point_events").len(), 3);
    assert!(store.ids(&store.first, "admin_units").is_empty());
}

#[test]
fn a_request_that_is_known_by_its_bytes_is_of_the_area_that_is_its_senders_now() {
    let store = Areas::new();
    let server = &store.town.server;
    let tile = "/xyz/parcels/12/3371/1554.mvt";
    let bearer = |token: &str| format!("Authorization: Bearer {token}\r\n");
    let known = || count_for(server, &bearer(&store.whole), "tuban_http_repeated_total");
    let check = |token: &str, times: u64| {
        let before = known();
        let answers = repeated(server, tile, &bearer(token), 4);
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        assert_eq!(known() - before, times);
        answers[0].clone()
    };
    // All but the first two: it was not ready, and whose bytes these are was not known.
    let first = check(&store.first, 2);
    assert_ne!(check(&store.second, 2), first);
    assert_eq!(check(&store.first, 4), first);
    let end = ["user", "scope", "s.gpkg", "anna", "110115001", "--end", "2024-06-30"];
    assert_eq!(crate::running::run(store.town.folder.path(), &end).code, 0);
    let nothing = check(&store.first, 2);
    let head = String::from_utf8_lossy(&nothing);
    assert!(head.contains("http/1.1 204"), "{head}");
}
