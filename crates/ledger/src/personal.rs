//! Which columns of a layer are personal: by their name, or by most of their values.
//!
//! By values: more than half of the values that are not empty hold a valid 18-digit identity
//! number, or a mobile number. The former is never chance (province, date and check character
//! must fit), so one value is enough; the latter is, so three are wanted, and a column named
//! like an identifier (osm_id, fid…) needs numbers of several series besides: OSM's ids have
//! grown into the eleven digits that start with 13, but they do not reach 15 and 18 at once.
//! Identity numbers of 15 digits are not looked for: grid codes have the same shape.

use spatial::{Field, FieldClass, Value};

use crate::{
    identity_number::{check_birth, check_identity},
    mobile_number::check_mobile,
    normal_form::{half_width, is_province, normal_form},
    personal_names::{NameVerdict, judge},
};

/// Mobile numbers that a column must have before their share says anything.
const MIN_MOBILES: u64 = 3;
/// Series (second digits) of mobile numbers wanted of a column named like an identifier.
const MIN_SERIES: usize = 3;
/// Longest text that is searched, in bytes; numbers further on do not count.
const MAX_SEARCHED: usize = 256;
/// Shortest text worth a search: the digits of a mobile number.
const MIN_SEARCHED: usize = 11;

/// Names of columns that hold identifiers of features.
const IDENTIFIERS: &[&str] = &[
    "ID",
    "FID",
    "GID",
    "OID",
    "UID",
    "PID",
    "OBJECTID",
    "OGCFID",
    "OSMID",
    "OSMWAYID",
    "NODEID",
    "WAYID",
    "RELATIONID",
    "@ID",
    "FULLID",
    "BSM",
    "ADCODE",
];

/// Why a column is taken for personal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PersonalReason {
    /// Its name says so.
    ByName {
        /// The class that it should have: L3 or L4.
        class: FieldClass,
    },
    /// Most of its values say so.
    ByValues {
        /// What they hold.
        kind: PersonalKind,
        /// Their share of the values that are not empty, above 0.5, at most 1.
        share: f64,
    },
}

impl PersonalReason {
    /// The class that the column should have: L3 or L4.
    pub fn class(&self) -> FieldClass {
        match self {
            Self::ByName { class } => *class,
            Self::ByValues { kind: PersonalKind::IdentityNumber, .. } => FieldClass::L4,
            Self::ByValues { kind: PersonalKind::MobileNumber, .. } => FieldClass::L3,
        }
    }
}

/// What a personal value holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PersonalKind {
    /// 公民身份号码.
    IdentityNumber,
    /// 手机号码.
    MobileNumber,
}

/// Judges the columns of one layer while its rows go by. Keeps counts only, never a value.
#[derive(Clone, Debug)]
pub struct PersonalDetector {
    columns: Vec<ColumnCounts>,
}

#[derive(Clone, Debug)]
struct ColumnCounts {
    by_name: Option<FieldClass>,
    is_identifier: bool,
    filled: u64,
    identities: u64,
    mobiles: u64,
    /// Mobile numbers by their second digit.
    series: [u64; 10],
}

impl PersonalDetector {
    /// A detector for rows with these fields.
    pub fn new(fields: &[Field]) -> Self {
        let verdicts: Vec<NameVerdict> = fields.iter().map(|field| judge(&field.name)).collect();
        let has_person = verdicts.iter().any(|v| matches!(v, NameVerdict::Person(_)));
        let has_identity = verdicts.contains(&NameVerdict::Person(FieldClass::L4));
        let columns = fields.iter().zip(verdicts).map(|(field, verdict)| {
            let by_name = match verdict {
                NameVerdict::Person(class) | NameVerdict::Private(class) => Some(class),
                NameVerdict::PrivateBesidePerson(class) => has_person.then_some(class),
                NameVerdict::PrivateBesideIdentity(class) => has_identity.then_some(class),
                NameVerdict::Plain(_) => None,
            };
            let mut name = normal_form(&field.name);
            name.retain(|c| c != '_');
            let is_identifier = IDENTIFIERS.contains(&name.as_str());
            ColumnCounts {
                by_name,
                is_identifier,
                filled: 0,
                identities: 0,
                mobiles: 0,
                series: [0; 10],
            }
        });
        Self { columns: columns.collect() }
    }

    /// Counts one row, its values in the order of the fields.
    pub fn observe(&mut self, values: &[Value]) {
        for (counts, value) in self.columns.iter_mut().zip(values) {
            if counts.by_name.is_none() {
                counts.observe(value);
            }
        }
    }

