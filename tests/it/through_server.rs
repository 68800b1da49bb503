//! Commands that write to a store that a server holds go through that server.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::running::{Answer, Server, folder_with, imported, point, run, tuban};

fn collection(features: &[String]) -> String {
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
}

/// Points with a code and a name.
fn points(codes: std::ops::Range<u32>, name: &str) -> String {
    let one = |code: u32| {
        let properties = format!(r#"{{"code":"c{code}","name":"{name}"}}"#);
        point(&properties, 116.0 + f64::from(code % 1000) * 1e-3, 39.9)
    };
    collection(&codes.map(one).collect::<Vec<_>>())
}

#[test]
fn an_import_in_each_mode_is_done_by_the_server_and_shown_at_once() {
    let folder = folder_with(&[
        ("a.geojson", points(0..3, "a").as_bytes()),
        ("b.geojson", points(2..5, "b").as_bytes()),
        ("n.geojson", points(7..9, "n").as_bytes()),
    ]);
    let place = folder.path();
    let (first, _) = imported(place, &["a.geojson"]);
    assert_eq!(first.code, 0, "{}", first.err);
    let server = Server::start(&place.join("s.gpkg"), &[]);
    let count = |id: &str| server.get(&format!("/collections/{id}")).json()["count"].clone();
    let socket = place.join("s.gpkg.sock");
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "nobody else may write to the socket");

    let check = |arguments: &[&str], expected: [u64; 3], id: &str, features: u64| {
        let (answer, outcomes) = imported(place, arguments);
        assert_eq!(answer.code, 0, "{arguments:?}: {}", answer.err);
        let found = ["inserted", "updated", "removed"].map(|n| outcomes[0][n].as_u64().unwrap());
        assert_eq!(found, expected, "{arguments:?}");
        assert_eq!(count(id), features, "{arguments:?}");
    };
    check(&["n.geojson"], [2, 0, 0], "n", 2);
    check(&["b.geojson", "--collection", "a", "--upsert", "code"], [2, 1, 0], "a", 5);
    assert!(server.get("/collections/a/items/3").text().contains("\"b\""));
    check(&["n.geojson", "--collection", "a", "--append"], [2, 0, 0], "a", 7);
    check(&["a.geojson", "--replace"], [3, 0, 7], "a", 3);
    // What the store refuses, the command says.
    let again = run(place, &["import", "s.gpkg", "b.geojson", "--collection", "a", "--append"]);
    assert_eq!(again.code, 1, "{}", again.out);
    assert!(again.err.contains("keys are unique"), "{}", again.err);
    assert_eq!(count("a"), 3);

    for (arguments, said) in [
        (&["collection", "set", "s.gpkg", "n", "--title", "New"][..], "is changed"),
        (&["collection", "rename", "s.gpkg", "n", "m"], "n is m"),
        (&["collection", "remove", "s.gpkg", "a", "--yes"], "is gone"),
    ] {
        let Answer { code, out, err } = run(place, arguments);
        assert!(code == 0 && out.contains(said), "{arguments:?}: {out}{err}");
    }
    assert_eq!(server.get("/collections/m").json()["title"], "New");
    assert_eq!(server.get("/collections/a").status, 404);

    let (ended, _) = server.terminate();
    assert!(ended && !socket.exists(), "the socket ends with the server");
    let (alone, _) = imported(place, &["b.geojson"]);
    assert_eq!(alone.code, 0, "{}", alone.err);
}

#[test]
fn a_command_that_is_killed_leaves_nothing_and_others_are_not_kept_waiting() {
    let long = points(0..60_000, "long");
    let folder = folder_with(&[
        ("a.geojson", points(0..3, "a").as_bytes()),
        ("long.geojson", long.as_bytes()),
    ]);
    let place = folder.path();
    let (first, _) = imported(place, &["a.geojson"]);
    assert_eq!(first.code, 0, "{}", first.err);
    let server = Server::start(&place.join("s.gpkg"), &[]);
    let mut killed = 0;
    for wait in [50, 200, 400, 700] {
        let mut child = tuban()
            .current_dir(place)
            .args(["import", "s.gpkg", "long.geojson"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        let ended = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let status = server.get("/collections/long").status;
        if ended.is_none() && status == 404 {
            killed += 1;
        }
        let (more, _) = imported(place, &["a.geojson", "--append"]);
        assert_eq!(more.code, 0, "{}", more.err);
        if status == 200 {
            break;
        }
    }
    assert!(killed > 0, "no import was killed before its end");
    let left: Vec<_> = std::fs::read_dir(place)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("incoming"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_is_no_message_is_refused_and_the_server_goes_on() {
    let folder = folder_with(&[("a.geojson", points(0..3, "a").as_bytes())]);
    let place = folder.path();
    let (first, _) = imported(place, &["a.geojson"]);
    assert_eq!(first.code, 0, "{}", first.err);
    let server = Server::start(&place.join("s.gpkg"), &[]);
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"H\xff\xff\xff\xff",
        b"H\x02\x00\x00\x00{}",
        b"L\x00\x00\x00\x00",
        b"",
    ] {
        let mut stream = UnixStream::connect(place.join("s.gpkg.sock")).unwrap();
        let _ = stream.write_all(bytes);
    }
    let started = Instant::now();
    let (more, _) = imported(place, &["a.geojson", "--append"]);
    assert_eq!(more.code, 0, "{}", more.err);
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(server.get("/collections/a").json()["count"], 6);
}
