//! Shapefiles: `.shp` with its `.dbf`, `.shx`, `.prj` and `.cpg`.
//!
//! Read from the raw bytes: the `shapefile` crate allocates what counts in the file say, groups
//! rings by their winding alone (which many writers get wrong), and takes its attributes from
//! the `dbase` crate (see [`crate::dbf`]).
//!
//! A row of the `.dbf` belongs to the shape of the same position. Rows without a partner are
//! defects, never guessed.

mod geometry;
mod rings;
#[cfg(test)]
mod shapefile_tests;
mod shp;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use spatial::Feature;

use crate::dbf::{Record, Table, claim_beside, sibling, stem};
use crate::detect::ReadOptions;
use crate::{DeclaredCrs, FormatError, LayerReader, LayerSchema, Row, RowDefect};
use shp::Shapes;

pub(crate) const FORMAT: &str = "Shapefile";

/// Opens the Shapefile of which `path` is the `.shp`.
pub fn open(path: &Path, options: &ReadOptions) -> Result<Vec<Box<dyn LayerReader>>, FormatError> {
    let mut notes = Vec::new();
    let shapes = Shapes::open(path, sibling(path, "shx").as_deref(), &mut notes)?;
    let table = match sibling(path, "dbf") {
        Some(dbf) => {
            let (claim, why) = claim_beside(path)?;
            notes.extend(why);
            let table = Table::open(&dbf, options.named_encoding(path)?, claim)?;
            notes.extend(table.notes.iter().cloned());
            Some(table)
        }
        None => {
            notes.push("no .dbf beside it: geometry without attributes".to_owned());
            None
        }
    };
    let crs = read_prj(path)?;
    if crs == DeclaredCrs::Unknown {
        notes.push("no .prj beside it: the file does not say its CRS".to_owned());
    }
    let schema = LayerSchema {
        name: stem(path),
        crs,
        geometry_type: shapes.kind().geometry_type(),
        has_z: shapes.kind().has_z(),
        has_m: shapes.has_m(),
        fields: table.as_ref().map_or_else(Vec::new, Table::fields),
        place_columns: Vec::new(),
        count: table.as_ref().map(|table| table.count - table.deleted).or(shapes.count()),
        notes,
    };
    Ok(vec![Box::new(Layer { schema, shapes, table, number: 0 })])
}

/// The text of the `.prj` beside `path`.
fn read_prj(path: &Path) -> Result<DeclaredCrs, FormatError> {
    /// Longer than any definition of a CRS.
    const PRJ_BYTES: u64 = 1 << 16;
    let Some(prj) = sibling(path, "prj") else { return Ok(DeclaredCrs::Unknown) };
    let mut bytes = Vec::new();
    File::open(&prj)
        .and_then(|file| file.take(PRJ_BYTES).read_to_end(&mut bytes))
        .map_err(|source| FormatError::Io { path: prj, source })?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        // Only names can lie beyond ASCII here; nothing is identified by them.
        Err(error) => encoding_rs::GB18030.decode(error.as_bytes()).0.into_owned(),
    };
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
    Ok(if text.is_empty() { DeclaredCrs::Unknown } else { DeclaredCrs::Wkt(text.to_owned()) })
}

struct Layer {
    schema: LayerSchema,
    shapes: Shapes,
    table: Option<Table>,
    number: u64,
}

impl LayerReader for Layer {
    fn schema(&self) -> &LayerSchema {
        &self.schema
    }

    fn next_rows(&mut self, limit: usize) -> Result<Vec<Row>, FormatError> {
        let mut rows = Vec::new();
        while rows.len() < limit {
            let shape = self.shapes.next_shape()?;
            let record = match &mut self.table {
                Some(table) => table.next_record()?.map(|(_, record)| record),
                None => shape.is_some().then(|| Record::Live(Ok(Vec::new()))),
            };
            self.number += 1;
            let unpaired = |reason: &str| RowDefect {
                kind: "unpaired_row",
                field: None,
                reason: reason.to_owned(),
            };
            rows.push(match (shape, record) {
                (None, None) => break,
                (_, Some(Record::Deleted)) => continue,
                (Some(_), None) => {
                    Row::new(self.number, Err(unpaired("the .dbf ends before this shape")))
                }
                (None, Some(Record::Live(_))) => {
                    Row::new(self.number, Err(unpaired("the .shp ends before this row")))
                }
                (Some(shape), Some(Record::Live(properties))) => {
                    let (geometry, mended) = match shape {
                        Ok(None) => (Ok(None), Vec::new()),
                        Ok(Some(read)) => (Ok(Some(read.geometry)), read.mended),
                        Err(defect) => (Err(defect), Vec::new()),
                    };
                    let feature = geometry.and_then(|geometry| {
                        Ok(Feature { id: None, geometry, properties: properties? })
                    });
                    Row { number: self.number, feature, mended }
                }
            });
        }
        Ok(rows)
    }
}
