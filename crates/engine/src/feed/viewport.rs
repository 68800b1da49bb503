//! Which tiles of a viewport a change shows in, by the arithmetic of the tile's key:
//! [`TileCoord::world_box`] with the buffer that tiles are drawn with.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use spatial::{Envelope, WorldBox, WorldGrid};
use tile::{TileCoord, TileMatrixSet};

use super::place::world_box;

/// Most tiles that are named one by one; beyond them it is all of the viewport.
pub const MAX_TOLD_TILES: usize = 1_000;
/// Tile units along a side of a tile.
const EXTENT: u32 = 4096;

/// What a map shows: boxes of one tile matrix set at some zooms.
#[derive(Clone, Debug)]
pub struct Viewport {
    set: &'static TileMatrixSet,
    /// The world of the set; none when it is that of Web Mercator.
    world: Option<WorldGrid>,
    /// On the grid of the set.
    boxes: Vec<WorldBox>,
    zooms: RangeInclusive<u8>,
    buffer: u32,
}

/// Tiles of a viewport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TileList {
    /// These, by zoom, column and row.
    Tiles(BTreeSet<TileCoord>),
    /// Any of the viewport: there are more than [`MAX_TOLD_TILES`].
    All,
}

/// A box of the Web Mercator grid on another one.
fn on(world: &Option<WorldGrid>, area: &WorldBox) -> WorldBox {
    world.as_ref().map_or(*area, |world| world.of_mercator(area))
}

impl Viewport {
    /// The viewport of `boxes` (longitude and latitude, degrees) at `zooms` of `set`, whose world
    /// [`crate::Engine::world_grid`] knows; tiles are drawn with `buffer` tile units around them.
    pub fn new(
        (set, world): (&'static TileMatrixSet, Option<WorldGrid>),
        boxes: &[Envelope],
        zooms: RangeInclusive<u8>,
        buffer: u32,
    ) -> Self {
        let zooms = (*zooms.start()).max(set.min_zoom())..=(*zooms.end()).min(set.max_zoom());
        let boxes = boxes.iter().map(|shown| on(&world, &world_box(shown))).collect();
        Self { set, world, boxes, zooms, buffer }
    }

    /// The tiles of the viewport in which something of `changed`, boxes of the Web Mercator grid,
    /// may show.
    pub fn tiles(&self, changed: &[WorldBox]) -> TileList {
        let mut found = BTreeSet::new();
        for area in changed {
            let area = match &self.world {
                Some(world) => world.of_mercator(&area.bulged()),
                None => *area,
            };
            if area.is_empty() {
                continue;
            }
            for view in self.boxes.iter().filter(|view| !view.is_empty()) {
                for zoom in self.zooms.clone() {
                    if !self.add(&mut found, zoom, &area, view) {
                        return TileList::All;
                    }
                }
            }
        }
        TileList::Tiles(found)
    }

    /// Adds the tiles of one zoom; false when there are too many.
    fn add(
        &self,
        found: &mut BTreeSet<TileCoord>,
        zoom: u8,
        area: &WorldBox,
        view: &WorldBox,
    ) -> bool {
        let (seen_first, seen_last) =
            (TileCoord::holding(zoom, view.min), TileCoord::holding(zoom, view.max));
        let (first, last) =
            (TileCoord::holding(zoom, area.min), TileCoord::holding(zoom, area.max));
        // Tiles so far around may still show the area in their buffer.
        let around = self.buffer / EXTENT + 1;
        let span = |first: u32, last: u32, seen_first: u32, seen_last: u32| {
            first.saturating_sub(around).max(seen_first)
                ..=last.saturating_add(around).min(seen_last)
        };
        let columns = span(first.x(), last.x(), seen_first.x(), seen_last.x());
        let rows = span(first.y(), last.y(), seen_first.y(), seen_last.y());
        if columns.is_empty() || rows.is_empty() {
            return true;
        }
        let count = |range: &RangeInclusive<u32>| u64::from(range.end() - range.start()) + 1;
        // The ring around is the most that the exact test leaves out.
        let (wide, high) = (count(&columns), count(&rows));
        let ring = u64::from(around) * 2;
        if wide.saturating_sub(ring) * high.saturating_sub(ring) > MAX_TOLD_TILES as u64 {
            return false;
        }
        for x in columns {
            for y in rows.clone() {
                let tile = TileCoord::new(self.set, zoom.into(), x, y);
                let Ok(tile) = tile else { continue };
                if tile.world_box(self.buffer).intersects(area) {
                    found.insert(tile);
                    if found.len() > MAX_TOLD_TILES {
                        return false;
                    }
                }
            }
        }
        true
    }
}
