//! Collections whose key is above what a reader may read are not there for that reader: nothing that
//! the server says differs from a store without them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::points_town::{Town, register, report, uuid};
use crate::running::{Response, run};

const GROUPS: &str = "code,point,kind,persons,care,visited,lon,lat\n\
    SG-1,110115001-CW-2025-00001,低保户,3,帮扶措施甲,2026-03-01,116.3385,39.7285\n\
    SG-2,,残疾,1,帮扶措施乙,2026-03-02,116.3386,39.7286\n";
const ENTERPRISES: &str = "code,uscc,name,licence_state,point,lon,lat\n\
    E-1,91350100M000100Y43,隐形商行,吊销,110115001-CW-2025-00001,116.3387,39.7287\n";
/// What was said of the clue about the enterprise.
const REVIEW: &str = r#"{"id":"01990000-0000-7000-8000-000000000009","clue":"enterprises/1",
    "verdict":"confirmed","decision":"隐形商行〔2026〕1号"}"#;
/// What tells of a concealed collection.
const MARKS: [&str; 13] = [
    "special_groups",
    "patrol_tracks",
    "enterprises",
    "enterprise_reviews",
    "特殊群体",
    "巡查轨迹",
    "经营主体",
    "SG-1",
    "SG-2",
    "帮扶",
    "低保",
    "隐形商行",
    "91350100M000100Y43",
];

struct Store {
    town: Town,
    reader: String,
    enforcer: String,
    worker: String,
}

impl Store {
    fn new(has_concealed: bool) -> Self {
        let town = Town::new();
        let place = town.folder.path();
        let command = |arguments: &[&str]| {
            let done = run(place, arguments);
            assert_eq!(done.code, 0, "{arguments:?}: {}{}", done.out, done.err);
            done.out.trim().to_owned()
        };
        town.take(&[report(1, 1), register(1, 2)]);
        command(&["ledger", "add", "s.gpkg", "outlets"]);
        if has_concealed {
            let concealed =
                ["special_groups", "patrol_tracks", "enterprises", "enterprise_reviews"];
            command(&[&["ledger", "add", "s.gpkg"][..], &concealed].concat());
            for (collection, text) in [("special_groups", GROUPS), ("enterprises", ENTERPRISES)] {
                let name = format!("{collection}.csv");
                std::fs::write(place.join(&name), text).unwrap();
                command(&[
                    "import",
                    "s.gpkg",
                    &name,
                    "--collection",
                    collection,
                    "--append",
                    "--crs",
                    "EPSG:4490",
                ]);
            }
        }
        let token = |name: &str, role: &str| {
            command(&["user", "add", "s.gpkg", name, "--role", role, "--unit", "110115001"]);
            command(&["user", "token", "s.gpkg", name])
        };
        let (reader, enforcer) = (token("guest", "reader"), token("eve", "district_checker"));
        let worker = token("ann", "town");
        let store = Self { town, reader, enforcer, worker };
        if has_concealed {
            let rule = "/rules/high_risk/reviews";
            let review = store.ask(&store.worker, "POST", rule, REVIEW);
            assert_eq!(review.status, 201, "{}", review.text());
        }
        store
    }

