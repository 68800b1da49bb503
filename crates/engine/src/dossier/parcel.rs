//! The spatial facts of one parcel, measured on its plane.

use ::ledger::dossier::{
    Boundary, Measure, Method, Neighbour, Overlap, ParcelFile, RedLine, SurveyedPoint, Via,
};
use geo::{Distance, Euclidean};
use geo_types::Geometry as Shape;
use spatial::geometry::visit_paths;
use spatial::{Crs, Envelope, FeatureRef, Geometry, OverlayOp, PathRole, measure, overlay};

use super::gather::{Doors, Sources};
use super::plane::{Planes, unmeasurable};
use super::rows::{Rows, key};
use super::sides::{Lane, Near, edges, sides};
use crate::EngineError;
use crate::clues::source::{number, text};

/// What is smaller is noise of digitising, in square metres.
pub(super) const NOISE_M2: f64 = 0.01;

/// A shape with what people call it.
type Named = (String, Geometry);

/// Who measures: what a file is made of, and where.
#[derive(Clone, Copy)]
pub(super) struct Surveyor<'a> {
    pub(super) sources: Sources<'a>,
    pub(super) planes: &'a Planes<'a>,
    pub(super) doors: &'a Doors,
}

/// A parcel with what lies around it.
pub(super) struct Ground<'a> {
    pub(super) file: ParcelFile,
    /// Other parcels near it on its plane.
    pub(super) near: Vec<(FeatureRef<'a>, Neighbour, Geometry)>,
}

impl<'a> Surveyor<'a> {
    /// What people call a parcel.
    pub(super) fn neighbour(&self, rows: Rows<'_>, row: FeatureRef<'_>) -> Neighbour {
        let of = |field: &str| rows.at(field).and_then(|at| text(row, at));
        let layer = &self.sources.set.parcels;
        let code = of(&layer.code).unwrap_or_else(|| format!("{}/{}", rows.id(), row.id()));
        let doors = self.doors.names.get(&code);
        let name = doors.map(|names| names.iter().cloned().collect::<Vec<_>>().join("、"));
        let name = name.or_else(|| of(&layer.address)).unwrap_or_else(|| code.clone());
        Neighbour { code, name }
    }

    /// Everything that is told of a parcel.
    pub(super) fn parcel(
        &self,
        (code, via): (&str, Via),
        row: Option<FeatureRef<'a>>,
        notes: &mut Vec<String>,
    ) -> Result<Ground<'a>, EngineError> {
        let set = self.sources.set;
        let households = self.doors.households.get(code);
        let mut file = ParcelFile {
            feature: row.map(|row| row.id()),
            households: households.into_iter().flatten().cloned().collect(),
            ..ParcelFile::of(code, via)
        };
        let (Some(row), Some(rows)) = (row, self.sources.rows(&set.parcels.collection)) else {
            notes.push(format!("宗地 {code} 不在图层 {} 中", set.parcels.collection));
            return Ok(Ground { file, near: Vec::new() });
        };
        file.fields = rows.shown(row, &set.parcels.fields);
        file.registered_m2 = rows.at(&set.parcels.area).and_then(|at| number(row, at));
        let storage = &rows.held.collection().crs;
        let plane = self.planes.plane(storage, &row.envelope())?;
        let Some(shape) = self.planes.shape(rows, row, &plane)? else {
            notes.push(format!("宗地 {code} 没有图形"));
            return Ok(Ground { file, near: Vec::new() });
        };
        file.boundary = self.boundary(&shape, &plane)?;
        self.name_points(&mut file.boundary, code, (&plane, &shape), notes)?;
        let area = measure::area(&shape);
        file.area = Some(Measure { value: area, method: Method::PlanarArea, crs: plane.clone() });

