//! What other programs did to the tables themselves: columns added, dropped, renamed or given
//! another type, tables rebuilt, dropped or added.
//!
//! A collection follows its table where it can. Where it cannot, the whole of it is kept out and
//! listed with the reason, and comes back once the table is mended.

use rusqlite::{Connection, OptionalExtension};
use spatial::{Field, FieldClass, FieldType, Timestamp};

use super::catalogue::{self, Table};
use super::kept_out::{self, Flaw};
use super::rtree::{self, Cell};
use super::schema::ident;
use super::{foreign, load, notes};
use crate::fit::check_schema;
use crate::{ForeignSummary, StoreError};

/// Class of a column that another program added: no tile and no answer has it until the operator
/// gives it a class, for nobody has looked whether it is personal.
const NEW_CLASS: FieldClass = FieldClass::L2;

/// One collection as the catalogue had it, and as its table is.
pub(crate) struct Found {
    pub(crate) old: Table,
    /// Whether no revision shows it: it was kept out as a whole.
    pub(crate) hidden: bool,
    /// None when it is gone or kept out.
    pub(crate) new: Option<Table>,
    /// Why every row of it must be looked at.
    pub(crate) reshaped: Option<String>,
}

/// Brings the catalogue up to the tables, unless they are as they were when the schema had the
/// number `seen`; answers every collection.
pub(crate) fn look(
    db: &Connection,
    seen: Option<i64>,
    at: Timestamp,
    done: &mut ForeignSummary,
) -> Result<Vec<Found>, StoreError> {
    let same = seen == Some(foreign::schema_version(db)?);
    let mut all = Vec::new();
    for old in catalogue::read_every(db)? {
        let name = old.columns.table.clone();
        let hidden = kept_out::has_table(db, &name)?;
        if same {
            let new = (!hidden).then(|| old.clone());
            all.push(Found { old, hidden, new, reshaped: None });
            continue;
        }
        let shape = shape(db, &old)?;
        let (new, reshaped) = match shape {
            Shape::Gone => {
                done.notes.push(format!("{name}: another program dropped the table"));
                catalogue::retire_dropped(db, &old)?;
                (None, None)
            }
            Shape::Unusable(reason) => {
                let flaw = Flaw { place: String::new(), reason };
                if kept_out::put(db, &name, None, &flaw, at)? {
                    done.notes.push(format!("{name} is kept out: {}", flaw.reason));
                }
                (None, None)
            }
            Shape::Fields(new, changes) => follow(db, &old, *new, changes, hidden, done)?,
        };
        all.push(Found { old, hidden, new, reshaped });
    }
    if !same {
        list_strangers(db, at, done)?;
    }
    Ok(all)
}

/// What became of a table.
enum Shape {
    Gone,
    Unusable(String),
    /// The collection with the fields that the table has, and what that changes.
    Fields(Box<Table>, Vec<String>),
}

/// A column as SQLite has it.
struct ColumnFound {
    name: String,
    declared: String,
    is_key: bool,
}

fn shape(db: &Connection, old: &Table) -> Result<Shape, StoreError> {
    let name = &old.columns.table;
    let columns = columns(db, name)?;
    if columns.is_empty() {
        return Ok(Shape::Gone);
    }
    let unusable = |reason: String| Ok(Shape::Unusable(reason));
    if !columns.iter().any(|c| c.name == old.columns.fid && c.is_key) {
        return unusable(format!("its column of ids, {}, is gone; give it back", old.columns.fid));
    }
    if !columns.iter().any(|c| c.name == old.columns.geometry) {
        let column = &old.columns.geometry;
        return unusable(format!("its column of geometries, {column}, is gone; give it back"));
    }
    let srs = "SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = ?1 AND column_name = ?2";
    let srs = db.query_row(srs, (name, &old.columns.geometry), |row| row.get(0)).optional()?;
    if srs != Some(old.srs_id) {
        let says = srs.map_or("none".to_owned(), |srs: i32| srs.to_string());
        return unusable(format!(
            "gpkg_geometry_columns says SRS {says}; it was stored in SRS {}",
            old.srs_id
        ));
    }
    let mut new = old.clone();
    let mut changes = Vec::new();
    new.collection.fields = fields(old, &columns, &mut changes);
    if let Some(key) = &old.collection.key
        && new.collection.field_position(key).is_none()
    {
        // A renamed column keeps its place.
        let place = old.collection.field_position(key);
        let renamed = place.and_then(|place| new.collection.fields.get(place));
        new.collection.key = renamed
            .filter(|field| old.collection.field_position(&field.name).is_none())
            .map(|field| field.name.clone());
    }
    match check_schema(&new.collection) {
        Ok(()) => Ok(Shape::Fields(Box::new(new), changes)),
        Err(StoreError::Schema { reason, .. }) => unusable(reason),
        Err(error) => Err(error),
    }
}

