//! Shapefiles built byte by byte, whole and damaged, and a real one in GBK.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::HashMap;

use proptest::prelude::*;
use spatial::{GeometryType, Value};

use super::rings::{Ring, group};
use crate::sample_tests::real_file;
use crate::test_files::{
    ReadLayer, check_never_panics, cut_everywhere, dbf, flip_everywhere, folder, parts, read_all,
    read_one, shp,
};
use crate::{DeclaredCrs, ReadOptions};

const POLYGON: u32 = 5;
/// A clockwise square, as the format wants exteriors.
const OUTER: [[f64; 2]; 5] = [[0.0, 0.0], [0.0, 9.0], [9.0, 9.0], [9.0, 0.0], [0.0, 0.0]];
/// A counter-clockwise hole in it.
const HOLE: [[f64; 2]; 5] = [[1.0, 1.0], [8.0, 1.0], [8.0, 8.0], [1.0, 8.0], [1.0, 1.0]];
/// A clockwise island in the hole.
const ISLAND: [[f64; 2]; 5] = [[2.0, 2.0], [2.0, 3.0], [3.0, 3.0], [3.0, 2.0], [2.0, 2.0]];

fn read(kind: u32, records: &[Vec<u8>]) -> ReadLayer {
    let folder = folder(&[("宗地.shp", &shp(kind, records))]);
    read_one(&folder.path().join("宗地.shp"))
}

/// Reads one record; its WKT, Z, M and what was mended.
fn check_record(kind: u32, record: Vec<u8>, wkt: &str, mended: &[&str]) {
    let layer = read(kind, &[record]);
    assert_eq!(layer.shapes(), [wkt]);
    assert_eq!(layer.rows[0].mended, mended, "{wkt}");
}

fn reversed(ring: &[[f64; 2]]) -> Vec<[f64; 2]> {
    ring.iter().rev().copied().collect()
}

#[test]
fn rings_become_polygons_with_holes_whatever_their_order_and_winding() {
    const NESTED: &str = "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 1 8, 8 8, 8 1, 1 1)), \
                          ((2 2, 3 2, 3 3, 2 3, 2 2)))";
    check_record(POLYGON, parts(POLYGON, &[&OUTER, &HOLE, &ISLAND]), NESTED, &[]);
    let turned = [reversed(&OUTER), reversed(&HOLE), reversed(&ISLAND)];
    let turned: Vec<&[[f64; 2]]> = turned.iter().map(Vec::as_slice).collect();
    let layer = read(POLYGON, &[parts(POLYGON, &turned)]);
    assert_eq!(layer.rows[0].mended, ["wrong_winding"]);
    assert_eq!(layer.shapes()[0].matches("),").count(), 2);
    let all_clockwise = parts(POLYGON, &[&OUTER, &reversed(&HOLE)]);
    check_record(
        POLYGON,
        all_clockwise,
        "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 1 8, 8 8, 8 1, 1 1))",
        &["wrong_winding"],
    );
    check_record(
        POLYGON,
        parts(POLYGON, &[&HOLE, &OUTER]),
        "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 1 8, 8 8, 8 1, 1 1))",
        &[],
    );
    check_record(
        POLYGON,
        parts(POLYGON, &[&OUTER[..4]]),
        "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))",
        &["unclosed_ring"],
    );
}

#[test]
fn a_hole_that_touches_its_exterior_in_vertices_stays_a_hole() {
    let touching = [[0.0, 0.0], [9.0, 9.0], [9.0, 4.0], [0.0, 0.0]];
    let layer = read(POLYGON, &[parts(POLYGON, &[&OUTER, &reversed(&touching)])]);
    assert!(layer.shapes()[0].starts_with("POLYGON ("), "{:?}", layer.shapes());
}

#[test]
fn every_plain_type_is_read() {
    let mut point = 1_u32.to_le_bytes().to_vec();
    point.extend([1.5_f64, 2.5].iter().flat_map(|v| v.to_le_bytes()));
    check_record(1, point, "POINT (1.5 2.5)", &[]);
    check_record(3, parts(3, &[&OUTER[..2]]), "LINESTRING (0 0, 0 9)", &[]);
    check_record(
        3,
        parts(3, &[&OUTER[..2], &HOLE[..2]]),
        "MULTILINESTRING ((0 0, 0 9), (1 1, 8 1))",
        &[],
    );
    let mut multipoint = parts(8, &[&OUTER[..2]]);
    // A multipoint has no parts: their count and first entry go.
    multipoint.drain(36..40);
    multipoint.drain(40..44);
    check_record(8, multipoint, "MULTIPOINT ((0 0), (0 9))", &[]);
    check_record(POLYGON, vec![0; 4], "none", &[]);
    assert_eq!(read(POLYGON, &[]).schema.geometry_type, GeometryType::MultiPolygon);
}

