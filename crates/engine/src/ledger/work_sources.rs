//! The rows that work lists read: points with what patrols did at them, and records that wait.

use std::sync::Arc;

use ledger::point::Rules;
use ledger::record::named;
use ledger::rows::{POINTS, is_of_ledger};
use ledger::worklist::{
    BoundRecords, COLUMNS, Filling, RECORDS, RecordRules, Rests, Standing, Waiting, WaitingRecords,
    Work, waiting,
};
use rustc_hash::FxHashSet;
use spatial::{
    CollectionId, CollectionSnapshot, CrsRegistry, FeatureId, FeatureRef, Snapshot, Timestamp,
    ValueRef,
};

use crate::patrols::PatrolsDone;
use crate::{EngineError, Profile, ReadableField};

/// The points of a state at a moment.
pub(super) struct PointRows<'k> {
    pub(super) held: Arc<CollectionSnapshot>,
    /// Where the columns of standings are, and that of the number.
    columns: [Option<usize>; COLUMNS.len()],
    code: Option<usize>,
    rules: &'k Rules,
    now: Timestamp,
    /// Patrols, where the store keeps any.
    done: Option<PatrolsDone>,
}

impl<'k> PointRows<'k> {
    /// Patrols pass points within `tolerance` metres.
    pub(super) fn of(
        state: &Snapshot,
        (rules, now): (&'k Rules, Timestamp),
        (registry, tolerance): (&CrsRegistry, f64),
    ) -> Result<Self, EngineError> {
        let held = find(state, POINTS)
            .filter(|held| is_of_ledger(held.collection()))
            .ok_or(EngineError::NoLedger)?;
        let columns = COLUMNS.map(|name| held.collection().field_position(name));
        let code = held.collection().field_position("code");
        let done = PatrolsDone::of(state, &held, registry, tolerance)?;
        Ok(Self { held, columns, code, rules, now, done })
    }

    /// Visits every point.
    pub(super) fn each(&self, visit: &mut dyn FnMut(FeatureId, Standing<'_>)) {
        self.held.each(&mut |shard, slots| {
            for slot in slots {
                let row = shard.feature(usize::from(*slot));
                if let Some(stands) = self.standing(row) {
                    visit(row.id(), stands);
                }
            }
        });
    }

    /// Where a point stands. A patrol that was at a closed point counts as a check of it.
    pub(super) fn standing<'a>(&self, row: FeatureRef<'a>) -> Option<Standing<'a>> {
        let values = self.columns.map(|column| column.map_or(ValueRef::Null, |at| row.value(at)));
        let stands = Standing::read(values)?;
        let is_due = || waiting(stands, self.now, self.rules).any(|one| one.work == Work::Patrol);
        let Some(done) = self.done.as_ref().filter(|_| is_due()) else { return Some(stands) };
        let names = [text(values[0]), self.code.and_then(|code| text(row.value(code)))];
        let patrolled_at = done.last_at(row, names);
        Some(Standing { checked_at: stands.checked_at.max(patrolled_at), ..stands })
    }
}

/// The records of a state that may wait, of one kind.
pub(super) struct RecordRows {
    pub(super) held: Arc<CollectionSnapshot>,
    kind: &'static WaitingRecords,
    bound: BoundRecords,
    /// Names of those that another collection keeps from waiting.
    resting: FxHashSet<String>,
}

impl RecordRows {
    /// Those of every kind whose collection is there, with columns that `profile` may read.
    pub(super) fn all(state: &Snapshot, profile: Profile) -> Vec<Self> {
        let of = |kind: &'static WaitingRecords| {
            let held = readable(state, kind.collection, kind.columns(), profile)?;
            let bound = kind.bind(held.collection())?;
            let resting = kind.rests.map(|rests| resting(state, &rests, profile));
            Some(Self { held, kind, bound, resting: resting.unwrap_or_default() })
        };
        RECORDS.iter().filter_map(of).collect()
    }

    /// Whether its records wait for a piece of work.
    pub(super) fn wait_for(&self, work: Work) -> bool {
        self.kind.steps.iter().any(|(known, _)| *known == work)
    }

    /// Visits every record that waits.
    pub(super) fn each(&self, rules: &RecordRules, visit: &mut dyn FnMut(FeatureId, Waiting<'_>)) {
        let rests = |name: &str| self.resting.contains(name);
        self.held.each(&mut |shard, slots| {
            for slot in slots {
                let row = shard.feature(usize::from(*slot));
                let value = |at: usize| row.value(at);
                if let Some(one) = self.bound.waiting((row.id(), &value), &rests, rules) {
                    visit(row.id(), one);
                }
            }
        });
    }
}

/// What records are named by that rest; none where the other collection does not say.
fn resting(state: &Snapshot, rests: &Rests, profile: Profile) -> FxHashSet<String> {
    let mut names = FxHashSet::default();
    let columns = [rests.named, rests.column];
    let Some(held) = readable(state, rests.collection, columns.into_iter(), profile) else {
        return names;
    };
    let [Some(named), Some(column)] = columns.map(|name| held.collection().field_position(name))
    else {
        return names;
    };
    held.each(&mut |shard, slots| {
        for slot in slots {
            let row = shard.feature(usize::from(*slot));
            if Filling::of(row.value(column)) == rests.when
                && let Some(name) = text(row.value(named))
            {
                names.insert(name.trim().to_owned());
            }
        }
    });
    names
}

/// A collection that ships, if the state has it and `profile` may read these columns of it.
fn readable(
    state: &Snapshot,
    name: &str,
    mut columns: impl Iterator<Item = &'static str>,
    profile: Profile,
) -> Option<Arc<CollectionSnapshot>> {
    let held = find(state, name)
        .filter(|held| named(name).is_some_and(|shipped| shipped.is(held.collection())))?;
    let may_read =
        columns.all(|column| ReadableField::find(held.collection(), column, profile).is_ok());
    may_read.then_some(held)
}

fn find(state: &Snapshot, name: &str) -> Option<Arc<CollectionSnapshot>> {
    state.collections.get(&CollectionId::try_from(name).ok()?).map(Arc::clone)
}

fn text(value: ValueRef<'_>) -> Option<&str> {
    match value {
        ValueRef::Text(text) => Some(text),
        _ => None,
    }
}
