//! Work lists and batches over the real binary: a point's way through the lists of three roles,
//! lists as files, and dispatch and extension of many points from a spreadsheet, twice.

use std::path::Path;

use serde_json::{Value, json};

use crate::edit_town::check_refusal;
use crate::points_town::{Town, event, register, report, submitted, uuid};
use crate::running::{Response, run};

/// A token of a new account of the store.
pub fn account(folder: &Path, name: &str, role: &str, unit: &str) -> String {
    let flags = ["--role", role, "--unit", unit];
    let added = run(folder, &[&["user", "add", "s.gpkg", name][..], &flags].concat());
    assert_eq!(added.code, 0, "{}", added.err);
    let made = run(folder, &["user", "token", "s.gpkg", name]);
    assert_eq!(made.code, 0, "{}", made.err);
    made.out.trim().to_owned()
}

struct Staff {
    town: Town,
    tokens: Vec<(&'static str, String)>,
}

impl Staff {
    /// A ledger with a clerk and a checker of a town, and a checker of the district.
    fn new() -> Self {
        let town = Town::new();
        let of = |name, role, unit| (name, account(town.folder.path(), name, role, unit));
        let tokens = vec![
            of("ann", "town", "110115001"),
            of("bob", "town_checker", "110115001"),
            of("eve", "district_checker", "110115"),
        ];
        Self { town, tokens }
    }

    fn header(&self, name: &str) -> String {
        let (_, token) = self.tokens.iter().find(|(known, _)| *known == name).unwrap();
        format!("Bearer {token}")
    }

    fn get(&self, name: &str, target: &str) -> Response {
        self.town.server.ask("GET", target, &[("Authorization", &self.header(name))])
    }

