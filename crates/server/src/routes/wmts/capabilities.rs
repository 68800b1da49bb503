//! The service metadata of WMTS 1.0.0: layers with their limits, and the grids.
//!
//! Corners are in the axis order of their CRS, scale denominators those of OGC's pixel of 0.28 mm.

use engine::Engine;
use spatial::CollectionSnapshot;
use tile::TileMatrixSet;

use super::{CAPABILITIES, DATASET, STYLE, VERSION};
use crate::access::UrlToken;
use crate::crs_uri;
use crate::query_string::encode;
use crate::routes::tile_layers::{all, extent_of};
use crate::routes::tile_limits::limits;
use crate::routes::tile_matrix_sets::TILE_PIXELS;
use crate::routes::tiles::MVT;
use crate::xml::Xml;

/// The capabilities of a server that is reached at `base`; its URLs carry the token that the
/// capabilities were asked for by, because clients ask for tiles by them as they are.
pub fn document(engine: &Engine, base: &str, token: &UrlToken) -> Vec<u8> {
    let snapshot = engine.snapshot();
    let mut document = Xml::new();
    let root = [
        ("xmlns", "http://www.opengis.net/wmts/1.0"),
        ("xmlns:ows", "http://www.opengis.net/ows/1.1"),
        ("xmlns:xlink", "http://www.w3.org/1999/xlink"),
        ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
        (
            "xsi:schemaLocation",
            "http://www.opengis.net/wmts/1.0 \
             http://schemas.opengis.net/wmts/1.0/wmtsGetCapabilities_response.xsd",
        ),
        ("version", VERSION),
    ];
    document.element("Capabilities", &root, |xml| {
        xml.element("ows:ServiceIdentification", &[], |xml| {
            xml.text("ows:Title", "Tuban 图斑");
            xml.text("ows:ServiceType", "OGC WMTS");
            xml.text("ows:ServiceTypeVersion", VERSION);
        });
        xml.element("ows:OperationsMetadata", &[], |xml| {
            let by_key = token.before_more("/wmts?");
            let whole = token.append(CAPABILITIES);
            let ways = [("KVP", by_key.as_str()), ("RESTful", &whole)];
            operation(xml, "GetCapabilities", &ways, base);
            operation(xml, "GetTile", &ways[..1], base);
        });
        xml.element("Contents", &[], |xml| {
            layer(
                xml,
                &Layer {
                    id: DATASET,
                    title: "Tuban 图斑",
                    about: "all collections",
                    of: all(&snapshot),
                },
                (engine, base, token),
            );
            for held in snapshot.collections.values() {
                let collection = held.collection();
                let id = collection.id.as_str();
                // Its tiles are those of the dataset, under the same name.
                if id == DATASET {
                    continue;
                }
                let (title, about) = (&collection.title, &collection.description);
                let described = Layer { id, title, about, of: vec![held] };
                layer(xml, &described, (engine, base, token));
            }
            for set in engine.matrix_sets().iter() {
                matrix_set(xml, set);
            }
        });
        let own = token.append(&format!("{base}{CAPABILITIES}"));
        xml.empty("ServiceMetadataURL", &[("xlink:href", &own)]);
    });
    document.finish()
}

/// An operation with the ways to ask for it: the encoding and the path of each.
fn operation(xml: &mut Xml, name: &str, ways: &[(&str, &str)], base: &str) {
    xml.element("ows:Operation", &[("name", name)], |xml| {
        xml.element("ows:DCP", &[], |xml| {
            xml.element("ows:HTTP", &[], |xml| {
                for (encoding, path) in ways {
                    let href = format!("{base}{path}");
                    xml.element("ows:Get", &[("xlink:href", &href)], |xml| {
                        xml.element("ows:Constraint", &[("name", "GetEncoding")], |xml| {
                            xml.element("ows:AllowedValues", &[], |xml| {
                                xml.text("ows:Value", encoding);
                            });
                        });
                    });
                }
            });
        });
    });
}

/// A layer and what its tiles show.
struct Layer<'a> {
    id: &'a str,
    title: &'a str,
    about: &'a str,
    of: Vec<&'a CollectionSnapshot>,
}

