//! The planes that files are measured in: a projected CRS in metres as it is, for all others the 3°
//! Gauss-Krüger zone of CGCS2000 that the place lies in.

use std::cell::RefCell;

use spatial::zones::{ChinaDatum, Zone, ZoneWidth};
use spatial::{Crs, CrsKind, CrsRegistry, CrsUnit, Envelope, FeatureRef, Geometry, Projector};

use super::rows::Rows;
use crate::EngineError;

/// World Mercator in its two forms, whose metres mean nothing.
const MERCATOR: [Crs; 2] = [Crs::WEB_MERCATOR, Crs::Epsg(3395)];
/// Most features around one parcel or alley.
const MAX_AROUND: usize = 20_000;

/// Ways between coordinate systems, made once.
pub struct Planes<'a> {
    registry: &'a CrsRegistry,
    made: RefCell<Vec<(Crs, Crs, Projector)>>,
}

impl<'a> Planes<'a> {
    /// Ways by the coordinate systems that `registry` knows.
    pub fn new(registry: &'a CrsRegistry) -> Self {
        Self { registry, made: RefCell::default() }
    }

    /// The way from one CRS to another.
    ///
    /// # Errors
    /// When there is none.
    pub fn way(&self, from: &Crs, to: &Crs) -> Result<Projector, EngineError> {
        if let Some((.., way)) = self.made.borrow().iter().find(|(a, b, _)| a == from && b == to) {
            return Ok(way.clone());
        }
        let way = self.registry.projector(from, to).map_err(unmeasurable)?;
        self.made.borrow_mut().push((from.clone(), to.clone(), way.clone()));
        Ok(way)
    }

    /// The plane for what lies in the middle of `at`, which is in `storage`.
    ///
    /// # Errors
    /// When it lies in no zone of China.
    pub fn plane(&self, storage: &Crs, at: &Envelope) -> Result<Crs, EngineError> {
        let facts = self.registry.facts(storage).map_err(unmeasurable)?;
        let is_metric = match facts.unit {
            CrsUnit::Other { factor, .. } => factor.to_bits() == 1f64.to_bits(),
            _ => true,
        };
        if facts.kind == CrsKind::Projected && is_metric && !MERCATOR.contains(storage) {
            return Ok(storage.clone());
        }
        let [lon, _] =
            self.way(storage, &Crs::CGCS2000)?.project(at.center()).map_err(unmeasurable)?;
        let zone = Zone {
            datum: ChinaDatum::Cgcs2000,
            width: ZoneWidth::Three,
            number: (lon / 3.0).round().clamp(0.0, 60.0) as u32,
            prefixed: false,
        };
        zone.code().map(Crs::Epsg).ok_or_else(|| EngineError::Unmeasurable {
            what: format!(
                "longitude {lon:.3} lies in no 3° Gauss-Krüger zone of China; store the collection in a \
                 projected CRS in metres"
            ),
        })
    }

    /// The shape of a row on `plane`; none without one.
    pub(super) fn shape(
        &self,
        rows: Rows<'_>,
        row: FeatureRef<'_>,
        plane: &Crs,
    ) -> Result<Option<Geometry>, EngineError> {
        let Some(geometry) = row.geometry() else { return Ok(None) };
        self.moved(geometry, &rows.held.collection().crs, plane).map(Some)
    }

    /// A geometry in another CRS.
    ///
    /// # Errors
    /// When it has no place there.
    pub fn moved(
        &self,
        mut geometry: Geometry,
        from: &Crs,
        to: &Crs,
    ) -> Result<Geometry, EngineError> {
        self.way(from, to)?.project_geometry(&mut geometry).map_err(unmeasurable)?;
        Ok(geometry)
    }

    /// The rows whose boxes come within `metres` of the box of a shape on `plane`, by id.
    pub(super) fn around<'r>(
        &self,
        rows: Rows<'r>,
        (plane, shape): (&Crs, &Geometry),
        metres: f64,
    ) -> Result<Vec<FeatureRef<'r>>, EngineError> {
        let near = shape.envelope();
        if near.is_empty() {
            return Ok(Vec::new());
        }
        // A metre more than the bulge of an edge of a few kilometres in another CRS.
        let margin = metres + 1.0;
        let (x, y) = (
            [near.min_x - margin, near.max_x + margin],
            [near.min_y - margin, near.max_y + margin],
        );
        let steps = [0.0, 0.25, 0.5, 0.75, 1.0];
        let along = |[from, to]: [f64; 2], t: f64| from + (to - from) * t;
        let mut border: Vec<[f64; 2]> = Vec::with_capacity(20);
        for t in steps {
            border.extend(y.map(|y| [along(x, t), y]));
            border.extend(x.map(|x| [x, along(y, t)]));
        }
        let crs = &rows.held.collection().crs;
        self.way(plane, crs)?.project_all(&mut border).map_err(unmeasurable)?;
        let area = Envelope::of(border);
        let mut found = Vec::new();
        rows.held.search(&area, &mut |shard, slots| {
            let room = (MAX_AROUND + 1).saturating_sub(found.len());
            found.extend(slots.iter().take(room).map(|slot| shard.feature(usize::from(*slot))));
        });
        if found.len() > MAX_AROUND {
            let what = format!("more than {MAX_AROUND} features of {} lie around it", rows.id());
            return Err(EngineError::Unmeasurable { what });
        }
        found.sort_unstable_by_key(|row| row.id());
        Ok(found)
    }
}

pub(super) fn unmeasurable(error: spatial::CrsError) -> EngineError {
    EngineError::Unmeasurable { what: error.to_string() }
}
