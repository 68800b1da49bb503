//! Whether the units that a change set leaves fit together: no level or day that is none, no parent that
//! is none or of another level, and none gone that points name.
//!
//! Looked at are the rows that are written, those below them and those above either: what it costs does not
//! depend on how many units there are.

use std::collections::{BTreeMap, BTreeSet};

use ledger::place::{ADMIN_UNITS, UnitDefect, UnitReader, UnitRow, check};
use ledger::point::State;
use ledger::rows::POINTS;
use spatial::{
    ChangeOp, ChangeSet, CollectionSnapshot, Feature, FeatureId, FeatureRef, Snapshot, ValueRef,
};

use super::position::collection;
use crate::Defect;

/// Units by their rows; those that the set brings have numbers below 0.
type Rows = BTreeMap<i64, UnitRow>;

/// What is wrong with the units that `set` leaves and was not before.
pub(crate) fn unfit_units(state: &Snapshot, set: &ChangeSet) -> Vec<Defect> {
    let Some(held) = collection(state, ADMIN_UNITS) else { return Vec::new() };
    let Some(reader) = UnitReader::of(held.collection()) else { return Vec::new() };
    let units = Units { held, reader };
    let mut written: BTreeMap<i64, Written> = BTreeMap::new();
    for (number, change) in set.changes.iter().enumerate() {
        if change.collection != held.collection().id {
            continue;
        }
        let (row, unit) = match &change.op {
            ChangeOp::Insert(feature) => (-1 - number as i64, Some(feature)),
            ChangeOp::Replace(id, feature) => (id.value(), Some(feature)),
            ChangeOp::Delete(id) => (id.value(), None),
        };
        let unit = unit.map(|feature| units.written(row, feature));
        written.insert(row, Written { number, unit });
    }
    let was: Rows = written.keys().filter_map(|row| Some((*row, units.row(*row)?))).collect();
    written.retain(|row, one| {
        let unnamed = |unit: &UnitRow| {
            let (name, aliases) = (String::new(), String::new());
            UnitRow { name, aliases, ..unit.clone() }
        };
        one.unit.as_ref().map(unnamed) != was.get(row).map(unnamed)
    });
    let Some(first) = written.values().map(|one| one.number).min() else { return Vec::new() };
    let [before, after] = units.around(&was, &written);
    let known: BTreeSet<(i64, &'static str)> =
        faults(&before).map(|fault| (fault.row, fault.kind)).collect();
    let new = faults(&after).filter(|fault| !known.contains(&(fault.row, fault.kind)));
    let defect = |fault: Fault| {
        let place = match written.get(&fault.row) {
            Some(one) => format!("/changes/{}/feature/properties/{}", one.number, fault.field),
            // What was written is not what is wrong by it, such as a unit that loses its parent.
            None => format!("/changes/{first}"),
        };
        Defect { place, problem: fault.problem }
    };
    // Those of rows that were not looked at for themselves are not known to be wrong.
    let is_judged = |fault: &Fault| {
        written.contains_key(&fault.row)
            || before.get(&fault.row).is_some_and(|unit| {
                was.values().any(|above| above.code.trim() == unit.parent.trim())
            })
    };
    let mut defects: Vec<Defect> = new.filter(is_judged).map(defect).collect();
    defects.extend(gone(state, &units, &was, &written));
    defects
}

/// A unit as the set leaves it; none when it is gone.
struct Written {
    /// The last change that writes it.
    number: usize,
    unit: Option<UnitRow>,
}

/// The units that there are.
struct Units<'a> {
    held: &'a CollectionSnapshot,
    reader: UnitReader,
}

