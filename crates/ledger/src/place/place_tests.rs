//! Days, levels, aliases, assignments and schemas, as data.
#![allow(clippy::unwrap_used, reason = "tests")]

use spatial::{FieldClass, Timestamp};

use super::*;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn validity(text: &str) -> Validity {
    let (from, to) = text.split_once("..").unwrap();
    let end = |text: &str| (!text.is_empty()).then(|| day(text));
    Validity { from: end(from), to: end(to) }
}

#[test]
fn days_are_those_of_shanghai() {
    let eight = 1_795_334_400_000;
    for (moment, expected) in [
        (eight, "2026-11-22"),
        (eight + 8 * 3_600_000 - 1, "2026-11-22"),
        (eight + 8 * 3_600_000, "2026-11-23"),
        (-8 * 3_600_000 - 1, "1969-12-31"),
    ] {
        assert_eq!(Day::of(Timestamp(moment)).to_string(), expected);
        assert_eq!(Day::of(Timestamp(moment)), day(expected));
    }
    for text in
        ["2026-02-29", "2026-1-1", "20260101", "2026-01-01T", "+026-01-01", "二〇二六年", ""]
    {
        assert!(text.parse::<Day>().is_err(), "{text}");
    }
}

#[test]
fn a_validity_holds_its_first_day_and_not_its_last() {
    for (span, at, holds) in [
        ("2020-01-01..2021-01-01", "2020-01-01", true),
        ("2020-01-01..2021-01-01", "2020-12-31", true),
        ("2020-01-01..2021-01-01", "2021-01-01", false),
        ("2020-01-01..", "2019-12-31", false),
        ("..2021-01-01", "1900-01-01", true),
        ("..", "2026-01-01", true),
        ("2021-01-01..2020-01-01", "2020-06-01", false),
    ] {
        assert_eq!(validity(span).holds(day(at)), holds, "{span} at {at}");
    }
    assert!(validity("2020-01-01..2020-01-01").is_empty());
    let turning = validity("2020-01-01..2021-01-01");
    assert!(turning.turns_within(day("2019-12-31"), day("2020-01-01")));
    assert!(!turning.turns_within(day("2020-01-01"), day("2020-12-31")));
}

#[test]
fn what_others_leave_uncovered_is_found() {
    for (own, others, expected) in [
        ("2020-01-01..2022-01-01", &["2019-01-01..2023-01-01"][..], None),
        ("2020-01-01..2022-01-01", &["2021-01-01..", "..2021-01-01"], None),
        ("2020-01-01..2022-01-01", &["..2021-01-01"], Some(Some(day("2021-01-01")))),
        ("2020-01-01..", &["..2021-01-01", "2021-06-01.."], Some(Some(day("2021-01-01")))),
        ("..", &["2021-01-01.."], Some(None)),
        ("..", &[".."], None),
        ("2020-01-01..2022-01-01", &[], Some(Some(day("2020-01-01")))),
        (
            "2020-01-01..2022-01-01",
            &["2022-01-01..2020-01-01", "2021-01-01.."],
            Some(Some(day("2020-01-01"))),
        ),
    ] {
        let others: Vec<_> = others.iter().map(|one| validity(one)).collect();
        assert_eq!(validity(own).first_uncovered(&others), expected, "{own} by {others:?}");
    }
}

#[test]
fn levels_are_known_by_every_word_of_offices_and_by_no_code() {
    for (text, expected) in [
        ("town", Some(Level::Town)),
        (" TOWN ", Some(Level::Town)),
        ("街乡镇", Some(Level::Town)),
        ("地区", Some(Level::Town)),
        ("镇", Some(Level::Town)),
        ("村", Some(Level::Village)),
        ("楼院", Some(Level::Courtyard)),
        ("市", Some(Level::City)),
        ("110115005", None),
        ("", None),
    ] {
        assert_eq!(Level::named(text), expected, "{text}");
    }
    assert_eq!(Level::City.above(), None);
    assert_eq!(Level::Courtyard.above(), Some(Level::Village));
    assert_eq!(Level::City.field(), None);
}

#[test]
fn a_unit_answers_to_its_aliases_while_it_is_valid() {
    let row = |row, code: &str, name: &str, aliases: &str, to: &str| {
        let row = UnitRow {
            row,
            code: code.to_owned(),
            name: name.to_owned(),
            aliases: aliases.to_owned(),
            level: "town".to_owned(),
            valid_to: to.to_owned(),
            ..UnitRow::default()
        };
        row.read().0.unwrap()
    };
    let units = [
        row(1, "110115005", "黄村地区", "黄村镇；黄村", ""),
        row(2, "110115006", "旧宫地区", "旧宫镇", "2020-01-01"),
    ];
    let found = |name: &str, at: &str| {
        called(&units, name, day(at)).map(|unit| unit.row).collect::<Vec<_>>()
    };
    assert_eq!(found("黄村镇", "2026-01-01"), [1]);
    assert_eq!(found(" 黄 村 ", "2026-01-01"), [1]);
    assert_eq!(found("旧宫镇", "2019-12-31"), [2]);
    assert_eq!(found("旧宫镇", "2020-01-01"), [0; 0]);
    assert!(split_names("甲、乙 ,丙|;丁").eq(["甲", "乙", "丙", "丁"]));
}

#[test]
fn an_assignment_by_hand_says_why() {
    let manual = |reason: &str| Ok(Some(AssignedBy::Manual { reason: reason.to_owned() }));
    let long = format!("manual: {}", "长".repeat(MAX_REASON + 1));
    for (text, expected) in [
        ("", Ok(None)),
        ("polygon", Ok(Some(AssignedBy::Polygon))),
        ("manual: 跨界院落", manual("跨界院落")),
        ("manual：跨界院落", manual("跨界院落")),
        ("manual:", Err(InvalidAssignedBy::NoReason)),
        ("manual:  ", Err(InvalidAssignedBy::NoReason)),
        ("manual", Err(InvalidAssignedBy::NoReason)),
        ("王", Err(InvalidAssignedBy::Unknown)),
        (&long, Err(InvalidAssignedBy::LongReason)),
    ] {
        assert_eq!(AssignedBy::read(text), expected, "{text}");
    }
    for one in [AssignedBy::Polygon, AssignedBy::Manual { reason: "跨界".to_owned() }] {
        assert_eq!(AssignedBy::read(&one.to_string()), Ok(Some(one)));
    }
    let fields: Vec<_> = assignment_fields().into_iter().map(|field| field.name).collect();
    assert_eq!(fields, ["district", "town", "village", "courtyard", "grid", "assigned_by"]);
}

#[test]
fn schemas_hold_persons_above_what_everyone_reads() {
    for collection in COLLECTIONS {
        let fields = collection.fields();
        for (position, field) in fields.iter().enumerate() {
            assert!(!fields[..position].iter().any(|one| one.name == field.name), "{field:?}");
            let is_personal = ["person", "office_phone"].contains(&field.name.as_str());
            assert_eq!(field.class > FieldClass::L1, is_personal, "{field:?}");
        }
    }
    let units: Vec<_> = COLLECTIONS[0].fields().into_iter().map(|f| f.name).collect();
    assert_eq!(
        units,
        [
            "code",
            "name",
            "aliases",
            "level",
            "parent",
            "stat12",
            "db11_064",
            "civil",
            "police15",
            "cadastral_djq",
            "urban_rural_class",
            "valid_from",
            "valid_to"
        ]
    );
}
