//! The units at a position on a day, from any state of the store.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use geo_types::{Geometry as Shape, Point};
use ledger::place::{ADMIN_UNITS, AdminUnit, Day, GRID_CELLS, Level, UnitReader, ValidityReader};
use rustc_hash::FxHashMap;
use spatial::query::{Area, Nearest};
use spatial::{
    Budget, CollectionId, CollectionSnapshot, Costs, Crs, CrsRegistry, FeatureId, FeatureRef,
    Snapshot, ValueRef,
};

use crate::EngineError;
use crate::query::{fault, metric};
use crate::shown::is_lon_lat;

/// Where a position lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtPosition {
    /// Units from the coarsest level on, one a level at most.
    pub units: Vec<UnitHere>,
    /// Code of the grid cell.
    pub grid: Option<String>,
}

/// One unit that a position belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitHere {
    /// The unit.
    pub unit: Arc<AdminUnit>,
    /// Whether its polygon holds the position; else a finer unit names it as its parent.
    pub by_polygon: bool,
}

impl AtPosition {
    /// The unit of a level.
    pub fn unit(&self, level: Level) -> Option<&AdminUnit> {
        self.units.iter().map(|here| &*here.unit).find(|unit| unit.level == level)
    }
}

/// Units as they were read, of one state and day: many positions have few.
#[derive(Debug, Default)]
pub struct UnitsRead(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// By the ids of their rows; none of rows that are no units that day.
    rows: FxHashMap<FeatureId, Option<Arc<AdminUnit>>>,
    /// Those that others name as their parents.
    named: FxHashMap<(String, Level), Option<Arc<AdminUnit>>>,
}

impl UnitsRead {
    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The unit that a row is on the day.
    fn row(&self, row: FeatureRef<'_>, reader: &UnitReader, day: Day) -> Option<Arc<AdminUnit>> {
        if let Some(unit) = self.known().rows.get(&row.id()) {
            return unit.clone();
        }
        let unit = reader.row(row).read().0.filter(|unit| unit.validity.holds(day)).map(Arc::new);
        self.known().rows.insert(row.id(), unit.clone());
        unit
    }

    /// The unit of a code and level; `find` looks for it where it is not known yet.
    fn named(
        &self,
        (code, level): (&str, Level),
        find: impl FnOnce() -> Option<AdminUnit>,
    ) -> Option<Arc<AdminUnit>> {
        let key = (code.to_owned(), level);
        if let Some(unit) = self.known().named.get(&key) {
            return unit.clone();
        }
        let unit = find().map(Arc::new);
        self.known().named.insert(key, unit.clone());
        unit
    }
}

/// The units and the grid cell that are valid on `day` at `position`, east first in `crs`, as
/// `state` knows them: of a level the smallest code whose polygon holds it, borders included. Where
/// no polygon of a level does, the parent that the next finer unit names stands for it; `read` are
/// units of this state and day. Not for the async runtime: some polygons are walked.
pub fn at_position(
    state: &Snapshot,
    registry: &CrsRegistry,
    (position, crs): ([f64; 2], &Crs),
    (day, read): (Day, &UnitsRead),
) -> Result<AtPosition, EngineError> {
    let mut found = AtPosition::default();
    if let Some(held) = collection(state, ADMIN_UNITS) {
        found.units = units_at(held, registry, (position, crs), (day, read))?;
    }
    if let Some(held) = collection(state, GRID_CELLS) {
        let mut codes = Vec::new();
        valid_at(held, registry, (position, crs), day, &mut |feature| {
            let code = held.collection().field_position("code");
            if let Some(ValueRef::Text(code)) = code.map(|at| feature.value(at)) {
                codes.push(code.trim().to_owned());
            }
        })?;
        found.grid = codes.into_iter().filter(|code| !code.is_empty()).min();
    }
    Ok(found)
}

/// Whether a code is that of a unit of administration on `day`; of any where the store knows none that day.
pub fn is_unit(state: &Snapshot, day: Day, code: &str) -> bool {
    let Some(held) = collection(state, ADMIN_UNITS) else { return true };
    let (has_units, own) = unit_on(held, day, code);
    own.is_some() || !has_units
}

/// Whether there are units on `day`, and the last row of the one of a code.
fn unit_on<'a>(
    held: &'a CollectionSnapshot,
    day: Day,
    code: &str,
) -> (bool, Option<FeatureRef<'a>>) {
    let (mut has_units, mut own) = (false, None);
    let Some(reader) = UnitReader::of(held.collection()) else { return (has_units, own) };
    held.each(&mut |shard, slots| {
        for slot in slots {
            let feature = shard.feature(usize::from(*slot));
            let unit = reader.row(feature).read().0.filter(|unit| unit.validity.holds(day));
            has_units |= unit.is_some();
            if unit.is_some_and(|unit| unit.code == code) {
                own = Some(feature);
            }
        }
    });
    (has_units, own)
}

/// How a position lies to the unit that it is said to lie in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// In it, near by, or nobody can tell.
    Fits,
    /// No unit has this code that day, though there are some.
    NoUnit,
    /// In another town.
    Elsewhere,
    /// In no town.
    Nowhere,
}

