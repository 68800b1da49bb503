//! Packs of meetings: what was told stays, whatever is recorded or moved later, and says whose it is.

use std::path::Path;

use serde_json::{Value, json};

use crate::calls::{add, district};
use crate::points_town::{Town, event, register, report};
use crate::running::{Answer, run};

/// A district with a point, an order of a citizen and a report of progress; the moment after them.
fn told_district() -> (Town, String) {
    let town = district();
    town.take(&[report(1, 1), register(1, 2)]);
    let place = json!({ "type": "Point", "coordinates": [116.45, 39.75] });
    let order = json!({
        "code": "D1", "occurred_at": "2025-09-01T01:00:00Z", "responded_at": "2025-09-01T02:00:00Z"
    });
    add(&town, "complaints", order, Some(place));
    let progress = json!({
        "code": "B1", "unit": "110115001", "task": "CW", "period_from": "2025-09-01",
        "period_to": "2025-09-30", "difficulties": "安置房源不足", "award_yuan": 20000.5,
        "reported_at": "2025-09-30T08:00:00Z"
    });
    add(&town, "progress_reports", progress, None);
    let earlier = json!({
        "code": "B0", "unit": "110115001", "period_to": "2025-08-31", "difficulties": "无"
    });
    add(&town, "progress_reports", earlier, None);
    std::thread::sleep(std::time::Duration::from_millis(20));
    let told = town.server.get("/indicators?year=2025&depth=2").json();
    let at = told["asOf"].as_str().unwrap().to_owned();
    std::thread::sleep(std::time::Duration::from_millis(20));
    (town, at)
}

/// The town is to clear 1000 m².
const TARGETS: &str = "[[targets]]\ntask = \"CW\"\nunit = \"110115001\"\nperiod = \"2025\"\n\
    indicator = \"completion_area\"\nplanned = 0.1\nunit_of_measure = \"万㎡\"\n";

#[test]
fn what_a_unit_reported_last_stands_beside_its_lamp() {
    let (town, at) = told_district();
    let place = town.folder.path();
    std::fs::write(place.join("t.toml"), TARGETS).unwrap();
    std::fs::write(place.join("tuban.toml"), "[ledger]\ntargets = \"t.toml\"\n").unwrap();
    let told = |as_of: &str| {
        let arguments = ["indicators", "s.gpkg", "--targets", "--year", "2025", "--as-of", as_of];
        let told = run(place, &arguments);
        assert_eq!(told.code, 0, "{}", told.err);
        let told: Value = serde_json::from_str(&told.out).unwrap();
        let rows = told["targets"].as_array().unwrap();
        rows.iter().find(|row| row["unit"] == "110115001").unwrap().clone()
    };
    let row = told(&at);
    assert_eq!((&row["lamp"], &row["report"]["code"]), (&json!("red"), &json!("B1")));
    assert_eq!(row["report"]["difficulties"], "安置房源不足");
    assert_eq!(row["report"]["awardYuan"], 20000.5);
    assert_eq!(told("2020-01-01")["report"], Value::Null, "none was recorded by then");
}

fn export(town: &Town, code: &str, out: &str) -> Answer {
    let of = ["meeting", "export", "s.gpkg", code, out, "--key", "office.key", "--year", "2025"];
    run(town.folder.path(), &of)
}

