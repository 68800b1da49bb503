//! An area of jurisdiction: units of administration and focus areas by their codes, as they are on one
//! day, and what lies within them.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use geo::InteriorPoint;
use geo_types::Geometry as Shape;
use ledger::place::{ADMIN_UNITS, Day, FOCUS_AREAS, UnitReader, ValidityReader};
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use spatial::{
    Budget, CollectionSnapshot, Costs, Crs, CrsRegistry, FeatureId, FeatureRef, Projector,
    Snapshot, ValueRef,
};

use super::index::PlaceIndex;
use super::position::collection;
use super::subject::{Ways, position_of};
use crate::Engine;
use crate::shown::is_lon_lat;

/// Units and areas that are given to somebody, made out against one state on one day.
#[derive(Debug)]
pub(crate) struct Jurisdiction {
    /// Codes of the units and areas, and of the units beneath them.
    codes: FxHashSet<String>,
    /// Codes of the units above them.
    above: FxHashSet<String>,
    /// Whether nothing lies beyond it.
    is_everything: bool,
    /// Whether all that is given are focus areas.
    is_focus_alone: bool,
    index: Option<Arc<PlaceIndex>>,
    /// Whether the place with a number of the index is in it.
    inside: Vec<bool>,
    focus: Option<Focus>,
    mark: u64,
}

impl Jurisdiction {
    /// What `areas` name in `state` on `day`: units with all beneath them, and focus areas. What is not
    /// there that day holds nothing.
    pub(crate) fn of(engine: &Engine, state: &Snapshot, areas: &[String], day: Day) -> Self {
        let given: BTreeSet<&str> = areas.iter().map(String::as_str).collect();
        let mut codes: FxHashSet<String> = areas.iter().cloned().collect();
        let mut mark = FxHasher::default();
        let (mut above, mut is_everything) = (FxHashSet::default(), false);
        if let Some(held) = collection(state, ADMIN_UNITS)
            && let Some(reader) = UnitReader::of(held.collection())
        {
            let mut units = FxHashSet::default();
            let mut children: FxHashMap<String, Vec<String>> = FxHashMap::default();
            let mut parents: FxHashMap<String, String> = FxHashMap::default();
            let mut rows = BTreeSet::new();
            held.each(&mut |shard, slots| {
                for slot in slots {
                    let unit = reader.row(shard.feature(usize::from(*slot))).read().0;
                    let Some(unit) = unit.filter(|unit| unit.validity.holds(day)) else { continue };
                    rows.insert(unit.row);
                    if let Some(parent) = unit.parent {
                        parents.insert(unit.code.clone(), parent.clone());
                        children.entry(parent).or_default().push(unit.code.clone());
                    }
                    units.insert(unit.code);
                }
            });
            // Each code is opened once, whatever circles there are.
            let mut open: Vec<String> = areas.to_vec();
            while let Some(code) = open.pop() {
                for child in children.remove(&code).unwrap_or_default() {
                    if codes.insert(child.clone()) {
                        open.push(child);
                    }
                }
            }
            for code in &given {
                let mut at = *code;
                while let Some(parent) = parents.get(at).filter(|one| !above.contains(*one)) {
                    above.insert(parent.clone());
                    at = parent;
                }
            }
            is_everything = !units.is_empty() && units.is_subset(&codes);
            (held.revision(), rows).hash(&mut mark);
        }
        let index = engine.0.places.index(state, day);
        let places = index.as_ref().and_then(|index| index.layers()[0]);
        let inside = places.map_or(Vec::new(), |layer| {
            layer.places.iter().map(|place| codes.contains(&place.code)).collect()
        });
        let (focus, known) = focus(state, &given, day, &mut mark);
        let is_focus_alone = !given.is_empty() && given.iter().all(|code| known.contains(*code));
        (is_everything, given).hash(&mut mark);
        let mark = mark.finish();
        Self { codes, above, is_everything, is_focus_alone, index, inside, focus, mark }
    }

    /// The focus areas alone that `areas` name in `state` on `day`.
    pub(crate) fn of_focus_areas(state: &Snapshot, areas: &[String], day: Day) -> Self {
        let given: BTreeSet<&str> = areas.iter().map(String::as_str).collect();
        let mut mark = FxHasher::default();
        let (focus, _) = focus(state, &given, day, &mut mark);
        given.hash(&mut mark);
        let codes = areas.iter().cloned().collect();
        let (is_everything, is_focus_alone) = (false, true);
        let (index, inside, mark) = (None, Vec::new(), mark.finish());
        let above = FxHashSet::default();
        Self { codes, above, is_everything, is_focus_alone, index, inside, focus, mark }
    }

    /// Whether nothing lies beyond it: it names every unit that there is.
    pub(crate) fn is_everything(&self) -> bool {
        self.is_everything
    }

    /// Whether a unit or area with this code is in it.
    pub(crate) fn names(&self, code: &str) -> bool {
        self.codes.contains(code.trim())
    }

    /// Whether a unit with this code is in it or above it.
    pub(crate) fn knows(&self, code: &str) -> bool {
        self.names(code) || self.above.contains(code.trim())
    }

