//! What the command line tells of a point is what the routes answer, while the store is served.

use serde_json::{Value, json};

use crate::calls::add;
use crate::points_town::{Town, event, register, report, uuid};
use crate::running::run;

const CODE: &str = "110115001-CW-2025-00001";

/// A document without what differs between two askings: links, and the moment of asking.
fn told(mut document: Value) -> Value {
    let members = document.as_object_mut().unwrap();
    members.remove("links");
    members.remove("asOf");
    document
}

/// The command prints what the route answers, and a table with these words in it.
fn check_told(town: &Town, command: &str, words: &[&str]) {
    let place = town.folder.path();
    for name in [CODE, &uuid(1)] {
        let answer = town.server.get(&format!("/points/{name}/{command}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let printed = run(place, &["ledger", command, "s.gpkg", name, "--json"]);
        assert_eq!(printed.code, 0, "{}", printed.err);
        let printed: Value = serde_json::from_str(&printed.out).unwrap();
        assert_eq!(told(printed), told(answer.json()), "{command} {name}");
    }
    for (format, begin) in [("csv", "\u{feff}"), ("html", "<!"), ("xlsx", "PK")] {
        let answer = town.server.get(&format!("/points/{CODE}/{command}?f={format}"));
        assert_eq!(answer.status, 200, "{format}: {}", answer.text());
        assert!(answer.body.starts_with(begin.as_bytes()), "{format}");
        let text = String::from_utf8_lossy(&answer.body);
        assert!(format == "xlsx" || words.iter().all(|word| text.contains(word)), "{text}");
        let disposition = format!("attachment; filename=\"{CODE}-{command}.{format}\"");
        let said = (format != "html").then_some(disposition.as_str());
        assert_eq!(answer.header("content-disposition"), said);
    }
    let odd = town.server.get(&format!("/points/{CODE}/{command}?f=pdf"));
    assert_eq!(odd.status, 400, "{}", odd.text());
    let table = run(place, &["ledger", command, "s.gpkg", CODE]);
    let missing: Vec<&&str> = words.iter().filter(|word| !table.out.contains(**word)).collect();
    assert!(table.code == 0 && missing.is_empty(), "{missing:?} in {}{}", table.out, table.err);
    let written = run(place, &["ledger", command, "s.gpkg", CODE, "--out", "t.csv"]);
    assert_eq!(written.code, 0, "{}", written.err);
    let csv = std::fs::read_to_string(place.join("t.csv")).unwrap();
    assert!(words.iter().all(|word| csv.contains(word)), "{csv}");
}

#[test]
fn a_point_is_told_by_commands_as_by_routes() {
    let town = Town::new();
    let place = town.folder.path();
    let none = run(place, &["ledger", "enforcement", "s.gpkg", CODE]);
    assert!(none.code == 1 && none.err.contains("tuban ledger add"), "{}", none.err);
    let kept = ["ledger", "add", "s.gpkg", "enforcement_records", "checklist_results"];
    assert_eq!(run(place, &kept).code, 0);
    town.take(&[report(1, 1), register(1, 2)]);
    town.take(&[event(1, 4, "dispatch", "town", json!({ "receiver": "城管队" }))]);
    let record = json!({
        "id": "r1", "point": CODE, "department": "urban", "act": "责令改正", "result": "限期拆除",
        "occurred_at": "2025-09-01T02:00:00Z"
    });
    add(&town, "enforcement_records", record, None);
    check_told(&town, "trace", &["挂账", "2025-09-01 00:02", "承办单位：城管队"]);
    check_told(&town, "enforcement", &["执法", "责令改正", "urban", "2025-09-01 10:00"]);

    let before = ["--as-of", "2025-08-01"];
    let approval = ["ledger", "approval", "s.gpkg", CODE, "--to"];
    let written = run(place, &[&approval[..], &["form.pdf"]].concat());
    assert_eq!((written.code, written.out.as_str()), (0, "form.pdf\n"), "{}", written.err);
    let pdf = std::fs::read(place.join("form.pdf")).unwrap();
    let answered = town.server.get(&format!("/points/{CODE}/approval"));
    assert!(pdf.starts_with(b"%PDF") && answered.body.starts_with(b"%PDF"));
    let near = pdf.len().abs_diff(answered.body.len());
    assert!(near < 64, "{} and {} bytes", pdf.len(), answered.body.len());
    for (arguments, said) in [
        (&["ledger", "trace", "s.gpkg", "nothing"][..], "no such point"),
        (&[&["ledger", "trace", "s.gpkg", CODE], &before[..]].concat(), "no such point"),
        (&[&approval[..], &["form.txt"]].concat(), ".pdf is expected"),
        (&["ledger", "trace", "s.gpkg", CODE, "--out", "t.txt"], ".csv or .xlsx"),
        (&["ledger", "trace", "s.gpkg", CODE, "--as-of", "soon"], "soon"),
    ] {
        let refused = run(place, arguments);
        assert_ne!(refused.code, 0, "{arguments:?}");
        assert!(refused.err.contains(said), "{arguments:?}: {}", refused.err);
    }
}
