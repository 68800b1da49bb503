//! An ortho-image of the fictional towns as tiles of PNG: fields, yards, lanes and roofs in flat colours,
//! plainly drawn, with 示意 on every tile. Tiles that nothing is built on are left out.
//!
//! What is seen is held in metres of Web Mercator and drawn zoom by zoom, tiles on every core.

use std::collections::BTreeMap;
use std::path::Path;

use formats::{ArchiveFormat, ArchiveInfo, ArchivePart, TileType, archive_order, finish_archive};
use geo_types::{Geometry as Shape, LineString};
use rayon::prelude::*;
use sheet::{Colour, Item, Page, Run, Stroke, TextKind};
use spatial::world::{WORLD_UNITS, to_lon_lat};
use spatial::{Crs, Feature, Value};
use tile::{TileCoord, WEB_MERCATOR_QUAD};

use super::{Layer, Synth, SynthError};

/// Zooms of the tiles: at the last one a pixel shows 46 cm.
const ZOOMS: (u8, u8) = (16, 18);
/// Pixels of a tile, a dot of 100 to the inch in millimetres, and dots an inch.
const SIDE: f64 = 256.0;
const DOT: f64 = 0.254;
const DPI: f64 = 100.0;
/// Tiles that are drawn and written at a time.
const BATCH: usize = 256;
/// Half of the Web Mercator square, and metres of it that a metre of the ground takes there.
const HALF: f64 = std::f64::consts::PI * 6_378_137.0;
const STRETCH: f64 = 1.3;
/// Width of a strip of field, and how far a roof's shadow falls, metres of the square.
const STRIP: f64 = 78.0;
const SHADOW: [f64; 2] = [1.6, -2.2];

const FIELDS: [Colour; 3] = [Colour(164, 178, 112), Colour(143, 163, 98), Colour(181, 170, 120)];
const YARD: Colour = Colour(206, 195, 172);
const WALL: Colour = Colour(150, 138, 120);
const LANE: Colour = Colour(190, 188, 184);
const SHADE: Colour = Colour(116, 106, 92);
const RIDGE: Colour = Colour(226, 222, 214);
/// Roofs by the code of the structure: of brick and timber, mixed, of concrete, others.
const ROOFS: [(&str, Colour); 3] =
    [("5", Colour(112, 116, 122)), ("4", Colour(150, 92, 74)), ("3", Colour(176, 180, 184))];
const OTHER_ROOF: Colour = Colour(132, 128, 128);

/// Something that is seen from above, x to the east and y to the north in metres of the square.
struct Seen {
    line: Vec<[f64; 2]>,
    /// Colour of the area; none of a line.
    fill: Option<Colour>,
    /// Colour and width of the edge, metres of the square.
    edge: Option<(Colour, f64)>,
    /// The first zoom that shows it: less than a pixel is left out.
    from: u8,
}

impl Seen {
    /// West, south, east, north, its edge included.
    fn extent(&self) -> [f64; 4] {
        let wide = self.edge.map_or(0.0, |(_, wide)| wide / 2.0);
        let none = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        self.line.iter().fold(none, |[west, south, east, north], [x, y]| {
            [west.min(x - wide), south.min(y - wide), east.max(x + wide), north.max(y + wide)]
        })
    }
}

/// Writes the image of a region as MBTiles to `path`.
///
/// # Errors
/// When the region cannot be laid out, or the file cannot be written.
pub fn write_ortho((seed, parcels, towns): (u64, u64, u64), path: &Path) -> Result<(), SynthError> {
    let synth = Synth::new(seed, parcels, Some(towns), &Crs::WEB_MERCATOR)?;
    let seen = seen(&synth)?;
    let mut tiles: Vec<(TileCoord, Vec<usize>)> = Vec::new();
    for zoom in ZOOMS.0..=ZOOMS.1 {
        tiles.extend(by_tile(&seen, zoom));
    }
    tiles.sort_by_cached_key(|(coord, _)| archive_order(*coord));
    let purpose = format!("{} ortho {seed} {parcels} {towns}", env!("CARGO_PKG_VERSION"));
    let mut part = ArchivePart::open(path, &purpose)?;
    let done = part
        .last()
        .map_or(0, |last| tiles.partition_point(|(coord, _)| archive_order(*coord) <= last));
    for batch in tiles[done..].chunks(BATCH) {
        let draw = |(coord, shown): &(TileCoord, Vec<usize>)| drawn(*coord, shown, &seen);
        let images: Vec<sheet::Image> = batch.par_iter().map(draw).collect::<Result<_, _>>()?;
        let bytes = batch.iter().zip(&images).map(|((coord, _), image)| (*coord, image.bytes()));
        let bytes: Vec<(TileCoord, &[u8])> = bytes.collect();
        if let Some((last, _)) = batch.last() {
            part.add(&bytes, *last)?;
        }
    }
    finish_archive(part, ArchiveFormat::MbTiles, path, &info(&seen))?;
    Ok(())
}

