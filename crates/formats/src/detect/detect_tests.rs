//! What a file is taken for, and what is refused with which way out.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::{Format, detect};
use crate::test_files::{dbf, folder, shp, zip_of};

fn check_format(name: &str, bytes: &[u8], expected: Format) {
    let folder = folder(&[(name, bytes)]);
    assert_eq!(detect(&folder.path().join(name)).unwrap(), expected, "{name}");
}

fn check_refused(name: &str, bytes: &[u8], words: &[&str]) {
    let folder = folder(&[(name, bytes)]);
    let error = detect(&folder.path().join(name)).unwrap_err().to_string();
    let error = error.replace(&format!("{}/", folder.path().display()), "");
    for words in words {
        assert!(error.contains(words), "{name}: {error}");
    }
}

#[test]
fn first_bytes_go_before_the_extension() {
    check_format("a.geojson", b" {\"type\":", Format::GeoJson);
    check_format("a.txt", b"\x1E{\"type\":", Format::GeoJson);
    check_format("a.dat", b"\xEF\xBB\xBF[", Format::GeoJson);
    check_format("a.bin", b"fgb\x03fgb\x01", Format::FlatGeobuf);
    check_format("a.db", b"SQLite format 3\0", Format::GeoPackage);
    check_format("a.json", &shp(5, &[]), Format::Shapefile);
    check_format("a.dbf", &dbf(0, &[], &[]), Format::Dbf);
    check_format("a.xlsx", &zip_of(&[("b.csv", b"a")]), Format::Zip);
    check_format("a.zip", &zip_of(&[("xl/workbook.xml", b"a")]), Format::Excel);
    check_format("a.xls", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Format::Excel);
    check_format("a.CSV", b"a,b", Format::Csv);
    check_format("a.tsv", b"a\tb", Format::Csv);
    check_format("a.txt", b"\xFF\xFEa\0,\0b\0", Format::Csv);
}

#[test]
fn what_is_not_read_comes_with_the_command_that_converts_it() {
    let gpkg = |name: &str| format!("ogr2ogr -f GPKG a.gpkg {name}");
    check_refused("a.dxf", b"0\nSECTION", &["DXF", "a.gpkg", "ogr2ogr -f GPKG"]);
    check_refused("a.txt", b"  0\r\nSECTION\r\n", &["DXF"]);
    check_refused("a.dwg", b"AC1015", &["DWG", "ogr2ogr -f GPKG a.gpkg"]);
    check_refused("a.dwg", b"AC1032", &["DWG", "save it as DXF"]);
    check_refused("a.mdb", b"\0\x01\0\0Standard Jet DB", &["ogr2ogr -f GPKG a.gpkg"]);
    check_refused("a.tab", b"!table", &["MapInfo", "ogr2ogr"]);
    check_refused("a.kml", b"<?xml?><kml>", &["KML", "ogr2ogr"]);
    check_refused("a.xml", b"<?xml?><kml>", &["KML"]);
    check_refused("a.xml", b"<x xmlns=\"http://www.opengis.net/gml/3.2\">", &["GML"]);
    check_refused("a.osm.pbf", b"\0", &["OSM PBF", "GPKG a.gpkg", "a.osm.pbf multipolygons"]);
    check_refused("a.tif", b"II*\0", &["image", "gdal_polygonize.py"]);
    check_refused("a.wp", b"WMAP", &["MapGIS", "export it as Shapefile"]);
    check_refused("a.udbx", b"SQLite format 3\0", &["SuperMap", "export it"]);
    check_refused("a.mbtiles", b"SQLite format 3\0", &["tile set"]);
    check_refused("a.rar", b"Rar!", &["unpack it"]);
    check_refused("a.csv", b"<!DOCTYPE html><html>", &["a web page"]);
    check_refused("a.txt", "[属性描述]\n[地块坐标]".as_bytes(), &["地块坐标"]);
    check_refused("a b'c.kmz", b"PK\x03\x04", &[r"'a b'\''c.gpkg'"]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("a.gdb")).unwrap();
    let path = folder.path().join("a.gdb");
    let error = detect(&path).unwrap_err().to_string();
    assert!(error.contains(&gpkg(&path.to_string_lossy())), "{error}");
}

#[test]
fn what_is_nothing_says_why() {
    check_refused("a.geojson", b"", &["it is empty"]);
    check_refused("a.shp", b"garbage", &["damaged or renamed"]);
    check_refused("a.shx", &shp(5, &[]), &["name the .shp"]);
    check_refused("a.csv", b"a\0b", &["neither its first bytes"]);
    let folder = tempfile::tempdir().unwrap();
    let error = detect(&folder.path().join("无.shp")).unwrap_err().to_string();
    assert!(error.contains("无.shp") && error.contains("No such file"), "{error}");
    let error = detect(folder.path()).unwrap_err().to_string();
    assert!(error.contains("it is a folder"), "{error}");
}
