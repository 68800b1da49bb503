//! Household files over the real binary: what is in one, which there are, how complete they are and which
//! buildings are in none; a reader is told nothing that is not his.

use serde_json::{Value, json};

use crate::running::{Response, Server, run};

/// A degree of longitude and latitude here, metres, about.
const METRES: [f64; 2] = [85_600.0, 111_030.0];

/// Longitude and latitude so many metres from a corner of the town.
pub fn at(x: f64, y: f64) -> [f64; 2] {
    [116.34 + x / METRES[0], 39.72 + y / METRES[1]]
}

fn square(x: f64, y: f64, [width, height]: [f64; 2]) -> Value {
    let ring = [[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]];
    json!({ "type": "Polygon", "coordinates": [ring.map(|[x, y]| at(x, y))] })
}

fn feature(geometry: &Value, properties: Value) -> String {
    json!({ "type": "Feature", "geometry": geometry, "properties": properties }).to_string()
}

/// Five courtyards in a row, a lane north of them and a sixth beyond it; the fourth has no household.
pub struct Town {
    pub folder: tempfile::TempDir,
    pub server: Server,
}

impl Town {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path();
        let parcel = |n: usize, x: f64, y: f64| {
            let properties = json!({
                "ZDDM": format!("Z{n}"), "ZL": format!("示例村{n}号"), "ZDMJ": 400.0
            });
            feature(&square(x, y, [20.0, 20.0]), properties)
        };
        let mut parcels: Vec<String> = (1..=5).map(|n| parcel(n, n as f64 * 20.0, 0.0)).collect();
        parcels.push(parcel(6, 20.0, 26.0));
        let building = |n: usize, of: Option<&str>, [x, y]: [f64; 2], size| {
            let properties = json!({
                "ZRZH": format!("F{n}"), "ZDDM": of, "JZWMC": "正房", "ZCS": 2, "FWJG": "4"
            });
            feature(&square(x, y, size), properties)
        };
        let buildings = [
            building(1, Some("Z1"), [25.0, 5.0], [10.0, 8.0]),
            // Half a metre over the edge.
            building(2, Some("Z2"), [42.0, -0.5], [10.0, 6.0]),
            building(3, None, [65.0, 5.0], [6.0, 6.0]),
            building(4, Some("Z4"), [85.0, 5.0], [6.0, 6.0]),
            building(5, None, [300.0, 5.0], [6.0, 6.0]),
        ];
        let household = |no: &str, parcel: Option<&str>, door: &str, x: f64| {
            let point = json!({ "type": "Point", "coordinates": at(x, 2.0) });
            feature(&point, json!({ "household_no": no, "ZDDM": parcel, "door_no": door }))
        };
        let households = [
            household("H-1", Some("Z1"), "1号", 22.0),
            household("H-2", Some("Z2"), "2号", 42.0),
            household("H-3", Some("Z3"), "3号", 62.0),
            household("H-4", Some("Z404"), "", 500.0),
        ];
        let unit = |code: &str, name: &str, [from, to]: [f64; 2]| {
            feature(
                &square(from, -100.0, [to - from, 300.0]),
                json!({ "XZQDM": code, "XZQMC": name }),
            )
        };
        let line = json!({ "type": "LineString", "coordinates": [at(0.0, 23.0), at(120.0, 23.0)] });
        let alley =
            json!({ "type": "MultiLineString", "coordinates": [line["coordinates"].clone()] });
        let photo = synthetic_photo();
        let hash = store::evidence::Digests::of(&photo).sha256;
        let write = |name: &str, text: String| std::fs::write(place.join(name), text).unwrap();
        write("parcels.geojsonl", parcels.join("\n"));
        write("buildings.geojsonl", buildings.join("\n"));
        write("households.geojsonl", households.join("\n"));
        write(
            "villages.geojsonl",
            [unit("V1", "甲村", [0.0, 60.0]), unit("V2", "乙村", [60.0, 200.0])].join("\n"),
        );
        write("towns.geojsonl", unit("T1", "示例镇", [0.0, 200.0]));
        write("lanes.geojsonl", feature(&line, json!({ "name": "示例巷" })));
        write(
            "alleys.geojsonl",
            feature(&alley, json!({ "code": "J-1", "name": "示例巷", "valid_from": "2020-01-01" })),
        );
        write(
            "shares.geojsonl",
            [
                json!({ "code": "S-1", "household": "H-1", "parcel": "Z1", "portion": "1/2" }),
                json!({ "code": "S-2", "household": "H-2", "parcel": "Z1", "portion": "1/2" }),
                json!({ "code": "S-3", "household": "H-2", "parcel": "Z2", "portion": "全部" }),
            ]
            .map(|row| feature(&Value::Null, row))
            .join("\n"),
        );
        write(
            "photos.geojsonl",
            [
                json!({
                    "code": "P-1", "subject_kind": "household", "subject": "H-1", "title": "大门",
                    "captured_at": "2026-05-01T02:00:00Z", "hash": hash
                }),
                json!({
                    "code": "P-2", "subject_kind": "household", "subject": "H-1", "title": "遗失",
                    "captured_at": null, "hash": "0".repeat(64)
                }),
            ]
            .map(|row| feature(&Value::Null, row))
            .join("\n"),
        );
        let command = |arguments: &[&str]| {
            let done = run(place, arguments);
            assert_eq!(done.code, 0, "{arguments:?}: {}{}", done.out, done.err);
        };
        for collection in ["parcels", "buildings", "households", "villages", "towns", "lanes"] {
            let file = format!("{collection}.geojsonl");
            command(&["import", "s.gpkg", &file, "--collection", collection, "--crs", "EPSG:4490"]);
        }
        command(&["places", "init", "s.gpkg"]);
        command(&["ledger", "init", "s.gpkg"]);
        command(&["ledger", "add", "s.gpkg", "shares", "photos"]);
        for collection in ["alleys", "shares", "photos"] {
            let file = format!("{collection}.geojsonl");
            command(&["import", "s.gpkg", &file, "--collection", collection, "--append"]);
        }
        let path = place.join("s.gpkg");
        let kept = store::EvidenceFolder::beside(&path).root().join(&hash[..2]);
        std::fs::create_dir_all(&kept).unwrap();
        std::fs::write(kept.join(&hash[2..]), &photo).unwrap();
        let server = Server::start(&path, &[]);
        Self { folder, server }
    }

    pub fn json(&self, target: &str) -> Value {
        let answer = self.get(target);
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        answer.json()
    }

    pub fn get(&self, target: &str) -> Response {
        self.server.get(target)
    }
}