#[test]
fn z_and_m_follow_their_vertices_through_regrouping() {
    let mut record = parts(15, &[&HOLE, &OUTER]);
    let values = |from: u32| (from..from + 10).flat_map(|v| f64::from(v).to_le_bytes());
    record.extend([0; 16]);
    record.extend(values(0));
    record.extend([0; 16]);
    record.extend(values(100));
    let mut bytes = shp(15, &[record]);
    bytes[84..92].copy_from_slice(&100.0_f64.to_le_bytes());
    bytes[92..100].copy_from_slice(&109.0_f64.to_le_bytes());
    let folder = folder(&[("z.shp", &bytes)]);
    let layer = read_one(&folder.path().join("z.shp"));
    assert!(layer.schema.has_z && layer.schema.has_m);
    let feature = layer.rows[0].feature.as_ref().unwrap();
    let geometry = feature.geometry.as_ref().unwrap();
    let z_of: HashMap<_, _> =
        HOLE.iter().chain(&OUTER).map(|c| (c[0] as i64, c[1] as i64)).zip(0..).collect();
    for (slot, [x, y]) in geometry.coords().into_iter().enumerate() {
        let last = z_of[&(x as i64, y as i64)];
        // First and last vertex of a ring are the same place with two heights.
        let z = geometry.z[slot];
        assert!(z == f64::from(last) || z == f64::from(last - 4), "{slot}");
        assert_eq!(geometry.m[slot], z + 100.0);
    }
}

#[test]
fn shapes_and_rows_are_paired_by_position_and_the_rest_is_reported() {
    let rows = ["甲", "乙"].map(|name| vec![name.as_bytes().to_vec()]);
    let table = dbf(0, &[(b"NAME", b'C', 9, 0)], &rows);
    let record = || parts(POLYGON, &[&OUTER]);
    for (shapes, expected) in
        [(1, vec!["", "unpaired_row"]), (2, vec!["", ""]), (3, vec!["", "", "unpaired_row"])]
    {
        let records: Vec<_> = (0..shapes).map(|_| record()).collect();
        let folder = folder(&[("t.shp", &shp(POLYGON, &records)), ("t.DBF", &table)]);
        let layer = read_one(&folder.path().join("t.shp"));
        let kinds =
            layer.rows.iter().map(|row| row.feature.as_ref().map_or_else(|d| d.kind, |_| ""));
        assert_eq!(kinds.collect::<Vec<_>>(), expected);
        assert_eq!(layer.column("NAME")[0], Ok(Value::Text("甲".to_owned())));
    }
}

#[test]
fn the_index_passes_over_dead_records() {
    let bytes = shp(POLYGON, &[parts(POLYGON, &[&OUTER]), parts(POLYGON, &[&ISLAND])]);
    let mut shx = bytes[..100].to_vec();
    shx[24..28].copy_from_slice(&54_u32.to_be_bytes());
    // Only the second record is alive.
    let second = (bytes.len() - 100) / 2 + 100;
    shx.extend((second as u32 / 2).to_be_bytes());
    shx.extend([0; 4]);
    let folder = folder(&[("t.shp", &bytes), ("t.shx", &shx)]);
    let layer = read_one(&folder.path().join("t.shp"));
    assert_eq!(layer.shapes(), ["POLYGON ((2 2, 3 2, 3 3, 2 3, 2 2))"]);
    let cut = |length: usize| shx[..length].to_vec();
    for (damaged, note) in [
        ([&shx[..100], &[0xFF; 8]].concat(), "the .shx contradicts"),
        (cut(100), "the .shx is cut off"),
        (cut(99), "the .shx is cut off"),
        (cut(0), "the .shx is cut off"),
    ] {
        std::fs::write(folder.path().join("t.shx"), damaged).unwrap();
        let layer = read_one(&folder.path().join("t.shp"));
        assert_eq!(layer.rows.len(), 2, "{note}");
        assert!(layer.has_note(note), "{note}");
    }
}

