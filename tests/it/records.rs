//! Records beside the points: their collections are made, filled from a spreadsheet and read.

use serde_json::Value;

use crate::running::{Server, run};

#[test]
fn collections_of_records_are_made_once_and_take_spreadsheets() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    assert_eq!(run(place, &["ledger", "init", "s.gpkg"]).code, 0);
    let all: Vec<&str> = ledger::record::collections().map(|one| one.id).collect();
    let mut command = vec!["ledger", "add", "s.gpkg"];
    command.extend(&all);
    let added = run(place, &command);
    assert_eq!(added.code, 0, "{}", added.err);
    let again = run(place, &["ledger", "add", "s.gpkg", "evidence", "outlets"]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("outlets already; nothing was touched"), "{}", again.err);
    let none = run(place, &["ledger", "add", "s.gpkg", "outlet"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("outlets"), "{}", none.err);

    let sheet = "code,name,functions,opened,lon,lat\nW-1,便民菜店,蔬菜零售、便利店,2026-03-01,116.39,39.72\n";
    std::fs::write(place.join("o.csv"), sheet).unwrap();
    let taken = run(
        place,
        &["import", "s.gpkg", "o.csv", "--collection", "outlets", "--append", "--crs", "EPSG:4490"],
    );
    assert_eq!(taken.code, 0, "{}{}", taken.out, taken.err);
    let server = Server::start(&place.join("s.gpkg"), &[]);
    let outlets: Value = server.get("/collections/outlets/items?f=json").json();
    assert_eq!(outlets["features"][0]["properties"]["functions"], "蔬菜零售、便利店");
}
