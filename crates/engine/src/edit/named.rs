//! What edits name: points, units and other records that have to be there.
//!
//! *Invariant:* names are held against what whoever edits sees, so that no answer tells of more than that,
//! and against what the same edits write and take away.

use std::collections::{BTreeMap, HashMap, HashSet};

use ledger::record::{Referred, references};
use spatial::{
    Change, ChangeOp, Collection, CollectionId, CollectionSnapshot, Feature, FeatureId, Snapshot,
    Value, ValueRef,
};

use crate::Defect;
use crate::check::escaped;

/// A name in a row.
pub(super) struct Named {
    place: String,
    referred: Referred,
    name: String,
}

/// What the row at `place` names and did not name before.
pub(super) fn named<'v>(
    place: &str,
    (collection, row): (&Collection, &Feature),
    was: Option<&dyn Fn(usize) -> ValueRef<'v>>,
) -> Vec<Named> {
    let name = |(at, referred): (usize, Referred)| {
        let value = row.properties.get(at)?.as_ref();
        let is_new = was.is_none_or(|was| was(at) != value);
        match value {
            ValueRef::Text(name) if is_new && !name.trim().is_empty() => Some(Named {
                place: format!("{place}/properties/{}", escaped(&collection.fields[at].name)),
                referred,
                name: name.to_owned(),
            }),
            _ => None,
        }
    };
    references(collection).into_iter().filter_map(name).collect()
}

/// A text of a row without blanks around it; empty where there is none.
pub(super) fn text(row: &Feature, at: usize) -> &str {
    match row.properties.get(at) {
        Some(Value::Text(text)) => text.trim(),
        _ => "",
    }
}

/// The names of which nothing is there: neither in what is `seen` nor among `changes`. Where there is nothing
/// of its kind a name is not judged.
pub(super) fn unknown(seen: &Snapshot, changes: &[Change], names: &[Named]) -> Vec<Defect> {
    let mut targets: BTreeMap<&str, Option<Target<'_>>> = BTreeMap::new();
    let mut defects = Vec::new();
    for Named { place, referred, name } in names {
        let target = targets.entry(referred.collection);
        let target = target.or_insert_with(|| Target::of(seen, *referred, changes));
        let Some(target) = target else { continue };
        if !target.has(&referred.canonical(name)) {
            // Whoever writes a value reads it, too.
            let shown: String = name.trim().chars().take(60).collect();
            let problem = format!(
                "{shown:?} is the code of no {} that is there; give that of one, or leave it out",
                referred.words
            );
            defects.push(Defect { place: place.clone(), problem });
        }
    }
    defects
}

/// The rows of a collection that may be named.
pub(super) struct Target<'a> {
    held: &'a CollectionSnapshot,
    by: Vec<usize>,
    /// Rows that are written or taken away.
    changed: HashSet<FeatureId>,
    /// The names of those that are written, as they are in the end.
    written: HashSet<&'a str>,
    /// What was looked up.
    known: HashMap<String, bool>,
}

impl<'a> Target<'a> {
    /// `None` where there is nothing of the kind.
    pub(super) fn of(
        seen: &'a Snapshot,
        referred: Referred,
        changes: &'a [Change],
    ) -> Option<Self> {
        let id = CollectionId::try_from(referred.collection).ok()?;
        let held = seen.collections.get(&id).filter(|held| !held.is_empty())?;
        let by = referred.columns(held.collection())?;
        let (mut rows, mut becomes) = (Vec::new(), HashMap::new());
        for change in changes.iter().filter(|change| change.collection == id) {
            match &change.op {
                ChangeOp::Insert(row) => rows.push(row),
                ChangeOp::Replace(id, row) => drop(becomes.insert(*id, Some(row))),
                ChangeOp::Delete(id) => drop(becomes.insert(*id, None)),
            }
        }
        rows.extend(becomes.values().flatten());
        let names = |row: &&'a Feature| by.iter().map(|at| text(row, *at)).collect::<Vec<_>>();
        let written = rows.iter().flat_map(names).collect();
        let changed = becomes.into_keys().collect();
        Some(Self { held, by, changed, written, known: HashMap::new() })
    }

    /// Whether a row has the name, in its usual form, behind the changes.
    pub(super) fn has(&mut self, name: &str) -> bool {
        if self.written.contains(name) {
            return true;
        }
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        let is_there = self.by.iter().any(|column| self.is_in(*column, name));
        self.known.insert(name.to_owned(), is_there);
        is_there
    }

    fn is_in(&self, column: usize, name: &str) -> bool {
        let mut found = false;
        self.held.with_text(column, name, &mut |shard, slots| {
            let stays =
                |slot: &u16| !self.changed.contains(&shard.feature(usize::from(*slot)).id());
            found |= slots.iter().any(stays);
        });
        found
    }
}
