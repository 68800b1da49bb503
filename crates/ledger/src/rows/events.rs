//! The columns of `point_events`, and the way of an event into a row and back.
//!
//! Moments are RFC 3339 in UTC with milliseconds; pieces of evidence are their ids, parted by
//! commas; areas are square metres.

use spatial::{Field, FieldClass, FieldType, Timestamp, Value, ValueRef};
use thiserror::Error;

use super::ID;
use crate::point::{
    Event, EventKind, EvidenceId, Finding, Payload, PointId, Proof, Quantities, Role, SquareMetres,
    ToldAnew, moment,
};
use crate::shipped::{Column, field};

use FieldClass::{L1, L2};
use FieldType::{Bool, DateTime, Int, Real, Text};

const COLUMNS: &[Column] = &[
    (ID, "标识", Text, L1),
    ("point", "点位", Text, L1),
    ("seq", "序号", Int, L1),
    ("kind", "事件", Text, L1),
    ("actor", "操作人", Text, L1),
    ("role", "角色", Text, L1),
    ("unit_of_actor", "操作单位", Text, L1),
    ("occurred_at", "发生时间", DateTime, L1),
    ("recorded_at", "记录时间", DateTime, L1),
    ("backfilled", "补录", Bool, L1),
    ("reason", "原因", Text, L1),
    ("approval", "批准", Text, L1),
    ("code", "编号", Text, L1),
    ("task", "任务", Text, L1),
    ("unit", "责任单位", Text, L1),
    ("person", "责任人", Text, L2),
    ("receiver", "承办单位", Text, L1),
    ("due_at", "期限", DateTime, L1),
    ("build_area_m2", "建筑面积", Real, L1),
    ("land_area_m2", "占地面积", Real, L1),
    ("count", "数量", Int, L1),
    ("before", "前照", Text, L1),
    ("after", "后照", Text, L1),
    ("evidence", "证据", Text, L1),
    ("proof", "核查方式", Text, L1),
    ("finding", "抽查结果", Text, L1),
    ("confirmed_by", "确认人", Text, L2),
    ("into_point", "并入点位", Text, L1),
    ("demand", "督办要求", Text, L1),
    ("answer", "回复", Text, L1),
    ("to_event", "所指事件", Text, L1),
    ("department", "部门", Text, L1),
];

/// Every column.
pub fn fields() -> Vec<Field> {
    COLUMNS.iter().map(|column| field(*column)).collect()
}

/// The columns that events of a kind bring, beside those of every event.
pub fn brought_by(kind: EventKind) -> &'static [&'static str] {
    match kind {
        EventKind::Report => &["unit", "evidence"],
        EventKind::Reject | EventKind::Return | EventKind::Fail => &["reason"],
        EventKind::Register => {
            &["code", "task", "unit", "person", "due_at", "build_area_m2", "land_area_m2", "count"]
        }
        EventKind::Dispatch => &["receiver", "person"],
        EventKind::Accept | EventKind::Resume | EventKind::TownVerify | EventKind::Withdraw => &[],
        EventKind::Suspend | EventKind::Extend => &["approval", "due_at"],
        EventKind::Submit => &["before", "after", "build_area_m2", "land_area_m2", "count"],
        EventKind::DistrictClose => &["proof"],
        EventKind::SpotCheck => &["finding", "evidence"],
        EventKind::Rebound => &["confirmed_by", "evidence"],
        EventKind::Transfer => &["department", "unit"],
        EventKind::Void => &["approval"],
        EventKind::Merge => &["into_point"],
        EventKind::Progress => &["build_area_m2", "land_area_m2", "count"],
        EventKind::Correct => &["to_event", "build_area_m2", "land_area_m2", "count", "reason"],
        EventKind::Supervise => &["demand", "due_at"],
        EventKind::Reply => &["to_event", "answer"],
        EventKind::HoldAccountable => {
            &["to_event", "unit", "person", "reason", "approval", "evidence"]
        }
    }
}

/// A column whose value says nothing that an event could be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{column}: {problem}")]
pub struct Unfit {
    /// Name of the column.
    pub column: &'static str,
    /// What is wrong and what is wanted.
    pub problem: String,
}

/// An event and its place in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// The point that it belongs to.
    pub point: PointId,
    /// Its place among the events of the point, from 1 on.
    pub seq: u32,
    /// The unit of who raised it, if it has one.
    pub unit_of_actor: Option<String>,
    /// The event itself.
    pub event: Event,
}

