//! Codes by their samples, and changes that a check must notice.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use crate::{
    BuildingCode, CodeWarning, CreditCode, DivisionCode, DivisionLevel, Fault, Fixture, GridCode,
    IdentityNumber, InvalidCode, MobileNumber, ParcelCode, UnitCode, normal_form,
};

fn check_fault<T: std::fmt::Debug>(result: Result<T, InvalidCode>, expected: Fault) {
    assert_eq!(result.unwrap_err().fault, expected);
}

#[test]
fn blanks_case_and_width_do_not_matter() {
    for (value, expected) in [
        ("110115 001002 JC00011 F00010001", "110115001002JC00011F00010001"),
        ("１１０１１５００１００２ｊｃ０００１１Ｆ00010001", "110115001002JC00011F00010001"),
        (" 110115\u{3000}001002\tjc00011\u{feff}f00010001\n", "110115001002JC00011F00010001"),
        ("", ""),
    ] {
        assert_eq!(normal_form(value), expected);
        if !expected.is_empty() {
            assert_eq!(UnitCode::try_from(value).unwrap().as_str(), expected);
        }
    }
}

#[test]
fn unit_codes_say_what_stands_on_the_land() {
    for (code, fixture) in [
        ("110115001002JC00011F00010001", Fixture::Building { building: 1, unit: 1 }),
        ("110115001002JC00011F01230045", Fixture::Building { building: 123, unit: 45 }),
        ("110115001002JC00011F99990001", Fixture::Buildings),
        ("110115001002JC00011W00000000", Fixture::Nothing),
        ("110115001002JB00011L00000001", Fixture::Forest),
        ("110115001002GB00011Q00000001", Fixture::Other),
    ] {
        let unit = UnitCode::try_from(code).unwrap();
        assert_eq!(unit.fixture(), fixture, "{code}");
        assert_eq!(unit.parcel().as_str(), &code[..19]);
        assert_eq!(ParcelCode::try_from(&code[..19]).unwrap(), unit.parcel());
        assert_eq!(unit.warnings(), [], "{code}");
    }
}

#[test]
fn broken_unit_codes_are_refused_with_the_reason() {
    let expected = "28";
    for (code, fault) in [
        ("110115001002JC00011W00000001", Fault::NoFixture),
        ("110115001002JC00011F00000000", Fault::NoFixture),
        ("110115001002JC00011L00000000", Fault::NoFixture),
        ("110115001002JC00011F0001000", Fault::Length { expected, found: 27 }),
        ("110115001002JC00011F000100011", Fault::Length { expected, found: 29 }),
        ("", Fault::Length { expected, found: 0 }),
        (
            "110115001002JC00000F00010001",
            Fault::Zero { part: "parcel's serial number (宗地顺序号)" },
        ),
        ("110115001002JC00011F00000001", Fault::Zero { part: "building's number (幢号)" }),
        (
            "110115001002JC00011F00010000",
            Fault::Zero { part: "unit's number in its building (户号)" },
        ),
        ("990115001002JC00011F00010001", Fault::County),
        ("110100001002JC00011F00010001", Fault::County),
        ("11011500100AJC00011F00010001", Fault::Character { position: 12, expected: "a digit" }),
        (
            "110115001002HC00011F00010001",
            Fault::Character { position: 13, expected: "G, J or Z (土地所有权特征码)" },
        ),
        (
            "110115001002JC00011K00010001",
            Fault::Character { position: 20, expected: "F, L, Q or W (定着物特征码)" },
        ),
        (
            "110115001002JC00011F0001000一",
            Fault::Character { position: 28, expected: "a Latin letter or digit" },
        ),
    ] {
        check_fault(UnitCode::try_from(code), fault);
    }
}

#[test]
fn unusual_codes_are_accepted_with_a_warning() {
    for (code, warnings) in [
        ("110115001002GC00011", vec![CodeWarning::NotCollective]),
        ("110115001002ZA00011", vec![CodeWarning::NotCollective]),
        ("131003001002JC00011", vec![CodeWarning::OutsideBeijing]),
        ("131003001002GC00011", vec![CodeWarning::OutsideBeijing, CodeWarning::NotCollective]),
        ("110115001002GB00011", vec![]),
    ] {
        assert_eq!(ParcelCode::try_from(code).unwrap().warnings(), warnings, "{code}");
    }
}

#[test]
fn a_refused_value_is_repeated_shortened() {
    let error = ParcelCode::try_from("宗".repeat(5000).as_str()).unwrap_err();
    assert_eq!(error.value.chars().count(), 40);
    assert!(error.to_string().contains("5000 characters"), "{error}");
}

#[test]
fn building_codes_are_a_parcel_and_a_number() {
    let code = BuildingCode::try_from("110115001002JC00011F0001").unwrap();
    assert_eq!(code.parcel().as_str(), "110115001002JC00011");
    for (code, fault) in [
        ("110115001002JC00011F0000", Fault::Zero { part: "building's number (幢号)" }),
        ("110115001002JC00011W0000", Fault::Character { position: 20, expected: "F (房屋)" }),
        ("110115001002JC00011F001", Fault::Length { expected: "24", found: 23 }),
    ] {
        check_fault(BuildingCode::try_from(code), fault);
    }
}

