//! Whether definitions hold together: what is looked at once, before anything is evaluated.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::{
    Condition, Definition, DefinitionSet, Extent, Factor, Formula, Measure, RecordSum, Target,
    Term, Window, YearWeights,
};

/// Most indicators of an edition.
const MAX_INDICATORS: usize = 200;
/// Most terms, conditions, tasks, years or weights of one indicator.
pub(super) const MAX_PARTS: usize = 100;
const MAX_TIMES: u32 = 1000;
const MAX_WEIGHT: u32 = 1_000_000;
const MAX_DECIMALS: u8 = 6;
pub(super) const MAX_TEXT: usize = 1000;
/// What templates ask for by these names is no indicator, see [`super::names`].
const RESERVED: [&str; 12] = [
    "title",
    "as_of",
    "window_from",
    "window_to",
    "revision",
    "edition",
    "unit",
    "task",
    "numerator",
    "denominator",
    "fraction",
    "unplaced",
];

/// Something of a definition that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("indicator {indicator:?}, {key}: {value:?} {reason}")]
pub struct DefinitionFault {
    /// The code of the indicator, as it stands there; empty when it is about the edition.
    pub indicator: String,
    /// The key that is wrong.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// Why, and what is expected.
    pub reason: String,
}

/// Definitions that hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definitions {
    edition: String,
    sums: Vec<RecordSum>,
    indicators: Vec<Definition>,
    slots: BTreeMap<String, usize>,
}

impl Definitions {
    /// Takes the definitions of an edition.
    ///
    /// # Errors
    /// Every fault that is found.
    pub fn new(set: DefinitionSet) -> Result<Self, Vec<DefinitionFault>> {
        let sums = set.sums.iter().map(|sum| sum.name.clone()).collect();
        let mut check = Check { indicator: String::new(), sums, faults: Vec::new() };
        check.text("edition", &set.edition);
        check.number("indicators", set.indicators.len(), 1..=MAX_INDICATORS);
        check.record_sums(&set.sums);
        let mut slots = BTreeMap::new();
        for (slot, definition) in set.indicators.iter().enumerate() {
            check.indicator.clone_from(&definition.code);
            if slots.insert(definition.code.clone(), slot).is_some() {
                check.fault("code", &definition.code, "stands there twice; give one another name");
            }
        }
        let rates: BTreeSet<&str> = set
            .indicators
            .iter()
            .filter(|definition| matches!(definition.formula, Formula::Rate { .. }))
            .map(|definition| definition.code.as_str())
            .collect();
        for definition in &set.indicators {
            check.indicator.clone_from(&definition.code);
            check.definition(definition, &rates);
        }
        match check.faults.is_empty() {
            true => {
                let DefinitionSet { edition, sums, indicators } = set;
                Ok(Self { edition, sums, indicators, slots })
            }
            false => Err(check.faults),
        }
    }

    /// Which edition it is.
    pub fn edition(&self) -> &str {
        &self.edition
    }

    /// The sums over records, in order.
    pub fn sums(&self) -> &[RecordSum] {
        &self.sums
    }

    /// Every definition, in order.
    pub fn all(&self) -> &[Definition] {
        &self.indicators
    }

    /// The definition of a code, and its place among all.
    pub fn named(&self, code: &str) -> Option<(usize, &Definition)> {
        let slot = *self.slots.get(code)?;
        Some((slot, &self.indicators[slot]))
    }

    /// Those that are wanted and those that their scores are made of, with the sums that they ask for.
    pub fn only(&self, is_wanted: impl Fn(&Definition) -> bool) -> Self {
        let mut codes: BTreeSet<&str> = BTreeSet::new();
        for wanted in self.indicators.iter().filter(|definition| is_wanted(definition)) {
            codes.insert(&wanted.code);
            if let Formula::Score { years } = &wanted.formula {
                let parts = years.iter().flat_map(|year| &year.weights);
                codes.extend(parts.map(|part| part.indicator.as_str()));
            }
        }
        let all = self.indicators.iter().filter(|one| codes.contains(one.code.as_str()));
        let indicators: Vec<Definition> = all.cloned().collect();
        let slots = indicators.iter().enumerate().map(|(slot, one)| (one.code.clone(), slot));
        let slots = slots.collect();
        let mut only = Self { edition: self.edition.clone(), sums: Vec::new(), indicators, slots };
        let names = only.outside_names();
        let sums = self.sums.iter().filter(|sum| names.contains(sum.name.as_str()));
        only.sums = sums.cloned().collect();
        only
    }

