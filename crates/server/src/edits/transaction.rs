//! The body of a transaction: why, and which changes to which collections.

use std::borrow::Cow;
use std::collections::BTreeMap;

use engine::{EditOp, EditSet, FeatureEdit};
use formats::{Json, JsonKind};
use spatial::{CollectionId, FeatureId, Revision, Snapshot};

use super::{FeatureReader, Findings, Form, OwnRecords};
use crate::access::check_editor;
use crate::actor::Actor;
use crate::crs_uri::named;
use crate::problem::{Code, Problem};
use crate::state::App;

/// Longest reason, in characters.
const MAX_REASON: usize = 1000;
const MEMBERS: [&str; 4] = ["reason", "changes", "author", "actor"];
const CHANGE_MEMBERS: [&str; 5] = ["collection", "op", "id", "feature", "ifRevision"];
const OPS: [&str; 4] = ["insert", "replace", "update", "delete"];

/// The edits of a request, and what is wrong with them. `crs` is what the header says that
/// geometries are in.
pub fn read_transaction(
    app: &App,
    body: &[u8],
    crs: Option<&str>,
    actor: &Actor,
) -> Result<(EditSet, Findings), Problem> {
    let refused = |detail: String| Problem::new(Code::InvalidRequest, detail);
    let json = super::parse(body)?;
    if json.kind() != JsonKind::Object {
        return Err(refused(format!("an object is expected, not {}", json.kind().name())));
    }
    let mut findings = Findings::default();
    let (mut reason, mut changes) = (String::new(), Vec::new());
    let mut has_changes = false;
    for (name, value) in json.members() {
        let place = format!("/{}", super::feature::escaped(&name));
        match (&*name, value.kind()) {
            ("reason", JsonKind::Text) => {
                reason = value.text().unwrap_or_default().into_owned();
                if reason.chars().count() > MAX_REASON {
                    let problem = format!("a reason has at most {MAX_REASON} characters");
                    findings.malformed(place, problem);
                }
            }
            ("author" | "actor", JsonKind::Text) => {
                actor.check_author(&name, &value.text().unwrap_or_default())?;
            }
            ("reason" | "author" | "actor", kind) => {
                findings.malformed(place, format!("text is expected, not {}", kind.name()));
            }
            ("changes", JsonKind::List) => {
                has_changes = true;
                changes = value.items();
            }
            ("changes", kind) => {
                has_changes = true;
                findings.malformed(place, format!("an array is expected, not {}", kind.name()));
            }
            _ => findings.malformed(place, unknown(&MEMBERS)),
        }
    }
    if !has_changes {
        findings.malformed("", "member \"changes\" is missing");
    } else if changes.is_empty() && findings.is_empty() {
        findings.malformed("/changes", "there is no change; send at least one");
    }
    let most = app.settings.max_transaction_changes;
    if changes.len() > most {
        let detail = format!(
            "{} changes; a transaction has at most {most}, send it in several",
            changes.len()
        );
        return Err(Problem::new(Code::BodyTooLarge, detail));
    }
    let snapshot = app.engine.snapshot();
    let mut readers = Readers { app, snapshot: &snapshot, crs, actor, known: BTreeMap::new() };
    let mut edits = Vec::with_capacity(changes.len());
    for (number, change) in changes.into_iter().enumerate() {
        edits.extend(readers.change(change, &format!("/changes/{number}"), &mut findings)?);
    }
    Ok((EditSet { actor: actor.name().to_owned(), reason, edits }, findings))
}

fn unknown(known: &[&str]) -> String {
    format!("the member is unknown here; known: {}", known.join(", "))
}

/// A reader for each collection that changes name.
struct Readers<'a> {
    app: &'a App,
    snapshot: &'a Snapshot,
    crs: Option<&'a str>,
    actor: &'a Actor,
    known: BTreeMap<&'a CollectionId, FeatureReader<'a>>,
}

/// The members of one change.
#[derive(Default)]
struct Members<'j> {
    collection: Option<Cow<'j, str>>,
    op: Option<&'static str>,
    id: Option<FeatureId>,
    feature: Option<Json<'j>>,
    if_revision: Option<Revision>,
}