    /// What waits for somebody, as work and the events that may be raised.
    fn waits(&self, name: &str, query: &str) -> Vec<(String, Value)> {
        let answer = self.get(name, &format!("/worklist{query}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let items = answer.json()["items"].as_array().unwrap().clone();
        let of = |one: &Value| (one["work"].as_str().unwrap().to_owned(), one["mayRaise"].clone());
        items.iter().map(of).collect()
    }

    fn raise(&self, name: &str, mut event: Value) {
        event.as_object_mut().unwrap().remove("role");
        let (point, body) = (event["point"].as_str().unwrap(), event.to_string());
        let head = format!(
            "POST /points/{point}/events HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\n\
             Content-Type: application/json\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n",
            self.header(name),
            body.len()
        );
        let sent = [head.as_bytes(), body.as_bytes()].concat();
        let answer = Response::parse(&self.town.server.send(&sent));
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
}

#[test]
fn a_point_goes_through_the_lists_of_those_whose_turn_it_is() {
    let staff = Staff::new();
    let district = "?unit=110115001";
    let nobody = |names: &[&str]| {
        for name in names {
            assert_eq!(staff.waits(name, district), [], "{name}");
        }
    };
    let works = |name: &str, work: &str, first: &str| {
        let waits = staff.waits(name, district);
        assert_eq!(waits.len(), 1, "{name}: {waits:?}");
        assert_eq!(waits[0].0, work);
        let may: Vec<&str> =
            waits[0].1.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(may.contains(&first), "{name} may {may:?}");
    };
    let way = submitted(1, 1);
    for (event, work, next) in [
        (&way[0], "decide", "register"),
        (&way[1], "dispatch", "dispatch"),
        (&way[2], "accept", "accept"),
        (&way[3], "handle", "submit"),
    ] {
        staff.raise("ann", event.clone());
        works("ann", work, next);
        nobody(&["bob", "eve"]);
    }
    staff.raise("ann", way[4].clone());
    works("bob", "verify", "town_verify");
    // Without a table of units the district of eve stands alone.
    assert_eq!(staff.waits("eve", ""), []);
    let own = staff.get("eve", "/worklist").json();
    assert_eq!((&own["unit"], &own["unitKnown"]), (&json!("110115"), &json!(false)));
    nobody(&["ann", "eve"]);
    staff.raise("bob", event(1, 6, "town_verify", "town_checker", json!({})));
    works("eve", "close", "district_close");
    nobody(&["ann", "bob"]);
    staff.raise(
        "eve",
        event(1, 7, "district_close", "district_checker", json!({ "proof": "site" })),
    );
    nobody(&["bob", "eve"]);
    // What is closed is to be patrolled: last year's rounds are long over. The town and its grid workers
    // look at it, and the city checks.
    assert_eq!(staff.waits("ann", district), [("patrol".to_owned(), json!(["rebound"]))]);
    let grid = staff.get("eve", "/worklist?unit=*&role=grid_worker&work=patrol").json();
    assert_eq!(grid["numberMatched"], 1);
    let city = staff.get("eve", "/worklist?unit=*&role=city").json();
    assert_eq!(city["items"][0]["work"], "patrol");
    assert_eq!((&city["items"][0]["lamp"], &city["numberMatched"]), (&json!("red"), &json!(1)));
    let token = ("Authorization", "Bearer nobody");
    assert_eq!(staff.town.server.ask("GET", "/worklist", &[token]).status, 401);
}

#[test]
fn whoever_is_given_a_point_finds_it_by_the_own_name_whatever_the_role() {
    let town = Town::new();
    let given = event(1, 3, "dispatch", "town", json!({ "receiver": "城管队", "person": "李四" }));
    town.take(&[report(1, 1), register(1, 2), given]);
    let [li, wang] = ["%E6%9D%8E%E5%9B%9B", "%E7%8E%8B%E4%BA%94"];
    let tokens =
        ["grid_worker", "town", "town_checker", "department", "district", "city"].map(|role| {
            let name = role.replace('_', "-");
            let token = account(town.folder.path(), &name, role, "110115001");
            let named = ["user", "set", "s.gpkg", &name, "--display-name", "李四"];
            assert_eq!(run(town.folder.path(), &named).code, 0);
            (role, format!("Bearer {token}"))
        });
    let ask = |token: &str, query: &str| {
        town.server.ask("GET", &format!("/worklist?unit=*{query}"), &[("Authorization", token)])
    };
    for (role, token) in &tokens {
        let own = ask(token, &format!("&person={li}"));
        assert_eq!(own.status, 200, "{role}: {}", own.text());
        let own = own.json();
        assert_eq!(
            (&own["numberMatched"], &own["items"][0]["work"]),
            (&json!(1), &json!("accept"))
        );
        // What may be raised is what that role may, not what anybody may.
        let may = own["items"][0]["mayRaise"].as_array().unwrap().len();
        let anybody =
            ask(token, "&role=*").json()["items"][0]["mayRaise"].as_array().unwrap().len();
        assert!(may < anybody, "{role}: {may} of {anybody}");
        let other = ask(token, &format!("&person={wang}"));
        if ["district", "city"].contains(role) {
            assert_eq!(other.json()["numberMatched"], 0);
        } else {
            check_refusal(&other, 403, "field_not_readable", role);
            assert!(other.text().contains("李四"), "{}", other.text());
        }
    }
}

#[test]
fn a_list_is_ordered_paged_counted_and_written_as_files() {
    let town = Town::new();
    let mut events = Vec::new();
    for point in 1..=9 {
        events.push(report(point, point * 10));
        let mut registration = register(point, point * 10 + 1);
        registration["due_at"] = json!(format!("2025-10-{:02}", 31 - point));
        if point < 9 {
            events.push(registration);
        }
    }
    let more = json!({ "demand": "何时完成", "due_at": "2025-09-20" });
    events.push(event(3, 95, "supervise", "district", more));
    town.take(&events);
    let whole = town.server.get("/worklist?as-of=2099-01-01T00:00:00Z");
    assert_eq!(whole.header("cache-control"), Some("private, no-cache"));
    let whole = whole.json();
    assert_eq!((&whole["numberMatched"], &whole["numberReturned"]), (&json!(10), &json!(10)));
    let items = whole["items"].as_array().unwrap();
    let order: Vec<&str> = items.iter().map(|one| one["id"].as_str().unwrap()).collect();
    let expected = [3, 8, 7, 6, 5, 4, 3, 2, 1, 9].map(uuid);
    assert_eq!(order, expected, "by date; the report, which has none, last");
    assert_eq!(items[0]["work"], "reply");
    assert_eq!((&items[9]["work"], &items[9]["due"]), (&json!("decide"), &Value::Null));
    assert_eq!(items[1]["code"], "110115001-CW-2025-00008");
    assert!(items[1]["person"].is_null() && items[1].get("submitted_by").is_none());

    // Pages hold the same moment, and each piece of work once.
    let (mut at, mut found) = ("/worklist?limit=4".to_owned(), Vec::new());
    let mut moment = None;
    loop {
        let page = town.server.get(&at).json();
        assert_eq!(*moment.get_or_insert(page["at"].clone()), page["at"]);
        let ids = page["items"].as_array().unwrap().iter();
        found.extend(ids.map(|one| one["id"].as_str().unwrap().to_owned()));
        let links = page["links"].as_array().unwrap();
        let Some(next) = links.iter().find(|link| link["rel"] == "next") else { break };
        let href = next["href"].as_str().unwrap();
        at = href[href.find("/worklist").unwrap()..].to_owned();
    }
    assert_eq!(found, expected);
    let counts =
        |query: &str| town.server.get(&format!("/worklist{query}")).json()["counts"].clone();
    let reply = json!({ "work": "reply", "workName": "待回复", "lamp": "red", "count": 1 });
    assert!(counts("?lamp=red").as_array().unwrap().contains(&reply));
    assert_eq!(counts("?unit=110115"), json!([]), "no code is a prefix of another");

    let csv = town.server.get("/worklist?f=csv&unit=110115001");
    assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"worklist.csv\""));
    let text = csv.text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("\u{feff}编号,事项,主协办,灯,剩余天数,期限"), "{}", lines[0]);
    assert!(lines[1].starts_with("110115001-CW-2025-00003,待回复,主办,红灯,-"), "{}", lines[1]);
    assert_eq!(lines.iter().take_while(|line| !line.is_empty()).count(), 11);
    let book = town.server.get("/worklist?f=xlsx");
    assert!(book.body.starts_with(b"PK"), "a workbook");
    assert!(town.server.get("/worklist?f=html").text().contains("<td>待回复</td>"));

