//! The body of a request as events.

use engine::ledger::NewEvent;
use engine::{Defect, Engine, EngineError, Given};
use formats::datetime::{WithoutZone, utc_of_millis, utc_time};
use formats::{Json, JsonKind};
use ledger::point::{Role, Roles};
use ledger::rows::events::{self, Unfit, brought_by};
use ledger::rows::{ID, POINTS, points};
use ledger::{EventId, EventKind, PointId};
use spatial::{
    AxisOrder, Collection, CollectionId, Field, FieldClass, FieldType, Geometry, Timestamp, Value,
    ValueRef,
};

use super::numbers::{Numbered, by_id};
use super::raiser::Raiser;
use crate::actor::Actor;
use crate::as_of;
use crate::crs_uri::OfferedCrs;
use crate::edits::parse;
use crate::planner::east_first;
use crate::problem::{Code, Problem};

/// Longest text of an event, in characters.
const MAX_TEXT: usize = 2_000;
/// Most pieces of evidence of one member.
const MAX_EVIDENCE: usize = 100;
/// Members of every event, beside those that its kind brings.
const MEMBERS: [&str; 8] =
    [ID, "point", "kind", "role", "actor", "author", "occurred_at", "backfilled"];

/// Which points a body may be about.
#[derive(Clone, Copy, Debug)]
pub enum At {
    /// This one; events need not name it.
    Point(PointId),
    /// Any; each event names its own.
    Any,
}

/// One event of a body.
pub struct Told {
    /// Its id, as far as it can be read.
    pub id: Option<String>,
    /// Its point, as far as it can be read.
    pub point: Option<String>,
    /// The event, or what is wrong with it.
    pub event: Result<NewEvent, Problem>,
}

/// A whole body.
pub struct Body {
    /// Its events, in order.
    pub events: Vec<Told>,
    /// Whether it was a list.
    pub is_list: bool,
}

/// Reads a body: one event, or a list of at most `most`, about points that it may name by number.
pub fn read(
    engine: &Engine,
    body: &[u8],
    (crs, actor, raiser): (&OfferedCrs, &Actor, &Raiser),
    (at, numbered): (At, &Numbered),
    most: usize,
) -> Result<Body, Problem> {
    let json = parse(body)?;
    let snapshot = engine.snapshot();
    let id = CollectionId::try_from(POINTS).map_err(|error| Problem::internal(&error))?;
    let held = snapshot.collections.get(&id).filter(|_| engine.has_ledger());
    let collection = held.ok_or(EngineError::NoLedger)?.collection();
    let given = engine.given(collection, &crs.crs)?;
    let columns = events::fields();
    let axis_order = crs.axis_order;
    let roles = &engine.settings().ledger.roles;
    let columns = &columns;
    let reader =
        Reader { collection, given, axis_order, actor, raiser, roles, at, numbered, columns };
    let (events, is_list) = match json.kind() {
        JsonKind::Object => (vec![json], false),
        JsonKind::List => (json.items(), true),
        kind => {
            let detail = format!("an event or a list of events is expected, not {}", kind.name());
            return Err(Problem::new(Code::InvalidRequest, detail));
        }
    };
    if events.len() > most {
        let detail = format!("{} events; send at most {most} at a time", events.len());
        return Err(Problem::new(Code::BodyTooLarge, detail));
    }
    Ok(Body { events: events.into_iter().map(|event| reader.told(event)).collect(), is_list })
}

/// Reads events that one actor sends.
struct Reader<'a> {
    collection: &'a Collection,
    given: Given,
    axis_order: AxisOrder,
    actor: &'a Actor,
    raiser: &'a Raiser,
    roles: &'a Roles,
    at: At,
    numbered: &'a Numbered,
    columns: &'a [Field],
}

/// The members of one event.
#[derive(Default)]
struct Members {
    /// Columns of `point_events`.
    values: Vec<(String, Value)>,
    /// Columns of `points`, of a report.
    own: Vec<(String, Value)>,
    geometry: Option<Geometry>,
    defects: Vec<Defect>,
}

impl Members {
    fn add(&mut self, name: &str, problem: impl Into<String>) {
        let shown: String = name.chars().take(60).collect();
        let place = format!("/{}", shown.replace('~', "~0").replace('/', "~1"));
        self.defects.push(Defect { place, problem: problem.into() });
    }

    fn value(&self, name: &str) -> ValueRef<'_> {
        let found = self.values.iter().find(|(known, _)| known == name);
        found.map_or(ValueRef::Null, |(_, value)| value.as_ref())
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.value(name) {
            ValueRef::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What `read` makes of a text that must be there.
    fn needed<T, E: std::fmt::Display>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let read = self.text(name).map(read);
        match read {
            Some(Ok(value)) => return Some(value),
            Some(Err(error)) => self.add(name, error.to_string()),
            None if self.defects.iter().any(|defect| defect.place == format!("/{name}")) => {}
            None => self.add(name, "it is missing"),
        }
        None
    }
}

