//! Figures, targets, lamps, rankings and tables of small cases whose numbers are known.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use spatial::{Revision, TableCell, Timestamp};

use super::histories_tests::{DAY_MS, district, shipped, window};
use super::progress::percent;
use super::{
    Caption, Definitions, Detail, Done, Figures, Moment, NoValue, OutsideSums, Persons, PointFacts,
    ProgressRules, Question, Step, Target, Targets, UnitTree, evaluate, figures_table, names,
    progress, progress_table, rank, ranking_table,
};
use crate::point::{Lamp, PointId, Quantities, SquareMetres, State};

/// 2026-01-01 in Asia/Shanghai.
pub(super) const BEGIN: i64 = 1_767_196_800_000;

/// A point of a town that was registered and worked on early in 2026.
pub(super) fn point(unit: &str, task: &str, done_m2: u64) -> PointFacts {
    let quantities = Quantities {
        build_area_m2: SquareMetres::from_hundredths(done_m2 * 100),
        ..Quantities::default()
    };
    PointFacts {
        id: PointId::try_from(0x7 << 76 | 0b10 << 62).unwrap(),
        unit: Some(Arc::from(unit)),
        task: Some(Arc::from(task)),
        year: Some(2026),
        state: State::InProgress,
        registered_at: Some(Timestamp(BEGIN)),
        deadline: Some(Timestamp(BEGIN + 300 * DAY_MS)),
        planned: quantities,
        actual: quantities,
        closings: Vec::new(),
        rebounds: Vec::new(),
        progress: vec![Done { at: Timestamp(BEGIN + DAY_MS), quantities }],
    }
}

fn target(unit: &str, task: &str, period: &str, planned: f64) -> Target {
    Target {
        task: task.to_owned(),
        unit: unit.to_owned(),
        period: period.parse().unwrap(),
        indicator: "completion_area".to_owned(),
        planned,
        unit_of_measure: "万㎡".to_owned(),
        factor: None,
        person: Some(format!("{unit} person")),
        timetable: Vec::new(),
    }
}

fn timetable(steps: &[(&str, f64)]) -> Vec<Step> {
    steps.iter().map(|(by, planned)| Step { by: (*by).to_owned(), planned: *planned }).collect()
}

/// What questions are asked of.
pub(super) struct Asked {
    definitions: Definitions,
    units: UnitTree,
    targets: Targets,
    outside: OutsideSums,
    moment: Moment,
}

impl Asked {
    pub(super) fn new(definitions: Definitions, targets: Vec<Target>) -> Self {
        let units = district();
        let targets = Targets::new(targets, &definitions, &units).unwrap();
        // 146 of 365 days: two fifths.
        let moment = Moment { at: Timestamp(BEGIN + 146 * DAY_MS), window: window("2026") };
        Self { definitions, units, targets, outside: OutsideSums::new(), moment }
    }

    pub(super) fn question(&self) -> Question<'_> {
        Question {
            definitions: &self.definitions,
            units: &self.units,
            root: self.units.root(),
            task: None,
            moment: self.moment,
            targets: &self.targets,
            outside: &self.outside,
            takes_strays: true,
        }
    }

    fn slot(&self, code: &str) -> usize {
        self.definitions.named(code).unwrap().0
    }

    /// For each row its code or what it lies in, what stands below the line, and the value.
    fn shown(&self, figures: &Figures, code: &str) -> Vec<(Option<i128>, String)> {
        let slot = self.slot(code);
        let shown = |row: &super::FigureRow| {
            let figure = &row.figures[slot];
            let value = figure.value.as_ref().map(|value| {
                TableCell::Number { scaled: value.rounded(2).unwrap(), decimals: 2 }.to_string()
            });
            (figure.denominator, value.unwrap_or_else(ToString::to_string))
        };
        figures.rows.iter().map(shown).collect()
    }
}

fn check_shown(shown: &[(Option<i128>, String)], expected: &[(Option<i128>, &str)]) {
    let shown: Vec<(Option<i128>, &str)> =
        shown.iter().map(|(below, value)| (*below, value.as_str())).collect();
    assert_eq!(shown, expected);
}

const HA: i128 = 1_000_000;

