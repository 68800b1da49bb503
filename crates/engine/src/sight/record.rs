//! Single features and records of the change log, judged by the area of a handle: what changed beyond it
//! is not told, what came into it is told as new, and what left it as gone.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::sight::AreaRule;
use rustc_hash::FxHashSet;
use spatial::{
    Collection, CollectionId, Feature, FeatureId, FeatureRef, Operation, Revision, ShardBuilder,
    Value,
};
use store::{ChangeRecord, Version};

use super::belonging::{Belonging, Names, NamesOf, names_of};
use crate::places::Jurisdiction;
use crate::{Audience, Engine, EngineError};

/// Decides of single features whether they belong to the area of a handle.
#[derive(Debug)]
pub(crate) struct Witness {
    pub(super) jurisdiction: Arc<Jurisdiction>,
    pub(super) asked: BTreeMap<CollectionId, Asked>,
}

/// What features of one collection are judged by.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) rule: Option<AreaRule>,
    pub(super) names: BTreeMap<String, Arc<Names>>,
}

/// Decides of features of one collection.
pub(crate) struct Judge<'a> {
    collection: &'a Collection,
    belonging: Belonging<'a>,
    /// Names that belong beside those that the state has.
    pub(super) beside: FxHashSet<String>,
}

impl Witness {
    /// One for features of these collections, away from the async runtime; none where everything
    /// belongs.
    pub(crate) async fn of(
        engine: &Engine,
        ids: BTreeSet<CollectionId>,
    ) -> Result<Option<Arc<Self>>, EngineError> {
        if engine.view().areas.is_none() {
            return Ok(None);
        }
        let held = engine.clone();
        let made = move || held.1.witness(&held, ids).map(Arc::new);
        engine.pool().run_waiting(made).await
    }

    /// What decides of features of `collection`; none of a collection that was not asked for.
    pub(crate) fn judge<'a>(
        &'a self,
        engine: &'a Engine,
        collection: &'a Collection,
    ) -> Option<Judge<'a>> {
        let asked = self.asked.get(&collection.id)?;
        let names = |id: &str| asked.names.get(id).cloned();
        let rule = (asked.rule.as_ref(), &names as NamesOf<'_>);
        let belonging = Belonging::new(&self.jurisdiction, engine.registry(), collection, rule);
        Some(Judge { collection, belonging, beside: FxHashSet::default() })
    }

    /// Whether a unit may be made to answer for what belongs there.
    pub(crate) fn answers(&self, unit: &str) -> bool {
        self.jurisdiction.answers(unit)
    }
}

impl Judge<'_> {
    /// Whether a feature with a value for each field belongs.
    pub(crate) fn holds(&self, feature: &Feature) -> bool {
        self.told(feature).0
    }

    /// Whether a unit may be made to answer for what belongs.
    pub(crate) fn answers(&self, unit: &str) -> bool {
        self.belonging.answers(unit)
    }

    /// Whether it belongs, and the names that others may know it by.
    pub(super) fn told(&self, feature: &Feature) -> (bool, Vec<String>) {
        self.ask(feature, |feature| {
            let names = names_of(self.collection, feature).map(str::to_owned).collect();
            (self.belonging.holds(feature, &self.beside), names)
        })
    }

    /// Whether it belongs by where it lies or is assigned to, whoever answers for it.
    pub(super) fn lies(&self, feature: &Feature) -> bool {
        self.ask(feature, |feature| self.belonging.lies(feature, &self.beside))
    }

    fn ask<T>(&self, feature: &Feature, question: impl FnOnce(FeatureRef<'_>) -> T) -> T {
        let mut builder = ShardBuilder::new(&self.collection.fields, 1);
        // Where it is drawn says nothing of where it belongs.
        let nowhere = |coords: &[[f64; 2]], world: &mut Vec<[u32; 2]>| {
            world.extend(coords.iter().map(|_| [0; 2]));
        };
        builder.push_feature(FeatureId::MAX, feature, &nowhere);
        question(builder.finish().feature(0))
    }

    /// What it judges features of.
    pub(super) fn collection(&self) -> &Collection {
        self.collection
    }

    /// Whether a former state belongs, whose fields had these names.
    pub(crate) fn held(&self, names: &[String], feature: &Feature) -> bool {
        let value = |name: &String| {
            let at = names.iter().position(|known| known == name);
            at.and_then(|at| feature.properties.get(at)).cloned().unwrap_or(Value::Null)
        };
        let properties = self.collection.fields.iter().map(|field| value(&field.name)).collect();
        self.holds(&Feature { id: None, geometry: feature.geometry.clone(), properties })
    }
}

