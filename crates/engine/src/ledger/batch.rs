//! A batch of events against one state: what becomes of each, and the change set that makes it so.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use ledger::{
    Event, EventId, Payload, Point, PointCode, PointId, PointSeries, Raised, Refusal, Rules, State,
    place::{Day, Level},
    rows::{events::StoredEvent, points},
};
use spatial::{
    Change, ChangeOp, ChangeSet, CrsRegistry, Feature, FeatureId, Geometry, Snapshot, Timestamp,
    Value,
};

use super::held::{Held, assign, blank};
use super::index::Index;
use super::named_evidence::NamedEvidence;
use super::position::lies;
use super::tasks::TasksOfPoints;
use super::{NewEvent, Outcome, Raising, Taking};
use crate::check::{Defects, Range, escaped};
use crate::places::{UnitsRead, Within, at_position, is_unit};
use crate::sight::Judge;
use crate::{Defect, EngineError};

/// What the index knows of the points, events and numbers that a batch names.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// The row of each point and the rows of its events.
    points: BTreeMap<PointId, (Option<FeatureId>, Vec<FeatureId>)>,
    /// Points that whoever raises does not see.
    concealed: BTreeSet<PointId>,
    events: BTreeMap<EventId, PointId>,
    codes: BTreeMap<String, PointId>,
    last: BTreeMap<PointSeries, u32>,
    has_begun: bool,
    /// The evidence that the batch names; none where events may name any.
    evidence: Option<NamedEvidence>,
    /// The tasks that points have.
    pub(super) tasks: TasksOfPoints,
}

impl Known {
    /// `needs_evidence` when events may name only what is there.
    pub(super) fn of(index: &Index, raising: &Raising, needs_evidence: bool) -> Self {
        let evidence = needs_evidence.then(|| NamedEvidence::of(index, raising));
        let mut known = Self { has_begun: index.has_begun(), evidence, ..Self::default() };
        for event in &raising.events {
            known.see_point(index, event.point);
            if let Some(point) = index.known.get(&event.id) {
                known.events.insert(event.id, *point);
            }
            match &event.payload {
                Payload::Merge { into } => known.see_point(index, *into),
                Payload::Register { code, task, unit, .. } => {
                    if let Some(point) = index.codes.get(code) {
                        known.codes.insert(code.clone(), *point);
                    }
                    if let Ok(series) = PointSeries::of(unit, task, event.occurred_at) {
                        let last = index.last.get(&series).copied().unwrap_or(0);
                        known.last.insert(series, last);
                    }
                }
                _ => {}
            }
        }
        known
    }

    /// Keeps the points from whoever raises whose row `is_unseen`.
    pub(super) fn conceal(&mut self, is_unseen: impl Fn(FeatureId) -> bool) {
        let unseen = self.points.iter().filter(|(_, (row, _))| row.is_some_and(&is_unseen));
        self.concealed = unseen.map(|(point, _)| *point).collect();
    }

    fn see_point(&mut self, index: &Index, point: PointId) {
        self.points.entry(point).or_insert_with(|| {
            let events = index.events.get(&point).cloned().unwrap_or_default();
            (index.points.get(&point).copied(), events)
        });
    }
}

/// A point at work.
struct Working {
    /// How many came before it: rows lie in the order in which the batch names their points.
    order: usize,
    point: Option<Point>,
    row: Option<FeatureId>,
    /// The row with what a report gives it.
    feature: Feature,
    is_touched: bool,
}

/// A batch on its way through its events.
pub(super) struct Batch<'a> {
    pub(super) registry: &'a CrsRegistry,
    pub(super) rules: &'a Rules,
    pub(super) state: &'a Snapshot,
    /// The ledger of that state.
    pub(super) held: &'a Held,
    pub(super) now: Timestamp,
    /// What decides of the area of whoever raises; absent for everywhere.
    pub(super) area: Option<&'a Judge<'a>>,
    pub(super) known: Known,
}

/// What came of it.
pub(super) struct Made {
    pub(super) outcomes: Vec<Outcome>,
    pub(super) changes: Vec<Change>,
    pub(super) points: Vec<Point>,
}

