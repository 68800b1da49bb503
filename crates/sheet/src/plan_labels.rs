//! What a plan says of what it shows: numbers of boundary points, lengths of edges, buildings, the subject, its
//! neighbours and streets, in this order of right to the room.

use crate::canvas::{Align, Canvas, LEADING, Look, SMALLEST, base_in_line};
use crate::display::{Colour, TextKind};
use crate::dossier::{BoundaryPoint, Dossier, NamedLine};
use crate::ground::{Frame, Place, Quad, clipped_line, clipped_ring, inner_places, is_within};
use crate::labels::Labels;
use crate::plan::{Plan, Projection};

const NUMBER: f64 = 2.3;
const LENGTH: f64 = 2.0;
const NAME: f64 = 2.4;
/// Points from which on their labels shrink.
const MANY: usize = 40;

/// Sets the labels of a plan.
pub(crate) fn draw(
    canvas: &mut Canvas<'_>,
    dossier: &Dossier,
    projection: &Projection,
    (labels, inner): (&mut Labels, Frame),
    plan: &mut Plan,
) {
    let subject = projection.rings(&dossier.areas);
    let shrunk = if dossier.boundary.len() > MANY { 0.8 } else { 1.0 };
    let corners = Corner::all(&dossier.boundary, projection, &subject);
    for corner in &corners {
        let [x, y] = corner.at;
        labels.block(crate::ground::corners([x - 0.7, y - 0.7, x + 0.7, y + 0.7]));
    }
    plan.unlabelled += numbers(canvas, labels, &corners, (NUMBER * shrunk).max(SMALLEST));
    plan.unlabelled += lengths(canvas, labels, &corners, (LENGTH * shrunk).max(SMALLEST));
    let mut built: Vec<Vec<Vec<Place>>> = Vec::new();
    for building in &dossier.buildings {
        let rings: Vec<_> = projection
            .rings(&building.areas)
            .iter()
            .map(|ring| clipped_ring(ring, inner))
            .collect();
        let texts = [&building.label, &building.structure, &building.area];
        let texts: Vec<String> =
            texts.into_iter().filter(|text| !text.is_empty()).cloned().collect();
        let places = inner_places(&rings);
        let is_good = |quad: &Quad| quad.iter().all(|at| is_within(*at, &rings));
        let is_named = texts.is_empty()
            || [texts.len(), 2, 1].into_iter().filter(|lines| *lines <= texts.len()).any(|lines| {
                [NAME, 2.0, SMALLEST]
                    .into_iter()
                    .any(|size| block(canvas, labels, (&texts[..lines], size), &places, is_good))
            });
        plan.unnamed += usize::from(!is_named);
        built.push(rings);
    }
    let is_ground = |quad: &Quad| {
        quad.iter()
            .all(|at| is_within(*at, &subject) && !built.iter().any(|rings| is_within(*at, rings)))
    };
    let places = inner_places(&subject);
    let _ = [3.2, 2.6, 2.0].into_iter().any(|size| {
        !dossier.centre.is_empty()
            && block(canvas, labels, (&dossier.centre, size), &places, is_ground)
    });
    for neighbour in &dossier.neighbours {
        let rings: Vec<_> = projection
            .rings(&neighbour.areas)
            .iter()
            .map(|ring| clipped_ring(ring, inner))
            .collect();
        let places = inner_places(&rings);
        let name = std::slice::from_ref(&neighbour.name);
        let is_outside = |quad: &Quad| quad.iter().all(|at| !is_within(*at, &subject));
        let is_own = |quad: &Quad| is_outside(quad) && quad.iter().all(|at| is_within(*at, &rings));
        let _ = !neighbour.name.is_empty()
            && ([2.2, 1.8]
                .into_iter()
                .any(|size| block(canvas, labels, (name, size), &places, is_own))
                || block(canvas, labels, (name, SMALLEST), &places, is_outside));
    }
    along(canvas, labels, projection, (&dossier.lines, inner), Colour::RED);
    along(canvas, labels, projection, (&dossier.alleys, inner), Colour::BLUE);
    along(canvas, labels, projection, (&dossier.red_lines, inner), Colour::RED);
}

