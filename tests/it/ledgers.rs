//! Ledgers as lists, and the lists and plan of a town, over the real binary: their totals are those of
//! the map, by unit and in all, and each says what it rests on.

use serde_json::{Value, json};

use crate::edit_town::check_refusal;
use crate::points_town::{Town, event, register, report, submitted, uuid};
use crate::running::{Response, run};

const UNITS: [(&str, &str, &str, f64); 3] = [
    ("110115", "大兴区", "区", 116.3),
    ("110115001", "甲街道", "街乡镇", 116.3),
    ("110115002", "乙镇", "街乡镇", 116.35),
];

/// A square of a twentieth of a degree, or the whole of both for the district.
fn units() -> String {
    let unit = |(code, name, level, west): &(&str, &str, &str, f64)| {
        let east = west + if code.len() == 6 { 0.1 } else { 0.05 };
        let parent = (code.len() > 6).then_some("110115");
        json!({
            "type": "Feature",
            "geometry": { "type": "MultiPolygon", "coordinates": [[[
                [west, 39.7], [east, 39.7], [east, 39.8], [west, 39.8], [west, 39.7]
            ]]] },
            "properties": {
                "code": code, "name": name, "level": level, "parent": parent,
                "valid_from": "2020-01-01"
            }
        })
        .to_string()
    };
    // One that there is no more.
    let mut ended: Value =
        serde_json::from_str(&unit(&("999999999", "旧镇", "街乡镇", 117.0))).unwrap();
    ended["properties"]["valid_to"] = json!("2025-12-31");
    UNITS.iter().map(unit).chain([ended.to_string()]).collect::<Vec<_>>().join("\n")
}

const OUTLETS: &str = "code,name,functions,area_m2,opened,lon,lat\n\
    W-1,甲店,蔬菜零售,50,2026-03-01,116.32,39.72\n\
    W-2,乙店,早餐,20.5,2026-03-02,116.36,39.72\n\
    W-3,丙店,早餐,9.5,2026-03-03,117.9,39.72\n";
const MARKETS: &str = "code,name,stage,stalls,stalls_left,vacated_m2,lon,lat\n\
    S-1,东市,腾,300,20,12000,116.31,39.71\n\
    S-2,西市,关,100,100,0,116.37,39.71\n\
    S-3,南市,拆,50,0,8000,116.37,39.72\n";
const PROBLEMS: &str = "code,unit,title,kind,found,project,point,solved,lon,lat\n\
    Q-1,110115001,占道经营,秩序,2026-02-01,X-1,,,116.31,39.71\n\
    Q-2,110115001,无菜店,便民,2026-02-02,,,,116.32,39.71\n\
    Q-3,110115001,私搭,违建,2026-02-03,X-9,,2026-05-01,116.33,39.71\n\
    Q-4,110115002,路灯,设施,2026-02-04,,,,116.36,39.71\n";
const PROJECTS: &str = "code,unit,title,lead,task,started,due,done,lon,lat\n\
    X-1,110115001,\"早市 <改造>\",城管,CW,2026-03-01,2026-06-30,,116.31,39.71\n\
    X-2,110115001,口袋公园,园林,LB,2026-03-01,2026-12-31,2026-09-01,116.33,39.71\n";
const MILESTONES: &str = "code,plan,text,due,done,lon,lat\n\
    J-1,F-1,完成摸底,2026-03-31,2026-04-02,116.31,39.71\n\
    J-2,F-1,完成拆除,2026-12-31,,116.31,39.71\n\
    J-3,F-1,公示,2026-06-30,,116.31,39.71\n\
    J-4,F-0,旧方案,2025-06-30,,116.31,39.71\n";

fn plan(code: &str, from: &str, to: &str) -> String {
    json!({
        "type": "Feature",
        "geometry": { "type": "MultiPolygon", "coordinates": [[[
            [116.31, 39.71], [116.33, 39.71], [116.33, 39.73], [116.31, 39.73], [116.31, 39.71]
        ]]] },
        "properties": {
            "code": code, "unit": "110115001", "title": format!("方案 {code}"),
            "measures": "拆除违法建设；补建便民网点", "document": "甲街发〔2026〕3号",
            "valid_from": from, "valid_to": to
        }
    })
    .to_string()
}

/// A served store with two people: nobody checks what is his own.
struct Office {
    town: Town,
    checker: String,
    district: String,
}

impl Office {
    fn get(&self, target: &str) -> Response {
        let bearer = format!("Bearer {}", self.district);
        self.town.server.ask("GET", target, &[("Authorization", &bearer)])
    }

