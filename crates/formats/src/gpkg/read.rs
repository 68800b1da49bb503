//! Reads the feature tables of a GeoPackage, each through its own read-only connection.

use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef as SqlValue;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use spatial::{Feature, Field, FieldClass, FieldType, GeometryType, Value, gpb};

use super::{FORMAT, ident};
use crate::assembly::UNCLOSED_RING;
use crate::datetime::{WithoutZone, is_date, utc_time};
use crate::reader::make_names_unique;
use crate::{DeclaredCrs, FormatError, LayerReader, LayerSchema, Row, RowDefect};

/// Kind of a geometry whose circular arcs were replaced by chords.
const LINEARISED_ARC: &str = "linearised_arc";

/// Opens every feature table; what else the file holds is told in the notes.
pub fn open(path: &Path) -> Result<Vec<Box<dyn LayerReader>>, FormatError> {
    let db = connect(path)?;
    let malformed = |error| FormatError::malformed(path, FORMAT, error);
    let tables = feature_tables(&db).map_err(malformed)?;
    let skipped = skipped_tables(&db).map_err(malformed)?;
    let mut layers = Vec::new();
    let mut views = Vec::new();
    for table in tables {
        // A view may run anything the file's author liked, without end.
        if !is_table(&db, &table.name).map_err(malformed)? {
            views.push(format!("{:?} is a view and is not read", table.name));
            continue;
        }
        layers.push(GpkgReader::open(path, table)?);
    }
    let notes: Vec<String> = skipped.into_iter().chain(views).collect();
    if layers.is_empty() {
        let reason = format!("it has no table of features; {}", notes.join("; "));
        return Err(FormatError::malformed(path, FORMAT, reason));
    }
    if let Some(first) = layers.first_mut() {
        first.schema.notes.extend(notes);
    }
    Ok(layers.into_iter().map(|layer| Box::new(layer) as Box<dyn LayerReader>).collect())
}

/// A read-only connection. A file without a write-ahead log is taken as it lies, so that it
/// may lie in a folder that cannot be written.
fn connect(path: &Path) -> Result<Connection, FormatError> {
    std::fs::metadata(path).map_err(FormatError::io(path))?;
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let has_log = std::fs::metadata(log).is_ok_and(|log| log.len() > 0);
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte) {
            uri.push(byte.into());
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri.push_str(if has_log { "?mode=ro" } else { "?mode=ro&immutable=1" });
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(uri, flags);
    // The schema is a stranger's: it may call no function and claim no impossible cell.
    db.and_then(|db| {
        db.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")?;
        Ok(db)
    })
    .map_err(|error| FormatError::malformed(path, FORMAT, error))
}

/// What the tables of the standard say of one layer.
struct FeatureTable {
    name: String,
    geometry_column: String,
    geometry_type: String,
    has_z: bool,
    has_m: bool,
    crs: DeclaredCrs,
}

fn feature_tables(db: &Connection) -> rusqlite::Result<Vec<FeatureTable>> {
    let mut statement = db.prepare(
        "SELECT c.table_name, g.column_name, g.geometry_type_name, g.z, g.m,
                s.organization, s.organization_coordsys_id, s.definition
         FROM gpkg_contents c
         JOIN gpkg_geometry_columns g ON lower(g.table_name) = lower(c.table_name)
         LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id
         WHERE c.data_type = 'features' ORDER BY c.table_name LIMIT 1000",
    )?;
    let tables = statement.query_map([], |row| {
        Ok(FeatureTable {
            name: row.get(0)?,
            geometry_column: row.get(1)?,
            geometry_type: row.get(2)?,
            has_z: row.get::<_, Option<i64>>(3)?.unwrap_or(0) != 0,
            has_m: row.get::<_, Option<i64>>(4)?.unwrap_or(0) != 0,
            crs: declared_crs(row.get(5)?, row.get(6)?, row.get(7)?),
        })
    })?;
    tables.collect()
}

fn declared_crs(
    organization: Option<String>,
    code: Option<i64>,
    definition: Option<String>,
) -> DeclaredCrs {
    let organization = organization.unwrap_or_default();
    let code = code.and_then(|code| u32::try_from(code).ok()).filter(|&code| code > 0);
    match (code, definition) {
        (Some(code), _) if organization.eq_ignore_ascii_case("EPSG") => DeclaredCrs::Epsg(code),
        (_, Some(wkt)) if wkt.contains('[') => DeclaredCrs::Wkt(wkt),
        _ => DeclaredCrs::Unknown,
    }
}

/// A word on each table that holds no features, our own and those of styles apart.
fn skipped_tables(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare(
        "SELECT table_name, data_type FROM gpkg_contents
         WHERE data_type <> 'features' AND table_name <> 'layer_styles'
           AND table_name NOT LIKE 'tuban\\_%' ESCAPE '\\'
         ORDER BY table_name LIMIT 1000",
    )?;
    let notes = statement.query_map([], |row| {
        let (name, kind) = (row.get::<_, String>(0)?, row.get::<_, String>(1)?);
        Ok(format!("table {name:?} holds {kind}, no features, and is not read"))
    })?;
    notes.collect()
}

