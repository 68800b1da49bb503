//! The facts of many points in chunks by id, so that another state's differ in a few chunks alone.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use ledger::PointId;
use ledger::indicator::{Counting, Counts, PointFacts};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

/// Most points of a chunk that was just made: what one changed point costs to copy.
const CHUNK: usize = 512;
/// Chunks that are counted as one where all are.
const COUNTED: usize = 64;

/// Facts of points, a point each, by id. Copies share what is alike.
#[derive(Clone, Debug, Default)]
pub struct FactList {
    /// Ascending, none empty.
    chunks: Vec<Arc<Chunk>>,
}

#[derive(Clone, Debug, Default)]
struct Chunk {
    facts: Vec<PointFacts>,
    /// The tasks of its points, once they were asked for.
    tasks: OnceLock<BTreeSet<Arc<str>>>,
}

impl From<Vec<PointFacts>> for Chunk {
    fn from(facts: Vec<PointFacts>) -> Self {
        Self { facts, tasks: OnceLock::new() }
    }
}

impl Chunk {
    fn change(&mut self) -> &mut Vec<PointFacts> {
        self.tasks = OnceLock::new();
        &mut self.facts
    }

    fn tasks(&self) -> &BTreeSet<Arc<str>> {
        self.tasks
            .get_or_init(|| self.facts.iter().filter_map(|facts| facts.task.clone()).collect())
    }
}

impl FactList {
    /// Of facts in any order.
    pub fn new(mut all: Vec<PointFacts>) -> Self {
        all.sort_by_key(|facts| facts.id);
        let mut chunks = Vec::with_capacity(all.len().div_ceil(CHUNK));
        let mut rest = all.into_iter().peekable();
        while rest.peek().is_some() {
            let facts: Vec<PointFacts> = rest.by_ref().take(CHUNK).collect();
            chunks.push(Arc::new(facts.into()));
        }
        Self { chunks }
    }

    /// Every point's, by id.
    pub fn iter(&self) -> impl Iterator<Item = &PointFacts> {
        self.chunks.iter().flat_map(|chunk| chunk.facts.iter())
    }

    /// Those of some points.
    #[must_use]
    pub fn only(&self, points: &FxHashSet<PointId>) -> Self {
        Self::new(self.iter().filter(|facts| points.contains(&facts.id)).cloned().collect())
    }

    /// How many points.
    pub fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.facts.len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The tasks of all points.
    pub fn tasks(&self) -> BTreeSet<&str> {
        self.chunks.iter().flat_map(|chunk| chunk.tasks()).map(|task| &**task).collect()
    }

    /// What the points come to.
    pub(super) fn counts(&self, counting: &Counting<'_>) -> Counts {
        let some = self
            .chunks
            .par_chunks(COUNTED)
            .map(|chunks| Counts::of(counting, chunks.iter().flat_map(|chunk| &chunk.facts)));
        some.reduce(Counts::none, |mut all, some| {
            all.add(&some);
            all
        })
    }

    /// Leads `counts`, which are those of `earlier`, over to this list; `None` where too little of it is
    /// alike for that to be less work than counting anew.
    pub(super) fn led_counts(
        &self,
        (earlier, counts): (&Self, &Counts),
        counting: &Counting<'_>,
    ) -> Option<Counts> {
        let set = |list: &Self| list.chunks.iter().map(Arc::as_ptr).collect::<FxHashSet<_>>();
        let (then, now) = (set(earlier), set(self));
        let gone = earlier.chunks.iter().filter(|chunk| !now.contains(&Arc::as_ptr(chunk)));
        let come = self.chunks.iter().filter(|chunk| !then.contains(&Arc::as_ptr(chunk)));
        let (gone, come): (Vec<_>, Vec<_>) = (gone.collect(), come.collect());
        if 2 * (gone.len() + come.len()) > self.chunks.len() {
            return None;
        }
        let mut led = counts.clone();
        gone.iter().for_each(|chunk| led.take(&Counts::of(counting, &chunk.facts)));
        come.iter().for_each(|chunk| led.add(&Counts::of(counting, &chunk.facts)));
        Some(led)
    }

    /// Puts what is now told of a point in the place of what was.
    pub(super) fn set(&mut self, id: PointId, facts: Option<PointFacts>) {
        let after = self.chunks.partition_point(|chunk| chunk.facts[0].id <= id);
        let number = after.saturating_sub(1);
        let Some(chunk) = self.chunks.get_mut(number) else {
            self.chunks.extend(facts.map(|facts| Arc::new(vec![facts].into())));
            return;
        };
        let found = chunk.facts.binary_search_by_key(&id, |facts| facts.id);
        match (found, facts) {
            (Ok(place), Some(facts)) => Arc::make_mut(chunk).change()[place] = facts,
            (Err(place), Some(facts)) => {
                let all = Arc::make_mut(chunk).change();
                all.insert(place, facts);
                if all.len() > 2 * CHUNK {
                    let second = all.split_off(CHUNK);
                    self.chunks.insert(number + 1, Arc::new(second.into()));
                }
            }
            (Ok(place), None) => {
                let all = Arc::make_mut(chunk).change();
                all.remove(place);
                if all.is_empty() {
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
    use ledger::indicator::{
        DEFAULT_DEFINITIONS, Definitions, EventRow, Moment, Period, PointRow, Window,
    };
    use proptest::prelude::*;

    use super::*;

    fn window() -> Window {
        "2026".parse::<Period>().unwrap().window()
    }

    fn facts(number: u64, year: i32) -> PointFacts {
        let id = PointId::try_from(format!("019a0000-0000-7000-8000-{number:012x}").as_str());
        let row = PointRow {
            id: id.unwrap(),
            unit: ["110115001", "110115002"].get(number as usize % 3).copied(),
            task: ["CW", "KQDD"].get(number as usize % 5).copied(),
            year: Some(2020 + year),
            state: State::Registered,
            registered_at: Some(window().from),
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
            let definitions = Definitions::new(toml::from_str(DEFAULT_DEFINITIONS).unwrap()).unwrap();
            let moment = Moment { at: window().from, window: window() };
            let counting = Counting { definitions: &definitions, task: None, moment };
            let counts = earlier.counts(&counting);
            prop_assert_eq!(&counts, &Counts::of(&counting, earlier.iter()));
            if let Some(led) = list.led_counts((&earlier, &counts), &counting) {
                prop_assert_eq!(&led, &list.counts(&counting));
            }
            let tasks: BTreeSet<&str> = list.iter().filter_map(|one| one.task.as_deref()).collect();
            prop_assert_eq!(list.tasks(), tasks);
            prop_assert!(list.iter().eq(map.values()));
            prop_assert_eq!((list.len(), list.is_empty()), (map.len(), map.is_empty()));
            prop_assert!(earlier.iter().eq(was.values()));
        }
    }
}
