//! What points came to for questions that were asked lately, so that it is led from state to state: a
//! question that comes again costs the points that changed, not all of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ledger::indicator::{Counting, Counts, Definitions, Window};

use super::fact_list::FactList;
use crate::Engine;

/// Most questions that are kept; one of a city of 1,600 villages and fifty terms takes some 2 MB.
const MAX_KEPT: usize = 16;

/// What was counted lately, the latest last.
#[derive(Debug, Default)]
pub(super) struct KeptCounts(Mutex<Vec<Arc<Kept>>>);

#[derive(Debug)]
struct Kept {
    definitions: Definitions,
    task: Option<String>,
    window: Window,
    /// Of which points, as long as their facts are kept for others.
    of: Weak<FactList>,
    counts: Arc<Counts>,
}

impl Kept {
    /// Whether the same is counted of the same points.
    fn answers(&self, counting: &Counting<'_>) -> bool {
        let Counting { definitions, task, moment } = counting;
        self.task.as_deref() == *task
            && self.window == moment.window
            && self.counts.hold_at(moment.at)
            && self.definitions == **definitions
    }
}

impl KeptCounts {
    fn kept(&self) -> MutexGuard<'_, Vec<Arc<Kept>>> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// What the points of a list, one that [`Engine::ledger_facts`] gave, come to. Work for the pool.
    pub fn ledger_counts(&self, points: &Arc<FactList>, counting: &Counting<'_>) -> Arc<Counts> {
        let kept = &self.0.ledger.counts;
        let known: Vec<Arc<Kept>> =
            kept.kept().iter().rev().filter(|one| one.answers(counting)).cloned().collect();
        let of_these = known.iter().find(|one| std::ptr::eq(one.of.as_ptr(), Arc::as_ptr(points)));
        if let Some(same) = of_these {
            return Arc::clone(&same.counts);
        }
        // Lists of other views have no chunk in common with this one.
        let led = known.iter().find_map(|earlier| {
            let of = earlier.of.upgrade()?;
            let counts = points.led_counts((&of, &earlier.counts), counting)?;
            Some((counts, Arc::clone(earlier)))
        });
        let (counts, earlier) = match led {
            Some((counts, earlier)) => (counts, Some(earlier)),
            None => (points.counts(counting), None),
        };
        let counts = Arc::new(counts);
        let Counting { definitions, task, moment } = *counting;
        let (of, task) = (Arc::downgrade(points), task.map(str::to_owned));
        let (definitions, window) = (definitions.clone(), moment.window);
        let new = Kept { definitions, task, window, of, counts: Arc::clone(&counts) };
        let mut kept = kept.kept();
        // What it was led from is of a former state.
        let is_former = |one: &Arc<Kept>| earlier.as_ref().is_some_and(|led| Arc::ptr_eq(one, led));
        kept.retain(|one| one.of.strong_count() > 0 && !is_former(one));
        kept.push(Arc::new(new));
        if kept.len() > MAX_KEPT {
            kept.remove(0);
        }
        counts
    }
}
