//! Sums over records beside the points (诉求、吹哨、网点、腾退土地 …), read straight from the rows of
//! one state for every unit.
//!
//! *Invariant:* a sum whose collection or fields are not there, or may not be read, is not given; one
//! of no row is 0. Areas of units add up to the area that all rows cover.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use ledger::indicator::{BoundSum, OutsideSums, RecordSum, RowQuantity};
use spatial::{Budget, CollectionId, CollectionSnapshot, FeatureRef, Snapshot, ValueRef};

use super::sums_asked::{COSTS, SumsAsked};
use super::told_rows::ToldRows;
use crate::query::{AreaCrs, AreaMeasure, union_area};
use crate::{Engine, EngineError, ReadableField};

impl Engine {
    /// What records of `state` come to. Heavy work: it is for the pool.
    ///
    /// # Errors
    /// When a row has a number that is too large to be counted, or areas cost more than they may.
    pub fn record_sums(
        &self,
        state: &Snapshot,
        asked: &SumsAsked<'_>,
    ) -> Result<OutsideSums, EngineError> {
        let deadline = Instant::now() + self.settings().query_time;
        let expired = || Instant::now() > deadline;
        let budget = Budget::new(COSTS, &expired);
        let (mut sums, patrols) = (OutsideSums::new(), OnceCell::new());
        for (held, bound) in bound(state, asked.sums) {
            let sum = bound.sum();
            let is_readable =
                |name: &str| ReadableField::find(held.collection(), name, asked.profile).is_ok();
            if !sum.is_of(asked.task) || !sum.fields().all(is_readable) {
                continue;
            }
            let Some(told) = self.told_rows(held, &bound, asked, &patrols)? else { continue };
            let rows = Rows { held, bound: &bound, told: &told };
            let of_units = match sum.quantity {
                RowQuantity::UnionArea => self.areas(rows, (asked, &budget))?,
                _ => amounts(rows, asked)?,
            };
            let of_units = of_units.into_iter().map(|(unit, sum)| match i64::try_from(sum) {
                Ok(sum) => Ok((unit.to_owned(), sum)),
                Err(_large) => {
                    let what = format!("{}: more than can be counted", bound.sum().name);
                    Err(EngineError::Unmeasurable { what })
                }
            });
            sums.insert(sum.name.clone(), of_units.collect::<Result<_, _>>()?);
        }
        Ok(sums)
    }

    /// The ground that rows cover, hundredths of m²: what the rows of two units cover counts at the
    /// first of them.
    fn areas<'r>(
        &self,
        rows: Rows<'r, '_>,
        (asked, budget): (&SumsAsked<'_>, &Budget<'_>),
    ) -> Result<BTreeMap<&'r str, i128>, EngineError> {
        let collection = rows.held.collection();
        let crs = AreaCrs::of(collection, self.registry());
        let measure = AreaMeasure::new(&crs, collection, self.registry())?;
        let hundredths = |features: &[FeatureRef<'r>]| -> Result<i128, EngineError> {
            Ok((union_area(features, &measure, budget)? * 100.0).round() as i128)
        };
        let mut of_units: BTreeMap<&'r str, Vec<FeatureRef<'r>>> = BTreeMap::new();
        rows.each(asked, &mut |row, unit| {
            if !row.envelope().is_empty() {
                of_units.entry(unit).or_default().push(row);
            }
            Ok(())
        })?;
        let mut before: Vec<FeatureRef<'r>> = Vec::new();
        let mut areas = BTreeMap::new();
        for (unit, mut rows) in of_units {
            let met = before.iter().filter(|earlier| {
                rows.iter().any(|row| row.envelope().intersects(&earlier.envelope()))
            });
            let met: Vec<FeatureRef<'r>> = met.copied().collect();
            let counted = if met.is_empty() { 0 } else { hundredths(&met)? };
            before.extend(&rows);
            rows.extend(met);
            areas.insert(unit, hundredths(&rows)? - counted);
        }
        Ok(areas)
    }
}

/// The units that rows of the sums name, the finest of each row.
pub fn record_units(state: &Snapshot, sums: &[RecordSum]) -> BTreeSet<String> {
    let mut units = BTreeSet::new();
    for (held, bound) in bound(state, sums) {
        held.each(&mut |shard, slots| {
            for slot in slots {
                let row = shard.feature(usize::from(*slot));
                if let Some(unit) = bound.said_unit(&|at| row.value(at))
                    && !units.contains(unit)
                {
                    units.insert(unit.to_owned());
                }
            }
        });
    }
    units
}

/// The sums that the collections of a state can give.
fn bound<'a>(
    state: &'a Snapshot,
    sums: &'a [RecordSum],
) -> impl Iterator<Item = (&'a CollectionSnapshot, BoundSum<'a>)> {
    sums.iter().filter_map(|sum| {
        let id = CollectionId::try_from(sum.collection.as_str()).ok()?;
        let held = &**state.collections.get(&id)?;
        Some((held, BoundSum::new(sum, held.collection())?))
    })
}

/// Numbers of rows, in hundredths.
fn amounts<'r>(
    rows: Rows<'r, '_>,
    asked: &SumsAsked<'_>,
) -> Result<BTreeMap<&'r str, i128>, EngineError> {
    let Rows { held, bound, told } = rows;
    let mut amounts: BTreeMap<&'r str, i128> = BTreeMap::new();
    rows.each(asked, &mut |row, unit| {
        if let Some(worth) = &told.worth {
            *amounts.entry(unit).or_insert(0) +=
                i128::from(worth.get(&row.id()).copied().unwrap_or(0));
            return Ok(());
        }
        let amount = bound.amount(&|at| row.value(at)).map_err(|number| {
            let (id, collection) = (row.id(), &held.collection().id);
            EngineError::Unmeasurable {
                what: format!(
                    "{collection}/{id}: {number} is too large to be counted in {}; put the \
                     number right",
                    bound.sum().name
                ),
            }
        })?;
        *amounts.entry(unit).or_insert(0) += i128::from(amount);
        Ok(())
    })?;
    Ok(amounts)
}

/// A row that counts, and the unit at which it does; no unit is an empty code.
type Visit<'v, 'r> = &'v mut dyn FnMut(FeatureRef<'r>, &'r str) -> Result<(), EngineError>;

/// The rows of a sum, with what is told of them.
#[derive(Clone, Copy)]
struct Rows<'r, 'b> {
    held: &'r CollectionSnapshot,
    bound: &'b BoundSum<'b>,
    told: &'b ToldRows,
}

impl<'r> Rows<'r, '_> {
    /// Visits those that count.
    fn each(self, asked: &SumsAsked<'_>, visit: Visit<'_, 'r>) -> Result<(), EngineError> {
        let mut outcome = Ok(());
        self.held.each(&mut |shard, slots| {
            for slot in slots {
                let row: FeatureRef<'r> = shard.feature(usize::from(*slot));
                let value = |at: usize| -> ValueRef<'r> { row.value(at) };
                if outcome.is_ok()
                    && self.told.counts(row.id())
                    && self.bound.holds(&value, asked.moment, asked.task)
                {
                    let unit = self.bound.unit(&value, asked.units).unwrap_or_default();
                    outcome = visit(row, unit);
                }
            }
        });
        outcome
    }
}
