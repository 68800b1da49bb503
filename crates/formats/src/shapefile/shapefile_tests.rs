//! Shapefiles built byte by byte, whole and damaged, and a real one in GBK.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use crate::test_files::real_data;
use crate::{DeclaredCrs, ReadOptions, Row};

fn rows_of(path: &std::path::Path) -> Vec<Row> {
    let mut reader = super::open(path, &ReadOptions::default()).unwrap().swap_remove(0);
    let mut rows = Vec::new();
    loop {
        let some = reader.next_rows(1000).unwrap();
        if some.is_empty() {
            return rows;
        }
        rows.extend(some);
    }
}

#[test]
fn a_real_shapefile_in_gbk_is_read_whole() {
    let Some(path) = real_data("formats/shp_gbk_cpg_epsg4548/建筑物.shp") else { return };
    let reader = super::open(&path, &ReadOptions::default()).unwrap().swap_remove(0);
    let schema = reader.schema();
    assert_eq!(schema.count, Some(5442));
    assert!(matches!(&schema.crs, DeclaredCrs::Wkt(wkt) if wkt.contains("GK_CM_117E")));
    let rows = rows_of(&path);
    assert_eq!(rows.iter().filter(|row| row.feature.is_ok()).count(), 5442);
}
