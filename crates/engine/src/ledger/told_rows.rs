//! What other collections tell of the rows of a sum over records: whose file is complete, which buildings
//! stand in one, what patrols covered of an alley, what lists of the same unit have.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Instant;

use ledger::dossier::Dossiers;
use ledger::indicator::{BoundSum, RecordSum, RowCondition, RowQuantity};
use ledger::place::{ALLEYS, Day};
use ledger::record::patrols::PATROLS;
use ledger::words_of;
use rustc_hash::{FxHashMap, FxHashSet};
use spatial::{Budget, CollectionId, CollectionSnapshot, FeatureId, Timestamp, ValueRef};

use super::sums_asked::{COSTS, SumsAsked};
use crate::patrols::{Coverage, CoverageAsked};
use crate::{Engine, EngineError, ReadableField};

/// What is told of rows.
#[derive(Debug, Default)]
pub(super) struct ToldRows {
    /// Only these count, where something decides.
    pub(super) counted: Option<FxHashSet<FeatureId>>,
    /// What each is worth in hundredths, where that is told.
    pub(super) worth: Option<FxHashMap<FeatureId, i64>>,
}

impl ToldRows {
    pub(super) fn counts(&self, row: FeatureId) -> bool {
        self.counted.as_ref().is_none_or(|rows| rows.contains(&row))
    }

    fn narrow(&mut self, to: FxHashSet<FeatureId>) {
        self.counted = Some(match self.counted.take() {
            None => to,
            Some(rows) => rows.intersection(&to).copied().collect(),
        });
    }
}

impl Engine {
    /// What is told of the rows of a sum; none where a collection that tells it is not there. What patrols
    /// covered is found once for all sums of one answer.
    pub(super) fn told_rows(
        &self,
        held: &CollectionSnapshot,
        bound: &BoundSum<'_>,
        asked: &SumsAsked<'_>,
        patrols: &OnceCell<Coverage>,
    ) -> Result<Option<ToldRows>, EngineError> {
        let mut told = ToldRows::default();
        for condition in &bound.sum().conditions {
            let rows = match condition {
                RowCondition::CompleteFile => match asked.dossiers {
                    Some(dossiers) => self.complete_files(asked.beside, dossiers, held)?,
                    None => None,
                },
                RowCondition::InFile => match asked.dossiers {
                    Some(dossiers) => self.in_files(held, dossiers, asked)?,
                    None => None,
                },
                RowCondition::HasAll { of, field, values, conditions } => {
                    let lists = RecordSum {
                        name: of.clone(),
                        collection: of.clone(),
                        quantity: RowQuantity::Rows,
                        conditions: conditions.clone(),
                        unit: None,
                        task: None,
                    };
                    having(held, bound, (&lists, field, values), asked)
                }
                _ => continue,
            };
            let Some(rows) = rows else { return Ok(None) };
            told.narrow(rows);
        }
        if bound.sum().asks_patrols() {
            let Some(metres) = self.alley_metres(held, bound, asked, patrols)? else {
                return Ok(None);
            };
            told.worth = Some(metres);
        }
        Ok(Some(told))
    }

    /// Buildings with a shape that stand in a household file.
    fn in_files(
        &self,
        held: &CollectionSnapshot,
        dossiers: &Dossiers,
        asked: &SumsAsked<'_>,
    ) -> Result<Option<FxHashSet<FeatureId>>, EngineError> {
        if held.collection().id.as_str() != dossiers.set().buildings.collection {
            return Ok(None);
        }
        let deadline = Instant::now() + self.settings().query_time;
        let expired = || Instant::now() > deadline;
        let budget = Budget::new(COSTS, &expired);
        let (rule, today) = (dossiers.uncovered(), Day::of(asked.moment.at));
        let Some(without) = self.subjects(asked.beside, (&rule, today, asked.profile), &budget)?
        else {
            return Ok(None);
        };
        let mut rows = FxHashSet::default();
        held.each(&mut |shard, slots| {
            let features = slots.iter().map(|slot| shard.feature(usize::from(*slot)));
            let filed = features.filter(|one| one.geometry_type().is_some());
            rows.extend(filed.map(|one| one.id()).filter(|id| !without.contains(id)));
        });
        Ok(Some(rows))
    }

    /// Metres of alleys in duty, or covered by patrols, on the days of the window that have begun.
    fn alley_metres(
        &self,
        held: &CollectionSnapshot,
        bound: &BoundSum<'_>,
        asked: &SumsAsked<'_>,
        patrols: &OnceCell<Coverage>,
    ) -> Result<Option<FxHashMap<FeatureId, i64>>, EngineError> {
        let has = |name| {
            CollectionId::try_from(name).is_ok_and(|id| asked.beside.collections.contains_key(&id))
        };
        if held.collection().id.as_str() != ALLEYS || !has(PATROLS) {
            return Ok(None);
        }
        let window = asked.moment.window;
        let last = asked.moment.at.0.min(window.to.0.saturating_sub(1));
        if last < window.from.0 {
            return Ok(Some(FxHashMap::default()));
        }
        let (from, to) = (Day::of(window.from), Day::of(Timestamp(last)));
        let question = CoverageAsked { unit: None, from, to, as_of: None, profile: asked.profile };
        let coverage = match patrols.get() {
            Some(known) => known,
            None => {
                let found = self.coverage(asked.beside, &question)?;
                patrols.get_or_init(|| found)
            }
        };
        let is_covered = matches!(bound.sum().quantity, RowQuantity::PatrolledMetres);
        let metres = coverage.alleys.iter().map(|alley| {
            let metres = if is_covered { alley.covered_m } else { alley.duty_m };
            (alley.row, (metres * 100.0).round() as i64)
        });
        Ok(Some(metres.collect()))
    }
}

/// The rows at whose own unit the lists of another collection have every one of some words.
fn having(
    held: &CollectionSnapshot,
    bound: &BoundSum<'_>,
    (lists, field, wanted): (&RecordSum, &str, &[String]),
    asked: &SumsAsked<'_>,
) -> Option<FxHashSet<FeatureId>> {
    let other = CollectionId::try_from(lists.collection.as_str()).ok()?;
    let other: &Arc<CollectionSnapshot> = asked.beside.collections.get(&other)?;
    let find = |name| ReadableField::find(other.collection(), name, asked.profile).ok();
    let list = find(field)?.position();
    let of = BoundSum::new(lists, other.collection())?;
    lists.fields().all(|name| find(name).is_some()).then_some(())?;
    let mut words: FxHashMap<String, FxHashSet<usize>> = FxHashMap::default();
    other.each(&mut |shard, slots| {
        for slot in slots {
            let row = shard.feature(usize::from(*slot));
            let value = |at: usize| row.value(at);
            let ValueRef::Text(text) = row.value(list) else { continue };
            if !of.holds(&value, asked.moment, None) {
                continue;
            }
            let found = words_of(text).filter_map(|word| wanted.iter().position(|one| one == word));
            let found: Vec<usize> = found.collect();
            for unit in of.said_units(&value) {
                words.entry(unit.to_owned()).or_default().extend(&found);
            }
        }
    });
    let mut rows = FxHashSet::default();
    held.each(&mut |shard, slots| {
        for slot in slots {
            let row = shard.feature(usize::from(*slot));
            let unit = bound.said_unit(&|at| row.value(at));
            let found = unit.and_then(|unit| words.get(unit));
            if found.is_some_and(|found| found.len() == wanted.len()) {
                rows.insert(row.id());
            }
        }
    });
    Some(rows)
}
