//! How much ground features of the cadastre that an account and its unit took by HTTP cover together: the
//! union of the cells of all exports, pages, sheets and tiles over a rolling window. Beyond the limit they
//! are refused until an approval allows more.
//!
//! *Invariants:* what is refused is not counted; whoever has no account is not counted here: such a reader
//! is the operator of the machine, or sees no such features. What is counted stands in the audit log with
//! its ground ([`leave`]), and is counted again from there when a server starts ([`recall`]).

mod cells;
mod leave;
mod outline;
mod recall;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use engine::accounts::Day;
use quick_cache::sync::Cache;
use rustc_hash::FxHashMap;
use spatial::{Timestamp, WorldBox};

use self::cells::{Cell, Ground, MM2_A_KM2, mm2};
pub use self::leave::Looked;
use crate::actor::Actor;
use crate::problem::{Code, Problem};

/// Most owners of cells that are kept.
const MAX_OWNERS: usize = 10_000;

/// What may be taken.
#[derive(Clone, Debug)]
pub struct ExportSettings {
    /// Collections whose features are counted.
    pub collections: BTreeSet<String>,
    /// Square kilometres that an account, and a unit, may take within the window.
    pub limit_km2: f64,
    /// The same by looking at tiles, from zoom 14 on.
    pub tiles_km2: f64,
    /// The window.
    pub window: Duration,
    /// Who was allowed more.
    pub approvals: Vec<Approval>,
}

impl Default for ExportSettings {
    fn default() -> Self {
        Self {
            collections: ["parcels", "buildings", "boundary_points", "boundary_lines"]
                .map(str::to_owned)
                .into(),
            limit_km2: 25.0,
            tiles_km2: 500.0,
            window: Duration::from_secs(30 * 86_400),
            approvals: Vec::new(),
        }
    }
}

/// What whoever looks after security has allowed.
#[derive(Clone, Debug)]
pub struct Approval {
    /// Its number.
    pub number: String,
    /// The account, or the code of the unit, that it is for.
    pub of: String,
    /// Square kilometres in place of the limit.
    pub km2: f64,
    /// Its last day.
    pub until: Day,
}

/// When a cell was taken.
#[derive(Clone, Copy, Debug)]
struct Seen {
    last: Timestamp,
    /// When a row of the audit log told of it last.
    told: Timestamp,
}

/// Cells that somebody took.
#[derive(Debug)]
struct Taken {
    cells: FxHashMap<Cell, Seen>,
    /// Their ground, so that one more tile does not add up all that came before it.
    mm2: u64,
    /// When those that fell out of the window were let go.
    swept: Timestamp,
}

impl Default for Taken {
    fn default() -> Self {
        Self { cells: FxHashMap::default(), mm2: 0, swept: Timestamp(i64::MIN) }
    }
}

impl Taken {
    /// Lets go of cells that fell out of the window, once a minute: each was counted so much too long.
    fn sweep(&mut self, settings: &ExportSettings, at: Timestamp) {
        let (oldest, window) = (settings.oldest(at), settings.window.as_millis());
        let rest = i64::try_from(window / 1000).unwrap_or(SWEEP_MS).min(SWEEP_MS);
        if at.0.saturating_sub(self.swept.0) < rest {
            return;
        }
        self.swept = at;
        self.cells.retain(|_, seen| seen.last >= oldest);
        self.mm2 = self.cells.keys().map(|cell| mm2(*cell)).sum();
    }

    /// The ground that these and `more` cells cover together.
    fn mm2_with(&self, more: &[Cell]) -> u64 {
        let new = more.iter().filter(|cell| !self.cells.contains_key(*cell));
        self.mm2 + new.map(|cell| mm2(*cell)).sum::<u64>()
    }

    /// Takes a cell; whether the log told of it more than a day ago, or never.
    fn take(&mut self, cell: Cell, at: Timestamp) -> bool {
        let seen = self.cells.entry(cell).or_insert_with(|| {
            self.mm2 += mm2(cell);
            Seen { last: at, told: Timestamp(i64::MIN) }
        });
        seen.last = seen.last.max(at);
        let is_new = at.0.saturating_sub(seen.told.0) >= TOLD_MS;
        if is_new {
            seen.told = at;
        }
        is_new
    }
}

