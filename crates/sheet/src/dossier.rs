//! What a caller gives: the file of one subject (household, unit, building, alley) as values and texts.
//!
//! Positions are [east, north] in metres of the CRS that `crs` names. Every text comes ready to print, masked where
//! it must be: nothing here reads a clock, a store or a profile.

use std::sync::Arc;

use crate::image::Image;

/// A closed ring; the first vertex may be repeated at the end.
pub type Ring = Vec<[f64; 2]>;

/// An area with its holes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Area {
    /// Its outer ring, in either direction.
    pub exterior: Ring,
    /// Rings of what it does not contain.
    pub holes: Vec<Ring>,
}

/// A vertex of the subject's boundary (界址点).
#[derive(Clone, Debug, PartialEq)]
pub struct BoundaryPoint {
    /// Which ring of the boundary it is of, counted over all areas.
    pub ring: usize,
    /// J1, J2 …
    pub name: String,
    /// Where it lies.
    pub at: [f64; 2],
    /// Longitude and latitude in degrees, where known.
    pub lon_lat: Option<[f64; 2]>,
    /// Metres to the next point of the ring, as the engine measured them.
    pub length: f64,
}

/// A building in or near the subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Building {
    /// Its ground.
    pub areas: Vec<Area>,
    /// Its number: F1, 幢号 …
    pub label: String,
    /// Floors and structure as a plan shows them: 砖混 2.
    pub structure: String,
    /// Its area as printed: 86.40㎡.
    pub area: String,
}

/// Land around the subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbour {
    /// Its ground.
    pub areas: Vec<Area>,
    /// What the plan calls it.
    pub name: String,
}

/// A named line: an alley's axis or a red line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamedLine {
    /// What the plan calls it.
    pub name: String,
    /// Its vertices.
    pub line: Vec<[f64; 2]>,
}

/// 四至: what lies on each side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FourBounds {
    /// 北至.
    pub north: String,
    /// 东至.
    pub east: String,
    /// 南至.
    pub south: String,
    /// 西至.
    pub west: String,
}

/// A photograph.
#[derive(Clone, Debug)]
pub struct Photo {
    /// What it shows.
    pub image: Arc<Image>,
    /// What stands below it.
    pub caption: String,
}

/// A cut of an ortho-image (影像图).
#[derive(Clone, Debug)]
pub struct Ortho {
    /// What it shows.
    pub image: Arc<Image>,
    /// West, south, east, north in the plan's metres.
    pub extent: [f64; 4],
    /// What stands below it: source and date.
    pub caption: String,
}

/// A table of texts: history (变更), points (点位) …
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// What stands over it.
    pub title: String,
    /// Heads of the columns with the share of the width that each takes.
    pub columns: Vec<(String, f64)>,
    /// Cells, row by row.
    pub rows: Vec<Vec<String>>,
}

/// The file of one subject.
#[derive(Clone, Debug, Default)]
pub struct Dossier {
    /// 分户院落图, 一户一档 …
    pub title: String,
    /// The subject's number.
    pub number: String,
    /// Its name or address in a line.
    pub name: String,
    /// Where the sheet is in a series: 图幅号.
    pub sheet_number: String,
    /// The grid sheet that it lies in: 所在图幅.
    pub grid: String,
    /// The subject's ground; empty for one that is a line or has none.
    pub areas: Vec<Area>,
    /// The subject's lines, for an alley.
    pub lines: Vec<NamedLine>,
    /// The vertices of `areas`, as `boundary` numbers them.
    pub boundary: Vec<BoundaryPoint>,
    /// In the middle of the plan: number and area.
    pub centre: Vec<String>,
    /// Buildings.
    pub buildings: Vec<Building>,
    /// Land around it.
    pub neighbours: Vec<Neighbour>,
    /// Alleys and streets nearby.
    pub alleys: Vec<NamedLine>,
    /// Red lines of plans nearby.
    pub red_lines: Vec<NamedLine>,
    /// 四至.
    pub bounds: FourBounds,
    /// Label and value of each field.
    pub fields: Vec<(String, String)>,
    /// The ortho-image.
    pub ortho: Option<Ortho>,
    /// Photographs.
    pub photos: Vec<Photo>,
    /// History, points and further tables.
    pub listings: Vec<Listing>,
    /// The CRS, as printed.
    pub crs: String,
    /// How areas, lengths and the rest were found; each a paragraph.
    pub notes: Vec<String>,
    /// Faintly across each page; none when empty.
    pub watermark: String,
    /// Who made it.
    pub author: String,
    /// The day, as printed.
    pub date: String,
}

