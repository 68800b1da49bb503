//! What is assigned: the position or polygon of a feature, and where it lies to units and cells.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use geo_types::{Coord, Geometry as Shape, LineString};
use spatial::query::{Area, QueryFault, Selection, Side, Test};
use spatial::{Budget, Crs, CrsRegistry, Envelope, Geometry, Predicate, Projector, measure};

use super::index::{FoundByLevel, LEVELS, Layer, PlaceIndex};
use crate::EngineError;
use crate::query::{Resolved, fault};
use crate::shown::is_lon_lat;

/// Common areas that differ by less than this share of the larger are equal, and less than this
/// share of the polygon is none: noise of rounding.
const NOISE: f64 = 1e-9;

/// The ways of geometries of one collection to the polygons of units and of cells.
#[derive(Debug)]
pub(super) struct Ways<'a> {
    registry: &'a CrsRegistry,
    from: &'a Crs,
    to: [Way; 2],
}

#[derive(Debug)]
enum Way {
    /// There is no such layer.
    Nowhere,
    /// The numbers are those of the layer.
    Same,
    /// They are projected.
    Projected(Projector),
}

impl<'a> Ways<'a> {
    /// From `from` to the layers of `index`.
    pub(super) fn new(
        registry: &'a CrsRegistry,
        from: &'a Crs,
        index: &PlaceIndex,
    ) -> Result<Self, EngineError> {
        let way = |layer: Option<&Layer>| -> Result<Way, EngineError> {
            let Some(layer) = layer else { return Ok(Way::Nowhere) };
            let to = &layer.held.collection().crs;
            if from == to || is_lon_lat(from) && is_lon_lat(to) {
                return Ok(Way::Same);
            }
            let projector = registry
                .projector(from, to)
                .map_err(|error| EngineError::Unmeasurable { what: error.to_string() })?;
            Ok(Way::Projected(projector))
        };
        let [units, cells] = index.layers();
        Ok(Self { registry, from, to: [way(units)?, way(cells)?] })
    }

    /// Where a position lies.
    pub(super) fn find_point(&self, index: &PlaceIndex, point: [f64; 2]) -> [FoundByLevel; 2] {
        let mut found = [FoundByLevel::default(); 2];
        for ((way, layer), found) in self.to.iter().zip(index.layers()).zip(&mut found) {
            let Some(layer) = layer else { continue };
            let point = match way {
                Way::Nowhere => continue,
                Way::Same => Ok(point),
                Way::Projected(projector) => projector.project(point),
            };
            // What has no coordinates there lies in no polygon of it.
            if let Ok(point) = point {
                *found = layer.at_point(point);
            }
        }
        found
    }

    /// Where whatever fills `envelope` lies, if no border of a unit or cell may pass through it.
    pub(super) fn find_whole(
        &self,
        index: &PlaceIndex,
        envelope: &Envelope,
    ) -> Option<[FoundByLevel; 2]> {
        let mut found = [FoundByLevel::default(); 2];
        for ((way, layer), found) in self.to.iter().zip(index.layers()).zip(&mut found) {
            match (way, layer) {
                (Way::Nowhere, _) | (_, None) => {}
                (Way::Projected(_), _) => return None,
                (Way::Same, Some(layer)) => *found = layer.at_whole(envelope)?,
            }
        }
        Some(found)
    }