#[test]
fn a_completion_is_never_clamped_and_plans_add_up() {
    let targets = vec![
        target("d", "CW", "2026", 3.0),
        target("t1", "CW", "2026", 1.0),
        target("t2", "CW", "2026-Q1", 0.25),
        target("t2", "CW", "2026-01", 0.1),
        target("t2", "CW", "2026-10", 0.25),
        target("t2", "CW", "2025", 7.0),
        target("t1", "KQ", "2026-Q2", 0.5),
        target("v1", "KQ", "2026", 0.0),
    ];
    let asked = Asked::new(shipped(), targets);
    let facts = [point("t1", "CW", 25_800), point("v1", "CW", 1_000), point("d", "KQ", 40)];
    let figures = evaluate(&asked.question(), &facts);
    let none = "无目标值";
    check_shown(
        &asked.shown(&figures, "completion_area"),
        &[
            // 3 ha for one task, and what the town is to do for the other.
            (Some(7 * HA / 2), "76.69"),
            (Some(3 * HA / 2), "172.00"),
            // The quarter, in which the month lies, and October.
            (Some(HA / 2), "20.00"),
            (Some(0), "分母为零"),
            (None, none),
            (Some(HA / 2), "0.00"),
            (None, none),
            // Of what is planned for the district, half is nobody's.
            (Some(3 * HA / 2), "0.27"),
        ],
    );
    let of_task = Question { task: Some("KQ"), ..asked.question() };
    check_shown(
        &asked.shown(&evaluate(&of_task, &facts), "completion_area")[..3],
        &[(Some(HA / 2), "0.80"), (Some(HA / 2), "0.00"), (Some(0), "分母为零")],
    );
}

#[test]
fn work_of_tasks_without_a_target_completes_nothing() {
    let targets = vec![target("t1", "CW", "2026", 1.0), target("t1", "KQ", "2025", 1.0)];
    let measured = shipped().measured_by(targets.iter(), window("2026"));
    let tasks = |code: &str| measured.named(code).unwrap().1.population.tasks.clone();
    assert_eq!(tasks("completion_area"), ["CW"]);
    assert!(tasks("completion_count").is_empty() && tasks("closing_rate").is_empty());
    let asked = Asked::new(measured, targets);
    let facts = [point("t1", "CW", 5_000), point("t1", "KQ", 9_000), point("v1", "ZD", 9_000)];
    let shown = asked.shown(&evaluate(&asked.question(), &facts), "completion_area");
    check_shown(&shown[..2], &[(Some(HA), "50.00"), (Some(HA), "50.00")]);
}