/// The paper of a sheet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paper {
    /// 210 by 297 mm.
    #[default]
    A4,
    /// 297 by 420 mm.
    A3,
}

/// How the paper lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orientation {
    /// As the subject's ground fits best.
    #[default]
    Fitting,
    /// Upright.
    Portrait,
    /// Lengthwise.
    Landscape,
}

impl Paper {
    /// Width and height in millimetres.
    pub fn size(self, is_upright: bool) -> [f64; 2] {
        let [short, long] = match self {
            Self::A4 => [210.0, 297.0],
            Self::A3 => [297.0, 420.0],
        };
        if is_upright { [short, long] } else { [long, short] }
    }
}

/// Why a dossier cannot be drawn.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DossierFault {
    /// A coordinate that is no number, or far from any ground.
    #[error("{what} has a coordinate that is no position on Earth in metres: mend its geometry")]
    Position {
        /// Whose.
        what: &'static str,
    },
    /// Too much of it.
    #[error("{what}: {found} are more than the {most} of a sheet: leave some out")]
    Excess {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many may be.
        most: usize,
    },
}

/// Most vertices of all that a plan shows.
const MOST_VERTICES: usize = 200_000;
/// Most characters of all texts.
const MOST_CHARACTERS: usize = 1_000_000;
/// Most photographs.
const MOST_PHOTOS: usize = 200;
/// Metres that no projected coordinate exceeds.
const FARTHEST: f64 = 1e9;

impl Dossier {
    /// Looks at what comes from outside before anything is drawn.
    ///
    /// # Errors
    /// When a coordinate is none, or there is too much of something.
    pub(crate) fn check(&self) -> Result<(), DossierFault> {
        let rings = |areas: &'_ [Area]| -> Vec<Ring> {
            areas
                .iter()
                .flat_map(|one| std::iter::once(&one.exterior).chain(&one.holes))
                .cloned()
                .collect()
        };
        let mut shown: Vec<(&'static str, Vec<Ring>)> = vec![("the subject", rings(&self.areas))];
        shown.extend(self.buildings.iter().map(|one| ("a building", rings(&one.areas))));
        shown.extend(self.neighbours.iter().map(|one| ("a neighbour", rings(&one.areas))));
        for (what, lines) in [
            ("a line of the subject", &self.lines),
            ("an alley", &self.alleys),
            ("a red line", &self.red_lines),
        ] {
            shown.extend(lines.iter().map(|one| (what, vec![one.line.clone()])));
        }
        shown.push(("a boundary point", vec![self.boundary.iter().map(|one| one.at).collect()]));
        if let Some(ortho) = &self.ortho {
            let [west, south, east, north] = ortho.extent;
            shown.push(("the ortho-image", vec![vec![[west, south], [east, north]]]));
        }
        let mut vertices = 0;
        for (what, rings) in &shown {
            vertices += rings.iter().map(Vec::len).sum::<usize>();
            let is_none = |value: &f64| !value.is_finite() || value.abs() > FARTHEST;
            if rings.iter().flatten().flatten().any(is_none) {
                return Err(DossierFault::Position { what });
            }
        }
        let characters: usize = self
            .listings
            .iter()
            .flat_map(|one| one.rows.iter().flatten())
            .chain(self.fields.iter().flat_map(|(label, value)| [label, value]))
            .chain(self.notes.iter().chain(&self.centre))
            .chain([&self.title, &self.number, &self.name, &self.watermark, &self.crs])
            .map(|text| text.chars().count())
            .sum();
        for (what, found, most) in [
            ("vertices", vertices, MOST_VERTICES),
            ("characters", characters, MOST_CHARACTERS),
            ("photographs", self.photos.len(), MOST_PHOTOS),
        ] {
            if found > most {
                return Err(DossierFault::Excess { what, found, most });
            }
        }
        Ok(())
    }
}
