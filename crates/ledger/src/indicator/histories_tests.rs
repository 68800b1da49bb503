//! Random histories of points, raised through the state machine: what the tests of indicators
//! count.
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use spatial::Timestamp;

use super::{DEFAULT_DEFINITIONS, Definitions, Period, PointFacts, Unit, UnitTree, year_of};
use crate::point::{
    Event, EventId, EventKind, EvidenceId, Finding, Payload, Point, PointId, Proof, Quantities,
    Raised, Role, Rules, SquareMetres, ToldAnew, follows,
};

pub(super) const DAY_MS: i64 = 86_400_000;
/// 2024-09-01 in Asia/Shanghai; histories reach from there into 2027.
const START: i64 = 1_725_120_000_000;
/// Codes that points name: towns, a village, the district itself, and what is no unit.
const CODES: [&str; 7] = ["t1", "t2", "t3", "v1", "v2", "d", "elsewhere"];

/// A district with three towns; one of them with two villages.
pub(super) fn district() -> UnitTree {
    let unit = |(code, name, parent): (&str, &str, &str)| Unit {
        code: code.to_owned(),
        name: name.to_owned(),
        parent: (!parent.is_empty()).then(|| parent.to_owned()),
    };
    let units = [
        ("d", "大兴区", ""),
        ("t1", "西红门镇", "d"),
        ("t2", "黄村镇", "d"),
        ("t3", "瀛海镇", "d"),
        ("v1", "一村", "t2"),
        ("v2", "二村", "t2"),
    ];
    UnitTree::new(units.into_iter().map(unit).collect()).unwrap()
}

/// The indicators that come with the program.
pub(super) fn shipped() -> Definitions {
    Definitions::new(toml::from_str(DEFAULT_DEFINITIONS).unwrap()).unwrap()
}

pub(super) fn window(period: &str) -> super::Window {
    period.parse::<Period>().unwrap().window()
}

/// A point with its events, in the order in which the server heard of them.
#[derive(Clone, Debug)]
pub(super) struct History {
    pub(super) id: PointId,
    pub(super) events: Vec<Event>,
}

impl History {
    /// The events that were recorded by a moment.
    pub(super) fn by(&self, at: Timestamp) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| event.recorded_at <= at)
    }

    /// The point as it was known at a moment.
    pub(super) fn point(&self, at: Timestamp) -> Option<Point> {
        Point::fold(self.id, self.by(at), &Rules::default()).unwrap()
    }

    /// The facts of the fold at a moment.
    pub(super) fn facts(&self, at: Timestamp) -> Option<PointFacts> {
        self.point(at).map(|point| PointFacts::of(&point, year(&point)))
    }
}

/// The year of registering.
pub(super) fn year(point: &Point) -> Option<i32> {
    point.registered_at().map(year_of)
}

/// One step of a history, by numbers from which `raised` makes an event.
#[derive(Clone, Debug)]
struct Step {
    pick: usize,
    /// Hours from the event before, as the server hears of it.
    hours: i64,
    /// Hours by which it happened before that.
    lag: i64,
    is_backfilled: bool,
    number: u64,
}

fn uuid(number: u64) -> u128 {
    0x7 << 76 | 0b10 << 62 | u128::from(number)
}

fn done(number: u64) -> Quantities {
    Quantities {
        build_area_m2: SquareMetres::from_hundredths(number % 100_003),
        land_area_m2: SquareMetres::from_hundredths(number % 70_001 + 1),
        count: number % 4,
    }
}

/// Raises what a step says, if the point takes it.
fn raise(point: &mut Point, step: &Step, now: Timestamp, events: &mut Vec<Event>) {
    let ahead = [
        EventKind::Register,
        EventKind::Dispatch,
        EventKind::Accept,
        EventKind::Progress,
        EventKind::Submit,
        EventKind::TownVerify,
        EventKind::DistrictClose,
    ];
    let fitting: Vec<EventKind> = EventKind::ALL
        .into_iter()
        .filter(|kind| follows(point.state(), *kind))
        // Points that nobody works on tell little; ways ahead are taken more often.
        .flat_map(|kind| std::iter::repeat_n(kind, if ahead.contains(&kind) { 6 } else { 1 }))
        .filter(|kind| *kind != EventKind::Void || step.number.is_multiple_of(5))
        .filter(|kind| *kind != EventKind::Correct || step.number.is_multiple_of(3))
        .collect();
    let Some(kind) = fitting.get(step.pick % fitting.len().max(1)).copied() else {
        return;
    };
    let rules = Rules::default();
    let hours = Timestamp(now.0 - step.lag * 3_600_000);
    let occurred_at = match step.is_backfilled {
        true => hours,
        false => hours.max(point.state_since()),
    };
    let event = Event {
        id: EventId::try_from(uuid(step.number + 1000 * events.len() as u64)).unwrap(),
        payload: payload(point, kind, step, occurred_at),
        actor: match (kind, point.submitter()) {
            (EventKind::Withdraw, Some(submitter)) => submitter.to_owned(),
            _ => kind.identifier().to_owned(),
        },
        role: Role::SHIPPED.into_iter().find(|role| rules.may_raise(*role, kind)).unwrap(),
        occurred_at,
        recorded_at: now,
        backfilled: step.is_backfilled,
    };
    if point.raise(&event, &rules) == Ok(Raised::New) {
        events.push(event);
    }
}

