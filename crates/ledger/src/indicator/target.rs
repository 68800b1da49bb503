//! Targets (任务书): what a unit is to reach for an indicator within a period.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};
use spatial::{Day, Timestamp};
use thiserror::Error;

use super::timetable::{Due, Step, Timetable};
use super::{Definitions, Factor, Period, UnitTree, Window};

/// A target, as it is read.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The task.
    pub task: String,
    /// The code of the unit.
    pub unit: String,
    /// The year, quarter or month.
    pub period: Period,
    /// The code of an indicator that is measured against targets.
    pub indicator: String,
    /// How much, in the unit of measure.
    pub planned: f64,
    /// 计量单位.
    pub unit_of_measure: String,
    /// Needed where the unit of measure is none of those that [`Factor::of`] knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<Factor>,
    /// The person who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// 时间表: what is due on the way. Where nothing is said it falls due evenly, as it does between
    /// two steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timetable: Vec<Step>,
}

/// Something of a target that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{list} {number}, {key}: {value:?} {reason}")]
pub struct TargetFault {
    /// What is listed: targets, or tasks to be cleared.
    pub list: &'static str,
    /// Which of them, from 1.
    pub number: usize,
    /// The key that is wrong.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// Why, and what is expected.
    pub reason: String,
}

/// How faults call them.
const LIST: &str = "target";
/// Most targets of a file.
const MAX_TARGETS: usize = 1_000_000;
/// Most steps of a timetable: one a day.
const MAX_STEPS: usize = 366;
/// More than any ledger holds, in hundredths.
const MAX_HUNDREDTHS: f64 = 1e17;

/// A target that was checked.
#[derive(Clone, Debug)]
struct Checked {
    target: Target,
    unit: usize,
    indicator: usize,
    hundredths: i128,
    timetable: Timetable,
}

/// Targets that fit the definitions and units.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    checked: Vec<Checked>,
    /// The targets of a unit and an indicator, by their places among all.
    places: BTreeMap<(usize, usize), Vec<usize>>,
}

impl Targets {
    /// Takes targets.
    ///
    /// # Errors
    /// Every fault that is found.
    pub fn new(
        targets: Vec<Target>,
        definitions: &Definitions,
        units: &UnitTree,
    ) -> Result<Self, Vec<TargetFault>> {
        if targets.len() > MAX_TARGETS {
            let reason = format!("of them; at most {MAX_TARGETS} are possible");
            let value = targets.len().to_string();
            return Err(vec![TargetFault {
                list: LIST,
                number: MAX_TARGETS + 1,
                key: "targets",
                value,
                reason,
            }]);
        }
        let mut seen = BTreeSet::new();
        let mut faults = Vec::new();
        let mut checked = Vec::with_capacity(targets.len());
        let mut places: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (number, target) in (1..).zip(targets) {
            let mut fault = |key, value: &str, reason: String| {
                let value = value.chars().take(40).collect();
                faults.push(TargetFault { list: LIST, number, key, value, reason });
            };
            if target.task.trim().is_empty() {
                fault("task", &target.task, "must name a task".to_owned());
            }
            let unit = units.slot(&target.unit);
            if unit.is_none() {
                fault("unit", &target.unit, "is the code of no unit".to_owned());
            }
            let named = definitions.named(&target.indicator);
            let indicator = named.filter(|(_, definition)| definition.is_completion());
            if indicator.is_none() {
                let measured = definitions.all().iter().filter(|one| one.is_completion());
                let codes: Vec<&str> = measured.map(|one| one.code.as_str()).collect();
                let reason = format!("is not measured against targets; {} are", codes.join(" "));
                fault("indicator", &target.indicator, reason);
            }
            let factor = target.factor.or_else(|| Factor::of(&target.unit_of_measure));
            if factor.is_none() {
                let known = Factor::known();
                let reason = format!("needs a factor beside it; known without one are {known}");
                fault("unit_of_measure", &target.unit_of_measure, reason);
            }
            let hundredths = factor.map(|factor| in_hundredths(target.planned, factor));
            if let Some(Err(reason)) = &hundredths {
                fault("planned", &target.planned.to_string(), reason.clone());
            }
            let in_all = hundredths.as_ref().and_then(|told| told.as_ref().ok());
            let timetable = factor.zip(in_all).and_then(|(factor, in_all)| {
                let told = timetable(&target, factor, *in_all);
                told.map_err(|(value, reason)| fault("timetable", &value, reason)).ok()
            });
            let key =
                (target.task.clone(), target.unit.clone(), target.indicator.clone(), target.period);
            if !seen.insert(key) {
                let reason =
                    "has another target for the same task, unit and indicator; leave one out";
                fault("period", &target.period.to_string(), reason.to_owned());
            }
            if let (Some(unit), Some((indicator, _)), Some(Ok(hundredths)), Some(timetable)) =
                (unit, indicator, hundredths, timetable)
            {
                places.entry((unit, indicator)).or_default().push(checked.len());
                checked.push(Checked { target, unit, indicator, hundredths, timetable });
            }
        }
        if faults.is_empty() { Ok(Self { checked, places }) } else { Err(faults) }
    }

    /// Every target, in order.
    pub fn all(&self) -> impl Iterator<Item = &Target> {
        self.checked.iter().map(|checked| &checked.target)
    }

