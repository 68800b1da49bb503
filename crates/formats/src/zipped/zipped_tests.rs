//! Archives: several Shapefiles, names in GBK, bombs and thieves.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use spatial::Value;

use crate::ReadOptions;
use crate::test_files::{
    check_never_panics, cut_everywhere, dbf, flip_everywhere, folder, gbk, parts, read_all, shp,
    zip_of,
};

const SQUARE: [[f64; 2]; 5] = [[0.0, 0.0], [0.0, 9.0], [9.0, 9.0], [9.0, 0.0], [0.0, 0.0]];

fn shapefile(name: &str) -> (Vec<u8>, Vec<u8>) {
    let table = dbf(0, &[(b"NAME", b'C', 20, 0)], &[vec![gbk(name)]]);
    (shp(5, &[parts(5, &[&SQUARE])]), table)
}

fn error_of(archive: &[u8], options: &ReadOptions) -> String {
    let folder = folder(&[("t.zip", archive)]);
    let error = read_all(&folder.path().join("t.zip"), options).unwrap_err();
    let text = error.to_string();
    assert!(!text.contains("tuban-zip-"), "the temporary folder is of no use to a user: {text}");
    text
}

fn check_refused(archive: &[u8], words: &str) {
    let text = error_of(archive, &ReadOptions::default());
    assert!(text.contains(words), "{text}");
}

#[test]
fn every_layer_of_an_archive_is_read() {
    let ((parcels, parcel_table), (houses, house_table)) = (shapefile("宗地"), shapefile("幢"));
    let bytes = zip_of(&[
        ("数据/宗地.shp", &parcels),
        ("数据/宗地.dbf", &parcel_table),
        ("房屋.shp", &houses),
        ("房屋.DBF", &house_table),
        ("权利人.dbf", &house_table),
        ("点位.csv", "名称,lon,lat\n甲,116.3,39.7\n".as_bytes()),
        ("说明.pdf", b"%PDF"),
        ("__MACOSX/._宗地.shp", b"x"),
        ("内层.zip", b"PK"),
    ]);
    let folder = folder(&[("t.zip", &bytes)]);
    let layers = read_all(&folder.path().join("t.zip"), &ReadOptions::default()).unwrap();
    let names: Vec<_> = layers.iter().map(|layer| layer.schema.name.as_str()).collect();
    assert_eq!(names, ["宗地", "房屋", "权利人", "点位"]);
    assert_eq!(layers[0].column("NAME"), [Ok(Value::Text("宗地".to_owned()))]);
    assert_eq!(layers[3].shapes(), ["POINT (116.3 39.7)"]);
    assert!(layers[0].has_note("2 entries of the archive are not read: 说明.pdf, 内层.zip"));
}

#[test]
fn names_in_gbk_are_read() {
    let (shapes, table) = shapefile("宗地");
    let mut bytes = zip_of(&[("AAAA.shp", &shapes), ("AAAA.dbf", &table)]);
    // The archive's writer knows no GBK: its names are changed afterwards, flags and all.
    let name = gbk("宗地");
    for at in 0..bytes.len() - 8 {
        if bytes[at..].starts_with(b"AAAA.") {
            bytes[at..at + 4].copy_from_slice(&name);
        }
    }
    let folder = folder(&[("t.zip", &bytes)]);
    let layers = read_all(&folder.path().join("t.zip"), &ReadOptions::default()).unwrap();
    assert_eq!(layers[0].schema.name, "宗地");
    assert_eq!(layers[0].column("NAME"), [Ok(Value::Text("宗地".to_owned()))]);
}

#[test]
fn a_bomb_does_not_go_off() {
    let zeros = vec![b' '; 8 << 20];
    check_refused(&zip_of(&[("a.csv", &zeros)]), "zip bomb");
    let options = ReadOptions { max_unzipped_bytes: 1 << 16, ..ReadOptions::default() };
    let text = error_of(&zip_of(&[("a.csv", &zeros[..1 << 17])]), &options);
    assert!(text.contains("unpacks to more than is allowed"), "{text}");
    let names: Vec<String> = (0..1001).map(|n| format!("{n}.csv")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), b"".as_slice())).collect();
    check_refused(&zip_of(&many), "1001 entries");
}

#[test]
fn an_archive_that_lies_about_sizes_is_bounded_by_what_comes_out() {
    let mut bytes = zip_of(&[("a.csv", &vec![b' '; 8 << 20])]);
    let central = bytes.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    bytes[central + 24..central + 28].copy_from_slice(&10_u32.to_le_bytes());
    bytes[22..26].copy_from_slice(&10_u32.to_le_bytes());
    let text = error_of(&bytes, &ReadOptions::default());
    assert!(text.contains("zip"), "{text}");
}

#[test]
fn no_entry_leaves_the_folder() {
    for name in ["../a.csv", "b/../../a.csv", "/a.csv", "..\\a.csv", "C:\\a.csv", "\\a.csv"] {
        check_refused(&zip_of(&[(name, b"a,b\n1,2\n")]), "outside of the archive's folder");
    }
}

#[test]
fn an_archive_without_anything_to_read_says_so() {
    check_refused(
        &zip_of(&[("a.zip", b"PK"), ("b.doc", b"x")]),
        "nothing in it is read: 2 entries",
    );
    check_refused(&zip_of(&[]), "it is empty");
}

#[test]
fn damaged_archives_never_panic() {
    let bytes = zip_of(&[("a.csv", b"a,b\n1,2\n"), ("b.dbf", &shapefile("x").1)]);
    let refused = check_never_panics("t.zip", &[], cut_everywhere(&bytes));
    assert_eq!(refused, bytes.len());
    check_never_panics("t.zip", &[], flip_everywhere(&bytes));
}
