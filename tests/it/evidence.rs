//! Photos and documents of points: kept as they were sent, told with their hashes and how far from
//! the point they were taken, shown without what they say of people, and missed when they are lost.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use spatial::shift::Shift;

use crate::edit_town::check_refusal;
use crate::points_town::{Town, event, other_program, report, submitted, uuid};
use crate::running::{Response, Server, run};

const HERE: [f64; 2] = [116.3385, 39.7285];

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], body].concat()
}

/// A photo of 8 by 8 grey pixels with EXIF and a comment, another one for every `number`.
pub fn photo(number: u8) -> Vec<u8> {
    let one_code = |class: u8| [&[class, 1][..], &[0; 16]].concat();
    let mut bytes = vec![0xff, 0xd8];
    bytes.extend(segment(0xe1, b"Exif\0\0MM\0\x2a\0\0\0\x08\0\0\0\0\0\0GPS 39.7285 116.3385"));
    bytes.extend(segment(0xfe, &[b'G', b'P', b'S', number]));
    bytes.extend(segment(0xdb, &[&[0][..], &[1; 64]].concat()));
    bytes.extend(segment(0xc0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]));
    bytes.extend(segment(0xc4, &one_code(0x00)));
    bytes.extend(segment(0xc4, &one_code(0x10)));
    bytes.extend(segment(0xda, &[1, 1, 0, 0, 0x3f, 0]));
    bytes.extend([0x3f, 0xff, 0xd9]);
    bytes
}

pub fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The SHA-256 of bytes, by another program.
fn sha256(folder: &Path, bytes: &[u8]) -> String {
    let file = folder.join("hashed");
    std::fs::write(&file, bytes).unwrap();
    let done = Command::new("sha256sum").arg(&file).output().unwrap();
    String::from_utf8(done.stdout).unwrap()[..64].to_owned()
}

/// A town whose ledger keeps evidence, with one point that was reported.
fn town() -> Town {
    let town = Town::new();
    let added = run(town.folder.path(), &["ledger", "add", "s.gpkg", "evidence"]);
    assert_eq!((added.code, added.err.as_str()), (0, ""), "{}", added.out);
    town.take(&[report(1, 1)]);
    town
}

fn send(server: &Server, point: u64, number: u64, more: &str, bytes: &[u8]) -> Response {
    let target = format!("/points/{}/evidence?id={}{more}", uuid(point), uuid(number));
    server.post_as(&target, "image/jpeg", bytes)
}

fn position([lon, lat]: [f64; 2], source: &str) -> String {
    format!("&lon={lon}&lat={lat}&crs_src={source}&accuracy_m=8")
}

