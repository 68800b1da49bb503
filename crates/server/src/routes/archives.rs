//! Archives as documents: as collections without features, as tilesets, as TileJSON.

use axum::response::Response;
use formats::ArchiveFacts;
use serde_json::{Value, json};
use tile::{TileMatrixSet, WEB_MERCATOR_QUAD};

use super::answers;
use super::archive_tiles::{archive_set, limits};
use crate::archives::Archive;
use crate::asked::Asked;
use crate::links::{REL, link, self_and_alternates};
use crate::negotiate::{HTML, JSON, TILEJSON, choose};
use crate::problem::Problem;
use crate::query_string::encode;

const WEB_MERCATOR: &str = WEB_MERCATOR_QUAD.id;
const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

/// What the collections document says of an archive, without the links `self` and `alternate`.
pub fn described(base: &str, archive: &Archive) -> Value {
    let facts = archive.facts();
    let here = format!("{base}{}", path(archive));
    json!({
        "id": archive.id().as_str(),
        "title": facts.name,
        "description": facts.description,
        "attribution": facts.attribution,
        "dataType": data_type(&facts),
        "extent": { "spatial": { "bbox": [facts.bounds] } },
        "minzoom": facts.zooms.0,
        "maxzoom": facts.zooms.1,
        "links": [
            link(&tilesets(&facts), JSON.media_type, &format!("{here}/tiles"), "tiles"),
            link(
                "alternate",
                TILEJSON.media_type,
                &format!("{here}/tiles/{WEB_MERCATOR}?f=tilejson"),
                "TileJSON"
            ),
        ]
    })
}

/// Relation of a list of tilesets of this kind.
pub fn tilesets(facts: &ArchiveFacts) -> String {
    format!("{REL}/tilesets-{}", data_type(facts))
}

/// Path of an archive among the collections.
pub fn path(archive: &Archive) -> String {
    format!("/collections/{}", encode(archive.id().as_str()))
}

/// `GET /collections/{archive}/tiles`
pub fn tileset_list(asked: &Asked, archive: &Archive) -> Result<Response, Problem> {
    let offers = [&JSON, &HTML];
    let chosen = asked.format(&offers)?;
    let facts = archive.facts();
    let here = format!("{}{}/tiles/{WEB_MERCATOR}", asked.base, path(archive));
    let mut item = identity(&facts, &WEB_MERCATOR_QUAD);
    item["links"] = json!([
        link("self", JSON.media_type, &here, "the tileset"),
        tiling_scheme(&asked.base, &WEB_MERCATOR_QUAD),
        tiles(&here, &facts)
    ]);
    let body = json!({
        "title": facts.name,
        "links": self_and_alternates(asked, chosen, &offers),
        "tilesets": [item]
    });
    Ok(answers::document(asked, chosen, &facts.name, &body))
}

/// `GET /collections/{archive}/tiles/{tileMatrixSetId}`
pub fn tileset(asked: &Asked, archive: &Archive, set: &str) -> Result<Response, Problem> {
    let set = archive_set(set)?;
    let offers = [&JSON, &TILEJSON, &HTML];
    let chosen = choose(asked.query(&["f"])?.value("f"), &asked.headers, &offers)?;
    let facts = archive.facts();
    let body = if chosen == &TILEJSON {
        tilejson(&asked.base, archive)
    } else {
        document(asked, archive, set, self_and_alternates(asked, chosen, &offers))
    };
    Ok(answers::document(asked, chosen, &facts.name, &body))
}

