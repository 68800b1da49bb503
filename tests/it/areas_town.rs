//! A district of two towns in whose store every shipped collection has rows of both, and whoever asks.
//!
//! All that is of the second town says so by one of [`MARKS`]; all that is above class L1 by [`SECRET`].

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::{Value, json};
use spatial::{FieldClass, FieldType, GeometryType};

use crate::points_town::{Town, event, uuid};
use crate::running::{Response, Server, folder_with, run};

/// What tells of the second town.
pub const MARKS: [&str; 3] = ["乙", "110115002", "QB-"];
/// What tells of a field above class L2.
pub const SECRET: &str = "密";
/// Collections that only events and the server itself write to.
const GUARDED: [&str; 3] = ["points", "point_events", "evidence"];

/// One of the two towns.
#[derive(Clone, Copy)]
pub struct Side {
    pub code: &'static str,
    pub word: &'static str,
    pub letter: &'static str,
    pub point: u64,
    pub west: f64,
}

pub const SIDES: [Side; 2] = [
    Side { code: "110115001", word: "甲", letter: "QA", point: 1, west: 116.3 },
    Side { code: "110115002", word: "乙", letter: "QB", point: 2, west: 116.4 },
];

pub struct Areas {
    pub town: Town,
    /// Tokens: of the first town in two profiles, of the second, of the district, of a reader of no area.
    pub first: String,
    pub first_enforcing: String,
    pub second: String,
    pub whole: String,
    pub reader: String,
}

fn square(west: f64, south: f64, side: f64) -> Value {
    let (east, north) = (west + side, south + side);
    let ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
    json!({ "type": "MultiPolygon", "coordinates": [[ring]] })
}

pub fn add(town: &Town, collection: &str, properties: &Value, geometry: &Value) {
    let feature = json!({ "type": "Feature", "properties": properties, "geometry": geometry });
    if collection.ends_with("_reviews") {
        // Given to clues alone; a file brings old ones.
        let file = town.folder.path().join("reviews.geojsonl");
        std::fs::write(&file, feature.to_string()).unwrap();
        let import =
            ["import", "s.gpkg", "reviews.geojsonl", "--collection", collection, "--append"];
        let done = run(town.folder.path(), &import);
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
        return;
    }
    let target = format!("/collections/{collection}/items");
    let answer =
        town.server.post_as(&target, "application/geo+json", feature.to_string().as_bytes());
    assert_eq!(answer.status, 201, "{collection}: {}", answer.text());
}

/// The collection that a column names a row of.
fn named(column: &str) -> Option<&'static str> {
    Some(match column {
        "whistle" => "whistles",
        "meeting" => "meetings",
        "plan" => "plans",
        "notice" => "notices",
        "patrol" => "patrols",
        "alley" => "alleys",
        "project" => "projects",
        "subject" => "alleys",
        "parent" => "orders",
        "replaced_by" => "outlets",
        _ => return None,
    })
}

/// A row of a side in a collection that ships.
fn row(one: &ledger::ShippedCollection, side: Side) -> (Value, Value) {
    let mut properties = json!({});
    // Whoever fills the store reads fields above L1 only where the key is one.
    let is_concealed = one.fields()[0].class > FieldClass::L1;
    for field in one.fields().into_iter().filter(|one| is_concealed || one.class <= FieldClass::L1)
    {
        let name = field.name.as_str();
        let unit = ["unit", "caller", "handled_by", "from_unit", "to_unit", "area_code", "town"];
        let is_code = name == "code" || field.name == "document_no";
        let value = match (name, field.field_type) {
            ("assigned_by" | "district" | "courtyard" | "grid", _) => continue,
            ("town" | "village", _) if one.id != "alleys" => continue,
            ("valid_from", _) => json!("2020-01-01"),
            ("area_collection", _) => json!("admin_units"),
            ("point", _) => json!(uuid(side.point)),
            ("parcel", _) => json!(format!("{}001JC00002", side.code)),
            _ if unit.contains(&name) => json!(side.code),
            _ if is_code => json!(format!("{}-{}", side.letter, one.id)),
            (_, FieldType::Text) => match named(name) {
                Some(of) => json!(format!("{}-{of}", side.letter)),
                None if field.class > FieldClass::L2 => json!(format!("{SECRET}{}", side.word)),
                None => json!(format!("{}{name}", side.word)),
            },
            _ => continue,
        };
        properties[name] = value;
    }
    let (x, y) = (side.west + 0.03, 39.73);
    let geometry = match one.geometry_type {
        GeometryType::Point => json!({ "type": "Point", "coordinates": [x, y] }),
        GeometryType::MultiLineString => {
            json!({ "type": "MultiLineString", "coordinates": [[[x, y], [x + 0.001, y]]] })
        }
        GeometryType::MultiPolygon => square(x, y, 0.001),
        _ => Value::Null,
    };
    (properties, geometry)
}

