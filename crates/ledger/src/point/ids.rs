//! Ids of points, events and pieces of evidence: UUIDs of version 7, made by the client.

use std::fmt;

use thiserror::Error;

/// A number that is no UUID of version 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{} is no UUID of version 7: make ids as RFC 9562, section 5.7, says", Hyphenated(*.value))]
pub struct InvalidId {
    /// The refused number.
    pub value: u128,
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

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Hyphenated(self.0).fmt(f)
            }
        }
    };
}

id!(PointId, "The id of a rectification point.");
id!(EventId, "The id of an event.");
id!(EvidenceId, "The id of a piece of evidence: a photo, an image, a recording.");
