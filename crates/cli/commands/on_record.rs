//! What leaves a store by a command stands in its audit log before the file has its name.
//!
//! Whoever works at the machine has the file of the store itself: nothing is refused or counted here,
//! but it is on record.

use std::path::Path;

use formats::write_wkt;
use geo_types::{Coord, Rect};
use spatial::{Crs, CrsError, CrsRegistry, Envelope, Geometry};
use store::accounts::LOCAL;
use store::audit::{AuditEntry, action};

use super::collection::writable;
use super::{CommandError, now};
use crate::config::Config;

/// What leaves.
pub struct Leaving {
    /// What it is.
    pub object: String,
    /// How many features, tiles or sheets.
    pub count: u64,
    /// Where it lies: degrees, east and north.
    pub extent: Envelope,
}

/// Puts it on record.
///
/// # Errors
/// When the log cannot be written; then nothing may leave.
pub async fn leaves(store: &Path, config: &Config, leaving: Leaving) -> Result<(), CommandError> {
    let Leaving { object, count, extent } = leaving;
    let geometry = (!extent.is_empty()).then(|| {
        let corner = |x, y| Coord { x, y };
        let around =
            Rect::new(corner(extent.min_x, extent.min_y), corner(extent.max_x, extent.max_y));
        let mut text = String::new();
        write_wkt(&Geometry::from(geo_types::Geometry::Rect(around)), &mut text);
        text
    });
    let entry = AuditEntry {
        geometry,
        count: Some(count),
        ..AuditEntry::of(now(), LOCAL, action::EXPORT, object)
    };
    writable(store, config)?.audit(entry).await
}

/// An extent in degrees, by its corners.
///
/// # Errors
/// When its CRS is not known.
pub fn in_degrees(
    extent: &Envelope,
    crs: &Crs,
    registry: &CrsRegistry,
) -> Result<Envelope, CrsError> {
    let mut degrees = Envelope::EMPTY;
    if extent.is_empty() {
        return Ok(degrees);
    }
    let way = registry.projector(crs, &Crs::CGCS2000)?;
    for x in [extent.min_x, extent.max_x] {
        for y in [extent.min_y, extent.max_y] {
            let at = way.project([x, y])?;
            // Seven decimals are a centimetre.
            degrees.extend(at.map(|angle| (angle * 1e7).round() / 1e7));
        }
    }
    Ok(degrees)
}