    for (query, part) in [
        ("?role=mayor", "grid_worker"),
        ("?lamp=blue", "green, yellow, red"),
        ("?limit=0", "1 to 10000"),
        ("?cursor=7", "next"),
    ] {
        check_refusal(
            &town.server.get(&format!("/worklist{query}")),
            400,
            "invalid_parameter",
            part,
        );
    }
    check_refusal(&town.server.get("/worklist?person=Li"), 403, "field_not_readable", "person");

    let place = town.folder.path();
    let list = run(place, &["worklist", "s.gpkg", "--role", "town", "--out", "w.csv"]);
    assert_eq!((list.code, list.err.as_str()), (0, ""), "{}", list.out);
    assert!(list.out.contains("10 of 10 pieces of work"), "{}", list.out);
    let list =
        run(place, &["worklist", "s.gpkg", "--unit", "110115001", "--lamp", "red", "--json"]);
    let list: Value = serde_json::from_str(&list.out).unwrap();
    assert_eq!(list["numberMatched"], 9);
    let odd = run(place, &["worklist", "s.gpkg", "--out", "w.txt"]);
    assert!(odd.code == 1 && odd.err.contains(".xlsx"), "{}", odd.err);
}

#[test]
fn a_unit_sees_the_work_that_it_helps_with_and_that_it_is_anothers() {
    let town = Town::new();
    let mut events = Vec::new();
    for point in 1..=3 {
        events.extend([report(point, point * 10), register(point, point * 10 + 1)]);
    }
    let receiver = json!({ "receiver": "综合行政执法队" });
    events.push(event(1, 12, "dispatch", "town", receiver.clone()));
    events.push(event(2, 22, "dispatch", "town", receiver));
    town.take(&events);
    // Who helps is written by plain edits, several with any mark between them.
    for (row, helpers) in [(1, "平安建设办公室、110115009"), (3, "平安建设办公室")] {
        let target = format!("/collections/points/items/{row}");
        let body = json!({ "properties": { "co_units": helpers } }).to_string();
        let merge = [("Content-Type", "application/merge-patch+json")];
        assert_eq!(town.server.change("PATCH", &target, &merge, &body).status, 204);
    }
    let listed = |unit: &str| {
        let encoded: String = unit.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let page = town.server.get(&format!("/worklist?unit={encoded}")).json();
        let items = page["items"].as_array().unwrap().iter();
        let told = |name: &str, one: &Value| one[name].as_str().map(str::to_owned);
        let items = items.map(|one| (told("id", one).unwrap(), told("part", one)));
        items.collect::<Vec<_>>()
    };
    let of = |point: u64, part: &str| (uuid(point), Some(part.to_owned()));
    // A point that nobody has to do yet is nobody's to help with.
    assert_eq!(listed("平安建设办公室"), [of(1, "assist")]);
    assert_eq!(listed("110115009"), [of(1, "assist")]);
    assert_eq!(listed("11011500"), []);
    assert_eq!(listed("综合行政执法队"), [of(1, "lead"), of(2, "lead")]);
    assert_eq!(listed("110115001").len(), 3);
    assert_eq!(listed("*")[0].1, None, "where no unit is asked for, it is nobody's part");
    let list =
        run(town.folder.path(), &["worklist", "s.gpkg", "--unit", "110115009", "--out", "w.csv"]);
    assert_eq!(list.code, 0, "{}", list.err);
    let table = std::fs::read_to_string(town.folder.path().join("w.csv")).unwrap();
    let line = table.lines().nth(1).unwrap();
    assert!(
        line.contains(",待接收,协办,") && line.contains(",平安建设办公室、110115009,"),
        "{line}"
    );
}

#[test]
fn a_task_that_points_alone_know_is_asked_about_and_one_that_nothing_knows_is_not() {
    let town = Town::new();
    let mut registered = register(1, 2);
    registered["task"] = json!("X9");
    town.take(&[report(1, 1), registered]);
    let known = town.server.get("/worklist?task=X9&unit=*&role=*");
    assert_eq!((known.status, &known.json()["numberMatched"]), (200, &json!(1)));
    let unknown = town.server.get("/worklist?task=X8");
    let defects = "\"X8\" is no task here; there are";
    check_refusal(&unknown, 400, "invalid_parameter", "X8");
    let detail = unknown.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(defects) && detail.contains("X9"), "{detail}");
    for command in [&["worklist"][..], &["indicators"], &["ledgers"]] {
        let list = if command == ["ledgers"] { vec!["s.gpkg", "base"] } else { vec!["s.gpkg"] };
        for (task, code) in [("X9", 0), ("X8", 1)] {
            let arguments = [command, &list, &["--task", task]].concat();
            let done = run(town.folder.path(), &arguments);
            assert_eq!(done.code, code, "{arguments:?}: {}", done.err);
            assert_eq!(done.err.contains("--task: \"X8\" is no task here"), code == 1);
        }
    }
}