    /// One entry a field: why it is personal, or `None`. May be asked at any time; a verdict by
    /// values holds for the rows seen so far.
    pub fn verdict(&self) -> Vec<Option<PersonalReason>> {
        self.columns.iter().map(ColumnCounts::verdict).collect()
    }
}

impl ColumnCounts {
    fn observe(&mut self, value: &Value) {
        let found = match value {
            Value::Null | Value::Bool(_) | Value::Bytes(_) => None,
            Value::Int(number) => find_in_digits(*number),
            // Doubles hold integers exactly below 2^53; longer ones have lost their last digits.
            Value::Real(number) if *number >= 1e17 && *number < 1e18 => {
                find_in_rounded(*number as i64)
            }
            Value::Real(number) if number.fract() == 0.0 => find_in_digits(*number as i64),
            Value::Real(_) => None,
            Value::Text(text) if text.len() < MIN_SEARCHED => None,
            Value::Text(text) => find_in_text(text),
        };
        let empty = match value {
            Value::Null => true,
            Value::Text(text) => text.trim().is_empty(),
            _ => false,
        };
        self.filled += u64::from(!empty);
        match found {
            Some(Found::Identity) => self.identities += 1,
            Some(Found::Mobile { series }) => {
                self.mobiles += 1;
                self.series[usize::from(series)] += 1;
            }
            None => {}
        }
    }

    fn verdict(&self) -> Option<PersonalReason> {
        if let Some(class) = self.by_name {
            return Some(PersonalReason::ByName { class });
        }
        let is_most = |count: u64| count * 2 > self.filled;
        let share = |count: u64| count as f64 / self.filled as f64;
        let series = self.series.iter().filter(|count| **count > 0).count();
        if is_most(self.identities) {
            let kind = PersonalKind::IdentityNumber;
            return Some(PersonalReason::ByValues { kind, share: share(self.identities) });
        }
        let telling = self.mobiles >= MIN_MOBILES && (!self.is_identifier || series >= MIN_SERIES);
        if telling && is_most(self.mobiles) {
            let kind = PersonalKind::MobileNumber;
            return Some(PersonalReason::ByValues { kind, share: share(self.mobiles) });
        }
        None
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Identity,
    Mobile { series: u8 },
}

/// Searches the digits of an integer.
fn find_in_digits(number: i64) -> Option<Found> {
    match number {
        10_000_000_000..=19_999_999_999 | 100_000_000_000_000_000..=999_999_999_999_999_999 => {
            find_in_run(number.to_string().as_bytes())
        }
        _ => None,
    }
}

/// Searches an integer of 18 digits of which a spreadsheet has rounded the last ones off.
fn find_in_rounded(number: i64) -> Option<Found> {
    let text = number.to_string();
    let code = <&[u8; 18]>::try_from(text.as_bytes()).ok()?;
    (is_province(code) && check_birth(code).is_ok()).then_some(Found::Identity)
}

/// Searches text for a number that stands alone: first as written, then without the blanks and
/// hyphens that people group digits with.
fn find_in_text(text: &str) -> Option<Found> {
    let mut end = text.len().min(MAX_SEARCHED);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    let mut plain = String::new();
    let has_wide = !text.is_ascii();
    let halved: &str = if has_wide {
        plain.extend(text.chars().map(half_width));
        &plain
    } else {
        text
    };
    find_in_runs(halved.as_bytes()).or_else(|| {
        let is_separator = |c: char| c == '-' || c.is_whitespace();
        if !halved.contains(is_separator) {
            return None;
        }
        let joined: String = halved.chars().filter(|c| !is_separator(*c)).collect();
        find_in_runs(joined.as_bytes())
    })
}

/// Searches every maximal run of digits (and a closing X).
fn find_in_runs(bytes: &[u8]) -> Option<Found> {
    let mut at = 0;
    while at < bytes.len() {
        let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut end = at + length;
        if length == 17 && bytes.get(end).is_some_and(|byte| matches!(byte, b'X' | b'x')) {
            end += 1;
        }
        if let Some(found) = find_in_run(&bytes[at..end]) {
            return Some(found);
        }
        at = end + 1;
    }
    None
}

fn find_in_run(run: &[u8]) -> Option<Found> {
    let run = match run {
        [b'8', b'6', local @ ..] if local.len() == 11 => local,
        [b'0', b'0', b'8', b'6', local @ ..] if local.len() == 11 => local,
        _ => run,
    };
    if let Ok(mut code) = <[u8; 18]>::try_from(run) {
        code.make_ascii_uppercase();
        return check_identity(&code).is_ok().then_some(Found::Identity);
    }
    let code = <&[u8; 11]>::try_from(run).ok()?;
    check_mobile(code).ok()?;
    Some(Found::Mobile { series: code[1] - b'0' })
}
