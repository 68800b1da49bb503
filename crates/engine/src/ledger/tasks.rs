//! The tasks that rows name.

use std::collections::BTreeSet;

use ledger::rows::POINTS;
use spatial::{CollectionId, CollectionSnapshot, ValueRef};

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
