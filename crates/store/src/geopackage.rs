//! The embedded store: one GeoPackage file, which GDAL and QGIS open while this program runs.

mod accounts;
mod audit;
mod backup;
mod catalogue;
mod commit;
mod connection;
mod erase;
mod examine;
mod fences;
mod foreign;
#[cfg(test)]
mod foreign_tests;
mod history;
mod kept_out;
mod keys;
mod load;
mod lock;
mod log;
mod notes;
mod open;
mod past;
mod personal;
mod restore;
mod retention;
mod row;
mod rtree;
mod scan;
mod schema;
mod shown;
mod srs;
mod structure;
#[cfg(test)]
mod structure_tests;
mod verify;
mod watch;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use rusqlite::Connection;
use spatial::{
    ChangeSet, Collection, CollectionId, Commit, Feature, FeatureId, Revision, Timestamp,
};
use tokio::sync::mpsc;

use crate::fit::{check_same_schema, check_schema, erasable_names};
use crate::{
    AccountStore, AuditStore, ChangeRecord, Erasure, EvidenceFolder, FeatureStore, FenceStore,
    ForeignSummary, FormerState, HistoryStart, KeptOut, Load, LoadItem, LoadSummary, PersonalStore,
    StoreError, Version,
};
pub use backup::{BackupSummary, Existing};
pub(crate) use connection::open_reader;
use keys::Keys;
pub use restore::{NewCollections, Restore, RestoreSummary, RestoredCollection};
pub use verify::{Defect, Verification};
use watch::Watch;
use writer::WriterHandle;

/// Connections kept open for the next reader.
const IDLE_READERS: usize = 4;

/// A store in one GeoPackage file.
///
/// One thread writes; whoever opens the file for writing holds the lock beside it until the store
/// is dropped. Reads run on tokio's blocking threads, each on its own connection.
#[derive(Debug)]
pub struct GeoPackageStore {
    path: PathBuf,
    fingerprint: String,
    // These close before the writer does: only the last connection of all takes the log away, and
    // a reading one may not.
    readers: Arc<Readers>,
    evidence: EvidenceFolder,
    keys: Arc<Keys>,
    watch: Arc<Watch>,
    writer: Option<WriterHandle>,
}

impl GeoPackageStore {
    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The random id that the store was given when it was made, 32 hexadecimal digits: it tells
    /// a store from another that lies under the same name.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Looks for the master key, under which past values of classes L3 and L4 are sealed, at
    /// `path` instead of beside the store. It is read, or made, when it is first needed.
    pub fn set_key_file(&self, path: PathBuf) {
        self.keys.look_at(path);
    }

    /// Puts a style where QGIS finds it: the collection's default from now on. It takes the place
    /// of a style of the same name.
    pub async fn set_style(
        &self,
        collection: &CollectionId,
        name: &str,
        qml: &str,
        sld: &str,
    ) -> Result<Revision, StoreError> {
        let (collection, name) = (collection.clone(), name.to_owned());
        let (qml, sld) = (qml.to_owned(), sld.to_owned());
        self.writer()?
            .run(move |writer| {
                writer.transaction("styling a layer of", |writer| {
                    let table = writer.table(&collection)?;
                    catalogue::set_style(&writer.db, &table, &name, &qml, &sld)?;
                    Ok(writer.revision())
                })
            })
            .await
    }

    /// Bounds the file, so that a test can fill it.
    #[cfg(test)]
    pub(crate) async fn limit_pages(&self, pages: u32) {
        let limit = format!("PRAGMA max_page_count = {pages}");
        let set = move |writer: &mut writer::Writer| Ok(writer.db.execute_batch(&limit)?);
        if let Ok(writer) = self.writer() {
            let _ = writer.run(set).await;
        }
    }

    fn writer(&self) -> Result<&WriterHandle, StoreError> {
        self.writer.as_ref().ok_or_else(|| StoreError::ReadOnly { path: self.path.clone() })
    }

    /// Runs `read` on a blocking thread with a connection of its own.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = Arc::clone(&self.readers);
        let task = move || {
            let db = readers.take()?;
            let answer = read(&db).map_err(|error| error.during("reading", &readers.path))?;
            readers.give_back(db);
            Ok(answer)
        };
        let closed = |_ended| StoreError::Closed { path: self.path.clone() };
        tokio::task::spawn_blocking(task).await.map_err(closed)?
    }
}

