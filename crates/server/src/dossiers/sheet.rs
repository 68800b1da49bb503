//! A file as sheets on paper: one a parcel, with its plan, or one of what has none. What is printed is what the
//! file says; nothing is measured here.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use geo_types::{Geometry as Shape, LineString, Polygon};
use ledger::clue::Toward;
use ledger::dossier::{Boundary, BuildingFile, Contents, ParcelFile, side_words};
use sheet::{
    Area, BoundaryPoint, Building, Dossier, FontFault, Fonts, FourBounds, Image, Listing,
    NamedLine, Neighbour, Ortho, Photo, Ring,
};
use spatial::{Crs, Geometry, Table};

use super::document::lon_lat;
use super::tables::{facts, subject, tables};

/// Side of a sheet of the plane at 1 : 500, metres.
const SHEET_M: f64 = 250.0;

/// What stands on sheets beside the file.
#[derive(Clone, Debug, Default)]
pub struct Imprint {
    /// Faintly across each page; none when empty.
    pub watermark: String,
    /// Who made it.
    pub author: String,
    /// The day.
    pub date: String,
    /// The images of photos, by the number of the photo.
    pub photos: Vec<(String, Arc<Image>)>,
    /// The ground of parcels, by the code of the parcel.
    pub orthos: Vec<(String, Ortho)>,
}

/// The fonts of sheets, read when first asked for.
///
/// # Errors
/// When they cannot be read.
pub fn fonts() -> Result<&'static Fonts, FontFault> {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    if let Some(fonts) = FONTS.get() {
        return Ok(fonts);
    }
    let read = Fonts::shipped()?;
    Ok(FONTS.get_or_init(|| read))
}

/// The sheets of a file: its parcels one by one, what is of the whole file with the first.
pub fn sheets(file: &Contents, imprint: &Imprint) -> Vec<Dossier> {
    let drawn: Vec<&ParcelFile> =
        file.parcels.iter().filter(|parcel| parcel.shape.is_some()).collect();
    let mut sheets: Vec<Dossier> = match drawn.as_slice() {
        [] => vec![without_parcel(file)],
        parcels => parcels.iter().map(|parcel| of_parcel(file, parcel, imprint)).collect(),
    };
    let count = sheets.len();
    for (number, sheet) in sheets.iter_mut().enumerate() {
        sheet.title = "分户院落图".to_owned();
        if !file.subject.kind.eq("household") {
            sheet.title = format!("{}档案图", file.subject.kind_title);
        }
        sheet.number.clone_from(&file.subject.id);
        sheet.name = called(file);
        if count > 1 {
            sheet.sheet_number = format!("{}/{count}", number + 1);
        }
        sheet.watermark.clone_from(&imprint.watermark);
        sheet.author.clone_from(&imprint.author);
        sheet.date.clone_from(&imprint.date);
    }
    if let Some(first) = sheets.first_mut() {
        let mut fields = rows(&subject(file));
        fields.append(&mut first.fields);
        first.fields = fields;
        let caption = |code: &str| {
            let photo = file.photos.iter().find(|photo| photo.code == code);
            let taken =
                photo.and_then(|photo| Some(photo.captured_at.as_ref()?.get(..10)?.to_owned()));
            let title = photo.map_or("照片", |photo| photo.title.as_str());
            taken.map_or(title.to_owned(), |taken| format!("{title} {taken}"))
        };
        first.photos = imprint
            .photos
            .iter()
            .map(|(code, image)| Photo { image: Arc::clone(image), caption: caption(code) })
            .collect();
        // The subject and its parcels stand in the fields.
        let apart = ["照片"];
        let listed = tables(file).into_iter().filter(|table| {
            !apart.contains(&table.title.as_str())
                && !table.title.starts_with("宗地 ")
                && !table.title.ends_with("档案")
                && !table.title.starts_with("界址点表")
        });
        first.listings = listed.map(|table| listing(&table)).collect();
        // The sheet has a table of its own with numbers, structures and areas.
        for listing in first.listings.iter_mut().filter(|one| one.title == "建筑") {
            "建筑核查".clone_into(&mut listing.title);
        }
        first.notes.extend(file.notes.iter().cloned());
    }
    sheets
}

