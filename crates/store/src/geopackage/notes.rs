//! What other programs note for us when they change features: the triggers that make them, and
//! the notes as they are read.
//!
//! A note says that a feature was touched since the newest revision, whether it existed then, and
//! what it held. Only the first touch makes one, so that a note always has the state that the
//! newest revision shows. The triggers call no function that SQLite has not built in, and they
//! find a column by its name in a scope of its own: where the column has gone its value is null,
//! so that other programs may drop columns.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension};
use spatial::{Feature, FeatureId, Value, gpb};

use super::catalogue::Table;
use super::kept_out;
use super::row::read_value;
use super::schema::{Columns, ident, literal};
use crate::StoreError;
use crate::fit::fit;

/// Name under which the geometry of a note stands: no field has an empty name.
const GEOMETRY: &str = "";

/// A touched feature as the newest revision shows it; none when it was not there.
pub(crate) type Before = Option<Feature>;

/// The triggers of a table: names and statements.
pub(crate) fn triggers(table: &Table) -> [(String, String); 5] {
    let Columns { table: name, fid, .. } = &table.columns;
    let (place, text, fid) = (ident(name), literal(name), ident(fid));
    let foreign = "(SELECT value FROM tuban_meta WHERE name = 'own') IS NOT 1";
    let trigger = |what: &str, event: &str, when: &str, body: String| {
        let trigger = ident(&format!("tuban_note_{name}_{what}"));
        let sql =
            format!("CREATE TRIGGER {trigger} {event} ON {place} WHEN {when} BEGIN {body} END");
        (trigger, sql)
    };
    let arrived = format!(
        "INSERT INTO tuban_foreign (collection, fid, existed) SELECT {text}, NEW.{fid}, 0
         WHERE NOT EXISTS (SELECT 1 FROM tuban_foreign WHERE collection = {text} AND fid = NEW.{fid});"
    );
    // Whatever the statement may replace, by its id or its key, is touched too.
    let replaced = match &table.collection.key {
        Some(key) => {
            let key = ident(key);
            format!(" UNION SELECT {fid} FROM {place} WHERE {key} = NEW.{key}")
        }
        None => String::new(),
    };
    let rows = |ids: &str| format!("SELECT {fid} FROM {place} WHERE {fid} IN ({ids})");
    let moved = format!("OLD.{fid} <> NEW.{fid} AND {foreign}");
    let (new, both) = (rows(&format!("NEW.{fid}")), rows(&format!("OLD.{fid}, NEW.{fid}")));
    [
        trigger("insert", "BEFORE INSERT", foreign, touched(table, &(new + &replaced))),
        trigger("inserted", "AFTER INSERT", foreign, arrived.clone()),
        trigger("update", "BEFORE UPDATE", foreign, touched(table, &(both + &replaced))),
        trigger("moved", "AFTER UPDATE", &moved, arrived),
        trigger("delete", "BEFORE DELETE", foreign, touched(table, &rows(&format!("OLD.{fid}")))),
    ]
}

/// Statements that note the rows whose ids `rows` selects, with all that they hold.
fn touched(table: &Table, rows: &str) -> String {
    let Columns { table: name, fid, geometry } = &table.columns;
    let (place, text, fid) = (ident(name), literal(name), ident(fid));
    let mut body = format!(
        "INSERT INTO tuban_foreign (collection, fid, existed) SELECT {text}, {fid}, 1 FROM {place}
         WHERE {fid} IN ({rows}) AND NOT EXISTS (SELECT 1 FROM tuban_foreign n
         WHERE n.collection = {text} AND n.fid = {place}.{fid});"
    );
    // The geometry comes last and says that a note is whole.
    let fields = table.collection.fields.iter().map(|field| (&*field.name, &field.name));
    for (field, column) in fields.chain([(GEOMETRY, geometry)]) {
        let column = ident(column);
        body.push_str(&format!(
            "INSERT INTO tuban_foreign_values (seq, field, value) SELECT n.seq, {}, (SELECT \
             (SELECT {column} FROM {place} WHERE {fid} = n.fid) FROM (SELECT NULL AS {column})) \
             FROM tuban_foreign n WHERE n.collection = {text} AND n.fid IN ({rows}) AND n.existed \
             AND NOT EXISTS (SELECT 1 FROM tuban_foreign_values v WHERE v.seq = n.seq AND v.field = '');",
            literal(field)
        ));
    }
    body
}

/// Makes the triggers of a table, in the place of those that it has.
pub(crate) fn create_triggers(db: &Connection, table: &Table) -> Result<(), StoreError> {
    drop_triggers(db, table)?;
    let all: String = triggers(table).into_iter().map(|(_, sql)| sql + ";").collect();
    Ok(db.execute_batch(&all)?)
}