/// What a check of the store says, and how it ends.
fn verified(folder: &Path) -> (i32, Vec<String>) {
    let done = run(folder, &["verify", "s.gpkg", "--json"]);
    let found: Value = serde_json::from_str(&done.out).unwrap();
    let defects = found["defects"].as_array().unwrap().iter();
    (done.code, defects.map(|defect| defect["reason"].as_str().unwrap().to_owned()).collect())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(listed) = std::fs::read_dir(folder.join("s.gpkg.evidence")) else { return Vec::new() };
    let below = listed.flat_map(|entry| std::fs::read_dir(entry.unwrap().path()).unwrap());
    below.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_photo_is_kept_as_it_was_sent_and_shown_without_what_it_says_of_people() {
    let town = town();
    let bytes = photo(1);
    let hash = sha256(town.folder.path(), &bytes);
    let more = format!(
        "&phase=before&sha256={hash}&captured_at=2025-09-01T10:00:00%2B08:00&device=%E7%BB%88%E7%AB%AF07{}",
        position(Shift::Gcj02.from_wgs84(HERE), "GCJ-02")
    );
    let made = send(&town.server, 1, 100, &more, &bytes);
    assert_eq!(made.status, 201, "{}", made.text());
    let piece = made.json()["evidence"].clone();
    assert_eq!((&piece["sha256"], &piece["bytes"]), (&json!(hash), &json!(bytes.len())));
    assert_eq!((&piece["phase"], &piece["kind"]), (&json!("before"), &json!("photo")));
    assert_eq!(piece["captured_at"], "2025-09-01T02:00:00.000Z");
    assert!(piece["received_at"].as_str().unwrap() > "2026");
    assert!(piece["distance_m"].as_f64().unwrap() < 0.01, "the shift is taken back: {piece}");
    assert_eq!(piece["far"], false);
    for hidden in ["lon", "lat", "device", "accuracy_m"] {
        assert!(piece.get(hidden).is_none(), "{hidden} is shown");
    }
    assert_eq!(made.header("location"), piece["href"].as_str());

    // The original lies under its hash.
    let kept = town.folder.path().join("s.gpkg.evidence").join(&hash[..2]).join(&hash[2..]);
    assert_eq!(std::fs::read(&kept).unwrap(), bytes);
    // What is shown is the same image, and nothing else.
    let at = format!("/evidence/{}", uuid(100));
    let shown = town.server.get(&at);
    assert_eq!((shown.status, shown.header("content-type")), (200, Some("image/jpeg")));
    assert!(!holds(&shown.body, b"Exif") && !holds(&shown.body, b"GPS"));
    assert!(shown.body.ends_with(&bytes[bytes.len() - 11..]));
    let disposition = format!("inline; filename=\"{}.jpg\"", uuid(100));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("content-disposition", disposition.as_str()),
        ("cache-control", "private, no-cache"),
        ("etag", &format!("\"{hash}\"")),
    ] {
        assert_eq!(shown.header(name), Some(value), "{name}");
    }
    let tag = format!("\"{hash}\"");
    assert_eq!(town.server.ask("GET", &at, &[("If-None-Match", &tag)]).status, 304);

    // Sent again it is the same piece; other bytes, and another point, are refused.
    let again = send(&town.server, 1, 100, &more, &bytes);
    assert_eq!((again.status, &again.json()["outcome"]), (200, &json!("again")));
    assert_eq!(again.json()["evidence"], piece);
    town.take(&[report(2, 2)]);
    for other in [send(&town.server, 1, 100, "", &photo(2)), send(&town.server, 2, 100, "", &bytes)]
    {
        check_refusal(&other, 409, "evidence_stays", "the same id");
    }
    assert_eq!(files(town.folder.path()).len(), 1, "nothing of the other bytes stays");
    assert_eq!(verified(town.folder.path()), (0, vec![]));

    let api = town.server.get("/api?f=json").json();
    let described = &api["paths"]["/points/{id}/evidence"];
    assert_eq!(
        described["post"]["requestBody"]["content"]["image/jpeg"]["schema"]["maxLength"],
        20 << 20
    );
    assert!(described["get"].is_object() && api["paths"]["/evidence/{id}"]["get"].is_object());
    let schema = &api["components"]["schemas"]["Evidence"]["properties"];
    for name in piece.as_object().unwrap().keys() {
        assert!(schema[name].is_object(), "{name} is not described");
    }

    // Nobody changes a row, by whatever way.
    let items = "/collections/evidence/items";
    for (method, path) in [("DELETE", "/1"), ("PATCH", "/1")] {
        let media_type = [("Content-Type", "application/merge-patch+json")];
        let body = r#"{"properties":{"distance_m":1}}"#;
        let refused = town.server.change(method, &format!("{items}{path}"), &media_type, body);
        check_refusal(&refused, 409, "evidence_stays", method);
    }
    // A store that everyone reaches shows it to nobody without an account.
    let Town { folder, server } = town;
    drop(server);
    let server = Server::start(&folder.path().join("s.gpkg"), &["--public"]);
    check_refusal(&server.get(&at), 401, "token_required", "everyone reaches it");
    check_refusal(&server.get(items), 404, "collection_not_found", "it is not listed for everyone");
}

