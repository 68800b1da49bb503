//! The rows of a package against each other: what tells each apart, whether its codes hold, and whether
//! what it names is there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use ledger::survey::{CodeAt, CodesOf, DefectKind, Meaning, SurveyTable, TableRole, check_codes};
use spatial::Value;

use super::Defects;
use super::ground::Vertices;
use super::tables::{TableRow, TableRows, Tables};

/// The rows of a table, each once.
#[derive(Debug)]
pub(super) struct KeyedRows<'a> {
    pub(super) of: &'a SurveyTable,
    pub(super) has: Vec<bool>,
    pub(super) crs: spatial::Crs,
    /// Each with what tells it apart, which stands in its key column, too.
    pub(super) rows: Vec<(String, TableRow)>,
    at: HashMap<String, usize>,
}

impl KeyedRows<'_> {
    /// The row of that key.
    pub(super) fn get(&self, key: &str) -> Option<&TableRow> {
        self.at.get(key).map(|at| &self.rows[*at].1)
    }

    /// Whether a row has that key.
    pub(super) fn has_key(&self, key: &str) -> bool {
        self.at.contains_key(key)
    }
}

/// What the store has besides the package.
#[derive(Debug, Default)]
pub(super) struct Present {
    /// Codes of parcels.
    pub(super) parcels: BTreeSet<String>,
    /// Numbers of buildings.
    pub(super) buildings: BTreeSet<String>,
}

/// The tables of a package, each row once and linked; holders apart.
#[derive(Debug)]
pub(super) struct Linked<'a> {
    pub(super) parcels: KeyedRows<'a>,
    pub(super) buildings: KeyedRows<'a>,
    pub(super) units: KeyedRows<'a>,
    pub(super) points: KeyedRows<'a>,
    pub(super) lines: KeyedRows<'a>,
    /// Rows of holders with the code of their parcel.
    pub(super) holders: Vec<(String, TableRow)>,
    pub(super) of_holders: &'a SurveyTable,
}

/// The numbers of a row besides its code, each under the name of its column: `BSM-12`.
pub(super) fn spares<'r>(
    of: &'r SurveyTable,
    row: &'r TableRow,
) -> impl Iterator<Item = String> + use<'r> {
    of.all(Meaning::Spare).filter_map(|at| {
        let (field, text) = (of.columns[at].field.as_deref()?, row.text(Some(at))?);
        Some(format!("{field}-{text}"))
    })
}

fn spare(of: &SurveyTable, row: &TableRow) -> Option<String> {
    spares(of, row).next()
}

/// Takes each row once: of two with one key in a layer the first; those of several layers complete each
/// other.
fn keyed<'a>(
    table: TableRows<'a>,
    defects: &mut Defects,
    mut key_of: impl FnMut(&TableRow, &mut Defects) -> Option<String>,
) -> KeyedRows<'a> {
    let TableRows { of, rows, has, crs } = table;
    let key_at = of.at(Meaning::Key).or_else(|| of.at(Meaning::Code));
    let mut keyed =
        KeyedRows { of, has, crs, rows: Vec::with_capacity(rows.len()), at: HashMap::new() };
    let mut seen: HashMap<(Arc<str>, String), u64> = HashMap::new();
    for mut row in rows {
        let Some(key) = key_of(&row, defects) else {
            defects.add(row.place(), DefectKind::NoNumber, None, "");
            continue;
        };
        let first = *seen.entry((Arc::clone(&row.layer), key.clone())).or_insert(row.number);
        if first != row.number {
            let field = key_at.and_then(|at| of.columns[at].field.as_deref());
            defects.add(row.place(), DefectKind::DuplicateNumber, field, format!("row {first}"));
            continue;
        }
        match keyed.at.get(&key) {
            Some(at) => {
                let first = &mut keyed.rows[*at].1;
                for (value, more) in first.values.iter_mut().zip(row.values) {
                    if *value == Value::Null {
                        *value = more;
                    }
                }
                first.geometry = first.geometry.take().or(row.geometry);
            }
            None => {
                if let Some(at) = key_at {
                    row.values[at] = Value::Text(key.clone());
                }
                keyed.at.insert(key.clone(), keyed.rows.len());
                keyed.rows.push((key, row));
            }
        }
    }
    keyed
}

