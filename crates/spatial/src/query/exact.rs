//! The exact test of one feature whose envelope does not decide.

use geo_types::Coord;

use super::area::{Form, points_in};
use super::decide::Plan;
use super::distance::Placed;
use super::edges::{Position, coord, is_on, position_among};
use super::meeting::{Depth, Workspace, meeting};
use super::{Area, Test};
use crate::geometry::PathRole;
use crate::predicate::{Dimension, Matrix, Relation};
use crate::relate::{guarded, relate};
use crate::validity::{Contact, contact};
use crate::{Envelope, FeatureRef, GeometryFault, GeometryType, Predicate};

const RINGS: [PathRole; 2] = [PathRole::Exterior, PathRole::Hole];
const LINES: [PathRole; 1] = [PathRole::Line];

/// What a feature is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Points,
    Lines,
    Areal,
    Mixed,
}

impl Kind {
    fn of(feature: FeatureRef<'_>) -> Self {
        match feature.geometry_type() {
            Some(GeometryType::Point | GeometryType::MultiPoint) => Self::Points,
            Some(GeometryType::LineString | GeometryType::MultiLineString) => Self::Lines,
            Some(GeometryType::Polygon | GeometryType::MultiPolygon) => Self::Areal,
            Some(GeometryType::Any) | None => Self::Mixed,
        }
    }
}

/// Tests features one after the other.
#[derive(Debug, Default)]
pub(super) struct Tester {
    work: Workspace,
    placed: Placed,
    /// Vertices walked since this was last taken.
    pub walked: u64,
}

impl Tester {
    /// Whether `feature`, whose envelope is not empty, is what `plan` asks for.
    pub(super) fn test(
        &mut self,
        plan: &Plan<'_>,
        feature: FeatureRef<'_>,
    ) -> Result<bool, GeometryFault> {
        self.walked += feature.paths().map(|path| path.coords.len() as u64).sum::<u64>();
        guarded("the exact test", || self.test_bare(plan, feature))?
    }

    fn test_bare(
        &mut self,
        plan: &Plan<'_>,
        feature: FeatureRef<'_>,
    ) -> Result<bool, GeometryFault> {
        let area = plan.area;
        if let Some(reach) = &plan.reach {
            let holds = reach.holds(feature, &mut self.placed);
            self.walked += self.placed.following as u64;
            return Ok(holds);
        }
        match plan.test {
            Test::Predicate(Predicate::Intersects) => Ok(self.meets(area, feature)),
            Test::Predicate(Predicate::Disjoint) => Ok(!self.meets(area, feature)),
            Test::Predicate(predicate) => {
                if !envelopes_allow(predicate, &feature.envelope(), &area.envelope()) {
                    return Ok(false);
                }
                if let Some(holds) = self.named(area, feature, predicate) {
                    return Ok(holds);
                }
                Ok(self.relate(area, feature)?.is_some_and(|found| found.holds(predicate)))
            }
            Test::Relate(pattern) => {
                let relation = match self.matrix(area, feature) {
                    Some(relation) => Some(relation),
                    None => self.relate(area, feature)?,
                };
                Ok(relation.is_some_and(|relation| pattern.matches(&relation.matrix)))
            }
            Test::WithinDistance(..) => Ok(false),
        }
    }

    /// The named relation of a feature to polygons, where it can be found without the matrix.
    fn named(
        &mut self,
        area: &Area,
        feature: FeatureRef<'_>,
        predicate: Predicate,
    ) -> Option<bool> {
        if !area.is_areal() {
            return None;
        }
        match Kind::of(feature) {
            Kind::Points => Some(points_relation(area, feature).holds(predicate)),
            Kind::Areal => {
                self.work.read(feature, &RINGS);
                let met = meeting(area, feature, true, Depth::Named, &mut self.work);
                Some(met.relation().holds(predicate))
            }
            Kind::Lines => {
                self.work.read(feature, &LINES);
                if self.work.edges.is_empty() {
                    return None;
                }
                let met = meeting(area, feature, false, Depth::Named, &mut self.work);
                Some(match predicate {
                    Predicate::Within => met.inside && !met.outside,
                    Predicate::CoveredBy => (met.inside || met.touch) && !met.outside,
                    Predicate::Touches => met.touch && !met.inside,
                    Predicate::Crosses => met.inside && met.outside,
                    Predicate::Intersects => met.inside || met.touch,
                    Predicate::Disjoint => !(met.inside || met.touch),
                    // A line holds no area, and is of another dimension.
                    Predicate::Contains
                    | Predicate::Covers
                    | Predicate::Overlaps
                    | Predicate::Equals => false,
                })
            }
            Kind::Mixed => None,
        }
    }

