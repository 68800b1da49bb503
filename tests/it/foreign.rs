//! Another program writes into the file of a store, while it is served and while it is not.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::running::{Answer, Response, Server, folder_with, imported, point, run};

/// How soon a server shows what another program wrote.
const SOON: Duration = Duration::from_secs(2);

/// A store with three points.
fn store() -> tempfile::TempDir {
    let features = [
        point(r#"{"name":"one","size":1}"#, 116.4, 39.9),
        point(r#"{"name":"two","size":2}"#, 116.5, 39.9),
        point(r#"{"name":"three","size":3}"#, 116.6, 39.9),
    ];
    let file = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    let folder = folder_with(&[("p.geojson", file.as_bytes())]);
    let (Answer { code, err, .. }, _) = imported(folder.path(), &["p.geojson"]);
    assert_eq!(code, 0, "{err}");
    folder
}

fn write(folder: &Path, sql: &str) {
    let db = Connection::open(folder.join("s.gpkg")).unwrap();
    db.busy_timeout(Duration::from_secs(5)).unwrap();
    db.execute_batch(sql).unwrap();
}

/// Asks until the answer is as wanted; what is asked for must come soon.
fn wait_for(server: &Server, target: &str, wanted: impl Fn(&Response) -> bool) -> Response {
    let started = Instant::now();
    loop {
        let answer = server.get(target);
        if wanted(&answer) {
            return answer;
        }
        assert!(started.elapsed() < SOON, "{target} still answers {}", answer.text());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_another_program_writes_is_served_soon_and_at_the_next_start() {
    let folder = store();
    let server = Server::start(&folder.path().join("s.gpkg"), &[]);
    let tile = "/xyz/p/8/210/97.mvt";
    let old_tag = server.get(tile).header("etag").unwrap().to_owned();
    write(folder.path(), "UPDATE p SET name = 'uno' WHERE fid = 1");
    let item = wait_for(&server, "/collections/p/items/1", |a| a.text().contains("uno"));
    assert_eq!(item.header("tuban-revision"), Some("2"));
    let answer = server.ask("GET", tile, &[("If-None-Match", &old_tag)]);
    assert_eq!(answer.status, 200, "the tile of the place is another one");
    let (ended, _) = server.terminate();
    assert!(ended);

    write(folder.path(), "UPDATE p SET name = 'dos' WHERE fid = 2");
    let server = Server::start(&folder.path().join("s.gpkg"), &[]);
    let item = server.get("/collections/p/items/2");
    assert!(item.text().contains("dos"), "{}", item.text());
    assert_eq!(item.header("tuban-revision"), Some("3"));
    let db = Connection::open(folder.path().join("s.gpkg")).unwrap();
    let actors = "SELECT count(*) FROM tuban_history WHERE actor = 'external' AND fid IN (1, 2)";
    assert_eq!(db.query_row(actors, [], |row| row.get::<_, i64>(0)).unwrap(), 2);
}

#[test]
fn a_row_with_a_flaw_is_kept_out_listed_and_comes_back() {
    let folder = store();
    let server = Server::start(&folder.path().join("s.gpkg"), &[]);
    let none = server.get("/collections/p/defects").json();
    assert_eq!((&none["numberReturned"], &none["complete"]), (&0.into(), &true.into()));
    write(folder.path(), "UPDATE p SET size = 'large' WHERE fid = 3");
    wait_for(&server, "/collections/p/items/3", |a| a.status == 404);
    let listed = server.get("/collections/p/defects");
    let defect = &listed.json()["defects"][0];
    assert_eq!((&defect["id"], &defect["pointer"]), (&3.into(), &"/properties/size".into()));
    assert!(!listed.text().contains("large"), "no value is shown: {}", listed.text());
    assert_eq!(server.get("/collections/p").json()["count"], 2);
    let page = server.get("/collections/p/defects?f=html");
    assert_eq!(page.status, 200);
    let shown = run(folder.path(), &["inspect", "s.gpkg"]);
    assert!(
        shown.out.contains("kept out") && shown.out.contains("p 3 /properties/size"),
        "{shown:?}"
    );

    write(folder.path(), "UPDATE p SET size = 30 WHERE fid = 3");
    wait_for(&server, "/collections/p/items/3", |a| a.status == 200);
    assert_eq!(server.get("/collections/p/defects").json()["numberReturned"], 0);
    let missing = server.get("/collections/nowhere/defects");
    assert_eq!(missing.status, 404);
    assert_eq!(missing.json()["code"], "collection_not_found");
    let document = server.get("/api").json();
    assert!(document["paths"]["/collections/{collectionId}/defects"]["get"].is_object());
}

#[test]
fn a_field_of_another_program_is_hidden_until_it_has_a_class() {
    let folder = store();
    let server = Server::start(&folder.path().join("s.gpkg"), &[]);
    write(
        folder.path(),
        "ALTER TABLE p ADD COLUMN owner TEXT; UPDATE p SET owner = '张三' WHERE fid = 1",
    );
    let revision = |a: &Response| a.header("tuban-revision") == Some("2");
    wait_for(&server, "/collections", revision);
    assert!(!server.get("/collections/p/items").text().contains("张三"));
    assert_eq!(server.get("/collections/p/items").json()["numberMatched"], 3);
    // What the command changes goes through the server, which shows it.
    let set = run(folder.path(), &["collection", "set", "s.gpkg", "p", "--class", "owner=L1"]);
    assert_eq!(set.code, 0, "{}", set.err);
    assert!(server.get("/collections/p/items").text().contains("张三"));
}
