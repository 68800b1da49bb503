//! The side that holds the store.
//!
//! Features of a load are set aside in a file without a name until all have come: a slow or
//! broken sender keeps no other writer waiting and leaves nothing.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Error, ErrorKind, Seek};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use engine::Engine;
use server::Access;
use spatial::{CollectionId, Revision, Timestamp};
use store::{
    AccountStore, AuditStore, FeatureStore, GeoPackageStore, Load, LoadItem, LoadSummary,
    PersonalStore,
};
use tokio::net::UnixListener;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};

use super::accounts::DescribedChange;
use super::changes::ChangesHead;
use super::describe::{Command, Hello, LoadHead, Outcome};
use super::message::{self, Kind};
use super::{Document, DocumentRules, PROTOCOL, feature_bytes, socket_path};
use crate::register::{EventSheet, RowFate, Sheet, raise_rows, take_in};

/// Most senders at a time; more wait.
const SENDERS: usize = 4;
/// A sender that is silent for so long is let go.
const SILENCE: Duration = Duration::from_secs(60);
/// Messages that may wait for the store.
const QUEUE: usize = 8;

/// The socket beside a store, for as long as the value lives.
#[derive(Debug)]
pub struct Listener {
    path: PathBuf,
    socket: UnixListener,
}

/// What the senders' work is done with.
#[derive(Clone)]
struct Held {
    store: Arc<GeoPackageStore>,
    engine: Engine,
    access: Access,
    rules: DocumentRules,
    user: u32,
    /// How many files were set aside, so that each has a name of its own.
    spools: Arc<AtomicU64>,
}

impl Listener {
    /// Makes the socket of `store`, which this process holds: a socket that is there is one that
    /// an earlier holder left.
    pub fn bind(store: &Path) -> std::io::Result<Self> {
        let path = socket_path(store);
        match std::fs::symlink_metadata(&path) {
            Ok(found) if found.file_type().is_socket() => std::fs::remove_file(&path)?,
            Ok(_) => return Err(ErrorKind::AlreadyExists.into()),
            Err(_none) => {}
        }
        let socket = UnixListener::bind(&path)?;
        let listener = Self { path, socket };
        std::fs::set_permissions(&listener.path, std::fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    }

    /// Answers until it is dropped.
    pub async fn answer(
        self,
        store: Arc<GeoPackageStore>,
        (engine, access): (Engine, Access),
        rules: DocumentRules,
    ) {
        use std::os::unix::fs::MetadataExt;
        let Ok(own) = std::fs::metadata(&self.path) else { return };
        let user = own.uid();
        let held = Held { store, engine, access, rules, user, spools: Arc::default() };
        let places = Arc::new(Semaphore::new(SENDERS));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let stream = match self.socket.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "connection beside the store not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let held = held.clone();
            let runtime = Handle::current();
            // A thread of its own, which the end of the server does not wait for.
            std::thread::spawn(move || {
                if let Err(error) = held.converse(stream, &runtime) {
                    tracing::debug!(%error, "a sender beside the store ended early");
                }
                drop(place);
            });
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.path);
    }
}