impl<'a> Readers<'a> {
    /// One change, if it can be made out.
    fn change(
        &mut self,
        json: Json<'_>,
        place: &str,
        findings: &mut Findings,
    ) -> Result<Option<FeatureEdit>, Problem> {
        if json.kind() != JsonKind::Object {
            let problem = format!("an object is expected, not {}", json.kind().name());
            findings.malformed(place, problem);
            return Ok(None);
        }
        let before = findings.defects.len();
        let members = members_of(json, place, findings);
        let name = members.collection.as_deref().unwrap_or_default();
        let known = CollectionId::try_from(name).ok();
        let known = known.and_then(|id| self.snapshot.collections.get_key_value(&id));
        let Some((id, held)) = known else {
            if members.collection.is_some() {
                let problem = "there is no such collection; see /collections";
                findings.add(format!("{place}/collection"), problem);
            }
            return Ok(None);
        };
        if findings.defects.len() > before {
            return Ok(None);
        }
        check_editor(self.app, self.actor, id)?;
        let own = OwnRecords::of(self.actor, held.collection());
        if !self.known.contains_key(id) {
            let offered = self.app.crs_lists.of(&self.app.engine, held);
            let crs = named("Content-Crs", self.crs, &offered)?;
            let profile = self.app.engine.profile();
            let profile = own.as_ref().map_or(profile, |own| own.profile(profile));
            let collection = &**held.collection();
            let reader = FeatureReader::new(&self.app.engine, collection, &crs, profile)?;
            self.known.insert(id, reader);
        }
        let reader = &self.known[id];
        let at = format!("{place}/feature");
        let op = match (members.op, members.id, members.feature) {
            (Some("insert"), _, Some(feature)) => {
                EditOp::Insert(reader.new_feature(feature, &at, findings))
            }
            (Some("delete"), Some(id), _) => EditOp::Delete(id),
            (Some(op), Some(id), Some(feature)) => {
                let form = if op == "replace" { Form::Whole } else { Form::Patch };
                EditOp::Assign(id, reader.assigned(feature, &at, (form, id), findings))
            }
            // What is missing has been noted.
            _ => return Ok(None),
        };
        if let Some(own) = own {
            own.check(held, &op)?;
        }
        if self.app.settings.require_if_match
            && members.if_revision.is_none()
            && !matches!(op, EditOp::Insert(_))
        {
            let detail =
                format!("{place} has no ifRevision, which this server asks of every change");
            return Err(Problem::new(Code::PreconditionRequired, detail));
        }
        Ok(Some(FeatureEdit {
            place: place.to_owned(),
            collection: id.clone(),
            op,
            unchanged_since: members.if_revision,
        }))
    }
}

/// Reads the members of a change by name and type, and whether the operation has all that it
/// needs and nothing else.
fn members_of<'j>(json: Json<'j>, place: &str, findings: &mut Findings) -> Members<'j> {
    let mut members = Members::default();
    let mut given: Vec<&'static str> = Vec::new();
    for (name, value) in json.members() {
        let at = format!("{place}/{}", super::feature::escaped(&name));
        let Some(known) = CHANGE_MEMBERS.iter().find(|known| **known == name) else {
            findings.malformed(at, unknown(&CHANGE_MEMBERS));
            continue;
        };
        given.push(known);
        match *known {
            "collection" if value.kind() == JsonKind::Text => members.collection = value.text(),
            "op" => {
                let text = value.text().unwrap_or_default();
                members.op = OPS.into_iter().find(|op| *op == text);
                if members.op.is_none() {
                    findings.malformed(at, format!("it is one of: {}", OPS.join(", ")));
                }
            }
            "id" => {
                let id = value.whole().and_then(|id| i64::try_from(id).ok());
                members.id = id.and_then(|id| FeatureId::try_from(id).ok());
                if members.id.is_none() {
                    findings.malformed(at, "a feature id is a whole number from 1");
                }
            }
            "feature" => members.feature = Some(value),
            "ifRevision" => {
                members.if_revision = value.whole().map(Revision);
                if members.if_revision.is_none() {
                    findings.malformed(at, "a revision is a whole number from 0");
                }
            }
            _ => {
                let problem = format!("text is expected, not {}", value.kind().name());
                findings.malformed(at, problem);
            }
        }
    }
    let (needed, barred): (&[&str], &[&str]) = match members.op {
        Some("insert") => (&["collection", "feature"], &["id", "ifRevision"]),
        Some("delete") => (&["collection", "id"], &["feature"]),
        Some(_) => (&["collection", "id", "feature"], &[]),
        None => (&["collection", "op"], &[]),
    };
    for name in needed {
        if !given.contains(name) {
            findings.malformed(place, format!("member {name:?} is missing"));
        }
    }
    for name in barred {
        if given.contains(name) {
            let op = members.op.unwrap_or_default();
            findings.malformed(format!("{place}/{name}"), format!("it does not belong to {op}"));
        }
    }
    members
}
