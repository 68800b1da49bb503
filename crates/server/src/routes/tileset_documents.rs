//! Tilesets as documents: the list and the metadata of OGC 20-057 and 17-083r4.
//!
//! Every link of a list item but the template answers JSON: clients follow them all.

use engine::{Engine, Labels, label_layer};
use serde_json::{Map, Value, json};
use spatial::{CollectionSnapshot, Field, FieldType, GeometryType, Zooms};
use tile::TileMatrixSet;
use tile::labels::RADIUS;

use super::extent::lon_lat_extent;
use super::tile_layers::{extent_of, fields_in_tiles, joined, label_title, with_labels};
use super::tile_limits::limits;
use super::tile_selection::LABELS;
use super::tilejson::{attribution, fitting_zoom};
use super::tiles::MVT;
use super::{vector_tile_server, wmts};
use crate::html::PageMap;
use crate::links::{REL, link};
use crate::negotiate::JSON;
use crate::query_string::encode;

const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

/// Tiles of the dataset or of one collection, in any tile matrix set.
#[derive(Debug)]
pub struct Tileset<'a> {
    /// What knows the grids.
    pub engine: &'a Engine,
    /// Start of every link.
    pub base: &'a str,
    /// What the tiles show, in order.
    pub layers: Vec<&'a CollectionSnapshot>,
    /// What the limits come from. A selection changes what the tiles of the dataset show, not which
    /// tiles there are: clients add `collections` to the template of the whole dataset.
    pub bounds: Vec<&'a CollectionSnapshot>,
    /// What a reader sees.
    pub title: String,
    /// Path of the list of tilesets, with a slash before and none behind.
    pub path: String,
    /// Query that selects some collections of the dataset, escaped.
    pub selection: Option<String>,
    /// Whether the tiles have layers of label points.
    pub labels: Labels,
}

impl Tileset<'_> {
    /// Absolute link to `end` below the list, which starts with a slash or is empty.
    fn href(&self, end: &str) -> String {
        let labels = (self.labels == Labels::With).then(|| format!("{LABELS}=true"));
        let query: Vec<String> = self.selection.clone().into_iter().chain(labels).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{}{end}{mark}{}", self.base, self.path, query.join("&"))
    }

    /// URI template of the tiles in `set`.
    pub fn template(&self, set: &TileMatrixSet) -> String {
        self.href(&format!("/{}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", encode(set.id)))
    }

    /// The list of tilesets, one a tile matrix set; `links` are of the list itself.
    pub fn list_document(&self, links: Vec<Value>) -> Value {
        let sets = self.engine.matrix_sets().iter();
        let tilesets: Vec<Value> = sets.map(|set| self.item(set)).collect();
        json!({ "title": self.title, "links": links, "tilesets": tilesets })
    }

    fn item(&self, set: &TileMatrixSet) -> Value {
        let here = self.href(&format!("/{}", encode(set.id)));
        let mut item = self.identity(set);
        item["links"] = json!([
            link("self", JSON.media_type, &here, "the tileset"),
            self.tiling_scheme(set),
            self.tiles(set)
        ]);
        item
    }

    /// The metadata of the tileset in `set`; `links` are of the document itself.
    pub fn document(&self, set: &TileMatrixSet, mut links: Vec<Value>) -> Value {
        let mut document = self.identity(set);
        document["mediaTypes"] = json!([MVT]);
        let points = with_labels(&self.layers, self.labels);
        document["layers"] = self
            .layers
            .iter()
            .map(|layer| layer_document(layer, set))
            .chain(points.map(|layer| label_document(layer, set)))
            .collect();
        let attribution = attribution(&self.layers);
        if !attribution.is_empty() {
            document["attribution"] = json!(attribution);
        }
        if let Some(extent) = extent_of(&self.layers) {
            let [lon, lat] = extent.center();
            let zooms = || self.layers.iter().map(|layer| set.drawn(layer.collection().zooms));
            let first = zooms().map(|zooms| *zooms.start()).min().unwrap_or(set.min_zoom());
            let last = zooms().map(|zooms| *zooms.end()).max().unwrap_or(set.min_zoom());
            let fitting = fitting_zoom(&extent);
            let fitting = *set.drawn(Zooms { min: fitting, max: fitting }).start();
            let zoom = fitting.clamp(first.min(last), last.max(set.min_zoom()));
            document["boundingBox"] = json!({
                "lowerLeft": [extent.min_x, extent.min_y],
                "upperRight": [extent.max_x, extent.max_y],
                "crs": CRS84
            });
            document["centerPoint"] = json!({
                "coordinates": [lon, lat],
                "crs": CRS84,
                "tileMatrix": set.matrix_id(zoom),
                "scaleDenominator": set.scale_denominator(zoom),
                "cellSize": set.cell_size(zoom)
            });
        }
        links.extend([self.tiling_scheme(set), self.tiles(set), self.geodata()]);
        links.extend(self.facades(set));
        document["links"] = json!(links);
        document
    }

    /// What the list and the metadata say alike.
    fn identity(&self, set: &TileMatrixSet) -> Value {
        let limits: Vec<Value> = limits(self.engine, set, &self.bounds)
            .iter()
            .map(|range| range.document(set))
            .collect();
        let mut identity = json!({
            "title": self.title,
            "dataType": "vector",
            "crs": set.crs,
            "tileMatrixSetId": set.id,
            "tileMatrixSetLimits": limits
        });
        // Only a set of the register has one.
        if let Some(uri) = set.uri {
            identity["tileMatrixSetURI"] = json!(uri);
        }
        identity
    }

    fn definition(&self, set: &TileMatrixSet) -> String {
        format!("{}/tileMatrixSets/{}", self.base, encode(set.id))
    }

    fn tiling_scheme(&self, set: &TileMatrixSet) -> Value {
        link(&format!("{REL}/tiling-scheme"), JSON.media_type, &self.definition(set), set.title)
    }

    fn tiles(&self, set: &TileMatrixSet) -> Value {
        let mut tiles = link("item", MVT, &self.template(set), "tiles: zoom, row, column");
        tiles["templated"] = json!(true);
        tiles
    }

    /// The map of a page about the tiles, in the style of the layers; none without a layer.
    pub fn page_map(&self) -> Option<PageMap> {
        let ids = self.layers.iter().map(|layer| layer.collection().id.as_str());
        let bounds = extent_of(&self.layers).map(|e| [e.min_x, e.min_y, e.max_x, e.max_y]);
        (!self.layers.is_empty()).then(|| PageMap { collection: joined(ids), bounds, items: None })
    }

    /// Other interfaces that answer the same tiles; they know nothing of selections.
    fn facades(&self, set: &TileMatrixSet) -> Vec<Value> {
        if self.selection.is_some() {
            return Vec::new();
        }
        let related = |media_type: &str, path: &str, title: &str| {
            link("related", media_type, &format!("{}{path}", self.base), title)
        };
        let wmts = related(wmts::XML.media_type, wmts::CAPABILITIES, "these tiles by WMTS");
        let subject = match self.layers.as_slice() {
            [layer] if self.path != "/tiles" => layer.collection().id.as_str(),
            _ => vector_tile_server::DATASET,
        };
        let esri = vector_tile_server::path_on(subject, set);
        let esri =
            esri.map(|path| related(JSON.media_type, &path, "these tiles for ArcGIS and QGIS"));
        std::iter::once(wmts).chain(esri).collect()
    }

    /// The data that the tiles are made of.
    fn geodata(&self) -> Value {
        let path = self.path.strip_suffix("/tiles").filter(|path| !path.is_empty());
        let href = format!("{}{}", self.base, path.unwrap_or("/collections"));
        link(&format!("{REL}/geodata"), JSON.media_type, &href, "the data behind the tiles")
    }
}

