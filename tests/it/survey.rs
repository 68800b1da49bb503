//! `tuban survey` as an office meets it: a package becomes household files, the same one again changes
//! nothing, a corrected one what it corrects, and nobody is named.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::running::{Answer, Server, masks, run};
use crate::survey_files::{Files, Shape, at, identity, parcel, people, rectangle};

fn find_secret(bytes: &[u8]) -> Option<String> {
    let mut secrets = people().into_iter().flatten();
    secrets.find(|secret| bytes.windows(secret.len()).any(|part| part == secret.as_bytes()))
}

pub fn check_clean(what: &str, bytes: &[u8]) {
    assert_eq!(find_secret(bytes), None, "{what}");
}

/// No file beside the store holds anything of a person; the package does.
pub fn check_files(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && !path.to_string_lossy().contains("pack") {
            check_clean(&path.display().to_string(), &std::fs::read(&path).unwrap());
        }
    }
}

/// Takes a package into `s.gpkg`; the answer and what it says as JSON.
pub fn surveyed(folder: &Path, files: &Files, arguments: &[&str]) -> (Answer, Value) {
    files.write(folder, "pack");
    let answer = run(folder, &[&["survey", "s.gpkg", "pack", "--json"], arguments].concat());
    check_clean("what is printed", format!("{}{}", answer.out, answer.err).as_bytes());
    let outcome = serde_json::from_str(&answer.out).unwrap_or_default();
    (answer, outcome)
}

/// New, changed, removed and unchanged features by collection.
fn check_counts(outcome: &Value, expected: &[(&str, [u64; 4])]) {
    let counts: BTreeMap<&str, [u64; 4]> = outcome["collections"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, one)| {
            let count = |name: &str| one[name].as_u64().unwrap();
            (name.as_str(), ["inserted", "updated", "removed", "unchanged"].map(count))
        })
        .collect();
    assert_eq!(counts, expected.iter().copied().collect());
}

/// A folder with a store that took the package in.
fn taken_in() -> (tempfile::TempDir, Value) {
    let folder = tempfile::tempdir().unwrap();
    let (answer, outcome) = surveyed(folder.path(), &Files::new(), &[]);
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    (folder, outcome)
}

/// The numbers of all households, by the parcels that they hold.
fn numbers(server: &Server) -> BTreeMap<String, String> {
    let files = server.get("/dossiers").json();
    let ids = files["files"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap());
    ids.map(|id| {
        let file = server.get(&format!("/dossiers/{id}")).json();
        let shares = file["shares"].as_array().unwrap().iter();
        let parcels: Vec<&str> = shares.map(|one| one["parcel"].as_str().unwrap()).collect();
        let masks = file["personal"].as_array().unwrap().iter();
        let names: Vec<&str> = masks
            .filter(|one| one["field"] == "QLRMC")
            .map(|one| one["masked"].as_str().unwrap())
            .collect();
        (format!("{} {}", parcels.join(" "), names.join(" ")), id.to_owned())
    })
    .collect()
}

