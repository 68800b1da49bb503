//! The tile matrix sets that tiles are served in: those built in, and those of the site.

use std::sync::Arc;

use spatial::crs::is_site_name;
use spatial::zones::Zone;
use spatial::{AxisOrder, Crs, CrsError, CrsKind, CrsRegistry, CrsUnit};
use thiserror::Error;

use crate::matrix_set::{
    CGCS2000_GK117_QUAD, CGCS2000_QUAD, MAX_ZOOM, METRES_PER_DEGREE, TileMatrixSet, UNIT_ZOOM,
    WEB_MERCATOR_QUAD, WORLD_CRS84_QUAD, WorldPart, ZONE_WIDTH,
};

/// Most sets of a site.
pub const MAX_OWN_SETS: usize = 32;
/// Longest title, in characters.
const MAX_TITLE: usize = 200;
/// Metres of a radian of arc on the sphere that scales are reckoned by.
const METRES_PER_RADIAN: f64 = spatial::world::MERCATOR_RADIUS;

static BUILT_IN: [&TileMatrixSet; 4] =
    [&WEB_MERCATOR_QUAD, &WORLD_CRS84_QUAD, &CGCS2000_QUAD, &CGCS2000_GK117_QUAD];

/// The sets that tiles are served in, in the order of lists. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TileMatrixSets(Arc<[&'static TileMatrixSet]>);

/// A quadtree of tiles as a site defines it.
#[derive(Clone, Debug, PartialEq)]
pub struct GridDefinition {
    /// Identifier in URLs: letters of any script, digits, `-`, `_` and `.`, at most 64.
    pub id: String,
    /// What a reader sees; the identifier when empty.
    pub title: String,
    /// The CRS.
    pub crs: Crs,
    /// North-western corner of the square, east and north in units of the CRS; for a
    /// Gauss-Krüger zone half the width west of the central meridian when absent.
    pub origin: Option<[f64; 2]>,
    /// Width of the square, in units of the CRS; 8,388,608 m for a Gauss-Krüger zone when absent.
    pub extent: Option<f64>,
    /// Number of zooms, from 0 on: 1 to 23.
    pub zooms: u8,
}

/// A grid that cannot be used. Says nothing of a local CRS but its name.
#[derive(Debug, Error)]
pub enum GridError {
    /// The identifier has other characters, or too many.
    #[error(
        "grid {id:?}: an id has letters, digits, '-', '_' and '.', at most 64 of them; write \
         another one"
    )]
    Id {
        /// What was written.
        id: String,
    },
    /// Two sets would have one identifier.
    #[error("grid {id:?}: there is a grid called so already; choose another id")]
    Twice {
        /// The identifier.
        id: String,
    },
    /// There are too many of them.
    #[error("{count} grids; at most {MAX_OWN_SETS} are served beside those built in")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// A value is out of range, or missing.
    #[error("grid {id:?}: {what}")]
    Value {
        /// The identifier.
        id: String,
        /// Which value, and what would be right.
        what: String,
    },
    /// The CRS is not known.
    #[error("grid {id:?}: {cause}")]
    Crs {
        /// The identifier.
        id: String,
        /// Why.
        cause: CrsError,
    },
}

impl Default for TileMatrixSets {
    /// Those built in.
    fn default() -> Self {
        Self(BUILT_IN.as_slice().into())
    }
}

impl TileMatrixSets {
    /// Those built in, and those that `own` defines behind them. The definitions stay in memory
    /// until the program ends: call it once a program.
    pub fn with(own: Vec<GridDefinition>, registry: &CrsRegistry) -> Result<Self, GridError> {
        if own.len() > MAX_OWN_SETS {
            return Err(GridError::TooMany { count: own.len() });
        }
        let mut built = Vec::with_capacity(own.len());
        for definition in own {
            let known = BUILT_IN.iter().map(|set| set.id);
            let known = known.chain(built.iter().map(|(id, _): &(String, _)| id.as_str()));
            if known.into_iter().any(|known| known == definition.id) {
                return Err(GridError::Twice { id: definition.id });
            }
            built.push((definition.id.clone(), definition.build(registry)?));
        }
        let mut sets = BUILT_IN.to_vec();
        for (_, set) in built {
            let set: &'static TileMatrixSet = Box::leak(Box::new(set));
            sets.push(set);
        }
        Ok(Self(sets.into()))
    }

