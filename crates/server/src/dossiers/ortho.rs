//! The ortho-image of a file (影像图): which tiles of an archive show its parcels, and the cut that sheets
//! print.
//!
//! Archives are cut on Web Mercator; a cut is a rectangle of the parcel's plane. Between the two stands
//! the affine map that fits the corners of the rectangle best. Gauss-Krüger and Web Mercator are both
//! conformal, so that it is off by a share of the side that grows with the side: at Beijing less than
//! 2 mm where a cut has 200 m, less than 20 cm where it has [`MOST_METRES`]. Nothing is measured on it.
//!
//! *Invariant:* who is not shown the shape of a parcel is not shown its ground.

use std::sync::Arc;

use axum::body::Bytes;
use engine::{Engine, EngineError};
use formats::TileType;
use ledger::dossier::{Contents, Dossiers, OrthoLayer, ParcelFile};
use sheet::{Image, ImageFault, MosaicCut, MosaicTile, Ortho, mosaic};
use spatial::{Crs, CrsError, CrsRegistry, Envelope, Snapshot};
use tile::{TileCoord, WEB_MERCATOR_QUAD};

use crate::archives::{Archive, ArchiveReadError, ArchiveTile, Archives};

/// Ground around a parcel: a share of its longer side, and metres at least.
const MARGIN: (f64, f64) = (0.25, 8.0);
/// Longest side of a cut, metres.
const MOST_METRES: f64 = 2_000.0;
/// Most tiles of a cut, to each side.
const MOST_TILES: u32 = 5;
/// Smallest part of a tile that a cut is made of: on less there is nothing to see.
const LEAST_TILES: f64 = 1.0 / 16.0;
/// Most parcels of one file whose ground is shown.
const MOST_CUTS: usize = 20;
/// Half of the Web Mercator square, metres of EPSG:3857.
const MERCATOR_HALF: f64 = std::f64::consts::PI * 6_378_137.0;

/// An archive whose images are of the ground.
#[derive(Clone, Debug)]
pub struct OrthoSource {
    archive: Arc<Archive>,
    layer: OrthoLayer,
}

/// The ground of one parcel, as the tiles of an archive show it.
#[derive(Clone, Debug)]
pub struct OrthoCut {
    /// The code of the parcel.
    pub parcel: String,
    /// The archive by its name in URLs.
    pub archive: String,
    /// The zoom of the tiles.
    pub zoom: u8,
    /// Ground that a pixel shows from side to side, metres.
    pub pixel_m: f64,
    /// West, south, east, north in metres of the parcel's plane.
    pub extent: [f64; 4],
    /// Whose image it is.
    pub source: String,
    /// When it was taken, where that is known.
    pub captured: Option<String>,
    tiles: Vec<MosaicTile>,
    cut: MosaicCut,
}

