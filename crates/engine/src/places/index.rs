//! The units and cells of one day, with their polygons prepared.
//!
//! Made anew when `admin_units`, `grid_cells` or the day change. A polygon is prepared when it is
//! first asked about, and taken over from the index before where its place has not changed.

use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ledger::place::{ADMIN_UNITS, Day, GRID_CELLS, Level, UnitReader, ValidityReader};
use rustc_hash::FxHashMap;
use spatial::packed_tree::PackedTree;
use spatial::query::Area;
use spatial::validity::MAX_VERTICES;
use spatial::{
    CollectionId, CollectionSnapshot, Envelope, FeatureId, FieldType, Revision, Snapshot, ValueRef,
};

/// What a field is assigned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rung {
    /// A unit of this level.
    Unit(Level),
    /// A grid cell.
    Cell,
}

/// How many levels there are.
pub(super) const LEVELS: usize = Level::ALL.len();
/// The place found of each level; grid cells have the first.
pub(super) type FoundByLevel = [Option<u32>; LEVELS];

/// The index that was made last.
#[derive(Debug, Default)]
pub(crate) struct KeptIndex(Mutex<Option<Arc<PlaceIndex>>>);

/// Units and cells that are valid on one day.
#[derive(Debug)]
pub(super) struct PlaceIndex {
    day: Day,
    units: Option<Layer>,
    cells: Option<Layer>,
}

/// One of the two collections.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) held: Arc<CollectionSnapshot>,
    revision: Revision,
    pub(super) places: Vec<Place>,
    envelopes: Vec<Envelope>,
    tree: PackedTree<Envelope>,
    numbers: FxHashMap<FeatureId, u32>,
    /// Levels that have a polygon.
    present: [bool; LEVELS],
}

/// A unit or cell.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) code: String,
    pub(super) level: usize,
    /// Code of the unit above it, empty where none is named.
    parent: String,
    pub(super) id: FeatureId,
    prepared: Arc<OnceLock<Option<Area>>>,
}

impl KeptIndex {
    /// The index of `snapshot` on `day`; `None` where no unit or cell has a polygon.
    pub(super) fn index(&self, snapshot: &Snapshot, day: Day) -> Option<Arc<PlaceIndex>> {
        let [units, cells] = [ADMIN_UNITS, GRID_CELLS].map(|name| held(snapshot, name));
        if units.is_none() && cells.is_none() {
            return None;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let old = kept
            .as_ref()
            .filter(|old| old.day == day && is_of(&old.units, units) && is_of(&old.cells, cells));
        let index = match old {
            Some(old) => Arc::clone(old),
            None => {
                let old = kept.take();
                let old = |pick: fn(&PlaceIndex) -> &Option<Layer>| {
                    old.as_ref().and_then(|old| pick(old).as_ref())
                };
                let units = units.map(|held| Layer::of_units(held, day, old(|o| &o.units)));
                let cells = cells.map(|held| Layer::of_cells(held, day, old(|o| &o.cells)));
                Arc::new(PlaceIndex { day, units, cells })
            }
        };
        *kept = Some(Arc::clone(&index));
        index.has_any().then_some(index)
    }
}

/// The collection called `name`, if it has codes to assign.
fn held<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a Arc<CollectionSnapshot>> {
    let id = CollectionId::try_from(name).ok()?;
    let held = snapshot.collections.get(&id)?;
    let collection = held.collection();
    let code = collection.field_position("code")?;
    let has_level = name != ADMIN_UNITS || UnitReader::of(collection).is_some();
    (collection.fields[code].field_type == FieldType::Text && has_level).then_some(held)
}

fn is_of(layer: &Option<Layer>, held: Option<&Arc<CollectionSnapshot>>) -> bool {
    match (layer, held) {
        (Some(layer), Some(held)) => Arc::ptr_eq(&layer.held, held),
        (None, None) => true,
        _ => false,
    }
}

impl PlaceIndex {
    fn has_any(&self) -> bool {
        [&self.units, &self.cells].into_iter().flatten().any(|layer| layer.present.contains(&true))
    }

    /// Whether anything has a polygon that the rung could be assigned to.
    pub(super) fn has(&self, rung: Rung) -> bool {
        self.layer(rung).is_some_and(|layer| layer.present[level_of(rung)])
    }

    /// Both layers.
    pub(super) fn layers(&self) -> [Option<&Layer>; 2] {
        [self.units.as_ref(), self.cells.as_ref()]
    }

    /// The code that `found` says for the rung.
    pub(super) fn code(&self, rung: Rung, found: &[FoundByLevel; 2]) -> Option<&str> {
        let layer = self.layer(rung)?;
        let [units, cells] = found;
        let found = if rung == Rung::Cell { cells } else { units };
        Some(&layer.places[found[level_of(rung)]? as usize].code)
    }

    /// Whether a unit or cell of the rung has this code.
    pub(super) fn knows(&self, rung: Rung, code: &str) -> bool {
        self.place(rung, code).is_some()
    }

