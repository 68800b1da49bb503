//! The side that wants something done to a store that a server holds.

use std::io::{BufWriter, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use spatial::{ChangeSet, Collection, CollectionId, Feature, Revision, Timestamp};
use store::accounts::{AccountChange, TokenId};
use store::audit::{AuditEntry, AuditHead};
use store::personal::{PersonalLoad, PersonalSummary};
use store::{FeatureStore, GeoPackageStore, Load, LoadItem, LoadSummary, StoreError};
use thiserror::Error;
use tokio::sync::mpsc;

use super::describe::{Command, Described, Hello, LoadHead, Outcome};
use super::message::{self, Kind};
use super::personal::DescribedPersonal;
use super::{Document, PROTOCOL, changes, feature_bytes, socket_path};
use crate::register::{EventSheet, RowFate, Sheet};

/// Bytes of features that are sent together.
const CHUNK_BYTES: usize = 1 << 20;
/// The longest that the server is silent before it answers the first message.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// A server that does not do what it is asked.
#[derive(Debug, Error)]
pub enum LocalError {
    /// It says why.
    #[error("the server that holds the store refuses: {reason}")]
    Refused {
        /// What it says.
        reason: String,
    },
    /// It cannot be talked to.
    #[error(
        "the server that holds the store cannot be reached by {path}: {source}; nothing was changed unless it had all it needed"
    )]
    Io {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Nobody sends features any more.
    #[error("the load of {id} was given up; nothing of it was kept")]
    Abandoned {
        /// The collection.
        id: CollectionId,
    },
}

/// A way to a store through the server that holds it. Reads go to the file itself.
#[derive(Debug)]
pub struct Client {
    socket: PathBuf,
    store: GeoPackageStore,
}

impl Client {
    /// Finds the server that holds `store`; none when no server answers.
    pub fn find(store: &Path) -> Result<Option<Self>, StoreError> {
        let socket = socket_path(store);
        if !socket.exists() {
            return Ok(None);
        }
        let client = Self { socket, store: GeoPackageStore::open_read_only(store)? };
        Ok(client.connect().is_ok().then_some(client))
    }

    /// Every collection of the store.
    pub async fn collections(&self) -> Result<Vec<Collection>, StoreError> {
        self.store.collections().await
    }

    /// Changes what is said of a collection.
    pub async fn describe(&self, collection: &Collection) -> Result<Revision, LocalError> {
        self.command(Command::Describe { collection: Described::from(collection) }).await
    }

    /// Gives a collection another id.
    pub async fn rename(
        &self,
        from: &CollectionId,
        to: &CollectionId,
    ) -> Result<Revision, LocalError> {
        self.command(Command::Rename { from: from.to_string(), to: to.to_string() }).await
    }

    /// Removes a collection.
    pub async fn remove(&self, id: &CollectionId) -> Result<Revision, LocalError> {
        self.command(Command::Remove { id: id.to_string() }).await
    }

    /// Puts a style where QGIS finds it.
    pub async fn set_style(
        &self,
        id: &CollectionId,
        name: &str,
        qml: &str,
    ) -> Result<Revision, LocalError> {
        let (id, name, qml) = (id.to_string(), name.to_owned(), qml.to_owned());
        self.command(Command::Style { id, name, qml, sld: String::new() }).await
    }

    /// Loads features: all that `source` sends until it says that it has finished, or nothing.
    pub async fn load(
        &self,
        load: Load,
        mut source: mpsc::Receiver<LoadItem>,
    ) -> Result<LoadSummary, LocalError> {
        let socket = self.socket.clone();
        let fingerprint = self.store.fingerprint().to_owned();
        let task = move || {
            let stream = connect(&socket, &fingerprint)?;
            let failed = |source| failed(&stream, &socket, source);
            let mut to = BufWriter::with_capacity(1 << 16, &stream);
            message::write(&mut to, Kind::Load, &json(&LoadHead::from(&load))).map_err(failed)?;
            let mut bytes = Vec::with_capacity(CHUNK_BYTES * 2);
            loop {
                match source.blocking_recv() {
                    Some(LoadItem::Features(features)) => {
                        send(&mut to, &features, &mut bytes).map_err(failed)?;
                    }
                    Some(LoadItem::Finish) => break,
                    None => return Err(LocalError::Abandoned { id: load.collection.id.clone() }),
                }
            }
            let finish = message::write(&mut to, Kind::Finish, &[]).and_then(|()| to.flush());
            finish.map_err(failed)?;
            answer::<Outcome>(&stream, &socket).map(LoadSummary::from)
        };
        run(&self.socket, task).await
    }

    /// Applies changes of several collections, all or none.
    pub async fn apply(&self, set: ChangeSet) -> Result<Revision, LocalError> {
        let socket = self.socket.clone();
        let fingerprint = self.store.fingerprint().to_owned();
        let task = move || {
            let stream = connect(&socket, &fingerprint)?;
            let mut to = BufWriter::with_capacity(1 << 16, &stream);
            changes::send(&mut to, &set).map_err(|source| failed(&stream, &socket, source))?;
            answer::<Outcome>(&stream, &socket).map(|done| Revision(done.revision))
        };
        run(&self.socket, task).await
    }

    /// Has a spreadsheet of points taken in; what became of its rows.
    pub async fn register(&self, sheet: &Sheet) -> Result<Vec<RowFate>, LocalError> {
        self.taken(Kind::Sheet, json(sheet)).await
    }