fn columns(db: &Connection, table: &str) -> Result<Vec<ColumnFound>, StoreError> {
    let sql = "SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid";
    let mut statement = db.prepare_cached(sql)?;
    let columns = statement.query_map([table], |row| {
        Ok(ColumnFound { name: row.get(0)?, declared: row.get(1)?, is_key: row.get(2)? })
    })?;
    Ok(columns.collect::<Result<_, _>>()?)
}

/// The fields that the columns make; what is known of a field stays.
fn fields(old: &Table, columns: &[ColumnFound], changes: &mut Vec<String>) -> Vec<Field> {
    let known = &old.collection.fields;
    let others: Vec<(&ColumnFound, FieldType)> = columns
        .iter()
        .filter(|c| c.name != old.columns.fid && c.name != old.columns.geometry)
        .filter_map(|c| Some((c, field_type(&c.declared)?)))
        .collect();
    let gone = |field: &Field| !others.iter().any(|(column, _)| column.name == field.name);
    let mut fields = Vec::with_capacity(others.len());
    for (place, (column, field_type)) in others.iter().enumerate() {
        let field_type = *field_type;
        let name = column.name.clone();
        let field = match known.iter().find(|field| field.name == name) {
            Some(field) if field.field_type == field_type => field.clone(),
            Some(field) => {
                changes.push(format!("field {name} is {field_type:?} now"));
                Field { field_type, ..field.clone() }
            }
            None => match known.get(place) {
                Some(field)
                    if known.len() == others.len()
                        && field.field_type == field_type
                        && gone(field) =>
                {
                    changes.push(format!("field {} is called {name} now", field.name));
                    Field { name, ..field.clone() }
                }
                _ => {
                    changes.push(format!(
                        "field {name} was added; it is shown once it has a class: tuban collection \
                         set STORE {} --class {name}=L1",
                        old.collection.id
                    ));
                    Field { name, alias: None, field_type, class: NEW_CLASS }
                }
            },
        };
        fields.push(field);
    }
    let renamed = known.len() == others.len();
    for (place, field) in known.iter().enumerate().filter(|(_, field)| gone(field)) {
        let is_renamed = renamed
            && fields.get(place).is_some_and(|f: &Field| {
                f.field_type == field.field_type && !known.iter().any(|k| k.name == f.name)
            });
        if !is_renamed {
            changes.push(format!("field {} was dropped", field.name));
        }
    }
    fields
}

/// The type of a field by the declared type of its column, in the words of the standard and those
/// of GDAL; none for what a collection cannot hold.
fn field_type(declared: &str) -> Option<FieldType> {
    let upper = declared.to_uppercase();
    Some(match upper.split('(').next().unwrap_or_default().trim() {
        "BOOLEAN" => FieldType::Bool,
        "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "INTEGER" | "BIGINT" => FieldType::Int,
        "FLOAT" | "DOUBLE" | "REAL" => FieldType::Real,
        "TEXT" | "VARCHAR" | "JSON" => FieldType::Text,
        "DATE" => FieldType::Date,
        "DATETIME" => FieldType::DateTime,
        "BLOB" => FieldType::Bytes,
        _ => return None,
    })
}

