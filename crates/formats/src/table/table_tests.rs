//! Types of columns and places of rows, as data.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use spatial::{FieldType, Value};

use super::Cell;
use super::columns::{Guess, value};
use super::coordinate::coordinate;
use super::unique_names;

fn check_column(cells: &[Cell], field_type: FieldType, first: Value) {
    let mut guess = Guess::default();
    cells.iter().for_each(|cell| guess.see(cell));
    assert_eq!(guess.field_type(), field_type, "{cells:?}");
    assert_eq!(value(&cells[0], field_type), first, "{cells:?}");
}

#[test]
fn a_column_has_the_narrowest_type_that_keeps_every_cell() {
    let text = |text: &str| Value::Text(text.to_owned());
    for (cells, field_type, first) in [
        (vec!["110105001001", "-7", "0"], FieldType::Int, Value::Int(110_105_001_001)),
        (vec!["1", "2.50"], FieldType::Real, Value::Real(1.0)),
        (vec!["881.70000000000005", "1.5E+10"], FieldType::Real, Value::Real(881.7)),
        (vec!["007", "12"], FieldType::Text, text("007")),
        (vec!["110105194912310021"], FieldType::Text, text("110105194912310021")),
        (vec!["1101051949123100"], FieldType::Text, text("1101051949123100")),
        (vec!["12E4"], FieldType::Text, text("12E4")),
        (vec!["+86", "1"], FieldType::Text, text("+86")),
        (vec!["TRUE", "false"], FieldType::Bool, Value::Bool(true)),
        (vec!["true", "1"], FieldType::Text, text("true")),
        (vec!["2026/1/5", "2026-12-31", "2026年3月8日"], FieldType::Date, text("2026-01-05")),
        (vec!["2026-02-30"], FieldType::Text, text("2026-02-30")),
        (vec!["2026-01-05T08:00:00+08:00"], FieldType::DateTime, text("2026-01-05T00:00:00.000Z")),
        (vec!["NaN"], FieldType::Text, text("NaN")),
        (vec!["inf", "1"], FieldType::Text, text("inf")),
        (vec!["-", "1"], FieldType::Text, text("-")),
        (vec![".5"], FieldType::Text, text(".5")),
    ] {
        let cells: Vec<_> = cells.iter().map(|cell| Cell::Untyped((*cell).to_owned())).collect();
        check_column(&cells, field_type, first);
    }
    let long = Cell::Number(110_105_001_001.0);
    check_column(std::slice::from_ref(&long), FieldType::Int, Value::Int(110_105_001_001));
    check_column(&[long, Cell::Text("无".into())], FieldType::Text, text("110105001001"));
    check_column(&[Cell::Text("12".into())], FieldType::Text, text("12"));
    check_column(&[Cell::Empty], FieldType::Text, Value::Null);
}

#[test]
fn coordinates_are_numbers_or_degrees_minutes_seconds() {
    let exact = 116.0 + 23.0 / 60.0 + 50.1 / 3600.0;
    for (text, expected) in [
        ("116.397", Some(116.397)),
        ("-7", Some(-7.0)),
        ("4,412,345.12", Some(4_412_345.12)),
        ("116°23'50.1\"", Some(exact)),
        ("116°23′50.1″E", Some(exact)),
        ("E116°23′50.1″", Some(exact)),
        ("东经116度23分50.1秒", Some(exact)),
        ("116:23:50.1", Some(exact)),
        ("116 23 50.1", Some(exact)),
        ("116-23-50.1", Some(exact)),
        ("116°23’50.1”W", Some(-exact)),
        ("39.5°N", Some(39.5)),
        ("116°61'", None),
        ("116.5°23'", None),
        ("1,23", None),
        ("116°23'50\"7", None),
        ("400°", None),
        ("无", None),
        ("inf", None),
        ("NaN", None),
        ("°", None),
        ("E", None),
    ] {
        let read = coordinate(&Cell::Untyped(text.to_owned())).ok().flatten();
        match (read, expected) {
            (Some(read), Some(expected)) => assert!((read - expected).abs() < 1e-12, "{text}"),
            (read, expected) => assert_eq!(read, expected, "{text}"),
        }
    }
    assert_eq!(coordinate(&Cell::Empty), Ok(None));
}

#[test]
fn names_become_unique_and_are_never_empty() {
    let names = ["ZL", "zl", "", "ZL_2", "  名称 "].map(str::to_owned).to_vec();
    let (unique, notes) = unique_names(names);
    assert_eq!(unique, ["ZL", "zl_2", "column_3", "ZL_2_2", "名称"]);
    assert_eq!(notes.len(), 3);
}