    /// Has the events of a spreadsheet raised; what became of its rows.
    pub async fn raise(&self, sheet: &EventSheet) -> Result<Vec<RowFate>, LocalError> {
        self.taken(Kind::EventSheet, json(sheet)).await
    }

    /// Has a document taken; what the route answers.
    pub async fn document(&self, document: &Document) -> Result<Json, LocalError> {
        self.taken(Kind::Document, json(document)).await
    }

    async fn taken<T: DeserializeOwned + Send + 'static>(
        &self,
        kind: Kind,
        body: Vec<u8>,
    ) -> Result<T, LocalError> {
        let socket = self.socket.clone();
        let fingerprint = self.store.fingerprint().to_owned();
        let task = move || {
            let stream = connect(&socket, &fingerprint)?;
            message::write(&mut &stream, kind, &body)
                .map_err(|source| LocalError::Io { path: socket.clone(), source })?;
            answer(&stream, &socket)
        };
        run(&self.socket, task).await
    }

    /// Changes accounts; the number of a new token.
    pub async fn change_accounts(
        &self,
        change: AccountChange,
        by: String,
        at: Timestamp,
    ) -> Result<Option<TokenId>, LocalError> {
        let command = Command::Accounts { change: change.into(), by, at: at.0 };
        Ok(self.ask(command).await?.token.map(TokenId))
    }

    /// Keeps personal values apart from features.
    pub async fn put_personal(&self, load: PersonalLoad) -> Result<PersonalSummary, LocalError> {
        let collection = load.collection.clone();
        let load = DescribedPersonal::of(load);
        let Some(load) = load else { return Err(LocalError::Abandoned { id: collection }) };
        let done = self.ask(Command::Personal { load }).await?;
        Ok(PersonalSummary { values: done.inserted, unplaced: done.removed })
    }

    /// Keeps an entry of the audit log.
    pub async fn audit(&self, entry: AuditEntry) -> Result<(), LocalError> {
        self.ask(Command::Audit { entry: entry.into() }).await.map(|_| ())
    }

    /// Keeps a signed head of the audit log.
    pub async fn add_audit_head(&self, head: AuditHead) -> Result<(), LocalError> {
        self.ask(Command::AuditHead { head: head.into() }).await.map(|_| ())
    }

    async fn command(&self, command: Command) -> Result<Revision, LocalError> {
        Ok(Revision(self.ask(command).await?.revision))
    }

    async fn ask(&self, command: Command) -> Result<Outcome, LocalError> {
        let socket = self.socket.clone();
        let fingerprint = self.store.fingerprint().to_owned();
        let task = move || {
            let stream = connect(&socket, &fingerprint)?;
            message::write(&mut &stream, Kind::Command, &json(&command))
                .map_err(|source| LocalError::Io { path: socket.clone(), source })?;
            answer(&stream, &socket)
        };
        run(&self.socket, task).await
    }

    fn connect(&self) -> Result<UnixStream, LocalError> {
        connect(&self.socket, self.store.fingerprint())
    }
}

/// Why nothing more could be sent: a server that hangs up has perhaps said so.
fn failed(stream: &UnixStream, socket: &Path, source: std::io::Error) -> LocalError {
    match answer::<Outcome>(stream, socket) {
        Err(refused @ LocalError::Refused { .. }) => refused,
        _ => LocalError::Io { path: socket.to_owned(), source },
    }
}

/// Runs what waits for the socket where waiting is allowed.
async fn run<T: Send + 'static>(
    socket: &Path,
    task: impl FnOnce() -> Result<T, LocalError> + Send + 'static,
) -> Result<T, LocalError> {
    let ended = tokio::task::spawn_blocking(task).await;
    ended.map_err(|error| LocalError::Io { path: socket.to_owned(), source: error.into() })?
}

/// A connection whose server has this very store.
fn connect(socket: &Path, fingerprint: &str) -> Result<UnixStream, LocalError> {
    let failed = |source| LocalError::Io { path: socket.to_owned(), source };
    let stream = UnixStream::connect(socket).map_err(failed)?;
    stream.set_read_timeout(Some(HELLO_TIMEOUT)).map_err(failed)?;
    let hello = Hello { protocol: PROTOCOL, fingerprint: fingerprint.to_owned() };
    message::write(&mut &stream, Kind::Hello, &json(&hello)).map_err(failed)?;
    let _greeted: Outcome = answer(&stream, socket)?;
    // A load that others wait for may take its time.
    stream.set_read_timeout(None).map_err(failed)?;
    Ok(stream)
}

fn answer<T: DeserializeOwned>(stream: &UnixStream, socket: &Path) -> Result<T, LocalError> {
    let failed = |source| LocalError::Io { path: socket.to_owned(), source };
    let (kind, body) = message::read(&mut &*stream)
        .map_err(failed)?
        .ok_or_else(|| failed(std::io::ErrorKind::UnexpectedEof.into()))?;
    match kind {
        Kind::Done => serde_json::from_slice(&body).map_err(|error| failed(error.into())),
        _ => Err(LocalError::Refused { reason: String::from_utf8_lossy(&body).into_owned() }),
    }
}

/// Sends features in messages of a bounded size.
fn send(to: &mut impl Write, features: &[Feature], bytes: &mut Vec<u8>) -> std::io::Result<()> {
    bytes.clear();
    for feature in features {
        feature_bytes::encode(feature, bytes);
        if bytes.len() >= CHUNK_BYTES {
            message::write(to, Kind::Features, bytes)?;
            bytes.clear();
        }
    }
    if bytes.is_empty() { Ok(()) } else { message::write(to, Kind::Features, bytes) }
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
