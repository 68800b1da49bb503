//! The sample city: a ledger with two years behind it, units and posts, as a clerk finds it on the first day.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::running::{Server, masks, run};

/// A UUID of version 7 that the generator does not give.
const NEW_EVENT: &str = "019aaaaa-0000-7000-8000-0000000000ff";

fn items_of(server: &Server, collection: &str) -> Value {
    server.get(&format!("/collections/{collection}/items?f=json&limit=1")).json()
}

/// What `filter` of points comes to, also as of a past day.
fn count_points(server: &Server, filter: &str, and: &str) -> u64 {
    let filter = filter.replace(' ', "%20").replace('<', "%3C").replace('>', "%3E");
    let answer =
        server.get(&format!("/collections/points/items?f=json&limit=1&filter={filter}{and}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["numberMatched"].as_u64().unwrap()
}

/// Every past state is what had been told by then.
fn check_past(server: &Server) {
    // The last moment of each day in Shanghai; how many points are closed grows.
    let mut closed = 0;
    for (day, last) in [
        ("2025-01-31", "2025-01-31T15:59:59Z"),
        ("2025-06-30", "2025-06-30T15:59:59Z"),
        ("2026-03-31", "2026-03-31T15:59:59Z"),
    ] {
        let as_of = format!("&as-of={day}");
        let registered = count_points(server, "registered_at IS NOT NULL", &as_of);
        let by_then = format!("registered_at<=TIMESTAMP('{last}')");
        assert_eq!(registered, count_points(server, &by_then, ""), "{day}");
        let year = &day[..4];
        let inside = format!("year={year} AND state<>'void'");
        let told = server.get(&format!("/indicators?depth=0&year={year}{as_of}"));
        assert_eq!(told.status, 200, "{}", told.text());
        let told = told.json();
        let figures = &told["rows"][0]["figures"];
        assert_eq!(figures["new_points"]["value"], count_points(server, &inside, &as_of), "{day}");
        assert!(figures["closing_rate"]["value"].as_f64().unwrap() > 0.0, "{day}: {figures}");
        let now_closed = count_points(server, "state='closed'", &as_of);
        assert!(now_closed > closed, "{day}: {now_closed} are closed, {closed} were before");
        closed = now_closed;
    }
    assert!(count_points(server, "state='closed'", "") > closed);
    assert_eq!(count_points(server, "state<>''", "&as-of=2024-09-30"), 0);

    // Records come when they were known, lists follow the state.
    for (id, least) in [("complaints", 100), ("decisions", 20), ("photos", 3_000)] {
        let of = |and: &str| {
            let path = format!("/collections/{id}/items?f=json&limit=1{and}");
            server.get(&path).json()["numberMatched"].as_u64().unwrap()
        };
        let then = of("&as-of=2025-06-30");
        assert!((least..of("")).contains(&then), "{id}: {then}");
    }
    let list = |and: &str| server.get(&format!("/ledgers/base{and}")).json();
    let [then, today] = ["?as-of=2025-06-30", ""].map(|and| list(and)["numberMatched"].as_u64());
    assert!(then > Some(0) && then < today, "{then:?} {today:?}");

    // What stands in the row of an event is when its commit was recorded; a phone may have been offline.
    let events = "/collections/point_events/items?f=json&limit=1&filter=";
    let of = |filter: &str| server.get(&format!("{events}{filter}")).json();
    assert_eq!(of("backfilled%3DTRUE")["numberMatched"], 0);
    let first = of("kind%3D'report'")["features"][0].clone();
    let recorded = first["properties"]["recorded_at"].as_str().unwrap();
    let history = format!("/collections/point_events/items/{}/history", first["id"]);
    let history = server.get(&history).json();
    assert!(history.to_string().contains(&recorded[..19]), "{recorded}: {history}");
}

/// A meeting of a past month is told the figures of then.
fn check_meeting(server: &Server, place: &Path) {
    let filter = "held_at%3E%3DTIMESTAMP('2025-06-01T00:00:00Z')%20AND%20\
                  held_at%3CTIMESTAMP('2025-07-01T00:00:00Z')";
    let held = server.get(&format!("/collections/meetings/items?f=json&limit=1&filter={filter}"));
    let held = held.json();
    let meeting = &held["features"][0]["properties"];
    let code = meeting["code"].as_str().unwrap();
    let key = run(place, &["meeting", "key", "office.key"]);
    assert_eq!(key.code, 0, "{}", key.err);
    let pack = ["meeting", "export", "demo/city.gpkg", code, "pack.zip", "--key", "office.key"];
    let made = run(place, &pack);
    assert_eq!(made.code, 0, "{}", made.err);
    let mut zip =
        zip::ZipArchive::new(std::fs::File::open(place.join("pack.zip")).unwrap()).unwrap();
    let mut points = String::new();
    std::io::Read::read_to_string(&mut zip.by_name("points.csv").unwrap(), &mut points).unwrap();
    let as_of = format!("&as-of={}", meeting["held_at"].as_str().unwrap());
    let then = count_points(server, "state<>''", &as_of);
    let rows = points.lines().filter(|line| line.contains(','));
    assert_eq!(rows.count() as u64, then + 1, "{code}");
    assert!((50..count_points(server, "state<>''", "")).contains(&then), "{then}");
}

/// What the API document and the readme send to the ledger is taken by the sample city, which they name.
fn check_samples(server: &Server) {
    let api = server.get("/api?f=json").json();
    let example = |path: &str, name: &str| {
        let content = &api["paths"][path]["post"]["requestBody"]["content"]["application/json"];
        match name {
            "" => content["example"].clone(),
            name => content["examples"][name]["value"].clone(),
        }
    };
    let patrol = server.post("/patrols", &example("/patrols", "one").to_string());
    assert_eq!(patrol.status, 201, "{}", patrol.text());
    let patrol = patrol.json()["patrols"][0].clone();
    assert_eq!(patrol["alleys"][0]["alley"], "J110115190201-008", "{patrol}");
    assert_eq!(patrol["events"][0]["outcome"], "new", "{patrol}");
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let sent = &readme[readme.find("localhost:8080/points/").unwrap()..];
    let (target, body) = sent["localhost:8080".len()..].split_once(' ').unwrap();
    let body = &body[body.find('{').unwrap()..body.find("'\n```").unwrap()];
    for (target, body) in [
        (target, body.to_owned()),
        (
            "/points/01990000-0000-7000-8000-0000000000f2/events",
            example("/points/{id}/events", "report").to_string(),
        ),
        ("/whistles", example("/whistles", "").to_string()),
    ] {
        let answer = server.post(target, &body);
        assert_eq!(answer.status, 201, "{target}: {}", answer.text());
    }
    // What its answers show is there, too.
    let shown = |path: &str| {
        let answer = &api["paths"][path]["get"]["responses"]["200"];
        answer["content"]["application/json"]["example"].clone()
    };
    for (path, target) in [
        ("/towns/{townCode}/lists", "/towns/{unit}/lists"),
        ("/towns/{townCode}/plan", "/towns/{unit}/plan"),
        ("/ledgers/{ledgerId}", "/ledgers/rebound?unit={unit}"),
        ("/worklist", "/worklist?unit={unit}&role=*"),
    ] {
        let unit = shown(path)["unit"].clone();
        let code = unit["code"].as_str().or(unit.as_str()).unwrap();
        let answer = server.get(&target.replace("{unit}", code));
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        let answer = answer.json();
        assert_eq!(answer["unit"], unit, "{target}");
        let is_known = answer.get("unitKnown").is_none_or(|known| *known == true);
        assert!(is_known && answer["numberMatched"] != 0, "{target}: {answer}");
    }
    let batch = server.post("/points/events", &example("/points/events", "phone").to_string());
    assert_eq!(batch.json()["events"][0]["outcome"], "new", "{}", batch.text());
}

/// An answer that takes long: a busy machine may not have the time at once, says so, and is asked again.
fn patiently(server: &Server, target: &str) -> Value {
    let mut answers = (0..10).map(|_| server.get(target));
    answers.find(|answer| answer.status != 503).unwrap().json()
}

/// Every rule that ships finds something; of the flaws of parcels and buildings, few.
fn check_clues(server: &Server, folder: &Path) {
    let parcel = items_of(server, "parcels")["features"][0]["properties"]["ZDDM"].clone();
    let list = server.get("/rules").json();
    for rule in list["rules"].as_array().unwrap() {
        assert_eq!((&rule["ready"], &rule["missing"]), (&json!(true), &json!([])), "{rule}");
        let code = rule["code"].as_str().unwrap();
        let found: Value = match code {
            // An unoptimised server may not take as long as they need.
            "parcel_gap" | "no_file" => {
                let told = run(folder, &["rules", "demo/city.gpkg", code, "--limit", "1"]);
                serde_json::from_str(&told.out).unwrap()
            }
            "neighbours" => {
                let key = parcel.as_str().unwrap();
                patiently(server, &format!("/rules/{code}?limit=1&key={key}"))
            }
            _ => patiently(server, &format!("/rules/{code}?limit=1")),
        };
        let matched = found["numberMatched"].as_u64().unwrap_or_default();
        let expected = match code {
            "parcel_overlap" | "parcel_gap" => 10..=10,
            "no_file" => 5..=20,
            "new_building" => 40..=70,
            _ => 1..=2_000,
        };
        assert!(expected.contains(&matched), "{code}: {matched} of {expected:?}, {found}");
    }
    let told = server.get("/indicators?depth=0&year=2026").json();
    let again = &told["rows"][0]["figures"]["repeated_rebound_rate"];
    assert!(again["value"].as_f64().unwrap() > 0.0, "{again}");
    // Some of what patrols found is on the ledger.
    let patrols = server.get("/patrols/statistics").json();
    assert!(patrols["total"]["registered"].as_u64().unwrap() > 0, "{}", patrols["total"]);
}

/// Every point lies in a cell of its village, for which a post answers, as others do for what lies around;
/// plans say something of some.
fn check_places(server: &Server, points: &[Value]) {
    let (mut cells, mut planned) = (BTreeSet::new(), BTreeSet::new());
    for point in points {
        let of = |name: &str| point["properties"][name].as_str().unwrap();
        assert!(of("grid").starts_with(of("village")) && of("grid").len() == 15, "{point}");
        cells.insert(of("grid"));
    }
    assert!(cells.len() > 100, "{}", cells.len());
    for point in points.iter().step_by(25) {
        let position = point["geometry"]["coordinates"].as_array().unwrap();
        let path = format!("/responsible?lon={}&lat={}", position[0], position[1]);
        let who = server.get(&path).json();
        let posts = who["responsible"].as_array().unwrap().iter();
        let roles: BTreeSet<&str> = posts.filter_map(|one| one["role"].as_str()).collect();
        assert_eq!(roles, BTreeSet::from(["网格员", "街巷长", "责任规划师", "街乡镇"]), "{who}");
        assert_eq!(who["responsible"][0]["area"]["code"], point["properties"]["grid"], "{who}");
        let plans = who["plans"].as_array().unwrap().iter();
        planned.extend(plans.map(|one| one["kind"].as_str().unwrap().to_owned()));
    }
    assert_eq!(planned, BTreeSet::from(["控规", "绿隔"].map(str::to_owned)));
}

#[test]
fn the_sample_city_has_a_ledger_to_work_with() {
    let folder = tempfile::tempdir().unwrap();
    let made = run(folder.path(), &["demo", "--prepare-only"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let checked = run(folder.path(), &["places", "check", "demo/city.gpkg"]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
    assert!(
        checked.out.contains("points: ") && checked.out.contains("(0 未落界)"),
        "{}",
        checked.out
    );

    let ortho = folder.path().join("demo/ortho.mbtiles").display().to_string();
    let server = Server::start(&folder.path().join("demo/city.gpkg"), &["--archive", &ortho]);
    let told = server.get("/targets?unit=110115").json();
    let targets = ["indicators", "demo/city.gpkg", "--targets", "--unit", "110115"];
    let printed = run(folder.path(), &targets);
    let printed: Value = serde_json::from_str(&printed.out).unwrap();
    assert!(!told["targets"].as_array().unwrap().is_empty(), "{told}");
    let key = |one: &Value| ["unit", "task", "planned"].map(|name| one[name].clone());
    let keys =
        |told: &Value| told["targets"].as_array().unwrap().iter().map(key).collect::<Vec<_>>();
    assert_eq!(
        keys(&printed),
        keys(&told),
        "the command line and the server tell the same targets"
    );
    let items = |query: &str| {
        let answer = server.get(&format!("/collections/points/items?f=json&{query}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let all = items("limit=5000");
    let all = all["features"].as_array().unwrap();
    assert!(all.len() > 1000, "{}", all.len());
    for state in ledger::point::State::ALL {
        assert!(all.iter().any(|one| one["properties"]["state"] == state.identifier()), "{state}");
    }
    // Each lies in the town that its number begins with.
    for point in all {
        let of = |name: &str| point["properties"][name].as_str();
        let [district, town, village] = ["district", "town", "village"].map(of);
        assert_eq!(district, Some("110115"));
        assert!(village.unwrap().starts_with(town.unwrap()));
        assert_eq!(of("unit"), town);
        assert!(of("code").is_none_or(|code| code.starts_with(town.unwrap())));
    }

    // The rows are what the events say: the engine folds them for a trace.
    for point in all.iter().step_by(97) {
        let properties = &point["properties"];
        let trace = server.get(&format!("/points/{}/trace", properties["id"].as_str().unwrap()));
        assert_eq!(trace.status, 200, "{}", trace.text());
        let trace = trace.json();
        for name in ["code", "state", "state_since", "deadline", "actual_build_area_m2", "events"] {
            assert_eq!(trace["point"][name], properties[name], "{name}");
        }
        let events = trace["events"].as_array().unwrap();
        assert_eq!(json!(events.len()), properties["events"]);
        assert!(events.iter().all(|event| event["backfilled"] == false));
    }
    check_past(&server);
    check_meeting(&server, folder.path());

    // What lies in a village says so, and what is more than a spot has its outline.
    for id in ["parcels", "buildings", "households", "point_areas"] {
        let told = server.get(&format!("/collections/{id}/assignments")).json();
        let held = items_of(&server, id);
        assert_eq!(told["byPolygon"], held["numberMatched"], "{id}: {told}");
        assert_eq!(told["nowhere"], 0, "{id}: {told}");
        let village = &held["features"][0]["properties"]["village"];
        assert_eq!(village.as_str().map(str::len), Some(12), "{id}");
    }
    let of_building = items("limit=1&filter=building%20IS%20NOT%20NULL")["features"][0].clone();
    let building = of_building["properties"]["building"].as_str().unwrap();
    let file = server.get(&format!("/dossiers/{building}?kind=building")).json();
    let code = &of_building["properties"]["code"];
    assert!(file["points"].to_string().contains(&code.to_string()), "{file}");
    // Towns that said to be done what was not have answered for it.
    let answered = server.get("/ledgers/accountability").json();
    assert!(answered["numberMatched"].as_u64().unwrap() > 5, "{answered}");

    // Coverage of files, buildings and alleys is what their own pages say; it is told by name alone.
    let week = "from=2026-09-24&to=2026-09-30";
    let part = |told: &Value, code: &str| {
        ["numerator", "denominator"].map(|part| told["rows"][0]["figures"][code][part].as_f64())
    };
    // Each by itself, for each takes long.
    let of = |code: &str| {
        let target = format!("/indicators?depth=0&{week}&indicator={code}");
        part(&patiently(&server, &target), code)
    };
    let codes = ["file_coverage", "building_coverage", "patrol_coverage", "outlet_coverage"];
    let [files, buildings, patrols, outlets] = codes.map(of);
    let whole = &server.get("/dossiers/completeness").json()["whole"];
    assert_eq!(files, ["complete", "files"].map(|name| whole[name].as_f64()));
    assert_eq!(buildings[1], items_of(&server, "buildings")["numberMatched"].as_f64());
    let uncovered = server.get("/dossiers/uncovered?limit=1").json()["numberMatched"].as_f64();
    assert_eq!(buildings[1].unwrap() - buildings[0].unwrap(), uncovered.unwrap());
    let total = &server.get(&format!("/patrols/coverage?{week}")).json()["total"];
    for (told, name) in patrols.iter().zip(["covered_m", "duty_m"]) {
        let expected = total[name].as_f64().unwrap();
        assert!(
            expected > 1000.0 && (told.unwrap() - expected).abs() < 1.0,
            "{name}: {patrols:?} {total}"
        );
    }
    assert!(outlets[0].unwrap() >= 2.0 && outlets[0] < outlets[1], "{outlets:?}");
    let unnamed = patiently(&server, "/indicators?depth=0&year=2026");
    for code in &codes[..3] {
        assert_eq!(part(&unnamed, code), [None; 2], "{code} takes long");
    }
    let unknown = server.get("/indicators?indicator=closing_rate,luck");
    assert_eq!(unknown.status, 400, "{}", unknown.text());

    // Both towns are held against a timetable for every task; some are behind.
    let told = server.get("/targets?depth=2&year=2026").json();
    let towns: Vec<&Value> =
        told["targets"].as_array().unwrap().iter().filter(|one| one["depth"] == 2).collect();
    assert_eq!((towns.len() > 3, &told["leftOut"]), (true, &json!([])), "{told}");
    let lamps: BTreeSet<&str> = towns.iter().filter_map(|one| one["lamp"].as_str()).collect();
    assert!(lamps.contains("red"), "{lamps:?}");
    let cleared: BTreeSet<&str> = told["clearings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["task"].as_str())
        .collect();
    assert_eq!(cleared, BTreeSet::from(["WZ", "ZD"]));

    // Figures of an area across both towns are of what lies in it, and stay as of a moment when it is
    // drawn anew.
    let areas = server.get("/collections/focus_areas/items?f=json&filter=code='PQ-1'").json();
    let area = &areas["features"][0];
    let rings = area["geometry"]["coordinates"][0].as_array().unwrap();
    let positions: Vec<String> = rings[0]
        .as_array()
        .unwrap()
        .iter()
        .map(|position| format!("{} {}", position[0], position[1]))
        .collect();
    let figures = |query: &str| {
        let answer = server.get(&format!("/indicators?year=2026&focus-area=PQ-1{query}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let new_points = |document: &Value| -> Vec<(Value, Value)> {
        let rows = document["rows"].as_array().unwrap().iter();
        rows.map(|row| (row["unit"].clone(), row["figures"]["new_points"]["value"].clone()))
            .collect()
    };
    let first = figures("&depth=2");
    let inside = format!(
        "registered_at IS NOT NULL AND year=2026 AND state<>'void' AND \
         S_INTERSECTS(geometry,POLYGON(({})))",
        positions.join(","),
    );
    let count = |and: &str| {
        let filter =
            format!("{inside}{and}").replace(' ', "%20").replace('<', "%3C").replace('>', "%3E");
        items(&format!("limit=1&filter={filter}"))["numberMatched"].clone()
    };
    let [one, other] = ["110115190", "110115191"];
    let of = |unit: &str| count(&format!(" AND unit='{unit}'"));
    let expected = [
        (json!("110000"), count("")),
        (json!("110115"), count("")),
        (json!(one), of(one)),
        (json!(other), of(other)),
    ];
    assert_eq!(new_points(&first), expected);
    assert!(count("").as_u64().unwrap() > 10 && of(one) != json!(0) && of(other) != json!(0));
    let at = first["asOf"].as_str().unwrap().to_owned();
    let smaller = json!({ "geometry": {
        "type": "MultiPolygon",
        "coordinates": [[[rings[0][0], rings[0][1], rings[0][2], rings[0][0]]]]
    } });
    let headers = [("Content-Type", "application/merge-patch+json")];
    let target = format!("/collections/focus_areas/items/{}", area["id"]);
    let drawn = server.change("PATCH", &target, &headers, &smaller.to_string());
    assert!((200..300).contains(&drawn.status), "{}", drawn.text());
    assert_ne!(new_points(&figures("&depth=2")), expected);
    assert_eq!(new_points(&figures(&format!("&depth=2&as-of={at}"))), expected);

    // A point that is closed has its form, to be printed.
    let closed = all.iter().find(|one| one["properties"]["state"] == "closed").unwrap();
    let code = closed["properties"]["code"].as_str().unwrap();
    let form = server.get(&format!("/points/{code}/approval"));
    assert_eq!((form.status, form.header("content-type")), (200, Some("application/pdf")));
    assert!(form.body.starts_with(b"%PDF-"), "no PDF");
    assert!(form.body.windows(9).any(|one| one == b"FontFile2"), "the font is not in the file");
    assert!(form.header("content-disposition").unwrap().contains(code));
    assert_eq!(server.get("/points/nobody/approval").status, 404);

    check_clues(&server, folder.path());
    check_places(&server, all);

    // A person confirms a clue by a decision, as the clue itself says.
    let clues = |query: &str| server.get(&format!("/rules/over_parcel?limit=1{query}")).json();
    let count = |query: &str| clues(query)["numberMatched"].as_u64().unwrap();
    let said = ["&review=confirmed", "&review=dismissed"].map(count);
    assert!(said.iter().all(|count| *count > 10), "{said:?}");
    for review in ["open", "confirmed", "dismissed"] {
        let licences = server.get(&format!("/rules/licence_alive?limit=1&review={review}")).json();
        assert!(licences["numberMatched"].as_u64().unwrap() > 5, "{review}: {licences}");
    }
    let told = clues("&review=open");
    let clue = told["features"][0]["properties"].clone();
    let mut body = told["rule"]["confirm"]["body"].clone();
    (body["id"], body["clue"]) = (json!(NEW_EVENT), clue["clue"].clone());
    let target = told["rule"]["confirm"]["href"].as_str().unwrap();
    let target = &target[target.find("/rules/").unwrap()..];
    assert_eq!(server.post(target, &body.to_string()).status, 422, "it lacks the decision");
    body["decision"] = json!("虚构〔2026〕1号");
    let kept = server.post(target, &body.to_string());
    assert_eq!(kept.status, 201, "{}", kept.text());
    assert_eq!(count("&review=confirmed"), said[0] + 1);
    assert_eq!(count("&review=open"), count("") - said[0] - said[1] - 1);
    let row = server.get(&format!("/collections/clue_reviews/items?f=json&id={NEW_EVENT}")).json();
    let row = &row["features"][0];
    assert!(
        row["geometry"]["type"] == "Point" && row["properties"]["village"].is_string(),
        "{row}"
    );

    // Households have files with plans, shares and photos; some have a second courtyard.
    let files = server.get("/dossiers/completeness?f=json").json();
    let share = files["whole"]["share"].as_f64().unwrap();
    assert!((0.85..1.0).contains(&share), "{files}");
    assert!(files["whole"]["files"].as_u64().unwrap() > 19_000, "{files}");
    assert_eq!(files["outside"]["files"], 0);
    let several = server.get("/rules/several_homesteads?limit=1").json();
    let reason = several["features"][0]["properties"]["reason"].as_str().unwrap();
    let household = reason.split("户 ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let file = server.get(&format!("/dossiers/{household}")).json();
    assert!(file["parcels"].as_array().unwrap().len() > 1, "{file}");
    let gaps = server.get("/dossiers/uncovered?unit=110115190212").json();
    assert!(gaps["units"][0]["buildings"].as_u64().unwrap() > 500, "{gaps}");
    let complete = server.get("/dossiers?complete=true&limit=1").json();
    let id = complete["files"][0]["id"].as_str().unwrap().to_owned();
    let file = server.get(&format!("/dossiers/{id}")).json();
    let code = file["photos"][0]["code"].as_str().unwrap().replace('/', "%2F");
    let photo = server.get(&format!("/dossiers/{id}/photos/{code}"));
    assert_eq!(photo.header("content-type"), Some("image/png"), "{}", photo.text());

    // The sheet has the ground of the parcel, the file the masks of its holder.
    let image = &file["parcels"][0]["ortho"];
    assert_eq!((&image["collection"], &image["zoom"]), (&json!("ortho"), &json!(18)), "{file}");
    assert!(image["source"].as_str().unwrap().contains("示意"), "{image}");
    let masks = masks(&file);
    let [("LXDH", telephone), ("QLRMC", name), ("ZJH", identity)] = masks[..] else {
        panic!("{masks:?}")
    };
    assert!(telephone.starts_with("154****") && name.ends_with("**"), "{masks:?}");
    assert!(identity.starts_with("119***********"), "{masks:?}");
    assert!(folder.path().join("demo/city.gpkg.key").exists());

    // The ledger goes on with events, and with nothing else.
    let registered = items("limit=1&filter=state%3D'registered'");
    let point = &registered["features"][0];
    let code = point["properties"]["code"].as_str().unwrap();
    let event = json!({
        "id": NEW_EVENT, "kind": "dispatch", "role": "town", "receiver": "示例镇综合行政执法队",
        "occurred_at": "2026-10-08T01:00:00Z"
    });
    let raised = server.post(&format!("/points/{code}/events"), &event.to_string());
    assert_eq!(raised.status, 201, "{}", raised.text());
    assert_eq!(raised.json()["points"][0]["state"], "dispatched");
    let at = format!("/collections/points/items/{}", point["id"]);
    let headers = [("Content-Type", "application/merge-patch+json")];
    let edit: Value = json!({ "properties": { "state": "closed" } });
    assert_eq!(server.change("PATCH", &at, &headers, &edit.to_string()).status, 409);
    check_samples(&server);
}