#[test]
fn targets_that_fit_nothing_are_listed_with_their_number() {
    let good = target("t1", "CW", "2026", 1.0);
    let timed = |task: &str, steps: &[(&str, f64)]| Target {
        timetable: timetable(steps),
        ..target("t1", task, "2026", 1.0)
    };
    let faulty = vec![
        Target { task: " ".to_owned(), ..good.clone() },
        Target { unit: "t9".to_owned(), ..good.clone() },
        Target { indicator: "closing_rate".to_owned(), ..good.clone() },
        Target { unit_of_measure: "公倾".to_owned(), ..good.clone() },
        Target { planned: -1.0, task: "b".to_owned(), ..good.clone() },
        Target { planned: f64::NAN, task: "c".to_owned(), ..good.clone() },
        Target { planned: 0.000_000_5, task: "d".to_owned(), ..good.clone() },
        good.clone(),
        good.clone(),
        timed("e", &[("2026-02-30", 0.1)]),
        timed("f", &[("2025-12-31", 0.1)]),
        timed("g", &[("2026-06-30", 0.1), ("2026-06-30", 0.2)]),
        timed("h", &[("2027-01-01", 0.1)]),
        timed("i", &[("2026-06-30", 0.2), ("2026-07-31", 0.1)]),
        timed("j", &[("2026-06-30", 1.1)]),
        timed("k", &[("2026-06-30", -0.1)]),
        timed("l", &[("2026-12-31", 1.0); 367]),
    ];
    let (definitions, units) = (shipped(), district());
    let faults = Targets::new(faulty, &definitions, &units).unwrap_err();
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    for expected in [
        "target 1, task: \" \" must name a task",
        "target 2, unit: \"t9\" is the code of no unit",
        "target 3, indicator: \"closing_rate\" is not measured against targets; \
         completion_area completion_land completion_count are",
        "target 4, unit_of_measure: \"公倾\" needs a factor",
        "target 5, planned: \"-1\" is no target",
        "target 6, planned: \"NaN\" is no target",
        "target 7, planned: \"0.0000005\" is finer than hundredths",
        "target 9, period: \"2026\" has another target",
        "target 10, timetable: \"2026-02-30\" cannot be used: \"2026-02-30\" is no day",
        "target 11, timetable: \"2025-12-31\" is no day of 2026 after the step before it",
        "target 12, timetable: \"2026-06-30\" is no day of 2026 after the step before it",
        "target 13, timetable: \"2027-01-01\" is no day of 2026",
        "target 14, timetable: \"0.1 by 2026-07-31\" is less than by the step before it",
        "target 15, timetable: \"1.1 by 2026-06-30\" is less than by the step before it, or more",
        "target 16, timetable: \"-0.1 by 2026-06-30\" is no target",
        "target 17, timetable: \"367\" steps; at most 366 are possible",
    ] {
        assert!(told.iter().any(|fault| fault.starts_with(expected)), "{expected}: {told:#?}");
    }
    let acres = Target { unit_of_measure: "亩".to_owned(), ..target("t1", "CW", "2026", 1.5) };
    let targets = Targets::new(vec![acres], &definitions, &units).unwrap();
    let slot = definitions.named("completion_area").unwrap().0;
    let planned = targets.planned(&units, slot, window("2026"), |_| true);
    assert_eq!(planned[units.slot("t1").unwrap()], Some(100_000));
}

#[test]
fn a_unit_that_is_behind_the_time_is_told_why() {
    let targets = ["t1", "t2", "t3"].map(|unit| target(unit, "CW", "2026", 1.0)).to_vec();
    let mut asked = Asked::new(shipped(), targets);
    let facts = [point("t1", "CW", 3_000), point("t2", "CW", 3_210), point("t3", "CW", 2_999)];
    let lamp_of_t1 = |asked: &Asked| {
        let figures = evaluate(&asked.question(), &facts);
        progress(&asked.question(), &figures, ProgressRules::default())[1].lamp
    };
    // Behind by ten points exactly.
    assert_eq!(lamp_of_t1(&asked), Some(Lamp::Yellow));
    let facts = [point("t1", "CW", 4_000), point("t2", "CW", 3_210), point("t3", "CW", 2_999)];
    let figures = evaluate(&asked.question(), &facts);
    let found = progress(&asked.question(), &figures, ProgressRules::default());
    let lamps = |found: &[super::Progress]| -> Vec<(String, Option<Lamp>)> {
        found.iter().map(|one| (one.code.clone(), one.lamp)).collect()
    };
    let lamp = |code: &str, lamp| (code.to_owned(), Some(lamp));
    // 146 of 365 days are exactly two fifths.
    assert_eq!(
        lamps(&found),
        [
            lamp("d", Lamp::Yellow),
            lamp("t1", Lamp::Green),
            lamp("t2", Lamp::Yellow),
            lamp("t3", Lamp::Red)
        ]
    );
    assert_eq!((found[1].reason.as_deref(), found[1].person.as_deref()), (None, Some("t1 person")));
    assert_eq!(
        found[2].reason.as_deref(),
        Some(
            "完成 32.10%（实际 3210.00 ㎡，目标 10000.00 ㎡），时间进度 40.00%，落后 7.90 个百分点；\
             口径：完成率（建筑面积） = 期内完成建筑面积 ÷ 目标值（2026-01 版，自拟口径）"
        )
    );
    let table = progress_table(&asked.question(), &found, Persons::Hidden, caption());
    assert!(table.rows.iter().flatten().all(|cell| !cell.to_string().contains("person")));
    let table = progress_table(&asked.question(), &found, Persons::Shown, caption());
    assert_eq!(
        (table.columns[9].heading(), table.rows[3][9].to_string()),
        ("责任人".into(), "t3 person".into())
    );
    assert_eq!(table.rows[3][5].to_string(), "29.99");
    assert_eq!(table.rows[3][7].to_string(), "红");
    asked.moment.at = window("2026").to;
    let facts = [point("t1", "CW", 9_999), point("t2", "CW", 10_000)];
    let figures = evaluate(&asked.question(), &facts);
    let found = progress(&asked.question(), &figures, ProgressRules::default());
    assert_eq!(lamps(&found)[1..3], [lamp("t1", Lamp::Red), lamp("t2", Lamp::Green)]);
}

