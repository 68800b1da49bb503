//! Fences over HTTP: made, listed, listened to, and sure of every commit.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::{FenceSettings, ServerSettings};
use spatial::ChangeOp;

use crate::live::{Events, Live, SIDE, SOUTH, WEST, fid, parcel, town};
use crate::running::Server;

pub struct Town {
    pub live: Live,
    pub folder: tempfile::TempDir,
}

pub fn live_town(settings: ServerSettings) -> Town {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.gpkg");
    town(&path);
    Town { live: Live::start(&path, settings), folder }
}

/// A square fence of the town, in sides from its corner.
pub fn square(x: f64, y: f64, size: f64) -> Value {
    // A ten-millionth of a degree: what is written is what was sent.
    let round = |number: f64| (number * 1e7).round() / 1e7;
    let at = |x: f64, y: f64| json!([round(WEST + x * SIDE), round(SOUTH + y * SIDE)]);
    let ring = [at(x, y), at(x + size, y), at(x + size, y + size), at(x, y + size), at(x, y)];
    json!({ "type": "Polygon", "coordinates": [ring] })
}

pub fn made(live: &Live, fence: &Value) -> Value {
    let answer = live.ask("POST", "/fences", &[], &fence.to_string());
    assert_eq!(answer.status, 201, "{}", answer.text());
    let location = answer.header("location").unwrap().to_owned();
    let fence = answer.json();
    assert!(location.ends_with(&format!("/fences/{}", fence["id"])), "{location}");
    fence
}

pub fn moved(feature: i64, x: f64, y: f64) -> Vec<ChangeOp> {
    vec![ChangeOp::Replace(fid(feature), parcel(x, y, "open"))]
}

