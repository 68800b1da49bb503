//! Conditions of edits: tags, times, revisions, and waiting for a state.

use std::thread;
use std::time::{Duration, Instant};

use crate::edit_town::{Town, check_refusal, feature, square, square_at};

const PATCH: &str = r#"{"properties":{"floors":7}}"#;

#[test]
fn a_change_goes_through_only_on_the_state_that_was_read() {
    let town = Town::new();
    let (_, seen) = town.item("parcels/items/2");
    assert!(seen.starts_with('"'), "a strong tag: {seen}");
    let (_, other) = town.item("parcels/items/3");
    assert_ne!(seen, other);
    assert_eq!(town.change("PATCH", "parcels/items/2", &[], PATCH).status, 204);
    let (item, now) = town.item("parcels/items/2");
    assert_ne!(now, seen);
    let moved = format!(r#"{{"geometry":{}}}"#, square(12));
    let whole = feature(r#"{"code":"P1"}"#, &square(1));
    let before = town.revision();
    for (method, body) in [("PUT", whole.as_str()), ("PATCH", &moved), ("DELETE", "")] {
        for stale in [seen.as_str(), &format!("W/{now}"), &other, "\"nothing\"", "odd"] {
            let answer = town.change(method, "parcels/items/2", &[("If-Match", stale)], body);
            check_refusal(&answer, 412, "precondition_failed", &format!("{method} {stale}"));
        }
    }
    assert_eq!(town.revision(), before, "nothing was changed");
    assert_eq!(town.item("parcels/items/2").0, item);
    for tags in [format!("\"x\", {now}"), "*".to_owned()] {
        let answer = town.change("PATCH", "parcels/items/2", &[("If-Match", &tags)], PATCH);
        assert_eq!(answer.status, 204, "{tags}: {}", answer.text());
        // The tag of the last answer is that of the next GET; the one before is stale by now.
        assert_eq!(answer.header("etag"), Some(town.item("parcels/items/2").1.as_str()));
    }
    for (tags, method) in [("*", "PUT"), ("*", "DELETE"), (now.as_str(), "PATCH")] {
        let answer = town.change(method, "parcels/items/99", &[("If-Match", tags)], &whole);
        check_refusal(&answer, 412, "precondition_failed", "there is no such feature");
    }
    let answer = town.change("PUT", "parcels/items/2", &[("If-None-Match", "*")], &whole);
    check_refusal(&answer, 412, "precondition_failed", "If-None-Match: *");
}

#[test]
fn a_tag_outlives_edits_elsewhere_representations_and_restarts() {
    let town = Town::new();
    let (_, seen) = town.item("parcels/items/2");
    let far = feature(r#"{"code":"far"}"#, &square_at(118.0, 39.0));
    assert_eq!(town.change("POST", "parcels/items", &[], &far).status, 201);
    assert_eq!(town.item("parcels/items/2").1, seen, "an edit far away leaves the tag alone");
    let crs = "http://www.opengis.net/def/crs/EPSG/0/4490";
    let other: Vec<String> = ["?f=html", &format!("?crs={crs}"), "?properties=name"]
        .iter()
        .map(|query| town.item_tag(query))
        .collect();
    for tag in &other {
        assert_ne!(*tag, seen, "another representation has another tag");
    }
    // A neighbour may change the tag, and never what may be done with it.
    assert_eq!(town.change("PATCH", "parcels/items/3", &[], PATCH).status, 204);
    let in_crs = town.item(&format!("parcels/items/1?crs={crs}")).1;
    let town = town.restarted();
    for (path, tag) in [("parcels/items/2", &seen), ("parcels/items/1", &in_crs)] {
        let first = town.change("PATCH", path, &[("If-Match", tag)], PATCH);
        assert_eq!(first.status, 204, "{tag} after a restart: {}", first.text());
        let again = town.change("PATCH", path, &[("If-Match", tag)], PATCH);
        check_refusal(&again, 412, "precondition_failed", "changed by now");
    }
    for tag in &other {
        let stale = town.change("DELETE", "parcels/items/2", &[("If-Match", tag)], "");
        check_refusal(&stale, 412, "precondition_failed", "changed by now");
    }
    let unchanged = town.server.ask(
        "GET",
        "/collections/parcels/items/3",
        &[("If-None-Match", &town.item("parcels/items/3").1)],
    );
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
}

#[test]
fn a_time_is_a_condition_too() {
    let town = Town::new();
    let read = town.server.get("/collections/parcels/items/2");
    let modified = read.header("last-modified").unwrap().to_owned();
    assert!(modified.ends_with(" GMT"), "{modified}");
    let old = "Sun, 06 Nov 1994 08:49:37 GMT";
    let refused = town.change("PATCH", "parcels/items/2", &[("If-Unmodified-Since", old)], PATCH);
    check_refusal(&refused, 412, "precondition_failed", "an old date");
    // Times of headers are whole seconds: the next edit must fall into another one.
    thread::sleep(Duration::from_millis(1100));
    let unmodified = [("If-Unmodified-Since", modified.as_str())];
    assert_eq!(town.change("PATCH", "parcels/items/2", &unmodified, PATCH).status, 204);
    let refused = town.change("PATCH", "parcels/items/2", &unmodified, PATCH);
    check_refusal(&refused, 412, "precondition_failed", "an edit later");
    assert_eq!(town.change("PATCH", "parcels/items/5", &unmodified, PATCH).status, 204);
    let odd = [("If-Unmodified-Since", "yesterday")];
    assert_eq!(town.change("PATCH", "parcels/items/2", &odd, PATCH).status, 204);
    let (_, now) = town.item("parcels/items/2");
    let both = [("If-Match", now.as_str()), ("If-Unmodified-Since", old)];
    assert_eq!(town.change("DELETE", "parcels/items/2", &both, "").status, 204, "tags win");
}

#[test]
fn a_server_may_ask_for_a_condition_always() {
    let town = Town::with_settings("[server]\nrequire_if_match = true\n");
    let whole = feature(r#"{"code":"P1"}"#, &square(1));
    for (method, body) in [("PUT", whole.as_str()), ("PATCH", PATCH), ("DELETE", "")] {
        let answer = town.change(method, "parcels/items/2", &[], body);
        check_refusal(&answer, 428, "precondition_required", method);
        let (_, tag) = town.item("parcels/items/2");
        assert_eq!(town.change(method, "parcels/items/2", &[("If-Match", &tag)], body).status, 204);
    }
    let new = feature("{}", &square(9));
    assert_eq!(town.change("POST", "parcels/items", &[], &new).status, 201);
    let body = r#"{"changes":[{"collection":"parcels","op":"delete","id":1}]}"#;
    check_refusal(&town.server.post("/transactions", body), 428, "precondition_required", "delete");
}

#[test]
fn a_reader_can_wait_for_a_state() {
    let town = Town::with_settings("[server]\nrequest_timeout_seconds = 2\n");
    let now = town.revision();
    for target in ["/collections/parcels/items/1", "/collections", "/xyz/parcels/14/13489/6226.mvt"]
    {
        let answer = town.server.get(&format!("{target}?min-revision={now}"));
        assert!(matches!(answer.status, 200 | 204), "{target}: {}", answer.text());
        assert!(!String::from_utf8_lossy(&answer.body).contains("min-revision"));
    }
    let late = format!("/collections/parcels/items/1?f=json&min-revision={}", now + 1);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| town.server.get(&late));
        thread::sleep(Duration::from_millis(200));
        assert_eq!(town.change("PATCH", "parcels/items/1", &[], PATCH).status, 204);
        let answer = waiting.join().unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["properties"]["floors"], 7);
        assert_eq!(answer.header("tuban-revision"), Some(&*(now + 1).to_string()));
    });
    let started = Instant::now();
    let never = town.server.get(&format!("/collections?min-revision={}", now + 100));
    check_refusal(&never, 503, "revision_not_reached", "a far revision");
    assert!(never.header("retry-after").is_some());
    assert!((1..10).contains(&started.elapsed().as_secs()));
    let odd = town.server.get("/collections?min-revision=soon");
    check_refusal(&odd, 400, "invalid_parameter", "no number");
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let town = Town::with_settings("[server]\nrequest_timeout_seconds = 1\n");
    for (method, target, media_type) in [
        ("POST", "/transactions", "application/json"),
        ("POST", "/collections/parcels/items", "application/geo+json"),
        ("PATCH", "/collections/parcels/items/1", "application/merge-patch+json"),
    ] {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
             Content-Type: {media_type}\r\nContent-Length: 100\r\n\r\n{{"
        );
        let answer = String::from_utf8(town.server.send(head.as_bytes())).unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 "), "{target}: {answer}");
        assert!(answer.contains("nothing was changed"), "{target}: {answer}");
    }
}

impl Town {
    fn item_tag(&self, query: &str) -> String {
        let answer = self.server.get(&format!("/collections/parcels/items/2{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        answer.header("etag").unwrap().to_owned()
    }
}
