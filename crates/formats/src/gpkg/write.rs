//! Writes a plain GeoPackage of one layer, with its R-tree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use geo_types::{Geometry as Shape, MultiLineString, MultiPoint, MultiPolygon};
use rusqlite::types::{ToSqlOutput, ValueRef as SqlValue};
use rusqlite::{Connection, params, params_from_iter};
use spatial::{Crs, CrsRegistry, Envelope, Feature, Geometry, GeometryType, ValueRef, gpb};
use tempfile::NamedTempFile;

use super::schema::{DATA_COLUMNS, Names, STANDARD, type_name};
use super::{FORMAT, ident};
use crate::atomic_file::{place, temporary};
use crate::writer::typed_values;
use crate::{DeclaredCrs, FeatureWriter, FormatError, LayerSchema, Written};

/// Number of the row of a CRS that has no code.
const OWN_SRS_ID: i32 = 100_000;

/// Writes one table in one transaction into a file beside the place it is to have.
pub(crate) struct GpkgWriter {
    path: PathBuf,
    // Dropped before the file, which it has open.
    db: Connection,
    file: NamedTempFile,
    schema: LayerSchema,
    names: Names,
    srs_id: i32,
    insert: String,
    insert_rtree: String,
    blob: Vec<u8>,
    extent: Envelope,
    count: u64,
    /// Whether every geometry is of the declared type.
    conforms: bool,
    has_z: bool,
    has_m: bool,
}

impl GpkgWriter {
    pub(crate) fn new(path: &Path, schema: &LayerSchema) -> Result<Self, FormatError> {
        let file = temporary(path)?;
        let names = Names::new(&schema.name, &schema.fields);
        let opened = Self::create(file.path(), schema, &names);
        let (db, srs_id) = opened.map_err(sql_error(path))?;
        Ok(Self {
            path: path.to_owned(),
            db,
            file,
            srs_id,
            insert: names.insert(&schema.fields),
            insert_rtree: format!(
                "INSERT INTO {} VALUES (?1, ?2, ?3, ?4, ?5)",
                ident(&names.rtree())
            ),
            names,
            schema: schema.clone(),
            blob: Vec::new(),
            extent: Envelope::EMPTY,
            count: 0,
            conforms: true,
            has_z: false,
            has_m: false,
        })
    }

    fn create(
        file: &Path,
        schema: &LayerSchema,
        names: &Names,
    ) -> rusqlite::Result<(Connection, i32)> {
        let db = Connection::open(file)?;
        // No journal: a file that is not finished is thrown away whole.
        db.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
        db.execute_batch("BEGIN;")?;
        db.execute_batch(STANDARD)?;
        insert_srs(&db, &DeclaredCrs::Epsg(4326))?;
        let srs_id = insert_srs(&db, &schema.crs)?;
        db.execute_batch(&names.create_table(&schema.fields, schema.geometry_type))?;
        db.execute_batch(&names.create_rtree())?;
        if schema.fields.iter().any(|field| field.alias.is_some()) {
            db.execute_batch(DATA_COLUMNS)?;
            for field in &schema.fields {
                if let Some(alias) = &field.alias {
                    db.execute(
                        "INSERT INTO gpkg_data_columns (table_name, column_name, title)
                         VALUES (?1, ?2, ?3)",
                        [&names.table, &field.name, alias],
                    )?;
                }
            }
        }
        Ok((db, srs_id))
    }

    fn insert(&self, feature: &Feature, values: &[ValueRef<'_>]) -> rusqlite::Result<()> {
        let id = feature.id.map_or(SqlValue::Null, |id| SqlValue::Integer(id.value()));
        let geometry = match &feature.geometry {
            Some(_) => SqlValue::Blob(&self.blob),
            None => SqlValue::Null,
        };
        let values = values.iter().map(|value| match *value {
            ValueRef::Null => SqlValue::Null,
            ValueRef::Bool(value) => SqlValue::Integer(value.into()),
            ValueRef::Int(value) => SqlValue::Integer(value),
            ValueRef::Real(value) => SqlValue::Real(value),
            ValueRef::Text(value) => SqlValue::Text(value.as_bytes()),
            ValueRef::Bytes(value) => SqlValue::Blob(value),
        });
        let row = [id, geometry].into_iter().chain(values).map(ToSqlOutput::Borrowed);
        self.db.prepare_cached(&self.insert)?.execute(params_from_iter(row))?;
        let envelope = feature.geometry.as_ref().map_or(Envelope::EMPTY, Geometry::envelope);
        if !envelope.is_empty() {
            let Envelope { min_x, min_y, max_x, max_y } = envelope;
            let id = self.db.last_insert_rowid();
            let mut statement = self.db.prepare_cached(&self.insert_rtree)?;
            statement.execute(params![id, min_x, max_x, min_y, max_y])?;
        }
        Ok(())
    }

    /// Writes what is known only at the end, and commits.
    fn conclude(&self) -> rusqlite::Result<()> {
        let names = &self.names;
        let extent = (!self.extent.is_empty()).then_some(self.extent);
        self.db.execute(
            "INSERT INTO gpkg_contents
             (table_name, data_type, identifier, min_x, min_y, max_x, max_y, srs_id)
             VALUES (?1, 'features', ?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                names.table,
                extent.map(|e| e.min_x),
                extent.map(|e| e.min_y),
                extent.map(|e| e.max_x),
                extent.map(|e| e.max_y),
                self.srs_id
            ],
        )?;
        let kind = if self.conforms { self.schema.geometry_type } else { GeometryType::Any };
        // 2: some vertices may have one.
        let optional = |has: bool| if has { 2 } else { 0 };
        self.db.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                names.table,
                names.geometry,
                type_name(kind),
                self.srs_id,
                optional(self.has_z),
                optional(self.has_m)
            ],
        )?;
        self.db.execute(
            "INSERT INTO gpkg_extensions VALUES (?1, ?2, 'gpkg_rtree_index',
             'http://www.geopackage.org/spec140/#extension_rtree', 'write-only')",
            [&names.table, &names.geometry],
        )?;
        self.db.execute_batch(&names.triggers())?;
        self.db.execute_batch("COMMIT;")
    }
}

