//! The copy of the folder that belongs to a backup.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use super::{EvidenceFolder, files, folders, is_name, is_part, sha256};
use crate::StoreError;

/// What was copied of the bytes of evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvidenceCopy {
    /// Files that stand in the backup.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files whose bytes are not those of their name: they were left out.
    pub damaged: u64,
}

impl EvidenceFolder {
    /// Copies every file to the folder beside another store; those that stand there whole stay.
    /// `goes_on` is asked before each file; none when it says no.
    pub(crate) fn copy_beside(
        &self,
        store: &Path,
        goes_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Option<EvidenceCopy>, StoreError> {
        let target = Self::beside(store);
        let mut done = EvidenceCopy::default();
        for folder in folders(&self.root).map_err(|error| self.io("reading", error))? {
            let files = files(&folder).map_err(|error| self.io("reading", error))?;
            for path in files.iter().filter(|path| !is_part(path)) {
                if goes_on().is_break() {
                    return Ok(None);
                }
                let bytes = fs::read(path).map_err(|error| self.io("reading", error))?;
                let hash = sha256(&bytes);
                let name = [folder.file_name(), path.file_name()];
                let name: String = name
                    .into_iter()
                    .flatten()
                    .map(|part| part.to_string_lossy().into_owned())
                    .collect();
                match is_name(&name) && name == hash {
                    true => {
                        target.put_now(&hash, &bytes)?;
                        done.files += 1;
                        done.bytes += bytes.len() as u64;
                    }
                    false => done.damaged += 1,
                }
            }
        }
        Ok(Some(done))
    }
}
