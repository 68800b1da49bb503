//! A sketch of the ground as SVG, for a printed page: an outline, an area in it, points.
//!
//! Shapes are in longitude and latitude; the sketch stretches longitudes by the cosine of its middle
//! latitude, which is right for a town and no map of a country.

use std::collections::BTreeSet;
use std::fmt::Write;

use geo_types::{Geometry as Shape, LineString, Polygon};
use spatial::Geometry;

/// Width and greatest height of the drawing, in pixels.
const SIZE: f64 = 640.0;
/// Free space around it.
const MARGIN: f64 = 12.0;

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Sketch<'a> {
    /// What it shows, for readers who cannot see it; escaped here.
    pub title: &'a str,
    /// A polygon around it all.
    pub outline: Option<&'a Geometry>,
    /// A polygon that is marked.
    pub area: Option<&'a Geometry>,
    /// Positions, and whether each is done.
    pub points: &'a [([f64; 2], bool)],
}

struct Frame {
    west: f64,
    north: f64,
    stretch: f64,
    scale: f64,
    width: f64,
    height: f64,
}

impl Frame {
    fn around(positions: &[[f64; 2]]) -> Option<Self> {
        let finite = positions.iter().filter(|at| at.iter().all(|one| one.is_finite()));
        let bounds = finite.fold(None, |bounds: Option<[f64; 4]>, [x, y]| {
            let [west, south, east, north] = bounds.unwrap_or([*x, *y, *x, *y]);
            Some([west.min(*x), south.min(*y), east.max(*x), north.max(*y)])
        });
        let [west, south, east, north] = bounds?;
        let stretch = ((south + north) / 2.0).to_radians().cos().max(0.01);
        // A single position gets some ground around it.
        let (wide, high) = (((east - west) * stretch).max(1e-5), (north - south).max(1e-5));
        let scale = (SIZE - 2.0 * MARGIN) / wide.max(high);
        let side = |degrees: f64| degrees * scale + 2.0 * MARGIN;
        Some(Self { west, north, stretch, scale, width: side(wide), height: side(high) })
    }

    fn place(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [
            (x - self.west) * self.stretch * self.scale + MARGIN,
            (self.north - y) * self.scale + MARGIN,
        ]
    }

    fn path(&self, polygons: &[&Polygon]) -> String {
        let mut path = String::new();
        for ring in polygons.iter().flat_map(|one| rings(one)) {
            let mut begin = 'M';
            for at in ring.coords() {
                let [x, y] = self.place([at.x, at.y]);
                let _ = write!(path, "{begin}{x:.1} {y:.1}");
                begin = 'L';
            }
            path.push('Z');
        }
        path
    }
}

fn rings(polygon: &Polygon) -> impl Iterator<Item = &LineString> {
    std::iter::once(polygon.exterior()).chain(polygon.interiors())
}

fn polygons(geometry: Option<&Geometry>) -> Vec<&Polygon> {
    match geometry.map(|geometry| &geometry.shape) {
        Some(Shape::Polygon(one)) => vec![one],
        Some(Shape::MultiPolygon(many)) => many.iter().collect(),
        _ => Vec::new(),
    }
}

/// The sketch as an `svg` element; none when there is nothing to draw. Points that fall on one pixel
/// are drawn once.
pub fn svg(sketch: &Sketch<'_>) -> Option<String> {
    let (outline, area) = (polygons(sketch.outline), polygons(sketch.area));
    let mut positions: Vec<[f64; 2]> = sketch.points.iter().map(|(at, _)| *at).collect();
    let corners = outline.iter().chain(&area).flat_map(|one| one.exterior().coords());
    positions.extend(corners.map(|at| [at.x, at.y]));
    let frame = Frame::around(&positions)?;
    let title = sketch.title.replace('&', "&amp;").replace('<', "&lt;");
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{w:.0}\" height=\"{h:.0}\" \
         viewBox=\"0 0 {w:.0} {h:.0}\"><title>{title}</title>\n",
        w = frame.width,
        h = frame.height
    );
    for (shapes, style) in [
        (outline, "fill=\"#f7f7f2\" stroke=\"#333\" stroke-width=\"1.5\""),
        (
            area,
            "fill=\"#2e7d32\" fill-opacity=\"0.18\" stroke=\"#2e7d32\" stroke-dasharray=\"5 3\"",
        ),
    ] {
        if !shapes.is_empty() {
            let path = frame.path(&shapes);
            let _ = writeln!(svg, "<path d=\"{path}\" fill-rule=\"evenodd\" {style}/>");
        }
    }
    let mut drawn: BTreeSet<(i64, i64, bool)> = BTreeSet::new();
    for (at, is_done) in sketch.points.iter().filter(|(at, _)| at.iter().all(|one| one.is_finite()))
    {
        let [x, y] = frame.place(*at);
        drawn.insert((x.round() as i64, y.round() as i64, *is_done));
    }
    for (x, y, is_done) in drawn {
        // Open points are filled, closed ones rings: a copier knows no colours.
        let style = match is_done {
            true => "fill=\"none\" stroke=\"#2e7d32\"",
            false => "fill=\"#c62828\"",
        };
        let _ = writeln!(svg, "<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" {style}/>");
    }
    svg.push_str("</svg>\n");
    Some(svg)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use geo_types::{Geometry as Shape, polygon};

    use super::*;

    #[test]
    fn a_sketch_has_its_shapes_in_a_frame_and_its_points_once_a_pixel() {
        let square = polygon![
            (x: 116.0, y: 39.0), (x: 117.0, y: 39.0), (x: 117.0, y: 40.0), (x: 116.0, y: 40.0)
        ];
        let outline = Geometry::from(Shape::Polygon(square));
        let points = [
            ([116.5, 39.5], false),
            ([116.5, 39.500_001], false),
            ([116.25, 39.25], true),
            ([f64::NAN, 39.0], true),
        ];
        let sketch =
            Sketch { title: "甲镇 <&", outline: Some(&outline), area: None, points: &points };
        let drawn = svg(&sketch).unwrap();
        assert!(drawn.contains("<title>甲镇 &lt;&amp;</title>"), "{drawn}");
        assert_eq!(drawn.matches("<path").count(), 1);
        assert_eq!(drawn.matches("<circle").count(), 2, "{drawn}");
        // A degree of latitude fills the height; one of longitude is as wide as its cosine.
        assert!(drawn.contains("width=\"499\" height=\"640\""), "{drawn}");
        assert!(drawn.contains("M12.0 628.0L487.3 628.0L487.3 12.0L12.0 12.0"), "{drawn}");
        assert!(drawn.contains("<circle cx=\"250\" cy=\"320\" r=\"3\" fill=\"#c62828\"/>"));
        let nothing = Sketch { title: "", outline: None, area: None, points: &[] };
        assert_eq!(svg(&nothing), None);
    }
}