    /// Whether a unit with this code may be made to answer for what lies in it: one of its units, and
    /// any for focus areas, which have none.
    pub(crate) fn answers(&self, unit: &str) -> bool {
        self.names(unit) || self.is_focus_alone
    }

    /// Another number means that something else may lie in it.
    pub(crate) fn mark(&self) -> u64 {
        self.mark
    }

    /// What finds features in `crs`.
    pub(crate) fn finder<'a>(&'a self, registry: &'a CrsRegistry, crs: &'a Crs) -> Finder<'a> {
        let ways = self.index.as_ref();
        let ways = ways.and_then(|index| Ways::new(registry, crs, index).ok().map(|w| (index, w)));
        let focus = self.focus.as_ref().and_then(|(held, ids)| {
            let to = &held.collection().crs;
            let to = if is_lon_lat(crs) && is_lon_lat(to) { crs } else { to };
            Some((held, ids, registry.projector(crs, to).ok()?))
        });
        Finder { inside: &self.inside, ways: ways.map(|(index, ways)| (&**index, ways)), focus }
    }
}

/// A row of the focus areas.
#[derive(Debug)]
pub(crate) struct FocusArea {
    id: FeatureId,
    /// What is called by it.
    pub code: String,
    /// Its name, or its code where it has none.
    pub name: String,
}

/// The focus areas of a state that are valid on `day`, by code.
pub(crate) fn focus_areas(state: &Snapshot, day: Day) -> Vec<FocusArea> {
    let mut found = Vec::new();
    let Some(held) = collection(state, FOCUS_AREAS) else { return found };
    let Some(code) = held.collection().field_position("code") else { return found };
    let name = held.collection().field_position("name");
    let reader = ValidityReader::of(held.collection());
    held.each(&mut |shard, slots| {
        for slot in slots {
            let area = shard.feature(usize::from(*slot));
            let text = |at: usize| match area.value(at) {
                ValueRef::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
                _ => None,
            };
            let Some(code) = text(code) else { continue };
            if reader.validity(area).is_some_and(|span| span.holds(day)) {
                let name = name.and_then(text).unwrap_or(code).to_owned();
                found.push(FocusArea { id: area.id(), code: code.to_owned(), name });
            }
        }
    });
    found.sort_unstable_by(|one, other| (&one.code, one.id).cmp(&(&other.code, other.id)));
    found
}

/// Focus areas, and which of them.
type Focus = (Arc<CollectionSnapshot>, FxHashSet<FeatureId>);

/// Those with these codes that are valid on `day`, none where there are none; and their codes.
fn focus(
    state: &Snapshot,
    codes: &BTreeSet<&str>,
    day: Day,
    mark: &mut FxHasher,
) -> (Option<Focus>, BTreeSet<String>) {
    let collection = state.collections.iter().find(|(id, _)| id.as_str() == FOCUS_AREAS);
    let Some((_, held)) = collection else { return (None, BTreeSet::new()) };
    let given = focus_areas(state, day).into_iter();
    let (ids, known): (BTreeSet<FeatureId>, BTreeSet<String>) = given
        .filter(|area| codes.contains(area.code.as_str()))
        .map(|area| (area.id, area.code))
        .unzip();
    (held.revision(), &ids).hash(mark);
    ((!ids.is_empty()).then(|| (Arc::clone(held), ids.into_iter().collect())), known)
}

/// Finds what of one collection lies in a jurisdiction.
pub(crate) struct Finder<'a> {
    inside: &'a [bool],
    ways: Option<(&'a PlaceIndex, Ways<'a>)>,
    focus: Option<(&'a Arc<CollectionSnapshot>, &'a FxHashSet<FeatureId>, Projector)>,
}

impl Finder<'_> {
    /// Whether the feature lies there: in a unit as assignment finds it, in a focus area by a point
    /// inside of it. None for a feature without a place; what cannot be decided does not lie there.
    pub(crate) fn holds(&self, feature: FeatureRef<'_>) -> Option<bool> {
        let envelope = feature.envelope();
        if envelope.is_empty() {
            return None;
        }
        if let Some((index, ways)) = &self.ways {
            let found = ways
                .find_whole(index, &envelope)
                .or_else(|| ways.find(index, &feature.geometry()?).ok());
            let is_inside = |number: &u32| self.inside.get(*number as usize) == Some(&true);
            if found.is_some_and(|[units, _]| units.iter().flatten().any(is_inside)) {
                return Some(true);
            }
        }
        Some(self.is_in_focus(feature))
    }

    /// Whether a point inside of the feature lies in one of the focus areas.
    pub(crate) fn is_in_focus(&self, feature: FeatureRef<'_>) -> bool {
        let Some((held, ids, projector)) = &self.focus else { return false };
        let position = feature.geometry().and_then(|geometry| match &geometry.shape {
            shape @ (Shape::Polygon(_) | Shape::MultiPolygon(_)) => {
                shape.interior_point().map(|point| [point.x(), point.y()])
            }
            shape => position_of(shape),
        });
        let Some(position) = position.and_then(|at| projector.project(at).ok()) else {
            return false;
        };
        let (mut is_inside, budget) = (false, Budget::new(Costs::default(), &|| false));
        let asked =
            held.locate(position, &budget, &mut |area| is_inside |= ids.contains(&area.id()));
        asked.is_ok() && is_inside
    }
}
