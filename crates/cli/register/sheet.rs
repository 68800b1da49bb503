//! The rows of a spreadsheet by the columns of `points`, or of `point_events`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use formats::datetime::{Written, millis_of, utc_of_millis, written};
use formats::{LayerReader, ReadOptions};
use geo_types::Geometry as Shape;
use spatial::{Crs, CrsRegistry, Field, SHANGHAI_AHEAD_MINUTES, SourceCrs, Value};

use super::columns::column_of;
use super::event_columns::event_column_of;
use super::{CellDefect, SheetRow};
use crate::config::Config;
use crate::import::{ImportError, ImportOptions, SourceTransform, Watch, source_crs, survey};

/// Most rows of one file.
const MOST_ROWS: usize = 100_000;
/// Rows read at a time.
const CHUNK: usize = 1024;
/// Longest cell, in characters.
const MAX_CELL: usize = 2_000;

/// What defects call the place of a row; the sheet has columns of its own for it.
pub(super) const PLACE: &str = "geometry";

/// How a spreadsheet is read.
#[derive(Clone, Debug)]
pub struct SheetOptions {
    /// CRS of its coordinates, whatever the file says.
    pub crs: Option<SourceCrs>,
    /// How the file is read.
    pub read: ReadOptions,
}

impl SheetOptions {
    /// Without places, within the limits of imports; encoding is found out when it is not said.
    pub fn without_places(encoding: Option<&str>, config: &Config) -> Self {
        let read = ReadOptions {
            encoding: encoding.map(str::to_owned),
            max_unzipped_bytes: config.import.max_unzipped_mib << 20,
            ..ReadOptions::default()
        };
        Self { crs: None, read }
    }
}

/// What the rows of a spreadsheet are.
#[derive(Clone, Copy, Debug)]
pub enum SheetColumns<'a> {
    /// Points, with these columns.
    Points(&'a [Field]),
    /// Events of points.
    Events,
    /// Rows of another sort: what a header means, and what does not have other columns.
    Others {
        /// The column that a header means.
        of: fn(&str) -> Option<String>,
        /// What they are.
        name: &'static str,
    },
}

impl SheetColumns<'_> {
    /// The column that a header means.
    fn of(self, header: &str) -> Option<String> {
        match self {
            Self::Points(fields) => column_of(header, fields),
            Self::Events => event_column_of(header),
            Self::Others { of, .. } => of(header),
        }
    }

    /// What does not have a column.
    fn name(self) -> &'static str {
        match self {
            Self::Points(_) => "points",
            Self::Events => "events",
            Self::Others { name, .. } => name,
        }
    }
}

/// A spreadsheet as it was read.
#[derive(Debug)]
pub struct ReadSheet {
    /// The rows of its first layer.
    pub rows: Vec<SheetRow>,
    /// What a user should know of how it was understood.
    pub notes: Vec<String>,
    /// What it calls the columns that it has.
    pub headers: BTreeMap<String, String>,
}

/// Rows of the first layer of a file.
pub fn read(
    path: &Path,
    options: &SheetOptions,
    columns: SheetColumns<'_>,
    registry: &CrsRegistry,
) -> Result<ReadSheet, ImportError> {
    let mut notes = Vec::new();
    let transform = way_to_degrees(path, options, registry, &mut notes)?;
    let mut reader = first_layer(path, options)?;
    let schema = reader.schema().clone();
    notes.extend(schema.notes.iter().cloned());
    let (of, name) = (|header: &str| columns.of(header), columns.name());
    let columns: Vec<Option<String>> = schema.fields.iter().map(|field| of(&field.name)).collect();
    let mut headers = BTreeMap::new();
    for (field, column) in schema.fields.iter().zip(&columns) {
        if let Some(column) = column {
            headers.entry(column.clone()).or_insert_with(|| field.name.clone());
        }
    }
    if !schema.place_columns.is_empty() {
        headers.insert(PLACE.to_owned(), schema.place_columns.join(", "));
    }
    let unread = schema.fields.iter().zip(&columns).filter(|(_, column)| column.is_none());
    let unread: Vec<&str> = unread.map(|(field, _)| field.name.as_str()).collect();
    if !unread.is_empty() {
        notes.push(format!("columns that {name} do not have were not read: {}", unread.join(", ")));
    }
    let mut rows = Vec::new();
    loop {
        let some = reader.next_rows(CHUNK)?;
        if some.is_empty() {
            return Ok(ReadSheet { rows, notes, headers });
        }
        for row in some {
            if rows.len() == MOST_ROWS {
                return Err(ImportError::TooManyRows { most: MOST_ROWS });
            }
            let mut read = SheetRow {
                number: row.number,
                place: None,
                cells: BTreeMap::new(),
                defects: Vec::new(),
            };
            match row.feature {
                Err(defect) => read.defects.push(CellDefect {
                    column: defect.field.unwrap_or_default(),
                    reason: defect.reason,
                }),
                Ok(mut feature) => {
                    if let Some(geometry) = &mut feature.geometry {
                        match transform.as_ref().map(|way| way.apply(geometry)) {
                            Some(Err(error)) => read.add(PLACE, &format!("its place: {error}")),
                            _ => read.place(&geometry.shape),
                        }
                    }
                    for (column, value) in columns.iter().zip(&feature.properties) {
                        if let (Some(column), Some(text)) = (column, shown(value)) {
                            read.cell(column, text);
                        }
                    }
                }
            }
            rows.push(read);
        }
    }
}

