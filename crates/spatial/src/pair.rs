//! Two geometries looked at from every side, and one geometry's verdict: what a service needs
//! that lets others check our geometry, or theirs.

use geo_types::Geometry as Shape;
use thiserror::Error;

use crate::complexity::{MAX_CROSSINGS, crosses_more_often};
use crate::predicate::{Matrix, Relation};
use crate::relate::{GeometryFault, relate};
use crate::validity::{self, Defect, MAX_VERTICES};
use crate::{Geometry, Predicate};

/// Why two geometries have no relation.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PairFault {
    /// A geometry breaks a rule, so that inside and outside are not defined.
    #[error("geometry {which} is not valid: {defect}")]
    Invalid {
        /// `a` or `b`.
        which: char,
        /// The first thing that is wrong.
        defect: Defect,
    },
    /// More vertices than one geometry may have.
    #[error("geometry {which} has {vertices} vertices, at most {most} are let in; simplify it")]
    Vertices {
        /// `a` or `b`.
        which: char,
        /// How many it has.
        vertices: usize,
        /// How many it may have.
        most: usize,
    },
    /// The boundaries cross so often that an answer would take too long.
    #[error("the boundaries cross more than {most} times; cut or simplify them")]
    Crossings {
        /// How often they may cross.
        most: usize,
    },
    /// The algorithm has no answer.
    #[error(transparent)]
    Geometry(#[from] GeometryFault),
}

/// How two geometries lie to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The DE-9IM matrix.
    pub matrix: Matrix,
    relation: Relation,
}

impl Comparison {
    /// Whether "a `predicate` b" holds.
    pub fn holds(&self, predicate: Predicate) -> bool {
        self.relation.holds(predicate)
    }

    /// Every predicate and whether it holds.
    pub fn predicates(&self) -> [(Predicate, bool); 10] {
        Predicate::ALL.map(|predicate| (predicate, self.holds(predicate)))
    }
}

/// Compares two geometries in one CRS, once both are known to be valid.
pub fn compare(a: &Geometry, b: &Geometry) -> Result<Comparison, PairFault> {
    for (which, geometry) in [('a', a), ('b', b)] {
        let vertices = geometry.vertex_count();
        if vertices > MAX_VERTICES {
            return Err(PairFault::Vertices { which, vertices, most: MAX_VERTICES });
        }
        if let Verdict::Invalid(defect) = validate(geometry) {
            return Err(PairFault::Invalid { which, defect });
        }
    }
    compare_valid(&a.shape, &b.shape)
}

/// Compares two shapes that are known to be valid and of bounded size.
pub fn compare_valid(a: &Shape<f64>, b: &Shape<f64>) -> Result<Comparison, PairFault> {
    if crosses_more_often(&[a, b], MAX_CROSSINGS) {
        return Err(PairFault::Crossings { most: MAX_CROSSINGS });
    }
    let relation = relate(a, b)?;
    Ok(Comparison { matrix: relation.matrix, relation })
}

/// Whether a geometry is valid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Nothing is wrong, or nothing but a winding or a repeated vertex, which no answer depends
    /// on.
    Valid,
    /// The first thing that is wrong, and where.
    Invalid(Defect),
}

/// What is to be said of `geometry` by the rules of OGC.
pub fn validate(geometry: &Geometry) -> Verdict {
    let defects = validity::check(geometry);
    let grave = defects.into_iter().find(|defect| !defect.kind.is_harmless());
    grave.map_or(Verdict::Valid, Verdict::Invalid)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use geo_types::polygon;

    use super::*;
    use crate::validity::DefectKind;

    #[test]
    fn a_pair_is_told_whole_or_where_it_is_wrong() {
        let square: Geometry = Shape::from(polygon![
            (x: 0., y: 0.), (x: 4., y: 0.), (x: 4., y: 4.), (x: 0., y: 4.)
        ])
        .into();
        let corner: Geometry =
            Shape::from(polygon![(x: 1., y: 1.), (x: 3., y: 1.), (x: 1., y: 3.)]).into();
        let compared = compare(&square, &corner).unwrap();
        assert_eq!(compared.matrix.to_string(), "212FF1FF2");
        let holding = compared.predicates().into_iter().filter(|(_, holds)| *holds);
        let holding: Vec<Predicate> = holding.map(|(predicate, _)| predicate).collect();
        assert_eq!(holding, [Predicate::Intersects, Predicate::Contains, Predicate::Covers]);

        let bow: Geometry = Shape::from(polygon![
            (x: 0., y: 0.), (x: 2., y: 0.), (x: 0., y: 2.), (x: 2., y: 2.)
        ])
        .into();
        let crossing = Defect { kind: DefectKind::SelfIntersection, place: [1.0, 1.0] };
        assert_eq!(validate(&bow), Verdict::Invalid(crossing));
        assert_eq!(validate(&square), Verdict::Valid);
        let fault = compare(&square, &bow).unwrap_err();
        assert_eq!(fault, PairFault::Invalid { which: 'b', defect: crossing });
        assert_eq!(fault.to_string(), "geometry b is not valid: self_intersection at 1 1");
    }
}
