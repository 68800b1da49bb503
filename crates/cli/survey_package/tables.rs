//! The tables of a package: layers recognised, read, brought into the CRS where they go, and mended.

use std::collections::BTreeMap;
use std::sync::Arc;

use formats::{DeclaredCrs, LayerReader, LayerSchema};
use ledger::PersonalReason;
use ledger::normal_form;
use ledger::survey::{DefectKind, Meaning, SurveyTable, SurveyTables, TableGeometry, TableRole};
use spatial::{Collection, Crs, CrsRegistry, Field, FieldClass, Geometry, GeometryType, Value};

use super::held::described;
use super::package::Package;
use super::{Defects, SurveyOptions};
use crate::import::{
    CHUNK, ImportError, ImportOptions, Preparation, Survey, Watch, source_crs, survey,
};

/// Most rows of a package: they are held in memory together.
const MAX_ROWS: u64 = 2_000_000;

/// One row of a table.
#[derive(Clone, Debug)]
pub(super) struct TableRow {
    /// The layer that it is of.
    pub(super) layer: Arc<str>,
    /// Its number there, from 1.
    pub(super) number: u64,
    /// One value a column of the table.
    pub(super) values: Vec<Value>,
    /// In the CRS of the collection where it goes.
    pub(super) geometry: Option<Geometry>,
}

impl TableRow {
    /// The text in a column.
    pub(super) fn text(&self, at: Option<usize>) -> Option<&str> {
        match self.values.get(at?)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number in a column.
    pub(super) fn number(&self, at: Option<usize>) -> Option<f64> {
        match self.values.get(at?)? {
            Value::Real(number) => Some(*number),
            Value::Int(number) => Some(*number as f64),
            _ => None,
        }
    }

    /// Where it is told to be.
    pub(super) fn place(&self) -> (&str, u64) {
        (&self.layer, self.number)
    }
}

/// The rows of a table.
#[derive(Clone, Debug)]
pub(super) struct TableRows<'a> {
    pub(super) of: &'a SurveyTable,
    pub(super) rows: Vec<TableRow>,
    /// Of each column, whether some layer has it.
    pub(super) has: Vec<bool>,
    /// What their geometries are in.
    pub(super) crs: Crs,
}

/// A layer that is a table.
struct Layer<'a> {
    file: usize,
    layer: usize,
    schema: LayerSchema,
    of: &'a SurveyTable,
    fields: Vec<Option<usize>>,
}

/// What reading a package goes by.
pub(super) struct Reading<'a> {
    pub(super) package: &'a Package,
    pub(super) options: &'a SurveyOptions,
    pub(super) registry: &'a Arc<CrsRegistry>,
    pub(super) watch: &'a Watch,
    /// Collections of the store, by id.
    pub(super) known: &'a BTreeMap<String, Collection>,
}

/// Every table of a package; one that it does not have is empty.
pub(super) type Tables<'a> = BTreeMap<TableRole, TableRows<'a>>;

