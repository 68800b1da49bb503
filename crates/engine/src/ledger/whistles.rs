//! Calls of departments (吹哨报到) as rows of two collections: one row a call, one a department that
//! was called. Rules are `ledger::whistle`'s; whoever edits the rows as features does it by hand.
//!
//! *Invariant:* a call and who was called are durable together; what is told twice is written once.

use std::sync::Arc;

use ledger::record::calls::{ARRIVALS, WHISTLES};
use ledger::record::named;
use ledger::whistle::{
    Arrival, Missing, Telling, Whistle, WhistleRefusal, check_clock, next_code, written,
};
use spatial::{
    CollectionId, CollectionSnapshot, Day, FeatureId, FeatureRef, Geometry, Revision, Snapshot,
    Timestamp, Value, ValueRef,
};

use super::held::{assign, blank, column};
use crate::{Assigned, EditOp, EditSet, Engine, EngineError, FeatureEdit, now};

/// How often a call is told anew when another program changed it meanwhile.
const ATTEMPTS: usize = 8;

/// A call as a client sends it.
#[derive(Clone, Debug)]
pub struct NewWhistle {
    /// Its number, made by the client; the next one of the day where it has none.
    pub code: Option<String>,
    /// Code of the unit that calls.
    pub caller: String,
    /// What about.
    pub subject: String,
    /// The point, by id or number.
    pub point: Option<String>,
    /// When; now when it is not said.
    pub called_at: Option<Timestamp>,
    /// Who is called, each once.
    pub departments: Vec<String>,
    /// Where, in the storage CRS; where the point lies when it is not said.
    pub geometry: Option<Geometry>,
}

/// What is told of a call that is there.
#[derive(Clone, Debug)]
pub enum Tale {
    /// A department came.
    Arrival {
        /// The department.
        department: String,
        /// When; now when it is not said.
        at: Option<Timestamp>,
        /// What it says.
        note: Option<String>,
    },
    /// The call is closed.
    Closing {
        /// What came of it.
        result: String,
        /// When; now when it is not said.
        at: Option<Timestamp>,
        /// Whether it may be closed although not all came.
        missing: Missing,
        /// The unit that closes it, if it has one: only the caller may.
        unit: Option<String>,
    },
}

/// A call in one state.
#[derive(Clone, Debug)]
pub struct FoundWhistle {
    /// The state.
    pub revision: Revision,
    /// The call.
    pub whistle: Whistle,
    /// Its row.
    pub row: FeatureId,
    /// Whether what was told was new.
    pub telling: Telling,
}

/// Both collections of one state.
struct Calls {
    whistles: Arc<CollectionSnapshot>,
    arrivals: Arc<CollectionSnapshot>,
}

impl Calls {
    fn of(state: &Snapshot) -> Option<Self> {
        let find = |name: &str| {
            let held = state.collections.get(&CollectionId::try_from(name).ok()?)?;
            named(name)?.is(held.collection()).then(|| Arc::clone(held))
        };
        Some(Self { whistles: find(WHISTLES)?, arrivals: find(ARRIVALS)? })
    }

    /// The call of a number, with the rows of its departments in the order of its arrivals.
    fn find(&self, code: &str) -> Option<(FeatureId, Whistle, Vec<FeatureId>)> {
        let row = rows_with(&self.whistles, "code", code).next()?;
        let whistle = self.whistles.get(row)?;
        let described = self.whistles.collection();
        let field = |name: &str| text(column(described, whistle, name));
        let mut called: Vec<(Option<String>, FeatureId, Arrival)> =
            rows_with(&self.arrivals, "whistle", code)
                .filter_map(|row| {
                    let arrival = self.arrivals.get(row)?;
                    Some((self.of_arrival(arrival, "code"), row, self.arrival(arrival)?))
                })
                .collect();
        called.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
        let rows = called.iter().map(|(_, row, _)| *row).collect();
        let whistle = Whistle {
            code: code.to_owned(),
            caller: field("caller"),
            subject: field("subject"),
            point: field("point"),
            called_at: moment(column(described, whistle, "called_at")),
            closed_at: moment(column(described, whistle, "closed_at")),
            result: field("result"),
            arrivals: called.into_iter().map(|(_, _, arrival)| arrival).collect(),
        };
        Some((row, whistle, rows))
    }

    fn of_arrival(&self, row: FeatureRef<'_>, name: &str) -> Option<String> {
        text(column(self.arrivals.collection(), row, name))
    }

    fn arrival(&self, row: FeatureRef<'_>) -> Option<Arrival> {
        Some(Arrival {
            department: self.of_arrival(row, "department")?,
            arrived_at: moment(column(self.arrivals.collection(), row, "arrived_at")),
            note: self.of_arrival(row, "note"),
        })
    }

