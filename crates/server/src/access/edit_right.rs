//! Who changes features and fences by plain edits.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use ledger::record::calls::{ARRIVALS, WHISTLES};
use ledger::record::patrols::{CHECKLIST_RESULTS, PATROL_FINDINGS, PATROL_TRACKS, PATROLS};
use spatial::CollectionId;

use super::guard::{may_not, sender};
use crate::actor::Actor;
use crate::problem::Problem;
use crate::state::App;

/// Collections that operations of their own write, with these.
const OPERATIONS: [(&str, &str); 6] = [
    (PATROLS, "POST /patrols"),
    (PATROL_TRACKS, "POST /patrols"),
    (PATROL_FINDINGS, "POST /patrols"),
    (CHECKLIST_RESULTS, "POST /patrols"),
    (WHISTLES, "POST /whistles and POST /whistles/{code}/close"),
    (ARRIVALS, "POST /whistles/{code}/arrivals"),
];

/// An actor who may change features and fences.
#[derive(Clone, Debug)]
pub struct Editor(pub Actor);

impl FromRequestParts<Arc<App>> for Editor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let actor = sender(&parts.extensions)?;
        match may_edit(app, &actor) {
            true => Ok(Self(actor)),
            false => Err(may_not(&actor, "change features or fences")),
        }
    }
}

/// Whether an actor may change features and fences, where that is offered.
pub fn may_edit(app: &App, actor: &Actor) -> bool {
    match actor.role() {
        Some(role) => app.settings.access.lets_edit(role),
        None => actor.is_local(),
    }
}

/// Refuses an editor whose role does not change features of this collection.
pub fn check_editor(app: &App, actor: &Actor, collection: &CollectionId) -> Result<(), Problem> {
    let Some(role) = actor.role() else { return Ok(()) };
    let Some(editors) = app.settings.access.editors_of(collection) else { return Ok(()) };
    if editors.contains(&role) {
        return Ok(());
    }
    let roles = &app.engine.settings().ledger.roles;
    let known = roles.all().filter(|role| editors.contains(role));
    let known: Vec<String> = known.map(|role| roles.titled(role)).collect();
    let who = match known.is_empty() {
        true => "no role may".to_owned(),
        false => format!("these may: {}", known.join(", ")),
    };
    let operation = OPERATIONS.iter().find(|(id, _)| *id == collection.as_str());
    let operation = operation.map_or_else(String::new, |(_, by)| format!("; {by} writes them"));
    let what = format!(
        "change features of {collection} by plain edits; {who} ([accounts.edits] in the \
         configuration){operation}"
    );
    Err(may_not(actor, &what))
}
