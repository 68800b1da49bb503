//! Accounts over the real binary: who may ask, by what token, and what the change log says of it.

use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use crate::edit_town::{Town, check_refusal, feature, square};
use crate::ready::{count_for, repeated};
use crate::running::{Answer, Response, Server, run};

/// Tile of zoom 14 over the parcels.
const TILE: &str = "/xyz/parcels/14/13489/6226.mvt";
const PATCH: &str = r#"{"properties":{"floors":7}}"#;
const JSON: &str = "application/json";

pub fn user(folder: &Path, arguments: &[&str]) -> Answer {
    let [action, rest @ ..] = arguments else { panic!("no action") };
    let done = run(folder, &[&["user", action, "town.gpkg"], rest].concat());
    assert_eq!(done.code, 0, "{arguments:?}: {}", done.err);
    done
}

/// A new token of an account.
pub fn token(folder: &Path, name: &str, arguments: &[&str]) -> String {
    let done = user(folder, &[&["token", name], arguments].concat());
    let token = done.out.trim().to_owned();
    assert!(token.starts_with("tuban_") && token.len() == 70, "{token}");
    assert!(!done.err.contains(&token), "the token stands on standard output alone");
    token
}

/// A town with one account, `zhang` of a town office, and a token of it.
fn town_of_zhang(settings: &str) -> (Town, String) {
    let town = Town::with_settings(settings);
    let place = town.folder.path();
    user(place, &["add", "zhang", "--role", "town", "--unit", "110115001"]);
    let token = token(place, "zhang", &[]);
    (town, token)
}

pub fn get(server: &Server, target: &str, token: &str) -> Response {
    server.ask("GET", target, &[("Authorization", &format!("Bearer {token}"))])
}

fn change(town: &Town, token: &str) -> Response {
    town.change("PATCH", "parcels/items/2", &[("Authorization", &format!("Bearer {token}"))], PATCH)
}