    fn raise(&self, token: &str, mut event: Value) {
        event.as_object_mut().unwrap().remove("role");
        let (point, body) = (event["point"].as_str().unwrap(), event.to_string());
        let head = format!(
            "POST /points/{point}/events HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\n\
             Content-Type: application/json\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        let sent = [head.as_bytes(), body.as_bytes()].concat();
        let answer = Response::parse(&self.town.server.send(&sent));
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
}

const DECISIONS: &str = "code,meeting,text,unit,due,done\n\
    Y-1,DD-1,月底前清零,110115001,2026-06-30,\nY-2,DD-1,补建网点,110115002,2026-06-30,2026-06-01\n";

/// A ledger with units, points of two towns and records beside them.
fn office() -> Office {
    let town = Town::new();
    let place = town.folder.path();
    let command = |arguments: &[&str]| {
        let done = run(place, arguments);
        assert_eq!(done.code, 0, "{arguments:?}: {}{}", done.out, done.err);
    };
    command(&["places", "init", "s.gpkg"]);
    command(&[
        "ledger",
        "add",
        "s.gpkg",
        "outlets",
        "markets",
        "problems",
        "projects",
        "plans",
        "milestones",
        "decisions",
    ]);
    let plans = [plan("F-0", "2025-01-01", "2025-12-31"), plan("F-1", "2026-01-01", "2026-12-31")];
    for (collection, name, text) in [
        ("admin_units", "units.geojsonl", units()),
        ("outlets", "outlets.csv", OUTLETS.to_owned()),
        ("markets", "markets.csv", MARKETS.to_owned()),
        ("problems", "problems.csv", PROBLEMS.to_owned()),
        ("projects", "projects.csv", PROJECTS.to_owned()),
        ("milestones", "milestones.csv", MILESTONES.to_owned()),
        ("decisions", "decisions.csv", DECISIONS.to_owned()),
        ("plans", "plans.geojsonl", plans.join("\n")),
    ] {
        std::fs::write(place.join(name), text).unwrap();
        let crs: &[&str] = if name.ends_with("csv") { &["--crs", "EPSG:4490"] } else { &[] };
        let import = ["import", "s.gpkg", name, "--collection", collection, "--append"];
        command(&[&import[..], crs].concat());
    }
    let other = |mut event: Value| {
        event["unit"] = json!("110115002");
        event
    };
    let stray = |mut event: Value| {
        event["unit"] = json!("999999999");
        event
    };
    town.take(&submitted(1, 1));
    town.take(&[
        report(2, 10),
        register(2, 11),
        other(report(3, 20)),
        other(register(3, 21)),
        report(4, 30),
        stray(register(4, 31)),
        report(5, 40),
    ]);
    let account = |name: &str, role: &str| {
        let added = run(place, &["user", "add", "s.gpkg", name, "--role", role]);
        assert_eq!(added.code, 0, "{}", added.err);
        run(place, &["user", "token", "s.gpkg", name]).out.trim().to_owned()
    };
    let (checker, district) = (account("bob", "town_checker"), account("eve", "district_checker"));
    let office = Office { checker, district, town };
    office.raise(&office.checker, event(1, 6, "town_verify", "", json!({})));
    office.raise(&office.district, event(1, 7, "district_close", "", json!({ "proof": "site" })));
    office
}

fn ledger(office: &Office, target: &str) -> Value {
    let answer = office.get(&format!("/ledgers/{target}"));
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    let body = answer.json();
    let lines = body["units"]
        .as_array()
        .unwrap()
        .iter()
        .chain(body["outside"].as_object().map(|_| &body["outside"]));
    let sum: u64 = lines.map(|line| line["count"].as_u64().unwrap()).sum();
    assert_eq!(sum, body["numberMatched"].as_u64().unwrap(), "{target}: units and 未落界 are all");
    body
}

/// Codes and counts of the units of a page.
fn counts(page: &Value) -> Vec<(&str, u64)> {
    let units = page["units"].as_array().unwrap().iter();
    units.map(|one| (one["code"].as_str().unwrap(), one["count"].as_u64().unwrap())).collect()
}

#[test]
fn ledgers_count_what_the_map_counts_by_unit_and_in_all() {
    let office = office();
    let listed = office.get("/ledgers").json();
    let by_id = |id: &str| {
        let all = listed["ledgers"].as_array().unwrap();
        all.iter().find(|one| one["id"] == id).unwrap().clone()
    };
    assert_eq!((&by_id("base")["there"], &by_id("base")["count"]), (&json!(true), &json!(4)));
    assert_eq!((&by_id("land")["there"], &by_id("land")["count"]), (&json!(false), &json!(null)));
    assert_eq!(by_id("outlets")["basis"], "template");

    let base = ledger(&office, "base?limit=3");
    assert_eq!(counts(&base), [("110115001", 2), ("110115002", 1)]);
    assert_eq!(
        (&base["outside"]["name"], &base["outside"]["count"]),
        (&json!("未落界"), &json!(1))
    );
    assert_eq!((&base["numberMatched"], &base["numberReturned"]), (&json!(4), &json!(3)));
    assert_eq!(base["sums"][1]["value"], 120.5, "the area that was cleared");
    let links = base["links"].as_array().unwrap();
    let href = |rel: &str| {
        let link = links.iter().find(|one| one["rel"] == rel).unwrap();
        let href = link["href"].as_str().unwrap();
        href[href.find("//").unwrap() + 2..].split_once('/').unwrap().1.to_owned()
    };
    let map = office.get(&format!("/{}", href("items"))).json();
    assert_eq!(map["numberMatched"], base["numberMatched"], "the same rows on the map");
    let rest = office.get(&format!("/{}", href("next"))).json();
    assert_eq!((rest["numberReturned"].as_u64(), &rest["numberMatched"]), (Some(1), &json!(4)));

    // Its style draws the same rows, in the tiles that it names.
    let style = office.get(&format!("/{}", href("stylesheet"))).json();
    let colours = style["layers"][1]["paint"]["circle-color"].to_string();
    assert!(colours.starts_with("[\"match\",[\"get\",\"state\"],[\"registered\","), "{colours}");
    let tilejson = style["sources"]["tuban"]["url"].as_str().unwrap();
    let tilejson = office.get(&tilejson[tilejson.find("/xyz").unwrap()..]).json();
    let tiles = tilejson["tiles"][0].as_str().unwrap();
    assert!(tiles.contains("/xyz/points/") && tiles.contains("?filter=registered_at"), "{tiles}");
    let tile = tiles.replace("{z}", "0").replace("{x}", "0").replace("{y}", "0");
    assert_eq!(office.get(&tile[tile.find("/xyz").unwrap()..]).status, 200);
    let qgis = office.get("/ledgers/outlets/style?client=qgis").json();
    assert_eq!(qgis["layers"][0]["filter"][1], json!(["!", ["has", "closed"]]));
    assert!(office.get("/ledgers/markets/style?f=qml").text().contains("attr=\"stage\""));
    for (path, code) in [("land/style", "style_not_found"), ("lands/style", "not_found")] {
        check_refusal(&office.get(&format!("/ledgers/{path}")), 404, code, path);
    }

    let whole = ledger(&office, "base?unit=110115");
    assert_eq!((&whole["numberMatched"], &whole["outside"]), (&json!(4), &json!(null)));
    // The town that has ended was one of the district.
    assert_eq!(counts(&whole), [("110115", 1), ("110115001", 2), ("110115002", 1)]);
    let own = ledger(&office, "base?unit=110115001&task=CW");
    assert_eq!((counts(&own), &own["unitKnown"]), (vec![("110115001", 2)], &json!(true)));
    let alone = ledger(&office, "base?unit=999999999");
    assert_eq!((counts(&alone), &alone["unitKnown"]), (vec![("999999999", 1)], &json!(false)));
    // A unit that neither the table nor a row has is asked about nowhere.
    for target in
        ["/ledgers/base?unit=110199", "/worklist?unit=110199&f=csv", "/indicators?unit=110199"]
    {
        check_refusal(&office.get(target), 400, "invalid_parameter", "is the code of no unit on");
    }
    // A task that a file or a row knows may have no row; one that nothing knows is refused.
    assert_eq!(ledger(&office, "base?task=LB")["numberMatched"], 0);
    for target in [
        "/ledgers/base?task=XX",
        "/ledgers/base?task=XX&f=csv",
        "/worklist?task=XX",
        "/indicators?task=XX",
        "/targets?task=XX",
        "/indicators/closing_rate/style?task=XX",
    ] {
        let refused = office.get(target);
        check_refusal(&refused, 400, "invalid_parameter", target);
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("\"XX\" is no task here; there are"), "{target}: {detail}");
        assert!(detail.contains("CW") && detail.contains("LB"), "{target}: {detail}");
    }

    // By assignment: a row outside of every unit is told all the same.
    let outlets = ledger(&office, "outlets");
    assert_eq!(counts(&outlets), [("110115001", 1), ("110115002", 1)]);
    assert_eq!(outlets["outside"]["sums"][0]["value"], 9.5);
    assert_eq!(outlets["sums"][0]["value"], 80.0);
    check_refusal(&office.get("/ledgers/outlets?task=CW"), 400, "invalid_request", "no task");
    check_refusal(&office.get("/ledgers/land"), 404, "collection_not_found", "no rows");
    check_refusal(&office.get("/ledgers/lands"), 404, "not_found", "no ledger");
    check_refusal(&office.get("/ledgers/base?limit=0"), 400, "invalid_parameter", "a limit");

    let markets = ledger(&office, "markets");
    let stages: Vec<u64> = markets["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["count"].as_u64().unwrap())
        .collect();
    assert_eq!(stages, [1, 0, 1, 0, 1], "关消腾挪, and what is none of them");
    assert_eq!(
        (&markets["sums"][1]["value"], &markets["sums"][2]["value"]),
        (&json!(120.0), &json!(2.0))
    );
}

#[test]
fn ledgers_are_files_commands_and_states_of_the_past() {
    let office = office();
    let before = office.get("/ledgers/rebound").json();
    assert_eq!(before["numberMatched"], 0);
    let moment = office.get("/changes?limit=10000").json()["changes"]
        .as_array()
        .and_then(|all| all.last().map(|last| last["at"].as_str().unwrap().to_owned()))
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
    let more = json!({ "evidence": [uuid(9_500)], "confirmed_by": "李" });
    office.raise(&office.district, event(1, 50, "rebound", "", more));
    let now = ledger(&office, "rebound");
    assert_eq!((&now["numberMatched"], &now["rows"][0]["rebound_count"]), (&json!(1), &json!(1)));
    assert_eq!(ledger(&office, &format!("rebound?as-of={moment}"))["numberMatched"], 0);

    let csv = office.get("/ledgers/base?f=csv");
    assert_eq!(csv.header("cache-control"), Some("private, no-cache"));
    let text = csv.text();
    for part in ["责任单位", "110115001-CW-2025-00001", "反弹", "自拟口径"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let sheet = office.get("/ledgers/base?f=xlsx");
    assert!(sheet.header("content-disposition").unwrap().contains("ledger-base.xlsx"));
    let page = office.get("/ledgers/base?f=html");
    let page = page.text();
    assert!(page.contains("未落界") && page.contains("合计"), "{page}");
    let items = page.split("data-items=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let items = items.replace("&amp;", "&");
    let on_map = office.get(&items[items.find("/collections").unwrap()..]).json();
    assert_eq!(on_map["numberReturned"], office.get("/ledgers/base").json()["numberMatched"]);

    let place = office.town.folder.path();
    let listed = run(place, &["ledgers", "s.gpkg"]);
    assert_eq!(listed.code, 0, "{}", listed.err);
    assert!(listed.out.contains("base\t整治点位基础台账\tpoints\t4"), "{}", listed.out);
    assert!(listed.out.contains("land\t腾退土地利用台账\tland_releases\t-"), "{}", listed.out);
    let unit = ["ledgers", "s.gpkg", "base", "--unit", "110115001", "--format", "json"];
    let told: Value = serde_json::from_str(&run(place, &unit).out).unwrap();
    assert_eq!(told["numberMatched"], 2);
    let out = run(place, &["ledgers", "s.gpkg", "markets", "--out", "m.xlsx"]);
    assert_eq!((out.code, out.out.trim()), (0, "m.xlsx: 3 of 3 rows"), "{}", out.err);
    let none = run(place, &["ledgers", "s.gpkg", "nothing"]);
    assert!(none.code == 1 && none.err.contains("the ledgers are base"), "{}", none.err);
    let own = "edition = \"x\"\n[[ledgers]]\nid = \"a\"\ntitle = \"甲\"\ntype = \"t\"\nlevel = \"town\"\n\
        collection = \"points\"\nfilter = \"state = \"\nunit = [\"unit\"]\n\
        columns = [{ field = \"code\", title = \"编号\" }]\nbasis = \"local\"\nsource = \"x\"\n";
    std::fs::write(place.join("own.toml"), own).unwrap();
    let faulty = run(place, &["ledgers", "s.gpkg", "--ledgers", "own.toml"]);
    assert!(faulty.err.contains("own.toml: the ledgers cannot be used"), "{}", faulty.err);
    assert!(faulty.err.contains("ledger \"a\", filter: \"state = \""), "{}", faulty.err);
    std::fs::write(place.join("own.toml"), own.replace("state = ", "state = 'closed'")).unwrap();
    let fine = run(place, &["ledgers", "s.gpkg", "--ledgers", "own.toml"]);
    assert_eq!(fine.out.trim(), "a\t甲\tpoints\t0", "{}", fine.err);
}

#[test]
fn a_town_has_its_two_lists_and_one_plan() {
    let office = office();
    let ask = |target: &str| {
        let answer = office.get(&format!("/towns/{target}"));
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        answer
    };
    let lists = ask("110115001/lists?date=2026-07-01").json();
    let flags: Vec<(&str, bool)> = lists["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["code"].as_str().unwrap(), one["no_project"].as_bool().unwrap()))
        .collect();
    // X-9 is no project of the town: naming it is having none.
    assert_eq!(flags, [("Q-1", false), ("Q-2", true), ("Q-3", true)]);
    assert_eq!(lists["problems"][0]["project_title"], "早市 <改造>");
    assert_eq!(lists["projects"][0]["problems"], json!(["Q-1"]));
    assert_eq!(
        lists["counts"],
        json!({
            "problems": { "count": 3, "open": 2, "noProject": 2 },
            "projects": { "count": 2, "done": 1, "late": 1, "noProblem": 1 }
        })
    );
    let decided = |lists: &Value| {
        let decisions = lists["decisions"].as_array().unwrap().iter();
        decisions.map(|one| (one["code"].clone(), one["late"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(decided(&lists), [(json!("Y-1"), json!(true))]);
    let district = ask("110115/lists").json();
    assert_eq!(decided(&district).len(), 2, "with the towns beneath it");
    assert_eq!(district["counts"]["problems"]["count"], 4, "with the towns beneath it");
    let csv = ask("110115001/lists?f=csv");
    let csv = csv.text();
    assert!(
        csv.contains("问题,Q-2") && csv.contains("无项目") && csv.contains("项目,X-2"),
        "{csv}"
    );
    assert!(ask("110115001/lists?f=html").text().contains("早市 &lt;改造&gt;"));
    assert_eq!(ask("110115001/lists?f=xlsx").status, 200);

    let plan = ask("110115001/plan?date=2026-07-01").json();
    assert_eq!(plan["plan"]["code"], "F-1");
    assert_eq!(decided(&plan), [(json!("Y-1"), json!(true))]);
    assert_eq!(plan["plan"]["measures"], json!(["拆除违法建设", "补建便民网点"]));
    let late: Vec<(&str, bool)> = plan["milestones"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["code"].as_str().unwrap(), one["late"].as_bool().unwrap()))
        .collect();
    assert_eq!(late, [("J-1", true), ("J-3", true), ("J-2", false)]);
    // What was closed in an earlier year is no part of this one.
    let progress = |year: i32, [registered, closed]: [u32; 2], rate: f64| {
        json!([{
            "task": "CW", "year": year, "registered": registered, "closed": closed, "rebounded": 0,
            "closingRate": rate
        }])
    };
    assert_eq!(plan["progress"], progress(2026, [1, 0], 0.0));
    let earlier = ask("110115001/plan?date=2025-07-01").json();
    assert_eq!(earlier["progress"], progress(2025, [2, 1], 0.5));
    let base = ledger(&office, "base?unit=110115001&task=CW");
    assert_eq!(base["numberMatched"], earlier["progress"][0]["registered"]);
    assert_eq!(earlier["plan"]["code"], "F-0");
    assert_eq!(ask("110115001/plan?date=2027-07-01").json()["plan"], json!(null));
    let page = ask("110115001/plan?date=2026-07-01&f=html");
    let page = page.text();
    assert_eq!(page.matches("<path").count(), 2, "the town and the plan's ground");
    assert!(page.contains("<circle") && page.contains("逾期") && page.contains("0.0"), "{page}");
    check_refusal(&office.get("/towns/110115009/plan"), 404, "not_found", "no such town");
    check_refusal(&office.get("/towns/110115001/plan?date=x"), 400, "invalid_parameter", "day");

    let place = office.town.folder.path();
    let done = run(place, &["town", "s.gpkg", "110115001", "plan", "--out", "p.html"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(std::fs::read_to_string(place.join("p.html")).unwrap().contains("<svg"));
    let told = run(place, &["town", "s.gpkg", "110115001", "lists", "--date", "2026-07-01"]);
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(told["counts"], lists["counts"]);

    let api = office.get("/api").json();
    for path in
        ["/ledgers", "/ledgers/{ledgerId}", "/towns/{townCode}/lists", "/towns/{townCode}/plan"]
    {
        assert!(api["paths"][path]["get"].is_object(), "{path}");
    }
}