fn layer_document(layer: &CollectionSnapshot, set: &TileMatrixSet) -> Value {
    let collection = layer.collection();
    let zooms = set.drawn(collection.zooms);
    let properties: Map<String, Value> = fields_in_tiles(collection)
        .map(|field| (field.name.clone(), property_schema(field)))
        .collect();
    let mut document = json!({
        "id": collection.id.as_str(),
        "title": collection.title,
        "dataType": "vector",
        "minTileMatrix": set.matrix_id(*zooms.start()),
        "maxTileMatrix": set.matrix_id(*zooms.end()),
        "propertiesSchema": { "type": "object", "properties": properties }
    });
    for (member, text) in
        [("description", &collection.description), ("attribution", &collection.attribution)]
    {
        if !text.is_empty() {
            document[member] = json!(text);
        }
    }
    if let Some(dimension) = geometry_dimension(collection.geometry_type) {
        document["geometryDimension"] = json!(dimension);
    }
    if let Some(extent) = lon_lat_extent(layer) {
        document["boundingBox"] = json!({
            "lowerLeft": [extent.min_x, extent.min_y],
            "upperRight": [extent.max_x, extent.max_y],
            "crs": CRS84
        });
    }
    document
}

fn label_document(layer: &CollectionSnapshot, set: &TileMatrixSet) -> Value {
    let mut document = layer_document(layer, set);
    document["id"] = json!(label_layer(&layer.collection().id));
    document["title"] = json!(label_title(layer.collection()));
    document["geometryDimension"] = json!(0);
    document["propertiesSchema"]["properties"][RADIUS] = json!({
        "type": "integer",
        "title": "radius of the largest circle inside, in units of the tile (4096 a side)"
    });
    document
}

/// Dimension of a geometry as OGC counts it; absent where features of several may occur.
fn geometry_dimension(geometry_type: GeometryType) -> Option<u8> {
    match geometry_type {
        GeometryType::Point | GeometryType::MultiPoint => Some(0),
        GeometryType::LineString | GeometryType::MultiLineString => Some(1),
        GeometryType::Polygon | GeometryType::MultiPolygon => Some(2),
        GeometryType::Any => None,
    }
}

/// JSON Schema of an attribute in a tile.
pub fn property_schema(field: &Field) -> Value {
    let mut schema = match field.field_type {
        FieldType::Bool => json!({ "type": "boolean" }),
        FieldType::Int => json!({ "type": "integer" }),
        FieldType::Real => json!({ "type": "number" }),
        FieldType::Text | FieldType::Bytes => json!({ "type": "string" }),
        FieldType::Date => json!({ "type": "string", "format": "date" }),
        FieldType::DateTime => json!({ "type": "string", "format": "date-time" }),
    };
    if let Some(alias) = &field.alias {
        schema["title"] = json!(alias);
    }
    schema
}