/// Reading connections that wait for use.
#[derive(Debug)]
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    fn take(&self) -> Result<Connection, StoreError> {
        let idle = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        match idle {
            Some(db) => Ok(db),
            None => open_reader(&self.path).map_err(|error| error.during("opening", &self.path)),
        }
    }

    fn give_back(&self, db: Connection) {
        if let Ok(mut idle) = self.idle.lock()
            && idle.len() < IDLE_READERS
        {
            idle.push(db);
        }
    }
}

/// Runs `read` in one read transaction, so that its statements see one state.
fn in_one_state<T>(
    db: &Connection,
    read: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = db.unchecked_transaction()?;
    let answer = read(db)?;
    transaction.finish()?;
    Ok(answer)
}

#[async_trait]
impl FeatureStore for GeoPackageStore {
    fn fence_store(&self) -> Option<&dyn FenceStore> {
        Some(self)
    }

    fn account_store(&self) -> Option<&dyn AccountStore> {
        Some(self)
    }

    fn audit_store(&self) -> Option<&dyn AuditStore> {
        Some(self)
    }

    fn personal_store(&self) -> Option<&dyn PersonalStore> {
        Some(self)
    }

    fn evidence_folder(&self) -> Option<&EvidenceFolder> {
        Some(&self.evidence)
    }

    async fn revision(&self) -> Result<Revision, StoreError> {
        self.read(|db| Ok(Revision(scan::revision(db)?))).await
    }

    async fn collections(&self) -> Result<Vec<Collection>, StoreError> {
        let tables = self.read(|db| in_one_state(db, catalogue::read_all)).await?;
        Ok(tables.into_iter().map(|table| table.collection).collect())
    }

    async fn describe(&self, collection: &Collection) -> Result<Revision, StoreError> {
        let asked = collection.clone();
        self.writer()?
            .run(move |writer| {
                writer.transaction("describing a collection of", |writer| {
                    let table = writer.table(&asked.id)?;
                    check_schema(&asked)?;
                    check_same_schema(&table.collection, &asked)?;
                    if table.collection.key != asked.key {
                        writer.db.execute_batch(&table.columns.drop_key())?;
                        if let Some(key) = &asked.key {
                            load::create_key(&writer.db, &table, key)?;
                        }
                        let table =
                            catalogue::Table { collection: asked.clone(), ..(*table).clone() };
                        notes::create_triggers(&writer.db, &table)?;
                    }
                    let raised = erasable_names(&asked, Some(&table.collection));
                    history::seal(&writer.db, &writer.keys, asked.id.as_str(), &raised)?;
                    catalogue::describe(&writer.db, &asked)?;
                    Ok(writer.revision())
                })
            })
            .await
    }

    async fn rename(&self, from: &CollectionId, to: &CollectionId) -> Result<Revision, StoreError> {
        let (from, to) = (from.clone(), to.clone());
        self.writer()?
            .run(move |writer| {
                writer.transaction("renaming a collection of", |writer| {
                    let table = writer.table(&from)?;
                    catalogue::check_free(&writer.db, &to)?;
                    if catalogue::retired(&writer.db, &to)?.is_some() {
                        return Err(StoreError::RetiredId { id: to });
                    }
                    let before = catalogue::retired(&writer.db, &table.collection.id)?;
                    catalogue::retire(&writer.db, &table)?;
                    catalogue::rename_tables(&writer.db, &table, &to)?;
                    if let Some(last) = before {
                        // The log of what had the name before it goes by the new one, too.
                        catalogue::follow_retired(&writer.db, &to, last)?;
                    }
                    Ok(writer.revision())
                })
            })
            .await
    }

    async fn remove(&self, id: &CollectionId) -> Result<Revision, StoreError> {
        let id = id.clone();
        self.writer()?
            .run(move |writer| {
                writer.transaction("removing a collection of", |writer| {
                    let table = writer.table(&id)?;
                    catalogue::retire(&writer.db, &table)?;
                    catalogue::drop_tables(&writer.db, &table)?;
                    catalogue::drop_styles(&writer.db, &table)?;
                    Ok(writer.revision())
                })
            })
            .await
    }

    async fn scan(
        &self,
        id: &CollectionId,
        chunk: usize,
        sink: mpsc::Sender<Vec<Feature>>,
    ) -> Result<(), StoreError> {
        let (path, id) = (self.path.clone(), id.clone());
        let task = move || {
            scan::scan(&path, &id, chunk, &sink).map_err(|error| error.during("reading", &path))
        };
        let closed = |_ended| StoreError::Closed { path: self.path.clone() };
        tokio::task::spawn_blocking(task).await.map_err(closed)?
    }

