//! Tiles of every grid: the right place, the same content as from a fresh start, bounded memory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use spatial::{
    ChangeOp, Crs, CrsRegistry, Envelope, FeatureId, Geometry, Revision, WorldBox, WorldPoint,
};
use store::{FeatureStore, LoadMode, MemoryStore};
use tile::inspect::{self, DecodedFeature};
use tile::{DEFAULT_BUFFER, GridDefinition, TileCoord, TileMatrixSet};

use crate::engine_tests::{SIDE, SOUTH, WEST, changes, fid, id, load, parcel};
use crate::feed::feed_tests::Numbers;
use crate::feed::{TileList, Viewport};
use crate::metrics::GRID_BYTES;
use crate::{
    Encoding, Engine, EngineSettings, ItemsQuery, Labels, LayerSelection, Profile, TileAnswer,
    TileRequest, TileSelection,
};

const TILE: f64 = 4096.0;

/// The local system is rotated and shifted, as those of cities are.
fn registry() -> Arc<CrsRegistry> {
    let town = "+proj=omerc +lat_0=39.7 +lonc=116.3 +alpha=12 +gamma=0 +k=1 +x_0=2000 +y_0=3000 \
                +ellps=GRS80 +units=m +no_defs";
    let sites = BTreeMap::from([("town".to_owned(), town.to_owned())]);
    Arc::new(CrsRegistry::new(sites).unwrap())
}

fn settings() -> EngineSettings {
    let grid = |id: &str, crs, origin, extent| GridDefinition {
        id: id.to_owned(),
        title: String::new(),
        crs,
        origin,
        extent,
        zooms: 18,
    };
    let grids = vec![
        grid("town", Crs::Site("town".to_owned()), Some([-30_000.0, 40_000.0]), Some(65_536.0)),
        grid("zone39", Crs::Epsg(4527), None, None),
        grid("utm", Crs::Epsg(32650), Some([0.0, 5_000_000.0]), Some(1_048_576.0)),
        grid("corner", Crs::CGCS2000, Some([116.0, 40.0]), Some(1.0)),
    ];
    EngineSettings { threads: 2, grids, ..EngineSettings::default() }
}

async fn open(store: &Arc<MemoryStore>, settings: EngineSettings) -> Engine {
    Engine::open(Arc::clone(store) as _, registry(), settings).await.unwrap()
}

async fn town() -> (Arc<MemoryStore>, Engine) {
    let store = Arc::new(MemoryStore::new());
    let parcels = (0..400).map(|n| parcel(n % 20, n / 20)).collect();
    load(&*store, "parcels", LoadMode::Create, parcels).await;
    let engine = open(&store, settings()).await;
    (store, engine)
}

fn request(set: &'static TileMatrixSet, coord: TileCoord) -> TileRequest {
    TileRequest {
        collections: vec![id("parcels")],
        matrix_set: set,
        coord,
        encoding: Encoding::Identity,
        profile: Profile::default(),
        state: None,
        selection: None,
    }
}

fn features(answer: &TileAnswer) -> Vec<DecodedFeature> {
    let layers = inspect::decode(&answer.bytes).unwrap();
    layers.into_iter().flat_map(|layer| layer.features).collect()
}

/// A point of longitude and latitude in tile units of zoom `z` of `set`, from its corner.
fn in_units(set: &TileMatrixSet, lon_lat: [f64; 2], z: u8) -> [f64; 2] {
    let way = registry().projector(&Crs::CGCS2000, &set.coordinates).unwrap();
    let [x, y] = way.project(lon_lat).unwrap();
    let unit = set.width / f64::from(1_u32 << z) / TILE;
    [(x - set.origin[0]) / unit, (set.origin[1] - y) / unit]
}

fn holding(set: &TileMatrixSet, lon_lat: [f64; 2], z: u8) -> TileCoord {
    let [x, y] = in_units(set, lon_lat, z).map(|v| (v / TILE).floor() as u32);
    TileCoord::new(set, u32::from(z), x, y).unwrap()
}

/// The zoom of the set at which a tile is about as large as one of zoom `z` of Web Mercator.
fn like(set: &TileMatrixSet, z: u8) -> u8 {
    set.zooms().find(|zoom| set.mercator_zoom(*zoom) >= z).unwrap()
}