/// Tells what is wrong with the codes of a row.
fn tell_codes(of: &SurveyTable, row: &TableRow, codes: CodesOf<'_>, defects: &mut Defects) {
    let field = |meanings: &[Meaning]| {
        let at = meanings.iter().find_map(|meaning| of.at(*meaning))?;
        of.columns[at].field.as_deref()
    };
    for (kind, at, detail) in check_codes(codes) {
        let field = match (at, of.table) {
            (CodeAt::Parcel, TableRole::Parcels) => field(&[Meaning::Code]),
            (CodeAt::Parcel, _) => field(&[Meaning::Parcel]),
            (CodeAt::Unit, _) => field(&[Meaning::Unit]),
            (CodeAt::Building, TableRole::Buildings) => field(&[Meaning::Code]),
            (CodeAt::Building, _) => field(&[Meaning::Building]),
        };
        defects.add(row.place(), kind, field, detail);
    }
}

/// Takes the rows of a package apart and links them.
pub(super) fn link<'a>(
    mut tables: Tables<'a>,
    present: &Present,
    vertices: &mut dyn FnMut(&KeyedRows<'a>) -> Result<Vertices, engine::EngineError>,
    defects: &mut Defects,
) -> Result<(Linked<'a>, Vertices), engine::EngineError> {
    let mut take = |role| tables.remove(&role);
    let empty = "every role has a table";
    let internal = || engine::EngineError::Internal { what: empty.to_owned() };
    let parcels = parcels(take(TableRole::Parcels).ok_or_else(internal)?, defects);
    let vertices = vertices(&parcels)?;
    let is_parcel = |code: &str| parcels.has_key(code) || present.parcels.contains(code);
    let buildings =
        buildings(take(TableRole::Buildings).ok_or_else(internal)?, &is_parcel, defects);
    let is_building = |code: &str| buildings.has_key(code) || present.buildings.contains(code);
    let units = units(take(TableRole::Units).ok_or_else(internal)?, &is_building, defects);
    let points = take(TableRole::BoundaryPoints).ok_or_else(internal)?;
    let points = boundary(points, &is_parcel, &vertices, defects);
    let lines = take(TableRole::BoundaryLines).ok_or_else(internal)?;
    let lines = boundary(lines, &is_parcel, &vertices, defects);
    let held_by = take(TableRole::Holders).ok_or_else(internal)?;
    let of_holders = held_by.of;
    let mut holders = Vec::with_capacity(held_by.rows.len());
    let (parcel_at, unit_at) = (of_holders.at(Meaning::Parcel), of_holders.at(Meaning::Unit));
    for row in held_by.rows {
        let of_unit = || row.text(unit_at).filter(|code| code.len() == 28)?.get(..19);
        let parcel = row.text(parcel_at).or_else(of_unit).map(str::to_owned);
        match parcel.filter(|code| is_parcel(code)) {
            Some(code) => holders.push((code, row)),
            None => {
                let field = parcel_at.and_then(|at| of_holders.columns[at].field.as_deref());
                defects.add(row.place(), DefectKind::HouseholdWithoutParcel, field, "");
            }
        }
    }
    let linked = Linked { parcels, buildings, units, points, lines, holders, of_holders };
    Ok((linked, vertices))
}

fn parcels<'a>(table: TableRows<'a>, defects: &mut Defects) -> KeyedRows<'a> {
    let of = table.of;
    let (code, unit) = (of.at(Meaning::Code), of.at(Meaning::Unit));
    keyed(table, defects, |row, defects| {
        let codes = CodesOf { parcel: row.text(code), unit: row.text(unit), building: None };
        tell_codes(of, row, codes, defects);
        if let Some(code) = codes.parcel {
            return Some(code.to_owned());
        }
        let spare = spare(of, row)?;
        let field = code.and_then(|at| of.columns[at].field.as_deref());
        defects.add(row.place(), DefectKind::MissingParcelCode, field, "");
        Some(spare)
    })
}

