//! The tasks that rows name, and under which points are registered.

use std::collections::BTreeSet;

use ledger::rows::POINTS;
use ledger::task::Tasks;
use ledger::{Payload, Refusal, Rules};
use spatial::{CollectionId, CollectionSnapshot, ValueRef};

use super::{NewEvent, Raising};
use crate::{Engine, EngineError, ReadableField};

/// The column of points that says the task.
const TASK: &str = "task";

impl Engine {
    /// The tasks of all points, and of the rows of another collection by the column that says it there;
    /// none of what is not there or not to be read.
    ///
    /// # Errors
    /// When the pool ends.
    pub async fn tasks_of_rows(
        &self,
        beside: Option<(CollectionId, String)>,
    ) -> Result<BTreeSet<String>, EngineError> {
        let (state, profile) = (self.snapshot(), self.profile());
        let points = CollectionId::try_from(POINTS).ok().map(|id| (id, TASK.to_owned()));
        let find = move || {
            let mut tasks = BTreeSet::new();
            for (id, column) in points.into_iter().chain(beside) {
                let Some(held) = state.collections.get(&id) else { continue };
                if let Ok(column) = ReadableField::find(held.collection(), &column, profile) {
                    texts(held, column.position(), &mut tasks);
                }
            }
            tasks
        };
        self.pool().run(find).await
    }
}

impl Raising {
    /// Calls tasks by their codes where registrations call them by name.
    pub(super) fn with_codes_of(mut self, tasks: &Tasks) -> Self {
        for event in &mut self.events {
            if let Payload::Register { task, .. } = &mut event.payload
                && let Some(code) = tasks.code_of(task)
                && code != task
            {
                *task = code.to_owned();
            }
        }
        self
    }
}

/// What registrations may be of in one state, where the file of tasks does not say it all.
#[derive(Clone, Debug, Default)]
pub(super) struct TasksOfPoints {
    /// The tasks of the points; empty where there is no point, and where all registrations are of the file.
    of_points: BTreeSet<String>,
    /// Whether who raises the batch sees all points.
    are_told: bool,
}

impl TasksOfPoints {
    /// As `engine` may tell them.
    pub(super) fn find(points: &CollectionSnapshot, raising: &Raising, engine: &Engine) -> Self {
        let rules = &engine.settings().ledger;
        let of_file = |event: &NewEvent| registered(event).is_none_or(|task| is_of(rules, task));
        if raising.events.iter().all(of_file) {
            return Self::default();
        }
        let mut of_points = BTreeSet::new();
        if let Some(column) = points.collection().field_position(TASK) {
            texts(points, column, &mut of_points);
        }
        Self { of_points, are_told: !engine.is_limited() }
    }

    /// Refuses a registration under a task that neither the file nor a point has, once there are points: it
    /// would count for no target. Old history is taken as it was.
    pub(super) fn check(&self, new: &NewEvent, rules: &Rules) -> Result<(), Refusal> {
        let Some(task) = registered(new).filter(|_| !new.backfilled) else { return Ok(()) };
        let of_points = &self.of_points;
        if of_points.is_empty() || is_of(rules, task) || of_points.contains(task) {
            return Ok(());
        }
        let mut known = rules.tasks.codes();
        if self.are_told {
            known.extend(of_points.iter().cloned());
        }
        Err(Refusal::unknown_task(new.point, task, known))
    }
}

/// The task of a registration; none where it says none, which is refused for that.
fn registered(event: &NewEvent) -> Option<&str> {
    match &event.payload {
        Payload::Register { task, .. } if !task.trim().is_empty() => Some(task),
        _ => None,
    }
}

fn is_of(rules: &Rules, task: &str) -> bool {
    rules.tasks.named(task).is_some()
}

/// Adds the texts of a column.
fn texts(held: &CollectionSnapshot, column: usize, to: &mut BTreeSet<String>) {
    held.each(&mut |shard, slots| {
        for slot in slots {
            if let ValueRef::Text(text) = shard.feature(usize::from(*slot)).value(column)
                && !to.contains(text)
            {
                to.insert(text.to_owned());
            }
        }
    });
}
