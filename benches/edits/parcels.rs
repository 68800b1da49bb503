//! The parcels that are edited, and the tiles that must show it.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use spatial::{Crs, CrsRegistry, WorldProjector};
use tile::TileCoord;
use tile::inspect::decode;

use crate::client::Client;
use crate::server::Server;

/// Zoom at which a step of a parcel is many units.
const ZOOM: u8 = 17;
/// A step, in degrees: about four metres.
const STEP: f64 = 5e-5;

/// A parcel: a ring in degrees, and how often it was moved.
pub struct Parcel {
    pub fid: u64,
    ring: Vec<[f64; 2]>,
    moves: AtomicU64,
}

impl Parcel {
    /// Where the parcel was last moved to.
    fn shift(&self) -> f64 {
        (self.moves.load(Ordering::Relaxed) % 8) as f64 * STEP
    }

    /// Path of a tile that holds the parcel's first corner, and where in the tile that is.
    pub fn tile_and_place(&self) -> (String, [f64; 2]) {
        let [lon, lat] = self.ring[0];
        let world = project([lon + self.shift(), lat]);
        let coord = TileCoord::holding(ZOOM, world);
        let path = format!("/xyz/parcels/{ZOOM}/{}/{}.mvt", coord.x(), coord.y());
        // 2^32 world units make the world, 2^(zoom + 12) tile units too.
        let unit = f64::from(1_u32 << (20 - ZOOM));
        let origin = [coord.x(), coord.y()].map(|at| f64::from(at) * 4096.0);
        (path, [0, 1].map(|axis| f64::from(world[axis]) / unit - origin[axis]))
    }
}

fn project(at: [f64; 2]) -> [u32; 2] {
    thread_local! {
        static PROJECTOR: WorldProjector =
            WorldProjector::new(&CrsRegistry::default(), &Crs::CGCS2000).unwrap();
    }
    PROJECTOR.with(|projector| projector.project(at))
}

/// How far, in tile units, the nearest vertex of feature `fid` in a tile is from `place`.
pub fn distance_in_tile(tile: &[u8], fid: u64, place: [f64; 2]) -> Option<f64> {
    let layers = decode(tile).unwrap();
    let feature = layers.first()?.features.iter().find(|feature| feature.id == Some(fid))?;
    let distance = |vertex: &[i32; 2]| {
        (f64::from(vertex[0]) - place[0]).hypot(f64::from(vertex[1]) - place[1])
    };
    feature.paths.iter().flatten().map(distance).min_by(f64::total_cmp)
}

/// A body of `POST /transactions` that moves these parcels on.
pub fn transaction(parcels: &[&Parcel]) -> String {
    let changes: Vec<Value> = parcels
        .iter()
        .map(|parcel| {
            parcel.moves.fetch_add(1, Ordering::Relaxed);
            let shift = parcel.shift();
            let ring: Vec<[f64; 2]> =
                parcel.ring.iter().map(|[lon, lat]| [lon + shift, *lat]).collect();
            json!({
                "collection": "parcels",
                "op": "update",
                "id": parcel.fid,
                "feature": { "geometry": { "type": "MultiPolygon", "coordinates": [[ring]] } }
            })
        })
        .collect();
    json!({ "reason": "bench", "changes": changes }).to_string()
}

/// Parcels of the western half, which are edited, and tiles of the eastern half.
pub struct Parcels {
    west: Vec<Parcel>,
    east: Vec<[f64; 2]>,
}

impl Parcels {
    /// Reads 10,000 parcels, each so many ids from the next.
    pub fn read(server: &Server, count: u64) -> Self {
        let mut connection = Client::new(server.address);
        let mut all: Vec<(u64, Vec<[f64; 2]>)> = Vec::new();
        for fid in (1..=count).step_by((count / 10_000).max(1) as usize) {
            let answer = connection.get(&format!("/collections/parcels/items/{fid}"));
            let feature: Value = serde_json::from_slice(&answer.body).unwrap();
            let ring = &feature["geometry"]["coordinates"][0][0];
            all.push((fid, serde_json::from_value(ring.clone()).unwrap()));
        }
        let mut lons: Vec<f64> = all.iter().map(|(_, ring)| ring[0][0]).collect();
        lons.sort_by(f64::total_cmp);
        let (middle, far) = (lons[lons.len() / 2], lons[lons.len() * 3 / 4]);
        let is_west = |ring: &[[f64; 2]]| ring[0][0] < middle;
        let east = all.iter().filter(|(_, ring)| ring[0][0] > far).map(|(_, ring)| ring[0]);
        let east = east.collect();
        let west = all
            .into_iter()
            .filter(|(_, ring)| is_west(ring))
            .map(|(fid, ring)| Parcel { fid, ring, moves: AtomicU64::new(0) })
            .collect();
        Self { west, east }
    }

    /// A parcel of the western half; neighbours in `number` are far from each other.
    pub fn west(&self, number: usize) -> &Parcel {
        &self.west[number.wrapping_mul(7919) % self.west.len()]
    }

    /// A parcel that no other edit under way has.
    pub fn own(&self, number: u64) -> &Parcel {
        &self.west[number as usize % self.west.len()]
    }

    /// Paths of tiles of the eastern quarter.
    pub fn east_tiles(&self, count: usize) -> Vec<String> {
        let step = (self.east.len() / count).max(1);
        self.east.iter().step_by(step).map(|at| path(16, *at)).collect()
    }

    /// The tile of a parcel at zoom 14 to 16.
    pub fn some_tile(&self, number: u64) -> String {
        let parcel = self.west(number as usize * 31);
        path(14 + (number % 3) as u8, parcel.ring[0])
    }
}

fn path(zoom: u8, at: [f64; 2]) -> String {
    let coord = TileCoord::holding(zoom, project(at));
    format!("/xyz/parcels/{zoom}/{}/{}.mvt", coord.x(), coord.y())
}