#[test]
fn what_is_due_follows_the_timetable_and_each_target_its_own_period() {
    let year = |unit, steps: &[(&str, f64)]| Target {
        timetable: timetable(steps),
        ..target(unit, "CW", "2026", 1.0)
    };
    let targets = vec![
        // 10 % by the 90th day, 60 % by the 181st, the rest evenly until the end.
        year("t1", &[("2026-03-31", 0.1), ("2026-06-30", 0.6)]),
        // Quarters of a year, each over its own time.
        target("t2", "CW", "2026-Q1", 0.2),
        target("t2", "CW", "2026-Q3", 0.8),
        // All at once on the last day but one.
        year("t3", &[("2026-12-30", 0.0), ("2026-12-31", 1.0)]),
    ];
    let mut asked = Asked::new(shipped(), targets);
    for (days, done, expected) in [
        (45, 0, ["5.00%", "5.00%", "10.00%", "0.00%"]),
        (90, 1_000, ["10.00%", "10.00%", "20.00%", "0.00%"]),
        (181, 6_000, ["26.67%", "60.00%", "20.00%", "0.00%"]),
        (273, 8_000, ["60.00%", "80.00%", "100.00%", "0.00%"]),
        (365, 10_000, ["100.00%"; 4]),
        (400, 10_000, ["100.00%"; 4]),
    ] {
        asked.moment.at = Timestamp(BEGIN + days * DAY_MS);
        let facts = [point("t1", "CW", done)];
        let figures = evaluate(&asked.question(), &facts);
        let found = progress(&asked.question(), &figures, ProgressRules::default());
        let times: Vec<String> =
            found.iter().map(|one| format!("{}%", percent(one.time.parts()))).collect();
        assert_eq!(times, expected, "{days} days");
        // Reached to the last hundredth.
        assert_eq!(found[1].lamp, if days == 45 { Some(Lamp::Yellow) } else { Some(Lamp::Green) });
    }
    // A part whose own time is over is unfinished, though the year is not.
    asked.moment.at = Timestamp(BEGIN + 300 * DAY_MS);
    let facts = [point("t2", "CW", 9_999)];
    let figures = evaluate(&asked.question(), &facts);
    let found = progress(&asked.question(), &figures, ProgressRules::default());
    assert_eq!(found[2].lamp, Some(Lamp::Red));
    assert!(found[2].reason.as_deref().unwrap().contains("时间进度 100.00%，落后 0.01 个百分点"));
}

