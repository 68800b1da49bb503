//! Query strings, read raw: the last of repeated keys wins, an unknown key is refused.

use std::collections::BTreeMap;

use crate::problem::{Code, Problem};

/// The decoded parameters of one request.
#[derive(Debug, Default)]
pub struct QueryString(BTreeMap<String, String>);

impl QueryString {
    /// Reads `raw` (without `?`). A key that is not in `known` is refused by name.
    pub fn parse(raw: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let query = Self::read(raw)?;
        for key in query.0.keys() {
            if !known.contains(&key.as_str()) {
                return Err(unknown_key(key, known));
            }
        }
        Ok(query)
    }

    /// Reads `raw` (without `?`); the caller looks at every key.
    pub fn read(raw: Option<&str>) -> Result<Self, Problem> {
        let mut values = BTreeMap::new();
        for pair in raw.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            values.insert(decode(key)?, decode(value)?);
        }
        Ok(Self(values))
    }

    /// Every key with its value, by key.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The value of `key`, if the request has one.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The value of `key` if it is one of `offered`, `None` when the request has none.
    pub fn choice<'a>(&'a self, key: &str, offered: &[&str]) -> Result<Option<&'a str>, Problem> {
        match self.value(key) {
            Some(value) if !offered.contains(&value) => Err(Problem::new(
                Code::InvalidParameter,
                format!("{key}={value:?} is not offered; use one of: {}", offered.join(", ")),
            )),
            value => Ok(value),
        }
    }
}

/// The refusal of a key that is none of `known`.
pub fn unknown_key(key: &str, known: &[&str]) -> Problem {
    let offered = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Problem::new(
        Code::InvalidParameter,
        format!("parameter {key:?} is unknown here; known: {offered}"),
    )
}

/// Percent-encoding of a value or of a part of a path; what is safe in both stays as it is.
pub fn encode(text: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~,:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A URL with one more parameter.
pub fn append(url: &str, key: &str, value: &str) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}{key}={}", encode(value))
}

/// Percent-decoding; `+` is a space.
pub fn decode(text: &str) -> Result<String, Problem> {
    let refused =
        || Problem::new(Code::InvalidParameter, format!("{text:?} is not percent-encoded UTF-8"));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
                let (high, low) = (digit().ok_or_else(refused)?, digit().ok_or_else(refused)?);
                bytes.push((high * 16 + low) as u8);
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok().ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn repeated_keys_and_escapes_are_read() {
        let cases = [
            ("f=json", Some("json")),
            ("f=json&f=html", Some("html")),
            ("f=%E5%9B%BE%E6%96%91", Some("图斑")),
            ("f=a+b", Some("a b")),
            ("f", Some("")),
            ("", None),
            ("&&", None),
        ];
        for (raw, expected) in cases {
            let query = QueryString::parse(Some(raw), &["f"]).unwrap();
            assert_eq!(query.value("f"), expected, "{raw}");
        }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let odd = "图斑 a+b&c=d%/?#\"'<>";
        assert_eq!(decode(&encode(odd)).unwrap(), odd);
        assert_eq!(encode("parcels-1,2"), "parcels-1,2");
    }

    #[test]
    fn unknown_keys_and_broken_escapes_are_refused() {
        for raw in ["x=1", "f=%", "f=%4", "f=%zz", "f=%FF", "%ff=1"] {
            assert!(QueryString::parse(Some(raw), &["f"]).is_err(), "{raw}");
        }
    }
}