fn is_table(db: &Connection, name: &str) -> rusqlite::Result<bool> {
    let kind: Option<String> = db
        .query_row(
            "SELECT type FROM sqlite_schema WHERE lower(name) = lower(?1) AND type IN ('table', 'view')",
            [name],
            |row| row.get(0),
        )
        .optional()?;
    Ok(kind.as_deref() == Some("table"))
}

struct GpkgReader {
    path: PathBuf,
    db: Connection,
    sql: String,
    schema: LayerSchema,
    /// The smallest row id not yet read; `None` at the end.
    next: Option<i64>,
}

impl GpkgReader {
    fn open(path: &Path, table: FeatureTable) -> Result<Self, FormatError> {
        let db = connect(path)?;
        Self::prepare(path, db, table).map_err(|error| FormatError::malformed(path, FORMAT, error))
    }

    fn prepare(path: &Path, db: Connection, table: FeatureTable) -> rusqlite::Result<Self> {
        let columns: Vec<(String, String, i64)> = db
            .prepare("SELECT name, type, pk FROM pragma_table_info(?1)")?
            .query_map([&table.name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut keys = columns.iter().filter(|(.., key)| *key > 0);
        let row_id = match (keys.next(), keys.next()) {
            (Some((name, kind, _)), None) if kind.eq_ignore_ascii_case("INTEGER") => name.clone(),
            _ => "rowid".to_owned(),
        };
        let mut fields = Vec::new();
        let mut selected = vec![ident(&row_id), ident(&table.geometry_column)];
        for (name, kind, _) in &columns {
            if *name == row_id || name.eq_ignore_ascii_case(&table.geometry_column) {
                continue;
            }
            selected.push(ident(name));
            fields.push(Field {
                alias: alias(&db, &table.name, name)?,
                name: name.clone(),
                field_type: field_type(kind),
                class: FieldClass::L1,
            });
        }
        let mut notes = Vec::new();
        make_names_unique(&mut fields, &mut notes);
        let sql = format!(
            "SELECT {} FROM {} WHERE {key} >= ?1 ORDER BY {key} LIMIT ?2",
            selected.join(", "),
            ident(&table.name),
            key = selected[0],
        );
        db.prepare(&sql)?;
        let count = feature_count(&db, &table.name);
        let schema = LayerSchema {
            geometry_type: geometry_type(&table.geometry_type),
            name: table.name,
            crs: table.crs,
            has_z: table.has_z,
            has_m: table.has_m,
            fields,
            place_columns: Vec::new(),
            count,
            notes,
        };
        Ok(Self { path: path.to_owned(), db, sql, schema, next: Some(i64::MIN) })
    }

    fn rows(&mut self, start: i64, limit: usize) -> rusqlite::Result<Vec<Row>> {
        let mut statement = self.db.prepare_cached(&self.sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut found = statement.query(params![start, limit])?;
        let mut rows = Vec::new();
        self.next = None;
        while let Some(row) = found.next()? {
            let id: i64 = row.get(0)?;
            self.next = id.checked_add(1);
            let number = u64::try_from(id).unwrap_or(0);
            let (feature, mended) = match geometry(row.get_ref(1)?) {
                Ok((geometry, mended)) => {
                    let properties: Result<Vec<Value>, RowDefect> = (2..)
                        .zip(&self.schema.fields)
                        .map(|(column, field)| {
                            // The columns selected are the fields, so the column is there.
                            row.get_ref(column).map_or(Ok(Value::Null), |v| value(v, field))
                        })
                        .collect();
                    let feature =
                        properties.map(|properties| Feature { id: None, geometry, properties });
                    (feature, mended)
                }
                Err(defect) => (Err(defect), Vec::new()),
            };
            rows.push(Row { number, feature, mended });
        }
        Ok(rows)
    }
}

impl LayerReader for GpkgReader {
    fn schema(&self) -> &LayerSchema {
        &self.schema
    }

    fn next_rows(&mut self, limit: usize) -> Result<Vec<Row>, FormatError> {
        let Some(start) = self.next else { return Ok(Vec::new()) };
        self.rows(start, limit).map_err(|error| FormatError::malformed(&self.path, FORMAT, error))
    }
}

/// What a reader should see instead of the column's name, where the file says it.
fn alias(db: &Connection, table: &str, column: &str) -> rusqlite::Result<Option<String>> {
    let Ok(mut statement) = db.prepare_cached(
        "SELECT coalesce(title, name) FROM gpkg_data_columns
         WHERE lower(table_name) = lower(?1) AND lower(column_name) = lower(?2)",
    ) else {
        // The table is an extension; most files do without.
        return Ok(None);
    };
    let alias: Option<Option<String>> =
        statement.query_row([table, column], |row| row.get(0)).optional()?;
    Ok(alias.flatten().filter(|alias| alias != column))
}

/// The count that GDAL keeps, where it does.
fn feature_count(db: &Connection, table: &str) -> Option<u64> {
    let sql = "SELECT feature_count FROM gpkg_ogr_contents WHERE lower(table_name) = lower(?1)";
    let count = db.query_row(sql, [table], |row| row.get::<_, Option<i64>>(0));
    count.ok().flatten().and_then(|count| u64::try_from(count).ok())
}

fn geometry_type(name: &str) -> GeometryType {
    match name.to_ascii_uppercase().as_str() {
        "POINT" => GeometryType::Point,
        "MULTIPOINT" => GeometryType::MultiPoint,
        "LINESTRING" => GeometryType::LineString,
        "MULTILINESTRING" | "MULTICURVE" => GeometryType::MultiLineString,
        "POLYGON" | "CURVEPOLYGON" => GeometryType::Polygon,
        "MULTIPOLYGON" | "MULTISURFACE" => GeometryType::MultiPolygon,
        _ => GeometryType::Any,
    }
}

/// The type of a column by the standard, else by the affinity that SQLite gives it.
fn field_type(declared: &str) -> FieldType {
    let declared = declared.to_ascii_uppercase();
    match declared.split('(').next().unwrap_or_default().trim() {
        "BOOLEAN" | "BOOL" => FieldType::Bool,
        "DATE" => FieldType::Date,
        "DATETIME" | "TIMESTAMP" => FieldType::DateTime,
        "NUMERIC" | "DECIMAL" => FieldType::Real,
        name if name.contains("INT") => FieldType::Int,
        name if ["CHAR", "CLOB", "TEXT"].iter().any(|part| name.contains(part)) => FieldType::Text,
        name if name.contains("BLOB") => FieldType::Bytes,
        name if ["REAL", "FLOA", "DOUB"].iter().any(|part| name.contains(part)) => FieldType::Real,
        _ => FieldType::Text,
    }
}

type MendedGeometry = (Option<spatial::Geometry>, Vec<&'static str>);

fn geometry(value: SqlValue<'_>) -> Result<MendedGeometry, RowDefect> {
    let bytes = match value {
        SqlValue::Null => return Ok((None, Vec::new())),
        SqlValue::Blob(bytes) => bytes,
        _ => return Err(RowDefect::new("bad_geometry", "the geometry is no blob")),
    };
    let (_, decoded) =
        gpb::decode(bytes).map_err(|error| RowDefect::new("bad_geometry", error.to_string()))?;
    let mut mended = Vec::new();
    if decoded.closed_rings > 0 {
        mended.push(UNCLOSED_RING);
    }
    if decoded.arcs > 0 {
        mended.push(LINEARISED_ARC);
    }
    let is_empty = decoded.geometry.vertex_count() == 0;
    Ok(((!is_empty).then_some(decoded.geometry), mended))
}

/// The value as one of the field's type: SQLite keeps any type in any column.
fn value(value: SqlValue<'_>, field: &Field) -> Result<Value, RowDefect> {
    let converted = match (value, field.field_type) {
        (SqlValue::Null, _) => Some(Value::Null),
        (SqlValue::Integer(value), FieldType::Bool) => Some(Value::Bool(value != 0)),
        (SqlValue::Integer(value), FieldType::Int) => Some(Value::Int(value)),
        (SqlValue::Integer(value), FieldType::Real) => Some(Value::Real(value as f64)),
        (SqlValue::Integer(value), FieldType::Text) => Some(Value::Text(value.to_string())),
        (SqlValue::Real(value), FieldType::Real) => Some(Value::Real(value)),
        (SqlValue::Real(value), FieldType::Text) => Some(Value::Text(value.to_string())),
        (SqlValue::Real(value), FieldType::Int) if is_exact_integer(value) => {
            Some(Value::Int(value as i64))
        }
        (SqlValue::Blob(bytes), FieldType::Bytes) => Some(Value::Bytes(bytes.to_owned())),
        (SqlValue::Text(bytes), kind) => {
            let text = std::str::from_utf8(bytes).map_err(|error| {
                let reason = format!("not UTF-8 at byte {}", error.valid_up_to());
                RowDefect::of_field("bad_encoding", &field.name, reason)
            })?;
            typed_text(text, kind)
        }
        _ => None,
    };
    converted.ok_or_else(|| {
        let reason = format!("the value is not of the column's type {:?}", field.field_type);
        RowDefect::of_field("bad_value", &field.name, reason)
    })
}

fn is_exact_integer(value: f64) -> bool {
    value.fract() == 0.0 && value.abs() <= (1_i64 << 53) as f64
}

fn typed_text(text: &str, kind: FieldType) -> Option<Value> {
    Some(match kind {
        FieldType::Text => Value::Text(text.to_owned()),
        _ if text.is_empty() => Value::Null,
        FieldType::Date => is_date(text).then(|| Value::Text(text.to_owned()))?,
        FieldType::DateTime => Value::Text(utc_time(text, WithoutZone::Utc)?),
        FieldType::Int => Value::Int(text.parse().ok()?),
        FieldType::Real => Value::Real(text.parse().ok().filter(|v: &f64| v.is_finite())?),
        FieldType::Bool => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" => Value::Bool(true),
            "false" | "f" | "0" => Value::Bool(false),
            _ => return None,
        },
        FieldType::Bytes => Value::Bytes(text.as_bytes().to_owned()),
    })
}
