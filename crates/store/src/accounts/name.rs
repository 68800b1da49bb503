//! The names of accounts.

use std::fmt;

use thiserror::Error;

/// The actor of a store without accounts, and of commands on the machine itself.
pub const LOCAL: &str = "local";
/// Names that no account has, because the change log means others by them.
const RESERVED: [&str; 2] = [LOCAL, "external"];
const MAX_CHARS: usize = 64;

/// The name of an account: 1 to 64 of `a` to `z`, digits, `.`, `_`, `-` and `@`, a letter or digit
/// first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountName(String);

/// A text that is no name of an account.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:?} is no name of an account: {reason}")]
pub struct InvalidAccountName {
    /// The refused text, cut at 80 characters.
    pub text: String,
    /// What is wrong with it, and the way out.
    pub reason: &'static str,
}

impl AccountName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for AccountName {
    type Error = InvalidAccountName;

    fn try_from(text: &str) -> Result<Self, InvalidAccountName> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let reason = if !text.starts_with(plain) {
            "it begins with a small letter a to z or a digit"
        } else if !text.chars().all(|c| plain(c) || "._-@".contains(c)) {
            "small letters a to z, digits and . _ - @ are allowed; the display name takes the rest"
        } else if text.len() > MAX_CHARS {
            "at most 64 characters are allowed"
        } else if RESERVED.contains(&text) {
            "the change log means others by it; choose another"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(InvalidAccountName { text: text.chars().take(80).collect(), reason })
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_plain_and_nobody_elses() {
        let long = "a".repeat(65);
        for (text, is_name) in [
            ("zhang.san", true),
            ("7-town@110115", true),
            (&long[..64], true),
            (&long[..], false),
            ("", false),
            ("local", false),
            ("external", false),
            (".a", false),
            ("Zhang", false),
            ("张三", false),
            ("a b", false),
            ("a\n", false),
        ] {
            assert_eq!(AccountName::try_from(text).is_ok(), is_name, "{text}");
        }
    }
}
