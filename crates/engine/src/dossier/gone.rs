//! Buildings that stood on a parcel when they were surveyed last, and do not any more.
//!
//! The last survey is the last bulk load of the collection: what single edits removed or moved since then is
//! told, with when.

use ::ledger::dossier::{Contents, Dossiers, GoneBuilding, Measure, Method, ParcelFile};
use rustc_hash::FxHashSet;
use spatial::{
    CollectionId, Crs, Feature, FeatureId, Geometry, Operation, Revision, Snapshot, Value, measure,
};
use tokio::sync::Mutex;

use super::parcel::common;
use super::plane::Planes;
use super::rows::Rows;
use crate::{Engine, EngineError};

/// Rows of the change log that are read at a time.
const PAGE: usize = 50_000;

/// When collections were loaded, as far as the change log was read.
#[derive(Debug, Default)]
pub(crate) struct Surveys(Mutex<Loads>);

#[derive(Debug, Default)]
struct Loads {
    read: Revision,
    /// Ascending.
    loads: Vec<(Revision, CollectionId)>,
}

/// Buildings as they were at the last survey, of those that are otherwise now.
pub(super) struct Former(Vec<(FeatureId, Feature)>);

impl Engine {
    /// The buildings that were otherwise at the last survey before a state.
    pub(super) async fn former_buildings(
        &self,
        dossiers: &Dossiers,
        state: &Snapshot,
    ) -> Result<Former, EngineError> {
        let name = &dossiers.set().buildings.collection;
        let known = state.collections.keys().find(|id| id.as_str() == name);
        let Some(id) = known else { return Ok(Former(Vec::new())) };
        let Some(survey) = self.last_load(id, state.revision).await? else {
            return Ok(Former(Vec::new()));
        };
        let start = self.store().history_start().await?;
        if start.is_some_and(|start| survey < start.revision) {
            return Ok(Former(Vec::new()));
        }
        let former = self.former_states(id, survey).await?;
        Ok(Former(former.into_iter().filter_map(|(id, then)| Some((id, then?))).collect()))
    }

    /// The last bulk load of a collection up to a revision.
    async fn last_load(
        &self,
        id: &CollectionId,
        until: Revision,
    ) -> Result<Option<Revision>, EngineError> {
        let mut known = self.0.surveys.0.lock().await;
        while known.read < until {
            let rows = self.store().changes(known.read, PAGE).await?;
            let Some(last) = rows.last().map(|row| row.revision) else { break };
            let loads = rows.into_iter().filter(|row| row.operation == Operation::Load);
            known.loads.extend(loads.map(|row| (row.revision, row.collection)));
            known.read = last;
        }
        let found = known.loads.iter().rev().find(|(at, of)| *at <= until && of == id);
        Ok(found.map(|(at, _)| *at))
    }

    /// Adds to the parcels of a file what of `former` stood there and does not any more.
    pub(super) async fn add_gone(
        &self,
        file: &mut Contents,
        Former(former): &Former,
        (dossiers, state): (&Dossiers, &Snapshot),
    ) -> Result<(), EngineError> {
        let layer = &dossiers.set().buildings;
        let Some(rows) = Rows::of(state, &layer.collection, self.profile()) else { return Ok(()) };
        let own: FxHashSet<FeatureId> = file.buildings.iter().map(|one| one.feature).collect();
        let code = rows.at(&layer.code);
        for parcel in &mut file.parcels {
            let stood = self.stood(former, parcel, rows)?;
            for (id, then, plane, area) in stood {
                if own.contains(&id) {
                    continue;
                }
                let went = self.went(rows.id(), id, state.revision).await?;
                let Some((revision, recorded_at)) = went else { continue };
                let code = code.and_then(|at| match then.properties.get(at) {
                    Some(Value::Text(text)) => Some(text.trim().to_owned()),
                    _ => None,
                });
                parcel.gone.push(GoneBuilding {
                    code: code.unwrap_or_else(|| format!("{}/{id}", rows.id())),
                    feature: id,
                    footprint: Measure { value: area, method: Method::PlanarArea, crs: plane },
                    is_removed: rows.held.get(id).is_none(),
                    revision,
                    recorded_at,
                });
            }
        }
        Ok(())
    }

    /// Those of `former` that lay for the greater part on a parcel, by id, and now lie otherwise.
    fn stood<'f>(
        &self,
        former: &'f [(FeatureId, Feature)],
        parcel: &ParcelFile,
        rows: Rows<'_>,
    ) -> Result<Vec<(FeatureId, &'f Feature, Crs, f64)>, EngineError> {
        let (Some(plane), Some(shape)) = (&parcel.plane, &parcel.shape) else {
            return Ok(Vec::new());
        };
        let planes = Planes::new(self.registry());
        let storage = &rows.held.collection().crs;
        let near = planes.moved(around(shape), plane, storage)?.envelope();
        let mut stood = Vec::new();
        for (id, then) in former {
            let Some(geometry) = &then.geometry else { continue };
            if !geometry.envelope().intersects(&near) {
                continue;
            }
            let is_there = rows.held.get(*id).and_then(|now| now.geometry());
            if is_there.as_ref() == Some(geometry) {
                continue;
            }
            let on = |geometry: Geometry| -> Result<Option<f64>, EngineError> {
                let building = planes.moved(geometry, storage, plane)?;
                let whole = measure::area(&building);
                let inside = common(&building, shape).unwrap_or(0.0);
                Ok((whole > 0.0 && inside * 2.0 > whole).then_some(whole))
            };
            let is_still_on = match is_there {
                Some(now) => on(now)?.is_some(),
                None => false,
            };
            if let Some(area) = on(geometry.clone())?.filter(|_| !is_still_on) {
                stood.push((*id, then, plane.clone(), area));
            }
        }
        stood.sort_by_key(|(id, ..)| *id);
        Ok(stood)
    }

    /// The last commit up to a revision with which a building got another shape, or none.
    async fn went(
        &self,
        collection: &CollectionId,
        id: FeatureId,
        until: Revision,
    ) -> Result<Option<(Revision, Option<spatial::Timestamp>)>, EngineError> {
        let entries = match self.history(collection, id, self.profile()).await {
            Err(EngineError::UnknownFeature { .. }) => return Ok(None),
            entries => entries?,
        };
        let moved = entries.iter().rev().filter(|entry| entry.revision <= until);
        let last = moved.into_iter().find(|entry| entry.geometry.is_some());
        Ok(last.map(|entry| (entry.revision, entry.recorded_at)))
    }
}

/// The box around a shape, as a shape.
fn around(shape: &Geometry) -> Geometry {
    let all = shape.envelope();
    let corner = |x, y| geo_types::Coord { x, y };
    let around = geo_types::Rect::new(corner(all.min_x, all.min_y), corner(all.max_x, all.max_y));
    geo_types::Geometry::Polygon(around.to_polygon()).into()
}