fn info(seen: &[Seen]) -> ArchiveInfo {
    let ends = seen
        .iter()
        .map(Seen::extent)
        .reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]);
    let [west, south, east, north] = ends.unwrap_or_default();
    let degrees = |[x, y]: [f64; 2]| {
        to_lon_lat(
            [(x + HALF) / (2.0 * HALF), (HALF - y) / (2.0 * HALF)].map(|at| at * WORLD_UNITS),
        )
    };
    let ([west, south], [east, north]) = (degrees([west, south]), degrees([east, north]));
    ArchiveInfo {
        name: "示意影像".to_owned(),
        attribution: "示意影像（虚构，由程序绘制）".to_owned(),
        tile_type: TileType::Png,
        zooms: ZOOMS,
        bounds: [west, south, east, north],
        center: (f64::midpoint(west, east), f64::midpoint(south, north), ZOOMS.0),
        vector_layers: serde_json::Value::Array(Vec::new()),
    }
}

/// What is seen, from the ground up: yards, lanes, shadows and roofs.
fn seen(synth: &Synth) -> Result<Vec<Seen>, SynthError> {
    let villages: Vec<[Vec<Seen>; 3]> = (0..synth.villages())
        .into_par_iter()
        .map(|village| {
            let features = |layer| synth.village(layer, village);
            let yards = features(Layer::Parcels)?.iter().filter_map(yard).collect();
            let lanes = features(Layer::Lanes)?.iter().filter_map(lane).collect();
            let roofs = features(Layer::Buildings)?.iter().flat_map(roof).collect();
            Ok::<_, SynthError>([yards, lanes, roofs])
        })
        .collect::<Result<_, _>>()?;
    let mut all = [Vec::new(), Vec::new(), Vec::new()];
    for village in villages {
        all.iter_mut().zip(village).for_each(|(all, some)| all.extend(some));
    }
    Ok(all.into_iter().flatten().collect())
}

fn line_of(feature: &Feature) -> Option<Vec<[f64; 2]>> {
    let line: &LineString = match &feature.geometry.as_ref()?.shape {
        Shape::Polygon(polygon) => polygon.exterior(),
        Shape::LineString(line) => line,
        _ => return None,
    };
    Some(line.coords().map(|at| [at.x, at.y]).collect())
}

fn yard(feature: &Feature) -> Option<Seen> {
    let edge = Some((WALL, 0.5 * STRETCH));
    Some(Seen { line: line_of(feature)?, fill: Some(YARD), edge, from: ZOOMS.0 })
}

fn lane(feature: &Feature) -> Option<Seen> {
    let wide = match &feature.properties[1] {
        Value::Text(kind) if kind == "主街" => 6.0,
        Value::Text(kind) if kind == "村路" => 5.0,
        Value::Text(kind) if kind == "胡同" => 2.4,
        _ => 3.2,
    };
    let edge = Some((LANE, wide * STRETCH));
    Some(Seen { line: line_of(feature)?, fill: None, edge, from: ZOOMS.0 })
}

