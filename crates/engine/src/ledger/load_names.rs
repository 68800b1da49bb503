//! Rows of a bulk load that name what the store does not have: told, and loaded all the same, since what they
//! name may come later.

use std::collections::HashSet;

use ledger::record::{Referred, references};
use spatial::{Collection, CollectionId, Value};
use store::FeatureStore;

use crate::EngineError;

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
            if let Some(known) = columns.iter().find(|one| one.referred == referred) {
                let names = known.names.clone();
                columns.push(Column { at, referred, names });
                continue;
            }
            let held = all.iter().find(|one| one.id.as_str() == referred.collection);
            let Some(held) = held else { continue };
            let names = names(store, held, referred).await?;
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
            Some(Value::Text(name)) if !name.trim().is_empty() && !names.contains(name.trim()) => {
                Some((*at, referred.words))
            }
            _ => None,
        })
    }
}

async fn names(
    store: &dyn FeatureStore,
    held: &Collection,
    referred: Referred,
) -> Result<HashSet<String>, EngineError> {
    let by: Vec<usize> = referred.by.iter().filter_map(|name| held.field_position(name)).collect();
    let id: &CollectionId = &held.id;
    let rows = store.all_features(id).await?;
    let texts = rows.iter().flat_map(|row| by.iter().filter_map(|at| row.properties.get(*at)));
    let names = texts.filter_map(|value| match value {
        Value::Text(name) if !name.trim().is_empty() => Some(name.trim().to_owned()),
        _ => None,
    });
    Ok(names.collect())
}
