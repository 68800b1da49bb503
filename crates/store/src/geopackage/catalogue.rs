//! What is said of each collection: read from the tables, written to them.

use rusqlite::{Connection, OptionalExtension, Row, params};
use spatial::{
    Collection, CollectionId, Crs, Envelope, Field, FieldClass, FieldType, GeometryType, Zooms,
};

use super::schema::{Columns, geometry_type_name, ident, sql_type};
use super::{notes, shown, srs};
use crate::StoreError;

/// A collection and where it lies.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) collection: Collection,
    pub(crate) columns: Columns,
    /// Row of `gpkg_spatial_ref_sys`.
    pub(crate) srs_id: i32,
}

const SELECT: &str = "
SELECT c.collection, c.crs, c.geometry_type, c.has_z, c.has_m, c.fid_column, c.geometry_column,
       c.title, c.attribution, c.key_field, c.min_zoom, c.max_zoom, c.style,
       g.description, s.min_x, s.min_y, s.max_x, s.max_y, s.feature_count
FROM tuban_collections c
JOIN tuban_shown s ON s.collection = c.collection
LEFT JOIN gpkg_contents g ON g.table_name = c.collection";

/// Leaves out what is kept out as a whole.
const SHOWN: &str = "NOT EXISTS (SELECT 1 FROM tuban_kept_out k
WHERE k.collection = c.collection AND k.fid ISNULL)";

/// Every collection that is shown, ordered by id.
pub(crate) fn read_all(db: &Connection) -> Result<Vec<Table>, StoreError> {
    read_where(db, SHOWN)
}

/// Every collection, also those that are kept out as a whole, ordered by id.
pub(crate) fn read_every(db: &Connection) -> Result<Vec<Table>, StoreError> {
    read_where(db, "true")
}

fn read_where(db: &Connection, condition: &str) -> Result<Vec<Table>, StoreError> {
    let sql = format!("{SELECT} WHERE {condition} ORDER BY c.collection");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut tables = Vec::new();
    while let Some(row) = rows.next()? {
        tables.push(read_table(db, row)?);
    }
    Ok(tables)
}

/// One collection.
pub(crate) fn read(db: &Connection, id: &CollectionId) -> Result<Table, StoreError> {
    let sql = format!("{SELECT} WHERE c.collection = ?1 AND {SHOWN}");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([id.as_str()])?;
    match rows.next()? {
        Some(row) => read_table(db, row),
        None => Err(StoreError::UnknownCollection { id: id.clone() }),
    }
}

fn read_table(db: &Connection, row: &Row<'_>) -> Result<Table, StoreError> {
    let name: String = row.get(0)?;
    let unreadable =
        |what: &str, text: &str| StoreError::damaged(format!("collection {name}, {what}"), text);
    let id = CollectionId::try_from(name.as_str()).map_err(|e| unreadable("id", &e.to_string()))?;
    let crs: String = row.get(1)?;
    let geometry_type: String = row.get(2)?;
    let crs = read_crs(&crs).ok_or_else(|| unreadable("crs", &crs))?;
    let borders: [Option<f64>; 4] = [row.get(14)?, row.get(15)?, row.get(16)?, row.get(17)?];
    let collection = Collection {
        title: row.get(7)?,
        description: row.get::<_, Option<String>>(13)?.unwrap_or_default(),
        attribution: row.get(8)?,
        geometry_type: GeometryType::ALL
            .into_iter()
            .find(|t| geometry_type_name(*t) == geometry_type)
            .ok_or_else(|| unreadable("geometry_type", &geometry_type))?,
        has_z: row.get(3)?,
        has_m: row.get(4)?,
        fields: read_fields(db, &name)?,
        key: row.get(9)?,
        zooms: Zooms { min: row.get(10)?, max: row.get(11)? },
        style: row.get(12)?,
        extent: read_envelope(borders).unwrap_or(Envelope::EMPTY),
        count: row.get::<_, Option<u64>>(18)?.unwrap_or(0),
        id,
        crs,
    };
    let srs_id = srs::srs_id(&collection.crs);
    let columns = Columns { fid: row.get(5)?, geometry: row.get(6)?, table: name };
    Ok(Table { collection, columns, srs_id })
}

fn read_crs(text: &str) -> Option<Crs> {
    match text.split_once(':')? {
        ("EPSG", code) => code.parse().ok().map(Crs::Epsg),
        ("site", name) => Some(Crs::Site(name.to_owned())),
        _ => None,
    }
}