/// Takes the triggers away, for a bulk load or before the table gets another name.
pub(crate) fn drop_triggers(db: &Connection, table: &Table) -> Result<(), StoreError> {
    let drop = |(name, _): (String, String)| format!("DROP TRIGGER IF EXISTS {name};");
    Ok(db.execute_batch(&triggers(table).into_iter().map(drop).collect::<String>())?)
}

/// Whether the table has its triggers, word for word.
pub(crate) fn has_triggers(db: &Connection, table: &Table) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 AND name = ?2",
    )?;
    for (name, sql) in triggers(table) {
        let name = name[1..name.len() - 1].replace("\"\"", "\"");
        let stored = find.query_row((&table.columns.table, name), |row| row.get::<_, String>(0));
        if stored.optional()?.is_none_or(|stored| stored != sql) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether any program has noted anything.
pub(crate) fn any(db: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM tuban_foreign)";
    Ok(db.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Ids noted after `after` in a collection, ascending, at most `limit`.
pub(crate) fn ids(
    db: &Connection,
    collection: &str,
    after: i64,
    limit: usize,
) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT fid FROM tuban_foreign WHERE collection = ?1 AND fid > ?2
               ORDER BY fid LIMIT ?3";
    let mut statement = db.prepare_cached(sql)?;
    let ids = statement.query_map((collection, after, limit), |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// The least noted id of a collection less one; none when nothing is noted.
pub(crate) fn before_first(db: &Connection, collection: &str) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT min(fid) FROM tuban_foreign WHERE collection = ?1";
    let least: Option<i64> = db.prepare_cached(sql)?.query_row([collection], |row| row.get(0))?;
    Ok(least.map(|least| least.saturating_sub(1)))
}

/// State of a feature at the newest revision by its note: none when there is no note of it.
pub(crate) fn before(
    db: &Connection,
    table: &Table,
    fid: i64,
) -> Result<Option<Before>, StoreError> {
    let sql = "SELECT seq, existed FROM tuban_foreign WHERE collection = ?1 AND fid = ?2";
    let note = db
        .prepare_cached(sql)?
        .query_row((&table.columns.table, fid), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((seq, existed)): Option<(i64, bool)> = note else { return Ok(None) };
    if !existed || kept_out::has(db, table, fid)? {
        return Ok(Some(None));
    }
    Ok(Some(read_state(db, table, fid, seq)?))
}

/// The noted features of a collection as the newest revision shows them.
pub(crate) fn all_before(
    db: &Connection,
    table: &Table,
) -> Result<BTreeMap<i64, Before>, StoreError> {
    let mut all = BTreeMap::new();
    let Some(mut after) = before_first(db, &table.columns.table)? else { return Ok(all) };
    loop {
        let ids = ids(db, &table.columns.table, after, 1000)?;
        let Some(last) = ids.last() else { return Ok(all) };
        after = *last;
        for fid in ids {
            all.insert(fid, before(db, table, fid)?.flatten());
        }
    }
}

/// Forgets all notes: they have been taken in.
pub(crate) fn clear(db: &Connection) -> Result<(), StoreError> {
    Ok(db.execute_batch("DELETE FROM tuban_foreign_values; DELETE FROM tuban_foreign;")?)
}

/// The state that a note holds. One that cannot be read was never shown: the newest revision kept
/// it out.
fn read_state(db: &Connection, table: &Table, fid: i64, seq: i64) -> Result<Before, StoreError> {
    let Ok(id) = FeatureId::try_from(fid) else { return Ok(None) };
    let mut statement =
        db.prepare_cached("SELECT field, value FROM tuban_foreign_values WHERE seq = ?1")?;
    let mut rows = statement.query([seq])?;
    let positions: HashMap<&str, usize> =
        table.collection.fields.iter().enumerate().map(|(n, f)| (&*f.name, n)).collect();
    let mut geometry = None;
    let mut properties = vec![Value::Null; positions.len()];
    while let Some(row) = rows.next()? {
        let field: String = row.get(0)?;
        let value = row.get_ref(1)?;
        if field == GEOMETRY {
            geometry = match value.as_blob_or_null() {
                Ok(None) => None,
                Ok(Some(bytes)) => match gpb::decode(bytes) {
                    Ok((_, decoded)) => Some(decoded.geometry),
                    Err(_) => return Ok(None),
                },
                Err(_) => return Ok(None),
            };
        } else if let Some(position) = positions.get(&*field) {
            let Some(value) = read_value(&table.collection.fields[*position], value) else {
                return Ok(None);
            };
            properties[*position] = value;
        }
    }
    let mut feature = Feature { id: Some(id), geometry, properties };
    Ok(fit(&table.collection, &mut feature).is_ok().then_some(feature))
}
