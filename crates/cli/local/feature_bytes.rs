//! Features as bytes: for each its geometry in GeoPackage binary, length first (u32, `u32::MAX`
//! for none), then its values ([`spatial::value_bytes`]). A message is shorter than 4 GB, so that
//! every length fits.

use spatial::value_bytes::{push_counted, push_value, take, take_array, take_value};
use spatial::{Feature, gpb};

const NO_GEOMETRY: u32 = u32::MAX;

/// Appends `feature`.
pub(super) fn encode(feature: &Feature, out: &mut Vec<u8>) {
    match &feature.geometry {
        None => out.extend_from_slice(&NO_GEOMETRY.to_le_bytes()),
        Some(geometry) => push_counted(out, &gpb::encode(geometry, 0)),
    }
    for value in &feature.properties {
        push_value(out, value);
    }
}

/// The features in `bytes`, each of `fields` values; none when the bytes are no such features.
pub(super) fn decode(mut bytes: &[u8], fields: usize) -> Option<Vec<Feature>> {
    let rest = &mut bytes;
    let mut features = Vec::new();
    while !rest.is_empty() {
        let geometry = match u32::from_le_bytes(take_array(rest)?) {
            NO_GEOMETRY => None,
            length => Some(gpb::decode(take(rest, length as usize)?).ok()?.1.geometry),
        };
        let mut properties = Vec::with_capacity(fields);
        for _ in 0..fields {
            properties.push(take_value(rest)?);
        }
        features.push(Feature { id: None, geometry, properties });
    }
    Some(features)
}