/// Lines of text centred about the first of some places where they have room.
fn block(
    canvas: &mut Canvas<'_>,
    labels: &mut Labels,
    (lines, size): (&[String], f64),
    places: &[Place],
    is_good: impl Fn(&Quad) -> bool,
) -> bool {
    let width = lines.iter().map(|line| canvas.width(line, size)).fold(0.0, f64::max);
    let height = lines.len() as f64 * size * LEADING;
    let Some([x, y]) = labels.place_block([width + 0.6, height], places, is_good) else {
        return false;
    };
    for (number, line) in lines.iter().enumerate() {
        let top = y - height / 2.0 + number as f64 * size * LEADING;
        let look = Look { kind: TextKind::Label, ..Look::body(size) };
        canvas.text(line, [x, top + base_in_line(size)], Align::Centre, look);
    }
    true
}

/// A boundary point on paper.
#[derive(Debug)]
struct Corner<'d> {
    point: &'d BoundaryPoint,
    at: Place,
    next: Place,
    /// Away from the ground, of length 1.
    outward: Place,
}

impl<'d> Corner<'d> {
    fn all(
        points: &'d [BoundaryPoint],
        projection: &Projection,
        subject: &[Vec<Place>],
    ) -> Vec<Self> {
        let mut corners = Vec::with_capacity(points.len());
        for ring in points.chunk_by(|a, b| a.ring == b.ring) {
            let places: Vec<Place> = ring.iter().map(|point| projection.place(point.at)).collect();
            let count = places.len();
            for (number, point) in ring.iter().enumerate() {
                let (before, at) = (places[(number + count - 1) % count], places[number]);
                let next = places[(number + 1) % count];
                let (into, out) = (direction(before, at), direction(at, next));
                let sum = [into[1] + out[1], -into[0] - out[0]];
                let outward = match sum[0].hypot(sum[1]) {
                    // A spike: away from it.
                    long if long < 1e-6 => into,
                    long => [sum[0] / long, sum[1] / long],
                };
                let probe = [at[0] + outward[0] * 0.05, at[1] + outward[1] * 0.05];
                let sign = if is_within(probe, subject) { -1.0 } else { 1.0 };
                corners.push(Self { point, at, next, outward: outward.map(|one| one * sign) });
            }
        }
        corners
    }
}

fn direction(from: Place, to: Place) -> Place {
    let (x, y) = (to[0] - from[0], to[1] - from[1]);
    let long = x.hypot(y);
    if long > 0.0 { [x / long, y / long] } else { [1.0, 0.0] }
}

