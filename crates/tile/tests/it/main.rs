//! Tests of whole tiles, through the public surface.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod address;
mod content;
mod features;
mod grids;
mod labels;
mod limits;
mod shared_edges;
mod snapshots;
mod validity;
mod values;
