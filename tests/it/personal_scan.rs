//! A small sample city whose households have holders, asked for everything that it serves, exports and
//! writes, by every profile: no name, telephone or identity number of the personal table is in any of it. A
//! value that is planted in a plain column is found by the same search in each of these ways.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use spatial::Crs;
use tuban::synth::Synth;

use crate::accounts::get;
use crate::running::{Response, Server, run};
use crate::secrets::Secrets;

/// What the demo is made of, but for the number of parcels.
const SEED: u64 = 1;
const TOWNS: u64 = 2;
const PARCELS: u64 = 600;
const GRIDS: [&str; 3] = ["WebMercatorQuad", "WorldCRS84Quad", "CGCS2000Quad"];
/// Deepest zoom that is looked at, and most tiles of a zoom where features are larger than tiles.
const DEEPEST: u32 = 22;
const MOST_BELOW: u64 = 12;
/// Paths that are asked for otherwise, or have no end.
const APART: [&str; 4] = ["{tileMatrix}", "{level}", "/stream", "{z}"];

struct City {
    folder: tempfile::TempDir,
    secrets: Secrets,
}

impl City {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let parcels = PARCELS.to_string();
        let made = run(folder.path(), &["demo", "--prepare-only", "--parcels", &parcels]);
        assert_eq!(made.code, 0, "{}", made.err);
        let synth = Synth::new(SEED, PARCELS, Some(TOWNS), &Crs::CGCS2000).unwrap();
        let secrets = Secrets::of(&synth);
        assert!(secrets.len() > 1_000, "{}", secrets.len());
        secrets_check(&secrets, "the making of it", format!("{}{}", made.out, made.err).as_bytes());
        Self { folder, secrets }
    }

    fn demo(&self) -> std::path::PathBuf {
        self.folder.path().join("demo")
    }
}

fn secrets_check(secrets: &Secrets, what: &str, bytes: &[u8]) {
    if let Some(value) = secrets.find_within(bytes) {
        panic!("{what} holds {value}");
    }
}

/// A new account of a role, and a token of it.
fn account(folder: &Path, role: &str) -> String {
    let added = run(folder, &["user", "add", "city.gpkg", role, "--role", role]);
    assert_eq!(added.code, 0, "{}", added.err);
    run(folder, &["user", "token", "city.gpkg", role]).out.trim().to_owned()
}

/// Who asks: everyone, or an account of a profile.
struct Asker<'a> {
    server: &'a Server,
    token: &'a str,
}

impl Asker<'_> {
    fn get(&self, target: &str) -> Response {
        match self.token {
            "" => self.server.get(target),
            token => get(self.server, target, token),
        }
    }

    fn post(&self, target: &str, body: &Value) -> Response {
        let authorization = format!("Bearer {}", self.token);
        let mut headers = vec![("Content-Type", "application/json")];
        if !self.token.is_empty() {
            headers.push(("Authorization", authorization.as_str()));
        }
        self.server.change("POST", target, &headers, &body.to_string())
    }

    fn collections(&self) -> Vec<String> {
        let all = self.get("/collections").json();
        let ids = all["collections"].as_array().unwrap().iter();
        ids.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Rows and columns of each zoom that has tiles, as the tileset says; none where there is no tileset.
    fn limits(&self, tileset: &str) -> Vec<(String, [u64; 4])> {
        let answer = self.get(&format!("{tileset}?f=json"));
        if answer.status != 200 {
            return Vec::new();
        }
        let document = answer.json();
        let limits = document["tileMatrixSetLimits"].as_array().cloned().unwrap_or_default();
        let range = |limit: &Value| {
            ["minTileRow", "maxTileRow", "minTileCol", "maxTileCol"]
                .map(|name| limit[name].as_u64().unwrap())
        };
        let id = |limit: &Value| limit["tileMatrix"].as_str().unwrap().to_owned();
        limits.iter().map(|limit| (id(limit), range(limit))).collect()
    }

    /// Every tile of a grid down to the last zoom of the villages; below it some of each zoom. Of what
    /// lies elsewhere only the tiles above the villages'.
    fn tiles(&self, grid: &str, villages: &[(String, [u64; 4])]) -> Vec<String> {
        let mut tiles = Vec::new();
        let (mut deepest, mut below): (Option<[u64; 4]>, u32) = (None, 0);
        for (zoom, range) in self.limits(&format!("/tiles/{grid}")) {
            if zoom.parse::<u32>().unwrap() > DEEPEST {
                break;
            }
            let known = villages.iter().find(|(id, _)| *id == zoom);
            let (range, most) = match (known, deepest) {
                (Some((_, range)), _) => {
                    deepest = Some(*range);
                    (*range, u64::MAX)
                }
                (None, Some([top, bottom, west, east])) => {
                    below += 1;
                    let [top, west] = [top, west].map(|first| first << below);
                    let [bottom, east] = [bottom, east].map(|last| ((last + 1) << below) - 1);
                    ([top, bottom, west, east], MOST_BELOW)
                }
                (None, None) => (range, u64::MAX),
            };
            let [top, bottom, west, east] = range;
            let across = east - west + 1;
            let count = (bottom - top + 1) * across;
            let step = count.div_ceil(most).max(1) as usize;
            tiles.extend((0..count).step_by(step).map(|n| {
                format!("/tiles/{grid}/{zoom}/{}/{}", top + n / across, west + n % across)
            }));
        }
        tiles
    }
}

