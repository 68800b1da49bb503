//! A server that is killed, or told to end, under concurrent edits: what it acknowledged is there, and
//! nothing is there by halves. `tests/crash` does the same at length.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::running::{Server, folder_with, imported, run};

const WRITERS: i64 = 3;
/// Features that each transaction marks together.
const GROUP: i64 = 3;

fn feature(mark: i64) -> Value {
    json!({
        "type": "Feature", "properties": {"mark": mark},
        "geometry": {"type": "Point", "coordinates": [116.4 + mark as f64 * 1e-5, 39.6]}
    })
}

fn store() -> tempfile::TempDir {
    let rows: Vec<_> = (0..WRITERS * GROUP).map(|_| feature(0).to_string()).collect();
    let folder = folder_with(&[("p.geojsonl", rows.join("\n").as_bytes())]);
    assert_eq!(imported(folder.path(), &["p.geojsonl"]).0.code, 0);
    folder
}

/// Ids of one writer's features.
fn own(writer: i64) -> std::ops::RangeInclusive<i64> {
    writer * GROUP + 1..=(writer + 1) * GROUP
}

/// Marks one writer's features again and again, from `mark` on, until the server is gone; the last
/// mark that was acknowledged.
fn write(server: &Server, writer: i64, mut mark: i64) -> i64 {
    loop {
        let change = |id| json!({"collection": "p", "op": "replace", "id": id, "feature": feature(mark + 1)});
        let changes: Vec<_> = own(writer).map(change).collect();
        let body = json!({"reason": "mark", "changes": changes}).to_string();
        let Some(answer) = server.try_post("/transactions", &body) else { return mark };
        assert_eq!(answer.status, 200, "{}", answer.text());
        mark += 1;
    }
}

/// The mark that each writer's features have, the same on all of them.
fn marks(folder: &Path) -> Vec<i64> {
    let answer = run(folder, &["export", "s.gpkg", "marks.geojsonl", "--force"]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    let text = std::fs::read_to_string(folder.join("marks.geojsonl")).unwrap();
    let all: Vec<i64> = text
        .lines()
        .map(|line| {
            let feature: Value = serde_json::from_str(line).unwrap();
            feature["properties"]["mark"].as_i64().unwrap()
        })
        .collect();
    (0..WRITERS)
        .map(|writer| {
            let of: Vec<_> = own(writer).map(|id| all[id as usize - 1]).collect();
            assert!(of.iter().all(|mark| *mark == of[0]), "half a transaction: {of:?}");
            of[0]
        })
        .collect()
}

/// Lets writers work for `moment` milliseconds, then sends `signal`; the marks that were
/// acknowledged.
fn under_edits(server: &Server, from: &[i64], moment: u64, signal: &str) -> Vec<i64> {
    std::thread::scope(|scope| {
        let writers: Vec<_> =
            (0..WRITERS).map(|n| scope.spawn(move || write(server, n, from[n as usize]))).collect();
        std::thread::sleep(Duration::from_millis(moment));
        server.signal(signal);
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    })
}

#[test]
fn a_killed_server_loses_nothing_that_it_acknowledged() {
    let folder = store();
    let folder = folder.path();
    let mut there = vec![0; WRITERS as usize];
    for moment in [5, 40, 90, 20, 150, 60] {
        let server = Server::start(&folder.join("s.gpkg"), &[]);
        let told = under_edits(&server, &there, moment, "-KILL");
        let checked = run(folder, &["verify", "s.gpkg"]);
        assert_eq!(checked.code, 0, "{}", checked.out);
        let found = marks(folder);
        for (found, told) in found.iter().zip(&told) {
            assert!(*found == *told || *found == told + 1, "{told} acknowledged, {found} found");
        }
        there = found;
    }
    assert!(there.iter().sum::<i64>() > 0, "nothing was written: {there:?}");
}

#[test]
fn a_server_that_is_told_to_end_answers_what_it_took_and_leaves_no_log() {
    let folder = store();
    let folder = folder.path();
    let server = Server::start(&folder.join("s.gpkg"), &[]);
    let told = under_edits(&server, &[0; WRITERS as usize], 500, "-TERM");
    let (success, log) = server.ended();
    assert!(success, "{log}");
    assert!(!folder.join("s.gpkg-wal").exists());
    assert_eq!(marks(folder), told);
    assert!(told.iter().sum::<i64>() > 0, "nothing was written: {told:?}");
}
