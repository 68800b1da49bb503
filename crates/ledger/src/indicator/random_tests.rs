//! Random histories: facts from folds and from rows are equal, figures equal what raw events say,
//! parts add up to the whole, and what is recorded later changes nothing earlier.
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use proptest::{strategy::ValueTree, test_runner::TestRunner};
use spatial::Timestamp;

use super::histories_tests::{DAY_MS, History, district, histories, shipped, window, year};
use super::oracle_tests::{plain, unit_of};
use super::{
    Condition, Counting, Counts, Definition, DefinitionSet, Definitions, EventRow, Exact, Extent,
    FigureRow, Figures, Formula, Measure, Moment, NoValue, OutsideSums, Place, PointFacts,
    PointRow, Population, Question, Ratio, States, Targets, Term, Years, evaluate, figures_of,
};
use crate::point::{Point, State};

/// 2026-01-01 in Asia/Shanghai.
const BEGIN: i64 = 1_767_196_800_000;

fn rows(point: &Point) -> PointFacts {
    let row = PointRow {
        id: point.id(),
        unit: point.unit(),
        task: point.task(),
        year: year(point),
        state: point.state(),
        registered_at: point.registered_at(),
        deadline: point.deadline(),
        planned: point.planned(),
        actual: point.actual(),
    };
    let events = point.events().iter().filter(|event| EventRow::is_needed(event.kind()));
    PointFacts::of_rows(&row, events.map(EventRow::from))
}

/// The shipped figures of all histories as they were known at a moment.
fn figures(histories: &[History], moment: Moment, root: &str, task: Option<&str>) -> Figures {
    figures_by(&shipped(), histories, moment, (root, task))
}

fn figures_by(
    definitions: &Definitions,
    histories: &[History],
    moment: Moment,
    (root, task): (&str, Option<&str>),
) -> Figures {
    let units = district();
    let (targets, outside) = (Targets::default(), OutsideSums::new());
    let question = Question {
        definitions,
        units: &units,
        root: units.slot(root).unwrap(),
        task,
        moment,
        targets: &targets,
        outside: &outside,
        takes_strays: true,
    };
    let facts: Vec<PointFacts> =
        histories.iter().filter_map(|history| history.facts(moment.at)).collect();
    evaluate(&question, &facts)
}

/// The histories that count in a row, in the plainest way.
fn members<'a>(histories: &'a [History], row: &FigureRow, moment: Moment) -> Vec<&'a History> {
    let codes: &[&str] = match &row.place {
        Place::Unit { code, .. } if code == "d" => {
            &["d", "t1", "t2", "t3", "v1", "v2", "elsewhere"]
        }
        Place::Unit { code, .. } if code == "t2" => &["t2", "v1", "v2"],
        Place::Unit { code, .. } => &[code.as_str()],
        Place::Unplaced { within } if within == "d" => &["d", "elsewhere"],
        Place::Unplaced { .. } => &["t2"],
    };
    let is_member =
        |history: &&History| unit_of(history, moment).is_some_and(|unit| codes.contains(&unit));
    histories.iter().filter(is_member).collect()
}

