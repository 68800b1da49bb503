//! Where a query looks: a geometry that came with it, or that of a feature; and how features
//! must lie to it.

use geo::CoordsIter;
use spatial::Metric;
use spatial::densify::densify;
use spatial::query::{Area, AreaFault, Test};
use spatial::validity::{self, DefectKind};
use spatial::{
    CollectionId, Crs, CrsKind, CrsRegistry, CrsUnit, FeatureId, Geometry, Pattern, Predicate,
    Snapshot,
};

use crate::EngineError;
use crate::kept::mark;
use crate::shown::is_lon_lat;

/// Most vertices of an area once its edges are densified.
const MAX_DENSE_VERTICES: usize = spatial::densify::MAX_DENSE_VERTICES;

/// The geometry of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// One that came with it.
    Given {
        /// East first; finite numbers.
        geometry: Geometry,
        /// What its numbers are in.
        crs: Crs,
    },
    /// That of a feature.
    Stored {
        /// Collection of the feature.
        collection: CollectionId,
        /// The feature.
        id: FeatureId,
    },
}

/// Vertices up to which a place is little work.
const SMALL: usize = 512;
/// Degrees up to which it is, where edges are followed on another plane.
const SMALL_DEGREES: f64 = 1.0;

impl Place {
    /// A mark that the same places share.
    pub(crate) fn mark(&self) -> u64 {
        match self {
            Self::Given { geometry, .. } => {
                let shape = &geometry.shape;
                let first = shape.coords_iter().next().map(|at| (at.x.to_bits(), at.y.to_bits()));
                mark((first, shape.coords_count()))
            }
            Self::Stored { id, .. } => mark(id.value()),
        }
    }

    /// Whether it came with the query and has few vertices.
    pub(super) fn is_small(&self) -> bool {
        match self {
            Self::Given { geometry, crs } => {
                let extent = || geometry.envelope();
                geometry.shape.coords_count() <= SMALL
                    && (!is_lon_lat(crs)
                        || extent().width().max(extent().height()) <= SMALL_DEGREES)
            }
            Self::Stored { .. } => false,
        }
    }
}

/// How a feature must lie to the place: "feature RELATION place".
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Relation {
    /// A named predicate.
    Predicate(Predicate),
    /// A DE-9IM pattern, the rows of which are the feature's.
    Pattern(Pattern),
    /// At most so many metres apart.
    Distance(f64),
    /// Among the nearest, at most so many, at most so many metres apart.
    Nearest {
        /// How many.
        count: usize,
        /// How far; infinity for any distance.
        within: f64,
    },
}

/// A place in its own CRS.
#[derive(Debug)]
pub(crate) struct Resolved {
    geometry: Geometry,
    crs: Crs,
}

impl Place {
    /// The geometry, looked up in `snapshot` where it is a feature's.
    pub(super) fn resolve(&self, snapshot: &Snapshot) -> Result<Resolved, EngineError> {
        match self {
            Self::Given { geometry, crs } => {
                Ok(Resolved { geometry: geometry.clone(), crs: crs.clone() })
            }
            Self::Stored { collection, id } => {
                let held = snapshot
                    .collections
                    .get(collection)
                    .ok_or_else(|| EngineError::UnknownCollection { id: collection.clone() })?;
                let unknown =
                    || EngineError::UnknownFeature { collection: collection.clone(), id: *id };
                let feature = held.get(*id).ok_or_else(unknown)?;
                let geometry = feature.geometry().ok_or_else(|| EngineError::UnusableGeometry {
                    reason: format!("feature {id} of {collection} has no geometry"),
                    at: None,
                })?;
                Ok(Resolved { geometry, crs: held.collection().crs.clone() })
            }
        }
    }
}

impl Resolved {
    /// A geometry, east first, in `crs`.
    pub(crate) fn new(geometry: Geometry, crs: Crs) -> Self {
        Self { geometry, crs }
    }

    /// East first, in [`Resolved::crs`].
    pub(super) fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    pub(super) fn crs(&self) -> &Crs {
        &self.crs
    }

