//! The tables: those of the OGC GeoPackage standard 1.4, those that GDAL and QGIS add, and our
//! own, which stand beside them as an extension.

use spatial::{Collection, FieldType, GeometryType};

/// Format number of our own tables. Format 1 had no notes of what other programs do.
pub(crate) const FORMAT: i64 = 2;
/// `GPKG`, in the header of the file.
pub(crate) const APPLICATION_ID: i64 = 0x4750_4B47;
/// GeoPackage 1.4.0.
const USER_VERSION: i64 = 10_400;

/// Every table of an empty store.
pub(crate) fn create_all() -> String {
    format!(
        "PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {USER_VERSION};
         {STANDARD}{QGIS}{OURS}{ADDED}{NOTES}{LISTED}
         UPDATE tuban_meta SET value = {FORMAT} WHERE name = 'format';"
    )
}

const STANDARD: &str = "
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER, CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name), CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name), CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL, CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT, constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE gpkg_data_column_constraints (constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT, CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
CREATE TABLE gpkg_ogr_contents (table_name TEXT NOT NULL PRIMARY KEY, feature_count INTEGER DEFAULT NULL);
INSERT INTO gpkg_extensions VALUES
 ('gpkg_data_columns', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec140/#extension_schema', 'read-write'),
 ('gpkg_data_column_constraints', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec140/#extension_schema', 'read-write');
INSERT INTO gpkg_spatial_ref_sys VALUES
 ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system'),
 ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system');
";

/// The table in which QGIS looks for styles; listed as attributes, which also keeps GDAL from
/// listing our own tables as layers.
const QGIS: &str = "
CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')));
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('layer_styles', 'attributes', 'layer_styles');
INSERT INTO gpkg_ogr_contents VALUES ('layer_styles', 0);
CREATE TRIGGER trigger_insert_feature_count_layer_styles AFTER INSERT ON layer_styles BEGIN UPDATE gpkg_ogr_contents SET feature_count = feature_count + 1 WHERE lower(table_name) = lower('layer_styles'); END;
CREATE TRIGGER trigger_delete_feature_count_layer_styles AFTER DELETE ON layer_styles BEGIN UPDATE gpkg_ogr_contents SET feature_count = feature_count - 1 WHERE lower(table_name) = lower('layer_styles'); END;
";

/// A state in `tuban_history` held for revisions `from_revision <= r < until_revision`; so the
/// state of a feature as of revision r is its row with the smallest `until_revision > r`, or the
/// feature table's row when there is none. In `tuban_change_log` a load that added features says
/// which: `fid..=last_fid`. Times are milliseconds since 1970 in UTC.
const OURS: &str = "
CREATE TABLE tuban_meta (name TEXT NOT NULL PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE tuban_collections (collection TEXT NOT NULL PRIMARY KEY, crs TEXT NOT NULL, geometry_type TEXT NOT NULL, has_z INTEGER NOT NULL, has_m INTEGER NOT NULL, fid_column TEXT NOT NULL, geometry_column TEXT NOT NULL, title TEXT NOT NULL, attribution TEXT NOT NULL, key_field TEXT, min_zoom INTEGER NOT NULL, max_zoom INTEGER NOT NULL, style TEXT) WITHOUT ROWID;
CREATE TABLE tuban_fields (collection TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, field_type TEXT NOT NULL, class INTEGER NOT NULL, PRIMARY KEY (collection, position)) WITHOUT ROWID;
CREATE TABLE tuban_retired (collection TEXT NOT NULL PRIMARY KEY, last_fid INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE tuban_change_log (seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, revision INTEGER NOT NULL, collection TEXT NOT NULL, operation TEXT NOT NULL, fid INTEGER, last_fid INTEGER, before_min_x DOUBLE, before_min_y DOUBLE, before_max_x DOUBLE, before_max_y DOUBLE, after_min_x DOUBLE, after_min_y DOUBLE, after_max_x DOUBLE, after_max_y DOUBLE, actor TEXT NOT NULL, reason TEXT NOT NULL, recorded_at INTEGER NOT NULL);
CREATE INDEX tuban_change_log_revision ON tuban_change_log (revision);
CREATE INDEX tuban_change_log_arrival ON tuban_change_log (collection, fid) WHERE operation IN ('insert', 'load');
CREATE TABLE tuban_history (seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, collection TEXT NOT NULL, fid INTEGER NOT NULL, from_revision INTEGER NOT NULL, until_revision INTEGER NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL, recorded_at INTEGER NOT NULL, properties BLOB NOT NULL, geometry BLOB);
CREATE INDEX tuban_history_state ON tuban_history (collection, fid, until_revision);
INSERT INTO tuban_meta VALUES ('format', 1), ('fingerprint', lower(hex(randomblob(16)))), ('revision', 0);
";

/// What format 2 added. `tuban_shown` has count and extent of each collection as this program
/// shows it, whatever others write into the tables of the standard. In `tuban_foreign` stand the
/// features that another program has touched since the newest revision, and in
/// `tuban_foreign_values` the state that each had then (field `''` is the geometry); triggers fill
/// both unless `own` is 1 in `tuban_meta`, as it is within transactions of this program.
/// `tuban_kept_out` lists rows of the file that are no features because of a defect; without a
/// `fid`, a whole table.
const NOTES: &str = "
CREATE TABLE tuban_shown (collection TEXT NOT NULL PRIMARY KEY, feature_count INTEGER NOT NULL, min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE) WITHOUT ROWID;
CREATE TABLE tuban_foreign (seq INTEGER PRIMARY KEY NOT NULL, collection TEXT NOT NULL, fid INTEGER NOT NULL, existed INTEGER NOT NULL);
CREATE INDEX tuban_foreign_feature ON tuban_foreign (collection, fid);
CREATE TABLE tuban_foreign_values (seq INTEGER NOT NULL, field TEXT NOT NULL, value, PRIMARY KEY (seq, field)) WITHOUT ROWID;
CREATE TABLE tuban_kept_out (seq INTEGER PRIMARY KEY NOT NULL, collection TEXT NOT NULL, fid INTEGER, place TEXT NOT NULL, reason TEXT NOT NULL, since INTEGER NOT NULL);
CREATE INDEX tuban_kept_out_feature ON tuban_kept_out (collection, fid);
INSERT INTO tuban_meta VALUES ('own', 0);
";

/// Lists our tables as an extension, where they are not listed yet.
const LISTED: &str = "
INSERT INTO gpkg_extensions SELECT name, NULL, 'tuban_record', 'Catalogue, change log and history of the Tuban store that this file is', 'read-write' FROM sqlite_schema WHERE type = 'table' AND name LIKE 'tuban\\_%' ESCAPE '\\' AND name NOT IN (SELECT table_name FROM gpkg_extensions WHERE table_name NOTNULL);
";

/// Makes format 2 of format 1, the triggers of the collections apart.
pub(crate) fn upgrade_from_1() -> String {
    format!(
        "{NOTES}{LISTED}
         INSERT INTO tuban_shown
         SELECT c.collection, ifnull(o.feature_count, 0), g.min_x, g.min_y, g.max_x, g.max_y
         FROM tuban_collections c JOIN gpkg_contents g ON g.table_name = c.collection
         LEFT JOIN gpkg_ogr_contents o ON o.table_name = c.collection;
         UPDATE tuban_meta SET value = {FORMAT} WHERE name = 'format';"
    )
}

/// Stands in a connection to a file of format 1 for what format 2 added.
pub(crate) const AS_FORMAT_2: &str = "
CREATE TEMP VIEW tuban_shown AS SELECT o.table_name AS collection, o.feature_count, g.min_x, g.min_y, g.max_x, g.max_y FROM main.gpkg_ogr_contents o JOIN main.gpkg_contents g ON g.table_name = o.table_name;
CREATE TEMP TABLE tuban_foreign (seq INTEGER PRIMARY KEY, collection TEXT, fid INTEGER, existed INTEGER);
CREATE TEMP TABLE tuban_foreign_values (seq INTEGER, field TEXT, value);
CREATE TEMP TABLE tuban_kept_out (seq INTEGER PRIMARY KEY, collection TEXT, fid INTEGER, place TEXT, reason TEXT, since INTEGER);
";

/// What stores made before it was thought of get when they are opened for writing: the indexes by
/// which returns and erasures of a feature are found, and the data keys of features (`sealed_as`
/// is the name that the collection had when the key was made).
const ADDED: &str = "
CREATE INDEX IF NOT EXISTS tuban_change_log_revival ON tuban_change_log (collection, fid) WHERE operation = 'revive';
CREATE INDEX IF NOT EXISTS tuban_change_log_erasure ON tuban_change_log (collection, fid) WHERE operation = 'erase';
CREATE TABLE IF NOT EXISTS tuban_data_keys (collection TEXT NOT NULL, fid INTEGER NOT NULL, sealed_as TEXT NOT NULL, wrapped BLOB NOT NULL, PRIMARY KEY (collection, fid)) WITHOUT ROWID;
";

/// Makes what `ADDED` has and the file lacks.
pub(crate) fn add() -> String {
    format!("{ADDED}{LISTED}")
}

/// Counts what `ADDED` makes: three when nothing is missing.
pub(crate) const COUNT_ADDED: &str = "SELECT count(*) FROM sqlite_schema WHERE name IN \
    ('tuban_change_log_revival', 'tuban_change_log_erasure', 'tuban_data_keys')";

/// `name` as an SQL identifier.
pub(crate) fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `text` as an SQL string.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Where the features of one collection lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    /// Table name: the collection's id.
    pub(crate) table: String,
    /// Column of the feature id.
    pub(crate) fid: String,
    /// Column of the geometry.
    pub(crate) geometry: String,
}

impl Columns {
    /// `fid` and `geom`, with as many `_` behind as keep them from the fields.
    pub(crate) fn new(collection: &Collection) -> Self {
        let free = |name: &str| {
            let mut name = name.to_owned();
            while collection.fields.iter().any(|field| field.name.to_lowercase() == name) {
                name.push('_');
            }
            name
        };
        Self { table: collection.id.as_str().to_owned(), fid: free("fid"), geometry: free("geom") }
    }

    /// Name of the R-tree, by the standard.
    pub(crate) fn rtree(&self) -> String {
        format!("rtree_{}_{}", self.table, self.geometry)
    }

    /// Name of the unique index of the key.
    pub(crate) fn key_name(&self) -> String {
        format!("tuban_key_{}", self.table)
    }

    fn key_index(&self) -> String {
        ident(&self.key_name())
    }

    /// Name of the first trigger of the R-tree, which stands for all.
    pub(crate) fn first_trigger(&self) -> String {
        format!("{}_insert", self.rtree())
    }

    pub(crate) fn create_table(&self, collection: &Collection) -> String {
        let fields: String = collection
            .fields
            .iter()
            .map(|field| format!(", {} {}", ident(&field.name), sql_type(field.field_type)))
            .collect();
        format!(
            "CREATE TABLE {} ({} INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, {} {}{fields});",
            ident(&self.table),
            ident(&self.fid),
            ident(&self.geometry),
            geometry_type_name(collection.geometry_type),
        )
    }

    pub(crate) fn create_key(&self, field: &str) -> String {
        let (index, table, field) = (self.key_index(), ident(&self.table), ident(field));
        format!("CREATE UNIQUE INDEX {index} ON {table} ({field});")
    }

    pub(crate) fn drop_key(&self) -> String {
        format!("DROP INDEX IF EXISTS {};", self.key_index())
    }

    pub(crate) fn create_rtree(&self) -> String {
        format!(
            "CREATE VIRTUAL TABLE {} USING rtree(id, minx, maxx, miny, maxy);",
            ident(&self.rtree())
        )
    }

    fn triggers(&self) -> [(String, String); 9] {
        let (fid, geom) = (ident(&self.fid), ident(&self.geometry));
        let (table, rtree) = (ident(&self.table), ident(&self.rtree()));
        let name = |what: &str| ident(&format!("{}_{what}", self.rtree()));
        let (old, new) = (format!("OLD.{fid}"), format!("NEW.{fid}"));
        let present =
            |row: &str| format!("({row}.{geom} NOTNULL AND NOT ST_IsEmpty({row}.{geom}))");
        let absent = format!("(NEW.{geom} ISNULL OR ST_IsEmpty(NEW.{geom}))");
        let borders = format!(
            "ST_MinX(NEW.{geom}), ST_MaxX(NEW.{geom}), ST_MinY(NEW.{geom}), ST_MaxY(NEW.{geom})"
        );
        let put = format!("INSERT OR REPLACE INTO {rtree} VALUES ({new}, {borders});");
        let cut = format!("DELETE FROM {rtree} WHERE id = {old};");
        let change = format!(
            "UPDATE {rtree} SET minx = ST_MinX(NEW.{geom}), maxx = ST_MaxX(NEW.{geom}), \
             miny = ST_MinY(NEW.{geom}), maxy = ST_MaxY(NEW.{geom}) WHERE id = {new};"
        );
        let count = |sign: char| {
            format!(
                "UPDATE gpkg_ogr_contents SET feature_count = feature_count {sign} 1 \
                 WHERE lower(table_name) = lower({});",
                literal(&self.table)
            )
        };
        let trigger = |name: String, event: &str, when: &str, body: String| {
            let when = if when.is_empty() { String::new() } else { format!(" WHEN {when}") };
            let sql =
                format!("CREATE TRIGGER {name} AFTER {event} ON {table}{when} BEGIN {body} END;");
            (name, sql)
        };
        let update = format!("UPDATE OF {geom}");
        // The standard has no column list here. With it a program without the functions of the
        // R-tree, such as SQLite's own shell, can still change attributes.
        let move_id = format!("UPDATE OF {fid}");
        let was = present("OLD");
        let is = present("NEW");
        let counted = |what: &str| ident(&format!("trigger_{what}_feature_count_{}", self.table));
        [
            trigger(name("insert"), "INSERT", &is, put.clone()),
            trigger(name("update6"), &update, &format!("{old} = {new} AND {is} AND {was}"), change),
            trigger(
                name("update7"),
                &update,
                &format!("{old} = {new} AND {is} AND NOT {was}"),
                put.clone(),
            ),
            trigger(name("update2"), &update, &format!("{old} = {new} AND {absent}"), cut.clone()),
            trigger(
                name("update5"),
                &move_id,
                &format!("{old} != {new} AND {is}"),
                cut.clone() + &put,
            ),
            trigger(
                name("update4"),
                &move_id,
                &format!("{old} != {new} AND {absent}"),
                format!("DELETE FROM {rtree} WHERE id IN ({old}, {new});"),
            ),
            trigger(name("delete"), "DELETE", &format!("OLD.{geom} NOTNULL"), cut),
            trigger(counted("insert"), "INSERT", "", count('+')),
            trigger(counted("delete"), "DELETE", "", count('-')),
        ]
    }

    /// Names of the triggers, bare.
    pub(crate) fn trigger_names(&self) -> Vec<String> {
        let bare = |name: &str| name[1..name.len() - 1].replace("\"\"", "\"");
        self.triggers().iter().map(|(name, _)| bare(name)).collect()
    }

    /// The R-tree triggers of GeoPackage 1.4 and the feature counters of GDAL.
    pub(crate) fn create_triggers(&self) -> String {
        self.triggers().into_iter().map(|(_, sql)| sql).collect()
    }

    pub(crate) fn drop_triggers(&self) -> String {
        self.triggers()
            .into_iter()
            .map(|(name, _)| format!("DROP TRIGGER IF EXISTS {name};"))
            .collect()
    }
}

/// Name of a geometry type in `gpkg_geometry_columns`.
pub(crate) fn geometry_type_name(geometry_type: GeometryType) -> &'static str {
    match geometry_type {
        GeometryType::Point => "POINT",
        GeometryType::MultiPoint => "MULTIPOINT",
        GeometryType::LineString => "LINESTRING",
        GeometryType::MultiLineString => "MULTILINESTRING",
        GeometryType::Polygon => "POLYGON",
        GeometryType::MultiPolygon => "MULTIPOLYGON",
        GeometryType::Any => "GEOMETRY",
    }
}

/// Type of a column, in the words of the standard; also the field type's name in our tables.
pub(crate) fn sql_type(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Bool => "BOOLEAN",
        FieldType::Int => "INTEGER",
        FieldType::Real => "DOUBLE",
        FieldType::Text => "TEXT",
        FieldType::Date => "DATE",
        FieldType::DateTime => "DATETIME",
        FieldType::Bytes => "BLOB",
    }
}
