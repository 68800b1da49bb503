//! What was planned, written: bytes of photos, then all rows as one commit, then personal values.

use std::sync::Arc;

use spatial::{ChangeSet, CollectionId, Value};
use store::evidence::Digests;
use store::personal::{PersonalLoad, PersonalRow};
use store::{EvidenceFolder, Load, LoadItem, LoadMode};
use tokio::sync::mpsc;

use super::held::{Held, PersonalValues};
use super::plan::{Job, Plan};
use super::{SurveyOptions, SurveyOutcome};
use crate::import::{ImportError, Target};

/// Households whose personal values are sent together.
const TOGETHER: usize = 512;

impl Plan {
    /// Writes everything: bytes of photos first, then all rows as one commit, then personal values. When
    /// the last fails, the same command again mends it.
    ///
    /// # Errors
    /// When the store refuses; before the commit nothing is changed.
    pub async fn write(
        self,
        target: Target<'_>,
        job: Job<'_>,
    ) -> Result<SurveyOutcome, ImportError> {
        let Self { package, store, mut changes, photos, personal, fields, mut outcome } = self;
        let options = job.options;
        let folder = EvidenceFolder::beside(job.store_path);
        for photo in photos {
            let file = photo.file;
            let bytes = std::fs::read(&file)
                .map_err(|source| ImportError::Io { path: file.clone(), source })?;
            if Digests::of(&bytes).sha256 != photo.sha256 {
                let source =
                    std::io::Error::other("it has changed since it was checked; read again");
                return Err(ImportError::Io { path: file, source });
            }
            folder.put(photo.sha256, Arc::new(bytes)).await?;
        }
        drop(package);
        for held in store.all() {
            let (into, moment) = (&held.collection, options.recorded_at);
            let assigner = target.assigner(job.store_path, job.registry, into, moment).await?;
            if let Some(assigner) = assigner {
                for feature in changes.moved_of(&into.id) {
                    assigner.assign(std::slice::from_mut(feature))?;
                }
            }
        }
        let mut made: Vec<CollectionId> = Vec::new();
        let mut revision = None;
        let is_needed = |held: &&Held| {
            let counts = changes.counts.get(held.collection.id.as_str());
            held.is_new && counts.is_some_and(|counts| counts.inserted > 0)
        };
        for held in store.all().filter(is_needed) {
            match create(target, held, options).await {
                Ok(done) => revision = Some(done),
                Err(refused) => return undone(target, made, refused).await,
            }
            made.push(held.collection.id.clone());
        }
        if !changes.all.is_empty() {
            let set = ChangeSet {
                expect: None,
                actor: "local".to_owned(),
                reason: options.reason.clone(),
                recorded_at: options.recorded_at,
                changes: changes.all,
            };
            match target.apply(set).await {
                Ok(done) => revision = Some(done.0),
                Err(refused) => return undone(target, made, refused).await,
            }
        }
        let collection = &store.households.collection.id;
        let part = |rows, total| PersonalLoad {
            collection: collection.clone(),
            fields: fields.clone(),
            rows,
            actor: "local".to_owned(),
            reason: options.reason.clone(),
            at: options.recorded_at,
            total,
        };
        let mut kept = 0;
        for some in personal.chunks(TOGETHER) {
            let row = |(number, values): &(String, PersonalValues)| PersonalRow {
                key: Value::Text(number.clone()),
                values: fields.iter().map(|(field, _)| values.get(field).cloned()).collect(),
            };
            kept += target.put_personal(part(some.iter().map(row).collect(), None)).await?.values;
        }
        if !personal.is_empty() {
            target.put_personal(part(Vec::new(), Some(kept))).await?;
        }
        outcome.revision = revision;
        Ok(outcome)
    }
}

/// Makes a collection, empty.
async fn create(
    target: Target<'_>,
    held: &Held,
    options: &SurveyOptions,
) -> Result<u64, ImportError> {
    let load = Load {
        collection: held.collection.clone(),
        mode: LoadMode::Create,
        actor: "local".to_owned(),
        reason: options.reason.clone(),
        recorded_at: options.recorded_at,
    };
    let (sender, source) = mpsc::channel(1);
    let _sent = sender.send(LoadItem::Finish).await;
    Ok(target.load(load, source).await?.revision.0)
}

/// Takes back the collections that were made, and answers why.
async fn undone<T>(
    target: Target<'_>,
    made: Vec<CollectionId>,
    why: ImportError,
) -> Result<T, ImportError> {
    for id in made {
        target.remove(&id).await?;
    }
    Err(why)
}