/// The events of a fence once there are `count`: kind, revision, feature.
fn events(live: &Live, fence: &Value, count: usize) -> Vec<(String, u64, u64)> {
    let started = Instant::now();
    loop {
        let page = live.get(&format!("/fences/{}/events", fence["id"])).json();
        let events = page["events"].as_array().unwrap();
        if events.len() >= count || started.elapsed() > Duration::from_secs(10) {
            return events
                .iter()
                .map(|e| {
                    let number = |name: &str| e[name].as_u64().unwrap();
                    (e["event"].as_str().unwrap().to_owned(), number("revision"), number("feature"))
                })
                .collect();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_fence_is_made_shown_listed_and_removed() {
    let Town { live, folder: _folder } = live_town(ServerSettings::default());
    let geometry = square(10.5, 10.5, 4.0);
    let first = made(
        &live,
        &json!({ "name": "东区", "geometry": geometry, "collections": ["parcels"],
                 "detect": ["exit", "enter"] }),
    );
    assert_eq!(first["geometry"], geometry);
    assert_eq!(first["crs"], "http://www.opengis.net/def/crs/OGC/1.3/CRS84");
    assert_eq!(first["detect"], json!(["enter", "exit"]));
    assert_eq!((&first["since"], &first["webhook"]), (&json!(1), &Value::Null));
    let shown = live.get(&format!("/fences/{}", first["id"]));
    assert_eq!((shown.status, shown.json()), (200, first.clone()));

    // Latitude first, as EPSG:4490 has it.
    let swapped: Vec<Value> = geometry["coordinates"][0]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| json!([p[1], p[0]]))
        .collect();
    let body = json!({ "geometry": { "type": "Polygon", "coordinates": [swapped] } }).to_string();
    let headers = [("Content-Crs", "<http://www.opengis.net/def/crs/EPSG/0/4490>")];
    let answer = live.ask("POST", "/fences", &headers, &body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let second = answer.json();
    assert_eq!(second["crs"], "http://www.opengis.net/def/crs/EPSG/0/4490");
    assert_eq!(second["geometry"]["coordinates"][0], json!(swapped));
    assert_eq!(second["detect"], json!(["enter", "exit", "cross"]));

    let page = live.get("/fences?limit=1").json();
    assert_eq!(page["fences"][0]["name"], "东区");
    let next = page["links"].as_array().unwrap().iter().find(|link| link["rel"] == "next");
    assert!(next.unwrap()["href"].as_str().unwrap().contains(&format!("after={}", first["id"])));
    let rest = live.get(&format!("/fences?after={}", first["id"])).json();
    assert_eq!(rest["fences"].as_array().unwrap().len(), 1);

    // Both polygons are the same on the ground.
    live.apply(moved(1, 11.0, 11.0));
    for fence in [&first, &second] {
        assert_eq!(events(&live, fence, 1), [("enter".to_owned(), 2, 1)]);
    }
    let target = format!("/fences/{}", first["id"]);
    assert_eq!(live.ask("DELETE", &target, &[], "").status, 204);
    for target in [target.clone(), format!("{target}/events"), format!("{target}/stream")] {
        let gone = live.get(&target);
        assert_eq!((gone.status, gone.json()["code"].as_str()), (404, Some("fence_not_found")));
    }
    assert_eq!(live.ask("DELETE", &target, &[], "").status, 404);
}

#[test]
fn what_is_no_fence_is_refused() {
    let settings = ServerSettings {
        fences: FenceSettings { max_fences: 1, ..FenceSettings::default() },
        ..ServerSettings::default()
    };
    let Town { live, folder: _folder } = live_town(settings);
    let good = square(0.0, 0.0, 3.0);
    let bow = json!({ "type": "Polygon", "coordinates": [[[0,0],[1,1],[1,0],[0,1],[0,0]]] });
    let line = json!({ "type": "LineString", "coordinates": [[0,0],[1,1]] });
    for (body, status, code, detail) in [
        (json!({}), 400, "invalid_request", "geometry"),
        (json!({ "geometry": bow }), 422, "invalid_geometry", "self_intersection"),
        (json!({ "geometry": line }), 422, "invalid_geometry", "polygon"),
        (json!({ "geometry": good, "x": 1 }), 400, "invalid_request", "\"x\""),
        (json!({ "geometry": good, "detect": ["go"] }), 400, "invalid_request", "enter"),
        (json!({ "geometry": good, "collections": ["no"] }), 404, "collection_not_found", "no"),
        (
            json!({ "geometry": good, "webhook": { "url": "https://hooks.example/" } }),
            400,
            "webhook_refused",
            "webhooks.hosts",
        ),
        (
            json!({ "geometry": good, "webhook": { "url": "http://127.0.0.1:9/" } }),
            400,
            "webhook_refused",
            "not encrypted",
        ),
    ] {
        let answer = live.ask("POST", "/fences", &[], &body.to_string());
        let problem = answer.json();
        assert_eq!((answer.status, &problem["code"]), (status, &json!(code)), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
    }
    let fence = json!({ "geometry": good });
    let headers = [("Content-Crs", "<site:x>")];
    assert_eq!(live.ask("POST", "/fences", &headers, &fence.to_string()).status, 400);
    let foreign = [("Origin", "http://evil.example")];
    let refused = live.ask("POST", "/fences", &foreign, &fence.to_string());
    assert_eq!((refused.status, live.get("/fences").json()["fences"].clone()), (403, json!([])));
    made(&live, &fence);
    assert_eq!(live.ask("DELETE", "/fences/1", &foreign, "").status, 403);
    let full = live.ask("POST", "/fences", &[], &fence.to_string());
    assert_eq!((full.status, full.json()["code"].as_str()), (409, Some("too_many_fences")));
    for target in ["/fences/x", "/fences/0", "/fences/-1", "/fences/99999999999999999999"] {
        assert_eq!(live.get(target).json()["code"], "fence_not_found", "{target}");
    }
    assert_eq!(live.get("/fences/1/events?since=x").status, 400);
    assert_eq!(live.get("/fences?limit=0").status, 400);
}

#[test]
fn fences_come_and_go_only_where_edits_are_offered() {
    let settings = ServerSettings { offers_edits: false, ..ServerSettings::default() };
    let Town { live, folder: _folder } = live_town(settings);
    let fence = json!({ "geometry": square(0.0, 0.0, 3.0) }).to_string();
    assert_eq!(live.ask("POST", "/fences", &[], &fence).status, 405);
    assert_eq!(live.ask("DELETE", "/fences/1", &[], "").status, 405);
    let paths = &live.get("/api").json()["paths"];
    assert!(paths["/fences"].get("post").is_none() && paths["/fences"].get("get").is_some());
    assert!(paths["/fences/{fenceId}"].get("delete").is_none());
}

#[test]
fn events_are_numbered_streamed_and_survive_a_restart() {
    let Town { mut live, folder } = live_town(ServerSettings::default());
    let all = json!(["enter", "exit", "cross", "inside"]);
    let fence = made(&live, &json!({ "geometry": square(20.2, 20.2, 6.0), "detect": all }));
    let other = made(&live, &json!({ "geometry": square(50.0, 50.0, 1.0) }));
    let target = format!("/fences/{}/stream", fence["id"]);
    let mut stream = Events::open(live.address, &target, &[]);
    assert_eq!(stream.head.header("content-type"), Some("text/event-stream"));
    live.apply(moved(1, 21.0, 21.0));
    live.apply(moved(1, 22.0, 22.0));
    // Attributes alone are no event.
    live.apply(vec![ChangeOp::Replace(fid(1), parcel(22.0, 22.0, "closed"))]);
    live.apply(vec![ChangeOp::Delete(fid(1))]);
    live.apply(moved(2, 10.0, 23.0));
    live.apply(moved(2, 40.0, 23.0));
    let expected = [("enter", 2), ("inside", 3), ("exit", 5), ("cross", 7)];
    let mut ids = Vec::new();
    for (kind, revision) in expected {
        let event = stream.message();
        assert_eq!(
            (&event.data["event"], &event.data["revision"]),
            (&json!(kind), &json!(revision))
        );
        assert_eq!(event.data["id"], event.id);
        ids.push(event.id);
    }
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(events(&live, &other, 0).is_empty());
    assert!(live.end() < Duration::from_secs(5));
    assert!(stream.next().is_none());
    drop(live);

    // Commits without a server that evaluates: caught up with afterwards.
    let path = folder.path().join("t.gpkg");
    commit_past_the_server(&path, moved(3, 21.0, 22.0));
    let live = Live::start(&path, ServerSettings::default());
    live.apply(moved(3, 0.0, 40.0));
    let mut wanted: Vec<_> = expected.map(|(kind, revision)| (kind.to_owned(), revision)).into();
    wanted.extend([("enter".to_owned(), 8), ("exit".to_owned(), 9)]);
    let found = events(&live, &fence, wanted.len());
    let found: Vec<_> = found.into_iter().map(|(kind, revision, _)| (kind, revision)).collect();
    assert_eq!(found, wanted);
    // A reader that comes back sees what it has not seen, once.
    let header = ids[1].to_string();
    let headers = [("Last-Event-ID", header.as_str())];
    let mut stream = Events::open(live.address, &target, &headers);
    for (kind, revision) in &wanted[2..] {
        let event = stream.message().data;
        assert_eq!((&event["event"], &event["revision"]), (&json!(kind), &json!(revision)));
    }
    let page = live.get(&format!("/fences/{}/events?since={}&limit=1", fence["id"], ids[0])).json();
    assert_eq!((&page["events"][0]["id"], &page["next"]), (&json!(ids[1]), &json!(ids[1])));
    let links = page["links"].as_array().unwrap();
    assert!(links.iter().any(|link| link["rel"] == "next"));
    let metrics = live.get("/metrics");
    assert!(metrics.text().contains("tuban_fence_events_total 2"), "{}", metrics.text());
}

pub fn commit_past_the_server(path: &Path, ops: Vec<ChangeOp>) {
    use store::FeatureStore;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = store::GeoPackageStore::open(path).unwrap();
    runtime.block_on(store.commit(crate::live::change_set(ops))).unwrap();
}

#[test]
fn events_that_were_let_go_are_said_to_be_gone() {
    let settings = ServerSettings {
        fences: FenceSettings { max_events: 2, ..FenceSettings::default() },
        ..ServerSettings::default()
    };
    let Town { live, folder: _folder } = live_town(settings);
    let fence = made(&live, &json!({ "geometry": square(20.0, 20.0, 2.0) }));
    for round in 0..6 {
        live.apply(moved(1, if round % 2 == 0 { 21.0 } else { 40.0 }, 21.0));
    }
    let last = |live: &Live| events(live, &fence, 2).last().map(|(_, revision, _)| *revision);
    let started = Instant::now();
    while last(&live) != Some(7) && started.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(events(&live, &fence, 2).len(), 2);
    let gone = live.get(&format!("/fences/{}/events?since=1", fence["id"]));
    assert_eq!((gone.status, gone.json()["code"].as_str()), (410, Some("events_gone")));
    assert!(gone.json()["detail"].as_str().unwrap().contains("since=4"));
    assert_eq!(live.get(&format!("/fences/{}/events?since=4", fence["id"])).status, 200);
    let target = format!("/fences/{}/stream?since=1", fence["id"]);
    let mut stream = Events::open(live.address, &target, &[]);
    let first = stream.next().unwrap();
    assert_eq!((first.name.as_str(), first.id), ("gone", 4));
    assert_eq!(stream.message().id, 5);
}

/// Puts feature 1 where `inside` says, over HTTP; false when the server is gone before it answers.
fn put(address: SocketAddr, inside: bool, step: f64) -> bool {
    let place =
        if inside { square(21.0 + step, 21.0, 1.0) } else { square(40.0 + step, 40.0, 1.0) };
    let feature =
        json!({ "type": "Feature", "properties": { "state": "open" }, "geometry": place });
    let body = feature.to_string();
    let request = format!(
        "PUT /collections/parcels/items/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
         Content-Type: application/geo+json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut answer = Vec::new();
    let sent = stream.write_all(request.as_bytes()).is_ok();
    sent && stream.read_to_end(&mut answer).is_ok() && answer.starts_with(b"HTTP/1.1 2")
}

#[test]
fn every_commit_is_evaluated_once_although_the_server_is_killed_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.gpkg");
    town(&path);
    let fence =
        json!({ "geometry": square(20.0, 20.0, 6.0), "detect": ["enter", "exit", "inside"] });
    let mut acknowledged = 0;
    for round in 0..6_u64 {
        let server = Server::start(&path, &[]);
        if round == 0 {
            assert_eq!(server.post("/fences", &fence.to_string()).status, 201);
        }
        let address = server.address;
        let writer = std::thread::spawn(move || {
            let mut count = 0;
            // In and out, and twice in a row now and then.
            while put(address, count % 3 != 2, f64::from(count % 7) / 10.0) {
                count += 1;
            }
            count
        });
        std::thread::sleep(Duration::from_millis(150 + 90 * round));
        // SIGKILL, in the middle of whatever is under way.
        drop(server);
        acknowledged += writer.join().unwrap();
    }
    let server = Server::start(&path, &[]);
    let changes = server.get("/changes?since=1&limit=10000").json();
    assert_eq!(changes["next"], changes["revision"]);
    let (mut was_in, mut expected) = (false, Vec::new());
    for change in changes["changes"].as_array().unwrap() {
        let is_in = change["after"][0].as_f64().unwrap() < WEST + 30.0 * SIDE;
        let moved = change["before"] != change["after"];
        let kind = match (was_in, is_in) {
            (false, true) => "enter",
            (true, false) => "exit",
            (true, true) if moved => "inside",
            _ => "",
        };
        if !kind.is_empty() {
            expected.push((change["revision"].as_u64().unwrap(), kind.to_owned()));
        }
        was_in = is_in;
    }
    assert!(expected.len() > 20 && acknowledged > 20, "{} {acknowledged}", expected.len());
    let started = Instant::now();
    loop {
        let page = server.get("/fences/1/events?limit=10000").json();
        let events = page["events"].as_array().unwrap();
        if events.len() >= expected.len() || started.elapsed() > Duration::from_secs(20) {
            let ids: Vec<u64> = events.iter().map(|e| e["id"].as_u64().unwrap()).collect();
            assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
            let found = events.iter().map(|e| {
                (e["revision"].as_u64().unwrap(), e["event"].as_str().unwrap().to_owned())
            });
            assert_eq!(found.collect::<Vec<_>>(), expected);
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
