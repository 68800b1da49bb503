//! Evaluates indicators over the facts of points, for a unit and every unit below it.
//!
//! Each point counts once, at the unit that it names. A unit's figures are those of its own points
//! and of its parts, so that parts and the row 未落界 add up to the whole exactly. The facts are
//! those of one moment; nothing else that changes is asked.

use std::collections::BTreeMap;

use spatial::Timestamp;

use super::counts::columns;
use super::value::RowSums;
use super::{
    Counting, Counts, Definition, Definitions, FigureRow, Figures, Measure, Place, PointFacts,
    Targets, UnitTree, Window,
};

/// When is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    /// The moment of the facts; what is due before it is overdue.
    pub at: Timestamp,
    /// The window of flows.
    pub window: Window,
}

/// Sums over records beside the points: by name, then by the code of the unit, in hundredths of what is
/// counted. A unit that is missing has 0; a code that is no unit is 未落界.
pub type OutsideSums = BTreeMap<String, BTreeMap<String, i64>>;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Which indicators.
    pub definitions: &'a Definitions,
    /// The units.
    pub units: &'a UnitTree,
    /// The slot of the unit that is the whole of the answer.
    pub root: usize,
    /// Only points and targets of this task.
    pub task: Option<&'a str>,
    /// When.
    pub moment: Moment,
    /// What is to be reached.
    pub targets: &'a Targets,
    /// Sums that points do not have.
    pub outside: &'a OutsideSums,
    /// Whether what is of a unit that there is not counts as 未落界 of the whole: where the units of a part are
    /// all that there are, it may be of another part.
    pub takes_strays: bool,
}

impl<'a> Question<'a> {
    /// What is to be counted for it.
    pub fn counting(&self) -> Counting<'a> {
        let Self { definitions, task, moment, .. } = *self;
        Counting { definitions, task, moment }
    }

    /// Whether targets of a task are asked about for a definition.
    pub(super) fn asks_for(&self, task: &str, definition: &Definition) -> bool {
        let tasks = &definition.population.tasks;
        self.task.is_none_or(|asked| asked == task)
            && (tasks.is_empty() || tasks.iter().any(|one| one == task))
    }
}

/// Evaluates all definitions over the facts of points.
pub fn evaluate<'a>(
    question: &Question<'_>,
    facts: impl IntoIterator<Item = &'a PointFacts>,
) -> Figures {
    figures_of(question, &Counts::of(&question.counting(), facts))
}

/// The same, of what was counted for the question. Points of units that are not at or below the root do
/// not count; those of no unit, or of one that is not known, count where the root is the whole tree.
pub fn figures_of(question: &Question<'_>, counts: &Counts) -> Figures {
    let mut sums = Sums::new(question);
    sums.add(counts);
    sums.add_outside();
    sums.figures()
}

/// What the terms of all definitions come to, unit by unit.
struct Sums<'a> {
    question: &'a Question<'a>,
    /// The units of the answer, each after the one that it is a part of; the root first.
    order: Vec<usize>,
    /// The place in `order` of each unit's slot.
    places: Vec<Option<usize>>,
    /// The first column of each definition.
    columns: Vec<usize>,
    width: usize,
    /// Sums of what counts at a unit itself: `width` a unit.
    own: Vec<i128>,
    /// Milliseconds until closing, of each unit itself and each definition of a median.
    own_ms: BTreeMap<(usize, usize), Vec<i64>>,
}

impl<'a> Sums<'a> {
    fn new(question: &'a Question<'a>) -> Self {
        let order = question.units.below(question.root);
        let mut places = vec![None; question.units.len()];
        for (place, slot) in order.iter().enumerate() {
            places[*slot] = Some(place);
        }
        let (columns, width) = columns(question.definitions);
        let own = vec![0; width * order.len()];
        Self { question, order, places, columns, width, own, own_ms: BTreeMap::new() }
    }

    /// Where in `order` something of a unit counts.
    fn place(&self, unit: Option<&str>) -> Option<usize> {
        match unit.and_then(|code| self.question.units.counts_at(code)) {
            Some(slot) => self.places[slot],
            None => {
                let is_whole = self.question.root == self.question.units.root();
                (is_whole && self.question.takes_strays).then_some(0)
            }
        }
    }

