//! Identifies the well-known text of `.prj` files.
//!
//! An authority's code counts first, then the name as ESRI or EPSG write it, then the
//! parameters. A text whose name or code says one zone and whose parameters say another is
//! refused. What stays unknown is an error that quotes the name and nothing else: the
//! parameters of a city's own grid are controlled information.

use crate::Crs;
use crate::crs_wkt::{Item, Node, WktError};
use crate::zones::{ChinaDatum, Zone, ZoneWidth};

/// Why a text names no CRS that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifyError {
    /// It is no well-known text.
    #[error(transparent)]
    Wkt(#[from] WktError),
    /// It is none that this engine knows.
    #[error(
        "the coordinate system {name:?} is unknown; name it with --crs EPSG:CODE, or with \
         --crs site:NAME if it is a local grid that the configuration defines"
    )]
    Unknown {
        /// The name it gives itself, cut at 80 characters.
        name: String,
    },
    /// Name and parameters are of two different systems.
    #[error(
        "the coordinate system {name:?} calls itself {said}, but its parameters are not those \
         of {said}; name the right one with --crs"
    )]
    Contradictory {
        /// The name it gives itself, cut at 80 characters.
        name: String,
        /// What name or code say.
        said: Crs,
    },
}

/// The CRS that well-known text (WKT1 of ESRI or OGC, WKT2) stands for.
pub fn identify(text: &str) -> Result<Crs, IdentifyError> {
    let root = Node::parse(text)?;
    let name: String = root.name().unwrap_or_default().chars().take(80).collect();
    let projected = root.find(&["PROJCS", "PROJCRS", "PROJECTEDCRS"]);
    let geographic = root.find(&["GEOGCS", "GEOGCRS", "GEODCRS", "GEOGRAPHICCRS", "BASEGEOGCRS"]);
    let said = match projected.or(geographic) {
        Some(node) => by_authority(node).or_else(|| by_name(node)),
        None => return Err(IdentifyError::Unknown { name }),
    };
    let meant = match (projected, geographic) {
        (Some(node), _) => by_parameters(node),
        (None, Some(node)) => Parameters::Of(by_geographic_parameters(node)),
        (None, None) => Parameters::Unread,
    };
    match (said, meant) {
        (Some(said), Parameters::Unread) => Ok(said),
        (Some(said), Parameters::Of(meant)) if agree(&said, meant.as_ref()) => Ok(said),
        (Some(said), _) => Err(IdentifyError::Contradictory { name, said }),
        (None, Parameters::Of(Some(meant))) => Ok(meant),
        (None, _) => Err(IdentifyError::Unknown { name }),
    }
}

/// What the parameters stand for.
enum Parameters {
    /// They are not ones that this module understands: nothing speaks against the name.
    Unread,
    /// A transverse Mercator or longitude and latitude: this system, or none that has a code.
    Of(Option<Crs>),
}

/// Whether name and parameters are the same system. For zones of China their numbers decide,
/// since a 3° and a 6° zone may share a meridian; a code whose parameters this module does not
/// read is believed.
fn agree(said: &Crs, meant: Option<&Crs>) -> bool {
    let Crs::Epsg(code) = *said else { return true };
    let numbers = |code| {
        let zone = Zone::of(code)?;
        Some((zone.datum, zone.central_meridian() as u32, zone.false_easting() as u32))
    };
    match meant {
        Some(Crs::Epsg(meant)) if numbers(*meant).is_some() => numbers(*meant) == numbers(code),
        Some(meant) => meant == said,
        None => {
            let utm = matches!(code, 32601..=32660 | 32701..=32760);
            !utm && code != 4326 && ChinaDatum::of(code).is_none()
        }
    }
}

fn by_authority(node: &Node) -> Option<Crs> {
    let id = node.child(&["AUTHORITY", "ID"])?;
    let code = match id.items.get(1)? {
        Item::Text(code) => code.clone(),
        Item::Number(code) => code.to_string(),
        Item::Node(_) | Item::Word(_) => return None,
    };
    format!("{}:{code}", id.name()?).parse().ok()
}

