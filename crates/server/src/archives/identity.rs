//! Which archive it is that stands in a place: tells whether it was replaced, and makes validators.

use std::collections::hash_map::DefaultHasher;
use std::fs::Metadata;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::MetadataExt;

use object_store::ObjectMeta;

/// What changes whenever the archive does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Length, in bytes.
    pub size: u64,
    mark: u64,
    /// Of a file: device and inode.
    place: Option<(u64, u64)>,
}

impl Identity {
    /// By device, inode, length and moment of the last change.
    pub fn of_file(metadata: &Metadata) -> Self {
        let (device, inode) = (metadata.dev(), metadata.ino());
        let size = metadata.size();
        let moment = (metadata.mtime(), metadata.mtime_nsec());
        Self { size, mark: mark(&(size, moment)), place: Some((device, inode)) }
    }

    /// By the validators that the storage gives.
    pub fn of_object(meta: &ObjectMeta) -> Self {
        let moment = meta.last_modified.timestamp_micros();
        Self { size: meta.size, mark: mark(&(meta.e_tag.as_deref(), moment)), place: None }
    }

    /// Whether it is still this file that has its name, written into or not.
    pub fn is_same_place(&self, metadata: &Metadata) -> bool {
        self.place == Some((metadata.dev(), metadata.ino()))
    }

    /// A number for `part` of this archive, unlike that of any other part or archive.
    pub fn mark(&self, part: &impl Hash) -> u64 {
        mark(&(self, part))
    }
}

/// A number for anything, the same in every run of this program.
pub fn mark(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