fn check_row(histories: &[History], row: &FigureRow, moment: Moment, task: Option<&str>) {
    let members = members(histories, row, moment);
    for (definition, figure) in shipped().all().iter().zip(&row.figures) {
        let code = definition.code.as_str();
        // Sums over records have an oracle of their own.
        if let Err(NoValue::NotGiven { .. }) = figure.value {
            let asks = |term: &Term| matches!(term.measure, Measure::Outside(_));
            assert!(definition.formula.terms().any(asks), "{code}");
            continue;
        }
        let (above, below, ms) = plain(code, &members, moment, task);
        let ratio = |above, below| Exact::from(Ratio::new(above, below).unwrap());
        let value = match (&definition.formula, below) {
            (Formula::Score { .. }, _) => continue,
            (Formula::MedianDays { .. }, _) if ms.is_empty() => Err(NoValue::NoPoints),
            (Formula::MedianDays { .. }, _) => {
                let twice = ms[(ms.len() - 1) / 2] + ms[ms.len() / 2];
                Ok(ratio(i128::from(twice), 2 * i128::from(DAY_MS)))
            }
            (Formula::Rate { .. }, None) => Err(NoValue::NoTarget),
            (Formula::Rate { .. }, Some(0)) => Err(NoValue::ZeroDenominator),
            (Formula::Rate { .. }, Some(below)) => Ok(ratio(100 * above, below)),
            (Formula::Sum { .. }, _) if code.starts_with("new_") => Ok(ratio(above, 100)),
            (Formula::Sum { .. }, _) => Ok(ratio(above, 1_000_000)),
        };
        if !matches!(definition.formula, Formula::MedianDays { .. }) {
            assert_eq!((figure.numerator, figure.denominator), (Some(above), below), "{code}");
        }
        assert_eq!(figure.value, value, "{code} of {:?}", row.place);
    }
    let score = shipped().named("score").unwrap().0;
    let rate = |code: &str| {
        let (above, below, _) = plain(code, &members, moment, task);
        below.filter(|below| *below > 0).map(|below| above as f64 / below as f64)
    };
    let parts = [rate("closing_rate"), rate("in_time_rate"), rate("rebound_rate")];
    match parts {
        [Some(closing), Some(in_time), Some(rebound)] => {
            let expected = 40.0 * closing + 30.0 * in_time + 30.0 * (1.0 - rebound);
            let found = row.figures[score].value.as_ref().unwrap().to_f64();
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
        _ => assert!(matches!(row.figures[score].value, Err(NoValue::Part { .. }))),
    }
}

fn check_reconciles(figures: &Figures, whole: usize, parts: &[usize]) {
    for slot in 0..figures.rows[whole].figures.len() {
        let of = |row: usize| {
            let figure = &figures.rows[row].figures[slot];
            (figure.numerator.unwrap_or(0), figure.denominator.unwrap_or(0))
        };
        let sum = parts
            .iter()
            .map(|row| of(*row))
            .fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        assert_eq!(of(whole), sum);
    }
}

fn moments() -> impl Strategy<Value = Moment> {
    let window = prop::sample::select(vec!["2026", "2026-Q1", "2026-03"]).prop_map(window);
    (-200..500_i64, window)
        .prop_map(|(days, window)| Moment { at: Timestamp(BEGIN + days * DAY_MS), window })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn rows_give_the_facts_of_the_fold(histories in histories(1..6), moment in moments()) {
        for history in &histories {
            let Some(point) = history.point(moment.at) else { continue };
            prop_assert_eq!(rows(&point), PointFacts::of(&point, year(&point)));
        }
    }

    #[test]
    fn figures_are_what_raw_events_say(
        histories in histories(0..40),
        moment in moments(),
        task in prop::sample::select(vec![None, Some("CW")]),
    ) {
        let figures = figures(&histories, moment, "d", task);
        prop_assert_eq!(figures.rows.len(), 8);
        for row in &figures.rows {
            check_row(&histories, row, moment, task);
        }
        // d: t1, t2 (v1, v2, the rest), t3, the rest.
        check_reconciles(&figures, 0, &[1, 2, 6, 7]);
        check_reconciles(&figures, 2, &[3, 4, 5]);
        let town = self::figures(&histories, moment, "t2", task);
        prop_assert_eq!(town.rows.len(), 4);
        for (row, of_district) in town.rows.iter().zip(&figures.rows[2..6]) {
            prop_assert_eq!(&row.figures, &of_district.figures);
        }
    }

    #[test]
    fn what_is_recorded_later_changes_nothing_earlier(
        histories in histories(1..12),
        moment in moments(),
    ) {
        let earlier: Vec<History> = histories
            .iter()
            .map(|history| History {
                id: history.id,
                events: history.by(moment.at).cloned().collect(),
            })
            .collect();
        prop_assert_eq!(
            figures(&earlier, moment, "d", None),
            figures(&histories, moment, "d", None)
        );
    }
}

fn conditions() -> impl Strategy<Value = Vec<Condition>> {
    let states = prop::sample::subsequence(State::ALL.to_vec(), 1..6);
    let condition = prop_oneof![
        Just(Condition::Open),
        Just(Condition::Closed),
        states.prop_map(|states| Condition::InStates(States(states))),
        Just(Condition::Overdue),
        (0..400_u32).prop_map(Condition::DueWithinDays),
        Just(Condition::ClosedInTime),
        Just(Condition::ClosedLate),
        Just(Condition::OfEarlierYear),
        Just(Condition::RegisteredInWindow),
        Just(Condition::ClosedInWindow),
        Just(Condition::ClosedBeforeWindowEnd),
        (1..3_u32).prop_map(Condition::ReboundsInWindow),
    ];
    prop::collection::vec(condition, 0..3)
}

/// Rates that nobody would ship, of everything that the vocabulary has for points.
fn rates() -> impl Strategy<Value = Definitions> {
    let measures = vec![
        Measure::Points,
        Measure::PlannedCount,
        Measure::PlannedBuildArea,
        Measure::PlannedLandArea,
        Measure::ActualCount,
        Measure::ActualBuildArea,
        Measure::ActualLandArea,
        Measure::DoneCount,
        Measure::DoneBuildArea,
        Measure::DoneLandArea,
    ];
    let term = (prop::sample::select(measures), conditions(), prop_oneof![Just(1), Just(-3)]);
    let terms = prop::collection::vec(term, 1..4).prop_map(|terms| {
        let term = |(measure, conditions, times)| Term { measure, conditions, times };
        terms.into_iter().map(term).collect::<Vec<Term>>()
    });
    let terms = terms.boxed();
    let years = prop::sample::select(vec![Years::All, Years::This, Years::ThisAndCarriedOver]);
    (terms.clone(), terms, years).prop_map(|(numerator, denominator, years)| {
        let mut set =
            DefinitionSet { edition: "1".to_owned(), sums: Vec::new(), indicators: Vec::new() };
        let of_window = Term { measure: Measure::DoneCount, conditions: Vec::new(), times: 1 };
        let numerator = numerator.into_iter().chain([of_window]).collect();
        set.indicators.push(Definition {
            population: Population { tasks: Vec::new(), years },
            formula: Formula::Rate { numerator, denominator },
            extent: Extent::Flow,
            ..shipped().named("rebound_rate").unwrap().1.clone()
        });
        Definitions::new(set).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn parts_of_whatever_rate_add_up(
        rates in rates(),
        histories in histories(0..20),
        moment in moments(),
    ) {
        let figures = figures_by(&rates, &histories, moment, ("d", None));
        check_reconciles(&figures, 0, &[1, 2, 6, 7]);
        check_reconciles(&figures, 2, &[3, 4, 5]);
        for figure in figures.rows.iter().flat_map(|row| &row.figures) {
            let (above, below) = (figure.numerator.unwrap(), figure.denominator.unwrap());
            let expected = match below {
                0 => Err(NoValue::ZeroDenominator),
                _ => Ok(Exact::from(
                    Ratio::new(100 * above * below.signum(), below.abs()).unwrap(),
                )),
            };
            prop_assert_eq!(&figure.value, &expected);
        }
        prop_assert!(rates.all()[0].to_string().starts_with("反弹率 = "));
    }
}

/// What `counts` come to for whoever asks of the whole district.
fn told(definitions: &Definitions, counts: &Counts, moment: Moment) -> Figures {
    let units = district();
    let (targets, outside) = (Targets::default(), OutsideSums::new());
    let root = units.slot("d").unwrap();
    let (units, targets, outside) = (&units, &targets, &outside);
    let question = Question {
        definitions,
        units,
        root,
        task: None,
        moment,
        targets,
        outside,
        takes_strays: true,
    };
    figures_of(&question, counts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// What was counted of some points serves again: with others added or taken away, and at every
    /// moment at which it says that it holds.
    #[test]
    fn counts_are_those_of_the_points_however_they_came_about(
        (rates, histories) in (rates(), histories(0..20)),
        moment in moments(),
        later in -3..40_i64,
        split in any::<prop::sample::Index>(),
    ) {
        let all: Vec<PointFacts> =
            histories.iter().filter_map(|history| history.facts(moment.at)).collect();
        let (some, others) = all.split_at(split.index(all.len() + 1));
        for definitions in [&rates, &shipped()] {
            let counting = Counting { definitions, task: None, moment };
            let of = |facts: &[PointFacts]| Counts::of(&counting, facts);
            let whole = told(definitions, &of(&all), moment);
            let mut led = of(some);
            led.add(&of(others));
            prop_assert_eq!(told(definitions, &led, moment), whole);
            led.take(&of(some));
            prop_assert_eq!(told(definitions, &led, moment), told(definitions, &of(others), moment));
            // By the hour: deadlines lie on days.
            let at = Timestamp(moment.at.0 + later * later * later * DAY_MS / 24);
            let then = Moment { at, ..moment };
            let counts = Counts::of(&counting, &all);
            prop_assert!(counts.hold_at(moment.at));
            if counts.hold_at(at) {
                let anew = Counts::of(&Counting { moment: then, ..counting }, &all);
                prop_assert_eq!(told(definitions, &counts, then), told(definitions, &anew, then));
            }
        }
    }
}

/// Histories that never come to a closing or a rebound would prove nothing.
#[test]
fn random_histories_have_something_of_everything() {
    let mut runner = TestRunner::deterministic();
    let moment = Moment { at: Timestamp(BEGIN + 300 * DAY_MS), window: window("2026") };
    let mut sums = vec![0; shipped().all().len()];
    for _ in 0..60 {
        let histories = histories(20..40).new_tree(&mut runner).unwrap().current();
        let figures = figures(&histories, moment, "d", None);
        for (sum, figure) in sums.iter_mut().zip(&figures.rows[0].figures) {
            *sum += figure.numerator.unwrap_or_default();
        }
    }
    for (definition, sum) in shipped().all().iter().zip(sums) {
        let is_outside = |term: &Term| matches!(term.measure, Measure::Outside(_));
        let is_summed = matches!(definition.formula, Formula::Sum { .. } | Formula::Rate { .. })
            && !definition.formula.terms().any(is_outside);
        assert!(!is_summed || sum > 1000, "{}: {sum}", definition.code);
    }
}
