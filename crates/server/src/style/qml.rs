//! QGIS layer styles (QML) for the collections as QGIS opens them: from the GeoPackage itself.

use serde_json::Value;
use spatial::{Collection, FieldClass, GeometryType};

use super::{StyleClient, default, layers};

/// The QML text of a collection: one symbol with its style's colours, or one a category where the
/// style picks the colour by `match` on a field; labels by the field that names a feature.
pub fn qml(collection: &Collection) -> String {
    let look = Look::of(collection);
    let renderer = match categories(&look.color) {
        Some((field, branches)) => categorized(&look, &field, &branches),
        None => {
            let color = look.color.as_str().unwrap_or_else(|| default::color(collection));
            format!(
                "<renderer-v2 type=\"singleSymbol\" forceraster=\"0\" symbollevels=\"0\">\n<symbols>\n{}</symbols>\n</renderer-v2>\n",
                look.symbol(0, color)
            )
        }
    };
    with_renderer(collection, &renderer)
}

/// A line of the legend, and what is drawn so.
pub struct Drawn {
    /// What the legend says.
    pub label: String,
    /// An expression of QGIS; without one, what no other line draws.
    pub filter: Option<String>,
    /// `#rrggbb`
    pub colour: String,
}

/// The QML text of a collection that is drawn by rules: its own symbol in the colour of each line.
pub fn qml_by_rules(collection: &Collection, drawn: &[Drawn]) -> String {
    let look = Look::of(collection);
    let (mut rules, mut symbols) = (String::new(), String::new());
    for (position, one) in drawn.iter().enumerate() {
        let (filter, label) = (one.filter.as_deref().unwrap_or("ELSE"), escape(&one.label));
        rules.push_str(&format!(
            "<rule key=\"r{position}\" filter=\"{}\" label=\"{label}\" symbol=\"{position}\"/>\n",
            escape(filter)
        ));
        symbols.push_str(&look.symbol(position, &one.colour));
    }
    let renderer = format!(
        "<renderer-v2 type=\"RuleRenderer\" forceraster=\"0\" symbollevels=\"0\">\n\
         <rules key=\"root\">\n{rules}</rules>\n<symbols>\n{symbols}</symbols>\n</renderer-v2>\n"
    );
    with_renderer(collection, &renderer)
}

fn with_renderer(collection: &Collection, renderer: &str) -> String {
    format!(
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n\
         <qgis version=\"3.22.0\" styleCategories=\"Symbology|Labeling|Fields\" labelsEnabled=\"{}\">\n{renderer}{}{}</qgis>\n",
        u8::from(default::label_field(collection).is_some()),
        labels(collection),
        aliases(collection)
    )
}

/// What QGIS calls the fields. Those above L1 are named to nobody.
fn aliases(collection: &Collection) -> String {
    let mut aliases = String::from("<aliases>\n");
    for field in collection.fields.iter().filter(|field| field.class <= FieldClass::L1) {
        if let Some(alias) = &field.alias {
            let (name, alias) = (escape(&field.name), escape(alias));
            aliases.push_str(&format!("<alias field=\"{name}\" name=\"{alias}\"/>\n"));
        }
    }
    aliases.push_str("</aliases>\n");
    aliases
}

/// What a symbol of the collection is made of.
struct Look {
    geometry_type: GeometryType,
    /// A colour, or a `match` expression that picks one.
    color: Value,
    /// 0 where areas are not filled, 255 where nothing shows through.
    alpha: u8,
    outline: Option<String>,
}