    /// The same for a window with targets: what is measured against targets counts points of those tasks
    /// alone for which the window has one, so that work that nobody planned makes up for none that was.
    #[must_use]
    pub fn measured_by<'t>(
        mut self,
        targets: impl Iterator<Item = &'t Target> + Clone,
        window: Window,
    ) -> Self {
        for one in &mut self.indicators {
            if !one.is_completion() || !one.population.tasks.is_empty() {
                continue;
            }
            let of_window = targets.clone().filter(|target| {
                target.indicator == one.code && window.covers(target.period.window())
            });
            let tasks: BTreeSet<&str> = of_window.map(|target| target.task.as_str()).collect();
            one.population.tasks = tasks.into_iter().map(str::to_owned).collect();
        }
        self
    }

    /// The names of the sums over records that indicators ask for.
    pub fn outside_names(&self) -> BTreeSet<&str> {
        let terms = self.indicators.iter().flat_map(|definition| definition.formula.terms());
        terms
            .filter_map(|term| match &term.measure {
                Measure::Outside(name) => Some(name.as_str()),
                _ => None,
            })
            .collect()
    }
}

pub(super) struct Check {
    indicator: String,
    /// The names of all sums over records.
    sums: BTreeSet<String>,
    faults: Vec<DefinitionFault>,
}

impl Check {
    pub(super) fn fault(&mut self, key: &'static str, value: &str, reason: &str) {
        self.faults.push(DefinitionFault {
            indicator: self.indicator.clone(),
            key,
            value: value.chars().take(40).collect(),
            reason: reason.to_owned(),
        });
    }

    pub(super) fn text(&mut self, key: &'static str, text: &str) {
        if text.trim().is_empty() || text.len() > MAX_TEXT || text.contains(char::is_control) {
            self.fault(key, text, &format!("must be a line of 1 to {MAX_TEXT} bytes"));
        }
    }

    pub(super) fn number(
        &mut self,
        key: &'static str,
        n: usize,
        allowed: std::ops::RangeInclusive<usize>,
    ) {
        if !allowed.contains(&n) {
            let (least, most) = (allowed.start(), allowed.end());
            self.fault(key, &n.to_string(), &format!("of them; {least} to {most} are possible"));
        }
    }

    fn definition(&mut self, definition: &Definition, rates: &BTreeSet<&str>) {
        let code = &definition.code;
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let begins = code.starts_with(|first: char| first.is_ascii_lowercase());
        if !begins || code.len() > 64 || !code.bytes().all(is_name) {
            self.fault("code", code, "must be small letters, digits and _, at most 64");
        }
        if RESERVED.contains(&code.as_str()) {
            self.fault("code", code, "has another meaning in templates; give another name");
        }
        self.text("name", &definition.name);
        self.text("source", &definition.source);
        self.text("unit_of_measure", &definition.unit_of_measure);
        if definition.ratio().is_none() {
            let known = Factor::known();
            let reason = format!("needs a factor beside it; known without one are {known}");
            self.fault("unit_of_measure", &definition.unit_of_measure, &reason);
        }
        if definition.decimals > MAX_DECIMALS {
            let reason = format!("is too many; give 0 to {MAX_DECIMALS}");
            self.fault("decimals", &definition.decimals.to_string(), &reason);
        }
        self.number("population.tasks", definition.population.tasks.len(), 0..=MAX_PARTS);
        for task in &definition.population.tasks {
            self.text("population.tasks", task);
        }
        self.formula(definition, rates);
    }

