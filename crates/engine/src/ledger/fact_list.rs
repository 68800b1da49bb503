//! The facts of many points in chunks by id, so that another state's differ in a few chunks alone.

use std::sync::Arc;

use ledger::PointId;
use ledger::indicator::PointFacts;

/// Most points of a chunk that was just made: what one changed point costs to copy.
const CHUNK: usize = 512;

/// Facts of points, a point each, by id. Copies share what is alike.
#[derive(Clone, Debug, Default)]
pub struct FactList {
    /// Ascending, none empty.
    chunks: Vec<Arc<Vec<PointFacts>>>,
}

impl FactList {
    /// Of facts in any order.
    pub fn new(mut all: Vec<PointFacts>) -> Self {
        all.sort_by_key(|facts| facts.id);
        let mut chunks = Vec::with_capacity(all.len().div_ceil(CHUNK));
        let mut rest = all.into_iter().peekable();
        while rest.peek().is_some() {
            chunks.push(Arc::new(rest.by_ref().take(CHUNK).collect()));
        }
        Self { chunks }
    }

    /// Every point's, by id.
    pub fn iter(&self) -> impl Iterator<Item = &PointFacts> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// How many points.
    pub fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Puts what is now told of a point in the place of what was.
    pub(super) fn set(&mut self, id: PointId, facts: Option<PointFacts>) {
        let after = self.chunks.partition_point(|chunk| chunk[0].id <= id);
        let number = after.saturating_sub(1);
        let Some(chunk) = self.chunks.get_mut(number) else {
            self.chunks.extend(facts.map(|facts| Arc::new(vec![facts])));
            return;
        };
        let found = chunk.binary_search_by_key(&id, |facts| facts.id);
        match (found, facts) {
            (Ok(place), Some(facts)) => Arc::make_mut(chunk)[place] = facts,
            (Err(place), Some(facts)) => {
                let chunk = Arc::make_mut(chunk);
                chunk.insert(place, facts);
                if chunk.len() > 2 * CHUNK {
                    let second = chunk.split_off(CHUNK);
                    self.chunks.insert(number + 1, Arc::new(second));
                }
            }
            (Ok(place), None) => {
                let chunk = Arc::make_mut(chunk);
                chunk.remove(place);
                if chunk.is_empty() {
                    self.chunks.remove(number);
                }
            }
            (Err(_), None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeMap;

    use ledger::State;
    use ledger::indicator::{EventRow, PointRow};
    use proptest::prelude::*;

    use super::*;

    fn facts(number: u64, year: i32) -> PointFacts {
        let id = PointId::try_from(format!("019a0000-0000-7000-8000-{number:012x}").as_str());
        let row = PointRow {
            id: id.unwrap(),
            unit: None,
            task: None,
            year: Some(year),
            state: State::Registered,
            registered_at: None,
            deadline: None,
            planned: Default::default(),
            actual: Default::default(),
        };
        PointFacts::of_rows(&row, std::iter::empty::<EventRow>())
    }

    proptest! {
        #[test]
        fn it_is_a_map_by_id_and_earlier_copies_stay(
            first in prop::collection::btree_set(0_u64..4_000, 0..1_500),
            edits in prop::collection::vec((0_u64..4_000, prop::option::of(0..9)), 0..2_500),
        ) {
            let mut list = FactList::new(first.iter().rev().map(|number| facts(*number, 0)).collect());
            let mut map: BTreeMap<u64, PointFacts> =
                first.iter().map(|number| (*number, facts(*number, 0))).collect();
            let (earlier, was) = (list.clone(), map.clone());
            for (number, year) in edits {
                let new = year.map(|year| facts(number, year));
                list.set(facts(number, 0).id, new.clone());
                match new {
                    Some(new) => map.insert(number, new),
                    None => map.remove(&number),
                };
            }
            prop_assert!(list.iter().eq(map.values()));
            prop_assert_eq!((list.len(), list.is_empty()), (map.len(), map.is_empty()));
            prop_assert!(earlier.iter().eq(was.values()));
        }
    }
}