    /// The sets, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'static TileMatrixSet> + '_ {
        self.0.iter().copied()
    }

    /// The set called `id`, exact case.
    pub fn find(&self, id: &str) -> Option<&'static TileMatrixSet> {
        self.iter().find(|set| set.id == id)
    }

    /// What they are called, for lists and refusals.
    pub fn ids(&self) -> Vec<&'static str> {
        self.iter().map(|set| set.id).collect()
    }
}

impl GridDefinition {
    fn build(self, registry: &CrsRegistry) -> Result<TileMatrixSet, GridError> {
        let Self { id, title, crs, origin, extent, zooms } = self;
        if !is_site_name(&id) {
            return Err(GridError::Id { id: id.chars().take(80).collect() });
        }
        let refuse = |what: &str| GridError::Value { id: id.clone(), what: what.to_owned() };
        let facts =
            registry.facts(&crs).map_err(|cause| GridError::Crs { id: id.clone(), cause })?;
        let zone = match crs {
            Crs::Epsg(code) => Zone::of(code),
            Crs::Site(_) => None,
        };
        let extent = extent.or(zone.map(|_| ZONE_WIDTH)).ok_or_else(|| {
            refuse("extent is missing: the width of the square, in units of its CRS")
        })?;
        let origin =
            origin.or(zone.map(|zone| [zone.false_easting() - extent / 2.0, extent])).ok_or_else(
                || refuse("origin is missing: east and north of its north-western corner"),
            )?;
        if !(extent.is_finite() && extent > 0.0) {
            return Err(refuse("extent is the width of the square, a number above 0"));
        }
        if !origin.iter().all(|value| value.is_finite()) {
            return Err(refuse("origin is two numbers, east and north"));
        }
        if !(1..=MAX_ZOOM + 1).contains(&zooms) {
            return Err(refuse("zooms is the number of zooms, 1 to 23"));
        }
        if title.chars().count() > MAX_TITLE {
            return Err(refuse("the title has at most 200 characters"));
        }
        let metres_per_unit = match (&facts.unit, facts.kind) {
            (CrsUnit::Degree, _) => METRES_PER_DEGREE,
            (CrsUnit::Metre, _) => 1.0,
            (CrsUnit::Other { factor, .. }, CrsKind::Geographic) => factor * METRES_PER_RADIAN,
            (CrsUnit::Other { factor, .. }, CrsKind::Projected) => *factor,
        };
        let axes = match (facts.kind, facts.axis_order) {
            (CrsKind::Geographic, AxisOrder::EastNorth) => ["Lon", "Lat"],
            (CrsKind::Geographic, AxisOrder::NorthEast) => ["Lat", "Lon"],
            (CrsKind::Projected, AxisOrder::EastNorth) => ["E", "N"],
            (CrsKind::Projected, AxisOrder::NorthEast) => ["N", "E"],
        };
        let uri = match &crs {
            Crs::Epsg(code) => format!("http://www.opengis.net/def/crs/EPSG/0/{code}"),
            Crs::Site(_) => crs.to_string(),
        };
        let title = if title.is_empty() { id.clone() } else { title };
        Ok(TileMatrixSet {
            id: id.leak(),
            title: title.leak(),
            uri: None,
            crs: uri.leak(),
            coordinates: crs,
            axis_order: facts.axis_order,
            axes,
            scale_set: None,
            origin,
            width: extent,
            part: WorldPart::Whole,
            metres_per_unit,
            first_zoom: 0,
            last_zoom: zooms - 1,
            first_matrix: 0,
        })
    }
}

/// Zooms of a grid of which nothing is said.
pub const DEFAULT_ZOOMS: u8 = UNIT_ZOOM + 1;