#[test]
fn equal_values_share_a_place_and_units_without_one_come_last() {
    let targets = vec![target("t1", "CW", "2026", 0.3), target("t2", "CW", "2026", 0.6)];
    let asked = Asked::new(shipped(), targets);
    // One third twice, of other numbers; no target for t3.
    let facts = [point("t1", "CW", 1_000), point("t2", "CW", 2_000), point("t3", "CW", 1)];
    let figures = evaluate(&asked.question(), &facts);
    let slot = asked.slot("completion_area");
    let ranked = rank(&figures, &asked.definitions, slot, 1);
    let places: Vec<_> =
        ranked.iter().map(|one| (one.code.as_str(), one.place, one.ties)).collect();
    assert_eq!(places, [("t1", Some(1), 1), ("t2", Some(1), 1), ("t3", None, 0)]);
    assert_eq!(ranked[2].value, Err(NoValue::NoTarget));
    let table = ranking_table(&asked.question(), &ranked, slot, None, caption());
    let rows: Vec<String> = table
        .rows
        .iter()
        .map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join("|"))
        .collect();
    assert_eq!(
        rows,
        ["1|t1|西红门镇|33.33|2 家并列", "1|t2|黄村镇|33.33|2 家并列", "|t3|瀛海镇|—（无目标值）|"]
    );
    let villages = rank(&figures, &asked.definitions, slot, 2);
    assert_eq!(villages.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["v1", "v2"]);
    // The less the better: t3 has no open point overdue, the others all.
    let mut facts = facts;
    for late in &mut facts[..2] {
        late.deadline = Some(Timestamp(BEGIN + 1));
    }
    let figures = evaluate(&asked.question(), &facts);
    let ranked = rank(&figures, &asked.definitions, asked.slot("overdue_rate"), 1);
    let places: Vec<_> = ranked.iter().map(|one| (one.code.as_str(), one.place)).collect();
    assert_eq!(places, [("t3", Some(1)), ("t1", Some(2)), ("t2", Some(2))]);
    let mut earlier = ranked.clone();
    (earlier[0].place, earlier[1].place, earlier[2].place) = (Some(3), None, Some(1));
    let earlier = Some((asked.moment, earlier.as_slice()));
    let slot = asked.slot("overdue_rate");
    let table = ranking_table(&asked.question(), &ranked, slot, earlier, caption());
    let changes: Vec<(String, String)> =
        table.rows.iter().map(|row| (row[5].to_string(), row[6].to_string())).collect();
    let change = |before: &str, won: &str| (before.to_owned(), won.to_owned());
    assert_eq!(changes, [change("3", "2"), change("", ""), change("1", "-1")]);
    let last = table.notes.last().unwrap();
    assert!(last.contains("上次名次的数据截至 2026-05-27 00:00"), "{last}");
}

#[test]
fn sums_of_other_collections_are_handed_in_and_terms_are_taken_away() {
    let text = r#"
edition = "g"
sums = [
    { name = "greened_area", collection = "land_releases" },
    { name = "released_area", collection = "land_releases" },
    { name = "opened", collection = "outlets" },
    { name = "closed", collection = "outlets" },
]
[[indicators]]
code = "greened"
name = "留白增绿"
extent = "flow"
unit_of_measure = "公顷"
better = "more"
basis = "local"
source = "example"
formula = { sum = { terms = [{ measure = { outside = "greened_area" } }] } }
[[indicators]]
code = "greened_rate"
name = "还绿率"
extent = "flow"
unit_of_measure = "%"
better = "more"
basis = "local"
source = "example"
formula = { rate = { numerator = [{ measure = { outside = "greened_area" } }], denominator = [{ measure = { outside = "released_area" } }] } }
[[indicators]]
code = "net_outlets"
name = "净增网点"
extent = "flow"
unit_of_measure = "个"
better = "more"
basis = "local"
source = "example"
formula = { sum = { terms = [{ measure = { outside = "opened" } }, { measure = { outside = "closed" }, times = -1 }] } }
[[indicators]]
code = "closed_less_twice_open"
name = "已销账减两倍未销账"
extent = "stock"
unit_of_measure = "处"
better = "less"
basis = "local"
source = "example"
formula = { sum = { terms = [{ measure = "points", where = ["closed"] }, { measure = "points", where = ["open"], times = -2 }] } }
"#;
    let definitions = Definitions::new(toml::from_str(text).unwrap()).unwrap();
    assert_eq!(
        definitions.outside_names().into_iter().collect::<Vec<_>>(),
        ["closed", "greened_area", "opened", "released_area"]
    );
    let mut asked = Asked::new(definitions, Vec::new());
    let sums =
        |sums: &[(&str, i64)]| sums.iter().map(|(unit, sum)| ((*unit).to_owned(), *sum)).collect();
    // Hundredths of m²: 2 ha and half a hectare.
    let greened = sums(&[("t1", 2_000_000), ("v1", 500_000), ("elsewhere", 1)]);
    asked.outside.insert("greened_area".to_owned(), greened);
    asked.outside.insert("released_area".to_owned(), sums(&[("t1", 4_000_000)]));
    asked.outside.insert("opened".to_owned(), sums(&[("t1", 300)]));
    let figures = evaluate(&asked.question(), []);
    let values = |code| -> Vec<String> {
        asked.shown(&figures, code).into_iter().map(|(_, value)| value).collect()
    };
    assert_eq!(values("greened"), ["2.50", "2.00", "0.50", "0.50", "0.00", "0.00", "0.00", "0.00"]);
    assert_eq!(figures.rows[7].figures[0].numerator, Some(1));
    assert_eq!(values("greened_rate")[..3], ["62.50", "50.00", "分母为零"]);
    assert_eq!(values("net_outlets")[0], "未提供：closed");
    asked.outside.insert("closed".to_owned(), sums(&[("t1", 500)]));
    let figures = evaluate(&asked.question(), []);
    assert_eq!(asked.shown(&figures, "net_outlets")[1].1, "-2.00");
    let figures = evaluate(&asked.question(), &[point("t1", "CW", 1)]);
    assert_eq!(asked.shown(&figures, "closed_less_twice_open")[1].1, "-2.00");
}