#[test]
fn a_photo_from_elsewhere_is_flagged_and_the_trace_says_so() {
    let town = town();
    let elsewhere = [HERE[0] + 0.002, HERE[1]];
    for (number, place, source, is_far) in [
        (100, Shift::Bd09.from_wgs84(HERE), "BD-09", false),
        (101, Shift::Gcj02.from_wgs84(HERE), "WGS84", true),
        (102, elsewhere, "CGCS2000", true),
    ] {
        let made = send(&town.server, 1, number, &position(place, source), &photo(1));
        assert_eq!(made.json()["evidence"]["far"], is_far, "{source}: {}", made.text());
    }
    // 0.002 degrees of longitude at this latitude.
    let metres = town.row("evidence", 3)["distance_m"].as_f64().unwrap();
    assert!((metres - 171.3).abs() < 0.5, "{metres}");
    let made = send(&town.server, 1, 103, "", &photo(3));
    assert_eq!(made.json()["evidence"]["far"], Value::Null, "nobody said where it was taken");
    let trace = town.trace(&uuid(1));
    let flags: Vec<&Value> =
        trace["evidence"].as_array().unwrap().iter().map(|piece| &piece["far"]).collect();
    assert_eq!(flags, [&json!(false), &json!(true), &json!(true), &Value::Null]);
    let listed = town.server.get(&format!("/points/{}/evidence", uuid(1)));
    assert_eq!(listed.json()["evidence"], trace["evidence"]);
    // As it had been recorded before the last one.
    let before = trace["evidence"][2]["received_at"].as_str().unwrap();
    let past = town.server.get(&format!("/points/{}/evidence?as-of={before}", uuid(1)));
    assert_eq!(past.json()["evidence"].as_array().unwrap().len(), 3);
    // Two pieces with the same bytes are one file.
    assert_eq!(files(town.folder.path()).len(), 2);
    let town = town.restarted();
    let again = town.trace(&uuid(1));
    for (piece, known) in
        again["evidence"].as_array().unwrap().iter().zip(trace["evidence"].as_array().unwrap())
    {
        for name in ["id", "sha256", "sm3", "distance_m", "received_at"] {
            assert_eq!(piece[name], known[name], "{name}");
        }
    }
    assert_eq!(again["evidence"].as_array().unwrap().len(), 4);
}

#[test]
fn what_cannot_be_kept_is_refused_with_the_reason() {
    let town = town();
    let whole = photo(1);
    let cut = &whole[..whole.len() - 3];
    let wrong = format!("&sha256={}", "0".repeat(64));
    for (point, more, bytes, status, code, part) in [
        (1, wrong.as_str(), &whole[..], 422, "invalid_evidence", "not the one that was said"),
        (1, "", cut, 422, "invalid_evidence", "cut off"),
        (1, "", b"<html>", 422, "invalid_evidence", "no whole JPEG"),
        (1, "&lon=116.3&lat=39.7", &whole, 422, "invalid_evidence", "GCJ-02"),
        (1, "&lon=116.3&crs_src=WGS84", &whole, 422, "invalid_evidence", "/lat"),
        (1, "&lon=NaN&lat=39&crs_src=WGS84", &whole, 422, "invalid_evidence", "/lon"),
        (1, "&crs_src=EPSG:4326", &whole, 422, "invalid_evidence", "/crs_src"),
        (1, "&phase=never", &whole, 422, "invalid_evidence", "before, during"),
        (1, "&sha256=x", &whole, 422, "invalid_evidence", "/sha256"),
        (1, "&captured_at=today", &whole, 422, "invalid_evidence", "/captured_at"),
        (1, "&captured_at=2199-01-01", &whole, 422, "invalid_evidence", "is 2199-01-01T15:59:59"),
        (1, "&colour=red", &whole, 400, "invalid_parameter", "colour"),
        (8, "", &whole, 404, "point_not_found", "its report first"),
    ] {
        let answer = send(&town.server, point, 100, more, bytes);
        check_refusal(&answer, status, code, more);
        assert!(answer.text().contains(part), "{part}: {}", answer.text());
    }
    let target = format!("/points/{}/evidence", uuid(1));
    let with_id = format!("{target}?id={}", uuid(100));
    for (target, media_type, length, status, code) in [
        (&target, "image/jpeg", 10, 422, "invalid_evidence"),
        (&format!("{target}?id=7"), "image/jpeg", 10, 422, "invalid_evidence"),
        (&with_id, "image/heic", 10, 415, "unsupported_media_type"),
        (&with_id, "image/jpeg", (20 << 20) + 1, 413, "body_too_large"),
    ] {
        let answer = town.server.post_as(target, media_type, &vec![0; length]);
        check_refusal(&answer, status, code, target);
    }
    for (path, code) in [
        ("/evidence/7", "evidence_not_found"),
        (&format!("/evidence/{}", uuid(9)), "evidence_not_found"),
    ] {
        check_refusal(&town.server.get(path), 404, code, path);
    }
    assert!(files(town.folder.path()).is_empty());
    // A ledger without the collection keeps none.
    let bare = Town::new();
    check_refusal(&send(&bare.server, 1, 100, "", &whole), 404, "no_evidence", "no collection");
    assert_eq!(bare.take(&submitted(1, 1)), (), "there events may name what they like");
}