/// By whom: exports and tiles of accounts and of units.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    Account(String, Kind),
    Unit(String, Kind),
}

/// By what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Export,
    Tile,
}

/// What was taken so far.
#[derive(Debug)]
pub struct Exports {
    taken: Mutex<BTreeMap<Owner, Taken>>,
    /// Which tiles were counted lately, and when: by whom, and their corners.
    looked: Cache<(u64, [u32; 4]), Timestamp>,
    /// Makes numbers of accounts.
    numbers: RandomState,
}

/// Most tiles that are known to be counted.
const MAX_LOOKED: usize = 100_000;
/// How long a tile that was counted is not counted again, in milliseconds: little beside a window.
const LOOKED_MS: i64 = 3_600_000;
/// How long ground of which the audit log has told need not be told of again, in milliseconds: so much
/// earlier than it should a window may end that is counted from there.
const TOLD_MS: i64 = 86_400_000;
/// How often cells are let go that fell out of a window, in milliseconds.
const SWEEP_MS: i64 = 60_000;

impl Default for Exports {
    fn default() -> Self {
        let (taken, numbers) = Default::default();
        Self { taken, looked: Cache::new(MAX_LOOKED), numbers }
    }
}

/// What came of counting.
struct Counted {
    /// Whether some of the ground is not on record since a day.
    is_new: bool,
    /// The numbers of the approvals without which it would be too much.
    approvals: String,
}

/// Who takes something.
#[derive(Clone, Copy)]
struct Taker<'a> {
    account: &'a str,
    unit: Option<&'a str>,
}

impl<'a> Taker<'a> {
    fn of(actor: &'a Actor) -> Self {
        Self { account: actor.name(), unit: actor.unit() }
    }

    /// Whose sums it counts for, with their names: the account itself first.
    fn owners(self, kind: Kind) -> impl Iterator<Item = (Owner, &'a str)> {
        let account = (Owner::Account(self.account.to_owned(), kind), self.account);
        let unit = self.unit.map(|unit| (Owner::Unit(unit.to_owned(), kind), unit));
        std::iter::once(account).chain(unit)
    }
}

