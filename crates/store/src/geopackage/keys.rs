//! The keys under which past values of classes L3 and L4, and personal values, are sealed.
//!
//! A feature has one data key for its values in `tuban_history`, which `tuban_data_keys` holds, and
//! one for those in `tuban_personal`, held by `tuban_personal_keys`; both wrapped by the master key, which lies in a file outside the store: 32 random bytes that
//! only their owner may read. Without its data key a sealed value is gone, wherever copies of it
//! lie. What is sealed begins with its nonce, 12 random bytes; AES-256-GCM makes the rest.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aes_gcm::aead::{Aead, Generate, Key, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use rusqlite::{Connection, OptionalExtension};
use spatial::{FeatureId, Revision};

use super::connection::with_suffix;
use crate::StoreError;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
/// What the row of `tuban_meta` that knows the right master key again is bound to.
const CHECK: &[u8] = b"tuban master key";

/// The master key, read when it is first needed.
pub(crate) struct Keys {
    state: Mutex<State>,
}

struct State {
    path: PathBuf,
    master: Option<Aes256Gcm>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("path", &self.state().path).finish_non_exhaustive()
    }
}

/// What a data key seals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyTable {
    /// Past values.
    History,
    /// Personal values.
    Personal,
}

impl KeyTable {
    fn name(self) -> &'static str {
        match self {
            Self::History => "tuban_data_keys",
            Self::Personal => "tuban_personal_keys",
        }
    }
}

/// The data key of one feature.
pub(crate) struct DataKey {
    cipher: Aes256Gcm,
    /// Name that the collection had when the key was made; a rename keeps it.
    sealed_as: String,
    id: FeatureId,
}

impl Keys {
    /// Keys whose master lies beside `store`, under its name and `.key`.
    pub(crate) fn beside(store: &Path) -> Self {
        Self { state: Mutex::new(State { path: with_suffix(store, ".key"), master: None }) }
    }