fn corners(geometry: &Geometry) -> Vec<[f64; 2]> {
    geometry.coords()
}

#[tokio::test]
async fn every_vertex_lies_where_its_grid_has_it() {
    let (_, engine) = town().await;
    let known = parcel(7, 9);
    let expected_id = 9 * 20 + 7 + 1;
    let vertices = corners(known.geometry.as_ref().unwrap());
    let mut seen = 0;
    for set in engine.matrix_sets().iter() {
        for zoom in [like(set, 12), like(set, 15), like(set, 18)] {
            let coord = holding(set, vertices[0], zoom);
            let answer = engine.tile(&request(set, coord)).await.unwrap();
            let found = features(&answer).into_iter().find(|f| f.id == Some(expected_id));
            let found = found.unwrap_or_else(|| panic!("{} {coord}: no parcel", set.id));
            if zoom < like(set, 15) {
                continue;
            }
            for vertex in &vertices {
                let units = in_units(set, *vertex, zoom);
                let place = [coord.x(), coord.y()];
                let local = [0, 1].map(|k| units[k] - f64::from(place[k]) * TILE);
                let reach = TILE + f64::from(DEFAULT_BUFFER);
                if local.iter().any(|v| *v < -f64::from(DEFAULT_BUFFER) || *v > reach) {
                    continue;
                }
                let near = |point: &&[i32; 2]| {
                    (0..2).all(|k| (f64::from(point[k]) - local[k]).abs() <= 0.6)
                };
                let hit = found.paths.iter().flatten().find(near);
                assert!(hit.is_some(), "{} {coord}: {local:?} in {:?}", set.id, found.paths);
                seen += 1;
            }
        }
    }
    assert!(seen > 60, "{seen} vertices");
}

#[tokio::test]
async fn neighbouring_tiles_agree_on_every_grid() {
    let (_, engine) = town().await;
    let mut shared = 0;
    for set in engine.matrix_sets().iter() {
        let zoom = like(set, 16);
        let at = holding(set, [WEST + 20.0 * SIDE, SOUTH + 20.0 * SIDE], zoom);
        for step in [[1, 0], [0, 1]] {
            let next =
                TileCoord::new(set, u32::from(zoom), at.x() + step[0], at.y() + step[1]).unwrap();
            let mut points: Vec<BTreeSet<(u64, [i32; 2])>> = Vec::new();
            for (tile, shift) in [(at, [0, 0]), (next, step.map(|s| s as i32 * 4096))] {
                let answer = engine.tile(&request(set, tile)).await.unwrap();
                let all = features(&answer);
                let points_of = all.iter().flat_map(|f| {
                    let id = f.id.unwrap();
                    f.paths.iter().flatten().map(move |p| (id, [p[0] + shift[0], p[1] + shift[1]]))
                });
                // What lies well within both buffered tiles.
                let axis = usize::from(step[1] == 1);
                let inside = |p: &[i32; 2]| {
                    (4040..=4150).contains(&p[axis]) && (0..=4096).contains(&p[1 - axis])
                };
                points.push(points_of.filter(|(_, p)| inside(p)).collect());
            }
            assert_eq!(points[0], points[1], "{} {at} and {next}", set.id);
            shared += points[0].len();
        }
    }
    assert!(shared > 20, "{shared} points in common");
}

/// Tiles of a set around the town, some of them beside it.
fn tiles_around(set: &TileMatrixSet, zoom: u8) -> Vec<TileCoord> {
    let far = 42.0 * SIDE;
    let corners = [[WEST - SIDE, SOUTH + far], [WEST + far, SOUTH - SIDE]];
    let [first, last] = corners.map(|corner| holding(set, corner, zoom));
    let mut tiles = Vec::new();
    for x in first.x() - 1..=last.x() + 1 {
        for y in first.y() - 1..=last.y() + 1 {
            tiles.extend(TileCoord::new(set, u32::from(zoom), x, y));
        }
    }
    tiles
}