/// The envelope in four columns (min x, min y, max x, max y); none when one is null.
pub(crate) fn read_envelope(borders: [Option<f64>; 4]) -> Option<Envelope> {
    let [Some(min_x), Some(min_y), Some(max_x), Some(max_y)] = borders else { return None };
    Some(Envelope::new(min_x, min_y, max_x, max_y)).filter(|e| !e.is_empty())
}

/// The four columns of an envelope, null when there is none.
pub(crate) fn envelope_columns(envelope: Option<Envelope>) -> [Option<f64>; 4] {
    match envelope.filter(|e| !e.is_empty()) {
        Some(e) => [Some(e.min_x), Some(e.min_y), Some(e.max_x), Some(e.max_y)],
        None => [None; 4],
    }
}

fn read_fields(db: &Connection, name: &str) -> Result<Vec<Field>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT f.name, f.field_type, f.class, d.title FROM tuban_fields f
         LEFT JOIN gpkg_data_columns d ON d.table_name = f.collection AND d.column_name = f.name
         WHERE f.collection = ?1 ORDER BY f.position",
    )?;
    let mut rows = statement.query([name])?;
    let mut fields = Vec::new();
    while let Some(row) = rows.next()? {
        let field: String = row.get(0)?;
        let field_type: String = row.get(1)?;
        let class: usize = row.get(2)?;
        let unreadable =
            |text| StoreError::damaged(format!("collection {name}, field {field}"), text);
        fields.push(Field {
            alias: row.get(3)?,
            field_type: FieldType::ALL
                .into_iter()
                .find(|t| sql_type(*t) == field_type)
                .ok_or_else(|| unreadable("unknown field type"))?,
            class: *FieldClass::ALL.get(class).ok_or_else(|| unreadable("unknown field class"))?,
            name: field,
        });
    }
    Ok(fields)
}

/// Makes the tables of a new collection, without index, R-tree and triggers; ids go on after
/// `last_fid`.
pub(crate) fn create(
    db: &Connection,
    collection: &Collection,
    last_fid: i64,
) -> Result<Table, StoreError> {
    let columns = Columns::new(collection);
    let srs_id = srs::ensure(db, &collection.crs)?;
    let name = collection.id.as_str();
    db.execute_batch(&columns.create_table(collection))?;
    if last_fid > 0 {
        db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", (name, last_fid))?;
    }
    db.execute(
        "INSERT INTO tuban_collections
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '', '', NULL, 0, 0, NULL)",
        params![
            name,
            collection.crs.to_string(),
            geometry_type_name(collection.geometry_type),
            collection.has_z,
            collection.has_m,
            columns.fid,
            columns.geometry
        ],
    )?;
    db.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id)
         VALUES (?1, 'features', NULL, ?2)",
        (name, srs_id),
    )?;
    // 2: may have a Z (M), need not.
    db.execute(
        "INSERT INTO gpkg_geometry_columns VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            name,
            columns.geometry,
            geometry_type_name(collection.geometry_type),
            srs_id,
            if collection.has_z { 2 } else { 0 },
            if collection.has_m { 2 } else { 0 }
        ],
    )?;
    db.execute("INSERT INTO gpkg_ogr_contents VALUES (?1, 0)", [name])?;
    shown::create(db, name)?;
    db.execute(
        "INSERT INTO gpkg_extensions VALUES (?1, ?2, 'gpkg_rtree_index',
         'http://www.geopackage.org/spec140/#extension_rtree', 'write-only')",
        (name, &columns.geometry),
    )?;
    let table = Table { collection: collection.clone(), columns, srs_id };
    describe(db, collection)?;
    Ok(table)
}

