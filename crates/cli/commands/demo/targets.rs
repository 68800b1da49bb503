//! What the towns of the sample city are to reach (任务书): a file of targets beside the store.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use ledger::indicator::{Clearing, Done, Period, PointFacts, Step, Target, year_of};
use ledger::point::Quantities;
use serde::Serialize;

use crate::commands::CommandError;
use crate::synth::LedgerPoint;

/// What the file says of itself.
const HEADER: &str = "# 合成数据：示例城市的任务书与时间表，无一真实\n\n";
/// What of a quantity is measured by which indicator, in which unit of measure.
type Measure = (fn(&Quantities) -> u64, &'static str, &'static str);
const MEASURES: [Measure; 3] = [
    (|done| done.build_area_m2.hundredths() / 100, "completion_area", "㎡"),
    (|done| done.land_area_m2.hundredths() / 100, "completion_land", "㎡"),
    (|done| done.count, "completion_count", "处"),
];
/// What is asked for, in per cent of what is done until now: by turns, so that some towns are behind.
const ASKED: [u64; 3] = [104, 125, 200];
/// Steps of the latest year: the last day, and per cent of the target.
const STEPS: [(&str, u64); 3] = [("03-31", 15), ("06-30", 45), ("09-30", 80)];

/// Tasks that are to be cleared as they come, and within how many days.
const CLEARINGS: [(&str, u32); 2] = [("ZD", 45), ("WZ", 75)];

#[derive(Serialize)]
struct TargetFile {
    targets: Vec<Target>,
    clearings: Vec<Clearing>,
}

/// Writes targets of the last two years for every town and task at which something was done.
pub(super) fn write_targets(path: &Path, told: &[Vec<LedgerPoint>]) -> Result<(), CommandError> {
    let mut sums: BTreeMap<(i32, Arc<str>, Arc<str>), Quantities> = BTreeMap::new();
    for point in told.iter().flatten() {
        let PointFacts { unit: Some(unit), task: Some(task), progress, .. } = &point.facts else {
            continue;
        };
        for Done { at, quantities } in progress {
            let key = (year_of(*at), Arc::clone(unit), Arc::clone(task));
            let sum = sums.entry(key).or_default();
            *sum = sum.checked_add(*quantities).unwrap_or(*sum);
        }
    }
    let latest = sums.keys().map(|(year, ..)| *year).max().unwrap_or_default();
    let towns: BTreeSet<Arc<str>> = sums.keys().map(|(_, unit, _)| Arc::clone(unit)).collect();
    let mut targets = Vec::new();
    let is_planned = |task: &str| CLEARINGS.iter().all(|(cleared, _)| *cleared != task);
    for ((year, unit, task), done) in sums.iter().filter(|((.., task), _)| is_planned(task)) {
        let Some(period) = Period::of_year(*year).filter(|_| *year >= latest - 1) else {
            continue;
        };
        // By area where a task has one.
        let measured = MEASURES.iter().enumerate().find(|(_, (of, ..))| of(done) > 0);
        let Some((turn, (of, indicator, unit_of_measure))) = measured else { continue };
        let turn = turn + towns.range(..Arc::clone(unit)).count();
        let planned = (of(done) * ASKED[turn % ASKED.len()]).div_ceil(100);
        let steps = STEPS.iter().filter(|_| *year == latest);
        let timetable = steps.map(|(day, share)| Step {
            by: format!("{year}-{day}"),
            planned: (planned * share / 100) as f64,
        });
        targets.push(Target {
            task: task.to_string(),
            unit: unit.to_string(),
            period,
            indicator: (*indicator).to_owned(),
            planned: planned as f64,
            unit_of_measure: (*unit_of_measure).to_owned(),
            factor: None,
            person: None,
            timetable: timetable.collect(),
        });
    }
    let clearings =
        CLEARINGS.map(|(task, days)| Clearing { task: task.to_owned(), unit: None, days });
    let text = toml::to_string(&TargetFile { targets, clearings: clearings.to_vec() })
        .map_err(|error| std::io::Error::other(error.to_string()));
    let written = text.and_then(|text| std::fs::write(path, HEADER.to_owned() + &text));
    written.map_err(|source| CommandError::Io { path: path.to_owned(), source })
}
