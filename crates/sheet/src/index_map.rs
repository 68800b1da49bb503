//! The index map of an atlas: every sheet's ground with the sheet's number, and the streets; cut into as many
//! pages as it takes for numbers to be read.

use crate::atlas::{Atlas, Entry};
use crate::canvas::{Align, Canvas, Look, base_in_line};
use crate::display::{Colour, Dash, Page, Stroke, TextKind};
use crate::flow::{Flow, Style};
use crate::font::Fonts;
use crate::ground::{
    Frame, Place, Quad, around, clipped_line, clipped_ring, closed, corners, inner_places,
    is_within,
};
use crate::labels::{Hold, Labels};
use crate::marks::{ARROW, north_arrow, scale_bar};
use crate::plan::{Projection, fitting_scale};

/// Millimetres that half of the grounds should at least be wide.
const LEGIBLE: f64 = 7.0;
/// Most pages across and down.
const MOST: f64 = 6.0;
const TITLE: f64 = 9.0;
const BLOCK: f64 = 14.0;
const AIR: f64 = 4.0;

/// The map's pages; none without any ground.
pub(crate) fn pages(atlas: &Atlas, entries: &[Entry], style: &Style, fonts: &Fonts) -> Vec<Page> {
    let exteriors = || entries.iter().flat_map(|one| &one.areas).flat_map(|one| &one.exterior);
    let Some([west, south, east, north]) = around(exteriors()) else { return Vec::new() };
    let [left, top, right, bottom] = style.frame;
    let frame = [left, top + TITLE, right, bottom - BLOCK];
    let room = [frame[2] - frame[0] - 2.0 * AIR, frame[3] - frame[1] - 2.0 * AIR];
    let metres = [east - west, north - south];
    let whole = fitting_scale(metres, room);
    let legible = (median_width(entries) * 1000.0 / LEGIBLE).max(50.0);
    let parts = |scale: f64| {
        [0, 1].map(|axis| (metres[axis] * 1000.0 / scale / room[axis]).ceil().max(1.0))
    };
    if whole <= legible || parts(legible) == [1.0, 1.0] {
        return vec![page(
            atlas,
            entries,
            style,
            fonts,
            Cut::whole([west, south, east, north], frame, whole),
        )];
    }
    let [across, down] = parts(legible).map(|count| count.min(MOST));
    let cell = [metres[0] / across, metres[1] / down];
    let scale = fitting_scale(cell, room);
    let mut cuts = Vec::new();
    for row in 0..down as usize {
        for column in 0..across as usize {
            let middle =
                [west + (column as f64 + 0.5) * cell[0], north - (row as f64 + 0.5) * cell[1]];
            cuts.push((middle, cell));
        }
    }
    let mut overview = Cut::whole([west, south, east, north], frame, whole);
    overview.grid = cuts.clone();
    let mut pages = vec![page(atlas, entries, style, fonts, overview)];
    for (number, (middle, _)) in cuts.iter().enumerate() {
        let name = format!("{} / {}", number + 1, cuts.len());
        let cut = Cut { middle: *middle, frame, scale, name, grid: Vec::new() };
        pages.push(page(atlas, entries, style, fonts, cut));
    }
    pages
}

/// What of the ground a page shows.
struct Cut {
    middle: [f64; 2],
    frame: Frame,
    scale: f64,
    name: String,
    /// Middles and sizes of the parts that further pages show.
    grid: Vec<([f64; 2], [f64; 2])>,
}

impl Cut {
    fn whole([west, south, east, north]: Frame, frame: Frame, scale: f64) -> Self {
        let middle = [f64::midpoint(west, east), f64::midpoint(south, north)];
        Self { middle, frame, scale, name: String::new(), grid: Vec::new() }
    }
}

/// The square root of the area that half of the grounds have at least.
fn median_width(entries: &[Entry]) -> f64 {
    let mut areas: Vec<f64> = entries
        .iter()
        .filter(|entry| !entry.areas.is_empty())
        .map(|entry| {
            entry
                .areas
                .iter()
                .map(|one| crate::boundary::doubled_area(&one.exterior).abs() / 2.0)
                .sum()
        })
        .collect();
    areas.sort_by(f64::total_cmp);
    areas.get(areas.len() / 2).copied().unwrap_or(0.0).sqrt()
}