fn payload(point: &Point, kind: EventKind, step: &Step, at: Timestamp) -> Payload {
    let text = || "text".to_owned();
    let photo = |number: u64| EvidenceId::try_from(uuid(number)).unwrap();
    let fresh = 10_000 + point.events().len() as u64;
    let later = |days: u64| Timestamp(at.0 + days as i64 * DAY_MS);
    match kind {
        EventKind::Report => Payload::Report { unit: Some(text()), evidence: vec![] },
        EventKind::Reject => Payload::Reject { reason: text() },
        EventKind::Register => Payload::Register {
            code: format!("110115001-CW-{}-{:05}", year_of(at), step.number),
            task: ["CW", "KQ"][step.number as usize % 2].to_owned(),
            unit: CODES[step.number as usize % CODES.len()].to_owned(),
            person: None,
            planned: done(step.number * 7 + 1),
            deadline: later(1 + step.number % 200),
        },
        EventKind::Dispatch => Payload::Dispatch { receiver: text(), person: None },
        EventKind::Return => Payload::Return { reason: text() },
        EventKind::Accept => Payload::Accept,
        EventKind::Suspend => Payload::Suspend { approval: text(), until: later(9) },
        EventKind::Resume => Payload::Resume,
        EventKind::Submit => Payload::Submit {
            before: vec![photo(fresh)],
            after: vec![photo(fresh + 20_000)],
            actual: point.actual(),
        },
        EventKind::TownVerify => Payload::TownVerify,
        EventKind::DistrictClose => Payload::DistrictClose { proof: Proof::Site },
        EventKind::Fail => Payload::Fail { reason: text() },
        EventKind::SpotCheck => Payload::SpotCheck {
            finding: [Finding::Pass, Finding::NeverCleared, Finding::Reappeared]
                [step.number as usize % 3],
            evidence: vec![],
        },
        EventKind::Rebound => {
            Payload::Rebound { confirmed_by: text(), evidence: vec![photo(fresh + 40_000)] }
        }
        EventKind::Transfer => Payload::Transfer {
            department: text(),
            unit: step
                .number
                .is_multiple_of(2)
                .then(|| CODES[step.number as usize / 2 % CODES.len()].to_owned()),
        },
        EventKind::Void => Payload::Void { approval: text() },
        EventKind::Extend => Payload::Extend {
            approval: text(),
            deadline: Timestamp(
                point.deadline().unwrap_or(at).0 + (1 + step.number as i64 % 40) * DAY_MS,
            ),
        },
        EventKind::Withdraw => Payload::Withdraw,
        EventKind::Merge => Payload::Merge { into: PointId::try_from(uuid(1)).unwrap() },
        EventKind::Progress => Payload::Progress { done: done(step.number) },
        EventKind::Correct => {
            let told = point.events().iter().filter(|event| {
                matches!(event.payload, Payload::Register { .. } | Payload::Progress { .. })
            });
            let told: Vec<EventId> = told.map(|event| event.id).collect();
            let of = told.get(step.number as usize % told.len().max(1));
            let of = of.copied().unwrap_or(EventId::try_from(uuid(1)).unwrap());
            let anew = done(step.number * 3);
            let quantities = ToldAnew {
                build_area_m2: step.number.is_multiple_of(2).then_some(anew.build_area_m2),
                land_area_m2: Some(anew.land_area_m2),
                count: step.number.is_multiple_of(5).then_some(anew.count),
            };
            Payload::Correct { of, quantities, reason: text() }
        }
        EventKind::Supervise => Payload::Supervise { demand: text(), reply_by: later(5) },
        EventKind::Reply => {
            let asked = point.open_supervisions().next().map(|open| open.event);
            let to = asked.unwrap_or(EventId::try_from(uuid(1)).unwrap());
            Payload::Reply { to, answer: text() }
        }
        EventKind::HoldAccountable => Payload::HoldAccountable {
            for_event: point.events()[step.number as usize % point.events().len()].id,
            unit: text(),
            person: None,
            reason: text(),
            decision: text(),
            evidence: vec![],
        },
    }
}

fn history(number: u64, steps: &[Step]) -> History {
    let id = PointId::try_from(uuid(number)).unwrap();
    let first = &steps[0];
    let mut now = Timestamp(START + i64::try_from(first.number).unwrap() % 700 * DAY_MS);
    let report = Event {
        id: EventId::try_from(uuid(number)).unwrap(),
        payload: Payload::Report { unit: Some("t1".to_owned()), evidence: vec![] },
        actor: "report".to_owned(),
        role: Role::GRID_WORKER,
        occurred_at: now,
        recorded_at: now,
        backfilled: false,
    };
    let mut point = Point::report(id, &report, &Rules::default()).unwrap();
    let mut events = vec![report];
    for step in steps {
        now = Timestamp(now.0 + step.hours * 3_600_000);
        raise(&mut point, step, now, &mut events);
    }
    History { id, events }
}

/// Random histories of several points.
pub(super) fn histories(points: std::ops::Range<usize>) -> impl Strategy<Value = Vec<History>> {
    let step =
        (any::<usize>(), 0..400_i64, 0..200_i64, prop::bool::weighted(0.1), 0..1_000_000_u64)
            .prop_map(|(pick, hours, lag, is_backfilled, number)| Step {
                pick,
                hours,
                lag: if number.is_multiple_of(3) { lag } else { 0 },
                is_backfilled,
                number,
            });
    let steps = prop::collection::vec(step, 1..45);
    prop::collection::vec(steps, points).prop_map(|all| {
        (1..).zip(&all).map(|(number, steps)| history(number * 1_000_000_000, steps)).collect()
    })
}
