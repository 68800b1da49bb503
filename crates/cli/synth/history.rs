//! The history of one point: the events of its plan on their days of the two years, each raised as
//! the rules of the ledger say, by made-up actors in fitting roles.
//!
//! The ledger hears of an event on the evening of its day; of some days later, from phones that had no
//! network.
//!
//! *Invariant:* nothing is told that `ledger::Point` would refuse; the point is the fold of what is
//! told; the ledger hears of it in the order in which it happened. Actors, persons and texts are posts
//! and phrases, and nobody's.

use ledger::point::{
    EventId, EventKind, EvidenceId, Finding, Payload, PointId, Proof, Quantities, Role, Rules,
    SquareMetres, State, ToldAnew,
};
use ledger::rows::events::StoredEvent;
use ledger::{Event, Point, PointSeries};
use spatial::Timestamp;

use super::SynthError;
use super::calendar::{DAY_MS, FIRST_DAY, LAST_DAY, MINUTE_MS};
use super::plan::{Step, plan};
use super::random::Random;
use super::tasks::Task;

/// 20:00 in Shanghai, as milliseconds of the day in UTC.
const EVENING_MS: u64 = 43_200_000;
/// Days until a phone had network again, fewest and most.
const OFFLINE: [u64; 2] = [4, 6];
/// How often a phone was without, where nothing else happens until it is back.
const OFFLINE_CHANCE: f64 = 0.08;
/// Days before the last within which open points were last touched.
const FRESH: u64 = 75;
/// Minutes of a working day; it begins at 08:00 in Shanghai, which is midnight in UTC.
const WORKING: u64 = 600;
/// The end of a day in Shanghai, as milliseconds of the day in UTC.
const END_OF_DAY_MS: u64 = 57_599_000;

/// A point before anything has happened to it.
#[derive(Debug)]
pub(super) struct Case<'a> {
    pub task: &'static Task,
    pub source: &'static str,
    pub planned: Quantities,
    /// Nine digits and the name of the town.
    pub town: [&'a str; 2],
    /// Name of the village.
    pub village: &'a str,
    /// Its number on the ledger within its series, should it get there.
    pub number: u32,
    /// A point of the ledger that a report may be merged into, and since when it is on it.
    pub joins: Option<(PointId, Timestamp)>,
}

/// What was told of a point, and what it makes of it.
#[derive(Clone, Debug)]
pub(super) struct History {
    pub point: Point,
    pub events: Vec<StoredEvent>,
}

/// Tells how a point came to a state; `phones` draws which of them had no network.
pub(super) fn history(
    [random, phones]: [&mut Random; 2],
    case: &Case<'_>,
    state: State,
) -> Result<History, SynthError> {
    let mut steps = plan(random, state);
    if state == State::Reported && case.joins.is_some() && random.chance(0.25) {
        steps.push(Step { kind: EventKind::Merge, finding: Finding::Pass, after: 2 });
    }
    let mut at = Moment { day: first_day(random, &steps, state), minute: random.below(WORKING) };
    let id = PointId::try_from(uuid(random, at.ms()))?;
    let mut teller = Teller { random, phones, case, id, rules: Rules::default(), told: None };
    for (number, step) in steps.iter().enumerate() {
        at = at.later(teller.random, step.after);
        let next = steps.get(number + 1).map(|next| at.day + next.after);
        teller.tell(*step, at, next.unwrap_or(LAST_DAY + 1))?;
    }
    teller.told.ok_or(SynthError::NoHistory)
}

/// The day of the report: points that are done are so all over the two years, open ones were
/// touched lately, but for some that lie about.
fn first_day(random: &mut Random, steps: &[Step], state: State) -> u64 {
    let length: u64 = steps.iter().map(|step| step.after).sum();
    let latest = LAST_DAY.saturating_sub(length).max(FIRST_DAY);
    let room = if matches!(state, State::Closed | State::Rejected | State::Void) {
        latest - FIRST_DAY
    } else if random.chance(0.12) {
        (latest - FIRST_DAY).min(5 * FRESH)
    } else {
        (latest - FIRST_DAY).min(FRESH)
    };
    latest - random.below(room + 1)
}

