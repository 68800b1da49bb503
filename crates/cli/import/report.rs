//! What an import mended or skipped: counts by kind, and a file with one line a row.
//!
//! *Invariant:* no value of a row is ever written here; values may be personal.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Kept after a mend.
    Repaired,
    /// Left out.
    Skipped,
    /// Kept as it is, to be looked at.
    Warned,
}

/// Lines of one report file; the file is made with the first line.
#[derive(Debug)]
pub struct Report {
    path: PathBuf,
    goes_on: bool,
    file: Option<BufWriter<File>>,
    counts: BTreeMap<(Action, String), u64>,
}

impl Report {
    /// A report that goes to `path` once there is something to say; `goes_on` after the lines
    /// that are there, instead of in their place.
    pub fn new(path: PathBuf, goes_on: bool) -> Self {
        Self { path, goes_on, file: None, counts: BTreeMap::new() }
    }

    /// Adds a line: the layer, its row from 1, what happened and why.
    pub fn add(
        &mut self,
        layer: &str,
        row: u64,
        action: Action,
        kind: &str,
        field: Option<&str>,
        reason: &str,
    ) -> std::io::Result<()> {
        *self.counts.entry((action, kind.to_owned())).or_default() += 1;
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = if self.goes_on {
                    File::options().append(true).open(&self.path)?
                } else {
                    create(&self.path)?
                };
                self.file.insert(BufWriter::new(file))
            }
        };
        let action = match action {
            Action::Repaired => "repaired",
            Action::Skipped => "skipped",
            Action::Warned => "warned",
        };
        write!(
            file,
            "{},{row},{action},{kind},{},{}\r\n",
            quoted(layer),
            quoted(field.unwrap_or_default()),
            quoted(reason)
        )
    }

    /// Rows by action and kind.
    pub fn counts(&self) -> &BTreeMap<(Action, String), u64> {
        &self.counts
    }

    /// The file that was made, if one was.
    pub fn made(&self) -> Option<&Path> {
        self.file.as_ref().map(|_| self.path.as_path())
    }

    /// Writes what is still held back; the path if a file was made.
    pub fn finish(mut self) -> std::io::Result<Option<PathBuf>> {
        match self.file.take() {
            Some(mut file) => {
                file.flush()?;
                Ok(Some(self.path))
            }
            None => Ok(None),
        }
    }
}

/// First line of a report; the mark makes spreadsheets read the file as UTF-8.
const HEAD: &str = "\u{feff}layer,row,action,kind,field,reason\r\n";

/// Starts a report at `path`, in the place of an older one but of nothing else.
fn create(path: &Path) -> std::io::Result<File> {
    if let Ok(mut there) = File::open(path) {
        let mut start = Vec::new();
        (&mut there).take(HEAD.len() as u64).read_to_end(&mut start)?;
        if !start.is_empty() && start != HEAD.as_bytes() {
            let reason = format!("{} exists and is no report", path.display());
            return Err(std::io::Error::new(std::io::ErrorKind::AlreadyExists, reason));
        }
    }
    let mut file = File::create(path)?;
    file.write_all(HEAD.as_bytes())?;
    Ok(file)
}

/// Where the report of an import into `store` goes when the user names no file.
pub fn default_path(store: &Path, collection: &str) -> PathBuf {
    let stem = store.file_stem().unwrap_or_default().to_string_lossy();
    store.with_file_name(format!("{stem}.{collection}.report.csv"))
}

/// A CSV field: quoted where it must be, and never read as a formula by a spreadsheet.
fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t']) { "'" } else { "" };
    if guard.is_empty() && !text.contains([',', '"', '\n', '\r']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn fields_are_quoted_and_formulas_are_not_run() {
        for (text, expected) in
            [("plain", "plain"), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("=1+1", "\"'=1+1\"")]
        {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn no_file_is_made_without_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.csv");
        assert_eq!(Report::new(path.clone(), false).finish().unwrap(), None);
        assert!(!path.exists());
        let mut report = Report::new(path.clone(), false);
        report.add("l", 3, Action::Skipped, "null_geometry", None, "no place").unwrap();
        assert_eq!(report.counts()[&(Action::Skipped, "null_geometry".into())], 1);
        assert_eq!(report.finish().unwrap(), Some(path.clone()));
        let line = "l,3,skipped,null_geometry,,no place\r\n";
        for (goes_on, lines) in [(true, 2), (false, 1)] {
            let mut report = Report::new(path.clone(), goes_on);
            report.add("l", 3, Action::Skipped, "null_geometry", None, "no place").unwrap();
            report.finish().unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(text, format!("{HEAD}{}", line.repeat(lines)));
        }
        std::fs::write(&path, "dear diary").unwrap();
        let mut report = Report::new(path.clone(), false);
        report.add("l", 3, Action::Skipped, "null_geometry", None, "").unwrap_err();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "dear diary");
    }
}