fn page(atlas: &Atlas, entries: &[Entry], style: &Style, fonts: &Fonts, cut: Cut) -> Page {
    let mut flow = Flow::new(style.clone(), fonts);
    let canvas = &mut flow.canvas;
    let [left, top, right, bottom] = style.frame;
    let title = format!("{}　{}", style.heading, cut.name);
    let (size, lines) = canvas.fitted(title.trim(), [right - left, TITLE - 1.0], 5.0);
    canvas.lines(&lines, [f64::midpoint(left, right), top], Align::Centre, Look::body(size));
    let frame = cut.frame;
    let projection = Projection::new(cut.middle, frame, cut.scale);
    let [inner_left, inner_top, inner_right, inner_bottom] = frame;
    let mut labels =
        Labels::new([inner_left + 0.5, inner_top + 0.5, inner_right - 0.5, inner_bottom - 0.5]);
    let arrow = [
        inner_right - ARROW[0] - 1.0,
        inner_top + 1.0,
        inner_right - 1.0,
        inner_top + 1.0 + ARROW[1],
    ];
    labels.block(corners(arrow));
    let shown: Vec<(&Entry, Vec<Vec<Place>>)> = entries
        .iter()
        .map(|entry| (entry, projection.rings(&entry.areas)))
        .filter(|(_, rings)| {
            around(rings.iter().flatten()).is_some_and(|[l, t, r, b]| {
                r > inner_left && l < inner_right && b > inner_top && t < inner_bottom
            })
        })
        .map(|(entry, rings)| {
            (
                entry,
                rings
                    .iter()
                    .map(|ring| clipped_ring(ring, frame))
                    .filter(|ring| ring.len() > 2)
                    .collect(),
            )
        })
        .collect();
    for (_, rings) in &shown {
        canvas.shape(rings.clone(), true, Some(Colour::GROUND), None);
    }
    for (entry, _) in &shown {
        for ring in projection.rings(&entry.areas) {
            let ring = closed(&ring);
            canvas.shape(
                clipped_line(&ring, frame),
                false,
                None,
                Some(Stroke::solid(Colour::BLACK, 0.12)),
            );
            ring.windows(2).for_each(|pair| labels.block_edge(pair[0], pair[1], Hold::Soft));
        }
    }
    for street in &atlas.streets {
        let stroke = Stroke { colour: Colour::BLUE, width: 0.25, dash: Dash::Dashed };
        canvas.shape(
            clipped_line(&projection.line(&street.line), frame),
            false,
            None,
            Some(stroke),
        );
    }
    for (number, (middle, [wide, high])) in cut.grid.iter().enumerate() {
        let corner =
            |x: f64, y: f64| projection.place([middle[0] + wide * x, middle[1] + high * y]);
        let ring = [corner(-0.5, 0.5), corner(0.5, 0.5), corner(0.5, -0.5), corner(-0.5, -0.5)];
        canvas.shape(
            clipped_line(&closed(&ring), frame),
            false,
            None,
            Some(Stroke::solid(Colour::RED, 0.3)),
        );
        let at = projection.place(*middle);
        let text = (number + 1).to_string();
        let look = Look { colour: Colour::RED, kind: TextKind::Label, ..Look::body(7.0) };
        let width = canvas.width(&text, 7.0);
        if labels.place_block([width, 9.0], &[at], |_| true).is_some() {
            canvas.text(&text, [at[0], at[1] + 2.6], Align::Centre, look);
        }
    }
    let mut unnamed = 0;
    // An overview names its parts alone.
    if cut.grid.is_empty() {
        crate::plan_labels::along(
            canvas,
            &mut labels,
            &projection,
            (&atlas.streets, frame),
            Colour::BLUE,
        );
        unnamed = shown
            .iter()
            .filter(|(entry, rings)| !number(canvas, &mut labels, entry, rings))
            .count();
    }
    north_arrow(canvas, arrow);
    canvas.rectangle(
        [inner_left, inner_top, inner_right - inner_left, inner_bottom - inner_top],
        None,
        Some(Stroke::solid(Colour::BLACK, 0.5)),
    );
    scale_bar(canvas, cut.scale, [left, bottom - BLOCK, left + (right - left) * 0.5, bottom]);
    let mut notes = vec![format!("坐标系：{}", atlas.crs)];
    if unnamed > 0 {
        notes.push(format!("有 {unnamed} 宗图幅号未注于图，见图幅目录。"));
    }
    let (size, lines) = canvas.fitted(&notes.join("\n"), [(right - left) * 0.48, BLOCK - 2.0], 2.7);
    canvas.lines(
        &lines,
        [left + (right - left) * 0.52, bottom - BLOCK + 2.0],
        Align::Left,
        Look::body(size),
    );
    flow.canvas.page
}

/// A sheet's number on its ground; whether it found room.
fn number(
    canvas: &mut Canvas<'_>,
    labels: &mut Labels,
    entry: &Entry,
    rings: &[Vec<Place>],
) -> bool {
    let text = if entry.sheet_number.is_empty() { &entry.number } else { &entry.sheet_number };
    let places = inner_places(rings);
    let is_inside = |quad: &Quad| quad.iter().all(|at| is_within(*at, rings));
    for size in [2.4, 1.9, 1.5] {
        let width = canvas.width(text, size);
        if let Some([x, y]) = labels.place_block([width + 0.2, size * 1.15], &places, is_inside) {
            let look = Look { kind: TextKind::Label, ..Look::body(size) };
            let base = y - size * 0.7 + base_in_line(size);
            canvas.text(text, [x, base], Align::Centre, look);
            return true;
        }
    }
    false
}
