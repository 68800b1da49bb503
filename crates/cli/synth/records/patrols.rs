//! Alleys, the patrols of their last week, what they found and how the alleys did by 十无.

use std::collections::BTreeMap;

use geo::{Distance, Euclidean};
use geo_types::{Geometry as Shape, LineString, MultiLineString, Point};
use ledger::place::ALLEYS;
use ledger::record::patrols::{CHECKLIST_RESULTS, PATROL_FINDINGS, PATROL_TRACKS, PATROLS};
use spatial::{Geometry, Value};

use super::super::SynthError;
use super::super::calendar::LAST_DAY;
use super::super::ground::length;
use super::super::random::Random;
use super::super::village::NamedLane;
use super::{Records, Report, Teller, text, time};

/// The first day of every alley.
const VALID_FROM: &str = "2020-01-01";
/// The checklist, its version and items, of those that come with the program.
pub(in crate::synth) const CHECKLIST: [&str; 2] = ["shi_wu", "1"];
pub(in crate::synth) const ITEMS: [&str; 10] = [
    "illegal_building",
    "wall_opening",
    "parking",
    "road_occupation",
    "overhead_lines",
    "facade_damage",
    "illegal_signs",
    "road_damage",
    "illegal_trade",
    "clutter",
];
/// Days before the last that patrols are told of.
const DAYS: u64 = 7;