impl<'a> Reading<'a> {
    /// Reads everything.
    ///
    /// # Errors
    /// When a file cannot be read, there are no parcels, or coordinates cannot be understood.
    pub(super) fn tables(
        &self,
        defects: &mut Defects,
        notes: &mut Vec<String>,
    ) -> Result<Tables<'a>, ImportError> {
        let tables: &'a SurveyTables = &self.options.tables;
        let (layers, unknown) = self.layers(tables)?;
        if !layers.iter().any(|layer| layer.of.table == TableRole::Parcels) {
            let names = layers.iter().map(|one| one.schema.name.clone()).chain(unknown);
            let (path, layers) = (self.package.path().to_owned(), names.collect());
            return Err(ImportError::NoParcels { path, layers });
        }
        for name in &unknown {
            defects.add((name, 0), DefectKind::UnknownTable, None, "");
        }
        let mut all: Tables<'a> = BTreeMap::new();
        // What the parcels say of their coordinates holds for layers that say nothing.
        let (mut declared, mut storage) = (DeclaredCrs::Unknown, None);
        let mut rows = 0;
        for role in TableRole::ALL {
            let of = tables.table(role);
            let has = vec![false; of.columns.len()];
            let crs = self.crs_of(of, storage.as_ref());
            let mut table = TableRows { of, rows: Vec::new(), has, crs };
            for layer in layers.iter().filter(|layer| layer.of.table == role) {
                rows +=
                    self.layer(layer, &declared, &mut table, storage.as_ref(), (defects, notes))?;
                if rows > MAX_ROWS {
                    return Err(ImportError::TooManyRows { most: MAX_ROWS as usize });
                }
                if role == TableRole::Parcels && storage.is_none() {
                    (declared, storage) = (layer.schema.crs.clone(), Some(table.crs.clone()));
                }
            }
            all.insert(role, table);
        }
        Ok(all)
    }

    /// The layers that are tables, and the names of those that are none.
    fn layers(
        &self,
        tables: &'a SurveyTables,
    ) -> Result<(Vec<Layer<'a>>, Vec<String>), ImportError> {
        let (mut layers, mut unknown) = (Vec::new(), Vec::new());
        for file in 0..self.package.files() {
            for (layer, reader) in
                self.package.layers(file, &self.options.read)?.into_iter().enumerate()
            {
                let schema = reader.schema().clone();
                let names: Vec<&str> = schema.fields.iter().map(|one| one.name.as_str()).collect();
                match tables.recognise(&schema.name, &names) {
                    Some(found) => {
                        let (of, fields) = (found.table, found.fields);
                        layers.push(Layer { file, layer, schema, of, fields });
                    }
                    None => unknown.push(schema.name),
                }
            }
        }
        Ok((layers, unknown))
    }

    /// What the rows of a table are brought into: the CRS of its collection, else that of new ones.
    fn crs_of(&self, of: &SurveyTable, storage: Option<&Crs>) -> Crs {
        let known = of.collection.as_ref().and_then(|name| self.known.get(name));
        let crs = known.map(|known| &known.crs).or(storage);
        crs.unwrap_or(&Crs::CGCS2000).clone()
    }

    fn open(&self, layer: &Layer<'_>) -> Result<Box<dyn LayerReader>, ImportError> {
        Ok(self.package.layers(layer.file, &self.options.read)?.swap_remove(layer.layer))
    }

    /// Reads one layer to the end of `table`; how many rows there were. New collections are stored in `storage`,
    /// which the first layer of parcels settles.
    fn layer(
        &self,
        layer: &Layer<'a>,
        declared: &DeclaredCrs,
        table: &mut TableRows<'a>,
        storage: Option<&Crs>,
        (defects, notes): (&mut Defects, &mut Vec<String>),
    ) -> Result<u64, ImportError> {
        let name: Arc<str> = layer.schema.name.as_str().into();
        let of = layer.of;
        self.watch.start(&layer.schema.name, layer.schema.count);
        let found = survey(self.open(layer)?.as_mut(), self.watch)?;
        let declared = match &layer.schema.crs {
            DeclaredCrs::Unknown => declared,
            own => own,
        };
        let options = ImportOptions {
            assume_cgcs2000: self.options.assume_cgcs2000,
            ..ImportOptions::of(self.options.crs.clone(), self.options.read.clone())
        };
        let mut told = layer.schema.notes.clone();
        let source =
            source_crs(&layer.schema.name, declared, &found, self.registry, &options, &mut told)?;
        notes.extend(told.into_iter().map(|note| format!("{name}: {note}")));
        let own = source.storage();
        if storage.is_none() && of.table == TableRole::Parcels {
            table.crs = self.crs_of(of, Some(&own));
        }
        let columns = columns(layer, &found, defects);
        for (has, column) in table.has.iter_mut().zip(&columns) {
            *has |= column.is_some();
        }
        let preparation = Preparation {
            transform: source.into_transform(self.registry, &table.crs)?,
            columns,
            collection: shape_of(of, &table.crs, self.known)?,
            key: None,
            replaces: false,
            consistency: None,
            names: None,
            assigner: None,
        };
        self.watch.start(&layer.schema.name, Some(found.rows));
        let mut reader = self.open(layer)?;
        let mut has_heights = false;
        loop {
            self.watch.check()?;
            let rows = reader.next_rows(CHUNK)?;
            if rows.is_empty() {
                break;
            }
            self.watch.advance(rows.len() as u64);
            for row in rows {
                let number = row.number;
                match preparation.prepare(row) {
                    Ok(prepared) => {
                        for mend in prepared.mended {
                            defects.add((&name, number), DefectKind::ShapeRepaired, None, mend);
                        }
                        let feature = prepared.feature;
                        let keeps = of.geometry != TableGeometry::None;
                        let mut values = feature.properties;
                        clean(of, &mut values);
                        let geometry = feature.geometry.filter(|_| keeps).map(|geometry| {
                            has_heights |= !geometry.z.is_empty() || !geometry.m.is_empty();
                            Geometry::from(geometry.shape)
                        });
                        let layer = Arc::clone(&name);
                        table.rows.push(TableRow { layer, number, values, geometry });
                    }
                    Err(skip) => {
                        let field = skip.field.as_deref();
                        defects.add((&name, number), DefectKind::RowLeftOut, field, skip.kind);
                    }
                }
            }
        }
        if has_heights {
            notes.push(format!("{name}: heights and measures of vertices are not kept"));
        }
        Ok(found.rows)
    }
}

