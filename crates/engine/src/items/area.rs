//! A box in any CRS as an area in the storage CRS of a collection.
//!
//! The box is cut to the extent of the collection before it is projected: numbers far outside a
//! CRS then mean nothing instead of failing. An edge that projection bends is followed to a
//! centimetre.

use geo_types::{Coord, Geometry as Shape, LineString, Polygon, Rect};
use spatial::densify::densify;
use spatial::relate::relate;
use spatial::{
    Budget, Collection, Crs, CrsRegistry, Envelope, FeatureRef, GeometryType, Predicate, Projector,
};

use super::Bbox;
use crate::EngineError;

/// Points along a side of an extent when its own extent in another CRS is sought.
const SIDE_POINTS: usize = 33;

/// Where features may be; the placeless are always there.
#[derive(Debug)]
pub(super) enum Area {
    /// Anywhere.
    Everywhere,
    /// In one of these, none when nothing of the box is near the collection.
    Parts(Vec<Part>),
}

/// A polygon, most often a rectangle.
#[derive(Debug)]
pub(super) struct Part {
    shape: Shape<f64>,
    envelope: Envelope,
    /// Lies within the polygon wholly.
    inner: Envelope,
}

impl Area {
    /// `bbox` on the plane that `collection` is stored in.
    pub(super) fn of(
        bbox: &Bbox,
        collection: &Collection,
        registry: &CrsRegistry,
    ) -> Result<Self, EngineError> {
        let extent = collection.extent;
        if extent.is_empty() {
            return Ok(Self::Parts(Vec::new()));
        }
        let same =
            bbox.crs == collection.crs || is_lon_lat(&bbox.crs) && is_lon_lat(&collection.crs);
        if same {
            if bbox.boxes.iter().any(|part| part.contains(&extent)) {
                return Ok(Self::Everywhere);
            }
            let near = bbox.boxes.iter().filter(|part| part.intersects(&extent));
            return Ok(Self::Parts(near.copied().map(Part::rectangle).collect()));
        }
        let unreachable = |reason: spatial::CrsError| EngineError::NotOnTheMap {
            id: collection.id.clone(),
            reason: reason.to_string(),
        };
        let forth = registry.projector(&collection.crs, &bbox.crs).map_err(unreachable)?;
        let back = registry.projector(&bbox.crs, &collection.crs).map_err(unreachable)?;
        let Some(reach) = projected_extent(&extent, &forth) else {
            return Ok(Self::Parts(Vec::new()));
        };
        if bbox.boxes.iter().any(|part| part.contains(&reach)) {
            return Ok(Self::Everywhere);
        }
        let cut = bbox.boxes.iter().filter_map(|part| intersection(part, &reach));
        let parts = cut.filter_map(|part| Part::projected(&part, &back));
        Ok(Self::Parts(parts.collect()))
    }

    /// The box in which a search finds every candidate; none when everything is one.
    pub(super) fn envelope(&self) -> Option<Envelope> {
        match self {
            Self::Everywhere => None,
            Self::Parts(parts) => {
                let union = |all: Envelope, part: &Part| all.union(&part.envelope);
                Some(parts.iter().fold(Envelope::EMPTY, union))
            }
        }
    }

