//! What an import mended or skipped: counts by kind, and a file with one line a row.
//!
//! *Invariant:* no value of a row is ever written here; values may be personal.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
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
}

/// Lines of one report file; the file is made with the first line.
#[derive(Debug)]
pub struct Report {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    counts: BTreeMap<(Action, String), u64>,
}

impl Report {
    /// A report that goes to `path` once there is something to say.
    pub fn new(path: PathBuf) -> Self {
        Self { path, file: None, counts: BTreeMap::new() }
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
                let mut file = BufWriter::new(File::create(&self.path)?);
                // The mark makes spreadsheets read the file as UTF-8.
                file.write_all("\u{feff}layer,row,action,kind,field,reason\r\n".as_bytes())?;
                self.file.insert(file)
            }
        };
        let action = match action {
            Action::Repaired => "repaired",
            Action::Skipped => "skipped",
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
        assert_eq!(Report::new(path.clone()).finish().unwrap(), None);
        assert!(!path.exists());
        let mut report = Report::new(path.clone());
        report.add("l", 3, Action::Skipped, "null_geometry", None, "no place").unwrap();
        assert_eq!(report.counts()[&(Action::Skipped, "null_geometry".into())], 1);
        assert_eq!(report.finish().unwrap(), Some(path.clone()));
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.ends_with("l,3,skipped,null_geometry,,no place\r\n"), "{text}");
    }
}
