//! Whether a point may lie where a report or an edit puts it.

use ledger::place::{ASSIGNED_BY, AssignedBy, Day};
use ledger::rows::{POINTS, is_of_ledger, points};
use spatial::{
    ChangeOp, ChangeSet, Collection, CrsRegistry, Feature, FeatureRef, Geometry, Snapshot, ValueRef,
};

use super::held::column;
use crate::places::{UnitsRead, Within, at_position, within_unit};
use crate::{Defect, Engine, EngineError};

/// How far from its unit a point may lie in no unit: phones are off by so much between houses.
const OUTSIDE_METRES: f64 = 100.0;
/// How far at most, whatever a report says of its accuracy: beyond it a position tells nothing.
const MOST_OUTSIDE_METRES: f64 = 1_000.0;

/// Why a position is not taken away.
const POSITION_STAYS: &str = "a point of the ledger keeps a position: send the one that it has, or where \
    it lies instead";

/// How a geometry of `collection` lies to the unit of a code on a day, `accuracy` metres being how far
/// off it may be.
pub(super) fn lies(
    (state, registry): (&Snapshot, &CrsRegistry),
    (geometry, collection): (&Geometry, &Collection),
    day: Day,
    (unit, accuracy): (&str, Option<f64>),
) -> Result<Within, EngineError> {
    let place = (geometry.envelope().center(), &collection.crs);
    let metres = accuracy.unwrap_or(0.0).clamp(OUTSIDE_METRES, MOST_OUTSIDE_METRES);
    within_unit(state, registry, place, day, (unit, metres))
}

/// Defects of the points of `set` that lose their position, are moved to where no unit is, or are not
/// assigned by hand there any more. What nothing was raised at yet lies where it was drawn.
pub(crate) fn moved_away(engine: &Engine, state: &Snapshot, set: &ChangeSet) -> Vec<Defect> {
    let mut defects = Vec::new();
    for (number, change) in set.changes.iter().enumerate() {
        let ChangeOp::Replace(id, feature) = &change.op else { continue };
        let held = state.collections.get(&change.collection);
        let held = held.filter(|_| change.collection.as_str() == POINTS);
        let Some(held) = held.filter(|held| is_of_ledger(held.collection())) else { continue };
        let Some(was) = held.get(*id) else { continue };
        let moved = Moved { collection: held.collection(), was, feature };
        let problem = match moved.check((state, engine.registry()), Day::of(set.recorded_at)) {
            Ok(None) => continue,
            Ok(Some(problem)) => problem,
            Err(error) => error.to_string(),
        };
        defects.push(Defect { place: format!("/changes/{number}/feature/geometry"), problem });
    }
    defects
}

/// A point of the ledger that is written anew.
struct Moved<'a> {
    collection: &'a Collection,
    was: FeatureRef<'a>,
    feature: &'a Feature,
}

impl Moved<'_> {
    /// What is wrong with where it lies now, if it was moved.
    fn check(
        &self,
        (state, registry): (&Snapshot, &CrsRegistry),
        day: Day,
    ) -> Result<Option<String>, EngineError> {
        let has_events = matches!(column(self.collection, self.was, "events"), ValueRef::Int(1..));
        let Some(geometry) = &self.feature.geometry else {
            let is_lost = has_events && self.was.geometry().is_some();
            return Ok(is_lost.then(|| POSITION_STAYS.to_owned()));
        };
        let was_by_hand = is_by_hand(column(self.collection, self.was, ASSIGNED_BY));
        let stays = self.was.geometry().as_ref() == Some(geometry) && !was_by_hand;
        if !has_events || stays || is_by_hand(self.value(ASSIGNED_BY)) {
            return Ok(None);
        }
        let unit = match self.value("unit") {
            ValueRef::Text(unit) => unit.trim(),
            _ => "",
        };
        let accuracy = match self.value(points::ACCURACY) {
            ValueRef::Real(metres) => Some(metres),
            _ => None,
        };
        let place = (geometry, self.collection);
        let is_nowhere = match lies((state, registry), place, day, (unit, accuracy))? {
            Within::Fits | Within::Elsewhere => false,
            Within::Nowhere => true,
            // Its own is no more, or it never had one: any will do.
            Within::NoUnit => {
                let place = (geometry.envelope().center(), &self.collection.crs);
                let found = at_position(state, registry, place, (day, &UnitsRead::default()))?;
                found.units.is_empty()
            }
        };
        Ok(is_nowhere.then(|| {
            format!(
                "it lies in no unit and not near that of the point, {unit:?}: look at the order of \
                 longitude and latitude, or assign it by hand with {ASSIGNED_BY} = \"manual: why\""
            )
        }))
    }

    fn value(&self, name: &str) -> ValueRef<'_> {
        let value = |at: usize| self.feature.properties.get(at).map(|value| value.as_ref());
        self.collection.field_position(name).and_then(value).unwrap_or(ValueRef::Null)
    }
}

fn is_by_hand(value: ValueRef<'_>) -> bool {
    let ValueRef::Text(text) = value else { return false };
    matches!(AssignedBy::read(text), Ok(Some(AssignedBy::Manual { .. })))
}
