//! The lanes of a unit on the plane of its middle, for the index map of an atlas.

use std::sync::Arc;

use ::ledger::dossier::Dossiers;
use spatial::{Crs, FeatureRef, Geometry, Snapshot, Timestamp};

use super::gather::Sources;
use super::plane::Planes;
use super::rows::key;
use crate::clues::source::text;
use crate::{Engine, EngineError};

/// A unit with its lanes.
#[derive(Clone, Debug)]
pub struct UnitStreets {
    /// Its name.
    pub name: String,
    /// What people call its level.
    pub level: String,
    /// The plane.
    pub crs: Crs,
    /// What lanes are called, and their shapes on the plane.
    pub streets: Vec<(String, Geometry)>,
}

impl Engine {
    /// The unit of this code, of any level, with the lanes whose boxes meet it; none where there is no
    /// such unit with a place.
    ///
    /// # Errors
    /// When a place cannot be measured.
    pub async fn dossier_streets(
        &self,
        dossiers: &Arc<Dossiers>,
        code: &str,
        as_of: Option<Timestamp>,
    ) -> Result<Option<UnitStreets>, EngineError> {
        let state = self.dossier_state(dossiers, as_of).await?;
        let (engine, dossiers, code) = (self.clone(), Arc::clone(dossiers), code.to_owned());
        self.pool().run(move || engine.streets(&state, &dossiers, &code)).await?
    }

    fn streets(
        &self,
        state: &Snapshot,
        dossiers: &Dossiers,
        code: &str,
    ) -> Result<Option<UnitStreets>, EngineError> {
        let set = dossiers.set();
        let sources = Sources { set, state, profile: self.profile() };
        let planes = Planes::new(self.registry());
        for layer in &set.units {
            let Some(rows) = sources.rows(&layer.collection) else { continue };
            let mut found: Option<FeatureRef<'_>> = None;
            rows.each_key(&layer.code, &mut |key, row| {
                if key == code && row.geometry_type().is_some() {
                    found = found.or(Some(row));
                }
            });
            let Some(unit) = found else { continue };
            let crs = planes.plane(&rows.held.collection().crs, &unit.envelope())?;
            let Some(shape) = planes.shape(rows, unit, &crs)? else { continue };
            let name = rows.at(&layer.name).and_then(|at| text(unit, at)).unwrap_or_default();
            let mut streets = Vec::new();
            // The first collection of lanes that has some: others tell the same ones again.
            for lanes in &set.lanes {
                let Some(rows) = sources.rows(&lanes.collection).filter(|_| streets.is_empty())
                else {
                    continue;
                };
                let name = rows.at(&lanes.name);
                for lane in planes.around(rows, (&crs, &shape), 0.0)? {
                    if let Some(line) = planes.shape(rows, lane, &crs)? {
                        let name = name.and_then(|at| key(lane, at)).unwrap_or_default();
                        streets.push((name.to_owned(), line));
                    }
                }
            }
            return Ok(Some(UnitStreets { name, level: layer.title.clone(), crs, streets }));
        }
        Ok(None)
    }
}
