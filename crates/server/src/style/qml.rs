//! QGIS layer styles (QML) for the collections as QGIS opens them: from the GeoPackage itself.

use serde_json::Value;
use spatial::{Collection, GeometryType};

use super::{StyleClient, default, layers};

/// The QML text of a collection: one symbol in the collection's colour, or one a category where
/// its style picks the colour by `match` on a field; labels by the field that names a feature.
pub fn qml(collection: &Collection) -> String {
    let drawn = layers(collection, StyleClient::Qgis);
    let color = drawn
        .iter()
        .find_map(|layer| {
            let paint = &layer["paint"];
            ["fill-color", "circle-color", "line-color"]
                .iter()
                .find_map(|key| paint.get(*key).cloned())
        })
        .unwrap_or_else(|| Value::from(default::color(collection)));
    let renderer = match categories(&color) {
        Some((field, branches)) => categorized(collection.geometry_type, &field, &branches),
        None => {
            let color = color.as_str().unwrap_or_else(|| default::color(collection));
            format!(
                "<renderer-v2 type=\"singleSymbol\" forceraster=\"0\" symbollevels=\"0\">\n<symbols>\n{}</symbols>\n</renderer-v2>\n",
                symbol(collection.geometry_type, 0, color)
            )
        }
    };
    format!(
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n\
         <qgis version=\"3.22.0\" styleCategories=\"Symbology|Labeling\" labelsEnabled=\"{}\">\n{renderer}{}</qgis>\n",
        u8::from(default::label_field(collection).is_some()),
        labels(collection)
    )
}

/// Field and (value, colour) pairs of a `match` expression; the last pair is the fallback.
fn categories(color: &Value) -> Option<(String, Vec<(String, String)>)> {
    let [operator, input, branches @ .., fallback] = color.as_array()?.as_slice() else {
        return None;
    };
    if operator.as_str() != Some("match") {
        return None;
    }
    let field = input.as_array()?.get(1)?.as_str()?.to_owned();
    let mut pairs = Vec::new();
    for branch in branches.chunks_exact(2) {
        for label in branch[0].as_array()? {
            let label = label.as_str().map_or_else(|| label.to_string(), str::to_owned);
            pairs.push((label, branch[1].as_str()?.to_owned()));
        }
    }
    pairs.push((String::new(), fallback.as_str()?.to_owned()));
    Some((field, pairs))
}

fn categorized(geometry_type: GeometryType, field: &str, branches: &[(String, String)]) -> String {
    let mut categories = String::new();
    let mut symbols = String::new();
    for (position, (value, color)) in branches.iter().enumerate() {
        let value = escape(value);
        categories.push_str(&format!(
            "<category value=\"{value}\" label=\"{value}\" symbol=\"{position}\" render=\"true\" type=\"string\"/>\n"
        ));
        symbols.push_str(&symbol(geometry_type, position, color));
    }
    format!(
        "<renderer-v2 type=\"categorizedSymbol\" attr=\"{}\" forceraster=\"0\" symbollevels=\"0\">\n\
         <categories>\n{categories}</categories>\n<symbols>\n{symbols}</symbols>\n</renderer-v2>\n",
        escape(field)
    )
}

fn symbol(geometry_type: GeometryType, name: usize, color: &str) -> String {
    let (r, g, b) = rgb(color);
    let (kind, class, properties) = match geometry_type {
        GeometryType::Point | GeometryType::MultiPoint => (
            "marker",
            "SimpleMarker",
            format!(
                "<prop k=\"color\" v=\"{r},{g},{b},255\"/><prop k=\"name\" v=\"circle\"/>\
                 <prop k=\"outline_color\" v=\"255,255,255,255\"/><prop k=\"size\" v=\"1.8\"/>"
            ),
        ),
        GeometryType::LineString | GeometryType::MultiLineString => (
            "line",
            "SimpleLine",
            format!(
                "<prop k=\"line_color\" v=\"{r},{g},{b},255\"/><prop k=\"line_width\" v=\"0.4\"/>"
            ),
        ),
        GeometryType::Polygon | GeometryType::MultiPolygon | GeometryType::Any => (
            "fill",
            "SimpleFill",
            format!(
                "<prop k=\"color\" v=\"{r},{g},{b},90\"/><prop k=\"style\" v=\"solid\"/>\
                 <prop k=\"outline_color\" v=\"{r},{g},{b},255\"/><prop k=\"outline_width\" v=\"0.2\"/>"
            ),
        ),
    };
    format!(
        "<symbol type=\"{kind}\" name=\"{name}\" alpha=\"1\" clip_to_extent=\"1\">\
         <layer class=\"{class}\" enabled=\"1\" locked=\"0\" pass=\"0\">{properties}</layer></symbol>\n"
    )
}

fn labels(collection: &Collection) -> String {
    let Some(field) = default::label_field(collection) else {
        return String::new();
    };
    format!(
        "<labeling type=\"simple\"><settings calloutType=\"simple\">\
         <text-style fieldName=\"{}\" isExpression=\"0\" fontSize=\"9\" textColor=\"51,51,51,255\">\
         <text-buffer bufferDraw=\"1\" bufferSize=\"0.8\" bufferColor=\"255,255,255,255\"/></text-style>\
         <placement placement=\"{}\"/><rendering scaleVisibility=\"1\" scaleMin=\"0\" scaleMax=\"50000\"/>\
         </settings></labeling>\n",
        escape(field),
        if matches!(collection.geometry_type, GeometryType::Point | GeometryType::MultiPoint) {
            6
        } else {
            0
        }
    )
}

/// Red, green, blue of `#rgb` or `#rrggbb`; mid grey for anything else.
fn rgb(color: &str) -> (u8, u8, u8) {
    let digits = color.strip_prefix('#').unwrap_or_default();
    let long: String = match digits.len() {
        3 => digits.chars().flat_map(|c| [c, c]).collect(),
        _ => digits.to_owned(),
    };
    let channel = |at: usize| {
        long.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()).unwrap_or(127)
    };
    (channel(0), channel(2), channel(4))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read() {
        for (text, expected) in [
            ("#0072b2", (0, 0x72, 0xb2)),
            ("#fff", (255, 255, 255)),
            ("red", (127, 127, 127)),
            ("", (127, 127, 127)),
        ] {
            assert_eq!(rgb(text), expected, "{text}");
        }
    }

    #[test]
    fn a_match_becomes_categories() {
        let color = serde_json::json!(["match", ["get", "state"], ["open"], "#f00", "#999"]);
        let (field, pairs) = categories(&color).unwrap_or_default();
        assert_eq!(field, "state");
        assert_eq!(pairs, [("open".into(), "#f00".into()), (String::new(), "#999".into())]);
    }
}