/// A minute of a day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug)]
struct Moment {
    day: u64,
    minute: u64,
}

impl Moment {
    fn ms(self) -> u64 {
        self.day * DAY_MS + self.minute * MINUTE_MS
    }

    fn timestamp(self) -> Timestamp {
        Timestamp(self.ms() as i64)
    }

    /// So many days later; on the same day some minutes later.
    fn later(self, random: &mut Random, days: u64) -> Self {
        match days {
            0 => Self { minute: self.minute + 1 + random.below(30), ..self },
            days => Self { day: self.day + days, minute: random.below(WORKING) },
        }
    }

    /// The end of a day so many days later.
    fn end_of_day(self, days: u64) -> Timestamp {
        Timestamp(((self.day + days) * DAY_MS + END_OF_DAY_MS) as i64)
    }
}

/// A UUID of version 7 of a moment.
fn uuid(random: &mut Random, ms: u64) -> u128 {
    let [a, b] = [random.bits(), random.bits()].map(u128::from);
    u128::from(ms) << 80 | 0x7 << 76 | (a & 0xfff) << 64 | 0b10 << 62 | b >> 2
}

/// Raises events one by one.
struct Teller<'r, 'c> {
    random: &'r mut Random,
    phones: &'r mut Random,
    case: &'c Case<'c>,
    id: PointId,
    rules: Rules,
    told: Option<History>,
}

impl Teller<'_, '_> {
    /// Raises the event of a step, unless there is nothing for it to do; `next` is the day of the
    /// step after it.
    fn tell(&mut self, step: Step, at: Moment, next: u64) -> Result<(), SynthError> {
        let Some(payload) = self.payload(step, at)? else { return Ok(()) };
        let (role, post, unit) = self.actor(step.kind);
        let heard = self.heard_on(role, at.day, next);
        let event = Event {
            id: EventId::try_from(uuid(self.random, at.ms()))?,
            payload,
            actor: post,
            role,
            occurred_at: at.timestamp(),
            recorded_at: Timestamp((heard * DAY_MS + EVENING_MS) as i64),
            backfilled: false,
        };
        let point = match self.told.take() {
            None => History {
                point: Point::report(self.id, &event, &self.rules)?,
                events: Vec::with_capacity(12),
            },
            Some(mut told) => {
                told.point.raise(&event, &self.rules)?;
                told
            }
        };
        let told = self.told.insert(point);
        let seq = told.events.len() as u32 + 1;
        told.events.push(StoredEvent { point: self.id, seq, unit_of_actor: Some(unit), event });
        Ok(())
    }

    /// The day on which the ledger hears of what happened on `day`.
    fn heard_on(&mut self, role: Role, day: u64, next: u64) -> u64 {
        let [least, most] = OFFLINE;
        let is_offline = self.phones.chance(OFFLINE_CHANCE);
        let heard = day + least + self.phones.below(most - least + 1);
        if is_offline && role == Role::GRID_WORKER && heard < next { heard } else { day }
    }

    fn evidence(&mut self, at: Moment, pieces: u64) -> Result<Vec<EvidenceId>, SynthError> {
        let piece = |_| Ok(EvidenceId::try_from(uuid(self.random, at.ms()))?);
        (0..pieces).map(piece).collect()
    }

    /// What was done so far, and what the ledger knows of the point.
    fn point(&self) -> Option<&Point> {
        self.told.as_ref().map(|told| &told.point)
    }

