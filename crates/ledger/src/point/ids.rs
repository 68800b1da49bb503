//! Ids of points, events, patrols and pieces of evidence: UUIDs of version 7, made by the client.

use std::fmt;

use thiserror::Error;

/// A number that is no UUID of version 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{} is no UUID of version 7: make ids as RFC 9562, section 5.7, says", Hyphenated(*.value))]
pub struct InvalidId {
    /// The refused number.
    pub value: u128,
}

/// Text that is no id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:?} is no UUID of version 7, such as 01908f3c-7b00-7000-8000-000000000001")]
pub struct InvalidIdText {
    /// The refused text, cut at 40 characters.
    pub text: String,
}

/// The 128 bits of 8, 4, 4, 4 and 12 hexadecimal digits, in either case.
fn bits(text: &str) -> Option<u128> {
    let bytes = text.as_bytes();
    let is_dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits = bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match is_dash(at) {
            true => *byte == b'-',
            false => byte.is_ascii_hexdigit(),
        });
    fits.then(|| u128::from_str_radix(&text.replace('-', ""), 16).ok()).flatten()
}

/// A UUID as it is written: 8, 4, 4, 4 and 12 hexadecimal digits.
struct Hyphenated(u128);

impl fmt::Display for Hyphenated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:032x}", self.0);
        let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
        f.write_str(&parts.join("-"))
    }
}

/// Version 7 and variant `10`, RFC 9562, section 5.7.
fn check(value: u128) -> Result<u128, InvalidId> {
    let (version, variant) = (value >> 76 & 0xf, value >> 62 & 0b11);
    if version == 7 && variant == 0b10 { Ok(value) } else { Err(InvalidId { value }) }
}

macro_rules! id {
    ($name:ident, $of:literal) => {
        #[doc = $of]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// The 128 bits.
            pub fn bits(self) -> u128 {
                self.0
            }
        }

        impl TryFrom<u128> for $name {
            type Error = InvalidId;

            fn try_from(value: u128) -> Result<Self, InvalidId> {
                check(value).map(Self)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = InvalidIdText;

            /// Reads the hyphenated form, in either case.
            fn try_from(text: &str) -> Result<Self, InvalidIdText> {
                let id = bits(text).and_then(|bits| check(bits).ok()).map(Self);
                id.ok_or_else(|| InvalidIdText { text: text.chars().take(40).collect() })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Hyphenated(self.0).fmt(f)
            }
        }
    };
}

id!(PointId, "The id of a rectification point.");
id!(EventId, "The id of an event.");
id!(PatrolId, "The code of a patrol.");
id!(EvidenceId, "The id of a piece of evidence: a photo, an image, a recording.");