impl Reader<'_> {
    fn told(&self, json: Json<'_>) -> Told {
        let mut told = Told { id: None, point: None, event: Err(unreadable(Vec::new())) };
        if json.kind() != JsonKind::Object {
            let problem = format!("an event is expected, not {}", json.kind().name());
            let defect = Defect { place: String::new(), problem };
            told.event = Err(unreadable(vec![defect]));
            return told;
        }
        let short = |text: &str| text.chars().take(60).collect::<String>();
        let text = |name: &str| {
            let found = json.members().into_iter().find(|(known, _)| known == name);
            found.and_then(|(_, value)| Some(short(&value.text()?)))
        };
        told.id = text(ID);
        told.point = match self.at {
            At::Point(point) => Some(point.to_string()),
            At::Any => text("point").map(|name| match self.numbered.get(&name) {
                Some(point) => point.to_string(),
                None => name,
            }),
        };
        told.event = self.event(json);
        told
    }

    fn event(&self, json: Json<'_>) -> Result<NewEvent, Problem> {
        let members = json.members();
        let kind = members.iter().find(|(name, _)| name == "kind");
        let kind = kind.and_then(|(_, kind)| kind.text());
        let kind = match kind.as_deref().map(events::kind) {
            Some(Ok(kind)) => kind,
            Some(Err(unfit)) => return Err(unfit_problem(unfit)),
            None => {
                let problem = "it is missing; say what happened, such as \"report\"".to_owned();
                return Err(unfit_problem(Unfit { column: "kind", problem }));
            }
        };
        let mut read = Members::default();
        for (name, value) in &members {
            if let "actor" | "author" = &**name {
                let claimed = value.text().unwrap_or_default();
                self.actor.check_author(name, &claimed)?;
            } else {
                self.member(kind, name, *value, &mut read);
            }
        }
        self.made(kind, read)
    }

    fn member(&self, kind: EventKind, name: &str, value: Json<'_>, read: &mut Members) {
        if name == "geometry" && kind == EventKind::Report {
            read.geometry = self.geometry(value, read);
            return;
        }
        let is_brought = brought_by(kind).contains(&name) || MEMBERS.contains(&name);
        let column = self.columns.iter().find(|column| column.name == name && is_brought);
        let own = self.collection.fields.iter().find(|field| {
            let may = field.class <= FieldClass::L1 && !points::is_derived(&field.name);
            kind == EventKind::Report && field.name == name && may
        });
        let Some(field) = column.or(own) else {
            read.add(name, self.unknown(kind));
            return;
        };
        match value_of(field, value).and_then(|value| by_id(name, value, self.numbered)) {
            Ok(value) if column.is_some() => read.values.push((name.to_owned(), value)),
            Ok(value) => read.own.push((name.to_owned(), value)),
            Err(problem) => read.add(name, problem),
        }
    }

    /// What an event of a kind may bring.
    fn unknown(&self, kind: EventKind) -> String {
        let mut names: Vec<&str> = MEMBERS.iter().chain(brought_by(kind)).copied().collect();
        if kind == EventKind::Report {
            let own = self.collection.fields.iter();
            let own = own.filter(|f| f.class <= FieldClass::L1 && !points::is_derived(&f.name));
            names.push("geometry");
            names.extend(own.map(|field| field.name.as_str()));
        }
        format!("{kind} brings no such member; it may bring: {}", names.join(", "))
    }

    fn geometry(&self, json: Json<'_>, read: &mut Members) -> Option<Geometry> {
        if json.kind() == JsonKind::Null {
            return None;
        }
        let geometry = match json.geometry() {
            Ok(Some(found)) => found.geometry,
            Ok(None) => {
                read.add("geometry", "there is no vertex; send null for a point without a place");
                return None;
            }
            Err(fault) => {
                read.add("geometry", fault.to_string());
                return None;
            }
        };
        match self.given.store(east_first(geometry, self.axis_order)) {
            Ok(geometry) => Some(geometry),
            Err(defects) => {
                let placed = defects
                    .into_iter()
                    .map(|defect| Defect { place: format!("/geometry{}", defect.place), ..defect });
                read.defects.extend(placed);
                None
            }
        }
    }

    /// The role in which the event is raised.
    fn role(&self, read: &mut Members) -> Result<Option<Role>, Problem> {
        let named = match read.text("role") {
            Some(_) => read.needed("role", |word| {
                let shown = || word.chars().take(40).collect::<String>();
                let known = self.roles.named(word);
                known.ok_or_else(|| format!("{:?} is none of {}", shown(), self.roles.words()))
            }),
            None => None,
        };
        let role = self.raiser.role(named)?;
        if role.is_none() && !read.defects.iter().any(|defect| defect.place == "/role") {
            read.add("role", format!("it is missing; it is one of: {}", self.roles.words()));
        }
        Ok(role)
    }

    fn made(&self, kind: EventKind, mut read: Members) -> Result<NewEvent, Problem> {
        let id = read.needed(ID, |text: &str| EventId::try_from(text));
        let point = match self.at {
            At::Any => read.needed("point", |text: &str| PointId::try_from(text)),
            At::Point(point) => {
                let named = read.text("point").map(str::to_lowercase);
                if named.is_some_and(|named| named != point.to_string()) {
                    read.add("point", format!("the path names point {point}; leave it out"));
                }
                Some(point)
            }
        };
        let occurred_at = read.needed("occurred_at", as_of::moment);
        let role = self.role(&mut read)?;
        let payload = events::payload(kind, &|name| read.value(name));
        let payload = match payload {
            Ok(payload) => Some(payload),
            Err(unfit) => {
                let place = format!("/{}", unfit.column);
                if !read.defects.iter().any(|defect| defect.place == place) {
                    read.add(unfit.column, unfit.problem);
                }
                None
            }
        };
        let backfilled = matches!(read.value("backfilled"), ValueRef::Bool(true));
        match (id, point, occurred_at, role, payload) {
            (Some(id), Some(point), Some(occurred_at), Some(role), Some(payload))
                if read.defects.is_empty() =>
            {
                Ok(NewEvent {
                    id,
                    point,
                    payload,
                    role,
                    occurred_at,
                    backfilled,
                    geometry: read.geometry,
                    values: read.own,
                })
            }
            _ => Err(unreadable(read.defects)),
        }
    }
}