/// The tiles of every grid hold nothing; the layers that were seen.
fn check_tiles(city: &City, asker: &Asker<'_>, whole: &Asker<'_>) -> BTreeSet<String> {
    let (mut layers, mut filled) = (BTreeSet::new(), 0);
    for grid in GRIDS {
        let villages = whole.limits(&format!("/collections/villages/tiles/{grid}"));
        let tiles = asker.tiles(grid, &villages);
        assert!(tiles.len() > 30, "{grid}: {}", tiles.len());
        for target in tiles {
            let tile = asker.get(&target);
            assert!(matches!(tile.status, 200 | 204), "{target}: {}", tile.text());
            filled += usize::from(!tile.body.is_empty());
            let (found, seen) = city.secrets.find_in_tile(&tile.body);
            assert_eq!(found, None, "{target}");
            layers.extend(seen);
        }
    }
    assert!(filled > 30, "{filled}");
    layers
}

/// Everything else that is served.
fn check_answers(city: &City, asker: &Asker<'_>, households: &[String]) {
    let collections = asker.collections();
    let api = asker.get("/api").json();
    let known = |name: &str| -> Vec<String> {
        let of = |values: &[&str]| values.iter().map(|one| (*one).to_owned()).collect();
        match name {
            "collectionId" | "styleId" => collections.clone(),
            "featureId" => of(&["1", "2"]),
            "dossierId" => households.to_vec(),
            "tileMatrixSetId" => of(&GRIDS),
            "townCode" => of(&["110115190", "110115191"]),
            "rule" => of(&["rebound", "no_file", "several_homesteads", "licence_alive"]),
            "ledgerId" => of(&["rebound", "problems", "land"]),
            _ => Vec::new(),
        }
    };
    let mut targets: Vec<String> = Vec::new();
    for (path, operations) in api["paths"].as_object().unwrap() {
        if operations.get("get").is_none() || APART.iter().any(|part| path.contains(part)) {
            continue;
        }
        let name = path.split_once('{').map(|(_, rest)| rest.split('}').next().unwrap());
        match name {
            None => targets.push(path.clone()),
            Some(name) => targets.extend(
                known(name).iter().map(|value| path.replace(&format!("{{{name}}}"), value)),
            ),
        }
    }
    targets.retain(|target| !target.contains('{'));
    for id in &collections {
        let items = format!("/collections/{id}/items");
        targets.push(format!("{items}?f=json&limit=10000"));
        targets.push(format!("{items}?f=csv&limit=10000"));
        targets.push(format!("{items}?q=%E6%A0%B7%E4%BE%8B&limit=1000"));
        targets.push(format!("{items}/1/history"));
    }
    targets.extend(
        ["/changes?since=0&limit=10000", "/dossiers?f=csv", "/worklist?unit=*&role=*"]
            .map(str::to_owned),
    );
    for household in households {
        let of = |ending: &str| format!("/dossiers/{household}{ending}");
        targets.extend(["?f=html", ".svg", ".svg?page=2", "/personal"].map(of));
    }
    let mut answered = 0;
    for target in &targets {
        let answer = asker.get(target);
        assert!(answer.status < 500 || answer.status == 503, "{target}: {}", answer.status);
        answered += usize::from(answer.status == 200);
        secrets_check(&city.secrets, target, &answer.body);
    }
    assert!(answered > 40, "{answered} of {}", targets.len());
    let parcels = collections.iter().any(|id| id == "households");
    if parcels {
        let ring = [[116.0, 39.0], [117.0, 39.0], [117.0, 40.0], [116.0, 40.0], [116.0, 39.0]];
        let area = json!({ "type": "Polygon", "coordinates": [ring] });
        for (target, body) in [
            ("/collections/households/search", json!({ "geometry": area, "limit": 1000 })),
            (
                "/search",
                json!({ "geometry": area, "collections": ["households", "parcels", "shares"] }),
            ),
        ] {
            let answer = asker.post(target, &body);
            assert_eq!(answer.status, 200, "{target}: {}", answer.text());
            secrets_check(&city.secrets, target, &answer.body);
        }
    }
}

