//! The one thread that writes: a queue of jobs; commits that come together share one fsync.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use spatial::{ChangeSet, CollectionId, Commit, Revision, Timestamp};
use tokio::sync::oneshot;

use super::catalogue::{self, Table};
use super::keys::Keys;
use super::lock::WriterLock;
use super::{commit, connection, foreign, log};
use crate::{ForeignSummary, StoreError};

/// After how long without a job the write-ahead log is folded in and cut off.
const IDLE: Duration = Duration::from_secs(1);

/// How often, and how long apart, the write-ahead log is tried to be emptied after an erasure.
const SCRUB_TRIES: u32 = 20;
const SCRUB_PAUSE: Duration = Duration::from_millis(50);

type Answers = Vec<Result<Commit, StoreError>>;

enum Job {
    Commit(Arc<[ChangeSet]>, oneshot::Sender<Answers>),
    Task(Box<dyn FnOnce(&mut Writer) + Send>),
}

/// Hands jobs to the writing thread; the last one to be dropped waits for it to end.
#[derive(Debug)]
pub(crate) struct WriterHandle {
    path: PathBuf,
    queue: Option<mpsc::Sender<Job>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl WriterHandle {
    pub(crate) fn start(
        path: &Path,
        db: Connection,
        lock: WriterLock,
        revision: Revision,
        keys: Arc<Keys>,
    ) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel();
        let recorded_at = log::newest(&db).map_err(|error| error.during("opening", path))?;
        let newest = Newest { revision, recorded_at, schema_seen: None, unreported: None };
        let mut writer =
            Writer { db, path: path.to_owned(), keys, newest, tables: HashMap::new(), dirty: true };
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                writer.run(&jobs);
                // The connection closes before another process may write.
                drop(writer);
                drop(lock);
            })
            .map_err(|source| StoreError::Io {
                operation: "starting the writer of",
                path: path.to_owned(),
                source,
            })?;
        Ok(Self { path: path.to_owned(), queue: Some(queue), thread: Some(thread) })
    }

    /// One answer a set, in order.
    pub(crate) async fn commit_all(&self, sets: Arc<[ChangeSet]>) -> Result<Answers, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Commit(sets, reply))?;
        answer.await.map_err(|_gone| self.closed())
    }

    /// Runs `task` on the writing thread.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Task(Box::new(move |writer| {
            // Whoever asked may have gone; the work stands all the same.
            let _ = reply.send(task(writer));
        })))?;
        answer.await.map_err(|_gone| self.closed())?
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        let queue = self.queue.as_ref().ok_or_else(|| self.closed())?;
        queue.send(job).map_err(|_gone| self.closed())
    }

    fn closed(&self) -> StoreError {
        StoreError::Closed { path: self.path.clone() }
    }
}

impl Drop for WriterHandle {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(store.path = %self.path.display(), "the writer ended by a panic");
        }
    }
}

/// The newest commit, and what is known of other programs' writing. A transaction that fails
/// goes back to it.
#[derive(Clone)]
struct Newest {
    revision: Revision,
    recorded_at: Timestamp,
    /// Number of the schema as this program left it or last looked at it.
    schema_seen: Option<i64>,
    /// What was taken in of others and not yet asked for.
    unreported: Option<ForeignSummary>,
}

/// What the writing thread owns.
pub(crate) struct Writer {
    pub(crate) db: Connection,
    path: PathBuf,
    pub(crate) keys: Arc<Keys>,
    /// What the transaction under way makes the newest commit.
    newest: Newest,
    tables: HashMap<CollectionId, Arc<Table>>,
    /// Whether the write-ahead log may hold pages.
    dirty: bool,
}

impl Writer {
    fn run(&mut self, jobs: &mpsc::Receiver<Job>) {
        loop {
            let job = match jobs.recv_timeout(IDLE) {
                Ok(job) => job,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    self.checkpoint();
                    match jobs.recv() {
                        Ok(job) => job,
                        Err(mpsc::RecvError) => break,
                    }
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            };
            self.dirty = true;
            match job {
                Job::Task(task) => task(self),
                Job::Commit(sets, reply) => {
                    let answers = self.commit_all(&sets);
                    // Whoever asked may have gone; the commits stand all the same.
                    let _ = reply.send(answers);
                }
            }
        }
        self.checkpoint();
    }

    /// Folds the write-ahead log into the file. A reader may stand in the way: next time then.
    fn checkpoint(&mut self) {
        if !self.dirty {
            return;
        }
        let busy = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
        self.dirty = !matches!(busy, Ok(0));
    }

