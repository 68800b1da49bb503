//! Generated features on their way into the sample city: loads of one collection, and change sets.

use std::sync::Arc;

use engine::places::LoadAssigner;
use spatial::{Change, ChangeOp, ChangeSet, Collection, CollectionId, Feature, Timestamp};
use store::{FeatureStore, GeoPackageStore, Load, LoadItem, LoadMode};
use tokio::sync::mpsc;

use super::dress;
use crate::commands::CommandError;
use crate::synth::OPENED;

/// Features that go to the store at a time.
const CHUNK: usize = 1024;
/// Who does it, and why.
const ACTOR: &str = "local";
pub(super) const REASON: &str = "sample city";

/// Takes features one by one.
pub(super) struct Sending {
    sender: mpsc::Sender<LoadItem>,
    chunk: Vec<Feature>,
    assigner: Option<Arc<LoadAssigner>>,
}

impl Sending {
    pub(super) fn add(&mut self, feature: Feature) -> Result<(), CommandError> {
        self.chunk.push(feature);
        if self.chunk.len() == CHUNK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), CommandError> {
        let mut chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        if let Some(assigner) = &self.assigner {
            assigner.assign(&mut chunk)?;
        }
        // Where the store has ended the load, it says why itself.
        let _sent = self.sender.blocking_send(LoadItem::Features(chunk));
        Ok(())
    }
}

/// Makes a collection of what `make` adds, before the two years begin; assigned to units on the way
/// where there is an assigner.
pub(super) async fn create(
    store: &GeoPackageStore,
    collection: Collection,
    assigner: Option<Arc<LoadAssigner>>,
    make: impl FnOnce(&mut Sending) -> Result<(), CommandError> + Send + 'static,
) -> Result<(), CommandError> {
    load(store, (&collection, LoadMode::Create, OPENED), assigner, make).await?;
    dress(store, &collection).await
}

/// Adds features to a collection, recorded at a moment.
pub(super) async fn append(
    store: &GeoPackageStore,
    collection: &Collection,
    assigner: Option<Arc<LoadAssigner>>,
    (features, recorded_at): (Vec<Feature>, Timestamp),
) -> Result<(), CommandError> {
    load(store, (collection, LoadMode::Append, recorded_at), assigner, move |sending| {
        features.into_iter().try_for_each(|feature| sending.add(feature))
    })
    .await
}

/// One change of a collection that nobody else writes to.
pub(super) fn change(collection: &CollectionId, op: ChangeOp) -> Change {
    Change { collection: collection.clone(), op, unchanged_since: None }
}

/// Changes that are recorded at a moment.
pub(super) fn change_set(reason: &str, recorded_at: Timestamp, changes: Vec<Change>) -> ChangeSet {
    let (actor, reason) = (ACTOR.to_owned(), reason.to_owned());
    ChangeSet { expect: None, actor, reason, recorded_at, changes }
}

async fn load(
    store: &GeoPackageStore,
    (collection, mode, recorded_at): (&Collection, LoadMode, Timestamp),
    assigner: Option<Arc<LoadAssigner>>,
    make: impl FnOnce(&mut Sending) -> Result<(), CommandError> + Send + 'static,
) -> Result<(), CommandError> {
    let load = Load {
        collection: collection.clone(),
        mode,
        actor: ACTOR.to_owned(),
        reason: REASON.to_owned(),
        recorded_at,
    };
    let (sender, receiver) = mpsc::channel(4);
    let making = tokio::task::spawn_blocking(move || {
        let mut sending = Sending { sender, chunk: Vec::with_capacity(CHUNK), assigner };
        make(&mut sending)?;
        sending.flush()?;
        let _sent = sending.sender.blocking_send(LoadItem::Finish);
        Ok::<(), CommandError>(())
    });
    let loaded = store.load(load, receiver).await;
    making.await.map_err(|error| CommandError::Runtime(std::io::Error::other(error)))??;
    loaded?;
    Ok(())
}
