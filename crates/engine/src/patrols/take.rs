//! Takes a batch of patrols: checked against one state, snapped to the alleys of their days, written
//! together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use geo_types::{Geometry as Shape, LineString, MultiLineString};
use ledger::patrol::{AlleyLine, Fix, PatrolRules, Plane, covered};
use ledger::place::Day;
use ledger::record::patrols::{CHECKLIST_RESULTS, PATROL_FINDINGS, PATROL_TRACKS, PATROLS};
use rustc_hash::FxHashMap;
use spatial::{CollectionSnapshot, Envelope, Feature, Geometry, Snapshot, Timestamp, Value};

use super::alleys::Alleys;
use super::check::{area, defects};
use super::named::Named;
use super::places::LonLat;
use super::read::{each, number, record, text};
use super::write::{Rows, digest};
use super::{About, NewPatrol, PatrolCovered, PatrolOutcome, TakenPatrols};
use crate::edit::{EditOp, EditSet, FeatureEdit};
use crate::places::is_unit;
use crate::{Defect, Engine, EngineError, now};

/// Pieces of alleys that are shorter count for nothing, in metres.
const SHORTEST_M: f64 = 0.1;
const MINUTE_MS: i64 = 60_000;

/// The collections that patrols are written to.
struct Held {
    patrols: Arc<CollectionSnapshot>,
    tracks: Arc<CollectionSnapshot>,
    results: Option<Arc<CollectionSnapshot>>,
    findings: Option<Arc<CollectionSnapshot>>,
}

impl Held {
    fn of(state: &Snapshot) -> Result<Self, EngineError> {
        let needed = |name: &'static str| {
            record(state, name).ok_or(EngineError::NoPatrols { collection: name })
        };
        Ok(Self {
            patrols: needed(PATROLS)?,
            tracks: needed(PATROL_TRACKS)?,
            results: record(state, CHECKLIST_RESULTS),
            findings: record(state, PATROL_FINDINGS),
        })
    }
}

impl Engine {
    /// Whether the store keeps patrols.
    pub fn has_patrols(&self) -> bool {
        Held::of(&self.snapshot()).is_ok()
    }

    /// Takes patrols of one actor, each with an outcome of its own; all that are taken become durable
    /// and visible together, before this returns. Sent again, they change nothing. They are written
    /// whatever class of columns this handle sees, and name what is of its area alone.
    ///
    /// # Errors
    /// When the store keeps no patrols, or cannot be written to: then nothing was taken.
    pub async fn take_patrols(
        &self,
        actor: String,
        patrols: Vec<NewPatrol>,
    ) -> Result<TakenPatrols, EngineError> {
        // As a task of its own: a caller that goes away must not leave it half-way.
        let (engine, sender) = (self.whole(), self.clone());
        let task = tokio::spawn(async move {
            let _one_at_a_time = engine.0.patrolling.lock().await;
            engine.take_alone(actor, patrols, &sender).await
        });
        task.await.map_err(|error| EngineError::Internal { what: format!("patrols: {error}") })?
    }

    async fn take_alone(
        &self,
        actor: String,
        patrols: Vec<NewPatrol>,
        sender: &Self,
    ) -> Result<TakenPatrols, EngineError> {
        let state = self.snapshot();
        let held = Held::of(&state)?;
        let points = self.points_named(&patrols).await?;
        let named = Named::of(sender, points.keys()).await?;
        let at = state.recorded_at.map_or(now(), |recorded| recorded.max(now()));
        let (engine, revision) = (self.clone(), state.revision);
        let work = move || {
            let batch = Batch::of(&engine, &state, held, (points, &patrols), at)?;
            batch.run(&patrols, named.as_ref())
        };
        let (outcomes, edits) = self.pool().run_waiting(work).await??;
        if edits.is_empty() {
            return Ok(TakenPatrols { revision, outcomes });
        }
        let commit = self.edit(EditSet { actor, reason: "patrols".to_owned(), edits }).await?;
        Ok(TakenPatrols { revision: commit.revision, outcomes })
    }