/// A picture of one grey pixel.
pub fn synthetic_photo() -> Vec<u8> {
    let picture = "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a\
                   4944415478da6360000000020001e527defc0000000049454e44ae426082";
    let picture: String = picture.split_whitespace().collect();
    (0..picture.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&picture[at..at + 2], 16).unwrap())
        .collect()
}

/// A refusal with its code, that says what else to do.
pub fn check_no(answer: &Response, status: u16, way: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(answer.text().contains(way), "{way}: {}", answer.text());
}

fn check_measured(fact: &Value, expected: f64, within: f64) {
    let value = fact["value"].as_f64().unwrap_or_else(|| panic!("{fact}"));
    assert!((value - expected).abs() < within, "{fact}: {expected}");
    assert_eq!(fact["crs"], "EPSG:4548", "{fact}");
    assert!(fact["methodText"].is_string() && fact["method"].is_string(), "{fact}");
}

#[test]
fn a_file_says_what_there_is_and_how_it_was_measured() {
    let town = Town::new();
    let file = town.json("/dossiers/H-2");
    assert_eq!(file["subject"]["kind"], "household");
    assert_eq!(file["units"][1]["name"], "示例镇");
    let parcels = file["parcels"].as_array().unwrap();
    assert_eq!(parcels.iter().map(|one| &one["code"]).collect::<Vec<_>>(), ["Z1", "Z2"]);
    assert_eq!(parcels[0]["households"], json!(["H-1", "H-2"]));
    let parcel = &parcels[1];
    check_measured(&parcel["area"], 400.0, 1.0);
    // The table closes: vectors add up to nothing, lengths to the perimeter, and the last leads home.
    let points = parcel["boundary"]["points"].as_array().unwrap();
    let number = |point: &Value, name: &str| point[name].as_f64().unwrap();
    let mut sum = [0.0, 0.0, 0.0];
    for (n, point) in points.iter().enumerate() {
        let next = &points[(n + 1) % points.len()];
        assert_eq!(point["to"], next["point"]);
        sum[0] += ((number(next, "east") - number(point, "east")) * 1e3).round();
        sum[1] += ((number(next, "north") - number(point, "north")) * 1e3).round();
        sum[2] += number(point, "edge");
    }
    assert_eq!([sum[0], sum[1]], [0.0, 0.0]);
    assert_eq!(parcel["boundary"]["misclosure"], json!([0.0, 0.0]));
    check_measured(&parcel["perimeter"], sum[2], 1e-6);
    let sides: Vec<&str> = parcel["sides"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|side| side["text"].as_str())
        .collect();
    assert!(sides[0].starts_with("3号（"), "{sides:?}");
    assert!(sides[1].starts_with("未登记宗地（"), "{sides:?}");
    assert!(sides[2].starts_with("1号（"), "{sides:?}");
    assert!(sides[3].starts_with("示例巷（"), "{sides:?}");
    let north = &parcels[0]["sides"][3]["borders"][0];
    assert_eq!((&north["lane"], &north["across"]["code"]), (&json!("示例巷"), &json!("Z6")));
    let buildings = file["buildings"].as_array().unwrap();
    let over = buildings.iter().find(|one| one["code"] == "F2").unwrap();
    assert_eq!(over["outside"]["suspicion"], "疑似超占");
    check_measured(&over["outside"]["area"], 5.0, 0.1);
    check_measured(&file["floors"][1]["area"], 140.0, 1.0);
    // What lies there belongs to the file too, though no field says so.
    let third = town.json("/dossiers/H-3");
    assert_eq!(
        (&third["buildings"][0]["code"], &third["buildings"][0]["via"]),
        (&json!("F3"), &json!("place"))
    );
    assert_eq!(third["parcels"][0]["via"], "field");
    // Red lines that nobody has are said to be absent.
    assert!(parcel["redLines"].as_array().unwrap().iter().any(|line| line["known"] == true));
    assert!(parcel["redLines"].as_array().unwrap().iter().any(|line| line["known"] == false));
    assert_eq!(file["personal"], json!([]));
    // A parcel that is not there is a warning.
    let fourth = town.json("/dossiers/H-4");
    assert!(fourth["notes"][0].as_str().unwrap().contains("Z404"), "{fourth}");
    assert_eq!(fourth["units"], json!([]));
    // The same for people.
    let page = town.get("/dossiers/H-1?f=html");
    assert_eq!(page.status, 200);
    for part in
        ["户一档 H-1", "界址点表 Z1", "四至（东）", "2号（", "一宅多户", "EPSG:4548", "<img"]
    {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
}

#[test]
fn other_kinds_have_files_and_what_is_unknown_is_told_with_a_way_out() {
    let town = Town::new();
    let building = town.json("/dossiers/F1");
    assert_eq!(building["subject"]["kind"], "building");
    assert_eq!(building["buildings"].as_array().unwrap().len(), 1);
    let alley = town.json("/dossiers/J-1?kind=alley");
    check_measured(&alley["line"]["length"], 120.0, 0.5);
    check_no(&town.get("/dossiers/H-99"), 404, "GET /dossiers lists");
    check_no(&town.get("/dossiers/F1?kind=household"), 404, "households.household_no");
    check_no(&town.get("/dossiers/H-1?kind=person"), 400, "household, unit, building, alley");
    check_no(&town.get("/dossiers?complete=perhaps"), 400, "true or false");
    check_no(&town.get("/dossiers/completeness?level=moon"), 400, "village, town");
    check_no(&town.get("/dossiers/H-1/photos/P-9"), 404, "is no photo");
    check_no(&town.get("/dossiers/H-2/photos/P-1"), 404, "is no photo");
    check_no(&town.get("/dossiers/H-1/photos/P-2"), 404, "are lost");
    let photo = town.get("/dossiers/H-1/photos/P-1");
    assert_eq!((photo.status, photo.header("content-type")), (200, Some("image/png")));
    assert_eq!(photo.body, synthetic_photo());
    let place = town.folder.path();
    drop(town.server);
    let wrong = ledger::dossier::DEFAULT_DOSSIERS.replacen("weight = 3", "weight = 0", 1);
    std::fs::write(place.join("档案.toml"), wrong).unwrap();
    std::fs::write(place.join("c.toml"), "[ledger]\ndossiers = \"档案.toml\"\n").unwrap();
    let refused = run(place, &["serve", "s.gpkg", "--listen", "127.0.0.1:0", "--config", "c.toml"]);
    assert!(refused.code != 0 && refused.err.contains("parts.weight"), "{}", refused.err);
}

#[test]
fn lists_completeness_and_gaps_agree() {
    let town = Town::new();
    let all = town.json("/dossiers");
    assert_eq!((&all["numberMatched"], &all["numberReturned"]), (&json!(4), &json!(4)));
    let mut complete = 0;
    for file in all["files"].as_array().unwrap() {
        let one = town.json(&format!("/dossiers/{}", file["id"].as_str().unwrap()));
        assert_eq!(one["completeness"], file["completeness"]);
        complete += u64::from(file["completeness"]["complete"] == true);
    }
    assert_eq!(complete, 1);
    let page = town.json("/dossiers?limit=1&offset=1&complete=false");
    assert_eq!((&page["numberMatched"], &page["files"][0]["id"]), (&json!(3), &json!("H-3")));
    assert!(page["links"].as_array().unwrap().iter().any(|link| link["rel"] == "next"));
    let of_village = town.json("/dossiers?unit=V1");
    assert_eq!(of_village["numberMatched"], 2);
    let figures = town.json("/dossiers/completeness?level=village");
    let lines: Vec<(&str, u64)> = figures["units"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["code"].as_str().unwrap(), line["files"].as_u64().unwrap()))
        .collect();
    assert_eq!(lines, [("V1", 2), ("V2", 1)]);
    assert_eq!(figures["outside"]["files"], 1);
    assert_eq!(figures["whole"]["complete"], complete);
    let csv = town.get("/dossiers/completeness?f=csv");
    assert!(csv.text().contains("T1,示例镇,3,1,"), "{}", csv.text());
    let book = town.get("/dossiers/completeness?f=xlsx");
    assert!(book.status == 200 && book.body.starts_with(b"PK"));
    for target in ["/dossiers?f=html", "/dossiers/completeness?f=html", "/dossiers?f=csv"] {
        assert!(town.get(target).text().contains("自拟口径"), "{target}");
    }
    // F4 stands on a parcel without household, F5 on none: F3 is in a file by its place.
    let gaps = town.json("/dossiers/uncovered");
    let ids: Vec<i64> = gaps["features"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["properties"]["features"][0]["id"].as_i64())
        .collect();
    assert_eq!(ids, [4, 5]);
    let village =
        gaps["units"].as_array().unwrap().iter().find(|unit| unit["code"] == "V2").unwrap();
    assert_eq!((&village["buildings"], &village["without"]), (&json!(2), &json!(1)));
    assert_eq!(village["covered"], 0.5);
    // A share makes the parcel one with a file.
    let share = feature(
        &Value::Null,
        json!({ "code": "S-9", "household": "H-3", "parcel": "Z4", "portion": "全部", "buildings": null }),
    );
    let made =
        town.server.post_as("/collections/shares/items", "application/geo+json", share.as_bytes());
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(town.json("/dossiers/uncovered")["numberMatched"], 1);
}

