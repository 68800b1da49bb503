//! A spreadsheet without coordinates over the real binary: found by code, address and name, told as
//! ambiguous where several fit, written once as enterprises; and who is told which of them may be high
//! risks, with reasons.

use std::path::Path;

use serde_json::{Value, json};

use crate::running::{Response, Server, folder_with, run};

const CODE: &str = "91350100M000100Y43";
/// A number of a person where a code of an enterprise should stand.
const PERSON: &str = "11010519491231002X";
const PARCELS: [(&str, &str, &str, f64); 4] = [
    ("110115001002JC00011", "大兴区黄村镇兴丰大街3号", "0702", 116.340),
    ("110115001002JC00012", "大兴区黄村镇团结路8号", "0601", 116.350),
    ("110115001002JC00013", "大兴区西红门镇团结路8号", "0601", 116.360),
    ("110115001002JC00014", "大兴区黄村镇清源小区5号楼", "0701", 116.370),
];

fn parcel((code, address, used, west): (&str, &str, &str, f64)) -> String {
    let (east, south, north) = (west + 0.001, 39.72, 39.721);
    let ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
    json!({
        "type": "Feature", "properties": { "ZDDM": code, "ZL": address, "YT": used },
        "geometry": { "type": "Polygon", "coordinates": [ring] }
    })
    .to_string()
}

fn ran(folder: &Path, arguments: &[&str]) -> String {
    let done = run(folder, arguments);
    assert_eq!(done.code, 0, "{arguments:?}: {}{}", done.out, done.err);
    done.out
}

/// A store with parcels, a point on the ledger, complaints, and collections for enterprises.
fn town() -> tempfile::TempDir {
    let parcels: Vec<String> = PARCELS.into_iter().map(parcel).collect();
    let point = "任务,责任单位,期限,计划建筑面积,地址,lon,lat\nCW,110115001,2026-12-31,80,\
                 大兴区黄村镇学府路12号,116.381,39.7205\n";
    let complaint = |n: usize| format!("D{n},2026-05-2{n}T02:00:00Z,116.3405,39.7205\n");
    let complaints: String = (0..3).map(complaint).collect();
    let complaints = format!("code,occurred_at,lon,lat\n{complaints}");
    let folder = folder_with(&[
        ("parcels.geojsonl", parcels.join("\n").as_bytes()),
        ("points.csv", point.as_bytes()),
        ("complaints.csv", complaints.as_bytes()),
    ]);
    let place = folder.path();
    ran(place, &["ledger", "init", "s.gpkg"]);
    ran(place, &["ledger", "add", "s.gpkg", "enterprises", "complaints", "outlets", "legal_steps"]);
    ran(place, &["import", "s.gpkg", "parcels.geojsonl", "--collection", "parcels"]);
    let degrees = ["--crs", "EPSG:4490"];
    let complaints =
        ["import", "s.gpkg", "complaints.csv", "--collection", "complaints", "--append"];
    ran(place, &[&complaints[..], &degrees].concat());
    let points = ["ledger", "register", "s.gpkg", "points.csv", "--date", "2026-01-05"];
    ran(place, &[&points[..], &degrees].concat());
    folder
}

const SHEET: &str = "统一社会信用代码,企业名称,经营地址,行业,登记状态,成立日期,宗地代码,法定代表人\n\
    91350100M000100Y43,绿源化工有限公司,北京市大兴区黄村镇兴丰大街三号院,C2631,吊销,2026/3/5,,甲\n\
    ,便民菜店,团结路8号,F5221,存续,2020-01-02,,乙\n\
    ,无名小吃,,,,,,丙\n\
    ,红星理发店,清源小区五号楼,,存续,某年,110115001002JC00014F00010001,丁\n\
    ,宏达建材,黄村地区学府路１２号,,存续,,,戊\n";

fn append(folder: &Path, file: &str) -> crate::running::Answer {
    let flags = ["--to", "enterprises,parcels,points", "--append", "enterprises", "--out", "r.csv"];
    run(folder, &[&["match", "s.gpkg", file][..], &flags].concat())
}

