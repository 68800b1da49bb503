//! Edits that take away, or call otherwise, what rows name: these would name nothing.
//!
//! *Invariant:* only what whoever edits may read is told: collections, rows and columns that are seen.

use std::collections::HashMap;

use ledger::record::{Referred, named_by, references};
use spatial::{
    Change, ChangeOp, CollectionId, CollectionSnapshot, Feature, FeatureId, Snapshot, ValueRef,
};

use super::named::{Target, text};
use crate::check::escaped;
use crate::{Defect, Profile, ReadableField};

/// What whoever edits sees.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    /// The rows.
    pub(super) state: &'a Snapshot,
    /// Which collections.
    pub(super) collections: &'a dyn Fn(&CollectionId) -> bool,
    /// Which columns.
    pub(super) profile: Profile,
}

impl Seen<'_> {
    fn reads(&self, held: &CollectionSnapshot, column: usize) -> bool {
        let collection = held.collection();
        ReadableField::find(collection, &collection.fields[column].name, self.profile).is_ok()
    }
}

/// A row of a collection.
type Row<'a> = (&'a CollectionId, FeatureId);

/// What becomes of rows, none of what is taken away, and the place of the change that does it.
type Becomes<'a> = HashMap<Row<'a>, (Option<&'a Feature>, &'a str)>;

/// A defect of each of `changes`, at its place, by which rows are left that name what is not there. Of several
/// changes of a row the last counts.
pub(super) fn left_behind(seen: Seen<'_>, changes: &[Change], places: &[&str]) -> Vec<Defect> {
    let mut becomes: Becomes<'_> = HashMap::new();
    for (change, place) in changes.iter().zip(places) {
        let (id, row) = match &change.op {
            ChangeOp::Insert(_) => continue,
            ChangeOp::Replace(id, row) => (*id, Some(row)),
            ChangeOp::Delete(id) => (*id, None),
        };
        becomes.insert((&change.collection, id), (row, *place));
    }
    let mut referrers: HashMap<&CollectionId, Referrers<'_>> = HashMap::new();
    let mut defects = Vec::new();
    for (row, (is, place)) in &becomes {
        let Some(referred) = named_by(row.0.as_str()) else { continue };
        for (column, name) in lost(seen, referred, (*row, *is)) {
            let referrers = referrers.entry(row.0);
            let referrers = referrers.or_insert_with(|| Referrers::of(seen, referred, changes));
            let Some(problem) = referrers.left(&name, &becomes) else { continue };
            let place = match is {
                Some(_) => format!("{place}/feature/properties/{}", escaped(&column)),
                None => (*place).to_owned(),
            };
            defects.push(Defect { place, problem });
        }
    }
    defects.sort_unstable_by(|a, b| (&a.place, &a.problem).cmp(&(&b.place, &b.problem)));
    defects
}

/// Names that a row has no more, behind the columns in which they stood.
fn lost(
    seen: Seen<'_>,
    referred: Referred,
    (row, is): (Row<'_>, Option<&Feature>),
) -> Vec<(String, String)> {
    let held = seen.state.collections.get(row.0);
    let was = held.and_then(|held| Some((held, held.get(row.1)?)));
    let Some((held, was)) = was else { return Vec::new() };
    let collection = held.collection();
    let name = |at: usize| {
        let ValueRef::Text(name) = was.value(at) else { return None };
        let name = name.trim();
        let stays = is.is_some_and(|is| text(is, at) == name);
        let is_lost = !stays && !name.is_empty() && seen.reads(held, at);
        is_lost.then(|| (collection.fields[at].name.clone(), name.to_owned()))
    };
    referred.columns(collection).unwrap_or_default().into_iter().filter_map(name).collect()
}

/// The rows of a collection that may be named, and what names them.
struct Referrers<'a> {
    referred: Referred,
    target: Option<Target<'a>>,
    /// Columns that name them.
    columns: Vec<(&'a CollectionId, &'a CollectionSnapshot, usize)>,
}

impl<'a> Referrers<'a> {
    fn of(seen: Seen<'a>, referred: Referred, changes: &'a [Change]) -> Self {
        let mut columns = Vec::new();
        for (id, held) in seen.state.collections.iter().filter(|(id, _)| (seen.collections)(id)) {
            let all = references(held.collection()).into_iter();
            let of_it = all
                .filter(|(at, one)| one.collection == referred.collection && seen.reads(held, *at));
            columns.extend(of_it.map(|(at, _)| (id, &**held, at)));
        }
        Self { referred, target: Target::of(seen.state, referred, changes), columns }
    }

    /// What is wrong with taking a name away: rows that have it still; `None` where there are none, or where
    /// another row is called so.
    fn left(&mut self, name: &str, becomes: &Becomes<'_>) -> Option<String> {
        let referred = self.referred;
        let name = &*referred.canonical(name);
        if self.target.as_mut().is_none_or(|target| target.has(name)) {
            return None;
        }
        let (mut count, mut first) = (0_u64, None);
        for (id, held, at) in &self.columns {
            for row in rows_with(held, *at, name) {
                let stays = match becomes.get(&(*id, row)) {
                    None => true,
                    Some((is, _)) => is.is_some_and(|is| referred.canonical(text(is, *at)) == name),
                };
                count += u64::from(stays);
                let column = &held.collection().fields[*at].name;
                first = first.or(stays.then(|| format!("{id}/{row} ({column})")));
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