impl Look {
    fn of(collection: &Collection) -> Self {
        let drawn = layers(collection, StyleClient::MapLibre);
        let paint = |kind: &str, key: &str| {
            let layer = drawn.iter().find(|layer| layer["type"] == kind)?;
            layer["paint"].get(key).cloned()
        };
        let areas = matches!(
            collection.geometry_type,
            GeometryType::Polygon | GeometryType::MultiPolygon | GeometryType::Any
        );
        let has_fill = drawn.iter().any(|layer| layer["type"] == "fill");
        let opacity = match (areas, has_fill) {
            (true, true) => paint("fill", "fill-opacity").and_then(|v| v.as_f64()).unwrap_or(1.0),
            (true, false) => 0.0,
            (false, _) => 1.0,
        };
        Self {
            geometry_type: collection.geometry_type,
            color: ["fill", "circle", "line"]
                .iter()
                .find_map(|kind| paint(kind, &format!("{kind}-color")))
                .unwrap_or_else(|| Value::from(default::color(collection))),
            alpha: (opacity.clamp(0.0, 1.0) * 255.0).round() as u8,
            outline: paint("line", "line-color").and_then(|v| v.as_str().map(str::to_owned)),
        }
    }

    fn symbol(&self, name: usize, color: &str) -> String {
        let (r, g, b) = rgb(color);
        let (kind, class, properties) = match self.geometry_type {
            GeometryType::Point | GeometryType::MultiPoint => (
                "marker",
                "SimpleMarker",
                format!(
                    "<prop k=\"color\" v=\"{r},{g},{b},255\"/><prop k=\"name\" v=\"circle\"/>\
                     <prop k=\"outline_color\" v=\"255,255,255,255\"/><prop k=\"size\" v=\"2.4\"/>"
                ),
            ),
            GeometryType::LineString | GeometryType::MultiLineString => (
                "line",
                "SimpleLine",
                format!(
                    "<prop k=\"line_color\" v=\"{r},{g},{b},255\"/><prop k=\"line_width\" v=\"0.4\"/>"
                ),
            ),
            GeometryType::Polygon | GeometryType::MultiPolygon | GeometryType::Any => {
                let (or, og, ob) = self.outline.as_deref().map_or((r, g, b), rgb);
                let fill = if self.alpha == 0 { "no" } else { "solid" };
                (
                    "fill",
                    "SimpleFill",
                    format!(
                        "<prop k=\"color\" v=\"{r},{g},{b},{}\"/><prop k=\"style\" v=\"{fill}\"/>\
                         <prop k=\"outline_color\" v=\"{or},{og},{ob},255\"/><prop k=\"outline_width\" v=\"0.3\"/>",
                        self.alpha
                    ),
                )
            }
        };
        format!(
            "<symbol type=\"{kind}\" name=\"{name}\" alpha=\"1\" clip_to_extent=\"1\">\
             <layer class=\"{class}\" enabled=\"1\" locked=\"0\" pass=\"0\">{properties}</layer></symbol>\n"
        )
    }
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
        let labels = branch[0].as_array().map_or(std::slice::from_ref(&branch[0]), Vec::as_slice);
        for label in labels {
            let label = label.as_str().map_or_else(|| label.to_string(), str::to_owned);
            pairs.push((label, branch[1].as_str()?.to_owned()));
        }
    }
    pairs.push((String::new(), fallback.as_str()?.to_owned()));
    Some((field, pairs))
}

fn categorized(look: &Look, field: &str, branches: &[(String, String)]) -> String {
    let mut categories = String::new();
    let mut symbols = String::new();
    for (position, (value, color)) in branches.iter().enumerate() {
        let value = escape(value);
        categories.push_str(&format!(
            "<category value=\"{value}\" label=\"{value}\" symbol=\"{position}\" render=\"true\" type=\"string\"/>\n"
        ));
        symbols.push_str(&look.symbol(position, color));
    }
    format!(
        "<renderer-v2 type=\"categorizedSymbol\" attr=\"{}\" forceraster=\"0\" symbollevels=\"0\">\n\
         <categories>\n{categories}</categories>\n<symbols>\n{symbols}</symbols>\n</renderer-v2>\n",
        escape(field)
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
        match collection.geometry_type {
            // QGIS's numbers: beside a point, along a line, over the middle of an area.
            GeometryType::Point | GeometryType::MultiPoint => 6,
            GeometryType::LineString | GeometryType::MultiLineString => 3,
            GeometryType::Polygon | GeometryType::MultiPolygon | GeometryType::Any => 1,
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
