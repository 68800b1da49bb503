//! Calls of departments (吹哨报到) as JSON: what a body says, and what is told of a call. No HTTP here:
//! the routes and the command line share it.
//!
//! *Invariant:* every defect of a body is found before it is refused, each with its pointer.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::ledger::{FoundWhistle, NewWhistle, Tale};
use engine::{Defect, Engine, EngineError, Given};
use formats::JsonKind;
use formats::datetime::utc_of_millis;
use ledger::point::Role;
use ledger::record::calls::WHISTLES;
use ledger::whistle::{MAX_DEPARTMENTS, Missing, Telling, WhistleRules};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use spatial::{AxisOrder, CollectionId, CollectionSnapshot, Geometry, Timestamp};

use crate::actor::Actor;
use crate::crs_uri::OfferedCrs;
use crate::object_body::{MAX_CODE, ObjectBody, line};
use crate::planner::east_first;
use crate::point_events::no_point;
use crate::problem::{Code, Problem};

/// Longest text of a member, in characters.
const MAX_TEXT: usize = 2_000;

/// The departments that are called, each once.
fn departments(body: &mut ObjectBody<'_>, rules: &WhistleRules) -> Vec<String> {
    const NAME: &str = "departments";
    let Some(json) = body.member(NAME) else {
        body.add(NAME, "it is missing");
        return Vec::new();
    };
    let items = if json.kind() == JsonKind::List { json.items() } else { Vec::new() };
    if !(1..=MAX_DEPARTMENTS).contains(&items.len()) {
        body.add(NAME, format!("a list of 1 to {MAX_DEPARTMENTS} departments is expected"));
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let mut departments = Vec::with_capacity(items.len());
    for (slot, item) in items.into_iter().enumerate() {
        let problem = match line(item, MAX_CODE) {
            Ok(Some(department)) if !seen.insert(department.clone()) => {
                "it stands there twice".to_owned()
            }
            Ok(Some(department)) => match rules.check_department(&department) {
                Ok(()) => {
                    departments.push(department);
                    continue;
                }
                Err(problem) => problem,
            },
            Ok(None) => "a department is expected, not an empty text".to_owned(),
            Err(problem) => problem,
        };
        body.defects.push(Defect { place: format!("/{NAME}/{slot}"), problem });
    }
    departments
}

/// Where the call is about, if that is said.
fn geometry(body: &mut ObjectBody<'_>, given: &Given, axis_order: AxisOrder) -> Option<Geometry> {
    let json = body.member("geometry")?;
    let geometry = match json.geometry() {
        Ok(Some(found)) => found.geometry,
        Ok(None) => {
            body.add("geometry", "there is no vertex; leave it out for a call without a place");
            return None;
        }
        Err(fault) => {
            body.add("geometry", fault.to_string());
            return None;
        }
    };
    given.store(east_first(geometry, axis_order)).map_or_else(
        |defects| {
            let placed = defects
                .into_iter()
                .map(|defect| Defect { place: format!("/geometry{}", defect.place), ..defect });
            body.defects.extend(placed);
            None
        },
        Some,
    )
}

/// What is told of a call.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Step {
    /// Departments are called.
    Call,
    /// A department came to the call of this code.
    Arrival(String),
    /// The call of this code is closed.
    Closing(String),
}

/// Where calls are kept.
///
/// # Errors
/// When the store keeps none.
pub fn held(engine: &Engine) -> Result<Arc<CollectionSnapshot>, Problem> {
    let id = CollectionId::try_from(WHISTLES).map_err(|error| Problem::internal(&error))?;
    let snapshot = engine.snapshot();
    let held = snapshot.collections.get(&id).filter(|_| engine.has_whistles());
    Ok(held.map(Arc::clone).ok_or(EngineError::NoWhistles)?)
}

/// Makes the call of a body, whose geometry is in `crs`.
///
/// # Errors
/// Every defect of the body; when it names no point of the ledger, or is refused.
pub async fn call(
    engine: &Engine,
    body: &[u8],
    (actor, rules): (&Actor, &WhistleRules),
    crs: &OfferedCrs,
) -> Result<FoundWhistle, Problem> {
    let given = engine.given(held(engine)?.collection(), &crs.crs)?;
    let new = read_call(body, (actor, rules), (&given, crs.axis_order))?;
    if let Some(point) = &new.point
        && engine.point_called(point).await?.is_none()
    {
        return Err(no_point(point));
    }
    let called = engine.call_departments(new, actor.name().to_owned()).await;
    called.map_err(|error| Problem::from(error).inside("/feature"))
}

/// Tells of the call of a code.
///
/// # Errors
/// When there is no such call, or it is refused.
pub async fn tell(
    engine: &Engine,
    code: &str,
    tale: Tale,
    actor: &Actor,
) -> Result<FoundWhistle, Problem> {
    let told = engine.tell_whistle(code, tale, actor.name()).await;
    let told = told.map_err(|error| Problem::from(error).inside("/feature"))?;
    told.ok_or_else(|| no_whistle(code))
}

