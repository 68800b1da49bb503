//! Whether the units that a commit leaves fit together: no level or day that is none, no parent that is
//! none or of another level, and none gone that points name.

use std::collections::{BTreeMap, BTreeSet};

use ledger::place::{ADMIN_UNITS, UnitDefect, UnitReader, UnitRow, check};
use ledger::rows::POINTS;
use spatial::{ChangeOp, ChangeSet, CollectionSnapshot, Feature, Snapshot, ValueRef};

use super::position::collection;
use crate::Defect;

/// Units by their rows; those that a set brings have numbers below 0.
type Rows = BTreeMap<i64, UnitRow>;

/// The units that the sets of one group leave.
#[derive(Debug, Default)]
pub(crate) struct WrittenUnits(Option<Rows>);

impl WrittenUnits {
    /// What is wrong with the units that `set` leaves and was not before. Those of a set without a defect
    /// are what the next one finds.
    pub(crate) fn take(&mut self, state: &Snapshot, set: &ChangeSet) -> Vec<Defect> {
        let Some(held) = collection(state, ADMIN_UNITS) else { return Vec::new() };
        let Some(reader) = UnitReader::of(held.collection()) else { return Vec::new() };
        let writes = |(number, change): (usize, &'_ spatial::Change)| {
            (change.collection == held.collection().id).then_some(number)
        };
        let touching: Vec<usize> = set.changes.iter().enumerate().filter_map(writes).collect();
        let Some(first) = touching.first().copied() else { return Vec::new() };
        let before = self.0.take().unwrap_or_else(|| rows(held, &reader));
        let mut after = before.clone();
        let mut written: BTreeMap<i64, usize> = BTreeMap::new();
        for number in touching {
            let (row, unit) = match &set.changes[number].op {
                ChangeOp::Insert(feature) => {
                    let row = -1 - number as i64;
                    (row, Some(unit(&reader, row, feature)))
                }
                ChangeOp::Replace(id, feature) => {
                    (id.value(), Some(unit(&reader, id.value(), feature)))
                }
                ChangeOp::Delete(id) => (id.value(), None),
            };
            written.insert(row, number);
            match unit {
                Some(unit) => after.insert(row, unit),
                None => after.remove(&row),
            };
        }
        if fits_alike(&before, &after) {
            self.0 = Some(after);
            return Vec::new();
        }
        let known: BTreeSet<String> = faults(&before).map(|fault| fault.problem).collect();
        let new = faults(&after).filter(|fault| !known.contains(&fault.problem));
        let defect = |fault: Fault| {
            let place = match written.get(&fault.row) {
                Some(number) => format!("/changes/{number}/feature/properties/{}", fault.field),
                // What was written is not what is wrong by it, such as a unit that loses its parent.
                None => format!("/changes/{first}"),
            };
            Defect { place, problem: fault.problem }
        };
        let mut defects: Vec<Defect> = new.map(defect).collect();
        defects.extend(gone(state, (&before, &after), &written));
        if defects.is_empty() {
            self.0 = Some(after);
        }
        defects
    }
}

fn rows(held: &CollectionSnapshot, reader: &UnitReader) -> Rows {
    let mut rows = Rows::new();
    held.each(&mut |shard, slots| {
        for slot in slots {
            let feature = shard.feature(usize::from(*slot));
            rows.insert(feature.id().value(), reader.row(feature));
        }
    });
    rows
}

fn unit(reader: &UnitReader, row: i64, feature: &Feature) -> UnitRow {
    reader.read(row, &|at| feature.properties.get(at).map_or(ValueRef::Null, |v| v.as_ref()))
}

/// Whether nothing differs but names.
fn fits_alike(before: &Rows, after: &Rows) -> bool {
    let unnamed =
        |unit: &UnitRow| UnitRow { name: String::new(), aliases: String::new(), ..unit.clone() };
    before.len() == after.len()
        && before.iter().zip(after).all(|((a, one), (b, other))| {
            a == b && (one == other || unnamed(one) == unnamed(other))
        })
}

/// What is wrong with a unit.
struct Fault {
    row: i64,
    field: &'static str,
    problem: String,
}

/// What is refused of units when it is written. The rest may be a step on the way to what fits, and `tuban
/// places check` tells it.
fn faults(rows: &Rows) -> impl Iterator<Item = Fault> {
    let rows: Vec<UnitRow> = rows.values().cloned().collect();
    check(&rows).into_iter().filter_map(|defect| {
        let (row, field) = match &defect {
            UnitDefect::NoCode { row } => (*row, "code"),
            UnitDefect::UnknownLevel { row, .. } => (*row, "level"),
            UnitDefect::BadDay { row, field, .. } => (*row, *field),
            UnitDefect::NeverValid { row, .. } => (*row, "valid_to"),
            UnitDefect::BadCode { row, scheme, .. } => (*row, scheme.identifier()),
            UnitDefect::UnknownParent { row, .. } | UnitDefect::ParentLevel { row, .. } => {
                (*row, "parent")
            }
            UnitDefect::NoParent { .. }
            | UnitDefect::ParentNotValid { .. }
            | UnitDefect::Overlap { .. }
            | UnitDefect::NameTaken { .. }
            | UnitDefect::LevelGap { .. } => return None,
        };
        Some(Fault { row, field, problem: defect.to_string() })
    })
}

/// Units whose code nobody has any more, while points name it.
fn gone(
    state: &Snapshot,
    (before, after): (&Rows, &Rows),
    written: &BTreeMap<i64, usize>,
) -> Vec<Defect> {
    let codes: BTreeSet<&str> = after.values().map(|unit| unit.code.trim()).collect();
    let points = collection(state, POINTS);
    let Some((points, at)) =
        points.and_then(|held| Some((held, held.collection().field_position("unit")?)))
    else {
        return Vec::new();
    };
    let lost = before
        .iter()
        .filter(|(row, unit)| written.contains_key(row) && !codes.contains(unit.code.trim()));
    lost.filter_map(|(row, unit)| {
        let mut named = 0;
        points.with_text(at, &unit.code, &mut |_, slots| named += slots.len());
        (named > 0).then(|| Defect {
            place: format!("/changes/{}", written[row]),
            problem: format!(
                "{named} points name the unit {}: end it (valid_to) and keep its code, so that what was \
                 told of it stays",
                unit.code.trim()
            ),
        })
    })
    .collect()
}