    fn ask(&self, token: &str, method: &str, target: &str, body: &str) -> Response {
        let media_type = match method {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        let head = format!(
            "{method} {target} HTTP/1.1\r\nConnection: close\r\nHost: {}\r\n\
             Authorization: Bearer {token}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
            self.town.server.address,
            body.len()
        );
        Response::parse(&self.town.server.send(&[head.as_bytes(), body.as_bytes()].concat()))
    }

    fn get(&self, token: &str, target: &str) -> Response {
        self.ask(token, "GET", target, "")
    }

    /// What a stream of changes tells from the first revision on.
    fn stream(&self, token: &str) -> String {
        let mut open = TcpStream::connect(self.town.server.address).unwrap();
        open.set_read_timeout(Some(Duration::from_millis(700))).unwrap();
        let head = format!(
            "GET /changes/stream?since=0 HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n",
            self.town.server.address
        );
        open.write_all(head.as_bytes()).unwrap();
        let (mut heard, mut part) = (Vec::new(), [0; 65_536]);
        while let Ok(read @ 1..) = open.read(&mut part) {
            heard.extend_from_slice(&part[..read]);
        }
        String::from_utf8_lossy(&heard).into_owned()
    }
}

/// A document without what differs between any two stores: addresses, revisions and times.
fn compared(mut value: Value, address: &str) -> Value {
    match &mut value {
        Value::Object(members) => {
            for name in
                ["revision", "next", "since", "at", "state_since", "registered_at", "timeStamp"]
            {
                members.remove(name);
            }
            for member in members.values_mut() {
                *member = compared(member.take(), address);
            }
        }
        Value::Array(all) => {
            for one in all.iter_mut() {
                *one = compared(one.take(), address);
            }
        }
        Value::String(text) => {
            let text = text.replace(address, "HERE");
            return Value::String(text);
        }
        _ => {}
    }
    value
}

fn same(with: (&Store, &Response), without: (&Store, &Response), what: &str) {
    assert_eq!(with.1.status, without.1.status, "{what}: {}", with.1.text());
    if with.1.text().starts_with("<!doctype") {
        return;
    }
    let of = |(store, answer): (&Store, &Response)| {
        let address = store.town.server.address.to_string();
        match serde_json::from_str::<Value>(answer.text()) {
            Ok(body) => compared(body, &address).to_string(),
            Err(_) => answer.text().replace(&address, "HERE"),
        }
    };
    assert_eq!(of(with), of(without), "{what}");
}

/// Paths that would name a concealed collection, in general and by its id.
fn targets() -> Vec<String> {
    let mut all: Vec<String> = [
        "/?f=json",
        "/api",
        "/conformance",
        "/collections",
        "/collections?f=html",
        "/tiles",
        "/tiles/WebMercatorQuad",
        "/styles",
        "/styles/all",
        "/changes?limit=10000",
        "/fences",
        "/rules",
        "/rules/high_risk",
        "/ledgers",
        "/wmts/1.0.0/WMTSCapabilities.xml",
        "/arcgis/rest/services?f=json",
        "/collections/points/items",
        "/worklist?unit=*&role=*",
    ]
    .map(str::to_owned)
    .to_vec();
    for id in ["special_groups", "patrol_tracks", "enterprises", "enterprise_reviews"] {
        for ending in [
            "",
            "/items",
            "/items/1",
            "/items/1/history",
            "/schema",
            "/queryables",
            "/sortables",
            "/tiles",
            "/tiles/WebMercatorQuad",
            "/tiles/WebMercatorQuad/14/6226/13489",
            "/all.fgb",
            "/defects",
            "/assignments",
        ] {
            all.push(format!("/collections/{id}{ending}"));
        }
        all.extend([
            format!("/xyz/{id}/tilejson.json"),
            format!("/xyz/{id}/14/13489/6226.mvt"),
            format!("/xyz/points,{id}/14/13489/6226.mvt"),
            format!("/styles/{id}"),
            format!("/styles/{id}/metadata"),
            format!("/changes?collections={id}"),
            format!("/changes/stream?collections={id}"),
            format!("/wmts/1.0.0/{id}/default/WebMercatorQuad/14/6226/13489.mvt"),
            format!("/arcgis/rest/services/{id}/VectorTileServer?f=json"),
        ]);
    }
    all.extend(["special_groups", "licences"].map(|id| format!("/ledgers/{id}")));
    all
}

#[test]
fn whoever_may_not_read_a_key_meets_a_store_without_the_collection() {
    let (with, without) = (Store::new(true), Store::new(false));
    for target in targets() {
        let [shown, bare] = [&with, &without].map(|store| store.get(&store.reader, &target));
        // Who names one hears the name again, as in the other store.
        for mark in MARKS.iter().filter(|mark| !target.contains(*mark)) {
            let is_told = shown.text().contains(mark) && !bare.text().contains(mark);
            assert!(!is_told, "{target} tells {mark}: {}", shown.text());
        }
        same((&with, &shown), (&without, &bare), &target);
    }
    for (target, body) in [
        ("/search", r#"{"collections":["special_groups"],"return":"count"}"#),
        ("/search", r#"{"return":"count","collections":["points"]}"#),
        ("/collections/special_groups/search", r#"{"return":"count"}"#),
        ("/join", r#"{"first":"points","second":"enterprises","predicate":"intersects"}"#),
        ("/cluster", r#"{"collection":"special_groups","distance":5}"#),
    ] {
        let [shown, bare] =
            [&with, &without].map(|store| store.ask(&store.reader, "POST", target, body));
        same((&with, &shown), (&without, &bare), &format!("{target} {body}"));
    }
    let features = |store: &Store| {
        let metrics = store.get(&store.reader, "/metrics");
        let metrics = metrics.text();
        let line = metrics.lines().find(|line| line.starts_with("tuban_features ")).unwrap();
        line.to_owned()
    };
    assert_eq!(features(&with), features(&without));
    let heard = with.stream(&with.reader);
    assert!(heard.contains("\"points\""), "{heard}");
    for mark in MARKS {
        assert!(!heard.contains(mark), "the stream tells {mark}: {heard}");
    }
    // Who works in the ledger knows enterprises, not special groups.
    let listed = with.get(&with.worker, "/collections");
    let listed = listed.text();
    assert!(listed.contains("enterprises") && !listed.contains("special_groups"), "{listed}");
    let told = with.get(&with.worker, "/collections/enterprise_reviews/items").json();
    assert_eq!(told["features"][0]["properties"]["decision"], "隐形商行〔2026〕1号");
    let clues = with.get(&with.worker, "/rules/high_risk?review=confirmed").json();
    assert_eq!(clues["numberMatched"], 1, "{clues}");
    let fence = r#"{"type":"Polygon","coordinates":[[[116,39],[117,39],[117,40],[116,39]]]}"#;
    let body = format!(r#"{{"name":"a","geometry":{fence},"collections":["special_groups"]}}"#);
    let [shown, bare] =
        [&with, &without].map(|store| store.ask(&store.worker, "POST", "/fences", &body));
    same((&with, &shown), (&without, &bare), "a fence");
    let patch = r#"{"properties":{"kind":"x"}}"#;
    for target in ["/collections/special_groups/items/1", "/collections/special_groups/items/9"] {
        let [shown, bare] =
            [&with, &without].map(|store| store.ask(&store.worker, "PATCH", target, patch));
        same((&with, &shown), (&without, &bare), target);
    }
}

#[test]
fn whoever_enforces_reads_and_writes_it_and_no_tile_shows_it() {
    let store = Store::new(true);
    let get = |target: &str| store.get(&store.enforcer, target);
    let items = get("/collections/special_groups/items?sortby=code").json();
    assert_eq!(items["features"][0]["properties"]["care"], "帮扶措施甲");
    let first = items["features"][0]["id"].as_i64().unwrap();
    let point = get("/collections/points/items").json();
    assert!(point["features"][0]["properties"].get("person").is_some(), "and fields up to L3");
    let worker = store.get(&store.worker, "/collections/points/items").json();
    assert!(worker["features"][0]["properties"].get("person").is_none(), "who works, up to L1");
    let filtered = get("/collections/special_groups/items?filter=kind%3D%27残疾%27").json();
    assert_eq!(filtered["numberMatched"], 1);
    let count = r#"{"return":"count"}"#;
    let found = store.ask(&store.enforcer, "POST", "/collections/special_groups/search", count);
    assert_eq!(found.status, 200, "{}", found.text());
    let patch = r#"{"properties":{"visited":"2026-04-01"}}"#;
    let target = format!("/collections/special_groups/items/{first}");
    assert_eq!(store.ask(&store.enforcer, "PATCH", &target, patch).status, 204);
    let history = get(&format!("{target}/history"));
    assert!(history.text().contains("2026-04-01"), "{}", history.text());
    assert!(get("/changes?collections=special_groups").text().contains("special_groups"));
    assert!(store.stream(&store.enforcer).contains("special_groups"));
    assert!(get("/api").text().contains("/collections/special_groups/items"));
    assert!(get("/collections/special_groups/items?f=html").text().contains("帮扶措施甲"));

    // What everybody reads of a point does not say that it is of one of these.
    let point = get("/collections/points/items").json()["features"][0]["id"].as_i64().unwrap();
    let target = format!("/collections/points/items/{point}");
    let types = |types: &str| format!(r#"{{"properties":{{"ledger_types":"{types}"}}}}"#);
    let refused = store.ask(&store.worker, "PATCH", &target, &types("开墙打洞、特殊群体点位"));
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("the rows of special_groups"), "{}", refused.text());
    let taken = store.ask(&store.worker, "PATCH", &target, &types("三有六无待提升"));
    assert_eq!(taken.status, 204, "{}", taken.text());

    // What somebody writes who does not see it leaves it as it is.
    let event = r#"{"id":"01990000-0000-7000-8000-000000000003","kind":"dispatch","occurred_at":"2025-09-01T00:03:00+08:00","receiver":"城管队"}"#;
    let point = format!("/points/{}/events", uuid(1));
    let raised = store.ask(&store.worker, "POST", &point, event);
    assert_eq!(raised.status, 201, "{}", raised.text());
    assert_eq!(get("/collections/special_groups/items").json()["numberMatched"], 2);

    let ledger = get("/ledgers/special_groups").json();
    assert_eq!((&ledger["numberMatched"], &ledger["sums"][0]["value"]), (&2.into(), &4.0.into()));
    let outside = &ledger["outside"]["count"];
    assert_eq!((ledger["units"][0]["code"].as_str(), outside), (Some("110115001"), &1.into()));
    assert_eq!(ledger["rows"][0]["point.state"], "dispatched");
    let licences = store.get(&store.worker, "/ledgers/licences").json();
    assert_eq!(licences["rows"][0]["licence_state"], "吊销");
    assert_eq!(licences["rows"][0]["point.code"], "110115001-CW-2025-00001");
    assert!(get("/ledgers").text().contains("特殊群体点位台账"));

    for target in
        targets().iter().filter(|target| target.contains("/14/") || target.contains("tile"))
    {
        let answer = get(target);
        assert!(!answer.text().contains("special_groups\"") || answer.status == 404, "{target}");
    }
    for target in [
        "/xyz/special_groups/14/13489/6226.mvt",
        "/xyz/enterprises/14/13489/6226.mvt",
        "/xyz/enterprise_reviews/14/13489/6226.mvt",
        "/collections/special_groups/tiles",
        "/styles/special_groups",
        "/arcgis/rest/services/enterprises/VectorTileServer?f=json",
    ] {
        assert_eq!(get(target).status, 404, "{target}");
    }
    for target in
        ["/tiles/WebMercatorQuad?f=tilejson", "/styles/all", "/wmts/1.0.0/WMTSCapabilities.xml"]
    {
        let told = get(target);
        let told = told.text();
        assert!(told.contains("points"), "{target}");
        assert!(!told.contains("special_groups") && !told.contains("enterprises"), "{target}");
    }
}
