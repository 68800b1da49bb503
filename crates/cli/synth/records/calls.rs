//! Orders of citizens, whistles and arrivals, orders down the levels, meetings and what they decided,
//! reports of progress, surveys.

use formats::datetime::utc_of_millis;
use ledger::point::State;
use ledger::record::calls::{
    ARRIVALS, COMPLAINTS, DECISIONS, MEETINGS, ORDERS, PROGRESS_REPORTS, SURVEYS, WHISTLES,
};
use ledger::rows::ENFORCEMENT;
use spatial::{Timestamp, Value};

use super::super::calendar::LAST_DAY;
use super::super::naming;
use super::super::random::Random;
use super::super::{Synth, SynthError};
use super::{Known, Records, Teller, any_day, day, moment, text, time};

const CATEGORIES: &[(u32, &str)] =
    &[(5, "占道经营"), (4, "违法建设"), (4, "环境卫生"), (3, "噪声扰民"), (2, "群租")];
const DEPARTMENTS: [&str; 6] = ["城管", "市场监管", "规自", "住建", "公安", "消防"];
/// Minutes of a working day.
const WORKING: u64 = 600;
/// Days between two meetings of dispatch.
const MEETING_DAYS: u64 = 21;
/// Meetings of a town in the two years.
const MEETINGS_EACH: u64 = 35;

/// Departments, what they do at a point, and what comes of it.
const ACTS: &[(u32, (&str, &str, &str))] = &[
    (5, ("城管", "责令改正", "限期改正")),
    (3, ("市场监管", "现场检查", "无照经营，责令停止")),
    (3, ("规自", "认定", "认定为违法建设")),
    (2, ("住建", "现场检查", "存在群租隐患")),
    (2, ("消防", "现场检查", "消防通道被占用")),
    (1, ("公安", "联合检查", "配合核实")),
];

impl Synth {
    /// Adds a meeting of every town that is told the state of a moment.
    pub fn meetings_at(&self, moment: Timestamp, records: &mut Records) {
        for town in 0..self.region.towns {
            let (code, name) = (naming::town_code(town), naming::town_name(town));
            let at = text(utc_of_millis(moment.0));
            let values = [
                ("code", text(format!("M{code}-{:02}", MEETINGS_EACH + 1))),
                ("kind", text("调度会")),
                ("name", text(format!("{name}本次调度会（虚构）"))),
                ("unit", text(&code)),
                ("held_at", at.clone()),
                ("as_of", at),
            ];
            records.add(MEETINGS, None, values);
        }
    }
}

