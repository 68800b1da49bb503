//! Which codes of places are taken: two places of one collection never have a code on the same days.

use std::collections::{BTreeMap, BTreeSet};

use ledger::place::{CodeReader, Validity};
use spatial::{ChangeOp, ChangeSet, CollectionId, FeatureId, FeatureRef, Snapshot, ValueRef};

use crate::Defect;
use crate::check::escaped;

/// Codes that the change sets of one group give to places.
#[derive(Debug, Default)]
pub(crate) struct TakenCodes(Vec<Held>);

/// A code that somebody has.
#[derive(Clone, Debug)]
struct Held {
    collection: CollectionId,
    code: String,
    validity: Validity,
    /// Who has it, in words.
    holder: String,
}

/// A code that a change of the set writes.
struct Written {
    change: usize,
    row: Option<FeatureId>,
    held: Held,
    /// The first field that says something else than before; none where all stays as it was.
    field: Option<String>,
}

impl TakenCodes {
    /// Defects of the codes that `set` gives to places of `state` while others have them. Those of a set
    /// without one are taken from now on.
    pub(crate) fn take(&mut self, state: &Snapshot, set: &ChangeSet) -> Vec<Defect> {
        let (written, rows) = written(state, set);
        let present = present(state, &written, &rows);
        let mut defects = Vec::new();
        for one in &written {
            let Some(field) = &one.field else { continue };
            // Of two changes that take a code the later one is told.
            let others = written.iter().filter(|other| {
                other.change < one.change || (other.field.is_none() && other.change > one.change)
            });
            let others = others.map(|other| &other.held);
            let taken = present.iter().chain(others).chain(&self.0).find_map(|other| {
                let is_same =
                    (&other.collection, &other.code) == (&one.held.collection, &one.held.code);
                let both = other.validity.intersection(&one.held.validity);
                (is_same && !both.is_empty()).then_some((&other.holder, both))
            });
            if let Some((holder, both)) = taken {
                let place = format!("/changes/{}/feature/properties/{field}", one.change);
                let problem = format!(
                    "{holder} has the code {} too, {both}: give another code, or end one (valid_to) \
                     where the other begins (valid_from)",
                    one.held.code
                );
                defects.push(Defect { place, problem });
            }
        }
        if defects.is_empty() {
            let holder = "what another request has just written";
            let held =
                written.into_iter().map(|one| Held { holder: holder.to_owned(), ..one.held });
            self.0.extend(held);
        }
        defects
    }
}

/// Rows by their collections.
type Rows = BTreeSet<(CollectionId, FeatureId)>;

/// The codes that a set writes, and the rows that it does.
fn written(state: &Snapshot, set: &ChangeSet) -> (Vec<Written>, Rows) {
    let mut rows = Rows::new();
    let mut written: Vec<Written> = Vec::new();
    for (change, one) in set.changes.iter().enumerate() {
        let Some(held) = state.collections.get(&one.collection) else { continue };
        let Some(reader) = CodeReader::of(held.collection()) else { continue };
        let (row, feature) = match &one.op {
            ChangeOp::Insert(feature) => (None, Some(feature)),
            ChangeOp::Replace(row, feature) => (Some(*row), Some(feature)),
            ChangeOp::Delete(row) => (Some(*row), None),
        };
        if let Some(row) = row
            && !rows.insert((one.collection.clone(), row))
        {
            // What is written of a row last is what stays.
            written.retain(|was| was.row != Some(row) || was.held.collection != one.collection);
        }
        let Some(feature) = feature else { continue };
        let value = |at: usize| feature.properties.get(at).map_or(ValueRef::Null, |v| v.as_ref());
        let Some((code, validity)) = reader.read(&value) else { continue };
        let was = row.and_then(|row| held.get(row));
        let is_new = |at: &usize| was.is_none_or(|was| was.value(*at) != value(*at));
        let name = |at: usize| escaped(&held.collection().fields[at].name);
        let field = reader.fields().find(is_new).map(name);
        let holder = format!("change {change} of this request");
        let (collection, code) = (one.collection.clone(), code.to_owned());
        let held = Held { collection, code, validity, holder };
        written.push(Written { change, row, held, field });
    }
    (written, rows)
}

/// Who has codes that are written, but for the `rows` that are.
fn present(state: &Snapshot, written: &[Written], rows: &Rows) -> Vec<Held> {
    let mut wanted: BTreeMap<&CollectionId, BTreeSet<&str>> = BTreeMap::new();
    for one in written.iter().filter(|one| one.field.is_some()) {
        wanted.entry(&one.held.collection).or_default().insert(&one.held.code);
    }
    let mut found = Vec::new();
    for (id, codes) in wanted {
        let Some(held) = state.collections.get(id) else { continue };
        let Some(reader) = CodeReader::of(held.collection()) else { continue };
        let holds = |row: FeatureRef<'_>| {
            let (code, validity) = reader.read(&|at| row.value(at))?;
            if rows.contains(&(id.clone(), row.id())) {
                return None;
            }
            let (collection, code) = (id.clone(), code.to_owned());
            Some(Held { collection, code, validity, holder: format!("{id} {}", row.id()) })
        };
        for code in codes {
            held.with_text(reader.code(), code, &mut |shard, slots| {
                found.extend(
                    slots.iter().filter_map(|slot| holds(shard.feature(usize::from(*slot)))),
                );
            });
        }
    }
    found
}