/// The shipped collections that have rows of both sides, beside those of the ledger and of the survey.
pub fn shipped() -> Vec<ledger::ShippedCollection> {
    let all = ledger::place::COLLECTIONS.into_iter().chain(ledger::record::collections());
    all.filter(|one| one.id != "admin_units" && !GUARDED.contains(&one.id)).collect()
}

/// Parcels of both towns, the last of each where the other's ends.
fn parcels() -> String {
    let parcel = |side: &Side, number: i32, west: f64| {
        json!({
            "type": "Feature",
            "geometry": square(west, 39.72 + 0.003 * f64::from(number), 0.002),
            "properties": {
                "ZDDM": format!("{}001JC0000{number}", side.code),
                "ZL": format!("{}街{number}号", side.word),
                "note": format!("{SECRET}{number}"),
                "area": 200 + number
            }
        })
    };
    let [first, second] = &SIDES;
    let features: Vec<Value> = (1..=4)
        .flat_map(|number| {
            // The last ones cross the border, each with more on its own side.
            let (one, other) = if number == 4 { (116.3985, 116.3995) } else { (116.31, 116.41) };
            [parcel(first, number, one), parcel(second, number, other)]
        })
        .collect();
    json!({ "type": "FeatureCollection", "features": features }).to_string()
}

fn command(town: &Town, arguments: &[&str]) -> String {
    let done = run(town.folder.path(), arguments);
    assert_eq!(done.code, 0, "{arguments:?}: {}{}", done.out, done.err);
    done.out.trim().to_owned()
}

/// The files of the district as it was filled once, and the tokens of whoever asks.
struct Filled {
    files: Vec<(PathBuf, Vec<u8>)>,
    tokens: [String; 5],
}

impl Filled {
    fn new() -> Self {
        let town = Town::new();
        command(&town, &["places", "init", "s.gpkg"]);
        let mut arguments = vec!["ledger", "add", "s.gpkg", "evidence"];
        arguments.extend(ledger::record::collections().map(|one| one.id));
        command(&town, &arguments);
        std::fs::write(town.folder.path().join("parcels.geojson"), parcels()).unwrap();
        command(&town, &["import", "s.gpkg", "parcels.geojson", "--keep", "note"]);
        let set = ["collection", "set", "s.gpkg", "parcels", "--key", "ZDDM", "--class", "note=L3"];
        command(&town, &set);
        let town = town.restarted();
        let unit = |code: &str, level: &str, parent: Option<&str>, name: &str| {
            json!({
                "code": code, "name": name, "level": level, "parent": parent,
                "valid_from": "2020-01-01"
            })
        };
        let mut whole = square(116.3, 39.7, 0.1);
        whole["coordinates"][0][0] =
            json!([[116.3, 39.7], [116.5, 39.7], [116.5, 39.8], [116.3, 39.8], [116.3, 39.7]]);
        add(&town, "admin_units", &unit("110115", "区", None, "大兴区"), &whole);
        for side in SIDES {
            let named = unit(side.code, "街乡镇", Some("110115"), &format!("{}镇", side.word));
            add(&town, "admin_units", &named, &square(side.west, 39.7, 0.1));
            let code = format!("{}201", side.code);
            let named = unit(&code, "社区村", Some(side.code), &format!("{}村", side.word));
            add(&town, "admin_units", &named, &square(side.west + 0.02, 39.72, 0.03));
        }
        for side in SIDES {
            let here = [side.west + 0.035, 39.735];
            let begun = json!({
                "unit": side.code, "address": format!("{}路", side.word), "source": side.word,
                "geometry": { "type": "Point", "coordinates": here }
            });
            let registered = json!({
                "task": "CW", "unit": side.code, "due_at": "2025-10-31", "build_area_m2": 120.5
            });
            let dispatched = json!({ "receiver": format!("{}队", side.word) });
            let first = side.point * 10;
            town.take(&[
                event(side.point, first, "report", "grid_worker", begun),
                event(side.point, first + 1, "register", "town", registered),
                event(side.point, first + 2, "dispatch", "town", dispatched),
            ]);
            let target = format!("/points/{}/evidence?id={}", uuid(side.point), uuid(first + 5));
            let bytes = format!("%PDF-1.4\n{}\n%%EOF\n", side.word);
            let kept = town.server.post_as(
                &format!("{target}&kind=document"),
                "application/pdf",
                bytes.as_bytes(),
            );
            assert_eq!(kept.status, 201, "{}", kept.text());
            // What others name comes first.
            let is_named = |one: &ledger::ShippedCollection| {
                ["whistles", "meetings", "projects", "plans", "notices"].contains(&one.id)
            };
            let (first, then): (Vec<_>, Vec<_>) = shipped().into_iter().partition(is_named);
            for one in first.into_iter().chain(then) {
                let (properties, geometry) = row(&one, side);
                add(&town, one.id, &properties, &geometry);
            }
        }
        // One parcel of each town becomes one of the other.
        for (fid, side) in [(1, SIDES[1]), (2, SIDES[0])] {
            let moved = json!({
                "type": "Feature",
                "geometry": square(side.west + 0.05, 39.75, 0.002),
                "properties": {
                    "ZL": format!("{}迁", side.word),
                    "ZDDM": format!("{}001JC0009{fid}", side.code)
                }
            });
            let target = format!("/collections/parcels/items/{fid}");
            let kind = [("Content-Type", "application/merge-patch+json")];
            let answer = town.server.change("PATCH", &target, &kind, &moved.to_string());
            assert_eq!(answer.status, 204, "{}", answer.text());
        }
        let token = |name: &str, role: &str, areas: &[&str]| {
            let add = ["user", "add", "s.gpkg", name, "--role", role, "--unit", SIDES[0].code];
            command(&town, &add);
            for area in areas {
                command(&town, &["user", "scope", "s.gpkg", name, area, "--from", "2024-01-01"]);
            }
            command(&town, &["user", "token", "s.gpkg", name])
        };
        let first = token("anna", "town", &[SIDES[0].code]);
        let first_enforcing = token("emil", "district_checker", &[SIDES[0].code]);
        let second = token("ben", "town", &[SIDES[1].code]);
        let whole = token("dora", "district", &["110115"]);
        let reader = token("rita", "reader", &[]);
        let Town { folder, server } = town;
        drop(server);
        let mut files = Vec::new();
        read_files(folder.path(), Path::new(""), &mut files);
        Self { files, tokens: [first, first_enforcing, second, whole, reader] }
    }
}