    /// Writes the file anew, so that no page holds what was deleted, and empties the write-ahead
    /// log. Needs as much free space as the file has.
    pub(crate) fn scrub(&mut self) -> Result<(), StoreError> {
        // A copy of a large store does not fit into memory.
        let mut vacuum = || {
            let before = foreign::schema_version(&self.db)?;
            self.db
                .execute_batch("PRAGMA temp_store = FILE; VACUUM; PRAGMA temp_store = MEMORY;")?;
            // This alone counts the schema up by one; if more did, the tables are looked at again.
            let after = foreign::schema_version(&self.db)?;
            let ours = self.newest.schema_seen == Some(before) && after == before + 1;
            self.newest.schema_seen = Some(after).filter(|_| ours);
            Ok(())
        };
        vacuum().map_err(|error: StoreError| error.during("scrubbing", &self.path))?;
        for _ in 0..SCRUB_TRIES {
            self.dirty = true;
            self.checkpoint();
            if !self.dirty {
                return Ok(());
            }
            thread::sleep(SCRUB_PAUSE);
        }
        Err(StoreError::Unscrubbed { path: self.path.clone() })
    }

    pub(crate) fn revision(&self) -> Revision {
        self.newest.revision
    }

    /// The moment at which the transaction under way is recorded: `asked`, or that of the newest
    /// row of the change log when it is later.
    pub(crate) fn recorded_at(&self, asked: Timestamp) -> Timestamp {
        self.newest.recorded_at.max(asked)
    }

    /// Notes the moment of a row that the transaction under way wrote to the change log.
    pub(crate) fn note_recorded(&mut self, at: Timestamp) {
        self.newest.recorded_at = at;
    }

    /// A collection as the transaction under way sees it.
    pub(crate) fn table(&mut self, id: &CollectionId) -> Result<Arc<Table>, StoreError> {
        if let Some(table) = self.tables.get(id) {
            return Ok(Arc::clone(table));
        }
        let table = Arc::new(catalogue::read(&self.db, id)?);
        self.tables.insert(id.clone(), Arc::clone(&table));
        Ok(table)
    }

    /// Reads collections anew when they are next asked for.
    pub(super) fn forget_tables(&mut self) {
        self.tables.clear();
    }