#[tokio::test]
async fn edits_show_on_every_grid_and_nowhere_else() {
    let (store, engine) = town().await;
    let sets: Vec<_> = engine.matrix_sets().iter().collect();
    let mut numbers = Numbers(44_904_548);
    let (mut changed, mut silent) = (0, 0);
    for round in 0..12 {
        let set = sets[round % sets.len()];
        let zoom = like(set, 15);
        let tiles = tiles_around(set, zoom);
        let mut before = Vec::new();
        for tile in &tiles {
            let answer = engine.tile(&request(set, *tile)).await.unwrap();
            before.push((answer.etag, answer.bytes));
        }
        let moved = |numbers: &mut Numbers| {
            parcel(
                numbers.below(20) as i32,
                numbers.below(20) as i32 + 20 * numbers.below(2) as i32,
            )
        };
        let ops = vec![
            ChangeOp::Replace(fid(1 + numbers.below(200) as i64), moved(&mut numbers)),
            ChangeOp::Insert(moved(&mut numbers)),
            ChangeOp::Delete(fid(201 + round as i64)),
        ];
        let before_state = engine.snapshot();
        engine.apply(changes(ops)).await.unwrap();
        let after_state = engine.snapshot();
        let redrawn = differing(&before_state, &after_state);
        let view = Envelope::new(WEST - 1.0, SOUTH - 0.5, WEST + 0.65, SOUTH + 0.25);
        let grid = (set, engine.world_grid(set));
        let viewport = Viewport::new(grid, &[view], zoom..=zoom, DEFAULT_BUFFER);
        let TileList::Tiles(named) = viewport.tiles(&redrawn) else { panic!("few are named") };
        let fresh = open(&store, settings()).await;
        for (tile, (etag, bytes)) in tiles.iter().zip(before) {
            let request = request(set, *tile);
            let after = engine.tile(&request).await.unwrap();
            assert_eq!(
                after.bytes,
                fresh.tile(&request).await.unwrap().bytes,
                "{} {tile}: as a fresh start has it",
                set.id
            );
            assert_eq!(engine.etag(&request).unwrap(), after.etag);
            if after.bytes != bytes {
                changed += 1;
                assert_ne!(after.etag, etag, "{} {tile} changed", set.id);
                assert!(named.contains(tile), "{} {tile} changed and is not named", set.id);
            } else if after.etag == etag {
                silent += 1;
            }
        }
    }
    assert!(changed >= 20 && silent >= 100, "{changed} {silent}");
}

/// Boxes of the features that one state has and the other has not.
fn differing(before: &spatial::Snapshot, after: &spatial::Snapshot) -> Vec<WorldBox> {
    let boxes = |state: &spatial::Snapshot| {
        let mut boxes: BTreeSet<(FeatureId, WorldPoint, WorldPoint)> = BTreeSet::new();
        state.collections[&id("parcels")].each(&mut |shard, slots| {
            for slot in slots {
                let feature = shard.feature(usize::from(*slot));
                let WorldBox { min, max } = feature.world_box();
                boxes.insert((feature.id(), min, max));
            }
        });
        boxes
    };
    let (before, after) = (boxes(before), boxes(after));
    before.symmetric_difference(&after).map(|&(_, min, max)| WorldBox { min, max }).collect()
}

#[tokio::test]
async fn folded_shards_and_past_states_are_placed_anew() {
    let (store, engine) = town().await;
    let past = engine.snapshot();
    // More edits than a delta keeps.
    for chunk in 0..3 {
        let ops = (0..1_000).map(|n| {
            let n = chunk * 1_000 + n;
            ChangeOp::Insert(parcel(n % 60, 20 + n / 60))
        });
        engine.apply(changes(ops.collect())).await.unwrap();
    }
    let fresh = open(&store, settings()).await;
    for set in engine.matrix_sets().iter() {
        let (middle, zoom) = ([WEST + 30.0 * SIDE, SOUTH + 60.0 * SIDE], like(set, 13));
        let request = request(set, holding(set, middle, zoom));
        let (now, expected) =
            (engine.tile(&request).await.unwrap(), fresh.tile(&request).await.unwrap());
        assert!(!now.bytes.is_empty(), "{}", set.id);
        assert_eq!(now.bytes, expected.bytes, "{}", set.id);
        let state = Some(Arc::clone(&past));
        let then = engine.tile(&TileRequest { state, ..request }).await.unwrap();
        let ids = features(&then).into_iter().filter_map(|f| f.id);
        assert!(ids.into_iter().all(|id| id <= 400), "{} shows the past", set.id);
    }
}