/// Numbers of points: the first of a ring, each tenth and fifth before the others. How many found no room.
fn numbers(
    canvas: &mut Canvas<'_>,
    labels: &mut Labels,
    corners: &[Corner<'_>],
    size: f64,
) -> usize {
    const TURNS: [f64; 9] = [0.0, 0.5, -0.5, 1.0, -1.0, 1.5, -1.5, 2.2, -2.2];
    let mut order: Vec<usize> = (0..corners.len()).collect();
    if corners.len() > MANY {
        let rank = |at: &usize| match at + 1 {
            1 => 0,
            number if number % 10 == 0 => 1,
            number if number % 5 == 0 => 2,
            _ => 3,
        };
        order.sort_by_key(rank);
    }
    let mut left_out = 0;
    for corner in order.into_iter().map(|at| &corners[at]) {
        let name = &corner.point.name;
        let width = canvas.width(name, size);
        let around = corner.outward[1].atan2(corner.outward[0]);
        let middles: Vec<(Place, f64)> = [1.3, 2.6]
            .into_iter()
            .flat_map(|gap| TURNS.map(|turn| (gap, around + turn)))
            .map(|(gap, angle)| {
                let (sin, cos) = angle.sin_cos();
                // From the middle of a box to its border in this direction.
                let reach =
                    (width / 2.0 / cos.abs().max(1e-9)).min(size / 2.0 / sin.abs().max(1e-9));
                let far = gap + reach;
                ([corner.at[0] + cos * far, corner.at[1] + sin * far], 0.0)
            })
            .collect();
        match labels.place([width, size], &middles) {
            Some(spot) => label(canvas, name, (spot.at, spot.angle), (size, Colour::RED)),
            None => left_out += 1,
        }
    }
    left_out
}

/// Lengths along the outer side of their edges, read from below or from the right.
fn lengths(
    canvas: &mut Canvas<'_>,
    labels: &mut Labels,
    corners: &[Corner<'_>],
    size: f64,
) -> usize {
    let mut left_out = 0;
    for corner in corners {
        let text = format!("{:.2}", corner.point.length);
        let width = canvas.width(&text, size);
        let (from, to) = (corner.at, corner.next);
        let along = direction(from, to);
        let long = (to[0] - from[0]).hypot(to[1] - from[1]);
        let normal = [along[1], -along[0]];
        let is_left = normal[0] * corner.outward[0] + normal[1] * corner.outward[1] >= 0.0;
        let outward = if is_left { normal } else { [-normal[0], -normal[1]] };
        let mut angle = (-along[1]).atan2(along[0]);
        if angle > std::f64::consts::FRAC_PI_2 + 1e-6 {
            angle -= std::f64::consts::PI;
        } else if angle <= -std::f64::consts::FRAC_PI_2 + 1e-6 {
            angle += std::f64::consts::PI;
        }
        let middles: Vec<(Place, f64)> = [0.7, 1.8]
            .into_iter()
            .flat_map(|gap| [0.5, 0.38, 0.62, 0.25, 0.75].map(|part| (gap, part)))
            .map(|(gap, part)| {
                let off = gap + size * 0.51;
                let at = |axis: usize| from[axis] + along[axis] * long * part + outward[axis] * off;
                ([at(0), at(1)], angle)
            })
            .collect();
        // On a shorter edge nobody could tell whose length it is.
        let spot = (long >= width * 0.8).then(|| labels.place([width, size], &middles)).flatten();
        match spot {
            Some(spot) => label(canvas, &text, (spot.at, spot.angle), (size, Colour::BLACK)),
            None => left_out += 1,
        }
    }
    left_out
}

/// Names of lines along them.
pub(crate) fn along(
    canvas: &mut Canvas<'_>,
    labels: &mut Labels,
    projection: &Projection,
    (lines, inner): (&[NamedLine], Frame),
    colour: Colour,
) {
    for line in lines.iter().filter(|line| !line.name.is_empty()) {
        let pieces = clipped_line(&projection.line(&line.line), inner);
        let mut edges: Vec<[Place; 2]> = pieces
            .iter()
            .flat_map(|piece| piece.windows(2))
            .map(|pair| [pair[0], pair[1]])
            .collect();
        let long = |[from, to]: &[Place; 2]| (to[0] - from[0]).hypot(to[1] - from[1]);
        edges.sort_by(|a, b| long(b).total_cmp(&long(a)));
        let size = 2.2;
        let width = canvas.width(&line.name, size);
        let middles: Vec<(Place, f64)> = edges
            .iter()
            .take(6)
            .flat_map(|[from, to]| {
                let [x, y] = direction(*from, *to);
                let angle = (-y).atan2(x);
                let is_upright = angle.abs() <= std::f64::consts::FRAC_PI_2 + 1e-6;
                let angle = if is_upright { angle } else { angle - std::f64::consts::PI };
                [0.5, 0.3, 0.7].into_iter().flat_map(move |part| {
                    [1.8, -1.8, 3.6, -3.6, 6.5, -6.5].map(|off| {
                        let at = |axis: usize| from[axis] + (to[axis] - from[axis]) * part;
                        ([at(0) + y * off, at(1) - x * off], angle)
                    })
                })
            })
            .collect();
        if let Some(spot) = labels.place([width, size], &middles) {
            label(canvas, &line.name, (spot.at, spot.angle), (size, colour));
        }
    }
}

fn label(
    canvas: &mut Canvas<'_>,
    text: &str,
    (at, angle): (Place, f64),
    (size, colour): (f64, Colour),
) {
    canvas.text(text, at, Align::Left, Look { size, colour, angle, kind: TextKind::Label });
}
