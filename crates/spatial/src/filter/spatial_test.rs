//! Spatial predicates between a feature and a geometry of the filter.
//!
//! Envelopes decide most pairs; what they leave is related exactly. A feature whose geometry
//! defeats the exact test is unknown to lie one way or the other.

use geo::Intersects;
use geo_types::Geometry as Shape;

use crate::relate::{GeometryFault, check_finite, guarded, relate};
use crate::{Envelope, FeatureRef, Predicate};

/// A predicate with the feature on its left.
#[derive(Clone, Debug)]
pub(super) struct SpatialTest {
    pub(super) predicate: Predicate,
    pub(super) other: Other,
}

/// What the feature is compared with.
#[derive(Clone, Debug)]
pub(super) enum Other {
    /// Its own geometry.
    Itself,
    /// A geometry in the storage CRS.
    Literal(Box<LiteralShape>),
}

/// A geometry of the filter in the storage CRS, valid and finite.
#[derive(Clone, Debug)]
pub(super) struct LiteralShape {
    pub(super) shape: Shape<f64>,
    /// Empty when nothing of the geometry lies where the storage CRS reaches.
    pub(super) envelope: Envelope,
    /// Whether the shape is its envelope.
    pub(super) is_box: bool,
}

impl SpatialTest {
    pub(super) fn truth(&self, feature: FeatureRef<'_>) -> Option<bool> {
        feature.geometry_type()?;
        match &self.other {
            Other::Itself => exactly(self.predicate, &feature.shape()?, &feature.shape()?).ok(),
            Other::Literal(literal) => {
                let decided = by_envelope(self.predicate, &feature.envelope(), literal);
                match decided {
                    Some(truth) => Some(truth),
                    None => exactly(self.predicate, &feature.shape()?, &literal.shape).ok(),
                }
            }
        }
    }

    /// The envelope that everything meets of which the test is true.
    pub(super) fn envelope(&self) -> Option<Envelope> {
        match (&self.other, self.predicate) {
            (Other::Itself, _) | (_, Predicate::Disjoint) => None,
            (Other::Literal(literal), _) => Some(literal.envelope),
        }
    }
}

/// Whether "a `predicate` b" holds, vertex by vertex.
pub(super) fn exactly(
    predicate: Predicate,
    a: &Shape<f64>,
    b: &Shape<f64>,
) -> Result<bool, GeometryFault> {
    if let Predicate::Intersects | Predicate::Disjoint = predicate {
        check_finite(a)?;
        let meet = guarded("intersects", || a.intersects(b))?;
        return Ok(meet == (predicate == Predicate::Intersects));
    }
    Ok(relate(a, b)?.holds(predicate))
}

/// What the envelope of a feature decides.
fn by_envelope(predicate: Predicate, feature: &Envelope, literal: &LiteralShape) -> Option<bool> {
    let other = &literal.envelope;
    if !feature.intersects(other) {
        return Some(predicate == Predicate::Disjoint);
    }
    if literal.is_box {
        let strictly = other.min_x < feature.min_x
            && other.min_y < feature.min_y
            && other.max_x > feature.max_x
            && other.max_y > feature.max_y;
        if strictly {
            use Predicate::{CoveredBy, Intersects, Within};
            return Some(matches!(predicate, Intersects | Within | CoveredBy));
        }
        if other.contains(feature) {
            match predicate {
                Predicate::Intersects | Predicate::CoveredBy => return Some(true),
                Predicate::Disjoint => return Some(false),
                _ => {}
            }
        }
    }
    let possible = match predicate {
        Predicate::Within | Predicate::CoveredBy => other.contains(feature),
        Predicate::Contains | Predicate::Covers => feature.contains(other),
        Predicate::Equals => feature == other,
        _ => true,
    };
    (!possible).then_some(false)
}