#[test]
fn an_event_may_only_name_evidence_that_its_point_has() {
    let town = town();
    let events = submitted(1, 1);
    town.take(&events[1..4]);
    let (before, after) = (9002, 9003);
    let submit = &events[4];
    let refused = town.raise(submit);
    check_refusal(&refused, 409, "event_conflict", "nothing is there");
    assert!(refused.text().contains(&uuid(before)), "{}", refused.text());
    assert!(refused.text().contains("/evidence, then raise the event again"), "{}", refused.text());
    assert_eq!(send(&town.server, 1, before, "", &photo(1)).status, 201);
    // What another point has is not this one's.
    town.take(&[report(2, 20)]);
    assert_eq!(send(&town.server, 2, after, "", &photo(2)).status, 201);
    let refused = town.raise(submit);
    check_refusal(&refused, 409, "event_conflict", "of another point");
    assert!(!refused.text().contains(&uuid(before)), "{}", refused.text());
    let mut own = submit.clone();
    own["after"] = json!([uuid(9100)]);
    assert_eq!(send(&town.server, 1, 9100, "&phase=after", &photo(3)).status, 201);
    let taken = town.raise(&own);
    assert_eq!(taken.status, 201, "{}", taken.text());
    // A report brings the ids of what follows it.
    let mut early = event(3, 40, "report", "grid_worker", report(3, 40));
    early["evidence"] = json!([uuid(9300)]);
    assert_eq!(town.raise(&early).status, 201);
    // The operator may let events name anything.
    let Town { folder, server } = town;
    drop(server);
    std::fs::write(folder.path().join("tuban.toml"), "[evidence]\nrequired = false\n").unwrap();
    let config = folder.path().join("tuban.toml");
    let arguments = ["--config", config.to_str().unwrap()];
    let server = Server::start(&folder.path().join("s.gpkg"), &arguments);
    let town = Town { folder, server };
    town.take(&submitted(5, 50));
}

#[test]
fn evidence_shows_what_the_event_says_and_is_not_the_same_twice() {
    let town = town();
    let events = submitted(1, 1);
    town.take(&events[1..4]);
    let pieces = [
        (100, "&phase=before", 1),
        (101, "&phase=after", 2),
        (102, "", 3),
        (103, "&phase=during", 4),
        (104, "&kind=document", 5),
        (105, "", 1),
        (106, "&phase=after&captured_at=2025-08-31T23:00:00%2B08:00", 6),
        (107, "&phase=before&captured_at=2025-09-01T10:00:00%2B08:00", 7),
        (108, "&phase=after&captured_at=2025-09-01T09:00:00%2B08:00", 8),
    ];
    for (number, more, bytes) in pieces {
        let sent = send(&town.server, 1, number, more, &photo(bytes));
        assert_eq!(sent.status, 201, "{}", sent.text());
    }
    let check_refused = |before: u64, after: u64, part: &str| {
        let mut submit = events[4].clone();
        (submit["before"], submit["after"]) = (json!([uuid(before)]), json!([uuid(after)]));
        let refused = town.raise(&submit);
        check_refusal(&refused, 409, "event_conflict", part);
        assert!(refused.text().contains(part), "{part}: {}", refused.text());
    };
    check_refused(101, 102, "is after, and submit names it as before");
    check_refused(100, 103, "is during, and submit names it as after");
    check_refused(104, 101, "is document, and submit names it as before");
    check_refused(100, 106, "2025-08-31T15:00:00Z, before the point was reported");
    check_refused(107, 108, "2025-09-01T01:00:00Z, before the photos of before");
    check_refused(100, 105, &format!("is, byte by byte, {}", uuid(100)));
    let mut submit = events[4].clone();
    (submit["before"], submit["after"]) = (json!([uuid(100)]), json!([uuid(101), uuid(102)]));
    let taken = town.raise(&submit);
    assert_eq!(taken.status, 201, "{}", taken.text());
}

