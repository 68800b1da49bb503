//! Fences over HTTP: made, listed, listened to, and posted to webhooks.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::{FenceSettings, ServerSettings, WebhookSettings};
use spatial::ChangeOp;

use crate::live::{Events, Live, SIDE, SOUTH, WEST, fid, parcel, town};
use crate::running::{Response, Server, run};

struct Town {
    live: Live,
    folder: tempfile::TempDir,
}

fn live_town(settings: ServerSettings) -> Town {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.gpkg");
    town(&path);
    Town { live: Live::start(&path, settings), folder }
}

/// A square fence of the town, in sides from its corner.
fn square(x: f64, y: f64, size: f64) -> Value {
    // A ten-millionth of a degree: what is written is what was sent.
    let round = |number: f64| (number * 1e7).round() / 1e7;
    let at = |x: f64, y: f64| json!([round(WEST + x * SIDE), round(SOUTH + y * SIDE)]);
    let ring = [at(x, y), at(x + size, y), at(x + size, y + size), at(x, y + size), at(x, y)];
    json!({ "type": "Polygon", "coordinates": [ring] })
}

fn made(live: &Live, fence: &Value) -> Value {
    let answer = live.ask("POST", "/fences", &[], &fence.to_string());
    assert_eq!(answer.status, 201, "{}", answer.text());
    let location = answer.header("location").unwrap().to_owned();
    let fence = answer.json();
    assert!(location.ends_with(&format!("/fences/{}", fence["id"])), "{location}");
    fence
}

fn moved(feature: i64, x: f64, y: f64) -> Vec<ChangeOp> {
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
    made(&live, &fence);
    let full = live.ask("POST", "/fences", &[], &fence.to_string());
    assert_eq!((full.status, full.json()["code"].as_str()), (409, Some("too_many_fences")));
    for target in ["/fences/x", "/fences/0", "/fences/-1", "/fences/99999999999999999999"] {
        assert_eq!(live.get(target).json()["code"], "fence_not_found", "{target}");
    }
    assert_eq!(live.get("/fences/1/events?since=x").status, 400);
    assert_eq!(live.get("/fences?limit=0").status, 400);
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

fn commit_past_the_server(path: &Path, ops: Vec<ChangeOp>) {
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

/// A POST as a webhook gets it.
#[derive(Debug)]
struct Posted {
    head: String,
    body: Value,
    raw: String,
}

impl Posted {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// A small server that answers each POST with the next of `answers`, the last one for ever.
fn webhook(answers: &'static [&'static str]) -> (u16, Receiver<Posted>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for (round, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { return };
            let Some(posted) = read_post(&mut stream) else { continue };
            let answer = answers.get(round).or(answers.last()).unwrap();
            let _ = write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n");
            if sender.send(posted).is_err() {
                return;
            }
        }
    });
    (port, receiver)
}

fn read_post(stream: &mut TcpStream) -> Option<Posted> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut part).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
        })?;
        if body.len() >= length {
            let (head, raw) = (head.to_owned(), body.to_owned());
            return Some(Posted { head, body: serde_json::from_str(&raw).ok()?, raw });
        }
    }
}

fn insecure() -> ServerSettings {
    ServerSettings {
        webhooks: WebhookSettings {
            insecure_loopback: true,
            first_pause: Duration::from_millis(50),
            timeout: Duration::from_secs(2),
            ..WebhookSettings::default()
        },
        ..ServerSettings::default()
    }
}

#[test]
fn a_webhook_gets_every_event_in_order_again_until_it_takes_them() {
    let Town { mut live, folder } = live_town(insecure());
    // A redirect is no success, and is not followed.
    let answers = &["500 No", "302 Found\r\nLocation: http://127.0.0.1:1/", "204 Taken"];
    let (port, posts) = webhook(answers);
    let url = format!("http://127.0.0.1:{port}/hook?a=b");
    let hook = json!({ "url": url, "secret": "0123456789abcdef" });
    let fence =
        made(&live, &json!({ "name": "a", "geometry": square(20.0, 20.0, 4.0), "webhook": hook }));
    assert_eq!(fence["webhook"], json!({ "url": url, "signed": true, "delivered": 0 }));
    live.apply(moved(1, 21.0, 21.0));
    let wait = Duration::from_secs(20);
    let tries: Vec<Posted> = (0..3).map(|_| posts.recv_timeout(wait).unwrap()).collect();
    for posted in &tries {
        assert!(posted.head.starts_with("POST /hook?a=b HTTP/1.1"), "{}", posted.head);
        assert_eq!(posted.header("host"), Some(format!("127.0.0.1:{port}").as_str()));
        assert_eq!(posted.body["fence"], json!({ "id": fence["id"], "name": "a" }));
        assert_eq!(posted.body["events"][0]["event"], "enter");
        let id = posted.body["events"][0]["id"].to_string();
        assert_eq!(posted.header("tuban-event-id"), Some(id.as_str()));
        let signature = posted.header("tuban-signature").unwrap();
        assert!(signature.starts_with("sha256=") && signature.len() == 71);
        assert_eq!(signature, signed(posted.header("tuban-timestamp").unwrap(), &posted.raw));
    }
    let target = format!("/fences/{}", fence["id"]);
    let delivered = |live: &Live, expected: u64| {
        for _ in 0..500 {
            if live.get(&target).json()["webhook"]["delivered"] == expected {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    };
    assert!(delivered(&live, 1), "what was taken is noted");
    let metrics = live.get("/metrics").text().to_owned();
    assert!(metrics.contains("tuban_webhook_failures_total 2"), "{metrics}");
    assert!(metrics.contains("tuban_webhook_deliveries_total 1"), "{metrics}");
    live.end();
    drop(live);

    // What happened while nobody posted is posted afterwards; what was taken is not again.
    let path = folder.path().join("t.gpkg");
    commit_past_the_server(&path, moved(1, 40.0, 40.0));
    let live = Live::start(&path, insecure());
    let posted = posts.recv_timeout(wait).unwrap();
    let kinds: Vec<&str> = posted.body["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["event"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["exit"]);
    assert!(delivered(&live, 2));
    assert!(posts.recv_timeout(Duration::from_millis(1500)).is_err(), "nothing is left to post");
}

/// The signature by another implementation.
fn signed(timestamp: &str, body: &str) -> String {
    let mut child = std::process::Command::new("python3")
        .args([
            "-c",
            "import hmac,sys;print('sha256='+hmac.new(b'0123456789abcdef',sys.stdin.buffer.read(),'sha256').hexdigest())",
        ])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{timestamp}.{body}").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn plain_http_is_allowed_by_the_setting_for_tests_alone_which_is_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.gpkg");
    town(&path);
    let printed = run(folder.path(), &["config"]);
    assert!(printed.out.contains("[webhooks]") && !printed.out.contains("insecure"));
    let fence = json!({
        "geometry": square(1.0, 1.0, 3.0), "webhook": { "url": "http://127.0.0.1:9/" }
    });
    for (config, status) in [("", 400), ("[webhooks]\ninsecure_loopback = true\n", 201)] {
        let file = folder.path().join("c.toml");
        std::fs::write(&file, config).unwrap();
        let server = Server::start(&path, &["--config", file.to_str().unwrap()]);
        let answer: Response = server.post("/fences", &fence.to_string());
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}