#[test]
fn rows_are_found_by_code_address_and_name_and_written_once() {
    let folder = town();
    let place = folder.path();
    std::fs::write(place.join("e.csv"), SHEET).unwrap();
    let done = append(place, "e.csv");
    assert_eq!(done.code, 3, "{}{}", done.out, done.err);
    assert!(done.out.contains("3 of 5 rows found, 1 ambiguous, 1 not found"), "{}", done.out);
    assert!(done.out.contains("enterprises: 3 rows appended, 0 were there"), "{}", done.out);
    assert!(done.err.contains("法定代表人"), "{}", done.err);
    assert!(done.err.contains("row 5, opened: the value does not fit"), "{}", done.err);
    let report = std::fs::read_to_string(place.join("r.csv")).unwrap();
    for line in [
        "2,已匹配,parcels,110115001002JC00011,地址,地址在区、街乡、路、号上一致,116.34",
        "3,多个候选,parcels,,地址,地址在路、号上一致,,,110115001002JC00012、110115001002JC00013,2",
        "4,未匹配,,,,没有可读的地址；",
        "5,已匹配,parcels,110115001002JC00014,代码,代码一致,116.37",
        "6,已匹配,points,110115001-CW-2026-00001,地址,地址在街乡、路、号上一致,116.381",
    ] {
        assert!(report.contains(line), "{line}\n{report}");
    }
    for name in ["便民菜店", "红星", "甲"] {
        assert!(!report.contains(name), "{name}: the report has keys alone");
    }
    // The same file again finds the rows as enterprises, and through a server none is added twice.
    let again = append(place, "e.csv");
    assert!(again.out.contains("enterprises: 0 rows appended, 3 were there"), "{}", again.out);
    let server = Server::start(&place.join("s.gpkg"), &[]);
    let more = format!(
        "{SHEET}91350100M000100Y43,绿源,兴丰大街3号,,,,,\n{PERSON},新店,兴丰大街3号,,无照,,,\n"
    );
    std::fs::write(place.join("more.csv"), more).unwrap();
    let through = append(place, "more.csv");
    assert!(
        through.out.contains("1 rows appended, 4 were there"),
        "{}{}",
        through.out,
        through.err
    );
    assert!(through.err.contains("row 8, uscc"), "{}", through.err);
    let report = std::fs::read_to_string(place.join("r.csv")).unwrap();
    assert!(report.contains("统一社会信用代码不合校验") && !report.contains(PERSON), "{report}");
    let file = rusqlite::Connection::open(place.join("s.gpkg")).unwrap();
    let query = "select count(*) from enterprises where uscc = ?1 or code = ?1";
    let kept: i64 = file.query_row(query, [PERSON], |row| row.get(0)).unwrap();
    assert_eq!(kept, 0);
    let told = server.get("/collections/enterprises/items?f=json").json();
    assert_eq!(told["numberMatched"], 4, "{told}");
    let rows = told["features"].as_array().unwrap();
    let first = rows.iter().find(|row| row["properties"]["industry"] == "C2631").unwrap();
    assert_eq!(first["properties"]["opened"], "2026-03-05");
    assert_eq!(first["properties"]["parcel"], "110115001002JC00011");
    let lon = first["geometry"]["coordinates"][0].as_f64().unwrap();
    assert!((116.340..116.341).contains(&lon), "{lon}");
    let of_point = rows.iter().find(|row| row["properties"]["point"].is_string()).unwrap();
    assert_eq!(of_point["properties"]["point"], "110115001-CW-2026-00001");

    for (arguments, expected) in [
        (&["--to", "shops"][..], "the store has complaints, enterprises"),
        (&["--out", "r.pdf"], ".csv or .xlsx"),
        (&["--append", "parcels"], "rows become points"),
        (&["--append", "points"], "belongs to the ledger"),
    ] {
        let refused = run(place, &[&["match", "s.gpkg", "e.csv"][..], arguments].concat());
        assert_eq!(refused.code, 1, "{}", refused.out);
        assert!(refused.err.contains(expected), "{arguments:?}: {}", refused.err);
    }
    let workbook = run(place, &["match", "s.gpkg", "e.csv", "--out", "r.xlsx"]);
    assert_eq!(workbook.code, 3, "{}", workbook.err);
    assert!(std::fs::read(place.join("r.xlsx")).unwrap().starts_with(b"PK"));
}

fn asked(server: &Server, token: &str, target: &str) -> Response {
    let bearer = format!("Bearer {token}");
    server.ask("GET", target, &[("Authorization", bearer.as_str())])
}

