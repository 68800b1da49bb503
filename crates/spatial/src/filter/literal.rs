//! Geometries of a filter, brought into the storage CRS.

use std::f64::consts::PI;

use geo::MapCoordsInPlace;
use geo_types::{Coord, Geometry as Shape, LineString, MultiPolygon, Point, Rect};

use super::spatial_test::LiteralShape;
use super::{Bbox, BindContext, FilterError, Literal};
use crate::crs_facts::AxisOrder;
use crate::densify::densify;
use crate::geometry::visit_paths;
use crate::validity::check;
use crate::{Crs, Envelope, GeometryFault, Projector};

/// The shape that `literal`, a geometry or a box, has in the storage CRS.
pub(super) fn literal_shape(
    literal: &Literal,
    context: &BindContext<'_>,
) -> Result<LiteralShape, FilterError> {
    let projector = context.projector;
    let boxes = match literal {
        Literal::Geometry(geometry) => {
            let defect = check(geometry).into_iter().find(|defect| !defect.kind.is_harmless());
            if let Some(defect) = defect {
                return Err(FilterError::InvalidGeometry { defect });
            }
            let mut shape = geometry.shape.clone();
            if context.axes == AxisOrder::NorthEast {
                shape.map_coords_in_place(|c| Coord { x: c.y, y: c.x });
            }
            return Ok(LiteralShape::new(densify(&shape, projector)?));
        }
        Literal::Bbox(bbox) => boxes_of(bbox, context)?,
        _ => Vec::new(),
    };
    let mut shapes = Vec::with_capacity(boxes.len());
    for one in boxes.iter().filter(|one| !one.is_empty()) {
        shapes.push(densify(&box_shape(one), projector)?);
    }
    let shape = match <[Shape<f64>; 1]>::try_from(shapes) {
        Ok([shape]) => shape,
        Err(shapes) => united(shapes),
    };
    Ok(LiteralShape::new(shape))
}

impl LiteralShape {
    fn new(shape: Shape<f64>) -> Self {
        let mut envelope = Envelope::EMPTY;
        visit_paths(&shape, &mut |_, path| path.iter().for_each(|c| envelope.extend([c.x, c.y])));
        let is_box = match &shape {
            Shape::Polygon(polygon) => {
                let ring = &polygon.exterior().0;
                let at_corner = |c: &Coord<f64>| {
                    (c.x == envelope.min_x || c.x == envelope.max_x)
                        && (c.y == envelope.min_y || c.y == envelope.max_y)
                };
                let along_an_axis =
                    |edge: &[Coord<f64>]| (edge[0].x == edge[1].x) != (edge[0].y == edge[1].y);
                polygon.interiors().is_empty()
                    && ring.len() == 5
                    && ring.iter().all(at_corner)
                    && ring.windows(2).all(along_an_axis)
            }
            _ => false,
        };
        Self { shape, envelope, is_box }
    }
}

/// The box, two where it crosses the antimeridian, cut at what the storage CRS can hold: no
/// feature lies beyond.
fn boxes_of(bbox: &Bbox, context: &BindContext<'_>) -> Result<Vec<Envelope>, FilterError> {
    let [a, b, c, d] = bbox.corners;
    if let Some(vertex) = bbox.corners.iter().position(|number| !number.is_finite()) {
        return Err(GeometryFault::NotFinite { vertex: vertex / 2 }.into());
    }
    let (west, south, east, north) = match context.axes {
        AxisOrder::EastNorth => (a, b, c, d),
        AxisOrder::NorthEast => (b, a, d, c),
    };
    let crosses = west > east && context.projector.takes_angles();
    if south > north || (west > east && !crosses) {
        return Err(FilterError::Bbox { corners: bbox.corners });
    }
    let boxes = if crosses {
        vec![Envelope::new(west, south, 180.0, north), Envelope::new(-180.0, south, east, north)]
    } else {
        vec![Envelope::new(west, south, east, north)]
    };
    Ok(match reach(context.projector) {
        Some(reach) => boxes.iter().map(|one| one.intersection(&reach)).collect(),
        None => boxes,
    })
}

/// What of the plane of the filter can be projected, where that is a box.
fn reach(projector: &Projector) -> Option<Envelope> {
    let Envelope { min_x, min_y, max_x, max_y } = projector.reach()?;
    if projector.takes_angles() {
        return Some(Envelope::new(min_x, min_y, max_x, max_y));
    }
    if *projector.from() != Crs::WEB_MERCATOR {
        return None;
    }
    /// Metres of the spherical Mercator at the equator; the poles are cut off.
    const RADIUS: f64 = 6_378_137.0;
    let x = |lon: f64| RADIUS * lon.to_radians();
    let y = |lat: f64| RADIUS * (PI / 4.0 + lat.clamp(-85.0, 85.0).to_radians() / 2.0).tan().ln();
    Some(Envelope::new(x(min_x), y(min_y), x(max_x), y(max_y)))
}

/// The box as a polygon, or as the line or point that it is.
fn box_shape(one: &Envelope) -> Shape<f64> {
    let (low, high) = (Coord { x: one.min_x, y: one.min_y }, Coord { x: one.max_x, y: one.max_y });
    match (low.x == high.x, low.y == high.y) {
        (true, true) => Shape::Point(Point(low)),
        (true, false) | (false, true) => Shape::LineString(LineString(vec![low, high])),
        (false, false) => Shape::Polygon(Rect::new(low, high).to_polygon()),
    }
}

/// Both halves of a box; nothing of it is a collection of nothing.
fn united(shapes: Vec<Shape<f64>>) -> Shape<f64> {
    let polygons: Option<Vec<_>> = shapes
        .iter()
        .map(|shape| match shape {
            Shape::Polygon(polygon) => Some(polygon.clone()),
            _ => None,
        })
        .collect();
    match polygons {
        Some(polygons) if !polygons.is_empty() => Shape::MultiPolygon(MultiPolygon(polygons)),
        _ => Shape::GeometryCollection(shapes.into()),
    }
}
