//! The system of record: features, change log and history.
//!
//! *Invariant:* `store` never cuts a tile, speaks HTTP or reads another format.

mod error;
mod feature_store;
mod fit;
pub mod geopackage;
pub mod memory;

#[cfg(test)]
mod contract_tests;
#[cfg(test)]
mod differential_tests;
#[cfg(test)]
mod erase_tests;
#[cfg(test)]
mod geopackage_tests;
#[cfg(test)]
mod past_tests;

pub use error::StoreError;
pub use feature_store::{
    ChangeRecord, Erasure, FeatureStore, FormerState, HistoryStart, Load, LoadItem, LoadMode,
    LoadSummary, Version,
};
pub use fit::fit;
pub use geopackage::GeoPackageStore;
pub use memory::MemoryStore;
pub use spatial::Operation;
