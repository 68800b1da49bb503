//! Photos of a package: whose each is, by the names of file and folder, and whether it is one.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use formats::PhotoFormat;
use ledger::normal_form;
use ledger::survey::DefectKind;
use store::evidence::Digests;

use super::Defects;
use crate::import::ImportError;

/// What photos are told of in the list of defects.
const LAYER: &str = "photos";

/// A photo of a subject.
#[derive(Debug)]
pub(super) struct SubjectPhoto {
    /// The kind of the subject.
    pub(super) kind: String,
    /// The number of the subject.
    pub(super) subject: String,
    pub(super) sha256: String,
    pub(super) file: PathBuf,
}

/// Subjects by what a photo may call them, in normal form: kind and number of each.
pub(super) type Subjects = HashMap<String, BTreeSet<(String, String)>>;

/// Reads the photos, each a moment in memory.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn photos_of(
    files: &[PathBuf],
    subjects: &Subjects,
    most_bytes: usize,
    defects: &mut Defects,
) -> Result<Vec<SubjectPhoto>, ImportError> {
    let mut photos = Vec::new();
    for (number, file) in (1..).zip(files) {
        let place = (LAYER, number);
        let told = harmless(file);
        let Some(of) = named(file, subjects) else {
            defects.add(place, DefectKind::PhotoOfNobody, told.as_deref(), "");
            continue;
        };
        let io = |source| ImportError::Io { path: file.clone(), source };
        let length = std::fs::metadata(file).map_err(io)?.len();
        let bytes = match length <= most_bytes as u64 {
            true => std::fs::read(file).map_err(io)?,
            false => Vec::new(),
        };
        let formats = [PhotoFormat::Jpeg, PhotoFormat::Png];
        let is_whole = formats.iter().any(|one| one.begins(&bytes) && one.stripped(&bytes).is_ok());
        if !is_whole {
            defects.add(place, DefectKind::BadPhoto, told.as_deref(), "");
            continue;
        }
        let sha256 = Digests::of(&bytes).sha256;
        for (kind, subject) in of {
            let (kind, subject, sha256) = (kind.clone(), subject.clone(), sha256.clone());
            photos.push(SubjectPhoto { kind, subject, sha256, file: file.clone() });
        }
    }
    Ok(photos)
}

/// The subjects that a photo names: by its own name, perhaps with a number of its own behind it, else by
/// the folder that it lies in.
fn named<'s>(file: &Path, subjects: &'s Subjects) -> Option<&'s BTreeSet<(String, String)>> {
    let stem = normal_form(&file.file_stem()?.to_string_lossy());
    let numbered = || {
        let bare = stem.trim_end_matches([')', '）']);
        let bare = bare.trim_end_matches(|c: char| c.is_ascii_digit());
        subjects.get(bare.strip_suffix(['_', '-', '(', '（'])?)
    };
    let folder = || {
        let folder = file.parent()?.file_name()?;
        subjects.get(&normal_form(&folder.to_string_lossy()))
    };
    subjects.get(&stem).or_else(numbered).or_else(folder)
}

/// The name of a file where it can be of nobody: a code, of more digits than letters, and no number of a
/// person or telephone among them.
fn harmless(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let stem = Path::new(name).file_stem()?.to_str()?;
    let count = |is: fn(&char) -> bool| stem.chars().filter(is).count();
    let (digits, letters) = (count(char::is_ascii_digit), count(char::is_ascii_alphabetic));
    let runs = stem.split(|c: char| !c.is_ascii_digit()).map(str::len);
    // Eleven digits are a telephone, fifteen and more a person; a parcel code has twelve and five.
    let is_nobody = runs.into_iter().all(|run| run != 11 && run < 15);
    (name.chars().all(is_plain) && digits > letters && is_nobody).then(|| name.to_owned())
}
