//! Records beside the ledger of the fictional towns: who trades, who calls, who patrols, what towns
//! plan; rows of the collections of `ledger::record` and of alleys.
//!
//! A row is known when the last of what it tells has happened, and the ledger knows the point that it
//! names: until then the store has none of it.
//!
//! *Invariant:* all of it is made up, posts and phrases, and nobody's; a record names points, parcels
//! and units that the same seed gives.

pub(super) mod business;
mod calls;
mod dossiers;
pub(super) mod patrols;
mod towns;

use std::collections::{BTreeMap, BTreeSet};

use formats::datetime::{millis_of, utc_of_millis};
use ledger::point::State;
use ledger::record::patrols::PATROLS;
use ledger::rows::{ENFORCEMENT, enforcement, points};
use ledger::{ShippedCollection, place, record};
use spatial::{Day, Feature, Field, FieldType, Geometry, SHANGHAI_AHEAD_MINUTES, Timestamp, Value};
use store::evidence::Digests;

use super::calendar::{DAY_MS, FIRST_DAY, LAST_DAY, MINUTE_MS, OPENED, date};
use super::ledger_rows::{many, row, text_of};
use super::naming;
use super::pictures::Picture;
use super::random::Random;
use super::village::{Spot, Village};
use super::{LedgerPoint, Synth, SynthError};

/// Columns that tell what is to come.
const TO_COME: [&str; 5] = ["due", "due_at", "exit_due", "until", "valid_to"];
/// Columns by which a row names what has to be known before it.
const NAMES: [&str; 2] = ["point", "patrol"];

/// The collections that are filled, in the order in which they are made. What is said of clues is not told
/// here: it names features by the ids that a store gives them.
pub fn collections() -> impl Iterator<Item = ShippedCollection> {
    let alleys = place::COLLECTIONS.into_iter().filter(|one| one.id == place::ALLEYS);
    let said = [record::reviews::CLUE_REVIEWS, record::reviews::ENTERPRISE_REVIEWS];
    let records = record::collections().filter(move |one| !said.contains(&one.id));
    alleys.chain(records)
}

/// A picture of its own for every number.
pub fn labelled_picture(number: u128) -> Vec<u8> {
    let which = usize::try_from(number % Picture::COUNT as u128).unwrap_or(0);
    Picture::all().nth(which).map_or(Vec::new(), |picture| picture.labelled_png(number))
}

/// The pictures that photos show, each with its SHA-256.
fn all_pictures() -> impl Iterator<Item = (String, Vec<u8>)> {
    Picture::all().map(|picture| {
        let bytes = picture.png();
        (Digests::of(&bytes).sha256, bytes)
    })
}

/// Rows by the id of their collection.
#[derive(Debug)]
pub struct Records {
    fields: BTreeMap<&'static str, Vec<Field>>,
    /// Each with the moment since when it is known.
    rows: BTreeMap<&'static str, Vec<(Timestamp, Feature)>>,
    /// Since when points and patrols are known, by how rows call them.
    named: BTreeMap<String, Timestamp>,
    /// The SHA-256 of each picture.
    hashes: Vec<String>,
}

impl Default for Records {
    /// None yet.
    fn default() -> Self {
        let shipped = collections().map(|one| (one.id, one.fields()));
        let fields = shipped.chain([(ENFORCEMENT, enforcement::fields())]).collect();
        let hashes = all_pictures().map(|(hash, _)| hash).collect();
        Self { fields, rows: BTreeMap::new(), named: BTreeMap::new(), hashes }
    }
}

impl Records {
    /// Whether a collection has any row that was not taken.
    pub fn has(&self, id: &str) -> bool {
        self.rows.get(id).is_some_and(|rows| !rows.is_empty())
    }

    /// Takes the rows of a collection that are known before `moment`, in the order in which they were
    /// made.
    pub fn take(&mut self, id: &str, moment: Timestamp) -> Vec<Feature> {
        let Some(rows) = self.rows.get_mut(id) else { return Vec::new() };
        rows.extract_if(.., |(known, _)| *known < moment).map(|(_, row)| row).collect()
    }