/// Every file in a folder and those in it, by its path from there.
fn read_files(root: &Path, within: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(root.join(within)).unwrap() {
        let entry = entry.unwrap();
        let path = within.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            read_files(root, &path, files);
        } else if kind.is_file() {
            files.push((path, std::fs::read(entry.path()).unwrap()));
        }
    }
}

impl Areas {
    pub fn new() -> Self {
        Self::with_settings("")
    }

    pub fn with_settings(settings: &str) -> Self {
        // Filling it takes many commands and requests; each test has a copy.
        static FILLED: LazyLock<Filled> = LazyLock::new(Filled::new);
        let Filled { files, tokens } = &*FILLED;
        let folder = folder_with(&[]);
        for (path, bytes) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        // What these tests take is beyond what one account may.
        let exports = "[exports]\nlimit_km2 = 1e6\ntiles_km2 = 1e6\n";
        let config = folder.path().join("tuban.toml");
        std::fs::write(&config, format!("{settings}\n{exports}")).unwrap();
        let options = ["--config", config.to_str().unwrap()];
        let server = Server::start(&folder.path().join("s.gpkg"), &options);
        let [first, first_enforcing, second, whole, reader] = tokens.clone();
        Self { town: Town { folder, server }, first, first_enforcing, second, whole, reader }
    }

    /// The same with a server that has answered nothing yet.
    pub fn anew(self) -> Self {
        let Town { folder, server } = self.town;
        drop(server);
        let config = folder.path().join("tuban.toml");
        let server =
            Server::start(&folder.path().join("s.gpkg"), &["--config", config.to_str().unwrap()]);
        Self { town: Town { folder, server }, ..self }
    }

    pub fn ask(&self, token: &str, method: &str, target: &str, body: &str) -> Response {
        let media_type = match method {
            "PATCH" => "application/merge-patch+json",
            _ if target.ends_with("/items") => "application/geo+json",
            _ => "application/json",
        };
        let authorization = match token {
            "" => String::new(),
            token => format!("Authorization: Bearer {token}\r\n"),
        };
        let head = format!(
            "{method} {target} HTTP/1.1\r\nConnection: close\r\nHost: a.example\r\n{authorization}\
             Content-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        Response::parse(&self.town.server.send(&[head.as_bytes(), body.as_bytes()].concat()))
    }

    pub fn get(&self, token: &str, target: &str) -> Response {
        self.ask(token, "GET", target, "")
    }

    /// The focus area F-1, a hundredth of a degree of the other town.
    pub fn draw_focus_area(&self) {
        let (west, south, east, north) = (116.43, 39.73, 116.44, 39.74);
        let ring =
            json!([[west, south], [east, south], [east, north], [west, north], [west, south]]);
        let area = json!({
            "type": "Feature", "geometry": { "type": "MultiPolygon", "coordinates": [[ring]] },
            "properties": { "code": "F-1", "name": "片区", "kind": "片区", "valid_from": "2020-01-01" }
        });
        let items = "/collections/focus_areas/items";
        let made = self.ask(&self.whole, "POST", items, &area.to_string());
        assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    }

    /// Ids of the features of a collection that somebody sees.
    pub fn ids(&self, token: &str, collection: &str) -> Vec<i64> {
        let answer = self.get(token, &format!("/collections/{collection}/items?limit=1000"));
        if answer.status == 404 {
            return Vec::new();
        }
        let answer = answer.json();
        let features = answer["features"].as_array().unwrap().iter();
        let ids: Vec<i64> = features.map(|feature| feature["id"].as_i64().unwrap()).collect();
        assert_eq!(answer["numberMatched"].as_u64(), Some(ids.len() as u64), "{collection}");
        ids
    }
}