/// The files of a pack as another program reads them.
fn files(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    (0..zip.len())
        .map(|slot| {
            let mut file = zip.by_index(slot).unwrap();
            let mut bytes = Vec::new();
            std::io::copy(&mut file, &mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

fn write_pack(path: &Path, files: &[(String, Vec<u8>)]) {
    std::fs::write(path, formats::report::pack(files).unwrap()).unwrap();
}

#[test]
fn a_pack_says_the_same_after_late_batches_and_a_boundary_change() {
    let (town, at) = told_district();
    let place = town.folder.path();
    let made = run(place, &["meeting", "key", "office.key"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let twice = run(place, &["meeting", "key", "office.key"]);
    assert_eq!(twice.code, 1, "a key is never written over: {}", twice.out);
    add(
        &town,
        "meetings",
        json!({
            "code": "DD-1", "kind": "调度", "name": "九月调度会", "unit": "110115",
            "held_at": "2025-10-01T01:00:00Z", "as_of": at
        }),
        None,
    );
    let first = export(&town, "DD-1", "first.zip");
    assert_eq!(first.code, 0, "{}", first.err);
    assert!(
        first.err.contains("s.gpkg.targets.toml"),
        "nothing says why none are told: {}",
        first.err
    );
    // Late events and orders, a town that takes ground from the other, and a unit of its own.
    town.take(&[report(2, 10), register(2, 11)]);
    town.take(&[event(1, 12, "dispatch", "town", json!({ "receiver": "城管队" }))]);
    let order = json!({ "code": "D2", "occurred_at": "2025-09-01T01:00:00Z" });
    let lies = json!({ "type": "Point", "coordinates": [116.35, 39.75] });
    add(&town, "complaints", order, Some(lies));
    let moved = json!({ "geometry": { "type": "MultiPolygon", "coordinates": [[[
        [116.3, 39.7], [116.48, 39.7], [116.48, 39.8], [116.3, 39.8], [116.3, 39.7]
    ]]] } });
    let units = town.server.get("/collections/admin_units/items?code=110115001").json();
    let unit = units["features"][0]["id"].to_string();
    let target = format!("/collections/admin_units/items/{unit}");
    let headers = [("Content-Type", "application/merge-patch+json")];
    let done = town.server.change("PATCH", &target, &headers, &moved.to_string());
    assert!(done.status < 300, "{}", done.text());
    let now = town.server.get("/indicators?year=2025&depth=2").json();
    assert_eq!(now["rows"][0]["figures"]["response_rate"]["value"], 50);
    let second = export(&town, "DD-1", "second.zip");
    assert_eq!(second.code, 0, "{}", second.err);
    let read = |name: &str| std::fs::read(place.join(name)).unwrap();
    assert!(read("first.zip") == read("second.zip"), "the second pack is another");

    let packed = files(&place.join("first.zip"));
    let names: Vec<&str> = packed.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "indicators.csv",
        "indicators.xlsx",
        "targets.csv",
        "targets.xlsx",
        "points.csv",
        "progress_reports.csv",
        "manifest.json",
        "manifest.sig",
    ];
    assert_eq!(names, expected);
    let bytes = |name: &str| &packed.iter().find(|(known, _)| known == name).unwrap().1;
    let text = |name: &str| String::from_utf8(bytes(name).clone()).unwrap();
    let served = format!("/indicators?year=2025&depth=2&as-of={at}&f=csv");
    assert_eq!(town.server.get(&served).text(), text("indicators.csv"), "what the server tells");
    let registered = text("points.csv").matches(",110115001-CW-2025-0000").count();
    assert_eq!(registered, 1, "{}", text("points.csv"));
    assert!(text("progress_reports.csv").contains("安置房源不足"));
    let manifest: Value = serde_json::from_str(&text("manifest.json")).unwrap();
    assert_eq!((&manifest["asOf"], &manifest["meeting"]["code"]), (&json!(at), &json!("DD-1")));
    assert!(manifest["note"].as_str().unwrap().contains("不是 SM2"), "{manifest}");
    let listed = &manifest["files"][4];
    let digests = store::evidence::Digests::of(bytes("points.csv"));
    assert_eq!(
        (&listed["name"], &listed["sha256"], &listed["sm3"]),
        (&json!("points.csv"), &json!(digests.sha256), &json!(digests.sm3))
    );
}

#[test]
fn a_pack_that_was_touched_or_signed_by_another_does_not_pass() {
    let (town, at) = told_district();
    let place = town.folder.path();
    for key in ["office.key", "other.key"] {
        assert_eq!(run(place, &["meeting", "key", key]).code, 0);
    }
    for (code, as_of) in [("DD-1", at.as_str()), ("DD-2", "2999-01-01T00:00:00Z")] {
        add(&town, "meetings", json!({ "code": code, "as_of": as_of }), None);
    }
    add(&town, "meetings", json!({ "code": "DD-3" }), None);
    assert_eq!(export(&town, "DD-1", "a.zip").code, 0);
    for (code, expected) in
        [("DD-2", "has not come yet"), ("DD-3", "neither"), ("DD-4", "no row of this code")]
    {
        let refused = export(&town, code, "b.zip");
        assert_eq!(refused.code, 1);
        assert!(refused.err.contains(expected), "{}", refused.err);
        assert!(!place.join("b.zip").exists());
    }
    let verify = |pack: &str, key: &str| {
        let with_key = ["meeting", "verify", pack, "--key", key];
        run(place, if key.is_empty() { &with_key[..3] } else { &with_key })
    };
    let public = std::fs::read_to_string(place.join("office.key.pub")).unwrap();
    for key in ["", "office.key.pub"] {
        let sound = verify("a.zip", key);
        assert_eq!(sound.code, 0, "{}{}", sound.out, sound.err);
        assert!(sound.out.contains(public.trim()), "{}", sound.out);
    }
    let other = verify("a.zip", "other.key.pub");
    assert_eq!(other.code, 1);
    assert!(other.out.contains("signed with another key"), "{}", other.out);
    let whole = files(&place.join("a.zip"));
    let change = |name: &str, with: &dyn Fn(&mut Vec<u8>)| {
        let mut files = whole.clone();
        with(&mut files.iter_mut().find(|(known, _)| known == name).unwrap().1);
        write_pack(&place.join("c.zip"), &files);
        let refused = verify("c.zip", "");
        assert_eq!(refused.code, 1, "{name}: {}", refused.out);
        refused.out
    };
    let flip = |bytes: &mut Vec<u8>| bytes[7] ^= 1;
    assert!(change("points.csv", &flip).contains("points.csv is another than was signed"));
    assert!(change("manifest.sig", &flip).contains("does not hold"));
    let forge = |bytes: &mut Vec<u8>| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        *bytes = text.replace("\"revision\": ", "\"revision\": 9").into_bytes();
    };
    assert!(change("manifest.json", &forge).contains("does not hold"));
    let mut more = whole.clone();
    more.push(("more.csv".to_owned(), b"1".to_vec()));
    write_pack(&place.join("c.zip"), &more);
    assert!(verify("c.zip", "").out.contains("more.csv was not signed"));
    write_pack(&place.join("c.zip"), &whole[1..]);
    assert!(verify("c.zip", "").out.contains("indicators.csv is missing"));
    std::fs::write(place.join("c.zip"), b"PK").unwrap();
    assert!(verify("c.zip", "").err.contains("no pack that can be read"));
}
