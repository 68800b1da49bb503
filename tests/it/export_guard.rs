//! How much of the cadastre an account may take: pages, whole collections, single features, searches and
//! tiles count together, gaps included, for the account and for its unit, until an approval allows more.

use std::fmt::Write;

use serde_json::json;

use crate::running::{Response, Server, folder_with, run};

/// A collection of parcels along two sides of each of two squares of 12 km.
fn parcels() -> String {
    let mut text = String::new();
    for number in 0..50 {
        let (x, y) =
            (116.3 + 0.14 * f64::from(number) / 50.0, 39.7 + 0.108 * f64::from(number) / 50.0);
        for [lon, lat] in [[x, 39.7], [116.3, y], [x + 0.3, 39.7], [116.6, y]] {
            let feature = json!({
                "type": "Feature", "properties": { "number": number },
                "geometry": { "type": "Polygon", "coordinates": [[
                    [lon, lat], [lon + 1e-4, lat], [lon + 1e-4, lat + 1e-4], [lon, lat]
                ]] }
            });
            let _ = writeln!(text, "{feature}");
        }
    }
    text
}

struct Store {
    folder: tempfile::TempDir,
    server: Server,
    tokens: Vec<String>,
}

fn store(settings: &str) -> Store {
    let file = parcels();
    let folder = folder_with(&[
        ("parcels.geojsonl", file.as_bytes()),
        ("trees.geojsonl", file.as_bytes()),
        ("tuban.toml", settings.as_bytes()),
    ]);
    let place = folder.path();
    let command = |arguments: &[&str]| {
        let done = run(place, arguments);
        assert_eq!(done.code, 0, "{arguments:?}: {}{}", done.out, done.err);
        done.out.trim().to_owned()
    };
    command(&["import", "s.gpkg", "parcels.geojsonl"]);
    command(&["import", "s.gpkg", "trees.geojsonl"]);
    let tokens = [("anna", "1"), ("ben", "1"), ("cleo", "2")].map(|(name, unit)| {
        command(&["user", "add", "s.gpkg", name, "--role", "town", "--unit", unit]);
        command(&["user", "token", "s.gpkg", name])
    });
    let server = started(&folder);
    Store { folder, server, tokens: tokens.into() }
}

fn started(folder: &tempfile::TempDir) -> Server {
    let config = folder.path().join("tuban.toml");
    Server::start(&folder.path().join("s.gpkg"), &["--config", config.to_str().unwrap()])
}

impl Store {
    fn get(&self, who: usize, target: &str) -> Response {
        let token = format!("Bearer {}", self.tokens[who]);
        self.server.ask("GET", target, &[("Authorization", &token)])
    }
}

const PARCELS: &str = "/collections/parcels";

fn check_refused(answer: &Response) {
    assert_eq!(answer.status, 403, "{}", answer.text().get(..300).unwrap_or(answer.text()));
    let problem = answer.json();
    assert_eq!(problem["code"], "export_limit");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("approval") && detail.contains("km²"), "{detail}");
}

#[test]
fn pages_and_files_count_together_with_the_gaps_between_their_features() {
    let store = store("");
    for (target, what) in [
        (format!("{PARCELS}/items?limit=200"), "a page"),
        (format!("{PARCELS}/all.fgb"), "the whole"),
        (format!("{PARCELS}/items?limit=200&f=csv"), "a table"),
    ] {
        check_refused(&store.get(0, &target));
        assert!(!what.is_empty());
    }
    let log = run(store.folder.path(), &["audit", "list", "s.gpkg"]);
    assert!(
        log.out.matches("export").count() >= 3,
        "refusals are on record: {}{}",
        log.out,
        log.err
    );
    // What is refused is not counted, and what is no cadastre never.
    assert_eq!(store.get(0, "/collections/trees/all.fgb").status, 200);
    let count = store.get(0, &format!("{PARCELS}/items?limit=1&number=0"));
    assert_eq!(count.status, 200, "{}", count.text());
    // Along one side there is little ground; both sides have what lies between.
    let side =
        |who: usize, bbox: &str| store.get(who, &format!("{PARCELS}/items?limit=200&bbox={bbox}"));
    assert_eq!(side(0, "116.3,39.69,116.5,39.7005").status, 200);
    assert_eq!(side(0, "116.29,39.69,116.3005,39.9").status, 200);
    // Squares of two kilometres by the corner, one by one, until there is no more.
    let mut taken = 0;
    for step in 1..12 {
        let end = 0.02 * f64::from(step);
        let bbox = format!("116.29,39.69,{:.4},{:.4}", 116.3 + end, 39.7 + end);
        match side(0, &bbox).status {
            200 => taken += 1,
            _ => break,
        }
    }
    assert!((1..5).contains(&taken), "{taken}");
    // Whoever is of the same unit has taken as much; another unit nothing.
    let elsewhere = "116.59,39.69,116.66,39.76";
    check_refused(&side(1, elsewhere));
    assert_eq!(side(2, elsewhere).status, 200);
    // Searches count, too.
    let token = format!("Bearer {}", store.tokens[2]);
    let body = r#"{"return":"features","limit":1000}"#;
    let kind = ("Content-Type", "application/json");
    let answer = store.server.change(
        "POST",
        &format!("{PARCELS}/search"),
        &[("Authorization", token.as_str()), kind],
        body,
    );
    check_refused(&answer);
}

#[test]
fn an_approval_allows_more_until_its_last_day_and_tiles_have_a_limit_of_their_own() {
    let approval = |until: &str| {
        format!(
            "[exports]\ntiles_km2 = 8.0\n[[exports.approvals]]\nnumber = \"密审2026-1\"\nof = \"anna\"\n\
             km2 = 1000.0\nuntil = \"{until}\"\n\
             [[exports.approvals]]\nnumber = \"密审2026-2\"\nof = \"1\"\nkm2 = 1000.0\nuntil = \"{until}\"\n"
        )
    };
    let store = store(&approval("2099-12-31"));
    let whole = format!("{PARCELS}/items?limit=200");
    assert_eq!(store.get(0, &whole).status, 200);
    // The unit's is not the account's.
    check_refused(&store.get(1, &whole));
    std::fs::write(store.folder.path().join("tuban.toml"), approval("2020-12-31")).unwrap();
    let Store { folder, server, tokens } = store;
    drop(server);
    let server = started(&folder);
    let store = Store { folder, server, tokens };
    check_refused(&store.get(0, &whole));
    // Two tiles of zoom 14 cover seven square kilometres, a third more than eight.
    let tile = |x: u32| store.get(2, &format!("/xyz/parcels/14/{x}/6218.mvt")).status;
    assert_eq!((tile(13486), tile(13487), tile(13486)), (204, 204, 204));
    assert_eq!(tile(13489), 403);
    let row = |row: u32| {
        let target = format!("{PARCELS}/tiles/WebMercatorQuad/14/{row}/13486");
        store.get(2, &target).status
    };
    assert_eq!((row(6218), row(6230)), (204, 403), "within what was looked at, and beyond");
    assert!(store.get(2, "/xyz/parcels/12/3371/1554.mvt").status < 300, "an overview is free");
}