    /// Where a geometry lies: a polygon by the largest common area, anything else by a position.
    pub(super) fn find(
        &self,
        index: &PlaceIndex,
        geometry: &Geometry,
    ) -> Result<[FoundByLevel; 2], EngineError> {
        if let Some(found) = self.find_whole(index, &geometry.envelope()) {
            return Ok(found);
        }
        let is_areal = matches!(geometry.shape, Shape::Polygon(_) | Shape::MultiPolygon(_));
        if !is_areal {
            let position = position_of(&geometry.shape);
            return Ok(position.map_or_else(Default::default, |at| self.find_point(index, at)));
        }
        let mut found = [FoundByLevel::default(); 2];
        for ((way, layer), found) in self.to.iter().zip(index.layers()).zip(&mut found) {
            let (Some(layer), false) = (layer, matches!(way, Way::Nowhere)) else { continue };
            let resolved = Resolved::new(geometry.clone(), self.from.clone());
            match resolved.area(&layer.held.collection().crs, self.registry) {
                Ok(area) => *found = layer.at_area(&area).map_err(fault)?,
                // Too small to have an area in that plane: it lies where its first vertex does.
                Err(EngineError::UnusableGeometry { .. }) => {
                    if let Some(at) = geometry.coords().first() {
                        let [units, cells] = self.find_point(index, *at);
                        *found = if layer.is_units(index) { units } else { cells };
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }
}

impl Layer {
    fn is_units(&self, index: &PlaceIndex) -> bool {
        index.layers()[0].is_some_and(|units| std::ptr::eq(units, self))
    }

    fn at_point(&self, point: [f64; 2]) -> FoundByLevel {
        let mut found = FoundByLevel::default();
        let [x, y] = point;
        self.near(&Envelope::new(x, y, x, y), &mut |number| {
            let place = &self.places[number as usize];
            let best = found[place.level];
            let is_better = best.is_none_or(|best| self.before(number, best));
            if is_better && self.area(number).is_some_and(|area| area.covers(point)) {
                found[place.level] = Some(number);
            }
        });
        found
    }

    /// What holds all of `envelope`; `None` where a border may pass through it.
    fn at_whole(&self, envelope: &Envelope) -> Option<FoundByLevel> {
        let mut found = FoundByLevel::default();
        let mut is_parted = false;
        self.near(envelope, &mut |number| {
            let place = &self.places[number as usize];
            match self.area(number).map_or(Side::Outside, |unit| unit.side(envelope)) {
                Side::Outside => {}
                Side::Boundary => is_parted = true,
                Side::Inside => {
                    let best = found[place.level];
                    if best.is_none_or(|best| self.before(number, best)) {
                        found[place.level] = Some(number);
                    }
                }
            }
        });
        (!is_parted).then_some(found)
    }

    fn at_area(&self, area: &Area) -> Result<FoundByLevel, QueryFault> {
        if let Some(found) = self.at_whole(&area.envelope()) {
            return Ok(found);
        }
        let least = measure::area(&Geometry::from(area.shape().clone())) * NOISE;
        let mut common: BTreeMap<u32, f64> = BTreeMap::new();
        let is_valid = |feature: spatial::FeatureRef<'_>| self.number(feature.id()).is_some();
        let selection = Selection {
            area: Some((area, Test::Predicate(Predicate::Intersects))),
            filter: Some(&is_valid),
            after: None,
        };
        self.held.overlay_each(&selection, &Budget::unbounded(), &mut |feature, size| {
            if let Some(number) = self.number(feature.id())
                && size > least
            {
                common.insert(number, size);
            }
        })?;
        let mut largest = [0.0_f64; LEVELS];
        for (number, size) in &common {
            let level = self.places[*number as usize].level;
            largest[level] = largest[level].max(*size);
        }
        let mut found = FoundByLevel::default();
        for (number, size) in common {
            let level = self.places[number as usize].level;
            let is_largest = size >= largest[level] * (1.0 - NOISE);
            if is_largest && found[level].is_none_or(|best| self.before(number, best)) {
                found[level] = Some(number);
            }
        }
        Ok(found)
    }

    /// Whether one place comes before another of equal claim: the smaller code, then the older row.
    fn before(&self, number: u32, other: u32) -> bool {
        let key = |number: u32| {
            let place = &self.places[number as usize];
            (&place.code, place.id)
        };
        key(number).cmp(&key(other)) == Ordering::Less
    }
}

/// The position that stands for a shape without an area: of points the first, of lines the middle
/// of the longest; `None` for an empty one.
pub(super) fn position_of(shape: &Shape<f64>) -> Option<[f64; 2]> {
    let at = |c: Coord<f64>| [c.x, c.y];
    match shape {
        Shape::Point(point) => Some(at(point.0)),
        Shape::MultiPoint(points) => points.0.first().map(|point| at(point.0)),
        Shape::Line(line) => Some(at((line.start + line.end) / 2.0)),
        Shape::LineString(line) => middle(line),
        Shape::MultiLineString(lines) => {
            let longest = lines.0.iter().max_by(|a, b| length(a).total_cmp(&length(b)));
            longest.and_then(middle)
        }
        Shape::GeometryCollection(parts) => parts.0.iter().find_map(position_of),
        Shape::Polygon(polygon) => polygon.exterior().0.first().copied().map(at),
        Shape::MultiPolygon(polygons) => {
            polygons.0.first().and_then(|one| one.exterior().0.first().copied()).map(at)
        }
        Shape::Rect(rect) => Some(at(rect.center())),
        Shape::Triangle(triangle) => Some(at(triangle.v1())),
    }
}

fn length(line: &LineString<f64>) -> f64 {
    line.lines().map(|edge| (edge.end - edge.start).x.hypot((edge.end - edge.start).y)).sum()
}

/// The point halfway along a line.
fn middle(line: &LineString<f64>) -> Option<[f64; 2]> {
    let mut left = length(line) / 2.0;
    for edge in line.lines() {
        let step = edge.end - edge.start;
        let size = step.x.hypot(step.y);
        if size >= left && size > 0.0 {
            let at = edge.start + step * (left / size);
            return Some([at.x, at.y]);
        }
        left -= size;
    }
    line.0.last().map(|end| [end.x, end.y])
}