impl Held {
    /// Does what one connection asks, message by message.
    fn converse(&self, stream: tokio::net::UnixStream, runtime: &Handle) -> std::io::Result<()> {
        let sender = stream.peer_cred()?.uid();
        let stream = stream.into_std()?;
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(SILENCE))?;
        stream.set_write_timeout(Some(SILENCE))?;
        if sender != self.user && sender != 0 {
            return refuse(&stream, "only the user who runs the server is answered");
        }
        let mut from = BufReader::with_capacity(1 << 16, &stream);
        let Some((Kind::Hello, hello)) = message::read(&mut from)? else {
            return refuse(&stream, "the first message says protocol and store");
        };
        match serde_json::from_slice::<Hello>(&hello) {
            Ok(Hello { protocol: PROTOCOL, fingerprint })
                if fingerprint == self.store.fingerprint() => {}
            Ok(Hello { protocol: PROTOCOL, .. }) => {
                return refuse(&stream, "the file is not the store that is served");
            }
            _ => return refuse(&stream, "it is of another version than this command"),
        }
        done(&stream, Outcome::from(Revision(0)))?;
        while let Some((kind, body)) = message::read(&mut from)? {
            if let Kind::Sheet | Kind::EventSheet | Kind::Document = kind {
                match self.take(kind, &body, runtime) {
                    Ok(answer) => message::write(&mut &stream, Kind::Done, &answer)?,
                    Err(reason) => refuse(&stream, &reason)?,
                }
                continue;
            }
            let outcome = match kind {
                Kind::Command => self.command(&body, runtime),
                Kind::Load | Kind::Changes => match self.set_aside(&mut from) {
                    Ok(spool) if kind == Kind::Load => self.load(&body, spool, runtime),
                    Ok(spool) => self.apply(&body, spool, runtime),
                    // What follows is in the middle of a load: no more is read.
                    Err(error) => return refuse(&stream, &error.to_string()),
                },
                _ => Err("a command or a load is expected".to_owned()),
            };
            match outcome {
                Ok(outcome) => done(&stream, outcome)?,
                Err(reason) => refuse(&stream, &reason)?,
            }
        }
        Ok(())
    }

    fn command(&self, body: &[u8], runtime: &Handle) -> Result<Outcome, String> {
        let command: Command = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let id = |text: &str| CollectionId::try_from(text).map_err(|error| error.to_string());
        let store = &self.store;
        let work = async {
            let revision = match command {
                Command::Describe { collection } => {
                    let collection = collection.read().ok_or("the collection is not readable")?;
                    store.describe(&collection).await
                }
                Command::Rename { from, to } => store.rename(&id(&from)?, &id(&to)?).await,
                Command::Remove { id: name } => store.remove(&id(&name)?).await,
                Command::Style { id: name, name: style, qml, sld } => {
                    store.set_style(&id(&name)?, &style, &qml, &sld).await
                }
                Command::Accounts { change, by, at } => {
                    return self.change_accounts(change, by, at).await;
                }
                Command::Personal { load } => {
                    let load = load.read().ok_or("the personal values are not readable")?;
                    let done = store.put_personal(load).await.map_err(|e| e.to_string())?;
                    let unchanged = Outcome::from(self.engine.snapshot().revision);
                    let (inserted, removed) = (done.values, done.unplaced);
                    return Ok(Outcome { inserted, removed, ..unchanged });
                }
                Command::Audit { entry } => {
                    let kept = store.audit(entry.read()).await;
                    let unchanged = self.engine.snapshot().revision;
                    return kept.map(|_row| Outcome::from(unchanged)).map_err(|e| e.to_string());
                }
                Command::AuditHead { head } => {
                    let kept = store.add_audit_head(head.read()).await;
                    let unchanged = self.engine.snapshot().revision;
                    return kept.map(|()| Outcome::from(unchanged)).map_err(|e| e.to_string());
                }
            };
            self.show(revision.map(Outcome::from)).await
        };
        runtime.block_on(work)
    }

    /// Changes accounts, and checks requests against that from then on.
    async fn change_accounts(
        &self,
        change: DescribedChange,
        by: String,
        at: i64,
    ) -> Result<Outcome, String> {
        let change = change.read().ok_or("the change of accounts is not readable")?;
        let made = self.store.change_accounts(change, by, Timestamp(at)).await;
        let token = made.map_err(|error| error.to_string())?;
        self.access.reload().await.map_err(|error| {
            format!("the change is durable, but requests are not checked against it yet: {error}")
        })?;
        let unchanged = Outcome::from(self.engine.snapshot().revision);
        Ok(Outcome { token: token.map(|id| id.0), ..unchanged })
    }

    /// Takes a spreadsheet or a document in; what became of it, as JSON.
    fn take(&self, kind: Kind, body: &[u8], runtime: &Handle) -> Result<Vec<u8>, String> {
        let unreadable = |error: serde_json::Error| error.to_string();
        let fates: Vec<RowFate> = match kind {
            Kind::Document => {
                let document: Document = serde_json::from_slice(body).map_err(unreadable)?;
                let answer = runtime.block_on(document.take(&self.engine, &self.rules))?;
                return serde_json::to_vec(&answer).map_err(unreadable);
            }
            Kind::EventSheet => {
                let sheet: EventSheet = serde_json::from_slice(body).map_err(unreadable)?;
                runtime.block_on(raise_rows(&self.engine, sheet))?
            }
            _ => {
                let sheet: Sheet = serde_json::from_slice(body).map_err(unreadable)?;
                runtime.block_on(take_in(&self.engine, sheet))?
            }
        };
        serde_json::to_vec(&fates).map_err(unreadable)
    }

    /// Keeps the features of a load until the last has come.
    fn set_aside(&self, from: &mut BufReader<&UnixStream>) -> std::io::Result<File> {
        let mut spool = BufWriter::with_capacity(1 << 16, self.nameless_file()?);
        loop {
            match message::read(from)? {
                Some((Kind::Features, body)) => {
                    message::write(&mut spool, Kind::Features, &body)?;
                }
                Some((Kind::Finish, _)) => break,
                _ => return Err(Error::new(ErrorKind::InvalidData, "a load was given up")),
            }
        }
        let mut spool = spool.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        spool.rewind()?;
        Ok(spool)
    }

    /// A file beside the store that has no name any more: whatever happens, it is gone in the end.
    fn nameless_file(&self) -> std::io::Result<File> {
        let mut name = self.store.path().as_os_str().to_owned();
        let number = self.spools.fetch_add(1, Ordering::Relaxed);
        name.push(format!(".incoming-{}-{number}", std::process::id()));
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).mode(0o600).open(&name)?;
        std::fs::remove_file(&name)?;
        Ok(file)
    }

    fn load(&self, head: &[u8], spool: File, runtime: &Handle) -> Result<Outcome, String> {
        let head: LoadHead = serde_json::from_slice(head).map_err(|error| error.to_string())?;
        let load: Load = head.read().ok_or("the load is not readable")?;
        let fields = load.collection.fields.len();
        let id = &load.collection.id;
        let held = self.engine.snapshot().collections.get(id).map(Arc::clone);
        if held.is_some_and(|held| ledger::rows::is_kept_by_events(held.collection())) {
            return Err(format!("{id} belongs to the ledger, which events alone change"));
        }
        let (sender, source) = mpsc::channel(QUEUE);
        let feeding = std::thread::spawn(move || feed(spool, fields, &sender));
        let work = async {
            let summary = self.store.load(load, source).await;
            self.show(summary.map(|summary: LoadSummary| Outcome::from(summary))).await
        };
        let outcome = runtime.block_on(work);
        match feeding.join() {
            Ok(Ok(())) => outcome,
            Ok(Err(error)) => outcome.map_err(|reason| format!("{reason} ({error})")),
            Err(_panic) => Err("the features could not be read".to_owned()),
        }
    }

    /// Applies changes of several collections, all or none; the engine shows them.
    fn apply(&self, head: &[u8], spool: File, runtime: &Handle) -> Result<Outcome, String> {
        let head: ChangesHead = serde_json::from_slice(head).map_err(|error| error.to_string())?;
        let changes = head.read(spool).map_err(|error| error.to_string())?;
        let commit = runtime.block_on(self.engine.apply(changes));
        commit.map(|commit| Outcome::from(commit.revision)).map_err(|error| error.to_string())
    }

    /// Brings the snapshot up to what was done.
    async fn show(&self, done: Result<Outcome, store::StoreError>) -> Result<Outcome, String> {
        let outcome = done.map_err(|error| error.to_string())?;
        self.engine.refresh().await.map_err(|error| {
            format!("revision {} is durable, but not shown: {error}", outcome.revision)
        })?;
        Ok(outcome)
    }
}

/// Sends what was set aside to the store.
fn feed(spool: File, fields: usize, sender: &mpsc::Sender<LoadItem>) -> std::io::Result<()> {
    let mut spool = BufReader::with_capacity(1 << 16, spool);
    while let Some((_, body)) = message::read(&mut spool)? {
        let features = feature_bytes::decode(&body, fields)
            .ok_or_else(|| Error::new(ErrorKind::InvalidData, "features are not readable"))?;
        if sender.blocking_send(LoadItem::Features(features)).is_err() {
            // The store has given up; its own error says why.
            return Ok(());
        }
    }
    let _gone = sender.blocking_send(LoadItem::Finish);
    Ok(())
}

fn done(mut to: &UnixStream, outcome: Outcome) -> std::io::Result<()> {
    message::write(&mut to, Kind::Done, &serde_json::to_vec(&outcome)?)
}

fn refuse(mut to: &UnixStream, reason: &str) -> std::io::Result<()> {
    message::write(&mut to, Kind::Refused, reason.as_bytes())
}
