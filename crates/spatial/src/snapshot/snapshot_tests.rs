//! The snapshot against a plain map of features, over random edits.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