    /// The edits that make a call.
    fn edits(&self, code: &str, new: &NewWhistle, at: Timestamp) -> Vec<FeatureEdit> {
        let values = [
            ("code", Value::Text(code.to_owned())),
            ("caller", Value::Text(new.caller.clone())),
            ("subject", Value::Text(new.subject.clone())),
            ("point", new.point.clone().map_or(Value::Null, Value::Text)),
            ("called_at", written(at)),
        ];
        let described = self.whistles.collection();
        let mut call = blank(described);
        call.geometry.clone_from(&new.geometry);
        assign(described, &mut call, values);
        let mut edits = vec![insert(&self.whistles, call)];
        for (number, department) in new.departments.iter().enumerate() {
            let values = [
                ("code", Value::Text(format!("{code}-{:02}", number + 1))),
                ("whistle", Value::Text(code.to_owned())),
                ("department", Value::Text(department.clone())),
                ("unit", Value::Text(new.caller.clone())),
                ("called_at", written(at)),
            ];
            let described = self.arrivals.collection();
            let mut arrival = blank(described);
            assign(described, &mut arrival, values);
            edits.push(insert(&self.arrivals, arrival));
        }
        edits
    }
}

impl Engine {
    /// Whether the store keeps calls.
    pub fn has_whistles(&self) -> bool {
        Calls::of(&self.snapshot()).is_some()
    }

    /// The call of a number, as it had been recorded at `as_of`, or as it is now.
    ///
    /// # Errors
    /// When the store keeps no calls.
    pub async fn whistle(
        &self,
        code: &str,
        as_of: Option<Timestamp>,
    ) -> Result<Option<FoundWhistle>, EngineError> {
        Calls::of(&self.snapshot()).ok_or(EngineError::NoWhistles)?;
        let ids = [WHISTLES, ARRIVALS].map(CollectionId::try_from);
        let ids: Vec<CollectionId> = ids.into_iter().flatten().collect();
        let state = self.state(as_of, &ids).await?;
        let calls = Calls::of(&state).ok_or(EngineError::NoWhistles)?;
        let (code, revision) = (code.to_owned(), state.revision);
        let find = move || calls.find(&code);
        let found = self.pool().run(find).await?;
        Ok(found.map(|(row, whistle, _)| FoundWhistle {
            revision,
            whistle,
            row,
            telling: Telling::Again,
        }))
    }

    /// Calls departments: one call and all whom it calls, durable and visible before this returns.
    /// Sent again under the same number it changes nothing.
    ///
    /// # Errors
    /// When the store keeps no calls, the number is that of another call, the call is ahead of the
    /// clock, or its point is not in the area of this handle.
    pub async fn call_departments(
        &self,
        mut new: NewWhistle,
        actor: String,
    ) -> Result<FoundWhistle, EngineError> {
        let _one_at_a_time = self.0.ledger.calling.lock().await;
        let (state, now) = (self.snapshot(), now());
        let calls = Calls::of(&state).ok_or(EngineError::NoWhistles)?;
        check_clock(new.called_at, now, self.settings().ledger.ahead_minutes)?;
        if let Some(code) = &new.code
            && let Some((row, whistle, _)) = calls.find(code)
        {
            let revision = state.revision;
            return match is_same(&whistle, &new) {
                true => Ok(FoundWhistle { revision, whistle, row, telling: Telling::Again }),
                false => Err(WhistleRefusal::Differs { code: code.clone() }.into()),
            };
        }
        if let Some(point) = &new.point {
            self.seen_point(point).await?;
            if new.geometry.is_none() {
                new.geometry = self.place_of(point, &calls).await?;
            }
        }
        let at = new.called_at.unwrap_or(now);
        let code = new.code.clone().unwrap_or_else(|| calls.next_code(at));
        let edits = calls.edits(&code, &new, at);
        let reason = format!("吹哨 {code}");
        let commit = self.edit(EditSet { actor, reason, edits }).await?;
        self.told(&code, commit.revision)
    }