/// The letters and digits of a name in lower case, word by word.
fn words(name: &str) -> Vec<String> {
    let lower = name.to_lowercase().replace("gauss-kruger", "gk").replace("gauss_kruger", "gk");
    lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(Into::into).collect()
}

/// A datum that this module knows by name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Datum {
    China(ChinaDatum),
    Wgs84,
}

impl Datum {
    fn geographic(self) -> Crs {
        match self {
            Self::China(datum) => Crs::Epsg(datum.geographic()),
            Self::Wgs84 => Crs::WGS84,
        }
    }

    fn of_words(words: &[String]) -> Option<Self> {
        let joined = words.concat();
        let known = [
            ("cgcs2000", Self::China(ChinaDatum::Cgcs2000)),
            ("china2000", Self::China(ChinaDatum::Cgcs2000)),
            ("chinageodeticcoordinatesystem2000", Self::China(ChinaDatum::Cgcs2000)),
            ("xian1980", Self::China(ChinaDatum::Xian1980)),
            ("xian80", Self::China(ChinaDatum::Xian1980)),
            ("newbeijing", Self::China(ChinaDatum::NewBeijing)),
            ("beijing1954", Self::China(ChinaDatum::Beijing1954)),
            ("beijing54", Self::China(ChinaDatum::Beijing1954)),
            ("wgs1984", Self::Wgs84),
            ("wgs84", Self::Wgs84),
            ("worldgeodeticsystem1984", Self::Wgs84),
        ];
        known.iter().find(|(name, _)| joined.contains(name)).map(|(_, datum)| *datum)
    }

    fn of_node(node: &Node) -> Option<Self> {
        let datum = node.find(&["DATUM", "ENSEMBLE", "GEODETICDATUM"])?;
        Self::of_words(&words(datum.name()?))
    }
}

fn by_name(node: &Node) -> Option<Crs> {
    let words = words(node.name()?);
    let datum = Datum::of_words(&words);
    let after = |key: &str| {
        let at = words.iter().position(|word| word == key)?;
        words.get(at + 1).map(String::as_str)
    };
    let is_projected = node.keyword.starts_with("PROJ");
    if !is_projected {
        // Other systems carry the same words with more behind them; the datum must agree.
        return datum.filter(|datum| Datum::of_node(node) == Some(*datum)).map(Datum::geographic);
    }
    if words.concat().contains("webmercator") || words.concat().contains("pseudomercator") {
        return Some(Crs::WEB_MERCATOR);
    }
    match datum? {
        Datum::China(datum) if words.iter().any(|word| word == "gk") => {
            let width = match after("3") {
                Some("degree") => ZoneWidth::Three,
                _ => ZoneWidth::Six,
            };
            let (number, prefixed) = if let Some(meridian) = after("cm") {
                let meridian: u32 = meridian.strip_suffix('e')?.parse().ok()?;
                let (sum, step) =
                    if width == ZoneWidth::Three { (meridian, 3) } else { (meridian + 3, 6) };
                (sum.is_multiple_of(step).then_some(sum / step)?, false)
            } else {
                let zone = after("zone")?;
                // "13N" is ESRI's way to write a zone whose eastings carry no prefix.
                let digits = zone.strip_suffix('n').unwrap_or(zone);
                (digits.parse().ok()?, digits == zone)
            };
            Zone { datum, width, number, prefixed }.code().map(Crs::Epsg)
        }
        Datum::Wgs84 if words.iter().any(|word| word == "utm") => {
            let zone = after("zone")?;
            let (digits, first) = match zone.strip_suffix('s') {
                Some(digits) => (digits, 32700),
                None => (zone.strip_suffix('n')?, 32600),
            };
            let number = digits.parse::<u32>().ok().filter(|n| (1..=60).contains(n))?;
            Some(Crs::Epsg(first + number))
        }
        _ => None,
    }
}

