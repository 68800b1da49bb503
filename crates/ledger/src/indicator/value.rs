//! The figures of one row, from the sums of its points.

use super::evaluate::Question;
use super::{Better, Definition, Exact, Figure, Formula, Measure, NoValue, Ratio, Term};

const DAY_MS: i128 = 86_400_000;

/// What the figures of one row are made of.
pub(super) struct RowSums<'a> {
    /// What each term comes to.
    pub(super) sums: &'a [i128],
    /// The first of each definition's terms.
    pub(super) columns: &'a [usize],
    /// A definition's times until closing, in milliseconds, sorted.
    pub(super) ms: &'a dyn Fn(usize) -> Option<&'a [i64]>,
    /// What is planned for a definition.
    pub(super) planned: &'a dyn Fn(usize) -> Option<i128>,
}

impl RowSums<'_> {
    /// One figure for each definition.
    pub(super) fn figures(&self, question: &Question<'_>) -> Vec<Figure> {
        let definitions = question.definitions;
        let simple =
            |(slot, definition): (usize, &Definition)| self.figure(slot, definition, question);
        let mut figures: Vec<Figure> = definitions.all().iter().enumerate().map(simple).collect();
        for (slot, definition) in definitions.all().iter().enumerate() {
            if matches!(definition.formula, Formula::Score { .. }) {
                figures[slot].value = score(question, definition, &figures);
            }
        }
        figures
    }

    fn figure(&self, slot: usize, definition: &Definition, question: &Question<'_>) -> Figure {
        let mut columns = self.sums[self.columns[slot]..].iter();
        let mut sum = |terms: &[Term]| -> i128 { columns.by_ref().take(terms.len()).sum() };
        let shown = |ratio: Option<Ratio>| {
            let factor = definition.ratio().and_then(Ratio::inverse);
            let value = ratio.zip(factor).and_then(|(ratio, factor)| ratio.times(factor));
            value.map(Exact::from).ok_or(NoValue::TooLarge)
        };
        let (numerator, denominator, value) = match &definition.formula {
            Formula::Sum { terms } => {
                let sum = sum(terms);
                (Some(sum), None, shown(Ratio::new(sum, 100)))
            }
            Formula::Rate { numerator, denominator } => {
                let above = sum(numerator);
                let below = match definition.is_completion() {
                    true => (self.planned)(slot),
                    false => Some(sum(denominator)),
                };
                let value = match below {
                    None => Err(NoValue::NoTarget),
                    Some(0) => Err(NoValue::ZeroDenominator),
                    Some(below) => shown(Ratio::new(above * below.signum(), below.abs())),
                };
                (Some(above), below, value)
            }
            Formula::MedianDays { .. } => {
                let median = (self.ms)(slot).and_then(median_twice);
                let value = median.map(|twice| shown(Ratio::new(twice, 2 * DAY_MS)));
                (None, None, value.unwrap_or(Err(NoValue::NoPoints)))
            }
            // Made of the other figures, once they are there.
            Formula::Score { .. } => (None, None, Err(NoValue::NoPoints)),
        };
        let is_missing = |term: &&Term| match &term.measure {
            Measure::Outside(name) => !question.outside.contains_key(name),
            _ => false,
        };
        match definition.formula.terms().find(is_missing).map(|term| &term.measure) {
            Some(Measure::Outside(name)) => {
                let value = Err(NoValue::NotGiven { name: name.clone() });
                Figure { numerator: None, denominator: None, value }
            }
            _ => Figure { numerator, denominator, value },
        }
    }
}

/// Σ weight × rate, of the figures of a row.
fn score(
    question: &Question<'_>,
    definition: &Definition,
    figures: &[Figure],
) -> Result<Exact, NoValue> {
    let Formula::Score { years } = &definition.formula else {
        return Err(NoValue::NoPoints);
    };
    let definitions = question.definitions;
    let year = question.moment.window.year();
    let weights = years.iter().find(|weights| weights.year == year);
    let weights = weights.ok_or(NoValue::NoWeights { year })?;
    let mut parts = Vec::new();
    for weight in &weights.weights {
        let missing = || NoValue::Part { indicator: weight.indicator.clone() };
        let (slot, part) = definitions.named(&weight.indicator).ok_or_else(missing)?;
        let figure = &figures[slot];
        if figure.value.is_err() {
            return Err(missing());
        }
        let (above, below) = figure.numerator.zip(figure.denominator).ok_or_else(missing)?;
        let rate = Ratio::new(above * below.signum(), below.abs()).ok_or(NoValue::TooLarge)?;
        let whole = match part.better {
            Better::More => 0,
            Better::Less => i64::from(weight.weight),
        };
        let times = match part.better {
            Better::More => i64::from(weight.weight),
            Better::Less => -i64::from(weight.weight),
        };
        parts.push(Ratio::whole(whole));
        parts.push(rate.times(Ratio::whole(times)).ok_or(NoValue::TooLarge)?);
    }
    let factor = definition.ratio().and_then(Ratio::inverse).ok_or(NoValue::TooLarge)?;
    let scaled: Option<Exact> = parts.into_iter().map(|part| part.times(factor)).collect();
    scaled.ok_or(NoValue::TooLarge)
}

/// Twice the median of sorted numbers.
fn median_twice(sorted: &[i64]) -> Option<i128> {
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get((sorted.len().checked_sub(1)?) / 2)?;
    Some(i128::from(*lower) + i128::from(*upper))
}