impl Teller<'_> {
    pub(super) fn patrols(&self, records: &mut Records) -> Result<(), SynthError> {
        let lanes = self.village.named_lanes();
        let reports = self.reported_on_patrol(&lanes);
        for (number, lane) in lanes.into_iter().enumerate() {
            // Roads between villages belong to nobody's round.
            if lane.kind == "村路" {
                continue;
            }
            let code = format!("J{}-{:03}", self.code, number + 1);
            let values = [
                ("code", text(&code)),
                ("name", text(&lane.name)),
                ("town", text(&self.town)),
                ("valid_from", text(VALID_FROM)),
            ];
            let whole = self.line(&lane.line)?;
            records.add(ALLEYS, Some(whole), values);
            if !is_patrolled(&lane) {
                continue;
            }
            for turn in 0..DAYS {
                let mut random = self.random(b"rp", number as u64 * DAYS + turn);
                let on = LAST_DAY - DAYS + 1 + turn;
                let report = reports.get(&(number, on));
                if random.chance(0.35) && report.is_none() {
                    continue;
                }
                // Some turn back half-way.
                let vertices = lane.line.len();
                let kept = if random.chance(0.2) { vertices.div_ceil(2).max(2) } else { vertices };
                let walked = &lane.line[..kept];
                // Whoever reported a point had set out shortly before.
                let minute = random.below(480);
                let minute = report.map_or(minute, |report| report.minute.saturating_sub(3));
                let minutes = 5 + (length(walked) / 60.0) as u64;
                let patrol = format!("{code}-{turn}");
                let ended = time(on, minute + minutes);
                let has_found = random.chance(0.15);
                let values = [
                    ("code", text(&patrol)),
                    ("role", text(random.pick(&[(1, "街巷长"), (2, "小巷管家"), (1, "网格员")]))),
                    ("unit", text(&self.code)),
                    ("alley", text(&code)),
                    ("started_at", time(on, minute)),
                    ("ended_at", ended.clone()),
                    ("recorded_at", time(on, minute + minutes + 1)),
                    ("covered_m", Value::Real((length(walked) * 10.0).round() / 10.0)),
                    ("findings", Value::Int(i64::from(has_found) + i64::from(report.is_some()))),
                ];
                let covered = self.line(walked)?;
                records.add(PATROLS, Some(covered), values);
                if has_found {
                    let item = ITEMS[random.below(ITEMS.len() as u64) as usize];
                    let values = [
                        ("code", text(format!("{patrol}-f1"))),
                        ("patrol", text(&patrol)),
                        ("alley", text(&code)),
                        ("checklist", text(CHECKLIST[0])),
                        ("version", text(CHECKLIST[1])),
                        ("item", text(item)),
                        ("found_at", ended.clone()),
                    ];
                    records.add(PATROL_FINDINGS, None, values);
                }
                if let Some(report) = report {
                    let values = [
                        ("code", text(format!("{patrol}-f2"))),
                        ("patrol", text(&patrol)),
                        ("alley", text(&code)),
                        ("point", text(&report.point)),
                        ("event", text(&report.event)),
                        ("found_at", time(report.day, report.minute)),
                    ];
                    records.add(PATROL_FINDINGS, None, values);
                }
                if turn + 1 == DAYS {
                    let (track, fixes) = self.track(walked)?;
                    let values = [
                        ("patrol", text(&patrol)),
                        ("device", text("虚构手机")),
                        ("accuracy_m", Value::Real(8.0)),
                        ("source_crs", text("EPSG:4490")),
                        ("fixes", Value::Int(fixes)),
                        ("track", Value::Text(track)),
                    ];
                    records.add(PATROL_TRACKS, None, values);
                    checked(&mut random, [&patrol, &code], &ended, records);
                }
            }
        }
        Ok(())
    }

    /// Reports that patrols made on their days, at most one a walk, by the nearest lane and the day.
    fn reported_on_patrol(&self, lanes: &[NamedLane]) -> BTreeMap<(usize, u64), &Report> {
        let line = |lane: &NamedLane| LineString::from(lane.line.clone());
        let lanes: Vec<(usize, LineString)> = lanes
            .iter()
            .enumerate()
            .filter(|(_, lane)| is_patrolled(lane))
            .map(|(number, lane)| (number, line(lane)))
            .collect();
        let reported = self.points.iter().filter_map(|point| {
            let report = point.patrolled.as_ref()?;
            let spot = self.spots.iter().find(|spot| spot.parcel == point.parcel)?;
            let far = |lane: &LineString| Euclidean.distance(lane, &Point::from(spot.place));
            let near = lanes.iter().min_by(|one, other| far(&one.1).total_cmp(&far(&other.1)));
            Some(((near?.0, report.day), report))
        });
        reported.collect()
    }

    /// A walk as a phone tells it, at a metre a second, and how many fixes it has.
    fn track(&self, line: &[[f64; 2]]) -> Result<(String, i64), SynthError> {
        let mut fixes = Vec::with_capacity(line.len());
        let coords = self.village.ground.project(line.to_vec())?;
        for (number, at) in coords.iter().enumerate() {
            let seconds = length(&line[..=number]).round();
            fixes.push(format!("{:.7} {:.7} {seconds} 8", at.x, at.y));
        }
        Ok((fixes.join(";"), fixes.len() as i64))
    }

    fn line(&self, line: &[[f64; 2]]) -> Result<Geometry, SynthError> {
        let coords = self.village.ground.project(line.to_vec())?;
        let lines = MultiLineString(vec![LineString(coords)]);
        Ok(Geometry::from(Shape::MultiLineString(lines)))
    }
}

/// Whether a lane is on somebody's round: alleys between houses and roads between villages are not.
fn is_patrolled(lane: &NamedLane) -> bool {
    !matches!(lane.kind, "胡同" | "村路")
}

/// Results of every item, of a patrol in an alley.
fn checked(random: &mut Random, [patrol, alley]: [&str; 2], at: &Value, records: &mut Records) {
    for (number, item) in ITEMS.iter().enumerate() {
        let values = [
            ("code", text(format!("{patrol}-r{}", number + 1))),
            ("checklist", text(CHECKLIST[0])),
            ("version", text(CHECKLIST[1])),
            ("item", text(*item)),
            ("patrol", text(patrol)),
            ("alley", text(alley)),
            ("passed", Value::Bool(random.chance(0.93))),
            ("checked_at", at.clone()),
        ];
        records.add(CHECKLIST_RESULTS, None, values);
    }
}