    /// The ids of points that patrols name, by what they call them; none for those that are not
    /// there.
    async fn points_named(
        &self,
        patrols: &[NewPatrol],
    ) -> Result<BTreeMap<String, Option<String>>, EngineError> {
        let mut points = BTreeMap::new();
        for patrol in patrols {
            let of_findings = patrol.findings.iter().filter_map(|one| match &one.about {
                About::Known(point) => Some(point),
                About::Nothing | About::Reported { .. } => None,
            });
            let of_results = patrol.results.iter().filter_map(|one| one.point.as_ref());
            for name in patrol.point.iter().chain(of_findings).chain(of_results) {
                if !points.contains_key(name) {
                    let id = self.point_called(name).await?.map(|id| id.to_string());
                    points.insert(name.clone(), id);
                }
            }
        }
        Ok(points)
    }
}

/// A batch against one state.
struct Batch {
    rules: PatrolRules,
    ahead_ms: i64,
    now: Timestamp,
    held: Held,
    alleys: Alleys,
    area: Option<Envelope>,
    /// The way into `patrols`.
    places: LonLat,
    points: BTreeMap<String, Option<String>>,
    /// Units that patrols name and that there are none of on their day.
    unknown_units: BTreeSet<(String, Day)>,
}

impl Batch {
    fn of(
        engine: &Engine,
        state: &Snapshot,
        held: Held,
        (points, patrols): (BTreeMap<String, Option<String>>, &[NewPatrol]),
        now: Timestamp,
    ) -> Result<Self, EngineError> {
        let units = patrols.iter().map(|one| (one.unit.clone(), Day::of(one.started_at)));
        let units: BTreeSet<(String, Day)> = units.collect();
        let is_unknown = |(unit, day): &(String, Day)| !is_unit(state, *day, unit);
        let registry = engine.registry();
        let alleys = Alleys::read(state, registry, &|_validity| true)?;
        Ok(Self {
            rules: engine.settings().patrols,
            ahead_ms: i64::from(engine.settings().ledger.ahead_minutes) * MINUTE_MS,
            now,
            area: area(state, registry, &alleys)?,
            places: LonLat::of(&held.patrols.collection().crs, registry)?,
            held,
            alleys,
            points,
            unknown_units: units.into_iter().filter(is_unknown).collect(),
        })
    }

    fn run(
        &self,
        patrols: &[NewPatrol],
        named: Option<&Named>,
    ) -> Result<(Vec<PatrolOutcome>, Vec<FeatureEdit>), EngineError> {
        let is_alley =
            |code: &str| self.alleys.all.iter().any(|one| one.code.as_deref() == Some(code));
        let codes: Vec<String> = patrols.iter().map(|patrol| patrol.code.to_string()).collect();
        let mut known = self.known(&codes)?;
        let (mut outcomes, mut edits) = (Vec::with_capacity(patrols.len()), Vec::new());
        for (number, (patrol, code)) in patrols.iter().zip(&codes).enumerate() {
            let digest = digest(patrol);
            let beyond = named.map_or(Vec::new(), |named| named.beyond(patrol, &is_alley));
            let outcome = match known.get(code) {
                Some((covered_m, kept)) if kept.as_ref().is_none_or(|kept| *kept == digest) => {
                    PatrolOutcome::Again { covered_m: *covered_m }
                }
                Some(_) => PatrolOutcome::Differs,
                None if !beyond.is_empty() => PatrolOutcome::OutsideArea(beyond),
                None => self.take(number, patrol, (&digest, &mut edits)),
            };
            if let PatrolOutcome::New(covered) = &outcome {
                known.insert(code.clone(), (covered.covered_m, Some(digest)));
            }
            outcomes.push(outcome);
        }
        Ok((outcomes, edits))
    }

