//! Zip archives: zipped Shapefiles, one or several, and zipped files of the other formats.
//!
//! What is read is unpacked into a temporary folder that lives as long as its readers. Bounds:
//! entries, bytes in all, and the ratio of a deflated entry are limited while it is unpacked,
//! by what really comes out and not by what the archive says; names cannot leave the folder;
//! archives in archives are not opened. Names may be GBK, as older Chinese tools write them.

#[cfg(test)]
mod zipped_tests;

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use zip::ZipArchive;

use crate::detect::{self, ReadOptions, extension};
use crate::encoding::{Tally, Text, decode};
use crate::{FormatError, LayerReader, LayerSchema, Row};

const FORMAT: &str = "zip";
const MAX_ENTRIES: usize = 1000;
/// Most entries of an archive that is unpacked as a folder: photos come by thousands.
const MAX_FOLDER_ENTRIES: usize = 50_000;
/// An entry that unpacks to more than this may not have been packed tighter than [`MAX_RATIO`].
const RATIO_FROM_BYTES: u64 = 1 << 20;
const MAX_RATIO: u64 = 200;
/// Extensions that make a layer.
const LAYERS: [&str; 12] = [
    "shp", "geojson", "json", "geojsonl", "geojsons", "ndjson", "fgb", "gpkg", "csv", "tsv",
    "xlsx", "xls",
];
/// Extensions of what belongs to a layer.
const COMPANIONS: [&str; 4] = ["dbf", "shx", "prj", "cpg"];

/// Opens every layer in the archive at `path`.
pub fn open(path: &Path, options: &ReadOptions) -> Result<Vec<Box<dyn LayerReader>>, FormatError> {
    let unpacked = unpack(path, (options.max_unzipped_bytes, MAX_ENTRIES), &[])?;
    let folder = Arc::new(unpacked.folder);
    let place = |error| in_archive(error, folder.path(), path);
    let mut readers: Vec<Box<dyn LayerReader>> = Vec::new();
    for file in &unpacked.files {
        let alone = extension(file) == "dbf" && crate::dbf::sibling(file, "shp").is_none();
        if !alone && !LAYERS.contains(&extension(file).as_str()) {
            continue;
        }
        for reader in detect::open(file, options).map_err(place)? {
            let mut schema = reader.schema().clone();
            schema.notes.extend(unpacked.notes.iter().cloned());
            readers.push(Box::new(Unpacked {
                reader,
                schema,
                archive: path.to_owned(),
                folder: Arc::clone(&folder),
            }));
        }
    }
    if readers.is_empty() {
        let found = if unpacked.notes.is_empty() { "it is empty" } else { &unpacked.notes[0] };
        return Err(malformed(path, format!("nothing in it is read: {found}")));
    }
    Ok(readers)
}

/// An archive unpacked into a folder that lives as long as the value.
#[derive(Debug)]
pub struct UnpackedArchive {
    archive: PathBuf,
    contents: Contents,
}

/// Unpacks what is read of the archive at `path`, and entries with one of the endings `also`, in lower case,
/// to at most `max_bytes`.
///
/// # Errors
/// When it is no archive, or breaks a limit.
pub fn unpack_archive(
    path: &Path,
    max_bytes: u64,
    also: &[&str],
) -> Result<UnpackedArchive, FormatError> {
    let contents = unpack(path, (max_bytes, MAX_FOLDER_ENTRIES), also)?;
    Ok(UnpackedArchive { archive: path.to_owned(), contents })
}

impl UnpackedArchive {
    /// The folder.
    pub fn folder(&self) -> &Path {
        self.contents.folder.path()
    }

    /// The error of a file in the folder, with its place in the archive.
    pub fn placed(&self, error: FormatError) -> FormatError {
        in_archive(error, self.folder(), &self.archive)
    }
}

/// Whether the archive at `path` is an Excel workbook.
pub(crate) fn is_workbook(path: &Path) -> bool {
    File::open(path)
        .ok()
        .and_then(|file| ZipArchive::new(BufReader::new(file)).ok())
        .is_some_and(|archive| archive.index_for_name("xl/workbook.xml").is_some())
}

