//! Files that tests build byte by byte.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use tempfile::TempDir;

use crate::{FormatError, LayerReader, LayerSchema, ReadOptions, Row};

/// Files in a folder of their own.
pub(crate) fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// A layer read to its end.
#[derive(Debug)]
pub(crate) struct ReadLayer {
    pub schema: LayerSchema,
    pub rows: Vec<Row>,
}

impl ReadLayer {
    /// Values of one field, row by row; the kind of the defect where a row has one.
    pub fn column(&self, name: &str) -> Vec<Result<spatial::Value, &'static str>> {
        let slot = self.schema.fields.iter().position(|field| field.name == name).unwrap();
        let value = |row: &Row| match &row.feature {
            Ok(feature) => Ok(feature.properties[slot].clone()),
            Err(defect) => Err(defect.kind),
        };
        self.rows.iter().map(value).collect()
    }

    /// Geometries as WKT, row by row; the kind of the defect where a row has one.
    pub fn shapes(&self) -> Vec<String> {
        let wkt = |geometry: &spatial::Geometry| {
            let mut text = String::new();
            crate::write_wkt(geometry, &mut text);
            text
        };
        let shape = |row: &Row| match &row.feature {
            Ok(feature) => feature.geometry.as_ref().map_or("none".to_owned(), wkt),
            Err(defect) => defect.kind.to_owned(),
        };
        self.rows.iter().map(shape).collect()
    }

    pub fn has_note(&self, part: &str) -> bool {
        self.schema.notes.iter().any(|note| note.contains(part))
    }
}

/// Every layer of a file, read to its end in small batches.
pub(crate) fn read_all(path: &Path, options: &ReadOptions) -> Result<Vec<ReadLayer>, FormatError> {
    let read = |mut reader: Box<dyn LayerReader>| {
        let mut rows = Vec::new();
        loop {
            let batch = reader.next_rows(3)?;
            if batch.is_empty() {
                return Ok(ReadLayer { schema: reader.schema().clone(), rows });
            }
            rows.extend(batch);
        }
    };
    crate::open(path, options)?.into_iter().map(read).collect()
}

/// The one layer of a file.
pub(crate) fn read_one(path: &Path) -> ReadLayer {
    let mut layers = read_all(path, &ReadOptions::default()).unwrap();
    assert_eq!(layers.len(), 1);
    layers.remove(0)
}

/// `text` in GBK.
pub(crate) fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GBK.encode(text).0.into_owned()
}

/// A DBF column: name, type, width, decimals.
pub(crate) type DbfColumn<'a> = (&'a [u8], u8, u8, u8);

/// A DBF of `rows`; cells are raw bytes, padded with spaces.
pub(crate) fn dbf(ldid: u8, columns: &[DbfColumn<'_>], rows: &[Vec<Vec<u8>>]) -> Vec<u8> {
    let record = 1 + columns.iter().map(|column| usize::from(column.2)).sum::<usize>();
    let header = 33 + 32 * columns.len();
    let mut bytes = vec![0; 32];
    bytes[0] = 3;
    bytes[4..8].copy_from_slice(&(rows.len() as u32).to_le_bytes());
    bytes[8..10].copy_from_slice(&(header as u16).to_le_bytes());
    bytes[10..12].copy_from_slice(&(record as u16).to_le_bytes());
    bytes[29] = ldid;
    for (name, kind, width, decimals) in columns {
        let mut descriptor = [0; 32];
        descriptor[..name.len()].copy_from_slice(name);
        descriptor[11] = *kind;
        descriptor[16] = *width;
        descriptor[17] = *decimals;
        bytes.extend(descriptor);
    }
    bytes.push(0x0D);
    for row in rows {
        bytes.push(b' ');
        for ((_, _, width, _), cell) in columns.iter().zip(row) {
            let mut cell = cell.clone();
            cell.resize(usize::from(*width), b' ');
            bytes.extend(cell);
        }
    }
    bytes.push(0x1A);
    bytes
}

/// A `.shp` of `kind` from the contents of its records (shape type included).
pub(crate) fn shp(kind: u32, records: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0; 100];
    bytes[..4].copy_from_slice(&[0, 0, 0x27, 0x0A]);
    bytes[28..32].copy_from_slice(&1000_u32.to_le_bytes());
    bytes[32..36].copy_from_slice(&kind.to_le_bytes());
    for (slot, content) in records.iter().enumerate() {
        bytes.extend((slot as u32 + 1).to_be_bytes());
        bytes.extend((content.len() as u32 / 2).to_be_bytes());
        bytes.extend(content);
    }
    let words = bytes.len() as u32 / 2;
    bytes[24..28].copy_from_slice(&words.to_be_bytes());
    bytes
}

/// The content of a line or polygon record.
pub(crate) fn parts(kind: u32, parts: &[&[[f64; 2]]]) -> Vec<u8> {
    let mut bytes = kind.to_le_bytes().to_vec();
    bytes.extend([0; 32]);
    bytes.extend((parts.len() as u32).to_le_bytes());
    bytes.extend((parts.iter().map(|part| part.len()).sum::<usize>() as u32).to_le_bytes());
    let mut start = 0;
    for part in parts {
        bytes.extend((start as u32).to_le_bytes());
        start += part.len();
    }
    for [x, y] in parts.iter().flat_map(|part| part.iter()) {
        bytes.extend(x.to_le_bytes());
        bytes.extend(y.to_le_bytes());
    }
    bytes
}

/// A zip of deflated entries.
pub(crate) fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, bytes) in entries {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Opens and reads `damaged` forms of a file to the end; errors and defects are welcome, panics
/// are not. Returns how many were refused.
pub(crate) fn check_never_panics(
    name: &str,
    companions: &[(&str, &[u8])],
    damaged: impl Iterator<Item = Vec<u8>>,
) -> usize {
    let folder = folder(companions);
    let path = folder.path().join(name);
    let mut refused = 0;
    for bytes in damaged {
        std::fs::write(&path, bytes).unwrap();
        refused += usize::from(read_all(&path, &ReadOptions::default()).is_err());
    }
    refused
}

/// `bytes` cut off at every length.
pub(crate) fn cut_everywhere(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).map(|length| bytes[..length].to_vec())
}

/// `bytes` with one byte changed, each in turn, two ways.
pub(crate) fn flip_everywhere(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).flat_map(move |at| {
        [0xFF_u8, 0x80].map(|mask| {
            let mut flipped = bytes.to_vec();
            flipped[at] ^= mask;
            flipped
        })
    })
}