impl StoredEvent {
    /// Names and values of the columns that are not null.
    pub fn values(&self) -> Vec<(&'static str, Value)> {
        let event = &self.event;
        let mut row = Row(vec![
            (ID, Value::Text(event.id.to_string())),
            ("point", Value::Text(self.point.to_string())),
            ("seq", Value::Int(i64::from(self.seq))),
            ("kind", Value::Text(event.kind().identifier().to_owned())),
            ("actor", Value::Text(event.actor.clone())),
            ("role", Value::Text(event.role.identifier().to_owned())),
            ("occurred_at", Value::Text(moment::written(event.occurred_at))),
            ("recorded_at", Value::Text(moment::written(event.recorded_at))),
            ("backfilled", Value::Bool(event.backfilled)),
        ]);
        if let Some(unit) = &self.unit_of_actor {
            row.text("unit_of_actor", unit);
        }
        row.payload(&event.payload);
        row.0
    }

    /// The event of a row; `value` knows its columns by name.
    ///
    /// # Errors
    /// The first column whose value no event could have.
    pub fn read<'a>(value: &dyn Fn(&'static str) -> ValueRef<'a>) -> Result<Self, Unfit> {
        let read = Reader(value);
        let kind = read.kind()?;
        Ok(Self {
            point: read.id("point")?,
            seq: u32::try_from(read.count("seq")?).map_err(|_large| unfit("seq", "too large"))?,
            unit_of_actor: read.text("unit_of_actor")?,
            event: Event {
                id: read.id(ID)?,
                payload: read.payload(kind)?,
                actor: read.needed("actor")?,
                role: role(&read.needed("role")?)?,
                occurred_at: read.moment("occurred_at")?,
                recorded_at: read.moment("recorded_at")?,
                backfilled: matches!((read.0)("backfilled"), ValueRef::Bool(true)),
            },
        })
    }
}

/// What an event brings, by the columns of its kind; those of others are not looked at.
///
/// # Errors
/// The first column whose value the kind could not bring.
pub fn payload<'a>(
    kind: EventKind,
    value: &dyn Fn(&'static str) -> ValueRef<'a>,
) -> Result<Payload, Unfit> {
    Reader(value).payload(kind)
}

/// The kind of an identifier.
///
/// # Errors
/// When there is no such kind.
pub fn kind(identifier: &str) -> Result<EventKind, Unfit> {
    named(
        "kind",
        identifier,
        EventKind::from_identifier,
        &EventKind::ALL.map(EventKind::identifier),
    )
}

/// The role of an identifier, whether a city has it or not: an event keeps the role in which it was raised.
///
/// # Errors
/// When it is no word of a role.
pub fn role(identifier: &str) -> Result<Role, Unfit> {
    Role::from_identifier(identifier).ok_or_else(|| {
        let shown: String = identifier.chars().take(40).collect();
        unfit("role", format!("{shown:?} is no word of a role: letters a to z, digits and _"))
    })
}

pub(super) fn unfit(column: &'static str, problem: impl Into<String>) -> Unfit {
    Unfit { column, problem: problem.into() }
}

fn named<T>(
    column: &'static str,
    identifier: &str,
    find: impl Fn(&str) -> Option<T>,
    all: &[&str],
) -> Result<T, Unfit> {
    let shown: String = identifier.chars().take(40).collect();
    let problem = || format!("{shown:?} is unknown; it is one of: {}", all.join(", "));
    find(identifier).ok_or_else(|| unfit(column, problem()))
}