#[test]
fn a_score_needs_the_weights_of_its_year() {
    let mut asked = Asked::new(shipped(), Vec::new());
    asked.moment.window = window("2025");
    let figures = evaluate(&asked.question(), []);
    let value = &figures.rows[0].figures[asked.slot("score")].value;
    assert_eq!(*value, Err(NoValue::NoWeights { year: 2025 }));
}

fn caption() -> Caption<'static> {
    Caption { title: "考核表", revision: Revision(123), focus_area: None }
}

#[test]
fn tables_say_their_basis_moment_and_revision() {
    let asked = Asked::new(shipped(), vec![target("t1", "CW", "2026", 1.0)]);
    let facts = [point("t1", "CW", 2_580), point("v1", "CW", 0)];
    let figures = evaluate(&asked.question(), &facts);
    let values = figures_table(&asked.question(), &figures, caption(), (1, Detail::Values));
    assert_eq!(values.columns.len(), 2 + asked.definitions.all().len());
    assert_eq!(values.columns[3].heading(), "销账率（%，自拟口径）");
    let names_of_rows: Vec<String> = values.rows.iter().map(|row| row[1].to_string()).collect();
    assert_eq!(names_of_rows, ["大兴区", "西红门镇", "黄村镇", "瀛海镇", "未落界"]);
    assert_eq!(
        values.notes[0],
        "数据截至 2026-05-27 00:00（北京时间，按记录时间）；期间 2026-01-01 00:00 至 \
         2027-01-01 00:00（不含）；数据修订号 123"
    );
    assert_eq!(values.notes[1], "范围：大兴区（d），全部任务；指标口径 2026-01 版");
    assert!(values.notes[2].contains("；自拟口径；来源：自拟"), "{}", values.notes[2]);
    let parts = figures_table(&asked.question(), &figures, caption(), (9, Detail::Parts));
    assert_eq!(parts.rows.len(), 8);
    for table in [&values, &parts] {
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    }
    let first = parts.columns.iter().position(|column| column.group == "完成率（建筑面积）");
    let cells: Vec<String> =
        parts.rows[1][first.unwrap()..][..3].iter().map(ToString::to_string).collect();
    assert_eq!(cells, ["2580.00", "10000.00", "25.80"]);
}

#[test]
fn every_figure_has_a_name_for_templates() {
    let asked = Asked::new(shipped(), vec![target("t1", "CW", "2026", 1.0)]);
    let figures = evaluate(&asked.question(), &[point("t1", "CW", 2_580)]);
    let names = names(&asked.question(), &figures, caption());
    let cell = |name: &str| {
        let found: Vec<&TableCell> =
            names.iter().filter(|(own, _)| own == name).map(|(_, cell)| cell).collect();
        assert_eq!(found.len(), 1, "{name}");
        found[0].to_string()
    };
    assert_eq!(cell("completion_area.t1"), "25.80");
    assert_eq!(cell("denominator.completion_area.t1"), "10000.00");
    assert_eq!(cell("fraction.completion_area.t1"), "0.2580");
    assert_eq!(cell("fraction.completion_area.t2"), "—（无目标值）");
    assert_eq!(cell("fraction.new_points"), "");
    assert_eq!((cell("new_points"), cell("new_points.d")), ("1".into(), "1".into()));
    assert_eq!(cell("new_points.unplaced.t2"), "0");
    assert_eq!((cell("revision"), cell("unit")), ("123".into(), "大兴区".into()));
    assert_eq!(cell("as_of"), "2026-05-27 00:00");
}
