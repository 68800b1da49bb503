//! Expressions that are true, false or unknown of a feature: SQL's three-valued logic.

use std::cmp::Ordering;

use rustc_hash::FxHashSet;

use super::array::{Element, related};
use super::like::Pattern;
use super::place::Place;
use super::scalar::{Cell, Dependence, Row, Scalar};
use super::spatial_test::SpatialTest;
use super::temporal::{Span, holds};
use super::{ArrayRelation, Comparison, Number, TemporalRelation};

/// A test; `None` is unknown, which is what a missing value makes of a comparison.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Constant(Option<bool>),
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    /// A truth value itself.
    Flag(Scalar),
    IsNull(Scalar),
    /// The feature has no geometry.
    Placeless,
    Compare(Comparison, [Scalar; 2]),
    Like(Scalar, Pattern),
    Between([Scalar; 3]),
    In(Scalar, Choices),
    Spatial(SpatialTest),
    Temporal(TemporalRelation, [Span; 2]),
    Array(ArrayRelation, [Vec<Element>; 2]),
    /// A test that looks at one column and nothing else, so that its verdict goes by the value.
    OfColumn {
        column: usize,
        /// Position of its verdicts in [`Verdicts`].
        table: usize,
        test: Box<Self>,
    },
}

/// What `IN` looks among.
#[derive(Clone, Debug)]
pub(super) enum Choices {
    Texts(FxHashSet<Box<str>>),
    /// In order.
    Numbers(Vec<Number>),
    Any(Vec<Scalar>),
}

impl Choices {
    pub(super) fn new(list: Vec<Scalar>) -> Self {
        let texts: Option<FxHashSet<Box<str>>> = list
            .iter()
            .map(|one| match one {
                Scalar::Constant(Cell::Text(text)) => Some(text.as_ref().into()),
                _ => None,
            })
            .collect();
        if let Some(texts) = texts {
            return Self::Texts(texts);
        }
        let numbers: Option<Vec<Number>> = list
            .iter()
            .map(|one| match one {
                Scalar::Constant(Cell::Number(number)) => Some(*number),
                _ => None,
            })
            .collect();
        match numbers {
            Some(mut numbers) => {
                numbers.sort_unstable_by(|a, b| a.compare(*b));
                Self::Numbers(numbers)
            }
            None => Self::Any(list),
        }
    }

    fn hold(&self, value: &Cell<'_>, row: Row<'_>) -> Option<bool> {
        match (self, value) {
            (_, Cell::Null) => None,
            (Self::Texts(texts), Cell::Text(text)) => Some(texts.contains(text.as_ref())),
            (Self::Numbers(numbers), Cell::Number(number)) => {
                Some(numbers.binary_search_by(|one| one.compare(*number)).is_ok())
            }
            (Self::Any(list), value) => any(list
                .iter()
                .map(|one| one.value(row).compare(value).map(|order| order == Ordering::Equal))),
            _ => None,
        }
    }
}

/// Verdicts of tests of one column by the code of the value, for one shard.
#[derive(Debug, Default)]
pub(super) struct Verdicts(Vec<Vec<Verdict>>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    NotYet,
    Is(Option<bool>),
}

impl Verdicts {
    /// No memory of verdicts.
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    /// Room for so many tests.
    pub(super) fn of(tables: usize) -> Self {
        Self(vec![Vec::new(); tables])
    }
}

