//! How the rings of one shape lie to each other.

use geo_types::Coord;

use super::contact::{Contact, contact, is_left, turn};
use super::ring::is_spike;
use super::segments::{Segments, TooMany};
use super::{DefectKind, Defects, MAX_DEFECTS};
use crate::Envelope;
use geo::kernels::Orientation;

/// Boxes that one check may look at: some tenths of a second. Rings as they are surveyed and
/// drawn, of the most vertices that may be stored, need a tenth of it.
pub(super) const MAX_WORK: usize = 100_000_000;

/// Checks all rings of a shape against themselves and each other, looking at `work` boxes.
pub(super) fn check(segments: &Segments, defects: &mut Defects, mut work: usize) {
    if check_rings(segments, defects, &mut work).is_err() {
        let place = segments.all[0].ends[0];
        defects.push(DefectKind::TooComplex, [place.x, place.y]);
    }
}

fn check_rings(
    segments: &Segments,
    defects: &mut Defects,
    work: &mut usize,
) -> Result<(), TooMany> {
    let before = defects.0.len();
    let touches = check_contacts(segments, defects, work)?;
    // Where boundaries cross, no ring lies inside or outside another one.
    if segments.rings.len() > 1 && defects.0.len() == before && before < MAX_DEFECTS {
        check_holes(segments, defects, work)?;
        check_shells(segments, defects, work)?;
        check_connection(segments, touches, defects);
    }
    Ok(())
}

/// A point in which two rings of one polygon touch.
struct Touch {
    rings: [usize; 2],
    at: Coord<f64>,
}

/// Tells crossings; returns the touches between rings of one polygon.
fn check_contacts(
    segments: &Segments,
    defects: &mut Defects,
    work: &mut usize,
) -> Result<Vec<Touch>, TooMany> {
    let mut touches = Vec::new();
    for (first, segment) in segments.all.iter().enumerate() {
        if defects.0.len() >= MAX_DEFECTS {
            break;
        }
        let [a, b] = segment.ends;
        if is_spike(a, b, segments.all[segments.next(first)].ends[1]) {
            defects.push(DefectKind::SelfIntersection, [b.x, b.y]);
        }
        let rest = (first + 1, segments.all.len());
        segments.search(&segment.envelope(), rest, work, &mut |second| {
            let other = &segments.all[second];
            let same_ring = segment.ring == other.ring;
            if same_ring && (segments.next(first) == second || segments.next(second) == first) {
                return;
            }
            let place = match contact(segment.ends, other.ends) {
                Contact::None => return,
                Contact::Cross(place) => place,
                Contact::Overlap(c) => [c.x, c.y],
                Contact::Touch(at) => {
                    if !same_ring && !cross_at(segments, first, second, at) {
                        let rings = [segment.ring, other.ring];
                        if segments.rings[rings[0]].polygon == segments.rings[rings[1]].polygon {
                            touches.push(Touch { rings, at });
                        }
                        return;
                    }
                    [at.x, at.y]
                }
            };
            defects.push(DefectKind::SelfIntersection, place);
        })?;
    }
    Ok(touches)
}

/// The path of a ring through `at`, which lies on its segment `place`.
fn path_through(segments: &Segments, place: usize, at: Coord<f64>) -> [Coord<f64>; 3] {
    let [a, b] = segments.all[place].ends;
    if at == a {
        [segments.all[segments.previous(place)].ends[0], at, b]
    } else if at == b {
        [a, at, segments.all[segments.next(place)].ends[1]]
    } else {
        [a, at, b]
    }
}

/// Whether two rings that touch at `at` change sides there. They do not run along each other
/// there, or another pair of segments tells it.
fn cross_at(segments: &Segments, first: usize, second: usize, at: Coord<f64>) -> bool {
    let path = path_through(segments, first, at);
    let [before, _, after] = path_through(segments, second, at);
    is_left(path, before) != is_left(path, after)
}

fn check_holes(
    segments: &Segments,
    defects: &mut Defects,
    work: &mut usize,
) -> Result<(), TooMany> {
    let mut shell = 0;
    let mut holes = Vec::new();
    for (place, ring) in segments.rings.iter().enumerate() {
        if !ring.hole {
            shell = place;
        } else if is_inside(segments, place, shell, work)? {
            holes.push(place);
        } else {
            defects.push(DefectKind::HoleOutside, first_vertex(segments, place));
        }
    }
    for (outer, inner) in pairs_by_envelope(segments, holes, work)? {
        if segments.rings[outer].polygon == segments.rings[inner].polygon
            && is_inside(segments, inner, outer, work)?
        {
            defects.push(DefectKind::HoleOutside, first_vertex(segments, inner));
        }
    }
    Ok(())
}