impl Units<'_> {
    fn row(&self, row: i64) -> Option<UnitRow> {
        let id = FeatureId::try_from(row).ok()?;
        self.held.get(id).map(|feature| self.reader.row(feature))
    }

    fn written(&self, row: i64, feature: &Feature) -> UnitRow {
        let value = |at: usize| feature.properties.get(at).map_or(ValueRef::Null, |v| v.as_ref());
        self.reader.read(row, &value)
    }

    /// The units that have `text` in a column.
    fn with(&self, column: &str, text: &str, rows: &mut Rows) {
        let Some(at) = self.held.collection().field_position(column) else { return };
        if text.trim().is_empty() {
            return;
        }
        self.held.with_text(at, text, &mut |shard, slots| {
            for slot in slots {
                let feature: FeatureRef<'_> = shard.feature(usize::from(*slot));
                rows.insert(feature.id().value(), self.reader.row(feature));
            }
        });
    }

    /// The units that are written, those below them and those above either, before and after.
    fn around(&self, was: &Rows, written: &BTreeMap<i64, Written>) -> [Rows; 2] {
        let leaves = written.values().filter_map(|one| one.unit.as_ref());
        let mut around = was.clone();
        let codes: BTreeSet<String> =
            was.values().chain(leaves.clone()).map(|unit| unit.code.clone()).collect();
        for code in &codes {
            self.with("parent", code, &mut around);
        }
        let parents: BTreeSet<String> =
            around.values().chain(leaves).map(|unit| unit.parent.clone()).collect();
        for code in parents.union(&codes) {
            self.with("code", code, &mut around);
        }
        let mut after = around.clone();
        for (row, one) in written {
            match &one.unit {
                Some(unit) => after.insert(*row, unit.clone()),
                None => after.remove(row),
            };
        }
        [around, after]
    }
}

/// What is wrong with a unit.
struct Fault {
    row: i64,
    kind: &'static str,
    field: &'static str,
    problem: String,
}

/// What is refused of units when it is written. The rest may be a step on the way to what fits, and `tuban
/// places check` tells it.
fn faults(rows: &Rows) -> impl Iterator<Item = Fault> {
    let rows: Vec<UnitRow> = rows.values().cloned().collect();
    check(&rows).into_iter().filter_map(|defect| {
        let (row, kind, field) = match &defect {
            UnitDefect::NoCode { row } => (*row, "code", "code"),
            UnitDefect::UnknownLevel { row, .. } => (*row, "level", "level"),
            UnitDefect::BadDay { row, field, .. } => (*row, *field, *field),
            UnitDefect::NeverValid { row, .. } => (*row, "days", "valid_to"),
            UnitDefect::BadCode { row, scheme, .. } => {
                (*row, scheme.identifier(), scheme.identifier())
            }
            UnitDefect::UnknownParent { row, .. } => (*row, "unknown parent", "parent"),
            UnitDefect::ParentLevel { row, .. } => (*row, "level of the parent", "parent"),
            UnitDefect::NoParent { .. }
            | UnitDefect::ParentNotValid { .. }
            | UnitDefect::Overlap { .. }
            | UnitDefect::NameTaken { .. }
            | UnitDefect::LevelGap { .. } => return None,
        };
        Some(Fault { row, kind, field, problem: defect.to_string() })
    })
}

/// Units whose code nobody has any more, while points name it.
fn gone(
    state: &Snapshot,
    units: &Units<'_>,
    was: &Rows,
    written: &BTreeMap<i64, Written>,
) -> Vec<Defect> {
    let Some(points) = collection(state, POINTS) else { return Vec::new() };
    let at = |name: &str| points.collection().field_position(name);
    let (Some(unit_at), Some(state_at)) = (at("unit"), at("state")) else { return Vec::new() };
    let is_kept = |code: &str| {
        let mut same = Rows::new();
        units.with("code", code, &mut same);
        same.retain(|row, _| !written.contains_key(row));
        let mut leaves = written.values().filter_map(|one| one.unit.as_ref());
        !same.is_empty() || leaves.any(|unit| unit.code.trim() == code)
    };
    let counts = |feature: FeatureRef<'_>| match feature.value(state_at) {
        ValueRef::Text(state) => {
            !matches!(State::from_identifier(state), Some(State::Void | State::Rejected))
        }
        _ => false,
    };
    let lost = was.iter().filter(|(row, unit)| {
        written.contains_key(row) && !unit.code.trim().is_empty() && !is_kept(unit.code.trim())
    });
    lost.filter_map(|(row, unit)| {
        let mut is_named = false;
        points.with_text(unit_at, &unit.code, &mut |shard, slots| {
            is_named |= slots.iter().any(|slot| counts(shard.feature(usize::from(*slot))));
        });
        is_named.then(|| Defect {
            place: format!("/changes/{}", written[row].number),
            problem: format!(
                "points name the unit {}: end it (valid_to) and keep its code, so that what was told of \
                 it stays; where the code is a mistake, transfer them to another unit first",
                unit.code.trim()
            ),
        })
    })
    .collect()
}