#[test]
fn a_kill_between_file_and_row_leaves_a_file_that_a_check_names() {
    let town = town();
    let path = town.path();
    let other = other_program(&path);
    // Until the other program lets go, no row is written.
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let address = town.server.address;
    let sending = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let bytes = photo(1);
        let head = format!(
            "POST /points/{}/evidence?id={} HTTP/1.1\r\nHost: {address}\r\n\
             Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
            uuid(1),
            uuid(100),
            bytes.len()
        );
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(&[head.as_bytes(), &bytes].concat()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    });
    let started = Instant::now();
    while files(town.folder.path()).iter().all(|file| file.to_string_lossy().ends_with(".part")) {
        assert!(started.elapsed() < Duration::from_secs(15), "no file came");
        std::thread::sleep(Duration::from_millis(5));
    }
    town.server.signal("-KILL");
    let Town { folder, server } = town;
    drop(server);
    assert!(sending.join().unwrap().is_empty(), "nothing was acknowledged");
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    let (code, found) = verified(folder.path());
    assert_eq!((code, found.len()), (1, 1), "{found:?}");
    assert!(found[0].contains("no row names the file"), "{found:?}");
    // The phone sends it again.
    let server = Server::start(&path, &[]);
    assert_eq!(send(&server, 1, 100, "", &photo(1)).status, 201);
    assert_eq!(verified(folder.path()), (0, vec![]));
}

#[test]
fn a_backup_has_the_bytes_and_lost_ones_come_back_from_it() {
    let town = town();
    for number in 0..3_u8 {
        let id = 100 + u64::from(number);
        assert_eq!(send(&town.server, 1, id, "", &photo(number)).status, 201);
    }
    let folder = town.folder.path();
    let done = run(folder, &["backup", "s.gpkg", "b.gpkg"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.out.contains("b.gpkg.evidence: 3 files"), "{}", done.out);
    let checked = run(folder, &["verify", "b.gpkg"]);
    assert_eq!(checked.code, 0, "{}", checked.out);
    assert!(checked.out.contains("3 files of evidence"), "{}", checked.out);
    let all = files(folder);
    std::fs::remove_file(&all[0]).unwrap();
    std::fs::write(&all[1], b"spoiled").unwrap();
    let (code, found) = verified(folder);
    assert_eq!(code, 1);
    for part in ["is lost", "is damaged"] {
        assert_eq!(found.iter().filter(|reason| reason.contains(part)).count(), 1, "{found:?}");
    }
    let statuses: Vec<u16> =
        (100..103).map(|id| town.server.get(&format!("/evidence/{}", uuid(id))).status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 500).count(), 2, "{statuses:?}");
    // A backup without them says so, and leaves those of the earlier one alone.
    let partial = run(folder, &["backup", "s.gpkg", "b.gpkg", "--force"]);
    assert_eq!(partial.code, 1, "{}", partial.out);
    assert!(partial.err.contains("left out: 1;"), "{}", partial.err);
    assert_eq!(run(folder, &["verify", "b.gpkg"]).code, 0);
    for file in &all[..2] {
        let name = file.strip_prefix(folder.join("s.gpkg.evidence")).unwrap();
        std::fs::copy(folder.join("b.gpkg.evidence").join(name), file).unwrap();
    }
    assert_eq!(verified(folder), (0, vec![]));
}

#[test]
fn a_check_of_the_audit_log_finds_evidence_that_was_tampered_with() {
    let town = town();
    assert_eq!(send(&town.server, 1, 100, "&phase=before", &photo(1)).status, 201);
    let place = town.folder.path();
    let check = || run(place, &["audit", "verify", "s.gpkg"]);
    let sound = check();
    assert_eq!(sound.code, 0, "{}", sound.out);
    assert!(sound.out.contains("1 files of evidence"), "{}", sound.out);
    let file = files(place).pop().unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[40] ^= 1;
    let _ = std::fs::remove_file(&file);
    std::fs::write(&file, bytes).unwrap();
    let found = check();
    assert_eq!(found.code, 1, "{}", found.out);
    assert!(found.out.contains("do not have the hash"), "{}", found.out);
}