/// What commands write.
fn check_files(city: &City) {
    let demo = city.demo();
    for (out, collection) in [
        ("households.csv", "households"),
        ("households.fgb", "households"),
        ("households.gpkg", "households"),
        ("shares.geojson", "shares"),
        ("photos.xlsx", "photos"),
        ("points.csv", "points"),
    ] {
        let done = run(&demo, &["export", "city.gpkg", out, "--collection", collection]);
        // A format that is not written is said to be none.
        assert!(done.code == 0 || out.ends_with("xlsx"), "{out}: {}", done.err);
        secrets_check(&city.secrets, out, format!("{}{}", done.out, done.err).as_bytes());
    }
    let done = run(&demo, &["export", "city.gpkg", "city.mbtiles", "--zoom", "10..14"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let done = run(&demo, &["backup", "city.gpkg", "copy.gpkg"]);
    assert_eq!(done.code, 0, "{}", done.err);
    // A file with the very values, rows of which are not usable.
    let synth = Synth::new(SEED, PARCELS, Some(TOWNS), &Crs::CGCS2000).unwrap();
    let mut csv = "household_no,lon,lat,QLRMC,LXDH,ZJH\n".to_owned();
    for (number, holder) in synth.people(0).unwrap().into_iter().enumerate() {
        let [name, telephone, identity] = holder.values;
        let lat = if number % 7 == 0 { "x" } else { "39.7" };
        csv += &format!("{},116.4,{lat},{name},{telephone},{identity}\n", holder.household);
    }
    std::fs::write(city.folder.path().join("people.csv"), csv).unwrap();
    let people =
        ["import", "people.gpkg", "../people.csv", "--crs", "EPSG:4490", "--report", "r.csv"];
    let done = run(&demo, &[&people[..], &["--personal", "household_no"]].concat());
    assert_eq!(done.code, i32::from(tuban::EXIT_PARTIAL), "{}{}", done.out, done.err);
    secrets_check(&city.secrets, "an import", format!("{}{}", done.out, done.err).as_bytes());
    assert!(demo.join("r.csv").exists());
    let mut read = 0;
    for entry in std::fs::read_dir(&demo).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            read += 1;
            secrets_check(
                &city.secrets,
                &path.display().to_string(),
                &std::fs::read(&path).unwrap(),
            );
        }
    }
    assert!(read > 8, "{read}");
}

