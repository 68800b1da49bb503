//! A unit with all that lie beneath it, by the table of units of one day.

use std::collections::BTreeSet;

use ledger::place::{ADMIN_UNITS, Day, UnitReader};
use rustc_hash::FxHashMap;
use spatial::{CollectionId, Snapshot};

/// A unit as points may name it: by its code, or by one beneath it.
#[derive(Clone, Debug)]
pub(super) struct UnitsBelow {
    codes: BTreeSet<String>,
    /// Whether the table of units has it.
    pub(super) is_known: bool,
}

impl UnitsBelow {
    /// The unit of a code, and those that are beneath it on `day`. A unit that the table does not
    /// have, or one of a store without the table, stands alone.
    pub(super) fn of(state: &Snapshot, code: &str, day: Day) -> Self {
        let mut children: FxHashMap<String, Vec<String>> = FxHashMap::default();
        let mut is_known = false;
        let id = CollectionId::try_from(ADMIN_UNITS).ok();
        let held = id.and_then(|id| state.collections.get(&id));
        let reader = held.and_then(|held| UnitReader::of(held.collection()));
        if let (Some(held), Some(reader)) = (held, reader) {
            held.each(&mut |shard, slots| {
                for slot in slots {
                    let row = reader.row(shard.feature(usize::from(*slot)));
                    let Some(unit) = row.read().0.filter(|unit| unit.validity.holds(day)) else {
                        continue;
                    };
                    is_known |= unit.code == code;
                    if let Some(parent) = unit.parent {
                        children.entry(parent).or_default().push(unit.code);
                    }
                }
            });
        }
        let mut codes = BTreeSet::from([code.to_owned()]);
        let mut open = vec![code.to_owned()];
        // Each code is opened once, whatever circles there are.
        while let Some(code) = open.pop() {
            for child in children.remove(&code).unwrap_or_default() {
                if codes.insert(child.clone()) {
                    open.push(child);
                }
            }
        }
        Self { codes, is_known }
    }

    /// Whether a unit is it, or beneath it.
    pub(super) fn holds(&self, unit: &str) -> bool {
        self.codes.contains(unit)
    }
}
