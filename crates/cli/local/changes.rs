//! A change set on its way over the socket: its head as JSON, the features behind it in the order of the
//! changes that have one, then the end.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Error, ErrorKind, Write};

use serde::{Deserialize, Serialize};
use spatial::{Change, ChangeOp, ChangeSet, CollectionId, Feature, FeatureId, Revision, Timestamp};

use super::feature_bytes;
use super::message::{self, Kind};

/// Bytes of features that are sent together, about.
const CHUNK_BYTES: usize = 1 << 20;
/// Most values of a feature; a collection has no more fields.
const MAX_VALUES: usize = 1_000;

/// A change set, but for its features.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangesHead {
    actor: String,
    reason: String,
    recorded_at: i64,
    /// Names of the collections; the changes name them by position.
    collections: Vec<String>,
    changes: Vec<Head>,
}

/// One change, but for its feature.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Head {
    /// Position of the collection.
    of: usize,
    op: Op,
    /// How many values the feature has.
    values: usize,
    unchanged_since: Option<u64>,
}

#[derive(Debug, Deserialize, Serialize)]
enum Op {
    Insert,
    Replace(i64),
    Delete(i64),
}

/// Sends `changes`.
pub(super) fn send(to: &mut impl Write, changes: &ChangeSet) -> std::io::Result<()> {
    let mut positions: BTreeMap<&CollectionId, usize> = BTreeMap::new();
    let mut collections = Vec::new();
    let mut heads = Vec::with_capacity(changes.changes.len());
    for change in &changes.changes {
        let of = *positions.entry(&change.collection).or_insert_with(|| {
            collections.push(change.collection.to_string());
            collections.len() - 1
        });
        let (op, values) = match &change.op {
            ChangeOp::Insert(feature) => (Op::Insert, feature.properties.len()),
            ChangeOp::Replace(id, feature) => (Op::Replace(id.value()), feature.properties.len()),
            ChangeOp::Delete(id) => (Op::Delete(id.value()), 0),
        };
        let unchanged_since = change.unchanged_since.map(|revision| revision.0);
        heads.push(Head { of, op, values, unchanged_since });
    }
    let head = ChangesHead {
        actor: changes.actor.clone(),
        reason: changes.reason.clone(),
        recorded_at: changes.recorded_at.0,
        collections,
        changes: heads,
    };
    message::write(to, Kind::Changes, &serde_json::to_vec(&head)?)?;
    let mut bytes = Vec::with_capacity(CHUNK_BYTES * 2);
    let mut values = None;
    for change in &changes.changes {
        let (ChangeOp::Insert(feature) | ChangeOp::Replace(_, feature)) = &change.op else {
            continue;
        };
        // A message holds features of one number of values, as they are read.
        let another = values.replace(feature.properties.len()) != values;
        if (another || bytes.len() >= CHUNK_BYTES) && !bytes.is_empty() {
            message::write(to, Kind::Features, &bytes)?;
            bytes.clear();
        }
        feature_bytes::encode(feature, &mut bytes);
    }
    if !bytes.is_empty() {
        message::write(to, Kind::Features, &bytes)?;
    }
    message::write(to, Kind::Finish, &[])?;
    to.flush()
}

impl ChangesHead {
    /// The change set, its features read from what was set aside.
    pub(super) fn read(self, spool: File) -> std::io::Result<ChangeSet> {
        let bad = |what: &str| Error::new(ErrorKind::InvalidData, what.to_owned());
        let unreadable = || bad("the changes are not readable");
        let ids = self.collections.iter().map(|name| CollectionId::try_from(name.as_str()));
        let ids: Vec<CollectionId> =
            ids.collect::<Result<_, _>>().map_err(|e| bad(&e.to_string()))?;
        let mut spool = BufReader::with_capacity(1 << 16, spool);
        let mut waiting: std::vec::IntoIter<Feature> = Vec::new().into_iter();
        let mut changes = Vec::with_capacity(self.changes.len());
        for Head { of, op, values, unchanged_since } in self.changes {
            let collection = ids.get(of).cloned().filter(|_| values <= MAX_VALUES);
            let collection = collection.ok_or_else(unreadable)?;
            let id = |id: i64| FeatureId::try_from(id).map_err(|error| bad(&error.to_string()));
            let mut feature = || match waiting.next() {
                Some(feature) => Ok(feature),
                None => {
                    let (_, body) = message::read(&mut spool)?.ok_or_else(unreadable)?;
                    let features = feature_bytes::decode(&body, values).ok_or_else(unreadable)?;
                    waiting = features.into_iter();
                    waiting.next().ok_or_else(unreadable)
                }
            };
            let op = match op {
                Op::Insert => ChangeOp::Insert(feature()?),
                Op::Replace(of) => ChangeOp::Replace(id(of)?, feature()?),
                Op::Delete(of) => ChangeOp::Delete(id(of)?),
            };
            changes.push(Change { collection, op, unchanged_since: unchanged_since.map(Revision) });
        }
        Ok(ChangeSet {
            expect: None,
            actor: self.actor,
            reason: self.reason,
            recorded_at: Timestamp(self.recorded_at),
            changes,
        })
    }
}
