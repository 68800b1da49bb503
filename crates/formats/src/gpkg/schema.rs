//! The SQL of a plain GeoPackage 1.4 with one feature table.

use spatial::{Field, FieldType, GeometryType};

use super::ident;

/// The tables that every GeoPackage has.
pub(super) const STANDARD: &str = "
PRAGMA application_id = 0x47504B47;
PRAGMA user_version = 10400;
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER, CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name), CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name), CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL, CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
INSERT INTO gpkg_spatial_ref_sys VALUES
 ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', NULL),
 ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', NULL);
";

/// The table of column titles, an extension.
pub(super) const DATA_COLUMNS: &str = "
CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT, constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), CONSTRAINT gdc_tn UNIQUE (table_name, name));
INSERT INTO gpkg_extensions VALUES ('gpkg_data_columns', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec140/#extension_schema', 'read-write');
";

/// Names of a feature table and of its two columns that are no fields.
pub(super) struct Names {
    pub(super) table: String,
    pub(super) fid: String,
    pub(super) geometry: String,
}

impl Names {
    /// Names that are free: no field's, and none that the standard keeps for itself.
    pub(super) fn new(layer: &str, fields: &[Field]) -> Self {
        let lower = layer.to_lowercase();
        let reserved = ["gpkg_", "rtree_", "sqlite_"].iter().any(|p| lower.starts_with(p));
        let table = if layer.is_empty() || layer.contains('\0') || reserved {
            "layer".to_owned()
        } else {
            layer.to_owned()
        };
        let free = |wanted: &str| {
            let is_taken = |name: &str| fields.iter().any(|f| f.name.eq_ignore_ascii_case(name));
            let mut name = wanted.to_owned();
            while is_taken(&name) {
                name.push('_');
            }
            name
        };
        Self { table, fid: free("fid"), geometry: free("geom") }
    }

    pub(super) fn rtree(&self) -> String {
        format!("rtree_{}_{}", self.table, self.geometry)
    }

    pub(super) fn create_table(&self, fields: &[Field], geometry_type: GeometryType) -> String {
        let mut sql = format!(
            "CREATE TABLE {} ({} INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, {} {}",
            ident(&self.table),
            ident(&self.fid),
            ident(&self.geometry),
            type_name(geometry_type),
        );
        for field in fields {
            sql.push_str(&format!(", {} {}", ident(&field.name), column_type(field.field_type)));
        }
        sql.push_str(");");
        sql
    }

    pub(super) fn create_rtree(&self) -> String {
        format!(
            "CREATE VIRTUAL TABLE {} USING rtree(id, minx, maxx, miny, maxy);",
            ident(&self.rtree())
        )
    }

    pub(super) fn insert(&self, fields: &[Field]) -> String {
        let marks = (1..=fields.len() + 2).map(|n| format!("?{n}")).collect::<Vec<_>>();
        let columns: String = fields.iter().map(|f| format!(", {}", ident(&f.name))).collect();
        format!(
            "INSERT INTO {} ({}, {}{columns}) VALUES ({})",
            ident(&self.table),
            ident(&self.fid),
            ident(&self.geometry),
            marks.join(", ")
        )
    }

    /// The triggers that the R-tree extension asks for; QGIS and GDAL bring the functions.
    pub(super) fn triggers(&self) -> String {
        let (table, rtree) = (ident(&self.table), ident(&self.rtree()));
        let (fid, geom) = (ident(&self.fid), ident(&self.geometry));
        let is = |row: &str| format!("({row}.{geom} NOTNULL AND NOT ST_IsEmpty({row}.{geom}))");
        let isnt = |row: &str| format!("({row}.{geom} ISNULL OR ST_IsEmpty({row}.{geom}))");
        let put = format!(
            "INSERT OR REPLACE INTO {rtree} VALUES (NEW.{fid}, ST_MinX(NEW.{geom}), \
             ST_MaxX(NEW.{geom}), ST_MinY(NEW.{geom}), ST_MaxY(NEW.{geom}));"
        );
        let cut = format!("DELETE FROM {rtree} WHERE id = OLD.{fid};");
        let moved = format!(
            "UPDATE {rtree} SET minx = ST_MinX(NEW.{geom}), maxx = ST_MaxX(NEW.{geom}), \
             miny = ST_MinY(NEW.{geom}), maxy = ST_MaxY(NEW.{geom}) WHERE id = NEW.{fid};"
        );
        let same = format!("OLD.{fid} = NEW.{fid}");
        let other = format!("OLD.{fid} != NEW.{fid}");
        let of_geom = format!("UPDATE OF {geom}");
        let (new_is, old_is, new_isnt, old_isnt) = (is("NEW"), is("OLD"), isnt("NEW"), isnt("OLD"));
        [
            ("insert", "INSERT", new_is.clone(), put.clone()),
            ("update2", &of_geom, format!("{same} AND {new_isnt}"), cut.clone()),
            ("update4", "UPDATE", format!("{other} AND {new_isnt}"), cut.clone()),
            ("update5", "UPDATE", format!("{other} AND {new_is}"), format!("{cut} {put}")),
            ("update6", &of_geom, format!("{same} AND {new_is} AND {old_is}"), moved),
            ("update7", &of_geom, format!("{same} AND {new_is} AND {old_isnt}"), put),
            ("delete", "DELETE", format!("OLD.{geom} NOT NULL"), cut),
        ]
        .iter()
        .map(|(name, event, when, body)| {
            let name = ident(&format!("{}_{name}", self.rtree()));
            format!(
                "CREATE TRIGGER {name} AFTER {event} ON {table} WHEN {when} BEGIN {body} END;\n"
            )
        })
        .collect()
    }
}

/// The name of a geometry type in the standard.
pub(super) fn type_name(geometry_type: GeometryType) -> &'static str {
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

fn column_type(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Bool => "BOOLEAN",
        FieldType::Int => "INTEGER",
        FieldType::Real => "REAL",
        FieldType::Text => "TEXT",
        FieldType::Date => "DATE",
        FieldType::DateTime => "DATETIME",
        FieldType::Bytes => "BLOB",
    }
}