    fn payload(&mut self, step: Step, at: Moment) -> Result<Option<Payload>, SynthError> {
        let case = self.case;
        let [town, town_name] = case.town;
        let number = self.random.below(90) + 10;
        let approval = |what: &str| format!("{town_name}{what}第{number}号（虚构）");
        let pick = |random: &mut Random, choices: &[&'static str]| {
            choices[random.below(choices.len() as u64) as usize].to_owned()
        };
        Ok(Some(match step.kind {
            EventKind::Report => {
                let pieces = self.random.below(3);
                let evidence = self.evidence(at, pieces)?;
                Payload::Report { unit: Some(town.to_owned()), evidence }
            }
            EventKind::Reject => {
                let reasons = ["现场核实不属实", "手续齐全，不属于整治范围", "重复上报"];
                Payload::Reject { reason: pick(self.random, &reasons) }
            }
            EventKind::Register => {
                let [least, most] = case.task.days;
                let deadline = at.end_of_day(least + self.random.below(most - least + 1));
                let series = PointSeries::of(town, case.task.code, at.timestamp())?;
                Payload::Register {
                    code: series.code(case.number)?.to_string(),
                    task: case.task.code.to_owned(),
                    unit: town.to_owned(),
                    person: Some(format!("{}网格员", case.village)),
                    planned: case.planned,
                    deadline,
                }
            }
            EventKind::Dispatch => Payload::Dispatch {
                receiver: format!("{town_name}{}", case.task.lead),
                person: None,
            },
            EventKind::Return => {
                let reasons = ["不属于本单位职责", "地址有误，请核实", "需其他部门先行认定"];
                Payload::Return { reason: pick(self.random, &reasons) }
            }
            EventKind::Accept => Payload::Accept,
            EventKind::Suspend => Payload::Suspend {
                approval: approval("挂起"),
                until: at.end_of_day(30 + self.random.below(90)),
            },
            EventKind::Resume => Payload::Resume,
            EventKind::Submit => {
                let (before, after) = (self.evidence(at, 1)?, self.evidence(at, 1)?);
                let done = self.point().map(Point::progress).unwrap_or_default();
                let actual = if done.is_zero() { case.planned } else { done };
                Payload::Submit { before, after, actual }
            }
            EventKind::TownVerify => Payload::TownVerify,
            EventKind::DistrictClose => {
                let proof = if self.random.chance(0.7) { Proof::Site } else { Proof::Image };
                Payload::DistrictClose { proof }
            }
            EventKind::Fail => {
                let reasons = ["现场仍有残留", "照片与现场不符", "渣土未清运"];
                Payload::Fail { reason: pick(self.random, &reasons) }
            }
            EventKind::SpotCheck => {
                Payload::SpotCheck { finding: step.finding, evidence: self.evidence(at, 1)? }
            }
            EventKind::Rebound => Payload::Rebound {
                confirmed_by: format!("{town_name}核查岗"),
                evidence: self.evidence(at, 1)?,
            },
            EventKind::Transfer => Payload::Transfer {
                department: "区规划自然资源部门".to_owned(),
                unit: None,
            },
            EventKind::Void => Payload::Void { approval: approval("作废") },
            EventKind::Extend => {
                let by = 20 + self.random.below(60);
                let now = self.point().and_then(Point::deadline).unwrap_or(at.timestamp());
                let deadline = Timestamp(now.0 + (by * DAY_MS) as i64);
                Payload::Extend { approval: approval("延期"), deadline }
            }
            EventKind::Withdraw => Payload::Withdraw,
            EventKind::Merge => {
                let Some((into, _)) = case.joins.filter(|(_, since)| *since < at.timestamp())
                else {
                    return Ok(None);
                };
                Payload::Merge { into }
            }
            EventKind::Progress => {
                let done = self.point().map(Point::progress).unwrap_or_default();
                let done = part(self.random, &case.planned, &done);
                if done.is_zero() {
                    return Ok(None);
                }
                Payload::Progress { done }
            }
            EventKind::Correct => {
                let told = self.point().and_then(|point| point.progress_by_event().last());
                let Some((of, done)) = told else { return Ok(None) };
                let half =
                    |area: SquareMetres| SquareMetres::from_hundredths(area.hundredths() / 2);
                Payload::Correct {
                    of,
                    quantities: ToldAnew {
                        build_area_m2: Some(half(done.build_area_m2)),
                        land_area_m2: Some(half(done.land_area_m2)),
                        count: None,
                    },
                    reason: "复核丈量，原报面积有误".to_owned(),
                }
            }
            EventKind::Supervise => Payload::Supervise {
                demand: "请说明整治进度和完成时间".to_owned(),
                reply_by: at.end_of_day(5),
            },
            EventKind::Reply => {
                let asked = self.point().and_then(|point| point.open_supervisions().last());
                let Some(asked) = asked else { return Ok(None) };
                Payload::Reply {
                    to: asked.event, answer: "正在整治，将按期完成".to_owned()
                }
            }
            EventKind::HoldAccountable => {
                let Some(closing) = self.point().and_then(|point| point.closings().last()) else {
                    return Ok(None);
                };
                Payload::HoldAccountable {
                    for_event: closing.event,
                    unit: town.to_owned(),
                    person: None,
                    reason: "未清除即申请销账，核查不实".to_owned(),
                    decision: approval("追责"),
                    evidence: Vec::new(),
                }
            }
        }))
    }

