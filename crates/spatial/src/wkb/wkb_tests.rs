//! Reading and writing well-known binary: round trips, curves, and bytes that lie.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use geo_types::{
    Coord, Geometry as Shape, GeometryCollection, LineString, MultiLineString, MultiPoint,
    MultiPolygon, Point, Polygon,
};
use proptest::prelude::*;

use super::*;
use crate::geometry::visit_paths;

/// Writes by hand what the encoder never writes: EWKB, big endian, curves.
#[derive(Clone)]
struct Bytes {
    out: Vec<u8>,
    big: bool,
}

impl Bytes {
    fn new(big: bool) -> Self {
        Self { out: Vec::new(), big }
    }

    fn head(mut self, code: u32) -> Self {
        self.out.push(u8::from(!self.big));
        self.u32(code)
    }

    fn u32(mut self, value: u32) -> Self {
        self.out.extend(if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
        self
    }

    fn f64s(mut self, values: &[f64]) -> Self {
        for value in values {
            self.out.extend(if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
        }
        self
    }
}

fn shape_of(bytes: &[u8]) -> Shape<f64> {
    decode(bytes).unwrap().geometry.shape
}

#[track_caller]
fn check_refused(bytes: &[u8], offset: usize, reason: DecodeReason) {
    assert_eq!(decode(bytes), Err(DecodeError { offset, reason }));
}

#[test]
fn both_byte_orders_and_both_ways_of_saying_z_and_m_are_read() {
    for big in [false, true] {
        for (code, stride) in [
            (2, 2),
            (1002, 3),
            (2002, 3),
            (3002, 4),
            (0x8000_0002, 3),
            (0x4000_0002, 3),
            (0xc000_0002, 4),
        ] {
            let values: Vec<f64> = (0..stride * 2).map(f64::from).collect();
            let bytes = Bytes::new(big).head(code).u32(2).f64s(&values).out;
            let geometry = decode(&bytes).unwrap().geometry;
            let (first, second) = values.split_at(stride as usize);
            assert_eq!(geometry.coords(), [[first[0], first[1]], [second[0], second[1]]]);
            let has_z = [1002, 3002, 0x8000_0002, 0xc000_0002].contains(&code);
            let has_m = [2002, 3002, 0x4000_0002, 0xc000_0002].contains(&code);
            assert_eq!(geometry.z, if has_z { vec![first[2], second[2]] } else { vec![] });
            let last = stride as usize - 1;
            assert_eq!(geometry.m, if has_m { vec![first[last], second[last]] } else { vec![] });
        }
    }
}

#[test]
fn the_srid_of_ewkb_is_told() {
    let bytes = Bytes::new(false).head(0x2000_0001).u32(4490).f64s(&[116.0, 40.0]).out;
    let decoded = decode(&bytes).unwrap();
    assert_eq!(decoded.srid, Some(4490));
    assert_eq!(decoded.geometry.shape, Shape::Point(Point::new(116.0, 40.0)));
}

#[test]
fn an_empty_point_is_an_empty_multipoint_and_vanishes_from_one() {
    let empty = Bytes::new(false).head(1).f64s(&[f64::NAN, f64::NAN]);
    assert_eq!(shape_of(&empty.out), Shape::MultiPoint(MultiPoint(vec![])));
    let both = Bytes::new(false).head(4).u32(2).head(1).f64s(&[f64::NAN, f64::NAN]);
    let both = both.head(1).f64s(&[1.0, 2.0]);
    assert_eq!(shape_of(&both.out), Shape::MultiPoint(MultiPoint(vec![Point::new(1.0, 2.0)])));
}

#[test]
fn an_unclosed_ring_is_closed_and_counted_with_its_heights() {
    let bytes = Bytes::new(false).head(1003).u32(1).u32(3).f64s(&[
        0.0, 0.0, 5.0, //
        1.0, 0.0, 6.0, //
        0.0, 1.0, 7.0,
    ]);
    let decoded = decode(&bytes.out).unwrap();
    assert_eq!(decoded.closed_rings, 1);
    assert_eq!(decoded.geometry.coords(), [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]);
    assert_eq!(decoded.geometry.z, [5.0, 6.0, 7.0, 5.0]);
}

#[test]
fn members_without_z_get_nan_beside_members_that_have_it() {
    let bytes = Bytes::new(false).head(7).u32(3).head(1).f64s(&[0.0, 0.0]);
    let bytes = bytes.head(1001).f64s(&[1.0, 1.0, 9.0]).head(1).f64s(&[2.0, 2.0]);
    let z = decode(&bytes.out).unwrap().geometry.z;
    assert!(z[0].is_nan() && z[1] == 9.0 && z[2].is_nan() && z.len() == 3, "{z:?}");
}

fn circle_points(values: &[f64], code: u32) -> Bytes {
    Bytes::new(false).head(code).u32(values.len() as u32 / 2).f64s(values)
}

#[test]
fn arcs_become_chords_on_their_circle_and_are_counted() {
    // Upper half of the unit circle about (10, 20), then the whole circle.
    for (values, arcs) in [
        (vec![11.0, 20.0, 10.0, 21.0, 9.0, 20.0], 1),
        (vec![9.0, 20.0, 10.0, 21.0, 11.0, 20.0, 10.0, 19.0, 9.0, 20.0], 2),
        (vec![9.0, 20.0, 11.0, 20.0, 9.0, 20.0], 1),
    ] {
        let decoded = decode(&circle_points(&values, 8).out).unwrap();
        assert_eq!(decoded.arcs, arcs);
        let coords = decoded.geometry.coords();
        assert_eq!(coords[0], [values[0], values[1]]);
        assert!(coords.contains(&[values[2], values[3]]), "the middle stays");
        assert_eq!(coords[coords.len() - 1], values[values.len() - 2..]);
        for [x, y] in &coords {
            assert!(((x - 10.0).hypot(y - 20.0) - 1.0).abs() < 1e-12);
        }
        for pair in coords.windows(2) {
            let step = (pair[0][0] - pair[1][0]).hypot(pair[0][1] - pair[1][1]);
            assert!(step < 0.05 && step > 0.0, "no chord longer than 1/32 of a quarter: {step}");
        }
    }
}

#[test]
fn an_arc_read_backwards_has_the_same_vertices() {
    let values = [3.0, 1.0, 4.5, 2.25, 4.0, 7.0];
    let backwards = [4.0, 7.0, 4.5, 2.25, 3.0, 1.0];
    let there = decode(&circle_points(&values, 8).out).unwrap().geometry.coords();
    let mut back = decode(&circle_points(&backwards, 8).out).unwrap().geometry.coords();
    back.reverse();
    assert_eq!(there, back);
    assert!(there.len() > 20);
}

#[test]
fn a_straight_arc_keeps_its_three_points() {
    let values = [0.0, 0.0, 1.0, 1.0, 3.0, 3.0];
    let decoded = decode(&circle_points(&values, 8).out).unwrap();
    assert_eq!(decoded.geometry.coords(), [[0.0, 0.0], [1.0, 1.0], [3.0, 3.0]]);
}

#[test]
fn a_curve_polygon_of_line_and_arc_is_one_ring() {
    // Half disc: the diameter as a line, the bow as an arc.
    let mut bytes = Bytes::new(false).head(12).u32(1).head(10).u32(1).head(9).u32(2);
    bytes.out.extend(circle_points(&[-1.0, 0.0, 1.0, 0.0], 2).out);
    bytes.out.extend(circle_points(&[1.0, 0.0, 0.0, 1.0, -1.0, 0.0], 8).out);
    let decoded = decode(&bytes.out).unwrap();
    assert_eq!((decoded.arcs, decoded.closed_rings), (1, 0));
    let Shape::MultiPolygon(polygons) = decoded.geometry.shape else { panic!("a multipolygon") };
    let ring = &polygons.0[0].exterior().0;
    let area: f64 = ring.windows(2).map(|w| w[0].x * w[1].y - w[1].x * w[0].y).sum::<f64>() / 2.0;
    assert!((area - std::f64::consts::FRAC_PI_2).abs() < 1e-3, "{area}");
    assert_eq!(ring.iter().filter(|c| **c == Coord { x: 1.0, y: 0.0 }).count(), 1);
}

#[test]
fn bytes_that_lie_are_refused_with_their_place() {
    let line = |count: u32| Bytes::new(false).head(2).u32(count).f64s(&[0.0, 0.0, 1.0, 1.0]).out;
    check_refused(&[], 0, DecodeReason::Truncated(1));
    check_refused(&[2, 0, 0, 0, 0], 0, DecodeReason::ByteOrder(2));
    check_refused(&[1, 99, 0, 0, 0], 1, DecodeReason::UnknownType(99));
    check_refused(&[1, 0, 0, 0, 0], 1, DecodeReason::UnknownType(0));
    check_refused(&Bytes::new(true).head(4001).out, 1, DecodeReason::UnknownType(4001));
    check_refused(&Bytes::new(false).head(15).u32(0).out, 1, DecodeReason::UnsupportedType(15));
    check_refused(&line(3), 5, DecodeReason::Count(3));
    check_refused(&line(u32::MAX), 5, DecodeReason::Count(u32::MAX));
    check_refused(&line(1), 25, DecodeReason::Trailing(16));
    let member = Bytes::new(false).head(6).u32(1).head(2).u32(0);
    check_refused(&member.out, 9, DecodeReason::Member { parent: 6, member: 2 });
    let nan = Bytes::new(false).head(2).u32(2).f64s(&[0.0, 0.0, f64::NAN, 1.0]);
    check_refused(&nan.out, 25, DecodeReason::NotFinite);
    let infinite = Bytes::new(false).head(1).f64s(&[0.0, f64::INFINITY]);
    check_refused(&infinite.out, 5, DecodeReason::NotFinite);
    let height = Bytes::new(false).head(1001).f64s(&[0.0, 0.0, f64::NEG_INFINITY]);
    check_refused(&height.out, 5, DecodeReason::NotFinite);
    check_refused(&circle_points(&[0.0, 0.0, 1.0, 1.0], 8).out, 5, DecodeReason::ArcPoints(2));
}

#[test]
fn collections_nest_eight_deep_and_no_deeper() {
    let nest = |depth: u32| {
        let mut bytes = Bytes::new(false);
        for _ in 0..depth {
            bytes = bytes.head(7).u32(1);
        }
        bytes.head(1).f64s(&[1.0, 2.0]).out
    };
    assert_eq!(decode(&nest(8)).unwrap().geometry.vertex_count(), 1);
    check_refused(&nest(9), 8 * 9 + 5, DecodeReason::TooDeep);
}

#[test]
fn few_bytes_of_arcs_never_become_very_many_vertices() {
    let circle: Vec<f64> = std::iter::once([9.0, 20.0])
        .chain((0..20_000).flat_map(|_| [[11.0, 20.0], [9.0, 20.0]]))
        .flatten()
        .collect();
    let bytes = circle_points(&circle, 8).out;
    check_refused(&bytes, 5, DecodeReason::TooManyVertices);
}

fn coord() -> impl Strategy<Value = Coord<f64>> {
    (-1e7..1e7, -1e7..1e7).prop_map(|(x, y)| Coord { x, y })
}

fn line() -> impl Strategy<Value = LineString<f64>> {
    prop::collection::vec(coord(), 0..6).prop_map(LineString)
}

fn polygon() -> impl Strategy<Value = Polygon<f64>> {
    (prop::collection::vec(coord(), 1..6), prop::collection::vec(line(), 0..3))
        .prop_map(|(exterior, holes)| Polygon::new(LineString(exterior), holes))
}

fn shape() -> impl Strategy<Value = Shape<f64>> {
    let leaf = prop_oneof![
        coord().prop_map(|c| Shape::Point(Point(c))),
        line().prop_map(Shape::LineString),
        polygon().prop_map(Shape::Polygon),
        prop::collection::vec(coord(), 0..4)
            .prop_map(|c| Shape::MultiPoint(MultiPoint(c.into_iter().map(Point).collect()))),
        prop::collection::vec(line(), 0..4)
            .prop_map(|l| Shape::MultiLineString(MultiLineString(l))),
        prop::collection::vec(polygon(), 0..4).prop_map(|p| Shape::MultiPolygon(MultiPolygon(p))),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop::collection::vec(inner, 0..4)
            .prop_map(|shapes| Shape::GeometryCollection(GeometryCollection(shapes)))
    })
}

fn geometry() -> impl Strategy<Value = Geometry> {
    (shape(), any::<bool>(), any::<bool>()).prop_map(|(shape, z, m)| {
        let count = Geometry::from(shape.clone()).vertex_count();
        let values = |present: bool, from: f64| -> Vec<f64> {
            if present { (0..count).map(|i| from + i as f64).collect() } else { Vec::new() }
        };
        Geometry { z: values(z, 40.0), m: values(m, 0.5), shape }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(geometry in geometry()) {
        let bytes = encode(&geometry);
        let expected = Decoded { geometry, srid: None, arcs: 0, closed_rings: 0, unclosed_at: None };
        prop_assert_eq!(decode(&bytes).unwrap(), expected);
    }

    #[test]
    fn every_cut_is_an_error_within_the_bytes(geometry in geometry()) {
        let bytes = encode(&geometry);
        for end in 0..bytes.len() {
            let error = decode(&bytes[..end]).unwrap_err();
            prop_assert!(error.offset <= end);
        }
    }

    #[test]
    fn a_flipped_byte_never_breaks_a_promise(geometry in geometry(), flip in 1..=255u8) {
        let bytes = encode(&geometry);
        for place in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[place] ^= flip;
            check_promises(&bytes);
        }
    }

    #[test]
    fn noise_never_breaks_a_promise(bytes in prop::collection::vec(any::<u8>(), 0..64), kind in 1..13u8) {
        let bytes = [&[1, kind, 0, 0, 0], bytes.as_slice()].concat();
        check_promises(&bytes);
    }
}

/// Whatever was decoded is finite, has closed rings, and one Z and M a vertex or none.
fn check_promises(bytes: &[u8]) {
    let Ok(decoded) = decode(bytes) else { return };
    let geometry = decoded.geometry;
    let count = geometry.vertex_count();
    assert!(geometry.z.is_empty() || geometry.z.len() == count);
    assert!(geometry.m.is_empty() || geometry.m.len() == count);
    visit_paths(&geometry.shape, &mut |role, path| {
        assert!(path.iter().all(|c| c.x.is_finite() && c.y.is_finite()));
        let ring = matches!(role, crate::PathRole::Exterior | crate::PathRole::Hole);
        assert!(!ring || path.first() == path.last());
    });
}