    /// Tells of a call that is there; told again it changes nothing. None where there is no such call.
    ///
    /// # Errors
    /// When the store keeps no calls, or the rules of calls refuse it.
    pub async fn tell_whistle(
        &self,
        code: &str,
        tale: Tale,
        actor: &str,
    ) -> Result<Option<FoundWhistle>, EngineError> {
        let _one_at_a_time = self.0.ledger.calling.lock().await;
        for _attempt in 0..ATTEMPTS {
            let (state, now) = (self.snapshot(), now());
            let calls = Calls::of(&state).ok_or(EngineError::NoWhistles)?;
            let Some((row, whistle, departments)) = calls.find(code) else { return Ok(None) };
            let ahead = self.settings().ledger.ahead_minutes;
            let (held, edited, values) = match &tale {
                Tale::Arrival { department, at, note } => {
                    check_clock(*at, now, ahead)?;
                    if whistle.arrive(department, *at, now)? == Telling::Again {
                        return Ok(Some(again(&state, whistle, row)));
                    }
                    let slot =
                        whistle.arrivals.iter().position(|one| one.department == *department);
                    let edited = slot.and_then(|slot| departments.get(slot)).copied();
                    let note = note.clone().map_or(Value::Null, Value::Text);
                    let values = vec![("arrived_at", written(at.unwrap_or(now))), ("note", note)];
                    (&calls.arrivals, edited, values)
                }
                Tale::Closing { result, at, missing, unit } => {
                    check_clock(*at, now, ahead)?;
                    check_caller(&whistle, unit.as_deref())?;
                    if whistle.close(result, (*at, now), *missing)? == Telling::Again {
                        return Ok(Some(again(&state, whistle, row)));
                    }
                    let values = vec![
                        ("closed_at", written(at.unwrap_or(now))),
                        ("result", Value::Text(result.clone())),
                    ];
                    (&calls.whistles, Some(row), values)
                }
            };
            let edited = edited.ok_or_else(|| EngineError::Internal {
                what: "a department without a row".to_owned(),
            })?;
            let collection = held.collection();
            let values = values
                .into_iter()
                .filter_map(|(name, value)| Some((collection.field_position(name)?, value)));
            let assigned = Assigned { geometry: None, values: values.collect() };
            let edit = FeatureEdit {
                place: String::new(),
                collection: collection.id.clone(),
                op: EditOp::Assign(edited, assigned),
                unchanged_since: Some(state.revision),
            };
            let (actor, reason) = (actor.to_owned(), format!("吹哨 {code}"));
            match self.edit(EditSet { actor, reason, edits: vec![edit] }).await {
                Ok(commit) => return self.told(code, commit.revision).map(Some),
                // Another program was faster: the rules are asked anew.
                Err(EngineError::FeatureChanged { changed, .. }) => self.published(changed).await?,
                Err(error) => return Err(error),
            }
        }
        Err(EngineError::KeepsChanging)
    }

    /// The call as it is after something new was told of it.
    fn told(&self, code: &str, revision: Revision) -> Result<FoundWhistle, EngineError> {
        let found = Calls::of(&self.snapshot()).and_then(|calls| calls.find(code));
        let lost = || EngineError::Internal { what: "a call that was written is gone".to_owned() };
        let (row, whistle, _) = found.ok_or_else(lost)?;
        Ok(FoundWhistle { revision, whistle, row, telling: Telling::New })
    }

    /// Where a point lies, if calls are stored in the same CRS.
    async fn place_of(&self, point: &str, calls: &Calls) -> Result<Option<Geometry>, EngineError> {
        let Some(trace) = self.trace(point, None).await? else { return Ok(None) };
        let is_same = trace.points.collection().crs == calls.whistles.collection().crs;
        let row = trace.row.filter(|_| is_same).and_then(|row| trace.points.get(row));
        Ok(row.and_then(FeatureRef::geometry))
    }
}

impl Calls {
    fn next_code(&self, at: Timestamp) -> String {
        let collection = self.whistles.collection();
        let mut codes = Vec::new();
        self.whistles.each(&mut |shard, slots| {
            let rows = slots.iter().map(|slot| shard.feature(usize::from(*slot)));
            codes.extend(rows.filter_map(|row| text(column(collection, row, "code"))));
        });
        next_code(Day::of(at), codes.iter().map(String::as_str))
    }
}

fn again(state: &Snapshot, whistle: Whistle, row: FeatureId) -> FoundWhistle {
    FoundWhistle { revision: state.revision, whistle, row, telling: Telling::Again }
}

/// Whether a call that is sent again is the one that is there.
fn is_same(known: &Whistle, new: &NewWhistle) -> bool {
    let departments = known.arrivals.iter().map(|one| &one.department);
    known.caller.as_ref() == Some(&new.caller)
        && known.subject.as_ref() == Some(&new.subject)
        && known.point == new.point
        && new.called_at.is_none_or(|at| known.called_at == Some(at))
        && departments.eq(&new.departments)
}

fn check_caller(whistle: &Whistle, unit: Option<&str>) -> Result<(), WhistleRefusal> {
    match (unit, &whistle.caller) {
        (Some(unit), Some(caller)) if unit != caller => {
            Err(WhistleRefusal::OfAnother { unit: unit.to_owned(), caller: caller.clone() })
        }
        _ => Ok(()),
    }
}

fn insert(held: &CollectionSnapshot, feature: spatial::Feature) -> FeatureEdit {
    FeatureEdit {
        place: String::new(),
        collection: held.collection().id.clone(),
        op: EditOp::Insert(feature),
        unchanged_since: None,
    }
}

/// Rows whose column has this text, in order.
fn rows_with(
    held: &CollectionSnapshot,
    name: &str,
    wanted: &str,
) -> impl Iterator<Item = FeatureId> {
    let position = held.collection().field_position(name);
    let mut rows = Vec::new();
    if let Some(position) = position {
        held.with_text(position, wanted, &mut |shard, slots| {
            rows.extend(slots.iter().map(|slot| shard.ids()[usize::from(*slot)]));
        });
    }
    rows.sort_unstable();
    rows.into_iter()
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Text(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        _ => None,
    }
}

fn moment(value: ValueRef<'_>) -> Option<Timestamp> {
    text(value).as_deref().and_then(ledger::clue::read_moment)
}