/// Takes over what `new` says, and mends key, index and triggers where they are missing. Answers
/// the collection, and why every row of it must be looked at, if so.
fn follow(
    db: &Connection,
    old: &Table,
    mut new: Table,
    mut changes: Vec<String>,
    hidden: bool,
    done: &mut ForeignSummary,
) -> Result<(Option<Table>, Option<String>), StoreError> {
    let name = &new.columns.table;
    if new.collection.key != old.collection.key || !has(db, "index", &new.columns.key_name())? {
        db.execute_batch(&new.columns.drop_key())?;
        if let Some(key) = new.collection.key.clone()
            && load::create_key(db, &new, &key).is_err()
        {
            changes.push(format!("its values of the key {key} are not unique any more"));
            new.collection.key = None;
        }
        if new.collection.key.is_none()
            && let Some(key) = &old.collection.key
        {
            changes.push(format!("{key} is no key any more"));
        }
    }
    if new.collection.fields != old.collection.fields || new.collection.key != old.collection.key {
        catalogue::describe(db, &new.collection)?;
    }
    if changes.is_empty() && !hidden && !notes::has_triggers(db, &new)? {
        changes.push("another program rebuilt the table".to_owned());
    }
    if kept_out::take(db, name, None)? {
        changes.push("it can be shown again".to_owned());
    }
    if !has(db, "table", &new.columns.rtree())?
        || !has(db, "trigger", &new.columns.first_trigger())?
    {
        index(db, &new)?;
    }
    if changes.is_empty() {
        return Ok((Some(new), None));
    }
    notes::create_triggers(db, &new)?;
    let reason = changes.join("; ");
    done.notes.push(format!("{name}: {reason}"));
    Ok((Some(new), Some(format!("changed in the file by another program: {reason}"))))
}

fn has(db: &Connection, kind: &str, name: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = ?1 AND name = ?2";
    Ok(db.prepare_cached(sql)?.query_row((kind, name), |_| Ok(())).optional()?.is_some())
}

/// Makes the R-tree and its triggers anew.
fn index(db: &Connection, table: &Table) -> Result<(), StoreError> {
    let columns = &table.columns;
    db.execute_batch(&format!(
        "{} DROP TABLE IF EXISTS {};",
        columns.drop_triggers(),
        ident(&columns.rtree())
    ))?;
    let (name, fid, geometry) =
        (ident(&columns.table), ident(&columns.fid), ident(&columns.geometry));
    let mut statement = db.prepare(&format!("SELECT {fid}, {geometry} FROM {name}"))?;
    let mut rows = statement.query([])?;
    let mut cells = Vec::new();
    while let Some(row) = rows.next()? {
        let Ok(Some(bytes)) = row.get_ref(1)?.as_blob_or_null() else { continue };
        let Ok(envelope) = spatial::gpb::read_envelope(bytes) else { continue };
        if !envelope.is_empty() {
            cells.push(Cell::new(row.get(0)?, &envelope));
        }
    }
    drop(rows);
    drop(statement);
    rtree::build(db, columns, cells)?;
    db.execute_batch(&columns.create_triggers())?;
    db.execute(
        "INSERT OR IGNORE INTO gpkg_extensions VALUES (?1, ?2, 'gpkg_rtree_index',
         'http://www.geopackage.org/spec140/#extension_rtree', 'write-only')",
        (&columns.table, &columns.geometry),
    )?;
    Ok(())
}

/// Lists the tables of features that other programs made and that are no collections, and takes
/// those off the list that are gone.
fn list_strangers(
    db: &Connection,
    at: Timestamp,
    done: &mut ForeignSummary,
) -> Result<(), StoreError> {
    let sql = "SELECT table_name FROM gpkg_contents WHERE data_type = 'features'
               AND table_name NOT IN (SELECT collection FROM tuban_collections)";
    let mut statement = db.prepare(sql)?;
    let strangers = statement.query_map([], |row| row.get::<_, String>(0))?;
    let strangers = strangers.collect::<Result<Vec<_>, _>>()?;
    for name in strangers {
        let flaw = Flaw {
            place: String::new(),
            reason: "another program made the table; to publish it, write it to a file of its own \
                     and import that under another name"
                .to_owned(),
        };
        if kept_out::put(db, &name, None, &flaw, at)? {
            done.notes.push(format!("{name} is kept out: {}", flaw.reason));
        }
    }
    let gone = "DELETE FROM tuban_kept_out WHERE fid ISNULL
                AND collection NOT IN (SELECT collection FROM tuban_collections)
                AND collection NOT IN (SELECT table_name FROM gpkg_contents)";
    db.execute(gone, [])?;
    Ok(())
}
