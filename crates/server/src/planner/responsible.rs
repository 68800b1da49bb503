//! `POST /responsible`: who is responsible at many positions on a day.

use engine::now;
use engine::places::{MAX_POSITIONS, PLACES, ResponsibleQuery};
use formats::{Json, JsonKind};
use ledger::place::Day;
use spatial::Timestamp;

use super::Refusal;
use super::members::{Members, shortened, wrong_type};
use crate::as_of::moment;
use crate::places::{ALLEY_METRES, MAX_ALLEY_METRES};

const MEMBERS: [&str; 7] =
    ["positions", "date", "collections", "alley", "asOf", "return", "properties"];
/// Most names of `properties`.
pub const MAX_PROPERTIES: usize = 64;

/// How the answer is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResponsibleReturn {
    /// At each position everything about it.
    #[default]
    Positions,
    /// Each unit, place and entry once, which positions name by id.
    Tables,
}

/// A question made out.
#[derive(Clone, Debug)]
pub struct ResponsibleRequest {
    /// What is asked, of whoever sends it.
    pub query: ResponsibleQuery,
    /// Whether it says of which day.
    pub has_day: bool,
    /// How it is answered.
    pub returned: ResponsibleReturn,
    /// Names of what is told; none for everything.
    pub properties: Vec<String>,
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
        let offered =
            [("positions", ResponsibleReturn::Positions), ("tables", ResponsibleReturn::Tables)];
        let returned = members.choice("return", &offered)?.unwrap_or_default();
        let query = ResponsibleQuery {
            positions,
            day: day.unwrap_or_else(|| Day::of(now())),
            places: places(&members)?,
            alley_within: alley.unwrap_or(ALLEY_METRES),
            as_of,
            profile: engine::Profile::default(),
        };
        let properties = members.texts("properties", MAX_PROPERTIES)?.unwrap_or_default();
        Ok(Self { query, has_day: day.is_some(), returned, properties })
    }
}

/// The collections that are looked at: those of `collections`, all without it.
fn places(members: &Members<'_>) -> Result<Vec<&'static str>, Refusal> {
    let Some(asked) = members.texts("collections", PLACES.len())? else {
        return Ok(PLACES.to_vec());
    };
    if let Some(odd) = asked.iter().find(|name| !PLACES.contains(&name.as_str())) {
        let known = PLACES.join(", ");
        let reason =
            format!("{:?} is no collection of places; use some of: {known}", shortened(odd));
        return Err(members.refuse("collections", reason));
    }
    Ok(PLACES.into_iter().filter(|name| asked.iter().any(|one| one == name)).collect())
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
