//! Files of data that a city may change: spatial rules, the catalogue of industries that they read,
//! checklists, ledgers as lists. TOML, checked as a whole, every fault listed.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use ledger::DataFault;
use ledger::catalogue::{Catalogue, DEFAULT_CATALOGUE};
use ledger::checklist::{Checklists, DEFAULT_CHECKLISTS};
use ledger::clue::{DEFAULT_RULES, Rules};
use ledger::dossier::{DEFAULT_DOSSIERS, Dossiers};
use ledger::indicator::{DefinitionFault, TargetFault, UnitFault};
use ledger::point::Roles;
use ledger::sight::{AreaRules, DEFAULT_AREAS, DEFAULT_PUBLIC, PublicView};
use ledger::survey::{DEFAULT_SURVEY, SurveyTables};
use ledger::task::{DEFAULT_TASKS, Tasks};
use serde::de::DeserializeOwned;
use server::ledgers::{Ledgers, SHIPPED};
use thiserror::Error;

use crate::ledger_config::{LedgerConfig, named};

/// Largest file, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// A file of data that cannot be used.
#[derive(Debug, Error)]
pub enum DataFileError {
    /// It cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is larger than is read.
    #[error("{path}: more than {MAX_BYTES} bytes; take out what is not used")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// It is no TOML, or has a key or value that is not known.
    #[error("{path}, line {line}: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// Definitions do not hold together.
    #[error("{path}: the indicators cannot be used:{}", Listed(faults))]
    Definitions {
        /// The file.
        path: PathBuf,
        /// Every fault.
        faults: Vec<DefinitionFault>,
    },
    /// There are more units than can be told of.
    #[error("{path}: {fault}")]
    Units {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: UnitFault,
    },
    /// Rules, checklists and the like do not hold together.
    #[error("{path}: the {what} cannot be used:{}", Listed(faults))]
    Faulty {
        /// The file.
        path: PathBuf,
        /// What is in it.
        what: &'static str,
        /// Every fault.
        faults: Vec<DataFault>,
    },
    /// Targets do not fit the indicators and units.
    #[error("{path}: the targets cannot be used:{}", Listed(faults))]
    Targets {
        /// The file.
        path: PathBuf,
        /// Every fault.
        faults: Vec<TargetFault>,
    },
}

/// Faults, a line each.
struct Listed<'a, F>(&'a [F]);