    /// The place prepared for collections stored in `storage`.
    pub(crate) fn area(&self, storage: &Crs, registry: &CrsRegistry) -> Result<Area, EngineError> {
        self.prepared(storage, registry, Area::new)
    }

    /// The same for one question or two.
    pub(crate) fn area_for_few(
        &self,
        storage: &Crs,
        registry: &CrsRegistry,
    ) -> Result<Area, EngineError> {
        self.prepared(storage, registry, Area::for_few)
    }

    fn prepared(
        &self,
        storage: &Crs,
        registry: &CrsRegistry,
        prepare: fn(&Geometry, usize) -> Result<Area, AreaFault>,
    ) -> Result<Area, EngineError> {
        let same_angles = is_lon_lat(&self.crs) && is_lon_lat(storage);
        if self.crs == *storage || same_angles {
            return prepare(&self.geometry, MAX_DENSE_VERTICES).map_err(|fault| self.refuse(fault));
        }
        // Checked where it was given: afterwards the place of a defect would mean nothing.
        let defects = validity::check(&self.geometry);
        if let Some(defect) = defects.into_iter().find(|defect| !defect.kind.is_harmless()) {
            return Err(self.refuse(AreaFault::Invalid(defect)));
        }
        let unusable = |reason: String| EngineError::UnusableGeometry { reason, at: None };
        let projector = registry
            .projector(&self.crs, storage)
            .map_err(|error| EngineError::Unmeasurable { what: error.to_string() })?;
        let shape = densify(&self.geometry.shape, &projector)
            .map_err(|error| unusable(error.to_string()))?;
        prepare(&Geometry::from(shape), MAX_DENSE_VERTICES)
            .map_err(|fault| unusable(format!("in {storage}: {fault}")))
    }

    fn refuse(&self, fault: AreaFault) -> EngineError {
        match fault {
            AreaFault::Invalid(defect) => EngineError::UnusableGeometry {
                reason: defect.kind.name().to_owned(),
                at: defect.place.iter().all(|number| number.is_finite()).then_some(defect.place),
            },
            AreaFault::TooManyVertices { .. } => EngineError::UnusableGeometry {
                reason: DefectKind::TooManyVertices.name().to_owned(),
                at: None,
            },
            fault => EngineError::UnusableGeometry { reason: fault.to_string(), at: None },
        }
    }
}

/// How distances are measured in a storage CRS, and its units a metre.
pub(crate) fn metric(crs: &Crs, registry: &CrsRegistry) -> Result<(Metric, f64), EngineError> {
    let refused = |reason: &str| {
        Err(EngineError::Unmeasurable {
            what: format!("distances in metres are not measured in {crs}: {reason}"),
        })
    };
    if is_lon_lat(crs) {
        return Ok((Metric::Metres, 1.0));
    }
    if *crs == Crs::WEB_MERCATOR {
        return refused("its plane stretches them; store the collection in another CRS");
    }
    let facts = registry
        .facts(crs)
        .map_err(|error| EngineError::Unmeasurable { what: error.to_string() })?;
    match (facts.kind, &facts.unit) {
        (CrsKind::Geographic, _) => refused("only in WGS 84 and CGCS2000"),
        (CrsKind::Projected, CrsUnit::Other { factor, .. }) => Ok((Metric::Plane, 1.0 / factor)),
        (CrsKind::Projected, _) => Ok((Metric::Plane, 1.0)),
    }
}

impl Relation {
    /// The test of one feature; none for neighbours, which are found together.
    pub(super) fn test(
        self,
        storage: &Crs,
        registry: &CrsRegistry,
    ) -> Result<Option<Test>, EngineError> {
        Ok(match self {
            Self::Predicate(predicate) => Some(Test::Predicate(predicate)),
            Self::Pattern(pattern) => Some(Test::Relate(pattern)),
            Self::Distance(metres) => {
                let (metric, units) = metric(storage, registry)?;
                Some(Test::WithinDistance(metres * units, metric))
            }
            Self::Nearest { .. } => None,
        })
    }
}
