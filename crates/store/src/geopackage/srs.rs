//! Rows of `gpkg_spatial_ref_sys`.

use rusqlite::{Connection, OptionalExtension};
use spatial::{Crs, CrsRegistry};

use crate::StoreError;

/// The row of a CRS. A site's grid has none of its own: its parameters go nowhere.
pub(crate) fn srs_id(crs: &Crs) -> i32 {
    match crs {
        Crs::Epsg(code) => i32::try_from(*code).unwrap_or(0),
        Crs::Site(_) => -1,
    }
}

/// Adds the row of `crs` where it is missing; answers its number.
pub(crate) fn ensure(db: &Connection, crs: &Crs) -> Result<i32, StoreError> {
    let srs_id = srs_id(crs);
    let known = "SELECT 1 FROM gpkg_spatial_ref_sys WHERE srs_id = ?1";
    if db.query_row(known, [srs_id], |_| Ok(())).optional()?.is_none() {
        let (name, definition) = describe(crs);
        db.execute(
            "INSERT INTO gpkg_spatial_ref_sys VALUES (?1, ?2, 'EPSG', ?2, ?3, NULL)",
            (name, srs_id, definition),
        )?;
    }
    Ok(srs_id)
}

/// Name and well-known text. Readers go by the code: one that nobody here knows still has its row.
fn describe(crs: &Crs) -> (String, String) {
    match CrsRegistry::default().facts(crs) {
        Ok(facts) => (facts.name.clone(), facts.definition().map_or_else(undefined, str::to_owned)),
        Err(_unknown) => (crs.to_string(), undefined()),
    }
}

fn undefined() -> String {
    "undefined".to_owned()
}
