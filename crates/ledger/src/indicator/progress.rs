//! How far units are with their targets, against what their timetables have due (时间进度).

use super::timetable::Due;
use super::{Basis, Definition, Exact, Figures, Measure, NoValue, Place, Question, Ratio};
use crate::point::Lamp;

/// How far behind the time is how bad. Those of [`Default`] are a proposal of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgressRules {
    /// A unit that is behind by at most so many percentage points has a yellow lamp; by more, or
    /// unfinished when all is due, a red one.
    pub yellow_points: u32,
}

impl Default for ProgressRules {
    fn default() -> Self {
        Self { yellow_points: 10 }
    }
}

/// How far one unit is with one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The code of the unit.
    pub code: String,
    /// Its name.
    pub name: String,
    /// How far it is below the root.
    pub depth: usize,
    /// Which definition, by its place among all.
    pub indicator: usize,
    /// What is done, in hundredths of what is counted.
    pub done: i128,
    /// What is planned, in hundredths of what is counted.
    pub planned: i128,
    /// Done over planned, never clamped; none where nothing is planned.
    pub rate: Result<Ratio, NoValue>,
    /// What is due by the timetables of its targets, 0 to 1 of what is planned; how much of the window
    /// is over where nothing is planned.
    pub time: Exact,
    /// Green: not behind the time. None where there is no rate.
    pub lamp: Option<Lamp>,
    /// Who answers for it, if its targets name one person; of class L2.
    pub person: Option<String>,
    /// Of a unit that is behind: why it is said to be, with the numbers, the definition and its
    /// edition.
    pub reason: Option<String>,
}

/// How far each unit is with each of its targets, in the order of the figures. Units without a
/// target are left out.
pub fn progress(question: &Question<'_>, figures: &Figures, rules: ProgressRules) -> Vec<Progress> {
    let definitions = question.definitions;
    let due = due(question);
    let mut found = Vec::new();
    for row in &figures.rows {
        let Place::Unit { code, name } = &row.place else {
            continue;
        };
        for (indicator, definition) in definitions.all().iter().enumerate() {
            let figure = &row.figures[indicator];
            let (Some(done), Some(planned)) = (figure.numerator, figure.denominator) else {
                continue;
            };
            if !definition.is_completion() {
                continue;
            }
            let rate = match planned {
                0 => Err(NoValue::ZeroDenominator),
                _ => Ratio::new(done, planned).ok_or(NoValue::TooLarge),
            };
            let slot = question.units.slot(code);
            let due = slot.and_then(|slot| due[indicator].get(slot)?.as_ref());
            let time = due.and_then(|due| due.share_of(planned));
            let time = time.unwrap_or_else(|| time_share(question).into());
            let lamp = rate.as_ref().ok().map(|rate| lamp(*rate, &time, rules));
            let reason = match (&rate, lamp) {
                (Ok(rate), Some(Lamp::Yellow | Lamp::Red)) => {
                    let sums = (done, planned);
                    Some(reason(definition, sums, *rate, &time, definitions.edition()))
                }
                _ => None,
            };
            let is_all_due = time == Ratio::whole(1).into();
            let person = slot
                .and_then(|slot| question.targets.person(slot, indicator, question.moment.window));
            found.push(Progress {
                code: code.clone(),
                name: name.clone(),
                depth: row.depth,
                indicator,
                done,
                planned,
                rate,
                time,
                lamp: lamp.map(|lamp| match lamp {
                    Lamp::Yellow if is_all_due => Lamp::Red,
                    other => other,
                }),
                person: person.map(str::to_owned),
                reason,
            });
        }
    }
    found
}

/// How much of the window is over at the moment of the facts.
fn time_share(question: &Question<'_>) -> Ratio {
    let window = question.moment.window;
    let whole = window.to.0.saturating_sub(window.from.0);
    let over = question.moment.at.0.saturating_sub(window.from.0).clamp(0, whole.max(0));
    Ratio::new(i128::from(over), i128::from(whole)).unwrap_or(Ratio::whole(1))
}

/// What is due for each definition that is measured against targets, by slot of the unit.
fn due(question: &Question<'_>) -> Vec<Vec<Option<Due>>> {
    let Question { definitions, units, moment, targets, .. } = *question;
    let of = |(slot, definition): (usize, &Definition)| match definition.is_completion() {
        true => {
            let is_asked = |task: &str| question.asks_for(task, definition);
            targets.due(units, slot, (moment.window, moment.at), is_asked)
        }
        false => Vec::new(),
    };
    definitions.all().iter().enumerate().map(of).collect()
}

/// How far the time is ahead of what is done, as parts of a sum.
fn behind(rate: Ratio, time: &Exact) -> Exact {
    time.parts().iter().copied().chain([rate.negated()]).collect()
}

fn lamp(rate: Ratio, time: &Exact, rules: ProgressRules) -> Lamp {
    let behind = behind(rate, time);
    let allowed = Ratio::new(i128::from(rules.yellow_points), 100).unwrap_or(Ratio::whole(0));
    if behind <= Ratio::whole(0).into() {
        Lamp::Green
    } else if behind <= allowed.into() {
        Lamp::Yellow
    } else {
        Lamp::Red
    }
}

/// A fraction as a percentage with two decimals.
pub(super) fn percent(parts: &[Ratio]) -> String {
    let hundred = Ratio::whole(100);
    let scaled: Option<Exact> = parts.iter().map(|part| part.times(hundred)).collect();
    let digits = scaled.and_then(|scaled| scaled.rounded(2));
    let cell = |scaled| spatial::TableCell::Number { scaled, decimals: 2 };
    digits.map_or_else(|| NoValue::TooLarge.to_string(), |digits| cell(digits).to_string())
}

impl Definition {
    /// Whether what stands above and below the line is counted by the piece; else it is m².
    pub fn counts_pieces(&self) -> bool {
        is_by_the_piece(self)
    }
}

/// Whether what a definition adds up is counted by the piece; else it is an area in m².
pub(super) fn is_by_the_piece(definition: &Definition) -> bool {
    let first = definition.formula.terms().next().map(|term| &term.measure);
    !matches!(
        first,
        Some(
            Measure::PlannedBuildArea
                | Measure::PlannedLandArea
                | Measure::ActualBuildArea
                | Measure::ActualLandArea
                | Measure::DoneBuildArea
                | Measure::DoneLandArea
        )
    )
}

/// A sum in hundredths, as a reader sees it.
fn amount(hundredths: i128, definition: &Definition) -> String {
    let number = spatial::TableCell::Number { scaled: hundredths, decimals: 2 };
    match is_by_the_piece(definition) {
        true => number.to_string().trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => format!("{number} ㎡"),
    }
}

fn reason(
    definition: &Definition,
    (done, planned): (i128, i128),
    rate: Ratio,
    time: &Exact,
    edition: &str,
) -> String {
    let basis = match definition.basis {
        Basis::Template => "，自拟口径",
        Basis::Official | Basis::Local => "",
    };
    format!(
        "完成 {}%（实际 {}，目标 {}），时间进度 {}%，落后 {} 个百分点；口径：{definition}（{edition} 版{basis}）",
        percent(&[rate]),
        amount(done, definition),
        amount(planned, definition),
        percent(time.parts()),
        percent(behind(rate, time).parts()),
    )
}