    /// The units above the place of the rung with this code, as their rows name each other, the next one
    /// first.
    pub(super) fn above(&self, rung: Rung, code: &str) -> Vec<(Level, &str)> {
        let mut above = Vec::new();
        let mut place = self.place(rung, code);
        let mut level = match rung {
            Rung::Unit(level) => level.above(),
            Rung::Cell => Some(Level::Village),
        };
        while let (Some(from), Some(next)) = (place.filter(|one| !one.parent.is_empty()), level) {
            above.push((next, from.parent.as_str()));
            place = self.place(Rung::Unit(next), &from.parent);
            level = next.above();
        }
        above
    }

    fn place(&self, rung: Rung, code: &str) -> Option<&Place> {
        let level = level_of(rung);
        let mut places = self.layer(rung).into_iter().flat_map(|layer| &layer.places);
        places.find(|place| place.level == level && place.code == code)
    }

    fn layer(&self, rung: Rung) -> Option<&Layer> {
        match rung {
            Rung::Unit(_) => self.units.as_ref(),
            Rung::Cell => self.cells.as_ref(),
        }
    }
}

fn level_of(rung: Rung) -> usize {
    match rung {
        Rung::Unit(level) => level as usize,
        Rung::Cell => 0,
    }
}

/// The code of a place, its level, and the code of the unit above it.
type Coded = (String, usize, String);

impl Layer {
    fn of_units(held: &Arc<CollectionSnapshot>, day: Day, old: Option<&Self>) -> Self {
        let reader = UnitReader::of(held.collection());
        Self::of(held, old, &|feature| {
            let (unit, _defects) = reader.as_ref()?.row(feature).read();
            let unit = unit.filter(|unit| unit.validity.holds(day))?;
            Some((unit.code, unit.level as usize, unit.parent.unwrap_or_default()))
        })
    }

    fn of_cells(held: &Arc<CollectionSnapshot>, day: Day, old: Option<&Self>) -> Self {
        let validity = ValidityReader::of(held.collection());
        let [code, village] =
            ["code", "village"].map(|name| held.collection().field_position(name));
        Self::of(held, old, &|feature| {
            let text = |at: usize| match feature.value(at) {
                ValueRef::Text(text) => Some(text.trim().to_owned()),
                _ => None,
            };
            let code = text(code?).filter(|code| !code.is_empty())?;
            let is_valid = validity.validity(feature).is_some_and(|span| span.holds(day));
            is_valid.then(|| (code, 0, village.and_then(text).unwrap_or_default()))
        })
    }

    fn of(
        held: &Arc<CollectionSnapshot>,
        old: Option<&Self>,
        read: &dyn Fn(spatial::FeatureRef<'_>) -> Option<Coded>,
    ) -> Self {
        let old = old.filter(|old| old.held.collection().crs == held.collection().crs);
        let (mut places, mut envelopes) = (Vec::new(), Vec::new());
        let mut numbers = FxHashMap::default();
        let mut present = [false; LEVELS];
        held.each(&mut |shard, slots| {
            for slot in slots {
                let feature = shard.feature(usize::from(*slot));
                let Some((code, level, parent)) = read(feature) else { continue };
                let envelope = feature.envelope();
                present[level] |= !envelope.is_empty();
                let known =
                    old.filter(|old| held.revision_of(&feature.world_box()) <= old.revision);
                let known = known.and_then(|old| {
                    Some(Arc::clone(
                        &old.places[*old.numbers.get(&feature.id())? as usize].prepared,
                    ))
                });
                numbers.insert(feature.id(), places.len() as u32);
                places.push(Place {
                    code,
                    level,
                    parent,
                    id: feature.id(),
                    prepared: known.unwrap_or_default(),
                });
                envelopes.push(envelope);
            }
        });
        let tree = PackedTree::build(&envelopes);
        let (held, revision) = (Arc::clone(held), held.revision());
        Self { held, revision, places, envelopes, tree, numbers, present }
    }

    /// The polygon of the place with this number; none when it has none that can be asked about.
    pub(super) fn area(&self, number: u32) -> Option<&Area> {
        let place = &self.places[number as usize];
        let prepare = || {
            let geometry = self.held.get(place.id)?.geometry()?;
            match Area::new(&geometry, MAX_VERTICES) {
                Ok(area) => area.is_areal().then_some(area),
                Err(fault) => {
                    let collection = &self.held.collection().id;
                    tracing::warn!(%collection, feature = %place.id, %fault, "a place has no area");
                    None
                }
            }
        };
        place.prepared.get_or_init(prepare).as_ref()
    }

    /// Visits the numbers of places whose envelope meets `envelope`.
    pub(super) fn near(&self, envelope: &Envelope, visit: &mut dyn FnMut(u32)) {
        self.tree.search(&self.envelopes, envelope, &mut |numbers: Range<usize>| {
            numbers.for_each(|number| visit(number as u32));
        });
    }

    /// The number of the place that is this feature.
    pub(super) fn number(&self, id: FeatureId) -> Option<u32> {
        self.numbers.get(&id).copied()
    }
}
