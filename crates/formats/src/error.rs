//! What can be wrong with a file.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// A file that cannot be read or written.
#[derive(Debug, Error)]
pub enum FormatError {
    /// The file cannot be opened, read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The format is known but not read here.
    #[error("{path}: {format} is not read; convert it first:\n  {command}")]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Name of the format.
        format: &'static str,
        /// A command that converts it.
        command: String,
    },
    /// The bytes are not those of the format.
    #[error("{path}: not a readable {format} file: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Name of the format.
        format: &'static str,
        /// What is wrong, and where.
        reason: String,
    },
    /// The format cannot hold what is to be written.
    #[error("{path}: cannot be written as {format}: {reason}")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Name of the format.
        format: &'static str,
        /// What it cannot hold, and the way out.
        reason: String,
    },
}

impl FormatError {
    /// The file that the message begins with.
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. }
            | Self::Unsupported { path, .. }
            | Self::Malformed { path, .. }
            | Self::Unwritable { path, .. } => path,
        }
    }

    /// Names the file of a failure of the system.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    /// Says what is wrong with the bytes of a file.
    pub(crate) fn malformed(
        path: &Path,
        format: &'static str,
        reason: impl std::fmt::Display,
    ) -> Self {
        Self::Malformed { path: path.to_owned(), format, reason: reason.to_string() }
    }
}
