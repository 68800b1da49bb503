//! The plan: the subject's ground with its boundary, buildings and neighbours, drawn to scale into a frame.
//!
//! *Invariant:* nothing but the four bounds' texts lies outside the plan's inner frame; a label that finds no
//! room is left out and counted.

use crate::boundary::opened;
use crate::canvas::{Align, Canvas, Look, SMALLEST};
use crate::display::{Colour, Dash, Stroke, TextKind};
use crate::dossier::{Area, Dossier};
use crate::ground::{
    Frame, Place, around, clipped_edge, clipped_line, clipped_ring, closed, corners,
};
use crate::labels::{Hold, Labels};
use crate::marks::{ARROW, north_arrow};
use crate::plan_labels;

/// Between the outer and the inner frame: the four bounds stand there.
const STRIP: f64 = 6.5;
/// Kept free about the subject for numbers and lengths.
const AIR: f64 = 13.0;
/// The usual denominators of a scale; beyond them each times ten, time and again.
const SCALES: [f64; 6] = [100.0, 150.0, 200.0, 250.0, 300.0, 500.0];

/// What a plan turned out as.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plan {
    /// The denominator of its scale; none without any ground.
    pub scale: Option<f64>,
    /// Points and lengths without a label.
    pub unlabelled: usize,
    /// Buildings without one.
    pub unnamed: usize,
}

/// Metres onto paper.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Projection {
    middle: Place,
    paper: Place,
    millimetres: f64,
}

impl Projection {
    /// Metres about `middle` into the middle of a frame, one to `scale`.
    pub(crate) fn new(middle: [f64; 2], frame: Frame, scale: f64) -> Self {
        let paper = [f64::midpoint(frame[0], frame[2]), f64::midpoint(frame[1], frame[3])];
        Self { middle, paper, millimetres: 1000.0 / scale }
    }

    pub(crate) fn place(&self, [east, north]: [f64; 2]) -> Place {
        [
            self.paper[0] + (east - self.middle[0]) * self.millimetres,
            self.paper[1] - (north - self.middle[1]) * self.millimetres,
        ]
    }

    pub(crate) fn rings(&self, areas: &[Area]) -> Vec<Vec<Place>> {
        let rings = areas.iter().flat_map(|one| std::iter::once(&one.exterior).chain(&one.holes));
        rings.map(|ring| opened(ring).into_iter().map(|at| self.place(at)).collect()).collect()
    }

    pub(crate) fn line(&self, line: &[[f64; 2]]) -> Vec<Place> {
        line.iter().map(|at| self.place(*at)).collect()
    }

    fn metres(&self, [x, y]: Place) -> [f64; 2] {
        [
            self.middle[0] + (x - self.paper[0]) / self.millimetres,
            self.middle[1] - (y - self.paper[1]) / self.millimetres,
        ]
    }
}

/// The first usual scale at which so many metres fit into so many millimetres.
pub(crate) fn fitting_scale(metres: [f64; 2], room: [f64; 2]) -> f64 {
    let needed = (0..2).map(|at| metres[at] * 1000.0 / room[at].max(1.0)).fold(0.0, f64::max);
    let mut tens = 1.0;
    loop {
        if let Some(scale) = SCALES.iter().map(|scale| scale * tens).find(|scale| *scale >= needed)
        {
            return scale;
        }
        tens *= 10.0;
    }
}

/// West, south, east, north of what the plan is about.
pub(crate) fn extent(dossier: &Dossier) -> Option<Frame> {
    let of_areas = |areas: &[Area]| around(areas.iter().flat_map(|one| &one.exterior));
    of_areas(&dossier.areas)
        .or_else(|| around(dossier.lines.iter().flat_map(|one| &one.line)))
        .or_else(|| {
            around(
                dossier.buildings.iter().flat_map(|one| &one.areas).flat_map(|one| &one.exterior),
            )
        })
}

