//! Whether records of collections that ship contradict themselves.

use ledger::record::Consistency;
use spatial::{Collection, Feature, Timestamp, ValueRef};

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
