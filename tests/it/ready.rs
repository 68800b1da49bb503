//! Answers that are given again without a route: the same as the route's, and never of an older state.

use crate::edit_town::{Town, feature, square_at};
use crate::running::{Response, Server};

/// Tile of zoom 14 over the parcels, of all six, and one over the first point.
const PARCELS: &str = "/xyz/parcels/14/13489/6226.mvt";
const POINTS: &str = "/xyz/points/14/13535/6226.mvt";

/// The value of one of the server's counters.
fn count(town: &Town, name: &str) -> u64 {
    count_for(&town.server, "", name)
}

/// The same for whoever sends these headers.
pub fn count_for(server: &Server, headers: &str, name: &str) -> u64 {
    let metrics = String::from_utf8(repeated(server, "/metrics", headers, 1).remove(0)).unwrap();
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().parse().unwrap()
}

/// Head and body of the answer that `bytes` begin with, apart from the moment; and what follows them.
fn first_of(bytes: &[u8]) -> (Vec<u8>, &[u8]) {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&bytes[..end]).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let (body, rest) =
        bytes[end..].split_at(4 + length.map_or(0, |length| length.parse().unwrap()));
    let mut lines: Vec<&str> = head.lines().filter(|line| !line.starts_with("date:")).collect();
    lines.sort_unstable();
    ([lines.join("\n").as_bytes(), body].concat(), rest)
}

/// Head and body as they are sent, apart from the moment.
fn sent(town: &Town, target: &str, headers: &str) -> Vec<u8> {
    let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
    first_of(&town.server.send(request.as_bytes())).0
}

/// The answers to a target that is asked for so often over one connection, each without waiting for the last.
pub fn repeated(server: &Server, target: &str, headers: &str, times: usize) -> Vec<Vec<u8>> {
    answers(server, &format!("GET {target} HTTP/1.1\r\nHost: a\r\n{headers}\r\n"), times)
}

/// The same of any request.
fn answers(server: &Server, one: &str, times: usize) -> Vec<Vec<u8>> {
    let last = "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answers = server.send((one.repeat(times) + last).as_bytes());
    let mut rest = answers.as_slice();
    let bodies = (0..times).map(|_| {
        let (answer, after) = first_of(rest);
        rest = after;
        answer
    });
    bodies.collect()
}

fn named<'a>(answer: &'a Response, header: &str) -> &'a str {
    answer.header(header).unwrap()
}

#[test]
fn an_answer_is_the_same_when_it_is_given_again() {
    let town = Town::new();
    let zipped = town.server.ask("GET", PARCELS, &[("Accept-Encoding", "gzip")]);
    let unchanged =
        format!("Accept-Encoding: gzip\r\nIf-None-Match: {}\r\n", named(&zipped, "etag"));
    for (target, headers, status) in [
        (PARCELS, "", "200"),
        (PARCELS, "Accept-Encoding: gzip, br\r\n", "200"),
        (PARCELS, "Accept-Encoding: zstd\r\nOrigin: http://a\r\n", "200"),
        (PARCELS, unchanged.as_str(), "304"),
        (PARCELS, "Accept-Encoding: gzip\r\nIf-None-Match: \"other\"\r\n", "200"),
        ("/collections/parcels/tiles/WebMercatorQuad/14/6226/13489", "", "200"),
        ("/tiles/WebMercatorQuad/14/6226/13489", "", "200"),
        ("/xyz/parcels/14/0/0.mvt", "", "204"),
        ("/xyz/parcels/14/0/0.mvt", "If-None-Match: *\r\n", "304"),
    ] {
        let before = count(&town, "tuban_http_ready_total");
        let [first, second, third] = [0; 3].map(|_| sent(&town, target, headers));
        let head = String::from_utf8_lossy(&first);
        assert!(head.contains(&format!("http/1.1 {status}")), "{target} {headers}: {head}");
        assert!(first == second && second == third, "{target} {headers}");
        let given = count(&town, "tuban_http_ready_total") - before;
        assert_eq!(given, 2, "{target} {headers}: all but the first");
        // Without the end of the connection they are the same, and known by their bytes after the first.
        let before = count(&town, "tuban_http_repeated_total");
        for answer in repeated(&town.server, target, headers, 4) {
            let answer = String::from_utf8_lossy(&answer).into_owned();
            let without = head.replace("connection: close\n", "");
            assert_eq!(answer, without, "{target} {headers}");
        }
        let known = count(&town, "tuban_http_repeated_total") - before;
        assert_eq!(known, 3, "{target} {headers}: all but the first");
    }
}

