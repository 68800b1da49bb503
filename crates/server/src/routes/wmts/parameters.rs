//! Parameters of a request by key and value: the case of keys does not matter, unknown ones are
//! ignored (OGC 06-121r3 §11.5).

use std::collections::BTreeMap;

use super::Exception;
use crate::query_string::QueryString;

/// The parameters, keys in capitals.
#[derive(Debug)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads a query (without `?`).
    pub fn read(raw: Option<&str>) -> Result<Self, Exception> {
        let query = QueryString::read(raw)?;
        let pairs = query.pairs().map(|(key, value)| (key.to_ascii_uppercase(), value.to_owned()));
        Ok(Self(pairs.collect()))
    }

    /// The value of `key`, which must be there and say something.
    pub fn required(&self, key: &'static str) -> Result<&str, Exception> {
        let value = self.0.get(key).filter(|value| !value.is_empty());
        value.map(String::as_str).ok_or_else(|| Exception::missing(key))
    }

    /// The value of `key`, which must be there and may be empty.
    pub fn present(&self, key: &'static str) -> Result<&str, Exception> {
        self.0.get(key).map(String::as_str).ok_or_else(|| Exception::missing(key))
    }

    /// Refuses a client that reads other versions than `version` alone.
    pub fn accepts(&self, version: &str) -> Result<(), Exception> {
        let accepted = self.0.get("ACCEPTVERSIONS").filter(|accepted| !accepted.is_empty());
        match accepted {
            Some(accepted) if !accepted.split(',').any(|one| one.trim() == version) => {
                Err(Exception::no_version(accepted, version))
            }
            _ => Ok(()),
        }
    }
}