fn layer(xml: &mut Xml, layer: &Layer<'_>, (engine, base, token): (&Engine, &str, &UrlToken)) {
    xml.element("Layer", &[], |xml| {
        xml.text("ows:Title", layer.title);
        if !layer.about.is_empty() {
            xml.text("ows:Abstract", layer.about);
        }
        if let Some(extent) = extent_of(&layer.of) {
            // Longitude first, whatever the grids are.
            xml.element("ows:WGS84BoundingBox", &[], |xml| {
                xml.text("ows:LowerCorner", &format!("{} {}", extent.min_x, extent.min_y));
                xml.text("ows:UpperCorner", &format!("{} {}", extent.max_x, extent.max_y));
            });
        }
        xml.text("ows:Identifier", layer.id);
        xml.element("Style", &[("isDefault", "true")], |xml| {
            xml.text("ows:Title", "no style: vector tiles are styled by who draws them");
            xml.text("ows:Identifier", STYLE);
        });
        xml.text("Format", MVT);
        for set in engine.matrix_sets().iter() {
            xml.element("TileMatrixSetLink", &[], |xml| {
                xml.text("TileMatrixSet", set.id);
                let limits = limits(engine, set, &layer.of);
                if limits.is_empty() {
                    return;
                }
                xml.element("TileMatrixSetLimits", &[], |xml| {
                    for range in limits {
                        let [rows, cols] = range.ends();
                        xml.element("TileMatrixLimits", &[], |xml| {
                            xml.text("TileMatrix", &set.matrix_id(range.zoom()));
                            xml.text("MinTileRow", &rows.0.to_string());
                            xml.text("MaxTileRow", &rows.1.to_string());
                            xml.text("MinTileCol", &cols.0.to_string());
                            xml.text("MaxTileCol", &cols.1.to_string());
                        });
                    }
                });
            });
        }
        // The style stands in the template: clients differ in how they write its variable.
        let id = encode(layer.id);
        let template = token.append(&format!(
            "{base}/wmts/{VERSION}/{id}/{STYLE}/{{TileMatrixSet}}/{{TileMatrix}}/{{TileRow}}/{{TileCol}}.mvt"
        ));
        xml.empty(
            "ResourceURL",
            &[("format", MVT), ("resourceType", "tile"), ("template", &template)],
        );
    });
}

fn matrix_set(xml: &mut Xml, set: &TileMatrixSet) {
    let [first, second] = set.in_axis_order(set.origin);
    let corner = format!("{first} {second}");
    xml.element("TileMatrixSet", &[], |xml| {
        xml.text("ows:Title", set.title);
        xml.text("ows:Identifier", set.id);
        xml.text("ows:SupportedCRS", &crs_uri::urn(set.crs));
        if let Some(scales) = set.scale_set {
            xml.text("WellKnownScaleSet", &crs_uri::scale_set_urn(scales));
        }
        for zoom in set.zooms() {
            xml.element("TileMatrix", &[], |xml| {
                xml.text("ows:Identifier", &set.matrix_id(zoom));
                xml.text("ScaleDenominator", &set.scale_denominator(zoom).to_string());
                xml.text("TopLeftCorner", &corner);
                xml.text("TileWidth", &TILE_PIXELS.to_string());
                xml.text("TileHeight", &TILE_PIXELS.to_string());
                xml.text("MatrixWidth", &set.matrix_width(zoom).to_string());
                xml.text("MatrixHeight", &set.matrix_height(zoom).to_string());
            });
        }
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use tile::{CGCS2000_GK117_QUAD, CGCS2000_QUAD, WEB_MERCATOR_QUAD, WORLD_CRS84_QUAD};

    use super::*;

    /// The corner in the order of the authority's axes, the scale at 0.28 mm, first and last matrix.
    #[test]
    fn a_grid_is_said_in_the_words_of_wmts() {
        let cases = [
            (
                &WEB_MERCATOR_QUAD,
                "urn:ogc:def:crs:EPSG::3857",
                "-20037508.342789244 20037508.342789244",
                ["0", "22"],
                [1, 1],
            ),
            (&WORLD_CRS84_QUAD, "urn:ogc:def:crs:OGC:1.3:CRS84", "-180 90", ["0", "17"], [2, 1]),
            (&CGCS2000_QUAD, "urn:ogc:def:crs:EPSG::4490", "90 -180", ["1", "21"], [2, 1]),
            (
                &CGCS2000_GK117_QUAD,
                "urn:ogc:def:crs:EPSG::4548",
                "8388608 -3694304",
                ["0", "20"],
                [1, 1],
            ),
        ];
        for (set, crs, corner, [first, last], [width, height]) in cases {
            let mut xml = Xml::new();
            matrix_set(&mut xml, set);
            let text = String::from_utf8(xml.finish()).unwrap();
            let element = |name: &str, value: &str| format!("<{name}>{value}</{name}>");
            for part in [
                element("ows:SupportedCRS", crs),
                element("TopLeftCorner", corner),
                element("ows:Identifier", first),
                element("ows:Identifier", last),
                element("MatrixWidth", &width.to_string()),
                element("MatrixHeight", &height.to_string()),
            ] {
                assert!(text.contains(&part), "{part} in {text}");
            }
            assert_eq!(text.matches("<TileMatrix>").count(), set.zooms().count(), "{}", set.id);
            let first_id = text.find(&element("ows:Identifier", first)).unwrap();
            let first_matrix = &text[first_id..];
            let scale =
                element("ScaleDenominator", &set.scale_denominator(set.min_zoom()).to_string());
            assert!(first_matrix.find(&scale).unwrap() < 200, "{scale} in {first_matrix}");
        }
        let mut xml = Xml::new();
        matrix_set(&mut xml, &CGCS2000_QUAD);
        let text = String::from_utf8(xml.finish()).unwrap();
        assert!(text.contains("<ScaleDenominator>279541132.0143589</ScaleDenominator>"), "{text}");
    }
}
