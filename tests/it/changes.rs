//! What changed, over HTTP: pages of the change log, and the stream as it happens.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use server::ServerSettings;
use spatial::ChangeOp;

use crate::live::{Events, Live, SIDE, SOUTH, WEST, change_set, fid, parcel, town};
use crate::running::Server;

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

fn moved(feature: i64, x: f64, y: f64) -> Vec<ChangeOp> {
    vec![ChangeOp::Replace(fid(feature), parcel(x, y, "open"))]
}

/// The box of the town as the parameter `bbox`.
fn town_box() -> String {
    format!("{},{},{},{}", WEST - SIDE, SOUTH - SIDE, WEST + 60.0 * SIDE, SOUTH + 60.0 * SIDE)
}

#[test]
fn a_page_says_what_who_why_and_where() {
    let Town { live, folder: _folder } = live_town(ServerSettings::default());
    live.apply(moved(1, 30.0, 30.0));
    live.apply(vec![ChangeOp::Delete(fid(2)), ChangeOp::Insert(parcel(40.0, 40.0, "new"))]);
    let answer = live.get("/changes?since=1");
    assert_eq!((answer.status, answer.header("tuban-revision")), (200, Some("3")));
    let page = answer.json();
    assert_eq!(page["crs"], "http://www.opengis.net/def/crs/OGC/1.3/CRS84");
    assert_eq!(
        (&page["since"], &page["next"], &page["revision"]),
        (&json!(1), &json!(3), &json!(3))
    );
    let changes = page["changes"].as_array().unwrap();
    let seen: Vec<_> = changes
        .iter()
        .map(|c| (c["revision"].as_u64().unwrap(), c["operation"].as_str().unwrap(), &c["id"]))
        .collect();
    assert_eq!(
        seen,
        [(2, "replace", &json!(1)), (3, "delete", &json!(2)), (3, "insert", &json!(101))]
    );
    let first = &changes[0];
    assert_eq!((&first["author"], &first["reason"]), (&json!("王"), &json!("复核")));
    assert!(first["at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(first["before"], json!([WEST, SOUTH, WEST + SIDE, SOUTH + SIDE]));
    assert!(changes[1]["after"].is_null() && changes[2]["before"].is_null());
    assert!(!answer.text().contains("张三"), "no value of a feature is told");
    // The load is one row, without an id.
    let load = &live.get("/changes?limit=1").json()["changes"][0];
    assert_eq!((&load["operation"], &load["id"]), (&json!("load"), &Value::Null));
}

#[test]
fn pages_follow_one_another_without_a_gap_under_writers() {
    let Town { live, folder: _folder } = live_town(ServerSettings::default());
    let live = Arc::new(live);
    const EDITS: u64 = 120;
    let writers: Vec<_> = (0..2)
        .map(|writer| {
            let engine = Arc::clone(&live.engine);
            live.spawn(async move {
                for edit in 0..EDITS {
                    let op = moved(1 + writer, edit as f64 / 7.0, 40.0);
                    engine.apply(change_set(op)).await.unwrap();
                }
            })
        })
        .collect();
    let last = 1 + 2 * EDITS;
    for filter in ["", "&collections=parcels", "&bbox=0,0,1,1"] {
        let (mut since, mut seen) = (0, Vec::new());
        while since < last {
            let page = live.get(&format!("/changes?since={since}&limit=7{filter}")).json();
            let changes = page["changes"].as_array().unwrap();
            seen.extend(changes.iter().map(|c| c["revision"].as_u64().unwrap()));
            let next = page["next"].as_u64().unwrap();
            assert!(next >= since && next <= page["revision"].as_u64().unwrap());
            since = next;
        }
        let expected: Vec<u64> =
            if filter.starts_with("&bbox") { vec![] } else { (1..=last).collect() };
        assert_eq!(seen, expected, "{filter}");
    }
    for writer in writers {
        live.block_on(writer).unwrap();
    }
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let Town { live, folder: _folder } = live_town(ServerSettings::default());
    for (target, status, code, detail) in [
        ("/changes?since=-1", 400, "invalid_parameter", "since"),
        ("/changes?since=x", 400, "invalid_parameter", "since"),
        ("/changes?since=99", 400, "invalid_parameter", "ahead of the newest revision 1"),
        ("/changes?limit=0", 400, "invalid_parameter", "limit"),
        ("/changes?limit=10001", 400, "invalid_parameter", "from 1 to 10000"),
        ("/changes?bbox=1,2,3", 400, "invalid_parameter", "bbox"),
        ("/changes?bbox=1,5,3,4", 400, "invalid_parameter", "bbox"),
        ("/changes?bbox=a,b,c,d", 400, "invalid_parameter", "bbox"),
        ("/changes?collections=nothing", 404, "collection_not_found", "nothing"),
        ("/changes?zoom=3", 400, "invalid_parameter", "zoom"),
        ("/changes/stream?zoom=3", 400, "invalid_parameter", "bbox"),
        ("/changes/stream?bbox=1,2,3,4&zoom=23", 400, "invalid_parameter", "0 to 22"),
        (
            "/changes/stream?bbox=1,2,3,4&zoom=0&tms=CGCS2000Quad",
            400,
            "invalid_parameter",
            "1 to 21",
        ),
        ("/changes/stream?bbox=1,2,3,4&zoom=9..3", 400, "invalid_parameter", "zoom"),
        ("/changes/stream?bbox=1,2,3,4&zoom=+3", 400, "invalid_parameter", "zoom"),
        ("/changes/stream?tms=WebMercatorQuad", 400, "invalid_parameter", "tms"),
        ("/changes/stream?bbox=1,2,3,4&zoom=3&tms=No", 404, "tile_matrix_set_not_found", "No"),
        ("/changes/stream?since=99", 400, "invalid_parameter", "ahead"),
    ] {
        let answer = live.get(target);
        let problem = answer.json();
        assert_eq!((answer.status, &problem["code"]), (status, &json!(code)), "{target}");
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{target}: {problem}");
    }
    let bad = live.ask("GET", "/changes/stream", &[("Last-Event-ID", "x")], "");
    assert_eq!(bad.status, 400);
    assert!(bad.text().contains("Last-Event-ID"));
}

#[test]
fn the_stream_resumes_from_the_last_event_and_goes_over_to_what_happens() {
    let Town { live, folder: _folder } = live_town(ServerSettings::default());
    let mut first = Events::open(live.address, "/changes/stream", &[]);
    assert_eq!(first.head.status, 200);
    for (name, expected) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-cache"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(first.head.header(name), Some(expected));
    }
    assert!(first.head.header("content-encoding").is_none());
    assert!(first.until_current().is_empty(), "nothing is told again");
    for edit in 0..5 {
        live.apply(moved(3, f64::from(edit), 50.0));
    }
    let mut last = 1;
    for _ in 0..3 {
        let event = first.message();
        assert_eq!((event.id, &event.data["since"]), (last + 1, &json!(last)));
        assert_eq!(event.data["collections"], json!(["parcels"]));
        assert!(event.data.get("tiles").is_none(), "no viewport, no tiles");
        assert_eq!(event.data["changes"][0]["id"], 3);
        last = event.id;
    }
    drop(first);
    live.apply(moved(4, 9.0, 50.0));
    // The header of a reader that comes back wins over the URL that it first came with.
    let headers = [("Last-Event-ID", "4")];
    let mut second = Events::open(live.address, "/changes/stream?since=1", &headers);
    let caught: Vec<u64> = second.until_current().iter().map(|event| event.id).collect();
    assert_eq!(caught, [5, 6, 7]);
    live.apply(moved(4, 10.0, 50.0));
    assert_eq!(second.message().id, 8);
}

#[test]
fn each_revision_comes_once_under_writers_and_lost_connections() {
    const EDITS: u64 = 150;
    const LAST: u64 = 1 + 2 * EDITS;
    let Town { live, folder: _folder } = live_town(ServerSettings::default());
    let writers: Vec<_> = (0..2)
        .map(|writer| {
            let engine = Arc::clone(&live.engine);
            live.spawn(async move {
                for edit in 0..EDITS {
                    let op = moved(1 + writer, edit as f64 / 5.0, 30.0 + writer as f64);
                    engine.apply(change_set(op)).await.unwrap();
                }
            })
        })
        .collect();
    let readers: Vec<_> = [3_u64, 11, 40]
        .map(|stay| {
            let address = live.address;
            std::thread::spawn(move || {
                let (mut seen, mut last) = (Vec::new(), 1);
                while last < LAST {
                    let header = last.to_string();
                    let headers = [("Last-Event-ID", header.as_str())];
                    let mut events = Events::open(address, "/changes/stream", &headers);
                    for _ in 0..stay {
                        let event = events.message();
                        assert_eq!(event.data["since"], last, "no gap");
                        for change in event.data["changes"].as_array().unwrap() {
                            seen.push(change["revision"].as_u64().unwrap());
                        }
                        last = event.id;
                        if last == LAST {
                            break;
                        }
                    }
                }
                seen
            })
        })
        .into();
    for reader in readers {
        assert_eq!(reader.join().unwrap(), (2..=LAST).collect::<Vec<_>>());
    }
    for writer in writers {
        live.block_on(writer).unwrap();
    }
}

#[test]
fn a_viewport_hears_of_its_tiles_and_of_states() {
    let Town { live, folder: _folder } = live_town(ServerSettings::default());
    let target = format!("/changes/stream?bbox={}&zoom=14..16&tms=WebMercatorQuad", town_box());
    let mut near = Events::open(live.address, &target, &[]);
    let mut far = Events::open(live.address, "/changes/stream?bbox=10,10,11,11&zoom=12", &[]);
    near.until_current();
    far.until_current();

    live.apply(moved(1, 30.0, 30.0));
    let event = near.message().data;
    let tiles = event["tiles"]["WebMercatorQuad"].as_array().unwrap().clone();
    assert!(!tiles.is_empty() && tiles.len() < 40, "{tiles:?}");
    let zooms: BTreeSet<u64> = tiles.iter().map(|tile| tile[0].as_u64().unwrap()).collect();
    assert_eq!(zooms, BTreeSet::from([14, 15, 16]));
    assert_eq!(
        (&event["attributeTiles"]["WebMercatorQuad"], &event["states"]),
        (&json!([]), &json!([]))
    );
    let elsewhere = far.message().data;
    assert_eq!((&elsewhere["revision"], &elsewhere["changes"]), (&json!(2), &json!([])));
    assert_eq!(elsewhere["tiles"]["WebMercatorQuad"], json!([]));

    // Each named tile has another tag than before; its neighbour far off has the same.
    live.apply(vec![ChangeOp::Replace(fid(7), parcel(12.0, 0.0, "closed"))]);
    let event = near.message().data;
    assert_eq!(event["tiles"]["WebMercatorQuad"], json!([]));
    assert!(!event["attributeTiles"]["WebMercatorQuad"].as_array().unwrap().is_empty());
    let states = json!([{ "collection": "parcels", "id": 7, "properties": { "state": "closed" } }]);
    assert_eq!(event["states"], states);

    // Only the owner differs, whom nobody may read.
    let mut hidden = parcel(12.0, 0.0, "closed");
    hidden.properties[1] = spatial::Value::Text("李四".to_owned());
    live.apply(vec![ChangeOp::Replace(fid(7), hidden)]);
    let event = near.message().data;
    assert_eq!((&event["states"], &event["revision"]), (&json!([]), &json!(4)));
    assert_eq!(event["attributeTiles"]["WebMercatorQuad"], json!([]));
    assert!(!event.to_string().contains("李四"));
}

#[test]
fn a_tile_that_is_named_has_another_tag_and_a_far_one_the_same() {
    let Town { live, folder: _folder } = live_town(ServerSettings::default());
    let target = format!("/changes/stream?bbox={}&zoom=15", town_box());
    let mut events = Events::open(live.address, &target, &[]);
    events.until_current();
    let corner = |x: f64, y: f64| {
        let point = spatial::world::from_lon_lat([x, y]);
        tile::TileCoord::holding(15, point)
    };
    let (first, last) = (corner(WEST, SOUTH + 60.0 * SIDE), corner(WEST + 60.0 * SIDE, SOUTH));
    let tags = || {
        let mut tags = std::collections::BTreeMap::new();
        for x in first.x()..=last.x() {
            for y in first.y()..=last.y() {
                let answer = live.get(&format!("/xyz/parcels/15/{x}/{y}.mvt"));
                tags.insert((x, y), (answer.header("etag").unwrap().to_owned(), answer.body));
            }
        }
        tags
    };
    let mut kept = 0;
    for edit in 0..12 {
        let before = tags();
        live.apply(moved(
            1 + edit * 3,
            (edit * 7 % 50) as f64 + 0.3,
            (edit * 11 % 50) as f64 + 0.6,
        ));
        let event = events.message().data;
        let named: BTreeSet<(u32, u32)> = event["tiles"]["WebMercatorQuad"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| (t[1].as_u64().unwrap() as u32, t[2].as_u64().unwrap() as u32))
            .collect();
        for (place, (tag, bytes)) in tags() {
            let (old_tag, old_bytes) = &before[&place];
            if named.contains(&place) {
                assert_ne!(tag, *old_tag, "{place:?} is named");
            } else {
                kept += 1;
                assert_eq!(bytes, *old_bytes, "{place:?} is not named");
            }
        }
    }
    assert!(kept > 20, "{kept}");
}

#[test]
fn tiles_of_another_grid_are_named_as_its_paths_call_them() {
    let Town { live, folder: _folder } = live_town(ServerSettings::default());
    for (set, matrix) in
        [("WorldCRS84Quad", "14"), ("CGCS2000Quad", "15"), ("CGCS2000GK117Quad", "13")]
    {
        let target = format!("/changes/stream?bbox={}&zoom={matrix}&tms={set}", town_box());
        let mut events = Events::open(live.address, &target, &[]);
        events.until_current();
        let path = |tile: &Value| {
            format!("/collections/parcels/tiles/{set}/{}/{}/{}", tile[0], tile[2], tile[1])
        };
        live.apply(moved(2, 31.0, 30.0));
        let first = events.message().data["tiles"][set].as_array().unwrap().clone();
        assert!(!first.is_empty() && first.len() < 20, "{first:?}");
        let tags: Vec<_> = first
            .iter()
            .map(|tile| {
                assert_eq!(tile[0].to_string(), matrix);
                let answer = live.get(&path(tile));
                assert!(matches!(answer.status, 200 | 204), "{}: {}", path(tile), answer.status);
                answer.header("etag").unwrap().to_owned()
            })
            .collect();
        live.apply(moved(2, 30.0, 31.0));
        let again = events.message().data["tiles"][set].as_array().unwrap().clone();
        let changed = first
            .iter()
            .zip(&tags)
            .filter(|(tile, tag)| live.get(&path(tile)).header("etag") != Some(tag.as_str()));
        assert!(changed.count() > 0 && first.iter().any(|tile| again.contains(tile)), "{again:?}");
    }
}

#[test]
fn a_reader_hears_a_sign_of_life_and_the_number_of_readers_is_bounded() {
    let settings = ServerSettings {
        max_stream_readers: 2,
        heartbeat: Duration::from_millis(50),
        request_timeout: Duration::from_millis(200),
        ..ServerSettings::default()
    };
    let Town { live, folder: _folder } = live_town(settings);
    let mut first = Events::open(live.address, "/changes/stream", &[]);
    let _second = Events::open(live.address, "/changes/stream", &[]);
    let refused = live.get("/changes/stream");
    assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("busy")));
    assert_eq!(refused.header("retry-after"), Some("1"));
    // Longer than a request may take.
    first.await_comments(12);
    let metrics = live.get("/metrics");
    assert!(metrics.text().contains("tuban_stream_readers 2"), "{}", metrics.text());
    drop(first);
    for _ in 0..100 {
        if live.ask("HEAD", "/changes/stream", &[], "").status == 200 {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("a place that was left is not given again");
}

#[test]
fn a_reader_that_takes_nothing_is_let_go_and_harms_nobody() {
    let Town { live, folder: _folder } = live_town(ServerSettings::default());
    let mut good = Events::open(live.address, "/changes/stream", &[]);
    good.until_current();
    let mut idle = TcpStream::connect(live.address).unwrap();
    idle.write_all(b"GET /changes/stream HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let dropped = || {
        let metrics = live.get("/metrics");
        metrics.text().contains("tuban_stream_readers_dropped_total 1")
    };
    // Each event is large, so that the sockets' own buffers fill.
    let mut last = 1;
    for round in 0..400 {
        let ops = (1..=100).map(|n| {
            ChangeOp::Replace(fid(n), parcel(f64::from(round % 9), n as f64 / 3.0, "open"))
        });
        last = live.apply(ops.collect()).revision.0;
        assert_eq!(good.message().id, last, "others hear everything at once");
        if round % 20 == 19 && dropped() {
            break;
        }
    }
    assert!(dropped(), "the reader that takes nothing is let go");
    assert!(last > 60);
}

#[test]
fn a_stream_goes_on_after_a_restart_and_ends_with_the_server() {
    let Town { mut live, folder } = live_town(ServerSettings::default());
    let mut events = Events::open(live.address, "/changes/stream", &[]);
    events.until_current();
    live.apply(moved(1, 30.0, 30.0));
    let last = events.message().id;
    live.apply(moved(1, 31.0, 30.0));
    assert!(live.end() < Duration::from_secs(5), "an open stream holds up nothing");
    while events.next().is_some() {}
    drop(live);
    let live = Live::start(&folder.path().join("t.gpkg"), ServerSettings::default());
    live.apply(moved(1, 32.0, 30.0));
    let header = last.to_string();
    let headers = [("Last-Event-ID", header.as_str())];
    let mut events = Events::open(live.address, "/changes/stream", &headers);
    assert_eq!((events.message().id, events.message().id), (3, 4));
}

#[test]
fn sigterm_ends_streams() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.gpkg");
    town(&path);
    let server = Server::start(&path, &[]);
    let mut events = Events::open(server.address, "/changes/stream", &[]);
    events.until_current();
    let (ended, log) = server.terminate();
    assert!(ended && !log.contains("still ran"), "{log}");
    assert!(events.next().is_none());
}
