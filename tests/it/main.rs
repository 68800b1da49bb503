//! Integration tests: one binary, one module a subject.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests fail by panicking"
)]

mod http;
mod import;
mod running;
mod tidy;
