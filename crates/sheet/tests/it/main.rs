//! Sheets as a caller sees them: what is on a page, and what its files say.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod atlases;
mod courtyards;
mod files;
mod forms;
mod layout;
mod pdf_text;