    /// The pictures that rows name, each with its SHA-256 and its bytes.
    pub fn pictures(&self) -> Vec<(String, Vec<u8>)> {
        let values = self.rows.values().flatten().flat_map(|(_, row)| &row.properties);
        let texts = values.filter_map(|value| match value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let texts: BTreeSet<&str> = texts.collect();
        all_pictures().filter(|(hash, _)| texts.contains(hash.as_str())).collect()
    }

    /// The SHA-256 of a picture by its number.
    fn picture(&self, number: usize) -> String {
        self.hashes.get(number).cloned().unwrap_or_default()
    }

    fn add<const N: usize>(
        &mut self,
        id: &'static str,
        geometry: Option<Geometry>,
        values: [(&str, Value); N],
    ) {
        let Some(fields) = self.fields.get(id) else { return };
        let known = self.known(fields, &values);
        let code = values.iter().find(|(name, _)| id == PATROLS && *name == "code");
        if let Some((_, Value::Text(code))) = code {
            self.named.insert(code.clone(), known);
        }
        let feature = Feature { id: None, geometry, properties: row(fields, values) };
        self.rows.entry(id).or_default().push((known, feature));
    }

    /// Since when a row is known: what tells no time was there when the ledger was opened.
    fn known(&self, fields: &[Field], values: &[(&str, Value)]) -> Timestamp {
        let of = |(name, value): &(&str, Value)| {
            let Value::Text(text) = value else { return None };
            if NAMES.contains(name) {
                return self.named.get(text).copied();
            }
            let field =
                fields.iter().find(|field| field.name == *name && !TO_COME.contains(name))?;
            match field.field_type {
                FieldType::Date => text.parse().ok().map(Day::end),
                FieldType::DateTime => millis_of(text, SHANGHAI_AHEAD_MINUTES).map(Timestamp),
                _ => None,
            }
        };
        let before = Timestamp(OPENED.0 - 1);
        values.iter().filter_map(of).fold(before, Timestamp::max)
    }
}

/// A point of the ledger as records know it.
struct Known {
    /// Its number, or its id before it has one.
    code: String,
    /// Since when the ledger has it under that.
    since: Timestamp,
    task: String,
    state: Option<State>,
    parcel: String,
    geometry: Option<Geometry>,
    outline: Option<Geometry>,
    /// The report, where a patrol made it.
    patrolled: Option<Report>,
}

impl Known {
    /// The day on which the ledger has had it under its name.
    fn day(&self) -> u64 {
        u64::try_from(self.since.0).unwrap_or_default() / DAY_MS
    }
}

/// A report that a patrol made.
struct Report {
    /// Ids of the point and of the event.
    point: String,
    event: String,
    /// When, in minutes of a day.
    day: u64,
    minute: u64,
}

/// A village whose records are made.
struct Teller<'a> {
    village: Village<'a>,
    /// Twelve digits of the village and nine of its town.
    code: String,
    town: String,
    town_name: String,
    spots: Vec<Spot>,
    points: Vec<Known>,
}

impl Synth {
    /// Adds the records of one village, whose points of the ledger are `points`; with the first village
    /// of a town those of the town.
    ///
    /// # Errors
    /// When a place lies outside the CRS.
    ///
    /// # Panics
    /// When there is no such village.
    pub fn records(
        &self,
        village: usize,
        points: &[LedgerPoint],
        records: &mut Records,
    ) -> Result<(), SynthError> {
        let village = Village::new(&self.region, &self.ground, village);
        let mut spots = Vec::new();
        village.each_spot(&mut |spot| {
            spots.push(spot);
            Ok(())
        })?;
        // Some rows name points by their ids.
        let reported = points.iter().filter_map(|point| point.events.first());
        let reported = reported.map(|one| (one.point.to_string(), one.event.recorded_at));
        records.named.extend(reported);
        let columns = points::fields();
        let points: Vec<Known> = points.iter().filter_map(|one| known(&columns, one)).collect();
        records.named.extend(points.iter().map(|point| (point.code.clone(), point.since)));
        let town = village.place.town;
        let teller = Teller {
            code: village.code(),
            town: naming::town_code(town),
            town_name: naming::town_name(town),
            village,
            spots,
            points,
        };
        teller.business(records)?;
        teller.calls(records)?;
        teller.patrols(records)?;
        teller.towns(records)?;
        teller.dossiers(records)
    }
}

fn known(columns: &[Field], point: &LedgerPoint) -> Option<Known> {
    let text = |name: &str| text_of(columns, &point.row, name);
    let (code, since) = point.name()?;
    Some(Known {
        code,
        since,
        task: text("task"),
        state: State::from_identifier(&text("state")),
        parcel: text("parcel"),
        geometry: point.row.geometry.clone(),
        outline: point.outline.clone(),
        patrolled: point.events.first().filter(|_| text("source") == "巡查").map(|reported| {
            let at = u64::try_from(reported.event.occurred_at.0).unwrap_or_default();
            Report {
                point: reported.point.to_string(),
                event: reported.event.id.to_string(),
                day: at / DAY_MS,
                minute: at % DAY_MS / MINUTE_MS,
            }
        }),
    })
}

impl Teller<'_> {
    /// The stream of one thing of this village.
    fn random(&self, kind: &[u8], number: u64) -> Random {
        self.village.random(kind, number)
    }

    fn is_first_of_town(&self) -> bool {
        self.village.place.village == 0
    }

    fn at(&self, place: [f64; 2]) -> Result<Option<Geometry>, SynthError> {
        Ok(self.village.ground.point(place, Vec::new())?.geometry)
    }

    fn ring(&self, ring: Vec<[f64; 2]>) -> Result<Option<Geometry>, SynthError> {
        Ok(self.village.ground.polygon(ring, Vec::new())?.geometry.map(many))
    }
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

/// A day as a date.
fn day(day: u64) -> Value {
    Value::Text(date(day))
}

/// A minute of a day as a time; working hours in Shanghai begin at midnight in UTC.
fn time(day: u64, minute: u64) -> Value {
    Value::Text(utc_of_millis(moment(day, minute).0))
}

fn moment(day: u64, minute: u64) -> Timestamp {
    Timestamp((day * DAY_MS + minute * MINUTE_MS) as i64)
}

/// A day of the two years.
fn any_day(random: &mut Random) -> u64 {
    FIRST_DAY + random.below(LAST_DAY - FIRST_DAY)
}
