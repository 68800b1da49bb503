//! Generated features on their way into one collection of the sample city.

use engine::places::LoadAssigner;
use spatial::{Collection, Feature};
use store::{FeatureStore, GeoPackageStore, Load, LoadItem, LoadMode};
use tokio::sync::mpsc;

use super::dress;
use crate::commands::{CommandError, now};

/// Features that go to the store at a time.
const CHUNK: usize = 1024;

/// Takes features one by one.
pub(super) struct Sending {
    sender: mpsc::Sender<LoadItem>,
    chunk: Vec<Feature>,
    assigner: Option<LoadAssigner>,
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

/// Makes a collection of what `make` adds, assigned to units on the way where there is an assigner.
pub(super) async fn load(
    store: &GeoPackageStore,
    collection: Collection,
    assigner: Option<LoadAssigner>,
    make: impl FnOnce(&mut Sending) -> Result<(), CommandError> + Send + 'static,
) -> Result<(), CommandError> {
    let load = Load {
        collection: collection.clone(),
        mode: LoadMode::Create,
        actor: "local".to_owned(),
        reason: "sample city".to_owned(),
        recorded_at: now(),
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
    dress(store, &collection).await
}
