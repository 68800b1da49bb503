//! Indicators as JSON. Sums are exact: in pieces or square metres, as numbers where a reader's numbers
//! hold them and else as text; values are rounded to the decimals of their definition.

use engine::ledger::{ProgressReport, UnitSource};
use formats::datetime::utc_of_millis;
use ledger::indicator::{
    Basis, Better, Cleared, Definition, Exact, Extent, Figure, FigureRow, Figures, Moment, NoValue,
    Persons, Place, Progress, Ranked, Ratio, RecordSum, Target,
};
use ledger::place::Day;
use ledger::point::Lamp;
use serde_json::{Map, Value, json};
use spatial::{TableCell, Timestamp};

use super::{Answered, Told};

/// From here on a number has more than the 15 digits that doubles, which readers keep numbers in, give
/// back as they were.
const INEXACT: i128 = 1_000_000_000_000_000;
/// Most tasks that are listed.
const MAX_TASKS: usize = 1_000;
/// Most targets that are listed as left out.
const MAX_LEFT_OUT: usize = 100;

pub(super) fn document(answered: &Answered<'_>) -> Value {
    let question = &answered.question;
    let unit = question.units.unit(question.root);
    let Moment { at, window } = question.moment;
    let last = Timestamp(window.to.0.saturating_sub(1));
    let units = match answered.source {
        UnitSource::AdminUnits => "admin_units",
        UnitSource::Codes => "codes",
    };
    let mut document = json!({
        "revision": answered.revision.0,
        "asOf": utc_of_millis(at.0),
        "day": Day::of(at).to_string(),
        "window": {
            "from": Day::of(window.from).to_string(),
            "to": Day::of(last).to_string(),
            "start": utc_of_millis(window.from.0),
            "end": utc_of_millis(window.to.0),
            "default": !answered.is_said
        },
        "unit": { "code": unit.code, "name": unit.name },
        "focusArea": answered.focus_area.map(|name| {
            json!({ "code": answered.query.focus_area, "name": name })
        }),
        "task": question.task,
        "depth": answered.query.depth,
        "units": units,
        "edition": question.definitions.edition(),
        "tasks": answered.tasks.iter().take(MAX_TASKS).collect::<Vec<_>>()
    });
    match answered.query.told {
        Told::Figures => {
            let definitions = question.definitions.all();
            document["indicators"] = definitions.iter().map(definition).collect();
            document["sums"] = question.definitions.sums().iter().map(sum).collect();
            document["rows"] = rows(definitions, &answered.figures);
        }
        Told::Progress => {
            let definitions = question.definitions.all();
            let measured = definitions.iter().filter(|one| one.is_completion());
            document["indicators"] = measured.map(definition).collect();
            let row = |one: &Progress| {
                let mut told = progress(definitions, one, answered.persons());
                told["report"] = answered.reports.get(&one.code).map_or(Value::Null, report);
                told
            };
            document["targets"] = answered.progress.iter().map(row).collect();
            document["clearings"] = answered.cleared.iter().map(cleared).collect();
            let left_out = answered.left_out.iter().take(MAX_LEFT_OUT);
            document["leftOut"] = left_out.map(|target| no_unit(target)).collect();
        }
    }
    if let Some((indicator, ranked)) = &answered.ranking {
        let by = &question.definitions.all()[*indicator];
        document["ranking"] = json!({
            "indicator": by.code,
            "units": ranked.iter().map(|one| placed(by, one)).collect::<Vec<_>>()
        });
    }
    document
}

fn definition(definition: &Definition) -> Value {
    let extent = match definition.extent {
        Extent::Stock => "stock",
        Extent::Flow => "flow",
    };
    let better = match definition.better {
        Better::More => "more",
        Better::Less => "less",
    };
    let basis = match definition.basis {
        Basis::Official => "official",
        Basis::Local => "local",
        Basis::Template => "template",
    };
    json!({
        "code": definition.code,
        "name": definition.name,
        "definition": definition.to_string(),
        "unitOfMeasure": definition.unit_of_measure,
        "counted": if definition.counts_pieces() { "pieces" } else { "m2" },
        "decimals": definition.decimals,
        "extent": extent,
        "better": better,
        "basis": basis,
        "basisName": definition.says_basis(),
        "source": definition.source
    })
}

/// A sum over records, in words.
fn sum(sum: &RecordSum) -> Value {
    json!({ "name": sum.name, "collection": sum.collection, "definition": sum.to_string() })
}

fn rows(definitions: &[Definition], figures: &Figures) -> Value {
    let row = |row: &FigureRow| {
        let figures = definitions.iter().zip(&row.figures);
        let figures: Map<String, Value> =
            figures.map(|(one, found)| (one.code.clone(), figure(one, found))).collect();
        match &row.place {
            Place::Unit { code, name } => {
                json!({ "unit": code, "name": name, "depth": row.depth, "figures": figures })
            }
            Place::Unplaced { within } => json!({
                "unit": null, "name": "未落界", "within": within, "depth": row.depth,
                "figures": figures
            }),
        }
    };
    figures.rows.iter().map(row).collect()
}

