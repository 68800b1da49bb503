//! Who is whose neighbour, and what that makes of each.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::{ClusterFault, ClusterQuery, shards};
use crate::gap::{Outline, within};
use crate::packed_tree::Descent;
use crate::snapshot::Part;
use crate::{Budget, Envelope, FeatureRef};

/// What a feature is in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Of no cluster.
    Noise,
    /// Of the cluster of this number.
    Member(u32),
}

/// The outcome: one role a feature.
#[derive(Debug)]
pub(super) struct Links {
    pub(super) roles: Vec<Role>,
    pub(super) clusters: usize,
}

/// Candidate pairs after which a worker tells the budget.
const REPORT: u64 = 4096;
/// Vertices walked after which the budget is told sooner.
const MOST_WALKED: u64 = 65_536;

/// Places of two features, by id, each.
type Pairs = Vec<(u32, u32)>;

/// Cores whose pairs are found at once: few to begin with, since where everything is near
/// everything the first of them join all the others.
const FIRST_ROUND: usize = 16;
const ROUND: usize = 4096;

/// The features under trees.
struct Field<'a> {
    features: &'a [FeatureRef<'a>],
    shards: Vec<(Part, Vec<u32>)>,
    query: &'a ClusterQuery<'a>,
    budget: &'a Budget<'a>,
}

impl Links {
    /// Roles of `features`, which are in the order of their ids.
    pub(super) fn of<'a>(
        features: &'a [FeatureRef<'a>],
        query: &'a ClusterQuery<'a>,
        budget: &'a Budget<'a>,
    ) -> Result<Self, ClusterFault> {
        let field = Field { features, shards: shards(features), query, budget };
        let cores = field.cores()?;
        let (parents, reachable) = field.connect(&cores)?;
        // Cores by id: the first of a tree names its cluster.
        let mut numbers: FxHashMap<u32, u32> = FxHashMap::default();
        let mut roles = vec![Role::Noise; features.len()];
        for place in (0..features.len()).filter(|place| cores[*place]) {
            let next = numbers.len() as u32;
            let number = *numbers.entry(root(&parents, place as u32)).or_insert(next);
            roles[place] = Role::Member(number);
        }
        for (place, core) in reachable {
            if let (false, Role::Member(number)) = (cores[place as usize], roles[core as usize]) {
                let role = &mut roles[place as usize];
                *role = match *role {
                    Role::Member(other) if other < number => Role::Member(other),
                    _ => Role::Member(number),
                };
            }
        }
        Ok(Self { roles, clusters: numbers.len() })
    }
}

fn root(parents: &[u32], mut node: u32) -> u32 {
    while parents[node as usize] != node {
        node = parents[node as usize];
    }
    node
}

/// Joins the trees of two nodes; the smaller root stays.
fn join(parents: &mut [u32], a: u32, b: u32) {
    let mut halved_root = |mut node: u32| {
        while parents[node as usize] != node {
            let up = parents[parents[node as usize] as usize];
            parents[node as usize] = up;
            node = up;
        }
        node
    };
    let (a, b) = (halved_root(a), halved_root(b));
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    parents[high as usize] = low;
}

impl Field<'_> {
    /// Which features have enough neighbours. Stops counting when they have.
    fn cores(&self) -> Result<Vec<bool>, ClusterFault> {
        let wanted = self.query.least;
        if wanted == 1 {
            return Ok(vec![true; self.features.len()]);
        }
        let places: Vec<u32> = (0..self.features.len() as u32).collect();
        let cores = places.par_chunks(256).map(|chunk| {
            let mut meter = Meter::new(self);
            let mut cores = Vec::with_capacity(chunk.len());
            for place in chunk {
                let mut found = 1;
                meter.neighbours(*place, &|_| true, &mut |_| true, &mut |_| {
                    found += 1;
                    found < wanted
                })?;
                cores.push(found >= wanted);
            }
            meter.report()?;
            Ok(cores)
        });
        let cores: Vec<Vec<bool>> = cores.collect::<Result<_, ClusterFault>>()?;
        Ok(cores.concat())
    }

    /// Trees of cores, and pairs of a feature that is no core and a core near it.
    fn connect(&self, cores: &[bool]) -> Result<(Vec<u32>, Pairs), ClusterFault> {
        let mut parents: Vec<u32> = (0..self.features.len() as u32).collect();
        let mut reachable = Vec::new();
        let places: Vec<u32> =
            (0..self.features.len() as u32).filter(|place| cores[*place as usize]).collect();
        // Each round knows the trees of those before it, and measures no pair that they join.
        let (mut rest, mut size) = (places.as_slice(), FIRST_ROUND);
        while !rest.is_empty() {
            let (round, later) = rest.split_at(size.min(rest.len()));
            (rest, size) = (later, (size * 2).min(ROUND));
            let trees = self.whole_trees(cores, &parents);
            let known = (cores, parents.as_slice(), trees.as_slice());
            let found = round.par_chunks(64).map(|chunk| self.near_cores(chunk, known));
            let found: Vec<Pairs> = found.collect::<Result<_, ClusterFault>>()?;
            for (core, other) in found.into_iter().flatten() {
                if cores[other as usize] {
                    join(&mut parents, core, other);
                } else {
                    reachable.push((other, core));
                }
            }
        }
        Ok((parents, reachable))
    }

    /// The root of each shard whose features are cores of one tree.
    fn whole_trees(&self, cores: &[bool], parents: &[u32]) -> Vec<Option<u32>> {
        let tree = |places: &Vec<u32>| {
            let first = root(parents, *places.first()?);
            let same = |place: &u32| cores[*place as usize] && root(parents, *place) == first;
            places.iter().all(same).then_some(first)
        };
        self.shards.iter().map(|(_, places)| tree(places)).collect()
    }

    /// Pairs of a core of `chunk` and another feature near it, unless that one is a core that
    /// comes before or is of the same tree already. `trees` are [`Field::whole_trees`].
    fn near_cores(
        &self,
        chunk: &[u32],
        (cores, parents, trees): (&[bool], &[u32], &[Option<u32>]),
    ) -> Result<Pairs, ClusterFault> {
        let mut meter = Meter::new(self);
        let mut pairs = Vec::new();
        for place in chunk.iter().copied() {
            let own = root(parents, place);
            meter.neighbours(
                place,
                &|shard| trees[shard] != Some(own),
                &mut |other| !cores[other as usize] || other > place && root(parents, other) != own,
                &mut |other| {
                    pairs.push((place, other));
                    true
                },
            )?;
        }
        meter.report()?;
        Ok(pairs)
    }
}