/// Unpacks every entry into nothing, so that whoever reads the archive next is safe from it.
pub(crate) fn check_size(path: &Path, max_bytes: u64) -> Result<(), FormatError> {
    let mut archive = Archive::open(path, Ratio::Any, (max_bytes, MAX_ENTRIES))?;
    for slot in 0..archive.entries.len() {
        archive.copy(slot, &format!("{}", slot + 1), &mut std::io::sink())?;
    }
    Ok(())
}

/// A reader of an unpacked file; keeps the folder until it is dropped.
struct Unpacked {
    reader: Box<dyn LayerReader>,
    schema: LayerSchema,
    archive: PathBuf,
    folder: Arc<TempDir>,
}

impl LayerReader for Unpacked {
    fn schema(&self) -> &LayerSchema {
        &self.schema
    }

    fn next_rows(&mut self, limit: usize) -> Result<Vec<Row>, FormatError> {
        let place = |error| in_archive(error, self.folder.path(), &self.archive);
        self.reader.next_rows(limit).map_err(place)
    }
}

/// Puts the archive's path in place of the temporary folder's.
fn in_archive(error: FormatError, folder: &Path, archive: &Path) -> FormatError {
    let place = |path: PathBuf| match path.strip_prefix(folder) {
        Ok(inner) => archive.join(inner),
        Err(_) => path,
    };
    match error {
        FormatError::Io { path, source } => FormatError::Io { path: place(path), source },
        FormatError::Unsupported { path, format, command } => {
            let command = command.replace(&*folder.to_string_lossy(), "FOLDER");
            FormatError::Unsupported { path: place(path), format, command }
        }
        FormatError::Malformed { path, format, reason } => {
            FormatError::Malformed { path: place(path), format, reason }
        }
        unwritable @ FormatError::Unwritable { .. } => unwritable,
    }
}

fn malformed(path: &Path, reason: String) -> FormatError {
    FormatError::Malformed { path: path.to_owned(), format: FORMAT, reason }
}

/// Whether an entry may have been packed tighter than [`MAX_RATIO`]: repetitive sheets are.
#[derive(Clone, Copy, PartialEq)]
enum Ratio {
    Limited,
    Any,
}

/// An open archive and what may still come out of it.
struct Archive<'a> {
    path: &'a Path,
    entries: ZipArchive<BufReader<File>>,
    ratio: Ratio,
    left: u64,
}

impl<'a> Archive<'a> {
    /// `limits` are bytes that may come out, and entries.
    fn open(path: &'a Path, ratio: Ratio, limits: (u64, usize)) -> Result<Self, FormatError> {
        let file =
            File::open(path).map_err(|source| FormatError::Io { path: path.to_owned(), source })?;
        let entries = ZipArchive::new(BufReader::new(file));
        let entries = entries.map_err(|error| malformed(path, error.to_string()))?;
        let (left, most) = limits;
        if entries.len() > most {
            let reason = format!("{} entries; at most {most} are unpacked", entries.len());
            return Err(malformed(path, reason));
        }
        Ok(Self { path, entries, ratio, left })
    }

    /// Names of all entries, decoded together: UTF-8 or GB18030.
    fn names(&mut self) -> Result<Vec<String>, FormatError> {
        let mut raw = Vec::with_capacity(self.entries.len());
        for slot in 0..self.entries.len() {
            let entry = self.entries.by_index_raw(slot);
            let entry = entry.map_err(|error| malformed(self.path, error.to_string()))?;
            let reason = if entry.encrypted() {
                "it is encrypted; unpack it with its password"
            } else if entry.is_symlink() {
                "it holds a link to another file"
            } else {
                raw.push(entry.name_raw().to_vec());
                continue;
            };
            return Err(malformed(self.path, reason.to_owned()));
        }
        let mut tally = Tally::new(None);
        raw.iter().for_each(|name| tally.row(&[Text::from(name.as_slice())]));
        let (encoding, _) = tally.choose();
        let name = |(slot, raw): (usize, &Vec<u8>)| {
            let text = Text::from(raw.as_slice());
            let decoded = encoding.of(&[text]).and_then(|encoding| decode(encoding, text));
            decoded.map(|(name, _)| name.into_owned()).ok_or_else(|| {
                let reason = format!("the name of entry {} is neither UTF-8 nor GB18030", slot + 1);
                malformed(self.path, reason)
            })
        };
        raw.iter().enumerate().map(name).collect()
    }

