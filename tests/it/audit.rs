//! The audit log and the three administrators over the real binary: who reads what, who changes
//! which account, and that whatever is done to the log or to evidence is found.

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::accounts::{get, token, user};
use crate::areas_town::{Areas, SECRET};
use crate::edit_town::Town;
use crate::running::{Answer, Response, Server, run};

/// A town with one account a role, and a token of each in this order.
fn staffed(roles: &[&str]) -> (Town, Vec<String>) {
    let town = Town::new();
    let place = town.folder.path();
    for role in roles {
        user(place, &["add", role, "--role", role]);
    }
    let tokens = roles.iter().map(|role| token(place, role, &[])).collect();
    (town, tokens)
}

fn post(server: &Server, token: &str, body: &Value) -> Response {
    let authorization = format!("Bearer {token}");
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
    server.change("POST", "/accounts", &headers, &body.to_string())
}

/// Rows of the log, as the auditor reads them.
fn rows(server: &Server, token: &str, query: &str) -> Vec<Value> {
    let answer = get(server, &format!("/audit?limit=1000{query}"), token);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()["rows"].as_array().unwrap().clone()
}

/// Letters of what a token may read: d data, t tiles, s service, a accounts, l audit log.
fn reads(server: &Server, token: &str) -> String {
    let tile = "/xyz/parcels/14/13489/6226.mvt";
    let paths = [
        ("d", "/collections/parcels/items"),
        ("t", tile),
        ("s", "/metrics"),
        ("a", "/accounts"),
        ("l", "/audit"),
    ];
    let mut letters = String::new();
    for (letter, path) in paths {
        let answer = get(server, path, token);
        match answer.status {
            200 => letters.push_str(letter),
            403 => assert_eq!(answer.json()["code"], "role_may_not", "{path}"),
            other => panic!("{path}: {other}"),
        }
    }
    letters
}

#[test]
fn each_administrator_reads_and_does_a_part() {
    let roles = [
        "district",
        "reader",
        "administrator",
        "system_administrator",
        "security_administrator",
        "auditor",
    ];
    let (town, tokens) = staffed(&roles);
    let server = &town.server;
    let expected = ["dts", "dts", "dtsa", "sa", "dta", "l"];
    for ((role, token), letters) in roles.iter().zip(&tokens).zip(expected) {
        // Twice: an answer that is ready is for those alone who may read.
        assert_eq!((reads(server, token), reads(server, token)), (letters.into(), letters.into()));
        let account = get(server, "/account", token).json();
        assert_eq!(
            (&account["role"], &account["mayEdit"]),
            (&json!(role), &json!(*role == "district"))
        );
    }
    let [_, _, _, system, security, auditor] = &tokens[..] else { panic!() };

    let made = post(server, system, &json!({ "change": "add", "name": "li", "unit": "110115001" }));
    assert_eq!(made.status, 200, "{}", made.text());
    let asked = |body| post(server, security, &body);
    let issued = asked(json!({ "change": "token", "name": "li", "label": "电话" }));
    assert_eq!(issued.status, 201, "{}", issued.text());
    let (li, number) = (issued.json()["token"].clone(), issued.json()["id"].clone());
    let li = li.as_str().unwrap();
    assert_eq!(reads(server, li), "", "no right yet");
    assert_eq!(asked(json!({ "change": "rights", "name": "li", "role": "town" })).status, 200);
    assert_eq!(reads(server, li), "dts");
    let grant = json!({ "change": "grant", "name": "li", "area": "110115001", "to": "2099-01-01" });
    assert_eq!(asked(grant).status, 200);
    assert_eq!(get(server, "/account", li).json()["areas"], json!(["110115001"]));

    // Nobody does the part of another, of an administrator, or an own one.
    for (token, body) in [
        (system, json!({ "change": "rights", "name": "li", "role": "city" })),
        (system, json!({ "change": "token", "name": "li" })),
        (system, json!({ "change": "disable", "name": "auditor" })),
        (system, json!({ "change": "name", "name": "system_administrator", "display_name": "x" })),
        (security, json!({ "change": "add", "name": "wu" })),
        (security, json!({ "change": "disable", "name": "li" })),
        (security, json!({ "change": "rights", "name": "li", "role": "auditor" })),
        (security, json!({ "change": "token", "name": "auditor" })),
        (security, json!({ "change": "rights", "name": "security_administrator", "role": "city" })),
        (auditor, json!({ "change": "add", "name": "wu" })),
        (&tokens[0], json!({ "change": "add", "name": "wu" })),
    ] {
        let refused = post(server, token, &body);
        assert_eq!(refused.status, 403, "{body}: {}", refused.text());
        assert_eq!(refused.json()["code"], "role_may_not", "{body}");
    }
    for body in [json!({ "change": "rights", "name": "li", "role": "king" }), json!({ "a": 1 })] {
        assert_eq!(asked(body).status, 400);
    }
    let log = rows(server, auditor, "&action=account");
    let refusals: Vec<_> = log.iter().filter(|row| row["result"] == "refused").collect();
    assert_eq!(refusals.len(), 12, "{refusals:#?}");
    assert!(refusals.iter().all(|row| row["ip"] == "127.0.0.1"), "{refusals:?}");
    let done = log.iter().find(|row| row["actor"] == "security_administrator").unwrap();
    assert_eq!((&done["object"], &done["result"]), (&json!("li"), &json!("done")));
    assert!(log.iter().all(|row| !row.to_string().contains(li)), "a token is in the log");

    // A token that is revoked stops at once.
    assert_eq!(asked(json!({ "change": "revoke", "token": number })).status, 200);
    let stopped = get(server, "/collections", li);
    assert_eq!((stopped.status, &stopped.json()["code"]), (401, &json!("token_revoked")));
}