#[test]
fn division_codes_have_three_levels() {
    for (code, level, prefix) in [
        ("110115000000", DivisionLevel::County, "110115"),
        ("110115", DivisionLevel::County, "110115"),
        ("110115103000", DivisionLevel::Town, "110115103"),
        ("110115005", DivisionLevel::Town, "110115005"),
        ("110115103201", DivisionLevel::Village, "110115103201"),
    ] {
        let division = DivisionCode::try_from(code).unwrap();
        assert_eq!((division.level(), division.prefix()), (level, prefix));
        assert_eq!(division.as_str().len(), 12);
    }
    let orphan = Fault::Orphan { part: "village (村级)" };
    check_fault(DivisionCode::try_from("110115000201"), orphan);
    check_fault(DivisionCode::try_from("000000000000"), Fault::County);
    let length = Fault::Length { expected: "12, 9 or 6", found: 7 };
    check_fault(DivisionCode::try_from("1101151"), length);
}

#[test]
fn grid_codes_need_all_their_levels() {
    assert_eq!(GridCode::try_from("110115103201001").unwrap().serial(), "001");
    for (code, part) in [
        ("110115000201001", "town (街乡)"),
        ("110115103000001", "village (社区村)"),
        ("110115103201000", "serial number (顺序号)"),
    ] {
        check_fault(GridCode::try_from(code), Fault::Zero { part });
    }
}

#[test]
fn credit_codes_carry_a_check_character() {
    assert_eq!(CreditCode::try_from("91350100m000100y43").unwrap().as_str(), "91350100M000100Y43");
    check_fault(CreditCode::try_from("91350100M000100Y44"), Fault::CheckCharacter);
    let letters = "a digit or a capital other than I, O, S, V, Z";
    let fault = Fault::Character { position: 9, expected: letters };
    check_fault(CreditCode::try_from("91350100O000100Y43"), fault);
    let fault = Fault::Character { position: 3, expected: "a digit" };
    check_fault(CreditCode::try_from("91A50100M000100Y43"), fault);
}

#[test]
fn identity_numbers_need_a_province_a_day_and_a_check_character() {
    for (number, expected) in [
        ("11010519491231002X", Ok("110***********002X".to_owned())),
        ("11010519491231002x", Ok("110***********002X".to_owned())),
        ("110105194912310021", Err(Fault::CheckCharacter)),
        ("110105194913310029", Err(Fault::Date)),
        ("110105190002290021", Err(Fault::Date)),
        ("110105184912310029", Err(Fault::Date)),
        ("99010519491231002X", Err(Fault::County)),
        ("1101051949123100", Err(Fault::Length { expected: "18", found: 16 })),
    ] {
        let shown = IdentityNumber::try_from(number).map(|number| format!("{number} {number:?}"));
        assert_eq!(shown, expected.map(|masked| format!("{masked} {masked}")));
    }
}

#[test]
fn mobile_numbers_are_read_as_people_write_them() {
    for number in
        ["13812345678", "138 1234 5678", "138-1234-5678", "+86 13812345678", "8613812345678"]
    {
        assert_eq!(MobileNumber::try_from(number).unwrap().to_string(), "138****5678");
    }
    for number in ["12812345678", "23812345678", "1381234567", "010-12345678", "1381234567a"] {
        assert!(MobileNumber::try_from(number).is_err(), "{number}");
    }
}

proptest! {
    /// Weights that are invertible modulo a prime leave no change of one character unnoticed.
    #[test]
    fn one_changed_digit_of_an_identity_number_is_noticed(
        serial in 0u32..1000, day in 1u32..=28, month in 1u32..=12, year in 1900u32..2100,
        at in 0usize..17, by in 1u8..10,
    ) {
        let body = format!("110115{year:04}{month:02}{day:02}{serial:03}");
        let whole: Vec<String> = "0123456789X".chars().map(|check| format!("{body}{check}"))
            .filter(|number| IdentityNumber::try_from(number.as_str()).is_ok()).collect();
        prop_assert_eq!(whole.len(), 1, "exactly one check character fits");
        let mut changed = whole[0].clone().into_bytes();
        changed[at] = b'0' + (changed[at] - b'0' + by) % 10;
        let changed = String::from_utf8(changed).unwrap();
        prop_assert!(IdentityNumber::try_from(changed.as_str()).is_err());
    }

    #[test]
    fn one_changed_character_of_a_credit_code_is_noticed(
        registry in "[0-9A-HJ-NP-RTUWXY]{2}", division in "[0-9]{6}",
        organisation in "[0-9A-HJ-NP-RTUWXY]{9}", at in 0usize..18, by in 1usize..31,
    ) {
        const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
        let body = format!("{registry}{division}{organisation}");
        let whole: Vec<String> = ALPHABET.chars().map(|check| format!("{body}{check}"))
            .filter(|code| CreditCode::try_from(code.as_str()).is_ok()).collect();
        prop_assert_eq!(whole.len(), 1, "exactly one check character fits");
        let mut changed = whole[0].clone();
        let value = ALPHABET.find(&changed[at..=at]).unwrap();
        let other = (value + by) % 31;
        changed.replace_range(at..=at, &ALPHABET[other..=other]);
        prop_assert!(CreditCode::try_from(changed.as_str()).is_err());
    }

    #[test]
    fn no_text_breaks_a_check(text in "\\PC{0,40}") {
        let codes = [
            ParcelCode::try_from(text.as_str()).map(|_| ()),
            UnitCode::try_from(text.as_str()).map(|_| ()),
            BuildingCode::try_from(text.as_str()).map(|_| ()),
            DivisionCode::try_from(text.as_str()).map(|_| ()),
            GridCode::try_from(text.as_str()).map(|_| ()),
            CreditCode::try_from(text.as_str()).map(|_| ()),
        ];
        for refused in codes.into_iter().filter_map(Result::err) {
            prop_assert!(!refused.to_string().is_empty());
        }
        prop_assert!(IdentityNumber::try_from(text.as_str()).is_err());
        let _ = MobileNumber::try_from(text.as_str());
    }
}