fn buildings<'a>(
    mut table: TableRows<'a>,
    is_parcel: &dyn Fn(&str) -> bool,
    defects: &mut Defects,
) -> KeyedRows<'a> {
    let of = table.of;
    let [code, parcel, unit] =
        [Meaning::Code, Meaning::Parcel, Meaning::Unit].map(|one| of.at(one));
    // A number says its parcel where the column does not.
    if let Some(at) = parcel {
        for row in &mut table.rows {
            let of_code = row.text(code).filter(|code| code.len() == 24 && code.is_ascii());
            if let (None, Some(code)) = (row.text(parcel), of_code) {
                row.values[at] = Value::Text(code[..19].to_owned());
                table.has[at] = true;
            }
        }
    }
    keyed(table, defects, |row, defects| {
        let codes =
            CodesOf { parcel: row.text(parcel), unit: row.text(unit), building: row.text(code) };
        tell_codes(of, row, codes, defects);
        if !row.text(parcel).is_some_and(is_parcel) {
            let field = parcel.and_then(|at| of.columns[at].field.as_deref());
            defects.add(row.place(), DefectKind::BuildingWithoutParcel, field, "");
        }
        row.text(code).map(str::to_owned).or_else(|| spare(of, row))
    })
}

fn units<'a>(
    table: TableRows<'a>,
    is_building: &dyn Fn(&str) -> bool,
    defects: &mut Defects,
) -> KeyedRows<'a> {
    let of = table.of;
    let [code, building, unit, number] =
        [Meaning::Code, Meaning::Building, Meaning::Unit, Meaning::Number].map(|one| of.at(one));
    keyed(table, defects, |row, defects| {
        let codes = CodesOf { parcel: None, unit: row.text(unit), building: row.text(building) };
        tell_codes(of, row, codes, defects);
        if !row.text(building).is_some_and(is_building) {
            let field = building.and_then(|at| of.columns[at].field.as_deref());
            defects.add(row.place(), DefectKind::UnitWithoutBuilding, field, "");
        }
        let numbered = || Some(format!("{}/{}", row.text(building)?, row.text(number)?));
        row.text(unit).or(row.text(code)).map(str::to_owned).or_else(numbered)
    })
}

/// Boundary points or lines: told apart by their number in their parcel, lines by their ends, else by
/// their place in the order of the rows.
fn boundary<'a>(
    mut table: TableRows<'a>,
    is_parcel: &dyn Fn(&str) -> bool,
    vertices: &Vertices,
    defects: &mut Defects,
) -> KeyedRows<'a> {
    let of = table.of;
    let [parcel, number, from, to] =
        [Meaning::Parcel, Meaning::Number, Meaning::From, Meaning::To].map(|one| of.at(one));
    let is_line = of.table == TableRole::BoundaryLines;
    // A point that says no parcel is of the one on whose vertex it lies, where that is one alone.
    if let Some(at) = parcel.filter(|_| !is_line) {
        for row in table.rows.iter_mut().filter(|row| row.text(parcel).is_none()) {
            let place = row.geometry.as_ref();
            if let Some(code) = place.and_then(|place| vertices.only_parcel(place)) {
                row.values[at] = Value::Text(code.to_owned());
                table.has[at] = true;
            }
        }
    }
    let mut nth: BTreeMap<String, u64> = BTreeMap::new();
    keyed(table, defects, |row, defects| {
        let code = row.text(parcel);
        if code.is_some_and(|code| !is_parcel(code)) {
            let field = parcel.and_then(|at| of.columns[at].field.as_deref());
            defects.add(row.place(), DefectKind::BoundaryWithoutParcel, field, "");
        }
        let ends = || Some(format!("{}-{}", row.text(from)?, row.text(to)?));
        let own = row.text(number).map(str::to_owned).or_else(ends);
        let ordered = || {
            let code = code.filter(|_| is_line)?;
            let nth = nth.entry(code.to_owned()).or_default();
            *nth += 1;
            Some(format!("{code}/{nth}"))
        };
        match (own, code) {
            (Some(own), Some(code)) => Some(format!("{code}/{own}")),
            (own, _) => spare(of, row).or(own).or_else(ordered),
        }
    })
}