fn figure(definition: &Definition, figure: &Figure) -> Value {
    let mut told = json!({
        "numerator": figure.numerator.map(|sum| number(sum, 2)),
        "denominator": figure.denominator.map(|sum| number(sum, 2))
    });
    tell_value(&mut told, definition, &figure.value);
    told
}

/// The value, or null and why there is none.
fn tell_value(told: &mut Value, definition: &Definition, value: &Result<Exact, NoValue>) {
    let decimals = definition.decimals;
    let rounded = value
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|value| value.rounded(decimals).ok_or(NoValue::TooLarge));
    match rounded {
        Ok(scaled) => told["value"] = number(scaled, decimals),
        Err(why) => {
            told["value"] = Value::Null;
            told["noValue"] = no_value(&why);
        }
    }
}

fn no_value(why: &NoValue) -> Value {
    let code = match why {
        NoValue::ZeroDenominator => "zero_denominator",
        NoValue::NoTarget => "no_target",
        NoValue::NoPoints => "no_points",
        NoValue::NotGiven { .. } => "not_given",
        NoValue::NoWeights { .. } => "no_weights",
        NoValue::Part { .. } => "part_without_value",
        NoValue::TooFew => "too_few",
        NoValue::TooLarge => "too_large",
    };
    json!({ "code": code, "reason": why.to_string() })
}

fn progress(definitions: &[Definition], one: &Progress, persons: Persons) -> Value {
    let definition = &definitions[one.indicator];
    let mut told = json!({
        "unit": one.code,
        "name": one.name,
        "depth": one.depth,
        "indicator": definition.code,
        "planned": number(one.planned, 2),
        "done": number(one.done, 2),
        "ratePercent": null,
        "timePercent": percent(one.time.parts()),
        "lamp": one.lamp.map(Lamp::identifier),
        "reason": one.reason
    });
    match &one.rate {
        Ok(rate) => told["ratePercent"] = percent(&[*rate]),
        Err(why) => told["noValue"] = no_value(why),
    }
    if persons == Persons::Shown {
        told["person"] = json!(one.person);
    }
    told
}

fn cleared(one: &Cleared) -> Value {
    let median = one.twice_median_days.map(|twice| number(i128::from(twice) * 5, 1));
    json!({
        "unit": one.code,
        "name": one.name,
        "depth": one.depth,
        "task": one.task,
        "days": one.days,
        "open": one.open,
        "late": one.late,
        "oldestDays": one.oldest_days,
        "closed": one.closed,
        "medianDays": median,
        "lamp": one.lamp.identifier(),
        "reason": one.reason
    })
}

/// What a unit reported last.
fn report(report: &ProgressReport) -> Value {
    json!({
        "code": report.code,
        "task": report.task,
        "periodTo": report.period_to,
        "difficulties": report.difficulties,
        "awardYuan": report.award_yuan,
        "reportedAt": report.reported_at
    })
}

fn no_unit(target: &Target) -> Value {
    json!({
        "unit": target.unit,
        "task": target.task,
        "period": target.period.to_string(),
        "indicator": target.indicator,
        "reason": "the code of no unit on this day"
    })
}

fn placed(definition: &Definition, ranked: &Ranked) -> Value {
    let mut told = json!({
        "place": ranked.place, "ties": ranked.ties, "unit": ranked.code, "name": ranked.name
    });
    tell_value(&mut told, definition, &ranked.value);
    told
}

/// A sum of fractions in per cent, with two decimals.
fn percent(parts: &[Ratio]) -> Value {
    let hundredfold: Option<Exact> =
        parts.iter().map(|part| part.times(Ratio::whole(100))).collect();
    hundredfold.and_then(|exact| exact.rounded(2)).map_or(Value::Null, |scaled| number(scaled, 2))
}

/// `scaled` over ten to the power of `decimals`.
fn number(scaled: i128, decimals: u8) -> Value {
    let unit = 10_i128.pow(u32::from(decimals));
    if scaled.abs() >= INEXACT {
        return json!(TableCell::Number { scaled, decimals }.to_string());
    }
    match scaled % unit {
        0 => json!((scaled / unit) as i64),
        _ => json!(scaled as f64 / unit as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_stay_exact() {
        for (scaled, decimals, expected) in [
            (12_050, 2, "120.5"),
            (12_000, 2, "120"),
            (-1, 2, "-0.01"),
            (0, 0, "0"),
            (INEXACT - 1, 2, "9999999999999.99"),
            (INEXACT + 1, 2, "\"10000000000000.01\""),
        ] {
            assert_eq!(number(scaled, decimals).to_string(), expected);
        }
    }
}
