//! The system of record: features, change log and history.
//!
//! *Invariant:* `store` never cuts a tile, speaks HTTP or reads another format.

pub mod accounts;
pub mod audit;
mod error;
pub mod evidence;
mod feature_store;
pub mod fences;
mod fit;
pub mod geopackage;
pub mod memory;
pub mod personal;

#[cfg(test)]
mod account_tests;
#[cfg(test)]
mod audit_tests;
#[cfg(test)]
mod backup_tests;
#[cfg(test)]
mod contract_tests;
#[cfg(test)]
mod differential_tests;
#[cfg(test)]
mod erase_tests;
#[cfg(test)]
mod evidence_tests;
#[cfg(test)]
mod fence_tests;
#[cfg(test)]
mod geopackage_tests;
#[cfg(test)]
mod past_tests;
#[cfg(test)]
mod personal_tests;
#[cfg(test)]
mod restore_tests;
#[cfg(test)]
mod sealed_tests;
#[cfg(test)]
mod verify_tests;

pub use accounts::AccountStore;
pub use audit::AuditStore;
pub use error::StoreError;
pub use evidence::{EvidenceCopy, EvidenceFolder};
pub use feature_store::{
    ChangeRecord, EXTERNAL, Erasure, FeatureStore, ForeignSummary, FormerState, HistoryStart,
    KeptOut, Load, LoadItem, LoadMode, LoadSummary, Version,
};
pub use fences::FenceStore;
pub use fit::fit;
pub use geopackage::{
    BackupSummary, Defect, Existing, GeoPackageStore, NewCollections, Restore, RestoreSummary,
    RestoredCollection, Verification,
};
pub use memory::MemoryStore;
pub use personal::PersonalStore;
pub use spatial::Operation;
