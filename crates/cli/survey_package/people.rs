//! Persons compared without being named: by a keyed hash whose key lives as long as the command.

use ledger::normal_form;
use ledger::survey::PersonToken;
use ring::hmac::{HMAC_SHA256, Key, sign};
use ring::rand::SystemRandom;

use crate::import::ImportError;

/// Makes tokens of names and certificates.
pub(super) struct Tokens(Key);

impl std::fmt::Debug for Tokens {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    /// A key of its own.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub(super) fn new() -> Result<Self, ImportError> {
        let key = Key::generate(HMAC_SHA256, &SystemRandom::new());
        key.map(Self).map_err(|_unspecified| {
            let source = std::io::Error::other("the system gives no random bytes");
            ImportError::Io { path: std::path::PathBuf::new(), source }
        })
    }

    /// The token of a text, whatever its width and blanks.
    pub(super) fn of(&self, text: &str) -> PersonToken {
        let tag = sign(&self.0, normal_form(text).as_bytes());
        let bytes = tag.as_ref().first_chunk().copied().unwrap_or_default();
        PersonToken(u128::from_be_bytes(bytes))
    }
}
