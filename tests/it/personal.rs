//! Personal values over the real binary: kept apart and encrypted, shown masked, revealed one record
//! at a time on record, erased for good, and nowhere else.

use std::path::Path;

use serde_json::{Value, json};

use crate::accounts::get;
use crate::running::{Answer, Response, Server, folder_with, run};

/// Plainly synthetic; the check characters fit.
const ROWS: [[&str; 5]; 3] = [
    ["H-1", "欧阳试验", "11010119900307002X", "13800005678", "北京市试验区试验镇甲村12号"],
    ["H-2", "司徒样例", "110101199003070038", "13900001234", "北京市试验区试验镇乙村7号"],
    ["H-3", "", "", "", ""],
];
const IMPORT: [&str; 5] = ["import", "s.gpkg", "households.csv", "--crs", "EPSG:4490"];
const PERSONAL: [&str; 2] = ["--personal", "household_no"];

fn csv() -> String {
    let mut text = "household_no,lon,lat,door,QLRMC,ZJH,DH,TXDZ\n".to_owned();
    for (number, [household, name, identity, phone, address]) in (1..).zip(ROWS) {
        let lon = 116.4 + f64::from(number) / 1000.0;
        text += &format!("{household},{lon},39.6,{number}号,{name},{identity},{phone},{address}\n");
    }
    text
}

/// Everything of [`ROWS`] that names somebody.
fn secrets() -> Vec<&'static str> {
    let values = ROWS.into_iter().flat_map(|[_, rest @ ..]| rest);
    values.filter(|value| !value.is_empty()).collect()
}

fn find_secret(bytes: &[u8]) -> Option<&'static str> {
    let holds = |secret: &&str| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
    secrets().into_iter().find(holds)
}

fn check_clean(what: &str, bytes: &[u8]) {
    assert_eq!(find_secret(bytes), None, "{what}");
}

/// No file of the store's, whatever its name, holds a secret.
fn check_files(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && !path.ends_with("households.csv") {
            check_clean(&path.display().to_string(), &std::fs::read(&path).unwrap());
        }
    }
}

fn done(folder: &Path, arguments: &[&str]) -> Answer {
    let done = run(folder, arguments);
    assert_eq!(done.code, 0, "{arguments:?}: {}", done.err);
    check_clean(&format!("{arguments:?}"), format!("{}{}", done.out, done.err).as_bytes());
    done
}

fn imported() -> tempfile::TempDir {
    let folder = folder_with(&[("households.csv", csv().as_bytes())]);
    done(folder.path(), &[&IMPORT[..], &PERSONAL].concat());
    folder
}

/// A served store with an account a role, and a token of each.
fn staffed<const N: usize>(folder: &Path, roles: [&str; N]) -> (Server, [String; N]) {
    for role in roles {
        let user_of = |action: &[&str]| run(folder, &[&["user"], action].concat());
        let added = user_of(&["add", "s.gpkg", role, "--role", role]);
        assert_eq!(added.code, 0, "{}", added.err);
    }
    let tokens = roles.map(|role| {
        let made = run(folder, &["user", "token", "s.gpkg", role]);
        made.out.trim().to_owned()
    });
    (Server::start(&folder.join("s.gpkg"), &[]), tokens)
}

fn reveal(server: &Server, token: &str, household: &str, body: &Value) -> Response {
    let authorization = format!("Bearer {token}");
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
    server.change("POST", &format!("/dossiers/{household}/reveal"), &headers, &body.to_string())
}

fn asking(fields: &[&str]) -> Value {
    json!({ "fields": fields, "reason": "核实联系人", "case": "(2026) 京试 17 号" })
}

