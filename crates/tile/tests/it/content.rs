//! What a tile says of its features.

use geo_types::{
    Geometry as Shape, GeometryCollection, LineString, MultiLineString, MultiPoint, Point,
};
use tile::inspect::{DecodedFeature, DecodedKind, DecodedValue, decode};
use tile::{LayerInput, Limits, WEB_MERCATOR_QUAD, render};

use crate::features::{COLUMNS, Features, coord, multi, polygon, rectangle, ring, valid_layer};

/// World units a tile unit at zoom 12; the cases lie in tile 12/1/1.
const UNIT: f64 = 256.0;

fn at(x: f64, y: f64) -> [f64; 2] {
    [(4096.0 + x) * UNIT, (4096.0 + y) * UNIT]
}

fn path(points: &[[f64; 2]]) -> LineString<f64> {
    let points: Vec<_> = points.iter().map(|[x, y]| at(*x, *y)).collect();
    ring(&points)
}

fn part(x: f64, y: f64, side: f64) -> geo_types::Polygon<f64> {
    let [x, y] = at(x, y);
    polygon(&[&rectangle(x, y, side * UNIT, side * UNIT)])
}

fn draw(source: &Features) -> Vec<DecodedFeature> {
    let rendered = source.draw(coord(12, 1, 1), &Limits::default());
    valid_layer(&rendered).map(|layer| layer.features).unwrap_or_default()
}

