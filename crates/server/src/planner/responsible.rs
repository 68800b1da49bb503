//! `POST /responsible`: who is responsible at many positions on a day.

use engine::now;
use engine::places::{MAX_POSITIONS, ResponsibleQuery};
use formats::{Json, JsonKind};
use ledger::place::Day;
use spatial::Timestamp;

use super::Refusal;
use super::members::{Members, wrong_type};
use crate::as_of::moment;
use crate::places::{ALLEY_METRES, MAX_ALLEY_METRES};

const MEMBERS: [&str; 4] = ["positions", "date", "alley", "asOf"];

/// A question made out.
#[derive(Clone, Debug)]
pub struct ResponsibleRequest {
    /// What is asked, of whoever sends it.
    pub query: ResponsibleQuery,
    /// Whether it says of which day.
    pub has_day: bool,
}

impl ResponsibleRequest {
    /// Reads the body of a question.
    pub fn read(body: &[u8]) -> Result<Self, Refusal> {
        let members = Members::of_body(body, &MEMBERS)?;
        members.required("positions")?;
        let positions = members.list("positions", MAX_POSITIONS)?.unwrap_or_default();
        let positions = positions.into_iter().map(|(place, json)| position(place, &json));
        let positions = positions.collect::<Result<_, Refusal>>()?;
        let day = members.parsed("date", |text| {
            text.parse::<Day>().map_err(|_odd| "a day such as 2026-11-22 is expected")
        })?;
        let alley = members.measure("alley", MAX_ALLEY_METRES)?;
        let as_of: Option<Timestamp> = members.parsed("asOf", moment)?;
        let query = ResponsibleQuery {
            positions,
            day: day.unwrap_or_else(|| Day::of(now())),
            alley_within: alley.unwrap_or(ALLEY_METRES),
            as_of,
            profile: engine::Profile::default(),
        };
        Ok(Self { query, has_day: day.is_some() })
    }
}

/// A longitude and a latitude.
fn position(place: String, json: &Json<'_>) -> Result<[f64; 2], Refusal> {
    const WANTED: &str = "a longitude from -180 to 180 and a latitude from -90 to 90";
    if json.kind() != JsonKind::List {
        return Err(wrong_type(json, place, WANTED));
    }
    let numbers: Option<Vec<f64>> = json.items().iter().map(Json::number).collect();
    match numbers.as_deref() {
        Some([lon, lat]) if lon.abs() <= 180.0 && lat.abs() <= 90.0 => Ok([*lon, *lat]),
        _ => Err(Refusal::Member { place, fault: json.fault(format!("{WANTED} is expected")) }),
    }
}
