//! Photos of household files: bytes that lie with the evidence under their SHA-256, and a row of the
//! collection of photos for each.
//!
//! *Invariant:* the bytes of a photo are durable before its row is, and its row before it is
//! acknowledged.

use std::sync::Arc;

use ::ledger::dossier::PhotoTable;
use ::ledger::point::moment;
use spatial::{
    Change, ChangeOp, ChangeSet, CollectionId, CollectionSnapshot, Revision, Snapshot, Timestamp,
    Value, ValueRef,
};
use store::StoreError;
use store::evidence::{Digests, EvidenceFault};

use crate::ledger::{assign, blank};
use crate::{Engine, EngineError, now};

/// Most photos of one subject: a sheet prints no more.
const MOST_PHOTOS: usize = 200;
/// Digits of the SHA-256 that tell the photos of one subject apart.
const DIGITS: usize = 16;

/// A photo as a client sends it.
#[derive(Clone, Debug)]
pub struct NewPhoto {
    /// Where photos are kept.
    pub table: PhotoTable,
    /// The kind of the subject, which is there.
    pub kind: String,
    /// Its number.
    pub subject: String,
    /// What the photo shows.
    pub title: String,
    /// When it was taken.
    pub captured_at: Option<Timestamp>,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The SHA-256 that they must have, in lower-case digits.
    pub sha256: Option<String>,
    /// Who sends it: the authenticated principal, or `local`.
    pub actor: String,
}

/// A photo that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPhoto {
    /// A state that has it.
    pub revision: Revision,
    /// Its number.
    pub code: String,
    /// The SHA-256 of its bytes.
    pub sha256: String,
    /// Whether it was new.
    pub is_new: bool,
}

/// Rows of photos.
struct Photos<'a> {
    held: &'a CollectionSnapshot,
    table: &'a PhotoTable,
}

impl Engine {
    /// Whether the store keeps photos of files in this table.
    pub fn keeps_photos(&self, table: &PhotoTable) -> bool {
        self.store().evidence_folder().is_some() && find(&self.snapshot(), table).is_some()
    }

    /// Keeps a photo of a subject: durable and visible before this returns. The same bytes sent again
    /// for the same subject change nothing.
    ///
    /// # Errors
    /// When the store keeps no photos, the bytes have not the hash that was said, the subject has as
    /// many as it may, or it is out of the area of this handle; then nothing was changed, but that
    /// bytes may lie there without a row.
    pub async fn keep_photo(&self, new: NewPhoto) -> Result<KeptPhoto, EngineError> {
        // As a task of its own: a caller that goes away must not leave it half-way.
        let engine = self.clone();
        let task = tokio::spawn(async move { engine.take_photo(new).await });
        task.await.map_err(|error| EngineError::Internal { what: format!("a photo: {error}") })?
    }

    async fn take_photo(&self, mut new: NewPhoto) -> Result<KeptPhoto, EngineError> {
        let folder = self.store().evidence_folder().ok_or(EngineError::NoPhotos)?;
        let bytes = Arc::new(std::mem::take(&mut new.bytes));
        let hashed = Arc::clone(&bytes);
        let sha256 = self.pool().run_waiting(move || Digests::of(&hashed).sha256).await?;
        if new.sha256.as_ref().is_some_and(|said| *said != sha256) {
            return Err(EngineError::PhotoHash { found: sha256 });
        }
        let known = self.known_photo(&new, &sha256)?;
        // A file that was lost comes back.
        folder.put(sha256.clone(), bytes).await?;
        if let Some(known) = known {
            return Ok(known);
        }
        let state = self.snapshot();
        let photos = find(&state, &new.table).ok_or(EngineError::NoPhotos)?;
        let collection = photos.held.collection();
        let code = format!("{}/{}", new.subject, &sha256[..DIGITS]);
        let text = |text: &str| Value::Text(text.to_owned());
        let captured = new.captured_at.map_or(Value::Null, |at| text(&moment::written(at)));
        let mut feature = blank(collection);
        assign(
            collection,
            &mut feature,
            [
                (new.table.code.as_str(), text(&code)),
                (&new.table.kind, text(&new.kind)),
                (&new.table.subject, text(&new.subject)),
                (&new.table.title, text(&new.title)),
                (&new.table.captured, captured),
                (&new.table.hash, text(&sha256)),
            ],
        );
        let change = Change {
            collection: collection.id.clone(),
            op: ChangeOp::Insert(feature),
            unchanged_since: None,
        };
        let set = ChangeSet {
            expect: None,
            actor: new.actor.clone(),
            reason: format!("photo of {} {}", new.kind, new.subject),
            recorded_at: state.recorded_at.map_or(now(), |recorded| recorded.max(now())),
            changes: vec![change],
        };
        match self.apply(set).await {
            Ok(commit) => Ok(KeptPhoto { revision: commit.revision, code, sha256, is_new: true }),
            // It came twice at the same time.
            Err(EngineError::Store(StoreError::DuplicateKey { collection, .. })) => {
                self.known_photo(&new, &sha256)?.ok_or(EngineError::KeyTaken { collection })
            }
            Err(error) => Err(error),
        }
    }

