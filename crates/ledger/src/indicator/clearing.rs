//! Tasks that are to be cleared as they come (动态清零): nothing open is the target, and how long it takes
//! is what is looked at.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use spatial::Day;

use super::target::TargetFault;
use super::{Ending, Figures, Place, PointFacts, Question, UnitTree};
use crate::point::Lamp;

/// Most tasks that are to be cleared, of a file.
const MAX_CLEARINGS: usize = 10_000;
/// Most days that clearing may take: ten years.
const MAX_DAYS: u32 = 3_650;

/// A task that is to be cleared as its points come, as it is read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Clearing {
    /// The task.
    pub task: String,
    /// The code of the unit that is to, with those beneath it; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Within so many days of registering, or of coming back.
    pub days: u32,
}

/// How far one unit is with a task that is to be cleared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleared {
    /// The code of the unit.
    pub code: String,
    /// Its name.
    pub name: String,
    /// How far it is below the root.
    pub depth: usize,
    /// The task.
    pub task: String,
    /// Within how many days.
    pub days: u32,
    /// Points that are open at the moment.
    pub open: u64,
    /// Those of them that have been for longer.
    pub late: u64,
    /// How many days the oldest of them has been.
    pub oldest_days: Option<i64>,
    /// How many were closed in the window.
    pub closed: u64,
    /// Twice the median of the days that this took.
    pub twice_median_days: Option<i64>,
    /// Green: nothing is open. Yellow: nothing for longer than is allowed.
    pub lamp: Lamp,
    /// Why it is not green.
    pub reason: Option<String>,
}

/// What is wrong with such tasks. A code must be one that `is_unit`.
pub fn clearing_faults(clearings: &[Clearing], is_unit: impl Fn(&str) -> bool) -> Vec<TargetFault> {
    let mut faults = Vec::new();
    let mut fault = |number, key, value: &str, reason: String| {
        let value = value.chars().take(40).collect();
        faults.push(TargetFault { list: "clearing", number, key, value, reason });
    };
    if clearings.len() > MAX_CLEARINGS {
        let reason = format!("of them; at most {MAX_CLEARINGS} are possible");
        fault(MAX_CLEARINGS + 1, "clearings", &clearings.len().to_string(), reason);
        return faults;
    }
    let mut seen = BTreeSet::new();
    for (number, Clearing { task, unit, days }) in (1..).zip(clearings) {
        if task.trim().is_empty() {
            fault(number, "task", task, "must name a task".to_owned());
        }
        if let Some(unit) = unit.as_deref().filter(|unit| !is_unit(unit)) {
            fault(number, "unit", unit, "is the code of no unit".to_owned());
        }
        if !(1..=MAX_DAYS).contains(days) {
            let reason = format!("is no number of days from 1 to {MAX_DAYS}");
            fault(number, "days", &days.to_string(), reason);
        }
        if !seen.insert((task, unit)) {
            let reason = "is to be cleared already, there; leave one out";
            fault(number, "task", task, reason.to_owned());
        }
    }
    faults
}

/// What was counted of one task at one unit.
#[derive(Clone, Debug, Default)]
struct Counted {
    open: u64,
    late: u64,
    oldest: Option<i64>,
    took: Vec<i64>,
}