#[test]
fn a_package_becomes_household_files_and_again_changes_nothing() {
    let (folder, outcome) = taken_in();
    let place = folder.path();
    check_counts(
        &outcome,
        &[
            ("boundary_lines", [12, 0, 0, 0]),
            ("boundary_points", [12, 0, 0, 0]),
            ("building_units", [2, 0, 0, 0]),
            ("buildings", [4, 0, 0, 0]),
            ("households", [3, 0, 0, 0]),
            ("parcels", [3, 0, 0, 0]),
            ("photos", [3, 0, 0, 0]),
            ("shares", [4, 0, 0, 0]),
        ],
    );
    assert_eq!((&outcome["personal"], &outcome["photos"]), (&json!(3), &json!(2)));
    assert_eq!((&outcome["defects"], &outcome["report"]), (&json!({}), &Value::Null));
    assert_eq!(run(place, &["verify", "s.gpkg"]).code, 0);

    let server = Server::start(&place.join("s.gpkg"), &[]);
    let all = numbers(&server);
    let couple = format!("{} {} 欧**", parcel(1), parcel(2));
    let half = format!("{} 诸**", parcel(3));
    assert_eq!(all.len(), 3, "{all:?}");
    let file = server.get(&format!("/dossiers/{}", all[&couple])).json();
    check_clean("the file", file.to_string().as_bytes());
    assert_eq!(file["subject"]["name"], "11号");
    assert_eq!(file["parcels"][0]["fields"][0]["value"], parcel(1), "in normal form");
    let points = file["parcels"][0]["boundary"]["points"].as_array().unwrap();
    let named: Vec<(&str, &str)> = points
        .iter()
        .map(|one| {
            let text = |name: &str| one["surveyed"][name].as_str().unwrap();
            (text("number"), text("kind"))
        })
        .collect();
    // From the north-west on.
    assert_eq!(named, [("J2", "墙角"), ("J3", "墙角"), ("J4", "墙角"), ("J1", "钢钉")]);
    assert_eq!(points[0]["surveyed"]["apart"], 0.022);
    let of_building = |file: &Value, code: String| -> Value {
        let mut all = file["buildings"].as_array().unwrap().iter();
        all.find(|one| one["code"] == code).unwrap()["units"].clone()
    };
    let units = of_building(&file, format!("{}F0001", parcel(1)));
    assert_eq!(units.as_array().unwrap().len(), 2);
    assert_eq!(units[1][0], json!({ "field": "SHBW", "title": "室号部位", "value": "201" }));
    assert_eq!(file["buildings"].as_array().unwrap().len(), 3);
    let masks = masks(&file);
    for expected in [("QLRMC", "欧**"), ("QLRMC_2", "司**"), ("DH", "138****5678")] {
        assert!(masks.contains(&expected), "{masks:?}");
    }
    let photo = file["photos"][0]["href"].as_str().unwrap();
    assert_eq!(server.get(photo).status, 200, "{photo}");
    let file = server.get(&format!("/dossiers/{}", all[&half])).json();
    assert_eq!(file["shares"][0]["portion"], "1/2");
    assert_eq!(file["parcels"][0]["households"].as_array().unwrap().len(), 2);
    assert_eq!(file["photos"].as_array().unwrap().len(), 1);
    for form in ["?f=html", ".pdf", ".svg"] {
        let answer = server.get(&format!("/dossiers/{}{form}", all[&couple]));
        assert_eq!(answer.status, 200, "{form}");
        check_clean(form, &answer.body);
    }
    let page = server.get(&format!("/dossiers/{}?f=html", all[&couple]));
    for part in ["实测点号", "钢钉", "户室", "201"] {
        assert!(page.text().contains(part), "{part}");
    }
    let (_, log) = server.terminate();
    check_clean("the server's log", log.as_bytes());
    check_files(place);

    let before = run(place, &["inspect", "s.gpkg"]).out;
    let (again, outcome) = surveyed(place, &Files::new(), &[]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!((&outcome["personal"], &outcome["photos"]), (&json!(0), &json!(0)));
    assert_eq!(outcome["revision"], Value::Null);
    let counts = outcome["collections"].as_object().unwrap().values();
    assert!(counts.clone().all(|one| one["inserted"] == 0 && one["updated"] == 0), "{outcome}");
    let unchanged: u64 = counts.map(|one| one["unchanged"].as_u64().unwrap()).sum();
    assert_eq!(unchanged, 43);
    assert_eq!(run(place, &["inspect", "s.gpkg"]).out, before);
    let told = run(place, &["survey", "s.gpkg", "pack"]);
    assert!(told.out.contains("nothing changed"), "{}", told.out);
}

#[test]
fn a_corrected_package_changes_what_it_corrects_and_numbers_stay() {
    let (folder, _) = taken_in();
    let place = folder.path();
    let mut files = Files::new();
    *files.parcels.cell(1, "ZL") = "北京市大兴区试验镇甲村21号".to_owned();
    // The second courtyard ends sooner, and has five corners.
    let mut ring = rectangle([20.0, 0.0], [20.0, 18.0]);
    ring.insert(2, at(30.0, 18.0));
    files.parcels.rows[1].1 = Shape::Polygon(ring.clone());
    *files.parcels.cell(2, "ZDMJ") = "360.00".to_owned();
    files.points.rows.drain(4..8);
    for (n, corner) in ring[..5].iter().enumerate().filter(|(n, _)| *n != 0) {
        let cells = [parcel(2), format!("J{}", n + 10), "墙角".to_owned()].to_vec();
        files.points.rows.push((cells, Shape::Point(*corner)));
    }
    files.lines.rows.drain(4..8);
    files.buildings.cell(4, "ZCS").replace_range(.., "3");
    // A wrong digit of a certificate, a telephone, and one of two who shared a courtyard sold his half.
    *files.holders.cell(1, "ZJH") = identity("11010119900307012");
    *files.holders.cell(3, "ZJH") = identity("11010119900307012");
    *files.holders.cell(4, "DH") = "13500009999".to_owned();
    *files.holders.cell(5, "QLRMC") = "上官虚拟".to_owned();
    *files.holders.cell(5, "ZJH") = identity("11010119940307011");

    let (dry, told) = surveyed(place, &files, &["--dry-run"]);
    assert_eq!(dry.code, 0, "{}", dry.err);
    let before = Server::start(&place.join("s.gpkg"), &[]);
    let old = numbers(&before);
    drop(before);
    let (answer, outcome) = surveyed(place, &files, &[]);
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    assert_eq!(told["collections"], outcome["collections"], "a dry run tells the same");
    check_counts(
        &outcome,
        &[
            ("boundary_lines", [0, 0, 0, 8]),
            ("boundary_points", [4, 0, 4, 8]),
            ("building_units", [0, 0, 0, 2]),
            ("buildings", [0, 1, 0, 3]),
            // Who sold names the courtyard no more.
            ("households", [1, 1, 0, 2]),
            ("parcels", [0, 2, 0, 1]),
            ("photos", [1, 0, 0, 2]),
            ("shares", [1, 0, 1, 3]),
        ],
    );
    assert_eq!(outcome["personal"], 3);
    let server = Server::start(&place.join("s.gpkg"), &[]);
    let new = numbers(&server);
    let couple = format!("{} {} 欧**", parcel(1), parcel(2));
    let half = format!("{} 诸**", parcel(3));
    assert_eq!((&new[&couple], &new[&half]), (&old[&couple], &old[&half]));
    assert!(new.contains_key(&format!("{} 上**", parcel(3))), "{new:?}");
    let file = server.get(&format!("/dossiers/{}", new[&half])).json();
    assert_eq!(file["parcels"][0]["households"].as_array().unwrap().len(), 2);
    let file = server.get(&format!("/dossiers/{}", new[&couple])).json();
    let notes = file["notes"].to_string();
    assert!(notes.contains("1 个顶点"), "{notes}");
    check_files(place);
    let (again, outcome) = surveyed(place, &files, &[]);
    assert_eq!((again.code, &outcome["revision"]), (0, &Value::Null), "{}", again.err);
}

#[test]
fn a_part_of_a_package_takes_nothing_away_that_it_does_not_speak_of() {
    let (folder, _) = taken_in();
    let place = folder.path();
    // The second courtyard alone: who holds the first with her is still there.
    let mut part = Files::new();
    part.parcels.rows.drain(..1);
    part.parcels.rows.truncate(1);
    *part.parcels.cell(1, "ZL") = "北京市大兴区试验镇甲村22号".to_owned();
    part.leave_out = vec!["JZD", "JZX", "KTT_ZRZ", "H"];
    part.holders.rows.drain(..2);
    part.holders.rows.truncate(1);
    part.photos.clear();
    let (answer, outcome) = surveyed(place, &part, &[]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    check_counts(
        &outcome,
        &[("households", [0, 0, 0, 1]), ("parcels", [0, 1, 0, 0]), ("shares", [0, 0, 0, 1])],
    );
    assert_eq!(outcome["personal"], 0, "{outcome}");
}

#[test]
fn the_short_form_of_homesteads_says_itself_who_holds_what() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let mut files = Files::new();
    files.parcels.name = "宅基地";
    files.parcels.columns[5] = "qlr";
    for (row, [name, ..]) in (1..=3).zip(people()) {
        *files.parcels.cell(row, "qlr") = name;
    }
    files.leave_out = vec!["JZD", "JZX", "KTT_ZRZ", "H", "QLR"];
    files.photos.clear();
    let (answer, outcome) = surveyed(place, &files, &[]);
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    check_counts(
        &outcome,
        &[("households", [3, 0, 0, 0]), ("parcels", [3, 0, 0, 0]), ("shares", [3, 0, 0, 0])],
    );
    let server = Server::start(&place.join("s.gpkg"), &[]);
    let listed = server.get("/dossiers").json();
    let id = listed["files"][1]["id"].as_str().unwrap();
    let file = server.get(&format!("/dossiers/{id}")).json();
    assert_eq!(file["personal"][0]["masked"], "司**", "{file}");
    assert_eq!(file["subject"]["name"], "12号");
    drop(server);
    check_files(place);
    // The whole package later names the same people, with certificates.
    let (later, outcome) = surveyed(place, &Files::new(), &[]);
    assert_eq!(later.code, 0, "{}", later.err);
    assert_eq!(outcome["collections"]["parcels"]["inserted"], 0, "{outcome}");
}

#[test]
fn new_collections_lie_where_those_do_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    // Parcels in degrees, of fewer fields; the package is in metres.
    let ring = [[116.3, 39.7], [116.301, 39.7], [116.301, 39.701], [116.3, 39.7]];
    let parcels = json!({
        "type": "Feature", "properties": { "ZDDM": parcel(700), "ZL": "甲村700号", "ZDMJ": 1.5 },
        "geometry": { "type": "Polygon", "coordinates": [ring] }
    });
    std::fs::write(place.join("parcels.geojson"), parcels.to_string()).unwrap();
    let (first, _) = crate::running::imported(place, &["parcels.geojson", "--crs", "EPSG:4490"]);
    assert_eq!(first.code, 0, "{}", first.err);
    let (answer, outcome) = surveyed(place, &Files::new(), &[]);
    assert_eq!(answer.code, 3, "{}{}", answer.out, answer.err);
    assert_eq!(outcome["defects"], json!({ "field_not_kept": 2 }), "QLLX and BSM");
    let server = Server::start(&place.join("s.gpkg"), &[]);
    for name in ["parcels", "boundary_points", "boundary_lines", "buildings", "households"] {
        let extent = server.get(&format!("/collections/{name}")).json()["extent"].clone();
        let west = extent["spatial"]["bbox"][0][0].as_f64().unwrap();
        assert!((116.2..116.4).contains(&west), "{name}: {extent}");
    }
    let all = numbers(&server);
    let id = &all[&format!("{} {} 欧**", parcel(1), parcel(2))];
    let file = server.get(&format!("/dossiers/{id}")).json();
    assert_eq!(file["parcels"][0]["boundary"]["points"][0]["surveyed"]["number"], "J2");
    drop(server);
    let (again, outcome) = surveyed(place, &Files::new(), &[]);
    assert_eq!((again.code, &outcome["revision"]), (3, &Value::Null), "{outcome}");
}

