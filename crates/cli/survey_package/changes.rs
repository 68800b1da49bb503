//! What is to change in the store: rows of the package against features that are there.

use std::collections::BTreeMap;

use spatial::{Change, ChangeOp, CollectionId, Feature, Geometry, Revision, Value};
use store::fit;

use super::held::Held;
use super::outcome::Counts;
use crate::import::{ImportError, cast};

/// Changes that are gathered, collection by collection.
#[derive(Debug)]
pub(super) struct Changes {
    /// The state that they were made out against.
    since: Revision,
    pub(super) all: Vec<Change>,
    pub(super) counts: BTreeMap<String, Counts>,
    /// Fields that a collection does not have, or not of that type, by its name.
    pub(super) not_kept: BTreeMap<(String, String), u64>,
    /// Positions of the changes whose features are somewhere else than before.
    moved: Vec<usize>,
}

/// Where a feature is to be.
#[derive(Debug)]
pub(super) enum Place<'a> {
    /// Where it is; a new one there.
    Or(Option<Geometry>),
    /// There.
    At(Option<&'a Geometry>),
}

impl Changes {
    /// None yet.
    pub(super) fn since(revision: Revision) -> Self {
        Self {
            since: revision,
            all: Vec::new(),
            counts: BTreeMap::new(),
            not_kept: BTreeMap::new(),
            moved: Vec::new(),
        }
    }

    /// Gives the feature `at`, or a new one, these values and this place; nothing is changed where it has
    /// them already.
    pub(super) fn put<'v>(
        &mut self,
        held: &Held,
        at: Option<usize>,
        values: impl IntoIterator<Item = (&'v str, Value)>,
        place: Place<'_>,
    ) -> Result<(), ImportError> {
        let collection = &held.collection;
        let present = at.map(|at| &held.features[at]);
        let mut feature = match present {
            Some(present) => present.clone(),
            None => {
                let properties = vec![Value::Null; collection.fields.len()];
                Feature { id: None, geometry: None, properties }
            }
        };
        let id = feature.id.take();
        for (field, value) in values {
            let position = collection.field_position(field);
            let fitted = position
                .and_then(|at| Some((at, cast(value.clone(), collection.fields[at].field_type)?)));
            match fitted {
                Some((at, value)) => feature.properties[at] = value,
                None if value == Value::Null => {}
                None => {
                    let key = (collection.id.to_string(), field.to_owned());
                    *self.not_kept.entry(key).or_default() += 1;
                }
            }
        }
        match place {
            Place::Or(new) => feature.geometry = feature.geometry.or(new),
            Place::At(there) => feature.geometry = there.cloned(),
        }
        fit(collection, &mut feature)?;
        let counts = self.counts.entry(collection.id.to_string()).or_default();
        let is_moved = present.is_none_or(|present| present.geometry != feature.geometry);
        let (op, unchanged_since) = match (present, id) {
            (Some(present), Some(_)) if !is_moved && present.properties == feature.properties => {
                counts.unchanged += 1;
                return Ok(());
            }
            (Some(_), Some(id)) => {
                counts.updated += 1;
                (ChangeOp::Replace(id, feature), Some(self.since))
            }
            _ => {
                counts.inserted += 1;
                (ChangeOp::Insert(feature), None)
            }
        };
        if is_moved {
            self.moved.push(self.all.len());
        }
        self.all.push(Change { collection: collection.id.clone(), op, unchanged_since });
        Ok(())
    }

    /// Removes the feature `at`.
    pub(super) fn remove(&mut self, held: &Held, at: usize) {
        let Some(id) = held.features[at].id else { return };
        let collection = held.collection.id.clone();
        self.counts.entry(collection.to_string()).or_default().removed += 1;
        let (op, unchanged_since) = (ChangeOp::Delete(id), Some(self.since));
        self.all.push(Change { collection, op, unchanged_since });
    }

    /// The features of a collection that are new or somewhere else.
    pub(super) fn moved_of(&mut self, collection: &CollectionId) -> Vec<&mut Feature> {
        let moved = &self.moved;
        let all = self.all.iter_mut().enumerate();
        let found = all.filter(|(at, _)| moved.binary_search(at).is_ok());
        let found = found.filter(|(_, change)| change.collection == *collection);
        found
            .filter_map(|(_, change)| match &mut change.op {
                ChangeOp::Insert(feature) | ChangeOp::Replace(_, feature) => Some(feature),
                ChangeOp::Delete(_) => None,
            })
            .collect()
    }
}
