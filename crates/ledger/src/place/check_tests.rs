//! Defects of tables of units, each table and its defects as data.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

/// `code level parent from..to [scheme=code | name=NAME | alias=NAME]…`; `-` for nothing.
fn row(number: usize, text: &str) -> UnitRow {
    let mut words = text.split_whitespace();
    let mut next = || words.next().filter(|word| *word != "-").unwrap_or_default().to_owned();
    let (code, level, parent, span) = (next(), next(), next(), next());
    let (from, to) = span.split_once("..").unwrap_or_default();
    let mut row = UnitRow {
        row: i64::try_from(number).unwrap() + 1,
        name: format!("unit {number}"),
        code,
        level,
        parent,
        valid_from: from.to_owned(),
        valid_to: to.to_owned(),
        ..UnitRow::default()
    };
    for word in words {
        let (key, value) = word.split_once('=').unwrap();
        match key {
            "name" => row.name = value.to_owned(),
            "alias" => row.aliases = value.to_owned(),
            scheme => {
                let scheme = CodeScheme::from_identifier(scheme).unwrap();
                row.codes.push((scheme, value.to_owned()));
            }
        }
    }
    row
}

/// Each defect must hold all words of its line, parted by `…`.
fn check_table(rows: &[&str], expected: &[&str]) {
    let rows: Vec<_> = rows.iter().enumerate().map(|(n, text)| row(n, text)).collect();
    let found: Vec<_> = check(&rows).iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), expected.len(), "{rows:#?}\n{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(expected.split('…').all(|part| found.contains(part)), "{found} for {expected}");
    }
}

#[test]
fn a_sound_table_has_no_defect() {
    check_table(
        &[
            "11 city - .. name=北京市",
            "110115 district 11 .. stat12=110115000000",
            "110115005 town 110115 .. name=黄村地区 alias=黄村镇 stat12=110115005000",
            // The same code with another boundary, day after day.
            "110115006 town 110115 ..2024-01-01 name=旧宫",
            "110115006 town 110115 2024-01-01.. name=旧宫",
            "110115006001 village 110115006 2000-01-01..",
            "x7 courtyard 110115006001 2010-05-01..2030-05-01",
        ],
        &[],
    );
    // Districts alone need no city.
    check_table(&["110101 district - ..", "110102 区 - .."], &[]);
    check_table(&[], &[]);
}

#[test]
fn rows_are_judged_by_themselves() {
    check_table(
        &[
            "- town - ..",
            "a1 街 - ..",
            "a2 town - 2024-02-30..",
            "a3 town - ..20240101",
            "a4 town - 2024-01-01..2024-01-01",
            "a5 town - .. stat12=11011 police15=12 civil=黄村 db11_064=005 cadastral_djq=001",
        ],
        &[
            "unit 1 has no code",
            "unit 2 (a1)…level \"街\"…courtyard (楼院)",
            "valid_from of unit 3 (a2)…2024-02-30",
            "valid_to of unit 4 (a3)…20240101",
            "unit 5 (a4) is valid from 2024-01-01 until 2024-01-01, on no day",
            "stat12 (统计用区划代码) of unit 6 (a5)…12, 9 or 6",
            "police15…15 digits",
            "civil (民政代码)…digits",
        ],
    );
}

#[test]
fn parents_are_one_level_up_and_valid_then() {
    check_table(
        &[
            "d1 district - 2000-01-01..2020-01-01",
            "t1 town d1 2000-01-01..2020-01-01",
            "t2 town d1 2000-01-01..",
            "t3 town d1 ..2010-01-01",
            "t4 town d9 ..",
            "t5 town - ..",
            "v1 village d1 2001-01-01..2002-01-01",
            "v2 village t1 2001-01-01..2002-01-01",
        ],
        &[
            "unit 3 (t2) is valid from 2000-01-01 on, its parent d1 not on 2020-01-01",
            "unit 4 (t3)…its parent d1 not from its beginning on",
            "unit 5 (t4) names the parent d9",
            "unit 6 (t5) is a town (街乡镇) without a parent",
            "unit 7 (v1) is a village (社区村) and its parent d1 a district (区)",
        ],
    );
}

