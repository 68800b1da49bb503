//! What the strict reader takes and refuses.
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

const DEPTH: JsonDepth = JsonDepth { most: 4, deep: &["filter"], deep_most: 8 };

fn check_refused(text: &str, reason: &str, place: (usize, usize)) {
    let fault = Json::parse(text.as_bytes(), &DEPTH).unwrap_err();
    assert!(fault.reason.contains(reason), "{text}: {fault}");
    assert_eq!((fault.line, fault.column), place, "{text}: {fault}");
}

#[test]
fn a_fault_is_named_with_line_and_column() {
    check_refused("", "expected", (1, 1));
    check_refused("{\"a\":1,\n \"宗\":1, \"a\":2}", "\"a\" is given twice", (2, 13));
    check_refused(r#"{"a":{"b":1,"c":{"b":1},"b":2}}"#, "\"b\" is given twice", (1, 29));
    check_refused(r#"{"a":1,"\u0061":2}"#, "\"a\" is given twice", (1, 17));
    check_refused("{\"a\":NaN}", "a value expected", (1, 6));
    check_refused("[1e309]", "too large", (1, 2));
    check_refused("[-1e309]", "too large", (1, 2));
    check_refused("[1,]", "a value expected", (1, 4));
    check_refused("[1] 2", "more text", (1, 5));
    check_refused("[[[[[1]]]]]", "deeper than 4", (1, 5));
    check_refused(r#"{"filter":[[[[[[[[1]]]]]]]]}"#, "deeper than 8", (1, 18));
    check_refused(&"[".repeat(1_000_000), "deeper than 4", (1, 5));
    let fault = Json::parse(b"{\"a\":\"\xff\"}", &DEPTH).unwrap_err();
    assert_eq!((fault.line, fault.column), (1, 7), "{fault}");
}

#[test]
fn many_members_are_told_apart_too() {
    let members: Vec<String> = (0..1000).map(|n| format!("\"m{n}\":{n}")).collect();
    let text = format!("{{{}}}", members.join(","));
    let json = Json::parse(text.as_bytes(), &DEPTH).unwrap();
    assert_eq!(json.members().len(), 1000);
    let twice = format!("{{{},\"m500\":1}}", members.join(","));
    assert!(Json::parse(twice.as_bytes(), &DEPTH).unwrap_err().reason.contains("m500"));
}

#[test]
fn values_are_read_in_place() {
    let text = r#" {"filter":[[[[[1]]]]],"name":"甲\n","n":12,"x":-1.5e0,"yes":true,"none":null} "#;
    let json = Json::parse(text.as_bytes(), &DEPTH).unwrap();
    let members = json.members();
    let kinds: Vec<_> = members.iter().map(|(name, value)| (&**name, value.kind())).collect();
    assert_eq!(
        kinds,
        [
            ("filter", JsonKind::List),
            ("name", JsonKind::Text),
            ("n", JsonKind::Number),
            ("x", JsonKind::Number),
            ("yes", JsonKind::Bool),
            ("none", JsonKind::Null),
        ]
    );
    assert_eq!(members[1].1.text().as_deref(), Some("甲\n"));
    assert_eq!((members[2].1.whole(), members[3].1.whole()), (Some(12), None));
    assert_eq!((members[2].1.number(), members[3].1.number()), (Some(12.0), Some(-1.5)));
    assert_eq!(members[4].1.truth(), Some(true));
    assert_eq!(members[0].1.raw(), "[[[[[1]]]]]");
    assert!(members[1].1.members().is_empty() && members[1].1.items().is_empty());
}

#[test]
fn a_geometry_keeps_to_its_members() {
    let read = |text: &str| {
        Json::parse(text.as_bytes(), &JsonDepth { most: 16, ..DEPTH }).unwrap().geometry()
    };
    let square = r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}"#;
    assert_eq!(read(square).unwrap().unwrap().geometry.vertex_count(), 4);
    assert!(read(r#"{"type":"Polygon","coordinates":[]}"#).unwrap().is_none());
    let fault = read(r#"{"type":"Point","coordinates":[1,2],"crs":"EPSG:1"}"#).unwrap_err();
    assert!(fault.reason.contains("\"crs\""), "{fault}");
    let fault =
        read(r#"{"type":"GeometryCollection","geometries":[{"type":"Point","x":1}]}"#).unwrap_err();
    assert!(fault.reason.contains("\"x\""), "{fault}");
    let fault = read(r#"{"type":"Point","coordinates":["1",2]}"#).unwrap_err();
    assert_eq!((fault.line, fault.column), (1, 32), "{fault}");
}

proptest! {
    #[test]
    fn what_is_taken_is_what_serde_json_takes(
        text in r#"([\[\]{},: ]|"|\\u0061|-|0|1|\.|e|null|true|"a"|"b"){0,16}"#
    ) {
        let taken = Json::parse(text.as_bytes(), &JsonDepth { most: 64, ..DEPTH });
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        match taken {
            Ok(_) => prop_assert!(theirs.is_ok()),
            Err(fault) => prop_assert!(theirs.is_err() || fault.reason.contains("twice")),
        }
    }
}