impl Teller<'_> {
    pub(super) fn calls(&self, records: &mut Records) -> Result<(), SynthError> {
        for spot in &self.spots {
            let mut random = self.random(b"rc", spot.yard);
            let point = self.points.iter().find(|one| one.parcel == spot.parcel);
            let likely = if point.is_some() { 0.35 } else { 1.0 / 60.0 };
            if random.chance(likely) {
                let code = format!("{}{:05}", self.code, spot.yard);
                let place = [0, 1].map(|axis| spot.place[axis] + random.around(12.0));
                let values = self.complaint(&mut random, code, point);
                records.add(COMPLAINTS, self.at(place)?, values);
            }
        }
        for (number, point) in self.points.iter().enumerate() {
            let mut random = self.random(b"rw", number as u64);
            if random.chance(0.05) {
                self.whistle(&mut random, number, point, records);
            }
            if random.chance(0.03) && point.state.is_some_and(|state| state != State::Reported) {
                self.orders(&mut random, number, point, records);
            }
        }
        self.enforcement(records);
        if self.is_first_of_town() {
            self.meetings(records);
            self.reports(records);
        }
        Ok(())
    }

    fn complaint(
        &self,
        random: &mut Random,
        code: String,
        point: Option<&Known>,
    ) -> [(&'static str, Value); 8] {
        let (called, minute) = (any_day(random), random.below(WORKING));
        let answered = minute + 5 + random.below(400);
        let is_resolved = random.chance(0.84);
        let resolved = (called + 1 + random.below(9)).min(LAST_DAY);
        let satisfied = match random.chance(0.9) {
            true => Value::Bool(is_resolved && random.chance(0.9)),
            false => Value::Null,
        };
        [
            ("code", text(code)),
            ("category", text(random.pick(CATEGORIES))),
            ("occurred_at", time(called, minute)),
            ("handled_by", text(&self.town)),
            (
                "responded_at",
                if random.chance(0.97) { time(called, answered) } else { Value::Null },
            ),
            ("resolved_at", if is_resolved { time(resolved, WORKING) } else { Value::Null }),
            ("satisfied", satisfied),
            ("point", point.map_or(Value::Null, |point| text(&point.code))),
        ]
    }

    fn whistle(&self, random: &mut Random, number: usize, point: &Known, records: &mut Records) {
        let (called, minute) = (any_day(random), random.below(WORKING));
        let code = format!("C{}-{number:04}", self.code);
        let is_closed = random.chance(0.85);
        let first = random.below(DEPARTMENTS.len() as u64) as usize;
        let count = 1 + random.below(3) as usize;
        for turn in 0..count {
            let came = is_closed || random.chance(0.5);
            let arrived = minute + 15 + random.below(90);
            let values = [
                ("code", text(format!("{code}-{}", turn + 1))),
                ("whistle", text(&code)),
                ("department", text(DEPARTMENTS[(first + turn) % DEPARTMENTS.len()])),
                ("unit", text(&self.town)),
                ("called_at", time(called, minute)),
                ("arrived_at", if came { time(called, arrived) } else { Value::Null }),
            ];
            records.add(ARRIVALS, None, values);
        }
        let closed = time(called, minute + 150 + random.below(200));
        let values = [
            ("code", text(code)),
            ("caller", text(&self.town)),
            ("subject", text("联合执法")),
            ("point", text(&point.code)),
            ("called_at", time(called, minute)),
            ("closed_at", if is_closed { closed } else { Value::Null }),
            ("result", if is_closed { text("现场处置完毕") } else { Value::Null }),
        ];
        records.add(WHISTLES, point.geometry.clone(), values);
    }

    /// From the city down to the village, each accepted before it goes on.
    fn orders(&self, random: &mut Random, number: usize, point: &Known, records: &mut Records) {
        let units = ["110000", &self.town[..6], &self.town, &self.code];
        let sent = any_day(random).min(LAST_DAY - 30);
        let done = random.chance(0.6);
        let mut parent = Value::Null;
        for (step, pair) in units.windows(2).enumerate() {
            let code = format!("D{}-{number:04}-{}", self.code, step + 1);
            let on = sent + step as u64;
            let values = [
                ("code", text(&code)),
                ("parent", parent),
                ("from_unit", text(pair[0])),
                ("to_unit", text(pair[1])),
                ("subject", text("限期核查处置")),
                ("point", text(&point.code)),
                ("sent_at", time(on, 60)),
                ("due_at", time(sent + 20, WORKING)),
                ("read_at", time(on, 60 + random.below(240))),
                ("accepted_at", time(on, 320 + random.below(200))),
                ("done_at", if done { time(sent + 12 - step as u64, 500) } else { Value::Null }),
            ];
            records.add(ORDERS, None, values);
            parent = text(code);
        }
    }

    /// What departments did at points (执法信息共享); nobody is named.
    fn enforcement(&self, records: &mut Records) {
        for (number, point) in self.points.iter().enumerate() {
            let mut random = self.random(b"rz", number as u64);
            if !random.chance(0.4) {
                continue;
            }
            let (department, act, result) = random.pick(ACTS);
            let amount = match random.chance(0.2) {
                true => Value::Real((500 + 100 * random.below(45)) as f64),
                false => Value::Null,
            };
            let values = [
                ("id", text(format!("Z{}-{number:04}", self.code))),
                ("point", text(&point.code)),
                ("department", text(department)),
                ("act", text(act)),
                ("document_no", text(format!("虚构〔2026〕{}号", 1 + random.below(900)))),
                ("occurred_at", time(any_day(&mut random), 30 + random.below(500))),
                ("result", text(result)),
                ("amount_yuan", amount),
            ];
            records.add(ENFORCEMENT, None, values);
        }
    }

    /// Meetings of the town, one every three weeks, told the state of the moment when they were held, and
    /// what they decided on points that the ledger had by then.
    fn meetings(&self, records: &mut Records) {
        let mut random = self.random(b"rd", 0);
        for turn in 0..MEETINGS_EACH {
            let held = LAST_DAY - MEETING_DAYS * (MEETINGS_EACH - 1 - turn) - 1;
            let code = format!("M{}-{:02}", self.town, turn + 1);
            let values = [
                ("code", text(&code)),
                ("kind", text("调度会")),
                ("name", text(format!("{}第{}次调度会（虚构）", self.town_name, turn + 1))),
                ("unit", text(&self.town)),
                ("held_at", time(held, 120)),
                ("as_of", time(held, 120)),
            ];
            records.add(MEETINGS, None, values);
            let points = self.points.iter().filter(|point| point.since < moment(held, 120));
            let points: Vec<&Known> = points.collect();
            for item in 1..=2 {
                if points.is_empty() {
                    break;
                }
                let point = points[random.below(points.len() as u64) as usize];
                let due = held + 14 + random.below(14);
                let is_done = due < LAST_DAY && random.chance(0.8);
                let values = [
                    ("code", text(format!("{code}-{item}"))),
                    ("meeting", text(&code)),
                    ("text", text("明确责任单位，按期完成整治")),
                    ("point", text(&point.code)),
                    ("unit", text(&self.town)),
                    ("decided_at", time(held, 180)),
                    ("due", day(due)),
                    ("done", if is_done { day(due - 3) } else { Value::Null }),
                ];
                records.add(DECISIONS, None, values);
            }
        }
    }

    /// A report each month and a survey each quarter.
    fn reports(&self, records: &mut Records) {
        const DIFFICULTIES: &[(u32, &str)] =
            &[(3, ""), (2, "产权关系复杂"), (2, "安置房源不足"), (1, "资金拨付滞后")];
        let mut random = self.random(b"rr", 0);
        for turn in 0..12u64 {
            let to = LAST_DAY - 30 * (11 - turn);
            let difficulties = random.pick(DIFFICULTIES);
            let values = [
                ("code", text(format!("R{}-{:02}", self.town, turn + 1))),
                ("unit", text(&self.town)),
                ("task", text("CW")),
                ("period_from", day(to - 29)),
                ("period_to", day(to)),
                ("progress", text("按计划推进")),
                (
                    "difficulties",
                    if difficulties.is_empty() { Value::Null } else { text(difficulties) },
                ),
                ("award_yuan", Value::Real((random.below(40) * 10_000) as f64)),
                ("reported_at", time(to, 540)),
            ];
            records.add(PROGRESS_REPORTS, None, values);
            if turn % 3 == 2 {
                let asked = 200 + random.below(200);
                let satisfied = asked * (84 + random.below(14)) / 100;
                let values = [
                    ("code", text(format!("Y{}-{:02}", self.town, turn + 1))),
                    ("unit", text(&self.town)),
                    ("held", day(to)),
                    ("asked", Value::Int(asked as i64)),
                    ("satisfied", Value::Int(satisfied as i64)),
                ];
                records.add(SURVEYS, None, values);
            }
        }
    }
}
