//! Files of ledgers as lists: TOML, checked as a whole, every fault listed.

use std::path::Path;

use ledger::book::BookSet;
use server::ledgers::{Ledgers, SHIPPED};

use crate::indicator_files::{IndicatorFileError, parse, read};

/// How messages call the ledgers that come with the program.
const BUILT_IN: &str = "ledgers.toml (built in)";

/// Reads the ledgers of a file; without one, those that come with the program.
///
/// # Errors
/// When the file cannot be read, is no TOML, or has a fault.
pub fn read_ledgers(path: Option<&Path>) -> Result<Ledgers, IndicatorFileError> {
    let (path, text) = match path {
        Some(path) => (path, read(path)?),
        None => (Path::new(BUILT_IN), SHIPPED.to_owned()),
    };
    let set: BookSet = parse(path, &text)?;
    Ledgers::new(set)
        .map_err(|faults| IndicatorFileError::Ledgers { path: path.to_owned(), faults })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn mistakes_name_the_file_the_ledger_the_value_and_a_way_out() {
        assert_eq!(read_ledgers(None).unwrap().all().count(), 10);
        let told = |from: &str, to: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("台账.toml");
            std::fs::write(&path, SHIPPED.replacen(from, to, 1)).unwrap();
            read_ledgers(Some(&path)).unwrap_err().to_string()
        };
        let error = told("rebound_count >= 1", "rebound_count >");
        let expected = "台账.toml: the ledgers cannot be used:\n  ledger \"rebound\", filter: ";
        assert!(error.contains(expected) && error.contains("is no CQL2 text"), "{error}");
        let error = told("level = \"town\"", "level = \"moon\"");
        assert!(error.contains("台账.toml, line ") && error.contains("moon"), "{error}");
        let missing = read_ledgers(Some(Path::new("nowhere.toml"))).unwrap_err().to_string();
        assert!(missing.starts_with("nowhere.toml: "), "{missing}");
    }
}