impl Test {
    /// What the test says of `row`.
    pub(super) fn truth(&self, row: Row<'_>, verdicts: &mut Verdicts) -> Option<bool> {
        match self {
            Self::Constant(truth) => *truth,
            Self::And(tests) => {
                let mut truth = Some(true);
                for test in tests {
                    match test.truth(row, verdicts) {
                        Some(false) => return Some(false),
                        None => truth = None,
                        Some(true) => {}
                    }
                }
                truth
            }
            Self::Or(tests) => any(tests.iter().map(|test| test.truth(row, verdicts))),
            Self::Not(test) => test.truth(row, verdicts).map(|truth| !truth),
            Self::Flag(scalar) => match scalar.value(row) {
                Cell::Bool(value) => Some(value),
                _ => None,
            },
            Self::IsNull(scalar) => Some(matches!(scalar.value(row), Cell::Null)),
            Self::Placeless => match row {
                Row::Feature(feature) => Some(feature.geometry_type().is_none()),
                Row::None | Row::Value(_) => None,
            },
            Self::Compare(op, [left, right]) => {
                let order = left.value(row).compare(&right.value(row))?;
                Some(meets(*op, order))
            }
            Self::Like(scalar, pattern) => match scalar.value(row) {
                Cell::Text(text) => Some(pattern.matches(&text)),
                _ => None,
            },
            Self::Between([value, low, high]) => {
                let value = value.value(row);
                let above = low.value(row).compare(&value).map(|order| order != Ordering::Greater);
                let below = high.value(row).compare(&value).map(|order| order != Ordering::Less);
                match (above, below) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                }
            }
            Self::In(scalar, choices) => choices.hold(&scalar.value(row), row),
            Self::Spatial(test) => match row {
                Row::Feature(feature) => test.truth(feature),
                Row::None | Row::Value(_) => None,
            },
            Self::Temporal(relation, [left, right]) => {
                Some(holds(*relation, left.edges(row)?, right.edges(row)?))
            }
            Self::Array(relation, [left, right]) => related(*relation, left, right, row),
            Self::OfColumn { column, table, test } => {
                of_column(*column, *table, test, row, verdicts)
            }
        }
    }

    /// Where that lies of which the test is true.
    pub(super) fn place(&self) -> Place {
        match self {
            Self::Constant(Some(false) | None) => Place::NOWHERE,
            Self::And(tests) => tests.iter().map(Self::place).fold(Place::default(), Place::and),
            Self::Or(tests) => {
                tests.iter().map(Self::place).reduce(Place::or).unwrap_or(Place::NOWHERE)
            }
            Self::Spatial(test) => test.place(),
            _ => Place::default(),
        }
    }

    /// Tells `note` of every column, and of the geometry.
    pub(super) fn columns(&self, note: &mut dyn FnMut(Dependence)) {
        match self {
            Self::Constant(_) => {}
            Self::And(tests) | Self::Or(tests) => tests.iter().for_each(|test| test.columns(note)),
            Self::Not(test) | Self::OfColumn { test, .. } => test.columns(note),
            Self::Flag(scalar) | Self::IsNull(scalar) | Self::Like(scalar, _) => {
                scalar.columns(note);
            }
            Self::Placeless | Self::Spatial(_) => note(Dependence::Geometry),
            Self::Compare(_, operands) => operands.iter().for_each(|one| one.columns(note)),
            Self::Between(operands) => operands.iter().for_each(|one| one.columns(note)),
            Self::In(scalar, choices) => {
                scalar.columns(note);
                if let Choices::Any(list) = choices {
                    list.iter().for_each(|one| one.columns(note));
                }
            }
            Self::Temporal(_, spans) => spans.iter().for_each(|span| span.columns(note)),
            Self::Array(_, lists) => {
                lists.iter().flatten().for_each(|element| element.columns(note));
            }
        }
    }

    /// The same test, worked out now when nothing of the feature has a part in it, and marked
    /// where one column alone has; `tables` counts the marks.
    pub(super) fn settled(self, tables: &mut usize) -> Self {
        match self {
            Self::And(tests) => {
                return Self::And(tests.into_iter().map(|test| test.settled(tables)).collect())
                    .simplified();
            }
            Self::Or(tests) => {
                return Self::Or(tests.into_iter().map(|test| test.settled(tables)).collect())
                    .simplified();
            }
            Self::Not(test) => return Self::Not(Box::new(test.settled(tables))).simplified(),
            _ => {}
        }
        let (mut first, mut alone) = (None, true);
        self.columns(&mut |seen| match first {
            None => first = Some(seen),
            Some(before) => alone &= before == seen,
        });
        match first {
            None => Self::Constant(self.truth(Row::None, &mut Verdicts::none())),
            Some(Dependence::Column(column)) if alone => {
                *tables += 1;
                Self::OfColumn { column, table: *tables - 1, test: Box::new(self) }
            }
            Some(_) => self,
        }
    }

    /// Without the parts that say nothing.
    fn simplified(self) -> Self {
        match self {
            Self::And(mut tests) => {
                tests.retain(|test| !matches!(test, Self::Constant(Some(true))));
                let never = |test: &Self| matches!(test, Self::Constant(Some(false)));
                match tests.len() {
                    0 => Self::Constant(Some(true)),
                    1 => tests.remove(0),
                    _ if tests.iter().any(never) => Self::Constant(Some(false)),
                    _ => Self::And(tests),
                }
            }
            Self::Or(mut tests) => {
                tests.retain(|test| !matches!(test, Self::Constant(Some(false))));
                let always = |test: &Self| matches!(test, Self::Constant(Some(true)));
                match tests.len() {
                    0 => Self::Constant(Some(false)),
                    1 => tests.remove(0),
                    _ if tests.iter().any(always) => Self::Constant(Some(true)),
                    _ => Self::Or(tests),
                }
            }
            Self::Not(test) => match *test {
                Self::Constant(truth) => Self::Constant(truth.map(|truth| !truth)),
                other => Self::Not(Box::new(other)),
            },
            other => other,
        }
    }
}

fn of_column(
    column: usize,
    table: usize,
    test: &Test,
    row: Row<'_>,
    verdicts: &mut Verdicts,
) -> Option<bool> {
    let (Row::Feature(feature), Some(known)) = (row, verdicts.0.get_mut(table)) else {
        return test.truth(row, verdicts);
    };
    let values = &feature.shard.body.columns[column];
    if known.is_empty() {
        // One more for null.
        known.resize(values.distinct() + 1, Verdict::NotYet);
    }
    let code = values.code(feature.slot);
    let place = code.map_or(values.distinct(), usize::from);
    match known[place] {
        Verdict::Is(truth) => truth,
        Verdict::NotYet => {
            let value = Row::Value(values.value(feature.slot));
            let truth = test.truth(value, &mut Verdicts::none());
            known[place] = Verdict::Is(truth);
            truth
        }
    }
}

/// Whether one at least is true.
fn any(truths: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut truth = Some(false);
    for one in truths {
        match one {
            Some(true) => return Some(true),
            None => truth = None,
            Some(false) => {}
        }
    }
    truth
}

fn meets(op: Comparison, order: Ordering) -> bool {
    match op {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::NotEqual => order != Ordering::Equal,
        Comparison::Less => order == Ordering::Less,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
    }
}
