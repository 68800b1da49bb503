//! Rules about enterprises and legal steps against a recomputation that looks at every pair, and who
//! may ask them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use ::ledger::catalogue::{Area, Catalogue, CatalogueSet, Edition, Entry, Verdict};
use ::ledger::clue::{
    ComplaintsRisk, ExitOverdue, Finding, HighRisk, IndustryRisk, Kind, Left, LegalSteps,
    LicenceAlive, LicenceRisk, ReboundRisk, ResidentialRisk,
};
use ::ledger::indicator::Basis;
use geo::Intersects;
use geo_types::{Geometry as Shape, Polygon};
use spatial::{FieldClass, GeometryType};

use super::CluesQuery;
use super::sample::{Dice, Row, described, found, ids, metres, opened, parcels, query, row, texts};
use crate::{EngineError, Profile};

fn catalogue() -> Arc<Catalogue> {
    let entry = |industry: &str, verdict, areas: &[&str]| Entry {
        industry: industry.to_owned(),
        name: "示例".to_owned(),
        areas: texts(areas),
        verdict,
        conditions: String::new(),
    };
    let edition = Edition {
        edition: "t".to_owned(),
        valid_from: "2026-01-01".to_owned(),
        basis: Basis::Template,
        source: "自拟口径".to_owned(),
        areas: vec![Area { name: "a".to_owned(), units: texts(&["110101"]) }],
        entries: vec![
            entry("C", Verdict::Restricted, &[]),
            entry("C26", Verdict::Prohibited, &["a"]),
        ],
    };
    Arc::new(Catalogue::new(CatalogueSet { editions: vec![edition] }).unwrap())
}

const ENTERPRISES: [&str; 7] =
    ["code", "licence_state", "industry", "district", "opened", "parcel", "point"];

fn rule() -> HighRisk {
    let text = |text: &str| text.to_owned();
    HighRisk {
        enterprises: text("enterprises"),
        readers: Vec::new(),
        least_score: 20,
        most: 1_000,
        licence: Some(LicenceRisk {
            field: text("licence_state"),
            states: texts(&["吊销", "无照"]),
            weight: 30,
            weight_unknown: 5,
        }),
        industry: Some(IndustryRisk {
            field: text("industry"),
            unit: text("district"),
            opened: text("opened"),
            weight_prohibited: 25,
            weight_restricted: 10,
        }),
        residential: Some(ResidentialRisk {
            parcels: text("parcels"),
            code: text("key"),
            use_code: text("use"),
            uses: texts(&["0701", "0702"]),
            parcel: text("parcel"),
            weight: 20,
        }),
        complaints: Some(ComplaintsRisk {
            complaints: text("complaints"),
            occurred: text("day"),
            metres: 50.0,
            days: 120,
            least: 2,
            weight: 15,
        }),
        rebound: Some(ReboundRisk {
            points: text("points"),
            point: text("point"),
            metres: 20.0,
            weight: 12,
        }),
    }
}

