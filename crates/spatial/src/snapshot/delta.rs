//! The newest edits of a collection, until they are folded into its shards.

use std::sync::Arc;

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};
use rustc_hash::FxHashMap;

use crate::{Envelope, FeatureId, FeatureRef, Shard, WorldBox, hilbert};

/// Place of a feature in the order of its collection: Hilbert key, then id.
pub type Rank = (u64, FeatureId);

type Item = GeomWithData<Rectangle<[f64; 2]>, Rank>;

/// Features by id and by place. Each points into the small shard of its commit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delta {
    entries: FxHashMap<FeatureId, Entry>,
    by_world: RTree<Item>,
    by_envelope: RTree<Item>,
}

/// Where a feature of the delta is.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) shard: Arc<Shard>,
    pub(crate) slot: u16,
}

impl Entry {
    pub(crate) fn feature(&self) -> FeatureRef<'_> {
        self.shard.feature(usize::from(self.slot))
    }

    /// Whether both are the very same state of a feature.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.slot == other.slot && Arc::ptr_eq(&self.shard, &other.shard)
    }
}

impl Delta {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Every feature, in no order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (FeatureId, &Entry)> {
        self.entries.iter().map(|(id, entry)| (*id, entry))
    }

    pub(crate) fn get(&self, id: FeatureId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// Adds every feature of the shard of a commit; none of their ids is here.
    pub(crate) fn insert(&mut self, shard: &Arc<Shard>) {
        for slot in 0..shard.len() {
            let feature = shard.feature(slot);
            if let Some((world, envelope)) = items(feature) {
                self.by_world.insert(world);
                self.by_envelope.insert(envelope);
            }
            let entry = Entry { shard: Arc::clone(shard), slot: slot as u16 };
            self.entries.insert(feature.id(), entry);
        }
    }

    /// What of it `keep` keeps.
    pub(crate) fn only(&self, keep: &mut dyn FnMut(&Entry) -> bool) -> Self {
        let kept = self.entries.iter().filter(|(_, entry)| keep(entry));
        let entries: FxHashMap<_, _> = kept.map(|(id, entry)| (*id, entry.clone())).collect();
        if entries.len() == self.entries.len() {
            return self.clone();
        }
        let (by_world, by_envelope) =
            entries.values().filter_map(|entry| items(entry.feature())).unzip();
        let (by_world, by_envelope) = (RTree::bulk_load(by_world), RTree::bulk_load(by_envelope));
        Self { entries, by_world, by_envelope }
    }

    /// Takes a feature out.
    pub(crate) fn remove(&mut self, id: FeatureId) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        if let Some((world, envelope)) = items(entry.feature()) {
            self.by_world.remove(&world);
            self.by_envelope.remove(&envelope);
        }
        Some(entry)
    }

    /// Every feature, by rank.
    pub(crate) fn all(&self) -> Vec<(Rank, &Entry)> {
        self.those(|_| true)
    }

    /// The features that `keep` keeps, by rank; a rank is some work.
    pub(crate) fn those(&self, keep: impl Fn(&Entry) -> bool) -> Vec<(Rank, &Entry)> {
        let kept = self.entries.values().filter(|entry| keep(entry));
        let rank = |entry: &Entry| entry.shard.rank(usize::from(entry.slot));
        let mut kept: Vec<_> = kept.map(|entry| (rank(entry), entry)).collect();
        kept.sort_unstable_by_key(|(rank, _)| *rank);
        kept
    }

    /// What intersects `area`, by rank.
    pub(crate) fn search_world(&self, area: &WorldBox) -> Vec<(Rank, &Entry)> {
        if area.is_empty() { Vec::new() } else { self.search(&self.by_world, world_corners(area)) }
    }

    /// What may reach `area` on another grid, by rank.
    pub(crate) fn around(&self, area: &WorldBox) -> Vec<(Rank, &Entry)> {
        self.those(|entry| entry.feature().world_box().bulged().intersects(area))
    }

    /// What intersects `area`, by rank.
    pub(crate) fn search_envelope(&self, area: &Envelope) -> Vec<(Rank, &Entry)> {
        if area.is_empty() { Vec::new() } else { self.search(&self.by_envelope, corners(area)) }
    }

    /// The box of every feature.
    pub(crate) fn world_box(&self) -> WorldBox {
        if self.by_world.size() == 0 {
            return WorldBox::EMPTY;
        }
        let bounds = self.by_world.root().envelope();
        let corner = |[x, y]: [f64; 2]| [x as u32, y as u32];
        WorldBox { min: corner(bounds.lower()), max: corner(bounds.upper()) }
    }

    /// The envelope of every feature.
    pub(crate) fn envelope(&self) -> Envelope {
        if self.by_envelope.size() == 0 {
            return Envelope::EMPTY;
        }
        let bounds = self.by_envelope.root().envelope();
        let ([min_x, min_y], [max_x, max_y]) = (bounds.lower(), bounds.upper());
        Envelope { min_x, min_y, max_x, max_y }
    }

    fn search(&self, tree: &RTree<Item>, [min, max]: [[f64; 2]; 2]) -> Vec<(Rank, &Entry)> {
        let mut found: Vec<_> = tree
            .locate_in_envelope_intersecting(AABB::from_corners(min, max))
            .filter_map(|item| Some((item.data, self.entries.get(&item.data.1)?)))
            .collect();
        found.sort_unstable_by_key(|(rank, _)| *rank);
        found
    }

    /// Bytes of memory, the shards of the commits included, each once.
    pub(crate) fn heap_bytes(&self) -> usize {
        let mut shards: Vec<_> =
            self.entries.values().map(|e| (Arc::as_ptr(&e.shard), e.shard.heap_bytes())).collect();
        shards.sort_unstable();
        shards.dedup();
        let shards: usize = shards.iter().map(|(_, bytes)| bytes).sum();
        shards + self.entries.len() * (size_of::<Entry>() + 16 + 2 * size_of::<Item>())
    }
}

/// What the two trees hold of a feature; nothing of a placeless one.
fn items(feature: FeatureRef<'_>) -> Option<(Item, Item)> {
    let (world, envelope) = (feature.world_box(), feature.envelope());
    if world.is_empty() {
        return None;
    }
    let rank = (hilbert::box_key(&world), feature.id());
    let item = |[min, max]: [[f64; 2]; 2]| Item::new(Rectangle::from_corners(min, max), rank);
    Some((item(world_corners(&world)), item(corners(&envelope))))
}

fn world_corners(area: &WorldBox) -> [[f64; 2]; 2] {
    [area.min.map(f64::from), area.max.map(f64::from)]
}

fn corners(area: &Envelope) -> [[f64; 2]; 2] {
    [[area.min_x, area.min_y], [area.max_x, area.max_y]]
}
