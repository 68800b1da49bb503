//! Which layer is which, which codes hold, which holders are one household, and numbers that stay.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;

use super::*;

fn tables() -> SurveyTables {
    SurveyTables::new(toml::from_str(DEFAULT_SURVEY).unwrap()).unwrap()
}

#[test]
fn layers_are_known_by_name_by_words_of_it_or_by_their_columns() {
    let tables = tables();
    let role =
        |name: &str, fields: &[&str]| tables.recognise(name, fields).map(|one| one.table.table);
    for (name, fields, expected) in [
        ("ZD", &["ZDDM"][..], Some(TableRole::Parcels)),
        ("zdjbxx", &["zddm", "zl"], Some(TableRole::Parcels)),
        ("KTT_ZDJBXX", &[], Some(TableRole::Parcels)),
        ("甲村_宗地", &[], Some(TableRole::Parcels)),
        ("宅基地2026", &["ZDDM", "zl", "qlr"], Some(TableRole::Parcels)),
        ("H", &[], Some(TableRole::Units)),
        ("JZD", &[], Some(TableRole::BoundaryPoints)),
        ("lines", &["JZXCD"], Some(TableRole::BoundaryLines)),
        ("房屋", &["ZRZH", "ZCS"], Some(TableRole::Buildings)),
        ("persons", &["QLRMC", "ZJH"], Some(TableRole::Holders)),
        ("DLTB", &["DLBM"], None),
        ("HOUSES", &["name"], None),
    ] {
        assert_eq!(role(name, fields), expected, "{name}");
    }
}

#[test]
fn columns_are_found_whatever_their_case_and_however_they_were_cut() {
    let tables = tables();
    let column = |fields: &[&str], field: &str| -> Option<usize> {
        let found = tables.recognise("ZD", fields).unwrap();
        let at = found.table.columns.iter().position(|one| one.field.as_deref() == Some(field));
        found.fields[at.unwrap()]
    };
    assert_eq!(column(&["zl", " zdDM "], "ZDDM"), Some(1));
    assert_eq!(column(&["预编宗地代"], "YBZDDM"), Some(0), "five characters of GBK");
    assert_eq!(column(&["预编宗"], "YBZDDM"), Some(0), "three of UTF-8");
    assert_eq!(column(&["预编"], "YBZDDM"), None, "two were not cut");
    assert_eq!(column(&["不动产单元号"], "BDCDYH"), Some(0));
    // A field is one column only.
    let both = ["ZDDM", "宗地代码"];
    assert_eq!(column(&both, "ZDDM"), Some(0));
}

#[test]
fn what_is_said_of_packages_must_hold_together() {
    let faults = |from: &str, to: &str| -> String {
        let text = DEFAULT_SURVEY.replacen(from, to, 1);
        assert_ne!(text, DEFAULT_SURVEY, "{from}");
        let faults = SurveyTables::new(toml::from_str(&text).unwrap()).unwrap_err();
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    for (from, to, expected) in [
        ("vertex = 0.05", "vertex = 0", "tolerance.vertex"),
        ("table = \"units\"", "table = \"buildings\"", "must stand there once"),
        ("is = \"building\"", "is = \"kind\"", "Building"),
        ("collection = \"parcels\"", "collection = \"gpkg_x\"", "gpkg_x"),
        ("field = \"QLLX\"", "field = \"zl\"", "stands there twice"),
    ] {
        let told = faults(from, to);
        assert!(told.contains(expected), "{from}: {told}");
    }
}

#[test]
fn codes_are_checked_against_their_rules_and_each_other() {
    const PARCEL: &str = "110115001002JC00011";
    const UNIT: &str = "110115001002JC00011F00010001";
    const BUILDING: &str = "110115001002JC00011F0001";
    let kinds = |codes: CodesOf<'_>| -> Vec<DefectKind> {
        check_codes(codes).into_iter().map(|(kind, ..)| kind).collect()
    };
    let of = |parcel, unit, building| kinds(CodesOf { parcel, unit, building });
    assert_eq!(of(Some(PARCEL), Some(UNIT), Some(BUILDING)), []);
    assert_eq!(of(None, None, None), []);
    for (codes, expected) in [
        ((Some("110115001002JC0001"), None, None), DefectKind::BadParcelCode),
        ((Some("990115001002JC00011"), None, None), DefectKind::BadParcelCode),
        ((Some("130101001002JC00011"), None, None), DefectKind::OtherCounty),
        ((Some("110115001002GC00011"), None, None), DefectKind::NotCollective),
        ((Some(PARCEL), Some("110115001002JC00011W00000001"), None), DefectKind::BadUnitCode),
        ((Some("110115001002JC00012"), Some(UNIT), None), DefectKind::UnitOfOtherParcel),
        ((Some(PARCEL), None, Some("110115001002JC00011F0000")), DefectKind::BadBuildingCode),
        ((Some("110115001002JC00012"), None, Some(BUILDING)), DefectKind::BuildingOfOtherParcel),
    ] {
        assert_eq!(of(codes.0, codes.1, codes.2), [expected], "{codes:?}");
    }
}

#[test]
fn certificates_are_checked_by_their_kind() {
    let set = tables();
    for (kind, number, fits) in [
        (Some("1"), "11010119900307002X", true),
        (Some("1"), "１１０１０１１９９００３０７００２ｘ", true),
        (Some("1"), "110101199003070020", false),
        (Some("1"), "110101900307123", true),
        (Some("身份证"), "0", false),
        (Some("7"), "91350100M000100Y43", true),
        (None, "91350100M000100Y43", true),
        (None, "91350100M000100Y44", false),
        (Some("3"), "G12345678", true),
        (Some("99"), "无", false),
        (None, "-", false),
    ] {
        assert_eq!(set.set().certificates.fits(kind, number), fits, "{kind:?} {number}");
    }
}

