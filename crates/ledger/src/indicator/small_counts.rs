//! Figures for everyone: what so few points or records lie behind that it tells of one of them is not
//! told, and neither is what would give it away by a subtraction.

use super::{Definition, Figure, FigureRow, Figures, NoValue};

impl Figures {
    /// Takes away every count from 1 to below `least`, what differs from the whole by so little, sums and
    /// scores of units with such a count, and of parts of a whole a second one where one alone is taken
    /// away.
    pub fn hide_small_counts(&mut self, definitions: &[Definition], least: u64) {
        let few = |sum: i128| sum > 0 && sum < i128::from(least) * 100;
        let is_few = |figure: &Figure| {
            let rest = figure.numerator.zip(figure.denominator).map(|(part, all)| all - part);
            [figure.numerator, figure.denominator, rest].into_iter().flatten().any(few)
        };
        for row in &mut self.rows {
            let pieces = definitions.iter().map(Definition::counts_pieces);
            let small: Vec<bool> =
                row.figures.iter().zip(pieces.clone()).map(|(f, by)| by && is_few(f)).collect();
            let is_small = small.contains(&true);
            for ((figure, by_piece), small) in row.figures.iter_mut().zip(pieces).zip(small) {
                // What an area or a score was made of is as small as the smallest count beside it.
                let is_plain = by_piece && figure.numerator.is_some();
                if small || is_small && !is_plain {
                    hide(figure);
                }
            }
        }
        for parent in (0..self.rows.len()).rev() {
            let parts = parts(&self.rows, parent);
            for at in 0..definitions.len() {
                let is_hidden = |row: &usize| is_hidden(&self.rows[*row].figures[at]);
                let hidden = parts.iter().filter(|row| is_hidden(row)).count();
                if hidden != 1 || is_hidden(&parent) {
                    continue;
                }
                let told = parts.iter().copied().filter(|row| !is_hidden(row));
                let size = |row: &usize| self.rows[*row].figures[at].numerator.unwrap_or_default();
                let second = told.filter(|row| size(row) > 0).min_by_key(size).unwrap_or(parent);
                hide(&mut self.rows[second].figures[at]);
            }
        }
    }
}

fn hide(figure: &mut Figure) {
    *figure = Figure { numerator: None, denominator: None, value: Err(NoValue::TooFew) };
}

fn is_hidden(figure: &Figure) -> bool {
    figure.value == Err(NoValue::TooFew)
}

/// The rows right below the one at `parent`.
fn parts(rows: &[FigureRow], parent: usize) -> Vec<usize> {
    let depth = rows[parent].depth;
    let below = rows.iter().enumerate().skip(parent + 1).take_while(|(_, row)| row.depth > depth);
    below.filter(|(_, row)| row.depth == depth + 1).map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use spatial::Timestamp;

    use super::super::{DEFAULT_DEFINITIONS, DefinitionSet, Moment, Place, Window};
    use super::*;

    fn row(depth: usize, code: &str, count: i128) -> FigureRow {
        let value = Err(NoValue::NoPoints);
        let numerator = Some(count * 100);
        FigureRow {
            place: Place::Unit { code: code.to_owned(), name: code.to_owned() },
            depth,
            figures: vec![Figure { numerator, denominator: None, value }],
        }
    }

    fn told(counts: &[(usize, i128)]) -> Vec<Option<i128>> {
        let shipped: DefinitionSet = toml::from_str(DEFAULT_DEFINITIONS).unwrap();
        let by_piece = shipped.indicators.into_iter().find(Definition::counts_pieces).unwrap();
        let rows = counts.iter().map(|(depth, count)| row(*depth, "a", *count)).collect();
        let at = Timestamp(0);
        let moment = Moment { at, window: Window { from: at, to: at } };
        let mut figures = Figures { moment, rows };
        figures.hide_small_counts(&[by_piece], 5);
        let count = |row: &FigureRow| row.figures[0].numerator.map(|sum| sum / 100);
        figures.rows.iter().map(count).collect()
    }

    #[test]
    fn small_counts_and_what_gives_them_away_are_not_told() {
        assert_eq!(told(&[(0, 40), (1, 20), (1, 20)]), [Some(40), Some(20), Some(20)]);
        assert_eq!(told(&[(0, 4)]), [None]);
        assert_eq!(told(&[(0, 5), (1, 5), (1, 0)]), [Some(5), Some(5), Some(0)]);
        // One alone would follow from the whole: the next smallest goes with it.
        assert_eq!(told(&[(0, 43), (1, 3), (1, 15), (1, 25)]), [Some(43), None, None, Some(25)]);
        assert_eq!(told(&[(0, 6), (1, 3), (1, 3)]), [Some(6), None, None]);
        // Where nothing else is left the whole goes.
        assert_eq!(told(&[(0, 7), (1, 7), (2, 4), (2, 0)]), [None, None, None, Some(0)]);
    }
}