    /// What is known under these codes: metres covered, and the digest of what was sent, where it is
    /// kept.
    fn known(
        &self,
        codes: &[String],
    ) -> Result<FxHashMap<String, (f64, Option<String>)>, EngineError> {
        let wanted: BTreeSet<&str> = codes.iter().map(String::as_str).collect();
        let column = |held: &CollectionSnapshot, name: &str| {
            held.collection().field_position(name).ok_or_else(|| EngineError::Internal {
                what: format!("{} without {name}", held.collection().id),
            })
        };
        let (patrols, tracks) = (&self.held.patrols, &self.held.tracks);
        let (code, covered) = (column(patrols, "code")?, column(patrols, "covered_m")?);
        let mut known = FxHashMap::default();
        each(patrols, &mut |row| {
            if let Some(one) = text(row, code).filter(|code| wanted.contains(code)) {
                known.insert(one.to_owned(), (number(row, covered), None));
            }
        });
        let (patrol, digest) = (column(tracks, "patrol")?, column(tracks, "digest")?);
        if !known.is_empty() {
            each(tracks, &mut |row| {
                if let Some((_, kept)) = text(row, patrol).and_then(|code| known.get_mut(code)) {
                    *kept = text(row, digest).map(str::to_owned);
                }
            });
        }
        Ok(known)
    }

    fn take(
        &self,
        number: usize,
        patrol: &NewPatrol,
        (digest, edits): (&str, &mut Vec<FeatureEdit>),
    ) -> PatrolOutcome {
        let mut found = defects(patrol, self.area.as_ref(), (self.now, self.ahead_ms));
        found.extend(self.unknown_unit(patrol));
        found.extend(self.unknown_alley(patrol));
        found.extend(self.unknown_points(patrol));
        found.extend(self.missing_collections(patrol));
        let Some((geometry, covered)) = self.snapped(patrol).filter(|_| found.is_empty()) else {
            if found.is_empty() {
                let problem = "its alleys have no place in the storage CRS".to_owned();
                found.push(Defect { place: "/track".to_owned(), problem });
            }
            return PatrolOutcome::Invalid(found);
        };
        let rows = Rows { patrol, points: &self.points, now: self.now, covered: &covered };
        let place = format!("/{number}");
        let mut insert = |held: &CollectionSnapshot, geometry: Option<Geometry>, values| {
            edits.push(inserted(&place, held, geometry, values));
        };
        insert(&self.held.patrols, geometry, rows.patrol());
        insert(&self.held.tracks, None, rows.track(digest));
        if let Some(held) = &self.held.results {
            rows.results().into_iter().for_each(|values| insert(held, None, values));
        }
        if let Some(held) = &self.held.findings {
            rows.findings().into_iter().for_each(|values| insert(held, None, values));
        }
        PatrolOutcome::New(covered)
    }

    fn unknown_unit(&self, patrol: &NewPatrol) -> Option<Defect> {
        let (unit, day) = (&patrol.unit, Day::of(patrol.started_at));
        self.unknown_units.contains(&(unit.clone(), day)).then(|| {
            let shown: String = unit.chars().take(60).collect();
            let problem = format!(
                "{shown:?} is the code of no unit on {day}; name the unit of admin_units that the patrol is for"
            );
            Defect { place: "/unit".to_owned(), problem }
        })
    }

    fn unknown_alley(&self, patrol: &NewPatrol) -> Option<Defect> {
        let (alley, day) = (patrol.alley.as_deref()?, Day::of(patrol.started_at));
        self.alleys.called(alley, day).is_none().then(|| Defect {
            place: "/alley".to_owned(),
            problem: format!(
                "no alley has this code on {day}; take one of alleys, or leave it out"
            ),
        })
    }

