//! A table of cells as features: CSV and spreadsheets share this one mechanism.
//!
//! Read twice: a survey of every row settles the type of each column and where the geometry is,
//! then the rows are read. Codes are kept exact: a text with leading zeros or more than 15
//! digits stays text, whatever the rest of its column looks like.

pub(crate) mod columns;
pub(crate) mod coordinate;
mod place;
#[cfg(test)]
mod table_tests;

use spatial::{Feature, Field, FieldClass, GeometryType, Value};

use crate::detect::ReadOptions;
use crate::{DeclaredCrs, FormatError, LayerReader, LayerSchema, Row, RowDefect};
use columns::Guess;
use place::{Found, Place};

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// Nothing, or white space.
    Empty,
    /// Text of a file that knows only text: it may be a number.
    Untyped(String),
    /// Text that the file says is text.
    Text(String),
    /// A finite number.
    Number(f64),
    /// A truth value.
    Bool(bool),
    /// A day, `YYYY-MM-DD`.
    Date(String),
}

/// A row and its number in the file; or why it cannot be read.
pub(crate) type CellRow = (u64, Result<Vec<Cell>, RowDefect>);

/// Rows of cells below a header, read from the first as often as needed.
pub(crate) trait CellRows: Send {
    /// Goes back to the first row.
    fn rewind(&mut self) -> Result<(), FormatError>;

    /// The next row; `None` at the end.
    fn next_row(&mut self) -> Result<Option<CellRow>, FormatError>;
}

/// A table before its columns are understood.
pub(crate) struct Table {
    /// Name of the layer.
    pub name: String,
    /// Names of the columns as the file gives them.
    pub header: Vec<String>,
    /// What stands below the header.
    pub rows: Box<dyn CellRows>,
    /// How the file was understood so far.
    pub notes: Vec<String>,
}

/// The layer of `table`. `refuse` words an error about its file.
pub(crate) fn open(
    table: Table,
    options: &ReadOptions,
    refuse: &dyn Fn(String) -> FormatError,
) -> Result<Box<dyn LayerReader>, FormatError> {
    let Table { name, header, mut rows, mut notes } = table;
    let (names, renamed) = unique_names(header);
    notes.extend(renamed);
    let mut place = Place::find(&names, options).map_err(refuse)?;
    let mut guesses = vec![Guess::default(); names.len()];
    let mut count = 0;
    rows.rewind()?;
    while let Some((_, row)) = rows.next_row()? {
        count += 1;
        if let Ok(cells) = row {
            for (guess, cell) in guesses.iter_mut().zip(&cells) {
                guess.see(cell);
            }
            place.see(&cells);
        }
    }
    rows.rewind()?;
    let (found, why) = place.settle(&names);
    notes.extend(why);
    for (guess, name) in guesses.iter().zip(&names) {
        if guess.lost_digits() {
            notes.push(format!(
                "column {name:?} holds numbers of more than 15 digits; the spreadsheet itself has \
                 lost the digits beyond: keep such codes as text"
            ));
        }
    }
    let kept: Vec<usize> = (0..names.len()).filter(|slot| !found.uses(*slot)).collect();
    let columns: Vec<Column> = kept
        .into_iter()
        .map(|slot| Column {
            slot,
            field: Field {
                name: names[slot].clone(),
                alias: None,
                field_type: guesses[slot].field_type(),
                class: FieldClass::L1,
            },
        })
        .collect();
    let schema = LayerSchema {
        name,
        crs: DeclaredCrs::Unknown,
        geometry_type: found.geometry_type().unwrap_or(GeometryType::Any),
        has_z: found.has_z(),
        has_m: found.has_m(),
        fields: columns.iter().map(|column| column.field.clone()).collect(),
        place_columns: (0..names.len())
            .filter(|slot| found.uses(*slot))
            .map(|slot| names[slot].clone())
            .collect(),
        count: Some(count),
        notes,
    };
    Ok(Box::new(Layer { schema, rows, found, names, columns }))
}

struct Column {
    slot: usize,
    field: Field,
}

struct Layer {
    schema: LayerSchema,
    rows: Box<dyn CellRows>,
    found: Found,
    names: Vec<String>,
    columns: Vec<Column>,
}

impl Layer {
    fn feature(&self, cells: &[Cell]) -> Result<(Feature, Vec<&'static str>), RowDefect> {
        if cells.iter().skip(self.names.len()).any(|cell| *cell != Cell::Empty) {
            return Err(RowDefect {
                kind: "extra_cells",
                field: None,
                reason: format!("more cells than the {} columns of the header", self.names.len()),
            });
        }
        let (geometry, mended) = self.found.geometry(cells, &self.names)?;
        let value = |column: &Column| {
            cells
                .get(column.slot)
                .map_or(Value::Null, |cell| columns::value(cell, column.field.field_type))
        };
        let properties = self.columns.iter().map(value).collect();
        Ok((Feature { id: None, geometry, properties }, mended))
    }
}

impl LayerReader for Layer {
    fn schema(&self) -> &LayerSchema {
        &self.schema
    }

    fn next_rows(&mut self, limit: usize) -> Result<Vec<Row>, FormatError> {
        let mut rows = Vec::new();
        while rows.len() < limit
            && let Some((number, row)) = self.rows.next_row()?
        {
            rows.push(match row.and_then(|cells| self.feature(&cells)) {
                Ok((feature, mended)) => Row { number, feature: Ok(feature), mended },
                Err(defect) => Row::new(number, Err(defect)),
            });
        }
        Ok(rows)
    }
}

/// Names that are unique whatever the case and never empty; notes say which were changed.
pub(crate) fn unique_names(names: Vec<String>) -> (Vec<String>, Vec<String>) {
    let mut taken = std::collections::HashSet::new();
    let mut notes = Vec::new();
    let mut unique = Vec::with_capacity(names.len());
    for (slot, name) in names.into_iter().enumerate() {
        let wanted = match name.trim() {
            "" => format!("column_{}", slot + 1),
            name => name.to_owned(),
        };
        let mut found = wanted.clone();
        let mut number = 2;
        while !taken.insert(found.to_lowercase()) {
            found = format!("{wanted}_{number}");
            number += 1;
        }
        if found != name.trim() {
            notes.push(format!("field {} ({:?}) is called {found:?}", slot + 1, name.trim()));
        }
        unique.push(found);
    }
    (unique, notes)
}
