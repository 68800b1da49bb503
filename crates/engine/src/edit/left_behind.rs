//! Edits that take away, or call otherwise, what rows of other collections name: these would name nothing.
//!
//! *Invariant:* rows are told that whoever edits sees, as names are held against what is seen.

use std::collections::{HashMap, HashSet};

use ledger::record::{Referred, named_by, references};
use spatial::{Change, ChangeOp, CollectionId, CollectionSnapshot, Feature, FeatureId, Snapshot};
use spatial::{Value, ValueRef};

use super::named::Target;
use crate::Defect;
use crate::check::escaped;

/// Which collections whoever edits sees.
pub(super) type Sees<'a> = &'a dyn Fn(&CollectionId) -> bool;

/// What becomes of a row that is written: none where it is taken away. Of several changes the last counts.
type Becomes<'a> = HashMap<(&'a CollectionId, FeatureId), Option<&'a Feature>>;

/// A defect of each of `changes`, at its place, by which rows in what is `seen` are left that name what is not
/// there; `sees` says which collections are seen.
pub(super) fn left_behind(
    (seen, sees): (&Snapshot, Sees<'_>),
    changes: &[Change],
    places: &[&str],
) -> Vec<Defect> {
    let written = changes.iter().filter_map(|change| match &change.op {
        ChangeOp::Insert(_) => None,
        ChangeOp::Replace(id, row) => Some(((&change.collection, *id), Some(row))),
        ChangeOp::Delete(id) => Some(((&change.collection, *id), None)),
    });
    let becomes: Becomes<'_> = written.collect();
    let mut targets: HashMap<&CollectionId, Option<Target<'_>>> = HashMap::new();
    let (mut judged, mut defects) = (HashSet::new(), Vec::new());
    for (change, place) in changes.iter().zip(places) {
        let (ChangeOp::Replace(id, _) | ChangeOp::Delete(id)) = &change.op else { continue };
        let row = (&change.collection, *id);
        let Some(referred) = named_by(change.collection.as_str()) else { continue };
        let lost = lost(seen, referred, (row, &becomes));
        if lost.is_empty() || !judged.insert(row) {
            continue;
        }
        let target = targets.entry(row.0);
        let target = target.or_insert_with(|| Target::of(seen, referred, changes));
        for (column, name) in lost {
            let name = referred.canonical(&name);
            if target.as_mut().is_none_or(|target| target.has(&name)) {
                continue;
            }
            let Some(problem) = kept_by((seen, sees), (referred, &name), &becomes) else {
                continue;
            };
            let place = match becomes.get(&row) {
                Some(Some(_)) => format!("{place}/feature/properties/{}", escaped(&column)),
                _ => (*place).to_owned(),
            };
            defects.push(Defect { place, problem });
        }
    }
    defects
}

/// Names that a row has no more, behind the columns in which they stood.
fn lost(
    seen: &Snapshot,
    referred: Referred,
    (row, becomes): ((&CollectionId, FeatureId), &Becomes<'_>),
) -> Vec<(String, String)> {
    let held = seen.collections.get(row.0);
    let was = held.and_then(|held| Some((held.collection(), held.get(row.1)?)));
    let Some((collection, was)) = was else { return Vec::new() };
    let is = becomes.get(&row).copied().flatten();
    let name = |at: usize| {
        let ValueRef::Text(name) = was.value(at) else { return None };
        let name = name.trim();
        let stays = is.is_some_and(|is| text(is, at) == name);
        (!stays && !name.is_empty()).then(|| (collection.fields[at].name.clone(), name.to_owned()))
    };
    referred.columns(collection).unwrap_or_default().into_iter().filter_map(name).collect()
}

fn text(row: &Feature, at: usize) -> &str {
    match row.properties.get(at) {
        Some(Value::Text(text)) => text.trim(),
        _ => "",
    }
}

/// What is wrong with taking a name away: rows that have it still; `None` where there are none.
fn kept_by(
    (seen, sees): (&Snapshot, Sees<'_>),
    (referred, name): (Referred, &str),
    becomes: &Becomes<'_>,
) -> Option<String> {
    let (mut count, mut first) = (0_u64, None);
    for (id, held) in seen.collections.iter().filter(|(id, _)| sees(id)) {
        let of_it = references(held.collection());
        for (at, _) in of_it.into_iter().filter(|(_, one)| one.collection == referred.collection) {
            for row in rows_with(held, at, name) {
                let stays = match becomes.get(&(id, row)) {
                    None => true,
                    Some(is) => is.is_some_and(|is| referred.canonical(text(is, at)) == name),
                };
                count += u64::from(stays);
                let column = &held.collection().fields[at].name;
                first = first.or(stays.then(|| format!("{id}/{row} ({column})")));
            }
        }
    }
    let first = first?;
    let shown: String = name.chars().take(60).collect();
    let others = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
    Some(format!(
        "{shown:?} is named by {first}{others}; take that away first, or have it name another {}",
        referred.words
    ))
}

/// Rows that have a text in a column.
fn rows_with(held: &CollectionSnapshot, column: usize, text: &str) -> Vec<FeatureId> {
    let mut rows = Vec::new();
    held.with_text(column, text, &mut |shard, slots| {
        rows.extend(slots.iter().map(|slot| shard.ids()[usize::from(*slot)]));
    });
    rows.sort_unstable();
    rows
}