fn check_shells(
    segments: &Segments,
    defects: &mut Defects,
    work: &mut usize,
) -> Result<(), TooMany> {
    let rings = &segments.rings;
    let shells = (0..rings.len()).filter(|ring| !rings[*ring].hole).collect();
    for (outer, inner) in pairs_by_envelope(segments, shells, work)? {
        if !is_inside(segments, inner, outer, work)? {
            continue;
        }
        let mut nested = true;
        let holes = rings.iter().enumerate().skip(outer + 1);
        for (hole, _) in holes.take_while(|(_, ring)| ring.hole) {
            *work = work.checked_sub(1).ok_or(TooMany)?;
            if is_inside(segments, inner, hole, work)? {
                nested = false;
                break;
            }
        }
        if nested {
            defects.push(DefectKind::NestedShells, first_vertex(segments, inner));
        }
    }
    Ok(())
}

fn first_vertex(segments: &Segments, ring: usize) -> [f64; 2] {
    let c = segments.all[segments.rings[ring].start].ends[0];
    [c.x, c.y]
}

/// Pairs of `rings`, outer before inner, whose envelopes contain each other.
fn pairs_by_envelope(
    segments: &Segments,
    mut rings: Vec<usize>,
    work: &mut usize,
) -> Result<Vec<(usize, usize)>, TooMany> {
    let envelope = |ring: usize| &segments.rings[ring].envelope;
    rings.sort_by(|&a, &b| envelope(a).min_x.total_cmp(&envelope(b).min_x));
    let mut pairs = Vec::new();
    for (place, &first) in rings.iter().enumerate() {
        for &second in &rings[place + 1..] {
            *work = work.checked_sub(1).ok_or(TooMany)?;
            if envelope(second).min_x > envelope(first).max_x {
                break;
            }
            for (outer, inner) in [(first, second), (second, first)] {
                if envelope(outer).contains(envelope(inner)) {
                    pairs.push((outer, inner));
                }
            }
        }
    }
    Ok(pairs)
}

/// Whether ring `inner` lies inside ring `outer`, given that they neither cross nor run along
/// each other: its first vertex decides, or the edge that leaves it where it lies on `outer`.
fn is_inside(
    segments: &Segments,
    inner: usize,
    outer: usize,
    work: &mut usize,
) -> Result<bool, TooMany> {
    let outer = &segments.rings[outer];
    if !outer.envelope.contains(&segments.rings[inner].envelope) {
        return Ok(false);
    }
    let [at, next] = segments.all[segments.rings[inner].start].ends;
    let ray = Envelope::new(at.x, at.y, f64::INFINITY, at.y);
    let (mut inside, mut border) = (false, None);
    segments.search(&ray, (outer.start, outer.end), work, &mut |place| {
        let [a, b] = segments.all[place].ends;
        let side = turn(a, b, at);
        if side == Orientation::Collinear {
            if segments.all[place].envelope().contains(&Envelope::of([[at.x, at.y]])) {
                border = Some(place);
            }
        } else if (a.y > at.y) != (b.y > at.y) {
            let upward = b.y > a.y;
            inside ^= upward == (side == Orientation::CounterClockwise);
        }
    })?;
    Ok(match border {
        Some(place) => is_left(path_through(segments, place, at), next) == outer.counter_clockwise,
        None => inside,
    })
}

/// Tells rings that touch in a circle. Rings and touching points form a graph in which each
/// circle encloses a part of the interior.
fn check_connection(segments: &Segments, touches: Vec<Touch>, defects: &mut Defects) {
    // One edge for each ring and point that it touches in; equal edges once.
    let mut edges: Vec<([u64; 2], usize)> = Vec::with_capacity(touches.len() * 2);
    for touch in &touches {
        let point = [touch.at.x + 0.0, touch.at.y + 0.0].map(f64::to_bits);
        edges.extend(touch.rings.map(|ring| (point, ring)));
    }
    // Polygons meet in a point without harm: a point belongs to one polygon at a time.
    edges.sort_by_key(|&(point, ring)| (segments.rings[ring].polygon, point, ring));
    edges.dedup();
    let mut parents: Vec<usize> = (0..segments.rings.len()).collect();
    fn root(parents: &mut [usize], mut node: usize) -> usize {
        while parents[node] != node {
            parents[node] = parents[parents[node]];
            node = parents[node];
        }
        node
    }
    for run in edges
        .chunk_by(|a, b| a.0 == b.0 && segments.rings[a.1].polygon == segments.rings[b.1].polygon)
    {
        // Joining the rings of one point one after the other stands for the point's own node.
        for pair in run.windows(2) {
            let (a, b) = (root(&mut parents, pair[0].1), root(&mut parents, pair[1].1));
            if a == b {
                let place = pair[0].0.map(f64::from_bits);
                defects.push(DefectKind::DisconnectedInterior, place);
            }
            parents[a] = b;
        }
    }
}

/// Whether segments meet, other than neighbours in their ring, in more than `limit` places.
pub(crate) fn meets_more_often_than(segments: &Segments, limit: usize) -> bool {
    let (mut work, mut meetings) = (MAX_WORK, 0);
    for (first, segment) in segments.all.iter().enumerate() {
        let rest = (first + 1, segments.all.len());
        let searched = segments.search(&segment.envelope(), rest, &mut work, &mut |second| {
            let touch = contact(segment.ends, segments.all[second].ends);
            meetings += usize::from(touch != Contact::None);
        });
        if searched.is_err() || meetings > limit + segments.all.len() {
            return true;
        }
    }
    false
}
