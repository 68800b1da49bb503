//! Geometries of a request: GeoJSON, well-known text or hexadecimal well-known binary, checked
//! before any algorithm meets them.

use std::borrow::Cow;
use std::fmt;

use formats::{Json, JsonKind, ReadGeometry, read_wkt};
use geo::MapCoords;
use geo_types::{Coord, Geometry as Shape, GeometryCollection};
use spatial::geometry::visit_paths;
use spatial::validity::{self, DefectKind};
use spatial::{AxisOrder, Geometry, PathRole, wkb};
use thiserror::Error;

use super::Refusal;
use super::members::wrong_type;

/// Most vertices of a geometry in a request.
pub const MAX_VERTICES: usize = 20_000;
/// Most rings, lines and groups of points of one.
pub const MAX_PATHS: usize = 1_000;

/// How a geometry was written, and its answer will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    /// A GeoJSON object.
    GeoJson,
    /// Well-known text.
    Wkt,
    /// Well-known binary, two hexadecimal digits a byte.
    WkbHex,
}

/// A geometry as it was given.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// The geometry, its axes in the order given; an empty collection when it is empty.
    pub(super) geometry: Geometry,
    /// How it was written.
    pub(super) notation: Notation,
    /// Where a ring ended that does not end where it began.
    unclosed: Option<[f64; 2]>,
}

/// Why a well-written geometry is not usable.
#[derive(Clone, Debug, PartialEq, Error)]
pub struct Unusable {
    /// Stable name of the reason, e.g. `self_intersection`.
    pub reason: Cow<'static, str>,
    /// Where, in the numbers of the geometry; absent when it is nowhere in particular.
    pub at: Option<[f64; 2]>,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        if let Some([x, y]) = self.at {
            write!(f, " at {x} {y}")?;
        }
        match &*self.reason {
            "too_many_vertices" => write!(f, "; at most {MAX_VERTICES}, simplify it"),
            "too_many_parts" => write!(f, "; at most {MAX_PATHS} rings, lines and points"),
            _ => Ok(()),
        }
    }
}

/// Reads a geometry that stands at `place`. What is wrong with its text is a refusal of the
/// member; what is wrong with the geometry is for [`Given::check`] to say.
pub(super) fn read(json: &Json<'_>, place: &str) -> Result<Given, Refusal> {
    let refused = |fault| Refusal::Member { place: place.to_owned(), fault };
    match json.kind() {
        JsonKind::Object => {
            let members = json.members();
            let kind = members.iter().find(|(name, _)| name == "type");
            let kind = kind.and_then(|(_, kind)| kind.text());
            if let Some("Feature" | "FeatureCollection") = kind.as_deref() {
                let reason = "a geometry is expected; send the member \"geometry\" of the feature";
                return Err(refused(json.fault(reason)));
            }
            let read = json.geometry().map_err(refused)?;
            Ok(Given::new(read, Notation::GeoJson))
        }
        JsonKind::Text => {
            let text = json.text().unwrap_or_default();
            let text = text.trim();
            if is_wkb_hex(text) {
                let bytes = bytes_of_hex(text);
                let decoded =
                    wkb::decode(&bytes).map_err(|error| refused(json.fault(error.to_string())))?;
                return Ok(Given {
                    geometry: decoded.geometry,
                    notation: Notation::WkbHex,
                    unclosed: decoded.unclosed_at,
                });
            }
            let read = read_wkt(text).map_err(|error| refused(json.fault(error.to_string())))?;
            Ok(Given::new(read, Notation::Wkt))
        }
        _ => Err(wrong_type(json, place.to_owned(), "a GeoJSON geometry, WKT or WKB in hex")),
    }
}

impl Given {
    fn new(read: Option<ReadGeometry>, notation: Notation) -> Self {
        match read {
            Some(read) => Self { geometry: read.geometry, notation, unclosed: read.unclosed_at },
            None => Self { geometry: empty(), notation, unclosed: None },
        }
    }

    /// What can be said of the geometry before it is checked against itself.
    pub(super) fn check_form(&self) -> Result<(), Unusable> {
        self.check_size()?;
        match self.unclosed {
            Some(at) => {
                Err(Unusable { reason: DefectKind::RingNotClosed.name().into(), at: Some(at) })
            }
            None => Ok(()),
        }
    }

    /// What keeps algorithms from taking the geometry, if anything.
    pub(super) fn check(&self) -> Result<(), Unusable> {
        self.check_form()?;
        let defects = validity::check(&self.geometry);
        match defects.into_iter().find(|defect| !defect.kind.is_harmless()) {
            Some(defect) => {
                Err(Unusable { reason: defect.kind.name().into(), at: place(defect.place) })
            }
            None => Ok(()),
        }
    }

    /// Whether it is of a size that is worked on.
    pub(super) fn check_size(&self) -> Result<(), Unusable> {
        let (mut paths, mut vertices) = (0, 0);
        visit_paths(&self.geometry.shape, &mut |role, path| {
            // A point of a multipoint is a part; so are rings and lines.
            paths += if role == PathRole::Points { 0 } else { 1 };
            vertices += path.len();
        });
        let fault = |reason: &'static str| Err(Unusable { reason: reason.into(), at: None });
        match (vertices > MAX_VERTICES, paths > MAX_PATHS) {
            (true, _) => fault(DefectKind::TooManyVertices.name()),
            (_, true) => fault("too_many_parts"),
            _ => Ok(()),
        }
    }

    /// Every defect, those that harm nothing too.
    pub(super) fn defects(&self) -> Vec<(DefectKind, Option<[f64; 2]>)> {
        let unclosed = self.unclosed.map(|at| (DefectKind::RingNotClosed, Some(at)));
        let found = validity::check(&self.geometry);
        let found = found.into_iter().map(|defect| (defect.kind, place(defect.place)));
        unclosed.into_iter().chain(found).collect()
    }
}

/// The geometry with its axes exchanged when the authority puts north first.
pub fn east_first(mut geometry: Geometry, order: AxisOrder) -> Geometry {
    if order == AxisOrder::NorthEast {
        geometry.shape = geometry.shape.map_coords(|c| Coord { x: c.y, y: c.x });
    }
    geometry
}

/// A place that can be written.
fn place(at: [f64; 2]) -> Option<[f64; 2]> {
    at.iter().all(|number| number.is_finite()).then_some(at)
}

fn empty() -> Geometry {
    Geometry::from(Shape::GeometryCollection(GeometryCollection(Vec::new())))
}

/// Well-known binary begins with its byte order; no well-known text begins with a digit.
fn is_wkb_hex(text: &str) -> bool {
    (text.starts_with("00") || text.starts_with("01"))
        && text.len().is_multiple_of(2)
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn bytes_of_hex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    text.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) * 16 + digit(pair[1])).collect()
}