impl Exports {
    /// Counts ground that is about to be sent, none when it has too many cells to be told apart.
    ///
    /// # Errors
    /// Where it and what was taken before cover more than is allowed.
    fn count(
        &self,
        settings: &ExportSettings,
        (taker, kind): (Taker<'_>, Kind),
        ground: Option<&Ground>,
        at: Timestamp,
    ) -> Result<Counted, Problem> {
        let limit = match kind {
            Kind::Export => settings.limit_km2,
            Kind::Tile => settings.tiles_km2,
        };
        let oldest = settings.oldest(at);
        let mut approvals: Vec<&str> = Vec::new();
        let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        for (owner, name) in taker.owners(kind) {
            let approval = settings.approval(name, Day::of(at));
            let allowed = approval.map_or(limit, |one| one.km2.max(limit));
            let taken = all.entry(owner).or_default();
            taken.sweep(settings, at);
            let total = ground.map(|ground| taken.mm2_with(&ground.cells) as f64 / MM2_A_KM2);
            if total.is_none_or(|total| total > allowed) {
                tracing::warn!(
                    account = taker.account,
                    of = name,
                    allowed_km2 = allowed,
                    ?kind,
                    "features were refused: they cover too much ground"
                );
                return Err(refused(name, (total, allowed), settings.window));
            }
            if total.is_some_and(|total| total > limit) {
                approvals.extend(approval.map(|one| one.number.as_str()));
            }
        }
        if all.len() > MAX_OWNERS {
            all.retain(|_, taken| taken.cells.values().any(|seen| seen.last >= oldest));
        }
        let is_new = ground.is_some_and(|ground| add(&mut all, (taker, kind), ground, at));
        Ok(Counted { is_new, approvals: approvals.join(", ") })
    }

    /// Counts what was taken at a moment of the past.
    fn recall(&self, (taker, kind): (Taker<'_>, Kind), ground: &Ground, at: Timestamp) {
        let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        add(&mut all, (taker, kind), ground, at);
    }

    /// The number of a tile that an account looks at, unless it was counted lately.
    fn unseen(&self, actor: &Actor, tile: &WorldBox, at: Timestamp) -> Option<(u64, [u32; 4])> {
        let WorldBox { min: [west, north], max: [east, south] } = *tile;
        let tile = (self.numbers.hash_one(actor), [west, north, east, south]);
        let is_seen = self.looked.get(&tile).is_some_and(|last| at.0 - last.0 < LOOKED_MS);
        (!is_seen).then_some(tile)
    }
}

/// Adds ground to sums; whether the log told of some of the account's more than a day ago, or never.
fn add(
    all: &mut BTreeMap<Owner, Taken>,
    (taker, kind): (Taker<'_>, Kind),
    ground: &Ground,
    at: Timestamp,
) -> bool {
    let mut is_new = false;
    for (owner, _) in taker.owners(kind) {
        let is_account = matches!(owner, Owner::Account(..));
        let taken = all.entry(owner).or_default();
        for cell in &ground.cells {
            is_new |= taken.take(*cell, at) && is_account;
        }
    }
    is_new
}

impl ExportSettings {
    /// Whether features of a collection are counted.
    pub fn counts(&self, collection: &str) -> bool {
        self.collections.contains(collection)
    }

    /// The begin of the window that ends at a moment.
    fn oldest(&self, at: Timestamp) -> Timestamp {
        let window = i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX);
        Timestamp(at.0.saturating_sub(window))
    }

    /// What allows somebody most on a day, beside the limit.
    fn approval(&self, of: &str, day: Day) -> Option<&Approval> {
        let approved = self.approvals.iter().filter(|one| one.of == of && day <= one.until);
        approved.max_by(|a, b| a.km2.total_cmp(&b.km2))
    }
}

fn refused(of: &str, (total, allowed): (Option<f64>, f64), window: Duration) -> Problem {
    let total = total.map_or_else(|| "too much ground".to_owned(), |km2| format!("{km2:.1} km²"));
    let days = window.as_secs() / 86_400;
    let detail = format!(
        "with this {of} would have {total} of parcels and buildings within {days} days, gaps included; \
         {allowed} km² are allowed. Ask for a smaller area, or have whoever looks after security enter \
         an approval with its number in [[exports.approvals]] of the configuration"
    );
    Problem::new(Code::ExportLimit, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ground_is_that_of_the_cells_of_the_window_whatever_came_and_went() {
        let settings = ExportSettings::default();
        let window = settings.window.as_millis() as i64;
        let (mut taken, mut last, mut at) = (Taken::default(), BTreeMap::new(), Timestamp(0));
        let mut state = 7_u64;
        let mut below = |most: u32| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((state >> 33) as u32) % most
        };
        let sum = |cells: &mut dyn Iterator<Item = Cell>| cells.map(mm2).sum::<u64>();
        for _ in 0..2_000 {
            at.0 += i64::from(below(300_000_000)) / 10;
            taken.sweep(&settings, at);
            let begin = (100_000 + below(40), 100_000 + below(40));
            let ground: Vec<Cell> =
                (0..1 + below(9)).map(|more| (begin.0 + more % 3, begin.1 + more / 3)).collect();
            // Whoever asks twice within the minute is counted a minute too long at most.
            last.retain(|_, seen: &mut i64| *seen >= at.0 - window - SWEEP_MS);
            let mut with: BTreeSet<Cell> = last.keys().copied().collect();
            with.extend(&ground);
            let (told, most) = (taken.mm2_with(&ground), sum(&mut with.into_iter()));
            let inner = last.iter().filter(|(_, seen)| **seen >= at.0 - window);
            let least: BTreeSet<Cell> =
                inner.map(|(cell, _)| *cell).chain(ground.clone()).collect();
            assert!((sum(&mut least.into_iter())..=most).contains(&told), "{told} {most}");
            for cell in &ground {
                taken.take(*cell, at);
                assert!(!taken.take(*cell, at), "it was told just now");
            }
            last.extend(ground.into_iter().map(|cell| (cell, at.0)));
            assert_eq!(taken.mm2, sum(&mut taken.cells.keys().copied()));
        }
        assert!(at.0 > 2 * window && last.len() < 1_500, "{at:?} {}", last.len());
    }
}