#[test]
fn nobody_holds_two_of_the_three() {
    let (town, _) = staffed(&["auditor", "reader"]);
    let set = |name: &str, role: &str| {
        run(town.folder.path(), &["user", "set", "town.gpkg", name, "--role", role])
    };
    for role in ["system_administrator", "security_administrator", "administrator", "city"] {
        let refused = set("auditor", role);
        assert_eq!(refused.code, 1, "{role}");
        assert!(refused.err.contains("auditor"), "{}", refused.err);
    }
    let both = set("reader", "administrator");
    assert!(both.err.contains("separate administrators"), "{}", both.err);
    assert_eq!(set("reader", "security_administrator").code, 0);
    assert_ne!(set("reader", "auditor").code, 0);
}

#[test]
fn the_log_is_read_page_by_page_and_by_what_it_says() {
    let (town, tokens) = staffed(&["auditor", "system_administrator"]);
    let server = &town.server;
    let first = get(server, "/audit?limit=2", &tokens[0]).json();
    assert_eq!(first["numberReturned"], 2);
    let next = first["links"].as_array().unwrap().iter().find(|link| link["rel"] == "next");
    let next = next.unwrap()["href"].as_str().unwrap();
    let page = &next[next.find("/audit").unwrap()..];
    assert_eq!(get(server, page, &tokens[0]).json()["rows"][0]["seq"], 3);
    let own = rows(server, &tokens[0], "&actor=auditor");
    assert!(own.iter().all(|row| row["action"] == "read_audit" && row["role"] == "auditor"));
    assert_eq!(own.len(), 2);
    assert_eq!(rows(server, &tokens[0], "&until=2020-01-01").len(), 0);
    assert_eq!(rows(server, &tokens[0], "&from=2099-01-01T00:00:00Z").len(), 0);
    for odd in ["limit=0", "limit=1001", "after=-1", "from=x", "colour=red"] {
        let refused = get(server, &format!("/audit?{odd}"), &tokens[0]);
        assert_eq!((refused.status, &refused.json()["code"]), (400, &json!("invalid_parameter")));
    }
    // Where everyone reads, this is not for everyone.
    assert_eq!(server.get("/audit").status, 401);
}