fn by_geographic_parameters(node: &Node) -> Option<Crs> {
    let meridian = node.find(&["PRIMEM", "PRIMEMERIDIAN"]).and_then(|m| m.numbers().next());
    let unit = node
        .child(&["UNIT", "ANGLEUNIT"])
        .or_else(|| node.find(&["AXIS"])?.child(&["UNIT", "ANGLEUNIT"]))
        .and_then(|unit| unit.numbers().next());
    let degree = unit.is_none_or(|unit| (unit - 1f64.to_radians()).abs() < 1e-9);
    let greenwich = meridian.is_none_or(|meridian| meridian == 0.0);
    (degree && greenwich).then(|| Datum::of_node(node).map(Datum::geographic)).flatten()
}

fn by_parameters(node: &Node) -> Parameters {
    let method = node.find(&["PROJECTION", "METHOD"]).and_then(Node::name).unwrap_or_default();
    let method = words(method).concat();
    if method == "mercatorauxiliarysphere" || method == "popularvisualisationpseudomercator" {
        let sphere = Datum::of_node(node) == Some(Datum::Wgs84);
        return Parameters::Of(sphere.then_some(Crs::WEB_MERCATOR));
    }
    if !["gk", "gausskruger", "transversemercator"].contains(&method.as_str()) {
        return Parameters::Unread;
    }
    Parameters::Of(transverse_mercator(node))
}

fn transverse_mercator(node: &Node) -> Option<Crs> {
    let parent = node.child(&["CONVERSION"]).unwrap_or(node);
    let parameter = |names: [&str; 2]| {
        parent.children().filter(|child| child.keyword == "PARAMETER").find_map(|child| {
            let name = words(child.name()?).concat();
            names.contains(&name.as_str()).then(|| child.numbers().next()).flatten()
        })
    };
    let meridian = parameter(["centralmeridian", "longitudeofnaturalorigin"])?;
    let easting = parameter(["falseeasting", "falseeasting"])?;
    let northing = parameter(["falsenorthing", "falsenorthing"]).unwrap_or(0.0);
    let scale = parameter(["scalefactor", "scalefactoratnaturalorigin"]).unwrap_or(1.0);
    let latitude = parameter(["latitudeoforigin", "latitudeofnaturalorigin"]).unwrap_or(0.0);
    let unit = node
        .child(&["UNIT", "LENGTHUNIT"])
        .or_else(|| node.child(&["AXIS"])?.child(&["UNIT", "LENGTHUNIT"]))
        .and_then(|unit| unit.numbers().next())
        .unwrap_or(1.0);
    if latitude != 0.0 || unit != 1.0 || meridian.fract() != 0.0 {
        return None;
    }
    match Datum::of_node(node)? {
        Datum::Wgs84 => {
            let first = match northing {
                0.0 => 32600,
                1e7 => 32700,
                _ => return None,
            };
            let number = (meridian + 183.0) / 6.0;
            let is_zone = number.fract() == 0.0 && (1.0..=60.0).contains(&number);
            let is_utm = scale == 0.9996 && easting == 500_000.0;
            (is_zone && is_utm).then(|| Crs::Epsg(first + number as u32))
        }
        Datum::China(datum) => {
            if scale != 1.0 || northing != 0.0 {
                return None;
            }
            let zone = |width, number: f64, prefixed| Zone {
                datum,
                width,
                // `as` saturates: a meridian west of Greenwich is zone 0, which has no code.
                number: number as u32,
                prefixed,
            };
            let (three, six) = (meridian / 3.0, (meridian + 3.0) / 6.0);
            [
                zone(ZoneWidth::Three, three, false),
                zone(ZoneWidth::Three, three, true),
                zone(ZoneWidth::Six, six, true),
            ]
            .into_iter()
            .filter(|zone| zone.central_meridian() == meridian && zone.false_easting() == easting)
            .find_map(|zone| zone.code().map(Crs::Epsg))
        }
    }
}

#[cfg(test)]
#[path = "identify_tests.rs"]
mod tests;