fn check_denied(answer: &Response, status: u16, code: &str, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
    assert_eq!(answer.json()["code"], code, "{what}");
    let challenge = match code {
        "token_required" => Some("Bearer realm=\"Tuban\""),
        _ if status == 401 => Some("Bearer realm=\"Tuban\", error=\"invalid_token\""),
        _ => None,
    };
    assert_eq!(answer.header("www-authenticate"), challenge, "{what}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
}

/// Paths of every sort that tell of the store.
const READS: [&str; 9] = [
    "/?f=json",
    "/collections",
    "/collections/parcels/items/1",
    "/styles/all",
    "/changes",
    "/changes/stream",
    "/fences",
    "/metrics",
    TILE,
];

#[test]
fn from_the_first_account_on_every_request_needs_a_token() {
    let town = Town::new();
    let place = town.folder.path();
    assert_eq!(change(&town, "").status, 204, "without accounts there is one actor");
    let warm = town.server.get(TILE);
    assert_eq!(town.server.get(TILE).status, 200);
    let mut open = TcpStream::connect(town.server.address).unwrap();
    let request = format!("GET /changes/stream HTTP/1.1\r\nHost: {}\r\n\r\n", town.server.address);
    std::io::Write::write_all(&mut open, request.as_bytes()).unwrap();

    let added = user(place, &["add", "zhang", "--role", "town", "--unit", "110115001"]);
    assert!(added.err.contains("needs a token"), "{}", added.err);
    open.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut heard = Vec::new();
    open.read_to_end(&mut heard).unwrap();
    assert!(heard.starts_with(b"HTTP/1.1 200"), "an open stream has ended");

    let tag = [("If-None-Match", warm.header("etag").unwrap())];
    for target in READS {
        check_denied(&town.server.get(target), 401, "token_required", target);
        check_denied(&town.server.ask("GET", target, &tag), 401, "token_required", target);
    }
    check_denied(&change(&town, ""), 401, "token_required", "an empty token");
    check_denied(&change(&town, "x"), 401, "token_unknown", "no token");
    let patch = town.change("PATCH", "parcels/items/2", &[], PATCH);
    check_denied(&patch, 401, "token_required", "an edit");
    for (target, body) in [
        ("/transactions", r#"{"changes":[]}"#),
        ("/fences", "{}"),
        ("/collections/parcels/search", r#"{"return":"count"}"#),
        ("/nowhere", "{}"),
    ] {
        check_denied(&town.server.post(target, body), 401, "token_required", target);
    }
    // In their own form to clients of facades.
    let wmts = town.server.get("/wmts?SERVICE=WMTS&REQUEST=GetCapabilities");
    assert_eq!((wmts.status, wmts.header("content-type")), (401, Some("application/xml")));
    // What asks for a token, and what watches the server, needs none.
    for (target, accept) in [("/", "text/html"), ("/viewer/access.js", "*/*"), ("/health", "*/*")] {
        let answer = town.server.ask("GET", target, &[("Accept", accept)]);
        assert_eq!(answer.status, 200, "{target}");
    }
    let preflight = [("Origin", "http://a"), ("Access-Control-Request-Method", "GET")];
    assert_eq!(town.server.ask("OPTIONS", "/collections", &preflight).status, 204);

    let token = token(place, "zhang", &["--label", "QGIS"]);
    for target in READS.iter().filter(|target| !target.ends_with("stream")) {
        let answer = get(&town.server, target, &token);
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        let control = answer.header("cache-control").unwrap_or_default();
        assert!(control.contains("private") || control == "no-store", "{target}: {control}");
    }
    let account = get(&town.server, "/account", &token).json();
    assert_eq!(account["name"], "zhang");
    assert_eq!((&account["role"], &account["unit"]), (&"town".into(), &"110115001".into()));
    assert_eq!(change(&town, &token).status, 204);
    // A new server knows no more than the old one.
    let town = town.restarted();
    check_denied(&town.server.get(TILE), 401, "token_required", "after a restart");
    assert_eq!(get(&town.server, TILE, &token).body, warm.body);
}

#[test]
fn a_token_is_refused_for_what_is_wrong_with_it_at_once() {
    let (town, token) = town_of_zhang("");
    let place = town.folder.path();
    let with = |target: &str| get(&town.server, target, &token);
    assert_eq!(with(TILE).status, 200);
    let other = format!("tuban_{}", "0".repeat(64));
    for unknown in [other.as_str(), &token[1..], &token.to_uppercase(), "x", &"tuban_".repeat(99)] {
        for target in [TILE, "/collections", "/nowhere"] {
            check_denied(&get(&town.server, target, unknown), 401, "token_unknown", unknown);
            let in_url = town.server.get(&format!("{target}?token={unknown}"));
            check_denied(&in_url, 401, "token_unknown", unknown);
            assert!(!in_url.text().contains(unknown) || unknown == "x", "{}", in_url.text());
        }
    }
    let basic = town.server.ask("GET", TILE, &[("Authorization", "Basic emhhbmc6eA==")]);
    check_denied(&basic, 401, "token_required", "another scheme");

    let mut stream = TcpStream::connect(town.server.address).unwrap();
    let head = format!("GET /changes/stream?token={token} HTTP/1.1\r\nHost: a\r\n\r\n");
    std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
    user(place, &["disable", "zhang"]);
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).unwrap();
    assert!(heard.starts_with(b"HTTP/1.1 200"), "the stream ends with the account");
    for target in [TILE, "/collections", "/changes/stream"] {
        check_denied(&with(target), 401, "account_disabled", target);
    }
    check_denied(&change(&town, &token), 401, "account_disabled", "an edit");
    user(place, &["enable", "zhang"]);
    assert_eq!(with(TILE).status, 200);

    let second = self::token(place, "zhang", &["--for-good"]);
    user(place, &["revoke", "1"]);
    check_denied(&with(TILE), 401, "token_revoked", "revoked");
    check_denied(&change(&town, &token), 401, "token_revoked", "revoked");
    assert_eq!(get(&town.server, TILE, &second).status, 200, "the other one stays");
    user(place, &["revoke", "--all", "zhang"]);
    check_denied(&get(&town.server, TILE, &second), 401, "token_revoked", "all of them");

    // A token whose time runs out while it is used.
    let third = self::token(place, "zhang", &["--days", "1"]);
    assert_eq!(get(&town.server, TILE, &third).status, 200);
    let soon = "UPDATE tuban_tokens SET expires = (unixepoch() + 2) * 1000 WHERE id = 3";
    rusqlite::Connection::open(place.join("town.gpkg")).unwrap().execute_batch(soon).unwrap();
    user(place, &["set", "zhang", "--display-name", "张三"]);
    let mut stream = TcpStream::connect(town.server.address).unwrap();
    let head = format!("GET /changes/stream?token={third} HTTP/1.1\r\nHost: a\r\n\r\n");
    std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    check_denied(&get(&town.server, TILE, &third), 401, "token_expired", "expired");
}

#[test]
fn a_change_carries_the_account_and_no_other_author() {
    let (town, token) = town_of_zhang("");
    let authorization = format!("Bearer {token}");
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", JSON)];
    assert_eq!(change(&town, &token).status, 204);
    let transact = |author: &str| {
        let feature = feature(r#"{"code":"P9"}"#, &square(9));
        let body = format!(
            r#"{{{author}"changes":[{{"collection":"parcels","op":"insert","feature":{feature}}}]}}"#
        );
        town.server.change("POST", "/transactions", &headers, &body)
    };
    for author in [r#""author":"li","#, r#""actor":"local","#] {
        check_refusal(&transact(author), 403, "author_differs", author);
    }
    assert_eq!(transact(r#""author":"zhang","#).status, 200);
    let fence = r#"{"name":"a","geometry":{"type":"Polygon","coordinates":[[[116,39],[117,39],[117,40],[116,39]]]}}"#;
    let fence = town.server.change("POST", "/fences", &headers, fence);
    assert_eq!((fence.status, &fence.json()["author"]), (201, &"zhang".into()), "{}", fence.text());

    let changes = get(&town.server, "/changes", &token).json();
    let authors: Vec<_> = changes["changes"].as_array().unwrap().iter().rev().take(2).collect();
    assert!(authors.iter().all(|change| change["author"] == "zhang"), "{authors:?}");
    let history =
        get(&town.server, "/collections/parcels/items/2/history", &token).text().to_owned();
    assert!(history.contains("\"zhang\"") && history.contains("\"local\""), "{history}");
}

#[test]
fn a_role_does_what_it_may() {
    let settings = "[accounts]\neditors = [\"town\"]\n[ledger]\nlate_hours = 24\n";
    let (town, token) = town_of_zhang(settings);
    let place = town.folder.path();
    let revision = town.revision();
    for role in ["grid_worker", "reader", "administrator"] {
        user(place, &["add", role, "--role", role]);
        let token = self::token(place, role, &[]);
        let authorization = format!("Bearer {token}");
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", JSON)];
        check_denied(&change(&town, &token), 403, "role_may_not", role);
        for (method, target) in
            [("POST", "/transactions"), ("POST", "/fences"), ("DELETE", "/fences/1")]
        {
            let answer = town.server.change(method, target, &headers, "{}");
            check_denied(&answer, 403, "role_may_not", target);
            assert!(answer.text().contains(role), "{}", answer.text());
        }
        // A question is none.
        let count = town.server.change(
            "POST",
            "/search",
            &headers,
            r#"{"collections":["parcels"],"return":"count"}"#,
        );
        assert_eq!(count.status, 200, "{}", count.text());
        assert_eq!(get(&town.server, TILE, &token).status, 200, "{role}");
    }
    assert_eq!(town.revision(), revision);
    assert_eq!(change(&town, &token).status, 204);
    user(place, &["set", "zhang", "--role", "reader"]);
    check_denied(&change(&town, &token), 403, "role_may_not", "another role by now");
}

#[test]
fn a_token_in_a_url_goes_no_further() {
    let (town, token) = town_of_zhang("");
    let by_url = |target: &str| {
        let mark = if target.contains('?') { '&' } else { '?' };
        town.server.get(&format!("{target}{mark}token={token}"))
    };
    let tile = by_url(TILE);
    assert_eq!(tile.status, 200);
    assert_eq!(tile.body, get(&town.server, TILE, &token).body);
    assert_eq!(tile.header("etag"), get(&town.server, TILE, &token).header("etag"));
    assert_eq!(tile.header("referrer-policy"), Some("no-referrer"));
    let upper = town.server.get(&format!("{TILE}?TOKEN={token}"));
    assert_eq!(upper.body, tile.body, "as clients of KVP write it");
    let both = town.server.ask(
        "GET",
        &format!("{TILE}?token=x"),
        &[("Authorization", &format!("Bearer {token}"))],
    );
    assert_eq!(both.status, 200, "the header counts");

    for target in [
        "/?f=json",
        "/collections",
        "/collections/parcels/items?limit=1",
        "/collections/parcels/items?limit=1&f=html",
        "/collections/parcels",
        "/tiles",
        "/api",
        "/account",
        "/fences",
    ] {
        let answer = by_url(target);
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        let text = answer.text();
        assert!(!text.contains("tuban_") && !text.contains("token=tu"), "{target}: {text}");
    }
    // But where the reader is led on to tiles and cannot send headers there either.
    let pointed = format!("/{{z}}/{{x}}/{{y}}.mvt?token={token}");
    for target in ["/xyz/parcels/tilejson.json", "/styles/parcels?client=qgis"] {
        let text = by_url(target).text().to_owned();
        assert!(text.contains(&pointed), "{target}: {text}");
        let text = get(&town.server, target, &token).text().to_owned();
        assert!(!text.contains(&token), "{target}: {text}");
    }
    let capabilities = by_url("/wmts/1.0.0/WMTSCapabilities.xml").text().to_owned();
    for part in [format!("/wmts?token={token}&amp;"), format!("{{TileCol}}.mvt?token={token}\"")] {
        assert!(capabilities.contains(&part), "{part} in {capabilities}");
    }
    let tilejson = by_url("/xyz/parcels/tilejson.json?labels=true").json();
    let url = tilejson["tiles"][0].as_str().unwrap();
    assert!(url.ends_with(&format!("?labels=true&token={token}")), "{url}");
    let refused = by_url("/collections/parcels/items?limits=1");
    assert_eq!((refused.status, refused.text().contains(&token)), (400, false));

    let (ended, log) = town.server.terminate();
    assert!(ended && !log.contains("tuban_"), "{log}");
    let bytes = std::fs::read(town.folder.path().join("town.gpkg")).unwrap();
    let secret = &token.as_bytes()[6..];
    let found = bytes.windows(secret.len()).any(|window| window == secret);
    assert!(!found, "the store keeps the hash alone");
}

#[test]
fn what_is_ready_is_given_to_who_may_read_alone() {
    let (town, token) = town_of_zhang("[tiles]\nmax_age_seconds = 60\n");
    let place = town.folder.path();
    user(place, &["add", "li", "--role", "reader"]);
    let other = self::token(place, "li", &[]);
    let ready = || {
        let metrics = get(&town.server, "/metrics", &token);
        let line = metrics.text().lines().find_map(|l| l.strip_prefix("tuban_http_ready_total "));
        line.unwrap().parse::<u64>().unwrap()
    };
    let before = ready();
    let first = get(&town.server, TILE, &token);
    assert_eq!(first.header("cache-control"), Some("private, max-age=60"));
    for again in [get(&town.server, TILE, &token), get(&town.server, TILE, &other)] {
        assert_eq!((again.status, &again.body), (200, &first.body));
        assert_eq!(again.header("cache-control"), first.header("cache-control"));
    }
    assert_eq!(town.server.get(&format!("{TILE}?token={other}")).body, first.body);
    assert_eq!(ready() - before, 3, "whoever reads gets what another one asked for");

    let etag = first.header("etag").unwrap();
    let unchanged = |token: &str| {
        let authorization = format!("Bearer {token}");
        let headers = [("If-None-Match", etag), ("Authorization", authorization.as_str())];
        town.server.ask("GET", TILE, &headers)
    };
    assert_eq!([0; 2].map(|_| unchanged(&token).status), [304, 304]);
    check_denied(&town.server.get(TILE), 401, "token_required", "nobody");
    let tag = [("If-None-Match", etag)];
    check_denied(&town.server.ask("GET", TILE, &tag), 401, "token_required", "nobody");
    check_denied(&unchanged("x"), 401, "token_unknown", "nobody's token");
    user(place, &["revoke", "2"]);
    check_denied(&unchanged(&other), 401, "token_revoked", "revoked");
    check_denied(&get(&town.server, TILE, &other), 401, "token_revoked", "revoked");
    assert_eq!(unchanged(&token).status, 304);
}

#[test]
fn a_request_that_is_known_by_its_bytes_is_of_who_may_read_now() {
    let town = Town::new();
    let (place, anybody) = (town.folder.path(), String::new());
    let check = |headers: &str, status: u16| {
        for answer in repeated(&town.server, TILE, headers, 3) {
            let begin = String::from_utf8_lossy(&answer);
            assert!(begin.contains(&format!("http/1.1 {status}")), "{headers}: {begin}");
        }
    };
    check(&anybody, 200);
    user(place, &["add", "zhang", "--role", "town", "--unit", "110115001"]);
    check(&anybody, 401);
    let bearer = || format!("Authorization: Bearer {}\r\n", token(place, "zhang", &[]));
    let (one, other) = (bearer(), bearer());
    let known = || count_for(&town.server, &one, "tuban_http_repeated_total");
    let before = known();
    check(&one, 200);
    check(&other, 200);
    // All but the first of each: the answer was ready, and whose bytes these are was not known.
    assert_eq!(known() - before, 4);
    let question = |headers: &str, status: u16| {
        for answer in repeated(&town.server, "/rules/parcel_overlap?date=2026-01-01", headers, 3) {
            let begin = String::from_utf8_lossy(&answer);
            assert!(begin.contains(&format!("http/1.1 {status}")), "{headers}: {begin}");
        }
    };
    question(&one, 200);
    question(&other, 200);
    user(place, &["revoke", "2"]);
    check(&one, 200);
    check(&other, 401);
    check(&anybody, 401);
    question(&other, 401);
    question(&one, 200);
    // What was known is of an earlier state now; whoever asks is looked at before it is asked again.
    let authorization = one.trim().trim_start_matches("Authorization: ");
    let edit = || {
        let headers =
            [("Authorization", authorization), ("Content-Type", "application/merge-patch+json")];
        let path = "/collections/parcels/items/1";
        let edited = town.server.change("PATCH", path, &headers, PATCH);
        assert_eq!(edited.status, 204, "{}", edited.text());
    };
    let anew = || count_for(&town.server, &one, "tuban_http_anew_total");
    let before = anew();
    edit();
    question(&other, 401);
    assert_eq!(anew() - before, 0);
    question(&one, 200);
    assert_eq!(anew() - before, 1);
    edit();
    user(place, &["disable", "zhang"]);
    check(&one, 401);
    question(&one, 401);
}

#[test]
fn a_public_server_is_read_by_everyone_and_changed_by_accounts() {
    // What is listed is there for everyone, and nothing else.
    let listed = tempfile::NamedTempFile::new().unwrap();
    let fields = "[\"ZDDM\", \"floors\", \"JZMJ\"]";
    let list =
        format!("least_count = 5\n[[collections]]\ncollection = \"parcels\"\nfields = {fields}\n");
    std::fs::write(listed.path(), list).unwrap();
    let settings = format!(
        "[server]\npublic = true\n[accounts]\npublic = {:?}\n",
        listed.path().to_str().unwrap()
    );
    let (town, token) = town_of_zhang(&settings);
    // Edits are offered from the start where there are accounts.
    let town = town.restarted();
    // Fences are of the whole store.
    let is_whole = |target: &&&str| target.ends_with("stream") || **target == "/fences";
    for target in READS.iter().filter(|target| !is_whole(target)) {
        let answer = town.server.get(target);
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        let control = answer.header("cache-control").unwrap_or_default();
        assert!(!control.contains("private"), "{target}: {control}");
    }
    let patch = town.change("PATCH", "parcels/items/2", &[], PATCH);
    check_denied(&patch, 401, "token_required", "an edit");
    check_denied(&town.server.get("/account"), 401, "token_required", "/account");
    assert_eq!(change(&town, &token).status, 204);
    let api = town.server.get("/api").json();
    let needs = |path: &str, method: &str| api["paths"][path][method]["security"].clone();
    for (path, method, open) in [
        ("/collections", "get", true),
        ("/search", "post", true),
        ("/collections/{collectionId}/search", "post", true),
        ("/transactions", "post", false),
        ("/fences/{fenceId}", "delete", false),
        ("/account", "get", false),
    ] {
        let needs = needs(path, method);
        let needs = needs.as_array().unwrap_or_else(|| panic!("{method} {path}"));
        assert_eq!(needs.contains(&serde_json::json!({})), open, "{method} {path}: {needs:?}");
    }
    assert_eq!(api["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    // Whoever shows a token wants it to count.
    check_denied(&get(&town.server, TILE, "x"), 401, "token_unknown", "a read");
    check_denied(&change(&town, "x"), 401, "token_unknown", "an edit");
}

#[test]
fn a_store_with_accounts_may_be_served_elsewhere() {
    let town = Town::new();
    // Taken already, so that nothing is ever reached from outside.
    let elsewhere = format!("0.0.0.0:{}", town.server.address.port());
    let serve = |place: &Path| run(place, &["serve", "town.gpkg", "--listen", &elsewhere]);
    let refused = serve(town.folder.path());
    assert!(refused.code == 1 && refused.err.contains("tuban user add"), "{}", refused.err);
    user(town.folder.path(), &["add", "zhang", "--role", "administrator"]);
    let tried = serve(town.folder.path());
    assert!(tried.code == 1 && tried.err.contains("cannot listen on"), "{}", tried.err);
}

#[test]
fn accounts_are_kept_by_commands_with_a_server_and_without() {
    let town = Town::new();
    let check = |place: &Path, name: &str| {
        user(place, &["add", name, "--role", "town", "--display-name", "张三"]);
        user(place, &["scope", name, "110115001001", "--from", "2026-01-01"]);
        user(place, &["scope", name, "110115001001", "--end", "2026-06-30"]);
        user(place, &["scope", name, "110115001002", "--from", "2026-01-01", "--to", "2099-12-31"]);
        user(place, &["token", name, "--until", "2099-12-31", "--label", "phone"]);
        let listed = user(place, &["list", "--json"]).out;
        assert!(!listed.contains("tuban_") && !listed.contains("hash"), "{listed}");
        let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
        let all = listed["accounts"].as_array().unwrap();
        let account = all.iter().find(|account| account["name"] == name).unwrap();
        assert_eq!((&account["displayName"], &account["unit"]), (&"张三".into(), &().into()));
        let scope = account["scope"].to_string();
        assert!(
            scope.contains(r#""to":"2026-06-30""#) && scope.contains("110115001002"),
            "{scope}"
        );
        let token = &account["tokens"][0];
        assert_eq!((&token["label"], &token["state"]), (&"phone".into(), &"valid".into()));
        assert_eq!(token["expires"], "2099-12-31T16:00:00.000Z", "the end of the day in Shanghai");
        let shown = user(place, &["list"]).out;
        assert!(
            shown.contains(name) && shown.contains("phone") && shown.contains("张三"),
            "{shown}"
        );
        let log = user(place, &["log", name]).out;
        assert_eq!(log.lines().count(), 5, "{log}");
        assert!(log.lines().all(|line| line.contains("local")), "{log}");
        for (arguments, code, part) in [
            (&["add", "town.gpkg", name, "--role", "town"][..], 1, "exists already"),
            (&["add", "town.gpkg", "Li", "--role", "town"], 2, "small letter"),
            (&["add", "town.gpkg", "local", "--role", "town"], 2, "means others"),
            (&["add", "town.gpkg", "li", "--role", "mayor"], 1, "grid_worker"),
            (&["set", "town.gpkg", name], 2, "--role"),
            (&["set", "town.gpkg", name, "--unit", "1 1"], 1, "unit"),
            (&["token", "town.gpkg", "wang"], 1, "no account \"wang\""),
            (&["token", "town.gpkg", name, "--until", "2020-01-01"], 1, "expire before"),
            (&["token", "town.gpkg", name, "--days", "0"], 2, "3650"),
            (&["revoke", "town.gpkg", "999"], 1, "no token 999"),
            (&["revoke", "town.gpkg", "tuban_abc"], 2, "not the token itself"),
            (&["scope", "town.gpkg", name, "1", "--from", "2026-02-30"], 2, "is no day"),
            (&["scope", "town.gpkg", name, "1", "--end", "2026-02-28"], 1, "not given area"),
            (&["list", "nothing.gpkg"], 1, "nothing.gpkg"),
        ] {
            let answer = run(place, &[&["user"], arguments].concat());
            assert_eq!(answer.code, code, "{arguments:?}: {}", answer.err);
            assert!(answer.err.contains(part), "{arguments:?}: {part:?} in {}", answer.err);
        }
    };
    check(town.folder.path(), "with");
    let token = token(town.folder.path(), "with", &[]);
    let account = get(&town.server, "/account", &token).json();
    assert_eq!(account["scope"].as_array().unwrap().len(), 2, "{account}");
    assert_eq!(account["areas"], serde_json::json!(["110115001002"]), "those of today");
    let Town { server, folder } = town;
    assert!(server.terminate().0);
    check(folder.path(), "without");
    let verified = run(folder.path(), &["verify", "town.gpkg"]);
    assert_eq!(verified.code, 0, "{}", verified.out);
}