        let reach = set.reach;
        let around = self.planes.around(rows, (&plane, &shape), reach.across.max(reach.border))?;
        let mut near = Vec::new();
        for other in around.into_iter().filter(|other| other.id() != row.id()) {
            if let Some(shape) = self.planes.shape(rows, other, &plane)? {
                near.push((other, self.neighbour(rows, other), shape));
            }
        }
        let lanes = self.lanes((&plane, &shape), reach.across)?;
        let own = edges(&shape.shape, |role| role == PathRole::Exterior);
        let rings = |role| role == PathRole::Exterior || role == PathRole::Hole;
        let others: Vec<Near> = near
            .iter()
            .map(|(row, name, shape)| Near {
                id: row.id(),
                name: name.clone(),
                edges: edges(&shape.shape, rings),
            })
            .collect();
        file.sides = sides(&own, &others, &lanes.0, [reach.border, reach.across]);
        file.overlaps = overlaps(&shape, &near, notes);
        for line in &set.red_lines {
            let (told, mut drawn) = self.red_line(line, (&plane, &shape), reach.red_line)?;
            file.red_lines.push(told);
            file.red_shapes.append(&mut drawn);
        }
        let named = |(_, name, shape): &(FeatureRef<'_>, Neighbour, Geometry)| {
            (name.name.clone(), shape.clone())
        };
        file.around = near.iter().map(named).chain(lanes.1).collect();
        (file.plane, file.shape) = (Some(plane), Some(shape));
        Ok(Ground { file, near })
    }

    fn boundary(&self, shape: &Geometry, plane: &Crs) -> Result<Boundary, EngineError> {
        let mut rings = Vec::new();
        visit_paths(&shape.shape, &mut |role, path| {
            let ring = || path.iter().map(|c| [c.x, c.y]).collect();
            match role {
                PathRole::Exterior => rings.push((false, ring())),
                PathRole::Hole => rings.push((true, ring())),
                PathRole::Points | PathRole::Line => {}
            }
        });
        let back = self.planes.way(plane, &Crs::CGCS2000)?;
        let mut failed = None;
        let boundary = Boundary::of(&rings, &mut |at| match back.project(at) {
            Ok(lon_lat) => lon_lat,
            Err(error) => {
                failed = Some(error);
                at
            }
        });
        failed.map_or(Ok(boundary), |error| Err(unmeasurable(error)))
    }

    /// Gives the vertices of a boundary the numbers of the survey, and says how many have none.
    fn name_points(
        &self,
        boundary: &mut Boundary,
        code: &str,
        (plane, shape): (&Crs, &Geometry),
        notes: &mut Vec<String>,
    ) -> Result<(), EngineError> {
        let Some(table) = &self.sources.set.boundary_points else { return Ok(()) };
        let Some(rows) = self.sources.rows(&table.collection) else { return Ok(()) };
        let Some(number) = rows.at(&table.number) else { return Ok(()) };
        let [of, kind] = [&table.parcel, &table.kind].map(|field| rows.at(field));
        let mut points = Vec::new();
        for row in self.planes.around(rows, (plane, shape), table.within)? {
            let is_own = of.and_then(|at| key(row, at)).is_none_or(|parcel| parcel == code);
            let Some(number) = text(row, number).filter(|_| is_own) else { continue };
            let Some(at) = self.planes.shape(rows, row, plane)? else { continue };
            let kind = kind.and_then(|at| text(row, at));
            let kind = kind.map(|kind| table.kinds.get(&kind).cloned().unwrap_or(kind));
            let point = SurveyedPoint { number, kind, apart_mm: 0 };
            points.extend(at.coords().first().map(|at| (*at, point)));
        }
        if points.is_empty() {
            return Ok(());
        }
        boundary.name_points(&points, table.within);
        let nameless = boundary.points().count() - boundary.surveyed.len();
        if nameless > 0 {
            notes.push(format!(
                "宗地 {code} 有 {nameless} 个顶点在 {:.0} 厘米内没有实测界址点",
                table.within * 100.0
            ));
        }
        Ok(())
    }

    /// Lanes near a shape, with their edges and to be drawn.
    fn lanes(
        &self,
        near: (&Crs, &Geometry),
        metres: f64,
    ) -> Result<(Vec<Lane>, Vec<Named>), EngineError> {
        let (mut lanes, mut drawn) = (Vec::new(), Vec::new());
        for layer in &self.sources.set.lanes {
            let Some(rows) = self.sources.rows(&layer.collection) else { continue };
            let name = rows.at(&layer.name);
            for row in self.planes.around(rows, near, metres)? {
                let Some(shape) = self.planes.shape(rows, row, near.0)? else { continue };
                let name = name.and_then(|at| key(row, at)).unwrap_or("无名街巷").to_owned();
                let edges = edges(&shape.shape, |_role| true);
                drawn.push((name.clone(), shape));
                lanes.push(Lane { name, edges });
            }
        }
        Ok((lanes, drawn))
    }

    fn red_line(
        &self,
        line: &::ledger::dossier::NamedLayer,
        (plane, shape): (&Crs, &Geometry),
        within_m: f64,
    ) -> Result<(RedLine, Vec<Named>), EngineError> {
        let mut drawn = Vec::new();
        let rows = self.sources.rows(&line.collection);
        let mut nearest: Option<(String, f64)> = None;
        if let Some(rows) = rows {
            let name = rows.at(&line.name);
            for row in self.planes.around(rows, (plane, shape), within_m)? {
                let Some(other) = self.planes.shape(rows, row, plane)? else { continue };
                let metres = apart(&shape.shape, &other.shape);
                if metres <= self.sources.set.reach.across {
                    drawn.push((line.title.clone(), other));
                }
                if metres <= within_m && nearest.as_ref().is_none_or(|(_, least)| metres < *least) {
                    let name = name.and_then(|at| text(row, at));
                    let name = name.unwrap_or_else(|| format!("{}/{}", rows.id(), row.id()));
                    nearest = Some((name, metres));
                }
            }
        }
        let told = RedLine {
            title: line.title.clone(),
            collection: line.collection.clone(),
            is_known: rows.is_some(),
            nearest,
            within_m,
        };
        Ok((told, drawn))
    }
}