/// Measures pairs, in memory that is used again.
struct Meter<'f> {
    field: &'f Field<'f>,
    own: Outline,
    other: Outline,
    candidates: Vec<u32>,
    looked: u64,
    walked: u64,
}

impl<'f> Meter<'f> {
    fn new(field: &'f Field<'f>) -> Self {
        Self {
            field,
            own: Outline::default(),
            other: Outline::default(),
            candidates: Vec::new(),
            looked: 0,
            walked: 0,
        }
    }

    /// Tells the budget what was looked at since the last time.
    fn report(&mut self) -> Result<(), ClusterFault> {
        let walked = std::mem::take(&mut self.walked);
        self.looked = 0;
        Ok(self.field.budget.spend(0, walked)?)
    }

    /// Calls `found` with the neighbours of a feature, in the shards that are `asked`, that are
    /// `wanted`, until it has enough.
    ///
    /// A pair is measured on the plane about the feature with the smaller id, so that both see
    /// the same distance.
    fn neighbours(
        &mut self,
        place: u32,
        asked: &dyn Fn(usize) -> bool,
        wanted: &mut dyn FnMut(u32) -> bool,
        found: &mut dyn FnMut(u32) -> bool,
    ) -> Result<(), ClusterFault> {
        let Field { features, shards, query, .. } = self.field;
        let feature = features[place as usize];
        let reach = query.metric.grown(&feature.envelope(), query.distance);
        let own_plane = query.metric.plane(feature.envelope().center());
        let mut placed = false;
        for (number, (part, places)) in shards.iter().enumerate() {
            let tree = part.shard.tree();
            if !asked(number) || !reach.intersects(&tree.bounds()) {
                continue;
            }
            self.candidates.clear();
            let mut classify = |bounds: &Envelope| {
                if reach.intersects(bounds) { Descent::Open } else { Descent::Skip }
            };
            tree.walk(part.shard.envelopes(), &mut classify, &mut |slots, _| {
                self.candidates.extend(slots.map(|slot| places[slot]));
            });
            let candidates = std::mem::take(&mut self.candidates);
            for other in candidates.iter().copied().filter(|other| *other != place) {
                self.looked += 1;
                // A look costs too, where everything is near everything.
                self.walked += 1;
                if self.looked >= REPORT {
                    self.report()?;
                }
                if !wanted(other) {
                    continue;
                }
                let partner = features[other as usize];
                self.walked += (feature.vertex_count() + partner.vertex_count()) as u64;
                let plane = if place < other {
                    own_plane
                } else {
                    query.metric.plane(partner.envelope().center())
                };
                // On the plane of another the own place must be found anew.
                let anew = place > other && query.metric != crate::Metric::Plane;
                if anew || !placed {
                    self.own.place(feature, plane);
                    placed = !anew;
                }
                self.other.place(partner, plane);
                self.walked += (self.own.following + self.other.following) as u64;
                if self.walked >= MOST_WALKED {
                    self.report()?;
                }
                if within(&self.own, &self.other, query.distance) && !found(other) {
                    self.candidates = candidates;
                    return Ok(());
                }
            }
            self.candidates = candidates;
        }
        Ok(())
    }
}
