//! Judges whether numbers can be coordinates of the CRS that they are declared in.
//!
//! Works anywhere on earth: a CRS's own area of use decides. What is said of Beijing only
//! suggests what to try.

use std::fmt;

use crate::crs_facts::CrsKind;
use crate::zones::{ChinaDatum, Zone, ZoneWidth};
use crate::{Crs, CrsError, CrsRegistry, SourceCrs};

/// How the numbers fit their CRS.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Most points lie where the CRS may be used.
    Fits,
    /// Most do once x and y change places: north comes first, as surveyors write it.
    Swapped,
    /// Neither.
    Contradicts {
        /// In what way.
        because: Mismatch,
        /// What the numbers look like, likeliest first; a suggestion, perhaps empty.
        candidates: Vec<SourceCrs>,
    },
}

/// In what way numbers contradict a CRS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The CRS is in degrees, the numbers are too large for it.
    NotDegrees,
    /// The CRS is a plane, the numbers look like degrees.
    Degrees,
    /// Eastings carry a zone number that the CRS has not.
    ZonePrefix,
    /// Eastings lack the zone number that the CRS has.
    NoZonePrefix,
    /// Both numbers have six digits, as in a city's own grid.
    LocalGrid,
    /// They lie elsewhere on earth.
    Elsewhere,
    /// There is no point that could be judged.
    NoPoints,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotDegrees => "the numbers are too large for degrees",
            Self::Degrees => "the numbers look like degrees, not like metres of a plane",
            Self::ZonePrefix => "the eastings start with a zone number",
            Self::NoZonePrefix => "the eastings lack the zone number in front",
            Self::LocalGrid => "both numbers have six digits, as in a city's own grid (site:NAME)",
            Self::Elsewhere => "the numbers lie outside the area where it may be used",
            Self::NoPoints => "there is no point to judge by",
        })
    }
}

/// Judges `points` (x, y as the file gives them) against what they are declared in. Half of
/// them must fit: single stray rows are counted by the import, not blamed on the CRS.
pub fn judge(
    registry: &CrsRegistry,
    declared: &SourceCrs,
    points: &[[f64; 2]],
) -> Result<Verdict, CrsError> {
    let crs = declared.storage();
    let facts = registry.facts(&crs)?;
    let finite: Vec<[f64; 2]> =
        points.iter().copied().filter(|[x, y]| x.is_finite() && y.is_finite()).collect();
    if finite.is_empty() {
        let because = Mismatch::NoPoints;
        return Ok(Verdict::Contradicts { because, candidates: Vec::new() });
    }
    let swapped: Vec<[f64; 2]> = finite.iter().map(|[x, y]| [*y, *x]).collect();
    if facts.kind == CrsKind::Geographic {
        let globe = |points: &[[f64; 2]]| {
            most(points, |[lon, lat]| lon.abs() <= 180.0 && lat.abs() <= 90.0)
        };
        // Within the globe only the area that a datum is made for tells 30, 85 from 85, 30.
        let home = |points: &[[f64; 2]]| {
            most(points, |point| facts.area.is_some_and(|area| area.contains(point, 1.0)))
        };
        return Ok(match (globe(&finite), globe(&swapped)) {
            (true, true) if !home(&finite) && home(&swapped) => Verdict::Swapped,
            (true, _) => Verdict::Fits,
            (false, true) => Verdict::Swapped,
            (false, false) => Verdict::Contradicts {
                because: if is_local_grid(&finite) {
                    Mismatch::LocalGrid
                } else {
                    Mismatch::NotDegrees
                },
                candidates: suggest(&finite),
            },
        });
    }
    let geographic = match crs {
        Crs::Epsg(code) => ChinaDatum::of(code).map_or(4326, ChinaDatum::geographic),
        Crs::Site(_) => 4326,
    };
    let back = registry.projector(&crs, &Crs::Epsg(geographic))?;
    let fits = |point: [f64; 2]| !is_degrees(&[point]) && back.project(point).is_ok();
    if most(&finite, fits) {
        return Ok(Verdict::Fits);
    }
    if most(&swapped, fits) {
        return Ok(Verdict::Swapped);
    }
    let candidates = suggest_for(&crs, &finite);
    let prefixed = matches!(crs, Crs::Epsg(code) if Zone::of(code).is_some_and(|z| z.prefixed));
    let [east, north] = typical(&finite);
    let because = if is_degrees(&finite) {
        Mismatch::Degrees
    } else if is_local_grid(&finite) {
        Mismatch::LocalGrid
    } else if prefixed && digits(east.min(north)) == 6 && digits(east.max(north)) == 7 {
        Mismatch::NoZonePrefix
    } else if !prefixed && zone_prefix(east.max(north)).is_some() && digits(east.min(north)) == 7 {
        Mismatch::ZonePrefix
    } else {
        Mismatch::Elsewhere
    };
    Ok(Verdict::Contradicts { because, candidates })
}

