//! Whether a geometry is one that its collection may hold: type, Z and M, numbers, range of the CRS,
//! and validity as [`spatial::validity`] judges it.

use spatial::geometry::visit_paths;
use spatial::validity::{self, DefectKind};
use spatial::{Collection, Geometry, GeometryType, PathRole};

use super::Defects;
use super::place::{nearest, of_path, of_vertex};
use super::range::Range;

impl Defects {
    /// Lists what is wrong with a geometry in the storage CRS that stands at `place`.
    pub(crate) fn check_geometry(
        &mut self,
        place: &str,
        collection: &Collection,
        geometry: &Geometry,
        range: Option<&Range>,
    ) {
        let before = self.0.len();
        self.check_form(place, collection, geometry);
        if let Some(range) = range {
            self.check_range(place, geometry, range, &collection.crs.to_string());
        }
        // What has no proper numbers and rings has no inside to judge.
        if self.0.len() > before {
            return;
        }
        for defect in validity::check(geometry) {
            if !defect.kind.is_harmless() {
                let place = match defect.kind {
                    DefectKind::TooManyVertices => place.to_owned(),
                    _ => format!("{place}{}", nearest(&geometry.shape, defect.place)),
                };
                self.add(&place, &said(defect.kind));
            }
        }
    }

    /// Lists the first vertex of every path that cannot lie in the CRS called `crs`.
    pub(crate) fn check_range(
        &mut self,
        place: &str,
        geometry: &Geometry,
        range: &Range,
        crs: &str,
    ) {
        let mut number = 0;
        visit_paths(&geometry.shape, &mut |_, path| {
            let outside = |c: &geo_types::Coord<f64>| {
                c.x.is_finite() && c.y.is_finite() && !range.holds([c.x, c.y])
            };
            if let Some(vertex) = path.iter().position(outside) {
                let vertex = of_vertex(&geometry.shape, number, vertex);
                let problem = format!(
                    "the position lies outside the range of {crs}; see that the axes are in the \
                     authority's order and that Content-Crs names the right system"
                );
                self.add(&format!("{place}{vertex}"), &problem);
            }
            number += 1;
        });
    }

    fn check_form(&mut self, place: &str, collection: &Collection, geometry: &Geometry) {
        let (declared, found) = (collection.geometry_type, geometry.geometry_type());
        if !holds(declared, found) {
            self.add(place, &format!("the collection holds {declared:?}, this is {found:?}"));
        }
        let vertices = geometry.vertex_count();
        if vertices == 0 {
            self.add(place, "there is no vertex; send null for a feature without a place");
        }
        for (axis, values) in [("Z", &geometry.z), ("M", &geometry.m)] {
            if !values.is_empty() && values.len() != vertices {
                let problem = format!("{} {axis} values for {vertices} vertices", values.len());
                self.add(place, &problem);
            }
            if values.iter().any(|value| !value.is_finite()) {
                self.add(place, &format!("a {axis} value is no finite number"));
            }
        }
        for (axis, has, values) in
            [("Z", collection.has_z, &geometry.z), ("M", collection.has_m, &geometry.m)]
        {
            if !has && !values.is_empty() {
                self.add(place, &format!("the collection has no {axis} values"));
            }
        }
        let mut number = 0;
        visit_paths(&geometry.shape, &mut |role, path| {
            if let Some(problem) = path_problem(role, path) {
                let path = of_path(&geometry.shape, number);
                self.add(&format!("{place}{path}"), &problem);
            }
            number += 1;
        });
    }
}

/// A defect in a sentence, with its stable name.
fn said(kind: DefectKind) -> String {
    let sentence = match kind {
        DefectKind::NotFinite => "a coordinate is too large",
        DefectKind::TooManyVertices => {
            return format!("{kind}: at most {} vertices; split it", validity::MAX_VERTICES);
        }
        DefectKind::ExtentTooSmall => "it is smaller than coordinates can tell",
        DefectKind::RingNotClosed => "the ring does not end where it begins",
        DefectKind::TooFewPoints => "there are too few different vertices",
        DefectKind::DuplicatePoint => "a vertex is repeated",
        DefectKind::ZeroArea => "all vertices of the ring lie on one line",
        DefectKind::SelfIntersection => "boundaries cross, overlap or touch themselves here",
        DefectKind::HoleOutside => "the hole lies outside its exterior, or in another hole",
        DefectKind::NestedShells => "the polygon lies inside another one of the same feature",
        DefectKind::DisconnectedInterior => "rings that touch cut the interior into pieces",
        DefectKind::WrongWinding => "the ring winds the wrong way",
        DefectKind::TooComplex => "too many segments lie over each other to be checked",
    };
    format!("{kind}: {sentence}")
}

/// What is wrong with one path; at most one defect each.
fn path_problem(role: PathRole, path: &[geo_types::Coord<f64>]) -> Option<String> {
    if let Some(vertex) = path.iter().position(|c| !(c.x.is_finite() && c.y.is_finite())) {
        return Some(format!("vertex {vertex} is no finite number"));
    }
    let (least, name) = match role {
        PathRole::Points => (1, "a point"),
        PathRole::Line => (2, "a line"),
        PathRole::Exterior | PathRole::Hole => (4, "a ring"),
    };
    if path.len() < least {
        return Some(format!("{name} has at least {least} vertices, not {}", path.len()));
    }
    let ring = matches!(role, PathRole::Exterior | PathRole::Hole);
    (ring && path.first() != path.last())
        .then(|| "the ring is not closed; repeat its first vertex at the end".to_owned())
}

/// Whether a collection declared as `declared` holds a geometry of type `found`.
fn holds(declared: GeometryType, found: GeometryType) -> bool {
    use GeometryType as T;
    match declared {
        T::Any => true,
        T::MultiPoint => matches!(found, T::Point | T::MultiPoint),
        T::MultiLineString => matches!(found, T::LineString | T::MultiLineString),
        T::MultiPolygon => matches!(found, T::Polygon | T::MultiPolygon),
        T::Point | T::LineString | T::Polygon => declared == found,
    }
}