#[test]
fn a_parcel_that_gets_its_code_later_stays_the_same_parcel() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let mut files = Files::new();
    files.parcels.cell(3, "zddm").clear();
    files.leave_out = vec!["JZD", "JZX", "H"];
    // The company links by what it has.
    for row in [4, 5] {
        *files.holders.cell(row, "ZDDM") = "BSM-3".to_owned();
    }
    *files.buildings.cell(4, "ZDDM") = "BSM-3".to_owned();
    files.photos.clear();
    let (first, outcome) = surveyed(place, &files, &[]);
    assert_eq!(first.code, 0, "{}{}", first.out, outcome);
    let server = Server::start(&place.join("s.gpkg"), &[]);
    let old = numbers(&server);
    drop(server);
    let (second, outcome) = surveyed(place, &Files { photos: Vec::new(), ..Files::new() }, &[]);
    assert_eq!(second.code, 0, "{}", second.err);
    assert_eq!(outcome["collections"]["parcels"]["inserted"], 0, "{outcome}");
    assert_eq!(outcome["collections"]["parcels"]["updated"], 1, "{outcome}");
    assert_eq!(outcome["collections"]["households"]["inserted"], 0, "{outcome}");
    let server = Server::start(&place.join("s.gpkg"), &[]);
    let new = numbers(&server);
    assert_eq!(old["BSM-3 诸**"], new[&format!("{} 诸**", parcel(3))]);
}

