//! Whether what a patrol says can be: times in order, positions where the data lie.

use ledger::place::ADMIN_UNITS;
use spatial::{CrsRegistry, Envelope, Snapshot, Timestamp};

use super::alleys::Alleys;
use super::places::LonLat;
use super::read::{each, held};
use super::{MAX_FINDINGS, MAX_FIXES, NewPatrol};
use crate::check::Defects;
use crate::{Defect, EngineError};

/// Longest patrol, in milliseconds: a day.
const LONGEST_MS: i64 = 86_400_000;
/// How long before a patrol begins, or after it ends, a position may still be its own, milliseconds.
const SLACK_MS: i64 = 300_000;
/// How far beyond the data a patrol may go, in degrees: some two kilometres.
const MARGIN: f64 = 0.02;
/// A patrol with so many defects is not looked at any further.
const MOST_TOLD: usize = 100;

/// The area of the data, longitude and latitude: that of units of administration, else of alleys;
/// `None` where there are neither.
pub(super) fn area(
    state: &Snapshot,
    registry: &CrsRegistry,
    alleys: &Alleys,
) -> Result<Option<Envelope>, EngineError> {
    let mut area = Envelope::EMPTY;
    if let Some(units) = held(state, ADMIN_UNITS) {
        let places = LonLat::of(&units.collection().crs, registry)?;
        let mut all = Envelope::EMPTY;
        each(&units, &mut |row| {
            if row.geometry_type().is_some() {
                all = all.union(&row.envelope());
            }
        });
        if !all.is_empty() {
            let (west, east, south, north) = (all.min_x, all.max_x, all.min_y, all.max_y);
            let [x, y] = all.center();
            let rim = vec![
                [west, south],
                [x, south],
                [east, south],
                [west, y],
                [east, y],
                [west, north],
                [x, north],
                [east, north],
            ];
            area = places.lon_lats(&rim).map_or(Envelope::EMPTY, Envelope::of);
        }
    }
    if area.is_empty() {
        area = alleys.bounds;
    }
    Ok((!area.is_empty()).then_some(Envelope {
        min_x: area.min_x - MARGIN,
        min_y: area.min_y - MARGIN,
        max_x: area.max_x + MARGIN,
        max_y: area.max_y + MARGIN,
    }))
}

/// Everything that is wrong with a patrol that came in at `now`; clocks may be `ahead_ms` ahead.
pub(super) fn defects(
    patrol: &NewPatrol,
    area: Option<&Envelope>,
    (now, ahead_ms): (Timestamp, i64),
) -> Vec<Defect> {
    let mut defects = Defects::default();
    let (start, end) = (patrol.started_at.0, patrol.ended_at.0);
    if end < start {
        defects.add("/ended_at", "it is before started_at; send both as they were");
    } else if end - start > LONGEST_MS {
        defects.add("/ended_at", "a patrol takes 24 hours at most; send two of them");
    }
    if end > now.0.saturating_add(ahead_ms) {
        let problem =
            "it is in the future; set the clock of the device, and send it when it is over";
        defects.add("/ended_at", problem);
    }
    for (name, count, most) in [
        ("track", patrol.track.len(), MAX_FIXES),
        ("results", patrol.results.len(), MAX_FINDINGS),
        ("findings", patrol.findings.len(), MAX_FINDINGS),
    ] {
        if count > most {
            defects.add(&format!("/{name}"), &format!("{count} of them; at most {most} are taken"));
            return defects.0;
        }
    }
    let mut before = i64::MIN;
    for (number, fix) in patrol.track.iter().enumerate() {
        let at = fix.at.0;
        if at < before {
            let problem = "it is earlier than the position before; send a track in order of time";
            defects.add(&format!("/track/{number}/at"), problem);
        }
        before = before.max(at);
        if at < start.saturating_sub(SLACK_MS) || at > end.saturating_add(SLACK_MS) {
            let problem = "it is not within started_at and ended_at";
            defects.add(&format!("/track/{number}/at"), problem);
        }
        let [lon, lat] = patrol.source.to_wgs84(fix.lon_lat);
        let is_outside = |area: &&Envelope| {
            !(area.min_x..=area.max_x).contains(&lon) || !(area.min_y..=area.max_y).contains(&lat)
        };
        if let Some(area) = area.filter(is_outside) {
            let problem = format!(
                "it lies outside the area of the data, longitudes {:.2} to {:.2} and latitudes {:.2} \
                 to {:.2}; send longitude as lon, and the system of the positions as crs_src",
                area.min_x, area.max_x, area.min_y, area.max_y
            );
            defects.add(&format!("/track/{number}"), &problem);
        }
        if defects.0.len() >= MOST_TOLD {
            break;
        }
    }
    defects.0
}