/// What the coordinates of a file that declares nothing may be in, likeliest first. Degrees in
/// China may be proper or shifted, which only a comparison with the ground tells; the order of
/// x and y plays no part.
pub fn suggest(points: &[[f64; 2]]) -> Vec<SourceCrs> {
    let epsg = |code| SourceCrs::Crs(Crs::Epsg(code));
    let [a, b] = typical(points);
    if !(a.is_finite() && b.is_finite()) {
        return Vec::new();
    }
    if is_degrees(points) {
        let (lat, lon) = (a.min(b), a.max(b));
        let in_china = (73.0..=136.0).contains(&lon) && (3.0..=54.0).contains(&lat);
        return if in_china {
            vec![epsg(4490), epsg(4326), SourceCrs::Gcj02, SourceCrs::Bd09]
        } else {
            vec![epsg(4326)]
        };
    }
    // Northings of China run from 1.8 to 5.9 million metres.
    let (small, large) = (a.min(b), a.max(b));
    let is_northing = |metres: f64| (1.8e6..5.95e6).contains(&metres);
    let mut candidates = Vec::new();
    if let Some(number) = zone_prefix(large).filter(|_| is_northing(small)) {
        let width = if number >= 25 { ZoneWidth::Three } else { ZoneWidth::Six };
        let zone = Zone { datum: ChinaDatum::Cgcs2000, width, number, prefixed: true };
        candidates.extend(zone.code().map(epsg));
    }
    if (1.0e5..9.0e5).contains(&small) && (4.33e6..4.59e6).contains(&large) {
        // Beijing's northings. Its western edge is formally zone 38, its body zone 39.
        candidates.push(epsg(if small > 6.0e5 { 4547 } else { 4548 }));
    }
    if (8.0e6..1.52e7).contains(&large) && (1.8e6..7.2e6).contains(&small) {
        candidates.push(epsg(3857));
    }
    candidates
}

/// Suggestions, with the zone's own brother of the same datum first.
fn suggest_for(crs: &Crs, points: &[[f64; 2]]) -> Vec<SourceCrs> {
    let mut candidates = suggest(points);
    let datum = match crs {
        Crs::Epsg(code) => ChinaDatum::of(*code),
        Crs::Site(_) => None,
    };
    if let Some(datum) = datum {
        for candidate in &mut candidates {
            let SourceCrs::Crs(Crs::Epsg(code)) = candidate else { continue };
            if let Some(alike) = Zone::of(*code).and_then(|zone| Zone { datum, ..zone }.code()) {
                *code = alike;
            }
        }
    }
    candidates
}

fn most(points: &[[f64; 2]], fits: impl Fn([f64; 2]) -> bool) -> bool {
    2 * points.iter().filter(|point| fits(**point)).count() >= points.len()
}

/// Medians of the absolute numbers: one stray point does not move them.
fn typical(points: &[[f64; 2]]) -> [f64; 2] {
    [0, 1].map(|axis| {
        let mut numbers: Vec<f64> =
            points.iter().map(|point| point[axis].abs()).filter(|n| n.is_finite()).collect();
        numbers.sort_by(f64::total_cmp);
        numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
    })
}

fn is_degrees(points: &[[f64; 2]]) -> bool {
    let [a, b] = typical(points);
    a.min(b) <= 90.0 && a.max(b) <= 180.0
}

fn is_local_grid(points: &[[f64; 2]]) -> bool {
    typical(points).map(digits) == [6, 6]
}

/// Number of digits before the decimal point.
fn digits(number: f64) -> u32 {
    number.max(1.0).log10() as u32 + 1
}

/// The zone number in front of an easting whose rest is a believable easting.
fn zone_prefix(easting: f64) -> Option<u32> {
    let number = (easting / 1e6) as u32;
    let rest = easting - f64::from(number) * 1e6;
    let known = (13..=23).contains(&number) || (25..=45).contains(&number);
    (known && (1.0e5..9.0e5).contains(&rest)).then_some(number)
}

#[cfg(test)]
#[path = "plausible_tests.rs"]
mod tests;
