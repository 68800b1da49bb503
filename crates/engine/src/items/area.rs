//! A box in any CRS as an area in the storage CRS of a collection.
//!
//! The box is cut to the extent of the collection before it is projected: numbers far outside a
//! CRS then mean nothing instead of failing. An edge that projection bends is followed to a
//! centimetre.

use geo_types::{Coord, Geometry as Shape, LineString, Polygon, Rect};
use spatial::relate::relate;
use spatial::{
    Budget, Collection, Crs, CrsRegistry, Envelope, FeatureRef, GeometryType, Predicate, Projector,
};

use super::Bbox;
use crate::EngineError;

/// How far an edge may be off: metres, and about as much in degrees.
const TOLERANCE_METRES: f64 = 0.01;
const TOLERANCE_DEGREES: f64 = 1e-7;
/// Halvings of an edge at most.
const MAX_HALVINGS: u32 = 12;
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
        let tolerance =
            if is_lon_lat(&collection.crs) { TOLERANCE_DEGREES } else { TOLERANCE_METRES };
        let cut = bbox.boxes.iter().filter_map(|part| intersection(part, &reach));
        let parts = cut.filter_map(|part| Part::projected(&part, &back, tolerance));
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

    /// `part` through `projector`; `None` when a corner has no place on the other side.
    fn projected(part: &Envelope, projector: &Projector, tolerance: f64) -> Option<Self> {
        let corners = [
            [part.min_x, part.min_y],
            [part.max_x, part.min_y],
            [part.max_x, part.max_y],
            [part.min_x, part.max_y],
        ];
        let mut sides: Vec<Envelope> = Vec::with_capacity(4);
        let mut ring = Vec::new();
        for (from, to) in corners.into_iter().zip(corners.into_iter().cycle().skip(1)) {
            let begin = projector.project(from).ok()?;
            let end = projector.project(to).ok()?;
            let mut side = vec![begin];
            follow((from, begin), (to, end), projector, tolerance, MAX_HALVINGS, &mut side)?;
            sides.push(Envelope::of(side.iter().copied().chain([end])));
            ring.extend(side);
        }
        let envelope = Envelope::of(ring.iter().copied());
        let [south, east, north, west] = sides[..] else { return None };
        let inner = Envelope::new(west.max_x, south.max_y, east.min_x, north.min_y);
        let mut line: Vec<Coord<f64>> = ring.iter().map(|&[x, y]| Coord { x, y }).collect();
        line.extend(line.first().copied());
        let shape = Shape::Polygon(Polygon::new(LineString(line), Vec::new()));
        Some(Self { shape, envelope, inner })
    }
}

/// Appends points between the ends of an edge until straight pieces follow its projection, and
/// the end's own is left out. Each end is given before and after projection.
fn follow(
    begin: ([f64; 2], [f64; 2]),
    end: ([f64; 2], [f64; 2]),
    projector: &Projector,
    tolerance: f64,
    halvings: u32,
    line: &mut Vec<[f64; 2]>,
) -> Option<()> {
    let between = |a: [f64; 2], b: [f64; 2]| [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])];
    let middle = between(begin.0, end.0);
    let bent = projector.project(middle).ok()?;
    let straight = between(begin.1, end.1);
    if halvings == 0 || (bent[0] - straight[0]).hypot(bent[1] - straight[1]) <= tolerance {
        return Some(());
    }
    follow(begin, (middle, bent), projector, tolerance, halvings - 1, line)?;
    line.push(bent);
    follow((middle, bent), end, projector, tolerance, halvings - 1, line)
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

fn intersection(a: &Envelope, b: &Envelope) -> Option<Envelope> {
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