impl Batch<'_> {
    /// Raises every event in order.
    pub(super) fn run(self, raising: &Raising) -> Result<Made, EngineError> {
        let mut left_out: BTreeSet<PointId> = BTreeSet::new();
        let mut refused: BTreeMap<usize, Outcome> = BTreeMap::new();
        loop {
            let known = self.known.clone();
            let mut made = Batch { known, ..self }.pass(raising, &left_out)?;
            let before = left_out.len();
            for (position, (new, outcome)) in raising.events.iter().zip(&made.outcomes).enumerate()
            {
                if matches!(outcome, Outcome::Refused(_) | Outcome::Invalid(_)) {
                    refused.insert(position, outcome.clone());
                    left_out.insert(new.point);
                }
            }
            match raising.taking {
                Taking::AllOrNone if !refused.is_empty() => {
                    left_out.extend(raising.events.iter().map(|new| new.point));
                }
                Taking::AllOrNone | Taking::Each => return Ok(made),
                Taking::WholePoints => {}
            }
            // Without these points others may be refused that were to join them.
            if left_out.len() == before {
                for (position, outcome) in refused {
                    made.outcomes[position] = outcome;
                }
                return Ok(made);
            }
        }
    }

    /// Raises every event in order, but for those of some points.
    fn pass(
        mut self,
        raising: &Raising,
        left_out: &BTreeSet<PointId>,
    ) -> Result<Made, EngineError> {
        let mut working: BTreeMap<PointId, Working> = BTreeMap::new();
        let mut rows = Vec::new();
        let mut outcomes = Vec::with_capacity(raising.events.len());
        for new in &raising.events {
            let outcome = match left_out.contains(&new.point) {
                true => Outcome::Withheld,
                false => self.raise(raising, new, &mut working, &mut rows)?,
            };
            outcomes.push(outcome);
        }
        let mut working: Vec<Working> = working.into_values().collect();
        working.sort_by_key(|one| one.order);
        let collection = self.held.points.collection();
        let of_points = working.iter().filter(|one| one.is_touched).map(|one| {
            let mut feature = one.feature.clone();
            if let Some(point) = &one.point {
                assign(collection, &mut feature, points::derived(point));
            }
            let op = match one.row {
                Some(row) => ChangeOp::Replace(row, feature),
                None => ChangeOp::Insert(feature),
            };
            Change {
                collection: collection.id.clone(),
                op,
                unchanged_since: Some(self.state.revision),
            }
        });
        let mut changes: Vec<Change> = of_points.collect();
        let collection = self.held.events.collection();
        changes.extend(rows.iter().map(|stored: &StoredEvent| {
            let mut feature = blank(collection);
            assign(collection, &mut feature, stored.values());
            let op = ChangeOp::Insert(feature);
            Change { collection: collection.id.clone(), op, unchanged_since: None }
        }));
        let named: BTreeSet<PointId> = raising.events.iter().map(|new| new.point).collect();
        let is_named = |point: &Point| named.contains(&point.id());
        let points = working.into_iter().filter_map(|one| one.point).filter(is_named).collect();
        Ok(Made { outcomes, changes, points })
    }

    fn raise(
        &mut self,
        raising: &Raising,
        new: &NewEvent,
        working: &mut BTreeMap<PointId, Working>,
        rows: &mut Vec<StoredEvent>,
    ) -> Result<Outcome, EngineError> {
        let (id, point) = (new.id, new.point);
        let is_known = match self.known.events.get(&id) {
            Some(other) if *other != point => {
                return Ok(Outcome::Refused(Refusal::OtherContent { point, event: id }));
            }
            known => known.is_some(),
        };
        if let Some(refusal) = self.names_concealed(new) {
            return Ok(Outcome::Refused(refusal));
        }
        self.load(point, working)?;
        let target = match &new.payload {
            Payload::Merge { into } if !is_known => {
                self.load(*into, working)?;
                working.get(into).and_then(|target| target.point.as_ref())
            }
            _ => None,
        };
        let target: Option<(bool, State)> = target.map(|t| (t.is_counted(), t.state()));
        let Some(one) = working.get_mut(&point) else { return Ok(Outcome::Again) };
        let mut event = Event {
            id,
            payload: new.payload.clone(),
            actor: raising.actor.clone(),
            role: new.role,
            occurred_at: new.occurred_at,
            recorded_at: self.now,
            backfilled: new.backfilled,
        };
        self.jurisdiction(&mut event, new, (one.point.as_ref(), is_known))?;
        if !is_known && let Err(refusal) = self.known.tasks.check(new, self.rules) {
            return Ok(Outcome::Refused(refusal));
        }
        let given = match self.number(&mut event, one.point.as_ref(), point, is_known) {
            Ok(given) => given,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        if !is_known && let Err(refusal) = self.fits(new, target) {
            return Ok(Outcome::Refused(refusal));
        }
        let mut next = one.point.clone();
        let raised = match &mut next {
            Some(point) => point.raise(&event, self.rules),
            None => Point::report(point, &event, self.rules).map(|begun| {
                next = Some(begun);
                Raised::New
            }),
        };
        match raised {
            Err(Refusal::OutsideJurisdiction { point }) if new.geometry.is_none() => {
                return Ok(Outcome::Refused(Refusal::Nowhere { point }));
            }
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
            Ok(Raised::Again) => return Ok(Outcome::Again),
            Ok(Raised::New) => {}
        }
        if let Some(named) = &self.known.evidence
            && let Some(refusal) = named.refusal(self.state, new, reported_at(next.as_ref()))?
        {
            return Ok(Outcome::Refused(refusal));
        }
        if let Some(refusal) = self.lies_elsewhere(new)? {
            return Ok(Outcome::Refused(refusal));
        }
        if let Some(refusal) = self.given_away(new, one.point.as_ref()) {
            return Ok(Outcome::Refused(refusal));
        }
        if matches!(new.payload, Payload::Report { .. }) {
            let mut feature = one.feature.clone();
            let defects = self.place(new, &mut feature);
            if !defects.is_empty() {
                return Ok(Outcome::Invalid(defects));
            }
            if let Some(refusal) = next.as_ref().and_then(|next| self.outside(next, &feature)) {
                return Ok(Outcome::Refused(refusal));
            }
            one.feature = feature;
        }
        let seq = next.as_ref().map_or(0, |point| point.events().len());
        let seq = u32::try_from(seq).unwrap_or(u32::MAX);
        one.point = next;
        one.is_touched = true;
        self.known.events.insert(id, point);
        self.known.has_begun |= !event.backfilled;
        if let Some(code) = given {
            if let Ok(code) = PointCode::try_from(code.as_str()) {
                let last = self.known.last.entry(code.series().clone()).or_default();
                *last = code.number().max(*last);
            }
            self.known.codes.insert(code, point);
        }
        rows.push(StoredEvent { point, seq, unit_of_actor: raising.unit.clone(), event });
        Ok(Outcome::New { seq })
    }

    /// Refuses an event that names a point which whoever raises it does not see.
    fn names_concealed(&self, new: &NewEvent) -> Option<Refusal> {
        let into = match &new.payload {
            Payload::Merge { into } => Some(*into),
            _ => None,
        };
        let mut named = [Some(new.point), into].into_iter().flatten();
        let point = named.find(|point| self.known.concealed.contains(point))?;
        Some(Refusal::OutsideArea { point })
    }

    /// Refuses an event that makes a unit answer for the point which is not of the area of whoever
    /// raises it. The point may stay with the one that it has.
    fn given_away(&self, new: &NewEvent, at: Option<&Point>) -> Option<Refusal> {
        let unit = match &new.payload {
            Payload::Report { unit, .. } | Payload::Transfer { unit, .. } => unit.as_ref()?,
            Payload::Register { unit, .. } => unit,
            _ => return None,
        };
        let is_given = !self.area?.answers(unit) && at.and_then(Point::unit) != Some(unit.as_str());
        is_given.then(|| Refusal::UnitOutsideArea { point: new.point, unit: unit.clone() })
    }

    /// Refuses a report whose row would not be in the area of whoever raises it.
    fn outside(&self, point: &Point, feature: &Feature) -> Option<Refusal> {
        let area = self.area?;
        let mut feature = feature.clone();
        assign(self.held.points.collection(), &mut feature, points::derived(point));
        (!area.admits(&feature)).then(|| Refusal::OutsideArea { point: point.id() })
    }

    /// Reads a point, unless it is at work already.
    fn load(
        &self,
        id: PointId,
        working: &mut BTreeMap<PointId, Working>,
    ) -> Result<(), EngineError> {
        let order = working.len();
        let Entry::Vacant(place) = working.entry(id) else { return Ok(()) };
        let (row, rows) = self.known.points.get(&id).cloned().unwrap_or_default();
        let held = row.and_then(|row| self.held.points.get(row));
        let feature = match held {
            Some(row) => row.to_feature(),
            None => blank(self.held.points.collection()),
        };
        let point = self.held.point(id, &rows, self.rules)?;
        place.insert(Working { order, point, row: held.and(row), feature, is_touched: false });
        Ok(())
    }

    /// Gives a report that names no unit the town in whose area it lies, if one does.
    fn jurisdiction(
        &self,
        event: &mut Event,
        new: &NewEvent,
        (at, is_known): (Option<&Point>, bool),
    ) -> Result<(), EngineError> {
        let Payload::Report { unit: unit @ None, .. } = &mut event.payload else { return Ok(()) };
        if is_known {
            // Sent again: it got its unit when it came first.
            let first = at.and_then(|point| point.events().first()).map(|first| &first.payload);
            if let Some(Payload::Report { unit: given, .. }) = first {
                unit.clone_from(given);
            }
            return Ok(());
        }
        let position = new.geometry.as_ref().map(|geometry| geometry.envelope().center());
        if let Some(position) = position {
            let place = (position, &self.held.points.collection().crs);
            let day = Day::of(event.occurred_at);
            let found =
                at_position(self.state, self.registry, place, (day, &UnitsRead::default()))?;
            *unit = found.unit(Level::Town).map(|town| town.code.clone());
        }
        Ok(())
    }

    /// Refuses a report or registration that names what is no unit, and a report that names one while its
    /// position lies in none: who answers for a place may be another unit than the one in which it lies.
    /// Old history is taken as it was: units were others then.
    fn lies_elsewhere(&self, new: &NewEvent) -> Result<Option<Refusal>, EngineError> {
        let day = Day::of(new.occurred_at);
        let unit = match &new.payload {
            _ if new.backfilled => return Ok(None),
            Payload::Report { unit: Some(unit), .. } => unit,
            Payload::Register { unit, .. } | Payload::Transfer { unit: Some(unit), .. }
                if is_unit(self.state, day, unit) =>
            {
                return Ok(None);
            }
            Payload::Register { unit, .. } | Payload::Transfer { unit: Some(unit), .. } => {
                return Ok(Some(Refusal::UnknownUnit { point: new.point, unit: unit.clone() }));
            }
            _ => return Ok(None),
        };
        let Some(geometry) = new.geometry.as_ref() else { return Ok(None) };
        let place = (geometry, &**self.held.points.collection());
        let accuracy = new.values.iter().find_map(|(name, value)| match value {
            Value::Real(metres) if name == points::ACCURACY => Some(*metres),
            _ => None,
        });
        let within = lies((self.state, self.registry), place, day, (unit, accuracy))?;
        let (point, unit) = (new.point, unit.clone());
        Ok(match within {
            Within::Fits | Within::Elsewhere => None,
            Within::NoUnit => Some(Refusal::UnknownUnit { point, unit }),
            Within::Nowhere => Some(Refusal::OutsideUnit { point, unit }),
        })
    }

    /// Gives a registration the next number if it brings none; refuses one that is taken. Answers
    /// the number that is given if the event is new.
    fn number(
        &self,
        event: &mut Event,
        at: Option<&Point>,
        point: PointId,
        is_known: bool,
    ) -> Result<Option<String>, Refusal> {
        let Payload::Register { code, task, unit, .. } = &mut event.payload else {
            return Ok(None);
        };
        let is_blank = code.trim().is_empty();
        if is_known {
            // Sent again: it got its number when it came first.
            if let Some(given) = at.and_then(Point::code).filter(|_| is_blank) {
                *code = given.to_owned();
            }
            return Ok(None);
        }
        if !is_blank {
            if let Some(by) = self.known.codes.get(code).filter(|by| **by != point) {
                return Err(Refusal::CodeTaken { point, code: code.clone(), by: *by });
            }
            let series = PointSeries::of(unit, task, event.occurred_at);
            let fits = PointCode::try_from(code.as_str()).and_then(|code| match series {
                Ok(series) => code.check_of(&series),
                // Of a unit without digits the number says which series it is of.
                Err(_) => Ok(()),
            });
            return match fits {
                Err(fault) if !event.backfilled => Err(Refusal::Code { point, fault }),
                _ => Ok(Some(code.clone())),
            };
        }
        let blank = |text: &str| text.trim().is_empty();
        if blank(task) || blank(unit) {
            // The guards say what is missing; the number would be said first.
            *code = "-".to_owned();
            return Ok(None);
        }
        let issued = PointSeries::of(unit, task, event.occurred_at).and_then(|series| {
            let last = self.known.last.get(&series).copied().unwrap_or(0);
            series.next(last, |code| self.known.codes.contains_key(&code.to_string()))
        });
        *code = issued.map_err(|fault| Refusal::Code { point, fault })?.to_string();
        Ok(Some(code.clone()))
    }

    /// Whether an event that is new fits what other points and events say.
    fn fits(&self, new: &NewEvent, target: Option<(bool, State)>) -> Result<(), Refusal> {
        let point = new.point;
        if new.backfilled && self.known.has_begun {
            return Err(Refusal::HasBegun { point, event: new.id });
        }
        match (&new.payload, target) {
            (Payload::Merge { into }, _) if *into == point => Ok(()),
            (Payload::Merge { .. }, Some((true, _))) => Ok(()),
            (Payload::Merge { into }, target) => {
                let state = target.map(|(_, state)| state);
                Err(Refusal::MergeTarget { point, into: *into, state })
            }
            _ => Ok(()),
        }
    }

    /// Gives the row of a point what its report says of place and columns; lists what is wrong.
    fn place(&self, new: &NewEvent, feature: &mut Feature) -> Vec<Defect> {
        let collection = self.held.points.collection();
        let mut defects = Defects::default();
        if let Some(geometry) = &new.geometry {
            let range = Range::of(self.registry, &collection.crs);
            defects.check_geometry("/geometry", collection, geometry, range.as_ref());
        }
        let mut values: Vec<(&str, Value)> = Vec::new();
        for (name, value) in &new.values {
            let position = collection.field_position(name);
            match position.filter(|_| !points::is_derived(name)) {
                Some(position) => {
                    defects.check_value("", collection, position, value);
                    values.push((name, value.clone()));
                }
                None => defects.add(&format!("/{}", escaped(name)), "points have no such column"),
            }
        }
        if defects.0.is_empty() {
            let place: Option<Geometry> = new.geometry.clone();
            feature.geometry = place.or_else(|| feature.geometry.take());
            assign(collection, feature, values);
        }
        // The places of values are those of the event, not of a feature.
        for defect in &mut defects.0 {
            if let Some(name) = defect.place.strip_prefix("/properties") {
                defect.place = name.to_owned();
            }
        }
        defects.0
    }
}

/// When a point was reported.
fn reported_at(point: Option<&Point>) -> Option<Timestamp> {
    point?.events().first().map(|report| report.occurred_at)
}

/// The change set of a batch.
pub(super) fn change_set(raising: &Raising, changes: Vec<Change>, at: Timestamp) -> ChangeSet {
    let mut kinds: Vec<&str> =
        raising.events.iter().map(|new| new.payload.kind().identifier()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    ChangeSet {
        expect: None,
        actor: raising.actor.clone(),
        reason: kinds.join(", "),
        recorded_at: at,
        changes,
    }
}
