//! Packs of meetings (调度会): what was told at a moment, as files with their hashes and a signature.
//!
//! *Invariant:* a pack follows from the state at the meeting's moment, the definitions, the targets
//! and the key: nothing in it says when it was made. Its signature covers the manifest, and the
//! manifest every other file.

pub mod key;
mod tables;

use formats::report::{PackedFile, pack, unpack};
use ring::signature::Ed25519KeyPair;
use serde::{Deserialize, Serialize};
use store::evidence::Digests;

use crate::commands::CommandError;
use key::PublicKey;
pub use tables::{Meeting, find_meeting, rows_csv};

/// Name of the manifest.
const MANIFEST: &str = "manifest.json";
/// Name of its signature, 64 bytes.
const SIGNATURE: &str = "manifest.sig";
/// What the signature is.
const ALGORITHM: &str = "Ed25519";
/// What must be said of it.
const NOTE: &str = "签名算法为 Ed25519（RFC 8032），不是 SM2；散列为 SHA-256 与 SM3";

/// What a pack says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Manifest {
    /// The meeting.
    pub meeting: Meeting,
    /// The moment whose state is told, in UTC.
    pub as_of: String,
    /// The state.
    pub revision: u64,
    /// The edition of the indicators.
    pub edition: String,
    /// Every other file but the signature.
    pub files: Vec<Listed>,
    /// What the signature is …
    pub algorithm: String,
    /// … and what it is not.
    pub note: String,
    /// Whose it is: 64 hexadecimal digits.
    pub public_key: String,
}

/// A file of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// How long it is.
    pub bytes: usize,
    /// FIPS 180-4.
    pub sha256: String,
    /// GB/T 32905.
    pub sm3: String,
}

impl Listed {
    fn of((name, bytes): &PackedFile) -> Self {
        let Digests { sha256, sm3 } = Digests::of(bytes);
        Self { name: name.clone(), bytes: bytes.len(), sha256, sm3 }
    }
}

/// What a pack is about.
#[derive(Clone, Debug)]
pub struct About {
    /// The meeting.
    pub meeting: Meeting,
    /// The moment, in UTC.
    pub as_of: String,
    /// The state.
    pub revision: u64,
    /// The edition of the indicators.
    pub edition: String,
}

/// The files with a manifest and its signature, as the bytes of one ZIP.
///
/// # Errors
/// When they cannot be packed.
pub fn signed(
    about: About,
    mut files: Vec<PackedFile>,
    pair: &Ed25519KeyPair,
) -> Result<Vec<u8>, CommandError> {
    let manifest = Manifest {
        meeting: about.meeting,
        as_of: about.as_of,
        revision: about.revision,
        edition: about.edition,
        files: files.iter().map(Listed::of).collect(),
        algorithm: ALGORITHM.to_owned(),
        note: NOTE.to_owned(),
        public_key: PublicKey::of(pair).hex(),
    };
    let mut text = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
    text.push(b'\n');
    let signature = pair.sign(&text).as_ref().to_vec();
    files.push((MANIFEST.to_owned(), text));
    files.push((SIGNATURE.to_owned(), signature));
    Ok(pack(&files)?)
}

/// What is wrong with a pack; and its manifest, when that can be read.
///
/// # Errors
/// When the bytes are no pack at all.
pub fn verify(
    bytes: &[u8],
    expected: Option<&PublicKey>,
) -> Result<(Option<Manifest>, Vec<String>), CommandError> {
    let files = unpack(bytes)?;
    let find = |name: &str| files.iter().find(|(known, _)| known == name).map(|(_, bytes)| bytes);
    let mut faults = Vec::new();
    let (Some(text), Some(signature)) = (find(MANIFEST), find(SIGNATURE)) else {
        return Ok((None, vec![format!("{MANIFEST} or {SIGNATURE} is missing")]));
    };
    let manifest: Manifest = match serde_json::from_slice(text) {
        Ok(manifest) => manifest,
        Err(error) => return Ok((None, vec![format!("{MANIFEST} is not readable: {error}")])),
    };
    if manifest.algorithm != ALGORITHM {
        faults.push(format!("it is signed with something else than {ALGORITHM}"));
    }
    match PublicKey::from_hex(&manifest.public_key) {
        Some(key) if key.verifies(text, signature) => {
            if expected.is_some_and(|expected| *expected != key) {
                faults.push(format!("it is signed with another key: {}", key.hex()));
            }
        }
        _ => faults.push(format!("the signature of {MANIFEST} does not hold")),
    }
    for listed in &manifest.files {
        match files.iter().find(|(name, _)| *name == listed.name) {
            None => faults.push(format!("{} is missing", listed.name)),
            Some(file) if Listed::of(file) != *listed => {
                faults.push(format!("{} is another than was signed", listed.name));
            }
            Some(_) => {}
        }
    }
    for (name, _) in &files {
        let is_listed = manifest.files.iter().any(|listed| listed.name == *name);
        if !is_listed && name != MANIFEST && name != SIGNATURE {
            faults.push(format!("{name} was not signed"));
        }
    }
    Ok((Some(manifest), faults))
}
