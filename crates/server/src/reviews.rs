//! Reviews of clues (线索核实) as JSON: what a body says, and what is told of a review. No HTTP here.

use engine::clues::KeptReview;
use engine::{Defect, now};
use formats::datetime::utc_of_millis;
use ledger::clue::{MAX_REVIEW_TEXT, Review, Rule, Verdict};
use ledger::point::{EventId, Role};
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::object_body::{MAX_CODE, ObjectBody};
use crate::problem::{Code, Problem};

/// Longest name of a clue, in characters.
const MAX_CLUE: usize = 1_000;

/// The review of a body, of a clue of `rule`.
///
/// # Errors
/// Every defect of the body; when it lacks what its verdict needs.
pub fn read(body: &[u8], actor: &Actor, rule: &Rule) -> Result<Review, Problem> {
    const KNOWN: &[&str] = &["id", "clue", "verdict", "decision", "reason"];
    let mut body = ObjectBody::read(body, KNOWN)?;
    let id = body.needed("id", MAX_CODE).and_then(|text| {
        EventId::try_from(text.as_str()).map_err(|error| body.add("id", error.to_string())).ok()
    });
    let clue = body.needed("clue", MAX_CLUE);
    let verdict = body.needed("verdict", MAX_CODE).and_then(|text| {
        let found = Verdict::from_identifier(&text);
        if found.is_none() {
            let known = Verdict::ALL.map(Verdict::identifier).join(", ");
            body.add("verdict", format!("it is one of: {known}"));
        }
        found
    });
    let decision = body.text("decision", MAX_REVIEW_TEXT);
    let reason = body.text("reason", MAX_REVIEW_TEXT);
    body.done()?;
    let (Some(id), Some(clue), Some(verdict)) = (id, clue, verdict) else {
        return Err(Problem::internal(&"a review without what it needs"));
    };
    let review = Review {
        id,
        clue,
        verdict,
        decision,
        reason,
        actor: actor.name().to_owned(),
        role: actor.role(),
        unit: actor.unit().map(str::to_owned),
        recorded_at: now(),
    };
    review.check(&rule.kind).map_err(|refusal| {
        let place = format!("/{}", refusal.member());
        let defect = Defect { place, problem: refusal.to_string() };
        Problem::with_defects(Code::InvalidReview, vec![defect])
    })?;
    Ok(review)
}

/// What was said of a clue.
pub fn document(review: &Review) -> Value {
    json!({
        "id": review.id.to_string(),
        "verdict": review.verdict.identifier(),
        "verdictName": review.verdict.chinese(),
        "decision": review.decision,
        "reason": review.reason,
        "actor": review.actor,
        "role": review.role.as_ref().map(Role::identifier),
        "unit": review.unit,
        "recorded_at": utc_of_millis(review.recorded_at.0)
    })
}

/// What became of a review that was sent.
pub fn answer(kept: &KeptReview, rule: &Rule) -> Value {
    json!({
        "revision": kept.revision.0,
        "outcome": if kept.is_new { "new" } else { "again" },
        "rule": rule.code,
        "clue": kept.review.clue,
        "review": document(&kept.review)
    })
}
