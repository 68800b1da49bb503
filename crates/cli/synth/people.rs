//! Holders of households that do not exist, with names, telephones and identity numbers that nobody has:
//! 样例 in every name, telephones of a series (154) that is not given out, identity numbers of a county
//! (119999) that there is not and of the year 1900. They pass the checks of `ledger`, so that what looks for
//! personal values finds them.

use ledger::IdentityNumber;
use spatial::{FieldClass, Value};

use super::{Layer, Synth, SynthError};

const SURNAMES: [&str; 12] =
    ["张", "王", "李", "赵", "刘", "陈", "杨", "黄", "周", "吴", "欧阳", "司徒"];
const DIGITS: [char; 10] = ['〇', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
/// Numbers that a village may give out: more than it has households.
const OF_VILLAGE: u64 = 2_000;
/// Telephones of the series.
const TELEPHONES: u64 = 100_000_000;
/// Identity numbers of a day, and days that are used.
const OF_DAY: u64 = 999;
const DAYS: u64 = 12 * 28;

/// Name and class of the columns that [`Holder::values`] are of.
pub const PEOPLE: [(&str, FieldClass); 3] =
    [("QLRMC", FieldClass::L3), ("LXDH", FieldClass::L3), ("ZJH", FieldClass::L4)];

/// Who holds a household.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The number of the household.
    pub household: String,
    /// Name, telephone, identity number.
    pub values: [String; 3],
}

impl Synth {
    /// The holders of the households of a village.
    ///
    /// # Errors
    /// When a place lies outside the CRS.
    ///
    /// # Panics
    /// When there is no such village.
    pub fn people(&self, village: usize) -> Result<Vec<Holder>, SynthError> {
        let first = village as u64 * OF_VILLAGE;
        let households = self.village(Layer::Households, village)?;
        let numbers =
            households.into_iter().filter_map(|mut one| match one.properties.swap_remove(0) {
                Value::Text(number) => Some(number),
                _ => None,
            });
        Ok(numbers.zip(first..).map(|(household, number)| holder(household, number)).collect())
    }
}

fn holder(household: String, number: u64) -> Holder {
    let surname = SURNAMES[(number % SURNAMES.len() as u64) as usize];
    let digits = (number + 1).to_string();
    let digits = digits.bytes().map(|digit| DIGITS[usize::from(digit - b'0')]);
    let name = format!("{surname}样例{}", digits.collect::<String>());
    let telephone = format!("154{:08}", (number + 1) % TELEPHONES);
    Holder { household, values: [name, telephone, identity(number)] }
}

/// An identity number whose check character fits.
fn identity(number: u64) -> String {
    let day = number / OF_DAY % DAYS;
    let (month, day, serial) = (day / 28 + 1, day % 28 + 1, number % OF_DAY + 1);
    let known = format!("1199991900{month:02}{day:02}{serial:03}");
    let whole = "0123456789X".chars().map(|check| format!("{known}{check}"));
    let mut right = whole.filter(|one| IdentityNumber::try_from(one.as_str()).is_ok());
    right.next().unwrap_or(known)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::collections::BTreeSet;

    use ledger::{MobileNumber, PersonalDetector};
    use spatial::{Crs, Field, FieldType};

    use super::*;

    #[test]
    fn every_household_has_a_holder_whom_the_checks_know_and_nobody_is() {
        let synth = Synth::new(1, 3_000, Some(2), &Crs::CGCS2000).unwrap();
        let all: Vec<Holder> =
            (0..synth.villages()).flat_map(|village| synth.people(village).unwrap()).collect();
        let households = synth.features(Layer::Households).count();
        assert_eq!(all.len(), households);
        for (column, (name, _)) in PEOPLE.iter().enumerate() {
            let distinct: BTreeSet<&str> =
                all.iter().map(|holder| holder.values[column].as_str()).collect();
            assert_eq!(distinct.len(), all.len(), "{name}");
        }
        // Also where no name of a column tells.
        let fields = ["a", "b", "c"].map(|name| Field {
            name: name.to_owned(),
            alias: None,
            field_type: FieldType::Text,
            class: FieldClass::L1,
        });
        let mut detector = PersonalDetector::new(&fields);
        for Holder { values: [name, telephone, identity], .. } in &all {
            assert!(name.contains("样例"), "{name}");
            assert!(telephone.starts_with("154") && identity.starts_with("1199991900"));
            MobileNumber::try_from(telephone.as_str()).unwrap();
            IdentityNumber::try_from(identity.as_str()).unwrap();
            let values = [name, telephone, identity].map(|text| Value::Text(text.clone()));
            detector.observe(&values);
        }
        let found: Vec<bool> = detector.verdict().iter().map(Option::is_some).collect();
        assert_eq!(found, [false, true, true]);
        assert_eq!(identity(0), "119999190001010011");
    }
}
