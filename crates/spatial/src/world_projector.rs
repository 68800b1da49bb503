//! Projects a collection's storage CRS onto the world grid of tiles.

use crate::closed_form::ClosedForm;
use crate::world::from_lon_lat;
use crate::{Crs, CrsError, CrsRegistry, Projector, WorldPoint};

/// The way from a storage CRS to the Web Mercator world grid: total, because a stored vertex
/// must be drawn somewhere. A point outside the grid, or outside the area of its CRS, is clamped
/// to a border; the import is where such points are refused. Cheap to clone, free to share
/// between threads.
#[derive(Clone, Debug)]
pub struct WorldProjector(Way);

#[derive(Clone, Debug)]
enum Way {
    Closed(ClosedForm),
    Linked(Projector),
}

impl WorldProjector {
    /// The way from `crs`.
    pub fn new(registry: &CrsRegistry, crs: &Crs) -> Result<Self, CrsError> {
        Ok(Self(match ClosedForm::of(crs) {
            Some(form) => Way::Closed(form),
            None => Way::Linked(registry.projector(crs, &Crs::WGS84)?),
        }))
    }

    /// World point of a stored point.
    #[inline]
    pub fn project(&self, point: [f64; 2]) -> WorldPoint {
        match &self.0 {
            Way::Closed(form) => form.to_world(point),
            Way::Linked(projector) => projector.project(point).map_or([0; 2], from_lon_lat),
        }
    }

    /// Appends the world points of `points`, in order; through PROJ this is several times
    /// faster than one by one.
    pub fn project_all(&self, points: &[[f64; 2]], world: &mut Vec<WorldPoint>) {
        if let Way::Linked(projector) = &self.0 {
            let mut angles = points.to_vec();
            if projector.project_all(&mut angles).is_ok() {
                return world.extend(angles.into_iter().map(from_lon_lat));
            }
        }
        world.extend(points.iter().map(|point| self.project(*point)));
    }
}

#[cfg(test)]
#[path = "world_projector_tests.rs"]
mod tests;