    /// Looks for the master key at `path` from now on.
    pub(crate) fn look_at(&self, path: PathBuf) {
        *self.state() = State { path, master: None };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The data key of a feature; none when it was destroyed.
    pub(crate) fn to_open(
        &self,
        db: &Connection,
        collection: &str,
        id: FeatureId,
    ) -> Result<Option<DataKey>, StoreError> {
        self.to_open_of(db, KeyTable::History, (collection, id))
    }

    /// The same of either kind.
    pub(crate) fn to_open_of(
        &self,
        db: &Connection,
        table: KeyTable,
        (collection, id): (&str, FeatureId),
    ) -> Result<Option<DataKey>, StoreError> {
        let name = table.name();
        let sql =
            format!("SELECT sealed_as, wrapped FROM {name} WHERE collection = ?1 AND fid = ?2");
        let found = db
            .prepare_cached(&sql)?
            .query_row((collection, id.value()), |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .optional()?;
        let Some((sealed_as, wrapped)) = found else { return Ok(None) };
        let damaged = || {
            let place = format!("data key of feature {id} of {collection}");
            StoreError::damaged(place, "the master key does not open it")
        };
        let bound = bound_to(&sealed_as, id, 0, "");
        let key = open(&self.master(db)?, &wrapped, &bound).ok_or_else(damaged)?;
        let cipher = Aes256Gcm::new_from_slice(&key).map_err(|_length| damaged())?;
        Ok(Some(DataKey { cipher, sealed_as, id }))
    }

    /// The data key of a feature, made when it has none; inside the writer's transaction.
    pub(crate) fn to_seal(
        &self,
        db: &Connection,
        collection: &str,
        id: FeatureId,
    ) -> Result<DataKey, StoreError> {
        self.to_seal_of(db, KeyTable::History, (collection, id))
    }

    /// The same of either kind.
    pub(crate) fn to_seal_of(
        &self,
        db: &Connection,
        table: KeyTable,
        (collection, id): (&str, FeatureId),
    ) -> Result<DataKey, StoreError> {
        if let Some(key) = self.to_open_of(db, table, (collection, id))? {
            return Ok(key);
        }
        let master = self.master_or_new(db)?;
        let key = Key::<Aes256Gcm>::try_generate().map_err(no_randomness)?;
        let wrapped = seal(&master, &key, &bound_to(collection, id, 0, ""))?;
        let sql = format!("INSERT INTO {} VALUES (?1, ?2, ?1, ?3)", table.name());
        db.prepare_cached(&sql)?.execute((collection, id.value(), wrapped))?;
        Ok(DataKey { cipher: Aes256Gcm::new(&key), sealed_as: collection.to_owned(), id })
    }

    /// The master key that this store's data keys are wrapped by.
    fn master(&self, db: &Connection) -> Result<Aes256Gcm, StoreError> {
        let mut state = self.state();
        if let Some(master) = &state.master {
            return Ok(master.clone());
        }
        let refuse = |reason| StoreError::Key { path: state.path.clone(), reason };
        let master = read_key(&state.path)?.ok_or_else(|| refuse("is missing"))?;
        let check = check_of(db)?.unwrap_or_default();
        if open(&master, &check, CHECK).is_none() {
            return Err(refuse("holds another key than the one that this store was written with"));
        }
        state.master = Some(master.clone());
        Ok(master)
    }

    /// The master key, made when the store has sealed nothing yet, or nothing any more.
    fn master_or_new(&self, db: &Connection) -> Result<Aes256Gcm, StoreError> {
        let used =
            "SELECT 1 FROM tuban_data_keys UNION ALL SELECT 1 FROM tuban_personal_keys LIMIT 1";
        let used = db.prepare_cached(used)?.query_row([], |_| Ok(())).optional()?.is_some();
        if used {
            return self.master(db);
        }
        let mut state = self.state();
        let master = match read_key(&state.path)? {
            Some(master) => master,
            None => make_key(&state.path)?,
        };
        let known = check_of(db)?.is_some_and(|check| open(&master, &check, CHECK).is_some());
        if !known {
            let sql = "INSERT OR REPLACE INTO tuban_meta VALUES ('master_key', ?1)";
            db.execute(sql, [seal(&master, &[], CHECK)?])?;
        }
        // A transaction that is rolled back takes the row with it, so that the key is not noted
        // before another data key was wrapped by it.
        state.master = None;
        Ok(master)
    }

    /// Destroys the data key of a feature.
    pub(crate) fn destroy(
        db: &Connection,
        collection: &str,
        id: FeatureId,
    ) -> Result<(), StoreError> {
        Self::destroy_of(db, KeyTable::History, (collection, id))
    }

    /// The same of either kind.
    pub(crate) fn destroy_of(
        db: &Connection,
        table: KeyTable,
        (collection, id): (&str, FeatureId),
    ) -> Result<(), StoreError> {
        let sql = format!("DELETE FROM {} WHERE collection = ?1 AND fid = ?2", table.name());
        db.execute(&sql, (collection, id.value()))?;
        Ok(())
    }
}

impl DataKey {
    /// Seals the value of `field` in the state that ended at `until`.
    pub(crate) fn seal(
        &self,
        field: &str,
        until: Revision,
        plain: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        seal(&self.cipher, plain, &bound_to(&self.sealed_as, self.id, until.0, field))
    }

    /// What [`DataKey::seal`] sealed; none when it is not that.
    pub(crate) fn open(&self, field: &str, until: Revision, sealed: &[u8]) -> Option<Vec<u8>> {
        open(&self.cipher, sealed, &bound_to(&self.sealed_as, self.id, until.0, field))
    }
}

/// The place that a sealed value belongs to: elsewhere it does not open.
fn bound_to(collection: &str, id: FeatureId, until: u64, field: &str) -> Vec<u8> {
    let mut place = Vec::with_capacity(collection.len() + field.len() + 20);
    place.extend_from_slice(&(collection.len() as u32).to_le_bytes());
    place.extend_from_slice(collection.as_bytes());
    place.extend_from_slice(&id.value().to_le_bytes());
    place.extend_from_slice(&until.to_le_bytes());
    place.extend_from_slice(field.as_bytes());
    place
}

fn seal(cipher: &Aes256Gcm, plain: &[u8], place: &[u8]) -> Result<Vec<u8>, StoreError> {
    let nonce = Nonce::try_generate().map_err(no_randomness)?;
    let sealed = cipher
        .encrypt(&nonce, Payload { msg: plain, aad: place })
        .map_err(|error| StoreError::damaged("a value to seal", error))?;
    let mut out = nonce.to_vec();
    out.extend_from_slice(&sealed);
    Ok(out)
}

fn open(cipher: &Aes256Gcm, sealed: &[u8], place: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
    let nonce = Nonce::try_from(nonce).ok()?;
    cipher.decrypt(&nonce, Payload { msg: sealed, aad: place }).ok()
}

fn no_randomness(error: impl ToString) -> StoreError {
    let source = std::io::Error::other(error.to_string());
    StoreError::Io { operation: "asking for random bytes for", path: PathBuf::new(), source }
}

/// What knows the right master key again; none before one was used.
fn check_of(db: &Connection) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT value FROM tuban_meta WHERE name = 'master_key'";
    Ok(db.query_row(sql, [], |row| row.get(0)).optional()?)
}

/// The key in a file; none when there is no such file.
fn read_key(path: &Path) -> Result<Option<Aes256Gcm>, StoreError> {
    let refuse = |reason| StoreError::Key { path: path.to_owned(), reason };
    match fs::read(path) {
        Ok(bytes) if bytes.len() == KEY_BYTES => Aes256Gcm::new_from_slice(&bytes)
            .map(Some)
            .map_err(|_length| refuse("is not 32 bytes long")),
        Ok(_) => Err(refuse("is not 32 bytes long")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Io { operation: "reading", path: path.to_owned(), source }),
    }
}

/// Makes a key and puts it into a file: whole, on the disk and for its owner alone, or not at all.
fn make_key(path: &Path) -> Result<Aes256Gcm, StoreError> {
    let key = Key::<Aes256Gcm>::try_generate().map_err(no_randomness)?;
    let unfinished = with_suffix(path, ".new");
    let write = || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&unfinished)?;
        file.write_all(&key)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|source| StoreError::Io {
        operation: "writing",
        path: path.to_owned(),
        source,
    })?;
    Ok(Aes256Gcm::new(&key))
}