    async fn load(
        &self,
        load: Load,
        source: mpsc::Receiver<LoadItem>,
    ) -> Result<LoadSummary, StoreError> {
        self.writer()?.run(move |writer| load::load(writer, &load, source)).await
    }

    async fn commit_all(&self, sets: Arc<[ChangeSet]>) -> Vec<Result<Commit, StoreError>> {
        let count = sets.len();
        let answers = match self.writer() {
            Ok(writer) => writer.commit_all(sets).await,
            Err(error) => Err(error),
        };
        answers.unwrap_or_else(|_refused| {
            let refused = || match &self.writer {
                Some(_) => StoreError::Closed { path: self.path.clone() },
                None => StoreError::ReadOnly { path: self.path.clone() },
            };
            (0..count).map(|_| Err(refused())).collect()
        })
    }

    async fn features(
        &self,
        id: &CollectionId,
        ids: &[FeatureId],
    ) -> Result<Vec<Feature>, StoreError> {
        let (id, ids) = (id.clone(), ids.to_vec());
        self.read(move |db| in_one_state(db, |db| scan::features(db, &id, &ids))).await
    }

    async fn take_in_foreign(
        &self,
        recorded_at: Timestamp,
    ) -> Result<Option<ForeignSummary>, StoreError> {
        let Some(writer) = &self.writer else { return Ok(None) };
        let watch = Arc::clone(&self.watch);
        if !self.read(move |_| watch.has_changed()).await? {
            return Ok(None);
        }
        let taken = writer.run(move |writer| writer.take_in(recorded_at)).await;
        if taken.is_err() {
            self.watch.look_again();
        }
        taken
    }

    async fn kept_out(
        &self,
        collection: Option<&CollectionId>,
        limit: usize,
    ) -> Result<Vec<KeptOut>, StoreError> {
        let collection = collection.map(|id| id.as_str().to_owned());
        self.read(move |db| kept_out::read(db, collection.as_deref(), limit)).await
    }

    async fn changes(
        &self,
        since: Revision,
        limit: usize,
    ) -> Result<Vec<ChangeRecord>, StoreError> {
        self.read(move |db| log::read(db, since, limit)).await
    }

    async fn revision_at(&self, moment: Timestamp) -> Result<Revision, StoreError> {
        self.read(move |db| in_one_state(db, |db| past::revision_at(db, moment))).await
    }

    async fn former_states(
        &self,
        id: &CollectionId,
        revision: Revision,
        chunk: usize,
        sink: mpsc::Sender<Vec<FormerState>>,
    ) -> Result<(), StoreError> {
        let (id, keys) = (id.clone(), Arc::clone(&self.keys));
        let send =
            move |db: &Connection| past::former_states(db, &keys, &id, revision, (chunk, &sink));
        self.read(send).await
    }

    async fn arrival(
        &self,
        collection: &CollectionId,
        id: FeatureId,
    ) -> Result<Option<ChangeRecord>, StoreError> {
        let collection = collection.clone();
        self.read(move |db| past::arrival(db, &collection, id)).await
    }

    async fn history(
        &self,
        collection: &CollectionId,
        id: FeatureId,
    ) -> Result<Vec<Version>, StoreError> {
        let (collection, keys) = (collection.clone(), Arc::clone(&self.keys));
        let read = move |db: &Connection| history::read(db, &keys, &collection, id);
        self.read(move |db| in_one_state(db, read)).await
    }

    async fn erase(&self, erasure: Erasure) -> Result<Commit, StoreError> {
        self.writer()?.run(move |writer| erase::erase(writer, &erasure)).await
    }

    async fn erasures(
        &self,
        collection: &CollectionId,
        id: FeatureId,
    ) -> Result<Vec<ChangeRecord>, StoreError> {
        let collection = collection.clone();
        self.read(move |db| erase::erasures(db, &collection, id)).await
    }

    async fn drop_history(&self, ended_before: Timestamp, most: usize) -> Result<bool, StoreError> {
        self.writer()?.run(move |writer| retention::drop_history(writer, ended_before, most)).await
    }

    async fn history_start(&self) -> Result<Option<HistoryStart>, StoreError> {
        self.read(|db| in_one_state(db, retention::start)).await
    }
}
