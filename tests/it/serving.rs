//! The server as a process: how it starts, what it shares the store with, how it ends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::running::{Server, folder_with, imported, point, run};

fn store() -> tempfile::TempDir {
    let folder = folder_with(&[("p.geojson", point(r#"{"k":"a"}"#, 116.4, 39.6).as_bytes())]);
    assert_eq!(imported(folder.path(), &["p.geojson"]).0.code, 0);
    folder
}

#[test]
fn a_store_that_is_served_can_be_read_by_others_and_written_through_its_socket_alone() {
    let folder = store();
    let server = Server::start(&folder.path().join("s.gpkg"), &[]);
    let owner = server.id().to_string();
    let port = server.address.to_string();
    // Without the socket there is no way through the server.
    std::fs::remove_file(folder.path().join("s.gpkg.sock")).unwrap();
    let cases: [(&[&str], i32, &str); 8] = [
        (&["serve", "s.gpkg", "--listen", "127.0.0.1:0"], 1, &owner),
        (&["serve", "s.gpkg", "--listen", &port], 1, "--listen"),
        (&["import", "s.gpkg", "p.geojson", "--append"], 1, &owner),
        (&["collection", "set", "s.gpkg", "p", "--title", "x"], 1, &owner),
        (&["collection", "remove", "s.gpkg", "p", "--yes"], 1, &owner),
        (&["inspect", "s.gpkg"], 0, "1 collections"),
        // What leaves is on record, or does not leave.
        (&["export", "s.gpkg", "o.fgb"], 1, &owner),
        (&["collection", "list", "s.gpkg"], 0, "p\t1\t"),
    ];
    for (arguments, code, part) in cases {
        let answer = run(folder.path(), arguments);
        let said = answer.out + &answer.err;
        assert_eq!(answer.code, code, "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {part:?} in {said}");
    }
    assert!(!folder.path().join("o.fgb").exists());
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn the_end_waits_for_answers_but_for_no_idle_connection() {
    let folder = store();
    let server = Server::start(&folder.path().join("s.gpkg"), &[]);
    let connect = || {
        let stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    };
    let ask = |stream: &mut TcpStream| {
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let mut answer = [0; 4096];
        let length = stream.read(&mut answer).unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
    };
    let (mut kept, mut silent, mut half) = (connect(), connect(), connect());
    half.write_all(b"GET /hea").unwrap();
    for _ in 0..3 {
        ask(&mut kept);
    }
    let (ended, log) = server.terminate();
    assert!(ended && log.contains("ending"), "{log}");
    assert!(!log.contains("still ran"), "an idle connection held up the end: {log}");
    for stream in [&mut kept, &mut silent, &mut half] {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(rest.is_empty());
    }
}

#[test]
fn an_empty_store_and_a_vanished_one_are_served() {
    let folder = store();
    let path = folder.path().join("s.gpkg");
    let server = Server::start(&path, &[]);
    for name in ["s.gpkg", "s.gpkg-wal", "s.gpkg-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    for target in ["/health", "/collections", "/xyz/p/3/6/3.mvt", "/styles/all", "/metrics"] {
        assert_eq!(server.get(target).status, 200, "{target}: the snapshot is in memory");
    }
    drop(server);

    let folder = store();
    let path = folder.path().join("s.gpkg");
    assert_eq!(run(folder.path(), &["collection", "remove", "s.gpkg", "p", "--yes"]).code, 0);
    let server = Server::start(&path, &[]);
    assert_eq!(server.get("/collections").json()["collections"], serde_json::json!([]));
    for target in ["/", "/?f=html", "/styles", "/styles/all", "/health", "/metrics"] {
        assert_eq!(server.get(target).status, 200, "{target}");
    }
}

#[test]
fn links_follow_the_flag_or_a_trusted_proxy() {
    let folder = store();
    let path = folder.path().join("s.gpkg");
    let proxied = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "map.example")];
    let trusting = folder.path().join("trusting.toml");
    std::fs::write(&trusting, "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n").unwrap();
    let cases: [(&[&str], &str); 2] = [
        (&["--public-url", "https://fixed.example/t/"], "https://fixed.example/t/collections"),
        (&["--config", trusting.to_str().unwrap()], "https://map.example/collections"),
    ];
    for (arguments, expected) in cases {
        let server = Server::start(&path, arguments);
        let answer = server.ask("GET", "/collections", &proxied);
        assert_eq!(answer.json()["links"][0]["href"], expected, "{arguments:?}");
    }
}

#[test]
fn head_answers_as_get_does_without_a_body() {
    let folder = store();
    let server = Server::start(&folder.path().join("s.gpkg"), &[]);
    let etag = server.get("/viewer/viewer.js").header("etag").unwrap().to_owned();
    let targets = [
        "/",
        "/?f=html",
        "/health",
        "/conformance",
        "/collections",
        "/collections/p",
        "/collections/p/tiles/WebMercatorQuad",
        "/xyz/p/tilejson.json",
        "/xyz/p/3/6/3.mvt",
        "/xyz/p/12/0/0.mvt",
        "/styles",
        "/styles/p",
        "/styles/p?f=qml",
        "/viewer/viewer.js",
        "/nowhere",
    ];
    for target in targets {
        for sent in [&[][..], &[("If-None-Match", etag.as_str())]] {
            let (get, head) = (server.ask("GET", target, sent), server.ask("HEAD", target, sent));
            assert_eq!((head.status, head.body.len()), (get.status, 0), "{target}");
            for name in ["content-type", "content-length", "etag", "vary", "cache-control"] {
                assert_eq!(head.header(name), get.header(name), "{name} of {target}");
            }
            if matches!(get.status, 204 | 304) {
                assert_eq!(get.header("content-length"), None, "{target}: no body, no length");
            }
        }
    }
}
