//! Extents as clients are told them: longitude and latitude.

use spatial::world::to_lon_lat;
use spatial::{CollectionSnapshot, Envelope};

/// Extent in degrees (WGS 84, CGCS2000), exact to a centimetre; absent when nothing has a place.
pub fn lon_lat_extent(snapshot: &CollectionSnapshot) -> Option<Envelope> {
    let world = snapshot.world_box();
    if world.is_empty() {
        return None;
    }
    let [west, north] = to_lon_lat([f64::from(world.min[0]), f64::from(world.min[1])]);
    let [east, south] = to_lon_lat([f64::from(world.max[0]) + 1.0, f64::from(world.max[1]) + 1.0]);
    // Eight decimals are a millimetre; more would only pretend.
    let round = |degrees: f64| (degrees * 1e8).round() / 1e8;
    Some(Envelope::new(round(west), round(south), round(east), round(north)))
}