/// Raises the events of a sheet; what became of its rows.
fn raised(town: &Town, text: &str, flags: &[&str]) -> (i32, Vec<Value>) {
    std::fs::write(town.folder.path().join("e.csv"), text).unwrap();
    let arguments = [&["ledger", "raise", "s.gpkg", "e.csv", "--json"][..], flags].concat();
    let answer = run(town.folder.path(), &arguments);
    let fates = serde_json::from_str(&answer.out);
    (answer.code, fates.unwrap_or_else(|_| panic!("{}{}", answer.out, answer.err)))
}

fn fates(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|one| one["fate"].as_str().unwrap()).collect()
}

#[test]
fn many_points_are_dispatched_and_extended_from_a_spreadsheet_once_however_often_it_is_read() {
    let town = Town::new();
    let points = 1..=6_u64;
    town.take(&points.clone().map(|point| report(point, point * 10)).collect::<Vec<_>>());
    town.take(&points.clone().map(|point| register(point, point * 10 + 1)).collect::<Vec<_>>());
    let code = |point: u64| format!("110115001-CW-2025-{point:05}");
    let mut sheet = "点位编号,事件,承办单位\n".to_owned();
    for point in points.clone() {
        sheet.push_str(&format!("{},派发,城管队\n", code(point)));
    }
    let (status, rows) = raised(&town, &sheet, &[]);
    assert_eq!((status, fates(&rows)), (0, vec!["raised"; 6]), "{rows:?}");
    assert_eq!(rows[5]["code"], code(6));
    assert_eq!(town.row("points", 6)["state"], "dispatched");
    let revision = |town: &Town| town.server.get("/").header("tuban-revision").unwrap().to_owned();
    let before = revision(&town);
    let (status, rows) = raised(&town, &sheet, &[]);
    assert_eq!((status, fates(&rows)), (0, vec!["known"; 6]), "{rows:?}");
    assert_eq!(revision(&town), before, "what is there already is not raised again");

    // 延期, by number or id; each bad row is told by row and column.
    let sheet = format!(
        "code,point,kind,role,approval,新期限,天气\n\
         {},,extend,,京批〔2025〕7号,2025-12-31,晴\n\
         ,{},延期,区,京批〔2025〕7号,2025/12/31,\n\
         {},,extend,,,2025-12-31,\n\
         {},,extend,,京批,2025-10-01,\n\
         {},,extend,,京批,soon,\n\
         110115001-CW-2025-00099,,extend,,京批,2025-12-31,\n",
        code(1),
        uuid(2),
        code(3),
        code(4),
        code(5)
    );
    let (status, rows) = raised(&town, &sheet, &[]);
    assert_eq!(status, 3);
    assert_eq!(fates(&rows), ["raised", "raised", "refused", "refused", "refused", "refused"]);
    for (row, column, part) in [
        (2, "", "an approval"),
        (3, "新期限", "deadline"),
        (4, "新期限", "\"soon\" is no day such as 2026-09-01"),
        (5, "code", "00099"),
    ] {
        let defect = &rows[row]["defects"][0];
        assert_eq!(defect["column"], column, "{}", rows[row]);
        assert!(defect["reason"].as_str().unwrap().contains(part), "{}", rows[row]);
        assert_eq!(rows[row]["row"], row + 2);
    }
    for point in [1, 2] {
        assert_eq!(town.row("points", point)["deadline"], "2025-12-31T15:59:59.999Z");
    }
    let (_, rows) = raised(&town, &sheet, &[]);
    assert_eq!(fates(&rows)[..2], ["known", "known"], "{rows:?}");

    // A report has no number; what it joins has.
    town.take(&[report(7, 70)]);
    let merged = format!(
        "point,事件,并入点位\n{},并案,{}\n{},并案,110115001-CW-2025-00099\n",
        uuid(7),
        code(1),
        uuid(7)
    );
    let (status, rows) = raised(&town, &merged, &[]);
    assert_eq!((status, fates(&rows)), (3, vec!["raised", "refused"]), "{rows:?}");
    assert_eq!(rows[1]["defects"][0]["column"], "并入点位");
    assert!(rows[1]["defects"][0]["reason"].as_str().unwrap().contains("00099"), "{}", rows[1]);

    // Whole or not at all.
    let strict = format!("code,kind,receiver\n{},return,\n{},accept,\n", code(1), code(2));
    let (status, rows) = raised(&town, &strict, &["--strict"]);
    assert_eq!((status, fates(&rows)), (3, vec!["refused", "withheld"]), "{rows:?}");
    assert_eq!(town.row("points", 2)["state"], "dispatched");
    assert_eq!(town.check_rows(), 7);
}
