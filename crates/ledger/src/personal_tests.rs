//! Personal columns are found, and their false friends are not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::PathBuf;

use proptest::prelude::*;
use spatial::{Field, FieldClass, FieldType, Value};

use crate::{
    PersonalDetector, PersonalReason, class_of,
    personal::PersonalKind::{self, IdentityNumber, MobileNumber},
};

const IDENTITY: &str = "11010519491231002X";

fn fields(names: &[&str]) -> Vec<Field> {
    let field = |name: &&str| Field {
        name: (*name).to_owned(),
        alias: None,
        field_type: FieldType::Text,
        class: FieldClass::L1,
    };
    names.iter().map(field).collect()
}

/// Judges one column, and answers what its values were found to hold.
fn judge_values(name: &str, values: &[Value]) -> Option<(PersonalKind, f64)> {
    let mut detector = PersonalDetector::new(&fields(&[name]));
    for value in values {
        detector.observe(std::slice::from_ref(value));
    }
    match detector.verdict()[0] {
        Some(PersonalReason::ByValues { kind, share }) => Some((kind, share)),
        None => None,
        Some(PersonalReason::ByName { .. }) => panic!("{name} was judged by its name"),
    }
}

fn check_column(name: &str, values: &[Value], expected: Option<PersonalKind>) {
    assert_eq!(judge_values(name, values).map(|(kind, _)| kind), expected, "{name}");
}

fn texts(values: &[&str]) -> Vec<Value> {
    values.iter().map(|value| Value::Text((*value).to_owned())).collect()
}

#[test]
fn names_alone_call_a_column_personal() {
    for (name, class) in [
        ("QLRMC", FieldClass::L3),
        ("qlr_mc", FieldClass::L3),
        ("QLRMC2", FieldClass::L3),
        ("Qlr", FieldClass::L3),
        ("zjh", FieldClass::L4),
        ("ZJHM", FieldClass::L4),
        ("姓名", FieldClass::L3),
        ("户主姓名", FieldClass::L3),
        ("权利人", FieldClass::L3),
        ("身份证", FieldClass::L4),
        ("身份证号", FieldClass::L4),
        ("身份证号码(18位)", FieldClass::L4),
        ("证件号码", FieldClass::L4),
        ("电话", FieldClass::L3),
        ("手机", FieldClass::L3),
        ("联系电话", FieldClass::L3),
        ("LXDH", FieldClass::L3),
        ("phone", FieldClass::L3),
        ("联系人", FieldClass::L3),
        ("是否低保户", FieldClass::L4),
        ("家庭住址", FieldClass::L3),
    ] {
        let verdict = PersonalDetector::new(&fields(&[name])).verdict();
        assert_eq!(verdict, [Some(PersonalReason::ByName { class })], "{name}");
        assert_eq!(class_of(name), class, "{name}");
    }
}

#[test]
fn false_friends_are_left_alone() {
    for name in [
        "name",
        "DZ",
        "DH",
        "MC",
        "XM",
        "地址",
        "名称",
        "ZL",
        "ZDDM",
        "BDCDYH",
        "ZRZH",
        "ZJZL",
        "证件种类",
        "权利人类型",
        "户主数量",
        "电话亭",
        "手机店",
        "QLLX",
        "XMMC",
        "osm_id",
        "fclass",
        "adcode",
        "DCRQ",
        "CLR",
        "owner",
        "state",
        "",
    ] {
        assert_eq!(PersonalDetector::new(&fields(&[name])).verdict(), [None], "{name}");
    }
    assert_eq!(class_of("ZDDM"), FieldClass::L1);
    assert_eq!(class_of("CLR"), FieldClass::L2);
    assert_eq!(class_of("state"), FieldClass::L0);
}

#[test]
fn short_names_are_personal_beside_persons() {
    for (names, expected) in [
        (&["QLRMC", "DH", "DZ", "ZL"][..], &[true, true, true, false][..]),
        (&["QLRMC", "name"], &[true, false]),
        (&["身份证号", "name"], &[true, true]),
        (&["name", "DZ", "电话"], &[false, false, true]),
        (&["名称", "地址", "负责人"], &[false, false, true]),
        (&["JZWMC", "DH", "CS"], &[false, false, false]),
    ] {
        let verdict = PersonalDetector::new(&fields(names)).verdict();
        let found: Vec<bool> = verdict.iter().map(Option::is_some).collect();
        assert_eq!(found, expected, "{names:?}");
    }
}