    /// Unpacks the entry at `slot` into `out`, as long as the limits hold.
    fn copy(&mut self, slot: usize, name: &str, out: &mut dyn Write) -> Result<(), FormatError> {
        let path = self.path;
        let io = |source| FormatError::Io { path: path.join(name), source };
        let mut entry = self.entries.by_index(slot).map_err(|e| malformed(path, e.to_string()))?;
        let packed = entry.compressed_size().max(1);
        let mut unpacked = 0;
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = entry.read(&mut buffer).map_err(io)?;
            if read == 0 {
                return Ok(());
            }
            unpacked += read as u64;
            self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
                malformed(path, format!("it unpacks to more than is allowed, at entry {name:?}"))
            })?;
            if self.ratio == Ratio::Limited
                && unpacked > RATIO_FROM_BYTES
                && unpacked / packed >= MAX_RATIO
            {
                return Err(malformed(
                    path,
                    format!(
                        "entry {name:?} unpacks to more than {MAX_RATIO} times its size, as a zip \
                         bomb does; if it is genuine, unpack it yourself and import the files"
                    ),
                ));
            }
            out.write_all(&buffer[..read]).map_err(io)?;
        }
    }
}

#[derive(Debug)]
struct Contents {
    folder: TempDir,
    files: Vec<PathBuf>,
    notes: Vec<String>,
}

fn unpack(path: &Path, limits: (u64, usize), also: &[&str]) -> Result<Contents, FormatError> {
    let mut archive = Archive::open(path, Ratio::Limited, limits)?;
    let folder = tempfile::Builder::new().prefix("tuban-zip-").tempdir();
    let folder = folder.map_err(|source| FormatError::Io { path: std::env::temp_dir(), source })?;
    let names = archive.names()?;
    let (mut files, mut skipped) = (Vec::new(), Vec::new());
    for (slot, name) in names.iter().enumerate() {
        let inner = inner_path(name).ok_or_else(|| {
            malformed(
                path,
                format!("entry {name:?} would be written outside of the archive's folder"),
            )
        })?;
        let hidden = name.starts_with("__MACOSX/")
            || inner.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if name.ends_with(['/', '\\']) || hidden {
            continue;
        }
        let extension = extension(&inner);
        if ![&LAYERS[..], &COMPANIONS, also].iter().any(|all| all.contains(&&*extension)) {
            skipped.push(name.as_str());
            continue;
        }
        let target = folder.path().join(&inner);
        let io = |source| FormatError::Io { path: path.join(&inner), source };
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(io)?;
        }
        // Refuses a second entry of the same name instead of mixing the two.
        let mut file = File::create_new(&target).map_err(io)?;
        archive.copy(slot, name, &mut file)?;
        files.push(target);
    }
    let mut notes = Vec::new();
    if !skipped.is_empty() {
        const SHOWN: usize = 5;
        let shown = skipped.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
        let more = if skipped.len() > SHOWN { ", …" } else { "" };
        notes.push(format!("{} entries of the archive are not read: {shown}{more}", skipped.len()));
    }
    Ok(Contents { folder, files, notes })
}

/// The path below the folder that `name` means; `None` when it leads out of it.
fn inner_path(name: &str) -> Option<PathBuf> {
    let mut inner = PathBuf::new();
    let parts = name.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".");
    for part in parts {
        if part == ".." || part.contains(['\0', ':']) {
            return None;
        }
        inner.push(part);
    }
    (!name.starts_with(['/', '\\'])).then_some(inner)
}
