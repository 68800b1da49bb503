//! Heads: the hash of a row, signed with Ed25519 (RFC 8032) by a key that lies elsewhere.

use std::fmt::Write as _;

use ring::signature::{ED25519, UnparsedPublicKey};
use spatial::{Day, Timestamp};

use super::AuditHash;

/// A public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadKey(pub [u8; 32]);

/// What a signature says of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The day, in Asia/Shanghai, on which it was signed.
    pub day: Day,
    /// The newest row then.
    pub seq: u64,
    /// The hash of that row.
    pub hash: AuditHash,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// The key that it is signed with.
    pub key: HeadKey,
    /// The signature of [`AuditHead::message`], 64 bytes.
    pub signature: Vec<u8>,
}

impl AuditHead {
    /// What is signed.
    pub fn message(&self) -> Vec<u8> {
        let Self { day, seq, hash, signed_at, .. } = self;
        format!("tuban-audit-head-1\n{day}\n{seq}\n{}\n{}\n", hex(hash), signed_at.0).into_bytes()
    }

    /// Whether its key signed it.
    pub fn holds(&self) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.key.0)
            .verify(&self.message(), &self.signature)
            .is_ok()
    }
}

impl std::fmt::Display for HeadKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
