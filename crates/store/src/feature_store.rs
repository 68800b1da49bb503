//! The seam between the engine and a system of record.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use spatial::{
    ChangeSet, Collection, CollectionId, Commit, Envelope, Feature, FeatureId, Operation, Revision,
    Timestamp,
};
use tokio::sync::mpsc;

use crate::{AccountStore, AuditStore, EvidenceFolder, FenceStore, PersonalStore, StoreError};

/// What a load does with the collection that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadMode {
    /// A new collection; refused when one of that id exists.
    Create,
    /// Features are added to an existing collection.
    Append,
    /// Features, and the schema, take the place of all that was there; ids are never given again.
    Replace,
    /// A feature whose key field equals that of one before it replaces that one; others are
    /// added, those without a key too. The key that the load names becomes the collection's.
    Upsert,
}

/// A bulk load: one transaction, all or nothing.
#[derive(Clone, Debug)]
pub struct Load {
    /// What is created, or what the features must fit.
    pub collection: Collection,
    /// What happens to features that are there.
    pub mode: LoadMode,
    /// Who does it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When the store records it.
    pub recorded_at: Timestamp,
}

/// Values of one feature that are to be gone for good.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// Where.
    pub collection: CollectionId,
    /// Which feature; it may be gone, as long as it has a past.
    pub id: FeatureId,
    /// Names of the fields; empty for every field of class L3 or L4, those that only past
    /// states have included.
    pub fields: Vec<String>,
    /// Who does it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When the store records it.
    pub recorded_at: Timestamp,
}

/// The oldest state that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryStart {
    /// Its revision.
    pub revision: Revision,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// What flows into a load.
#[derive(Debug)]
pub enum LoadItem {
    /// Some features, in the storage CRS and in the order of the collection's fields.
    Features(Vec<Feature>),
    /// All were sent: commit. A channel that closes without it rolls everything back.
    Finish,
}

/// What a load did.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadSummary {
    /// State after the commit.
    pub revision: Revision,
    /// Features added.
    pub inserted: u64,
    /// Features replaced in place (upsert).
    pub updated: u64,
    /// Features removed (replace).
    pub removed: u64,
}

/// One row of the change log.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeRecord {
    /// The commit that it belongs to.
    pub revision: Revision,
    /// Where.
    pub collection: CollectionId,
    /// What.
    pub operation: Operation,
    /// Which feature; absent for a bulk load, which is one row.
    pub id: Option<FeatureId>,
    /// Envelope before.
    pub before: Option<Envelope>,
    /// Envelope after; that of all features for a bulk load.
    pub after: Option<Envelope>,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When the store recorded it.
    pub recorded_at: Timestamp,
}

/// A state that a feature once had, kept when it was replaced or removed.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// First revision at which it held.
    pub from: Revision,
    /// The commit that ended it.
    pub until: Revision,
    /// Who ended it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When the store recorded the end.
    pub recorded_at: Timestamp,
    /// Names of the fields as they were then, in the order of the properties.
    pub fields: Vec<String>,
    /// The state itself; without its geometry when the collection has another CRS by now.
    pub feature: Feature,
}

/// A feature and the state that it had at some revision, in the fields that its collection has
/// now: a field that is new, or has another type, is null. None when it was not there.
pub type FormerState = (FeatureId, Option<Feature>);
/// Actor of what other programs wrote.
pub const EXTERNAL: &str = "external";

/// What was taken in of other programs' writing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignSummary {
    /// State after it.
    pub revision: Revision,
    /// Features added.
    pub inserted: u64,
    /// Features replaced.
    pub replaced: u64,
    /// Features removed, those among them that a flaw keeps out now.
    pub deleted: u64,
    /// Rows newly kept out.
    pub kept_out: u64,
    /// What became of tables, a sentence each that names the table.
    pub notes: Vec<String>,
}