#[test]
fn most_values_call_a_column_personal() {
    check_column("a", &texts(&[IDENTITY]), Some(IdentityNumber));
    check_column("a", &texts(&[IDENTITY, "无", "无"]), None);
    check_column("a", &texts(&[IDENTITY, "", " ", "无", IDENTITY]), Some(IdentityNumber));
    check_column("备注", &texts(&["张某，身份证11010519491231002x，在家"]), Some(IdentityNumber));
    check_column(
        "备注",
        &texts(&["身份证１１０１０５１９４９１２３１００２Ｘ"]),
        Some(IdentityNumber),
    );
    check_column("a", &texts(&["110105 19491231 002X"]), Some(IdentityNumber));
    // 110105194912310038 has a fitting check character, and no X.
    check_column("id", &[Value::Int(110_105_194_912_310_038)], Some(IdentityNumber));
    check_column("a", &[Value::Real(110_105_194_912_310_030.0)], Some(IdentityNumber));
    let mobiles = ["13812345678", "150-1234-5678", "+8618612345678", "手机17712345678"];
    check_column("a", &texts(&mobiles), Some(MobileNumber));
    check_column("a", &texts(&mobiles[..2]), None);
    check_column("id", &texts(&mobiles), Some(MobileNumber));
    let numbers = [13_812_345_678, 13_987_654_321, 13_700_000_001];
    check_column("a", &numbers.map(Value::Int), Some(MobileNumber));
    check_column("a", &numbers.map(|n| Value::Real(n as f64)), Some(MobileNumber));
    check_column("a", &[], None);
    check_column("a", &[Value::Null, Value::Bool(true), Value::Bytes(vec![0; 30])], None);
}

#[test]
fn the_share_counts_filled_values_only() {
    let values = texts(&[IDENTITY, "", "无", IDENTITY]);
    let (kind, share) = judge_values("a", &values).unwrap();
    assert_eq!(kind, IdentityNumber);
    assert!((share - 2.0 / 3.0).abs() < 1e-12);
}

#[test]
fn identifiers_of_features_are_no_telephone_numbers() {
    // Nodes of OSM have reached eleven digits that start with 13.
    let young_nodes = [13_012_345_678, 13_312_345_678, 13_200_000_001, 13_112_223_334];
    for name in ["osm_id", "OSM_ID", "id", "@id", "fid", "OBJECTID"] {
        check_column(name, &young_nodes.map(Value::Int), None);
        check_column(name, &young_nodes.map(|n| Value::Text(n.to_string())), None);
    }
    let milliseconds = [1_763_800_000_000, 1_763_800_000_001, 1_763_800_000_002];
    check_column("t", &milliseconds.map(Value::Int), None);
    check_column(
        "BDCDYH",
        &texts(&["110115001002JC00011F00010001", "110115 001002 JC00011 F00010001"]),
        None,
    );
    check_column("grid", &texts(&["110115190201001", "110115190202003"]), None);
}

#[test]
fn ids_of_real_shops_and_buildings_are_no_telephone_numbers() {
    let root = env!("CARGO_MANIFEST_DIR");
    let data = std::env::var_os("TUBAN_TEST_DATA")
        .map_or_else(|| PathBuf::from(root).join("../../../shared/data"), PathBuf::from);
    for file in ["beijing_shops_osm.geojsonl", "beijing_residential_building_points_osm.geojsonl"] {
        let Ok(text) = std::fs::read_to_string(data.join("ship").join(file)) else {
            eprintln_skip(file);
            continue;
        };
        let ids: Vec<Value> = text
            .lines()
            .filter_map(|line| line.split_once("\"osm_id\":\"")?.1.split_once('"'))
            .map(|(id, _)| Value::Text(id.to_owned()))
            .collect();
        assert!(ids.len() > 5000, "{file}");
        check_column("osm_id", &ids, None);
        check_column("another name", &ids, None);
    }
}

#[allow(clippy::print_stderr, reason = "a skipped test says so")]
fn eprintln_skip(file: &str) {
    eprintln!("skipped: {file} is not in TUBAN_TEST_DATA or ../shared/data");
}

proptest! {
    #[test]
    fn no_value_breaks_the_detector(text in "\\PC{0,300}", number in any::<i64>(), real in any::<f64>()) {
        let values = [Value::Text(text), Value::Int(number), Value::Real(real)];
        let mut detector = PersonalDetector::new(&fields(&["a", "b", "c"]));
        detector.observe(&values);
        prop_assert_eq!(detector.verdict().len(), 3);
    }
}
