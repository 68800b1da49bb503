//! Well-known text: what is read, what is refused, and that writing reads back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::*;

fn check_reads(text: &str, written: &str, mended: &[&str]) {
    let read = read_wkt(text).unwrap().unwrap();
    let mut out = String::new();
    write_wkt(&read.geometry, &mut out);
    assert_eq!(out, written, "{text}");
    assert_eq!(read.mended, mended, "{text}");
    assert_eq!(read_wkt(&out).unwrap().unwrap().geometry, read.geometry);
}

#[test]
fn every_type_reads_and_writes() {
    for text in [
        "POINT (116.4 39.9)",
        "POINT Z (1 2 3)",
        "POINT M (1 2 4)",
        "POINT ZM (1 2 3 4)",
        "MULTIPOINT ((1 2), (3 4))",
        "LINESTRING (0 0, 1e-7 1)",
        "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))",
        "POLYGON ((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))",
        "POLYGON Z ((0 0 1, 4 0 2, 4 4 3, 0 0 1))",
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))",
        "GEOMETRYCOLLECTION (POINT (1 2), GEOMETRYCOLLECTION (LINESTRING (0 0, 1 1)))",
    ] {
        check_reads(text, text, &[]);
    }
}

#[test]
fn dialects_are_understood() {
    check_reads(" srid=4326; point(1 2)", "POINT (1 2)", &[]);
    check_reads("PointZ(1\t2\n3)", "POINT Z (1 2 3)", &[]);
    check_reads("POINT (1 2 3)", "POINT Z (1 2 3)", &[]);
    check_reads("POINT (1 2 3 4)", "POINT ZM (1 2 3 4)", &[]);
    check_reads("MULTIPOINT (1 2, 3 4)", "MULTIPOINT ((1 2), (3 4))", &[]);
    check_reads("MULTIPOINT (EMPTY, (3 4))", "MULTIPOINT ((3 4))", &[]);
    let holed = "POLYGON ((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))";
    check_reads(&holed.replace("), (", "), EMPTY, ("), holed, &[]);
    check_reads("POINT (+1.50 -.5)", "POINT (1.5 -0.5)", &[]);
    let closed = "POLYGON Z ((0 0 7, 4 0 8, 4 4 9, 0 0 7))";
    check_reads("POLYGON Z ((0 0 7, 4 0 8, 4 4 9))", closed, &["unclosed_ring"]);
}

#[test]
fn an_empty_geometry_is_none() {
    for text in [
        "POINT EMPTY",
        "POLYGON Z EMPTY",
        "GEOMETRYCOLLECTION (POINT EMPTY)",
        "MULTIPOLYGON (EMPTY)",
        "MULTIPOLYGON ((EMPTY, EMPTY))",
    ] {
        assert_eq!(read_wkt(text).unwrap(), None, "{text}");
    }
}

#[test]
fn what_is_no_geometry_is_refused_with_its_place() {
    for (text, at) in [
        ("", 0),
        ("宗地", 0),
        ("POINT", 5),
        ("POINT (1)", 8),
        ("POINT (1 2", 10),
        ("POINT (1 2) x", 12),
        ("POINT (nan 2)", 7),
        ("POINT (1e999 2)", 7),
        ("POINT Z (1 2)", 12),
        ("POINT (1 2, 3 4)", 16),
        ("MULTIPOINT ((1 2, 3 4))", 22),
        ("POLYGON (EMPTY, (1 1, 2 1, 2 2, 1 1))", 37),
        ("CIRCULARSTRING (0 0, 1 1, 2 0)", 0),
        ("POLYGON (0 0, 1 1)", 9),
    ] {
        assert_eq!(read_wkt(text).unwrap_err().at, at, "{text}");
    }
    let deep = "GEOMETRYCOLLECTION (".repeat(100_000);
    assert_eq!(read_wkt(&deep).unwrap_err().reason, "collections nested too deep");
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "(?i)(POINT|POLYGON|MULTIPOINT|ZM|EMPTY|[ (),0-9.e+-]|宗){0,40}") {
        if let Ok(Some(read)) = read_wkt(&text) {
            let mut out = String::new();
            write_wkt(&read.geometry, &mut out);
            prop_assert_eq!(read_wkt(&out).unwrap().unwrap().geometry, read.geometry);
        }
    }
}
