//! The buildings of a file: those that name its parcels, and those that stand there.

use ::ledger::dossier::{BuildingFile, Measure, Method, Neighbour, Outside, Via};
use rustc_hash::FxHashSet;
use spatial::{Crs, FeatureId, FeatureRef, Geometry, measure};

use super::parcel::{Ground, NOISE_M2, Surveyor, common, without};
use super::rows::Rows;
use crate::EngineError;
use crate::clues::source::text;

impl<'a> Surveyor<'a> {
    /// The buildings that lie for the greater part on a parcel, by id, with how much of them does.
    pub(super) fn standing(
        &self,
        rows: Rows<'a>,
        (plane, shape): (&Crs, &Geometry),
    ) -> Result<Vec<(FeatureRef<'a>, Geometry)>, EngineError> {
        let mut found = Vec::new();
        for row in self.planes.around(rows, (plane, shape), 0.0)? {
            let Some(building) = self.planes.shape(rows, row, plane)? else { continue };
            let whole = measure::area(&building);
            if whole > 0.0 && common(&building, shape).is_ok_and(|inside| inside * 2.0 > whole) {
                found.push((row, building));
            }
        }
        Ok(found)
    }

    /// The buildings of one parcel: `named` are those whose field says so. `seen` are those that the
    /// file has already.
    pub(super) fn buildings(
        &self,
        ground: &Ground<'a>,
        named: &[FeatureRef<'a>],
        seen: &mut FxHashSet<FeatureId>,
        notes: &mut Vec<String>,
    ) -> Result<Vec<BuildingFile>, EngineError> {
        let Some(rows) = self.sources.rows(&self.sources.set.buildings.collection) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        if let (Some(plane), Some(shape)) = (&ground.file.plane, &ground.file.shape) {
            for row in named {
                if let Some(building) = self.planes.shape(rows, *row, plane)? {
                    found.push((*row, building, Via::Field));
                }
            }
            for (row, building) in self.standing(rows, (plane, shape))? {
                if !found.iter().any(|(one, ..)| one.id() == row.id()) {
                    found.push((row, building, Via::Place));
                }
            }
        } else {
            // Without a parcel there is the building alone.
            for row in named {
                let plane = self.planes.plane(&rows.held.collection().crs, &row.envelope())?;
                if let Some(shape) = self.planes.shape(rows, *row, &plane)? {
                    found.push((*row, shape, Via::Field));
                }
            }
        }
        found.retain(|(row, ..)| seen.insert(row.id()));
        let files = found
            .into_iter()
            .map(|(row, shape, via)| self.building(rows, row, (shape, via), ground, notes));
        files.collect()
    }

    fn building(
        &self,
        rows: Rows<'a>,
        row: FeatureRef<'a>,
        (shape, via): (Geometry, Via),
        ground: &Ground<'a>,
        notes: &mut Vec<String>,
    ) -> Result<BuildingFile, EngineError> {
        let layer = &self.sources.set.buildings;
        let of = |field: &str| rows.at(field).and_then(|at| text(row, at));
        let code = of(&layer.code).unwrap_or_else(|| format!("{}/{}", rows.id(), row.id()));
        let plane = match &ground.file.plane {
            Some(plane) => plane.clone(),
            None => self.planes.plane(&rows.held.collection().crs, &row.envelope())?,
        };
        let called = |code: String| layer.structures.get(&code).cloned().unwrap_or(code);
        let area = measure::area(&shape);
        let outside = ground.file.shape.as_ref().map(|parcel| outside(&shape, parcel, ground));
        let outside = outside.transpose().unwrap_or_else(|reason| {
            notes.push(format!("建筑 {code} 超出宗地的部分未能计算：{reason}"));
            None
        });
        Ok(BuildingFile {
            feature: row.id(),
            via,
            parcel: ground.file.feature.map(|_| ground.file.code.clone()),
            name: of(&layer.name),
            floors: of(&layer.floors).and_then(|text| text.parse().ok()),
            structure: of(&layer.structure).map(called),
            shape,
            footprint: Measure { value: area, method: Method::PlanarArea, crs: plane },
            outside,
            units: Vec::new(),
            change: None,
            code,
        })
    }
}

/// What of a building lies outside its parcel, and on which others.
fn outside(building: &Geometry, parcel: &Geometry, ground: &Ground<'_>) -> Result<Outside, String> {
    let (left, area_m2) = without(building, parcel)?;
    let mut on: Vec<(Neighbour, f64)> = Vec::new();
    if area_m2 > NOISE_M2 {
        for (_, name, other) in &ground.near {
            let shared = common(&left, other)?;
            if shared > NOISE_M2 {
                on.push((name.clone(), shared));
            }
        }
    }
    on.sort_by(|a, b| b.1.total_cmp(&a.1));
    let area_m2 = if area_m2 > NOISE_M2 { area_m2 } else { 0.0 };
    Ok(Outside { area_m2, on })
}
