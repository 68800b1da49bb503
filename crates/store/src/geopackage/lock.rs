//! Keeps a store to one writing process, on a file system that SQLite can rely on.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use crate::StoreError;

/// File systems whose locks or shared memory SQLite's write-ahead log cannot rely on.
const NETWORK: [&str; 16] = [
    "9p",
    "afs",
    "afpfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "fuse.davfs2",
    "fuse.glusterfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
];

/// The right to write to a store; given back when dropped.
#[derive(Debug)]
pub(crate) struct WriterLock {
    _file: File,
}

impl WriterLock {
    /// Takes the lock beside `store`, or says who has it.
    pub(crate) fn take(store: &Path) -> Result<Self, StoreError> {
        let path = lock_path(store);
        let io = |operation| {
            let path = path.clone();
            move |source| StoreError::Io { operation, path, source }
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io("opening"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Held { path: store.to_owned(), owner: owner(&path) });
            }
            Err(TryLockError::Error(source)) => return Err(io("locking")(source)),
        }
        let name = std::env::args_os().next().map(PathBuf::from);
        let name = name.as_deref().and_then(Path::file_name).map(|n| n.to_string_lossy());
        let line = format!("{} (process {})\n", name.as_deref().unwrap_or("?"), std::process::id());
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(line.as_bytes()))
            .map_err(io("writing"))?;
        Ok(Self { _file: file })
    }
}

/// Where the lock of `store` lies.
pub(crate) fn lock_path(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// The holder as it wrote itself down.
fn owner(lock: &Path) -> String {
    let text = fs::read(lock).unwrap_or_default();
    let text = String::from_utf8_lossy(&text[..text.len().min(200)]);
    match text.lines().next() {
        Some(line) if !line.is_empty() => line.to_owned(),
        _ => "another process".to_owned(),
    }
}

/// Refuses a path whose file system is reached over a network.
pub(crate) fn check_file_system(store: &Path) -> Result<(), StoreError> {
    // Without the table (no /proc) nothing can be said.
    let Ok(mounts) = fs::read_to_string("/proc/self/mountinfo") else { return Ok(()) };
    let folder = store.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let place = fs::canonicalize(store)
        .or_else(|_missing| fs::canonicalize(folder))
        .map_err(|source| StoreError::Io { operation: "finding", path: folder.into(), source })?;
    match file_system(&mounts, &place) {
        Some(kind) if NETWORK.contains(&kind) => {
            Err(StoreError::NetworkShare { path: store.to_owned(), kind: kind.to_owned() })
        }
        _ => Ok(()),
    }
}

/// Kind of the file system that `place` lies on, by a table in the form of
/// `/proc/self/mountinfo`: the longest mount point wins, the last of equals.
fn file_system<'a>(mounts: &'a str, place: &Path) -> Option<&'a str> {
    let mounted = mounts.lines().filter_map(|line| {
        let (mount, source) = line.split_once(" - ")?;
        let point = PathBuf::from(unescape(mount.split(' ').nth(4)?));
        place.starts_with(&point).then(|| (point.components().count(), source.split(' ').next()))
    });
    mounted.max_by_key(|(depth, _)| *depth)?.1
}

/// Spaces and their kin stand as `\040` in the table.
fn unescape(text: &str) -> String {
    ["\\040", "\\011", "\\012", "\\134"]
        .iter()
        .zip([" ", "\t", "\n", "\\"])
        .fold(text.to_owned(), |text, (code, plain)| text.replace(code, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_decides() {
        let mounts = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
            40 22 0:40 / /data rw - nfs4 server:/data rw\n\
            41 40 0:41 / /data/local\\040disk rw shared:3 master:2 - xfs /dev/vdb rw\n";
        for (place, kind) in [
            ("/home/a.gpkg", "ext4"),
            ("/data/a.gpkg", "nfs4"),
            ("/data/local disk/a.gpkg", "xfs"),
            ("/database/a.gpkg", "ext4"),
        ] {
            assert_eq!(file_system(mounts, Path::new(place)), Some(kind), "{place}");
        }
        assert_eq!(file_system("nonsense", Path::new("/a")), None);
    }
}