fn mixture() -> Vec<Shape<f64>> {
    let line = |points: &[[f64; 2]]| path(points);
    let point = |x: f64, y: f64| {
        let [x, y] = at(x, y);
        Point::new(x, y)
    };
    let mut shapes = vec![
        Shape::Point(point(7.0, 9.0)),
        Shape::MultiPoint(MultiPoint(vec![point(1.0, 2.0), point(1.0, 2.0), point(5000.0, 3.0)])),
        Shape::LineString(line(&[[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [20.0, 30.0]])),
        // Two lines of which the second starts where the first ended.
        Shape::MultiLineString(MultiLineString(vec![
            line(&[[0.0, 0.0], [50.0, 0.0]]),
            line(&[[50.0, 0.0], [50.0, 70.0]]),
        ])),
        // Leaves the tile and comes back.
        Shape::LineString(line(&[[4000.0, 5.0], [4300.0, 5.0], [4300.0, 50.0], [4000.0, 50.0]])),
        multi(&[part(100.0, 100.0, 50.0), part(200.0, 200.0, 60.0)]),
        // The second ring may start where the first ended.
        multi(&[part(100.0, 100.0, 50.0), part(100.0, 150.0, 50.0)]),
        multi(&[part(300.0, 300.0, 50.0), part(350.0, 350.0, 50.0)]),
        Shape::GeometryCollection(GeometryCollection(vec![
            Shape::Point(point(70.0, 90.0)),
            Shape::LineString(line(&[[1.0, 1.0], [9.0, 5.0]])),
            Shape::Polygon(part(700.0, 700.0, 40.0)),
        ])),
    ];
    for number in 0..40 {
        let place = f64::from(number) * 90.0;
        shapes.push(Shape::Polygon(part(place, place, 80.0)));
    }
    shapes
}

/// Rings from their smallest point on and without points on straight ways along an axis, which
/// the encoder of small layers leaves out; lines that meet as one line.
fn canonical(mut feature: DecodedFeature) -> DecodedFeature {
    match feature.kind {
        DecodedKind::Points => {}
        DecodedKind::Lines => {
            let mut joined: Vec<Vec<[i32; 2]>> = Vec::new();
            for path in feature.paths {
                match joined.last_mut() {
                    Some(last) if last.last() == path.first() => last.extend(&path[1..]),
                    _ => joined.push(path),
                }
            }
            feature.paths = joined;
        }
        DecodedKind::Polygons => {
            for path in &mut feature.paths {
                let ring = path.clone();
                let at = |position: usize| ring[position % ring.len()];
                let straight = |position: usize| {
                    let around = [at(position + ring.len() - 1), at(position), at(position + 1)];
                    (0..2).any(|axis| around.iter().all(|point| point[axis] == around[0][axis]))
                };
                *path = (0..ring.len()).filter(|p| !straight(*p)).map(at).collect();
                let first = (0..path.len()).min_by_key(|position| path[*position]).unwrap();
                path.rotate_left(first);
            }
        }
    }
    feature
}

#[test]
fn both_encoders_write_the_same_features() {
    let shapes = mixture();
    let small: Vec<_> = draw(&Features::new(&shapes, 4)).into_iter().map(canonical).collect();
    let bulk: Vec<_> = draw(&Features::bulk(&shapes)).into_iter().map(canonical).collect();
    assert_eq!(small.len(), shapes.len() + 2);
    assert_eq!(small, bulk);
}

#[test]
fn attributes_keep_their_types_and_null_is_left_out() {
    let shapes: Vec<_> =
        (0..7).map(|n| Shape::Polygon(part(f64::from(n) * 9.0, 0.0, 8.0))).collect();
    for source in [Features::new(&shapes, 2), Features::bulk(&shapes)] {
        let features = draw(&source);
        let ids: Vec<_> = features.iter().map(|feature| feature.id).collect();
        assert_eq!(ids, (1..=7).map(Some).collect::<Vec<_>>());
        let text = |value: &str| DecodedValue::Text(value.to_owned());
        let own = |key: &str, value| (key.to_owned(), value);
        assert_eq!(
            features[0].properties,
            [
                own("name", text("地块0")),
                own("number", DecodedValue::Int(-3)),
                own("area", DecodedValue::Double(-1.5)),
                own("open", DecodedValue::Bool(false)),
            ]
        );
        assert_eq!(
            features[3].properties,
            [
                own("name", text("地块3")),
                own("number", DecodedValue::Int(0)),
                own("open", DecodedValue::Bool(false)),
            ]
        );
    }
}

#[test]
fn each_value_stands_in_the_table_once() {
    let shapes: Vec<_> =
        (0..200).map(|n| Shape::Polygon(part(f64::from(n) * 9.0, 0.0, 8.0))).collect();
    for source in [Features::new(&shapes, 16), Features::bulk(&shapes)] {
        let rendered = source.draw(coord(12, 1, 1), &Limits::default());
        let layer = valid_layer(&rendered).unwrap();
        // Five names, seven integers, six doubles, two truth values.
        assert_eq!((layer.values, layer.features.len()), (20, 200));
    }
}

#[test]
fn lines_are_cut_into_pieces_at_the_buffer() {
    let shape = Shape::LineString(path(&[
        [4000.0, 5.0],
        [4300.0, 5.0],
        [4300.0, 50.0],
        [4000.0, 50.0],
        [4000.0, 50.4],
    ]));
    let drawn = draw(&Features::bulk(&[shape]));
    assert_eq!(drawn[0].paths, [vec![[4000, 5], [4160, 5]], vec![[4160, 50], [4000, 50]]]);
}

#[test]
fn a_line_that_shrinks_to_a_point_is_a_dash() {
    let shape = Shape::LineString(path(&[[5.0, 5.0], [5.2, 5.1]]));
    let drawn = draw(&Features::bulk(&[shape]));
    assert_eq!((drawn.len(), drawn[0].id), (1, Some(1)));
    assert_eq!(drawn[0].paths, [vec![[4, 5], [6, 5]]]);
}

#[test]
fn layers_combine_and_empty_ones_are_left_out() {
    let shapes = mixture();
    let (small, bulk) = (Features::new(&shapes, 8), Features::bulk(&shapes));
    let none = Features::bulk(&[]);
    let layer = |name, source| LayerInput { name, source, columns: &COLUMNS[..2], commands: None };
    let layers = [layer("a", &small as _), layer("b", &none as _), layer("c", &bulk as _)];
    let rendered = render(&layers, &WEB_MERCATOR_QUAD, coord(12, 1, 1), &Limits::default());
    let decoded = decode(&rendered.bytes).unwrap();
    let names: Vec<_> = decoded.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(names, ["a", "c"]);
    assert_eq!(decoded[0].keys, ["name", "number"]);
    let stats: Vec<_> = rendered.layers.iter().map(|layer| layer.features).collect();
    assert_eq!(stats, [decoded[0].features.len(), 0, decoded[1].features.len()]);
    let bytes: usize = rendered.layers.iter().map(|layer| layer.bytes).sum();
    assert_eq!(bytes, rendered.bytes.len());
}

#[test]
fn an_empty_tile_has_no_bytes() {
    let rendered = Features::bulk(&mixture()).draw(coord(12, 3000, 1), &Limits::default());
    assert_eq!((rendered.bytes.len(), rendered.layers[0].features), (0, 0));
}

#[test]
fn cut_tiles_are_refused_and_nothing_panics() {
    let rendered = Features::bulk(&mixture()).draw(coord(12, 1, 1), &Limits::default());
    for end in 1..rendered.bytes.len() {
        assert!(decode(&rendered.bytes[..end]).is_err(), "{end}");
    }
    let mut bytes = rendered.bytes;
    for position in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            bytes[position] ^= flip;
            let _ = decode(&bytes).map(|layers| tile::inspect::defects(&layers));
            bytes[position] ^= flip;
        }
    }
}