#[test]
fn hostile_counts_are_defects() {
    let mut many_points = parts(POLYGON, &[&OUTER]);
    many_points[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut many_parts = parts(POLYGON, &[&OUTER]);
    many_parts[36..40].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut wild_part = parts(POLYGON, &[&OUTER, &HOLE]);
    wild_part[48..52].copy_from_slice(&77_u32.to_le_bytes());
    let mut not_finite = parts(POLYGON, &[&OUTER]);
    not_finite[48..56].copy_from_slice(&f64::NAN.to_le_bytes());
    let other_type = parts(3, &[&OUTER]);
    let records = [many_points, many_parts, wild_part, not_finite, other_type, vec![5, 0]];
    let layer = read(POLYGON, &records);
    assert_eq!(layer.shapes(), ["bad_geometry"; 6]);
}

#[test]
fn what_is_cut_off_or_not_read_is_said() {
    let whole = shp(POLYGON, &[parts(POLYGON, &[&OUTER])]);
    let error_of = |bytes: &[u8]| {
        let folder = folder(&[("t.shp", bytes)]);
        read_all(&folder.path().join("t.shp"), &ReadOptions::default()).unwrap_err().to_string()
    };
    assert!(error_of(&whole[..whole.len() - 8]).contains("cut off"));
    assert!(error_of(&shp(31, &[])).contains("MultiPatch"));
}

#[test]
fn damaged_shapefiles_never_panic() {
    let bytes = shp(POLYGON, &[parts(POLYGON, &[&OUTER, &HOLE]), parts(POLYGON, &[&ISLAND])]);
    let refused = check_never_panics("t.shp", &[], cut_everywhere(&bytes));
    assert_eq!(refused, bytes.len());
    check_never_panics("t.shp", &[], flip_everywhere(&bytes));
    let table = dbf(0x4D, &[(b"NAME", b'C', 9, 0)], &[vec![b"a".to_vec()], vec![b"b".to_vec()]]);
    let mut shx = bytes[..100].to_vec();
    shx[24..28].copy_from_slice(&54_u32.to_be_bytes());
    shx.extend([0, 0, 0, 50, 0, 0, 0, 100]);
    let companions: [(&str, &[u8]); 2] = [("t.shp", &bytes), ("t.dbf", &table)];
    // The index is damaged, the file that is opened is not.
    let folder = folder(&companions);
    for damaged in flip_everywhere(&shx) {
        std::fs::write(folder.path().join("t.shx"), damaged).unwrap();
        let read = read_all(&folder.path().join("t.shp"), &ReadOptions::default());
        assert!(read.map_or(0, |layers| layers[0].rows.len()) <= 3);
    }
}

/// Boxes in a grid of cells, each with some boxes inside one another: the nesting is known.
fn nested_boxes() -> impl Strategy<Value = Vec<(usize, usize, bool)>> {
    // By ring: cell, depth, winding.
    prop::collection::vec((1..5_usize, any::<[bool; 5]>()), 1..12).prop_map(|cells| {
        let rings = cells.iter().enumerate().flat_map(|(cell, (depth, windings))| {
            (0..*depth).map(move |level| (cell, level, windings[level]))
        });
        rings.collect()
    })
}

proptest! {
    #[test]
    fn nesting_is_found_whatever_order_and_winding(boxes in nested_boxes().prop_shuffle()) {
        let mut xy = Vec::new();
        let mut rings = Vec::new();
        for (cell, level, clockwise) in &boxes {
            let (low, high) = (*level as f64, 20.0 - *level as f64);
            let at = *cell as f64 * 100.0;
            let mut corners = [[low, low], [high, low], [high, high], [low, high], [low, low]];
            if *clockwise {
                corners.reverse();
            }
            let start = xy.len();
            xy.extend(corners.map(|[x, y]| geo_types::Coord { x: x + at, y: y + 4_400_000.0 }));
            rings.push(Ring::new((start..start + 5).collect(), &xy));
        }
        let grouped = group(&mut rings, &xy).unwrap();
        let mut placed = 0;
        for (exterior, holes) in grouped.polygons {
            let (cell, level, _) = boxes[exterior];
            prop_assert_eq!(level % 2, 0);
            let deeper = boxes.iter().filter(|b| b.0 == cell && b.1 == level + 1).count();
            prop_assert_eq!(holes.len(), deeper);
            for hole in &holes {
                prop_assert_eq!((boxes[*hole].0, boxes[*hole].1), (cell, level + 1));
            }
            placed += 1 + holes.len();
        }
        prop_assert_eq!(placed, boxes.len());
    }
}

#[test]
fn tens_of_thousands_of_rings_are_grouped() {
    let (mut xy, mut rings) = (Vec::new(), Vec::new());
    for slot in 0..30_000_usize {
        let (x, y) = ((slot % 300) as f64 * 2.0, (slot / 300) as f64 * 2.0);
        let start = xy.len();
        xy.extend(ISLAND.map(|c| geo_types::Coord { x: c[0] + x, y: c[1] + y }));
        rings.push(Ring::new((start..start + 5).collect(), &xy));
    }
    assert_eq!(group(&mut rings, &xy).unwrap().polygons.len(), 30_000);
}

#[test]
fn a_real_shapefile_in_gbk_equals_the_flatgeobuf_it_was_made_from() {
    let (Some(path), Some(origin)) = (
        real_file("formats/shp_gbk_cpg_epsg4548/建筑物.shp"),
        real_file("beijing_cbd_buildings_5442_wgs84.fgb"),
    ) else {
        return;
    };
    let layer = read_one(&path);
    assert_eq!(layer.schema.count, Some(5442));
    assert!(matches!(&layer.schema.crs, DeclaredCrs::Wkt(wkt) if wkt.contains("GK_CM_117E")));
    assert_eq!(layer.schema.notes, ["text encoding gb18030: said by .cpg (GBK)"]);
    let origin = read_one(&origin);
    assert_eq!(layer.rows.len(), origin.rows.len());
    for (ours, theirs) in [
        ("编号", "src_id"),
        ("建筑名称", "name"),
        ("层数", "floors"),
        ("街道代码", "street_code"),
        ("所属街道", "street"),
        ("面积", "area_m2"),
    ] {
        assert!(layer.column(ours) == origin.column(theirs), "{ours} differs from {theirs}");
    }
    let vertices = |layer: &ReadLayer| -> Vec<usize> {
        let features = layer.rows.iter().map(|row| row.feature.as_ref().unwrap());
        features.map(|feature| feature.geometry.as_ref().unwrap().vertex_count()).collect()
    };
    assert_eq!(vertices(&layer), vertices(&origin));
}
