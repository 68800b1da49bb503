//! The files of a package: a folder, an archive of one, or a single file with all tables.

use std::path::{Path, PathBuf};

use formats::{FormatError, LayerReader, ReadOptions, UnpackedArchive, unpack_archive};

use crate::import::ImportError;

/// Endings of files that hold layers, in lower case; a `.dbf` beside a `.shp` belongs to it.
const LAYERS: [&str; 9] =
    ["shp", "dbf", "gpkg", "fgb", "geojson", "geojsonl", "csv", "xlsx", "xls"];
/// Endings of photos.
const PHOTOS: [&str; 3] = ["jpg", "jpeg", "png"];
/// Folders within folders that are looked into.
const MAX_DEPTH: usize = 8;
/// Most files of a package.
const MAX_FILES: usize = 200_000;

/// What a package is made of.
#[derive(Debug)]
pub(super) struct Package {
    path: PathBuf,
    files: Vec<PathBuf>,
    /// By name.
    pub(super) photos: Vec<PathBuf>,
    archive: Option<UnpackedArchive>,
}

impl Package {
    /// Finds the files at `path`, and photos in `photos` besides.
    pub(super) fn open(
        path: &Path,
        photos: Option<&Path>,
        read: &ReadOptions,
    ) -> Result<Self, ImportError> {
        let io = |source| ImportError::Io { path: path.to_owned(), source };
        let is_folder = std::fs::metadata(path).map_err(io)?.is_dir();
        let is_archive = !is_folder && formats::detect(path)? == formats::Format::Zip;
        let archive = match is_archive {
            true => Some(unpack_archive(path, read.max_unzipped_bytes, &PHOTOS)?),
            false => None,
        };
        let root = archive.as_ref().map_or(path, |archive| archive.folder()).to_owned();
        let mut files = Vec::new();
        match is_folder || is_archive {
            true => walk(&root, 0, &mut files)?,
            false => files.push(path.to_owned()),
        }
        let mut all_photos: Vec<PathBuf> =
            files.iter().filter(|file| PHOTOS.contains(&&*ending(file))).cloned().collect();
        if let Some(folder) = photos {
            let mut more = Vec::new();
            walk(folder, 0, &mut more)?;
            more.retain(|file| PHOTOS.contains(&&*ending(file)));
            all_photos.append(&mut more);
        }
        let shapes: Vec<String> = files
            .iter()
            .filter(|file| ending(file) == "shp")
            .map(|file| without_ending(file))
            .collect();
        files.retain(|file| {
            let ending = ending(file);
            let belongs = ending == "dbf" && shapes.contains(&without_ending(file));
            LAYERS.contains(&&*ending) && !belongs || (!is_folder && !is_archive)
        });
        all_photos.sort();
        all_photos.dedup();
        Ok(Self { path: path.to_owned(), files, photos: all_photos, archive })
    }

    /// Where it was found.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How many files hold layers.
    pub(super) fn files(&self) -> usize {
        self.files.len()
    }

    /// The layers of one file, each to be read from its beginning.
    pub(super) fn layers(
        &self,
        file: usize,
        read: &ReadOptions,
    ) -> Result<Vec<Box<dyn LayerReader>>, FormatError> {
        formats::open(&self.files[file], read).map_err(|error| match &self.archive {
            Some(archive) => archive.placed(error),
            None => error,
        })
    }
}

fn ending(path: &Path) -> String {
    path.extension().map_or_else(String::new, |ending| ending.to_string_lossy().to_lowercase())
}

fn without_ending(path: &Path) -> String {
    path.with_extension("").to_string_lossy().to_lowercase()
}

/// Every file below a folder, by name; hidden ones and links are passed over.
fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), ImportError> {
    let io = |source| ImportError::Io { path: folder.to_owned(), source };
    let refused = |reason: String| {
        let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, reason);
        ImportError::Io { path: folder.to_owned(), source }
    };
    if depth > MAX_DEPTH {
        return Err(refused(format!("folders lie more than {MAX_DEPTH} deep; move the files up")));
    }
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).map_err(io)?.collect::<Result<_, _>>().map_err(io)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let kind = entry.file_type().map_err(io)?;
        if kind.is_dir() {
            walk(&entry.path(), depth + 1, files)?;
        } else if kind.is_file() {
            if files.len() == MAX_FILES {
                return Err(refused(format!("more than {MAX_FILES} files; part the package")));
            }
            files.push(entry.path());
        }
    }
    Ok(())
}
