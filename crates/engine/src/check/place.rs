//! Where in a geometry something is wrong, as a JSON pointer (RFC 6901) into its GeoJSON.

use geo_types::{Coord, Geometry as Shape, Polygon};
use spatial::geometry::visit_paths;

/// Pointer to the path that [`visit_paths`] walks as number `wanted`.
pub(crate) fn of_path(shape: &Shape<f64>, wanted: usize) -> String {
    let mut before = 0;
    find(shape, wanted, &mut before).unwrap_or_default()
}

/// Pointer to the vertex, or to the first vertex of the edge, that lies nearest to `place`.
pub(crate) fn nearest(shape: &Shape<f64>, [x, y]: [f64; 2]) -> String {
    let mut best = (f64::INFINITY, 0, 0);
    let mut number = 0;
    visit_paths(shape, &mut |_, path| {
        for vertex in 0..path.len() {
            let (start, end) = (path[vertex], path.get(vertex + 1).copied());
            let distance = distance_squared(Coord { x, y }, start, end.unwrap_or(start));
            if distance < best.0 {
                best = (distance, number, vertex);
            }
        }
        number += 1;
    });
    of_vertex(shape, best.1, best.2)
}

/// Pointer to a vertex of a path.
pub(crate) fn of_vertex(shape: &Shape<f64>, path: usize, vertex: usize) -> String {
    let place = of_path(shape, path);
    match shape {
        Shape::Point(_) => place,
        _ => format!("{place}/{vertex}"),
    }
}

fn distance_squared(point: Coord<f64>, start: Coord<f64>, end: Coord<f64>) -> f64 {
    let (along, to) = (end - start, point - start);
    let length = along.x * along.x + along.y * along.y;
    let share = if length > 0.0 { (along.x * to.x + along.y * to.y) / length } else { 0.0 };
    let gap = to - along * share.clamp(0.0, 1.0);
    gap.x * gap.x + gap.y * gap.y
}

/// Pointer to the path number `wanted`, `before` paths having been passed.
fn find(shape: &Shape<f64>, wanted: usize, before: &mut usize) -> Option<String> {
    let rings = |polygon: &Polygon<f64>| 1 + polygon.interiors().len();
    let within = |count: usize, before: &mut usize| {
        let inside = wanted.checked_sub(*before).filter(|inside| *inside < count);
        if inside.is_none() {
            *before += count;
        }
        inside
    };
    match shape {
        Shape::MultiLineString(lines) => {
            within(lines.0.len(), before).map(|line| format!("/coordinates/{line}"))
        }
        Shape::Polygon(polygon) => {
            within(rings(polygon), before).map(|ring| format!("/coordinates/{ring}"))
        }
        Shape::MultiPolygon(polygons) => polygons.0.iter().enumerate().find_map(|(at, polygon)| {
            within(rings(polygon), before).map(|ring| format!("/coordinates/{at}/{ring}"))
        }),
        Shape::GeometryCollection(shapes) => shapes.0.iter().enumerate().find_map(|(at, shape)| {
            find(shape, wanted, before).map(|inside| format!("/geometries/{at}{inside}"))
        }),
        _ => within(1, before).map(|_only| "/coordinates".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use geo_types::{line_string, point, polygon};

    use super::*;

    #[test]
    fn paths_and_vertices_are_found_in_the_geojson() {
        let square = polygon![
            exterior: [(x: 0., y: 0.), (x: 4., y: 0.), (x: 4., y: 4.), (x: 0., y: 0.)],
            interiors: [[(x: 2., y: 1.), (x: 3., y: 1.), (x: 3., y: 2.), (x: 2., y: 1.)]],
        ];
        let line = line_string![(x: 0., y: 0.), (x: 9., y: 9.)];
        let two = Shape::MultiPolygon(vec![square.clone(), square.clone()].into());
        let mixed = Shape::GeometryCollection(geo_types::GeometryCollection(vec![
            line.clone().into(),
            square.clone().into(),
            point!(x: 7., y: 7.).into(),
        ]));
        for (shape, path, expected) in [
            (Shape::from(line), 0, "/coordinates"),
            (Shape::from(square), 1, "/coordinates/1"),
            (two, 3, "/coordinates/1/1"),
            (mixed, 2, "/geometries/1/coordinates/1"),
        ] {
            assert_eq!(of_path(&shape, path), expected);
        }
        let crossed = polygon![
            (x: 0., y: 0.), (x: 4., y: 4.), (x: 4., y: 0.), (x: 0., y: 4.), (x: 0., y: 0.)
        ];
        let two = Shape::MultiPolygon(vec![crossed].into());
        assert_eq!(nearest(&two, [4.0, 1.0]), "/coordinates/0/0/1");
    }
}