/// Whether a position lies in the unit of a code on `day`, or no farther from it than so many metres. A
/// unit without an outline holds what its parts do, and where it has none of these, everything.
///
/// # Errors
/// When the position cannot be measured to outlines.
pub fn within_unit(
    state: &Snapshot,
    registry: &CrsRegistry,
    (position, crs): ([f64; 2], &Crs),
    day: Day,
    (code, metres): (&str, f64),
) -> Result<Within, EngineError> {
    let Some(held) = collection(state, ADMIN_UNITS) else { return Ok(Within::Fits) };
    let (has_units, own) = unit_on(held, day, code);
    let own = match own {
        None if has_units => return Ok(Within::NoUnit),
        None => return Ok(Within::Fits),
        Some(own) => own,
    };
    let found = at_position(state, registry, (position, crs), (day, &UnitsRead::default()))?;
    if own.envelope().is_empty() || found.units.iter().any(|here| here.unit.code == code) {
        return Ok(Within::Fits);
    }
    let storage = &held.collection().crs;
    let Some([x, y]) = projected(position, crs, storage, registry)? else {
        return Ok(Within::Nowhere);
    };
    let (metric, units) = metric(storage, registry)?;
    let here = Area::new(&Shape::Point(Point::new(x, y)).into(), 1)
        .map_err(|fault| EngineError::UnusableGeometry { reason: fault.to_string(), at: None })?;
    let is_own = |feature: FeatureRef<'_>| feature.id() == own.id();
    let within = metres * units;
    let asked = Nearest { to: &here, count: 1, metric, within, filter: Some(&is_own) };
    let budget = Budget::new(Costs::default(), &|| false);
    let near = held.nearest(&asked, &budget).map_err(fault)?;
    Ok(match (near.is_empty(), found.unit(Level::Town)) {
        (false, _) => Within::Fits,
        (true, Some(_)) => Within::Elsewhere,
        (true, None) => Within::Nowhere,
    })
}

/// The collection called `name`.
pub(super) fn collection<'a>(state: &'a Snapshot, name: &str) -> Option<&'a CollectionSnapshot> {
    let id = CollectionId::try_from(name).ok()?;
    state.collections.get(&id).map(|held| &**held)
}

/// Visits the features of `held` that cover a position and are valid on `day`.
pub(super) fn valid_at<'a>(
    held: &'a CollectionSnapshot,
    registry: &CrsRegistry,
    (position, crs): ([f64; 2], &Crs),
    day: Day,
    visit: &mut dyn FnMut(FeatureRef<'a>),
) -> Result<(), EngineError> {
    let Some(position) = projected(position, crs, &held.collection().crs, registry)? else {
        return Ok(());
    };
    let reader = ValidityReader::of(held.collection());
    let budget = Budget::new(Costs::default(), &|| false);
    held.locate(position, &budget, &mut |feature| {
        if reader.validity(feature).is_some_and(|validity| validity.holds(day)) {
            visit(feature);
        }
    })
    .map_err(fault)
}

/// A position in another CRS; `None` where it has no coordinates there.
pub(super) fn projected(
    position: [f64; 2],
    from: &Crs,
    to: &Crs,
    registry: &CrsRegistry,
) -> Result<Option<[f64; 2]>, EngineError> {
    if from == to || is_lon_lat(from) && is_lon_lat(to) {
        return Ok(Some(position));
    }
    let projector = registry
        .projector(from, to)
        .map_err(|error| EngineError::Unmeasurable { what: error.to_string() })?;
    Ok(projector.project(position).ok())
}

/// The units at a position, from the coarsest level on, one a level at most.
pub(super) fn units_at(
    held: &CollectionSnapshot,
    registry: &CrsRegistry,
    (position, crs): ([f64; 2], &Crs),
    (day, read): (Day, &UnitsRead),
) -> Result<Vec<UnitHere>, EngineError> {
    let Some(reader) = UnitReader::of(held.collection()) else { return Ok(Vec::new()) };
    let Some(position) = projected(position, crs, &held.collection().crs, registry)? else {
        return Ok(Vec::new());
    };
    let mut found: Vec<UnitHere> = Vec::with_capacity(Level::ALL.len());
    let budget = Budget::new(Costs::default(), &|| false);
    held.locate(position, &budget, &mut |feature| {
        let Some(unit) = read.row(feature, &reader, day) else { return };
        let is_before = |held: &UnitHere| (&unit.code, unit.row) < (&held.unit.code, held.unit.row);
        match found.iter_mut().find(|held| held.unit.level == unit.level) {
            Some(held) if is_before(held) => held.unit = unit,
            Some(_) => {}
            None => found.push(UnitHere { unit, by_polygon: true }),
        }
    })
    .map_err(fault)?;
    let mut level = found.iter().map(|here| here.unit.level).max();
    while let Some(above) = level.and_then(Level::above) {
        let of = |level: Level| found.iter().find(|here| here.unit.level == level);
        if of(above).is_none()
            && let Some(parent) = level.and_then(of).and_then(|here| here.unit.parent.as_deref())
            && let Some(unit) =
                read.named((parent, above), || named(held, &reader, (parent, above), day))
        {
            found.push(UnitHere { unit, by_polygon: false });
        }
        level = Some(above);
    }
    found.sort_unstable_by_key(|here| here.unit.level);
    Ok(found)
}

/// The unit of a code and level on a day.
fn named(
    held: &CollectionSnapshot,
    reader: &UnitReader,
    (code, level): (&str, Level),
    day: Day,
) -> Option<AdminUnit> {
    let at = held.collection().field_position("code")?;
    let mut found = None;
    held.with_text(at, code, &mut |shard, slots| {
        let rows = slots.iter().map(|slot| reader.row(shard.feature(usize::from(*slot))).read().0);
        let is_asked = |unit: &AdminUnit| unit.level == level && unit.validity.holds(day);
        found = found.take().or_else(|| rows.flatten().find(is_asked));
    });
    found
}