#[test]
fn nothing_that_is_served_exported_or_written_names_a_holder() {
    let city = City::new();
    let demo = city.demo();
    let [town, district] = ["town", "district"].map(|role| account(&demo, role));
    let ortho = demo.join("ortho.mbtiles").display().to_string();
    let server = Server::start(&demo.join("city.gpkg"), &["--public", "-v", "--archive", &ortho]);
    let [public, internal, enforce] =
        ["", &town, &district].map(|token| Asker { server: &server, token });
    let listed = internal.get("/dossiers?limit=6").json();
    let files = listed["files"].as_array().unwrap().iter();
    let households: Vec<String> =
        files.map(|file| file["id"].as_str().unwrap().to_owned()).collect();
    // They are there: masked for some, in the clear for one with a reason.
    let masked = internal.get(&format!("/dossiers/{}/personal", households[0]));
    assert_eq!(masked.json()["values"].as_array().unwrap().len(), 3, "{}", masked.text());
    let asked = json!({ "fields": ["ZJH"], "reason": "核实", "case": "(2026) 京试 1 号" });
    let shown = enforce.post(&format!("/dossiers/{}/reveal", households[0]), &asked);
    assert_eq!(shown.status, 200, "{}", shown.text());
    assert!(city.secrets.find(&shown.body).is_some(), "{}", shown.text());

    std::thread::scope(|scope| {
        for (asker, least) in [(&public, 1), (&internal, 6), (&enforce, 6)] {
            let (city, households, whole) = (&city, &households, &internal);
            scope.spawn(move || {
                let layers = check_tiles(city, asker, whole);
                assert!(layers.len() >= least, "{layers:?}");
                let is_whole = layers.contains("parcels") && layers.contains("households");
                assert_eq!(is_whole, least > 1, "{layers:?}");
                check_answers(city, asker, households);
            });
        }
    });
    let (ended, log) = server.terminate();
    assert!(ended);
    secrets_check(&city.secrets, "the server's log", log.as_bytes());
    check_files(&city);
}

#[test]
fn a_value_that_is_planted_is_found_in_each_of_these_ways() {
    let synth = Synth::new(SEED, PARCELS, Some(TOWNS), &Crs::CGCS2000).unwrap();
    let secrets = Secrets::of(&synth);
    let people = synth.people(0).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (number, column) in [(0, "QLRMC"), (1, "LXDH"), (2, "ZJH")] {
        let value = &people[3].values[number];
        let text = format!("code,lon,lat,{column}\nA,116.4,39.7,{value}\n");
        let store = format!("{column}.gpkg");
        std::fs::write(folder.path().join("planted.csv"), text).unwrap();
        let import = ["import", &store, "planted.csv", "--crs", "EPSG:4490", "--keep", column];
        let done = run(folder.path(), &import);
        assert_eq!(done.code, 0, "{}", done.err);
        for out in ["a.csv", "a.fgb", "a.gpkg"] {
            let done = run(folder.path(), &["export", &store, out, "--force"]);
            assert_eq!(done.code, 0, "{}", done.err);
            let bytes = std::fs::read(folder.path().join(out)).unwrap();
            assert_eq!(secrets.find_within(&bytes), Some(value.as_str()), "{out}");
        }
        let server = Server::start(&folder.path().join(&store), &[]);
        let asker = Asker { server: &server, token: "" };
        let body = json!({ "geometry": { "type": "Point", "coordinates": [116.4, 39.7] }, "distance": 10 });
        for answer in [
            asker.get("/collections/planted/items?f=json"),
            asker.get("/collections/planted/items?f=csv"),
            asker.get("/collections/planted/items/1"),
            asker.post("/collections/planted/search", &body),
        ] {
            assert_eq!(
                secrets.find_within(&answer.body),
                Some(value.as_str()),
                "{}",
                answer.text()
            );
        }
        for grid in GRIDS {
            let limits = asker.limits(&format!("/collections/planted/tiles/{grid}"));
            let (zoom, [row, _, col, _]) = limits.iter().rev().nth(6).unwrap();
            let tile = asker.get(&format!("/tiles/{grid}/{zoom}/{row}/{col}"));
            assert_eq!(secrets.find_in_tile(&tile.body).0, Some(value.as_str()), "{grid}/{zoom}");
        }
    }
}
