//! Which tiles of a tile matrix set can have content: the limits of a tileset.
//!
//! Rows count from the north and columns from the west, both ends included. A tileset without any
//! feature is not limited: an edit may put its first feature anywhere.

use std::ops::RangeInclusive;

use engine::Engine;
use serde_json::{Value, json};
use spatial::{CollectionSnapshot, WorldBox};
use tile::{TileCoord, TileMatrixSet};

/// The tiles of one zoom that can have content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileRange {
    zoom: u8,
    rows: (u32, u32),
    cols: (u32, u32),
}

impl TileRange {
    /// The tiles of `zoom` that share a point with `area`; all of them when `area` is empty.
    pub fn covering(set: &TileMatrixSet, zoom: u8, area: &WorldBox) -> Self {
        let last_row = set.matrix_height(zoom) - 1;
        if area.is_empty() {
            return Self { zoom, rows: (0, last_row), cols: (0, set.matrix_width(zoom) - 1) };
        }
        let (first, last) =
            (TileCoord::holding(zoom, area.min), TileCoord::holding(zoom, area.max));
        let row = |coord: TileCoord| coord.y().min(last_row);
        Self { zoom, rows: (row(first), row(last)), cols: (first.x(), last.x()) }
    }

    /// First and last row, first and last column.
    pub fn ends(&self) -> [(u32, u32); 2] {
        [self.rows, self.cols]
    }

    /// The zoom.
    pub fn zoom(&self) -> u8 {
        self.zoom
    }

    /// Whether the tile is one of them.
    pub fn holds(&self, coord: TileCoord) -> bool {
        coord.z() == self.zoom
            && (self.rows.0..=self.rows.1).contains(&coord.y())
            && (self.cols.0..=self.cols.1).contains(&coord.x())
    }

    /// As a member of `tileMatrixSetLimits` (OGC 17-083r4).
    pub fn document(&self, set: &TileMatrixSet) -> Value {
        json!({
            "tileMatrix": set.matrix_id(self.zoom),
            "minTileRow": self.rows.0,
            "maxTileRow": self.rows.1,
            "minTileCol": self.cols.0,
            "maxTileCol": self.cols.1
        })
    }
}

/// The limits at `zoom` of a tileset with these collections as layers; `None` when no layer is
/// drawn at this zoom.
pub fn limit(
    engine: &Engine,
    set: &TileMatrixSet,
    zoom: u8,
    layers: &[&CollectionSnapshot],
) -> Option<TileRange> {
    limit_of(set, zoom, &placed(engine, set, layers))
}

/// The limits of every zoom, from the first with a layer to the last.
pub fn limits(
    engine: &Engine,
    set: &TileMatrixSet,
    layers: &[&CollectionSnapshot],
) -> Vec<TileRange> {
    let placed = placed(engine, set, layers);
    set.zooms().filter_map(|zoom| limit_of(set, zoom, &placed)).collect()
}

/// Where `layer` lies on the grid of `set`; empty when nothing of it does.
pub fn box_on(engine: &Engine, set: &TileMatrixSet, layer: &CollectionSnapshot) -> WorldBox {
    let area = layer.world_box();
    if set.is_web_mercator() { area } else { engine.box_on(set, &area.bulged()) }
}

/// Zooms and box on the grid of each layer.
type PlacedLayer = (RangeInclusive<u8>, WorldBox);

fn placed(
    engine: &Engine,
    set: &TileMatrixSet,
    layers: &[&CollectionSnapshot],
) -> Vec<PlacedLayer> {
    let place = |layer: &&CollectionSnapshot| {
        (set.drawn(layer.collection().zooms), box_on(engine, set, layer))
    };
    layers.iter().map(place).collect()
}

fn limit_of(set: &TileMatrixSet, zoom: u8, layers: &[PlacedLayer]) -> Option<TileRange> {
    let mut drawn = layers.iter().filter(|(zooms, _)| zooms.contains(&zoom));
    let (_, first) = drawn.next()?;
    let area = drawn.fold(*first, |area, (_, layer)| area.union(layer));
    Some(TileRange::covering(set, zoom, &area))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use spatial::world::from_lon_lat;
    use tile::WEB_MERCATOR_QUAD;

    use super::*;

    fn range(zoom: u8, area: &WorldBox) -> TileRange {
        TileRange::covering(&WEB_MERCATOR_QUAD, zoom, area)
    }

    #[test]
    fn a_range_holds_the_tiles_that_the_area_touches() {
        let area = WorldBox { min: from_lon_lat([116.0, 40.0]), max: from_lon_lat([117.0, 39.0]) };
        let world = range(0, &area);
        assert_eq!(
            world.document(&WEB_MERCATOR_QUAD),
            json!({"tileMatrix": "0", "minTileRow": 0, "maxTileRow": 0, "minTileCol": 0, "maxTileCol": 0})
        );
        // Columns: (116 + 180) / 360 · 2^8 = 210.5 and 211.2.
        let city = range(8, &area);
        assert_eq!((city.cols, city.rows), ((210, 211), (96, 97)));
        let held = |z, x, y| city.holds(TileCoord::new(&WEB_MERCATOR_QUAD, z, x, y).unwrap());
        assert!(held(8, 210, 96) && held(8, 211, 97));
        assert!(!held(8, 209, 96) && !held(8, 212, 96) && !held(8, 210, 95) && !held(8, 210, 98));
        assert!(!held(9, 210, 96), "another zoom");
    }

    #[test]
    fn without_a_feature_every_tile_is_possible() {
        let all = range(3, &WorldBox::EMPTY);
        assert_eq!((all.rows, all.cols), ((0, 7), (0, 7)));
    }

    #[test]
    fn the_last_unit_of_the_world_is_in_the_last_tile() {
        let corner = WorldBox { min: [u32::MAX; 2], max: [u32::MAX; 2] };
        let last = (1 << 22) - 1;
        let deepest = range(22, &corner);
        assert_eq!((deepest.rows, deepest.cols), ((last, last), (last, last)));
    }
}