/// What people call the subject, with its units, the coarsest first.
fn called(file: &Contents) -> String {
    let units: String = file.units.iter().rev().map(|unit| unit.name.as_str()).collect();
    match &file.subject.name {
        Some(name) => format!("{units}{name}"),
        None => units,
    }
}

fn of_parcel(file: &Contents, parcel: &ParcelFile, imprint: &Imprint) -> Dossier {
    let areas = parcel.shape.as_ref().map(areas).unwrap_or_default();
    let side = |toward: Toward| {
        let side = parcel.sides.iter().find(|side| side.toward == toward);
        side.map_or_else(String::new, side_words)
    };
    let area = parcel.area.as_ref().map(|area| format!("{:.2}㎡", area.value));
    let ortho = imprint.orthos.iter().find(|(code, _)| *code == parcel.code);
    let own = file.buildings.iter().filter(|one| one.parcel.as_ref() == Some(&parcel.code));
    let mut sheet = Dossier {
        boundary: boundary(&parcel.boundary),
        centre: std::iter::once(parcel.code.clone()).chain(area).collect(),
        buildings: own.map(building).collect(),
        bounds: FourBounds {
            north: side(Toward::North),
            east: side(Toward::East),
            south: side(Toward::South),
            west: side(Toward::West),
        },
        grid: parcel.shape.as_ref().map(grid).unwrap_or_default(),
        crs: parcel.plane.as_ref().map(crs_words).unwrap_or_default(),
        ortho: ortho.map(|(_, ortho)| ortho.clone()),
        areas,
        ..Dossier::default()
    };
    for (name, shape) in &parcel.around {
        match areas_or_lines(shape) {
            (areas, lines) if lines.is_empty() => {
                sheet.neighbours.push(Neighbour { areas, name: name.clone() });
            }
            (_, lines) => {
                // Several collections may have the same lane.
                for lane in named(name, lines) {
                    if !sheet.alleys.contains(&lane) {
                        sheet.alleys.push(lane);
                    }
                }
            }
        }
    }
    for (name, shape) in &parcel.red_shapes {
        let (areas, lines) = areas_or_lines(shape);
        let rings =
            areas.into_iter().flat_map(|area| std::iter::once(area.exterior).chain(area.holes));
        sheet.red_lines.extend(named(name, rings.chain(lines).collect()));
    }
    let of_parcel = facts(parcel);
    // 四至 have a place of their own on the sheet.
    sheet.fields = rows(&of_parcel);
    sheet.fields.retain(|(label, _)| !label.starts_with("四至"));
    sheet.notes = of_parcel.notes;
    sheet
}

/// The sheet of an alley, or of a subject without a parcel that could be drawn.
fn without_parcel(file: &Contents) -> Dossier {
    let mut sheet = Dossier::default();
    if let Some(line) = &file.line {
        let name = file.subject.name.clone().unwrap_or_default();
        sheet.lines = named(&name, areas_or_lines(&line.shape).1);
        sheet.crs = crs_words(&line.length.crs);
        sheet.grid = grid(&line.shape);
        sheet.notes = vec![format!("长度：{}，{}", line.length.method.chinese(), line.length.crs)];
    }
    if let Some(first) = file.buildings.first() {
        sheet.crs = crs_words(&first.footprint.crs);
        sheet.grid = grid(&first.shape);
        sheet.buildings = file.buildings.iter().map(building).collect();
    }
    sheet
}

fn building(one: &BuildingFile) -> Building {
    // The last digits tell the buildings of a parcel apart.
    let label = one.code.rsplit('F').next().unwrap_or(&one.code).trim_start_matches('0');
    let structure = one.structure.as_deref().unwrap_or_default();
    let floors = one.floors.map_or(String::new(), |floors| floors.to_string());
    Building {
        areas: areas(&one.shape),
        label: format!("F{label}"),
        structure: format!("{structure}{floors}"),
        area: format!("{:.2}㎡", one.footprint.value),
    }
}