#[test]
fn a_store_that_is_served_an_archive_and_a_geopackage_are_as_good() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let mut part = Files::new();
    part.parcels.rows.truncate(1);
    part.points.rows.truncate(4);
    part.lines.rows.truncate(4);
    part.buildings.rows.truncate(1);
    part.holders.rows.truncate(2);
    part.photos.clear();
    let (first, _) = surveyed(place, &part, &[]);
    assert_eq!(first.code, 0, "{}", first.err);
    let server = Server::start(&place.join("s.gpkg"), &[]);
    let (through, outcome) = surveyed(place, &Files::new(), &[]);
    assert_eq!(through.code, 0, "{}", through.err);
    assert_eq!(
        outcome["collections"]["parcels"],
        json!({
            "inserted": 2, "updated": 0, "removed": 0, "unchanged": 1
        })
    );
    // It is shown at once.
    let all = numbers(&server);
    assert_eq!(all.len(), 3, "{all:?}");
    let (again, outcome) = surveyed(place, &Files::new(), &[]);
    assert_eq!((again.code, &outcome["revision"]), (0, &Value::Null), "{}", again.err);
    let (_, log) = server.terminate();
    check_clean("the server's log", log.as_bytes());
    check_files(place);
    assert_eq!(run(place, &["verify", "s.gpkg"]).code, 0);

    // The same as a zip, photos in it.
    let mut writer = zip::ZipWriter::new(std::fs::File::create(place.join("pack.zip")).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    let mut folders = vec![place.join("pack")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(place).unwrap().to_string_lossy().into_owned();
            writer.start_file(name, options).unwrap();
            std::io::Write::write_all(&mut writer, &std::fs::read(path).unwrap()).unwrap();
        }
    }
    writer.finish().unwrap();
    let zipped = run(place, &["survey", "s.gpkg", "pack.zip", "--json"]);
    assert_eq!(zipped.code, 0, "{}", zipped.err);
    let outcome: Value = serde_json::from_str(&zipped.out).unwrap();
    assert_eq!(outcome["revision"], Value::Null, "{outcome}");
    let fresh = run(place, &["survey", "z.gpkg", "pack.zip", "--json"]);
    assert_eq!(fresh.code, 0, "{}", fresh.err);
    let outcome: Value = serde_json::from_str(&fresh.out).unwrap();
    assert_eq!((&outcome["photos"], &outcome["personal"]), (&json!(2), &json!(3)));

    // And as one GeoPackage with these layers.
    let layers = ["ZD.shp", "JZD.shp", "JZX.shp", "KTT_ZRZ.shp", "H.dbf", "QLR.dbf"];
    for layer in layers {
        let file = format!("pack/{layer}");
        let mut arguments = vec!["import", "pack.gpkg", &file];
        if layer == "JZD.shp" {
            arguments.extend(["--crs", "EPSG:4548"]);
        }
        if layer == "QLR.dbf" {
            for field in ["QLRMC", "ZJH", "DH", "DZ"] {
                arguments.extend(["--keep", field]);
            }
        }
        assert_eq!(run(place, &arguments).code, 0, "{layer}");
    }
    let one = run(place, &["survey", "g.gpkg", "pack.gpkg", "--json"]);
    check_clean("what is printed", format!("{}{}", one.out, one.err).as_bytes());
    assert_eq!(one.code, 0, "{}{}", one.out, one.err);
    let outcome: Value = serde_json::from_str(&one.out).unwrap();
    assert_eq!(outcome["collections"]["households"]["inserted"], 3, "{outcome}");
    check_files(place);
}
