//! Rows of `gpkg_spatial_ref_sys`.

use rusqlite::Connection;
use spatial::Crs;

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
    if srs_id > 0 {
        let (name, definition) = describe(crs);
        db.execute(
            "INSERT OR IGNORE INTO gpkg_spatial_ref_sys VALUES (?1, ?2, 'EPSG', ?2, ?3, NULL)",
            (name, srs_id, definition),
        )?;
    }
    Ok(srs_id)
}

fn describe(crs: &Crs) -> (String, String) {
    (crs.to_string(), "undefined".to_owned())
}