    /// The whole relation of a feature to polygons, where it can be found quickly.
    fn matrix(&mut self, area: &Area, feature: FeatureRef<'_>) -> Option<Relation> {
        if !area.is_areal() {
            return None;
        }
        match Kind::of(feature) {
            Kind::Points => Some(points_relation(area, feature)),
            Kind::Areal => {
                self.work.read(feature, &RINGS);
                Some(meeting(area, feature, true, Depth::Matrix, &mut self.work).relation())
            }
            Kind::Lines | Kind::Mixed => None,
        }
    }

    /// The relation by the general algorithm, which walks all of the area.
    fn relate(
        &mut self,
        area: &Area,
        feature: FeatureRef<'_>,
    ) -> Result<Option<Relation>, GeometryFault> {
        self.walked += area.vertices() as u64;
        feature.shape().map(|shape| relate(&shape, area.shape())).transpose()
    }

    /// Whether a feature and an area share a point.
    fn meets(&mut self, area: &Area, feature: FeatureRef<'_>) -> bool {
        if let Form::Mixed(parts) = area.form() {
            return parts.iter().any(|part| self.meets(part, feature));
        }
        let envelope = feature.envelope();
        let points = || {
            feature
                .paths()
                .filter(|path| path.role == PathRole::Points)
                .flat_map(|path| path.coords.iter().map(|c| coord(*c)))
        };
        match area.form() {
            Form::Areal(..) => {
                // Of the features at the boundary, half have their first vertex inside.
                let first = feature.paths().next().and_then(|path| path.coords.first());
                let is_in = |c: Coord<f64>| area.position(c) != Position::Outside;
                if first.is_some_and(|c| is_in(coord(*c))) || points().any(is_in) {
                    return true;
                }
                let kind = Kind::of(feature);
                [(true, &RINGS[..]), (false, &LINES[..])].into_iter().any(|(areal, roles)| {
                    if (kind == Kind::Areal && !areal) || (kind == Kind::Lines && areal) {
                        return false;
                    }
                    self.work.read(feature, roles);
                    if self.work.edges.is_empty() {
                        return false;
                    }
                    let met = meeting(area, feature, areal, Depth::Meets, &mut self.work);
                    met.touch || met.inside || met.area_inside
                })
            }
            Form::Lines(segments) => {
                let on = |c: Coord<f64>| {
                    let window = Envelope::of([[c.x, c.y]]);
                    segments.any(&window, |_, segment| is_on(segment.ends, c))
                };
                if points().any(on) {
                    return true;
                }
                self.work.read(feature, &LINES);
                if self.any_edge_meets(segments) {
                    return true;
                }
                self.work.read(feature, &RINGS);
                let in_rings = |c: Coord<f64>| {
                    position_among(self.work.edges.iter().map(|edge| edge.ends), c)
                        != Position::Outside
                };
                self.any_edge_meets(segments)
                    || segments.rings.iter().any(|line| {
                        envelope.intersects(&line.envelope)
                            && in_rings(segments.all[line.start].ends[0])
                    })
            }
            Form::Points(of_area) => {
                let near = || points_in(of_area, &envelope);
                if points().any(|c| near().any(|p| p == c)) {
                    return true;
                }
                self.work.read(feature, &LINES);
                if near().any(|c| self.work.edges.iter().any(|edge| is_on(edge.ends, c))) {
                    return true;
                }
                self.work.read(feature, &RINGS);
                near().any(|c| {
                    position_among(self.work.edges.iter().map(|edge| edge.ends), c)
                        != Position::Outside
                })
            }
            Form::Mixed(_) => false,
        }
    }

    fn any_edge_meets(&self, segments: &crate::validity::Segments) -> bool {
        self.work.edges.iter().any(|edge| {
            segments.any(&edge.envelope(), |_, segment| {
                contact(edge.ends, segment.ends) != Contact::None
            })
        })
    }
}

/// Whether envelopes leave a named relation open.
fn envelopes_allow(predicate: Predicate, feature: &Envelope, area: &Envelope) -> bool {
    match predicate {
        Predicate::Within | Predicate::CoveredBy => area.contains(feature),
        Predicate::Contains | Predicate::Covers => feature.contains(area),
        Predicate::Equals => feature == area,
        Predicate::Intersects
        | Predicate::Disjoint
        | Predicate::Touches
        | Predicate::Crosses
        | Predicate::Overlaps => true,
    }
}

/// The relation of points to polygons.
fn points_relation(area: &Area, feature: FeatureRef<'_>) -> Relation {
    use Dimension::{Empty, One, Two, Zero};
    let mut cells = [Empty; 3];
    for c in feature.paths().flat_map(|path| path.coords) {
        let cell = match area.position(coord(*c)) {
            Position::Inside => 0,
            Position::Boundary => 1,
            Position::Outside => 2,
        };
        cells[cell] = Zero;
    }
    let [ii, ib, ie] = cells;
    Relation {
        matrix: Matrix([ii, ib, ie, Empty, Empty, Empty, Two, One, Two]),
        dimensions: [Zero, Two],
    }
}
