//! The units that figures are told of: those of administration on one day, or those whose codes
//! points carry.
//!
//! Where tables of units are faulty there is a tree all the same: a unit whose parent is not there,
//! or whose parents lead round in a circle, stands right below the whole.

use std::collections::{BTreeMap, BTreeSet};

use ledger::indicator::{Unit, UnitFault, UnitTree};
use ledger::place::{ADMIN_UNITS, AdminUnit, Day, Level, UnitReader};
use spatial::{CollectionId, CollectionSnapshot, Snapshot};

use super::fact_list::FactList;
use crate::{EngineError, Profile, ReadableField};

/// The code of a whole that no unit is.
const WHOLE: &str = "all";
/// Its name.
const WHOLE_NAME: &str = "全部单位";
/// How many digits codes of districts, towns and villages have.
const DIGITS: [usize; 3] = [6, 9, 12];

/// Where units come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitSource {
    /// The collection of units of administration.
    AdminUnits,
    /// The codes of points and targets, by their digits.
    Codes,
}

/// Codes that a store knows units by.
pub type KnownUnits = BTreeSet<String>;

/// The units of `state` that are valid on `day`, as a tree. Where it knows none, the tree of the
/// codes of `points` and of `others`. What names a unit of another day counts at the one that it was a part
/// of.
///
/// # Errors
/// When there are more units than can be told of.
pub fn unit_tree(
    state: &Snapshot,
    day: Day,
    points: &FactList,
    others: impl IntoIterator<Item = String>,
) -> Result<(UnitTree, UnitSource), EngineError> {
    let valid = read(state, |unit| unit.validity.holds(day));
    let (units, source) = match valid.is_empty() {
        false => (administered(valid), UnitSource::AdminUnits),
        true => {
            let codes = points.iter().filter_map(|facts| facts.unit.as_deref());
            // Points share few codes: a set of references first.
            let codes: BTreeSet<&str> = codes.collect();
            let codes = codes.into_iter().map(str::to_owned).chain(others).collect();
            (by_digits(codes), UnitSource::Codes)
        }
    };
    let fault = |fault: UnitFault| EngineError::Internal { what: fault.to_string() };
    let gone = read(state, |unit| !unit.validity.holds(day));
    let above = gone.into_iter().filter_map(|unit| Some((unit.code, unit.parent?))).collect();
    Ok((UnitTree::new(rooted(units)).map_err(fault)?.with_former(&above), source))
}

/// Every code that a unit of administration has on any day; none where there are no such units.
pub fn known_units(state: &Snapshot) -> Option<KnownUnits> {
    let all: KnownUnits = read(state, |_unit| true).into_iter().map(|unit| unit.code).collect();
    (!all.is_empty()).then_some(all)
}

/// The units that are wanted, the coarsest level first and then by code; of one code the first row.
fn read(state: &Snapshot, is_wanted: impl Fn(&AdminUnit) -> bool) -> Vec<AdminUnit> {
    let Some(held) = held(state) else { return Vec::new() };
    let can_read =
        |name: &str| ReadableField::find(held.collection(), name, Profile::default()).is_ok();
    if !can_read("code") {
        return Vec::new();
    }
    let mut units = rows(held);
    units.retain(|unit| is_wanted(unit));
    units.sort_by(|one, other| {
        (one.level, &one.code, one.row).cmp(&(other.level, &other.code, other.row))
    });
    let mut seen = BTreeSet::new();
    units.retain(|unit| seen.insert(unit.code.clone()));
    if !can_read("name") {
        units.iter_mut().for_each(|unit| unit.name.clear());
    }
    units
}

/// The collection of units of administration.
pub(crate) fn held(state: &Snapshot) -> Option<&CollectionSnapshot> {
    let id = CollectionId::try_from(ADMIN_UNITS).ok()?;
    state.collections.get(&id).map(|held| &**held)
}

/// Every unit that its rows tell, in no order.
pub(crate) fn rows(held: &CollectionSnapshot) -> Vec<AdminUnit> {
    let Some(reader) = UnitReader::of(held.collection()) else { return Vec::new() };
    let mut units = Vec::new();
    held.each(&mut |shard, slots| {
        units.extend(
            slots.iter().filter_map(|slot| reader.row(shard.feature(usize::from(*slot))).read().0),
        );
    });
    units
}

/// Units of administration; one without a name is called by its code.
fn administered(units: Vec<AdminUnit>) -> Vec<Unit> {
    let levels: BTreeMap<String, Level> =
        units.iter().map(|unit| (unit.code.clone(), unit.level)).collect();
    let unit = |unit: AdminUnit| {
        // A parent of a coarser level alone: no circle comes about.
        let is_above =
            |parent: &String| levels.get(parent).is_some_and(|above| *above < unit.level);
        Unit {
            name: if unit.name.is_empty() { unit.code.clone() } else { unit.name },
            parent: unit.parent.filter(is_above),
            code: unit.code,
        }
    };
    units.into_iter().map(unit).collect()
}

/// Units by codes of 6, 9 and 12 digits, each with those that its digits begin with.
fn by_digits(codes: BTreeSet<String>) -> Vec<Unit> {
    let is_number = |code: &str| code.bytes().all(|byte| byte.is_ascii_digit());
    let mut all = codes.clone();
    for code in codes.iter().filter(|code| is_number(code) && DIGITS.contains(&code.len())) {
        all.extend(DIGITS.iter().filter_map(|digits| code.get(..*digits)).map(str::to_owned));
    }
    let unit = |code: &String| {
        let is_above = |digits: &&usize| is_number(code) && **digits < code.len();
        let above = DIGITS.iter().rev().find(is_above).and_then(|digits| code.get(..*digits));
        Unit {
            code: code.clone(),
            name: code.clone(),
            parent: above.filter(|above| all.contains(*above)).map(str::to_owned),
        }
    };
    all.iter().map(unit).collect()
}

/// With one unit that is the whole: the one that has no parent, or one that is made.
fn rooted(mut units: Vec<Unit>) -> Vec<Unit> {
    if units.iter().filter(|unit| unit.parent.is_none()).count() != 1 {
        let mut code = WHOLE.to_owned();
        while units.iter().any(|unit| unit.code == code) {
            code.push('-');
        }
        for unit in units.iter_mut().filter(|unit| unit.parent.is_none()) {
            unit.parent = Some(code.clone());
        }
        units.insert(0, Unit { code, name: WHOLE_NAME.to_owned(), parent: None });
    }
    units
}