/// Writes what [`crate::FeatureStore::describe`] may change; not the key's index.
pub(crate) fn describe(db: &Connection, collection: &Collection) -> Result<(), StoreError> {
    let name = collection.id.as_str();
    db.execute(
        "UPDATE tuban_collections SET title = ?2, attribution = ?3, key_field = ?4,
         min_zoom = ?5, max_zoom = ?6, style = ?7 WHERE collection = ?1",
        params![
            name,
            collection.title,
            collection.attribution,
            collection.key,
            collection.zooms.min,
            collection.zooms.max,
            collection.style
        ],
    )?;
    // The standard wants identifiers unique; titles need not be.
    let taken = "SELECT 1 FROM gpkg_contents WHERE identifier = ?1 AND table_name <> ?2";
    let is_taken = db.query_row(taken, (&collection.title, name), |_| Ok(())).optional()?.is_some();
    let identifier = if collection.title.is_empty() {
        name.to_owned()
    } else if is_taken {
        format!("{} ({name})", collection.title)
    } else {
        collection.title.clone()
    };
    db.execute(
        "UPDATE gpkg_contents SET identifier = ?2, description = ?3,
         last_change = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE table_name = ?1",
        (name, identifier, &collection.description),
    )?;
    db.execute("DELETE FROM tuban_fields WHERE collection = ?1", [name])?;
    db.execute("DELETE FROM gpkg_data_columns WHERE table_name = ?1", [name])?;
    for (position, field) in collection.fields.iter().enumerate() {
        db.execute(
            "INSERT INTO tuban_fields VALUES (?1, ?2, ?3, ?4, ?5)",
            (name, position, &field.name, sql_type(field.field_type), field.class as u8),
        )?;
        if let Some(alias) = &field.alias {
            db.execute(
                "INSERT INTO gpkg_data_columns (table_name, column_name, name, title)
                 VALUES (?1, ?2, ?2, ?3)",
                (name, &field.name, alias),
            )?;
        }
    }
    Ok(())
}

/// Removes a collection's tables and every mention of it but styles, change log and history.
pub(crate) fn drop_tables(db: &Connection, table: &Table) -> Result<(), StoreError> {
    let name = &table.columns.table;
    let rtree = ident(&table.columns.rtree());
    db.execute_batch(&format!(
        "{} DROP TABLE IF EXISTS {rtree}; DROP TABLE IF EXISTS {};",
        table.columns.drop_triggers(),
        ident(name)
    ))?;
    for (mention, column) in MENTIONS {
        db.execute(&format!("DELETE FROM {mention} WHERE {column} = ?1"), [name])?;
    }
    // Nobody could reach them any more, not even to erase them.
    for mention in ["tuban_personal", "tuban_personal_keys"] {
        db.execute(&format!("DELETE FROM {mention} WHERE collection = ?1"), [name])?;
    }
    Ok(())
}

/// Moves a collection and every mention of it, change log and history too.
pub(crate) fn rename_tables(
    db: &Connection,
    table: &Table,
    to: &CollectionId,
) -> Result<(), StoreError> {
    let from = &table.columns;
    let next = Columns { table: to.as_str().to_owned(), ..from.clone() };
    let key = table.collection.key.as_deref();
    notes::drop_triggers(db, table)?;
    db.execute_batch(&format!(
        "{}{} ALTER TABLE {} RENAME TO {}; ALTER TABLE {} RENAME TO {}; {}{}",
        from.drop_triggers(),
        from.drop_key(),
        ident(&from.table),
        ident(&next.table),
        ident(&from.rtree()),
        ident(&next.rtree()),
        key.map(|field| next.create_key(field)).unwrap_or_default(),
        next.create_triggers()
    ))?;
    let others = [
        ("tuban_change_log", "collection"),
        ("tuban_history", "collection"),
        ("tuban_data_keys", "collection"),
        ("tuban_personal", "collection"),
        ("tuban_personal_keys", "collection"),
        ("layer_styles", "f_table_name"),
    ];
    for (mention, column) in MENTIONS.into_iter().chain(others) {
        let sql = format!("UPDATE {mention} SET {column} = ?2 WHERE {column} = ?1");
        db.execute(&sql, (&from.table, &next.table))?;
    }
    notes::create_triggers(db, &Table { columns: next, ..table.clone() })?;
    // An identifier may hold the id, which another collection may have later.
    describe(db, &Collection { id: to.clone(), ..table.collection.clone() })
}

/// Removes the styles that QGIS has for a collection.
pub(crate) fn drop_styles(db: &Connection, table: &Table) -> Result<(), StoreError> {
    db.execute("DELETE FROM layer_styles WHERE f_table_name = ?1", [&table.columns.table])?;
    Ok(())
}

const MENTIONS: [(&str, &str); 9] = [
    ("tuban_shown", "collection"),
    ("tuban_kept_out", "collection"),
    ("tuban_collections", "collection"),
    ("tuban_fields", "collection"),
    ("gpkg_data_columns", "table_name"),
    ("gpkg_extensions", "table_name"),
    ("gpkg_geometry_columns", "table_name"),
    ("gpkg_ogr_contents", "table_name"),
    ("gpkg_contents", "table_name"),
];

/// Refuses an id that a collection, or any other table of the file, has.
pub(crate) fn check_free(db: &Connection, id: &CollectionId) -> Result<(), StoreError> {
    let taken = "SELECT 1 FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE";
    match db.query_row(taken, [id.as_str()], |_| Ok(())).optional()? {
        Some(()) => Err(StoreError::CollectionExists { id: id.clone() }),
        None => Ok(()),
    }
}

