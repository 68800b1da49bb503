//! The engine: one current snapshot of a store, tiles cut from it, edits applied to it.
//!
//! *Invariants:* a reader takes one [`spatial::Snapshot`] a request and never mixes two; an
//! edit is durable first, visible second, acknowledged third; CPU work leaves the async
//! runtime in [`pool`] alone; a field above class L1 never enters a tile. No HTTP, no JSON, no
//! file formats here.

pub mod accounts;
mod apply;
pub mod audit;
mod borders;
mod cache;
mod check;
mod clock;
pub mod clues;
mod commit_queue;
mod compress;
pub mod dossier;
mod edit;
mod erase;
mod error;
pub mod feed;
pub mod fences;
mod foreign;
mod given;
mod grids;
mod history;
mod item_tag;
mod items;
mod kept;
pub mod ledger;
mod load;
pub mod metrics;
mod open;
mod past;
pub mod patrols;
pub mod personal;
pub mod places;
pub mod pool;
mod publication;
mod pyramid;
pub mod query;
mod reach;
mod readable;
mod recorded;
mod shown;
mod sight;
mod tiles;
mod weighed;

#[cfg(test)]
mod consistency_tests;
#[cfg(test)]
mod edit_tests;
#[cfg(test)]
mod engine_tests;
#[cfg(test)]
mod foreign_tests;
#[cfg(test)]
mod grids_tests;
#[cfg(test)]
mod kept_mended_tests;
#[cfg(test)]
mod kept_tests;
#[cfg(test)]
mod ledger_evidence_tests;
#[cfg(test)]
mod ledger_facts_tests;
#[cfg(test)]
mod ledger_mend_tests;
#[cfg(test)]
mod ledger_tests;
#[cfg(test)]
mod past_tests;
#[cfg(test)]
mod worklist_tests;

pub use clock::now;
pub use compress::Encoding;
pub use edit::{Assigned, EditOp, EditSet, FeatureEdit};
pub use error::{Defect, EngineError};
pub use foreign::take_in_foreign;
pub use given::Given;
pub use history::{FieldChange, HistoryEntry};
pub use items::{Bbox, ItemsPage, ItemsQuery, MAX_PAGE, Moment, Pinned, SortBy, SortKey, TimeSpan};
pub use metrics::Metrics;
pub use open::{Engine, EngineSettings};
pub use pool::{Pool, each_in_parallel};
pub use publication::Publication;
pub use pyramid::Pyramid;
pub use readable::ReadableField;
pub use shown::Shown;
pub use sight::{Audience, FocusPart, View, key_class};
pub use store::{ForeignSummary, HistoryStart, KeptOut};
pub use tiles::{
    HIGHEST_IN_TILES, Labels, LayerSelection, MAX_TILE_COLLECTIONS, Profile, TileAnswer,
    TileRequest, TileSelection, has_labels, label_layer,
};
