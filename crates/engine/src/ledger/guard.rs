//! Keeps edits from what only events change: the events themselves, the columns of a point that
//! follow from them, and that a point is there. Evidence and reviews of clues stay as they were sent.

use std::sync::Arc;

use ledger::rows::{EVIDENCE, ID, POINT_EVENTS, POINTS, is_of_ledger, points};
use spatial::{CollectionId, CollectionSnapshot, FeatureRef, Snapshot, Value, ValueRef};

use super::held::column;
use crate::EngineError;
use crate::check::escaped;
use crate::clues::are_reviews;
use crate::edit::{Assigned, EditOp, EditSet, FeatureEdit};

/// The edits without values of a point that follow from its events and stay as they are, so that
/// they are not written over those of an event that comes between.
///
/// # Errors
/// [`EngineError::EventsOnly`] for the first edit that only an event may do.
pub(crate) fn guarded(state: &Snapshot, edits: &Arc<EditSet>) -> Result<Arc<EditSet>, EngineError> {
    let of_ledger = [POINTS, POINT_EVENTS, EVIDENCE].into_iter().filter_map(|name| {
        let held = state.collections.get(&CollectionId::try_from(name).ok()?)?;
        is_of_ledger(held.collection()).then_some(held)
    });
    let of_ledger: Vec<&Arc<CollectionSnapshot>> = of_ledger.collect();
    let is_review = |edit: &&FeatureEdit| {
        state.collections.get(&edit.collection).is_some_and(|held| are_reviews(held.collection()))
    };
    if let Some(edit) = edits.edits.iter().find(is_review) {
        return Err(EngineError::ReviewStays { place: edit.place.clone() });
    }
    let held_by = |edit: &FeatureEdit| {
        of_ledger.iter().find(|held| held.collection().id == edit.collection).copied()
    };
    if !edits.edits.iter().any(|edit| held_by(edit).is_some()) {
        return Ok(Arc::clone(edits));
    }
    let mut guarded = (**edits).clone();
    for edit in &mut guarded.edits {
        if let Some(held) = held_by(edit) {
            guard(held, edit)?;
        }
    }
    Ok(Arc::new(guarded))
}

fn guard(held: &CollectionSnapshot, edit: &mut FeatureEdit) -> Result<(), EngineError> {
    let collection = held.collection();
    let row = edit.id().and_then(|id| held.get(id));
    let text = |name| row.and_then(|row| shown(column(collection, row, name)));
    if collection.id.as_str() == EVIDENCE {
        let (place, point) = (edit.place.clone(), text("point"));
        let point = point.unwrap_or_else(|| "{id}".to_owned());
        return Err(EngineError::EvidenceStays { place, point });
    }
    if collection.id.as_str() == POINT_EVENTS {
        let what = "events are raised and then stay as they are".to_owned();
        return Err(refusal(&edit.place, what, text("point")));
    }
    match &mut edit.op {
        EditOp::Insert(_) => {
            Err(refusal(&edit.place, "a point begins with a report".to_owned(), None))
        }
        EditOp::Delete(_) => match row.is_some_and(|row| has_events(held, row)) {
            true => {
                let what = "a point of the ledger stays; it may be rejected, merged or void";
                Err(refusal(&edit.place, what.to_owned(), text(ID)))
            }
            false => Ok(()),
        },
        EditOp::Assign(_, assigned) => match row {
            Some(row) => guard_values(held, row, &edit.place, assigned),
            // The edit itself finds that it is not there.
            None => Ok(()),
        },
    }
}

fn guard_values(
    held: &CollectionSnapshot,
    row: FeatureRef<'_>,
    place: &str,
    assigned: &mut Assigned,
) -> Result<(), EngineError> {
    let collection = held.collection();
    let is_drawn_only = !has_events(held, row);
    let is_guarded = |position: usize| {
        let name = collection.fields.get(position).map(|field| field.name.as_str());
        // What was drawn in the file and is no point yet may get the id of one.
        name.filter(|name| points::is_derived(name) && !(is_drawn_only && *name == ID))
    };
    for (number, (position, value)) in assigned.values.iter().enumerate() {
        // What is given to a field last counts.
        let is_last = assigned.values[number + 1..].iter().all(|(later, _)| later != position);
        if let Some(name) = is_guarded(*position).filter(|_| is_last)
            && !is_same(row.value(*position), value)
        {
            let place = format!("{place}/feature/properties/{}", escaped(name));
            let point = shown(column(collection, row, ID));
            return Err(refusal(&place, format!("{name} follows from events"), point));
        }
    }
    assigned.values.retain(|(position, _)| is_guarded(*position).is_none());
    Ok(())
}

/// Whether a value is the one that is there; a number may be written as a whole one.
fn is_same(present: ValueRef<'_>, value: &Value) -> bool {
    match (present, value) {
        (ValueRef::Real(present), Value::Int(value)) => present == *value as f64,
        (present, value) => present == value.as_ref(),
    }
}

fn has_events(held: &CollectionSnapshot, row: FeatureRef<'_>) -> bool {
    matches!(column(held.collection(), row, "events"), ValueRef::Int(1..))
}

fn shown(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Text(text) => Some(text.chars().take(40).collect()),
        _ => None,
    }
}

fn refusal(place: &str, what: String, point: Option<String>) -> EngineError {
    let point = point.unwrap_or_else(|| "{id}".to_owned());
    EngineError::EventsOnly { place: place.to_owned(), what, point }
}
