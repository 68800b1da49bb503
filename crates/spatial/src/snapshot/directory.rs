//! Which shard of a collection holds a feature: six bytes a feature, in pages that copies
//! share.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::FeatureId;

/// Ids of one page: 2^12.
const PAGE_BITS: u32 = 12;

/// From feature ids to numbers of shards.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    /// Ascending by page number.
    pages: Vec<(i64, Arc<Page>)>,
}

#[derive(Clone, Debug, Default)]
struct Page {
    /// Ascending.
    offsets: Vec<u16>,
    /// Number of the shard, by position in `offsets`.
    shards: Vec<u32>,
}

fn split(id: FeatureId) -> (i64, u16) {
    (id.value() >> PAGE_BITS, (id.value() & ((1 << PAGE_BITS) - 1)) as u16)
}

impl Directory {
    /// The directory of `entries`, which ascend by id, each id once.
    pub(super) fn build(entries: &[(FeatureId, u32)]) -> Self {
        let pages = entries.chunk_by(|a, b| split(a.0).0 == split(b.0).0).map(|entries| {
            let page = Page {
                offsets: entries.iter().map(|(id, _)| split(*id).1).collect(),
                shards: entries.iter().map(|(_, shard)| *shard).collect(),
            };
            (split(entries[0].0).0, Arc::new(page))
        });
        Self { pages: pages.collect() }
    }

    /// Number of the shard that holds `id`.
    pub(super) fn shard_of(&self, id: FeatureId) -> Option<u32> {
        let (number, offset) = split(id);
        let position = self.pages.binary_search_by_key(&number, |(page, _)| *page).ok()?;
        let page = &self.pages[position].1;
        let position = page.offsets.binary_search(&offset).ok()?;
        Some(page.shards[position])
    }

    /// Puts ids into other shards, or strikes them.
    pub(super) fn update(&mut self, updates: &BTreeMap<FeatureId, Option<u32>>) {
        let updates: Vec<_> = updates.iter().map(|(id, shard)| (*id, *shard)).collect();
        for updates in updates.chunk_by(|a, b| split(a.0).0 == split(b.0).0) {
            let number = split(updates[0].0).0;
            let found = self.pages.binary_search_by_key(&number, |(page, _)| *page);
            let position = found.unwrap_or_else(|position| {
                self.pages.insert(position, (number, Arc::default()));
                position
            });
            let page = Page::merged(&self.pages[position].1, updates);
            if page.offsets.is_empty() {
                self.pages.remove(position);
            } else {
                self.pages[position].1 = Arc::new(page);
            }
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let page = |page: &Page| page.offsets.capacity() * 2 + page.shards.capacity() * 4;
        self.pages.iter().map(|(_, one)| page(one) + 64).sum()
    }
}

impl Page {
    /// This page with `updates`, which ascend by id, in place of what it says of those ids.
    fn merged(&self, updates: &[(FeatureId, Option<u32>)]) -> Self {
        let mut merged = Self::default();
        let mut push = |offset: u16, shard: u32| {
            merged.offsets.push(offset);
            merged.shards.push(shard);
        };
        let mut kept = self.offsets.iter().copied().zip(self.shards.iter().copied()).peekable();
        for (id, shard) in updates {
            let offset = split(*id).1;
            while let Some((kept, shard)) = kept.next_if(|(kept, _)| *kept < offset) {
                push(kept, shard);
            }
            kept.next_if(|(kept, _)| *kept == offset);
            if let Some(shard) = shard {
                push(offset, *shard);
            }
        }
        kept.for_each(|(offset, shard)| push(offset, shard));
        merged
    }
}
