//! Which features cover a point: one point, or many at once.
//!
//! A feature covers what lies inside of it or on its boundary; a line covers its points, a point
//! itself. Many points are put in the order of a Hilbert curve first, so that one after the other
//! finds its part of the index in the cache, and are shared out to all threads of the pool.

use geo_types::Coord;
use rayon::prelude::*;

use super::QueryFault;
use super::edges::{Position, coord, is_on, position_in_ring};
use crate::geometry::PathRole;
use crate::packed_tree::Descent;
use crate::snapshot::CollectionSnapshot;
use crate::{Budget, Envelope, FeatureRef, WorldBox, hilbert};

/// Points that one thread takes at a time.
const CHUNK: usize = 4096;

/// Which point of many, and a feature that covers it.
#[derive(Clone, Copy, Debug)]
pub struct Located<'a> {
    /// Position among the points asked for.
    pub point: u32,
    /// The feature.
    pub feature: FeatureRef<'a>,
}

impl CollectionSnapshot {
    /// Visits the features that cover `point` (storage CRS), in no particular order.
    pub fn locate<'a>(
        &'a self,
        point: [f64; 2],
        budget: &Budget<'_>,
        visit: &mut dyn FnMut(FeatureRef<'a>),
    ) -> Result<(), QueryFault> {
        let (features, vertices) = self.stab(point, visit);
        Ok(budget.spend(features, vertices)?)
    }

    /// Every pair of one of `points` (storage CRS) and a feature that covers it, in the order of
    /// the points, for one point by id. At most 2^32 points are asked for. Runs on the rayon
    /// pool that it is called on.
    pub fn locate_all<'a>(
        &'a self,
        points: &[[f64; 2]],
        budget: &Budget<'_>,
    ) -> Result<Vec<Located<'a>>, QueryFault> {
        budget.spend(0, 0)?;
        let order = curve_order(points);
        let chunk = |chunk: &[(u64, u32)]| {
            let mut found = Vec::with_capacity(chunk.len());
            for part in chunk.chunks(256) {
                let (mut features, mut vertices) = (0, 0);
                for (_, number) in part {
                    let mut visit = |feature| found.push(Located { point: *number, feature });
                    let cost = self.stab(points[*number as usize], &mut visit);
                    (features, vertices) = (features + cost.0, vertices + cost.1);
                }
                budget.spend(features, vertices)?;
            }
            Ok(found)
        };
        let parts: Result<Vec<Vec<Located<'a>>>, QueryFault> =
            order.par_chunks(CHUNK).map(chunk).collect();
        let mut found = parts?.concat();
        found.par_sort_unstable_by_key(|located| (located.point, located.feature.id()));
        Ok(found)
    }

    /// Visits what covers `point`; returns how many features and vertices were looked at.
    fn stab<'a>(&'a self, [x, y]: [f64; 2], visit: &mut dyn FnMut(FeatureRef<'a>)) -> (u64, u64) {
        let (mut features, mut vertices) = (0, 0);
        if !(x.is_finite() && y.is_finite()) {
            return (0, 0);
        }
        let mut look = |feature: FeatureRef<'a>| {
            features += 1;
            vertices += feature.paths().map(|path| path.coords.len() as u64).sum::<u64>();
            if covers(feature, Coord { x, y }) {
                visit(feature);
            }
        };
        let holds = |envelope: &Envelope| {
            envelope.min_x <= x && x <= envelope.max_x && envelope.min_y <= y && y <= envelope.max_y
        };
        let mut classify =
            |envelope: &Envelope| if holds(envelope) { Descent::Open } else { Descent::Skip };
        let top = &self.top;
        top.tree.walk(&top.envelopes, &mut { classify }, &mut |positions, _| {
            for leaf in &self.leaves[positions] {
                let shard = &leaf.shard;
                shard.tree().walk(shard.envelopes(), &mut classify, &mut |slots, _| {
                    for slot in slots {
                        if !leaf.is_dead(slot as u16) {
                            look(shard.feature(slot));
                        }
                    }
                });
            }
        });
        if self.delta.len() > 0 {
            for (_, entry) in self.delta.search_envelope(&Envelope::new(x, y, x, y)) {
                look(entry.feature());
            }
        }
        (features, vertices)
    }
}

/// The points along a Hilbert curve over their envelope: keys and positions.
fn curve_order(points: &[[f64; 2]]) -> Vec<(u64, u32)> {
    let finite = |point: &&[f64; 2]| point[0].is_finite() && point[1].is_finite();
    let envelope = Envelope::of(points.iter().filter(finite).copied());
    let scale = |size: f64| if size > 0.0 { f64::from(u32::MAX) / size } else { 0.0 };
    let (sx, sy) = (scale(envelope.width()), scale(envelope.height()));
    let key = |point: &[f64; 2]| {
        let place =
            [((point[0] - envelope.min_x) * sx) as u32, ((point[1] - envelope.min_y) * sy) as u32];
        hilbert::box_key(&WorldBox { min: place, max: place })
    };
    let mut order: Vec<(u64, u32)> =
        points.par_iter().enumerate().map(|(number, p)| (key(p), number as u32)).collect();
    order.par_sort_unstable();
    order
}

/// Whether `feature` covers `point`, exactly.
fn covers(feature: FeatureRef<'_>, point: Coord<f64>) -> bool {
    let mut inside = false;
    for path in feature.paths() {
        match path.role {
            PathRole::Points => {
                if path.coords.contains(&[point.x, point.y]) {
                    return true;
                }
            }
            PathRole::Line => {
                let mut edges = path.coords.windows(2).map(|pair| [coord(pair[0]), coord(pair[1])]);
                if edges.any(|ends| is_on(ends, point)) {
                    return true;
                }
            }
            // A polygon is left when the next one begins: inside of its exterior, and of no
            // hole, was inside of it.
            PathRole::Exterior => {
                if inside {
                    return true;
                }
                match position_in_ring(path.coords, point) {
                    Position::Boundary => return true,
                    position => inside = position == Position::Inside,
                }
            }
            PathRole::Hole => match position_in_ring(path.coords, point) {
                Position::Boundary => return true,
                position => inside &= position == Position::Outside,
            },
        }
    }
    inside
}
