//! A unit with all that lie beneath it, by the table of units of one day.

use std::collections::BTreeSet;

use ledger::place::Day;
use rustc_hash::FxHashMap;
use spatial::Snapshot;

use super::units::{held, rows};

/// A unit as points may name it: by its code, or by one beneath it.
#[derive(Clone, Debug)]
pub(crate) struct UnitsBelow {
    codes: BTreeSet<String>,
    /// Whether the table of units has it.
    pub(crate) is_known: bool,
}

impl UnitsBelow {
    /// The unit of a code, and those that are beneath it on `day`. A unit that the table does not
    /// have, or one of a store without the table, stands alone.
    pub(crate) fn of(state: &Snapshot, code: &str, day: Day) -> Self {
        let mut children: FxHashMap<String, Vec<String>> = FxHashMap::default();
        let mut is_known = false;
        let all = held(state).map(rows).unwrap_or_default();
        for unit in all.into_iter().filter(|unit| unit.validity.holds(day)) {
            is_known |= unit.code == code;
            if let Some(parent) = unit.parent {
                children.entry(parent).or_default().push(unit.code);
            }
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
    pub(crate) fn holds(&self, unit: &str) -> bool {
        self.codes.contains(unit)
    }
}