#[tokio::test]
async fn scores_are_those_of_every_pair_and_come_highest_first() {
    let mut dice = Dice(29);
    let shapes: Vec<Polygon<f64>> = parcels(&mut dice, 12);
    let parcel_row = |(n, shape): (usize, &Polygon<f64>)| -> Row {
        let used = dice.pick(&["0701", "0702", "0601", "05H1", ""]).to_owned();
        (Some(Shape::Polygon(shape.clone())), vec![format!("Z{n}"), used])
    };
    let parcels: Vec<Row> = shapes.iter().enumerate().map(parcel_row).collect();
    let complaint = |n: usize| (Some(dice.point(240.0)), vec![format!("c{n}"), dice.day()]);
    let complaints: Vec<Row> = (0..60).map(complaint).collect();
    let point = |n: usize| {
        let values =
            [&format!("p{n}"), &format!("110115-{n}"), dice.pick(&["", "0", "0", "1", "2"])];
        (Some(dice.point(240.0)), texts(&values.map(|one| one)))
    };
    let points: Vec<Row> = (0..40).map(point).collect();
    let enterprise = |n: usize| {
        let parcel = match dice.roll(3.0) as u8 {
            0 => format!("z{}", dice.roll(140.0) as usize),
            _ => String::new(),
        };
        let point = match dice.roll(3.0) as u8 {
            0 => format!("P{}", dice.roll(45.0) as usize),
            1 => format!("110115-{}", dice.roll(45.0) as usize),
            _ => String::new(),
        };
        let values = [
            &format!("e{n}"),
            dice.pick(&["存续", "吊销", "无照", ""]),
            dice.pick(&["C2631", "2631", "C1310", "F5111", "食品", ""]),
            dice.pick(&["110101", "110115", ""]),
            &dice.day(),
            &parcel,
            &point,
        ];
        (Some(dice.point(240.0)), texts(&values.map(|one| one)))
    };
    let enterprises: Vec<Row> = (0..150).map(enterprise).collect();
    let engine = opened(vec![
        (described("enterprises", GeometryType::Point, &ENTERPRISES), enterprises.clone()),
        (described("parcels", GeometryType::Polygon, &["key", "use"]), parcels.clone()),
        (described("complaints", GeometryType::Point, &["no", "day"]), complaints.clone()),
        (
            described("points", GeometryType::Point, &["id", "code", "rebound_count"]),
            points.clone(),
        ),
    ])
    .await;
    let catalogue = catalogue();

    let days_ago = |day: &str| {
        let today: ::ledger::place::Day = "2026-07-01".parse().unwrap();
        today.days_since(day.parse().unwrap())
    };
    let rebounds = |row: &Row| row.1[2].parse::<i64>().unwrap_or(0);
    let mut expected: Vec<(u32, i64)> = Vec::new();
    for (n, one) in enterprises.iter().enumerate() {
        let mut score = match one.1[1].as_str() {
            "吊销" | "无照" => 30,
            "" => 5,
            _ => 0,
        };
        score += match (one.1[2].as_str(), one.1[3].as_str()) {
            ("C2631" | "2631", "110101") => 25,
            ("C2631" | "2631" | "C1310", _) => 10,
            _ => 0,
        };
        let named = parcels.iter().find(|row| row.1[0] == one.1[5].to_uppercase());
        let under = || {
            parcels.iter().find(|row| row.0.as_ref().unwrap().intersects(one.0.as_ref().unwrap()))
        };
        if named.or_else(under).is_some_and(|row| row.1[1].starts_with("070")) {
            score += 20;
        }
        let near = complaints
            .iter()
            .filter(|row| metres(row, one) <= 50.0 && (0..=120).contains(&days_ago(&row.1[1])));
        if near.count() >= 2 {
            score += 15;
        }
        let tied = points.iter().any(|row| {
            let is_named = row.1[0] == one.1[6].to_lowercase() || row.1[1] == one.1[6];
            is_named && rebounds(row) > 0
        });
        if tied || points.iter().any(|row| rebounds(row) > 0 && metres(row, one) <= 20.0) {
            score += 12;
        }
        if score >= 20 {
            expected.push((score, row(n)));
        }
    }
    expected.sort_by_key(|(score, id)| (u32::MAX - score, *id));
    assert!(expected.len() > 60 && expected.len() < 150, "{}", expected.len());
    let asked =
        CluesQuery { catalogue: Arc::clone(&catalogue), ..query(Kind::HighRisk(Box::new(rule()))) };
    let told = engine.clues(asked.clone()).await.unwrap();
    let scored: Vec<(u32, i64)> = told
        .clues
        .iter()
        .map(|clue| match &clue.finding {
            Finding::HighRisk(risk) => {
                let text = clue.finding.to_string();
                assert!(text.starts_with("疑似高风险主体"), "{text}");
                assert!(risk.reasons.iter().all(|one| text.contains(&one.to_string())), "{text}");
                (risk.score(), clue.subjects[0].id.value())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(scored, expected);
    // The highest alone, and pages of them.
    let most = Kind::HighRisk(Box::new(HighRisk { most: 7, ..rule() }));
    let asked = CluesQuery { catalogue, offset: 5, ..query(most) };
    let told = engine.clues(asked).await.unwrap();
    assert_eq!((told.count, told.clues.len()), (7, 2));
    assert_eq!(ids(&told), [[expected[5].1], [expected[6].1]]);
    // Without an edition nothing is said of industries, without complaints nothing of them.
    let industry = HighRisk {
        licence: None,
        residential: None,
        complaints: Some(ComplaintsRisk {
            complaints: "none".to_owned(),
            ..rule().complaints.unwrap()
        }),
        rebound: None,
        least_score: 1,
        ..rule()
    };
    assert_eq!(found(&engine, Kind::HighRisk(Box::new(industry))).await.count, 0);
}

#[tokio::test]
async fn who_may_not_read_the_key_of_enterprises_is_refused() {
    let mut enterprises = described("enterprises", GeometryType::Point, &ENTERPRISES);
    enterprises.fields[0].class = FieldClass::L2;
    let mut dice = Dice(3);
    let values = ["e1", "吊销", "", "", "", "", ""];
    let engine = opened(vec![(enterprises, vec![(Some(dice.point(10.0)), texts(&values))])]).await;
    let refused = engine.clues(query(Kind::HighRisk(Box::new(rule())))).await;
    assert!(
        matches!(&refused, Err(EngineError::HiddenField { name }) if name == "code"),
        "{refused:?}"
    );
    let profile = Profile { highest: FieldClass::L2, ..Profile::default() };
    let told = engine
        .clues(CluesQuery { profile, ..query(Kind::HighRisk(Box::new(rule()))) })
        .await
        .unwrap();
    assert_eq!(told.count, 1);
    assert_eq!(told.clues[0].subjects[0].key.as_deref(), Some("e1"));
}

const LEDGER: [&str; 7] =
    ["id", "code", "task", "state", "state_since", "registered_at", "closed_at"];

fn ledger_point(dice: &mut Dice, [id, task, state, closed]: [&str; 4]) -> Row {
    let code = format!("N-{id}");
    (Some(dice.point(100.0)), texts(&[id, &code, task, state, "", "", closed]))
}

#[tokio::test]
async fn licences_that_live_on_and_exits_that_are_late_are_told() {
    let mut dice = Dice(5);
    let points = vec![
        ledger_point(&mut dice, ["p1", "KQ", "closed", "2026-05-01T04:00:00.000Z"]),
        ledger_point(&mut dice, ["p2", "KQ", "closed", "2026-06-01T04:00:00.000Z"]),
        ledger_point(&mut dice, ["p3", "KQ", "rebounded", "2026-01-01T04:00:00.000Z"]),
        ledger_point(&mut dice, ["p4", "CW", "closed", "2026-01-01T04:00:00.000Z"]),
    ];
    let fields =
        ["code", "point", "licence_state", "exit_state", "exit_due", "exited", "released_m2"];
    let mut enterprise = |values: [&str; 7]| (Some(dice.point(100.0)), texts(&values));
    let enterprises = vec![
        enterprise(["e1", "N-p1", "存续", "", "", "", ""]),
        enterprise(["e2", "p2", "存续", "", "", "", ""]),
        enterprise(["e3", "p3", "存续", "", "", "", ""]),
        enterprise(["e4", "p4", "存续", "拟退出", "2026-06-30", "", ""]),
        enterprise(["e5", "P1", "注销", "拟退出", "2026-07-01", "", ""]),
        enterprise(["e6", "", "存续", "已退出", "2025-12-31", "2026-03-01", ""]),
        enterprise(["e7", "", "存续", "已退出", "2025-12-31", "2026-03-01", "120.5"]),
        enterprise(["e8", "", "存续", "已退出", "", "2026-04-02", "0"]),
    ];
    let engine = opened(vec![
        (described("enterprises", GeometryType::Point, &fields), enterprises),
        (described("points", GeometryType::Point, &LEDGER), points),
    ])
    .await;
    let text = |text: &str| text.to_owned();
    let alive = LicenceAlive {
        enterprises: text("enterprises"),
        readers: Vec::new(),
        point: text("point"),
        licence_state: text("licence_state"),
        alive: texts(&["存续"]),
        points: text("points"),
        tasks: texts(&["KQ"]),
        days: 30,
    };
    let told = found(&engine, Kind::LicenceAlive(alive.clone())).await;
    assert_eq!(ids(&told), [[1, 1]]);
    assert_eq!(
        told.clues[0].finding.to_string(),
        "疑似封堵后仍持照：主体 e1 所属点位 p1 已于 2026-05-01 销账，61 天后证照仍为存续"
    );
    let every = LicenceAlive { tasks: Vec::new(), days: 29, ..alive };
    assert_eq!(ids(&found(&engine, Kind::LicenceAlive(every)).await), [[1, 1], [2, 2], [4, 4]]);

    let overdue = ExitOverdue {
        enterprises: text("enterprises"),
        readers: Vec::new(),
        exit_state: text("exit_state"),
        done: texts(&["已退出"]),
        exit_due: text("exit_due"),
        exited: text("exited"),
        released_m2: text("released_m2"),
        days: 90,
    };
    let told = found(&engine, Kind::ExitOverdue(overdue)).await;
    assert_eq!(ids(&told), [[4], [6]]);
    assert!(matches!(&told.clues[0].finding, Finding::Left(Left::Exit { days: 1, .. })));
    assert!(matches!(&told.clues[1].finding, Finding::Left(Left::Land { days: 122, .. })));
}

#[tokio::test]
async fn legal_steps_that_lack_or_come_late_are_told_of_closed_points() {
    let mut dice = Dice(9);
    let at = "2026-05-01T04:00:00.000Z";
    let points = vec![
        ledger_point(&mut dice, ["p1", "CW", "closed", at]),
        ledger_point(&mut dice, ["p2", "CW", "closed", at]),
        ledger_point(&mut dice, ["p3", "CW", "registered", ""]),
        ledger_point(&mut dice, ["p4", "KQ", "closed", at]),
        ledger_point(&mut dice, ["p5", "CW", "closed", at]),
    ];
    let steps = [
        ["s1", "p1", "决定", "2026-03-01", "2026-03-02"],
        ["s2", "N-p1", "送达", "2026-03-05", "2026-03-04"],
        ["s3", "p1", "执行", "2026-03-03", ""],
        ["s4", "p5", "决定", "2026-03-01", ""],
        ["s5", "p5", "送达", "2026-03-02", ""],
        ["s6", "p5", "执行", "2026-03-02", "2026-03-02"],
    ];
    let steps: Vec<Row> = steps.iter().map(|values| (None, texts(values))).collect();
    let engine = opened(vec![
        (described("points", GeometryType::Point, &LEDGER), points),
        (described("steps", GeometryType::Point, &["no", "point", "step", "done", "due"]), steps),
    ])
    .await;
    let text = |text: &str| text.to_owned();
    let rule = LegalSteps {
        points: text("points"),
        tasks: texts(&["CW"]),
        steps: text("steps"),
        point: text("point"),
        step: text("step"),
        done: text("done"),
        due: text("due"),
        order: texts(&["决定", "送达", "执行"]),
    };
    let told = found(&engine, Kind::LegalSteps(rule)).await;
    let reasons: Vec<String> = told.clues.iter().map(|clue| clue.finding.to_string()).collect();
    assert_eq!(
        reasons,
        [
            "疑似法律程序不全：已销账点位 p1，逾期：送达，早于前一步骤：执行",
            "疑似法律程序不全：已销账点位 p2，缺：决定、送达、执行",
        ]
    );
}