/// When a feature belonged.
struct Times {
    /// From, until, and whether it did.
    past: Vec<(Revision, Revision, bool)>,
    /// Since what is now, and whether that belongs.
    now: Option<bool>,
}

impl Times {
    /// Whether it is known to have belonged after the commit `revision`.
    fn held_at(&self, revision: Revision) -> bool {
        let then = self.past.iter().find(|(from, until, _)| *from <= revision && revision < *until);
        match then {
            Some((.., held)) => *held,
            None => {
                let is_now = self.past.last().is_none_or(|(_, until, _)| *until <= revision);
                is_now && self.now == Some(true)
            }
        }
    }
}

impl Engine {
    /// Each record as this handle may be told of it; none where it may not.
    pub(crate) async fn told_of(
        &self,
        records: Vec<ChangeRecord>,
    ) -> Result<Vec<Option<ChangeRecord>>, EngineError> {
        let ids: BTreeSet<CollectionId> =
            records.iter().map(|record| record.collection.clone()).collect();
        let Some(witness) = Witness::of(self, ids).await? else {
            // Who works here is not for everyone.
            let is_public = self.view().audience == Audience::Public;
            let told = |record: ChangeRecord| match is_public {
                true => ChangeRecord { actor: String::new(), reason: String::new(), ..record },
                false => record,
            };
            return Ok(records.into_iter().map(told).map(Some).collect());
        };
        let mut versions: BTreeMap<(CollectionId, FeatureId), Vec<Version>> = BTreeMap::new();
        for record in &records {
            let Some(id) = record.id else { continue };
            let key = (record.collection.clone(), id);
            if let Entry::Vacant(unknown) = versions.entry(key) {
                let found = self.store().history(&record.collection, id).await?;
                unknown.insert(found);
            }
        }
        let engine = self.clone();
        let told = move || {
            let times = engine.times(&witness, versions);
            let told = |mut record: ChangeRecord| {
                let Some(id) = record.id else {
                    // Where many features came tells of those beyond the area.
                    (record.before, record.after) = (None, None);
                    return Some(record);
                };
                let times = times.get(&(record.collection.clone(), id))?;
                let before = Revision(record.revision.0.saturating_sub(1));
                let (was, is) = (times.held_at(before), times.held_at(record.revision));
                match (was, is) {
                    (true, true) => {}
                    (false, true) => {
                        (record.operation, record.before) = (Operation::Insert, None);
                    }
                    (true, false) => {
                        (record.operation, record.after) = (Operation::Delete, None);
                    }
                    (false, false) => return None,
                }
                Some(record)
            };
            records.into_iter().map(told).collect()
        };
        self.pool().run_waiting(told).await
    }

    /// When each of these features belonged; of a collection that is gone nothing is known.
    fn times(
        &self,
        witness: &Witness,
        versions: BTreeMap<(CollectionId, FeatureId), Vec<Version>>,
    ) -> BTreeMap<(CollectionId, FeatureId), Times> {
        let state = self.current();
        let mut judges: BTreeMap<&CollectionId, Option<Judge<'_>>> = BTreeMap::new();
        let mut all = BTreeMap::new();
        for ((collection, id), versions) in versions {
            let Some((known, held)) = state.collections.get_key_value(&collection) else {
                continue;
            };
            let judge = judges.entry(known);
            let judge = judge.or_insert_with(|| witness.judge(self, held.collection()));
            let Some(judge) = judge else { continue };
            let past = versions.iter().map(|version| {
                (version.from, version.until, judge.held(&version.fields, &version.feature))
            });
            let past = past.collect();
            let now = held.get(id).map(|feature| judge.holds(&feature.to_feature()));
            all.insert((collection, id), Times { past, now });
        }
        all
    }
}
