//! The records of a `.shp`, one after the other or where the `.shx` says.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::FORMAT;
use super::geometry::{Kind, read_geometry};
use crate::assembly::ReadGeometry;
use crate::{FormatError, RowDefect};

const HEADER_BYTES: u64 = 100;
const RECORD_HEADER_BYTES: u64 = 8;

/// A shape, a null shape, or why it cannot be read.
pub(super) type Shape = Result<Option<ReadGeometry>, RowDefect>;

/// An open `.shp`.
#[derive(Debug)]
pub(super) struct Shapes {
    path: PathBuf,
    file: BufReader<File>,
    kind: Kind,
    has_m: bool,
    /// Where the file ends, by its own word and the system's.
    end: u64,
    at: u64,
    /// Offsets of the records, when there is a usable `.shx`. A file edited in place keeps dead
    /// records that only the index passes over.
    index: Option<std::vec::IntoIter<u64>>,
    number: u64,
    content: Vec<u8>,
}

impl Shapes {
    pub(super) fn open(
        path: &Path,
        shx: Option<&Path>,
        notes: &mut Vec<String>,
    ) -> Result<Self, FormatError> {
        let io = |source| FormatError::Io { path: path.to_owned(), source };
        let malformed = |reason: String| FormatError::Malformed {
            path: path.to_owned(),
            format: FORMAT,
            reason,
        };
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let mut file = BufReader::with_capacity(1 << 18, file);
        let mut header = [0; HEADER_BYTES as usize];
        if length < HEADER_BYTES {
            return Err(malformed(format!("{length} bytes, a header alone has {HEADER_BYTES}")));
        }
        file.read_exact(&mut header).map_err(io)?;
        if header[..4] != [0, 0, 0x27, 0x0A] {
            return Err(malformed("it does not begin with file code 9994".to_owned()));
        }
        let said = u64::from(be_u32(&header, 24)) * 2;
        if said > length {
            return Err(malformed(format!(
                "the header says {said} bytes, the file has {length}: it is cut off; copy it anew"
            )));
        }
        let code = le_u32(&header, 32);
        let kind = Kind::from_code(code).map_err(malformed)?;
        // A file over 4 GiB cannot say its length; one that says less than a header lies.
        let end = if said < HEADER_BYTES || length > u64::from(u32::MAX) { length } else { said };
        let index = match shx {
            Some(shx) => match read_index(shx, end)? {
                Index::Offsets(offsets) => Some(offsets),
                Index::Unusable(why) => {
                    notes.push(format!("the .shx {why} and is not used"));
                    None
                }
            },
            None => None,
        };
        let measures = [le_f64(&header, 84), le_f64(&header, 92)];
        let has_m = kind.has_m(measures);
        Ok(Self {
            path: path.to_owned(),
            file,
            kind,
            has_m,
            end,
            at: HEADER_BYTES,
            index: index.map(Vec::into_iter),
            number: 0,
            content: Vec::new(),
        })
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn has_m(&self) -> bool {
        self.has_m
    }

    /// Number of shapes, when an index says so.
    pub(super) fn count(&self) -> Option<u64> {
        self.index.as_ref().map(|index| index.len() as u64)
    }

    /// The next shape; `None` at the end. An error ends the file: what follows cannot be found.
    pub(super) fn next_shape(&mut self) -> Result<Option<Shape>, FormatError> {
        let start = match &mut self.index {
            Some(index) => index.next(),
            None => (self.at < self.end).then_some(self.at),
        };
        let Some(start) = start else { return Ok(None) };
        self.number += 1;
        if self.end - start < RECORD_HEADER_BYTES {
            return Err(self.malformed(start, "the file ends inside a record header"));
        }
        let from_here = start as i64 - self.at as i64;
        self.file.seek_relative(from_here).map_err(|source| self.io(source))?;
        let mut header = [0; RECORD_HEADER_BYTES as usize];
        self.file.read_exact(&mut header).map_err(|source| self.io(source))?;
        let content = u64::from(be_u32(&header, 4)) * 2;
        self.at = start + RECORD_HEADER_BYTES;
        if content > self.end - self.at {
            return Err(self.malformed(start, "the record is longer than the rest of the file"));
        }
        self.content.resize(content as usize, 0);
        self.file.read_exact(&mut self.content).map_err(|source| self.io(source))?;
        self.at += content;
        Ok(Some(read_geometry(self.kind, self.has_m, &self.content)))
    }

    fn io(&self, source: std::io::Error) -> FormatError {
        FormatError::Io { path: self.path.clone(), source }
    }

    fn malformed(&self, start: u64, reason: &str) -> FormatError {
        FormatError::Malformed {
            path: self.path.clone(),
            format: FORMAT,
            reason: format!("record {} at byte {start}: {reason}", self.number),
        }
    }
}

/// What a `.shx` is good for.
enum Index {
    /// Where the records begin.
    Offsets(Vec<u64>),
    /// Nothing, and why.
    Unusable(&'static str),
}

/// Offsets of the records by a `.shx`. One that is cut off would hide records, one that leads
/// outside the `.shp` is of another file.
fn read_index(shx: &Path, end: u64) -> Result<Index, FormatError> {
    let io = |source| FormatError::Io { path: shx.to_owned(), source };
    let mut file = File::open(shx).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    // A record has at least a header and a type: a longer index than that lies.
    let most = (end / (RECORD_HEADER_BYTES + 4)).saturating_mul(8) + HEADER_BYTES;
    if length > most {
        return Ok(Index::Unusable("contradicts the .shp"));
    }
    let mut header = [0; HEADER_BYTES as usize];
    if length < HEADER_BYTES {
        return Ok(Index::Unusable("is cut off"));
    }
    file.read_exact(&mut header).map_err(io)?;
    if u64::from(be_u32(&header, 24)) * 2 > length {
        return Ok(Index::Unusable("is cut off"));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(io)?;
    let offsets = bytes.chunks_exact(8).map(|entry| u64::from(be_u32(entry, 0)) * 2);
    let offsets: Vec<u64> = offsets.collect();
    let inside = |offset: &u64| (HEADER_BYTES..=end.saturating_sub(12)).contains(offset);
    if offsets.iter().all(inside) {
        Ok(Index::Offsets(offsets))
    } else {
        Ok(Index::Unusable("contradicts the .shp"))
    }
}

/// The big-endian integer at `at`, which must lie inside.
pub(super) fn be_u32(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

/// The little-endian integer at `at`, which must lie inside.
pub(super) fn le_u32(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// The little-endian double at `at`, which must lie inside.
pub(super) fn le_f64(bytes: &[u8], at: usize) -> f64 {
    bytes[at..].first_chunk().map_or(0.0, |bytes| f64::from_le_bytes(*bytes))
}