    /// Who raises an event of a kind: role, the account of a post, and its unit.
    fn actor(&self, kind: EventKind) -> (Role, String, String) {
        let case = self.case;
        let is_by_department = case.task.lead.ends_with('所') || case.task.lead.ends_with('队');
        let is_verified = self.point().map(Point::state) == Some(State::VerifiedTown);
        let role = match kind {
            EventKind::Report => match case.source {
                "12345" => Role::TOWN,
                "卫片" | "媒体" => Role::DISTRICT,
                "数据比对" => Role::DEPARTMENT,
                "上级交办" => Role::CITY,
                _ => Role::GRID_WORKER,
            },
            EventKind::Return
            | EventKind::Accept
            | EventKind::Progress
            | EventKind::Submit
            | EventKind::Withdraw => {
                if is_by_department {
                    Role::DEPARTMENT
                } else {
                    Role::GRID_WORKER
                }
            }
            EventKind::TownVerify | EventKind::Rebound => Role::TOWN_CHECKER,
            EventKind::Fail if !is_verified => Role::TOWN_CHECKER,
            EventKind::DistrictClose | EventKind::Fail => Role::DISTRICT_CHECKER,
            EventKind::SpotCheck => Role::CITY,
            EventKind::Void | EventKind::Supervise | EventKind::HoldAccountable => Role::DISTRICT,
            EventKind::Reject
            | EventKind::Register
            | EventKind::Merge
            | EventKind::Dispatch
            | EventKind::Suspend
            | EventKind::Resume
            | EventKind::Extend
            | EventKind::Transfer
            | EventKind::Correct
            | EventKind::Reply => Role::TOWN,
        };
        let [town, _] = case.town;
        let district = &town[..6];
        let (post, unit) = match role {
            Role::GRID_WORKER => (format!("wangge-{town}-{}", (case.number - 1) / 250), town),
            Role::TOWN => (format!("zhen-{town}"), town),
            Role::TOWN_CHECKER => (format!("zhenhecha-{town}"), town),
            Role::DISTRICT => (format!("qu-{district}"), district),
            Role::DISTRICT_CHECKER => (format!("quhecha-{district}"), district),
            Role::CITY => ("shi-chouchagang".to_owned(), "110000"),
            _ => (format!("bumen-{town}"), town),
        };
        (role, post, unit.to_owned())
    }
}

/// A part of what is left to do, or all of it; nothing of what is done.
fn part(random: &mut Random, planned: &Quantities, done: &Quantities) -> Quantities {
    let hundredths = 30 + random.below(50);
    let area = |planned: SquareMetres, done: SquareMetres| {
        let left = planned.hundredths().saturating_sub(done.hundredths());
        SquareMetres::from_hundredths(left * hundredths / 100)
    };
    let left = planned.count.saturating_sub(done.count);
    Quantities {
        build_area_m2: area(planned.build_area_m2, done.build_area_m2),
        land_area_m2: area(planned.land_area_m2, done.land_area_m2),
        count: if left > 1 { 1 } else { 0 },
    }
}
