//! The table of boundary points (界址点) of a parcel: numbered, with the edges between them.
//!
//! A surveyed point (JZD) that lies on a vertex gives it its number and kind.
//!
//! Ordinates are whole millimetres of the plane. *Invariant:* the vectors of the edges of a ring add up
//! to nothing, and the perimeter is the sum of the lengths that the table tells.

use std::collections::BTreeMap;

/// The boundary of a parcel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Boundary {
    /// Outlines clockwise, holes counterclockwise, each from its point nearest to the north-west.
    pub rings: Vec<Vec<BoundaryPoint>>,
    /// Points that were surveyed, by the numbers of the vertices that they lie on.
    pub surveyed: BTreeMap<usize, SurveyedPoint>,
}

/// A boundary point as it was surveyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyedPoint {
    /// Its number in the survey.
    pub number: String,
    /// Its kind, as people call it.
    pub kind: Option<String>,
    /// How far it is from the vertex, whole millimetres.
    pub apart_mm: i64,
}

/// A boundary point with the edge to the next one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundaryPoint {
    /// Its number, J1 and on through all rings.
    pub number: usize,
    /// East, whole millimetres of the plane.
    pub east_mm: i64,
    /// North, whole millimetres of the plane.
    pub north_mm: i64,
    /// Longitude and latitude, degrees.
    pub lon_lat: [f64; 2],
    /// The number of the next point.
    pub next: usize,
    /// Length of the edge there, whole millimetres.
    pub edge_mm: i64,
}

impl Boundary {
    /// Numbers the vertices of rings in metres, the first vertex repeated or not; what falls on its
    /// neighbour in millimetres is one point. `is_hole` says of each ring what it is, `lon_lat` where a
    /// place of the plane lies.
    pub fn of(
        rings: &[(bool, Vec<[f64; 2]>)],
        lon_lat: &mut dyn FnMut([f64; 2]) -> [f64; 2],
    ) -> Self {
        let mut number = 0;
        let mut numbered = Vec::with_capacity(rings.len());
        for (is_hole, ring) in rings {
            let mut points: Vec<[i64; 2]> =
                ring.iter().map(|at| at.map(|ordinate| (ordinate * 1e3).round() as i64)).collect();
            points.dedup();
            if points.len() > 1 && points.first() == points.last() {
                points.pop();
            }
            if points.len() < 3 {
                continue;
            }
            if is_clockwise(&points) == *is_hole {
                points.reverse();
            }
            let first = north_western(&points);
            points.rotate_left(first);
            let (start, count) = (number + 1, points.len());
            let ring = points.iter().enumerate().map(|(at, point)| {
                let after = points[(at + 1) % count];
                let [east, north] = [0, 1].map(|axis: usize| (after[axis] - point[axis]) as f64);
                BoundaryPoint {
                    number: start + at,
                    east_mm: point[0],
                    north_mm: point[1],
                    lon_lat: lon_lat(point.map(|ordinate| ordinate as f64 / 1e3)),
                    next: start + (at + 1) % count,
                    edge_mm: east.hypot(north).round() as i64,
                }
            });
            numbered.push(ring.collect());
            number += count;
        }
        Self { rings: numbered, surveyed: BTreeMap::new() }
    }

    /// Gives the vertices the nearest of `points`, east and north in metres of the plane, that lies within
    /// `within_m`; of several as near the first.
    pub fn name_points(&mut self, points: &[([f64; 2], SurveyedPoint)], within_m: f64) {
        let mut surveyed = BTreeMap::new();
        for vertex in self.points() {
            let apart = |[east, north]: &[f64; 2]| {
                (east * 1e3 - vertex.east_mm as f64).hypot(north * 1e3 - vertex.north_mm as f64)
            };
            let nearest = points.iter().map(|(at, point)| (apart(at), point));
            let nearest = nearest.min_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((apart, point)) = nearest.filter(|(apart, _)| *apart <= within_m * 1e3) {
                let apart_mm = apart.round() as i64;
                surveyed.insert(vertex.number, SurveyedPoint { apart_mm, ..point.clone() });
            }
        }
        self.surveyed = surveyed;
    }

    /// Every point.
    pub fn points(&self) -> impl Iterator<Item = &BoundaryPoint> {
        self.rings.iter().flatten()
    }

    /// The sum of the lengths of the edges, whole millimetres.
    pub fn perimeter_mm(&self) -> i64 {
        self.points().map(|point| point.edge_mm).sum()
    }

    /// What the vectors of the edges of all rings add up to, millimetres: nothing.
    pub fn misclosure_mm(&self) -> [i64; 2] {
        let mut sum = [0, 0];
        for ring in &self.rings {
            for (at, point) in ring.iter().enumerate() {
                let after = &ring[(at + 1) % ring.len()];
                sum[0] += after.east_mm - point.east_mm;
                sum[1] += after.north_mm - point.north_mm;
            }
        }
        sum
    }
}

fn is_clockwise(points: &[[i64; 2]]) -> bool {
    let [x0, y0] = points[0];
    let local = |[x, y]: [i64; 2]| [i128::from(x - x0), i128::from(y - y0)];
    let edges = points.iter().zip(points.iter().cycle().skip(1));
    let twice = edges.map(|(a, b)| {
        let ([ax, ay], [bx, by]) = (local(*a), local(*b));
        ax * by - bx * ay
    });
    twice.sum::<i128>() < 0
}

/// The point that lies farthest to the north-west, of several the most northern one.
fn north_western(points: &[[i64; 2]]) -> usize {
    let rank = |at: &usize| (points[*at][1] - points[*at][0], points[*at][1]);
    (0..points.len()).max_by_key(rank).unwrap_or(0)
}