impl SheetRow {
    fn add(&mut self, column: &str, reason: &str) {
        let (column, reason) = (column.to_owned(), reason.to_owned());
        self.defects.push(CellDefect { column, reason });
    }

    fn place(&mut self, shape: &Shape<f64>) {
        match place_of(shape) {
            Some([lon, lat]) if lon.abs() > 180.0 || lat.abs() > 90.0 => {
                let reason = format!(
                    "longitude {lon} and latitude {lat} are no place; see that the columns of both are \
                     not swapped"
                );
                self.add(PLACE, &reason);
            }
            place => self.place = place,
        }
    }

    fn cell(&mut self, column: &str, text: String) {
        if text.chars().count() > MAX_CELL {
            self.add(column, &format!("a cell has at most {MAX_CELL} characters"));
            return;
        }
        let text = match column {
            "registered_at" | "deadline" | "occurred_at" | "due_at" => match time(&text) {
                Some(time) => time,
                None => {
                    let shown: String = text.chars().take(40).collect();
                    let reason = format!(
                        "{shown:?} is no day such as 2026-09-01, 2026/9/1 or 2026年9月1日 and no time such \
                         as 2026-09-01 08:00"
                    );
                    self.add(column, &reason);
                    return;
                }
            },
            _ => text,
        };
        // The first of two columns that mean the same counts.
        self.cells.entry(column.to_owned()).or_insert(text);
    }
}

fn first_layer(path: &Path, options: &SheetOptions) -> Result<Box<dyn LayerReader>, ImportError> {
    let mut layers = formats::open(path, &options.read)?;
    match layers.is_empty() {
        true => Err(ImportError::NoLayer { path: path.to_path_buf() }),
        false => Ok(layers.remove(0)),
    }
}

/// The way from the coordinates of a file to longitudes and latitudes; none where it has none.
fn way_to_degrees(
    path: &Path,
    options: &SheetOptions,
    registry: &CrsRegistry,
    notes: &mut Vec<String>,
) -> Result<Option<SourceTransform>, ImportError> {
    let mut reader = first_layer(path, options)?;
    let watch = Watch::new(Arc::default());
    let found = survey(&mut *reader, &watch)?;
    watch.finish();
    if found.envelope.is_empty() {
        return Ok(None);
    }
    let schema = reader.schema();
    let import = ImportOptions::of(options.crs.clone(), options.read.clone());
    let source = source_crs(&schema.name, &schema.crs, &found, registry, &import, notes)?;
    Ok(Some(source.into_transform(registry, &Crs::CGCS2000)?))
}

fn place_of(shape: &Shape<f64>) -> Option<[f64; 2]> {
    match shape {
        Shape::Point(point) => Some([point.x(), point.y()]),
        Shape::MultiPoint(points) if points.0.len() == 1 => {
            points.0.first().map(|point| [point.x(), point.y()])
        }
        _ => None,
    }
}

/// A cell as text; none for an empty one.
fn shown(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null | Value::Bytes(_) => return None,
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.trim().to_owned(),
    };
    (!text.is_empty()).then_some(text)
}

/// A day, however its parts are parted, or a moment in UTC; a time without a zone is one of Asia/Shanghai.
fn time(text: &str) -> Option<String> {
    written(text, SHANGHAI_AHEAD_MINUTES).map(|said| match said {
        Written::Day(text) | Written::Moment(text) => text,
    })
}

/// The moment that a cell means as the beginning of something: of a day, its first in
/// Asia/Shanghai.
pub(super) fn beginning(text: &str) -> Option<String> {
    millis_of(text, SHANGHAI_AHEAD_MINUTES).map(utc_of_millis)
}