    fn formula(&mut self, definition: &Definition, rates: &BTreeSet<&str>) {
        match &definition.formula {
            Formula::Sum { terms } => {
                self.terms("formula.sum.terms", terms);
                self.no_target("formula.sum.terms", terms);
            }
            Formula::Rate { numerator, denominator } => {
                self.terms("formula.rate.numerator", numerator);
                self.no_target("formula.rate.numerator", numerator);
                self.terms("formula.rate.denominator", denominator);
                if denominator.len() > 1 {
                    self.no_target("formula.rate.denominator", denominator);
                }
            }
            Formula::MedianDays { conditions } => {
                self.conditions("formula.median_days.where", conditions);
            }
            Formula::Score { years } => return self.score(years, rates),
        }
        let of_window = definition.formula.terms().any(|term| {
            term.measure.is_of_window() || term.conditions.iter().any(Condition::is_of_window)
        }) || matches!(&definition.formula, Formula::MedianDays { conditions }
            if conditions.iter().any(Condition::is_of_window));
        // Stock and flow of a sum over records are its own conditions' business.
        let of_points =
            definition.formula.terms().all(|term| !matches!(term.measure, Measure::Outside(_)));
        match definition.extent {
            Extent::Stock if of_window => {
                self.fault("extent", "stock", "does not fit: the formula asks for the window");
            }
            Extent::Flow if !of_window && of_points => {
                let reason = "does not fit: nothing in the formula asks for the window";
                self.fault("extent", "flow", reason);
            }
            Extent::Stock | Extent::Flow => {}
        }
    }

    fn terms(&mut self, key: &'static str, terms: &[Term]) {
        self.number(key, terms.len(), 1..=MAX_PARTS);
        for term in terms {
            if term.times == 0 || term.times.unsigned_abs() > MAX_TIMES {
                let reason = format!("times; give 1 to {MAX_TIMES} or -1 to -{MAX_TIMES}");
                self.fault(key, &term.times.to_string(), &reason);
            }
            if let Measure::Outside(name) = &term.measure {
                self.text(key, name);
                if !self.sums.contains(name) {
                    let known: Vec<&str> = self.sums.iter().map(String::as_str).collect();
                    let reason = format!("is no sum of [[sums]]; there are {}", known.join(" "));
                    self.fault(key, name, &reason);
                }
            }
            if !term.measure.is_of_points() && !term.conditions.is_empty() {
                let reason = "is a sum that no point can be asked of: leave out where";
                self.fault(key, &term.measure.to_string(), reason);
            }
            self.conditions(key, &term.conditions);
        }
    }

    fn no_target(&mut self, key: &'static str, terms: &[Term]) {
        if terms.iter().any(|term| term.measure == Measure::Target) {
            let reason = "can only stand alone in the denominator of a rate";
            self.fault(key, "target", reason);
        }
    }

    fn conditions(&mut self, key: &'static str, conditions: &[Condition]) {
        self.number(key, conditions.len(), 0..=MAX_PARTS);
        for condition in conditions {
            match condition {
                Condition::ReboundsInWindow(0) => {
                    self.fault(key, "rebounds_in_window = 0", "holds always; give 1 or more");
                }
                Condition::InStates(states) if states.0.is_empty() => {
                    self.fault(key, "in_states = []", "holds never; name a state");
                }
                _ => {}
            }
        }
    }

    fn score(&mut self, years: &[YearWeights], rates: &BTreeSet<&str>) {
        const KEY: &str = "formula.score.years";
        self.number(KEY, years.len(), 1..=MAX_PARTS);
        let mut seen = BTreeSet::new();
        for year in years {
            if !seen.insert(year.year) {
                self.fault(KEY, &year.year.to_string(), "stands there twice; leave one out");
            }
            self.number("formula.score.years.weights", year.weights.len(), 1..=MAX_PARTS);
            let mut weighed = BTreeSet::new();
            for weight in &year.weights {
                let code = weight.indicator.as_str();
                if !rates.contains(code) {
                    let known = rates.iter().copied().collect::<Vec<_>>().join(" ");
                    let reason = format!("is no rate of this edition; there are {known}");
                    self.fault("formula.score.years.weights.indicator", code, &reason);
                }
                if !weighed.insert(code) {
                    let reason = "stands there twice in a year; leave one out";
                    self.fault("formula.score.years.weights.indicator", code, reason);
                }
                if weight.weight == 0 || weight.weight.unsigned_abs() > MAX_WEIGHT {
                    let reason = format!("is no weight; give 1 to {MAX_WEIGHT}, or less than 0");
                    let value = weight.weight.to_string();
                    self.fault("formula.score.years.weights.weight", &value, &reason);
                }
            }
        }
    }
}