fn verify(folder: &Path, more: &[&str]) -> Answer {
    run(folder, &[&["audit", "verify", "town.gpkg"], more].concat())
}

#[test]
fn tampering_with_a_row_or_the_end_of_the_log_is_found() {
    let (town, _) = staffed(&["auditor", "reader"]);
    let place = town.folder.path();
    let made = run(place, &["meeting", "key", "audit.key"]);
    assert_eq!(made.code, 0, "{}", made.err);
    // While it is served, too.
    let signed = run(place, &["audit", "head", "town.gpkg", "--key", "audit.key"]);
    assert_eq!(signed.code, 0, "{}", signed.err);
    assert!(signed.out.contains("row 4"), "{}", signed.out);
    let sound = verify(place, &["--key", "audit.key.pub"]);
    assert_eq!(sound.code, 0, "{}{}", sound.out, sound.err);
    assert!(sound.out.contains("cover rows up to 4"), "{}", sound.out);
    let listed = run(place, &["audit", "list", "town.gpkg", "--json"]);
    assert_eq!(listed.out.lines().count(), 4, "{}", listed.out);
    assert!(town.server.terminate().0);

    let path = place.join("town.gpkg");
    let whole = std::fs::read(&path).unwrap();
    for (sql, words) in [
        ("UPDATE tuban_audit SET object = 'wu' WHERE seq = 2", "row 2: its hash is not that"),
        ("DELETE FROM tuban_audit WHERE seq = 1", "row 1: row 1 is missing"),
        (
            "DELETE FROM tuban_audit WHERE seq = 4; UPDATE sqlite_sequence SET seq = 3 WHERE name \
             = 'tuban_audit'",
            "row 4: the head of",
        ),
    ] {
        let db = Connection::open(&path).unwrap();
        let refused = db.execute_batch(sql).unwrap_err().to_string();
        assert!(refused.contains("only grows"), "{refused}");
        db.execute_batch("DROP TRIGGER tuban_audit_stays; DROP TRIGGER tuban_audit_keeps").unwrap();
        db.execute_batch(sql).unwrap();
        drop(db);
        let found = verify(place, &[]);
        assert_eq!(found.code, 1, "{sql}: {}", found.out);
        assert!(found.out.contains(words), "{sql}: {}", found.out);
        assert_eq!(run(place, &["verify", "town.gpkg"]).code, 1, "{sql}");
        std::fs::write(&path, &whole).unwrap();
    }
    assert_eq!(run(place, &["meeting", "key", "other.key"]).code, 0);
    let other = verify(place, &["--key", "other.key.pub"]);
    assert_eq!(other.code, 1, "{}", other.out);
    assert!(other.out.contains("signed with another key"), "{}", other.out);
}

#[test]
fn who_guesses_tokens_waits_and_stands_in_the_log_once() {
    let (town, tokens) = staffed(&["auditor", "reader", "city"]);
    let server = &town.server;
    let [auditor, reader, city] = &tokens[..] else { panic!() };
    for token in [auditor, reader] {
        assert_eq!(get(server, "/account", token).status, 200);
    }
    let mut looked_up = 0;
    for number in 0..400 {
        let refused = get(server, "/collections", &format!("tuban_{number}"));
        match refused.status {
            401 => looked_up += 1,
            429 => {
                assert_eq!(refused.json()["code"], "too_many_requests");
                let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
                assert!((1..=61).contains(&wait), "{wait}");
            }
            other => panic!("{other}: {}", refused.text()),
        }
    }
    // One a pause of 1, 2, 4 … seconds, as far as the test took so long.
    assert!((100..=105).contains(&looked_up), "{looked_up}");
    // A token that was good from here still is; one that was never shown is not told from a guess.
    assert_eq!(get(server, "/collections", reader).status, 200);
    assert_eq!(get(server, "/collections", city).status, 429);
    // It is kept beside the answers.
    let mut log = rows(server, auditor, "&action=guess");
    for _ in 0..100 {
        if !log.is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        log = rows(server, auditor, "&action=guess");
    }
    assert_eq!(log.len(), 1, "{log:#?}");
    assert_eq!((&log[0]["ip"], &log[0]["count"]), (&json!("127.0.0.1"), &json!(100)));
    assert_eq!((&log[0]["actor"], &log[0]["result"]), (&json!(""), &json!("refused")));
}

