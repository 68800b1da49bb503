//! The words of the engine and its geometry: envelopes, geometries, coordinate systems,
//! features, collections, changes, and the index that holds them in memory.
//!
//! Floor 0. Everything here is pure: no file, no socket, no clock, no async.
//! Stored coordinates are `f64` in the collection's storage CRS, always east (or longitude)
//! first, north (or latitude) second. World coordinates are `u32` on the tile grid, x east,
//! y south; see [`world`].

pub mod budget;
mod by_text;
pub mod calendar;
pub mod cells;
pub mod change;
pub mod closed_form;
pub mod cluster;
pub mod collection;
pub mod column;
pub mod complexity;
pub mod crs;
pub mod crs_error;
pub mod crs_facts;
pub mod crs_wkt;
mod crs_wkt1;
mod day;
pub mod densify;
pub mod envelope;
pub mod feature;
pub mod filter;
mod gap;
pub mod geometry;
pub mod gpb;
pub mod hilbert;
pub mod identify;
pub mod join;
pub mod label_point;
pub mod levels;
pub mod measure;
pub mod metric;
mod near_meridian;
pub mod number_sums;
pub mod outline;
pub mod overlay;
pub mod packed_tree;
pub mod pair;
pub mod place;
pub mod placement;
pub mod plausible;
mod point_side;
pub mod predicate;
mod proj_link;
pub mod project;
pub mod query;
mod rebuild;
pub mod relate;
pub mod repair;
mod run_sums;
pub mod shard;
pub mod shard_builder;
pub mod shift;
pub mod size;
pub mod snapshot;
pub mod table;
mod tight;
pub mod tombstones;
pub mod union;
pub mod validity;
pub mod value_bytes;
pub mod wkb;
pub mod world;
pub mod world_grid;
pub mod world_projector;
pub mod zones;

pub use budget::{Budget, Costs, OverBudget};
pub use cells::{CellEntry, FixedSum, ShardCells};
pub use change::{
    Change, ChangeOp, ChangeSet, Commit, CommittedChange, Operation, Revision, Timestamp,
};
pub use collection::{Collection, CollectionId, Field, FieldClass, FieldType, GeometryType, Zooms};
pub use column::{Column, Distinct, Texts, ValueRef};
pub use crs::{Crs, ParseCrsError, SourceCrs};
pub use crs_error::CrsError;
pub use crs_facts::{AxisOrder, CrsFacts, CrsKind, CrsUnit};
pub use day::{Day, InvalidDay, SHANGHAI_AHEAD_MINUTES};
pub use envelope::Envelope;
pub use feature::{Feature, FeatureId, Value};
pub use filter::{BindContext, Expression, Filter, FilterError};
pub use geometry::{Geometry, PathRole};
pub use label_point::LabelPoint;
pub use metric::Metric;
pub use outline::Outline;
pub use overlay::{Overlaid, OverlayFault, OverlayOp, Overlayer, overlay, overlay_area};
pub use place::PlaceRevisions;
pub use predicate::{Matrix, Pattern, Predicate, Relation};
pub use project::{CrsRegistry, Projector, self_test};
pub use relate::GeometryFault;
pub use shard::{FeatureRef, PathRef, Shard};
pub use shard_builder::{ShardBuilder, ToWorld};
pub use size::Size;
pub use snapshot::{
    Changes, CollectionSnapshot, Edit, Fold, Footprint, Mask, PlacedSlots, Portion, Rank, Snapshot,
    Stage,
};
pub use table::{Table, TableCell, TableColumn};
pub use world::{WorldBox, WorldPoint};
pub use world_grid::{GridProjector, WorldGrid};
pub use world_projector::WorldProjector;