/// The columns of an event on their way into a row.
struct Row(Vec<(&'static str, Value)>);

impl Row {
    fn text(&mut self, column: &'static str, text: &str) {
        self.0.push((column, Value::Text(text.to_owned())));
    }

    fn some(&mut self, column: &'static str, text: Option<&String>) {
        if let Some(text) = text {
            self.text(column, text);
        }
    }

    fn moment(&mut self, column: &'static str, at: Timestamp) {
        self.text(column, &moment::written(at));
    }

    fn evidence(&mut self, column: &'static str, pieces: &[EvidenceId]) {
        let ids: Vec<String> = pieces.iter().map(EvidenceId::to_string).collect();
        if !ids.is_empty() {
            self.text(column, &ids.join(","));
        }
    }

    fn quantities(&mut self, quantities: &Quantities) {
        let Quantities { build_area_m2, land_area_m2, count } = quantities;
        self.0.push(("build_area_m2", Value::Real(build_area_m2.m2())));
        self.0.push(("land_area_m2", Value::Real(land_area_m2.m2())));
        self.0.push(("count", whole(*count)));
    }

    fn payload(&mut self, payload: &Payload) {
        match payload {
            Payload::Report { unit, evidence } => {
                self.some("unit", unit.as_ref());
                self.evidence("evidence", evidence);
            }
            Payload::Reject { reason } | Payload::Return { reason } | Payload::Fail { reason } => {
                self.text("reason", reason);
            }
            Payload::Register { code, task, unit, person, planned, deadline } => {
                self.text("code", code);
                self.text("task", task);
                self.text("unit", unit);
                self.some("person", person.as_ref());
                self.quantities(planned);
                self.moment("due_at", *deadline);
            }
            Payload::Dispatch { receiver, person } => {
                self.text("receiver", receiver);
                self.some("person", person.as_ref());
            }
            Payload::Accept | Payload::Resume | Payload::TownVerify | Payload::Withdraw => {}
            Payload::Suspend { approval, until: due_at }
            | Payload::Extend { approval, deadline: due_at } => {
                self.text("approval", approval);
                self.moment("due_at", *due_at);
            }
            Payload::Submit { before, after, actual } => {
                self.evidence("before", before);
                self.evidence("after", after);
                self.quantities(actual);
            }
            Payload::DistrictClose { proof } => self.text("proof", proof.identifier()),
            Payload::SpotCheck { finding, evidence } => {
                self.text("finding", finding.identifier());
                self.evidence("evidence", evidence);
            }
            Payload::Rebound { confirmed_by, evidence } => {
                self.text("confirmed_by", confirmed_by);
                self.evidence("evidence", evidence);
            }
            Payload::Transfer { department, unit } => {
                self.text("department", department);
                self.some("unit", unit.as_ref());
            }
            Payload::Void { approval } => self.text("approval", approval),
            Payload::Merge { into } => self.text("into_point", &into.to_string()),
            Payload::Progress { done } => self.quantities(done),
            Payload::Correct { of, quantities, reason } => {
                self.text("to_event", &of.to_string());
                let ToldAnew { build_area_m2, land_area_m2, count } = quantities;
                for (column, area) in
                    [("build_area_m2", build_area_m2), ("land_area_m2", land_area_m2)]
                {
                    self.0.extend(area.map(|area| (column, Value::Real(area.m2()))));
                }
                self.0.extend(count.map(|count| ("count", whole(count))));
                self.text("reason", reason);
            }
            Payload::Supervise { demand, reply_by } => {
                self.text("demand", demand);
                self.moment("due_at", *reply_by);
            }
            Payload::Reply { to, answer } => {
                self.text("to_event", &to.to_string());
                self.text("answer", answer);
            }
            Payload::HoldAccountable { for_event, unit, person, reason, decision, evidence } => {
                self.text("to_event", &for_event.to_string());
                self.text("unit", unit);
                self.some("person", person.as_ref());
                self.text("reason", reason);
                self.text("approval", decision);
                self.evidence("evidence", evidence);
            }
        }
    }
}

fn whole(count: u64) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Reads the columns of a row by name.
struct Reader<'r, 'a>(&'r dyn Fn(&'static str) -> ValueRef<'a>);

impl Reader<'_, '_> {
    fn text(&self, column: &'static str) -> Result<Option<String>, Unfit> {
        match (self.0)(column) {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => Ok(Some(text.to_owned())),
            _ => Err(unfit(column, "text is expected")),
        }
    }

    /// Text that may be blank, for the guards to refuse in their words.
    fn given(&self, column: &'static str) -> Result<String, Unfit> {
        Ok(self.text(column)?.unwrap_or_default())
    }

    fn needed(&self, column: &'static str) -> Result<String, Unfit> {
        self.text(column)?.ok_or_else(|| unfit(column, "it is missing"))
    }

    fn kind(&self) -> Result<EventKind, Unfit> {
        kind(&self.needed("kind")?)
    }

    fn id<T: for<'t> TryFrom<&'t str, Error = crate::point::InvalidIdText>>(
        &self,
        column: &'static str,
    ) -> Result<T, Unfit> {
        let text = self.needed(column)?;
        T::try_from(text.as_str()).map_err(|error| unfit(column, error.to_string()))
    }

    fn moment(&self, column: &'static str) -> Result<Timestamp, Unfit> {
        let text = self.needed(column)?;
        let problem = "a time as text is expected, such as 2026-11-22T08:00:00.000Z";
        moment::read(&text).ok_or_else(|| unfit(column, problem))
    }

    fn evidence(&self, column: &'static str) -> Result<Vec<EvidenceId>, Unfit> {
        let Some(text) = self.text(column)? else { return Ok(Vec::new()) };
        let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
        ids.map(|id| EvidenceId::try_from(id).map_err(|error| unfit(column, error.to_string())))
            .collect()
    }

    fn count(&self, column: &'static str) -> Result<u64, Unfit> {
        match (self.0)(column) {
            ValueRef::Null => Ok(0),
            ValueRef::Int(count @ 0..) => Ok(count as u64),
            _ => Err(unfit(column, "a whole number from 0 on is expected")),
        }
    }

    fn area(&self, column: &'static str) -> Result<SquareMetres, Unfit> {
        let area = match (self.0)(column) {
            ValueRef::Null => 0.0,
            ValueRef::Real(area) => area,
            ValueRef::Int(area) => area as f64,
            _ => return Err(unfit(column, "a number of square metres is expected")),
        };
        SquareMetres::try_from(area).map_err(|error| unfit(column, error.to_string()))
    }

    fn quantities(&self) -> Result<Quantities, Unfit> {
        Ok(Quantities {
            build_area_m2: self.area("build_area_m2")?,
            land_area_m2: self.area("land_area_m2")?,
            count: self.count("count")?,
        })
    }

    fn told_anew(&self) -> Result<ToldAnew, Unfit> {
        let is_told = |column| !matches!((self.0)(column), ValueRef::Null);
        let told = ["build_area_m2", "land_area_m2", "count"].map(is_told);
        Ok(ToldAnew::of(self.quantities()?, told))
    }

    fn payload(&self, kind: EventKind) -> Result<Payload, Unfit> {
        Ok(match kind {
            EventKind::Report => {
                Payload::Report { unit: self.text("unit")?, evidence: self.evidence("evidence")? }
            }
            EventKind::Reject => Payload::Reject { reason: self.given("reason")? },
            EventKind::Register => Payload::Register {
                code: self.given("code")?,
                task: self.given("task")?,
                unit: self.given("unit")?,
                person: self.text("person")?,
                planned: self.quantities()?,
                deadline: self.moment("due_at")?,
            },
            EventKind::Dispatch => Payload::Dispatch {
                receiver: self.given("receiver")?,
                person: self.text("person")?,
            },
            EventKind::Return => Payload::Return { reason: self.given("reason")? },
            EventKind::Accept => Payload::Accept,
            EventKind::Suspend => Payload::Suspend {
                approval: self.given("approval")?,
                until: self.moment("due_at")?,
            },
            EventKind::Resume => Payload::Resume,
            EventKind::Submit => Payload::Submit {
                before: self.evidence("before")?,
                after: self.evidence("after")?,
                actual: self.quantities()?,
            },
            EventKind::TownVerify => Payload::TownVerify,
            EventKind::DistrictClose => {
                let all = Proof::ALL.map(Proof::identifier);
                let proof = self.needed("proof")?;
                let proof = named("proof", &proof, Proof::from_identifier, &all)?;
                Payload::DistrictClose { proof }
            }
            EventKind::Fail => Payload::Fail { reason: self.given("reason")? },
            EventKind::SpotCheck => {
                let all = Finding::ALL.map(Finding::identifier);
                let finding = self.needed("finding")?;
                let finding = named("finding", &finding, Finding::from_identifier, &all)?;
                Payload::SpotCheck { finding, evidence: self.evidence("evidence")? }
            }
            EventKind::Rebound => Payload::Rebound {
                confirmed_by: self.given("confirmed_by")?,
                evidence: self.evidence("evidence")?,
            },
            EventKind::Transfer => Payload::Transfer {
                department: self.given("department")?,
                unit: self.text("unit")?,
            },
            EventKind::Void => Payload::Void { approval: self.given("approval")? },
            EventKind::Extend => Payload::Extend {
                approval: self.given("approval")?,
                deadline: self.moment("due_at")?,
            },
            EventKind::Withdraw => Payload::Withdraw,
            EventKind::Merge => Payload::Merge { into: self.id("into_point")? },
            EventKind::Progress => Payload::Progress { done: self.quantities()? },
            EventKind::Correct => Payload::Correct {
                of: self.id("to_event")?,
                quantities: self.told_anew()?,
                reason: self.given("reason")?,
            },
            EventKind::Supervise => Payload::Supervise {
                demand: self.given("demand")?,
                reply_by: self.moment("due_at")?,
            },
            EventKind::Reply => {
                Payload::Reply { to: self.id("to_event")?, answer: self.given("answer")? }
            }
            EventKind::HoldAccountable => Payload::HoldAccountable {
                for_event: self.id("to_event")?,
                unit: self.given("unit")?,
                person: self.text("person")?,
                reason: self.given("reason")?,
                decision: self.given("approval")?,
                evidence: self.evidence("evidence")?,
            },
        })
    }
}
