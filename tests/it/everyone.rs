//! What everyone reads of a public server: what is listed, aggregates without small numbers, and nothing
//! of parcels, buildings, households and points.

use serde_json::{Value, json};

use server::ServerSettings;

use crate::areas_town::{Areas, SECRET};
use crate::fences::{Town, live_town};
use crate::running::Response;

/// What stands in parcels and points alone.
const INTERNAL: [&str; 6] = ["街1号", "街3号", "110115001001JC", "甲路", "乙路", "甲队"];

fn shown(answer: &Response) -> String {
    String::from_utf8_lossy(&answer.body).chars().take(2000).collect()
}

fn tells(answer: &Response, text: &str) -> bool {
    answer.body.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_public_server_names_at_its_start_what_everyone_may_read() {
    for settings in ["[server]\npublic = true\n", ""] {
        let store = Areas::with_settings(settings);
        let told = store.town.server.told_at_start().join("\n");
        let token = if settings.is_empty() { store.whole.as_str() } else { "" };
        let base = format!("http://{}", store.town.server.address);
        let urls = told.split_whitespace().filter_map(|word| word.strip_prefix(base.as_str()));
        let urls: Vec<String> = urls
            .map(|url| url.replace("{z}/{x}/{y}", "12/3371/1554"))
            .inspect(|url| {
                let answer = store.get(token, url);
                assert!([200, 204].contains(&answer.status), "{url}: {}", shown(&answer));
            })
            .collect();
        let tilejson: Vec<&String> = urls.iter().filter(|url| url.contains("tilejson")).collect();
        assert!(matches!(tilejson.as_slice(), [one] if one.contains("outlets")), "{told}");
        assert_eq!(tilejson[0].contains("parcels"), settings.is_empty(), "{told}");
    }
}

#[test]
fn where_nobody_is_known_and_nothing_changes_accounts_and_log_are_for_the_machine_alone() {
    let settings = ServerSettings { offers_edits: false, ..ServerSettings::default() };
    let Town { live, folder: _folder } = live_town(settings);
    for (method, target, body) in [
        ("POST", "/accounts", r#"{"change":"add","name":"stranger"}"#),
        ("GET", "/accounts", ""),
        ("GET", "/audit", ""),
    ] {
        let refused = live.ask(method, target, &[], body);
        let detail = refused.json()["detail"].to_string();
        assert_eq!((refused.status, detail.contains("tuban user")), (401, true), "{target}");
    }
    assert_eq!(live.get("/collections").status, 200, "still nobody has an account");
}

#[test]
fn everyone_reads_what_is_listed_and_no_small_count() {
    let store = Areas::with_settings("[server]\npublic = true\n");
    let everyone = |target: &str| store.get("", target);
    let listed = everyone("/collections").json();
    let listed = listed["collections"].as_array().unwrap().iter();
    let listed: Vec<&str> = listed.map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(listed, ["admin_units", "green_plots", "notices", "outlets"]);
    for target in [
        "/collections/parcels/items",
        "/collections/points/items/1",
        "/collections/parcels/items/1/history",
        "/xyz/parcels/14/13489/6218.mvt",
        "/xyz/points,parcels/14/13489/6218.mvt",
        "/styles/parcels",
        "/points/01990000-0000-7000-8000-000000000001/trace",
        "/worklist?unit=*&role=*",
        "/ledgers/rebound",
        "/collections/parcels/tiles",
    ] {
        let answer = everyone(target);
        assert!([400, 403, 404].contains(&answer.status), "{target}: {}", shown(&answer));
    }
    let api = everyone("/api").json();
    let paths = api["paths"].as_object().unwrap().keys();
    for path in paths.filter(|path| !path.contains('{') && !path.ends_with("stream")) {
        let answer = everyone(path);
        assert_ne!(answer.status, 500, "{path}: {}", shown(&answer));
        for mark in INTERNAL.iter().chain([&SECRET]) {
            assert!(!tells(&answer, mark), "{path} tells {mark}: {}", shown(&answer));
        }
    }
    // A field that is not listed may not be read, and so not be asked by.
    let outlets = everyone("/collections/outlets/items").json();
    let properties = &outlets["features"][0]["properties"];
    assert!(properties.get("name").is_some() && properties.get("address").is_none(), "{outlets}");
    for query in ["filter=address%3D%27a%27", "sortby=address", "properties=address", "address=a"] {
        let refused = everyone(&format!("/collections/outlets/items?{query}"));
        let code = refused.json()["code"].clone();
        assert_eq!((refused.status, code), (403, json!("field_not_readable")), "{query}");
    }
    let tile = everyone("/xyz/outlets/14/13489/6218.mvt?filter=address%3D%27a%27");
    assert_eq!(tile.status, 403, "{}", shown(&tile));
    for body in [
        r#"{"return":"aggregate","aggregates":[{"op":"count"}],"groupBy":["address"]}"#,
        r#"{"return":"aggregate","aggregates":[{"op":"min","property":"address"}]}"#,
        r#"{"return":"features","filter":"address = 'a'"}"#,
    ] {
        let refused = store.ask("", "POST", "/collections/outlets/search", body);
        assert_eq!(refused.status, 403, "{body}: {}", shown(&refused));
    }
    for kind in ["schema", "queryables", "sortables"] {
        assert!(!tells(&everyone(&format!("/collections/outlets/{kind}")), "address"), "{kind}");
    }
    let grouped = r#"{"return":"aggregate","aggregates":[{"op":"count"}],"groupBy":["name"]}"#;
    let grouped = store.ask("", "POST", "/collections/outlets/search", grouped).json();
    assert_eq!(grouped["groups"], json!([]), "groups of one are not told: {grouped}");
    // Notices have a page with a map; what residents say is not for everyone.
    let notices = everyone("/ledgers/notices?f=html");
    assert!(notices.status == 200 && tells(&notices, "id=\"map\""), "{}", shown(&notices));
    assert_eq!(everyone("/ledgers/comments").status, 404);
    // The tables of indicators are there, with nothing small in them.
    let figures = everyone("/indicators?depth=2");
    assert_eq!(figures.status, 200, "{}", shown(&figures));
    let figures = figures.json();
    let rows = figures["rows"].as_array().unwrap();
    assert!(rows.len() > 2, "{figures}");
    let mut hidden = 0;
    for (code, figure) in rows.iter().flat_map(|row| row["figures"].as_object().unwrap()) {
        let sums = ["numerator", "denominator"].map(|side| figure[side].as_f64().unwrap_or(0.0));
        hidden += usize::from(figure["noValue"]["code"] == "too_few");
        let is_piece = figures["indicators"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["code"] == **code && one["counted"] == "pieces");
        assert!(!is_piece || sums.iter().all(|sum| *sum == 0.0 || *sum >= 5.0), "{code} {figure}");
    }
    assert!(hidden > 0, "two points are few");
    let whole = store.get(&store.whole, "/indicators?depth=2").json();
    let is_told = |value: &Value| value.to_string().contains("\"too_few\"");
    assert!(!is_told(&whole) && is_told(&figures));
    // Nor do colours tell apart what figures do not.
    let style = "/indicators/closing_rate/style";
    let colours = |answer: Response| answer.json()["layers"][1]["paint"]["fill-color"].clone();
    assert_eq!(colours(everyone(style)), "#c4c9cd");
    assert!(colours(store.get(&store.whole, style)).is_array());
    for target in [
        "/targets",
        "/indicators?rank=open",
        "/indicators?from=2025-09-01&to=2025-09-02",
        "/indicators/closing_rate/style?task=CW",
    ] {
        assert_eq!(everyone(target).status, 403, "{target}");
    }
    // Who works here is not for everyone, and answers for everyone are not for others.
    let changes = everyone("/changes?since=0&limit=1000");
    assert!(!tells(&changes, "\"local\"") && !tells(&changes, "parcels"), "{}", shown(&changes));
    let own = store.get(&store.first, "/collections/outlets/items");
    assert!(own.header("cache-control").unwrap().contains("private"));
    assert!(tells(&own, "address"), "{}", shown(&own));
    // A token in the path opens what one in a header does, and stands in no link.
    let path = format!("/t/{}/collections/parcels/items", store.first);
    let answer = everyone(&path);
    assert!(answer.status == 200 && !tells(&answer, "tuban_"), "{}", shown(&answer));
    let tile = everyone(&format!("/t/{}/xyz/parcels/12/3371/1554.mvt", store.first));
    assert!(tile.status == 200 && tells(&tile, "甲"), "{}", tile.status);
    assert_eq!(everyone("/t/tuban_00/collections").status, 401);
}