/// Last id given under a name that no collection has any more.
pub(crate) fn retired(db: &Connection, id: &CollectionId) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT last_fid FROM tuban_retired WHERE collection = ?1";
    Ok(db.query_row(sql, [id.as_str()], |row| row.get(0)).optional()?)
}

/// Remembers the last id given under the name of `table`.
pub(crate) fn retire(db: &Connection, table: &Table) -> Result<(), StoreError> {
    let last = last_fid(db, &table.columns)?;
    let sql = "INSERT OR REPLACE INTO tuban_retired VALUES (?1, ?2)";
    db.execute(sql, (&table.columns.table, last))?;
    Ok(())
}

/// Says that ids up to `last` of the collection `id` are of one that had its name before.
pub(crate) fn follow_retired(
    db: &Connection,
    id: &CollectionId,
    last: i64,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO tuban_retired VALUES (?1, ?2)";
    db.execute(sql, (id.as_str(), last))?;
    Ok(())
}

/// Forgets a collection whose table another program has dropped, but for its history: the last id
/// is that of the change log, for SQLite has forgotten it.
pub(crate) fn retire_dropped(db: &Connection, table: &Table) -> Result<(), StoreError> {
    let sql = "SELECT max(max(fid, ifnull(last_fid, fid))) FROM tuban_change_log
               WHERE collection = ?1 AND operation IN ('insert', 'load')";
    let name = &table.columns.table;
    let last: Option<i64> = db.query_row(sql, [name], |row| row.get(0))?;
    let sql = "INSERT OR REPLACE INTO tuban_retired VALUES (?1, ?2)";
    db.execute(sql, (name, last.unwrap_or(0)))?;
    drop_tables(db, table)?;
    drop_styles(db, table)
}

/// The largest id that was ever given in a table.
pub(crate) fn last_fid(db: &Connection, columns: &Columns) -> Result<i64, StoreError> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = ?1";
    Ok(db.query_row(sql, [&columns.table], |row| row.get(0)).optional()?.unwrap_or(0))
}

/// Writes extent and feature count as they are known.
pub(crate) fn set_contents(
    db: &Connection,
    columns: &Columns,
    extent: Envelope,
    count: u64,
) -> Result<(), StoreError> {
    set_extent(db, columns, extent)?;
    shown::set(db, &columns.table, extent, count)?;
    let sql = "UPDATE gpkg_ogr_contents SET feature_count = ?2 WHERE table_name = ?1";
    db.execute(sql, (&columns.table, count))?;
    Ok(())
}

/// Writes the number of rows for other programs: the features shown and the rows kept out.
pub(crate) fn recount_for_others(db: &Connection, table: &Table) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO gpkg_ogr_contents SELECT ?1, s.feature_count +
               (SELECT count(*) FROM tuban_kept_out k WHERE k.collection = ?1 AND k.fid NOTNULL)
               FROM tuban_shown s WHERE s.collection = ?1";
    db.execute(sql, [&table.columns.table])?;
    Ok(())
}

/// Writes the extent, and now as the moment of the last change.
pub(crate) fn set_extent(
    db: &Connection,
    columns: &Columns,
    extent: Envelope,
) -> Result<(), StoreError> {
    let [min_x, min_y, max_x, max_y] = envelope_columns(Some(extent));
    db.prepare_cached(
        "UPDATE gpkg_contents SET min_x = ?2, min_y = ?3, max_x = ?4, max_y = ?5,
         last_change = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE table_name = ?1",
    )?
    .execute((&columns.table, min_x, min_y, max_x, max_y))?;
    Ok(())
}

/// Puts a style where QGIS finds it, as the layer's default.
pub(crate) fn set_style(
    db: &Connection,
    table: &Table,
    name: &str,
    qml: &str,
    sld: &str,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM layer_styles WHERE f_table_name = ?1 AND styleName = ?2";
    db.execute(sql, (&table.columns.table, name))?;
    db.execute(
        "UPDATE layer_styles SET useAsDefault = 0 WHERE f_table_name = ?1",
        [&table.columns.table],
    )?;
    db.execute(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name,
         f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner)
         VALUES ('', '', ?1, ?2, ?3, ?4, ?5, 1, '', '')",
        (&table.columns.table, &table.columns.geometry, name, qml, sld),
    )?;
    Ok(())
}
