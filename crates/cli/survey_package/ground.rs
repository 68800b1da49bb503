//! What is measured of a package, on a plane in metres: areas, lengths, and how boundary points, lines and
//! buildings lie to their parcels.

use std::collections::HashMap;

use engine::EngineError;
use engine::dossier::Planes;
use ledger::survey::{DefectKind, Meaning, Tolerance};
use spatial::geometry::visit_paths;
use spatial::{Crs, Envelope, Geometry, OverlayOp, PathRole, Projector, measure, overlay};

use super::Defects;
use super::grid::{Grid, apart};
use super::links::{KeyedRows, Linked};

/// The vertices of the parcels of a package on one plane, to be found by their place.
#[derive(Debug)]
pub(super) struct Vertices {
    plane: Crs,
    parcels: Vec<String>,
    /// Vertices with the position of their parcel.
    grid: Grid,
    /// From what boundary points are in to the plane.
    way: Projector,
}

impl Vertices {
    /// The vertices of `parcels`; boundary points are in `points_crs`, and lie on one `within` so many metres.
    pub(super) fn of(
        planes: &Planes<'_>,
        parcels: &KeyedRows<'_>,
        (points_crs, within): (&Crs, f64),
    ) -> Result<Self, EngineError> {
        let shapes = || parcels.rows.iter().filter_map(|(_, row)| row.geometry.as_ref());
        let extent = shapes().fold(Envelope::EMPTY, |all, one| all.union(&one.envelope()));
        // Nothing has a place: nothing is measured.
        let plane = match extent.is_empty() {
            true => parcels.crs.clone(),
            false => planes.plane(&parcels.crs, &extent)?,
        };
        let mut vertices = Self {
            way: planes.way(points_crs, &plane)?,
            plane,
            parcels: Vec::with_capacity(parcels.rows.len()),
            grid: Grid::new(within),
        };
        let way = planes.way(&parcels.crs, &vertices.plane)?;
        for (at, (code, row)) in parcels.rows.iter().enumerate() {
            vertices.parcels.push(code.clone());
            for place in row.geometry.iter().flat_map(Geometry::coords) {
                let Ok(place) = way.project(place) else { continue };
                vertices.grid.add(place, at);
            }
        }
        Ok(vertices)
    }

    /// The plane.
    pub(super) fn plane(&self) -> &Crs {
        &self.plane
    }

    /// The one parcel on whose vertex a boundary point lies; `None` where there is none, or several.
    pub(super) fn only_parcel(&self, point: &Geometry) -> Option<&str> {
        let place = self.way.project(*point.coords().first()?).ok()?;
        let mut found = self.grid.near(place);
        let first = found.next()?;
        found.all(|other| other == first).then(|| self.parcels[first].as_str())
    }
}

/// Measures a package, and tells where it contradicts itself.
pub(super) fn measured(
    linked: &Linked<'_>,
    vertices: &Vertices,
    (planes, tolerance): (&Planes<'_>, &Tolerance),
    defects: &mut Defects,
) -> Result<(), EngineError> {
    let plane = vertices.plane();
    let shape_on = |rows: &KeyedRows<'_>, geometry: &Geometry| {
        planes.moved(geometry.clone(), &rows.crs, plane)
    };
    let Linked { parcels, buildings, points, lines, .. } = linked;
    let mut shapes: HashMap<&str, Geometry> = HashMap::new();
    let area_at = parcels.of.at(Meaning::Area);
    for (code, row) in &parcels.rows {
        let Some(geometry) = &row.geometry else { continue };
        let shape = shape_on(parcels, geometry)?;
        if let Some(registered) = row.number(area_at) {
            let area = measure::area(&shape);
            let off = registered - area;
            if off.abs() > tolerance.area_m2 && off.abs() > tolerance.area_share * area {
                let field = field(parcels, Meaning::Area);
                defects.add(row.place(), DefectKind::AreaDiffers, field, format!("{off:+.2} m²"));
            }
        }
        shapes.insert(code, shape);
    }
    let parcel_at = buildings.of.at(Meaning::Parcel);
    for (_, row) in &buildings.rows {
        let parcel = row.text(parcel_at).and_then(|code| shapes.get(code));
        let (Some(geometry), Some(parcel)) = (&row.geometry, parcel) else { continue };
        let shape = shape_on(buildings, geometry)?;
        // What cannot be laid over its parcel is told by the household file.
        let Ok(left) = overlay(OverlayOp::Difference, &shape.shape, &parcel.shape) else {
            continue;
        };
        if left.area > tolerance.outside_m2 {
            let detail = format!("{:.2} m²", left.area);
            defects.add(row.place(), DefectKind::BuildingOutside, None, detail);
        }
    }
    let parcel_at = points.of.at(Meaning::Parcel);
    for (_, row) in &points.rows {
        let Some(geometry) = &row.geometry else { continue };
        // The vertices of parcels that are not in the package are not at hand.
        if row.text(parcel_at).is_some_and(|code| !shapes.contains_key(code)) {
            continue;
        }
        let shape = shape_on(points, geometry)?;
        let Some(place) = shape.coords().first().copied() else { continue };
        let own = row.text(parcel_at);
        let is_there =
            vertices.grid.near(place).any(|at| own.is_none_or(|own| vertices.parcels[at] == own));
        if !is_there {
            let near = own.and_then(|code| shapes.get(code)).map(Geometry::coords);
            let off = near.into_iter().flatten().map(|vertex| apart(vertex, place));
            let off = off.min_by(f64::total_cmp).map(|off| format!("{off:.3} m"));
            defects.add(row.place(), DefectKind::PointOffVertex, None, off.unwrap_or_default());
        }
    }
    let (length_at, parcel_at) = (lines.of.at(Meaning::Length), lines.of.at(Meaning::Parcel));
    let mut ends: HashMap<&str, (Vec<[f64; 2]>, Grid)> = HashMap::new();
    for (_, row) in &lines.rows {
        let Some(geometry) = &row.geometry else { continue };
        let shape = shape_on(lines, geometry)?;
        if let Some(recorded) = row.number(length_at) {
            let off = recorded - measure::length(&shape);
            if off.abs() > tolerance.edge {
                let field = field(lines, Meaning::Length);
                defects.add(row.place(), DefectKind::LengthDiffers, field, format!("{off:+.3} m"));
            }
        }
        let Some(code) = row.text(parcel_at).filter(|code| shapes.contains_key(code)) else {
            continue;
        };
        visit_paths(&shape.shape, &mut |role, path| {
            if let (PathRole::Line, [first, .., last]) = (role, path) {
                let two = [first, last].map(|end| [end.x, end.y]);
                let (places, grid) =
                    ends.entry(code).or_insert_with(|| (Vec::new(), Grid::new(tolerance.edge)));
                two.into_iter().for_each(|end| grid.add(end, 0));
                places.extend(two);
            }
        });
    }
    for (code, row) in &parcels.rows {
        let Some((places, grid)) = ends.get(code.as_str()) else { continue };
        // Where lines lead round, as many end in a place as begin there: an even number meets.
        let open = places.iter().filter(|end| grid.near(**end).count() % 2 == 1).count();
        if open > 0 {
            let detail = format!("{open} loose ends");
            defects.add(row.place(), DefectKind::BoundaryOpen, None, detail);
        }
    }
    Ok(())
}

fn field<'a>(rows: &KeyedRows<'a>, meaning: Meaning) -> Option<&'a str> {
    rows.of.at(meaning).and_then(|at| rows.of.columns[at].field.as_deref())
}