fn document(asked: &Asked, archive: &Archive, set: &TileMatrixSet, mut links: Vec<Value>) -> Value {
    let facts = archive.facts();
    let [west, south, east, north] = facts.bounds;
    let mut body = identity(&facts, set);
    body["mediaTypes"] = json!([facts.tile_type.media_type()]);
    body["boundingBox"] =
        json!({ "lowerLeft": [west, south], "upperRight": [east, north], "crs": CRS84 });
    for (member, text) in [("description", &facts.description), ("attribution", &facts.attribution)]
    {
        if !text.is_empty() {
            body[member] = json!(text);
        }
    }
    if let Some((lon, lat, zoom)) = facts.center {
        body["centerPoint"] = json!({
            "coordinates": [lon, lat],
            "crs": CRS84,
            "tileMatrix": zoom.to_string(),
            "scaleDenominator": set.scale_denominator(zoom),
            "cellSize": set.cell_size(zoom)
        });
    }
    let layers = facts.vector_layers.iter().map(layer_document);
    if !facts.vector_layers.is_empty() {
        body["layers"] = layers.collect();
    }
    let here = format!("{}{}/tiles/{}", asked.base, path(archive), set.id);
    links.extend([tiling_scheme(&asked.base, set), tiles(&here, &facts)]);
    body["links"] = json!(links);
    body
}

/// A layer as TileJSON describes it, as OGC 17-083r4 does.
fn layer_document(layer: &Value) -> Value {
    let kind = |name: &Value| match name.as_str() {
        Some("Number") => "number",
        Some("Boolean") => "boolean",
        _ => "string",
    };
    let fields = layer["fields"].as_object().into_iter().flatten();
    let properties: serde_json::Map<String, Value> =
        fields.map(|(name, said)| (name.clone(), json!({ "type": kind(said) }))).collect();
    let mut body = json!({
        "id": layer["id"],
        "dataType": "vector",
        "propertiesSchema": { "type": "object", "properties": properties }
    });
    for (member, name) in [("minTileMatrix", "minzoom"), ("maxTileMatrix", "maxzoom")] {
        if let Some(zoom) = layer[name].as_u64() {
            body[member] = json!(zoom.to_string());
        }
    }
    if let Some(text) = layer["description"].as_str().filter(|text| !text.is_empty()) {
        body["description"] = json!(text);
    }
    body
}

/// TileJSON 3.0 of an archive.
pub fn tilejson(base: &str, archive: &Archive) -> Value {
    let facts = archive.facts();
    let id = encode(archive.id().as_str());
    let extension = facts.tile_type.extension();
    let mut body = json!({
        "tilejson": "3.0.0",
        "name": facts.name,
        "description": facts.description,
        "attribution": facts.attribution,
        "scheme": "xyz",
        "tiles": [format!("{base}/xyz/{id}/{{z}}/{{x}}/{{y}}.{extension}")],
        "minzoom": facts.zooms.0,
        "maxzoom": facts.zooms.1,
        "bounds": facts.bounds,
        "format": extension
    });
    if let Some((lon, lat, zoom)) = facts.center {
        body["center"] = json!([lon, lat, zoom]);
    }
    if !facts.tile_type.is_raster() {
        body["vector_layers"] = json!(facts.vector_layers);
    }
    body
}

/// What the list of tilesets and the metadata say alike.
fn identity(facts: &ArchiveFacts, set: &TileMatrixSet) -> Value {
    let limits = limits(facts.zooms, facts.bounds);
    json!({
        "title": facts.name,
        "dataType": data_type(facts),
        "crs": set.crs,
        "tileMatrixSetId": set.id,
        "tileMatrixSetURI": set.uri,
        "tileMatrixSetLimits": limits.iter().map(|range| range.document(set)).collect::<Vec<_>>()
    })
}

fn tiling_scheme(base: &str, set: &TileMatrixSet) -> Value {
    let href = format!("{base}/tileMatrixSets/{}", set.id);
    link(&format!("{REL}/tiling-scheme"), JSON.media_type, &href, set.title)
}

fn tiles(tileset: &str, facts: &ArchiveFacts) -> Value {
    let template = format!("{tileset}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}");
    let mut tiles =
        link("item", facts.tile_type.media_type(), &template, "tiles: zoom, row, column");
    tiles["templated"] = json!(true);
    tiles
}

/// What OGC calls the data of the tiles.
fn data_type(facts: &ArchiveFacts) -> &'static str {
    if facts.tile_type.is_raster() { "map" } else { "vector" }
}