fn masks(server: &Server, token: &str, household: &str) -> Vec<(String, String)> {
    let answer = get(server, &format!("/dossiers/{household}/personal"), token);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    check_clean("masks", answer.text().as_bytes());
    let values = answer.json()["values"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let pairs = |values: &[Value]| -> Vec<(String, String)> {
        values.iter().map(|value| (text(&value["field"]), text(&value["masked"]))).collect()
    };
    let masks = pairs(&values);
    // The file itself tells the same.
    let file = get(server, &format!("/dossiers/{household}"), token);
    check_clean("file", file.text().as_bytes());
    assert_eq!(pairs(file.json()["personal"].as_array().unwrap()), masks);
    masks
}

#[test]
fn an_import_keeps_personal_columns_apart_only_when_it_is_told_to() {
    let folder = folder_with(&[("households.csv", csv().as_bytes())]);
    let place = folder.path();
    let plain = run(place, &IMPORT);
    assert!(plain.err.contains("left out: field \"QLRMC\""), "{}", plain.err);
    assert!(plain.err.contains("--personal KEY"), "{}", plain.err);
    check_files(place);
    assert!(!place.join("s.gpkg.key").exists());

    for wrong in ["door", "QLRMC", "nothing"] {
        let refused = run(place, &[&IMPORT[..], &["--append", "--personal", wrong]].concat());
        assert_ne!(refused.code, 0, "{wrong}");
    }
    let again = [&IMPORT[..], &["--replace", "--json"], &PERSONAL].concat();
    let outcome: Value = serde_json::from_str(&done(place, &again).out).unwrap();
    assert_eq!(outcome[0]["left_out"], json!([]));
    let personal = &outcome[0]["personal"];
    assert_eq!((&personal["values"], &personal["unplaced"]), (&json!(8), &json!(0)));
    assert_eq!(personal["fields"][0]["field"], "QLRMC");
    check_files(place);
    assert!(place.join("s.gpkg.key").exists());
    assert_eq!(run(place, &["verify", "s.gpkg"]).code, 0);
}

#[test]
fn no_answer_file_or_log_names_anybody() {
    let folder = imported();
    let place = folder.path();
    // Again, by every way, one of them through the server: nothing doubles.
    done(place, &[&IMPORT[..], &["--upsert", "household_no"], &PERSONAL].concat());
    let (server, [city, town]) = staffed(place, ["city", "town"]);
    done(place, &[&IMPORT[..], &["--upsert", "household_no"], &PERSONAL].concat());
    let expected = [
        ("DH", "138****5678"),
        ("QLRMC", "欧**"),
        ("TXDZ", "北京市试验区试验镇甲村***"),
        ("ZJH", "110***********002X"),
    ];
    let expected = expected.map(|(field, mask)| (field.to_owned(), mask.to_owned()));
    assert_eq!(masks(&server, &town, "H-1"), expected);
    assert_eq!(masks(&server, &town, "H-3"), []);

    for path in [
        "/collections/households/items",
        "/collections/households/items?q=%E6%AC%A7%E9%98%B3",
        "/collections/households/items?f=csv",
        "/collections/households/items/1/history",
        "/collections/households/all.fgb",
        "/collections/households/schema",
        "/collections/households/queryables",
        "/collections/households/defects",
        "/xyz/households/14/13489/6226.mvt",
        "/changes",
        "/dossiers/H-1/personal",
        "/metrics",
        "/api",
    ] {
        let answer = get(&server, path, &city);
        assert!(answer.status < 500, "{path}");
        check_clean(path, &answer.body);
    }
    let refused = get(&server, "/collections/households/items?filter=QLRMC%3D%27x%27", &city);
    assert_eq!(refused.status, 400, "{}", refused.text());
    for out in ["out.csv", "out.gpkg", "out.mbtiles"] {
        done(place, &["export", "s.gpkg", out, "--collection", "households"]);
    }
    done(place, &["backup", "s.gpkg", "copy.gpkg"]);
    let (ended, log) = server.terminate();
    assert!(ended);
    check_clean("the server's log", log.as_bytes());
    check_files(place);
    for store in ["s.gpkg", "copy.gpkg"] {
        assert_eq!(run(place, &["verify", store]).code, 0, "{store}");
        assert_eq!(run(place, &["audit", "verify", store]).code, 0, "{store}");
    }
}

#[test]
fn a_record_is_revealed_with_a_reason_and_stands_in_the_log() {
    let folder = imported();
    let roles = ["district", "town", "reader", "system_administrator", "auditor"];
    let (server, tokens) = staffed(folder.path(), roles);
    let [district, town, reader, system, auditor] = &tokens;
    let shown = reveal(&server, district, "H-1", &asking(&["DH", "QLRMC"]));
    assert_eq!(shown.status, 200, "{}", shown.text());
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    assert_eq!(
        shown.json()["values"],
        json!([
            { "field": "DH", "class": "L3", "value": "13800005678" },
            { "field": "QLRMC", "class": "L3", "value": "欧阳试验" }
        ])
    );
    for (token, status, code) in [
        (town, 403, "role_may_not"),
        (reader, 403, "role_may_not"),
        (system, 403, "role_may_not"),
        (auditor, 403, "role_may_not"),
        (&"tuban_0".to_owned(), 401, "token_unknown"),
    ] {
        let refused = reveal(&server, token, "H-1", &asking(&["DH"]));
        assert_eq!((refused.status, &refused.json()["code"]), (status, &json!(code)));
    }
    for token in [reader, system, auditor] {
        let refused = get(&server, "/dossiers/H-1/personal", token);
        assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("role_may_not")));
    }
    let missing = reveal(&server, district, "H-9", &asking(&["DH"]));
    assert_eq!(missing.status, 404, "{}", missing.text());
    for (member, value) in [
        ("fields", json!([])),
        ("fields", json!(["XM"])),
        ("reason", json!(" ")),
        ("case", json!("")),
        ("reason", json!("电话13800005678打不通")),
        ("more", json!(1)),
    ] {
        let mut body = asking(&["DH"]);
        body[member] = value;
        let refused = reveal(&server, district, "H-1", &body);
        assert_eq!(refused.status, 400, "{body}: {}", refused.text());
    }

    let log = get(&server, "/audit?action=reveal&limit=1000", auditor).json();
    let rows = log["rows"].as_array().unwrap();
    let said: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| (row["role"].as_str().unwrap(), row["result"].as_str().unwrap()))
        .collect();
    let refused = "refused";
    assert_eq!(
        said,
        [
            ("district", "done"),
            ("town", refused),
            ("reader", refused),
            ("system_administrator", refused),
            ("auditor", refused),
            ("district", refused),
            ("district", refused),
        ]
    );
    assert_eq!(rows[0]["object"], "household H-1 (households/1)");
    assert_eq!(rows[0]["fields"], json!(["DH", "QLRMC"]));
    assert_eq!((&rows[0]["count"], &rows[0]["ip"]), (&json!(2), &json!("127.0.0.1")));
    assert_eq!(rows[0]["reason"], "(2026) 京试 17 号: 核实联系人");
    check_clean("the audit log", log.to_string().as_bytes());

    // So many, and then a pause; each of the others still has its own.
    let mut statuses = Vec::new();
    for _ in 0..40 {
        let answer = reveal(&server, district, "H-2", &asking(&["DH"]));
        if answer.status == 429 {
            assert_eq!(answer.json()["code"], "too_many_requests");
            let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=600).contains(&wait), "{wait}");
        }
        statuses.push(answer.status);
    }
    assert!(statuses.contains(&200) && statuses.ends_with(&[429; 10]), "{statuses:?}");
    user_in(folder.path(), &["add", "s.gpkg", "wang", "--role", "city"]);
    let wang = user_in(folder.path(), &["token", "s.gpkg", "wang"]).out.trim().to_owned();
    assert_eq!(reveal(&server, &wang, "H-2", &asking(&["ZJH"])).status, 200);
    let log = get(&server, "/audit?action=reveal&limit=1000", auditor).json();
    let refusals = log["rows"].as_array().unwrap().iter().filter(|row| row["result"] == refused);
    assert!(refusals.count() >= 16);
}