/// Why there is no cut.
#[derive(Debug, thiserror::Error)]
enum OrthoFault {
    #[error(transparent)]
    Read(#[from] ArchiveReadError),
    #[error("reading tiles was cut off")]
    Ended(#[from] tokio::task::JoinError),
    #[error(transparent)]
    Crs(#[from] CrsError),
    #[error(transparent)]
    Image(#[from] ImageFault),
}

impl OrthoSource {
    /// The archive that the definitions name, if these archives have it.
    pub fn new(dossiers: &Dossiers, archives: &Archives, snapshot: &Snapshot) -> Option<Self> {
        let layer = dossiers.set().ortho.clone()?;
        let archive = archives.find(&layer.collection, snapshot)?;
        Some(Self { archive, layer })
    }

    /// What the archive shows of the parcels of a file; where it should and cannot, a note of the file
    /// says why.
    pub async fn cuts(&self, file: &mut Contents, registry: &CrsRegistry) -> Vec<OrthoCut> {
        let id = self.archive.id().as_str();
        let tile_type = self.archive.facts().tile_type;
        if !matches!(tile_type, TileType::Png | TileType::Jpeg) {
            let found = tile_type.media_type();
            file.notes.push(format!("影像图：瓦片包{id}为{found}，只能绘制PNG与JPEG"));
            return Vec::new();
        }
        let mut cuts = Vec::new();
        for parcel in file.parcels.iter().take(MOST_CUTS) {
            match self.cut(parcel, registry).await {
                Ok(cut) => cuts.extend(cut),
                Err(error) => {
                    tracing::error!(archive.id = id, %error, "an ortho-image cannot be cut");
                    file.notes.push(format!("影像图：瓦片包{id}不能读取"));
                    break;
                }
            }
        }
        cuts
    }

    /// The cut at the finest zoom that has every tile of the parcel.
    async fn cut(
        &self,
        parcel: &ParcelFile,
        registry: &CrsRegistry,
    ) -> Result<Option<OrthoCut>, OrthoFault> {
        let (Some(plane), Some(shape)) = (&parcel.plane, &parcel.shape) else { return Ok(None) };
        let own = shape.envelope();
        let Some(extent) = extent(&own) else { return Ok(None) };
        let [corners, own] = [extent, [own.min_x, own.min_y, own.max_x, own.max_y]]
            .map(|extent| mercator(extent, plane, registry));
        let (corners, own) = (corners?, own?);
        let facts = self.archive.facts();
        for zoom in (facts.zooms.0..=facts.zooms.1).rev() {
            let range = range(&corners, zoom);
            let [columns, rows] = [0, 1].map(|axis| range[1][axis] - range[0][axis] + 1);
            if columns > MOST_TILES || rows > MOST_TILES {
                continue;
            }
            let cut = cut_of(&corners, zoom, range);
            if cut.across[0].hypot(cut.across[1]) < LEAST_TILES {
                break;
            }
            let tiles = self.tiles(zoom, range).await?;
            let [first, last] = self::range(&own, zoom);
            let is_there = |at: [u32; 2]| tiles.iter().any(|(place, _)| *place == at);
            let is_whole = (first[0]..=last[0])
                .all(|column| (first[1]..=last[1]).all(|row| is_there([column, row])));
            if !is_whole {
                continue;
            }
            return self.found(parcel, zoom, (extent, cut), (range[0], tiles)).map(Some);
        }
        Ok(None)
    }

    fn found(
        &self,
        parcel: &ParcelFile,
        zoom: u8,
        (extent, cut): ([f64; 4], MosaicCut),
        (first, tiles): ([u32; 2], Vec<([u32; 2], Bytes)>),
    ) -> Result<OrthoCut, OrthoFault> {
        let mut images = Vec::with_capacity(tiles.len());
        for (at, bytes) in tiles {
            let at = [0, 1].map(|axis| (at[axis] - first[axis]) as usize);
            images.push(MosaicTile { at, image: Image::new(bytes.to_vec())? });
        }
        let side = images.first().map_or(256, |tile| tile.image.pixels()[0].max(1));
        let pixels = cut.across[0].hypot(cut.across[1]) * side as f64;
        let facts = self.archive.facts();
        let said = if facts.attribution.is_empty() { &facts.name } else { &facts.attribution };
        Ok(OrthoCut {
            parcel: parcel.code.clone(),
            archive: self.archive.id().as_str().to_owned(),
            zoom,
            pixel_m: (extent[2] - extent[0]) / pixels,
            extent,
            source: self.layer.source.clone().unwrap_or_else(|| said.clone()),
            captured: self.layer.captured.clone(),
            tiles: images,
            cut,
        })
    }

    /// The tiles that there are within a range, read at the same time.
    async fn tiles(
        &self,
        zoom: u8,
        [first, last]: Range,
    ) -> Result<Vec<([u32; 2], Bytes)>, OrthoFault> {
        let columns = first[0]..=last[0];
        let places = columns.flat_map(|column| (first[1]..=last[1]).map(move |row| [column, row]));
        let mut reading = Vec::new();
        for [column, row] in places {
            let zoom = u32::from(zoom);
            let Ok(coord) = TileCoord::new(&WEB_MERCATOR_QUAD, zoom, column, row) else { continue };
            let archive = Arc::clone(&self.archive);
            let read = async move { archive.tile(coord, |_mark| false).await };
            reading.push(([column, row], tokio::spawn(read)));
        }
        let mut tiles = Vec::with_capacity(reading.len());
        for (at, read) in reading {
            if let ArchiveTile::Found { bytes, .. } = read.await?? {
                tiles.push((at, bytes));
            }
        }
        Ok(tiles)
    }
}

impl OrthoCut {
    /// The cut as a sheet prints it. Unpacks the tiles.
    ///
    /// # Errors
    /// When a tile is broken or of another size than the others.
    pub fn drawn(&self) -> Result<Ortho, ImageFault> {
        let mut caption = format!("影像来源：{}", self.source);
        if let Some(captured) = &self.captured {
            caption += &format!("　拍摄：{captured}");
        }
        caption += &format!("　像元：{:.2} 米", self.pixel_m);
        let image = Arc::new(mosaic(&self.tiles, &self.cut)?);
        Ok(Ortho { image, extent: self.extent, caption })
    }
}

/// Cuts as they are printed; of one whose tiles are broken a note of the file says so.
pub async fn orthos(
    engine: &Engine,
    file: &mut Contents,
    cuts: Vec<OrthoCut>,
) -> Result<Vec<(String, Ortho)>, EngineError> {
    let draw = move || {
        let drawn = cuts.into_iter().map(|cut| (cut.drawn(), cut));
        drawn.collect::<Vec<_>>()
    };
    let mut orthos = Vec::new();
    for (drawn, cut) in engine.pool().run(draw).await? {
        match drawn {
            Ok(ortho) => orthos.push((cut.parcel, ortho)),
            Err(fault) => {
                tracing::error!(archive.id = cut.archive, %fault, "a tile cannot be drawn");
                file.notes.push(format!("影像图：瓦片包{}的瓦片不能绘制", cut.archive));
            }
        }
    }
    Ok(orthos)
}

/// First and last column and row.
type Range = [[u32; 2]; 2];

/// The rectangle that a cut shows; none of a parcel that is too large for one.
fn extent(own: &Envelope) -> Option<[f64; 4]> {
    let longer = (own.max_x - own.min_x).max(own.max_y - own.min_y);
    let margin = (longer * MARGIN.0).max(MARGIN.1);
    // Of an empty envelope it is no number.
    let fits = longer.is_finite() && longer >= 0.0 && longer + 2.0 * margin <= MOST_METRES;
    let [west, south] = [own.min_x - margin, own.min_y - margin];
    fits.then_some([west, south, own.max_x + margin, own.max_y + margin])
}

/// The corners of a rectangle of a plane in the Web Mercator square, from 0 to 1 to the east and to the
/// south: north-west, north-east, south-west, south-east.
fn mercator(
    [west, south, east, north]: [f64; 4],
    plane: &Crs,
    registry: &CrsRegistry,
) -> Result<[[f64; 2]; 4], CrsError> {
    let mut corners = [[west, north], [east, north], [west, south], [east, south]];
    registry.projector(plane, &Crs::WEB_MERCATOR)?.project_all(&mut corners)?;
    Ok(corners.map(|[x, y]| [(x / MERCATOR_HALF + 1.0) / 2.0, (1.0 - y / MERCATOR_HALF) / 2.0]))
}

/// The tiles of a zoom that corners lie in, and those between them.
fn range(corners: &[[f64; 2]; 4], zoom: u8) -> Range {
    let tiles = f64::from(1_u32 << zoom);
    let end = |axis: usize, pick: fn(f64, f64) -> f64| {
        let ordinate = corners.iter().map(|corner| corner[axis]).reduce(pick).unwrap_or(0.0);
        (ordinate * tiles).floor().clamp(0.0, tiles - 1.0) as u32
    };
    [[end(0, f64::min), end(1, f64::min)], [end(0, f64::max), end(1, f64::max)]]
}

/// The affine map that fits the corners best, in tiles from the first of the range.
fn cut_of(
    [north_west, north_east, south_west, south_east]: &[[f64; 2]; 4],
    zoom: u8,
    [first, last]: Range,
) -> MosaicCut {
    let tiles = f64::from(1_u32 << zoom);
    let half = |a: f64, b: f64| f64::midpoint(a, b) * tiles;
    let [across, down] = [(north_east, south_west), (south_west, north_east)].map(|(to, from)| {
        [0, 1].map(|axis| half(to[axis] - north_west[axis], south_east[axis] - from[axis]))
    });
    let corner = [0, 1].map(|axis| {
        let middle = half(
            f64::midpoint(north_west[axis], south_east[axis]),
            f64::midpoint(north_east[axis], south_west[axis]),
        );
        middle - (across[axis] + down[axis]) / 2.0 - f64::from(first[axis])
    });
    let counts = [0, 1].map(|axis| (last[axis] - first[axis] + 1) as usize);
    MosaicCut { tiles: counts, corner, across, down }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    const PLANE: Crs = Crs::Epsg(4548);

    /// How far, in metres of the ground, the affine map is off at worst in a cut with this side, in the
    /// south of Beijing.
    fn off(side: f64) -> f64 {
        let registry = CrsRegistry::default();
        let [west, south] = [445_000.0, 4_396_000.0];
        let extent = [west, south, west + side, south + side];
        let corners = mercator(extent, &PLANE, &registry).unwrap();
        let zoom = 18;
        let range = range(&corners, zoom);
        let cut = cut_of(&corners, zoom, range);
        let metre = cut.across[0].hypot(cut.across[1]) / side;
        let mut worst = 0.0_f64;
        for step in 0..=100 {
            let [u, v] =
                [f64::from(step % 11) / 10.0, f64::from(step / 11) / 10.0].map(|t| t.min(1.0));
            let at = [west + u * side, south + (1.0 - v) * side];
            let exact = mercator([at[0], at[1], at[0], at[1]], &PLANE, &registry).unwrap()[0];
            let found = [0, 1].map(|axis| {
                let placed = cut.corner[axis] + cut.across[axis] * u + cut.down[axis] * v;
                let exact = exact[axis] * f64::from(1_u32 << zoom) - f64::from(range[0][axis]);
                (placed - exact) / metre
            });
            worst = worst.max(found[0].hypot(found[1]));
        }
        worst
    }

    #[test]
    fn a_cut_lies_where_its_parcel_does() {
        for (side, bound) in [(40.0, 0.0002), (200.0, 0.002), (MOST_METRES, 0.2)] {
            let found = off(side);
            assert!(found < bound, "a cut of {side} m is off by {found} m");
            assert!(found > bound / 100.0, "a cut of {side} m is off by {found} m: say so");
        }
    }

    #[test]
    fn a_cut_has_ground_around_it_and_an_end() {
        let own = Envelope::of([[10.0, 20.0], [30.0, 120.0]]);
        assert_eq!(extent(&own), Some([-15.0, -5.0, 55.0, 145.0]));
        let small = Envelope::of([[0.0, 0.0], [4.0, 4.0]]);
        assert_eq!(extent(&small), Some([-8.0, -8.0, 12.0, 12.0]));
        assert_eq!(extent(&Envelope::of([[0.0, 0.0], [1_400.0, 4.0]])), None);
        assert_eq!(extent(&Envelope::EMPTY), None);
    }
}
