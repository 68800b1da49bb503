//! How much of the cadastre an account may take: pages, whole collections, single features, searches and
//! tiles count together, gaps included, for the account and for its unit, until an approval allows more.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::areas::{asked, questions, shown, targets, tells};
use crate::areas_town::{Areas, shipped};
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

    /// Rows of the audit log with an action.
    fn log(&self, action: &str) -> Vec<Value> {
        log(self.folder.path(), action)
    }

    /// Ends the server, by the force that leaves it no time or as its operator would, and starts it again.
    fn anew(self, is_killed: bool) -> Self {
        let Self { folder, server, tokens } = self;
        match is_killed {
            true => drop(server),
            false => assert!(server.terminate().0),
        }
        let server = started(&folder);
        Self { folder, server, tokens }
    }
}

fn log(folder: &std::path::Path, action: &str) -> Vec<Value> {
    let listed = run(folder, &["audit", "list", "s.gpkg", "--json", "--limit", "10000"]);
    assert_eq!(listed.code, 0, "{}", listed.err);
    let rows = listed.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.filter(|row| row["action"] == action).collect()
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
    // The first refusal is on record at once; those of the minute after it add up.
    let refused = store.log("export");
    assert_eq!(refused.len(), 1, "{refused:#?}");
    assert_eq!((&refused[0]["actor"], &refused[0]["result"]), (&json!("anna"), &json!("refused")));
    assert_eq!(refused[0]["reason"], "export_limit");
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
fn what_is_asked_again_leaves_again() {
    let store = store("");
    let token = format!("Bearer {}", store.tokens[0]);
    let headers = [("Authorization", token.as_str()), ("Content-Type", "application/json")];
    let corner = json!({ "type": "Polygon", "coordinates": [[
        [116.299, 39.699], [116.301, 39.699], [116.301, 39.701], [116.299, 39.699]
    ]] });
    for (kind, rows) in [("features", 3), ("count", 0)] {
        let before = store.log("export").len();
        let body = json!({ "geometry": corner, "return": kind }).to_string();
        for _ in 0..3 {
            let found = store.server.change("POST", &format!("{PARCELS}/search"), &headers, &body);
            assert_eq!(found.status, 200, "{}", found.text());
        }
        assert_eq!(store.log("export").len() - before, rows, "{kind}");
    }
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
    let reason = store.log("export")[0]["reason"].clone();
    assert_eq!(reason, "approval 密审2026-1, 密审2026-2");
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
    assert_eq!((row(6218), row(6214)), (204, 403), "within what was looked at, and beyond");
    assert!(store.get(2, "/xyz/parcels/12/3371/1554.mvt").status < 300, "an overview is free");
}

#[test]
fn what_was_taken_is_known_after_a_server_was_killed() {
    let store = store("");
    let side = |store: &Store, who: usize, bbox: &str| {
        store.get(who, &format!("{PARCELS}/items?limit=200&bbox={bbox}"))
    };
    // Half of squares of five kilometres and more, with the corner.
    let (one, other) = ("116.29,39.69,116.362,39.748", "116.59,39.69,116.662,39.748");
    let first = side(&store, 0, one);
    assert_eq!(first.status, 200, "{}", first.text());
    let taken = store.log("export");
    assert_eq!(taken.len(), 1, "{taken:#?}");
    let row = &taken[0];
    assert_eq!((&row["object"], &row["result"]), (&json!(PARCELS), &json!("done")));
    assert_eq!(row["ip"], "127.0.0.1");
    assert_eq!(row["count"], first.json()["numberReturned"]);
    assert!(row["geometry"].as_str().unwrap().starts_with("POLYGON"), "{row}");
    let store = store.anew(true);
    check_refused(&side(&store, 0, other));
    check_refused(&side(&store, 1, other));
    assert_eq!(side(&store, 0, one).status, 200, "what is theirs already");
    assert_eq!(side(&store, 2, other).status, 200);
    // One by one: a row of the minute, and nothing of what the log has told already.
    let before = store.log("export").len();
    let far = store.get(2, &format!("{PARCELS}/items?limit=1&bbox=116.3,39.79,116.3005,39.8"));
    assert_eq!(far.json()["numberReturned"], 1, "{}", far.text());
    let id = &far.json()["features"][0]["id"];
    for _ in 0..5 {
        assert_eq!(store.get(2, &format!("{PARCELS}/items/{id}")).status, 200);
    }
    assert_eq!(store.log("export").len(), before);
    let store = store.anew(false);
    let rows = store.log("export");
    assert_eq!(rows.len(), before + 1, "{rows:#?}");
    let row = rows.last().unwrap();
    assert!(row["geometry"].as_str().unwrap().starts_with("POINT"), "{row}");
    // It is known to be told of: the same again makes no row.
    assert_eq!(store.get(2, &format!("{PARCELS}/items/{id}")).status, 200);
    let store = store.anew(false);
    assert_eq!(store.log("export").len(), before + 1);
    check_refused(&side(&store, 2, one));
}

#[test]
fn tiles_count_by_whatever_way_they_are_asked_for() {
    let settings = "[exports]\ntiles_km2 = 8.0\ncollections = [\"parcels\", \"cut\"]\n\
                    [[archives]]\nid = \"cut\"\npath = \"cut.mbtiles\"\n";
    let store = store("");
    let place = store.folder.path();
    let cut = run(
        place,
        &["export", "s.gpkg", "cut.mbtiles", "--collection", "parcels", "--zoom", "14..14"],
    );
    assert_eq!(cut.code, 0, "{}", cut.err);
    let settings = settings.replace("cut.mbtiles", place.join("cut.mbtiles").to_str().unwrap());
    std::fs::write(place.join("tuban.toml"), settings).unwrap();
    let key = "/wmts?service=WMTS&REQUEST=GetTile&Version=1.0.0&STYLE=&\
               FORMAT=application/vnd.mapbox-vector-tile&TILEMATRIX=14";
    let mut store = store;
    for (name, tile) in [
        ("xyz", "/xyz/parcels/14/{col}/{row}.mvt".to_owned()),
        ("encoded", "/xyz/%70arcels/14/{col}/{row}.mvt".to_owned()),
        ("with others", "/xyz/trees,parcels/14/{col}/{row}.mvt".to_owned()),
        ("collection", "/collections/parcels/tiles/WebMercatorQuad/14/{row}/{col}".to_owned()),
        ("dataset", "/tiles/WebMercatorQuad/14/{row}/{col}".to_owned()),
        ("chosen", "/tiles/WebMercatorQuad/14/{row}/{col}?collections=parcels".to_owned()),
        ("WMTS", "/wmts/1.0.0/parcels/default/WebMercatorQuad/14/{row}/{col}.mvt".to_owned()),
        ("WMTS, all", "/wmts/1.0.0/all/default/WebMercatorQuad/14/{row}/{col}.mvt".to_owned()),
        (
            "by key and value",
            format!(
                "{key}&LAYER=parcels&TILEMATRIXSET=WebMercatorQuad&TILEROW={{row}}&TILECOL={{col}}"
            ),
        ),
        (
            "of 天地图's name",
            format!("{key}&LAYER=all&TILEMATRIXSET=w&TILEROW={{row}}&TILECOL={{col}}"),
        ),
        ("Esri", "/arcgis/rest/services/all/VectorTileServer/tile/14/{row}/{col}.pbf".to_owned()),
        ("archive", "/xyz/cut/14/{col}/{row}.mvt".to_owned()),
        ("archive, OGC", "/collections/cut/tiles/WebMercatorQuad/14/{row}/{col}".to_owned()),
        ("token in the path", "/t/{token}/xyz/parcels/14/{col}/{row}.mvt".to_owned()),
    ] {
        // Nothing is looked at yet: a unit of its own for each way.
        let place = store.folder.path().to_owned();
        let who = format!("one{}", store.tokens.len());
        for arguments in [
            &["user", "add", "s.gpkg", &who, "--role", "town", "--unit", &who][..],
            &["user", "token", "s.gpkg", &who],
        ] {
            let done = run(&place, arguments);
            assert_eq!(done.code, 0, "{}", done.err);
            if arguments[1] == "token" {
                store.tokens.push(done.out.trim().to_owned());
            }
        }
        store = store.anew(true);
        let (last, who) = (store.tokens.len() - 1, who);
        // Twice: what is ready is counted, too. A third tile is beyond eight square kilometres.
        let answers =
            [(13486, 6218), (13486, 6218), (13486, 6217), (13487, 6217)].map(|(col, row)| {
                let target =
                    tile.replace("{col}", &col.to_string()).replace("{row}", &row.to_string());
                let target = target.replace("{token}", &store.tokens[last]);
                match name {
                    "token in the path" => store.server.get(&target),
                    _ => store.get(last, &target),
                }
            });
        let statuses = answers.each_ref().map(|answer| answer.status);
        assert!(statuses[..3].iter().all(|status| *status < 300), "{name}: {statuses:?}");
        assert_eq!(statuses[3], 403, "{name}: {}", shown(&answers[3]));
        assert!(tells(&answers[3], "approval"), "{name}: {}", shown(&answers[3]));
        let refused = store.log("look");
        assert!(refused.iter().any(|row| row["actor"] == *who), "{name}: {refused:#?}");
    }
    // Of other grids the ground is counted, not the number of the tile.
    let place = store.folder.path().to_owned();
    let ends = |store: Store| store.anew(false);
    let store = ends(store);
    let grid = |x: u32| store.get(2, &format!("/tiles/CGCS2000Quad/14/{}/{x}", 2289));
    let mut seen = 0;
    while grid(13486 + seen).status < 300 {
        seen += 1;
        assert!(seen < 20, "no limit on this grid");
    }
    assert_eq!(grid(13486 + seen).status, 403);
    assert!((1..=3).contains(&seen), "{seen}");
    let rows = log(&place, "look");
    let kept: Vec<&Value> = rows.iter().filter(|row| row["result"] == "done").collect();
    assert!(!kept.is_empty(), "{rows:#?}");
}

/// Whether an answer holds a corner of parcels: in text, in bytes, or as a layer of a deep tile.
fn places(answer: &Response, target: &str) -> bool {
    let is_deep = target.contains("/14/6218/13485");
    let corner = [116.31_f64, 39.726].map(f64::to_le_bytes).concat();
    ["116.31,39.726", "116.31 39.726", "116.31, 39.726"].iter().any(|text| tells(answer, text))
        || answer.body.windows(corner.len()).any(|part| part == corner)
        || is_deep && tells(answer, "parcels")
}

#[test]
fn no_route_gives_a_place_of_the_cadastre_uncounted() {
    let open = Areas::new();
    let all = targets(&open, "get");
    // The description of the API has examples from about here; of collections beside the cadastre there is
    // one whose rows lie on parcels.
    let others: Vec<&str> =
        shipped().iter().map(|one| one.id).filter(|id| *id != "enterprises").collect();
    let is_apart = |target: &&String| {
        *target == "/api" || target.split(['/', '@']).any(|part| others.contains(&part))
    };
    let all = all.iter().filter(|target| !is_apart(target)).flat_map(|target| asked(target));
    let all: Vec<String> = all.collect();
    let gives = |store: &Areas, target: &String| {
        let answer = store.get(&store.whole, target);
        (answer.status < 300 && places(&answer, target)).then(|| shown(&answer))
    };
    let given: Vec<&String> = all.iter().filter(|target| gives(&open, target).is_some()).collect();
    assert!(given.len() > 10, "{given:#?}");
    std::fs::write(
        open.town.folder.path().join("tuban.toml"),
        "[exports]\nlimit_km2 = 0\ntiles_km2 = 0\n",
    )
    .unwrap();
    let shut = open.anew();
    for target in given {
        let answer = shut.get(&shut.whole, target);
        assert_eq!(answer.status, 403, "{target}: {}", shown(&answer));
    }
    for target in &all {
        assert_eq!(gives(&shut, target), None, "{target}");
    }
    let api = shut.get(&shut.whole, "/api").json();
    for (path, operations) in api["paths"].as_object().unwrap() {
        let is_question = ["search", "join", "cluster"].iter().any(|end| path.ends_with(end));
        if operations.get("post").is_none() || !is_question {
            continue;
        }
        let target = path.replace("{collectionId}", "parcels");
        for body in questions(&target) {
            let answer = shut.ask(&shut.whole, "POST", &target, &body);
            assert!(!places(&answer, &target), "{target} {body}: {}", shown(&answer));
        }
    }
}
