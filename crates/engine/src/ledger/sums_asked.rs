//! Which sums over records are asked, and what they may cost.

use std::sync::Arc;

use ledger::dossier::Dossiers;
use ledger::indicator::{Moment, RecordSum, UnitTree};
use spatial::{Costs, Snapshot};

use crate::Profile;

/// Bounds of the areas of one answer.
pub(super) const COSTS: Costs = Costs { candidates: 50_000_000, vertices: 5_000_000_000 };

/// Which sums are asked, of which units and when.
#[derive(Clone, Copy, Debug)]
pub struct SumsAsked<'a> {
    /// Them.
    pub sums: &'a [RecordSum],
    /// The units at which rows count.
    pub units: &'a UnitTree,
    /// When.
    pub moment: Moment,
    /// Only rows of this task.
    pub task: Option<&'a str>,
    /// Who asks.
    pub profile: Profile,
    /// Where other collections stand that tell something of rows.
    pub beside: &'a Arc<Snapshot>,
    /// What files are made of, where any are.
    pub dossiers: Option<&'a Dossiers>,
}
