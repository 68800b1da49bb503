//! What the side of a box decides for the features in it, without a look at them.

use super::reach::Reach;
use super::{Area, QueryFault, Side, Test};
use crate::packed_tree::Descent;
use crate::predicate::{Dimension, Matrix};
use crate::{Envelope, Pattern, Predicate};

/// A test against an area, made ready for boxes and features.
#[derive(Debug)]
pub(super) struct Plan<'q> {
    pub area: &'q Area,
    pub test: Test,
    /// What is wanted of features that lie in the interior of the area.
    inside: Descent,
    /// What is wanted of features that share no point with the area.
    outside: Descent,
    /// Whether only features that hold the whole area in their envelope can match.
    holds_area: bool,
    /// For distances: the area on the plane where they are measured.
    pub reach: Option<Reach<'q>>,
}

impl<'q> Plan<'q> {
    pub(super) fn new(area: &'q Area, test: Test) -> Result<Self, QueryFault> {
        let (mut inside, mut outside) = (Descent::Open, Descent::Open);
        let (mut holds_area, mut reach) = (false, None);
        match test {
            Test::Predicate(predicate) => {
                (inside, outside) = decided(predicate);
                holds_area = matches!(
                    predicate,
                    Predicate::Contains | Predicate::Covers | Predicate::Equals
                );
            }
            Test::Relate(pattern) => {
                if area.is_areal() {
                    inside = decided_pattern(&pattern, &inside_matrices());
                    outside = decided_pattern(&pattern, &outside_matrices());
                }
            }
            Test::WithinDistance(distance, metric) => {
                reach = Some(Reach::new(area, distance, metric)?);
            }
        }
        Ok(Self { area, test, inside, outside, holds_area, reach })
    }

    /// What is wanted of the features whose envelopes lie in `envelope`.
    #[inline]
    pub(super) fn classify(&self, envelope: &Envelope) -> Descent {
        if envelope.is_empty() || (self.holds_area && !envelope.contains(&self.area.envelope())) {
            return Descent::Skip;
        }
        if let Some(reach) = &self.reach {
            return reach.classify(envelope);
        }
        match self.area.side(envelope) {
            Side::Outside => self.outside,
            Side::Boundary => Descent::Open,
            Side::Inside => self.inside,
        }
    }

    /// An envelope outside of which nothing matches; absent when something does.
    pub(super) fn window(&self) -> Option<Envelope> {
        match &self.reach {
            Some(reach) => Some(reach.window()),
            None => (self.outside == Descent::Skip).then(|| self.area.envelope()),
        }
    }
}

/// What holds of a feature in the interior of an area, and of one outside. The area reaches
/// beyond the envelope of the first on all sides, and has an interior.
fn decided(predicate: Predicate) -> (Descent, Descent) {
    use Descent::{Skip, Take};
    match predicate {
        Predicate::Intersects | Predicate::Within | Predicate::CoveredBy => (Take, Skip),
        Predicate::Disjoint => (Skip, Take),
        // The area is not within the feature; no border is shared; and the feature has no part
        // of its own outside.
        Predicate::Contains
        | Predicate::Covers
        | Predicate::Equals
        | Predicate::Touches
        | Predicate::Crosses
        | Predicate::Overlaps => (Skip, Skip),
    }
}

const F: Dimension = Dimension::Empty;
const P: Dimension = Dimension::Zero;
const L: Dimension = Dimension::One;
const A: Dimension = Dimension::Two;

/// Every matrix that points, a line (open or closed) or a polygon in the interior of an area
/// can have.
fn inside_matrices() -> [Matrix; 4] {
    [
        Matrix([P, F, F, F, F, F, A, L, A]),
        Matrix([L, F, F, P, F, F, A, L, A]),
        Matrix([L, F, F, F, F, F, A, L, A]),
        Matrix([A, F, F, L, F, F, A, L, A]),
    ]
}

/// The same outside of it.
fn outside_matrices() -> [Matrix; 4] {
    [
        Matrix([F, F, P, F, F, F, A, L, A]),
        Matrix([F, F, L, F, F, P, A, L, A]),
        Matrix([F, F, L, F, F, F, A, L, A]),
        Matrix([F, F, A, F, F, L, A, L, A]),
    ]
}

/// What is known of features of all kinds: mixed ones too, whose cells are each that of one of
/// the matrices. So only cells that all matrices have alike can refuse, and a pattern is met
/// unseen when it takes every value that a cell can have.
fn decided_pattern(pattern: &Pattern, matrices: &[Matrix; 4]) -> Descent {
    let takes = |cell: usize, matrix: &Matrix| pattern.takes(cell, matrix.0[cell]);
    if (0..9).any(|cell| !matrices.iter().any(|matrix| takes(cell, matrix))) {
        Descent::Skip
    } else if (0..9).all(|cell| matrices.iter().all(|matrix| takes(cell, matrix))) {
        Descent::Take
    } else {
        Descent::Open
    }
}
