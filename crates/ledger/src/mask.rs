//! How personal values are shown to those who may know that they are there, but not what they are:
//! 张**, 138****5678, of an identity number the first three and the last four characters, an address
//! up to its village.
//!
//! What nothing is known of is `***`, whatever its length. No mask tells a date of birth.

use crate::normal_form::normal_form;
use crate::personal_names::{Holds, holds};
use crate::{IdentityNumber, MobileNumber};

/// What stands for a value of which nothing is shown.
const HIDDEN: &str = "***";
/// Where an address ends that is cut at its village, the smallest first.
const VILLAGES: [&str; 4] = ["村", "社区", "居委会", "嘎查"];
const TOWNS: [&str; 6] = ["街道", "镇", "乡", "区", "县", "市"];

/// The mask of a value of the column `field`; empty of an empty one.
pub fn masked(field: &str, value: &str) -> String {
    let value = value.trim();
    if value.is_empty() {
        return String::new();
    }
    // What the value is counts more than what its column is called.
    if let Ok(identity) = IdentityNumber::try_from(value) {
        return identity.to_string();
    }
    if MobileNumber::try_from(value).is_ok() {
        return telephone(value);
    }
    match holds(field) {
        Some(Holds::Identity) => document(value),
        Some(Holds::Telephone) => telephone(value),
        Some(Holds::Address) => address(value),
        Some(Holds::Name) => name(value),
        None => HIDDEN.to_owned(),
    }
}

/// The first character and `**`. A number, or what begins with one, is no name.
fn name(value: &str) -> String {
    match value.chars().next().filter(|first| first.is_alphabetic()) {
        Some(first) => format!("{first}**"),
        None => HIDDEN.to_owned(),
    }
}

/// First three and last four of a document's number that is long enough to hide the rest. Numbers of
/// 15 digits have the day of birth up to the fourth from the end: of them the last three.
fn document(value: &str) -> String {
    let number: Vec<char> = normal_form(value).chars().collect();
    let plain = number.iter().all(|c| c.is_ascii_alphanumeric());
    let last = if number.len() == 15 { 3 } else { 4 };
    if !plain || number.len() < 12 {
        return HIDDEN.to_owned();
    }
    let shown = |part: &[char]| part.iter().collect::<String>();
    let hidden = "*".repeat(number.len() - 3 - last);
    format!("{}{hidden}{}", shown(&number[..3]), shown(&number[number.len() - last..]))
}

/// First three and last four of a mobile number; of another the last four, if more are hidden.
fn telephone(value: &str) -> String {
    let digits: String = normal_form(value).chars().filter(char::is_ascii_digit).collect();
    // With the prefix of the country it is the same number.
    let digits = match digits.strip_prefix("86") {
        Some(rest) if rest.len() == 11 => rest,
        _ => &digits,
    };
    let tail = digits.len().saturating_sub(4);
    match digits.len() {
        11 if digits.starts_with('1') => format!("{}****{}", &digits[..3], &digits[tail..]),
        7..=12 => format!("****{}", &digits[tail..]),
        _ => HIDDEN.to_owned(),
    }
}

/// Up to the village, or to the smallest unit above it that is named.
fn address(value: &str) -> String {
    let end_of = |words: &[&str]| {
        let ends = words.iter().filter_map(|word| value.find(word).map(|at| at + word.len()));
        ends.min()
    };
    let end = end_of(&VILLAGES)
        .or_else(|| TOWNS.iter().find_map(|word| value.rfind(word).map(|at| at + word.len())));
    match end.and_then(|end| value.get(..end)) {
        // Digits before it would be of a person or a house: nobody writes a village with them.
        Some(shown) if !shown.chars().any(half_digit) => format!("{shown}{HIDDEN}"),
        _ => HIDDEN.to_owned(),
    }
}

fn half_digit(c: char) -> bool {
    c.is_ascii_digit() || ('０'..='９').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plainly synthetic, with a check character that fits.
    const IDENTITY: &str = "11010119900307002X";

    #[test]
    fn each_kind_has_its_mask() {
        for (field, value, expected) in [
            ("QLRMC", "张三", "张**"),
            ("QLRMC", "欧阳试验", "欧**"),
            ("姓名", " 李四 ", "李**"),
            ("owner_name", "Zhang San", "Z**"),
            ("QLRMC", "𠮷田", "𠮷**"),
            ("QLRMC", "110101", "***"),
            ("QLRMC", "", ""),
            ("QLRMC", "  ", ""),
            ("DH", "13812345678", "138****5678"),
            ("LXDH", "+86 138-1234-5678", "138****5678"),
            ("LXDH", "１３８１２３４５６７８", "138****5678"),
            ("LXDH", "010-81234567", "****4567"),
            ("LXDH", "81234567", "****4567"),
            ("LXDH", "12345", "***"),
            ("TXDZ", "北京市大兴区试验镇甲村12号", "北京市大兴区试验镇甲村***"),
            ("住址", "北京市大兴区试验街道乙社区3号楼2单元", "北京市大兴区试验街道乙社区***"),
            ("住址", "北京市大兴区试验镇12号", "北京市大兴区试验镇***"),
            ("住址", "12号院3单元", "***"),
            ("住址", "110101199003070099村", "***"),
            ("ZJH", "110101900307123", "110*********123"),
            ("ZJH", "G12345678", "***"),
            ("ZJH", "91110115MA0000000X", "911***********000X"),
            ("BZ", "低保户", "***"),
            ("BZ", "13812345678", "138****5678"),
            ("QLRMC", "13812345678", "138****5678"),
        ] {
            assert_eq!(masked(field, value), expected, "{field}: {value}");
        }
    }

    #[test]
    fn no_mask_tells_a_date_of_birth() {
        for field in ["ZJH", "QLRMC", "BZ", "住址", "DH"] {
            let mask = masked(field, IDENTITY);
            for part in ["1990", "0307", "9003", "19900307"] {
                assert!(!mask.contains(part), "{field}: {mask}");
            }
        }
        assert_eq!(masked("BZ", IDENTITY), "110***********002X");
        // A number of a wrong check character is hidden by its column.
        assert_eq!(masked("ZJH", "110101199003070010"), "110***********0010");
        assert_eq!(masked("BZ", "110101199003070010"), "***");
    }
}
