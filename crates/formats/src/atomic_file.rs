//! A file that appears whole or not at all: written beside its place, then renamed.

use std::fs::{File, Permissions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::FormatError;

/// A file under construction; dropped before [`AtomicFile::finish`], it leaves nothing.
#[derive(Debug)]
pub(crate) struct AtomicFile {
    path: PathBuf,
    out: BufWriter<NamedTempFile>,
}

impl AtomicFile {
    /// Begins the file that is to stand at `path`.
    pub(crate) fn create(path: &Path) -> Result<Self, FormatError> {
        let file = temporary(path)?;
        Ok(Self { path: path.to_owned(), out: BufWriter::with_capacity(1 << 18, file) })
    }

    /// Where the file is to stand.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the bytes durable and puts the file in its place.
    pub(crate) fn finish(self) -> Result<(), FormatError> {
        let file = self.out.into_inner().map_err(|error| error.into_error());
        place(file.map_err(FormatError::io(&self.path))?, &self.path)
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// An empty file beside `path`, removed when dropped.
pub(crate) fn temporary(path: &Path) -> Result<NamedTempFile, FormatError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tuban-").suffix(".part");
    // What a newly created file gets; the process's mask still applies.
    #[cfg(unix)]
    builder.permissions(<Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666));
    builder.tempfile_in(folder(path)).map_err(FormatError::io(path))
}

/// Makes `file` durable and renames it to `path`.
pub(crate) fn place(file: NamedTempFile, path: &Path) -> Result<(), FormatError> {
    file.as_file().sync_all().map_err(FormatError::io(path))?;
    file.persist(path).map_err(|error| FormatError::io(path)(error.error))?;
    // The rename itself is durable once the folder is.
    File::open(folder(path)).and_then(|folder| folder.sync_all()).map_err(FormatError::io(path))
}

/// The folder of `path`, where its temporary files belong.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
