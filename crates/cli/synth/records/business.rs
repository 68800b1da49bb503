//! Outlets, enterprises, markets, released land and what was greened of it.

use ledger::CreditCode;
use ledger::record::business::{ENTERPRISES, GREEN_PLOTS, LAND_RELEASES, MARKETS, OUTLETS};
use spatial::Value;

use super::super::SynthError;
use super::super::calendar::{FIRST_DAY, LAST_DAY};
use super::super::ground::area;
use super::super::random::Random;
use super::super::village::{Spot, Village};
use super::{Records, Teller, any_day, day, text};

/// What outlets are for, by how often.
const FUNCTIONS: &[(u32, &str)] = &[
    (8, "蔬菜零售"),
    (6, "蔬菜零售、便利店"),
    (8, "便利店"),
    (6, "早餐"),
    (5, "美容美发"),
    (2, "洗染"),
    (2, "家政"),
    (5, "末端配送"),
    (3, "便民维修"),
];
/// Trades: code by GB/T 4754, name, whether it is to move away.
const TRADES: &[(u32, (&str, &str, bool))] = &[
    (10, ("6210", "餐馆", false)),
    (6, ("6220", "快餐店", false)),
    (8, ("5211", "百货店", false)),
    (6, ("8051", "理发店", false)),
    (4, ("2110", "木器厂", true)),
    (4, ("3311", "金属构件厂", true)),
    (2, ("2921", "塑料薄膜厂", true)),
    (2, ("5990", "仓库", true)),
];
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// The enterprise that a point of a task is about: whoever trades at that courtyard.
pub(in super::super) fn enterprise_at(
    village: &Village<'_>,
    yard: u64,
    task: Option<&str>,
) -> Option<String> {
    let is_about_trade = task.is_some_and(is_about_trade);
    let trades = is_about_trade && !is_outlet(&mut village.random(b"rb", yard));
    trades.then(|| enterprise_code(&village.code(), yard))
}

/// Whether points of a task are about somebody who trades.
fn is_about_trade(task: &str) -> bool {
    matches!(task, "KQ" | "WZ")
}

/// Whether a courtyard is an outlet. Draws.
fn is_outlet(random: &mut Random) -> bool {
    random.chance(1.0 / 60.0)
}

fn enterprise_code(village: &str, yard: u64) -> String {
    format!("Q{village}-{yard:05}")
}