fn user_in(folder: &Path, arguments: &[&str]) -> Answer {
    let done = run(folder, &[&["user"], arguments].concat());
    assert_eq!(done.code, 0, "{}", done.err);
    done
}

#[test]
fn a_store_without_accounts_shows_masks_and_nothing_in_the_clear() {
    let folder = imported();
    let server = Server::start(&folder.path().join("s.gpkg"), &[]);
    let masked = server.get("/dossiers/H-1/personal");
    assert_eq!(masked.status, 200, "{}", masked.text());
    check_clean("masks", masked.text().as_bytes());
    let refused = server.post("/dossiers/H-1/reveal", &asking(&["DH"]).to_string());
    assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("role_may_not")));
    let unknown = server.get("/dossiers/H-1/personal?kind=king");
    assert_eq!((unknown.status, &unknown.json()["code"]), (400, &json!("invalid_parameter")));
}

#[test]
fn another_key_opens_nothing_and_says_so() {
    let folder = imported();
    let place = folder.path();
    let key = place.join("s.gpkg.key");
    let right = std::fs::read(&key).unwrap();
    std::fs::write(&key, [7; 32]).unwrap();
    let again = [&IMPORT[..], &["--upsert", "household_no"], &PERSONAL].concat();
    let refused = run(place, &again);
    assert_eq!(refused.code, 1, "{}", refused.out);
    assert!(refused.err.contains("holds another key"), "{}", refused.err);
    let (server, [city, auditor]) = staffed(place, ["city", "auditor"]);
    let answer = reveal(&server, &city, "H-1", &asking(&["DH"]));
    assert_eq!((answer.status, &answer.json()["code"]), (503, &json!("history_sealed")));
    let log = get(&server, "/audit?action=reveal", &auditor).json();
    assert_eq!(log["rows"][0]["result"], "failed");
    assert!(server.terminate().0);
    std::fs::write(&key, right).unwrap();
    let server = Server::start(&place.join("s.gpkg"), &[]);
    assert_eq!(reveal(&server, &city, "H-1", &asking(&["DH"])).status, 200);
}