#[test]
fn a_file_is_told_as_it_had_been_recorded() {
    let town = Town::new();
    let before = town.json("/dossiers/H-1");
    assert_eq!(before["parcels"][0]["change"], Value::Null);
    let moment = town.json("/changes?limit=1000");
    let moment = moment["changes"].as_array().and_then(|all| all.last().cloned());
    let moment = moment.and_then(|last| last["at"].as_str().map(str::to_owned));
    std::thread::sleep(std::time::Duration::from_millis(30));
    let wider = json!({ "geometry": square(20.0, -5.0, [20.0, 25.0]) });
    let headers = [("Content-Type", "application/merge-patch+json")];
    let target = "/collections/parcels/items/1";
    let changed = town.server.change("PATCH", target, &headers, &wider.to_string());
    assert_eq!(changed.status, 204, "{}", changed.text());
    let after = town.json("/dossiers/H-1");
    check_measured(&after["parcels"][0]["change"]["gained"], 100.0, 0.5);
    check_measured(&after["parcels"][0]["change"]["before"], 400.0, 1.0);
    assert_eq!(
        after["history"].as_array().unwrap().len(),
        before["history"].as_array().unwrap().len() + 1
    );
    let moment = moment.unwrap_or_else(|| panic!("no change is told"));
    let past = town.json(&format!("/dossiers/H-1?as-of={moment}"));
    assert_eq!(past["parcels"][0]["area"], before["parcels"][0]["area"]);
    assert_eq!(past["history"], before["history"]);
}

