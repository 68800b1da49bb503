//! Rows of a bulk load that name what the store does not have: told, and loaded all the same, since what they
//! name may come later.

use std::collections::HashSet;

use ledger::record::{Referred, references};
use spatial::{Collection, CollectionId, Feature, Value};
use store::FeatureStore;
use tokio::sync::mpsc;

use crate::EngineError;

/// Rows that are read at a time.
const CHUNK: usize = 4096;

/// What columns of a collection may name.
#[derive(Debug)]
pub struct LoadNames(Vec<Column>);

/// A column, and what is there that it may name.
#[derive(Debug)]
struct Column {
    at: usize,
    referred: Referred,
    names: HashSet<String>,
}

impl LoadNames {
    /// Whether rows of `into` name anything in other collections. What rows name of their own collection may
    /// be in the load itself and is not judged.
    pub fn concerns(into: &Collection) -> bool {
        references(into).iter().any(|(_, referred)| referred.collection != into.id.as_str())
    }

    /// Reads what there is; of a collection that is not there, or has no row, nothing is told.
    pub async fn read(store: &dyn FeatureStore, into: &Collection) -> Result<Self, EngineError> {
        let all = store.collections().await?;
        let mut columns: Vec<Column> = Vec::new();
        for (at, referred) in references(into) {
            if referred.collection == into.id.as_str() {
                continue;
            }
            let held = all.iter().find(|one| one.id.as_str() == referred.collection);
            let Some(held) = held else { continue };
            let Some(by) = referred.columns(held) else { continue };
            let names = names(store, &held.id, &by).await?;
            if !names.is_empty() {
                columns.push(Column { at, referred, names });
            }
        }
        Ok(Self(columns))
    }

    /// The columns of a row that name what is not there, and what that would be, in words.
    pub fn unknown<'a>(
        &'a self,
        values: &'a [Value],
    ) -> impl Iterator<Item = (usize, &'static str)> + 'a {
        self.0.iter().filter_map(|Column { at, referred, names }| match values.get(*at) {
            Some(Value::Text(name)) if !name.trim().is_empty() => {
                let is_there = names.contains(&*referred.canonical(name));
                (!is_there).then_some((*at, referred.words))
            }
            _ => None,
        })
    }
}

/// The texts in columns of a collection; of its rows nothing else is held.
async fn names(
    store: &dyn FeatureStore,
    id: &CollectionId,
    by: &[usize],
) -> Result<HashSet<String>, EngineError> {
    let (sender, mut receiver) = mpsc::channel::<Vec<Feature>>(2);
    let gather = async {
        let mut names = HashSet::new();
        while let Some(rows) = receiver.recv().await {
            let texts =
                rows.iter().flat_map(|row| by.iter().filter_map(|at| row.properties.get(*at)));
            names.extend(texts.filter_map(|value| match value {
                Value::Text(name) if !name.trim().is_empty() => Some(name.trim().to_owned()),
                _ => None,
            }));
        }
        names
    };
    let (scanned, names) = tokio::join!(store.scan(id, CHUNK, sender), gather);
    scanned?;
    Ok(names)
}
