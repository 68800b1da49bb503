//! Integration tests: one binary, one module a subject.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests fail by panicking"
)]

mod commands;
mod coordinates;
mod export;
mod features;
mod foreign;
mod http;
mod import;
mod interrupted;
mod planner;
mod planner_refusals;
mod planner_town;
mod postgis;
mod running;
mod serving;
mod through_server;
mod tidy;
mod tilesets;
