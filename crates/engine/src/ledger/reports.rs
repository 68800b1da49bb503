//! Periodic reports of progress (进展报告): what units say is difficult and what they were awarded.

use std::collections::BTreeMap;

use ledger::record::calls::PROGRESS_REPORTS;
use ledger::record::named;
use spatial::{CollectionId, Snapshot, Timestamp, ValueRef};

use super::held::column;
use crate::{Profile, ReadableField};

/// What is read of a report.
const COLUMNS: [&str; 7] =
    ["code", "unit", "task", "period_to", "difficulties", "award_yuan", "reported_at"];

/// A report of a unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProgressReport {
    /// Its code.
    pub code: Option<String>,
    /// The task that it is about; all where it names none.
    pub task: Option<String>,
    /// The last day that it is about.
    pub period_to: Option<String>,
    /// 困难和问题.
    pub difficulties: Option<String>,
    /// 奖补, yuan.
    pub award_yuan: Option<f64>,
    /// When it was sent, in UTC.
    pub reported_at: Option<String>,
}

/// The latest report of each unit that was sent by `at`, of `task` where one is asked for; none
/// where the store has no reports or `profile` may not read them.
pub fn latest_reports(
    state: &Snapshot,
    task: Option<&str>,
    at: Timestamp,
    profile: Profile,
) -> BTreeMap<String, ProgressReport> {
    let mut latest: BTreeMap<String, ProgressReport> = BTreeMap::new();
    let id = CollectionId::try_from(PROGRESS_REPORTS).ok();
    let Some(held) = id.and_then(|id| state.collections.get(&id)) else { return latest };
    let collection = held.collection();
    let is_readable = |name: &&str| ReadableField::find(collection, name, profile).is_ok();
    if !named(PROGRESS_REPORTS).is_some_and(|shipped| shipped.is(collection))
        || !COLUMNS.iter().all(is_readable)
    {
        return latest;
    }
    held.each(&mut |shard, slots| {
        for slot in slots {
            let row = shard.feature(usize::from(*slot));
            let text = |name: &str| match column(collection, row, name) {
                ValueRef::Text(text) => Some(text.trim().to_owned()).filter(|t| !t.is_empty()),
                _ => None,
            };
            let report = ProgressReport {
                code: text("code"),
                task: text("task"),
                period_to: text("period_to"),
                difficulties: text("difficulties"),
                award_yuan: match column(collection, row, "award_yuan") {
                    ValueRef::Real(yuan) => Some(yuan),
                    ValueRef::Int(yuan) => Some(yuan as f64),
                    _ => None,
                },
                reported_at: text("reported_at"),
            };
            let is_of_task =
                task.is_none() || report.task.is_none() || report.task.as_deref() == task;
            let sent = report.reported_at.as_deref().and_then(ledger::clue::read_moment);
            let (Some(unit), true) =
                (text("unit"), is_of_task && sent.is_none_or(|sent| sent <= at))
            else {
                continue;
            };
            let order = |one: &ProgressReport| {
                (one.period_to.clone(), one.reported_at.clone(), one.code.clone())
            };
            let known = latest.get(&unit);
            if known.is_none_or(|known| order(known) < order(&report)) {
                latest.insert(unit, report);
            }
        }
    });
    latest
}
