//! The engine: one current snapshot of a store, tiles cut from it, edits applied to it.
//!
//! *Invariants:* a reader takes one [`spatial::Snapshot`] a request and never mixes two; an
//! edit is durable first, visible second, acknowledged third; CPU work leaves the async
//! runtime in [`pool`] alone; a field above class L1 never enters a tile. No HTTP, no JSON, no
//! file formats here.

mod apply;
mod cache;
mod check;
mod compress;
mod error;
mod foreign;
mod items;
mod load;
pub mod metrics;
mod open;
pub mod pool;
mod publication;
pub mod query;
mod readable;
mod shown;
mod tiles;

#[cfg(test)]
mod engine_tests;
#[cfg(test)]
mod foreign_tests;

pub use compress::Encoding;
pub use error::{Defect, EngineError};
pub use foreign::take_in_foreign;
pub use items::{Bbox, ItemsPage, ItemsQuery, MAX_PAGE, Moment, Pinned, SortBy, SortKey, TimeSpan};
pub use metrics::Metrics;
pub use open::{Engine, EngineSettings};
pub use pool::{Pool, each_in_parallel};
pub use publication::Publication;
pub use readable::ReadableField;
pub use shown::Shown;
pub use store::{ForeignSummary, KeptOut};
pub use tiles::{MAX_TILE_COLLECTIONS, Profile, TileAnswer, TileRequest};
