//! Arrays, compared as sets.

use std::cmp::Ordering;

use super::ArrayRelation;
use super::scalar::{Cell, Dependence, Row, Scalar};

/// One member of an array.
#[derive(Clone, Debug)]
pub(super) enum Element {
    Scalar(Scalar),
    List(Vec<Self>),
}

/// What a member is for one feature.
enum Item<'a> {
    Cell(Cell<'a>),
    List(Vec<Self>),
}

impl Element {
    pub(super) fn columns(&self, note: &mut dyn FnMut(Dependence)) {
        match self {
            Self::Scalar(scalar) => scalar.columns(note),
            Self::List(elements) => elements.iter().for_each(|element| element.columns(note)),
        }
    }

    fn item<'a>(&'a self, row: Row<'a>) -> Option<Item<'a>> {
        match self {
            Self::Scalar(scalar) => match scalar.value(row) {
                Cell::Null => None,
                cell => Some(Item::Cell(cell)),
            },
            Self::List(elements) => items(elements, row).map(Item::List),
        }
    }
}

/// Every member, or `None` when one of them is a missing value.
fn items<'a>(elements: &'a [Element], row: Row<'a>) -> Option<Vec<Item<'a>>> {
    elements.iter().map(|element| element.item(row)).collect()
}

fn same(a: &Item<'_>, b: &Item<'_>) -> bool {
    match (a, b) {
        (Item::Cell(a), Item::Cell(b)) => a.compare(b) == Some(Ordering::Equal),
        (Item::List(a), Item::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        _ => false,
    }
}

/// Whether the relation holds between two arrays; unknown when a member is a missing value.
pub(super) fn related(
    relation: ArrayRelation,
    left: &[Element],
    right: &[Element],
    row: Row<'_>,
) -> Option<bool> {
    let (left, right) = (items(left, row)?, items(right, row)?);
    let is_in = |one: &Item<'_>, all: &[Item<'_>]| all.iter().any(|other| same(one, other));
    let within = |a: &[Item<'_>], b: &[Item<'_>]| a.iter().all(|one| is_in(one, b));
    Some(match relation {
        ArrayRelation::Equals => within(&left, &right) && within(&right, &left),
        ArrayRelation::Contains => within(&right, &left),
        ArrayRelation::ContainedBy => within(&left, &right),
        ArrayRelation::Overlaps => left.iter().any(|one| is_in(one, &right)),
    })
}