    /// Whether `feature` shares a point with the area.
    pub(super) fn meets(
        &self,
        feature: FeatureRef<'_>,
        budget: &Budget<'_>,
    ) -> Result<bool, EngineError> {
        let Self::Parts(parts) = self else { return Ok(true) };
        let envelope = feature.envelope();
        if envelope.is_empty() {
            return Ok(true);
        }
        let mut shape = None;
        for part in parts.iter().filter(|part| part.envelope.intersects(&envelope)) {
            let is_rectangle = part.inner == part.envelope;
            let is_point = feature.geometry_type() == Some(GeometryType::Point);
            if part.inner.contains(&envelope) || is_rectangle && is_point {
                return Ok(true);
            }
            if shape.is_none() {
                let vertices: usize = feature.paths().map(|path| path.coords.len()).sum();
                budget.spend(0, vertices as u64)?;
                shape = feature.shape();
            }
            // What cannot be related is most likely invalid; its envelope must do.
            let meets = shape.as_ref().is_none_or(|shape| {
                relate(shape, &part.shape)
                    .map_or(true, |relation| relation.holds(Predicate::Intersects))
            });
            if meets {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Part {
    fn rectangle(envelope: Envelope) -> Self {
        let low = Coord { x: envelope.min_x, y: envelope.min_y };
        let high = Coord { x: envelope.max_x, y: envelope.max_y };
        // A box without an extent is a line or a point to the predicates.
        let shape = match (low.x < high.x, low.y < high.y) {
            (true, true) => Shape::Polygon(Rect::new(low, high).to_polygon()),
            (false, false) => Shape::Point(low.into()),
            _ => Shape::LineString(LineString(vec![low, high])),
        };
        Self { shape, envelope, inner: envelope }
    }

    /// `part` through `projector`; `None` when a side has no place there.
    fn projected(part: &Envelope, projector: &Projector) -> Option<Self> {
        let corners = [
            (part.min_x, part.min_y),
            (part.max_x, part.min_y),
            (part.max_x, part.max_y),
            (part.min_x, part.max_y),
        ];
        let mut sides: Vec<Envelope> = Vec::with_capacity(4);
        let mut ring: Vec<Coord<f64>> = Vec::new();
        for (from, to) in corners.into_iter().zip(corners.into_iter().cycle().skip(1)) {
            let edge = Shape::LineString(vec![from, to].into());
            let Ok(Shape::LineString(side)) = densify(&edge, projector) else { return None };
            sides.push(Envelope::of(side.0.iter().map(|c| [c.x, c.y])));
            ring.extend(side.0);
        }
        // The end of a side is the beginning of the next.
        ring.dedup();
        let envelope = Envelope::of(ring.iter().map(|c| [c.x, c.y]));
        let [south, east, north, west] = sides[..] else { return None };
        let inner = Envelope::new(west.max_x, south.max_y, east.min_x, north.min_y);
        let shape = Shape::Polygon(Polygon::new(LineString(ring), Vec::new()));
        Some(Self { shape, envelope, inner })
    }
}

/// A box that holds all of `extent` after projection, and a little more.
fn projected_extent(extent: &Envelope, projector: &Projector) -> Option<Envelope> {
    let mut reach = Envelope::EMPTY;
    for step in 0..SIDE_POINTS {
        let share = step as f64 / (SIDE_POINTS - 1) as f64;
        let x = extent.min_x + share * (extent.max_x - extent.min_x);
        let y = extent.min_y + share * (extent.max_y - extent.min_y);
        for point in [[x, extent.min_y], [x, extent.max_y], [extent.min_x, y], [extent.max_x, y]] {
            reach.extend(projector.project(point).ok()?);
        }
    }
    // Between the points a side may bulge; a thousandth of its length is more than it does.
    let margin = (reach.width().max(reach.height()) * 1e-3).max(1e-9);
    Some(Envelope::new(
        reach.min_x - margin,
        reach.min_y - margin,
        reach.max_x + margin,
        reach.max_y + margin,
    ))
}

/// What two boxes share; none when that is nothing.
pub(super) fn intersection(a: &Envelope, b: &Envelope) -> Option<Envelope> {
    let cut = Envelope::new(
        a.min_x.max(b.min_x),
        a.min_y.max(b.min_y),
        a.max_x.min(b.max_x),
        a.max_y.min(b.max_y),
    );
    (!cut.is_empty()).then_some(cut)
}

/// Whether coordinates of `crs` are longitude and latitude of the datum that the engine takes
/// WGS 84 and CGCS2000 alike for.
fn is_lon_lat(crs: &Crs) -> bool {
    *crs == Crs::WGS84 || *crs == Crs::CGCS2000
}
