//! What can be wrong with a file.

use std::path::PathBuf;

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
}