/// Text of an SVG, pieces joined.
pub fn words(svg: &str) -> String {
    let pieces = svg.split('>').filter_map(|piece| piece.split_once('<')).map(|(text, _)| text);
    pieces.collect()
}

/// Width and height of a PNG.
fn pixels(png: &[u8]) -> [u32; 2] {
    assert!(png.starts_with(b"\x89PNG"), "no PNG");
    [16, 20].map(|at| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()))
}

#[test]
fn sheets_say_what_the_file_says_in_every_form() {
    let town = Town::new();
    let file = town.json("/dossiers/H-2");
    // A sheet a parcel, the first with what is of the whole file.
    let parcel = &file["parcels"][0];
    let svg = town.get("/dossiers/H-2.svg");
    assert_eq!((svg.status, svg.header("content-type")), (200, Some("image/svg+xml")));
    let words = words(svg.text());
    let area = parcel["area"]["value"].as_f64().unwrap();
    assert!(words.contains(&format!("{area:.2}㎡")), "{area}: {words}");
    let north = parcel["sides"][3]["text"].as_str().unwrap();
    for part in ["分户院落图", "H-2", "J1", "示例巷", north, "EPSG:4548"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let png = town.get("/dossiers/H-2.png?paper=A3&dpi=50");
    assert_eq!((png.status, png.header("content-type")), (200, Some("image/png")));
    let [width, height] = pixels(&png.body);
    assert_eq!([width.min(height), width.max(height)], [585, 827]);
    let accept = [("Accept", "application/pdf")];
    let pdf = town.server.ask("GET", "/dossiers/H-2", &accept);
    assert_eq!((pdf.status, pdf.header("content-type")), (200, Some("application/pdf")));
    assert!(pdf.body.starts_with(b"%PDF-"));
    for (target, way) in [
        ("/dossiers/H-2.png?paper=A9", "send A4 or A3"),
        ("/dossiers/H-2.png?page=99", "beyond the last"),
        ("/dossiers/H-2.png?dpi=5", "36 to 400"),
    ] {
        check_no(&town.get(target), 400, way);
    }
    check_no(&town.get("/dossiers/H-99.pdf"), 404, "GET /dossiers lists");
    // An alley and a subject without a parcel have sheets too, and the page shows the sheet.
    for target in ["/dossiers/J-1.svg?kind=alley", "/dossiers/F5.svg", "/dossiers/H-4.svg"] {
        assert_eq!(town.get(target).status, 200, "{target}");
    }
    assert!(town.get("/dossiers/H-1?f=html").text().contains("/dossiers/H-1.svg?kind=household"));
}

#[test]
fn buildings_that_went_since_they_were_surveyed_are_told_where_they_stood() {
    let town = Town::new();
    let gone = |household: &str, more: &str| {
        let file = town.json(&format!("/dossiers/{household}{more}"));
        file["parcels"][0]["goneBuildings"].as_array().unwrap().clone()
    };
    let before = town.json("/dossiers/H-1")["revision"].clone();
    assert!(gone("H-1", "").is_empty() && gone("H-3", "").is_empty());
    let change = |method: &str, fid: u32, body: &str| {
        let target = format!("/collections/buildings/items/{fid}");
        let kind = [("Content-Type", "application/merge-patch+json")];
        let answer = town.server.change(method, &target, &kind, body);
        assert_eq!(answer.status, 204, "{}", answer.text());
    };
    change("DELETE", 1, "");
    let away = json!({ "geometry": square(305.0, 5.0, [6.0, 6.0]) });
    change("PATCH", 3, &away.to_string());
    let [removed, moved] = [gone("H-1", ""), gone("H-3", "")];
    let said = |one: &[Value]| {
        let [one] = one else { panic!("{one:?}") };
        assert!(
            one["revision"].as_u64() > before.as_u64() && one["recordedAt"].is_string(),
            "{one}"
        );
        (one["code"].clone(), one["removed"].clone(), one["footprint"].clone())
    };
    let (code, is_removed, footprint) = said(&removed);
    assert_eq!((code, is_removed), (json!("F1"), json!(true)));
    check_measured(&footprint, 80.0, 0.5);
    let (code, is_removed, footprint) = said(&moved);
    assert_eq!((code, is_removed), (json!("F3"), json!(false)));
    check_measured(&footprint, 36.0, 0.5);
    let page = town.get("/dossiers/H-1?f=html");
    assert!(page.text().contains("上次调查后不在的建筑"), "the page says it");
    // Loaded anew, that is the survey that is compared with.
    let load =
        ["import", "s.gpkg", "buildings.geojsonl", "--collection", "buildings", "--upsert", "ZRZH"];
    let done = run(town.folder.path(), &load);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(gone("H-1", "").is_empty() && gone("H-3", "").is_empty());
}

#[test]
fn what_files_and_atlases_show_is_counted_and_on_record() {
    let Town { folder, server } = Town::new();
    drop(server);
    let place = folder.path();
    let command = |arguments: &[&str]| {
        let done = run(place, arguments);
        assert_eq!(done.code, 0, "{arguments:?}: {}{}", done.out, done.err);
        done.out.trim().to_owned()
    };
    command(&["user", "add", "s.gpkg", "anna", "--role", "town", "--unit", "T1"]);
    let authorization = format!("Bearer {}", command(&["user", "token", "s.gpkg", "anna"]));
    let log = |action: &str| -> Vec<Value> {
        let rows = command(&["audit", "list", "s.gpkg", "--json"]);
        let rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.filter(|row| row["action"] == action).collect()
    };
    let config = place.join("tuban.toml");
    let started = |settings: &str| {
        std::fs::write(&config, settings).unwrap();
        Server::start(&place.join("s.gpkg"), &["--config", config.to_str().unwrap()])
    };
    let forms = [
        "/dossiers/H-2",
        "/dossiers/H-2?f=html",
        "/dossiers/H-2.svg",
        "/dossiers/H-2.png",
        "/dossiers/H-2.pdf",
    ];
    let get = |server: &Server, target: &str| {
        server.ask("GET", target, &[("Authorization", &authorization)])
    };
    let server = started("");
    for target in forms {
        assert_eq!(get(&server, target).status, 200, "{target}");
    }
    let drawn = get(&server, "/dossiers/H-1.svg");
    assert!(drawn.text().contains("anna 20"), "who took it stands across the sheet");
    let rows = log("export");
    assert_eq!(rows.len(), forms.len() + 1, "{rows:#?}");
    for row in &rows[..forms.len()] {
        let said = ["actor", "object", "result"].map(|name| row[name].as_str().unwrap());
        assert_eq!(said, ["anna", "household H-2 (households/2)", "done"]);
        assert_eq!((&row["count"], &row["ip"]), (&json!(1), &json!("127.0.0.1")));
        assert!(row["geometry"].as_str().unwrap().contains("(116.3"), "{row}");
    }
    // A sum that is nearly full: these files cover a cell or a few of 0.0135 km², and no more is allowed.
    drop(server);
    let server = started("[exports]\nlimit_km2 = 0.012\n");
    for target in forms.iter().chain(&["/dossiers/uncovered", "/dossiers/F5.svg"]) {
        let refused = get(&server, target);
        assert_eq!(refused.status, 403, "{target}: {}", refused.text());
        assert_eq!(refused.json()["code"], "export_limit", "{target}");
    }
    assert_eq!(get(&server, "/dossiers").status, 200, "a list has no ground");
    let rows = log("export");
    assert_eq!(rows.last().unwrap()["result"], "refused", "{rows:#?}");

    // Whoever works at the machine is not counted, but on record; through the server that holds the store.
    command(&["atlas", "s.gpkg", "atlas.pdf", "--town", "T1"]);
    command(&["export", "s.gpkg", "parcels.fgb", "--collection", "parcels"]);
    drop(server);
    command(&[
        "export",
        "s.gpkg",
        "parcels.mbtiles",
        "--collection",
        "parcels",
        "--zoom",
        "15..15",
    ]);
    let rows = log("export");
    let local: Vec<&Value> = rows.iter().filter(|row| row["actor"] == "local").collect();
    let said: Vec<(&str, bool)> = local
        .iter()
        .map(|row| (row["object"].as_str().unwrap(), row["count"].as_u64().unwrap() > 0))
        .collect();
    let expected = ["atlas of T1", "/collections/parcels", "tiles of parcels"];
    assert_eq!(said, expected.map(|object| (object, true)));
    assert_eq!((&local[0]["count"], &local[1]["count"]), (&json!(4), &json!(6)));
    for row in local {
        assert!(row["geometry"].as_str().unwrap().starts_with("POLYGON"), "{row}");
    }
}

#[test]
fn an_atlas_has_the_sheets_of_its_unit() {
    let town = Town::new();
    let place = town.folder.path();
    let made = run(
        place,
        &["atlas", "s.gpkg", "atlas.pdf", "--town", "T1", "--watermark", "演示", "--paper", "a3"],
    );
    assert_eq!(made.code, 0, "{}{}", made.out, made.err);
    // H-2 has two parcels, H-4 lies in no unit.
    assert!(made.out.contains("atlas.pdf: 4 sheets on "), "{}", made.out);
    let pdf = std::fs::read(place.join("atlas.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF-") && pdf.ends_with(b"%%EOF\n"));
    let one = run(place, &["atlas", "s.gpkg", "one.pdf", "--village", "V2"]);
    assert!(one.out.contains("one.pdf: 1 sheets on "), "{}{}", one.out, one.err);
    for (arguments, way) in [
        (&["--village", "V9"][..], "no unit of the definitions"),
        (&["--town", "T1", "--kind", "person"], "household, unit, building, alley"),
        (&["--town", "T1", "--kind", "unit"], "it has no files"),
        (&[], "--village"),
    ] {
        let refused = run(place, &[&["atlas", "s.gpkg", "no.pdf"], arguments].concat());
        assert!(refused.code != 0 && refused.err.contains(way), "{way}: {}", refused.err);
    }
    assert!(!place.join("no.pdf").exists());
}