/// Takes a body for a caller on this machine, who is the actor of a store without accounts;
/// geometries are longitudes and latitudes. Answers what the routes do.
///
/// # Errors
/// What is wrong, in a sentence; then nothing was changed.
pub async fn take_here(
    engine: &Engine,
    rules: &WhistleRules,
    step: &Step,
    body: &[u8],
) -> Result<Value, String> {
    let actor = Actor::local();
    let found = match step {
        Step::Call => call(engine, body, (&actor, rules), &OfferedCrs::crs84()).await,
        Step::Arrival(code) => match read_arrival(body, &actor) {
            Ok(tale) => tell(engine, code, tale, &actor).await,
            Err(problem) => Err(problem),
        },
        Step::Closing(code) => match read_closing(body, &actor) {
            Ok(tale) => tell(engine, code, tale, &actor).await,
            Err(problem) => Err(problem),
        },
    };
    found.map(|found| answer(&found)).map_err(|problem| problem.said())
}

/// There is no such call.
pub fn no_whistle(code: &str) -> Problem {
    let shown: String = code.chars().take(60).collect();
    let detail =
        format!("there is no call {shown:?}; POST /whistles or `tuban whistle add` makes one");
    Problem::new(Code::WhistleNotFound, detail)
}

/// The call of a body; its geometry is in what `given` knows.
fn read_call(
    body: &[u8],
    (actor, rules): (&Actor, &WhistleRules),
    (given, axis_order): (&Given, AxisOrder),
) -> Result<NewWhistle, Problem> {
    const KNOWN: &[&str] =
        &["code", "caller", "subject", "point", "called_at", "departments", "geometry"];
    let mut body = ObjectBody::read(body, KNOWN)?;
    let code = body.text("code", MAX_CODE);
    if code.as_deref().is_some_and(|code| code.contains(['/', '?', '#', '%'])) {
        body.add("code", "it stands in URLs; leave out / ? # and %");
    }
    let caller = own_or_said(&mut body, "caller", actor.unit(), "is the unit that calls");
    let new = NewWhistle {
        code,
        caller: caller.unwrap_or_default(),
        subject: body.needed("subject", MAX_TEXT).unwrap_or_default(),
        point: body.text("point", MAX_CODE),
        called_at: body.moment("called_at"),
        departments: departments(&mut body, rules),
        geometry: geometry(&mut body, given, axis_order),
    };
    body.done().map(|()| new)
}

/// The arrival of a body.
///
/// # Errors
/// Every defect of the body.
pub fn read_arrival(body: &[u8], actor: &Actor) -> Result<Tale, Problem> {
    let mut body = ObjectBody::read(body, &["department", "arrived_at", "note"])?;
    // Others than departments say it for them.
    let own = actor.unit().filter(|_| actor.kind() == Some(Role::DEPARTMENT));
    let department = own_or_said(&mut body, "department", own, "comes itself");
    let tale = Tale::Arrival {
        department: department.unwrap_or_default(),
        at: body.moment("arrived_at"),
        note: body.text("note", MAX_TEXT),
    };
    body.done().map(|()| tale)
}

/// The closing of a body.
///
/// # Errors
/// Every defect of the body.
pub fn read_closing(body: &[u8], actor: &Actor) -> Result<Tale, Problem> {
    let mut body = ObjectBody::read(body, &["result", "closed_at", "accept_missing"])?;
    let tale = Tale::Closing {
        result: body.needed("result", MAX_TEXT).unwrap_or_default(),
        at: body.moment("closed_at"),
        missing: match body.truth("accept_missing") {
            true => Missing::Accepted,
            false => Missing::Refused,
        },
        unit: actor.unit().map(str::to_owned),
    };
    body.done().map(|()| tale)
}

/// The unit of the account, which a body may repeat; without one, what the body says.
fn own_or_said(
    body: &mut ObjectBody<'_>,
    name: &str,
    own: Option<&str>,
    who: &str,
) -> Option<String> {
    match own {
        None => body.needed(name, MAX_CODE),
        Some(own) => {
            let said = body.text(name, MAX_CODE);
            if said.is_some_and(|said| said != own) {
                body.add(name, format!("{own} {who}; leave it out"));
            }
            Some(own.to_owned())
        }
    }
}

/// A call with who came, and after how many minutes.
pub fn document(found: &FoundWhistle) -> Value {
    let FoundWhistle { revision, whistle, .. } = found;
    let time = |at: Option<Timestamp>| at.map(|at| utc_of_millis(at.0));
    let departments = whistle.arrivals.iter().map(|arrival| {
        json!({
            "department": arrival.department,
            "arrived_at": time(arrival.arrived_at),
            "minutes": whistle.minutes(arrival),
            "note": arrival.note
        })
    });
    json!({
        "revision": revision.0,
        "code": whistle.code,
        "caller": whistle.caller,
        "subject": whistle.subject,
        "point": whistle.point,
        "called_at": time(whistle.called_at),
        "closed_at": time(whistle.closed_at),
        "result": whistle.result,
        "departments": departments.collect::<Vec<_>>(),
        "missing": whistle.missing().collect::<Vec<_>>()
    })
}

/// The same, with whether what was told was new.
pub fn answer(found: &FoundWhistle) -> Value {
    let mut document = document(found);
    document["outcome"] = json!(match found.telling {
        Telling::New => "new",
        Telling::Again => "again",
    });
    document
}
