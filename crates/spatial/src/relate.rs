//! How two geometries lie to each other, exactly: the DE-9IM matrix of any pair.
//!
//! For single pairs and for what the query core leaves at a boundary; the index and its
//! prepared polygons spare most pairs from coming here.

use std::panic::{AssertUnwindSafe, catch_unwind};

use geo::coordinate_position::CoordPos;
use geo::dimensions::Dimensions;
use geo::{CoordsIter, HasDimensions, Relate};
use geo_types::Geometry as Shape;
use thiserror::Error;

use crate::predicate::{Dimension, Matrix, Relation};

/// Why a geometry operation has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GeometryFault {
    /// A coordinate is infinite or not a number.
    #[error("vertex {vertex} of the geometry is not finite")]
    NotFinite {
        /// Its position in the geometry.
        vertex: usize,
    },
    /// The algorithm gave up on the input, which is most likely invalid.
    #[error("{operation} failed on this geometry; check that it is valid")]
    Failed {
        /// What was tried.
        operation: &'static str,
    },
}

/// Runs geometry code that may panic on odd input; a panic becomes [`GeometryFault::Failed`].
pub fn guarded<T>(operation: &'static str, work: impl FnOnce() -> T) -> Result<T, GeometryFault> {
    // Geometry code holds no state that outlives a call.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_panic| GeometryFault::Failed { operation })
}

/// Refuses coordinates that no algorithm can answer for.
pub fn check_finite(shape: &Shape<f64>) -> Result<(), GeometryFault> {
    let odd = shape.coords_iter().position(|c| !(c.x.is_finite() && c.y.is_finite()));
    odd.map_or(Ok(()), |vertex| Err(GeometryFault::NotFinite { vertex }))
}

/// The relation of `a` to `b`, both valid and in one CRS, edges straight in it.
pub fn relate(a: &Shape<f64>, b: &Shape<f64>) -> Result<Relation, GeometryFault> {
    check_finite(a)?;
    check_finite(b)?;
    guarded("relate", || {
        let found = a.relate(b);
        let cell = |row, column| dimension(found.get(row, column));
        use CoordPos::{Inside, OnBoundary, Outside};
        let matrix = Matrix([
            cell(Inside, Inside),
            cell(Inside, OnBoundary),
            cell(Inside, Outside),
            cell(OnBoundary, Inside),
            cell(OnBoundary, OnBoundary),
            cell(OnBoundary, Outside),
            cell(Outside, Inside),
            cell(Outside, OnBoundary),
            cell(Outside, Outside),
        ]);
        Relation { matrix, dimensions: [dimension(a.dimensions()), dimension(b.dimensions())] }
    })
}

fn dimension(of: Dimensions) -> Dimension {
    match of {
        Dimensions::Empty => Dimension::Empty,
        Dimensions::ZeroDimensional => Dimension::Zero,
        Dimensions::OneDimensional => Dimension::One,
        Dimensions::TwoDimensional => Dimension::Two,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use geo_types::{coord, line_string, point, polygon};

    use super::*;
    use crate::Predicate;

    fn check(a: &Shape<f64>, b: &Shape<f64>, matrix: &str, holds: &[Predicate]) {
        let relation = relate(a, b).unwrap();
        assert_eq!(relation.matrix.to_string(), matrix);
        let back = relate(b, a).unwrap();
        for predicate in Predicate::ALL {
            assert_eq!(relation.holds(predicate), holds.contains(&predicate), "{predicate}");
            assert_eq!(back.holds(predicate.converse()), relation.holds(predicate), "{predicate}");
        }
    }

    #[test]
    fn predicates_follow_from_the_matrix() {
        use Predicate::{
            Contains, CoveredBy, Covers, Crosses, Disjoint, Equals, Intersects, Overlaps, Touches,
            Within,
        };
        let square = |x: f64, y: f64, side: f64| -> Shape<f64> {
            polygon![(x: x, y: y), (x: x + side, y: y), (x: x + side, y: y + side), (x: x, y: y + side)]
                .into()
        };
        let line = |a: [f64; 2], b: [f64; 2]| -> Shape<f64> {
            line_string![coord! { x: a[0], y: a[1] }, coord! { x: b[0], y: b[1] }].into()
        };
        let four = square(0.0, 0.0, 4.0);
        check(&four, &square(1.0, 1.0, 2.0), "212FF1FF2", &[Intersects, Contains, Covers]);
        check(&square(1.0, 1.0, 2.0), &four, "2FF1FF212", &[Intersects, Within, CoveredBy]);
        check(&four, &square(2.0, 2.0, 4.0), "212101212", &[Intersects, Overlaps]);
        check(&four, &square(4.0, 0.0, 4.0), "FF2F11212", &[Intersects, Touches]);
        check(&four, &square(9.0, 0.0, 4.0), "FF2FF1212", &[Disjoint]);
        let same = [Intersects, Contains, Within, Covers, CoveredBy, Equals];
        check(&four, &four, "2FFF1FFF2", &same);
        let through = line([-1.0, 2.0], [5.0, 2.0]);
        check(&through, &four, "101FF0212", &[Intersects, Crosses]);
        check(&line([0.0, 0.0], [4.0, 0.0]), &four, "F1FF0F212", &[Intersects, CoveredBy, Touches]);
        let corner: Shape<f64> = point!(x: 0.0, y: 0.0).into();
        check(&corner, &four, "F0FFFF212", &[Intersects, CoveredBy, Touches]);
    }

    #[test]
    fn what_is_not_finite_is_refused_by_its_place() {
        let odd: Shape<f64> = line_string![(x: 0.0, y: 0.0), (x: f64::NAN, y: 1.0)].into();
        let fault = relate(&odd, &odd).unwrap_err();
        assert_eq!(fault, GeometryFault::NotFinite { vertex: 1 });
    }

    #[test]
    fn a_panic_is_a_fault() {
        let rings: Vec<u8> = Vec::new();
        let fault = guarded("looking", || rings[rings.len()]);
        assert_eq!(fault, Err(GeometryFault::Failed { operation: "looking" }));
    }
}
