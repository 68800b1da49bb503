//! What lies in a focus area (重点区域、片区): collections of one state, by the rules that areas of
//! accounts go by.

use std::sync::Arc;

use ledger::PointId;
use ledger::place::Day;
use ledger::rows::{ID, POINTS};
use rustc_hash::FxHashSet;
use spatial::{CollectionId, Snapshot, ValueRef};

use super::lens::{Making, Memo};
use crate::Engine;
use crate::places::{Jurisdiction, focus_areas};

/// A focus area of one state, and what lies in it.
#[derive(Debug)]
pub struct FocusPart {
    /// Its name, or its code where it has none.
    pub name: String,
    /// The collections that were asked for, as far as they lie in it.
    pub state: Snapshot,
}

impl FocusPart {
    /// The points of the ledger in it.
    pub fn points(&self) -> FxHashSet<PointId> {
        let mut points = FxHashSet::default();
        let held = self.state.collections.iter().find(|(id, _)| id.as_str() == POINTS);
        let Some((_, held)) = held else { return points };
        let Some(id) = held.collection().field_position(ID) else { return points };
        held.each(&mut |shard, slots| {
            points.extend(slots.iter().filter_map(|slot| {
                match shard.feature(usize::from(*slot)).value(id) {
                    ValueRef::Text(text) => PointId::try_from(text).ok(),
                    _ => None,
                }
            }));
        });
        points
    }
}

impl Engine {
    /// What of the collections `ids` lies in the focus area with this code, as it is drawn in `state` and
    /// valid on `day`; `Err` with the codes of some that are, where it is none. Rows that nothing places
    /// lie in no area. Heavy work: it is for the pool.
    ///
    /// # Errors
    /// As told.
    pub fn in_focus_area(
        &self,
        state: &Arc<Snapshot>,
        (code, day): (&str, Day),
        ids: &[CollectionId],
    ) -> Result<FocusPart, Vec<String>> {
        let known = focus_areas(state, day);
        let Some(area) = known.iter().find(|area| area.code == code) else {
            return Err(known.into_iter().map(|area| area.code).collect());
        };
        let jurisdiction = Jurisdiction::of_focus_areas(state, &[code.to_owned()], day);
        let mut memo = Memo::default();
        let mut making = Making::new(self, &jurisdiction, state, &mut memo);
        let part = |id: &CollectionId| {
            let held = state.collections.get(id)?;
            Some((id.clone(), making.part(id, held)))
        };
        let collections = ids.iter().filter_map(part).collect();
        Ok(FocusPart { name: area.name.clone(), state: Snapshot { collections, ..**state } })
    }
}