    /// One transaction that makes one revision, durable when this returns.
    pub(crate) fn transaction<T>(
        &mut self,
        operation: &'static str,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.whole(operation, None, |writer| {
            writer.advance();
            work(writer)
        })
    }

    /// Takes in what other programs wrote; what it came to since this was last asked.
    pub(crate) fn take_in(&mut self, at: Timestamp) -> Result<Option<ForeignSummary>, StoreError> {
        if foreign::is_pending(&self.db, self.newest.schema_seen)? {
            self.whole("taking in what others wrote to", Some(at), |_| Ok(()))?;
        }
        Ok(self.newest.unreported.take())
    }

    /// One transaction, whole or not at all, after what others wrote is taken in.
    fn whole<T>(
        &mut self,
        operation: &'static str,
        at: Option<Timestamp>,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let before = self.newest.clone();
        self.tables.clear();
        let done = self.begin(at).and_then(|()| {
            let answer = work(self)?;
            self.write_revision()?;
            let schema = foreign::schema_version(&self.db)?;
            self.db.execute_batch("COMMIT")?;
            self.newest.schema_seen = Some(schema);
            Ok(answer)
        });
        if done.is_err() {
            self.roll_back(before);
        }
        self.tables.clear();
        done.map_err(|error| error.during(operation, &self.path))
    }

    /// One transaction that makes no revision of its own.
    pub(crate) fn upkeep<T>(
        &mut self,
        operation: &'static str,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.whole(operation, None, work)
    }

    /// Begins a transaction as the one writer: waits for other programs, keeps the triggers from
    /// noting what it does, and takes in what they noted.
    fn begin(&mut self, at: Option<Timestamp>) -> Result<(), StoreError> {
        self.db.execute_batch("BEGIN IMMEDIATE").map_err(|error| match error {
            error if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                StoreError::Locked { path: self.path.clone(), seconds: connection::BUSY.as_secs() }
            }
            error => error.into(),
        })?;
        self.db.prepare_cached("UPDATE tuban_meta SET value = 1 WHERE name = 'own'")?.execute([])?;
        let at = match at {
            Some(at) => at,
            None => foreign::now(&self.db)?,
        };
        foreign::take_in(self, at)
    }

    /// The next revision, within a transaction.
    pub(super) fn advance(&mut self) -> Revision {
        self.newest.revision.0 += 1;
        self.newest.revision
    }

    /// Takes [`Writer::advance`] back.
    pub(super) fn step_back(&mut self) {
        self.newest.revision.0 -= 1;
    }

    /// Number of the schema as this program left it or last looked at it.
    pub(super) fn schema_seen(&self) -> Option<i64> {
        self.newest.schema_seen
    }

    /// Notes the number of the schema as it is now.
    pub(super) fn see_schema(&mut self) -> Result<(), StoreError> {
        self.newest.schema_seen = Some(foreign::schema_version(&self.db)?);
        Ok(())
    }

    /// Keeps what was taken in until it is asked for.
    pub(super) fn report(&mut self, done: ForeignSummary) {
        match &mut self.newest.unreported {
            Some(earlier) => earlier.add(done),
            None => self.newest.unreported = Some(done),
        }
    }

    fn write_revision(&self) -> Result<(), StoreError> {
        self.db
            .prepare_cached(
                "UPDATE tuban_meta SET value = CASE name WHEN 'own' THEN 0 ELSE ?1 END
                 WHERE name IN ('own', 'revision')",
            )?
            .execute([self.newest.revision.0])?;
        Ok(())
    }

    fn roll_back(&mut self, before: Newest) {
        self.newest = before;
        self.tables.clear();
        // SQLite may have rolled back itself, on a full disk for one.
        if !self.db.is_autocommit()
            && let Err(error) = self.db.execute_batch("ROLLBACK")
        {
            tracing::error!(store.path = %self.path.display(), %error, "rolling back");
        }
    }

    /// Applies commits, in one transaction as long as the disk has room: then the log, which may
    /// take up what is missing, is folded in first, and who found none tries again.
    fn commit_all(&mut self, sets: &[ChangeSet]) -> Answers {
        let mut answers = self.commit_together(sets);
        if answers.iter().any(is_disk_full) {
            self.checkpoint();
            for (set, answer) in sets.iter().zip(&mut answers) {
                if is_disk_full(answer)
                    && let Some(again) = self.commit_together(slice::from_ref(set)).pop()
                {
                    *answer = again;
                }
            }
        }
        answers
    }

    /// Applies commits in one transaction: each of its own revision, each whole or not at all.
    fn commit_together(&mut self, sets: &[ChangeSet]) -> Answers {
        let before = self.newest.clone();
        let mut answers = Vec::with_capacity(sets.len());
        let mut outcome = self.begin(sets.first().map(|set| set.recorded_at));
        for set in sets {
            let answer = match outcome {
                Ok(()) => self.commit_one(set),
                Err(_) => Err(StoreError::Closed { path: self.path.clone() }),
            };
            if outcome.is_ok() && self.db.is_autocommit() {
                // The whole transaction is gone; this commit says why.
                outcome = match &answer {
                    Err(error) => Err(again(error)),
                    Ok(_) => Err(rusqlite::Error::ExecuteReturnedResults.into()),
                };
            }
            answers.push(answer);
        }
        if outcome.is_ok() {
            outcome = self.write_revision().and_then(|()| Ok(self.db.execute_batch("COMMIT")?));
        }
        if outcome.is_err() {
            self.roll_back(before);
        }
        let answer = |answer: Result<Commit, StoreError>| match (&outcome, answer) {
            (Err(error), Ok(_) | Err(StoreError::Closed { .. })) => {
                Err(again(error).during("committing to", &self.path))
            }
            (_, answer) => answer.map_err(|e| e.during("committing to", &self.path)),
        };
        answers.into_iter().map(answer).collect()
    }

    fn commit_one(&mut self, set: &ChangeSet) -> Result<Commit, StoreError> {
        let before = self.newest.clone();
        self.db.execute_batch("SAVEPOINT one")?;
        self.advance();
        match commit::apply(self, set) {
            Ok(commit) => {
                self.db.execute_batch("RELEASE one")?;
                Ok(commit)
            }
            Err(error) => {
                self.newest = before;
                self.tables.clear();
                if !self.db.is_autocommit() {
                    self.db.execute_batch("ROLLBACK TO one; RELEASE one")?;
                }
                Err(error)
            }
        }
    }
}

fn is_disk_full(answer: &Result<Commit, StoreError>) -> bool {
    answer.as_ref().is_err_and(StoreError::is_disk_full)
}

/// The same failure for another of those whom it hit.
fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Locked { path, seconds } => {
            StoreError::Locked { path: path.clone(), seconds: *seconds }
        }
        StoreError::Damaged { place, reason, .. } => StoreError::damaged(place.clone(), reason),
        StoreError::Sqlite { source: rusqlite::Error::SqliteFailure(code, text), .. } => {
            rusqlite::Error::SqliteFailure(*code, text.clone()).into()
        }
        _ => rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT),
            Some("another commit of the same transaction failed".to_owned()),
        )
        .into(),
    }
}