    /// The person who answers for a unit's target, if all targets within the window name one.
    pub(super) fn person(&self, unit: usize, indicator: usize, window: Window) -> Option<&str> {
        let places = self.places.get(&(unit, indicator))?;
        let mut persons = places
            .iter()
            .map(|place| &self.checked[*place].target)
            .filter(|target| window.covers(target.period.window()))
            .map(|target| target.person.as_deref());
        let first = persons.next()??;
        persons.all(|person| person == Some(first)).then_some(first)
    }

    /// For each unit what is planned, in hundredths: its own target where it has one, else the sum
    /// of its parts'; none where neither is. Task by task, and then added up. Of periods within the
    /// window those count that lie in no other one of them.
    pub(super) fn planned(
        &self,
        units: &UnitTree,
        indicator: usize,
        window: Window,
        is_asked: impl Fn(&str) -> bool,
    ) -> Vec<Option<i128>> {
        self.sums(units, (indicator, window), is_asked, |one| one.hundredths)
    }

    /// For each unit what of that is due at a moment.
    pub(super) fn due(
        &self,
        units: &UnitTree,
        indicator: usize,
        (window, at): (Window, Timestamp),
        is_asked: impl Fn(&str) -> bool,
    ) -> Vec<Option<Due>> {
        self.sums(units, (indicator, window), is_asked, |one| one.timetable.due(at))
    }

    fn sums<T: Clone + AddAssign>(
        &self,
        units: &UnitTree,
        (indicator, window): (usize, Window),
        is_asked: impl Fn(&str) -> bool,
        amount: impl Fn(&Checked) -> T,
    ) -> Vec<Option<T>> {
        let mut tasks: BTreeMap<&str, BTreeMap<usize, Vec<&Checked>>> = BTreeMap::new();
        for one in &self.checked {
            let is_within = window.covers(one.target.period.window());
            if one.indicator == indicator && is_within && is_asked(&one.target.task) {
                let task = tasks.entry(&one.target.task).or_default();
                task.entry(one.unit).or_default().push(one);
            }
        }
        let order = units.below(units.root());
        let mut sums: Vec<Option<T>> = vec![None; units.len()];
        for own in tasks.values() {
            let mut of_task: Vec<Option<T>> = vec![None; units.len()];
            for slot in order.iter().rev() {
                of_task[*slot] = match own.get(slot) {
                    Some(targets) => sum(widest(targets).map(&amount)),
                    None => {
                        let parts = units.children(*slot).iter();
                        sum(parts.filter_map(|part| of_task[*part].clone()))
                    }
                };
            }
            for (all, of_task) in sums.iter_mut().zip(of_task) {
                *all = sum(all.take().into_iter().chain(of_task));
            }
        }
        sums
    }
}

/// None of nothing.
fn sum<T: AddAssign>(parts: impl Iterator<Item = T>) -> Option<T> {
    parts.reduce(|mut sum, part| {
        sum += part;
        sum
    })
}

/// Those targets whose period lies in no other one's.
fn widest<'a>(targets: &[&'a Checked]) -> impl Iterator<Item = &'a Checked> {
    let window = |one: &Checked| one.target.period.window();
    let is_widest = move |one: &&Checked| {
        targets
            .iter()
            .all(|other| window(other) == window(one) || !window(other).covers(window(one)))
    };
    targets.iter().copied().filter(is_widest)
}

/// The timetable of a target that comes to `in_all` hundredths; else the step that cannot be used,
/// and why.
fn timetable(target: &Target, factor: Factor, in_all: i128) -> Result<Timetable, (String, String)> {
    let window = target.period.window();
    if target.timetable.len() > MAX_STEPS {
        let reason = format!("steps; at most {MAX_STEPS} are possible");
        return Err((target.timetable.len().to_string(), reason));
    }
    let mut steps: Vec<(Timestamp, i128)> = Vec::with_capacity(target.timetable.len());
    for step in &target.timetable {
        let by: Day =
            step.by.parse().map_err(|odd| (step.by.clone(), format!("cannot be used: {odd}")))?;
        let planned = in_hundredths(step.planned, factor)
            .map_err(|reason| (format!("{} by {by}", step.planned), reason))?;
        let (last_by, last) = steps.last().copied().unwrap_or((window.from, 0));
        let refused = |what: &str, reason: String| Err((what.to_owned(), reason));
        if !(last_by < by.end() && by.end() <= window.to) {
            let reason = format!("is no day of {} after the step before it", target.period);
            return refused(&step.by, reason);
        }
        if !(last..=in_all).contains(&planned) {
            let reason = "is less than by the step before it, or more than is planned in all";
            return refused(&format!("{} by {by}", step.planned), reason.to_owned());
        }
        steps.push((by.end(), planned));
    }
    Ok(Timetable::new(window, steps, in_all))
}

/// A planned number as hundredths of what is counted; it must be one.
fn in_hundredths(planned: f64, factor: Factor) -> Result<i128, String> {
    let ratio = factor.ratio();
    let exact = planned * 100.0 * ratio.numerator() as f64 / ratio.denominator() as f64;
    if !(0.0..=MAX_HUNDREDTHS).contains(&exact) {
        return Err("is no target; give a number of 0 or more".to_owned());
    }
    let rounded = exact.round();
    // What binary numbers make of a decimal one; where no decimal number fits, as for 亩, hundredths
    // are near enough.
    let tolerance = 1e-6 + exact * 1e-15;
    if ratio.denominator() == 1 && (exact - rounded).abs() > tolerance {
        return Err("is finer than hundredths of what is counted; give fewer decimals".to_owned());
    }
    Ok(rounded as i128)
}