/// Metres between the nearest places of two shapes, 0 where they meet.
pub(super) fn apart(a: &Shape<f64>, b: &Shape<f64>) -> f64 {
    Euclidean.distance(a, b)
}

/// Parcels that share ground with `shape`, the most first.
fn overlaps(
    shape: &Geometry,
    near: &[(FeatureRef<'_>, Neighbour, Geometry)],
    notes: &mut Vec<String>,
) -> Vec<Overlap> {
    let mut found = Vec::new();
    for (_, with, other) in near {
        match common(shape, other) {
            Ok(area_m2) if area_m2 > NOISE_M2 => {
                found.push(Overlap { with: with.clone(), area_m2 })
            }
            Ok(_) => {}
            Err(reason) => notes.push(format!("与宗地 {} 的重叠未能计算：{reason}", with.code)),
        }
    }
    found.sort_by(|a, b| b.area_m2.total_cmp(&a.area_m2));
    found
}

/// Square metres that two shapes share.
pub(super) fn common(a: &Geometry, b: &Geometry) -> Result<f64, String> {
    let meets = |a: &Envelope, b: &Envelope| a.intersects(b);
    if !meets(&a.envelope(), &b.envelope()) {
        return Ok(0.0);
    }
    let shared = spatial::overlay_area(OverlayOp::Intersection, &a.shape, &b.shape);
    shared.map_err(|fault| fault.to_string())
}

/// What is left of `a` without `b`, and its square metres.
pub(super) fn without(a: &Geometry, b: &Geometry) -> Result<(Geometry, f64), String> {
    let left = overlay(OverlayOp::Difference, &a.shape, &b.shape);
    left.map(|left| (left.geometry, left.area)).map_err(|fault| fault.to_string())
}