fn kept(engine: &Engine) -> u64 {
    let reading = engine.reading();
    reading.numbers.iter().find(|(name, ..)| *name == GRID_BYTES).unwrap().2
}

#[tokio::test]
async fn what_is_kept_of_other_grids_stays_within_its_budget() {
    let (store, engine) = town().await;
    let tight = EngineSettings { grid_bytes: 60_000, tile_cache_bytes: 1_000, ..settings() };
    let tight = open(&store, tight).await;
    let web = engine.matrix_sets().find("WebMercatorQuad").unwrap();
    for tile in tiles_around(web, 15) {
        engine.tile(&request(web, tile)).await.unwrap();
    }
    assert_eq!(kept(&engine), 0, "Web Mercator needs nothing");
    let mut most = 0;
    for set in tight.matrix_sets().iter() {
        for tile in tiles_around(set, like(set, 15)) {
            let asked = request(set, tile);
            let same = engine.matrix_sets().find(set.id).unwrap();
            let expected = engine.tile(&request(same, tile)).await.unwrap();
            assert_eq!(tight.tile(&asked).await.unwrap().bytes, expected.bytes);
            most = most.max(kept(&tight));
        }
    }
    assert!(most <= 60_000, "{most} bytes");
    assert!(kept(&engine) > 60_000, "{} bytes", kept(&engine));
    // A collection that is gone leaves nothing once the next states have come.
    drop(tight);
    store.remove(&id("parcels")).await.unwrap();
    load(&*store, "shops", LoadMode::Create, vec![parcel(1, 1)]).await;
    engine.refresh().await.unwrap();
    load(&*store, "shops", LoadMode::Append, vec![parcel(2, 1)]).await;
    engine.refresh().await.unwrap();
    assert_eq!(kept(&engine), 0);
}

#[tokio::test]
async fn selections_pyramids_and_the_order_of_layers_hold_on_every_grid() {
    let (store, engine) = town().await;
    load(&*store, "a-shops", LoadMode::Create, vec![parcel(1, 1)]).await;
    engine.refresh().await.unwrap();
    for set in engine.matrix_sets().iter() {
        let zoom = like(set, 14);
        let coord = holding(set, [WEST + 2.5 * SIDE, SOUTH + 2.5 * SIDE], zoom);
        let chosen = TileSelection {
            words: "ids=22".into(),
            labels: Labels::Without,
            layers: BTreeMap::from([(
                id("parcels"),
                LayerSelection {
                    query: ItemsQuery::default(),
                    ids: Some(vec![fid(22)]),
                    fields: None,
                },
            )]),
        };
        let selection = Some(Arc::new(chosen));
        let one = engine.tile(&TileRequest { selection, ..request(set, coord) }).await.unwrap();
        let ids: Vec<_> = features(&one).into_iter().filter_map(|f| f.id).collect();
        assert_eq!(ids, [22], "{}", set.id);

        for order in [["parcels", "a-shops"], ["a-shops", "parcels"]] {
            let collections = order.iter().chain(&order).map(|name| id(name)).collect();
            let both = TileRequest { collections, ..request(set, coord) };
            let layers = inspect::decode(&engine.tile(&both).await.unwrap().bytes).unwrap();
            assert_eq!(layers.iter().map(|l| l.name.as_str()).collect::<Vec<_>>(), order);
        }

        let pyramid = engine.pyramid(&[id("parcels")], set).unwrap();
        let levels = engine.filled_tiles(&pyramid, zoom..=zoom).await.unwrap();
        let [tiles] = levels.as_slice() else { panic!("{levels:?}") };
        assert!(tiles.contains(&coord), "{}: {tiles:?}", set.id);
        let cut = engine.cut(&pyramid, tiles.clone()).await.unwrap();
        for (tile, bytes) in tiles.iter().zip(cut) {
            assert!(!bytes.is_empty(), "{} {tile}", set.id);
        }
        let around = engine.around(set, coord);
        assert!(engine.box_on(set, &around).contains(&coord.world_box(DEFAULT_BUFFER)));
    }
    assert!(engine.snapshot().revision > Revision(1));
}