/// The shadow of a roof, the roof, and its ridge between the middles of its short sides.
fn roof(feature: &Feature) -> Vec<Seen> {
    let Some(line) = line_of(feature) else { return Vec::new() };
    let structure = match &feature.properties[4] {
        Value::Text(code) => code.as_str(),
        _ => "",
    };
    let known = ROOFS.iter().find(|(code, _)| *code == structure);
    let colour = known.map_or(OTHER_ROOF, |(_, colour)| *colour);
    let shadow = line.iter().map(|[x, y]| [x + SHADOW[0], y + SHADOW[1]]).collect();
    let mut seen = vec![
        Seen { line: shadow, fill: Some(SHADE), edge: None, from: ZOOMS.1 },
        Seen { line: line.clone(), fill: Some(colour), edge: None, from: ZOOMS.0 },
    ];
    if let [a, b, c, d, _] = line[..] {
        let middle = |a: [f64; 2], b: [f64; 2]| [0, 1].map(|axis| f64::midpoint(a[axis], b[axis]));
        let long = |a: [f64; 2], b: [f64; 2]| (b[0] - a[0]).hypot(b[1] - a[1]);
        let ends = if long(a, b) < long(b, c) { [a, b, c, d] } else { [b, c, d, a] };
        let ridge = vec![middle(ends[0], ends[1]), middle(ends[2], ends[3])];
        let edge = Some((RIDGE, 0.5 * STRETCH));
        seen.push(Seen { line: ridge, fill: None, edge, from: ZOOMS.1 });
    }
    seen
}

/// Metres of the square that a tile of a zoom has from side to side.
fn side_of(zoom: u8) -> f64 {
    2.0 * HALF / f64::from(1_u32 << zoom)
}

/// The tiles of a zoom with what is seen on each, in the order in which it is drawn.
fn by_tile(seen: &[Seen], zoom: u8) -> impl Iterator<Item = (TileCoord, Vec<usize>)> + use<> {
    let side = side_of(zoom);
    let mut tiles: BTreeMap<[u32; 2], Vec<usize>> = BTreeMap::new();
    for (number, one) in seen.iter().enumerate().filter(|(_, one)| one.from <= zoom) {
        let [west, south, east, north] = one.extent();
        let [west, east] = [west, east].map(|x| ((x + HALF) / side) as u32);
        let [first, last] = [north, south].map(|y| ((HALF - y) / side) as u32);
        for column in west..=east {
            for row in first..=last {
                tiles.entry([column, row]).or_default().push(number);
            }
        }
    }
    tiles.into_iter().filter_map(move |([column, row], shown)| {
        let coord = TileCoord::new(&WEB_MERCATOR_QUAD, zoom.into(), column, row).ok()?;
        Some((coord, shown))
    })
}

fn drawn(coord: TileCoord, shown: &[usize], seen: &[Seen]) -> Result<sheet::Image, SynthError> {
    let fonts = server::dossiers::fonts()?;
    let side = side_of(coord.z());
    let (west, north) = (f64::from(coord.x()) * side - HALF, HALF - f64::from(coord.y()) * side);
    // Millimetres of the page that a metre of the square takes.
    let scale = SIDE * DOT / side;
    let mut page = Page::new([SIDE * DOT; 2]);
    fields(&mut page, north, scale);
    for one in shown.iter().map(|number| &seen[*number]) {
        let place = |[x, y]: &[f64; 2]| [(x - west) * scale, (north - y) * scale];
        page.items.push(Item::Shape(sheet::Shape {
            parts: vec![one.line.iter().map(place).collect()],
            is_closed: one.fill.is_some(),
            fill: one.fill,
            stroke: one.edge.map(|(colour, wide)| Stroke::solid(colour, wide * scale)),
        }));
    }
    let size = 3.0;
    page.items.push(Item::Text(Run {
        at: [SIDE * DOT / 2.0 - size, SIDE * DOT / 2.0],
        angle: 0.0,
        size,
        width: 2.0 * size,
        text: "示意".to_owned(),
        colour: Colour::WHITE,
        kind: TextKind::Label,
    }));
    Ok(sheet::picture(&page, fonts, DPI)?)
}

/// Strips of fields from west to east, which go on from tile to tile.
fn fields(page: &mut Page, north: f64, scale: f64) {
    let [wide, high] = page.size;
    let mut strip = (north / STRIP).ceil();
    loop {
        let top = (north - strip * STRIP) * scale;
        if top >= high {
            return;
        }
        let bottom = top + STRIP * scale;
        let fill = FIELDS[(strip.abs() as usize) % FIELDS.len()];
        let ring = vec![[0.0, top], [wide, top], [wide, bottom], [0.0, bottom]];
        let shape =
            sheet::Shape { parts: vec![ring], is_closed: true, fill: Some(fill), stroke: None };
        page.items.push(Item::Shape(shape));
        strip -= 1.0;
    }
}