fn unreadable(defects: Vec<Defect>) -> Problem {
    Problem::with_defects(Code::InvalidEvent, defects)
}

fn unfit_problem(Unfit { column, problem }: Unfit) -> Problem {
    unreadable(vec![Defect { place: format!("/{column}"), problem }])
}

/// A member as a value of its column, or what is wrong with it.
fn value_of(field: &Field, json: Json<'_>) -> Result<Value, String> {
    let kind = json.kind();
    let wanted = |what: &str| format!("{what} is expected, not {}", shown(field, &json));
    if kind == JsonKind::Null {
        return Ok(Value::Null);
    }
    if let ("before" | "after" | "evidence", JsonKind::List) = (field.name.as_str(), kind) {
        return evidence(&json);
    }
    match field.field_type {
        FieldType::Bool => json.truth().map(Value::Bool).ok_or_else(|| wanted("true or false")),
        FieldType::Int => {
            let whole = json.whole().and_then(|whole| i64::try_from(whole).ok());
            whole.map(Value::Int).ok_or_else(|| wanted("a whole number from 0 on"))
        }
        FieldType::Real => {
            let number = (kind == JsonKind::Number).then(|| json.number()).flatten();
            number.map(Value::Real).ok_or_else(|| wanted("a number"))
        }
        FieldType::Text if kind != JsonKind::Text => Err(wanted("text")),
        FieldType::Text => text(&json).map(Value::Text),
        FieldType::Date => {
            let text = text(&json)?;
            match formats::datetime::is_date(&text) {
                true => Ok(Value::Text(text)),
                false => Err(wanted("a date such as 2026-11-22")),
            }
        }
        FieldType::DateTime => {
            let text = text(&json)?;
            // A day is one of Asia/Shanghai: until its end.
            let moment = as_of::moment(&text).map(|Timestamp(millis)| utc_of_millis(millis));
            let utc = utc_time(&text, WithoutZone::Refuse).map_or(moment, Ok);
            utc.map(Value::Text)
        }
        FieldType::Bytes => Err("bytes cannot be given here".to_owned()),
    }
}

/// What a member is instead, for who sent it: of a column above class L1 the kind alone.
fn shown(field: &Field, json: &Json<'_>) -> String {
    const SHOWN: usize = 40;
    match json.kind() {
        kind if field.class > FieldClass::L1 => kind.name().to_owned(),
        JsonKind::Text => {
            let text = json.text().unwrap_or_default();
            format!("{:?}", text.chars().take(SHOWN).collect::<String>())
        }
        JsonKind::Number | JsonKind::Bool => json.raw().chars().take(SHOWN).collect(),
        kind => kind.name().to_owned(),
    }
}

fn text(json: &Json<'_>) -> Result<String, String> {
    let found = (json.kind() == JsonKind::Text).then(|| json.text()).flatten();
    let found = found.ok_or_else(|| format!("text is expected, not {}", json.kind().name()))?;
    match found.chars().count() > MAX_TEXT {
        true => Err(format!("a text has at most {MAX_TEXT} characters")),
        false => Ok(found.into_owned()),
    }
}

fn evidence(json: &Json<'_>) -> Result<Value, String> {
    let items = json.items();
    if items.len() > MAX_EVIDENCE {
        return Err(format!("{} pieces; there may be {MAX_EVIDENCE}", items.len()));
    }
    let ids = items.iter().map(text).collect::<Result<Vec<String>, String>>()?;
    Ok(match ids.is_empty() {
        true => Value::Null,
        false => Value::Text(ids.join(",")),
    })
}
