//! Alleys and the patrols of their last week.

use geo_types::{Geometry as Shape, LineString, MultiLineString};
use ledger::place::ALLEYS;
use ledger::record::patrols::PATROLS;
use spatial::{Geometry, Value};

use super::super::SynthError;
use super::super::ground::length;
use super::super::history::LAST_DAY;
use super::{Records, Teller, text, time};

/// The first day of every alley.
const VALID_FROM: &str = "2020-01-01";
/// Days before the last that patrols are told of.
const DAYS: u64 = 7;

impl Teller<'_> {
    pub(super) fn patrols(&self, records: &mut Records) -> Result<(), SynthError> {
        for (number, lane) in self.village.named_lanes().into_iter().enumerate() {
            // Roads between villages belong to nobody's round.
            if lane.kind == "村路" {
                continue;
            }
            let code = format!("J{}-{:03}", self.code, number + 1);
            let values = [
                ("code", text(&code)),
                ("name", text(lane.name)),
                ("town", text(&self.town)),
                ("valid_from", text(VALID_FROM)),
            ];
            let whole = self.line(&lane.line)?;
            records.add(ALLEYS, Some(whole), values);
            if lane.kind == "胡同" {
                continue;
            }
            for turn in 0..DAYS {
                let mut random = self.random(b"rp", number as u64 * DAYS + turn);
                if random.chance(0.35) {
                    continue;
                }
                // Some turn back half-way.
                let vertices = lane.line.len();
                let kept = if random.chance(0.2) { vertices.div_ceil(2).max(2) } else { vertices };
                let walked = &lane.line[..kept];
                let (on, minute) = (LAST_DAY - DAYS + 1 + turn, random.below(480));
                let minutes = 5 + (length(walked) / 60.0) as u64;
                let values = [
                    ("code", text(format!("{code}-{turn}"))),
                    ("role", text(random.pick(&[(1, "街巷长"), (2, "小巷管家"), (1, "网格员")]))),
                    ("unit", text(&self.code)),
                    ("alley", text(&code)),
                    ("started_at", time(on, minute)),
                    ("ended_at", time(on, minute + minutes)),
                    ("recorded_at", time(on, minute + minutes + 1)),
                    ("covered_m", Value::Real((length(walked) * 10.0).round() / 10.0)),
                    ("findings", Value::Int(i64::from(random.chance(0.15)))),
                ];
                let covered = self.line(walked)?;
                records.add(PATROLS, Some(covered), values);
            }
        }
        Ok(())
    }

    fn line(&self, line: &[[f64; 2]]) -> Result<Geometry, SynthError> {
        let coords = self.village.ground.project(line.to_vec())?;
        let lines = MultiLineString(vec![LineString(coords)]);
        Ok(Geometry::from(Shape::MultiLineString(lines)))
    }
}
