//! Keys that packs of meetings and heads of the audit log are signed with: Ed25519 (RFC 8032), not SM2.
//!
//! The secret key is a file of one line, PKCS#8 in hexadecimal digits, that its owner alone may read;
//! the public one stands beside it as 64 digits, for whoever checks packs.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use store::audit::HeadKey;

use crate::commands::CommandError;

/// Largest file of a key, in bytes.
const MAX_BYTES: u64 = 4_096;
/// Bytes of a public key.
const PUBLIC_BYTES: usize = 32;

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

/// Makes a key pair: the secret at `path`, which must not be there, and the public one at
/// `path.pub`. The public key.
///
/// # Errors
/// When the system refuses.
pub fn make(path: &Path) -> Result<(PublicKey, PathBuf), CommandError> {
    let unmade = |_unspecified| refused(path, "the system has no random numbers; try again");
    let secret = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(unmade)?;
    let pair = read_pair(secret.as_ref(), path)?;
    let public = PublicKey(pair.public_key().as_ref().to_vec());
    let mut beside = path.as_os_str().to_owned();
    beside.push(".pub");
    let beside = PathBuf::from(beside);
    create(path, &format!("{}\n", hex(secret.as_ref())), Readers::Owner)?;
    create(&beside, &format!("{}\n", public.hex()), Readers::Everyone)?;
    Ok((public, beside))
}

/// Who may read a new file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Readers {
    Owner,
    Everyone,
}

fn create(path: &Path, text: &str, readers: Readers) -> Result<(), CommandError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(if readers == Readers::Owner { 0o600 } else { 0o644 });
    }
    #[cfg(not(unix))]
    let _ = readers;
    let io = |source| CommandError::Io { path: path.to_owned(), source };
    let mut file = options.open(path).map_err(io)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io)
}

/// The key pair of a file.
///
/// # Errors
/// When it cannot be read, or is no secret key.
pub fn read_secret(path: &Path) -> Result<Ed25519KeyPair, CommandError> {
    let bytes = read_hex(path)?;
    read_pair(&bytes, path)
}

fn read_pair(pkcs8: &[u8], path: &Path) -> Result<Ed25519KeyPair, CommandError> {
    Ed25519KeyPair::from_pkcs8(pkcs8)
        .map_err(|_rejected| refused(path, "it is no secret key; `tuban meeting key` makes one"))
}

/// The public key of a file.
///
/// # Errors
/// When it cannot be read, or is no public key.
pub fn read_public(path: &Path) -> Result<PublicKey, CommandError> {
    let bytes = read_hex(path)?;
    match bytes.len() == PUBLIC_BYTES {
        true => Ok(PublicKey(bytes)),
        false => Err(refused(path, "it is no public key: 64 hexadecimal digits are expected")),
    }
}

fn read_hex(path: &Path) -> Result<Vec<u8>, CommandError> {
    let io = |source| CommandError::Io { path: path.to_owned(), source };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(io)?;
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(io)?;
    from_hex(text.trim()).ok_or_else(|| refused(path, "hexadecimal digits are expected"))
}

fn refused(path: &Path, reason: &str) -> CommandError {
    let value = path.display().to_string();
    CommandError::Argument { name: "key", value, reason: reason.to_owned() }
}

impl PublicKey {
    /// The public half of a pair.
    pub fn of(pair: &Ed25519KeyPair) -> Self {
        Self(pair.public_key().as_ref().to_vec())
    }

    /// The key in 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// The key of 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        from_hex(text).filter(|bytes| bytes.len() == PUBLIC_BYTES).map(Self)
    }

    /// The key as heads of the audit log name it.
    pub fn head_key(&self) -> HeadKey {
        // Every public key that is made or read has so many bytes.
        HeadKey(<[u8; PUBLIC_BYTES]>::try_from(self.0.as_slice()).unwrap_or_default())
    }

    /// Whether a signature of `message` was made with its secret.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, signature).is_ok()
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    digits
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
