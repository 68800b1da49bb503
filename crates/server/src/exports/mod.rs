//! How much ground features of the cadastre that an account and its unit took by HTTP cover together: the
//! union of the cells of all exports, pages and tiles over a rolling window. Beyond the limit they are
//! refused until an approval allows more.
//!
//! *Invariants:* what is refused is not counted; whoever has no account is not counted here: such a reader
//! is the operator of the machine, or sees no such features. Counted since the server was started.

mod cells;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use engine::accounts::Day;
use engine::now;
use quick_cache::sync::Cache;
use spatial::{CollectionSnapshot, FeatureId, Timestamp, WorldBox};

pub use self::cells::Cell;
use crate::access::Standing;
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
            collections: ["parcels", "buildings"].map(str::to_owned).into(),
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

/// Cells that somebody took, and when last.
type Taken = HashMap<Cell, Timestamp>;

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
    /// Which tiles were counted lately, and when: by whom, zoom, column and row.
    looked: Cache<(u64, [u32; 3]), Timestamp>,
    /// Makes numbers of accounts.
    numbers: RandomState,
}

/// Most tiles that are known to be counted.
const MAX_LOOKED: usize = 100_000;
/// How long a tile that was counted is not counted again, in milliseconds: little beside a window.
const LOOKED_MS: i64 = 3_600_000;

impl Default for Exports {
    fn default() -> Self {
        let (taken, numbers) = Default::default();
        Self { taken, looked: Cache::new(MAX_LOOKED), numbers }
    }
}

impl Exports {
    /// Counts features that are about to be sent.
    ///
    /// # Errors
    /// Where they and what was taken before cover more than is allowed.
    pub fn take(
        &self,
        settings: &ExportSettings,
        standing: &Standing,
        (collection, ids): (&CollectionSnapshot, Option<&[FeatureId]>),
    ) -> Result<(), Problem> {
        let Some(actor) = standing.account() else { return Ok(()) };
        if !settings.collections.contains(collection.collection().id.as_str()) {
            return Ok(());
        }
        let covered = match ids {
            Some(ids) => {
                let features = ids.iter().filter_map(|id| collection.get(*id));
                cells::covered(features.map(|feature| feature.world_box()))
            }
            None => {
                let mut boxes: Vec<WorldBox> = Vec::with_capacity(collection.len());
                collection.each(&mut |shard, slots| {
                    let all = shard.world_boxes();
                    boxes.extend(slots.iter().map(|slot| all[usize::from(*slot)]));
                });
                cells::covered(boxes.into_iter())
            }
        };
        self.count((settings, settings.limit_km2), actor, Kind::Export, covered)
    }

    /// Counts the place of a tile of zoom 14 or deeper.
    ///
    /// # Errors
    /// Where it and what was looked at before cover more than is allowed.
    pub fn look(
        &self,
        settings: &ExportSettings,
        standing: &Standing,
        target: &str,
    ) -> Result<(), Problem> {
        let Some(actor) = standing.account() else { return Ok(()) };
        let Some((zoom, x, y)) = tile_of(target) else { return Ok(()) };
        if zoom < 14 || !settings.collections.iter().any(|name| target.contains(name.as_str())) {
            return Ok(());
        }
        let (tile, at) = ((self.numbers.hash_one(actor), [zoom, x, y]), now());
        if self.looked.get(&tile).is_some_and(|last| at.0 - last.0 < LOOKED_MS) {
            return Ok(());
        }
        let first = |value: u32| value.checked_shl(32 - zoom).unwrap_or_default();
        let size = 1_u32.checked_shl(32 - zoom).unwrap_or(1) - 1;
        let min = [first(x), first(y)];
        let covered = WorldBox { min, max: min.map(|value| value | size) };
        let covered = cells::covered(std::iter::once(covered));
        self.count((settings, settings.tiles_km2), actor, Kind::Tile, covered)?;
        self.looked.insert(tile, at);
        Ok(())
    }

    fn count(
        &self,
        (settings, limit): (&ExportSettings, f64),
        actor: &Actor,
        kind: Kind,
        covered: Option<BTreeSet<Cell>>,
    ) -> Result<(), Problem> {
        let at = now();
        let window = i64::try_from(settings.window.as_millis()).unwrap_or(i64::MAX);
        let oldest = Timestamp(at.0.saturating_sub(window));
        let account = (Owner::Account(actor.name().to_owned(), kind), actor.name());
        let unit = actor.unit().map(|unit| (Owner::Unit(unit.to_owned(), kind), unit));
        let owners: Vec<_> = std::iter::once(account).chain(unit).collect();
        let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        for (owner, name) in &owners {
            let allowed = settings.allowed(limit, name, Day::of(at));
            let taken = all.entry(owner.clone()).or_default();
            taken.retain(|_, last| *last >= oldest);
            let total = covered.as_ref().map(|covered| {
                let before = taken.keys().filter(|cell| !covered.contains(*cell));
                before.chain(covered).map(|cell| cells::km2(*cell)).sum::<f64>()
            });
            if total.is_none_or(|total| total > allowed) {
                tracing::warn!(
                    account = actor.name(),
                    of = name,
                    allowed_km2 = allowed,
                    ?kind,
                    "features were refused: they cover too much ground"
                );
                return Err(refused(name, (total, allowed), settings.window));
            }
        }
        if all.len() > MAX_OWNERS {
            all.retain(|_, taken| taken.values().any(|last| *last >= oldest));
        }
        for (owner, _) in owners {
            let taken = all.entry(owner).or_default();
            taken.extend(covered.iter().flatten().map(|cell| (*cell, at)));
        }
        Ok(())
    }
}

impl ExportSettings {
    /// Square kilometres that somebody is allowed on a day.
    fn allowed(&self, limit: f64, of: &str, day: Day) -> f64 {
        let approved = self.approvals.iter().filter(|one| one.of == of && day <= one.until);
        approved.map(|one| one.km2).fold(limit, f64::max)
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

/// Zoom, column and row of a tile that a path ends in.
fn tile_of(target: &str) -> Option<(u32, u32, u32)> {
    let path = target.split('?').next()?;
    let mut parts = path.rsplit('/');
    let number = |text: &str| text.split('.').next()?.parse::<u32>().ok();
    let (last, middle, zoom) = (parts.next()?, parts.next()?, parts.next()?);
    let (last, middle, zoom) = (number(last)?, number(middle)?, number(zoom)?);
    // XYZ has the column first, OGC and Esri the row.
    let is_xyz = path.starts_with("/xyz/");
    let (x, y) = if is_xyz { (middle, last) } else { (last, middle) };
    (zoom <= 32).then_some((zoom, x, y))
}
