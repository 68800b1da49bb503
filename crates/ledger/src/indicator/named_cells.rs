//! Figures by name, for an office's own template.

use spatial::TableCell;

use super::tables::{amount_cell, value_cell};
use super::window::shown;
use super::{Caption, Definition, Figures, Place, Question};

/// Every figure by the name under which an office's own template may ask for it: `CODE` of the
/// root, `CODE.UNIT` of a unit, `CODE.unplaced.UNIT` of what lies in none of its parts; with
/// `numerator.` and `denominator.` before it what stands above and below the line, and with
/// `fraction.` a value in % as cells want it that show percentages; and `as_of`, `window_from`, `window_to`, `revision`, `edition`, `unit`, `task`.
pub fn names(
    question: &Question<'_>,
    figures: &Figures,
    caption: Caption<'_>,
) -> Vec<(String, TableCell)> {
    let moment = question.moment;
    let text = |text: &str| TableCell::Text(text.to_owned());
    let mut names = vec![
        ("title".to_owned(), text(caption.title)),
        ("as_of".to_owned(), TableCell::Text(shown(moment.at))),
        ("window_from".to_owned(), TableCell::Text(shown(moment.window.from))),
        ("window_to".to_owned(), TableCell::Text(shown(moment.window.to))),
        (
            "revision".to_owned(),
            TableCell::Number { scaled: i128::from(caption.revision.0), decimals: 0 },
        ),
        ("edition".to_owned(), text(question.definitions.edition())),
        ("unit".to_owned(), text(&question.units.unit(question.root).name)),
        ("task".to_owned(), text(question.task.unwrap_or("全部任务"))),
    ];
    for row in &figures.rows {
        let suffix = match &row.place {
            Place::Unit { code, .. } => format!(".{code}"),
            Place::Unplaced { within } => format!(".unplaced.{within}"),
        };
        let suffixes = if row.depth == 0 { vec![String::new(), suffix] } else { vec![suffix] };
        for (definition, figure) in question.definitions.all().iter().zip(&row.figures) {
            let value = value_cell(&figure.value, definition.decimals);
            let cells = [
                ("numerator.", amount_cell(figure.numerator, definition)),
                ("denominator.", amount_cell(figure.denominator, definition)),
                ("fraction.", fraction_cell(definition, &value)),
                ("", value),
            ];
            for (prefix, cell) in cells {
                let name = |suffix: &String| format!("{prefix}{}{suffix}", definition.code);
                names.extend(suffixes.iter().map(|suffix| (name(suffix), cell.clone())));
            }
        }
    }
    names
}

/// A value in % over a hundred, with the same digits; of other units nothing.
fn fraction_cell(definition: &Definition, value: &TableCell) -> TableCell {
    match (definition.unit_of_measure.as_str(), value) {
        ("%", TableCell::Number { scaled, decimals }) => {
            TableCell::Number { scaled: *scaled, decimals: decimals + 2 }
        }
        ("%", other) => other.clone(),
        _ => TableCell::Empty,
    }
}