#[test]
fn codes_and_names_are_one_units_at_a_time() {
    check_table(
        &[
            "d1 district - ..",
            "t1 town d1 2000-01-01..2010-01-01 name=甲",
            "t1 town d1 2009-12-31..2012-01-01 name=甲",
            "t1 town d1 2011-01-01.. name=甲",
            "t2 town d1 2005-01-01..2006-01-01 name=乙 alias=甲",
            "d2 district - ..",
            // Another parent: the same name tells them apart.
            "t3 town d2 .. name=甲",
        ],
        &[
            "units 2 and 3 both have the code t1 from 2009-12-31 until 2010-01-01",
            "units 3 and 4…t1 from 2011-01-01 until 2012-01-01",
            "units 2 (t1) and 5 (t2)…\"甲\" from 2005-01-01 until 2006-01-01",
        ],
    );
}

#[test]
fn a_level_that_is_missing_is_named() {
    check_table(
        &["d1 district - ..", "v1 village d1 .."],
        &["unit 2 (v1)…parent d1 a district", "none of it…"],
    );
    check_table(
        &["d1 district - ..", "v1 village - .."],
        &["below and above the level town (街乡镇)"],
    );
}

/// `field=value …`
fn place(number: i64, text: &str) -> PlaceRow {
    let text = text.split_whitespace().map(|word| word.split_once('=').unwrap());
    let texts = text.map(|(field, value)| (field.to_owned(), value.to_owned()));
    PlaceRow { row: number, texts: texts.collect() }
}

fn places(rows: &[&str]) -> Vec<PlaceRow> {
    (1..).zip(rows).map(|(number, text)| place(number, text)).collect()
}

fn hold_to(found: &[PlaceDefect], expected: &[&str]) {
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(expected.split('…').all(|part| found.contains(part)), "{found} for {expected}");
    }
}

#[test]
fn cells_and_alleys_and_who_answers_for_them_are_checked() {
    let units = ["t1 town - ..", "v1 village t1 2000-01-01..2020-01-01"];
    let units: Vec<_> =
        (0..).zip(units).map(|(number, text)| row(number, text).read().0.unwrap()).collect();
    let mut codes = codes_of_units(&units);
    let cells = places(&[
        "code=110115005001001 village=v1",
        "village=v1",
        "code=11011500500100 village=t1",
        "code=110115005001002 valid_from=2024-02-30",
        "code=110115005001003 valid_from=2024-01-01 valid_to=2024-01-01",
        "code=110115005001004 valid_to=2024-01-01",
        "code=110115005001004 valid_from=2023-01-01",
    ]);
    hold_to(
        &check_places(GRID_CELLS, &cells, &units, &mut codes),
        &[
            "grid_cells 2 has no code",
            "grid_cells 3…11011500500100…14 characters",
            "grid_cells 3 names the village (社区村) t1",
            "valid_from of grid_cells 4…2024-02-30",
            "grid_cells 5 is valid from 2024-01-01 until 2024-01-01, on no day",
            "grid_cells 6 and 7 both have the code 110115005001004 from 2023-01-01 until 2024-01-01",
        ],
    );
    let alleys = places(&["code=a1 town=t1", "code=a2 town=v1"]);
    let found = check_places(ALLEYS, &alleys, &units, &mut codes);
    hold_to(&found, &["alleys 2 names the town (街乡镇) v1"]);
    let answers = places(&[
        "role=网格员 unit=甲 area_collection=grid_cells area_code=110115005001001",
        "unit=甲 area_collection=alleys area_code=a1",
        "role=街巷长 area_collection=alleys area_code=a1",
        "role=街巷长 person=张三 area_collection=alleys area_code=a9",
        "role=街巷长 unit=甲 area_collection=admin_units area_code=v1 valid_from=2010-01-01",
        "role=街巷长 unit=甲 valid_to=soon",
    ]);
    hold_to(
        &check_responsibilities(&answers, &codes),
        &[
            "responsibility 2 has no role",
            "responsibility 3 names neither a unit nor a person",
            "responsibility 4 is for a9 of alleys, which is not there",
            "responsibility 5 is valid from 2010-01-01 on, v1 of admin_units not on 2020-01-01",
            "valid_to of responsibility 6",
        ],
    );
}
