//! Several files as one ZIP, and back: reports that go out together.
//!
//! *Invariant:* the same files give the same bytes; no more is unpacked than the limits say.

use std::collections::BTreeSet;
use std::io::{Cursor, Read, Write};

use zip::{ZipArchive, ZipWriter};

use super::ReportFault;
use super::workbook::options;

/// Largest pack, packed and unpacked.
const MAX_BYTES: u64 = 512 << 20;
/// Most files of a pack.
const MAX_FILES: usize = 100;

/// A file of a pack: its name, and its bytes.
pub type PackedFile = (String, Vec<u8>);

/// The files as the bytes of one ZIP, in order.
///
/// # Errors
/// When they cannot be packed.
pub fn pack(files: &[PackedFile]) -> Result<Vec<u8>, ReportFault> {
    let refused = |reason: String| ReportFault::Unpacked { reason };
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name, options()).map_err(|error| refused(error.to_string()))?;
        zip.write_all(bytes).map_err(|error| refused(error.to_string()))?;
    }
    Ok(zip.finish().map_err(|error| refused(error.to_string()))?.into_inner())
}

/// The files of a pack, in order.
///
/// # Errors
/// When the bytes are no ZIP, or have more or larger files than are read, or one name twice.
pub fn unpack(bytes: &[u8]) -> Result<Vec<PackedFile>, ReportFault> {
    let refused = |reason: String| ReportFault::NotAPack { reason };
    if bytes.len() as u64 > MAX_BYTES {
        return Err(refused(format!("{} bytes; at most {MAX_BYTES} are read", bytes.len())));
    }
    let archive = ZipArchive::new(Cursor::new(bytes));
    let mut archive = archive.map_err(|error| refused(error.to_string()))?;
    if archive.len() > MAX_FILES {
        return Err(refused(format!("{} files; at most {MAX_FILES} are read", archive.len())));
    }
    let (mut left, mut names, mut files) = (MAX_BYTES, BTreeSet::new(), Vec::new());
    for slot in 0..archive.len() {
        let entry = archive.by_index(slot).map_err(|error| refused(error.to_string()))?;
        let name = entry.name().map_err(|error| refused(error.to_string()))?.into_owned();
        let mut unpacked = Vec::new();
        let read = entry.take(left.saturating_add(1)).read_to_end(&mut unpacked);
        read.map_err(|error| refused(format!("{name}: {error}")))?;
        left = left
            .checked_sub(unpacked.len() as u64)
            .ok_or_else(|| refused(format!("its files unpack to more than {MAX_BYTES} bytes")))?;
        if !names.insert(name.clone()) {
            return Err(refused(format!("{name} is there twice")));
        }
        files.push((name, unpacked));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_pack_gives_back_its_files_and_is_the_same_each_time() {
        let files = vec![
            ("a.csv".to_owned(), "编号\r\n1\r\n".as_bytes().to_vec()),
            ("清单.json".to_owned(), Vec::new()),
        ];
        let packed = pack(&files).unwrap();
        assert_eq!(packed, pack(&files).unwrap());
        assert_eq!(unpack(&packed).unwrap(), files);
        let cut = unpack(&packed[..packed.len() - 30]).unwrap_err();
        assert!(cut.to_string().contains("no pack"), "{cut}");
        assert!(unpack(b"PK").unwrap_err().to_string().contains("no pack"));
    }
}