#[test]
fn questions_about_fields_that_may_not_be_read_stand_in_the_log_and_add_up() {
    let store = Areas::new();
    let value = format!("%27{}%27", "%E5%AF%861");
    let asks = |target: String| {
        let answer = store.get(&store.first, &target);
        assert_eq!(answer.status, 403, "{target}: {}", answer.text());
        assert_eq!(answer.json()["code"], "field_not_readable", "{target}");
    };
    let log = |place: &Path| -> Vec<Value> {
        let rows = run(place, &["audit", "list", "s.gpkg", "--json", "--action", "refused_read"]);
        assert_eq!(rows.code, 0, "{}", rows.err);
        rows.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let place = store.town.folder.path().to_owned();
    let parcels = "/collections/parcels";
    let own = [
        format!("{parcels}/items?filter=note%3D{value}"),
        format!("{parcels}/items?sortby=-note"),
        format!("{parcels}/items?properties=note"),
        format!("{parcels}/items?note=x"),
        format!("{parcels}/items/3?properties=note"),
        format!("/xyz/parcels/14/13486/6218.mvt?filter=note%3D{value}"),
        "/xyz/parcels/14/13486/6218.mvt?properties=note".to_owned(),
        format!("{parcels}/tiles/WebMercatorQuad/14/6218/13486?filter=note%3D{value}"),
    ];
    let count = own.len();
    own.into_iter().for_each(asks);
    let mut all = count;
    for body in [
        r#"{"return":"features","filter":"note = '密1'"}"#,
        r#"{"return":"aggregate","aggregates":[{"op":"count"}],"groupBy":["note"]}"#,
        r#"{"return":"aggregate","aggregates":[{"op":"max","property":"note"}]}"#,
    ] {
        let answer = store.ask(&store.first, "POST", &format!("{parcels}/search"), body);
        assert_eq!(answer.status, 403, "{body}: {}", answer.text());
        all += 1;
    }
    // What cannot be asked by is not offered, and words are not looked for in it.
    let queryables = store.get(&store.first, &format!("{parcels}/queryables"));
    assert!(!queryables.text().contains("note"), "{}", queryables.text());
    let found = store.get(&store.first, &format!("{parcels}/items?q=%E5%AF%86"));
    assert_eq!(found.json()["numberMatched"], 0);
    let other = store.get(&store.reader, "/audit");
    assert_eq!(other.status, 403);
    let rows = log(&place);
    assert_eq!(rows.len(), 2, "{rows:#?}");
    assert_eq!((&rows[0]["actor"], &rows[0]["fields"]), (&json!("anna"), &json!(["note"])));
    assert_eq!(rows[0]["object"], format!("{parcels}/items"));
    let said = ["reason", "result", "ip"].map(|name| rows[0][name].as_str().unwrap());
    assert_eq!(said, ["field_not_readable", "refused", "127.0.0.1"]);
    let said = ["actor", "object", "reason"].map(|name| rows[1][name].as_str().unwrap());
    assert_eq!(said, ["rita", "/audit", "role_may_not"]);
    // The others of the minute are one row, at the latest when the server ends.
    assert!(store.town.server.terminate().0);
    let rows = log(&place);
    assert_eq!(rows.len(), 3, "{rows:#?}");
    assert_eq!((&rows[2]["actor"], &rows[2]["count"]), (&json!("anna"), &json!(all - 1)));
    assert_eq!(rows[2]["object"], format!("{parcels}/items and others"));
    assert!(rows.iter().all(|row| !row.to_string().contains(SECRET)), "{rows:#?}");
}