#[test]
fn high_risks_are_told_with_reasons_to_whom_it_concerns() {
    let folder = town();
    let place = folder.path();
    std::fs::write(place.join("e.csv"), SHEET).unwrap();
    assert_eq!(append(place, "e.csv").code, 3);
    let server = Server::start(&place.join("s.gpkg"), &[]);
    let answer = server.get("/rules/high_risk?date=2026-06-01");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    let told = answer.json();
    assert_eq!(told["numberMatched"], 1, "{told}");
    let clue = &told["features"][0]["properties"];
    assert_eq!(clue["features"][0]["key"], CODE);
    assert_eq!(
        clue["reason"],
        format!(
            "疑似高风险主体：主体 {CODE}，100 分：证照状态为吊销（30 分）；行业 C2631 属禁限目录 \
             example-2026 版禁止类（化学原料和化学制品制造业；示例：研发、检测环节除外），2026-03-05 \
             成立（30 分）；位于居住用途宗地 110115001002JC00011（用途 0702）（20 分）；50 米内 365 \
             天内有 3 件群众诉求（20 分）"
        )
    );
    let measured = &clue["measured"];
    assert_eq!((&measured["score"], &measured["complaints"]), (&json!(100), &json!(3)));
    assert_eq!(measured["catalogue_edition"], "example-2026");
    assert_eq!(told["rule"]["basis"], "template");
    assert!(told["features"][0]["geometry"]["coordinates"].is_array());
    // As a table, to be passed on.
    let table = server.get("/rules/high_risk?date=2026-06-01&f=csv");
    assert_eq!(table.header("cache-control"), Some("private, no-cache"));
    let lines: Vec<&str> = table.text().lines().collect();
    let cells: Vec<&str> = lines[1].split(',').collect();
    assert_eq!(cells[0], "疑似高风险主体");
    assert_eq!(cells[1..3], ["未核实", ""]);
    assert_eq!(cells[cells.len() - 4], CODE, "{cells:?}");
    let place_of = &told["features"][0]["geometry"]["coordinates"];
    for (cell, number) in cells[cells.len() - 3..].iter().zip(place_of.as_array().unwrap()) {
        let cell: f64 = cell.parse().unwrap();
        assert!((cell - number.as_f64().unwrap()).abs() < 1e-7, "{cells:?}");
    }
    assert!(lines[1].contains("100 分：证照状态为吊销"), "{}", lines[1]);
    let workbook = server.get("/rules/high_risk?date=2026-06-01&f=xlsx");
    assert!(workbook.body.starts_with(b"PK"), "{}", workbook.status);
    let named = workbook.header("content-disposition");
    assert_eq!(named, Some("attachment; filename=\"high_risk.xlsx\""));
    // The command writes the same table, and refuses what it cannot write.
    let command = ["rules", "s.gpkg", "high_risk", "--date", "2026-06-01"];
    ran(place, &[&command[..], &["-o", "risk.csv"]].concat());
    let written = std::fs::read(place.join("risk.csv")).unwrap();
    assert_eq!(String::from_utf8(written).unwrap(), table.text());
    ran(place, &[&command[..], &["-o", "risk.xlsx"]].concat());
    assert!(std::fs::read(place.join("risk.xlsx")).unwrap().starts_with(b"PK"));
    let odd = run(place, &[&command[..], &["-o", "risk.pdf"]].concat());
    assert_eq!((odd.code, odd.err.contains(".csv or .xlsx")), (1, true), "{}", odd.err);
    let all = run(place, &["rules", "s.gpkg", "-o", "rules.csv"]);
    assert_eq!((all.code, place.join("rules.csv").exists()), (2, false), "{}", all.err);
    let twin = ran(place, &command);
    let twin: Value = serde_json::from_str(&twin).unwrap();
    assert_eq!(twin["features"][0]["properties"]["reason"], clue["reason"]);

    // Another edition, from a file, says something else of the same industry.
    let catalogue = "[[editions]]\nedition = \"x\"\nvalid_from = \"2026-04-01\"\nbasis = \"local\"\n\
        source = \"测试\"\nentries = [{ industry = \"C\", name = \"制造业\", verdict = \"restricted\" }]\n";
    std::fs::write(place.join("c.toml"), catalogue).unwrap();
    let flags = ["high_risk", "--date", "2026-06-01", "--catalogue", "c.toml"];
    let other = ran(place, &[&["rules", "s.gpkg"][..], &flags].concat());
    assert!(other.contains("85 分") && other.contains("x 版限制类"), "{other}");
    assert!(other.contains("早于该版施行日 2026-04-01，属存量"), "{other}");
    drop(server);

    // Who reaches a public server is told nothing of enterprises.
    let public = Server::start(&place.join("s.gpkg"), &["--public"]);
    for target in ["/rules/high_risk", "/rules/high_risk?f=csv"] {
        let refused = public.get(target);
        assert_eq!(refused.status, 401, "{}", refused.text());
    }
    assert_eq!(public.get("/rules/legal_steps").status, 404, "it is not listed for everyone");
    drop(public);
    let token = |role: &str| {
        ran(place, &["user", "add", "s.gpkg", role, "--role", role]);
        ran(place, &["user", "token", "s.gpkg", role]).trim().to_owned()
    };
    let [town, reader] = ["town", "reader"].map(token);
    let server = Server::start(&place.join("s.gpkg"), &[]);
    for rule in ["high_risk", "licence_alive", "exit_overdue"] {
        let target = format!("/rules/{rule}");
        assert_eq!(asked(&server, &town, &target).status, 200);
        for target in [format!("{target}?f=xlsx"), target] {
            let refused = asked(&server, &reader, &target);
            assert_eq!(refused.status, 403, "{}", refused.text());
            assert!(refused.text().contains("told to the roles town"), "{}", refused.text());
            assert!(refused.text().contains("role_may_not"), "{}", refused.text());
        }
    }
    assert_eq!(asked(&server, &reader, "/rules/legal_steps").status, 200);
    assert_eq!(server.get("/rules/high_risk").status, 401);
}
