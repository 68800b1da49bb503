//! Problems, projects, plans with milestones, notices and comments, legal steps, special groups.

use ledger::point::State;
use ledger::record::towns::{
    COMMENTS, LEGAL_STEPS, MILESTONES, NOTICES, PLANS, POINT_AREAS, PROBLEMS, PROJECTS,
    SPECIAL_GROUPS,
};
use spatial::Value;

use super::super::SynthError;
use super::super::calendar::{FIRST_DAY, LAST_DAY};
use super::super::random::Random;
use super::{Known, Records, Teller, any_day, day, text, time};

/// Projects of a town.
const PROJECTS_EACH: u64 = 6;
/// 2026-01-01.
const YEAR: u64 = 20_454;

impl Teller<'_> {
    pub(super) fn towns(&self, records: &mut Records) -> Result<(), SynthError> {
        self.problems(records)?;
        for (number, point) in self.points.iter().enumerate() {
            self.legal_steps(number as u64, point, records);
            if point.outline.is_some() {
                let values = [
                    ("code", text(format!("D{}-{number:04}", self.code))),
                    ("point", text(&point.code)),
                    ("kind", text("建筑范围")),
                    ("drawn", day(point.day())),
                ];
                records.add(POINT_AREAS, point.outline.clone(), values);
            }
            let mut random = self.random(b"rs", number as u64);
            if point.task == "KQ" && random.chance(0.2) {
                let values = [
                    ("code", text(format!("G{}-{number:04}", self.code))),
                    ("point", text(&point.code)),
                    ("kind", text("虚构类别")),
                    ("persons", Value::Int(1 + random.below(3) as i64)),
                    ("care", text("联系帮扶单位")),
                    ("visited", day(any_day(&mut random))),
                ];
                records.add(SPECIAL_GROUPS, point.geometry.clone(), values);
            }
        }
        match self.is_first_of_town() {
            true => self.plan(records),
            false => Ok(()),
        }
    }

    fn project(&self, number: u64) -> String {
        format!("X{}-{:02}", self.town, number + 1)
    }

    fn problems(&self, records: &mut Records) -> Result<(), SynthError> {
        const KINDS: &[(u32, &str)] =
            &[(3, "违法建设"), (3, "环境脏乱"), (2, "便民服务不足"), (2, "停车秩序")];
        for number in 0..4 {
            let mut random = self.random(b"ro", number);
            let Some(spot) = self.spots.get(random.below(self.spots.len() as u64) as usize) else {
                continue;
            };
            let kind = random.pick(KINDS);
            let found = any_day(&mut random);
            let project = random.chance(0.75).then(|| self.project(random.below(PROJECTS_EACH)));
            let is_solved = project.is_some() && random.chance(0.5);
            // Some are points of the ledger, and lie there.
            let point = random.chance(0.4).then(|| self.problem_point(&mut random)).flatten();
            let (kind, found, place) = match point {
                Some((kind, point)) => (kind, point.day(), point.geometry.clone()),
                None => (kind, found, self.at(spot.place)?),
            };
            let values = [
                ("code", text(format!("P{}-{:02}", self.code, number + 1))),
                ("unit", text(&self.town)),
                ("title", text(format!("{}{kind}问题", self.village.address))),
                ("kind", text(kind)),
                ("found", day(found)),
                ("project", project.map_or(Value::Null, Value::Text)),
                ("point", point.map_or(Value::Null, |(_, point)| text(&point.code))),
                ("solved", if is_solved { day((found + 90).min(LAST_DAY)) } else { Value::Null }),
            ];
            records.add(PROBLEMS, place, values);
        }
        Ok(())
    }

    /// A point of the ledger that is a problem of its town, and the kind of it.
    fn problem_point(&self, random: &mut Random) -> Option<(&'static str, &Known)> {
        let kind = |task: &str| match task {
            "CW" => Some("违法建设"),
            "BJ" => Some("环境脏乱"),
            _ => None,
        };
        let known = self.points.iter().filter_map(|point| Some((kind(&point.task)?, point)));
        let known: Vec<_> = known.collect();
        known.get(random.below(known.len() as u64) as usize).copied()
    }

    /// Decision, notice, delivery and execution of a demolition, as far as it has come.
    fn legal_steps(&self, number: u64, point: &Known, records: &mut Records) {
        let taken = match point.state {
            Some(State::Closed) => 4,
            Some(State::Submitted | State::VerifiedTown) => 3,
            Some(State::InProgress) => 2,
            _ => 0,
        };
        if point.task != "CW" {
            return;
        }
        let mut random = self.random(b"rl", number);
        let begun = any_day(&mut random).min(LAST_DAY - 80);
        // Now and then one was not put down.
        let gap = random.chance(0.1).then(|| random.below(4));
        let steps =
            [("决定", "限期拆除"), ("公告", "已张贴"), ("送达", "已送达"), ("执行", "已拆除")];
        for (turn, (step, outcome)) in steps.into_iter().enumerate().take(taken) {
            if gap == Some(turn as u64) {
                continue;
            }
            let due = begun + 20 * turn as u64 + 15;
            let values = [
                ("code", text(format!("{}-{}", point.code, turn + 1))),
                ("point", text(&point.code)),
                ("step", text(step)),
                ("document_no", text(format!("示例拆字〔2026〕{}号（虚构）", number + 1))),
                ("done", day(due - random.below(12))),
                ("due", day(due)),
                ("outcome", text(outcome)),
            ];
            records.add(LEGAL_STEPS, None, values);
        }
    }

    /// The projects, the plan and the notices of the town.
    fn plan(&self, records: &mut Records) -> Result<(), SynthError> {
        let mut random = self.random(b"rt", 0);
        for number in 0..PROJECTS_EACH {
            let started = FIRST_DAY + random.below(400);
            let due = started + 120 + random.below(300);
            let is_done = due < LAST_DAY && random.chance(0.8);
            let titles =
                ["拆违腾退", "留白增绿", "便民网点补建", "背街小巷提升", "管线规整", "停车治理"];
            let tasks = ["CW", "LB", "WZ", "BJ", "GX", "ZD"];
            let values = [
                ("code", text(self.project(number))),
                ("unit", text(&self.town)),
                (
                    "title",
                    text(format!("{}{}项目（虚构）", self.town_name, titles[number as usize])),
                ),
                ("lead", text(format!("{}人民政府（虚构）", self.town_name))),
                ("task", text(tasks[number as usize])),
                ("started", day(started)),
                ("due", day(due)),
                ("done", if is_done { day(due - 5) } else { Value::Null }),
            ];
            records.add(PROJECTS, None, values);
        }
        let code = format!("F{}-2026", self.town);
        let values = [
            ("code", text(&code)),
            ("unit", text(&self.town)),
            ("title", text(format!("{}2026 年疏解整治促提升方案（虚构）", self.town_name))),
            ("measures", text("先拆违、后补建；腾退一处、还绿一处；网点只增不减")),
            ("document", text(format!("{}〔2026〕1号（虚构）", self.town_name))),
            ("valid_from", day(YEAR)),
        ];
        let ground = self.village.region.town_ring(self.village.place.town);
        records.add(PLANS, self.ring(ground)?, values);
        for (turn, milestone) in
            ["完成摸底", "完成立账", "完成过半", "完成九成", "全部销账"].into_iter().enumerate()
        {
            let due = YEAR + 60 * (turn as u64 + 1);
            let is_done = due + 20 < LAST_DAY && turn < 3;
            let values = [
                ("code", text(format!("{code}-{}", turn + 1))),
                ("plan", text(&code)),
                ("text", text(milestone)),
                ("due", day(due)),
                ("done", if is_done { day(due + random.below(12)) } else { Value::Null }),
            ];
            records.add(MILESTONES, None, values);
        }
        for number in 0..4u64 {
            let Some(spot) = self.spots.get(number as usize * 20) else { break };
            let notice = format!("N{}-{:02}", self.town, number + 1);
            let published = LAST_DAY - 120 + 30 * number;
            let values = [
                ("code", text(&notice)),
                ("unit", text(&self.town)),
                ("title", text("街巷整治提升方案公示（虚构）")),
                ("published", day(published)),
                ("until", day(published + 15)),
            ];
            records.add(NOTICES, self.at(spot.place)?, values);
            let answered = random.chance(0.7);
            let values = [
                ("code", text(format!("{notice}-1"))),
                ("notice", text(&notice)),
                ("text", text("希望保留便民菜店（虚构）")),
                ("received_at", time(published + 3, random.below(600))),
                ("answer", if answered { text("已纳入网点补建") } else { Value::Null }),
                ("answered_at", if answered { time(published + 8, 300) } else { Value::Null }),
            ];
            records.add(COMMENTS, self.at(spot.place)?, values);
        }
        Ok(())
    }
}
