//! The JSON of Esri's vector tile services: catalogue, metadata, style, and glyphs that there are
//! none of.

use serde_json::{Value, json};
use spatial::{Collection, Envelope};

use super::service::{Service, path, spatial_reference};
use crate::routes::tilejson::attribution;
use crate::state::App;
use crate::style::{self, StyleClient};

/// The version of ArcGIS Server whose form this is.
const CURRENT_VERSION: f64 = 10.81;
/// Pixels along one side of a tile by which Esri reckons resolutions.
const TILE_PIXELS: u32 = 512;
/// Esri's pixels an inch.
const DPI: u32 = 96;
/// Inches a metre, as Esri counts them.
const INCHES: f64 = 39.37;

/// What a client asks first: whether it has to log in.
pub fn info() -> Value {
    json!({
        "currentVersion": CURRENT_VERSION,
        "fullVersion": "10.8.1",
        "authInfo": { "isTokenBasedSecurity": false }
    })
}

/// All services.
pub fn catalogue(app: &App, base: &str) -> Value {
    let services: Vec<Value> = Service::all(app, &app.engine.snapshot())
        .iter()
        .map(|name| {
            let url = format!("{base}{}", path(name));
            json!({ "name": name, "type": "VectorTileServer", "url": url })
        })
        .collect();
    json!({ "currentVersion": CURRENT_VERSION, "folders": [], "services": services })
}

/// The metadata of a service.
pub fn metadata(service: &Service<'_>) -> Value {
    let (first, last) = service.levels();
    let extent = extent(service);
    // Level 0 is there always: clients reckon the whole grid from it. The last is the deepest that
    // has tiles, beyond which they are enlarged: so no largest scale either.
    let lods: Vec<Value> = (0..=last).map(|level| lod(service, level)).collect();
    let min_scale = if first == 0 { json!(0) } else { lods[usize::from(first)]["scale"].clone() };
    let [x, y] = service.set.origin;
    json!({
        "currentVersion": CURRENT_VERSION,
        "name": service.name(),
        "copyrightText": attribution(&service.layers),
        "capabilities": "TilesOnly",
        "type": "indexedVector",
        "defaultStyles": "resources/styles",
        "tiles": ["tile/{z}/{y}/{x}.pbf"],
        "exportTilesAllowed": false,
        "initialExtent": extent,
        "fullExtent": extent,
        "minScale": min_scale,
        "maxScale": 0,
        "tileInfo": {
            "rows": TILE_PIXELS,
            "cols": TILE_PIXELS,
            "dpi": DPI,
            "format": "pbf",
            "origin": { "x": x, "y": y },
            "spatialReference": spatial_reference(service.set),
            "lods": lods
        },
        "resourceInfo": { "styleVersion": 8, "tileCompression": "gzip" },
        "minzoom": first,
        "maxzoom": last,
        "minLOD": first,
        "maxLOD": last
    })
}

/// The level at which the side of the grid is 2^`level` tiles.
fn lod(service: &Service<'_>, level: u8) -> Value {
    let side = f64::from(TILE_PIXELS) * f64::from(level).exp2();
    let resolution = service.set.width / side;
    let scale = resolution * service.set.metres_per_unit * f64::from(DPI) * INCHES;
    json!({ "level": level, "resolution": resolution, "scale": scale })
}

fn extent(service: &Service<'_>) -> Value {
    let Envelope { min_x, min_y, max_x, max_y } = service.extent();
    json!({
        "xmin": min_x,
        "ymin": min_y,
        "xmax": max_x,
        "ymax": max_y,
        "spatialReference": spatial_reference(service.set)
    })
}

