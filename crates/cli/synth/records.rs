//! Records beside the ledger of the fictional towns: who trades, who calls, who patrols, what towns
//! plan; rows of the collections of `ledger::record` and of alleys.
//!
//! *Invariant:* all of it is made up, posts and phrases, and nobody's; a record names points, parcels
//! and units that the same seed gives.

mod business;
mod calls;
mod dossiers;
pub(super) mod patrols;
mod towns;

use std::collections::BTreeMap;

use formats::datetime::utc_of_millis;
use ledger::point::State;
use ledger::rows::{ENFORCEMENT, enforcement, points};
use ledger::{ShippedCollection, place, record};
use spatial::{Feature, Field, Geometry, Value};
use store::evidence::Digests;

use super::calendar::{DAY_MS, date};
use super::history::{FIRST_DAY, LAST_DAY};
use super::ledger_rows::{many, row, text_of};
use super::naming;
use super::pictures::Picture;
use super::random::Random;
use super::village::{Spot, Village};
use super::{LedgerPoint, Synth, SynthError};

/// The collections that are filled, in the order in which they are made.
pub fn collections() -> impl Iterator<Item = ShippedCollection> {
    let alleys = place::COLLECTIONS.into_iter().filter(|one| one.id == place::ALLEYS);
    alleys.chain(record::collections())
}

/// The pictures that photos show, each with its SHA-256.
pub fn pictures() -> impl Iterator<Item = (String, Vec<u8>)> {
    Picture::all().map(|picture| {
        let bytes = picture.png();
        (Digests::of(&bytes).sha256, bytes)
    })
}

/// Rows by the id of their collection.
#[derive(Debug)]
pub struct Records {
    fields: BTreeMap<&'static str, Vec<Field>>,
    rows: BTreeMap<&'static str, Vec<Feature>>,
    /// The SHA-256 of each picture.
    hashes: Vec<String>,
}

impl Default for Records {
    /// None yet.
    fn default() -> Self {
        let shipped = collections().map(|one| (one.id, one.fields()));
        let fields = shipped.chain([(ENFORCEMENT, enforcement::fields())]).collect();
        let hashes = pictures().map(|(hash, _)| hash).collect();
        Self { fields, rows: BTreeMap::new(), hashes }
    }
}

impl Records {
    /// The rows of a collection.
    pub fn take(&mut self, id: &str) -> Vec<Feature> {
        self.rows.remove(id).unwrap_or_default()
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
        let properties = self.fields.get(id).map(|fields| row(fields, values)).unwrap_or_default();
        self.rows.entry(id).or_default().push(Feature { id: None, geometry, properties });
    }
}

/// A point of the ledger as records know it.
struct Known {
    /// Its number, or its id before it has one.
    code: String,
    task: String,
    state: Option<State>,
    parcel: String,
    geometry: Option<Geometry>,
    outline: Option<Geometry>,
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
        let columns = points::fields();
        let points = points.iter().map(|point| known(&columns, point)).collect();
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

fn known(columns: &[Field], LedgerPoint { row, outline, .. }: &LedgerPoint) -> Known {
    let text = |name: &str| text_of(columns, row, name);
    let code = Some(text("code")).filter(|code| !code.is_empty());
    Known {
        code: code.unwrap_or_else(|| text("id")),
        task: text("task"),
        state: State::from_identifier(&text("state")),
        parcel: text("parcel"),
        geometry: row.geometry.clone(),
        outline: outline.clone(),
    }
}

impl Teller<'_> {
    /// The stream of one thing of this village.
    fn random(&self, kind: &[u8], number: u64) -> Random {
        let [column, row] = self.village.place.cell;
        let mut path: Vec<u64> = kind.iter().map(|byte| u64::from(*byte)).collect();
        path.extend([column, row, number]);
        Random::of(self.village.region.seed, &path)
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
    Value::Text(utc_of_millis((day * DAY_MS + minute * 60_000) as i64))
}

/// A day of the two years.
fn any_day(random: &mut Random) -> u64 {
    FIRST_DAY + random.below(LAST_DAY - FIRST_DAY)
}
