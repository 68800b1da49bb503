//! What a filter says of the place of its matches.

use crate::Envelope;

/// Envelopes that every match meets, and lies inside; `None` where nothing is said.
///
/// To meet two envelopes is not to meet what they share: a road may cross two fields that lie
/// apart. Only what lies inside one of them meets that.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Place {
    pub(super) meets: Option<Envelope>,
    pub(super) inside: Option<Envelope>,
}

impl Place {
    /// There is no match.
    pub(super) const NOWHERE: Self =
        Self { meets: Some(Envelope::EMPTY), inside: Some(Envelope::EMPTY) };

    /// What both say.
    pub(super) fn and(self, other: Self) -> Self {
        let inside = match (self.inside, other.inside) {
            (Some(a), Some(b)) => Some(a.intersection(&b)),
            (a, b) => a.or(b),
        };
        let narrowed = [self.meets, other.meets]
            .into_iter()
            .flatten()
            .map(|meets| inside.as_ref().map_or(meets, |inside| meets.intersection(inside)));
        let meets = narrowed.reduce(|a, b| if size(&b) < size(&a) { b } else { a });
        Self { meets, inside }
    }

    /// What one of them says.
    pub(super) fn or(self, other: Self) -> Self {
        let union = |a: Option<Envelope>, b: Option<Envelope>| Some(a?.union(&b?));
        Self { meets: union(self.meets, other.meets), inside: union(self.inside, other.inside) }
    }
}

/// Something that grows with the number of features an envelope meets.
fn size(envelope: &Envelope) -> f64 {
    if envelope.is_empty() { -1.0 } else { envelope.width() + envelope.height() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_inside_one_meets_what_both_share() {
        let (a, b) = (Envelope::new(0.0, 0.0, 2.0, 2.0), Envelope::new(1.0, 0.0, 9.0, 9.0));
        let shared = Some(Envelope::new(1.0, 0.0, 2.0, 2.0));
        let (meets_a, meets_b) =
            (Place { meets: Some(a), inside: None }, Place { meets: Some(b), inside: None });
        let inside_b = Place { meets: Some(b), inside: Some(b) };
        assert_eq!(meets_a.and(meets_b), meets_a);
        assert_eq!(meets_b.and(meets_a), meets_a);
        assert_eq!(meets_a.and(inside_b), Place { meets: shared, inside: Some(b) });
        assert_eq!(inside_b.and(Place::default()), inside_b);
        assert_eq!(meets_a.or(Place::default()), Place::default());
        assert_eq!(meets_a.or(Place::NOWHERE), meets_a);
        assert_eq!(inside_b.and(Place::NOWHERE), Place::NOWHERE);
    }
}