/// Asks a question three times, of which the answer was given again so often; then over one connection, where it
/// is known by its bytes after the first if it was given again at all.
#[track_caller]
fn check_question(town: &Town, request: &str, expected: u64) {
    let before = count(town, "tuban_http_ready_total");
    let [first, second, third] = [0; 3].map(|_| {
        let answer = town.server.send(request.as_bytes());
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let lines = answer.split("\r\n").filter(|line| !line.to_lowercase().starts_with("date:"));
        lines.collect::<Vec<_>>().join("\n")
    });
    assert!(first.contains("HTTP/1.1 200"), "{request}: {first}");
    assert!(first == second && second == third, "{request}");
    let given = count(town, "tuban_http_ready_total") - before;
    assert_eq!(given, expected, "{request}");
    let before = count(town, "tuban_http_repeated_total");
    let answers = answers(&town.server, &request.replace("Connection: close\r\n", ""), 4);
    let body = first.rsplit_once("\n\n").unwrap().1;
    for answer in &answers {
        let answer = String::from_utf8_lossy(answer);
        assert!(answer.ends_with(body) || expected == 0, "{request}: {answer}");
    }
    let known = count(town, "tuban_http_repeated_total") - before;
    assert_eq!(known, if expected > 0 { 3 } else { 0 }, "{request}");
}

fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn questions_are_answered_again_until_something_changes() {
    let town = Town::new();
    let get =
        |target: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let count_all = post("/search", r#"{"collections":["parcels"],"return":"count"}"#);
    for (request, given) in [
        // Kept when it is asked for the second time.
        (count_all.clone(), 1),
        (post("/collections/parcels/search", r#"{"return":"ids"}"#), 1),
        // A cursor lives for a time.
        (post("/collections/parcels/search", r#"{"return":"ids","limit":2}"#), 0),
        (post("/join", r#"{"first":"parcels","second":"parcels","predicate":"touches"}"#), 1),
        (get("/rules/parcel_overlap?date=2026-01-01"), 1),
        (get("/collections"), 0),
    ] {
        check_question(&town, &request, given);
    }
    let kept_alive = count_all.replace("Connection: close\r\n", "");
    let before = answers(&town.server, &kept_alive, 2);
    let edit = feature("{}", &square_at(116.401, 39.601));
    assert_eq!(town.change("PATCH", "parcels/items/1", &[], &edit).status, 204);
    check_question(&town, &count_all, 2);
    // Its revision is another.
    assert!(answers(&town.server, &kept_alive, 2).iter().all(|answer| *answer != before[0]));
}

#[test]
fn a_question_that_is_known_is_asked_of_the_state_of_now() {
    let town = Town::new();
    let kept_alive = |request: String| request.replace("Connection: close\r\n", "");
    let metrics = ["tuban_http_anew_total", "tuban_http_repeated_total"];
    for (path, body, is_known) in [
        // Read where it came in, and by other threads.
        ("/collections/parcels/search", r#"{"return":"ids","bbox":1}"#, false),
        ("/collections/parcels/search", r#"{"return":"ids"}"#, true),
        ("/search", r#"{"collections":["parcels"],"return":"count"}"#, true),
        ("/join", r#"{"first":"parcels","second":"parcels","predicate":"touches"}"#, true),
        ("/cluster", r#"{"collection":"parcels","distance":50,"minSize":2}"#, true),
    ] {
        let request = kept_alive(post(path, body));
        let asked = |expected: [u64; 2]| {
            let before = metrics.map(|name| count(&town, name));
            let answers = answers(&town.server, &request, 3);
            assert!(answers.windows(2).all(|two| two[0] == two[1]), "{body}");
            let after = metrics.map(|name| count(&town, name));
            let grown = [0, 1].map(|at| after[at] - before[at]);
            assert_eq!(grown, if is_known { expected } else { [0, 0] }, "{body}");
            answers[0].clone()
        };
        // Kept when it was asked for the second time.
        let first = asked([0, 1]);
        for step in 1..3 {
            let edit = feature("{}", &square_at(116.401 + f64::from(step) * 1e-4, 39.601));
            assert_eq!(town.change("PATCH", "parcels/items/1", &[], &edit).status, 204);
            let anew = asked([1, 2]);
            assert!(anew != first || !is_known, "{body}: its revision is another");
            // The same question in other bytes is answered by its route.
            let other = kept_alive(post(path, &format!("{body} ")));
            assert_eq!(answers(&town.server, &other, 1)[0], anew, "{body}");
        }
    }
}

#[test]
fn what_one_asked_anew_is_given_to_others_who_ask_the_same() {
    let town = Town::new();
    let body = r#"{"collections":["parcels"],"return":"count"}"#;
    let asked = ["one", "other"].map(|agent| {
        let request = post("/search", body).replace("Connection: close", "Connection: keep-alive");
        request.replace("Host: a", &format!("Host: a\r\nUser-Agent: {agent}"))
    });
    let by_turns = || {
        let all = [0, 1, 0, 1].map(|who: usize| answers(&town.server, &asked[who], 1).remove(0));
        assert!(all.windows(2).all(|two| two[0] == two[1]));
        all[0].clone()
    };
    let first = by_turns();
    let edit = feature("{}", &square_at(116.401, 39.601));
    assert_eq!(town.change("PATCH", "parcels/items/1", &[], &edit).status, 204);
    let before = count(&town, "tuban_http_anew_total");
    assert_ne!(by_turns(), first);
    assert_eq!(count(&town, "tuban_http_anew_total") - before, 1);
}

#[test]
fn what_is_given_again_is_counted_as_what_it_is() {
    let town = Town::new();
    let first = town.server.get(PARCELS);
    town.server.get(PARCELS);
    let tag = [("If-None-Match", named(&first, "etag"))];
    town.server.ask("GET", PARCELS, &tag);
    let names = [
        "tuban_tile_cache_hits_total",
        "tuban_http_requests_total{status=\"3xx\"}",
        "tuban_http_ready_total",
    ];
    let before = names.map(|name| count(&town, name));
    for _ in 0..5 {
        town.server.get(PARCELS);
        town.server.ask("GET", PARCELS, &tag);
    }
    let after = names.map(|name| count(&town, name));
    let grown: Vec<u64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
    assert_eq!(grown, [5, 5, 10]);
}

#[test]
fn nothing_of_an_older_state_is_given_again() {
    let town = Town::new();
    let [parcels, points] = [PARCELS, POINTS].map(|target| {
        town.server.get(target);
        town.server.get(target)
    });
    let tag = [("If-None-Match", named(&parcels, "etag"))];
    let far = [("If-None-Match", named(&points, "etag"))];
    for _ in 0..2 {
        assert_eq!(town.server.ask("GET", PARCELS, &tag).status, 304);
        assert_eq!(town.server.ask("GET", POINTS, &far).status, 304);
    }
    let edit = feature("{}", &square_at(116.401, 39.601));
    assert_eq!(town.change("PATCH", "parcels/items/1", &[], &edit).status, 204);
    let revision = town.revision().to_string();
    for _ in 0..2 {
        let changed = town.server.ask("GET", PARCELS, &tag);
        assert_eq!(changed.status, 200, "the tag is that of the state before");
        assert_ne!(changed.body, parcels.body);
        assert_eq!(town.server.get(PARCELS).body, changed.body);
        assert_eq!(named(&changed, "tuban-revision"), revision);
        // Nothing happened there, but the state is another.
        let far = town.server.ask("GET", POINTS, &far);
        assert_eq!((far.status, named(&far, "tuban-revision")), (304, revision.as_str()));
        assert_eq!(town.server.get(POINTS).body, points.body);
    }
}

#[test]
fn a_request_that_is_known_by_its_bytes_is_answered_by_the_state_of_now() {
    let town = Town::new();
    let ask = |expected: u64| {
        let before = count(&town, "tuban_http_repeated_total");
        let answers = repeated(&town.server, PARCELS, "", 3);
        assert!(answers.windows(2).all(|two| two[0] == two[1]));
        assert_eq!(count(&town, "tuban_http_repeated_total") - before, expected);
        answers[0].clone()
    };
    // The first makes the answer, the second finds it ready, the third is known.
    let first = ask(1);
    assert_eq!(ask(3), first);
    let edit = feature("{}", &square_at(116.401, 39.601));
    assert_eq!(town.change("PATCH", "parcels/items/1", &[], &edit).status, 204);
    let changed = ask(1);
    assert_ne!(changed, first);
    assert_eq!(ask(3), changed);
}

#[test]
fn what_a_query_selects_is_answered_by_its_route() {
    let town = Town::new();
    for _ in 0..2 {
        town.server.get(PARCELS);
    }
    let before = count(&town, "tuban_http_ready_total");
    let some = format!("{PARCELS}?ids=1");
    for _ in 0..2 {
        assert_ne!(town.server.get(&some).body, town.server.get(PARCELS).body);
        assert_eq!(town.server.get(&format!("{PARCELS}?what=1")).status, 400);
        assert_eq!(town.server.ask("HEAD", PARCELS, &[]).body, b"");
    }
    assert_eq!(count(&town, "tuban_http_ready_total") - before, 2, "the plain ones alone");
}