/// The fields that are read, without those that should hold no persons and do.
fn columns(layer: &Layer<'_>, found: &Survey, defects: &mut Defects) -> Vec<Option<usize>> {
    let mut columns = layer.fields.clone();
    for (field, column) in columns.iter_mut().zip(&layer.of.columns) {
        let reason = field.and_then(|at| found.personal.get(at).copied().flatten());
        if let Some(PersonalReason::ByValues { .. }) = reason
            && !column.personal
        {
            let name =
                field.and_then(|at| layer.schema.fields.get(at)).map(|one| one.name.as_str());
            defects.add((&layer.schema.name, 0), DefectKind::PersonalColumn, name, "");
            *field = None;
        }
    }
    columns
}

/// What the rows of a table are fitted to: a field a column, and the geometries of where they go.
fn shape_of(
    of: &SurveyTable,
    crs: &Crs,
    known: &BTreeMap<String, Collection>,
) -> Result<Collection, ImportError> {
    let name = of.collection.as_deref().unwrap_or("holders");
    let geometry_type = match (of.geometry, known.get(name)) {
        (TableGeometry::None, _) => GeometryType::Any,
        (_, Some(known)) => known.geometry_type,
        (of, None) => of.of_collection(),
    };
    let field = |(at, column): (usize, &ledger::survey::SurveyColumn)| Field {
        name: column.field.clone().unwrap_or_else(|| format!("column {at}")),
        alias: None,
        field_type: column.kind.field_type(),
        class: FieldClass::L1,
    };
    let fields = of.columns.iter().enumerate().map(field).collect();
    described(name, &of.title, geometry_type, (fields, None), crs)
}

/// Codes in normal form, texts without blanks around them, nothing where nothing stands.
fn clean(of: &SurveyTable, values: &mut [Value]) {
    for (value, column) in values.iter_mut().zip(&of.columns) {
        let Value::Text(text) = value else { continue };
        let clean = match column.is.is_some_and(Meaning::is_code) {
            true => normal_form(text),
            false => text.trim().to_owned(),
        };
        *value = if clean.is_empty() { Value::Null } else { Value::Text(clean) };
    }
}