/// Draws the plan into a frame.
pub(crate) fn draw(canvas: &mut Canvas<'_>, dossier: &Dossier, frame: Frame) -> Plan {
    let [left, top, right, bottom] = frame;
    let inner = [left + STRIP, top + STRIP, right - STRIP, bottom - STRIP];
    four_bounds(canvas, dossier, frame);
    let inside = |by: f64| [inner[2] - inner[0] - by, inner[3] - inner[1] - by];
    let mut plan = Plan::default();
    if let Some([west, south, east, north]) = extent(dossier) {
        let scale = fitting_scale([east - west, north - south], inside(2.0 * AIR));
        plan.scale = Some(scale);
        let middle = [f64::midpoint(west, east), f64::midpoint(south, north)];
        let projection = Projection::new(middle, inner, scale);
        ground(canvas, dossier, &projection, inner);
        let arrow =
            [inner[2] - ARROW[0] - 1.0, inner[1] + 1.0, inner[2] - 1.0, inner[1] + 1.0 + ARROW[1]];
        let mut labels =
            Labels::new([inner[0] + 0.6, inner[1] + 0.6, inner[2] - 0.6, inner[3] - 0.6]);
        labels.block(corners(arrow));
        block_edges(&mut labels, dossier, &projection);
        plan_labels::draw(canvas, dossier, &projection, (&mut labels, inner), &mut plan);
        grid(canvas, &projection, (inner, &labels), scale);
        north_arrow(canvas, arrow);
    } else {
        let middle = [f64::midpoint(left, right), f64::midpoint(top, bottom)];
        canvas.text("无图形数据", middle, Align::Centre, Look::body(4.0));
    }
    let thin = Stroke::solid(Colour::BLACK, 0.2);
    canvas.rectangle(
        [inner[0], inner[1], inner[2] - inner[0], inner[3] - inner[1]],
        None,
        Some(thin),
    );
    canvas.rectangle(
        [left, top, right - left, bottom - top],
        None,
        Some(Stroke::solid(Colour::BLACK, 0.3)),
    );
    plan
}

fn block_edges(labels: &mut Labels, dossier: &Dossier, projection: &Projection) {
    let mut block = |areas: &[Area], hold: Hold| {
        for ring in projection.rings(areas) {
            for pair in closed(&ring).windows(2) {
                labels.block_edge(pair[0], pair[1], hold);
            }
        }
    };
    block(&dossier.areas, Hold::Hard);
    dossier.buildings.iter().for_each(|one| block(&one.areas, Hold::Hard));
    dossier.neighbours.iter().for_each(|one| block(&one.areas, Hold::Soft));
    for (lines, hold) in [
        (&dossier.lines, Hold::Soft),
        (&dossier.alleys, Hold::Soft),
        (&dossier.red_lines, Hold::Soft),
    ] {
        for pair in lines.iter().flat_map(|one| one.line.windows(2)) {
            labels.block_edge(projection.place(pair[0]), projection.place(pair[1]), hold);
        }
    }
}

fn ground(canvas: &mut Canvas<'_>, dossier: &Dossier, projection: &Projection, inner: Frame) {
    let edges = |canvas: &mut Canvas<'_>, rings: &[Vec<Place>], stroke: Stroke| {
        for ring in rings {
            canvas.shape(clipped_line(&closed(ring), inner), false, None, Some(stroke));
        }
    };
    let fill = |canvas: &mut Canvas<'_>, rings: &[Vec<Place>], colour: Colour| {
        let rings = rings.iter().map(|ring| clipped_ring(ring, inner)).collect();
        canvas.shape(rings, true, Some(colour), None);
    };
    let subject = projection.rings(&dossier.areas);
    fill(canvas, &subject, Colour::GROUND);
    for neighbour in &dossier.neighbours {
        edges(canvas, &projection.rings(&neighbour.areas), Stroke::solid(Colour::GREY, 0.15));
    }
    let dashed = |colour, width, dash| Stroke { colour, width, dash };
    for (lines, stroke) in [
        (&dossier.alleys, dashed(Colour::BLUE, 0.2, Dash::Dashed)),
        (&dossier.lines, Stroke::solid(Colour::RED, 0.6)),
    ] {
        for line in lines {
            canvas.shape(
                clipped_line(&projection.line(&line.line), inner),
                false,
                None,
                Some(stroke),
            );
        }
    }
    for building in &dossier.buildings {
        let rings = projection.rings(&building.areas);
        fill(canvas, &rings, Colour::BUILDING);
        edges(canvas, &rings, Stroke::solid(Colour::BLACK, 0.25));
    }
    for line in &dossier.red_lines {
        let stroke = dashed(Colour::RED, 0.35, Dash::Dotted);
        canvas.shape(clipped_line(&projection.line(&line.line), inner), false, None, Some(stroke));
    }
    edges(canvas, &subject, Stroke::solid(Colour::RED, 0.4));
    // Marks shrink where points lie close.
    let radius = if dossier.boundary.len() > 60 { 0.4 } else { 0.7 };
    for point in &dossier.boundary {
        let [x, y] = projection.place(point.at);
        let ring: Vec<Place> = (0..16)
            .map(|step| f64::from(step) * std::f64::consts::TAU / 16.0)
            .map(|angle| [x + radius * angle.cos(), y + radius * angle.sin()])
            .collect();
        canvas.shape(vec![ring], true, Some(Colour::WHITE), Some(Stroke::solid(Colour::RED, 0.2)));
    }
}