impl FeatureWriter for GpkgWriter {
    fn write(&mut self, feature: &Feature) -> Result<(), FormatError> {
        if let Some(geometry) = &feature.geometry {
            let declared = self.schema.geometry_type;
            let promoted = promoted(geometry, declared);
            let geometry = promoted.as_ref().unwrap_or(geometry);
            self.conforms &= declared == GeometryType::Any || declared == geometry.geometry_type();
            self.has_z |= !geometry.z.is_empty();
            self.has_m |= !geometry.m.is_empty();
            self.extent = self.extent.union(&geometry.envelope());
            self.blob.clear();
            gpb::encode_into(geometry, self.srs_id, &mut self.blob);
        }
        let values: Vec<ValueRef<'_>> =
            typed_values(&self.path, FORMAT, &self.schema.fields, feature)
                .collect::<Result<_, FormatError>>()?;
        self.insert(feature, &values).map_err(sql_error(&self.path))?;
        self.count += 1;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Written, FormatError> {
        self.conclude().map_err(sql_error(&self.path))?;
        let Self { path, db, file, count, .. } = *self;
        db.close().map_err(|(_, error)| sql_error(&path)(error))?;
        place(file, &path)?;
        Ok(Written { features: count, notes: Vec::new() })
    }
}

fn sql_error(path: &Path) -> impl FnOnce(rusqlite::Error) -> FormatError {
    move |error| FormatError::io(path)(std::io::Error::other(error))
}

/// Adds the row of a CRS; answers its number.
fn insert_srs(db: &Connection, crs: &DeclaredCrs) -> rusqlite::Result<i32> {
    let (srs_id, organization, name, definition) = match crs {
        DeclaredCrs::Unknown => return Ok(-1),
        DeclaredCrs::Epsg(code) => {
            let facts = CrsRegistry::new(BTreeMap::new())
                .and_then(|registry| registry.facts(&Crs::Epsg(*code)));
            let (name, wkt) = match facts {
                Ok(facts) => (facts.name.clone(), facts.definition().map(str::to_owned)),
                Err(_) => (format!("EPSG:{code}"), None),
            };
            // Readers go by the code where there is no text.
            let wkt = wkt.unwrap_or_else(|| "undefined".to_owned());
            (code.cast_signed(), "EPSG", name, wkt)
        }
        DeclaredCrs::Wkt(wkt) => (OWN_SRS_ID, "NONE", "unnamed".to_owned(), wkt.clone()),
    };
    db.execute(
        "INSERT OR IGNORE INTO gpkg_spatial_ref_sys VALUES (?1, ?2, ?3, ?2, ?4, NULL)",
        params![name, srs_id, organization, definition],
    )?;
    Ok(srs_id)
}

/// `geometry` as the declared multi-geometry; `None` when it need not change.
fn promoted(geometry: &Geometry, declared: GeometryType) -> Option<Geometry> {
    let shape = match (&geometry.shape, declared) {
        (Shape::Point(point), GeometryType::MultiPoint) => {
            Shape::MultiPoint(MultiPoint(vec![*point]))
        }
        (Shape::LineString(line), GeometryType::MultiLineString) => {
            Shape::MultiLineString(MultiLineString(vec![line.clone()]))
        }
        (Shape::Polygon(polygon), GeometryType::MultiPolygon) => {
            Shape::MultiPolygon(MultiPolygon(vec![polygon.clone()]))
        }
        _ => return None,
    };
    Some(Geometry { shape, z: geometry.z.clone(), m: geometry.m.clone() })
}
