//! Mends the rare figure that rounding or clipping left invalid, exactly, in integers.

use std::panic::{AssertUnwindSafe, catch_unwind};

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::i_float::int::point::IntPoint;
use i_overlay::i_shape::int::shape::{IntContour, IntShapes};
use spatial::PathRole;

use crate::figure::{ALL, Figure};
use crate::validity::{Contact, Validity};

/// Rounds of mending: crossings of the first one are rounded, which may make new ones.
const ROUNDS: usize = 3;

/// Makes the rings of `figure` valid: each exterior loses its holes, polygons are united.
/// Answers `false` when that failed and the figure must not be drawn.
pub(crate) fn mend(figure: &mut Figure, validity: &mut Validity) -> bool {
    for _ in 0..ROUNDS {
        let polygons = polygons(figure);
        // Geometry code of others; a panic in it costs one feature, not the tile.
        let Ok(shapes) = catch_unwind(AssertUnwindSafe(|| overlay(&polygons))) else {
            return false;
        };
        rewrite(figure, &shapes);
        if figure.is_empty() || validity.holds(figure, Contact::Allowed) {
            return true;
        }
    }
    false
}

/// Rings of each polygon, the exterior first.
fn polygons(figure: &Figure) -> IntShapes<i32> {
    let mut polygons: IntShapes<i32> = Vec::new();
    for path in figure.paths() {
        let ring: IntContour<i32> =
            figure.points(*path).iter().map(|p| IntPoint { x: p[0], y: p[1] }).collect();
        match polygons.last_mut() {
            Some(polygon) if path.role == PathRole::Hole => polygon.push(ring),
            _ => polygons.push(vec![ring]),
        }
    }
    polygons
}

fn overlay(polygons: &IntShapes<i32>) -> IntShapes<i32> {
    let mut parts: IntShapes<i32> = Vec::new();
    for polygon in polygons {
        let mut overlay = new_overlay(polygon.iter().map(Vec::len).sum());
        for (position, ring) in polygon.iter().enumerate() {
            let side = if position == 0 { ShapeType::Subject } else { ShapeType::Clip };
            overlay.add_contour(ring, side);
        }
        let rule = if polygon.len() == 1 { OverlayRule::Subject } else { OverlayRule::Difference };
        parts.extend(overlay.overlay(rule, FillRule::NonZero));
    }
    if polygons.len() < 2 {
        return parts;
    }
    let mut union = new_overlay(parts.iter().flatten().map(Vec::len).sum());
    union.add_source(&parts, ShapeType::Subject);
    union.overlay(OverlayRule::Subject, FillRule::NonZero)
}

fn new_overlay(capacity: usize) -> Overlay<i32> {
    let options = IntOverlayOptions {
        // The ring beside may have a corner there.
        preserve_input_collinear: true,
        preserve_output_collinear: true,
        ..IntOverlayOptions::ogc()
    };
    Overlay::new_custom(capacity, options, Default::default())
}

fn rewrite(figure: &mut Figure, shapes: &IntShapes<i32>) {
    figure.clear();
    for shape in shapes {
        let mut role = PathRole::Exterior;
        for ring in shape {
            let points = ring.iter().map(|p| [p.x, p.y]);
            let area = figure.push_ring(role, points, ALL, [0; 2]);
            if area == 0 && role == PathRole::Exterior {
                break;
            }
            role = PathRole::Hole;
        }
    }
}