/// The texts of the four bounds in the strips between the frames.
fn four_bounds(canvas: &mut Canvas<'_>, dossier: &Dossier, [left, top, right, bottom]: Frame) {
    let quarter = std::f64::consts::FRAC_PI_2;
    let middle = [f64::midpoint(left, right), f64::midpoint(top, bottom)];
    let half = STRIP / 2.0;
    let bounds = &dossier.bounds;
    for (label, text, at, angle, room) in [
        ("北至", &bounds.north, [middle[0], top + half], 0.0, right - left),
        ("南至", &bounds.south, [middle[0], bottom - half], 0.0, right - left),
        ("西至", &bounds.west, [left + half, middle[1]], quarter, bottom - top),
        ("东至", &bounds.east, [right - half, middle[1]], -quarter, bottom - top),
    ] {
        if text.is_empty() {
            continue;
        }
        // Coordinates stand in the corners of the strips along the top and bottom.
        let room = [room - if angle == 0.0 { 92.0 } else { 2.0 * STRIP }, STRIP - 0.6];
        let (mut size, mut lines) = canvas.fitted(&format!("{label}：{text}"), room, 3.0);
        if lines.len() as f64 * size * 1.4 > room[1] + 0.05 {
            // The table of fields has the whole text.
            (size, lines) = canvas.fitted(&format!("{label}：见表"), room, 3.0);
        }
        let look = Look { angle, ..Look::body(size) };
        let (sin, cos) = f64::sin_cos(angle);
        for (number, line) in lines.iter().enumerate() {
            let down =
                (number as f64 - (lines.len() as f64 - 1.0) / 2.0) * size * 1.4 + size * 0.37;
            canvas.text(line, [at[0] + sin * down, at[1] + cos * down], Align::Centre, look);
        }
    }
}

/// Crosses of the coordinate grid and the coordinates of two corners.
fn grid(
    canvas: &mut Canvas<'_>,
    projection: &Projection,
    (inner, labels): (Frame, &Labels),
    scale: f64,
) {
    let step = scale * 0.05;
    let [west, south] = projection.metres([inner[0], inner[3]]);
    let [east, north] = projection.metres([inner[2], inner[1]]);
    let first = |from: f64| (from / step).ceil() * step;
    let stroke = Stroke::solid(Colour::GREY, 0.12);
    let mut y = first(south);
    while y < north {
        let mut x = first(west);
        while x < east {
            let [across, down] = projection.place([x, y]);
            x += step;
            if labels.is_covered(corners([across - 2.2, down - 2.2, across + 2.2, down + 2.2])) {
                continue;
            }
            for (from, to) in [
                ([across - 2.0, down], [across + 2.0, down]),
                ([across, down - 2.0], [across, down + 2.0]),
            ] {
                if let Some([from, to]) = clipped_edge(from, to, inner) {
                    canvas.line(vec![from, to], stroke);
                }
            }
        }
        y += step;
    }
    let look = Look { kind: TextKind::Label, ..Look::body(SMALLEST) };
    let text = |[x, y]: [f64; 2]| format!("X={y:.2} Y={x:.2}");
    canvas.text(&text([west, south]), [inner[0], inner[3] + 2.6], Align::Left, look);
    canvas.text(&text([east, north]), [inner[2], inner[1] - 1.2], Align::Right, look);
}
