//! Calls of departments and patrols that commands send, as the routes take them: through the server
//! that holds the store, and into a store that nobody serves.

use std::path::Path;

use serde_json::{Value, json};

use crate::calls::district;
use crate::patrols::{beat, patrol, walk};
use crate::points_town::{Town, event, register, report, uuid};
use crate::running::{Answer, run};

const POINT: &str = "110115001-CW-2025-00001";

fn whistle(place: &Path, arguments: &[&str]) -> Answer {
    run(place, &[&["whistle"], arguments].concat())
}

/// The command does what it is told; the call as JSON.
fn call(place: &Path, arguments: &[&str]) -> Value {
    let told = whistle(place, &[arguments, &["--json"]].concat());
    assert_eq!(told.code, 0, "{arguments:?}: {}", told.err);
    serde_json::from_str(&told.out).unwrap()
}

/// The command is refused with these words.
fn check_refused(answer: &Answer, words: &[&str]) {
    assert_eq!(answer.code, 1, "{}", answer.out);
    let missing: Vec<&&str> = words.iter().filter(|word| !answer.err.contains(**word)).collect();
    assert!(missing.is_empty(), "{missing:?} in {}", answer.err);
}

const ADD: [&str; 14] = [
    "add",
    "s.gpkg",
    "--code",
    "CS-1",
    "--caller",
    "110115001",
    "--subject",
    "占道经营反复",
    "--department",
    "urban",
    "--department",
    "police",
    "--at",
    "2025-09-02T09:00:00+08:00",
];

#[test]
fn departments_are_called_come_and_the_call_is_closed_by_commands() {
    let town = district();
    let place = town.folder.path();
    town.take(&[report(1, 1), register(1, 2)]);
    let with_point = [&ADD[..], &["--point", POINT]].concat();
    let made = call(place, &with_point);
    assert_eq!((&made["code"], &made["outcome"]), (&json!("CS-1"), &json!("new")));
    let served = || town.server.get("/whistles/CS-1").json();
    assert_eq!(served()["missing"], json!(["urban", "police"]), "the server shows it at once");
    assert_eq!(call(place, &with_point)["outcome"], "again");
    check_refused(&whistle(place, &ADD), &["CS-1", "another"]);
    let elsewhere = [&ADD[..3], &["CS-2"], &ADD[4..], &["--point", "nothing"]].concat();
    check_refused(&whistle(place, &elsewhere), &["no point \"nothing\""]);
    let twice = [&ADD[..3], &["CS-2"], &ADD[4..], &["--department", "urban"]].concat();
    check_refused(&whistle(place, &twice), &["/departments/2", "twice"]);

    let arrive = ["arrive", "s.gpkg", "CS-1", "--at", "2025-09-02T09:42:00+08:00"];
    let came = whistle(place, &[&arrive[..], &["--department", "urban"]].concat());
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(came.out, "CS-1\n  urban: came after 42 min\n  police: has not come\n");
    let fire = [&arrive[..], &["--department", "fire"]].concat();
    check_refused(&whistle(place, &fire), &["\"fire\" was not called"]);
    let close = ["close", "s.gpkg", "CS-1", "--result", "已劝离"];
    check_refused(&whistle(place, &close), &["police"]);
    check_refused(&whistle(place, &["close", "s.gpkg", "CS-9", "--result", "x"]), &["no call"]);

    // Nobody holds the store any more.
    let Town { folder, server } = town;
    drop(server);
    let place = folder.path();
    let closed = call(place, &[&close[..], &["--accept-missing"]].concat());
    assert_eq!((&closed["result"], &closed["missing"]), (&json!("已劝离"), &json!(["police"])));
    let numbered =
        call(place, &[&ADD[..2], &ADD[4..], &["--lon", "116.35", "--lat", "39.75"]].concat());
    assert_eq!(numbered["code"], "CS-20250902-0001");
    std::fs::write(place.join("tuban.toml"), "[whistles]\ndepartments = [\"urban\"]\n").unwrap();
    let unknown = [&ADD[..3], &["CS-3"], &ADD[4..]].concat();
    check_refused(&whistle(place, &unknown), &["/departments/1", "\"police\"", "urban"]);
}

/// What a file of patrols comes to, as JSON, and the exit code.
fn added(place: &Path, patrols: &Value) -> (i32, Value) {
    std::fs::write(place.join("p.json"), patrols.to_string()).unwrap();
    let told = run(place, &["patrols", "add", "s.gpkg", "p.json", "--json"]);
    assert!([0, 3].contains(&told.code), "{}", told.err);
    let answer: Value = serde_json::from_str(&told.out).unwrap();
    (told.code, answer["patrols"].clone())
}

#[test]
fn patrols_of_a_file_are_taken_once() {
    let town = beat();
    let place = town.folder.path();
    let day = "2025-09-02";
    let mut first = patrol(1, day, walk(day, [116.351, 116.355], 39.73));
    let mut reported = event(50, 100, "report", "grid_worker", json!({ "unit": "110115001" }));
    reported["address"] = json!("门前");
    first["findings"] = json!([{
        "checklist": "shi_wu", "item": "clutter", "lon": 116.353, "lat": 39.7301,
        "event": reported
    }]);
    let (code, taken) = added(place, &json!([first]));
    assert_eq!((code, &taken[0]["outcome"]), (0, &json!("new")), "{taken}");
    assert_eq!(taken[0]["events"][0]["outcome"], "new");
    assert!(town.trace(&uuid(50))["point"]["state"] == "reported", "the server shows it at once");
    let covered = taken[0]["covered_m"].as_f64().unwrap();
    let again = json!([first, { "code": uuid(2) }]);
    let (code, taken) = added(place, &again);
    assert_eq!(code, 3);
    let outcomes: Vec<&Value> =
        taken.as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["again", "refused"]);

    let Town { folder, server } = town;
    drop(server);
    let place = folder.path();
    let (code, taken) = added(place, &first);
    assert_eq!((code, &taken[0]["outcome"]), (0, &json!("again")));
    std::fs::write(place.join("p.json"), again.to_string()).unwrap();
    let words = run(place, &["patrols", "add", "s.gpkg", "p.json"]);
    assert_eq!(words.code, 3);
    let known = format!("{}: again, {covered:.1} m of alleys covered\n", uuid(1));
    assert_eq!(words.out, format!("{known}{}: refused\n", uuid(2)));
    assert!(words.err.contains("/started_at"), "{}", words.err);
    for (body, said) in [
        (&b"7"[..], "FILE \"p.json\": a patrol or a list"),
        (b"{", "line 1, column 2"),
        (b"\xff", "UTF-8"),
    ] {
        std::fs::write(place.join("p.json"), body).unwrap();
        check_refused(&run(place, &["patrols", "add", "s.gpkg", "p.json"]), &[said]);
    }
    check_refused(&run(place, &["patrols", "add", "s.gpkg", "no.json"]), &["no.json"]);
}