    fn add(&mut self, counts: &Counts) {
        for (unit, counts) in counts.units() {
            let Some(place) = self.place(unit) else { continue };
            let own = &mut self.own[place * self.width..][..self.width];
            for (sum, of_unit) in own.iter_mut().zip(&counts.sums) {
                *sum += of_unit;
            }
            for ((slot, ms), count) in &counts.ms {
                let all = self.own_ms.entry((place, *slot)).or_default();
                all.extend(std::iter::repeat_n(*ms, *count as usize));
            }
        }
    }

    fn add_outside(&mut self) {
        for (slot, definition) in self.question.definitions.all().iter().enumerate() {
            for (column, term) in (self.columns[slot]..).zip(definition.formula.terms()) {
                let Measure::Outside(name) = &term.measure else {
                    continue;
                };
                for (unit, sum) in self.question.outside.get(name).into_iter().flatten() {
                    if let Some(place) = self.place(Some(unit)) {
                        self.own[place * self.width + column] +=
                            i128::from(*sum) * i128::from(term.times);
                    }
                }
            }
        }
    }

    fn figures(mut self) -> Figures {
        let units = self.question.units;
        // Totals, from the last part to the root.
        let mut totals = self.own.clone();
        let mut total_ms = self.own_ms.clone();
        for place in (1..self.order.len()).rev() {
            let above = units.parent(self.order[place]).and_then(|slot| self.places[slot]);
            let Some(above) = above else {
                continue;
            };
            for column in 0..self.width {
                totals[above * self.width + column] += totals[place * self.width + column];
            }
            for slot in 0..self.columns.len() {
                if let Some(part) = total_ms.get(&(place, slot)).cloned() {
                    total_ms.entry((above, slot)).or_default().extend(part);
                }
            }
        }
        for ms in self.own_ms.values_mut().chain(total_ms.values_mut()) {
            ms.sort_unstable();
        }
        let planned = self.planned();
        let mut rows = Vec::new();
        let mut waiting = vec![(0, 0, Kind::Whole)];
        while let Some((place, depth, kind)) = waiting.pop() {
            let slot = self.order[place];
            let parts = units.children(slot);
            let (sums, ms) = match kind {
                Kind::Whole => (&totals, &total_ms),
                Kind::Rest => (&self.own, &self.own_ms),
            };
            let row = RowSums {
                sums: &sums[place * self.width..][..self.width],
                columns: &self.columns,
                ms: &|definition| ms.get(&(place, definition)).map(Vec::as_slice),
                planned: &|definition| match kind {
                    Kind::Whole => planned[definition].as_ref()?[slot],
                    Kind::Rest => {
                        let of = planned[definition].as_ref()?;
                        let of_parts: i128 = parts.iter().filter_map(|part| of[*part]).sum();
                        of[slot].map(|whole| whole - of_parts)
                    }
                },
            };
            let unit = units.unit(slot);
            let place_of_row = match kind {
                Kind::Whole => Place::Unit { code: unit.code.clone(), name: unit.name.clone() },
                Kind::Rest => Place::Unplaced { within: unit.code.clone() },
            };
            rows.push(FigureRow {
                place: place_of_row,
                depth,
                figures: row.figures(self.question),
            });
            if kind == Kind::Whole && !parts.is_empty() {
                waiting.push((place, depth + 1, Kind::Rest));
                let places = parts.iter().rev().filter_map(|part| self.places[*part]);
                waiting.extend(places.map(|place| (place, depth + 1, Kind::Whole)));
            }
        }
        Figures { moment: self.question.moment, rows }
    }

    /// What is planned for each definition that is measured against targets, by slot of the unit.
    fn planned(&self) -> Vec<Option<Vec<Option<i128>>>> {
        let Question { definitions, units, moment, targets, .. } = *self.question;
        let of = |(slot, definition): (usize, &Definition)| {
            let is_asked = |task: &str| self.question.asks_for(task, definition);
            let planned = || targets.planned(units, slot, moment.window, is_asked);
            definition.is_completion().then(planned)
        };
        definitions.all().iter().enumerate().map(of).collect()
    }
}

/// Whether a row is that of a unit, or of what lies in none of its parts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Whole,
    Rest,
}