/// The style of a service. In the subset that QGIS reads, which the others read too: clients find
/// it by its path alone and say nothing of themselves.
pub fn style(service: &Service<'_>) -> Value {
    let collections: Vec<&Collection> =
        service.layers.iter().map(|layer| layer.collection().as_ref()).collect();
    let mut document = style::document(&service.name(), &collections, StyleClient::Qgis, "", "");
    if let Some(layers) = document["layers"].as_array_mut() {
        for layer in layers.iter_mut() {
            layer["source"] = json!("esri");
        }
    }
    document["glyphs"] = json!("../fonts/{fontstack}/{range}.pbf");
    document["sources"] = match collections.is_empty() {
        true => json!({}),
        // Where the metadata lies, seen from `resources/styles/root.json`.
        false => json!({ "esri": { "type": "vector", "url": "../../" } }),
    };
    document
}

/// Glyphs of MapLibre's form (`message glyphs`): one stack with a name and a range, and no glyph.
pub fn no_glyphs(stack: &str, range: &str) -> Vec<u8> {
    let mut fontstack = Vec::new();
    bytes_field(&mut fontstack, 1, stack.as_bytes());
    bytes_field(&mut fontstack, 2, range.as_bytes());
    let mut glyphs = Vec::new();
    bytes_field(&mut glyphs, 1, &fontstack);
    glyphs
}

/// A field of protobuf's wire type 2.
fn bytes_field(message: &mut Vec<u8>, number: u8, value: &[u8]) {
    message.push(number << 3 | 2);
    let mut length = value.len();
    while length >= 0x80 {
        message.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    message.push(length as u8);
    message.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use spatial::WorldBox;
    use tile::{CGCS2000_GK117_QUAD, CGCS2000_QUAD, TileMatrixSet, WORLD_CRS84_QUAD};

    use super::*;

    fn on(set: &'static TileMatrixSet) -> Value {
        metadata(&Service {
            subject: "all".to_owned(),
            set,
            layers: Vec::new(),
            area: WorldBox::EMPTY,
        })
    }

    /// The numbers that QGIS and ArcGIS place 天地图's grid "c" by: levels are its own, and level 0
    /// is the square of 360 degrees that its first two tiles are the upper half of.
    #[test]
    fn longitude_and_latitude_have_the_levels_of_tianditu() {
        let document = on(&CGCS2000_QUAD);
        let info = &document["tileInfo"];
        assert_eq!(info["origin"], json!({ "x": -180.0, "y": 90.0 }));
        assert_eq!(info["spatialReference"], json!({ "wkid": 4490, "latestWkid": 4490 }));
        let lods = info["lods"].as_array().unwrap();
        assert_eq!(lods.len(), 22);
        for (level, lod) in lods.iter().enumerate() {
            assert_eq!(lod["level"], level);
            assert_eq!(lod["resolution"], 0.703_125 / (level as f64).exp2());
        }
        let scale = lods[1]["scale"].as_f64().unwrap();
        assert!((scale / (295_828_763.795_777_5 / 2.0) - 1.0).abs() < 1e-9, "{scale}");
        assert_eq!((&document["minzoom"], &document["maxzoom"]), (&json!(1), &json!(21)));
        let extent = &document["fullExtent"];
        for (side, degrees) in [("xmin", -180.0), ("ymin", -90.0), ("xmax", 180.0), ("ymax", 90.0)]
        {
            assert_eq!(extent[side], degrees, "{side}");
        }
    }

    #[test]
    fn grids_are_named_by_the_numbers_of_their_systems() {
        for (set, wkid, x, y) in [
            (&WORLD_CRS84_QUAD, 4326, -180.0, 90.0),
            (&CGCS2000_GK117_QUAD, 4548, -3_694_304.0, 8_388_608.0),
        ] {
            let document = on(set);
            let info = &document["tileInfo"];
            assert_eq!(info["spatialReference"]["latestWkid"], wkid);
            assert_eq!(info["origin"], json!({ "x": x, "y": y }), "east first, whatever the axes");
            assert_eq!(document["fullExtent"]["spatialReference"], info["spatialReference"]);
            assert_eq!(document["name"], format!("all@{}", set.id));
        }
    }
}