fn holder(parcel: &str, certificate: u128, name: u128, is_apart: bool) -> Holder {
    let token = |of: u128| (of > 0).then_some(PersonToken(of));
    Holder {
        parcel: parcel.to_owned(),
        certificate: token(certificate),
        name: token(name),
        is_apart,
        portion: is_apart.then(|| "1/2".to_owned()),
    }
}

fn check_households(holders: &[Holder], expected: &[&[usize]]) {
    let found: Vec<Vec<usize>> = households(holders).into_iter().map(|one| one.rows).collect();
    assert_eq!(found, expected);
}

#[test]
fn who_holds_together_and_who_is_the_same_person_is_one_household() {
    // A couple, and one of them on a second parcel.
    let couple = [holder("A", 1, 11, false), holder("A", 2, 12, false), holder("B", 1, 11, false)];
    check_households(&couple, &[&[0, 1, 2]]);
    let group = &households(&couple)[0];
    assert_eq!(group.parcels, [("A".to_owned(), None), ("B".to_owned(), None)]);
    // Shares make households apart, unless it is one person twice.
    check_households(&[holder("A", 1, 11, true), holder("A", 2, 12, true)], &[&[0], &[1]]);
    check_households(&[holder("A", 1, 11, true), holder("A", 1, 11, true)], &[&[0, 1]]);
    // A name is nobody's alone, and nobody at all is nobody.
    check_households(&[holder("A", 0, 11, false), holder("B", 0, 11, false)], &[&[0], &[1]]);
    check_households(&[holder("A", 0, 0, false), holder("B", 0, 0, false)], &[&[0], &[1]]);
    // Chains, from the end.
    let chain = [
        holder("C", 3, 0, false),
        holder("B", 2, 0, true),
        holder("B", 3, 0, true),
        holder("A", 2, 0, false),
        holder("A", 1, 0, false),
    ];
    check_households(&chain, &[&[0, 2], &[1, 3, 4]]);
}

fn known(number: &str, parcels: &[&str], certificates: &[u128], names: &[u128]) -> KnownHousehold {
    let tokens = |all: &[u128]| all.iter().copied().map(PersonToken).collect();
    KnownHousehold {
        number: number.to_owned(),
        parcels: parcels.iter().map(|one| (*one).to_owned()).collect(),
        certificates: tokens(certificates),
        names: tokens(names),
    }
}

/// The number of the household of each group; `new` for a new one.
fn check_numbers(holders: &[Holder], store: &[KnownHousehold], expected: &[&str]) {
    let numbered = number_households(&households(holders), store);
    let told: Vec<&str> = numbered
        .iter()
        .map(|one| if one.known.is_some() { one.number.as_str() } else { "new" })
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn a_household_keeps_its_number_when_one_of_its_facts_is_corrected() {
    let store = [
        known("H1", &["A"], &[1], &[11]),
        known("H2", &["A"], &[2], &[12]),
        known("H3", &["B"], &[], &[]),
    ];
    // As it was.
    let same = [holder("A", 1, 11, true), holder("A", 2, 12, true), holder("B", 3, 13, false)];
    check_numbers(&same, &store, &["H1", "H2", "H3"]);
    // A corrected certificate, then a corrected name; whatever the order of rows.
    check_numbers(&[holder("A", 2, 12, true), holder("A", 9, 11, true)], &store, &["H2", "H1"]);
    check_numbers(&[holder("A", 1, 19, true)], &store, &["H1"]);
    // It moved, or has a parcel more.
    check_numbers(&[holder("C", 2, 12, false)], &store, &["H2"]);
    // Somebody else bought the parcel: the file of who lived there is not his.
    check_numbers(&[holder("A", 8, 18, false)], &store, &["new"]);
    // A name says nothing on another parcel.
    check_numbers(&[holder("C", 0, 11, true), holder("A", 1, 11, true)], &store, &["new", "H1"]);
}

#[test]
fn new_numbers_say_nothing_and_are_the_same_each_time() {
    let holders: Vec<Holder> =
        (0..500).map(|n: u32| holder(&format!("P{}", n / 2), u128::from(n) + 1, 0, true)).collect();
    let groups = households(&holders);
    let numbers = |known: &[KnownHousehold]| -> Vec<String> {
        number_households(&groups, known).into_iter().map(|one| one.number).collect()
    };
    let first = numbers(&[]);
    assert_eq!(first, numbers(&[]));
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 500);
    for number in &first {
        assert!(number.len() == 13 && number.starts_with('H'), "{number}");
        assert!(number.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{number}");
    }
    // One that is taken is given to nobody else.
    let taken = known(&first[0], &["elsewhere"], &[9_999], &[]);
    let second = numbers(&[taken]);
    assert!(!second.contains(&first[0]));
}

#[test]
fn the_number_at_the_door_is_read_from_the_address() {
    for (address, expected) in [
        ("北京市大兴区试验镇甲村12号", Some("12号")),
        ("试验镇甲村三号", Some("3号")),
        ("试验镇甲村", None),
        ("", None),
    ] {
        assert_eq!(door_number(address).as_deref(), expected, "{address}");
    }
}

#[test]
fn every_defect_has_a_word_of_its_own_and_a_way_out() {
    let kinds = DefectKind::ALL;
    let words: BTreeSet<&str> = kinds.iter().map(|kind| kind.identifier()).collect();
    assert_eq!(words.len(), kinds.len());
    assert!(kinds.iter().all(|kind| kind.advice().len() > 20));
    // A warning goes in all the same.
    assert!(!DefectKind::MissingParcelCode.leaves_out() && DefectKind::NoNumber.leaves_out());
}