#[test]
fn what_is_erased_is_gone_and_the_act_on_record() {
    let folder = imported();
    let place = folder.path();
    let erase = |arguments: &[&str]| {
        let all = [&["erase", "s.gpkg", "households", "1"], arguments, &["--reason", "本人申请"]];
        run(place, &all.concat())
    };
    let unknown = erase(&["--field", "nothing"]);
    assert_ne!(unknown.code, 0);
    let erased = erase(&["--field", "ZJH"]);
    assert_eq!(erased.code, 0, "{}", erased.err);
    let (server, [city, auditor]) = staffed(place, ["city", "auditor"]);
    let fields = |household| -> Vec<String> {
        masks(&server, &city, household).into_iter().map(|(field, _)| field).collect()
    };
    assert_eq!(fields("H-1"), ["DH", "QLRMC", "TXDZ"]);
    assert_eq!(fields("H-2").len(), 4);
    let refused = reveal(&server, &city, "H-1", &asking(&["ZJH"]));
    assert_eq!(refused.status, 400, "{}", refused.text());
    let log = get(&server, "/audit?action=erase", &auditor).json();
    let row = &log["rows"][0];
    assert_eq!((&row["object"], &row["fields"]), (&json!("households/1"), &json!(["ZJH"])));
    assert_eq!((&row["actor"], &row["reason"]), (&json!("local"), &json!("本人申请")));
    check_clean("the audit log", log.to_string().as_bytes());
    assert!(server.terminate().0);
    assert_eq!(erase(&[]).code, 0);
    let server = Server::start(&place.join("s.gpkg"), &[]);
    assert_eq!(masks(&server, &city, "H-1"), []);
    drop(server);
    assert_eq!(run(place, &["audit", "verify", "s.gpkg"]).code, 0);
}
