//! Checks of all units together: levels, parents, codes and names that hold for the same days.

use std::collections::BTreeMap;

use super::{AdminUnit, Level, UnitDefect, UnitRow, Validity};

/// Every defect of `rows`, those of a row by itself first, in the order of the rows.
pub fn check(rows: &[UnitRow]) -> Vec<UnitDefect> {
    let mut defects = Vec::new();
    let mut units = Vec::with_capacity(rows.len());
    for row in rows {
        let (unit, own) = row.read();
        defects.extend(own);
        units.extend(unit.filter(|unit| !unit.validity.is_empty()));
    }
    let mut by_code: BTreeMap<&str, Vec<&AdminUnit>> = BTreeMap::new();
    for unit in &units {
        by_code.entry(&unit.code).or_default().push(unit);
    }
    let has_level = |level: Level| units.iter().any(|unit| unit.level == level);
    for unit in &units {
        let is_under_one = unit.level.above().is_some_and(has_level);
        defects.extend(parent_defect(unit, &by_code, is_under_one));
    }
    for alike in by_code.values() {
        each_pair(alike, &mut |a, b, both| {
            let (row, other, code) = (a.row, b.row, a.code.clone());
            defects.push(UnitDefect::Overlap { row, other, code, both });
        });
    }
    names(&units, &mut defects);
    let present: Vec<Level> = Level::ALL.into_iter().filter(|level| has_level(*level)).collect();
    if let (Some(first), Some(last)) = (present.first(), present.last()) {
        let between = Level::ALL.into_iter().filter(|level| first < level && level < last);
        let missing = between.filter(|level| !present.contains(level));
        defects.extend(missing.map(|level| UnitDefect::LevelGap { level }));
    }
    defects
}

/// What is wrong with the parent of `unit`.
fn parent_defect(
    unit: &AdminUnit,
    by_code: &BTreeMap<&str, Vec<&AdminUnit>>,
    is_under_one: bool,
) -> Option<UnitDefect> {
    let (row, code, level) = (unit.row, unit.code.clone(), unit.level);
    let Some(parent) = unit.parent.clone() else {
        return is_under_one.then_some(UnitDefect::NoParent { row, code, level });
    };
    let Some(named) = by_code.get(parent.as_str()) else {
        return Some(UnitDefect::UnknownParent { row, code, parent });
    };
    // Rows of one code may be of several levels over the years: those of the same days count.
    let meets = |one: &&&AdminUnit| !one.validity.intersection(&unit.validity).is_empty();
    let other = named.iter().filter(meets).find(|one| Some(one.level) != level.above());
    if let Some(other) = other {
        let parent_level = other.level;
        return Some(UnitDefect::ParentLevel { row, code, level, parent, parent_level });
    }
    let times: Vec<Validity> = named.iter().map(|one| one.validity).collect();
    let since = unit.validity.first_uncovered(&times)?;
    Some(UnitDefect::ParentNotValid { row, code, validity: unit.validity, parent, since })
}

/// Names that do not tell units of one parent apart.
fn names(units: &[AdminUnit], defects: &mut Vec<UnitDefect>) {
    let mut by_name: BTreeMap<_, Vec<&AdminUnit>> = BTreeMap::new();
    for unit in units {
        let mut own: Vec<String> = unit.names().collect();
        own.sort_unstable();
        own.dedup();
        for name in own {
            by_name.entry((&unit.parent, unit.level, name)).or_default().push(unit);
        }
    }
    for ((_, _, name), alike) in &by_name {
        each_pair(alike, &mut |a, b, both| {
            if a.code != b.code {
                defects.push(UnitDefect::NameTaken {
                    row: a.row,
                    code: a.code.clone(),
                    other: b.row,
                    other_code: b.code.clone(),
                    name: name.clone(),
                    both,
                });
            }
        });
    }
}

/// Visits the pairs of units that are valid at the same time.
fn each_pair(units: &[&AdminUnit], visit: &mut dyn FnMut(&AdminUnit, &AdminUnit, Validity)) {
    let numbered = units.iter().enumerate();
    let spans: Vec<_> = numbered.map(|(number, unit)| (unit.validity, number)).collect();
    each_overlap(&spans, &mut |a, b, both| visit(units[a], units[b], both));
}

/// Visits the pairs of spans that hold at the same time, each next to its follower in time: `n`
/// rows of one code are compared `n` times, not `n²` times.
pub(super) fn each_overlap<T: Copy + Ord>(
    spans: &[(Validity, T)],
    visit: &mut dyn FnMut(T, T, Validity),
) {
    let mut spans = spans.to_vec();
    spans.sort_by_key(|(span, name)| (span.from, *name));
    let Some((&(mut last, mut name), rest)) = spans.split_first() else { return };
    for (span, other) in rest {
        let both = last.intersection(span);
        if !both.is_empty() {
            visit(name, *other, both);
        }
        // The one that lasts longest is what the next may overlap.
        let ends_later = match (span.to, last.to) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(a), Some(b)) => a > b,
        };
        if ends_later {
            (last, name) = (*span, *other);
        }
    }
}
