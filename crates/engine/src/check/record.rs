//! Whether records of collections that ship contradict themselves, or name what is not there.

use ledger::record::{Consistency, Referred, references};
use spatial::{
    ChangeOp, ChangeSet, Collection, CollectionId, CollectionSnapshot, Feature, FeatureRef,
    Snapshot, Timestamp, Value, ValueRef,
};

use super::{Defects, escaped};
use crate::{Engine, Profile, now};

const MINUTE_MS: i64 = 60_000;

/// How records are judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Records {
    /// Nothing has happened after it.
    pub(crate) latest: Timestamp,
    /// Whose eyes a defect is for: it says the values of what these may read. None: of nothing.
    pub(crate) profile: Option<Profile>,
}

impl Records {
    /// As of this moment, with what clocks of devices may be ahead.
    pub(crate) fn now(engine: &Engine, profile: Option<Profile>) -> Self {
        let ahead = i64::from(engine.settings().ledger.ahead_minutes) * MINUTE_MS;
        Self { latest: Timestamp(now().0.saturating_add(ahead)), profile }
    }

    /// Lists what cannot be of the feature at `place`. What it `was` in every column concerned is not
    /// judged again.
    pub(crate) fn check<'v>(
        &self,
        defects: &mut Defects,
        place: &str,
        (collection, feature): (&Collection, &Feature),
        was: Option<&dyn Fn(usize) -> ValueRef<'v>>,
    ) {
        let Some(consistency) = Consistency::of(collection) else { return };
        let value = |at: usize| feature.properties.get(at).map_or(ValueRef::Null, |v| v.as_ref());
        let told = |at: usize| {
            let field = &collection.fields[at];
            let reads = |profile: Profile| field.class <= profile.highest_of(collection);
            match (self.profile.is_some_and(reads), value(at)) {
                (true, ValueRef::Text(text)) => format!("{} ({text})", field.name),
                (true, ValueRef::Int(number)) => format!("{} ({number})", field.name),
                (true, ValueRef::Real(number)) => format!("{} ({number})", field.name),
                _ => field.name.clone(),
            }
        };
        for found in consistency.contradictions(&value, self.latest) {
            let is_new = |at: &usize| was.is_none_or(|was| was(*at) != value(*at));
            if let Some(at) = found.columns().find(is_new) {
                let place = format!("{place}/properties/{}", escaped(&collection.fields[at].name));
                defects.add(&place, &found.told(&told));
            }
        }
    }
}

/// Lists what the feature at `place` names that is neither in `state` nor among the rows that are
/// `written` beside it. What it named before is not judged again, nor is a name where there is nothing
/// of its kind.
pub(super) fn check_names(
    defects: &mut Defects,
    place: &str,
    (collection, feature, was): (&Collection, &Feature, Option<FeatureRef<'_>>),
    (state, written): (&Snapshot, &ChangeSet),
) {
    for (at, referred) in references(collection) {
        let field = &collection.fields[at];
        let value = feature.properties.get(at).map_or(ValueRef::Null, |value| value.as_ref());
        let ValueRef::Text(name) = value else { continue };
        if name.trim().is_empty() || was.is_some_and(|was| was.value(at) == value) {
            continue;
        }
        let Some(target) = Target::of(state, referred) else { continue };
        if !target.is_there(name.trim()) && !target.is_written(name.trim(), written) {
            let place = format!("{place}/properties/{}", escaped(&field.name));
            // Whoever writes a value reads it, too.
            let shown: String = name.chars().take(60).collect();
            let problem = format!(
                "{shown:?} is the code of no {} that is there; give that of one, or leave it out",
                referred.words
            );
            defects.add(&place, &problem);
        }
    }
}

/// What a column names, in a state.
struct Target<'a> {
    held: &'a CollectionSnapshot,
    by: Vec<usize>,
}

impl<'a> Target<'a> {
    /// `None` where there is nothing of the kind, or what is called so is something else.
    fn of(state: &'a Snapshot, referred: Referred) -> Option<Self> {
        let id = CollectionId::try_from(referred.collection).ok()?;
        let held = state.collections.get(&id).filter(|held| !held.is_empty())?;
        let column = |name: &&str| held.collection().field_position(name);
        let by = referred.by.iter().map(column).collect::<Option<_>>()?;
        Some(Self { held, by })
    }

    fn is_there(&self, name: &str) -> bool {
        let mut found = false;
        for column in &self.by {
            self.held.with_text(*column, name, &mut |_, slots| found |= !slots.is_empty());
        }
        found
    }

    fn is_written(&self, name: &str, written: &ChangeSet) -> bool {
        let id = &self.held.collection().id;
        let rows = written.changes.iter().filter(|change| change.collection == *id);
        rows.filter_map(|change| match &change.op {
            ChangeOp::Insert(row) | ChangeOp::Replace(_, row) => Some(row),
            ChangeOp::Delete(_) => None,
        })
        .any(|row| {
            let is_name = |value: &Value| matches!(value, Value::Text(text) if text.trim() == name);
            self.by.iter().filter_map(|at| row.properties.get(*at)).any(is_name)
        })
    }
}
