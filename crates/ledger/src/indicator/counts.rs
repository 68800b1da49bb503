//! What points come to, unit by unit, before anything is added up over units: sums that are taken again
//! where some of the points have changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use spatial::Timestamp;

use super::select::{Asked, ms_to_close};
use super::{Condition, Definitions, Formula, Moment, PointFacts, Term};

/// What is counted of points, whichever the units are that it is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counting<'a> {
    /// For which indicators.
    pub definitions: &'a Definitions,
    /// Only points of this task.
    pub task: Option<&'a str>,
    /// When.
    pub moment: Moment,
}

/// What some points come to. Counts of other points can be added to them, and taken away again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// By the code of the unit at which points count; of those alone that come to something.
    units: BTreeMap<Option<Arc<str>>, UnitCounts>,
    /// The moments at which the same points come to the same, the second of them no more.
    holds: [Timestamp; 2],
}

/// What the points of one unit come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct UnitCounts {
    /// Of each term of each definition.
    pub(super) sums: Vec<i128>,
    /// Milliseconds until closing, with the definition of a median that asks for them and how often.
    pub(super) ms: BTreeMap<(usize, i64), u64>,
}

impl Counts {
    /// Those of no points.
    pub fn none() -> Self {
        let holds = [Timestamp(i64::MIN), Timestamp(i64::MAX)];
        Self { units: BTreeMap::new(), holds }
    }

    /// Those of some points.
    pub fn of<'f>(
        counting: &Counting<'_>,
        facts: impl IntoIterator<Item = &'f PointFacts>,
    ) -> Self {
        let mut counter = Counter::new(counting);
        facts.into_iter().for_each(|facts| counter.add(facts));
        counter.finish()
    }

    /// Whether the same is counted at another moment of the same window.
    pub fn hold_at(&self, at: Timestamp) -> bool {
        self.holds[0] <= at && at < self.holds[1]
    }

    /// Adds what other points come to.
    pub fn add(&mut self, others: &Self) {
        self.change(others, 1);
        self.holds = [self.holds[0].max(others.holds[0]), self.holds[1].min(others.holds[1])];
    }

    /// Takes away what was added.
    pub fn take(&mut self, others: &Self) {
        self.change(others, -1);
    }

    fn change(&mut self, others: &Self, times: i128) {
        for (unit, new) in &others.units {
            let known = self.units.entry(unit.clone()).or_default();
            known.sums.resize(new.sums.len(), 0);
            for (sum, new) in known.sums.iter_mut().zip(&new.sums) {
                *sum += times * new;
            }
            for (ms, count) in &new.ms {
                let all = known.ms.entry(*ms).or_default();
                *all = if times > 0 { *all + count } else { all.saturating_sub(*count) };
            }
            known.ms.retain(|_, count| *count > 0);
            if known.ms.is_empty() && known.sums.iter().all(|sum| *sum == 0) {
                self.units.remove(unit);
            }
        }
    }

    pub(super) fn units(&self) -> impl Iterator<Item = (Option<&str>, &UnitCounts)> {
        self.units.iter().map(|(unit, counts)| (unit.as_deref(), counts))
    }
}

/// Counts point by point.
struct Counter<'a> {
    counting: &'a Counting<'a>,
    asked: Asked,
    /// The first column of each definition.
    columns: Vec<usize>,
    width: usize,
    /// How many days before a deadline something changes, besides at it.
    warned_days: Vec<u32>,
    is_timed: bool,
    units: Vec<(Option<Arc<str>>, UnitCounts)>,
    /// Where in `units` a code stands, by where its text lies: most points share it.
    known: BTreeMap<*const u8, usize>,
    holds: [Timestamp; 2],
}

/// The first column of each definition, and how many columns there are.
pub(super) fn columns(definitions: &Definitions) -> (Vec<usize>, usize) {
    let mut width = 0;
    let columns = definitions.all().iter().map(|definition| {
        let first = width;
        width += definition.formula.terms().count();
        first
    });
    (columns.collect(), width)
}

impl<'a> Counter<'a> {
    fn new(counting: &'a Counting<'a>) -> Self {
        let all = || counting.definitions.all().iter();
        let of_terms =
            all().flat_map(|one| one.formula.terms()).flat_map(|term: &Term| &term.conditions);
        let of_medians = all().filter_map(|one| match &one.formula {
            Formula::MedianDays { conditions } => Some(conditions),
            _ => None,
        });
        let (mut is_timed, mut warned_days) = (false, Vec::new());
        for condition in of_terms.chain(of_medians.flatten()) {
            is_timed |= matches!(condition, Condition::Overdue | Condition::DueWithinDays(_));
            if let Condition::DueWithinDays(days) = condition
                && !warned_days.contains(days)
            {
                warned_days.push(*days);
            }
        }
        let (columns, width) = columns(counting.definitions);
        Self {
            counting,
            asked: counting.moment.into(),
            columns,
            width,
            warned_days,
            is_timed,
            units: Vec::new(),
            known: BTreeMap::new(),
            holds: Counts::none().holds,
        }
    }

    fn add(&mut self, facts: &PointFacts) {
        let (Counting { definitions, task, .. }, asked) = (*self.counting, self.asked);
        if task.is_some_and(|task| facts.task.as_deref() != Some(task)) {
            return;
        }
        self.bound(facts);
        let unit = self.unit(facts.unit.as_ref());
        let own = &mut self.units[unit].1;
        for (slot, definition) in definitions.all().iter().enumerate() {
            if !definition.population.holds(facts, asked) {
                continue;
            }
            for (term, sum) in definition.formula.terms().zip(&mut own.sums[self.columns[slot]..]) {
                if term.conditions.iter().all(|condition| condition.holds(facts, asked)) {
                    *sum += term.measure.of(facts, asked) * i128::from(term.times);
                }
            }
            if let Formula::MedianDays { conditions } = &definition.formula
                && conditions.iter().all(|condition| condition.holds(facts, asked))
                && let Some(ms) = ms_to_close(facts)
            {
                *own.ms.entry((slot, ms)).or_default() += 1;
            }
        }
    }

    fn unit(&mut self, code: Option<&Arc<str>>) -> usize {
        let at = code.map_or(std::ptr::null(), |code| code.as_ptr());
        *self.known.entry(at).or_insert_with(|| {
            let counts = UnitCounts { sums: vec![0; self.width], ms: BTreeMap::new() };
            self.units.push((code.cloned(), counts));
            self.units.len() - 1
        })
    }

    /// Narrows the time in which a point counts as it does now: it is overdue from the moment after its
    /// deadline on, and due within days from so long before it.
    fn bound(&mut self, facts: &PointFacts) {
        const DAY_MS: i64 = 86_400_000;
        let Some(deadline) = facts.deadline.filter(|_| self.is_timed && facts.state.is_open())
        else {
            return;
        };
        let at = self.counting.moment.at;
        let [since, until] = &mut self.holds;
        let mut change = |moment: i64| {
            let moment = Timestamp(moment);
            match moment <= at {
                true => *since = moment.max(*since),
                false => *until = moment.min(*until),
            }
        };
        change(deadline.0.saturating_add(1));
        for days in &self.warned_days {
            change(deadline.0.saturating_sub(i64::from(*days) * DAY_MS));
        }
    }

    fn finish(self) -> Counts {
        let mut counts = Counts { units: BTreeMap::new(), holds: self.holds };
        for (unit, own) in self.units {
            let own = Counts { units: BTreeMap::from([(unit, own)]), ..Counts::none() };
            counts.change(&own, 1);
        }
        counts
    }
}
