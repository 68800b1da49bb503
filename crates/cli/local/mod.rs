//! The way to a store that a server holds: a socket beside the store, on this machine only.
//!
//! A command that would write to the store finds the server there and sends it what it wants
//! done. The socket is the file `STORE.sock`; only the user who runs the server, and the system's
//! administrator, are answered. Messages are a byte for the kind, a length (u32, little-endian)
//! and so many bytes; what comes from outside is bounded by `MAX_MESSAGE`.

mod accounts;
mod changes;
mod client;
mod describe;
mod documents;
mod feature_bytes;
mod message;
mod opened;
mod personal;
mod serve;

#[cfg(test)]
mod local_tests;

use std::path::{Path, PathBuf};

pub use client::{Client, LocalError};
pub use documents::{Document, DocumentRules, Recipient};
pub use opened::Opened;
pub use serve::Listener;

/// What both sides must speak alike; raised with every change of the messages.
const PROTOCOL: u64 = 5;
/// Most bytes of one message.
const MAX_MESSAGE: usize = 64 << 20;

/// The socket of the server that holds `store`.
fn socket_path(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".sock");
    name.into()
}
