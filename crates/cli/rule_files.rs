//! Files of spatial rules, of the catalogue of industries that they read, and of checklists: TOML, checked
//! as a whole, every fault listed.

use std::path::Path;

use ledger::catalogue::{Catalogue, CatalogueSet, DEFAULT_CATALOGUE};
use ledger::checklist::{ChecklistSet, Checklists, DEFAULT_CHECKLISTS};
use ledger::clue::{DEFAULT_RULES, RuleSet, Rules};

use crate::indicator_files::{IndicatorFileError, parse, read};

/// How messages call the rules that come with the program.
const BUILT_IN: &str = "clues.toml (built in)";
/// How messages call the checklists that come with the program.
const BUILT_IN_CHECKLISTS: &str = "checklists.toml (built in)";
/// How messages call the catalogue that comes with the program.
const BUILT_IN_CATALOGUE: &str = "catalogue.toml (built in)";

/// Reads the rules of a file; without one, those that come with the program.
///
/// # Errors
/// When the file cannot be read, is no TOML, or has a fault.
pub fn read_rules(path: Option<&Path>) -> Result<Rules, IndicatorFileError> {
    let (path, text) = match path {
        Some(path) => (path, read(path)?),
        None => (Path::new(BUILT_IN), DEFAULT_RULES.to_owned()),
    };
    let set: RuleSet = parse(path, &text)?;
    Rules::new(set).map_err(|faults| IndicatorFileError::Rules { path: path.to_owned(), faults })
}

/// Reads the checklists of a file; without one, those that come with the program.
///
/// # Errors
/// When the file cannot be read, is no TOML, or has a fault.
pub fn read_checklists(path: Option<&Path>) -> Result<Checklists, IndicatorFileError> {
    let (path, text) = match path {
        Some(path) => (path, read(path)?),
        None => (Path::new(BUILT_IN_CHECKLISTS), DEFAULT_CHECKLISTS.to_owned()),
    };
    let set: ChecklistSet = parse(path, &text)?;
    Checklists::new(set)
        .map_err(|faults| IndicatorFileError::Checklists { path: path.to_owned(), faults })
}

/// Reads the catalogue of industries of a file; without one, the example that comes with the program.
///
/// # Errors
/// When the file cannot be read, is no TOML, or has a fault.
pub fn read_catalogue(path: Option<&Path>) -> Result<Catalogue, IndicatorFileError> {
    let (path, text) = match path {
        Some(path) => (path, read(path)?),
        None => (Path::new(BUILT_IN_CATALOGUE), DEFAULT_CATALOGUE.to_owned()),
    };
    let set: CatalogueSet = parse(path, &text)?;
    let faulty = |faults| IndicatorFileError::Catalogue { path: path.to_owned(), faults };
    Catalogue::new(set).map_err(faulty)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn mistakes_name_the_file_and_the_line_or_the_key() {
        assert_eq!(read_rules(None).unwrap().all().len(), 17);
        let told = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("规则.toml");
            std::fs::write(&path, text).unwrap();
            read_rules(Some(&path)).unwrap_err().to_string()
        };
        let unknown = DEFAULT_RULES.replacen("metres = 15", "feet = 15", 1);
        let line = 1 + unknown.lines().position(|line| line == "feet = 15").unwrap();
        let error = told(&unknown);
        assert!(error.contains("规则.toml, line ") && error.contains("feet"), "{error} {line}");
        let error = told(&DEFAULT_RULES.replacen("metres = 15", "metres = 15000", 1));
        assert!(error.contains("规则.toml: the rules cannot be used:\n  rule \"rebound\", metres"));
        assert_eq!(read_checklists(None).unwrap().all().len(), 3);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("清单.toml");
        std::fs::write(&path, DEFAULT_CHECKLISTS.replacen("kind = \"no\"", "kind = \"never\"", 1))
            .unwrap();
        let error = read_checklists(Some(&path)).unwrap_err().to_string();
        assert!(error.contains("清单.toml, line ") && error.contains("never"), "{error}");
        std::fs::write(&path, DEFAULT_CHECKLISTS.replacen("\"shi_wu\"", "\"Shi\"", 1)).unwrap();
        let error = read_checklists(Some(&path)).unwrap_err().to_string();
        assert!(error.contains("the checklists cannot be used:\n  checklist \"Shi\""), "{error}");
        assert!(read_catalogue(None).unwrap().edition_on("2026-06-01".parse().unwrap()).is_some());
        let path = folder.path().join("目录.toml");
        std::fs::write(&path, DEFAULT_CATALOGUE.replacen("\"C26\"", "\"X\"", 1)).unwrap();
        let error = read_catalogue(Some(&path)).unwrap_err().to_string();
        assert!(error.contains("the catalogue cannot be used:\n  edition"), "{error}");
        let missing = read_rules(Some(Path::new("nowhere.toml"))).unwrap_err().to_string();
        assert!(missing.starts_with("nowhere.toml: "), "{missing}");
    }
}