impl ForeignSummary {
    /// Adds what was taken in later.
    pub(crate) fn add(&mut self, later: Self) {
        self.revision = later.revision;
        self.inserted += later.inserted;
        self.replaced += later.replaced;
        self.deleted += later.deleted;
        self.kept_out += later.kept_out;
        self.notes.extend(later.notes);
    }
}

/// A row that another program wrote and that is no feature because of a flaw, or a whole table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptOut {
    /// The table: a collection, or one that is none.
    pub collection: String,
    /// The id of the row; absent for a table.
    pub fid: Option<i64>,
    /// Where the flaw is, as a JSON pointer into the feature; empty for a table.
    pub place: String,
    /// What is wrong. Never holds a value of a property.
    pub reason: String,
    /// When it was noticed.
    pub since: Timestamp,
}

/// Features that [`FeatureStore::all_features`] asks for at a time.
const CHUNK: usize = 4096;

/// A system of record. All calls are awaited and may run on another machine.
///
/// An implementor promises: one writer at a time; a commit is durable when its call returns;
/// revisions grow by one a commit and name one state of the whole store; a feature's single part
/// is stored as the multi-part type that its collection declares; a state that no revision shows
/// leaves no history. It does *not* promise
/// that two calls see the same state: a remote store may answer each statement from its own
/// snapshot, so whoever needs one state compares [`FeatureStore::revision`] before and after.
#[async_trait]
pub trait FeatureStore: Send + Sync {
    /// Where fences are kept, if this store keeps any.
    fn fence_store(&self) -> Option<&dyn FenceStore> {
        None
    }

    /// Where accounts are kept, if this store keeps any.
    fn account_store(&self) -> Option<&dyn AccountStore> {
        None
    }

    /// Where the audit log is kept, if this store keeps one.
    fn audit_store(&self) -> Option<&dyn AuditStore> {
        None
    }

    /// Where personal values are kept, if this store keeps any.
    fn personal_store(&self) -> Option<&dyn PersonalStore> {
        None
    }

    /// Where the bytes of evidence lie, if this store keeps any.
    fn evidence_folder(&self) -> Option<&EvidenceFolder> {
        None
    }

    /// Number of the newest commit.
    async fn revision(&self) -> Result<Revision, StoreError>;

    /// Every collection, ordered by id, with its extent and count.
    async fn collections(&self) -> Result<Vec<Collection>, StoreError>;

    /// Changes what is said of a collection: title, description, attribution, key, zooms, style,
    /// field aliases and classes. Id, CRS, geometry type, field names and types stay.
    async fn describe(&self, collection: &Collection) -> Result<Revision, StoreError>;

    /// Gives a collection another id; its change log and history follow.
    async fn rename(&self, from: &CollectionId, to: &CollectionId) -> Result<Revision, StoreError>;

    /// Removes a collection and its features; its change log and history stay.
    async fn remove(&self, id: &CollectionId) -> Result<Revision, StoreError>;

    /// Sends every feature of a collection in chunks of at most `chunk`, by rising id, from one
    /// state. Ends early, without error, when the receiver is dropped.
    async fn scan(
        &self,
        id: &CollectionId,
        chunk: usize,
        sink: mpsc::Sender<Vec<Feature>>,
    ) -> Result<(), StoreError>;

    /// Every feature of a collection that fits memory, by rising id.
    async fn all_features(&self, id: &CollectionId) -> Result<Vec<Feature>, StoreError> {
        let (sender, mut receiver) = mpsc::channel(4);
        let gather = async {
            let mut all = Vec::new();
            while let Some(mut some) = receiver.recv().await {
                all.append(&mut some);
            }
            all
        };
        let (scanned, all) = tokio::join!(self.scan(id, CHUNK, sender), gather);
        scanned?;
        Ok(all)
    }

    /// Loads features in bulk, in one transaction.
    async fn load(
        &self,
        load: Load,
        source: mpsc::Receiver<LoadItem>,
    ) -> Result<LoadSummary, StoreError>;