impl<F: fmt::Display> fmt::Display for Listed<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        for fault in self.0.iter().take(SHOWN) {
            write!(f, "\n  {fault}")?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

/// Reads the spatial rules of a file, for a city with these roles; without one, those that come with the
/// program.
///
/// # Errors
/// When the file cannot be read, is no TOML, or has a fault.
pub fn read_rules(path: Option<&Path>, roles: &Roles) -> Result<Rules, DataFileError> {
    load(path, ("clues.toml", DEFAULT_RULES), ("rules", |set| Rules::new(set, roles)))
}

/// Reads the tasks of a file; without one, the example that comes with the program.
///
/// # Errors
/// When the file cannot be read, is no TOML, or has a fault.
pub fn read_tasks(path: Option<&Path>) -> Result<Tasks, DataFileError> {
    load(path, ("tasks.toml", DEFAULT_TASKS), ("tasks", Tasks::new))
}

/// The rules of a city for its points: where it has `tasks` of its own, points are registered under these
/// alone.
pub fn ledger_rules(config: &LedgerConfig, tasks: &Tasks) -> ledger::Rules {
    ledger::Rules {
        tasks: tasks.clone(),
        tasks_are_all: named(&config.tasks).is_some(),
        ..config.rules()
    }
}

/// Reads the checklists of a file; without one, those that come with the program.
///
/// # Errors
/// When the file cannot be read, is no TOML, or has a fault.
pub fn read_checklists(path: Option<&Path>) -> Result<Checklists, DataFileError> {
    load(path, ("checklists.toml", DEFAULT_CHECKLISTS), ("checklists", Checklists::new))
}

/// Reads the catalogue of industries of a file; without one, the example that comes with the program.
///
/// # Errors
/// When the file cannot be read, is no TOML, or has a fault.
pub fn read_catalogue(path: Option<&Path>) -> Result<Catalogue, DataFileError> {
    load(path, ("catalogue.toml", DEFAULT_CATALOGUE), ("catalogue", Catalogue::new))
}

/// Reads what household files are made of; without a file, what comes with the program.
///
/// # Errors
/// When the file cannot be read, is no TOML, or has a fault.
pub fn read_dossiers(path: Option<&Path>) -> Result<Dossiers, DataFileError> {
    load(path, ("dossiers.toml", DEFAULT_DOSSIERS), ("household files", Dossiers::new))
}

/// Reads how survey packages are read; without a file, as it comes with the program.
///
/// # Errors
/// When the file cannot be read, is no TOML, or has a fault.
pub fn read_survey(path: Option<&Path>) -> Result<SurveyTables, DataFileError> {
    load(path, ("survey.toml", DEFAULT_SURVEY), ("survey tables", SurveyTables::new))
}

/// Reads the ledgers of a file; without one, those that come with the program.
///
/// # Errors
/// When the file cannot be read, is no TOML, or has a fault.
pub fn read_ledgers(path: Option<&Path>) -> Result<Ledgers, DataFileError> {
    load(path, ("ledgers.toml", SHIPPED), ("ledgers", Ledgers::new))
}

/// Reads what everyone may read, of a file; without one, what comes with the program.
///
/// # Errors
/// When the file cannot be read, is no TOML, or has a fault.
pub fn read_public(path: Option<&Path>) -> Result<PublicView, DataFileError> {
    load(path, ("public.toml", DEFAULT_PUBLIC), ("public collections", PublicView::new))
}

/// Reads where rows without a place belong, of a file; without one, the rules that come with the program.
///
/// # Errors
/// When the file cannot be read, is no TOML, or has a fault.
pub fn read_areas(path: Option<&Path>) -> Result<AreaRules, DataFileError> {
    load(path, ("areas.toml", DEFAULT_AREAS), ("area rules", AreaRules::new))
}

/// What is in a file, or in the one that comes with the program, and holds together.
fn load<S: DeserializeOwned, T>(
    path: Option<&Path>,
    (name, shipped): (&str, &str),
    (what, take): (&'static str, impl Fn(S) -> Result<T, Vec<DataFault>>),
) -> Result<T, DataFileError> {
    let (path, text) = match path {
        Some(path) => (path.to_owned(), read(path)?),
        None => (PathBuf::from(format!("{name} (built in)")), shipped.to_owned()),
    };
    take(parse(&path, &text)?).map_err(|faults| DataFileError::Faulty { path, what, faults })
}

/// The text of a file of data, within its limit.
pub(crate) fn read(path: &Path) -> Result<String, DataFileError> {
    let io = |source| DataFileError::Io { path: path.to_owned(), source };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(io)?;
    let read = file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(io)?;
    match read as u64 > MAX_BYTES {
        true => Err(DataFileError::TooLarge { path: path.to_owned() }),
        false => Ok(text),
    }
}

/// What a text of TOML says; errors name file and line.
pub(crate) fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, DataFileError> {
    // Windows editors begin files with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    toml::from_str(text).map_err(|error| DataFileError::Malformed {
        path: path.to_owned(),
        line: error.span().map_or(1, |span| {
            text.as_bytes()[..span.start.min(text.len())].iter().filter(|b| **b == b'\n').count()
                + 1
        }),
        reason: error.message().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn mistakes_of_rules_and_checklists_name_the_file_and_the_line_or_the_key() {
        assert_eq!(read_rules(None, &Roles::default()).unwrap().all().len(), 17);
        let told = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("规则.toml");
            std::fs::write(&path, text).unwrap();
            read_rules(Some(&path), &Roles::default()).unwrap_err().to_string()
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
        let path = folder.path().join("档案.toml");
        std::fs::write(&path, DEFAULT_DOSSIERS.replacen("weight = 3", "weight = 0", 1)).unwrap();
        let error = read_dossiers(Some(&path)).unwrap_err().to_string();
        assert!(error.contains("the household files cannot be used:\n  dossiers"), "{error}");
        let missing =
            read_rules(Some(Path::new("nowhere.toml")), &Roles::default()).unwrap_err().to_string();
        assert!(missing.starts_with("nowhere.toml: "), "{missing}");
    }

    #[test]
    fn mistakes_of_ledgers_name_the_file_the_ledger_the_value_and_a_way_out() {
        assert_eq!(read_ledgers(None).unwrap().all().count(), 13);
        assert_eq!(read_tasks(None).unwrap().all().len(), 9);
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