impl Teller<'_> {
    pub(super) fn business(&self, records: &mut Records) -> Result<(), SynthError> {
        let mut last_outlet = None;
        for spot in &self.spots {
            let mut random = self.random(b"rb", spot.yard);
            if is_outlet(&mut random) {
                last_outlet = Some(self.outlet(&mut random, spot, last_outlet, records)?);
            } else if random.chance(1.0 / 45.0) || self.trade_point(spot).is_some() {
                self.enterprise(&mut random, spot, records)?;
            } else if random.chance(1.0 / 150.0) {
                self.release(&mut random, spot, records)?;
            }
        }
        if let (true, Some(spot)) =
            (self.village.place.village.is_multiple_of(3), self.spots.get(6))
        {
            self.service_station(spot, records)?;
        }
        match self.spots.get(4) {
            Some(spot) if self.village.place.village.is_multiple_of(2) => {
                self.market(spot, records)
            }
            _ => Ok(()),
        }
    }

    /// A place with all that a community needs.
    fn service_station(&self, spot: &Spot, records: &mut Records) -> Result<(), SynthError> {
        let values = [
            ("code", text(format!("W{}-S", self.code))),
            ("name", text(format!("{}便民综合服务站（虚构）", self.village.address))),
            ("functions", text("蔬菜零售、便利店、早餐、美容美发、洗染、家政、末端配送")),
            ("area_m2", Value::Real(180.0)),
            ("opened", day(LAST_DAY - 20)),
            ("address", text(format!("{}{}号", self.village.address, spot.yard))),
        ];
        records.add(OUTLETS, self.at(spot.place)?, values);
        Ok(())
    }

    fn outlet(
        &self,
        random: &mut Random,
        spot: &Spot,
        before: Option<String>,
        records: &mut Records,
    ) -> Result<String, SynthError> {
        let code = format!("W{}-{:05}", self.code, spot.yard);
        let opened = FIRST_DAY - 900 + random.below(1500);
        let from = opened.max(FIRST_DAY);
        let closed = random.chance(0.18).then(|| from + random.below(LAST_DAY - from));
        let replaced_by = before.filter(|_| closed.is_some() && random.chance(0.6));
        let is_chain = spot.yard.is_multiple_of(3);
        let values = [
            ("code", text(&code)),
            ("name", text(format!("{}便民网点{}号（虚构）", self.village.address, spot.yard))),
            ("functions", text(random.pick(FUNCTIONS))),
            ("chain", if is_chain { text("样图便民连锁（虚构）") } else { Value::Null }),
            ("area_m2", Value::Real((20 + random.below(120)) as f64)),
            ("opened", day(opened)),
            ("closed", closed.map_or(Value::Null, day)),
            ("replaced_by", replaced_by.map_or(Value::Null, Value::Text)),
            ("address", text(format!("{}{}号", self.village.address, spot.yard))),
        ];
        records.add(OUTLETS, self.at(spot.place)?, values);
        Ok(code)
    }

    /// The point about trade at a courtyard.
    fn trade_point(&self, spot: &Spot) -> Option<&str> {
        let mut points = self.points.iter();
        let found = points.find(|one| one.parcel == spot.parcel && is_about_trade(&one.task));
        found.map(|one| one.code.as_str())
    }

    fn enterprise(
        &self,
        random: &mut Random,
        spot: &Spot,
        records: &mut Records,
    ) -> Result<(), SynthError> {
        let (industry, trade, is_leaving) = random.pick(TRADES);
        let licence = random.pick(&[(70, "存续"), (10, "注销"), (5, "吊销"), (15, "无照")]);
        let left = is_leaving && random.chance(0.5);
        let state = match (is_leaving, left) {
            (false, _) => "在营",
            (true, false) => "拟退出",
            (true, true) => "已退出",
        };
        let credit_code = (licence != "无照").then(|| credit_code(random)).flatten();
        let opened = FIRST_DAY - 2000 + random.below(2200);
        let values = [
            ("code", text(enterprise_code(&self.code, spot.yard))),
            ("uscc", credit_code.map_or(Value::Null, Value::Text)),
            ("name", text(format!("{}{}号{trade}（虚构）", self.village.address, spot.yard))),
            ("industry", text(industry)),
            ("address", text(format!("{}{}号", self.village.address, spot.yard))),
            ("licence_state", text(licence)),
            ("opened", day(opened)),
            ("parcel", text(&spot.parcel)),
            ("point", self.trade_point(spot).map_or(Value::Null, text)),
            ("exit_state", text(state)),
            ("exit_reason", if is_leaving { text("一般制造业疏解") } else { Value::Null }),
            (
                "exit_due",
                if is_leaving { day(LAST_DAY - 60 + random.below(200)) } else { Value::Null },
            ),
            ("exited", if left { day(any_day(random).max(opened)) } else { Value::Null }),
            (
                "released_m2",
                if left { Value::Real((80 + random.below(600)) as f64) } else { Value::Null },
            ),
        ];
        records.add(ENTERPRISES, self.at(spot.inside)?, values);
        Ok(())
    }

    fn release(
        &self,
        random: &mut Random,
        spot: &Spot,
        records: &mut Records,
    ) -> Result<(), SynthError> {
        const USES: &[(u32, &str)] = &[
            (35, "绿化"),
            (10, "公服"),
            (8, "基础设施"),
            (7, "产业"),
            (15, "临时绿化"),
            (25, "闲置"),
        ];
        let released = any_day(random);
        let used = random.pick(USES);
        let done = (released + 20 + random.below(150)).min(LAST_DAY);
        let is_green = matches!(used, "绿化" | "临时绿化");
        let greened = if is_green { area(spot.ring.iter().copied()).round() } else { 0.0 };
        let code = format!("T{}-{:05}", self.code, spot.yard);
        let point = self.points.iter().find(|one| one.parcel == spot.parcel);
        let values = [
            ("code", text(&code)),
            ("released_at", day(released)),
            ("planned_use", text(random.pick(&[(7, "绿化"), (2, "公服"), (1, "产业")]))),
            ("actual_use", text(used)),
            ("greened_m2", Value::Real(greened)),
            ("done", if used == "闲置" { Value::Null } else { day(done) }),
            ("point", point.map_or(Value::Null, |point| text(&point.code))),
        ];
        let ground = self.ring(spot.ring.clone())?;
        if is_green {
            let values = [
                ("code", text(format!("L{}-{:05}", self.code, spot.yard))),
                ("name", text(format!("{}{}号绿地", self.village.address, spot.yard))),
                ("kind", text(if used == "绿化" { "留白增绿" } else { used })),
                ("done", day(done)),
            ];
            records.add(GREEN_PLOTS, ground.clone(), values);
        }
        records.add(LAND_RELEASES, ground, values);
        Ok(())
    }

    fn market(&self, spot: &Spot, records: &mut Records) -> Result<(), SynthError> {
        let mut random = self.random(b"rm", 0);
        let stalls = 40 + random.below(160);
        let (stage, is_done) = random.pick(&[
            (3, ("关", false)),
            (2, ("消", false)),
            (2, ("腾", false)),
            (2, ("挪", false)),
            (3, ("挪", true)),
        ]);
        let left = if is_done { 0 } else { random.below(stalls) };
        let built = (stalls * 14) as f64;
        let started = FIRST_DAY + random.below(500);
        let values = [
            ("code", text(format!("S{}", self.code))),
            ("name", text(format!("{}集贸市场（虚构）", self.village.address))),
            ("stage", text(stage)),
            ("stalls", Value::Int(stalls as i64)),
            ("stalls_left", Value::Int(left as i64)),
            ("area_m2", Value::Real(built)),
            ("vacated_m2", Value::Real(built - (left * 14) as f64)),
            ("destination", text("样图物流园（虚构）")),
            ("started", day(started)),
            ("done", if is_done { day(started + 200) } else { Value::Null }),
        ];
        records.add(MARKETS, self.at(spot.place)?, values);
        Ok(())
    }
}

/// A code with a right check character and an organisation that is drawn.
fn credit_code(random: &mut Random) -> Option<String> {
    let mut code = "92110115MA".to_owned();
    code.extend((0..7).map(|_| char::from(ALPHABET[random.below(31) as usize])));
    let checked = |last: &u8| format!("{code}{}", char::from(*last));
    ALPHABET.iter().map(checked).find(|code| CreditCode::try_from(code.as_str()).is_ok())
}