    fn unknown_points(&self, patrol: &NewPatrol) -> Vec<Defect> {
        let mut found = Vec::new();
        let mut look = |place: String, name: Option<&String>| {
            if name.is_some_and(|name| self.points.get(name).is_none_or(Option::is_none)) {
                let problem =
                    "the ledger has no such point; name one by its id or number".to_owned();
                found.push(Defect { place, problem });
            }
        };
        look("/point".to_owned(), patrol.point.as_ref());
        for (number, result) in patrol.results.iter().enumerate() {
            look(format!("/results/{number}/point"), result.point.as_ref());
        }
        for (number, finding) in patrol.findings.iter().enumerate() {
            if let About::Known(point) = &finding.about {
                look(format!("/findings/{number}/point"), Some(point));
            }
        }
        found
    }

    fn missing_collections(&self, patrol: &NewPatrol) -> Vec<Defect> {
        let lacks = |is_sent: bool, held: &Option<Arc<CollectionSnapshot>>, place: &str, name| {
            (is_sent && held.is_none()).then(|| Defect {
                place: place.to_owned(),
                problem: format!(
                    "the store keeps none; `tuban ledger add STORE {name}` makes them"
                ),
            })
        };
        let results =
            lacks(!patrol.results.is_empty(), &self.held.results, "/results", CHECKLIST_RESULTS);
        let findings =
            lacks(!patrol.findings.is_empty(), &self.held.findings, "/findings", PATROL_FINDINGS);
        results.into_iter().chain(findings).collect()
    }

    /// The parts of alleys that a patrol covers, in the storage CRS, and how long they are; none
    /// where they have no coordinates there.
    fn snapped(&self, patrol: &NewPatrol) -> Option<(Option<Geometry>, PatrolCovered)> {
        let day = Day::of(patrol.started_at);
        let first = patrol.track.first().map(|fix| patrol.source.to_wgs84(fix.lon_lat));
        let plane = Plane::about(first.unwrap_or_default());
        let fixes: Vec<Fix> = patrol
            .track
            .iter()
            .filter_map(|fix| {
                let reach = self.rules.reach(fix.accuracy_m)?;
                let lon_lat = patrol.source.to_wgs84(fix.lon_lat);
                let mut near = self.alleys.near(lon_lat, reach);
                near.retain(|near| self.alleys.all[near.alley].validity.holds(day));
                Some(Fix { at: plane.metres(lon_lat), time: fix.at.0, reach, near })
            })
            .collect();
        let said = patrol.alley.as_deref().and_then(|code| self.alleys.called(code, day));
        let mut whole = PatrolCovered::default();
        let mut lines = Vec::new();
        for (alley, intervals) in covered(&fixes, said, &self.rules) {
            let alley = &self.alleys.all[alley];
            let mut metres = 0.0;
            for between in intervals.iter() {
                for line in alley.line.cut(between) {
                    let length = AlleyLine::new([line.clone()]).length();
                    if length >= SHORTEST_M {
                        metres += length;
                        let line = line.into_iter().map(|at| alley.plane.lon_lat(at)).collect();
                        lines.push(LineString::from(self.places.to_store(line)?));
                    }
                }
            }
            if metres > 0.0 {
                whole.covered_m += metres;
                whole.alleys.push((alley.code.clone(), rounded(metres)));
            }
        }
        whole.covered_m = rounded(whole.covered_m);
        let shape = (!lines.is_empty()).then_some(Shape::MultiLineString(MultiLineString(lines)));
        Some((shape.map(Geometry::from), whole))
    }
}

/// Metres to a tenth.
fn rounded(metres: f64) -> f64 {
    (metres * 10.0).round() / 10.0
}

fn inserted(
    place: &str,
    held: &CollectionSnapshot,
    geometry: Option<Geometry>,
    values: Vec<(&'static str, Value)>,
) -> FeatureEdit {
    let collection = held.collection();
    let mut properties = vec![Value::Null; collection.fields.len()];
    for (name, value) in values {
        if let Some(at) = collection.field_position(name) {
            properties[at] = value;
        }
    }
    FeatureEdit {
        place: place.to_owned(),
        collection: collection.id.clone(),
        op: EditOp::Insert(Feature { id: None, geometry, properties }),
        unchanged_since: None,
    }
}