/// The points by the numbers of the survey where all have one of their own; two ways of numbering on one
/// sheet would be mistaken for each other.
fn boundary(boundary: &Boundary) -> Vec<BoundaryPoint> {
    let names: BTreeSet<&str> = boundary.surveyed.values().map(|one| one.number.as_str()).collect();
    let is_surveyed = names.len() == boundary.points().count();
    let name = |number: usize| match boundary.surveyed.get(&number) {
        Some(point) if is_surveyed => point.number.clone(),
        _ => format!("J{number}"),
    };
    let rings = boundary.rings.iter().enumerate();
    let points = rings.flat_map(|(ring, points)| {
        points.iter().map(move |point| BoundaryPoint {
            ring,
            name: name(point.number),
            at: [point.east_mm as f64 / 1e3, point.north_mm as f64 / 1e3],
            lon_lat: Some(lon_lat(point.lon_lat)),
            length: point.edge_mm as f64 / 1e3,
        })
    });
    points.collect()
}

fn ring(line: &LineString<f64>) -> Ring {
    line.coords().map(|at| [at.x, at.y]).collect()
}

fn area(polygon: &Polygon<f64>) -> Area {
    Area {
        exterior: ring(polygon.exterior()),
        holes: polygon.interiors().iter().map(ring).collect(),
    }
}

fn areas(geometry: &Geometry) -> Vec<Area> {
    areas_or_lines(geometry).0
}

/// The areas of a shape, and its lines.
fn areas_or_lines(geometry: &Geometry) -> (Vec<Area>, Vec<Vec<[f64; 2]>>) {
    match &geometry.shape {
        Shape::Polygon(polygon) => (vec![area(polygon)], Vec::new()),
        Shape::MultiPolygon(polygons) => (polygons.iter().map(area).collect(), Vec::new()),
        Shape::LineString(line) => (Vec::new(), vec![ring(line)]),
        Shape::MultiLineString(lines) => (Vec::new(), lines.iter().map(ring).collect()),
        _ => (Vec::new(), Vec::new()),
    }
}

/// A shape as named lines: those of an index map.
pub fn lines(name: &str, shape: &Geometry) -> Vec<NamedLine> {
    named(name, areas_or_lines(shape).1)
}

fn named(name: &str, lines: Vec<Vec<[f64; 2]>>) -> Vec<NamedLine> {
    lines.into_iter().map(|line| NamedLine { name: name.to_owned(), line }).collect()
}

/// The sheet of 1 : 500 that the middle of a shape lies in, by the kilometres of its south-western corner:
/// north, east.
fn grid(shape: &Geometry) -> String {
    let [east, north] =
        shape.envelope().center().map(|ordinate| (ordinate / SHEET_M).floor() * SHEET_M / 1e3);
    format!("{north:.2}-{east:.2}")
}

fn crs_words(crs: &Crs) -> String {
    match crs {
        Crs::Epsg(code) if (4513..=4554).contains(code) => {
            format!("CGCS2000 三度带高斯-克吕格 {crs}")
        }
        crs => crs.to_string(),
    }
}

fn rows(table: &Table) -> Vec<(String, String)> {
    let row = table.rows.iter().filter_map(|row| match row.as_slice() {
        [label, value] => Some((label.to_string(), value.to_string())),
        _ => None,
    });
    row.collect()
}

/// A table of a sheet, its columns as wide as what stands in them needs.
fn listing(table: &Table) -> Listing {
    let cells = |row: &[spatial::TableCell]| row.iter().map(ToString::to_string).collect();
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| cells(row)).collect();
    let width =
        |text: &str| text.chars().map(|c| if c.is_ascii() { 1.0 } else { 2.0 }).sum::<f64>();
    let mut columns: Vec<(String, f64)> = table
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let widest = rows.iter().filter_map(|row| row.get(at)).map(|text| width(text));
            let widest = widest.fold(width(&column.name), f64::max);
            (column.name.clone(), widest.clamp(4.0, 40.0))
        })
        .collect();
    let all: f64 = columns.iter().map(|(_, width)| width).sum();
    columns.iter_mut().for_each(|(_, width)| *width /= all.max(1.0));
    Listing { title: table.title.clone(), columns, rows }
}