    /// Applies change sets in their order, each whole or not at all and each of its own revision;
    /// features, change log and history of all that hold become durable together. One answer a
    /// set, in order. A set that was recorded before the newest commit, by its clock, is recorded
    /// at the moment of that commit: time never runs backwards in the log.
    async fn commit_all(&self, sets: Arc<[ChangeSet]>) -> Vec<Result<Commit, StoreError>>;

    /// Applies one change set: features, change log and history in one durable transaction.
    async fn commit(&self, changes: ChangeSet) -> Result<Commit, StoreError> {
        let mut answers = self.commit_all(Arc::new([changes])).await;
        answers.pop().unwrap_or(Err(StoreError::Closed { path: PathBuf::new() }))
    }

    /// The features called `ids` that the newest revision has; others are passed over.
    async fn features(
        &self,
        id: &CollectionId,
        ids: &[FeatureId],
    ) -> Result<Vec<Feature>, StoreError>;

    /// Takes in what other programs wrote into the store since this was last asked: their changes
    /// become a revision with change log and history, rows with a flaw are kept out and listed.
    /// None when nobody wrote, when the store is open for reading only, and of a store that no
    /// other program can write to. Every commit takes in what is there before its own changes, so
    /// that it never builds on what no revision has shown; that is told by the next call.
    async fn take_in_foreign(
        &self,
        recorded_at: Timestamp,
    ) -> Result<Option<ForeignSummary>, StoreError>;

    /// What is kept out, of one table or of all, by table and id, at most `limit` entries.
    async fn kept_out(
        &self,
        collection: Option<&CollectionId>,
        limit: usize,
    ) -> Result<Vec<KeptOut>, StoreError>;

    /// Rows of the change log after `since`, oldest first, whole commits, at least one commit
    /// and then no more than `limit` rows.
    async fn changes(&self, since: Revision, limit: usize)
    -> Result<Vec<ChangeRecord>, StoreError>;

    /// The newest revision that was recorded at `moment` or before; 0 when none was.
    async fn revision_at(&self, moment: Timestamp) -> Result<Revision, StoreError>;

    /// Sends every feature of a collection that came, changed or went after `revision`, each once,
    /// in chunks of at most `chunk`, from one state. Ends early, without error, when the receiver
    /// is dropped.
    async fn former_states(
        &self,
        id: &CollectionId,
        revision: Revision,
        chunk: usize,
        sink: mpsc::Sender<Vec<FormerState>>,
    ) -> Result<(), StoreError>;

    /// The row of the change log with which a feature came, its own or that of its load.
    async fn arrival(
        &self,
        collection: &CollectionId,
        id: FeatureId,
    ) -> Result<Option<ChangeRecord>, StoreError>;

    /// Past states of one feature, oldest first.
    async fn history(
        &self,
        collection: &CollectionId,
        id: FeatureId,
    ) -> Result<Vec<Version>, StoreError>;

    /// Erases values of classes L3 and L4 of one feature for good: present and past ones become
    /// null, no copy of them stays in the store, and the change log says who did it, when and why.
    /// The feature, if it is there, begins a new state. Refused when a field named is of a lower
    /// class. It may be repeated. Personal values of the feature are erased with the same words, and
    /// the audit log says so.
    async fn erase(&self, erasure: Erasure) -> Result<Commit, StoreError>;

    /// The rows of the change log that tell of erasures of one feature, oldest first.
    async fn erasures(
        &self,
        collection: &CollectionId,
        id: FeatureId,
    ) -> Result<Vec<ChangeRecord>, StoreError>;

    /// Lets at most `most` past states go, the oldest first, that were recorded to end before a
    /// moment; answers whether more may be there. The change log stays, and so does what is asked
    /// of states that are whole still: older ones are refused from then on.
    async fn drop_history(&self, ended_before: Timestamp, most: usize) -> Result<bool, StoreError>;

    /// Where history begins; none when every past state is there.
    async fn history_start(&self) -> Result<Option<HistoryStart>, StoreError>;
}