    /// The photo of a subject with these bytes, if it is there; refused where there is no room for one.
    fn known_photo(&self, new: &NewPhoto, sha256: &str) -> Result<Option<KeptPhoto>, EngineError> {
        let state = self.snapshot();
        let photos = find(&state, &new.table).ok_or(EngineError::NoPhotos)?;
        let (mut known, mut count) = (None, 0);
        photos.each_of(new, &mut |code, hash| {
            count += 1;
            if hash == ValueRef::Text(sha256) {
                known = Some(code.to_owned());
            }
        });
        let (revision, sha256) = (state.revision, sha256.to_owned());
        match known {
            Some(code) => Ok(Some(KeptPhoto { revision, code, sha256, is_new: false })),
            None if count >= MOST_PHOTOS => {
                Err(EngineError::TooManyPhotos { subject: new.subject.clone(), most: MOST_PHOTOS })
            }
            None => Ok(None),
        }
    }

    /// The bytes of a photo by their SHA-256, which lie with the evidence; none when they are lost or
    /// damaged.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn photo_bytes(&self, hash: &str) -> Result<Option<Vec<u8>>, EngineError> {
        let Some(folder) = self.store().evidence_folder() else { return Ok(None) };
        match folder.read(hash.to_owned()).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(EvidenceFault::Store(error)) => Err(EngineError::Store(error)),
            Err(fault) => {
                tracing::warn!(%fault, "a photo cannot be read");
                Ok(None)
            }
        }
    }
}

/// The rows of photos of a state, if they can name subjects and bytes.
fn find<'a>(state: &'a Snapshot, table: &'a PhotoTable) -> Option<Photos<'a>> {
    let held = state.collections.get(&CollectionId::try_from(table.collection.as_str()).ok()?)?;
    let has = |field: &String| held.collection().field_position(field).is_some();
    let needed = [&table.code, &table.kind, &table.subject, &table.hash];
    needed.into_iter().all(has).then_some(Photos { held, table })
}

impl Photos<'_> {
    /// Visits number and hash of each photo of the subject.
    fn each_of(&self, new: &NewPhoto, visit: &mut dyn FnMut(&str, ValueRef<'_>)) {
        let at = |field: &str| self.held.collection().field_position(field);
        let table = self.table;
        let [Some(code), Some(kind), Some(subject), Some(hash)] =
            [&table.code, &table.kind, &table.subject, &table.hash].map(|field| at(field))
        else {
            return;
        };
        self.held.with_text(subject, &new.subject, &mut |shard, slots| {
            for slot in slots {
                let row = shard.feature(usize::from(*slot));
                if row.value(kind) == ValueRef::Text(&new.kind)
                    && let ValueRef::Text(code) = row.value(code)
                {
                    visit(code, row.value(hash));
                }
            }
        });
    }
}
