//! What each event must bring before it may follow.
//!
//! Every guard reads the point as it is and changes nothing.

use spatial::Timestamp;

use super::{Event, EventId, EvidenceId, Payload, Point, PointId, Proof, Quantities, Refusal};

/// Whether a report may begin a point.
pub(super) fn check_report(point: PointId, event: &Event) -> Result<(), Refusal> {
    Need { point, event }.actor()?;
    match &event.payload {
        Payload::Report { unit: Some(unit), .. } => Need { point, event }.text(unit, "the unit"),
        Payload::Report { unit: None, .. } => Err(Refusal::OutsideJurisdiction { point }),
        other => Err(Refusal::NotReported { point, kind: other.kind() }),
    }
}

/// Whether an event brings what its kind needs at a point whose state it may follow.
pub(super) fn check(point: &Point, event: &Event) -> Result<(), Refusal> {
    let id = point.id();
    let need = Need { point: id, event };
    need.actor()?;
    match &event.payload {
        Payload::Report { .. } => check_report(id, event),
        Payload::Reject { reason } | Payload::Return { reason } | Payload::Fail { reason } => {
            need.text(reason, "a reason")
        }
        Payload::Register { code, task, unit, person: _, planned, deadline } => {
            need.text(code, "the number on the ledger")?;
            need.text(task, "the task")?;
            need.text(unit, "the unit")?;
            need.quantity(planned)?;
            need.after("deadline", *deadline, event.occurred_at)
        }
        Payload::Dispatch { receiver, person: _ } => need.text(receiver, "a receiver"),
        Payload::Accept | Payload::Resume | Payload::SpotCheck { .. } => Ok(()),
        Payload::Suspend { approval, until } => {
            need.text(approval, "an approval")?;
            need.after("end of the suspension", *until, event.occurred_at)
        }
        Payload::Submit { before, after, actual } => {
            check_submit(point, need, before, after, actual)
        }
        Payload::TownVerify => check_other(point, event),
        Payload::DistrictClose { proof } => match proof {
            Proof::Site | Proof::Image => check_other(point, event),
            Proof::Papers => Err(Refusal::NoProof { point: id }),
        },
        Payload::Rebound { confirmed_by, evidence } => {
            need.text(confirmed_by, "the person who confirms it")?;
            need.some(evidence, "new evidence")?;
            match evidence.iter().all(|piece| point.has_evidence(*piece)) {
                true => Err(Refusal::KnownEvidence { point: id }),
                false => Ok(()),
            }
        }
        Payload::Transfer { department, unit } => {
            need.text(department, "the department")?;
            unit.as_ref().map_or(Ok(()), |unit| need.text(unit, "the unit"))
        }
        Payload::Void { approval } => need.text(approval, "an approval"),
        Payload::Extend { approval, deadline } => {
            need.text(approval, "an approval")?;
            need.after("deadline", *deadline, point.deadline().unwrap_or(event.occurred_at))
        }
        Payload::Withdraw => match point.submitter() == Some(event.actor.as_str()) {
            true => Ok(()),
            false => Err(Refusal::NotSubmitter { point: id, actor: event.actor.clone() }),
        },
        Payload::Merge { into } => match *into == id {
            true => Err(Refusal::IntoItself { point: id }),
            false => Ok(()),
        },
        Payload::Progress { done } => {
            need.quantity(done)?;
            check_progress(point, event.id, *done)
        }
        Payload::Correct { of, quantities, reason } => {
            need.text(reason, "a reason")?;
            need.given(!quantities.is_empty(), "a quantity")?;
            let corrected = point.events().iter().find(|known| known.id == *of);
            match corrected.map(|known| &known.payload) {
                Some(Payload::Register { .. }) => need.quantity(&quantities.over(point.planned())),
                Some(Payload::Progress { .. }) => {
                    let told = point.progress_by_event().find(|(event, _)| event == of);
                    let told = told.map(|(_, done)| done).unwrap_or_default();
                    check_progress(point, *of, quantities.over(told))
                }
                Some(_) => Err(Refusal::NoQuantity { point: id, event: *of }),
                None => Err(Refusal::NoSuchEvent { point: id, event: *of }),
            }
        }
        Payload::Supervise { demand, reply_by } => {
            need.text(demand, "what is wanted")?;
            need.after("deadline of the reply", *reply_by, event.occurred_at)
        }
        Payload::Reply { to, answer } => {
            need.text(answer, "an answer")?;
            match point.open_supervisions().any(|open| open.event == *to) {
                true => Ok(()),
                false => Err(Refusal::NotSupervised { point: id, to: *to }),
            }
        }
        Payload::HoldAccountable { for_event, unit, person: _, reason, decision, evidence: _ } => {
            need.text(unit, "the unit that answers")?;
            need.text(reason, "a reason")?;
            need.text(decision, "the number of the decision")?;
            match point.events().iter().any(|known| known.id == *for_event) {
                true => Ok(()),
                false => Err(Refusal::NoSuchEvent { point: id, event: *for_event }),
            }
        }
    }
}

/// Whether the progress can be added up when that of an event is so much.
fn check_progress(point: &Point, event: EventId, done: Quantities) -> Result<(), Refusal> {
    match point.progress_with(event, done) {
        Some(_) => Ok(()),
        None => Err(Refusal::TooMuch { point: point.id(), done }),
    }
}

/// Whoever checks is not the submitter.
fn check_other(point: &Point, event: &Event) -> Result<(), Refusal> {
    match point.submitter() == Some(event.actor.as_str()) {
        true => Err(Refusal::BySubmitter { point: point.id(), actor: event.actor.clone() }),
        false => Ok(()),
    }
}

fn check_submit(
    point: &Point,
    need: Need<'_>,
    before: &[EvidenceId],
    after: &[EvidenceId],
    actual: &Quantities,
) -> Result<(), Refusal> {
    need.some(before, "a photo from before")?;
    need.some(after, "a photo from after")?;
    if let Some(photo) = before.iter().find(|photo| after.contains(photo)) {
        return Err(Refusal::BeforeAndAfter { point: point.id(), photo: *photo });
    }
    need.quantity(actual)?;
    let progress = point.progress();
    if !progress.is_zero() && *actual != progress {
        let claimed = *actual;
        return Err(Refusal::ActualDiffers { point: point.id(), claimed, progress });
    }
    Ok(())
}

/// Refuses an event of a point for what it lacks.
#[derive(Clone, Copy)]
struct Need<'a> {
    point: PointId,
    event: &'a Event,
}

impl Need<'_> {
    fn given(self, is_given: bool, what: &'static str) -> Result<(), Refusal> {
        match is_given {
            true => Ok(()),
            false => Err(Refusal::Missing { point: self.point, kind: self.event.kind(), what }),
        }
    }

    fn actor(self) -> Result<(), Refusal> {
        self.text(&self.event.actor, "an actor")
    }

    fn text(self, text: &str, what: &'static str) -> Result<(), Refusal> {
        self.given(!text.trim().is_empty(), what)
    }

    fn some(self, evidence: &[EvidenceId], what: &'static str) -> Result<(), Refusal> {
        self.given(!evidence.is_empty(), what)
    }

    fn quantity(self, quantities: &Quantities) -> Result<(), Refusal> {
        self.given(!quantities.is_zero(), "a quantity")
    }

    fn after(self, what: &'static str, given: Timestamp, after: Timestamp) -> Result<(), Refusal> {
        match given > after {
            true => Ok(()),
            false => {
                let (point, kind) = (self.point, self.event.kind());
                Err(Refusal::NotAfter { point, kind, what, given, after })
            }
        }
    }
}
