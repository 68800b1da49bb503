//! Coordinate reference systems by name.

use std::fmt;
use std::str::FromStr;

/// Longest name of a CRS that is read, in bytes.
const MAX_NAME: usize = 256;

/// A CRS that a collection can be stored in. Coordinates are east, north here, whatever the
/// authority's axis order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Crs {
    /// A code of the EPSG registry. OGC:CRS84 is `Epsg(4326)`.
    Epsg(u32),
    /// A local grid that only the operator's configuration defines.
    Site(String),
}

impl Crs {
    /// CGCS2000, longitude and latitude in degrees.
    pub const CGCS2000: Self = Self::Epsg(4490);
    /// WGS 84, longitude and latitude in degrees.
    pub const WGS84: Self = Self::Epsg(4326);
    /// Web Mercator, metres.
    pub const WEB_MERCATOR: Self = Self::Epsg(3857);
}

impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epsg(code) => write!(f, "EPSG:{code}"),
            Self::Site(name) => write!(f, "site:{name}"),
        }
    }
}

/// What an imported file's coordinates are in: a CRS, or one of the encryptions of China's web
/// maps, which no collection is stored in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SourceCrs {
    /// A proper coordinate system.
    Crs(Crs),
    /// GCJ-02 longitude and latitude (国测局坐标; AMap, Tencent).
    Gcj02,
    /// BD-09 longitude and latitude (百度坐标).
    Bd09,
}

impl SourceCrs {
    /// The CRS that a collection keeps coordinates of this kind in: its own, or CGCS2000 for
    /// the shifted ones.
    pub fn storage(&self) -> Crs {
        match self {
            Self::Crs(crs) => crs.clone(),
            Self::Gcj02 | Self::Bd09 => Crs::CGCS2000,
        }
    }
}

impl fmt::Display for SourceCrs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crs(crs) => crs.fmt(f),
            Self::Gcj02 => f.write_str("gcj02"),
            Self::Bd09 => f.write_str("bd09"),
        }
    }
}

impl From<Crs> for SourceCrs {
    fn from(crs: Crs) -> Self {
        Self::Crs(crs)
    }
}

/// A text that names no CRS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} names no coordinate system; write EPSG:4548, an OGC URN or URI, site:NAME{}",
    if *.source_names { ", gcj02 or bd09" } else { "" }
)]
pub struct ParseCrsError {
    /// The text, cut at 80 characters.
    pub text: String,
    source_names: bool,
}

impl ParseCrsError {
    fn new(text: &str, source_names: bool) -> Self {
        Self { text: text.chars().take(80).collect(), source_names }
    }
}

impl FromStr for Crs {
    type Err = ParseCrsError;

    /// Reads `EPSG:4548`, `4548`, `urn:ogc:def:crs:EPSG::4490`, `urn:ogc:def:crs:OGC:1.3:CRS84`,
    /// `http://www.opengis.net/def/crs/EPSG/0/4490`, `OGC:CRS84`, `site:NAME`; case of the
    /// authority does not count, and a safe CURIE's brackets may stand around.
    fn from_str(text: &str) -> Result<Self, ParseCrsError> {
        let fail = || ParseCrsError::new(text, false);
        if text.len() > MAX_NAME {
            return Err(fail());
        }
        let name = text.trim();
        let name = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
        if let Some(site) = strip_prefix_ignoring_case(name, "site:") {
            return is_site_name(site).then(|| Self::Site(site.to_owned())).ok_or_else(fail);
        }
        let (authority, code) = authority_and_code(name).ok_or_else(fail)?;
        match (authority.to_ascii_lowercase().as_str(), code) {
            ("ogc" | "", code) if code.eq_ignore_ascii_case("crs84") => Ok(Self::WGS84),
            // Names that Web Mercator had before the registry gave it one.
            ("esri", "102100" | "102113") | ("epsg" | "", "900913") => Ok(Self::WEB_MERCATOR),
            ("epsg" | "", code) if code.bytes().all(|b| b.is_ascii_digit()) => {
                let code = code.parse().ok().filter(|code| *code > 0);
                code.map(Self::Epsg).ok_or_else(fail)
            }
            _ => Err(fail()),
        }
    }
}

impl FromStr for SourceCrs {
    type Err = ParseCrsError;

    /// Reads `gcj02`, `bd09` and whatever [`Crs`] reads.
    fn from_str(text: &str) -> Result<Self, ParseCrsError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "gcj02" | "gcj-02" | "gcj_02" => Ok(Self::Gcj02),
            "bd09" | "bd-09" | "bd_09" | "bd09ll" => Ok(Self::Bd09),
            _ => text
                .parse()
                .map(Self::Crs)
                .map_err(|error: ParseCrsError| ParseCrsError { source_names: true, ..error }),
        }
    }
}

/// Whether `text` names CRS84: longitude first even where the authority's axis order rules.
pub fn is_crs84(text: &str) -> bool {
    authority_and_code(text.trim().trim_matches(['[', ']']))
        .is_some_and(|(_, code)| code.eq_ignore_ascii_case("crs84"))
}

/// Whether `name` may stand behind `site:`: 1 to 64 letters (of any script), digits, `-`, `_`
/// and `.`.
pub fn is_site_name(name: &str) -> bool {
    (1..=64).contains(&name.chars().count())
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Authority (empty when not said) and code of a CRS name.
fn authority_and_code(name: &str) -> Option<(&str, &str)> {
    for prefix in ["http://www.opengis.net/def/crs/", "https://www.opengis.net/def/crs/"] {
        if let Some(path) = strip_prefix_ignoring_case(name, prefix) {
            let mut parts = path.trim_end_matches('/').split('/');
            let (authority, _version) = (parts.next()?, parts.next()?);
            let code = parts.next()?;
            return parts.next().is_none().then_some((authority, code));
        }
    }
    if let Some(code) = strip_prefix_ignoring_case(name, "http://www.opengis.net/gml/srs/epsg.xml#")
    {
        return Some(("epsg", code));
    }
    for prefix in ["urn:ogc:def:crs:", "urn:x-ogc:def:crs:"] {
        if let Some(rest) = strip_prefix_ignoring_case(name, prefix) {
            // The version between them may be empty or left out altogether.
            let (authority, rest) = rest.split_once(':')?;
            return Some((authority, rest.rsplit_once(':').map_or(rest, |(_, code)| code)));
        }
    }
    Some(name.split_once(':').unwrap_or(("", name)))
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}