/// How far each unit of the figures is with each task that is to be cleared there; those at which
/// nothing was open or closed are left out. A unit goes by what names it or the nearest above it.
pub fn cleared<'f>(
    question: &Question<'_>,
    clearings: &[Clearing],
    figures: &Figures,
    facts: impl IntoIterator<Item = &'f PointFacts>,
) -> Vec<Cleared> {
    let Question { units, moment, .. } = *question;
    let today = Day::of(moment.at);
    let mut days: BTreeMap<&str, BTreeMap<Option<usize>, u32>> = BTreeMap::new();
    for Clearing { task, unit, days: allowed } in clearings {
        let slot = match unit.as_deref().map(|code| units.slot(code)) {
            Some(None) => continue,
            Some(slot) => slot,
            None => None,
        };
        if question.task.is_none_or(|asked| asked == task) {
            days.entry(task).or_default().insert(slot, *allowed);
        }
    }
    let mut counted: BTreeMap<(&str, usize), Counted> = BTreeMap::new();
    for point in facts {
        let Some((task, _)) = point.task.as_deref().and_then(|task| days.get_key_value(task))
        else {
            continue;
        };
        let Some(registered) = point.registered_at else { continue };
        let open_days = point.state.is_open().then(|| {
            let since = point.rebounds.last().copied().unwrap_or(registered).max(registered);
            today.days_since(Day::of(since)).max(0)
        });
        let counts = point.closings.iter().filter(|closing| {
            let is_refuted = closing.ended.is_some_and(|(_, ending)| ending == Ending::Refuted);
            !is_refuted && moment.window.holds(closing.from)
        });
        let took = counts.map(|closing| {
            let before = point.rebounds.iter().filter(|rebound| **rebound <= closing.from);
            let since = before.max().copied().unwrap_or(registered).max(registered);
            Day::of(closing.from).days_since(Day::of(since)).max(0)
        });
        let took: Vec<i64> = took.collect();
        let own = point.unit.as_deref().and_then(|code| units.counts_at(code));
        for slot in upwards(units, own.unwrap_or(units.root())) {
            let allowed = allowed(&days[*task], units, slot);
            let counted = counted.entry((task, slot)).or_default();
            counted.took.extend(&took);
            if let Some(open) = open_days {
                counted.open += 1;
                counted.late += u64::from(allowed.is_some_and(|most| open > i64::from(most)));
                counted.oldest = counted.oldest.max(Some(open));
            }
        }
    }
    let mut found = Vec::new();
    for row in &figures.rows {
        let Place::Unit { code, name } = &row.place else { continue };
        let Some(slot) = units.slot(code) else { continue };
        for (task, of_task) in &days {
            let Some(allowed) = allowed(of_task, units, slot) else { continue };
            let Some(counted) = counted.remove(&(task, slot)) else { continue };
            if counted.open == 0 && counted.took.is_empty() {
                continue;
            }
            let (code, name, depth) = (code.clone(), name.clone(), row.depth);
            found.push(told((code, name, depth), task, allowed, counted));
        }
    }
    found
}

/// The days that a unit has for a task, by what names it or the nearest above it.
fn allowed(of_task: &BTreeMap<Option<usize>, u32>, units: &UnitTree, slot: usize) -> Option<u32> {
    let named = upwards(units, slot).find_map(|slot| of_task.get(&Some(slot)));
    named.or_else(|| of_task.get(&None)).copied()
}

/// A unit, and those above it.
fn upwards(units: &UnitTree, slot: usize) -> impl Iterator<Item = usize> + '_ {
    std::iter::successors(Some(slot), |slot| units.parent(*slot))
}

fn told(
    (code, name, depth): (String, String, usize),
    task: &str,
    days: u32,
    counted: Counted,
) -> Cleared {
    let Counted { open, late, oldest, mut took } = counted;
    took.sort_unstable();
    let middle = took.len() / 2;
    let twice_median_days = match took.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(2 * took[middle]),
        _ => Some(took[middle - 1] + took[middle]),
    };
    let lamp = match (open, late) {
        (0, _) => Lamp::Green,
        (_, 0) => Lamp::Yellow,
        _ => Lamp::Red,
    };
    let reason = oldest.map(|oldest| {
        format!("动态清零：在账 {open}，其中超过 {days} 天的 {late}，最久 {oldest} 天；目标为零")
    });
    Cleared {
        code,
        name,
        depth,
        task: task.to_owned(),
        days,
        open,
        late,
        oldest_days: oldest,
        closed: took.len() as u64,
        twice_median_days,
        lamp,
        reason,
    }
}
